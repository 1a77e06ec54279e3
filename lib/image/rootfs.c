#include "config.h"

#include "image/rootfs.h"

#include <string.h>

#include "base/array.h"

/* Of a layer's tree: what stands at this path in lower layers is hidden (whiteout), or what stands
 * below it (opaque directory). */
#define HIDES	    0x1
#define HIDES_BELOW 0x2
/* Of the merged tree: not the first name of its inode. */
#define LINKED 0x4

struct inode {
	uint64_t bytes;
	uint32_t links;
	uint32_t layer : 31;
	uint32_t is_file : 1;
};

/* A tree whose nodes' types are enum rootfs_type and whose values, but for directories', number
 * inodes. */
struct files {
	struct tree tree;
	struct inode *inodes;
	size_t count;
	size_t capacity;
};

/* A hard link whose target is not in its layer. */
struct outside {
	char *target;
	uint32_t inode;
	uint32_t held; /* 1 more than the merged file system's inode that it leads to */
};

struct changes {
	struct files files;
	struct outside *outside;
	size_t outside_count;
	size_t outside_capacity;
	struct changes_totals totals;
	/* Where the last entry lay: its neighbours come next. */
	char *directory;
	size_t directory_size;
	size_t directory_capacity;
	uint32_t directory_node;
};

struct rootfs {
	struct files files;
	struct rootfs_waste *waste;
	size_t waste_count;
	size_t waste_capacity;
	struct rootfs_totals totals;
	uint64_t content_bytes; /* of all layers */
};

static int files_init(struct files *files, struct error *err)
{
	if (tree_init(&files->tree, err) < 0)
		return -1;
	files->tree.nodes[TREE_ROOT].type = ROOTFS_DIRECTORY;
	return 0;
}

static void files_release(struct files *files)
{
	tree_release(&files->tree);
	free(files->inodes);
}

static int files_new_inode(struct files *files, struct inode inode, uint32_t *ret_inode,
			   struct error *err)
{
	if (files->count >= UINT32_MAX)
		return error_set(err, ERROR_MEMORY, "more files than can be held");
	if (array_room(&files->inodes, files->count, &files->capacity, err) < 0)
		return -1;
	files->inodes[files->count] = inode;
	*ret_inode = (uint32_t)files->count++;
	return 0;
}

/* Writes a node's type and inode, which gains a name. */
static void files_set(struct files *files, uint32_t node, enum rootfs_type type, uint32_t inode)
{
	files->tree.nodes[node].type = (uint8_t)type;
	files->tree.nodes[node].value = inode;
	files->inodes[inode].links++;
}

int changes_new(struct changes **ret_changes, struct error *err)
{
	auto_changes struct changes *changes = calloc(1, sizeof *changes);

	if (changes == NULL)
		return error_memory(err);
	if (files_init(&changes->files, err) < 0)
		return -1;
	*ret_changes = steal(&changes);
	return 0;
}

void changes_free(struct changes *changes)
{
	if (changes == NULL)
		return;
	files_release(&changes->files);
	for (size_t i = 0; i < changes->outside_count; i++)
		free(changes->outside[i].target);
	free(changes->outside);
	free(changes->directory);
	free(changes);
}

static int files_copy(const struct files *files, struct files *ret_copy, struct error *err)
{
	struct files copy = { .inodes = calloc(files->count + 1, sizeof *copy.inodes),
			      .count = files->count,
			      .capacity = files->count + 1 };

	if (copy.inodes == NULL)
		return error_memory(err);
	if (tree_copy(&files->tree, &copy.tree, err) < 0) {
		free(copy.inodes);
		return -1;
	}
	if (files->count > 0)
		memcpy(copy.inodes, files->inodes, files->count * sizeof *copy.inodes);
	*ret_copy = copy;
	return 0;
}

