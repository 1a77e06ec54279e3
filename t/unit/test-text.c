#include "config.h"

#include "unit.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static void escapes(unused_arg void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *wanted;
	} cases[] = {
		{ "usr/bin/x", 9, "usr/bin/x" },
		{ "a\nb\x1b[31m", 8, "a\\x0ab\\x1b[31m" },
		{ "a\\x0a", 5, "a\\x5cx0a" },
		{ "\0", 1, "\\x00" },
		{ "\x7f", 1, "\\x7f" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xa2", 9,
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xa2" },
		{ "\xff\xc3", 2, "\\xff\\xc3" },
		{ "\xc0\xaf", 2, "\\xc0\\xaf" },		   /* overlong */
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },	   /* surrogate */
		{ "\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80" }, /* beyond U+10FFFF */
		{ "\xc2\x85", 2, "\\xc2\\x85" },		   /* C1 control */
		{ "\xe2\x80\xae", 3, "\\xe2\\x80\\xae" },	   /* turns the line round */
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf out;

		buf_init(&out, 1000);
		text_escape(&out, cases[i].bytes, cases[i].size);
		assert_string_equal(out.data, cases[i].wanted);
	}
}

static void prints_sizes_and_durations(unused_arg void **state)
{
	static const struct {
		uint64_t value;
		const char *size;
		const char *duration;
	} cases[] = {
		{ 0, "0 B", "0.00 ms" },
		{ 999, "999 B", "0.00 ms" },
		{ 1000, "1.0 kB", "0.00 ms" },
		{ 999949, "999.9 kB", "1.00 ms" },
		{ 999951, "1.0 MB", "1.00 ms" },
		{ 214300000, "214.3 MB", "214 ms" },
		{ UINT64_C(1250000000), "1.2 GB", "1.25 s" },
		{ UINT64_C(125000000000), "125.0 GB", "2 min 5 s" },
		{ UINT64_MAX, "18.4 EB", NULL },
	};
	char text[TEXT_FIGURE_MAX];

	for (size_t i = 0; i < array_size(cases); i++) {
		assert_string_equal(text_size(cases[i].value, text), cases[i].size);
		if (cases[i].duration != NULL)
			assert_string_equal(text_duration(cases[i].value, text), cases[i].duration);
	}
}

struct number_case {
	const char *text;
	uint64_t value;
};

static const struct number_case sizes[] = {
	{ "0", 0 },
	{ "1234", 1234 },
	{ "500MB", 500000000 },
	{ "500mb", 500000000 },
	{ "64k", 64000 },
	{ "64KiB", 65536 },
	{ "1.5GiB", UINT64_C(1610612736) },
	{ "2 GB", UINT64_C(2000000000) },
	{ "10B", 10 },
	{ "1T", UINT64_C(1000000000000) },
};

static const struct number_case durations[] = {
	{ "30", UINT64_C(30000000000) },
	{ "30s", UINT64_C(30000000000) },
	{ "1.5s", UINT64_C(1500000000) },
	{ "500ms", 500000000 },
	{ "10m", UINT64_C(600000000000) },
	{ "2m30s", UINT64_C(150000000000) },
	{ "1h", UINT64_C(3600000000000) },
	{ "250us", 250000 },
	{ "7ns", 7 },
	{ "0", 0 },
};

static const struct number_case numbers[] = {
	{ "0", 0 },
	{ "007", 7 },
	{ "18446744073709551615", UINT64_MAX },
};

static const char *const bad_sizes[] = {
	"",   "MB",   "-1", "+1", "1X", "1 .5", "1e3", "0x10", "1MBs", "nan", "99999999999999TB",
	" 1", "1,5GB"
};
static const char *const bad_durations[] = { "",    "s",     "-1s", "1d", "1s2",
					     "5 s", "1m 2s", "inf", "1S", "99999999999h" };
static const char *const bad_numbers[] = {
	"", "-1", "1x", " 1", "1 ", "0x1", "18446744073709551616"
};

static void parses_numbers(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	uint64_t value = 0;

	for (size_t i = 0; i < array_size(sizes); i++) {
		assert_success(text_parse_size(sizes[i].text, &value, &err), err);
		assert_int_equal(value, sizes[i].value);
	}
	for (size_t i = 0; i < array_size(durations); i++) {
		assert_success(text_parse_duration(durations[i].text, &value, &err), err);
		assert_int_equal(value, durations[i].value);
	}
	for (size_t i = 0; i < array_size(numbers); i++) {
		assert_success(text_parse_number(numbers[i].text, &value, &err), err);
		assert_int_equal(value, numbers[i].value);
	}
}

static void refuses_numbers(unused_arg void **state)
{
	struct error err;
	uint64_t value = 42;

	for (size_t i = 0; i < array_size(bad_sizes); i++)
		assert_failure(text_parse_size(bad_sizes[i], &value, &err), err, ERROR_USAGE,
			       bad_sizes[i]);
	for (size_t i = 0; i < array_size(bad_durations); i++)
		assert_failure(text_parse_duration(bad_durations[i], &value, &err), err,
			       ERROR_USAGE, bad_durations[i]);
	for (size_t i = 0; i < array_size(bad_numbers); i++)
		assert_failure(text_parse_number(bad_numbers[i], &value, &err), err, ERROR_USAGE,
			       bad_numbers[i]);
	assert_int_equal(value, 42);
}

static void parses_percentages_and_limits(unused_arg void **state)
{
	static const char *const bad[] = { "30", "%", "-1%", "101%", "100.1%", "30%%", "a%", "" };
	struct error err = ERROR_INIT;
	struct limit limit = { .kind = LIMIT_NONE };
	double percent = 0;

	assert_success(text_parse_percent("12.5%", &percent, &err), err);
	assert_true(percent > 12.49 && percent < 12.51);
	assert_success(text_parse_percent("100%", &percent, &err), err);
	assert_success(text_parse_limit("5%", &limit, &err), err);
	assert_int_equal(limit.kind, LIMIT_PERCENT);
	assert_success(text_parse_limit("10MB", &limit, &err), err);
	assert_int_equal(limit.kind, LIMIT_BYTES);
	assert_int_equal(limit.bytes, 10000000);
	for (size_t i = 0; i < array_size(bad); i++)
		assert_failure(text_parse_percent(bad[i], &percent, &err), err, ERROR_USAGE,
			       bad[i]);
}

static void words_and_names(unused_arg void **state)
{
	static const char *const list[] = { "a", "bc", NULL };

	assert_true(text_is_one_of("bc", list));
	assert_false(text_is_one_of("b", list));
	assert_false(text_is_one_of("", list));
	assert_true(text_starts("/proc/self", "/proc/"));
	assert_true(text_starts("x", ""));
	assert_false(text_starts("/pro", "/proc/"));
	assert_true(text_ends("libx-dev", "-dev"));
	assert_false(text_ends("dev", "-dev"));
	assert_string_equal(text_base_name("/usr/bin/env"), "env");
	assert_string_equal(text_base_name("env"), "env");
	assert_string_equal(text_base_name("/usr/"), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_names),
		cmocka_unit_test(escapes),
		cmocka_unit_test(prints_sizes_and_durations),
		cmocka_unit_test(parses_numbers),
		cmocka_unit_test(refuses_numbers),
		cmocka_unit_test(parses_percentages_and_limits),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
