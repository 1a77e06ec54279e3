/*
 * Floor 4. What ADD and build contexts can fetch: files over HTTP, repositories of Git, and
 * whether they are pinned.
 */
#ifndef CHECK_REMOTESOURCE_H
#define CHECK_REMOTESOURCE_H

#include <stdbool.h>

#include "check/pins.h"

enum remote_kind { REMOTE_NONE, REMOTE_HTTP, REMOTE_GIT };

/* As BuildKit tells them: "https://host/x.git#ref", "git@host:x", "ssh://…" are Git. */
enum remote_kind remote_kind(const char *source);

/* Adds a remote source; `checksum` is what --checksum says, NULL for none. */
int remote_add(struct pins *pins, const struct pin_place *place, enum remote_kind kind,
	       const char *raw, const char *source, const char *checksum,
	       struct error *err) must_check;

#endif
