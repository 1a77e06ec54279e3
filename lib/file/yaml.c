#include "config.h"

#include "file/yaml.h"

#include <string.h>

/* Merge keys that lead to merge keys; also what ends a cycle of aliases. */
#define MERGE_DEPTH_MAX 16
/* Mappings visited for merge keys, so that lists of lists of aliases do not multiply. */
#define MERGE_VISITS_MAX 100000
/* Collections inside collections. */
#define DEPTH_MAX 100

int yml_error(const struct yml *yml, const yaml_node_t *node, struct error *err)
{
	return error_prefix(err, "%s:%zu", yml->name, node->start_mark.line + 1);
}

const yaml_node_t *yml_node(const struct yml *yml, int index)
{
	return yaml_document_get_node(yml->document, index);
}

bool yml_is_key(const yaml_node_t *node, const char *key)
{
	return node != NULL && node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.length == strlen(key) &&
	       memcmp(node->data.scalar.value, key, node->data.scalar.length) == 0;
}

/* A scalar that says "nothing": empty and plain, ~ or null. */
bool yml_is_null(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (node->data.scalar.length == 0 || yml_is_key(node, "~") ||
		yml_is_key(node, "null") || yml_is_key(node, "Null") || yml_is_key(node, "NULL"));
}

int yml_check_merge(const struct yml *yml, const yaml_node_t *node, unsigned depth,
		    struct error *err)
{
	if (depth <= MERGE_DEPTH_MAX && (depth == 0 || ++*yml->visits <= MERGE_VISITS_MAX))
		return 0;
	(void)error_set(err, ERROR_INPUT, "merge keys lead too far");
	return yml_error(yml, node, err);
}

static int find_merged(const struct yml *yml, const yaml_node_t *mapping, const char *key,
		       unsigned depth, const yaml_node_t **ret_node, struct error *err);

/* What "<<" gives: a mapping, or a list of them of which the first that has the key counts. */
static int find_in_merge(const struct yml *yml, const yaml_node_t *merge, const char *key,
			 unsigned depth, const yaml_node_t **ret_node, struct error *err)
{
	if (merge == NULL || merge->type == YAML_SCALAR_NODE)
		return 0;
	if (merge->type == YAML_MAPPING_NODE)
		return find_merged(yml, merge, key, depth, ret_node, err);
	for (const yaml_node_item_t *item = merge->data.sequence.items.start;
	     item < merge->data.sequence.items.top && *ret_node == NULL; item++) {
		const yaml_node_t *node = yml_node(yml, *item);

		if (node != NULL && node->type == YAML_MAPPING_NODE &&
		    find_merged(yml, node, key, depth, ret_node, err) < 0)
			return -1;
	}
	return 0;
}

/* The mapping's own keys come before merged ones. *ret_node stays NULL where nothing has it. */
static int find_merged(const struct yml *yml, const yaml_node_t *mapping, const char *key,
		       unsigned depth, const yaml_node_t **ret_node, struct error *err)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	const yaml_node_pair_t *end = mapping->data.mapping.pairs.top;
	const yaml_node_t *found = NULL;

	if (yml_check_merge(yml, mapping, depth, err) < 0)
		return -1;
	for (; pair < end; pair++) {
		const yaml_node_t *node = yml_node(yml, pair->key);

		if (!yml_is_key(node, key))
			continue;
		if (found != NULL) {
			(void)error_set(err, ERROR_INPUT, "the key '%s' is given twice", key);
			return yml_error(yml, node, err);
		}
		found = yml_node(yml, pair->value);
	}
	if (found != NULL) {
		*ret_node = found;
		return 0;
	}
	for (pair = mapping->data.mapping.pairs.start; pair < end; pair++)
		if (*ret_node == NULL && yml_is_key(yml_node(yml, pair->key), "<<") &&
		    find_in_merge(yml, yml_node(yml, pair->value), key, depth + 1, ret_node, err) <
			    0)
			return -1;
	return 0;
}

/* A member of a mapping; NULL where it is not there, or null. */
int yml_find(const struct yml *yml, const yaml_node_t *mapping, const char *key,
	     const yaml_node_t **ret_node, struct error *err)
{
	*ret_node = NULL;
	if (find_merged(yml, mapping, key, 0, ret_node, err) < 0)
		return -1;
	if (*ret_node != NULL && yml_is_null(*ret_node))
		*ret_node = NULL;
	return 0;
}

