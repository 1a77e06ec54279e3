/* ro-run: runs an image with a read-only root and reports every write that the root refused. */
#include "config.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/doc.h"
#include "base/table.h"
#include "base/tap.h"
#include "image/reference.h"
#include "run/container.h"
#include "run/enginerun.h"
#include "tool.h"

struct options {
	struct tool tool;
	struct image_options image;
	struct container_options container;
	struct option_list env;
	struct option_list tmpfs;
	struct option_list read_only_paths;
	struct option_list allow;
	struct option_number duration;
	struct option_number grace;
	int engine;
};

enum { ENGINE_UNSAID = -1, ENGINE_SANDBOX, ENGINE_DOCKER };
static const char *const engines[] = { "sandbox", "docker", NULL };

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
	{ "read-only-path", 0, OPTION_LIST, FIELD(read_only_paths), "PATH",
	  "read-only whatever else is writable; repeatable", NULL },
	{ "allow", 0, OPTION_LIST, FIELD(allow), "GLOB",
	  "refused writes to these paths do not count;\nrepeatable", NULL },
	{ "writable", 'w', OPTION_FLAG, FIELD(container.writable), NULL,
	  "a writable, throw-away root; report what was written", NULL },
	{ "for", 0, OPTION_DURATION, FIELD(duration), "TIME",
	  "without COMMAND: stop after this time", NULL },
	{ "grace", 0, OPTION_DURATION, FIELD(grace), "TIME",
	  "from the stop signal to SIGKILL (default: 10s)", NULL },
	{ "log", 0, OPTION_STRING, FIELD(container.log_file), "FILE",
	  "write the program's output there, with times", NULL },
	{ "engine", 0, OPTION_CHOICE, FIELD(engine), "sandbox|docker",
	  "how to run it (default: docker for docker-daemon:\nnames, sandbox for all else)",
	  engines },
	{ "cache", 0, OPTION_STRING, FIELD(container.cache), "DIR",
	  "where images are unpacked\n(default: $XDG_CACHE_HOME/seatrial)", NULL },
	{ "no-trace", 0, OPTION_FLAG, FIELD(container.untraced), NULL,
	  "record no write attempts; nothing is decided then", NULL },
	{ "platform", 0, OPTION_STRING, FIELD(image.platform), "OS/ARCH[/VARIANT]",
	  "which image of an index (default: this machine's)", NULL },
	TOOL_REGISTRY_OPTIONS(struct options, image.registry),
	TOOL_OPTIONS(struct options),
};

static const struct program program = {
	.name = "ro-run",
	.operands = "IMAGE [-- COMMAND...]",
	.summary =
		"Starts IMAGE with a read-only root, runs COMMAND in its network, stops it, and\n"
		"reports every write that the root refused.\n"
		"Exit status: 0 none was refused and all went well; 1 a write was refused, it\n"
		"ended early, or COMMAND failed; 2 trouble.",
	.options = specs,
	.operands_min = 1,
	.operands_max = 1,
	.takes_command = true,
};

/* What was run, whatever has it. */
struct subject {
	const char *name;
	const char *platform;
	char id[DIGEST_TEXT_MAX];
	char manifest_digest[DIGEST_TEXT_MAX]; /* "" for none */
	char index_digest[DIGEST_TEXT_MAX];
};

/* What the report says, worked out once for all three forms. */
struct verdict {
	uint64_t refused; /* attempts that no --allow covers, repetitions counted */
	uint64_t refused_distinct;
	bool no_refused;
	bool stayed;
	bool command;
	bool holds;
};

static bool is_allowed(const struct options *options, const char *path)
{
	for (size_t i = 0; i < options->allow.count; i++)
		if (fnmatch(options->allow.items[i], path, 0) == 0)
			return true;
	return false;
}

