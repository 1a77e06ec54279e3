/*
 * Floor 2. Where an image comes from. Every transport gives a root document, which names
 * images, and blobs; what they mean is manifest.c's business.
 */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/pass.h"
#include "image/reference.h"
#include "image/stream.h"
#include "image/toc.h"
#include "net/registry.h"

/* OCI image specification, descriptor.md; in a docker-archive a member's name stands for the
 * digest. */
struct descriptor {
	char *media_type; /* "" where there is none */
	char *member;	  /* NULL: found by its digest */
	struct digest digest;
	uint64_t size;
	bool size_known;
	bool foreign;  /* has URLs */
	bool manifest; /* of a manifest or an index, which a registry keeps apart from blobs */
	struct toc_place table; /* of a layer: where its table of contents is */
};
void descriptor_release(struct descriptor *descriptor);
/* What errors call it; valid as long as `text` and the descriptor. */
const char *descriptor_name(const struct descriptor *descriptor, char text[DIGEST_TEXT_MAX]);

enum source_form {
	SOURCE_DOCKER, /* the root is a manifest.json of `docker save` */
	SOURCE_OCI,    /* the root is an index.json of an OCI image layout */
};

struct source;

/* A bare name is a registry's here. Engines have no such face: their images come as streams
 * (daemon.h). The options are borrowed. */
int source_open(const struct image_name *name, const struct registry_options *options,
		struct source **ret_source, struct error *err) must_check;
/* An archive that comes as a stream, spooled, and what a pass over one has left, which is
 * taken over in any case. The transport may insist on a form. `name` is what errors call it. */
int source_of_stream(struct stream *stream, const char *name, enum transport transport,
		     struct source **ret_source, struct error *err) must_check;
int source_of_pass(struct pass *pass, enum transport transport, struct source **ret_source,
		   struct error *err) must_check;
void source_free(struct source *source);
static inline void source_free_pointer(struct source **place)
{
	source_free(*place);
}
#define auto_source cleanup_by(source_free_pointer)

enum source_form source_form(const struct source *source);
/* Comes over a network: everything has to be verified, and nothing read in vain. */
bool source_is_remote(const struct source *source);
/* The root document, into an initialised buffer. */
int source_read_root(const struct source *source, struct buf *buf, struct error *err) must_check;
/* Is it a file or stream with an index.json that lists this digest? */
bool source_lists(const struct source *source, const struct digest *digest);
/* The bytes of a blob as stored, and how many they are; the caller closes. Thread-safe. */
int source_open_blob(const struct source *source, const struct descriptor *descriptor,
		     struct stream **ret_stream, uint64_t *ret_size, struct error *err) must_check;
/* Can parts of blobs be had for less than the whole? */
bool source_gives_ranges(const struct source *source);
/* `size` bytes of a blob from `offset`, as stored and unchecked, into an initialised, empty buffer.
 * Only where source_gives_ranges(); ERROR_MISSING also where it turns out that the other side
 * doesn't. Thread-safe. */
int source_read_range(const struct source *source, const struct descriptor *descriptor,
		      uint64_t offset, size_t size, struct buf *buf, struct error *err) must_check;
/* A small blob as a whole, its digest and size checked where they are known. */
int source_read_blob(const struct source *source, const struct descriptor *descriptor,
		     struct buf *buf, struct error *err) must_check;

#endif
