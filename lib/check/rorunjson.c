#include "config.h"

#include "check/rorun.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/doc.h"
#include "base/tap.h"
#include "check/timeline.h"

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

static json_t *list_json(const char *const *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, doc_text(items[i]));
	return array;
}

static json_t *attempt_json(const struct rorun *run, const struct attempt *attempt)
{
	json_t *object = json_object();

	set_ms(object, "time_ms", attempt->time);
	set_number(object, "pid", (uint64_t)attempt->pid);
	set_text(object, "process", attempt->process);
	set_text(object, "executable", attempt->executable);
	set_text(object, "call", attempt->call);
	set_text(object, "path", attempt->path);
	set_text(object, "from", attempt->from);
	set_text(object, "errno", strerrorname_np(attempt->error));
	set_bool(object, "allowed", rorun_is_allowed(run, attempt->path));
	set_number(object, "count", attempt->count);
	set_text(object, "kind", "refused");
	set_text(object, "what", NULL);
	return object;
}

/* Nothing is known of who would write, and when. */
static json_t *would_json(const struct rorun *run, const struct write_record *would)
{
	static const char *const unknown[] = { "time_ms", "pid",  "process", "executable",
					       "call",	  "from", "errno" };
	json_t *object = json_object();

	for (size_t i = 0; i < array_size(unknown); i++)
		set_text(object, unknown[i], NULL);
	set_text(object, "path", would->path);
	set_bool(object, "allowed", rorun_is_would_allowed(run, would));
	set_number(object, "count", 1);
	set_text(object, "kind", "would write");
	set_text(object, "what", would->what);
	return object;
}

/* Of each list; an attempt takes five times as much memory in a document as on record. */
#define ATTEMPTS_SHOWN 2500

static size_t shown_of(size_t count)
{
	return count < ATTEMPTS_SHOWN ? count : ATTEMPTS_SHOWN;
}

static json_t *refused_json(const struct rorun *run, const struct container_record *record)
{
	json_t *refused = json_array();

	for (size_t i = 0; i < shown_of(record->trace.refused.count); i++)
		(void)json_array_append_new(refused,
					    attempt_json(run, &record->trace.refused.items[i]));
	for (size_t i = 0; i < record->would.count; i++)
		(void)json_array_append_new(refused, would_json(run, &record->would.items[i]));
	return refused;
}

/* What succeeded, in places that are writable; and what failed for reasons of its own. */
static json_t *others_json(const struct attempts *attempts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < shown_of(attempts->count); i++) {
		const struct attempt *attempt = &attempts->items[i];
		json_t *object = json_object();

		set_ms(object, "time_ms", attempt->time);
		set_number(object, "pid", (uint64_t)attempt->pid);
		set_text(object, "process", attempt->process);
		set_text(object, "executable", attempt->executable);
		set_text(object, "call", attempt->call);
		set_text(object, "path", attempt->path);
		set_text(object, "from", attempt->from);
		set_text(object, "errno",
			 attempt->error != 0 ? strerrorname_np(attempt->error) : NULL);
		set_bool(object, "on_root", attempt->on_root);
		set_number(object, "count", attempt->count);
		(void)json_array_append_new(array, object);
	}
	return array;
}

static json_t *unknown_json(const struct trace *trace)
{
	json_t *array = json_array();

	for (size_t i = 0; i < trace->unknown_count; i++) {
		const struct unknown_call *unknown = &trace->unknown[i];
		json_t *object = json_object();

		set_number(object, "number", (uint64_t)unknown->number);
		set_text(object, "entry", unknown->foreign ? "foreign" : "native");
		set_text(object, "process", unknown->process);
		set_number(object, "count", unknown->count);
		(void)json_array_append_new(array, object);
	}
	return array;
}

static json_t *exit_json(const struct container_record *record)
{
	json_t *object = json_object();

	set_text(object, "reason", rorun_exit_reason(record));
	if (record->ran && WIFSIGNALED(record->status)) {
		(void)json_object_set_new(object, "code", json_null());
		set_number(object, "signal", (uint64_t)WTERMSIG(record->status));
	} else {
		set_number(object, "code", (uint64_t)rorun_exit_code(record));
		(void)json_object_set_new(object, "signal", json_null());
	}
	set_bool(object, "early", record->early);
	set_text(object, "error", record->start_error);
	return object;
}

