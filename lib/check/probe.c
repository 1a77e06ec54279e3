#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include "check/probe.h"

#include <ctype.h>
#include <inttypes.h>
#include <errno.h>
#include <pcre2.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/array.h"
#include "base/doc.h"
#include "base/notify.h"
#include "base/text.h"
#include "net/http.h"

/* Between two tries of the wait. Short, since it is part of the time to ready that is measured. */
#define RETRY_PAUSE UINT64_C(50000000)
#define RANGES_MAX  32

struct range {
	long from, to;
};

struct expectations {
	struct range ranges[RANGES_MAX];
	size_t range_count;
	pcre2_code *body;
};

enum phase { PHASE_IDLE, PHASE_ASKING, PHASE_SETTLED };

struct endpoint {
	struct probe_answer *answer;
	enum phase phase;
	uint64_t due; /* when to ask next */
	uint64_t asked;
	uint64_t *latencies;
	size_t latency_count;
	size_t latency_capacity;
};

struct probe {
	const struct probe_options *options;
	struct probe_result *result;
	struct expectations expected;
	struct http_client *client;
	struct endpoint *endpoints;
	int process;
	bool process_ended;
	uint64_t start;
	uint64_t series_start;
	uint64_t series_end;
};

static uint64_t probe_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* --- expectations -------------------------------------------------------------------------- */

static bool parse_status(const char **text, long *ret_status)
{
	const char *p = *text;
	long status = 0;

	while (isdigit((unsigned char)*p) && status < 1000)
		status = status * 10 + (*p++ - '0');
	if (p != *text + 3 || status < 100 || status > 599)
		return false;
	*text = p;
	*ret_status = status;
	return true;
}

static int parse_ranges(const char *text, struct expectations *expected, struct error *err)
{
	const char *rest = text;

	do {
		struct range *range = &expected->ranges[expected->range_count];

		if (expected->range_count == RANGES_MAX || !parse_status(&rest, &range->from))
			break;
		range->to = range->from;
		if (*rest == '-') {
			rest++;
			if (!parse_status(&rest, &range->to) || range->to < range->from)
				break;
		}
		expected->range_count++;
		if (*rest == '\0')
			return 0;
	} while (*rest++ == ',');
	return error_set(err, ERROR_USAGE, "'%s' is no list of statuses like 200 or 200-299,404",
			 text);
}

static int parse_expectations(const struct probe_options *options, struct expectations *expected,
			      struct error *err)
{
	if (parse_ranges(options->status != NULL ? options->status : "200-299", expected, err) < 0)
		return -1;
	for (size_t i = 0; i < options->json_equals_count; i++) {
		const char *item = options->json_equals[i];

		if (strchr(item, '=') == NULL || (item[0] != '/' && item[0] != '='))
			return error_set(err, ERROR_USAGE,
					 "'%s' is no POINTER=VALUE like /status=healthy", item);
	}
	if (options->body != NULL) {
		PCRE2_UCHAR text[256];
		PCRE2_SIZE offset = 0;
		int code = 0;

		expected->body = pcre2_compile((PCRE2_SPTR)options->body, PCRE2_ZERO_TERMINATED,
					       PCRE2_MULTILINE, &code, &offset, NULL);
		if (expected->body == NULL) {
			(void)pcre2_get_error_message(code, text, sizeof text);
			return error_set(err, ERROR_USAGE, "'%s' is no expression: %s at %zu",
					 options->body, (const char *)text, (size_t)offset);
		}
	}
	return 0;
}

