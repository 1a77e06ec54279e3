#include "config.h"

#include "check/outline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/text.h"
#include "check/lintstart.h"
#include "file/compose.h"
#include "file/dockerfile.h"
#include "file/shellword.h"

static void set(json_t *object, const char *name, json_t *value)
{
	(void)json_object_set_new(object, name, value);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? doc_text(text) : json_null();
}

static json_t *number(size_t value)
{
	return json_integer((json_int_t)value);
}

/* {value, line}; line is null where there is none. */
static json_t *valued(const char *value, size_t line)
{
	json_t *object = json_object();

	set(object, "value", text_or_null(value));
	set(object, "line", line > 0 ? number(line) : json_null());
	return object;
}

/* Of an environment. A value that could be a secret is not repeated. */
static json_t *variable(const char *name, const char *value, size_t line)
{
	bool secret = value != NULL && environment_is_secret(name, value);
	json_t *object = valued(secret ? NULL : value, line);

	set(object, "name", doc_text(name));
	set(object, "secret", json_boolean(secret));
	return object;
}

/* "NAME=VALUE"; of a bare name the value is not known. */
static json_t *variable_of(const char *text, size_t line)
{
	const char *sign = strchr(text, '=');
	auto_free char *name = strndup(text, sign != NULL ? (size_t)(sign - text) : strlen(text));

	return name != NULL ? variable(name, sign != NULL ? sign + 1 : NULL, line) : NULL;
}

/* --- Dockerfiles --- */

struct walk {
	const struct dockerfile *dockerfile;
	const struct build_settings *build;
	struct stages stages;
	size_t final;
	struct variables scope;
	json_t *image;
	size_t cmd_stage; /* that says the CMD */
};

static int append_values(const struct walk *walk, const struct instruction *instruction,
			 const char *member, struct error *err)
{
	json_t *array = json_object_get(walk->image, member);

	for (size_t i = 0; i < instruction->args.count; i++) {
		auto_free char *value = NULL;

		if (stage_expand(walk->dockerfile, &walk->scope, instruction->args.items[i].data,
				 &value, err) < 0)
			return -1;
		(void)json_array_append_new(array, valued(value, instruction->first_line));
	}
	return 0;
}

static int set_value(const struct walk *walk, const struct instruction *instruction,
		     const char *member, struct error *err)
{
	auto_free char *value = NULL;

	if (instruction->args.count == 0)
		return 0;
	if (stage_expand(walk->dockerfile, &walk->scope, instruction->args.items[0].data, &value,
			 err) < 0)
		return -1;
	set(walk->image, member, valued(value, instruction->first_line));
	return 0;
}

/* A relative one counts from the one before. */
static int set_folder(const struct walk *walk, const struct instruction *instruction,
		      struct error *err)
{
	const char *former = json_string_value(
		json_object_get(json_object_get(walk->image, "working_dir"), "value"));
	auto_free char *value = NULL;
	auto_free char *joined = NULL;

	if (instruction->args.count == 0)
		return 0;
	if (stage_expand(walk->dockerfile, &walk->scope, instruction->args.items[0].data, &value,
			 err) < 0)
		return -1;
	if (value != NULL && value[0] != '/' && former != NULL &&
	    asprintf(&joined, "%s%s%s", former, text_ends(former, "/") ? "" : "/", value) < 0)
		return error_memory(err);
	set(walk->image, "working_dir",
	    valued(joined != NULL ? joined : value, instruction->first_line));
	return 0;
}

static int append_environment(const struct walk *walk, const struct instruction *env,
			      struct error *err)
{
	json_t *array = json_object_get(walk->image, "environment");

	for (size_t i = 0; i + 2 < env->args.count; i += 3) {
		auto_free char *value = NULL;

		if (stage_expand(walk->dockerfile, &walk->scope, env->args.items[i + 1].data,
				 &value, err) < 0)
			return -1;
		(void)json_array_append_new(
			array, variable(env->args.items[i].data, value, env->first_line));
	}
	return 0;
}

/* CMD and ENTRYPOINT are taken as they are: a shell reads them in the container. */
static json_t *words_json(const struct words *words, size_t from, bool exec_form, size_t line)
{
	json_t *object = json_object();
	json_t *array = json_array();

	for (size_t i = from; i < words->count; i++)
		(void)json_array_append_new(array, doc_text(words->items[i].data));
	set(object, "words", array);
	set(object, "shell", json_boolean(!exec_form));
	set(object, "line", line > 0 ? number(line) : json_null());
	return object;
}

