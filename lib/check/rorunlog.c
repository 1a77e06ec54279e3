#include "config.h"

#include "check/rorun.h"

#include <string.h>

#include "check/timeline.h"

static void see_line(void *context, const struct log_line *line)
{
	struct rorun_log *log = context;
	struct log_finding finding;

	log_scan_line(log->scan, line->text, strlen(line->text), &finding);
	log_tally_add(&log->tally, line->is_error, &finding);
}

int rorun_log_begin(struct rorun_log *log, struct container_options *options, struct error *err)
{
	*log = (struct rorun_log) { 0 };
	if (log_scan_new(&log->scan, err) < 0)
		return -1;
	options->watch = (struct log_watch) { see_line, log };
	return 0;
}

void rorun_log_release(struct rorun_log *log)
{
	log_scan_free(log->scan);
	*log = (struct rorun_log) { 0 };
}

static enum timeline_tone tone_of(const struct log_finding *finding)
{
	if (finding->level >= LOG_LEVEL_ERROR || finding->sign != LOG_SIGN_NONE)
		return TONE_BAD;
	return finding->level == LOG_LEVEL_WARNING ? TONE_WARNING : TONE_PLAIN;
}

unsigned char *rorun_log_tones(const struct rorun *run)
{
	const struct container_record *record = run->record;
	unsigned char *tones = record->log_count > 0 ? malloc(record->log_count) : NULL;

	for (size_t i = 0; tones != NULL && i < record->log_count; i++) {
		struct log_finding finding;

		log_scan_line(run->log->scan, record->log[i].text, strlen(record->log[i].text),
			      &finding);
		tones[i] = (unsigned char)tone_of(&finding);
	}
	return tones;
}
