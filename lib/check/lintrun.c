/* The rules on RUN. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "check/install.h"
#include "base/text.h"
#include "check/lintfile.h"

/* RUNs behind a mkdir that are looked through for what becomes of the folder. */
#define SETTLING_MAX 100

/* The same, as commands in a whole file. */
#define LOOKED_THROUGH_MAX 200000
/* Commands of a RUN that remove files; more are not looked at. */
#define REMOVING_MAX 64

/* One RUN, while it is looked at. */
struct run {
	struct lint_file *file;
	const struct instruction *instruction;
	struct lint_stage *state;
	const struct script *script;
	/* what its commands do, worked out once */
	bool does[MANAGER_OTHER + 1][VERB_CLEAN_LISTS + 1];
	const struct script_command *removing[REMOVING_MAX];
	size_t removing_count;
	bool no_cache; /* said to all package managers by an export */
	bool pipefail;
};

static struct lint_place word_place(const struct run *run, const struct word *word)
{
	return lint_file_place(run->file, run->instruction, word->at);
}

/* From the first to the last word of a command. */
static struct lint_place command_place(const struct run *run, const struct script_command *command)
{
	const struct words *words = &command->words;
	struct span at = { 0 };

	if (words->count > 0)
		at = (struct span) { words->items[0].at.start,
				     words->items[words->count - 1].at.end };
	return lint_file_place(run->file, run->instruction, at);
}

static bool has_word(const struct script_command *command, const char *word)
{
	for (size_t i = 0; i < command->words.count; i++)
		if (strcmp(command->words.items[i].data, word) == 0)
			return true;
	return false;
}

/* Is some word like that, or the beginning of it? */
static bool has_text(const struct script_command *command, const char *text)
{
	for (size_t i = 0; i < command->words.count; i++)
		if (strstr(command->words.items[i].data, text) != NULL)
			return true;
	return false;
}

/* A file system of BuildKit's stands over that path, so that nothing of it stays in the layer. */
static bool is_mounted(const struct run *run, const char *path)
{
	const char *mount;
	size_t from = 0;

	while ((mount = instruction_flag(run->instruction, "mount", &from)) != NULL)
		if (strstr(mount, path) != NULL &&
		    (strstr(mount, "type=cache") != NULL || strstr(mount, "type=tmpfs") != NULL))
			return true;
	return false;
}

static bool has_mount(const struct run *run, const char *type)
{
	const char *mount;
	size_t from = 0;

	while ((mount = instruction_flag(run->instruction, "mount", &from)) != NULL)
		if (strstr(mount, type) != NULL)
			return true;
	return false;
}

/* Something in this RUN removes what lies there. */
static bool removes(const struct run *run, const char *path)
{
	for (size_t i = 0; i < run->removing_count; i++)
		if (has_text(run->removing[i], path))
			return true;
	return false;
}

/* The manager does that somewhere in this RUN. */
static bool does(const struct run *run, enum manager manager, enum manager_verb verb)
{
	return run->does[manager][verb];
}

static void work_out(struct run *run)
{
	for (size_t i = 0; i < run->script->count; i++) {
		const struct script_command *command = &run->script->items[i];
		const char *name = script_program_name(command);
		struct install install;

		install_read(command, &install);
		run->does[install.manager][install.verb] = true;
		if (run->removing_count < REMOVING_MAX &&
		    (strcmp(name, "rm") == 0 || strcmp(name, "find") == 0))
			run->removing[run->removing_count++] = command;
		run->no_cache = run->no_cache ||
				(strcmp(name, "export") == 0 && has_text(command, "NO_CACHE"));
	}
}

