/*
 * Floor 2. A set of named byte strings: a directory, or the members of a tar archive that is
 * indexed once by its headers. A compressed archive, and one that comes as a stream, is first
 * spooled into an unlinked temporary file ($TMPDIR), so that it can be seeked; memory stays
 * constant. Or what a pass over a stream has left (pass.h).
 *
 * Names are members.h's. Nothing outside a directory store is ever opened.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "image/pass.h"
#include "image/stream.h"

struct store;

/* Directory or archive, told by what `path` is; "-" is standard input. */
int store_open(const char *path, struct store **ret_store, struct error *err) must_check;
/* An archive that is spooled; `name` is what errors call it. */
int store_of_stream(struct stream *stream, const char *name, struct store **ret_store,
		    struct error *err) must_check;
/* What a pass has left; taken over in any case. */
int store_of_pass(struct pass *pass, struct store **ret_store, struct error *err) must_check;
/* Would standard input have to be spooled? */
bool store_must_spool_input(void);
void store_free(struct store *store);
static inline void store_free_pointer(struct store **place)
{
	store_free(*place);
}
#define auto_store cleanup_by(store_free_pointer)

bool store_is_directory(const struct store *store);
/* Is there a regular file of this name, links followed? */
bool store_has(const struct store *store, const char *name);
/* Its bytes; the caller closes. ERROR_MISSING where it is not there. Thread-safe. */
int store_open_member(const struct store *store, const char *name, struct stream **ret_stream,
		      uint64_t *ret_size, struct error *err) must_check;
/* All of it, into an initialised buffer. */
int store_read(const struct store *store, const char *name, struct buf *buf,
	       struct error *err) must_check;

#endif
