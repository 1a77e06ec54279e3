/*
 * Floor 2. How many bytes gzip makes of others (RFC 1952; zlib's default level, which is what
 * engines push with). Nothing is kept of them.
 */
#ifndef IMAGE_GZIPSIZE_H
#define IMAGE_GZIPSIZE_H

#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

struct gzip_size;

int gzip_size_new(struct gzip_size **ret_gzip, struct error *err) must_check;
void gzip_size_free(struct gzip_size *gzip);

void gzip_size_add(struct gzip_size *gzip, const void *data, size_t size);
/* Once, after the last of them. */
uint64_t gzip_size_finish(struct gzip_size *gzip);

#endif
