#include "config.h"

#include "run/enginelog.h"

#include <string.h>

#include "base/text.h"

void enginelog_init(struct enginelog *log, struct container_record *record)
{
	*log = (struct enginelog) { .record = record };
	log_stream_init(&log->streams[0], false);
	log_stream_init(&log->streams[1], true);
	buf_init(&log->frame, ENGINELOG_FRAME_MAX);
}

/* The time at the start of a frame, and where the line begins behind it. */
static size_t frame_time(const struct enginelog *log, struct log_time *time)
{
	const char *space = memchr(log->frame.data, ' ', log->frame.size);
	uint64_t at;

	if (space == NULL ||
	    text_parse_time(log->frame.data, (size_t)(space - log->frame.data), &at, NULL) < 0)
		return 0;
	time->since_start = at > log->started ? at - log->started : 0;
	time->clock.tv_sec = (time_t)(at / 1000000000);
	time->clock.tv_nsec = (long)(at % 1000000000);
	return (size_t)(space - log->frame.data) + 1;
}

static void frame_end(struct enginelog *log)
{
	size_t stream = log->header[0] == 2 ? 1 : 0;
	size_t from = frame_time(log, &log->last[stream]);

	log_take(log->record, log->file, &log->streams[stream], &log->last[stream],
		 log->frame.data + from, log->frame.size - from);
	buf_clear(&log->frame);
	log->header_size = 0;
}

static bool header_end(struct enginelog *log)
{
	const unsigned char *h = log->header;

	/* 1 and 2 are standard output and error, 0 is an input's echo, 3 the engine's own */
	if (h[0] > 2 || h[1] != 0 || h[2] != 0 || h[3] != 0)
		return false;
	log->left = (size_t)h[4] << 24 | (size_t)h[5] << 16 | (size_t)h[6] << 8 | h[7];
	if (log->left > ENGINELOG_FRAME_MAX)
		return false;
	if (log->left == 0)
		log->header_size = 0;
	return true;
}

bool enginelog_take(struct enginelog *log, const void *data, size_t size)
{
	const unsigned char *at = data;

	while (size > 0) {
		size_t piece = size;

		if (log->header_size < sizeof log->header) {
			log->header[log->header_size++] = *at++;
			size--;
			if (log->header_size == sizeof log->header && !header_end(log))
				return false;
			continue;
		}
		if (piece > log->left)
			piece = log->left;
		buf_add(&log->frame, at, piece);
		at += piece;
		size -= piece;
		log->left -= piece;
		if (log->left == 0)
			frame_end(log);
	}
	return true;
}

bool enginelog_finish(struct enginelog *log)
{
	for (size_t i = 0; i < array_size(log->streams); i++)
		if (log->streams[i].line.size > 0)
			log_add(log->record, log->file, &log->streams[i], &log->last[i]);
	return log->header_size == 0;
}

void enginelog_release(struct enginelog *log)
{
	for (size_t i = 0; i < array_size(log->streams); i++)
		buf_release(&log->streams[i].line);
	buf_release(&log->frame);
}
