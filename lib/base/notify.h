/*
 * Floor 0. "I am ready", as sd_notify(3) has it: a datagram READY=1 to the socket that
 * NOTIFY_SOCKET names.
 *
 * The kernel notes when it came, so nobody has to listen at that moment.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

struct notify {
	int socket;    /* -1: there is none */
	char path[96]; /* for NOTIFY_SOCKET: in a folder of its own below $TMPDIR */
};

#define NOTIFY_INIT ((struct notify) { .socket = -1 })

int notify_open(struct notify *notify, struct error *err) must_check;
/* The first READY=1 that came: nanoseconds on CLOCK_MONOTONIC; 0 for none. */
uint64_t notify_ready_at(const struct notify *notify);
/* Takes the socket's name away. Any process may do it that can reach the path. */
void notify_unlink(const struct notify *notify);
void notify_release(struct notify *notify);
#define auto_notify cleanup_by(notify_release)

/* To whoever waits for it; false where nobody does. */
bool notify_send_ready(void);

#endif
