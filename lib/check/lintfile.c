#include "config.h"

#include "check/lintfile.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "check/lintstart.h"
#include "check/pinfind.h"

void lint_file_facts_release(struct lint_file_facts *facts)
{
	free(facts->health_path);
	*facts = (struct lint_file_facts) { 0 };
}

struct lint_place lint_file_place(const struct lint_file *file,
				  const struct instruction *instruction, struct span at)
{
	struct lint_place place = {
		.target = file->target,
		.line = instruction->first_line,
		.instruction = instruction->first_line,
		.at = at,
	};

	if (at.end > at.start)
		dockerfile_locate(file->dockerfile, at.start, &place.line, &place.column);
	return place;
}

struct lint_place lint_file_whole(const struct lint_file *file,
				  const struct instruction *instruction)
{
	struct span at = instruction->keyword_at;

	if (instruction->text_at.end > at.end)
		at.end = instruction->text_at.end;
	return lint_file_place(file, instruction, at);
}

int lint_file_expand(const struct lint_file *file, const char *text, char **ret_text,
		     struct error *err)
{
	return stage_expand(file->dockerfile, &file->scope, text, ret_text, err);
}

/* The bytes of the lines from `first` to `last`. */
static struct span lines_span(const struct lint_file *file, size_t first, size_t last)
{
	const struct dockerfile *dockerfile = file->dockerfile;

	return (struct span) {
		dockerfile->lines[first - 1],
		last < dockerfile->line_count ? dockerfile->lines[last] : file->size,
	};
}

/* Is a heredoc the script itself, and not a file that some command reads? */
static bool is_script_heredoc(const struct instruction *instruction)
{
	const char *text = instruction->text;
	const char *content = instruction->heredocs[0].content;

	if (instruction->heredoc_count != 1)
		return false;
	if (strncmp(content, "#!", 2) == 0 && strstr(content, "sh") == NULL)
		return false;
	if (strncmp(text, "<<", 2) == 0)
		return strpbrk(text, " \t;|>") == NULL;
	return strncmp(text, "sh ", 3) == 0 || strncmp(text, "bash ", 5) == 0;
}

int lint_file_script(const struct lint_file *file, const struct instruction *instruction,
		     struct script *ret_script, struct error *err)
{
	struct script_source source = {
		.escape = file->dockerfile->escape,
		.docker = true,
		.start = instruction->text_at.start,
	};
	struct span at = instruction->text_at;

	if (instruction->exec_form)
		return script_of_words(&instruction->args, ret_script, err);
	if (instruction->heredoc_count > 0 && is_script_heredoc(instruction)) {
		if (instruction->heredocs[0].last_line <= instruction->heredocs[0].first_line) {
			*ret_script = (struct script) { 0 };
			return 0;
		}
		at = lines_span(file, instruction->heredocs[0].first_line,
				instruction->heredocs[0].last_line - 1);
		source = (struct script_source) { .escape = '\\', .start = at.start };
	}
	return script_parse(file->data + at.start, at.end - at.start, &source, ret_script, err);
}

/* The line that a comment on `line` stands above: the next that holds something else. */
static size_t line_below(const struct lint_file *file, size_t line)
{
	const struct dockerfile *dockerfile = file->dockerfile;

	for (size_t i = line; i < dockerfile->line_count; i++) {
		size_t at = dockerfile->lines[i];

		while (at < file->size && (file->data[at] == ' ' || file->data[at] == '\t'))
			at++;
		if (at < file->size && strchr("#\r\n", file->data[at]) == NULL)
			return i + 1;
	}
	return line;
}

static int take_silences(const struct lint_file *file, struct error *err)
{
	const struct dockerfile *dockerfile = file->dockerfile;

	for (size_t i = 0; i < dockerfile->comment_count; i++) {
		const struct dockerfile_comment *comment = &dockerfile->comments[i];
		struct lint_place place = {
			.target = file->target,
			.at = { comment->offset, comment->offset + 1 },
		};

		dockerfile_locate(dockerfile, comment->offset, &place.line, &place.column);
		place.instruction = place.line;
		if (lint_silence(file->lint, comment->text, &place, line_below(file, place.line),
				 err) < 0)
			return -1;
	}
	return 0;
}

