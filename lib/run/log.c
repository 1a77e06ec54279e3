#include "config.h"

#include "run/log.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)256 << 10)

void log_stream_init(struct log_stream *stream, bool is_error)
{
	stream->is_error = is_error;
	buf_init(&stream->line, LINE_MAX_BYTES + 1);
}

static void log_write_file(FILE *file, const struct log_line *line, const struct timespec *clock)
{
	struct tm parts;

	if (gmtime_r(&clock->tv_sec, &parts) == NULL)
		return;
	(void)fprintf(file, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ %s F %s\n", parts.tm_year + 1900,
		      parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
		      clock->tv_nsec, line->is_error ? "stderr" : "stdout", line->text);
}

void log_add(struct container_record *record, FILE *file, struct log_stream *stream,
	     const struct log_time *time)
{
	struct log_line line = { .is_error = stream->is_error };

	/* a carriage return before the end belongs to the line's end */
	if (stream->line.size > 0 && stream->line.data[stream->line.size - 1] == '\r')
		buf_truncate(&stream->line, stream->line.size - 1);
	line.text = (char *)(uintptr_t)stream->line.data;
	line.time = time->since_start;
	if (file != NULL)
		log_write_file(file, &line, &time->clock);
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

/* NUL bytes would end a line unseen: they become spaces. */
void log_take(struct container_record *record, FILE *file, struct log_stream *stream,
	      const struct log_time *time, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			log_add(record, file, stream, time);
			continue;
		}
		buf_add_char(&stream->line, data[i] == '\0' ? ' ' : data[i]);
		if (stream->line.size >= LINE_MAX_BYTES)
			log_add(record, file, stream, time);
	}
}