static bool keeps_cache(const struct run *run, const struct script_command *command,
			enum manager manager)
{
	switch (manager) {
	case MANAGER_APK:
		return !has_word(command, "--no-cache") && !has_word(command, "--no-network") &&
		       !is_mounted(run, "apk") && !removes(run, "/var/cache/apk");
	case MANAGER_DNF:
		return !is_mounted(run, "/var/cache") && !removes(run, "/var/cache");
	case MANAGER_ZYPPER:
		return !is_mounted(run, "/var/cache") && !removes(run, "/var/cache");
	case MANAGER_PIP:
		return !has_word(command, "--no-cache-dir") && !has_word(command, "--cache-dir") &&
		       !run->state->pip_cache_off && !is_mounted(run, ".cache") &&
		       !is_mounted(run, "pip") && !removes(run, ".cache");
	case MANAGER_UV:
		return !has_word(command, "--no-cache") && !has_word(command, "-n") &&
		       !has_word(command, "--no-cache-dir") && !run->state->uv_cache_off &&
		       !is_mounted(run, ".cache") && !is_mounted(run, "uv") &&
		       !removes(run, ".cache");
	case MANAGER_NPM:
		return !is_mounted(run, ".npm") && !removes(run, ".npm") &&
		       !removes(run, "npm-cache");
	case MANAGER_YARN:
		return !is_mounted(run, "yarn") && !is_mounted(run, ".cache") &&
		       !removes(run, "yarn") && !removes(run, ".cache");
	case MANAGER_NONE:
	case MANAGER_APT:
	case MANAGER_GEM:
	case MANAGER_GO:
	case MANAGER_OTHER:
	default:
		return false;
	}
}

static int check_cache(const struct run *run, const struct script_command *command,
		       const struct install *install, struct error *err)
{
	struct lint_place place = command_place(run, command);
	bool installs = install->verb == VERB_INSTALL || install->verb == VERB_PROJECT ||
			install->verb == VERB_UPGRADE;
	bool kept;

	if (!installs || !run->state->shipped || install->manager == MANAGER_APT)
		return 0;
	/* a variable given to the command alone counts too */
	for (size_t i = 0; i < command->assignments.count; i++)
		if (strstr(command->assignments.items[i].data, "NO_CACHE") != NULL)
			return 0;
	kept = !run->no_cache && keeps_cache(run, command, install->manager) &&
	       !does(run, install->manager, VERB_CLEAN);
	run->state->installs = true;
	run->state->cache_kept = run->state->cache_kept || kept;
	if (kept)
		return lint_find(run->file->lint, LINT_PACKAGE_CACHE_LEFT, &place, err,
				 "%s %s leaves its cache in the layer", install->program,
				 install->verb_word != NULL ? install->verb_word->data : "");
	return 0;
}

static int check_apt(const struct run *run, const struct script_command *command,
		     const struct install *install, struct error *err)
{
	struct lint *lint = run->file->lint;
	struct lint_place place = command_place(run, command);
	struct span behind = { install->verb_word->at.end, install->verb_word->at.end };

	if (strcmp(install->program, "apt") == 0) {
		const struct word *word = &command->words.items[script_program(command)];
		struct lint_place at = word_place(run, word);

		if (lint_find(lint, LINT_APT_INSTEAD_OF_APT_GET, &at, err, "apt %s in a script",
			      install->verb_word->data) < 0 ||
		    (word->at.end - word->at.start == 3 && install->verb != VERB_OTHER &&
		     lint_fix(lint, LINT_APT_INSTEAD_OF_APT_GET, word->at, "apt-get", err) < 0))
			return -1;
	}
	if (install->verb == VERB_INSTALL && !has_word(command, "--no-install-recommends") &&
	    !has_text(command, "Install-Recommends=") &&
	    (lint_find(lint, LINT_APT_RECOMMENDS, &place, err,
		       "%s install without --no-install-recommends", install->program) < 0 ||
	     (behind.start > 0 &&
	      lint_fix(lint, LINT_APT_RECOMMENDS, behind, " --no-install-recommends", err) < 0)))
		return -1;
	if (install->verb != VERB_UPDATE || !run->state->shipped)
		return 0;
	if (is_mounted(run, "/var/lib/apt") || removes(run, "/var/lib/apt") ||
	    does(run, MANAGER_APT, VERB_CLEAN_LISTS))
		return lint_credit(lint, "package lists removed", &place, err);
	return lint_find(lint, LINT_APT_LISTS_LEFT, &place, err,
			 "the lists of %s update stay in the layer", install->program);
}

