/*
 * Prints the paths of an image's merged file system, byte-sorted, one a line, raw.
 * For tests that compare them with lists that others made:
 * rootfs-paths [--platform OS/ARCH] IMAGE. Exit 2 where the image is refused.
 */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "check/size.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int print_paths(const struct rootfs *rootfs, struct error *err)
{
	size_t count = 0;
	auto_free char **paths = calloc(rootfs_count(rootfs), sizeof *paths);

	if (paths == NULL)
		return error_memory(err);
	for (uint32_t i = 1; i < rootfs_count(rootfs); i++) {
		struct buf path;

		if (rootfs_node(rootfs, i).type == ROOTFS_ABSENT)
			continue;
		buf_init(&path, BUF_MAX_DEFAULT);
		tree_path(rootfs_tree(rootfs), i, &path);
		paths[count] = buf_detach(&path);
		if (paths[count++] == NULL)
			return error_memory(err);
	}
	qsort(paths, count, sizeof *paths, compare);
	for (size_t i = 0; i < count; i++) {
		(void)puts(paths[i]);
		free(paths[i]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct image_options options = { .platform = NULL };
	auto_image struct image *image = NULL;
	auto_size struct size *size = NULL;
	struct error err = ERROR_INIT;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (argc > 2 && strcmp(argv[1], "--platform") == 0) {
		options.platform = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc != 2)
		return 2;
	if (image_open(argv[1], &options, &image, &err) < 0 ||
	    size_of_image(image, &size, &err) < 0 || print_paths(size->rootfs, &err) < 0) {
		(void)fprintf(stderr, "rootfs-paths: %s\n", err.text);
		return 2;
	}
	return 0;
}