/* What is written in a folder and removed again changes the folder alone. */
static bool is_would_allowed(const struct options *options, const struct write_record *would)
{
	auto_free char *inside = NULL;

	if (is_allowed(options, would->path))
		return true;
	if (asprintf(&inside, "%s/", would->path) < 0) {
		inside = NULL;
		return false;
	}
	return strcmp(would->what, "changed") == 0 && is_allowed(options, inside);
}

static int exit_code(const struct container_record *record)
{
	return WIFEXITED(record->status) ? WEXITSTATUS(record->status)
					 : 128 + WTERMSIG(record->status);
}

static const char *exit_reason(const struct container_record *record)
{
	return record->killed ? "killed" : record->stop_sent ? "stopped" : "ended";
}

static void judge(const struct options *options, const struct container_record *record,
		  struct verdict *verdict)
{
	const struct trace *trace = &record->trace;
	uint64_t kept = 0;
	bool one_shot = options->container.command == NULL && !options->duration.set;

	*verdict = (struct verdict) { 0 };
	for (size_t i = 0; i < trace->count; i++) {
		kept += trace->attempts[i].count;
		if (is_allowed(options, trace->attempts[i].path))
			continue;
		verdict->refused += trace->attempts[i].count;
		verdict->refused_distinct++;
	}
	for (size_t i = 0; i < record->would.count; i++) {
		if (is_would_allowed(options, &record->would.items[i]))
			continue;
		verdict->refused++;
		verdict->refused_distinct++;
	}
	/* those beyond the record cannot be matched with --allow */
	verdict->refused += trace->total - kept;
	/* with a writable root only the paths that were made read-only can refuse */
	verdict->no_refused = verdict->refused == 0;
	verdict->stayed = record->ran && record->start_error == NULL && !record->early &&
			  (!one_shot || exit_code(record) == 0);
	verdict->command = !record->command_ran || record->command_status == 0;
	verdict->holds = verdict->no_refused && verdict->stayed && verdict->command;
}

