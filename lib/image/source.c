#include "config.h"

#include "image/source.h"

#include <string.h>

#include "base/doc.h"
#include "image/blob.h"
#include "image/remote.h"
#include "image/store.h"
#include "image/transport.h"

#define DOCKER_ROOT "manifest.json"
#define OCI_ROOT    "index.json"

struct store_source {
	struct source source;
	struct store *store;
};

static struct store *store_of(const struct source *source)
{
	return ((const struct store_source *)source)->store;
}

void descriptor_release(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->member);
	*descriptor = (struct descriptor) { 0 };
}

const char *descriptor_name(const struct descriptor *descriptor, char text[DIGEST_TEXT_MAX])
{
	return descriptor->member != NULL ? descriptor->member
					  : digest_text(&descriptor->digest, text);
}

static int store_source_read_root(const struct source *source, struct buf *buf, struct error *err)
{
	return store_read(store_of(source), source->form == SOURCE_DOCKER ? DOCKER_ROOT : OCI_ROOT,
			  buf, err);
}

/* OCI image specification, image-layout.md: blobs/ALGORITHM/HEX. */
static int store_source_open_blob(const struct source *source, const struct descriptor *descriptor,
				  struct stream **ret_stream, uint64_t *ret_size, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	char path[sizeof "blobs/" + DIGEST_TEXT_MAX];
	char *colon;

	if (descriptor->member != NULL)
		return store_open_member(store_of(source), descriptor->member, ret_stream, ret_size,
					 err);
	(void)snprintf(path, sizeof path, "blobs/%s", digest_text(&descriptor->digest, text));
	colon = strchr(path, ':');
	if (colon == NULL)
		return error_set(err, ERROR_INPUT, "a blob without a digest");
	*colon = '/';
	return store_open_member(store_of(source), path, ret_stream, ret_size, err);
}

static void store_source_free(struct source *source)
{
	store_free(store_of(source));
	free(source);
}

static const struct source_ops store_ops = {
	.read_root = store_source_read_root,
	.open_blob = store_source_open_blob,
	.free = store_source_free,
};

/* Which of the two forms is in it; the transport may insist on one. */
static int store_source_form(const struct store *store, enum transport transport,
			     enum source_form *ret_form, struct error *err)
{
	bool docker = !store_is_directory(store) && store_has(store, DOCKER_ROOT);
	bool oci = store_has(store, OCI_ROOT);

	if (transport == TRANSPORT_DOCKER_ARCHIVE && !docker)
		return error_set(err, ERROR_INPUT,
				 "no docker-archive: it has no " DOCKER_ROOT
				 ", and without it the order of its layers is not defined");
	if ((transport == TRANSPORT_OCI || transport == TRANSPORT_OCI_ARCHIVE) && !oci)
		return error_set(err, ERROR_INPUT, "no OCI image layout: it has no " OCI_ROOT);
	if (!docker && !oci)
		return error_set(err, ERROR_INPUT, "no image: it has %s" OCI_ROOT,
				 store_is_directory(store) ? "no "
							   : "neither " DOCKER_ROOT " nor ");
	*ret_form = docker && transport != TRANSPORT_OCI_ARCHIVE && transport != TRANSPORT_OCI
			    ? SOURCE_DOCKER
			    : SOURCE_OCI;
	return 0;
}

static int store_source_check(const struct store *store, enum transport transport,
			      struct error *err)
{
	bool directory = store_is_directory(store);

	if (transport == TRANSPORT_OCI && !directory)
		return error_set(err, ERROR_INPUT, "no directory; for a file use oci-archive:");
	if (transport == TRANSPORT_OCI_ARCHIVE && directory)
		return error_set(err, ERROR_INPUT, "no file; for a directory use oci:");
	return 0;
}

/* Takes the store over where it succeeds. */
static int store_source_new(struct store *store, enum transport transport,
			    struct source **ret_source, struct error *err)
{
	struct store_source *source;
	enum source_form form = SOURCE_OCI;

	if (store_source_form(store, transport, &form, err) < 0)
		return -1;
	source = calloc(1, sizeof *source);
	if (source == NULL)
		return error_memory(err);
	source->source.ops = &store_ops;
	source->source.form = form;
	source->store = store;
	*ret_source = &source->source;
	return 0;
}

static int store_source_open(const struct image_name *name, struct source **ret_source,
			     struct error *err)
{
	auto_store struct store *store = NULL;

	if (store_open(name->transport == TRANSPORT_STDIN ? "-" : name->location, &store, err) <
		    0 ||
	    store_source_check(store, name->transport, err) < 0 ||
	    store_source_new(store, name->transport, ret_source, err) < 0)
		return -1;
	store = NULL;
	return 0;
}

