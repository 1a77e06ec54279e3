#include "config.h"

#include "image/configuration.h"

#include <string.h>

#include "base/doc.h"
#include "base/text.h"

static void strings_release(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings) { 0 };
}

static int strings_reserve(struct strings *strings, size_t count, struct error *err)
{
	strings->items = calloc(count + 1, sizeof *strings->items);
	return strings->items == NULL ? error_memory(err) : 0;
}

static int strings_add(struct strings *strings, const char *text, struct error *err)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return error_memory(err);
	strings->items[strings->count++] = copy;
	return 0;
}

/* An array of strings; a lone string is taken as an array of one, as Docker does. */
static int strings_parse(const json_t *object, const char *at, const char *key,
			 struct strings *strings, struct error *err)
{
	json_t *value = json_object_get(object, key);
	json_t *item;
	size_t i;

	if (value == NULL || json_is_null(value))
		return 0;
	if (json_is_string(value)) {
		if (strings_reserve(strings, 1, err) < 0)
			return -1;
		return strings_add(strings, json_string_value(value), err);
	}
	if (!json_is_array(value))
		return error_set(err, ERROR_INPUT, "'%s' of %s is no array", key, at);
	if (strings_reserve(strings, json_array_size(value), err) < 0)
		return -1;
	json_array_foreach (value, i, item) {
		if (!json_is_string(item))
			return error_set(err, ERROR_INPUT, "'%s' of %s holds what is no string",
					 key, at);
		if (strings_add(strings, json_string_value(item), err) < 0)
			return -1;
	}
	return 0;
}

/* The keys of an object: how Volumes and ExposedPorts are written. */
static int strings_parse_keys(const json_t *object, const char *at, const char *key,
			      struct strings *strings, struct error *err)
{
	json_t *set;
	json_t *value;
	const char *name;

	if (doc_object(object, at, key, DOC_OPTIONAL, &set, err) < 0)
		return -1;
	if (set == NULL)
		return 0;
	if (strings_reserve(strings, json_object_size(set), err) < 0)
		return -1;
	json_object_foreach (set, name, value) {
		if (strings_add(strings, name, err) < 0)
			return -1;
	}
	return 0;
}

/* A copy; "" where the member is absent. */
static int text_parse(const json_t *object, const char *at, const char *key, char **ret_text,
		      struct error *err)
{
	const char *text = NULL;

	if (object != NULL && doc_string(object, at, key, DOC_OPTIONAL, &text, err) < 0)
		return -1;
	*ret_text = strdup(text != NULL ? text : "");
	return *ret_text == NULL ? error_memory(err) : 0;
}

static int healthcheck_parse(const json_t *config, struct healthcheck *healthcheck,
			     struct error *err)
{
	static const char at[] = "config.Healthcheck";
	json_t *object;

	if (doc_object(config, "config", "Healthcheck", DOC_OPTIONAL, &object, err) < 0)
		return -1;
	if (object == NULL)
		return 0;
	healthcheck->set = true;
	if (strings_parse(object, at, "Test", &healthcheck->test, err) < 0 ||
	    doc_size(object, at, "Interval", DOC_OPTIONAL, &healthcheck->interval, err) < 0 ||
	    doc_size(object, at, "StartInterval", DOC_OPTIONAL, &healthcheck->start_interval,
		     err) < 0 ||
	    doc_size(object, at, "Timeout", DOC_OPTIONAL, &healthcheck->timeout, err) < 0 ||
	    doc_size(object, at, "StartPeriod", DOC_OPTIONAL, &healthcheck->start_period, err) <
		    0 ||
	    doc_size(object, at, "Retries", DOC_OPTIONAL, &healthcheck->retries, err) < 0)
		return -1;
	return 0;
}

/* A copy that holds strings only. Go writes null for what it reads as "". */
static int labels_parse(const json_t *config, json_t **ret_labels, struct error *err)
{
	auto_doc json_t *labels = json_object();
	json_t *found = NULL;
	json_t *value;
	const char *name;

	if (labels == NULL)
		return error_memory(err);
	if (config != NULL && doc_object(config, "config", "Labels", DOC_OPTIONAL, &found, err) < 0)
		return -1;
	json_object_foreach (found, name, value) {
		if (!json_is_string(value) && !json_is_null(value))
			return error_set(err, ERROR_INPUT, "label '%s' is no string", name);
		if (json_object_set_new(labels, name,
					json_is_null(value) ? json_string("")
							    : json_incref(value)) < 0)
			return error_memory(err);
	}
	*ret_labels = steal(&labels);
	return 0;
}

/* The member "config": how a container is started. */
static int execution_parse(const json_t *document, struct configuration *c, struct error *err)
{
	static const char at[] = "config";
	json_t *config;

	if (doc_object(document, "the configuration", "config", DOC_OPTIONAL, &config, err) < 0 ||
	    text_parse(config, at, "User", &c->user, err) < 0 ||
	    text_parse(config, at, "WorkingDir", &c->working_dir, err) < 0 ||
	    text_parse(config, at, "StopSignal", &c->stop_signal, err) < 0)
		return -1;
	if (config != NULL &&
	    (strings_parse(config, at, "Env", &c->env, err) < 0 ||
	     strings_parse(config, at, "Entrypoint", &c->entrypoint, err) < 0 ||
	     strings_parse(config, at, "Cmd", &c->cmd, err) < 0 ||
	     strings_parse(config, at, "Shell", &c->shell, err) < 0 ||
	     strings_parse(config, at, "OnBuild", &c->on_build, err) < 0 ||
	     strings_parse_keys(config, at, "Volumes", &c->volumes, err) < 0 ||
	     strings_parse_keys(config, at, "ExposedPorts", &c->exposed_ports, err) < 0 ||
	     healthcheck_parse(config, &c->healthcheck, err) < 0))
		return -1;
	return labels_parse(config, &c->labels, err);
}

