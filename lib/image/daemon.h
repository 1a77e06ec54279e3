/*
 * Floor 2. Images in container engines: found by a name, and exported as `docker save` writes them.
 *
 * The engines are those that engine.h finds; where neither DOCKER_HOST nor a docker context fixes
 * one, all whose sockets are there are asked, in its order, and the first that has the image is it.
 */
#ifndef IMAGE_DAEMON_H
#define IMAGE_DAEMON_H

#include <stdbool.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/stream.h"

/* An image that an engine has. */
struct daemon_image {
	struct stream
		*stream;  /* its export, which the first read asks for; has the engine with it */
	struct digest id; /* the engine's: of a configuration, or of what its index.json lists */
	bool local;	  /* did not come over a network */
};

void daemon_image_release(struct daemon_image *image);
#define auto_daemon_image cleanup_by(daemon_image_release)

/* Is it "ALGORITHM:HEX", an image's ID, and so nothing that a registry could have? */
bool daemon_name_is_id(const char *name);

/*
 * `name` is a reference or an ID, what stands behind "docker-daemon:": 1. Where no engine has the
 * image: with `tried` (an initialised buffer) 0, and it gets a few words on where it was looked
 * for; with NULL an error, ERROR_MISSING. Errors in any case: the name is malformed (ERROR_INPUT),
 * DOCKER_HOST or the context are (ERROR_USAGE), an engine that is there does not answer as one.
 */
int daemon_find(const char *name, struct daemon_image *ret_image, struct buf *tried,
		struct error *err) must_check;

#endif
