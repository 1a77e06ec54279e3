#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/doc.h"

static json_t *parse(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *doc = NULL;

	assert_success(doc_parse(text, strlen(text), "text", &doc, &err), err);
	return doc;
}

static void refuses_what_is_no_json(unused_arg void **state)
{
	static const struct {
		const char *text;
		size_t size; /* 0: strlen */
	} cases[] = {
		{ "", 0 },
		{ "{", 0 },
		{ "{}x", 0 },
		{ "{\"a\":}", 0 },
		{ "[1,]", 0 },
		{ "{\"a\":1,\"a\":2}", 0 },
		{ "\"\xff\"", 0 },
		{ "nul", 0 },
		{ "{\"a\":1}\0", 8 },
		{ "'x'", 0 },
		{ "\"a\\u0000b\"", 0 },
		{ "1e99999", 0 },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		json_t *doc = NULL;
		size_t size = cases[i].size > 0 ? cases[i].size : strlen(cases[i].text);

		assert_failure(doc_parse(cases[i].text, size, "the text", &doc, &err), err,
			       ERROR_INPUT, "the text: no JSON: line 1");
		assert_null(doc);
	}
}

static void secrets_are_not_quoted(unused_arg void **state)
{
	static const char text[] = "{\n\"auth\": hunter}";
	struct error err;
	json_t *doc = NULL;

	assert_failure(doc_parse(text, strlen(text), "it", &doc, &err), err, ERROR_INPUT, "hunter");
	assert_failure(doc_parse_secret(text, strlen(text), "it", &doc, &err), err, ERROR_INPUT,
		       "it: no JSON: line 2");
	assert_null(strstr(err.text, "hunter"));
	assert_success(doc_parse_secret("{}", 2, "it", &doc, &err), err);
	json_decref(doc);
}

static void is_bounded(unused_arg void **state)
{
	auto_free char *text = malloc(DOC_SIZE_MAX + 1);
	struct error err;
	json_t *doc = NULL;

	assert_non_null(text);
	memset(text, '[', DOC_SIZE_MAX + 1);
	assert_failure(doc_parse(text, DOC_SIZE_MAX + 1, "big", &doc, &err), err, ERROR_INPUT,
		       "big: larger than");
	/* depth is bounded, too: no stack is lost to a document of brackets */
	assert_failure(doc_parse(text, DOC_SIZE_MAX, "deep", &doc, &err), err, ERROR_INPUT,
		       "deep: no JSON");
}

/* Elements as "INDEX:JSON "; one that is false ends the walk. */
static int list_element(void *context, const json_t *element, size_t index, struct error *err)
{
	auto_free char *text = json_dumps(element, JSON_ENCODE_ANY | JSON_COMPACT);

	assert_non_null(text);
	buf_printf(context, "%zu:%s ", index, text);
	return json_is_false(element) ? error_set(err, ERROR_INPUT, "enough") : 0;
}

static void large_documents_come_in_pieces(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *elements;
		const char *rest;  /* NULL: it fails */
		const char *error; /* then */
	} cases[] = {
		{ "{}", "", "{}", NULL },
		{ " {\t\"list\" :\r\n[ ] } \n", "", "{\"list\":null}", NULL },
		{ "{\"list\":[1]}", "0:1 ", "{\"list\":null}", NULL },
		{ "{\"a\":1,\"list\":[1 , \"x]\",[2,[]],{\"list\":[3]},null],\"b\":[4,5]}",
		  "0:1 1:\"x]\" 2:[2,[]] 3:{\"list\":[3]} 4:null ",
		  "{\"a\":1,\"list\":null,\"b\":[4,5]}", NULL },
		{ "{\"list\":null,\"a\":true}", "", "{\"list\":null,\"a\":true}", NULL },
		{ "{\"list\":[12345,-1.5,true]}", "0:12345 1:-1.5 2:true ", "{\"list\":null}",
		  NULL },
		{ "{\"list\":[1,false,2]}", "0:1 1:false ", NULL, "enough" },
		{ "", "", NULL, "it: no JSON: 0 bytes before its end: '{' expected" },
		{ "[]", "", NULL, "'{' expected" },
		{ "{\"list\":[1,2", "0:1 1:2 ", NULL, "',' or ']' expected" },
		{ "{\"list\":[1 2]}", "0:1 ", NULL, "',' or ']' expected" },
		{ "{\"list\":[,]}", "", NULL, "no JSON" },
		{ "{\"list\":[1,]}", "0:1 ", NULL, "no JSON" },
		{ "{\"list\":[1]", "0:1 ", NULL, "',' or '}' expected" },
		{ "{\"list\":[1]}}", "0:1 ", NULL, "its end expected" },
		{ "{\"list\":[1],}", "0:1 ", NULL, "no JSON" },
		{ "{\"list\":1}", "", NULL, "an array expected" },
		{ "{\"list\":null,\"list\":[1]}", "", NULL, "'list' is there twice" },
		{ "{\"list\":[1],\"list\":[2]}", "0:1 ", NULL, "'list' is there twice" },
		{ "{\"a\":1,\"a\":1}", "", NULL, "'a' is there twice" },
		{ "{\"list\":[{\"a\":1,\"a\":1}]}", "", NULL, "duplicate" },
		{ "{\"list\"[1]}", "", NULL, "a member expected" },
		{ "{1:[1]}", "", NULL, "a member expected" },
		{ "{\"list\":[\"\xff\"]}", "", NULL, "no JSON" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf found;
		auto_doc json_t *rest = NULL;
		auto_free char *text = NULL;
		struct error err = ERROR_INIT;
		size_t size = strlen(cases[i].text);
		/* so that a sanitizer sees a read behind it */
		auto_free char *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy, cases[i].text, size);
		copy = realloc(copy, size > 0 ? size : 1);
		buf_init(&found, 1000);
		if (cases[i].rest == NULL) {
			assert_failure(doc_each(copy, size, "it", "list", list_element, &found,
						&rest, &err),
				       err, ERROR_INPUT, cases[i].error);
			assert_null(rest);
		} else {
			assert_success(doc_each(copy, size, "it", "list", list_element, &found,
						&rest, &err),
				       err);
			text = json_dumps(rest, JSON_COMPACT);
			assert_string_equal(text, cases[i].rest);
		}
		assert_string_equal(found.data, cases[i].elements);
	}
}

