#include "config.h"

#include "file/composevalue.h"

#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/buf.h"
#include "file/interpolate.h"

/* What all values may take: aliases repeat them, variables lengthen them. */
#define VALUES_SIZE_MAX ((size_t)16 << 20)

const char *compose_known(const struct compose_value *value)
{
	return value->text != NULL && value->unknown == NULL ? value->value : NULL;
}

enum compose_truth compose_truth(const struct compose_value *value)
{
	static const struct {
		const char *word;
		enum compose_truth truth;
	} words[] = {
		{ "true", COMPOSE_TRUE }, { "false", COMPOSE_FALSE }, { "yes", COMPOSE_TRUE },
		{ "no", COMPOSE_FALSE },  { "on", COMPOSE_TRUE },     { "off", COMPOSE_FALSE },
		{ "y", COMPOSE_TRUE },	  { "n", COMPOSE_FALSE },
	};

	if (value->text == NULL)
		return COMPOSE_NOT_SAID;
	if (value->unknown != NULL)
		return COMPOSE_UNCLEAR;
	for (size_t i = 0; i < array_size(words); i++)
		if (strcasecmp(value->value, words[i].word) == 0)
			return words[i].truth;
	return COMPOSE_UNCLEAR;
}

static int kind_failed(const struct compose_reader *reader, const yaml_node_t *node,
		       const char *what, const char *wanted, struct error *err)
{
	(void)error_set(err, ERROR_INPUT, "%s is %s", what, wanted);
	return yml_error(reader->yml, node, err);
}

int compose_member(const struct compose_reader *reader, const struct compose_view *view,
		   const char *key, bool null_ends, struct compose_view *ret_member,
		   struct error *err)
{
	struct compose_view member = { .count = 0 };

	for (size_t i = 0; i < view->count; i++) {
		const yaml_node_t *node = NULL;

		if (view->layers[i]->type != YAML_MAPPING_NODE)
			continue;
		if (yml_look(reader->yml, view->layers[i], key, &node, err) < 0)
			return -1;
		if (node == NULL)
			continue;
		if (yml_has_tag(node, "!reset") || (null_ends && yml_is_null(node)))
			break;
		if (yml_is_null(node) && !yml_has_tag(node, "!override"))
			continue;
		if (!yml_is_null(node)) {
			member.layers[member.count] = node;
			member.taken[member.count++] = view->taken[i];
		}
		if (yml_has_tag(node, "!override"))
			break;
	}
	*ret_member = member;
	return 0;
}

int compose_mapping(const struct compose_reader *reader, const struct compose_view *view,
		    const char *key, struct compose_view *ret_member, struct error *err)
{
	struct compose_view member;

	if (compose_member(reader, view, key, false, &member, err) < 0)
		return -1;
	for (size_t i = 0; i < member.count; i++)
		if (member.layers[i]->type != YAML_MAPPING_NODE)
			return kind_failed(reader, member.layers[i], key, "no mapping", err);
	*ret_member = member;
	return 0;
}

int compose_check_scalar(const struct compose_reader *reader, const yaml_node_t *node,
			 const char *what, struct error *err)
{
	if (node == NULL)
		return error_set(err, ERROR_INPUT, "%s: %s is no text", reader->yml->name, what);
	if (node->type != YAML_SCALAR_NODE)
		return kind_failed(reader, node, what, "no text", err);
	if (memchr(node->data.scalar.value, '\0', node->data.scalar.length) == NULL)
		return 0;
	(void)error_set(err, ERROR_INPUT, "%s has a NUL in it", what);
	return yml_error(reader->yml, node, err);
}

size_t compose_line(const yaml_node_t *node)
{
	bool block = node->type == YAML_SCALAR_NODE &&
		     (node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
		      node->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);

	return node->start_mark.line + (block ? 2 : 1);
}

void compose_value_release(struct compose_value *value)
{
	free(value->text);
	free(value->value);
	free(value->unknown);
	*value = (struct compose_value) { 0 };
}

static int count_bytes(const struct compose_reader *reader, const yaml_node_t *node,
		       const struct compose_value *value, struct error *err)
{
	size_t bytes = sizeof *value + strlen(value->text) + strlen(value->value);

	if (bytes <= VALUES_SIZE_MAX - *reader->bytes) {
		*reader->bytes += bytes;
		return 0;
	}
	(void)error_set(err, ERROR_INPUT, "its values take more than %zu bytes", VALUES_SIZE_MAX);
	return yml_error(reader->yml, node, err);
}

