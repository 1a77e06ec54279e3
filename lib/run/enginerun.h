/*
 * Floor 3. One run of an image in a container engine.
 *
 * A container with a read-only root tells how the program ends; which of its writes were refused an
 * engine cannot tell. So a second container with a writable root runs beside it, treated the same,
 * and what the engine calls its changes is what the program would write. Containers have labels
 * (enginesweep.h), no network but their own loopback, and are removed with their volumes in every
 * case; what a killed run left is removed by the next.
 */
#ifndef RUN_ENGINERUN_H
#define RUN_ENGINERUN_H

#include "attributes.h"
#include "base/error.h"
#include "image/configuration.h"
#include "net/engine.h"
#include "run/container.h"

/* An image that the engine has. */
struct engine_image {
	char *name;	/* as it was asked for */
	char *id;	/* "sha256:…" */
	char *platform; /* "linux/amd64" */
	struct configuration configuration;
};

/* ERROR_MISSING: the engine does not have it, or has it for another platform (NULL: any). */
int engine_image_find(struct engine *engine, const char *name, const char *platform,
		      struct engine_image *ret_image, struct error *err) must_check;
void engine_image_release(struct engine_image *image);
#define auto_engine_image cleanup_by(engine_image_release)

/* As container_run(). Fails, too, where the engine breaks off; containers that it could not remove
 * then are named. */
int engine_run(struct engine *engine, const struct engine_image *image,
	       const struct container_options *options, uint64_t asked,
	       struct container_record *ret_record, struct error *err) must_check;

#endif
