#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/doc.h"
#include "base/table.h"
#include "base/tap.h"
#include "check/tally.h"
#include "tool.h"

/* Files that are listed for people when coverage is too small; JSON has all. */
#define WORST_FILES ((size_t)10)

struct options {
	struct tool tool;
	struct option_percent min_coverage;
	struct option_list baselines;
};

static const struct option_spec option_table[] = {
	{ "min-coverage", 0, OPTION_PERCENT, offsetof(struct options, min_coverage), "PERCENT",
	  "fail below this much of lines covered (85%)", NULL },
	{ "baseline", 0, OPTION_LIST, offsetof(struct options, baselines), "FILE",
	  "a report of tests from before; fail where a test\n"
	  "that passed in it fails now; may come several times",
	  NULL },
	TOOL_OPTIONS(struct options),
};

static const struct program program = {
	.name = "test-tally",
	.operands = "FILE...",
	.summary = "Counts the results of tests (JUnit XML) and the lines that they cover\n"
		   "(Cobertura, LCOV, coverage.py's JSON); each FILE is told by its content,\n"
		   "- is standard input.\n"
		   "\n"
		   "Exit status: 0 some test passed and none failed, and every demand is met;\n"
		   "1 not so; 2 it could not be decided.",
	.options = option_table,
	.operands_min = 1,
	.operands_max = SIZE_MAX,
};

static double tally_percent(const struct tally *tally)
{
	return (double)tally->lines.covered * 100.0 / (double)tally->lines.total;
}

static bool coverage_holds(const struct options *options, const struct tally *tally)
{
	return !options->min_coverage.set ||
	       tally_coverage_holds(tally->lines.covered, tally->lines.total,
				    options->min_coverage.value);
}

static bool tally_holds(const struct options *options, const struct tally *tally)
{
	return (!tally->has_tests || tally_tests_hold(tally)) && coverage_holds(options, tally) &&
	       tally->regressions.count == 0;
}

static json_t *duration_json(const struct tally *tally)
{
	return tally->timed ? json_real((double)tally->nanoseconds / 1e6) : json_null();
}

static json_t *names_json(const struct tally_names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		(void)json_array_append_new(list, doc_text(names->items[i]));
	return list;
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? doc_text(text) : json_null();
}

static json_t *failures_json(const struct tally *tally)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tally->file_count; i++) {
		const struct junit *junit = tally->files[i].junit;

		for (size_t j = 0; junit != NULL && j < junit->count; j++) {
			const struct junit_case *item = &junit->cases[j];

			if (item->outcome < JUNIT_FAILED)
				continue;
			(void)json_array_append_new(
				list, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "name",
						doc_text(item->name), "file",
						doc_text(tally->files[i].name), "outcome",
						junit_outcome_name(item->outcome), "message",
						text_or_null(item->message), "details",
						text_or_null(item->details), "source",
						text_or_null(item->source)));
		}
	}
	return list;
}

static json_t *counts_json(const struct tally *tally)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)tally->total,
			 "passed", (json_int_t)tally->passed, "failed", (json_int_t)tally->failed,
			 "errors", (json_int_t)tally->errors, "skipped", (json_int_t)tally->skipped,
			 "duration_ms", duration_json(tally));
}

static json_t *tests_json(const struct tally *tally)
{
	json_t *tests;

	if (!tally->has_tests)
		return json_null();
	tests = counts_json(tally);
	(void)json_object_set_new(tests, "hidden_failures", json_boolean(tally->hidden_failures));
	(void)json_object_set_new(tests, "failures", failures_json(tally));
	return tests;
}

static json_t *lines_json(const struct tally *tally)
{
	return json_pack("{s:f, s:I, s:I}", "percent", tally_percent(tally), "lines_covered",
			 (json_int_t)tally->lines.covered, "lines_total",
			 (json_int_t)tally->lines.total);
}

