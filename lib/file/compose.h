/*
 * Floor 3. Compose files (the Compose specification, YAML 1.1 by libyaml): what their services
 * run, build and demand. Anchors, aliases and merge keys are followed. So is `extends` within a
 * file: a service has what the other one has, by the specification's rules for merging, each value
 * with the line where it is written. `extends` from other files and `include` are not followed, and
 * said: their files are files of their own.
 *
 * `!reset` takes a value away, its own and the one of the service that is extended; `!override`
 * puts its value in the place of the other's instead of merging the two.
 *
 * Values may hold variables (interpolate.h). They come from the caller, never from the environment;
 * one that is not set makes the value unknown. Keys that are not known are passed over; where one
 * of those below holds what it cannot hold (a mapping for a text), that is an error.
 */
#ifndef FILE_COMPOSE_H
#define FILE_COMPOSE_H

#include "file/variables.h"
#include "file/yaml.h"

#define COMPOSE_SIZE_MAX ((size_t)4 << 20)

/* A scalar and its line; `text` is NULL where it is not there, or null. */
struct compose_value {
	char *text;    /* as written */
	char *value;   /* variables replaced, as far as they are known */
	char *unknown; /* NULL, or a variable that is not set */
	size_t line;
	/* of the text, of what stands behind "NAME=" where it is a mapping's; zeroed where it is
	 * written in another way */
	struct yml_place place;
	bool taken; /* is written in a service that this one extends */
};

/* In the order of the file; what was taken from the service that is extended comes first. */
struct compose_list {
	struct compose_value *items;
	size_t count;
	size_t capacity; /* internal */
};

enum compose_truth {
	COMPOSE_NOT_SAID,
	COMPOSE_FALSE,
	COMPOSE_TRUE,
	COMPOSE_UNCLEAR, /* hangs on a variable that is not set, or is neither */
};

/* NULL: it is not there, or hangs on a variable that is not set. */
const char *compose_known(const struct compose_value *value);
/* true, yes, on, y and false, no, off, n, whatever their case. */
enum compose_truth compose_truth(const struct compose_value *value);

/*
 * What may be a text, which a shell reads or which is split into words, or a list of words. In this
 * and in the parts below `there` is whether there is one; null is none. `taken`: nothing of it is
 * written in this service, and `line` is another one's.
 */
struct compose_command {
	bool there; /* an empty list is there, too */
	bool taken;
	bool list;
	size_t line;
	struct compose_list words; /* of a text, one */
};

struct compose_healthcheck {
	bool there;
	bool taken;
	size_t line;
	struct compose_value disable;
	struct compose_command test;
	struct compose_value interval;
	struct compose_value timeout;
	struct compose_value start_period;
	struct compose_value start_interval;
	struct compose_value retries;
};

struct compose_deploy {
	bool there;
	bool taken;
	size_t line;
	struct compose_value replicas;
	struct compose_value limit_memory; /* resources.limits */
	struct compose_value limit_cpus;
	struct compose_value reserved_memory; /* resources.reservations */
	bool restart_policy;
	struct compose_value restart_condition;
};

struct compose_logging {
	bool there;
	bool taken;
	size_t line;
	struct compose_value driver;
	struct compose_list options; /* "NAME=VALUE" */
};

enum compose_volume_type {
	COMPOSE_VOLUME_UNKNOWN, /* hangs on a variable that is not set, or is none of those below */
	COMPOSE_VOLUME_NAMED,	/* `volume`; without a source it is anonymous */
	COMPOSE_VOLUME_BIND,
	COMPOSE_VOLUME_TMPFS,
	COMPOSE_VOLUME_NPIPE,
	COMPOSE_VOLUME_CLUSTER,
	COMPOSE_VOLUME_IMAGE,
};

/*
 * "[SOURCE:]TARGET[:MODE]", or a mapping. In the short form a source that begins with . / ~ \\ or a
 * drive's letter is a bind, any other is the name of a volume. Its parts have no place; where the
 * whole hangs on a variable that is not set, they are told by the colons outside of ${}.
 */
struct compose_volume {
	enum compose_volume_type type;
	struct compose_value source; /* text NULL: there is none */
	struct compose_value target;
	enum compose_truth read_only;
	size_t line;
	bool taken;
};

struct compose_service {
	char *name;
	size_t line;
	/* takes something from another file, or from where nobody can tell: there is more than
	 * shows */
	bool extends;

	struct compose_value image;
	struct compose_value pull_policy;
	bool builds;	  /* has a `build` */
	bool build_taken; /* and nothing of it is written in this service */
	struct compose_value context;
	struct compose_value dockerfile;
	struct compose_value dockerfile_inline;
	struct compose_value target;
	struct compose_list args;     /* of the build: "NAME=VALUE" or "NAME" */
	struct compose_list contexts; /* additional_contexts: "NAME=WHERE" */

	struct compose_value container_name;
	struct compose_value cpus;
	struct compose_value init;
	struct compose_value mem_limit;
	struct compose_value mem_reservation;
	struct compose_value network_mode;
	struct compose_value pid;
	struct compose_value platform;
	struct compose_value privileged;
	struct compose_value read_only;
	struct compose_value restart;
	struct compose_value stop_grace_period;
	struct compose_value stop_signal;
	struct compose_value user;

	struct compose_command command;
	struct compose_command entrypoint;
	struct compose_healthcheck healthcheck;
	struct compose_deploy deploy;
	struct compose_logging logging;
	struct compose_volume *volumes; /* one for each target */
	size_t volume_count;
	size_t volume_capacity; /* internal */

	struct compose_list environment; /* "NAME=VALUE" or "NAME", each name once */
	struct compose_list labels;	 /* the same */
	struct compose_list cap_add;
	struct compose_list cap_drop;
	struct compose_list env_file; /* paths */
	struct compose_list ports;    /* as written; of the long form `target` */
	struct compose_list profiles;
	struct compose_list secrets; /* names; of the long form `source` */
	struct compose_list security_opt;
	struct compose_list tmpfs;
};

struct compose {
	struct compose_service *services; /* in the order of the file */
	size_t count;
	bool includes; /* `include`: nobody can say that something is not there */
	/* names, those of the file's own top level */
	struct compose_list volumes;
	struct compose_list secrets;
	struct compose_list networks;
};

/*
 * ERROR_INPUT "NAME:LINE: what": no YAML, no services, several documents, a value of a wrong kind,
 * a malformed variable; one that is demanded (${V:?e}) where an image or a build hangs on it,
 * elsewhere that is unknown; services that extend each other, or one that is not there although
 * nothing is included; aliases that multiply the file. `name` also tells whether `extends` means
 * this file. The caller releases.
 */
int compose_parse(const char *data, size_t size, const char *name,
		  const struct variables *variables, struct compose *ret_compose,
		  struct error *err) must_check;
void compose_release(struct compose *compose);
#define auto_compose cleanup_by(compose_release)

#endif
