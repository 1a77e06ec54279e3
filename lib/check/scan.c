#include "config.h"

#include "check/scan.h"

#include <string.h>

#include "base/array.h"
#include "check/needles.h"

/* Enough of a needle to make it rare; the rest is compared where it was found. */
#define NEEDLE_CUT ((size_t)32)
#define WINDOW_MIN ((size_t)256 << 10)

struct scan {
	const struct rules *rules;
	struct needle_set *set; /* NULL where there is one needle, or none */
	struct needle single;	/* the only one, where its case counts; borrowed */
	uint32_t *owners;	/* needle → rule */
	uint32_t *sizes;	/* needle → bytes of it in the set */
	size_t needle_count;
	bool *announced; /* by rule: its matches hold one of the needles */
	bool has_block;
	size_t overlap;	   /* a match that begins so near to the end of the data waits for more */
	size_t lookbehind; /* bytes kept before what is searched */
	size_t window;
};

/* ---- what threads share ---- */

void scan_free(struct scan *scan)
{
	if (scan == NULL)
		return;
	needle_set_free(scan->set);
	free(scan->owners);
	free(scan->sizes);
	free(scan->announced);
	free(scan);
}

static void scan_free_pointer(struct scan **place)
{
	scan_free(*place);
}

static void widen(struct scan *scan, const struct pattern *pattern)
{
	size_t size;

	(void)pattern_text(pattern, &size);
	if (pattern_syntax(pattern) == PATTERN_FIXED && size > scan->overlap)
		scan->overlap = size;
	if (pattern_lookbehind(pattern) > scan->lookbehind)
		scan->lookbehind = pattern_lookbehind(pattern);
	if (pattern_flags(pattern) & PATTERN_BLOCK)
		scan->has_block = true;
}

static int add_needle(struct scan *scan, struct needle **needles, size_t rule,
		      const struct needle *needle, struct error *err)
{
	size_t count = scan->needle_count;
	struct needle *items = reallocarray(*needles, count + 1, sizeof *items);
	uint32_t *owners;
	uint32_t *sizes;

	if (items == NULL)
		return error_memory(err);
	*needles = items;
	owners = reallocarray(scan->owners, count + 1, sizeof *owners);
	if (owners == NULL)
		return error_memory(err);
	scan->owners = owners;
	sizes = reallocarray(scan->sizes, count + 1, sizeof *sizes);
	if (sizes == NULL)
		return error_memory(err);
	scan->sizes = sizes;
	items[count] = *needle;
	if (items[count].size > NEEDLE_CUT)
		items[count].size = NEEDLE_CUT;
	owners[count] = (uint32_t)rule;
	sizes[count] = (uint32_t)items[count].size;
	scan->needle_count++;
	return 0;
}

/* Expressions for a few files, or for the configuration only, are put to every line there: their
 * needles would make hits in all the files that they are not for. */
static bool is_announced(const struct rule *rule)
{
	if (pattern_syntax(rule->pattern) == PATTERN_FIXED)
		return true;
	return pattern_needles(rule->pattern)->count > 0 && (rule->where & RULE_CONTENT) != 0 &&
	       rule->in.count == 0;
}

static int prepare(struct scan *scan, const struct rules *rules, struct error *err)
{
	auto_free struct needle *needles = NULL;
	bool caseless = false;

	for (size_t i = 0; i < rules->count; i++) {
		const struct pattern *pattern = rules->items[i].pattern;
		const struct needles *own = pattern_needles(pattern);

		if (rules->items[i].where == RULE_PATH)
			continue;
		widen(scan, pattern);
		caseless = caseless || pattern_syntax(pattern) != PATTERN_FIXED ||
			   (pattern_flags(pattern) & PATTERN_CASELESS) != 0;
		scan->announced[i] = is_announced(&rules->items[i]);
		for (size_t k = 0; scan->announced[i] && k < own->count; k++)
			if (add_needle(scan, &needles, i, &own->items[k], err) < 0)
				return -1;
	}
	if (needles != NULL && scan->needle_count == 1 && !caseless) {
		scan->single = needles[0];
		return 0;
	}
	if (scan->needle_count == 0)
		return 0;
	return needle_set_new(needles, scan->needle_count, &scan->set, err);
}

