#include "config.h"

#include "net/registry.h"

#include <string.h>
#include <strings.h>

#include "base/doc.h"
#include "net/endpoint.h"

/* Distribution specification, "Pulling manifests": what is not named here may be answered with
 * 404, or turned into something else. */
#define MANIFEST_TYPES                                                \
	"application/vnd.oci.image.index.v1+json, "                   \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, "                \
	"application/vnd.docker.distribution.manifest.v2+json"

void registry_options_release(struct registry_options *options)
{
	option_list_release(&options->insecure);
	option_list_release(&options->mirrors);
}

struct registry {
	struct endpoint **endpoints; /* mirrors first, the host itself last */
	size_t count;
};

void registry_free(struct registry *registry)
{
	if (registry == NULL)
		return;
	for (size_t i = 0; i < registry->count; i++)
		endpoint_free(registry->endpoints[i]);
	free(registry->endpoints);
	free(registry);
}

/* Docker Hub's name is not where it lives. */
static const char *domain_host(const char *domain)
{
	return strcmp(domain, "docker.io") == 0 ? "registry-1.docker.io" : domain;
}

/* The mirror that "HOST=MIRROR" names for this domain; NULL where it is for another. */
static int mirror_for(const char *setting, const char *domain, const char **ret_mirror,
		      struct error *err)
{
	const char *equals = strchr(setting, '=');

	if (equals == NULL || equals == setting || equals[1] == '\0')
		return error_set(err, ERROR_USAGE, "a mirror is HOST=MIRROR, not '%s'", setting);
	*ret_mirror = NULL;
	if (strlen(domain) == (size_t)(equals - setting) &&
	    strncasecmp(setting, domain, strlen(domain)) == 0)
		*ret_mirror = equals + 1;
	return 0;
}

int registry_open(const char *domain, const char *path, const struct registry_options *options,
		  struct registry **ret_registry, struct error *err)
{
	auto_registry struct registry *registry = calloc(1, sizeof *registry);

	if (registry == NULL)
		return error_memory(err);
	registry->endpoints = calloc(options->mirrors.count + 1, sizeof *registry->endpoints);
	if (registry->endpoints == NULL)
		return error_memory(err);
	for (size_t i = 0; i < options->mirrors.count; i++) {
		const char *mirror = NULL;

		if (mirror_for(options->mirrors.items[i], domain, &mirror, err) < 0)
			return -1;
		if (mirror == NULL)
			continue;
		if (endpoint_new(mirror, path, options, &registry->endpoints[registry->count],
				 err) < 0)
			return error_prefix(err, "the mirror '%s'", mirror);
		registry->count++;
	}
	if (endpoint_new(domain_host(domain), path, options, &registry->endpoints[registry->count],
			 err) < 0)
		return -1;
	registry->count++;
	*ret_registry = steal(&registry);
	return 0;
}

/* From the first place that has it. */
static int registry_get(const struct registry *registry, const struct endpoint_request *request,
			struct endpoint_answer *ret_answer, struct error *err)
{
	struct error failure = ERROR_INIT;

	for (size_t i = 0; i < registry->count; i++)
		if (endpoint_get(registry->endpoints[i], request, ret_answer, &failure) == 0)
			return 0;
	return error_set(err, failure.kind, "%s", failure.text);
}

static char *media_type_of(const struct http_response *response)
{
	const char *field = http_header(response, "Content-Type");
	size_t length = field != NULL ? strcspn(field, "; \t") : 0;

	return field != NULL ? strndup(field, length) : strdup("");
}

static int read_all(struct http_response *response, struct buf *buf, const char *what,
		    struct error *err)
{
	char piece[16384];
	ssize_t got;

	while ((got = http_read(response, piece, sizeof piece, err)) > 0) {
		buf_add(buf, piece, (size_t)got);
		if (buf_check(buf, what, err) < 0)
			return -1;
	}
	return got < 0 ? error_prefix(err, "%s", what) : 0;
}

