#include "config.h"

#include "image/image.h"

#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "image/daemon.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/source.h"
#include "image/store.h"

#define STDIN_NAME  "standard input"
#define EXPORT_NAME "the engine's export"

/* What is found in the source: of a stream, in the walk. */
struct facts {
	struct stream *stream; /* that has still to be read; NULL where all else is known */
	char *platform;
	struct source *source;
	struct manifest manifest;
	struct configuration configuration;
	struct digest id;
	struct layer_info *layers;
	char **layer_names;
};

struct image {
	char *name;
	struct image_name parsed;
	struct image_options options;
	struct platform wanted;
	bool has_wanted;
	bool verify_asked;
	char *stream_name;
	struct digest engine_id; /* by which an engine has it; none elsewhere */
	struct facts *facts;	 /* apart, since an image is const for those who walk it */
};

static void facts_free(struct facts *facts)
{
	if (facts == NULL)
		return;
	for (size_t i = 0; facts->layer_names != NULL && i < facts->manifest.layer_count; i++)
		free(facts->layer_names[i]);
	free(facts->layer_names);
	free(facts->layers);
	configuration_release(&facts->configuration);
	manifest_release(&facts->manifest);
	source_free(facts->source);
	free(facts->platform);
	stream_close(facts->stream);
	free(facts);
}

void image_free(struct image *image)
{
	if (image == NULL)
		return;
	facts_free(image->facts);
	image_name_release(&image->parsed);
	free(image->stream_name);
	free(image->name);
	free(image);
}

static int facts_read_configuration(struct facts *facts, struct error *err)
{
	auto_buf struct buf text;

	buf_init(&text, DOC_SIZE_MAX);
	if (source_read_blob(facts->source, &facts->manifest.config, &text, err) < 0 ||
	    digest_of(DIGEST_SHA256, text.data, text.size, &facts->id, err) < 0 ||
	    configuration_parse(text.data, text.size, "configuration", &facts->configuration, err) <
		    0)
		return error_prefix(err, "configuration");
	return 0;
}

/* What is known of each layer before it is read. */
static int facts_describe_layers(struct facts *facts, struct error *err)
{
	size_t count = facts->manifest.layer_count;

	if (facts->configuration.diff_id_count != count)
		return error_set(err, ERROR_INPUT,
				 "the manifest has %zu layers and the configuration %zu diff_ids",
				 count, facts->configuration.diff_id_count);
	facts->layers = calloc(count + 1, sizeof *facts->layers);
	facts->layer_names = calloc(count + 1, sizeof *facts->layer_names);
	if (facts->layers == NULL || facts->layer_names == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct descriptor *descriptor = &facts->manifest.layers[i];
		char text[DIGEST_TEXT_MAX];

		facts->layer_names[i] = strdup(descriptor_name(descriptor, text));
		if (facts->layer_names[i] == NULL)
			return error_memory(err);
		facts->layers[i] = (struct layer_info) {
			.index = i,
			.digest = descriptor->digest,
			.diff_id = facts->configuration.diff_ids[i],
			.stored_size = descriptor->size,
			.stored_size_known = descriptor->size_known,
			.media_type = descriptor->media_type,
			.instruction = configuration_instruction(&facts->configuration, i),
			.name = facts->layer_names[i],
			.foreign = descriptor->foreign,
		};
	}
	return 0;
}

/* What the configuration says counts: a descriptor may have no platform at all. */
static int facts_check_platform(struct facts *facts, const struct platform *wanted,
				struct error *err)
{
	const struct configuration *configuration = &facts->configuration;
	struct platform found;
	char text[PLATFORM_TEXT_MAX];
	char wanted_text[PLATFORM_TEXT_MAX];

	platform_of(configuration->os, configuration->architecture, configuration->variant, &found);
	if (wanted != NULL && platform_match(wanted, &found) == 0)
		return error_set(err, ERROR_MISSING, "there is no image for %s, but: %s",
				 platform_text(wanted, wanted_text), platform_text(&found, text));
	facts->platform = strdup(platform_text(&found, text));
	return facts->platform == NULL ? error_memory(err) : 0;
}

/* Engines name an image by its configuration, or by the manifest or index that they have stored. */
static int image_check_id(const struct image *image, struct error *err)
{
	const struct facts *facts = image->facts;
	char wanted[DIGEST_TEXT_MAX];
	char found[DIGEST_TEXT_MAX];

	if (!digest_is_set(&image->engine_id) || digest_equal(&facts->id, &image->engine_id) ||
	    source_lists(facts->source, &image->engine_id))
		return 0;
	return error_set(err, ERROR_ENGINE, "the engine was asked for %s and has sent %s",
			 digest_text(&image->engine_id, wanted), digest_text(&facts->id, found));
}

