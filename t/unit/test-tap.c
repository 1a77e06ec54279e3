#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/tap.h"

struct output {
	char *text;
	size_t size;
	FILE *file;
};

static void output_open(struct output *output)
{
	output->file = open_memstream(&output->text, &output->size);
	assert_non_null(output->file);
}

static const char *output_close(struct output *output)
{
	assert_int_equal(fclose(output->file), 0);
	return output->text;
}

static void writes_a_stream(unused_arg void **state)
{
	struct output output;
	struct tap tap;
	json_t *values = json_pack("{s:i,s:i,s:s,s:[i,i],s:n}", "bytes", 12, "http://x", 1, "text",
				   "a: b", "list", 1, 2, "nothing");

	output_open(&output);
	tap_begin(&tap, output.file);
	tap_test(&tap, true, "first", NULL);
	tap_test(&tap, false, "second", values);
	tap_skip(&tap, "third", "not here");
	tap_comment(&tap, "one\ntwo");
	tap_end(&tap);
	assert_string_equal(output_close(&output), "TAP version 13\n"
						   "ok 1 - first\n"
						   "not ok 2 - second\n"
						   "  ---\n"
						   "  bytes: 12\n"
						   "  \"http://x\": 1\n"
						   "  text: \"a: b\"\n"
						   "  list: [1,2]\n"
						   "  nothing: null\n"
						   "  ...\n"
						   "ok 3 - third # SKIP not here\n"
						   "# one\n"
						   "# two\n"
						   "1..3\n");
	assert_int_equal(tap.failed, 1);
	free(output.text);
	json_decref(values);
}

static void names_cannot_turn_a_verdict_round(unused_arg void **state)
{
	struct output output;
	struct tap tap;

	output_open(&output);
	tap_begin(&tap, output.file);
	tap_test(&tap, false, "file # TODO later", NULL);
	tap_test(&tap, false, "file\nok 3", NULL);
	tap_test(&tap, false, "back\\slash # skip", NULL);
	tap_bail(&tap, "no # more");
	assert_string_equal(output_close(&output), "TAP version 13\n"
						   "not ok 1 - file \\# TODO later\n"
						   "not ok 2 - file\\\\x0aok 3\n"
						   "not ok 3 - back\\\\x5cslash \\# skip\n"
						   "Bail out! no \\# more\n");
	free(output.text);
}

static void nothing_tested_is_no_pass(unused_arg void **state)
{
	struct output output;
	struct tap tap;

	output_open(&output);
	tap_begin(&tap, output.file);
	tap_end(&tap);
	assert_string_equal(output_close(&output), "TAP version 13\n"
						   "not ok 1 - at least one thing was decided\n"
						   "1..1\n");
	free(output.text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_stream),
		cmocka_unit_test(names_cannot_turn_a_verdict_round),
		cmocka_unit_test(nothing_tested_is_no_pass),
	};

	return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
