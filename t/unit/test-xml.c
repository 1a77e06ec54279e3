#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/xml.h"

/* Writes down what it is told: "<a x=1>text</a>"; stops or fails where an element asks for it. */
static int note_begin(void *context, const char *element, const char *const *attributes,
		      struct error *err)
{
	struct buf *seen = context;

	buf_printf(seen, "<%s", element);
	for (size_t i = 0; attributes[i] != NULL; i += 2)
		buf_printf(seen, " %s=%s", attributes[i], attributes[i + 1]);
	buf_add_char(seen, '>');
	if (strcmp(element, "stop") == 0)
		return 1;
	if (strcmp(element, "fail") == 0)
		return error_set(err, ERROR_MISSING, "as was asked");
	return 0;
}

static int note_end(void *context, const char *element, unused_arg struct error *err)
{
	buf_printf(context, "</%s>", element);
	return 0;
}

static int note_text(void *context, const char *data, size_t size, unused_arg struct error *err)
{
	buf_add(context, data, size);
	return 0;
}

static int note_comment(void *context, const char *text, unused_arg struct error *err)
{
	buf_printf(context, "{%s}", text);
	return 0;
}

static const struct xml_handler notes = { note_begin, note_end, note_text, note_comment };

static int parse(const char *text, struct buf *seen, struct error *err)
{
	buf_clear(seen);
	return xml_parse(text, strlen(text), &notes, seen, err);
}

static void tells_what_is_there(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *seen;
	} cases[] = {
		{ "<a/>", "<a></a>" },
		{ "<?xml version='1.0' encoding='ISO-8859-1'?><a x='\xe9'>\xe9</a>",
		  "<a x=\xc3\xa9>\xc3\xa9</a>" },
		{ "<a x='1' y='&lt;&#65;'>t<b>u</b><![CDATA[<&]]><!--c--></a>\n",
		  "<a x=1 y=<A>t<b>u</b><&{c}</a>" },
		{ "<!DOCTYPE coverage SYSTEM \"http://127.0.0.1:1/x.dtd\"><a/>", "<a></a>" },
		/* what stands behind the end is not looked at */
		{ "<a><stop/><b></wrong>", "<a><stop>" },
	};
	struct error err = ERROR_INIT;
	auto_buf struct buf seen;

	buf_init(&seen, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_success(parse(cases[i].text, &seen, &err), err);
		assert_string_equal(seen.data, cases[i].seen);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum error_kind kind;
		const char *why;
	} cases[] = {
		{ "", ERROR_INPUT, "ends too early" },
		{ "<a>", ERROR_INPUT, "line 1: no XML: it ends too early" },
		{ "<a>\n<b", ERROR_INPUT, "line 2: no XML: it ends too early" },
		{ "<a>\n\n</b>", ERROR_INPUT, "line 3: no XML: mismatched tag" },
		{ "<a/><b/>", ERROR_INPUT, "junk" },
		{ "<a>\x01</a>", ERROR_INPUT, "line 1: no XML" },
		{ "<a>\n<fail/></a>", ERROR_MISSING, "line 2: as was asked" },
		{ "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", ERROR_INPUT, "entity 'x'" },
		{ "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", ERROR_INPUT,
		  "entity 'x'" },
		{ "<!DOCTYPE a [<!ENTITY % x SYSTEM 'x'> %x;]><a/>", ERROR_INPUT, "entity 'x'" },
		{ "<!DOCTYPE a SYSTEM 'x.dtd'><a>&lost;</a>", ERROR_INPUT,
		  "entity 'lost' is not known" },
		{ "<a>&lost;</a>", ERROR_INPUT, "undefined entity" },
	};
	struct error err;
	auto_buf struct buf seen;

	buf_init(&seen, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < array_size(cases); i++)
		assert_failure(parse(cases[i].text, &seen, &err), err, cases[i].kind, cases[i].why);
}

static void bounds_the_depth(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_buf struct buf text;
	auto_buf struct buf seen;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_init(&seen, BUF_MAX_DEFAULT);
	for (int i = 0; i < XML_DEPTH_MAX; i++)
		buf_add_string(&text, "<a>");
	for (int i = 0; i < XML_DEPTH_MAX; i++)
		buf_add_string(&text, "</a>");
	assert_success(parse(text.data, &seen, &err), err);
	buf_clear(&text);
	for (int i = 0; i <= XML_DEPTH_MAX; i++)
		buf_add_string(&text, "<a>");
	assert_failure(parse(text.data, &seen, &err), err, ERROR_INPUT, "nested more than");
}

static void finds_attributes(unused_arg void **state)
{
	static const char *const attributes[] = { "a", "1", "b", "", NULL };
	static const char *const none[] = { NULL };

	assert_string_equal(xml_attribute(attributes, "a"), "1");
	assert_string_equal(xml_attribute(attributes, "b"), "");
	/* a value is no name */
	assert_null(xml_attribute(attributes, "1"));
	assert_null(xml_attribute(none, "a"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_is_there),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_the_depth),
		cmocka_unit_test(finds_attributes),
	};

	return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
