#include "config.h"

#include "check/lintcompose.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "check/lintstart.h"
#include "check/pinfind.h"
#include "file/compose.h"

/* What packages for machine learning need. */
#define MACHINE_LEARNING_MEMORY (UINT64_C(4) << 30)

struct subject {
	struct lint *lint;
	size_t target;
	const struct lint_compose_settings *settings;
	const struct compose_service *service;
};

static struct lint_place service_place(const struct subject *subject)
{
	return (struct lint_place) {
		.target = subject->target,
		.line = subject->service->line,
		.instruction = subject->service->line,
	};
}

/* Of a part that is there; what was taken over is told at the service. */
static struct lint_place line_place(const struct subject *subject, size_t line, bool taken)
{
	struct lint_place place = service_place(subject);

	if (line > 0 && !taken)
		place.line = line;
	return place;
}

static struct lint_place value_place(const struct subject *subject,
				     const struct compose_value *value)
{
	struct lint_place place = line_place(subject, value->line, value->taken);

	if (!value->taken && value->place.line == value->line) {
		place.column = value->place.column;
		place.at = value->place.at;
	}
	return place;
}

/* Is the service all that can be seen? What another file adds may be what is missing. */
static bool is_whole(const struct subject *subject)
{
	return !subject->service->extends;
}

static int command_script(const struct compose_command *command, struct script *ret_script,
			  struct error *err)
{
	struct script_source source = { .escape = '\\' };
	auto_words struct words words = { 0 };

	*ret_script = (struct script) { 0 };
	for (size_t i = 0; i < command->words.count; i++)
		if (compose_known(&command->words.items[i]) == NULL)
			return 0;
	if (!command->list && command->words.count == 1) {
		const char *text = compose_known(&command->words.items[0]);

		return script_parse(text, strlen(text), &source, ret_script, err);
	}
	for (size_t i = 0; i < command->words.count; i++) {
		const char *text = compose_known(&command->words.items[i]);

		if (words_add(&words, text, strlen(text), err) < 0)
			return -1;
	}
	return script_of_words(&words, ret_script, err);
}

static int check_command(const struct subject *subject, const struct compose_command *command,
			 struct error *err)
{
	struct lint_place place = line_place(subject, command->line, command->taken);
	auto_script struct script script = { 0 };
	const char *found;

	if (!command->there)
		return 0;
	if (command_script(command, &script, err) < 0)
		return -1;
	found = start_package_manager(&script);
	if (found != NULL &&
	    lint_find(subject->lint, LINT_START_CALLS_PACKAGE_MANAGER, &place, err,
		      "%s: the program is started by '%s'", subject->service->name, found) < 0)
		return -1;
	found = start_dev_server(&script, subject->service->ports.count > 0);
	return found == NULL ? 0
			     : lint_find(subject->lint, LINT_DEV_SERVER, &place, err,
					 "%s: '%s' is a server for development",
					 subject->service->name, found);
}

static int check_environment(const struct subject *subject, struct error *err)
{
	for (size_t i = 0; i < subject->service->environment.count; i++) {
		const struct compose_value *item = &subject->service->environment.items[i];
		struct lint_place place = value_place(subject, item);
		const char *text = compose_known(item);
		const char *sign = text != NULL ? strchr(text, '=') : NULL;
		auto_free char *name = sign != NULL ? strndup(text, (size_t)(sign - text)) : NULL;

		if (sign == NULL)
			continue;
		if (name == NULL)
			return error_memory(err);
		/* a variable that is given when it is run is as it should be */
		if (strchr(item->text, '$') == NULL && environment_is_secret(name, sign + 1) &&
		    lint_find(subject->lint, LINT_SECRET_IN_ENV, &place, err,
			      "%s: %s looks like a secret", subject->service->name, name) < 0)
			return -1;
		if (environment_is_development(name, sign + 1) &&
		    !(strcasestr(name, "host") != NULL || strcasestr(name, "url") != NULL) &&
		    lint_find(subject->lint, LINT_ENV_DEVELOPMENT, &place, err,
			      "%s: %s is for development", subject->service->name, text) < 0)
			return -1;
	}
	return 0;
}

