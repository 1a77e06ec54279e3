#include "config.h"

#include "check/pins.h"

#include <string.h>

const char *pin_kind_name(enum pin_kind kind)
{
	static const char *const names[] = {
		[PIN_DIGEST] = "digest",   [PIN_TAG] = "tag",
		[PIN_LATEST] = "latest",   [PIN_UNTAGGED] = "untagged",
		[PIN_SCRATCH] = "scratch", [PIN_STAGE] = "stage",
		[PIN_INVALID] = "invalid", [PIN_UNRESOLVED] = "unresolved",
	};

	return names[kind];
}

const char *pin_tag_name(enum pin_tag tag)
{
	static const char *const names[] = {
		[PIN_TAG_NONE] = NULL,
		[PIN_TAG_SAME] = "same",
		[PIN_TAG_MOVED] = "moved",
		[PIN_TAG_GONE] = "gone",
	};

	return names[tag];
}

bool pin_is_external(const struct pin *pin)
{
	return pin->kind != PIN_SCRATCH && pin->kind != PIN_STAGE;
}

static void pin_release(struct pin *pin)
{
	free(pin->instruction);
	free(pin->stage);
	free(pin->service);
	free(pin->fixed);
	free(pin->raw);
	free(pin->resolved);
	free(pin->reason);
	free(pin->note);
	free(pin->accepted);
	free(pin->registry.platforms);
	reference_release(&pin->reference);
}

void pins_release(struct pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		pin_release(&pins->items[i]);
	free(pins->items);
	*pins = (struct pins) { 0 };
}

static char *copy(const char *text, bool *failed)
{
	char *copied = text != NULL ? strdup(text) : NULL;

	*failed = *failed || (text != NULL && copied == NULL);
	return copied;
}

/* The new one stays in the list even where a part of it could not be copied. */
static struct pin *pins_grow(struct pins *pins, const struct pin_place *place, enum pin_kind kind,
			     const char *raw, const char *resolved, const char *reason,
			     struct error *err)
{
	bool failed = false;
	struct pin *pin;

	if (pins->count == pins->capacity) {
		size_t capacity = pins->capacity > 0 ? pins->capacity * 2 : 8;
		struct pin *items = reallocarray(pins->items, capacity, sizeof *items);

		if (items == NULL) {
			(void)error_memory(err);
			return NULL;
		}
		pins->items = items;
		pins->capacity = capacity;
	}
	pin = &pins->items[pins->count++];
	*pin = (struct pin) {
		.line = place->line,
		.token_line = place->token_line,
		.column = place->column,
		.at = place->at,
		.end = place->end,
		.kind = kind,
	};
	pin->base = place->base && pin_is_external(pin);
	pin->pinned = kind == PIN_DIGEST || !pin_is_external(pin);
	pin->instruction = copy(place->instruction, &failed);
	pin->stage = copy(place->stage, &failed);
	pin->service = copy(place->service, &failed);
	pin->fixed = copy(place->fixed, &failed);
	pin->raw = copy(raw, &failed);
	pin->resolved = copy(resolved, &failed);
	pin->reason = copy(reason, &failed);
	if (failed) {
		(void)error_memory(err);
		return NULL;
	}
	return pin;
}

int pins_add(struct pins *pins, const struct pin_place *place, enum pin_kind kind, const char *raw,
	     const char *resolved, const char *reason, struct error *err)
{
	return pins_grow(pins, place, kind, raw, resolved, reason, err) == NULL ? -1 : 0;
}

int pins_add_pinned(struct pins *pins, const struct pin_place *place, const char *raw,
		    const char *resolved, const struct digest *digest, struct error *err)
{
	struct pin *pin = pins_grow(pins, place, PIN_DIGEST, raw, resolved, NULL, err);

	if (pin == NULL)
		return -1;
	pin->digest = *digest;
	return 0;
}

static enum pin_kind kind_of(const struct reference *reference)
{
	if (digest_is_set(&reference->digest))
		return PIN_DIGEST;
	if (reference->tag == NULL)
		return PIN_UNTAGGED;
	return strcmp(reference->tag, "latest") == 0 ? PIN_LATEST : PIN_TAG;
}

int pins_add_image(struct pins *pins, const struct pin_place *place, const char *raw,
		   const char *resolved, struct error *err)
{
	static const char *const reasons[] = {
		[PIN_TAG] = "not pinned: a tag can move, a digest cannot",
		[PIN_LATEST] = "not pinned: 'latest' moves",
		[PIN_UNTAGGED] = "not pinned: neither tag nor digest",
	};
	auto_reference struct reference reference = { 0 };
	struct error wrong = ERROR_INIT;
	enum pin_kind kind;
	struct pin *pin;

	if (reference_parse(resolved, REFERENCE_NORMALISED, &reference, &wrong) < 0) {
		if (wrong.kind == ERROR_MEMORY)
			return error_memory(err);
		return pins_add(pins, place, PIN_INVALID, raw, resolved, wrong.text, err);
	}
	kind = kind_of(&reference);
	pin = pins_grow(pins, place, kind, raw, resolved, kind == PIN_DIGEST ? NULL : reasons[kind],
			err);
	if (pin == NULL)
		return -1;
	pin->digest = reference.digest;
	pin->reference = reference;
	reference = (struct reference) { 0 };
	return 0;
}

