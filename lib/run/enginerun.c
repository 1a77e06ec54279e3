#include "config.h"

#include "run/enginerun.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/doc.h"
#include "base/text.h"
#include "run/command.h"
#include "run/enginelog.h"
#include "run/enginesweep.h"
#include "run/ports.h"
#include "run/program.h"
#include "run/ulimit.h"
#include "run/writes.h"

#define SECOND		 UINT64_C(1000000000)
#define CALL_TIMEOUT	 (120 * SECOND)
#define CLEAR_TIMEOUT	 (20 * SECOND)
#define COMMAND_PATIENCE (5 * SECOND)
#define LOG_PATIENCE	 (5 * SECOND)
/* of a program that ends by itself: how much longer than the first the second run may take */
#define SECOND_PATIENCE (10 * SECOND)
#define SAMPLE_MAX	((size_t)1 << 20)
#define LOG_PATH	"/logs?stdout=1&stderr=1&timestamps=1"
#define TRIALS		2

enum step {
	STEP_CREATE,
	STEP_START,
	STEP_LOOK, /* what it is now that it runs */
	STEP_WAIT,
	STEP_LOG,
	STEP_LOG_REST, /* what following it has missed: a line without an end may be */
	STEP_STATS,    /* memory and CPU, once a second */
	STEP_HEALTH,
	STEP_STOP,
	STEP_KILL,
	STEP_END, /* what it is now that it has ended */
	STEP_CHANGES,
	STEP_REMOVE,
	STEP_COUNT
};

/* What comes back with an answer. */
struct engine_call {
	struct trial *trial; /* NULL: the sweep's */
	enum step step;
	bool pending;
};

/* One container. */
struct trial {
	struct engine_run *run;
	struct container_record *record;
	struct engine_call calls[STEP_COUNT];
	struct enginelog log;
	uint64_t log_size; /* bytes of it that have come */
	uint64_t log_seen; /* of those that come again */
	bool log_followed; /* to its end */
	struct buf sample; /* a line of JSON, as far as it has come */
	struct command command;
	char *id;
	char *upper; /* the engine's folder for what it writes; NULL: not known */
	uint64_t created;
	pid_t pid; /* 0: not known here */
	bool local;
	bool writable;
	bool started;
	bool ended;    /* it does not run any more */
	bool examined; /* and how it ended is known */
	bool command_ended;
	bool cut; /* it was stopped since the first had ended */
	bool stopping;
	bool removed;
	uint64_t deadline;
	uint64_t stopped_at;
	uint64_t log_deadline;
	uint64_t command_deadline; /* its process is not to be seen: it may have ended */
};

struct engine_run {
	struct engine *engine;
	const struct engine_image *image;
	const struct container_options *options;
	struct container_record second; /* of the writable run */
	struct trial trials[TRIALS];
	size_t trial_count;
	struct strings argv;
	struct strings leftovers;
	struct engine_call sweep_list;
	struct engine_call sweep_removes;
	size_t sweeping; /* answers that are waited for */
	char owner[160];
	uint64_t asked;
	int signals;
	sigset_t old_mask;
	FILE *log_file;
	bool has_command;
};

/* --- the image ----------------------------------------------------------------------------- */

void engine_image_release(struct engine_image *image)
{
	free(image->name);
	free(image->id);
	free(image->platform);
	configuration_release(&image->configuration);
}

/* The engine's description has the same members as an image's configuration, elsewhere. */
static int image_configuration_of(const json_t *inspected, struct configuration *ret_configuration,
				  struct error *err)
{
	const char *os = NULL;
	const char *architecture = NULL;
	const char *variant = NULL;
	json_t *config = NULL;
	json_t *layers = NULL;
	auto_doc json_t *document = NULL;
	auto_free char *text = NULL;

	if (doc_string(inspected, "image", "Os", DOC_REQUIRED, &os, err) < 0 ||
	    doc_string(inspected, "image", "Architecture", DOC_REQUIRED, &architecture, err) < 0 ||
	    doc_string(inspected, "image", "Variant", DOC_OPTIONAL, &variant, err) < 0 ||
	    doc_object(inspected, "image", "Config", DOC_REQUIRED, &config, err) < 0)
		return -1;
	layers = json_object_get(json_object_get(inspected, "RootFS"), "Layers");
	document = json_pack("{s:s,s:s,s:s,s:O,s:{s:s,s:O?}}", "os", os, "architecture",
			     architecture, "variant", variant != NULL ? variant : "", "config",
			     config, "rootfs", "type", "layers", "diff_ids", layers);
	text = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;
	if (text == NULL)
		return error_memory(err);
	return configuration_parse(text, strlen(text), "the engine's answer", ret_configuration,
				   err);
}

static int image_check_platform(const struct engine_image *image, const char *wanted,
				struct error *err)
{
	size_t length = strlen(image->platform);

	if (wanted == NULL || strcmp(wanted, image->platform) == 0 ||
	    (strncmp(wanted, image->platform, length) == 0 && wanted[length] == '/' &&
	     image->configuration.variant[0] == '\0'))
		return 0;
	return error_set(err, ERROR_MISSING, "the engine has it for %s, and not for %s",
			 image->platform, wanted);
}

int engine_image_find(struct engine *engine, const char *name, const char *platform,
		      struct engine_image *ret_image, struct error *err)
{
	auto_engine_image struct engine_image image = { 0 };
	auto_doc json_t *inspected = NULL;
	const char *id = NULL;
	const struct configuration *c = &image.configuration;

