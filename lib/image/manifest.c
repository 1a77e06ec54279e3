#include "config.h"

#include "image/manifest.h"

#include <string.h>
#include <strings.h>

#include "base/doc.h"
#include "base/text.h"

#define INDEX_DEPTH_MAX 8
#define CANDIDATES_MAX	1024
/* Documents read on the way to one image, each once however often it is named. */
#define DOCUMENTS_MAX 1024
#define ROOT_SIZE_MAX ((size_t)16 << 20)
#define OBSOLETE_TEXT \
	"a manifest of schema version 1 is not supported: it is obsolete and has no configuration"

void manifest_release(struct manifest *manifest)
{
	descriptor_release(&manifest->config);
	for (size_t i = 0; i < manifest->layer_count; i++)
		descriptor_release(&manifest->layers[i]);
	free(manifest->layers);
	*manifest = (struct manifest) { 0 };
}

/* "@N": which of several. */
static bool name_is_position(const char *name, uint64_t *ret_position)
{
	return name != NULL && name[0] == '@' &&
	       text_parse_number(name + 1, ret_position, NULL) == 0;
}

/* --- docker-archive ------------------------------------------------------------------------ */

/* Docker writes "RepoTags", jib "repoTags". */
static json_t *member_of(const json_t *object, const char *key)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		if (strcasecmp(name, key) == 0)
			return json_is_null(value) ? NULL : value;
	}
	return NULL;
}

/* Docker 25 and later point into an OCI layout: then the member's name holds its digest. The
 * HEX.json of older saves is a mere name, and tools that edit images leave it as it was. */
static void descriptor_digest_from_member(struct descriptor *descriptor)
{
	static const char prefix[] = "blobs/sha256/";
	char text[DIGEST_TEXT_MAX];

	if (strncmp(descriptor->member, prefix, sizeof prefix - 1) != 0)
		return;
	(void)snprintf(text, sizeof text, "sha256:%s", descriptor->member + sizeof prefix - 1);
	(void)!digest_parse(text, &descriptor->digest, NULL);
}

static int descriptor_of_member(const json_t *name, const char *what, struct descriptor *descriptor,
				struct error *err)
{
	if (!json_is_string(name))
		return error_set(err, ERROR_INPUT, "manifest.json: %s is no string", what);
	descriptor->member = strdup(json_string_value(name));
	descriptor->media_type = strdup("");
	if (descriptor->member == NULL || descriptor->media_type == NULL)
		return error_memory(err);
	return 0;
}

static void docker_list(const json_t *root, struct buf *list)
{
	json_t *entry;
	size_t i;

	json_array_foreach (root, i, entry) {
		const char *tag =
			json_string_value(json_array_get(member_of(entry, "RepoTags"), 0));

		buf_printf(list, "%s@%zu", i > 0 ? ", " : "", i);
		if (tag != NULL)
			buf_printf(list, " (%s)", tag);
	}
}

/* Does `text`, which an archive says, mean the same as the name that was asked for? "app" is
 * "docker.io/library/app:latest". */
static bool means_the_same(const char *text, const char *name)
{
	auto_reference struct reference wanted = { 0 };
	auto_reference struct reference found = { 0 };

	if (text == NULL)
		return false;
	if (strcmp(text, name) == 0)
		return true;
	return reference_parse(name, REFERENCE_NORMALISED, &wanted, NULL) == 0 &&
	       reference_parse(text, REFERENCE_NORMALISED, &found, NULL) == 0 &&
	       strcmp(found.domain, wanted.domain) == 0 && strcmp(found.path, wanted.path) == 0 &&
	       strcmp(found.tag != NULL ? found.tag : "latest",
		      wanted.tag != NULL ? wanted.tag : "latest") == 0;
}

static bool docker_entry_has_tag(const json_t *entry, const char *name)
{
	json_t *tag;
	size_t i;

	json_array_foreach (member_of(entry, "RepoTags"), i, tag) {
		if (means_the_same(json_string_value(tag), name))
			return true;
	}
	return false;
}

