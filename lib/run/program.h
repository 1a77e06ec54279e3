/*
 * Floor 3. What an image and the options make of a program: its argument vector and its stop
 * signal, the same for all engines.
 */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include "attributes.h"
#include "base/error.h"
#include "image/configuration.h"
#include "run/container.h"

/* Owned lists of texts; each ends in NULL once it has been added to. Takes `text` over, also where
 * it fails; a NULL text is a failed allocation. */
int list_add(struct strings *list, char *text, struct error *err) must_check;
int list_add_copies(struct strings *list, const struct strings *from, struct error *err) must_check;
/* Even an empty one has its NULL. */
int list_finish(struct strings *list, struct error *err) must_check;
void list_release(struct strings *list);

/* Entry point and command, the options' before the image's. ERROR_INPUT: there is neither. */
int program_argv(const struct configuration *c, const struct container_options *options,
		 struct strings *argv, struct error *err) must_check;

/* What the image's health check runs; none where the check is NONE. */
int program_health_argv(const struct configuration *c, struct strings *argv,
			struct error *err) must_check;

/* The paths that the image declares as volumes go on record. */
int program_volumes(const struct configuration *c, struct container_record *record,
		    struct error *err) must_check;

/* ERROR_INPUT: the image names a signal that is none. */
int program_stop_signal(const struct configuration *c, int *ret_signal,
			struct error *err) must_check;

#endif
