#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "check/rules.h"

static void reads(unused_arg void **state)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "compiler path glob **/bin/gcc\r\n"
				   "\tcompiler  path\tglob/i  cc  \n"
				   "key content,config regex/m BEGIN  KEY\\n\n"
				   "  in *.pem\n"
				   "  in .env\n"
				   "  except /usr/share/**\n"
				   "word environment fixed in # no comment";
	struct error err = ERROR_INIT;
	struct rules rules;
	struct scratch *scratch = NULL;
	size_t size;

	rules_init(&rules);
	assert_success(rules_parse(&rules, text, strlen(text), "list", &err), err);
	assert_int_equal(rules.count, 4);
	assert_int_equal(rules.name_count, 3);
	assert_string_equal(rules.names[0], "compiler");
	assert_int_equal(rules.items[1].name, 0);
	assert_int_equal(pattern_flags(rules.items[1].pattern), PATTERN_PATH | PATTERN_CASELESS);
	assert_string_equal(pattern_text(rules.items[1].pattern, &size), "cc");
	assert_int_equal(rules.items[2].where, RULE_CONTENT | RULE_CONFIG);
	assert_int_equal(pattern_flags(rules.items[2].pattern), PATTERN_BLOCK);
	assert_string_equal(pattern_text(rules.items[2].pattern, &size), "BEGIN  KEY\\n");
	assert_int_equal(rules.items[2].in.count, 2);
	assert_int_equal(rules.items[2].except.count, 1);
	assert_string_equal(pattern_text(rules.items[3].pattern, &size), "in # no comment");
	assert_int_equal(rules_where(&rules), RULE_PATH | RULE_CONTENT | RULE_CONFIG);

	assert_success(scratch_new(&scratch, &err), err);
	assert_int_equal(rule_is_for(&rules.items[2], scratch, "a/b.pem", 7, &err), 1);
	assert_int_equal(rule_is_for(&rules.items[2], scratch, "a/b.txt", 7, &err), 0);
	assert_int_equal(rule_is_for(&rules.items[3], scratch, "a/b.txt", 7, &err), 1);
	assert_int_equal(rule_exempts(&rules.items[2], scratch, "usr/share/x", 11, false, &err), 1);
	assert_int_equal(rule_exempts(&rules.items[2], scratch, "usr/lib/x", 9, false, &err), 0);
	scratch_free(scratch);
	rules_release(&rules);
}

static void names_file_and_line(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "list: there is no rule" },
		{ "# only\n\n", "list: there is no rule" },
		{ "\nname\n", "list:2: a rule is NAME WHERE SYNTAX PATTERN" },
		{ "name path glob\n", "list:1: a rule is" },
		{ "na/me path glob x\n", "list:1: 'na/me' is no name" },
		{ "name where glob x\n", "list:1: 'where' is none of" },
		{ "name path,content glob x\n", "stands alone" },
		{ "name content, fixed x\n", "'' is none of" },
		{ "name path globe x\n", "'globe' is none of" },
		{ "name path glob/x x\n", "'/x' does not go with glob" },
		{ "name path regex/m x\n", "'/m' does not go with regex" },
		{ "name content glob x\n", "globs are for paths" },
		{ "ok path glob x\nname content regex (\n", "list:2: regular expression '('" },
		{ "in x\n", "list:1: 'in' without a rule" },
		{ "name path glob x\nexcept\n", "list:2: 'except' without a glob" },
		{ "name label fixed x\nin y\n", "list:2: 'in' does not go" },
		{ "name path glob x\nexcept [\n", "list:2: glob '['" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct rules rules;
		struct error err;

		rules_init(&rules);
		assert_failure(
			rules_parse(&rules, cases[i].text, strlen(cases[i].text), "list", &err),
			err, ERROR_INPUT, cases[i].why);
		rules_release(&rules);
	}
}

/* A file cut anywhere is either a list or an error with its line. */
static void survives_cuts(unused_arg void **state)
{
	static const char text[] =
		"a path glob/i [x]/**\nexcept y\nb content,label regex/m (?i)q{2}\n"
		"in z\n";

	for (size_t size = 0; size < sizeof text; size++) {
		struct rules rules;
		struct error err = ERROR_INIT;

		rules_init(&rules);
		if (rules_parse(&rules, text, size, "list", &err) < 0)
			assert_int_equal(strncmp(err.text, "list:", 5), 0);
		rules_release(&rules);
	}
}

/* A condition may not reach back into another file's rule. */
static void conditions_stay_in_their_file(unused_arg void **state)
{
	struct rules rules;
	struct error err = ERROR_INIT;

	rules_init(&rules);
	assert_success(rules_parse(&rules, "a path glob x\n", 14, "one", &err), err);
	assert_failure(rules_parse(&rules, "in y\n", 5, "two", &err), err, ERROR_INPUT, "two:1:");
	rules_release(&rules);
}

static void the_suites_own(unused_arg void **state)
{
	static const char *const names[] = { "build-tools", "package-managers",
					     "development-dependencies", "secrets" };
	const char *directory = getenv("SEATRIAL_RULES");

	if (directory == NULL)
		directory = "rules";
	for (size_t i = 0; i < array_size(names); i++) {
		struct rules rules;
		struct error err = ERROR_INIT;
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		rules_init(&rules);
		assert_success(rules_read_file(&rules, path, &err), err);
		assert_true(rules.count > 2);
		/* Over all files, only expressions that a needle announces are quick enough. */
		for (size_t k = 0; k < rules.count; k++)
			if ((rules.items[k].where & RULE_CONTENT) && rules.items[k].in.count == 0 &&
			    pattern_needles(rules.items[k].pattern)->count == 0)
				fail_msg("%s: rule %zu (%s) has no needle", names[i], k,
					 rules.names[rules.items[k].name]);
		rules_release(&rules);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),	  cmocka_unit_test(names_file_and_line),
		cmocka_unit_test(survives_cuts),  cmocka_unit_test(conditions_stay_in_their_file),
		cmocka_unit_test(the_suites_own),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
