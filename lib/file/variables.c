#include "config.h"

#include "file/variables.h"

#include <string.h>

#include "base/array.h"

static struct variable *variables_find_own(const struct variables *variables, const char *name)
{
	for (size_t i = 0; i < variables->count; i++)
		if (strcmp(variables->items[i].name, name) == 0)
			return &variables->items[i];
	return NULL;
}

const struct variable *variables_find(const struct variables *variables, const char *name)
{
	for (; variables != NULL; variables = variables->parent) {
		const struct variable *found = variables_find_own(variables, name);

		if (found != NULL)
			return found;
	}
	return NULL;
}

static void variable_release(struct variable *variable)
{
	free(variable->name);
	free(variable->value);
	free(variable->unknown);
}

void variables_release(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		variable_release(&variables->items[i]);
	free(variables->items);
	*variables = (struct variables) { 0 };
}

/* Takes the variable over in any case. */
static int variables_add(struct variables *variables, struct variable *fresh, struct error *err)
{
	size_t total = 0;

	for (const struct variables *set = variables; set != NULL; set = set->parent)
		total += set->count;
	if (total >= VARIABLES_MAX) {
		variable_release(fresh);
		return error_set(err, ERROR_INPUT, "more than %d variables", VARIABLES_MAX);
	}
	if (array_room(&variables->items, variables->count, &variables->capacity, err) < 0) {
		variable_release(fresh);
		return -1;
	}
	variables->items[variables->count++] = *fresh;
	return 0;
}

int variables_set(struct variables *variables, const char *name, const char *value,
		  const char *unknown, struct error *err)
{
	struct variable fresh = {
		.name = strdup(name),
		.value = strdup(value),
		.unknown = unknown != NULL ? strdup(unknown) : NULL,
	};
	struct variable *old = variables_find_own(variables, name);

	if (fresh.name == NULL || fresh.value == NULL ||
	    (unknown != NULL && fresh.unknown == NULL)) {
		variable_release(&fresh);
		return error_memory(err);
	}
	if (old == NULL)
		return variables_add(variables, &fresh, err);
	variable_release(old);
	*old = fresh;
	return 0;
}

bool variables_lookup(const void *context, const char *name,
		      struct shellword_variable *ret_variable)
{
	const struct variable *variable = variables_find(context, name);

	if (variable == NULL)
		return false;
	ret_variable->value = variable->value;
	ret_variable->unknown = variable->unknown;
	return true;
}
