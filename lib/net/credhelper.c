#include "config.h"

#include "net/credhelper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/doc.h"

#define HELPER_PREFIX	"docker-credential-"
#define HELPER_NAME_MAX 128
/* It is written before there is a reader, so it has to fit into a pipe. */
#define SERVER_SIZE_MAX ((size_t)PIPE_BUF)

static const char helper_has_none[] = "credentials not found in native keychain";

bool credhelper_is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t size = strlen(name);

	return size > 0 && size <= HELPER_NAME_MAX && strspn(name, letters) == size;
}

static uint64_t now_nanoseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* A pipe above the standard streams, so that none of them is in the way of its redirection. */
static int pipe_open(int *ret_read, int *ret_write, struct error *err)
{
	auto_fd int out = -1;
	auto_fd int in = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	out = ends[0];
	in = ends[1];
	*ret_read = fcntl(out, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	*ret_write = fcntl(in, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (*ret_read < 0 || *ret_write < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	return 0;
}

/* Default signals, an empty mask, and a group of its own, which can be ended as a whole. */
static int attributes_set(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	int code;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	code = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	if (code == 0)
		code = posix_spawnattr_setpgroup(attributes, 0);
	if (code == 0)
		code = posix_spawnattr_setsigmask(attributes, &none);
	if (code == 0)
		code = posix_spawnattr_setsigdefault(attributes, &all);
	return code;
}

static int actions_set(posix_spawn_file_actions_t *actions, int in, int out)
{
	int code = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);

	if (code == 0)
		code = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null",
							O_WRONLY, 0);
	return code;
}

static int helper_spawn(const char *program, int in, int out, pid_t *ret_pid, struct error *err)
{
	/* posix_spawnp takes what execve takes and changes neither */
	char *arguments[] = { strdup(program), strdup("get"), NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	code = arguments[0] == NULL || arguments[1] == NULL ? ENOMEM
							    : actions_set(&actions, in, out);
	if (code == 0)
		code = attributes_set(&attributes);
	if (code == 0)
		code = posix_spawnp(ret_pid, program, &actions, &attributes, arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	free(arguments[0]);
	free(arguments[1]);
	if (code == ENOENT)
		return error_set(err, ERROR_SYSTEM, "no such program on PATH");
	if (code != 0)
		return error_set(err, ERROR_SYSTEM, "cannot be run: %s", strerror(code));
	return 0;
}

/* One piece of what it prints: 1, or 0 at the end of it. */
static int output_read(int fd, struct buf *out, struct error *err)
{
	char piece[4096];
	ssize_t got = read(fd, piece, sizeof piece);

	if (got < 0 && errno == EINTR)
		return 1;
	if (got < 0)
		return error_set(err, ERROR_SYSTEM, "cannot read its answer: %s", strerror(errno));
	if (got == 0)
		return 0;
	buf_add(out, piece, (size_t)got);
	explicit_bzero(piece, sizeof piece);
	if (buf_check(out, "its answer", NULL) < 0)
		return error_set(err, ERROR_INPUT, "its answer is longer than %zu bytes", out->max);
	return 1;
}

/*
 * Reads until the helper has ended and nothing is left to read. Its end counts, not that of its
 * output alone: what it leaves running behind it (an agent) may hold the pipe open for good.
 */
static int output_take(int fd, pid_t pid, uint64_t timeout, struct buf *out, bool *ended,
		       int *ret_status, struct error *err)
{
	uint64_t start = now_nanoseconds();
	bool flows = true;

	for (;;) {
		struct pollfd ready = { .fd = flows ? fd : -1, .events = POLLIN };
		int wait = *ended ? 0 : flows ? 20 : 1;
		int count;

		if (!*ended && now_nanoseconds() - start >= timeout)
			return error_set(err, ERROR_SYSTEM, "does not answer within %llu s",
					 (unsigned long long)(timeout / 1000000000));
		count = poll(&ready, 1, wait);
		if (count > 0) {
			int more = output_read(fd, out, err);

			if (more < 0)
				return -1;
			flows = more > 0;
		} else if (*ended) {
			return 0;
		}
		if (!*ended) {
			pid_t done = waitpid(pid, ret_status, WNOHANG);

			if (done < 0 && errno != EINTR)
				return error_set(err, ERROR_SYSTEM, "cannot be waited for: %s",
						 strerror(errno));
			*ended = done == pid;
		}
	}
}

/* Its output and its wait status. No process and no descriptor is left. */
static int helper_run(const char *program, const char *server, uint64_t timeout, struct buf *out,
		      int *ret_status, struct error *err)
{
	auto_fd int in_read = -1;
	auto_fd int in_write = -1;
	auto_fd int out_read = -1;
	auto_fd int out_write = -1;
	size_t size = strlen(server);
	bool ended = false;
	pid_t pid = 0;

	if (size > SERVER_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "the server's name is too long");
	if (pipe_open(&in_read, &in_write, err) < 0 || pipe_open(&out_read, &out_write, err) < 0)
		return -1;
	/* now, while we hold both ends: a helper that does not read is no SIGPIPE for us */
	if (write(in_write, server, size) != (ssize_t)size)
		return error_set(err, ERROR_SYSTEM, "cannot be asked: %s", strerror(errno));
	if (helper_spawn(program, in_read, out_write, &pid, err) < 0)
		return -1;
	(void)close(steal_fd(&in_write));
	(void)close(steal_fd(&out_write));
	if (output_take(out_read, pid, timeout, out, &ended, ret_status, err) < 0) {
		if (!ended) {
			(void)kill(-pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
		}
		return -1;
	}
	return 0;
}

/* A member by its name without regard to case, as the programs in Go read it. */
static int answer_string(json_t *answer, const char *key, const char **ret_text, struct error *err)
{
	const char *spelt = key;
	const char *name;
	json_t *value;

	if (json_object_get(answer, key) == NULL)
		json_object_foreach (answer, name, value) {
			if (strcasecmp(name, key) == 0)
				spelt = name;
		}
	return doc_string(answer, "its answer", spelt, DOC_REQUIRED, ret_text, err);
}

int credhelper_parse(const void *data, size_t size, struct credentials *ret_credentials,
		     struct error *err)
{
	auto_credentials struct credentials found = { 0 };
	auto_doc json_t *answer = NULL;
	const char *user = NULL;
	const char *secret = NULL;

	if (doc_parse_secret(data, size, "its answer", &answer, err) < 0 ||
	    answer_string(answer, "Username", &user, err) < 0 ||
	    answer_string(answer, "Secret", &secret, err) < 0)
		return -1;
	if (strcmp(user, "<token>") == 0) {
		if (secret[0] == '\0' || strpbrk(secret, "\r\n") != NULL)
			return error_set(err, ERROR_INPUT, "its answer is no token");
		found.identity_token = strdup(secret);
		if (found.identity_token == NULL)
			return error_memory(err);
	} else if (user[0] != '\0' || secret[0] != '\0') {
		found.user = strdup(user);
		found.password = strdup(secret);
		if (found.user == NULL || found.password == NULL)
			return error_memory(err);
	}
	*ret_credentials = found;
	found = (struct credentials) { 0 };
	return 0;
}

static bool says_none(const struct buf *out)
{
	const char *start = out->data + strspn(out->data, " \t\r\n");
	size_t size = strlen(helper_has_none);

	return strncmp(start, helper_has_none, size) == 0 &&
	       start[size + strspn(start + size, " \t\r\n")] == '\0';
}

/* What it printed, judged by how it ended. */
static int answer_judge(const struct buf *out, int status, const char *server, const char *program,
			struct credentials *ret_credentials, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return credhelper_parse(out->data, out->size, ret_credentials, err);
	if (WIFEXITED(status) && says_none(out)) {
		*ret_credentials = (struct credentials) { 0 };
		return 0;
	}
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_SYSTEM, "killed by signal %d for '%s'",
				 WTERMSIG(status), server);
	/* what it printed may hold a secret */
	return error_set(err, ERROR_SYSTEM,
			 "failed with exit status %d for '%s' (try: echo '%s' | %s get)",
			 WEXITSTATUS(status), server, server, program);
}

int credhelper_ask(const char *name, const char *server, uint64_t timeout,
		   struct credentials *ret_credentials, struct error *err)
{
	char program[sizeof HELPER_PREFIX + HELPER_NAME_MAX];
	struct credentials found = { 0 };
	struct buf out;
	int status = 0;
	int result;

	if (!credhelper_is_name(name))
		return error_set(err, ERROR_INPUT, "'%s' is no name of a credential helper", name);
	(void)snprintf(program, sizeof program, HELPER_PREFIX "%s", name);
	buf_init(&out, CREDHELPER_OUTPUT_MAX);
	result = helper_run(program, server, timeout, &out, &status, err);
	if (result == 0)
		result = answer_judge(&out, status, server, program, &found, err);
	explicit_bzero(out.data, out.size);
	buf_release(&out);
	if (result < 0)
		return error_prefix(err, "%s", program);
	if (credentials_are_set(&found)) {
		found.from = strdup(program);
		if (found.from == NULL) {
			credentials_release(&found);
			return error_memory(err);
		}
	}
	*ret_credentials = found;
	return 0;
}
