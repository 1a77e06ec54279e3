/*
 * Floor 4. What image-size prints: one result as text, JSON or TAP.
 */
#ifndef CHECK_SIZE_REPORT_H
#define CHECK_SIZE_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "attributes.h"
#include "check/size.h"

struct size_report {
	const struct size *size;     /* borrowed */
	const struct size *baseline; /* borrowed; NULL for none */
	enum size_measure measure;
	struct size_verdict verdict;
	struct size_list files;
	struct size_list directories;
	struct size_list waste;
	struct size_list file_differences; /* empty without a baseline */
	struct size_list directory_differences;
};

/* Decides and gathers the lists; `top` and `depth` as in size.h. The caller releases. */
int size_report_init(struct size_report *report, const struct size *baseline,
		     const struct size *size, enum size_measure measure,
		     const struct size_limits *limits, size_t top, size_t depth,
		     struct error *err) must_check;
void size_report_release(struct size_report *report);

/* docs/json.md, seatrial/image-size/1. A new reference, NULL without memory. */
json_t *size_report_json(const struct size_report *report);
/* A line that says what was measured and one for each demand. */
void size_report_tap(const struct size_report *report, FILE *out);
/* For people, in lines of `width` columns where names allow. */
int size_report_text(const struct size_report *report, size_t width, FILE *out,
		     struct error *err) must_check;

/* An instruction as one writes it in a Dockerfile: without the shell and the marks by which
 * builders wrap it in the history, white space run together. For people only. */
void size_instruction(const char *instruction, struct buf *out);

#endif
