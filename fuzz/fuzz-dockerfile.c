/* A Dockerfile from outside: parsed, its stages resolved, its references found and judged. */
#include "config.h"

#include <stdint.h>

#include "check/pinfind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pin_settings settings = { .environment = NULL };
	struct pins_file file = { .name = "input" };
	struct pins_verdict verdict;
	struct error err = ERROR_INIT;

	platform_of("linux", "amd64", NULL, &settings.build.platform);
	if (pins_find((const char *)data, size, "input", PIN_FILE_DOCKERFILE, &settings, &file.pins,
		      &err) < 0)
		return 0;
	(void)!pins_judge(&file, 1, NULL, 0, &verdict, &err);
	pins_release(&file.pins);
	return 0;
}
