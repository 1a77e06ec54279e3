/*
 * Floor 2. Names of entries as layers have them, made what struct entry promises (layer.h):
 * cleaned, and markers told from files. For those that read entries from somewhere.
 */
#ifndef IMAGE_ENTRY_H
#define IMAGE_ENTRY_H

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "image/layer.h"

/* A name longer than this is no path that Linux could hold, and no reason to lose memory: the
 * maximum of the buffers below. */
#define ENTRY_PATH_MAX ((size_t)1 << 20)

/* Cleans `raw` into the buffer, to which the entry then points. The entry has its type, which
 * becomes a marker's where the name is one. */
int entry_set_path(struct entry *entry, const char *raw, struct buf *buf,
		   struct error *err) must_check;
/* After that, for links: where it leads. NULL counts as "". */
int entry_set_target(struct entry *entry, const char *raw, struct buf *buf,
		     struct error *err) must_check;

#endif
