#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/junit.h"

static int parse(const char *text, struct junit **ret_junit, struct error *err)
{
	return junit_parse(text, strlen(text), ret_junit, err);
}

/* One test case within a suite named s, and what must come of it. */
static const struct {
	const char *text;
	const char *name;
	enum junit_outcome outcome;
	const char *message;
	size_t failures;
} single_cases[] = {
	{ "<testcase classname='c' name='n'/>", "c.n", JUNIT_PASSED, NULL, 0 },
	{ "<testcase name='n' classname='c'><system-out>failure</system-out></testcase>", "c.n",
	  JUNIT_PASSED, NULL, 0 },
	{ "<testcase name='n'/>", "s > n", JUNIT_PASSED, NULL, 0 },
	{ "<testcase classname='' name='n'/>", "s > n", JUNIT_PASSED, NULL, 0 },
	{ "<testcase/>", "s", JUNIT_PASSED, NULL, 0 },
	{ "<testcase classname='c' name=''/>", "c", JUNIT_PASSED, NULL, 0 },
	{ "<testcase classname='c' name='c'/>", "c", JUNIT_PASSED, NULL, 0 },
	/* Node's own runner */
	{ "<testcase classname='test' name='n'/>", "s > n", JUNIT_PASSED, NULL, 0 },
	{ "<testcase name='n' classname='c'><failure message='m' type='t'>d</failure></testcase>",
	  "c.n", JUNIT_FAILED, "m", 1 },
	{ "<testcase name='n' classname='c'><failure type='t'/></testcase>", "c.n", JUNIT_FAILED,
	  "t", 1 },
	{ "<testcase name='n' classname='c'><failure message=' '>\n\n  first\n second</failure>"
	  "</testcase>",
	  "c.n", JUNIT_FAILED, "first", 1 },
	{ "<testcase name='n' classname='c'><failure/></testcase>", "c.n", JUNIT_FAILED, NULL, 1 },
	/* gotestsum and go-junit-report */
	{ "<testcase name='n' classname='c'><failure message='Failed'>=== RUN   n\n"
	  "    n_test.go:5: want 1\n--- FAIL: n</failure></testcase>",
	  "c.n", JUNIT_FAILED, "n_test.go:5: want 1", 1 },
	{ "<testcase name='n' classname='c'><failure message='Failed'/></testcase>", "c.n",
	  JUNIT_FAILED, "Failed", 1 },
	{ "<testcase name='n' classname='c'><error message='m'/></testcase>", "c.n", JUNIT_ERROR,
	  "m", 1 },
	{ "<testcase name='n' classname='c'><failure message='a'/><failure message='b'/>"
	  "</testcase>",
	  "c.n", JUNIT_FAILED, "a", 2 },
	{ "<testcase name='n' classname='c'><failure message='a'/><error message='b'/></testcase>",
	  "c.n", JUNIT_ERROR, "a", 2 },
	{ "<testcase name='n' classname='c'><skipped message='why'/></testcase>", "c.n",
	  JUNIT_SKIPPED, "why", 0 },
	{ "<testcase name='n' classname='c'><skipped/><failure message='m'/></testcase>", "c.n",
	  JUNIT_FAILED, "m", 1 },
	{ "<testcase name='n' classname='c'><failure message='m'/><skipped message='s'/></testcase>",
	  "c.n", JUNIT_FAILED, "m", 1 },
	/* Surefire's retries */
	{ "<testcase name='n' classname='c'><flakyFailure message='m'><stackTrace>x</stackTrace>"
	  "</flakyFailure></testcase>",
	  "c.n", JUNIT_PASSED, NULL, 0 },
	{ "<testcase name='n' classname='c'><failure message='m'/><rerunFailure message='r'/>"
	  "</testcase>",
	  "c.n", JUNIT_FAILED, "m", 1 },
	/* googletest's disabled tests, and states without an element */
	{ "<testcase name='n' classname='c' status='notrun' result='suppressed'/>", "c.n",
	  JUNIT_SKIPPED, NULL, 0 },
	{ "<testcase name='n' classname='c' status='run' result='completed'/>", "c.n", JUNIT_PASSED,
	  NULL, 0 },
	{ "<testcase name='n' classname='c' status='Failed'/>", "c.n", JUNIT_FAILED, NULL, 1 },
	/* what is told of a failure within it is no failure of its own */
	{ "<testcase name='n' classname='c'><failure message='m'><error/>t</failure></testcase>",
	  "c.n", JUNIT_FAILED, "m", 1 },
	{ "<testcase name='n' classname='c'><properties><error/></properties></testcase>", "c.n",
	  JUNIT_PASSED, NULL, 0 },
	/* at the suite itself */
	{ "<error message='no set-up'/>", "s", JUNIT_ERROR, "no set-up", 1 },
	{ "<failure>\nbroken\n</failure>", "s", JUNIT_FAILED, "broken", 1 },
};

