/*
 * Floor 3. A container's log as an engine sends it: frames of an eight-byte header (the stream, and
 * the size in network byte order) and a line that begins with a time; Docker Engine API, "Attach to
 * a container", "Stream format". A container with a terminal has no frames; none is asked for here.
 */
#ifndef RUN_ENGINELOG_H
#define RUN_ENGINELOG_H

#include <stdbool.h>
#include <stdio.h>

#include "attributes.h"
#include "run/container.h"
#include "run/log.h"

/* An engine cuts lines into pieces far smaller than this. */
#define ENGINELOG_FRAME_MAX ((size_t)1 << 20)

struct enginelog {
	struct container_record *record;
	FILE *file;	  /* NULL for none */
	uint64_t started; /* nanoseconds since 1970; set it before the first byte */
	struct log_stream streams[2];
	struct log_time last[2]; /* of the piece before */
	unsigned char header[8];
	size_t header_size;
	size_t left; /* bytes of the frame that are still to come */
	struct buf frame;
};

void enginelog_init(struct enginelog *log, struct container_record *record);
/* Bytes as they come. False: they are no such frames. */
bool enginelog_take(struct enginelog *log, const void *data, size_t size) must_check;
/* Lines without an end go on record. False: a frame has not come whole. */
bool enginelog_finish(struct enginelog *log);
void enginelog_release(struct enginelog *log);

#endif