static json_t *healthcheck_json(const struct instruction *healthcheck)
{
	static const char *const flags[] = { "interval", "timeout", "start-period",
					     "start-interval", "retries" };
	static const char *const members[] = { "interval", "timeout", "start_period",
					       "start_interval", "retries" };
	const struct words *args = &healthcheck->args;
	bool none = args->count == 0 || strcasecmp(args->items[0].data, "none") == 0;
	json_t *object = words_json(args, args->count > 0 ? 1 : 0, healthcheck->exec_form,
				    healthcheck->first_line);

	set(object, "none", json_boolean(none));
	for (size_t i = 0; i < array_size(flags); i++) {
		size_t from = 0;

		set(object, members[i],
		    text_or_null(instruction_flag(healthcheck, flags[i], &from)));
	}
	return object;
}

static int take(struct walk *walk, const struct instruction *instruction, struct error *err)
{
	const char *name = instruction->name;

	if (strcmp(name, "user") == 0)
		return set_value(walk, instruction, "user", err);
	if (strcmp(name, "workdir") == 0)
		return set_folder(walk, instruction, err);
	if (strcmp(name, "stopsignal") == 0)
		return set_value(walk, instruction, "stop_signal", err);
	if (strcmp(name, "expose") == 0)
		return append_values(walk, instruction, "exposed_ports", err);
	if (strcmp(name, "volume") == 0)
		return append_values(walk, instruction, "volumes", err);
	if (strcmp(name, "env") == 0)
		return append_environment(walk, instruction, err);
	if (strcmp(name, "cmd") == 0)
		walk->cmd_stage = instruction->stage;
	/* a command that was meant for another entry point is none */
	if (strcmp(name, "entrypoint") == 0 && walk->cmd_stage != instruction->stage)
		set(walk->image, "cmd", json_null());
	if (strcmp(name, "cmd") == 0 || strcmp(name, "entrypoint") == 0)
		set(walk->image, name,
		    words_json(&instruction->args, 0, instruction->exec_form,
			       instruction->first_line));
	if (strcmp(name, "healthcheck") == 0)
		set(walk->image, name, healthcheck_json(instruction));
	return 0;
}

static json_t *new_image(void)
{
	static const char *const single[] = { "user",	    "working_dir", "stop_signal",
					      "entrypoint", "cmd",	   "healthcheck" };
	static const char *const lists[] = { "exposed_ports", "volumes", "environment" };
	json_t *image = json_object();

	for (size_t i = 0; i < array_size(single); i++)
		set(image, single[i], json_null());
	for (size_t i = 0; i < array_size(lists); i++)
		set(image, lists[i], json_array());
	return image;
}

static int walk_stage(struct walk *walk, size_t stage, struct error *err)
{
	const struct dockerfile *dockerfile = walk->dockerfile;

	variables_release(&walk->scope);
	stage_scope_begin(&walk->stages, stage, &walk->scope);
	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];

		if (instruction->stage != stage || strcmp(instruction->name, "from") == 0)
			continue;
		if (take(walk, instruction, err) < 0 ||
		    stage_scope_apply(&walk->stages, dockerfile, walk->build, instruction,
				      &walk->scope, err) < 0)
			return -1;
	}
	return 0;
}

static bool builds_on(const struct stages *stages, size_t stage, size_t below)
{
	while (stage != STAGE_NONE && stage > below)
		stage = stages->items[stage].parent;
	return stage == below;
}

/* A stage has what those below it say, until it says something else. */
static int walk_stages(struct walk *walk, struct error *err)
{
	for (size_t i = 0; i <= walk->final; i++)
		if (builds_on(&walk->stages, walk->final, i) && walk_stage(walk, i, err) < 0)
			return -1;
	return 0;
}

