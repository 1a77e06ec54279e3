#include "config.h"

#include "check/size-report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/doc.h"
#include "base/table.h"
#include "base/tap.h"
#include "base/text.h"

static const char *const unit_names[] = {
	[UNIT_BYTES] = "bytes",
	[UNIT_PERCENT] = "percent",
	[UNIT_LAYERS] = "layers",
};

static const char *const compression_names[] = {
	[COMPRESSION_NONE] = "none",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_ZSTD] = "zstd",
};

int size_report_init(struct size_report *report, const struct size *baseline,
		     const struct size *size, enum size_measure measure,
		     const struct size_limits *limits, size_t top, size_t depth, struct error *err)
{
	*report = (struct size_report) { .size = size, .baseline = baseline, .measure = measure };
	if (size_decide(baseline, size, measure, limits, &report->verdict, err) < 0 ||
	    size_top_files(size, top, &report->files, err) < 0 ||
	    size_top_directories(size, depth, top, &report->directories, err) < 0 ||
	    size_top_waste(size, top, &report->waste, err) < 0 ||
	    (baseline != NULL &&
	     (size_file_differences(baseline, size, top, &report->file_differences, err) < 0 ||
	      size_directory_differences(baseline, size, depth, top, &report->directory_differences,
					 err) < 0))) {
		size_report_release(report);
		return -1;
	}
	return 0;
}

void size_report_release(struct size_report *report)
{
	size_list_release(&report->files);
	size_list_release(&report->directories);
	size_list_release(&report->waste);
	size_list_release(&report->file_differences);
	size_list_release(&report->directory_differences);
}

/* JSON */

static json_t *json_bytes(uint64_t bytes)
{
	return json_integer(bytes > INT64_MAX ? INT64_MAX : (json_int_t)bytes);
}

static json_t *json_known(bool known, uint64_t bytes)
{
	return known ? json_bytes(bytes) : json_null();
}

static json_t *json_digest(const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	return digest_is_set(digest) ? json_string(digest_text(digest, text)) : json_null();
}

/* Takes over `value`; a member that could not be made shows as an object that is not there. */
static void put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

static json_t *image_json(const struct size *size)
{
	json_t *object = json_object();

	put(object, "name", doc_text(size->name));
	if (size->image == NULL)
		return object;
	put(object, "platform", doc_text(image_platform(size->image)));
	put(object, "id", json_digest(image_id(size->image)));
	put(object, "manifest_digest", json_digest(image_manifest_digest(size->image)));
	put(object, "index_digest", json_digest(image_index_digest(size->image)));
	return object;
}

static json_t *layer_json(const struct size_layer *layer, bool read)
{
	const struct layer_info *info = layer->info;
	json_t *object = json_object();

	put(object, "index", json_integer((json_int_t)info->index));
	put(object, "instruction", doc_text(info->instruction));
	put(object, "digest", json_digest(&info->digest));
	put(object, "diff_id", json_digest(&info->diff_id));
	put(object, "media_type",
	    info->media_type[0] != '\0' ? doc_text(info->media_type) : json_null());
	put(object, "compression", json_string(compression_names[layer->compression]));
	put(object, "content_bytes", json_known(read, layer->content_bytes));
	put(object, "unpacked_bytes", json_known(read, layer->unpacked_bytes));
	put(object, "compressed_bytes",
	    json_known(layer->compressed_known, layer->compressed_bytes));
	put(object, "wasted_bytes", json_known(read, layer->wasted_bytes));
	put(object, "files", json_known(read, layer->files));
	return object;
}