	if (engine_image_inspect(engine, name, &inspected, err) < 0)
		return -1;
	if (doc_string(inspected, "image", "Id", DOC_REQUIRED, &id, err) < 0 ||
	    image_configuration_of(inspected, &image.configuration, err) < 0)
		return error_prefix(err, "%s", name);
	if (asprintf(&image.platform, "%s/%s%s%s", c->os, c->architecture,
		     c->variant[0] != '\0' ? "/" : "", c->variant) < 0) {
		image.platform = NULL;
		return error_memory(err);
	}
	image.name = strdup(name);
	/* Podman leaves the algorithm out */
	if (asprintf(&image.id, "%s%s", strchr(id, ':') == NULL ? "sha256:" : "", id) < 0)
		image.id = NULL;
	if (image.name == NULL || image.id == NULL)
		return error_memory(err);
	if (image_check_platform(&image, platform, err) < 0)
		return error_prefix(err, "%s", name);
	*ret_image = image;
	image = (struct engine_image) { 0 };
	return 0;
}

/* --- what is asked for --------------------------------------------------------------------- */

static int check_paths(const char *option, const char *const *paths, size_t count,
		       struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (paths[i][0] != '/')
			return error_set(err, ERROR_USAGE, "%s: '%s' is no absolute path", option,
					 paths[i]);
	return 0;
}

/* Docker's list of limits; the texts have been looked at. */
static json_t *ulimits_json(const struct container_options *options)
{
	json_t *array = json_array();

	for (size_t i = 0; i < options->ulimit_count; i++) {
		struct ulimit limit;

		if (ulimit_parse(options->ulimits[i], &limit, NULL) == 0)
			(void)json_array_append_new(array,
						    json_pack("{s:s,s:I,s:I}", "Name", limit.name,
							      "Soft", (json_int_t)limit.soft,
							      "Hard", (json_int_t)limit.hard));
	}
	return array;
}

static int options_check(const struct container_options *options, struct error *err)
{
	for (size_t i = 0; i < options->env_count; i++)
		if (strchr(options->env[i], '=') == NULL || options->env[i][0] == '=')
			return error_set(err, ERROR_USAGE, "--env: '%s' is no NAME=VALUE",
					 options->env[i]);
	for (size_t i = 0; i < options->ulimit_count; i++) {
		struct ulimit limit;

		if (ulimit_parse(options->ulimits[i], &limit, err) < 0)
			return -1;
	}
	if (check_paths("--tmpfs", options->tmpfs, options->tmpfs_count, err) < 0 ||
	    check_paths("--volume", options->volumes, options->volume_count, err) < 0)
		return -1;
	if (options->read_only_path_count > 0)
		return error_set(err, ERROR_USAGE,
				 "--read-only-path: the engine knows no such thing; the sandbox "
				 "does (--engine sandbox)");
	if (options->untraced)
		return error_set(err, ERROR_USAGE,
				 "--no-trace: nothing is traced in an engine (--engine sandbox)");
	return 0;
}

static json_t *json_of_texts(const char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, doc_text(texts[i]));
	return array;
}

/* Docker Engine API, "Create a container". What is not named is the image's. */
static json_t *container_json(const struct engine_run *run, bool writable)
{
	const struct container_options *options = run->options;
	json_t *tmpfs = json_object();
	json_t *volumes = json_object();
	json_t *body;

	for (size_t i = 0; i < options->tmpfs_count; i++)
		(void)json_object_set_new(tmpfs, options->tmpfs[i], json_string(""));
	for (size_t i = 0; i < options->volume_count; i++)
		(void)json_object_set_new(volumes, options->volumes[i], json_object());
	body = json_pack("{s:s,s:o,s:o,s:{s:s,s:s},s:{s:b,s:s,s:o,s:{s:s,s:{}}}}", "Image",
			 run->image->id, "Entrypoint",
			 json_of_texts((const char *const *)run->argv.items, run->argv.count),
			 "Env", json_of_texts(options->env, options->env_count), "Labels",
			 SWEEP_LABEL_PROGRAM, SWEEP_PROGRAM, SWEEP_LABEL_OWNER, run->owner,
			 "HostConfig", "ReadonlyRootfs", (int)!writable, "NetworkMode", "none",
			 "Tmpfs", tmpfs, "LogConfig", "Type", "json-file", "Config");
	if (body == NULL)
		json_decref(volumes);
	else
		(void)json_object_set_new(body, "Volumes", volumes);
	if (body != NULL && options->ulimit_count > 0)
		(void)json_object_set_new(json_object_get(body, "HostConfig"), "Ulimits",
					  ulimits_json(options));
	if (body != NULL && options->memory > 0)
		(void)json_object_set_new(json_object_get(body, "HostConfig"), "Memory",
					  json_integer((json_int_t)options->memory));
	if (body != NULL && options->cpus > 0)
		(void)json_object_set_new(json_object_get(body, "HostConfig"), "NanoCpus",
					  json_integer((json_int_t)options->cpus * 1000000));
	if (body != NULL && options->no_new_privileges)
		(void)json_object_set_new(json_object_get(body, "HostConfig"), "SecurityOpt",
					  json_pack("[s]", "no-new-privileges"));
	if (body != NULL && options->user != NULL)
		(void)json_object_set_new(body, "User", doc_text(options->user));
	return body;
}

static bool trial_log(void *context, const void *data, size_t size)
{
	struct trial *trial = ((struct engine_call *)context)->trial;

	trial->log_size += size;
	return enginelog_take(&trial->log, data, size);
}

/* The log from its start, the same bytes as before and perhaps more. */
static bool trial_log_rest(void *context, const void *data, size_t size)
{
	struct trial *trial = ((struct engine_call *)context)->trial;
	uint64_t known = trial->log_size - trial->log_seen;
	size_t skip = known < size ? (size_t)known : size;

	trial->log_seen += skip;
	return skip == size || enginelog_take(&trial->log, (const char *)data + skip, size - skip);
}

static uint64_t number_at(const json_t *object, const char *first, const char *second,
			  const char *third)
{
	const json_t *value = json_object_get(object, first);

	if (second != NULL)
		value = json_object_get(value, second);
	if (third != NULL)
		value = json_object_get(value, third);
	return json_is_integer(value) && json_integer_value(value) > 0
		       ? (uint64_t)json_integer_value(value)
		       : 0;
}

