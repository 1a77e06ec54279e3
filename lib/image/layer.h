/*
 * Floor 2. The entries of one layer: OCI image specification, layer.md.
 *
 * A layer is a tar of changes. Paths come out normalised: no leading "/" or "./", no
 * doubled or trailing "/", no "." components; the root directory itself is "". An entry
 * with a ".." component keeps it, is marked unsafe and is no part of the file system.
 * Markers are told from files here, once: ".wh.NAME" is a whiteout of NAME,
 * ".wh..wh..opq" makes its directory opaque; other ".wh..wh." names are AUFS
 * bookkeeping and ENTRY_OTHER; a bare ".wh.", ".wh.." and ".wh..." name nothing that could be
 * deleted and are ENTRY_OTHER, too.
 */
#ifndef IMAGE_LAYER_H
#define IMAGE_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/stream.h"

enum entry_type {
	ENTRY_FILE,
	ENTRY_DIRECTORY,
	ENTRY_SYMLINK,
	ENTRY_HARDLINK, /* another name of `target`, which may lie in a lower layer */
	ENTRY_CHARACTER,
	ENTRY_BLOCK,
	ENTRY_FIFO,
	ENTRY_WHITEOUT, /* `path` is what it deletes */
	ENTRY_OPAQUE,	/* `path` is the directory whose lower content it hides */
	ENTRY_OTHER,
};

/* Valid until the next entry is read. */
struct entry {
	enum entry_type type;
	const char *path; /* raw bytes, NUL-terminated */
	size_t path_size;
	bool unsafe;	    /* has a ".." component */
	const char *target; /* symbolic link: as stored; hard link: normalised; else NULL */
	uint64_t size;	    /* bytes of a regular file, else 0 */
	uint32_t mode;	    /* permission bits with set-uid, set-gid, sticky */
	uint32_t uid, gid;
	int64_t mtime; /* seconds since 1970 */
	uint32_t device_major, device_minor;
};

/* What is known of a layer before it is read. */
struct layer_info {
	size_t index;	       /* 0 is the lowest */
	struct digest digest;  /* of the blob as stored; none where the archive does not say */
	struct digest diff_id; /* of the tar, from the configuration */
	uint64_t stored_size;  /* bytes of the blob as stored */
	bool stored_size_known;
	const char *media_type;	 /* "" where there is none (docker-archive) */
	const char *instruction; /* what made it; "" where history does not say */
	const char *name;	 /* what errors call it: digest or member name */
	bool foreign;		 /* has URLs: its bytes need not be here */
};

enum layer_compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* What was read of a layer: all of it, or only a table of its contents (toc.h). */
enum layer_table { LAYER_WHOLE, LAYER_ESTARGZ, LAYER_ZSTD_CHUNKED };

/* What is known of it once it has been read to its end; by a table: table, table_size, entries. */
struct layer_totals {
	enum layer_table table;
	uint64_t table_size;		    /* bytes of the blob that were fetched for it */
	enum layer_compression compression; /* by magic bytes */
	uint64_t stored_size;		    /* bytes of the blob */
	uint64_t packed_size;		    /* that gzip makes of them; plain and `pack` only */
	uint64_t unpacked_size;		    /* bytes of the tar */
	uint64_t entries;
	struct digest diff_id; /* SHA-256; LAYER_HASH and compressed only */
};

enum layer_check {
	LAYER_TRUST,  /* digest and diff_id */
	LAYER_VERIFY, /* compare them */
	LAYER_HASH,   /* neither is known yet: work the diff_id out */
};

/* How the bytes of a layer are treated on their way. */
struct layer_options {
	enum layer_check check;
	bool pack; /* plain ones are compressed, for the size */
};

struct layer;

/*
 * Reads the stored bytes of a layer; `stream` and `info` are borrowed until layer_close. To
 * be verified or packed every byte is read, otherwise a plain layer is passed over from header to
 * header. The stored size is checked always.
 */
int layer_open(struct stream *stream, const struct layer_info *info,
	       const struct layer_options *options, struct layer **ret_layer,
	       struct error *err) must_check;
/* Frees it at any point; for a good end call layer_finish first. */
void layer_close(struct layer *layer);
static inline void layer_close_pointer(struct layer **place)
{
	layer_close(*place);
}
#define auto_layer cleanup_by(layer_close_pointer)

/* 1 and the next entry, 0 at the end of the archive, -1 with err. */
int layer_next(struct layer *layer, const struct entry **ret_entry, struct error *err) must_check;
/* The bytes of a regular file: 1 and a piece (borrowed), 0 at its end, -1. */
int layer_data(struct layer *layer, const void **ret_data, size_t *ret_size,
	       struct error *err) must_check;
/* Whatever follows the end of the archive is read, too; digest, size and diff_id are compared. */
int layer_finish(struct layer *layer, struct layer_totals *ret_totals,
		 struct error *err) must_check;

#endif