/* What a tag says of itself: that it will be something else tomorrow. */
static bool is_moving_tag(const char *tag)
{
	static const char *const moving[] = { "latest",	 "edge",     "nightly", "dev",
					      "devel",	 "main",     "master",	"rolling",
					      "current", "lts",	     "testing", "unstable",
					      "canary",	 "mainline", "stable",	"next",
					      "head" };

	for (size_t i = 0; i < array_size(moving); i++)
		if (strcasecmp(tag, moving[i]) == 0)
			return true;
	return false;
}

static int judge_pin(struct lint_file *file, const struct pin *pin, struct error *err)
{
	struct lint_place place = {
		.target = file->target,
		.line = pin->token_line != 0 ? pin->token_line : pin->line,
		.column = pin->column,
		.at = pin->at,
		.instruction = pin->line,
	};
	const char *what = pin->resolved != NULL ? pin->resolved : pin->raw;

	if (!pin_is_external(pin))
		return 0;
	if (strcmp(pin->instruction, "ADD") == 0)
		return pin->pinned ? 0
				   : lint_find(file->lint, LINT_ADD_UNVERIFIED, &place, err,
					       "%s is fetched without a checksum", what);
	switch (pin->kind) {
	case PIN_LATEST:
	case PIN_UNTAGGED:
		return lint_find(file->lint, LINT_BASE_MOVING_TAG, &place, err,
				 "%s: %s has no version", pin->instruction, what);
	case PIN_TAG:
		if (is_moving_tag(pin->reference.tag))
			return lint_find(file->lint, LINT_BASE_MOVING_TAG, &place, err,
					 "%s: the tag of %s is made to move", pin->instruction,
					 what);
		return lint_find(file->lint, LINT_BASE_NOT_PINNED, &place, err,
				 "%s: %s is not pinned by a digest", pin->instruction, what);
	case PIN_UNRESOLVED:
	case PIN_INVALID:
		return lint_find(file->lint, LINT_BASE_UNRESOLVED, &place, err, "%s: %s: %s",
				 pin->instruction, pin->raw,
				 pin->reason != NULL ? pin->reason : "no image reference");
	case PIN_DIGEST:
	case PIN_SCRATCH:
	case PIN_STAGE:
	default:
		return pin->base ? lint_credit(file->lint, "base pinned by digest", &place, err)
				 : 0;
	}
}

static int check_pins(struct lint_file *file, struct error *err)
{
	struct pin_settings settings = { .build = *file->settings->build };
	auto_pins struct pins pins = { 0 };

	if (pins_find(file->data, file->size, file->name, PIN_FILE_DOCKERFILE, &settings, &pins,
		      err) < 0)
		return -1;
	for (size_t i = 0; i < pins.count; i++)
		if (judge_pin(file, &pins.items[i], err) < 0)
			return -1;
	return 0;
}

static bool is_upper(const char *word)
{
	for (; *word != '\0'; word++)
		if (islower((unsigned char)*word))
			return false;
	return true;
}

static bool is_lower(const char *word)
{
	for (; *word != '\0'; word++)
		if (isupper((unsigned char)*word))
			return false;
	return true;
}

static int fix_case(struct lint_file *file, enum lint_id rule, const char *word, struct span at,
		    bool upper, struct error *err)
{
	char text[32];
	size_t length = strlen(word);

	if (length >= sizeof text || at.end - at.start != length)
		return 0;
	for (size_t i = 0; i <= length; i++)
		text[i] = (char)(upper ? toupper((unsigned char)word[i])
				       : tolower((unsigned char)word[i]));
	return lint_fix(file->lint, rule, at, text, err);
}

/* The case of most keywords. */
static bool chosen_case(const struct dockerfile *dockerfile)
{
	size_t lower = 0;

	for (size_t i = 0; i < dockerfile->count; i++)
		lower += is_lower(dockerfile->instructions[i].keyword);
	return 2 * lower <= dockerfile->count;
}

