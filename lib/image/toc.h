/*
 * Floor 2. Tables of contents of layers: what is in a layer of a registry, known by a few kilobytes
 * of it. eStargz (stargz-snapshotter, docs/estargz.md; also with the footer of stargz before it)
 * and zstd:chunked (containers/storage, docs/containers-storage-zstd-chunked.md).
 *
 * A table counts only where it hashes to what the layer's descriptor says of it, and all of it is
 * read and checked before the first entry is handed out. Then its entries are those of the layer,
 * the table's own member of an eStargz layer included: in the same order, with the same names. Of
 * the layer's bytes a table proves nothing.
 *
 * What can't be used is no failure, for the layer itself is there to be read: annotations that are
 * malformed or point outside, a footer that is none, a registry that gives no ranges, a table that
 * is too big, of another version, or holds what this reader doesn't know. A table that is wrong is
 * one: ERROR_INPUT.
 */
#ifndef IMAGE_TOC_H
#define IMAGE_TOC_H

#include <jansson.h>
#include <stdint.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/layer.h"

/* Tables above this, compressed or not, are not used. An entry has 200 to 600 bytes, so this is
 * room for 100 000 and more of them; and each thread may hold one table. */
#define TOC_SIZE_MAX ((size_t)64 << 20)

/* What the descriptor of a layer says of its table. */
struct toc_place {
	enum layer_table table; /* LAYER_WHOLE: there is none */
	struct digest digest;	/* of the JSON (eStargz), of the compressed JSON (zstd:chunked) */
	uint64_t offset;	/* the rest: zstd:chunked only */
	uint64_t stored_size;
	uint64_t unpacked_size;
};

/* From the annotations of a descriptor; NULL for none. */
void toc_find(const json_t *annotations, struct toc_place *ret_place);

/* The layer's stored bytes. */
struct toc_input {
	const char *name; /* stands in errors */
	uint64_t size;
	void *context;
	/* `size` bytes from `offset` into an initialised, empty buffer that takes no more;
	 * ERROR_MISSING where there are no ranges to be had */
	int (*read)(void *context, uint64_t offset, size_t size, struct buf *buf,
		    struct error *err);
};

struct toc;

/* NULL in *ret_toc: it can't be used. The input is used during the call only. */
int toc_open(const struct toc_place *place, const struct toc_input *input, struct toc **ret_toc,
	     struct error *err) must_check;
void toc_free(struct toc *toc);
static inline void toc_free_pointer(struct toc **place)
{
	toc_free(*place);
}
#define auto_toc cleanup_by(toc_free_pointer)

/* 1 and the next entry (borrowed until the next call), 0 at the end. */
int toc_next(struct toc *toc, const struct entry **ret_entry) must_check;
/* .table, .table_size and .entries. */
void toc_totals(const struct toc *toc, struct layer_totals *ret_totals);

#endif
