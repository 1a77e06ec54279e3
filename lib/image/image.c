#include "config.h"

#include "image/image.h"

#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/source.h"

struct image {
	char *name;
	char *platform;
	struct image_options options;
	struct source *source;
	struct manifest manifest;
	struct configuration configuration;
	struct digest id;
	struct layer_info *layers;
	char **layer_names;
};

void image_free(struct image *image)
{
	if (image == NULL)
		return;
	for (size_t i = 0; image->layer_names != NULL && i < image->manifest.layer_count; i++)
		free(image->layer_names[i]);
	free(image->layer_names);
	free(image->layers);
	configuration_release(&image->configuration);
	manifest_release(&image->manifest);
	source_free(image->source);
	free(image->platform);
	free(image->name);
	free(image);
}

static int image_read_configuration(struct image *image, struct error *err)
{
	auto_buf struct buf text;

	buf_init(&text, DOC_SIZE_MAX);
	if (source_read_blob(image->source, &image->manifest.config, &text, err) < 0 ||
	    digest_of(DIGEST_SHA256, text.data, text.size, &image->id, err) < 0 ||
	    configuration_parse(text.data, text.size, "configuration", &image->configuration, err) <
		    0)
		return error_prefix(err, "configuration");
	return 0;
}

/* What is known of each layer before it is read. */
static int image_describe_layers(struct image *image, struct error *err)
{
	size_t count = image->manifest.layer_count;

	if (image->configuration.diff_id_count != count)
		return error_set(err, ERROR_INPUT,
				 "the manifest has %zu layers and the configuration %zu diff_ids",
				 count, image->configuration.diff_id_count);
	image->layers = calloc(count + 1, sizeof *image->layers);
	image->layer_names = calloc(count + 1, sizeof *image->layer_names);
	if (image->layers == NULL || image->layer_names == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct descriptor *descriptor = &image->manifest.layers[i];
		char text[DIGEST_TEXT_MAX];

		image->layer_names[i] = strdup(descriptor_name(descriptor, text));
		if (image->layer_names[i] == NULL)
			return error_memory(err);
		image->layers[i] = (struct layer_info) {
			.index = i,
			.digest = descriptor->digest,
			.diff_id = image->configuration.diff_ids[i],
			.stored_size = descriptor->size,
			.stored_size_known = descriptor->size_known,
			.media_type = descriptor->media_type,
			.instruction = configuration_instruction(&image->configuration, i),
			.name = image->layer_names[i],
			.foreign = descriptor->foreign,
		};
	}
	return 0;
}

/* What the configuration says counts: a descriptor may have no platform at all. */
static int image_check_platform(struct image *image, const struct platform *wanted,
				struct error *err)
{
	const struct configuration *configuration = &image->configuration;
	struct platform found;
	char text[PLATFORM_TEXT_MAX];
	char wanted_text[PLATFORM_TEXT_MAX];

	platform_of(configuration->os, configuration->architecture, configuration->variant, &found);
	if (wanted != NULL && platform_match(wanted, &found) == 0)
		return error_set(err, ERROR_MISSING, "there is no image for %s, but: %s",
				 platform_text(wanted, wanted_text), platform_text(&found, text));
	image->platform = strdup(platform_text(&found, text));
	return image->platform == NULL ? error_memory(err) : 0;
}

static int image_load(struct image *image, const struct image_options *options, struct error *err)
{
	auto_image_name struct image_name name = { 0 };
	struct platform platform;
	const struct platform *wanted = NULL;

	if (options != NULL && options->platform != NULL) {
		if (platform_parse(options->platform, &platform, err) < 0)
			return -1;
		wanted = &platform;
	}
	if (image_name_parse(image->name, &name, err) < 0 ||
	    source_open(&name, &image->options.registry, &image->source, err) < 0 ||
	    manifest_find(image->source, name.name, wanted, &image->manifest, err) < 0 ||
	    image_read_configuration(image, err) < 0 ||
	    image_check_platform(image, wanted, err) < 0)
		return -1;
	image->options.verify = image->options.verify || source_is_remote(image->source);
	return image_describe_layers(image, err);
}

int image_open(const char *name, const struct image_options *options, struct image **ret_image,
	       struct error *err)
{
	auto_image struct image *image = calloc(1, sizeof *image);

	if (image == NULL)
		return error_memory(err);
	image->name = strdup(name);
	if (image->name == NULL)
		return error_memory(err);
	if (options != NULL)
		image->options = *options;
	if (image_load(image, options, err) < 0)
		return error_prefix(err, "%s", name);
	*ret_image = steal(&image);
	return 0;
}

bool image_is_remote(const struct image *image)
{
	return source_is_remote(image->source);
}

const char *image_name(const struct image *image)
{
	return image->name;
}

const char *image_platform(const struct image *image)
{
	return image->platform;
}

const struct digest *image_manifest_digest(const struct image *image)
{
	return &image->manifest.digest;
}

const struct digest *image_index_digest(const struct image *image)
{
	return &image->manifest.index;
}

const struct digest *image_id(const struct image *image)
{
	return &image->id;
}

const struct configuration *image_configuration(const struct image *image)
{
	return &image->configuration;
}

size_t image_layer_count(const struct image *image)
{
	return image->manifest.layer_count;
}

const struct layer_info *image_layer(const struct image *image, size_t index)
{
	return &image->layers[index];
}

const struct image_options *image_get_options(const struct image *image)
{
	return &image->options;
}

int image_open_layer(const struct image *image, size_t index, struct stream **ret_stream,
		     struct error *err)
{
	const struct layer_info *layer = &image->layers[index];
	uint64_t size = 0;

	if (source_open_blob(image->source, &image->manifest.layers[index], ret_stream, &size,
			     err) < 0) {
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
