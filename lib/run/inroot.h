/*
 * Floor 3. Paths inside a root directory that is not the process's own, and the end of trees of
 * them.
 */
#ifndef RUN_INROOT_H
#define RUN_INROOT_H

#include "attributes.h"

/* Opens a path inside the root `root_fd`, links resolved as if it were "/". -1 with errno. */
int inroot_open(int root_fd, const char *path, int flags, unsigned mode);

/* Removes a name in the directory `parent`, and what is below it where it is a directory; nothing
 * there is no failure. No link is followed. -1 with errno. */
int inroot_remove(int parent, const char *name);

#endif
