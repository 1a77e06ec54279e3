#include "config.h"

#include "file/script.h"

#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/text.h"

#define WORD_MAX     ((size_t)1 << 20) /* longer ones are cut off */
#define NESTING_MAX  32
#define HEREDOCS_MAX 16

struct reader {
	const char *text;
	size_t size;
	size_t at;
	const struct script_source *source;
	struct script *script;
	struct error *err;
	unsigned depth; /* of $( and ` */
	unsigned cases; /* whose esac is to come */
	bool nested;
	/* here-documents whose bodies follow behind the line */
	char *heredocs[HEREDOCS_MAX];
	bool chomps[HEREDOCS_MAX];
	size_t heredoc_count;
	/* what is being read */
	struct script_command command;
	bool begun;
	enum script_operator next;
	struct buf word;
	size_t word_start;
	bool in_word;
	bool quoted;
	bool redirected; /* the next word is where a redirection leads */
	bool redirects_output;
};

static int commands_read(struct reader *reader, char end);
static int command_end(struct reader *reader, enum script_operator next);
static void pattern_skip(struct reader *reader);

static void command_release(struct script_command *command)
{
	words_release(&command->assignments);
	words_release(&command->words);
	*command = (struct script_command) { 0 };
}

void script_release(struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		command_release(&script->items[i]);
	free(script->items);
	*script = (struct script) { 0 };
}

static int peek(const struct reader *reader, size_t ahead)
{
	return reader->at + ahead < reader->size ? (unsigned char)reader->text[reader->at + ahead]
						 : -1;
}

/* The length of a line break at `at`: 1 or 2, or 0. */
static size_t break_at(const struct reader *reader, size_t at)
{
	if (at < reader->size && reader->text[at] == '\n')
		return 1;
	if (at + 1 < reader->size && reader->text[at] == '\r' && reader->text[at + 1] == '\n')
		return 2;
	return 0;
}

/* Behind a continued line, Docker leaves out lines that are empty or comments. */
static void skip_docker_lines(struct reader *reader)
{
	for (;;) {
		size_t at = reader->at;

		while (at < reader->size && (reader->text[at] == ' ' || reader->text[at] == '\t'))
			at++;
		if (at < reader->size && reader->text[at] == '#')
			while (at < reader->size && break_at(reader, at) == 0)
				at++;
		else if (break_at(reader, at) == 0)
			return;
		if (at >= reader->size)
			return;
		reader->at = at + break_at(reader, at);
	}
}

/* Passes over an escape character with a line break behind it, and blanks in between. */
static bool skip_continuation(struct reader *reader)
{
	size_t at = reader->at + 1;

	if (peek(reader, 0) != reader->source->escape)
		return false;
	if (reader->source->docker)
		while (at < reader->size && (reader->text[at] == ' ' || reader->text[at] == '\t'))
			at++;
	if (at < reader->size && break_at(reader, at) == 0)
		return false;
	if (at >= reader->size && !reader->source->docker)
		return false;
	reader->at = at < reader->size ? at + break_at(reader, at) : at;
	if (reader->source->docker)
		skip_docker_lines(reader);
	return true;
}

static void word_char(struct reader *reader, char c)
{
	if (!reader->in_word) {
		reader->in_word = true;
		reader->quoted = false;
		reader->word_start = reader->at;
		buf_truncate(&reader->word, 0);
	}
	if (reader->word.size < WORD_MAX / 2)
		buf_add_char(&reader->word, c);
}

/* What stands for commands inside of a word. */
static void word_commands(struct reader *reader)
{
	for (const char *c = "(\xe2\x80\xa6)"; *c != '\0'; c++)
		word_char(reader, *c);
}

/* Begins a word that may stay empty: ''. */
static void word_begin(struct reader *reader)
{
	if (!reader->in_word) {
		word_char(reader, ' ');
		buf_truncate(&reader->word, 0);
	}
	reader->quoted = true;
}

