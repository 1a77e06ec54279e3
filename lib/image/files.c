#include "config.h"

#include "image/files.h"

#include <string.h>

#include "base/array.h"
#include "base/buf.h"

/* As many as Linux follows. */
#define LINKS_MAX 40

/* One entry of a layer. */
struct record {
	char *path;
	size_t order; /* of several with one path, the last counts */
	enum entry_type type;
	uint32_t mode, uid, gid;
	uint64_t size;
	char *target;
	char *data;
	size_t data_size;
};

struct records {
	struct record *items;
	size_t count;
	size_t capacity;
};

struct files {
	struct rootfs *rootfs;
	struct records *layers;
	size_t layer_count;
	const char *const *paths; /* while it reads */
};

/* What one thread gathers of one layer. */
struct gathering {
	const struct files *files;
	struct changes *changes;
	struct records records;
	struct buf data; /* of the file that is being read */
	size_t data_max;
};

static void records_release(struct records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		free(records->items[i].path);
		free(records->items[i].target);
		free(records->items[i].data);
	}
	free(records->items);
	*records = (struct records) { 0 };
}

void files_free(struct files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->layer_count; i++)
		records_release(&files->layers[i]);
	free(files->layers);
	rootfs_free(files->rootfs);
	free(files);
}

static void gathering_free(void *state)
{
	struct gathering *gathering = state;

	if (gathering == NULL)
		return;
	changes_free(gathering->changes);
	records_release(&gathering->records);
	buf_release(&gathering->data);
	free(gathering);
}

static int gathering_begin(const void *context, unused_arg const struct layer_info *layer,
			   void **ret_state, struct error *err)
{
	struct gathering *gathering = calloc(1, sizeof *gathering);

	if (gathering == NULL)
		return error_memory(err);
	gathering->files = context;
	buf_init(&gathering->data, FILES_CONTENT_MAX);
	if (changes_new(&gathering->changes, err) < 0) {
		gathering_free(gathering);
		return -1;
	}
	*ret_state = gathering;
	return 0;
}

static bool is_wanted(const struct files *files, const char *path)
{
	for (size_t i = 0; files->paths[i] != NULL; i++)
		if (strcmp(files->paths[i], path) == 0)
			return true;
	return false;
}

static int record_set(struct record *record, const struct entry *entry, size_t order,
		      struct error *err)
{
	*record = (struct record) {
		.path = strdup(entry->path),
		.order = order,
		.type = entry->type,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.size = entry->size,
		.target = entry->target != NULL ? strdup(entry->target) : NULL,
	};
	return record->path != NULL && (entry->target == NULL || record->target != NULL)
		       ? 0
		       : error_memory(err);
}

static enum walk_step gathering_entry(void *state, const struct entry *entry, struct error *err)
{
	struct gathering *gathering = state;
	struct records *records = &gathering->records;

	if (changes_add(gathering->changes, entry, err) < 0)
		return WALK_FAILED;
	if (entry->unsafe || entry->type == ENTRY_WHITEOUT || entry->type == ENTRY_OPAQUE ||
	    entry->type == ENTRY_OTHER)
		return WALK_NEXT;
	if (array_room(&records->items, records->count, &records->capacity, err) < 0)
		return WALK_FAILED;
	records->count++;
	if (record_set(&records->items[records->count - 1], entry, records->count, err) < 0)
		return WALK_FAILED;
	if (entry->type != ENTRY_FILE)
		return WALK_NEXT;
	buf_clear(&gathering->data);
	gathering->data_max = is_wanted(gathering->files, entry->path) ? FILES_CONTENT_MAX
			      : (entry->mode & 0111) != 0	       ? FILES_HEAD_MAX
								       : 0;
	return gathering->data_max > 0 ? WALK_DATA : WALK_NEXT;
}

