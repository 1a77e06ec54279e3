#include "config.h"

#include "file/shellpattern.h"

#include <string.h>

enum token_kind { TOKEN_BYTE, TOKEN_CHARACTER, TOKEN_ANY };

struct pattern {
	struct {
		enum token_kind kind;
		char byte;
	} tokens[SHELLPATTERN_SIZE_MAX];
	size_t count;
};

/* The bytes of the character at `text`; a byte that is no UTF-8 stands for itself. */
static size_t character_length(const char *text)
{
	size_t length = 1;

	if ((unsigned char)*text < 0xc0)
		return 1;
	while (length < 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static int pattern_parse(const char *text, struct pattern *pattern, struct error *err)
{
	pattern->count = 0;
	if (strlen(text) > SHELLPATTERN_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "a pattern of more than %d bytes",
				 SHELLPATTERN_SIZE_MAX);
	for (; *text != '\0'; text++) {
		enum token_kind kind = TOKEN_BYTE;

		if (*text == '*') {
			kind = TOKEN_ANY;
		} else if (*text == '?') {
			kind = TOKEN_CHARACTER;
		} else if (*text == '\\') {
			text++;
			if (*text == '\0' || strchr("*?\\/}", *text) == NULL)
				return error_set(err, ERROR_INPUT,
						 "invalid escape '\\%.1s' in a pattern", text);
		}
		pattern->tokens[pattern->count].kind = kind;
		pattern->tokens[pattern->count++].byte = *text;
	}
	return 0;
}

/* All places of the pattern that can be reached without text. */
static void spread(const struct pattern *pattern, bool *states)
{
	for (size_t i = 0; i < pattern->count; i++)
		if (states[i] && pattern->tokens[i].kind == TOKEN_ANY)
			states[i + 1] = true;
}

/* One character further. False where no place is left. */
static bool step(const struct pattern *pattern, bool *states, const char *text, size_t length)
{
	bool next[SHELLPATTERN_SIZE_MAX + 1] = { false };
	bool any = false;

	for (size_t i = 0; i < pattern->count; i++) {
		if (!states[i])
			continue;
		switch (pattern->tokens[i].kind) {
		case TOKEN_ANY:
			next[i] = true;
			any = true;
			break;
		case TOKEN_CHARACTER:
			next[i + 1] = true;
			any = true;
			break;
		case TOKEN_BYTE:
			/* a character of several bytes takes as many tokens */
			if (i + length <= pattern->count) {
				bool same = true;

				for (size_t j = 0; j < length && same; j++)
					same = pattern->tokens[i + j].kind == TOKEN_BYTE &&
					       pattern->tokens[i + j].byte == text[j];
				next[i + length] = next[i + length] || same;
				any = any || same;
			}
			break;
		}
	}
	memcpy(states, next, sizeof next);
	spread(pattern, states);
	return any;
}

/* Matches at the start of the text; tells the shortest or longest match's size. */
static bool match_start(const struct pattern *pattern, const char *text, bool longest,
			size_t *ret_size)
{
	bool states[SHELLPATTERN_SIZE_MAX + 1] = { true };
	bool found = false;
	size_t at = 0;

	spread(pattern, states);
	for (;;) {
		size_t length;

		if (states[pattern->count]) {
			*ret_size = at;
			found = true;
			if (!longest)
				return true;
		}
		if (text[at] == '\0')
			return found;
		length = character_length(text + at);
		if (!step(pattern, states, text + at, length))
			return found;
		at += length;
	}
}

static bool match_whole(const struct pattern *pattern, const char *text)
{
	size_t size = 0;

	return match_start(pattern, text, true, &size) && text[size] == '\0';
}

static int value_check(const char *value, struct error *err)
{
	if (strlen(value) > SHELLPATTERN_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "a value of more than %d bytes under a pattern",
				 SHELLPATTERN_SIZE_MAX);
	return 0;
}

int shellpattern_trim(const char *pattern, const char *value, enum shellpattern_end end,
		      bool longest, struct buf *out, struct error *err)
{
	struct pattern parsed;
	size_t size = strlen(value);
	size_t cut = 0;
	bool found = false;

	if (value_check(value, err) < 0 || pattern_parse(pattern, &parsed, err) < 0)
		return -1;
	if (end == SHELLPATTERN_PREFIX) {
		if (match_start(&parsed, value, longest, &cut))
			buf_add_string(out, value + cut);
		else
			buf_add_string(out, value);
		return 0;
	}
	/* the first start that matches is the longest end, the last one the shortest */
	for (size_t at = 0; at <= size && !(found && longest);
	     at += at < size ? character_length(value + at) : 1) {
		if (!match_whole(&parsed, value + at))
			continue;
		cut = at;
		found = true;
	}
	buf_add(out, value, found ? cut : size);
	return 0;
}

int shellpattern_replace(const char *pattern, const char *value, const char *replacement, bool all,
			 struct buf *out, struct error *err)
{
	struct pattern parsed;
	bool done = false;
	bool after_match = false;
	size_t at = 0;

	if (value_check(value, err) < 0 || pattern_parse(pattern, &parsed, err) < 0)
		return -1;
	for (;;) {
		size_t size = 0;

		/* an empty match does not touch the one before it */
		if (!done && match_start(&parsed, value + at, true, &size) &&
		    !(size == 0 && after_match)) {
			buf_add_string(out, replacement);
			done = !all;
			after_match = size > 0;
			at += size;
			if (size > 0)
				continue;
		}
		after_match = false;
		if (value[at] == '\0')
			return 0;
		size = character_length(value + at);
		buf_add(out, value + at, size);
		at += size;
	}
}
