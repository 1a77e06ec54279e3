/*
 * Floor 3. The exec form of an instruction: a JSON array of strings.
 * A word's place counts from the beginning of the text, and has the quotes.
 *
 * Whether a text is that form decides how an instruction is read (a heredoc in it, for one), so
 * the borders are those of the Go decoder that BuildKit uses: bytes that are no UTF-8 and halves
 * of surrogate pairs become U+FFFD instead of an error.
 */
#ifndef FILE_EXECFORM_H
#define FILE_EXECFORM_H

#include "file/words.h"

enum execform {
	EXECFORM_NO,	/* no JSON array: the shell form */
	EXECFORM_YES,	/* the words are in *ret_words */
	EXECFORM_WRONG, /* a JSON array that holds something other than strings */
};

/* White space may stand around the array. *ret_words (zeroed by the caller) is only written for
 * EXECFORM_YES. -1 without memory. */
int execform_parse(const char *text, size_t size, enum execform *ret_form, struct words *ret_words,
		   struct error *err) must_check;

#endif
