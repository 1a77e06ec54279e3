#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/shellword.h"
#include "file/variables.h"

/* V is "value", E empty, P a path, U depends on what nobody knows; N is not set. */
static void set_up_variables(struct variables *variables)
{
	struct error err = ERROR_INIT;

	assert_success(variables_set(variables, "V", "value", NULL, &err), err);
	assert_success(variables_set(variables, "E", "", NULL, &err), err);
	assert_success(variables_set(variables, "P", "a/b.c/b.d", NULL, &err), err);
	assert_success(variables_set(variables, "S", "two words", NULL, &err), err);
	assert_success(variables_set(variables, "U", "", "N", &err), err);
}

static void expands(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *result;
		const char *unknown;
		char escape;
	} cases[] = {
		{ "plain", "plain", NULL, '\\' },
		{ "$V", "value", NULL, '\\' },
		{ "${V}", "value", NULL, '\\' },
		{ "a${V}b$V/c", "avaluebvalue/c", NULL, '\\' },
		{ "$Vx", "", "Vx", '\\' },
		{ "$", "$", NULL, '\\' },
		{ "a$/b", "a$/b", NULL, '\\' },
		{ "\\$V", "$V", NULL, '\\' },
		{ "'$V'", "$V", NULL, '\\' },
		{ "\"$V\"", "value", NULL, '\\' },
		{ "\"\\$V\\\"\\x\"", "$V\"\\x", NULL, '\\' },
		{ "'it'\"s\"", "its", NULL, '\\' },
		{ "`$V", "$V", NULL, '`' },
		{ "\\$V", "\\value", NULL, '`' },
		{ "x\\", "x", NULL, '\\' },
		/* not set, and what stands in for it */
		{ "$N", "", "N", '\\' },
		{ "${N}", "", "N", '\\' },
		{ "a$N:b", "a:b", "N", '\\' },
		{ "${N:-d}", "d", NULL, '\\' },
		{ "${N-d}", "d", NULL, '\\' },
		{ "${E:-d}", "d", NULL, '\\' },
		{ "${E-d}", "", NULL, '\\' },
		{ "${V:-d}", "value", NULL, '\\' },
		{ "${N:-$V}", "value", NULL, '\\' },
		{ "${N:-${N:-x}}", "x", NULL, '\\' },
		{ "${N:-$N}", "", "N", '\\' },
		{ "${V:-$N}", "value", NULL, '\\' },
		{ "${N:+x}", "", NULL, '\\' },
		{ "${E:+x}", "", NULL, '\\' },
		{ "${E+x}", "x", NULL, '\\' },
		{ "${V:+x$V}", "xvalue", NULL, '\\' },
		{ "${N:+$N}", "", NULL, '\\' },
		{ "${V?no}", "value", NULL, '\\' },
		{ "${N:-'a }'}", "a }", NULL, '\\' },
		/* what depends on something unknown stays unknown */
		{ "$U", "", "N", '\\' },
		{ "${U:-d}", "d", "N", '\\' },
		{ "${U:+x}", "", "N", '\\' },
		{ "${U#x}", "", "N", '\\' },
		/* patterns */
		{ "${V#v}", "alue", NULL, '\\' },
		{ "${V#x}", "value", NULL, '\\' },
		{ "${P#*b}", ".c/b.d", NULL, '\\' },
		{ "${P##*b}", ".d", NULL, '\\' },
		{ "${P%b*}", "a/b.c/", NULL, '\\' },
		{ "${P%%b*}", "a/", NULL, '\\' },
		{ "${P%.?}", "a/b.c/b", NULL, '\\' },
		{ "${P/b/X}", "a/X.c/b.d", NULL, '\\' },
		{ "${P//b/X}", "a/X.c/X.d", NULL, '\\' },
		{ "${P/\\//-}", "a-b.c/b.d", NULL, '\\' },
		{ "${P//\\//-}", "a-b.c-b.d", NULL, '\\' },
		{ "${P/b*/X}", "a/X", NULL, '\\' },
		{ "${P/b/$V}", "a/value.c/b.d", NULL, '\\' },
		{ "${P/x/$V}", "a/b.c/b.d", NULL, '\\' },
		{ "${N#v}", "", "N", '\\' },
		{ "${N/a/b}", "", "N", '\\' },
		/* other names */
		{ "$1x", "x", "1", '\\' },
		{ "$@", "", "@", '\\' },
	};
	auto_variables struct variables variables = { 0 };

	set_up_variables(&variables);
	for (size_t i = 0; i < array_size(cases); i++) {
		struct shellword_options options = {
			.escape = cases[i].escape,
			.lookup = variables_lookup,
			.context = &variables,
		};
		auto_shellword struct shellword word = { 0 };
		struct error err = ERROR_INIT;

		assert_success(shellword_expand(&options, cases[i].text, &word, &err), err);
		if (strcmp(word.text, cases[i].result) != 0)
			fail_msg("%s: '%s', not '%s'", cases[i].text, word.text, cases[i].result);
		if ((word.unknown == NULL) != (cases[i].unknown == NULL) ||
		    (word.unknown != NULL && strcmp(word.unknown, cases[i].unknown) != 0))
			fail_msg("%s: unknown '%s', not '%s'", cases[i].text,
				 word.unknown != NULL ? word.unknown : "-",
				 cases[i].unknown != NULL ? cases[i].unknown : "-");
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "'x", "single quote" },
		{ "\"x", "double quote" },
		{ "${", "lacks its '}'" },
		{ "${V", "lacks its '}'" },
		{ "${}", "bad substitution" },
		{ "${:x}", "bad substitution" },
		{ "${{x}", "bad substitution" },
		{ "${V:-x", "lacks its '}'" },
		{ "${V:x}", "operator 'x'" },
		{ "${V^}", "operator '^'" },
		{ "${V/a}", "lacks its '/'" },
		{ "${V/a/b", "lacks its '}'" },
		{ "${N:?}", "N: is not allowed to be unset" },
		{ "${E:?}", "E: is not allowed to be empty" },
		{ "${N?give it}", "N: give it" },
		{ "${V#\\x}", "invalid escape '\\x'" },
		/* the operand is expanded even where it is not used */
		{ "${V:-${N:?no}}", "N: no" },
	};
	auto_variables struct variables variables = { 0 };
	struct shellword_options options = {
		.escape = '\\',
		.lookup = variables_lookup,
		.context = &variables,
	};

	set_up_variables(&variables);
	for (size_t i = 0; i < array_size(cases); i++) {
		struct shellword word = { 0 };
		struct error err;

		assert_failure(shellword_expand(&options, cases[i].text, &word, &err), err,
			       ERROR_INPUT, cases[i].why);
	}
}