static int check_confirmed(const struct run *run, const struct script_command *command,
			   const struct install *install, struct error *err)
{
	struct lint_place place = command_place(run, command);
	struct span behind = { install->verb_word->at.end, install->verb_word->at.end };
	const struct script_command *before = command > run->script->items ? command - 1 : NULL;

	if (install->confirmed || install->manager > MANAGER_ZYPPER ||
	    install->manager == MANAGER_APK)
		return 0;
	if (install->verb != VERB_INSTALL && install->verb != VERB_UPGRADE &&
	    install->verb != VERB_DISTRIBUTION && install->verb != VERB_REMOVE)
		return 0;
	/* yes | apt-get install */
	if (command->operator== SCRIPT_PIPE && before != NULL &&
	    strcmp(script_program_name(before), "yes") == 0)
		return 0;
	if (lint_find(run->file->lint, LINT_INSTALL_NOT_CONFIRMED, &place, err,
		      "%s %s waits for an answer", install->program, install->verb_word->data) < 0)
		return -1;
	if (behind.start == 0)
		return 0;
	return lint_fix(run->file->lint, LINT_INSTALL_NOT_CONFIRMED, behind, " -y", err);
}

static int check_pinned(const struct run *run, const struct script_command *command,
			const struct install *install, struct error *err)
{
	const struct word *package;
	const char *first = NULL;
	struct lint_place place = command_place(run, command);
	size_t index = install->first;
	size_t count = 0;

	/* what a folder, or a list of constraints, has is a version, too */
	if (install->manager == MANAGER_PIP &&
	    (has_word(command, "--no-index") || has_word(command, "-c") ||
	     has_text(command, "--constraint") || has_word(command, "--require-hashes")))
		return 0;
	if (install->verb != VERB_INSTALL || !run->state->shipped ||
	    (install->manager == MANAGER_GEM &&
	     (has_word(command, "-v") || has_text(command, "--version"))))
		return 0;
	while ((package = install_next(command, install, &index)) != NULL) {
		if (install_is_pinned(install->manager, package->data))
			continue;
		if (first == NULL) {
			first = package->data;
			place = word_place(run, package);
		}
		count++;
	}
	if (count == 0)
		return 0;
	if (count == 1)
		return lint_find(run->file->lint, LINT_PACKAGE_UNPINNED, &place, err,
				 "%s installs whatever version of %s there is", install->program,
				 first);
	return lint_find(run->file->lint, LINT_PACKAGE_UNPINNED, &place, err,
			 "%s installs whatever versions of %s and %zu more there are",
			 install->program, first, count - 1);
}

static int check_build_tools(const struct run *run, const struct script_command *command,
			     const struct install *install, struct error *err)
{
	const struct word *package;
	size_t index = install->first;

	/* what is removed in the same RUN is in no layer; which packages that are is not looked
	 * into */
	if (install->verb != VERB_INSTALL || !run->state->shipped ||
	    does(run, install->manager, VERB_REMOVE))
		return 0;
	while ((package = install_next(command, install, &index)) != NULL) {
		struct lint_place place = word_place(run, package);

		if (install_is_build_tool(install->manager, package->data))
			return lint_find(run->file->lint, LINT_BUILD_TOOLS_IN_FINAL, &place, err,
					 "%s is in the stage that ships", package->data);
	}
	return 0;
}

static int check_install(const struct run *run, const struct script_command *command,
			 struct error *err)
{
	struct install install;
	struct lint_place place = command_place(run, command);

