/*
 * Floor 4. The rules of lint.h on an image: its configuration, and what that names in its files.
 */
#ifndef CHECK_LINTIMAGE_H
#define CHECK_LINTIMAGE_H

#include "check/lint.h"
#include "image/image.h"

/* Reads the image's layers, unless no rule that is enabled needs them. */
int lint_image(struct lint *lint, size_t target, const struct image *image,
	       struct error *err) must_check;

#endif
