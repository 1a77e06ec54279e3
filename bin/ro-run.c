/* ro-run: runs an image with a read-only root and reports every write that the root refused. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/doc.h"
#include "check/rorun.h"
#include "check/suggest.h"
#include "check/timeline.h"
#include "image/reference.h"
#include "run/container.h"
#include "run/enginerun.h"
#include "run/rootcache.h"
#include "tool.h"

struct options {
	struct tool tool;
	struct image_options image;
	struct container_options container;
	struct option_list env;
	struct option_list tmpfs;
	struct option_list volumes;
	struct option_list ulimits;
	struct option_list read_only_paths;
	struct option_list allow;
	struct option_number duration;
	struct option_number memory;
	const char *cpus;
	struct option_number health_interval;
	struct option_number grace;
	struct rorun_log log;
	const char *timeline;
	int engine;
	int suggest_as;
	bool suggest;
	bool clear_cache;
};

enum { ENGINE_UNSAID = -1, ENGINE_SANDBOX, ENGINE_DOCKER };
static const char *const engines[] = { "sandbox", "docker", NULL };

enum { FORM_UNSAID = -1, FORM_DOCKER, FORM_COMPOSE, FORM_KUBERNETES, FORM_ECS };
static const char *const forms[] = { "docker", "compose", "kubernetes", "ecs", NULL };

#define FIELD(member) offsetof(struct options, member)

static const struct option_spec specs[] = {
	{ "entrypoint", 0, OPTION_STRING, FIELD(container.entrypoint), "TEXT",
	  "instead of the image's entry point and command;\na JSON array, or a text for the shell",
	  NULL },
	{ "cmd", 0, OPTION_STRING, FIELD(container.cmd), "TEXT", "instead of the image's command",
	  NULL },
	{ "env", 'e', OPTION_LIST, FIELD(env), "NAME=VALUE", "an environment variable; repeatable",
	  NULL },
	{ "user", 'u', OPTION_STRING, FIELD(container.user), "USER[:GROUP]",
	  "run as this user of the image", NULL },
	{ "tmpfs", 0, OPTION_LIST, FIELD(tmpfs), "PATH", "a writable tmpfs there; repeatable",
	  NULL },
	{ "volume", 0, OPTION_LIST, FIELD(volumes), "PATH",
	  "a writable volume there, with the image's content,\nthrown away; repeatable", NULL },
	{ "read-only-path", 0, OPTION_LIST, FIELD(read_only_paths), "PATH",
	  "read-only whatever else is writable; repeatable", NULL },
	{ "allow", 0, OPTION_LIST, FIELD(allow), "GLOB",
	  "refused writes to these paths do not count;\nrepeatable", NULL },
	{ "writable", 'w', OPTION_FLAG, FIELD(container.writable), NULL,
	  "a writable, throw-away root; report what was written", NULL },
	{ "ulimit", 0, OPTION_LIST, FIELD(ulimits), "NAME=SOFT[:HARD]",
	  "a limit, as docker's; repeatable", NULL },
	{ "memory", 0, OPTION_SIZE, FIELD(memory), "SIZE", "a limit of memory", NULL },
	{ "cpus", 0, OPTION_STRING, FIELD(cpus), "NUMBER", "a limit of processors, as 1.5", NULL },
	{ "no-new-privileges", 0, OPTION_FLAG, FIELD(container.no_new_privileges), NULL,
	  "the program cannot gain privileges", NULL },
	{ "no-healthcheck", 0, OPTION_FLAG, FIELD(container.no_health), NULL,
	  "leave the image's health check alone", NULL },
	{ "health-interval", 0, OPTION_DURATION, FIELD(health_interval), "TIME",
	  "run the image's health check this often", NULL },
	{ "suggest", 0, OPTION_FLAG, FIELD(suggest), NULL,
	  "run it again, with a writable root, and find the\nsmallest set of writable mounts with "
	  "which it holds",
	  NULL },
	{ "suggest-as", 0, OPTION_CHOICE, FIELD(suggest_as), "FORM",
	  "print nothing but that suggestion: docker, compose,\nkubernetes or ecs", forms },
	{ "for", 0, OPTION_DURATION, FIELD(duration), "TIME",
	  "without COMMAND: stop after this time", NULL },
	{ "grace", 0, OPTION_DURATION, FIELD(grace), "TIME",
	  "from the stop signal to SIGKILL (default: 10s)", NULL },
	{ "log", 0, OPTION_STRING, FIELD(container.log_file), "FILE",
	  "write the program's output there, with times", NULL },
	{ "timeline", 0, OPTION_STRING, FIELD(timeline), "FILE",
	  "draw the course of the run there, as SVG", NULL },
	{ "engine", 0, OPTION_CHOICE, FIELD(engine), "sandbox|docker",
	  "how to run it (default: docker for docker-daemon:\nnames, sandbox for all else)",
	  engines },
	{ "cache", 0, OPTION_STRING, FIELD(container.cache), "DIR",
	  "where images are unpacked\n(default: $XDG_CACHE_HOME/seatrial)", NULL },
	{ "clear-cache", 0, OPTION_FLAG, FIELD(clear_cache), NULL,
	  "remove what was unpacked, and end", NULL },
	{ "no-trace", 0, OPTION_FLAG, FIELD(container.untraced), NULL,
	  "record no write attempts; nothing is decided then", NULL },
	{ "platform", 0, OPTION_STRING, FIELD(image.platform), "OS/ARCH[/VARIANT]",
	  "which image of an index (default: this machine's)", NULL },
	TOOL_REGISTRY_OPTIONS(struct options, image.registry),
	TOOL_OPTIONS(struct options),
};

static const struct program program = {
	.name = "ro-run",
	.operands = "IMAGE [-- COMMAND...] | --clear-cache",
	.summary =
		"Starts IMAGE with a read-only root, runs COMMAND in its network, stops it, and\n"
		"reports every write that the root refused.\n"
		"Exit status: 0 none was refused and all went well; 1 a write was refused, it\n"
		"ended early, or COMMAND failed; 2 trouble.",
	.options = specs,
	.operands_max = 1,
	.takes_command = true,
};

/* One form of it alone, to be put into a file. */
static int print_form(const struct options *options, const struct rorun *run, struct error *err)
{
	auto_suggest_subject struct suggest_subject subject = { 0 };
	auto_free char *text = NULL;
	auto_doc json_t *ecs = NULL;

	if (suggest_subject_of(run->subject.name, run->record, run->options, &subject, err) < 0)
		return -1;
	if (options->suggest_as == FORM_ECS) {
		ecs = suggest_ecs(run->suggestion, &subject);
		tool_print_json(ecs);
		return 0;
	}
	text = options->suggest_as == FORM_COMPOSE ? suggest_compose(run->suggestion, &subject)
	       : options->suggest_as == FORM_KUBERNETES
		       ? suggest_kubernetes(run->suggestion, &subject)
		       : suggest_docker(run->suggestion, &subject);
	if (text == NULL)
		return error_memory(err);
	(void)fputs(text, stdout);
	return 0;
}