static json_t *coverage_json(const struct tally *tally)
{
	json_t *coverage;
	json_t *files;

	if (!tally->has_coverage)
		return json_null();
	coverage = lines_json(tally);
	files = json_array();
	for (size_t i = 0; i < tally->lines.count; i++) {
		const struct coverage_file *file = &tally->lines.files[i];

		(void)json_array_append_new(
			files, json_pack("{s:o, s:I, s:I}", "file", doc_text(file->name),
					 "lines_covered", (json_int_t)file->covered, "lines_total",
					 (json_int_t)file->total));
	}
	(void)json_object_set_new(coverage, "files", files);
	return coverage;
}

static void add_check(json_t *checks, const char *name, bool holds, json_t *value, json_t *limit)
{
	(void)json_array_append_new(checks, json_pack("{s:s, s:b, s:o, s:o}", "name", name, "holds",
						      holds, "value", value, "limit", limit));
}

static json_t *checks_json(const struct options *options, const struct tally *tally)
{
	json_t *checks = json_array();

	if (tally->has_tests)
		add_check(checks, "tests", tally_tests_hold(tally),
			  json_integer((json_int_t)(tally->failed + tally->errors)),
			  json_integer(0));
	if (options->min_coverage.set)
		add_check(checks, "min-coverage", coverage_holds(options, tally),
			  json_real(tally_percent(tally)), json_real(options->min_coverage.value));
	if (tally->compared)
		add_check(checks, "regressions", tally->regressions.count == 0,
			  json_integer((json_int_t)tally->regressions.count), json_integer(0));
	return checks;
}

static json_t *files_json(const struct tally_file *files, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_pack("{s:o, s:s}", "file",
							    doc_text(files[i].name), "format",
							    report_format_name(files[i].format)));
	return list;
}

static void report_json(const struct options *options, const struct tally *tally)
{
	auto_doc json_t *doc = json_pack("{s:s}", "schema", "seatrial/test-tally/1");
	json_t *notes = json_array();

	for (size_t i = 0; i < tally->note_count; i++)
		(void)json_array_append_new(notes, doc_text(tally->notes[i]));
	(void)json_object_set_new(doc, "files", files_json(tally->files, tally->file_count));
	(void)json_object_set_new(doc, "tests", tests_json(tally));
	(void)json_object_set_new(doc, "coverage", coverage_json(tally));
	if (tally->compared)
		(void)json_object_set_new(doc, "baseline",
					  files_json(tally->baselines, tally->baseline_count));
	(void)json_object_set_new(doc, "regressions", names_json(&tally->regressions));
	(void)json_object_set_new(doc, "gone", names_json(&tally->gone));
	(void)json_object_set_new(doc, "skipped_now", names_json(&tally->skipped_now));
	(void)json_object_set_new(doc, "notes", notes);
	(void)json_object_set_new(doc, "checks", checks_json(options, tally));
	(void)json_object_set_new(doc, "verdict",
				  json_string(tally_holds(options, tally) ? "holds" : "fails"));
	tool_print_json(doc);
}

static json_t *failure_names(const struct tally *tally)
{
	json_t *names = json_array();

	for (size_t i = 0; i < tally->file_count; i++) {
		const struct junit *junit = tally->files[i].junit;

		for (size_t j = 0; junit != NULL && j < junit->count; j++)
			if (junit->cases[j].outcome >= JUNIT_FAILED)
				(void)json_array_append_new(names, doc_text(junit->cases[j].name));
	}
	return names;
}

static void tap_coverage(struct tap *tap, const struct options *options, const struct tally *tally)
{
	auto_doc json_t *values = lines_json(tally);
	char description[64];

	if (!options->min_coverage.set) {
		tap_test(tap, true, "coverage is known", values);
		return;
	}
	(void)json_object_set_new(values, "min_percent", json_real(options->min_coverage.value));
	(void)snprintf(description, sizeof description, "coverage is at least %.10g %%",
		       options->min_coverage.value);
	tap_test(tap, coverage_holds(options, tally), description, values);
}

