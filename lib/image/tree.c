#include "config.h"

#include "image/tree.h"

#include <string.h>
#include <sys/random.h>

/*
 * Names come from images, so the places in the table must not be foreseeable: whoever could
 * choose names that share a place would make every look-up a walk.
 */
static uint64_t hash_of(const struct tree *tree, uint32_t parent, const char *name, size_t size)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t hash = tree->seed ^ (((uint64_t)parent << 32 | size) * odd);

	while (size > 0) {
		size_t piece = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, name, piece);
		hash = (hash ^ word ^ tree->seed) * odd;
		hash ^= hash >> 29;
		name += piece;
		size -= piece;
	}
	hash *= odd;
	return hash ^ hash >> 32;
}

int tree_init(struct tree *tree, struct error *err)
{
	struct tree made = { .nodes = calloc(16, sizeof *made.nodes), .capacity = 16, .count = 1 };

	made.names = calloc(64, 1);
	made.names_capacity = 64;
	made.names_size = 1;
	made.slot_count = 32;
	made.slots = calloc(made.slot_count, sizeof *made.slots);
	if (made.nodes == NULL || made.names == NULL || made.slots == NULL) {
		tree_release(&made);
		return error_memory(err);
	}
	if (getrandom(&made.seed, sizeof made.seed, GRND_NONBLOCK) < 0)
		made.seed = (uint64_t)(uintptr_t)made.nodes;
	made.nodes[TREE_ROOT] = (struct tree_node) {
		.parent = TREE_NONE, .child = TREE_NONE, .sibling = TREE_NONE, .listed = true
	};
	*tree = made;
	return 0;
}

void tree_release(struct tree *tree)
{
	free(tree->nodes);
	free(tree->names);
	free(tree->slots);
	*tree = (struct tree) { .nodes = NULL };
}

static void *copy_of(const void *array, size_t capacity, size_t count, size_t size)
{
	void *copy = calloc(capacity, size);

	if (copy != NULL && count > 0)
		memcpy(copy, array, count * size);
	return copy;
}

int tree_copy(const struct tree *tree, struct tree *ret_copy, struct error *err)
{
	struct tree copy = *tree;

	copy.nodes = copy_of(tree->nodes, tree->capacity, tree->count, sizeof *copy.nodes);
	copy.names = copy_of(tree->names, tree->names_capacity, tree->names_size, 1);
	copy.slots = copy_of(tree->slots, tree->slot_count, tree->slot_count, sizeof *copy.slots);
	if (copy.nodes == NULL || copy.names == NULL || copy.slots == NULL) {
		tree_release(&copy);
		return error_memory(err);
	}
	*ret_copy = copy;
	return 0;
}

/* Where a name is or would be. An empty place holds 0: the root has no name to be found by. */
static uint32_t *slot_of(const struct tree *tree, uint32_t parent, const char *name, size_t size)
{
	size_t mask = tree->slot_count - 1;
	size_t place = (size_t)hash_of(tree, parent, name, size) & mask;

	for (;; place = (place + 1) & mask) {
		uint32_t node = tree->slots[place];
		const char *other;

		if (node == 0)
			return &tree->slots[place];
		if (tree->nodes[node].parent != parent)
			continue;
		other = tree->names + tree->nodes[node].name;
		if (strncmp(other, name, size) == 0 && other[size] == '\0')
			return &tree->slots[place];
	}
}

uint32_t tree_find(const struct tree *tree, uint32_t parent, const char *name, size_t size)
{
	uint32_t node = *slot_of(tree, parent, name, size);

	return node == 0 ? TREE_NONE : node;
}

uint32_t tree_find_path(const struct tree *tree, const char *path)
{
	uint32_t node = TREE_ROOT;

	while (*path != '\0' && node != TREE_NONE) {
		size_t size = strcspn(path, "/");

		node = tree_find(tree, node, path, size);
		path += size;
		path += *path == '/';
	}
	return node;
}

static int grow_slots(struct tree *tree, struct error *err)
{
	uint32_t *old = tree->slots;
	uint32_t *slots = calloc(2 * tree->slot_count, sizeof *slots);

	if (slots == NULL)
		return error_memory(err);
	tree->slots = slots;
	tree->slot_count *= 2;
	for (uint32_t i = 1; i < tree->count; i++) {
		const struct tree_node *node = &tree->nodes[i];
		const char *name = tree->names + node->name;

		*slot_of(tree, node->parent, name, strlen(name)) = i;
	}
	free(old);
	return 0;
}

