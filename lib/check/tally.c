#include "config.h"

#include "check/tally.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"

static int tally_add_note(struct tally *tally, const char *file, const char *note,
			  struct error *err)
{
	char **notes = reallocarray(tally->notes, tally->note_count + 1, sizeof *notes);
	char *text;

	if (notes == NULL)
		return error_memory(err);
	tally->notes = notes;
	if (asprintf(&text, "%s: %s", file, note) < 0)
		return error_memory(err);
	tally->notes[tally->note_count++] = text;
	return 0;
}

static int tally_read(const char *name, struct buf *data, enum report_format *ret_format,
		      struct error *err)
{
	if (strcmp(name, "-") == 0) {
		if (buf_read_fd(data, STDIN_FILENO, "standard input", err) < 0)
			return -1;
	} else if (buf_read_file(data, name, err) < 0) {
		return -1;
	}
	if (report_tell(data->data, data->size, ret_format, err) < 0)
		return error_prefix(err, "%s", name);
	return 0;
}

static int tally_add_junit(struct tally *tally, struct tally_file *file, const struct buf *data,
			   struct error *err)
{
	if (junit_parse(data->data, data->size, &file->junit, err) < 0)
		return error_prefix(err, "%s", file->name);
	for (size_t i = 0; i < file->junit->note_count; i++)
		if (tally_add_note(tally, file->name, file->junit->notes[i], err) < 0)
			return -1;
	if (file->junit->notes_dropped > 0 &&
	    tally_add_note(tally, file->name, "and more of this kind", err) < 0)
		return -1;
	if (file->junit->count == 0)
		return tally_add_note(tally, file->name, "no test in it", err);
	return 0;
}

static int tally_add_coverage(struct tally *tally, const struct tally_file *file,
			      const struct buf *data, struct error *err)
{
	size_t notes = 0;
	int result = -1;

	if (tally->coverage == NULL && coverage_new(&tally->coverage, err) < 0)
		return -1;
	while (coverage_note(tally->coverage, notes) != NULL)
		notes++;
	switch (file->format) {
	case REPORT_COBERTURA:
		result = coverage_add_cobertura(tally->coverage, data->data, data->size, err);
		break;
	case REPORT_LCOV:
		result = coverage_add_lcov(tally->coverage, data->data, data->size, err);
		break;
	case REPORT_COVERAGE_PY:
		result = coverage_add_coverage_py(tally->coverage, data->data, data->size, err);
		break;
	case REPORT_JUNIT:
		break;
	}
	if (result < 0)
		return error_prefix(err, "%s", file->name);
	for (; coverage_note(tally->coverage, notes) != NULL; notes++)
		if (tally_add_note(tally, file->name, coverage_note(tally->coverage, notes), err) <
		    0)
			return -1;
	return 0;
}

static int tally_add_file(struct tally *tally, const char *name, struct error *err)
{
	struct tally_file *file = &tally->files[tally->file_count];
	auto_buf struct buf data;

	buf_init(&data, REPORT_SIZE_MAX);
	file->name = name;
	if (tally_read(name, &data, &file->format, err) < 0)
		return -1;
	tally->file_count++;
	if (file->format != REPORT_JUNIT) {
		tally->has_coverage = true;
		return tally_add_coverage(tally, file, &data, err);
	}
	tally->has_tests = true;
	return tally_add_junit(tally, file, &data, err);
}

static int tally_add_baseline(struct tally *tally, const char *name, struct error *err)
{
	struct tally_file *file = &tally->baselines[tally->baseline_count];
	auto_buf struct buf data;

	buf_init(&data, REPORT_SIZE_MAX);
	file->name = name;
	if (tally_read(name, &data, &file->format, err) < 0)
		return -1;
	if (file->format != REPORT_JUNIT)
		return error_set(err, ERROR_INPUT, "%s: the baseline is no report of tests (%s)",
				 name, report_format_name(file->format));
	tally->baseline_count++;
	if (junit_parse(data.data, data.size, &file->junit, err) < 0)
		return error_prefix(err, "%s", name);
	return 0;
}

static void tally_count(struct tally *tally)
{
	for (size_t i = 0; i < tally->file_count; i++) {
		const struct junit *junit = tally->files[i].junit;

		if (junit == NULL)
			continue;
		tally->hidden_failures = tally->hidden_failures || junit->hidden_failures;
		tally->total += junit->count;
		for (size_t j = 0; j < junit->count; j++) {
			const struct junit_case *item = &junit->cases[j];

			tally->passed += item->outcome == JUNIT_PASSED;
			tally->skipped += item->outcome == JUNIT_SKIPPED;
			tally->failed += item->outcome == JUNIT_FAILED;
			tally->errors += item->outcome == JUNIT_ERROR;
			tally->timed = tally->timed || item->timed;
			tally->nanoseconds += item->timed ? item->nanoseconds : 0;
		}
	}
}

/* The comparison: every test case of both sides, sorted by name, a group at a time. */
struct tally_mention {
	const struct junit_case *item;
	bool before;
	size_t order; /* in its own side's reports */
};

