#include "config.h"

#include "run/writes.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/doc.h"

#define CHANGE_KINDS 3

int writes_add(struct write_list *list, const char *path, const char *what, uint64_t bytes,
	       struct error *err)
{
	struct write_record *items;
	char *copy;

	if (list->count == WRITES_MAX)
		return 0;
	items = reallocarray(list->items, list->count + 1, sizeof *items);
	if (items == NULL)
		return error_memory(err);
	list->items = items;
	copy = strdup(path);
	if (copy == NULL)
		return error_memory(err);
	items[list->count++] = (struct write_record) { .path = copy, .what = what, .bytes = bytes };
	return 0;
}

static void record_release(struct write_record *record)
{
	free(record->path);
	free(record->process);
	free(record->executable);
	free(record->instruction);
}

void writes_release(struct write_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		record_release(&list->items[i]);
	free(list->items);
	*list = (struct write_list) { 0 };
}

/* `path` is `other`, or a folder above it. */
static bool holds(const char *path, const char *other)
{
	size_t length = strlen(path);

	return strncmp(other, path, length) == 0 && (other[length] == '/' || other[length] == '\0');
}

static void drop_at(struct write_list *list, size_t i)
{
	record_release(&list->items[i]);
	memmove(&list->items[i], &list->items[i + 1],
		(list->count - i - 1) * sizeof list->items[i]);
	list->count--;
}

static void drop_holders(struct write_list *list, const char *mount)
{
	for (size_t i = list->count; i-- > 0;)
		if (holds(list->items[i].path, mount))
			drop_at(list, i);
}

void writes_drop_mounts(struct write_list *list, const char *const *mounts)
{
	for (size_t i = 0; mounts != NULL && mounts[i] != NULL; i++)
		drop_holders(list, mounts[i]);
}

static bool is_made(const struct write_list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].what, "made") == 0 && holds(list->items[i].path, path))
			return true;
	return false;
}

void writes_drop_own(struct write_list *list, const char *working_dir)
{
	static const char *const own[] = {
		"/proc",
		"/sys",
		"/dev",
		"/etc",
		"/run",
		"/etc/hosts",
		"/etc/hostname",
		"/etc/resolv.conf",
		"/etc/mtab",
		"/.dockerenv",
		"/run/.containerenv",
		"/run/secrets",
		"/dev/console",
		"/dev/pts",
		"/dev/shm",
		"/dev/mqueue",
	};

	for (size_t i = list->count; i-- > 0;)
		for (size_t k = 0; k < array_size(own); k++)
			if (strcmp(list->items[i].path, own[k]) == 0) {
				drop_at(list, i);
				break;
			}
	/* one that the image has is nobody's business but the program's */
	if (working_dir != NULL && is_made(list, working_dir))
		drop_holders(list, working_dir);
}

static int compare_records(const void *a, const void *b)
{
	const struct write_record *one = a;
	const struct write_record *other = b;

	return strcmp(one->path, other->path);
}

void writes_sort(struct write_list *list)
{
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->items, list->count, sizeof *list->items, compare_records);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && compare_records(&list->items[kept - 1], &list->items[i]) == 0)
			record_release(&list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Something of the sorted `paths` lies below `path`. */
static bool is_above_another(const char *const *paths, size_t count, const char *path)
{
	size_t length = strlen(path);
	size_t low = 0;
	size_t high = count;

	/* the first that is not before "PATH/" */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = paths[middle];
		int order = strncmp(other, path, length);

		if (order < 0 || (order == 0 && other[length] < '/'))
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && strncmp(paths[low], path, length) == 0 && paths[low][length] == '/';
}

/* What is wrong with any of them is told before the first is taken. */
static int changes_check(const json_t *changes, const char **paths, struct error *err)
{
	const json_t *item;
	size_t i;

	json_array_foreach (changes, i, item) {
		uint64_t kind = CHANGE_KINDS;

		if (!json_is_object(item))
			return error_set(err, ERROR_ENGINE, "a change is no object");
		if (doc_string(item, "change", "Path", DOC_REQUIRED, &paths[i], err) < 0 ||
		    doc_size(item, "change", "Kind", DOC_REQUIRED, &kind, err) < 0)
			return -1;
		if (kind >= CHANGE_KINDS)
			return error_set(err, ERROR_ENGINE, "a change of an unknown kind");
	}
	return 0;
}

int writes_of_changes(struct write_list *list, const json_t *changes, struct error *err)
{
	static const char *const kinds[CHANGE_KINDS] = { "changed", "made", "deleted" };
	auto_free const char **paths = NULL;
	const json_t *item;
	size_t count;
	size_t i;

	if (changes == NULL || json_is_null(changes))
		return 0;
	if (!json_is_array(changes))
		return error_set(err, ERROR_ENGINE, "the list of changes is no list");
	count = json_array_size(changes);
	paths = calloc(count + 1, sizeof *paths);
	if (paths == NULL)
		return error_memory(err);
	if (changes_check(changes, paths, err) < 0)
		return -1;
	qsort(paths, count, sizeof *paths, compare_texts);
	json_array_foreach (changes, i, item) {
		const char *path = json_string_value(json_object_get(item, "Path"));
		json_int_t kind = json_integer_value(json_object_get(item, "Kind"));

		if (kind == 0 && is_above_another(paths, count, path))
			continue;
		if (writes_add(list, path, kinds[kind], 0, err) < 0)
			return -1;
	}
	return 0;
}

static bool is_listed_below(const struct write_list *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (holds(path, list->items[i].path))
			return true;
	return false;
}

static bool is_since(const struct stat *st, uint64_t since)
{
	return st->st_mtim.tv_sec > 0 && (uint64_t)st->st_mtim.tv_sec * UINT64_C(1000000000) +
							 (uint64_t)st->st_mtim.tv_nsec >=
						 since;
}

/* Folders only, their own names in `path`. `parent` is left open. */
static int upper_walk(struct write_list *list, int parent, const char *name, struct buf *path,
		      uint64_t since, struct error *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *item;
	size_t size = path->size;
	struct stat st;
	int result = 0;

	if (folder == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	while (result == 0 && (item = readdir(folder)) != NULL) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
		    fstatat(fd, item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			continue;
		buf_add_char(path, '/');
		buf_add_string(path, item->d_name);
		result = buf_check(path, "a path", err);
		if (result == 0)
			result = upper_walk(list, fd, item->d_name, path, since, err);
		if (result == 0 && is_since(&st, since) && !is_listed_below(list, path->data))
			result = writes_add(list, path->data, "changed", 0, err);
		buf_truncate(path, size);
	}
	(void)closedir(folder);
	return result;
}

int writes_of_upper(struct write_list *list, const char *upper, uint64_t since, struct error *err)
{
	auto_buf struct buf path;

	buf_init(&path, PATH_MAX);
	return upper_walk(list, AT_FDCWD, upper, &path, since, err);
}
