/*
 * Floor 3. An image's layers, applied one after the other to a directory.
 *
 * Nothing is written outside the root: parents are resolved by openat2 with RESOLVE_IN_ROOT, or
 * step by step where there is none; entries with ".." are left out.
 */
#ifndef RUN_UNPACK_H
#define RUN_UNPACK_H

#include <stdio.h>

#include "attributes.h"
#include "base/error.h"
#include "image/image.h"

/*
 * Into the empty directory `root`. The image must have been opened with .verify and .threads = 1:
 * layers are applied in order. To `folders` goes "LAYER PATH" with a NUL behind it for each
 * directory entry, in the order of the layers (0 is the lowest; PATH begins with "/").
 */
int unpack_image(const struct image *image, int root, FILE *folders, struct error *err) must_check;

#endif