/* A suggestion that has not been proved is none: that is said, and the exit status says it. */
static int report_form(const struct options *options, const struct rorun *run, struct error *err)
{
	const struct suggestion *suggestion = run->suggestion;

	if (suggestion == NULL)
		return TOOL_FAILS;
	if (!suggestion->proved)
		return error_set(err, ERROR_INPUT, "%s: no set of mounts has been proved: %s%s",
				 run->subject.name,
				 suggestion->impossible != NULL ? "no mount can serve "
				 : suggestion->problem != NULL	? suggestion->problem
								: "",
				 suggestion->impossible != NULL ? suggestion->impossible : "");
	if (print_form(options, run, err) < 0)
		return -1;
	return run->verdict.holds ? TOOL_HOLDS : TOOL_FAILS;
}

static int report(const struct options *options, const struct rorun *run, struct error *err)
{
	auto_doc json_t *document = NULL;

	if (options->suggest_as != FORM_UNSAID)
		return report_form(options, run, err);
	switch (tool_format(&options->tool)) {
	case FORMAT_JSON:
		document = rorun_json(run);
		tool_print_json(document);
		break;
	case FORMAT_TAP:
		rorun_tap(run);
		break;
	case FORMAT_TEXT:
		if (rorun_text(run, stdout, err) < 0)
			return -1;
		break;
	}
	if (options->container.untraced && run->verdict.holds)
		return error_set(err, ERROR_USAGE,
				 "--no-trace records no write attempts: nothing was decided");
	if (run->record->second_problem != NULL && run->verdict.holds)
		return error_set(err, ERROR_ENGINE,
				 "%s: the second, writable run does not tell what would be "
				 "written: %s",
				 run->subject.name, run->record->second_problem);
	return run->verdict.holds ? TOOL_HOLDS : TOOL_FAILS;
}