static void knows_the_dialects(unused_arg void **state)
{
	for (size_t i = 0; i < array_size(single_cases); i++) {
		struct error err = ERROR_INIT;
		auto_junit struct junit *junit = NULL;
		auto_buf struct buf text;

		buf_init(&text, BUF_MAX_DEFAULT);
		buf_printf(&text, "<testsuites><testsuite name='s'>%s</testsuite></testsuites>",
			   single_cases[i].text);
		assert_success(parse(text.data, &junit, &err), err);
		assert_int_equal(junit->count, 1);
		assert_string_equal(junit->cases[0].name, single_cases[i].name);
		if (junit->cases[0].outcome != single_cases[i].outcome)
			fail_msg("%s: %s", single_cases[i].text,
				 junit_outcome_name(junit->cases[0].outcome));
		assert_int_equal(junit->cases[0].failure_count, single_cases[i].failures);
		if (single_cases[i].message == NULL)
			assert_null(junit->cases[0].message);
		else
			assert_string_equal(junit->cases[0].message, single_cases[i].message);
		assert_int_equal(junit->note_count, 0);
		assert_false(junit->hidden_failures);
	}
}

static void walks_nested_suites(unused_arg void **state)
{
	static const char text[] =
		"<testsuites><testcase name='top'/><testsuite name='a'><testcase name='x'/>"
		"<testsuite><testsuite name='b'><testcase name='y'><failure/></testcase></testsuite>"
		"</testsuite><testcase classname='k' name='z'/></testsuite></testsuites>";
	static const char *const names[] = { "top", "a > x", "a > b > y", "k.z" };
	struct error err = ERROR_INIT;
	auto_junit struct junit *junit = NULL;

	assert_success(parse(text, &junit, &err), err);
	assert_int_equal(junit->count, array_size(names));
	for (size_t i = 0; i < array_size(names); i++)
		assert_string_equal(junit->cases[i].name, names[i]);
	assert_int_equal(junit->cases[2].outcome, JUNIT_FAILED);
}

