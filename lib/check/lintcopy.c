/* The rules on COPY and ADD, and on the order in which a stage copies and installs. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "check/install.h"
#include "check/lintfile.h"
#include "check/remotesource.h"

static bool ends_in_any_case(const char *text, const char *with)
{
	size_t length = strlen(text);
	size_t tail = strlen(with);

	return length >= tail && strcasecmp(text + length - tail, with) == 0;
}

/* What ADD is there for. */
static bool is_archive(const char *source)
{
	static const char *const endings[] = { ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2",
					       ".tbz", ".tar.xz", ".txz", ".tar.zst", ".gz",
					       ".bz2", ".xz",	  ".zst" };

	for (size_t i = 0; i < array_size(endings); i++)
		if (ends_in_any_case(source, endings[i]))
			return true;
	return false;
}

static int check_add(struct lint_file *file, const struct instruction *add, struct error *err)
{
	struct lint_place place = lint_file_whole(file, add);
	const char *keyword = file->upper ? "COPY" : "copy";

	for (size_t i = 0; i + 1 < add->args.count; i++) {
		const char *source = add->args.items[i].data;

		if (is_archive(source) || remote_kind(source) != REMOTE_NONE ||
		    strchr(source, '$') != NULL)
			return 0;
	}
	/* flags that COPY does not know */
	for (size_t i = 0; i < add->flags.count; i++)
		if (text_starts(add->flags.items[i].data, "--unpack") ||
		    text_starts(add->flags.items[i].data, "--checksum") ||
		    text_starts(add->flags.items[i].data, "--keep-git-dir"))
			return 0;
	if (lint_find(file->lint, LINT_ADD_INSTEAD_OF_COPY, &place, err,
		      "ADD of files that are just copied") < 0)
		return -1;
	return lint_fix(file->lint, LINT_ADD_INSTEAD_OF_COPY, add->keyword_at, keyword, err);
}

/* COPY --from=STAGE */
static int check_from(struct lint_file *file, const struct instruction *copy, struct error *err)
{
	size_t at = 0;
	const char *from = instruction_flag(copy, "from", &at);
	struct lint_place place = lint_file_whole(file, copy);
	const char *own = file->stages.items[copy->stage].name;
	uint64_t number;

	if (from == NULL)
		return 0;
	if (own != NULL && strcasecmp(own, from) == 0 &&
	    stages_find(&file->stages, copy->stage, from) == STAGE_NONE)
		return lint_find(file->lint, LINT_COPY_FROM_ITSELF, &place, err,
				 "'%s' is this very stage", from);
	if (text_parse_number(from, &number, NULL) == 0 && number >= copy->stage)
		return lint_find(file->lint, LINT_COPY_FROM_ITSELF, &place, err,
				 "stage %s does not come before this one, which is %zu", from,
				 copy->stage);
	return 0;
}

static bool is_whole_context(const char *source)
{
	return strcmp(source, ".") == 0 || strcmp(source, "./") == 0 || strcmp(source, "/") == 0 ||
	       strcmp(source, "*") == 0 || strcmp(source, "./*") == 0;
}

int lint_copy(struct lint_file *file, const struct instruction *copy,
	      const struct lint_stage *state, struct error *err)
{
	const struct words *args = &copy->args;
	const struct word *to = &args->items[args->count - 1];
	struct lint_place place = lint_file_place(file, copy, to->at);
	auto_free char *path = NULL;
	size_t at = 0;
	bool from_stage = instruction_flag(copy, "from", &at) != NULL;

	if (lint_file_expand(file, to->data, &path, err) < 0 || check_from(file, copy, err) < 0)
		return -1;
	if (strcmp(copy->name, "add") == 0 && check_add(file, copy, err) < 0)
		return -1;
	if (path != NULL && args->count > 2 && path[0] != '\0' && path[strlen(path) - 1] != '/' &&
	    strcmp(text_base_name(path), ".") != 0 && strcmp(text_base_name(path), "..") != 0 &&
	    lint_find(file->lint, LINT_COPY_SEVERAL_TO_FILE, &place, err,
		      "several sources go to '%s', which does not end in /", path) < 0)
		return -1;
	if (path != NULL && path[0] != '/' && !state->workdir_set && strchr(path, ':') == NULL &&
	    lint_find(file->lint, LINT_COPY_RELATIVE, &place, err,
		      "'%s' is relative, and no WORKDIR has been set", path) < 0)
		return -1;
	for (size_t i = 0; !from_stage && i + 1 < args->count; i++) {
		struct lint_place source = lint_file_place(file, copy, args->items[i].at);

		if (is_whole_context(args->items[i].data) && state->shipped &&
		    lint_find(file->lint, LINT_CONTEXT_COPIED_WHOLE, &source, err,
			      "%s %s copies everything that lies there", copy->keyword,
			      args->items[i].data) < 0)
			return -1;
	}
	return 0;
}

