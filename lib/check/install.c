#include "config.h"

#include "check/install.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

static enum manager manager_of(const char *name)
{
	static const struct {
		const char *name;
		enum manager manager;
	} known[] = {
		{ "apt-get", MANAGER_APT },  { "apt", MANAGER_APT },
		{ "aptitude", MANAGER_APT }, { "apk", MANAGER_APK },
		{ "dnf", MANAGER_DNF },	     { "dnf5", MANAGER_DNF },
		{ "yum", MANAGER_DNF },	     { "microdnf", MANAGER_DNF },
		{ "tdnf", MANAGER_DNF },     { "zypper", MANAGER_ZYPPER },
		{ "uv", MANAGER_UV },	     { "npm", MANAGER_NPM },
		{ "yarn", MANAGER_YARN },    { "gem", MANAGER_GEM },
		{ "go", MANAGER_GO },	     { "pnpm", MANAGER_OTHER },
		{ "poetry", MANAGER_OTHER }, { "pipenv", MANAGER_OTHER },
		{ "bundle", MANAGER_OTHER }, { "composer", MANAGER_OTHER },
		{ "mvn", MANAGER_OTHER },    { "pdm", MANAGER_OTHER },
		{ "dotnet", MANAGER_OTHER }, { "cargo", MANAGER_OTHER },
	};

	for (size_t i = 0; i < array_size(known); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].manager;
	/* pip, pip3, pip3.11 */
	if (text_starts(name, "pip") && name[3 + strspn(name + 3, "0123456789.")] == '\0')
		return MANAGER_PIP;
	return MANAGER_NONE;
}

