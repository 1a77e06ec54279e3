#include "config.h"

#include "check/suggest.h"

#include <string.h>

#include "check/rorun.h"

/* A program may go another way once the first is open; each round opens what the last one found. */
#define ROUNDS_MAX 6

/* A read-only run with the user's own mounts and the suggested ones. */
struct proof {
	struct container_options options;
	const char **tmpfs;
	const char **volumes;
	const char **env;
};

static void proof_release(struct proof *proof)
{
	free(proof->tmpfs);
	free(proof->volumes);
	free(proof->env);
}
#define auto_proof cleanup_by(proof_release)

static const char **copy_list(const char *const *items, size_t count, size_t more)
{
	const char **list = calloc(count + more + 1, sizeof *list);

	for (size_t i = 0; list != NULL && i < count; i++)
		list[i] = items[i];
	return list;
}

static int proof_make(struct proof *proof, const struct suggest_question *question,
		      const struct suggestion *suggestion, struct error *err)
{
	struct container_options *options = &proof->options;

	*options = *question->options;
	options->writable = false;
	options->log_file = NULL;
	options->watch = (struct log_watch) { 0 };
	proof->tmpfs = copy_list(options->tmpfs, options->tmpfs_count, suggestion->count);
	proof->volumes = copy_list(options->volumes, options->volume_count, suggestion->count);
	proof->env = copy_list(options->env, options->env_count, 1);
	if (proof->tmpfs == NULL || proof->volumes == NULL || proof->env == NULL)
		return error_memory(err);
	for (size_t i = 0; i < suggestion->count; i++) {
		const struct suggest_mount *mount = &suggestion->mounts[i];

		if (mount->kind == SUGGEST_TMPFS)
			proof->tmpfs[options->tmpfs_count++] = mount->path;
		else
			proof->volumes[options->volume_count++] = mount->path;
	}
	if (suggestion->no_bytecode)
		proof->env[options->env_count++] = "PYTHONDONTWRITEBYTECODE=1";
	options->tmpfs = proof->tmpfs;
	options->volumes = proof->volumes;
	options->env = proof->env;
	return 0;
}

static void judge(const struct suggest_question *question, const struct container_options *options,
		  const struct container_record *record, struct rorun_verdict *ret_verdict)
{
	struct rorun run = {
		.options = options,
		.allow = question->allow,
		.allow_count = question->allow_count,
		.one_shot = question->one_shot,
		.record = record,
	};

	rorun_judge(&run);
	*ret_verdict = run.verdict;
}

static const char *last_line(const struct container_record *record)
{
	return record->log_count > 0 ? record->log[record->log_count - 1].text : "";
}

/* Why the last run did not hold, in a line. */
static int explain(struct suggestion *suggestion, const struct container_record *record,
		   const struct rorun_verdict *verdict, const char *which, struct error *err)
{
	char *text = NULL;
	int result;

	free(steal(&suggestion->problem));
	if (record->start_error != NULL)
		result = asprintf(&text, "%s, it does not start: %s", which, record->start_error);
	else if (!verdict->stayed)
		result = asprintf(&text, "%s, it ends early, with status %d; its last line is: %s",
				  which, rorun_exit_code(record), last_line(record));
	else if (!verdict->command)
		result = asprintf(&text, "%s, COMMAND ends with status %d", which,
				  record->command_status);
	else if (record->trace.refused.count > 0)
		result = asprintf(&text, "%s, %s of %s is refused still (%s)", which,
				  record->trace.refused.items[0].call,
				  record->trace.refused.items[0].path,
				  strerrorname_np(record->trace.refused.items[0].error));
	else
		result = asprintf(&text, "%s, it does not hold", which);
	if (result < 0)
		return error_memory(err);
	suggestion->problem = text;
	return 0;
}

static bool is_tried_by_all(const struct suggestion *suggestion, bool careful)
{
	if (careful)
		return true;
	for (size_t i = 0; i < suggestion->count; i++)
		if (suggestion->mounts[i].kind == SUGGEST_TMPFS)
			return false;
	return true;
}

