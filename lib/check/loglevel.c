#include "config.h"

#include "check/loglevel.h"

#include <stdint.h>
#include <string.h>

#include "attributes.h"
#include "check/levelword.h"

static bool one_of(const char *text, size_t size, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (same_word(text, size, words[i]))
			return true;
	return false;
}

static bool begins(const char *text, size_t size, const char *with)
{
	size_t length = strlen(with);

	return size >= length && memcmp(text, with, length) == 0;
}

/* A level stands within so much of a line's begin. */
#define HEAD_BYTES_MAX	512
#define HEAD_TOKENS_MAX 16
#define PAIRS_BYTES_MAX ((size_t)16 << 10)

/* A piece of the head, between blanks and brackets. */
struct token {
	const char *text;
	size_t size;
	size_t word; /* of that what stands before a colon or a slash */
	bool first;  /* of the line */
	bool bracket;
	bool alone; /* in its bracket */
	char before;
	char after; /* '\0' at the end of the line */
};

struct head {
	const char *line;
	const char *at;
	const char *end;
	size_t tokens;
	unsigned prose; /* words of a message, as it seems */
	bool fatal;	/* "Fatal" is the first word */
	bool in_bracket;
	bool bracket_began; /* nothing but the bracket stands before */
	char before;
	struct token last;
};

static struct log_level_found found_at(enum log_level level, const char *text, size_t size)
{
	return (struct log_level_found) { level, text, size };
}

static struct log_level_found nothing(void)
{
	return (struct log_level_found) { LOG_LEVEL_NONE, NULL, 0 };
}

/* A colour of a terminal: ESC [ … a letter. Returns what follows it. */
static const char *skip_colour(const char *at, const char *end)
{
	at++;
	if (at == end || *at != '[')
		return at;
	for (at++; at < end && (is_digit(*at) || *at == ';');)
		at++;
	return at < end ? at + 1 : at;
}

static bool is_open(char c)
{
	return c == '[' || c == '(' || c == '<' || c == '{';
}

static bool is_close(char c)
{
	return c == ']' || c == ')' || c == '>' || c == '}';
}

static bool is_delimiter(char c)
{
	return c == ' ' || c == '\t' || c == '|' || c == '\033' || c == '\r' || is_open(c) ||
	       is_close(c);
}

static char visible_after(const char *at, const char *end)
{
	while (at < end && *at == '\033')
		at = skip_colour(at, end);
	return at < end ? *at : '\0';
}

static bool next_token(struct head *head, struct token *ret_token)
{
	struct token token = { .first = head->tokens == 0 };

	while (head->at < head->end && is_delimiter(*head->at)) {
		if (*head->at == '\033') {
			head->at = skip_colour(head->at, head->end);
			continue;
		}
		if (is_open(*head->at)) {
			head->in_bracket = true;
			head->bracket_began = true;
		} else if (is_close(*head->at)) {
			head->in_bracket = false;
		}
		head->before = *head->at++;
	}
	token.text = head->at;
	while (head->at < head->end && !is_delimiter(*head->at))
		head->at++;
	token.size = (size_t)(head->at - token.text);
	if (token.size == 0 || head->tokens == HEAD_TOKENS_MAX)
		return false;
	for (; token.word < token.size; token.word++)
		if (token.text[token.word] == ':' || token.text[token.word] == '/')
			break;
	token.before = head->before;
	token.after = visible_after(head->at, head->end);
	token.bracket = head->in_bracket;
	token.alone = token.bracket && head->bracket_began && is_close(token.after);
	head->bracket_began = false;
	head->tokens++;
	*ret_token = token;
	return true;
}

/* What takes the level out of the word behind it: "no error:", "log level ERROR". */
static bool is_negation(const struct token *token)
{
	static const char *const words[] = { "no",	  "not",       "without",   "zero",
					     "0",	  "any",       "level",	    "loglevel",
					     "log-level", "log_level", "verbosity", "threshold",
					     "severity" };
	size_t size = token->size;

	while (size > 0 && (token->text[size - 1] == ':' || token->text[size - 1] == '='))
		size--;
	return one_of(token->text, size, words, array_size(words));
}

