/*
 * Floor 3. A further program in a running container, as `docker exec` starts one: with the
 * container's user, environment and working directory, under the same filter.
 */
#ifndef RUN_JOIN_H
#define RUN_JOIN_H

#include "attributes.h"
#include "base/error.h"
#include "run/sandbox.h"
#include "run/trace.h"

struct joined {
	pid_t pid;  /* our child; 0: there is none */
	int output; /* of both its streams, to be read without waiting; -1 at its end */
};

void joined_init(struct joined *joined);
/*
 * `like` is what the container was started with; its argv is another. `container` is its first
 * process. `trace` NULL: nothing is traced. A program that cannot be executed ends with 126 or 127,
 * and its output says why. Fails where the container is going down.
 */
int joined_start(struct joined *joined, const struct sandbox *like, pid_t container,
		 struct trace *trace, struct error *err) must_check;
/* Asks for its end. */
void joined_kill(const struct joined *joined);
/* It has been waited for; its output is closed. */
void joined_release(struct joined *joined);

#endif
