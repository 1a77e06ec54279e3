#include "config.h"

#include "check/diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/digest.h"
#include "base/text.h"

const char *const diff_field_names[] = { "only-first", "only-second", "type",	"content", "mode",
					 "owner",      "time",	      "target", "device",  "order",
					 "stream",     "config",      "layer",	NULL };

/* --- the entries of a layer ---------------------------------------------------------------- */

struct item {
	char *path;
	char *target;
	size_t order;
	struct entry entry; /* its texts are those above */
	struct digest content;
};

struct items {
	bool wanted;
	bool shared; /* the list is another's */
	struct item *list;
	size_t count, capacity;
	struct hasher *hasher; /* of the file that is being read */
};

static void items_free(void *state)
{
	struct items *items = state;

	if (items == NULL)
		return;
	for (size_t i = 0; !items->shared && i < items->count; i++) {
		free(items->list[i].path);
		free(items->list[i].target);
	}
	hasher_free(items->hasher);
	if (!items->shared)
		free(items->list);
	free(items);
}

/* One image's layers, and which of them are to be read. */
struct reading {
	const bool *wanted;
	struct items **layers;
};

static int on_layer(const void *context, const struct layer_info *layer, void **ret_state,
		    struct error *err)
{
	const struct reading *reading = context;
	struct items *items = calloc(1, sizeof *items);

	if (items == NULL)
		return error_memory(err);
	items->wanted = reading->wanted[layer->index];
	*ret_state = items;
	return 0;
}

static enum walk_step on_entry(void *state, const struct entry *entry, struct error *err)
{
	struct items *items = state;
	struct item *item;

	if (!items->wanted)
		return WALK_STOP;
	if (array_room(&items->list, items->count, &items->capacity, err) < 0)
		return WALK_FAILED;
	item = &items->list[items->count];
	*item = (struct item) { .order = items->count, .entry = *entry };
	item->path = strdup(entry->path);
	item->target = entry->target != NULL ? strdup(entry->target) : NULL;
	items->count++;
	if (item->path == NULL || (entry->target != NULL && item->target == NULL)) {
		(void)error_memory(err);
		return WALK_FAILED;
	}
	if (entry->type != ENTRY_FILE)
		return WALK_NEXT;
	return hasher_new(DIGEST_SHA256, &items->hasher, err) < 0 ? WALK_FAILED : WALK_DATA;
}

static enum walk_step on_data(void *state, const void *data, size_t size, struct error *err)
{
	struct items *items = state;

	(void)err;
	hasher_add(items->hasher, data, size);
	return WALK_DATA;
}

static int on_entry_end(void *state, struct error *err)
{
	struct items *items = state;
	int result;

	if (items->hasher == NULL)
		return 0;
	result = hasher_finish(items->hasher, &items->list[items->count - 1].content, err);
	hasher_free(items->hasher);
	items->hasher = NULL;
	return result;
}

static int on_layer_end(void *state, const struct layer_totals *totals, struct error *err)
{
	(void)state;
	(void)totals;
	(void)err;
	return 0;
}