static void take_sample(struct container_record *record, const char *text, size_t size)
{
	struct trace *figures = &record->trace;
	auto_doc json_t *sample = NULL;
	uint64_t memory;
	uint64_t cpu;

	if (doc_parse(text, size, "stats", &sample, NULL) < 0)
		return;
	memory = number_at(sample, "memory_stats", "max_usage", NULL);
	cpu = number_at(sample, "cpu_stats", "cpu_usage", "total_usage");
	/* cgroups of version 2 have no such figure */
	if (memory == 0)
		memory = number_at(sample, "memory_stats", "usage", NULL);
	if (memory > figures->peak_memory)
		figures->peak_memory = memory;
	if (cpu > figures->cpu_time)
		figures->cpu_time = cpu;
	record->usage_known = figures->peak_memory > 0;
}

/* A line a second. */
static bool trial_stats(void *context, const void *data, size_t size)
{
	struct trial *trial = ((struct engine_call *)context)->trial;
	const char *end;

	buf_add(&trial->sample, data, size);
	while ((end = memchr(trial->sample.data, '\n', trial->sample.size)) != NULL) {
		size_t length = (size_t)(end - trial->sample.data) + 1;

		take_sample(trial->record, trial->sample.data, length);
		memmove(trial->sample.data, end + 1, trial->sample.size - length);
		buf_truncate(&trial->sample, trial->sample.size - length);
	}
	return !trial->sample.failed;
}

/* A request about the container: `tail` follows its ID in the path. */
static int trial_ask(struct trial *trial, enum step step, const char *method, const char *tail,
		     struct error *err)
{
	struct engine_request request = {
		.method = method,
		.timeout = CALL_TIMEOUT,
		.context = &trial->calls[step],
	};
	auto_buf struct buf path;

	if (step == STEP_WAIT || step == STEP_LOG || step == STEP_STATS)
		request.timeout = 0;
	if (step == STEP_LOG)
		request.sink = trial_log;
	else if (step == STEP_LOG_REST)
		request.sink = trial_log_rest;
	else if (step == STEP_STATS)
		request.sink = trial_stats;
	buf_init(&path, 4096);
	buf_add_string(&path, "/containers/");
	engine_escape(&path, trial->id);
	buf_add_string(&path, tail);
	request.path = path.data;
	if (buf_check(&path, "a path", err) < 0 ||
	    engine_start(trial->run->engine, &request, err) < 0)
		return -1;
	trial->calls[step].pending = true;
	return 0;
}

static int trial_create(struct trial *trial, struct error *err)
{
	auto_doc json_t *body = container_json(trial->run, trial->writable);
	struct engine_request request = {
		.method = "POST",
		.path = "/containers/create",
		.body = body,
		.timeout = CALL_TIMEOUT,
		.context = &trial->calls[STEP_CREATE],
	};

	if (body == NULL)
		return error_memory(err);
	if (engine_start(trial->run->engine, &request, err) < 0)
		return -1;
	trial->calls[STEP_CREATE].pending = true;
	return 0;
}

/* --- from start to stop -------------------------------------------------------------------- */

static bool is_primary(const struct trial *trial)
{
	return trial == &trial->run->trials[0];
}

static int send_signal(struct trial *trial, enum step step, int signal, struct error *err)
{
	char tail[32];

	(void)snprintf(tail, sizeof tail, "/kill?signal=%d", signal);
	return trial_ask(trial, step, "POST", tail, err);
}

/* The signal goes out when nothing is asked any more that needs the program alive. */
static int trial_stop_now(struct trial *trial, struct error *err)
{
	if (trial->ended || trial->record->stop_sent || trial->calls[STEP_HEALTH].pending)
		return 0;
	trial->record->stop_sent = true;
	trial->stopped_at = trace_now();
	trial->deadline = trial->stopped_at + trial->run->options->grace;
	return send_signal(trial, STEP_STOP, trial->record->stop_signal, err);
}

static int trial_stop(struct trial *trial, struct error *err)
{
	if (trial->ended || trial->stopping)
		return 0;
	trial->stopping = true;
	trial->deadline = 0;
	/* not there yet: it is stopped as soon as it has started */
	if (!trial->started)
		return 0;
	if (is_primary(trial) && trial->record->interrupted == 0) {
		if (trial->local)
			ports_sample(trial->record, trial->pid);
		if (trial->run->image->configuration.healthcheck.set &&
		    trial_ask(trial, STEP_HEALTH, "GET", "/json", err) < 0)
			return -1;
	}
	return trial_stop_now(trial, err);
}

static int trial_kill(struct trial *trial, struct error *err)
{
	if (trial->ended || !trial->started || trial->calls[STEP_KILL].pending)
		return 0;
	return send_signal(trial, STEP_KILL, SIGKILL, err);
}

/* The process behind this number is the container's: its mounts come from the container's folder.
 * Behind a forwarded socket, or in a virtual machine, it is another one, or none. */
static bool is_process_of(pid_t pid, const char *id)
{
	auto_buf struct buf mounts;
	char path[64];

	buf_init(&mounts, (size_t)4 << 20);
	(void)snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)pid);
	return pid > 0 && buf_read_file(&mounts, path, NULL) == 0 &&
	       strstr(mounts.data, id) != NULL;
}

