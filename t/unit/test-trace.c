#include "config.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "run/trace.h"

/* Runs `body` under the filter and the tracer; *ret_status is its exit status. */
static void run_traced(void (*body)(void), struct trace *trace, int *ret_status)
{
	struct error err = ERROR_INIT;
	int channel[2];
	pid_t pid;

	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct error problem = ERROR_INIT;
		char byte;

		/* the right to load the filter, for whoever runs the tests */
		if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
			_exit(99);
		if (read(channel[0], &byte, 1) != 1 || calls_load_filter(false, &problem) < 0)
			_exit(98);
		body();
		_exit(0);
	}
	trace_init(trace, pid, true, false);
	assert_success(trace_seize(trace, pid, &err), err);
	assert_int_equal(write(channel[1], "g", 1), 1);
	(void)close(channel[0]);
	(void)close(channel[1]);
	for (;;) {
		int status;
		int end = 0;
		pid_t stopped = waitpid(-1, &status, __WALL);

		assert_true(stopped > 0);
		if (trace_handle(trace, stopped, status, &end)) {
			*ret_status = end;
			return;
		}
	}
}

static void attempts(void)
{
	/* a missing parent is a failed making, wherever one may write */
	(void)mkdir("/no-such-directory/new", 0700);
	(void)mkdir("/no-such-directory/new", 0700);
	(void)!open("/no-such-directory/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	/* these are none: it is there; there is nothing to make; reading */
	(void)mkdir("/tmp", 0700);
	(void)!open("/no-such-file", O_WRONLY | O_CLOEXEC);
	(void)!open("/no-such-file", O_RDONLY | O_CLOEXEC);
	(void)!access("/no-such-file", W_OK);
	(void)close(open("/dev/null", O_RDWR | O_CLOEXEC));
}

/* What is seized counts from its execve on; what it starts counts at once. */
static void attempts_of_a_child(void)
{
	pid_t pid;

	(void)mkdir("/no-such-directory/own", 0700);
	pid = fork();
	if (pid == 0) {
		attempts();
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
}

static void records_what_fails(unused_arg void **state)
{
	struct trace trace;
	int status = -1;

	run_traced(attempts_of_a_child, &trace, &status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(trace.refused.count, 2);
	assert_int_equal(trace.refused.total, 3);
	assert_string_equal(trace.refused.items[0].call, "mkdir");
	assert_string_equal(trace.refused.items[0].path, "/no-such-directory/new");
	assert_int_equal(trace.refused.items[0].error, ENOENT);
	assert_int_equal(trace.refused.items[0].count, 2);
	assert_string_equal(trace.refused.items[1].path, "/no-such-directory/file");
	assert_true(trace.peak_memory > 0);
	trace_release(&trace);
}

static void children(void)
{
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)!chdir("/tmp");
			(void)mkdir("no-such-directory/./in//it/", 0700);
			_exit(0);
		}
		(void)waitpid(pid, NULL, 0);
	}
}

static void follows_children(unused_arg void **state)
{
	struct trace trace;
	int status = -1;

	run_traced(children, &trace, &status);
	assert_int_equal(trace.refused.count, 3);
	for (size_t i = 0; i < trace.refused.count; i++)
		assert_string_equal(trace.refused.items[i].path, "/tmp/no-such-directory/in/it");
	trace_release(&trace);
}

static void dies(void)
{
	(void)raise(SIGKILL);
}

static void tells_the_end(unused_arg void **state)
{
	struct trace trace;
	int status = -1;

	run_traced(dies, &trace, &status);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	trace_release(&trace);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_what_fails),
		cmocka_unit_test(follows_children),
		cmocka_unit_test(tells_the_end),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
