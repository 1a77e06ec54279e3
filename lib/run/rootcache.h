/*
 * Floor 3. Root file systems, each unpacked once into a cache.
 *
 * CACHE/roots/KEY/root holds one; KEY is the ChainID of the layers, so that images which share
 * their layers share it, and who unpacked it: root and who has subordinate ids give files their
 * owners, others cannot. Every layer is verified while it is unpacked. The directory appears under
 * its name only when complete; a lock lets several runs at a time share it. Each build makes
 * another image: whoever unpacks one removes those that were used least lately, but for a few and
 * for those that are in use.
 */
#ifndef RUN_ROOTCACHE_H
#define RUN_ROOTCACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "image/image.h"
#include "run/idmap.h"

/*
 * `cache` NULL is $XDG_CACHE_HOME/seatrial or ~/.cache/seatrial. The image must be opened as
 * unpack.h says. `map` is who unpacks. *ret_directory is CACHE/roots/KEY; the caller frees it. As
 * long as *ret_use is open it stays there; the caller closes it.
 */
int rootcache_get(const struct image *image, const char *cache, const struct idmap *map,
		  char **ret_directory, int *ret_use, struct error *err) must_check;

/* Removes all that the cache holds, what belongs to subordinate ids included. Not while somebody
 * uses it. No cache is no failure. */
int rootcache_clear(const char *cache, const struct idmap *map, struct error *err) must_check;

/* Of a list of folders; a buffer for it needs no more. */
#define ROOTCACHE_FOLDERS_MAX ((size_t)64 << 20)
/* Reads which layer made which folder. */
int rootcache_folders(const char *directory, struct buf *folders, struct error *err) must_check;
/* Which layer (0 is the lowest) made the folder `path`, or the nearest one above it that a layer
 * made. False: there is no saying. */
bool rootcache_layer_of(const struct buf *folders, const char *path, size_t *ret_layer);

#endif
