/*
 * Floor 4. What ro-run makes of a run: the verdict and its reports.
 */
#ifndef CHECK_RORUN_H
#define CHECK_RORUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "check/logscan.h"
#include "check/suggest.h"
#include "run/container.h"

struct rorun_subject {
	const char *name;
	const char *platform;
	char id[DIGEST_TEXT_MAX];
	char manifest_digest[DIGEST_TEXT_MAX]; /* "" for none */
	char index_digest[DIGEST_TEXT_MAX];
};

struct rorun_verdict {
	uint64_t refused; /* attempts that nothing allows, repetitions counted */
	uint64_t refused_distinct;
	bool no_refused;
	bool stayed;
	bool command;
	bool holds;
};

/* What the log's lines are, counted as they come. */
struct rorun_log {
	struct log_scan *scan;
	struct log_tally tally;
};

/* From then on a run with these options tells it each line. */
int rorun_log_begin(struct rorun_log *log, struct container_options *options,
		    struct error *err) must_check;
void rorun_log_release(struct rorun_log *log);

/* All that a report is made of. What it points to is borrowed. */
struct rorun {
	const struct container_options *options;
	const char *const *allow; /* shell patterns of paths whose refusal does not count */
	size_t allow_count;
	bool in_engine;
	bool one_shot; /* the program was to end by itself */
	struct rorun_subject subject;
	const struct container_record *record;
	struct rorun_verdict verdict;
	const struct suggestion *suggestion; /* NULL: none was asked for */
	const struct rorun_log *log;
};

/* Fills `verdict` in. */
void rorun_judge(struct rorun *run);

bool rorun_is_allowed(const struct rorun *run, const char *path);
bool rorun_is_would_allowed(const struct rorun *run, const struct write_record *would);
/* As a shell tells it: 128+N for a signal. */
int rorun_exit_code(const struct container_record *record);
/* "ended", "stopped" or "killed". */
const char *rorun_exit_reason(const struct container_record *record);

/* How bad each kept line of the log is: an enum timeline_tone each; the caller frees. NULL: no
 * memory, or no line. */
unsigned char *rorun_log_tones(const struct rorun *run);

/* The document, schema seatrial/ro-run/1. NULL: no memory. */
json_t *rorun_json(const struct rorun *run);
/* On standard output, as TAP goes. */
void rorun_tap(const struct rorun *run);
int rorun_text(const struct rorun *run, FILE *out, struct error *err) must_check;

#endif