static int by_path(const void *left, const void *right)
{
	const struct item *a = left;
	const struct item *b = right;
	int order = strcmp(a->path, b->path);

	/* a path may come twice; its entries are set against each other in their order */
	if (order == 0)
		order = (a->entry.type > b->entry.type) - (a->entry.type < b->entry.type);
	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static int on_merge(void *context, const struct layer_info *layer, void *state, struct error *err)
{
	struct reading *reading = context;
	struct items *items = state;
	struct items *kept = calloc(1, sizeof *kept);

	if (kept == NULL)
		return error_memory(err);
	*kept = *items;
	*items = (struct items) { 0 };
	if (kept->count > 0)
		qsort(kept->list, kept->count, sizeof *kept->list, by_path);
	reading->layers[layer->index] = kept;
	return 0;
}

/* A layer that the image has more than once: its last place owns what was read. */
static int on_merge_again(void *context, const struct layer_info *layer, void *state,
			  struct error *err)
{
	struct reading *reading = context;
	struct items *kept = calloc(1, sizeof *kept);

	if (kept == NULL)
		return error_memory(err);
	*kept = *(const struct items *)state;
	kept->shared = true;
	reading->layers[layer->index] = kept;
	return 0;
}

static int read_layers(const struct image *image, const bool *wanted, struct items **layers,
		       struct error *err)
{
	struct reading reading = { wanted, layers };
	struct image_visitor visitor = {
		.context = &reading,
		.layer_begin = on_layer,
		.entry = on_entry,
		.data = on_data,
		.entry_end = on_entry_end,
		.layer_end = on_layer_end,
		.merge = on_merge,
		.merge_again = on_merge_again,
		.state_free = items_free,
	};

	return image_walk(image, &visitor, err);
}

/* --- differences --------------------------------------------------------------------------- */

static int copy_text(char **place, const char *text)
{
	*place = text != NULL ? strdup(text) : NULL;
	return text != NULL && *place == NULL ? -1 : 0;
}

static int add(struct diff_layer *layer, enum diff_field field, const char *path, const char *first,
	       const char *second, struct error *err)
{
	struct difference *difference;

	layer->counts[field]++;
	if (array_room(&layer->differences, layer->count, &layer->capacity, err) < 0)
		return -1;
	difference = &layer->differences[layer->count++];
	*difference = (struct difference) { .field = field };
	if (copy_text(&difference->path, path) < 0 || copy_text(&difference->first, first) < 0 ||
	    copy_text(&difference->second, second) < 0)
		return error_memory(err);
	return 0;
}

static const char *type_name(enum entry_type type)
{
	switch (type) {
	case ENTRY_FILE:
		return "file";
	case ENTRY_DIRECTORY:
		return "directory";
	case ENTRY_SYMLINK:
		return "symbolic link";
	case ENTRY_HARDLINK:
		return "hard link";
	case ENTRY_CHARACTER:
		return "character device";
	case ENTRY_BLOCK:
		return "block device";
	case ENTRY_FIFO:
		return "pipe";
	case ENTRY_WHITEOUT:
		return "whiteout";
	case ENTRY_OPAQUE:
		return "opaque marker";
	case ENTRY_OTHER:
		break;
	}
	return "other";
}

#define VALUE_MAX 160

static const char *time_text(int64_t seconds, char text[VALUE_MAX])
{
	time_t when = (time_t)seconds;
	struct tm parts;

	if (gmtime_r(&when, &parts) == NULL ||
	    strftime(text, VALUE_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		(void)snprintf(text, VALUE_MAX, "%" PRId64, seconds);
	return text;
}

static const char *field_text(const struct item *item, enum diff_field field, char text[VALUE_MAX])
{
	const struct entry *entry = &item->entry;
	char hex[DIGEST_TEXT_MAX];

	switch (field) {
	case DIFF_CONTENT:
		(void)snprintf(text, VALUE_MAX, "%" PRIu64 " bytes, %s", entry->size,
			       digest_text(&item->content, hex));
		return text;
	case DIFF_MODE:
		(void)snprintf(text, VALUE_MAX, "%04o", (unsigned)entry->mode);
		return text;
	case DIFF_OWNER:
		(void)snprintf(text, VALUE_MAX, "%" PRIu32 ":%" PRIu32, entry->uid, entry->gid);
		return text;
	case DIFF_TIME:
		return time_text(entry->mtime, text);
	case DIFF_TARGET:
		return item->target != NULL ? item->target : "";
	case DIFF_DEVICE:
		(void)snprintf(text, VALUE_MAX, "%" PRIu32 ":%" PRIu32, entry->device_major,
			       entry->device_minor);
		return text;
	case DIFF_TYPE:
	case DIFF_ONLY_FIRST:
	case DIFF_ONLY_SECOND:
	case DIFF_ORDER:
	case DIFF_STREAM:
	case DIFF_CONFIG:
	case DIFF_LAYER:
	case DIFF_FIELD_COUNT:
		break;
	}
	return type_name(entry->type);
}

static bool differs(const struct item *first, const struct item *second, enum diff_field field)
{
	const struct entry *a = &first->entry;
	const struct entry *b = &second->entry;
	const char *leads_a = first->target != NULL ? first->target : "";
	const char *leads_b = second->target != NULL ? second->target : "";

	switch (field) {
	case DIFF_TYPE:
		return a->type != b->type;
	case DIFF_CONTENT:
		return a->type == ENTRY_FILE && b->type == ENTRY_FILE &&
		       (a->size != b->size || !digest_equal(&first->content, &second->content));
	case DIFF_MODE:
		return a->mode != b->mode;
	case DIFF_OWNER:
		return a->uid != b->uid || a->gid != b->gid;
	case DIFF_TIME:
		return a->mtime != b->mtime;
	case DIFF_TARGET:
		return a->type == b->type && strcmp(leads_a, leads_b) != 0;
	case DIFF_DEVICE:
		return a->device_major != b->device_major || a->device_minor != b->device_minor;
	case DIFF_ONLY_FIRST:
	case DIFF_ONLY_SECOND:
	case DIFF_ORDER:
	case DIFF_STREAM:
	case DIFF_CONFIG:
	case DIFF_LAYER:
	case DIFF_FIELD_COUNT:
		break;
	}
	return false;
}

static int compare_entries(struct diff_layer *layer, const struct item *first,
			   const struct item *second, struct error *err)
{
	char text_first[VALUE_MAX];
	char text_second[VALUE_MAX];
	size_t before = layer->count;

	for (enum diff_field field = DIFF_TYPE; field <= DIFF_DEVICE; field++)
		if (differs(first, second, field) &&
		    add(layer, field, first->path, field_text(first, field, text_first),
			field_text(second, field, text_second), err) < 0)
			return -1;
	layer->entries_differ += layer->count > before;
	return 0;
}

static int only(struct diff_layer *layer, enum diff_field field, const struct item *item,
		struct error *err)
{
	char text[VALUE_MAX];
	const char *type = field_text(item, DIFF_TYPE, text);

	layer->entries_differ++;
	return add(layer, field, item->path, field == DIFF_ONLY_FIRST ? type : NULL,
		   field == DIFF_ONLY_SECOND ? type : NULL, err);
}

/* Those that both have, by their place in the first. */
struct place_pair {
	size_t first, second;
	const char *path;
};

static int by_place(const void *left, const void *right)
{
	const struct place_pair *a = left;
	const struct place_pair *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

static int compare_order(struct diff_layer *layer, struct place_pair *pairs, size_t count,
			 struct error *err)
{
	if (count == 0)
		return 0;
	qsort(pairs, count, sizeof *pairs, by_place);
	for (size_t i = 1; i < count; i++)
		if (pairs[i].second < pairs[i - 1].second)
			return add(layer, DIFF_ORDER, pairs[i].path, "behind",
				   "before the one that it follows in the first", err);
	return 0;
}

static int compare_layers(struct diff_layer *layer, const struct items *first,
			  const struct items *second, struct error *err)
{
	auto_free struct place_pair *pairs = calloc(first->count + 1, sizeof *pairs);
	size_t pair_count = 0;
	size_t i = 0;
	size_t j = 0;

	if (pairs == NULL)
		return error_memory(err);
	while (i < first->count || j < second->count) {
		int order = i == first->count ? 1
			    : j == second->count
				    ? -1
				    : strcmp(first->list[i].path, second->list[j].path);
		int result;

		if (order < 0) {
			result = only(layer, DIFF_ONLY_FIRST, &first->list[i], err);
		} else if (order > 0) {
			result = only(layer, DIFF_ONLY_SECOND, &second->list[j], err);
		} else {
			result = compare_entries(layer, &first->list[i], &second->list[j], err);
			pairs[pair_count++] =
				(struct place_pair) { first->list[i].order, second->list[j].order,
						      first->list[i].path };
		}
		if (result < 0)
			return -1;
		i += order <= 0;
		j += order >= 0;
	}
	if (compare_order(layer, pairs, pair_count, err) < 0)
		return -1;
	if (layer->count == 0)
		return add(layer, DIFF_STREAM, "", "the same entries", "in another archive", err);
	return 0;
}

/* --- which layers stand against each other ------------------------------------------------- */

static bool same_layer(const struct image *first, size_t i, const struct image *second, size_t j)
{
	return digest_equal(&image_layer(first, i)->diff_id, &image_layer(second, j)->diff_id);
}

/* lengths[i][j]: how many layers the ends from i and from j on have in common, in order. */
static int common_lengths(const struct image *first, const struct image *second,
			  unsigned **ret_lengths, struct error *err)
{
	size_t rows = image_layer_count(first) + 1;
	size_t columns = image_layer_count(second) + 1;
	unsigned *lengths = calloc(rows * columns, sizeof *lengths);

	if (lengths == NULL)
		return error_memory(err);
	for (size_t i = rows - 1; i-- > 0;)
		for (size_t j = columns - 1; j-- > 0;) {
			unsigned down = lengths[(i + 1) * columns + j];
			unsigned right = lengths[i * columns + j + 1];

			lengths[i * columns + j] = same_layer(first, i, second, j)
							   ? lengths[(i + 1) * columns + j + 1] + 1
						   : down > right ? down
								  : right;
		}
	*ret_lengths = lengths;
	return 0;
}

static void add_layer(struct diff *diff, const struct layer_info *first,
		      const struct layer_info *second, bool same)
{
	diff->layers[diff->layer_count++] =
		(struct diff_layer) { .first = first, .second = second, .same = same };
}

/* What lies between two layers that are the same: in their order, one against one. */
static void add_between(struct diff *diff, const struct image *first, size_t i, size_t i_end,
			const struct image *second, size_t j, size_t j_end)
{
	for (; i < i_end && j < j_end; i++, j++)
		add_layer(diff, image_layer(first, i), image_layer(second, j), false);
	for (; i < i_end; i++)
		add_layer(diff, image_layer(first, i), NULL, false);
	for (; j < j_end; j++)
		add_layer(diff, NULL, image_layer(second, j), false);
}

static int align(struct diff *diff, const struct image *first, const struct image *second,
		 struct error *err)
{
	size_t rows = image_layer_count(first);
	size_t columns = image_layer_count(second);
	auto_free unsigned *lengths = NULL;
	size_t i = 0;
	size_t j = 0;
	size_t i_begin = 0;
	size_t j_begin = 0;

	diff->layers = calloc(rows + columns + 1, sizeof *diff->layers);
	if (diff->layers == NULL)
		return error_memory(err);
	if (common_lengths(first, second, &lengths, err) < 0)
		return -1;
	while (i < rows && j < columns) {
		if (same_layer(first, i, second, j)) {
			add_between(diff, first, i_begin, i, second, j_begin, j);
			add_layer(diff, image_layer(first, i), image_layer(second, j), true);
			i_begin = ++i;
			j_begin = ++j;
		} else if (lengths[(i + 1) * (columns + 1) + j] >=
			   lengths[i * (columns + 1) + j + 1]) {
			i++;
		} else {
			j++;
		}
	}
	add_between(diff, first, i_begin, rows, second, j_begin, columns);
	return 0;
}

/* --- configurations ------------------------------------------------------------------------ */

/* "~" and "/" in names, RFC 6901. */
static char *pointer_to(const char *at, const char *name)
{
	char *pointer = malloc(strlen(at) + 2 * strlen(name) + 2);
	char *end = pointer;

	if (pointer == NULL)
		return NULL;
	end = stpcpy(end, at);
	*end++ = '/';
	for (; *name != '\0'; name++) {
		if (*name == '~' || *name == '/') {
			*end++ = '~';
			*end++ = *name == '~' ? '0' : '1';
		} else {
			*end++ = *name;
		}
	}
	*end = '\0';
	return pointer;
}

static int compare_json(struct diff_layer *config, const char *at, json_t *first, json_t *second,
			struct error *err);

static int compare_member(struct diff_layer *config, const char *at, const char *name,
			  json_t *first, json_t *second, struct error *err)
{
	auto_free char *pointer = pointer_to(at, name);

	if (pointer == NULL)
		return error_memory(err);
	return compare_json(config, pointer, first, second, err);
}

static int compare_objects(struct diff_layer *config, const char *at, json_t *first, json_t *second,
			   struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (first, name, value) {
		if (compare_member(config, at, name, value, json_object_get(second, name), err) < 0)
			return -1;
	}
	json_object_foreach (second, name, value) {
		if (json_object_get(first, name) == NULL &&
		    compare_member(config, at, name, NULL, value, err) < 0)
			return -1;
	}
	return 0;
}

static int compare_arrays(struct diff_layer *config, const char *at, json_t *first, json_t *second,
			  struct error *err)
{
	size_t count = json_array_size(first) > json_array_size(second) ? json_array_size(first)
									: json_array_size(second);

	for (size_t i = 0; i < count; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "%zu", i);
		if (compare_member(config, at, name, json_array_get(first, i),
				   json_array_get(second, i), err) < 0)
			return -1;
	}
	return 0;
}

/* null counts as absent, as everywhere. */
static int compare_json(struct diff_layer *config, const char *at, json_t *first, json_t *second,
			struct error *err)
{
	auto_free char *text_first = NULL;
	auto_free char *text_second = NULL;

	first = json_is_null(first) ? NULL : first;
	second = json_is_null(second) ? NULL : second;
	if (first == second || (first != NULL && second != NULL && json_equal(first, second)))
		return 0;
	if (json_is_object(first) && json_is_object(second))
		return compare_objects(config, at, first, second, err);
	if (json_is_array(first) && json_is_array(second))
		return compare_arrays(config, at, first, second, err);
	if (first != NULL &&
	    (text_first = json_dumps(first, JSON_ENCODE_ANY | JSON_COMPACT)) == NULL)
		return error_memory(err);
	if (second != NULL &&
	    (text_second = json_dumps(second, JSON_ENCODE_ANY | JSON_COMPACT)) == NULL)
		return error_memory(err);
	return add(config, DIFF_CONFIG, at, text_first, text_second, err);
}

/* The layers' digests are told as layers. */
static int compare_configurations(struct diff *diff, const struct image *first,
				  const struct image *second, struct error *err)
{
	json_t *a = json_copy(image_configuration(first)->document);
	json_t *b = json_copy(image_configuration(second)->document);
	int result = -1;

	if (a == NULL || b == NULL) {
		(void)error_memory(err);
	} else {
		(void)json_object_del(a, "rootfs");
		(void)json_object_del(b, "rootfs");
		result = compare_json(&diff->config, "", a, b, err);
	}
	json_decref(a);
	json_decref(b);
	return result;
}

/* --- all of it ----------------------------------------------------------------------------- */

static int add_whole_layer(struct diff_layer *layer, struct error *err)
{
	const struct layer_info *info = layer->first != NULL ? layer->first : layer->second;
	char text[DIGEST_TEXT_MAX];
	const char *id = digest_text(&info->diff_id, text);

	return add(layer, DIFF_LAYER, "", layer->first != NULL ? id : NULL,
		   layer->second != NULL ? id : NULL, err);
}

/* What is read of the two images; items[0] is the first's. */
struct both {
	struct items **items[2];
	bool *wanted[2];
	size_t count[2];
};

static void both_release(struct both *both)
{
	for (size_t side = 0; side < 2; side++) {
		for (size_t i = 0; both->items[side] != NULL && i < both->count[side]; i++)
			items_free(both->items[side][i]);
		free(both->items[side]);
		free(both->wanted[side]);
	}
}

/* A layer that the image has more than once is read at its first place. */
static void want_twins(bool *wanted, const struct image *image)
{
	size_t count = image_layer_count(image);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; wanted[i] && j < count; j++)
			wanted[j] = wanted[j] || same_layer(image, i, image, j);
}

static int both_init(struct both *both, const struct diff *diff, const struct image *first,
		     const struct image *second, struct error *err)
{
	both->count[0] = image_layer_count(first);
	both->count[1] = image_layer_count(second);
	for (size_t side = 0; side < 2; side++) {
		both->items[side] = calloc(both->count[side] + 1, sizeof *both->items[side]);
		both->wanted[side] = calloc(both->count[side] + 1, sizeof *both->wanted[side]);
		if (both->items[side] == NULL || both->wanted[side] == NULL)
			return error_memory(err);
	}
	for (size_t i = 0; i < diff->layer_count; i++) {
		const struct diff_layer *layer = &diff->layers[i];

		if (!layer->same && layer->first != NULL && layer->second != NULL) {
			both->wanted[0][layer->first->index] = true;
			both->wanted[1][layer->second->index] = true;
		}
	}
	want_twins(both->wanted[0], first);
	want_twins(both->wanted[1], second);
	return 0;
}

static int compare_pairs(struct diff *diff, const struct both *both, struct error *err)
{
	for (size_t i = 0; i < diff->layer_count; i++) {
		struct diff_layer *layer = &diff->layers[i];
		int result = 0;

		if (layer->same)
			continue;
		if (layer->first == NULL || layer->second == NULL)
			result = add_whole_layer(layer, err);
		else
			result = compare_layers(layer, both->items[0][layer->first->index],
						both->items[1][layer->second->index], err);
		if (result < 0)
			return -1;
	}
	return 0;
}

static void apply_ignored(struct diff *diff, struct diff_layer *layer,
			  const bool ignore[DIFF_FIELD_COUNT])
{
	for (size_t i = 0; i < layer->count; i++) {
		layer->differences[i].ignored = ignore[layer->differences[i].field];
		diff->counted += !layer->differences[i].ignored;
		diff->ignored += layer->differences[i].ignored;
	}
}

int diff_images(const struct image *first, const struct image *second,
		const bool ignore[DIFF_FIELD_COUNT], struct diff *ret_diff, struct error *err)
{
	auto_diff struct diff diff = { 0 };
	struct both both = { 0 };
	int result = -1;

	if (align(&diff, first, second, err) == 0 &&
	    both_init(&both, &diff, first, second, err) == 0 &&
	    read_layers(first, both.wanted[0], both.items[0], err) == 0 &&
	    read_layers(second, both.wanted[1], both.items[1], err) == 0 &&
	    compare_pairs(&diff, &both, err) == 0 &&
	    compare_configurations(&diff, first, second, err) == 0)
		result = 0;
	both_release(&both);
	if (result < 0)
		return -1;
	apply_ignored(&diff, &diff.config, ignore);
	for (size_t i = 0; i < diff.layer_count; i++)
		apply_ignored(&diff, &diff.layers[i], ignore);
	*ret_diff = diff;
	diff = (struct diff) { 0 };
	return 0;
}

static void layer_release(struct diff_layer *layer)
{
	for (size_t i = 0; i < layer->count; i++) {
		free(layer->differences[i].path);
		free(layer->differences[i].first);
		free(layer->differences[i].second);
	}
	free(layer->differences);
}

void diff_release(struct diff *diff)
{
	for (size_t i = 0; i < diff->layer_count; i++)
		layer_release(&diff->layers[i]);
	layer_release(&diff->config);
	free(diff->layers);
	*diff = (struct diff) { 0 };
}

/* --- causes -------------------------------------------------------------------------------- */

static const struct {
	const char *begins, *ends;
	const char *cause;
} causes[] = {
	{ "", ".pyc",
	  "byte code holds its source's time: compile with --invalidation-mode checked-hash" },
	{ "var/log/", "", "a log of the build: remove it in the step that writes it" },
	{ "var/cache/ldconfig/aux-cache", "",
	  "ldconfig's cache: remove it in the step that runs it" },
	{ "var/lib/apt/lists/", "", "apt's lists: remove them in the step that fetches them" },
	{ "var/lib/rpm/", "", "rpm's data base holds times of installation" },
	{ "etc/machine-id", "", "made at random: leave it empty" },
	{ "etc/shadow", "", "holds the day of the last change" },
	{ "tmp/", "", "left behind by the build" },
	{ "", ".a", "archives hold times: build with a deterministic ar" },
	{ "", ".jar", "archives hold times: set the build's output timestamp" },
	{ "", ".gz", "gzip holds a time: compress with -n" },
};

const char *diff_cause(const struct difference *difference)
{
	if (difference->field == DIFF_TIME)
		return "times of the build: set SOURCE_DATE_EPOCH, and have the builder rewrite them";
	if (difference->field != DIFF_CONTENT && difference->field != DIFF_ONLY_FIRST &&
	    difference->field != DIFF_ONLY_SECOND)
		return NULL;
	for (size_t i = 0; i < array_size(causes); i++)
		if (text_starts(difference->path, causes[i].begins) &&
		    text_ends(difference->path, causes[i].ends))
			return causes[i].cause;
	return NULL;
}
