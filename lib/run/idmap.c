#include "config.h"

#include "run/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/text.h"

#define SUBORDINATES_MAX ((size_t)16 << 20)

extern char **environ;

bool idmap_range(const char *text, const char *name, uid_t id, uint64_t *ret_first,
		 uint64_t *ret_count)
{
	char number[32];

	*ret_count = 0;
	(void)snprintf(number, sizeof number, "%u", (unsigned)id);
	for (const char *line = text; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		auto_free char *copy = strndup(line, length);
		char *first = copy != NULL ? strchr(copy, ':') : NULL;
		char *count = first != NULL ? strchr(first + 1, ':') : NULL;
		uint64_t from;
		uint64_t many;

		line += length + (line[length] == '\n');
		if (count == NULL)
			continue;
		*first++ = '\0';
		*count++ = '\0';
		if ((strcmp(copy, number) != 0 && (name == NULL || strcmp(copy, name) != 0)) ||
		    text_parse_number(first, &from, NULL) < 0 ||
		    text_parse_number(count, &many, NULL) < 0 || many <= *ret_count)
			continue;
		*ret_first = from;
		*ret_count = many;
	}
	return *ret_count > 0;
}

static bool range_of_file(const char *path, const char *name, uint64_t *ret_first,
			  uint64_t *ret_count)
{
	auto_buf struct buf text;

	buf_init(&text, SUBORDINATES_MAX);
	return buf_read_file(&text, path, NULL) == 0 &&
	       idmap_range(text.data, name, geteuid(), ret_first, ret_count);
}

static bool is_installed(const char *program)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/local/bin" };

	for (size_t i = 0; i < array_size(folders); i++) {
		char path[64];

		(void)snprintf(path, sizeof path, "%s/%s", folders[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

struct idmap idmap_find(void)
{
	struct idmap map = { .kind = IDMAP_HOST };
	const struct passwd *user;

	if (geteuid() == 0)
		return map;
	user = getpwuid(geteuid());
	map.kind = is_installed("newuidmap") && is_installed("newgidmap") &&
				   range_of_file("/etc/subuid", user != NULL ? user->pw_name : NULL,
						 &map.first_uid, &map.uids) &&
				   range_of_file("/etc/subgid", user != NULL ? user->pw_name : NULL,
						 &map.first_gid, &map.gids)
			   ? IDMAP_SUBORDINATE
			   : IDMAP_SINGLE;
	return map;
}

const char *idmap_name(enum idmap_kind kind)
{
	static const char *const names[] = { "host", "subordinate", "single" };

	return names[kind];
}

/* --- writing a map ------------------------------------------------------------------------- */

static int write_proc(pid_t pid, const char *name, const char *text, struct error *err)
{
	char path[64];
	auto_fd int fd = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", path, strerror(errno));
	return 0;
}

static int write_single(pid_t pid, uid_t uid, gid_t gid, struct error *err)
{
	char line[64];

	(void)snprintf(line, sizeof line, "%u %u 1\n", (unsigned)uid, (unsigned)geteuid());
	if (write_proc(pid, "uid_map", line, err) < 0 ||
	    write_proc(pid, "setgroups", "deny", err) < 0)
		return -1;
	(void)snprintf(line, sizeof line, "%u %u 1\n", (unsigned)gid, (unsigned)getegid());
	return write_proc(pid, "gid_map", line, err);
}

/* PID 0 OWN 1 1 FIRST COUNT */
static int run_mapper(const char *program, pid_t pid, unsigned own, uint64_t first, uint64_t count,
		      struct error *err)
{
	char words[6][32];
	char *argv[] = { (char *)(uintptr_t)program,
			 words[0],
			 (char *)(uintptr_t) "0",
			 words[1],
			 (char *)(uintptr_t) "1",
			 (char *)(uintptr_t) "1",
			 words[2],
			 words[3],
			 NULL };
	pid_t child;
	int status = 0;
	int error;

	(void)snprintf(words[0], sizeof words[0], "%d", (int)pid);
	(void)snprintf(words[1], sizeof words[1], "%u", own);
	(void)snprintf(words[2], sizeof words[2], "%" PRIu64, first);
	(void)snprintf(words[3], sizeof words[3], "%" PRIu64, count);
	error = posix_spawnp(&child, program, NULL, NULL, argv, environ);
	if (error != 0)
		return error_set(err, ERROR_SYSTEM, "cannot run %s: %s", program, strerror(error));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_SYSTEM,
				 "%s cannot map the subordinate ids from %" PRIu64 " on", program,
				 first);
	return 0;
}

int idmap_write(const struct idmap *map, pid_t pid, uid_t uid, gid_t gid, struct error *err)
{
	switch (map->kind) {
	case IDMAP_HOST:
		return 0;
	case IDMAP_SINGLE:
		return write_single(pid, uid, gid, err);
	case IDMAP_SUBORDINATE:
		break;
	}
	if (run_mapper("newuidmap", pid, (unsigned)geteuid(), map->first_uid, map->uids, err) < 0)
		return -1;
	return run_mapper("newgidmap", pid, (unsigned)getegid(), map->first_gid, map->gids, err);
}

/* --- working as the root of a namespace ---------------------------------------------------- */

/* New rights have undone what ends us with our parent. */
static bool may_work(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}

_Noreturn static void work_inside(int channel, int (*work)(void *context, struct error *err),
				  void *context)
{
	struct error err = ERROR_INIT;
	pid_t parent = getppid();
	char byte = 'u';
	int result = -1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (unshare(CLONE_NEWUSER) < 0)
		(void)error_set(&err, ERROR_SYSTEM, "cannot make a user namespace: %s",
				strerror(errno));
	else if (write(channel, &byte, 1) == 1 && read(channel, &byte, 1) == 1) {
		if (setresgid(0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresuid(0, 0, 0) < 0)
			(void)error_set(&err, ERROR_SYSTEM,
					"cannot become root of a user namespace: %s",
					strerror(errno));
		else
			result = may_work(parent) ? work(context, &err) : -1;
	}
	if (result < 0)
		(void)!write(channel, &err, sizeof err);
	_exit(result < 0 ? 1 : 0);
}

int idmap_run(const struct idmap *map, int (*work)(void *context, struct error *err), void *context,
	      struct error *err)
{
	auto_fd int channel = -1;
	struct error inner = ERROR_INIT;
	int result = 0;
	int status = 0;
	int pair[2];
	ssize_t got;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		/* its own copy of our end would keep it waiting for us where we were ended before it
		 * could ask to be ended with us */
		(void)close(pair[0]);
		work_inside(pair[1], work, context);
	}
	channel = pair[0];
	(void)close(pair[1]);
	if (pid < 0)
		return error_set(err, ERROR_SYSTEM, "cannot start a process: %s", strerror(errno));
	got = recv(channel, &inner, sizeof inner, 0);
	if (got == 1) {
		result = idmap_write(map, pid, 0, 0, err);
		/* without the byte it ends */
		if (result == 0)
			(void)!write(channel, "g", 1);
		else
			(void)shutdown(channel, SHUT_RDWR);
		got = recv(channel, &inner, sizeof inner, 0);
	}
	if (got == (ssize_t)sizeof inner && result == 0)
		result = error_copy(err, &inner);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		result = error_set(err, ERROR_SYSTEM, "the process in the user namespace was ended");
	return result;
}