static json_t *stop_json(const struct rorun *run, const struct container_record *record)
{
	json_t *object = json_object();
	char name[16];

	(void)snprintf(name, sizeof name, "SIG%s",
		       sigabbrev_np(record->stop_signal) != NULL ? sigabbrev_np(record->stop_signal)
								 : "RT");
	set_text(object, "signal", name);
	set_ms(object, "grace_ms", run->options->grace);
	if (record->stop_sent)
		set_ms(object, "took_ms", record->stop_took);
	else
		(void)json_object_set_new(object, "took_ms", json_null());
	set_bool(object, "killed", record->killed);
	return object;
}

static json_t *command_json(const struct rorun *run, const struct container_record *record)
{
	json_t *object;

	if (!record->command_ran)
		return json_null();
	object = json_object();
	(void)json_object_set_new(object, "argv", texts_json(run->options->command));
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

static json_t *checks_json(const struct container_record *record,
			   const struct rorun_verdict *verdict)
{
	json_t *checks = json_array();

	add_check(checks, "no-refused-write", verdict->no_refused,
		  json_integer((json_int_t)verdict->refused), json_integer(0));
	add_check(checks, "stayed-up", verdict->stayed, json_integer(rorun_exit_code(record)),
		  json_null());
	if (record->command_ran)
		add_check(checks, "command", verdict->command, json_integer(record->command_status),
			  json_integer(0));
	return checks;
}

static json_t *image_json(const struct rorun_subject *subject)
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

static json_t *signs_json(unsigned signs)
{
	json_t *array = json_array();

	for (int sign = 0; sign < LOG_SIGNS; sign++)
		if ((signs & LOG_SIGN_BIT(sign)) != 0 && log_sign_name((enum log_sign)sign) != NULL)
			(void)json_array_append_new(
				array, json_string(log_sign_name((enum log_sign)sign)));
	return array;
}

static json_t *log_json(const struct rorun *run)
{
	const struct container_record *record = run->record;
	json_t *lines = json_array();

	for (size_t i = 0; i < record->log_count; i++) {
		json_t *line = json_object();
		struct log_finding finding;

		log_scan_line(run->log->scan, record->log[i].text, strlen(record->log[i].text),
			      &finding);
		set_ms(line, "time_ms", record->log[i].time);
		set_text(line, "stream", record->log[i].is_error ? "stderr" : "stdout");
		set_text(line, "text", record->log[i].text);
		set_bool(line, "json", finding.is_json);
		set_text(line, "level", log_level_name(finding.level));
		set_text(line, "sign", log_sign_name(finding.sign));
		(void)json_object_set_new(line, "signs", signs_json(finding.signs));
		(void)json_array_append_new(lines, line);
	}
	return lines;
}

/* Of all lines, also those that were not kept. */
static json_t *log_summary_json(const struct rorun *run)
{
	struct log_count total = log_tally_total(&run->log->tally);
	json_t *object = json_object();
	json_t *levels = json_object();
	json_t *signs = json_object();

	set_number(object, "lines", total.lines);
	set_number(object, "stderr_lines", run->log->tally.errors.lines);
	set_number(object, "json_lines", total.json);
	set_number(object, "json_lines_with_level", total.json_level);
	for (int level = 0; level < LOG_LEVELS; level++)
		if (log_level_name((enum log_level)level) != NULL)
			set_number(levels, log_level_name((enum log_level)level),
				   total.levels[level]);
	for (int sign = 0; sign < LOG_SIGNS; sign++)
		if (log_sign_name((enum log_sign)sign) != NULL)
			set_number(signs, log_sign_name((enum log_sign)sign), total.signs[sign]);
	(void)json_object_set_new(object, "levels", levels);
	(void)json_object_set_new(object, "signs", signs);
	return object;
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
		set_number(item, "bytes", record->writes.items[i].bytes);
		set_text(item, "process", record->writes.items[i].process);
		set_text(item, "executable", record->writes.items[i].executable);
		set_text(item, "call", record->writes.items[i].call);
		set_text(item, "instruction", record->writes.items[i].instruction);
		(void)json_array_append_new(writes, item);
	}
	return writes;
}

static json_t *checks_made_json(const struct health_record *health)
{
	json_t *array = json_array();

	for (size_t i = 0; i < health->check_count; i++) {
		const struct health_check *check = &health->checks[i];
		json_t *object = json_object();

		set_ms(object, "time_ms", check->time);
		set_ms(object, "took_ms", check->took);
		set_number(object, "exit_status", (uint64_t)check->status);
		set_bool(object, "timed_out", check->timed_out);
		set_bool(object, "before_stop", check->at_end);
		set_text(object, "output", check->output);
		(void)json_array_append_new(array, object);
	}
	return array;
}