/* "1.5", in thousandths. */
static int take_cpus(struct options *options, struct error *err)
{
	char *end = NULL;
	double number;

	if (options->cpus == NULL)
		return 0;
	number = strtod(options->cpus, &end);
	if (end == options->cpus || *end != '\0' || !(number >= 0.01) || !(number <= 4096))
		return error_set(err, ERROR_USAGE, "--cpus: '%s' is no number of processors",
				 options->cpus);
	options->container.cpus = (uint64_t)(number * 1000 + 0.5);
	return 0;
}

static void take_options(struct options *options, const struct operands *operands)
{
	options->container.memory = options->memory.value;
	options->container.env = options->env.items;
	options->container.env_count = options->env.count;
	options->container.tmpfs = options->tmpfs.items;
	options->container.tmpfs_count = options->tmpfs.count;
	options->container.ulimits = options->ulimits.items;
	options->container.ulimit_count = options->ulimits.count;
	options->container.volumes = options->volumes.items;
	options->container.volume_count = options->volumes.count;
	options->container.read_only_paths = options->read_only_paths.items;
	options->container.read_only_path_count = options->read_only_paths.count;
	options->container.duration = options->duration.value;
	options->container.health_interval = options->health_interval.value;
	options->container.grace =
		options->grace.set ? options->grace.value : UINT64_C(10000000000);
	options->container.command = operands->command;
	options->suggest = options->suggest || options->suggest_as != FORM_UNSAID;
	/* unpacking into the cache checks everything, and applies one layer after the other */
	options->image.verify = true;
	options->image.threads = 1;
}

/* Where an image is run; the engine is NULL for the sandbox. */
struct place_to_run {
	struct image *image;
	struct engine *engine;
	const struct engine_image *engine_image;
};

static int run_in_sandbox(void *context, const struct container_options *options,
			  struct container_record *ret_record, struct error *err)
{
	const struct place_to_run *place = context;

	return container_run(place->image, options, trace_now(), ret_record, err);
}

static int run_in_engine(void *context, const struct container_options *options,
			 struct container_record *ret_record, struct error *err)
{
	const struct place_to_run *place = context;

	return engine_run(place->engine, place->engine_image, options, trace_now(), ret_record,
			  err);
}

static int open_root(const struct options *options, const struct image *image, int *ret_root,
		     int *ret_use, struct error *err)
{
	struct idmap map = idmap_find();
	auto_free char *directory = NULL;
	auto_free char *path = NULL;

	if (rootcache_get(image, options->container.cache, &map, &directory, ret_use, err) < 0)
		return -1;
	if (asprintf(&path, "%s/root", directory) < 0) {
		path = NULL;
		return error_memory(err);
	}
	*ret_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_root < 0)
		return error_set(err, ERROR_SYSTEM, "cannot open '%s': %s", path, strerror(errno));
	return 0;
}

/* The sandbox sees who writes what, also for an image that an engine has; the proof is the
 * engine's. */
