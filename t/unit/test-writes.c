#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/doc.h"
#include "run/writes.h"

#define auto_writes cleanup_by(writes_release)

/* "made /a changed /b " */
static void assert_writes(const struct write_list *list, const char *wanted)
{
	auto_buf struct buf text;

	buf_init(&text, 10000);
	buf_add_string(&text, "");
	for (size_t i = 0; i < list->count; i++)
		buf_printf(&text, "%s %s ", list->items[i].what, list->items[i].path);
	assert_string_equal(text.data, wanted);
}

static int take(struct write_list *list, const char *json, struct error *err)
{
	auto_doc json_t *doc = NULL;

	assert_success(doc_parse(json, strlen(json), "changes", &doc, err), *err);
	return writes_of_changes(list, doc, err);
}

static void changes(unused_arg void **state)
{
	static const struct {
		const char *json;
		const char *wanted;
	} cases[] = {
		{ "[]", "" },
		{ "[{\"Path\":\"/a\",\"Kind\":1}]", "made /a " },
		{ "[{\"Path\":\"/a\",\"Kind\":2},{\"Path\":\"/b\",\"Kind\":0}]",
		  "deleted /a changed /b " },
		/* a folder's change is what lies in it, and a longer name does not */
		{ "[{\"Path\":\"/a\",\"Kind\":0},{\"Path\":\"/a.b\",\"Kind\":1},"
		  "{\"Path\":\"/a/b/c\",\"Kind\":1},{\"Path\":\"/a/b\",\"Kind\":0}]",
		  "made /a.b made /a/b/c " },
		{ "[{\"Path\":\"/a\",\"Kind\":0},{\"Path\":\"/ab\",\"Kind\":1}]",
		  "changed /a made /ab " },
		{ "[{\"Path\":\"/a\",\"Kind\":1},{\"Path\":\"/a/b\",\"Kind\":1}]",
		  "made /a made /a/b " },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_writes struct write_list list = { 0 };
		struct error err = ERROR_INIT;

		assert_success(take(&list, cases[i].json, &err), err);
		assert_writes(&list, cases[i].wanted);
	}
}

static void in_order(unused_arg void **state)
{
	auto_writes struct write_list list = { 0 };
	struct error err = ERROR_INIT;

	writes_sort(&list);
	assert_success(take(&list,
			    "[{\"Path\":\"/b\",\"Kind\":1},{\"Path\":\"/a/z\",\"Kind\":2},"
			    "{\"Path\":\"/a\",\"Kind\":1}]",
			    &err),
		       err);
	writes_sort(&list);
	assert_writes(&list, "made /a deleted /a/z made /b ");
}

static void no_changes(unused_arg void **state)
{
	static const char *const cases[] = {
		"{}",
		"[1]",
		"[{}]",
		"[{\"Path\":\"/a\"}]",
		"[{\"Path\":\"/a\",\"Kind\":3}]",
		"[{\"Path\":\"/a\",\"Kind\":-1}]",
		"[{\"Path\":1,\"Kind\":1}]",
		"[{\"Path\":\"/a\",\"Kind\":1},{\"Path\":\"/b\",\"Kind\":9}]",
	};
	auto_writes struct write_list list = { 0 };
	struct error err = ERROR_INIT;

	assert_success(writes_of_changes(&list, NULL, &err), err);
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(take(&list, cases[i], &err), -1);
		assert_true(err.kind == ERROR_ENGINE || err.kind == ERROR_INPUT);
		assert_int_equal(list.count, 0);
	}
}

static void what_is_not_the_programs(unused_arg void **state)
{
	static const char json[] =
		"[{\"Path\":\"/data\",\"Kind\":0},{\"Path\":\"/data/x\",\"Kind\":1},"
		"{\"Path\":\"/var/lib\",\"Kind\":0},{\"Path\":\"/etc/hosts\",\"Kind\":0},"
		"{\"Path\":\"/etc/hosts.allow\",\"Kind\":1},{\"Path\":\"/.dockerenv\",\"Kind\":1},"
		"{\"Path\":\"/srv/deep\",\"Kind\":1},{\"Path\":\"/srv/deep/new\",\"Kind\":1},"
		"{\"Path\":\"/home\",\"Kind\":0}]";
	static const char *const mounts[] = { "/data", "/var/lib/app", NULL };
	auto_writes struct write_list list = { 0 };
	struct error err = ERROR_INIT;

	assert_success(take(&list, json, &err), err);
	writes_drop_mounts(&list, mounts);
	assert_writes(&list, "made /data/x changed /etc/hosts made /etc/hosts.allow made "
			     "/.dockerenv made /srv/deep made /srv/deep/new changed /home ");
	/* the engine makes a working directory that is missing */
	writes_drop_own(&list, "/srv/deep");
	assert_writes(&list,
		      "made /data/x made /etc/hosts.allow made /srv/deep/new changed /home ");
	/* and leaves alone one that is there */
	writes_drop_own(&list, "/home");
	assert_writes(&list,
		      "made /data/x made /etc/hosts.allow made /srv/deep/new changed /home ");
}

static void folders_that_were_written_to(unused_arg void **state)
{
	static const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char directory[] = "/tmp/seatrial-unit.XXXXXX";
	auto_writes struct write_list list = { 0 };
	struct error err = ERROR_INIT;
	uint64_t since;

	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	for (const char *const *name =
		     (const char *const[]) { "old", "old/new", "old/listed", "old/listed/x", NULL };
	     *name != NULL; name++)
		assert_int_equal(mkdir(*name, 0755), 0);
	assert_int_equal(utimensat(AT_FDCWD, "old/listed/x", old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, "old", old, 0), 0);
	assert_int_equal(symlink("/", "old/link"), 0);
	assert_int_equal(utimensat(AT_FDCWD, "old", old, 0), 0);
	since = UINT64_C(2000) * 1000000000;
	assert_success(writes_add(&list, "/old/listed/file", "made", 0, &err), err);
	assert_success(writes_of_upper(&list, directory, since, &err), err);
	assert_writes(&list, "made /old/listed/file changed /old/new ");
	/* one that cannot be seen tells nothing */
	assert_success(writes_of_upper(&list, "/nowhere", since, &err), err);
	assert_int_equal(list.count, 2);
	assert_int_equal(unlink("old/link") + rmdir("old/listed/x") + rmdir("old/listed") +
				 rmdir("old/new") + rmdir("old") + chdir("/") + rmdir(directory),
			 0);
}

static void no_more_than_are_kept(unused_arg void **state)
{
	auto_writes struct write_list list = { 0 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < WRITES_MAX + 5; i++)
		assert_success(writes_add(&list, "/x", "made", 0, &err), err);
	assert_int_equal(list.count, WRITES_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
		cmocka_unit_test(in_order),
		cmocka_unit_test(no_changes),
		cmocka_unit_test(what_is_not_the_programs),
		cmocka_unit_test(folders_that_were_written_to),
		cmocka_unit_test(no_more_than_are_kept),
	};

	return cmocka_run_group_tests_name("writes", tests, NULL, NULL);
}