static int docker_choose(const json_t *root, const char *name, json_t **ret_entry,
			 struct error *err)
{
	auto_buf struct buf list;
	uint64_t position = 0;
	json_t *found = NULL;
	json_t *entry;
	size_t i;

	buf_init(&list, ERROR_TEXT_MAX);
	if (!json_is_array(root))
		return error_set(err, ERROR_INPUT, "manifest.json is no array");
	if (json_array_size(root) == 0)
		return error_set(err, ERROR_INPUT, "manifest.json names no image");
	docker_list(root, &list);
	if (name_is_position(name, &position)) {
		found = json_array_get(root, (size_t)position);
	} else if (name != NULL) {
		json_array_foreach (root, i, entry) {
			if (found == NULL && docker_entry_has_tag(entry, name))
				found = entry;
		}
	} else if (json_array_size(root) > 1) {
		return error_set(err, ERROR_INPUT, "it holds %zu images, name one of them: %s",
				 json_array_size(root), list.data);
	} else {
		found = json_array_get(root, 0);
	}
	if (found == NULL)
		return error_set(err, ERROR_MISSING, "it holds no image '%s', but: %s", name,
				 list.data);
	*ret_entry = found;
	return 0;
}

static int docker_find(const json_t *root, const char *name, struct manifest *manifest,
		       struct error *err)
{
	json_t *entry = NULL;
	json_t *layers;
	json_t *layer;
	size_t i;

	if (docker_choose(root, name, &entry, err) < 0)
		return -1;
	if (!json_is_object(entry))
		return error_set(err, ERROR_INPUT, "manifest.json holds what is no object");
	if (descriptor_of_member(member_of(entry, "Config"), "Config", &manifest->config, err) < 0)
		return -1;
	descriptor_digest_from_member(&manifest->config);
	layers = member_of(entry, "Layers");
	if (layers != NULL && !json_is_array(layers))
		return error_set(err, ERROR_INPUT, "manifest.json: Layers is no array");
	manifest->layers = calloc(json_array_size(layers) + 1, sizeof *manifest->layers);
	if (manifest->layers == NULL)
		return error_memory(err);
	json_array_foreach (layers, i, layer) {
		struct descriptor *descriptor = &manifest->layers[manifest->layer_count++];

		if (descriptor_of_member(layer, "a layer", descriptor, err) < 0)
			return -1;
		descriptor_digest_from_member(descriptor);
	}
	return 0;
}

/* --- OCI image layout ---------------------------------------------------------------------- */

struct candidate {
	struct descriptor descriptor;
	struct platform platform;
	bool has_platform;
	struct digest index;
	char *name;	 /* of the top-level entry; "" */
	size_t position; /* of the top-level entry */
};

struct candidates {
	struct candidate *items;
	size_t count;
	size_t artifacts;     /* passed over */
	size_t obsolete;      /* manifests of schema version 1, passed over */
	struct error missing; /* the last index entry that could not be read */
	size_t missing_count;
	struct digest *documents; /* those that were read */
	size_t document_count;
};

static void candidate_release(struct candidate *candidate)
{
	descriptor_release(&candidate->descriptor);
	free(candidate->name);
}

static void candidates_release(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		candidate_release(&candidates->items[i]);
	free(candidates->items);
	free(candidates->documents);
}

enum document {
	DOCUMENT_UNKNOWN,
	DOCUMENT_INDEX,
	DOCUMENT_MANIFEST,
	DOCUMENT_OBSOLETE,
	DOCUMENT_OTHER,
};

static enum document document_by_type(const char *type)
{
	static const struct {
		const char *type;
		enum document document;
	} types[] = {
		{ "application/vnd.oci.image.index.v1+json", DOCUMENT_INDEX },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", DOCUMENT_INDEX },
		{ "application/vnd.oci.image.manifest.v1+json", DOCUMENT_MANIFEST },
		{ "application/vnd.docker.distribution.manifest.v2+json", DOCUMENT_MANIFEST },
		{ "application/vnd.docker.distribution.manifest.v1+json", DOCUMENT_OBSOLETE },
		{ "application/vnd.docker.distribution.manifest.v1+prettyjws", DOCUMENT_OBSOLETE },
	};

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(type, types[i].type) == 0)
			return types[i].document;
	return DOCUMENT_UNKNOWN;
}

