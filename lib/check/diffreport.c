#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/tap.h"
#include "base/text.h"
#include "check/diff.h"

#define TEXT_MAX ((size_t)64 << 20)

/* "3 time, 1 content", with "(ignored)" behind what does not count. */
static void add_counts(struct buf *words, const struct diff_layer *layer)
{
	bool ignored[DIFF_FIELD_COUNT] = { false };
	const char *comma = "";

	for (size_t i = 0; i < layer->count; i++)
		ignored[layer->differences[i].field] = layer->differences[i].ignored;
	for (size_t field = 0; field < DIFF_FIELD_COUNT; field++) {
		if (layer->counts[field] == 0)
			continue;
		buf_printf(words, "%s%zu %s%s", comma, layer->counts[field],
			   diff_field_names[field], ignored[field] ? " (ignored)" : "");
		comma = ", ";
	}
}

static void add_name(struct buf *words, const struct diff_layer *layer)
{
	const struct layer_info *info = layer->first != NULL ? layer->first : layer->second;

	if (info == NULL) {
		buf_add_string(words, "configuration");
		return;
	}
	if (layer->first == NULL)
		buf_printf(words, "layer %zu of the second only", info->index);
	else if (layer->second == NULL)
		buf_printf(words, "layer %zu of the first only", info->index);
	else if (layer->first->index == layer->second->index)
		buf_printf(words, "layer %zu", info->index);
	else
		buf_printf(words, "layers %zu and %zu", layer->first->index, layer->second->index);
	if (info->instruction[0] != '\0') {
		buf_add_string(words, " (");
		text_escape(words, info->instruction, strnlen(info->instruction, 60));
		buf_add_string(words, strlen(info->instruction) > 60 ? "...)" : ")");
	}
}

static void add_value(struct buf *words, const char *value)
{
	if (value == NULL)
		buf_add_string(words, "none");
	else
		text_escape(words, value, strlen(value));
}

static void add_difference(struct buf *words, const struct difference *difference)
{
	const char *cause = diff_cause(difference);

	buf_printf(words, "  %-11s ", diff_field_names[difference->field]);
	text_escape(words, difference->path, strlen(difference->path));
	buf_add_string(words, difference->path[0] != '\0' ? ": " : "");
	if (difference->field == DIFF_ONLY_FIRST || difference->field == DIFF_ONLY_SECOND) {
		add_value(words,
			  difference->first != NULL ? difference->first : difference->second);
	} else {
		add_value(words, difference->first);
		buf_add_string(words,
			       difference->field >= DIFF_ORDER && difference->field <= DIFF_STREAM
				       ? " "
				       : " | ");
		add_value(words, difference->second);
	}
	/* times are many, and their cause is one */
	if (cause != NULL && difference->field != DIFF_TIME)
		buf_printf(words, "  [%s]", cause);
	buf_add_char(words, '\n');
}

/* What says most comes first; times last. */
static const enum diff_field text_order[] = { DIFF_LAYER,	DIFF_CONFIG, DIFF_ONLY_FIRST,
					      DIFF_ONLY_SECOND, DIFF_TYPE,   DIFF_CONTENT,
					      DIFF_TARGET,	DIFF_DEVICE, DIFF_MODE,
					      DIFF_OWNER,	DIFF_ORDER,  DIFF_STREAM,
					      DIFF_TIME };

static void add_layer(struct buf *words, const struct diff_layer *layer, size_t top)
{
	size_t shown = 0;

	add_name(words, layer);
	buf_add_string(words, ": ");
	if (layer->entries_differ > 0)
		buf_printf(words, "%zu entries differ: ", layer->entries_differ);
	add_counts(words, layer);
	buf_add_char(words, '\n');
	for (size_t i = 0; i < array_size(text_order); i++)
		for (size_t j = 0; j < layer->count; j++) {
			if (layer->differences[j].field != text_order[i] ||
			    (top > 0 && shown == top))
				continue;
			add_difference(words, &layer->differences[j]);
			shown++;
		}
	if (shown < layer->count)
		buf_printf(words, "  and %zu more\n", layer->count - shown);
	if (layer->counts[DIFF_TIME] > 0)
		buf_printf(words, "  [%s]\n",
			   diff_cause(&(struct difference) { .field = DIFF_TIME }));
}

int diff_text(const struct diff *diff, const char *first, const char *second, size_t top, FILE *out,
	      struct error *err)
{
	auto_buf struct buf words;
	size_t same = 0;

