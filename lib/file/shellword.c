#include "config.h"

#include "file/shellword.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "file/shellpattern.h"

/* Substitutions inside substitutions. */
#define DEPTH_MAX 64

struct expander {
	const struct shellword_options *options;
	const char *at;
	bool keep_escapes;
	unsigned depth;
	size_t max; /* bytes of a result */
	char *unknown;
};

/* Where words grow. An empty quoted word is none, as in the builder. */
struct splitter {
	struct words words;
	struct buf word;
	bool in_word;
};

static void splitter_init(struct splitter *splitter, size_t max)
{
	*splitter = (struct splitter) { .in_word = false };
	buf_init(&splitter->word, max);
}

static void splitter_release(struct splitter *splitter)
{
	words_release(&splitter->words);
	buf_release(&splitter->word);
}

static int splitter_end(struct splitter *splitter, struct error *err)
{
	if (splitter->word.size == 0)
		return 0;
	if (buf_check(&splitter->word, "word", err) < 0 ||
	    words_add(&splitter->words, splitter->word.data, splitter->word.size, err) < 0)
		return -1;
	buf_clear(&splitter->word);
	splitter->in_word = false;
	return 0;
}

static void splitter_add_raw(struct splitter *splitter, const char *text, size_t size)
{
	buf_add(&splitter->word, text, size);
	splitter->in_word = true;
}

/* Text in which white space parts words. */
static int splitter_add(struct splitter *splitter, const char *text, size_t size, struct error *err)
{
	size_t at = 0;

	while (at < size) {
		size_t space = space_at(text + at, size - at);

		if (space == 0) {
			splitter_add_raw(splitter, text + at, 1);
			at++;
			continue;
		}
		if (splitter->in_word && splitter_end(splitter, err) < 0)
			return -1;
		at += space;
	}
	return 0;
}

