#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/coverage.h"

typedef int add_report(struct coverage *coverage, const void *data, size_t size, struct error *err);

static int add(add_report *function, struct coverage *coverage, const char *text, struct error *err)
{
	return function(coverage, text, strlen(text), err);
}

#define COBERTURA(inside)                                                                          \
	"<coverage><packages><package name='p'><classes>" inside "</classes></package></packages>" \
	"</coverage>"
#define CLASS(name, file, lines) \
	"<class name='" name "' filename='" file "'><methods/><lines>" lines "</lines></class>"
#define LINE(number, hits) "<line number='" number "' hits='" hits "'/>"

static const struct {
	add_report *add;
	const char *text;
	uint64_t covered;
	uint64_t total;
	const char *note; /* NULL for none */
} good[] = {
	{ coverage_add_cobertura, COBERTURA(CLASS("a", "a.py", LINE("1", "1") LINE("2", "0"))), 1,
	  2, NULL },
	/* rates that are claimed do not count */
	{ coverage_add_cobertura,
	  "<coverage line-rate='1' lines-valid='9' lines-covered='1'><packages>"
	  "<package line-rate='1'>" CLASS(
		  "a", "a.py", LINE("1", "1") LINE("2", "0")) "</package></packages></coverage>",
	  1, 2, "lines: it claims 9; counted: 2" },
	{ coverage_add_cobertura,
	  "<coverage lines-valid='1' lines-covered='0'>" CLASS("a", "a.py",
							       LINE("1", "1")) "</coverage>",
	  1, 1, "covered lines: it claims 0; counted: 1" },
	/* a line of a method is a line of its class, and there once */
	{ coverage_add_cobertura,
	  COBERTURA("<class name='a' filename='A.java'><methods><method name='m'><lines>" LINE(
		  "1", "3") "</lines></method></methods><lines>" LINE("1", "3")
			    LINE("2", "0") "</lines></class>"),
	  1, 2, NULL },
	{ coverage_add_cobertura,
	  COBERTURA("<class name='a' filename='A.java'><methods><method name='m'><lines>" LINE(
		  "1", "3") "</lines></method></methods></class>"),
	  1, 1, NULL },
	/* an inner class is part of the same file */
	{ coverage_add_cobertura,
	  COBERTURA(CLASS("A", "A.java", LINE("1", "0") LINE("2", "0"))
			    CLASS("A$B", "A.java", LINE("2", "1") LINE("3", "1"))),
	  2, 3, NULL },
	/* the same class twice: two source folders, each with a file of this name */
	{ coverage_add_cobertura,
	  COBERTURA(CLASS("m.py", "m.py", LINE("1", "1") LINE("2", "1"))
			    CLASS("m.py", "m.py", LINE("1", "0") LINE("2", "0"))
				    CLASS("m.py", "m.py", LINE("1", "0"))),
	  2, 5, NULL },
	/* any number of hits, and counters that ran over */
	{ coverage_add_cobertura,
	  COBERTURA(CLASS("a", "a.c",
			  LINE("1", "99999999999999999999999") LINE("2", "-1") LINE("3", "00"))),
	  1, 3, NULL },
	/* cut down to its totals */
	{ coverage_add_cobertura, "<coverage lines-valid='10' lines-covered='8'/>", 8, 10, NULL },
	{ coverage_add_lcov, "TN:\nSF:a.c\nDA:1,1\nDA:2,0\nend_of_record\n", 1, 2, NULL },
	{ coverage_add_lcov, "SF:a.c\r\nDA:1,1,checksum\r\nend_of_record\r\n", 1, 1, NULL },
	{ coverage_add_lcov, "SF:a.c\nDA:1,1\nend_of_record", 1, 1, NULL },
	{ coverage_add_lcov,
	  "\xef\xbb\xbf# comment\nTN:x\nSF:a.c\nVER:1\nFN:1,f\nFNDA:1,f\nBRDA:1,0,0,-\nBRF:1\n\n"
	  "DA:1,0\nLF:1\nLH:0\nend_of_record\n",
	  0, 1, NULL },
	/* a record for each test: the same file */
	{ coverage_add_lcov,
	  "TN:a\nSF:a.c\nDA:1,1\nDA:2,0\nend_of_record\nTN:b\nSF:a.c\nDA:1,0\nDA:2,7\n"
	  "end_of_record\n",
	  2, 2, NULL },
	{ coverage_add_lcov, "SF:a.c\nLF:10\nLH:8\nend_of_record\n", 8, 10, NULL },
	{ coverage_add_lcov, "SF:a.c\nDA:1,1\nDA:2,1\nDA:3,0\nLF:3\nLH:1\nend_of_record\n", 2, 3,
	  "a.c: covered lines: it claims 1; counted: 2" },
	{ coverage_add_lcov, "SF:a.c\nDA:1,1\nLF:9\nend_of_record\n", 1, 1, NULL },
	/* lines that ran and are no statements: coverage.py lists them and does not count them */
	{ coverage_add_lcov,
	  "SF:a.py\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\nLF:2\nLH:1\nend_of_record\n"
	  "SF:__init__.py\nDA:1,1\nLF:0\nLH:0\nend_of_record\n",
	  1, 2, NULL },
	{ coverage_add_lcov, "SF:a.py\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\nLF:2\nLH:3\nend_of_record\n",
	  1, 2, NULL },
	{ coverage_add_coverage_py,
	  "{\"files\": {\"a.py\": {\"executed_lines\": [1, 5, 6], \"missing_lines\": [2],"
	  " \"excluded_lines\": [5, 6], \"summary\": {\"num_statements\": 2,"
	  " \"covered_lines\": 1}}}, \"totals\": {\"num_statements\": 2, \"covered_lines\": 1}}",
	  1, 2, NULL },
	/* totals give way to lines of the same file */
	{ coverage_add_lcov, "SF:a.c\nLF:10\nLH:8\nend_of_record\nSF:a.c\nDA:1,0\nend_of_record\n",
	  0, 1, NULL },
	{ coverage_add_coverage_py,
	  "{\"files\": {\"a.py\": {\"executed_lines\": [1, 3], \"missing_lines\": [2]}}}", 2, 3,
	  NULL },
	{ coverage_add_coverage_py,
	  "{\"files\": {\"a.py\": {\"executed_lines\": [1], \"missing_lines\": [2, 1]}},"
	  " \"totals\": {\"num_statements\": 2, \"covered_lines\": 2}}",
	  1, 2, "covered lines: it claims 2; counted: 1" },
	{ coverage_add_coverage_py,
	  "{\"files\": {\"a.py\": {\"summary\": {\"num_statements\": 4, \"covered_lines\": 3}}}}",
	  3, 4, NULL },
};