	install_read(command, &install);
	if (install.manager == MANAGER_NONE ||
	    (install.verb_word == NULL && install.verb == VERB_OTHER))
		return 0;
	if (install.verb_word != NULL && check_confirmed(run, command, &install, err) < 0)
		return -1;
	if (install.verb_word != NULL && install.manager == MANAGER_APT &&
	    check_apt(run, command, &install, err) < 0)
		return -1;
	if (check_cache(run, command, &install, err) < 0 ||
	    check_pinned(run, command, &install, err) < 0 ||
	    check_build_tools(run, command, &install, err) < 0)
		return -1;
	if (install.verb == VERB_UPDATE && !does(run, install.manager, VERB_INSTALL) &&
	    !does(run, install.manager, VERB_UPGRADE) &&
	    !does(run, install.manager, VERB_DISTRIBUTION) &&
	    lint_find(run->file->lint, LINT_UPDATE_ALONE, &place, err,
		      "%s %s, and nothing is installed in this RUN", install.program,
		      install.verb_word->data) < 0)
		return -1;
	if (install.verb == VERB_DISTRIBUTION)
		return lint_find(run->file->lint, LINT_DIST_UPGRADE, &place, err, "%s %s",
				 install.program, install.verb_word->data);
	return 0;
}

static int check_pipe(const struct run *run, size_t number, struct error *err)
{
	static const char *const safe[] = { "echo", "printf", "yes", "true", ":", NULL };
	static const char *const shells[] = { "sh",	 "bash", "ash",	 "dash", "zsh", "python",
					      "python3", "perl", "ruby", "node", NULL };
	static const char *const loaders[] = { "curl", "wget", NULL };
	const struct script_command *command = &run->script->items[number];
	const struct script_command *before = &run->script->items[number - 1];
	struct lint_place place = command_place(run, command);
	if (text_is_one_of(script_program_name(before), loaders) &&
	    text_is_one_of(script_program_name(command), shells) &&
	    lint_find(run->file->lint, LINT_DOWNLOAD_RUN_UNSEEN, &place, err,
		      "what %s brings is run by %s as it comes", script_program_name(before),
		      script_program_name(command)) < 0)
		return -1;
	if (run->pipefail || text_is_one_of(script_program_name(before), safe))
		return 0;
	return lint_find(run->file->lint, LINT_PIPE_FAILURE_HIDDEN, &place, err,
			 "that %s failed would not be noticed", script_program_name(before));
}

static bool is_world_writable(const char *mode)
{
	size_t length = strlen(mode);

	if (length >= 3 && length <= 4 && strspn(mode, "01234567") == length) {
		/* a sticky folder is like /tmp */
		if (length == 4 && (mode[0] == '1' || mode[0] == '3'))
			return false;
		return ((mode[length - 1] - '0') & 2) != 0;
	}
	for (const char *sign = strpbrk(mode, "+="); sign != NULL; sign = strpbrk(sign + 1, "+=")) {
		const char *who = sign;

		while (who > mode && strchr("ugoa", who[-1]) != NULL)
			who--;
		for (; who < sign; who++)
			if ((*who == 'o' || *who == 'a') &&
			    memchr(sign, 'w', strcspn(sign, ",")) != NULL)
				return true;
	}
	return false;
}

/* The operands of chmod, chown, mkdir and the like, one at a time. */
static const struct word *next_path(const struct script_command *command, size_t *index)
{
	while (*index < command->words.count) {
		const struct word *word = &command->words.items[(*index)++];

		if (word->data[0] != '-' || word->data[1] == '\0')
			return word;
	}
	return NULL;
}

