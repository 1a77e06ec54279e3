/*
 * Floor 3. Users and groups of a container as this side has them; user_namespaces(7), subuid(5).
 *
 * Root's containers have this side's ids. An ordinary user's have the ids that are subordinate to
 * him, where he has some and newuidmap(1) is there: he is the container's root, and the others are
 * his subordinates, as in a rootless engine. Otherwise one id can be mapped, and the image's user
 * is he.
 */
#ifndef RUN_IDMAP_H
#define RUN_IDMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

enum idmap_kind { IDMAP_HOST, IDMAP_SUBORDINATE, IDMAP_SINGLE };

struct idmap {
	enum idmap_kind kind;
	uint64_t first_uid, uids; /* the subordinate ones: from 1 on in the container */
	uint64_t first_gid, gids;
};

/* What this process may map. */
struct idmap idmap_find(void);
/* "host", "subordinate", "single". */
const char *idmap_name(enum idmap_kind kind);

/* The lines of a subuid file: the longest range of `name` or `id`. False: there is none. */
bool idmap_range(const char *text, const char *name, uid_t id, uint64_t *ret_first,
		 uint64_t *ret_count);

/* Writes the maps of a process in a new user namespace of its own. `uid` and `gid` are what the
 * caller is there, where a single one is mapped. */
int idmap_write(const struct idmap *map, pid_t pid, uid_t uid, gid_t gid,
		struct error *err) must_check;

/*
 * Runs `work` as the root of a new user namespace with subordinate ids, in a process of its own,
 * and waits for it. Its error comes back.
 */
int idmap_run(const struct idmap *map, int (*work)(void *context, struct error *err), void *context,
	      struct error *err) must_check;

#endif