	buf_init(&words, TEXT_MAX);
	for (size_t i = 0; i < diff->layer_count; i++) {
		same += diff->layers[i].same;
		if (diff->layers[i].count > 0)
			add_layer(&words, &diff->layers[i], top);
	}
	if (diff->config.count > 0)
		add_layer(&words, &diff->config, top);
	text_escape(&words, first, strlen(first));
	buf_add_string(&words, " and ");
	text_escape(&words, second, strlen(second));
	buf_printf(&words, ": %zu layers are the same, ", same);
	if (diff->counted == 0)
		buf_add_string(&words, "no difference");
	else
		buf_printf(&words, "%zu differences", diff->counted);
	if (diff->ignored > 0)
		buf_printf(&words, ", %zu ignored", diff->ignored);
	buf_add_char(&words, '\n');
	if (buf_check(&words, "the report", err) < 0)
		return -1;
	(void)fwrite(words.data, 1, words.size, out);
	return 0;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text != NULL ? doc_text(text) : json_null();
}

static json_t *difference_json(const struct difference *difference)
{
	const char *cause = diff_cause(difference);

	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:o}", "field",
			 diff_field_names[difference->field], "path", doc_text(difference->path),
			 "first", text_or_null(difference->first), "second",
			 text_or_null(difference->second), "ignored", (int)difference->ignored,
			 "cause", text_or_null(cause));
}

static json_t *layer_side(const struct layer_info *info)
{
	char text[DIGEST_TEXT_MAX];

	if (info == NULL)
		return json_null();
	return json_pack("{s:I, s:s, s:o}", "index", (json_int_t)info->index, "diff_id",
			 digest_text(&info->diff_id, text), "instruction",
			 doc_text(info->instruction));
}

static json_t *counts_json(const struct diff_layer *layer)
{
	json_t *counts = json_object();

	for (size_t field = 0; field < DIFF_FIELD_COUNT; field++)
		if (layer->counts[field] > 0)
			(void)json_object_set_new(counts, diff_field_names[field],
						  json_integer((json_int_t)layer->counts[field]));
	return counts;
}

static json_t *list_json(const struct diff_layer *layer, size_t top)
{
	json_t *list = json_array();

	for (size_t i = 0; i < layer->count && (top == 0 || i < top); i++)
		(void)json_array_append_new(list, difference_json(&layer->differences[i]));
	return list;
}

static json_t *layer_json(const struct diff_layer *layer, size_t top)
{
	return json_pack("{s:o, s:o, s:b, s:I, s:o, s:I, s:o}", "first", layer_side(layer->first),
			 "second", layer_side(layer->second), "same", (int)layer->same,
			 "entries_differ", (json_int_t)layer->entries_differ, "counts",
			 counts_json(layer), "difference_count", (json_int_t)layer->count,
			 "differences", list_json(layer, top));
}

static json_t *image_json(const struct image *image)
{
	char id[DIGEST_TEXT_MAX];

	return json_pack("{s:o, s:s, s:s}", "name", doc_text(image_name(image)), "platform",
			 image_platform(image), "id", digest_text(image_id(image), id));
}

json_t *diff_json(const struct diff *diff, const struct image *first, const struct image *second,
		  size_t top)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < diff->layer_count; i++)
		(void)json_array_append_new(layers, layer_json(&diff->layers[i], top));
	return json_pack("{s:s, s:o, s:o, s:s, s:I, s:I, s:o, s:I, s:o}", "schema",
			 "seatrial/image-diff/1", "first", image_json(first), "second",
			 image_json(second), "verdict", diff->counted == 0 ? "holds" : "fails",
			 "difference_count", (json_int_t)diff->counted, "ignored_count",
			 (json_int_t)diff->ignored, "layers", layers,
			 "configuration_difference_count", (json_int_t)diff->config.count,
			 "configuration", list_json(&diff->config, top));
}

/* --- TAP ----------------------------------------------------------------------------------- */

static bool layer_holds(const struct diff_layer *layer)
{
	for (size_t i = 0; i < layer->count; i++)
		if (!layer->differences[i].ignored)
			return false;
	return true;
}

static void tap_layer(struct tap *tap, const struct diff_layer *layer, size_t top)
{
	auto_doc json_t *values = json_pack("{s:o, s:o}", "counts", counts_json(layer),
					    "differences", list_json(layer, top));
	auto_buf struct buf words;

	buf_init(&words, BUF_MAX_DEFAULT);
	add_name(&words, layer);
	buf_add_string(&words, ": the same");
	tap_test(tap, layer_holds(layer), words.data, layer->count > 0 ? values : NULL);
}

void diff_tap(const struct diff *diff, size_t top, FILE *out)
{
	struct tap tap;

	tap_begin(&tap, out);
	for (size_t i = 0; i < diff->layer_count; i++)
		tap_layer(&tap, &diff->layers[i], top);
	tap_layer(&tap, &diff->config, top);
	tap_end(&tap);
}
