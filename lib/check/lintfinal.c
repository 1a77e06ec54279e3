/* The rules on the image that a Dockerfile makes: what its last stage comes to. */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "check/install.h"
#include "check/lintfile.h"
#include "check/lintstart.h"

/* Versions that are compared with one another. */
#define VERSIONS_MAX 200

/* The FROM of the stage that is built, where what is missing is told. */
static struct lint_place final_place(const struct lint_file *file)
{
	return lint_file_whole(file, file->stages.items[file->final].from);
}

/* The external image that the last stage builds on in the end; NULL for scratch. */
static const char *final_base(const struct lint_file *file)
{
	size_t stage = file->final;

	while (file->stages.items[stage].parent != STAGE_NONE)
		stage = file->stages.items[stage].parent;
	return file->stages.items[stage].scratch ? NULL : file->stages.items[stage].base;
}

static bool is_shipped(const struct lint_file *file, const struct instruction *instruction)
{
	return instruction->stage != DOCKERFILE_NO_STAGE &&
	       file->states[instruction->stage].shipped;
}

/* --- stages --- */

static bool takes_from_stage(const struct lint_file *file, const struct instruction *instruction)
{
	size_t at = 0;
	const char *from = instruction_flag(instruction, "from", &at);
	const char *mount;

	if (from != NULL && (isdigit((unsigned char)from[0]) ||
			     stages_find(&file->stages, instruction->stage, from) != STAGE_NONE))
		return true;
	at = 0;
	while ((mount = instruction_flag(instruction, "mount", &at)) != NULL)
		if (strstr(mount, "from=") != NULL)
			return true;
	return false;
}

static int check_stages(struct lint_file *file, struct error *err)
{
	struct lint_place place = final_place(file);

	for (size_t i = 0; i < file->dockerfile->count; i++) {
		const struct instruction *instruction = &file->dockerfile->instructions[i];

		if (is_shipped(file, instruction) && takes_from_stage(file, instruction)) {
			place = lint_file_whole(file, instruction);
			return lint_credit(file->lint, "built in one stage, run in another", &place,
					   err);
		}
	}
	if (file->stages.count == 1)
		return lint_find(file->lint, LINT_SINGLE_STAGE, &place, err,
				 "there is one stage only");
	return lint_find(file->lint, LINT_SINGLE_STAGE, &place, err,
			 "the stage that ships takes nothing from the ones before it");
}

/* --- documentation of digests --- */

static bool mentions(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasestr(text, *words) != NULL)
			return true;
	return false;
}

static int check_digest_comment(struct lint_file *file, struct error *err)
{
	static const char *const verifying[] = { "verif",	   "inspect",
						 "--verify",	   "check the digest",
						 "check the hash", NULL };
	static const char *const updating[] = { "updat",   "--update", "bump", "renew",
						"refresh", "upgrad",   NULL };
	const struct instruction *last = NULL;
	bool verify = false;
	bool update = false;
	struct lint_place place;

	for (size_t i = 0; i < file->dockerfile->count; i++) {
		const struct instruction *instruction = &file->dockerfile->instructions[i];

		if (strstr(instruction->text, "@sha256:") != NULL &&
		    (strcmp(instruction->name, "from") == 0 ||
		     strcmp(instruction->name, "arg") == 0))
			last = instruction;
	}
	if (last == NULL)
		return 0;
	for (size_t i = 0; i < file->dockerfile->comment_count; i++) {
		const struct dockerfile_comment *comment = &file->dockerfile->comments[i];

		if (comment->line > last->last_line)
			break;
		verify = verify || mentions(comment->text, verifying);
		update = update || mentions(comment->text, updating);
	}
	place = lint_file_whole(file, last);
	if (verify && update)
		return lint_credit(file->lint, "digests documented", &place, err);
	return lint_find(file->lint, LINT_DIGEST_UNDOCUMENTED, &place, err,
			 "no comment above says how to %s the digest",
			 verify	  ? "update"
			 : update ? "verify"
				  : "verify or update");
}

/* --- versions --- */

