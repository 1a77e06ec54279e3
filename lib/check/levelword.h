/*
 * Floor 4. Words, letters and figures that stand for a level, for those who read lines of a log.
 */
#ifndef CHECK_LEVELWORD_H
#define CHECK_LEVELWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "check/loglevel.h"

/* Where a word is taken for a level. In JSON all of them are. */
enum word_place {
	WORD_UPPER = 1,	  /* in capitals, standing by itself */
	WORD_BRACKET = 2, /* alone in brackets: [error], [core:error] */
	WORD_COLON = 4,	  /* before a colon */
	WORD_TITLE = 8,	  /* WORD_COLON, in capitals only */
};

struct level_word {
	const char *word;
	enum log_level level;
	unsigned places;
};

/* Without regard to case; NULL where the word is none of them. */
const struct level_word *level_word_find(const char *text, size_t size);

/* One letter: E, W, I, F; D and D1 to D5. */
enum log_level level_of_letter(const char *text, size_t size);

/* The severities of RFC 5424, 0 to 7. */
enum log_level level_of_severity(unsigned severity);

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool is_letter(char c)
{
	return is_upper(c) || is_lower(c);
}

/* ASCII: in a Turkish locale the C library takes INFO and info for two words. */
static inline bool same_word(const char *text, size_t size, const char *word)
{
	size_t i = 0;

	while (i < size && word[i] != '\0' &&
	       (text[i] == word[i] ||
		(is_letter(text[i]) && is_letter(word[i]) && (text[i] | 0x20) == (word[i] | 0x20))))
		i++;
	return i == size && word[i] == '\0';
}

#endif
