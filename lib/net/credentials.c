#include "config.h"

#include "net/credentials.h"

#include <ctype.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "net/credhelper.h"

/* What Docker asks a helper for, and what Podman does. */
static const char hub_server[] = "https://index.docker.io/v1/";
static const char hub_host[] = "docker.io";

static void secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void credentials_release(struct credentials *credentials)
{
	secret_free(credentials->user);
	secret_free(credentials->password);
	secret_free(credentials->identity_token);
	secret_free(credentials->registry_token);
	free(credentials->from);
	*credentials = (struct credentials) { 0 };
}

bool credentials_are_set(const struct credentials *credentials)
{
	return credentials->user != NULL || credentials->identity_token != NULL ||
	       credentials->registry_token != NULL;
}

void credentials_advice_release(struct credentials_advice *advice)
{
	free(advice->helper);
	credentials_release(&advice->entry);
	*advice = (struct credentials_advice) { 0 };
}

/* Names */

static bool is_hub(const char *host, size_t size)
{
	static const char *const names[] = { "docker.io", "index.docker.io",
					     "registry-1.docker.io" };

	for (size_t i = 0; i < array_size(names); i++)
		if (size == strlen(names[i]) && memcmp(host, names[i], size) == 0)
			return true;
	return false;
}

/* Paths that old keys have behind the host without being a namespace. */
static bool is_api_path(const char *path)
{
	static const char *const paths[] = { "", "v1", "v1/", "v2", "v2/" };

	for (size_t i = 0; i < array_size(paths); i++)
		if (strcmp(path, paths[i]) == 0)
			return true;
	return false;
}

/* Is `path` the repository, or one of the namespaces above it? */
static bool is_above(const char *path, const char *repository)
{
	size_t size = strlen(path);

	return size > 0 && strncmp(path, repository, size) == 0 &&
	       (repository[size] == '\0' || repository[size] == '/');
}

/*
 * How well a key fits: 0 not at all, then as a URL, as another of Docker Hub's names, as the host
 * itself, and as a namespace, the better the longer.
 */
static size_t key_rank(const char *key, enum credentials_format format, const char *host,
		       const char *repository)
{
	bool url = strncmp(key, "http://", 7) == 0 || strncmp(key, "https://", 8) == 0;
	const char *name = url ? strchr(key, '/') + 2 : key;
	size_t size = strcspn(name, "/");
	const char *path = name[size] == '/' ? name + size + 1 : NULL;
	bool same = size == strlen(host) && memcmp(name, host, size) == 0;

	if (!same && !(is_hub(name, size) && is_hub(host, strlen(host))))
		return 0;
	if (url || format == CREDENTIALS_LEGACY)
		return url || path != NULL ? 1 : 3;
	if (path == NULL)
		return same ? 3 : 2;
	if (repository != NULL && is_above(path, repository))
		return 3 + strlen(path);
	return is_api_path(path) ? 1 : 0;
}

/* Entries */

static bool member_is_text(const json_t *entry, const char *key)
{
	const json_t *value = json_object_get(entry, key);

	return value != NULL && !json_is_null(value) && json_string_length(value) > 0;
}

/* Docker leaves empty entries (with an "email" at most) for hosts whose secrets a helper keeps. */
static bool entry_says_something(const json_t *entry)
{
	static const char *const keys[] = { "auth", "username", "password", "identitytoken",
					    "registrytoken" };

	if (json_is_null(entry))
		return false;
	if (!json_is_object(entry))
		return true; /* and is refused, should it be the one */
	for (size_t i = 0; i < array_size(keys); i++)
		if (member_is_text(entry, keys[i]))
			return true;
	return false;
}

/* The value of the key that fits best; the first of equals. NULL for none. */
static json_t *best_of(json_t *object, enum credentials_format format, const char *host,
		       const char *repository, bool entries, const char **ret_key)
{
	json_t *best = NULL;
	size_t best_rank = 0;
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		size_t rank = key_rank(key, format, host, repository);

		if (rank > best_rank && (!entries || entry_says_something(value))) {
			best_rank = rank;
			best = value;
			*ret_key = key;
		}
	}
	return best;
}

/*
 * Strict base64 with its padding; line ends are passed over as Go does it. OpenSSL's decoder takes
 * '=' anywhere, so the letters are looked at first. The caller wipes *ret_data.
 */