static void put_figures(json_t *object, const struct size *size)
{
	struct rootfs_totals totals = rootfs_totals(size->rootfs);

	put(object, "content_bytes", json_known(size->read, size->content_bytes));
	put(object, "unpacked_bytes", json_known(size->read, size->unpacked_bytes));
	put(object, "compressed_bytes", json_known(size->compressed_known, size->compressed_bytes));
	put(object, "compressed_here", json_boolean(size->packed));
	put(object, "layer_count", json_integer((json_int_t)size->layer_count));
	put(object, "wasted_bytes", json_known(size->read, totals.wasted_bytes));
	put(object, "wasted_files", json_known(size->read, totals.wasted_files));
	put(object, "overwritten_bytes", json_known(size->read, totals.overwritten_bytes));
	put(object, "overwritten_files", json_known(size->read, totals.overwritten_files));
	put(object, "file_bytes", json_known(size->read, totals.file_bytes));
	put(object, "unsafe_entries", json_known(size->read, size->unsafe));
	put(object, "dangling_links", json_known(size->read, totals.dangling));
}

static json_t *layers_json(const struct size *size)
{
	json_t *array = json_array();

	for (size_t i = 0; i < size->layer_count; i++)
		(void)json_array_append_new(array, layer_json(&size->layers[i], size->read));
	return array;
}

enum list_kind { LIST_FILES, LIST_DIRECTORIES, LIST_WASTE, LIST_DIFFERENCES };

static json_t *list_json(const struct size_list *list, enum list_kind kind)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct size_item *item = &list->items[i];
		json_t *object = json_object();

		put(object, "path", doc_text(item->path));
		if (kind == LIST_DIFFERENCES) {
			put(object, "before_bytes", json_bytes(item->before));
			put(object, "after_bytes", json_bytes(item->bytes));
			put(object, "change_bytes",
			    json_integer((json_int_t)item->bytes - (json_int_t)item->before));
		} else {
			put(object, "bytes", json_bytes(item->bytes));
		}
		if (kind == LIST_FILES)
			put(object, "layer", json_integer((json_int_t)item->layer));
		if (kind == LIST_WASTE)
			put(object, "times", json_bytes(item->times));
		(void)json_array_append_new(array, object);
	}
	return array;
}

/* What was not looked for is not known. */
static json_t *read_list_json(const struct size_report *report, const struct size_list *list,
			      enum list_kind kind)
{
	return report->size->read ? list_json(list, kind) : json_null();
}

static json_t *baseline_json(const struct size *size)
{
	json_t *object = json_object();

	put(object, "image", image_json(size));
	put_figures(object, size);
	put(object, "layers", layers_json(size));
	return object;
}

/* Known on both sides, or there would be no report. */
static uint64_t report_bytes(const struct size *size, enum size_measure measure)
{
	struct error err = ERROR_INIT;
	uint64_t bytes = 0;

	return size_bytes(size, measure, &bytes, &err) < 0 ? 0 : bytes;
}

static json_t *change_json(const struct size_report *report)
{
	uint64_t before = report_bytes(report->baseline, report->measure);
	uint64_t after = report_bytes(report->size, report->measure);
	json_t *object = json_object();
	double reduction;

	put(object, "measure", json_string(size_measure_names[report->measure]));
	put(object, "before_bytes", json_bytes(before));
	put(object, "after_bytes", json_bytes(after));
	put(object, "reduction_percent",
	    size_reduction(before, after, &reduction) ? json_real(reduction) : json_null());
	return object;
}

static json_t *differences_json(const struct size_report *report)
{
	json_t *object = json_object();

	put(object, "directories", list_json(&report->directory_differences, LIST_DIFFERENCES));
	put(object, "files", list_json(&report->file_differences, LIST_DIFFERENCES));
	put(object, "directory_count",
	    json_integer((json_int_t)report->directory_differences.total));
	put(object, "file_count", json_integer((json_int_t)report->file_differences.total));
	return object;
}

static json_t *figure_json(enum size_unit unit, double figure)
{
	if (unit == UNIT_PERCENT)
		return json_real(figure);
	return json_integer(figure >= 0x1p63 ? INT64_MAX : (json_int_t)figure);
}

