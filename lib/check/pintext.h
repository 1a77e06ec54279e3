/*
 * Floor 4. Where the text stands that the base of a FROM ends with: the place of its digest.
 *
 * That is the FROM itself, or the default of the one ARG that it ends with. Where a digest at that
 * place would also count for something else, there is none.
 */
#ifndef CHECK_PINTEXT_H
#define CHECK_PINTEXT_H

#include "file/stages.h"

/*
 * Of a FROM whose base is one word without quotes or escapes, or in quotes as a whole. *ret_fixed
 * is NULL, or says why there is no such place; the caller frees.
 */
int pintext_find(const struct dockerfile *dockerfile, const struct instruction *from,
		 const struct build_settings *settings, const struct variables *globals,
		 struct span *ret_at, char **ret_fixed, struct error *err) must_check;

#endif
