#include "config.h"

#include "check/rules.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

void rules_init(struct rules *rules)
{
	*rules = (struct rules) { .items = NULL };
}

static void globs_release(struct globs *globs)
{
	for (size_t i = 0; i < globs->count; i++)
		pattern_free(globs->items[i]);
	free(globs->items);
}

void rules_release(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		pattern_free(rules->items[i].pattern);
		globs_release(&rules->items[i].in);
		globs_release(&rules->items[i].except);
	}
	for (size_t i = 0; i < rules->name_count; i++)
		free(rules->names[i]);
	free(rules->items);
	free(rules->names);
	rules_init(rules);
}

static bool same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int find_name(struct rules *rules, const char *name, size_t *ret_index, struct error *err)
{
	char **names;
	char *copy = NULL;

	for (size_t i = 0; i < rules->name_count; i++)
		if (same_name(rules->names[i], name)) {
			*ret_index = i;
			return 0;
		}
	names = reallocarray(rules->names, rules->name_count + 1, sizeof *names);
	if (names == NULL)
		return error_memory(err);
	rules->names = names;
	if (name != NULL) {
		copy = strdup(name);
		if (copy == NULL)
			return error_memory(err);
	}
	*ret_index = rules->name_count;
	names[rules->name_count++] = copy;
	return 0;
}

int rules_add(struct rules *rules, const char *name, unsigned where, struct pattern *pattern,
	      struct error *err)
{
	struct rule *items;
	size_t index = 0;

	if (rules->count == RULES_MAX)
		return error_set(err, ERROR_INPUT, "more than %d rules", RULES_MAX);
	if (find_name(rules, name, &index, err) < 0)
		return -1;
	items = reallocarray(rules->items, rules->count + 1, sizeof *items);
	if (items == NULL)
		return error_memory(err);
	rules->items = items;
	items[rules->count++] = (struct rule) { .name = index, .where = where, .pattern = pattern };
	return 0;
}

/* ---- the file ---- */

/* A line, and what of it has not been read. */
struct words {
	const char *at, *end;
};

static void skip_blanks(struct words *words)
{
	while (words->at < words->end && (*words->at == ' ' || *words->at == '\t'))
		words->at++;
}

/* The next word; empty at the end. The caller frees; NULL without memory. */
static char *next_word(struct words *words)
{
	const char *start;

	skip_blanks(words);
	start = words->at;
	while (words->at < words->end && *words->at != ' ' && *words->at != '\t')
		words->at++;
	return strndup(start, (size_t)(words->at - start));
}

static int read_where(char *text, unsigned *ret_where, struct error *err)
{
	static const struct {
		const char *name;
		unsigned where;
	} places[] = {
		{ "path", RULE_PATH },
		{ "content", RULE_CONTENT },
		{ "config", RULE_CONFIG },
		{ "history", RULE_HISTORY },
		{ "environment", RULE_ENVIRONMENT },
		{ "label", RULE_LABEL },
		{ "configuration", RULE_CONFIGURATION },
	};
	unsigned where = 0;
	char *rest = text;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL) {
		size_t i = 0;

		while (i < array_size(places) && strcmp(word, places[i].name) != 0)
			i++;
		if (i == array_size(places))
			return error_set(err, ERROR_INPUT,
					 "'%s' is none of path, content, config, history, "
					 "environment, label, configuration",
					 word);
		where |= places[i].where;
	}
	if ((where & RULE_PATH) && where != RULE_PATH)
		return error_set(err, ERROR_INPUT, "'path' stands alone");
	*ret_where = where;
	return 0;
}

static int read_syntax(char *text, enum pattern_syntax *ret_syntax, unsigned *ret_flags,
		       struct error *err)
{
	static const char *const names[] = {
		[PATTERN_GLOB] = "glob", [PATTERN_FIXED] = "fixed", [PATTERN_REGEX] = "regex"
	};
	char *flags = strchr(text, '/');
	size_t i = 0;

	if (flags != NULL)
		*flags++ = '\0';
	while (i < array_size(names) && strcmp(text, names[i]) != 0)
		i++;
	if (i == array_size(names))
		return error_set(err, ERROR_INPUT, "'%s' is none of glob, fixed, regex", text);
	*ret_syntax = (enum pattern_syntax)i;
	for (; flags != NULL && *flags != '\0'; flags++) {
		if (*flags == 'i')
			*ret_flags |= PATTERN_CASELESS;
		else if (*flags == 'm' && i == PATTERN_REGEX && (*ret_flags & PATTERN_PATH) == 0)
			*ret_flags |= PATTERN_BLOCK;
		else
			return error_set(err, ERROR_INPUT, "'/%c' does not go with %s", *flags,
					 names[i]);
	}
	return 0;
}

static int add_glob(struct globs *globs, const struct words *words, struct error *err)
{
	struct pattern **items = reallocarray(globs->items, globs->count + 1, sizeof(void *));

	if (items == NULL)
		return error_memory(err);
	globs->items = items;
	if (pattern_new(PATTERN_GLOB, PATTERN_PATH, words->at, (size_t)(words->end - words->at),
			&items[globs->count], err) < 0)
		return -1;
	globs->count++;
	return 0;
}

