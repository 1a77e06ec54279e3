#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/notify.h"

static uint64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void send_text(const struct notify *notify, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", notify->path);
	assert_int_equal(
		sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address),
		strlen(text));
	(void)close(fd);
}

/* The time is the message's, not that of the look. */
static void tells_when(unused_arg void **state)
{
	auto_notify struct notify notify = NOTIFY_INIT;
	struct error err = ERROR_INIT;
	const struct timespec moment = { .tv_nsec = 100000000 };
	uint64_t before, after, found;

	assert_success(notify_open(&notify, &err), err);
	assert_int_equal(notify_ready_at(&notify), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", notify.path, 1), 0);
	before = now();
	assert_true(notify_send_ready());
	after = now();
	assert_int_equal(nanosleep(&moment, NULL), 0);
	found = notify_ready_at(&notify);
	/* two clocks are read one after the other */
	assert_true(found + 5000000 >= before);
	assert_true(found <= after + 5000000);
}

static void other_words(unused_arg void **state)
{
	static const struct {
		const char *text;
		bool ready;
	} cases[] = {
		{ "STATUS=starting", false },	 { "READY=10", false },
		{ "X_READY=1", false },		 { "READY=", false },
		{ "STATUS=up\nREADY=1", true },	 { "READY=1\nMAINPID=7\n", true },
		{ "STATUS=READY=1\n\n", false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_notify struct notify notify = NOTIFY_INIT;
		struct error err = ERROR_INIT;

		assert_success(notify_open(&notify, &err), err);
		send_text(&notify, "WATCHDOG=1");
		send_text(&notify, cases[i].text);
		assert_int_equal(notify_ready_at(&notify) > 0, cases[i].ready);
	}
}

static void leaves_nothing(unused_arg void **state)
{
	struct notify notify;
	struct error err = ERROR_INIT;
	char path[sizeof notify.path];

	assert_success(notify_open(&notify, &err), err);
	(void)snprintf(path, sizeof path, "%s", notify.path);
	assert_int_equal(access(path, F_OK), 0);
	notify_unlink(&notify);
	assert_int_equal(access(path, F_OK), -1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(access(path, F_OK), -1);
	notify_release(&notify);
}

static void nobody(unused_arg void **state)
{
	static const char *const names[] = { "", "/none/socket", "@nobody-here", "relative" };
	char name[200];

	for (size_t i = 0; i < array_size(names); i++) {
		assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
		assert_false(notify_send_ready());
	}
	memset(name, '/', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_false(notify_send_ready());
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_false(notify_send_ready());
}

static void long_folder(unused_arg void **state)
{
	auto_notify struct notify notify = NOTIFY_INIT;
	struct error err = ERROR_INIT;
	char name[200];
	const char *former = getenv("TMPDIR");
	auto_free char *kept = former != NULL ? strdup(former) : NULL;

	memset(name, 'x', sizeof name);
	name[0] = '/';
	name[sizeof name - 1] = '\0';
	assert_int_equal(setenv("TMPDIR", name, 1), 0);
	assert_success(notify_open(&notify, &err), err);
	assert_int_equal(strncmp(notify.path, "/tmp/", 5), 0);
	assert_int_equal(kept != NULL ? setenv("TMPDIR", kept, 1) : unsetenv("TMPDIR"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_when),	  cmocka_unit_test(other_words),
		cmocka_unit_test(leaves_nothing), cmocka_unit_test(nobody),
		cmocka_unit_test(long_folder),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