static json_t *check_json(const struct size_check *check)
{
	json_t *object = json_object();

	put(object, "name", json_string(check->name));
	put(object, "holds", json_boolean(check->holds));
	put(object, "value", figure_json(check->unit, check->value));
	put(object, "limit", figure_json(check->unit, check->limit));
	put(object, "unit", json_string(unit_names[check->unit]));
	return object;
}

json_t *size_report_json(const struct size_report *report)
{
	json_t *object = json_object();
	json_t *checks = json_array();

	for (size_t i = 0; i < report->verdict.count; i++)
		(void)json_array_append_new(checks, check_json(&report->verdict.checks[i]));
	put(object, "schema", json_string("seatrial/image-size/1"));
	put(object, "image", image_json(report->size));
	put_figures(object, report->size);
	put(object, "layers", layers_json(report->size));
	put(object, "layers_read", json_boolean(report->size->read));
	put(object, "top_files", read_list_json(report, &report->files, LIST_FILES));
	put(object, "top_directories",
	    read_list_json(report, &report->directories, LIST_DIRECTORIES));
	put(object, "wasted", read_list_json(report, &report->waste, LIST_WASTE));
	if (report->baseline != NULL) {
		put(object, "baseline", baseline_json(report->baseline));
		put(object, "change", change_json(report));
		put(object, "differences",
		    report->size->read ? differences_json(report) : json_null());
	}
	put(object, "measure", json_string(size_measure_names[report->measure]));
	put(object, "checks", checks);
	put(object, "verdict", json_string(report->verdict.holds ? "holds" : "fails"));
	return object;
}

/* Demands in words, for text and TAP. */

/* `exact`: with as many digits as tell two figures apart that would else read alike. */
static void figure_words(enum size_unit unit, double figure, bool exact, struct buf *out)
{
	char text[TEXT_FIGURE_MAX];

	switch (unit) {
	case UNIT_BYTES:
		if (exact)
			buf_printf(out, "%.0f B", figure);
		else
			buf_add_string(
				out,
				text_size(figure >= 0x1p63 ? INT64_MAX : (uint64_t)figure, text));
		break;
	case UNIT_PERCENT:
		buf_printf(out, exact ? "%.9g %%" : "%.1f %%", figure);
		break;
	case UNIT_LAYERS:
		buf_printf(out, "%.0f", figure);
		break;
	}
}

static bool reads_alike(enum size_unit unit, double a, double b)
{
	auto_buf struct buf text_a;
	auto_buf struct buf text_b;

	buf_init(&text_a, TEXT_FIGURE_MAX);
	buf_init(&text_b, TEXT_FIGURE_MAX);
	figure_words(unit, a, false, &text_a);
	figure_words(unit, b, false, &text_b);
	return strcmp(text_a.data, text_b.data) == 0;
}

static void check_words(const struct size_report *report, const struct size_check *check,
			struct buf *out)
{
	const char *measure = size_measure_names[report->measure];
	bool is_reduction = strcmp(check->name, "min-reduction") == 0;
	bool exact = reads_alike(check->unit, check->value, check->limit) &&
		     (check->value < check->limit || check->value > check->limit);

	figure_words(check->unit, is_reduction ? fabs(check->value) : check->value, exact, out);
	if (is_reduction)
		buf_printf(out, " %s %s than the baseline; at least ",
			   check->value < 0 ? "more" : "less", measure);
	else if (strcmp(check->name, "max") == 0)
		buf_printf(out, " %s; at most ", measure);
	else if (strcmp(check->name, "max-layers") == 0)
		buf_add_string(out, " layers; at most ");
	else
		buf_printf(out, "%s wasted; at most ",
			   check->unit == UNIT_PERCENT ? " of the content" : "");
	figure_words(check->unit, check->limit, exact, out);
	buf_add_string(out, is_reduction ? " less demanded" : " demanded");
}

/* TAP */

