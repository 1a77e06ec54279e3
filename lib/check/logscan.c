#include "config.h"

#include "check/logscan.h"

struct log_scan {
	struct log_signs *signs;
};

int log_scan_new(struct log_scan **ret_scan, struct error *err)
{
	auto_log_scan struct log_scan *scan = calloc(1, sizeof *scan);

	if (scan == NULL)
		return error_memory(err);
	if (log_signs_new(&scan->signs, err) < 0)
		return -1;
	*ret_scan = steal(&scan);
	return 0;
}

void log_scan_free(struct log_scan *scan)
{
	if (scan == NULL)
		return;
	log_signs_free(scan->signs);
	free(scan);
}

void log_scan_line(const struct log_scan *scan, const char *text, size_t size,
		   struct log_finding *ret_finding)
{
	struct log_level_found level;
	struct log_finding finding = { .is_json = log_level_of_json(text, size, &level) };

	if (!finding.is_json)
		level = log_level_of_plain(text, size);
	finding.level = level.level;
	finding.signs = log_signs_of(scan->signs, text, size);
	for (unsigned sign = LOG_SIGN_NONE + 1; sign < LOG_SIGNS; sign++)
		if (finding.signs & LOG_SIGN_BIT(sign)) {
			finding.sign = (enum log_sign)sign;
			break;
		}
	*ret_finding = finding;
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {
		[LOG_LEVEL_TRACE] = "trace",	   [LOG_LEVEL_DEBUG] = "debug",
		[LOG_LEVEL_INFO] = "info",	   [LOG_LEVEL_NOTICE] = "notice",
		[LOG_LEVEL_WARNING] = "warning",   [LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_CRITICAL] = "critical",
	};

	return (size_t)level < array_size(names) ? names[level] : NULL;
}

const char *log_sign_name(enum log_sign sign)
{
	static const char *const names[] = {
		[LOG_SIGN_READ_ONLY] = "read-only",
		[LOG_SIGN_NO_TEMPORARY] = "no-temporary-directory",
		[LOG_SIGN_CACHE] = "cache",
		[LOG_SIGN_CANNOT_WRITE] = "cannot-write",
	};

	return (size_t)sign < array_size(names) ? names[sign] : NULL;
}

void log_tally_add(struct log_tally *tally, bool is_error, const struct log_finding *finding)
{
	struct log_count *count = is_error ? &tally->errors : &tally->output;

	count->lines++;
	count->json += finding->is_json ? 1 : 0;
	count->json_level += finding->is_json && finding->level != LOG_LEVEL_NONE ? 1 : 0;
	count->levels[finding->level]++;
	count->signs[LOG_SIGN_NONE] += finding->signs == 0 ? 1 : 0;
	for (unsigned sign = LOG_SIGN_NONE + 1; sign < LOG_SIGNS; sign++)
		count->signs[sign] += finding->signs & LOG_SIGN_BIT(sign) ? 1 : 0;
}

static void count_add(struct log_count *sum, const struct log_count *count)
{
	sum->lines += count->lines;
	sum->json += count->json;
	sum->json_level += count->json_level;
	for (size_t i = 0; i < array_size(sum->levels); i++)
		sum->levels[i] += count->levels[i];
	for (size_t i = 0; i < array_size(sum->signs); i++)
		sum->signs[i] += count->signs[i];
}

struct log_count log_tally_total(const struct log_tally *tally)
{
	struct log_count total = tally->output;

	count_add(&total, &tally->errors);
	return total;
}