static double milliseconds(uint64_t nanoseconds)
{
	return (double)nanoseconds / 1e6;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void set_text(json_t *object, const char *key, const char *text)
{
	(void)json_object_set_new(object, key, text != NULL ? doc_text(text) : json_null());
}

static void set_ms(json_t *object, const char *key, uint64_t nanoseconds)
{
	(void)json_object_set_new(object, key, json_real(milliseconds(nanoseconds)));
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

static void set_bool(json_t *object, const char *key, bool value)
{
	(void)json_object_set_new(object, key, json_boolean(value));
}

static json_t *texts_json(char *const *texts)
{
	json_t *array = json_array();

	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		(void)json_array_append_new(array, doc_text(texts[i]));
	return array;
}

static json_t *list_json(const struct option_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(array, doc_text(list->items[i]));
	return array;
}

static json_t *attempt_json(const struct options *options, const struct attempt *attempt)
{
	json_t *object = json_object();

	set_ms(object, "time_ms", attempt->time);
	set_number(object, "pid", (uint64_t)attempt->pid);
	set_text(object, "process", attempt->process);
	set_text(object, "executable", attempt->executable);
	set_text(object, "call", attempt->call);
	set_text(object, "path", attempt->path);
	set_text(object, "errno", strerrorname_np(attempt->error));
	set_bool(object, "allowed", is_allowed(options, attempt->path));
	set_number(object, "count", attempt->count);
	set_text(object, "kind", "refused");
	set_text(object, "what", NULL);
	return object;
}

/* Nothing is known of who would write, and when. */
static json_t *would_json(const struct options *options, const struct write_record *would)
{
	static const char *const unknown[] = { "time_ms",    "pid",  "process",
					       "executable", "call", "errno" };
	json_t *object = json_object();

	for (size_t i = 0; i < array_size(unknown); i++)
		set_text(object, unknown[i], NULL);
	set_text(object, "path", would->path);
	set_bool(object, "allowed", is_would_allowed(options, would));
	set_number(object, "count", 1);
	set_text(object, "kind", "would write");
	set_text(object, "what", would->what);
	return object;
}

static json_t *refused_json(const struct options *options, const struct container_record *record)
{
	json_t *refused = json_array();

	for (size_t i = 0; i < record->trace.count; i++)
		(void)json_array_append_new(refused,
					    attempt_json(options, &record->trace.attempts[i]));
	for (size_t i = 0; i < record->would.count; i++)
		(void)json_array_append_new(refused, would_json(options, &record->would.items[i]));
	return refused;
}

static json_t *exit_json(const struct container_record *record)
{
	json_t *object = json_object();

	set_text(object, "reason", exit_reason(record));
	if (record->ran && WIFSIGNALED(record->status)) {
		(void)json_object_set_new(object, "code", json_null());
		set_number(object, "signal", (uint64_t)WTERMSIG(record->status));
	} else {
		set_number(object, "code", (uint64_t)exit_code(record));
		(void)json_object_set_new(object, "signal", json_null());
	}
	set_bool(object, "early", record->early);
	set_text(object, "error", record->start_error);
	return object;
}

static json_t *stop_json(const struct options *options, const struct container_record *record)
{
	json_t *object = json_object();
	char name[16];

	(void)snprintf(name, sizeof name, "SIG%s",
		       sigabbrev_np(record->stop_signal) != NULL ? sigabbrev_np(record->stop_signal)
								 : "RT");
	set_text(object, "signal", name);
	set_ms(object, "grace_ms", options->container.grace);
	if (record->stop_sent)
		set_ms(object, "took_ms", record->stop_took);
	else
		(void)json_object_set_new(object, "took_ms", json_null());
	set_bool(object, "killed", record->killed);
	return object;
}

static json_t *command_json(const struct options *options, const struct container_record *record)
{
	json_t *object;

	if (!record->command_ran)
		return json_null();
	object = json_object();
	(void)json_object_set_new(object, "argv", texts_json(options->container.command));
	set_number(object, "exit_status", (uint64_t)record->command_status);
	set_ms(object, "started_ms", record->command_started);
	set_ms(object, "ended_ms", record->command_ended);
	return object;
}

static void add_check(json_t *checks, const char *name, bool holds, json_t *value, json_t *limit)
{
	(void)json_array_append_new(checks, json_pack("{s:s,s:b,s:o,s:o}", "name", name, "holds",
						      (int)holds, "value", value, "limit", limit));
}

static json_t *checks_json(const struct container_record *record, const struct verdict *verdict)
{
	json_t *checks = json_array();

	add_check(checks, "no-refused-write", verdict->no_refused,
		  json_integer((json_int_t)verdict->refused), json_integer(0));
	add_check(checks, "stayed-up", verdict->stayed, json_integer(exit_code(record)),
		  json_null());
	if (record->command_ran)
		add_check(checks, "command", verdict->command, json_integer(record->command_status),
			  json_integer(0));
	return checks;
}

static json_t *image_json(const struct subject *subject)
{
	json_t *object = json_object();

	set_text(object, "name", subject->name);
	set_text(object, "platform", subject->platform);
	set_text(object, "id", subject->id);
	set_text(object, "manifest_digest",
		 subject->manifest_digest[0] != '\0' ? subject->manifest_digest : NULL);
	set_text(object, "index_digest",
		 subject->index_digest[0] != '\0' ? subject->index_digest : NULL);
	return object;
}

static json_t *log_json(const struct container_record *record)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < record->log_count; i++) {
		json_t *line = json_object();

		set_ms(line, "time_ms", record->log[i].time);
		set_text(line, "stream", record->log[i].is_error ? "stderr" : "stdout");
		set_text(line, "text", record->log[i].text);
		(void)json_array_append_new(lines, line);
	}
	return lines;
}

