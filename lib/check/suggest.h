/*
 * Floor 4. The smallest change with which an image runs with a read-only root: the writable mounts
 * that its writes need, and no wider ones.
 *
 * What is needed is what a run with a writable root has written, and what it tried in vain. Each
 * need takes the narrowest place that serves it:
 *   a folder that the program makes where the image has none: a tmpfs on it, unless the folder
 * above is empty and more than that is needed there; a folder that the image has and that is empty,
 * or holds nothing but empty folders: a tmpfs; a folder that holds files: a volume, which begins
 * with the image's content. Each mount has a write that was seen to need it, so none can be left
 * out.
 */
#ifndef CHECK_SUGGEST_H
#define CHECK_SUGGEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "run/container.h"

enum suggest_kind { SUGGEST_TMPFS, SUGGEST_VOLUME };

struct need {
	char *path;
	char *from;	  /* the other name of a rename, which wants the same mount; NULL */
	char *process;	  /* NULL: it is not known */
	bool is_folder;	  /* it was made, as a folder */
	bool is_replaced; /* it was deleted or renamed over: the folder above it must be writable */
	bool is_refused;  /* a read-only run has refused it */
	uint64_t bytes;
};

struct needs {
	struct need *items;
	size_t count;
	size_t capacity;
};

/* Paths that are named as the reason of a mount. */
#define SUGGEST_REASONS_MAX 3

struct suggest_mount {
	char *path;
	enum suggest_kind kind;
	uint64_t bytes;					 /* that were written there */
	size_t paths;					 /* how many */
	const struct need *reasons[SUGGEST_REASONS_MAX]; /* borrowed from the needs */
	size_t reason_count;
};

struct suggestion {
	struct needs needs;
	struct suggest_mount *mounts; /* by path; none lies in another */
	size_t count;
	size_t capacity;
	bool no_bytecode; /* PYTHONDONTWRITEBYTECODE=1 */
	char *impossible; /* a path that no mount can serve; NULL: there is none */
	bool needed;	  /* the image does not run as it is */
	bool proved;	  /* a run with exactly this, and a read-only root, held */
	char *problem;	  /* why not; NULL */
	unsigned runs;	  /* that it took */
};

void suggestion_release(struct suggestion *suggestion);
#define auto_suggestion cleanup_by(suggestion_release)

/* Adds what a run with a writable root wrote and tried. */
int suggest_take_writes(struct needs *needs, const struct container_record *record,
			struct error *err) must_check;
/* Adds what a run with a read-only root was refused. *ret_new: there was any that is new. */
int suggest_take_refused(struct needs *needs, const struct container_record *record, bool *ret_new,
			 struct error *err) must_check;

/*
 * Works the mounts out, anew. `root` is the image's root file system; paths that `given` (ends in
 * NULL) holds are writable already. `careful`: a folder that holds folders is a volume, too, for
 * the program may want them.
 */
int suggest_mounts(struct suggestion *suggestion, int root, const char *const *given, bool careful,
		   struct error *err) must_check;

/* How an image is run once; for the sandbox and for engines. */
struct suggest_runner {
	void *context;
	int (*run)(void *context, const struct container_options *options,
		   struct container_record *ret_record, struct error *err);
};

struct suggest_question {
	const struct container_options *options; /* of the run that was asked for */
	bool one_shot;
	const char *const *allow;
	size_t allow_count;
	int root;			   /* the image's root file system */
	const struct suggest_runner *look; /* runs with a writable root: the sandbox */
	const struct suggest_runner *prove;
};

/* Runs the image with a writable root, works the mounts out, and proves them. */
int suggest_find(const struct suggest_question *question, struct suggestion *ret_suggestion,
		 struct error *err) must_check;

/* --- in the words of others ---------------------------------------------------------------- */

struct suggest_subject {
	char *image; /* a reference that an engine understands; "IMAGE" for what has none */
	char *name;  /* of the service: letters, digits and "-" */
	const struct container_record *record;
	const struct container_options *options;
};

/* Of an image by the name that ro-run was given: "docker://registry.example/team/web:1.2" is
 * "registry.example/team/web:1.2" and "web"; an archive "build/web.tar" is "IMAGE" and "web-tar".
 */
int suggest_subject_of(const char *name, const struct container_record *record,
		       const struct container_options *options, struct suggest_subject *ret_subject,
		       struct error *err) must_check;
void suggest_subject_release(struct suggest_subject *subject);
#define auto_suggest_subject cleanup_by(suggest_subject_release)

/* The caller frees; NULL: no memory. */
char *suggest_docker(const struct suggestion *suggestion, const struct suggest_subject *subject);
char *suggest_compose(const struct suggestion *suggestion, const struct suggest_subject *subject);
char *suggest_kubernetes(const struct suggestion *suggestion,
			 const struct suggest_subject *subject);
json_t *suggest_ecs(const struct suggestion *suggestion, const struct suggest_subject *subject);

#endif
