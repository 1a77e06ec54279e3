#include "config.h"

#include "check/loglevel.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "attributes.h"
#include "base/doc.h"
#include "check/levelword.h"

/* Members are looked at down to this depth of objects. */
#define KEYS_MAX 3

/* A string, or a number as it is written without a fraction. */
struct member {
	const char *keys[KEYS_MAX]; /* from the outside in; NULL where there are no more */
	bool is_string;
	const char *text;
	size_t size;
};

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
	const char *keys[KEYS_MAX];
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

static void take_value(struct member_search *search, const struct member *value, size_t rank)
{
	struct log_level_found found = { 0 };
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

static bool is_member(const struct member *member, const struct level_member *wanted)
{
	for (size_t i = 0; i < KEYS_MAX; i++) {
		if (wanted->keys[i] == NULL || member->keys[i] == NULL)
			return wanted->keys[i] == member->keys[i];
		if (!same_word(member->keys[i], strlen(member->keys[i]), wanted->keys[i]))
			return false;
	}
	return true;
}

static void see_member(struct member_search *search, const struct member *member)
{
	const char *first = member->keys[0];

	if (member->keys[1] == NULL && member->is_string) {
		if (same_word(first, strlen(first), "ctx"))
			search->has_context = true;
		else if (same_word(first, strlen(first), "@mt"))
			search->is_compact = true;
	}
	for (size_t i = 0; i < array_size(level_members); i++) {
		if (!is_member(member, &level_members[i]))
			continue;
		if (strcmp(level_members[i].keys[0], "s") != 0)
			take_value(search, member, i);
		else
			search->letter.level = level_of_letter(member->text, member->size);
		return;
	}
}

/* No level is larger. */
static bool is_whole(const json_t *value)
{
	double number = json_number_value(value);

	return json_is_number(value) && number >= 0 && number < 10000 &&
	       number == (double)(unsigned)number;
}

static void see_object(struct member_search *search, json_t *object, struct member *member,
		       size_t depth)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		char number[32];

		member->keys[depth] = key;
		member->is_string = json_is_string(value);
		if (json_is_object(value) && depth + 1 < KEYS_MAX) {
			see_object(search, value, member, depth + 1);
		} else if (member->is_string) {
			member->text = json_string_value(value);
			member->size = json_string_length(value);
			see_member(search, member);
		} else if (is_whole(value)) {
			member->size = (size_t)snprintf(number, sizeof number, "%u",
							(unsigned)json_number_value(value));
			member->text = number;
			see_member(search, member);
		}
		member->keys[depth] = NULL;
	}
}

bool log_level_of_json(const char *line, size_t size, struct log_level_found *ret_found)
{
	size_t blank = 0;
	auto_doc json_t *document = NULL;
	struct member_search search = { .strength = 0 };
	struct member member = { .is_string = false };

	/* most lines are none, which is to be seen at once */
	while (blank < size && memchr(" \t\r\n", line[blank], 4) != NULL)
		blank++;
	if (blank == size || line[blank] != '{')
		return false;
	/* loggers write a member twice, integers of any size, and NUL */
	document = json_loadb(line, size, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
	if (!json_is_object(document))
		return false;
	see_object(&search, document, &member, 0);
	if (search.strength == 0 && search.has_context && search.letter.level != LOG_LEVEL_NONE)
		search.best = search.letter;
	else if (search.strength == 0 && search.is_compact)
		search.best.level = LOG_LEVEL_INFO;
	*ret_found = search.best;
	return true;
}
