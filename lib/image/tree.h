/*
 * Floor 2. Millions of paths in little memory: a tree of names, each held once.
 *
 * A node is a number; nodes are made, never destroyed or moved, and a parent's number is always
 * smaller than its children's, so that a loop downwards over all nodes sums a whole tree up.
 * What stands at a path is the owner's: `type` (0: nothing), `flags` and `value` of a node are
 * not looked at here. A node is on its parent's list of children from the time it is added until
 * it is shed; a shed node is still found by its name, and adding it again puts it back.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"

#define TREE_ROOT ((uint32_t)0)
#define TREE_NONE UINT32_MAX

struct tree_node {
	uint32_t parent;  /* of the root: TREE_NONE */
	uint32_t child;	  /* first on the list, or TREE_NONE */
	uint32_t sibling; /* next on the parent's list, or TREE_NONE */
	uint32_t name;	  /* internal: place in `names` */
	uint32_t value;
	uint8_t type;
	uint8_t flags;
	bool listed; /* internal */
};

struct tree {
	struct tree_node *nodes; /* moves when nodes are added */
	size_t count;
	size_t capacity;
	char *names;
	size_t names_size;
	size_t names_capacity;
	uint32_t *slots;
	size_t slot_count; /* a power of two */
	uint64_t seed;
};

/* A tree of one node, the root. The caller releases. */
int tree_init(struct tree *tree, struct error *err) must_check;
void tree_release(struct tree *tree);
/* Another of the same, in which nodes have the same numbers. The caller releases. */
int tree_copy(const struct tree *tree, struct tree *ret_copy, struct error *err) must_check;

/* The child of that name, listed or shed; TREE_NONE. */
uint32_t tree_find(const struct tree *tree, uint32_t parent, const char *name, size_t size);
/* The same for a normalised path ("" is the root). */
uint32_t tree_find_path(const struct tree *tree, const char *path);

/* Finds or makes a child and lists it. ERROR_MEMORY: also where there are too many names. */
int tree_add(struct tree *tree, uint32_t parent, const char *name, size_t size, uint32_t *ret_node,
	     struct error *err) must_check;

/* Borrowed; valid until the next tree_add. */
const char *tree_name(const struct tree *tree, uint32_t node);
/* Adds the path of a node, "" for the root. */
void tree_path(const struct tree *tree, uint32_t node, struct buf *out);
/* Below, at or above zero as the path of `a` stands before, is or stands behind that of `b`, byte
 * by byte. */
int tree_compare(const struct tree *tree, uint32_t a, uint32_t b);

/* The listed nodes below `top`, parents first: begin with node = top; TREE_NONE at the end.
 * tree_skip passes over what is below `node`. */
uint32_t tree_next(const struct tree *tree, uint32_t top, uint32_t node);
uint32_t tree_skip(const struct tree *tree, uint32_t top, uint32_t node);

/* Takes one node after the other, children first, off the lists below `top` and returns it;
 * TREE_NONE when none is left. `position` begins as `top`. */
uint32_t tree_shed(struct tree *tree, uint32_t top, uint32_t *position);

#endif
