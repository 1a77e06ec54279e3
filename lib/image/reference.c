#include "config.h"

#include "image/reference.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

#define NAME_LENGTH_MAX 255
#define TAG_LENGTH_MAX	128
#define DOMAIN_DEFAULT	"docker.io"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* Letters, digits and inner hyphens. */
static bool is_domain_component(const char *text, size_t size)
{
	if (size == 0 || !is_alnum(text[0]) || !is_alnum(text[size - 1]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!is_alnum(text[i]) && text[i] != '-')
			return false;
	return true;
}

/* "[2001:db8::1]": hex digits and colons, no zone. Returns its length, or 0. */
static size_t ipv6_length(const char *text, size_t size)
{
	size_t i = 1;

	if (size < 4 || text[0] != '[')
		return 0;
	while (i < size && (isxdigit((unsigned char)text[i]) || text[i] == ':'))
		i++;
	return i > 2 && i < size && text[i] == ']' ? i + 1 : 0;
}

/* HOST[:PORT] */
static bool is_domain(const char *text, size_t size)
{
	size_t host = ipv6_length(text, size);

	if (host == 0) {
		size_t start = 0;

		for (host = 0; host <= size && (host == size || text[host] != ':'); host++) {
			if (host < size && text[host] != '.')
				continue;
			if (!is_domain_component(text + start, host - start))
				return false;
			start = host + 1;
		}
		if (host > size)
			return true;
		if (!is_domain_component(text + start, host - start))
			return false;
	}
	if (host == size)
		return true;
	if (text[host] != ':' || host + 1 == size)
		return false;
	for (size_t i = host + 1; i < size; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* Runs of lower-case letters and digits, parted by ".", "_", "__" or any number of "-". */
static bool is_path_component(const char *text, size_t size)
{
	size_t i = 0;

	while (i < size) {
		size_t run = i;

		while (i < size && is_lower_alnum(text[i]))
			i++;
		if (i == run)
			return false;
		if (i == size)
			return true;
		if (text[i] == '-') {
			while (i < size && text[i] == '-')
				i++;
		} else if (text[i] == '_') {
			i += i + 1 < size && text[i + 1] == '_' ? 2 : 1;
		} else if (text[i] == '.') {
			i++;
		} else {
			return false;
		}
	}
	return false;
}

static bool is_path(const char *text, size_t size)
{
	size_t start = 0;

	for (size_t i = 0; i <= size; i++) {
		if (i < size && text[i] != '/')
			continue;
		if (!is_path_component(text + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

static bool is_tag(const char *text)
{
	size_t size = strlen(text);

	if (size == 0 || size > TAG_LENGTH_MAX || (!is_alnum(text[0]) && text[0] != '_'))
		return false;
	for (size_t i = 1; i < size; i++)
		if (!is_alnum(text[i]) && strchr("_.-", text[i]) == NULL)
			return false;
	return true;
}

static bool has_upper(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			return true;
	return false;
}

void reference_release(struct reference *reference)
{
	free(reference->domain);
	free(reference->path);
	free(reference->tag);
	*reference = (struct reference) { 0 };
}

/* The name part, in either form. `name` has neither tag nor digest. */
static int reference_split_name(const char *name, const char *text, struct reference *reference,
				struct error *err)
{
	const char *slash = strchr(name, '/');
	size_t length = strlen(name);

	if (length == 0)
		return error_set(err, ERROR_INPUT, "'%s' is no image reference: it has no name",
				 text);
	if (slash != NULL && is_domain(name, (size_t)(slash - name)) &&
	    is_path(slash + 1, strlen(slash + 1))) {
		reference->domain = strndup(name, (size_t)(slash - name));
		reference->path = strdup(slash + 1);
	} else if (is_path(name, length)) {
		reference->domain = strdup("");
		reference->path = strdup(name);
	} else if (has_upper(slash != NULL ? slash : name)) {
		return error_set(
			err, ERROR_INPUT,
			"'%s' is no image reference: the repository has upper-case letters", text);
	} else {
		return error_set(err, ERROR_INPUT, "'%s' is no image reference: malformed name",
				 text);
	}
	if (reference->domain == NULL || reference->path == NULL)
		return error_memory(err);
	if (strlen(reference->path) > NAME_LENGTH_MAX)
		return error_set(err, ERROR_INPUT,
				 "'%.40s...' is no image reference: the name is longer than %d",
				 text, NAME_LENGTH_MAX);
	return 0;
}

static bool is_image_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* docker.io and library/ are put in where Docker would. The caller frees. */
static char *reference_with_defaults(const char *text)
{
	const char *slash = strchr(text, '/');
	size_t first = slash != NULL ? (size_t)(slash - text) : 0;
	const char *rest = text;
	bool hub = true;
	char *whole = NULL;

	if (slash != NULL &&
	    (memchr(text, '.', first) != NULL || memchr(text, ':', first) != NULL ||
	     (first == 9 && memcmp(text, "localhost", 9) == 0))) {
		hub = false;
	} else {
		for (size_t i = 0; i < first; i++)
			if (text[i] >= 'A' && text[i] <= 'Z')
				hub = false;
	}
	if (!hub && ((first == 9 && memcmp(text, DOMAIN_DEFAULT, 9) == 0) ||
		     (first == 15 && memcmp(text, "index." DOMAIN_DEFAULT, 15) == 0))) {
		hub = true;
		rest = slash + 1;
	}
	if (!hub)
		return strdup(text);
	if (asprintf(&whole, "%s/%s%s", DOMAIN_DEFAULT, strchr(rest, '/') == NULL ? "library/" : "",
		     rest) < 0)
		return NULL;
	return whole;
}

static int reference_parse_whole(char *whole, const char *text, struct reference *reference,
				 struct error *err)
{
	char *at = strchr(whole, '@');
	char *slash;
	char *colon;

	if (at != NULL) {
		*at = '\0';
		if (digest_parse(at + 1, &reference->digest, err) < 0)
			return error_prefix(err, "'%s' is no image reference", text);
	}
	slash = strrchr(whole, '/');
	colon = strrchr(slash != NULL ? slash : whole, ':');
	if (colon != NULL) {
		*colon = '\0';
		if (!is_tag(colon + 1))
			return error_set(err, ERROR_INPUT,
					 "'%s' is no image reference: malformed tag", text);
		reference->tag = strdup(colon + 1);
		if (reference->tag == NULL)
			return error_memory(err);
	}
	return reference_split_name(whole, text, reference, err);
}

int reference_parse(const char *text, enum reference_form form, struct reference *ret_reference,
		    struct error *err)
{
	auto_reference struct reference reference = { 0 };
	auto_free char *whole = NULL;

	if (form == REFERENCE_NORMALISED && is_image_id(text))
		return error_set(err, ERROR_INPUT,
				 "'%s' is no image reference: 64 hex digits are an image ID", text);
	whole = form == REFERENCE_NORMALISED && text[0] != '\0' ? reference_with_defaults(text)
								: strdup(text);
	if (whole == NULL)
		return error_memory(err);
	if (reference_parse_whole(whole, text, &reference, err) < 0)
		return -1;
	*ret_reference = reference;
	reference = (struct reference) { 0 };
	return 0;
}

char *reference_text(const struct reference *reference)
{
	char digest[DIGEST_TEXT_MAX];
	char *text = NULL;

	if (asprintf(&text, "%s%s%s%s%s%s%s", reference->domain,
		     reference->domain[0] != '\0' ? "/" : "", reference->path,
		     reference->tag != NULL ? ":" : "",
		     reference->tag != NULL ? reference->tag : "",
		     digest_is_set(&reference->digest) ? "@" : "",
		     digest_text(&reference->digest, digest)) < 0)
		return NULL;
	return text;
}

void image_name_release(struct image_name *name)
{
	free(name->location);
	free(name->name);
	*name = (struct image_name) { 0 };
}

bool image_name_is_input(const struct image_name *name)
{
	return name->transport == TRANSPORT_STDIN ||
	       ((name->transport == TRANSPORT_DOCKER_ARCHIVE ||
		 name->transport == TRANSPORT_OCI_ARCHIVE) &&
		strcmp(name->location, "-") == 0);
}

/* "FILE[:NAME]": FILE may hold colons, so the longest start that exists is it. */
static int image_name_split(const char *text, struct image_name *name)
{
	struct stat st;
	const char *colon = NULL;

	if (stat(text, &st) < 0) {
		auto_free char *start = strdup(text);
		char *cut;

		if (start == NULL)
			return -1;
		while ((cut = strrchr(start, ':')) != NULL) {
			*cut = '\0';
			if (stat(start, &st) == 0) {
				colon = text + (cut - start);
				break;
			}
		}
		/* nothing exists: the first colon parts them, for the message's sake */
		if (colon == NULL)
			colon = strchr(text, ':');
	}
	name->location = colon != NULL ? strndup(text, (size_t)(colon - text)) : strdup(text);
	name->name = colon != NULL ? strdup(colon + 1) : NULL;
	return name->location == NULL || (colon != NULL && name->name == NULL) ? -1 : 0;
}

static bool has_member(const char *folder, const char *member)
{
	auto_free char *path = NULL;
	struct stat st;

	if (asprintf(&path, "%s/%s", folder, member) < 0) {
		path = NULL;
		return false;
	}
	return stat(path, &st) == 0;
}

/* Does the text, up to some colon, name something that exists? A folder that only happens to have
 * the image's name, as sources often do, is no image. */
static bool names_a_file(const char *text)
{
	auto_image_name struct image_name split = { .transport = TRANSPORT_PATH };
	struct stat st;

	if (image_name_split(text, &split) < 0 || stat(split.location, &st) < 0)
		return false;
	return !S_ISDIR(st.st_mode) || has_member(split.location, "index.json") ||
	       has_member(split.location, "oci-layout");
}

int image_name_parse(const char *text, struct image_name *ret_name, struct error *err)
{
	static const struct {
		const char *prefix;
		enum transport transport;
		bool splits;
	} transports[] = {
		{ "docker-archive:", TRANSPORT_DOCKER_ARCHIVE, true },
		{ "oci-archive:", TRANSPORT_OCI_ARCHIVE, true },
		{ "oci:", TRANSPORT_OCI, true },
		{ "docker://", TRANSPORT_DOCKER, false },
		{ "docker-daemon:", TRANSPORT_DOCKER_DAEMON, false },
	};
	auto_image_name struct image_name name = { .transport = TRANSPORT_BARE };
	const char *rest = text;
	bool splits = false;

	if (text[0] == '\0')
		return error_set(err, ERROR_USAGE, "the name of an image is empty");
	if (strcmp(text, "-") == 0) {
		name.transport = TRANSPORT_STDIN;
	} else if (text[0] == '/' || text[0] == '.' || names_a_file(text)) {
		name.transport = TRANSPORT_PATH;
		splits = true;
	}
	for (size_t i = 0; i < array_size(transports); i++) {
		size_t length = strlen(transports[i].prefix);

		if (strncmp(text, transports[i].prefix, length) != 0)
			continue;
		name.transport = transports[i].transport;
		splits = transports[i].splits;
		rest = text + length;
		if (*rest == '\0')
			return error_set(err, ERROR_USAGE, "'%s' names no image", text);
	}
	if (splits) {
		if (image_name_split(rest, &name) < 0)
			return error_memory(err);
		if (name.location[0] == '\0' || (name.name != NULL && name.name[0] == '\0'))
			return error_set(err, ERROR_USAGE, "'%s' names no image", text);
	} else {
		name.location = strdup(rest);
		if (name.location == NULL)
			return error_memory(err);
	}
	*ret_name = name;
	name = (struct image_name) { 0 };
	return 0;
}