/* Behind the rules that replace keywords: these mends come first. */
static int check_case(struct lint_file *file, struct error *err)
{
	const struct dockerfile *dockerfile = file->dockerfile;
	bool upper = file->upper;

	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];
		struct lint_place place =
			lint_file_place(file, instruction, instruction->keyword_at);

		if (upper ? is_upper(instruction->keyword) : is_lower(instruction->keyword))
			continue;
		if (lint_find(file->lint, LINT_KEYWORD_CASE, &place, err,
			      "%s is not in %s case, as the others are", instruction->keyword,
			      upper ? "upper" : "lower") < 0 ||
		    fix_case(file, LINT_KEYWORD_CASE, instruction->keyword, instruction->keyword_at,
			     upper, err) < 0)
			return -1;
	}
	return 0;
}

static int check_empty_lines(struct lint_file *file, const struct instruction *instruction,
			     struct error *err)
{
	size_t last = instruction->heredoc_count > 0 ? 0 : instruction->last_line;

	for (size_t line = instruction->first_line + 1; line < last; line++) {
		struct span at = lines_span(file, line, line);
		size_t end = at.start;
		struct lint_place place = {
			.target = file->target,
			.line = line,
			.column = 1,
			.instruction = instruction->first_line,
		};

		while (end < at.end && isspace((unsigned char)file->data[end]))
			end++;
		if (end == at.end &&
		    lint_find(file->lint, LINT_EMPTY_CONTINUATION, &place, err,
			      "%s goes on behind an empty line", instruction->keyword) < 0)
			return -1;
	}
	return 0;
}

static int check_stage_name(struct lint_file *file, size_t number, struct error *err)
{
	const struct instruction *from = file->stages.items[number].from;
	const struct word *name = from->args.count == 3 ? &from->args.items[2] : NULL;
	struct lint_place place;

	if (name == NULL)
		return 0;
	place = lint_file_place(file, from, name->at);
	/* AS in the case that FROM has or gets */
	if (file->upper ? !is_upper(from->args.items[1].data)
			: !is_lower(from->args.items[1].data)) {
		struct lint_place as = lint_file_place(file, from, from->args.items[1].at);

		if (lint_find(file->lint, LINT_KEYWORD_CASE, &as, err,
			      "%s is not in the case of %s", from->args.items[1].data,
			      from->keyword) < 0 ||
		    fix_case(file, LINT_KEYWORD_CASE, from->args.items[1].data,
			     from->args.items[1].at, file->upper, err) < 0)
			return -1;
	}
	if (strcasecmp(name->data, "scratch") == 0 || strcasecmp(name->data, "context") == 0)
		return lint_find(file->lint, LINT_STAGE_NAME, &place, err,
				 "'%s' means something else to builders", name->data);
	if (!is_lower(name->data))
		return lint_find(file->lint, LINT_STAGE_NAME, &place, err,
				 "'%s' is not in lower case", name->data);
	for (size_t i = 0; i < number; i++)
		if (file->stages.items[i].name != NULL &&
		    strcasecmp(file->stages.items[i].name, name->data) == 0)
			return lint_find(file->lint, LINT_STAGE_NAME, &place, err,
					 "another stage, on line %zu, is called '%s' as well",
					 file->stages.items[i].from->first_line, name->data);
	return 0;
}

static int check_platform(struct lint_file *file, size_t number, struct error *err)
{
	const struct stage *stage = &file->stages.items[number];
	size_t from = 0;
	const char *platform = instruction_flag(stage->from, "platform", &from);
	struct lint_place place = lint_file_whole(file, stage->from);
	const char *slash = platform != NULL ? strchr(platform, '/') : NULL;

	if (platform == NULL)
		return 0;
	if (strcmp(platform, "$TARGETPLATFORM") == 0 || strcmp(platform, "${TARGETPLATFORM}") == 0)
		return lint_find(file->lint, LINT_PLATFORM_FIXED, &place, err,
				 "--platform=%s is what holds anyway", platform);
	if (strchr(platform, '$') != NULL)
		return 0;
	/* a stage per platform, named for it, is meant */
	if (slash != NULL && stage->name != NULL && strstr(stage->name, slash + 1) != NULL)
		return 0;
	return lint_find(file->lint, LINT_PLATFORM_FIXED, &place, err, "the platform is always %s",
			 platform);
}