/* Files that say what a project depends on, and what is needed to read them. */
static bool is_dependency_file(const char *source)
{
	static const char *const names[] = {
		"pyproject.toml",
		"setup.py",
		"setup.cfg",
		"Pipfile",
		"environment.yml",
		"package.json",
		"package-lock.json",
		"npm-shrinkwrap.json",
		"pnpm-lock.yaml",
		"pnpm-workspace.yaml",
		"package*.json",
		"package.json*",
		"bun.lockb",
		".npmrc",
		".yarnrc",
		".yarnrc.yml",
		".yarn",
		"lerna.json",
		"Gemfile",
		"Gemfile*",
		"go.mod",
		"go.sum",
		"go.*",
		"Cargo.toml",
		"Cargo.*",
		"pom.xml",
		"mvnw",
		".mvn",
		"build.gradle",
		"build.gradle.kts",
		"settings.gradle",
		"settings.gradle.kts",
		"gradle.properties",
		"gradlew",
		"gradle",
		"composer.json",
		"composer.*",
		"mix.exs",
		"Directory.Build.props",
		"Directory.Packages.props",
		"NuGet.config",
		"nuget.config",
		"global.json",
		"rebar.config",
		"deno.json",
		".python-version",
		".nvmrc",
		".tool-versions",
		"vendor.mod",
		"vendor.sum",
		"README.md",
		"README.rst",
		"README*",
		"LICENSE",
	};
	char name[256];
	size_t length = strlen(source);

	while (length > 0 && source[length - 1] == '/')
		length--;
	if (length == 0 || length >= sizeof name)
		return false;
	memcpy(name, source, length);
	name[length] = '\0';
	source = text_base_name(name);
	for (size_t i = 0; i < array_size(names); i++)
		if (strcmp(source, names[i]) == 0)
			return true;
	return text_starts(source, "requirements") || ends_in_any_case(source, ".lock") ||
	       ends_in_any_case(source, ".lock*") || ends_in_any_case(source, ".csproj") ||
	       ends_in_any_case(source, ".fsproj") || ends_in_any_case(source, ".sln") ||
	       ends_in_any_case(source, ".gemspec") || ends_in_any_case(source, "lock.yaml") ||
	       ends_in_any_case(source, "lock.json") || ends_in_any_case(source, "constraints.txt");
}

/* The sources of a COPY from the context that are no dependency files; NULL for none. */
static const struct word *source_copied(const struct instruction *copy)
{
	size_t at = 0;

	if ((strcmp(copy->name, "copy") != 0 && strcmp(copy->name, "add") != 0) ||
	    instruction_flag(copy, "from", &at) != NULL)
		return NULL;
	for (size_t i = 0; i + 1 < copy->args.count; i++) {
		const struct word *word = &copy->args.items[i];

		/* heredocs are files of their own; what an ADD fetches is no source */
		if (text_starts(word->data, "<<") || remote_kind(word->data) != REMOTE_NONE ||
		    is_archive(word->data))
			continue;
		if (!is_dependency_file(word->data))
			return word;
	}
	return NULL;
}

/* Are the project's dependencies installed by this command? */
static bool installs_dependencies(const struct script_command *command)
{
	struct install install;
	size_t index;

	install_read(command, &install);
	if (install.verb != VERB_PROJECT)
		return false;
	if (install.manager != MANAGER_PIP)
		return true;
	/* pip install -r FILE; "pip install ." needs the sources */
	for (index = install.first; index < command->words.count; index++)
		if (text_starts(command->words.items[index].data, "-r") ||
		    text_starts(command->words.items[index].data, "--requirement"))
			return true;
	return false;
}

static int run_installs(const struct lint_file *file, const struct instruction *run,
			bool *ret_installs, struct error *err)
{
	auto_script struct script script = { 0 };

	*ret_installs = false;
	if (strcmp(run->name, "run") != 0)
		return 0;
	if (lint_file_script(file, run, &script, err) < 0)
		return -1;
	for (size_t i = 0; i < script.count; i++)
		*ret_installs = *ret_installs || installs_dependencies(&script.items[i]);
	return 0;
}

/* The first RUN that installs dependencies comes before the first COPY of sources. */
int lint_order(struct lint_file *file, size_t stage, struct error *err)
{
	const struct dockerfile *dockerfile = file->dockerfile;
	const struct instruction *copy = NULL;
	const struct word *source = NULL;

	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];
		struct lint_place place;
		bool installs;

		if (instruction->stage != stage)
			continue;
		if (source == NULL && (source = source_copied(instruction)) != NULL)
			copy = instruction;
		if (run_installs(file, instruction, &installs, err) < 0)
			return -1;
		if (!installs)
			continue;
		place = lint_file_whole(file, instruction);
		if (source == NULL)
			return lint_credit(file->lint,
					   "dependencies installed before the sources come", &place,
					   err);
		place = lint_file_place(file, copy, source->at);
		return lint_find(file->lint, LINT_SOURCES_BEFORE_DEPENDENCIES, &place, err,
				 "'%s' is copied before line %zu installs the dependencies",
				 source->data, instruction->first_line);
	}
	return 0;
}
