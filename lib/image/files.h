/*
 * Floor 2. The final file system of an image, with what each file is: whose, with which mode, where
 * a link leads, and the beginnings of some.
 *
 * Paths are resolved as in a container: links are followed inside of the root, and ".." in the root
 * is the root.
 */
#ifndef IMAGE_FILES_H
#define IMAGE_FILES_H

#include "image/image.h"
#include "image/rootfs.h"

/* Of a file whose content is wanted; larger ones are cut there. */
#define FILES_CONTENT_MAX ((size_t)1 << 20)
/* Of a program: enough for the line that names its interpreter. */
#define FILES_HEAD_MAX ((size_t)256)
/* More are not looked for. */
#define FILES_PATHS_MAX 16

struct file_facts {
	enum rootfs_type type;
	uint32_t mode; /* permission bits with set-uid, set-gid, sticky */
	uint32_t uid, gid;
	uint64_t size;	    /* of a regular file, in bytes */
	const char *target; /* of a symbolic link, as it is written; else NULL */
	const char *data;   /* what was kept of its content, a NUL behind it; NULL for nothing */
	size_t data_size;
};

struct files;

/* Reads every layer. Kept are the contents of `paths` ("etc/passwd"; ends in NULL) and the
 * beginnings of scripts that somebody may execute. Where one of them is a link of a file whose
 * content is not at hand, the layers are read again. */
int files_read(const struct image *image, const char *const *paths, struct files **ret_files,
	       struct error *err) must_check;
void files_free(struct files *files);
static inline void files_free_pointer(struct files **place)
{
	files_free(*place);
}
#define auto_files cleanup_by(files_free_pointer)

/*
 * What is at a path? 1, 0 for nothing, -1. `follow`: the last component, too, where it is a link.
 * *ret_path (may be NULL) is the path without links, from "/"; the caller frees. What the facts
 * point to is borrowed.
 */
int files_find(const struct files *files, const char *path, bool follow,
	       struct file_facts *ret_facts, char **ret_path, struct error *err) must_check;

/* All paths, in no order: `cursor` begins at 0. The path is added to an empty buffer, from "/".
 * False at the end. */
bool files_next(const struct files *files, uint32_t *cursor, struct buf *path,
		struct file_facts *ret_facts);

#endif