static json_t *changes_json(const struct health_record *health)
{
	json_t *array = json_array();

	for (size_t i = 0; i < health->change_count; i++) {
		json_t *object = json_object();

		set_ms(object, "time_ms", health->changes[i].time);
		set_text(object, "status", health->changes[i].status);
		(void)json_array_append_new(array, object);
	}
	return array;
}

static json_t *samples_json(const struct container_record *record)
{
	json_t *array = json_array();

	for (size_t i = 0; i < record->sample_count; i++) {
		const struct usage *usage = &record->samples[i];
		json_t *object = json_object();

		set_ms(object, "time_ms", usage->time);
		set_number(object, "memory_bytes", usage->memory);
		set_ms(object, "cpu_time_ms", usage->cpu_time);
		set_number(object, "processes", usage->processes);
		set_number(object, "threads", usage->threads);
		set_number(object, "files", usage->files);
		(void)json_array_append_new(array, object);
	}
	return array;
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
	set_text(user, "mapping", record->user_mapping);
	set_text(user, "name", record->user_name);
	set_text(user, "home", record->home);
	return user;
}

static void set_peak(json_t *object, const char *key, unsigned peak)
{
	(void)json_object_set_new(object, key, peak > 0 ? json_integer(peak) : json_null());
}

static void set_usage(json_t *object, const struct container_record *record)
{
	set_peak(object, "peak_processes", record->trace.peak_processes);
	set_peak(object, "peak_threads", record->trace.peak_threads);
	set_peak(object, "peak_files", record->trace.peak_files);
	if (record->usage_known) {
		set_number(object, "peak_memory_bytes", record->trace.peak_memory);
		set_ms(object, "cpu_time_ms", record->trace.cpu_time);
	} else {
		set_text(object, "peak_memory_bytes", NULL);
		set_text(object, "cpu_time_ms", NULL);
	}
}

static json_t *mount_json(const struct suggest_mount *mount)
{
	json_t *object = json_object();
	json_t *reasons = json_array();

	set_text(object, "path", mount->path);
	set_text(object, "kind", mount->kind == SUGGEST_TMPFS ? "tmpfs" : "volume");
	set_number(object, "bytes", mount->bytes);
	set_number(object, "paths", mount->paths);
	for (size_t i = 0; i < mount->reason_count; i++) {
		json_t *reason = json_object();

		set_text(reason, "path", mount->reasons[i]->path);
		set_text(reason, "process", mount->reasons[i]->process);
		(void)json_array_append_new(reasons, reason);
	}
	(void)json_object_set_new(object, "for", reasons);
	return object;
}

static void set_form(json_t *object, const char *key, char *form)
{
	set_text(object, key, form);
	free(form);
}

static json_t *suggestion_json(const struct rorun *run)
{
	const struct suggestion *suggestion = run->suggestion;
	auto_suggest_subject struct suggest_subject subject = { 0 };
	json_t *object;
	json_t *mounts;
	json_t *environment;

	if (suggestion == NULL ||
	    suggest_subject_of(run->subject.name, run->record, run->options, &subject, NULL) < 0)
		return json_null();
	object = json_object();
	mounts = json_array();
	environment = json_array();
	for (size_t i = 0; i < suggestion->count; i++)
		(void)json_array_append_new(mounts, mount_json(&suggestion->mounts[i]));
	if (suggestion->no_bytecode)
		(void)json_array_append_new(environment, json_string("PYTHONDONTWRITEBYTECODE=1"));
	set_bool(object, "needed", suggestion->needed);
	(void)json_object_set_new(object, "mounts", mounts);
	(void)json_object_set_new(object, "environment", environment);
	set_bool(object, "proved", suggestion->proved);
	set_text(object, "problem", suggestion->problem);
	set_text(object, "impossible", suggestion->impossible);
	set_number(object, "runs", suggestion->runs);
	set_form(object, "docker", suggest_docker(suggestion, &subject));
	set_form(object, "compose", suggest_compose(suggestion, &subject));
	set_form(object, "kubernetes", suggest_kubernetes(suggestion, &subject));
	(void)json_object_set_new(object, "ecs", suggest_ecs(suggestion, &subject));
	return object;
}

static json_t *course_json(const struct rorun *run)
{
	auto_timeline struct timeline timeline = { 0 };

	return timeline_make(&timeline, run->subject.name, run->record, NULL, NULL) == 0
		       ? timeline_json(&timeline)
		       : json_null();
}

