#include "config.h"

#include "file/words.h"

#include <string.h>

#include "base/array.h"

int words_add(struct words *words, const char *data, size_t size, struct error *err)
{
	char *copy;

	if (array_room(&words->items, words->count, &words->capacity, err) < 0)
		return -1;
	copy = malloc(size + 1);
	if (copy == NULL)
		return error_memory(err);
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	words->items[words->count++] = (struct word) { .data = copy, .size = size };
	return 0;
}

int words_add_at(struct words *words, const char *data, size_t size, const char *text,
		 const char *start, const char *end, struct error *err)
{
	if (words_add(words, data, size, err) < 0)
		return -1;
	words->items[words->count - 1].at = (struct span) {
		.start = (size_t)(start - text),
		.end = (size_t)(end - text),
	};
	return 0;
}

void words_shift(struct words *words, size_t by)
{
	for (size_t i = 0; i < words->count; i++) {
		words->items[i].at.start += by;
		words->items[i].at.end += by;
	}
}

void words_release(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i].data);
	free(words->items);
	*words = (struct words) { 0 };
}

size_t space_at(const char *text, size_t size)
{
	/* those above ASCII, as UTF-8 */
	static const char *const wide[] = {
		"\xc2\x85",	"\xc2\xa0",	"\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
		"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
		"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};

	if (size == 0)
		return 0;
	if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
		return 1;
	if ((unsigned char)*text < 0xc2)
		return 0;
	for (size_t i = 0; i < array_size(wide); i++) {
		size_t length = strlen(wide[i]);

		if (length <= size && memcmp(text, wide[i], length) == 0)
			return length;
	}
	return 0;
}

void space_trim_start(const char **text, size_t *size)
{
	size_t length;

	while ((length = space_at(*text, *size)) > 0) {
		*text += length;
		*size -= length;
	}
}

void space_trim(const char **text, size_t *size)
{
	space_trim_start(text, size);
	while (*size > 0) {
		size_t length = 0;

		for (size_t back = 1; back <= 3 && back <= *size && length == 0; back++)
			if (space_at(*text + *size - back, back) == back)
				length = back;
		if (length == 0)
			return;
		*size -= length;
	}
}
