/* Coverage from outside: each format on any bytes, and the same report twice. */
#include "config.h"

#include <stdint.h>

#include "file/coverage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int add_report(struct coverage *coverage, const void *data, size_t size, struct error *err);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static add_report *const formats[] = { coverage_add_cobertura, coverage_add_lcov,
					       coverage_add_coverage_py };

	for (size_t i = 0; i < array_size(formats); i++) {
		auto_coverage struct coverage *coverage = NULL;
		struct coverage_sum sum = { 0 };
		struct error err = ERROR_INIT;

		if (coverage_new(&coverage, &err) < 0 ||
		    formats[i](coverage, data, size, &err) < 0 ||
		    formats[i](coverage, data, size, &err) < 0 ||
		    coverage_count(coverage, &sum, &err) < 0)
			continue;
		/* what every verdict rests on */
		if (sum.covered > sum.total)
			abort();
		free(sum.files);
	}
	return 0;
}
