#include "config.h"

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "image/rootfs.h"

#define LAYERS_MAX 4

/* "f PATH BYTES", "d PATH", "l PATH TARGET", "h PATH TARGET", "p PATH" (a FIFO), "w PATH" (a
 * whiteout), "o PATH" (an opaque marker), "u PATH BYTES" (a file with a ".." component), "? PATH".
 * The root is ".". Entries are parted by ", ", layers by " | ". */
static void add_text(struct changes *changes, const char *text)
{
	static const struct {
		char letter;
		enum entry_type type;
	} letters[] = {
		{ 'f', ENTRY_FILE },	 { 'd', ENTRY_DIRECTORY }, { 'l', ENTRY_SYMLINK },
		{ 'h', ENTRY_HARDLINK }, { 'p', ENTRY_FIFO },	   { 'w', ENTRY_WHITEOUT },
		{ 'o', ENTRY_OPAQUE },	 { 'u', ENTRY_FILE },	   { '?', ENTRY_OTHER },
	};
	struct error err = ERROR_INIT;
	char path[64] = "";
	char rest[64] = "";
	struct entry entry = { .path = path };

	assert_true(sscanf(text + 1, "%63s %63s", path, rest) >= 1);
	for (size_t i = 0; i < array_size(letters); i++)
		if (letters[i].letter == text[0])
			entry.type = letters[i].type;
	if (strcmp(path, ".") == 0)
		path[0] = '\0';
	entry.path_size = strlen(path);
	entry.unsafe = text[0] == 'u';
	if (entry.type == ENTRY_FILE)
		entry.size = strtoull(rest, NULL, 10);
	else if (rest[0] != '\0')
		entry.target = rest;
	assert_success(changes_add(changes, &entry, &err), err);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "PATH" or "PATH/" (a directory) or "PATH=BYTES", sorted, blanks between. */
static char *list(const struct rootfs *rootfs)
{
	struct buf out;
	char *lines[64];
	size_t count = 0;

	for (uint32_t i = 1; i < rootfs_count(rootfs); i++) {
		struct rootfs_node node = rootfs_node(rootfs, i);

		if (node.type == ROOTFS_ABSENT)
			continue;
		buf_init(&out, 1000);
		tree_path(rootfs_tree(rootfs), i, &out);
		if (node.type == ROOTFS_DIRECTORY)
			buf_add_char(&out, '/');
		else
			buf_printf(&out, "=%" PRIu64 "%s", node.bytes, node.linked ? "+" : "");
		assert_true(count < array_size(lines));
		lines[count++] = buf_detach(&out);
	}
	qsort(lines, count, sizeof lines[0], compare_lines);
	buf_init(&out, 10000);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(&out, ' ');
		buf_add_string(&out, lines[i]);
		free(lines[i]);
	}
	buf_add_string(&out, "");
	return buf_detach(&out);
}

static struct rootfs *merge(const char *layers, uint64_t content[LAYERS_MAX],
			    struct changes_totals *ret_last)
{
	struct error err = ERROR_INIT;
	struct rootfs *rootfs;

	assert_success(rootfs_new(&rootfs, &err), err);
	for (size_t i = 0; *layers != '\0'; i++) {
		auto_changes struct changes *changes = NULL;
		size_t end = strcspn(layers, "|");

		assert_true(i < LAYERS_MAX);
		assert_success(changes_new(&changes, &err), err);
		while (end > 0) {
			char text[64];
			size_t size = strcspn(layers, ",|");

			(void)snprintf(text, sizeof text, "%.*s", (int)size, layers);
			add_text(changes, text);
			size += layers[size] == ',';
			size += layers[size] == ' ';
			layers += size;
			end -= size;
		}
		layers += *layers == '|';
		layers += *layers == ' ';
		content[i] = changes_totals(changes).content_bytes;
		*ret_last = changes_totals(changes);
		assert_success(rootfs_apply(rootfs, i, changes, &err), err);
	}
	assert_success(rootfs_finish(rootfs, &err), err);
	return rootfs;
}

