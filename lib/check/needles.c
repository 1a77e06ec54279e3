#include "config.h"

#include "check/needles.h"

#include <ctype.h>
#include <string.h>

/* Shorter ones hit so often that they save nothing. */
#define NEEDLE_MIN	3
#define NEEDLE_MAX	256
#define ALTERNATIVE_MAX 64
#define DEPTH_MAX	16

void needles_release(struct needles *needles)
{
	for (size_t i = 0; i < needles->count; i++)
		free(needles->items[i].text);
	free(needles->items);
	*needles = (struct needles) { .items = NULL };
}

int needles_add(struct needles *needles, const char *text, size_t size, struct error *err)
{
	struct needle *items = reallocarray(needles->items, needles->count + 1, sizeof *items);
	char *copy;

	if (items == NULL)
		return error_memory(err);
	needles->items = items;
	copy = malloc(size + 1);
	if (copy == NULL)
		return error_memory(err);
	memcpy(copy, text, size);
	copy[size] = '\0';
	items[needles->count++] = (struct needle) { .text = copy, .size = size };
	return 0;
}

/* ---- what an expression cannot do without ---- */

struct reader {
	const char *text;
	size_t size, at;
	unsigned depth;
	bool lost; /* the expression is not simple, or memory ran out */
	struct error *err;
	bool failed;
};

/* What is known of one concatenation while it is read. */
struct concat {
	char run[NEEDLE_MAX];
	size_t run_size;
	bool run_first;	     /* the run stands where the match begins */
	bool consumed;	     /* something before may have taken bytes */
	struct needles best; /* the best so far */
};

static void read_alternatives(struct reader *reader, struct needles *ret_needles);

static int peek(const struct reader *reader)
{
	return reader->at < reader->size ? (unsigned char)reader->text[reader->at] : -1;
}

static bool skip_text(struct reader *reader, const char *text)
{
	size_t size = strlen(text);

	if (reader->size - reader->at < size || memcmp(reader->text + reader->at, text, size) != 0)
		return false;
	reader->at += size;
	return true;
}

static size_t shortest(const struct needles *needles)
{
	size_t size = needles->count == 0 ? 0 : SIZE_MAX;

	for (size_t i = 0; i < needles->count; i++)
		if (needles->items[i].size < size)
			size = needles->items[i].size;
	return size;
}

/* Takes over `other` where it is better, and leaves it empty. A needle at the begin of the match
 * is worth more than a longer one: only there can a search do without the expression. */
static void keep_better(struct needles *best, struct needles *other)
{
	size_t size = shortest(other);

	if (size >= NEEDLE_MIN &&
	    (best->count == 0 || (!best->first && (other->first || size > shortest(best))))) {
		needles_release(best);
		*best = *other;
		*other = (struct needles) { .items = NULL };
	}
	needles_release(other);
}

static void end_run(struct reader *reader, struct concat *concat)
{
	struct needles needles = { .first = concat->run_first };

	if (concat->run_size >= NEEDLE_MIN) {
		if (needles_add(&needles, concat->run, concat->run_size, reader->err) < 0)
			reader->lost = reader->failed = true;
		else
			keep_better(&concat->best, &needles);
	}
	needles_release(&needles);
	if (concat->run_size > 0)
		concat->consumed = true;
	concat->run_size = 0;
}

enum quantity { ONCE, AT_LEAST_ONCE, PERHAPS };

/* `{2}`, `{2,}`, `{0,3}`; anything else after a brace is beyond us. */
static enum quantity read_braces(struct reader *reader)
{
	enum quantity quantity = PERHAPS;

	reader->at++;
	if (!isdigit(peek(reader))) {
		reader->lost = true;
		return PERHAPS;
	}
	for (; isdigit(peek(reader)); reader->at++)
		if (peek(reader) != '0')
			quantity = AT_LEAST_ONCE;
	if (peek(reader) == ',')
		for (reader->at++; isdigit(peek(reader));)
			reader->at++;
	if (peek(reader) != '}')
		reader->lost = true;
	else
		reader->at++;
	return quantity;
}

static enum quantity read_quantity(struct reader *reader)
{
	enum quantity quantity;