static int read_condition(struct rules *rules, size_t first, const char *word, struct words *words,
			  struct error *err)
{
	struct rule *rule;

	if (rules->count == first)
		return error_set(err, ERROR_INPUT, "'%s' without a rule above it", word);
	rule = &rules->items[rules->count - 1];
	skip_blanks(words);
	if (words->at == words->end)
		return error_set(err, ERROR_INPUT, "'%s' without a glob", word);
	if ((rule->where & (RULE_PATH | RULE_CONTENT)) == 0)
		return error_set(err, ERROR_INPUT, "'%s' does not go with a rule without files",
				 word);
	return add_glob(strcmp(word, "in") == 0 ? &rule->in : &rule->except, words, err);
}

static bool is_name(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
			return false;
	return true;
}

static int read_rule(struct rules *rules, const char *name, struct words *words, struct error *err)
{
	auto_free char *where_text = next_word(words);
	auto_free char *syntax_text = next_word(words);
	struct pattern *pattern = NULL;
	enum pattern_syntax syntax = PATTERN_FIXED;
	unsigned where = 0;
	unsigned flags = 0;

	if (where_text == NULL || syntax_text == NULL)
		return error_memory(err);
	skip_blanks(words);
	if (!is_name(name))
		return error_set(err, ERROR_INPUT,
				 "'%s' is no name (letters, digits, '-', '_', '.')", name);
	if (words->at == words->end)
		return error_set(err, ERROR_INPUT, "a rule is NAME WHERE SYNTAX PATTERN");
	if (read_where(where_text, &where, err) < 0)
		return -1;
	if (where == RULE_PATH)
		flags |= PATTERN_PATH;
	if (read_syntax(syntax_text, &syntax, &flags, err) < 0 ||
	    pattern_new(syntax, flags, words->at, (size_t)(words->end - words->at), &pattern, err) <
		    0)
		return -1;
	if (rules_add(rules, name, where, pattern, err) < 0) {
		pattern_free(pattern);
		return -1;
	}
	return 0;
}

static int read_line(struct rules *rules, size_t first, struct words *words, struct error *err)
{
	auto_free char *word = NULL;

	while (words->end > words->at && isspace((unsigned char)words->end[-1]))
		words->end--;
	skip_blanks(words);
	if (words->at == words->end || *words->at == '#')
		return 0;
	if (memchr(words->at, '\0', (size_t)(words->end - words->at)) != NULL)
		return error_set(err, ERROR_INPUT, "a NUL byte");
	word = next_word(words);
	if (word == NULL)
		return error_memory(err);
	if (strcmp(word, "in") == 0 || strcmp(word, "except") == 0)
		return read_condition(rules, first, word, words, err);
	return read_rule(rules, word, words, err);
}

int rules_parse(struct rules *rules, const char *data, size_t size, const char *name,
		struct error *err)
{
	size_t first = rules->count;
	size_t line = 1;

	for (size_t at = 0; at < size; line++) {
		const char *end = memchr(data + at, '\n', size - at);
		size_t length = end == NULL ? size - at : (size_t)(end - (data + at));
		struct words words = { .at = data + at, .end = data + at + length };

		if (read_line(rules, first, &words, err) < 0) {
			err->kind = ERROR_INPUT;
			return error_prefix(err, "%s:%zu", name, line);
		}
		at += length + 1;
	}
	if (rules->count == first)
		return error_set(err, ERROR_INPUT, "%s: there is no rule in it", name);
	return 0;
}

int rules_read_file(struct rules *rules, const char *path, struct error *err)
{
	auto_buf struct buf text;

	buf_init(&text, RULES_FILE_MAX);
	if (buf_read_file(&text, path, err) < 0)
		return -1;
	return rules_parse(rules, text.data, text.size, path, err);
}

void rules_include_config(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		/* what is looked for in certain files only says nothing about a variable or a label */
		if ((rules->items[i].where & RULE_CONTENT) != 0 && rules->items[i].in.count == 0)
			rules->items[i].where |= RULE_CONFIG;
}

unsigned rules_where(const struct rules *rules)
{
	unsigned where = 0;

	for (size_t i = 0; i < rules->count; i++)
		where |= rules->items[i].where;
	return where;
}

static int any_matches(const struct globs *globs, struct scratch *scratch, const char *path,
		       size_t size, bool directory, struct error *err)
{
	for (size_t i = 0; i < globs->count; i++) {
		int result =
			pattern_match_path(globs->items[i], scratch, path, size, directory, err);

		if (result != 0)
			return result;
	}
	return 0;
}

int rule_exempts(const struct rule *rule, struct scratch *scratch, const char *path, size_t size,
		 bool directory, struct error *err)
{
	return any_matches(&rule->except, scratch, path, size, directory, err);
}

int rule_is_for(const struct rule *rule, struct scratch *scratch, const char *path, size_t size,
		struct error *err)
{
	if (rule->in.count == 0)
		return 1;
	return any_matches(&rule->in, scratch, path, size, false, err);
}