static void merges(unused_arg void **state)
{
	static const struct {
		const char *what;
		const char *layers;
		const char *list;
		uint64_t content[LAYERS_MAX];
		uint64_t wasted_bytes, wasted_files, overwritten_bytes;
	} cases[] = {
		{ "nothing", "", "", { 0 }, 0, 0, 0 },
		{ "one layer",
		  "d a, f a/b 10, l a/c target, f d 5",
		  "a/ a/b=10 a/c=6 d=5",
		  { 21 },
		  0,
		  0,
		  0 },
		{ "implied directories",
		  "f a/b/c 1 | f a/d/e 2",
		  "a/ a/b/ a/b/c=1 a/d/ a/d/e=2",
		  { 1, 2 },
		  0,
		  0,
		  0 },
		{ "replaced, each copy once",
		  "f a 1 | f a 10 | f a 100 | f a 1000",
		  "a=1000",
		  { 1, 10, 100, 1000 },
		  111,
		  3,
		  111 },
		{ "whiteout", "f a 1, f b 2 | w a", "b=2", { 3, 0 }, 1, 1, 0 },
		{ "whiteout of a directory",
		  "f d/a 1, f d/e/b 2, l d/c xyz | w d",
		  "",
		  { 6, 0 },
		  3,
		  2,
		  0 },
		{ "whiteout and back", "f a 1 | w a | f a 7", "a=7", { 1, 0, 7 }, 1, 1, 0 },
		{ "whiteout of what is not there",
		  "f a 1 | w b, w c/d/e",
		  "a=1 c/ c/d/",
		  { 1, 0 },
		  0,
		  0,
		  0 },
		{ "whiteouts work on lower layers only, wherever they stand",
		  "f a 1, f b 1 | f a 2, w a, w b, f b 2",
		  "a=2 b=2",
		  { 2, 4 },
		  2,
		  2,
		  0 },
		{ "in the lowest layer too",
		  "f a 1, w a, o d, f d/x 2, w z",
		  "a=1 d/ d/x=2",
		  { 3 },
		  0,
		  0,
		  0 },
		{ "rm -rf, then recreated",
		  "f d/a 1, f d/b 2 | w d, d d, f d/b 5",
		  "d/ d/b=5",
		  { 3, 5 },
		  3,
		  2,
		  0 },
		{ "opaque, marker first",
		  "f d/a 1, f d/b 2 | d d, o d, f d/c 3",
		  "d/ d/c=3",
		  { 3, 3 },
		  3,
		  2,
		  0 },
		{ "opaque, marker last",
		  "f d/a 1, f d/b 2 | f d/c 3, f d/a 7, o d",
		  "d/ d/a=7 d/c=3",
		  { 3, 10 },
		  3,
		  2,
		  0 },
		{ "opaque deep down",
		  "f d/e/a 1, f d/b 2 | o d/e",
		  "d/ d/b=2 d/e/",
		  { 3, 0 },
		  1,
		  1,
		  0 },
		{ "opaque root", "f d/a 1, f b 2 | f c 4, o .", "c=4", { 3, 4 }, 3, 2, 0 },
		{ "opaque marker over a link makes it a directory, and the link's end stays",
		  "f r/a 1, l d r | o d",
		  "d/ r/ r/a=1",
		  { 2, 0 },
		  0,
		  0,
		  0 },
		{ "opaque marker beside a file of the same layer",
		  "f d/a 1 | o d, f d 2",
		  "d=2",
		  { 1, 2 },
		  1,
		  1,
		  0 },
		{ "the same the other way round",
		  "f d/a 1 | f d 2, o d",
		  "d=2",
		  { 1, 2 },
		  1,
		  1,
		  0 },
		{ "directory, file, directory over layers",
		  "f d/a 1 | f d 2 | d d, f d/b 3",
		  "d/ d/b=3",
		  { 1, 2, 3 },
		  3,
		  2,
		  2 },
		{ "directory, file, directory in one layer",
		  "d d, f d/a 1, f d 2, d d, f d/b 3",
		  "d/ d/b=3",
		  { 3 },
		  0,
		  0,
		  0 },
		{ "an entry below a file makes it a directory",
		  "f d 2, f d/b 3",
		  "d/ d/b=3",
		  { 3 },
		  0,
		  0,
		  0 },
		{ "a directory of both layers keeps what is in it",
		  "d d, f d/a 1 | d d, f d/b 2",
		  "d/ d/a=1 d/b=2",
		  { 1, 2 },
		  0,
		  0,
		  0 },
		{ "twice in one layer: the last wins",
		  "f a 100, f a 1 | f b 7, l b xx, d b",
		  "a=1 b/",
		  { 1, 0 },
		  0,
		  0,
		  0 },
		{ "neighbours whose directory went meanwhile",
		  "f d/e/a 1, f d 9, f d/e/b 2, f d/e/c 4",
		  "d/ d/e/ d/e/b=2 d/e/c=4",
		  { 6 },
		  0,
		  0,
		  0 },
		{ "hard links count once, at their first name",
		  "f b 10, h a b, h c a",
		  "a=10 b=0+ c=0+",
		  { 10 },
		  0,
		  0,
		  0 },
		{ "hard links to a link", "l b 12345, h a b", "a=5 b=0+", { 5 }, 0, 0, 0 },
		{ "one of two hard links rewritten: nothing is wasted",
		  "f a 10, h b a | f a 3",
		  "a=3 b=10",
		  { 10, 3 },
		  0,
		  0,
		  0 },
		{ "both rewritten: wasted once",
		  "f a 10, h b a | f a 3 | w b",
		  "a=3",
		  { 10, 3, 0 },
		  10,
		  1,
		  0 },
		{ "both rewritten in one layer",
		  "f a 10, h b a | f a 10, h b a",
		  "a=10 b=0+",
		  { 10, 10 },
		  10,
		  1,
		  10 },
		{ "hard link replaced in its own layer",
		  "f a 10, h b a, f a 3",
		  "a=3 b=10",
		  { 13 },
		  0,
		  0,
		  0 },
		{ "both replaced in their own layer",
		  "f a 10, h b a, f a 3, f b 4",
		  "a=3 b=4",
		  { 7 },
		  0,
		  0,
		  0 },
		{ "hard link to itself", "f a 10, h a a", "a=10", { 10 }, 0, 0, 0 },
		{ "hard link below its own target",
		  "f a 10, h a/b a",
		  "a/ a/b=10",
		  { 10 },
		  0,
		  0,
		  0 },
		{ "hard link to a lower layer", "f a 10 | h b a", "a=10 b=0+", { 10, 0 }, 0, 0, 0 },
		{ "moved by hard link and whiteout",
		  "f a 10 | w a, h b a",
		  "b=10",
		  { 10, 0 },
		  0,
		  0,
		  0 },
		{ "moved out of a directory that became a file",
		  "f d/a 10 | f d 1, h b d/a",
		  "b=10 d=1",
		  { 10, 1 },
		  0,
		  0,
		  0 },
		{ "hard link before its target", "h b a, f a 10", "a=10 b=0+", { 10 }, 0, 0, 0 },
		{ "hard links to nothing, to a directory, to each other",
		  "d d, h a nothing, h b d, h x y, h y x, h s s",
		  "a=0 b=0 d/ s=0 x=0 y=0+",
		  { 0 },
		  0,
		  0,
		  0 },
		{ "link replaced by hard link to what it hid",
		  "f a 10, f b 20 | h b a | w a",
		  "b=10",
		  { 30, 0, 0 },
		  20,
		  1,
		  20 },
		{ "unsafe names are content, and no part of the file system",
		  "u ../a 10, u d/../b 5, f c 1",
		  "c=1",
		  { 16 },
		  0,
		  0,
		  0 },
		{ "bookkeeping and a root that is no directory are nothing",
		  "d ., ? .wh..wh.plnk, f . 5, w ., f a 1",
		  "a=1",
		  { 1 },
		  0,
		  0,
		  0 },
		{ "devices and FIFOs", "p p, f a 1 | p a, f p 2", "a=0 p=2", { 1, 2 }, 1, 1, 1 },
		{ "empty files are files", "f a 0, f b 0 | w a, f b 0", "b=0", { 0, 0 }, 0, 2, 0 },
		{ "the same layer twice",
		  "f d/a 5, h d/b d/a, l c x | f d/a 5, h d/b d/a, l c x",
		  "c=1 d/ d/a=5 d/b=0+",
		  { 6, 6 },
		  5,
		  1,
		  5 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		uint64_t content[LAYERS_MAX] = { 0 };
		struct changes_totals last;
		auto_rootfs struct rootfs *rootfs = merge(cases[i].layers, content, &last);
		struct rootfs_totals totals = rootfs_totals(rootfs);
		auto_free char *listed = list(rootfs);

		if (strcmp(listed, cases[i].list) != 0)
			fail_msg("%s: '%s', not '%s'", cases[i].what, listed, cases[i].list);
		for (size_t j = 0; j < LAYERS_MAX; j++)
			if (content[j] != cases[i].content[j])
				fail_msg("%s: layer %zu has %" PRIu64 " bytes", cases[i].what, j,
					 content[j]);
		if (totals.wasted_bytes != cases[i].wasted_bytes ||
		    totals.wasted_files != cases[i].wasted_files ||
		    totals.overwritten_bytes != cases[i].overwritten_bytes)
			fail_msg("%s: wasted %" PRIu64 " in %" PRIu64 ", %" PRIu64 " overwritten",
				 cases[i].what, totals.wasted_bytes, totals.wasted_files,
				 totals.overwritten_bytes);
	}
}

/* What layers hold is either in the file system or wasted, but for links and devices. */
static void accounts_for_every_byte(unused_arg void **state)
{
	static const char letters[] = "fffddhhwwop";
	unsigned random = 1;

	for (int round = 0; round < 2000; round++) {
		auto_rootfs struct rootfs *rootfs = NULL;
		struct error err = ERROR_INIT;
		struct rootfs_totals totals;
		uint64_t content = 0;
		size_t count;

		assert_success(rootfs_new(&rootfs, &err), err);
		for (size_t layer = 0; layer < 4; layer++) {
			auto_changes struct changes *changes = NULL;

			assert_success(changes_new(&changes, &err), err);
			for (int i = 0; i < 12; i++) {
				static const char *const paths[] = { "a",   "b",   "a/a",   "a/b",
								     "b/a", "b/b", "a/b/c", "c" };
				char text[64];
				char letter;
				unsigned path;

				random = random * 1103515245U + 12345U;
				letter = letters[random >> 16 & 0x7fff ? (random >> 16) % 11 : 0];
				path = random >> 8 & 7;
				if (letter == 'f')
					(void)snprintf(text, sizeof text, "f %s %u", paths[path],
						       random >> 24);
				else
					(void)snprintf(text, sizeof text, "%c %s %s", letter,
						       paths[path],
						       letter == 'h' ? paths[random >> 5 & 7] : "");
				add_text(changes, text);
			}
			content += changes_totals(changes).content_bytes;
			assert_success(rootfs_apply(rootfs, layer, changes, &err), err);
		}
		assert_success(rootfs_finish(rootfs, &err), err);
		totals = rootfs_totals(rootfs);
		assert_int_equal(totals.file_bytes + totals.wasted_bytes, content);
		(void)rootfs_waste(rootfs, &count);
		assert_int_equal(count, totals.wasted_files);
	}
}

static void waste_names_layer_and_place(unused_arg void **state)
{
	static const char layers[] = "f d/a 1, f b 2 | f d/a 4 | w d, f b 8";
	uint64_t content[LAYERS_MAX];
	struct changes_totals last;
	auto_rootfs struct rootfs *rootfs = merge(layers, content, &last);
	const struct rootfs_waste *waste;
	size_t count;

	waste = rootfs_waste(rootfs, &count);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		const struct tree *tree = rootfs_tree(rootfs);

		switch (waste[i].bytes) {
		case 1:
			assert_int_equal(waste[i].layer, 0);
			assert_int_equal(waste[i].node, tree_find_path(tree, "d/a"));
			assert_int_equal(waste[i].overwritten, 1);
			break;
		case 2:
			assert_int_equal(waste[i].layer, 0);
			assert_int_equal(waste[i].node, tree_find_path(tree, "b"));
			assert_int_equal(waste[i].overwritten, 1);
			break;
		default:
			assert_int_equal(waste[i].bytes, 4);
			assert_int_equal(waste[i].layer, 1);
			assert_int_equal(waste[i].overwritten, 0);
		}
	}
}

