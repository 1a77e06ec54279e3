/*
 * Floor 4. Whether an entry of a layer is still there in the final file system.
 *
 * Every layer writes a log, in archive order: eight bytes for each thing in it that can
 * remove or replace a lower path (an entry, a whiteout, an opaque directory), a keyed hash
 * of the path and what it was. The logs are joined in layer order and spill to a temporary
 * file, so memory does not grow with the image. Questions are answered many at a time, by
 * one pass over the log.
 *
 * The rules are those of the OCI image specification, layer.md: a whiteout removes its path
 * and all below it from lower layers, whatever its place in its own layer; an opaque marker
 * removes all below its directory from lower layers; an entry replaces the same path in
 * lower layers and earlier in its own; what is no directory removes all that was below its
 * path. Of an entry that appears twice in a layer the last counts.
 *
 * The hash is SipHash-1-3 with a random key, so that no image can be made in which one name
 * hides another; 61 bits of it are kept.
 */
#ifndef CHECK_SURVIVAL_H
#define CHECK_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "check/spool.h"
#include "image/layer.h"

struct survival_key {
	uint64_t words[2];
};

int survival_key_new(struct survival_key *ret_key, struct error *err) must_check;

/* One layer's log; used by one thread. */
struct survival_log {
	struct survival_key key;
	bool links; /* also remember who is a hard link of whom: for content */
	struct spool events;
	uint64_t count;
};

void survival_log_init(struct survival_log *log, const struct survival_key *key, bool links);
void survival_log_release(struct survival_log *log);

/*
 * Notes an entry. *ret_place is its place in the log, to be handed back in a question;
 * SURVIVAL_OUTSIDE for one that is no part of the file system (unsafe, bookkeeping).
 */
#define SURVIVAL_OUTSIDE UINT64_MAX
int survival_log_add(struct survival_log *log, const struct entry *entry, uint64_t *ret_place,
		     struct error *err) must_check;

/* All layers' logs. */
struct survival {
	struct survival_key key;
	struct spool events;
};

void survival_init(struct survival *survival, const struct survival_key *key);
void survival_release(struct survival *survival);
/* Layers must come in order, the lowest first. */
int survival_join(struct survival *survival, size_t layer, const struct survival_log *log,
		  struct error *err) must_check;

enum fate {
	FATE_FINAL,    /* it is there in the end */
	FATE_LINKED,   /* this name is gone, but a hard link keeps the content */
	FATE_DELETED,  /* a whiteout or an opaque directory removed it */
	FATE_REPLACED, /* another entry took its place */
	FATE_OUTSIDE,  /* it never was part of the file system */
};

struct survival_question {
	const char *path;
	size_t layer;
	uint64_t place;
	bool content; /* ask for the content, under whatever name */
	/* the answer */
	enum fate fate;
	size_t gone_layer; /* who removed it, for DELETED and REPLACED */
	char *linked_path; /* for LINKED; survival_questions_release frees it */
};

/* Answers all questions. */
int survival_ask(const struct survival *survival, struct survival_question *questions, size_t count,
		 struct error *err) must_check;
void survival_questions_release(struct survival_question *questions, size_t count);

#endif