static void report_tap(const struct options *options, const struct tally *tally)
{
	struct tap tap;

	tap_begin(&tap, stdout);
	for (size_t i = 0; i < tally->note_count; i++)
		tap_comment(&tap, tally->notes[i]);
	if (tally->has_tests) {
		auto_doc json_t *values = counts_json(tally);

		(void)json_object_set_new(values, "hidden_failures",
					  json_boolean(tally->hidden_failures));
		(void)json_object_set_new(values, "failures", failure_names(tally));
		tap_test(&tap, tally_tests_hold(tally), "tests pass", values);
	}
	if (tally->has_coverage)
		tap_coverage(&tap, options, tally);
	if (tally->compared) {
		auto_doc json_t *values =
			json_pack("{s:o, s:o, s:o, s:I}", "regressions",
				  names_json(&tally->regressions), "gone", names_json(&tally->gone),
				  "skipped_now", names_json(&tally->skipped_now), "passed_before",
				  (json_int_t)tally->passed_before);

		tap_test(&tap, tally->regressions.count == 0,
			 "no test that passed before fails now", values);
	}
	tap_end(&tap);
}

/* Names and messages are the reports'. */
static void print_line(const char *indent, const char *text, size_t size)
{
	auto_buf struct buf line;

	buf_init(&line, BUF_MAX_DEFAULT);
	text_escape(&line, text, size);
	(void)printf("%s%s\n", indent, line.data);
}

static void print_name(const char *indent, const char *name)
{
	print_line(indent, name, strlen(name));
}

static void print_failures(const struct tally *tally)
{
	for (size_t i = 0; i < tally->file_count; i++) {
		const struct junit *junit = tally->files[i].junit;

		for (size_t j = 0; junit != NULL && j < junit->count; j++) {
			const struct junit_case *item = &junit->cases[j];

			if (item->outcome < JUNIT_FAILED)
				continue;
			print_name(item->outcome == JUNIT_FAILED ? "failed  " : "error   ",
				   item->name);
			if (item->message != NULL)
				print_line("        ", item->message,
					   strcspn(item->message, "\r\n"));
			if (item->failure_count > 1)
				(void)printf("        and %zu more in this test\n",
					     item->failure_count - 1);
		}
	}
}

static void print_names(const char *title, const struct tally_names *names)
{
	if (names->count == 0)
		return;
	(void)printf("\n%s:\n", title);
	for (size_t i = 0; i < names->count; i++)
		print_name("  ", names->items[i]);
}