/* RFC 6901: "~1" is "/", "~0" is "~". NULL where nothing is there. */
static const json_t *json_at(const json_t *value, const char *pointer, size_t size)
{
	const char *end = pointer + size;

	while (value != NULL && pointer < end) {
		auto_buf struct buf key;
		uint64_t index;

		buf_init(&key, size);
		for (pointer++; pointer < end && *pointer != '/'; pointer++) {
			if (*pointer == '~' && pointer + 1 < end &&
			    (pointer[1] == '0' || pointer[1] == '1'))
				buf_add_char(&key, *++pointer == '0' ? '~' : '/');
			else
				buf_add_char(&key, *pointer);
		}
		if (json_is_object(value))
			value = json_object_get(value, key.data);
		else if (json_is_array(value) && (key.data[0] != '0' || key.size == 1) &&
			 text_parse_number(key.data, &index, NULL) == 0)
			value = json_array_get(value, (size_t)index);
		else
			value = NULL;
	}
	return value;
}

/* As JSON where the expected text is some, and as a bare string. */
static bool json_is_text(const json_t *value, const char *text)
{
	auto_doc json_t *wanted = json_loads(text, JSON_DECODE_ANY, NULL);

	if (wanted != NULL && json_equal(wanted, value))
		return true;
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static char *reason_of(const char *format, ...) printf_like(1, 2);
static char *reason_of(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

/* Why the JSON is not as expected; NULL where it is. */
static char *judge_json(const struct probe_options *options, const struct buf *body)
{
	auto_doc json_t *document = NULL;

	if (options->json_equals_count == 0)
		return NULL;
	if (doc_parse(body->data, body->size, "body", &document, NULL) < 0)
		return reason_of("the body is no JSON");
	for (size_t i = 0; i < options->json_equals_count; i++) {
		const char *item = options->json_equals[i];
		const char *value = strchr(item, '=') + 1;
		size_t size = (size_t)(value - 1 - item);
		const json_t *found = json_at(document, item, size);
		auto_free char *text = NULL;

		if (found == NULL)
			return reason_of("the JSON has no '%.*s'", (int)size, item);
		if (json_is_text(found, value))
			continue;
		text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
		return reason_of("'%.*s' is %.200s, not %s", (int)size, item,
				 text != NULL ? text : "?", value);
	}
	return NULL;
}

static char *judge_body(const struct expectations *expected, const struct probe_options *options,
			const struct probe_answer *answer)
{
	pcre2_match_data *match;
	int result;

	if (answer->body_cut && (expected->body != NULL || options->json_equals_count > 0))
		return reason_of("the body is longer than %zu bytes", PROBE_BODY_MAX);
	if (expected->body != NULL) {
		match = pcre2_match_data_create_from_pattern(expected->body, NULL);
		result = match != NULL ? pcre2_match(expected->body, (PCRE2_SPTR)answer->body.data,
						     answer->body.size, 0, 0, match, NULL)
				       : PCRE2_ERROR_NOMEMORY;
		pcre2_match_data_free(match);
		if (result == PCRE2_ERROR_NOMATCH)
			return reason_of("the body does not match '%s'", options->body);
		if (result < 0)
			return reason_of("the body cannot be matched: error %d", result);
	}
	return judge_json(options, &answer->body);
}

/* Why the answer is not as expected; NULL where it is. The caller frees. */
static char *judge(const struct probe *probe, const struct probe_answer *answer,
		   const struct http_done *done)
{
	bool status = false;
	char latency[TEXT_FIGURE_MAX];
	char limit[TEXT_FIGURE_MAX];

	if (done->status == 0)
		return reason_of("no HTTP response: %s", done->reason);
	for (size_t i = 0; i < probe->expected.range_count; i++)
		status = status || (done->status >= probe->expected.ranges[i].from &&
				    done->status <= probe->expected.ranges[i].to);
	if (!status)
		return reason_of("status %ld", done->status);
	if (!done->complete && !answer->body_cut)
		return reason_of("the answer broke off: %s", done->reason);
	if (probe->options->max_latency > 0 && done->latency > probe->options->max_latency)
		return reason_of("it took %s, more than %s", text_duration(done->latency, latency),
				 text_duration(probe->options->max_latency, limit));
	return judge_body(&probe->expected, probe->options, answer);
}

/* --- asking -------------------------------------------------------------------------------- */

static bool take_body(void *context, const void *data, size_t size)
{
	struct probe_answer *answer = ((struct endpoint *)context)->answer;

	if (answer->body.size + size > PROBE_BODY_MAX) {
		answer->body_cut = true;
		buf_add(&answer->body, data, PROBE_BODY_MAX - answer->body.size);
		return false;
	}
	buf_add(&answer->body, data, size);
	return true;
}

static int ask(struct probe *probe, struct endpoint *endpoint, struct error *err)
{
	const struct probe_options *options = probe->options;
	struct probe_answer *answer = endpoint->answer;
	struct http_request request = {
		.url = answer->url,
		.method = options->method,
		.headers = options->headers,
		.header_count = options->header_count,
		.body = options->data,
		.body_size = options->data_size,
		.timeout = options->timeout,
		.unix_socket = options->unix_socket,
		.connect_to = options->connect_to,
		.connect_to_count = options->connect_to_count,
		.ca_file = options->ca_file,
		.insecure = options->insecure,
		.follow = options->follow,
		.sink = take_body,
		.context = endpoint,
	};

	buf_clear(&answer->body);
	answer->body_cut = false;
	answer->attempts++;
	endpoint->asked = probe_now();
	endpoint->phase = PHASE_ASKING;
	return http_start(probe->client, &request, err);
}

static int keep_latency(struct endpoint *endpoint, uint64_t latency, struct error *err)
{
	if (array_room(&endpoint->latencies, endpoint->latency_count, &endpoint->latency_capacity,
		       err) < 0)
		return -1;
	endpoint->latencies[endpoint->latency_count++] = latency;
	return 0;
}

/* A picture of the series needs no more than so many, however long it is. */
static void keep_sample(struct probe_series *series, struct probe_sample sample)
{
	if ((series->count - 1) % series->stride != 0)
		return;
	if (series->sample_count == PROBE_SAMPLES_MAX) {
		for (size_t i = 0; i < PROBE_SAMPLES_MAX / 2; i++)
			series->samples[i] = series->samples[2 * i];
		series->sample_count = PROBE_SAMPLES_MAX / 2;
		series->stride *= 2;
	}
	series->samples[series->sample_count++] = sample;
}

/* An answer of the wait: it settles the endpoint, or there is another try. */
static void settle_wait(const struct probe *probe, struct endpoint *endpoint, char *reason)
{
	struct probe_answer *answer = endpoint->answer;
	uint64_t now = probe_now();

	free(answer->reason);
	answer->reason = reason;
	answer->holds = reason == NULL;
	if (reason == NULL) {
		answer->ready = true;
		answer->ready_after = now - probe->start;
		endpoint->phase = PHASE_SETTLED;
	} else if (now - probe->start + RETRY_PAUSE >= probe->options->wait) {
		endpoint->phase = PHASE_SETTLED;
	} else {
		endpoint->due = now + RETRY_PAUSE;
		endpoint->phase = PHASE_IDLE;
	}
}

/* An answer of the series: the schedule is fixed, a late answer does not shift it. */
static int settle_series(struct probe *probe, struct endpoint *endpoint,
			 const struct http_done *done, char *reason, struct error *err)
{
	struct probe_answer *answer = endpoint->answer;
	uint64_t now = probe_now();

	answer->series.count++;
	keep_sample(&answer->series, (struct probe_sample) {
					     .time = endpoint->asked - probe->series_start,
					     .latency = done->status != 0 ? done->latency : 0,
					     .answered = done->status != 0,
					     .holds = reason == NULL,
				     });
	if (done->status != 0 && keep_latency(endpoint, done->latency, err) < 0) {
		free(reason);
		return -1;
	}
	if (reason != NULL) {
		answer->series.failures++;
		answer->holds = false;
		if (answer->series.first_failure == NULL) {
			answer->series.first_failure = strdup(reason);
			free(answer->reason);
			answer->reason = reason;
		} else {
			free(reason);
		}
	}
	endpoint->due += probe->options->every;
	while (endpoint->due < now)
		endpoint->due += probe->options->every;
	endpoint->phase = endpoint->due >= probe->series_end ? PHASE_SETTLED : PHASE_IDLE;
	return 0;
}

/* Asks whoever is due; tells when the next one is. */
static int ask_due(struct probe *probe, uint64_t *ret_next, bool *ret_settled, struct error *err)
{
	uint64_t now = probe_now();

	*ret_next = UINT64_C(3600000000000);
	*ret_settled = true;
	for (size_t i = 0; i < probe->result->count; i++) {
		struct endpoint *endpoint = &probe->endpoints[i];

		if (endpoint->phase == PHASE_SETTLED)
			continue;
		*ret_settled = false;
		if (endpoint->phase != PHASE_IDLE)
			continue;
		if (endpoint->due <= now) {
			if (ask(probe, endpoint, err) < 0)
				return -1;
		} else if (endpoint->due - now < *ret_next) {
			*ret_next = endpoint->due - now;
		}
	}
	return 0;
}

/* Whoever has not answered as expected will not any more. */
static void process_has_ended(struct probe *probe, bool series)
{
	probe->process_ended = true;
	for (size_t i = 0; i < probe->result->count; i++) {
		struct endpoint *endpoint = &probe->endpoints[i];

		if (endpoint->phase == PHASE_SETTLED)
			continue;
		endpoint->phase = PHASE_SETTLED;
		free(endpoint->answer->reason);
		endpoint->answer->reason =
			reason_of("process %d ended while it was %s", (int)probe->options->pid,
				  series ? "asked again" : "waited for");
		endpoint->answer->holds = false;
	}
}

static int work(struct probe *probe, bool series, struct error *err)
{
	for (;;) {
		struct http_done done;
		struct endpoint *endpoint;
		uint64_t next;
		bool settled;
		char *reason;
		int event;

		if (ask_due(probe, &next, &settled, err) < 0)
			return -1;
		if (settled)
			return 0;
		event = http_wait(probe->client, next, probe->process, &done, err);
		if (event < 0)
			return -1;
		if (event == HTTP_WATCHED) {
			process_has_ended(probe, series);
			return 0;
		}
		if (event != HTTP_DONE)
			continue;
		endpoint = done.context;
		endpoint->answer->status = done.status;
		endpoint->answer->latency = done.latency;
		reason = judge(probe, endpoint->answer, &done);
		if (!series)
			settle_wait(probe, endpoint, reason);
		else if (settle_series(probe, endpoint, &done, reason, err) < 0)
			return -1;
	}
}

static int compare_latency(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* The nearest-rank percentile. */
static uint64_t percentile(const uint64_t *sorted, size_t count, unsigned percent)
{
	size_t rank = (count * percent + 99) / 100;

	return count == 0 ? 0 : sorted[rank > 0 ? rank - 1 : 0];
}

/* The period lasts as long as was asked, though nothing more is due: a process may end in it. */
static int wait_out(struct probe *probe, struct error *err)
{
	uint64_t now;

	for (size_t i = 0; i < probe->result->count; i++)
		probe->endpoints[i].phase = PHASE_IDLE;
	while (!probe->process_ended && (now = probe_now()) < probe->series_end) {
		struct http_done done;
		int event = http_wait(probe->client, probe->series_end - now, probe->process, &done,
				      err);

		if (event < 0)
			return -1;
		if (event == HTTP_WATCHED)
			process_has_ended(probe, true);
	}
	return 0;
}

static int run_series(struct probe *probe, struct error *err)
{
	uint64_t now = probe_now();

	probe->series_start = now;
	probe->series_end = now + probe->options->duration;
	for (size_t i = 0; i < probe->result->count; i++) {
		struct probe_series *series = &probe->result->answers[i].series;

		series->stride = 1;
		series->samples = calloc(PROBE_SAMPLES_MAX, sizeof *series->samples);
		if (series->samples == NULL)
			return error_memory(err);
		probe->endpoints[i].phase = PHASE_IDLE;
		probe->endpoints[i].due = now;
		probe->result->answers[i].in_series = true;
		/* without a wait the series alone decides */
		if (probe->options->wait == 0)
			probe->result->answers[i].holds = true;
	}
	if (work(probe, true, err) < 0 || wait_out(probe, err) < 0)
		return -1;
	for (size_t i = 0; i < probe->result->count; i++) {
		struct endpoint *endpoint = &probe->endpoints[i];
		struct probe_series *series = &endpoint->answer->series;

		if (endpoint->latency_count > 0)
			qsort(endpoint->latencies, endpoint->latency_count,
			      sizeof *endpoint->latencies, compare_latency);
		series->p50 = percentile(endpoint->latencies, endpoint->latency_count, 50);
		series->p95 = percentile(endpoint->latencies, endpoint->latency_count, 95);
		series->max = percentile(endpoint->latencies, endpoint->latency_count, 100);
	}
	return 0;
}

static bool all_hold(const struct probe_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		if (!result->answers[i].holds)
			return false;
	return true;
}

static int run_probe(struct probe *probe, struct error *err)
{
	const struct probe_options *options = probe->options;

	if (options->pid > 0) {
		probe->process = (int)syscall(SYS_pidfd_open, options->pid, 0);
		if (probe->process < 0 && errno != ESRCH)
			return error_set(err, ERROR_SYSTEM, "cannot watch process %d: %s",
					 (int)options->pid, strerror(errno));
		if (probe->process < 0) {
			process_has_ended(probe, false);
			return 0;
		}
	}
	if ((options->wait > 0 || options->duration == 0) && work(probe, false, err) < 0)
		return -1;
	if (options->wait > 0 && all_hold(probe->result))
		(void)notify_send_ready();
	if (options->duration > 0 && !probe->process_ended &&
	    (options->wait == 0 || all_hold(probe->result)))
		return run_series(probe, err);
	return 0;
}

int probe_run(const struct probe_options *options, struct probe_result *ret_result,
	      struct error *err)
{
	auto_probe_result struct probe_result result = { .count = options->url_count };
	struct probe probe = { .options = options, .result = &result, .process = -1 };
	int status;

	probe.start = probe_now();
	result.answers = calloc(options->url_count + 1, sizeof *result.answers);
	probe.endpoints = calloc(options->url_count + 1, sizeof *probe.endpoints);
	if (result.answers == NULL || probe.endpoints == NULL) {
		free(probe.endpoints);
		return error_memory(err);
	}
	for (size_t i = 0; i < options->url_count; i++) {
		result.answers[i].url = options->urls[i];
		buf_init(&result.answers[i].body, PROBE_BODY_MAX);
		probe.endpoints[i].answer = &result.answers[i];
	}
	status = parse_expectations(options, &probe.expected, err);
	if (status == 0)
		status = http_client_new(&probe.client, err);
	if (status == 0)
		status = run_probe(&probe, err);
	http_client_free(probe.client);
	if (probe.process >= 0)
		(void)close(probe.process);
	for (size_t i = 0; i < options->url_count; i++)
		free(probe.endpoints[i].latencies);
	free(probe.endpoints);
	pcre2_code_free(probe.expected.body);
	if (status < 0)
		return -1;
	result.elapsed = probe_now() - probe.start;
	result.holds = all_hold(&result);
	*ret_result = result;
	result = (struct probe_result) { 0 };
	return 0;
}

void probe_result_release(struct probe_result *result)
{
	for (size_t i = 0; result->answers != NULL && i < result->count; i++) {
		free(result->answers[i].reason);
		free(result->answers[i].series.first_failure);
		free(result->answers[i].series.samples);
		buf_release(&result->answers[i].body);
	}
	free(result->answers);
	*result = (struct probe_result) { 0 };
}
