#include "config.h"

#include "base/tap.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* One line: control bytes and bad UTF-8 as \xNN by text_escape, then '#' behind a backslash.
 * text_escape already writes a backslash as \x5c, so the result is unambiguous. */
static void tap_text(FILE *out, const char *text)
{
	auto_buf struct buf clean;

	buf_init(&clean, BUF_MAX_DEFAULT);
	text_escape(&clean, text, strlen(text));
	for (size_t i = 0; i < clean.size; i++) {
		if (clean.data[i] == '#' || clean.data[i] == '\\')
			(void)fputc('\\', out);
		(void)fputc(clean.data[i], out);
	}
}

void tap_begin(struct tap *tap, FILE *out)
{
	*tap = (struct tap) { .out = out };
	(void)fputs("TAP version 13\n", out);
}

/* JSON is YAML: a scalar is written as JSON, in ASCII. */
static void tap_scalar(FILE *out, const json_t *value)
{
	(void)json_dumpf(value, out, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
}

/* Any other key is quoted: a URL has a colon. */
#define TAP_KEY_LETTERS "abcdefghijklmnopqrstuvwxyz_0123456789"

static void tap_values(FILE *out, const json_t *values)
{
	const char *key;
	json_t *member;

	/* the macro wants a json_t it could change; it does not */
	json_object_foreach ((json_t *)(uintptr_t)values, key, member) {
		json_t *name = json_string(key);

		(void)fputs("  ", out);
		if (key[strspn(key, TAP_KEY_LETTERS)] == '\0')
			(void)fputs(key, out);
		else
			tap_scalar(out, name);
		(void)fputs(": ", out);
		tap_scalar(out, member);
		json_decref(name);
		(void)fputc('\n', out);
	}
}

void tap_test(struct tap *tap, bool holds, const char *description, const json_t *values)
{
	tap->count++;
	if (!holds)
		tap->failed++;
	(void)fprintf(tap->out, "%s %zu - ", holds ? "ok" : "not ok", tap->count);
	tap_text(tap->out, description);
	(void)fputc('\n', tap->out);
	if (values != NULL && json_object_size(values) > 0) {
		(void)fputs("  ---\n", tap->out);
		tap_values(tap->out, values);
		(void)fputs("  ...\n", tap->out);
	}
}

void tap_skip(struct tap *tap, const char *description, const char *reason)
{
	tap->count++;
	(void)fprintf(tap->out, "ok %zu - ", tap->count);
	tap_text(tap->out, description);
	(void)fputs(" # SKIP ", tap->out);
	tap_text(tap->out, reason);
	(void)fputc('\n', tap->out);
}

void tap_comment(struct tap *tap, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		auto_buf struct buf line;

		buf_init(&line, BUF_MAX_DEFAULT);
		text_escape(&line, text, length);
		(void)fprintf(tap->out, "# %s\n", line.data);
		text += length + (text[length] == '\n');
	}
}

void tap_bail(struct tap *tap, const char *reason)
{
	(void)fputs("Bail out! ", tap->out);
	tap_text(tap->out, reason);
	(void)fputc('\n', tap->out);
}

void tap_end(struct tap *tap)
{
	if (tap->count == 0)
		tap_test(tap, false, "at least one thing was decided", NULL);
	(void)fprintf(tap->out, "1..%zu\n", tap->count);
}
