/*
 * Floor 3. What the sandbox is to run: an image and the options, worked out.
 */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include "attributes.h"
#include "base/error.h"
#include "image/image.h"
#include "run/account.h"
#include "run/container.h"
#include "run/idmap.h"
#include "run/ulimit.h"

struct plan {
	char *directory; /* of the unpacked image, see rootcache.h; NULL: none yet */
	int use;	 /* with a directory: keeps it there */
	struct idmap map;
	struct account account;
	struct strings argv;  /* owned lists, each ends in NULL */
	struct strings check; /* what the health check runs */
	struct strings env;
	struct strings volumes;
	struct strings tmpfs;
	struct strings read_only_paths;
	struct ulimit ulimits[ULIMITS_MAX];
	size_t ulimit_count;
	bool compat; /* an image of the machine's 32-bit kind */
};

/* Unpacks the image where it is not in the cache yet. What is known of the run before it begins
 * goes on record. The plan must be zeroed, and is released in any case. */
int plan_make(struct plan *plan, const struct image *image, const struct container_options *options,
	      struct container_record *record, struct error *err) must_check;
void plan_release(struct plan *plan);

#endif
