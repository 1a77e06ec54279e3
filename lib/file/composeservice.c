#include "config.h"

#include "file/composeservice.h"

#include <stddef.h>
#include <string.h>

#include "base/array.h"
#include "file/composevolume.h"

/* Members that are scalars, and where they go. */
struct scalar {
	const char *key;
	size_t offset;
};

#define SCALAR(key, member)                                   \
	{                                                     \
		key, offsetof(struct compose_service, member) \
	}

/* Above the line: what an image or a build hangs on. */
static const struct scalar image_scalars[] = {
	SCALAR("image", image),
	SCALAR("pull_policy", pull_policy),
};

static const struct scalar build_scalars[] = {
	SCALAR("context", context),
	SCALAR("dockerfile", dockerfile),
	SCALAR("dockerfile_inline", dockerfile_inline),
	SCALAR("target", target),
};

static const struct scalar service_scalars[] = {
	SCALAR("container_name", container_name),
	SCALAR("cpus", cpus),
	SCALAR("init", init),
	SCALAR("mem_limit", mem_limit),
	SCALAR("mem_reservation", mem_reservation),
	SCALAR("network_mode", network_mode),
	SCALAR("pid", pid),
	SCALAR("platform", platform),
	SCALAR("privileged", privileged),
	SCALAR("read_only", read_only),
	SCALAR("restart", restart),
	SCALAR("stop_grace_period", stop_grace_period),
	SCALAR("stop_signal", stop_signal),
	SCALAR("user", user),
};

static const struct scalar healthcheck_scalars[] = {
	SCALAR("disable", healthcheck.disable),
	SCALAR("interval", healthcheck.interval),
	SCALAR("retries", healthcheck.retries),
	SCALAR("start_interval", healthcheck.start_interval),
	SCALAR("start_period", healthcheck.start_period),
	SCALAR("timeout", healthcheck.timeout),
};

static const struct scalar deploy_scalars[] = {
	SCALAR("replicas", deploy.replicas),
};

static const struct scalar limit_scalars[] = {
	SCALAR("cpus", deploy.limit_cpus),
	SCALAR("memory", deploy.limit_memory),
};

static const struct scalar reservation_scalars[] = {
	SCALAR("memory", deploy.reserved_memory),
};

static const struct scalar restart_scalars[] = {
	SCALAR("condition", deploy.restart_condition),
};

static const struct scalar logging_scalars[] = {
	SCALAR("driver", logging.driver),
};

static const struct compose_list_kind named = { .named = true };

static const struct {
	const char *key;
	size_t offset;
	struct compose_list_kind kind;
} service_lists[] = {
	{ "cap_add", offsetof(struct compose_service, cap_add), { 0 } },
	{ "cap_drop", offsetof(struct compose_service, cap_drop), { 0 } },
	{ "env_file",
	  offsetof(struct compose_service, env_file),
	  { .text = true, .member = "path" } },
	{ "environment", offsetof(struct compose_service, environment), { .named = true } },
	{ "labels", offsetof(struct compose_service, labels), { .named = true } },
	{ "ports", offsetof(struct compose_service, ports), { .member = "target" } },
	{ "profiles", offsetof(struct compose_service, profiles), { 0 } },
	{ "secrets", offsetof(struct compose_service, secrets), { .member = "source" } },
	{ "security_opt", offsetof(struct compose_service, security_opt), { 0 } },
	{ "tmpfs", offsetof(struct compose_service, tmpfs), { .text = true } },
};

static void *member_at(struct compose_service *service, size_t offset)
{
	return (char *)service + offset;
}

static int read_scalars(const struct compose_reader *reader, const struct compose_view *view,
			const struct scalar *scalars, size_t count, struct compose_service *service,
			struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (compose_read(reader, view, scalars[i].key,
				 member_at(service, scalars[i].offset), err) < 0)
			return -1;
	return 0;
}