static const struct {
	enum manager manager;
	const char *word;
	enum manager_verb verb;
} verbs[] = {
	{ MANAGER_APT, "update", VERB_UPDATE },
	{ MANAGER_APT, "install", VERB_INSTALL },
	{ MANAGER_APT, "upgrade", VERB_UPGRADE },
	{ MANAGER_APT, "safe-upgrade", VERB_UPGRADE },
	{ MANAGER_APT, "dist-upgrade", VERB_DISTRIBUTION },
	{ MANAGER_APT, "full-upgrade", VERB_DISTRIBUTION },
	{ MANAGER_APT, "build-dep", VERB_INSTALL },
	{ MANAGER_APT, "remove", VERB_REMOVE },
	{ MANAGER_APT, "purge", VERB_REMOVE },
	{ MANAGER_APT, "autoremove", VERB_REMOVE },
	{ MANAGER_APT, "clean", VERB_CLEAN },
	{ MANAGER_APT, "dist-clean", VERB_CLEAN_LISTS },
	{ MANAGER_APT, "distclean", VERB_CLEAN_LISTS },
	{ MANAGER_APK, "update", VERB_UPDATE },
	{ MANAGER_APK, "add", VERB_INSTALL },
	{ MANAGER_APK, "upgrade", VERB_UPGRADE },
	{ MANAGER_APK, "del", VERB_REMOVE },
	{ MANAGER_DNF, "makecache", VERB_UPDATE },
	{ MANAGER_DNF, "install", VERB_INSTALL },
	{ MANAGER_DNF, "localinstall", VERB_INSTALL },
	{ MANAGER_DNF, "groupinstall", VERB_INSTALL },
	{ MANAGER_DNF, "reinstall", VERB_INSTALL },
	{ MANAGER_DNF, "update", VERB_UPGRADE },
	{ MANAGER_DNF, "upgrade", VERB_UPGRADE },
	{ MANAGER_DNF, "distro-sync", VERB_DISTRIBUTION },
	{ MANAGER_DNF, "system-upgrade", VERB_DISTRIBUTION },
	{ MANAGER_DNF, "remove", VERB_REMOVE },
	{ MANAGER_DNF, "erase", VERB_REMOVE },
	{ MANAGER_DNF, "autoremove", VERB_REMOVE },
	{ MANAGER_DNF, "clean", VERB_CLEAN },
	{ MANAGER_ZYPPER, "refresh", VERB_UPDATE },
	{ MANAGER_ZYPPER, "ref", VERB_UPDATE },
	{ MANAGER_ZYPPER, "install", VERB_INSTALL },
	{ MANAGER_ZYPPER, "in", VERB_INSTALL },
	{ MANAGER_ZYPPER, "update", VERB_UPGRADE },
	{ MANAGER_ZYPPER, "up", VERB_UPGRADE },
	{ MANAGER_ZYPPER, "patch", VERB_UPGRADE },
	{ MANAGER_ZYPPER, "dist-upgrade", VERB_DISTRIBUTION },
	{ MANAGER_ZYPPER, "dup", VERB_DISTRIBUTION },
	{ MANAGER_ZYPPER, "remove", VERB_REMOVE },
	{ MANAGER_ZYPPER, "rm", VERB_REMOVE },
	{ MANAGER_ZYPPER, "clean", VERB_CLEAN },
	{ MANAGER_PIP, "install", VERB_INSTALL },
	{ MANAGER_PIP, "uninstall", VERB_REMOVE },
	{ MANAGER_PIP, "cache", VERB_CLEAN },
	{ MANAGER_UV, "sync", VERB_PROJECT },
	{ MANAGER_UV, "cache", VERB_CLEAN },
	{ MANAGER_NPM, "ci", VERB_PROJECT },
	{ MANAGER_NPM, "clean-install", VERB_PROJECT },
	{ MANAGER_NPM, "install", VERB_INSTALL },
	{ MANAGER_NPM, "i", VERB_INSTALL },
	{ MANAGER_NPM, "add", VERB_INSTALL },
	{ MANAGER_NPM, "cache", VERB_CLEAN },
	{ MANAGER_YARN, "install", VERB_PROJECT },
	{ MANAGER_YARN, "add", VERB_INSTALL },
	{ MANAGER_YARN, "cache", VERB_CLEAN },
	{ MANAGER_GEM, "install", VERB_INSTALL },
	{ MANAGER_GEM, "cleanup", VERB_CLEAN },
	{ MANAGER_GO, "install", VERB_INSTALL },
	{ MANAGER_GO, "mod", VERB_PROJECT },
	{ MANAGER_GO, "clean", VERB_CLEAN },
	{ MANAGER_OTHER, "install", VERB_PROJECT },
	{ MANAGER_OTHER, "i", VERB_PROJECT },
	{ MANAGER_OTHER, "sync", VERB_PROJECT },
	{ MANAGER_OTHER, "restore", VERB_PROJECT },
	{ MANAGER_OTHER, "fetch", VERB_PROJECT },
	{ MANAGER_OTHER, "dependency:go-offline", VERB_PROJECT },
	{ MANAGER_OTHER, "dependency:resolve", VERB_PROJECT },
};

/* Options with a word of their own, so that it is no package; '\0' stands for none. */
static bool takes_word(enum manager manager, const char *option)
{
	static const char *const apt[] = { "-t", "--target-release", "-o", "--option",
					   "-c", "--config-file",    NULL };
	static const char *const apk[] = {
		"-t",	  "--virtual",		 "-X",	       "--repository", "-p",
		"--root", "--repositories-file", "--keys-dir", "--cache-dir",  NULL
	};
	static const char *const dnf[] = { "-c",
					   "-x",
					   "--exclude",
					   "--releasever",
					   "--installroot",
					   "--enablerepo",
					   "--disablerepo",
					   "--setopt",
					   NULL };
	static const char *const zypper[] = { "-r", "--repo", "--from", "-t", "--type", NULL };
	static const char *const pip[] = { "-r",
					   "--requirement",
					   "-c",
					   "--constraint",
					   "-i",
					   "--index-url",
					   "--extra-index-url",
					   "-f",
					   "--find-links",
					   "-t",
					   "--target",
					   "--prefix",
					   "--root",
					   "-e",
					   "--editable",
					   "--python",
					   "--trusted-host",
					   "--timeout",
					   "--retries",
					   "--platform",
					   "--python-version",
					   "--only-binary",
					   "--no-binary",
					   "--cache-dir",
					   "-p",
					   NULL };
	static const char *const npm[] = { "--prefix", "--registry", "-w", "--workspace",
					   "--cache",  "--loglevel", NULL };
	static const char *const gem[] = { "-v",       "--version", "-i", "--install-dir", "-n",
					   "--bindir", "--source",  "-s", "--platform",	   NULL };
	static const char *const go[] = { "-ldflags", "-tags", "-gcflags", "-o", "-mod", NULL };

	switch (manager) {
	case MANAGER_APT:
		return text_is_one_of(option, apt);
	case MANAGER_APK:
		return text_is_one_of(option, apk);
	case MANAGER_DNF:
		return text_is_one_of(option, dnf);
	case MANAGER_ZYPPER:
		return text_is_one_of(option, zypper);
	case MANAGER_PIP:
	case MANAGER_UV:
		return text_is_one_of(option, pip);
	case MANAGER_NPM:
	case MANAGER_YARN:
		return text_is_one_of(option, npm);
	case MANAGER_GEM:
		return text_is_one_of(option, gem);
	case MANAGER_GO:
		return text_is_one_of(option, go);
	case MANAGER_NONE:
	case MANAGER_OTHER:
	default:
		return false;
	}
}

