#include "config.h"

#include "check/size.h"

#include <string.h>

#include "base/array.h"

const char *const size_measure_names[] = {
	[MEASURE_CONTENT] = "content",
	[MEASURE_UNPACKED] = "unpacked",
	[MEASURE_COMPRESSED] = "compressed",
	NULL,
};

/* One layer while it is read. */
struct size_state {
	struct changes *changes;
	struct layer_totals totals;
};

static int size_add(uint64_t *sum, uint64_t bytes, struct error *err)
{
	if (__builtin_add_overflow(*sum, bytes, sum) || *sum > INT64_MAX)
		return error_set(err, ERROR_INPUT, "more bytes than can be counted");
	return 0;
}

static void size_state_free(void *place)
{
	struct size_state *state = place;

	changes_free(state->changes);
	free(state);
}

static int size_layer_begin(unused_arg const void *context,
			    unused_arg const struct layer_info *info, void **ret_state,
			    struct error *err)
{
	struct size_state *state = calloc(1, sizeof *state);

	if (state == NULL)
		return error_memory(err);
	if (changes_new(&state->changes, err) < 0) {
		size_state_free(state);
		return -1;
	}
	*ret_state = state;
	return 0;
}

static enum walk_step size_entry(void *place, const struct entry *entry, struct error *err)
{
	struct size_state *state = place;

	return changes_add(state->changes, entry, err) < 0 ? WALK_FAILED : WALK_NEXT;
}

static enum walk_step size_data(unused_arg void *place, unused_arg const void *data,
				unused_arg size_t size, unused_arg struct error *err)
{
	return WALK_NEXT;
}

static int size_layer_end(void *place, const struct layer_totals *totals,
			  unused_arg struct error *err)
{
	struct size_state *state = place;

	state->totals = *totals;
	return 0;
}

/* Of an image that comes as a stream the number of layers is not known before. */
static int size_grow(struct size *size, size_t count, struct error *err)
{
	struct size_layer *layers;

	if (count <= size->layer_count)
		return 0;
	layers = reallocarray(size->layers, count, sizeof *layers);
	if (layers == NULL)
		return error_memory(err);
	memset(layers + size->layer_count, 0, (count - size->layer_count) * sizeof *layers);
	size->layers = layers;
	size->layer_count = count;
	return 0;
}

static int size_add_layer(struct size *size, const struct layer_info *info,
			  const struct size_state *state, struct error *err)
{
	struct changes_totals totals = changes_totals(state->changes);
	struct size_layer *layer;
	bool packed;

	if (size_grow(size, info->index + 1, err) < 0)
		return -1;
	packed = state->totals.compression == COMPRESSION_NONE && state->totals.packed_size > 0;
	layer = &size->layers[info->index];
	*layer = (struct size_layer) {
		.info = info,
		.compression = state->totals.compression,
		.content_bytes = totals.content_bytes,
		.unpacked_bytes = state->totals.unpacked_size,
		.compressed_bytes = packed ? state->totals.packed_size : state->totals.stored_size,
		.compressed_known = packed || state->totals.compression != COMPRESSION_NONE,
		.files = totals.files,
	};
	if (size_add(&size->content_bytes, totals.content_bytes, err) < 0 ||
	    size_add(&size->unpacked_bytes, state->totals.unpacked_size, err) < 0 ||
	    size_add(&size->compressed_bytes, layer->compressed_bytes, err) < 0)
		return -1;
	size->compressed_known = size->compressed_known && layer->compressed_known;
	size->packed = size->packed || packed;
	size->unsafe += totals.unsafe;
	return 0;
}

static int size_merge(void *context, const struct layer_info *info, void *place, struct error *err)
{
	struct size *size = context;
	struct size_state *state = place;

	if (size_add_layer(size, info, state, err) < 0)
		return -1;
	return rootfs_apply(size->rootfs, info->index, state->changes, err);
}