/* The body is what was asked for, and what the registry itself says that it is. */
static int manifest_check(const struct http_response *response, const char *reference,
			  const struct buf *buf, struct error *err)
{
	const char *said = http_header(response, "Docker-Content-Digest");
	const char *wanted[] = { reference, said };

	for (size_t i = 0; i < array_size(wanted); i++) {
		struct digest digest;
		struct digest found;
		char text[DIGEST_TEXT_MAX];

		if (wanted[i] == NULL || digest_parse(wanted[i], &digest, NULL) < 0)
			continue;
		if (digest_of(digest.algorithm, buf->data, buf->size, &found, err) < 0)
			return -1;
		if (!digest_equal(&digest, &found))
			return error_set(err, ERROR_INPUT,
					 "%s: wrong digest: %s %s and what came is %s", reference,
					 i == 0 ? "asked for was" : "the registry says", wanted[i],
					 digest_text(&found, text));
	}
	return 0;
}

int registry_read_manifest(struct registry *registry, const char *reference, struct buf *buf,
			   char **ret_media_type, struct error *err)
{
	auto_endpoint_answer struct endpoint_answer answer = { 0 };
	struct endpoint_request request = { .accept = MANIFEST_TYPES };
	auto_free char *path = NULL;
	auto_free char *media_type = NULL;

	if (asprintf(&path, "manifests/%s", reference) < 0) {
		path = NULL;
		return error_memory(err);
	}
	request.path = path;
	for (unsigned tries = 0;; tries++) {
		struct error failure = ERROR_INIT;

		endpoint_answer_release(&answer);
		if (registry_get(registry, &request, &answer, err) < 0)
			return -1;
		buf_clear(buf);
		if (read_all(answer.response, buf, path, &failure) == 0)
			break;
		if (failure.kind != ERROR_NETWORK || tries + 1 == ENDPOINT_TRIES)
			return error_set(err, failure.kind, "%s", failure.text);
		endpoint_pause(endpoint_backoff(tries));
	}
	if (manifest_check(answer.response, reference, buf, err) < 0)
		return -1;
	media_type = media_type_of(answer.response);
	if (media_type == NULL)
		return error_memory(err);
	*ret_media_type = steal(&media_type);
	return 0;
}

struct registry_blob {
	struct registry *registry;
	char *path;
	struct endpoint_answer answer; /* zeroed between two tries */
	uint64_t offset;	       /* bytes handed out */
	uint64_t size;		       /* UINT64_MAX: not said */
	unsigned tries;		       /* without a byte */
};

void registry_close_blob(struct registry_blob *blob)
{
	if (blob == NULL)
		return;
	endpoint_answer_release(&blob->answer);
	free(blob->path);
	free(blob);
}

static void blob_close_pointer(struct registry_blob **place)
{
	registry_close_blob(*place);
}

/* A host that ignores ranges sends all of it: what is known already is passed over. */
static int blob_pass_over(struct registry_blob *blob, struct error *err)
{
	char piece[16384];
	uint64_t at = blob->answer.from;

	while (at < blob->offset) {
		uint64_t left = blob->offset - at;
		ssize_t got = http_read(blob->answer.response, piece,
					left < sizeof piece ? (size_t)left : sizeof piece, err);

		if (got < 0)
			return -1;
		if (got == 0)
			return error_set(err, ERROR_NETWORK, "it is shorter than before");
		at += (uint64_t)got;
	}
	return 0;
}

static int blob_connect(struct registry_blob *blob, struct error *err)
{
	struct endpoint_request request = { .path = blob->path, .from = blob->offset };

	if (registry_get(blob->registry, &request, &blob->answer, err) < 0)
		return -1;
	return blob_pass_over(blob, err);
}

static char *blob_path(const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];
	char *path = NULL;

	return asprintf(&path, "blobs/%s", digest_text(digest, text)) < 0 ? NULL : path;
}

