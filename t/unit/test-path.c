#include "config.h"

#include "unit.h"

#include <string.h>

#include "image/path.h"

static void cleans(unused_arg void **state)
{
	static const struct {
		const char *path;
		const char *clean;
		bool unsafe;
	} cases[] = {
		{ "", "", false },
		{ ".", "", false },
		{ "/", "", false },
		{ "./", "", false },
		{ "///", "", false },
		{ "a", "a", false },
		{ "/a", "a", false },
		{ "./a", "a", false },
		{ "a/", "a", false },
		{ "a//b", "a/b", false },
		{ "./././a/./b/.", "a/b", false },
		{ "//a///b//", "a/b", false },
		{ "..", "..", true },
		{ "../a", "../a", true },
		{ "a/../b", "a/../b", true },
		{ "a/..", "a/..", true },
		{ "/../a", "../a", true },
		{ "...", "...", false },
		{ "..a/b..", "..a/b..", false },
		{ ".a/.b", ".a/.b", false },
		{ " / ", " / ", false },
		{ "\xff\xfe/\n", "\xff\xfe/\n", false },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_free char *path = NULL;
		bool unsafe = !cases[i].unsafe;

		assert_success(path_normalise(cases[i].path, &path, &unsafe, &err), err);
		assert_string_equal(path, cases[i].clean);
		assert_int_equal(unsafe, cases[i].unsafe);
		/* clean is clean, and its length is told */
		assert_int_equal(path_clean(path, &unsafe), strlen(cases[i].clean));
		assert_string_equal(path, cases[i].clean);
	}
}

static void follows(unused_arg void **state)
{
	static const struct {
		const char *name;
		const char *target;
		const char *path; /* NULL: climbs above the root */
	} cases[] = {
		{ "a", "b", "b" },
		{ "a/b", "c", "a/c" },
		{ "a/b", "../c", "c" },
		{ "a/b/c", "../../d/e", "d/e" },
		{ "a/b", "./c/../d", "a/d" },
		{ "a/b", "..", "" },
		{ "a/b", ".", "a" },
		{ "a/b", "", "a" },
		{ "a/b", "/c", "c" },
		{ "a", "../b", NULL },
		{ "a/b", "../../c", NULL },
		{ "a/b", "../..", NULL },
		{ "a/b", "/../c", NULL },
		{ "a/b", "c/../../../d", NULL },
		{ "a/b", "...", "a/..." },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_free char *path = NULL;
		bool unsafe = false;

		assert_success(path_follow(cases[i].name, cases[i].target, &path, &unsafe, &err),
			       err);
		if (unsafe != (cases[i].path == NULL))
			fail_msg("%s -> %s", cases[i].name, cases[i].target);
		if (cases[i].path != NULL)
			assert_string_equal(path, cases[i].path);
	}
}

static void takes_nothing(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_free char *path = NULL;
	auto_free char *link = NULL;
	bool unsafe = true;

	assert_success(path_normalise(NULL, &path, &unsafe, &err), err);
	assert_string_equal(path, "");
	assert_false(unsafe);
	assert_success(path_follow("a/b", NULL, &link, &unsafe, &err), err);
	assert_string_equal(link, "a");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans),
		cmocka_unit_test(follows),
		cmocka_unit_test(takes_nothing),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