	switch (peek(reader)) {
	case '*':
	case '?':
		quantity = PERHAPS;
		reader->at++;
		break;
	case '+':
		quantity = AT_LEAST_ONCE;
		reader->at++;
		break;
	case '{':
		quantity = read_braces(reader);
		break;
	default:
		return ONCE;
	}
	if (peek(reader) == '?' || peek(reader) == '+')
		reader->at++;
	/* A quantifier of a quantifier. */
	if (peek(reader) >= 0 && strchr("*+?{", peek(reader)) != NULL)
		reader->lost = true;
	return quantity;
}

static void take_literal(struct reader *reader, struct concat *concat, char c)
{
	enum quantity quantity = read_quantity(reader);

	if (quantity == PERHAPS) {
		end_run(reader, concat);
		concat->consumed = true;
		return;
	}
	if (concat->run_size == sizeof concat->run)
		end_run(reader, concat);
	if (concat->run_size == 0)
		concat->run_first = !concat->consumed;
	concat->run[concat->run_size++] = c;
	if (quantity == AT_LEAST_ONCE)
		end_run(reader, concat);
}

/* Something that takes bytes which are not known. */
static void take_unknown(struct reader *reader, struct concat *concat)
{
	end_run(reader, concat);
	concat->consumed = true;
	(void)read_quantity(reader);
}

static void take_class(struct reader *reader, struct concat *concat)
{
	reader->at++;
	if (peek(reader) == '^')
		reader->at++;
	if (peek(reader) == ']')
		reader->at++;
	while (peek(reader) >= 0 && peek(reader) != ']') {
		if (skip_text(reader, "[:")) {
			while (islower(peek(reader)) || peek(reader) == '^')
				reader->at++;
			if (!skip_text(reader, ":]"))
				reader->lost = true;
			continue;
		}
		/* \Q…\E hides the bracket that ends the class. */
		if (peek(reader) == '\\' && reader->at + 1 < reader->size &&
		    reader->text[++reader->at] == 'Q')
			reader->lost = true;
		reader->at++;
	}
	reader->at++;
	take_unknown(reader, concat);
}

static void take_escape(struct reader *reader, struct concat *concat)
{
	int c;

	reader->at++;
	c = peek(reader);
	reader->at++;
	if (c < 0 || c >= 0x80) {
		reader->lost = true;
	} else if (!isalnum(c)) {
		take_literal(reader, concat, (char)c);
	} else if (c == 't') {
		take_literal(reader, concat, '\t');
	} else if (strchr("bBAzZG", c) != NULL) {
		end_run(reader, concat);
		(void)read_quantity(reader);
	} else if (strchr("dDwWsShHvVRnrfea", c) != NULL) {
		take_unknown(reader, concat);
	} else {
		reader->lost = true;
	}
}

/* Behind "(?": what kind of group. False where it is beyond us. */
static bool read_group_kind(struct reader *reader, bool *ret_zero_width)
{
	static const char *const plain[] = { ":", ">", "i:" };
	static const char *const looking[] = { "=", "!", "<=", "<!" };

	*ret_zero_width = false;
	for (size_t i = 0; i < array_size(plain); i++)
		if (skip_text(reader, plain[i]))
			return true;
	for (size_t i = 0; i < array_size(looking); i++)
		if (skip_text(reader, looking[i])) {
			*ret_zero_width = true;
			return true;
		}
	return false;
}

static void take_group(struct reader *reader, struct concat *concat)
{
	struct needles inner = { .items = NULL };
	bool zero_width = false;

	end_run(reader, concat);
	reader->at++;
	if (skip_text(reader, "?i)"))
		return;
	if (peek(reader) == '*' ||
	    (skip_text(reader, "?") && !read_group_kind(reader, &zero_width)) ||
	    ++reader->depth > DEPTH_MAX) {
		reader->lost = true;
		return;
	}
	read_alternatives(reader, &inner);
	reader->depth--;
	if (peek(reader) != ')')
		reader->lost = true;
	reader->at++;
	if (read_quantity(reader) == PERHAPS || zero_width || reader->lost) {
		needles_release(&inner);
	} else {
		inner.first = inner.first && !concat->consumed;
		keep_better(&concat->best, &inner);
	}
	if (!zero_width)
		concat->consumed = true;
}