void size_report_tap(const struct size_report *report, FILE *out)
{
	auto_doc json_t *figures = json_object();
	auto_buf struct buf words;
	struct tap tap;

	buf_init(&words, BUF_MAX_DEFAULT);
	put_figures(figures, report->size);
	tap_begin(&tap, out);
	buf_printf(&words, "%s: measured", report->size->name);
	tap_test(&tap, true, words.data, figures);
	if (report->baseline != NULL) {
		auto_doc json_t *change = change_json(report);

		buf_clear(&words);
		buf_printf(&words, "%s: compared", report->baseline->name);
		tap_test(&tap, true, words.data, change);
	}
	for (size_t i = 0; i < report->verdict.count; i++) {
		const struct size_check *check = &report->verdict.checks[i];
		auto_doc json_t *values = check_json(check);

		buf_clear(&words);
		buf_printf(&words, "%s: ", check->name);
		check_words(report, check, &words);
		tap_test(&tap, check->holds, words.data, values);
	}
	tap_end(&tap);
}

/* Text */

void size_instruction(const char *instruction, struct buf *out)
{
	static const char shell[] = "/bin/sh -c ";
	static const char no_run[] = "#(nop) ";
	static const char mark[] = "# buildkit";
	const char *rest = instruction;
	const char *wrapped = strstr(rest, shell);
	size_t start;
	bool gap = false;

	/* "|2 A=1 B=2 /bin/sh -c …" (arguments), "RUN /bin/sh -c …", "/bin/sh -c …" */
	if (wrapped != NULL &&
	    (wrapped == rest || rest[0] == '|' ||
	     (strncmp(rest, "RUN ", 4) == 0 && (wrapped == rest + 4 || rest[4] == '|')))) {
		rest = wrapped + strlen(shell);
		if (strncmp(rest, no_run, strlen(no_run)) == 0)
			rest += strlen(no_run);
		else
			buf_add_string(out, "RUN ");
	}
	rest += strspn(rest, " \t\n");
	start = out->size;
	for (; *rest != '\0'; rest++) {
		if (strchr(" \t\r\n", *rest) != NULL) {
			gap = true;
			continue;
		}
		if (gap)
			buf_add_char(out, ' ');
		gap = false;
		buf_add_char(out, *rest);
	}
	if (!out->failed && out->size - start > strlen(mark) &&
	    strcmp(out->data + out->size - strlen(mark), mark) == 0)
		buf_truncate(out, out->size - strlen(mark) - 1);
}

/* At most `width` characters, "..." for the rest. */
static void shorten(struct buf *text, size_t width)
{
	size_t characters = 0;
	size_t cut = 0;

	for (size_t i = 0; i < text->size; i++) {
		if (((unsigned char)text->data[i] & 0xc0) == 0x80)
			continue;
		if (characters == width - 3)
			cut = i;
		characters++;
	}
	if (characters <= width)
		return;
	buf_truncate(text, cut);
	buf_add_string(text, "...");
}

static void cell_size(struct table *table, uint64_t bytes)
{
	char text[TEXT_FIGURE_MAX];

	table_cell(table, text_size(bytes, text));
}

static void cell_known(struct table *table, bool known, uint64_t bytes)
{
	if (known)
		cell_size(table, bytes);
	else
		table_cell(table, "not known");
}

static void cell_change(struct table *table, uint64_t before, uint64_t after)
{
	char text[TEXT_FIGURE_MAX];

	if (before == after)
		table_cell(table, "same");
	else
		table_cellf(table, "%c%s", after > before ? '+' : '-',
			    text_size(after > before ? after - before : before - after, text));
}

static void cell_percent(struct table *table, uint64_t before, uint64_t after)
{
	double reduction;

	if (before == after || !size_reduction(before, after, &reduction))
		table_cell(table, "");
	else
		table_cellf(table, "%+.1f %%", -reduction);
}

