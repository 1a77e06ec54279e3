/* Runs of an image: what is asked for, and what is on record afterwards. */
#include "config.h"

#include "boxed.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>

#include "run/container.h"

#define MILLISECOND UINT64_C(1000000)

static struct container_options attempt(const char *cmd)
{
	return (struct container_options) { .cache = "cache",
					    .cmd = cmd,
					    .grace = 100 * MILLISECOND };
}

static int run(const struct container_options *options, struct container_record *record,
	       struct error *err)
{
	auto_image struct image *image = NULL;

	boxed_open(&image);
	return container_run(image, options, trace_now(), record, err);
}

static void assert_log(const struct container_record *record, const char *wanted)
{
	assert_int_equal(record->log_count, 1);
	assert_string_equal(record->log[0].text, wanted);
	assert_false(record->log[0].is_error);
}

static void the_root_is_read_only(unused_arg void **state)
{
	struct container_options options =
		attempt("[\"attempt\",\"create-for-reading\",\"/data/new\"]");
	auto_container_record struct container_record record = { 0 };
	struct error err = ERROR_INIT;

	assert_success(run(&options, &record, &err), err);
	assert_true(record.ran);
	assert_int_equal(record.status, 0);
	assert_false(record.early);
	assert_false(record.stop_sent);
	assert_log(&record, "EROFS");
	assert_int_equal(record.trace.refused.count, 1);
	assert_int_equal(record.trace.refused.items[0].error, EROFS);
	assert_string_equal(record.trace.refused.items[0].path, "/data/new");
	assert_string_equal(record.trace.refused.items[0].process, "attempt");
	assert_string_equal(record.trace.refused.items[0].executable, "/bin/attempt");
	assert_int_equal(record.trace.refused.items[0].pid, 1);
	assert_string_equal(record.argv[0], "attempt");
	assert_null(record.argv[3]);
	assert_string_equal(record.working_dir, "/");
	assert_string_equal(record.home, "/");
	assert_int_equal(record.uid, 0);
	assert_true(record.duration > 0 && record.trace.peak_memory > 0);
}

static void writable_places(unused_arg void **state)
{
	static const char *const tmpfs[] = { "/data" };
	struct container_options options =
		attempt("[\"attempt\",\"create-for-reading\",\"/data/new\"]");
	struct error err = ERROR_INIT;

	options.writable = true;
	{
		auto_container_record struct container_record record = { 0 };

		assert_success(run(&options, &record, &err), err);
		assert_log(&record, "ok");
		assert_int_equal(record.trace.refused.count, 0);
		assert_int_equal(record.writes.count, 1);
		assert_string_equal(record.writes.items[0].path, "/data/new");
		assert_string_equal(record.writes.items[0].what, "made");
	}
	options.writable = false;
	options.tmpfs = tmpfs;
	options.tmpfs_count = 1;
	{
		auto_container_record struct container_record record = { 0 };

		assert_success(run(&options, &record, &err), err);
		assert_log(&record, "ok");
		assert_int_equal(record.trace.refused.count, 0);
		assert_int_equal(record.writes.count, 0);
	}
	options.read_only_paths = tmpfs;
	options.read_only_path_count = 1;
	{
		auto_container_record struct container_record record = { 0 };

		assert_success(run(&options, &record, &err), err);
		assert_log(&record, "EROFS");
	}
	/* what one run wrote the next does not see */
	options = attempt("[\"attempt\",\"access-read\",\"/data/new\"]");
	{
		auto_container_record struct container_record record = { 0 };

		assert_success(run(&options, &record, &err), err);
		assert_log(&record, "ENOENT");
	}
}

static void users(unused_arg void **state)
{
	static const struct {
		const char *user, *name, *home;
		unsigned uid, gid;
	} cases[] = {
		{ "app", "app", "/home/app", 1000, 1000 },
		{ "1000:50", "app", "/home/app", 1000, 50 },
		{ "4321", NULL, "/", 4321, 0 },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct container_options options =
			attempt("[\"/bin/attempt\",\"access\",\"/data/file\"]");
		auto_container_record struct container_record record = { 0 };

		options.user = cases[i].user;
		assert_success(run(&options, &record, &err), err);
		assert_int_equal(record.uid, cases[i].uid);
		assert_int_equal(record.gid, cases[i].gid);
		assert_string_equal(record.home, cases[i].home);
		if (cases[i].name == NULL)
			assert_null(record.user_name);
		else
			assert_string_equal(record.user_name, cases[i].name);
		assert_int_equal(record.log_count, 1);
	}
}

static void programs_that_cannot_run(unused_arg void **state)
{
	static const struct {
		const char *cmd;
		int status;
		const char *why;
	} cases[] = {
		{ "[\"/none\"]", 127, "cannot execute '/none': No such file" },
		{ "[\"none\"]", 127, "cannot execute 'none': No such file" },
		{ "[\"/data/file\"]", 126, "cannot execute '/data/file': Permission denied" },
		{ "[\"/data\"]", 126, "cannot execute '/data': Permission denied" },
		/* the shell form, and there is no shell */
		{ "attempt access /", 127, "cannot execute '/bin/sh'" },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct container_options options = attempt(cases[i].cmd);
		auto_container_record struct container_record record = { 0 };

		assert_success(run(&options, &record, &err), err);
		assert_false(record.ran);
		assert_true(WIFEXITED(record.status));
		assert_int_equal(WEXITSTATUS(record.status), cases[i].status);
		assert_non_null(record.start_error);
		assert_non_null(strstr(record.start_error, cases[i].why));
	}
}

