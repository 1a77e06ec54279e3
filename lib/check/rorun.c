#include "config.h"

#include "check/rorun.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/wait.h>

bool rorun_is_allowed(const struct rorun *run, const char *path)
{
	for (size_t i = 0; i < run->allow_count; i++)
		if (fnmatch(run->allow[i], path, 0) == 0)
			return true;
	return false;
}

/* What is written in a folder and removed again changes the folder alone. */
bool rorun_is_would_allowed(const struct rorun *run, const struct write_record *would)
{
	auto_free char *inside = NULL;

	if (rorun_is_allowed(run, would->path))
		return true;
	if (asprintf(&inside, "%s/", would->path) < 0) {
		inside = NULL;
		return false;
	}
	return strcmp(would->what, "changed") == 0 && rorun_is_allowed(run, inside);
}

int rorun_exit_code(const struct container_record *record)
{
	return WIFEXITED(record->status) ? WEXITSTATUS(record->status)
					 : 128 + WTERMSIG(record->status);
}

const char *rorun_exit_reason(const struct container_record *record)
{
	return record->killed ? "killed" : record->stop_sent ? "stopped" : "ended";
}

void rorun_judge(struct rorun *run)
{
	const struct container_record *record = run->record;
	struct rorun_verdict *verdict = &run->verdict;
	const struct trace *trace = &record->trace;
	uint64_t kept = 0;

	*verdict = (struct rorun_verdict) { 0 };
	for (size_t i = 0; i < trace->refused.count; i++) {
		kept += trace->refused.items[i].count;
		if (rorun_is_allowed(run, trace->refused.items[i].path))
			continue;
		verdict->refused += trace->refused.items[i].count;
		verdict->refused_distinct++;
	}
	for (size_t i = 0; i < record->would.count; i++) {
		if (rorun_is_would_allowed(run, &record->would.items[i]))
			continue;
		verdict->refused++;
		verdict->refused_distinct++;
	}
	/* those beyond the record cannot be matched with --allow */
	verdict->refused += trace->refused.total - kept;
	/* with a writable root only the paths that were made read-only can refuse */
	verdict->no_refused = verdict->refused == 0;
	verdict->stayed = record->ran && record->start_error == NULL && !record->early &&
			  (!run->one_shot || rorun_exit_code(record) == 0);
	verdict->command = !record->command_ran || record->command_status == 0;
	verdict->holds = verdict->no_refused && verdict->stayed && verdict->command;
}
