/*
 * Floor 3. Root file systems, each unpacked once into a cache.
 *
 * CACHE/roots/KEY/root holds one; KEY is the ChainID of the layers, so that images which share
 * their layers share it, and who unpacked it, for only root can give files their owners. Every
 * layer is verified while it is unpacked. The directory appears under its name only when complete;
 * a lock lets several runs at a time share it.
 */
#ifndef RUN_ROOTCACHE_H
#define RUN_ROOTCACHE_H

#include <stddef.h>

#include "attributes.h"
#include "base/error.h"
#include "image/image.h"

/*
 * `cache` NULL is $XDG_CACHE_HOME/seatrial or ~/.cache/seatrial. The image must be opened as
 * unpack.h says. *ret_directory is CACHE/roots/KEY; the caller frees it.
 */
int rootcache_get(const struct image *image, const char *cache, char **ret_directory,
		  struct error *err) must_check;

/* Which layer (0 is the lowest) made the folder `path`, or the nearest above it that one did. -1:
 * none did, or there is no saying. */
int rootcache_layer_of(const char *directory, const char *path, size_t *ret_layer);

#endif