static int print_title(const struct size *size, const char *label, FILE *out, struct error *err)
{
	auto_buf struct buf line;

	buf_init(&line, BUF_MAX_DEFAULT);
	text_escape(&line, size->name, strlen(size->name));
	if (buf_check(&line, "a name", err) < 0)
		return -1;
	(void)fprintf(out, "%s%s", label, line.data);
	if (size->image != NULL) {
		char text[DIGEST_TEXT_MAX];

		buf_clear(&line);
		text_escape(&line, image_platform(size->image),
			    strlen(image_platform(size->image)));
		(void)fprintf(out, "  %s  %.19s", line.data,
			      digest_text(image_id(size->image), text));
	}
	(void)fputc('\n', out);
	return 0;
}

/* What the manifest says, where the layers were not read. */
static int print_manifest_summary(const struct size *size, FILE *out, struct error *err)
{
	auto_table struct table *table = NULL;

	if (table_new("lrl", &table, err) < 0)
		return -1;
	table_cell(table, "compressed");
	cell_known(table, size->compressed_known, size->compressed_bytes);
	table_cell(table, "the layers as the manifest says; --content reads them");
	table_cell(table, "layers");
	table_cellf(table, "%zu", size->layer_count);
	table_cell(table, "");
	return table_print(table, 2, out, err);
}

static int print_summary(const struct size *size, FILE *out, struct error *err)
{
	struct rootfs_totals totals = rootfs_totals(size->rootfs);
	auto_table struct table *table = NULL;

	if (table_new("lrl", &table, err) < 0)
		return -1;
	table_cell(table, "content");
	cell_size(table, size->content_bytes);
	table_cell(table, "files and links as they lie on disk, layer by layer");
	table_cell(table, "unpacked");
	cell_size(table, size->unpacked_bytes);
	table_cell(table, "the layers' archives");
	table_cell(table, "compressed");
	cell_known(table, size->compressed_known, size->compressed_bytes);
	table_cell(table, size->packed ? "what gzip makes of layers that are stored uncompressed"
			  : size->compressed_known ? "the layers as they are stored"
						   : "stored uncompressed; --compress tells");
	table_cell(table, "layers");
	table_cellf(table, "%zu", size->layer_count);
	table_cell(table, "");
	table_cell(table, "wasted");
	cell_size(table, totals.wasted_bytes);
	if (totals.wasted_files == 0)
		table_cell(table, "nothing is deleted or overwritten by later layers");
	else
		table_cellf(table, "%" PRIu64 " %s deleted or overwritten by later layers",
			    totals.wasted_files, totals.wasted_files == 1 ? "file" : "files");
	return table_print(table, 2, out, err);
}

static void row_change(struct table *table, const char *label, uint64_t before, uint64_t after)
{
	table_cell(table, label);
	cell_size(table, before);
	cell_size(table, after);
	cell_change(table, before, after);
	cell_percent(table, before, after);
}

static int print_comparison(const struct size *before, const struct size *after, FILE *out,
			    struct error *err)
{
	uint64_t wasted_before = rootfs_totals(before->rootfs).wasted_bytes;
	uint64_t wasted_after = rootfs_totals(after->rootfs).wasted_bytes;
	bool known = before->compressed_known && after->compressed_known;
	auto_table struct table *table = NULL;

