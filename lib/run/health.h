/*
 * Floor 3. An image's health check as Docker runs it: on its interval, with its timeout, start
 * period and retries; Dockerfile reference, HEALTHCHECK.
 *
 * The container is "starting" until a check succeeds ("healthy") or as many in a row as `retries`
 * have failed ("unhealthy"); failures within the start period do not count. This is the course
 * only: whoever runs the checks says when one has begun and ended.
 */
#ifndef RUN_HEALTH_H
#define RUN_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "image/configuration.h"

/* As much of a check's output as Docker keeps, in bytes. */
#define HEALTH_OUTPUT_MAX 4096
/* Checks and changes that are kept. */
#define HEALTH_RECORDS_MAX 1000

struct health_check {
	uint64_t time; /* nanoseconds since the program's first instruction */
	uint64_t took;
	int status; /* exit status; 128+N for a signal */
	bool timed_out;
	bool at_end; /* made before the stop, for there had been none */
	char *output;
};

struct health_change {
	uint64_t time;
	const char *status; /* static: "starting", "healthy", "unhealthy" */
};

struct health_record {
	const char *status; /* the last; NULL: there is no check, or nothing is known of it */
	struct health_check *checks;
	size_t check_count;
	struct health_change *changes;
	size_t change_count;
	uint64_t total; /* checks, those that were not kept included */
};

struct health {
	struct health_record *record;
	bool active;
	uint64_t interval, timeout, start_period, start_interval; /* nanoseconds */
	uint64_t retries;
	uint64_t streak; /* failures in a row */
	uint64_t next;	 /* of the next check, nanoseconds since the first instruction */
	uint64_t began;	 /* of the one that runs */
	bool runs;
	bool at_end;
};

/* `check` is the image's, `interval` (0: the check's) replaces its interval. Where there is none,
 * or it is NONE, nothing is ever due. */
void health_init(struct health *health, struct health_record *record,
		 const struct healthcheck *check, uint64_t interval);

/* When something is to be done next, in nanoseconds since the first instruction: a check begins, or
 * the one that runs has had its time. UINT64_MAX: nothing. */
uint64_t health_due(const struct health *health);
void health_begin(struct health *health, uint64_t now, bool at_end);
/* Takes `output` over; NULL for none. */
void health_end(struct health *health, uint64_t now, int status, bool timed_out, char *output);

void health_record_release(struct health_record *record);

#endif