/* Who it runs as can be seen where its process can. */
static void look_at_process(struct trial *trial)
{
	struct container_record *record = trial->record;
	auto_buf struct buf text;
	char path[64];
	unsigned uid;
	unsigned gid;
	const char *line;

	buf_init(&text, (size_t)4 << 20);
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)trial->pid);
	if (buf_read_file(&text, path, NULL) == 0 && (line = strstr(text.data, "\nUid:")) != NULL &&
	    sscanf(line, " Uid: %u", &uid) == 1 && (line = strstr(text.data, "\nGid:")) != NULL &&
	    sscanf(line, " Gid: %u", &gid) == 1) {
		record->uid = uid;
		record->gid = gid;
		record->user_known = true;
	}
	buf_clear(&text);
	(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)trial->pid);
	if (buf_read_file(&text, path, NULL) < 0)
		return;
	for (line = text.data; line < text.data + text.size; line += strlen(line) + 1)
		if (strncmp(line, "HOME=", 5) == 0 && record->home == NULL)
			record->home = strdup(line + 5);
}

static int trial_command(struct trial *trial, struct error *err)
{
	struct engine_run *run = trial->run;
	struct command_place place = {
		.pid = trial->pid,
		.user_namespace = geteuid() != 0,
		.quiet = !is_primary(trial),
		.mask = &run->old_mask,
	};

	struct error why = ERROR_INIT;

	if (command_start(&trial->command, run->options->command, &place, &why) < 0) {
		if (why.kind != ERROR_MISSING)
			return error_copy(err, &why);
		/* it has ended since it was looked at, of which the engine is about to tell */
		trial->command_deadline = trace_now() + COMMAND_PATIENCE;
		return 0;
	}
	trial->record->command_ran = true;
	trial->record->command_started = trace_now() - trial->record->trace.start;
	return 0;
}

static bool is_one_shot(const struct engine_run *run)
{
	return run->options->command == NULL && run->options->duration == 0;
}

/* --- answers ------------------------------------------------------------------------------- */

static int on_created(struct trial *trial, const struct engine_done *done, struct error *err)
{
	const char *id = NULL;

	if (doc_string(done->answer, "container", "Id", DOC_REQUIRED, &id, err) < 0)
		return -1;
	trial->id = strdup(id);
	if (trial->id == NULL)
		return error_memory(err);
	return trial_ask(trial, STEP_START, "POST", "/start", err);
}

static int on_started(struct trial *trial, struct engine_done *done, struct error *err)
{
	struct container_record *record = trial->record;

	if (done->error.kind != ERROR_NONE) {
		record->start_error = strdup(done->error.text);
		trial->ended = true;
		return trial_ask(trial, STEP_END, "GET", "/json", err);
	}
	trial->started = true;
	record->ran = true;
	record->trace.start = trace_now();
	record->first_instruction = record->trace.start - trial->run->asked;
	if (trial->run->options->duration > 0)
		trial->deadline = record->trace.start + trial->run->options->duration;
	return trial_ask(trial, STEP_LOOK, "GET", "/json", err);
}

static int time_of(const json_t *state, const char *key, uint64_t *ret_time)
{
	const char *text = json_string_value(json_object_get(state, key));

	return text != NULL ? text_parse_time(text, strlen(text), ret_time, NULL) : -1;
}

static int copy_text(char **place, const char *text, struct error *err)
{
	if (*place != NULL || text == NULL)
		return 0;
	*place = strdup(text);
	return *place == NULL ? error_memory(err) : 0;
}

static int look_at(struct trial *trial, const json_t *container, struct error *err)
{
	struct container_record *record = trial->record;
	json_t *state = NULL;
	json_t *config = NULL;
	const char *host = NULL;
	const char *folder = NULL;

	if (doc_object(container, "container", "State", DOC_REQUIRED, &state, err) < 0 ||
	    doc_object(container, "container", "Config", DOC_REQUIRED, &config, err) < 0 ||
	    doc_string(config, "container", "Hostname", DOC_OPTIONAL, &host, err) < 0 ||
	    doc_string(config, "container", "WorkingDir", DOC_OPTIONAL, &folder, err) < 0)
		return -1;
	if (trial->pid == 0)
		trial->pid = (pid_t)json_integer_value(json_object_get(state, "Pid"));
	if (time_of(state, "StartedAt", &trial->log.started) == 0) {
		time_t seconds = (time_t)(trial->log.started / 1000000000);
		struct tm parts;

		if (gmtime_r(&seconds, &parts) != NULL)
			(void)strftime(record->started, sizeof record->started,
				       "%Y-%m-%dT%H:%M:%SZ", &parts);
	}
	if (copy_text(&record->hostname, host, err) < 0)
		return -1;
	return copy_text(&record->working_dir, folder != NULL && folder[0] != '\0' ? folder : "/",
			 err);
}

static int on_looked(struct trial *trial, const struct engine_done *done, struct error *err)
{
	if (look_at(trial, done->answer, err) < 0)
		return -1;
	trial->local = engine_is_local(trial->run->engine) && is_process_of(trial->pid, trial->id);
	if (trial->local)
		look_at_process(trial);
	trial->record->ports_known = trial->local;
	if (trial_ask(trial, STEP_WAIT, "POST", "/wait", err) < 0 ||
	    trial_ask(trial, STEP_LOG, "GET", LOG_PATH "&follow=1", err) < 0)
		return -1;
	if (trial->stopping)
		return trial_stop_now(trial, err);
	if (is_primary(trial) && trial->pid > 0 &&
	    trial_ask(trial, STEP_STATS, "GET", "/stats?stream=1", err) < 0)
		return -1;
	if (!trial->run->has_command)
		return 0;
	if (trial->local)
		return trial_command(trial, err);
	trial->command_deadline = trace_now() + COMMAND_PATIENCE;
	return 0;
}

static int on_waited(struct trial *trial, struct error *err)
{
	struct container_record *record = trial->record;
	const struct engine_run *run = trial->run;
	uint64_t now = trace_now();

	trial->ended = true;
	record->duration = now - record->trace.start;
	if (record->stop_sent)
		record->stop_took = now - trial->stopped_at;
	record->early = !record->stop_sent && !is_one_shot(run);
	trial->deadline = trial->command.guard > 0 ? now + run->options->grace : 0;
	trial->log_deadline = now + LOG_PATIENCE;
	return trial_ask(trial, STEP_END, "GET", "/json", err);
}