int registry_open_blob(struct registry *registry, const struct digest *digest,
		       struct registry_blob **ret_blob, uint64_t *ret_size, struct error *err)
{
	cleanup_by(blob_close_pointer) struct registry_blob *blob = calloc(1, sizeof *blob);

	if (blob == NULL)
		return error_memory(err);
	blob->registry = registry;
	blob->path = blob_path(digest);
	if (blob->path == NULL)
		return error_memory(err);
	if (blob_connect(blob, err) < 0)
		return -1;
	if (!http_length(blob->answer.response, &blob->size))
		blob->size = UINT64_MAX;
	*ret_size = blob->size;
	*ret_blob = steal(&blob);
	return 0;
}

/* One read, a new connection where there is none; less than said is as bad as a broken one. */
static ssize_t blob_try(struct registry_blob *blob, void *data, size_t size, struct error *err)
{
	ssize_t got;

	if (blob->answer.response == NULL && blob_connect(blob, err) < 0)
		return -1;
	got = http_read(blob->answer.response, data, size, err);
	if (got == 0 && blob->size != UINT64_MAX && blob->offset < blob->size)
		return error_set(err, ERROR_NETWORK, "cut short");
	return got;
}

ssize_t registry_read_blob(struct registry_blob *blob, void *data, size_t size, struct error *err)
{
	for (;;) {
		struct error failure = ERROR_INIT;
		ssize_t got = blob_try(blob, data, size, &failure);

		if (got > 0)
			blob->tries = 0;
		if (got >= 0) {
			blob->offset += (uint64_t)got;
			return got;
		}
		endpoint_answer_release(&blob->answer);
		if (failure.kind != ERROR_NETWORK || ++blob->tries == ENDPOINT_TRIES)
			return error_set(err, failure.kind, "after %llu bytes: %s",
					 (unsigned long long)blob->offset, failure.text);
		endpoint_pause(endpoint_backoff(blob->tries));
	}
}

/* All of `size` bytes, and no more of them. */
static int read_range(struct http_response *response, size_t size, struct buf *buf,
		      const char *what, struct error *err)
{
	char piece[16384];
	ssize_t got;

	while ((got = http_read(response, piece, sizeof piece, err)) > 0) {
		if ((size_t)got > size - buf->size)
			return error_set(err, ERROR_INPUT,
					 "%s: %zu bytes were asked for, and more came", what, size);
		buf_add(buf, piece, (size_t)got);
		if (buf_check(buf, what, err) < 0)
			return -1;
	}
	if (got < 0)
		return error_prefix(err, "%s", what);
	if (buf->size != size)
		return error_set(err, ERROR_NETWORK, "%s: %zu bytes were asked for, and %zu came",
				 what, size, buf->size);
	return 0;
}

int registry_read_range(struct registry *registry, const struct digest *digest, uint64_t offset,
			size_t size, struct buf *buf, struct error *err)
{
	auto_endpoint_answer struct endpoint_answer answer = { 0 };
	struct endpoint_request request = { .from = offset, .count = size };
	auto_free char *path = blob_path(digest);

	if (path == NULL)
		return error_memory(err);
	request.path = path;
	for (unsigned tries = 0;; tries++) {
		struct error failure = ERROR_INIT;

		endpoint_answer_release(&answer);
		if (registry_get(registry, &request, &answer, err) < 0)
			return -1;
		if (http_status(answer.response) != 206)
			return error_set(err, ERROR_MISSING, "%s: the registry gives no ranges",
					 path);
		buf_clear(buf);
		if (read_range(answer.response, size, buf, path, &failure) == 0)
			return 0;
		if (failure.kind != ERROR_NETWORK || tries + 1 == ENDPOINT_TRIES)
			return error_copy(err, &failure);
		endpoint_pause(endpoint_backoff(tries));
	}
}
