#include "config.h"

#include "image/platform.h"

#include <string.h>
#include <stdbool.h>
#include <sys/utsname.h>

static void platform_set(char part[PLATFORM_PART_MAX], const char *text)
{
	size_t length = text != NULL ? strnlen(text, PLATFORM_PART_MAX) : 0;

	/* no platform has so long a name, and a cut one could match another */
	if (length == PLATFORM_PART_MAX)
		length = 0;
	if (length > 0)
		memcpy(part, text, length);
	part[length] = '\0';
}

static void platform_lower(char part[PLATFORM_PART_MAX])
{
	for (; *part != '\0'; part++)
		if (*part >= 'A' && *part <= 'Z')
			*part = (char)(*part - 'A' + 'a');
}

/* Aliases to Go's names; the variant that a name implies is written out. */
static void platform_normalise(struct platform *platform)
{
	static const struct {
		const char *alias;
		const char *name;
		const char *variant;
	} aliases[] = {
		{ "x86_64", "amd64", "" },    { "x86-64", "amd64", "" },  { "i386", "386", "" },
		{ "i686", "386", "" },	      { "aarch64", "arm64", "" }, { "armhf", "arm", "v7" },
		{ "armel", "arm", "v6" },     { "armv7l", "arm", "v7" },  { "armv6l", "arm", "v6" },
		{ "ppc64el", "ppc64le", "" },
	};

	platform_lower(platform->os);
	platform_lower(platform->architecture);
	platform_lower(platform->variant);
	for (size_t i = 0; i < array_size(aliases); i++)
		if (strcmp(platform->architecture, aliases[i].alias) == 0) {
			platform_set(platform->architecture, aliases[i].name);
			if (platform->variant[0] == '\0')
				platform_set(platform->variant, aliases[i].variant);
		}
	if (strcmp(platform->os, "macos") == 0)
		platform_set(platform->os, "darwin");
	/* the variant that every one of the kind has is none */
	if ((strcmp(platform->architecture, "amd64") == 0 &&
	     strcmp(platform->variant, "v1") == 0) ||
	    (strcmp(platform->architecture, "arm64") == 0 &&
	     (strcmp(platform->variant, "v8") == 0 || strcmp(platform->variant, "8") == 0)))
		platform->variant[0] = '\0';
	if (strcmp(platform->architecture, "arm") == 0 && platform->variant[0] == '\0')
		platform_set(platform->variant, "v7");
}

int platform_parse(const char *text, struct platform *ret_platform, struct error *err)
{
	struct platform platform = { "", "", "" };
	char *const parts[] = { platform.os, platform.architecture, platform.variant };
	const char *rest = text;
	size_t count = 0;

	for (;; rest++) {
		size_t length = strcspn(rest, "/");

		if (count == array_size(parts) || length == 0 || length >= PLATFORM_PART_MAX ||
		    strspn(rest,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") <
			    length)
			return error_set(err, ERROR_USAGE,
					 "'%s' is no platform like linux/amd64 or linux/arm/v7",
					 text);
		memcpy(parts[count], rest, length);
		parts[count++][length] = '\0';
		rest += length;
		if (*rest == '\0')
			break;
	}
	if (count < 2)
		return error_set(err, ERROR_USAGE,
				 "'%s' is no platform like linux/amd64 or linux/arm/v7", text);
	platform_normalise(&platform);
	*ret_platform = platform;
	return 0;
}

void platform_of(const char *os, const char *architecture, const char *variant,
		 struct platform *ret_platform)
{
	platform_set(ret_platform->os, os);
	platform_set(ret_platform->architecture, architecture);
	platform_set(ret_platform->variant, variant);
	platform_normalise(ret_platform);
}

void platform_host(struct platform *ret_platform)
{
	struct utsname host;

	platform_of("linux", uname(&host) == 0 ? host.machine : "", "", ret_platform);
}

const char *platform_text(const struct platform *platform, char text[PLATFORM_TEXT_MAX])
{
	static const char untold[] = "unknown";

	(void)snprintf(text, PLATFORM_TEXT_MAX, "%s/%s%s%s",
		       platform->os[0] != '\0' ? platform->os : untold,
		       platform->architecture[0] != '\0' ? platform->architecture : untold,
		       platform->variant[0] != '\0' ? "/" : "", platform->variant);
	return text;
}

/* "v7" is 7; none is what all of the kind have. */
static int variant_number(const struct platform *platform)
{
	const char *variant = platform->variant;

	if (variant[0] == '\0')
		return strcmp(platform->architecture, "arm64") == 0 ? 8 : 1;
	if (variant[0] == 'v' && variant[1] >= '0' && variant[1] <= '9' && variant[2] == '\0')
		return variant[1] - '0';
	return -1;
}

int platform_match(const struct platform *wanted, const struct platform *image)
{
	int have = variant_number(wanted);
	int need = variant_number(image);
	bool ordered = strcmp(wanted->architecture, "arm") == 0 ||
		       strcmp(wanted->architecture, "amd64") == 0 ||
		       strcmp(wanted->architecture, "arm64") == 0;

	if (strcmp(wanted->os, image->os) != 0 ||
	    strcmp(wanted->architecture, image->architecture) != 0)
		return 0;
	if (strcmp(wanted->variant, image->variant) == 0)
		return 100;
	if (!ordered || have < 0 || need < 0 || need > have)
		return 0;
	return 10 + need;
}