int scan_new(const struct rules *rules, struct scan **ret_scan, struct error *err)
{
	cleanup_by(scan_free_pointer) struct scan *scan = calloc(1, sizeof *scan);

	if (scan == NULL)
		return error_memory(err);
	scan->announced = calloc(rules->count + 1, sizeof *scan->announced);
	if (scan->announced == NULL)
		return error_memory(err);
	scan->rules = rules;
	scan->overlap = SCAN_OVERLAP;
	scan->lookbehind = 1;
	if (prepare(scan, rules, err) < 0)
		return -1;
	scan->window = 4 * (scan->overlap + scan->lookbehind);
	if (scan->window < WINDOW_MIN)
		scan->window = WINDOW_MIN;
	*ret_scan = steal(&scan);
	return 0;
}

/* ---- one stream ---- */

struct found {
	size_t rule;
	size_t name;
	size_t line; /* where the line begins */
	size_t end;  /* and where it ends */
	size_t at;   /* where the match begins */
};

struct rule_state {
	bool active;
	bool line_hit;	   /* it has hit the long line of which the data is a part */
	bool candidate;	   /* a rule over line breaks: a needle of it was seen */
	size_t done_until; /* lines up to here have been looked at */
	uint64_t resume;   /* a rule over line breaks: where to go on, from the stream's begin */
};

struct scanner {
	const struct scan *scan;
	struct scratch *scratch;
	bool numbers;
	scan_report *report;
	void *context;
	struct rule_state *states;
	size_t active;
	char *data;
	size_t size;
	uint64_t base;	    /* of data[0] in the stream */
	uint64_t base_line; /* number of the line of data[0] */
	size_t line_from;   /* lines from here on have not been looked at */
	bool continued;	    /* line_from is within a long line */
	bool fragment;	    /* now: the last line is too long to be seen as a whole */
	size_t lines_end;   /* now: lines are looked at up to here */
	size_t block_from;  /* rules over line breaks go on here */
	struct found *found;
	size_t found_count, found_capacity;
	struct error *err; /* now: for the callback */
	bool failed;
};

void scanner_free(struct scanner *scanner)
{
	if (scanner == NULL)
		return;
	free(scanner->states);
	free(scanner->data);
	free(scanner->found);
	free(scanner);
}

int scanner_new(const struct scan *scan, struct scratch *scratch, bool numbers, scan_report *report,
		void *context, struct scanner **ret_scanner, struct error *err)
{
	struct scanner *scanner = calloc(1, sizeof *scanner);

	if (scanner == NULL)
		return error_memory(err);
	scanner->scan = scan;
	scanner->scratch = scratch;
	scanner->numbers = numbers;
	scanner->report = report;
	scanner->context = context;
	scanner->states = calloc(scan->rules->count + 1, sizeof *scanner->states);
	scanner->data = malloc(scan->window);
	if (scanner->states == NULL || scanner->data == NULL) {
		scanner_free(scanner);
		return error_memory(err);
	}
	*ret_scanner = scanner;
	return 0;
}

void scanner_begin(struct scanner *scanner)
{
	memset(scanner->states, 0, scanner->scan->rules->count * sizeof *scanner->states);
	scanner->active = 0;
	scanner->size = 0;
	scanner->base = 0;
	scanner->base_line = 1;
	scanner->line_from = 0;
	scanner->continued = false;
	scanner->block_from = 0;
	scanner->found_count = 0;
}

void scanner_activate(struct scanner *scanner, size_t rule)
{
	if (!scanner->states[rule].active)
		scanner->active++;
	scanner->states[rule].active = true;
}

static const struct pattern *pattern_of(const struct scanner *scanner, size_t rule)
{
	return scanner->scan->rules->items[rule].pattern;
}

static bool is_block(const struct pattern *pattern)
{
	return (pattern_flags(pattern) & PATTERN_BLOCK) != 0;
}

static size_t line_begin(const struct scanner *scanner, size_t at)
{
	const char *newline = memrchr(scanner->data, '\n', at);

	return newline == NULL ? 0 : (size_t)(newline + 1 - scanner->data);
}

static size_t line_end(const struct scanner *scanner, size_t at)
{
	const char *newline = memchr(scanner->data + at, '\n', scanner->size - at);

	return newline == NULL ? scanner->size : (size_t)(newline - scanner->data);
}

static int add_found(struct scanner *scanner, size_t rule, size_t line, size_t end, size_t at)
{
	if (array_room(&scanner->found, scanner->found_count, &scanner->found_capacity,
		       scanner->err) < 0)
		return -1;
	scanner->found[scanner->found_count++] =
		(struct found) { .rule = rule,
				 .name = scanner->scan->rules->items[rule].name,
				 .line = line,
				 .end = end,
				 .at = at };
	return 0;
}

