#include "config.h"

#include "base/options.h"

#include <string.h>

void option_list_release(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list) { 0 };
}

void operands_release(struct operands *operands)
{
	free(operands->items);
	*operands = (struct operands) { 0 };
}

static int string_list_add(const char ***items, size_t *count, const char *item, struct error *err)
{
	const char **grown = reallocarray(*items, *count + 1, sizeof *grown);

	if (grown == NULL)
		return error_memory(err);
	grown[(*count)++] = item;
	*items = grown;
	return 0;
}

static int option_choose(const struct option_spec *spec, const char *value, int *ret_choice,
			 struct error *err)
{
	for (int i = 0; spec->choices[i] != NULL; i++)
		if (strcmp(spec->choices[i], value) == 0) {
			*ret_choice = i;
			return 0;
		}
	return error_set(err, ERROR_USAGE, "'%s' is none of %s", value, spec->argument);
}

static int option_store(const struct option_spec *spec, const char *value, void *target,
			struct error *err)
{
	void *field = (char *)target + spec->offset;
	struct option_number *number = field;
	struct option_percent *percent = field;
	struct option_list *list = field;

	switch (spec->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_STRING:
		*(const char **)field = value;
		return 0;
	case OPTION_LIST:
		return string_list_add(&list->items, &list->count, value, err);
	case OPTION_NUMBER:
		number->set = true;
		return text_parse_number(value, &number->value, err);
	case OPTION_SIZE:
		number->set = true;
		return text_parse_size(value, &number->value, err);
	case OPTION_DURATION:
		number->set = true;
		return text_parse_duration(value, &number->value, err);
	case OPTION_PERCENT:
		percent->set = true;
		return text_parse_percent(value, &percent->value, err);
	case OPTION_LIMIT:
		return text_parse_limit(value, field, err);
	case OPTION_CHOICE:
		return option_choose(spec, value, field, err);
	case OPTION_ENUM_END:
		break;
	}
	return error_set(err, ERROR_USAGE, "option table is broken");
}

/* By exact name, else by an unambiguous start of it. */
static int option_find_long(const struct program *program, const char *name, size_t length,
			    const struct option_spec **ret_spec, struct error *err)
{
	const struct option_spec *found = NULL;

	for (const struct option_spec *spec = program->options; spec->name != NULL; spec++) {
		if (length == 0 || strncmp(spec->name, name, length) != 0)
			continue;
		if (strlen(spec->name) == length) {
			*ret_spec = spec;
			return 0;
		}
		if (found != NULL)
			return error_set(err, ERROR_USAGE,
					 "option '--%.*s' may mean '--%s' or '--%s'", (int)length,
					 name, found->name, spec->name);
		found = spec;
	}
	if (found == NULL)
		return error_set(err, ERROR_USAGE, "unknown option '--%.*s'; see %s --help",
				 (int)length, name, program->name);
	*ret_spec = found;
	return 0;
}

struct option_walk {
	const struct program *program;
	char **argv;
	int argc;
	int next;
	void *target;
};

static int option_take_long(struct option_walk *walk, const char *text, struct error *err)
{
	const char *value = strchr(text, '=');
	size_t length = value != NULL ? (size_t)(value - text) : strlen(text);
	const struct option_spec *spec = NULL;

	if (option_find_long(walk->program, text, length, &spec, err) < 0)
		return -1;
	if (value != NULL)
		value++;
	if (spec->type == OPTION_FLAG && value != NULL)
		return error_set(err, ERROR_USAGE, "option '--%s' takes no value", spec->name);
	if (spec->type != OPTION_FLAG && value == NULL) {
		if (walk->next >= walk->argc)
			return error_set(err, ERROR_USAGE, "option '--%s' needs %s", spec->name,
					 spec->argument);
		value = walk->argv[walk->next++];
	}
	if (option_store(spec, value, walk->target, err) < 0)
		return error_prefix(err, "--%s", spec->name);
	return 0;
}

