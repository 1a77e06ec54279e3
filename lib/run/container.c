#include "config.h"

#include "run/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/doc.h"
#include "base/text.h"
#include "run/account.h"
#include "run/command.h"
#include "run/log.h"
#include "run/ports.h"
#include "run/program.h"
#include "run/sandbox.h"
#include "run/rootcache.h"
#include "run/writes.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct run {
	const struct container_options *options;
	struct container_record *record;
	struct account account;
	struct strings argv; /* owned lists, each ends in NULL */
	struct strings env;
	struct strings volumes;
	struct strings tmpfs;
	struct strings read_only_paths;
	char *directory;
	bool privileged;
	bool compat; /* an image of the machine's 32-bit kind */
	pid_t pid;   /* of the program, on this side */
	struct command command;
	int channel;
	int upper;
	int signals;
	sigset_t old_mask;
	struct log_stream streams[2]; /* standard output and error, */
	int outputs[2];		      /* and where they come from; -1 at their ends */
	FILE *log_file;
	bool ended;
	bool command_ended;
	uint64_t deadline; /* of what comes next; 0 for none */
	uint64_t stopped_at;
};

/* --- what is to be run --------------------------------------------------------------------- */

static bool env_has(const struct strings *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=')
			return true;
	return false;
}

/* Later ones replace earlier ones. */
static int env_set(struct strings *env, const char *setting, struct error *err)
{
	size_t length = strcspn(setting, "=");
	char *copy = strdup(setting);

	if (copy == NULL)
		return error_memory(err);
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], setting, length) == 0 && env->items[i][length] == '=') {
			free(env->items[i]);
			env->items[i] = copy;
			return 0;
		}
	return list_add(env, copy, err);
}

static int env_default(struct strings *env, const char *name, const char *value, struct error *err)
{
	char *setting = NULL;

	if (env_has(env, name))
		return 0;
	if (asprintf(&setting, "%s=%s", name, value) < 0)
		return error_memory(err);
	return list_add(env, setting, err);
}

static int run_find_env(struct run *run, const struct configuration *c, struct error *err)
{
	for (size_t i = 0; i < c->env.count; i++)
		if (env_set(&run->env, c->env.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < run->options->env_count; i++) {
		if (strchr(run->options->env[i], '=') == NULL)
			return error_set(err, ERROR_USAGE, "--env: '%s' is no NAME=VALUE",
					 run->options->env[i]);
		if (env_set(&run->env, run->options->env[i], err) < 0)
			return -1;
	}
	if (env_default(&run->env, "PATH", PATH_DEFAULT, err) < 0 ||
	    env_default(&run->env, "HOSTNAME", run->record->hostname, err) < 0)
		return -1;
	return env_default(&run->env, "HOME", run->account.home, err);
}

/* "~/x" is below the user's home. */
static int list_add_path(struct strings *list, const char *path, const char *home,
			 struct error *err)
{
	char *whole = NULL;

	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
		if (asprintf(&whole, "%s%s", strcmp(home, "/") == 0 ? "" : home, path + 1) < 0)
			return error_memory(err);
		return list_add(list, whole, err);
	}
	if (path[0] != '/')
		return error_set(err, ERROR_USAGE, "'%s' is no absolute path", path);
	return list_add(list, strdup(path), err);
}

static int run_find_paths(struct run *run, const struct configuration *c, struct error *err)
{
	const struct container_options *options = run->options;

	for (size_t i = 0; i < c->volumes.count; i++)
		if (list_add_path(&run->volumes, c->volumes.items[i], run->account.home, err) < 0)
			return error_prefix(err, "volume");
	for (size_t i = 0; i < options->tmpfs_count; i++)
		if (list_add_path(&run->tmpfs, options->tmpfs[i], run->account.home, err) < 0)
			return error_prefix(err, "--tmpfs");
	for (size_t i = 0; i < options->read_only_path_count; i++)
		if (list_add_path(&run->read_only_paths, options->read_only_paths[i],
				  run->account.home, err) < 0)
			return error_prefix(err, "--read-only-path");
	if (list_finish(&run->volumes, err) < 0 || list_finish(&run->tmpfs, err) < 0)
		return -1;
	return list_finish(&run->read_only_paths, err);
}

