#include "config.h"

#include "file/composevolume.h"

#include <ctype.h>
#include <string.h>

#include "base/array.h"

static void volume_release(struct compose_volume *volume)
{
	compose_value_release(&volume->source);
	compose_value_release(&volume->target);
	*volume = (struct compose_volume) { 0 };
}

static int short_failed(const struct compose_reader *reader, const yaml_node_t *node,
			const char *text, const char *what, struct error *err)
{
	(void)error_set(err, ERROR_INPUT, "the volume '%s' has %s", text, what);
	return yml_error(reader->yml, node, err);
}

/* The parts between colons. That of a drive, and those inside of ${}, separate nothing. */
#define PARTS_MAX 3
struct parts {
	const char *at[PARTS_MAX];
	size_t size[PARTS_MAX];
	size_t count;
};

static size_t part_size(const char *text, bool as_written)
{
	size_t depth = 0;
	size_t size = 0;

	for (; text[size] != '\0'; size++) {
		if (as_written && text[size] == '$' && text[size + 1] == '{')
			depth++;
		else if (depth > 0 && text[size] == '}')
			depth--;
		else if (depth == 0 && text[size] == ':' &&
			 !(size == 1 && isalpha((unsigned char)text[0])))
			break;
	}
	return size;
}

static int split(const struct compose_reader *reader, const yaml_node_t *node, const char *text,
		 bool as_written, struct parts *parts, struct error *err)
{
	const char *rest = text;

	parts->count = 0;
	/* no room for a colon: a target */
	if (strlen(text) == 1 || strlen(text) == 2) {
		*parts = (struct parts) { { text }, { strlen(text) }, 1 };
		return 0;
	}
	for (;;) {
		size_t size = part_size(rest, as_written);

		if (size == 0)
			return short_failed(reader, node, text, "an empty part", err);
		if (parts->count == PARTS_MAX)
			return short_failed(reader, node, text, "too many colons", err);
		parts->at[parts->count] = rest;
		parts->size[parts->count++] = size;
		if (rest[size] == '\0')
			return 0;
		rest += size + 1;
	}
}

static bool is_path(const char *source)
{
	return strchr("./~", source[0]) != NULL || strncmp(source, "\\\\", 2) == 0 ||
	       (isalpha((unsigned char)source[0]) && source[1] == ':');
}

static enum compose_volume_type short_type(const struct compose_volume *volume)
{
	const struct compose_value *source = &volume->source;

	/* a target that is not known may be a source and more, too */
	if (source->text == NULL)
		return volume->target.unknown == NULL ? COMPOSE_VOLUME_NAMED
						      : COMPOSE_VOLUME_UNKNOWN;
	if (source->unknown != NULL && source->text[0] == '$')
		return COMPOSE_VOLUME_UNKNOWN;
	return source->value[0] != '\0' && is_path(source->value) ? COMPOSE_VOLUME_BIND
								  : COMPOSE_VOLUME_NAMED;
}

static enum compose_truth mode_truth(const struct compose_value *mode)
{
	enum compose_truth truth = COMPOSE_NOT_SAID;

	if (mode->unknown != NULL)
		return COMPOSE_UNCLEAR;
	for (const char *at = mode->value;; at++) {
		size_t size = strcspn(at, ",");

		if (size == 2 && memcmp(at, "ro", 2) == 0)
			truth = COMPOSE_TRUE;
		else if (size == 2 && memcmp(at, "rw", 2) == 0)
			truth = COMPOSE_FALSE;
		at += size;
		if (*at == '\0')
			return truth;
	}
}

/* A part that had its variables replaced before it was one is not to lose another dollar. */
static int read_part(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		     const struct parts *parts, size_t part, bool as_written,
		     struct compose_value *value, struct error *err)
{
	return compose_value_part(reader, node, taken, parts->at[part], parts->size[part],
				  !as_written, value, err);
}

static int read_short(const struct compose_reader *reader, const yaml_node_t *node,
		      const struct compose_value *whole, struct compose_volume *volume,
		      struct error *err)
{
	bool as_written = whole->unknown != NULL;
	const char *text = as_written ? whole->text : whole->value;
	struct compose_value mode = { 0 };
	struct parts parts;
	size_t target;

	if (split(reader, node, text, as_written, &parts, err) < 0)
		return -1;
	target = parts.count > 1 ? 1 : 0;
	if ((parts.count > 1 && read_part(reader, node, volume->taken, &parts, 0, as_written,
					  &volume->source, err) < 0) ||
	    read_part(reader, node, volume->taken, &parts, target, as_written, &volume->target,
		      err) < 0)
		return -1;
	volume->type = short_type(volume);
	if (parts.count < 3)
		return 0;
	if (read_part(reader, node, volume->taken, &parts, 2, as_written, &mode, err) < 0) {
		compose_value_release(&mode);
		return -1;
	}
	volume->read_only = mode_truth(&mode);
	compose_value_release(&mode);
	return 0;
}

