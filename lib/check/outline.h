/*
 * Floor 4. What Dockerfiles, compose files and images say of themselves: stages and their bases,
 * and what the image will be run with. For programs that set something up by it; docs/json.md has
 * the form.
 *
 * What hangs on a variable that is not set is null.
 */
#ifndef CHECK_OUTLINE_H
#define CHECK_OUTLINE_H

#include <jansson.h>
#include <stdio.h>

#include "attributes.h"
#include "base/error.h"
#include "file/stages.h"
#include "file/variables.h"
#include "image/configuration.h"

/* New references, NULL with ERROR_MEMORY. ERROR_INPUT "NAME:LINE: what" for a file that builders
 * refuse, ERROR_USAGE for a `stage` (name or number; NULL for the last) that is not there. */
json_t *outline_dockerfile(const char *name, const char *data, size_t size,
			   const struct build_settings *build, const char *stage,
			   struct error *err) must_check;
/* `environment`: variables of the file. */
json_t *outline_compose(const char *name, const char *data, size_t size,
			const struct variables *environment, struct error *err) must_check;
json_t *outline_image(const struct configuration *configuration, struct error *err) must_check;

/* As lines of a path and a value: "image.user.value: app". */
void outline_text(const json_t *outline, FILE *out);

#endif
