/*
 * Floor 3. Containers that a killed run left in an engine. Each container of ours has labels that
 * say which process it belongs to; one whose process is gone may be removed by anybody.
 */
#ifndef RUN_ENGINESWEEP_H
#define RUN_ENGINESWEEP_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

#define SWEEP_LABEL_PROGRAM "seatrial.program"
#define SWEEP_LABEL_OWNER   "seatrial.owner"
#define SWEEP_PROGRAM	    "ro-run"

/* This process: the boot, the PID namespace, the number and the start of it. */
int sweep_owner(char owner[160], struct error *err) must_check;

/* The path that lists the containers of all runs. */
extern const char sweep_path[];

/* The item of that list belongs to a process that is gone. What cannot be known is left alone. */
bool sweep_is_left(const json_t *container, const char *owner);

#endif