static void compares_claims(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *note; /* NULL for none */
		bool hidden;
	} cases[] = {
		{ "<testsuite tests='1' failures='0' errors='0'><testcase name='a'/></testsuite>",
		  NULL, false },
		{ "<testsuite><testcase name='a'><error/></testcase></testsuite>", NULL, false },
		{ "<testsuite name='s' tests='2'><testcase name='a'/></testsuite>",
		  "suite 's' claims 2 tests; counted: 1", false },
		{ "<testsuite tests='0'/>", NULL, false },
		{ "<testsuite tests='3'/>", "it claims 3 tests; counted: 0", false },
		{ "<testsuite failures='1'><testcase name='a'/></testsuite>",
		  "it claims 1 failures and errors; counted: 0", true },
		{ "<testsuite errors='2' failures='1'><testcase name='a'><error/></testcase>"
		  "</testsuite>",
		  "it claims 3 failures and errors; counted: 1", true },
		{ "<testsuite failures='0' errors='0'><testcase name='a'><error/></testcase>"
		  "</testsuite>",
		  "it claims 0 failures and errors; counted: 1", false },
		/* Catch2 counts assertions */
		{ "<testsuite failures='2'><testcase name='a'><failure/><failure/></testcase>"
		  "</testsuite>",
		  NULL, false },
		/* no number is no claim */
		{ "<testsuite tests='many' failures='-1' errors=''><testcase name='a'/></testsuite>",
		  NULL, false },
		/* Node's own runner: a test with subtests that fails itself */
		{ "<testsuites><testsuite name='t' failures='0'><testcase name='a'/></testsuite>"
		  "<!-- tests 2 --><!-- fail 1 --><!-- cancelled 0 --></testsuites>",
		  "it claims 1 failures and errors; counted: 0", true },
		{ "<testsuites><testcase name='a'/><!-- fail 0 --></testsuites>", NULL, false },
		{ "<testsuites><testcase name='a'/><!-- fail over --></testsuites>", NULL, false },
		/* all that can be claimed does not wrap round to nothing */
		{ "<testsuite errors='18446744073709551615' failures='1'><testcase name='a'/>"
		  "</testsuite>",
		  "claims 18446744073709551615 failures", true },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_junit struct junit *junit = NULL;

		assert_success(parse(cases[i].text, &junit, &err), err);
		if (junit->note_count != (cases[i].note != NULL))
			fail_msg("%s: %zu notes", cases[i].text, junit->note_count);
		if (cases[i].note != NULL && strstr(junit->notes[0], cases[i].note) == NULL)
			fail_msg("note '%s' is not '%s'", junit->notes[0], cases[i].note);
		assert_int_equal(junit->hidden_failures, cases[i].hidden);
	}
}

static void reads_times(unused_arg void **state)
{
	static const struct {
		const char *text;
		bool timed;
		uint64_t nanoseconds;
	} cases[] = {
		{ "0.001", true, 1000000 },
		{ "12", true, 12000000000 },
		{ "1,234.5", true, 1234500000000 },
		{ "0,25", true, 250000000 },
		{ "1.2E-4", true, 120000 },
		{ "", false, 0 },
		{ "-1", false, 0 },
		{ "nan", false, 0 },
		{ "inf", false, 0 },
		{ "1e300", false, 0 },
		{ "1 s", false, 0 },
		{ "0x10", false, 0 },
		{ "0000000000000000000000000000000000000000000000000000000000000000000000001",
		  false, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_junit struct junit *junit = NULL;
		auto_buf struct buf text;

		buf_init(&text, BUF_MAX_DEFAULT);
		buf_printf(&text, "<testsuite><testcase name='n' time='%s'/></testsuite>",
			   cases[i].text);
		assert_success(parse(text.data, &junit, &err), err);
		assert_int_equal(junit->cases[0].timed, cases[i].timed);
		if (cases[i].timed)
			assert_int_equal(junit->cases[0].nanoseconds, cases[i].nanoseconds);
	}
}

static void keeps_details_and_source(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_junit struct junit *junit = NULL;
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_add_string(&text, "<testsuite><testcase name='n' file='t.py' line='7'><failure>\n x");
	/* two bytes each, from an odd place on: the bound falls into a character */
	for (size_t i = 0; i < JUNIT_DETAILS_MAX; i++)
		buf_add_string(&text, "\xc3\xa9");
	buf_add_string(&text, "&#10;tail</failure></testcase>");
	buf_add_string(&text, "<testcase name='m' file='u.py'/></testsuite>");
	assert_success(parse(text.data, &junit, &err), err);
	assert_string_equal(junit->cases[0].source, "t.py:7");
	assert_string_equal(junit->cases[1].source, "u.py");
	assert_true(strlen(junit->cases[0].details) <= JUNIT_DETAILS_MAX);
	assert_true(strlen(junit->cases[0].details) > JUNIT_DETAILS_MAX - 8);
	assert_int_equal(strlen(junit->cases[0].details) % 2, 1);
	assert_null(strstr(junit->cases[0].details, "tail"));
	assert_null(junit->cases[1].details);
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "<coverage/>", "its root element is 'coverage'" },
		{ "<testcase/>", "its root element is 'testcase'" },
		{ "<testsuite>\n<testcase><testcase/></testcase></testsuite>",
		  "line 2: 'testcase' stands where none may be" },
		{ "<testsuite><testcase><testsuite/></testcase></testsuite>",
		  "'testsuite' stands" },
		{ "<testsuite><properties><testcase/></properties></testsuite>",
		  "'testcase' stands" },
		{ "<testsuite><testcase><failure>", "ends too early" },
		{ "<testsuite><testcase name='a'><failure message='m'>t</failure>",
		  "ends too early" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct junit *junit = NULL;

		assert_failure(parse(cases[i].text, &junit, &err), err, ERROR_INPUT, cases[i].why);
		assert_null(junit);
	}
}