	if (table_new("lrrrr", &table, err) < 0)
		return -1;
	table_cell(table, "");
	table_cell(table, "before");
	table_cell(table, "after");
	table_cell(table, "change");
	table_cell(table, "");
	if (after->read) {
		row_change(table, "content", before->content_bytes, after->content_bytes);
		row_change(table, "unpacked", before->unpacked_bytes, after->unpacked_bytes);
	}
	table_cell(table, "compressed");
	cell_known(table, before->compressed_known, before->compressed_bytes);
	cell_known(table, after->compressed_known, after->compressed_bytes);
	if (known) {
		cell_change(table, before->compressed_bytes, after->compressed_bytes);
		cell_percent(table, before->compressed_bytes, after->compressed_bytes);
	} else {
		table_cell(table, "-");
		table_cell(table, "");
	}
	table_cell(table, "layers");
	table_cellf(table, "%zu", before->layer_count);
	table_cellf(table, "%zu", after->layer_count);
	if (before->layer_count == after->layer_count)
		table_cell(table, "same");
	else
		table_cellf(table, "%+zd", (ssize_t)(after->layer_count - before->layer_count));
	table_cell(table, "");
	if (after->read)
		row_change(table, "wasted", wasted_before, wasted_after);
	if (table_print(table, 2, out, err) < 0)
		return -1;
	if (!known)
		(void)fputs("  (compressed is not known of an image that is stored uncompressed; "
			    "--compress tells)\n",
			    out);
	else if (before->packed || after->packed)
		(void)fputs("  (compressed is what gzip makes of layers that are stored "
			    "uncompressed)\n",
			    out);
	return 0;
}

/* "#", content, compressed, wasted, instruction; columns that would say nothing are left out. */
static int print_layers(const struct size *size, const char *title, size_t width, FILE *out,
			struct error *err)
{
	bool any_compressed = false;
	bool any_wasted = false;
	char alignment[8];
	size_t used = 16; /* indent, number, content and the gaps */
	auto_table struct table *table = NULL;

	for (size_t i = 0; i < size->layer_count; i++) {
		any_compressed |= size->layers[i].compressed_known;
		any_wasted |= size->layers[i].wasted_bytes > 0;
	}
	used += any_compressed ? 12 : 0;
	used += any_wasted ? 10 : 0;
	(void)snprintf(alignment, sizeof alignment, "r%s%s%sl", size->read ? "r" : "",
		       any_compressed ? "r" : "", any_wasted ? "r" : "");
	if (table_new(alignment, &table, err) < 0)
		return -1;
	table_cell(table, "#");
	if (size->read)
		table_cell(table, "content");
	if (any_compressed)
		table_cell(table, "compressed");
	if (any_wasted)
		table_cell(table, "wasted");
	table_cell(table, "instruction");
	for (size_t i = 0; i < size->layer_count; i++) {
		const struct size_layer *layer = &size->layers[i];
		auto_buf struct buf instruction;

		buf_init(&instruction, BUF_MAX_DEFAULT);
		size_instruction(layer->info->instruction, &instruction);
		shorten(&instruction, width > used + 20 ? width - used : 20);
		table_cellf(table, "%zu", i);
		if (size->read)
			cell_size(table, layer->content_bytes);
		if (any_compressed)
			cell_known(table, layer->compressed_known, layer->compressed_bytes);
		if (any_wasted && layer->wasted_bytes == 0)
			table_cell(table, "-");
		else if (any_wasted)
			cell_size(table, layer->wasted_bytes);
		table_cell(table,
			   instruction.size > 0 ? instruction.data : "(the history does not say)");
	}
	(void)fprintf(out, "\n%s\n", title);
	return table_print(table, 2, out, err);
}

/* "Largest files", or "Largest files (10 of 25000)". */
static void print_heading(const char *title, const struct size_list *list, FILE *out)
{
	if (list->count < list->total)
		(void)fprintf(out, "\n%s (%zu of %zu)\n", title, list->count, list->total);
	else
		(void)fprintf(out, "\n%s\n", title);
}

