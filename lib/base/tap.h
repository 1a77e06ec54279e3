/*
 * Floor 0. A producer of the Test Anything Protocol, version 13 (Perl's prove
 * refuses 14). Measured values follow a test line as a YAML block.
 *
 * Descriptions come from images and files: '#', '\' and control bytes are escaped,
 * so that no name can turn a failure into a "# TODO" or a "# SKIP".
 */
#ifndef BASE_TAP_H
#define BASE_TAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "attributes.h"

struct tap {
	FILE *out;
	size_t count;
	size_t failed;
};

/* Writes the version line. The plan comes at the end. */
void tap_begin(struct tap *tap, FILE *out);
/* `values` (borrowed, NULL for none) is an object written as the YAML block. */
void tap_test(struct tap *tap, bool holds, const char *description, const json_t *values);
void tap_skip(struct tap *tap, const char *description, const char *reason);
/* A comment line per line of `text`. */
void tap_comment(struct tap *tap, const char *text);
/* Ends the stream with "Bail out!": nothing was decided. */
void tap_bail(struct tap *tap, const char *reason);
/* Writes the plan; a stream without a test gets a failed one, never an empty pass. */
void tap_end(struct tap *tap);

#endif