/* From the source to all that is known of the image before a layer is read. */
static int image_load(const struct image *image, struct error *err)
{
	struct facts *facts = image->facts;
	const struct platform *wanted = image->has_wanted ? &image->wanted : NULL;

	if (manifest_find(facts->source, image->parsed.name, wanted, &facts->manifest, err) < 0 ||
	    facts_read_configuration(facts, err) < 0 || image_check_id(image, err) < 0 ||
	    facts_check_platform(facts, wanted, err) < 0)
		return -1;
	return facts_describe_layers(facts, err);
}

static int image_new(const char *name, const struct image_options *options,
		     struct image **ret_image, struct error *err)
{
	auto_image struct image *image = calloc(1, sizeof *image);

	if (image == NULL)
		return error_memory(err);
	image->facts = calloc(1, sizeof *image->facts);
	image->name = strdup(name);
	if (image->facts == NULL || image->name == NULL)
		return error_memory(err);
	if (options != NULL)
		image->options = *options;
	image->verify_asked = image->options.verify;
	if (image->options.platform != NULL) {
		if (platform_parse(image->options.platform, &image->wanted, err) < 0)
			return error_prefix(err, "%s", name);
		image->has_wanted = true;
	}
	*ret_image = steal(&image);
	return 0;
}

/* The stream waits for the walk, or is spooled and loaded. Taken over in any case. */
static int image_take_stream(struct image *image, struct stream *stream, const char *what,
			     struct error *err)
{
	auto_stream struct stream *taken = stream;

	if (!image->options.once)
		return source_of_stream(taken, what, image->parsed.transport, &image->facts->source,
					err) < 0
			       ? -1
			       : image_load(image, err);
	image->stream_name = strdup(what);
	if (image->stream_name == NULL)
		return error_memory(err);
	image->facts->stream = steal(&taken);
	return 0;
}

/* As daemon_find(). */
static int image_find_in_engine(struct image *image, struct buf *tried, struct error *err)
{
	auto_daemon_image struct daemon_image found = { 0 };
	int result = daemon_find(image->parsed.location, &found, tried, err);

	if (result <= 0)
		return result;
	image->engine_id = found.id;
	image->options.verify = image->options.verify || !found.local;
	return image_take_stream(image, steal(&found.stream), EXPORT_NAME, err) < 0 ? -1 : 1;
}

static int image_find_in_source(struct image *image, struct error *err)
{
	if (source_open(&image->parsed, &image->options.registry, &image->facts->source, err) < 0)
		return -1;
	image->options.verify = image->options.verify || source_is_remote(image->facts->source);
	return 0;
}

/* A name that is no file: an engine that has it, then a registry. */
static int image_find_bare(struct image *image, struct error *err)
{
	auto_buf struct buf tried;
	int found;

	buf_init(&tried, BUF_MAX_DEFAULT);
	buf_add_string(&tried, "");
	found = image_find_in_engine(image, &tried, err);
	if (found < 0)
		return error_prefix(err, "no such file, and as an image");
	if (found > 0)
		return 0;
	if (daemon_name_is_id(image->parsed.location))
		return error_set(err, ERROR_MISSING, "no such file, and %s", tried.data);
	if (image_find_in_source(image, err) < 0)
		return error_prefix(err, "no such file, %s, and as an image in a registry",
				    tried.data);
	return image_load(image, err);
}

static int image_find(struct image *image, struct error *err)
{
	struct stream *stream = NULL;

	if (image_name_parse(image->name, &image->parsed, err) < 0)
		return -1;
	if (image->parsed.transport == TRANSPORT_DOCKER_DAEMON)
		return image_find_in_engine(image, NULL, err) < 0 ? -1 : 0;
	if (image->parsed.transport == TRANSPORT_BARE)
		return image_find_bare(image, err);
	if (image->options.once && image_name_is_input(&image->parsed) &&
	    store_must_spool_input()) {
		if (stream_of_descriptor(STDIN_FILENO, STDIN_NAME, &stream, err) < 0)
			return -1;
		return image_take_stream(image, stream, STDIN_NAME, err);
	}
	return image_find_in_source(image, err) < 0 ? -1 : image_load(image, err);
}

int image_open(const char *name, const struct image_options *options, struct image **ret_image,
	       struct error *err)
{
	auto_image struct image *image = NULL;

	if (image_new(name, options, &image, err) < 0)
		return -1;
	if (image_find(image, err) < 0)
		return error_prefix(err, "%s", name);
	*ret_image = steal(&image);
	return 0;
}

int image_open_stream(const char *name, struct stream *stream, const char *what,
		      const struct image_options *options, struct image **ret_image,
		      struct error *err)
{
	auto_image struct image *image = NULL;

