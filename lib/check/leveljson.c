#include "config.h"

#include "check/loglevel.h"

#include <stdint.h>
#include <string.h>

#include "attributes.h"
#include "check/jsonskim.h"
#include "check/levelword.h"

/* How a number is to be read. */
enum scale {
	SCALE_ANY,
	SCALE_CLOUD,	 /* Google Cloud's LogSeverity, else as any */
	SCALE_PYTHON,	 /* logging.ERROR is 40 */
	SCALE_TELEMETRY, /* OpenTelemetry's SeverityNumber */
	SCALE_SYSLOG,
};

/* What is further up counts where several are there. Keys are compared without regard to case. */
static const struct level_member {
	const char *keys[JSON_SKIM_KEYS_MAX];
	enum scale scale;
} level_members[] = {
	{ { "level" }, SCALE_ANY },
	{ { "severity" }, SCALE_CLOUD },
	{ { "levelname" }, SCALE_ANY },	 /* Python */
	{ { "level_name" }, SCALE_ANY }, /* Monolog */
	{ { "lvl" }, SCALE_ANY },
	{ { "log_level" }, SCALE_ANY },
	{ { "log.level" }, SCALE_ANY },	   /* Elastic Common Schema, flat */
	{ { "log", "level" }, SCALE_ANY }, /* and nested */
	{ { "loglevel" }, SCALE_ANY },	   /* .NET's console */
	{ { "@l" }, SCALE_ANY },	   /* Serilog, compact */
	{ { "severityText" }, SCALE_ANY }, /* OpenTelemetry */
	{ { "severity_text" }, SCALE_ANY },
	{ { "record", "level", "name" }, SCALE_ANY }, /* loguru */
	{ { "level", "name" }, SCALE_ANY },
	{ { "severityNumber" }, SCALE_TELEMETRY },
	{ { "severity_number" }, SCALE_TELEMETRY },
	{ { "levelno" }, SCALE_PYTHON },
	{ { "level_number" }, SCALE_PYTHON }, /* structlog */
	{ { "PRIORITY" }, SCALE_SYSLOG },     /* the journal */
	{ { "s" }, SCALE_ANY },		      /* MongoDB; see level_of_letter */
};

static enum log_level level_of_tens(unsigned number, bool python)
{
	static const enum log_level bunyan[] = { LOG_LEVEL_TRACE,   LOG_LEVEL_TRACE,
						 LOG_LEVEL_DEBUG,   LOG_LEVEL_INFO,
						 LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
	static const enum log_level logging[] = { LOG_LEVEL_TRACE, LOG_LEVEL_DEBUG,
						  LOG_LEVEL_INFO,  LOG_LEVEL_WARNING,
						  LOG_LEVEL_ERROR, LOG_LEVEL_CRITICAL };

	if (number / 10 >= array_size(bunyan))
		return LOG_LEVEL_CRITICAL;
	return python ? logging[number / 10] : bunyan[number / 10];
}

static enum log_level level_of_hundreds(unsigned number, bool cloud)
{
	/* The same figures mean one thing to Google Cloud and another to Monolog. */
	if (number < 200)
		return LOG_LEVEL_DEBUG;
	if (number < (cloud ? 300 : 250))
		return LOG_LEVEL_INFO;
	if (number < (cloud ? 400 : 300))
		return LOG_LEVEL_NOTICE;
	if (number < (cloud ? 500 : 400))
		return LOG_LEVEL_WARNING;
	return number < (cloud ? 600 : 500) ? LOG_LEVEL_ERROR : LOG_LEVEL_CRITICAL;
}

static enum log_level level_of_number(const char *text, size_t size, enum scale scale)
{
	static const enum log_level telemetry[] = { LOG_LEVEL_TRACE, LOG_LEVEL_DEBUG,
						    LOG_LEVEL_INFO,  LOG_LEVEL_WARNING,
						    LOG_LEVEL_ERROR, LOG_LEVEL_CRITICAL };
	unsigned number = 0;

