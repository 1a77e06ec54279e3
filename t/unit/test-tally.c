#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "check/tally.h"

static void compares_percentages_exactly(unused_arg void **state)
{
	static const struct {
		uint64_t covered;
		uint64_t total;
		double limit;
		bool holds;
	} cases[] = {
		{ 85, 100, 85, true },
		{ 8499, 10000, 85, false },
		{ 8499, 10000, 84.99, true },
		{ 84999999, 100000000, 85, false },
		{ 1, 3, 33.33, true },
		{ 1, 3, 33.34, false },
		{ 2, 3, 66.7, false },
		{ 7, 10, 70, true },
		{ 289, 1000, 28.9, true },
		{ 0, 1, 0, true },
		{ 1, 1, 100, true },
		{ 67108863, 67108864, 100, false },
		{ 67108864, 67108864, 100, true },
		/* nothing known is never enough */
		{ 0, 0, 0, false },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		if (tally_coverage_holds(cases[i].covered, cases[i].total, cases[i].limit) !=
		    cases[i].holds)
			fail_msg("%d of %d, %g %%", (int)cases[i].covered, (int)cases[i].total,
				 cases[i].limit);
	assert_int_equal(tally_hundredths(84999999, 100000000), 8499);
	assert_int_equal(tally_hundredths(2, 3), 6666);
	assert_int_equal(tally_hundredths(3, 3), 10000);
	assert_int_equal(tally_hundredths(0, 0), 0);
}

/* A file of this text in the scratch directory of the test. */
static void write_file(const char *name, const char *inside)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fprintf(file, "<testsuite name='s'>%s</testsuite>", inside) > 0);
	assert_int_equal(fclose(file), 0);
}

#define PASS(name)  "<testcase classname='k' name='" name "'/>"
#define FAIL(name)  "<testcase classname='k' name='" name "'><failure/></testcase>"
#define BROKE(name) "<testcase classname='k' name='" name "'><error/></testcase>"
#define SKIP(name)  "<testcase classname='k' name='" name "'><skipped/></testcase>"

static const struct {
	const char *before;
	const char *after;
	const char *regressions; /* names with a blank behind each */
	const char *gone;
	const char *skipped;
} comparisons[] = {
	{ PASS("a") PASS("b"), PASS("b") PASS("a"), "", "", "" },
	{ PASS("a") PASS("b"), FAIL("b") PASS("a"), "k.b ", "", "" },
	{ PASS("a") PASS("b"), BROKE("b") BROKE("a"), "k.b k.a ", "", "" },
	/* what failed before has not become worse */
	{ FAIL("a") SKIP("b") PASS("c"), FAIL("a") FAIL("b") PASS("c"), "", "", "" },
	{ PASS("c"), PASS("c") FAIL("new"), "", "", "" },
	{ PASS("a") PASS("b") PASS("c"), PASS("b"), "", "k.a k.c ", "" },
	{ PASS("a") PASS("b"), SKIP("a") PASS("b"), "", "", "k.a " },
	/* what holds it fails: its class, its module, its package, the test it was part of */
	{ PASS("a") PASS("b"), "<testcase name='k'><error/></testcase>" PASS("b"), "k.a ", "", "" },
	{ PASS("a"), "<testcase classname='k' name='initializationError'><error/></testcase>",
	  "k.a ", "", "" },
	{ PASS("a") PASS("a/b") PASS("ab"), FAIL("a"), "k.a k.a/b ", "k.ab ", "" },
	{ PASS("a[1]"), FAIL("a"), "k.a[1] ", "", "" },
	{ "<testcase classname='x.k' name='a'/>", PASS("b") "<error/>", "", "x.k.a ", "" },
	{ "<testcase classname='s' name='a'/>", PASS("b") "<error/>", "s.a ", "", "" },
	/* the same name several times */
	{ PASS("a") PASS("a"), PASS("a") FAIL("a"), "k.a ", "", "" },
	{ PASS("a") FAIL("a"), PASS("a") FAIL("a"), "", "", "" },
	{ PASS("a") FAIL("a"), FAIL("a") FAIL("a"), "k.a ", "", "" },
	{ PASS("a") PASS("a"), PASS("a"), "", "k.a ", "" },
	{ PASS("a") FAIL("a"), PASS("a"), "", "", "" },
	{ PASS("a") PASS("a"), PASS("a") SKIP("a"), "", "", "k.a " },
};

static void assert_names(size_t number, const char *what, const struct tally_names *names,
			 const char *expected)
{
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < names->count; i++)
		buf_printf(&text, "%s ", names->items[i]);
	if (strcmp(text.data, expected) != 0)
		fail_msg("comparison %zu, %s: '%s', not '%s'", number, what, text.data, expected);
}

static void compares_with_before(unused_arg void **state)
{
	static const char *const after[] = { "after.xml" };
	static const char *const before[] = { "before.xml" };
	const struct tally_request request = {
		.files = after, .file_count = 1, .baselines = before, .baseline_count = 1
	};

	for (size_t i = 0; i < array_size(comparisons); i++) {
		struct error err = ERROR_INIT;
		auto_tally struct tally *tally = NULL;

		write_file("before.xml", comparisons[i].before);
		write_file("after.xml", comparisons[i].after);
		assert_success(tally_run(&request, &tally, &err), err);
		assert_names(i, "regressions", &tally->regressions, comparisons[i].regressions);
		assert_names(i, "gone", &tally->gone, comparisons[i].gone);
		assert_names(i, "skipped", &tally->skipped_now, comparisons[i].skipped);
	}
}

static void decides_on_tests(unused_arg void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{ PASS("a"), true },
		{ PASS("a") SKIP("b"), true },
		{ PASS("a") FAIL("b"), false },
		{ PASS("a") BROKE("b"), false },
		{ SKIP("a"), false },
		{ PASS("a") "<testsuite failures='1'/>", false },
	};
	static const char *const files[] = { "after.xml" };
	const struct tally_request request = { .files = files, .file_count = 1 };

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_tally struct tally *tally = NULL;

		write_file("after.xml", cases[i].text);
		assert_success(tally_run(&request, &tally, &err), err);
		assert_int_equal(tally_tests_hold(tally), cases[i].holds);
	}
}

static int enter_scratch(unused_arg void **state)
{
	static char folder[] = "/tmp/seatrial-tally.XXXXXX";

	return mkdtemp(folder) != NULL ? chdir(folder) : -1;
}

static int leave_scratch(unused_arg void **state)
{
	auto_free char *folder = getcwd(NULL, 0);

	(void)unlink("before.xml");
	(void)unlink("after.xml");
	return folder != NULL && chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_percentages_exactly),
		cmocka_unit_test(compares_with_before),
		cmocka_unit_test(decides_on_tests),
	};

	return cmocka_run_group_tests_name("tally", tests, enter_scratch, leave_scratch);
}
