#include "config.h"

#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <seccomp.h>
#include <sys/wait.h>

#include "run/inroot.h"
#include "run/rootcache.h"

static int unpack(const char *name, char **ret_directory, struct error *err)
{
	const struct image_options options = { .verify = true, .threads = 1 };
	struct idmap map = { .kind = geteuid() == 0 ? IDMAP_HOST : IDMAP_SINGLE };
	auto_image struct image *image = NULL;
	auto_fd int use = -1;

	if (image_open(name, &options, &image, err) < 0)
		return -1;
	return rootcache_get(image, "cache", &map, ret_directory, &use, err);
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

/* Opens `path` and tells what it is: its content, "dir", "link", or the error. */
static void what_is(int root, const char *path, int flags, char text[64])
{
	auto_fd int fd = inroot_open(root, path, flags, (flags & O_CREAT) != 0 ? 0644 : 0);
	struct stat st;
	ssize_t got;

	if (fd < 0) {
		(void)snprintf(text, 64, "%s", strerrorname_np(errno));
		return;
	}
	assert_int_equal(fstat(fd, &st), 0);
	(void)snprintf(text, 64, "%s", S_ISDIR(st.st_mode) ? "dir" : "link");
	if (!S_ISREG(st.st_mode))
		return;
	got = (flags & O_ACCMODE) == O_RDONLY ? read(fd, text, 63) : 0;
	text[got] = '\0';
}

static void check_in_root(void)
{
	static const struct {
		const char *path;
		int flags;
		const char *wanted;
	} cases[] = {
		{ "", O_RDONLY, "dir" },
		{ "/", O_RDONLY, "dir" },
		{ "dir/file", O_RDONLY, "inside" },
		{ "/dir//./file", O_RDONLY, "inside" },
		{ "../../dir/file", O_RDONLY, "inside" },
		{ "dir/../dir/file", O_RDONLY, "inside" },
		{ "none/../dir/file", O_RDONLY, "ENOENT" },
		{ "dir/file/../file", O_RDONLY, "ENOTDIR" },
		{ "dir/file/x", O_RDONLY, "ENOTDIR" },
		{ "none", O_RDONLY, "ENOENT" },
		{ "none/none", O_RDONLY, "ENOENT" },
		{ "absolute/file", O_RDONLY, "inside" },
		{ "dir/absolute/file", O_RDONLY, "inside" },
		{ "dir/to-root/dir/file", O_RDONLY, "inside" },
		{ "climbs/dir/file", O_RDONLY, "inside" },
		{ "climbs/outside", O_RDONLY, "ENOENT" },
		{ "dir/up/dir/file", O_RDONLY, "inside" },
		{ "to-file", O_RDONLY, "inside" },
		{ "to-file", O_RDONLY | O_NOFOLLOW, "ELOOP" },
		{ "to-file", O_PATH | O_NOFOLLOW, "link" },
		{ "to-file", O_WRONLY | O_CREAT | O_EXCL, "EEXIST" },
		{ "absolute", O_PATH, "dir" },
		{ "absolute", O_PATH | O_NOFOLLOW, "link" },
		{ "dir/file", O_RDONLY | O_DIRECTORY, "ENOTDIR" },
		{ "self", O_RDONLY, "ELOOP" },
		{ "self/x", O_RDONLY, "ELOOP" },
		{ "new", O_WRONLY | O_CREAT, "" },
		{ "new", O_RDONLY, "" },
		{ "dangling", O_WRONLY | O_CREAT, "" },
		{ "made", O_RDONLY, "" },
		{ "dir/new/x", O_WRONLY | O_CREAT, "ENOENT" },
	};
	auto_fd int root = open("open", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(root >= 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		char text[64];

		what_is(root, cases[i].path, cases[i].flags, text);
		if (strcmp(text, cases[i].wanted) != 0)
			fail_msg("'%s' with %#o: '%s' and not '%s'", cases[i].path,
				 (unsigned)cases[i].flags, text, cases[i].wanted);
	}
	(void)unlinkat(root, "new", 0);
	(void)unlinkat(root, "made", 0);
}

/* The same with openat2 and, for kernels and sandboxes without it, step by step. */
static void opens_in_the_root_only(unused_arg void **state)
{
	static const int errors[] = { ENOSYS, EPERM };

	assert_int_equal(mkdir("open", 0755), 0);
	assert_int_equal(mkdir("open/dir", 0755), 0);
	fixture_write("open/dir/file", "inside", 6);
	fixture_write("outside", "outside", 7);
	assert_int_equal(symlink("/dir", "open/absolute"), 0);
	assert_int_equal(symlink("../../..", "open/climbs"), 0);
	assert_int_equal(symlink("../climbs", "open/dir/up"), 0);
	assert_int_equal(symlink("absolute/../dir/file", "open/to-file"), 0);
	assert_int_equal(symlink("/dir", "open/dir/absolute"), 0);
	assert_int_equal(symlink("/", "open/dir/to-root"), 0);
	assert_int_equal(symlink("self", "open/self"), 0);
	assert_int_equal(symlink("/made", "open/dangling"), 0);
	check_in_root();
	for (size_t i = 0; i < array_size(errors); i++) {
		int status = -1;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

			if (filter == NULL ||
			    seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)errors[i]),
					     SCMP_SYS(openat2), 0) != 0 ||
			    seccomp_load(filter) != 0)
				_exit(3);
			seccomp_release(filter);
			check_in_root();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies_layers),	  cmocka_unit_test(nothing_leaves_the_root),
		cmocka_unit_test(is_whole_or_not_there),  cmocka_unit_test(is_done_once),
		cmocka_unit_test(opens_in_the_root_only),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("unpack", tests, fixture_begin, fixture_finish);
}
