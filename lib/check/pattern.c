#include "config.h"

#include "check/pattern.h"

#include <ctype.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"

#define PATTERN_TEXT_MAX ((size_t)64 << 10)
#define MATCH_LIMIT	 10000000
#define HEAP_LIMIT_KIB	 20000
#define JIT_STACK_START	 ((size_t)32 << 10)
#define JIT_STACK_MAX	 ((size_t)1 << 20)

struct pattern {
	enum pattern_syntax syntax;
	unsigned flags;
	char *text;
	size_t size;
	struct buf source; /* of a path pattern: the expression, for the sieve */
	enum { WHOLE_PATH, LAST_COMPONENT, LAST_COMPONENTS } reach;
	bool directories_only;
	pcre2_code *code; /* NULL for a fixed string in text */
	struct needles needles;
	size_t lookbehind;
};

struct scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

/* ---- compiling ---- */

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	free(pattern->text);
	buf_release(&pattern->source);
	pcre2_code_free(pattern->code);
	needles_release(&pattern->needles);
	free(pattern);
}

static void pattern_free_pointer(struct pattern **place)
{
	pattern_free(*place);
}

static int compile(const char *text, size_t size, uint32_t options, uint32_t jit,
		   pcre2_code **ret_code, struct error *err)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR why[256];
	PCRE2_SIZE at = 0;
	pcre2_code *code;
	int rc = 0;

	if (context == NULL)
		return error_memory(err);
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)text, size,
			     options | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &rc, &at,
			     context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		(void)pcre2_get_error_message(rc, why, sizeof why);
		return error_set(err, ERROR_USAGE, "regular expression '%.*s': at byte %zu: %s",
				 (int)(size < 200 ? size : 200), text, (size_t)at,
				 (const char *)why);
	}
	/* Without JIT (another processor, or memory that may not be executed) it is slower only. */
	(void)pcre2_jit_compile(code, jit);
	*ret_code = code;
	return 0;
}

static void add_quoted(struct buf *out, char c)
{
	if (isalnum((unsigned char)c) || c == '_' || c == '/')
		buf_add_char(out, c);
	else
		buf_printf(out, "\\x%02x", (unsigned)(unsigned char)c);
}

/* A bracket expression; `at` is behind the '['. Returns what follows it; 0 where it never ends. */
static size_t add_class(struct buf *out, const char *text, size_t size, size_t at)
{
	size_t first;

	buf_add_string(out, "(?!/)[");
	if (at < size && (text[at] == '!' || text[at] == '^')) {
		buf_add_char(out, '^');
		at++;
	}
	for (first = at; at < size && (text[at] != ']' || at == first); at++) {
		const char *end;

		if (text[at] == '[' && at + 1 < size && text[at + 1] == ':') {
			end = memmem(text + at, size - at, ":]", 2);
			if (end == NULL)
				return 0;
			buf_add(out, text + at, (size_t)(end - (text + at)) + 2);
			at = (size_t)(end - text) + 1;
		} else if (text[at] == '-' && at > first && at + 1 < size && text[at + 1] != ']') {
			buf_add_char(out, '-');
		} else {
			if (text[at] == '\\' && at + 1 < size)
				at++;
			add_quoted(out, text[at]);
		}
	}
	if (at >= size)
		return 0;
	buf_add_char(out, ']');
	return at + 1;
}

/* Within a component, or a run of stars: `at` is on a '*'. */
static size_t add_stars(struct buf *out, const char *text, size_t size, size_t at)
{
	size_t end = at;

	while (end < size && text[end] == '*')
		end++;
	if (end - at == 2 && (at == 0 || text[at - 1] == '/')) {
		if (end == size && at > 0) {
			buf_add_string(out, ".+");
			return end;
		}
		if (end < size && text[end] == '/') {
			buf_add_string(out, "(?:[^/]+/)*");
			return end + 1;
		}
	}
	buf_add_string(out, "[^/]*");
	return end;
}

