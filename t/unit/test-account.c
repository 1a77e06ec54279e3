#include "config.h"

#include "fixture.h"

#include "run/account.h"

static int root = -1;

static int begin(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "broken line\n"
				     "app:x:1000:1001:An app:/home/app:/bin/sh\n"
				     "nohome:x:1002:1002::\n"
				     "huge:x:4294967296:1:::\n"
				     "1003:x:7:7::/seven:\n"
				     "last:x:1004:1004::/last:/bin/sh";
	static const char group[] = "root:x:0:\n"
				    "app:x:1001:\n"
				    "extra:x:2000:other,app\n"
				    "more:x:2001:app\n"
				    "notapp:x:2002:apple,xapp\n";

	if (fixture_begin(state) < 0 || mkdir("root", 0755) < 0 || mkdir("root/etc", 0755) < 0)
		return -1;
	fixture_write("root/etc/passwd", passwd, sizeof passwd - 1);
	fixture_write("root/etc/group", group, sizeof group - 1);
	root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int finish(void **state)
{
	(void)close(root);
	return fixture_finish(state);
}

static void finds(unused_arg void **state)
{
	static const struct {
		const char *user;
		uid_t uid;
		gid_t gid;
		const char *name;
		const char *home;
		size_t groups;
	} cases[] = {
		{ "", 0, 0, "root", "/root", 1 },
		{ "root", 0, 0, "root", "/root", 1 },
		{ "app", 1000, 1001, "app", "/home/app", 3 },
		{ "1000", 1000, 1001, "app", "/home/app", 3 },
		{ "app:extra", 1000, 2000, "app", "/home/app", 1 },
		{ "app:77", 1000, 77, "app", "/home/app", 1 },
		{ "1000:2001", 1000, 2001, "app", "/home/app", 1 },
		{ "app:", 1000, 1001, "app", "/home/app", 3 },
		{ "4242", 4242, 0, NULL, "/", 1 },
		{ "4242:9", 4242, 9, NULL, "/", 1 },
		{ "1003", 1003, 0, NULL, "/", 1 },
		{ "last", 1004, 1004, "last", "/last", 1 },
		{ ":5", 0, 5, "root", "/root", 1 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_account struct account account = { 0 };
		struct error err = ERROR_INIT;

		assert_success(account_find(root, cases[i].user, &account, &err), err);
		assert_int_equal(account.uid, cases[i].uid);
		assert_int_equal(account.gid, cases[i].gid);
		assert_int_equal(account.group_count, cases[i].groups);
		assert_int_equal(account.groups[0], cases[i].gid);
		assert_string_equal(account.home, cases[i].home);
		if (cases[i].name != NULL)
			assert_string_equal(account.name, cases[i].name);
		else
			assert_null(account.name);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *user;
		const char *why;
	} cases[] = {
		{ "nobody", "no user 'nobody'" },	  { "huge", "no user 'huge'" },
		{ "app:none", "no group 'none'" },	  { "-1", "no user '-1'" },
		{ "4294967296", "no user '4294967296'" }, { "App", "no user 'App'" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_account struct account account = { 0 };

		assert_failure(account_find(root, cases[i].user, &account, &err), err, ERROR_INPUT,
			       cases[i].why);
	}
}

/* A link in the image leads inside the image, never to this machine's users. */
static void links_stay_inside(unused_arg void **state)
{
	auto_account struct account account = { 0 };
	struct error err;
	auto_fd int other = -1;

	assert_int_equal(mkdir("linked", 0755), 0);
	assert_int_equal(mkdir("linked/etc", 0755), 0);
	assert_int_equal(symlink("/etc/passwd-of-nowhere", "linked/etc/passwd"), 0);
	assert_int_equal(symlink("../../../../../../../../etc/group", "linked/etc/group"), 0);
	other = open("linked", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_failure(account_find(other, "root", &account, &err), err, ERROR_INPUT,
		       "no user 'root'");
	assert_success(account_find(other, "12", &account, &err), err);
	assert_int_equal(account.uid, 12);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(refuses),
		cmocka_unit_test(links_stay_inside),
	};

	return cmocka_run_group_tests_name("account", tests, begin, finish);
}
