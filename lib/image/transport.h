/*
 * Floor 2. What a transport gives to source.c; nobody else includes this.
 */
#ifndef IMAGE_TRANSPORT_H
#define IMAGE_TRANSPORT_H

#include "attributes.h"
#include "image/source.h"

struct source_ops {
	int (*read_root)(const struct source *source, struct buf *buf, struct error *err);
	int (*open_blob)(const struct source *source, const struct descriptor *descriptor,
			 struct stream **ret_stream, uint64_t *ret_size, struct error *err);
	/* NULL where a part of a blob costs no less than the whole, or where the whole is at hand
	 */
	int (*read_range)(const struct source *source, const struct descriptor *descriptor,
			  uint64_t offset, size_t size, struct buf *buf, struct error *err);
	void (*free)(struct source *source);
};

/* A transport embeds it as the first member of its own. */
struct source {
	const struct source_ops *ops;
	enum source_form form;
	bool remote; /* comes over a network: everything is verified, and nothing read in vain */
};

#endif
