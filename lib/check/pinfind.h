/*
 * Floor 4. Finds what Dockerfiles and compose files take from outside: the images of FROM, COPY
 * --from, RUN --mount=from, the frontend of "# syntax=", what ADD fetches, also behind ONBUILD;
 * `image`, an inline Dockerfile and remote contexts of compose services; the images of Kubernetes
 * manifests, GitHub workflows and actions.
 */
#ifndef CHECK_PINFIND_H
#define CHECK_PINFIND_H

#include "check/pins.h"
#include "file/stages.h"

enum pin_file_type {
	PIN_FILE_DOCKERFILE,
	PIN_FILE_COMPOSE,
	PIN_FILE_KUBERNETES,
	PIN_FILE_WORKFLOW, /* of GitHub; actions too */
};

/* By its name where that tells, by its content otherwise. */
enum pin_file_type pin_file_type(const char *name, const char *data, size_t size);

struct pin_settings {
	struct build_settings build;
	const struct variables *environment; /* of compose files; borrowed, may be NULL */
};

/* ERROR_INPUT "NAME:LINE: what" for a file that cannot be read, or has no stage. */
int pins_find(const char *data, size_t size, const char *name, enum pin_file_type type,
	      const struct pin_settings *settings, struct pins *ret_pins,
	      struct error *err) must_check;

#endif
