/*
 * image-size: how large an image is, and what makes it so.
 */
#include "config.h"

#include <sys/ioctl.h>

#include "base/doc.h"
#include "check/size-report.h"
#include "image/reference.h"
#include "tool.h"

struct image_size_options {
	struct tool tool;
	struct image_options image;
	const char *baseline;
	int measure;
	bool content;
	bool id;
	struct size_limits limits;
	struct option_number top;
	struct option_number depth;
};

#define FIELD(name) offsetof(struct image_size_options, name)

static const struct option_spec image_size_options[] = {
	{ "baseline", 'b', OPTION_STRING, FIELD(baseline), "IMAGE",
	  "compare with this image, by layer,\ndirectory and file", NULL },
	{ "measure", 'm', OPTION_CHOICE, FIELD(measure), "content|unpacked|compressed",
	  "what --max and --min-reduction are about\n(default: content)", size_measure_names },
	{ "content", 'c', OPTION_FLAG, FIELD(content), NULL,
	  "read the layers of an image in a registry, too:\nwithout it, or a demand that needs "
	  "them, what\nits manifest says is all",
	  NULL },
	{ "compress", 0, OPTION_FLAG, FIELD(image.pack), NULL,
	  "compress layers that are stored uncompressed, to\nknow the size that a push makes of "
	  "them: reads all",
	  NULL },
	{ "min-reduction", 0, OPTION_PERCENT, FIELD(limits.min_reduction), "PERCENT",
	  "demand that IMAGE is smaller than the baseline\nby so much", NULL },
	{ "max", 0, OPTION_SIZE, FIELD(limits.max), "SIZE", "demand that it is no larger", NULL },
	{ "max-layers", 0, OPTION_NUMBER, FIELD(limits.max_layers), "N",
	  "demand that it has no more layers", NULL },
	{ "max-waste", 0, OPTION_LIMIT, FIELD(limits.max_waste), "SIZE|PERCENT",
	  "demand that files which later layers delete or\n"
	  "overwrite take no more than this, or than this\npart of the content",
	  NULL },
	{ "top", 'n', OPTION_NUMBER, FIELD(top), "N",
	  "length of the lists of files and directories\n(default: 10; 0: no limit)", NULL },
	{ "depth", 'd', OPTION_NUMBER, FIELD(depth), "N",
	  "list directories of at most N path components\n(default: 3)", NULL },
	{ "id", 0, OPTION_FLAG, FIELD(id), NULL,
	  "print the image's ID and nothing else: what an\nengine calls it, else the digest of its\n"
	  "configuration",
	  NULL },
	TOOL_IMAGE_OPTIONS(struct image_size_options),
	TOOL_OPTIONS(struct image_size_options)
};

static const struct program program = {
	.name = "image-size",
	.operands = "IMAGE",
	.summary = "Says how large an image is, layer by layer, what it wastes, and which files\n"
		   "and directories make it large. Reads headers only.\n"
		   "\n"
		   "Exit status: 0 all demands hold; 1 one does not; 2 it could not be decided.",
	.options = image_size_options,
	.operands_min = 1,
	.operands_max = 1,
};

static size_t terminal_width(void)
{
	struct winsize window;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
		return window.ws_col;
	return 80;
}

static int print(const struct size_report *report, enum tool_format format, struct error *err)
{
	auto_doc json_t *document = NULL;

	switch (format) {
	case FORMAT_TEXT:
		return size_report_text(report, terminal_width(), stdout, err);
	case FORMAT_TAP:
		size_report_tap(report, stdout);
		return 0;
	case FORMAT_JSON:
		break;
	}
	document = size_report_json(report);
	if (document == NULL)
		return error_memory(err);
	tool_print_json(document);
	return 0;
}

/* What lies on disk is read always; what is in a registry where the manifests do not suffice. */
static bool needs_layers(const struct image_size_options *options, const struct image *image,
			 const struct image *baseline)
{
	bool compares = baseline != NULL || options->limits.max.set;

	if (!image_is_remote(image) || (baseline != NULL && !image_is_remote(baseline)))
		return true;
	return options->content || options->limits.max_waste.kind != LIMIT_NONE ||
	       (compares && options->measure != MEASURE_COMPRESSED);
}