static bool is_assignment(const char *word)
{
	size_t i = 0;

	if (!isalpha((unsigned char)word[0]) && word[0] != '_')
		return false;
	while (isalnum((unsigned char)word[i]) || word[i] == '_')
		i++;
	return word[i] == '=' || (word[i] == '+' && word[i + 1] == '=');
}

/* Words that stand before a command and are none. */
static bool is_reserved(const char *word)
{
	static const char *const reserved[] = { "if",	 "then",  "else", "elif", "fi",
						"while", "until", "do",	  "done", "esac",
						"!",	 "{",	  "}" };

	for (size_t i = 0; i < array_size(reserved); i++)
		if (strcmp(word, reserved[i]) == 0)
			return true;
	return false;
}

/* "case WORD in" */
static bool opens_case(const struct script_command *command)
{
	return command->words.count == 3 && strcmp(command->words.items[0].data, "case") == 0 &&
	       strcmp(command->words.items[2].data, "in") == 0;
}

/* Inside of [[ ]] nothing is an operator. */
static bool is_in_test(const struct reader *reader)
{
	const struct words *words = &reader->command.words;

	return words->count > 0 && strcmp(words->items[0].data, "[[") == 0 &&
	       strcmp(words->items[words->count - 1].data, "]]") != 0 &&
	       !(reader->in_word && reader->word.size == 2 &&
		 memcmp(reader->word.data, "]]", 2) == 0);
}

static int word_end(struct reader *reader)
{
	struct script_command *command = &reader->command;
	struct words *list = &command->words;
	struct span at = { reader->source->start + reader->word_start,
			   reader->source->start + reader->at };

	if (!reader->in_word)
		return 0;
	reader->in_word = false;
	if (buf_check(&reader->word, "a word", reader->err) < 0)
		return -1;
	if (reader->redirected) {
		reader->redirected = false;
		if (reader->redirects_output && strcmp(reader->word.data, "/dev/null") == 0)
			command->silent = true;
		return 0;
	}
	if (list->count == 0 && !reader->quoted && is_reserved(reader->word.data)) {
		if (strcmp(reader->word.data, "esac") == 0 && reader->cases > 0)
			reader->cases--;
		return 0;
	}
	if (list->count == 0 && is_assignment(reader->word.data))
		list = &command->assignments;
	if (words_add(list, reader->word.data, reader->word.size, reader->err) < 0)
		return -1;
	list->items[list->count - 1].at = at;
	if (list == &command->words && opens_case(command) && !reader->quoted) {
		reader->cases++;
		if (command_end(reader, SCRIPT_SEQUENCE) < 0)
			return -1;
		pattern_skip(reader);
	}
	return 0;
}

static int command_end(struct reader *reader, enum script_operator next)
{
	struct script *script = reader->script;

	if (word_end(reader) < 0)
		return -1;
	reader->redirected = false;
	if (reader->command.words.count == 0 && reader->command.assignments.count == 0) {
		/* "a |\n b": the line break does not count */
		if (next != SCRIPT_SEQUENCE || reader->next == SCRIPT_BEGINS)
			reader->next = next;
		return 0;
	}
	if (script->count >= SCRIPT_COMMANDS_MAX) {
		command_release(&reader->command);
		return 0;
	}
	if (array_room(&script->items, script->count, &script->capacity, reader->err) < 0)
		return -1;
	reader->command.operator= reader->next;
	reader->command.nested = reader->nested;
	script->items[script->count++] = reader->command;
	reader->command = (struct script_command) { 0 };
	reader->next = next;
	return 0;
}

