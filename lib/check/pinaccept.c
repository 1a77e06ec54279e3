#include "config.h"

#include "check/pinaccept.h"

#include <string.h>

#include "base/array.h"

void pins_accept_release(struct pins_accept *accept)
{
	for (size_t i = 0; i < accept->count; i++) {
		free(accept->items[i].what);
		free(accept->items[i].reason);
	}
	free(accept->items);
	*accept = (struct pins_accept) { 0 };
}

static int add_entry(struct pins_accept *accept, const char *text, size_t size, size_t line,
		     struct error *err)
{
	struct pin_acceptance *entry;
	size_t what = 0;

	while (what < size && space_at(text + what, size - what) == 0)
		what++;
	if (array_room(&accept->items, accept->count, &accept->capacity, err) < 0)
		return -1;
	entry = &accept->items[accept->count++];
	*entry = (struct pin_acceptance) { .line = line };
	entry->what = strndup(text, what);
	text += what;
	size -= what;
	space_trim(&text, &size);
	entry->reason = strndup(text, size);
	if (entry->what == NULL || entry->reason == NULL)
		return error_memory(err);
	if (size == 0)
		return error_set(err, ERROR_INPUT, "'%s' has no reason", entry->what);
	for (size_t i = 0; i + 1 < accept->count; i++)
		if (strcmp(accept->items[i].what, entry->what) == 0)
			return error_set(err, ERROR_INPUT, "'%s' is in line %zu already",
					 entry->what, accept->items[i].line);
	return 0;
}

int pins_accept_parse(const char *data, size_t size, const char *name,
		      struct pins_accept *ret_accept, struct error *err)
{
	auto_pins_accept struct pins_accept accept = { 0 };
	const char *end = data + size;
	size_t line = 0;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *text = data;
		size_t length = (size_t)((newline != NULL ? newline : end) - data);

		line++;
		data = newline != NULL ? newline + 1 : end;
		if (memchr(text, '\0', length) != NULL)
			return error_set(err, ERROR_INPUT, "%s:%zu: a NUL byte", name, line);
		space_trim(&text, &length);
		if (length == 0 || *text == '#')
			continue;
		if (add_entry(&accept, text, length, line, err) < 0)
			return error_prefix(err, "%s:%zu", name, line);
	}
	*ret_accept = accept;
	accept = (struct pins_accept) { 0 };
	return 0;
}

/* "FILE:LINE" */
static bool is_place(const char *what, const char *file, size_t line)
{
	size_t length = strlen(file);
	char number[24];

	(void)snprintf(number, sizeof number, ":%zu", line);
	return strncmp(what, file, length) == 0 && strcmp(what + length, number) == 0;
}

static bool matches(const struct pin_acceptance *entry, const char *file, const struct pin *pin)
{
	return strcmp(entry->what, pin->raw) == 0 ||
	       (pin->resolved != NULL && strcmp(entry->what, pin->resolved) == 0) ||
	       is_place(entry->what, file, pin->line);
}

int pins_accept_mark(const struct pins_accept *accept, struct pins_file *files, size_t count,
		     struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < files[i].pins.count; j++) {
			struct pin *pin = &files[i].pins.items[j];

			for (size_t k = 0; k < accept->count && pin->accepted == NULL; k++) {
				if (!matches(&accept->items[k], files[i].name, pin))
					continue;
				pin->accepted = strdup(accept->items[k].reason);
				if (pin->accepted == NULL)
					return error_memory(err);
			}
		}
	}
	return 0;
}

void pins_accept_check(struct pins_accept *accept, const struct pins_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < files[i].pins.count; j++)
			for (size_t k = 0; k < accept->count; k++)
				if (!files[i].pins.items[j].holds &&
				    matches(&accept->items[k], files[i].name,
					    &files[i].pins.items[j]))
					accept->items[k].used = true;
}
