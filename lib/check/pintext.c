#include "config.h"

#include "check/pintext.h"

#include <ctype.h>
#include <string.h>

struct finder {
	const struct dockerfile *dockerfile;
	const struct instruction *from;
	const struct build_settings *settings;
	const struct variables *globals;
	struct span at;
	char *fixed;
};

static int set_fixed(struct finder *finder, struct error *err, const char *format, ...)
	printf_like(3, 4);

static int set_fixed(struct finder *finder, struct error *err, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&finder->fixed, format, args);
	va_end(args);
	if (length >= 0)
		return 0;
	finder->fixed = NULL;
	return error_memory(err);
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Does a text use a variable? */
static bool uses(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at + 1, '$')) {
		const char *start = at[1] == '{' ? at + 2 : at + 1;

		if (strncmp(start, name, length) == 0 && !is_name(start[length]))
			return true;
	}
	return false;
}

/* Is the word of an ARG one that declares this name? */
static bool declares(const char *word, const char *name)
{
	size_t length = strlen(name);

	return strncmp(word, name, length) == 0 && (word[length] == '\0' || word[length] == '=');
}

/* Does an instruction use the variable otherwise than as the base that is looked at? */
static bool uses_otherwise(const struct finder *finder, const struct instruction *instruction,
			   const char *name)
{
	bool same = strcmp(instruction->name, "from") == 0 && instruction->args.count > 0 &&
		    strcmp(instruction->args.items[0].data, finder->from->args.items[0].data) == 0;

	for (size_t i = 0; i < instruction->heredoc_count; i++)
		if (uses(instruction->heredocs[i].content, name))
			return true;
	if (strcmp(instruction->name, "arg") == 0 && instruction->stage != DOCKERFILE_NO_STAGE)
		for (size_t i = 0; i < instruction->args.count; i++)
			if (declares(instruction->args.items[i].data, name))
				return true;
	if (!same)
		return uses(instruction->original, name);
	for (size_t i = 0; i < instruction->flags.count; i++)
		if (uses(instruction->flags.items[i].data, name))
			return true;
	return false;
}

/* The word of the one global ARG that declares a name. */
static const struct word *find_default(const struct dockerfile *dockerfile, const char *name,
				       size_t *ret_count)
{
	const struct word *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < dockerfile->count; i++) {
		const struct instruction *instruction = &dockerfile->instructions[i];

		if (instruction->stage != DOCKERFILE_NO_STAGE)
			break;
		for (size_t j = 0;
		     strcmp(instruction->name, "arg") == 0 && j < instruction->args.count; j++) {
			if (!declares(instruction->args.items[j].data, name))
				continue;
			found = &instruction->args.items[j];
			(*ret_count)++;
		}
	}
	return found;
}

/* A value in quotes as a whole stands between them; other quotes and escapes are refused. */
static bool strip_quotes(const char *value, struct span *at)
{
	size_t size = strlen(value);

	if (size >= 2 && (*value == '"' || *value == '\'') && value[size - 1] == *value) {
		value++;
		size -= 2;
		at->start++;
		at->end--;
	}
	return strcspn(value, "\"'\\`") >= size;
}

static int find_in_default(struct finder *finder, const char *name, struct error *err)
{
	const struct dockerfile *dockerfile = finder->dockerfile;
	size_t length = strlen(name);
	const struct word *word;
	const char *value;
	size_t count;

	if (finder->settings->args != NULL && variables_find(finder->settings->args, name) != NULL)
		return set_fixed(finder, err, "the value of '%s' is given on the command line",
				 name);
	word = find_default(dockerfile, name, &count);
	if (word == NULL || word->data[length] == '\0')
		return set_fixed(finder, err, "no ARG before the first FROM gives '%s' a value",
				 name);
	if (count > 1)
		return set_fixed(finder, err, "'%s' is declared %zu times", name, count);
	value = word->data + length + 1;
	finder->at = word->at;
	finder->at.start += length + 1;
	if (word->at.end - word->at.start != word->size || !strip_quotes(value, &finder->at) ||
	    strchr(value, '$') != NULL)
		return set_fixed(finder, err, "the value of '%s' is no plain text", name);
	/* a digest that is there already can become another wherever it counts */
	for (size_t i = 0; strchr(value, '@') == NULL && i < dockerfile->count; i++)
		if (uses_otherwise(finder, &dockerfile->instructions[i], name))
			return set_fixed(
				finder, err,
				"'%s' is used in line %zu, too, where a digest may not fit", name,
				dockerfile->instructions[i].first_line);
	return 0;
}

/* "${NAME:-word}" and "${NAME-word}": the word, where it counts. */
static bool find_word(struct finder *finder, const char *operator, const char * name,
		      const char *raw)
{
	const struct variable *variable = variables_find(finder->globals, name);
	bool colon = *operator== ':';

	operator+= colon ? 1 : 0;
	if (*operator!= '-' ||(variable != NULL && !(colon && variable->value[0] == '\0')))
		return false;
	finder->at.start += (size_t)(operator+ 1 - raw);
	finder->at.end = finder->at.start + strcspn(operator+ 1, "}");
	return true;
}

/* What the base ends with, from the '$' on, is a variable: which? */
static int find_variable(struct finder *finder, const char *raw, const char *dollar,
			 struct error *err)
{
	bool braces = dollar[1] == '{';
	const char *start = dollar + (braces ? 2 : 1);
	auto_free char *name = NULL;
	size_t length = 0;
	const char *rest;

	while (is_name(start[length]))
		length++;
	rest = start + length;
	name = strndup(start, length);
	if (name == NULL)
		return error_memory(err);
	if (braces ? strchr(rest, '}') == NULL || strchr(rest, '}')[1] != '\0' : *rest != '\0')
		return set_fixed(finder, err,
				 "its tag is made of variables, and a digest behind "
				 "them would hold whatever they say");
	if (braces && find_word(finder, rest, name, raw))
		return 0;
	if (braces && *rest != '}' && strncmp(rest, ":-", 2) != 0 && *rest != '-')
		return set_fixed(finder, err, "what it makes of '%s' cannot be undone", name);
	return find_in_default(finder, name, err);
}

static int find(struct finder *finder, struct error *err)
{
	const struct word *word = &finder->from->args.items[0];
	const char *raw = word->data;
	const char *dollar = strrchr(raw, '$');
	const char *sign = strrchr(raw, '@');

	finder->at = word->at;
	if (strchr(raw, '\\') != NULL || strchr(raw, '`') != NULL)
		return set_fixed(finder, err, "it has escapes");
	if (strpbrk(raw, "\"'") != NULL && dollar != NULL)
		return set_fixed(finder, err, "it has quotes and variables");
	if (dollar == NULL)
		return strip_quotes(raw, &finder->at) ? 0 : set_fixed(finder, err, "it has quotes");
	if (sign == NULL || sign < dollar)
		return find_variable(finder, raw, dollar, err);
	finder->at.start += (size_t)(sign - raw);
	return 0;
}

int pintext_find(const struct dockerfile *dockerfile, const struct instruction *from,
		 const struct build_settings *settings, const struct variables *globals,
		 struct span *ret_at, char **ret_fixed, struct error *err)
{
	struct finder finder = {
		.dockerfile = dockerfile,
		.from = from,
		.settings = settings,
		.globals = globals,
	};

	if (find(&finder, err) < 0)
		return -1;
	*ret_at = finder.at;
	*ret_fixed = finder.fixed;
	return 0;
}
