#include "config.h"

#include "file/dockerargs.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "file/execform.h"
#include "file/shellword.h"

/* The white space that parts an instruction's words; line breaks do not get here. */
#define BLANKS "\t\v\f\r "
/* The longest white-space character, in bytes. */
#define SPACE_SIZE_MAX 3

enum arguments {
	ARGUMENTS_NONE,	   /* not looked at */
	ARGUMENTS_WORDS,   /* parted by blanks */
	ARGUMENTS_LIST,	   /* exec form, or words */
	ARGUMENTS_TEXT,	   /* one text */
	ARGUMENTS_COMMAND, /* exec form, or one text */
	ARGUMENTS_QUOTED,  /* words, in which quotes group */
	ARGUMENTS_PAIRS,   /* name=value …, or name value */
	ARGUMENTS_HEALTH,  /* type, then a command */
	ARGUMENTS_TRIGGER, /* another instruction */
};

static const struct kind {
	const char *name;
	enum arguments arguments;
	bool heredocs;
} kinds[] = {
	{ "add", ARGUMENTS_LIST, true },
	{ "arg", ARGUMENTS_QUOTED, false },
	{ "cmd", ARGUMENTS_COMMAND, false },
	{ "copy", ARGUMENTS_LIST, true },
	{ "entrypoint", ARGUMENTS_COMMAND, false },
	{ "env", ARGUMENTS_PAIRS, false },
	{ "expose", ARGUMENTS_WORDS, false },
	{ "from", ARGUMENTS_WORDS, false },
	{ "healthcheck", ARGUMENTS_HEALTH, false },
	{ "label", ARGUMENTS_PAIRS, false },
	{ "maintainer", ARGUMENTS_TEXT, false },
	{ "onbuild", ARGUMENTS_TRIGGER, false },
	{ "run", ARGUMENTS_COMMAND, true },
	{ "shell", ARGUMENTS_COMMAND, false },
	{ "stopsignal", ARGUMENTS_TEXT, false },
	{ "user", ARGUMENTS_TEXT, false },
	{ "volume", ARGUMENTS_LIST, false },
	{ "workdir", ARGUMENTS_TEXT, false },
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static int copy_text(const char *data, size_t size, char **ret_text, struct error *err)
{
	*ret_text = strndup(data, size);
	return *ret_text == NULL ? error_memory(err) : 0;
}

/*
 * Flags: words that begin with "--", before anything else. Quotes group and go away, a backslash
 * makes the next character plain (whatever the escape directive says), "--" alone ends them.
 */
struct flag_reader {
	const char *at;
	char quote;
};

static void flag_reader_word(struct flag_reader *reader, struct buf *word, bool *quoted)
{
	for (; *reader->at != '\0'; reader->at++) {
		char c = *reader->at;

		if (reader->quote == '\0' &&
		    space_at(reader->at, strnlen(reader->at, SPACE_SIZE_MAX)) > 0)
			return;
		if (reader->quote == '\0' && (c == '\'' || c == '"')) {
			reader->quote = c;
			*quoted = true;
			continue;
		}
		if (c == reader->quote) {
			reader->quote = '\0';
			continue;
		}
		if (c == '\\') {
			if (reader->at[1] == '\0')
				continue;
			c = *++reader->at;
		}
		buf_add_char(word, c);
	}
}

static int flags_parse(const char *line, const char **rest, struct words *flags, struct error *err)
{
	struct flag_reader reader = { .at = *rest };
	auto_buf struct buf word;

	buf_init(&word, DOCKERFILE_SIZE_MAX);
	for (;;) {
		size_t size = strlen(reader.at);
		bool quoted = false;
		const char *start;

		space_trim_start(&reader.at, &size);
		*rest = reader.at;
		if (reader.at[0] != '-' || reader.at[1] != '-')
			return 0;
		buf_clear(&word);
		start = reader.at;
		flag_reader_word(&reader, &word, &quoted);
		if (buf_check(&word, "flag", err) < 0)
			return -1;
		*rest = reader.at;
		if (strcmp(word.data, "--") == 0)
			return 0;
		if ((quoted || word.size > 0) &&
		    words_add_at(flags, word.data, word.size, line, start, reader.at, err) < 0)
			return -1;
	}
}

/* Places in arguments count from the instruction's text until all are read. Parted by blanks alone:
 * other white space is text. */
static int args_words(const char *text, struct words *args, struct error *err)
{
	const char *at = text;

	while (*at != '\0') {
		size_t size = strcspn(at, BLANKS);

		if (words_add_at(args, at, size, text, at, at + size, err) < 0)
			return -1;
		at += size;
		at += strspn(at, BLANKS);
	}
	return 0;
}

/* `at` is a part of `text`, up to its end. */
static int args_text(const char *text, const char *at, struct words *args, struct error *err)
{
	size_t size = strlen(at);

	return size == 0 ? 0 : words_add_at(args, at, size, text, at, at + size, err);
}

static int args_exec_form(const char *text, struct instruction *instruction, bool *done,
			  struct error *err)
{
	const char *origin = instruction->text;
	auto_words struct words words = { 0 };
	enum execform form;

	*done = false;
	if (execform_parse(text, strlen(text), &form, &words, err) < 0)
		return -1;
	if (form == EXECFORM_WRONG)
		return error_set(err, ERROR_INPUT,
				 "an array in JSON form may hold nothing but strings");
	if (form == EXECFORM_NO)
		return 0;
	for (size_t i = 0; i < words.count; i++) {
		const struct word *word = &words.items[i];

		if (words_add_at(&instruction->args, word->data, word->size, origin,
				 text + word->at.start, text + word->at.end, err) < 0)
			return -1;
	}
	instruction->exec_form = true;
	*done = true;
	return 0;
}

/* Words in which quotes and the escape character keep white space; both stay in the word. */
struct quoted_reader {
	const char *at;
	char escape;
	char quote;
};

/* One word; `*ret_blank` says that it may be empty since it has quotes. */
static void quoted_reader_word(struct quoted_reader *reader, struct buf *word, bool *ret_blank)
{
	*ret_blank = false;
	while (*reader->at != '\0') {
		char c = *reader->at;

		if (reader->quote == '\0' &&
		    space_at(reader->at, strnlen(reader->at, SPACE_SIZE_MAX)) > 0)
			return;
		if (reader->quote == '\0' && (c == '\'' || c == '"')) {
			reader->quote = c;
			*ret_blank = true;
		} else if (c == reader->quote) {
			reader->quote = '\0';
		} else if (c == reader->escape && reader->quote != '\'') {
			if (reader->at[1] == '\0') {
				reader->at++;
				return;
			}
			buf_add_char(word, c);
			c = *++reader->at;
		}
		buf_add_char(word, c);
		reader->at++;
	}
}

static int args_quoted(const char *text, char escape, struct words *args, struct error *err)
{
	struct quoted_reader reader = { .at = text, .escape = escape };
	auto_buf struct buf word;

	buf_init(&word, DOCKERFILE_SIZE_MAX);
	for (;;) {
		size_t size = strlen(reader.at);
		const char *start;
		bool blank;

		space_trim_start(&reader.at, &size);
		if (size == 0)
			return 0;
		buf_clear(&word);
		reader.quote = '\0';
		start = reader.at;
		quoted_reader_word(&reader, &word, &blank);
		if (buf_check(&word, "word", err) < 0)
			return -1;
		if ((blank || word.size > 0) &&
		    words_add_at(args, word.data, word.size, text, start, reader.at, err) < 0)
			return -1;
	}
}

/* `at` is the place of the text in which both name and value stand, the name at its beginning; a
 * sign has no place. */
static int args_pair(struct words *args, struct span at, const char *name, size_t name_size,
		     const char *value, const char *sign, struct error *err)
{
	size_t start = at.start + (size_t)(value - name);
	struct word *added;

	if (words_add(args, name, name_size, err) < 0 ||
	    words_add(args, value, strlen(value), err) < 0 ||
	    words_add(args, sign, strlen(sign), err) < 0)
		return -1;
	added = &args->items[args->count - 3];
	added[0].at = (struct span) { .start = at.start, .end = at.start + name_size };
	added[1].at = (struct span) { .start = start, .end = at.end };
	added[2].at = (struct span) { .start = start, .end = start };
	return 0;
}

/* The first word tells: with '=' all are name=value, otherwise it is a name and the rest a value.
 */
static int args_pairs(const char *text, char escape, const char *keyword, struct words *args,
		      struct error *err)
{
	auto_words struct words words = { 0 };

	if (args_quoted(text, escape, &words, err) < 0)
		return -1;
	if (words.count == 0)
		return 0;
	if (strchr(words.items[0].data, '=') == NULL) {
		size_t size = strcspn(text, BLANKS);
		struct span at = { .end = strlen(text) };

		if (text[size] == '\0')
			return error_set(err, ERROR_INPUT, "%s needs a name and a value", keyword);
		return args_pair(args, at, text, size, text + size + strspn(text + size, BLANKS),
				 "", err);
	}
	for (size_t i = 0; i < words.count; i++) {
		const char *word = words.items[i].data;
		const char *sign = strchr(word, '=');

		if (sign == NULL)
			return error_set(err, ERROR_INPUT, "%s: '%s' is not of the form name=value",
					 keyword, word);
		if (args_pair(args, words.items[i].at, word, (size_t)(sign - word), sign + 1, "=",
			      err) < 0)
			return -1;
	}
	return 0;
}

static int args_command(const char *text, struct instruction *instruction, struct error *err)
{
	bool done = false;

	if (*text == '\0')
		return 0;
	if (args_exec_form(text, instruction, &done, err) < 0)
		return -1;
	return done ? 0 : args_text(instruction->text, text, &instruction->args, err);
}

static int args_health(const char *text, struct instruction *instruction, struct error *err)
{
	const char *rest = text;
	size_t size;

	while (*rest != '\0' && space_at(rest, 1) == 0)
		rest++;
	if (rest == text)
		return 0;
	if (words_add_at(&instruction->args, text, (size_t)(rest - text), text, text, rest, err) <
	    0)
		return -1;
	size = strlen(rest);
	space_trim_start(&rest, &size);
	return args_command(rest, instruction, err);
}

static int args_trigger(const char *text, char escape, struct instruction *instruction,
			struct error *err)
{
	if (*text == '\0')
		return 0;
	if (strncasecmp(text, "onbuild", 7) == 0 && (text[7] == '\0' || space_at(text + 7, 1) > 0))
		return error_set(err, ERROR_INPUT, "ONBUILD cannot have ONBUILD as its trigger");
	instruction->trigger = calloc(1, sizeof *instruction->trigger);
	if (instruction->trigger == NULL)
		return error_memory(err);
	return instruction_parse(text, escape, instruction->trigger, err);
}

static int args_parse(const struct kind *kind, char escape, struct instruction *instruction,
		      struct error *err)
{
	const char *text = instruction->text;
	bool done = false;

	switch (kind->arguments) {
	case ARGUMENTS_NONE:
		return 0;
	case ARGUMENTS_WORDS:
		return args_words(text, &instruction->args, err);
	case ARGUMENTS_LIST:
		if (args_exec_form(text, instruction, &done, err) < 0)
			return -1;
		return done ? 0 : args_words(text, &instruction->args, err);
	case ARGUMENTS_TEXT:
		return args_text(text, text, &instruction->args, err);
	case ARGUMENTS_COMMAND:
		return args_command(text, instruction, err);
	case ARGUMENTS_QUOTED:
		return args_quoted(text, escape, &instruction->args, err);
	case ARGUMENTS_PAIRS:
		return args_pairs(text, escape, instruction->keyword, &instruction->args, err);
	case ARGUMENTS_HEALTH:
		return args_health(text, instruction, err);
	case ARGUMENTS_TRIGGER:
		return args_trigger(text, escape, instruction, err);
	}
	return 0;
}

/* The arguments' places, and the trigger's, from then on count from the line's beginning. */
static void instruction_shift(struct instruction *instruction, size_t by)
{
	instruction->keyword_at.start += by;
	instruction->keyword_at.end += by;
	instruction->text_at.start += by;
	instruction->text_at.end += by;
	words_shift(&instruction->flags, by);
	words_shift(&instruction->args, by);
}

int instruction_parse(const char *line, char escape, struct instruction *instruction,
		      struct error *err)
{
	const char *start = line;
	size_t size = strlen(line);
	const struct kind *kind;
	const char *rest;
	size_t keyword;

	if (copy_text(line, size, &instruction->original, err) < 0)
		return -1;
	space_trim(&start, &size);
	keyword = strcspn(start, BLANKS);
	if (keyword > size)
		keyword = size;
	if (copy_text(start, keyword, &instruction->keyword, err) < 0 ||
	    copy_text(start, keyword, &instruction->name, err) < 0)
		return -1;
	for (char *c = instruction->name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	rest = start + keyword;
	instruction->keyword_at =
		(struct span) { .start = (size_t)(start - line), .end = (size_t)(rest - line) };
	if (flags_parse(line, &rest, &instruction->flags, err) < 0)
		return error_prefix(err, "%s", instruction->keyword);
	size = strlen(rest);
	space_trim(&rest, &size);
	if (copy_text(rest, size, &instruction->text, err) < 0)
		return -1;
	instruction->text_at = (struct span) { .start = (size_t)(rest - line),
					       .end = (size_t)(rest - line) + size };
	kind = kind_find(instruction->name);
	instruction->known = kind != NULL;
	if (kind != NULL && args_parse(kind, escape, instruction, err) < 0)
		return -1;
	words_shift(&instruction->args, instruction->text_at.start);
	if (instruction->trigger != NULL)
		instruction_shift(instruction->trigger, instruction->text_at.start);
	return 0;
}

static void heredoc_release(struct heredoc *heredoc)
{
	free(heredoc->name);
	free(heredoc->content);
}

void instruction_release(struct instruction *instruction)
{
	free(instruction->keyword);
	free(instruction->name);
	free(instruction->original);
	free(instruction->text);
	words_release(&instruction->flags);
	words_release(&instruction->args);
	words_release(&instruction->comments);
	for (size_t i = 0; i < instruction->heredoc_count; i++)
		heredoc_release(&instruction->heredocs[i]);
	free(instruction->heredocs);
	/* a trigger has none itself, so this ends */
	if (instruction->trigger != NULL)
		instruction_release(instruction->trigger);
	free(instruction->trigger);
	*instruction = (struct instruction) { 0 };
}

static int heredoc_add(struct instruction *instruction, const struct heredoc *heredoc,
		       struct error *err)
{
	struct heredoc *heredocs = reallocarray(instruction->heredocs,
						instruction->heredoc_count + 1, sizeof *heredocs);

	if (heredocs == NULL)
		return error_memory(err);
	heredocs[instruction->heredoc_count++] = *heredoc;
	instruction->heredocs = heredocs;
	return 0;
}

static size_t count_quotes(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		if (*text == '\'' || *text == '"')
			count++;
	return count;
}

/* The name of a heredoc in two readings; that they differ means that a part of it is quoted. */
static int heredoc_name(const char *text, struct instruction *instruction, struct heredoc *heredoc,
			struct error *err)
{
	struct shellword_options options = { .escape = '\\', .flags = SHELLWORD_KEEP_UNSET };
	auto_shellword struct shellword plain = { 0 };
	auto_shellword struct shellword raw = { 0 };

	if (shellword_expand(&options, text, &plain, err) < 0)
		return error_prefix(err, "heredoc");
	if (plain.words.count != 1)
		return 0;
	options.flags |= SHELLWORD_KEEP_QUOTES;
	if (shellword_expand(&options, text, &raw, err) < 0)
		return error_prefix(err, "heredoc");
	heredoc->expands = raw.words.count == 1 && count_quotes(plain.words.items[0].data) ==
							   count_quotes(raw.words.items[0].data);
	heredoc->name = strdup(plain.words.items[0].data);
	if (heredoc->name == NULL)
		return error_memory(err);
	if (heredoc_add(instruction, heredoc, err) < 0) {
		free(heredoc->name);
		return -1;
	}
	return 0;
}

/* Digits, "<<", perhaps "-", white space, and a name without '<'. */
static int heredoc_from_word(const char *word, struct instruction *instruction, struct error *err)
{
	struct heredoc heredoc = { 0 };

	for (; isdigit((unsigned char)*word); word++)
		heredoc.descriptor = heredoc.descriptor * 10u + (unsigned)(*word - '0');
	if (word[0] != '<' || word[1] != '<')
		return 0;
	word += 2;
	heredoc.chomps = *word == '-';
	word += heredoc.chomps ? 1 : 0;
	word += strspn(word, "\t\n\f\r ");
	if (*word == '\0' || strchr(word, '<') != NULL)
		return 0;
	return heredoc_name(word, instruction, &heredoc, err);
}

int instruction_find_heredocs(struct instruction *instruction, struct error *err)
{
	/* the shell's own backslash, whatever the escape directive says */
	static const struct shellword_options options = {
		.escape = '\\',
		.flags = SHELLWORD_KEEP_QUOTES | SHELLWORD_KEEP_ESCAPES | SHELLWORD_KEEP_UNSET,
	};
	const struct instruction *bearer =
		instruction->trigger != NULL ? instruction->trigger : instruction;
	const struct kind *kind = kind_find(bearer->name);
	auto_shellword struct shellword line = { 0 };
	struct error ignored = ERROR_INIT;

	if (kind == NULL || !kind->heredocs || bearer->exec_form ||
	    strstr(instruction->original, "<<") == NULL)
		return 0;
	/* a line that is no shell text, say for an apostrophe, has no heredoc */
	if (shellword_expand(&options, instruction->original, &line, &ignored) < 0)
		return ignored.kind == ERROR_MEMORY ? error_memory(err) : 0;
	for (size_t i = 0; i < line.words.count; i++)
		if (heredoc_from_word(line.words.items[i].data, instruction, err) < 0)
			return -1;
	return 0;
}

const char *instruction_flag(const struct instruction *instruction, const char *name, size_t *from)
{
	size_t length = strlen(name);

	for (size_t i = *from; i < instruction->flags.count; i++) {
		const char *flag = instruction->flags.items[i].data;

		if (strncmp(flag, "--", 2) != 0 || strncasecmp(flag + 2, name, length) != 0)
			continue;
		flag += 2 + length;
		if (*flag != '\0' && *flag != '=')
			continue;
		*from = i + 1;
		return *flag == '=' ? flag + 1 : flag;
	}
	return NULL;
}
