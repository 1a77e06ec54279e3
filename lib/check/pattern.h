/*
 * Floor 4. Patterns for paths and for text, compiled once, used by many threads, each with
 * a scratch of its own. All matching is PCRE2's, compiled to machine code where the
 * processor allows; patterns and subjects are bytes, never UTF-8 characters.
 *
 * Globs are for paths. `*` and `?` do not match a `/`; a leading dot is like any other
 * character; `[a-z]`, `[!a-z]`, `[[:digit:]]` are classes; a backslash takes the next
 * character as it is.
 *   no `/`            matches the last component, wherever it stands
 *   a `/` somewhere   matches the whole path, from the root; a leading `/` is only that
 *   a trailing `/`    matches directories only
 *   `**` as a whole component matches any number of components, none included, but
 *                     as the last one it matches one or more
 *
 * A regular expression that needs too much time or memory is an error, never "no match".
 */
#ifndef CHECK_PATTERN_H
#define CHECK_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"
#include "check/needles.h"

enum pattern_syntax { PATTERN_GLOB, PATTERN_FIXED, PATTERN_REGEX };

enum pattern_flags {
	PATTERN_PATH = 1,     /* for paths, else for text */
	PATTERN_CASELESS = 2, /* ASCII letters */
	PATTERN_BLOCK = 4,    /* text: a match may go over line breaks; ^ and $ are any line's */
};

struct pattern;

/* ERROR_USAGE says what is wrong with the text, and where. Globs are for paths only. */
int pattern_new(enum pattern_syntax syntax, unsigned flags, const char *text, size_t size,
		struct pattern **ret_pattern, struct error *err) must_check;
void pattern_free(struct pattern *pattern);

enum pattern_syntax pattern_syntax(const struct pattern *pattern);
unsigned pattern_flags(const struct pattern *pattern);
/* Of a fixed string. */
const char *pattern_text(const struct pattern *pattern, size_t *ret_size);
/* Strings one of which is in every match; none where the expression does not tell. */
const struct needles *pattern_needles(const struct pattern *pattern);
/* Bytes before a match that it may look at, one at least. */
size_t pattern_lookbehind(const struct pattern *pattern);

/* What one thread needs while matching. */
struct scratch;
int scratch_new(struct scratch **ret_scratch, struct error *err) must_check;
void scratch_free(struct scratch *scratch);

/* A path as layer.h normalises it: 1, 0, -1. */
int pattern_match_path(const struct pattern *pattern, struct scratch *scratch, const char *path,
		       size_t size, bool directory, struct error *err) must_check;

enum search_flags {
	SEARCH_NOT_BEGIN = 1, /* the text does not begin at the begin of a line */
	SEARCH_NOT_END = 2,   /* the text goes on behind its end */
};

enum search_result {
	SEARCH_FAILED = -1,
	SEARCH_NONE = 0,
	SEARCH_FOUND = 1,
	SEARCH_PARTIAL = 2, /* with SEARCH_NOT_END: no match, but one may begin at *ret_begin */
};

/* A regular expression in text[from..size); what stands before `from` may be looked at. */
enum search_result pattern_search(const struct pattern *pattern, struct scratch *scratch,
				  const char *text, size_t size, size_t from, unsigned flags,
				  size_t *ret_begin, size_t *ret_end, struct error *err) must_check;

/* Many path patterns under one roof: tells quickly that none of them matches. */
struct path_sieve;
int path_sieve_new(struct pattern *const *patterns, size_t count, struct path_sieve **ret_sieve,
		   struct error *err) must_check;
void path_sieve_free(struct path_sieve *sieve);
/* 0: none matches; 1: at least one may. */
int path_sieve_test(const struct path_sieve *sieve, struct scratch *scratch, const char *path,
		    size_t size, struct error *err) must_check;

#endif
