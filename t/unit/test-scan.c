#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "check/scan.h"

static const size_t pieces[] = { 1, 7, 4096, SIZE_MAX };

/* What was reported: "RULE:LINE@AT " each. */
struct heard {
	struct buf text;
	int answer;
};

static int hear(void *context, const struct scan_hit *hit, unused_arg struct error *err)
{
	struct heard *heard = context;

	buf_printf(&heard->text, "%zu:%llu ", hit->rule, (unsigned long long)hit->line);
	assert_true(hit->at <= hit->size);
	assert_null(memchr(hit->text, '\n', hit->size));
	return heard->answer;
}

static void add(struct rules *rules, const char *name, enum pattern_syntax syntax, unsigned flags,
		const char *text)
{
	struct error err = ERROR_INIT;
	struct pattern *pattern = NULL;

	assert_success(pattern_new(syntax, flags, text, strlen(text), &pattern, &err), err);
	assert_success(rules_add(rules, name, RULE_CONTENT, pattern, &err), err);
}

/* Runs all rules over the data in pieces; 0 or -1 as the scanner says. */
static int scan_in_pieces(const struct rules *rules, const char *data, size_t size, size_t piece,
			  struct heard *heard, struct error *err)
{
	struct scan *scan = NULL;
	struct scratch *scratch = NULL;
	struct scanner *scanner = NULL;
	int result = 0;

	assert_success(scan_new(rules, &scan, err), *err);
	assert_success(scratch_new(&scratch, err), *err);
	assert_success(scanner_new(scan, scratch, true, hear, heard, &scanner, err), *err);
	scanner_begin(scanner);
	for (size_t i = 0; i < rules->count; i++)
		scanner_activate(scanner, i);
	for (size_t done = 0; done < size && result == 0;) {
		size_t here = size - done < piece ? size - done : piece;

		result = scanner_feed(scanner, data + done, here, err);
		done += here;
	}
	if (result >= 0)
		result = scanner_finish(scanner, err);
	scanner_free(scanner);
	scratch_free(scratch);
	scan_free(scan);
	return result;
}

static void expect(const struct rules *rules, const char *data, size_t size, const char *expected)
{
	for (size_t i = 0; i < array_size(pieces); i++) {
		struct error err = ERROR_INIT;
		struct heard heard = { .answer = 0 };

		buf_init(&heard.text, BUF_MAX_DEFAULT);
		assert_success(scan_in_pieces(rules, data, size, pieces[i], &heard, &err), err);
		if (strcmp(heard.text.data, expected) != 0)
			fail_msg("pieces of %zu: '%s', expected '%s'", pieces[i], heard.text.data,
				 expected);
		buf_release(&heard.text);
	}
}

static void finds_lines(unused_arg void **state)
{
	static const char data[] = "one two\nTWO\n\ntwo\0two\nthree two";
	auto_rules struct rules rules;

	rules_init(&rules);
	add(&rules, NULL, PATTERN_FIXED, 0, "two");
	expect(&rules, data, sizeof data - 1, "0:1 0:4 0:5 ");
	add(&rules, "a", PATTERN_FIXED, PATTERN_CASELESS, "two");
	add(&rules, "b", PATTERN_REGEX, 0, "^t.o$");
	add(&rules, "c", PATTERN_REGEX, 0, "^$");
	add(&rules, "d", PATTERN_REGEX, PATTERN_CASELESS, "O\\x00T");
	expect(&rules, data, sizeof data - 1, "0:1 1:1 1:2 3:3 0:4 1:4 4:4 0:5 1:5 ");
}

/* `[^x]`, `\s` and a final newline do not make lines out of nothing, nor join them. */
static void lines_are_lines(unused_arg void **state)
{
	auto_rules struct rules rules;

	rules_init(&rules);
	add(&rules, NULL, PATTERN_REGEX, 0, "a[^x]b");
	add(&rules, "end", PATTERN_REGEX, 0, "foo(?![^b])");
	add(&rules, "empty", PATTERN_REGEX, 0, "^$");
	expect(&rules, "a\nb\nfoo\nayb\n", 12, "1:3 0:4 ");
	expect(&rules, "", 0, "");
	expect(&rules, "\n", 1, "2:1 ");
}

