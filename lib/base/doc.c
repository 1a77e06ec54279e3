#include "config.h"

#include "base/doc.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* `quotes`: whether an error may hold what jansson found, which is often a piece of the text. */
static int doc_load(const void *data, size_t size, const char *name, bool quotes, json_t **ret_doc,
		    struct error *err)
{
	json_error_t problem;
	json_t *doc;

	if (size > DOC_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "%s: larger than %zu bytes", name, DOC_SIZE_MAX);
	doc = json_loadb(data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
	if (doc == NULL)
		return error_set(err, ERROR_INPUT, "%s: no JSON: line %d%s%s", name, problem.line,
				 quotes ? ": " : "", quotes ? problem.text : "");
	*ret_doc = doc;
	return 0;
}

int doc_parse(const void *data, size_t size, const char *name, json_t **ret_doc, struct error *err)
{
	return doc_load(data, size, name, true, ret_doc, err);
}

int doc_parse_secret(const void *data, size_t size, const char *name, json_t **ret_doc,
		     struct error *err)
{
	return doc_load(data, size, name, false, ret_doc, err);
}

int doc_read_file(const char *path, json_t **ret_doc, struct error *err)
{
	auto_buf struct buf text;

	buf_init(&text, DOC_SIZE_MAX);
	if (buf_read_file(&text, path, err) < 0)
		return -1;
	return doc_parse(text.data, text.size, path, ret_doc, err);
}

/* --- large documents ----------------------------------------------------------------------------
 */

/* What is not read yet. Values are jansson's business; here are only the marks between those of the
 * outermost object and its one array. */
struct skim {
	const char *at;
	const char *end;
	const char *name;
};

static int skim_fail(const struct skim *skim, const char *wanted, struct error *err)
{
	return error_set(err, ERROR_INPUT, "%s: no JSON: %zu bytes before its end: %s expected",
			 skim->name, (size_t)(skim->end - skim->at), wanted);
}

static void skim_blanks(struct skim *skim)
{
	while (skim->at < skim->end && memchr(" \t\r\n", *skim->at, 4) != NULL)
		skim->at++;
}

static bool skim_take(struct skim *skim, char mark)
{
	skim_blanks(skim);
	if (skim->at == skim->end || *skim->at != mark)
		return false;
	skim->at++;
	return true;
}

static int skim_value(struct skim *skim, json_t **ret_value, struct error *err)
{
	size_t left = (size_t)(skim->end - skim->at);
	json_error_t problem;
	json_t *value = json_loadb(
		skim->at, left < DOC_PIECE_MAX ? left : DOC_PIECE_MAX,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &problem);

	if (value == NULL && left > DOC_PIECE_MAX && (size_t)problem.position + 4 > DOC_PIECE_MAX)
		return error_set(err, ERROR_INPUT, "%s: something in it is larger than %zu bytes",
				 skim->name, DOC_PIECE_MAX);
	if (value == NULL)
		return error_set(err, ERROR_INPUT, "%s: no JSON: %s", skim->name, problem.text);
	skim->at += problem.position;
	*ret_value = value;
	return 0;
}

static int skim_array(struct skim *skim, doc_element *each, void *context, struct error *err)
{
	if (skim_take(skim, ']'))
		return 0;
	for (size_t i = 0;; i++) {
		auto_doc json_t *element = NULL;

		if (skim_value(skim, &element, err) < 0 || each(context, element, i, err) < 0)
			return -1;
		if (skim_take(skim, ']'))
			return 0;
		if (!skim_take(skim, ','))
			return skim_fail(skim, "',' or ']'", err);
	}
}

static int skim_member(struct skim *skim, const char *key, doc_element *each, void *context,
		       json_t *rest, struct error *err)
{
	auto_doc json_t *name = NULL;
	auto_doc json_t *value = NULL;
	const char *text;
	bool array;

	if (skim_value(skim, &name, err) < 0)
		return -1;
	text = json_string_value(name);
	if (text == NULL || !skim_take(skim, ':'))
		return skim_fail(skim, "a member", err);
	if (json_object_get(rest, text) != NULL)
		return error_set(err, ERROR_INPUT, "%s: the member '%s' is there twice", skim->name,
				 text);
	if (json_object_size(rest) == DOC_MEMBERS_MAX)
		return error_set(err, ERROR_INPUT, "%s: more than %d members", skim->name,
				 DOC_MEMBERS_MAX);
	array = strcmp(text, key) == 0;
	if (array && skim_take(skim, '[')) {
		if (skim_array(skim, each, context, err) < 0)
			return -1;
		value = json_null();
	} else if (skim_value(skim, &value, err) < 0) {
		return -1;
	}
	if (array && !json_is_null(value))
		return skim_fail(skim, "an array", err);
	return json_object_set(rest, text, value) < 0 ? error_memory(err) : 0;
}

int doc_each(const char *data, size_t size, const char *name, const char *key, doc_element *each,
	     void *context, json_t **ret_rest, struct error *err)
{
	struct skim skim = { .at = data, .end = data + size, .name = name };
	auto_doc json_t *rest = json_object();

	if (rest == NULL)
		return error_memory(err);
	if (!skim_take(&skim, '{'))
		return skim_fail(&skim, "'{'", err);
	if (!skim_take(&skim, '}')) {
		do {
			if (skim_member(&skim, key, each, context, rest, err) < 0)
				return -1;
		} while (skim_take(&skim, ','));
		if (!skim_take(&skim, '}'))
			return skim_fail(&skim, "',' or '}'", err);
	}
	skim_blanks(&skim);
	if (skim.at < skim.end)
		return skim_fail(&skim, "its end", err);
	*ret_rest = steal(&rest);
	return 0;
}

/* --- members
 * -------------------------------------------------------------------------------------- */

static const char *doc_type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "whole number";
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	return "value";
}