static void read_concat(struct reader *reader, struct needles *ret_needles)
{
	struct concat concat = { .run_size = 0 };
	int c;

	while (!reader->lost && (c = peek(reader)) >= 0 && c != '|' && c != ')') {
		switch (c) {
		case '(':
			take_group(reader, &concat);
			break;
		case '[':
			take_class(reader, &concat);
			break;
		case '\\':
			take_escape(reader, &concat);
			break;
		case '.':
			reader->at++;
			take_unknown(reader, &concat);
			break;
		case '^':
		case '$':
			reader->at++;
			end_run(reader, &concat);
			(void)read_quantity(reader);
			break;
		default:
			reader->at++;
			take_literal(reader, &concat, (char)c);
		}
	}
	end_run(reader, &concat);
	*ret_needles = concat.best;
}

static void read_alternatives(struct reader *reader, struct needles *ret_needles)
{
	struct needles all = { .first = true };
	bool known = true;

	for (;;) {
		struct needles one = { .items = NULL };

		read_concat(reader, &one);
		known = known && !reader->lost && one.count > 0 &&
			all.count + one.count <= ALTERNATIVE_MAX;
		all.first = all.first && one.first;
		for (size_t i = 0; known && i < one.count; i++)
			if (needles_add(&all, one.items[i].text, one.items[i].size, reader->err) <
			    0)
				reader->lost = reader->failed = true;
		needles_release(&one);
		if (reader->lost || peek(reader) != '|')
			break;
		reader->at++;
	}
	if (!known || reader->lost)
		needles_release(&all);
	*ret_needles = all;
}

int needles_of_regex(const char *regex, size_t size, struct needles *ret_needles, struct error *err)
{
	struct reader reader = { .text = regex, .size = size, .err = err };
	struct needles needles = { .items = NULL };

	read_alternatives(&reader, &needles);
	if (reader.failed) {
		needles_release(&needles);
		return -1;
	}
	/* Something is left: a parenthesis that nothing opened. */
	if (reader.lost || reader.at < reader.size)
		needles_release(&needles);
	*ret_needles = needles;
	return 0;
}

/* ---- the automaton ---- */

#define HAS_HITS  ((uint32_t)1 << 31)
#define TABLE_MAX ((size_t)4 << 20)

struct needle_set {
	uint8_t classes[256]; /* of bytes, letters folded; 0: in no needle */
	bool idle[256];	      /* bytes that no needle begins with */
	size_t width;	      /* classes in all */
	uint32_t *next;	      /* [state * width + class]: state * width, with HAS_HITS */
	uint32_t *fail;	      /* by state */
	uint32_t *first_hit;  /* by state: index into hits + 1; 0 for none */
	struct {
		uint32_t needle;
		uint32_t next; /* + 1 */
	} * hits;
	size_t states;
};

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

void needle_set_free(struct needle_set *set)
{
	if (set == NULL)
		return;
	free(set->next);
	free(set->fail);
	free(set->first_hit);
	free(set->hits);
	free(set);
}

static void make_classes(struct needle_set *set, const struct needle *needles, size_t count)
{
	set->width = 1;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < needles[i].size; k++) {
			unsigned char c = fold(needles[i].text[k]);

			/* Folded, there are 230 values at most: a byte holds a class. */
			if (set->classes[c] == 0)
				set->classes[c] = (uint8_t)set->width++;
		}
	for (int c = 'A'; c <= 'Z'; c++)
		set->classes[c] = set->classes[c - 'A' + 'a'];
}

static void insert(struct needle_set *set, const struct needle *needle, size_t index)
{
	uint32_t state = 0;

	for (size_t k = 0; k < needle->size; k++) {
		uint8_t class = set->classes[(unsigned char)needle->text[k]];
		uint32_t *to = &set->next[state * set->width + class];

		if (*to == 0)
			*to = (uint32_t)set->states++;
		state = *to;
	}
	set->hits[index].needle = (uint32_t)index;
	set->hits[index].next = set->first_hit[state];
	set->first_hit[state] = (uint32_t)index + 1;
}