bool manifest_type_is_known(const char *media_type)
{
	return document_by_type(media_type) != DOCUMENT_UNKNOWN;
}

/* A media type that is missing or odd: the content tells. */
static enum document document_by_content(const json_t *doc)
{
	if (json_integer_value(json_object_get(doc, "schemaVersion")) == 1)
		return DOCUMENT_OBSOLETE;
	if (json_is_array(json_object_get(doc, "manifests")))
		return DOCUMENT_INDEX;
	if (json_is_object(json_object_get(doc, "config")) &&
	    json_is_array(json_object_get(doc, "layers")))
		return DOCUMENT_MANIFEST;
	return DOCUMENT_OTHER;
}

/* Configurations of images; "" is told by its content later. Docker 1.10 called them octets. */
static bool is_image_configuration(const char *type)
{
	return type[0] == '\0' || strcmp(type, "application/octet-stream") == 0 ||
	       strcmp(type, "application/vnd.oci.image.config.v1+json") == 0 ||
	       strcmp(type, "application/vnd.docker.container.image.v1+json") == 0;
}

static int descriptor_parse(const json_t *object, const char *at, struct descriptor *descriptor,
			    struct error *err)
{
	const char *digest = NULL;
	const char *type = NULL;
	json_t *urls = NULL;

	if (doc_string(object, at, "digest", DOC_REQUIRED, &digest, err) < 0 ||
	    doc_string(object, at, "mediaType", DOC_OPTIONAL, &type, err) < 0 ||
	    doc_size(object, at, "size", DOC_REQUIRED, &descriptor->size, err) < 0 ||
	    doc_array(object, at, "urls", DOC_OPTIONAL, &urls, err) < 0)
		return -1;
	if (digest_parse(digest, &descriptor->digest, err) < 0)
		return error_prefix(err, "%s", at);
	toc_find(json_object_get(object, "annotations"), &descriptor->table);
	descriptor->size_known = true;
	descriptor->foreign = json_array_size(urls) > 0;
	descriptor->media_type = strdup(type != NULL ? type : "");
	return descriptor->media_type == NULL ? error_memory(err) : 0;
}

/* "unknown/unknown" and BuildKit's annotation mark what is attached to an image and is none; so
 * does an artifactType, which for an image is its configuration's type. */
static bool is_attachment(const json_t *entry, const struct platform *platform)
{
	json_t *annotations = json_object_get(entry, "annotations");
	const char *kind =
		json_string_value(json_object_get(annotations, "vnd.docker.reference.type"));
	const char *artifact = json_string_value(json_object_get(entry, "artifactType"));

	return (kind != NULL && strcmp(kind, "attestation-manifest") == 0) ||
	       (artifact != NULL && !is_image_configuration(artifact)) ||
	       (strcmp(platform->os, "unknown") == 0 &&
		strcmp(platform->architecture, "unknown") == 0);
}

static int candidates_add(struct candidates *candidates, const struct candidate *from,
			  struct error *err)
{
	struct candidate *items;
	struct candidate copy = *from;

	for (size_t i = 0; i < candidates->count; i++)
		if (digest_equal(&candidates->items[i].descriptor.digest, &from->descriptor.digest))
			return 0;
	if (candidates->count == CANDIDATES_MAX)
		return error_set(err, ERROR_INPUT, "more than %d images", CANDIDATES_MAX);
	items = reallocarray(candidates->items, candidates->count + 1, sizeof *items);
	if (items == NULL)
		return error_memory(err);
	candidates->items = items;
	copy.descriptor.media_type = strdup(from->descriptor.media_type);
	copy.descriptor.member = NULL;
	copy.name = strdup(from->name);
	if (copy.descriptor.media_type == NULL || copy.name == NULL) {
		free(copy.descriptor.media_type);
		free(copy.name);
		return error_memory(err);
	}
	items[candidates->count++] = copy;
	return 0;
}

