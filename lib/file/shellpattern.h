/*
 * Floor 3. The patterns of ${V#p} and its kin: '*' is any text, '?' one character, '\' makes the
 * next of '*', '?', '\', '/' and '}' plain.
 */
#ifndef FILE_SHELLPATTERN_H
#define FILE_SHELLPATTERN_H

#include <stdbool.h>

#include "base/buf.h"

/* Longer values and patterns are refused, so that no pattern takes long. */
#define SHELLPATTERN_SIZE_MAX 512

enum shellpattern_end { SHELLPATTERN_PREFIX, SHELLPATTERN_SUFFIX };

/* Adds the value without the shortest or longest match at one end. */
int shellpattern_trim(const char *pattern, const char *value, enum shellpattern_end end,
		      bool longest, struct buf *out, struct error *err) must_check;
/* Adds the value with the first match (the longest there), or all, replaced. */
int shellpattern_replace(const char *pattern, const char *value, const char *replacement, bool all,
			 struct buf *out, struct error *err) must_check;

#endif
