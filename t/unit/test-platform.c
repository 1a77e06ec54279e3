#include "config.h"

#include "unit.h"

#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

#include "image/platform.h"

static void matches_variants(unused_arg void **state)
{
	static const struct {
		const char *wanted;
		const char *image;
		bool matches;
	} cases[] = {
		{ "linux/amd64", "linux/amd64", true },
		{ "linux/amd64", "linux/386", false },
		{ "linux/amd64", "windows/amd64", false },
		{ "linux/amd64/v3", "linux/amd64", true },
		{ "linux/amd64/v3", "linux/amd64/v2", true },
		{ "linux/amd64/v2", "linux/amd64/v3", false },
		{ "linux/amd64", "linux/amd64/v2", false },
		{ "linux/arm/v7", "linux/arm/v6", true },
		{ "linux/arm/v6", "linux/arm/v7", false },
		{ "linux/armhf", "linux/arm/v7", true },
		{ "linux/aarch64", "linux/arm64/v8", true },
		{ "linux/arm64", "linux/arm/v7", false },
		{ "linux/riscv64", "linux/riscv64", true },
		{ "linux/ppc64le", "linux/ppc64le/power9", false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		struct platform wanted;
		struct platform image;

		assert_success(platform_parse(cases[i].wanted, &wanted, &err), err);
		assert_success(platform_parse(cases[i].image, &image, &err), err);
		if ((platform_match(&wanted, &image) > 0) != cases[i].matches)
			fail_msg("%s on %s", cases[i].image, cases[i].wanted);
	}
}

static void refuses_platforms(unused_arg void **state)
{
	static const char *const cases[] = {
		"",
		"linux",
		"linux/",
		"/amd64",
		"linux//v7",
		"linux/amd64/v1/x",
		"linux/amd64/",
		"li nux/amd64",
		"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct platform platform;
		struct error err;

		assert_failure(platform_parse(cases[i], &platform, &err), err, ERROR_USAGE,
			       "no platform");
	}
}

static void prints_them(unused_arg void **state)
{
	static const struct {
		const char *os, *architecture, *variant;
		const char *text;
	} cases[] = {
		{ "linux", "amd64", NULL, "linux/amd64" },
		{ "linux", "arm", "v7", "linux/arm/v7" },
		{ "linux", "arm64", "v8", "linux/arm64" },
		{ "Linux", "x86_64", "", "linux/amd64" },
		{ NULL, NULL, NULL, "unknown/unknown" },
		{ "linux", "", "", "linux/unknown" },
		{ "macos", "aarch64", "", "darwin/arm64" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[PLATFORM_TEXT_MAX];
		struct platform platform;

		platform_of(cases[i].os, cases[i].architecture, cases[i].variant, &platform);
		assert_string_equal(platform_text(&platform, text), cases[i].text);
	}
}

/* Documents have parts of any length: what is cut must not match. */
static void knows_no_long_parts(unused_arg void **state)
{
	char text[PLATFORM_TEXT_MAX];
	char longer[100];
	struct platform platform;

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	platform_of(longer, "amd64", longer, &platform);
	assert_string_equal(platform_text(&platform, text), "unknown/amd64");
}

static void knows_this_machine(unused_arg void **state)
{
	struct utsname host;
	struct platform platform;

	platform_host(&platform);
	assert_string_equal(platform.os, "linux");
	assert_int_equal(uname(&host), 0);
	if (strcmp(host.machine, "x86_64") == 0)
		assert_string_equal(platform.architecture, "amd64");
	assert_true(platform_match(&platform, &platform) > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_variants),   cmocka_unit_test(refuses_platforms),
		cmocka_unit_test(prints_them),	      cmocka_unit_test(knows_no_long_parts),
		cmocka_unit_test(knows_this_machine),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
