#include "config.h"

#include "file/interpolate.h"

#include <ctype.h>
#include <string.h>

/* Nested defaults in a variable's default. */
#define VARIABLE_DEPTH_MAX 32

struct template
{
	const char *at;
	const struct variables *variables;
	bool demands;
	unsigned depth;
	char *unknown;
};

static int template_expand(struct template *template, bool nested, struct buf *out,
			   struct error *err);

static int template_unknown(struct template *template, const char *name, struct error *err)
{
	if (template->unknown != NULL)
		return 0;
	template->unknown = strdup(name);
	return template->unknown == NULL ? error_memory(err) : 0;
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

static int template_value(struct template *template, const char *name, struct buf *out,
			  struct error *err)
{
	const struct variable *variable = variables_find(template->variables, name);

	if (variable == NULL)
		return template_unknown(template, name, err);
	buf_add_string(out, variable->value);
	return 0;
}

/* Behind "${NAME", at the operator. */
static int template_operator(struct template *template, const char *name, struct buf *out,
			     struct error *err)
{
	const struct variable *variable = variables_find(template->variables, name);
	auto_free char *before = steal(&template->unknown);
	auto_free char *inner = NULL;
	bool colon = *template->at == ':';
	auto_buf struct buf word;
	bool missing = variable == NULL || (colon && variable->value[0] == '\0');
	char sign;

	buf_init(&word, SHELLWORD_SIZE_MAX);
	template->at += colon ? 1 : 0;
	sign = *template->at;
	if (sign != '-' && sign != '+' && sign != '?')
		return error_set(err, ERROR_INPUT, "malformed variable '${%s'", name);
	template->at++;
	if (template_expand(template, true, &word, err) < 0 || buf_check(&word, "value", err) < 0)
		return -1;
	/* what the word hangs on only counts where it is used */
	inner = steal(&template->unknown);
	template->unknown = steal(&before);
	if (sign == '?' && missing && !template->demands)
		return template_unknown(template, name, err);
	if (sign == '?' && missing)
		return error_set(err, ERROR_INPUT, "the variable '%s' is demanded: %s", name,
				 word.size > 0 ? word.data : "it is not set");
	if (sign == '+' ? missing : !missing) {
		if (sign != '+')
			buf_add_string(out, variable->value);
		return 0;
	}
	buf_add(out, word.data, word.size);
	return inner != NULL ? template_unknown(template, inner, err) : 0;
}

/* Behind '$'. */
static int template_dollar(struct template *template, struct buf *out, struct error *err)
{
	bool braces = *template->at == '{';
	auto_free char *name = NULL;
	size_t length;
	int result;

	if (*template->at == '$') {
		template->at++;
		buf_add_char(out, '$');
		return 0;
	}
	template->at += braces ? 1 : 0;
	length = name_length(template->at);
	if (length == 0)
		return error_set(err, ERROR_INPUT, "malformed variable at '$%s%.8s'",
				 braces ? "{" : "", template->at);
	name = strndup(template->at, length);
	if (name == NULL)
		return error_memory(err);
	template->at += length;
	if (!braces)
		return template_value(template, name, out, err);
	if (*template->at == '}') {
		template->at++;
		return template_value(template, name, out, err);
	}
	if (template->depth == VARIABLE_DEPTH_MAX)
		return error_set(err, ERROR_INPUT, "variables are nested too deeply");
	template->depth++;
	result = template_operator(template, name, out, err);
	template->depth--;
	return result;
}

/* To the end, or where nested behind the '}' that ends it. */
static int template_expand(struct template *template, bool nested, struct buf *out,
			   struct error *err)
{
	while (*template->at != '\0') {
		char c = *template->at++;

		if (nested && c == '}')
			return 0;
		if (c != '$')
			buf_add_char(out, c);
		else if (template_dollar(template, out, err) < 0)
			return -1;
	}
	return nested ? error_set(err, ERROR_INPUT, "a variable lacks its '}'") : 0;
}

int interpolate(const char *text, const struct variables *variables, bool demands, struct buf *out,
		char **ret_unknown, struct error *err)
{
	struct template template = { .at = text, .variables = variables, .demands = demands };

	if (template_expand(&template, false, out, err) < 0 || buf_check(out, "value", err) < 0) {
		free(template.unknown);
		return -1;
	}
	*ret_unknown = template.unknown;
	return 0;
}
