/*
 * A line of a log from outside. What stands in a line does not change with where it lies.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "check/logscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finding(const struct log_finding *finding)
{
	if (finding->level >= LOG_LEVELS || finding->sign >= LOG_SIGNS)
		abort();
	if ((finding->sign == LOG_SIGN_NONE) != (finding->signs == 0))
		abort();
}

/* A blank in front changes nothing about JSON, nor about what needs no other words. */
static void check_shifted(const struct log_scan *scan, const char *text, size_t size,
			  const struct log_finding *finding)
{
	char *copy = malloc(size + 1);
	struct log_finding shifted;

	if (copy == NULL)
		abort();
	copy[0] = ' ';
	if (size > 0)
		memcpy(copy + 1, text, size);
	log_scan_line(scan, copy, size + 1, &shifted);
	if (shifted.is_json != finding->is_json ||
	    (shifted.is_json && shifted.level != finding->level))
		abort();
	if ((finding->signs & LOG_SIGN_BIT(LOG_SIGN_READ_ONLY)) !=
	    (shifted.signs & LOG_SIGN_BIT(LOG_SIGN_READ_ONLY)))
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	static struct log_scan *scan;
	struct error err = ERROR_INIT;
	struct log_finding finding;

	if (scan == NULL && log_scan_new(&scan, &err) < 0)
		abort();
	log_scan_line(scan, text, size, &finding);
	check_finding(&finding);
	check_shifted(scan, text, size, &finding);
	return 0;
}