/* Changes are used up when they are applied: a copy is. */
static int size_merge_again(void *context, const struct layer_info *info, void *place,
			    struct error *err)
{
	struct size *size = context;
	struct size_state *state = place;
	auto_changes struct changes *copy = NULL;

	if (size_add_layer(size, info, state, err) < 0 ||
	    changes_copy(state->changes, &copy, err) < 0)
		return -1;
	return rootfs_apply(size->rootfs, info->index, copy, err);
}

struct image_visitor size_visitor(struct size *size)
{
	return (struct image_visitor) {
		.context = size,
		.layer_begin = size_layer_begin,
		.entry = size_entry,
		.data = size_data,
		.layer_end = size_layer_end,
		.merge = size_merge,
		.merge_again = size_merge_again,
		.state_free = size_state_free,
	};
}

int size_new(const char *name, size_t layer_count, struct size **ret_size, struct error *err)
{
	auto_size struct size *size = calloc(1, sizeof *size);

	if (size == NULL)
		return error_memory(err);
	size->name = name;
	size->compressed_known = true;
	size->layer_count = layer_count;
	size->layers = calloc(layer_count + 1, sizeof *size->layers);
	if (size->layers == NULL)
		return error_memory(err);
	if (rootfs_new(&size->rootfs, err) < 0)
		return -1;
	*ret_size = steal(&size);
	return 0;
}

void size_free(struct size *size)
{
	if (size == NULL)
		return;
	rootfs_free(size->rootfs);
	free(size->layers);
	free(size);
}

int size_finish(struct size *size, struct error *err)
{
	const struct rootfs_waste *waste;
	size_t count;

	if (rootfs_finish(size->rootfs, err) < 0)
		return -1;
	size->read = true;
	waste = rootfs_waste(size->rootfs, &count);
	for (size_t i = 0; i < count; i++)
		size->layers[waste[i].layer].wasted_bytes += waste[i].bytes;
	return 0;
}

int size_of_image(const struct image *image, struct size **ret_size, struct error *err)
{
	auto_size struct size *size = NULL;
	struct image_visitor visitor;

	if (size_new(image_name(image), image_is_pending(image) ? 0 : image_layer_count(image),
		     &size, err) < 0)
		return -1;
	size->image = image;
	visitor = size_visitor(size);
	if (image_walk(image, &visitor, err) < 0 || size_finish(size, err) < 0)
		return -1;
	*ret_size = steal(&size);
	return 0;
}

/* OCI image specification, layer.md, "+gzip" and "+zstd"; Docker's types end in ".gzip". */
static enum layer_compression compression_by_type(const char *media_type)
{
	size_t length = strlen(media_type);