static int translate_glob(struct pattern *pattern, struct error *err)
{
	const char *text = pattern->text;
	size_t size = pattern->size;
	struct buf *out = &pattern->source;

	while (size > 0 && text[size - 1] == '/' && (size < 2 || text[size - 2] != '\\')) {
		pattern->directories_only = true;
		size--;
	}
	if (memchr(text, '/', size) == NULL)
		pattern->reach = LAST_COMPONENT;
	for (; size > 0 && *text == '/'; size--)
		text++;
	/* What may be anywhere is looked for from each '/': quicker than trying every way down. */
	if (pattern->reach == WHOLE_PATH && size > 3 && memcmp(text, "**/", 3) == 0) {
		pattern->reach = LAST_COMPONENTS;
		text += 3;
		size -= 3;
	}
	if (size == 0)
		return error_set(err, ERROR_USAGE, "glob '%s': it names nothing", pattern->text);
	for (size_t at = 0; at < size;) {
		switch (text[at]) {
		case '*':
			at = add_stars(out, text, size, at);
			break;
		case '?':
			buf_add_string(out, "[^/]");
			at++;
			break;
		case '[':
			at = add_class(out, text, size, at + 1);
			if (at == 0)
				return error_set(err, ERROR_USAGE,
						 "glob '%s': '[' without ']' (the character "
						 "itself is '\\[')",
						 pattern->text);
			break;
		case '\\':
			if (++at == size)
				return error_set(err, ERROR_USAGE,
						 "glob '%s': nothing after the last backslash",
						 pattern->text);
			add_quoted(out, text[at++]);
			break;
		default:
			add_quoted(out, text[at++]);
		}
	}
	return 0;
}

static void translate_fixed(struct pattern *pattern)
{
	size_t at = 0;

	if (pattern->text[0] == '/') {
		buf_add_string(&pattern->source, "(?:\\A|/)");
		at = 1;
	}
	for (; at < pattern->size; at++)
		add_quoted(&pattern->source, pattern->text[at]);
}

/* The expression with what holds it to its place. */
static void add_whole(struct buf *out, const struct pattern *pattern)
{
	const char *begin = "";
	const char *end = "";

	if (pattern->syntax == PATTERN_GLOB) {
		begin = pattern->reach == LAST_COMPONENTS ? "(?:\\A|/)(?:" : "\\A(?:";
		end = ")\\z";
	}
	buf_printf(out, "%s%s%s", begin, pattern->source.data, end);
}

static int compile_path(struct pattern *pattern, struct error *err)
{
	auto_buf struct buf whole;
	uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY;

	buf_init(&whole, BUF_MAX_DEFAULT);
	if (pattern->flags & PATTERN_CASELESS)
		options |= PCRE2_CASELESS;
	if (pattern->syntax == PATTERN_REGEX) {
		/* It would be legal, and would never match anything. */
		if (pattern->size >= 2 && (strncmp(pattern->text, "^/", 2) == 0 ||
					   strncmp(pattern->text, "\\A/", 3) == 0))
			return error_set(err, ERROR_USAGE,
					 "regular expression '%s': paths have no leading '/' here",
					 pattern->text);
		return compile(pattern->text, pattern->size, options, PCRE2_JIT_COMPLETE,
			       &pattern->code, err);
	}
	if (pattern->syntax == PATTERN_GLOB) {
		if (translate_glob(pattern, err) < 0)
			return -1;
	} else {
		translate_fixed(pattern);
	}
	add_whole(&whole, pattern);
	if (buf_check(&pattern->source, "pattern", err) < 0 ||
	    buf_check(&whole, "pattern", err) < 0)
		return -1;
	return compile(whole.data, whole.size, options, PCRE2_JIT_COMPLETE, &pattern->code, err);
}

static int compile_text(struct pattern *pattern, struct error *err)
{
	uint32_t options = 0;
	uint32_t lookbehind = 0;

	if (pattern->syntax == PATTERN_GLOB)
		return error_set(err, ERROR_USAGE, "'%s': globs are for paths", pattern->text);
	if (pattern->syntax == PATTERN_FIXED) {
		if (memchr(pattern->text, '\n', pattern->size) != NULL)
			return error_set(err, ERROR_USAGE,
					 "a line break in a fixed string never matches a line");
		return needles_add(&pattern->needles, pattern->text, pattern->size, err);
	}
	if (pattern->flags & PATTERN_CASELESS)
		options |= PCRE2_CASELESS;
	if (pattern->flags & PATTERN_BLOCK)
		options |= PCRE2_MULTILINE;
	if (compile(pattern->text, pattern->size, options,
		    PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_SOFT, &pattern->code, err) < 0)
		return -1;
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_MAXLOOKBEHIND, &lookbehind);
	if (lookbehind > pattern->lookbehind)
		pattern->lookbehind = lookbehind;
	return needles_of_regex(pattern->text, pattern->size, &pattern->needles, err);
}

