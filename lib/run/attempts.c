#include "config.h"

#include "run/attempts.h"

#include <string.h>

#include "base/array.h"

static uint64_t hash_of(const struct attempt *attempt)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)attempt->pid ^
			(uint64_t)attempt->error << 32 ^ (uint64_t)(uintptr_t)attempt->call;

	for (const char *p = attempt->path; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return hash;
}

static bool is_same(const struct attempt *a, const struct attempt *b)
{
	return a->pid == b->pid && a->error == b->error && a->call == b->call &&
	       strcmp(a->path, b->path) == 0;
}

/* Of the attempt, or the free one where it belongs. */
static size_t slot_of(const struct attempts *attempts, const struct attempt *attempt)
{
	size_t mask = attempts->slot_count - 1;
	size_t slot = (size_t)hash_of(attempt) & mask;

	while (attempts->slots[slot] != 0 &&
	       !is_same(&attempts->items[attempts->slots[slot] - 1], attempt))
		slot = (slot + 1) & mask;
	return slot;
}

struct attempt *attempts_again(struct attempts *attempts, const struct attempt *attempt)
{
	size_t position =
		attempts->slot_count > 0 ? attempts->slots[slot_of(attempts, attempt)] : 0;

	if (position == 0)
		return NULL;
	attempts->total++;
	attempts->items[position - 1].count++;
	return &attempts->items[position - 1];
}

/* At most half of the slots are taken. */
static bool slots_room(struct attempts *attempts)
{
	size_t count = attempts->slot_count > 0 ? 2 * attempts->slot_count : 256;
	size_t *slots;

	if (attempts->slot_count > 2 * attempts->count)
		return true;
	slots = calloc(count, sizeof *slots);
	if (slots == NULL)
		return false;
	free(attempts->slots);
	attempts->slots = slots;
	attempts->slot_count = count;
	for (size_t i = 0; i < attempts->count; i++)
		attempts->slots[slot_of(attempts, &attempts->items[i])] = i + 1;
	return true;
}

static size_t text_size_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static size_t bytes_of(const struct attempt *attempt)
{
	return text_size_of(attempt->process) + text_size_of(attempt->executable) +
	       text_size_of(attempt->path) + text_size_of(attempt->from);
}

bool attempts_full(const struct attempts *attempts)
{
	return attempts->count == ATTEMPTS_MAX || attempts->bytes == ATTEMPTS_BYTES_MAX;
}

void attempts_add(struct attempts *attempts, struct attempt *attempt)
{
	size_t bytes = bytes_of(attempt);

	attempts->total++;
	/* the first are kept, not the small ones */
	if (bytes > ATTEMPTS_BYTES_MAX - attempts->bytes)
		attempts->bytes = ATTEMPTS_BYTES_MAX;
	if (attempts_full(attempts) || !slots_room(attempts) ||
	    array_room(&attempts->items, attempts->count, &attempts->capacity, NULL) < 0) {
		attempt_release(attempt);
		return;
	}
	attempt->count = 1;
	attempts->bytes += bytes;
	attempts->slots[slot_of(attempts, attempt)] = attempts->count + 1;
	attempts->items[attempts->count++] = *attempt;
	*attempt = (struct attempt) { 0 };
}

void attempt_release(struct attempt *attempt)
{
	free(attempt->process);
	free(attempt->executable);
	free(attempt->path);
	free(attempt->from);
	*attempt = (struct attempt) { 0 };
}

void attempts_release(struct attempts *attempts)
{
	for (size_t i = 0; i < attempts->count; i++)
		attempt_release(&attempts->items[i]);
	free(attempts->items);
	free(attempts->slots);
	*attempts = (struct attempts) { 0 };
}
