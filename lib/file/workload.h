/*
 * Floor 3. Files besides Dockerfiles and compose files that name images:
 *
 *  - Kubernetes manifests: `image` of containers, initContainers and ephemeralContainers, wherever
 *    they stand, so of every kind that has a pod in it; several documents in a file;
 *  - GitHub workflows and actions: `container` and `services` of jobs, `uses: docker://IMAGE` of
 *    steps, `image: docker://IMAGE` of an action.
 *
 * What else these files say is not looked at.
 */
#ifndef FILE_WORKLOAD_H
#define FILE_WORKLOAD_H

#include "file/yaml.h"

#define WORKLOAD_SIZE_MAX ((size_t)4 << 20)
/* Images of a file; more are refused. */
#define WORKLOAD_IMAGES_MAX 10000

struct workload_image {
	const char *what; /* "containers", "uses", "services", …; static */
	char *owner;	  /* the container's, job's or service's name; NULL where it has none */
	char *text;	  /* as written, "docker://" included */
	char *image;	  /* without it; NULL where it is an expression, "${{ … }}" */
	size_t line;
	struct yml_place place; /* of the text */
};

struct workload {
	struct workload_image *items; /* in the order of the file, but for aliases */
	size_t count;
	size_t capacity; /* internal */
};

/* ERROR_INPUT "NAME:LINE: what": no YAML, or an image that is no text. The caller releases. */
int kubernetes_parse(const char *data, size_t size, const char *name, struct workload *ret_workload,
		     struct error *err) must_check;
/* The same; ERROR_INPUT too where there are neither jobs nor, for an action, runs. */
int workflow_parse(const char *data, size_t size, const char *name, struct workload *ret_workload,
		   struct error *err) must_check;
void workload_release(struct workload *workload);
#define auto_workload cleanup_by(workload_release)

#endif