/* Where the last entry lay is not copied: it only saves the next one a search. */
int changes_copy(const struct changes *changes, struct changes **ret_copy, struct error *err)
{
	auto_changes struct changes *copy = calloc(1, sizeof *copy);

	if (copy == NULL)
		return error_memory(err);
	copy->totals = changes->totals;
	copy->outside = calloc(changes->outside_count + 1, sizeof *copy->outside);
	if (copy->outside == NULL || files_copy(&changes->files, &copy->files, err) < 0)
		return copy->outside == NULL ? error_memory(err) : -1;
	copy->outside_capacity = changes->outside_count + 1;
	for (; copy->outside_count < changes->outside_count; copy->outside_count++) {
		struct outside *outside = &copy->outside[copy->outside_count];

		*outside = changes->outside[copy->outside_count];
		outside->target = strdup(outside->target);
		if (outside->target == NULL)
			return error_memory(err);
	}
	*ret_copy = steal(&copy);
	return 0;
}

struct changes_totals changes_totals(const struct changes *changes)
{
	return changes->totals;
}

/* A header may claim anything, so a sum can run over. JSON's integers have a sign. */
static int add_bytes(uint64_t *sum, uint64_t bytes, struct error *err)
{
	if (__builtin_add_overflow(*sum, bytes, sum) || *sum > INT64_MAX)
		return error_set(err, ERROR_INPUT,
				 "its files claim more bytes than can be counted");
	return 0;
}

/* The layer's own entry at this path is replaced by a later one. */
static void changes_drop(struct changes *changes, uint32_t number)
{
	struct tree_node *node = &changes->files.tree.nodes[number];

	if (node->type != ROOTFS_ABSENT && node->type != ROOTFS_DIRECTORY) {
		struct inode *inode = &changes->files.inodes[node->value];

		if (--inode->links == 0) {
			changes->totals.content_bytes -= inode->bytes;
			changes->totals.files -= inode->is_file;
		}
	}
	node->type = ROOTFS_ABSENT;
}

static void changes_clear(struct changes *changes, uint32_t top)
{
	uint32_t position = top;
	uint32_t node;

	while ((node = tree_shed(&changes->files.tree, top, &position)) != TREE_NONE) {
		changes_drop(changes, node);
		changes->files.tree.nodes[node].flags = 0;
	}
	changes_drop(changes, top);
}

static void changes_make_directory(struct changes *changes, uint32_t node)
{
	if (changes->files.tree.nodes[node].type == ROOTFS_DIRECTORY)
		return;
	changes_drop(changes, node);
	changes->files.tree.nodes[node].type = ROOTFS_DIRECTORY;
}

/* Finds or makes the directory that `path` lies in. */
static int changes_parent(struct changes *changes, const char *path, size_t size,
			  uint32_t *ret_parent, struct error *err)
{
	uint32_t node = TREE_ROOT;

	/* Had it been replaced or cleared away meanwhile, it were no directory now. */
	if (size == changes->directory_size && size > 0 &&
	    memcmp(path, changes->directory, size) == 0 &&
	    changes->files.tree.nodes[changes->directory_node].type == ROOTFS_DIRECTORY) {
		*ret_parent = changes->directory_node;
		return 0;
	}
	for (size_t start = 0; start < size;) {
		const char *slash = memchr(path + start, '/', size - start);
		size_t end = slash != NULL ? (size_t)(slash - path) : size;

		if (tree_add(&changes->files.tree, node, path + start, end - start, &node, err) < 0)
			return -1;
		changes_make_directory(changes, node);
		start = end + 1;
	}
	if (size > changes->directory_capacity) {
		char *moved = realloc(changes->directory, size);

		if (moved == NULL)
			return error_memory(err);
		changes->directory = moved;
		changes->directory_capacity = size;
	}
	if (size > 0)
		memcpy(changes->directory, path, size);
	changes->directory_size = size;
	changes->directory_node = node;
	*ret_parent = node;
	return 0;
}

/* Finds or makes the node of a path and the directories above it. */
static int changes_place(struct changes *changes, const struct entry *entry, uint32_t *ret_node,
			 struct error *err)
{
	const char *slash = memrchr(entry->path, '/', entry->path_size);
	size_t above = slash != NULL ? (size_t)(slash - entry->path) : 0;
	size_t start = slash != NULL ? above + 1 : 0;
	uint32_t parent = TREE_ROOT;

	if (entry->path_size == 0) {
		*ret_node = TREE_ROOT;
		return 0;
	}
	if (changes_parent(changes, entry->path, above, &parent, err) < 0)
		return -1;
	return tree_add(&changes->files.tree, parent, entry->path + start, entry->path_size - start,
			ret_node, err);
}