static void counts_lines(unused_arg void **state)
{
	for (size_t i = 0; i < array_size(good); i++) {
		struct error err = ERROR_INIT;
		auto_coverage struct coverage *coverage = NULL;
		struct coverage_sum sum = { 0 };

		assert_success(coverage_new(&coverage, &err), err);
		assert_success(add(good[i].add, coverage, good[i].text, &err), err);
		assert_success(coverage_count(coverage, &sum, &err), err);
		free(sum.files);
		if (sum.total != good[i].total || sum.covered != good[i].covered)
			fail_msg("%s: %d of %d", good[i].text, (int)sum.covered, (int)sum.total);
		if (good[i].note == NULL)
			assert_null(coverage_note(coverage, 0));
		else
			assert_string_equal(coverage_note(coverage, 0), good[i].note);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		add_report *add;
		const char *text;
		const char *why;
	} cases[] = {
		{ coverage_add_cobertura, "<testsuite/>", "its root element is 'testsuite'" },
		{ coverage_add_cobertura, "<coverage/>", "it tells of no line" },
		{ coverage_add_cobertura, COBERTURA(""), "it tells of no line" },
		/* a rate is rounded: nothing can be decided by it */
		{ coverage_add_cobertura, "<coverage line-rate='0.85'/>", "it tells of no line" },
		{ coverage_add_cobertura, "<coverage lines-valid='0' lines-covered='0'/>",
		  "it tells of no line" },
		{ coverage_add_cobertura, "<coverage lines-valid='1' lines-covered='2'/>",
		  "it claims 2 covered lines of 1" },
		{ coverage_add_cobertura,
		  "<coverage lines-valid='18446744073709551615' lines-covered='1'/>",
		  "claims more than" },
		{ coverage_add_cobertura, "<coverage>\n" LINE("1", "1") "</coverage>",
		  "line 2: a line outside of a class" },
		{ coverage_add_cobertura, COBERTURA("<class name='a'/>"), "without a file name" },
		{ coverage_add_cobertura, COBERTURA("<class filename='a'><class filename='b'/>"),
		  "a class within a class" },
		{ coverage_add_cobertura, COBERTURA(CLASS("a", "a", LINE("x", "1"))),
		  "'x' is no line number" },
		{ coverage_add_cobertura, COBERTURA(CLASS("a", "a", LINE("4294967296", "1"))),
		  "is no line number" },
		{ coverage_add_cobertura, COBERTURA(CLASS("a", "a", LINE("1", ""))),
		  "'' is no number of hits" },
		{ coverage_add_cobertura, COBERTURA(CLASS("a", "a", LINE("1", "-"))),
		  "'-' is no number of hits" },
		{ coverage_add_cobertura, COBERTURA(CLASS("a", "a", LINE("1", "1.5"))),
		  "'1.5' is no number of hits" },
		{ coverage_add_cobertura, COBERTURA(CLASS("a", "a", "<line number='1'/>")),
		  "'' is no number of hits" },
		{ coverage_add_lcov, "TN:x\n", "it tells of no line" },
		{ coverage_add_lcov, "SF:a\nDA:1,1\n", "line 2: it ends within the record of 'a'" },
		{ coverage_add_lcov, "SF:a\nSF:b\n", "line 2: SF within a record" },
		{ coverage_add_lcov, "SF:\n", "SF without a file name" },
		{ coverage_add_lcov, "DA:1,1\n", "line 1: DA outside of a record" },
		{ coverage_add_lcov, "LF:1\n", "LF outside of a record" },
		{ coverage_add_lcov, "end_of_record\n", "end_of_record outside of a record" },
		{ coverage_add_lcov, "SF:a\nDA:1\n", "'DA:1' is no line and its count" },
		{ coverage_add_lcov, "SF:a\nDA:,1\n", "is no line and its count" },
		{ coverage_add_lcov, "SF:a\nDA:1,\n", "is no line and its count" },
		{ coverage_add_lcov, "SF:a\nDA:1,x\n", "is no line and its count" },
		{ coverage_add_lcov, "SF:a\nLF:x\n", "'LF:x' is no number of lines" },
		{ coverage_add_lcov, "SF:a\nLF:1\nLH:2\nend_of_record\n",
		  "it claims 2 covered lines of 1" },
		{ coverage_add_lcov, "SF:a\nrubbish\n", "line 2: no record of LCOV" },
		{ coverage_add_lcov, "SF:a\nDA\n", "line 2: no record of LCOV" },
		{ coverage_add_coverage_py, "{", "no JSON" },
		{ coverage_add_coverage_py, "{}", "JSON, but no report of coverage.py" },
		{ coverage_add_coverage_py, "{\"files\": []}",
		  "'files' of the report is no object" },
		{ coverage_add_coverage_py, "{\"files\": {}}", "it tells of no line" },
		{ coverage_add_coverage_py, "{\"files\": {\"a\": 1}}", "a is no object" },
		{ coverage_add_coverage_py, "{\"files\": {\"a\": {\"executed_lines\": [1, -1]}}}",
		  "'executed_lines' of a: item 1 is no line number" },
		{ coverage_add_coverage_py, "{\"files\": {\"a\": {\"missing_lines\": [\"1\"]}}}",
		  "item 0 is no line number" },
		{ coverage_add_coverage_py,
		  "{\"files\": {\"a\": {\"summary\": {\"num_statements\": 1,"
		  " \"covered_lines\": 2}}}}",
		  "a: it claims 2 covered lines of 1" },
		{ coverage_add_coverage_py, "{\"files\": {}, \"totals\": {\"num_statements\": 1}}",
		  "has no 'covered_lines'" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_coverage struct coverage *coverage = NULL;

		assert_success(coverage_new(&coverage, &err), err);
		assert_failure(add(cases[i].add, coverage, cases[i].text, &err), err, ERROR_INPUT,
			       cases[i].why);
	}
}

/* Three kinds of report about the same files are one. */
static void merges_reports(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_coverage struct coverage *coverage = NULL;
	struct coverage_sum sum = { 0 };

	assert_success(coverage_new(&coverage, &err), err);
	assert_success(
		add(coverage_add_lcov, coverage, "SF:b\nDA:1,0\nDA:2,1\nend_of_record\n", &err),
		err);
	assert_success(add(coverage_add_cobertura, coverage,
			   COBERTURA(CLASS("b", "b", LINE("1", "1") LINE("3", "0"))), &err),
		       err);
	assert_success(add(coverage_add_coverage_py, coverage,
			   "{\"files\": {\"a\": {\"executed_lines\": [9], \"missing_lines\": [8]},"
			   " \"b\": {\"missing_lines\": [1, 4]}}}",
			   &err),
		       err);
	assert_success(coverage_count(coverage, &sum, &err), err);
	assert_int_equal(sum.count, 2);
	assert_string_equal(sum.files[0].name, "a");
	assert_int_equal(sum.files[0].covered, 1);
	assert_int_equal(sum.files[0].total, 2);
	assert_string_equal(sum.files[1].name, "b");
	assert_int_equal(sum.files[1].covered, 2);
	assert_int_equal(sum.files[1].total, 4);
	assert_int_equal(sum.covered, 3);
	assert_int_equal(sum.total, 6);
	assert_null(coverage_note(coverage, 0));
	free(sum.files);
}

static void keeps_totals_apart(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_coverage struct coverage *coverage = NULL;
	struct coverage_sum sum = { 0 };

	assert_success(coverage_new(&coverage, &err), err);
	for (int i = 0; i < 2; i++)
		assert_success(add(coverage_add_cobertura, coverage,
				   "<coverage lines-valid='10' lines-covered='8'/>", &err),
			       err);
	assert_success(coverage_count(coverage, &sum, &err), err);
	assert_int_equal(sum.total, 20);
	assert_int_equal(sum.covered, 16);
	free(sum.files);
	/* more than exact comparisons can hold */
	for (int i = 0; i < 2; i++)
		assert_success(add(coverage_add_cobertura, coverage,
				   "<coverage lines-valid='67108864' lines-covered='8'/>", &err),
			       err);
	assert_failure(coverage_count(coverage, &sum, &err), err, ERROR_INPUT, "more than");
}

static void nothing_is_nothing(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_coverage struct coverage *coverage = NULL;
	struct coverage_sum sum = { 0 };

	assert_success(coverage_new(&coverage, &err), err);
	assert_success(coverage_count(coverage, &sum, &err), err);
	assert_int_equal(sum.total, 0);
	assert_int_equal(sum.count, 0);
	free(sum.files);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_lines),	      cmocka_unit_test(refuses),
		cmocka_unit_test(merges_reports),     cmocka_unit_test(keeps_totals_apart),
		cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