static json_t *ports_json(const struct container_record *record)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < record->port_count; i++) {
		json_t *port = json_object();

		set_text(port, "protocol", record->ports[i].protocol);
		set_text(port, "address", record->ports[i].address);
		set_number(port, "port", record->ports[i].port);
		(void)json_array_append_new(ports, port);
	}
	return ports;
}

static json_t *writes_json(const struct container_record *record)
{
	json_t *writes = json_array();

	for (size_t i = 0; i < record->writes.count; i++) {
		json_t *item = json_object();

		set_text(item, "path", record->writes.items[i].path);
		set_text(item, "what", record->writes.items[i].what);
		(void)json_array_append_new(writes, item);
	}
	return writes;
}

static json_t *user_json(const struct container_record *record)
{
	json_t *user = json_object();

	if (record->user_known) {
		set_number(user, "uid", record->uid);
		set_number(user, "gid", record->gid);
	} else {
		set_text(user, "uid", NULL);
		set_text(user, "gid", NULL);
	}
	set_text(user, "name", record->user_name);
	set_text(user, "home", record->home);
	return user;
}

static void set_usage(json_t *object, const struct container_record *record)
{
	if (record->usage_known) {
		set_number(object, "peak_memory_bytes", record->trace.peak_memory);
		set_ms(object, "cpu_time_ms", record->trace.cpu_time);
	} else {
		set_text(object, "peak_memory_bytes", NULL);
		set_text(object, "cpu_time_ms", NULL);
	}
}

static json_t *report_json(const struct options *options, const struct subject *subject,
			   const struct container_record *record, const struct verdict *verdict)
{
	json_t *report = json_object();
	json_t *volumes = json_array();

	for (size_t i = 0; record->volumes[i] != NULL; i++) {
		json_t *volume = json_object();

		set_text(volume, "path", record->volumes[i]);
		set_text(volume, "source", "image");
		(void)json_array_append_new(volumes, volume);
	}
	set_text(report, "schema", "seatrial/ro-run/1");
	(void)json_object_set_new(report, "image", image_json(subject));
	set_text(report, "engine", engines[options->engine]);
	set_text(report, "mode", options->container.writable ? "writable" : "read-only");
	(void)json_object_set_new(report, "user", user_json(record));
	(void)json_object_set_new(report, "argv", texts_json(record->argv));
	set_text(report, "working_dir", record->working_dir);
	set_text(report, "hostname", record->hostname);
	(void)json_object_set_new(report, "read_only_paths", list_json(&options->read_only_paths));
	(void)json_object_set_new(report, "tmpfs", list_json(&options->tmpfs));
	(void)json_object_set_new(report, "volumes", volumes);
	set_text(report, "started", record->started);
	set_ms(report, "duration_ms", record->duration);
	if (record->ran)
		set_ms(report, "first_instruction_ms", record->first_instruction);
	else
		(void)json_object_set_new(report, "first_instruction_ms", json_null());
	(void)json_object_set_new(report, "refused", refused_json(options, record));
	set_number(report, "refused_count", verdict->refused);
	(void)json_object_set_new(report, "writes", writes_json(record));
	(void)json_object_set_new(report, "log", log_json(record));
	set_bool(report, "log_truncated", record->log_truncated);
	(void)json_object_set_new(report, "exit", exit_json(record));
	(void)json_object_set_new(report, "stop", stop_json(options, record));
	(void)json_object_set_new(report, "command", command_json(options, record));
	if (record->command_ran && record->command_status == 0)
		set_ms(report, "ready_ms", record->command_ended);
	else
		(void)json_object_set_new(report, "ready_ms", json_null());
	(void)json_object_set_new(report, "ports",
				  record->ports_known ? ports_json(record) : json_null());
	set_usage(report, record);
	set_text(report, "health", record->health);
	set_text(report, "second_run_problem", record->second_problem);
	(void)json_object_set_new(report, "leftovers", texts_json(record->leftovers));
	(void)json_object_set_new(report, "checks", checks_json(record, verdict));
	set_text(report, "verdict", verdict->holds ? "holds" : "fails");
	return report;
}

