#include "config.h"

#include "check/levelword.h"

#include "attributes.h"

static const struct level_word level_words[] = {
	{ "alert", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET },
	{ "catastrophe", LOG_LEVEL_CRITICAL, 0 },
	{ "config", LOG_LEVEL_DEBUG, WORD_TITLE }, /* java.util.logging */
	{ "crit", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "critical", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "dbg", LOG_LEVEL_DEBUG, WORD_UPPER | WORD_BRACKET },
	{ "dbug", LOG_LEVEL_DEBUG, WORD_COLON }, /* .NET */
	{ "debu", LOG_LEVEL_DEBUG, WORD_UPPER }, /* logrus on a terminal cuts to four */
	{ "debug", LOG_LEVEL_DEBUG, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "dpanic", LOG_LEVEL_CRITICAL, WORD_UPPER },
	{ "emerg", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "emergency", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET },
	{ "eror", LOG_LEVEL_ERROR, WORD_UPPER },
	{ "err", LOG_LEVEL_ERROR, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "erro", LOG_LEVEL_ERROR, WORD_UPPER },
	{ "error", LOG_LEVEL_ERROR, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "exception", LOG_LEVEL_ERROR, WORD_COLON },
	{ "fail", LOG_LEVEL_ERROR, WORD_UPPER | WORD_COLON }, /* .NET */
	{ "fata", LOG_LEVEL_CRITICAL, WORD_UPPER },
	{ "fatal", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "fine", LOG_LEVEL_DEBUG, WORD_TITLE },
	{ "finer", LOG_LEVEL_TRACE, WORD_TITLE },
	{ "finest", LOG_LEVEL_TRACE, WORD_TITLE },
	{ "ftl", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET },
	{ "http", LOG_LEVEL_DEBUG, 0 }, /* npm's and winston's, below info */
	{ "inf", LOG_LEVEL_INFO, WORD_UPPER | WORD_BRACKET },
	{ "info", LOG_LEVEL_INFO, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "information", LOG_LEVEL_INFO, WORD_UPPER | WORD_BRACKET },
	{ "informational", LOG_LEVEL_INFO, 0 },
	{ "log", LOG_LEVEL_INFO, WORD_TITLE }, /* PostgreSQL */
	{ "notice", LOG_LEVEL_NOTICE, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "panic", LOG_LEVEL_CRITICAL, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "severe", LOG_LEVEL_ERROR, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "silly", LOG_LEVEL_TRACE, 0 },
	{ "success", LOG_LEVEL_INFO, WORD_UPPER }, /* loguru */
	{ "trace", LOG_LEVEL_TRACE, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "trc", LOG_LEVEL_TRACE, WORD_UPPER | WORD_BRACKET },
	{ "trce", LOG_LEVEL_TRACE, WORD_COLON },
	{ "verbose", LOG_LEVEL_DEBUG, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "warn", LOG_LEVEL_WARNING, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "warni", LOG_LEVEL_WARNING, WORD_UPPER },
	{ "warning", LOG_LEVEL_WARNING, WORD_UPPER | WORD_BRACKET | WORD_COLON },
	{ "wrn", LOG_LEVEL_WARNING, WORD_UPPER | WORD_BRACKET },
};

const struct level_word *level_word_find(const char *text, size_t size)
{
	if (size < 3 || size > 13)
		return NULL;
	for (size_t i = 0; i < array_size(level_words); i++)
		if (same_word(text, size, level_words[i].word))
			return &level_words[i];
	return NULL;
}

enum log_level level_of_letter(const char *text, size_t size)
{
	if (size == 0 || size > 2 || (size == 2 && (text[0] != 'D' || !is_digit(text[1]))))
		return LOG_LEVEL_NONE;
	switch (text[0]) {
	case 'F':
		return LOG_LEVEL_CRITICAL;
	case 'E':
		return LOG_LEVEL_ERROR;
	case 'W':
		return LOG_LEVEL_WARNING;
	case 'I':
		return LOG_LEVEL_INFO;
	case 'D':
		return LOG_LEVEL_DEBUG;
	default:
		return LOG_LEVEL_NONE;
	}
}

enum log_level level_of_severity(unsigned severity)
{
	static const enum log_level levels[] = {
		LOG_LEVEL_CRITICAL, LOG_LEVEL_CRITICAL, LOG_LEVEL_CRITICAL, LOG_LEVEL_ERROR,
		LOG_LEVEL_WARNING,  LOG_LEVEL_NOTICE,	LOG_LEVEL_INFO,	    LOG_LEVEL_DEBUG,
	};

	return severity < array_size(levels) ? levels[severity] : LOG_LEVEL_NONE;
}
