#include "config.h"

#include "check/pinupdate.h"

#include <string.h>

#include "base/buf.h"

/* ADD's checksums, commits of repositories and what is no reference are no matter of tags. */
static bool is_asked(const struct pin *pin)
{
	return pin_is_external(pin) && pin->reference.path != NULL &&
	       (pin->kind != PIN_DIGEST || pin->reference.tag != NULL);
}

static int add_questions(struct pinask *ask, const struct pins_file *file, bool platforms,
			 struct error *err)
{
	for (size_t i = 0; i < file->pins.count; i++) {
		const struct pin *pin = &file->pins.items[i];
		auto_free char *subject = NULL;

		if (!is_asked(pin))
			continue;
		if (asprintf(&subject, "%s:%zu", file->name, pin->line) < 0)
			return error_memory(err);
		if (pinask_add(ask, &pin->reference, false, platforms, subject, err) < 0)
			return -1;
	}
	return 0;
}

static int stuck(struct pins_update *update, struct pin_change *change, const char *why,
		 struct error *err)
{
	change->kind = PIN_STUCK;
	change->why = strdup(why);
	update->stuck++;
	return change->why == NULL ? error_memory(err) : 0;
}

/* The place of the digest, "@" included, in the text that the reference ends with; an empty one
 * behind it where there is none. False where the file has something else there. */
static bool find_digest(const struct pins_file *file, const struct pin *pin, struct span *ret_at)
{
	size_t size = pin->end.end - pin->end.start;
	size_t resolved = strlen(pin->resolved);
	const char *text;
	const char *sign;

	if (pin->end.end > file->size || pin->end.start >= pin->end.end || size > resolved)
		return false;
	text = file->data + pin->end.start;
	if (memcmp(pin->resolved + resolved - size, text, size) != 0)
		return false;
	*ret_at = (struct span) { pin->end.end, pin->end.end };
	if (!digest_is_set(&pin->reference.digest))
		return true;
	sign = memrchr(text, '@', size);
	if (sign == NULL)
		return false;
	ret_at->start = pin->end.start + (size_t)(sign - text);
	return true;
}

static int change_pin(const struct pins_file *file, const struct pin *pin,
		      struct pins_update *update, struct pin_change *change, struct error *err)
{
	char text[DIGEST_TEXT_MAX + 1] = "@";
	struct span at;

	if (pin->fixed != NULL)
		return stuck(update, change, pin->fixed, err);
	if (!find_digest(file, pin, &at))
		return stuck(update, change, "the file writes it in another way", err);
	(void)digest_text(&change->to, text + 1);
	if (edits_add(&update->edits, at, text, err) < 0)
		return error_prefix(err, "%s:%zu", file->name, pin->line);
	change->kind = PIN_CHANGED;
	update->changed++;
	return 0;
}

static int update_pin(const struct pins_file *file, const struct pin *pin, const struct pinask *ask,
		      const struct pinverify_settings *settings, struct pins_update *update,
		      struct pin_change *change, struct error *err)
{
	const struct pin_answer *answer;
	auto_free char *lack = NULL;

	if (pin->kind == PIN_DIGEST && pin->reference.path != NULL && pin->reference.tag == NULL)
		change->kind = PIN_STAYS;
	change->from = pin->reference.digest;
	if (!is_asked(pin))
		return 0;
	answer = pinask_answer(ask, &pin->reference, false);
	if (answer->missing)
		return error_set(err, ERROR_MISSING, "%s:%zu: %s: the registry does not have it",
				 file->name, pin->line, pin->resolved);
	change->to = answer->digest;
	if (digest_equal(&change->from, &change->to))
		return 0;
	if (pinverify_lack(answer, settings, &lack, err) < 0)
		return -1;
	if (lack != NULL)
		return stuck(update, change, lack, err);
	return change_pin(file, pin, update, change, err);
}

static int update_file(const struct pins_file *file, const struct pinask *ask,
		       const struct pinverify_settings *settings, struct pins_update *update,
		       struct error *err)
{
	update->changes = calloc(file->pins.count + 1, sizeof *update->changes);
	if (update->changes == NULL)
		return error_memory(err);
	update->count = file->pins.count;
	for (size_t i = 0; i < update->count; i++)
		if (update_pin(file, &file->pins.items[i], ask, settings, update,
			       &update->changes[i], err) < 0)
			return -1;
	return 0;
}

void pins_update_release(struct pins_update *update)
{
	for (size_t i = 0; i < update->count; i++)
		free(update->changes[i].why);
	free(update->changes);
	edits_release(&update->edits);
	*update = (struct pins_update) { 0 };
}

int pins_update_find(struct pins_file *files, size_t count,
		     const struct pinverify_settings *settings, struct pins_update **ret_updates,
		     struct error *err)
{
	auto_pinask struct pinask *ask = NULL;
	struct pins_update *updates;
	int result = 0;

	if (pinask_new(settings->registry, &ask, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_questions(ask, &files[i], settings->platform_count > 0, err) < 0)
			return -1;
	if (pinask_run(ask, err) < 0)
		return -1;
	updates = calloc(count + 1, sizeof *updates);
	if (updates == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count && result == 0; i++)
		result = update_file(&files[i], ask, settings, &updates[i], err);
	if (result == 0) {
		*ret_updates = updates;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		pins_update_release(&updates[i]);
	free(updates);
	return -1;
}

static int tell_stuck(const struct pin_change *change, struct pin *pin, struct error *err)
{
	auto_free char *before = steal(&pin->reason);

	if (before != NULL)
		return pin_fail(pin, err, "%s; not rewritten: %s", before, change->why);
	return pin_fail(pin, err, "older than its tag; not rewritten: %s", change->why);
}

int pins_update_tell(const struct pins_update *update, struct pins *pins, struct error *err)
{
	if (update->count != pins->count)
		return error_set(err, ERROR_INPUT, "the changed file has other references");
	for (size_t i = 0; i < update->count; i++) {
		const struct pin_change *change = &update->changes[i];
		struct pin *pin = &pins->items[i];

		if (change->kind == PIN_STUCK && tell_stuck(change, pin, err) < 0)
			return -1;
		if (change->kind == PIN_STAYS &&
		    pin_note(pin, err, "stays: there is no tag beside the digest") < 0)
			return -1;
		if (change->kind == PIN_CHANGED && !digest_equal(&pin->digest, &change->to))
			return error_set(err, ERROR_INPUT,
					 "line %zu: the change would not have its effect",
					 pin->line);
	}
	return 0;
}
