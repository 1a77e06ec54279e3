/*
 * Floor 3. An image's root file system, unpacked once into a cache.
 *
 * CACHE/roots/KEY/root holds it; KEY is the image ID (the digest of the configuration, which
 * fixes every diff_id) and who unpacked it, for only root can give files their owners. Every layer
 * is verified while it is unpacked. The directory appears under its name only when complete; a lock
 * lets several runs at a time share it.
 *
 * Nothing is written outside the root: parents are resolved by openat2 with RESOLVE_IN_ROOT, or step
 * by step where there is none; entries with ".." are left out.
 */
#ifndef RUN_UNPACK_H
#define RUN_UNPACK_H

#include "attributes.h"
#include "base/error.h"
#include "image/image.h"

/*
 * `cache` NULL is $XDG_CACHE_HOME/seatrial or ~/.cache/seatrial. The image must have been opened
 * with .verify and .threads = 1: layers are applied in order. *ret_directory is CACHE/roots/KEY;
 * the caller frees it.
 */
int unpack_image(const struct image *image, const char *cache, char **ret_directory,
		 struct error *err) must_check;

/* Opens a path inside the root `root_fd`, links resolved as if it were "/". -1 with errno. */
int unpack_open_in_root(int root_fd, const char *path, int flags, unsigned mode);

#endif