	if (image_new(name, options, &image, err) < 0) {
		stream_close(stream);
		return -1;
	}
	image->parsed.transport = TRANSPORT_STDIN;
	if (image_take_stream(image, stream, what, err) < 0)
		return error_prefix(err, "%s", name);
	*ret_image = steal(&image);
	return 0;
}

bool image_is_pending(const struct image *image)
{
	return image->facts->stream != NULL;
}

/* Where an engine gave up an export, its reason is the last that comes, and may stand where the
 * archive already made no sense. */
static int image_pass_failed(const struct image *image, struct stream *stream, struct error *err)
{
	struct error reason = ERROR_INIT;
	char piece[4096];
	ssize_t got = 1;

	if (!digest_is_set(&image->engine_id))
		return -1;
	for (size_t size = 0; got > 0 && size < 16 * sizeof piece; size += (size_t)got)
		got = stream_read(stream, piece, sizeof piece, &reason);
	return got < 0 && reason.kind == ERROR_ENGINE ? error_copy(err, &reason) : -1;
}

int image_pass(const struct image *image, const struct pass_reader *reader, struct error *err)
{
	struct facts *facts = image->facts;
	auto_stream struct stream *stream = steal(&facts->stream);
	struct pass *pass = NULL;

	if (pass_read(stream, image->stream_name, reader, &pass, err) < 0) {
		(void)image_pass_failed(image, stream, err);
		return error_prefix(err, "%s", image->name);
	}
	if (source_of_pass(pass, image->parsed.transport, &facts->source, err) < 0 ||
	    image_load(image, err) < 0)
		return error_prefix(err, "%s", image->name);
	return 0;
}

int image_find_id(const struct image *image, struct digest *ret_id, struct error *err)
{
	bool is_told = image_is_pending(image) && digest_is_set(&image->engine_id);

	if (image_is_pending(image) && !is_told && image_pass(image, NULL, err) < 0)
		return -1;
	*ret_id = is_told ? image->engine_id : image->facts->id;
	return 0;
}

bool image_is_remote(const struct image *image)
{
	return image->facts->source != NULL && source_is_remote(image->facts->source);
}

const char *image_name(const struct image *image)
{
	return image->name;
}

const char *image_platform(const struct image *image)
{
	return image->facts->platform;
}

const struct digest *image_manifest_digest(const struct image *image)
{
	return &image->facts->manifest.digest;
}

const struct digest *image_index_digest(const struct image *image)
{
	return &image->facts->manifest.index;
}

const struct digest *image_id(const struct image *image)
{
	return &image->facts->id;
}

const struct configuration *image_configuration(const struct image *image)
{
	return &image->facts->configuration;
}

size_t image_layer_count(const struct image *image)
{
	return image->facts->manifest.layer_count;
}

const struct layer_info *image_layer(const struct image *image, size_t index)
{
	return &image->facts->layers[index];
}

const struct image_options *image_get_options(const struct image *image)
{
	return &image->options;
}

bool image_verify_asked(const struct image *image)
{
	return image->verify_asked;
}

struct ranges {
	const struct source *source;
	const struct descriptor *descriptor;
};

static int read_range(void *context, uint64_t offset, size_t size, struct buf *buf,
		      struct error *err)
{
	const struct ranges *ranges = context;

	return source_read_range(ranges->source, ranges->descriptor, offset, size, buf, err);
}

int image_open_table(const struct image *image, size_t index, struct toc **ret_toc,
		     struct error *err)
{
	const struct facts *facts = image->facts;
	struct ranges ranges = { facts->source, &facts->manifest.layers[index] };
	const struct toc_input input = {
		.name = facts->layers[index].name,
		.size = facts->layers[index].stored_size,
		.context = &ranges,
		.read = read_range,
	};

	*ret_toc = NULL;
	if (image->verify_asked || !facts->layers[index].stored_size_known ||
	    !source_gives_ranges(facts->source))
		return 0;
	return toc_open(&ranges.descriptor->table, &input, ret_toc, err);
}

int image_open_layer(const struct image *image, size_t index, struct stream **ret_stream,
		     struct error *err)
{
	const struct layer_info *layer = &image->facts->layers[index];
	uint64_t size = 0;

	if (source_open_blob(image->facts->source, &image->facts->manifest.layers[index],
			     ret_stream, &size, err) < 0) {
		if (layer->foreign)
			return error_prefix(err, "a foreign layer, whose bytes are elsewhere");
		return -1;
	}
	if (layer->stored_size_known && layer->stored_size != size) {
		stream_close(*ret_stream);
		*ret_stream = NULL;
		return error_set(err, ERROR_INPUT,
				 "%s: wrong size: it should be %llu bytes and is %llu", layer->name,
				 (unsigned long long)layer->stored_size, (unsigned long long)size);
	}
	return 0;
}
