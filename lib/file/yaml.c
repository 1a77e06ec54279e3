#include "config.h"

#include "file/yaml.h"

#include <string.h>

#include "base/array.h"

/* Merge keys that lead to merge keys; also what ends a cycle of aliases. */
#define MERGE_DEPTH_MAX 16
/* Mappings visited for merge keys, so that lists of lists of aliases do not multiply. */
#define MERGE_VISITS_MAX 100000
/* Keys looked at: a fraction of a second, and more than any file takes that people wrote. */
#define WORK_MAX 50000000
/* Collections inside collections. */
#define DEPTH_MAX 100
/* Characters between two marks. */
#define MARK_STEP 1024

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

bool yml_has_tag(const yaml_node_t *node, const char *tag)
{
	return node->tag != NULL && strcmp((const char *)node->tag, tag) == 0;
}

int yml_work(const struct yml *yml, const yaml_node_t *node, size_t steps, struct error *err)
{
	if (steps <= WORK_MAX - *yml->work) {
		*yml->work += steps;
		return 0;
	}
	(void)error_set(err, ERROR_INPUT, "too many keys, items or aliases");
	return yml_error(yml, node, err);
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

	if (yml_check_merge(yml, mapping, depth, err) < 0 ||
	    yml_work(yml, mapping, (size_t)(end - pair) + 1, err) < 0)
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

int yml_look(const struct yml *yml, const yaml_node_t *mapping, const char *key,
	     const yaml_node_t **ret_node, struct error *err)
{
	*ret_node = NULL;
	return find_merged(yml, mapping, key, 0, ret_node, err);
}

/* A member of a mapping; NULL where it is not there, or null. */
int yml_find(const struct yml *yml, const yaml_node_t *mapping, const char *key,
	     const yaml_node_t **ret_node, struct error *err)
{
	if (yml_look(yml, mapping, key, ret_node, err) < 0)
		return -1;
	if (*ret_node != NULL && yml_is_null(*ret_node))
		*ret_node = NULL;
	return 0;
}

struct members {
	struct yml_member *items;
	size_t count;
	size_t capacity;
};

static bool is_same_key(const yaml_node_t *a, const yaml_node_t *b)
{
	return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
	       a->data.scalar.length == b->data.scalar.length &&
	       memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

static int add_member(const struct yml *yml, const yaml_node_pair_t *pair, unsigned depth,
		      struct members *members, struct error *err)
{
	struct yml_member member = { yml_node(yml, pair->key), yml_node(yml, pair->value) };

	if (member.key == NULL || member.value == NULL || yml_is_key(member.key, "<<"))
		return 0;
	if (yml_work(yml, member.key, members->count, err) < 0)
		return -1;
	for (size_t i = 0; i < members->count; i++) {
		if (!is_same_key(members->items[i].key, member.key))
			continue;
		if (depth > 0)
			return 0;
		(void)error_set(err, ERROR_INPUT, "the key '%s' is given twice",
				(const char *)member.key->data.scalar.value);
		return yml_error(yml, member.key, err);
	}
	if (array_room(&members->items, members->count, &members->capacity, err) < 0)
		return -1;
	members->items[members->count++] = member;
	return 0;
}

static int collect_members(const struct yml *yml, const yaml_node_t *mapping, unsigned depth,
			   struct members *members, struct error *err);

static int collect_merged(const struct yml *yml, const yaml_node_t *merge, unsigned depth,
			  struct members *members, struct error *err)
{
	if (merge == NULL || merge->type == YAML_SCALAR_NODE)
		return 0;
	if (merge->type == YAML_MAPPING_NODE)
		return collect_members(yml, merge, depth, members, err);
	for (const yaml_node_item_t *item = merge->data.sequence.items.start;
	     item < merge->data.sequence.items.top; item++) {
		const yaml_node_t *node = yml_node(yml, *item);

		if (node != NULL && node->type == YAML_MAPPING_NODE &&
		    collect_members(yml, node, depth, members, err) < 0)
			return -1;
	}
	return 0;
}

static int collect_members(const struct yml *yml, const yaml_node_t *mapping, unsigned depth,
			   struct members *members, struct error *err)
{
	const yaml_node_pair_t *start = mapping->data.mapping.pairs.start;
	const yaml_node_pair_t *end = mapping->data.mapping.pairs.top;

	if (yml_check_merge(yml, mapping, depth, err) < 0 ||
	    yml_work(yml, mapping, (size_t)(end - start) + 1, err) < 0)
		return -1;
	for (const yaml_node_pair_t *pair = start; pair < end; pair++)
		if (add_member(yml, pair, depth, members, err) < 0)
			return -1;
	for (const yaml_node_pair_t *pair = start; pair < end; pair++)
		if (yml_is_key(yml_node(yml, pair->key), "<<") &&
		    collect_merged(yml, yml_node(yml, pair->value), depth + 1, members, err) < 0)
			return -1;
	return 0;
}

int yml_members(const struct yml *yml, const yaml_node_t *mapping, struct yml_member **ret_members,
		size_t *ret_count, struct error *err)
{
	struct members members = { 0 };

	if (collect_members(yml, mapping, 0, &members, err) < 0) {
		free(members.items);
		return -1;
	}
	*ret_members = members.items;
	*ret_count = members.count;
	return 0;
}

static size_t next_character(const struct yml *yml, size_t offset)
{
	if (offset < yml->size)
		offset++;
	while (offset < yml->size && ((unsigned char)yml->data[offset] & 0xc0) == 0x80)
		offset++;
	return offset;
}

/* The byte of a character. libyaml counts characters, and a byte order mark is none. Counting from
 * the start for every alias would take a time that grows with the square of the file. */
static size_t find_offset(const struct yml *yml, size_t index)
{
	struct yml_marks *marks = yml->marks;
	size_t at;
	size_t offset;

	while (marks->count <= index / MARK_STEP) {
		struct error err = ERROR_INIT;

		offset = marks->count > 0 ? marks->offsets[marks->count - 1] : marks->start;
		for (size_t i = 0; marks->count > 0 && i < MARK_STEP; i++)
			offset = next_character(yml, offset);
		/* without memory for marks it is slower */
		if (array_room(&marks->offsets, marks->count, &marks->capacity, &err) < 0)
			break;
		marks->offsets[marks->count++] = offset;
	}
	at = index / MARK_STEP < marks->count ? index / MARK_STEP : marks->count - 1;
	offset = marks->count > 0 ? marks->offsets[at] : marks->start;
	for (size_t i = marks->count > 0 ? at * MARK_STEP : 0; i < index; i++)
		offset = next_character(yml, offset);
	return offset;
}

void yml_place(const struct yml *yml, const yaml_node_t *node, struct yml_place *ret_place)
{
	const char *text = (const char *)node->data.scalar.value;
	size_t size = node->data.scalar.length;
	bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	size_t end = find_offset(yml, node->end_mark.index);
	size_t last = plain || end == 0 ? end : end - 1;
	size_t line;

	*ret_place = (struct yml_place) { 0 };
	/* the end of a block is somewhere below its text */
	if (node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
	    node->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		return;
	if (size == 0 || size > last || memcmp(yml->data + last - size, text, size) != 0)
		return;
	ret_place->at = (struct span) { last - size, last };
	line = find_offset(yml, node->end_mark.index - node->end_mark.column);
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

/* An alias inside of what it is an alias of: the number of that node, or 0. Children are nodes, and
 * one leads back to one of its parents. `seen`: 0 not yet, 1 above, 2 done. Aliases come behind
 * their anchors, so this is no deeper than the text is nested. */
static int leads_back(const yaml_document_t *document, int index, unsigned char *seen)
{
	const yaml_node_t *node = document->nodes.start + index - 1;
	int back = 0;

	if (seen[index] > 0)
		return seen[index] == 1 ? index : 0;
	seen[index] = 1;
	if (node->type == YAML_SEQUENCE_NODE)
		for (const yaml_node_item_t *item = node->data.sequence.items.start;
		     item < node->data.sequence.items.top && back == 0; item++)
			back = leads_back(document, *item, seen);
	if (node->type == YAML_MAPPING_NODE)
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top && back == 0; pair++) {
			back = leads_back(document, pair->key, seen);
			if (back == 0)
				back = leads_back(document, pair->value, seen);
		}
	seen[index] = 2;
	return back;
}

static int check_cycles(const struct yml *yml, struct error *err)
{
	const yaml_document_t *document = yml->document;
	size_t count = (size_t)(document->nodes.top - document->nodes.start);
	auto_free unsigned char *seen = calloc(count + 1, 1);

	if (seen == NULL)
		return error_memory(err);
	for (size_t i = 1; i <= count; i++) {
		int back = leads_back(document, (int)i, seen);

		if (seen[i] == 2 && back == 0)
			continue;
		(void)error_set(err, ERROR_INPUT, "an anchor holds an alias of itself");
		return yml_error(yml, document->nodes.start + back - 1, err);
	}
	return 0;
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
		else if (!empty)
			result = check_cycles(yml, err) < 0 ? -1 : visit(yml, context, err);
		else if (count == 0)
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
	size_t work = 0;
	struct yml_marks marks = { 0 };
	struct yml yml = { .name = name,
			   .data = data,
			   .size = size,
			   .visits = &visits,
			   .work = &work,
			   .marks = &marks };
	yaml_parser_t parser;
	int result;

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		marks.start = 3;
	if (check_depth(data, size, name, err) < 0)
		return -1;
	if (!yaml_parser_initialize(&parser))
		return error_memory(err);
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, size);
	result = each_document(&parser, &yml, several, visit, context, err);
	yaml_parser_delete(&parser);
	free(marks.offsets);
	return result;
}
