#include "config.h"

#include "check/rorun.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/table.h"
#include "base/text.h"

/* --- text ---------------------------------------------------------------------------------- */

static void print_escaped(const char *text)
{
	auto_buf struct buf clean;

	buf_init(&clean, BUF_MAX_DEFAULT);
	text_escape(&clean, text, strlen(text));
	(void)fputs(clean.data, stdout);
}

static int print_refused(const struct rorun *run, const struct container_record *record,
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
	return table_print(table, 2, stdout, err);
}

static int print_would(const struct rorun *run, const struct container_record *record,
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
		(void)printf(", with status %d\n", rorun_exit_code(record));
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
	for (size_t i = 0; i < record->trace.unknown_count; i++) {
		const struct unknown_call *unknown = &record->trace.unknown[i];

		(void)printf("denied: system call %ld%s by ", unknown->number,
			     unknown->foreign ? " of another kind of machine"
					      : ", which is unknown here,");
		print_escaped(unknown->process);
		(void)putchar('\n');
	}
	for (size_t i = 0; record->leftovers != NULL && record->leftovers[i] != NULL; i++)
		(void)printf("could not be removed: container %.12s\n", record->leftovers[i]);
}

static int print_refusals(const struct rorun *run, const struct container_record *record,
			  const struct rorun_verdict *verdict, struct error *err)
{
	if (run->in_engine) {
		if (run->options->writable || record->start_error != NULL)
			return 0;
		if (record->would.count == 0)
			(void)printf("would write: nothing\n");
		else
			(void)printf("would write, were the root writable: %" PRIu64 " paths\n",
				     verdict->refused);
		return print_would(run, record, err);
	}
	if (verdict->refused == 0 && record->trace.refused.count == 0)
		(void)printf("refused writes: none\n");
	else
		(void)printf("refused writes: %" PRIu64 " (%" PRIu64 " different)\n",
			     verdict->refused, verdict->refused_distinct);
	return print_refused(run, record, err);
}

int rorun_text(const struct rorun *run, struct error *err)
{
	const struct container_record *record = run->record;
	const struct rorun_verdict *verdict = &run->verdict;
	char memory[TEXT_FIGURE_MAX];
	char cpu[TEXT_FIGURE_MAX];

	print_escaped(run->subject.name);
	(void)printf(": %s root", run->options->writable ? "writable" : "read-only");
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
	if (!run->options->untraced && record->usage_known)
		(void)printf("peak memory %s, CPU time %s\n",
			     text_size(record->trace.peak_memory, memory),
			     text_duration(record->trace.cpu_time, cpu));
	for (size_t i = 0; i < record->writes.count; i++) {
		(void)printf("%s: ", record->writes.items[i].what);
		print_escaped(record->writes.items[i].path);
		(void)putchar('\n');
	}
	if (print_refusals(run, record, verdict, err) < 0)
		return -1;
	if (!verdict->holds && !verdict->stayed)
		print_last_log(record);
	return 0;
}
