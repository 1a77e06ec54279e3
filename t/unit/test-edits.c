#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/edits.h"

static void applies(unused_arg void **state)
{
	static const char text[] = "0123456789";
	auto_edits struct edits edits = { 0 };
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&out, 100);
	assert_success(edits_add(&edits, (struct span) { 7, 9 }, "xyz", &err), err);
	assert_success(edits_add(&edits, (struct span) { 0, 0 }, "a", &err), err);
	assert_success(edits_add(&edits, (struct span) { 3, 4 }, "", &err), err);
	assert_success(edits_add(&edits, (struct span) { 10, 10 }, "!", &err), err);
	assert_success(edits_add(&edits, (struct span) { 7, 9 }, "xyz", &err), err);
	assert_int_equal(edits.count, 4);
	assert_success(edits_apply(&edits, text, 10, &out, &err), err);
	assert_string_equal(out.data, "a012456xyz9!");
	assert_failure(edits_add(&edits, (struct span) { 7, 9 }, "other", &err), err, ERROR_INPUT,
		       "two changes");
	assert_failure(edits_add(&edits, (struct span) { 8, 8 }, "in it", &err), err, ERROR_INPUT,
		       "two changes");
	assert_failure(edits_add(&edits, (struct span) { 2, 4 }, "around", &err), err, ERROR_INPUT,
		       "two changes");
	assert_failure(edits_add(&edits, (struct span) { 10, 10 }, "?", &err), err, ERROR_INPUT,
		       "two changes");
}

static void shows(unused_arg void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *diff;
	} cases[] = {
		{ "a\nb\n", "a\nb\n", "" },
		{ "", "", "" },
		{ "a\n", "b\n", "--- F\n+++ F\n@@ -1 +1 @@\n-a\n+b\n" },
		{ "a", "b",
		  "--- F\n+++ F\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
		  "\\ No newline at end of file\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		  "--- F\n+++ F\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
		{ "1\r\n2\n3\n4\n5\n6\n7\n8\n", "x\r\n2\n3\n4\n5\n6\n7\ny\n",
		  "--- F\n+++ F\n@@ -1,8 +1,8 @@\n-1\r\n+x\r\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
		  "--- F\n+++ F\n@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n"
		  "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n" },
		{ "1\n2\n3", "x\ny\n3",
		  "--- F\n+++ F\n@@ -1,3 +1,3 @@\n-1\n-2\n+x\n+y\n 3\n"
		  "\\ No newline at end of file\n" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf from;
		auto_buf struct buf to;
		auto_buf struct buf out;

		buf_init(&from, 100);
		buf_init(&to, 100);
		buf_init(&out, 1000);
		buf_add_string(&from, cases[i].from);
		buf_add_string(&to, cases[i].to);
		diff_lines("F", &from, &to, &out);
		assert_string_equal(out.data, cases[i].diff);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void rewrites(unused_arg void **state)
{
	char folder[] = "/tmp/test-edits.XXXXXX";
	struct rewrite *rewrite = NULL;
	struct rewrite *other = NULL;
	auto_buf struct buf from;
	auto_buf struct buf to;
	auto_buf struct buf now;
	struct error err = ERROR_INIT;
	struct stat info;

	buf_init(&from, 100);
	buf_init(&to, 100);
	buf_init(&now, 100);
	buf_add_string(&from, "old");
	buf_add_string(&to, "newer");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	write_file("real", "old");
	assert_int_equal(chmod("real", 0640), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_success(rewrite_new("link", &from, &to, &rewrite, &err), err);
	assert_success(buf_read_file(&now, "real", &err), err);
	assert_string_equal(now.data, "old");
	assert_success(rewrite_new("link", &from, &to, &other, &err), err);
	assert_success(rewrite_finish(rewrite, &err), err);
	rewrite_free(rewrite);
	rewrite_free(other);
	buf_clear(&now);
	assert_success(buf_read_file(&now, "real", &err), err);
	assert_string_equal(now.data, "newer");
	assert_int_equal(lstat("link", &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	assert_int_equal(stat("real", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	assert_failure(rewrite_new("link", &from, &to, &rewrite, &err), err, ERROR_INPUT,
		       "changed meanwhile");
	assert_failure(rewrite_new("nowhere", &from, &to, &rewrite, &err), err, ERROR_SYSTEM,
		       "nowhere");
	assert_failure(rewrite_new(".", &from, &to, &rewrite, &err), err, ERROR_INPUT,
		       "no regular file");
	/* nothing is left beside the files, or this would fail */
	assert_int_equal(unlink("real"), 0);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies),
		cmocka_unit_test(shows),
		cmocka_unit_test(rewrites),
	};

	return cmocka_run_group_tests_name("edits", tests, NULL, NULL);
}
