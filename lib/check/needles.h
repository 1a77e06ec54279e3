/*
 * Floor 4. Plain strings looked for all at once (Aho and Corasick), and the plain strings
 * that a regular expression cannot match without.
 */
#ifndef CHECK_NEEDLES_H
#define CHECK_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

struct needle {
	char *text;
	size_t size;
};

/* Alternatives: one of them is in every match. Empty: nothing is known. */
struct needles {
	struct needle *items;
	size_t count;
	bool first; /* a match begins with it */
};

void needles_release(struct needles *needles);
int needles_add(struct needles *needles, const char *text, size_t size,
		struct error *err) must_check;

/*
 * Reads a PCRE2 expression as far as it is simple, and gives up (no needles) where it is not:
 * a needle too many costs time, a wrong one would lose a match. Needles are compared without
 * regard to the case of ASCII letters.
 */
int needles_of_regex(const char *regex, size_t size, struct needles *ret_needles,
		     struct error *err) must_check;

/* An automaton over many needles. Immutable after needle_set_new. */
struct needle_set;

/* `needles[i].text` is borrowed during the call only; a hit tells `i`. */
int needle_set_new(const struct needle *needles, size_t count, struct needle_set **ret_set,
		   struct error *err) must_check;
void needle_set_free(struct needle_set *set);

/*
 * Calls hit() for each place where a needle ends, in order, with its index and that place
 * (offset behind its last byte). hit() returns where to go on (its argument to miss nothing, or
 * further on to skip, then the search starts afresh there), or SIZE_MAX to stop.
 */
typedef size_t needle_hit(void *context, size_t needle, size_t end);
void needle_set_scan(const struct needle_set *set, const char *data, size_t from, size_t size,
		     needle_hit *hit, void *context);

#endif