/* Commands inside of a word, which is put aside meanwhile. */
static int nested_read(struct reader *reader, char end)
{
	struct script_command outer = reader->command;
	enum script_operator next = reader->next;
	bool nested = reader->nested;
	bool quoted = reader->quoted;
	bool redirected = reader->redirected;
	unsigned cases = reader->cases;
	size_t start = reader->word_start;
	struct buf word = reader->word;
	int result;

	/* no shell script of anybody's */
	if (reader->depth >= NESTING_MAX) {
		reader->at = reader->size;
		return 0;
	}
	buf_init(&reader->word, WORD_MAX);
	reader->command = (struct script_command) { 0 };
	reader->next = SCRIPT_BEGINS;
	reader->nested = true;
	reader->cases = 0;
	reader->in_word = false;
	reader->redirected = false;
	reader->depth++;
	result = commands_read(reader, end);
	reader->depth--;
	command_release(&reader->command);
	buf_release(&reader->word);
	reader->word = word;
	reader->word_start = start;
	reader->in_word = true;
	reader->quoted = quoted;
	reader->redirected = redirected;
	reader->cases = cases;
	reader->command = outer;
	reader->next = next;
	reader->nested = nested;
	return result;
}

/* "${…}" and "$((…))", kept as they are written. */
static void raw_read(struct reader *reader, char open, char close)
{
	unsigned depth = 0;

	while (reader->at < reader->size) {
		char c = reader->text[reader->at];

		word_char(reader, c);
		reader->at++;
		if (c == open)
			depth++;
		else if (c == close && --depth == 0)
			return;
	}
}

/* At a '$' or '`': what it stands for. The text of commands is "$(…)" and no more. */
static int expansion_read(struct reader *reader)
{
	char c = reader->text[reader->at];

	if (c == '`') {
		word_char(reader, '$');
		word_commands(reader);
		reader->at++;
		return nested_read(reader, '`');
	}
	word_char(reader, c);
	reader->at++;
	if (peek(reader, 0) == '(' && peek(reader, 1) == '(') {
		raw_read(reader, '(', ')');
	} else if (peek(reader, 0) == '(') {
		word_commands(reader);
		reader->at++;
		return nested_read(reader, ')');
	} else if (peek(reader, 0) == '{') {
		raw_read(reader, '{', '}');
	}
	return 0;
}

static int double_quotes_read(struct reader *reader)
{
	word_begin(reader);
	reader->at++;
	while (reader->at < reader->size && reader->text[reader->at] != '"') {
		char c = reader->text[reader->at];

		if (skip_continuation(reader))
			continue;
		if (c == '$' || c == '`') {
			if (expansion_read(reader) < 0)
				return -1;
			continue;
		}
		if (c == '\\' && peek(reader, 1) >= 0 && strchr("$`\"\\", peek(reader, 1)) != NULL)
			c = reader->text[++reader->at];
		word_char(reader, c);
		reader->at++;
	}
	reader->at += reader->at < reader->size;
	return 0;
}

static void single_quotes_read(struct reader *reader)
{
	word_begin(reader);
	reader->at++;
	while (reader->at < reader->size && reader->text[reader->at] != '\'') {
		/* Docker joins lines before any shell sees quotes */
		if (reader->source->docker && skip_continuation(reader))
			continue;
		word_char(reader, reader->text[reader->at]);
		reader->at++;
	}
	reader->at += reader->at < reader->size;
}

/* Behind "<<": remembers the delimiter. */
static void heredoc_open(struct reader *reader)
{
	auto_buf struct buf name;
	bool chomps = peek(reader, 0) == '-';

	buf_init(&name, 1000);
	buf_add_string(&name, "");
	if (chomps)
		reader->at++;
	while (peek(reader, 0) == ' ' || peek(reader, 0) == '\t')
		reader->at++;
	while (reader->at < reader->size && !isspace(peek(reader, 0)) &&
	       strchr(";|&<>()", peek(reader, 0)) == NULL) {
		if (strchr("'\"\\", peek(reader, 0)) == NULL)
			buf_add_char(&name, reader->text[reader->at]);
		reader->at++;
	}
	if (reader->heredoc_count == HEREDOCS_MAX)
		return;
	reader->chomps[reader->heredoc_count] = chomps;
	reader->heredocs[reader->heredoc_count] = strndup(name.data, name.size);
	if (reader->heredocs[reader->heredoc_count] != NULL)
		reader->heredoc_count++;
}