static int option_take_letters(struct option_walk *walk, const char *letters, struct error *err)
{
	for (; *letters != '\0'; letters++) {
		const struct option_spec *spec = walk->program->options;
		const char *value = NULL;

		while (spec->name != NULL && spec->letter != *letters)
			spec++;
		if (spec->name == NULL)
			return error_set(err, ERROR_USAGE, "unknown option '-%c'; see %s --help",
					 *letters, walk->program->name);
		if (spec->type != OPTION_FLAG) {
			value = letters[1] != '\0'	  ? letters + 1
				: walk->next < walk->argc ? walk->argv[walk->next++]
							  : NULL;
			if (value == NULL)
				return error_set(err, ERROR_USAGE, "option '-%c' needs %s",
						 *letters, spec->argument);
		}
		if (option_store(spec, value, walk->target, err) < 0)
			return error_prefix(err, "-%c", *letters);
		if (spec->type != OPTION_FLAG)
			return 0;
	}
	return 0;
}

/* --help and --version ask for nothing else, so operands may be missing then. */
static int operands_check(const struct program *program, const struct operands *operands,
			  struct error *err)
{
	if (operands->count < program->operands_min)
		return error_set(err, ERROR_USAGE, "missing operand; usage: %s [OPTION]... %s",
				 program->name, program->operands);
	if (operands->count > program->operands_max)
		return error_set(err, ERROR_USAGE, "one operand too many: '%s'",
				 operands->items[program->operands_max]);
	return 0;
}

static bool option_asks_only(char **argv, int argc)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0)
			return true;
	return false;
}

int options_parse(const struct program *program, int argc, char **argv, void *target,
		  struct operands *ret_operands, struct error *err)
{
	struct option_walk walk = { program, argv, argc, 1, target };
	struct operands operands = { 0 };
	bool only_operands = false;

	while (walk.next < argc) {
		const char *text = argv[walk.next++];
		int result;

		if (!only_operands && strcmp(text, "--") == 0) {
			if (program->takes_command) {
				operands.command = argv + walk.next;
				break;
			}
			only_operands = true;
			continue;
		}
		if (only_operands || text[0] != '-' || text[1] == '\0')
			result = string_list_add(&operands.items, &operands.count, text, err);
		else if (text[1] == '-')
			result = option_take_long(&walk, text + 2, err);
		else
			result = option_take_letters(&walk, text + 1, err);
		if (result < 0) {
			operands_release(&operands);
			return -1;
		}
	}
	if (!option_asks_only(argv, argc) && operands_check(program, &operands, err) < 0) {
		operands_release(&operands);
		return -1;
	}
	*ret_operands = operands;
	return 0;
}

void options_help(const struct program *program, FILE *out)
{
	enum { HELP_COLUMN = 28 };

	(void)fprintf(out, "Usage: %s [OPTION]... %s\n%s\n\nOptions:\n", program->name,
		      program->operands, program->summary);
	for (const struct option_spec *spec = program->options; spec->name != NULL; spec++) {
		char letter[] = { '-', spec->letter, ',', '\0' };
		int width = fprintf(out, "  %3s --%s%s%s", spec->letter != 0 ? letter : "",
				    spec->name, spec->argument != NULL ? " " : "",
				    spec->argument != NULL ? spec->argument : "");
		const char *line = spec->help;

		if (width >= HELP_COLUMN)
			width = (fputc('\n', out), 0);
		while (line != NULL) {
			const char *end = strchr(line, '\n');
			int length = (int)(end != NULL ? (size_t)(end - line) : strlen(line));

			(void)fprintf(out, "%*s%.*s\n", HELP_COLUMN - width, "", length, line);
			line = end != NULL ? end + 1 : NULL;
			width = 0;
		}
	}
}

void options_table(const struct program *program, FILE *out)
{
	(void)fprintf(out, "%s\n", program->operands);
	for (const struct option_spec *spec = program->options; spec->name != NULL; spec++) {
		char letter[] = { spec->letter, '\0' };

		(void)fprintf(out, "%s\t%s\t%s\t%s\t", spec->name, letter,
			      spec->type == OPTION_LIST ? "again" : "once",
			      spec->argument != NULL ? spec->argument : "");
		for (size_t i = 0; spec->choices != NULL && spec->choices[i] != NULL; i++)
			(void)fprintf(out, "%s%s", i > 0 ? " " : "", spec->choices[i]);
		(void)fputc('\t', out);
		for (const char *help = spec->help; *help != '\0'; help++)
			(void)fputc(*help == '\n' ? ' ' : *help, out);
		(void)fputc('\n', out);
	}
}
