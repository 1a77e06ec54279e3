/*
 * Floor 3. Words of a Dockerfile: quotes, escapes and variables, as BuildKit expands them.
 *
 *   $V ${V} ${V:-d} ${V-d} ${V:+x} ${V+x} ${V:?e} ${V?e}
 *   ${V#p} ${V##p} ${V%p} ${V%%p} ${V/p/r} ${V//p/r}      (* and ? in patterns)
 *
 * A variable that is not set counts as empty, and the result says that it depended on one: what
 * a build would make of it is then not known from the file.
 */
#ifndef FILE_SHELLWORD_H
#define FILE_SHELLWORD_H

#include <stdbool.h>

#include "file/words.h"

/* Bytes that variables may add to a word, about. */
#define SHELLWORD_SIZE_MAX ((size_t)64 << 10)

struct shellword_variable {
	const char *value;
	const char *unknown; /* NULL, or the name of what the value hangs on and nobody knows */
};

enum shellword_flag {
	SHELLWORD_KEEP_QUOTES = 1,  /* they group words but stay in the text */
	SHELLWORD_KEEP_ESCAPES = 2, /* the escape character stays in the text */
	SHELLWORD_KEEP_UNSET = 4,   /* "$V" stays where V is not set, and nothing is unknown */
};

struct shellword_options {
	char escape; /* '\\' or '`' */
	unsigned flags;
	/* False for a variable that is not set; NULL where none is. */
	bool (*lookup)(const void *context, const char *name,
		       struct shellword_variable *ret_variable);
	const void *context;
};

struct shellword {
	char *text;	    /* the whole, spaces kept */
	struct words words; /* split at white space that is not quoted */
	char *unknown;	    /* NULL, or the name of the first variable that is not known */
};

/* ERROR_INPUT for an open quote, a bad substitution, ${V:?e}. The caller releases. */
int shellword_expand(const struct shellword_options *options, const char *text,
		     struct shellword *ret_word, struct error *err) must_check;
void shellword_release(struct shellword *word);
#define auto_shellword cleanup_by(shellword_release)

#endif
