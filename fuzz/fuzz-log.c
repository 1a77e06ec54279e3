/*
 * A line of a log from outside. What is JSON is asked of jansson as well: where that reads an
 * object it has to be one here; the other way round but for what jansson refuses on purpose. And
 * what stands in a line does not change with where it lies.
 */
#include "config.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "check/jsonskim.h"
#include "check/logscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lone surrogates, NULs, large numbers, deep nesting. */
static bool jansson_may_refuse(const char *text, size_t size)
{
	size_t digits = 0;
	size_t opened = 0;

	if (memmem(text, size, "\\u", 2) != NULL)
		return true;
	for (size_t i = 0; i < size; i++) {
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
		opened += text[i] == '{' || text[i] == '[' ? 1 : 0;
		if (text[i] == 'e' || text[i] == 'E' || digits > 17 || opened > 1000)
			return true;
	}
	return false;
}

static void check_json(const char *text, size_t size, bool is_json)
{
	json_t *doc = json_loadb(text, size, 0, NULL);
	bool is_object = json_is_object(doc);

	json_decref(doc);
	/* a NUL behind a number escapes jansson 2.14 */
	if (is_object && !is_json && memchr(text, '\0', size) == NULL)
		abort();
	if (is_json && !is_object && !jansson_may_refuse(text, size))
		abort();
}

static void check_finding(const char *text, size_t size, const struct log_finding *finding)
{
	if (finding->level >= LOG_LEVELS || finding->sign >= LOG_SIGNS)
		abort();
	if ((finding->sign == LOG_SIGN_NONE) != (finding->signs == 0))
		abort();
	if (finding->level_text != NULL &&
	    (finding->level_text < text || finding->level_size > size ||
	     finding->level_text + finding->level_size > text + size))
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
	check_json(text, size, finding.is_json);
	check_finding(text, size, &finding);
	check_shifted(scan, text, size, &finding);
	return 0;
}
