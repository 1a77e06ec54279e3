#include "config.h"

#include "run/program.h"

#include <signal.h>
#include <string.h>

#include "base/doc.h"
#include "base/text.h"

int list_add(struct strings *list, char *text, struct error *err)
{
	char **items =
		text != NULL ? reallocarray(list->items, list->count + 2, sizeof *items) : NULL;

	if (items == NULL) {
		free(text);
		return error_memory(err);
	}
	items[list->count++] = text;
	items[list->count] = NULL;
	list->items = items;
	return 0;
}

int list_add_copies(struct strings *list, const struct strings *from, struct error *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (list_add(list, strdup(from->items[i]), err) < 0)
			return -1;
	return 0;
}

void list_release(struct strings *list)
{
	for (size_t i = 0; list->items != NULL && i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strings) { 0 };
}

/* Even an empty one has its NULL. */
int list_finish(struct strings *list, struct error *err)
{
	if (list->items != NULL)
		return 0;
	list->items = calloc(1, sizeof *list->items);
	return list->items == NULL ? error_memory(err) : 0;
}

/* A JSON array is the exec form, anything else goes to the shell, as in a Dockerfile. */
static int command_add(struct strings *argv, const char *text, const struct strings *shell,
		       struct error *err)
{
	auto_doc json_t *array = NULL;
	json_t *item;
	size_t i;

	if (text[0] == '[' && doc_parse(text, strlen(text), "exec form", &array, NULL) == 0 &&
	    json_is_array(array)) {
		json_array_foreach (array, i, item) {
			if (!json_is_string(item))
				return error_set(err, ERROR_USAGE, "'%s' holds what is no string",
						 text);
			if (list_add(argv, strdup(json_string_value(item)), err) < 0)
				return -1;
		}
		return 0;
	}
	if (shell->count > 0)
		return list_add_copies(argv, shell, err) < 0 ? -1
							     : list_add(argv, strdup(text), err);
	if (list_add(argv, strdup("/bin/sh"), err) < 0 || list_add(argv, strdup("-c"), err) < 0)
		return -1;
	return list_add(argv, strdup(text), err);
}

int program_argv(const struct configuration *c, const struct container_options *options,
		 struct strings *argv, struct error *err)
{
	if (options->entrypoint != NULL) {
		if (options->entrypoint[0] != '\0' &&
		    command_add(argv, options->entrypoint, &c->shell, err) < 0)
			return -1;
	} else if (list_add_copies(argv, &c->entrypoint, err) < 0) {
		return -1;
	}
	if (options->cmd != NULL) {
		if (command_add(argv, options->cmd, &c->shell, err) < 0)
			return -1;
	} else if (options->entrypoint == NULL && list_add_copies(argv, &c->cmd, err) < 0) {
		return -1;
	}
	if (argv->count == 0)
		return error_set(
			err, ERROR_INPUT,
			"the image has neither entry point nor command; give one with --cmd");
	return 0;
}

int program_stop_signal(const struct configuration *c, int *ret_signal, struct error *err)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{ "HUP", SIGHUP },     { "INT", SIGINT },   { "QUIT", SIGQUIT },
		{ "ABRT", SIGABRT },   { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
		{ "USR2", SIGUSR2 },   { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
		{ "TERM", SIGTERM },   { "CONT", SIGCONT }, { "STOP", SIGSTOP },
		{ "WINCH", SIGWINCH }, { "PWR", SIGPWR },   { "IO", SIGIO },
	};
	const char *name = c->stop_signal;
	uint64_t number;
	int offset = 0;

	*ret_signal = SIGTERM;
	if (name[0] == '\0')
		return 0;
	if (text_parse_number(name, &number, NULL) == 0 && number > 0 && number < NSIG) {
		*ret_signal = (int)number;
		return 0;
	}
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < array_size(signals); i++)
		if (strcmp(name, signals[i].name) == 0) {
			*ret_signal = signals[i].number;
			return 0;
		}
	if (sscanf(name, "RTMIN+%d", &offset) == 1 && offset >= 0 &&
	    SIGRTMIN + offset <= SIGRTMAX) {
		*ret_signal = SIGRTMIN + offset;
		return 0;
	}
	return error_set(err, ERROR_INPUT, "'%s' is no stop signal", c->stop_signal);
}

int program_health_argv(const struct configuration *c, struct strings *argv, struct error *err)
{
	const struct strings *test = &c->healthcheck.test;
	bool shell = test->count > 0 && strcmp(test->items[0], "CMD-SHELL") == 0;

	if (shell && c->shell.count > 0 && list_add_copies(argv, &c->shell, err) < 0)
		return -1;
	if (shell && c->shell.count == 0 &&
	    (list_add(argv, strdup("/bin/sh"), err) < 0 || list_add(argv, strdup("-c"), err) < 0))
		return -1;
	for (size_t i = 1; i < test->count; i++)
		if (list_add(argv, strdup(test->items[i]), err) < 0)
			return -1;
	return list_finish(argv, err);
}

int program_volumes(const struct configuration *c, struct container_record *record,
		    struct error *err)
{
	struct strings volumes = { 0 };

	if (list_add_copies(&volumes, &c->volumes, err) < 0 || list_finish(&volumes, err) < 0) {
		list_release(&volumes);
		return -1;
	}
	record->volumes = volumes.items;
	return 0;
}
