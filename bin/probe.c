/* probe: waits until HTTP endpoints answer as expected, and asks them again and again. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/doc.h"
#include "base/table.h"
#include "base/tap.h"
#include "check/probe.h"
#include "tool.h"

#define BODY_SHOWN ((size_t)64 << 10)
#define DATA_MAX   ((size_t)64 << 20)

struct options {
	struct tool tool;
	struct probe_options probe;
	struct option_list json_equals;
	struct option_list headers;
	struct option_list connect_to;
	const char *data;
	struct option_number wait;
	struct option_number max_latency;
	struct option_number every;
	struct option_number duration;
	struct option_number timeout;
	struct option_number pid;
};

#define FIELD(member) offsetof(struct options, member)

static const struct option_spec specs[] = {
	{ "wait", 'w', OPTION_DURATION, FIELD(wait), "TIME",
	  "ask until every URL answers as expected", NULL },
	{ "status", 's', OPTION_STRING, FIELD(probe.status), "LIST",
	  "statuses expected, 200 or 200-299,404\n(default: 200-299)", NULL },
	{ "json-equals", 'j', OPTION_LIST, FIELD(json_equals), "POINTER=VALUE",
	  "what the JSON of the body holds there (RFC 6901);\nrepeatable", NULL },
	{ "body", 'b', OPTION_STRING, FIELD(probe.body), "REGEX", "PCRE2 that the body matches",
	  NULL },
	{ "max-latency", 0, OPTION_DURATION, FIELD(max_latency), "TIME",
	  "an answer that takes longer does not hold", NULL },
	{ "every", 0, OPTION_DURATION, FIELD(every), "TIME",
	  "ask again and again (with --for; default: 5s)", NULL },
	{ "for", 0, OPTION_DURATION, FIELD(duration), "TIME", "how long to ask again and again",
	  NULL },
	{ "time-out", 't', OPTION_DURATION, FIELD(timeout), "TIME", "of one request (default: 10s)",
	  NULL },
	{ "pid", 0, OPTION_NUMBER, FIELD(pid), "PID", "give up when this process ends", NULL },
	{ "method", 'X', OPTION_STRING, FIELD(probe.method), "METHOD",
	  "default: GET, or POST with --data", NULL },
	{ "header", 'H', OPTION_LIST, FIELD(headers), "NAME: VALUE", "repeatable", NULL },
	{ "data", 'd', OPTION_STRING, FIELD(data), "TEXT|@FILE", "the request's body", NULL },
	{ "unix-socket", 0, OPTION_STRING, FIELD(probe.unix_socket), "PATH",
	  "connect there instead", NULL },
	{ "connect-to", 0, OPTION_LIST, FIELD(connect_to), "H1:P1:H2:P2",
	  "connect to host H2, port P2 for H1, P1; repeatable", NULL },
	{ "ca-file", 0, OPTION_STRING, FIELD(probe.ca_file), "FILE",
	  "certificates to trust instead of the system's", NULL },
	{ "insecure", 'k', OPTION_FLAG, FIELD(probe.insecure), NULL, "verify no certificate",
	  NULL },
	{ "follow", 'L', OPTION_FLAG, FIELD(probe.follow), NULL, "follow redirects, ten at most",
	  NULL },
	TOOL_OPTIONS(struct options),
};

static const struct program program = {
	.name = "probe",
	.operands = "URL...",
	.summary = "Asks every URL, all at the same time, whether it answers as expected.\n"
		   "Exit status: 0 every answer holds; 1 one does not, or none came; 2 trouble.",
	.options = specs,
	.operands_min = 1,
	.operands_max = 1000,
};

static json_t *ms(uint64_t nanoseconds)
{
	return json_real((double)nanoseconds / 1e6);
}

static json_t *series_json(const struct probe_answer *answer)
{
	const struct probe_series *series = &answer->series;

	if (!answer->in_series)
		return json_null();
	return json_pack("{s:I,s:I,s:o,s:o,s:o,s:o}", "count", (json_int_t)series->count,
			 "failures", (json_int_t)series->failures, "p50_ms", ms(series->p50),
			 "p95_ms", ms(series->p95), "max_ms", ms(series->max), "first_failure",
			 series->first_failure != NULL ? doc_text(series->first_failure)
						       : json_null());
}

static json_t *samples_json(const struct probe_answer *answer)
{
	const struct probe_series *series = &answer->series;
	json_t *samples;

	if (!answer->in_series)
		return json_null();
	samples = json_array();
	for (size_t i = 0; i < series->sample_count; i++) {
		const struct probe_sample *sample = &series->samples[i];

		(void)json_array_append_new(
			samples,
			json_pack("{s:o,s:o,s:b}", "time_ms", ms(sample->time), "latency_ms",
				  sample->answered ? ms(sample->latency) : json_null(), "holds",
				  sample->holds));
	}
	return samples;
}

/* The body as text, cut; bytes that are no UTF-8 are escaped. */
static json_t *body_json(const struct probe_answer *answer)
{
	auto_buf struct buf text;
	size_t size = answer->body.size < BODY_SHOWN ? answer->body.size : BODY_SHOWN;
	json_t *plain = json_stringn(answer->body.data, size);

	buf_init(&text, BUF_MAX_DEFAULT);
	if (plain != NULL)
		return plain;
	text_escape(&text, answer->body.data, size);
	return json_string(text.data);
}