/* The length of a version at the beginning: "3.11", "v2.1.0". */
static size_t version_length(const char *text)
{
	size_t length = text[0] == 'v' ? 1 : 0;
	size_t digits = strspn(text + length, "0123456789.");

	if (digits < 3 || !isdigit((unsigned char)text[length]) ||
	    memchr(text + length, '.', digits) == NULL)
		return 0;
	return length + digits;
}

/* The version that an instruction sets without a variable; NULL for none. */
static const char *literal_version(const struct instruction *instruction)
{
	const char *text = instruction->args.count > 0 ? instruction->args.items[0].data : "";
	const char *colon = strrchr(text, ':');

	if (strcmp(instruction->name, "from") == 0 && colon != NULL && strchr(colon, '/') == NULL &&
	    strchr(text, '@') == NULL)
		return version_length(colon + 1) > 0 ? colon + 1 : NULL;
	if (strcmp(instruction->name, "env") != 0 && strcmp(instruction->name, "label") != 0)
		return NULL;
	for (size_t i = 0; i + 2 < instruction->args.count; i += 3)
		if (strcasestr(instruction->args.items[i].data, "version") != NULL &&
		    version_length(instruction->args.items[i + 1].data) > 0)
			return instruction->args.items[i + 1].data;
	return NULL;
}

static int check_versions(struct lint_file *file, struct error *err)
{
	const struct dockerfile *dockerfile = file->dockerfile;

	const struct instruction *seen[VERSIONS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < dockerfile->count && count < array_size(seen); i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];
		const char *version = literal_version(instruction);
		size_t length = version != NULL ? version_length(version) : 0;

		if (version == NULL)
			continue;
		for (size_t k = 0; k < count; k++) {
			const char *other = literal_version(seen[k]);
			struct lint_place place = lint_file_whole(file, instruction);

			if (version_length(other) != length || strncmp(other, version, length) != 0)
				continue;
			return lint_find(file->lint, LINT_NO_BUILD_ARGUMENT, &place, err,
					 "%.*s stands on line %zu as well", (int)length, version,
					 seen[k]->first_line);
		}
		seen[count++] = instruction;
	}
	return 0;
}

/* --- what is run --- */

