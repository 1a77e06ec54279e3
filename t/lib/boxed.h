/* An image with one static program, /bin/attempt, for the unit tests of what runs images. */
#ifndef BOXED_H
#define BOXED_H

#include "fixture.h"

#include <sched.h>
#include <sys/wait.h>

#include "image/image.h"

/* t/lib/attempt stands beside the folder of the unit tests. */
static inline void boxed_program(struct buf *program)
{
	struct error err = ERROR_INIT;
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
	char *slash;

	assert_true(length > 0);
	path[length] = '\0';
	slash = strrchr(path, '/');
	assert_non_null(slash);
	(void)snprintf(slash, 32, "/../lib/attempt");
	buf_init(program, FIXTURE_MAX);
	assert_success(buf_read_file(program, path, &err), err);
}

/* The fixture's directory, and box.tar in it. */
static inline int boxed_begin(void **state)
{
	auto_buf struct buf program;
	struct buf layer;

	boxed_program(&program);
	if (fixture_begin(state) < 0)
		return -1;
	buf_init(&layer, FIXTURE_MAX);
	fixture_member(&layer, '5', "bin/", "", "", 0);
	fixture_mode(&layer, 0, 0755);
	fixture_member(&layer, '5', "data/", "", "", 0);
	fixture_mode(&layer, 0, 0755);
	fixture_file(&layer, "data/file", "content");
	fixture_file(&layer, "etc/passwd", "app:x:1000:1000::/home/app:/bin/sh\n");
	fixture_member(&layer, '0', "bin/attempt", "", program.data, program.size);
	fixture_mode(&layer, program.size, 0755);
	fixture_end(&layer);
	fixture_image("box.tar", &layer, 1);
	buf_release(&layer);
	return 0;
}

static inline void boxed_open(struct image **ret_image)
{
	const struct image_options options = { .verify = true, .threads = 1 };
	struct error err = ERROR_INIT;

	assert_success(image_open("box.tar", &options, ret_image, &err), err);
}

/* Can namespaces be made here? Some machines and containers forbid them. */
static inline bool boxed_can_run(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
			_exit(1);
		_exit(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			      CLONE_NEWUTS) < 0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

#endif
