/*
 * Floor 3. What a program wrote to a writable root, as a list of paths.
 */
#ifndef RUN_WRITES_H
#define RUN_WRITES_H

#include <jansson.h>

#include "attributes.h"
#include "base/error.h"
#include "run/container.h"

/* Paths that are kept; more are left out. */
#define WRITES_MAX 10000

/* `what` is static. The path is copied. */
int writes_add(struct write_list *list, const char *path, const char *what, uint64_t bytes,
	       struct error *err) must_check;
void writes_release(struct write_list *list);

/* Leaves out mount points and the folders above them. `mounts` ends in NULL. */
void writes_drop_mounts(struct write_list *list, const char *const *mounts);
/* Leaves out what those who set up the container put there. */
void writes_drop_own(struct write_list *list, const char *working_dir);
/* By path: folders and engines list in an order of their own, which differs from host to host. Of
 * several with one path one stays. */
void writes_sort(struct write_list *list);

/*
 * The answer to GET /containers/ID/changes, Docker's Engine API: a list of {Path, Kind}, or null.
 * A changed folder is left out where something below it is listed, for that is its change.
 */
int writes_of_changes(struct write_list *list, const json_t *changes, struct error *err) must_check;

/*
 * What an engine calls changes lacks a file that was made and removed again. Where its folder for
 * the container's writes can be seen from here, each folder in it that has changed since then
 * (nanoseconds since 1970), and below which nothing is listed, is added.
 */
int writes_of_upper(struct write_list *list, const char *upper, uint64_t since,
		    struct error *err) must_check;

#endif
