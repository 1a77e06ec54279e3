#include "config.h"

#include "check/grep.h"

#include <string.h>

#include "base/buf.h"
#include "check/scan.h"
#include "check/spool.h"

/* Of a line this much is kept around the match. */
#define TEXT_BEFORE ((size_t)80)
#define TEXT_MAX    ((size_t)320)

#define LAYER_MEMORY  ((size_t)64 << 10)
#define MATCH_MEMORY  ((size_t)2 << 20)
#define BATCH_RECORDS ((size_t)32 << 10)
#define BATCH_BYTES   ((size_t)8 << 20)

struct grep {
	const struct image *image;
	const struct rules *rules;
	struct grep_options options;
	struct survival_key key;
	struct scan *scan;	  /* NULL where no rule looks at text */
	struct path_sieve *sieve; /* NULL where none looks at paths */
	unsigned where;
	bool content_everywhere; /* some content rule is for every file */
	struct survival survival;
	struct spool matches;
	struct grep_layer *layers;
	uint64_t *counts; /* by name */
	uint64_t count;
};

/* While a layer is read it need not be known which one it is: what it finds has LAYER_TOLD for its
 * layer, and a record of kind RECORD_LAYER stands before all of it that says so. */
#define RECORD_LAYER UINT32_MAX
#define LAYER_TOLD   (GREP_NO_LAYER - 1)

/* A match as it waits in a spool; path and text follow. */
struct record {
	uint64_t place;
	uint64_t line;
	uint64_t count;
	uint64_t layer;
	uint32_t rule;
	uint32_t kind;
	uint32_t path_size;
	uint32_t text_size;
	uint32_t has_path;
	uint32_t cut; /* 1: before, 2: behind */
};

/* One layer while it is read; also the configuration. */
struct state {
	const struct grep *grep;
	size_t layer;
	enum grep_kind kind; /* of what the scanner reads */
	struct scratch *scratch;
	struct scanner *scanner;
	struct survival_log log;
	struct spool records;
	struct buf path; /* of the file that the scanner reads */
	uint64_t place;
	bool reading;
	bool *named;	  /* by name: this path has matched */
	uint64_t *counts; /* by rule, for GREP_COUNTS */
	struct grep_layer layer_read;
};

const char *grep_kind_name(enum grep_kind kind)
{
	static const char *const names[] = {
		[GREP_PATH] = "path",	    [GREP_CONTENT] = "content",
		[GREP_HISTORY] = "history", [GREP_ENVIRONMENT] = "environment",
		[GREP_LABEL] = "label",	    [GREP_CONFIGURATION] = "configuration",
	};

	return names[kind];
}

/* ---- recording ---- */

static int add_record(struct state *state, struct record *record, const char *path,
		      const char *text, struct error *err)
{
	record->layer = state->layer;
	record->place = state->place;
	record->has_path = path != NULL;
	if (spool_add(&state->records, record, sizeof *record, err) < 0 ||
	    spool_add(&state->records, path, record->path_size, err) < 0)
		return -1;
	return spool_add(&state->records, text, record->text_size, err);
}

static int add_line(struct state *state, const struct scan_hit *hit, uint64_t count,
		    struct error *err)
{
	const char *path = state->kind == GREP_CONTENT ? state->path.data : NULL;
	size_t from = hit->at > TEXT_BEFORE ? hit->at - TEXT_BEFORE : 0;
	size_t size = hit->size - from;
	struct record record = { .line = hit->line,
				 .count = count,
				 .rule = (uint32_t)hit->rule,
				 .kind = state->kind,
				 .path_size = path == NULL ? 0 : (uint32_t)state->path.size };

	/* A line that fits is shown whole. */
	if (hit->size <= TEXT_MAX) {
		from = 0;
		size = hit->size;
	}
	record.cut = from > 0 ? 1 : 0;
	if (size > TEXT_MAX) {
		size = TEXT_MAX;
		record.cut |= 2;
	}
	record.text_size = (uint32_t)size;
	return add_record(state, &record, path, hit->text + from, err);
}

static int on_hit(void *context, const struct scan_hit *hit, struct error *err)
{
	struct state *state = context;

	switch (state->grep->options.detail) {
	case GREP_FIRST:
		return add_line(state, hit, 1, err) < 0 ? -1 : 1;
	case GREP_COUNTS:
		state->counts[state->grep->rules->items[hit->rule].name]++;
		return 0;
	case GREP_LINES:
	default:
		return add_line(state, hit, 1, err);
	}
}