/* Sets all but the place. `name` is what `text` begins with where it is a member's: a key has no
 * variables. Takes `text` over. */
static int value_set(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		     const char *name, char *text, struct compose_value *value, struct error *err)
{
	auto_buf struct buf out;

	buf_init(&out, COMPOSE_SIZE_MAX);
	value->text = text;
	value->line = compose_line(node);
	value->taken = taken;
	if (text == NULL)
		return error_memory(err);
	if (name != NULL)
		buf_add_string(&out, name);
	if (interpolate(text + (name != NULL ? strlen(name) : 0), reader->variables,
			reader->demands, &out, &value->unknown, err) < 0)
		return yml_error(reader->yml, node, err);
	value->value = out.size > 0 ? buf_detach(&out) : strdup("");
	return value->value == NULL ? error_memory(err) : count_bytes(reader, node, value, err);
}

int compose_value_read(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		       const char *what, struct compose_value *value, struct error *err)
{
	if (compose_check_scalar(reader, node, what, err) < 0)
		return -1;
	yml_place(reader->yml, node, &value->place);
	return value_set(reader, node, taken, NULL, strdup((const char *)node->data.scalar.value),
			 value, err);
}

int compose_value_part(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		       const char *text, size_t size, bool plain, struct compose_value *value,
		       struct error *err)
{
	char *part = strndup(text, size);

	/* a name has no variables */
	return value_set(reader, node, taken, plain ? part : NULL, part, value, err);
}

int compose_read(const struct compose_reader *reader, const struct compose_view *view,
		 const char *key, struct compose_value *value, struct error *err)
{
	struct compose_view member;

	if (compose_member(reader, view, key, false, &member, err) < 0)
		return -1;
	if (member.count == 0)
		return 0;
	return compose_value_read(reader, member.layers[0], member.taken[0], key, value, err);
}

static size_t name_size(const char *text)
{
	return strcspn(text, "=");
}

/* Room for one more item; where the list has the name already, that item, emptied. */
static int list_room(const struct compose_reader *reader, const yaml_node_t *node, const char *name,
		     size_t size, struct compose_list *list, struct compose_value **ret_item,
		     struct error *err)
{
	struct compose_value *item;

	if (name != NULL && yml_work(reader->yml, node, list->count, err) < 0)
		return -1;
	for (size_t i = 0; name != NULL && i < list->count; i++) {
		item = &list->items[i];
		if (name_size(item->value) == size && memcmp(item->value, name, size) == 0) {
			compose_value_release(item);
			*ret_item = item;
			return 0;
		}
	}
	if (array_room(&list->items, list->count, &list->capacity, err) < 0)
		return -1;
	item = &list->items[list->count++];
	*item = (struct compose_value) { 0 };
	*ret_item = item;
	return 0;
}

static int list_add(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		    const char *what, bool named, struct compose_list *list, struct error *err)
{
	struct compose_value value = { 0 };
	struct compose_value *item;

	if (compose_value_read(reader, node, taken, what, &value, err) < 0 ||
	    list_room(reader, node, named ? value.value : NULL, name_size(value.value), list, &item,
		      err) < 0) {
		compose_value_release(&value);
		return -1;
	}
	*item = value;
	return 0;
}

static int list_add_member(const struct compose_reader *reader, const struct yml_member *member,
			   bool taken, const char *what, struct compose_list *list,
			   struct error *err)
{
	const yaml_node_t *node = member->value;
	struct compose_value *item;
	const char *name;
	char *text = NULL;

	if (compose_check_scalar(reader, node, what, err) < 0 ||
	    compose_check_scalar(reader, member->key, what, err) < 0)
		return -1;
	name = (const char *)member->key->data.scalar.value;
	if (list_room(reader, node, name, strlen(name), list, &item, err) < 0)
		return -1;
	if (yml_is_null(node))
		text = strdup(name);
	else if (asprintf(&text, "%s=%s", name, (const char *)node->data.scalar.value) < 0)
		text = NULL;
	yml_place(reader->yml, node, &item->place);
	return value_set(reader, node, taken, name, text, item, err);
}

