/*
 * Floor 4. What package managers are asked to do, read from a command line.
 */
#ifndef CHECK_INSTALL_H
#define CHECK_INSTALL_H

#include <stdbool.h>

#include "file/script.h"

enum manager {
	MANAGER_NONE,
	MANAGER_APT,
	MANAGER_APK,
	MANAGER_DNF, /* yum, microdnf and tdnf too */
	MANAGER_ZYPPER,
	MANAGER_PIP,
	MANAGER_UV,
	MANAGER_NPM,
	MANAGER_YARN,
	MANAGER_GEM,
	MANAGER_GO,
	MANAGER_OTHER, /* that installs what a project's files name */
};

enum manager_verb {
	VERB_OTHER,
	VERB_UPDATE,	   /* the lists */
	VERB_INSTALL,	   /* packages that are named */
	VERB_PROJECT,	   /* what the files of a project name */
	VERB_UPGRADE,	   /* everything */
	VERB_DISTRIBUTION, /* to another release of the system */
	VERB_REMOVE,
	VERB_CLEAN,
	VERB_CLEAN_LISTS, /* too */
};

struct install {
	enum manager manager;
	enum manager_verb verb;
	const char *program;	      /* "apt-get"; borrowed, as all is */
	const struct word *verb_word; /* NULL for none */
	size_t first;		      /* index of the word behind the verb */
	bool confirmed;		      /* it will not ask */
	bool frozen;		      /* to the versions of a lock file */
};

/* MANAGER_NONE for commands of other kinds. */
void install_read(const struct script_command *command, struct install *ret_install);

/* The packages that are named, one at a time: `index` begins at install.first and stands behind
 * each one; NULL at the end. */
const struct word *install_next(const struct script_command *command, const struct install *install,
				size_t *index);

/* Does the name of a package say its version? */
bool install_is_pinned(enum manager manager, const char *package);
/* A compiler, a build system, headers. */
bool install_is_build_tool(enum manager manager, const char *package);

#endif