/* At the beginning of a line: passes over the bodies. */
static void heredocs_skip(struct reader *reader)
{
	for (size_t i = 0; i < reader->heredoc_count; i++) {
		size_t length = strlen(reader->heredocs[i]);
		bool found = false;

		while (!found && reader->at < reader->size) {
			const char *line = reader->text + reader->at;
			const char *end = memchr(line, '\n', reader->size - reader->at);
			size_t size =
				end != NULL ? (size_t)(end - line) : reader->size - reader->at;

			reader->at += size + (end != NULL);
			size -= size > 0 && line[size - 1] == '\r';
			while (reader->chomps[i] && size > 0 && *line == '\t') {
				line++;
				size--;
			}
			found = size == length && memcmp(line, reader->heredocs[i], size) == 0;
		}
		free(reader->heredocs[i]);
	}
	reader->heredoc_count = 0;
}

/* At '<' or '>'. A number before it has been taken for a word, and is none. */
static int redirection_read(struct reader *reader)
{
	bool output = peek(reader, 0) == '>';
	bool is_number = reader->in_word && !reader->quoted && reader->word.size == 1 &&
			 isdigit((unsigned char)reader->word.data[0]);

	if (is_number)
		reader->in_word = false;
	else if (word_end(reader) < 0)
		return -1;
	reader->redirects_output = output && (!is_number || reader->word.data[0] == '1');
	if (!output && peek(reader, 1) == '<' && peek(reader, 2) != '<') {
		reader->at += 2;
		heredoc_open(reader);
		return 0;
	}
	while (reader->at < reader->size && strchr("<>&|", peek(reader, 0)) != NULL)
		reader->at++;
	/* "2>&1" and "<(…)" */
	if (peek(reader, 0) == '(') {
		reader->at++;
		word_begin(reader);
		return nested_read(reader, ')');
	}
	reader->redirected = true;
	return 0;
}

/* At ; & | ( ) or a line break. *ret_end: it ends what was to be read. */
static int operator_read(struct reader *reader, char end, bool *ret_end)
{
	char c = reader->text[reader->at];
	bool twice = peek(reader, 1) == c;
	bool ends_branch = c == ';' && (twice || peek(reader, 1) == '&');
	enum script_operator next = SCRIPT_SEQUENCE;
	size_t at = reader->at;

	/* the word ends before the operator; what "in" ends is passed over by now */
	if (word_end(reader) < 0)
		return -1;
	if (reader->at != at)
		return 0;
	*ret_end = c == end;
	if (*ret_end) {
		reader->at++;
		return command_end(reader, SCRIPT_SEQUENCE);
	}
	if (c == '&' && peek(reader, 1) == '>') {
		reader->at++;
		return redirection_read(reader);
	}
	if (c == '|')
		next = twice ? SCRIPT_OR : SCRIPT_PIPE;
	else if (c == '&' && twice)
		next = SCRIPT_AND;
	else if (c == '(')
		next = reader->next;
	reader->at += ends_branch || (twice && (c == '|' || c == '&')) ? 2 : 1;
	if (ends_branch && twice && peek(reader, 0) == '&')
		reader->at++;
	if (c == '|' && !twice && peek(reader, 0) == '&')
		reader->at++;
	if (command_end(reader, next) < 0)
		return -1;
	if (c == '\n')
		heredocs_skip(reader);
	if (ends_branch && reader->cases > 0)
		pattern_skip(reader);
	return 0;
}

/* Docker joins lines before any shell sees comments. */
static void comment_skip(struct reader *reader)
{
	while (reader->at < reader->size && reader->text[reader->at] != '\n')
		if (!reader->source->docker || !skip_continuation(reader))
			reader->at++;
}

