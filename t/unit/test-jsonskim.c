/* One line of JSON, looked into without a tree; jansson reads the same, and is asked as well. */
#include "config.h"

#include "unit.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "check/jsonskim.h"

/* "a=text a.b=#number …" */
static void note(void *context, const struct json_member *member)
{
	struct buf *out = context;

	if (out->size > 0)
		buf_add_char(out, ' ');
	for (size_t i = 0; i < member->depth; i++)
		buf_printf(out, "%s%.*s", i > 0 ? "." : "", (int)member->keys[i].size,
			   member->keys[i].text);
	buf_printf(out, "=%s%.*s", member->is_string ? "" : "#", (int)member->value.size,
		   member->value.text);
}

static void tells_members(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *members;
	} cases[] = {
		{ "{}", "" },
		{ " { } ", "" },
		{ "{\"a\":\"x\",\"b\":-1.5e+3}", "a=x b=#-1.5e+3" },
		{ "{\"a\":\"\"}", "a=" },
		{ "{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}},\"f\":3},\"g\":4}",
		  "a.b.c=#1 a.f=#3 g=#4" },
		{ "{\"a\":[1,{\"b\":2}],\"c\":3}", "c=#3" },
		{ "{\"a\":[],\"b\":{},\"c\":[[]],\"d\":0}", "d=#0" },
		{ "{\"a\":true,\"b\":false,\"c\":null,\"d\":\"e\"}", "d=e" },
		{ "{\"a\":\"q\\\"\\u00e9\\n\"}", "a=q\\\"\\u00e9\\n" },
		{ "{\"\xc3\xa4\":\"\xf0\x9f\x98\x80 \xe2\x82\xac long enough to be skipped over\"}",
		  "\xc3\xa4=\xf0\x9f\x98\x80 \xe2\x82\xac long enough to be skipped over" },
		{ "{\"a\":1,\"a\":2}", "a=#1 a=#2" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf out;

		buf_init(&out, BUF_MAX_DEFAULT);
		if (!json_skim(cases[i].text, strlen(cases[i].text), note, &out))
			fail_msg("'%s' is no JSON", cases[i].text);
		if (strcmp(out.data, cases[i].members) != 0)
			fail_msg("'%s': '%s', expected '%s'", cases[i].text, out.data,
				 cases[i].members);
	}
}

static void refuses(unused_arg void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		"[]",
		"1",
		"\"a\"",
		"null",
		"{",
		"}",
		"{}}",
		"{} {}",
		"{,}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":[1,]}",
		"{\"a\":[1 2]}",
		"{\"a\":[1}]}",
		"{\"a\":{1]}}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":01}",
		"{\"a\":.5}",
		"{\"a\":5.}",
		"{\"a\":+1}",
		"{\"a\":-}",
		"{\"a\":1e}",
		"{\"a\":1e+}",
		"{\"a\":0x1}",
		"{\"a\":NaN}",
		"{\"a\":tru}",
		"{\"a\":truex}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"\\",
		"{\"a\":\"\t\"}",
		"{\"a\":\"sixteen bytes and more\n\"}",
		"{\"a\":\"sixteen\x1f bytes and more\"}",
		"{\"a\":\"sixteen\x01 bytes and more\"}",
		"{\"a\":\"\x80\"}",
		"{\"a\":\"\xc0\xaf\"}",
		"{\"a\":\"\xe0\x80\xaf\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\xf0\x80\x80\x80\"}",
		"{\"a\":\"\xc3\"}",
		"{\"a\":\"\xe2\x82\"}",
		"\xef\xbb\xbf{}",
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf out;
		json_t *doc = json_loads(cases[i], 0, NULL);

		/* the cases themselves are right: jansson refuses them, or they are no objects */
		if (json_is_object(doc))
			fail_msg("'%s' is JSON to jansson", cases[i]);
		json_decref(doc);
		buf_init(&out, BUF_MAX_DEFAULT);
		if (json_skim(cases[i], strlen(cases[i]), note, &out))
			fail_msg("'%s' is JSON", cases[i]);
	}
}

/* jansson 2.14 does not see it. */
static void refuses_a_nul_behind_a_number(unused_arg void **state)
{
	static const char text[] = "{\"a\":3\0}";
	auto_buf struct buf out;

	buf_init(&out, BUF_MAX_DEFAULT);
	assert_false(json_skim(text, sizeof text - 1, note, &out));
}

/* An object with `depth` levels of arrays and objects in all. */
static bool nested(size_t depth)
{
	auto_buf struct buf text;
	auto_buf struct buf out;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_init(&out, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < depth; i++)
		buf_add_string(&text, i % 2 == 0 ? "{\"a\":" : "[");
	buf_add_string(&text, "0");
	for (size_t i = depth; i-- > 0;)
		buf_add_char(&text, i % 2 == 0 ? '}' : ']');
	return json_skim(text.data, text.size, note, &out);
}

static void nests(unused_arg void **state)
{
	assert_true(nested(1));
	assert_true(nested(63));
	assert_true(nested(64));
	assert_true(nested(65));
	assert_true(nested(JSON_SKIM_DEPTH_MAX));
	assert_false(nested(JSON_SKIM_DEPTH_MAX + 1));
}

/* Cut anywhere it is none, and nothing behind its end is looked at. */
static void cut_anywhere(unused_arg void **state)
{
	static const char text[] = "{\"level\":\"info \\u00e9 \xc3\xa9\",\"n\":[-1.5e+3,true,{}]}";
	auto_buf struct buf out;

	buf_init(&out, BUF_MAX_DEFAULT);
	assert_true(json_skim(text, sizeof text - 1, note, &out));
	for (size_t size = 0; size < sizeof text - 1; size++) {
		auto_free char *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy, text, size);
		if (json_skim(copy, size, note, &out))
			fail_msg("'%.*s' is JSON", (int)size, text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_members),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_a_nul_behind_a_number),
		cmocka_unit_test(nests),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests_name("jsonskim", tests, NULL, NULL);
}
