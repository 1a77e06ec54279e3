#include "config.h"

#include "check/remotesource.h"

#include <ctype.h>
#include <string.h>

#define SHA1_HEX   40
#define SHA256_HEX 64

static bool has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* "user@host:path" */
static bool is_scp_form(const char *source)
{
	const char *at = strchr(source, '@');
	const char *colon = at != NULL ? strchr(at, ':') : NULL;

	if (at == NULL || colon == NULL || at == source || colon == at + 1 || colon[1] == '\0')
		return false;
	for (const char *c = source; c < colon; c++)
		if (!isalnum((unsigned char)*c) && strchr("@-_.", *c) == NULL)
			return false;
	return true;
}

enum remote_kind remote_kind(const char *source)
{
	size_t path = strcspn(source, "?#");

	if (has_prefix(source, "git://") || has_prefix(source, "ssh://") || is_scp_form(source))
		return REMOTE_GIT;
	if (!has_prefix(source, "http://") && !has_prefix(source, "https://"))
		return REMOTE_NONE;
	if (path >= 4 && strncmp(source + path - 4, ".git", 4) == 0)
		return REMOTE_GIT;
	return REMOTE_HTTP;
}

/* A whole commit: nothing shorter names one for good. */
static bool is_commit(const char *text, size_t size)
{
	if (size != SHA1_HEX && size != SHA256_HEX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* "#REF:DIR" or "?commit=…&…". */
static bool names_commit(const char *source)
{
	const char *fragment = strchr(source, '#');
	const char *query = strchr(source, '?');

	if (fragment != NULL && is_commit(fragment + 1, strcspn(fragment + 1, ":")))
		return true;
	while (query != NULL && *query != '\0' && *query != '#') {
		size_t size = strcspn(query + 1, "&#");

		query++;
		if (size > 7 && strncmp(query, "commit=", 7) == 0 && is_commit(query + 7, size - 7))
			return true;
		if (size > 9 && strncmp(query, "checksum=", 9) == 0 &&
		    is_commit(query + 9, size - 9))
			return true;
		query += size;
	}
	return false;
}

static bool names_ref(const char *source)
{
	const char *fragment = strchr(source, '#');

	return fragment != NULL && fragment[1] != '\0' && fragment[1] != ':';
}

int remote_add(struct pins *pins, const struct pin_place *place, enum remote_kind kind,
	       const char *raw, const char *source, const char *checksum, struct error *err)
{
	struct digest digest = { .algorithm = DIGEST_NONE };
	struct error wrong = ERROR_INIT;

	if (kind == REMOTE_GIT &&
	    (names_commit(source) || (checksum != NULL && is_commit(checksum, strlen(checksum)))))
		return pins_add_pinned(pins, place, raw, source, &digest, err);
	if (kind == REMOTE_GIT)
		return pins_add(pins, place, names_ref(source) ? PIN_TAG : PIN_UNTAGGED, raw,
				source, "not pinned: a repository without a whole commit", err);
	if (checksum == NULL)
		return pins_add(pins, place, PIN_UNTAGGED, raw, source,
				"not pinned: a remote file without --checksum", err);
	if (digest_parse(checksum, &digest, &wrong) < 0)
		return pins_add(pins, place, PIN_INVALID, raw, source, wrong.text, err);
	return pins_add_pinned(pins, place, raw, source, &digest, err);
}