static void each_piece_is_bounded(unused_arg void **state)
{
	static const char *const begins[] = { "{\"list\":[\"", "{\"list\":[1,\"", "{\"other\":\"",
					      "{\"" };
	size_t room = DOC_PIECE_MAX + 100;
	auto_free char *text = malloc(room);
	struct error err;

	assert_non_null(text);
	for (size_t i = 0; i < array_size(begins); i++) {
		auto_buf struct buf found;
		json_t *rest = NULL;

		buf_init(&found, 1000);
		memset(text, 'x', room);
		memcpy(text, begins[i], strlen(begins[i]));
		memcpy(text + room - 4, "\"]} ", 4);
		assert_failure(
			doc_each(text, room, "it", "list", list_element, &found, &rest, &err), err,
			ERROR_INPUT, "larger than 4194304 bytes");
	}
	for (size_t members = DOC_MEMBERS_MAX; members <= DOC_MEMBERS_MAX + 1; members++) {
		auto_buf struct buf found;
		auto_buf struct buf json;
		auto_doc json_t *rest = NULL;

		buf_init(&found, 1000);
		buf_init(&json, 10000);
		buf_add_string(&json, "{\"list\":[]");
		for (size_t i = 1; i < members; i++)
			buf_printf(&json, ",\"%zu\":1", i);
		buf_add_char(&json, '}');
		if (members == DOC_MEMBERS_MAX)
			assert_success(doc_each(json.data, json.size, "it", "list", list_element,
						&found, &rest, &err),
				       err);
		else
			assert_failure(doc_each(json.data, json.size, "it", "list", list_element,
						&found, &rest, &err),
				       err, ERROR_INPUT, "more than 64 members");
	}
}

static void members_have_types(unused_arg void **state)
{
	auto_doc json_t *doc = parse("{\"s\":\"text\",\"n\":7,\"o\":{},\"a\":[],\"t\":true,"
				     "\"f\":false,\"null\":null,\"minus\":-1,\"r\":1.5}");
	struct error err = ERROR_INIT;
	const char *text = NULL;
	json_t *value = NULL;
	uint64_t number = 99;
	bool flag = false;

	assert_success(doc_string(doc, "it", "s", DOC_REQUIRED, &text, &err), err);
	assert_string_equal(text, "text");
	assert_success(doc_string(doc, "it", "null", DOC_OPTIONAL, &text, &err), err);
	assert_null(text);
	assert_success(doc_size(doc, "it", "absent", DOC_OPTIONAL, &number, &err), err);
	assert_int_equal(number, 99);
	assert_success(doc_size(doc, "it", "n", DOC_REQUIRED, &number, &err), err);
	assert_int_equal(number, 7);
	assert_success(doc_object(doc, "it", "o", DOC_REQUIRED, &value, &err), err);
	assert_true(json_is_object(value));
	assert_success(doc_array(doc, "it", "a", DOC_REQUIRED, &value, &err), err);
	assert_true(json_is_array(value));
	assert_success(doc_bool(doc, "it", "t", DOC_REQUIRED, &flag, &err), err);
	assert_true(flag);
	assert_success(doc_bool(doc, "it", "f", DOC_REQUIRED, &flag, &err), err);
	assert_false(flag);

	assert_failure(doc_string(doc, "it", "absent", DOC_REQUIRED, &text, &err), err, ERROR_INPUT,
		       "it has no 'absent'");
	assert_failure(doc_string(doc, "it", "null", DOC_REQUIRED, &text, &err), err, ERROR_INPUT,
		       "it has no 'null'");
	assert_failure(doc_string(doc, "it", "n", DOC_OPTIONAL, &text, &err), err, ERROR_INPUT,
		       "'n' of it is no string");
	assert_failure(doc_size(doc, "it", "minus", DOC_OPTIONAL, &number, &err), err, ERROR_INPUT,
		       "negative");
	assert_failure(doc_size(doc, "it", "r", DOC_OPTIONAL, &number, &err), err, ERROR_INPUT,
		       "no whole number");
	assert_failure(doc_bool(doc, "it", "s", DOC_OPTIONAL, &flag, &err), err, ERROR_INPUT,
		       "no true or false");
	assert_failure(
		doc_object(json_object_get(doc, "a"), "the list", "x", DOC_OPTIONAL, &value, &err),
		err, ERROR_INPUT, "the list is no object");
}

static void text_is_always_a_string(unused_arg void **state)
{
	static const struct {
		const char *bytes;
		const char *wanted;
	} cases[] = {
		{ "plain", "plain" },
		{ "\xc3\xa4", "\xc3\xa4" },
		{ "bad\xff"
		  "byte",
		  "bad\\xffbyte" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_doc json_t *string = doc_text(cases[i].bytes);

		assert_string_equal(json_string_value(string), cases[i].wanted);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(secrets_are_not_quoted),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(large_documents_come_in_pieces),
		cmocka_unit_test(each_piece_is_bounded),
		cmocka_unit_test(members_have_types),
		cmocka_unit_test(text_is_always_a_string),
	};

	return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
