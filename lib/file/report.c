#include "config.h"

#include "file/report.h"

#include <stdbool.h>
#include <string.h>

#include "file/xml.h"

static const char *const report_names[] = {
	[REPORT_JUNIT] = "junit",
	[REPORT_COBERTURA] = "cobertura",
	[REPORT_LCOV] = "lcov",
	[REPORT_COVERAGE_PY] = "coverage.py",
};

/* Reports of other tools, which people may well try. */
static const struct {
	const char *root;
	const char *name;
} report_strangers[] = {
	{ "report", "a JaCoCo report" },
	{ "assemblies", "an xUnit.net report" },
	{ "test-run", "an NUnit report" },
	{ "test-results", "an NUnit report" },
	{ "TestRun", "a Visual Studio test report" },
	{ "testng-results", "a TestNG report" },
};

static int report_tell_root(void *context, const char *element, const char *const *attributes,
			    struct error *err)
{
	enum report_format *format = context;

	if (strcmp(element, "testsuites") == 0 || strcmp(element, "testsuite") == 0) {
		*format = REPORT_JUNIT;
		return 1;
	}
	if (strcmp(element, "coverage") == 0) {
		if (xml_attribute(attributes, "clover") != NULL)
			return error_set(err, ERROR_INPUT, "a Clover report, which is not read");
		*format = REPORT_COBERTURA;
		return 1;
	}
	for (size_t i = 0; i < array_size(report_strangers); i++)
		if (strcmp(element, report_strangers[i].root) == 0)
			return error_set(err, ERROR_INPUT, "%s, which is not read",
					 report_strangers[i].name);
	return error_set(err, ERROR_INPUT, "no report: its root element is '%s'", element);
}

/* A line of letters and a colon at the start: TN:, SF:, or a comment before them. */
static bool report_is_lcov(const char *data, size_t size)
{
	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		size_t length = end != NULL ? (size_t)(end - data) + 1 : size;

		if (length >= 3 && (memcmp(data, "TN:", 3) == 0 || memcmp(data, "SF:", 3) == 0))
			return true;
		if (data[0] != '#' && data[0] != '\n' && data[0] != '\r')
			return false;
		data += length;
		size -= length;
	}
	return false;
}

/* UTF-16 begins with a mark or with '<' beside a NUL; expat knows it. */
static bool report_is_xml(const char *data, size_t size)
{
	return size > 0 && (data[0] == '<' || (size > 1 && (memcmp(data, "\xff\xfe", 2) == 0 ||
							    memcmp(data, "\xfe\xff", 2) == 0 ||
							    memcmp(data, "\0<", 2) == 0)));
}

int report_tell(const void *data, size_t size, enum report_format *ret_format, struct error *err)
{
	static const struct xml_handler handler = { .begin = report_tell_root };
	const char *text = data;
	size_t skip = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (skip < size && strchr(" \t\r\n", text[skip]) != NULL && text[skip] != '\0')
		skip++;
	if (skip == size)
		return error_set(err, ERROR_INPUT, "no report: it is empty");
	if (report_is_xml(text + skip, size - skip)) {
		/* the whole of it, so that white space before the declaration is refused here */
		return xml_parse(data, size, &handler, ret_format, err);
	}
	if (text[skip] == '{') {
		*ret_format = REPORT_COVERAGE_PY;
		return 0;
	}
	if (report_is_lcov(text + skip, size - skip)) {
		*ret_format = REPORT_LCOV;
		return 0;
	}
	return error_set(err, ERROR_INPUT,
			 "no report: neither JUnit, Cobertura, LCOV nor "
			 "coverage.py's JSON");
}

const char *report_format_name(enum report_format format)
{
	return report_names[format];
}
