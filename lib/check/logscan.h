/*
 * Floor 4. Logs as evidence: what a single line of a log is, and how many of them are what.
 *
 * A line stands by itself: nothing is remembered from one to the next. It is judged by what it
 * says, and where it says nothing that is known it has no level and no sign; that is not the same
 * as a line at a low level, or one that says that all is well.
 */
#ifndef CHECK_LOGSCAN_H
#define CHECK_LOGSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "check/loglevel.h"
#include "check/logsign.h"

struct log_finding {
	bool is_json; /* a JSON object, and nothing else */
	enum log_level level;
	enum log_sign sign; /* the one that is most to the point */
	unsigned signs;	    /* all of them, LOG_SIGN_BIT each */
};

/* Everything that is compiled once. Not changed by use: several threads may share it. */
struct log_scan;
int log_scan_new(struct log_scan **ret_scan, struct error *err) must_check;
void log_scan_free(struct log_scan *scan);
static inline void log_scan_free_pointer(struct log_scan **place)
{
	log_scan_free(*place);
}
#define auto_log_scan cleanup_by(log_scan_free_pointer)

/* A line of any bytes, without its line break. The time is in proportion to its size. */
void log_scan_line(const struct log_scan *scan, const char *text, size_t size,
		   struct log_finding *ret_finding);

/* The words of the reports: "error", "no-temporary-directory"; NULL for none. */
const char *log_level_name(enum log_level level);
const char *log_sign_name(enum log_sign sign);

struct log_count {
	uint64_t lines;
	uint64_t json;
	uint64_t json_level; /* of these, with a level that is known */
	uint64_t levels[LOG_LEVELS];
	uint64_t signs[LOG_SIGNS]; /* a line with several counts for each; NONE: lines without */
};

/* Zero is an empty one. */
struct log_tally {
	struct log_count output;
	struct log_count errors; /* of standard error */
};

void log_tally_add(struct log_tally *tally, bool is_error, const struct log_finding *finding);
/* Both streams together. */
struct log_count log_tally_total(const struct log_tally *tally);

#endif
