#include "config.h"

#include "file/execform.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* Deeper values are no exec form; the decoder's own limit is 10000. */
#define DEPTH_MAX 500

struct reader {
	const char *text;
	const char *at;
	const char *end;
};

static void reader_space(struct reader *reader)
{
	while (reader->at < reader->end && *reader->at != '\0' &&
	       strchr(" \t\r\n", *reader->at) != NULL)
		reader->at++;
}

static bool reader_take(struct reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static void add_code_point(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		buf_add_char(out, (char)code);
	} else if (code < 0x800) {
		buf_add_char(out, (char)(0xc0 | (code >> 6)));
		buf_add_char(out, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_add_char(out, (char)(0xe0 | (code >> 12)));
		buf_add_char(out, (char)(0x80 | ((code >> 6) & 0x3f)));
		buf_add_char(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xf0 | (code >> 18)));
		buf_add_char(out, (char)(0x80 | ((code >> 12) & 0x3f)));
		buf_add_char(out, (char)(0x80 | ((code >> 6) & 0x3f)));
		buf_add_char(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* Four hex digits. */
static bool read_unit(struct reader *reader, unsigned *ret_unit)
{
	unsigned unit = 0;

	if (reader->end - reader->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = reader->at[i];

		if (c >= '0' && c <= '9')
			unit = unit * 16 + (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			unit = unit * 16 + (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			unit = unit * 16 + (unsigned)(c - 'A') + 10;
		else
			return false;
	}
	reader->at += 4;
	*ret_unit = unit;
	return true;
}

/* Behind "\u". */
static bool read_code_point(struct reader *reader, struct buf *out)
{
	unsigned code;

	if (!read_unit(reader, &code))
		return false;
	if (code >= 0xd800 && code < 0xdc00 && reader->end - reader->at >= 6 &&
	    reader->at[0] == '\\' && reader->at[1] == 'u') {
		struct reader ahead = { .at = reader->at + 2, .end = reader->end };
		unsigned low;

		if (!read_unit(&ahead, &low))
			return false;
		if (low >= 0xdc00 && low < 0xe000) {
			*reader = ahead;
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	if (code >= 0xd800 && code < 0xe000)
		code = 0xfffd;
	add_code_point(out, code);
	return true;
}

static bool read_escape(struct reader *reader, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char c;

	if (reader->at == reader->end)
		return false;
	c = *reader->at++;
	if (c == 'u')
		return read_code_point(reader, out);
	found = c != '\0' ? strchr(names, c) : NULL;
	if (found == NULL)
		return false;
	buf_add_char(out, values[found - names]);
	return true;
}

/* The length of the well-formed UTF-8 sequence at `text`, or 0. */
static size_t utf8_length(const char *text, size_t size)
{
	unsigned char first = (unsigned char)text[0];
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (length > size)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if ((unsigned char)text[1] < low || (unsigned char)text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Behind the opening quote. */
static bool read_string(struct reader *reader, struct buf *out)
{
	while (reader->at < reader->end) {
		size_t length;

		if (reader_take(reader, '"'))
			return true;
		if ((unsigned char)*reader->at < 0x20)
			return false;
		if (reader_take(reader, '\\')) {
			if (!read_escape(reader, out))
				return false;
			continue;
		}
		length = utf8_length(reader->at, (size_t)(reader->end - reader->at));
		if (length == 0) {
			add_code_point(out, 0xfffd);
			reader->at++;
			continue;
		}
		buf_add(out, reader->at, length);
		reader->at += length;
	}
	return false;
}

static bool read_digits(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return reader->at > start;
}

static bool read_number(struct reader *reader)
{
	(void)reader_take(reader, '-');
	if (!reader_take(reader, '0') && !read_digits(reader))
		return false;
	if (reader_take(reader, '.') && !read_digits(reader))
		return false;
	if (reader_take(reader, 'e') || reader_take(reader, 'E')) {
		if (!reader_take(reader, '-'))
			(void)reader_take(reader, '+');
		return read_digits(reader);
	}
	return true;
}

static bool read_literal(struct reader *reader)
{
	static const char *const literals[] = { "true", "false", "null" };

	for (size_t i = 0; i < array_size(literals); i++) {
		size_t length = strlen(literals[i]);

		if ((size_t)(reader->end - reader->at) >= length &&
		    memcmp(reader->at, literals[i], length) == 0) {
			reader->at += length;
			return true;
		}
	}
	return false;
}

/*
 * Passes over one value that is no string at the top level: only whether it is JSON matters. A
 * stack of closing brackets instead of recursion.
 */
static bool skip_value(struct reader *reader, struct buf *scratch)
{
	char open[DEPTH_MAX];
	size_t depth = 0;

	for (;;) {
		bool opened = false;

		reader_space(reader);
		if (reader->at < reader->end && (*reader->at == '[' || *reader->at == '{')) {
			if (depth == DEPTH_MAX)
				return false;
			open[depth++] = *reader->at++ == '[' ? ']' : '}';
			opened = true;
		} else if (reader_take(reader, '"')) {
			buf_clear(scratch);
			if (!read_string(reader, scratch))
				return false;
		} else if (!read_literal(reader) && !read_number(reader)) {
			return false;
		}
		/* close what is full, then go on to the next member */
		for (;;) {
			reader_space(reader);
			if (depth == 0)
				return true;
			if (reader_take(reader, open[depth - 1])) {
				depth--;
				opened = false;
				continue;
			}
			if (!opened && !reader_take(reader, ','))
				return false;
			break;
		}
		if (open[depth - 1] == '}') {
			reader_space(reader);
			buf_clear(scratch);
			if (!reader_take(reader, '"') || !read_string(reader, scratch))
				return false;
			reader_space(reader);
			if (!reader_take(reader, ':'))
				return false;
		}
	}
}

/* The members behind '['. The form is NO until the closing bracket was seen. */
static int read_members(struct reader *reader, enum execform *form, struct words *words,
			struct error *err)
{
	auto_buf struct buf text;
	bool strings = true;

	buf_init(&text, BUF_MAX_DEFAULT);
	*form = EXECFORM_NO;
	reader_space(reader);
	if (reader_take(reader, ']')) {
		*form = EXECFORM_YES;
		return 0;
	}
	for (;;) {
		const char *start;

		reader_space(reader);
		buf_clear(&text);
		start = reader->at;
		if (reader_take(reader, '"')) {
			if (!read_string(reader, &text))
				return 0;
			if (buf_check(&text, "exec form", err) < 0 ||
			    words_add_at(words, text.data, text.size, reader->text, start,
					 reader->at, err) < 0)
				return -1;
		} else {
			strings = false;
			if (!skip_value(reader, &text))
				return 0;
		}
		reader_space(reader);
		if (reader_take(reader, ']'))
			break;
		if (!reader_take(reader, ','))
			return 0;
	}
	*form = strings ? EXECFORM_YES : EXECFORM_WRONG;
	return 0;
}

int execform_parse(const char *text, size_t size, enum execform *ret_form, struct words *ret_words,
		   struct error *err)
{
	auto_words struct words words = { 0 };
	struct reader reader = { .text = text, .at = text, .end = text + size };
	enum execform form = EXECFORM_NO;
	size_t rest = size;

	space_trim_start(&reader.at, &rest);
	if (!reader_take(&reader, '[')) {
		*ret_form = EXECFORM_NO;
		return 0;
	}
	if (read_members(&reader, &form, &words, err) < 0)
		return -1;
	reader_space(&reader);
	if (reader.at != reader.end)
		form = EXECFORM_NO;
	if (form == EXECFORM_YES) {
		*ret_words = words;
		words = (struct words) { 0 };
	}
	*ret_form = form;
	return 0;
}
