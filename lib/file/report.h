/*
 * Floor 3. Which kind of report a file is, told by its content and never by its name.
 */
#ifndef FILE_REPORT_H
#define FILE_REPORT_H

#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/* A report is read whole; one above this is refused. */
#define REPORT_SIZE_MAX ((size_t)256 << 20)

enum report_format {
	REPORT_JUNIT,	    /* results of tests: XML whose root is testsuites or testsuite */
	REPORT_COBERTURA,   /* coverage: XML whose root is coverage */
	REPORT_LCOV,	    /* coverage: lines that begin with TN: or SF: */
	REPORT_COVERAGE_PY, /* coverage: the JSON of coverage.py */
};

/* ERROR_INPUT, naming what the file seems to be, for anything else. */
int report_tell(const void *data, size_t size, enum report_format *ret_format,
		struct error *err) must_check;

/* "junit", "cobertura", "lcov", "coverage.py" */
const char *report_format_name(enum report_format format);

#endif