/* --- what an instruction makes of its stage --- */

static int note_repeated(struct lint_file *file, const struct instruction **last,
			 const struct instruction *instruction, struct error *err)
{
	const struct instruction *earlier = *last;

	*last = instruction;
	if (earlier == NULL || earlier->stage != instruction->stage)
		return 0;
	struct lint_place place = lint_file_whole(file, earlier);
	return lint_find(file->lint, LINT_INSTRUCTION_REPEATED, &place, err,
			 "%s has no effect: there is another one on line %zu", earlier->keyword,
			 instruction->first_line);
}

static int note_workdir(struct lint_file *file, const struct instruction *instruction,
			struct lint_stage *state, struct error *err)
{
	struct lint_place place = lint_file_whole(file, instruction);
	auto_free char *path = NULL;
	char *joined = NULL;

	if (lint_file_expand(file, instruction->args.items[0].data, &path, err) < 0)
		return -1;
	if (path == NULL) {
		/* somewhere: that it is absolute is the author's business */
		free(steal(&state->workdir));
		state->workdir_set = true;
		return 0;
	}
	if (path[0] == '/' || (isalpha((unsigned char)path[0]) && path[1] == ':')) {
		free(state->workdir);
		state->workdir = steal(&path);
		state->workdir_set = true;
		return 0;
	}
	if (!state->workdir_set)
		return lint_find(file->lint, LINT_WORKDIR_RELATIVE, &place, err,
				 "'%s' is relative to what the base image has", path);
	if (state->workdir == NULL)
		return 0;
	if (asprintf(&joined, "%s/%s", strcmp(state->workdir, "/") != 0 ? state->workdir : "",
		     path) < 0)
		return error_memory(err);
	free(state->workdir);
	state->workdir = joined;
	return 0;
}

static int note_shell(const struct instruction *instruction, struct lint_stage *state)
{
	state->pipefail = false;
	state->foreign_shell = false;
	for (size_t i = 0; i < instruction->args.count; i++) {
		const char *word = instruction->args.items[i].data;

		state->pipefail = state->pipefail || strstr(word, "pipefail") != NULL;
		state->foreign_shell =
			state->foreign_shell || strcasestr(word, "powershell") != NULL ||
			strcasestr(word, "pwsh") != NULL || strcasecmp(word, "cmd") == 0;
	}
	return 0;
}

static int note_user(struct lint_file *file, const struct instruction *instruction,
		     struct lint_stage *state, struct error *err)
{
	auto_free char *user = NULL;

	if (lint_file_expand(file, instruction->args.items[0].data, &user, err) < 0)
		return -1;
	state->user = instruction;
	state->user_set = true;
	state->user_root =
		user != NULL && (strcmp(user, "root") == 0 || strcmp(user, "0") == 0 ||
				 strncmp(user, "root:", 5) == 0 || strncmp(user, "0:", 2) == 0);
	return 0;
}

static bool is_on(const char *value)
{
	return strcmp(value, "") != 0 && strcmp(value, "0") != 0 &&
	       strcasecmp(value, "false") != 0 && strcasecmp(value, "no") != 0 &&
	       strcasecmp(value, "off") != 0;
}

static int judge_variable(struct lint_file *file, const struct instruction *instruction,
			  const char *name, const char *value, struct span at, struct error *err)
{
	struct lint_place place = lint_file_place(file, instruction, at);

	if (environment_is_secret(name, value) &&
	    lint_find(file->lint, LINT_SECRET_IN_ENV, &place, err, "%s %s looks like a secret",
		      instruction->keyword, name) < 0)
		return -1;
	if (value != NULL && file->states[instruction->stage].shipped &&
	    strcmp(instruction->name, "env") == 0 && environment_is_development(name, value))
		return lint_find(file->lint, LINT_ENV_DEVELOPMENT, &place, err,
				 "%s=%s is for development", name, value);
	return 0;
}

