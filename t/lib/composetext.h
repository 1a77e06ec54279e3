/*
 * A compose file in lines, for tests that compare it: "SERVICE LINE", "SERVICE.KEY LINE TEXT" as it
 * is written, in a fixed order of keys and the file's order of items. A "+" behind the line: taken
 * from a service that is extended. Backslashes and ends of lines are escaped.
 */
#ifndef COMPOSETEXT_H
#define COMPOSETEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "file/compose.h"

static void compose_text_add(const char *name, const char *key, const struct compose_value *value,
			     struct buf *out)
{
	if (value->text == NULL)
		return;
	buf_printf(out, "%s.%s %zu%s ", name, key, value->line, value->taken ? "+" : "");
	for (const char *at = value->text; *at != '\0'; at++) {
		if (*at == '\n')
			buf_add_string(out, "\\n");
		else if (*at == '\\')
			buf_add_string(out, "\\\\");
		else
			buf_add_char(out, *at);
	}
	buf_add_char(out, '\n');
}

static void compose_text_list(const char *name, const char *key, const struct compose_list *list,
			      struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		compose_text_add(name, key, &list->items[i], out);
}

static void compose_text_command(const char *name, const char *key,
				 const struct compose_command *command, struct buf *out)
{
	if (!command->there)
		return;
	buf_printf(out, "%s.%s %zu%s %s\n", name, key, command->line, command->taken ? "+" : "",
		   command->list ? "(list)" : "(text)");
	compose_text_list(name, key, &command->words, out);
}

static void compose_text_volumes(const struct compose_service *service, struct buf *out)
{
	static const char *const types[] = {
		[COMPOSE_VOLUME_UNKNOWN] = "unknown", [COMPOSE_VOLUME_NAMED] = "volume",
		[COMPOSE_VOLUME_BIND] = "bind",	      [COMPOSE_VOLUME_TMPFS] = "tmpfs",
		[COMPOSE_VOLUME_NPIPE] = "npipe",     [COMPOSE_VOLUME_CLUSTER] = "cluster",
		[COMPOSE_VOLUME_IMAGE] = "image",
	};
	static const char *const modes[] = {
		[COMPOSE_NOT_SAID] = "",
		[COMPOSE_FALSE] = " rw",
		[COMPOSE_TRUE] = " ro",
		[COMPOSE_UNCLEAR] = " unclear",
	};

	for (size_t i = 0; i < service->volume_count; i++) {
		const struct compose_volume *volume = &service->volumes[i];

		buf_printf(out, "%s.volumes %zu%s %s %s %s%s\n", service->name, volume->line,
			   volume->taken ? "+" : "", types[volume->type],
			   volume->source.text != NULL ? volume->source.text : "-",
			   volume->target.text, modes[volume->read_only]);
	}
}

static void compose_text_values(const struct compose_service *service, struct buf *out)
{
	const struct {
		const char *key;
		const struct compose_value *value;
	} values[] = {
		{ "image", &service->image },
		{ "pull_policy", &service->pull_policy },
		{ "build.context", &service->context },
		{ "build.dockerfile", &service->dockerfile },
		{ "build.dockerfile_inline", &service->dockerfile_inline },
		{ "build.target", &service->target },
		{ "container_name", &service->container_name },
		{ "cpus", &service->cpus },
		{ "init", &service->init },
		{ "mem_limit", &service->mem_limit },
		{ "mem_reservation", &service->mem_reservation },
		{ "network_mode", &service->network_mode },
		{ "pid", &service->pid },
		{ "platform", &service->platform },
		{ "privileged", &service->privileged },
		{ "read_only", &service->read_only },
		{ "restart", &service->restart },
		{ "stop_grace_period", &service->stop_grace_period },
		{ "stop_signal", &service->stop_signal },
		{ "user", &service->user },
		{ "healthcheck.disable", &service->healthcheck.disable },
		{ "healthcheck.interval", &service->healthcheck.interval },
		{ "healthcheck.timeout", &service->healthcheck.timeout },
		{ "healthcheck.start_period", &service->healthcheck.start_period },
		{ "healthcheck.start_interval", &service->healthcheck.start_interval },
		{ "healthcheck.retries", &service->healthcheck.retries },
		{ "deploy.replicas", &service->deploy.replicas },
		{ "deploy.resources.limits.memory", &service->deploy.limit_memory },
		{ "deploy.resources.limits.cpus", &service->deploy.limit_cpus },
		{ "deploy.resources.reservations.memory", &service->deploy.reserved_memory },
		{ "deploy.restart_policy.condition", &service->deploy.restart_condition },
		{ "logging.driver", &service->logging.driver },
	};

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		compose_text_add(service->name, values[i].key, values[i].value, out);
}

static void compose_text_lists(const struct compose_service *service, struct buf *out)
{
	const struct {
		const char *key;
		const struct compose_list *list;
	} lists[] = {
		{ "build.args", &service->args },
		{ "build.additional_contexts", &service->contexts },
		{ "logging.options", &service->logging.options },
		{ "environment", &service->environment },
		{ "labels", &service->labels },
		{ "cap_add", &service->cap_add },
		{ "cap_drop", &service->cap_drop },
		{ "env_file", &service->env_file },
		{ "ports", &service->ports },
		{ "profiles", &service->profiles },
		{ "secrets", &service->secrets },
		{ "security_opt", &service->security_opt },
		{ "tmpfs", &service->tmpfs },
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		compose_text_list(service->name, lists[i].key, lists[i].list, out);
}

static void compose_text_service(const struct compose_service *service, struct buf *out)
{
	const struct compose_healthcheck *healthcheck = &service->healthcheck;

	buf_printf(out, "%s %zu\n", service->name, service->line);
	if (service->extends)
		buf_printf(out, "%s extends\n", service->name);
	if (service->builds)
		buf_printf(out, "%s builds%s\n", service->name, service->build_taken ? "+" : "");
	if (healthcheck->there)
		buf_printf(out, "%s healthcheck %zu%s\n", service->name, healthcheck->line,
			   healthcheck->taken ? "+" : "");
	if (service->deploy.there)
		buf_printf(out, "%s deploy %zu%s\n", service->name, service->deploy.line,
			   service->deploy.taken ? "+" : "");
	if (service->deploy.restart_policy)
		buf_printf(out, "%s restart_policy\n", service->name);
	if (service->logging.there)
		buf_printf(out, "%s logging %zu%s\n", service->name, service->logging.line,
			   service->logging.taken ? "+" : "");
	compose_text_values(service, out);
	compose_text_command(service->name, "command", &service->command, out);
	compose_text_command(service->name, "entrypoint", &service->entrypoint, out);
	compose_text_command(service->name, "healthcheck.test", &healthcheck->test, out);
	compose_text_lists(service, out);
	compose_text_volumes(service, out);
}

static void compose_text(const struct compose *compose, struct buf *out)
{
	for (size_t i = 0; i < compose->count; i++)
		compose_text_service(&compose->services[i], out);
	if (compose->includes)
		buf_add_string(out, ".include\n");
	compose_text_list("", "volumes", &compose->volumes, out);
	compose_text_list("", "secrets", &compose->secrets, out);
	compose_text_list("", "networks", &compose->networks, out);
}

#endif
