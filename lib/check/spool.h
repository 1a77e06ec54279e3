/*
 * Floor 4. Bytes that are written once, in order, and read back from the start: kept in
 * memory up to a limit, beyond it in an unlinked temporary file. So what a search finds
 * and remembers never makes its memory grow with the image.
 *
 * The file lies in $TMPDIR or /tmp; where neither can be written (a read-only root) it is
 * anonymous memory of the kernel's, which is no better than ours, but no worse either.
 */
#ifndef CHECK_SPOOL_H
#define CHECK_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

struct spool {
	char *data;	 /* what is not in the file yet */
	size_t size;	 /* bytes of data */
	size_t capacity; /* internal */
	size_t memory;	 /* limit of data */
	int fd;		 /* -1 until memory did not suffice */
	uint64_t stored; /* bytes in the file */
};

/* Takes neither memory nor a file before the first addition. */
void spool_init(struct spool *spool, size_t memory);
void spool_release(struct spool *spool);
#define auto_spool cleanup_by(spool_release)

uint64_t spool_size(const struct spool *spool);
int spool_add(struct spool *spool, const void *data, size_t size, struct error *err) must_check;
/* Adds all that `from` holds. */
int spool_append(struct spool *spool, const struct spool *from, struct error *err) must_check;

/* Reads a spool that is no longer added to. */
struct spool_reader {
	const struct spool *spool;
	uint64_t offset; /* of the next byte */
	char *data;	 /* a piece of the file */
	uint64_t start;	 /* where that piece stands in the spool */
	size_t size;
};

void spool_reader_init(struct spool_reader *reader, const struct spool *spool);
void spool_reader_release(struct spool_reader *reader);
#define auto_spool_reader cleanup_by(spool_reader_release)

/* Exactly `size` bytes: 1; 0 at the end of the spool; -1 where it ends in between. */
int spool_read(struct spool_reader *reader, void *data, size_t size, struct error *err) must_check;

#endif