static json_t *stages_json(const struct walk *walk)
{
	json_t *array = json_array();

	for (size_t i = 0; i < walk->stages.count; i++) {
		const struct stage *stage = &walk->stages.items[i];
		json_t *object = valued(stage->unknown == NULL ? stage->base : NULL,
					stage->from->first_line);

		set(object, "name", text_or_null(stage->name));
		set(object, "scratch", json_boolean(stage->scratch));
		set(object, "parent",
		    stage->parent != STAGE_NONE ? number(stage->parent) : json_null());
		(void)json_array_append_new(array, object);
	}
	return array;
}

static int outline_stages(struct walk *walk, const char *name, const char *stage, json_t *outline,
			  struct error *err)
{
	if (stages_resolve(walk->dockerfile, name, walk->build, &walk->stages, err) < 0 ||
	    stages_check(&walk->stages, walk->dockerfile, name, err) < 0 ||
	    stages_choose(&walk->stages, stage, name, &walk->final, err) < 0 ||
	    walk_stages(walk, err) < 0)
		return -1;
	set(outline, "stages", stages_json(walk));
	set(outline, "final", number(walk->final));
	set(outline, "image", json_incref(walk->image));
	return 0;
}

/* Where memory was short a member is missing. */
static json_t *whole(json_t *outline, struct error *err)
{
	if (outline == NULL)
		(void)error_memory(err);
	return outline;
}

json_t *outline_dockerfile(const char *name, const char *data, size_t size,
			   const struct build_settings *build, const char *stage, struct error *err)
{
	auto_dockerfile struct dockerfile *dockerfile = NULL;
	auto_doc json_t *outline = json_object();
	struct walk walk = { .build = build, .image = new_image(), .cmd_stage = STAGE_NONE };
	int result = dockerfile_parse(data, size, name, &dockerfile, err);

	walk.dockerfile = dockerfile;
	set(outline, "kind", json_string("dockerfile"));
	if (result == 0)
		result = outline_stages(&walk, name, stage, outline, err);
	variables_release(&walk.scope);
	stages_release(&walk.stages);
	json_decref(walk.image);
	return result < 0 ? NULL : whole(steal(&outline), err);
}

/* --- compose files --- */

static json_t *value_json(const struct compose_value *value)
{
	return value->text != NULL ? valued(compose_known(value), value->line) : json_null();
}

static json_t *list_json(const struct compose_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(array, value_json(&list->items[i]));
	return array;
}

static json_t *variables_json(const struct compose_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct compose_value *item = &list->items[i];
		const char *value = compose_known(item);
		/* of one that hangs on something the name is known all the same */
		json_t *object = variable_of(value != NULL ? value : item->text, item->line);

		if (value == NULL)
			set(object, "value", json_null());
		(void)json_array_append_new(array, object);
	}
	return array;
}

/* Compose splits a text into words, as a shell would that knows no variable; no shell runs it. */
static int append_split(json_t *words, const char *text, struct error *err)
{
	const struct shellword_options options = { .escape = '\\', .flags = SHELLWORD_KEEP_UNSET };
	auto_shellword struct shellword word = { 0 };

	if (shellword_expand(&options, text, &word, err) < 0)
		return -1;
	for (size_t i = 0; i < word.words.count; i++)
		(void)json_array_append_new(words, doc_text(word.words.items[i].data));
	return 0;
}

static int set_command(json_t *service, const char *member, const struct compose_command *command,
		       struct error *err)
{
	json_t *object = json_object();
	json_t *words = json_array();

	set(service, member, object);
	set(object, "words", words);
	set(object, "shell", json_false());
	set(object, "line", number(command->line));
	for (size_t i = 0; i < command->words.count; i++) {
		const char *text = compose_known(&command->words.items[i]);

		if (command->list || text == NULL)
			(void)json_array_append_new(words, text_or_null(text));
		else if (append_split(words, text, err) < 0)
			return error_prefix(err, "line %zu: %s", command->line, member);
	}
	return 0;
}

