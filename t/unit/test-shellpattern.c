#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/shellpattern.h"

static void trims(unused_arg void **state)
{
	static const struct {
		const char *pattern;
		const char *value;
		enum shellpattern_end end;
		bool longest;
		const char *result;
	} cases[] = {
		{ "a", "abc", SHELLPATTERN_PREFIX, false, "bc" },
		{ "b", "abc", SHELLPATTERN_PREFIX, false, "abc" },
		{ "", "abc", SHELLPATTERN_PREFIX, true, "abc" },
		{ "*", "abc", SHELLPATTERN_PREFIX, false, "abc" },
		{ "*", "abc", SHELLPATTERN_PREFIX, true, "" },
		{ "*b*b", "abcbcb", SHELLPATTERN_PREFIX, false, "cb" },
		{ "*b*b", "abcbcb", SHELLPATTERN_PREFIX, true, "" },
		{ "?", "\xe2\x99\xa5x", SHELLPATTERN_PREFIX, false, "x" },
		{ "\xe2\x99\xa5", "\xe2\x99\xa5x", SHELLPATTERN_PREFIX, false, "x" },
		{ "\\*", "*x", SHELLPATTERN_PREFIX, false, "x" },
		{ "\\*", "ax", SHELLPATTERN_PREFIX, false, "ax" },
		{ "abcd", "abc", SHELLPATTERN_PREFIX, false, "abc" },
		{ "*b", "abab", SHELLPATTERN_SUFFIX, false, "aba" },
		{ "*b", "abab", SHELLPATTERN_SUFFIX, true, "" },
		{ "a*", "abab", SHELLPATTERN_SUFFIX, false, "ab" },
		{ "*", "abc", SHELLPATTERN_SUFFIX, false, "abc" },
		{ ".?", "x.\xe2\x99\xa5", SHELLPATTERN_SUFFIX, false, "x" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf out;

		buf_init(&out, 1000);
		assert_success(shellpattern_trim(cases[i].pattern, cases[i].value, cases[i].end,
						 cases[i].longest, &out, &err),
			       err);
		if (strcmp(out.data, cases[i].result) != 0)
			fail_msg("%zu: %s from %s: '%s', not '%s'", i, cases[i].pattern,
				 cases[i].value, out.data, cases[i].result);
	}
}

static void replaces(unused_arg void **state)
{
	static const struct {
		const char *pattern;
		const char *value;
		const char *replacement;
		bool all;
		const char *result;
	} cases[] = {
		{ "b", "abcb", "X", false, "aXcb" }, { "b", "abcb", "X", true, "aXcX" },
		{ "b*", "abcb", "X", false, "aX" },  { "x", "abc", "X", true, "abc" },
		{ "?", "abc", "-", true, "---" },    { "", "ab", "-", true, "-a-b-" },
		{ "", "ab", "-", false, "-ab" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf out;

		buf_init(&out, 1000);
		assert_success(shellpattern_replace(cases[i].pattern, cases[i].value,
						    cases[i].replacement, cases[i].all, &out, &err),
			       err);
		assert_string_equal(out.data, cases[i].result);
	}
}

static void refuses(unused_arg void **state)
{
	static char text[SHELLPATTERN_SIZE_MAX + 2];
	auto_buf struct buf out;
	struct error err;

	memset(text, '*', sizeof text - 1);
	buf_init(&out, 1000);
	assert_failure(shellpattern_trim(text, "x", SHELLPATTERN_PREFIX, true, &out, &err), err,
		       ERROR_INPUT, "a pattern of more than");
	assert_failure(shellpattern_replace("x", text, "", true, &out, &err), err, ERROR_INPUT,
		       "a value of more than");
	assert_failure(shellpattern_trim("\\", "x", SHELLPATTERN_PREFIX, true, &out, &err), err,
		       ERROR_INPUT, "invalid escape");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(trims),
		cmocka_unit_test(replaces),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("shellpattern", tests, NULL, NULL);
}