/* The member with its type checked; NULL in *ret_value where it is absent. */
static int doc_member(const json_t *object, const char *at, const char *key, enum doc_need need,
		      json_type type, json_t **ret_value, struct error *err)
{
	json_t *value;

	if (!json_is_object(object))
		return error_set(err, ERROR_INPUT, "%s is no object", at);
	value = json_object_get(object, key);
	if (value == NULL || json_is_null(value)) {
		if (need == DOC_REQUIRED)
			return error_set(err, ERROR_INPUT, "%s has no '%s'", at, key);
		*ret_value = NULL;
		return 0;
	}
	if (json_typeof(value) != type && !(type == JSON_TRUE && json_is_false(value)))
		return error_set(err, ERROR_INPUT, "'%s' of %s is no %s", key, at,
				 doc_type_name(type));
	*ret_value = value;
	return 0;
}

int doc_string(const json_t *object, const char *at, const char *key, enum doc_need need,
	       const char **ret_text, struct error *err)
{
	json_t *value;

	if (doc_member(object, at, key, need, JSON_STRING, &value, err) < 0)
		return -1;
	*ret_text = json_string_value(value);
	return 0;
}

int doc_object(const json_t *object, const char *at, const char *key, enum doc_need need,
	       json_t **ret_object, struct error *err)
{
	return doc_member(object, at, key, need, JSON_OBJECT, ret_object, err);
}

int doc_array(const json_t *object, const char *at, const char *key, enum doc_need need,
	      json_t **ret_array, struct error *err)
{
	return doc_member(object, at, key, need, JSON_ARRAY, ret_array, err);
}

int doc_size(const json_t *object, const char *at, const char *key, enum doc_need need,
	     uint64_t *ret_size, struct error *err)
{
	json_t *value;

	if (doc_member(object, at, key, need, JSON_INTEGER, &value, err) < 0)
		return -1;
	if (value == NULL)
		return 0;
	if (json_integer_value(value) < 0)
		return error_set(err, ERROR_INPUT, "'%s' of %s is negative", key, at);
	*ret_size = (uint64_t)json_integer_value(value);
	return 0;
}

int doc_bool(const json_t *object, const char *at, const char *key, enum doc_need need,
	     bool *ret_value, struct error *err)
{
	json_t *value;

	if (doc_member(object, at, key, need, JSON_TRUE, &value, err) < 0)
		return -1;
	if (value != NULL)
		*ret_value = json_is_true(value);
	return 0;
}

json_t *doc_text(const char *text)
{
	auto_buf struct buf clean;
	json_t *string = json_string(text);

	buf_init(&clean, BUF_MAX_DEFAULT);
	if (string != NULL)
		return string;
	text_escape(&clean, text, strlen(text));
	return json_string(clean.data);
}