static int suggest(const struct options *options, const struct rorun *run,
		   const struct place_to_run *place, struct suggestion *ret_suggestion,
		   struct error *err)
{
	auto_image struct image *own = NULL;
	auto_fd int root = -1;
	auto_fd int use = -1;
	auto_free char *name = NULL;
	struct place_to_run here = *place;
	const struct suggest_runner look = { &here, run_in_sandbox };
	const struct suggest_runner prove = { &here,
					      run->in_engine ? run_in_engine : run_in_sandbox };
	struct suggest_question question = {
		.options = &options->container,
		.one_shot = run->one_shot,
		.allow = run->allow,
		.allow_count = run->allow_count,
		.look = &look,
		.prove = &prove,
	};

	if (run->verdict.holds) {
		*ret_suggestion = (struct suggestion) { .proved = true };
		return 0;
	}
	if (here.image == NULL) {
		if (asprintf(&name, "docker-daemon:%s", place->engine_image->name) < 0) {
			name = NULL;
			return error_memory(err);
		}
		if (image_open(name, &options->image, &own, err) < 0)
			return -1;
		here.image = own;
	}
	if (open_root(options, here.image, &root, &use, err) < 0)
		return -1;
	question.root = root;
	return suggest_find(&question, ret_suggestion, err);
}

/* An earlier picture stays where this one cannot be written whole. */
static int write_timeline(const struct options *options, const struct rorun *run, struct error *err)
{
	auto_timeline struct timeline timeline = { 0 };
	auto_free char *name = NULL;
	FILE *file;
	bool written;
	auto_free unsigned char *tones = rorun_log_tones(run);

	if (timeline_make(&timeline, run->subject.name, run->record, tones, err) < 0)
		return -1;
	if (asprintf(&name, "%s.new", options->timeline) < 0) {
		name = NULL;
		return error_memory(err);
	}
	file = fopen(name, "we");
	if (file == NULL)
		return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", options->timeline,
				 strerror(errno));
	timeline_svg(&timeline, file);
	written = ferror(file) == 0;
	if (fclose(file) == 0 && written && rename(name, options->timeline) == 0)
		return 0;
	(void)error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", options->timeline,
			strerror(errno));
	(void)unlink(name);
	return -1;
}

/* The report, and what is to be said instead of a verdict. */
static int conclude(const struct options *options, struct rorun *run,
		    const struct place_to_run *place, struct error *err)
{
	const struct container_record *record = run->record;
	auto_suggestion struct suggestion suggestion = { 0 };
	int status;

	if (record->command_error != 0 && record->interrupted == 0)
		return error_set(err, ERROR_USAGE, "cannot run COMMAND '%s': %s",
				 options->container.command[0], strerror(record->command_error));
	rorun_judge(run);
	if (options->suggest && record->interrupted == 0) {
		if (suggest(options, run, place, &suggestion, err) < 0)
			return -1;
		run->suggestion = &suggestion;
	}
	if (options->timeline != NULL && write_timeline(options, run, err) < 0)
		return -1;
	status = report(options, run, err);
	if (record->interrupted != 0)
		return error_set(err, ERROR_CANCELLED, "interrupted by SIG%s",
				 sigabbrev_np(record->interrupted));
	return status;
}

static struct rorun rorun_begin(const struct options *options)
{
	return (struct rorun) {
		.options = &options->container,
		.allow = options->allow.items,
		.allow_count = options->allow.count,
		.in_engine = options->engine == ENGINE_DOCKER,
		.one_shot = options->container.command == NULL && !options->duration.set,
		.log = &options->log,
	};
}

static int run_sandbox(const struct options *options, const char *name, uint64_t asked,
		       struct error *err)
{
	auto_image struct image *image = NULL;
	auto_container_record struct container_record record = { 0 };
	struct rorun run = rorun_begin(options);

	if (image_open(name, &options->image, &image, err) < 0 ||
	    container_run(image, &options->container, asked, &record, err) < 0)
		return -1;
	run.record = &record;
	run.subject.name = image_name(image);
	run.subject.platform = image_platform(image);
	(void)digest_text(image_id(image), run.subject.id);
	(void)digest_text(image_manifest_digest(image), run.subject.manifest_digest);
	(void)digest_text(image_index_digest(image), run.subject.index_digest);
	return conclude(options, &run, &(struct place_to_run) { .image = image }, err);
}

