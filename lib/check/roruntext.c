#include "config.h"

#include "check/rorun.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/table.h"
#include "base/text.h"

/* --- text ---------------------------------------------------------------------------------- */

static void print_escaped(FILE *out, const char *text)
{
	auto_buf struct buf clean;

	buf_init(&clean, BUF_MAX_DEFAULT);
	text_escape(&clean, text, strlen(text));
	(void)fputs(clean.data, out);
}

static int print_refused(FILE *out, const struct rorun *run, const struct container_record *record,
			 struct error *err)
{
	auto_table struct table *table = NULL;
	char text[TEXT_FIGURE_MAX];

	if (table_new("rlllll", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < record->trace.refused.count; i++) {
		const struct attempt *attempt = &record->trace.refused.items[i];

		table_cell(table, text_duration(attempt->time, text));
		table_cellf(table, "%s[%d]", attempt->process, (int)attempt->pid);
		table_cell(table, attempt->call);
		table_cell(table, attempt->path);
		table_cell(table, strerrorname_np(attempt->error));
		if (rorun_is_allowed(run, attempt->path))
			table_cell(table, "(allowed)");
		else if (attempt->count > 1)
			table_cellf(table, "%" PRIu64 " times", attempt->count);
		else
			table_cell(table, "");
	}
	return table_print(table, 2, out, err);
}

static int print_would(FILE *out, const struct rorun *run, const struct container_record *record,
		       struct error *err)
{
	auto_table struct table *table = NULL;