/* ---- rules that look at lines ---- */

static int undecided(const struct scanner *scanner, size_t rule)
{
	size_t size;
	const char *text = pattern_text(pattern_of(scanner, rule), &size);

	return error_set(scanner->err, ERROR_INPUT,
			 "a match of '%.*s' could be longer than %zu bytes: not decided (limit its "
			 "repetitions)",
			 (int)(size < 200 ? size : 200), text, scanner->scan->overlap);
}

/* A line, or the part of a long one that is here, is put to an expression. */
static int try_line(struct scanner *scanner, size_t rule, size_t begin, size_t end)
{
	struct rule_state *state = &scanner->states[rule];
	size_t from = begin < scanner->line_from ? scanner->line_from : begin;
	bool open = scanner->fragment && end == scanner->size;
	size_t final = open ? scanner->size - scanner->scan->overlap : SIZE_MAX;
	unsigned flags = open ? SEARCH_NOT_END : 0;
	size_t at = 0;
	size_t match_end = 0;
	enum search_result result;

	state->done_until = end + 1;
	if (begin < scanner->line_from && state->line_hit)
		return 0;
	if (begin < scanner->line_from)
		flags |= SEARCH_NOT_BEGIN;
	result = pattern_search(pattern_of(scanner, rule), scanner->scratch, scanner->data + begin,
				end - begin, from - begin, flags, &at, &match_end, scanner->err);
	if (result == SEARCH_FAILED)
		return -1;
	/* What begins near the end of a long line's part is left for the next part. */
	if (result == SEARCH_NONE || begin + at >= final)
		return 0;
	if (result == SEARCH_PARTIAL)
		return undecided(scanner, rule);
	if (open)
		state->line_hit = true;
	return add_found(scanner, rule, begin, end, begin + at);
}

static bool equal_text(const char *a, const char *b, size_t size, bool caseless)
{
	if (!caseless)
		return memcmp(a, b, size) == 0;
	for (size_t i = 0; i < size; i++) {
		unsigned char x = (unsigned char)a[i];
		unsigned char y = (unsigned char)b[i];

		if (x >= 'A' && x <= 'Z')
			x = (unsigned char)(x - 'A' + 'a');
		if (y >= 'A' && y <= 'Z')
			y = (unsigned char)(y - 'A' + 'a');
		if (x != y)
			return false;
	}
	return true;
}

static int take_fixed(struct scanner *scanner, size_t rule, size_t at)
{
	const struct pattern *pattern = pattern_of(scanner, rule);
	struct rule_state *state = &scanner->states[rule];
	size_t size;
	const char *text = pattern_text(pattern, &size);
	size_t begin;
	size_t end;

	/* The rest of it is still to come: then it lies in the overlap and is seen again. */
	if (size > scanner->lines_end - at ||
	    !equal_text(scanner->data + at, text, size,
			(pattern_flags(pattern) & PATTERN_CASELESS) != 0))
		return 0;
	begin = line_begin(scanner, at);
	end = line_end(scanner, at);
	state->done_until = end + 1;
	if (begin < scanner->line_from && state->line_hit)
		return 0;
	if (scanner->fragment && end == scanner->size)
		state->line_hit = true;
	return add_found(scanner, rule, begin, end, at);
}

static int take_needle(struct scanner *scanner, size_t needle, size_t end)
{
	size_t rule = scanner->scan->owners[needle];
	size_t at = end - scanner->scan->sizes[needle];
	const struct pattern *pattern = pattern_of(scanner, rule);
	struct rule_state *state = &scanner->states[rule];

	if (!state->active)
		return 0;
	if (is_block(pattern)) {
		state->candidate = true;
		return 0;
	}
	if (at < scanner->line_from || end > scanner->lines_end || at < state->done_until)
		return 0;
	if (pattern_syntax(pattern) == PATTERN_FIXED)
		return take_fixed(scanner, rule, at);
	return try_line(scanner, rule, line_begin(scanner, at), line_end(scanner, at));
}

static size_t on_needle(void *context, size_t needle, size_t end)
{
	struct scanner *scanner = context;

	if (take_needle(scanner, needle, end) < 0) {
		scanner->failed = true;
		return SIZE_MAX;
	}
	return end;
}