static int check_memory(const struct subject *subject, struct error *err)
{
	const struct compose_service *service = subject->service;
	const struct compose_value *limit = service->deploy.limit_memory.text != NULL
						    ? &service->deploy.limit_memory
						    : &service->mem_limit;
	struct lint_place place = service_place(subject);
	uint64_t bytes;

	if (limit->text == NULL)
		return is_whole(subject)
			       ? lint_find(subject->lint, LINT_COMPOSE_NO_MEMORY_LIMIT, &place, err,
					   "%s has no limit on memory", service->name)
			       : 0;
	place = value_place(subject, limit);
	if (lint_credit(subject->lint, "resource limits", &place, err) < 0)
		return -1;
	if (compose_known(limit) == NULL ||
	    text_parse_size(compose_known(limit), &bytes, NULL) < 0 ||
	    subject->settings->built == NULL || !subject->settings->built->machine_learning ||
	    !service->builds)
		return 0;
	/* compose's units are binary: 4g is 4 GiB */
	if (bytes * 1074 / 1000 >= MACHINE_LEARNING_MEMORY)
		return 0;
	return lint_find(subject->lint, LINT_COMPOSE_MEMORY_TOO_LOW, &place, err,
			 "%s: %s, and the requirements name packages for machine learning",
			 service->name, limit->text);
}

static bool has_option(const struct compose_list *options, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < options->count; i++)
		if (options->items[i].text != NULL &&
		    strncmp(options->items[i].text, name, length) == 0 &&
		    options->items[i].text[length] == '=')
			return true;
	return false;
}

static int check_logging(const struct subject *subject, struct error *err)
{
	const struct compose_logging *logging = &subject->service->logging;
	struct lint_place place = line_place(subject, logging->line, logging->taken);
	const char *driver = compose_known(&logging->driver);
	bool is_file = logging->driver.text == NULL ||
		       (driver != NULL && strcmp(driver, "json-file") == 0);

	if (!logging->there)
		return is_whole(subject)
			       ? lint_find(subject->lint, LINT_COMPOSE_NO_LOG_ROTATION, &place, err,
					   "%s logs to a file that grows for ever",
					   subject->service->name)
			       : 0;
	/* other drivers rotate, or keep their logs elsewhere */
	if (!is_file || has_option(&logging->options, "max-size"))
		return lint_credit(subject->lint, "log rotation", &place, err);
	return lint_find(subject->lint, LINT_COMPOSE_NO_LOG_ROTATION, &place, err,
			 "%s: the log has no max-size", subject->service->name);
}

static int check_life(const struct subject *subject, struct error *err)
{
	const struct compose_service *service = subject->service;
	struct lint_place place = service_place(subject);
	const char *restart = compose_known(&service->restart);

	if (service->restart.text == NULL && !service->deploy.restart_policy) {
		if (is_whole(subject) &&
		    lint_find(subject->lint, LINT_COMPOSE_NO_RESTART, &place, err,
			      "%s has no restart policy", service->name) < 0)
			return -1;
	} else if (restart != NULL && strcmp(restart, "no") == 0) {
		place = value_place(subject, &service->restart);
		if (lint_find(subject->lint, LINT_COMPOSE_NO_RESTART, &place, err,
			      "%s is not restarted", service->name) < 0)
			return -1;
	} else if (lint_credit(subject->lint, "restart policy", &place, err) < 0) {
		return -1;
	}
	place = service_place(subject);
	if (service->stop_grace_period.text == NULL)
		return is_whole(subject)
			       ? lint_find(subject->lint, LINT_COMPOSE_NO_GRACE_PERIOD, &place, err,
					   "%s has no stop_grace_period", service->name)
			       : 0;
	return lint_credit(subject->lint, "time to stop", &place, err);
}

static int check_volumes(const struct subject *subject, struct error *err)
{
	for (size_t i = 0; i < subject->service->volume_count; i++) {
		const struct compose_volume *volume = &subject->service->volumes[i];
		struct lint_place place = line_place(subject, volume->line, volume->taken);
		const char *source = compose_known(&volume->source);

		if (volume->type == COMPOSE_VOLUME_NAMED && volume->source.text == NULL &&
		    lint_find(subject->lint, LINT_COMPOSE_ANONYMOUS_VOLUME, &place, err,
			      "%s: the volume on %s has no name", subject->service->name,
			      volume->target.text != NULL ? volume->target.text : "?") < 0)
			return -1;
		if (volume->type == COMPOSE_VOLUME_NAMED && volume->source.text != NULL &&
		    lint_credit(subject->lint, "named volumes", &place, err) < 0)
			return -1;
		if (source != NULL && strstr(source, "docker.sock") != NULL &&
		    lint_find(subject->lint, LINT_COMPOSE_DOCKER_SOCKET, &place, err,
			      "%s is given the engine's socket", subject->service->name) < 0)
			return -1;
	}
	return 0;
}

