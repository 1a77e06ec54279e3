#include "config.h"

#include "image/gzipsize.h"

#include <assert.h>
#include <limits.h>
#define ZLIB_CONST /* its input is */
#include <zlib.h>

#define GZIP_WINDOW (MAX_WBITS + 16) /* with gzip's header and trailer */
#define GZIP_MEMORY 8		     /* zlib's default */

struct gzip_size {
	z_stream deflate;
	uint64_t bytes;
	unsigned char scratch[64 << 10];
};

int gzip_size_new(struct gzip_size **ret_gzip, struct error *err)
{
	struct gzip_size *gzip = calloc(1, sizeof *gzip);

	if (gzip == NULL)
		return error_memory(err);
	if (deflateInit2(&gzip->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
			 GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return error_memory(err);
	}
	*ret_gzip = gzip;
	return 0;
}

void gzip_size_free(struct gzip_size *gzip)
{
	if (gzip == NULL)
		return;
	(void)deflateEnd(&gzip->deflate);
	free(gzip);
}

/* Until all input is used, and at the end until there is no output any more. */
static void gzip_size_step(struct gzip_size *gzip, int flush)
{
	do {
		gzip->deflate.next_out = gzip->scratch;
		gzip->deflate.avail_out = sizeof gzip->scratch;
		(void)deflate(&gzip->deflate, flush);
		gzip->bytes += sizeof gzip->scratch - gzip->deflate.avail_out;
	} while (gzip->deflate.avail_out == 0);
}

void gzip_size_add(struct gzip_size *gzip, const void *data, size_t size)
{
	assert(size <= UINT_MAX);
	gzip->deflate.next_in = data;
	gzip->deflate.avail_in = (uInt)size;
	gzip_size_step(gzip, Z_NO_FLUSH);
}

uint64_t gzip_size_finish(struct gzip_size *gzip)
{
	gzip_size_step(gzip, Z_FINISH);
	return gzip->bytes;
}