/* "errors: 0" in its forms: a value that says that there was none. */
static bool is_nothing(const char *at, const char *end)
{
	static const char *const words[] = { "0",     "none", "null",  "nil", "<nil>",
					     "false", "no",   "never", "ok",  "undefined",
					     "-",     "\"\"", "''",    "n/a" };

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '.' || end[-1] == '\r' || end[-1] == ','))
		end--;
	return one_of(at, (size_t)(end - at), words, array_size(words));
}

/* "Standard error:" is a heading. */
static bool is_empty(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at == end;
}

static bool is_capitals(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!is_upper(text[i]))
			return false;
	return size > 0;
}

/* java.io.IOException, OperationalError, DeprecationWarning. */
static enum log_level level_of_class(const char *text, size_t size)
{
	static const struct {
		const char *end;
		enum log_level level;
	} ends[] = { { "Error", LOG_LEVEL_ERROR },
		     { "Exception", LOG_LEVEL_ERROR },
		     { "Warning", LOG_LEVEL_WARNING } };
	size_t begin = size;

	for (size_t i = 0; i < size; i++)
		if (!is_letter(text[i]) && !is_digit(text[i]) && strchr("._$", text[i]) == NULL)
			return LOG_LEVEL_NONE;
	while (begin > 0 && text[begin - 1] != '.')
		begin--;
	if (begin == size || !is_upper(text[begin]))
		return LOG_LEVEL_NONE;
	/* requests.exceptions.ConnectTimeout */
	if (memmem(text, size, ".exceptions.", 12) != NULL)
		return LOG_LEVEL_ERROR;
	for (size_t i = 0; i < array_size(ends); i++) {
		size_t length = strlen(ends[i].end);

		if (size - begin >= length &&
		    memcmp(text + size - length, ends[i].end, length) == 0)
			return ends[i].level;
	}
	return LOG_LEVEL_NONE;
}

/* level=error as a piece by itself, also lvl="eror". */
static struct log_level_found level_of_pair(const char *key, size_t key_size, const char *value,
					    size_t size)
{
	static const char *const keys[] = { "level", "lvl", "severity", "loglevel", "log.level" };
	const struct level_word *word;

	if (!one_of(key, key_size, keys, array_size(keys)))
		return nothing();
	if (size >= 2 && value[0] == '"' && value[size - 1] == '"') {
		value++;
		size -= 2;
	}
	for (size_t i = 0; i < size; i++)
		if (value[i] == '+' || (value[i] == '-' && i > 0))
			size = i;
	word = level_word_find(value, size);
	return word != NULL ? found_at(word->level, value, size) : nothing();
}

/* logfmt: key=value pairs from the begin of the line on. */
static struct log_level_found level_of_pairs(const char *line, size_t size)
{
	const char *end = line + (size < PAIRS_BYTES_MAX ? size : PAIRS_BYTES_MAX);
	const char *at = line;
	struct log_level_found found = nothing();
	size_t pairs = 0;

	while (at < end && (pairs < 2 || found.level == LOG_LEVEL_NONE)) {
		const char *key = at;
		const char *value;

		while (at < end && *at != '=' && *at != ' ' && *at != '"')
			at++;
		if (at == end || *at != '=') {
			if (pairs == 0)
				return nothing();
			at += at < end ? 1 : 0;
			continue;
		}
		value = ++at;
		if (at < end && *at == '"') {
			for (at++; at < end && *at != '"'; at++)
				at += *at == '\\' && at + 1 < end ? 1 : 0;
			at += at < end ? 1 : 0;
		} else {
			while (at < end && *at != ' ')
				at++;
		}
		pairs++;
		if (found.level == LOG_LEVEL_NONE)
			found = level_of_pair(key, (size_t)(value - 1 - key), value,
					      (size_t)(at - value));
		while (at < end && *at == ' ')
			at++;
	}
	/* one pair alone is a setting that somebody prints */
	return pairs >= 2 ? found : nothing();
}

static bool is_pair_begin(const char *line, size_t size)
{
	size_t i = 0;

	if (size == 0 || (!is_letter(line[0]) && line[0] != '@' && line[0] != '_'))
		return false;
	while (i < size && i < 64 &&
	       (is_letter(line[i]) || is_digit(line[i]) || strchr("_.@-", line[i]) != NULL) &&
	       line[i] != '\0')
		i++;
	return i < size && line[i] == '=';
}