static uint64_t since_start(const struct trial *trial, const json_t *item, const char *key)
{
	uint64_t at;

	return time_of(item, key, &at) == 0 && at > trial->log.started ? at - trial->log.started
								       : 0;
}

/* The last five checks, which is what an engine keeps. */
static int take_checks(struct trial *trial, const json_t *log, struct error *err)
{
	struct health_record *health = &trial->record->health;
	const json_t *item;
	size_t i;

	if (json_array_size(log) == 0 || health->checks != NULL)
		return 0;
	health->checks = calloc(json_array_size(log), sizeof *health->checks);
	if (health->checks == NULL)
		return error_memory(err);
	json_array_foreach (log, i, item) {
		struct health_check *check = &health->checks[health->check_count++];
		const char *output = json_string_value(json_object_get(item, "Output"));
		json_int_t code = json_integer_value(json_object_get(item, "ExitCode"));
		uint64_t end = since_start(trial, item, "End");

		check->time = since_start(trial, item, "Start");
		check->took = end > check->time ? end - check->time : 0;
		/* -1: it had no more time */
		check->timed_out = code < 0;
		check->status = code > 0 ? (int)code : 0;
		check->output = strdup(output != NULL ? output : "");
	}
	health->total = health->check_count;
	return 0;
}

static int take_health(struct trial *trial, const json_t *container, struct error *err)
{
	static const char *const states[] = { "starting", "healthy", "unhealthy" };
	const json_t *health = json_object_get(json_object_get(container, "State"), "Health");
	const char *status = json_string_value(json_object_get(health, "Status"));

	/* Podman says "" where there is no check */
	for (size_t i = 0; status != NULL && i < array_size(states); i++)
		if (trial->record->health.status == NULL && strcmp(status, states[i]) == 0)
			trial->record->health.status = states[i];
	return take_checks(trial, json_object_get(health, "Log"), err);
}

static bool says(const char *text, const char *const *parts)
{
	for (; *parts != NULL; parts++)
		if (strcasestr(text, *parts) != NULL)
			return true;
	return false;
}

/* A program that cannot be executed is a result, as under docker; anything else is trouble. */
static int start_failed(struct trial *trial, const json_t *state, int code, struct error *err)
{
	static const char *const missing[] = { "no such file", "not found in $PATH",
					       "executable file not found", NULL };
	static const char *const refused[] = { "permission denied", "is a directory",
					       "exec format error", NULL };
	const char *reason = json_string_value(json_object_get(state, "Error"));
	char *text = NULL;

	if (reason != NULL && reason[0] != '\0') {
		text = strdup(reason);
		if (text == NULL)
			return error_memory(err);
		free(trial->record->start_error);
		trial->record->start_error = text;
	}
	if (code != 126 && code != 127)
		code = !says(trial->record->start_error, (const char *const[]) { "exec", NULL }) ? 0
		       : says(trial->record->start_error, missing) ? 127
		       : says(trial->record->start_error, refused) ? 126
								   : 0;
	if (code == 0)
		return error_set(err, ERROR_ENGINE, "the container does not start: %s",
				 trial->record->start_error);
	trial->record->status = code << 8;
	trial->record->early = !is_one_shot(trial->run);
	return 0;
}

/* Storage drivers that overlay have one. */
static const char *upper_of(const json_t *container)
{
	const json_t *data = json_object_get(json_object_get(container, "GraphDriver"), "Data");

	return json_string_value(json_object_get(data, "UpperDir"));
}

static int on_ended(struct trial *trial, const struct engine_done *done, struct error *err)
{
	struct container_record *record = trial->record;
	json_t *state = NULL;
	uint64_t code = 0;
	uint64_t finished;

	if (look_at(trial, done->answer, err) < 0 || take_health(trial, done->answer, err) < 0 ||
	    doc_object(done->answer, "container", "State", DOC_REQUIRED, &state, err) < 0 ||
	    doc_size(state, "container", "ExitCode", DOC_REQUIRED, &code, err) < 0)
		return -1;
	trial->examined = true;
	record->out_of_memory = json_is_true(json_object_get(state, "OOMKilled"));
	(void)time_of(done->answer, "Created", &trial->created);
	if (engine_is_local(trial->run->engine) &&
	    copy_text(&trial->upper, upper_of(done->answer), err) < 0)
		return -1;
	/* 137 is that, and also a status that a program may give itself */
	record->status =
		record->killed && code == 128 + SIGKILL ? SIGKILL : (int)(code & 0xff) << 8;
	if (record->start_error != NULL)
		return start_failed(trial, state, (int)code, err);
	if (time_of(state, "FinishedAt", &finished) == 0 && finished > trial->log.started)
		record->duration = finished - trial->log.started;
	return trial->writable ? trial_ask(trial, STEP_CHANGES, "GET", "/changes", err) : 0;
}

static void drop_mounts(struct write_list *writes, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *const mount[] = { paths[i], NULL };

		writes_drop_mounts(writes, mount);
	}
}

static int on_changes(struct trial *trial, const struct engine_done *done, struct error *err)
{
	const struct engine_run *run = trial->run;
	struct write_list *writes = &trial->record->writes;

	if (writes_of_changes(writes, done->answer, err) < 0)
		return -1;
	if (trial->upper != NULL && trial->created > 0 &&
	    writes_of_upper(writes, trial->upper, trial->created, err) < 0)
		return -1;
	writes_drop_mounts(writes, (const char *const *)run->image->configuration.volumes.items);
	drop_mounts(writes, run->options->tmpfs, run->options->tmpfs_count);
	drop_mounts(writes, run->options->volumes, run->options->volume_count);
	writes_drop_own(writes, trial->record->working_dir);
	writes_sort(writes);
	return 0;
}

