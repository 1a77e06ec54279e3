/*
 * Floor 2. From a source's root document to one image: tag or position, nested indexes, platform.
 * OCI image specification, image-index.md and manifest.md; Docker's image manifest version 2,
 * schema 2; manifest.json of `docker save`.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stdbool.h>

#include "attributes.h"
#include "base/error.h"
#include "image/platform.h"
#include "image/source.h"

struct manifest {
	struct digest digest; /* none for a docker-archive */
	struct digest index;  /* of the index it was chosen from; none where there was none */
	struct descriptor config;
	struct descriptor *layers; /* the lowest first */
	size_t layer_count;
};

/* Of a manifest or an index, of whatever age. */
bool manifest_type_is_known(const char *media_type);

/*
 * `name` picks by tag, or "@N" by position; NULL where the source holds one image. `platform` NULL
 * is this machine's, or the only one there is. ERROR_MISSING: nothing matches, and the text lists
 * what is there; ERROR_INPUT: several images, which are listed, or a malformed document.
 */
int manifest_find(const struct source *source, const char *name, const struct platform *platform,
		  struct manifest *ret_manifest, struct error *err) must_check;
void manifest_release(struct manifest *manifest);
#define auto_manifest cleanup_by(manifest_release)

#endif