/* "DIR/NAME" made absolute by the working directory and cleaned; NULL where it is not known. */
static char *absolute(const struct run *run, const char *path)
{
	const char *workdir = run->state->workdir;
	char *text = NULL;
	size_t length;

	if (strpbrk(path, "$*?[{~") != NULL)
		return NULL;
	if (path[0] == '/')
		text = strdup(path);
	else if (workdir == NULL || asprintf(&text, "%s/%s", workdir,
					     strncmp(path, "./", 2) == 0 ? path + 2 : path) < 0)
		return NULL;
	for (length = text != NULL ? strlen(text) : 0;
	     length > 1 &&
	     (text[length - 1] == '/' || (text[length - 1] == '.' && text[length - 2] == '/'));
	     length--)
		text[length - 1] = '\0';
	return text;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strcmp(folder, "/") == 0 || (strncmp(path, folder, length) == 0 &&
					    (path[length] == '/' || path[length] == '\0'));
}

/* Does an earlier instruction of the same stage bring files to that folder? */
static const struct instruction *brought_before(const struct run *run, const char *folder)
{
	const struct dockerfile *dockerfile = run->file->dockerfile;
	const char *workdir = NULL;

	for (size_t i = 0; &dockerfile->instructions[i] < run->instruction; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];
		const struct words *args = &instruction->args;
		const char *to;
		size_t from = 0;

		if (instruction->stage != run->instruction->stage)
			continue;
		if (strcmp(instruction->name, "workdir") == 0)
			workdir = args->items[0].data;
		if ((strcmp(instruction->name, "copy") != 0 &&
		     strcmp(instruction->name, "add") != 0) ||
		    instruction_flag(instruction, "chown", &from) != NULL)
			continue;
		to = args->items[args->count - 1].data;
		if (to[0] != '/')
			to = workdir;
		if (to != NULL && is_below(to, folder))
			return instruction;
	}
	return NULL;
}

static int check_chown(const struct run *run, const struct script_command *command,
		       struct error *err)
{
	struct lint_place place = command_place(run, command);
	size_t index = script_program(command) + 1;
	const struct word *path = next_path(command, &index);
	bool recursive = false;

	for (size_t i = 0; i < command->words.count; i++) {
		const char *word = command->words.items[i].data;

		recursive = recursive || strcmp(word, "--recursive") == 0 ||
			    (word[0] == '-' && word[1] != '-' && strchr(word, 'R') != NULL);
	}
	if (!recursive || !run->state->shipped)
		return 0;
	while ((path = next_path(command, &index)) != NULL) {
		auto_free char *folder = absolute(run, path->data);
		const struct instruction *by = folder != NULL ? brought_before(run, folder) : NULL;

		if (by != NULL)
			return lint_find(run->file->lint, LINT_CHOWN_DOUBLES_LAYER, &place, err,
					 "%s is stored again: line %zu brought it already",
					 path->data, by->first_line);
	}
	return 0;
}

/* Is its owner or mode set, or is it removed, in this stage from here on? Where there are too many
 * RUNs to look at, nobody knows. */
static bool is_settled(const struct run *run, const char *folder)
{
	static const char *const settling[] = { "chown", "chmod", "install", "setfacl",
						"rm",	 "chgrp", NULL };
	const struct dockerfile *dockerfile = run->file->dockerfile;
	size_t count = 0;

	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];
		auto_script struct script script = { 0 };

		if (count == SETTLING_MAX || run->file->looked_through > LOOKED_THROUGH_MAX)
			return true;
		count += instruction >= run->instruction && strcmp(instruction->name, "run") == 0;
		if (instruction < run->instruction || strcmp(instruction->name, "run") != 0 ||
		    !run->file->states[instruction->stage].shipped ||
		    lint_file_script(run->file, instruction, &script, NULL) < 0)
			continue;
		run->file->looked_through += script.count;
		for (size_t k = 0; k < script.count; k++) {
			size_t index = script_program(&script.items[k]) + 1;
			const struct word *path;

			if (!text_is_one_of(script_program_name(&script.items[k]), settling))
				continue;
			while ((path = next_path(&script.items[k], &index)) != NULL) {
				auto_free char *other = absolute(run, path->data);

				if (other != NULL && is_below(folder, other))
					return true;
			}
		}
	}
	return false;
}

static int check_mkdir(const struct run *run, const struct script_command *command,
		       struct error *err)
{
	size_t index = script_program(command) + 1;
	const struct word *path;

