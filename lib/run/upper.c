#include "config.h"

#include "run/upper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "run/inroot.h"
#include "run/rootcache.h"
#include "run/writes.h"

static int add(struct write_list *list, const struct buf *path, const struct stat *st, bool there,
	       struct error *err)
{
	uint64_t bytes = S_ISREG(st->st_mode) && st->st_size > 0 ? (uint64_t)st->st_size : 0;

	/* a whiteout of an overlay */
	if (S_ISCHR(st->st_mode) && st->st_rdev == 0)
		return writes_add(list, path->data, "deleted", 0, err);
	return writes_add(list, path->data, there ? "changed" : "made", bytes, err);
}

/* What differs from the image; `lower` is the image's folder, -1 where it has none. */
static int collect(struct write_list *list, int upper, int lower, struct buf *path,
		   struct error *err)
{
	DIR *directory = fdopendir(upper);
	const struct dirent *item;
	size_t size = path->size;
	int result = 0;

	if (directory == NULL) {
		(void)close(upper);
		return 0;
	}
	while (result == 0 && (item = readdir(directory)) != NULL) {
		struct stat st;
		struct stat old;
		bool there;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
		    fstatat(dirfd(directory), item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		buf_add_char(path, '/');
		buf_add_string(path, item->d_name);
		result = buf_check(path, "a path", err);
		there = lower >= 0 && fstatat(lower, item->d_name, &old, AT_SYMLINK_NOFOLLOW) == 0;
		/* one that the image has is there only because of what lies below it */
		if (result == 0 && !(S_ISDIR(st.st_mode) && there))
			result = add(list, path, &st, there, err);
		if (result == 0 && S_ISDIR(st.st_mode)) {
			int below = openat(dirfd(directory), item->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			auto_fd int below_lower =
				there ? openat(lower, item->d_name,
					       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				      : -1;

			if (below >= 0)
				result = collect(list, below, below_lower, path, err);
		}
		buf_truncate(path, size);
	}
	(void)closedir(directory);
	return result;
}

/* Among the first `count` of the list, which are sorted. */
static struct write_record *find(struct write_list *list, size_t count, const char *path)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(list->items[middle].path, path);

		if (order == 0)
			return &list->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int take_writer(struct write_record *record, const struct attempt *attempt,
		       struct error *err)
{
	if (record->call != NULL)
		return 0;
	record->call = attempt->call;
	record->process = attempt->process != NULL ? strdup(attempt->process) : NULL;
	record->executable = attempt->executable != NULL ? strdup(attempt->executable) : NULL;
	return (attempt->process != NULL && record->process == NULL) ||
			       (attempt->executable != NULL && record->executable == NULL)
		       ? error_memory(err)
		       : 0;
}

/* What was seen being written and is not in the upper directory. */
static int add_unlisted(struct write_list *list, const struct attempts *written, int lower,
			struct error *err)
{
	size_t listed = list->count;

	writes_sort(list);
	for (size_t i = 0; i < written->count; i++) {
		const struct attempt *attempt = &written->items[i];
		auto_fd int fd = -1;

		if (!attempt->on_root || find(list, listed, attempt->path) != NULL)
			continue;
		fd = inroot_open(lower, attempt->path, O_PATH | O_NOFOLLOW, 0);
		if (writes_add(list, attempt->path, fd >= 0 ? "changed" : "temporary", 0, err) < 0)
			return -1;
	}
	writes_sort(list);
	return 0;
}

static int add_writers(struct write_list *list, const struct attempts *written, struct error *err)
{
	for (size_t i = 0; i < written->count; i++) {
		struct write_record *record = find(list, list->count, written->items[i].path);

		if (record != NULL && take_writer(record, &written->items[i], err) < 0)
			return -1;
	}
	return 0;
}

static int add_instructions(struct write_list *list, const struct plan *plan,
			    const struct image *image, struct error *err)
{
	auto_buf struct buf folders;

	buf_init(&folders, ROOTCACHE_FOLDERS_MAX);
	/* a cache may have been made before there was such a list */
	if (rootcache_folders(plan->directory, &folders, NULL) < 0)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		struct write_record *record = &list->items[i];
		size_t layer;

		if (!rootcache_layer_of(&folders, record->path, &layer) ||
		    layer >= image_layer_count(image) ||
		    image_layer(image, layer)->instruction[0] == '\0')
			continue;
		record->instruction = strdup(image_layer(image, layer)->instruction);
		if (record->instruction == NULL)
			return error_memory(err);
	}
	return 0;
}

int upper_collect(struct write_list *list, int upper, const struct plan *plan,
		  const struct image *image, const struct container_record *record,
		  struct error *err)
{
	auto_buf struct buf path;
	auto_free char *root_path = NULL;
	auto_fd int lower = -1;
	const char *const *const mounts[] = {
		(const char *const *)plan->volumes.items,
		(const char *const *)plan->tmpfs.items,
		(const char *const *)plan->read_only_paths.items,
	};

	buf_init(&path, (size_t)PATH_MAX * 4);
	if (asprintf(&root_path, "%s/root", plan->directory) < 0) {
		root_path = NULL;
		(void)close(upper);
		return error_memory(err);
	}
	lower = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (collect(list, upper, lower, &path, err) < 0 ||
	    add_unlisted(list, &record->trace.written, lower, err) < 0)
		return -1;
	for (size_t i = 0; i < array_size(mounts); i++)
		writes_drop_mounts(list, mounts[i]);
	writes_drop_own(list, record->working_dir);
	writes_sort(list);
	if (add_writers(list, &record->trace.written, err) < 0)
		return -1;
	return add_instructions(list, plan, image, err);
}