enum tally_change { CHANGE_NONE, CHANGE_REGRESSION, CHANGE_GONE, CHANGE_SKIPPED };

struct tally_found {
	const char *name;
	enum tally_change change;
	bool before; /* where `order` counts: what is gone has a place in the baseline only */
	size_t order;
};

struct tally_comparison {
	struct tally_mention *mentions;
	size_t count;
	const char **containers; /* of what fails now, sorted */
	size_t container_count;
	struct tally_found *found;
	size_t found_count;
};

static void tally_mention_all(struct tally_comparison *comparison, const struct tally_file *files,
			      size_t count, bool before)
{
	size_t order = 0;

	for (size_t i = 0; i < count; i++) {
		const struct junit *junit = files[i].junit;

		for (size_t j = 0; junit != NULL && j < junit->count; j++) {
			const struct junit_case *item = &junit->cases[j];

			comparison->mentions[comparison->count++] =
				(struct tally_mention) { item, before, order++ };
			if (!before && item->outcome >= JUNIT_FAILED)
				comparison->containers[comparison->container_count++] =
					item->container != NULL ? item->container : item->name;
		}
	}
}

static int tally_mention_by_name(const void *a, const void *b)
{
	const struct tally_mention *left = a;
	const struct tally_mention *right = b;
	int order = strcmp(left->item->name, right->item->name);

	if (order != 0)
		return order;
	if (left->before != right->before)
		return left->before ? 1 : -1;
	return (left->order > right->order) - (left->order < right->order);
}

static int tally_text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct tally_prefix {
	const char *text;
	size_t size;
};

static int tally_prefix_order(const void *a, const void *b)
{
	const struct tally_prefix *prefix = a;
	const char *text = *(const char *const *)b;
	int order = strncmp(prefix->text, text, prefix->size);

	return order != 0 ? order : text[prefix->size] == '\0' ? 0 : -1;
}

/* Something fails now whose name is the start of this one, up to a boundary: its class, its module,
 * or the test whose part it was. */
static bool tally_container_fails(const struct tally_comparison *comparison, const char *name)
{
	struct tally_prefix prefix = { name, 0 };

	if (comparison->container_count == 0)
		return false;
	for (size_t i = 1; name[i - 1] != '\0'; i++) {
		/* bytes of a longer character are letters */
		if (isalnum((unsigned char)name[i]) || name[i] == '_' || (name[i] & 0x80) != 0)
			continue;
		prefix.size = i;
		if (bsearch(&prefix, comparison->containers, comparison->container_count,
			    sizeof *comparison->containers, tally_prefix_order) != NULL)
			return true;
	}
	return false;
}

/*
 * Names are not unique, so a group is compared by its numbers: worse is more failures than before,
 * gone is fewer test cases, skipped is fewer that passed.
 */
static enum tally_change tally_compare_group(const struct tally_comparison *comparison,
					     const struct tally_mention *group, size_t count,
					     size_t *passed_before)
{
	size_t passed[2] = { 0 };
	size_t failing[2] = { 0 };
	size_t total[2] = { 0 };

	for (size_t i = 0; i < count; i++) {
		passed[group[i].before] += group[i].item->outcome == JUNIT_PASSED;
		failing[group[i].before] += group[i].item->outcome >= JUNIT_FAILED;
		total[group[i].before]++;
	}
	*passed_before += passed[1];
	if (passed[1] == 0)
		return CHANGE_NONE;
	if (failing[0] > failing[1])
		return CHANGE_REGRESSION;
	if (total[0] < total[1] && passed[0] < passed[1])
		return tally_container_fails(comparison, group[0].item->name) ? CHANGE_REGRESSION
									      : CHANGE_GONE;
	return passed[0] < passed[1] ? CHANGE_SKIPPED : CHANGE_NONE;
}

static int tally_found_order(const void *a, const void *b)
{
	const struct tally_found *left = a;
	const struct tally_found *right = b;

	if (left->change != right->change)
		return left->change < right->change ? -1 : 1;
	if (left->before != right->before)
		return left->before ? 1 : -1;
	return (left->order > right->order) - (left->order < right->order);
}

static int tally_gather(const struct tally_comparison *comparison, enum tally_change change,
			struct tally_names *ret_names, struct error *err)
{
	struct tally_names names = { calloc(comparison->found_count + 1, sizeof(char *)), 0 };

	if (names.items == NULL)
		return error_memory(err);
	for (size_t i = 0; i < comparison->found_count; i++)
		if (comparison->found[i].change == change)
			names.items[names.count++] = comparison->found[i].name;
	*ret_names = names;
	return 0;
}

