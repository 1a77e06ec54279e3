/*
 * Floor 2. Paths in archives, made comparable: no leading "/" or "./", no doubled or trailing
 * "/", no "." components. The root is "". ".." is never resolved in an entry's name: it is kept
 * and told, for such an entry is no part of a file system.
 */
#ifndef IMAGE_PATH_H
#define IMAGE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/* In place; returns the new length. *ret_unsafe: there is a ".." component. */
size_t path_clean(char *path, bool *ret_unsafe);

/* A cleaned copy; the caller frees. NULL counts as "". */
int path_normalise(const char *path, char **ret_path, bool *ret_unsafe,
		   struct error *err) must_check;

/* Where a symbolic link `name` with this target leads, ".." resolved by text alone; unsafe where it
 * climbs above the root. The caller frees. */
int path_follow(const char *name, const char *target, char **ret_path, bool *ret_unsafe,
		struct error *err) must_check;

#endif