	/* a user who is not root makes folders of its own */
	if (!run->state->shipped || (run->state->user_set && !run->state->user_root))
		return 0;
	for (size_t i = 0; i < command->words.count; i++)
		if (strncmp(command->words.items[i].data, "--mode", 6) == 0 ||
		    (command->words.items[i].data[0] == '-' &&
		     command->words.items[i].data[1] != '-' &&
		     strchr(command->words.items[i].data, 'm') != NULL))
			return 0;
	while ((path = next_path(command, &index)) != NULL) {
		struct lint_place place = word_place(run, path);
		auto_free char *folder = absolute(run, path->data);

		if (folder == NULL || is_below(folder, "/tmp") || is_below(folder, "/usr") ||
		    is_below(folder, "/etc") || is_below(folder, "/root") ||
		    is_settled(run, folder))
			continue;
		return lint_find(run->file->lint, LINT_DIRECTORY_WITHOUT_MODE, &place, err,
				 "%s gets whatever owner and mode", folder);
	}
	return 0;
}

static int check_useradd(const struct run *run, const struct script_command *command,
			 struct error *err)
{
	const struct word *program = &command->words.items[script_program(command)];
	struct lint_place place = command_place(run, command);
	struct span behind = { program->at.end, program->at.end };
	unsigned long uid = 0;

	if (has_word(command, "-l") || has_word(command, "--no-log-init"))
		return 0;
	for (size_t i = 0; i + 1 < command->words.count; i++)
		if (strcmp(command->words.items[i].data, "-u") == 0 ||
		    strcmp(command->words.items[i].data, "--uid") == 0)
			uid = strtoul(command->words.items[i + 1].data, NULL, 10);
	if (uid < 100000)
		return 0;
	if (lint_find(run->file->lint, LINT_USERADD_HIGH_UID, &place, err,
		      "useradd -u %lu without --no-log-init", uid) < 0)
		return -1;
	if (behind.start == 0)
		return 0;
	return lint_fix(run->file->lint, LINT_USERADD_HIGH_UID, behind, " --no-log-init", err);
}

static int check_loader(const struct run *run, const struct script_command *command,
			const char *name, struct error *err)
{
	struct lint_place place = command_place(run, command);
	bool is_curl = strcmp(name, "curl") == 0;
	bool other = is_curl ? run->state->uses_wget : run->state->uses_curl;
	bool *seen = is_curl ? &run->state->uses_curl : &run->state->uses_wget;
	bool first = !*seen;

	*seen = true;
	if (!first || !other)
		return 0;
	return lint_find(run->file->lint, LINT_WGET_AND_CURL, &place, err, "%s here, and %s before",
			 name, is_curl ? "wget" : "curl");
}

