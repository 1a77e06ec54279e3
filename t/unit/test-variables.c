#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/variables.h"

static void assert_value(const struct variables *variables, const char *name, const char *wanted)
{
	const struct variable *found = variables_find(variables, name);

	if (wanted == NULL) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found->name, name);
	assert_string_equal(found->value, wanted);
}

static void sets_and_replaces(unused_arg void **state)
{
	auto_variables struct variables variables = { 0 };
	struct error err = ERROR_INIT;

	assert_value(&variables, "A", NULL);
	assert_success(variables_set(&variables, "A", "1", NULL, &err), err);
	assert_success(variables_set(&variables, "a", "small", NULL, &err), err);
	assert_success(variables_set(&variables, "E", "", NULL, &err), err);
	assert_success(variables_set(&variables, "A", "2", "B", &err), err);
	assert_int_equal(variables.count, 3);
	assert_value(&variables, "A", "2");
	assert_string_equal(variables_find(&variables, "A")->unknown, "B");
	assert_value(&variables, "a", "small");
	assert_value(&variables, "E", "");
	/* no part of a name is one */
	assert_value(&variables, "", NULL);
	assert_value(&variables, "AA", NULL);
	/* what a value depended on goes with it */
	assert_success(variables_set(&variables, "A", "3", NULL, &err), err);
	assert_null(variables_find(&variables, "A")->unknown);
}

static void the_nearest_set_wins(unused_arg void **state)
{
	auto_variables struct variables lowest = { 0 };
	auto_variables struct variables middle = { .parent = &lowest };
	auto_variables struct variables top = { .parent = &middle };
	struct error err = ERROR_INIT;

	assert_success(variables_set(&lowest, "A", "lowest", NULL, &err), err);
	assert_success(variables_set(&lowest, "B", "lowest", NULL, &err), err);
	assert_success(variables_set(&middle, "A", "middle", NULL, &err), err);
	assert_value(&top, "A", "middle");
	assert_value(&top, "B", "lowest");
	assert_success(variables_set(&top, "A", "top", NULL, &err), err);
	assert_value(&top, "A", "top");
	/* a set changes nothing below it, and does not see what lies above */
	assert_value(&middle, "A", "middle");
	assert_success(variables_set(&top, "C", "top", NULL, &err), err);
	assert_value(&middle, "C", NULL);
}

static void is_bounded(unused_arg void **state)
{
	auto_variables struct variables lower = { 0 };
	auto_variables struct variables upper = { .parent = &lower };
	struct error err = ERROR_INIT;
	char name[16];

	for (int i = 0; i < VARIABLES_MAX; i++) {
		(void)snprintf(name, sizeof name, "V%d", i);
		assert_success(variables_set(i % 2 == 0 ? &lower : &upper, name, name, NULL, &err),
			       err);
	}
	assert_value(&upper, "V0", "V0");
	assert_value(&upper, "V1023", "V1023");
	assert_failure(variables_set(&upper, "more", "x", NULL, &err), err, ERROR_INPUT,
		       "more than 1024 variables");
	assert_value(&upper, "more", NULL);
	/* one that is there can still be replaced */
	assert_success(variables_set(&upper, "V1", "new", NULL, &err), err);
	assert_value(&upper, "V1", "new");
}

static void looks_up_for_words(unused_arg void **state)
{
	auto_variables struct variables variables = { 0 };
	struct shellword_variable found = { .value = "untouched" };
	struct error err = ERROR_INIT;

	assert_success(variables_set(&variables, "A", "1", "B", &err), err);
	assert_false(variables_lookup(&variables, "none", &found));
	assert_string_equal(found.value, "untouched");
	assert_true(variables_lookup(&variables, "A", &found));
	assert_string_equal(found.value, "1");
	assert_string_equal(found.unknown, "B");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_and_replaces),
		cmocka_unit_test(the_nearest_set_wins),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(looks_up_for_words),
	};

	return cmocka_run_group_tests_name("variables", tests, NULL, NULL);
}