/* Does `text` use the variable of that name? */
static bool uses(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at + 1, '$')) {
		const char *rest = at[1] == '{' ? at + 2 : at + 1;

		if (strncmp(rest, name, length) == 0 && !isalnum((unsigned char)rest[length]) &&
		    rest[length] != '_')
			return true;
	}
	return false;
}

static int check_legacy(struct lint_file *file, const struct instruction *instruction,
			struct error *err)
{
	const struct word *name = &instruction->args.items[0];
	const struct word *value = &instruction->args.items[1];
	struct lint_place place = lint_file_whole(file, instruction);
	auto_buf struct buf text;
	bool quoted = strpbrk(value->data, " \t\"'\\") != NULL;

	buf_init(&text, BUF_MAX_DEFAULT);
	if (lint_find(file->lint, LINT_LEGACY_KEY_VALUE, &place, err,
		      "%s %s: the value stands behind a blank", instruction->keyword,
		      name->data) < 0)
		return -1;
	if (instruction->last_line != instruction->first_line ||
	    (quoted && strpbrk(value->data, "\"'\\") != NULL) ||
	    strpbrk(name->data, "\"'\\=") != NULL ||
	    strchr(value->data, file->dockerfile->escape) != NULL)
		return 0;
	buf_printf(&text, quoted ? "%s=\"%s\"" : "%s=%s", name->data, value->data);
	if (buf_check(&text, "a mend", err) < 0)
		return -1;
	return lint_fix(file->lint, LINT_LEGACY_KEY_VALUE, instruction->text_at, text.data, err);
}

static int note_env(struct lint_file *file, const struct instruction *instruction,
		    struct lint_stage *state, struct error *err)
{
	const struct words *args = &instruction->args;

	if (args->items[2].data[0] == '\0' && check_legacy(file, instruction, err) < 0)
		return -1;
	for (size_t i = 0; i + 2 < args->count; i += 3) {
		const char *name = args->items[i].data;
		auto_free char *value = NULL;

		if (lint_file_expand(file, args->items[i + 1].data, &value, err) < 0 ||
		    judge_variable(file, instruction, name, value, args->items[i].at, err) < 0)
			return -1;
		if (value != NULL && strcmp(name, "PIP_NO_CACHE_DIR") == 0)
			state->pip_cache_off = value[0] != '\0';
		if (value != NULL && strcmp(name, "UV_NO_CACHE") == 0)
			state->uv_cache_off = is_on(value);
		if (value != NULL && strcmp(name, "PYTHONUNBUFFERED") == 0 && state->shipped &&
		    is_on(value)) {
			struct lint_place place =
				lint_file_place(file, instruction, args->items[i].at);

			if (lint_credit(file->lint, "unbuffered Python output", &place, err) < 0)
				return -1;
		}
		for (size_t k = 0; k + 2 < args->count; k += 3) {
			struct lint_place place =
				lint_file_place(file, instruction, args->items[i + 1].at);

			if (k == i || !uses(args->items[i + 1].data, args->items[k].data))
				continue;
			if (lint_find(file->lint, LINT_ENV_SELF_REFERENCE, &place, err,
				      "$%s has its old value here, not the one of this ENV",
				      args->items[k].data) < 0)
				return -1;
		}
	}
	return 0;
}

static int note_arg(struct lint_file *file, const struct instruction *instruction,
		    struct error *err)
{
	for (size_t i = 0; i < instruction->args.count; i++) {
		const struct word *word = &instruction->args.items[i];
		const char *sign = strchr(word->data, '=');
		auto_free char *name = strndup(
			word->data, sign != NULL ? (size_t)(sign - word->data) : word->size);
		struct lint_place place = lint_file_place(file, instruction, word->at);

		if (name == NULL)
			return error_memory(err);
		if (sign != NULL && sign[1] != '\0' && strcmp(name, "PIP_NO_CACHE_DIR") == 0)
			file->states[instruction->stage].pip_cache_off = true;
		if (sign != NULL && strcmp(name, "UV_NO_CACHE") == 0)
			file->states[instruction->stage].uv_cache_off = is_on(sign + 1);
		/* an ARG without a default is given the secret on the command line */
		if (environment_is_secret(name,
					  sign != NULL && sign[1] != '\0' ? sign + 1 : NULL) &&
		    lint_find(file->lint, LINT_SECRET_IN_ENV, &place, err,
			      "ARG %s looks like a secret", name) < 0)
			return -1;
	}
	return 0;
}