static int index_collect(const struct source *source, const json_t *index,
			 const struct candidate *parent, int depth, struct candidates *candidates,
			 struct error *err);

/* Reads a document; NULL in *ret_doc where it is absent, which is remembered. What is no JSON at
 * all is JSON null. */
static int document_read(const struct source *source, const struct descriptor *descriptor,
			 struct candidates *candidates, json_t **ret_doc, struct error *err)
{
	struct error trouble = ERROR_INIT;
	auto_buf struct buf text;

	buf_init(&text, DOC_SIZE_MAX);
	if (source_read_blob(source, descriptor, &text, &trouble) < 0) {
		if (trouble.kind == ERROR_MISSING) {
			candidates->missing = trouble;
			candidates->missing_count++;
			return 0;
		}
		return error_copy(err, &trouble);
	}
	if (doc_parse(text.data, text.size, "document", ret_doc, NULL) < 0)
		*ret_doc = json_null();
	return 0;
}

/* Notes that a document is read; false in *ret_new where it was before, for then all in it is
 * known. Without this, indexes that name one another many times over would multiply. */
static int document_note(const struct digest *digest, struct candidates *candidates, bool *ret_new,
			 struct error *err)
{
	struct digest *documents;

	*ret_new = false;
	for (size_t i = 0; i < candidates->document_count; i++)
		if (digest_equal(&candidates->documents[i], digest))
			return 0;
	if (candidates->document_count == DOCUMENTS_MAX)
		return error_set(err, ERROR_INPUT, "more than %d nested documents", DOCUMENTS_MAX);
	documents = reallocarray(candidates->documents, candidates->document_count + 1,
				 sizeof *documents);
	if (documents == NULL)
		return error_memory(err);
	candidates->documents = documents;
	documents[candidates->document_count++] = *digest;
	*ret_new = true;
	return 0;
}

/* An index has to be read, and so has what does not say what it is. */
static int index_entry_unknown(const struct source *source, enum document kind,
			       struct candidate *candidate, int depth,
			       struct candidates *candidates, struct error *err)
{
	auto_doc json_t *doc = NULL;
	char text[DIGEST_TEXT_MAX];
	bool new = false;

	if (document_note(&candidate->descriptor.digest, candidates, &new, err) < 0 ||
	    (new &&document_read(source, &candidate->descriptor, candidates, &doc, err) < 0))
		return -1;
	if (doc == NULL)
		return 0;
	if (kind == DOCUMENT_UNKNOWN)
		kind = document_by_content(doc);
	else if (!json_is_object(doc))
		return error_set(err, ERROR_INPUT, "%s is no index",
				 digest_text(&candidate->descriptor.digest, text));
	if (kind == DOCUMENT_MANIFEST)
		return candidates_add(candidates, candidate, err);
	if (kind == DOCUMENT_INDEX) {
		candidate->index = candidate->descriptor.digest;
		return index_collect(source, doc, candidate, depth + 1, candidates, err);
	}
	candidates->obsolete += kind == DOCUMENT_OBSOLETE;
	candidates->artifacts += kind == DOCUMENT_OTHER;
	return 0;
}

static int index_entry_kind(const struct source *source, const json_t *entry,
			    struct candidate *candidate, int depth, struct candidates *candidates,
			    struct error *err)
{
	enum document kind;

	if (descriptor_parse(entry, "an entry of the index", &candidate->descriptor, err) < 0)
		return -1;
	candidate->descriptor.manifest = true;
	if (is_attachment(entry, &candidate->platform)) {
		candidates->artifacts++;
		return 0;
	}
	kind = document_by_type(candidate->descriptor.media_type);
	if (kind == DOCUMENT_MANIFEST)
		return candidates_add(candidates, candidate, err);
	if (kind == DOCUMENT_OBSOLETE) {
		candidates->obsolete++;
		return 0;
	}
	return index_entry_unknown(source, kind, candidate, depth, candidates, err);
}

