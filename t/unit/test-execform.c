#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/execform.h"

static void tells_the_form(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum execform form;
		const char *words; /* each behind a '|' */
	} cases[] = {
		{ "[]", EXECFORM_YES, "" },
		{ " [ \"a\" , \"b\" ] ", EXECFORM_YES, "|a|b" },
		{ "[\"\"]", EXECFORM_YES, "|" },
		{ "[\"\\u2665 \\ud83d\\ude00 \\/\\n\"]", EXECFORM_YES,
		  "|\xe2\x99\xa5 \xf0\x9f\x98\x80 /\n" },
		/* what is no character becomes U+FFFD */
		{ "[\"\\ud800x\"]", EXECFORM_YES, "|\xef\xbf\xbdx" },
		{ "[\"\xff\xc3(\"]", EXECFORM_YES, "|\xef\xbf\xbd\xef\xbf\xbd(" },
		{ "[1]", EXECFORM_WRONG, "" },
		{ "[\"a\", null]", EXECFORM_WRONG, "" },
		{ "[[\"a\"]]", EXECFORM_WRONG, "" },
		{ "[{\"a\": [-1.5e3, true, {}]}, \"x\"]", EXECFORM_WRONG, "" },
		/* everything else is the shell form */
		{ "", EXECFORM_NO, "" },
		{ "echo [\"a\"]", EXECFORM_NO, "" },
		{ "[", EXECFORM_NO, "" },
		{ "[\"a\"", EXECFORM_NO, "" },
		{ "[\"a]", EXECFORM_NO, "" },
		{ "[\"a\",]", EXECFORM_NO, "" },
		{ "[,]", EXECFORM_NO, "" },
		{ "['a']", EXECFORM_NO, "" },
		{ "[\"a\" \"b\"]", EXECFORM_NO, "" },
		{ "[\"a\"] && b", EXECFORM_NO, "" },
		{ "[\"a\tb\"]", EXECFORM_NO, "" },
		{ "[\"\\x\"]", EXECFORM_NO, "" },
		{ "[\"\\u12\"]", EXECFORM_NO, "" },
		{ "[01]", EXECFORM_NO, "" },
		{ "[1.]", EXECFORM_NO, "" },
		{ "[{\"a\"}]", EXECFORM_NO, "" },
		{ "[{\"a\":1,}]", EXECFORM_NO, "" },
		{ "[[1}]", EXECFORM_NO, "" },
		{ "[nul]", EXECFORM_NO, "" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_words struct words words = { 0 };
		struct error err = ERROR_INIT;
		enum execform form;
		char joined[200] = "";

		assert_success(
			execform_parse(cases[i].text, strlen(cases[i].text), &form, &words, &err),
			err);
		if (form != cases[i].form)
			fail_msg("%s: form %d, not %d", cases[i].text, form, cases[i].form);
		for (size_t j = 0; j < words.count; j++)
			(void)snprintf(joined + strlen(joined), sizeof joined - strlen(joined),
				       "|%s", words.items[j].data);
		assert_string_equal(joined, cases[i].words);
	}
}

static void keeps_nul_bytes(unused_arg void **state)
{
	auto_words struct words words = { 0 };
	struct error err = ERROR_INIT;
	enum execform form;

	assert_success(execform_parse("[\"a\\u0000b\"]", 12, &form, &words, &err), err);
	assert_int_equal(words.items[0].size, 3);
	assert_memory_equal(words.items[0].data, "a\0b", 4);
}

static void lives_with_depth(unused_arg void **state)
{
	static char text[100000];
	auto_words struct words words = { 0 };
	struct error err = ERROR_INIT;
	enum execform form;

	memset(text, '[', sizeof text);
	assert_success(execform_parse(text, sizeof text, &form, &words, &err), err);
	assert_int_equal(form, EXECFORM_NO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_form),
		cmocka_unit_test(keeps_nul_bytes),
		cmocka_unit_test(lives_with_depth),
	};

	return cmocka_run_group_tests_name("execform", tests, NULL, NULL);
}
