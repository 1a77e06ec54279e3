/*
 * image-diff: how two images differ, layer by layer and entry by entry.
 */
#include "config.h"

#include <string.h>

#include "base/doc.h"
#include "check/diff.h"
#include "image/reference.h"
#include "tool.h"

struct image_diff_options {
	struct tool tool;
	struct image_options image;
	struct option_list ignore;
	struct option_number top;
};

#define FIELD(name) offsetof(struct image_diff_options, name)

static const struct option_spec image_diff_options[] = {
	{ "ignore", 'i', OPTION_LIST, FIELD(ignore), "KIND",
	  "differences that do not count: only-first,\nonly-second, type, content, mode, owner, "
	  "time,\ntarget, device, order, stream, config, layer;\nrepeatable",
	  NULL },
	{ "top", 'n', OPTION_NUMBER, FIELD(top), "N",
	  "list so many differences of a layer (default: 10;\n0: no limit)", NULL },
	TOOL_IMAGE_OPTIONS(struct image_diff_options),
	TOOL_OPTIONS(struct image_diff_options)
};

static const struct program program = {
	.name = "image-diff",
	.operands = "IMAGE IMAGE",
	.summary = "Says how two images differ: their layers entry by entry, and their\n"
		   "configurations member by member. Layers that are the same are not read.\n"
		   "\n"
		   "Exit status: 0 no difference that counts; 1 there are some; 2 it could not be\n"
		   "decided.",
	.options = image_diff_options,
	.operands_min = 2,
	.operands_max = 2,
};

static int find_ignored(const struct option_list *names, bool ignore[DIFF_FIELD_COUNT],
			struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		size_t field = 0;

		while (diff_field_names[field] != NULL &&
		       strcmp(diff_field_names[field], names->items[i]) != 0)
			field++;
		if (diff_field_names[field] == NULL)
			return error_set(err, ERROR_USAGE,
					 "--ignore: '%s' is no kind of difference",
					 names->items[i]);
		ignore[field] = true;
	}
	return 0;
}

static bool is_input(const char *name)
{
	auto_image_name struct image_name parsed = { .name = NULL };

	return image_name_parse(name, &parsed, NULL) == 0 && image_name_is_input(&parsed);
}

static int print(const struct image_diff_options *options, const struct diff *diff,
		 const struct image *first, const struct image *second, struct error *err)
{
	auto_doc json_t *document = NULL;
	size_t top = (size_t)options->top.value;

	switch (tool_format(&options->tool)) {
	case FORMAT_TEXT:
		return diff_text(diff, image_name(first), image_name(second), top, stdout, err);
	case FORMAT_TAP:
		diff_tap(diff, top, stdout);
		return 0;
	case FORMAT_JSON:
		break;
	}
	document = diff_json(diff, first, second, top);
	if (document == NULL)
		return error_memory(err);
	tool_print_json(document);
	return 0;
}

/* An exit status, -1 where nothing could be decided. */
static int image_diff(const struct image_diff_options *options, const char *const *names,
		      struct error *err)
{
	auto_image struct image *first = NULL;
	auto_image struct image *second = NULL;
	auto_diff struct diff diff = { 0 };
	bool ignore[DIFF_FIELD_COUNT] = { false };

	if (find_ignored(&options->ignore, ignore, err) < 0)
		return -1;
	if (is_input(names[0]) && is_input(names[1]))
		return error_set(err, ERROR_USAGE, "standard input cannot be both images");
	if (image_open(names[0], &options->image, &first, err) < 0 ||
	    image_open(names[1], &options->image, &second, err) < 0 ||
	    diff_images(first, second, ignore, &diff, err) < 0 ||
	    print(options, &diff, first, second, err) < 0)
		return -1;
	return diff.counted == 0 ? TOOL_HOLDS : TOOL_FAILS;
}

int main(int argc, char **argv)
{
	struct image_diff_options options = { .top = { .value = 10 } };
	struct operands operands = { .items = NULL };
	struct error err = ERROR_INIT;
	int status = tool_begin(&program, argc, argv, &options, &operands);

	if (status >= 0)
		return status;
	status = image_diff(&options, operands.items, &err);
	if (status < 0)
		status = tool_fail(&program, &err);
	operands_release(&operands);
	option_list_release(&options.ignore);
	registry_options_release(&options.image.registry);
	return tool_finish(&program, status);
}