static void splits_words(unused_arg void **state)
{
	static const struct {
		const char *text;
		unsigned flags;
		const char *words; /* each behind a '|' */
	} cases[] = {
		{ "", 0, "" },
		{ "  a  b ", 0, "|a|b" },
		{ "'a b' c", 0, "|a b|c" },
		{ "$S", 0, "|two|words" },
		{ "\"$S\"", 0, "|two words" },
		{ "a\\ b", 0, "|a b" },
		{ "'' x", 0, "|x" },
		{ "'a b' \"c\"", SHELLWORD_KEEP_QUOTES, "|'a b'|\"c\"" },
		{ "a\\ b", SHELLWORD_KEEP_ESCAPES, "|a\\ b" },
		{ "$N ${N:-x}", SHELLWORD_KEEP_UNSET, "|$N|${N:-x}" },
		/* white space behind "<<" belongs to its word */
		{ "RUN <<  EOF x", 0, "|RUN|<<  EOF|x" },
		{ "a\xc2\xa0"
		  "b",
		  0, "|a|b" },
	};
	auto_variables struct variables variables = { 0 };

	set_up_variables(&variables);
	for (size_t i = 0; i < array_size(cases); i++) {
		struct shellword_options options = {
			.escape = '\\',
			.flags = cases[i].flags,
			.lookup = variables_lookup,
			.context = &variables,
		};
		auto_shellword struct shellword word = { 0 };
		struct error err = ERROR_INIT;
		char joined[200] = "";

		assert_success(shellword_expand(&options, cases[i].text, &word, &err), err);
		for (size_t j = 0; j < word.words.count; j++)
			(void)snprintf(joined + strlen(joined), sizeof joined - strlen(joined),
				       "|%s", word.words.items[j].data);
		assert_string_equal(joined, cases[i].words);
	}
}

static void stays_small(unused_arg void **state)
{
	auto_variables struct variables variables = { 0 };
	struct shellword_options options = {
		.escape = '\\',
		.lookup = variables_lookup,
		.context = &variables,
	};
	static char text[40000];
	struct shellword word = { 0 };
	struct error err = ERROR_INIT;

	/* variables that double, and substitutions without end */
	memset(text, 'x', sizeof text - 1);
	assert_success(variables_set(&variables, "A", text, NULL, &err), err);
	assert_failure(shellword_expand(&options, "$A$A$A", &word, &err), err, ERROR_MEMORY, "");
	for (size_t i = 0; i + 4 < sizeof text; i += 4)
		memcpy(text + i, "${N-", 4);
	assert_failure(shellword_expand(&options, text, &word, &err), err, ERROR_INPUT,
		       "nested too deeply");
	assert_failure(shellword_expand(&options, "${A#x}", &word, &err), err, ERROR_INPUT,
		       "under a pattern");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands),
		cmocka_unit_test(refuses),
		cmocka_unit_test(splits_words),
		cmocka_unit_test(stays_small),
	};

	return cmocka_run_group_tests_name("shellword", tests, NULL, NULL);
}
