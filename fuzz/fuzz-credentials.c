/* Files of credentials and the answers of helpers: what is taken is whole, and fit to be sent. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "net/credentials.h"
#include "net/credhelper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct credentials *found)
{
	if ((found->user == NULL) != (found->password == NULL))
		abort();
	if (found->registry_token != NULL && strpbrk(found->registry_token, "\r\n") != NULL)
		abort();
	if (found->identity_token != NULL && found->identity_token[0] == '\0')
		abort();
}

static void look(const uint8_t *data, size_t size, enum credentials_format format, const char *host,
		 const char *repository)
{
	auto_credentials_advice struct credentials_advice advice = { 0 };
	struct error err = ERROR_INIT;

	if (credentials_parse(data, size, "input", format, host, repository, &advice, &err) < 0)
		return;
	check(&advice.entry);
	if (advice.helper != NULL && !credhelper_is_name(advice.helper))
		abort();
	if (advice.helper_decides && credentials_are_set(&advice.entry))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_credentials struct credentials found = { 0 };
	struct error err = ERROR_INIT;

	look(data, size, CREDENTIALS_CONFIG, "registry.example:5000", "team/app");
	look(data, size, CREDENTIALS_CONFIG, "docker.io", NULL);
	look(data, size, CREDENTIALS_LEGACY, "docker.io", "library/app");
	if (credhelper_parse(data, size, &found, &err) == 0)
		check(&found);
	return 0;
}
