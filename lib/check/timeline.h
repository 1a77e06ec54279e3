/*
 * Floor 4. The course of a run: what happened when, as JSON and as a picture.
 *
 * The picture is SVG 1.1 that needs nothing else: a lane each for the program's life, its log, the
 * refused writes, the health check, and memory with processor time, over one axis of time. It holds
 * in light and dark, and its marks have titles to hover over.
 */
#ifndef CHECK_TIMELINE_H
#define CHECK_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "attributes.h"
#include "base/error.h"
#include "run/container.h"

enum timeline_kind {
	TIMELINE_START, /* the program's first instruction */
	TIMELINE_REFUSED,
	TIMELINE_HEALTH, /* a check, from its begin */
	TIMELINE_READY,	 /* COMMAND has succeeded */
	TIMELINE_STOP,	 /* the stop signal was sent */
	TIMELINE_END,
};

enum timeline_tone { TONE_PLAIN, TONE_GOOD, TONE_WARNING, TONE_BAD };

struct timeline_event {
	uint64_t time;	 /* nanoseconds since the first instruction */
	uint64_t lasted; /* of a health check */
	enum timeline_kind kind;
	enum timeline_tone tone;
	const char *text; /* borrowed; any bytes */
	const char *what; /* of a refused write: the call; static */
	uint64_t count;	  /* of a refused write */
};

struct timeline {
	const char *title;	       /* borrowed */
	uint64_t duration;	       /* nanoseconds */
	struct timeline_event *events; /* by time */
	size_t count;
	size_t capacity;
	const struct container_record *record; /* borrowed: the log and the samples */
	const unsigned char *tones; /* borrowed: an enum timeline_tone for each line of the log; may
				     * be NULL */
};

/* What the record tells. The record, the title and the tones must outlive it. */
int timeline_make(struct timeline *timeline, const char *title,
		  const struct container_record *record, const unsigned char *tones,
		  struct error *err) must_check;
void timeline_release(struct timeline *timeline);
#define auto_timeline cleanup_by(timeline_release)

/* A list of {time_ms, kind, tone, text, lasted_ms, count}; NULL: no memory. Lines of the log are
 * left out, for they are in the document anyway. */
json_t *timeline_json(const struct timeline *timeline);

/* The caller looks whether all of it was written. */
void timeline_svg(const struct timeline *timeline, FILE *file);

#endif
