/*
 * Floor 3. COMMAND: a program of this side that runs in a container's network.
 *
 * A guard process stands between: it adopts what COMMAND leaves behind and ends it, and the kernel
 * tells it when its parent is killed, so that COMMAND ends in every case.
 */
#ifndef RUN_COMMAND_H
#define RUN_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"
#include "base/notify.h"

struct command {
	pid_t guard; /* our child; 0: there is none */
	int errors;  /* internal: a pipe */
	struct notify notify;
};

struct command_place {
	pid_t pid;	      /* of the container's process, on this side */
	bool user_namespace;  /* the right to enter belongs to its user namespace */
	bool quiet;	      /* what it prints is thrown away */
	const sigset_t *mask; /* signals that it starts with blocked */
};

void command_init(struct command *command);
/* `argv` ends in NULL. In its environment SEATRIAL_PID is the container's process, and
 * NOTIFY_SOCKET is where it may say that the container is ready. Its standard output is our
 * standard error. */
int command_start(struct command *command, char *const *argv, const struct command_place *place,
		  struct error *err) must_check;
/* The guard has ended with what waitpid says: COMMAND's exit status, 128+N for a signal; the errno
 * with which it could not be run (0: it ran); and when the container was ready, on CLOCK_MONOTONIC:
 * when COMMAND said so, or it succeeded without a word; else 0. */
void command_take(struct command *command, int wait_status, int *ret_status, int *ret_error,
		  uint64_t *ret_ready);
/* Asks for its end. */
void command_end(const struct command *command);
/* Ends it and whatever it has left, and waits for that. No other child of this process may be
 * alive. */
void command_release(struct command *command);

#endif