static int file_by_missing(const void *a, const void *b)
{
	const struct coverage_file *left = a;
	const struct coverage_file *right = b;
	uint64_t left_missing = left->total - left->covered;
	uint64_t right_missing = right->total - right->covered;

	if (left_missing != right_missing)
		return left_missing > right_missing ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* "84.99": rounded down, so that what fails never reads as if it held. */
static void add_percent(struct table *table, uint64_t covered, uint64_t total)
{
	uint64_t hundredths = tally_hundredths(covered, total);

	table_cellf(table, "%" PRIu64 ".%02" PRIu64 " %%", hundredths / 100, hundredths % 100);
}

static int print_worst_files(struct tally *tally, struct error *err)
{
	auto_table struct table *table = NULL;

	if (table_new("rrrl", &table, err) < 0)
		return -1;
	qsort(tally->lines.files, tally->lines.count, sizeof *tally->lines.files, file_by_missing);
	for (size_t i = 0; i < tally->lines.count && i < WORST_FILES; i++) {
		const struct coverage_file *file = &tally->lines.files[i];

		if (file->covered == file->total)
			break;
		table_cellf(table, "%" PRIu64, file->total - file->covered);
		table_cellf(table, "of %" PRIu64, file->total);
		add_percent(table, file->covered, file->total);
		table_cell(table, file->name);
	}
	(void)printf("\nlines not covered, most first:\n");
	return table_print(table, 2, stdout, err);
}

static void add_tests_row(struct table *table, const struct tally *tally)
{
	char duration[TEXT_FIGURE_MAX];

	table_cell(table, tally_tests_hold(tally) ? "holds" : "FAILS");
	table_cell(table, "tests");
	table_cellf(table, "%zu: %zu passed, %zu failed, %zu errors, %zu skipped%s%s", tally->total,
		    tally->passed, tally->failed, tally->errors, tally->skipped,
		    tally->timed ? "; " : "",
		    tally->timed ? text_duration(tally->nanoseconds, duration) : "");
}

static void add_coverage_row(struct table *table, const struct options *options,
			     const struct tally *tally)
{
	uint64_t hundredths = tally_hundredths(tally->lines.covered, tally->lines.total);
	char demanded[64] = "";

	if (options->min_coverage.set)
		(void)snprintf(demanded, sizeof demanded, "; at least %.10g %%",
			       options->min_coverage.value);
	table_cell(table, !options->min_coverage.set	   ? "-"
			  : coverage_holds(options, tally) ? "holds"
							   : "FAILS");
	table_cell(table, "coverage");
	table_cellf(table, "%" PRIu64 ".%02" PRIu64 " %%: %" PRIu64 " of %" PRIu64 " lines%s",
		    hundredths / 100, hundredths % 100, tally->lines.covered, tally->lines.total,
		    demanded);
}

static int print_summary(const struct options *options, const struct tally *tally,
			 struct error *err)
{
	auto_table struct table *table = NULL;

	if (table_new("lll", &table, err) < 0)
		return -1;
	if (tally->has_tests)
		add_tests_row(table, tally);
	if (tally->has_coverage)
		add_coverage_row(table, options, tally);
	if (tally->compared) {
		table_cell(table, tally->regressions.count == 0 ? "holds" : "FAILS");
		table_cell(table, "regressions");
		table_cellf(table, "%zu of %zu that passed before; %zu gone, %zu skipped now",
			    tally->regressions.count, tally->passed_before, tally->gone.count,
			    tally->skipped_now.count);
	}
	return table_print(table, 0, stdout, err);
}

static int report_text(const struct options *options, struct tally *tally, struct error *err)
{
	if (print_summary(options, tally, err) < 0)
		return -1;
	if (tally->has_tests && tally->failed + tally->errors > 0) {
		(void)fputc('\n', stdout);
		print_failures(tally);
	}
	print_names("passed before and do not now", &tally->regressions);
	print_names("passed before and are gone", &tally->gone);
	print_names("passed before and are skipped now", &tally->skipped_now);
	if (!coverage_holds(options, tally) && print_worst_files(tally, err) < 0)
		return -1;
	if (tally->has_tests && tally->passed == 0)
		(void)printf("\nno test passed\n");
	if (tally->hidden_failures)
		(void)printf("\na suite claims failures that no test case shows\n");
	for (size_t i = 0; i < tally->note_count; i++)
		print_name(i == 0 ? "\nnote: " : "note: ", tally->notes[i]);
	return 0;
}

static int decide(const struct options *options, const struct operands *operands, struct error *err)
{
	const struct tally_request request = {
		.files = operands->items,
		.file_count = operands->count,
		.baselines = options->baselines.items,
		.baseline_count = options->baselines.count,
		.coverage_demanded = options->min_coverage.set,
		.min_coverage = options->min_coverage.value,
	};
	auto_tally struct tally *tally = NULL;

	if (tally_run(&request, &tally, err) < 0)
		return -1;
	switch (tool_format(&options->tool)) {
	case FORMAT_JSON:
		report_json(options, tally);
		break;
	case FORMAT_TAP:
		report_tap(options, tally);
		break;
	case FORMAT_TEXT:
		if (report_text(options, tally, err) < 0)
			return -1;
		break;
	}
	return tally_holds(options, tally) ? TOOL_HOLDS : TOOL_FAILS;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct operands operands = { 0 };
	struct error err = ERROR_INIT;
	int status = tool_begin(&program, argc, argv, &options, &operands);

	if (status >= 0) {
		option_list_release(&options.baselines);
		return status;
	}
	status = decide(&options, &operands, &err);
	if (status < 0)
		status = tool_fail(&program, &err);
	operands_release(&operands);
	option_list_release(&options.baselines);
	return tool_finish(&program, status);
}
