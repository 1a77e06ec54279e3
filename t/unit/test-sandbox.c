/* The inside of the sandbox, and what it says on its channel. */
#include "config.h"

#include "boxed.h"

#include <errno.h>
#include <locale.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "run/sandbox.h"
#include "run/rootcache.h"

struct told {
	char kind; /* 0: the channel was closed */
	char text[ERROR_TEXT_MAX + 1];
	int fd;
};

/* What a sandbox said and did. */
struct outcome {
	struct told told[3];
	size_t count;
	char output[256];
	int status;
};

static bool receive(int channel, struct told *told)
{
	struct iovec piece = { told->text, sizeof told->text - 1 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct msghdr whole = { .msg_iov = &piece,
				.msg_iovlen = 1,
				.msg_control = control.space,
				.msg_controllen = sizeof control.space };
	ssize_t got = recvmsg(channel, &whole, MSG_CMSG_CLOEXEC);

	assert_true(got >= 0);
	if (got == 0)
		return false;
	told->kind = told->text[0];
	memmove(told->text, told->text + 1, (size_t)got - 1);
	told->text[got - 1] = '\0';
	told->fd = -1;
	if (CMSG_FIRSTHDR(&whole) != NULL)
		memcpy(&told->fd, CMSG_DATA(CMSG_FIRSTHDR(&whole)), sizeof told->fd);
	return true;
}

/* As root, so that nobody has to map ids. */
static struct outcome enter(struct sandbox *sandbox)
{
	static const unsigned long flags =
		CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
	struct outcome outcome = { .count = 0 };
	int pair[2];
	int output[2];
	ssize_t got;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	sandbox->channel = pair[1];
	sandbox->out = sandbox->err = output[1];
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0) {
		/* its end would keep the channel open */
		(void)close(pair[0]);
		sandbox_enter(sandbox);
	}
	(void)close(pair[1]);
	(void)close(output[1]);
	/* it waits for this byte */
	assert_int_equal(write(pair[0], "g", 1), 1);
	while (outcome.count < array_size(outcome.told) &&
	       receive(pair[0], &outcome.told[outcome.count]))
		outcome.count++;
	assert_int_equal(waitpid(pid, &outcome.status, 0), pid);
	got = read(output[0], outcome.output, sizeof outcome.output - 1);
	outcome.output[got > 0 ? got : 0] = '\0';
	(void)close(pair[0]);
	(void)close(output[0]);
	return outcome;
}

static struct account account = { .uid = 0 };
static char *const none[] = { NULL };
static char path_text[] = "PATH=/none:/bin";
static char *const path_only[] = { path_text, NULL };
static char *directory;

static struct sandbox sandbox_for(char *const *argv)
{
	return (struct sandbox) { .directory = directory,
				  .hostname = "box",
				  .working_dir = "/",
				  .argv = argv,
				  .env = path_only,
				  .account = &account,
				  .volumes = none,
				  .tmpfs = none,
				  .read_only_paths = none,
				  .privileged = true,
				  .has_groups = true };
}

static char program[] = "attempt";
static char create[] = "create-for-reading";
static char new_file[] = "/data/new";
static char *const make_new[] = { program, create, new_file, NULL };

