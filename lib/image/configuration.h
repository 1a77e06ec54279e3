/*
 * Floor 2. An image's configuration: OCI image specification, config.md, and
 * Docker's additions to it (Healthcheck, Shell, OnBuild).
 */
#ifndef IMAGE_CONFIGURATION_H
#define IMAGE_CONFIGURATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"

struct strings {
	char **items; /* `count` strings and a NULL */
	size_t count;
};

struct history {
	char *created_by; /* never NULL */
	char *comment;	  /* never NULL */
	bool empty_layer;
};

struct healthcheck {
	bool set;
	struct strings test; /* {"NONE"}, {"CMD", …} or {"CMD-SHELL", …} */
	uint64_t interval;   /* nanoseconds, 0 for the engine's default */
	uint64_t timeout;
	uint64_t start_period;
	uint64_t start_interval;
	uint64_t retries;
};

struct configuration {
	char *os, *architecture, *variant; /* "" where absent */
	char *created;			   /* RFC 3339; "" */
	char *user;			   /* "" is root */
	char *working_dir;		   /* "" is "/" */
	char *stop_signal;		   /* "" is SIGTERM */
	struct strings env, entrypoint, cmd, shell, volumes, exposed_ports, on_build;
	json_t *labels; /* an object of strings; never NULL */
	struct healthcheck healthcheck;
	struct digest *diff_ids;
	size_t diff_id_count;
	struct history *history;
	size_t history_count;
	json_t *document; /* the whole, as it was read */
};

/* `name` stands in errors. */
int configuration_parse(const void *data, size_t size, const char *name,
			struct configuration *ret_configuration, struct error *err) must_check;
void configuration_release(struct configuration *configuration);
#define auto_configuration cleanup_by(configuration_release)

/* The value of an environment variable, or NULL. */
const char *configuration_env(const struct configuration *configuration, const char *variable);

/* The instruction that made layer `index`: the created_by of the index-th history entry that
 * is not empty; "" where history does not say. */
const char *configuration_instruction(const struct configuration *configuration, size_t index);

#endif
