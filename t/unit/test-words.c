#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/variables.h"
#include "file/words.h"

static void grows(unused_arg void **state)
{
	auto_words struct words words = { 0 };
	struct error err = ERROR_INIT;

	for (int i = 0; i < 100; i++)
		assert_success(words_add(&words, "a\0b", (size_t)(i % 4), &err), err);
	assert_int_equal(words.count, 100);
	assert_int_equal(words.items[99].size, 3);
	assert_memory_equal(words.items[99].data, "a\0b", 4);
	assert_string_equal(words.items[96].data, "");
}

static void trims(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *trimmed;
	} cases[] = {
		{ "", "" },
		{ " \t\v\f\r\n", "" },
		{ " a b ", "a b" },
		{ "\xc2\xa0"
		  "a\xe3\x80\x80\xc2\x85",
		  "a" },
		/* bytes that are only the end of a white-space character */
		{ "\xa0"
		  "a\x85",
		  "\xa0"
		  "a\x85" },
		{ "\xc3\xa0", "\xc3\xa0" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const char *text = cases[i].text;
		size_t size = strlen(text);

		space_trim(&text, &size);
		assert_int_equal(size, strlen(cases[i].trimmed));
		assert_memory_equal(text, cases[i].trimmed, size);
	}
}

static void variables_stand_above_their_parents(unused_arg void **state)
{
	auto_variables struct variables parent = { 0 };
	auto_variables struct variables child = { .parent = &parent };
	struct error err = ERROR_INIT;

	assert_success(variables_set(&parent, "A", "1", NULL, &err), err);
	assert_success(variables_set(&parent, "B", "2", NULL, &err), err);
	assert_success(variables_set(&child, "A", "3", NULL, &err), err);
	assert_success(variables_set(&child, "A", "4", "X", &err), err);
	assert_string_equal(variables_find(&child, "A")->value, "4");
	assert_string_equal(variables_find(&child, "A")->unknown, "X");
	assert_string_equal(variables_find(&child, "B")->value, "2");
	assert_string_equal(variables_find(&parent, "A")->value, "1");
	assert_null(variables_find(&child, "C"));
}

static void variables_have_a_limit(unused_arg void **state)
{
	auto_variables struct variables parent = { 0 };
	auto_variables struct variables child = { .parent = &parent };
	struct error err = ERROR_INIT;

	for (int i = 0; i < VARIABLES_MAX; i++) {
		char name[20];

		(void)snprintf(name, sizeof name, "A%d", i);
		assert_success(variables_set(&parent, name, "", NULL, &err), err);
	}
	assert_failure(variables_set(&child, "B", "", NULL, &err), err, ERROR_INPUT,
		       "more than 1024 variables");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(trims),
		cmocka_unit_test(variables_stand_above_their_parents),
		cmocka_unit_test(variables_have_a_limit),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