/* An entry of an index: an image, another index, or something else. */
static int index_entry(const struct source *source, const json_t *entry,
		       const struct candidate *parent, int depth, struct candidates *candidates,
		       struct error *err)
{
	struct candidate candidate = *parent;
	json_t *platform = json_object_get(entry, "platform");
	int result;

	candidate.descriptor = (struct descriptor) { 0 };
	if (json_is_object(platform)) {
		platform_of(json_string_value(json_object_get(platform, "os")),
			    json_string_value(json_object_get(platform, "architecture")),
			    json_string_value(json_object_get(platform, "variant")),
			    &candidate.platform);
		candidate.has_platform = true;
	}
	result = index_entry_kind(source, entry, &candidate, depth, candidates, err);
	descriptor_release(&candidate.descriptor);
	return result;
}

/* The name of a top-level entry: image-layout.md's annotation, or containerd's. */
static const char *entry_name(const json_t *entry)
{
	json_t *annotations = json_object_get(entry, "annotations");
	const char *name = json_string_value(
		json_object_get(annotations, "org.opencontainers.image.ref.name"));

	if (name == NULL)
		name = json_string_value(json_object_get(annotations, "io.containerd.image.name"));
	return name != NULL ? name : "";
}

static int index_collect(const struct source *source, const json_t *index,
			 const struct candidate *parent, int depth, struct candidates *candidates,
			 struct error *err)
{
	json_t *entries = NULL;
	json_t *entry;
	size_t i;

	if (depth > INDEX_DEPTH_MAX)
		return error_set(err, ERROR_INPUT, "indexes are nested deeper than %d",
				 INDEX_DEPTH_MAX);
	if (doc_array(index, "the index", "manifests", DOC_OPTIONAL, &entries, err) < 0)
		return -1;
	json_array_foreach (entries, i, entry) {
		if (index_entry(source, entry, parent, depth, candidates, err) < 0)
			return -1;
	}
	return 0;
}

static bool entry_is_named(const json_t *entry, size_t position, const char *name)
{
	json_t *annotations = json_object_get(entry, "annotations");
	const char *full =
		json_string_value(json_object_get(annotations, "io.containerd.image.name"));
	const char *digest = json_string_value(json_object_get(entry, "digest"));
	uint64_t wanted;

	if (name == NULL)
		return true;
	if (name_is_position(name, &wanted))
		return wanted == position;
	return strcmp(entry_name(entry), name) == 0 || means_the_same(full, name) ||
	       (digest != NULL && strcmp(digest, name) == 0);
}

static int root_collect(const struct source *source, const json_t *root, const char *name,
			struct candidates *candidates, struct error *err)
{
	json_t *entries = NULL;
	json_t *entry;
	size_t i;
	size_t chosen = 0;

	if (!json_is_object(root))
		return error_set(err, ERROR_INPUT, "index.json is no object");
	if (json_is_object(json_object_get(root, "config")))
		return error_set(err, ERROR_INPUT, "index.json is an image manifest, not an index");
	if (doc_array(root, "index.json", "manifests", DOC_OPTIONAL, &entries, err) < 0)
		return -1;
	json_array_foreach (entries, i, entry) {
		struct candidate parent = { .position = i };

		if (!entry_is_named(entry, i, name))
			continue;
		chosen++;
		parent.name = (char *)(uintptr_t)entry_name(entry);
		if (index_entry(source, entry, &parent, 0, candidates, err) < 0)
			return error_prefix(err, "index.json: entry %zu", i);
	}
	if (chosen > 0)
		return 0;
	if (name == NULL)
		return error_set(err, ERROR_INPUT, "index.json names no image");
	{
		auto_buf struct buf list;

		buf_init(&list, ERROR_TEXT_MAX);
		json_array_foreach (entries, i, entry) {
			buf_printf(&list, "%s@%zu", i > 0 ? ", " : "", i);
			if (entry_name(entry)[0] != '\0')
				buf_printf(&list, " (%s)", entry_name(entry));
		}
		return error_set(err, ERROR_MISSING, "it holds no image '%s', but: %s", name,
				 list.data);
	}
}