static enum compose_volume_type long_type(const struct compose_value *type)
{
	static const struct {
		const char *word;
		enum compose_volume_type type;
	} types[] = {
		{ "volume", COMPOSE_VOLUME_NAMED },    { "bind", COMPOSE_VOLUME_BIND },
		{ "tmpfs", COMPOSE_VOLUME_TMPFS },     { "npipe", COMPOSE_VOLUME_NPIPE },
		{ "cluster", COMPOSE_VOLUME_CLUSTER }, { "image", COMPOSE_VOLUME_IMAGE },
	};

	if (type->text == NULL || type->unknown != NULL)
		return COMPOSE_VOLUME_UNKNOWN;
	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(type->value, types[i].word) == 0)
			return types[i].type;
	return COMPOSE_VOLUME_UNKNOWN;
}

static int read_long(const struct compose_reader *reader, const yaml_node_t *node,
		     struct compose_volume *volume, struct error *err)
{
	struct compose_view view = { { node }, { volume->taken }, 1 };
	struct compose_value type = { 0 };
	struct compose_value read_only = { 0 };
	int result = -1;

	if (compose_read(reader, &view, "type", &type, err) == 0 &&
	    compose_read(reader, &view, "source", &volume->source, err) == 0 &&
	    compose_read(reader, &view, "target", &volume->target, err) == 0 &&
	    compose_read(reader, &view, "read_only", &read_only, err) == 0)
		result = 0;
	if (result == 0) {
		volume->type = long_type(&type);
		volume->read_only = compose_truth(&read_only);
	}
	compose_value_release(&type);
	compose_value_release(&read_only);
	if (result < 0 || volume->target.text != NULL)
		return result;
	(void)error_set(err, ERROR_INPUT, "volumes has an item without 'target'");
	return yml_error(reader->yml, node, err);
}

static int read_volume(const struct compose_reader *reader, const yaml_node_t *node,
		       struct compose_volume *volume, struct error *err)
{
	struct compose_value whole = { 0 };
	int result;

	volume->line = compose_line(node);
	if (node->type == YAML_MAPPING_NODE)
		return read_long(reader, node, volume, err);
	result = compose_value_read(reader, node, volume->taken, "volumes", &whole, err);
	if (result == 0)
		result = read_short(reader, node, &whole, volume, err);
	compose_value_release(&whole);
	return result;
}

/* A later one takes the place of that with the same target. Takes `volume` over. */
static int put_volume(const struct compose_reader *reader, const yaml_node_t *node,
		      struct compose_service *service, const struct compose_volume *volume,
		      struct error *err)
{
	bool known = volume->target.unknown == NULL;

	if (yml_work(reader->yml, node, service->volume_count, err) < 0)
		return -1;
	for (size_t i = 0; known && i < service->volume_count; i++) {
		struct compose_volume *other = &service->volumes[i];

		if (other->target.unknown != NULL ||
		    strcmp(other->target.value, volume->target.value) != 0)
			continue;
		volume_release(other);
		*other = *volume;
		return 0;
	}
	if (array_room(&service->volumes, service->volume_count, &service->volume_capacity, err) <
	    0)
		return -1;
	service->volumes[service->volume_count++] = *volume;
	return 0;
}

static int read_layer(const struct compose_reader *reader, const yaml_node_t *list, bool taken,
		      struct compose_service *service, struct error *err)
{
	if (list->type != YAML_SEQUENCE_NODE) {
		(void)error_set(err, ERROR_INPUT, "volumes is no list");
		return yml_error(reader->yml, list, err);
	}
	for (const yaml_node_item_t *item = list->data.sequence.items.start;
	     item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = yml_node(reader->yml, *item);
		struct compose_volume volume = { .taken = taken };

		if (node == NULL || yml_has_tag(node, "!reset"))
			continue;
		if (read_volume(reader, node, &volume, err) < 0 ||
		    put_volume(reader, node, service, &volume, err) < 0) {
			volume_release(&volume);
			return -1;
		}
	}
	return 0;
}

int compose_read_volumes(const struct compose_reader *reader, const struct compose_view *view,
			 struct compose_service *service, struct error *err)
{
	struct compose_view member;

	if (compose_member(reader, view, "volumes", false, &member, err) < 0)
		return -1;
	for (size_t i = member.count; i-- > 0;)
		if (read_layer(reader, member.layers[i], member.taken[i], service, err) < 0)
			return -1;
	return 0;
}

void compose_volumes_release(struct compose_service *service)
{
	for (size_t i = 0; i < service->volume_count; i++)
		volume_release(&service->volumes[i]);
	free(service->volumes);
}
