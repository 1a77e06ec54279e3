/*
 * Floor 4. The rules of lint.h on a Dockerfile, and on what lies beside it.
 */
#ifndef CHECK_LINTFILE_H
#define CHECK_LINTFILE_H

#include "check/lint.h"
#include "file/script.h"
#include "file/stages.h"

struct lint_file_settings {
	const struct build_settings *build;
	const char *stage; /* name or number of the one that is built; NULL for the last */
	const char
		*context; /* the folder that is built from; NULL where there is none to look at */
	bool has_image;	  /* what is built is looked at as well: what it says is not guessed */
};

/* What other rules want to know of a Dockerfile. */
struct lint_file_facts {
	bool healthcheck;
	char *health_path;     /* of the URL that it asks for; NULL where that cannot be told */
	struct span from;      /* the FROM of the stage that is built */
	bool machine_learning; /* the context's requirements name packages that take gigabytes */
};
void lint_file_facts_release(struct lint_file_facts *facts);

/* ERROR_INPUT "NAME:LINE[:COLUMN]: what" for a file that builders refuse, ERROR_USAGE for a stage
 * that is not there. `target` is the file's number among the targets. */
int lint_dockerfile(struct lint *lint, size_t target, const char *name, const char *data,
		    size_t size, const struct lint_file_settings *settings,
		    struct lint_file_facts *ret_facts, struct error *err) must_check;

/*
 * The rest is for the modules that share the rules. One stage as it is at some instruction; a stage
 * that builds on another one begins with that one's.
 */
struct lint_stage {
	bool shipped;	    /* what it has is in the image in the end */
	bool workdir_set;   /* to an absolute path, in this file */
	char *workdir;	    /* NULL where it is not known */
	bool pipefail;	    /* the shell that runs RUN fails with any part of a pipe */
	bool foreign_shell; /* PowerShell, cmd: nothing is said of its commands */
	bool user_set;
	bool user_root;			  /* as far as is known */
	bool pip_cache_off, uv_cache_off; /* by ENV */
	bool uses_curl, uses_wget;
	bool installs;	 /* packages */
	bool cache_kept; /* and leaves a cache of theirs */
	const struct instruction *cmd;
	const struct instruction *entrypoint;
	const struct instruction *healthcheck;
	const struct instruction *user;
};

struct lint_file {
	struct lint *lint;
	size_t target;
	const char *name;
	const char *data;
	size_t size;
	const struct lint_file_settings *settings;
	const struct dockerfile *dockerfile;
	struct stages stages;
	size_t final;		   /* the stage that is built */
	bool upper;		   /* the case that keywords are to have */
	size_t looked_through;	   /* commands, for what becomes of folders */
	struct lint_stage *states; /* one per stage */
	struct variables scope;	   /* where the walk is */
};

struct lint_place lint_file_place(const struct lint_file *file,
				  const struct instruction *instruction, struct span at);
/* The place of the keyword and what stands behind it. */
struct lint_place lint_file_whole(const struct lint_file *file,
				  const struct instruction *instruction);
/* The text with variables replaced; NULL in *ret_text where one of them is not known. The caller
 * frees. */
int lint_file_expand(const struct lint_file *file, const char *text, char **ret_text,
		     struct error *err) must_check;

/* What a RUN, CMD, ENTRYPOINT or health check executes: the text, or heredocs that are scripts. */
int lint_file_script(const struct lint_file *file, const struct instruction *instruction,
		     struct script *ret_script, struct error *err) must_check;

/* The rules on RUN (lintrun.c). */
int lint_run(struct lint_file *file, const struct instruction *run, struct lint_stage *state,
	     struct error *err) must_check;
/* The rules on COPY and ADD, and on the order of things in a stage (lintcopy.c). */
int lint_copy(struct lint_file *file, const struct instruction *copy,
	      const struct lint_stage *state, struct error *err) must_check;
int lint_order(struct lint_file *file, size_t stage, struct error *err) must_check;
/* The rules on the image that comes out (lintfinal.c). */
int lint_final(struct lint_file *file, struct lint_file_facts *facts, struct error *err) must_check;
/* The rules on what lies in the context (lintcontext.c). */
int lint_context(struct lint_file *file, struct lint_file_facts *facts,
		 struct error *err) must_check;

#endif