static int tally_compare_sorted(struct tally *tally, struct tally_comparison *comparison,
				struct error *err)
{
	for (size_t i = 0, next; i < comparison->count; i = next) {
		const struct tally_mention *group = &comparison->mentions[i];
		enum tally_change change;

		for (next = i + 1; next < comparison->count; next++)
			if (strcmp(group->item->name, comparison->mentions[next].item->name) != 0)
				break;
		change = tally_compare_group(comparison, group, next - i, &tally->passed_before);
		if (change != CHANGE_NONE)
			comparison->found[comparison->found_count++] =
				(struct tally_found) { group->item->name, change, group->before,
						       group->order };
	}
	if (comparison->found_count > 0)
		qsort(comparison->found, comparison->found_count, sizeof *comparison->found,
		      tally_found_order);
	if (tally_gather(comparison, CHANGE_REGRESSION, &tally->regressions, err) < 0 ||
	    tally_gather(comparison, CHANGE_GONE, &tally->gone, err) < 0)
		return -1;
	return tally_gather(comparison, CHANGE_SKIPPED, &tally->skipped_now, err);
}

static int tally_compare(struct tally *tally, struct error *err)
{
	struct tally_comparison comparison = { 0 };
	size_t before = 0;
	int result;

	for (size_t i = 0; i < tally->baseline_count; i++)
		before += tally->baselines[i].junit->count;
	if (before == 0)
		return error_set(err, ERROR_MISSING, "%s: no test in the baseline",
				 tally->baselines[0].name);
	comparison.mentions = calloc(before + tally->total + 1, sizeof *comparison.mentions);
	comparison.containers = calloc(tally->total + 1, sizeof *comparison.containers);
	comparison.found = calloc(before + tally->total + 1, sizeof *comparison.found);
	if (comparison.mentions == NULL || comparison.containers == NULL ||
	    comparison.found == NULL) {
		result = error_memory(err);
	} else {
		tally_mention_all(&comparison, tally->files, tally->file_count, false);
		tally_mention_all(&comparison, tally->baselines, tally->baseline_count, true);
		qsort(comparison.mentions, comparison.count, sizeof *comparison.mentions,
		      tally_mention_by_name);
		qsort(comparison.containers, comparison.container_count,
		      sizeof *comparison.containers, tally_text_order);
		result = tally_compare_sorted(tally, &comparison, err);
	}
	free(comparison.mentions);
	free(comparison.containers);
	free(comparison.found);
	tally->compared = result == 0;
	return result;
}

static int tally_add_all(struct tally *tally, const struct tally_request *request,
			 struct error *err)
{
	for (size_t i = 0; i < request->file_count; i++)
		if (tally_add_file(tally, request->files[i], err) < 0)
			return -1;
	for (size_t i = 0; i < request->baseline_count; i++)
		if (tally_add_baseline(tally, request->baselines[i], err) < 0)
			return -1;
	return 0;
}

/* A demand that no report can answer is not met silently. */
static int tally_check_demands(const struct tally *tally, const struct tally_request *request,
			       struct error *err)
{
	if (request->coverage_demanded && !tally->has_coverage)
		return error_set(err, ERROR_MISSING,
				 "--min-coverage: none of the files is a report of coverage");
	if (request->baseline_count > 0 && !tally->has_tests)
		return error_set(err, ERROR_MISSING,
				 "--baseline: none of the files is a report of tests");
	if (tally->has_tests && tally->total == 0)
		return error_set(err, ERROR_MISSING, "no test found");
	return 0;
}

int tally_run(const struct tally_request *request, struct tally **ret_tally, struct error *err)
{
	auto_tally struct tally *tally = calloc(1, sizeof *tally);

	if (tally == NULL)
		return error_memory(err);
	tally->files = calloc(request->file_count + 1, sizeof *tally->files);
	tally->baselines = calloc(request->baseline_count + 1, sizeof *tally->baselines);
	if (tally->files == NULL || tally->baselines == NULL)
		return error_memory(err);
	if (tally_add_all(tally, request, err) < 0)
		return -1;
	tally_count(tally);
	if (tally_check_demands(tally, request, err) < 0)
		return -1;
	if (tally->has_coverage && coverage_count(tally->coverage, &tally->lines, err) < 0)
		return -1;
	if (request->baseline_count > 0 && tally_compare(tally, err) < 0)
		return -1;
	*ret_tally = steal(&tally);
	return 0;
}

void tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	for (size_t i = 0; i < tally->file_count; i++)
		junit_free(tally->files[i].junit);
	for (size_t i = 0; i < tally->baseline_count; i++)
		junit_free(tally->baselines[i].junit);
	for (size_t i = 0; i < tally->note_count; i++)
		free(tally->notes[i]);
	free(tally->regressions.items);
	free(tally->gone.items);
	free(tally->skipped_now.items);
	free(tally->lines.files);
	coverage_free(tally->coverage);
	free(tally->notes);
	free(tally->files);
	free(tally->baselines);
	free(tally);
}

bool tally_tests_hold(const struct tally *tally)
{
	return tally->passed > 0 && tally->failed == 0 && tally->errors == 0 &&
	       !tally->hidden_failures;
}

/* In millionths of a percent, which a decimal of an option meets exactly and a double does not. */
bool tally_coverage_holds(uint64_t covered, uint64_t total, double min_percent)
{
	uint64_t limit = (uint64_t)llround(min_percent * 1e6);

	return total > 0 && covered * 100000000 >= limit * total;
}

uint64_t tally_hundredths(uint64_t covered, uint64_t total)
{
	return total > 0 ? covered * 10000 / total : 0;
}
