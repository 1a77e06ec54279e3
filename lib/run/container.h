/*
 * Floor 3. One run of an image, whatever engine it runs under: what is asked for, and what is on
 * record afterwards.
 */
#ifndef RUN_CONTAINER_H
#define RUN_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "image/image.h"
#include "run/health.h"
#include "run/trace.h"

struct log_line {
	uint64_t time; /* nanoseconds since the first instruction */
	bool is_error; /* standard error */
	char *text;
};

/* Of the log that is kept in memory; more is a told truncation. A line costs more than its text:
 * about as much as this in the document, which has it in many parts. */
#define LOG_BYTES_MAX ((size_t)6 << 20)
#define LOG_LINE_COST 1024

/* Each line is told to somebody as it comes, also those that are not kept. */
struct log_watch {
	void (*seen)(void *context, const struct log_line *line);
	void *context;
};

struct container_options {
	const char *cache;	/* NULL: the default, see rootcache.h */
	const char *entrypoint; /* Dockerfile form: a JSON array, or a text for the shell; NULL: the
				 * image's. As with docker, it drops the image's CMD */
	const char *cmd;	/* the same */
	const char *user;	/* NULL: the image's */
	const char *const *env; /* NAME=VALUE, in addition to the image's */
	size_t env_count;
	const char *const *tmpfs; /* paths that become writable tmpfs */
	size_t tmpfs_count;
	const char *const
		*volumes; /* paths that become writable volumes with the image's content */
	size_t volume_count;
	const char *const *read_only_paths; /* "~/" is the user's home */
	size_t read_only_path_count;
	const char *log_file;	    /* the log as Kubernetes' runtimes write it; NULL for none */
	char *const *command;	    /* runs in the container's network; NULL for none */
	uint64_t duration;	    /* nanoseconds to run without COMMAND; 0: until it ends */
	uint64_t grace;		    /* nanoseconds from stop signal to SIGKILL */
	uint64_t health_interval;   /* nanoseconds; 0: the image's */
	bool no_health;		    /* the image's health check is left alone */
	const char *const *ulimits; /* see ulimit.h */
	size_t ulimit_count;
	uint64_t memory; /* bytes; 0: no limit */
	uint64_t cpus;	 /* thousandths of a processor; 0: no limit */
	bool no_new_privileges;
	struct log_watch watch; /* .seen NULL: nobody */
	bool writable;
	bool untraced;
};

/* Samples of memory and processor time that are kept. */
#define SAMPLES_MAX 1024

struct port {
	const char *protocol; /* "tcp", "tcp6", "udp", "udp6" */
	char address[64];
	unsigned port;
};

struct write_record {
	char *path;
	const char *what;  /* static: "made", "changed", "deleted", "temporary" (made, and gone) */
	uint64_t bytes;	   /* of a file, as it was at the end */
	char *process;	   /* who was the first to write it; NULL: it is not known */
	char *executable;  /* the same */
	const char *call;  /* static; the same */
	char *instruction; /* of the layer that made the folder it lies in; NULL: it is not known */
};

/* What `changes` of an engine, or the sandbox's upper directory, told. */
struct write_list {
	struct write_record *items;
	size_t count;
};

struct container_record {
	char **argv; /* ends in NULL */
	char *working_dir;
	char *hostname;
	bool user_known;	  /* uid, gid and home are */
	const char *user_mapping; /* static, see idmap.h; NULL: it is not known */
	uid_t uid;
	gid_t gid;
	char *user_name; /* NULL: not in passwd */
	char *home;
	char **volumes;	  /* writable paths that the image asks for; ends in NULL */
	char started[40]; /* RFC 3339 */

	bool ran;		    /* the program's first instruction was reached */
	char *start_error;	    /* why not */
	uint64_t first_instruction; /* nanoseconds since the run was asked for */
	uint64_t duration;	    /* nanoseconds from there to the end */
	int status;		    /* as waitpid gives it */
	bool early;		    /* it ended before anybody stopped it */
	bool stop_sent;
	int stop_signal;
	uint64_t stop_took;
	bool killed; /* the grace period was over */

	bool command_ran;
	int command_status; /* exit status; 128+N for a signal */
	int command_error;  /* errno of its execve or of entering the network; 0 where it ran */
	uint64_t command_started;
	uint64_t command_ended;
	uint64_t command_ready; /* as command_take says; 0: never */

	struct trace trace;
	struct log_line *log;
	size_t log_count;
	size_t log_capacity;
	size_t log_bytes;
	uint64_t log_lines; /* those that were not kept included */
	struct log_watch watch;
	bool log_truncated;
	struct port *ports;
	size_t port_count;
	bool ports_known;
	bool out_of_memory; /* the limit of memory ended a process */
	bool usage_known;   /* peak memory and CPU time are */
	struct health_record health;
	struct usage *samples; /* from the start on, evenly spread */
	size_t sample_count;
	struct write_list writes; /* of a writable run */
	/* of an engine that shows no system calls: what a second, writable run wrote */
	struct write_list would;
	char *second_problem; /* why that run may not show all of it; NULL where it does */
	char **leftovers;     /* containers that could not be removed; NULL for none */
	int interrupted;      /* the signal that ended ro-run's own work; 0 for none */
};

/*
 * Runs the image in the sandbox and tells what happened. The image must be opened as unpack.h says.
 * `asked` is the CLOCK_MONOTONIC time at which the user asked. Fails where nothing could be run: no
 * namespaces, an unreadable image, an unknown user. A program that cannot be executed is a
 * result, as under docker: status 126 or 127.
 */
int container_run(const struct image *image, const struct container_options *options,
		  uint64_t asked, struct container_record *ret_record,
		  struct error *err) must_check;
void container_record_release(struct container_record *record);
#define auto_container_record cleanup_by(container_record_release)

#endif