/* Where a hard link leads: a non-directory of this layer, or outside of it. */
static int changes_link_target(struct changes *changes, const char *target,
			       enum rootfs_type *ret_type, uint32_t *ret_inode, struct error *err)
{
	const struct tree *tree = &changes->files.tree;
	uint32_t node = tree_find_path(tree, target);
	struct outside *outside;

	if (node != TREE_NONE && tree->nodes[node].type != ROOTFS_ABSENT &&
	    tree->nodes[node].type != ROOTFS_DIRECTORY) {
		*ret_type = tree->nodes[node].type;
		*ret_inode = tree->nodes[node].value;
		return 0;
	}
	if (array_room(&changes->outside, changes->outside_count, &changes->outside_capacity, err) <
		    0 ||
	    files_new_inode(&changes->files, (struct inode) { .bytes = 0 }, ret_inode, err) < 0)
		return -1;
	outside = &changes->outside[changes->outside_count];
	outside->inode = *ret_inode;
	outside->held = 0;
	outside->target = strdup(target);
	if (outside->target == NULL)
		return error_memory(err);
	changes->outside_count++;
	*ret_type = ROOTFS_FILE;
	return 0;
}

static enum rootfs_type type_of(enum entry_type type)
{
	return type == ENTRY_FILE ? ROOTFS_FILE
				  : (type == ENTRY_SYMLINK ? ROOTFS_SYMLINK : ROOTFS_OTHER);
}

static uint64_t bytes_of(const struct entry *entry)
{
	if (entry->type == ENTRY_FILE)
		return entry->size;
	if (entry->type == ENTRY_SYMLINK && entry->target != NULL)
		return strlen(entry->target);
	return 0;
}

static int changes_add_file(struct changes *changes, const struct entry *entry, struct error *err)
{
	struct inode inode = { .bytes = bytes_of(entry), .is_file = entry->type == ENTRY_FILE };
	enum rootfs_type type = type_of(entry->type);
	uint32_t number;
	uint32_t node;

	/* The target first, and held by one more link: the entry may be about to replace it. */
	if (entry->type == ENTRY_HARDLINK && entry->target != NULL) {
		if (changes_link_target(changes, entry->target, &type, &number, err) < 0)
			return -1;
	} else {
		if (files_new_inode(&changes->files, inode, &number, err) < 0 ||
		    add_bytes(&changes->totals.content_bytes, inode.bytes, err) < 0)
			return -1;
		changes->totals.files += inode.is_file;
	}
	changes->files.inodes[number].links++;
	if (changes_place(changes, entry, &node, err) < 0)
		return -1;
	changes_clear(changes, node);
	changes->files.inodes[number].links--;
	files_set(&changes->files, node, type, number);
	return 0;
}

static int changes_add_directory(struct changes *changes, const struct entry *entry, uint8_t flags,
				 struct error *err)
{
	uint32_t node;

	if (changes_place(changes, entry, &node, err) < 0)
		return -1;
	/* A marker does not replace what the layer itself has there. */
	if (flags == 0 || changes->files.tree.nodes[node].type == ROOTFS_ABSENT)
		changes_make_directory(changes, node);
	changes->files.tree.nodes[node].flags |= flags;
	return 0;
}

static int changes_add_whiteout(struct changes *changes, const struct entry *entry,
				struct error *err)
{
	uint32_t node;

	if (changes_place(changes, entry, &node, err) < 0)
		return -1;
	changes->files.tree.nodes[node].flags |= HIDES;
	return 0;
}

int changes_add(struct changes *changes, const struct entry *entry, struct error *err)
{
	bool is_directory = entry->type == ENTRY_DIRECTORY || entry->type == ENTRY_OPAQUE;

	if (entry->unsafe) {
		changes->totals.unsafe++;
		return add_bytes(&changes->totals.content_bytes, bytes_of(entry), err);
	}
	/* The root is a directory whatever a layer says. */
	if (entry->path_size == 0 && !is_directory)
		return 0;
	switch (entry->type) {
	case ENTRY_FILE:
	case ENTRY_SYMLINK:
	case ENTRY_HARDLINK:
	case ENTRY_CHARACTER:
	case ENTRY_BLOCK:
	case ENTRY_FIFO:
		return changes_add_file(changes, entry, err);
	case ENTRY_DIRECTORY:
		return changes_add_directory(changes, entry, 0, err);
	case ENTRY_OPAQUE:
		return changes_add_directory(changes, entry, HIDES_BELOW, err);
	case ENTRY_WHITEOUT:
		return changes_add_whiteout(changes, entry, err);
	case ENTRY_OTHER:
		break;
	}
	return 0;
}