static void counts_links_to_nothing_and_unsafe_names(unused_arg void **state)
{
	static const char layers[] = "h a nothing, h b nothing, d d, h c d | u ../x 1, u ../../y 2";
	uint64_t content[LAYERS_MAX];
	struct changes_totals last;
	auto_rootfs struct rootfs *rootfs = merge(layers, content, &last);

	assert_int_equal(rootfs_totals(rootfs).dangling, 3);
	assert_int_equal(last.unsafe, 2);
	assert_int_equal(last.files, 0);
}

static void layers_are_those_that_brought_a_file(unused_arg void **state)
{
	static const char layers[] = "f a 1, f b 1 | f b 2 | h c a, f d 1";
	static const struct {
		const char *path;
		size_t layer;
	} cases[] = { { "a", 0 }, { "b", 1 }, { "c", 0 }, { "d", 2 } };
	uint64_t content[LAYERS_MAX];
	struct changes_totals last;
	auto_rootfs struct rootfs *rootfs = merge(layers, content, &last);

	for (size_t i = 0; i < array_size(cases); i++) {
		uint32_t node = tree_find_path(rootfs_tree(rootfs), cases[i].path);

		assert_int_equal(rootfs_node(rootfs, node).layer, cases[i].layer);
	}
}

static void sums_that_run_over_are_refused(unused_arg void **state)
{
	struct entry entry = { .type = ENTRY_FILE, .path = "a", .path_size = 1, .size = INT64_MAX };
	auto_changes struct changes *changes = NULL;
	struct error err = ERROR_INIT;

	assert_success(changes_new(&changes, &err), err);
	assert_success(changes_add(changes, &entry, &err), err);
	entry.path = "b";
	assert_failure(changes_add(changes, &entry, &err), err, ERROR_INPUT, "more bytes than");
}