static int set_once(char **place, const char *format, va_list args, struct error *err)
	printf_like(2, 0);

static int set_once(char **place, const char *format, va_list args, struct error *err)
{
	if (*place != NULL)
		return 0;
	if (vasprintf(place, format, args) >= 0)
		return 0;
	*place = NULL;
	return error_memory(err);
}

int pin_fail(struct pin *pin, struct error *err, const char *format, ...)
{
	va_list args;
	int result;

	pin->holds = false;
	va_start(args, format);
	result = set_once(&pin->reason, format, args, err);
	va_end(args);
	return result;
}

int pin_note(struct pin *pin, struct error *err, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = set_once(&pin->note, format, args, err);
	va_end(args);
	return result;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Of one repository, and of one tag as far as tags are written. */
static bool same_base(const struct reference *a, const struct reference *b)
{
	return same_text(a->domain, b->domain) && same_text(a->path, b->path) &&
	       (a->tag == NULL || b->tag == NULL || strcmp(a->tag, b->tag) == 0);
}

/* Compares a base with those of the stages before it. */
static int judge_consistency(struct pins *pins, size_t index, struct pins_verdict *verdict,
			     struct error *err)
{
	struct pin *pin = &pins->items[index];

	for (size_t i = 0; i < index; i++) {
		const struct pin *other = &pins->items[i];

		if (!other->base || !same_text(other->service, pin->service))
			continue;
		/* one of them is not known: nor is whether they are the same */
		if (pin->reference.path == NULL || other->reference.path == NULL) {
			verdict->inconsistent += pin->accepted != NULL ? 0 : 1;
			return 0;
		}
		if (!same_base(&pin->reference, &other->reference) ||
		    digest_equal(&pin->digest, &other->digest))
			continue;
		verdict->inconsistent += pin->accepted != NULL ? 0 : 1;
		return pin_fail(pin, err, "another digest than that of the same base in line %zu",
				other->line);
	}
	return 0;
}

static bool is_demanded(const struct pin *pin, const struct reference *demand)
{
	if (!same_text(pin->reference.domain, demand->domain) ||
	    !same_text(pin->reference.path, demand->path))
		return false;
	if (demand->tag != NULL && !same_text(demand->tag, pin->reference.tag))
		return false;
	return !digest_is_set(&demand->digest) || digest_equal(&demand->digest, &pin->digest);
}

static int judge_pin(struct pins *pins, size_t index, const struct reference *demands,
		     const char *const *bases, size_t base_count, struct pins_verdict *verdict,
		     struct error *err)
{
	struct pin *pin = &pins->items[index];
	bool demanded = base_count == 0;

	pin->holds = pin->pinned;
	if (pin_is_external(pin)) {
		verdict->external++;
		verdict->unpinned += pin->pinned || pin->accepted != NULL ? 0 : 1;
		verdict->accepted += pin->accepted != NULL ? 1 : 0;
	}
	if (!pin->base)
		return 0;
	verdict->bases++;
	if (judge_consistency(pins, index, verdict, err) < 0)
		return -1;
	for (size_t i = 0; i < base_count && !demanded; i++)
		demanded = is_demanded(pin, &demands[i]);
	if (demanded)
		return 0;
	verdict->undemanded += pin->accepted != NULL ? 0 : 1;
	return pin_fail(pin, err,
			base_count == 1 ? "the base is not %s"
					: "the base is not %s, or the others that are allowed",
			bases[0]);
}

static void demands_free(struct reference *demands, size_t count)
{
	for (size_t i = 0; i < count; i++)
		reference_release(&demands[i]);
	free(demands);
}

static int demands_parse(const char *const *bases, size_t count, struct reference **ret_demands,
			 struct error *err)
{
	struct reference *demands = calloc(count + 1, sizeof *demands);

	if (demands == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (reference_parse(bases[i], REFERENCE_NORMALISED, &demands[i], err) < 0) {
			demands_free(demands, i);
			err->kind = err->kind == ERROR_INPUT ? ERROR_USAGE : err->kind;
			return error_prefix(err, "--base");
		}
	}
	*ret_demands = demands;
	return 0;
}

int pins_judge(struct pins_file *files, size_t count, const char *const *bases, size_t base_count,
	       struct pins_verdict *ret_verdict, struct error *err)
{
	struct pins_verdict verdict = { 0 };
	struct reference *demands = NULL;
	int result = 0;

	if (demands_parse(bases, base_count, &demands, err) < 0)
		return -1;
	for (size_t i = 0; i < count && result == 0; i++)
		for (size_t j = 0; j < files[i].pins.count && result == 0; j++)
			result = judge_pin(&files[i].pins, j, demands, bases, base_count, &verdict,
					   err);
	demands_free(demands, base_count);
	if (result < 0)
		return -1;
	verdict.pinned = verdict.unpinned == 0;
	verdict.consistent = verdict.inconsistent == 0;
	verdict.base = base_count == 0 || (verdict.bases > 0 && verdict.undemanded == 0);
	*ret_verdict = verdict;
	return 0;
}
