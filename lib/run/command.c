#include "config.h"

#include "run/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "run/trace.h"

/* A millisecond each. */
#define KILL_TRIES 5000

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Ends every child of this process; false where there is none. */
static bool kill_children(void)
{
	char path[64];
	auto_file FILE *children = NULL;
	bool any = false;
	long pid;

	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "re");
	while (children != NULL && fscanf(children, "%ld", &pid) == 1) {
		if (pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
		any = true;
	}
	return any;
}

/* All that descends from this process and is left: what its parents leave behind becomes its own
 * child. It may fork faster than one list of children can be read, but not for long. */
static void kill_descendants(void)
{
	const struct timespec moment = { 0, 1000000 };

	for (int tries = 0; tries < KILL_TRIES && kill_children(); tries++) {
		(void)nanosleep(&moment, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* Until COMMAND has ended, or SIGTERM has come: then false. */
static bool guard_wait(pid_t command, int *ret_status)
{
	sigset_t awaited;

	(void)sigemptyset(&awaited);
	(void)sigaddset(&awaited, SIGTERM);
	(void)sigaddset(&awaited, SIGCHLD);
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == command) {
			*ret_status = status;
			return true;
		}
		if (pid < 0 && errno == ECHILD)
			return false;
		if (pid == 0 && sigwaitinfo(&awaited, NULL) == SIGTERM)
			return false;
	}
}

/*
 * Stands between ro-run and COMMAND: it adopts what COMMAND leaves behind, and is told by the
 * kernel when ro-run is killed, so that COMMAND ends in every case. All signals are blocked: those
 * of the terminal are COMMAND's affair, and SIGTERM must not come between two looks. The file that
 * COMMAND can be heard by goes away with it.
 */
_Noreturn static void guard_run(pid_t command, const struct notify *notify)
{
	int status = 0;
	bool ended = guard_wait(command, &status);

	kill_descendants();
	notify_unlink(notify);
	_exit(ended ? exit_status(status) : 128 + SIGTERM);
}

static void guard_prepare(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

/* The namespaces that COMMAND enters; -1 for one that is not to be entered. */
struct entrance {
	int user;
	int net;
};

static void entrance_close(const struct entrance *entrance)
{
	close_fd(&entrance->user);
	close_fd(&entrance->net);
}
#define auto_entrance cleanup_by(entrance_close)

static int entrance_open_one(const struct command_place *place, const char *name, int *ret_fd,
			     struct error *err)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)place->pid, name);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	return error_set(err, errno == ENOENT || errno == ESRCH ? ERROR_MISSING : ERROR_SYSTEM,
			 "cannot open '%s': %s", path, strerror(errno));
}

static int entrance_open(struct entrance *entrance, const struct command_place *place,
			 struct error *err)
{
	*entrance = (struct entrance) { -1, -1 };
	/* the right to enter a network belongs to the user namespace that made it */
	if (place->user_namespace && entrance_open_one(place, "user", &entrance->user, err) < 0)
		return -1;
	return entrance_open_one(place, "net", &entrance->net, err);
}

/* The container's network, this side's files. */
static int enter_network(const struct entrance *entrance)
{
	if (entrance->user >= 0 && setns(entrance->user, CLONE_NEWUSER) < 0)
		return -1;
	return setns(entrance->net, CLONE_NEWNET);
}

_Noreturn static void command_fail(int errors, int error)
{
	(void)!write(errors, &error, sizeof error);
	_exit(error == ENOENT ? 127 : 126);
}

static void be_quiet(void)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nothing >= 0) {
		(void)dup2(nothing, STDOUT_FILENO);
		(void)dup2(nothing, STDERR_FILENO);
	}
}

_Noreturn static void command_become(char *const *argv, const struct command_place *place,
				     const struct entrance *entrance, int errors,
				     const struct notify *notify)
{
	char pid[32];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (enter_network(entrance) < 0)
		command_fail(errors, errno);
	(void)snprintf(pid, sizeof pid, "%d", (int)place->pid);
	(void)setenv("SEATRIAL_PID", pid, 1);
	(void)setenv("NOTIFY_SOCKET", notify->path, 1);
	/* our own standard output is for the report alone */
	if (place->quiet)
		be_quiet();
	else
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	(void)sigprocmask(SIG_SETMASK, place->mask, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execvp(argv[0], argv);
	command_fail(errors, errno);
}

void command_init(struct command *command)
{
	*command = (struct command) { .errors = -1, .notify = NOTIFY_INIT };
}

int command_start(struct command *command, char *const *argv, const struct command_place *place,
		  struct error *err)
{
	pid_t supervisor = getpid();
	auto_entrance struct entrance entrance;
	int errors[2];
	pid_t guard;

	if (entrance_open(&entrance, place, err) < 0)
		return -1;
	if (notify_open(&command->notify, err) < 0)
		return -1;
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	command->errors = errors[0];
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	guard = fork();
	if (guard == 0) {
		pid_t child;

		guard_prepare();
		if (getppid() != supervisor)
			_exit(125);
		child = fork();
		if (child == 0)
			command_become(argv, place, &entrance, errors[1], &command->notify);
		if (child < 0)
			_exit(125);
		guard_run(child, &command->notify);
	}
	(void)close(errors[1]);
	if (guard < 0)
		return error_set(err, ERROR_SYSTEM, "cannot start a process: %s", strerror(errno));
	command->guard = guard;
	return 0;
}

void command_take(struct command *command, int wait_status, int *ret_status, int *ret_error,
		  uint64_t *ret_ready)
{
	command->guard = 0;
	*ret_status = exit_status(wait_status);
	if (read(command->errors, ret_error, sizeof *ret_error) != (ssize_t)sizeof *ret_error)
		*ret_error = 0;
	*ret_ready = notify_ready_at(&command->notify);
	if (*ret_ready == 0 && *ret_status == 0)
		*ret_ready = trace_now();
}

void command_end(const struct command *command)
{
	if (command->guard > 0)
		(void)kill(command->guard, SIGTERM);
}

void command_release(struct command *command)
{
	command_end(command);
	if (command->guard > 0)
		while (waitpid(command->guard, NULL, 0) < 0 && errno == EINTR)
			;
	/* of a guard that was killed, by COMMAND itself, say */
	if (command->errors >= 0)
		kill_descendants();
	if (command->errors >= 0)
		(void)close(command->errors);
	notify_release(&command->notify);
	command_init(command);
}
