/*
 * Floor 3. The mounts of the sandbox, made in a mount namespace of its own.
 */
#ifndef RUN_MOUNTS_H
#define RUN_MOUNTS_H

#include "attributes.h"
#include "base/error.h"
#include "run/sandbox.h"

/* From the folder of the unpacked image to a whole root at mnt/merged in it, which is the working
 * directory's afterwards; the upper directory of the overlay is mnt/upper. */
int mounts_make(const struct sandbox *sandbox, struct error *err) must_check;

#endif