static void a_rule_hits_a_line_once(unused_arg void **state)
{
	auto_rules struct rules rules;

	rules_init(&rules);
	add(&rules, "same", PATTERN_FIXED, 0, "foo");
	add(&rules, "same", PATTERN_REGEX, 0, "bar|fo+");
	add(&rules, "other", PATTERN_FIXED, 0, "foo");
	expect(&rules, "foo bar foo\nbar\n", 16, "0:1 2:1 1:2 ");
}

static void blocks_go_over_lines(unused_arg void **state)
{
	auto_rules struct rules rules;

	rules_init(&rules);
	add(&rules, NULL, PATTERN_REGEX, PATTERN_BLOCK, "^BEGIN KEY\\n[a-z]{4}");
	add(&rules, "two", PATTERN_REGEX, PATTERN_BLOCK, "\\d\\s+\\d");
	expect(&rules,
	       "BEGIN KEY\nabcd\nxBEGIN KEY\nabcd\n1\n\n2\nBEGIN KEY\nABCD\nBEGIN KEY\nabcd", 65,
	       "0:1 1:5 0:10 ");
}

/* Wherever the edge of a buffer falls, a match that lies across it is found, and once. */
static void finds_across_edges(unused_arg void **state)
{
	enum { SIZE = 700000 };
	static char data[SIZE];
	static const struct {
		size_t at;
		char filler;
	} cases[] = {
		{ 262138, 'x' },  { 262141, 'x' },  { 262144, 'x' },  { 262145, 'x' },
		{ 229370, 'x' },  { 229374, 'x' },  { 524285, 'x' },  { SIZE - 9, 'x' },
		{ 262138, '\n' }, { 262141, '\n' }, { 262144, '\n' }, { 0, 'x' },
		{ 131072, 0 },	  { 458750, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_rules struct rules rules;
		struct error err = ERROR_INIT;

		rules_init(&rules);
		add(&rules, "fixed", PATTERN_FIXED, 0, "NEEDLE-42");
		add(&rules, "prefix", PATTERN_REGEX, 0, "NEEDLE-[0-9]{2}");
		add(&rules, "inner", PATTERN_REGEX, 0, "[MN]EEDLE-[0-9]");
		add(&rules, "none", PATTERN_REGEX, 0, "[M-N]E{2}D[LM]E.42");
		add(&rules, "block", PATTERN_REGEX, PATTERN_BLOCK, "N[E]EDLE\\W42");
		memset(data, cases[i].filler, SIZE);
		memcpy(data + cases[i].at, "NEEDLE-42", 9);
		for (size_t k = 0; k < array_size(pieces); k++) {
			struct heard heard = { .answer = 0 };
			size_t line = cases[i].filler == '\n' ? cases[i].at + 1 : 1;
			char expected[200];

			(void)snprintf(expected, sizeof expected, "0:%zu 1:%zu 2:%zu 3:%zu 4:%zu ",
				       line, line, line, line, line);
			buf_init(&heard.text, BUF_MAX_DEFAULT);
			assert_success(scan_in_pieces(&rules, data, SIZE, pieces[k], &heard, &err),
				       err);
			/* Parts of one long line may come in another order. */
			if (heard.text.size != strlen(expected))
				fail_msg("at %zu, filler %d, pieces of %zu: '%s', expected '%s'",
					 cases[i].at, cases[i].filler, pieces[k], heard.text.data,
					 expected);
			buf_release(&heard.text);
		}
	}
}

/* The only needle takes another way through the code. */
static void a_single_needle_across_edges(unused_arg void **state)
{
	enum { SIZE = 600000, LONG = 1000 };
	static char data[SIZE];
	static char word[LONG + 1];

	memset(word, 'w', LONG);
	word[LONG - 1] = 'z';
	for (size_t at = 262144 - LONG - 1; at < 262144 + 2; at += 111) {
		auto_rules struct rules rules;

		rules_init(&rules);
		add(&rules, NULL, PATTERN_FIXED, 0, word);
		memset(data, 'x', SIZE);
		memcpy(data + at, word, LONG);
		memcpy(data + SIZE - LONG, word, LONG);
		expect(&rules, data, SIZE, "0:1 ");
		data[at + LONG + 5] = '\n';
		expect(&rules, data, SIZE, "0:1 0:2 ");
	}
}

/* A match that could be longer than can be seen is told, whether or not a needle announces it. */
static void never_misses_in_silence(unused_arg void **state)
{
	enum { SIZE = 600000 };
	static char data[SIZE];
	static const struct {
		unsigned flags;
		const char *text;
	} cases[] = { { 0, "a.*b" },
		      { 0, "a.*LITERAL" },
		      { PATTERN_BLOCK, "a[^b]*b" },
		      { 0, "START.*END" },
		      { PATTERN_BLOCK, "START[^b]*b" } };

	for (size_t i = 0; i < array_size(cases); i++)
		for (size_t k = 0; k < array_size(pieces); k++) {
			auto_rules struct rules rules;
			struct error err = ERROR_INIT;
			struct heard heard = { .answer = 0 };

			rules_init(&rules);
			add(&rules, NULL, PATTERN_REGEX, cases[i].flags, cases[i].text);
			memset(data, 'x', SIZE);
			memcpy(data + 10, "aSTART", 6);
			buf_init(&heard.text, BUF_MAX_DEFAULT);
			assert_failure(scan_in_pieces(&rules, data, SIZE, pieces[k], &heard, &err),
				       err, ERROR_INPUT, "not decided");
			buf_release(&heard.text);
		}
}

static void stops_where_enough_is_known(unused_arg void **state)
{
	auto_rules struct rules rules;
	struct error err = ERROR_INIT;
	struct heard heard = { .answer = 1 };

	rules_init(&rules);
	add(&rules, NULL, PATTERN_FIXED, 0, "x");
	buf_init(&heard.text, BUF_MAX_DEFAULT);
	assert_success(scan_in_pieces(&rules, "x\nx\nx\n", 6, 2, &heard, &err), err);
	assert_string_equal(heard.text.data, "0:1 ");
	buf_release(&heard.text);
}

/* Two routes to the same lines: the scanner, and every line put to the expression alone. */
static void agrees_with_single_lines(unused_arg void **state)
{
	enum { SIZE = 300000 };
	static char data[SIZE];
	static const char *const texts[] = {
		"ab",	"a+b",	      "abc|bca|cab",	"(?i)AbC",    "^abc",
		"cba$", "a[^b]{3}bb", "(?:aa|bb)cc\\b", "(?<!a)bcab", "b{2}.c{2}"
	};
	uint64_t seed = 42;

	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		data[i] = "aabbccABC \n\n"[(seed >> 40) % 12];
	}
	for (size_t t = 0; t < array_size(texts); t++) {
		auto_rules struct rules rules;
		auto_buf struct buf expected;
		struct error err = ERROR_INIT;
		struct scratch *scratch = NULL;
		size_t line = 1;

		rules_init(&rules);
		add(&rules, NULL, PATTERN_REGEX, 0, texts[t]);
		assert_success(scratch_new(&scratch, &err), err);
		buf_init(&expected, BUF_MAX_DEFAULT);
		for (size_t at = 0; at < SIZE; line++) {
			const char *end = memchr(data + at, '\n', SIZE - at);
			size_t size = end == NULL ? SIZE - at : (size_t)(end - (data + at));
			size_t begin;
			size_t after;

			if (pattern_search(rules.items[0].pattern, scratch, data + at, size, 0, 0,
					   &begin, &after, &err) == SEARCH_FOUND)
				buf_printf(&expected, "0:%zu ", line);
			at += size + 1;
		}
		assert_true(expected.size > 0);
		expect(&rules, data, SIZE, expected.data);
		scratch_free(scratch);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_lines),
		cmocka_unit_test(lines_are_lines),
		cmocka_unit_test(a_rule_hits_a_line_once),
		cmocka_unit_test(blocks_go_over_lines),
		cmocka_unit_test(finds_across_edges),
		cmocka_unit_test(a_single_needle_across_edges),
		cmocka_unit_test(never_misses_in_silence),
		cmocka_unit_test(stops_where_enough_is_known),
		cmocka_unit_test(agrees_with_single_lines),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