	if (length >= 4 && strcmp(media_type + length - 4, "gzip") == 0)
		return COMPRESSION_GZIP;
	if (length >= 4 && strcmp(media_type + length - 4, "zstd") == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

int size_of_manifest(const struct image *image, struct size **ret_size, struct error *err)
{
	auto_size struct size *size = NULL;

	if (size_new(image_name(image), image_layer_count(image), &size, err) < 0)
		return -1;
	size->image = image;
	for (size_t i = 0; i < size->layer_count; i++) {
		const struct layer_info *info = image_layer(image, i);

		size->layers[i] = (struct size_layer) {
			.info = info,
			.compression = compression_by_type(info->media_type),
			.compressed_bytes = info->stored_size,
		};
		size->layers[i].compressed_known =
			size->layers[i].compression != COMPRESSION_NONE && info->stored_size_known;
		if (!size->layers[i].compressed_known)
			size->compressed_known = false;
		if (size_add(&size->compressed_bytes, info->stored_size, err) < 0)
			return -1;
	}
	if (rootfs_finish(size->rootfs, err) < 0)
		return -1;
	*ret_size = steal(&size);
	return 0;
}

int size_bytes(const struct size *size, enum size_measure measure, uint64_t *ret_bytes,
	       struct error *err)
{
	size_t plain = 0;

	if (measure != MEASURE_COMPRESSED && !size->read)
		return error_set(err, ERROR_MISSING, "%s: its layers were not read", size->name);
	if (measure != MEASURE_COMPRESSED || size->compressed_known) {
		*ret_bytes = measure == MEASURE_CONTENT	   ? size->content_bytes
			     : measure == MEASURE_UNPACKED ? size->unpacked_bytes
							   : size->compressed_bytes;
		return 0;
	}
	while (size->layers[plain].compressed_known)
		plain++;
	return error_set(err, ERROR_MISSING,
			 "%s: its compressed size is not known: layer %zu is stored uncompressed "
			 "(--compress tells what gzip makes of it)",
			 size->name, plain);
}

/*
 * Lists. Items are gathered as figures and the number of a node, sorted and cut, now and then on
 * the way, too: an image has many more files than a list. Only what is left gets its path.
 */
struct pick {
	uint64_t weight; /* what it is sorted by */
	uint64_t bytes;
	uint64_t before;
	uint64_t times;
	const struct tree *tree;
	uint32_t node;
	uint32_t layer;
};

/* Sorting now and then costs little where much is cut off each time. */
#define PICKS_SPARE ((size_t)1024)

struct picks {
	struct pick *items;
	size_t count;
	size_t capacity;
	size_t total; /* those that were cut off included */
	size_t top;   /* how many are wanted; 0: all */
};

static void picks_release(struct picks *picks)
{
	free(picks->items);
}
#define auto_picks cleanup_by(picks_release)

static int pick_compare(const void *place_a, const void *place_b)
{
	const struct pick *a = place_a;
	const struct pick *b = place_b;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

static void picks_cut(struct picks *picks)
{
	if (picks->count > 0)
		qsort(picks->items, picks->count, sizeof *picks->items, pick_compare);
	if (picks->top > 0 && picks->count > picks->top)
		picks->count = picks->top;
}

/* What weighs nothing is no item of a list of the largest. */
static int picks_add(struct picks *picks, struct pick pick, struct error *err)
{
	if (pick.weight == 0)
		return 0;
	picks->total++;
	if (picks->top > 0 && picks->count >= PICKS_SPARE &&
	    picks->count - PICKS_SPARE >= picks->top)
		picks_cut(picks);
	if (array_room(&picks->items, picks->count, &picks->capacity, err) < 0)
		return -1;
	picks->items[picks->count++] = pick;
	return 0;
}

static int item_compare(const void *place_a, const void *place_b)
{
	const struct size_item *a = place_a;
	const struct size_item *b = place_b;
	uint64_t change_a = a->bytes > a->before ? a->bytes - a->before : a->before - a->bytes;
	uint64_t change_b = b->bytes > b->before ? b->bytes - b->before : b->before - b->bytes;

	if (change_a != change_b)
		return change_a > change_b ? -1 : 1;
	return strcmp(a->path, b->path);
}

void size_list_release(struct size_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct size_list) { .items = NULL };
}

static char *path_of(const struct tree *tree, uint32_t node)
{
	struct buf path;

	buf_init(&path, BUF_MAX_DEFAULT);
	buf_add_string(&path, "");
	tree_path(tree, node, &path);
	return buf_detach(&path);
}

static int size_list(struct picks *picks, struct size_list *ret_list, struct error *err)
{
	struct size_list list = { .total = picks->total };

	picks_cut(picks);
	list.items = calloc(picks->count + 1, sizeof *list.items);
	if (list.items == NULL)
		return error_memory(err);
	for (; list.count < picks->count; list.count++) {
		const struct pick *pick = &picks->items[list.count];
		char *path = path_of(pick->tree, pick->node);

		if (path == NULL) {
			size_list_release(&list);
			return error_memory(err);
		}
		list.items[list.count] = (struct size_item) { .path = path,
							      .bytes = pick->bytes,
							      .before = pick->before,
							      .layer = pick->layer,
							      .times = pick->times };
	}
	qsort(list.items, list.count, sizeof *list.items, item_compare);
	*ret_list = list;
	return 0;
}

int size_top_files(const struct size *size, size_t top, struct size_list *ret_list,
		   struct error *err)
{
	auto_picks struct picks picks = { .top = top };

	for (uint32_t i = 0; i < rootfs_count(size->rootfs); i++) {
		struct rootfs_node node = rootfs_node(size->rootfs, i);
		struct pick pick = { .weight = node.bytes,
				     .bytes = node.bytes,
				     .tree = rootfs_tree(size->rootfs),
				     .node = i,
				     .layer = (uint32_t)node.layer };

		if (node.type != ROOTFS_FILE || node.linked)
			continue;
		if (picks_add(&picks, pick, err) < 0)
			return -1;
	}
	return size_list(&picks, ret_list, err);
}

/* Per node its depth and, for directories, the bytes of all below. The caller frees both. */
static int directory_sums(const struct rootfs *rootfs, uint64_t **ret_sums, uint32_t **ret_depths,
			  struct error *err)
{
	size_t count = rootfs_count(rootfs);
	auto_free uint64_t *sums = calloc(count, sizeof *sums);
	auto_free uint32_t *depths = calloc(count, sizeof *depths);

	if (sums == NULL || depths == NULL)
		return error_memory(err);
	/* Parents stand before their children: once up for depths, once down for sums. */
	for (uint32_t i = 1; i < count; i++)
		depths[i] = depths[rootfs_node(rootfs, i).parent] + 1;
	for (uint32_t i = (uint32_t)count - 1; i > 0; i--) {
		struct rootfs_node node = rootfs_node(rootfs, i);

		sums[i] += node.bytes;
		sums[node.parent] += sums[i];
	}
	*ret_sums = steal(&sums);
	*ret_depths = steal(&depths);
	return 0;
}

int size_top_directories(const struct size *size, size_t depth, size_t top,
			 struct size_list *ret_list, struct error *err)
{
	auto_picks struct picks picks = { .top = top };
	auto_free uint64_t *sums = NULL;
	auto_free uint32_t *depths = NULL;

	if (directory_sums(size->rootfs, &sums, &depths, err) < 0)
		return -1;
	for (uint32_t i = 1; i < rootfs_count(size->rootfs); i++) {
		struct pick pick = { .weight = sums[i],
				     .bytes = sums[i],
				     .tree = rootfs_tree(size->rootfs),
				     .node = i };

		if (rootfs_node(size->rootfs, i).type != ROOTFS_DIRECTORY || depths[i] > depth)
			continue;
		if (picks_add(&picks, pick, err) < 0)
			return -1;
	}
	return size_list(&picks, ret_list, err);
}

static int waste_compare(const void *place_a, const void *place_b)
{
	const struct rootfs_waste *a = place_a;
	const struct rootfs_waste *b = place_b;

	return (a->node > b->node) - (a->node < b->node);
}

int size_top_waste(const struct size *size, size_t top, struct size_list *ret_list,
		   struct error *err)
{
	auto_picks struct picks picks = { .top = top };
	auto_free struct rootfs_waste *sorted = NULL;
	const struct rootfs_waste *waste;
	size_t count;

	waste = rootfs_waste(size->rootfs, &count);
	sorted = calloc(count + 1, sizeof *sorted);
	if (sorted == NULL)
		return error_memory(err);
	if (count > 0) {
		memcpy(sorted, waste, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, waste_compare);
	}
	for (size_t i = 0; i < count;) {
		struct pick pick = { .tree = rootfs_tree(size->rootfs), .node = sorted[i].node };

		for (; i < count && sorted[i].node == pick.node; i++) {
			pick.bytes += sorted[i].bytes;
			pick.times++;
		}
		pick.weight = pick.bytes;
		if (picks_add(&picks, pick, err) < 0)
			return -1;
	}
	return size_list(&picks, ret_list, err);
}

/* For each node of `from` the node of `to` with the same path, or TREE_NONE. The caller frees. */
static uint32_t *counterparts(const struct tree *from, const struct tree *to)
{
	uint32_t *there = calloc(from->count, sizeof *there);

	if (there == NULL)
		return NULL;
	there[TREE_ROOT] = TREE_ROOT;
	for (uint32_t i = 1; i < from->count; i++) {
		const char *name = tree_name(from, i);
		uint32_t parent = there[from->nodes[i].parent];

		there[i] =
			parent == TREE_NONE ? TREE_NONE : tree_find(to, parent, name, strlen(name));
	}
	return there;
}

static int difference(struct picks *picks, const struct tree *tree, uint32_t node, uint64_t before,
		      uint64_t after, struct error *err)
{
	struct pick pick = { .weight = before > after ? before - after : after - before,
			     .bytes = after,
			     .before = before,
			     .tree = tree,
			     .node = node };

	return picks_add(picks, pick, err);
}

/*
 * What each path weighs before and after. `before` and `after` hold the figure of each node, 0 for
 * nodes that are not to be listed; so a path that only one side has needs no case of its own.
 */
static int differences(const struct rootfs *rootfs_before, const uint64_t *before,
		       const struct rootfs *rootfs_after, const uint64_t *after, size_t top,
		       struct size_list *ret_list, struct error *err)
{
	const struct tree *tree_before = rootfs_tree(rootfs_before);
	const struct tree *tree_after = rootfs_tree(rootfs_after);
	auto_picks struct picks picks = { .top = top };
	auto_free uint32_t *there = counterparts(tree_before, tree_after);
	auto_free bool *seen = calloc(tree_after->count, sizeof *seen);

	if (there == NULL || seen == NULL)
		return error_memory(err);
	for (uint32_t i = 1; i < tree_before->count; i++) {
		if (there[i] != TREE_NONE)
			seen[there[i]] = true;
		if (difference(&picks, tree_before, i, before[i],
			       there[i] != TREE_NONE ? after[there[i]] : 0, err) < 0)
			return -1;
	}
	for (uint32_t i = 1; i < tree_after->count; i++)
		if (!seen[i] && difference(&picks, tree_after, i, 0, after[i], err) < 0)
			return -1;
	return size_list(&picks, ret_list, err);
}

static uint64_t *file_figures(const struct rootfs *rootfs)
{
	size_t count = rootfs_count(rootfs);
	uint64_t *figures = calloc(count, sizeof *figures);

	if (figures == NULL)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		struct rootfs_node node = rootfs_node(rootfs, i);

		if (node.type == ROOTFS_FILE)
			figures[i] = node.bytes;
	}
	return figures;
}

static uint64_t *directory_figures(const struct rootfs *rootfs, size_t depth, struct error *err)
{
	auto_free uint64_t *sums = NULL;
	auto_free uint32_t *depths = NULL;

	if (directory_sums(rootfs, &sums, &depths, err) < 0)
		return NULL;
	for (uint32_t i = 0; i < rootfs_count(rootfs); i++)
		if (rootfs_node(rootfs, i).type != ROOTFS_DIRECTORY || depths[i] > depth)
			sums[i] = 0;
	return steal(&sums);
}

int size_file_differences(const struct size *before, const struct size *after, size_t top,
			  struct size_list *ret_list, struct error *err)
{
	auto_free uint64_t *figures_before = file_figures(before->rootfs);
	auto_free uint64_t *figures_after = file_figures(after->rootfs);

