#include "config.h"

#include "fixture.h"

#include <dirent.h>
#include <locale.h>

#include "run/unpack.h"

static int unpack(const char *name, char **ret_directory, struct error *err)
{
	const struct image_options options = { .verify = true, .threads = 1 };
	auto_image struct image *image = NULL;

	if (image_open(name, &options, &image, err) < 0)
		return -1;
	return unpack_image(image, "cache", ret_directory, err);
}

static bool there(const char *directory, const char *path)
{
	char whole[4096];
	struct stat st;

	(void)snprintf(whole, sizeof whole, "%s/root/%s", directory, path);
	return lstat(whole, &st) == 0;
}

static void assert_content(const char *directory, const char *path, const char *wanted)
{
	auto_buf struct buf text;
	struct error err = ERROR_INIT;
	char whole[4096];

	buf_init(&text, FIXTURE_MAX);
	(void)snprintf(whole, sizeof whole, "%s/root/%s", directory, path);
	assert_success(buf_read_file(&text, whole, &err), err);
	assert_string_equal(text.data, wanted);
}

static void applies_layers(unused_arg void **state)
{
	struct buf layers[3];
	auto_free char *directory = NULL;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < 3; i++)
		buf_init(&layers[i], FIXTURE_MAX);
	fixture_member(&layers[0], '5', "etc/", "", "", 0);
	fixture_file(&layers[0], "etc/keep", "keep");
	fixture_file(&layers[0], "etc/gone", "gone");
	fixture_file(&layers[0], "opaque/old", "old");
	fixture_file(&layers[0], "opaque/deep/old", "old");
	fixture_file(&layers[0], "was-directory/file", "x");
	fixture_file(&layers[0], "was-file", "x");
	fixture_file(&layers[0], "one", "shared");
	fixture_member(&layers[0], '1', "two", "one", "", 0);
	fixture_member(&layers[0], '5', "var/run/", "", "", 0);
	fixture_member(&layers[0], '2', "run", "/var/run", "", 0);
	fixture_end(&layers[0]);
	fixture_file(&layers[1], "etc/.wh.gone", "");
	/* the marker comes after what its own layer adds there */
	fixture_file(&layers[1], "opaque/deep/new", "new");
	fixture_file(&layers[1], "opaque/.wh..wh..opq", "");
	fixture_file(&layers[1], "was-directory", "file now");
	fixture_file(&layers[1], "was-file/inside", "directory now");
	fixture_file(&layers[1], "one", "rewritten");
	fixture_file(&layers[1], "run/pid", "through a link of the image");
	fixture_end(&layers[1]);
	fixture_file(&layers[2], "twice", "first");
	fixture_file(&layers[2], "twice", "last");
	fixture_end(&layers[2]);
	fixture_image("image.tar", layers, 3);
	assert_success(unpack("image.tar", &directory, &err), err);
	assert_content(directory, "etc/keep", "keep");
	assert_false(there(directory, "etc/gone"));
	assert_false(there(directory, "opaque/old"));
	assert_false(there(directory, "opaque/deep/old"));
	assert_content(directory, "opaque/deep/new", "new");
	assert_content(directory, "was-directory", "file now");
	assert_content(directory, "was-file/inside", "directory now");
	assert_content(directory, "one", "rewritten");
	assert_content(directory, "two", "shared");
	assert_content(directory, "var/run/pid", "through a link of the image");
	assert_content(directory, "twice", "last");
	for (size_t i = 0; i < 3; i++)
		buf_release(&layers[i]);
}

static void nothing_leaves_the_root(unused_arg void **state)
{
	struct buf layer;
	auto_free char *directory = NULL;
	struct error err = ERROR_INIT;
	struct stat st;

	buf_init(&layer, FIXTURE_MAX);
	fixture_file(&layer, ".wh...", "");
	fixture_file(&layer, "a/.wh..", "");
	fixture_file(&layer, "../escaped", "x");
	fixture_file(&layer, "a/../../escaped", "x");
	fixture_file(&layer, "/absolute", "inside");
	fixture_member(&layer, '2', "out", "../../../..", "", 0);
	fixture_file(&layer, "out/escaped", "x");
	fixture_member(&layer, '2', "abs", "/", "", 0);
	fixture_file(&layer, "abs/through", "inside, too");
	fixture_member(&layer, '2', "target", "../../../escaped", "", 0);
	fixture_file(&layer, "target", "replaces the link");
	fixture_end(&layer);
	fixture_image("hostile.tar", &layer, 1);
	buf_release(&layer);
	assert_success(unpack("hostile.tar", &directory, &err), err);
	assert_int_equal(lstat("escaped", &st), -1);
	assert_int_equal(lstat("../escaped", &st), -1);
	assert_content(directory, "absolute", "inside");
	assert_content(directory, "escaped", "x");
	assert_content(directory, "through", "inside, too");
	assert_content(directory, "target", "replaces the link");
	/* a whiteout of ".." would have emptied what holds the root */
	assert_true(there(directory, "../mnt"));
}

static void is_whole_or_not_there(unused_arg void **state)
{
	auto_free char *directory = NULL;
	struct error err = ERROR_INIT;
	struct buf layer;
	DIR *roots;
	const struct dirent *item;
	size_t before = 0;
	size_t after = 0;

	buf_init(&layer, FIXTURE_MAX);
	fixture_file(&layer, "fine", "fine");
	fixture_member(&layer, '1', "link", "no-such-target", "", 0);
	fixture_end(&layer);
	fixture_image("broken.tar", &layer, 1);
	buf_release(&layer);
	roots = opendir("cache/roots");
	while (roots != NULL && readdir(roots) != NULL)
		before++;
	if (roots != NULL)
		(void)closedir(roots);
	assert_failure(unpack("broken.tar", &directory, &err), err, ERROR_SYSTEM, "no-such-target");
	assert_null(directory);
	roots = opendir("cache/roots");
	while (roots != NULL && (item = readdir(roots)) != NULL) {
		assert_null(strstr(item->d_name, ".new"));
		after++;
	}
	if (roots != NULL)
		(void)closedir(roots);
	/* the lock may stay, the root may not */
	assert_true(after <= before + 1);
}

static void is_done_once(unused_arg void **state)
{
	auto_free char *first = NULL;
	auto_free char *second = NULL;
	struct error err = ERROR_INIT;
	struct buf layer;
	char mark[4096];

	buf_init(&layer, FIXTURE_MAX);
	fixture_file(&layer, "file", "x");
	fixture_end(&layer);
	fixture_image("once.tar", &layer, 1);
	buf_release(&layer);
	assert_success(unpack("once.tar", &first, &err), err);
	(void)snprintf(mark, sizeof mark, "%s/root/mark", first);
	fixture_write(mark, "m", 1);
	assert_success(unpack("once.tar", &second, &err), err);
	assert_string_equal(first, second);
	assert_true(there(second, "mark"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies_layers),
		cmocka_unit_test(nothing_leaves_the_root),
		cmocka_unit_test(is_whole_or_not_there),
		cmocka_unit_test(is_done_once),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("unpack", tests, fixture_begin, fixture_finish);
}
