/*
 * Floor 2. What an image's layers amount to: OCI image specification, layer.md.
 *
 * `struct changes` gathers the entries of one layer, in the order of the tar. Of several entries
 * with one name the last is the layer's; what an earlier one brought is gone, with all below it.
 * Markers are no entries: a whiteout or an opaque marker works on lower layers only, wherever it
 * stands in the tar, and the layer's own entry of that name stays.
 *
 * `struct rootfs` is the merged file system: one layer's changes after the other are applied to
 * it, lowest first. Directories that no entry names but that hold an entry or a marker are there.
 * An entry with a ".." component is no part of it, though its bytes count as the layer's content.
 *
 * Bytes belong to inodes: hard links share one, and its bytes count once. A hard link whose target
 * is not in its own layer is another name of the lower layers' file, as it was before this layer;
 * where there is none either it is an empty file, counted as dangling.
 *
 * Waste: an inode of a regular file that has lost its last name to a later layer. Each is counted
 * once, at the path of that last name, for the layer that brought it.
 */
#ifndef IMAGE_ROOTFS_H
#define IMAGE_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "image/layer.h"
#include "image/tree.h"

struct changes;

struct changes_totals {
	/* Of regular files and of the targets of symbolic links, each inode once: what lies on disk
	 * when the layer has been unpacked to a directory of its own. */
	uint64_t content_bytes;
	uint64_t files;	 /* regular files, each inode once */
	uint64_t unsafe; /* entries with a ".." component */
};

int changes_new(struct changes **ret_changes, struct error *err) must_check;
void changes_free(struct changes *changes);
static inline void changes_free_pointer(struct changes **place)
{
	changes_free(*place);
}
#define auto_changes cleanup_by(changes_free_pointer)

/* The caller frees. */
int changes_copy(const struct changes *changes, struct changes **ret_copy,
		 struct error *err) must_check;

/* The next entry of the tar. */
int changes_add(struct changes *changes, const struct entry *entry, struct error *err) must_check;
struct changes_totals changes_totals(const struct changes *changes);

struct rootfs;

int rootfs_new(struct rootfs **ret_rootfs, struct error *err) must_check;
void rootfs_free(struct rootfs *rootfs);
static inline void rootfs_free_pointer(struct rootfs **place)
{
	rootfs_free(*place);
}
#define auto_rootfs cleanup_by(rootfs_free_pointer)

/* Applies layer number `layer`; the changes are used up and can only be freed. */
int rootfs_apply(struct rootfs *rootfs, size_t layer, struct changes *changes,
		 struct error *err) must_check;
/* Once, after the last layer; what follows is valid from then on. */
int rootfs_finish(struct rootfs *rootfs, struct error *err) must_check;

enum rootfs_type {
	ROOTFS_ABSENT,
	ROOTFS_DIRECTORY,
	ROOTFS_FILE,
	ROOTFS_SYMLINK,
	ROOTFS_OTHER, /* devices, FIFOs */
};

struct rootfs_node {
	enum rootfs_type type;
	uint32_t parent; /* TREE_NONE for the root */
	/* Of a regular file or a symbolic link. A hardlinked inode has its bytes at the first of
	 * its names, byte by byte, and 0 at the others: so sums over nodes are right. */
	uint64_t bytes;
	bool linked;  /* another name than the first */
	size_t layer; /* that brought it; 0 for directories */
};

/* Nodes are numbered from 0, the root, upwards, parents before children; some are absent. */
size_t rootfs_count(const struct rootfs *rootfs);
struct rootfs_node rootfs_node(const struct rootfs *rootfs, uint32_t number);
/* For names and paths; its types and values are internal. */
const struct tree *rootfs_tree(const struct rootfs *rootfs);

struct rootfs_totals {
	uint64_t file_bytes; /* regular files, each inode once */
	uint64_t paths;	     /* without the root */
	uint64_t dangling;   /* hard links to nothing */
	uint64_t wasted_bytes;
	uint64_t wasted_files;
	/* the part of the waste that a later entry of the same name replaced; markers, and files
	 * in the place of directories, deleted the rest */
	uint64_t overwritten_bytes;
	uint64_t overwritten_files;
};
struct rootfs_totals rootfs_totals(const struct rootfs *rootfs);

/* One file that was brought in vain. */
struct rootfs_waste {
	uint64_t bytes;
	uint32_t node; /* where it was */
	uint32_t layer : 31;
	uint32_t overwritten : 1;
};
/* All of it, in the order of the layers that deleted; borrowed. */
const struct rootfs_waste *rootfs_waste(const struct rootfs *rootfs, size_t *ret_count);

#endif