	if (figures_before == NULL || figures_after == NULL)
		return error_memory(err);
	return differences(before->rootfs, figures_before, after->rootfs, figures_after, top,
			   ret_list, err);
}

int size_directory_differences(const struct size *before, const struct size *after, size_t depth,
			       size_t top, struct size_list *ret_list, struct error *err)
{
	auto_free uint64_t *figures_before = directory_figures(before->rootfs, depth, err);
	auto_free uint64_t *figures_after = NULL;

	if (figures_before == NULL)
		return -1;
	figures_after = directory_figures(after->rootfs, depth, err);
	if (figures_after == NULL)
		return -1;
	return differences(before->rootfs, figures_before, after->rootfs, figures_after, top,
			   ret_list, err);
}

static void verdict_add(struct size_verdict *verdict, struct size_check check)
{
	verdict->checks[verdict->count++] = check;
	verdict->holds = verdict->holds && check.holds;
}

bool size_reduction(uint64_t before, uint64_t after, double *ret_percent)
{
	if (before == 0)
		return false;
	*ret_percent = (double)(((long double)before - (long double)after) * 100 / before);
	return true;
}

static int decide_reduction(const struct size *before, const struct size *after,
			    enum size_measure measure, double wanted, struct size_verdict *verdict,
			    struct error *err)
{
	struct size_check check = { .name = "min-reduction",
				    .unit = UNIT_PERCENT,
				    .limit = wanted };
	uint64_t bytes_before;
	uint64_t bytes_after;