int pattern_new(enum pattern_syntax syntax, unsigned flags, const char *text, size_t size,
		struct pattern **ret_pattern, struct error *err)
{
	cleanup_by(pattern_free_pointer) struct pattern *pattern = NULL;

	if (size == 0)
		return error_set(err, ERROR_USAGE, "an empty pattern would match everything");
	if (size > PATTERN_TEXT_MAX)
		return error_set(err, ERROR_USAGE,
				 "a pattern of %zu bytes: at most %zu are allowed", size,
				 PATTERN_TEXT_MAX);
	pattern = calloc(1, sizeof *pattern);
	if (pattern == NULL)
		return error_memory(err);
	buf_init(&pattern->source, BUF_MAX_DEFAULT);
	pattern->syntax = syntax;
	pattern->flags = flags;
	pattern->lookbehind = 1;
	pattern->text = strndup(text, size);
	if (pattern->text == NULL)
		return error_memory(err);
	pattern->size = strlen(pattern->text);
	if ((flags & PATTERN_PATH ? compile_path(pattern, err) : compile_text(pattern, err)) < 0)
		return -1;
	*ret_pattern = steal(&pattern);
	return 0;
}

enum pattern_syntax pattern_syntax(const struct pattern *pattern)
{
	return pattern->syntax;
}

unsigned pattern_flags(const struct pattern *pattern)
{
	return pattern->flags;
}

const char *pattern_text(const struct pattern *pattern, size_t *ret_size)
{
	*ret_size = pattern->size;
	return pattern->text;
}

const struct needles *pattern_needles(const struct pattern *pattern)
{
	return &pattern->needles;
}

size_t pattern_lookbehind(const struct pattern *pattern)
{
	return pattern->lookbehind;
}

/* ---- matching ---- */

