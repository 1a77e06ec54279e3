/*
 * Floor 4. Content rules over a stream of bytes in pieces of any size: one pass for all
 * rules, bounded memory, no match lost at the edge of a piece.
 *
 * A hit is a line (up to '\n', or to the end) in which a rule's pattern is found; each rule hits a
 * line once. A rule that may go over line breaks hits the line on which its match begins.
 *
 * Lines may have any length. Fixed strings are found wherever they stand. A regular expression
 * sees a line of up to SCAN_LINE bytes as a whole; in a longer one, and over line breaks, it
 * finds every match of up to SCAN_OVERLAP bytes, and where a longer one could be it is an error:
 * nothing is passed over in silence.
 *
 * A `struct scan` is what all threads share; each has a `struct scanner`.
 */
#ifndef CHECK_SCAN_H
#define CHECK_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "check/rules.h"

#define SCAN_LINE    ((size_t)128 << 10)
#define SCAN_OVERLAP ((size_t)32 << 10)

struct scan;

/* Borrows the rules; those that are for paths only are left out. */
int scan_new(const struct rules *rules, struct scan **ret_scan, struct error *err) must_check;
void scan_free(struct scan *scan);

struct scan_hit {
	size_t rule;	  /* index into the rules */
	uint64_t line;	  /* from 1; 0 where numbers were not asked for */
	const char *text; /* the line, as much of it as is at hand; valid during the call */
	size_t size;
	size_t at; /* where in it the match begins */
};

/* Returns 1 for "this rule need not be looked for in this file any more", 0, or -1. */
typedef int scan_report(void *context, const struct scan_hit *hit, struct error *err);

struct scanner;

int scanner_new(const struct scan *scan, struct scratch *scratch, bool numbers, scan_report *report,
		void *context, struct scanner **ret_scanner, struct error *err) must_check;
void scanner_free(struct scanner *scanner);

/* A new stream. */
void scanner_begin(struct scanner *scanner);
/* After scanner_begin no rule is active; this makes one so, for the stream. */
void scanner_activate(struct scanner *scanner, size_t rule);
/* 0, or 1 where no rule needs more of the stream. */
int scanner_feed(struct scanner *scanner, const void *data, size_t size,
		 struct error *err) must_check;
int scanner_finish(struct scanner *scanner, struct error *err) must_check;

#endif