	if (table_new("lll", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < record->would.count; i++) {
		const struct write_record *would = &record->would.items[i];

		table_cell(table, would->what);
		table_cell(table, would->path);
		table_cell(table, rorun_is_would_allowed(run, would) ? "(allowed)" : "");
	}
	return table_print(table, 2, out, err);
}

static void print_course(FILE *out, const struct container_record *record)
{
	char first[TEXT_FIGURE_MAX];
	char lasted[TEXT_FIGURE_MAX];
	char took[TEXT_FIGURE_MAX];

	if (record->start_error != NULL) {
		(void)fputs("not started: ", out);
		print_escaped(out, record->start_error);
		(void)fputc('\n', out);
		return;
	}
	(void)fprintf(out, "first instruction after %s, ran for %s, ",
		      text_duration(record->first_instruction, first),
		      text_duration(record->duration, lasted));
	if (!record->stop_sent)
		(void)fprintf(out, "ended by itself%s", record->early ? " too early" : "");
	else if (record->killed)
		(void)fprintf(out, "ignored SIG%s and was killed after %s",
			      sigabbrev_np(record->stop_signal),
			      text_duration(record->stop_took, took));
	else
		(void)fprintf(out, "ended %s after SIG%s", text_duration(record->stop_took, took),
			      sigabbrev_np(record->stop_signal));
	if (WIFSIGNALED(record->status))
		(void)fprintf(out, ", by SIG%s\n", sigabbrev_np(WTERMSIG(record->status)));
	else
		(void)fprintf(out, ", with status %d\n", rorun_exit_code(record));
}

static void print_want(FILE *out, const struct rorun *run)
{
	char size[TEXT_FIGURE_MAX];

	if (run->record->out_of_memory)
		(void)fprintf(out, "a process was ended for want of memory: the limit is %s\n",
			      text_size(run->options->memory, size));
}

static void print_last_log(FILE *out, const struct container_record *record)
{
	size_t from = record->log_count > 5 ? record->log_count - 5 : 0;

	if (record->log_count == 0)
		return;
	(void)fprintf(out, record->log_truncated ? "the last lines that were kept of the log:\n"
						 : "the log's last lines:\n");
	for (size_t i = from; i < record->log_count; i++) {
		(void)fputs("  ", out);
		print_escaped(out, record->log[i].text);
		(void)fputc('\n', out);
	}
}

static void print_user(FILE *out, const struct container_record *record)
{
	if (record->user_known)
		(void)fprintf(out, ", as uid %u", (unsigned)record->uid);
	if (record->user_name == NULL)
		return;
	(void)fputs(record->user_known ? " (" : ", as ", out);
	print_escaped(out, record->user_name);
	if (record->user_known)
		(void)fputc(')', out);
}

/* The last check tells why. */
static void print_health(FILE *out, const struct health_record *health)
{
	const struct health_check *last =
		health->check_count > 0 ? &health->checks[health->check_count - 1] : NULL;
	char took[TEXT_FIGURE_MAX];

	if (health->status == NULL)
		return;
	(void)fprintf(out, "health check: %s", health->status);
	if (last == NULL) {
		(void)fputs(", none was made\n", out);
		return;
	}
	if (last->timed_out)
		(void)fprintf(out, ", the last of %" PRIu64 " had not ended after %s",
			      health->total, text_duration(last->took, took));
	else
		(void)fprintf(out, ", the last of %" PRIu64 " ended with status %d after %s",
			      health->total, last->status, text_duration(last->took, took));
	if (last->output != NULL && last->output[0] != '\0' &&
	    (last->status != 0 || last->timed_out)) {
		auto_free char *line = strndup(last->output, strcspn(last->output, "\n"));

		(void)fputs(": ", out);
		print_escaped(out, line != NULL ? line : "");
	}
	(void)fputc('\n', out);
}

static void print_log_summary(FILE *out, const struct rorun *run)
{
	struct log_count total = log_tally_total(&run->log->tally);
	uint64_t errors = total.levels[LOG_LEVEL_ERROR] + total.levels[LOG_LEVEL_CRITICAL];
	const char *before = "; signs of: ";

	if (total.lines == 0)
		return;
	(void)fprintf(out, "log: %" PRIu64 " line%s", total.lines, total.lines == 1 ? "" : "s");
	if (errors > 0)
		(void)fprintf(out, ", %" PRIu64 " at error level", errors);
	if (total.levels[LOG_LEVEL_WARNING] > 0)
		(void)fprintf(out, ", %" PRIu64 " at warning level",
			      total.levels[LOG_LEVEL_WARNING]);
	for (int sign = 0; sign < LOG_SIGNS; sign++)
		if (log_sign_name((enum log_sign)sign) != NULL && total.signs[sign] > 0) {
			(void)fprintf(out, "%s%s (%" PRIu64 ")", before,
				      log_sign_name((enum log_sign)sign), total.signs[sign]);
			before = ", ";
		}
	(void)fputc('\n', out);
}

/* What a run without a verdict may hold of its own. */
static void print_extras(FILE *out, const struct container_record *record)
{
	print_health(out, &record->health);
	for (size_t i = 0; i < record->trace.unknown_count; i++) {
		const struct unknown_call *unknown = &record->trace.unknown[i];

		(void)fprintf(out, "denied: system call %ld%s by ", unknown->number,
			      unknown->foreign ? " of another kind of machine"
					       : ", which is unknown here,");
		print_escaped(out, unknown->process);
		(void)fputc('\n', out);
	}
	if (record->trace.refused_forks > 0)
		(void)fprintf(out,
			      "denied: %" PRIu64 " new processes or threads, for there were %d\n",
			      record->trace.refused_forks, TRACEES_MAX);
	for (size_t i = 0; record->leftovers != NULL && record->leftovers[i] != NULL; i++)
		(void)fprintf(out, "could not be removed: container %.12s\n", record->leftovers[i]);
}

static int print_refusals(FILE *out, const struct rorun *run, const struct container_record *record,
			  const struct rorun_verdict *verdict, struct error *err)
{
	if (run->in_engine) {
		if (run->options->writable || record->start_error != NULL)
			return 0;
		if (record->would.count == 0)
			(void)fprintf(out, "would write: nothing\n");
		else
			(void)fprintf(out,
				      "would write, were the root writable: %" PRIu64 " paths\n",
				      verdict->refused);
		return print_would(out, run, record, err);
	}
	if (verdict->refused == 0 && record->trace.refused.count == 0)
		(void)fprintf(out, "refused writes: none\n");
	else
		(void)fprintf(out, "refused writes: %" PRIu64 " (%" PRIu64 " different)\n",
			      verdict->refused, verdict->refused_distinct);
	return print_refused(out, run, record, err);
}

static void print_usage(FILE *out, const struct trace *trace)
{
	char memory[TEXT_FIGURE_MAX];
	char cpu[TEXT_FIGURE_MAX];

	(void)fprintf(out, "peak memory %s, CPU time %s", text_size(trace->peak_memory, memory),
		      text_duration(trace->cpu_time, cpu));
	if (trace->peak_processes > 0)
		(void)fprintf(out, "; at most %u process%s, %u thread%s", trace->peak_processes,
			      trace->peak_processes == 1 ? "" : "es", trace->peak_threads,
			      trace->peak_threads == 1 ? "" : "s");
	/* of another user's processes they cannot be counted */
	if (trace->peak_files > 0)
		(void)fprintf(out, ", %u open file%s", trace->peak_files,
			      trace->peak_files == 1 ? "" : "s");
	(void)fputc('\n', out);
}

/* As much of an instruction as tells which one it is. */
#define INSTRUCTION_SHOWN 60

static int print_writes(FILE *out, const struct write_list *writes, struct error *err)
{
	auto_table struct table *table = NULL;
	uint64_t bytes = 0;
	char text[TEXT_FIGURE_MAX];

	if (writes->count == 0)
		return 0;
	if (table_new("llrll", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < writes->count; i++) {
		const struct write_record *write = &writes->items[i];

		bytes += write->bytes;
		table_cell(table, write->what);
		table_cell(table, write->path);
		table_cell(table, write->bytes > 0 ? text_size(write->bytes, text) : "");
		table_cell(table, write->process != NULL ? write->process : "");
		table_cellf(table, "%.*s", INSTRUCTION_SHOWN,
			    write->instruction != NULL ? write->instruction : "");
	}
	(void)fprintf(out, "written: %zu paths, %s\n", writes->count, text_size(bytes, text));
	return table_print(table, 2, out, err);
}

static void print_problem(FILE *out, const char *before, const char *text)
{
	if (text == NULL)
		return;
	(void)fputs(before, out);
	print_escaped(out, text);
	(void)fputc('\n', out);
}

static int print_suggestion(FILE *out, const struct rorun *run, struct error *err)
{
	const struct suggestion *suggestion = run->suggestion;
	auto_suggest_subject struct suggest_subject subject = { 0 };
	auto_table struct table *table = NULL;
	auto_free char *docker = NULL;

	if (suggestion == NULL)
		return 0;
	if (!suggestion->needed) {
		(void)fputs("suggestion: none is needed, it runs with a read-only root\n", out);
		return 0;
	}
	(void)fprintf(out, "suggestion, %s:\n",
		      suggestion->proved ? "with which a read-only run has held" : "not proved");
	print_problem(out, "  not proved: ", suggestion->problem);
	print_problem(out, "  no mount can serve: ", suggestion->impossible);
	if (table_new("llrl", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < suggestion->count; i++) {
		const struct suggest_mount *mount = &suggestion->mounts[i];
		char size[TEXT_FIGURE_MAX];

		table_cell(table, mount->kind == SUGGEST_TMPFS ? "tmpfs" : "volume");
		table_cell(table, mount->path);
		table_cell(table, mount->bytes > 0 ? text_size(mount->bytes, size) : "");
		table_cellf(table, "for %s%s",
			    mount->reason_count > 0 ? mount->reasons[0]->path : mount->path,
			    mount->paths > 1 ? " and others" : "");
	}
	if (suggestion->no_bytecode) {
		table_cell(table, "environment");
		table_cell(table, "PYTHONDONTWRITEBYTECODE=1");
		table_cell(table, "");
		table_cell(table, "for byte code, which Python can do without");
	}
	if (table_print(table, 2, out, err) < 0)
		return -1;
	if (suggest_subject_of(run->subject.name, run->record, run->options, &subject, err) < 0)
		return -1;
	docker = suggest_docker(suggestion, &subject);
	if (docker == NULL)
		return error_memory(err);
	(void)fprintf(out, "  %s", docker);
	return 0;
}

int rorun_text(const struct rorun *run, FILE *out, struct error *err)
{
	const struct container_record *record = run->record;
	const struct rorun_verdict *verdict = &run->verdict;
	print_escaped(out, run->subject.name);
	(void)fprintf(out, ": %s root", run->options->writable ? "writable" : "read-only");
	print_user(out, record);
	(void)fputc(':', out);
	for (size_t i = 0; record->argv[i] != NULL; i++) {
		(void)fputc(' ', out);
		print_escaped(out, record->argv[i]);
	}
	(void)fputc('\n', out);
	for (size_t i = 0; record->volumes[i] != NULL; i++) {
		(void)fputs(i == 0 ? "writable, since the image declares volumes: " : ", ", out);
		print_escaped(out, record->volumes[i]);
		if (record->volumes[i + 1] == NULL)
			(void)fputc('\n', out);
	}
	print_course(out, record);
	if (record->command_ran)
		(void)fprintf(out, "command ended with status %d\n", record->command_status);
	for (size_t i = 0; i < record->port_count; i++)
		(void)fprintf(out, "%s%s/%s:%u%s", i == 0 ? "listened on " : ", ",
			      record->ports[i].protocol, record->ports[i].address,
			      record->ports[i].port, i + 1 == record->port_count ? "\n" : "");
	print_want(out, run);
	print_log_summary(out, run);
	print_extras(out, record);
	if (!run->options->untraced && record->usage_known)
		print_usage(out, &record->trace);
	if (print_writes(out, &record->writes, err) < 0)
		return -1;
	if (print_refusals(out, run, record, verdict, err) < 0)
		return -1;
	if (!verdict->holds && !verdict->stayed)
		print_last_log(out, record);
	return print_suggestion(out, run, err);
}