static enum walk_step gathering_data(void *state, const void *data, size_t size,
				     unused_arg struct error *err)
{
	struct gathering *gathering = state;
	size_t room = gathering->data_max - gathering->data.size;

	buf_add(&gathering->data, data, size < room ? size : room);
	return gathering->data.size < gathering->data_max ? WALK_DATA : WALK_NEXT;
}

static int gathering_entry_end(void *state, struct error *err)
{
	struct gathering *gathering = state;
	struct record *record = &gathering->records.items[gathering->records.count - 1];
	/* of programs, those that name an interpreter are of interest */
	bool keeps = gathering->data_max == FILES_CONTENT_MAX ||
		     strncmp(gathering->data.data, "#!", 2) == 0;

	if (buf_check(&gathering->data, "a file", err) < 0)
		return -1;
	if (!keeps || gathering->data.size == 0)
		return 0;
	record->data = malloc(gathering->data.size + 1);
	if (record->data == NULL)
		return error_memory(err);
	memcpy(record->data, gathering->data.data, gathering->data.size + 1);
	record->data_size = gathering->data.size;
	return 0;
}

static int compare_records(const void *a, const void *b)
{
	const struct record *one = a;
	const struct record *other = b;
	int result = strcmp(one->path, other->path);

	return result != 0 ? result : (one->order > other->order) - (one->order < other->order);
}

static int gathering_end(void *state, unused_arg const struct layer_totals *totals,
			 unused_arg struct error *err)
{
	struct records *records = &((struct gathering *)state)->records;

	if (records->count > 0)
		qsort(records->items, records->count, sizeof *records->items, compare_records);
	return 0;
}

/* A stream's layers are known in the end only. */
static int keep_layer(struct files *files, size_t index, const struct records *records,
		      struct error *err)
{
	if (index >= files->layer_count) {
		struct records *layers =
			reallocarray(files->layers, index + 1, sizeof *files->layers);

		if (layers == NULL)
			return error_memory(err);
		memset(layers + files->layer_count, 0,
		       (index + 1 - files->layer_count) * sizeof *layers);
		files->layers = layers;
		files->layer_count = index + 1;
	}
	files->layers[index] = *records;
	return 0;
}

static int merge(void *context, const struct layer_info *layer, void *state, struct error *err)
{
	struct files *files = context;
	struct gathering *gathering = state;

	if (rootfs_apply(files->rootfs, layer->index, gathering->changes, err) < 0 ||
	    keep_layer(files, layer->index, &gathering->records, err) < 0)
		return -1;
	gathering->records = (struct records) { 0 };
	return 0;
}

static int record_copy(const struct record *record, struct record *ret_copy, struct error *err)
{
	*ret_copy = *record;
	ret_copy->path = strdup(record->path);
	ret_copy->target = record->target != NULL ? strdup(record->target) : NULL;
	ret_copy->data = record->data != NULL ? malloc(record->data_size + 1) : NULL;
	if (ret_copy->path == NULL || (record->target != NULL && ret_copy->target == NULL) ||
	    (record->data != NULL && ret_copy->data == NULL))
		return error_memory(err);
	if (record->data != NULL)
		memcpy(ret_copy->data, record->data, record->data_size + 1);
	return 0;
}

static int merge_again(void *context, const struct layer_info *layer, void *state,
		       struct error *err)
{
	struct files *files = context;
	const struct gathering *gathering = state;
	auto_changes struct changes *changes = NULL;
	struct records copy = { 0 };
	int result = 0;

	copy.items = calloc(gathering->records.count + 1, sizeof *copy.items);
	if (copy.items == NULL)
		return error_memory(err);
	while (result == 0 && copy.count < gathering->records.count) {
		result = record_copy(&gathering->records.items[copy.count], &copy.items[copy.count],
				     err);
		copy.count++;
	}
	if (result < 0 || changes_copy(gathering->changes, &changes, err) < 0 ||
	    rootfs_apply(files->rootfs, layer->index, changes, err) < 0 ||
	    keep_layer(files, layer->index, &copy, err) < 0) {
		records_release(&copy);
		return -1;
	}
	return 0;
}

