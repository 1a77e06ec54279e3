/*
 * Floor 3. What a shell script runs: its simple commands, each with its words. For those who look
 * at RUN and CMD; nothing is executed or expanded.
 *
 * Read are lists (; & && || and line breaks), pipelines, groups, subshells, the commands inside of
 * $(…), `…` and compound commands, quotes, redirections, comments and here-documents: POSIX.1-2017,
 * XCU 2. Where a text is no shell, what comes out is words all the same, never an error.
 */
#ifndef FILE_SCRIPT_H
#define FILE_SCRIPT_H

#include <stdbool.h>

#include "file/words.h"

/* Larger scripts are cut off, and words of more than half a MiB. */
#define SCRIPT_COMMANDS_MAX 10000

enum script_operator {
	SCRIPT_BEGINS,	 /* the first of a list */
	SCRIPT_SEQUENCE, /* behind ; & or a line break */
	SCRIPT_AND,
	SCRIPT_OR,
	SCRIPT_PIPE, /* reads what the one before writes */
};

struct script_command {
	struct words assignments; /* NAME=VALUE before the command */
	struct words words;	  /* quotes removed; variables stay as they are written */
	enum script_operator operator;
	bool nested; /* inside of $(…) or `…` */
	bool silent; /* its standard output goes to /dev/null */
};

struct script {
	struct script_command *items;
	size_t count;
	size_t capacity; /* internal */
};

/* How continuation lines are written, and where places count from. */
struct script_source {
	char escape;  /* before a line break: '\\', or what a Dockerfile declares */
	bool docker;  /* lines of comments inside of a continued line are no part of it */
	size_t start; /* the offset of the text */
};

/* The caller releases. */
int script_parse(const char *text, size_t size, const struct script_source *source,
		 struct script *ret_script, struct error *err) must_check;
/* The same of one command that is words already, which are copied. */
int script_of_words(const struct words *words, struct script *ret_script,
		    struct error *err) must_check;
void script_release(struct script *script);
#define auto_script cleanup_by(script_release)

/*
 * The index of the word that is the program, behind exec, env, sudo, time and the like: what they
 * run in the end; the count of words where there is none.
 */
size_t script_program(const struct script_command *command);
/* The last component of the program's path; "" for none. */
const char *script_program_name(const struct script_command *command);
/* The word that sh -c takes as its script, or NULL. */
const struct word *script_inner(const struct script_command *command);
/* Where the whole script is one sh -c, it becomes what that shell runs; places are not kept. */
int script_unwrap(struct script *script, struct error *err) must_check;

#endif
