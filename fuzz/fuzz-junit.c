/* Results of tests from outside: what kind of report it is, and JUnit XML. */
#include "config.h"

#include <stdint.h>

#include "file/junit.h"
#include "file/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_junit struct junit *junit = NULL;
	struct error err = ERROR_INIT;
	enum report_format format = REPORT_JUNIT;

	(void)!report_tell(data, size, &format, &err);
	(void)!junit_parse(data, size, &junit, &err);
	return 0;
}