/* Words that only a shell knows. */
static bool is_of_shell(const char *name)
{
	static const char *const words[] = {
		".",	":",	    "alias",  "bg",	 "break",   "cd",     "command", "continue",
		"eval", "exit",	    "export", "fg",	 "getopts", "hash",   "jobs",	 "local",
		"read", "readonly", "return", "set",	 "shift",   "source", "times",	 "trap",
		"type", "ulimit",   "umask",  "unalias", "unset",   "wait",   "if",	 "for",
		"case", "while",    "until",  "!",	 NULL
	};

	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

/* One plain command, in which a shell has nothing to do; and the other of CMD and ENTRYPOINT would
 * mean the same with it. */
static bool can_do_without_shell(const struct lint_file *file, const struct instruction *start,
				 const struct script *script)
{
	const struct lint_stage *state = &file->states[file->final];
	const struct words *words = script->count > 0 ? &script->items[0].words : NULL;

	for (const char *c = start->text; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return false;
	return script->count == 1 && script->items[0].assignments.count == 0 && words->count > 0 &&
	       (state->cmd == NULL || state->entrypoint == NULL) && !state->foreign_shell &&
	       start->heredoc_count == 0 && start->first_line == start->last_line &&
	       strpbrk(start->text, "$`*?[]{}<>|&;~\\\"'#()!") == NULL;
}

static int check_form(struct lint_file *file, const struct instruction *start, enum lint_id rule,
		      struct error *err)
{
	struct lint_place place;
	auto_script struct script script = { 0 };
	auto_buf struct buf text;
	const struct words *words;
	size_t first;

	buf_init(&text, BUF_MAX_DEFAULT);
	if (start == NULL)
		return 0;
	place = lint_file_whole(file, start);
	if (start->args.count == 0)
		return 0;
	if (lint_file_script(file, start, &script, err) < 0)
		return -1;
	/* a shell that somebody wrote down is meant, but nothing to praise */
	if (start->exec_form)
		return rule == LINT_CMD_SHELL_FORM && script_inner(&script.items[0]) == NULL
			       ? lint_credit(file->lint, "start command in exec form", &place, err)
			       : 0;
	if (lint_find(file->lint, rule, &place, err, "%s is run by a shell", start->keyword) < 0)
		return -1;
	if (!can_do_without_shell(file, start, &script))
		return 0;
	words = &script.items[0].words;
	/* it is the shell that knows exec */
	first = words->count > 1 && strcmp(words->items[0].data, "exec") == 0 ? 1 : 0;
	if (words->items[first].data[0] == '-' || is_of_shell(words->items[first].data) ||
	    strcmp(words->items[first].data, "exec") == 0)
		return 0;
	buf_add_char(&text, '[');
	for (size_t i = first; i < words->count; i++)
		buf_printf(&text, "%s\"%s\"", i > first ? ", " : "", words->items[i].data);
	buf_add_char(&text, ']');
	if (buf_check(&text, "a mend", err) < 0)
		return -1;
	return lint_fix(file->lint, rule, start->text_at, text.data, err);
}

/* What a CMD or ENTRYPOINT runs for itself. */
static int own_script(const struct lint_file *file, const struct instruction *start,
		      struct script *ret_script, struct error *err)
{
	auto_script struct script script = { 0 };

	if (lint_file_script(file, start, &script, err) < 0 || script_unwrap(&script, err) < 0)
		return -1;
	*ret_script = script;
	script = (struct script) { 0 };
	return 0;
}

/* What is run in the end: ENTRYPOINT and CMD as one command, as far as they are one. */
static int start_script(const struct lint_file *file, struct script *ret_script, struct error *err)
{
	const struct lint_stage *state = &file->states[file->final];
	const struct instruction *entrypoint = state->entrypoint;
	const struct instruction *cmd = state->cmd;
	auto_words struct words words = { 0 };
	auto_script struct script script = { 0 };

	if (entrypoint == NULL || entrypoint->args.count == 0)
		return cmd != NULL ? own_script(file, cmd, ret_script, err) : 0;
	if (!entrypoint->exec_form)
		return own_script(file, entrypoint, ret_script, err);
	for (size_t i = 0; i < entrypoint->args.count; i++)
		if (words_add(&words, entrypoint->args.items[i].data,
			      entrypoint->args.items[i].size, err) < 0)
			return -1;
	/* CMD of an earlier stage, or of the base, is not regarded behind a new ENTRYPOINT */
	for (size_t i = 0; cmd != NULL && cmd->exec_form && i < cmd->args.count; i++)
		if (words_add(&words, cmd->args.items[i].data, cmd->args.items[i].size, err) < 0)
			return -1;
	if (script_of_words(&words, &script, err) < 0 || script_unwrap(&script, err) < 0)
		return -1;
	*ret_script = script;
	script = (struct script) { 0 };
	return 0;
}

static bool exposes_ports(const struct lint_file *file)
{
	for (size_t i = 0; i < file->dockerfile->count; i++)
		if (is_shipped(file, &file->dockerfile->instructions[i]) &&
		    strcmp(file->dockerfile->instructions[i].name, "expose") == 0)
			return true;
	return false;
}

static int judge_start(struct lint_file *file, const struct script *script,
		       const struct instruction *start, bool *ret_found, struct error *err)
{
	struct lint_place place = lint_file_whole(file, start);
	const char *manager = start_package_manager(script);
	const char *server = start_dev_server(script, exposes_ports(file));

	*ret_found = manager != NULL || server != NULL;
	if (manager != NULL && lint_find(file->lint, LINT_START_CALLS_PACKAGE_MANAGER, &place, err,
					 "the program is started by '%s'", manager) < 0)
		return -1;
	if (server == NULL)
		return 0;
	return lint_find(file->lint, LINT_DEV_SERVER, &place, err,
			 "'%s' is a server for development", server);
}

static int check_start(struct lint_file *file, const struct script *script, struct error *err)
{
	const struct lint_stage *state = &file->states[file->final];
	const struct instruction *start = state->cmd != NULL ? state->cmd : state->entrypoint;
	auto_script struct script alone = { 0 };
	bool found = false;

	if (start == NULL)
		return 0;
	if (judge_start(file, script, start, &found, err) < 0 || found || state->cmd == NULL)
		return found || state->cmd == NULL ? 0 : -1;
	/* behind an entry point that is a script of one's own */
	if (own_script(file, state->cmd, &alone, err) < 0)
		return -1;
	return judge_start(file, &alone, start, &found, err);
}

/* --- ports --- */

static int each_port(const struct lint_file *file, const struct instruction *expose, unsigned port,
		     bool *ret_found, bool *ret_known, struct error *err)
{
	for (size_t i = 0; i < expose->args.count; i++) {
		auto_free char *text = NULL;
		unsigned long first;
		unsigned long last;
		char *rest;

		if (lint_file_expand(file, expose->args.items[i].data, &text, err) < 0)
			return -1;
		if (text == NULL) {
			*ret_known = false;
			continue;
		}
		first = strtoul(text, &rest, 10);
		last = *rest == '-' ? strtoul(rest + 1, &rest, 10) : first;
		*ret_found = *ret_found || (first <= port && port <= last);
	}
	return 0;
}

/* Is it exposed? *ret_known is false where a variable leaves that open. */
static int find_port(const struct lint_file *file, unsigned port, bool *ret_found, bool *ret_known,
		     struct error *err)
{
	*ret_found = false;
	*ret_known = true;
	for (size_t i = 0; i < file->dockerfile->count; i++) {
		const struct instruction *instruction = &file->dockerfile->instructions[i];

		if (is_shipped(file, instruction) && strcmp(instruction->name, "expose") == 0 &&
		    each_port(file, instruction, port, ret_found, ret_known, err) < 0)
			return -1;
	}
	return 0;
}

static int check_ports(struct lint_file *file, const struct script *script, struct error *err)
{
	const struct lint_stage *state = &file->states[file->final];
	const struct instruction *start = state->cmd != NULL ? state->cmd : state->entrypoint;
	struct lint_place place = final_place(file);
	const struct option_number *wanted = &file->lint->expectations.port;
	unsigned port;
	bool found;
	bool known;

	if (!exposes_ports(file) &&
	    lint_find(file->lint, LINT_NO_EXPOSE, &place, err, "no EXPOSE") < 0)
		return -1;
	if (wanted->set && !file->settings->has_image) {
		if (find_port(file, (unsigned)wanted->value, &found, &known, err) < 0)
			return -1;
		if (!found &&
		    lint_find(file->lint, LINT_PORT_NOT_EXPOSED, &place, err,
			      "port %llu is not exposed", (unsigned long long)wanted->value) < 0)
			return -1;
	}
	if (start == NULL || !exposes_ports(file) || !start_port(script, &port))
		return 0;
	if (find_port(file, port, &found, &known, err) < 0)
		return -1;
	place = lint_file_whole(file, start);
	return found || !known ? 0
			       : lint_find(file->lint, LINT_PORT_MISMATCH, &place, err,
					   "the program listens on %u, which is not exposed", port);
}

/* Files to be taken out of a build, on scratch and with nothing to start: no image to be run. */
static bool is_output(const struct lint_file *file)
{
	const struct lint_stage *state = &file->states[file->final];
	size_t stage = file->final;

	while (file->stages.items[stage].parent != STAGE_NONE)
		stage = file->stages.items[stage].parent;
	return file->stages.items[stage].scratch && state->cmd == NULL && state->entrypoint == NULL;
}

/* --- user --- */

static int check_user(struct lint_file *file, struct error *err)
{
	const struct lint_stage *state = &file->states[file->final];
	const char *base = final_base(file);
	struct lint_place place = final_place(file);

	if (state->user_set) {
		place = lint_file_whole(file, state->user);
		if (!state->user_root)
			return lint_credit(file->lint, "runs as somebody else than root", &place,
					   err);
		return lint_find(file->lint, LINT_USER_ROOT, &place, err, "the last USER is root");
	}
	/* what was built says it better, and some bases say it in their names */
	if (is_output(file) || file->settings->has_image ||
	    (base != NULL &&
	     (strstr(base, "nonroot") != NULL || strstr(base, "unprivileged") != NULL)))
		return 0;
	return lint_find(file->lint, LINT_USER_ROOT, &place, err,
			 base == NULL
				 ? "no USER: it is root"
				 : "no USER: it is root, unless the base image says otherwise");
}

/* --- health check --- */

static int check_time(struct lint_file *file, const struct instruction *healthcheck,
		      const char *flag, const struct option_number *wanted, uint64_t standard,
		      struct error *err)
{
	struct lint_place place = lint_file_whole(file, healthcheck);
	size_t from = 0;
	const char *text = instruction_flag(healthcheck, flag, &from);
	bool is_count = strcmp(flag, "retries") == 0;
	uint64_t value = standard;
	char have[TEXT_FIGURE_MAX];
	char want[TEXT_FIGURE_MAX];

	if (!wanted->set ||
	    (text != NULL &&
	     (is_count ? text_parse_number(text, &value, NULL)
		       : text_parse_duration(text, &value, NULL)) == 0 &&
	     value == wanted->value) ||
	    (text == NULL && standard == wanted->value))
		return 0;
	if (is_count) {
		(void)snprintf(have, sizeof have, "%llu", (unsigned long long)value);
		(void)snprintf(want, sizeof want, "%llu", (unsigned long long)wanted->value);
	} else {
		(void)text_duration(value, have);
		(void)text_duration(wanted->value, want);
	}
	return lint_find(file->lint, LINT_HEALTHCHECK_TIMING, &place, err,
			 "--%s is %s; %s was agreed on", flag, have, want);
}

static int check_timing(struct lint_file *file, const struct instruction *healthcheck,
			struct error *err)
{
	const struct lint_expectations *wanted = &file->lint->expectations;
	const uint64_t second = UINT64_C(1000000000);

	if (check_time(file, healthcheck, "interval", &wanted->interval, 30 * second, err) < 0 ||
	    check_time(file, healthcheck, "timeout", &wanted->timeout, 30 * second, err) < 0 ||
	    check_time(file, healthcheck, "start-period", &wanted->start_period, 0, err) < 0)
		return -1;
	return check_time(file, healthcheck, "retries", &wanted->retries, 3, err);
}

/* Does what ships speak of it: a package that is installed, a file that is copied? */
static bool is_brought(const struct lint_file *file, const char *program)
{
	for (size_t i = 0; i < file->dockerfile->count; i++) {
		const struct instruction *instruction = &file->dockerfile->instructions[i];

		if (!is_shipped(file, instruction) || (strcmp(instruction->name, "run") != 0 &&
						       strcmp(instruction->name, "copy") != 0 &&
						       strcmp(instruction->name, "add") != 0))
			continue;
		if (strstr(instruction->original, program) != NULL)
			return true;
		for (size_t k = 0; k < instruction->heredoc_count; k++)
			if (strstr(instruction->heredocs[k].content, program) != NULL)
				return true;
	}
	return false;
}

/* Base images of which it is known that they lack it. */
static bool base_lacks(const char *base, const char *program)
{
	const char *colon = base != NULL ? strrchr(base, ':') : NULL;

	if (base == NULL || strstr(base, "distroless") != NULL)
		return true;
	if (strstr(base, "alpine") != NULL)
		return strcmp(program, "curl") == 0;
	return colon != NULL && strstr(colon, "slim") != NULL;
}

static int check_health_program(struct lint_file *file, const struct instruction *healthcheck,
				const struct script *script, struct error *err)
{
	static const char *const known[] = { "curl", "wget" };
	struct lint_place place = lint_file_whole(file, healthcheck);

	for (size_t i = 0; !file->settings->has_image && i < script->count; i++)
		for (size_t k = 0; k < array_size(known); k++) {
			const char *base = final_base(file);

			if (strcmp(script_program_name(&script->items[i]), known[k]) != 0 ||
			    !base_lacks(base, known[k]) || is_brought(file, known[k]))
				continue;
			if (lint_find(file->lint, LINT_HEALTHCHECK_PROGRAM_MISSING, &place, err,
				      "%s is not in %s, and nothing installs it", known[k],
				      base != NULL ? base : "scratch") < 0)
				return -1;
		}
	return 0;
}

/* The words behind HEALTHCHECK CMD. */
static int health_script(const struct lint_file *file, const struct instruction *healthcheck,
			 struct script *ret_script, struct error *err)
{
	const struct words *args = &healthcheck->args;
	struct script_source source = { .escape = file->dockerfile->escape, .docker = true };

	if (healthcheck->exec_form || args->count > 2) {
		struct words words = { args->items + 1, args->count - 1, 0 };

		return script_of_words(&words, ret_script, err);
	}
	if (args->count < 2)
		return 0;
	return script_parse(args->items[1].data, args->items[1].size, &source, ret_script, err);
}

static int check_health(struct lint_file *file, struct lint_file_facts *facts, struct error *err)
{
	const struct instruction *healthcheck = file->states[file->final].healthcheck;
	struct lint_place place = final_place(file);
	auto_script struct script script = { 0 };

	if (healthcheck == NULL)
		return is_output(file) || file->settings->has_image
			       ? 0
			       : lint_find(file->lint, LINT_NO_HEALTHCHECK, &place, err,
					   "no HEALTHCHECK");
	place = lint_file_whole(file, healthcheck);
	if (strcasecmp(healthcheck->args.items[0].data, "none") == 0)
		return lint_find(file->lint, LINT_NO_HEALTHCHECK, &place, err,
				 "the health check is switched off");
	facts->healthcheck = true;
	if (health_script(file, healthcheck, &script, err) < 0 || script_unwrap(&script, err) < 0)
		return -1;
	facts->health_path = start_url_path(&script);
	if (lint_credit(file->lint, "health check in the image", &place, err) < 0 ||
	    check_timing(file, healthcheck, err) < 0)
		return -1;
	return check_health_program(file, healthcheck, &script, err);
}

/* --- labels, and what else is said of the image --- */

static int check_labels(struct lint_file *file, struct error *err)
{
	struct lint_place place = final_place(file);

	for (size_t i = 0; i < file->dockerfile->count; i++) {
		const struct instruction *label = &file->dockerfile->instructions[i];

		if (!is_shipped(file, label) || strcmp(label->name, "label") != 0)
			continue;
		for (size_t k = 0; k + 2 < label->args.count; k += 3)
			if (strncmp(label->args.items[k].data, "org.opencontainers.image.", 25) ==
			    0)
				return lint_credit(file->lint, "labelled", &place, err);
	}
	if (file->settings->has_image)
		return 0;
	return lint_find(file->lint, LINT_NO_LABELS, &place, err,
			 "no label of the OCI's (org.opencontainers.image.*)");
}

static int check_base(struct lint_file *file, struct error *err)
{
	const char *base = final_base(file);
	struct lint_place place = final_place(file);

	if (base != NULL && strstr(base, "slim") == NULL && strstr(base, "alpine") == NULL &&
	    strstr(base, "distroless") == NULL && strstr(base, "minimal") == NULL &&
	    strstr(base, "-micro") == NULL)
		return 0;
	return lint_credit(file->lint, "slim base", &place, err);
}

int lint_final(struct lint_file *file, struct lint_file_facts *facts, struct error *err)
{
	const struct lint_stage *state = &file->states[file->final];
	auto_script struct script script = { 0 };

	facts->from = lint_file_whole(file, file->stages.items[file->final].from).at;
	if (check_stages(file, err) < 0 || check_base(file, err) < 0 ||
	    check_digest_comment(file, err) < 0 || check_versions(file, err) < 0 ||
	    check_form(file, state->entrypoint, LINT_ENTRYPOINT_SHELL_FORM, err) < 0 ||
	    check_form(file, state->cmd, LINT_CMD_SHELL_FORM, err) < 0)
		return -1;
	if (state->installs && !state->cache_kept) {
		struct lint_place place = final_place(file);

		if (lint_credit(file->lint, "no package manager's cache kept", &place, err) < 0)
			return -1;
	}
	if (start_script(file, &script, err) < 0 || check_start(file, &script, err) < 0 ||
	    check_ports(file, &script, err) < 0 || check_user(file, err) < 0 ||
	    check_health(file, facts, err) < 0)
		return -1;
	return check_labels(file, err);
}