static void candidates_list(const struct candidates *candidates, struct buf *list)
{
	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *item = &candidates->items[i];
		char text[PLATFORM_TEXT_MAX];
		char digest[DIGEST_TEXT_MAX];

		buf_printf(list, "%s@%zu", i > 0 ? ", " : "", item->position);
		if (item->name[0] != '\0')
			buf_printf(list, " (%s)", item->name);
		if (item->has_platform)
			buf_printf(list, " %s", platform_text(&item->platform, text));
		else if (item->name[0] == '\0')
			buf_printf(list, " %s", digest_text(&item->descriptor.digest, digest));
	}
}

/* Is it one to choose? Not an artifact in the clothes of an image; and where no platform is asked
 * for, not one whose manifest is absent: an index may name all platforms where only one was saved.
 */
static int candidate_is_choice(const struct source *source, const struct candidate *candidate,
			       bool absent_too, struct candidates *candidates, bool *ret_choice,
			       struct error *err)
{
	auto_doc json_t *doc = NULL;
	const json_t *config;
	const char *type;

	/* what a registry's index says is taken at its word: each look is a request */
	*ret_choice = source_is_remote(source) && candidate->has_platform;
	if (*ret_choice)
		return 0;
	if (document_read(source, &candidate->descriptor, candidates, &doc, err) < 0)
		return -1;
	config = json_object_get(doc, "config");
	type = json_string_value(json_object_get(config, "mediaType"));
	*ret_choice = doc != NULL ? type == NULL || is_image_configuration(type) : absent_too;
	candidates->artifacts += doc != NULL && !*ret_choice;
	return 0;
}

/* Where there are several, leaves those to choose from; all of them where that is none. */
static int candidates_sift(const struct source *source, bool absent_too,
			   struct candidates *candidates, struct error *err)
{
	auto_free bool *choices = calloc(candidates->count + 1, sizeof *choices);
	size_t count = 0;

	if (choices == NULL)
		return error_memory(err);
	for (size_t i = 0; i < candidates->count; i++) {
		if (candidate_is_choice(source, &candidates->items[i], absent_too, candidates,
					&choices[i], err) < 0)
			return -1;
		count += choices[i];
	}
	if (count == 0)
		return 0;
	count = candidates->count;
	candidates->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (choices[i])
			candidates->items[candidates->count++] = candidates->items[i];
		else
			candidate_release(&candidates->items[i]);
	}
	return 0;
}

/* Candidates that come from different entries of the root, and are not told apart by platform, are
 * different images. */
static bool candidates_are_one_image(const struct candidates *candidates)
{
	const struct candidate *first = &candidates->items[0];

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *item = &candidates->items[i];

		if (item->position == first->position)
			continue;
		if (!item->has_platform || !first->has_platform ||
		    strcmp(item->name, first->name) != 0)
			return false;
		for (size_t k = 0; k < i; k++)
			if (platform_match(&candidates->items[k].platform, &item->platform) == 100)
				return false;
	}
	return true;
}

static int candidates_choose(const struct candidates *candidates, const struct platform *platform,
			     const struct candidate **ret_candidate, struct error *err)
{
	const struct candidate *found = NULL;
	struct platform wanted;
	char text[PLATFORM_TEXT_MAX];
	auto_buf struct buf list;
	int best = 0;

	buf_init(&list, ERROR_TEXT_MAX);
	if (candidates->count == 0 && candidates->missing_count > 0)
		return error_copy(err, &candidates->missing);
	if (candidates->count == 0 && candidates->obsolete > 0)
		return error_set(err, ERROR_INPUT, OBSOLETE_TEXT);
	if (candidates->count == 0)
		return error_set(err, ERROR_INPUT, "it holds no image%s",
				 candidates->artifacts > 0 ? ", only other artifacts" : "");
	candidates_list(candidates, &list);
	if (!candidates_are_one_image(candidates))
		return error_set(err, ERROR_INPUT, "it holds %zu images, name one of them: %s",
				 candidates->count, list.data);
	if (candidates->count == 1 && (platform == NULL || !candidates->items[0].has_platform)) {
		*ret_candidate = &candidates->items[0];
		return 0;
	}
	if (platform != NULL)
		wanted = *platform;
	else
		platform_host(&wanted);
	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *item = &candidates->items[i];
		int match = item->has_platform ? platform_match(&wanted, &item->platform) : 0;

		if (match > best) {
			best = match;
			found = item;
		}
	}
	if (found == NULL)
		return error_set(err, ERROR_MISSING, "there is no image for %s, but: %s",
				 platform_text(&wanted, text), list.data);
	*ret_candidate = found;
	return 0;
}

