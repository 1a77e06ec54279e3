#include "config.h"

#include "unit.h"

#include <string.h>

static void sets_and_prefixes(unused_arg void **state)
{
	struct error err = ERROR_INIT;

	assert_int_equal(error_set(&err, ERROR_INPUT, "entry '%s': %d", "x", 7), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_int_equal(error_prefix(&err, "layer %d", 3), -1);
	assert_string_equal(err.text, "layer 3: entry 'x': 7");
	assert_int_equal(err.kind, ERROR_INPUT);
}

static void marks_what_did_not_fit(unused_arg void **state)
{
	static char text[2 * ERROR_TEXT_MAX];
	struct error err = ERROR_INIT;

	memset(text, 'x', sizeof text - 1);
	(void)error_set(&err, ERROR_INPUT, "%s", text);
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
	assert_string_equal(err.text + ERROR_TEXT_MAX - 4, "...");
	(void)error_prefix(&err, "context");
	assert_int_equal(strncmp(err.text, "context: xxx", 12), 0);
	assert_string_equal(err.text + ERROR_TEXT_MAX - 4, "...");
	(void)error_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
	assert_string_equal(err.text + ERROR_TEXT_MAX - 4, "...");
}

static void hands_on_what_was_kept(unused_arg void **state)
{
	struct error kept = ERROR_INIT;
	struct error err = ERROR_INIT;

	(void)error_set(&kept, ERROR_NETWORK, "kept");
	assert_int_equal(error_copy(&err, &kept), -1);
	assert_string_equal(err.text, "kept");
	assert_int_equal(err.kind, ERROR_NETWORK);
}

static void nobody_need_listen(unused_arg void **state)
{
	const struct error kept = ERROR_INIT;

	assert_int_equal(error_set(NULL, ERROR_INPUT, "x"), -1);
	assert_int_equal(error_prefix(NULL, "x"), -1);
	assert_int_equal(error_memory(NULL), -1);
	assert_int_equal(error_copy(NULL, &kept), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_and_prefixes),
		cmocka_unit_test(marks_what_did_not_fit),
		cmocka_unit_test(hands_on_what_was_kept),
		cmocka_unit_test(nobody_need_listen),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
