#include "config.h"

#include "file/stages.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "file/shellword.h"

static int expand(const struct dockerfile *dockerfile, const struct variables *variables,
		  const char *text, struct shellword *ret_word, struct error *err)
{
	struct shellword_options options = {
		.escape = dockerfile->escape,
		.lookup = variables_lookup,
		.context = variables,
	};

	return shellword_expand(&options, text, ret_word, err);
}

/* In a stage, a value that cannot be expanded is unknown: only what uses it need care. */
static int expand_or_unknown(const struct dockerfile *dockerfile, const struct variables *variables,
			     const char *name, const char *text, struct shellword *ret_word,
			     struct error *err)
{
	struct error wrong = ERROR_INIT;

	if (expand(dockerfile, variables, text, ret_word, &wrong) == 0)
		return 0;
	if (wrong.kind == ERROR_MEMORY)
		return error_memory(err);
	*ret_word = (struct shellword) { .text = strdup(""), .unknown = strdup(name) };
	if (ret_word->text != NULL && ret_word->unknown != NULL)
		return 0;
	shellword_release(ret_word);
	return error_memory(err);
}

static int set_platform(struct variables *variables, const char *prefix,
			const struct platform *platform, struct error *err)
{
	char text[PLATFORM_TEXT_MAX];
	const struct {
		const char *suffix;
		const char *value;
	} parts[] = {
		{ "PLATFORM", platform_text(platform, text) },
		{ "OS", platform->os },
		{ "OSVERSION", "" },
		{ "ARCH", platform->architecture },
		{ "VARIANT", platform->variant },
	};

	for (size_t i = 0; i < array_size(parts); i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "%s%s", prefix, parts[i].suffix);
		if (variables_set(variables, name, parts[i].value, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* A build argument takes the place of an automatic one even where no ARG declares it. */
static int set_automatic(struct variables *globals, const struct build_settings *settings,
			 struct error *err)
{
	struct platform host;

	platform_host(&host);
	if (set_platform(globals, "BUILD", &host, err) < 0 ||
	    set_platform(globals, "TARGET", &settings->platform, err) < 0)
		return -1;
	for (size_t i = 0; settings->args != NULL && i < settings->args->count; i++) {
		const struct variable *arg = &settings->args->items[i];

		if (variables_find(globals, arg->name) != NULL &&
		    variables_set(globals, arg->name, arg->value, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* One "NAME" or "NAME=VALUE" of an ARG. `outer` holds what a bare NAME takes its value from. */
static int apply_arg(const struct dockerfile *dockerfile, const struct build_settings *settings,
		     const struct variables *outer, const char *word, struct variables *scope,
		     struct error *err)
{
	const char *sign = strchr(word, '=');
	auto_free char *name = strndup(word, sign != NULL ? (size_t)(sign - word) : strlen(word));
	const struct variable *given;
	auto_shellword struct shellword value = { 0 };

	if (name == NULL)
		return error_memory(err);
	given = settings->args != NULL ? variables_find(settings->args, name) : NULL;
	if (given == NULL && sign == NULL && outer != NULL)
		given = variables_find(outer, name);
	if (given != NULL)
		return variables_set(scope, name, given->value, given->unknown, err);
	if (sign == NULL)
		return 0;
	if (outer == NULL && expand(dockerfile, scope, sign + 1, &value, err) < 0)
		return -1;
	if (outer != NULL && expand_or_unknown(dockerfile, scope, name, sign + 1, &value, err) < 0)
		return -1;
	return variables_set(scope, name, value.text, value.unknown, err);
}

static int apply_args(const struct dockerfile *dockerfile, const struct build_settings *settings,
		      const struct variables *outer, const struct instruction *instruction,
		      struct variables *scope, struct error *err)
{
	for (size_t i = 0; i < instruction->args.count; i++)
		if (apply_arg(dockerfile, settings, outer, instruction->args.items[i].data, scope,
			      err) < 0)
			return -1;
	return 0;
}

/* All values of an ENV see the variables as they were before it. */
static int apply_env(const struct dockerfile *dockerfile, const struct instruction *instruction,
		     struct variables *scope, struct error *err)
{
	const struct word *words = instruction->args.items;
	auto_variables struct variables fresh = { 0 };

	for (size_t i = 0; i + 1 < instruction->args.count; i += 3) {
		auto_shellword struct shellword value = { 0 };

		if (expand_or_unknown(dockerfile, scope, words[i].data, words[i + 1].data, &value,
				      err) < 0 ||
		    variables_set(&fresh, words[i].data, value.text, value.unknown, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < fresh.count; i++)
		if (variables_set(scope, fresh.items[i].name, fresh.items[i].value,
				  fresh.items[i].unknown, err) < 0)
			return -1;
	return 0;
}

void stage_scope_begin(const struct stages *stages, size_t stage, struct variables *ret_scope)
{
	size_t parent = stages->items[stage].parent;

	*ret_scope = (struct variables) { 0 };
	if (parent != STAGE_NONE)
		ret_scope->parent = &stages->items[parent].variables;
}

int stage_scope_apply(const struct stages *stages, const struct dockerfile *dockerfile,
		      const struct build_settings *settings, const struct instruction *instruction,
		      struct variables *scope, struct error *err)
{
	if (strcmp(instruction->name, "arg") == 0)
		return apply_args(dockerfile, settings, &stages->globals, instruction, scope, err);
	if (strcmp(instruction->name, "env") == 0)
		return apply_env(dockerfile, instruction, scope, err);
	return 0;
}

size_t stages_find(const struct stages *stages, size_t limit, const char *name)
{
	for (size_t i = limit < stages->count ? limit : stages->count; i > 0; i--)
		if (stages->items[i - 1].name != NULL &&
		    strcasecmp(stages->items[i - 1].name, name) == 0)
			return i - 1;
	return STAGE_NONE;
}

static int set_text(char **place, const char *text, struct error *err)
{
	free(*place);
	*place = strdup(text);
	return *place == NULL ? error_memory(err) : 0;
}

static bool is_stage_name(const char *name)
{
	if (*name < 'a' || *name > 'z')
		return false;
	for (; *name != '\0'; name++)
		if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') &&
		    strchr("-_.", *name) == NULL)
			return false;
	return true;
}

static int stage_set_name(struct stage *stage, const struct words *args, struct error *err)
{
	if (args->count == 1)
		return 0;
	if (args->count != 3 || strcasecmp(args->items[1].data, "as") != 0)
		return set_text(&stage->problem, "FROM takes an image, or an image, AS and a name",
				err);
	if (set_text(&stage->name, args->items[2].data, err) < 0)
		return -1;
	for (char *c = stage->name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (is_stage_name(stage->name))
		return 0;
	free(steal(&stage->name));
	return set_text(&stage->problem, "the name of the stage is malformed", err);
}

/* Which stage or image a FROM names. */
static int stage_resolve(struct stages *stages, size_t index, const struct dockerfile *dockerfile,
			 struct error *err)
{
	struct stage *stage = &stages->items[index];
	const struct words *args = &stage->from->args;
	auto_shellword struct shellword word = { 0 };
	struct error wrong = ERROR_INIT;

	stage->parent = STAGE_NONE;
	if (args->count == 0) {
		if (set_text(&stage->base, "", err) < 0)
			return -1;
		return set_text(&stage->problem, "FROM names no image", err);
	}
	if (expand(dockerfile, &stages->globals, args->items[0].data, &word, &wrong) < 0) {
		if (wrong.kind == ERROR_MEMORY)
			return error_memory(err);
		if (set_text(&stage->base, args->items[0].data, err) < 0)
			return -1;
		return set_text(&stage->problem, wrong.text, err);
	}
	stage->base = steal(&word.text);
	stage->unknown = steal(&word.unknown);
	if (stage->unknown == NULL && stage->base[0] == '\0')
		return set_text(&stage->problem, "the base is empty", err);
	if (stage->unknown == NULL) {
		stage->parent = stages_find(stages, index, stage->base);
		stage->scratch = stage->parent == STAGE_NONE && strcmp(stage->base, "scratch") == 0;
	}
	return stage_set_name(stage, args, err);
}

static int stages_add(struct stages *stages, const struct dockerfile *dockerfile,
		      const struct instruction *from, struct error *err)
{
	size_t index = stages->count;

	stages->items[index] = (struct stage) { .from = from };
	stages->count++;
	if (stage_resolve(stages, index, dockerfile, err) < 0)
		return -1;
	stage_scope_begin(stages, index, &stages->items[index].variables);
	return 0;
}

static int stages_run(const struct dockerfile *dockerfile, const char *name,
		      const struct build_settings *settings, struct stages *stages,
		      struct error *err)
{
	if (dockerfile->stage_count > STAGES_MAX)
		return error_set(err, ERROR_INPUT, "%s: more than %d stages", name, STAGES_MAX);
	/* scopes point at each other, so the stages must not move */
	stages->items = calloc(dockerfile->stage_count + 1, sizeof *stages->items);
	if (stages->items == NULL)
		return error_memory(err);
	if (set_automatic(&stages->globals, settings, err) < 0)
		return -1;
	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];

		if (strcmp(instruction->name, "from") == 0) {
			if (stages_add(stages, dockerfile, instruction, err) < 0)
				return -1;
		} else if (stages->count > 0) {
			if (stage_scope_apply(stages, dockerfile, settings, instruction,
					      &stages->items[stages->count - 1].variables, err) < 0)
				return error_prefix(err, "%s:%zu", name, instruction->first_line);
		} else if (strcmp(instruction->name, "arg") == 0) {
			if (apply_args(dockerfile, settings, NULL, instruction, &stages->globals,
				       err) < 0)
				return error_prefix(err, "%s:%zu", name, instruction->first_line);
		}
	}
	return 0;
}

int stages_resolve(const struct dockerfile *dockerfile, const char *name,
		   const struct build_settings *settings, struct stages *ret_stages,
		   struct error *err)
{
	auto_stages struct stages stages = { 0 };

	if (stages_run(dockerfile, name, settings, &stages, err) < 0)
		return -1;
	*ret_stages = stages;
	stages = (struct stages) { 0 };
	return 0;
}

void stages_release(struct stages *stages)
{
	for (size_t i = 0; i < stages->count; i++) {
		struct stage *stage = &stages->items[i];

		free(stage->name);
		free(stage->base);
		free(stage->unknown);
		free(stage->problem);
		variables_release(&stage->variables);
	}
	free(stages->items);
	variables_release(&stages->globals);
	*stages = (struct stages) { 0 };
}

int stages_choose(const struct stages *stages, const char *wanted, const char *name,
		  size_t *ret_stage, struct error *err)
{
	uint64_t number;

	*ret_stage = stages->count - 1;
	if (wanted == NULL)
		return 0;
	*ret_stage = stages_find(stages, stages->count, wanted);
	if (*ret_stage != STAGE_NONE)
		return 0;
	if (text_parse_number(wanted, &number, NULL) < 0 || number >= stages->count)
		return error_set(err, ERROR_USAGE, "%s: there is no stage '%s'", name, wanted);
	*ret_stage = (size_t)number;
	return 0;
}

int stage_expand(const struct dockerfile *dockerfile, const struct variables *scope,
		 const char *text, char **ret_text, struct error *err)
{
	auto_shellword struct shellword word = { 0 };
	struct error wrong = ERROR_INIT;

	*ret_text = NULL;
	if (expand(dockerfile, scope, text, &word, &wrong) < 0)
		return wrong.kind == ERROR_MEMORY ? error_memory(err) : 0;
	if (word.unknown == NULL)
		*ret_text = steal(&word.text);
	return 0;
}
