#include "config.h"

#include "check/jsonskim.h"

#include <stdint.h>
#include <string.h>

#include "attributes.h"

struct skimmer {
	const char *at;
	const char *end;
	uint64_t objects[JSON_SKIM_DEPTH_MAX / 64]; /* a bit for each level: it is an object */
	size_t depth;
	size_t arrays; /* that are open */
	struct json_member member;
	json_member_seen *seen;
	void *context;
};

/* ---- strings ---- */

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* The bytes that are zero have their highest bit set in the result; only the lowest of them is
 * sure, and that is all that is asked for. */
static uint64_t zero_bytes(uint64_t word)
{
	return (word - EACH_BYTE(0x01)) & ~word & EACH_BYTE(0x80);
}

/* Eight bytes none of which ends a string, escapes, or is no printable ASCII. */
static bool is_plain(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof word);
	return ((word & EACH_BYTE(0x80)) | zero_bytes(word ^ EACH_BYTE('"')) |
		zero_bytes(word ^ EACH_BYTE('\\')) | zero_bytes(word & EACH_BYTE(0xe0))) == 0;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The bytes of the character of two or more bytes that begins here; 0: no UTF-8. */
static size_t character_size(const unsigned char *text, size_t size)
{
	unsigned char first = text[0];

	if (size < 2 || !is_continuation(text[1]))
		return 0;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (size < 3 || !is_continuation(text[2]))
		return 0;
	if ((first & 0xf0) == 0xe0)
		return (first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ? 0
											      : 3;
	if (size < 4 || !is_continuation(text[3]) || first < 0xf0 || first > 0xf4)
		return 0;
	return (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f) ? 0 : 4;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skim_escape(struct skimmer *skimmer)
{
	skimmer->at++;
	if (skimmer->at == skimmer->end)
		return false;
	if (*skimmer->at != 'u')
		return memchr("\"\\/bfnrt", *skimmer->at++, 8) != NULL;
	if (skimmer->end - skimmer->at < 5)
		return false;
	for (int i = 1; i <= 4; i++)
		if (!is_hex(skimmer->at[i]))
			return false;
	skimmer->at += 5;
	return true;
}

static bool skim_string(struct skimmer *skimmer, struct json_slice *ret_slice)
{
	if (skimmer->at == skimmer->end || *skimmer->at != '"')
		return false;
	ret_slice->text = ++skimmer->at;
	while (skimmer->at < skimmer->end) {
		unsigned char c;

		while (skimmer->end - skimmer->at >= 8 && is_plain(skimmer->at))
			skimmer->at += 8;
		if (skimmer->at == skimmer->end)
			return false;
		c = (unsigned char)*skimmer->at;
		if (c == '"') {
			ret_slice->size = (size_t)(skimmer->at - ret_slice->text);
			skimmer->at++;
			return true;
		}
		if (c == '\\') {
			if (!skim_escape(skimmer))
				return false;
		} else if (c < 0x20) {
			return false;
		} else if (c < 0x80) {
			skimmer->at++;
		} else {
			size_t size = character_size((const unsigned char *)skimmer->at,
						     (size_t)(skimmer->end - skimmer->at));

			if (size == 0)
				return false;
			skimmer->at += size;
		}
	}
	return false;
}

/* ---- the other values ---- */

static void skim_blanks(struct skimmer *skimmer)
{
	while (skimmer->at < skimmer->end && (*skimmer->at == ' ' || *skimmer->at == '\t' ||
					      *skimmer->at == '\n' || *skimmer->at == '\r'))
		skimmer->at++;
}

static bool skim_mark(struct skimmer *skimmer, char mark)
{
	skim_blanks(skimmer);
	if (skimmer->at == skimmer->end || *skimmer->at != mark)
		return false;
	skimmer->at++;
	return true;
}

static bool skim_digits(struct skimmer *skimmer)
{
	const char *first = skimmer->at;

	while (skimmer->at < skimmer->end && *skimmer->at >= '0' && *skimmer->at <= '9')
		skimmer->at++;
	return skimmer->at > first;
}

static bool skim_one_of(struct skimmer *skimmer, const char *marks)
{
	if (skimmer->at == skimmer->end || *skimmer->at == '\0' ||
	    strchr(marks, *skimmer->at) == NULL)
		return false;
	skimmer->at++;
	return true;
}

static bool skim_number(struct skimmer *skimmer)
{
	const char *first;

	(void)skim_one_of(skimmer, "-");
	first = skimmer->at;
	if (!skim_digits(skimmer) || (*first == '0' && skimmer->at - first > 1))
		return false;
	if (skim_one_of(skimmer, ".") && !skim_digits(skimmer))
		return false;
	if (!skim_one_of(skimmer, "eE"))
		return true;
	(void)skim_one_of(skimmer, "+-");
	return skim_digits(skimmer);
}

static bool skim_word(struct skimmer *skimmer, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(skimmer->end - skimmer->at) < size || memcmp(skimmer->at, word, size) != 0)
		return false;
	skimmer->at += size;
	return true;
}

/* ---- nesting ---- */

static bool in_object(const struct skimmer *skimmer)
{
	size_t level = skimmer->depth - 1;

	return (skimmer->objects[level / 64] >> (level % 64) & 1) != 0;
}

static bool enter(struct skimmer *skimmer, bool object)
{
	uint64_t bit;

	if (skimmer->depth == JSON_SKIM_DEPTH_MAX)
		return false;
	bit = UINT64_C(1) << (skimmer->depth % 64);
	if (object)
		skimmer->objects[skimmer->depth / 64] |= bit;
	else
		skimmer->objects[skimmer->depth / 64] &= ~bit;
	skimmer->depth++;
	skimmer->arrays += object ? 0 : 1;
	skimmer->at++;
	return true;
}

static void leave(struct skimmer *skimmer)
{
	skimmer->arrays -= in_object(skimmer) ? 0 : 1;
	skimmer->depth--;
}

static bool is_told(const struct skimmer *skimmer)
{
	return skimmer->arrays == 0 && skimmer->depth <= JSON_SKIM_KEYS_MAX;
}

static bool skim_key(struct skimmer *skimmer)
{
	struct json_slice key;

	skim_blanks(skimmer);
	if (!skim_string(skimmer, &key) || !skim_mark(skimmer, ':'))
		return false;
	if (is_told(skimmer))
		skimmer->member.keys[skimmer->depth - 1] = key;
	return true;
}

static bool skim_scalar(struct skimmer *skimmer)
{
	struct json_slice value = { .text = skimmer->at };

	switch (*skimmer->at) {
	case 't':
		return skim_word(skimmer, "true");
	case 'f':
		return skim_word(skimmer, "false");
	case 'n':
		return skim_word(skimmer, "null");
	case '"':
		if (!skim_string(skimmer, &value))
			return false;
		skimmer->member.is_string = true;
		break;
	default:
		if (!skim_number(skimmer))
			return false;
		value.size = (size_t)(skimmer->at - value.text);
		skimmer->member.is_string = false;
	}
	if (is_told(skimmer)) {
		skimmer->member.depth = skimmer->depth;
		skimmer->member.value = value;
		skimmer->seen(skimmer->context, &skimmer->member);
	}
	return true;
}

/* A value up to where the next one may begin, or the end of all. */
static bool skim_value(struct skimmer *skimmer, bool *ret_entered)
{
	skim_blanks(skimmer);
	*ret_entered = false;
	if (skimmer->at == skimmer->end)
		return false;
	if (*skimmer->at != '{' && *skimmer->at != '[')
		return skim_scalar(skimmer);
	if (!enter(skimmer, *skimmer->at == '{'))
		return false;
	*ret_entered = true;
	if (skim_mark(skimmer, in_object(skimmer) ? '}' : ']')) {
		leave(skimmer);
		*ret_entered = false;
	}
	return true;
}

bool json_skim(const char *text, size_t size, json_member_seen *seen, void *context)
{
	struct skimmer skimmer = {
		.at = text, .end = text + size, .seen = seen, .context = context
	};
	bool entered;

	skim_blanks(&skimmer);
	if (skimmer.at == skimmer.end || *skimmer.at != '{' || !skim_value(&skimmer, &entered))
		return false;
	while (skimmer.depth > 0) {
		if (!entered && !skim_mark(&skimmer, ',')) {
			if (!skim_mark(&skimmer, in_object(&skimmer) ? '}' : ']'))
				return false;
			leave(&skimmer);
			continue;
		}
		if (in_object(&skimmer) && !skim_key(&skimmer))
			return false;
		if (!skim_value(&skimmer, &entered))
			return false;
	}
	skim_blanks(&skimmer);
	return skimmer.at == skimmer.end;
}