/* The byte of a character. libyaml counts characters, and a byte order mark is none. */
static size_t find_offset(const struct yml *yml, size_t index)
{
	struct yml_cursor *cursor = yml->cursor;

	/* values come in the order of the file but for aliases */
	if (index < cursor->index)
		*cursor = (struct yml_cursor) { .start = cursor->start, .offset = cursor->start };
	while (cursor->index < index && cursor->offset < yml->size) {
		cursor->offset++;
		while (cursor->offset < yml->size &&
		       ((unsigned char)yml->data[cursor->offset] & 0xc0) == 0x80)
			cursor->offset++;
		cursor->index++;
	}
	return cursor->offset;
}

void yml_place(const struct yml *yml, const yaml_node_t *node, struct yml_place *ret_place)
{
	const char *text = (const char *)node->data.scalar.value;
	size_t size = node->data.scalar.length;
	bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	size_t end = find_offset(yml, node->end_mark.index);
	size_t last = plain || end == 0 ? end : end - 1;
	size_t line = last;

	*ret_place = (struct yml_place) { 0 };
	/* the end of a block is somewhere below its text */
	if (node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
	    node->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		return;
	if (size == 0 || size > last || memcmp(yml->data + last - size, text, size) != 0)
		return;
	ret_place->at = (struct span) { last - size, last };
	while (line > yml->cursor->start && yml->data[line - 1] != '\n')
		line--;
	/* a text that has its bytes in the file stands in one line */
	if (line > ret_place->at.start) {
		*ret_place = (struct yml_place) { 0 };
		return;
	}
	ret_place->line = node->end_mark.line + 1;
	ret_place->column = ret_place->at.start - line + 1;
}

static int yaml_failed(const yaml_parser_t *parser, const char *name, struct error *err)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return error_memory(err);
	return error_set(err, ERROR_INPUT, "%s:%zu: %s", name, parser->problem_mark.line + 1,
			 parser->problem != NULL ? parser->problem : "no YAML");
}

/*
 * Runs over the events first: libyaml takes a time that grows with the square of the depth of
 * brackets, which cost a reader of a hundred kilobytes a minute.
 */
static int check_depth(const char *data, size_t size, const char *name, struct error *err)
{
	bool done = false;
	size_t depth = 0;
	yaml_parser_t parser;
	yaml_event_t event;
	int result = 0;

	if (!yaml_parser_initialize(&parser))
		return error_memory(err);
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, size);
	while (!done && result == 0) {
		if (!yaml_parser_parse(&parser, &event)) {
			result = yaml_failed(&parser, name, err);
			break;
		}
		if (event.type == YAML_SEQUENCE_START_EVENT ||
		    event.type == YAML_MAPPING_START_EVENT)
			depth++;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			depth--;
		if (depth > DEPTH_MAX)
			result = error_set(err, ERROR_INPUT, "%s:%zu: nested too deeply", name,
					   event.start_mark.line + 1);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return result;
}

/* One document after the other. */
static int each_document(yaml_parser_t *parser, struct yml *yml, bool several,
			 int (*visit)(const struct yml *yml, void *context, struct error *err),
			 void *context, struct error *err)
{
	for (size_t count = 0;; count++) {
		yaml_document_t document;
		bool empty;
		int result = 0;

		if (!yaml_parser_load(parser, &document))
			return yaml_failed(parser, yml->name, err);
		empty = yaml_document_get_root_node(&document) == NULL;
		yml->document = &document;
		if (!empty && count > 0 && !several)
			result = error_set(err, ERROR_INPUT,
					   "%s: several YAML documents in one file", yml->name);
		else if (!empty || count == 0)
			result = visit(yml, context, err);
		yaml_document_delete(&document);
		if (result < 0 || empty)
			return result;
	}
}

int yml_each(const char *data, size_t size, const char *name, bool several,
	     int (*visit)(const struct yml *yml, void *context, struct error *err), void *context,
	     struct error *err)
{
	size_t visits = 0;
	struct yml_cursor cursor = { 0 };
	struct yml yml = {
		.name = name, .data = data, .size = size, .visits = &visits, .cursor = &cursor
	};
	yaml_parser_t parser;
	int result;

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		cursor.start = cursor.offset = 3;
	if (check_depth(data, size, name, err) < 0)
		return -1;
	if (!yaml_parser_initialize(&parser))
		return error_memory(err);
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, size);
	result = each_document(&parser, &yml, several, visit, context, err);
	yaml_parser_delete(&parser);
	return result;
}
