#include "config.h"

#include "check/lint.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/array.h"

/* More are refused: that many show nothing that fewer do not, but what is left out may fail. */
#define FINDINGS_MAX 1000000

const char *lint_severity_name(enum lint_severity severity)
{
	static const char *const names[] = {
		[LINT_INFO] = "info",
		[LINT_WARNING] = "warning",
		[LINT_ERROR] = "error",
	};

	return names[severity];
}

/* How many letters have to be put in, left out or changed; of words that are not long. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64];
	size_t length = strlen(b);

	if (length >= array_size(row))
		return UINT_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < length; j++) {
			unsigned change = diagonal + (a[i] != b[j]);
			unsigned shorter = row[j] < row[j + 1] ? row[j] : row[j + 1];

			diagonal = row[j + 1];
			row[j + 1] = change < shorter + 1 ? change : shorter + 1;
		}
	}
	return row[length];
}

const char *lint_rule_nearest(const char *slug)
{
	const char *nearest = NULL;
	unsigned least = UINT_MAX;

	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const char *other = lint_rule((enum lint_id)i)->slug;
		unsigned steps = distance(slug, other);

		if (nearest == NULL || steps < least) {
			nearest = other;
			least = steps;
		}
	}
	return nearest;
}

int lint_expect(struct lint_expectations *expectations, const char *text, struct error *err)
{
	const struct {
		const char *name;
		struct option_number *number;
		bool duration;
	} known[] = {
		{ "uid", &expectations->uid, false },
		{ "port", &expectations->port, false },
		{ "health-interval", &expectations->interval, true },
		{ "health-timeout", &expectations->timeout, true },
		{ "health-start-period", &expectations->start_period, true },
		{ "health-retries", &expectations->retries, false },
	};
	const char *sign = strchr(text, '=');
	uint64_t value;

	for (size_t i = 0; sign != NULL && i < array_size(known); i++) {
		if (strlen(known[i].name) != (size_t)(sign - text) ||
		    strncmp(known[i].name, text, (size_t)(sign - text)) != 0)
			continue;
		if ((known[i].duration ? text_parse_duration(sign + 1, &value, err)
				       : text_parse_number(sign + 1, &value, err)) < 0)
			return error_prefix(err, "'%s'", text);
		*known[i].number = (struct option_number) { true, value };
		return 0;
	}
	return error_set(err, ERROR_USAGE,
			 "'%s' is no expectation: uid=, port=, health-interval=, health-timeout=, "
			 "health-start-period= or health-retries=",
			 text);
}

void lint_init(struct lint *lint)
{
	*lint = (struct lint) { 0 };
	for (size_t i = 0; i < LINT_RULE_COUNT; i++)
		lint->enabled[i] = !lint_rule((enum lint_id)i)->off;
}

void lint_release(struct lint *lint)
{
	for (size_t i = 0; i < lint->count; i++) {
		free(lint->findings[i].message);
		free(lint->findings[i].silenced);
	}
	for (size_t i = 0; i < lint->silence_count; i++)
		free(lint->silences[i].reason);
	free(lint->findings);
	free(lint->credits);
	free(lint->silences);
	*lint = (struct lint) { 0 };
}

int lint_find(struct lint *lint, enum lint_id rule, const struct lint_place *place,
	      struct error *err, const char *format, ...)
{
	char *message = NULL;
	va_list arguments;
	int length;

	if (!lint->enabled[rule])
		return 0;
	if (lint->count >= FINDINGS_MAX)
		return error_set(err, ERROR_INPUT, "more than %d findings: choose rules by --only",
				 FINDINGS_MAX);
	if (array_room(&lint->findings, lint->count, &lint->capacity, err) < 0)
		return -1;
	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length < 0)
		return error_memory(err);
	lint->findings[lint->count++] = (struct lint_finding) {
		.rule = rule,
		.place = *place,
		.message = message,
	};
	return 0;
}

/* Two rules may want to insert at one place: then both texts go there. False where none is yet. */
static int insert_too(const struct lint *lint, struct span at, const char *text, bool *ret_done,
		      struct error *err)
{
	*ret_done = false;
	for (size_t i = 0; at.start == at.end && i < lint->edits->count; i++) {
		struct edit *edit = &lint->edits->items[i];
		char *both = NULL;

		if (edit->at.start != at.start || edit->at.end != at.end)
			continue;
		if (asprintf(&both, "%s%s", edit->text, text) < 0)
			return error_memory(err);
		free(edit->text);
		edit->text = both;
		*ret_done = true;
		return 0;
	}
	return 0;
}

int lint_fix(struct lint *lint, enum lint_id rule, struct span at, const char *text,
	     struct error *err)
{
	struct error touches = ERROR_INIT;
	bool inserted;

	if (lint->edits == NULL || lint->count == 0 || at.end < at.start ||
	    lint->findings[lint->count - 1].rule != rule)
		return 0;
	if (insert_too(lint, at, text, &inserted, err) < 0)
		return -1;
	if (!inserted && edits_add(lint->edits, at, text, &touches) < 0)
		return touches.kind == ERROR_INPUT ? 0 : error_copy(err, &touches);
	lint->findings[lint->count - 1].fixed = true;
	return 0;
}