/* --- text ---------------------------------------------------------------------------------- */

static void print_escaped(const char *text)
{
	auto_buf struct buf clean;

	buf_init(&clean, BUF_MAX_DEFAULT);
	text_escape(&clean, text, strlen(text));
	(void)fputs(clean.data, stdout);
}

static int print_refused(const struct options *options, const struct container_record *record,
			 struct error *err)
{
	auto_table struct table *table = NULL;
	char text[TEXT_FIGURE_MAX];

	if (table_new("rlllll", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < record->trace.count; i++) {
		const struct attempt *attempt = &record->trace.attempts[i];

		table_cell(table, text_duration(attempt->time, text));
		table_cellf(table, "%s[%d]", attempt->process, (int)attempt->pid);
		table_cell(table, attempt->call);
		table_cell(table, attempt->path);
		table_cell(table, strerrorname_np(attempt->error));
		if (is_allowed(options, attempt->path))
			table_cell(table, "(allowed)");
		else if (attempt->count > 1)
			table_cellf(table, "%" PRIu64 " times", attempt->count);
		else
			table_cell(table, "");
	}
	return table_print(table, 2, stdout, err);
}

static int print_would(const struct options *options, const struct container_record *record,
		       struct error *err)
{
	auto_table struct table *table = NULL;

	if (table_new("lll", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < record->would.count; i++) {
		const struct write_record *would = &record->would.items[i];

		table_cell(table, would->what);
		table_cell(table, would->path);
		table_cell(table, is_would_allowed(options, would) ? "(allowed)" : "");
	}
	return table_print(table, 2, stdout, err);
}

static void print_course(const struct container_record *record)
{
	char first[TEXT_FIGURE_MAX];
	char lasted[TEXT_FIGURE_MAX];
	char took[TEXT_FIGURE_MAX];

	if (record->start_error != NULL) {
		(void)fputs("not started: ", stdout);
		print_escaped(record->start_error);
		(void)putchar('\n');
		return;
	}
	(void)printf("first instruction after %s, ran for %s, ",
		     text_duration(record->first_instruction, first),
		     text_duration(record->duration, lasted));
	if (!record->stop_sent)
		(void)printf("ended by itself%s", record->early ? " too early" : "");
	else if (record->killed)
		(void)printf("ignored SIG%s and was killed after %s",
			     sigabbrev_np(record->stop_signal),
			     text_duration(record->stop_took, took));
	else
		(void)printf("ended %s after SIG%s", text_duration(record->stop_took, took),
			     sigabbrev_np(record->stop_signal));
	if (WIFSIGNALED(record->status))
		(void)printf(", by SIG%s\n", sigabbrev_np(WTERMSIG(record->status)));
	else
		(void)printf(", with status %d\n", exit_code(record));
}

static void print_last_log(const struct container_record *record)
{
	size_t from = record->log_count > 5 ? record->log_count - 5 : 0;

	if (record->log_count == 0)
		return;
	(void)printf("the log's last lines:\n");
	for (size_t i = from; i < record->log_count; i++) {
		(void)fputs("  ", stdout);
		print_escaped(record->log[i].text);
		(void)putchar('\n');
	}
}

static void print_user(const struct container_record *record)
{
	if (record->user_known)
		(void)printf(", as uid %u", (unsigned)record->uid);
	if (record->user_name == NULL)
		return;
	(void)fputs(record->user_known ? " (" : ", as ", stdout);
	print_escaped(record->user_name);
	if (record->user_known)
		(void)putchar(')');
}

/* What a run without a verdict may hold of its own. */
static void print_extras(const struct container_record *record)
{
	if (record->health != NULL) {
		(void)fputs("health check: ", stdout);
		print_escaped(record->health);
		(void)putchar('\n');
	}
	for (size_t i = 0; record->leftovers != NULL && record->leftovers[i] != NULL; i++)
		(void)printf("could not be removed: container %.12s\n", record->leftovers[i]);
}

static int print_refusals(const struct options *options, const struct container_record *record,
			  const struct verdict *verdict, struct error *err)
{
	if (options->engine == ENGINE_DOCKER) {
		if (options->container.writable || record->start_error != NULL)
			return 0;
		if (record->would.count == 0)
			(void)printf("would write: nothing\n");
		else
			(void)printf("would write, were the root writable: %" PRIu64 " paths\n",
				     verdict->refused);
		return print_would(options, record, err);
	}
	if (verdict->refused == 0 && record->trace.count == 0)
		(void)printf("refused writes: none\n");
	else
		(void)printf("refused writes: %" PRIu64 " (%" PRIu64 " different)\n",
			     verdict->refused, verdict->refused_distinct);
	return print_refused(options, record, err);
}

static int report_text(const struct options *options, const struct subject *subject,
		       const struct container_record *record, const struct verdict *verdict,
		       struct error *err)
{
	char memory[TEXT_FIGURE_MAX];
	char cpu[TEXT_FIGURE_MAX];