static int run_describe(struct run *run, const struct image *image, struct error *err)
{
	const struct configuration *c = image_configuration(image);
	struct container_record *record = run->record;
	unsigned char random[6] = { 0 };
	auto_free char *root_path = NULL;
	auto_fd int root = -1;

	if (asprintf(&root_path, "%s/root", run->directory) < 0)
		return error_memory(err);
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, ERROR_SYSTEM, "cannot open '%s': %s", root_path,
				 strerror(errno));
	if (account_find(root, run->options->user != NULL ? run->options->user : c->user,
			 &run->account, err) < 0)
		return -1;
	(void)!getrandom(random, sizeof random, 0);
	if (asprintf(&record->hostname, "%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2],
		     random[3], random[4], random[5]) < 0)
		return error_memory(err);
	run->compat = strcmp(c->architecture, "386") == 0 || strcmp(c->architecture, "arm") == 0;
	record->working_dir = strdup(c->working_dir[0] != '\0' ? c->working_dir : "/");
	record->user_known = true;
	record->ports_known = true;
	record->usage_known = true;
	record->uid = run->account.uid;
	record->gid = run->account.gid;
	record->user_name = run->account.name != NULL ? strdup(run->account.name) : NULL;
	record->home = strdup(run->account.home);
	if (record->working_dir == NULL || record->home == NULL)
		return error_memory(err);
	if (program_stop_signal(c, &record->stop_signal, err) < 0 ||
	    program_argv(c, run->options, &run->argv, err) < 0 || run_find_env(run, c, err) < 0 ||
	    run_find_paths(run, c, err) < 0)
		return -1;
	return 0;
}

/* --- starting ------------------------------------------------------------------------------ */

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

/* An ordinary user can map one id: the image's user is he. */
static int map_ids(const struct run *run, struct error *err)
{
	char line[64];

	if (run->privileged)
		return 0;
	(void)snprintf(line, sizeof line, "%u %u 1\n", (unsigned)run->account.uid,
		       (unsigned)geteuid());
	if (write_proc(run->pid, "uid_map", line, err) < 0 ||
	    write_proc(run->pid, "setgroups", "deny", err) < 0)
		return -1;
	(void)snprintf(line, sizeof line, "%u %u 1\n", (unsigned)run->account.gid,
		       (unsigned)getegid());
	return write_proc(run->pid, "gid_map", line, err);
}

static int open_signals(struct run *run, struct error *err)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &mask, &run->old_mask) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot block signals: %s", strerror(errno));
	run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals < 0)
		return error_set(err, ERROR_SYSTEM, "cannot watch signals: %s", strerror(errno));
	return 0;
}

static int run_clone(struct run *run, struct error *err)
{
	unsigned long flags =
		CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
	int pair[2];
	int out[2];
	int error_pipe[2];
	struct sandbox sandbox = {
		.directory = run->directory,
		.hostname = run->record->hostname,
		.working_dir = run->record->working_dir,
		.argv = run->argv.items,
		.env = run->env.items,
		.account = &run->account,
		.volumes = run->volumes.items,
		.tmpfs = run->tmpfs.items,
		.read_only_paths = run->read_only_paths.items,
		.writable = run->options->writable,
		.traced = !run->options->untraced,
		.compat = run->compat,
		.privileged = run->privileged,
	};
	struct trace *trace = &run->record->trace;
	long pid;

	if (!run->privileged)
		flags |= CLONE_NEWUSER;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0 || pipe2(error_pipe, O_CLOEXEC) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	sandbox.channel = pair[1];
	sandbox.out = out[1];
	sandbox.err = error_pipe[1];
	pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0)
		sandbox_enter(&sandbox);
	(void)close(pair[1]);
	(void)close(out[1]);
	(void)close(error_pipe[1]);
	run->channel = pair[0];
	run->outputs[0] = out[0];
	run->outputs[1] = error_pipe[0];
	if (pid < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make the container's namespaces: %s%s",
				 strerror(errno),
				 run->privileged ? "" : " (are user namespaces allowed here?)");
	run->pid = (pid_t)pid;
	trace_init(trace, run->pid, !run->options->untraced, run->options->writable);
	if (!run->options->untraced && trace_seize(trace, run->pid, err) < 0)
		return -1;
	if (map_ids(run, err) < 0)
		return -1;
	if (write(run->channel, "g", 1) != 1)
		return error_set(err, ERROR_SYSTEM, "the container's first process is gone");
	return 0;
}

/* --- the log ------------------------------------------------------------------------------- */

static struct log_time log_now(const struct run *run)
{
	struct log_time time = { 0 };

	if (run->record->trace.start > 0)
		time.since_start = trace_now() - run->record->trace.start;
	(void)clock_gettime(CLOCK_REALTIME, &time.clock);
	return time;
}