static void is_stopped_in_time(unused_arg void **state)
{
	struct container_options options = attempt("[\"attempt\",\"pause\"]");
	auto_container_record struct container_record record = { 0 };
	auto_container_record struct container_record early = { 0 };
	struct error err = ERROR_INIT;

	/* the first process of a PID namespace has no default action: SIGTERM does nothing */
	options.duration = 20 * MILLISECOND;
	assert_success(run(&options, &record, &err), err);
	assert_true(record.ran && record.stop_sent && record.killed);
	assert_int_equal(record.stop_signal, SIGTERM);
	assert_true(WIFSIGNALED(record.status));
	assert_int_equal(WTERMSIG(record.status), SIGKILL);
	assert_true(record.duration >= options.duration + options.grace);
	assert_true(record.stop_took >= options.grace);
	assert_false(record.early);
	options.cmd = "[\"attempt\",\"access\",\"/\"]";
	options.duration = 10000 * MILLISECOND;
	assert_success(run(&options, &early, &err), err);
	assert_true(early.early);
	assert_false(early.stop_sent || early.killed);
	assert_true(early.duration < options.duration);
}

static void commands(unused_arg void **state)
{
	static const struct {
		const char *command;
		int status, error;
	} cases[] = {
		{ "true", 0, 0 },
		{ "false", 1, 0 },
		{ "/none", 127, ENOENT },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct container_options options = attempt("[\"attempt\",\"pause\"]");
		auto_container_record struct container_record record = { 0 };

		options.command = (char *const[]) { (char *)(uintptr_t)cases[i].command, NULL };
		assert_success(run(&options, &record, &err), err);
		assert_true(record.command_ran && record.stop_sent);
		assert_false(record.early);
		assert_int_equal(record.command_status, cases[i].status);
		assert_int_equal(record.command_error, cases[i].error);
		assert_true(record.command_ended >= record.command_started);
		assert_int_equal(record.command_ready > 0, cases[i].status == 0);
	}
}

static void writes_the_log(unused_arg void **state)
{
	struct container_options options = attempt("[\"attempt\",\"access\",\"/\"]");
	auto_container_record struct container_record record = { 0 };
	auto_buf struct buf log;
	struct error err = ERROR_INIT;

	buf_init(&log, FIXTURE_MAX);
	options.log_file = "log";
	options.untraced = true;
	assert_success(run(&options, &record, &err), err);
	/* nobody looked */
	assert_int_equal(record.trace.refused.count, 0);
	assert_success(buf_read_file(&log, "log", &err), err);
	assert_non_null(strstr(log.data, "Z stdout F EROFS\n"));
}

static void refuses(unused_arg void **state)
{
	static const char *const no_pair[] = { "NAME" };
	static const char *const relative[] = { "data" };
	static const struct {
		struct container_options options;
		enum error_kind kind;
		const char *why;
	} cases[] = {
		{ { .cmd = NULL }, ERROR_INPUT, "box.tar: the image has neither entry point nor" },
		{ { .cmd = "[]" }, ERROR_INPUT, "neither entry point nor command" },
		{ { .cmd = "[1]" }, ERROR_USAGE, "holds what is no string" },
		{ { .cmd = "x", .env = no_pair, .env_count = 1 }, ERROR_USAGE, "no NAME=VALUE" },
		{ { .cmd = "x", .tmpfs = relative, .tmpfs_count = 1 },
		  ERROR_USAGE,
		  "--tmpfs: 'data' is no absolute path" },
		{ { .cmd = "x", .read_only_paths = relative, .read_only_path_count = 1 },
		  ERROR_USAGE,
		  "--read-only-path: 'data' is no absolute path" },
		{ { .cmd = "x", .user = "nobody-of-this-name" },
		  ERROR_INPUT,
		  "nobody-of-this-name" },
		{ { .cmd = "x", .log_file = "none/log" }, ERROR_SYSTEM, "cannot write 'none/log'" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct container_options options = cases[i].options;
		struct container_record record = { .status = 4711 };

		options.cache = "cache";
		assert_failure(run(&options, &record, &err), err, cases[i].kind, cases[i].why);
		/* outputs are written on success only */
		assert_int_equal(record.status, 4711);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_is_read_only),
		cmocka_unit_test(writable_places),
		cmocka_unit_test(users),
		cmocka_unit_test(programs_that_cannot_run),
		cmocka_unit_test(is_stopped_in_time),
		cmocka_unit_test(commands),
		cmocka_unit_test(writes_the_log),
		cmocka_unit_test(refuses),
	};

	if (!boxed_can_run() && getenv("SEATRIAL_REQUIRE") == NULL) {
		(void)puts("1..0 # SKIP no namespaces can be made here");
		return 0;
	}
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("container", tests, boxed_begin, fixture_finish);
}
