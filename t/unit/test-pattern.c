#include "config.h"

#include "unit.h"

#include <string.h>

#include "check/pattern.h"

static struct pattern *compiled(enum pattern_syntax syntax, unsigned flags, const char *text)
{
	struct error err = ERROR_INIT;
	struct pattern *pattern = NULL;

	assert_success(pattern_new(syntax, flags, text, strlen(text), &pattern, &err), err);
	return pattern;
}

static struct scratch *new_scratch(void)
{
	struct error err = ERROR_INIT;
	struct scratch *scratch = NULL;

	assert_success(scratch_new(&scratch, &err), err);
	return scratch;
}

struct path_case {
	const char *pattern;
	const char *path;
	int matches;
};

/* A trailing '/' of a case's path says that it is a directory. */
static void check_paths(enum pattern_syntax syntax, unsigned flags, const struct path_case *cases,
			size_t count)
{
	struct scratch *scratch = new_scratch();
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < count; i++) {
		struct pattern *pattern = compiled(syntax, flags | PATTERN_PATH, cases[i].pattern);
		size_t size = strlen(cases[i].path);
		bool directory = size > 0 && cases[i].path[size - 1] == '/';
		struct path_sieve *sieve = NULL;
		int result;

		size -= directory ? 1 : 0;
		result = pattern_match_path(pattern, scratch, cases[i].path, size, directory, &err);
		if (result != cases[i].matches)
			fail_msg("'%s' on '%s': %d, expected %d", cases[i].pattern, cases[i].path,
				 result, cases[i].matches);
		/* The sieve may let pass too much, never too little. */
		assert_success(path_sieve_new(&pattern, 1, &sieve, &err), err);
		if (cases[i].matches)
			assert_int_equal(path_sieve_test(sieve, scratch, cases[i].path, size, &err),
					 1);
		path_sieve_free(sieve);
		pattern_free(pattern);
	}
	scratch_free(scratch);
}

static void globs(unused_arg void **state)
{
	static const struct path_case cases[] = {
		/* without '/': the last component */
		{ "gcc", "usr/bin/gcc", 1 },
		{ "gcc", "gcc", 1 },
		{ "gcc", "usr/gcc/x", 0 },
		{ "gcc", "usr/bin/gcc-12", 0 },
		{ "gcc", "usr/bin/xgcc", 0 },
		{ "*.pyc", "a/b/c.pyc", 1 },
		{ "*", "a/.hidden", 1 },
		{ "?", "x/[", 1 },
		{ "\\[", "bin/[", 1 },
		{ "[[]", "bin/[", 1 },
		{ "a.c", "abc", 0 },
		/* with '/': the whole path */
		{ "usr/bin/gcc", "usr/bin/gcc", 1 },
		{ "/usr/bin/gcc", "usr/bin/gcc", 1 },
		{ "bin/gcc", "usr/bin/gcc", 0 },
		{ "/tmp", "tmp", 1 },
		{ "/tmp", "var/tmp", 0 },
		{ "usr/*/gcc", "usr/bin/gcc", 1 },
		{ "usr/*", "usr/bin/gcc", 0 },
		{ "usr/*/", "usr/bin/", 1 },
		{ "usr/*/", "usr/bin", 0 },
		{ "cache/", "var/cache/", 1 },
		{ "cache/", "var/cache", 0 },
		/* '**' */
		{ "**/bin/cc", "bin/cc", 1 },
		{ "**/bin/cc", "usr/local/bin/cc", 1 },
		{ "**/bin/cc", "usr/sbin/cc", 0 },
		{ "**/bin/cc", "usr/xbin/cc", 0 },
		{ "/usr/include/**/*.h", "usr/include/a.h", 1 },
		{ "/usr/include/**/*.h", "usr/include/x/y/a.h", 1 },
		{ "/usr/include/**/*.h", "opt/usr/include/a.h", 0 },
		{ "**/.cache/uv/**", "root/.cache/uv/x/y", 1 },
		{ "**/.cache/uv/**", ".cache/uv/x", 1 },
		{ "**/.cache/uv/**", "root/.cache/uv/", 0 },
		{ "a/**/b", "a/b", 1 },
		{ "a/**/b", "a/x/y/b", 1 },
		{ "a/**/b", "a/xb", 0 },
		{ "a**b/c", "axxb/c", 1 },
		{ "a**b/c", "ax/xb/c", 0 },
		{ "**", "any/thing", 1 },
		/* classes */
		{ "gcc-[0-9]*", "bin/gcc-12", 1 },
		{ "gcc-[0-9]*", "bin/gcc-ar", 0 },
		{ "[!a]", "b", 1 },
		{ "[!a]", "a", 0 },
		{ "[]x]", "]", 1 },
		{ "[a-]", "-", 1 },
		{ "x[[:digit:]]", "x7", 1 },
		{ "x[[:digit:]]", "xd", 0 },
		{ "a/[!b]c", "a//c", 0 },
		{ "a[^x]b/c", "a/b/c", 0 },
		/* what would be special to the expression behind it */
		{ "a+b(c)|$^{}", "a+b(c)|$^{}", 1 },
		{ "caf\xc3\xa9", "x/caf\xc3\xa9", 1 },
		{ "\xff*", "x/\xff\xfe", 1 },
		{ "new*line", "new\nline", 1 },
		{ "end", "end\n", 0 },
	};

	check_paths(PATTERN_GLOB, 0, cases, array_size(cases));
}

