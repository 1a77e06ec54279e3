/*
 * Floor 2. One face for every image, whatever it lies in: its configuration, its
 * layers, and one walk over their entries.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>

#include "attributes.h"
#include "base/error.h"
#include "image/configuration.h"
#include "image/layer.h"
#include "image/pass.h"
#include "image/toc.h"
#include "net/registry.h"

struct image_options {
	const char *platform; /* "os/arch[/variant]"; NULL is this machine's */
	bool verify;	      /* check every digest, size and diff_id; network sources always do */
	unsigned threads;     /* layers read at a time; 0 is one per core */
	bool pack;	      /* plain layers are compressed, for the size */
	bool once;	      /* nothing is asked of the image before its one image_walk */
	struct registry_options registry; /* its lists and texts are borrowed */
};

struct image;

/*
 * Opens the image that `name` denotes (containers-transports(5), see reference.h), reads and
 * checks its manifest and configuration. `options` may be NULL. ERROR_MISSING: it is not
 * there; ERROR_INPUT: it is there and wrong, or several images are where one was meant (the
 * text lists them).
 */
int image_open(const char *name, const struct image_options *options, struct image **ret_image,
	       struct error *err) must_check;

/*
 * The same for an archive that comes as a stream, which is taken over in any case; `name` is
 * the image's, `what` what errors call the stream.
 *
 * A stream can be read once. With options.once, which also holds for standard input and for an
 * engine's export in image_open, it is read by image_walk and nothing of it is stored: until then
 * the image is not known, and what image_open would find wrong is found there. Otherwise it is
 * spooled.
 */
int image_open_stream(const char *name, struct stream *stream, const char *what,
		      const struct image_options *options, struct image **ret_image,
		      struct error *err) must_check;
void image_free(struct image *image);
static inline void image_free_pointer(struct image **place)
{
	image_free(*place);
}
#define auto_image cleanup_by(image_free_pointer)

/* In a registry: each layer that is read is a transfer. */
bool image_is_remote(const struct image *image);
/* As the user wrote it. */
const char *image_name(const struct image *image);
/* "linux/amd64", "linux/arm/v7": what the configuration says. */
const char *image_platform(const struct image *image);
/* Of the platform's manifest; none for a legacy docker-archive. */
const struct digest *image_manifest_digest(const struct image *image);
/* Of the index through which the manifest was chosen; none where there was none. */
const struct digest *image_index_digest(const struct image *image);
/* Of the configuration: Docker's image ID. */
const struct digest *image_id(const struct image *image);
/* The same without reading a stream, where it need not be: what an engine calls its image is known
 * at once. ERROR_* of image_pass. */
int image_find_id(const struct image *image, struct digest *ret_id, struct error *err) must_check;
const struct configuration *image_configuration(const struct image *image);
size_t image_layer_count(const struct image *image);
const struct layer_info *image_layer(const struct image *image, size_t index);

/* The bytes of a layer as stored; the caller closes. For image_walk. */
int image_open_layer(const struct image *image, size_t index, struct stream **ret_stream,
		     struct error *err) must_check;
/* The layer's table of contents, where there is one, it can be had for less than the layer, and it
 * was not asked for that everything is verified; else NULL. The caller frees. For image_walk. */
int image_open_table(const struct image *image, size_t index, struct toc **ret_toc,
		     struct error *err) must_check;
/* Was it asked for? Then layers are read though nobody wants what is in them. What a network brings
 * is verified always, so image_get_options()->verify says less. */
bool image_verify_asked(const struct image *image);
const struct image_options *image_get_options(const struct image *image);

/* Is it a stream that has still to be read? Nothing else is known then but its name. */
bool image_is_pending(const struct image *image);
/* Reads such a stream: its layers go to the reader (NULL: are passed over), then manifest and
 * configuration are known. For image_walk, and for who wants no layers. */
int image_pass(const struct image *image, const struct pass_reader *reader,
	       struct error *err) must_check;

enum walk_step {
	WALK_FAILED = -1, /* err is set; ends the walk */
	WALK_NEXT = 0,	  /* the header sufficed: the bytes are passed over */
	WALK_DATA = 1,	  /* regular files only: give me the bytes */
	WALK_STOP = 2,	  /* nothing more of this layer is wanted */
};

/*
 * What a walk calls. Layers are read several at a time: layer_begin, entry, data and layer_end
 * of one layer run in one thread and may touch that layer's `state` only (the context is
 * read-only there); merge and state_free run in the calling thread, in layer order.
 * entry_end may be NULL.
 *
 * Layers of an image that comes as a stream are read before it is known what they are: for
 * layer_begin only the name in `layer` is good, and it's a member's. A layer that the image has
 * more than once is read once; all but its last merge are then merge_again, which leaves the state
 * whole, and may be NULL where merge does so anyway.
 */
struct image_visitor {
	void *context;
	bool headers; /* entry never wants data, and layer_end no totals of the whole layer: a table
		       * of contents does, where there is one */
	int (*layer_begin)(const void *context, const struct layer_info *layer, void **ret_state,
			   struct error *err);
	enum walk_step (*entry)(void *state, const struct entry *entry, struct error *err);
	/* pieces of any size, in order; returns WALK_NEXT to pass over the rest of this file, or
	 * WALK_STOP */
	enum walk_step (*data)(void *state, const void *data, size_t size, struct error *err);
	int (*entry_end)(void *state, struct error *err); /* after the last data of an entry */
	int (*layer_end)(void *state, const struct layer_totals *totals, struct error *err);
	int (*merge)(void *context, const struct layer_info *layer, void *state, struct error *err);
	int (*merge_again)(void *context, const struct layer_info *layer, void *state,
			   struct error *err);
	void (*state_free)(void *state);
};

/*
 * Reads every layer once. Errors are prefixed with the layer; of several, the lowest layer's is
 * returned. With .verify a digest, size or diff_id that does not match fails the walk, and
 * nothing is final before it has returned 0.
 */
int image_walk(const struct image *image, const struct image_visitor *visitor,
	       struct error *err) must_check;

#endif
