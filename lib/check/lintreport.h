/*
 * Floor 4. What image-lint found, in the forms that people and other programs read.
 */
#ifndef CHECK_LINTREPORT_H
#define CHECK_LINTREPORT_H

#include <jansson.h>
#include <stdio.h>

#include "check/lint.h"

struct lint_target {
	const char *name;	   /* as the user wrote it */
	enum lint_subject subject; /* a Dockerfile, an image or a compose file */
	const char *data;	   /* a file's text; NULL for an image */
	size_t size;
	const char *id; /* an image's ID; NULL for a file */
};

struct lint_report {
	const struct lint *lint; /* behind lint_finish */
	const struct lint_target *targets;
	size_t target_count;
	enum lint_severity fail_on; /* the least severity that fails */
	const char *version;	    /* of the program */
	bool fixing;		    /* what could be mended has been, and does not count */
};

/* Nothing that counts has at least the severity that fails. */
bool lint_holds(const struct lint_report *report);

int lint_report_text(const struct lint_report *report, bool colour, FILE *out,
		     struct error *err) must_check;
/* Schema "seatrial/image-lint/1", docs/json.md. */
void lint_report_json(const struct lint_report *report, FILE *out);
/* SARIF 2.1.0 (OASIS). */
int lint_report_sarif(const struct lint_report *report, FILE *out, struct error *err) must_check;
/* GitLab's code quality report. */
int lint_report_gitlab(const struct lint_report *report, FILE *out, struct error *err) must_check;
/* One test per enabled rule. */
void lint_report_tap(const struct lint_report *report, FILE *out);
/* GitHub's workflow commands: annotations. */
void lint_report_github(const struct lint_report *report, FILE *out);

/* All rules; as JSON a new reference, NULL without memory. */
void lint_rules_text(const struct lint *lint, FILE *out);
json_t *lint_rules_json(const struct lint *lint);

#endif