static void list_remove(struct compose_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (name_size(list->items[i].text) != strlen(name) ||
		    strncmp(list->items[i].text, name, strlen(name)) != 0)
			continue;
		compose_value_release(&list->items[i]);
		memmove(&list->items[i], &list->items[i + 1],
			(list->count - i - 1) * sizeof list->items[0]);
		list->count--;
		return;
	}
}

static int list_add_mapping(const struct compose_reader *reader, const yaml_node_t *node,
			    bool taken, const char *what, struct compose_list *list,
			    struct error *err)
{
	auto_free struct yml_member *members = NULL;
	size_t count;

	if (yml_members(reader->yml, node, &members, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (members[i].key->type == YAML_SCALAR_NODE &&
		    yml_has_tag(members[i].value, "!reset")) {
			if (yml_work(reader->yml, node, list->count, err) < 0)
				return -1;
			list_remove(list, (const char *)members[i].key->data.scalar.value);
		} else if (list_add_member(reader, &members[i], taken, what, list, err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int list_add_item(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
			 const char *what, const struct compose_list_kind *kind,
			 struct compose_list *list, struct error *err)
{
	const yaml_node_t *member = node;

	if (node != NULL && yml_has_tag(node, "!reset"))
		return 0;
	if (kind->member != NULL && node != NULL && node->type == YAML_MAPPING_NODE) {
		if (yml_find(reader->yml, node, kind->member, &member, err) < 0)
			return -1;
		if (member == NULL) {
			(void)error_set(err, ERROR_INPUT, "%s has an item without '%s'", what,
					kind->member);
			return yml_error(reader->yml, node, err);
		}
	}
	return list_add(reader, member, taken, what, kind->named, list, err);
}

static int list_add_layer(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
			  const char *what, const struct compose_list_kind *kind,
			  struct compose_list *list, struct error *err)
{
	if (node->type == YAML_SCALAR_NODE && kind->text)
		return list_add(reader, node, taken, what, kind->named, list, err);
	if (node->type == YAML_MAPPING_NODE && kind->named)
		return list_add_mapping(reader, node, taken, what, list, err);
	if (node->type != YAML_SEQUENCE_NODE)
		return kind_failed(reader, node, what,
				   kind->named	? "neither a list nor a mapping"
				   : kind->text ? "neither text nor a list"
						: "no list",
				   err);
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++)
		if (list_add_item(reader, yml_node(reader->yml, *item), taken, what, kind, list,
				  err) < 0)
			return -1;
	return 0;
}

int compose_read_list(const struct compose_reader *reader, const struct compose_view *view,
		      const char *key, const struct compose_list_kind *kind,
		      struct compose_list *list, struct error *err)
{
	struct compose_view member;

	if (compose_member(reader, view, key, false, &member, err) < 0)
		return -1;
	for (size_t i = member.count; i-- > 0;)
		if (list_add_layer(reader, member.layers[i], member.taken[i], key, kind, list,
				   err) < 0)
			return -1;
	return 0;
}

int compose_read_command(const struct compose_reader *reader, const struct compose_view *view,
			 const char *key, struct compose_command *command, struct error *err)
{
	static const struct compose_list_kind words = { .text = true };
	struct compose_view member;

	if (compose_member(reader, view, key, true, &member, err) < 0)
		return -1;
	if (member.count == 0)
		return 0;
	command->there = true;
	command->taken = member.taken[0];
	command->list = member.layers[0]->type == YAML_SEQUENCE_NODE;
	command->line = compose_line(member.layers[0]);
	return list_add_layer(reader, member.layers[0], member.taken[0], key, &words,
			      &command->words, err);
}

int compose_read_names(const struct compose_reader *reader, const struct compose_view *view,
		       const char *key, struct compose_list *list, struct error *err)
{
	auto_free struct yml_member *members = NULL;
	struct compose_view member;
	size_t count;

	if (compose_mapping(reader, view, key, &member, err) < 0)
		return -1;
	if (member.count == 0)
		return 0;
	if (yml_members(reader->yml, member.layers[0], &members, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!yml_has_tag(members[i].value, "!reset") &&
		    list_add(reader, members[i].key, false, key, false, list, err) < 0)
			return -1;
	return 0;
}

void compose_list_release(struct compose_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		compose_value_release(&list->items[i]);
	free(list->items);
	*list = (struct compose_list) { 0 };
}