static size_t next_operand(const struct script_command *command, enum manager manager, size_t i)
{
	for (; i < command->words.count; i++) {
		const char *word = command->words.items[i].data;

		if (word[0] != '-' || word[1] == '\0')
			return i;
		if (takes_word(manager, word))
			i++;
	}
	return i;
}

/* A letter in a bunch: "-qqy". */
static bool has_letter(const char *word, char letter)
{
	return word[0] == '-' && word[1] != '-' && strchr(word + 1, letter) != NULL;
}

static bool is_confirming(const struct install *install, const struct script_command *command,
			  size_t i)
{
	const char *word = command->words.items[i].data;

	if (strcmp(word, "--yes") == 0 || strcmp(word, "--assume-yes") == 0 ||
	    strcmp(word, "--assumeyes") == 0 || strcmp(word, "--no-confirm") == 0 ||
	    strcmp(word, "--non-interactive") == 0 || strstr(word, "Assume-Yes=") != NULL)
		return true;
	if (install->manager == MANAGER_APT)
		return has_letter(word, 'y') || text_starts(word, "-qq") ||
		       strcmp(word, "--quiet=2") == 0 || strcmp(word, "-q=2") == 0;
	if (install->manager == MANAGER_ZYPPER)
		return has_letter(word, 'y') || has_letter(word, 'n');
	return has_letter(word, 'y');
}

static void read_options(const struct script_command *command, struct install *install)
{
	for (size_t i = 0; i < command->words.count; i++) {
		const char *word = command->words.items[i].data;

		install->confirmed = install->confirmed || is_confirming(install, command, i);
		install->frozen = install->frozen || text_starts(word, "--frozen") ||
				  strcmp(word, "--locked") == 0 || strcmp(word, "--immutable") == 0;
	}
}

/* python -m pip, uv pip, go mod download: the words that lead to the verb. */
static size_t find_manager(const struct script_command *command, struct install *install)
{
	const struct words *words = &command->words;
	size_t i = script_program(command);
	const char *name = script_program_name(command);

	if (i >= words->count)
		return i;
	if (text_starts(name, "python") && i + 2 < words->count &&
	    strcmp(words->items[i + 1].data, "-m") == 0) {
		i += 2;
		name = words->items[i].data;
	}
	install->manager = manager_of(name);
	install->program = name;
	i = next_operand(command, install->manager, i + 1);
	if (install->manager == MANAGER_UV && i < words->count &&
	    strcmp(words->items[i].data, "pip") == 0)
		i = next_operand(command, install->manager, i + 1);
	return i;
}