static void bounds_what_it_keeps(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	struct junit *junit = NULL;
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	for (int i = 0; i < 65; i++)
		buf_add_string(&text, "<testsuite>");
	assert_failure(parse(text.data, &junit, &err), err, ERROR_INPUT, "suites nested more than");
	buf_clear(&text);
	buf_add_string(&text, "<testsuite name='");
	for (int i = 0; i < 70000; i++)
		buf_add_char(&text, 'x');
	buf_add_string(&text, "'/>");
	assert_failure(parse(text.data, &junit, &err), err, ERROR_INPUT, "a name is longer");
	/* a long suite's name stands in the name of each of its tests */
	buf_clear(&text);
	buf_add_string(&text, "<testsuite name='");
	for (int i = 0; i < 60000; i++)
		buf_add_char(&text, 'x');
	buf_add_string(&text, "'>");
	for (int i = 0; i < 3000; i++)
		buf_add_string(&text, "<testcase/>");
	buf_add_string(&text, "</testsuite>");
	assert_failure(parse(text.data, &junit, &err), err, ERROR_INPUT, "larger than 128 MiB");
}

static void bounds_its_notes(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_junit struct junit *junit = NULL;
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_add_string(&text, "<testsuites>");
	for (size_t i = 0; i < JUNIT_NOTES_MAX + 5; i++)
		buf_add_string(&text, "<testsuite tests='1'/>");
	buf_add_string(&text, "</testsuites>");
	assert_success(parse(text.data, &junit, &err), err);
	assert_int_equal(junit->note_count, JUNIT_NOTES_MAX);
	assert_int_equal(junit->notes_dropped, 5);
}

static void names_what_holds_a_test(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *container; /* NULL for none */
	} cases[] = {
		{ "<testcase classname='c.K' name='t'/>", NULL },
		{ "<testcase classname='c.K' name=''/>", NULL },
		{ "<testcase classname='c.K' name='c.K'/>", "c.K" },
		{ "<testcase classname='c.K' name='initializationError'/>", "c.K" },
		{ "<testcase classname='' name='tests.test_app'/>", "tests.test_app" },
		{ "<testcase classname='' name='TestMain'/>", "s" },
		{ "<error/>", "s" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_junit struct junit *junit = NULL;
		auto_buf struct buf text;

		buf_init(&text, BUF_MAX_DEFAULT);
		buf_printf(&text, "<testsuite name='s'>%s</testsuite>", cases[i].text);
		assert_success(parse(text.data, &junit, &err), err);
		if (cases[i].container == NULL)
			assert_null(junit->cases[0].container);
		else
			assert_string_equal(junit->cases[0].container, cases[i].container);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_dialects),	    cmocka_unit_test(walks_nested_suites),
		cmocka_unit_test(compares_claims),	    cmocka_unit_test(reads_times),
		cmocka_unit_test(keeps_details_and_source), cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_what_it_keeps),	    cmocka_unit_test(bounds_its_notes),
		cmocka_unit_test(names_what_holds_a_test),
	};

	return cmocka_run_group_tests_name("junit", tests, NULL, NULL);
}