static int base64_decode(const char *text, char **ret_data, size_t *ret_size, struct error *err)
{
	size_t length = strlen(text);
	auto_free unsigned char *packed = malloc(length + 1);
	auto_free unsigned char *data = malloc(length + 1);
	size_t size = 0;
	size_t padding = 0;
	int got;

	if (packed == NULL || data == NULL)
		return error_memory(err);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\n' || *at == '\r')
			continue;
		padding = *at == '=' ? padding + 1 : 0;
		if (padding == 0 && !isalnum((unsigned char)*at) && *at != '+' && *at != '/')
			return error_set(err, ERROR_INPUT, "is no base64");
		if (padding == 0 && size > 0 && packed[size - 1] == '=')
			return error_set(err, ERROR_INPUT, "is no base64");
		packed[size++] = (unsigned char)*at;
	}
	if (size == 0 || size % 4 != 0 || padding > 2 || size > INT_MAX)
		return error_set(err, ERROR_INPUT, "is no base64");
	got = EVP_DecodeBlock(data, packed, (int)size);
	explicit_bzero(packed, size);
	if (got < (int)padding)
		return error_set(err, ERROR_INPUT, "is no base64");
	*ret_size = (size_t)got - padding;
	data[*ret_size] = '\0';
	*ret_data = (char *)steal(&data);
	return 0;
}

/* "user:password"; Docker takes NULs off the ends of the password, old versions having written
 * them. */
static int pair_take(const char *data, size_t size, struct credentials *entry, struct error *err)
{
	const char *colon = memchr(data, ':', size);
	const char *password;

	if (colon == NULL)
		return error_set(err, ERROR_INPUT, "is no user:password");
	password = colon + 1;
	while (size > (size_t)(password - data) && data[size - 1] == '\0')
		size--;
	while (size > (size_t)(password - data) && *password == '\0')
		password++;
	if (memchr(data, '\0', (size_t)(colon - data)) != NULL ||
	    memchr(password, '\0', size - (size_t)(password - data)) != NULL)
		return error_set(err, ERROR_INPUT, "holds a NUL");
	entry->user = strndup(data, (size_t)(colon - data));
	entry->password = strndup(password, size - (size_t)(password - data));
	if (entry->user == NULL || entry->password == NULL)
		return error_memory(err);
	return 0;
}

static int auth_take(const char *auth, struct credentials *entry, struct error *err)
{
	char *data = NULL;
	size_t size = 0;
	int result = base64_decode(auth, &data, &size, err);

	if (result == 0)
		result = pair_take(data, size, entry, err);
	if (data != NULL)
		explicit_bzero(data, size);
	free(data);
	return result < 0 ? error_prefix(err, "'auth'") : 0;
}

/* A token goes into a header as it is: nothing may end the header, and an empty one is none. */
static int token_take(const json_t *object, const char *at, const char *key, char **token,
		      struct error *err)
{
	const char *text = NULL;

	if (doc_string(object, at, key, DOC_OPTIONAL, &text, err) < 0)
		return -1;
	if (text == NULL || text[0] == '\0')
		return 0;
	for (const char *c = text; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c))
			return error_set(err, ERROR_INPUT, "'%s' of %s holds control characters",
					 key, at);
	*token = strdup(text);
	return *token == NULL ? error_memory(err) : 0;
}

/* "username" and "password", which count where there is no "auth". */
static int plain_take(const json_t *object, const char *at, struct credentials *entry,
		      struct error *err)
{
	const char *user = NULL;
	const char *password = NULL;

	if (doc_string(object, at, "username", DOC_OPTIONAL, &user, err) < 0 ||
	    doc_string(object, at, "password", DOC_OPTIONAL, &password, err) < 0)
		return -1;
	if (user == NULL || user[0] == '\0' || password == NULL)
		return 0;
	entry->user = strdup(user);
	entry->password = strdup(password);
	return entry->user == NULL || entry->password == NULL ? error_memory(err) : 0;
}

static int entry_parse(const json_t *object, const char *at, struct credentials *ret_entry,
		       struct error *err)
{
	auto_credentials struct credentials entry = { 0 };
	const char *auth = NULL;

