/*
 * Floor 4. The rules of lint.h on a compose file.
 */
#ifndef CHECK_LINTCOMPOSE_H
#define CHECK_LINTCOMPOSE_H

#include "check/lintfile.h"
#include "file/variables.h"

struct lint_compose_settings {
	const struct variables *environment; /* borrowed; may be NULL */
	const struct lint_file_facts *built; /* of the Dockerfile beside it; NULL for none */
};

/* ERROR_INPUT "NAME:LINE: what". */
int lint_compose(struct lint *lint, size_t target, const char *name, const char *data, size_t size,
		 const struct lint_compose_settings *settings, struct error *err) must_check;

#endif
