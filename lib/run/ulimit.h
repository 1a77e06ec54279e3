/*
 * Floor 3. Limits of resources, in the words of `docker run --ulimit`; setrlimit(2).
 */
#ifndef RUN_ULIMIT_H
#define RUN_ULIMIT_H

#include <sys/resource.h>

#include "attributes.h"
#include "base/error.h"

struct ulimit {
	const char *name; /* static: "nofile" */
	int resource;
	rlim_t soft, hard;
};

#define ULIMITS_MAX 16

/* "NAME=SOFT[:HARD]"; -1 is no limit, and a missing HARD is SOFT. ERROR_USAGE says what is wrong.
 */
int ulimit_parse(const char *text, struct ulimit *ret_limit, struct error *err) must_check;

#endif