static int leave_over(struct engine_run *run, const char *id, struct error *err)
{
	return list_add(&run->leftovers, strdup(id), err);
}

static int on_removed(struct trial *trial, const struct engine_done *done, struct error *err)
{
	trial->removed = true;
	/* somebody else was faster: 404, or 409 while they are at it */
	if (done->error.kind == ERROR_NONE || done->status == 404 || done->status == 409)
		return 0;
	return leave_over(trial->run, trial->id, err);
}

static void on_log_ended(struct trial *trial, const struct engine_done *done)
{
	trial->log_followed = done->error.kind == ERROR_NONE;
	if (!trial->log_followed)
		trial->record->log_truncated = true;
}

static void log_finish(struct trial *trial)
{
	if (!enginelog_finish(&trial->log) || trial->calls[STEP_LOG].pending)
		trial->record->log_truncated = true;
}

/* What has failed for the engine's reasons, and what can be done without. */
static bool is_forgiven(const struct trial *trial, enum step step, const struct engine_done *done)
{
	switch (step) {
	case STEP_START:
		return done->error.kind != ERROR_NETWORK;
	case STEP_LOG:
	case STEP_LOG_REST:
	case STEP_STATS:
	case STEP_HEALTH:
		return done->error.kind != ERROR_NETWORK || trial->ended;
	case STEP_STOP:
	case STEP_KILL:
		/* it ended meanwhile, which the wait will tell */
		return done->error.kind != ERROR_NETWORK;
	case STEP_REMOVE:
		return true;
	case STEP_CREATE:
	case STEP_LOOK:
	case STEP_WAIT:
	case STEP_END:
	case STEP_CHANGES:
	case STEP_COUNT:
		break;
	}
	return false;
}

static int trial_answer(struct trial *trial, enum step step, struct engine_done *done,
			struct error *err)
{
	trial->calls[step].pending = false;
	if (done->error.kind != ERROR_NONE && !is_forgiven(trial, step, done)) {
		if (err != NULL)
			*err = done->error;
		return -1;
	}
	switch (step) {
	case STEP_CREATE:
		return on_created(trial, done, err);
	case STEP_START:
		return on_started(trial, done, err);
	case STEP_LOOK:
		return on_looked(trial, done, err);
	case STEP_WAIT:
		return on_waited(trial, err);
	case STEP_LOG:
		on_log_ended(trial, done);
		break;
	case STEP_HEALTH:
		if (take_health(trial, done->answer, err) < 0)
			return -1;
		return trial_stop_now(trial, err);
	case STEP_END:
		return on_ended(trial, done, err);
	case STEP_CHANGES:
		return on_changes(trial, done, err);
	case STEP_REMOVE:
		return on_removed(trial, done, err);
	case STEP_LOG_REST:
	case STEP_STATS:
	case STEP_STOP:
	case STEP_KILL:
	case STEP_COUNT:
		break;
	}
	return 0;
}

/* --- what earlier runs left ---------------------------------------------------------------- */

static int sweep_begin(struct engine_run *run, struct error *err)
{
	struct engine_request request = {
		.method = "GET",
		.path = sweep_path,
		.timeout = CALL_TIMEOUT,
		.context = &run->sweep_list,
	};

	run->sweeping = 1;
	return engine_start(run->engine, &request, err);
}

static int sweep_remove(struct engine_run *run, const char *id, struct error *err)
{
	struct engine_request request = {
		.method = "DELETE",
		.timeout = CALL_TIMEOUT,
		.context = &run->sweep_removes,
	};
	auto_buf struct buf path;

	buf_init(&path, 4096);
	buf_add_string(&path, "/containers/");
	engine_escape(&path, id);
	buf_add_string(&path, "?force=1&v=1");
	request.path = path.data;
	if (buf_check(&path, "a path", err) < 0 || engine_start(run->engine, &request, err) < 0)
		return -1;
	run->sweeping++;
	return 0;
}

static int sweep_answer(struct engine_run *run, const struct engine_call *call,
			const struct engine_done *done, struct error *err)
{
	const json_t *container;
	size_t i;

	run->sweeping--;
	if (call == &run->sweep_removes || done->error.kind != ERROR_NONE)
		return 0;
	json_array_foreach (done->answer, i, container) {
		const char *id = json_string_value(json_object_get(container, "Id"));

		if (id != NULL && sweep_is_left(container, run->owner) &&
		    sweep_remove(run, id, err) < 0)
			return -1;
	}
	return 0;
}

/* --- the event loop ------------------------------------------------------------------------ */

static int on_answer(struct engine_run *run, struct engine_done *done, struct error *err)
{
	struct engine_call *call = done->context;

	if (call->trial == NULL)
		return sweep_answer(run, call, done, err);
	return trial_answer(call->trial, call->step, done, err);
}

static int command_has_ended(struct trial *trial, int status, struct error *err)
{
	struct container_record *record = trial->record;

	command_take(&trial->command, status, &record->command_status, &record->command_error,
		     &record->command_ready);
	record->command_ended = trace_now() - record->trace.start;
	if (record->command_ready > 0)
		record->command_ready -= record->trace.start;
	if (trial->ended) {
		trial->deadline = 0;
		return 0;
	}
	return trial_stop(trial, err);
}

static int interrupt(struct engine_run *run, int signal, struct error *err)
{
	/* the first ends the run in order, the second at once */
	bool again = run->trials[0].record->interrupted != 0;

	for (size_t i = 0; i < run->trial_count; i++) {
		struct trial *trial = &run->trials[i];

		trial->record->interrupted = signal;
		command_end(&trial->command);
		if ((again ? trial_kill(trial, err) : trial_stop(trial, err)) < 0)
			return -1;
	}
	return 0;
}