static void says_that_it_is_ready(unused_arg void **state)
{
	struct sandbox sandbox = sandbox_for(make_new);
	struct outcome outcome = enter(&sandbox);
	struct stat st;

	assert_int_equal(outcome.count, 1);
	assert_int_equal(outcome.told[0].kind, SANDBOX_READY);
	/* the upper directory of the overlay */
	assert_int_equal(fstat(outcome.told[0].fd, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	(void)close(outcome.told[0].fd);
	assert_int_equal(outcome.status, 0);
	assert_string_equal(outcome.output, "EROFS\n");
}

static void writable_mounts(unused_arg void **state)
{
	char *const data[] = { (char[]) { "/data" }, NULL };
	struct sandbox sandboxes[] = { sandbox_for(make_new), sandbox_for(make_new),
				       sandbox_for(make_new) };

	sandboxes[0].writable = true;
	sandboxes[1].volumes = data;
	sandboxes[2].tmpfs = data;
	for (size_t i = 0; i < array_size(sandboxes); i++) {
		struct outcome outcome = enter(&sandboxes[i]);

		assert_int_equal(outcome.told[0].kind, SANDBOX_READY);
		assert_string_equal(outcome.output, "ok\n");
		/* what a program made is in the upper directory where the root is writable */
		assert_int_equal(faccessat(outcome.told[0].fd, "data/new", F_OK, 0),
				 i == 0 ? 0 : -1);
		(void)close(outcome.told[0].fd);
	}
	sandboxes[0].read_only_paths = data;
	{
		struct outcome outcome = enter(&sandboxes[0]);

		assert_string_equal(outcome.output, "EROFS\n");
		(void)close(outcome.told[0].fd);
	}
}

/* A volume has the image's content, a tmpfs hides it. */
static void what_volumes_hold(unused_arg void **state)
{
	char *const look[] = { program, (char[]) { "access-read" }, (char[]) { "/data/file" },
			       NULL };
	char *const data[] = { (char[]) { "/data" }, NULL };
	struct sandbox volume = sandbox_for(look);
	struct sandbox tmpfs = sandbox_for(look);
	struct outcome outcome;

	volume.volumes = data;
	tmpfs.tmpfs = data;
	outcome = enter(&volume);
	assert_string_equal(outcome.output, "ok\n");
	(void)close(outcome.told[0].fd);
	outcome = enter(&tmpfs);
	assert_string_equal(outcome.output, "ENOENT\n");
	(void)close(outcome.told[0].fd);
}

static void says_why_it_failed(unused_arg void **state)
{
	char *const below_a_file[] = { (char[]) { "/data/file/x" }, NULL };
	struct sandbox no_directory = sandbox_for(make_new);
	struct sandbox bad_volume = sandbox_for(make_new);
	struct sandbox bad_place = sandbox_for(make_new);
	struct outcome outcome;

	no_directory.directory = "none";
	outcome = enter(&no_directory);
	assert_int_equal(outcome.count, 1);
	assert_int_equal(outcome.told[0].kind, SANDBOX_FAILED);
	assert_string_equal(outcome.told[0].text, "cannot enter 'none': No such file or directory");
	assert_int_equal(WEXITSTATUS(outcome.status), 125);
	bad_volume.volumes = below_a_file;
	outcome = enter(&bad_volume);
	assert_int_equal(outcome.told[0].kind, SANDBOX_FAILED);
	assert_non_null(strstr(outcome.told[0].text, "data/file"));
	bad_place.working_dir = "/data/file";
	outcome = enter(&bad_place);
	assert_int_equal(outcome.told[outcome.count - 1].kind, SANDBOX_FAILED);
	assert_non_null(strstr(outcome.told[outcome.count - 1].text, "/data/file"));
	assert_string_equal(outcome.output, "");
}

static void says_that_it_cannot_execute(unused_arg void **state)
{
	static const struct {
		const char *program;
		int status;
	} cases[] = {
		{ "missing", 127 },
		{ "/missing", 127 },
		{ "/data/file", 126 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char *const argv[] = { (char *)(uintptr_t)cases[i].program, NULL };
		struct sandbox sandbox = sandbox_for(argv);
		struct outcome outcome = enter(&sandbox);

		assert_int_equal(outcome.count, 2);
		assert_int_equal(outcome.told[1].kind, SANDBOX_NOT_EXECUTED);
		assert_non_null(strstr(outcome.told[1].text, cases[i].program));
		assert_int_equal(WEXITSTATUS(outcome.status), cases[i].status);
		(void)close(outcome.told[0].fd);
	}
}

/* Mounts end with the sandbox: what it wrote is nowhere on this side. */
static void leaves_nothing(unused_arg void **state)
{
	char path[4096];
	struct stat st;

	for (const char *const *name = (const char *const[]) { "root/data/new", "mnt/upper",
							       "mnt/merged/data", NULL };
	     *name != NULL; name++) {
		(void)snprintf(path, sizeof path, "%s/%s", directory, *name);
		assert_int_equal(lstat(path, &st), -1);
	}
}

static int begin(void **state)
{
	auto_image struct image *image = NULL;
	auto_fd int use = -1;
	struct error err = ERROR_INIT;
	/* the tests enter it by themselves, with one id */
	struct idmap map = { .kind = geteuid() == 0 ? IDMAP_HOST : IDMAP_SINGLE };

	if (boxed_begin(state) < 0)
		return -1;
	boxed_open(&image);
	assert_success(rootcache_get(image, "cache", &map, &directory, &use, &err), err);
	/* a sandbox enters it, wherever it is */
	assert_non_null(directory);
	return 0;
}

static int finish(void **state)
{
	free(directory);
	return fixture_finish(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_that_it_is_ready),       cmocka_unit_test(writable_mounts),
		cmocka_unit_test(what_volumes_hold),	       cmocka_unit_test(says_why_it_failed),
		cmocka_unit_test(says_that_it_cannot_execute), cmocka_unit_test(leaves_nothing),
	};

	/* an ordinary user's ids are mapped by the supervisor, which test-container has */
	if (geteuid() != 0 || (!boxed_can_run() && getenv("SEATRIAL_REQUIRE") == NULL)) {
		(void)puts("1..0 # SKIP only root can make the namespaces alone");
		return 0;
	}
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("sandbox", tests, begin, finish);
}