static json_t *compose_health_json(const struct compose_healthcheck *health)
{
	const struct compose_list *words = &health->test.words;
	const char *kind =
		health->test.list && words->count > 0 ? compose_known(&words->items[0]) : NULL;
	json_t *array = json_array();
	json_t *object = json_object();

	if (!health->there) {
		json_decref(array);
		json_decref(object);
		return json_null();
	}
	for (size_t i = health->test.list; i < words->count; i++)
		(void)json_array_append_new(array, text_or_null(compose_known(&words->items[i])));
	set(object, "words", array);
	set(object, "shell",
	    json_boolean(!health->test.list || (kind != NULL && strcmp(kind, "CMD-SHELL") == 0)));
	set(object, "line", number(health->line));
	set(object, "none",
	    json_boolean(compose_truth(&health->disable) == COMPOSE_TRUE ||
			 (kind != NULL && strcmp(kind, "NONE") == 0)));
	set(object, "interval", text_or_null(compose_known(&health->interval)));
	set(object, "timeout", text_or_null(compose_known(&health->timeout)));
	set(object, "start_period", text_or_null(compose_known(&health->start_period)));
	set(object, "start_interval", text_or_null(compose_known(&health->start_interval)));
	set(object, "retries", text_or_null(compose_known(&health->retries)));
	return object;
}

static json_t *compose_volumes_json(const struct compose_service *service)
{
	static const char *const types[] = { NULL,    "volume",	 "bind", "tmpfs",
					     "npipe", "cluster", "image" };
	json_t *array = json_array();

	for (size_t i = 0; i < service->volume_count; i++) {
		const struct compose_volume *volume = &service->volumes[i];
		json_t *object = json_object();

		set(object, "type", text_or_null(types[volume->type]));
		set(object, "source", text_or_null(compose_known(&volume->source)));
		set(object, "target", text_or_null(compose_known(&volume->target)));
		set(object, "read_only", json_boolean(volume->read_only == COMPOSE_TRUE));
		set(object, "line", number(volume->line));
		(void)json_array_append_new(array, object);
	}
	return array;
}

static int add_service(json_t *services, const struct compose_service *service, struct error *err)
{
	json_t *object = json_object();

	(void)json_array_append_new(services, object);
	set(object, "name", doc_text(service->name));
	set(object, "line", number(service->line));
	set(object, "builds", json_boolean(service->builds));
	set(object, "image", value_json(&service->image));
	set(object, "context", value_json(&service->context));
	set(object, "dockerfile", value_json(&service->dockerfile));
	set(object, "dockerfile_inline", json_boolean(service->dockerfile_inline.text != NULL));
	set(object, "target", value_json(&service->target));
	set(object, "arguments", variables_json(&service->args));
	set(object, "user", value_json(&service->user));
	set(object, "read_only", value_json(&service->read_only));
	set(object, "stop_signal", value_json(&service->stop_signal));
	set(object, "stop_grace_period", value_json(&service->stop_grace_period));
	set(object, "memory_limit",
	    value_json(service->mem_limit.text != NULL ? &service->mem_limit
						       : &service->deploy.limit_memory));
	set(object, "healthcheck", compose_health_json(&service->healthcheck));
	set(object, "ports", list_json(&service->ports));
	set(object, "tmpfs", list_json(&service->tmpfs));
	set(object, "env_file", list_json(&service->env_file));
	set(object, "profiles", list_json(&service->profiles));
	set(object, "volumes", compose_volumes_json(service));
	set(object, "environment", variables_json(&service->environment));
	set(object, "entrypoint", json_null());
	set(object, "cmd", json_null());
	if (service->entrypoint.there &&
	    set_command(object, "entrypoint", &service->entrypoint, err) < 0)
		return -1;
	return service->command.there ? set_command(object, "cmd", &service->command, err) : 0;
}

json_t *outline_compose(const char *name, const char *data, size_t size,
			const struct variables *environment, struct error *err)
{
	auto_compose struct compose compose = { 0 };
	json_t *outline;
	json_t *services;

	if (compose_parse(data, size, name, environment, &compose, err) < 0)
		return NULL;
	outline = json_object();
	services = json_array();
	set(outline, "kind", json_string("compose"));
	set(outline, "services", services);
	for (size_t i = 0; i < compose.count; i++) {
		if (add_service(services, &compose.services[i], err) < 0) {
			json_decref(outline);
			(void)error_prefix(err, "%s", name);
			return NULL;
		}
	}
	return whole(outline, err);
}

/* --- images --- */

static json_t *strings_json(const struct strings *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < strings->count; i++)
		(void)json_array_append_new(array, valued(strings->items[i], 0));
	return array;
}