/* Room for one more node and its name. */
static int grow(struct tree *tree, size_t name_size, struct error *err)
{
	if (tree->count >= TREE_NONE - 1 || tree->names_size + name_size + 1 > UINT32_MAX)
		return error_set(err, ERROR_MEMORY, "more names than can be held");
	if (tree->count == tree->capacity) {
		size_t capacity = tree->capacity + tree->capacity / 2;
		void *nodes = reallocarray(tree->nodes, capacity, sizeof *tree->nodes);

		if (nodes == NULL)
			return error_memory(err);
		tree->nodes = nodes;
		tree->capacity = capacity;
	}
	if (tree->names_capacity - tree->names_size <= name_size) {
		size_t capacity = tree->names_capacity + tree->names_capacity / 2 + name_size + 1;
		void *names = realloc(tree->names, capacity);

		if (names == NULL)
			return error_memory(err);
		tree->names = names;
		tree->names_capacity = capacity;
	}
	if (tree->count >= tree->slot_count / 4 * 3)
		return grow_slots(tree, err);
	return 0;
}

int tree_add(struct tree *tree, uint32_t parent, const char *name, size_t size, uint32_t *ret_node,
	     struct error *err)
{
	uint32_t number = tree_find(tree, parent, name, size);
	struct tree_node *node;

	if (number == TREE_NONE) {
		if (grow(tree, size, err) < 0)
			return -1;
		number = (uint32_t)tree->count++;
		tree->nodes[number] = (struct tree_node) { .parent = parent,
							   .child = TREE_NONE,
							   .sibling = TREE_NONE,
							   .name = (uint32_t)tree->names_size };
		memcpy(tree->names + tree->names_size, name, size);
		tree->names[tree->names_size + size] = '\0';
		tree->names_size += size + 1;
		*slot_of(tree, parent, name, size) = number;
	}
	node = &tree->nodes[number];
	if (!node->listed) {
		node->listed = true;
		node->sibling = tree->nodes[parent].child;
		tree->nodes[parent].child = number;
	}
	*ret_node = number;
	return 0;
}

const char *tree_name(const struct tree *tree, uint32_t node)
{
	return tree->names + tree->nodes[node].name;
}

void tree_path(const struct tree *tree, uint32_t node, struct buf *out)
{
	size_t start = out->size;
	size_t end;

	/* Names are met from the last to the first: room first, then fill it from its end. */
	for (uint32_t i = node; i != TREE_ROOT; i = tree->nodes[i].parent) {
		if (i != node)
			buf_add_char(out, '/');
		buf_add_string(out, tree_name(tree, i));
	}
	if (out->failed)
		return;
	end = out->size;
	for (uint32_t i = node; i != TREE_ROOT; i = tree->nodes[i].parent) {
		const char *name = tree_name(tree, i);
		size_t size = strlen(name);

		end -= size;
		memcpy(out->data + end, name, size);
		if (end > start)
			out->data[--end] = '/';
	}
}

int tree_compare(const struct tree *tree, uint32_t a, uint32_t b)
{
	auto_buf struct buf path_a;
	auto_buf struct buf path_b;

	buf_init(&path_a, BUF_MAX_DEFAULT);
	buf_init(&path_b, BUF_MAX_DEFAULT);
	tree_path(tree, a, &path_a);
	tree_path(tree, b, &path_b);
	return strcmp(path_a.data, path_b.data);
}

uint32_t tree_skip(const struct tree *tree, uint32_t top, uint32_t node)
{
	while (node != top) {
		if (tree->nodes[node].sibling != TREE_NONE)
			return tree->nodes[node].sibling;
		node = tree->nodes[node].parent;
	}
	return TREE_NONE;
}

uint32_t tree_next(const struct tree *tree, uint32_t top, uint32_t node)
{
	if (tree->nodes[node].child != TREE_NONE)
		return tree->nodes[node].child;
	return tree_skip(tree, top, node);
}

uint32_t tree_shed(struct tree *tree, uint32_t top, uint32_t *position)
{
	uint32_t number = *position;
	struct tree_node *node;

	while (tree->nodes[number].child != TREE_NONE)
		number = tree->nodes[number].child;
	if (number == top)
		return TREE_NONE;
	node = &tree->nodes[number];
	tree->nodes[node->parent].child = node->sibling;
	node->sibling = TREE_NONE;
	node->listed = false;
	*position = node->parent;
	return number;
}