	print_escaped(subject->name);
	(void)printf(": %s root", options->container.writable ? "writable" : "read-only");
	print_user(record);
	(void)putchar(':');
	for (size_t i = 0; record->argv[i] != NULL; i++) {
		(void)putchar(' ');
		print_escaped(record->argv[i]);
	}
	(void)putchar('\n');
	for (size_t i = 0; record->volumes[i] != NULL; i++) {
		(void)fputs(i == 0 ? "writable, since the image declares volumes: " : ", ", stdout);
		print_escaped(record->volumes[i]);
		if (record->volumes[i + 1] == NULL)
			(void)putchar('\n');
	}
	print_course(record);
	if (record->command_ran)
		(void)printf("command ended with status %d\n", record->command_status);
	for (size_t i = 0; i < record->port_count; i++)
		(void)printf("%s%s/%s:%u%s", i == 0 ? "listened on " : ", ",
			     record->ports[i].protocol, record->ports[i].address,
			     record->ports[i].port, i + 1 == record->port_count ? "\n" : "");
	print_extras(record);
	if (!options->container.untraced && record->usage_known)
		(void)printf("peak memory %s, CPU time %s\n",
			     text_size(record->trace.peak_memory, memory),
			     text_duration(record->trace.cpu_time, cpu));
	for (size_t i = 0; i < record->writes.count; i++) {
		(void)printf("%s: ", record->writes.items[i].what);
		print_escaped(record->writes.items[i].path);
		(void)putchar('\n');
	}
	if (print_refusals(options, record, verdict, err) < 0)
		return -1;
	if (!verdict->holds && !verdict->stayed)
		print_last_log(record);
	return 0;
}

static void report_tap(const struct options *options, const struct container_record *record,
		       const struct verdict *verdict)
{
	auto_doc json_t *refused = json_object();
	auto_doc json_t *run = json_object();
	struct tap tap;

	set_number(refused, "refused", verdict->refused);
	(void)json_object_set_new(refused, "attempts", refused_json(options, record));
	(void)json_object_set_new(run, "exit", exit_json(record));
	set_ms(run, "duration_ms", record->duration);
	set_usage(run, record);
	tap_begin(&tap, stdout);
	tap_test(&tap, verdict->no_refused, "no write was refused", refused);
	tap_test(&tap, verdict->stayed, "the container did not end early", run);
	if (record->command_ran)
		tap_test(&tap, verdict->command, "COMMAND succeeded", NULL);
	tap_end(&tap);
}

static int report(const struct options *options, const struct subject *subject,
		  const struct container_record *record, struct error *err)
{
	struct verdict verdict;
	auto_doc json_t *document = NULL;

	judge(options, record, &verdict);
	switch (tool_format(&options->tool)) {
	case FORMAT_JSON:
		document = report_json(options, subject, record, &verdict);
		tool_print_json(document);
		break;
	case FORMAT_TAP:
		report_tap(options, record, &verdict);
		break;
	case FORMAT_TEXT:
		if (report_text(options, subject, record, &verdict, err) < 0)
			return -1;
		break;
	}
	if (options->container.untraced && verdict.holds)
		return error_set(err, ERROR_USAGE,
				 "--no-trace records no write attempts: nothing was decided");
	if (record->second_problem != NULL && verdict.holds)
		return error_set(err, ERROR_ENGINE,
				 "%s: the second, writable run does not tell what would be "
				 "written: %s",
				 subject->name, record->second_problem);
	return verdict.holds ? TOOL_HOLDS : TOOL_FAILS;
}

static void take_options(struct options *options, const struct operands *operands)
{
	options->container.env = options->env.items;
	options->container.env_count = options->env.count;
	options->container.tmpfs = options->tmpfs.items;
	options->container.tmpfs_count = options->tmpfs.count;
	options->container.read_only_paths = options->read_only_paths.items;
	options->container.read_only_path_count = options->read_only_paths.count;
	options->container.duration = options->duration.value;
	options->container.grace =
		options->grace.set ? options->grace.value : UINT64_C(10000000000);
	options->container.command = operands->command;
	/* unpacking into the cache checks everything, and applies one layer after the other */
	options->image.verify = true;
	options->image.threads = 1;
}

/* The report, and what is to be said instead of a verdict. */
static int conclude(const struct options *options, const struct subject *subject,
		    const struct container_record *record, struct error *err)
{
	int status;

	if (record->command_error != 0 && record->interrupted == 0)
		return error_set(err, ERROR_USAGE, "cannot run COMMAND '%s': %s",
				 options->container.command[0], strerror(record->command_error));
	status = report(options, subject, record, err);
	if (record->interrupted != 0)
		return error_set(err, ERROR_CANCELLED, "interrupted by SIG%s",
				 sigabbrev_np(record->interrupted));
	return status;
}

static int run_sandbox(const struct options *options, const char *name, uint64_t asked,
		       struct error *err)
{
	auto_image struct image *image = NULL;
	auto_container_record struct container_record record = { 0 };
	struct subject subject;