/* The last entry of that path in the layer, or NULL. */
static const struct record *find_in_layer(const struct files *files, size_t layer, const char *path)
{
	const struct records *records = &files->layers[layer];
	size_t low = 0;
	size_t high = records->count;

	/* the first that is behind the path */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(records->items[middle].path, path) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && strcmp(records->items[low - 1].path, path) == 0 ? &records->items[low - 1]
									  : NULL;
}

/* What made the path, which is there: the entry of the highest layer that has one. A hard link is
 * what it was a link of then. */
static const struct record *find_record(const struct files *files, const char *path)
{
	const struct record *record = NULL;
	size_t layer = files->layer_count;

	if (layer-- == 0)
		return NULL;
	for (unsigned links = 0; links < LINKS_MAX; links++) {
		while ((record = find_in_layer(files, layer, path)) == NULL && layer > 0)
			layer--;
		if (record == NULL || record->type != ENTRY_HARDLINK)
			return record;
		path = record->target;
	}
	return NULL;
}

static void facts_of(const struct files *files, uint32_t number, const char *path,
		     struct file_facts *ret_facts)
{
	struct rootfs_node node = rootfs_node(files->rootfs, number);
	bool is_directory = node.type == ROOTFS_DIRECTORY;
	const struct record *record = find_record(files, path);

	*ret_facts = (struct file_facts) { .type = node.type, .mode = is_directory ? 0755 : 0644 };
	/* what no entry names is a folder of root's */
	if (record == NULL || (record->type == ENTRY_DIRECTORY) != is_directory)
		return;
	ret_facts->mode = record->mode;
	ret_facts->uid = record->uid;
	ret_facts->gid = record->gid;
	ret_facts->size = record->size;
	ret_facts->target = node.type == ROOTFS_SYMLINK ? record->target : NULL;
	ret_facts->data = record->data;
	ret_facts->data_size = record->data_size;
}

/* One component more; ".." one less. */
static void step(struct buf *path, const char *name, size_t size)
{
	if (size == 0 || (size == 1 && name[0] == '.'))
		return;
	if (size == 2 && memcmp(name, "..", 2) == 0) {
		const char *slash = strrchr(path->data, '/');

		buf_truncate(path, slash != NULL ? (size_t)(slash - path->data) : 0);
		return;
	}
	if (path->size > 0)
		buf_add_char(path, '/');
	buf_add(path, name, size);
}

int files_find(const struct files *files, const char *path, bool follow,
	       struct file_facts *ret_facts, char **ret_path, struct error *err)
{
	auto_buf struct buf done; /* without links */
	auto_buf struct buf rest;
	struct file_facts facts = { .type = ROOTFS_DIRECTORY, .mode = 0755 };
	unsigned links = 0;

	buf_init(&done, BUF_MAX_DEFAULT);
	buf_init(&rest, BUF_MAX_DEFAULT);
	buf_add_string(&done, "");
	buf_add_string(&rest, path);
	while (rest.size > 0) {
		size_t size = strcspn(rest.data, "/");
		size_t before = done.size;
		bool last = strspn(rest.data + size, "/") == rest.size - size;
		auto_free char *behind = strdup(rest.data + size);
		uint32_t node;

		if (behind == NULL)
			return error_memory(err);
		step(&done, rest.data, size);
		if (buf_check(&done, "a path", err) < 0 || buf_check(&rest, "a path", err) < 0)
			return -1;
		node = tree_find_path(rootfs_tree(files->rootfs), done.data);
		if (node == TREE_NONE || rootfs_node(files->rootfs, node).type == ROOTFS_ABSENT)
			return 0;
		facts_of(files, node, done.data, &facts);
		buf_clear(&rest);
		if (facts.type == ROOTFS_SYMLINK && (!last || follow)) {
			if (facts.target == NULL || ++links > LINKS_MAX)
				return 0;
			buf_truncate(&done, facts.target[0] == '/' ? 0 : before);
			buf_add_string(&rest, facts.target);
			buf_add_string(&rest, behind);
			continue;
		}
		if (!last && facts.type != ROOTFS_DIRECTORY)
			return 0;
		buf_add_string(&rest, behind + (behind[0] == '/'));
	}
	if (ret_path != NULL && asprintf(ret_path, "/%s", done.data) < 0)
		return error_memory(err);
	*ret_facts = facts;
	return 1;
}