/* Behind "in" and ";;" of a case: passes over "a|b)". */
static void pattern_skip(struct reader *reader)
{
	char quote = '\0';

	for (;;) {
		int c = peek(reader, 0);

		if (skip_continuation(reader))
			continue;
		if (c == '#')
			comment_skip(reader);
		else if (c >= 0 && (isspace(c) || c == '('))
			reader->at++;
		else
			break;
		if (c == '\n')
			heredocs_skip(reader);
	}
	if (reader->size - reader->at >= 4 && memcmp(reader->text + reader->at, "esac", 4) == 0 &&
	    (peek(reader, 4) < 0 || (!isalnum(peek(reader, 4)) && peek(reader, 4) != '_')))
		return;
	for (; reader->at < reader->size; reader->at++) {
		char c = reader->text[reader->at];

		if (quote == '\0' && c == ')') {
			reader->at++;
			return;
		}
		if (c == '\\' && quote != '\'')
			reader->at += reader->at + 1 < reader->size;
		else if (c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '\'' || c == '"'))
			quote = c;
	}
}

/* A word that does not go on behind a continued line ends before it. */
static bool continuation_read(struct reader *reader, int *result)
{
	size_t before = reader->at;
	size_t behind;

	if (!skip_continuation(reader))
		return false;
	behind = reader->at;
	if (behind < reader->size && strchr(" \t\r\n;&|()<>", peek(reader, 0)) == NULL)
		return true;
	reader->at = before;
	*result = word_end(reader);
	if (reader->at == before)
		reader->at = behind;
	return true;
}

/* Until `end`, or the end of the text where that is 0. */
static int commands_read(struct reader *reader, char end)
{
	bool ended = false;
	int result = 0;

	while (result == 0 && !ended && reader->at < reader->size) {
		char c = reader->text[reader->at];

		if (continuation_read(reader, &result))
			continue;
		if (c == end && end == '`') {
			result = word_end(reader);
			reader->at += reader->at < reader->size;
			return result == 0 ? command_end(reader, SCRIPT_SEQUENCE) : -1;
		}
		if (c == ' ' || c == '\t' || c == '\r') {
			size_t at = reader->at;

			result = word_end(reader);
			reader->at += reader->at == at;
		} else if (strchr(";&|()<>", c) != NULL && c != '\0' && is_in_test(reader)) {
			word_char(reader, c);
			reader->at++;
		} else if (strchr(";&|()\n", c) != NULL && c != '\0') {
			result = operator_read(reader, end, &ended);
		} else if (c == '<' || c == '>') {
			result = redirection_read(reader);
		} else if (c == '#' && !reader->in_word) {
			comment_skip(reader);
		} else if (c == '\'') {
			single_quotes_read(reader);
		} else if (c == '"') {
			result = double_quotes_read(reader);
		} else if (c == '$' || c == '`') {
			result = expansion_read(reader);
		} else {
			if (c == '\\' && peek(reader, 1) >= 0) {
				word_begin(reader);
				c = reader->text[++reader->at];
			}
			word_char(reader, c);
			reader->at++;
		}
	}
	return result == 0 && !ended ? command_end(reader, SCRIPT_SEQUENCE) : result;
}

int script_parse(const char *text, size_t size, const struct script_source *source,
		 struct script *ret_script, struct error *err)
{
	auto_script struct script script = { 0 };
	struct reader reader = {
		.text = text,
		.size = size,
		.source = source,
		.script = &script,
		.err = err,
	};
	int result;

	buf_init(&reader.word, WORD_MAX);
	result = commands_read(&reader, '\0');
	command_release(&reader.command);
	buf_release(&reader.word);
	for (size_t i = 0; i < reader.heredoc_count; i++)
		free(reader.heredocs[i]);
	if (result < 0)
		return -1;
	*ret_script = script;
	script = (struct script) { 0 };
	return 0;
}

