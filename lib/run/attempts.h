/*
 * Floor 3. Attempts to write, each once, with how often it was made.
 */
#ifndef RUN_ATTEMPTS_H
#define RUN_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "run/calls.h"

/* Distinct attempts that a list keeps; more are only counted. */
#define ATTEMPTS_MAX 10000
/* Their texts, in bytes: a path may have 4095. */
#define ATTEMPTS_BYTES_MAX ((size_t)2 << 20)

struct attempt {
	uint64_t time; /* nanoseconds since the program's first instruction */
	pid_t pid;     /* as the container sees it */
	char *process; /* its name in /proc/PID/comm */
	char *executable;
	const char *call; /* static */
	enum effect effect;
	char *path;   /* absolute, as the container sees it, links resolved */
	char *from;   /* of a rename: the other name; else NULL */
	int error;    /* errno; 0: it succeeded */
	bool on_root; /* on the container's root, and not on another mount */
	uint64_t count;
};

struct attempts {
	struct attempt *items;
	size_t count;
	size_t capacity;
	size_t bytes;	/* of their texts */
	uint64_t total; /* with repetitions, and those that were not kept */
	size_t *slots;	/* internal: by hash; 0 is free, else a position + 1 */
	size_t slot_count;
};

/* Counts one that is there: the same pid, call, path and error. NULL: there is none. */
struct attempt *attempts_again(struct attempts *attempts, const struct attempt *attempt);
/* No new one would be kept. */
bool attempts_full(const struct attempts *attempts);
/* Adds a new one and takes its texts over, also where it is not kept. */
void attempts_add(struct attempts *attempts, struct attempt *attempt);
void attempts_release(struct attempts *attempts);
void attempt_release(struct attempt *attempt);
#define auto_attempt cleanup_by(attempt_release)

#endif