json_t *rorun_json(const struct rorun *run)
{
	const struct container_record *record = run->record;
	const struct rorun_verdict *verdict = &run->verdict;
	json_t *report = json_object();
	json_t *volumes = json_array();

	for (size_t i = 0; record->volumes[i] != NULL; i++) {
		json_t *volume = json_object();

		set_text(volume, "path", record->volumes[i]);
		set_text(volume, "source", "image");
		(void)json_array_append_new(volumes, volume);
	}
	set_text(report, "schema", "seatrial/ro-run/1");
	(void)json_object_set_new(report, "image", image_json(&run->subject));
	set_text(report, "engine", run->in_engine ? "docker" : "sandbox");
	set_text(report, "mode", run->options->writable ? "writable" : "read-only");
	(void)json_object_set_new(report, "user", user_json(record));
	(void)json_object_set_new(report, "argv", texts_json(record->argv));
	set_text(report, "working_dir", record->working_dir);
	set_text(report, "hostname", record->hostname);
	(void)json_object_set_new(
		report, "read_only_paths",
		list_json(run->options->read_only_paths, run->options->read_only_path_count));
	(void)json_object_set_new(report, "tmpfs",
				  list_json(run->options->tmpfs, run->options->tmpfs_count));
	(void)json_object_set_new(report, "volumes", volumes);
	set_text(report, "started", record->started);
	set_ms(report, "duration_ms", record->duration);
	if (record->ran)
		set_ms(report, "first_instruction_ms", record->first_instruction);
	else
		(void)json_object_set_new(report, "first_instruction_ms", json_null());
	(void)json_object_set_new(report, "refused", refused_json(run, record));
	set_number(report, "refused_count", verdict->refused);
	(void)json_object_set_new(report, "written", others_json(&record->trace.written));
	set_number(report, "written_count", record->trace.written.total);
	(void)json_object_set_new(report, "failed", others_json(&record->trace.failed));
	set_number(report, "failed_count", record->trace.failed.total);
	(void)json_object_set_new(report, "unknown_calls", unknown_json(&record->trace));
	set_number(report, "refused_forks", record->trace.refused_forks);
	(void)json_object_set_new(report, "writes", writes_json(record));
	(void)json_object_set_new(report, "log", log_json(run));
	(void)json_object_set_new(report, "log_summary", log_summary_json(run));
	set_bool(report, "log_truncated", record->log_truncated);
	(void)json_object_set_new(report, "exit", exit_json(record));
	(void)json_object_set_new(report, "stop", stop_json(run, record));
	(void)json_object_set_new(report, "command", command_json(run, record));
	if (record->command_ready > 0)
		set_ms(report, "ready_ms", record->command_ready);
	else
		(void)json_object_set_new(report, "ready_ms", json_null());
	(void)json_object_set_new(report, "ports",
				  record->ports_known ? ports_json(record) : json_null());
	if (record->log_count > 0)
		set_ms(report, "first_log_ms", record->log[0].time);
	else
		(void)json_object_set_new(report, "first_log_ms", json_null());
	set_usage(report, record);
	(void)json_object_set_new(report, "samples", samples_json(record));
	set_text(report, "health", record->health.status);
	(void)json_object_set_new(report, "health_checks", checks_made_json(&record->health));
	(void)json_object_set_new(report, "health_changes", changes_json(&record->health));
	set_text(report, "second_run_problem", record->second_problem);
	(void)json_object_set_new(report, "leftovers", texts_json(record->leftovers));
	set_bool(report, "out_of_memory", record->out_of_memory);
	(void)json_object_set_new(report, "timeline", course_json(run));
	(void)json_object_set_new(report, "suggestion", suggestion_json(run));
	(void)json_object_set_new(report, "checks", checks_json(record, verdict));
	set_text(report, "verdict", verdict->holds ? "holds" : "fails");
	return report;
}

void rorun_tap(const struct rorun *run)
{
	const struct container_record *record = run->record;
	const struct rorun_verdict *verdict = &run->verdict;
	auto_doc json_t *refused = json_object();
	auto_doc json_t *course = json_object();
	struct tap tap;

	set_number(refused, "refused", verdict->refused);
	(void)json_object_set_new(refused, "attempts", refused_json(run, record));
	(void)json_object_set_new(course, "exit", exit_json(record));
	set_ms(course, "duration_ms", record->duration);
	set_usage(course, record);
	tap_begin(&tap, stdout);
	tap_test(&tap, verdict->no_refused, "no write was refused", refused);
	tap_test(&tap, verdict->stayed, "the container did not end early", course);
	if (record->command_ran)
		tap_test(&tap, verdict->command, "COMMAND succeeded", NULL);
	tap_end(&tap);
}
