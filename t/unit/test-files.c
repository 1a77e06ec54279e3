#include "config.h"

#include "fixture.h"

#include "image/files.h"

/* The owner of the member that was added last, whose data have this size. */
static void owned_by(struct buf *tar, size_t size, unsigned uid, unsigned mode)
{
	char *header = tar->data + tar->size - 512 - (size + 511) / 512 * 512;

	(void)snprintf(header + 108, 8, "%07o", uid);
	fixture_mode(tar, size, mode);
}

static const char *const wanted[] = { "etc/passwd", "etc/group", NULL };

/* "f644 0 4 TEXT" of what lies there: type, mode, owner, size, kept content or target; "-" for
 * nothing. */
static void assert_at(const struct files *files, const char *path, bool follow,
		      const char *expected)
{
	static const char letters[] = { [ROOTFS_ABSENT] = '?',
					[ROOTFS_DIRECTORY] = 'd',
					[ROOTFS_FILE] = 'f',
					[ROOTFS_SYMLINK] = 'l',
					[ROOTFS_OTHER] = 'o' };
	struct error err = ERROR_INIT;
	struct file_facts facts = { 0 };
	char text[4096] = "-";
	int found = files_find(files, path, follow, &facts, NULL, &err);

	assert_success(found, err);
	if (found > 0)
		(void)snprintf(text, sizeof text, "%c%o %u %llu %s", letters[facts.type],
			       facts.mode, facts.uid, (unsigned long long)facts.size,
			       facts.target != NULL ? facts.target
			       : facts.data != NULL ? facts.data
						    : "");
	if (strcmp(text, expected) != 0)
		fail_msg("%s: '%s' instead of '%s'", path, text, expected);
}

static void assert_real(const struct files *files, const char *path, const char *expected)
{
	struct error err = ERROR_INIT;
	struct file_facts facts;
	auto_free char *real = NULL;

	assert_int_equal(files_find(files, path, true, &facts, &real, &err), 1);
	assert_string_equal(real, expected);
}

static void read_image(struct buf *layers, size_t count, unsigned threads, struct files **ret_files)
{
	struct image_options options = { .threads = threads };
	auto_image struct image *image = NULL;
	struct error err = ERROR_INIT;

	fixture_image("image.tar", layers, count);
	assert_success(image_open("image.tar", &options, &image, &err), err);
	assert_success(files_read(image, wanted, ret_files, &err), err);
}

static void layers_begin(struct buf *layers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_init(&layers[i], FIXTURE_MAX);
}

static void layers_end(struct buf *layers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_release(&layers[i]);
}

static void merges(unused_arg void **state)
{
	struct buf layers[3];

	layers_begin(layers, 3);
	fixture_file(&layers[0], "etc/passwd", "old");
	fixture_file(&layers[0], "etc/gone", "x");
	fixture_file(&layers[0], "opaque/old", "x");
	fixture_file(&layers[0], "folder/inside", "x");
	fixture_file(&layers[0], "file", "x");
	fixture_file(&layers[0], "back", "first");
	owned_by(&layers[0], 5, 5, 0600);
	fixture_file(&layers[0], "program", "#!/bin/sh\nrest");
	fixture_mode(&layers[0], 14, 0755);
	fixture_file(&layers[0], "binary", "\177ELF");
	fixture_mode(&layers[0], 4, 04755);
	fixture_end(&layers[0]);
	fixture_file(&layers[1], "etc/.wh.gone", "");
	fixture_file(&layers[1], "etc/passwd", "new");
	owned_by(&layers[1], 3, 7, 0640);
	fixture_file(&layers[1], "opaque/new", "x");
	fixture_file(&layers[1], "opaque/.wh..wh..opq", "");
	fixture_file(&layers[1], "folder", "a file");
	fixture_file(&layers[1], "file/inside", "x");
	fixture_file(&layers[1], ".wh.back", "");
	fixture_member(&layers[1], '5', "made/", "", "", 0);
	owned_by(&layers[1], 0, 9, 0700);
	fixture_end(&layers[1]);
	fixture_file(&layers[2], "back", "again");
	fixture_file(&layers[2], "twice", "1");
	fixture_file(&layers[2], "twice", "second");
	fixture_file(&layers[2], "../escaped", "x");
	fixture_end(&layers[2]);
	for (unsigned threads = 1; threads <= 4; threads += 3) {
		auto_files struct files *files = NULL;

		read_image(layers, 3, threads, &files);
		assert_at(files, "etc/passwd", true, "f640 7 3 new");
		assert_at(files, "/etc//./passwd", true, "f640 7 3 new");
		assert_at(files, "etc", true, "d755 0 0 ");
		assert_at(files, "etc/gone", true, "-");
		assert_at(files, "opaque/old", true, "-");
		assert_at(files, "opaque/new", true, "f644 0 1 ");
		assert_at(files, "folder", true, "f644 0 6 ");
		assert_at(files, "folder/inside", true, "-");
		assert_at(files, "file", true, "d755 0 0 ");
		assert_at(files, "file/inside", true, "f644 0 1 ");
		assert_at(files, "back", true, "f644 0 5 ");
		assert_at(files, "made", true, "d700 9 0 ");
		assert_at(files, "twice", true, "f644 0 6 ");
		assert_at(files, "escaped", true, "-");
		assert_at(files, "program", true, "f755 0 14 #!/bin/sh\nrest");
		assert_at(files, "binary", true, "f4755 0 4 ");
		assert_at(files, "", true, "d755 0 0 ");
		assert_at(files, "/", true, "d755 0 0 ");
		assert_at(files, "program/below", true, "-");
		assert_at(files, "nowhere", true, "-");
	}
	layers_end(layers, 3);
}

