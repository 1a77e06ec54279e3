/*
 * Floor 3. The stages of a Dockerfile and the variables in their scopes, as BuildKit has them.
 *
 * ARGs before the first FROM are global: FROM sees them, and a stage only those that it declares
 * again. FROM also sees BUILDPLATFORM, TARGETPLATFORM and their parts. An ARG without a value is
 * not set, and what depends on it is not known. A base that has the name of an earlier stage is
 * that stage; names do not regard case.
 */
#ifndef FILE_STAGES_H
#define FILE_STAGES_H

#include "file/dockerfile.h"
#include "file/variables.h"
#include "image/platform.h"

#define STAGE_NONE ((size_t)-1)
/* More are refused. */
#define STAGES_MAX 1000

struct build_settings {
	const struct variables *args; /* --build-arg; borrowed */
	struct platform platform;     /* the target's; the builder's is this machine's */
};

struct stage {
	const struct instruction *from; /* borrowed from the Dockerfile */
	char *name;			/* in lower case; NULL for none */
	char *base;    /* expanded; what could be expanded where `unknown` is set */
	char *unknown; /* NULL, or the variable that the base depends on */
	char *problem; /* NULL, or why BuildKit refuses this FROM */
	size_t parent; /* the stage that it builds on, or STAGE_NONE */
	bool scratch;
	struct variables variables; /* at its end */
};

struct stages {
	struct stage *items;
	size_t count;
	struct variables globals;
};

/* Borrows from the Dockerfile. The stages may not move afterwards. ERROR_INPUT "NAME:LINE: what"
 * for a global ARG that cannot be expanded, since all stages may depend on it. */
int stages_resolve(const struct dockerfile *dockerfile, const char *name,
		   const struct build_settings *settings, struct stages *ret_stages,
		   struct error *err) must_check;
void stages_release(struct stages *stages);
#define auto_stages cleanup_by(stages_release)

/* ERROR_INPUT "NAME:LINE[:COLUMN]: what" for what builders refuse: instructions that are unknown or
 * lack words, times that are none, stages that cannot be. */
int stages_check(const struct stages *stages, const struct dockerfile *dockerfile, const char *name,
		 struct error *err) must_check;

/* The last of the first `limit` stages with that name, or STAGE_NONE. */
size_t stages_find(const struct stages *stages, size_t limit, const char *name);

/* The stage of that name or number; the last one where `wanted` is NULL. ERROR_USAGE "NAME: …"
 * where there is none. */
int stages_choose(const struct stages *stages, const char *wanted, const char *name,
		  size_t *ret_stage, struct error *err) must_check;

/* The variables at the start of a stage: those of the one it builds on, which must live on. */
void stage_scope_begin(const struct stages *stages, size_t stage, struct variables *ret_scope);
/* What ARG and ENV make of them; nothing for other instructions. */
int stage_scope_apply(const struct stages *stages, const struct dockerfile *dockerfile,
		      const struct build_settings *settings, const struct instruction *instruction,
		      struct variables *scope, struct error *err) must_check;

/* A word of an instruction with variables replaced; NULL in *ret_text where one of them is not
 * known, or the word is malformed. The caller frees. */
int stage_expand(const struct dockerfile *dockerfile, const struct variables *scope,
		 const char *text, char **ret_text, struct error *err) must_check;

#endif