static int on_signals(struct engine_run *run, struct error *err)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && interrupt(run, (int)info.ssi_signo, err) < 0)
			return -1;
	for (size_t i = 0; i < run->trial_count; i++) {
		struct trial *trial = &run->trials[i];
		int status;

		if (trial->command.guard > 0 &&
		    waitpid(trial->command.guard, &status, WNOHANG) == trial->command.guard &&
		    command_has_ended(trial, status, err) < 0)
			return -1;
	}
	return 0;
}

static int on_deadline(struct trial *trial, struct error *err)
{
	trial->deadline = 0;
	if (trial->ended) {
		command_end(&trial->command);
		return 0;
	}
	if (trial->record->stop_sent) {
		trial->record->killed = true;
		return trial_kill(trial, err);
	}
	trial->cut = is_one_shot(trial->run);
	return trial_stop(trial, err);
}

/* The first has ended by itself: the second one should, too. */
static void hurry_second(struct engine_run *run)
{
	const struct trial *first = &run->trials[0];
	struct trial *second = &run->trials[1];

	if (run->trial_count < TRIALS || !first->examined || !is_one_shot(run) || second->ended ||
	    !second->started || second->stopping || second->deadline > 0)
		return;
	second->deadline = trace_now() + first->record->duration + SECOND_PATIENCE;
}

/* Whatever is due; then the container is removed when nobody wants anything of it any more. */
static int trial_go_on(struct trial *trial, struct error *err)
{
	uint64_t now = trace_now();

	if (trial->removed)
		return 0;
	if (trial->deadline > 0 && now >= trial->deadline && on_deadline(trial, err) < 0)
		return -1;
	if (trial->command_deadline > 0 && now >= trial->command_deadline && !trial->ended)
		return error_set(err, ERROR_ENGINE,
				 "%s: COMMAND cannot reach the container: its processes are not on "
				 "this machine, or not for you to see (--engine sandbox needs none "
				 "of that)",
				 engine_address(trial->run->engine));
	if (!trial->examined || trial->command.guard > 0 || trial->calls[STEP_CHANGES].pending ||
	    trial->calls[STEP_REMOVE].pending || trial->calls[STEP_LOG_REST].pending ||
	    (trial->calls[STEP_LOG].pending && now < trial->log_deadline))
		return 0;
	if (trial->log_followed && is_primary(trial)) {
		trial->log_followed = false;
		return trial_ask(trial, STEP_LOG_REST, "GET", LOG_PATH, err);
	}
	log_finish(trial);
	return trial_ask(trial, STEP_REMOVE, "DELETE", "?force=1&v=1", err);
}

static void sooner(uint64_t *wait, uint64_t at, uint64_t now)
{
	uint64_t left = at > now ? at - now : 0;

	if (at > 0 && left < *wait)
		*wait = left;
}

static uint64_t time_to_wait(const struct engine_run *run)
{
	uint64_t now = trace_now();
	uint64_t wait = 10 * SECOND;

	for (size_t i = 0; i < run->trial_count; i++) {
		const struct trial *trial = &run->trials[i];

		if (trial->removed)
			continue;
		sooner(&wait, trial->deadline, now);
		if (!trial->ended)
			sooner(&wait, trial->command_deadline, now);
		if (trial->calls[STEP_LOG].pending)
			sooner(&wait, trial->log_deadline, now);
	}
	return wait;
}

static bool is_over(const struct engine_run *run)
{
	for (size_t i = 0; i < run->trial_count; i++)
		if (!run->trials[i].removed || run->trials[i].command.guard > 0)
			return false;
	return run->sweeping == 0;
}

static int run_loop(struct engine_run *run, struct error *err)
{
	while (!is_over(run)) {
		struct engine_done done = { 0 };
		int event = engine_wait(run->engine, time_to_wait(run), run->signals, &done, err);
		int result = event < 0 ? -1 : 0;

		if (event == ENGINE_DONE)
			result = on_answer(run, &done, err);
		else if (event == ENGINE_WATCHED)
			result = on_signals(run, err);
		json_decref(done.answer);
		hurry_second(run);
		for (size_t i = 0; i < run->trial_count && result == 0; i++)
			result = trial_go_on(&run->trials[i], err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------- */

static int open_signals(struct engine_run *run, struct error *err)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &mask, &run->old_mask) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot block signals: %s", strerror(errno));
	run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals < 0)
		return error_set(err, ERROR_SYSTEM, "cannot watch signals: %s", strerror(errno));
	return 0;
}

static void trial_init(struct engine_run *run, size_t i, struct container_record *record)
{
	struct trial *trial = &run->trials[i];

	trial->run = run;
	trial->record = record;
	trial->writable = run->options->writable || i > 0;
	trial->log_deadline = UINT64_MAX;
	for (size_t step = 0; step < STEP_COUNT; step++)
		trial->calls[step] =
			(struct engine_call) { .trial = trial, .step = (enum step)step };
	enginelog_init(&trial->log, record);
	buf_init(&trial->sample, SAMPLE_MAX);
	trial->log.file = i == 0 ? run->log_file : NULL;
	command_init(&trial->command);
}

static int describe(struct engine_run *run, struct container_record *record, struct error *err)
{
	const struct configuration *c = &run->image->configuration;
	const struct container_options *options = run->options;
	const char *user = options->user != NULL ? options->user : c->user;
	size_t length = strcspn(user, ":");

	if (options_check(options, err) < 0 ||
	    program_stop_signal(c, &record->stop_signal, err) < 0 ||
	    program_argv(c, options, &run->argv, err) < 0 || sweep_owner(run->owner, err) < 0)
		return -1;
	if (length > 0 && strspn(user, "0123456789") < length) {
		record->user_name = strndup(user, length);
		if (record->user_name == NULL)
			return error_memory(err);
	}
	return program_volumes(c, record, err);
}

