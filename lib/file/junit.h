/*
 * Floor 3. JUnit XML, in the dialects that test runners write.
 *
 * There is no specification that all follow, so only the test cases themselves are
 * believed. Totals that a suite claims are compared with what was counted: a
 * difference is told in `notes`, and a claim of failures where no test case failed
 * sets `hidden_failures`, since then something failed that the report does not show.
 *
 * A test case has the worst outcome that any of its parts gives it. What a runner
 * retried until it passed (flakyFailure, flakyError) has passed.
 */
#ifndef FILE_JUNIT_H
#define FILE_JUNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

enum junit_outcome { JUNIT_PASSED, JUNIT_SKIPPED, JUNIT_FAILED, JUNIT_ERROR };

struct junit_case {
	/*
	 * CLASS.NAME; "SUITE > … > NAME" where the class says nothing. The same name may come
	 * more than once.
	 */
	char *name;
	/*
	 * If it fails, every test whose name begins so may be missing for its sake: the class,
	 * module or package that could not be set up. NULL where that is its own name.
	 */
	char *container;
	enum junit_outcome outcome;
	char *message; /* of the first failure, error or skip; NULL for none */
	char *details; /* the text behind it, cut at JUNIT_DETAILS_MAX bytes; NULL for none */
	char *source;  /* "FILE" or "FILE:LINE" of the test, where the report has it; or NULL */
	size_t failure_count; /* failures and errors in this one test case */
	bool timed;
	uint64_t nanoseconds;
};

#define JUNIT_DETAILS_MAX ((size_t)4096)
/* Bounds on what a report can make us keep. */
#define JUNIT_CASES_MAX ((size_t)2000000)
#define JUNIT_TEXT_MAX	((size_t)128 << 20)
#define JUNIT_NOTES_MAX ((size_t)20)

struct junit {
	struct junit_case *cases; /* in the report's order */
	size_t count;
	size_t capacity; /* internal */
	size_t held;	 /* internal: bytes of text kept */
	char **notes;	 /* disagreements, at most JUNIT_NOTES_MAX */
	size_t note_count;
	size_t notes_dropped;
	bool hidden_failures;
};

/* ERROR_INPUT with the line for what is no XML or no such report; no test case is no error.
 * The caller frees the result with junit_free. */
int junit_parse(const void *data, size_t size, struct junit **ret_junit,
		struct error *err) must_check;
void junit_free(struct junit *junit);
static inline void junit_free_pointer(struct junit **place)
{
	junit_free(*place);
}
#define auto_junit cleanup_by(junit_free_pointer)

/* "passed", "skipped", "failed", "error" */
const char *junit_outcome_name(enum junit_outcome outcome);

#endif