int lint_credit(struct lint *lint, const char *text, const struct lint_place *place,
		struct error *err)
{
	for (size_t i = 0; i < lint->credit_count; i++)
		if (lint->credits[i].place.target == place->target &&
		    strcmp(lint->credits[i].text, text) == 0)
			return 0;
	if (array_room(&lint->credits, lint->credit_count, &lint->credit_capacity, err) < 0)
		return -1;
	lint->credits[lint->credit_count++] = (struct lint_credit) { text, *place };
	return 0;
}

static const char *skip_blanks(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

/* "SLUG,SLUG REASON" */
static int silence_read(struct lint *lint, struct lint_silence *silence, const char *text,
			struct error *err)
{
	do {
		size_t length = strcspn(text, ",: \t");
		auto_free char *slug = strndup(text, length);
		enum lint_id rule;

		if (slug == NULL)
			return error_memory(err);
		rule = lint_rule_find(slug);
		if (rule == LINT_RULE_COUNT)
			return lint_find(lint, LINT_SILENCE_INVALID, &silence->place, err,
					 "there is no rule '%s': did you mean '%s'?", slug,
					 lint_rule_nearest(slug));
		silence->rules[rule] = true;
		text += length;
	} while (*text++ == ',');
	text = skip_blanks(text - 1);
	while (*text == ':' || *text == '-')
		text = skip_blanks(text + 1);
	if (*text == '\0')
		return lint_find(lint, LINT_SILENCE_INVALID, &silence->place, err,
				 "a finding is silenced without a reason");
	silence->reason = strdup(text);
	return silence->reason != NULL ? 0 : error_memory(err);
}

int lint_silence(struct lint *lint, const char *comment, const struct lint_place *place,
		 size_t line, struct error *err)
{
	static const char mark[] = "image-lint:";
	static const char verb[] = "ignore=";
	struct lint_silence silence = { .place = *place, .line = line };

	comment = skip_blanks(comment);
	if (strncmp(comment, mark, sizeof mark - 1) != 0)
		return 0;
	comment = skip_blanks(comment + sizeof mark - 1);
	if (strncmp(comment, verb, sizeof verb - 1) != 0)
		return lint_find(lint, LINT_SILENCE_INVALID, place, err,
				 "'ignore=SLUG REASON' is expected behind 'image-lint:'");
	if (array_room(&lint->silences, lint->silence_count, &lint->silence_capacity, err) < 0 ||
	    silence_read(lint, &silence, comment + sizeof verb - 1, err) < 0)
		return -1;
	if (silence.reason != NULL)
		lint->silences[lint->silence_count++] = silence;
	return 0;
}

static int silence_apply(struct lint *lint, struct lint_finding *finding, struct error *err)
{
	for (size_t i = 0; i < lint->silence_count; i++) {
		struct lint_silence *silence = &lint->silences[i];

		if (silence->place.target != finding->place.target ||
		    !silence->rules[finding->rule] || finding->place.line == 0 ||
		    (silence->line != finding->place.line &&
		     silence->line != finding->place.instruction))
			continue;
		silence->used[finding->rule] = true;
		if (finding->silenced == NULL)
			finding->silenced = strdup(silence->reason);
		if (finding->silenced == NULL)
			return error_memory(err);
	}
	return 0;
}

static int order(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_findings(const void *a, const void *b)
{
	const struct lint_finding *one = a;
	const struct lint_finding *other = b;
	int result = order(one->place.target, other->place.target);

	if (result == 0)
		result = order(one->place.line, other->place.line);
	if (result == 0)
		result = order(one->place.column, other->place.column);
	if (result == 0)
		result = order(one->rule, other->rule);
	return result != 0 ? result : strcmp(one->message, other->message);
}

int lint_finish(struct lint *lint, struct error *err)
{
	for (size_t i = 0; i < lint->count; i++)
		if (lint->findings[i].rule != LINT_SILENCE_INVALID &&
		    silence_apply(lint, &lint->findings[i], err) < 0)
			return -1;
	for (size_t i = 0; i < lint->silence_count; i++)
		for (size_t k = 0; k < LINT_RULE_COUNT; k++) {
			const struct lint_silence *silence = &lint->silences[i];

			/* one that was not looked for may still be there */
			if (!silence->rules[k] || silence->used[k] || !lint->enabled[k])
				continue;
			if (lint_find(lint, LINT_SILENCE_UNUSED, &silence->place, err,
				      "nothing breaks '%s' on line %zu",
				      lint_rule((enum lint_id)k)->slug, silence->line) < 0)
				return -1;
		}
	if (lint->count > 0)
		qsort(lint->findings, lint->count, sizeof *lint->findings, compare_findings);
	return 0;
}

size_t lint_count(const struct lint *lint, enum lint_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < lint->count; i++)
		count += lint->findings[i].silenced == NULL &&
			 lint_rule(lint->findings[i].rule)->severity == severity;
	return count;
}