/* For GREP_COUNTS: one record for each rule that the file has matched. */
static int add_counts(struct state *state, struct error *err)
{
	const struct rules *rules = state->grep->rules;

	for (size_t i = 0; i < rules->count; i++) {
		struct scan_hit hit = { .rule = i, .text = "" };
		uint64_t count = state->counts[rules->items[i].name];

		state->counts[rules->items[i].name] = 0;
		if (count > 0 && add_line(state, &hit, count, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- one layer ---- */

static void state_free(void *context)
{
	struct state *state = context;

	if (state == NULL)
		return;
	scanner_free(state->scanner);
	scratch_free(state->scratch);
	survival_log_release(&state->log);
	spool_release(&state->records);
	buf_release(&state->path);
	free(state->named);
	free(state->counts);
	free(state);
}

static int state_new(const struct grep *grep, size_t layer, struct state **ret_state,
		     struct error *err)
{
	struct state *state = calloc(1, sizeof *state);

	if (state == NULL)
		return error_memory(err);
	state->grep = grep;
	state->layer = layer;
	survival_log_init(&state->log, &grep->key, (grep->where & RULE_CONTENT) != 0);
	spool_init(&state->records, LAYER_MEMORY);
	buf_init(&state->path, BUF_MAX_DEFAULT);
	state->named = calloc(grep->rules->name_count + 1, sizeof *state->named);
	state->counts = calloc(grep->rules->name_count + 1, sizeof *state->counts);
	if (state->named == NULL || state->counts == NULL) {
		state_free(state);
		return error_memory(err);
	}
	if (scratch_new(&state->scratch, err) < 0 ||
	    (grep->scan != NULL && scanner_new(grep->scan, state->scratch, grep->options.numbers,
					       on_hit, state, &state->scanner, err) < 0)) {
		state_free(state);
		return -1;
	}
	*ret_state = state;
	return 0;
}

static int on_layer_begin(const void *context, unused_arg const struct layer_info *layer,
			  void **ret_state, struct error *err)
{
	struct state *state = NULL;

	if (state_new(context, LAYER_TOLD, &state, err) < 0)
		return -1;
	*ret_state = state;
	return 0;
}

/* All rules for paths that this path matches. */
static int match_path(struct state *state, const struct entry *entry, struct error *err)
{
	const struct rules *rules = state->grep->rules;
	bool directory = entry->type == ENTRY_DIRECTORY;
	bool found = false;
	int result = path_sieve_test(state->grep->sieve, state->scratch, entry->path,
				     entry->path_size, err);

	for (size_t i = 0; result > 0 && i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		struct record record = { .rule = (uint32_t)i,
					 .kind = GREP_PATH,
					 .count = 1,
					 .path_size = (uint32_t)entry->path_size };
		int matches;
		int exempt;

		if (rule->where != RULE_PATH || (found && state->named[rule->name]))
			continue;
		matches = pattern_match_path(rule->pattern, state->scratch, entry->path,
					     entry->path_size, directory, err);
		if (matches < 0)
			return -1;
		if (matches == 0)
			continue;
		matches = rule_is_for(rule, state->scratch, entry->path, entry->path_size, err);
		exempt = rule_exempts(rule, state->scratch, entry->path, entry->path_size,
				      directory, err);
		if (matches < 0 || exempt < 0)
			return -1;
		if (matches == 0 || exempt > 0)
			continue;
		if (!found)
			memset(state->named, 0, rules->name_count * sizeof *state->named);
		found = state->named[rule->name] = true;
		if (add_record(state, &record, entry->path, NULL, err) < 0)
			return -1;
	}
	return result < 0 ? -1 : 0;
}

/* Puts the rules to work that are for this file; 1 where there are some. */
static int begin_content(struct state *state, const struct entry *entry, struct error *err)
{
	const struct rules *rules = state->grep->rules;
	bool any = false;

	scanner_begin(state->scanner);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		int applies;
		int exempt;

		if ((rule->where & RULE_CONTENT) == 0)
			continue;
		applies = rule_is_for(rule, state->scratch, entry->path, entry->path_size, err);
		exempt = applies <= 0 ? 0
				      : rule_exempts(rule, state->scratch, entry->path,
						     entry->path_size, false, err);
		if (applies < 0 || exempt < 0)
			return -1;
		if (applies == 0 || exempt > 0)
			continue;
		scanner_activate(state->scanner, i);
		any = true;
	}
	if (!any)
		return 0;
	buf_clear(&state->path);
	buf_add(&state->path, entry->path, entry->path_size);
	return buf_check(&state->path, "path", err) < 0 ? -1 : 1;
}

static enum walk_step on_entry(void *context, const struct entry *entry, struct error *err)
{
	struct state *state = context;
	int content = 0;

	state->reading = false;
	if (entry->path_size > UINT32_MAX)
		return error_set(err, ERROR_INPUT, "a path of %zu bytes", entry->path_size);
	if (survival_log_add(&state->log, entry, &state->place, err) < 0)
		return WALK_FAILED;
	/* Markers are about other names; the root has none. */
	if (entry->type == ENTRY_WHITEOUT || entry->type == ENTRY_OPAQUE || entry->path_size == 0)
		return WALK_NEXT;
	if (state->grep->sieve != NULL && match_path(state, entry, err) < 0)
		return WALK_FAILED;
	if (entry->type != ENTRY_FILE || entry->size == 0 ||
	    (state->grep->where & RULE_CONTENT) == 0)
		return WALK_NEXT;
	content = begin_content(state, entry, err);
	if (content <= 0)
		return content < 0 ? WALK_FAILED : WALK_NEXT;
	state->kind = GREP_CONTENT;
	state->reading = true;
	return WALK_DATA;
}

static enum walk_step name_file(const struct state *state, struct error *err)
{
	return error_prefix(err, "'%s'", state->path.data);
}

static enum walk_step on_data(void *context, const void *data, size_t size, struct error *err)
{
	struct state *state = context;
	int result = scanner_feed(state->scanner, data, size, err);

	if (result < 0)
		return name_file(state, err);
	return result > 0 ? WALK_NEXT : WALK_DATA;
}

static int on_entry_end(void *context, struct error *err)
{
	struct state *state = context;

	if (!state->reading)
		return 0;
	state->reading = false;
	if (scanner_finish(state->scanner, err) < 0)
		return name_file(state, err);
	return state->grep->options.detail == GREP_COUNTS ? add_counts(state, err) : 0;
}

/* A layer that waits for lower ones needs only what it found. */
static int on_layer_end(void *context, const struct layer_totals *totals,
			unused_arg struct error *err)
{
	struct state *state = context;

	state->layer_read = (struct grep_layer) { true, totals->table, totals->table_size };
	scanner_free(state->scanner);
	state->scanner = NULL;
	scratch_free(state->scratch);
	state->scratch = NULL;
	return 0;
}

/* How many there are is known once an image that comes as a stream has been read. */
static int make_layers(struct grep *grep, struct error *err)
{
	if (grep->layers != NULL)
		return 0;
	grep->layers = calloc(image_layer_count(grep->image) + 1, sizeof *grep->layers);
	return grep->layers == NULL ? error_memory(err) : 0;
}

static int on_merge(void *context, const struct layer_info *layer, void *layer_state,
		    struct error *err)
{
	struct grep *grep = context;
	struct state *state = layer_state;
	const struct record told = { .kind = RECORD_LAYER, .layer = layer->index };

	if (make_layers(grep, err) < 0)
		return -1;
	grep->layers[layer->index] = state->layer_read;
	if (survival_join(&grep->survival, layer->index, &state->log, err) < 0)
		return -1;
	if (spool_size(&state->records) > 0 &&
	    spool_add(&grep->matches, &told, sizeof told, err) < 0)
		return -1;
	return spool_append(&grep->matches, &state->records, err);
}

static int walk(struct grep *grep, struct error *err)
{
	const struct image_visitor visitor = {
		.context = grep,
		.headers = (grep->where & RULE_CONTENT) == 0 && !grep->options.whole,
		.layer_begin = on_layer_begin,
		.entry = on_entry,
		.data = on_data,
		.entry_end = on_entry_end,
		.layer_end = on_layer_end,
		.merge = on_merge,
		.state_free = state_free,
	};

	return image_walk(grep->image, &visitor, err);
}

/* ---- the configuration ---- */

/* Each value is read like a file of its own. */
static int scan_value(struct state *state, enum grep_kind kind, size_t layer, const char *text,
		      struct error *err)
{
	static const unsigned places[] = {
		[GREP_HISTORY] = RULE_HISTORY,
		[GREP_ENVIRONMENT] = RULE_ENVIRONMENT,
		[GREP_LABEL] = RULE_LABEL,
		[GREP_CONFIGURATION] = RULE_CONFIGURATION,
	};
	const struct rules *rules = state->grep->rules;

	scanner_begin(state->scanner);
	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i].where & places[kind])
			scanner_activate(state->scanner, i);
	state->kind = kind;
	state->layer = layer;
	if (scanner_feed(state->scanner, text, strlen(text), err) < 0 ||
	    scanner_finish(state->scanner, err) < 0)
		return error_prefix(err, "%s", grep_kind_name(kind));
	return state->grep->options.detail == GREP_COUNTS ? add_counts(state, err) : 0;
}

static int scan_history(struct state *state, const struct configuration *configuration,
			struct error *err)
{
	size_t layer = 0;
	size_t layers = image_layer_count(state->grep->image);

	for (size_t i = 0; i < configuration->history_count; i++) {
		const struct history *history = &configuration->history[i];
		size_t here = GREP_NO_LAYER;

		if (!history->empty_layer && layer < layers)
			here = layer++;
		if (scan_value(state, GREP_HISTORY, here, history->created_by, err) < 0 ||
		    scan_value(state, GREP_HISTORY, here, history->comment, err) < 0)
			return -1;
	}
	return 0;
}

static int scan_strings(struct state *state, const char *title, const struct strings *strings,
			struct error *err)
{
	auto_buf struct buf line;

	buf_init(&line, BUF_MAX_DEFAULT);
	if (strings->count == 0)
		return 0;
	buf_add_string(&line, title);
	for (size_t i = 0; i < strings->count; i++)
		buf_printf(&line, " %s", strings->items[i]);
	if (buf_check(&line, title, err) < 0)
		return -1;
	return scan_value(state, GREP_CONFIGURATION, GREP_NO_LAYER, line.data, err);
}

static int scan_string(struct state *state, const char *title, char *text, struct error *err)
{
	const struct strings one = { .items = &text, .count = *text == '\0' ? 0 : 1 };

	return scan_strings(state, title, &one, err);
}

static int scan_labels(struct state *state, json_t *labels, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (labels, key, value) {
		auto_buf struct buf line;

		buf_init(&line, BUF_MAX_DEFAULT);
		buf_printf(&line, "%s=", key);
		if (json_is_string(value))
			buf_add_string(&line, json_string_value(value));
		if (buf_check(&line, "label", err) < 0 ||
		    scan_value(state, GREP_LABEL, GREP_NO_LAYER, line.data, err) < 0)
			return -1;
	}
	return 0;
}

static int scan_configuration(struct state *state, const struct configuration *configuration,
			      struct error *err)
{
	if (scan_history(state, configuration, err) < 0)
		return -1;
	for (size_t i = 0; i < configuration->env.count; i++)
		if (scan_value(state, GREP_ENVIRONMENT, GREP_NO_LAYER, configuration->env.items[i],
			       err) < 0)
			return -1;
	if (scan_labels(state, configuration->labels, err) < 0 ||
	    scan_string(state, "USER", configuration->user, err) < 0 ||
	    scan_string(state, "WORKDIR", configuration->working_dir, err) < 0 ||
	    scan_strings(state, "ENTRYPOINT", &configuration->entrypoint, err) < 0 ||
	    scan_strings(state, "CMD", &configuration->cmd, err) < 0 ||
	    scan_strings(state, "SHELL", &configuration->shell, err) < 0 ||
	    scan_strings(state, "HEALTHCHECK", &configuration->healthcheck.test, err) < 0 ||
	    scan_strings(state, "VOLUME", &configuration->volumes, err) < 0 ||
	    scan_strings(state, "EXPOSE", &configuration->exposed_ports, err) < 0)
		return -1;
	return scan_strings(state, "ONBUILD", &configuration->on_build, err);
}

static int search_configuration(struct grep *grep, struct error *err)
{
	struct state *state = NULL;
	int result;

	if (state_new(grep, GREP_NO_LAYER, &state, err) < 0)
		return -1;
	result = scan_configuration(state, image_configuration(grep->image), err);
	if (result < 0)
		(void)error_prefix(err, "configuration");
	else
		result = spool_append(&grep->matches, &state->records, err);
	state_free(state);
	return result;
}

/* ---- the whole ---- */

void grep_free(struct grep *grep)
{
	if (grep == NULL)
		return;
	scan_free(grep->scan);
	path_sieve_free(grep->sieve);
	survival_release(&grep->survival);
	spool_release(&grep->matches);
	free(grep->layers);
	free(grep->counts);
	free(grep);
}

static int make_sieve(struct grep *grep, struct error *err)
{
	auto_free struct pattern **patterns = calloc(grep->rules->count + 1, sizeof(void *));
	size_t count = 0;

	if (patterns == NULL)
		return error_memory(err);
	for (size_t i = 0; i < grep->rules->count; i++)
		if (grep->rules->items[i].where == RULE_PATH)
			patterns[count++] = grep->rules->items[i].pattern;
	return count == 0 ? 0 : path_sieve_new(patterns, count, &grep->sieve, err);
}

int grep_run(const struct image *image, const struct rules *rules,
	     const struct grep_options *options, struct grep **ret_grep, struct error *err)
{
	auto_grep struct grep *grep = calloc(1, sizeof *grep);

	if (grep == NULL)
		return error_memory(err);
	grep->image = image;
	grep->rules = rules;
	grep->options = *options;
	grep->where = rules_where(rules);
	spool_init(&grep->matches, MATCH_MEMORY);
	grep->counts = calloc(rules->name_count + 1, sizeof *grep->counts);
	if (grep->counts == NULL)
		return error_memory(err);
	survival_init(&grep->survival, &grep->key);
	if (survival_key_new(&grep->key, err) < 0)
		return -1;
	survival_init(&grep->survival, &grep->key);
	if (make_sieve(grep, err) < 0)
		return -1;
	if ((grep->where & ~(unsigned)RULE_PATH) != 0 && scan_new(rules, &grep->scan, err) < 0)
		return -1;
	/* Who searches only the configuration need not wait for the layers. */
	if ((grep->where & (RULE_PATH | RULE_CONTENT)) != 0 || image_verify_asked(image)) {
		if (walk(grep, err) < 0)
			return -1;
	} else if (image_is_pending(image) && image_pass(image, NULL, err) < 0) {
		return -1;
	}
	if ((grep->where & RULE_CONFIG) != 0 && search_configuration(grep, err) < 0)
		return -1;
	if (make_layers(grep, err) < 0)
		return -1;
	*ret_grep = steal(&grep);
	return 0;
}

/* ---- handing out ---- */

struct waiting {
	struct record record;
	char *bytes;	 /* path, NUL, text, NUL */
	size_t question; /* SIZE_MAX for what is no file */
};

struct batch {
	struct waiting *items;
	size_t count;
	size_t bytes;
	uint64_t layer; /* that the records which are read are from */
	struct survival_question *questions;
	size_t question_count;
};

static void batch_clear(struct batch *batch)
{
	survival_questions_release(batch->questions, batch->question_count);
	for (size_t i = 0; i < batch->count; i++)
		free(batch->items[i].bytes);
	batch->count = batch->question_count = batch->bytes = 0;
}

static void batch_release(struct batch *batch)
{
	if (batch->items != NULL && batch->questions != NULL)
		batch_clear(batch);
	free(batch->items);
	free(batch->questions);
}

/* 1, or 0 at the end. */
static int read_record(struct spool_reader *reader, struct waiting *waiting, struct error *err)
{
	struct record record;
	int got = spool_read(reader, &record, sizeof record, err);
	char *bytes;

	if (got <= 0)
		return got;
	bytes = calloc(1, (size_t)record.path_size + record.text_size + 2);
	if (bytes == NULL)
		return error_memory(err);
	if ((record.path_size > 0 && spool_read(reader, bytes, record.path_size, err) < 0) ||
	    (record.text_size > 0 &&
	     spool_read(reader, bytes + record.path_size + 1, record.text_size, err) < 0)) {
		free(bytes);
		return -1;
	}
	*waiting = (struct waiting) { .record = record, .bytes = bytes, .question = SIZE_MAX };
	return 1;
}

/* Matches in one file share a question. */
static void ask_about(struct batch *batch, struct waiting *waiting)
{
	const struct record *record = &waiting->record;
	struct survival_question question = { .path = waiting->bytes,
					      .layer = (size_t)record->layer,
					      .place = record->place,
					      .content = record->kind == GREP_CONTENT };

	if (record->has_path == 0)
		return;
	if (batch->question_count > 0) {
		const struct survival_question *last = &batch->questions[batch->question_count - 1];

		if (last->layer == question.layer && last->place == question.place &&
		    last->content == question.content && strcmp(last->path, question.path) == 0) {
			waiting->question = batch->question_count - 1;
			return;
		}
	}
	waiting->question = batch->question_count;
	batch->questions[batch->question_count++] = question;
}

static int read_batch(struct batch *batch, struct spool_reader *reader, struct error *err)
{
	while (batch->count < BATCH_RECORDS && batch->bytes < BATCH_BYTES) {
		struct waiting *waiting = &batch->items[batch->count];
		int got = read_record(reader, waiting, err);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		if (waiting->record.kind == RECORD_LAYER) {
			batch->layer = waiting->record.layer;
			free(waiting->bytes);
			continue;
		}
		if (waiting->record.layer == LAYER_TOLD)
			waiting->record.layer = batch->layer;
		batch->count++;
		batch->bytes +=
			sizeof *waiting + waiting->record.path_size + waiting->record.text_size;
		ask_about(batch, waiting);
	}
	return 0;
}

static void fill_match(const struct grep *grep, const struct batch *batch,
		       const struct waiting *waiting, struct grep_match *match)
{
	const struct record *record = &waiting->record;
	const struct rules *rules = grep->rules;

	*match = (struct grep_match) {
		.name = rules->items[record->rule].name,
		.rule = rules->names[rules->items[record->rule].name],
		.kind = (enum grep_kind)record->kind,
		.layer = (size_t)record->layer,
		.instruction = "",
		.path = record->has_path != 0 ? waiting->bytes : NULL,
		.line = record->line,
		.text = waiting->bytes + record->path_size + 1,
		.text_size = record->text_size,
		.cut_before = (record->cut & 1) != 0,
		.cut_after = (record->cut & 2) != 0,
		.count = record->count,
		.fate = FATE_FINAL,
	};
	if (match->layer != GREP_NO_LAYER)
		match->instruction = image_layer(grep->image, match->layer)->instruction;
	if (waiting->question != SIZE_MAX) {
		const struct survival_question *question = &batch->questions[waiting->question];

		match->fate = question->fate;
		match->gone_layer = question->gone_layer;
		match->linked_path = question->linked_path;
	}
}

static int visit_batch(struct grep *grep, const struct batch *batch, grep_visit *visit,
		       void *context, struct error *err)
{
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < batch->count; i++) {
		struct grep_match match;

		fill_match(grep, batch, &batch->items[i], &match);
		if (grep->options.final && match.fate != FATE_FINAL && match.fate != FATE_LINKED)
			continue;
		match.same_file = match.path != NULL && batch->items[i].question == last;
		last = batch->items[i].question;
		grep->count += match.count;
		grep->counts[match.name] += match.count;
		if (visit(context, &match, err) < 0)
			return -1;
	}
	return 0;
}

int grep_each(struct grep *grep, grep_visit *visit, void *context, struct error *err)
{
	cleanup_by(batch_release) struct batch batch = { .items = NULL };
	auto_spool_reader struct spool_reader reader;

	spool_reader_init(&reader, &grep->matches);
	batch.items = calloc(BATCH_RECORDS, sizeof *batch.items);
	batch.questions = calloc(BATCH_RECORDS, sizeof *batch.questions);
	if (batch.items == NULL || batch.questions == NULL)
		return error_memory(err);
	for (;;) {
		if (read_batch(&batch, &reader, err) < 0)
			return -1;
		if (batch.count == 0)
			return 0;
		if (survival_ask(&grep->survival, batch.questions, batch.question_count, err) < 0 ||
		    visit_batch(grep, &batch, visit, context, err) < 0)
			return -1;
		batch_clear(&batch);
	}
}

const struct grep_layer *grep_layer(const struct grep *grep, size_t index)
{
	return &grep->layers[index];
}

uint64_t grep_count(const struct grep *grep)
{
	return grep->count;
}

uint64_t grep_rule_count(const struct grep *grep, size_t name)
{
	return grep->counts[name];
}