	if (doc_string(object, at, "auth", DOC_OPTIONAL, &auth, err) < 0 ||
	    token_take(object, at, "identitytoken", &entry.identity_token, err) < 0 ||
	    token_take(object, at, "registrytoken", &entry.registry_token, err) < 0)
		return -1;
	if (auth != NULL && auth[0] != '\0') {
		if (auth_take(auth, &entry, err) < 0)
			return error_prefix(err, "%s", at);
	} else if (plain_take(object, at, &entry, err) < 0) {
		return -1;
	}
	if (!credentials_are_set(&entry))
		return error_set(err, ERROR_INPUT, "%s has neither user and password nor a token",
				 at);
	if (entry.user != NULL && entry.user[0] == '\0' && entry.identity_token == NULL &&
	    entry.registry_token == NULL)
		return error_set(err, ERROR_INPUT, "%s has no user", at);
	*ret_entry = entry;
	entry = (struct credentials) { 0 };
	return 0;
}

/* Files */

static int auths_read(json_t *auths, enum credentials_format format, const char *name,
		      const char *host, const char *repository, struct credentials *ret_entry,
		      struct error *err)
{
	auto_credentials struct credentials entry = { 0 };
	const char *key = NULL;
	const json_t *object = best_of(auths, format, host, repository, true, &key);
	char at[512];

	if (object == NULL)
		return 0;
	(void)snprintf(at, sizeof at, "entry '%.400s'", key);
	if (entry_parse(object, at, &entry, err) < 0)
		return error_prefix(err, "%s", name);
	entry.from = strdup(name);
	if (entry.from == NULL)
		return error_memory(err);
	*ret_entry = entry;
	entry = (struct credentials) { 0 };
	return 0;
}

/* An empty name for the host turns the store off for it, as in Docker. */
static int helper_read(json_t *doc, const char *name, const char *host,
		       struct credentials_advice *advice, struct error *err)
{
	const char *helper = NULL;
	const char *key = NULL;
	json_t *helpers = NULL;

	if (doc_object(doc, name, "credHelpers", DOC_OPTIONAL, &helpers, err) < 0 ||
	    doc_string(doc, name, "credsStore", DOC_OPTIONAL, &helper, err) < 0)
		return -1;
	if (best_of(helpers, CREDENTIALS_CONFIG, host, NULL, false, &key) != NULL) {
		if (doc_string(helpers, "credHelpers", key, DOC_OPTIONAL, &helper, err) < 0)
			return error_prefix(err, "%s", name);
		advice->helper_decides = helper != NULL && helper[0] != '\0';
	}
	if (helper == NULL || helper[0] == '\0')
		return 0;
	if (!credhelper_is_name(helper))
		return error_set(err, ERROR_INPUT, "%s: '%s' is no name of a credential helper",
				 name, helper);
	advice->helper = strdup(helper);
	return advice->helper == NULL ? error_memory(err) : 0;
}

static bool is_blank(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (strchr(" \t\r\n", data[i]) == NULL || data[i] == '\0')
			return false;
	return true;
}

int credentials_parse(const void *data, size_t size, const char *name,
		      enum credentials_format format, const char *host, const char *repository,
		      struct credentials_advice *ret_advice, struct error *err)
{
	auto_credentials_advice struct credentials_advice advice = { 0 };
	auto_doc json_t *doc = NULL;
	json_t *auths;

	if (doc_parse_secret(data, size, name, &doc, err) < 0)
		return -1;
	if (!json_is_object(doc))
		return error_set(err, ERROR_INPUT, "%s: no JSON object", name);
	auths = doc;
	if (format == CREDENTIALS_CONFIG &&
	    (helper_read(doc, name, host, &advice, err) < 0 ||
	     doc_object(doc, name, "auths", DOC_OPTIONAL, &auths, err) < 0))
		return -1;
	if (!advice.helper_decides &&
	    auths_read(auths, format, name, host, repository, &advice.entry, err) < 0)
		return -1;
	*ret_advice = advice;
	advice = (struct credentials_advice) { 0 };
	return 0;
}

/* Docker Hub's secrets are kept under Docker's name for it, or under Podman's. */
static int helper_ask(const char *helper, const char *host, const char *path,
		      struct credentials *ret_credentials, struct error *err)
{
	bool hub = is_hub(host, strlen(host));
	struct credentials found = { 0 };
	int result =
		credhelper_ask(helper, hub ? hub_server : host, CREDHELPER_TIMEOUT, &found, err);