int scratch_new(struct scratch **ret_scratch, struct error *err)
{
	struct scratch *scratch = calloc(1, sizeof *scratch);

	if (scratch == NULL)
		return error_memory(err);
	scratch->data = pcre2_match_data_create(1, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	/* NULL is allowed here: then the machine stack has to do. */
	scratch->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (scratch->data == NULL || scratch->context == NULL) {
		scratch_free(scratch);
		return error_memory(err);
	}
	(void)pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
	(void)pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
	pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	*ret_scratch = scratch;
	return 0;
}

void scratch_free(struct scratch *scratch)
{
	if (scratch == NULL)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	pcre2_jit_stack_free(scratch->stack);
	free(scratch);
}

/* Below -1 every code of PCRE2 but "partial" is a failure, and a failure is no "no match". */
static enum search_result translate_result(int rc, struct error *err)
{
	PCRE2_UCHAR why[256];

	if (rc >= 0)
		return SEARCH_FOUND;
	if (rc == PCRE2_ERROR_NOMATCH)
		return SEARCH_NONE;
	if (rc == PCRE2_ERROR_PARTIAL)
		return SEARCH_PARTIAL;
	if (pcre2_get_error_message(rc, why, sizeof why) < 0)
		return error_set(err, ERROR_INPUT, "regular expression: PCRE2 error %d", rc);
	return error_set(err, ERROR_INPUT, "regular expression: %s", (const char *)why);
}

int pattern_match_path(const struct pattern *pattern, struct scratch *scratch, const char *path,
		       size_t size, bool directory, struct error *err)
{
	enum search_result result;

	if (pattern->directories_only && !directory)
		return 0;
	if (pattern->reach == LAST_COMPONENT) {
		const char *slash = memrchr(path, '/', size);

		if (slash != NULL) {
			size -= (size_t)(slash + 1 - path);
			path = slash + 1;
		}
	}
	result = translate_result(pcre2_match(pattern->code, (PCRE2_SPTR)path, size, 0, 0,
					      scratch->data, scratch->context),
				  err);
	if (result == SEARCH_FAILED)
		return error_prefix(err, "'%s'", pattern->text);
	return result == SEARCH_FOUND;
}

enum search_result pattern_search(const struct pattern *pattern, struct scratch *scratch,
				  const char *text, size_t size, size_t from, unsigned flags,
				  size_t *ret_begin, size_t *ret_end, struct error *err)
{
	uint32_t options = 0;
	enum search_result result;
	const PCRE2_SIZE *ovector = pcre2_get_ovector_pointer(scratch->data);

	if (flags & SEARCH_NOT_BEGIN)
		options |= PCRE2_NOTBOL;
	if (flags & SEARCH_NOT_END)
		options |= PCRE2_NOTEOL | PCRE2_PARTIAL_SOFT;
	result = translate_result(pcre2_match(pattern->code, (PCRE2_SPTR)text, size, from, options,
					      scratch->data, scratch->context),
				  err);
	if (result == SEARCH_FAILED) {
		(void)error_prefix(err, "'%s'", pattern->text);
		return SEARCH_FAILED;
	}
	if (result == SEARCH_NONE)
		return SEARCH_NONE;
	*ret_begin = ovector[0];
	*ret_end = ovector[1] < ovector[0] ? ovector[0] : ovector[1];
	return result;
}

/* ---- the sieve ---- */

struct path_sieve {
	bool always; /* there are patterns that cannot be put together with others */
	pcre2_code *codes[LAST_COMPONENTS + 1]; /* by reach; NULL for none */
};

/* Several expressions of one reach; the place that holds all of them stands before them once. */
static int combine(struct pattern *const *patterns, size_t count, int reach, pcre2_code **ret_code,
		   struct error *err)
{
	auto_buf struct buf all;

	buf_init(&all, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < count; i++) {
		const struct pattern *pattern = patterns[i];

		if (pattern->syntax != PATTERN_GLOB || (int)pattern->reach != reach)
			continue;
		buf_add_string(&all, all.size > 0		     ? "|"
				     : reach == (int)LAST_COMPONENTS ? "(?:\\A|/)(?:"
								     : "\\A(?:");
		buf_printf(&all, "(?%s:%s)", pattern->flags & PATTERN_CASELESS ? "i" : "",
			   pattern->source.data);
	}
	if (all.size == 0)
		return 0;
	buf_add_string(&all, ")\\z");
	if (buf_check(&all, "patterns", err) < 0)
		return -1;
	return compile(all.data, all.size, PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY, PCRE2_JIT_COMPLETE,
		       ret_code, err);
}

int path_sieve_new(struct pattern *const *patterns, size_t count, struct path_sieve **ret_sieve,
		   struct error *err)
{
	struct path_sieve *sieve = calloc(1, sizeof *sieve);
	struct error too_big = ERROR_INIT;

	if (sieve == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		sieve->always = sieve->always || patterns[i]->syntax != PATTERN_GLOB;
	/* What is too much for one expression is tried one by one. */
	for (int reach = WHOLE_PATH; reach <= (int)LAST_COMPONENTS; reach++)
		if (combine(patterns, count, reach, &sieve->codes[reach], &too_big) < 0)
			sieve->always = true;
	*ret_sieve = sieve;
	return 0;
}

void path_sieve_free(struct path_sieve *sieve)
{
	if (sieve == NULL)
		return;
	for (size_t i = 0; i < array_size(sieve->codes); i++)
		pcre2_code_free(sieve->codes[i]);
	free(sieve);
}

static int sieve_match(const pcre2_code *code, const struct scratch *scratch, const char *path,
		       size_t size, struct error *err)
{
	if (code == NULL)
		return 0;
	return (int)translate_result(
		pcre2_match(code, (PCRE2_SPTR)path, size, 0, 0, scratch->data, scratch->context),
		err);
}

int path_sieve_test(const struct path_sieve *sieve, struct scratch *scratch, const char *path,
		    size_t size, struct error *err)
{
	const char *slash;
	int result;

	if (sieve->always)
		return 1;
	result = sieve_match(sieve->codes[WHOLE_PATH], scratch, path, size, err);
	if (result == 0)
		result = sieve_match(sieve->codes[LAST_COMPONENTS], scratch, path, size, err);
	if (result != 0)
		return result;
	slash = memrchr(path, '/', size);
	if (slash != NULL) {
		size -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	return sieve_match(sieve->codes[LAST_COMPONENT], scratch, path, size, err);
}
