/* What builders refuse in a Dockerfile that can be parsed. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "file/stages.h"

static const char *health_problem(const struct instruction *healthcheck)
{
	static const char *const times[] = { "interval", "timeout", "start-period",
					     "start-interval" };
	const struct words *args = &healthcheck->args;
	const char *type = args->items[0].data;
	size_t from = 0;
	const char *retries = instruction_flag(healthcheck, "retries", &from);
	uint64_t value;

	if (strcasecmp(type, "none") == 0)
		return args->count > 1 ? "NONE takes no argument" : NULL;
	if (strcasecmp(type, "cmd") != 0)
		return "CMD or NONE is expected";
	if (args->count < 2 || args->items[1].size == 0)
		return "CMD lacks a command";
	for (size_t i = 0; i < array_size(times); i++) {
		const char *time;

		from = 0;
		time = instruction_flag(healthcheck, times[i], &from);
		if (time != NULL && text_parse_duration(time, &value, NULL) < 0)
			return "a time that is none";
	}
	return retries != NULL && text_parse_number(retries, &value, NULL) < 0
		       ? "a number of retries that is none"
		       : NULL;
}

/* What builders refuse in instructions that have enough words; NULL for none. */
static const char *problem_of(const struct instruction *instruction)
{
	const struct words *args = &instruction->args;

	if (strcmp(instruction->name, "healthcheck") == 0)
		return health_problem(instruction);
	if (strcmp(instruction->name, "shell") == 0 && !instruction->exec_form)
		return "a JSON array is expected";
	if (strcmp(instruction->name, "onbuild") == 0 && instruction->trigger == NULL)
		return "an instruction is expected";
	if (strcmp(instruction->name, "env") != 0 && strcmp(instruction->name, "label") != 0)
		return NULL;
	for (size_t i = 0; i < args->count; i += 3)
		if (args->items[i].size == 0)
			return "a name is empty";
	return NULL;
}

/* Words that some instruction cannot do without. BuildKit says so when it builds. */
static int check_instruction(const struct dockerfile *dockerfile, const char *name,
			     const struct instruction *instruction, struct error *err)
{
	static const struct {
		const char *name;
		size_t least;
		size_t most;
	} counts[] = {
		{ "from", 1, 3 },
		{ "copy", 2, SIZE_MAX },
		{ "add", 2, SIZE_MAX },
		{ "env", 3, SIZE_MAX },
		{ "label", 3, SIZE_MAX },
		{ "arg", 1, SIZE_MAX },
		{ "user", 1, 1 },
		{ "workdir", 1, 1 },
		{ "expose", 1, SIZE_MAX },
		{ "volume", 1, SIZE_MAX },
		{ "stopsignal", 1, 1 },
		{ "maintainer", 1, 1 },
		{ "healthcheck", 1, SIZE_MAX },
		{ "run", 1, SIZE_MAX },
		{ "shell", 1, SIZE_MAX },
	};
	size_t line;
	size_t column;
	size_t count = instruction->args.count;
	const char *problem;

	dockerfile_locate(dockerfile, instruction->keyword_at.start, &line, &column);
	if (!instruction->known)
		return error_set(err, ERROR_INPUT, "%s:%zu:%zu: unknown instruction: %s", name,
				 line, column, instruction->keyword);
	/* the text of a heredoc counts */
	if (instruction->heredoc_count > 0 && strcmp(instruction->name, "run") == 0)
		return 0;
	for (size_t i = 0; i < array_size(counts); i++) {
		if (strcmp(counts[i].name, instruction->name) != 0)
			continue;
		if (count < counts[i].least)
			return error_set(err, ERROR_INPUT, "%s:%zu:%zu: %s lacks an argument", name,
					 line, column, instruction->keyword);
		if (count > counts[i].most)
			return error_set(err, ERROR_INPUT, "%s:%zu:%zu: %s has too many arguments",
					 name, line, column, instruction->keyword);
	}
	problem = problem_of(instruction);
	if (problem != NULL)
		return error_set(err, ERROR_INPUT, "%s:%zu:%zu: %s: %s", name, line, column,
				 instruction->keyword, problem);
	return 0;
}

int stages_check(const struct stages *stages, const struct dockerfile *dockerfile, const char *name,
		 struct error *err)
{
	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];

		if (check_instruction(dockerfile, name, instruction, err) < 0)
			return -1;
		if (instruction->stage == DOCKERFILE_NO_STAGE &&
		    strcmp(instruction->name, "arg") != 0)
			return error_set(err, ERROR_INPUT,
					 "%s:%zu: %s stands before the first FROM", name,
					 instruction->first_line, instruction->keyword);
	}
	if (dockerfile->stage_count == 0)
		return error_set(err, ERROR_INPUT, "%s: no FROM", name);
	for (size_t i = 0; i < stages->count; i++)
		if (stages->items[i].problem != NULL)
			return error_set(err, ERROR_INPUT, "%s:%zu: %s", name,
					 stages->items[i].from->first_line,
					 stages->items[i].problem);
	return 0;
}