	if (size == 0 || size > 4)
		return LOG_LEVEL_NONE;
	for (size_t i = 0; i < size; i++) {
		if (!is_digit(text[i]))
			return LOG_LEVEL_NONE;
		number = 10 * number + (unsigned)(text[i] - '0');
	}
	if (scale == SCALE_TELEMETRY)
		return number >= 1 && number <= 24 ? telemetry[(number - 1) / 4] : LOG_LEVEL_NONE;
	if (scale == SCALE_PYTHON)
		return number > 0 && number < 100 ? level_of_tens(number, true) : LOG_LEVEL_NONE;
	if (number < 8)
		return scale == SCALE_CLOUD && number == 0 ? LOG_LEVEL_NONE
							   : level_of_severity(number);
	if (scale == SCALE_SYSLOG || number > 900)
		return LOG_LEVEL_NONE;
	return number < 100 ? level_of_tens(number, false)
			    : level_of_hundreds(number, scale == SCALE_CLOUD);
}

struct member_search {
	struct log_level_found best;
	unsigned strength; /* a known word, a number, a word that is not known */
	size_t rank;
	struct log_level_found letter; /* MongoDB's, if it is one of its lines */
	bool has_context;
	bool is_compact; /* Serilog's, where no level is a level */
};

static void take_value(struct member_search *search, const struct json_slice *value, size_t rank)
{
	struct log_level_found found = { .text = value->text, .size = value->size };
	const char *sign = memchr(value->text, '+', value->size);
	const struct level_word *word;
	unsigned strength = 1;

	/* Go's slog writes what lies between its levels as ERROR+2, DEBUG-4 */
	if (sign == NULL)
		sign = memchr(value->text, '-', value->size);
	word = level_word_find(value->text,
			       sign != NULL ? (size_t)(sign - value->text) : value->size);
	if (word != NULL) {
		found.level = word->level;
		strength = 3;
	} else {
		found.level = level_of_number(value->text, value->size, level_members[rank].scale);
		if (found.level != LOG_LEVEL_NONE)
			strength = 2;
	}
	if (strength < search->strength || (strength == search->strength && rank >= search->rank))
		return;
	search->best = found;
	search->strength = strength;
	search->rank = rank;
}

static bool is_member(const struct json_member *member, const struct level_member *wanted)
{
	for (size_t i = 0; i < JSON_SKIM_KEYS_MAX; i++) {
		if (wanted->keys[i] == NULL)
			return member->depth == i;
		if (member->depth == i ||
		    !same_word(member->keys[i].text, member->keys[i].size, wanted->keys[i]))
			return false;
	}
	return member->depth == JSON_SKIM_KEYS_MAX;
}

static void see_member(void *context, const struct json_member *member)
{
	struct member_search *search = context;
	const struct json_slice *first = &member->keys[0];

	if (member->depth == 1 && member->is_string && first->size <= 3) {
		if (same_word(first->text, first->size, "ctx"))
			search->has_context = true;
		else if (same_word(first->text, first->size, "@mt"))
			search->is_compact = true;
	}
	for (size_t i = 0; i < array_size(level_members); i++) {
		if (!is_member(member, &level_members[i]))
			continue;
		if (strcmp(level_members[i].keys[0], "s") != 0)
			take_value(search, &member->value, i);
		else
			search->letter =
				(struct log_level_found) { level_of_letter(member->value.text,
									   member->value.size),
							   member->value.text, member->value.size };
		return;
	}
}

bool log_level_of_json(const char *line, size_t size, struct log_level_found *ret_found)
{
	struct member_search search = { .strength = 0 };

	if (!json_skim(line, size, see_member, &search))
		return false;
	if (search.strength == 0 && search.has_context && search.letter.level != LOG_LEVEL_NONE)
		search.best = search.letter;
	else if (search.strength == 0 && search.is_compact)
		search.best.level = LOG_LEVEL_INFO;
	*ret_found = search.best;
	return true;
}