/* Breadth first: a state's failure link is shorter than itself, so it is ready before. */
static int link_states(struct needle_set *set, struct error *err)
{
	auto_free uint32_t *queue = calloc(set->states, sizeof *queue);
	size_t head = 0;
	size_t tail = 0;

	if (queue == NULL)
		return error_memory(err);
	queue[tail++] = 0;
	while (head < tail) {
		uint32_t state = queue[head++];

		for (size_t class = 0; class < set->width; class ++) {
			uint32_t *to = &set->next[state * set->width + class];
			uint32_t other =
				state == 0 ? 0 : set->next[set->fail[state] * set->width + class];

			if (*to == 0) {
				*to = other;
				continue;
			}
			set->fail[*to] = other;
			queue[tail++] = *to;
		}
	}
	return 0;
}

/* In the end a state is its row's offset, so that a step is one addition and one look. */
static void finish_table(struct needle_set *set)
{
	for (size_t i = 0; i < set->states * set->width; i++) {
		uint32_t to = set->next[i];
		bool hits = false;

		for (uint32_t state = to; state != 0 && !hits; state = set->fail[state])
			hits = set->first_hit[state] != 0;
		set->next[i] = (uint32_t)(to * set->width) | (hits ? HAS_HITS : 0);
	}
	for (size_t c = 0; c < array_size(set->idle); c++)
		set->idle[c] = set->next[set->classes[c]] == 0;
}

int needle_set_new(const struct needle *needles, size_t count, struct needle_set **ret_set,
		   struct error *err)
{
	struct needle_set *set = calloc(1, sizeof *set);
	size_t states = 1;

	if (set == NULL)
		return error_memory(err);
	make_classes(set, needles, count);
	for (size_t i = 0; i < count; i++)
		states += needles[i].size;
	if (states > TABLE_MAX / set->width) {
		needle_set_free(set);
		return error_set(err, ERROR_USAGE, "the patterns are too long: %zu bytes", states);
	}
	set->next = calloc(states * set->width, sizeof *set->next);
	set->fail = calloc(states, sizeof *set->fail);
	set->first_hit = calloc(states, sizeof *set->first_hit);
	set->hits = calloc(count == 0 ? 1 : count, sizeof *set->hits);
	if (set->next == NULL || set->fail == NULL || set->first_hit == NULL || set->hits == NULL) {
		needle_set_free(set);
		return error_memory(err);
	}
	set->states = 1;
	for (size_t i = 0; i < count; i++)
		insert(set, &needles[i], i);
	if (link_states(set, err) < 0) {
		needle_set_free(set);
		return -1;
	}
	finish_table(set);
	*ret_set = set;
	return 0;
}

/* Tells every needle that ends here; returns where to go on. */
static size_t tell(const struct needle_set *set, uint32_t state, size_t end, needle_hit *hit,
		   void *context)
{
	size_t go_on = SIZE_MAX;

	for (; state != 0; state = set->fail[state])
		for (uint32_t i = set->first_hit[state]; i != 0; i = set->hits[i - 1].next) {
			size_t answer = hit(context, set->hits[i - 1].needle, end);

			/* The nearest counts: who skips speaks for himself only. */
			if (answer == SIZE_MAX)
				return SIZE_MAX;
			if (answer < go_on)
				go_on = answer;
		}
	return go_on;
}

void needle_set_scan(const struct needle_set *set, const char *data, size_t from, size_t size,
		     needle_hit *hit, void *context)
{
	const unsigned char *bytes = (const unsigned char *)data;
	uint32_t state = 0;

	for (size_t i = from; i < size; i++) {
		uint32_t next;
		size_t go_on;

		/* Most bytes begin no needle. */
		if (state == 0) {
			while (i < size && set->idle[bytes[i]])
				i++;
			if (i == size)
				return;
		}
		next = set->next[state + set->classes[bytes[i]]];
		state = next & ~HAS_HITS;
		if ((next & HAS_HITS) == 0)
			continue;
		go_on = tell(set, (uint32_t)(state / set->width), i + 1, hit, context);
		if (go_on == SIZE_MAX)
			return;
		if (go_on > i + 1) {
			i = go_on - 1;
			state = 0;
		}
	}
}