int script_of_words(const struct words *words, struct script *ret_script, struct error *err)
{
	auto_script struct script script = { 0 };
	struct words *list;

	if (array_room(&script.items, 0, &script.capacity, err) < 0)
		return -1;
	script.items[0] = (struct script_command) { 0 };
	script.count = 1;
	list = &script.items[0].words;
	for (size_t i = 0; i < words->count; i++) {
		if (words_add(list, words->items[i].data, words->items[i].size, err) < 0)
			return -1;
		list->items[i].at = words->items[i].at;
	}
	*ret_script = script;
	script = (struct script) { 0 };
	return 0;
}

/* Programs that run what stands behind them; with the options that take a word of their own. */
static const struct {
	const char *name;
	const char *valued;
	unsigned operands; /* of its own, before the command */
} runners[] = {
	{ "exec", "a", 0 },	 { "env", "uCS", 0 },	     { "sudo", "ugCDRTUhp", 0 },
	{ "doas", "uC", 0 },	 { "time", "fo", 0 },	     { "nohup", "", 0 },
	{ "command", "", 0 },	 { "builtin", "", 0 },	     { "nice", "n", 0 },
	{ "ionice", "cn", 0 },	 { "setsid", "", 0 },	     { "eatmydata", "", 0 },
	{ "stdbuf", "ioe", 0 },	 { "timeout", "ks", 1 },     { "tini", "pe", 0 },
	{ "dumb-init", "r", 0 }, { "gosu", "", 1 },	     { "su-exec", "", 1 },
	{ "catchsegv", "", 0 },	 { "xargs", "aEdILnPs", 0 },
};

static size_t behind_options(const struct words *words, size_t i, const char *valued)
{
	while (i < words->count) {
		const char *word = words->items[i].data;

		if (strcmp(word, "--") == 0)
			return i + 1;
		if (is_assignment(word)) {
			i++;
			continue;
		}
		if (word[0] != '-' || word[1] == '\0')
			return i;
		i += word[1] != '-' && word[2] == '\0' && strchr(valued, word[1]) != NULL ? 2 : 1;
	}
	return i;
}

size_t script_program(const struct script_command *command)
{
	const struct words *words = &command->words;
	size_t i = 0;

	while (i < words->count) {
		const char *name = text_base_name(words->items[i].data);
		size_t k = 0;

		while (k < array_size(runners) && strcmp(name, runners[k].name) != 0)
			k++;
		if (k == array_size(runners))
			return i;
		i = behind_options(words, i + 1, runners[k].valued);
		i = i + runners[k].operands <= words->count ? i + runners[k].operands
							    : words->count;
	}
	return words->count;
}

const char *script_program_name(const struct script_command *command)
{
	size_t i = script_program(command);

	return i < command->words.count ? text_base_name(command->words.items[i].data) : "";
}

const struct word *script_inner(const struct script_command *command)
{
	static const char *const shells[] = {
		"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"
	};
	const struct words *words = &command->words;
	const char *name = script_program_name(command);
	bool is_shell = false;

	for (size_t i = 0; i < array_size(shells); i++)
		is_shell = is_shell || strcmp(name, shells[i]) == 0;
	if (!is_shell)
		return NULL;
	for (size_t i = script_program(command) + 1; i + 1 < words->count; i++) {
		const char *word = words->items[i].data;

		if (word[0] == '-' && word[1] != '-' && strchr(word, 'c') != NULL)
			return &words->items[i + 1];
	}
	return NULL;
}

int script_unwrap(struct script *script, struct error *err)
{
	static const struct script_source source = { .escape = '\\' };
	const struct word *inner = script->count == 1 ? script_inner(&script->items[0]) : NULL;
	auto_script struct script unwrapped = { 0 };

	if (inner == NULL)
		return 0;
	if (script_parse(inner->data, inner->size, &source, &unwrapped, err) < 0)
		return -1;
	for (size_t i = 0; i < unwrapped.count; i++)
		for (size_t k = 0; k < unwrapped.items[i].words.count; k++)
			unwrapped.items[i].words.items[k].at = (struct span) { 0 };
	script_release(script);
	*script = unwrapped;
	unwrapped = (struct script) { 0 };
	return 0;
}
