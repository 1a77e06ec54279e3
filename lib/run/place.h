/*
 * Floor 3. Where a path of a process leads, as the process sees it: relative to its working
 * directory or a descriptor, below its own root, through symbolic links.
 */
#ifndef RUN_PLACE_H
#define RUN_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"

enum place_where {
	PLACE_ROOT,	 /* on the container's root */
	PLACE_ELSEWHERE, /* on another mount: a volume, a tmpfs, /dev */
	PLACE_KERNEL,	 /* /proc and /sys, which refuse writes whatever the root is */
	PLACE_UNKNOWN,	 /* it cannot be told */
};

struct place {
	char *path; /* absolute, links resolved as far as it exists; the owner frees */
	enum place_where where;
	bool there;	   /* there is something */
	bool is_storage;   /* and it is a file, a directory or a link: no device, no pipe */
	bool parent_there; /* there is nothing, but the directory that would hold it is */
};

/* The root's mount as it was when the program began. */
struct place_root {
	uint64_t mount;
	bool known;
};

/* `pid` must be stopped, and stand before its execve or behind. */
void place_root_find(pid_t pid, struct place_root *ret_root);

/*
 * `directory` is a descriptor of the process, or AT_FDCWD; `path` is what it gave ("" for the
 * descriptor itself). `follow`: a link at the end, too. False: there is no saying where, or no
 * memory.
 */
bool place_find(const struct place_root *root, pid_t pid, int directory, const char *path,
		bool follow, struct place *ret_place);
void place_release(struct place *place);
#define auto_place cleanup_by(place_release)

#endif