static void follows_links(unused_arg void **state)
{
	auto_files struct files *files = NULL;
	struct buf layers[1];

	layers_begin(layers, 1);
	fixture_member(&layers[0], '2', "bin", "usr/bin", "", 0);
	fixture_file(&layers[0], "usr/bin/tool", "x");
	fixture_member(&layers[0], '2', "usr/bin/alias", "tool", "", 0);
	fixture_member(&layers[0], '2', "opt/absolute", "/bin/alias", "", 0);
	fixture_member(&layers[0], '2', "opt/up", "../../../usr/bin/tool", "", 0);
	fixture_member(&layers[0], '2', "loop", "pool", "", 0);
	fixture_member(&layers[0], '2', "pool", "loop", "", 0);
	fixture_member(&layers[0], '2', "dangling", "nowhere", "", 0);
	fixture_end(&layers[0]);
	read_image(layers, 1, 1, &files);
	assert_at(files, "bin", false, "l644 0 0 usr/bin");
	assert_at(files, "bin", true, "d755 0 0 ");
	assert_at(files, "bin/tool", false, "f644 0 1 ");
	assert_at(files, "bin/alias", false, "l644 0 0 tool");
	assert_at(files, "bin/alias", true, "f644 0 1 ");
	assert_at(files, "loop", true, "-");
	assert_at(files, "loop", false, "l644 0 0 pool");
	assert_at(files, "dangling", true, "-");
	/* ".." is where the link led to, not where it stands */
	assert_at(files, "bin/../bin/tool", true, "f644 0 1 ");
	assert_at(files, "bin/../opt/up", true, "-");
	assert_at(files, "../../usr/bin/tool", true, "f644 0 1 ");
	assert_real(files, "opt/absolute", "/usr/bin/tool");
	assert_real(files, "opt/up", "/usr/bin/tool");
	assert_real(files, "/", "/");
	layers_end(layers, 1);
}

/* Names of one file have its owner, its mode and its content, in whichever layer it lies. */
static void follows_hard_links(unused_arg void **state)
{
	auto_files struct files *files = NULL;
	struct buf layers[2];

	layers_begin(layers, 2);
	fixture_file(&layers[0], "lower", "low");
	owned_by(&layers[0], 3, 4, 0611);
	fixture_file(&layers[0], "hidden", "root:x:0:0::/:/bin/sh\n");
	fixture_member(&layers[0], '1', "etc/passwd", "hidden", "", 0);
	fixture_member(&layers[0], '2', "etc/group", "/srv/groups", "", 0);
	fixture_file(&layers[0], "srv/groups", "root:x:0:\n");
	fixture_end(&layers[0]);
	fixture_member(&layers[1], '1', "upper", "lower", "", 0);
	fixture_member(&layers[1], '1', "again", "upper", "", 0);
	fixture_end(&layers[1]);
	read_image(layers, 2, 1, &files);
	assert_at(files, "upper", true, "f611 4 3 ");
	assert_at(files, "again", true, "f611 4 3 ");
	/* what is wanted is found under the name that it has */
	assert_at(files, "etc/passwd", true, "f644 0 22 root:x:0:0::/:/bin/sh\n");
	assert_at(files, "etc/group", true, "f644 0 10 root:x:0:\n");
	layers_end(layers, 2);
}

static void walks(unused_arg void **state)
{
	auto_files struct files *files = NULL;
	auto_buf struct buf path;
	auto_buf struct buf all;
	struct file_facts facts;
	struct buf layers[1];
	uint32_t cursor = 0;

	buf_init(&path, 1000);
	buf_init(&all, 1000);
	layers_begin(layers, 1);
	fixture_file(&layers[0], "a/b", "x");
	fixture_member(&layers[0], '6', "a/pipe", "", "", 0);
	fixture_end(&layers[0]);
	read_image(layers, 1, 1, &files);
	while (files_next(files, &cursor, &path, &facts))
		buf_printf(&all, "%s %d ", path.data, (int)facts.type);
	assert_string_equal(all.data, "/a 1 /a/b 2 /a/pipe 4 ");
	layers_end(layers, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges),
		cmocka_unit_test(follows_links),
		cmocka_unit_test(follows_hard_links),
		cmocka_unit_test(walks),
	};

	return cmocka_run_group_tests_name("files", tests, fixture_begin, fixture_finish);
}
