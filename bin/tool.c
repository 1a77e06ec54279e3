#include "config.h"

#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "base/buf.h"

int tool_begin(const struct program *program, int argc, char **argv, void *options,
	       struct operands *ret_operands)
{
	const struct tool *tool = options;
	struct error err = ERROR_INIT;
	int fd;

	/* Where one of the three streams is closed, another file would take its number; this one
	 * cannot be written, so that a report that goes nowhere stays a failure. */
	while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		(void)close(fd);
	/* Names in archives are UTF-8 whatever the caller's locale is. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		(void)setlocale(LC_CTYPE, "");
	/* A reader that went away is a failed write, not a silent end. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* for the build, which makes completions; not for people */
	if (argc == 2 && strcmp(argv[1], "--option-table") == 0) {
		options_table(program, stdout);
		return tool_finish(program, TOOL_HOLDS);
	}
	if (options_parse(program, argc, argv, options, ret_operands, &err) < 0)
		return tool_fail(program, &err);
	if (tool->help) {
		options_help(program, stdout);
		operands_release(ret_operands);
		return tool_finish(program, TOOL_HOLDS);
	}
	if (tool->version) {
		(void)printf("%s (%s) %s\n", program->name, PACKAGE_NAME, PACKAGE_VERSION);
		operands_release(ret_operands);
		return tool_finish(program, TOOL_HOLDS);
	}
	if (tool->json && tool->tap) {
		operands_release(ret_operands);
		(void)error_set(&err, ERROR_USAGE, "--json and --tap exclude each other");
		return tool_fail(program, &err);
	}
	return -1;
}

int tool_read_variables(const struct option_list *list, const char *option,
			struct variables *variables, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *sign = strchr(list->items[i], '=');
		auto_free char *name = NULL;

		if (sign == NULL || sign == list->items[i])
			return error_set(err, ERROR_USAGE, "--%s: '%s' is not NAME=VALUE", option,
					 list->items[i]);
		name = strndup(list->items[i], (size_t)(sign - list->items[i]));
		if (name == NULL)
			return error_memory(err);
		if (variables_set(variables, name, sign + 1, NULL, err) < 0)
			return -1;
	}
	return 0;
}

enum tool_format tool_format(const struct tool *tool)
{
	return tool->json ? FORMAT_JSON : tool->tap ? FORMAT_TAP : FORMAT_TEXT;
}

void tool_note(const struct program *program, const char *text)
{
	auto_buf struct buf line;

	buf_init(&line, BUF_MAX_DEFAULT);
	text_escape(&line, text, strlen(text));
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: %s\n", program->name, line.data);
}

int tool_fail(const struct program *program, const struct error *err)
{
	tool_note(program, err->text);
	return TOOL_UNDECIDED;
}

void tool_print_json(const json_t *document)
{
	(void)json_dumpf(document, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
}

int tool_finish(const struct program *program, int status)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) != 0 || failed) {
		(void)fprintf(stderr, "%s: standard output: %s\n", program->name,
			      errno != 0 ? strerror(errno) : "write failed");
		return TOOL_UNDECIDED;
	}
	return status;
}