static int manifest_parse(const json_t *doc, struct manifest *manifest, struct error *err)
{
	json_t *config = NULL;
	json_t *layers = NULL;
	json_t *layer;
	uint64_t version = 2;
	size_t i;

	if (doc_size(doc, "the manifest", "schemaVersion", DOC_OPTIONAL, &version, err) < 0)
		return -1;
	if (version == 1)
		return error_set(err, ERROR_INPUT, OBSOLETE_TEXT);
	if (doc_object(doc, "the manifest", "config", DOC_REQUIRED, &config, err) < 0 ||
	    doc_array(doc, "the manifest", "layers", DOC_REQUIRED, &layers, err) < 0 ||
	    descriptor_parse(config, "config", &manifest->config, err) < 0)
		return -1;
	if (!is_image_configuration(manifest->config.media_type))
		return error_set(err, ERROR_INPUT,
				 "no image but an artifact: its configuration is %s",
				 manifest->config.media_type);
	manifest->layers = calloc(json_array_size(layers) + 1, sizeof *manifest->layers);
	if (manifest->layers == NULL)
		return error_memory(err);
	json_array_foreach (layers, i, layer) {
		if (descriptor_parse(layer, "a layer", &manifest->layers[manifest->layer_count++],
				     err) < 0)
			return error_prefix(err, "layers[%zu]", i);
	}
	return 0;
}

static int oci_find(const struct source *source, const json_t *root, const char *name,
		    const struct platform *platform, struct manifest *manifest, struct error *err)
{
	cleanup_by(candidates_release) struct candidates candidates = { 0 };
	const struct candidate *chosen = NULL;
	auto_buf struct buf text;
	auto_doc json_t *doc = NULL;
	char digest[DIGEST_TEXT_MAX];

	buf_init(&text, DOC_SIZE_MAX);
	if (root_collect(source, root, name, &candidates, err) < 0 ||
	    (candidates.count > 1 &&
	     candidates_sift(source, platform != NULL, &candidates, err) < 0) ||
	    candidates_choose(&candidates, platform, &chosen, err) < 0 || chosen == NULL)
		return -1;
	(void)digest_text(&chosen->descriptor.digest, digest);
	manifest->digest = chosen->descriptor.digest;
	manifest->index = chosen->index;
	if (source_read_blob(source, &chosen->descriptor, &text, err) < 0)
		return error_prefix(err, "manifest");
	if (doc_parse(text.data, text.size, "manifest", &doc, err) < 0 ||
	    manifest_parse(doc, manifest, err) < 0)
		return error_prefix(err, "%s", digest);
	return 0;
}

int manifest_find(const struct source *source, const char *name, const struct platform *platform,
		  struct manifest *ret_manifest, struct error *err)
{
	auto_manifest struct manifest manifest = { 0 };
	auto_buf struct buf text;
	auto_doc json_t *root = NULL;
	bool docker = source_form(source) == SOURCE_DOCKER;

	buf_init(&text, ROOT_SIZE_MAX);
	if (source_read_root(source, &text, err) < 0 ||
	    doc_parse(text.data, text.size, docker ? "manifest.json" : "index.json", &root, err) <
		    0)
		return -1;
	if ((docker ? docker_find(root, name, &manifest, err)
		    : oci_find(source, root, name, platform, &manifest, err)) < 0)
		return -1;
	*ret_manifest = manifest;
	manifest = (struct manifest) { 0 };
	return 0;
}
