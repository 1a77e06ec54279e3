/*
 * Floor 3. The inside of the sandbox: from a new set of namespaces to the program's execve.
 *
 * The semantics are those of `docker run --read-only --network none`: an overlay over the unpacked
 * image as root, remounted read-only; /proc, /sys, a small /dev; /etc/hosts, /etc/hostname and
 * /etc/resolv.conf files of their own; the image's volumes writable; nothing else. Mounts
 * exist in the sandbox's mount namespace only and end with it.
 */
#ifndef RUN_SANDBOX_H
#define RUN_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"
#include "run/account.h"
#include "run/cgroup.h"
#include "run/ulimit.h"

struct sandbox {
	const char *directory; /* of the unpacked image, see rootcache.h */
	const char *hostname;
	const char *working_dir;
	char *const *argv;
	char *const *env;
	const struct account *account;
	char *const *volumes; /* each ends in NULL */
	char *const *tmpfs;
	char *const *read_only_paths;
	const struct cgroup *cgroup; /* that further programs are put into; may be NULL */
	const struct ulimit *ulimits;
	size_t ulimit_count;
	bool no_new_privileges;
	bool writable;
	bool traced;
	bool compat;	 /* the image is of the machine's 32-bit kind */
	bool privileged; /* started by root: no user namespace */
	bool has_groups; /* groups can be set */
	int channel;	 /* a socket to the supervisor */
	int out, err;	 /* the program's standard output and error */
};

/* What the sandbox says on its channel, one datagram each, before the channel closes at execve. */
enum sandbox_message { SANDBOX_READY = 'r', SANDBOX_FAILED = 'f', SANDBOX_NOT_EXECUTED = 'x' };

/*
 * In the new process, first in its namespaces: waits for a byte on the channel, sets everything up
 * and becomes the program. SANDBOX_READY carries a descriptor of the overlay's upper directory.
 * Does not return.
 */
_Noreturn void sandbox_enter(const struct sandbox *sandbox);

/* In a process that has entered all namespaces of a running container: waits for a byte on the
 * channel and becomes a further program there. Why it could not goes to its standard error. */
_Noreturn void sandbox_join(const struct sandbox *sandbox);

#endif
