/*
 * Floor 3. Lists of words cut from a text. A word knows its size, since a JSON string may hold a
 * NUL byte; a NUL stands behind it as well, so that most users need not care.
 */
#ifndef FILE_WORDS_H
#define FILE_WORDS_H

#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/* Where something stands in a text: the bytes [start, end). Both 0 where that is not known. */
struct span {
	size_t start;
	size_t end;
};

struct word {
	char *data;
	size_t size;
	struct span at; /* as written there, quotes and escapes included; see who made the words */
};

/* Zeroed is empty. */
struct words {
	struct word *items;
	size_t count;
	size_t capacity; /* internal */
};

/* Appends a copy. */
int words_add(struct words *words, const char *data, size_t size, struct error *err) must_check;
/* The same; the word is the text from `start` to `end`, and `text` is what offsets count from. */
int words_add_at(struct words *words, const char *data, size_t size, const char *text,
		 const char *start, const char *end, struct error *err) must_check;
/* All offsets grow by so many bytes. */
void words_shift(struct words *words, size_t by);
void words_release(struct words *words);
#define auto_words cleanup_by(words_release)

/* The length of the white-space character (Unicode's White_Space) at `text`, or 0. */
size_t space_at(const char *text, size_t size);
/* Cuts white space off both ends of (*text, *size). */
void space_trim(const char **text, size_t *size);
/* Only at the start. */
void space_trim_start(const char **text, size_t *size);

#endif