static int print_list(const char *title, const struct size_list *list, enum list_kind kind,
		      FILE *out, struct error *err)
{
	auto_table struct table *table = NULL;

	if (list->count == 0)
		return 0;
	if (table_new(kind == LIST_DIRECTORIES ? "rl" : "rrl", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct size_item *item = &list->items[i];

		cell_size(table, item->bytes);
		if (kind == LIST_FILES)
			table_cellf(table, "layer %zu", item->layer);
		if (kind == LIST_WASTE)
			table_cellf(table, "%" PRIu64 " %s", item->times,
				    item->times == 1 ? "copy" : "copies");
		table_cell(table, item->path);
	}
	print_heading(title, list, out);
	return table_print(table, 2, out, err);
}

static int print_differences(const char *title, const struct size_list *list, FILE *out,
			     struct error *err)
{
	auto_table struct table *table = NULL;

	if (list->count == 0) {
		(void)fprintf(out, "\n%s\n  none\n", title);
		return 0;
	}
	if (table_new("rrrl", &table, err) < 0)
		return -1;
	table_cell(table, "before");
	table_cell(table, "after");
	table_cell(table, "change");
	table_cell(table, "");
	for (size_t i = 0; i < list->count; i++) {
		const struct size_item *item = &list->items[i];

		cell_size(table, item->before);
		cell_size(table, item->bytes);
		cell_change(table, item->before, item->bytes);
		table_cell(table, item->path);
	}
	print_heading(title, list, out);
	return table_print(table, 2, out, err);
}

static int print_checks(const struct size_report *report, FILE *out, struct error *err)
{
	auto_table struct table *table = NULL;

	if (report->verdict.count == 0)
		return 0;
	if (table_new("lll", &table, err) < 0)
		return -1;
	for (size_t i = 0; i < report->verdict.count; i++) {
		const struct size_check *check = &report->verdict.checks[i];
		auto_buf struct buf words;

		buf_init(&words, BUF_MAX_DEFAULT);
		check_words(report, check, &words);
		table_cell(table, check->holds ? "holds" : "FAILS");
		table_cell(table, check->name);
		table_cell(table, words.size > 0 ? words.data : "");
	}
	(void)fputs("\nDemands\n", out);
	return table_print(table, 2, out, err);
}

static void print_oddities(const struct size *size, FILE *out)
{
	uint64_t dangling = rootfs_totals(size->rootfs).dangling;

	if (size->unsafe > 0)
		(void)fprintf(out,
			      "\n%" PRIu64
			      " %s \"..\" in the path: counted as content, and no part "
			      "of the file system\n",
			      size->unsafe, size->unsafe == 1 ? "entry has" : "entries have");
	if (dangling > 0)
		(void)fprintf(out, "\n%" PRIu64 " hard %s to no file: counted as empty\n", dangling,
			      dangling == 1 ? "link leads" : "links lead");
}

int size_report_text(const struct size_report *report, size_t width, FILE *out, struct error *err)
{
	const struct size *before = report->baseline;
	const struct size *after = report->size;

	if (before != NULL && print_title(before, "before  ", out, err) < 0)
		return -1;
	if (print_title(after, before != NULL ? "after   " : "", out, err) < 0)
		return -1;
	(void)fputc('\n', out);
	if ((before != NULL ? print_comparison(before, after, out, err)
	     : after->read  ? print_summary(after, out, err)
			    : print_manifest_summary(after, out, err)) < 0)
		return -1;
	if (before != NULL &&
	    print_layers(before, "Layers before, lowest first", width, out, err) < 0)
		return -1;
	if (print_layers(after,
			 before != NULL ? "Layers after, lowest first" : "Layers, lowest first",
			 width, out, err) < 0)
		return -1;
	if (before != NULL && after->read &&
	    (print_differences("Directories that changed most", &report->directory_differences, out,
			       err) < 0 ||
	     print_differences("Files that changed most", &report->file_differences, out, err) < 0))
		return -1;
	if (print_list("Largest directories", &report->directories, LIST_DIRECTORIES, out, err) <
		    0 ||
	    print_list("Largest files", &report->files, LIST_FILES, out, err) < 0 ||
	    print_list("Wasted", &report->waste, LIST_WASTE, out, err) < 0)
		return -1;
	print_oddities(after, out);
	return print_checks(report, out, err);
}