bool files_next(const struct files *files, uint32_t *cursor, struct buf *path,
		struct file_facts *ret_facts)
{
	while (++*cursor < rootfs_count(files->rootfs)) {
		if (rootfs_node(files->rootfs, *cursor).type == ROOTFS_ABSENT)
			continue;
		buf_clear(path);
		buf_add_char(path, '/');
		tree_path(rootfs_tree(files->rootfs), *cursor, path);
		facts_of(files, *cursor, path->data + 1, ret_facts);
		return true;
	}
	return false;
}

static int read_once(const struct image *image, const char *const *paths, struct files **ret_files,
		     struct error *err)
{
	auto_files struct files *files = calloc(1, sizeof *files);
	struct image_visitor visitor = {
		.context = files,
		.layer_begin = gathering_begin,
		.entry = gathering_entry,
		.data = gathering_data,
		.entry_end = gathering_entry_end,
		.layer_end = gathering_end,
		.merge = merge,
		.merge_again = merge_again,
		.state_free = gathering_free,
	};

	if (files == NULL)
		return error_memory(err);
	files->paths = paths;
	if (rootfs_new(&files->rootfs, err) < 0 || image_walk(image, &visitor, err) < 0 ||
	    rootfs_finish(files->rootfs, err) < 0)
		return -1;
	files->paths = NULL;
	*ret_files = steal(&files);
	return 0;
}

/* A wanted file may be a link of another name, whose content nobody knew to be wanted: 1, and that
 * name. */
static int find_hidden(const struct files *files, const char *path, char **ret_name,
		       struct error *err)
{
	struct file_facts facts;
	auto_free char *real = NULL;
	const struct record *record;
	int found = files_find(files, path, true, &facts, &real, err);

	if (found <= 0 || facts.type != ROOTFS_FILE || facts.size == 0 || facts.data != NULL)
		return found < 0 ? -1 : 0;
	record = find_record(files, real + 1);
	*ret_name = record != NULL ? strdup(record->path) : NULL;
	return *ret_name != NULL ? 1 : error_memory(err);
}

int files_read(const struct image *image, const char *const *paths, struct files **ret_files,
	       struct error *err)
{
	auto_files struct files *files = NULL;
	const char *wanted[2 * FILES_PATHS_MAX + 1] = { NULL };
	char *names[FILES_PATHS_MAX] = { NULL };
	size_t count = 0;
	size_t hidden = 0;
	bool passes = image_is_pending(image);
	int result = read_once(image, paths, &files, err);

	while (result == 0 && paths[count] != NULL && count < FILES_PATHS_MAX) {
		result = find_hidden(files, paths[count], &names[hidden], err);
		wanted[count] = paths[count];
		count++;
		if (result > 0) {
			hidden++;
			result = 0;
		}
	}
	for (size_t i = 0; i < hidden; i++)
		wanted[count + i] = names[i];
	if (result == 0 && hidden > 0 && passes)
		result = error_set(
			err, ERROR_INPUT,
			"/%s is another name of what is wanted, and a stream is read once: "
			"give the image as a file",
			names[0]);
	if (result == 0 && hidden > 0) {
		files_free(steal(&files));
		result = read_once(image, wanted, &files, err);
	}
	for (size_t i = 0; i < hidden; i++)
		free(names[i]);
	if (result < 0)
		return -1;
	*ret_files = steal(&files);
	return 0;
}
