/*
 * Floor 3. YAML documents (1.1, by libyaml), as their readers walk them: bounded, with merge keys,
 * and with errors that name file and line.
 */
#ifndef FILE_YAML_H
#define FILE_YAML_H

#include <stdbool.h>
#include <yaml.h>

#include "file/words.h"

/* internal: the bytes of characters */
struct yml_marks {
	size_t start;	 /* behind a byte order mark */
	size_t *offsets; /* of every so many characters, as far as they have been counted */
	size_t count;
	size_t capacity;
};

/* One document of a file. */
struct yml {
	const char *name;
	const char *data; /* of the file */
	size_t size;
	yaml_document_t *document;
	size_t *visits; /* internal: of mappings, on the way of merge keys */
	size_t *work;	/* internal: see yml_work */
	struct yml_marks *marks;
};

/*
 * Calls `visit` for each document that is not empty, and for the first one in any case (its root
 * is NULL then). ERROR_INPUT "NAME:LINE: what": no YAML, nested too deeply, and several documents
 * where there may be but one.
 */
int yml_each(const char *data, size_t size, const char *name, bool several,
	     int (*visit)(const struct yml *yml, void *context, struct error *err), void *context,
	     struct error *err) must_check;

/* Puts "NAME:LINE: " before an error; -1. */
int yml_error(const struct yml *yml, const yaml_node_t *node, struct error *err);

const yaml_node_t *yml_node(const struct yml *yml, int index);
bool yml_is_key(const yaml_node_t *node, const char *key);
/* A scalar that says "nothing": empty and plain, ~ or null. */
bool yml_is_null(const yaml_node_t *node);

/* An explicit tag, "!reset". */
bool yml_has_tag(const yaml_node_t *node, const char *tag);

/* Aliases make a small file say a lot. Counts steps; ERROR_INPUT where a file takes too many. */
int yml_work(const struct yml *yml, const yaml_node_t *node, size_t steps,
	     struct error *err) must_check;

/* A member of a mapping, merge keys followed; NULL where it is not there, or null. ERROR_INPUT for
 * a key that is given twice, and merge keys that lead too far. */
int yml_find(const struct yml *yml, const yaml_node_t *mapping, const char *key,
	     const yaml_node_t **ret_node, struct error *err) must_check;
/* The same, but what is null is there. */
int yml_look(const struct yml *yml, const yaml_node_t *mapping, const char *key,
	     const yaml_node_t **ret_node, struct error *err) must_check;

/* All members of a mapping: its own in the order of the file, then those of merge keys that it has
 * not itself. Keys may be of any kind, one that is a scalar comes once (ERROR_INPUT where it is
 * given twice). The caller frees the array. */
struct yml_member {
	const yaml_node_t *key;
	const yaml_node_t *value;
};
int yml_members(const struct yml *yml, const yaml_node_t *mapping, struct yml_member **ret_members,
		size_t *ret_count, struct error *err) must_check;

/* For those who follow merge keys themselves: is that still bounded? */
int yml_check_merge(const struct yml *yml, const yaml_node_t *node, unsigned depth,
		    struct error *err) must_check;

/* Where a scalar's text stands in the file, without quotes, where it is written there as it is; all
 * 0 where it is not. Columns count bytes from 1. */
struct yml_place {
	struct span at;
	size_t line;
	size_t column;
};
void yml_place(const struct yml *yml, const yaml_node_t *node, struct yml_place *ret_place);

#endif
