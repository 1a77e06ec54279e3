#include "config.h"

#include "unit.h"

#include <errno.h>
#include <expat.h>
#include <string.h>

#include "check/timeline.h"

#define SECOND UINT64_C(1000000000)

/* The picture as a text; it is well-formed XML. The caller frees. */
static char *draw(const struct container_record *record, const unsigned char *tones)
{
	auto_timeline struct timeline timeline = { 0 };
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	XML_Parser parser = XML_ParserCreate(NULL);

	assert_non_null(file);
	assert_success(timeline_make(&timeline, "a <b> & \x01\xff \"c\"", record, tones, &err),
		       err);
	timeline_svg(&timeline, file);
	assert_int_equal(fclose(file), 0);
	if (XML_Parse(parser, text, (int)size, 1) != XML_STATUS_OK)
		fail_msg("line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(parser),
			 XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	return text;
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (const char *p = strstr(text, part); p != NULL; p = strstr(p + 1, part))
		found++;
	return found;
}

static void draws_a_run(unused_arg void **state)
{
	char path[] = "/tmp/<&>";
	char line[] = "GET /";
	char bad_line[] = "\x1b[31mboom";
	struct attempt attempts[] = {
		{ .time = SECOND / 4, .path = path, .call = "mkdir", .count = 3 }
	};
	struct log_line log[] = { { SECOND / 2, false, line }, { SECOND, true, bad_line } };
	struct health_check checks[] = { { .time = SECOND, .took = SECOND / 10 },
					 { .time = 2 * SECOND, .status = 1 } };
	struct usage samples[] = { { .time = 0, .memory = 10 },
				   { .time = SECOND, .memory = 2345000, .cpu_time = SECOND / 2 } };
	const unsigned char tones[] = { TONE_PLAIN, TONE_BAD };
	struct container_record record = {
		.ran = true,
		.duration = 3 * SECOND,
		.command_ran = true,
		.command_ready = 2 * SECOND,
		.stop_sent = true,
		.stop_took = SECOND / 2,
		.log = log,
		.log_count = 2,
		.samples = samples,
		.sample_count = 2,
		.trace = { .refused = { .items = attempts, .count = 1 } },
		.health = { .status = "healthy", .checks = checks, .check_count = 2, .total = 2 },
	};
	auto_free char *text = draw(&record, tones);

	assert_int_equal(count(text, "mkdir /tmp/&lt;&amp;&gt;"), 2);
	assert_non_null(strstr(text, ">ready 2.00 s<"));
	assert_non_null(strstr(text, ">stop signal 2.50 s<"));
	assert_non_null(strstr(text, ">2 lines<"));
	assert_non_null(strstr(text, "\\x1b[31mboom"));
	assert_non_null(strstr(text, ">healthy, 2 checks<"));
	assert_non_null(strstr(text, "at most 2.3 MB"));
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "a &lt;b&gt; &amp; \\x01\\xff"));
}

static void tells_the_course(unused_arg void **state)
{
	struct container_record record = { .ran = true,
					   .duration = SECOND,
					   .early = true,
					   .command_ran = true,
					   .command_ready = 2 * SECOND };
	auto_timeline struct timeline timeline = { 0 };
	struct error err = ERROR_INIT;
	json_t *events;

	assert_success(timeline_make(&timeline, "x", &record, NULL, &err), err);
	events = timeline_json(&timeline);
	/* what COMMAND reached after the end is no readiness */
	assert_int_equal(json_array_size(events), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(events, 1), "kind")),
			    "end");
	assert_string_equal(json_string_value(json_object_get(json_array_get(events, 1), "tone")),
			    "bad");
	json_decref(events);
}

static void draws_what_there_is(unused_arg void **state)
{
	struct container_record never = { 0 };
	struct container_record instant = { .ran = true };
	auto_free char *none = draw(&never, NULL);
	auto_free char *short_one = draw(&instant, NULL);

	assert_null(strstr(none, "ended"));
	assert_non_null(strstr(short_one, "no write was refused"));
}

/* Two hours, and more of everything than a picture can show. */
static void stays_small(unused_arg void **state)
{
	enum { LINES = 100000, ATTEMPTS = 10000, SAMPLES = SAMPLES_MAX };
	struct container_record record = { .ran = true, .duration = 7200 * SECOND };
	char text[] = "something that was said, and is long enough to be a line of a log";
	char path[] = "/a/path/that/was/refused";
	auto_free char *picture = NULL;

	record.log = calloc(LINES, sizeof *record.log);
	record.trace.refused.items = calloc(ATTEMPTS, sizeof *record.trace.refused.items);
	record.samples = calloc(SAMPLES, sizeof *record.samples);
	assert_non_null(record.log);
	assert_non_null(record.trace.refused.items);
	assert_non_null(record.samples);
	for (record.log_count = 0; record.log_count < LINES; record.log_count++)
		record.log[record.log_count] =
			(struct log_line) { record.log_count * record.duration / LINES, false,
					    text };
	for (size_t i = 0; i < ATTEMPTS; i++)
		record.trace.refused.items[i] = (struct attempt) {
			.time = i * record.duration / ATTEMPTS, .path = path, .call = "mkdir"
		};
	record.trace.refused.count = ATTEMPTS;
	for (; record.sample_count < SAMPLES; record.sample_count++)
		record.samples[record.sample_count] =
			(struct usage) { .time = record.sample_count * record.duration / SAMPLES,
					 .memory = 1000 };
	picture = draw(&record, NULL);
	assert_true(strlen(picture) < 300000);
	assert_non_null(strstr(picture, "and 9994 more"));
	assert_true(count(picture, "text-anchor=\"middle\"") < 11);
	free(record.log);
	free(record.trace.refused.items);
	free(record.samples);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_a_run),
		cmocka_unit_test(tells_the_course),
		cmocka_unit_test(draws_what_there_is),
		cmocka_unit_test(stays_small),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