	if (image_open(name, &options->image, &image, err) < 0 ||
	    container_run(image, &options->container, asked, &record, err) < 0)
		return -1;
	subject = (struct subject) { .name = image_name(image), .platform = image_platform(image) };
	(void)digest_text(image_id(image), subject.id);
	(void)digest_text(image_manifest_digest(image), subject.manifest_digest);
	(void)digest_text(image_index_digest(image), subject.index_digest);
	return conclude(options, &subject, &record, err);
}

static int run_docker(const struct options *options, const struct image_name *name,
		      const char *text, uint64_t asked, struct error *err)
{
	auto_engine struct engine *engine = NULL;
	auto_engine_image struct engine_image image = { 0 };
	auto_container_record struct container_record record = { 0 };
	struct subject subject;

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
	subject = (struct subject) { .name = text, .platform = image.platform };
	(void)snprintf(subject.id, sizeof subject.id, "%s", image.id);
	return conclude(options, &subject, &record, err);
}

static int run(struct options *options, const struct operands *operands, uint64_t asked,
	       struct error *err)
{
	auto_image_name struct image_name name = { 0 };

	take_options(options, operands);
	if (operands->command != NULL && operands->command[0] == NULL)
		return error_set(err, ERROR_USAGE, "no COMMAND behind '--'");
	if (image_name_parse(operands->items[0], &name, err) < 0)
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
	struct options options = { .engine = ENGINE_UNSAID };
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
	option_list_release(&options.env);
	option_list_release(&options.tmpfs);
	option_list_release(&options.read_only_paths);
	option_list_release(&options.allow);
	registry_options_release(&options.image.registry);
	return status;
}