int source_of_stream(struct stream *stream, const char *name, enum transport transport,
		     struct source **ret_source, struct error *err)
{
	auto_store struct store *store = NULL;

	if (store_of_stream(stream, name, &store, err) < 0 ||
	    store_source_new(store, transport, ret_source, err) < 0)
		return -1;
	store = NULL;
	return 0;
}

int source_of_pass(struct pass *pass, enum transport transport, struct source **ret_source,
		   struct error *err)
{
	auto_store struct store *store = NULL;

	if (store_of_pass(pass, &store, err) < 0 ||
	    store_source_new(store, transport, ret_source, err) < 0)
		return -1;
	store = NULL;
	return 0;
}

static int registry_source_open(const struct image_name *name,
				const struct registry_options *options, struct source **ret_source,
				struct error *err)
{
	auto_reference struct reference reference = { 0 };

	if (reference_parse(name->location, REFERENCE_NORMALISED, &reference, err) < 0)
		return -1;
	return remote_open(&reference, options, ret_source, err);
}

int source_open(const struct image_name *name, const struct registry_options *options,
		struct source **ret_source, struct error *err)
{
	switch (name->transport) {
	case TRANSPORT_DOCKER_ARCHIVE:
	case TRANSPORT_OCI:
	case TRANSPORT_OCI_ARCHIVE:
	case TRANSPORT_STDIN:
	case TRANSPORT_PATH:
		return store_source_open(name, ret_source, err);
	case TRANSPORT_DOCKER:
	case TRANSPORT_BARE:
		return registry_source_open(name, options, ret_source, err);
	case TRANSPORT_DOCKER_DAEMON:
		break;
	}
	return error_set(err, ERROR_USAGE, "an engine has no blobs to ask for");
}

void source_free(struct source *source)
{
	if (source != NULL)
		source->ops->free(source);
}

enum source_form source_form(const struct source *source)
{
	return source->form;
}

bool source_is_remote(const struct source *source)
{
	return source->remote;
}

int source_read_root(const struct source *source, struct buf *buf, struct error *err)
{
	return source->ops->read_root(source, buf, err);
}

int source_open_blob(const struct source *source, const struct descriptor *descriptor,
		     struct stream **ret_stream, uint64_t *ret_size, struct error *err)
{
	return source->ops->open_blob(source, descriptor, ret_stream, ret_size, err);
}

bool source_gives_ranges(const struct source *source)
{
	return source->ops->read_range != NULL;
}

int source_read_range(const struct source *source, const struct descriptor *descriptor,
		      uint64_t offset, size_t size, struct buf *buf, struct error *err)
{
	return source->ops->read_range(source, descriptor, offset, size, buf, err);
}

bool source_lists(const struct source *source, const struct digest *digest)
{
	const json_t *entry;
	auto_doc json_t *root = NULL;
	auto_buf struct buf text;
	size_t i;

	buf_init(&text, DOC_SIZE_MAX);
	if (source->ops != &store_ops || store_read(store_of(source), OCI_ROOT, &text, NULL) < 0 ||
	    doc_parse(text.data, text.size, OCI_ROOT, &root, NULL) < 0)
		return false;
	json_array_foreach (json_object_get(root, "manifests"), i, entry) {
		const char *found = json_string_value(json_object_get(entry, "digest"));
		struct digest parsed;

		if (found != NULL && digest_parse(found, &parsed, NULL) == 0 &&
		    digest_equal(&parsed, digest))
			return true;
	}
	return false;
}

int source_read_blob(const struct source *source, const struct descriptor *descriptor,
		     struct buf *buf, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct blob_options options = {
		.name = descriptor_name(descriptor, text),
		.digest = descriptor->digest,
		.size = descriptor->size,
		.size_known = descriptor->size_known,
	};
	auto_stream struct stream *stream = NULL;
	auto_blob struct blob *blob = NULL;
	struct layer_totals totals = { 0 };
	char piece[16384];
	uint64_t size;
	ssize_t got;

	if (source_open_blob(source, descriptor, &stream, &size, err) < 0 ||
	    blob_open(stream, &options, &blob, err) < 0)
		return -1;
	while ((got = blob_read(blob, piece, sizeof piece, err)) > 0) {
		buf_add(buf, piece, (size_t)got);
		if (buf_check(buf, options.name, err) < 0)
			return -1;
	}
	if (got < 0 || blob_finish(blob, &totals, err) < 0)
		return -1;
	/* the blob reader unpacks what it can: a document is what it was hashed as, or nothing */
	if (totals.compression != COMPRESSION_NONE)
		return error_set(err, ERROR_INPUT, "%s: compressed, where a document was meant",
				 options.name);
	return 0;
}
