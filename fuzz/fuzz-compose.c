/* A compose file from outside: read, its references found, an inline Dockerfile among them. */
#include "config.h"

#include <stdint.h>

#include "check/pinfind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pin_settings settings = { .environment = NULL };
	struct error err = ERROR_INIT;
	struct pins pins = { 0 };

	platform_of("linux", "amd64", NULL, &settings.build.platform);
	if (pins_find((const char *)data, size, "input", PIN_FILE_COMPOSE, &settings, &pins, &err) <
	    0)
		return 0;
	pins_release(&pins);
	return 0;
}