/* One needle: the C library is faster than any automaton, and lines that were hit are skipped. */
static int scan_single(struct scanner *scanner, size_t from, size_t limit)
{
	const struct needle *needle = &scanner->scan->single;
	size_t rule = scanner->scan->owners[0];

	if (!scanner->states[rule].active)
		return 0;
	while (from < limit) {
		const char *hit =
			memmem(scanner->data + from, limit - from, needle->text, needle->size);
		size_t at;

		if (hit == NULL)
			return 0;
		at = (size_t)(hit - scanner->data);
		if (take_needle(scanner, 0, at + needle->size) < 0)
			return -1;
		from = at + 1;
		if (scanner->states[rule].done_until > from)
			from = scanner->states[rule].done_until;
	}
	return 0;
}

static int scan_needles(struct scanner *scanner)
{
	size_t from = scanner->line_from;
	size_t limit = scanner->lines_end;

	if (scanner->scan->has_block) {
		from = from < scanner->block_from ? from : scanner->block_from;
		limit = scanner->size;
	}
	if (scanner->scan->single.text != NULL)
		return scan_single(scanner, from, limit);
	scanner->failed = false;
	if (scanner->scan->set != NULL)
		needle_set_scan(scanner->scan->set, scanner->data, from, limit, on_needle, scanner);
	return scanner->failed ? -1 : 0;
}

/* Expressions that no needle announces see every line; in a long line's part all do but those
 * that begin with their needle, since the needle may be yet to come. */
static int scan_every_line(struct scanner *scanner, size_t rule)
{
	const struct needles *needles = pattern_needles(pattern_of(scanner, rule));
	size_t at = scanner->line_from;

	if (scanner->scan->announced[rule]) {
		if (needles->first || !scanner->fragment)
			return 0;
		at = scanner->size - 1;
		return scanner->states[rule].done_until > at
			       ? 0
			       : try_line(scanner, rule, line_begin(scanner, at), scanner->size);
	}
	while (at < scanner->lines_end && scanner->states[rule].active) {
		size_t begin = at == scanner->line_from && scanner->continued
				       ? line_begin(scanner, at)
				       : at;
		size_t end = line_end(scanner, at);

		if (try_line(scanner, rule, begin, end) < 0)
			return -1;
		at = end + 1;
	}
	return 0;
}

/* ---- rules that go over line breaks ---- */

static int scan_block(struct scanner *scanner, size_t rule, size_t decided)
{
	struct rule_state *state = &scanner->states[rule];
	const struct pattern *pattern = pattern_of(scanner, rule);
	bool more = decided < scanner->size;
	size_t from = scanner->block_from;

	if (scanner->scan->announced[rule] && pattern_needles(pattern)->first && !state->candidate)
		return 0;
	state->candidate = false;
	if (state->resume > scanner->base + from)
		from = (size_t)(state->resume - scanner->base);
	while (from < decided) {
		size_t begin = 0;
		size_t end = 0;
		size_t line;
		enum search_result result =
			pattern_search(pattern, scanner->scratch, scanner->data, scanner->size,
				       from, more ? SEARCH_NOT_END : 0, &begin, &end, scanner->err);

		if (result == SEARCH_FAILED)
			return -1;
		if (result == SEARCH_NONE || begin >= decided)
			return 0;
		if (result == SEARCH_PARTIAL)
			return undecided(scanner, rule);
		line = line_end(scanner, begin);
		if (add_found(scanner, rule, line_begin(scanner, begin), line, begin) < 0)
			return -1;
		from = end > line + 1 ? end : line + 1;
		state->resume = scanner->base + from;
	}
	return 0;
}

static int scan_blocks(struct scanner *scanner, bool last)
{
	const struct rules *rules = scanner->scan->rules;
	size_t overlap = scanner->scan->overlap;
	size_t decided = last			   ? scanner->size
			 : scanner->size > overlap ? scanner->size - overlap
						   : 0;

	if (!scanner->scan->has_block || decided <= scanner->block_from) {
		if (!scanner->scan->has_block)
			scanner->block_from = scanner->size;
		return 0;
	}
	for (size_t i = 0; i < rules->count; i++)
		if (scanner->states[i].active && is_block(rules->items[i].pattern) &&
		    scan_block(scanner, i, decided) < 0)
			return -1;
	scanner->block_from = decided;
	return 0;
}

/* ---- telling, and going on ---- */

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a;
	const struct found *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static uint64_t count_lines(const char *data, size_t from, size_t to)
{
	uint64_t count = 0;

	while (from < to) {
		const char *newline = memchr(data + from, '\n', to - from);

		if (newline == NULL)
			break;
		count++;
		from = (size_t)(newline + 1 - data);
	}
	return count;
}