static void log_end_line(struct run *run, size_t i)
{
	struct log_time time = log_now(run);

	if (run->streams[i].line.size > 0)
		log_add(run->record, run->log_file, &run->streams[i], &time);
}

static void log_read(struct run *run, size_t i)
{
	struct log_time time = log_now(run);
	char piece[65536];
	ssize_t got = read(run->outputs[i], piece, sizeof piece);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got > 0) {
		log_take(run->record, run->log_file, &run->streams[i], &time, piece, (size_t)got);
		return;
	}
	log_end_line(run, i);
	(void)close(steal_fd(&run->outputs[i]));
}

/* What is still in the pipes once everybody who could write is gone. */
static void log_drain(struct run *run)
{
	for (size_t i = 0; i < array_size(run->outputs); i++) {
		if (run->outputs[i] >= 0)
			(void)fcntl(run->outputs[i], F_SETFL, O_NONBLOCK);
		while (run->outputs[i] >= 0) {
			struct pollfd ready = { .fd = run->outputs[i], .events = POLLIN };

			if (poll(&ready, 1, 0) <= 0)
				break;
			log_read(run, i);
		}
		log_end_line(run, i);
	}
}

/* --- the event loop ------------------------------------------------------------------------ */

static void run_kill(struct run *run)
{
	if (!run->ended)
		(void)kill(run->pid, SIGKILL);
}

static void run_stop(struct run *run)
{
	if (run->ended || run->record->stop_sent)
		return;
	ports_sample(run->record, run->pid);
	run->record->stop_sent = true;
	run->stopped_at = trace_now();
	run->deadline = run->stopped_at + run->options->grace;
	(void)kill(run->pid, run->record->stop_signal);
}

/* The program is gone; COMMAND may need a moment to see it. */
static void run_has_ended(struct run *run, int status)
{
	struct container_record *record = run->record;
	uint64_t now = trace_now();

	run->ended = true;
	record->status = status;
	record->duration = record->trace.start > 0 ? now - record->trace.start : 0;
	if (record->stop_sent)
		record->stop_took = now - run->stopped_at;
	record->early =
		!record->stop_sent && (run->options->command != NULL || run->options->duration > 0);
	run->deadline =
		run->command.guard > 0 && !run->command_ended ? now + run->options->grace : 0;
}

static void command_has_ended(struct run *run, int status)
{
	run->command_ended = true;
	command_take(&run->command, status, &run->record->command_status,
		     &run->record->command_error);
	run->record->command_ended = trace_now() - run->record->trace.start;
	if (run->ended)
		run->deadline = 0;
	else
		run_stop(run);
}

static int run_command(struct run *run, struct error *err)
{
	struct command_place place = {
		.pid = run->pid,
		.user_namespace = !run->privileged,
		.mask = &run->old_mask,
	};

	if (command_start(&run->command, run->options->command, &place, err) < 0)
		return -1;
	run->record->command_ran = true;
	run->record->command_started = trace_now() - run->record->trace.start;
	return 0;
}

static int first_instruction(struct run *run, uint64_t asked, struct error *err)
{
	run->record->ran = true;
	run->record->first_instruction = run->record->trace.start - asked;
	if (run->options->duration > 0)
		run->deadline = run->record->trace.start + run->options->duration;
	return run->options->command != NULL ? run_command(run, err) : 0;
}

static void reap(struct run *run)
{
	for (;;) {
		int status;
		int end = 0;
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

		if (pid <= 0)
			return;
		if (pid == run->command.guard) {
			if (WIFEXITED(status) || WIFSIGNALED(status))
				command_has_ended(run, status);
		} else if (trace_handle(&run->record->trace, pid, status, &end)) {
			run_has_ended(run, end);
		}
	}
}

static void on_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		/* the first ends the run in order, the second at once */
		if (run->record->interrupted != 0)
			run_kill(run);
		run->record->interrupted = (int)info.ssi_signo;
		command_end(&run->command);
		run_stop(run);
	}
	reap(run);
}

static void on_deadline(struct run *run)
{
	run->deadline = 0;
	if (run->ended) {
		command_end(&run->command);
		return;
	}
	if (run->record->stop_sent) {
		run->record->killed = true;
		run_kill(run);
	} else {
		run_stop(run);
	}
}

