#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/report.h"

#define TEXT(text) text, sizeof text - 1

static void tells_by_content(unused_arg void **state)
{
	static const struct {
		const char *text;
		size_t size;
		enum report_format format;
	} cases[] = {
		{ TEXT("<testsuites/>"), REPORT_JUNIT },
		{ TEXT("\xef\xbb\xbf<?xml version='1.0'?><testsuite>"), REPORT_JUNIT },
		{ TEXT("\xff\xfe<\0t\0e\0s\0t\0s\0u\0i\0t\0e\0/\0>\0"), REPORT_JUNIT },
		{ TEXT("\xfe\xff\0<\0t\0e\0s\0t\0s\0u\0i\0t\0e\0/\0>"), REPORT_JUNIT },
		{ TEXT("\n<!-- x --><testsuite name='a'>rubbish"), REPORT_JUNIT },
		{ TEXT("<coverage line-rate='1'>"), REPORT_COBERTURA },
		{ TEXT("TN:\nSF:a"), REPORT_LCOV },
		{ TEXT("SF:a"), REPORT_LCOV },
		{ TEXT("# made by hand\n\nTN:x\n"), REPORT_LCOV },
		{ TEXT(" {}"), REPORT_COVERAGE_PY },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		enum report_format format = REPORT_JUNIT;

		assert_success(report_tell(cases[i].text, cases[i].size, &format, &err), err);
		assert_int_equal(format, cases[i].format);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *why;
	} cases[] = {
		{ TEXT(""), "it is empty" },
		{ TEXT(" \n\t\r\n"), "it is empty" },
		{ TEXT("\xef\xbb\xbf"), "it is empty" },
		{ TEXT("\0"), "no report" },
		{ TEXT("hello"), "no report: neither" },
		{ TEXT("TN"), "no report: neither" },
		{ TEXT("# TN:"), "no report: neither" },
		{ TEXT("[]"), "no report: neither" },
		{ TEXT("<html/>"), "its root element is 'html'" },
		{ TEXT("<report name='x'/>"), "a JaCoCo report" },
		{ TEXT("<coverage generated='1' clover='3.2.0'/>"), "a Clover report" },
		{ TEXT("<testsuites"), "ends too early" },
		{ TEXT(" <?xml version='1.0'?><testsuites/>"), "line 1: no XML" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		enum report_format format = REPORT_JUNIT;

		assert_failure(report_tell(cases[i].text, cases[i].size, &format, &err), err,
			       ERROR_INPUT, cases[i].why);
	}
}

static void names_formats(unused_arg void **state)
{
	assert_string_equal(report_format_name(REPORT_JUNIT), "junit");
	assert_string_equal(report_format_name(REPORT_COBERTURA), "cobertura");
	assert_string_equal(report_format_name(REPORT_LCOV), "lcov");
	assert_string_equal(report_format_name(REPORT_COVERAGE_PY), "coverage.py");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_by_content),
		cmocka_unit_test(refuses),
		cmocka_unit_test(names_formats),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
