#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "check/needles.h"

/* "+" begins with it, "-" somewhere; needles parted by blanks. */
static void of_regex(const char *regex, const char *expected)
{
	struct error err = ERROR_INIT;
	struct needles needles = { .items = NULL };
	auto_buf struct buf text;

	assert_success(needles_of_regex(regex, strlen(regex), &needles, &err), err);
	buf_init(&text, BUF_MAX_DEFAULT);
	if (needles.count > 0)
		buf_add_char(&text, needles.first ? '+' : '-');
	for (size_t i = 0; i < needles.count; i++)
		buf_printf(&text, " %s", needles.items[i].text);
	if (strcmp(text.data, expected) != 0)
		fail_msg("'%s': '%s', expected '%s'", regex, text.data, expected);
	needles_release(&needles);
}

static void of_expressions(unused_arg void **state)
{
	of_regex("hello", "+ hello");
	of_regex("^hello$", "+ hello");
	of_regex("x.hello", "- hello");
	of_regex("hello?", "+ hell");
	of_regex("hello*.world", "+ hell");
	of_regex("hello+", "+ hello");
	of_regex("hell{2}o", "+ hell");
	of_regex("ab{0}cde", "- cde");
	of_regex("(abc)?def", "- def");
	of_regex("(?:AKIA|ASIA)[A-Z]{16}", "+ AKIA ASIA");
	of_regex("(?<![A-Z])(?:AKIA|ASIA)x", "+ AKIA ASIA");
	of_regex("(?<=pre)fix", "+ fix");
	of_regex("foo|barr", "+ foo barr");
	of_regex("foo|b", "");
	of_regex("foo|", "");
	of_regex("(foo|)bar", "- bar");
	of_regex("[abc]def", "- def");
	of_regex("[]abc]def", "- def");
	of_regex("[^]abc]def", "- def");
	of_regex("[[:alpha:]]def", "- def");
	of_regex("[\\]abc]def", "- def");
	of_regex("a\\.b\\.c", "+ a.b.c");
	of_regex("\\bfoo\\b", "+ foo");
	of_regex("\\dfoo", "- foo");
	of_regex("(?i)foo", "+ foo");
	of_regex("(?i:foo)", "+ foo");
	of_regex("ab", "");
	of_regex("", "");
	of_regex(".*", "");
}

/* What is not surely understood must yield nothing. */
static void gives_up(unused_arg void **state)
{
	static const char *const cases[] = {
		"(?x)foo bar",	"\\Qfoo?\\E",	"foo(?#x)",	  "\\x66oobar",	  "\\p{L}foobar",
		"(?<n>foo)bar", "foo{,3}bar",	"a{2}{3}foobar",  "(*ACCEPT)foo", "foo\\Kbar",
		"\\1foobar",	"[\\Q]\\E]foo", "(?|foo|bar)baz", "foo(bar",	  "foo)bar",
		"\\cAfoobar",	"\\N{U+41}foo", "[[:x]foo",	  "(?(1)foo)bar",
	};

	for (size_t i = 0; i < array_size(cases); i++)
		of_regex(cases[i], "");
}

struct hits {
	struct buf text;
};

static size_t note(void *context, size_t needle, size_t end)
{
	struct hits *hits = context;

	buf_printf(&hits->text, "%zu@%zu ", needle, end);
	return end;
}

static size_t stop(void *context, unused_arg size_t needle, unused_arg size_t end)
{
	++*(int *)context;
	return SIZE_MAX;
}

static void scans(unused_arg void **state)
{
	static char he[] = "he";
	static char she[] = "SHE";
	static char hers[] = "hers";
	const struct needle needles[] = { { he, 2 }, { she, 3 }, { hers, 4 } };
	struct needle_set *set = NULL;
	struct error err = ERROR_INIT;
	struct hits hits;
	int count = 0;

	assert_success(needle_set_new(needles, 3, &set, &err), err);
	buf_init(&hits.text, BUF_MAX_DEFAULT);
	needle_set_scan(set, "uSHErs\0he", 0, 9, note, &hits);
	assert_string_equal(hits.text.data, "1@4 0@4 2@6 0@9 ");
	buf_clear(&hits.text);
	needle_set_scan(set, "ushers", 3, 6, note, &hits);
	assert_int_equal(hits.text.size, 0);
	needle_set_scan(set, "hehehe", 0, 6, stop, &count);
	assert_int_equal(count, 1);
	buf_release(&hits.text);
	needle_set_free(set);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_expressions),
		cmocka_unit_test(gives_up),
		cmocka_unit_test(scans),
	};

	return cmocka_run_group_tests_name("needles", tests, NULL, NULL);
}