/* One datagram, or the end of the channel: then the program has begun. 1 where more may come. */
static int on_channel(struct run *run, struct error *err)
{
	char message[ERROR_TEXT_MAX + 2] = { 0 };
	struct iovec piece = { message, sizeof message - 1 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr whole = {
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space,
	};
	ssize_t got = recvmsg(run->channel, &whole, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	const struct cmsghdr *header = CMSG_FIRSTHDR(&whole);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) {
		(void)close(run->channel);
		run->channel = -1;
		/* nobody traces: this is the nearest thing to the first instruction */
		if (run->options->untraced && run->record->start_error == NULL)
			run->record->trace.start = trace_now();
		return 0;
	}
	if (message[0] == SANDBOX_FAILED)
		return error_set(err, ERROR_SYSTEM, "%s", message + 1);
	if (message[0] == SANDBOX_NOT_EXECUTED) {
		run->record->start_error = strdup(message + 1);
		return run->record->start_error == NULL ? error_memory(err) : 1;
	}
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(&run->upper, CMSG_DATA(header), sizeof run->upper);
	return 1;
}

/* What was sent before the end may not have been seen before it. */
static int drain_channel(struct run *run, struct error *err)
{
	int more = 1;

	while (more > 0 && run->channel >= 0)
		more = on_channel(run, err);
	return more < 0 ? -1 : 0;
}

static int poll_time(const struct run *run)
{
	uint64_t now = trace_now();
	uint64_t left;

	if (run->deadline == 0)
		return -1;
	if (run->deadline <= now)
		return 0;
	left = (run->deadline - now + 999999) / 1000000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int run_loop(struct run *run, uint64_t asked, struct error *err)
{
	while (!run->ended || run->command.guard > 0) {
		struct pollfd ready[] = {
			{ .fd = run->signals, .events = POLLIN },
			{ .fd = run->channel, .events = POLLIN },
			{ .fd = run->outputs[0], .events = POLLIN },
			{ .fd = run->outputs[1], .events = POLLIN },
		};

		if (poll(ready, array_size(ready), poll_time(run)) < 0 && errno != EINTR)
			return error_set(err, ERROR_SYSTEM, "cannot wait: %s", strerror(errno));
		if (ready[0].revents != 0)
			on_signals(run);
		if (ready[1].revents != 0 && run->channel >= 0 && on_channel(run, err) < 0)
			return -1;
		if (!run->record->ran && run->record->trace.start > 0 &&
		    first_instruction(run, asked, err) < 0)
			return -1;
		for (size_t i = 0; i < array_size(run->outputs); i++)
			if (ready[2 + i].revents != 0 && run->outputs[i] >= 0)
				log_read(run, i);
		if (run->deadline > 0 && trace_now() >= run->deadline)
			on_deadline(run);
	}
	return drain_channel(run, err);
}

/* --- what was written ---------------------------------------------------------------------- */

/* The overlay's upper directory holds what differs from the image; `lower` is the image's. */
static int writes_collect(struct container_record *record, int upper, int lower, struct buf *path,
			  time_t since, struct error *err)
{
	DIR *directory = fdopendir(upper);
	struct dirent *item;
	size_t size = path->size;
	int result = 0;

	if (directory == NULL) {
		(void)close(upper);
		return 0;
	}
	while (result == 0 && (item = readdir(directory)) != NULL) {
		struct stat st;
		struct stat old;
		bool there;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
		    fstatat(dirfd(directory), item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		buf_add_char(path, '/');
		buf_add_string(path, item->d_name);
		there = lower >= 0 && fstatat(lower, item->d_name, &old, AT_SYMLINK_NOFOLLOW) == 0;
		if (S_ISDIR(st.st_mode)) {
			int below = openat(dirfd(directory), item->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			auto_fd int below_lower =
				there ? openat(lower, item->d_name,
					       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				      : -1;

			if (!there && st.st_ctime >= since)
				result = writes_add(&record->writes, path->data, "made", err);
			if (result == 0 && below >= 0)
				result = writes_collect(record, below, below_lower, path, since,
							err);
		} else if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
			result = writes_add(&record->writes, path->data, "deleted", err);
		} else {
			result = writes_add(&record->writes, path->data, there ? "changed" : "made",
					    err);
		}
		buf_truncate(path, size);
	}
	(void)closedir(directory);
	return result;
}

static int run_collect_writes(struct run *run, struct error *err)
{
	auto_buf struct buf path;
	auto_free char *root_path = NULL;
	auto_fd int lower = -1;
	struct container_record *record = run->record;
	const char *const *const mounts[] = {
		(const char *const *)run->volumes.items,
		(const char *const *)run->tmpfs.items,
		(const char *const *)run->read_only_paths.items,
	};

	buf_init(&path, (size_t)PATH_MAX * 4);
	if (!run->options->writable || run->upper < 0)
		return 0;
	if (asprintf(&root_path, "%s/root", run->directory) < 0)
		return error_memory(err);
	lower = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (writes_collect(record, steal_fd(&run->upper), lower, &path, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < array_size(mounts); i++)
		writes_drop_mounts(&record->writes, mounts[i]);
	writes_drop_own(&record->writes, record->working_dir);
	writes_sort(&record->writes);
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------- */

/* Whatever happened, no process is left. */
static void run_clear(struct run *run)
{
	if (run->pid > 0 && !run->ended) {
		(void)kill(run->pid, SIGKILL);
		while (!run->ended) {
			int status;
			int end;
			pid_t pid = waitpid(-1, &status, __WALL);

			if (pid < 0 && errno != EINTR)
				break;
			if (pid == run->command.guard && pid > 0 && !WIFSTOPPED(status))
				run->command.guard = 0;
			else if (pid > 0 && trace_handle(&run->record->trace, pid, status, &end))
				run->ended = true;
		}
	}
	command_release(&run->command);
	for (size_t i = 0; i < array_size(run->outputs); i++) {
		if (run->outputs[i] >= 0)
			(void)close(run->outputs[i]);
		buf_release(&run->streams[i].line);
	}
	if (run->channel >= 0)
		(void)close(run->channel);
	if (run->upper >= 0)
		(void)close(run->upper);
	if (run->signals >= 0) {
		(void)close(run->signals);
		(void)sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
	}
	if (run->log_file != NULL)
		(void)fclose(run->log_file);
	account_release(&run->account);
	list_release(&run->env);
	list_release(&run->tmpfs);
	list_release(&run->read_only_paths);
	free(run->directory);
}

static void run_keep(struct run *run)
{
	run->record->argv = steal(&run->argv.items);
	run->record->volumes = steal(&run->volumes.items);
}

static void set_started(struct container_record *record)
{
	struct timespec now;
	struct tm parts;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &parts) != NULL)
		(void)strftime(record->started, sizeof record->started, "%Y-%m-%dT%H:%M:%SZ",
			       &parts);
}

static int run_all(struct run *run, const struct image *image, uint64_t asked, struct error *err)
{
	if (rootcache_get(image, run->options->cache, &run->directory, err) < 0 ||
	    run_describe(run, image, err) < 0)
		return -1;
	if (run->options->log_file != NULL) {
		run->log_file = fopen(run->options->log_file, "we");
		if (run->log_file == NULL)
			return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s",
					 run->options->log_file, strerror(errno));
	}
	set_started(run->record);
	if (open_signals(run, err) < 0 || run_clone(run, err) < 0 || run_loop(run, asked, err) < 0)
		return -1;
	log_drain(run);
	if (run->log_file != NULL) {
		FILE *file = steal(&run->log_file);

		if (fclose(file) != 0)
			return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s",
					 run->options->log_file, strerror(errno));
	}
	return run_collect_writes(run, err);
}

int container_run(const struct image *image, const struct container_options *options,
		  uint64_t asked, struct container_record *ret_record, struct error *err)
{
	struct container_record record = { 0 };
	struct run run = {
		.options = options,
		.record = &record,
		.privileged = geteuid() == 0,
		.channel = -1,
		.upper = -1,
		.signals = -1,
		.outputs = { -1, -1 },
	};
	int result;

	command_init(&run.command);
	log_stream_init(&run.streams[0], false);
	log_stream_init(&run.streams[1], true);
	result = run_all(&run, image, asked, err);
	run_clear(&run);
	run_keep(&run);
	if (result < 0) {
		container_record_release(&record);
		return error_prefix(err, "%s", image_name(image));
	}
	*ret_record = record;
	return 0;
}

static void texts_free(char **texts)
{
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		free(texts[i]);
	free(texts);
}

void container_record_release(struct container_record *record)
{
	texts_free(record->argv);
	texts_free(record->volumes);
	free(record->working_dir);
	free(record->hostname);
	free(record->user_name);
	free(record->home);
	free(record->start_error);
	trace_release(&record->trace);
	for (size_t i = 0; i < record->log_count; i++)
		free(record->log[i].text);
	free(record->log);
	free(record->ports);
	writes_release(&record->writes);
	writes_release(&record->would);
	free(record->health);
	free(record->second_problem);
	texts_free(record->leftovers);
	*record = (struct container_record) { 0 };
}
