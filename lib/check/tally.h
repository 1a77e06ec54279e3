/*
 * Floor 4. What test-tally decides, from reports of tests and of coverage.
 *
 * Several reports are one: test cases are added up, coverage is merged line by line.
 * A verdict is no error; what could not be read, and a demand for which there is no
 * report, is.
 */
#ifndef CHECK_TALLY_H
#define CHECK_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "file/coverage.h"
#include "file/junit.h"
#include "file/report.h"

struct tally_request {
	const char *const *files; /* "-" is standard input */
	size_t file_count;
	const char *const *baselines; /* reports of tests from before */
	size_t baseline_count;
	bool coverage_demanded;
	double min_coverage; /* percent */
};

struct tally_file {
	const char *name; /* the request's */
	enum report_format format;
	struct junit *junit; /* NULL for coverage */
};

/* Names in the order of the report that has them; borrowed from the reports. */
struct tally_names {
	const char **items;
	size_t count;
};

struct tally {
	struct tally_file *files;
	size_t file_count;
	struct tally_file *baselines;
	size_t baseline_count;

	bool has_tests;
	size_t total;
	size_t passed;
	size_t failed;
	size_t errors;
	size_t skipped;
	bool timed; /* some test case told its time */
	uint64_t nanoseconds;
	bool hidden_failures; /* a suite claims failures that no test case shows */

	bool has_coverage;
	struct coverage *coverage;
	struct coverage_sum lines;

	bool compared;
	size_t passed_before;
	struct tally_names regressions; /* passed before, fail now or are missing since what holds
					   them failed */
	struct tally_names gone;	/* passed before, are in no report now */
	struct tally_names skipped_now; /* passed before, are skipped now */

	char **notes; /* "FILE: text": where reports contradict themselves */
	size_t note_count;
};

int tally_run(const struct tally_request *request, struct tally **ret_tally,
	      struct error *err) must_check;
void tally_free(struct tally *tally);
static inline void tally_free_pointer(struct tally **place)
{
	tally_free(*place);
}
#define auto_tally cleanup_by(tally_free_pointer)

/* Some test passed and none failed, openly or hidden. */
bool tally_tests_hold(const struct tally *tally);

/* Whether `covered` of `total` lines are at least so many percent; exact, never rounded up. */
bool tally_coverage_holds(uint64_t covered, uint64_t total, double min_percent);

/* Percent in hundredths, rounded down, so that 84.996 never reads as 85. */
uint64_t tally_hundredths(uint64_t covered, uint64_t total);

#endif