/* A directory that is filled, replaced and filled again must not cost more each time. */
static void replaces_large_directories_in_linear_time(unused_arg void **state)
{
	auto_changes struct changes *changes = NULL;
	struct error err = ERROR_INIT;

	assert_success(changes_new(&changes, &err), err);
	for (int i = 0; i < 20000; i++) {
		char path[32];
		int size = snprintf(path, sizeof path, "d/%d", i);
		struct entry entry = {
			.type = ENTRY_FILE, .path = path, .path_size = (size_t)size, .size = 1
		};

		assert_success(changes_add(changes, &entry, &err), err);
	}
	for (int i = 0; i < 20000; i++) {
		add_text(changes, "f d 1");
		add_text(changes, "f d/0 1");
	}
	assert_int_equal(changes_totals(changes).content_bytes, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges),
		cmocka_unit_test(accounts_for_every_byte),
		cmocka_unit_test(waste_names_layer_and_place),
		cmocka_unit_test(counts_links_to_nothing_and_unsafe_names),
		cmocka_unit_test(layers_are_those_that_brought_a_file),
		cmocka_unit_test(sums_that_run_over_are_refused),
		cmocka_unit_test(replaces_large_directories_in_linear_time),
	};

	return cmocka_run_group_tests_name("rootfs", tests, NULL, NULL);
}