static int rootfs_parse(const json_t *document, struct configuration *c, struct error *err)
{
	json_t *rootfs;
	json_t *ids;
	json_t *id;
	size_t i;

	/* the one member that only images have */
	if (doc_object(document, "the configuration", "rootfs", DOC_REQUIRED, &rootfs, err) < 0)
		return error_prefix(err, "no image configuration");
	if (doc_array(rootfs, "rootfs", "diff_ids", DOC_OPTIONAL, &ids, err) < 0)
		return -1;
	if (json_array_size(ids) == 0)
		return 0;
	c->diff_ids = calloc(json_array_size(ids), sizeof *c->diff_ids);
	if (c->diff_ids == NULL)
		return error_memory(err);
	json_array_foreach (ids, i, id) {
		if (!json_is_string(id))
			return error_set(err, ERROR_INPUT, "diff_ids[%zu] is no string", i);
		if (digest_parse(json_string_value(id), &c->diff_ids[i], err) < 0)
			return error_prefix(err, "diff_ids[%zu]", i);
		c->diff_id_count++;
	}
	return 0;
}

static int history_parse(const json_t *document, struct configuration *c, struct error *err)
{
	json_t *list;
	json_t *entry;
	size_t i;

	if (doc_array(document, "the configuration", "history", DOC_OPTIONAL, &list, err) < 0)
		return -1;
	if (json_array_size(list) == 0)
		return 0;
	c->history = calloc(json_array_size(list), sizeof *c->history);
	if (c->history == NULL)
		return error_memory(err);
	json_array_foreach (list, i, entry) {
		struct history *history = &c->history[c->history_count++];

		if (text_parse(entry, "history", "created_by", &history->created_by, err) < 0 ||
		    text_parse(entry, "history", "comment", &history->comment, err) < 0 ||
		    doc_bool(entry, "history", "empty_layer", DOC_OPTIONAL, &history->empty_layer,
			     err) < 0)
			return error_prefix(err, "history[%zu]", i);
	}
	return 0;
}

int configuration_parse(const void *data, size_t size, const char *name,
			struct configuration *ret_configuration, struct error *err)
{
	static const char at[] = "the configuration";
	auto_configuration struct configuration c = { 0 };

	if (doc_parse(data, size, name, &c.document, err) < 0)
		return -1;
	if (!json_is_object(c.document))
		return error_set(err, ERROR_INPUT, "%s: no image configuration: no object", name);
	if (text_parse(c.document, at, "os", &c.os, err) < 0 ||
	    text_parse(c.document, at, "architecture", &c.architecture, err) < 0 ||
	    text_parse(c.document, at, "variant", &c.variant, err) < 0 ||
	    text_parse(c.document, at, "created", &c.created, err) < 0 ||
	    execution_parse(c.document, &c, err) < 0 || rootfs_parse(c.document, &c, err) < 0 ||
	    history_parse(c.document, &c, err) < 0)
		return error_prefix(err, "%s", name);
	*ret_configuration = c;
	c = (struct configuration) { 0 };
	return 0;
}

void configuration_release(struct configuration *c)
{
	free(c->os);
	free(c->architecture);
	free(c->variant);
	free(c->created);
	free(c->user);
	free(c->working_dir);
	free(c->stop_signal);
	strings_release(&c->env);
	strings_release(&c->entrypoint);
	strings_release(&c->cmd);
	strings_release(&c->shell);
	strings_release(&c->volumes);
	strings_release(&c->exposed_ports);
	strings_release(&c->on_build);
	strings_release(&c->healthcheck.test);
	json_decref(c->labels);
	free(c->diff_ids);
	for (size_t i = 0; i < c->history_count; i++) {
		free(c->history[i].created_by);
		free(c->history[i].comment);
	}
	free(c->history);
	json_decref(c->document);
	*c = (struct configuration) { 0 };
}

const char *configuration_env(const struct configuration *c, const char *variable)
{
	size_t length = strlen(variable);

	/* the last one wins, as in a shell */
	for (size_t i = c->env.count; i > 0; i--) {
		const char *item = c->env.items[i - 1];

		if (strncmp(item, variable, length) == 0 && item[length] == '=')
			return item + length + 1;
	}
	return NULL;
}

const char *configuration_instruction(const struct configuration *c, size_t index)
{
	size_t layers = 0;

	/* where history and layers do not correspond, any answer would be a guess */
	for (size_t i = 0; i < c->history_count; i++)
		layers += !c->history[i].empty_layer;
	if (layers != c->diff_id_count)
		return "";
	for (size_t i = 0; i < c->history_count; i++) {
		if (c->history[i].empty_layer)
			continue;
		if (index-- == 0)
			return c->history[i].created_by[0] != '\0' ? c->history[i].created_by
								   : c->history[i].comment;
	}
	return "";
}