	if (result == 0 && hub && !credentials_are_set(&found))
		result = credhelper_ask(helper, hub_host, CREDHELPER_TIMEOUT, &found, err);
	if (result < 0)
		return error_prefix(err, "%s", path);
	*ret_credentials = found;
	return 0;
}

struct place {
	char *path;
	enum credentials_format format;
	bool only; /* it was named: it must be there and hold something */
};

/* The text of a file, or none where it is not there, or empty as before the first login. */
static int place_read(const struct place *place, struct buf *text, struct error *err)
{
	struct error problem = ERROR_INIT;

	if (buf_read_file(text, place->path, &problem) < 0) {
		if (problem.kind == ERROR_MISSING && !place->only)
			return 0;
		return error_set(err, problem.kind == ERROR_MISSING ? ERROR_INPUT : problem.kind,
				 "%s", problem.text);
	}
	if (place->only || !is_blank(text->data, text->size))
		return 1;
	return 0;
}

static int place_look(const struct place *place, const char *host, const char *repository,
		      struct credentials *ret_credentials, struct error *err)
{
	auto_credentials_advice struct credentials_advice advice = { 0 };
	struct credentials found = { 0 };
	struct buf text;
	int result;

	buf_init(&text, DOC_SIZE_MAX);
	result = place_read(place, &text, err);
	if (result > 0)
		result = credentials_parse(text.data, text.size, place->path, place->format, host,
					   repository, &advice, err);
	explicit_bzero(text.data, text.size);
	buf_release(&text);
	if (result < 0)
		return -1;
	if (advice.helper != NULL && helper_ask(advice.helper, host, place->path, &found, err) < 0)
		return -1;
	if (!credentials_are_set(&found)) {
		found = advice.entry;
		advice.entry = (struct credentials) { 0 };
	}
	*ret_credentials = found;
	return 0;
}

/* The usual places */

struct places {
	struct place items[5];
	size_t count;
};

static void places_release(struct places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].path);
}

/* Nothing where there is no folder to begin with. */
static int places_add(struct places *places, const char *folder, const char *rest,
		      enum credentials_format format, struct error *err)
{
	struct place *place = &places->items[places->count];

	if (folder == NULL)
		return 0;
	*place = (struct place) { .format = format };
	if (asprintf(&place->path, "%s%s", folder, rest) < 0) {
		place->path = NULL;
		return error_memory(err);
	}
	places->count++;
	return 0;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int places_fill(struct places *places, struct error *err)
{
	const char *runtime = environment("XDG_RUNTIME_DIR");
	const char *settings = environment("XDG_CONFIG_HOME");
	const char *docker = environment("DOCKER_CONFIG");
	const char *home = environment("HOME");
	char run[64];

	if (environment("REGISTRY_AUTH_FILE") != NULL)
		return places_add(places, environment("REGISTRY_AUTH_FILE"), "", CREDENTIALS_CONFIG,
				  err);
	(void)snprintf(run, sizeof run, "/run/containers/%lu", (unsigned long)getuid());
	if (places_add(places, runtime != NULL ? runtime : run,
		       runtime != NULL ? "/containers/auth.json" : "/auth.json", CREDENTIALS_CONFIG,
		       err) < 0 ||
	    places_add(places, settings != NULL ? settings : home,
		       settings != NULL ? "/containers/auth.json" : "/.config/containers/auth.json",
		       CREDENTIALS_CONFIG, err) < 0 ||
	    places_add(places, docker != NULL ? docker : home,
		       docker != NULL ? "/config.json" : "/.docker/config.json", CREDENTIALS_CONFIG,
		       err) < 0)
		return -1;
	return places_add(places, home, "/.dockercfg", CREDENTIALS_LEGACY, err);
}

int credentials_find(const char *authfile, const char *host, const char *repository,
		     struct credentials *ret_credentials, struct error *err)
{
	cleanup_by(places_release) struct places places = { .count = 0 };
	struct credentials found = { 0 };

	if (authfile != NULL) {
		if (places_add(&places, authfile, "", CREDENTIALS_CONFIG, err) < 0)
			return -1;
		places.items[0].only = true;
	} else if (places_fill(&places, err) < 0) {
		return -1;
	}
	for (size_t i = 0; i < places.count && !credentials_are_set(&found); i++)
		if (place_look(&places.items[i], host, repository, &found, err) < 0)
			return -1;
	*ret_credentials = found;
	return 0;
}