/* How language runtimes begin to tell of an end that nobody asked for. */
static struct log_level_found level_of_beginning(const char *line, size_t size)
{
	static const struct {
		const char *begin;
		enum log_level level;
	} beginnings[] = {
		{ "Traceback (most recent call last)", LOG_LEVEL_ERROR }, /* Python */
		{ "Exception in ", LOG_LEVEL_ERROR },	     /* Java, Python's threads, tkinter */
		{ "Exception ignored in", LOG_LEVEL_ERROR }, /* Python */
		{ "Error occurred during initialization", LOG_LEVEL_CRITICAL }, /* the JVM */
		{ "Unhandled exception", LOG_LEVEL_CRITICAL },			/* .NET */
		{ "Unhandled Exception", LOG_LEVEL_CRITICAL },
		{ "Unrecoverable error", LOG_LEVEL_CRITICAL },
		{ "Uncaught ", LOG_LEVEL_ERROR },
		{ "panic: ", LOG_LEVEL_CRITICAL },	 /* Go */
		{ "fatal error: ", LOG_LEVEL_CRITICAL }, /* Go */
		{ "fatal: ", LOG_LEVEL_CRITICAL },
		{ "node:internal/", LOG_LEVEL_ERROR },
		{ "Segmentation fault", LOG_LEVEL_CRITICAL },
		{ "*** FATAL ", LOG_LEVEL_CRITICAL }, /* Redis */
		{ "npm ERR! ", LOG_LEVEL_ERROR },
		{ "npm error ", LOG_LEVEL_ERROR },
		{ "npm WARN ", LOG_LEVEL_WARNING },
		{ "npm warn ", LOG_LEVEL_WARNING },
		{ "npm notice ", LOG_LEVEL_NOTICE },
		{ "E: ", LOG_LEVEL_ERROR }, /* apt */
		{ "W: ", LOG_LEVEL_WARNING },
		{ "=ERROR REPORT==", LOG_LEVEL_ERROR }, /* Erlang */
		{ "=CRASH REPORT==", LOG_LEVEL_ERROR },
		{ "error Command failed", LOG_LEVEL_ERROR }, /* yarn */
	};

	for (size_t i = 0; i < array_size(beginnings); i++)
		if (begins(line, size, beginnings[i].begin))
			return found_at(beginnings[i].level, NULL, 0);
	/* Rust: thread 'main' panicked at; newer: thread 'main' (1) panicked at */
	if (begins(line, size, "thread '") &&
	    memmem(line, size < 128 ? size : 128, " panicked at", 12) != NULL)
		return found_at(LOG_LEVEL_CRITICAL, NULL, 0);
	/* Go's server of HTTP, behind its time */
	if (memmem(line, size < 64 ? size : 64, "http: panic serving ", 20) != NULL)
		return found_at(LOG_LEVEL_ERROR, NULL, 0);
	/* Node: node:fs:1386, and nothing behind the number */
	if (begins(line, size, "node:") && size < 64 && is_digit(line[size - 1]) &&
	    memchr(line, ' ', size) == NULL)
		return found_at(LOG_LEVEL_ERROR, NULL, 0);
	return nothing();
}

/* <3>text: RFC 5424's priority, as the journal and the kernel's log take it. */
static struct log_level_found level_of_priority(const char *line, size_t size)
{
	unsigned priority = 0;
	size_t i = 1;

	if (size < 3 || line[0] != '<')
		return nothing();
	for (; i < size && i < 4 && is_digit(line[i]); i++)
		priority = 10 * priority + (unsigned)(line[i] - '0');
	if (i == 1 || i == size || line[i] != '>' || priority > 191)
		return nothing();
	return found_at(level_of_severity(priority % 8), line, i + 1);
}

/* klog and glog: E1123 18:57:20. */
static enum log_level level_of_klog(const struct token *token, const char *end)
{
	if (!token->first || token->size != 5 || strchr("IWEF", token->text[0]) == NULL ||
	    token->before != '\0' || end - token->text < 8 || token->text[5] != ' ' ||
	    !is_digit(token->text[6]))
		return LOG_LEVEL_NONE;
	for (size_t i = 1; i < 5; i++)
		if (!is_digit(token->text[i]))
			return LOG_LEVEL_NONE;
	return level_of_letter(token->text, 1);
}

