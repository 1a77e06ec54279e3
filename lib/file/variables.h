/*
 * Floor 3. Named values, some of which depend on what nobody knows.
 */
#ifndef FILE_VARIABLES_H
#define FILE_VARIABLES_H

#include "file/shellword.h"

/* Of one set and all below it; more are refused, so that looking up stays cheap. */
#define VARIABLES_MAX 1024

struct variable {
	char *name;
	char *value;
	char *unknown; /* NULL, or the variable that its value depends on and that is not set */
};

/* Zeroed is empty. */
struct variables {
	struct variable *items;
	size_t count;
	size_t capacity;		/* internal */
	const struct variables *parent; /* borrowed: what is seen where this set has no such name */
};

/* `unknown` may be NULL. Replaces one of the same name in this set. ERROR_INPUT for too many. */
int variables_set(struct variables *variables, const char *name, const char *value,
		  const char *unknown, struct error *err) must_check;
void variables_release(struct variables *variables);
#define auto_variables cleanup_by(variables_release)

/* NULL where it is not set. */
const struct variable *variables_find(const struct variables *variables, const char *name);
/* For struct shellword_options: `context` is a struct variables. */
bool variables_lookup(const void *context, const char *name,
		      struct shellword_variable *ret_variable);

#endif