static int check_rights(const struct subject *subject, struct error *err)
{
	const struct compose_service *service = subject->service;
	const struct compose_value *const namespaces[] = { &service->network_mode, &service->pid };
	struct lint_place place = value_place(subject, &service->privileged);
	const char *user = compose_known(&service->user);

	if (compose_truth(&service->privileged) == COMPOSE_TRUE &&
	    lint_find(subject->lint, LINT_COMPOSE_PRIVILEGED, &place, err, "%s is privileged",
		      service->name) < 0)
		return -1;
	for (size_t i = 0; i < array_size(namespaces); i++) {
		const char *mode = compose_known(namespaces[i]);

		place = value_place(subject, namespaces[i]);
		if (mode != NULL && strcmp(mode, "host") == 0 &&
		    lint_find(subject->lint, LINT_COMPOSE_HOST_NAMESPACE, &place, err,
			      "%s has the host's %s", service->name,
			      i == 0 ? "network" : "processes") < 0)
			return -1;
	}
	place = value_place(subject, &service->user);
	if (user != NULL &&
	    (strcmp(user, "0") == 0 || strcmp(user, "root") == 0 || strncmp(user, "0:", 2) == 0 ||
	     strncmp(user, "root:", 5) == 0) &&
	    lint_find(subject->lint, LINT_USER_ROOT, &place, err, "%s runs as root",
		      service->name) < 0)
		return -1;
	place = service_place(subject);
	if (compose_truth(&service->read_only) == COMPOSE_TRUE)
		return lint_credit(subject->lint, "read-only root", &place, err);
	return is_whole(subject) || service->read_only.text != NULL
		       ? lint_find(subject->lint, LINT_COMPOSE_WRITABLE_ROOT, &place, err,
				   "%s may write to its root", service->name)
		       : 0;
}

/* The path that its health check asks for; NULL. */
static int health_path(const struct subject *subject, char **ret_path, struct error *err)
{
	const struct compose_healthcheck *health = &subject->service->healthcheck;
	auto_script struct script script = { 0 };

	*ret_path = NULL;
	if (!health->there || !health->test.there)
		return 0;
	if (command_script(&health->test, &script, err) < 0)
		return -1;
	/* CMD-SHELL and a text, or CMD and words: an URL is one whatever stands before it */
	*ret_path = start_url_path(&script);
	return 0;
}

static int check_health(const struct subject *subject, struct error *err)
{
	const struct compose_healthcheck *health = &subject->service->healthcheck;
	const struct lint_file_facts *built = subject->settings->built;
	struct lint_place place = line_place(subject, health->line, health->taken);
	auto_free char *path = NULL;

	if (!health->there || built == NULL || !subject->service->builds ||
	    compose_truth(&health->disable) == COMPOSE_TRUE)
		return 0;
	if (!built->healthcheck)
		return lint_find(subject->lint, LINT_HEALTHCHECK_ONLY_IN_COMPOSE, &place, err,
				 "%s has a health check here, and none in its Dockerfile",
				 subject->service->name);
	if (health_path(subject, &path, err) < 0)
		return -1;
	if (path == NULL || built->health_path == NULL || strcmp(path, built->health_path) != 0)
		return 0;
	return lint_find(subject->lint, LINT_HEALTHCHECK_SHARED, &place, err,
			 "%s: %s is asked here and by the image's own check",
			 subject->service->name, path);
}

static int check_service(struct subject *subject, struct error *err)
{
	if (check_command(subject, &subject->service->command, err) < 0 ||
	    check_command(subject, &subject->service->entrypoint, err) < 0 ||
	    check_environment(subject, err) < 0 || check_memory(subject, err) < 0 ||
	    check_logging(subject, err) < 0 || check_life(subject, err) < 0 ||
	    check_volumes(subject, err) < 0 || check_rights(subject, err) < 0)
		return -1;
	return check_health(subject, err);
}