/* Redis: "1:M 23 Nov 2026 19:03:33.456 # text"; the mark is the level. */
static bool is_redis(const char *line, size_t size)
{
	size_t i = 0;

	while (i < size && i < 10 && is_digit(line[i]))
		i++;
	return i > 0 && size - i > 4 && line[i] == ':' && strchr("XCSM", line[i + 1]) != NULL &&
	       line[i + 1] != '\0' && line[i + 2] == ' ' && is_digit(line[i + 3]);
}

static enum log_level level_of_mark(char mark)
{
	switch (mark) {
	case '.':
	case '-':
		return LOG_LEVEL_DEBUG;
	case '*':
		return LOG_LEVEL_NOTICE;
	case '#':
		return LOG_LEVEL_WARNING;
	default:
		return LOG_LEVEL_NONE;
	}
}

/* One letter: Telegraf's "E!", and MongoDB's before 4.4, " E " behind a time. */
static struct log_level_found level_of_short(const struct head *head, const struct token *token)
{
	if (token->first)
		return nothing();
	if (token->size == 2 && token->text[1] == '!')
		return found_at(level_of_letter(token->text, 1), token->text, 1);
	if (token->size == 1 && head->tokens == 2 && head->last.size > 18 &&
	    head->last.text[10] == 'T' && is_digit(head->last.text[0]) &&
	    head->end - token->text > 2 && is_upper(token->text[2]))
		return found_at(level_of_letter(token->text, 1), token->text, 1);
	return nothing();
}

static struct log_level_found level_of_token(const struct head *head, const struct token *token)
{
	const struct level_word *word = level_word_find(token->text, token->word);
	bool colon = token->word < token->size && token->text[token->word] == ':';
	bool negated = !token->bracket && is_negation(&head->last);
	bool capitals = is_capitals(token->text, token->word);

	if (token->bracket && word == NULL && token->word < token->size && is_close(token->after)) {
		/* Apache's [core:error]; [Server thread/ERROR] */
		const char *last = token->text + token->word + 1;
		size_t size = token->size - token->word - 1;

		word = level_word_find(last, size);
		if (word != NULL && ((token->alone && (word->places & WORD_BRACKET)) ||
				     (is_capitals(last, size) && (word->places & WORD_UPPER))))
			return found_at(word->level, last, size);
		return nothing();
	}
	if (word == NULL || negated)
		return nothing();
	if (token->alone && token->word == token->size && (word->places & WORD_BRACKET))
		return found_at(word->level, token->text, token->word);
	if (capitals && (word->places & WORD_UPPER))
		return found_at(word->level, token->text, token->word);
	if (colon && capitals && (word->places & WORD_TITLE) && !token->bracket)
		return found_at(word->level, token->text, token->word);
	/* zap, for people: the level between two tabulators */
	if (token->before == '\t' && token->after == '\t' && token->word == token->size)
		return found_at(word->level, token->text, token->word);
	if (!colon || (word->places & WORD_COLON) == 0 || (token->bracket && !token->first) ||
	    is_nothing(token->text + token->word + 1, head->end) ||
	    (!token->first && is_empty(token->text + token->word + 1, head->end)))
		return nothing();
	/* "PHP Fatal error:", "Fatal Python error:" */
	if (word->level == LOG_LEVEL_ERROR &&
	    (head->fatal || same_word(head->last.text, head->last.size, "fatal")))
		return found_at(LOG_LEVEL_CRITICAL, token->text, token->word);
	return found_at(word->level, token->text, token->word);
}

/* A class of errors before a colon, or by itself, or as Node has it: TypeError [ERR_…]: */
static struct log_level_found level_of_class_token(const struct head *head,
						   const struct token *token)
{
	enum log_level level = level_of_class(token->text, token->word);
	const char *behind = token->text + token->size;
	size_t left = (size_t)(head->end - behind);
	bool colon = token->word < token->size && token->text[token->word] == ':';

	if (level == LOG_LEVEL_NONE || head->prose > 0 || is_negation(&head->last))
		return nothing();
	if (colon && is_nothing(token->text + token->word + 1, head->end))
		return nothing();
	if (colon || (token->first && (left == 0 || begins(behind, left, " [ERR_"))))
		return found_at(level, token->text, token->word);
	return nothing();
}