static int run_docker(const struct options *options, const struct image_name *name,
		      const char *text, uint64_t asked, struct error *err)
{
	auto_engine struct engine *engine = NULL;
	auto_engine_image struct engine_image image = { 0 };
	auto_container_record struct container_record record = { 0 };
	struct rorun run = rorun_begin(options);

	if (name->transport != TRANSPORT_DOCKER_DAEMON && name->transport != TRANSPORT_BARE)
		return error_set(
			err, ERROR_USAGE,
			"%s: --engine docker runs images that the engine has (docker load, "
			"docker pull)",
			text);
	if (engine_open(NULL, &engine, err) < 0)
		return error_prefix(err, "%s", text);
	if (engine_image_find(engine, name->location, options->image.platform, &image, err) < 0 ||
	    engine_run(engine, &image, &options->container, asked, &record, err) < 0)
		return error_prefix(err, "%s", text);
	run.record = &record;
	run.subject.name = text;
	run.subject.platform = image.platform;
	(void)snprintf(run.subject.id, sizeof run.subject.id, "%s", image.id);
	return conclude(options, &run,
			&(struct place_to_run) { .engine = engine, .engine_image = &image }, err);
}

static int clear_cache(const struct options *options, struct error *err)
{
	struct idmap map = idmap_find();

	return rootcache_clear(options->container.cache, &map, err) < 0 ? -1 : TOOL_HOLDS;
}

static int run(struct options *options, const struct operands *operands, uint64_t asked,
	       struct error *err)
{
	auto_image_name struct image_name name = { 0 };

	if (options->clear_cache && (operands->count > 0 || operands->command != NULL))
		return error_set(err, ERROR_USAGE, "--clear-cache runs no image");
	if (options->clear_cache)
		return clear_cache(options, err);
	if (operands->count == 0)
		return error_set(err, ERROR_USAGE, "missing operand; usage: %s [OPTION]... %s",
				 program.name, program.operands);
	take_options(options, operands);
	if (options->suggest && options->container.writable)
		return error_set(err, ERROR_USAGE,
				 "--suggest makes a run with a writable root by itself: leave "
				 "--writable out");
	if (options->suggest && options->container.untraced)
		return error_set(err, ERROR_USAGE, "--suggest needs what --no-trace leaves out");
	if (operands->command != NULL && operands->command[0] == NULL)
		return error_set(err, ERROR_USAGE, "no COMMAND behind '--'");
	if (take_cpus(options, err) < 0 || image_name_parse(operands->items[0], &name, err) < 0 ||
	    rorun_log_begin(&options->log, &options->container, err) < 0)
		return -1;
	if (options->engine == ENGINE_UNSAID)
		options->engine =
			name.transport == TRANSPORT_DOCKER_DAEMON ? ENGINE_DOCKER : ENGINE_SANDBOX;
	if (options->engine == ENGINE_SANDBOX)
		return run_sandbox(options, operands->items[0], asked, err);
	return run_docker(options, &name, operands->items[0], asked, err);
}

int main(int argc, char **argv)
{
	uint64_t asked = trace_now();
	struct options options = { .engine = ENGINE_UNSAID, .suggest_as = FORM_UNSAID };
	struct operands operands = { 0 };
	struct error err = ERROR_INIT;
	int status = tool_begin(&program, argc, argv, &options, &operands);

	if (status < 0) {
		status = run(&options, &operands, asked, &err);
		if (status < 0)
			status = tool_fail(&program, &err);
		status = tool_finish(&program, status);
	}
	operands_release(&operands);
	rorun_log_release(&options.log);
	option_list_release(&options.env);
	option_list_release(&options.tmpfs);
	option_list_release(&options.volumes);
	option_list_release(&options.ulimits);
	option_list_release(&options.read_only_paths);
	option_list_release(&options.allow);
	registry_options_release(&options.image.registry);
	return status;
}
