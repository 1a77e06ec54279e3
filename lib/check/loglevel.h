/*
 * Floor 4. The level of a line of a log: of one that is JSON by its members, of any other by the
 * forms that loggers, servers and language runtimes have for it.
 *
 * A level is what the program itself says. It stands before the message, so a line is read from its
 * begin, over times, process ids and names of loggers, and no further than the first words of
 * prose: what a message speaks of is no level. Lines that go on with the one before (the frames of
 * a stack) have none.
 */
#ifndef CHECK_LOGLEVEL_H
#define CHECK_LOGLEVEL_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_NONE,
	LOG_LEVEL_TRACE,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_CRITICAL, /* and what is above: fatal, alert, emergency, panic */
	LOG_LEVELS,
};

struct log_level_found {
	enum log_level level;
	const char *text; /* as the line has it, borrowed from it; NULL where nothing stands there.
			   * A word that is no known level is text without a level. */
	size_t size;
};

/* Any bytes. */
struct log_level_found log_level_of_plain(const char *line, size_t size);

/* Whether the line is a JSON object; only then *ret_found is written. */
bool log_level_of_json(const char *line, size_t size, struct log_level_found *ret_found);

#endif