static int judge_pin(const struct subject *subject, const struct pin *pin, struct error *err)
{
	struct lint_place place = {
		.target = subject->target,
		.line = pin->token_line != 0 ? pin->token_line : pin->line,
		.column = pin->column,
		.at = pin->at,
		.instruction = pin->line,
	};
	const char *what = pin->resolved != NULL ? pin->resolved : pin->raw;

	if (!pin_is_external(pin))
		return 0;
	if (pin->kind == PIN_LATEST || pin->kind == PIN_UNTAGGED)
		return lint_find(subject->lint, LINT_BASE_MOVING_TAG, &place, err,
				 "%s: %s has no version", pin->service, what);
	if (pin->kind == PIN_TAG)
		return lint_find(subject->lint, LINT_BASE_NOT_PINNED, &place, err,
				 "%s: %s is not pinned by a digest", pin->service, what);
	if (pin->kind == PIN_UNRESOLVED || pin->kind == PIN_INVALID)
		return lint_find(subject->lint, LINT_BASE_UNRESOLVED, &place, err, "%s: %s: %s",
				 pin->service, pin->raw,
				 pin->reason != NULL ? pin->reason : "no image reference");
	return 0;
}

static int check_pins(const struct subject *subject, const char *name, const char *data,
		      size_t size, struct error *err)
{
	struct pin_settings settings = { .environment = subject->settings->environment };
	auto_pins struct pins pins = { 0 };

	platform_host(&settings.build.platform);
	if (pins_find(data, size, name, PIN_FILE_COMPOSE, &settings, &pins, err) < 0)
		return -1;
	for (size_t i = 0; i < pins.count; i++)
		if (pins.items[i].service != NULL && judge_pin(subject, &pins.items[i], err) < 0)
			return -1;
	return 0;
}

/* A comment silences its own line, or stands alone and silences the next that holds something. */
static int take_silences(const struct subject *subject, const char *data, size_t size,
			 struct error *err)
{
	const char *end = data + size;
	size_t number = 0;
	struct lint_place pending = { 0 };
	auto_free char *waiting = NULL;

	for (const char *line = data; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *mark;
		size_t length = stop != NULL ? (size_t)(stop - line) : (size_t)(end - line);
		auto_free char *text = strndup(line, length);
		size_t blank;

		number++;
		if (text == NULL)
			return error_memory(err);
		blank = strspn(text, " \t\r");
		mark = strstr(text, "# image-lint:");
		if (text[blank] != '\0' && text[blank] != '#' && waiting != NULL) {
			if (lint_silence(subject->lint, waiting, &pending, number, err) < 0)
				return -1;
			free(steal(&waiting));
		}
		if (mark != NULL) {
			struct lint_place place = {
				.target = subject->target,
				.line = number,
				.column = (size_t)(mark - text) + 1,
				.instruction = number,
				.at = { (size_t)(line - data) + (size_t)(mark - text),
					(size_t)(line - data) + length },
			};

			text[strcspn(text, "\r")] = '\0';
			if (text[blank] != '#') {
				if (lint_silence(subject->lint, mark + 1, &place, number, err) < 0)
					return -1;
			} else {
				free(waiting);
				pending = place;
				waiting = strdup(mark + 1);
				if (waiting == NULL)
					return error_memory(err);
			}
		}
		line += length + (stop != NULL);
	}
	return waiting == NULL ? 0 : lint_silence(subject->lint, waiting, &pending, number, err);
}

int lint_compose(struct lint *lint, size_t target, const char *name, const char *data, size_t size,
		 const struct lint_compose_settings *settings, struct error *err)
{
	auto_compose struct compose compose = { 0 };
	struct subject subject = {
		.lint = lint,
		.target = target,
		.settings = settings,
	};

	if (compose_parse(data, size, name, settings->environment, &compose, err) < 0 ||
	    take_silences(&subject, data, size, err) < 0 ||
	    check_pins(&subject, name, data, size, err) < 0)
		return -1;
	for (size_t i = 0; i < compose.count; i++) {
		subject.service = &compose.services[i];
		if (check_service(&subject, err) < 0)
			return -1;
	}
	return 0;
}