/* A rule that is found is done with, under all its patterns. */
static void retire(struct scanner *scanner, size_t name)
{
	const struct rules *rules = scanner->scan->rules;

	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i].name == name && scanner->states[i].active) {
			scanner->states[i].active = false;
			scanner->active--;
		}
}

static int report_found(struct scanner *scanner)
{
	uint64_t number = scanner->base_line;
	size_t counted = 0;

	if (scanner->found_count > 1)
		qsort(scanner->found, scanner->found_count, sizeof *scanner->found, compare_found);
	for (size_t i = 0; i < scanner->found_count; i++) {
		const struct found *found = &scanner->found[i];
		struct scan_hit hit = { .rule = found->rule,
					.text = scanner->data + found->line,
					.size = found->end - found->line,
					.at = found->at - found->line };
		int result;

		if (!scanner->states[found->rule].active ||
		    (i > 0 && found[-1].line == found->line && found[-1].name == found->name))
			continue;
		if (scanner->numbers) {
			number += count_lines(scanner->data, counted, found->line);
			counted = found->line;
			hit.line = number;
		}
		result = scanner->report(scanner->context, &hit, scanner->err);
		if (result < 0)
			return -1;
		if (result > 0)
			retire(scanner, found->name);
	}
	scanner->found_count = 0;
	return 0;
}

/* Drops what no rule needs any more. */
static void shift(struct scanner *scanner)
{
	size_t lookbehind = scanner->scan->lookbehind;
	size_t keep = scanner->block_from > lookbehind ? scanner->block_from - lookbehind : 0;
	size_t line_keep = scanner->line_from;

	if (scanner->continued)
		line_keep = line_keep > lookbehind ? line_keep - lookbehind : 0;
	if (!scanner->scan->has_block || line_keep < keep)
		keep = line_keep;
	if (scanner->numbers)
		scanner->base_line += count_lines(scanner->data, 0, keep);
	memmove(scanner->data, scanner->data + keep, scanner->size - keep);
	scanner->size -= keep;
	scanner->base += keep;
	scanner->line_from -= keep;
	scanner->block_from = scanner->block_from > keep ? scanner->block_from - keep : 0;
}

static void find_lines(struct scanner *scanner, bool last)
{
	const char *newline = memrchr(scanner->data + scanner->line_from, '\n',
				      scanner->size - scanner->line_from);

	scanner->fragment = !last && newline == NULL;
	scanner->lines_end =
		last || newline == NULL ? scanner->size : (size_t)(newline + 1 - scanner->data);
}

static int process(struct scanner *scanner, bool last, struct error *err)
{
	const struct rules *rules = scanner->scan->rules;

	scanner->err = err;
	find_lines(scanner, last);
	for (size_t i = 0; i < rules->count; i++)
		scanner->states[i].done_until = 0;
	if (scan_needles(scanner) < 0)
		return -1;
	for (size_t i = 0; i < rules->count; i++) {
		const struct pattern *pattern = rules->items[i].pattern;

		if (scanner->states[i].active && pattern_syntax(pattern) == PATTERN_REGEX &&
		    !is_block(pattern) && scan_every_line(scanner, i) < 0)
			return -1;
	}
	if (scan_blocks(scanner, last) < 0 || report_found(scanner) < 0)
		return -1;
	scanner->continued = scanner->fragment;
	scanner->line_from =
		scanner->fragment ? scanner->size - scanner->scan->overlap : scanner->lines_end;
	if (!scanner->fragment)
		for (size_t i = 0; i < rules->count; i++)
			scanner->states[i].line_hit = false;
	shift(scanner);
	return 0;
}

int scanner_feed(struct scanner *scanner, const void *data, size_t size, struct error *err)
{
	const char *from = data;

	while (size > 0 && scanner->active > 0) {
		size_t piece = scanner->scan->window - scanner->size;

		if (piece > size)
			piece = size;
		memcpy(scanner->data + scanner->size, from, piece);
		scanner->size += piece;
		from += piece;
		size -= piece;
		if (scanner->size == scanner->scan->window && process(scanner, false, err) < 0)
			return -1;
	}
	return scanner->active == 0;
}

int scanner_finish(struct scanner *scanner, struct error *err)
{
	int result = 0;

	if (scanner->active > 0 && scanner->size > 0)
		result = process(scanner, true, err);
	scanner->size = 0;
	return result;
}