static json_t *answer_json(const struct probe_answer *answer)
{
	json_t *object = json_object();
	json_t *parsed = NULL;

	if (doc_parse(answer->body.data, answer->body.size, "body", &parsed, NULL) < 0)
		parsed = json_null();
	(void)json_object_set_new(object, "url", doc_text(answer->url));
	(void)json_object_set_new(object, "holds", json_boolean(answer->holds));
	(void)json_object_set_new(object, "reason",
				  answer->reason != NULL ? doc_text(answer->reason) : json_null());
	(void)json_object_set_new(object, "status",
				  answer->status != 0 ? json_integer(answer->status) : json_null());
	(void)json_object_set_new(object, "latency_ms",
				  answer->status != 0 ? ms(answer->latency) : json_null());
	(void)json_object_set_new(object, "ready_ms",
				  answer->ready ? ms(answer->ready_after) : json_null());
	(void)json_object_set_new(object, "attempts", json_integer((json_int_t)answer->attempts));
	(void)json_object_set_new(object, "body", body_json(answer));
	(void)json_object_set_new(object, "json", parsed);
	(void)json_object_set_new(object, "series", series_json(answer));
	(void)json_object_set_new(object, "samples", samples_json(answer));
	return object;
}

static void report_json(const struct probe_result *result)
{
	auto_doc json_t *report = json_object();
	json_t *urls = json_array();

	for (size_t i = 0; i < result->count; i++)
		(void)json_array_append_new(urls, answer_json(&result->answers[i]));
	(void)json_object_set_new(report, "schema", json_string("seatrial/probe/1"));
	(void)json_object_set_new(report, "urls", urls);
	(void)json_object_set_new(report, "elapsed_ms", ms(result->elapsed));
	(void)json_object_set_new(report, "verdict",
				  json_string(result->holds ? "holds" : "fails"));
	tool_print_json(report);
}

static void report_tap(const struct probe_result *result)
{
	struct tap tap;

	tap_begin(&tap, stdout);
	for (size_t i = 0; i < result->count; i++) {
		const struct probe_answer *answer = &result->answers[i];
		auto_doc json_t *values = answer_json(answer);

		(void)json_object_del(values, "body");
		(void)json_object_del(values, "json");
		(void)json_object_del(values, "samples");
		tap_test(&tap, answer->holds, answer->url, values);
	}
	tap_end(&tap);
}