static void caseless_globs(unused_arg void **state)
{
	static const struct path_case cases[] = {
		{ "ReadMe*", "doc/README.txt", 1 },
		{ "/Tmp", "tMP", 1 },
	};

	check_paths(PATTERN_GLOB, PATTERN_CASELESS, cases, array_size(cases));
}

static void fixed_and_regex_paths(unused_arg void **state)
{
	static const struct path_case fixed[] = {
		{ "bin/g", "usr/bin/gcc", 1 },
		{ "/bin", "usr/bin/gcc", 1 },
		{ "/usr", "usr/bin/gcc", 1 },
		{ "/sr", "usr/bin/gcc", 0 },
		{ "*", "a/b", 0 },
		{ ".c", "abc", 0 },
	};
	static const struct path_case regex[] = {
		{ "(^|/)etc/passwd$", "etc/passwd", 1 },
		{ "(^|/)etc/passwd$", "x/etc/passwd", 1 },
		{ "(^|/)etc/passwd$", "etc/passwd-", 0 },
		{ "a.b", "a\nb", 1 },
		{ "b$", "ab\n", 0 },
	};

	check_paths(PATTERN_FIXED, 0, fixed, array_size(fixed));
	check_paths(PATTERN_REGEX, 0, regex, array_size(regex));
}

static void refuses(unused_arg void **state)
{
	static const struct {
		enum pattern_syntax syntax;
		unsigned flags;
		const char *text;
		const char *why;
	} cases[] = {
		{ PATTERN_GLOB, PATTERN_PATH, "", "empty pattern" },
		{ PATTERN_GLOB, PATTERN_PATH, "/", "names nothing" },
		{ PATTERN_GLOB, PATTERN_PATH, "[", "without ']'" },
		{ PATTERN_GLOB, PATTERN_PATH, "bin/[a-", "without ']'" },
		{ PATTERN_GLOB, PATTERN_PATH, "[z-a]", "out of order" },
		{ PATTERN_GLOB, PATTERN_PATH, "x\\", "last backslash" },
		{ PATTERN_REGEX, PATTERN_PATH, "^/usr", "no leading '/'" },
		{ PATTERN_REGEX, PATTERN_PATH, "(", "missing closing parenthesis" },
		{ PATTERN_REGEX, 0, "a(b", "at byte 3" },
		{ PATTERN_REGEX, 0, "(*UTF)x", "UTF" },
		{ PATTERN_GLOB, 0, "x", "for paths" },
		{ PATTERN_FIXED, 0, "a\nb", "line break" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct pattern *pattern = NULL;
		struct error err;

		assert_failure(pattern_new(cases[i].syntax, cases[i].flags, cases[i].text,
					   strlen(cases[i].text), &pattern, &err),
			       err, ERROR_USAGE, cases[i].why);
		assert_null(pattern);
	}
}

/* PCRE2's codes below -1 are failures; taken for "no match" they would be a pass. */
static void running_away_is_an_error(unused_arg void **state)
{
	struct pattern *pattern = compiled(PATTERN_REGEX, PATTERN_PATH, "^(a+)+$");
	struct scratch *scratch = new_scratch();
	struct error err = ERROR_INIT;
	char path[64];

	memset(path, 'a', sizeof path);
	path[sizeof path - 1] = 'b';
	assert_int_equal(pattern_match_path(pattern, scratch, path, sizeof path, false, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.text, "limit"));
	scratch_free(scratch);
	pattern_free(pattern);
}

static void searches_text(unused_arg void **state)
{
	struct pattern *pattern = compiled(PATTERN_REGEX, 0, "(?<=x)ab+");
	struct scratch *scratch = new_scratch();
	struct error err = ERROR_INIT;
	size_t begin = 0;
	size_t end = 0;

	assert_int_equal(pattern_search(pattern, scratch, "..xabb.", 7, 0, 0, &begin, &end, &err),
			 SEARCH_FOUND);
	assert_int_equal(begin, 3);
	assert_int_equal(end, 6);
	/* what stands before is seen, but not searched */
	assert_int_equal(pattern_search(pattern, scratch, "..xabb.", 7, 3, 0, &begin, &end, &err),
			 SEARCH_FOUND);
	assert_int_equal(pattern_search(pattern, scratch, "..xabb.", 7, 4, 0, &begin, &end, &err),
			 SEARCH_NONE);
	assert_int_equal(
		pattern_search(pattern, scratch, "..xa", 4, 0, SEARCH_NOT_END, &begin, &end, &err),
		SEARCH_PARTIAL);
	assert_int_equal(pattern_search(pattern, scratch, "..xa", 4, 0, 0, &begin, &end, &err),
			 SEARCH_NONE);
	scratch_free(scratch);
	pattern_free(pattern);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs),
		cmocka_unit_test(caseless_globs),
		cmocka_unit_test(fixed_and_regex_paths),
		cmocka_unit_test(refuses),
		cmocka_unit_test(running_away_is_an_error),
		cmocka_unit_test(searches_text),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