/* Where a command is the whole of what a rule wants to know. */
static int check_program(const struct run *run, size_t number, struct error *err)
{
	static const char *const pointless[] = { "shutdown", "reboot", "halt",	"top",
						 "htop",     "vim",    "vi",	"nano",
						 "less",     "more",   "mount", "umount",
						 "ssh",	     "screen", "tmux",	NULL };
	const struct script_command *command = &run->script->items[number];
	const char *name = script_program_name(command);
	struct lint_place place = command_place(run, command);
	struct lint *lint = run->file->lint;

	if (has_word(command, "sudo") && strcmp(command->words.items[0].data, "sudo") == 0 &&
	    lint_find(lint, LINT_SUDO_USED, &place, err, "sudo in a RUN") < 0)
		return -1;
	if (strcmp(name, "cd") == 0 && number == 0 && !command->nested &&
	    command->words.count == 2 && command->words.items[1].data[0] == '/')
		return lint_find(lint, LINT_CD_INSTEAD_OF_WORKDIR, &place, err, "cd %s",
				 command->words.items[1].data);
	if (text_is_one_of(name, pointless) &&
	    (strcmp(name, "ssh") != 0 || !has_mount(run, "type=ssh")))
		return lint_find(lint, LINT_POINTLESS_COMMAND, &place, err, "%s in a RUN", name);
	if (strcmp(name, "ln") == 0 && command->words.count > 2 &&
	    strcmp(command->words.items[command->words.count - 1].data, "/bin/sh") == 0)
		return lint_find(lint, LINT_SHELL_REPLACED, &place, err,
				 "/bin/sh becomes another shell");
	if (strcmp(name, "chmod") == 0) {
		size_t index = script_program(command) + 1;
		const struct word *mode = next_path(command, &index);

		if (mode != NULL && run->state->shipped && is_world_writable(mode->data) &&
		    lint_find(lint, LINT_WORLD_WRITABLE, &place, err,
			      "chmod %s lets everybody write", mode->data) < 0)
			return -1;
		return check_chown(run, command, err);
	}
	if (strcmp(name, "curl") == 0 || strcmp(name, "wget") == 0)
		return check_loader(run, command, name, err);
	if (strcmp(name, "chown") == 0)
		return check_chown(run, command, err);
	if (strcmp(name, "mkdir") == 0)
		return check_mkdir(run, command, err);
	if (strcmp(name, "useradd") == 0)
		return check_useradd(run, command, err);
	return 0;
}

static int check_script(struct run *run, struct error *err)
{
	work_out(run);
	for (size_t i = 0; i < run->script->count; i++) {
		if (run->script->items[i].words.count == 0)
			continue;
		run->pipefail = run->pipefail ||
				(strcmp(script_program_name(&run->script->items[i]), "set") == 0 &&
				 has_word(&run->script->items[i], "pipefail"));
		if (check_install(run, &run->script->items[i], err) < 0 ||
		    check_program(run, i, err) < 0)
			return -1;
		if (i > 0 && run->script->items[i].operator== SCRIPT_PIPE &&
				     check_pipe(run, i, err) < 0)
			return -1;
	}
	return 0;
}

/* sh -c "…" */
static int check_inner(const struct run *run, struct error *err)
{
	for (size_t i = 0; i < run->script->count; i++) {
		const struct word *inner = script_inner(&run->script->items[i]);
		struct script_source source = { .escape = '\\' };
		auto_script struct script script = { 0 };
		struct run below = {
			.file = run->file,
			.instruction = run->instruction,
			.state = run->state,
			.script = &script,
			.pipefail = has_word(&run->script->items[i], "pipefail"),
		};

		if (inner == NULL)
			continue;
		if (script_parse(inner->data, inner->size, &source, &script, err) < 0)
			return -1;
		/* escapes may stand in it: all of it is at the place of the whole */
		for (size_t k = 0; k < script.count; k++)
			for (size_t j = 0; j < script.items[k].words.count; j++)
				script.items[k].words.items[j].at = inner->at;
		/* a mend there would replace the whole */
		struct edits *edits = run->file->lint->edits;
		int result;

		run->file->lint->edits = NULL;
		result = check_script(&below, err);
		run->file->lint->edits = edits;
		if (result < 0)
			return -1;
	}
	return 0;
}

int lint_run(struct lint_file *file, const struct instruction *instruction,
	     struct lint_stage *state, struct error *err)
{
	auto_script struct script script = { 0 };
	struct run run = {
		.file = file,
		.instruction = instruction,
		.state = state,
		.script = &script,
		.pipefail = state->pipefail,
	};

	if (state->foreign_shell || instruction->text == NULL)
		return 0;
	if (lint_file_script(file, instruction, &script, err) < 0)
		return -1;
	/* mends are written for a shell, and would break the JSON of the exec form */
	struct edits *edits = file->lint->edits;
	int result;

	if (instruction->exec_form)
		file->lint->edits = NULL;
	result = check_script(&run, err);
	file->lint->edits = edits;
	return result == 0 ? check_inner(&run, err) : -1;
}
