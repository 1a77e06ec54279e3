/*
 * Floor 3. Compose files (the Compose specification, YAML 1.1 by libyaml): what their services
 * run and build. Anchors, aliases and merge keys are followed; `extends` and `include` are not,
 * their files are files of their own.
 *
 * Values may hold variables: $V, ${V}, ${V:-d}, ${V-d}, ${V:+r}, ${V+r}, ${V:?e}, ${V?e}, $$.
 * They come from the caller, never from the environment; one that is not set makes the value
 * unknown.
 */
#ifndef FILE_COMPOSE_H
#define FILE_COMPOSE_H

#include "file/variables.h"
#include "file/yaml.h"

#define COMPOSE_SIZE_MAX ((size_t)4 << 20)

/* A scalar and its line; `text` is NULL where it is not there. */
struct compose_value {
	char *text;    /* as written */
	char *value;   /* variables replaced, as far as they are known */
	char *unknown; /* NULL, or a variable that is not set */
	size_t line;
	struct yml_place place; /* of the text; zeroed where it is written in another way */
};

struct compose_service {
	char *name;
	size_t line;
	struct compose_value image;
	struct compose_value pull_policy;
	bool builds; /* has a `build` */
	struct compose_value context;
	struct compose_value dockerfile;
	struct compose_value dockerfile_inline;
	struct compose_value target;
	struct compose_value *args; /* of the build: "NAME=VALUE" or "NAME" */
	size_t arg_count;
	struct compose_value *contexts; /* additional_contexts: "NAME=WHERE" */
	size_t context_count;
	bool extends;
};

struct compose {
	struct compose_service *services; /* in the order of the file */
	size_t count;
};

/* ERROR_INPUT "NAME:LINE: what": no YAML, no services, several documents, a variable that is
 * malformed or demanded (${V:?e}). The caller releases. */
int compose_parse(const char *data, size_t size, const char *name,
		  const struct variables *variables, struct compose *ret_compose,
		  struct error *err) must_check;
void compose_release(struct compose *compose);
#define auto_compose cleanup_by(compose_release)

#endif