int rootfs_new(struct rootfs **ret_rootfs, struct error *err)
{
	auto_rootfs struct rootfs *rootfs = calloc(1, sizeof *rootfs);

	if (rootfs == NULL)
		return error_memory(err);
	if (files_init(&rootfs->files, err) < 0)
		return -1;
	*ret_rootfs = steal(&rootfs);
	return 0;
}

void rootfs_free(struct rootfs *rootfs)
{
	if (rootfs == NULL)
		return;
	files_release(&rootfs->files);
	free(rootfs->waste);
	free(rootfs);
}

/* Takes a name from an inode; an inode without names is waste. */
static int rootfs_unlink(struct rootfs *rootfs, uint32_t node, uint32_t number, bool overwritten,
			 struct error *err)
{
	struct inode *inode = &rootfs->files.inodes[number];

	if (--inode->links > 0 || !inode->is_file)
		return 0;
	if (array_room(&rootfs->waste, rootfs->waste_count, &rootfs->waste_capacity, err) < 0)
		return -1;
	rootfs->waste[rootfs->waste_count++] = (struct rootfs_waste) { .bytes = inode->bytes,
								       .node = node,
								       .layer = inode->layer,
								       .overwritten = overwritten };
	rootfs->totals.wasted_bytes += inode->bytes;
	rootfs->totals.wasted_files++;
	if (overwritten) {
		rootfs->totals.overwritten_bytes += inode->bytes;
		rootfs->totals.overwritten_files++;
	}
	return 0;
}

static int rootfs_remove(struct rootfs *rootfs, uint32_t number, bool overwritten,
			 struct error *err)
{
	struct tree_node *node = &rootfs->files.tree.nodes[number];
	enum rootfs_type type = node->type;

	node->type = ROOTFS_ABSENT;
	if (type == ROOTFS_ABSENT || type == ROOTFS_DIRECTORY)
		return 0;
	return rootfs_unlink(rootfs, number, node->value, overwritten, err);
}

static int rootfs_remove_below(struct rootfs *rootfs, uint32_t top, struct error *err)
{
	uint32_t position = top;
	uint32_t node;

	while ((node = tree_shed(&rootfs->files.tree, top, &position)) != TREE_NONE)
		if (rootfs_remove(rootfs, node, false, err) < 0)
			return -1;
	return 0;
}

/* What `number` of the layer is here, made where it is not. map[] holds 1 more than the number. */
static int rootfs_inode(struct rootfs *rootfs, size_t layer, const struct changes *changes,
			uint32_t *map, uint32_t number, uint32_t *ret_inode, struct error *err)
{
	struct inode inode = changes->files.inodes[number];

	if (map[number] == 0) {
		inode.links = 0;
		inode.layer = (uint32_t)layer;
		if (files_new_inode(&rootfs->files, inode, ret_inode, err) < 0)
			return -1;
		map[number] = *ret_inode + 1;
	}
	*ret_inode = map[number] - 1;
	return 0;
}

/* The inode of the merged file system that a hard link out of its layer leads to; where lower
 * layers have none, its target may have come later in the tar. 1, or 0 for nothing. */
static int rootfs_resolve(struct rootfs *rootfs, size_t layer, struct changes *changes,
			  uint32_t *map, const struct outside *outside, uint32_t *ret_inode,
			  struct error *err)
{
	const struct tree *lower = &rootfs->files.tree;
	const struct tree *own = &changes->files.tree;
	uint32_t node = tree_find_path(lower, outside->target);

	if (node != TREE_NONE && lower->nodes[node].type > ROOTFS_DIRECTORY) {
		*ret_inode = lower->nodes[node].value;
		return 1;
	}
	node = tree_find_path(own, outside->target);
	if (node == TREE_NONE || own->nodes[node].type <= ROOTFS_DIRECTORY ||
	    own->nodes[node].value == outside->inode)
		return 0;
	if (rootfs_inode(rootfs, layer, changes, map, own->nodes[node].value, ret_inode, err) < 0)
		return -1;
	return 1;
}