/* The bytes of the character at `text`. */
static size_t character_length(const char *text)
{
	size_t length = 1;

	if ((unsigned char)*text < 0xc0)
		return 1;
	while (length < 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static int expand_until(struct expander *expander, char stop, bool keep_escapes, struct buf *out,
			struct splitter *splitter, struct error *err);
static int expand_dollar(struct expander *expander, struct buf *out, struct error *err);

static bool has_flag(const struct expander *expander, enum shellword_flag flag)
{
	return (expander->options->flags & flag) != 0;
}

/* Nothing is special between single quotes. */
static int expand_single_quote(struct expander *expander, struct buf *out, struct error *err)
{
	const char *start = expander->at + 1;
	const char *end = strchr(start, '\'');

	if (end == NULL)
		return error_set(err, ERROR_INPUT, "a single quote is not closed");
	if (has_flag(expander, SHELLWORD_KEEP_QUOTES))
		buf_add_char(out, '\'');
	buf_add(out, start, (size_t)(end - start));
	if (has_flag(expander, SHELLWORD_KEEP_QUOTES))
		buf_add_char(out, '\'');
	expander->at = end + 1;
	return 0;
}

static int expand_double_quote(struct expander *expander, struct buf *out, struct error *err)
{
	char escape = expander->options->escape;

	if (has_flag(expander, SHELLWORD_KEEP_QUOTES))
		buf_add_char(out, '"');
	expander->at++;
	while (*expander->at != '"') {
		char c = *expander->at;

		if (c == '\0')
			return error_set(err, ERROR_INPUT, "a double quote is not closed");
		if (c == '$') {
			if (expand_dollar(expander, out, err) < 0)
				return -1;
			continue;
		}
		expander->at++;
		if (c == escape) {
			char next = *expander->at;

			if (expander->keep_escapes)
				buf_add_char(out, c);
			if (next == '\0')
				continue;
			/* before all else the escape character is plain */
			if (next == '"' || next == '$' || next == escape) {
				c = next;
				expander->at++;
			}
		}
		buf_add_char(out, c);
	}
	expander->at++;
	if (has_flag(expander, SHELLWORD_KEEP_QUOTES))
		buf_add_char(out, '"');
	return 0;
}

/* Letters, digits and '_'; only digits where it begins with one; or one special parameter. */
static int expand_name(struct expander *expander, char **ret_name, struct error *err)
{
	const char *start = expander->at;
	const char *end = start;

	if (isdigit((unsigned char)*end)) {
		while (isdigit((unsigned char)*end))
			end++;
	} else if (*end != '\0' && strchr("@*#?-$!", *end) != NULL) {
		end++;
	} else {
		/* letters of other scripts count too */
		while (isalnum((unsigned char)*end) || *end == '_' || (unsigned char)*end >= 0x80)
			end++;
	}
	expander->at = end;
	*ret_name = strndup(start, (size_t)(end - start));
	return *ret_name == NULL ? error_memory(err) : 0;
}

static bool variable_find(const struct expander *expander, const char *name,
			  struct shellword_variable *variable)
{
	*variable = (struct shellword_variable) { .value = "" };
	return expander->options->lookup != NULL &&
	       expander->options->lookup(expander->options->context, name, variable);
}

static int mark_unknown(struct expander *expander, const char *name, struct error *err)
{
	if (name == NULL || expander->unknown != NULL || has_flag(expander, SHELLWORD_KEEP_UNSET))
		return 0;
	expander->unknown = strdup(name);
	return expander->unknown == NULL ? error_memory(err) : 0;
}

/* What stands between the operator and '}', expanded whether it is used or not. */
static int expand_operand(struct expander *expander, char stop, bool keep_escapes, struct buf *out,
			  struct error *err)
{
	if (expand_until(expander, stop, keep_escapes, out, NULL, err) < 0)
		return -1;
	return buf_check(out, "word", err);
}

/* A substitution while it is read. */
struct substitution {
	const char *name;
	struct shellword_variable variable;
	bool set;
	bool colon;
	char sign;
};

/* ${V:-w} ${V:+w} ${V:?w}: `word` is what the operator brought, `word_unknown` what it hangs on. */
static int substitute_default(struct expander *expander, const struct substitution *it,
			      const char *word, const char *word_unknown, struct buf *out,
			      struct error *err)
{
	bool missing = !it->set || (it->colon && it->variable.value[0] == '\0');

	/* a value that is not known could be empty as well */
	if (it->set && mark_unknown(expander, it->variable.unknown, err) < 0)
		return -1;
	switch (it->sign) {
	case '-':
		if (!missing) {
			buf_add_string(out, it->variable.value);
			return 0;
		}
		break;
	case '+':
		if (missing)
			return 0;
		break;
	default:
		if (missing)
			return error_set(err, ERROR_INPUT, "%s: %s", it->name,
					 word[0] != '\0' ? word
					 : it->set	 ? "is not allowed to be empty"
							 : "is not allowed to be unset");
		buf_add_string(out, it->variable.value);
		return 0;
	}
	if (mark_unknown(expander, word_unknown, err) < 0)
		return -1;
	buf_add_string(out, word);
	return 0;
}

static int substitute_trim(struct expander *expander, const struct substitution *it,
			   const char *word, struct buf *out, struct error *err)
{
	bool longest = word[0] == it->sign;

	if (mark_unknown(expander, it->set ? it->variable.unknown : it->name, err) < 0)
		return -1;
	return shellpattern_trim(word + (longest ? 1 : 0), it->variable.value,
				 it->sign == '#' ? SHELLPATTERN_PREFIX : SHELLPATTERN_SUFFIX,
				 longest, out, err);
}

/* Behind "${V:-" and its kin. */
static int expand_with_word(struct expander *expander, struct substitution *it, struct buf *out,
			    struct error *err)
{
	bool trims = it->sign == '#' || it->sign == '%';
	auto_free char *before = steal(&expander->unknown);
	auto_free char *inner = NULL;
	auto_buf struct buf word;

	buf_init(&word, expander->max);
	if (expand_operand(expander, '}', trims, &word, err) < 0)
		return -1;
	/* what the operand hangs on only counts where it is used */
	inner = steal(&expander->unknown);
	expander->unknown = steal(&before);
	if (!it->set && has_flag(expander, SHELLWORD_KEEP_UNSET)) {
		buf_printf(out, "${%s%s%c%s}", it->name, it->colon ? ":" : "", it->sign, word.data);
		return 0;
	}
	if (!trims)
		return substitute_default(expander, it, word.data, inner, out, err);
	if (mark_unknown(expander, inner, err) < 0)
		return -1;
	return substitute_trim(expander, it, word.data, out, err);
}

/* Behind "${V/". */
static int expand_replacement(struct expander *expander, struct substitution *it, struct buf *out,
			      struct error *err)
{
	auto_buf struct buf pattern;
	auto_buf struct buf replacement;
	bool all = *expander->at == '/';

	buf_init(&pattern, expander->max);
	buf_init(&replacement, expander->max);
	if (all)
		expander->at++;
	if (expand_operand(expander, '/', true, &pattern, err) < 0 ||
	    expand_operand(expander, '}', true, &replacement, err) < 0)
		return -1;
	if (!it->set && has_flag(expander, SHELLWORD_KEEP_UNSET)) {
		buf_printf(out, "${%s/%s/%s}", it->name, pattern.data, replacement.data);
		return 0;
	}
	if (mark_unknown(expander, it->set ? it->variable.unknown : it->name, err) < 0)
		return -1;
	return shellpattern_replace(pattern.data, it->variable.value, replacement.data, all, out,
				    err);
}

static int expand_plain(struct expander *expander, const struct substitution *it, bool braces,
			struct buf *out, struct error *err)
{
	if (!it->set && has_flag(expander, SHELLWORD_KEEP_UNSET)) {
		buf_printf(out, braces ? "${%s}" : "$%s", it->name);
		return 0;
	}
	if (mark_unknown(expander, it->set ? it->variable.unknown : it->name, err) < 0)
		return -1;
	buf_add_string(out, it->variable.value);
	return 0;
}

/* Behind "${". */
static int expand_braces(struct expander *expander, struct buf *out, struct error *err)
{
	auto_free char *name = NULL;
	struct substitution it = { .colon = false };

	if (*expander->at == '\0')
		return error_set(err, ERROR_INPUT, "a substitution lacks its '}'");
	if (strchr("{}:", *expander->at) != NULL)
		return error_set(err, ERROR_INPUT, "bad substitution '${%.1s'", expander->at);
	if (expand_name(expander, &name, err) < 0)
		return -1;
	it.name = name;
	it.set = variable_find(expander, name, &it.variable);
	it.sign = *expander->at;
	if (it.sign != '\0')
		expander->at++;
	if (it.sign == '}')
		return expand_plain(expander, &it, true, out, err);
	if (it.sign == '/')
		return expand_replacement(expander, &it, out, err);
	if (it.sign == ':') {
		it.colon = true;
		it.sign = *expander->at;
		if (it.sign != '\0')
			expander->at++;
	}
	if (it.sign == '\0')
		return error_set(err, ERROR_INPUT, "a substitution of '%s' lacks its '}'", name);
	if (strchr("-+?#%", it.sign) == NULL)
		return error_set(err, ERROR_INPUT, "a substitution of '%s' has the operator '%c'",
				 name, it.sign);
	return expand_with_word(expander, &it, out, err);
}

static int expand_dollar(struct expander *expander, struct buf *out, struct error *err)
{
	auto_free char *name = NULL;
	struct substitution it = { .colon = false };
	int result;

	expander->at++;
	if (*expander->at == '{') {
		if (expander->depth == DEPTH_MAX)
			return error_set(err, ERROR_INPUT, "substitutions are nested too deeply");
		expander->at++;
		expander->depth++;
		result = expand_braces(expander, out, err);
		expander->depth--;
		return result;
	}
	if (expand_name(expander, &name, err) < 0)
		return -1;
	if (name[0] == '\0') {
		buf_add_char(out, '$');
		return 0;
	}
	it.name = name;
	it.set = variable_find(expander, name, &it.variable);
	return expand_plain(expander, &it, false, out, err);
}

/* "<<" draws the white space behind it into its word, so that "<< EOF" is one. */
static void expand_less(struct expander *expander, struct buf *out)
{
	buf_add_char(out, *expander->at++);
	if (*expander->at != '<')
		return;
	buf_add_char(out, *expander->at++);
	while (*expander->at == ' ' || *expander->at == '\t')
		buf_add_char(out, *expander->at++);
}

/* One piece: a quoted text, a substitution, a "<<", an escaped or a plain character. `splits` says
 * whether white space in it parts words. */
static int expand_piece(struct expander *expander, struct buf *out, bool *splits, struct error *err)
{
	size_t length;

	*splits = false;
	switch (*expander->at) {
	case '\'':
		return expand_single_quote(expander, out, err);
	case '"':
		return expand_double_quote(expander, out, err);
	case '$':
		*splits = true;
		return expand_dollar(expander, out, err);
	case '<':
		expand_less(expander, out);
		return 0;
	default:
		break;
	}
	if (*expander->at == expander->options->escape) {
		if (expander->keep_escapes)
			buf_add_char(out, *expander->at);
		expander->at++;
		if (*expander->at == '\0')
			return 0;
	} else {
		*splits = true;
	}
	length = character_length(expander->at);
	buf_add(out, expander->at, length);
	expander->at += length;
	return 0;
}

/* Up to `stop` (not part of the result), or to the end of the text where that is '\0'. */
static int expand_until(struct expander *expander, char stop, bool keep_escapes, struct buf *out,
			struct splitter *splitter, struct error *err)
{
	bool outer = expander->keep_escapes;

	expander->keep_escapes = keep_escapes;
	while (*expander->at != '\0') {
		size_t start = out->size;
		bool splits;

		if (stop != '\0' && *expander->at == stop) {
			expander->at++;
			expander->keep_escapes = outer;
			return 0;
		}
		if (expand_piece(expander, out, &splits, err) < 0)
			return -1;
		if (buf_check(out, "expanded word", err) < 0)
			return -1;
		if (splitter == NULL)
			continue;
		if (!splits)
			splitter_add_raw(splitter, out->data + start, out->size - start);
		else if (splitter_add(splitter, out->data + start, out->size - start, err) < 0)
			return -1;
	}
	expander->keep_escapes = outer;
	if (stop != '\0')
		return error_set(err, ERROR_INPUT, "a substitution lacks its '%c'", stop);
	return splitter != NULL ? splitter_end(splitter, err) : 0;
}

int shellword_expand(const struct shellword_options *options, const char *text,
		     struct shellword *ret_word, struct error *err)
{
	bool keep_escapes = (options->flags & SHELLWORD_KEEP_ESCAPES) != 0;
	/* a long text may stay as it is; only what variables add to it is limited */
	size_t max = SHELLWORD_SIZE_MAX + 2 * strlen(text);
	struct expander expander = { .options = options, .at = text, .max = max };
	struct splitter splitter;
	auto_buf struct buf out;
	int result;

	buf_init(&out, max);
	splitter_init(&splitter, max);
	result = expand_until(&expander, '\0', keep_escapes, &out, &splitter, err);
	if (result == 0) {
		struct shellword word = { .words = splitter.words, .unknown = expander.unknown };

		word.text = out.size > 0 ? buf_detach(&out) : strdup("");
		if (word.text != NULL) {
			splitter.words = (struct words) { 0 };
			expander.unknown = NULL;
			*ret_word = word;
		} else {
			result = error_memory(err);
		}
	}
	splitter_release(&splitter);
	free(expander.unknown);
	return result;
}

void shellword_release(struct shellword *word)
{
	free(word->text);
	free(word->unknown);
	words_release(&word->words);
	*word = (struct shellword) { 0 };
}