	if (before == NULL)
		return error_set(err, ERROR_USAGE, "--min-reduction needs --baseline");
	if (size_bytes(before, measure, &bytes_before, err) < 0 ||
	    size_bytes(after, measure, &bytes_after, err) < 0)
		return -1;
	if (!size_reduction(bytes_before, bytes_after, &check.value))
		return error_set(err, ERROR_INPUT, "%s: has no bytes that could become fewer",
				 before->name);
	/* A product, not the rounded quotient: 700 of 1000 is a reduction by 30 %. */
	check.holds = ((long double)bytes_before - (long double)bytes_after) * 100 >=
		      (long double)wanted * bytes_before;
	verdict_add(verdict, check);
	return 0;
}

static void decide_waste(const struct size *size, const struct limit *limit,
			 struct size_verdict *verdict)
{
	uint64_t wasted = rootfs_totals(size->rootfs).wasted_bytes;
	struct size_check check = { .name = "max-waste" };

	if (limit->kind == LIMIT_BYTES) {
		check.unit = UNIT_BYTES;
		check.value = (double)wasted;
		check.limit = (double)limit->bytes;
		check.holds = wasted <= limit->bytes;
	} else {
		check.unit = UNIT_PERCENT;
		check.limit = limit->percent;
		check.holds = (long double)wasted * 100 <=
			      (long double)limit->percent * size->content_bytes;
		if (size->content_bytes > 0)
			check.value = (double)((long double)wasted * 100 / size->content_bytes);
	}
	verdict_add(verdict, check);
}

int size_decide(const struct size *before, const struct size *after, enum size_measure measure,
		const struct size_limits *limits, struct size_verdict *ret_verdict,
		struct error *err)
{
	struct size_verdict verdict = { .holds = true };
	uint64_t bytes = 0;
	bool asked = before != NULL || limits->max.set || limits->max_waste.kind != LIMIT_NONE;