static bool is_label_key(const char *key)
{
	size_t length = strlen(key);

	if (length == 0 || !islower((unsigned char)key[0]) ||
	    !isalnum((unsigned char)key[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++) {
		bool separates = key[i] == '.' || key[i] == '-';

		if (!separates && !islower((unsigned char)key[i]) &&
		    !isdigit((unsigned char)key[i]) && key[i] != '_' && key[i] != '/')
			return false;
		if (separates && (key[i + 1] == '.' || key[i + 1] == '-'))
			return false;
	}
	return true;
}

static int check_label(struct lint_file *file, const struct instruction *instruction,
		       struct error *err)
{
	const struct words *args = &instruction->args;

	if (args->items[2].data[0] == '\0' && check_legacy(file, instruction, err) < 0)
		return -1;
	for (size_t i = 0; i + 2 < args->count; i += 3) {
		struct lint_place place = lint_file_place(file, instruction, args->items[i].at);

		if (strchr(args->items[i].data, '$') == NULL &&
		    !is_label_key(args->items[i].data) &&
		    lint_find(file->lint, LINT_LABEL_INVALID, &place, err, "the label '%s'",
			      args->items[i].data) < 0)
			return -1;
	}
	return 0;
}

static int check_port(struct lint_file *file, const struct instruction *instruction,
		      const struct word *word, struct error *err)
{
	struct lint_place place = lint_file_place(file, instruction, word->at);
	auto_free char *text = NULL;
	char *rest;
	unsigned long first;
	unsigned long last;

	if (lint_file_expand(file, word->data, &text, err) < 0 || text == NULL)
		return text == NULL ? 0 : -1;
	first = strtoul(text, &rest, 10);
	last = *rest == '-' ? strtoul(rest + 1, &rest, 10) : first;
	if (!isdigit((unsigned char)text[0]) || first == 0 || last < first || last > 65535 ||
	    (*rest != '\0' && *rest != '/'))
		return lint_find(file->lint, LINT_EXPOSE_INVALID, &place, err, "'%s' is no port",
				 text);
	if (*rest == '\0' || strcmp(rest, "/tcp") == 0 || strcmp(rest, "/udp") == 0 ||
	    strcmp(rest, "/sctp") == 0)
		return 0;
	return lint_find(file->lint, LINT_EXPOSE_INVALID, &place, err,
			 "'%s' is no protocol: tcp, udp or sctp, in lower case", rest + 1);
}

static int check_onbuild(struct lint_file *file, const struct instruction *instruction,
			 struct error *err)
{
	struct lint_place place = lint_file_whole(file, instruction);
	const char *name = instruction->trigger != NULL ? instruction->trigger->name : "";

	if (strcmp(name, "onbuild") != 0 && strcmp(name, "from") != 0 &&
	    strcmp(name, "maintainer") != 0)
		return 0;
	return lint_find(file->lint, LINT_ONBUILD_FORBIDDEN, &place, err, "ONBUILD %s",
			 instruction->trigger->keyword);
}

static int check_maintainer(struct lint_file *file, const struct instruction *instruction,
			    struct error *err)
{
	struct lint_place place = lint_file_whole(file, instruction);
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_printf(&text, "%s org.opencontainers.image.authors=\"%s\"",
		   file->upper ? "LABEL" : "label", instruction->text);
	if (buf_check(&text, "a mend", err) < 0 ||
	    lint_find(file->lint, LINT_MAINTAINER_DEPRECATED, &place, err,
		      "MAINTAINER is not used any more") < 0)
		return -1;
	if (strpbrk(instruction->text, "\"\\$") != NULL ||
	    instruction->first_line != instruction->last_line)
		return 0;
	return lint_fix(file->lint, LINT_MAINTAINER_DEPRECATED, place.at, text.data, err);
}

/* Variables that builders set, once a stage has declared them. */
static bool is_automatic(const char *name)
{
	static const char *const names[] = { "TARGETPLATFORM", "TARGETOS",	"TARGETARCH",
					     "TARGETVARIANT",  "BUILDPLATFORM", "BUILDOS",
					     "BUILDARCH",      "BUILDVARIANT" };

	for (size_t i = 0; i < array_size(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Has an ARG of that name been passed in this stage? */
static bool is_declared(const struct lint_file *file, const struct instruction *until,
			const char *name)
{
	size_t length = strlen(name);

	for (const struct instruction *at = file->dockerfile->instructions; at < until; at++) {
		size_t stage = until->stage;

		while (stage != at->stage && stage != STAGE_NONE)
			stage = file->stages.items[stage].parent;
		if (stage == STAGE_NONE || strcmp(at->name, "arg") != 0)
			continue;
		for (size_t i = 0; i < at->args.count; i++)
			if (strncmp(at->args.items[i].data, name, length) == 0 &&
			    strchr("=", at->args.items[i].data[length]) != NULL)
				return true;
	}
	return false;
}

/*
 * A variable that a base image may set is nobody's mistake. It is one where the name is that of an
 * ARG before the first FROM, or of an automatic one, which a stage has to declare; or where there
 * is no base image.
 */
static int check_variables(struct lint_file *file, const struct instruction *instruction,
			   struct error *err)
{
	static const char *const expanding[] = { "add",	       "copy", "env",	 "expose", "label",
						 "stopsignal", "user", "volume", "workdir" };
	struct shellword_options options = {
		.escape = file->dockerfile->escape,
		.lookup = variables_lookup,
		.context = &file->scope,
	};
	size_t root = instruction->stage;
	bool expands = false;

	for (size_t i = 0; i < array_size(expanding); i++)
		expands = expands || strcmp(instruction->name, expanding[i]) == 0;
	while (file->stages.items[root].parent != STAGE_NONE)
		root = file->stages.items[root].parent;
	for (size_t i = 0; expands && i < instruction->args.count; i++) {
		const struct word *word = &instruction->args.items[i];
		struct lint_place place = lint_file_place(file, instruction, word->at);
		auto_shellword struct shellword expanded = { 0 };
		struct error wrong = ERROR_INIT;

		if (shellword_expand(&options, word->data, &expanded, &wrong) < 0 ||
		    expanded.unknown == NULL || strcmp(expanded.unknown, "PATH") == 0 ||
		    is_declared(file, instruction, expanded.unknown))
			continue;
		if (!is_automatic(expanded.unknown) && !file->stages.items[root].scratch &&
		    variables_find(&file->stages.globals, expanded.unknown) == NULL)
			continue;
		if (lint_find(file->lint, LINT_UNDEFINED_VARIABLE, &place, err,
			      "$%s is not set in this stage%s", expanded.unknown,
			      file->stages.items[root].scratch ? "" : ": ARG makes it known") < 0)
			return -1;
	}
	return 0;
}

static int visit(struct lint_file *file, const struct instruction *instruction,
		 struct lint_stage *state, struct error *err)
{
	const char *name = instruction->name;

	if (check_empty_lines(file, instruction, err) < 0 ||
	    check_variables(file, instruction, err) < 0)
		return -1;
	if (strcmp(name, "run") == 0)
		return lint_run(file, instruction, state, err);
	if (strcmp(name, "copy") == 0 || strcmp(name, "add") == 0)
		return lint_copy(file, instruction, state, err);
	if (strcmp(name, "workdir") == 0)
		return note_workdir(file, instruction, state, err);
	if (strcmp(name, "env") == 0)
		return note_env(file, instruction, state, err);
	if (strcmp(name, "arg") == 0)
		return note_arg(file, instruction, err);
	if (strcmp(name, "label") == 0)
		return check_label(file, instruction, err);
	if (strcmp(name, "user") == 0)
		return note_user(file, instruction, state, err);
	if (strcmp(name, "cmd") == 0)
		return note_repeated(file, &state->cmd, instruction, err);
	if (strcmp(name, "entrypoint") == 0)
		return note_repeated(file, &state->entrypoint, instruction, err);
	if (strcmp(name, "healthcheck") == 0)
		return note_repeated(file, &state->healthcheck, instruction, err);
	if (strcmp(name, "shell") == 0)
		return note_shell(instruction, state);
	if (strcmp(name, "onbuild") == 0)
		return check_onbuild(file, instruction, err);
	if (strcmp(name, "maintainer") == 0)
		return check_maintainer(file, instruction, err);
	for (size_t i = 0; strcmp(name, "expose") == 0 && i < instruction->args.count; i++)
		if (check_port(file, instruction, &instruction->args.items[i], err) < 0)
			return -1;
	return 0;
}

static int begin_stage(struct lint_file *file, size_t number, struct error *err)
{
	const struct stage *stage = &file->stages.items[number];
	struct lint_stage *state = &file->states[number];
	bool shipped = state->shipped;

	if (stage->parent != STAGE_NONE) {
		*state = file->states[stage->parent];
		state->shipped = shipped;
		if (state->workdir != NULL) {
			state->workdir = strdup(state->workdir);
			if (state->workdir == NULL)
				return error_memory(err);
		}
	}
	if (stage->scratch)
		state->workdir_set = true;
	variables_release(&file->scope);
	stage_scope_begin(&file->stages, number, &file->scope);
	if (check_stage_name(file, number, err) < 0)
		return -1;
	return check_platform(file, number, err);
}

static int visit_all(struct lint_file *file, struct error *err)
{
	const struct dockerfile *dockerfile = file->dockerfile;

	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];

		if (instruction->stage == DOCKERFILE_NO_STAGE)
			continue;
		if (strcmp(instruction->name, "from") == 0) {
			if (begin_stage(file, instruction->stage, err) < 0 ||
			    check_empty_lines(file, instruction, err) < 0 ||
			    lint_order(file, instruction->stage, err) < 0)
				return -1;
			continue;
		}
		if (visit(file, instruction, &file->states[instruction->stage], err) < 0 ||
		    stage_scope_apply(&file->stages, dockerfile, file->settings->build, instruction,
				      &file->scope, err) < 0)
			return -1;
	}
	return 0;
}

static int lint_parsed(struct lint_file *file, struct lint_file_facts *facts, struct error *err)
{
	if (stages_resolve(file->dockerfile, file->name, file->settings->build, &file->stages,
			   err) < 0 ||
	    stages_check(&file->stages, file->dockerfile, file->name, err) < 0 ||
	    stages_choose(&file->stages, file->settings->stage, file->name, &file->final, err) < 0)
		return -1;
	file->states = calloc(file->stages.count, sizeof *file->states);
	if (file->states == NULL)
		return error_memory(err);
	for (size_t i = file->final; i != STAGE_NONE; i = file->stages.items[i].parent)
		file->states[i].shipped = true;
	if (take_silences(file, err) < 0 || check_pins(file, err) < 0 || visit_all(file, err) < 0 ||
	    check_case(file, err) < 0 || lint_final(file, facts, err) < 0)
		return -1;
	return lint_context(file, facts, err);
}

int lint_dockerfile(struct lint *lint, size_t target, const char *name, const char *data,
		    size_t size, const struct lint_file_settings *settings,
		    struct lint_file_facts *ret_facts, struct error *err)
{
	auto_dockerfile struct dockerfile *dockerfile = NULL;
	struct lint_file_facts facts = { 0 };
	struct lint_file file = {
		.lint = lint,
		.target = target,
		.name = name,
		.data = data,
		.size = size,
		.settings = settings,
	};
	int result;

	if (dockerfile_parse(data, size, name, &dockerfile, err) < 0)
		return -1;
	file.dockerfile = dockerfile;
	file.upper = chosen_case(dockerfile);
	result = lint_parsed(&file, &facts, err);
	for (size_t i = 0; file.states != NULL && i < file.stages.count; i++)
		free(file.states[i].workdir);
	free(file.states);
	variables_release(&file.scope);
	stages_release(&file.stages);
	if (result < 0) {
		lint_file_facts_release(&facts);
		return -1;
	}
	*ret_facts = facts;
	return 0;
}