static json_t *argv_json(const struct strings *strings, size_t from)
{
	json_t *object;
	json_t *array;

	if (strings->count == 0)
		return json_null();
	object = json_object();
	array = json_array();
	for (size_t i = from; i < strings->count; i++)
		(void)json_array_append_new(array, doc_text(strings->items[i]));
	set(object, "words", array);
	set(object, "shell", json_false());
	set(object, "line", json_null());
	return object;
}

static json_t *duration_json(uint64_t nanoseconds)
{
	char text[32];

	if (nanoseconds == 0)
		return json_null();
	(void)snprintf(text, sizeof text, "%.9gs", (double)nanoseconds / 1e9);
	return json_string(text);
}

static json_t *image_health_json(const struct healthcheck *health)
{
	const struct strings *test = &health->test;
	char retries[32];
	json_t *object;

	if (!health->set || test->count == 0)
		return json_null();
	object = argv_json(test, 1);
	(void)snprintf(retries, sizeof retries, "%ju", (uintmax_t)health->retries);
	set(object, "shell", json_boolean(strcmp(test->items[0], "CMD-SHELL") == 0));
	set(object, "none", json_boolean(strcmp(test->items[0], "NONE") == 0));
	set(object, "interval", duration_json(health->interval));
	set(object, "timeout", duration_json(health->timeout));
	set(object, "start_period", duration_json(health->start_period));
	set(object, "start_interval", duration_json(health->start_interval));
	set(object, "retries", health->retries > 0 ? json_string(retries) : json_null());
	return object;
}

json_t *outline_image(const struct configuration *configuration, struct error *err)
{
	json_t *outline = json_object();
	json_t *image = new_image();
	json_t *environment = json_object_get(image, "environment");

	for (size_t i = 0; i < configuration->env.count; i++)
		(void)json_array_append_new(environment,
					    variable_of(configuration->env.items[i], 0));
	if (configuration->user[0] != '\0')
		set(image, "user", valued(configuration->user, 0));
	if (configuration->working_dir[0] != '\0')
		set(image, "working_dir", valued(configuration->working_dir, 0));
	if (configuration->stop_signal[0] != '\0')
		set(image, "stop_signal", valued(configuration->stop_signal, 0));
	set(image, "entrypoint", argv_json(&configuration->entrypoint, 0));
	set(image, "cmd", argv_json(&configuration->cmd, 0));
	set(image, "healthcheck", image_health_json(&configuration->healthcheck));
	set(image, "exposed_ports", strings_json(&configuration->exposed_ports));
	set(image, "volumes", strings_json(&configuration->volumes));
	set(outline, "kind", json_string("image"));
	set(outline, "image", image);
	return whole(outline, err);
}

/* --- text --- */

static void print(const json_t *value, const struct buf *path, FILE *out);

static void print_member(const json_t *value, const struct buf *path, const char *name, FILE *out)
{
	auto_buf struct buf longer;

	buf_init(&longer, BUF_MAX_DEFAULT);
	buf_add(&longer, path->data, path->size);
	if (path->size > 0)
		buf_add(&longer, ".", 1);
	buf_add(&longer, name, strlen(name));
	print(value, &longer, out);
}

static void print_scalar(const json_t *value, const struct buf *path, FILE *out)
{
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	if (json_is_string(value))
		text_escape(&text, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buf_printf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		buf_printf(&text, "%s", json_is_true(value) ? "yes" : "no");
	(void)fprintf(out, "%.*s: %.*s\n", (int)path->size, path->data, (int)text.size,
		      text.size > 0 ? text.data : "");
}

/* What is not there, and lists of nothing, are passed over. */
static void print(const json_t *value, const struct buf *path, FILE *out)
{
	if (json_is_object(value)) {
		const char *name;
		json_t *member;

		json_object_foreach ((json_t *)(uintptr_t)value, name, member)
			print_member(member, path, name, out);
	} else if (json_is_array(value)) {
		char name[32];

		for (size_t i = 0; i < json_array_size(value); i++) {
			(void)snprintf(name, sizeof name, "%zu", i);
			print_member(json_array_get(value, i), path, name, out);
		}
	} else if (!json_is_null(value)) {
		print_scalar(value, path, out);
	}
}

void outline_text(const json_t *outline, FILE *out)
{
	auto_buf struct buf path;

	buf_init(&path, 0);
	print(outline, &path, out);
}