/* A word as people write it, and no part of a date. */
static bool is_prose(const struct token *token)
{
	static const char *const dates[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
					     "aug", "sep", "oct", "nov", "dec", "mon", "tue",
					     "wed", "thu", "fri", "sat", "sun" };
	bool lower = false;

	/* "app[1]:" is a program of the system's log */
	if (token->bracket || token->size < 2 || is_open(token->after) ||
	    one_of(token->text, token->size, dates, array_size(dates)))
		return false;
	for (size_t i = 0; i < token->size; i++) {
		if (!is_letter(token->text[i]))
			return false;
		lower = lower || is_lower(token->text[i]);
	}
	return lower;
}

/* From here on it is the message: what is quoted, and PostgreSQL's additions to a message. */
static bool ends_head(const struct token *token)
{
	static const char *const additions[] = { "STATEMENT:", "DETAIL:", "HINT:",
						 "CONTEXT:",   "QUERY:",  "LOCATION:" };

	return token->text[0] == '"' || token->text[0] == '\'' || token->text[0] == '`' ||
	       one_of(token->text, token->size, additions, array_size(additions));
}

static struct log_level_found level_of_head(const char *line, const char *at, const char *end)
{
	struct head head = {
		.line = line,
		.at = at,
		.end = end - at > HEAD_BYTES_MAX ? at + HEAD_BYTES_MAX : end,
		.last = { .text = "" },
	};
	bool redis = is_redis(at, (size_t)(end - at));
	struct token token;

	while (next_token(&head, &token) && !ends_head(&token)) {
		struct log_level_found found = nothing();
		const char *equals = memchr(token.text, '=', token.size);

		if (redis && head.tokens == 6)
			return token.size == 1
				       ? found_at(level_of_mark(token.text[0]), token.text, 1)
				       : nothing();
		if (head.tokens == 1)
			found = found_at(level_of_klog(&token, head.end), token.text, 1);
		if (found.level == LOG_LEVEL_NONE && !redis)
			found = level_of_token(&head, &token);
		if (found.level == LOG_LEVEL_NONE && equals != NULL && !token.first &&
		    (head.prose == 0 || memchr(head.last.text, '=', head.last.size) != NULL))
			found = level_of_pair(token.text, (size_t)(equals - token.text), equals + 1,
					      token.size - (size_t)(equals + 1 - token.text));
		if (found.level == LOG_LEVEL_NONE)
			found = level_of_class_token(&head, &token);
		if (found.level == LOG_LEVEL_NONE)
			found = level_of_short(&head, &token);
		if (found.level != LOG_LEVEL_NONE)
			return found;
		head.prose += is_prose(&token) ? 1 : 0;
		head.fatal =
			head.fatal || (token.first && same_word(token.text, token.size, "fatal"));
		/* one may be the name of a host or of a program, two are a sentence */
		if (head.prose > (head.fatal ? 2U : 1U))
			break;
		head.last = token;
	}
	return nothing();
}

/* What is set in by so much goes on with the line before; but a logger that leaves out a time that
 * it has just written sets in as well, and then the level comes first. */
static bool goes_on(const char *line, const char *at, const char *end)
{
	const char *word = at;

	if (begins(at, (size_t)(end - at), "at ") || begins(at, (size_t)(end - at), "... "))
		return true;
	if (memchr(line, '\t', (size_t)(at - line)) != NULL)
		return true;
	if (at - line < 3)
		return false;
	while (word < end && is_upper(*word))
		word++;
	if (word == at || end - word < 2 || word[0] != ' ')
		return true;
	while (word < end && *word == ' ')
		word++;
	return word == end || *word == '=' || *word == '(';
}

struct log_level_found log_level_of_plain(const char *line, size_t size)
{
	const char *end = line + size;
	const char *at = line;
	struct log_level_found found;

	while (at < end && (*at == ' ' || *at == '\t' || *at == '\033'))
		at = *at == '\033' ? skip_colour(at, end) : at + 1;
	if (at == end)
		return nothing();
	size = (size_t)(end - at);
	if (begins(at, size, "Caused by: ") || begins(at, size, "Suppressed: "))
		return nothing();
	if (*line == ' ' || *line == '\t') {
		if (goes_on(line, at, end))
			return nothing();
		return level_of_head(line, at, end);
	}
	found = level_of_priority(at, size);
	if (found.level == LOG_LEVEL_NONE)
		found = level_of_beginning(at, size);
	if (found.level == LOG_LEVEL_NONE && is_pair_begin(at, size))
		found = level_of_pairs(at, size);
	return found.level != LOG_LEVEL_NONE ? found : level_of_head(line, at, end);
}
