#include "config.h"

#include "image/remote.h"

#include <string.h>

#include "base/doc.h"
#include "image/manifest.h"
#include "image/transport.h"

struct remote {
	struct source source;
	struct registry *registry;
	char *media_type; /* of the document below */
	struct digest digest;
	struct buf document; /* what the tag or digest stands for */
};

static void remote_free(struct source *source)
{
	struct remote *remote = (struct remote *)source;

	registry_free(remote->registry);
	buf_release(&remote->document);
	free(remote->media_type);
	free(remote);
}

static int remote_read_root(const struct source *source, struct buf *buf, struct error *err)
{
	const struct remote *remote = (const struct remote *)source;
	char digest[DIGEST_TEXT_MAX];
	auto_doc json_t *root = json_pack(
		"{s:[{s:s,s:s,s:I}]}", "manifests", "mediaType", remote->media_type, "digest",
		digest_text(&remote->digest, digest), "size", (json_int_t)remote->document.size);
	auto_free char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;

	if (text == NULL)
		return error_memory(err);
	buf_add_string(buf, text);
	return buf_check(buf, "the index", err);
}

struct remote_stream {
	struct stream stream;
	struct registry_blob *blob;
};

static ssize_t remote_stream_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	return registry_read_blob(((struct remote_stream *)stream)->blob, data, size, err);
}

static void remote_stream_close(struct stream *stream)
{
	registry_close_blob(((struct remote_stream *)stream)->blob);
	free(stream);
}

static const struct stream_ops remote_stream_ops = {
	.read = remote_stream_read,
	.close = remote_stream_close,
};

/* Registries keep manifests and blobs apart. A manifest is small: it is asked for as a whole. */
struct document_stream {
	struct stream stream;
	struct stream *inner;
	struct buf buf;
};

static ssize_t document_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	return stream_read(((struct document_stream *)stream)->inner, data, size, err);
}

static void document_close(struct stream *stream)
{
	struct document_stream *document = (struct document_stream *)stream;

	stream_close(document->inner);
	buf_release(&document->buf);
	free(document);
}

static const struct stream_ops document_stream_ops = {
	.read = document_read,
	.close = document_close,
};

static int remote_open_manifest(const struct remote *remote, const struct digest *digest,
				struct stream **ret_stream, uint64_t *ret_size, struct error *err)
{
	struct document_stream *document = calloc(1, sizeof *document);
	auto_stream struct stream *stream = NULL;
	auto_free char *media_type = NULL;
	char text[DIGEST_TEXT_MAX];

	if (document == NULL)
		return error_memory(err);
	document->stream.ops = &document_stream_ops;
	buf_init(&document->buf, DOC_SIZE_MAX);
	stream = &document->stream;
	if (registry_read_manifest(remote->registry, digest_text(digest, text), &document->buf,
				   &media_type, err) < 0 ||
	    stream_of_memory(document->buf.data, document->buf.size, 0, &document->inner, err) < 0)
		return -1;
	*ret_size = document->buf.size;
	*ret_stream = steal(&stream);
	return 0;
}

static int remote_open_blob(const struct source *source, const struct descriptor *descriptor,
			    struct stream **ret_stream, uint64_t *ret_size, struct error *err)
{
	const struct remote *remote = (const struct remote *)source;
	struct remote_stream *stream;

	if (digest_equal(&descriptor->digest, &remote->digest)) {
		*ret_size = remote->document.size;
		return stream_of_memory(remote->document.data, remote->document.size, 0, ret_stream,
					err);
	}
	if (descriptor->manifest)
		return remote_open_manifest(remote, &descriptor->digest, ret_stream, ret_size, err);
	stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		return error_memory(err);
	stream->stream.ops = &remote_stream_ops;
	if (registry_open_blob(remote->registry, &descriptor->digest, &stream->blob, ret_size,
			       err) < 0) {
		free(stream);
		return -1;
	}
	if (*ret_size == UINT64_MAX && descriptor->size_known)
		*ret_size = descriptor->size;
	*ret_stream = &stream->stream;
	return 0;
}

static int remote_read_range(const struct source *source, const struct descriptor *descriptor,
			     uint64_t offset, size_t size, struct buf *buf, struct error *err)
{
	const struct remote *remote = (const struct remote *)source;

	return registry_read_range(remote->registry, &descriptor->digest, offset, size, buf, err);
}

static const struct source_ops remote_ops = {
	.read_root = remote_read_root,
	.open_blob = remote_open_blob,
	.read_range = remote_read_range,
	.free = remote_free,
};

/* What some servers say of every document. */
static bool type_says_nothing(const char *type)
{
	return type[0] == '\0' || strcmp(type, "application/json") == 0 ||
	       strcmp(type, "application/octet-stream") == 0 || strcmp(type, "text/plain") == 0;
}

/* A document may say itself what it is, and knows better than a server. */
static int remote_set_type(struct remote *remote, struct error *err)
{
	auto_doc json_t *doc = NULL;
	const char *type = NULL;

	if (doc_parse(remote->document.data, remote->document.size, "the manifest", &doc, err) <
		    0 ||
	    doc_string(doc, "the manifest", "mediaType", DOC_OPTIONAL, &type, err) < 0)
		return -1;
	if (type == NULL)
		type = type_says_nothing(remote->media_type) ? "" : remote->media_type;
	if (type[0] != '\0' && !manifest_type_is_known(type))
		return error_set(err, ERROR_INPUT,
				 "neither an image manifest nor an index: its media type is %s",
				 type);
	type = strdup(type);
	if (type == NULL)
		return error_memory(err);
	free(remote->media_type);
	remote->media_type = (char *)(uintptr_t)type;
	return 0;
}

int remote_open(const struct reference *reference, const struct registry_options *options,
		struct source **ret_source, struct error *err)
{
	struct remote *remote = calloc(1, sizeof *remote);
	auto_source struct source *source = NULL;
	char text[DIGEST_TEXT_MAX];
	const char *wanted = reference->tag != NULL ? reference->tag : "latest";

	if (remote == NULL)
		return error_memory(err);
	source = &remote->source;
	source->ops = &remote_ops;
	source->form = SOURCE_OCI;
	source->remote = true;
	buf_init(&remote->document, DOC_SIZE_MAX);
	/* beside a digest a tag is a remark */
	if (digest_is_set(&reference->digest))
		wanted = digest_text(&reference->digest, text);
	if (registry_open(reference->domain, reference->path, options, &remote->registry, err) <
		    0 ||
	    registry_read_manifest(remote->registry, wanted, &remote->document, &remote->media_type,
				   err) < 0 ||
	    remote_set_type(remote, err) < 0)
		return -1;
	if (digest_of(digest_is_set(&reference->digest) ? reference->digest.algorithm
							: DIGEST_SHA256,
		      remote->document.data, remote->document.size, &remote->digest, err) < 0)
		return -1;
	*ret_source = steal(&source);
	return 0;
}