/*
 * Before the layer changes anything, hold what hard links out of it lead to, by one more link: the
 * layer may delete the name by which it was found.
 */
static int rootfs_hold(struct rootfs *rootfs, size_t layer, struct changes *changes, uint32_t *map,
		       struct error *err)
{
	for (size_t i = 0; i < changes->outside_count; i++) {
		struct outside *outside = &changes->outside[i];
		uint32_t inode = 0;
		int found;

		if (changes->files.inodes[outside->inode].links == 0)
			continue;
		found = rootfs_resolve(rootfs, layer, changes, map, outside, &inode, err);
		if (found < 0)
			return -1;
		if (found == 0) {
			rootfs->totals.dangling++;
			continue;
		}
		outside->held = inode + 1;
		map[outside->inode] = inode + 1;
		rootfs->files.inodes[inode].links++;
	}
	return 0;
}

/* The names that the layer gave them hold them from now on. */
static void rootfs_let_go(struct rootfs *rootfs, const struct changes *changes)
{
	for (size_t i = 0; i < changes->outside_count; i++)
		if (changes->outside[i].held != 0)
			rootfs->files.inodes[changes->outside[i].held - 1].links--;
}

/* The layer's node `from` at the place `to`. */
static int rootfs_apply_node(struct rootfs *rootfs, size_t layer, const struct changes *changes,
			     uint32_t *map, uint32_t from, uint32_t to, struct error *err)
{
	const struct tree_node *change = &changes->files.tree.nodes[from];
	bool was_directory = rootfs->files.tree.nodes[to].type == ROOTFS_DIRECTORY;
	bool is_directory = change->type == ROOTFS_DIRECTORY;
	uint32_t inode;

	if ((change->flags & (HIDES | HIDES_BELOW)) != 0 || (was_directory && !is_directory))
		if (rootfs_remove_below(rootfs, to, err) < 0)
			return -1;
	if (is_directory && was_directory)
		return 0;
	if (!is_directory &&
	    rootfs_inode(rootfs, layer, changes, map, change->value, &inode, err) < 0)
		return -1;
	if (rootfs_remove(rootfs, to, (change->flags & HIDES) == 0, err) < 0)
		return -1;
	if (is_directory)
		rootfs->files.tree.nodes[to].type = ROOTFS_DIRECTORY;
	else
		files_set(&rootfs->files, to, change->type, inode);
	return 0;
}

/* A whiteout and nothing of the layer's own behind it. */
static int rootfs_hide(struct rootfs *rootfs, uint32_t node, struct error *err)
{
	if (node == TREE_NONE)
		return 0;
	if (rootfs_remove_below(rootfs, node, err) < 0)
		return -1;
	return rootfs_remove(rootfs, node, false, err);
}

/* Walks both trees side by side: `to` is the directory here that `from`'s parent is there. */
static int rootfs_apply_tree(struct rootfs *rootfs, size_t layer, const struct changes *changes,
			     uint32_t *map, struct error *err)
{
	const struct tree *tree = &changes->files.tree;
	uint32_t from = TREE_ROOT;
	uint32_t to = TREE_ROOT;
	uint32_t place;

	if (rootfs_apply_node(rootfs, layer, changes, map, from, to, err) < 0)
		return -1;
	from = tree->nodes[from].child;
	while (from != TREE_NONE) {
		const char *name = tree_name(tree, from);
		const struct tree_node *node = &tree->nodes[from];

		if (node->type == ROOTFS_ABSENT) {
			place = tree_find(&rootfs->files.tree, to, name, strlen(name));
			if ((node->flags & HIDES) != 0 && rootfs_hide(rootfs, place, err) < 0)
				return -1;
		} else if (tree_add(&rootfs->files.tree, to, name, strlen(name), &place, err) < 0 ||
			   rootfs_apply_node(rootfs, layer, changes, map, from, place, err) < 0) {
			return -1;
		} else if (node->child != TREE_NONE) {
			from = node->child;
			to = place;
			continue;
		}
		while (tree->nodes[from].sibling == TREE_NONE &&
		       tree->nodes[from].parent != TREE_ROOT) {
			from = tree->nodes[from].parent;
			to = rootfs->files.tree.nodes[to].parent;
		}
		from = tree->nodes[from].sibling;
	}
	return 0;
}

