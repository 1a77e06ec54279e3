/*
 * Floor 3. Coverage reports, several of them as one: Cobertura, LCOV and the JSON of
 * coverage.py.
 *
 * Lines are counted here, whatever rates the reports claim, and never twice: a line is
 * a file's name and a number, and it is covered where any report or class says so.
 * Files are the same where the reports name them alike. Branches are not counted. Only
 * a file whose report lists no lines is believed its totals; and lines that a report
 * lists as run but leaves out of the file's total are no statements and left out.
 */
#ifndef FILE_COVERAGE_H
#define FILE_COVERAGE_H

#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

/* Lines in all reports together, so that exact comparisons fit 64 bits. */
#define COVERAGE_LINES_MAX ((size_t)64 << 20)
#define COVERAGE_NOTES_MAX ((size_t)20)

struct coverage;

int coverage_new(struct coverage **ret_coverage, struct error *err) must_check;
void coverage_free(struct coverage *coverage);
static inline void coverage_free_pointer(struct coverage **place)
{
	coverage_free(*place);
}
#define auto_coverage cleanup_by(coverage_free_pointer)

/*
 * Each adds one report. ERROR_INPUT, with the line or the member, for a report that is damaged
 * or says nothing of any line; the coverage may then only be freed.
 */
int coverage_add_cobertura(struct coverage *coverage, const void *data, size_t size,
			   struct error *err) must_check;
int coverage_add_lcov(struct coverage *coverage, const void *data, size_t size,
		      struct error *err) must_check;
int coverage_add_coverage_py(struct coverage *coverage, const void *data, size_t size,
			     struct error *err) must_check;

/* Where a report's own totals are others than those counted in it; borrowed. */
const char *coverage_note(const struct coverage *coverage, size_t index); /* NULL behind the last */

struct coverage_file {
	const char *name; /* borrowed from the coverage */
	uint64_t total;
	uint64_t covered;
};

struct coverage_sum {
	struct coverage_file *files; /* sorted by name; free() them */
	size_t count;
	uint64_t total;
	uint64_t covered; /* never more than total */
};

/* Counts what was added so far. A coverage without a line is no error: its total is 0. */
int coverage_count(struct coverage *coverage, struct coverage_sum *ret_sum,
		   struct error *err) must_check;

#endif
