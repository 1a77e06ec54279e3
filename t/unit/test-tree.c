#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "image/tree.h"

static uint32_t add(struct tree *tree, const char *path)
{
	struct error err = ERROR_INIT;
	uint32_t node = TREE_ROOT;

	while (*path != '\0') {
		size_t size = strcspn(path, "/");

		assert_success(tree_add(tree, node, path, size, &node, &err), err);
		path += size + (path[size] == '/');
	}
	return node;
}

static void assert_path(const struct tree *tree, uint32_t node, const char *path)
{
	auto_buf struct buf out;

	buf_init(&out, BUF_MAX_DEFAULT);
	buf_add_string(&out, ">");
	tree_path(tree, node, &out);
	assert_string_equal(out.data + 1, path);
}

static void finds_what_was_added(unused_arg void **state)
{
	static const char *const paths[] = { "a",   "a/b",  "a/b/c", "ab",
					     "b/a", "a/bc", "b",     "\xff/ \n" };
	struct error err = ERROR_INIT;
	struct tree tree;

	assert_success(tree_init(&tree, &err), err);
	for (size_t i = 0; i < array_size(paths); i++) {
		uint32_t node = add(&tree, paths[i]);

		assert_path(&tree, node, paths[i]);
		assert_int_equal(add(&tree, paths[i]), node);
	}
	for (size_t i = 0; i < array_size(paths); i++)
		assert_path(&tree, tree_find_path(&tree, paths[i]), paths[i]);
	assert_int_equal(tree_find_path(&tree, ""), TREE_ROOT);
	assert_int_equal(tree_find_path(&tree, "a/c"), TREE_NONE);
	assert_int_equal(tree_find_path(&tree, "c/a"), TREE_NONE);
	assert_int_equal(tree_find(&tree, TREE_ROOT, "abc", 2), tree_find_path(&tree, "ab"));
	assert_path(&tree, TREE_ROOT, "");
	tree_release(&tree);
}

static void compares_by_bytes(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	struct tree tree;
	uint32_t below;
	uint32_t dash;
	uint32_t high;

	assert_success(tree_init(&tree, &err), err);
	below = add(&tree, "a/b");
	dash = add(&tree, "a-b");
	high = add(&tree, "\xc3\xa4");
	assert_true(tree_compare(&tree, dash, below) < 0); /* '-' stands before '/' */
	assert_true(tree_compare(&tree, below, high) < 0);
	assert_int_equal(tree_compare(&tree, high, high), 0);
	tree_release(&tree);
}

static void holds_many(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	struct tree tree;
	size_t seen = 0;

	assert_success(tree_init(&tree, &err), err);
	for (int i = 0; i < 20000; i++) {
		char path[32];

		(void)snprintf(path, sizeof path, "d%d/f%d", i % 100, i);
		assert_int_not_equal(add(&tree, path), TREE_NONE);
	}
	assert_int_equal(tree.count, 1 + 100 + 20000);
	for (uint32_t i = TREE_ROOT; (i = tree_next(&tree, TREE_ROOT, i)) != TREE_NONE;) {
		assert_true(tree.nodes[i].parent < i);
		seen++;
	}
	assert_int_equal(seen, 100 + 20000);
	assert_path(&tree, tree_find_path(&tree, "d99/f19999"), "d99/f19999");
	tree_release(&tree);
}

static void skips_a_subtree(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	struct tree tree;
	uint32_t a;

	assert_success(tree_init(&tree, &err), err);
	a = add(&tree, "a");
	(void)add(&tree, "a/b/c");
	assert_int_equal(tree_skip(&tree, TREE_ROOT, a), TREE_NONE);
	assert_int_equal(tree_next(&tree, a, tree_find_path(&tree, "a/b/c")), TREE_NONE);
	(void)add(&tree, "z");
	assert_int_not_equal(tree_next(&tree, TREE_ROOT, TREE_ROOT), a); /* newest first */
	tree_release(&tree);
}

static void sheds_children_first_and_takes_back(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	struct tree tree;
	uint32_t top;
	uint32_t again;
	uint32_t position;
	uint32_t node;
	size_t shed = 0;

	assert_success(tree_init(&tree, &err), err);
	top = add(&tree, "a");
	(void)add(&tree, "a/b/c/d");
	(void)add(&tree, "a/b/e");
	(void)add(&tree, "a/f");
	(void)add(&tree, "z");
	position = top;
	while ((node = tree_shed(&tree, top, &position)) != TREE_NONE) {
		assert_int_equal(tree.nodes[node].child, TREE_NONE);
		shed++;
	}
	assert_int_equal(shed, 5);
	assert_int_equal(tree_next(&tree, top, top), TREE_NONE);
	again = tree_find_path(&tree, "a/b/e");
	assert_int_not_equal(again, TREE_NONE);
	assert_int_equal(add(&tree, "a/b/e"), again);
	assert_path(&tree, tree_next(&tree, top, top), "a/b");
	assert_path(&tree, tree_next(&tree, top, tree_next(&tree, top, top)), "a/b/e");
	assert_int_equal(tree.count, 1 + 7);
	tree_release(&tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(compares_by_bytes),
		cmocka_unit_test(holds_many),
		cmocka_unit_test(skips_a_subtree),
		cmocka_unit_test(sheds_children_first_and_takes_back),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