/* A text is the context of a build that has nothing else. */
static int read_context(const struct compose_reader *reader, const struct compose_view *build,
			struct compose_service *service, struct error *err)
{
	for (size_t i = 0; i < build->count; i++) {
		const yaml_node_t *node = build->layers[i];
		struct compose_view layer = { { node }, { build->taken[i] }, 1 };
		const yaml_node_t *context;

		if (node->type == YAML_SCALAR_NODE)
			return compose_value_read(reader, node, build->taken[i], "build",
						  &service->context, err);
		if (node->type != YAML_MAPPING_NODE) {
			(void)error_set(err, ERROR_INPUT, "build is neither text nor a mapping");
			return yml_error(reader->yml, node, err);
		}
		if (yml_look(reader->yml, node, "context", &context, err) < 0 ||
		    compose_read(reader, &layer, "context", &service->context, err) < 0)
			return -1;
		if (service->context.text != NULL ||
		    (context != NULL && yml_has_tag(context, "!reset")))
			return 0;
	}
	return 0;
}

static int read_build(const struct compose_reader *reader, const struct compose_view *view,
		      struct compose_service *service, struct error *err)
{
	struct compose_view build;

	if (compose_member(reader, view, "build", false, &build, err) < 0)
		return -1;
	if (build.count == 0)
		return 0;
	service->builds = true;
	service->build_taken = build.taken[0];
	if (read_context(reader, &build, service, err) < 0 ||
	    read_scalars(reader, &build, build_scalars + 1, array_size(build_scalars) - 1, service,
			 err) < 0 ||
	    compose_read_list(reader, &build, "args", &named, &service->args, err) < 0)
		return -1;
	return compose_read_list(reader, &build, "additional_contexts", &named, &service->contexts,
				 err);
}

static int read_healthcheck(const struct compose_reader *reader, const struct compose_view *view,
			    struct compose_service *service, struct error *err)
{
	struct compose_healthcheck *healthcheck = &service->healthcheck;
	struct compose_view member;

	if (compose_mapping(reader, view, "healthcheck", &member, err) < 0)
		return -1;
	if (member.count == 0)
		return 0;
	healthcheck->there = true;
	healthcheck->taken = member.taken[0];
	healthcheck->line = compose_line(member.layers[0]);
	if (read_scalars(reader, &member, healthcheck_scalars, array_size(healthcheck_scalars),
			 service, err) < 0)
		return -1;
	return compose_read_command(reader, &member, "test", &healthcheck->test, err);
}

static int read_resources(const struct compose_reader *reader, const struct compose_view *deploy,
			  struct compose_service *service, struct error *err)
{
	struct compose_view resources;
	struct compose_view part;

	if (compose_mapping(reader, deploy, "resources", &resources, err) < 0 ||
	    compose_mapping(reader, &resources, "limits", &part, err) < 0 ||
	    read_scalars(reader, &part, limit_scalars, array_size(limit_scalars), service, err) <
		    0 ||
	    compose_mapping(reader, &resources, "reservations", &part, err) < 0)
		return -1;
	return read_scalars(reader, &part, reservation_scalars, array_size(reservation_scalars),
			    service, err);
}

static int read_deploy(const struct compose_reader *reader, const struct compose_view *view,
		       struct compose_service *service, struct error *err)
{
	struct compose_view member;
	struct compose_view policy;

	if (compose_mapping(reader, view, "deploy", &member, err) < 0)
		return -1;
	if (member.count == 0)
		return 0;
	service->deploy.there = true;
	service->deploy.taken = member.taken[0];
	service->deploy.line = compose_line(member.layers[0]);
	if (read_scalars(reader, &member, deploy_scalars, array_size(deploy_scalars), service,
			 err) < 0 ||
	    read_resources(reader, &member, service, err) < 0 ||
	    compose_mapping(reader, &member, "restart_policy", &policy, err) < 0)
		return -1;
	service->deploy.restart_policy = policy.count > 0;
	return read_scalars(reader, &policy, restart_scalars, array_size(restart_scalars), service,
			    err);
}

/* Options are those of a driver: where a layer has another one, by itself or by those under it, it
 * is not laid under this one. */
