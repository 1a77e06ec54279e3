/*
 * Floor 3. Variables as Compose replaces them in values: $V, ${V}, ${V:-d}, ${V-d}, ${V:+r},
 * ${V+r},
 * ${V:?e}, ${V?e}, and $$ for a dollar (the Compose specification, "Interpolation").
 */
#ifndef FILE_INTERPOLATE_H
#define FILE_INTERPOLATE_H

#include "base/buf.h"
#include "file/variables.h"

/*
 * Adds `text` to `out`, variables replaced as far as they are set. *ret_unknown is NULL, or the
 * first one that is not set and that the result hangs on; the caller frees it. `demands`: ${V:?e}
 * is an error where it says so; otherwise its variable is one that is not set. ERROR_INPUT:
 * malformed.
 */
int interpolate(const char *text, const struct variables *variables, bool demands, struct buf *out,
		char **ret_unknown, struct error *err) must_check;

#endif