static int measure_image(const struct image *image, bool read, struct size **place,
			 struct error *err)
{
	size_free(*place);
	*place = NULL;
	return read ? size_of_image(image, place, err) : size_of_manifest(image, place, err);
}

/* `baseline` may be NULL. What was measured before is replaced. */
static int measure_images(const struct image *image, const struct image *baseline, bool read,
			  struct size **size, struct size **before, struct error *err)
{
	if (measure_image(image, read, size, err) < 0)
		return -1;
	return baseline != NULL ? measure_image(baseline, read, before, err) : 0;
}

static bool is_input(const char *name)
{
	auto_image_name struct image_name parsed = { .name = NULL };

	return image_name_parse(name, &parsed, NULL) == 0 && image_name_is_input(&parsed);
}

static int print_id(const struct image_size_options *options, const char *name, struct error *err)
{
	const struct size_limits *limits = &options->limits;
	auto_image struct image *image = NULL;
	char text[DIGEST_TEXT_MAX];
	struct digest id;

	if (options->baseline != NULL || options->content || limits->max.set ||
	    limits->max_layers.set || limits->max_waste.kind != LIMIT_NONE ||
	    tool_format(&options->tool) != FORMAT_TEXT)
		return error_set(err, ERROR_USAGE, "--id measures nothing, and has one form");
	if (image_open(name, &options->image, &image, err) < 0 ||
	    image_find_id(image, &id, err) < 0)
		return -1;
	(void)puts(digest_text(&id, text));
	return 0;
}

/* 0 with the verdict, -1 where there is none. */
static int image_size(const struct image_size_options *options, const char *name, bool *ret_holds,
		      struct error *err)
{
	auto_image struct image *image_before = NULL;
	auto_image struct image *image = NULL;
	auto_size struct size *before = NULL;
	auto_size struct size *size = NULL;
	struct size_report report;
	bool read;
	int result;

	if (options->limits.min_reduction.set && options->baseline == NULL)
		return error_set(err, ERROR_USAGE, "--min-reduction needs --baseline");
	if (options->id) {
		*ret_holds = true;
		return print_id(options, name, err);
	}
	if (options->baseline != NULL && is_input(name) && is_input(options->baseline))
		return error_set(err, ERROR_USAGE,
				 "standard input cannot be both IMAGE and the baseline");
	if (image_open(name, &options->image, &image, err) < 0 ||
	    (options->baseline != NULL &&
	     image_open(options->baseline, &options->image, &image_before, err) < 0))
		return -1;
	read = needs_layers(options, image, image_before);
	if (measure_images(image, image_before, read, &size, &before, err) < 0)
		return -1;
	/* what the manifests leave open is worth a transfer */
	if (!read && options->image.pack &&
	    !(size->compressed_known && (before == NULL || before->compressed_known)) &&
	    measure_images(image, image_before, true, &size, &before, err) < 0)
		return -1;
	if (size_report_init(&report, before, size, (enum size_measure)options->measure,
			     &options->limits, (size_t)options->top.value,
			     (size_t)options->depth.value, err) < 0)
		return -1;
	*ret_holds = report.verdict.holds;
	result = print(&report, tool_format(&options->tool), err);
	size_report_release(&report);
	return result;
}

int main(int argc, char **argv)
{
	struct image_size_options options = {
		.image = { .once = true },
		.top = { .value = 10 },
		.depth = { .value = 3 },
	};
	struct operands operands = { .items = NULL };
	struct error err = ERROR_INIT;
	bool holds = false;
	int status = tool_begin(&program, argc, argv, &options, &operands);

	if (status >= 0)
		return status;
	if (image_size(&options, operands.items[0], &holds, &err) < 0)
		status = tool_fail(&program, &err);
	else
		status = holds ? TOOL_HOLDS : TOOL_FAILS;
	operands_release(&operands);
	registry_options_release(&options.image.registry);
	return tool_finish(&program, status);
}
