/*
 * Floor 3. What a program prints, as lines: into the record of its run, bounded, and into a file in
 * the form of the Kubernetes container runtimes.
 */
#ifndef RUN_LOG_H
#define RUN_LOG_H

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "run/container.h"

/* Standard output or error, and its line that has not ended yet. */
struct log_stream {
	bool is_error;
	struct buf line; /* released by the owner */
};
void log_stream_init(struct log_stream *stream, bool is_error);

struct log_time {
	uint64_t since_start;  /* nanoseconds since the first instruction */
	struct timespec clock; /* of the day */
};

/* The file that the log goes to, which is written anew; NULL where `name` is. */
int log_file_open(const char *name, FILE **ret_file, struct error *err) must_check;
/* Closes it, if there is one; an error also where an earlier write failed. */
int log_file_close(const char *name, FILE *file, struct error *err) must_check;

/* Bytes of a stream; whole lines go on record, and to `file` (NULL for none). NUL bytes would end
 * a line unseen: they become spaces. */
void log_take(struct container_record *record, FILE *file, struct log_stream *stream,
	      const struct log_time *time, const char *data, size_t size);
/* The line as it is so far. */
void log_add(struct container_record *record, FILE *file, struct log_stream *stream,
	     const struct log_time *time);

#endif
