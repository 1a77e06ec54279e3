#include "config.h"

#include "net/challenge.h"

#include <string.h>
#include <strings.h>

void challenge_release(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	*challenge = (struct challenge) { 0 };
}

/* RFC 9110, section 5.6.2. */
static size_t token_length(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789"
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static const char *skip_commas(const char *text)
{
	return text + strspn(text, " \t,");
}

/* A token or a quoted string, RFC 9110, section 5.6.4; NULL where it is neither. */
static const char *read_value(const char *text, char **ret_value)
{
	size_t length = 0;
	char *value;

	if (text[0] != '"') {
		length = token_length(text);
		*ret_value = length > 0 ? strndup(text, length) : NULL;
		return *ret_value != NULL ? text + length : NULL;
	}
	value = malloc(strlen(text));
	if (value == NULL)
		return NULL;
	for (text++; *text != '\0' && *text != '"'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		value[length++] = *text;
	}
	value[length] = '\0';
	if (*text != '"') {
		free(value);
		return NULL;
	}
	*ret_value = value;
	return text + 1;
}

/* Takes over `value`; of a name that is there twice the first counts. */
static void challenge_set(struct challenge *challenge, const char *name, size_t length, char *value)
{
	struct {
		const char *name;
		char **place;
	} fields[] = {
		{ "realm", &challenge->realm },
		{ "service", &challenge->service },
		{ "scope", &challenge->scope },
	};

	for (size_t i = 0; i < array_size(fields); i++)
		if (strlen(fields[i].name) == length &&
		    strncasecmp(fields[i].name, name, length) == 0 && *fields[i].place == NULL) {
			*fields[i].place = value;
			return;
		}
	free(value);
}

/* The parameters of one challenge: up to the end, or to a token that no "=" follows, which is the
 * scheme of the next. NULL where it is malformed. */
static const char *read_parameters(const char *text, struct challenge *challenge)
{
	for (text = skip_commas(text); *text != '\0'; text = skip_commas(text)) {
		size_t length = token_length(text);
		const char *equals = skip_blanks(text + length);
		char *value = NULL;
		const char *rest;

		if (length == 0)
			return NULL;
		if (*equals != '=')
			return text;
		rest = read_value(skip_blanks(equals + 1), &value);
		if (rest == NULL)
			return NULL;
		challenge_set(challenge, text, length, value);
		text = rest;
	}
	return text;
}

static enum challenge_scheme scheme_of(const char *text, size_t length)
{
	if (length == 6 && strncasecmp(text, "bearer", 6) == 0)
		return CHALLENGE_BEARER;
	if (length == 5 && strncasecmp(text, "basic", 5) == 0)
		return CHALLENGE_BASIC;
	return CHALLENGE_OTHER;
}

int challenge_parse(const char *field, struct challenge *ret_challenge, struct error *err)
{
	auto_challenge struct challenge best = { 0 };

	for (const char *at = skip_commas(field); *at != '\0';) {
		auto_challenge struct challenge next = { 0 };
		size_t length = token_length(at);

		next.scheme = scheme_of(at, length);
		at = length > 0 ? read_parameters(at + length, &next) : NULL;
		if (at == NULL)
			return error_set(err, ERROR_INPUT, "malformed WWW-Authenticate: %.200s",
					 field);
		if (next.scheme > best.scheme) {
			challenge_release(&best);
			best = next;
			next = (struct challenge) { 0 };
		}
	}
	*ret_challenge = best;
	best = (struct challenge) { 0 };
	return 0;
}
