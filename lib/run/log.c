#include "config.h"

#include "run/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)256 << 10)

void log_stream_init(struct log_stream *stream, bool is_error)
{
	stream->is_error = is_error;
	buf_init(&stream->line, LINE_MAX_BYTES + 1);
}

/* A part of a line says so: P, and its last part F, as in the CRI's logs. */
static void log_write_file(FILE *file, const struct log_line *line, const struct timespec *clock,
			   bool partial)
{
	struct tm parts;

	if (gmtime_r(&clock->tv_sec, &parts) == NULL)
		return;
	(void)fprintf(file, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ %s %c %s\n", parts.tm_year + 1900,
		      parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
		      clock->tv_nsec, line->is_error ? "stderr" : "stdout", partial ? 'P' : 'F',
		      line->text != NULL ? line->text : "");
}

static void add_line(struct container_record *record, FILE *file, struct log_stream *stream,
		     const struct log_time *time, bool partial)
{
	struct log_line line = { .is_error = stream->is_error };

	/* a carriage return before the end belongs to the line's end */
	if (!partial && stream->line.size > 0 && stream->line.data[stream->line.size - 1] == '\r')
		buf_truncate(&stream->line, stream->line.size - 1);
	line.text = (char *)(uintptr_t)stream->line.data;
	line.time = time->since_start;
	if (file != NULL)
		log_write_file(file, &line, &time->clock, partial);
	record->log_lines++;
	if (record->watch.seen != NULL && line.text != NULL)
		record->watch.seen(record->watch.context, &line);
	if (record->log_bytes + stream->line.size + LOG_LINE_COST > LOG_BYTES_MAX) {
		record->log_truncated = true;
		buf_clear(&stream->line);
		return;
	}
	if (record->log_count == record->log_capacity) {
		size_t capacity = record->log_capacity > 0 ? 2 * record->log_capacity : 64;
		struct log_line *lines = reallocarray(record->log, capacity, sizeof *lines);

		if (lines == NULL) {
			record->log_truncated = true;
			return;
		}
		record->log = lines;
		record->log_capacity = capacity;
	}
	record->log_bytes += stream->line.size + LOG_LINE_COST;
	line.text = buf_detach(&stream->line);
	if (line.text == NULL)
		record->log_truncated = true;
	else
		record->log[record->log_count++] = line;
}

void log_add(struct container_record *record, FILE *file, struct log_stream *stream,
	     const struct log_time *time)
{
	add_line(record, file, stream, time, false);
}

/* To the line: NUL bytes would end it unseen, and become spaces. */
static void take_piece(struct log_stream *stream, const char *data, size_t size)
{
	while (size > 0) {
		const char *nul = memchr(data, '\0', size);
		size_t whole = nul != NULL ? (size_t)(nul - data) : size;

		buf_add(&stream->line, data, whole);
		if (nul != NULL)
			buf_add_char(&stream->line, ' ');
		whole += nul != NULL;
		data += whole;
		size -= whole;
	}
}

void log_take(struct container_record *record, FILE *file, struct log_stream *stream,
	      const struct log_time *time, const char *data, size_t size)
{
	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		size_t room = LINE_MAX_BYTES - stream->line.size;
		size_t length = end != NULL ? (size_t)(end - data) : size;

		if (length >= room) {
			/* a line that does not end is cut, and the end of this one with it */
			take_piece(stream, data, room);
			add_line(record, file, stream, time, true);
			data += room;
			size -= room;
			continue;
		}
		take_piece(stream, data, length);
		if (end != NULL)
			log_add(record, file, stream, time);
		data += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

int log_file_open(const char *name, FILE **ret_file, struct error *err)
{
	FILE *file = NULL;

	if (name != NULL && (file = fopen(name, "we")) == NULL)
		return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", name, strerror(errno));
	*ret_file = file;
	return 0;
}

int log_file_close(const char *name, FILE *file, struct error *err)
{
	bool failed = file != NULL && ferror(file) != 0;

	errno = 0;
	if (file != NULL && (fclose(file) != 0 || failed))
		return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", name,
				 errno != 0 ? strerror(errno) : "write failed");
	return 0;
}