	/* Unlike measures are never compared: it must be known on both sides. */
	if ((asked || after->read) &&
	    ((before != NULL && size_bytes(before, measure, &bytes, err) < 0) ||
	     size_bytes(after, measure, &bytes, err) < 0))
		return -1;
	if (limits->max_waste.kind != LIMIT_NONE && !after->read)
		return error_set(err, ERROR_MISSING, "%s: its layers were not read", after->name);
	if (limits->min_reduction.set &&
	    decide_reduction(before, after, measure, limits->min_reduction.value, &verdict, err) <
		    0)
		return -1;
	if (limits->max.set)
		verdict_add(&verdict, (struct size_check) { .name = "max",
							    .holds = bytes <= limits->max.value,
							    .unit = UNIT_BYTES,
							    .value = (double)bytes,
							    .limit = (double)limits->max.value });
	if (limits->max_layers.set)
		verdict_add(&verdict,
			    (struct size_check) { .name = "max-layers",
						  .holds = after->layer_count <=
							   limits->max_layers.value,
						  .unit = UNIT_LAYERS,
						  .value = (double)after->layer_count,
						  .limit = (double)limits->max_layers.value });
	if (limits->max_waste.kind != LIMIT_NONE)
		decide_waste(after, &limits->max_waste, &verdict);
	*ret_verdict = verdict;
	return 0;
}