/* The mounts that the user gave, and the image's volumes. */
static int given_paths(const struct suggest_question *question,
		       const struct container_record *record, const char ***ret_given,
		       struct error *err)
{
	const struct container_options *options = question->options;
	size_t count = 0;
	const char **given;

	while (record->volumes != NULL && record->volumes[count] != NULL)
		count++;
	given = copy_list((const char *const *)record->volumes, count,
			  options->tmpfs_count + options->volume_count);
	if (given == NULL)
		return error_memory(err);
	for (size_t i = 0; i < options->tmpfs_count; i++)
		given[count++] = options->tmpfs[i];
	for (size_t i = 0; i < options->volume_count; i++)
		given[count++] = options->volumes[i];
	*ret_given = given;
	return 0;
}

/* One proof: 1 where it held, 0 where not. *ret_new: it showed new needs. */
static int prove(const struct suggest_question *question, struct suggestion *suggestion,
		 bool *ret_new, struct error *err)
{
	auto_proof struct proof proof = { 0 };
	auto_container_record struct container_record record = { 0 };
	struct rorun_verdict verdict;

	*ret_new = false;
	if (proof_make(&proof, question, suggestion, err) < 0 ||
	    question->prove->run(question->prove->context, &proof.options, &record, err) < 0)
		return -1;
	suggestion->runs++;
	judge(question, &proof.options, &record, &verdict);
	if (record.interrupted != 0)
		return error_set(err, ERROR_CANCELLED, "interrupted by SIG%s",
				 sigabbrev_np(record.interrupted));
	if (verdict.holds && record.second_problem == NULL) {
		free(steal(&suggestion->problem));
		return 1;
	}
	if (suggest_take_refused(&suggestion->needs, &record, ret_new, err) < 0)
		return -1;
	return explain(suggestion, &record, &verdict, "with these mounts", err);
}

static int find(const struct suggest_question *question, struct suggestion *suggestion,
		const char *const *given, struct error *err)
{
	bool careful = false;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		bool new;
		int result;

		if (suggest_mounts(suggestion, question->root, given, careful, err) < 0)
			return -1;
		result = prove(question, suggestion, &new, err);
		if (result != 0) {
			suggestion->proved = result > 0;
			return result < 0 ? -1 : 0;
		}
		/* nothing new to serve: perhaps what a tmpfs hides was wanted */
		if (!new &&is_tried_by_all(suggestion, careful))
			return 0;
		careful = careful || !new;
	}
	return 0;
}

int suggest_find(const struct suggest_question *question, struct suggestion *ret_suggestion,
		 struct error *err)
{
	auto_suggestion struct suggestion suggestion = { .needed = true, .runs = 1 };
	auto_container_record struct container_record record = { 0 };
	auto_free const char **given = NULL;
	struct container_options options = *question->options;
	struct rorun_verdict verdict;

	options.writable = true;
	options.log_file = NULL;
	options.watch = (struct log_watch) { 0 };
	if (question->look->run(question->look->context, &options, &record, err) < 0)
		return -1;
	if (record.interrupted != 0)
		return error_set(err, ERROR_CANCELLED, "interrupted by SIG%s",
				 sigabbrev_np(record.interrupted));
	judge(question, &options, &record, &verdict);
	if (given_paths(question, &record, &given, err) < 0 ||
	    suggest_take_writes(&suggestion.needs, &record, err) < 0)
		return -1;
	/* what does not even run with a writable root is not to be mended by mounts */
	if (!verdict.stayed || !verdict.command) {
		if (suggest_mounts(&suggestion, question->root, given, false, err) < 0 ||
		    explain(&suggestion, &record, &verdict, "even with a writable root", err) < 0)
			return -1;
	} else if (find(question, &suggestion, given, err) < 0) {
		return -1;
	}
	*ret_suggestion = suggestion;
	suggestion = (struct suggestion) { 0 };
	return 0;
}