void install_read(const struct script_command *command, struct install *ret_install)
{
	struct install install = { .manager = MANAGER_NONE };
	size_t i = find_manager(command, &install);

	install.first = command->words.count;
	if (install.manager != MANAGER_NONE && i < command->words.count) {
		const char *word = command->words.items[i].data;

		install.verb_word = &command->words.items[i];
		install.first = i + 1;
		for (size_t k = 0; k < array_size(verbs); k++)
			if (verbs[k].manager == install.manager && strcmp(verbs[k].word, word) == 0)
				install.verb = verbs[k].verb;
		/* uv pip install, uv pip sync */
		if (install.manager == MANAGER_UV && strcmp(word, "install") == 0)
			install.verb = VERB_INSTALL;
		read_options(command, &install);
	}
	/* plain yarn installs */
	if (install.manager == MANAGER_YARN && install.verb_word == NULL)
		install.verb = VERB_PROJECT;
	if (install.verb == VERB_INSTALL && install.manager >= MANAGER_PIP) {
		size_t index = install.first;

		/* nothing is named: what the project's files say */
		if (install_next(command, &install, &index) == NULL)
			install.verb = VERB_PROJECT;
	}
	*ret_install = install;
}

const struct word *install_next(const struct script_command *command, const struct install *install,
				size_t *index)
{
	size_t i = next_operand(command, install->manager, *index);

	if (i >= command->words.count) {
		*index = i;
		return NULL;
	}
	*index = i + 1;
	return &command->words.items[i];
}

static bool has_digit_behind(const char *text, char sign)
{
	for (const char *at = strchr(text, sign); at != NULL; at = strchr(at + 1, sign))
		if (isdigit((unsigned char)at[1]))
			return true;
	return false;
}

bool install_is_pinned(enum manager manager, const char *package)
{
	/* what a variable says is not known here, and files have no version */
	if (strpbrk(package, "$") != NULL || package[0] == '/' || package[0] == '.' ||
	    strstr(package, "://") != NULL)
		return true;
	switch (manager) {
	case MANAGER_APT:
	case MANAGER_ZYPPER:
		return strchr(package, '=') != NULL || text_ends(package, ".deb") ||
		       text_ends(package, ".rpm");
	case MANAGER_APK:
		return strpbrk(package, "=<>~") != NULL || package[0] == '.';
	case MANAGER_DNF:
		return has_digit_behind(package, '-') || text_ends(package, ".rpm") ||
		       package[0] == '@';
	case MANAGER_PIP:
	case MANAGER_UV:
		return strstr(package, "==") != NULL || strchr(package, '@') != NULL ||
		       text_ends(package, ".whl") || text_ends(package, ".gz") ||
		       strchr(package, '/') != NULL;
	case MANAGER_NPM:
	case MANAGER_YARN:
		return strchr(package + 1, '@') != NULL || text_ends(package, ".tgz");
	case MANAGER_GEM:
		return strchr(package, ':') != NULL;
	case MANAGER_GO:
		return strchr(package, '@') != NULL && !text_ends(package, "@latest");
	case MANAGER_NONE:
	case MANAGER_OTHER:
	default:
		return true;
	}
}

bool install_is_build_tool(enum manager manager, const char *package)
{
	static const char *const tools[] = { "gcc",
					     "g++",
					     "gcc-c++",
					     "clang",
					     "llvm",
					     "make",
					     "cmake",
					     "ninja-build",
					     "ninja",
					     "build-essential",
					     "build-base",
					     "base-devel",
					     "autoconf",
					     "automake",
					     "libtool",
					     "binutils",
					     "bison",
					     "flex",
					     "rustc",
					     "cargo",
					     "golang",
					     "golang-go",
					     "maven",
					     "gradle",
					     "default-jdk",
					     "openjdk-17-jdk",
					     "openjdk-21-jdk",
					     "linux-headers",
					     "kernel-headers",
					     "musl-dev",
					     "patch",
					     "pkg-config",
					     "pkgconf",
					     "meson",
					     "nasm",
					     "yasm",
					     "swig",
					     "gfortran",
					     "libc6-dev",
					     "libc-dev",
					     "dpkg-dev",
					     "rpm-build",
					     "node-gyp",
					     "gdb",
					     "m4",
					     NULL };
	char name[128];
	size_t length = strcspn(package, "=<>~:");

	if (manager == MANAGER_NONE || manager >= MANAGER_PIP || length >= sizeof name)
		return false;
	memcpy(name, package, length);
	name[length] = '\0';
	return text_is_one_of(name, tools) || text_ends(name, "-dev") ||
	       text_ends(name, "-devel") || text_starts(name, "gcc-") ||
	       text_starts(name, "clang-") || text_starts(name, "linux-headers-");
}