static int cut_logging(const struct compose_reader *reader, struct compose_view *logging,
		       struct error *err)
{
	const char *first = NULL;
	size_t kept = logging->count;

	for (size_t i = 0; i < logging->count; i++) {
		const yaml_node_t *driver;

		if (yml_find(reader->yml, logging->layers[i], "driver", &driver, err) < 0)
			return -1;
		if (driver == NULL || driver->type != YAML_SCALAR_NODE)
			continue;
		if (first != NULL && !yml_is_key(driver, first)) {
			logging->count = kept;
			return 0;
		}
		first = (const char *)driver->data.scalar.value;
		kept = i + 1;
	}
	return 0;
}

static int read_logging(const struct compose_reader *reader, const struct compose_view *view,
			struct compose_service *service, struct error *err)
{
	struct compose_view member;

	if (compose_mapping(reader, view, "logging", &member, err) < 0)
		return -1;
	if (member.count == 0)
		return 0;
	service->logging.there = true;
	service->logging.taken = member.taken[0];
	service->logging.line = compose_line(member.layers[0]);
	if (cut_logging(reader, &member, err) < 0 ||
	    read_scalars(reader, &member, logging_scalars, array_size(logging_scalars), service,
			 err) < 0)
		return -1;
	return compose_read_list(reader, &member, "options", &named, &service->logging.options,
				 err);
}

static int read_lists(const struct compose_reader *reader, const struct compose_view *view,
		      struct compose_service *service, struct error *err)
{
	for (size_t i = 0; i < array_size(service_lists); i++)
		if (compose_read_list(reader, view, service_lists[i].key, &service_lists[i].kind,
				      member_at(service, service_lists[i].offset), err) < 0)
			return -1;
	return 0;
}

int compose_service_read(const struct compose_reader *reader, const struct compose_view *view,
			 struct compose_service *service, struct error *err)
{
	struct compose_reader demanding = *reader;

	demanding.demands = true;
	if (read_scalars(&demanding, view, image_scalars, array_size(image_scalars), service, err) <
		    0 ||
	    read_build(&demanding, view, service, err) < 0 ||
	    read_scalars(reader, view, service_scalars, array_size(service_scalars), service, err) <
		    0 ||
	    compose_read_command(reader, view, "command", &service->command, err) < 0 ||
	    compose_read_command(reader, view, "entrypoint", &service->entrypoint, err) < 0 ||
	    read_healthcheck(reader, view, service, err) < 0 ||
	    read_deploy(reader, view, service, err) < 0 ||
	    read_logging(reader, view, service, err) < 0 ||
	    compose_read_volumes(reader, view, service, err) < 0)
		return -1;
	return read_lists(reader, view, service, err);
}

static void release_scalars(const struct scalar *scalars, size_t count,
			    struct compose_service *service)
{
	for (size_t i = 0; i < count; i++)
		compose_value_release(member_at(service, scalars[i].offset));
}

void compose_service_release(struct compose_service *service)
{
	free(service->name);
	release_scalars(image_scalars, array_size(image_scalars), service);
	release_scalars(build_scalars, array_size(build_scalars), service);
	release_scalars(service_scalars, array_size(service_scalars), service);
	release_scalars(healthcheck_scalars, array_size(healthcheck_scalars), service);
	release_scalars(deploy_scalars, array_size(deploy_scalars), service);
	release_scalars(limit_scalars, array_size(limit_scalars), service);
	release_scalars(reservation_scalars, array_size(reservation_scalars), service);
	release_scalars(restart_scalars, array_size(restart_scalars), service);
	release_scalars(logging_scalars, array_size(logging_scalars), service);
	compose_list_release(&service->args);
	compose_list_release(&service->contexts);
	compose_list_release(&service->command.words);
	compose_list_release(&service->entrypoint.words);
	compose_list_release(&service->healthcheck.test.words);
	compose_list_release(&service->logging.options);
	compose_volumes_release(service);
	for (size_t i = 0; i < array_size(service_lists); i++)
		compose_list_release(member_at(service, service_lists[i].offset));
	*service = (struct compose_service) { 0 };
}