static int report_text(const struct probe_result *result, struct error *err)
{
	auto_table struct table *table = NULL;
	char a[TEXT_FIGURE_MAX];
	char b[TEXT_FIGURE_MAX];
	char c[TEXT_FIGURE_MAX];

	if (table_new("llrl", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < result->count; i++) {
		const struct probe_answer *answer = &result->answers[i];
		const struct probe_series *series = &answer->series;

		table_cell(table, answer->holds ? "holds" : "FAILS");
		table_cell(table, answer->url);
		if (answer->status != 0)
			table_cellf(table, "%ld", answer->status);
		else
			table_cell(table, "-");
		if (answer->in_series)
			table_cellf(table,
				    "%" PRIu64 " answers, %" PRIu64
				    " failures; p50 %s, p95 %s, max %s%s%s",
				    series->count, series->failures, text_duration(series->p50, a),
				    text_duration(series->p95, b), text_duration(series->max, c),
				    answer->reason != NULL ? ": " : "",
				    answer->reason != NULL ? answer->reason : "");
		else if (answer->reason != NULL)
			table_cell(table, answer->reason);
		else
			table_cellf(table, "in %s, ready after %s",
				    text_duration(answer->latency, a),
				    text_duration(answer->ready_after, b));
	}
	return table_print(table, 0, stdout, err);
}

static int fill_options(struct options *options, const struct operands *operands, struct buf *data,
			struct error *err)
{
	struct probe_options *probe = &options->probe;

	probe->urls = operands->items;
	probe->url_count = operands->count;
	probe->json_equals = options->json_equals.items;
	probe->json_equals_count = options->json_equals.count;
	probe->headers = options->headers.items;
	probe->header_count = options->headers.count;
	probe->connect_to = options->connect_to.items;
	probe->connect_to_count = options->connect_to.count;
	probe->wait = options->wait.value;
	probe->max_latency = options->max_latency.value;
	probe->duration = options->duration.value;
	probe->every = options->every.set ? options->every.value : UINT64_C(5000000000);
	probe->timeout = options->timeout.set ? options->timeout.value : UINT64_C(10000000000);
	probe->pid = (pid_t)options->pid.value;
	if (probe->every == 0)
		return error_set(err, ERROR_USAGE, "--every: 0 is no interval");
	if (options->every.set && !options->duration.set)
		return error_set(err, ERROR_USAGE, "--every needs --for");
	if (options->pid.set && (options->pid.value == 0 || options->pid.value > INT32_MAX))
		return error_set(err, ERROR_USAGE, "--pid: no process has this number");
	if (options->data == NULL)
		return 0;
	if (options->data[0] == '@') {
		if (buf_read_file(data, options->data + 1, err) < 0)
			return error_prefix(err, "--data");
	} else {
		buf_add_string(data, options->data);
	}
	probe->data = data->data;
	probe->data_size = data->size;
	return buf_check(data, "--data", err);
}

static int run(struct options *options, const struct operands *operands, struct error *err)
{
	auto_probe_result struct probe_result result = { 0 };
	auto_buf struct buf data;

	buf_init(&data, DATA_MAX);
	if (fill_options(options, operands, &data, err) < 0 ||
	    probe_run(&options->probe, &result, err) < 0)
		return -1;
	switch (tool_format(&options->tool)) {
	case FORMAT_JSON:
		report_json(&result);
		break;
	case FORMAT_TAP:
		report_tap(&result);
		break;
	case FORMAT_TEXT:
		if (report_text(&result, err) < 0)
			return -1;
		break;
	}
	return result.holds ? TOOL_HOLDS : TOOL_FAILS;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct operands operands = { 0 };
	struct error err = ERROR_INIT;
	int status = tool_begin(&program, argc, argv, &options, &operands);

	if (status < 0) {
		status = run(&options, &operands, &err);
		if (status < 0)
			status = tool_fail(&program, &err);
		status = tool_finish(&program, status);
	}
	operands_release(&operands);
	option_list_release(&options.json_equals);
	option_list_release(&options.headers);
	option_list_release(&options.connect_to);
	return status;
}