/* Nothing is here yet: take the layer's tree over as it is instead of holding both. */
static void rootfs_adopt(struct rootfs *rootfs, size_t layer, struct changes *changes)
{
	struct files empty = rootfs->files;

	rootfs->files = changes->files;
	changes->files = empty;
	for (size_t i = 0; i < rootfs->files.tree.count; i++)
		rootfs->files.tree.nodes[i].flags = 0;
	for (size_t i = 0; i < rootfs->files.count; i++)
		rootfs->files.inodes[i].layer = (uint32_t)layer;
}

int rootfs_apply(struct rootfs *rootfs, size_t layer, struct changes *changes, struct error *err)
{
	auto_free uint32_t *map = NULL;

	if (layer > INT32_MAX)
		return error_set(err, ERROR_MEMORY, "more layers than can be held");
	/* All other sums here are parts of this one. */
	if (add_bytes(&rootfs->content_bytes, changes->totals.content_bytes, err) < 0)
		return -1;
	if (rootfs->files.tree.count == 1 && changes->outside_count == 0) {
		rootfs_adopt(rootfs, layer, changes);
		return 0;
	}
	map = calloc(changes->files.count + 1, sizeof *map);
	if (map == NULL)
		return error_memory(err);
	if (rootfs_hold(rootfs, layer, changes, map, err) < 0 ||
	    rootfs_apply_tree(rootfs, layer, changes, map, err) < 0)
		return -1;
	rootfs_let_go(rootfs, changes);
	return 0;
}

/* Marks all names of an inode but the first one, byte by byte. */
static int rootfs_mark_links(struct rootfs *rootfs, struct error *err)
{
	struct tree *tree = &rootfs->files.tree;
	auto_free uint32_t *first = calloc(rootfs->files.count + 1, sizeof *first);

	if (first == NULL)
		return error_memory(err);
	for (uint32_t i = 0; i < tree->count; i++) {
		struct tree_node *node = &tree->nodes[i];
		uint32_t *best;

		if (node->type <= ROOTFS_DIRECTORY || rootfs->files.inodes[node->value].links < 2)
			continue;
		best = &first[node->value];
		if (*best != TREE_ROOT && tree_compare(tree, *best, i) < 0) {
			node->flags |= LINKED;
			continue;
		}
		if (*best != TREE_ROOT)
			tree->nodes[*best].flags |= LINKED;
		*best = i;
	}
	return 0;
}

int rootfs_finish(struct rootfs *rootfs, struct error *err)
{
	if (rootfs_mark_links(rootfs, err) < 0)
		return -1;
	for (uint32_t i = 1; i < rootfs->files.tree.count; i++) {
		const struct tree_node *node = &rootfs->files.tree.nodes[i];

		rootfs->totals.paths += node->type != ROOTFS_ABSENT;
		if (node->type == ROOTFS_FILE && (node->flags & LINKED) == 0)
			rootfs->totals.file_bytes += rootfs->files.inodes[node->value].bytes;
	}
	return 0;
}

size_t rootfs_count(const struct rootfs *rootfs)
{
	return rootfs->files.tree.count;
}

struct rootfs_node rootfs_node(const struct rootfs *rootfs, uint32_t number)
{
	const struct tree_node *node = &rootfs->files.tree.nodes[number];
	struct rootfs_node result = { .type = node->type, .parent = node->parent };
	const struct inode *inode;

	if (node->type <= ROOTFS_DIRECTORY)
		return result;
	inode = &rootfs->files.inodes[node->value];
	result.linked = (node->flags & LINKED) != 0;
	result.bytes = result.linked ? 0 : inode->bytes;
	result.layer = inode->layer;
	return result;
}

const struct tree *rootfs_tree(const struct rootfs *rootfs)
{
	return &rootfs->files.tree;
}

struct rootfs_totals rootfs_totals(const struct rootfs *rootfs)
{
	return rootfs->totals;
}

const struct rootfs_waste *rootfs_waste(const struct rootfs *rootfs, size_t *ret_count)
{
	*ret_count = rootfs->waste_count;
	return rootfs->waste;
}
