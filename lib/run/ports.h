/*
 * Floor 3. The ports on which a container listens.
 */
#ifndef RUN_PORTS_H
#define RUN_PORTS_H

#include <sys/types.h>

#include "run/container.h"

/* Adds those that are open now in the network of the process `pid`. */
void ports_sample(struct container_record *record, pid_t pid);

#endif
