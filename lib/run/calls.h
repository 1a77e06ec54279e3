/*
 * Floor 3. The system calls that can change a file system: which they are, where their paths stand
 * among their arguments, and the seccomp filter that stops these and no others.
 *
 * A call that libseccomp does not know could write unseen. It does not exist for the program
 * (ENOSYS, as in Docker's profile), and the tracer is told of it; the same holds for the entry
 * points of other kinds of machines (32-bit and x32 on x86-64). What Docker's profile denies to a
 * container without CAP_SYS_ADMIN is denied here: io_uring, which would go past the filter, and new
 * namespaces, in which mounts have other names. A listener of the program's own could let calls go
 * on unseen: there can be one for a tree of processes, and it is said that there is one (EBUSY).
 */
#ifndef RUN_CALLS_H
#define RUN_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

/* What a call does to a path where it succeeds. */
enum effect {
	EFFECT_MAKES,
	EFFECT_CHANGES,
	EFFECT_DELETES,
	EFFECT_ASKS,   /* for the right to write */
	EFFECT_MOUNTS, /* never allowed, whatever the root is */
};

enum path_kind {
	PATH_NONE,
	PATH_PLAIN,  /* the argument is the path */
	PATH_AT,     /* the same, and the argument before it is a directory's descriptor */
	PATH_FD,     /* the argument is a descriptor */
	PATH_SOCKET, /* the argument is a struct sockaddr, the next its size */
};

struct call_path {
	enum path_kind kind;
	unsigned char argument;
	enum effect effect;
	bool follows; /* a link at its end */
};

enum call_kind {
	CALL_PLAIN,
	CALL_OPENS,  /* `flags` is an argument with open's flags */
	CALL_OPENS2, /* argument 2 is a struct open_how */
	CALL_ASKS,   /* `flags` is an argument with access's mode */
	CALL_MAPS,   /* mmap: shared and writable, of a file */
};

#define CALL_PATHS_MAX 2

struct call {
	const char *name;
	struct call_path paths[CALL_PATHS_MAX];
	enum call_kind kind;
	unsigned char flags;	/* the argument that `kind` speaks of */
	unsigned char at_flags; /* the argument that may hold AT_SYMLINK_NOFOLLOW; 0 for none */
	int number;		/* of a call that libseccomp does not know by name; 0: it does */
};

/* What the filter tells the tracer, besides a position in the table. */
#define CALL_FORKS   0x7ffd /* a new process or thread */
#define CALL_UNKNOWN 0x7ffe /* nobody knows this call */
#define CALL_FOREIGN 0x7fff /* by the entry point of another kind of machine */

/* NULL: no such position, or another call than the one that `number` is for machines of the kind
 * `arch` (AUDIT_ARCH_...): a filter of the program's own has asked for a tracer. */
const struct call *call_at(unsigned long index, uint32_t arch, uint64_t number);
/* The same for the other three. */
bool call_is_foreign(uint32_t arch, uint64_t number);
bool call_is_unknown(uint32_t arch, uint64_t number);
bool call_forks(uint32_t arch, uint64_t number);

/* In the program's own process, before execve. Needs CAP_SYS_ADMIN there. `compat`: programs of the
 * 32-bit kind are followed, for an image of that kind; else they do not run. */
int calls_load_filter(bool compat, struct error *err) must_check;

#endif