static int run_all(struct engine_run *run, struct container_record *record, struct error *err)
{
	if (describe(run, record, err) < 0 ||
	    log_file_open(run->options->log_file, &run->log_file, err) < 0 ||
	    open_signals(run, err) < 0)
		return -1;
	run->trial_count = run->options->writable ? 1 : TRIALS;
	record->watch = run->options->watch;
	run->second.stop_signal = record->stop_signal;
	trial_init(run, 0, record);
	if (run->trial_count > 1)
		trial_init(run, 1, &run->second);
	for (size_t i = 0; i < run->trial_count; i++)
		if (trial_create(&run->trials[i], err) < 0)
			return -1;
	if (sweep_begin(run, err) < 0 || run_loop(run, err) < 0)
		return -1;
	return log_file_close(run->options->log_file, steal(&run->log_file), err);
}

static void clear_answer(const struct engine_done *done)
{
	const struct engine_call *call = done->context;
	struct trial *trial = call->trial;
	const char *id = json_string_value(json_object_get(done->answer, "Id"));

	if (trial == NULL)
		return;
	trial->calls[call->step].pending = false;
	if (call->step == STEP_CREATE && id != NULL)
		trial->id = strdup(id);
	if (call->step == STEP_REMOVE)
		trial->removed = done->error.kind == ERROR_NONE || done->status == 404;
}

/* Whether there is an answer to wait for. */
static bool clear_ask(struct trial *trial, bool *asked)
{
	if (trial->id != NULL && !*asked) {
		*asked = true;
		(void)!trial_ask(trial, STEP_REMOVE, "DELETE", "?force=1&v=1", NULL);
	}
	return trial->calls[STEP_CREATE].pending || trial->calls[STEP_REMOVE].pending;
}

/* After a failure: what was created is removed, as far as the engine still answers. */
static void clear(struct engine_run *run)
{
	uint64_t until = trace_now() + CLEAR_TIMEOUT;
	bool asked[TRIALS] = { false };

	while (trace_now() < until) {
		struct engine_done done = { 0 };
		bool waiting = false;

		for (size_t i = 0; i < run->trial_count; i++)
			waiting = (!run->trials[i].removed &&
				   clear_ask(&run->trials[i], &asked[i])) ||
				  waiting;
		if (!waiting ||
		    engine_wait(run->engine, until - trace_now(), -1, &done, NULL) != ENGINE_DONE)
			break;
		clear_answer(&done);
		json_decref(done.answer);
	}
	for (size_t i = 0; i < run->trial_count; i++)
		if (run->trials[i].id != NULL && !run->trials[i].removed)
			(void)!leave_over(run, run->trials[i].id, NULL);
}

static int name_leftovers(const struct engine_run *run, struct error *err)
{
	auto_buf struct buf names;

	buf_init(&names, 1024);
	for (size_t i = 0; i < run->leftovers.count; i++)
		buf_printf(&names, " %.12s", run->leftovers.items[i]);
	if (run->leftovers.count > 0 && err != NULL) {
		struct error cause = *err;

		return error_set(err, cause.kind,
				 "%.1500s (left in the engine, for the next run to remove:%s)",
				 cause.text, names.data);
	}
	return -1;
}

static void run_release(struct engine_run *run)
{
	for (size_t i = 0; i < run->trial_count; i++) {
		command_release(&run->trials[i].command);
		enginelog_release(&run->trials[i].log);
		buf_release(&run->trials[i].sample);
		free(run->trials[i].id);
		free(run->trials[i].upper);
	}
	if (run->signals >= 0) {
		(void)close(run->signals);
		(void)sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
	}
	if (run->log_file != NULL)
		(void)fclose(run->log_file);
	container_record_release(&run->second);
	list_release(&run->argv);
	list_release(&run->leftovers);
}

/* Why the second run may not show all that the program would write. */
static int judge_second(struct engine_run *run, struct container_record *record, struct error *err)
{
	const struct container_record *second = &run->second;
	char *text = NULL;
	int result = 0;

	if (run->trial_count < TRIALS || record->start_error != NULL)
		return 0;
	record->would = second->writes;
	run->second.writes = (struct write_list) { 0 };
	if (second->start_error != NULL)
		result = asprintf(&text, "it did not start: %s", second->start_error);
	else if (run->trials[1].cut)
		result = asprintf(&text, "it went on when the first had ended");
	else if (second->early && !record->early)
		result = asprintf(&text, "it ended early, with status %d",
				  WEXITSTATUS(second->status));
	else if (is_one_shot(run) && second->status != 0 && record->status == 0)
		result = asprintf(&text, "it ended with status %d", WEXITSTATUS(second->status));
	else if (second->command_status != 0 && record->command_status == 0)
		result = asprintf(&text, "COMMAND ended with status %d in it",
				  second->command_status);
	if (result < 0)
		return error_memory(err);
	record->second_problem = text;
	return 0;
}

static int finish(struct engine_run *run, struct container_record *record, struct error *err)
{
	if (judge_second(run, record, err) < 0)
		return -1;
	record->argv = steal(&run->argv.items);
	record->leftovers = steal(&run->leftovers.items);
	if (record->hostname == NULL || record->working_dir == NULL)
		return error_set(err, ERROR_ENGINE, "%s: the engine does not say what it ran",
				 engine_address(run->engine));
	return 0;
}

int engine_run(struct engine *engine, const struct engine_image *image,
	       const struct container_options *options, uint64_t asked,
	       struct container_record *ret_record, struct error *err)
{
	auto_container_record struct container_record record = { 0 };
	struct engine_run run = {
		.engine = engine,
		.image = image,
		.options = options,
		.asked = asked,
		.signals = -1,
		.has_command = options->command != NULL,
	};
	int result = run_all(&run, &record, err);

	if (result < 0) {
		clear(&run);
		(void)name_leftovers(&run, err);
	} else {
		result = finish(&run, &record, err);
	}
	run_release(&run);
	if (result < 0)
		return -1;
	*ret_record = record;
	record = (struct container_record) { 0 };
	return 0;
}
