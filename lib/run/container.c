#include "config.h"

#include "run/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/array.h"
#include "run/command.h"
#include "run/join.h"
#include "run/log.h"
#include "run/plan.h"
#include "run/ports.h"
#include "run/program.h"
#include "run/sandbox.h"
#include "run/upper.h"

#define MILLISECOND UINT64_C(1000000)
/* Between two looks at memory and processor time; looking may take a hundredth of the time. */
#define SAMPLE_EVERY (100 * MILLISECOND)
#define SAMPLE_SHARE 100

#define REAPED_AT_A_TIME 256

struct run {
	const struct container_options *options;
	const struct image *image;
	struct container_record *record;
	struct plan plan;
	struct sandbox sandbox; /* what the container was started with */
	bool privileged;
	pid_t pid; /* of the program, on this side */
	struct command command;
	int channel;
	int upper;
	int signals;
	sigset_t old_mask;
	struct log_stream streams[2]; /* standard output and error, */
	int outputs[2];		      /* and where they come from; -1 at their ends */
	FILE *log_file;
	struct cgroup cgroup;
	struct health health;
	struct joined check; /* the health check that runs */
	struct buf check_output;
	bool check_timed_out;
	bool reap_again; /* there may be more to wait for */
	bool ended;
	bool command_ended;
	bool stopping;	   /* the stop signal is due, or sent */
	uint64_t deadline; /* of what comes next; 0 for none */
	uint64_t stopped_at;
	uint64_t next_sample; /* 0: none are taken */
	uint64_t sample_every;
	size_t sample_capacity;
};

/* Nanoseconds since the first instruction. */
static uint64_t run_time(const struct run *run)
{
	uint64_t start = run->record->trace.start;

	return start > 0 ? trace_now() - start : 0;
}

/* --- starting ------------------------------------------------------------------------------ */

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
	/* ignored, as some parents leave it, nobody could be waited for */
	(void)signal(SIGCHLD, SIG_DFL);
	run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals < 0)
		return error_set(err, ERROR_SYSTEM, "cannot watch signals: %s", strerror(errno));
	return 0;
}

static void describe_sandbox(struct run *run)
{
	const struct plan *plan = &run->plan;

	run->sandbox = (struct sandbox) {
		.directory = plan->directory,
		.hostname = run->record->hostname,
		.working_dir = run->record->working_dir,
		.argv = plan->argv.items,
		.env = plan->env.items,
		.account = &plan->account,
		.volumes = plan->volumes.items,
		.tmpfs = plan->tmpfs.items,
		.read_only_paths = plan->read_only_paths.items,
		.cgroup = &run->cgroup,
		.ulimits = plan->ulimits,
		.ulimit_count = plan->ulimit_count,
		.no_new_privileges = run->options->no_new_privileges,
		.writable = run->options->writable,
		.traced = !run->options->untraced,
		.compat = plan->compat,
		.privileged = run->privileged,
		.has_groups = plan->map.kind != IDMAP_SINGLE,
	};
}

static int run_clone(struct run *run, struct error *err)
{
	unsigned long flags =
		CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
	int pair[2];
	int out[2];
	int error_pipe[2];
	struct trace *trace = &run->record->trace;
	long pid;

	if (!run->privileged)
		flags |= CLONE_NEWUSER;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0 || pipe2(error_pipe, O_CLOEXEC) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	describe_sandbox(run);
	run->sandbox.channel = pair[1];
	run->sandbox.out = out[1];
	run->sandbox.err = error_pipe[1];
	pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		/* its own copy of our end would keep it waiting for us where we are gone */
		(void)close(pair[0]);
		sandbox_enter(&run->sandbox);
	}
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
	if (idmap_write(&run->plan.map, run->pid, run->plan.account.uid, run->plan.account.gid,
			err) < 0)
		return -1;
	if (cgroup_add(&run->cgroup, run->pid, err) < 0)
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

/* --- the health check ---------------------------------------------------------------------- */

/* It sees the container as the program does, and its refused writes count, too. */
static void check_begin(struct run *run, bool at_end)
{
	struct sandbox like = run->sandbox;
	struct error err = ERROR_INIT;

	like.argv = run->plan.check.items;
	buf_clear(&run->check_output);
	run->check_timed_out = false;
	health_begin(&run->health, run_time(run), at_end);
	if (joined_start(&run->check, &like, run->pid,
			 run->options->untraced ? NULL : &run->record->trace, &err) < 0 &&
	    run->check.pid == 0) {
		joined_release(&run->check);
		health_end(&run->health, run_time(run), 126, false, strdup(err.text));
	}
}

static void check_read(struct run *run)
{
	char piece[4096];
	ssize_t got = read(run->check.output, piece, sizeof piece);
	size_t room = HEALTH_OUTPUT_MAX - run->check_output.size;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		(void)close(steal_fd(&run->check.output));
		return;
	}
	buf_add(&run->check_output, piece, (size_t)got < room ? (size_t)got : room);
}

static void check_has_ended(struct run *run, int status)
{
	/* what it has said is in the pipe, whoever else still holds the other end */
	for (int i = 0; i < 16 && run->check.output >= 0; i++)
		check_read(run);
	joined_release(&run->check);
	health_end(&run->health, run_time(run),
		   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		   run->check_timed_out, strndup(run->check_output.data, run->check_output.size));
}

/* Its next one is due, or the time of the one that runs is over. */
static void check_go_on(struct run *run)
{
	if (run->ended || !run->record->ran || run_time(run) < health_due(&run->health))
		return;
	if (run->check.pid == 0) {
		if (!run->stopping)
			check_begin(run, false);
	} else if (!run->check_timed_out) {
		run->check_timed_out = true;
		joined_kill(&run->check);
	}
}

/* --- measuring ----------------------------------------------------------------------------- */

/* Where there is no room for more, every second one goes, and they are taken half as often. */
static bool samples_room(struct run *run)
{
	struct container_record *record = run->record;

	if (record->sample_count == SAMPLES_MAX) {
		for (size_t i = 0; i < SAMPLES_MAX / 2; i++)
			record->samples[i] = record->samples[2 * i];
		record->sample_count = SAMPLES_MAX / 2;
		run->sample_every *= 2;
	}
	return array_room(&record->samples, record->sample_count, &run->sample_capacity, NULL) == 0;
}

static void sample(struct run *run)
{
	struct container_record *record = run->record;
	uint64_t begun = trace_now();
	uint64_t took;
	struct usage usage;

	trace_measure(&record->trace, &usage);
	if (usage.processes > 0 && samples_room(run))
		record->samples[record->sample_count++] = usage;
	took = trace_now() - begun;
	run->next_sample = begun + (took * SAMPLE_SHARE > run->sample_every ? took * SAMPLE_SHARE
									    : run->sample_every);
}

/* --- the event loop ------------------------------------------------------------------------ */

static void run_kill(struct run *run)
{
	if (!run->ended)
		(void)kill(run->pid, SIGKILL);
}

static void run_stop_now(struct run *run)
{
	if (run->ended || run->record->stop_sent)
		return;
	ports_sample(run->record, run->pid);
	if (run->next_sample > 0)
		sample(run);
	run->record->stop_sent = true;
	run->stopped_at = trace_now();
	run->deadline = run->stopped_at + run->options->grace;
	(void)kill(run->pid, run->record->stop_signal);
}

/* A run that was too short for a health check makes one now, for that it is known. */
static void run_stop(struct run *run)
{
	if (run->ended || run->stopping)
		return;
	run->stopping = true;
	run->deadline = 0;
	if (run->health.active && run->record->ran && run->record->interrupted == 0 &&
	    run->check.pid == 0 && run->record->health.total == 0)
		check_begin(run, true);
	if (run->check.pid == 0)
		run_stop_now(run);
}

/* The program is gone; COMMAND may need a moment to see it. */
static void run_has_ended(struct run *run, int status)
{
	struct container_record *record = run->record;
	uint64_t now = trace_now();

	run->ended = true;
	run->next_sample = 0;
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
	struct container_record *record = run->record;

	run->command_ended = true;
	command_take(&run->command, status, &record->command_status, &record->command_error,
		     &record->command_ready);
	record->command_ended = run_time(run);
	if (record->command_ready > 0)
		record->command_ready -= record->trace.start;
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

	struct error why = ERROR_INIT;

	/* a program that has ended already leaves nothing to enter: that is the result */
	if (run->ended)
		return 0;
	if (command_start(&run->command, run->options->command, &place, &why) < 0)
		return why.kind == ERROR_MISSING ? 0 : error_copy(err, &why);
	run->record->command_ran = true;
	run->record->command_started = run_time(run);
	return 0;
}

static int first_instruction(struct run *run, uint64_t asked, struct error *err)
{
	run->record->ran = true;
	run->record->first_instruction = run->record->trace.start - asked;
	if (run->options->duration > 0)
		run->deadline = run->record->trace.start + run->options->duration;
	if (!run->options->untraced)
		run->next_sample = run->record->trace.start + run->sample_every;
	return run->options->command != NULL ? run_command(run, err) : 0;
}

static void on_child(struct run *run, pid_t pid, int status)
{
	bool over = WIFEXITED(status) || WIFSIGNALED(status);
	int end = 0;

	if (pid == run->command.guard) {
		if (over)
			command_has_ended(run, status);
		return;
	}
	if (trace_handle(&run->record->trace, pid, status, &end))
		run_has_ended(run, end);
	else if (over && pid == run->check.pid)
		check_has_ended(run, status);
	if (run->stopping && run->check.pid == 0)
		run_stop_now(run);
}

/* So many at a time: processes that never rest do not keep the run from its deadlines. */
static void reap(struct run *run)
{
	run->reap_again = true;
	for (int i = 0; i < REAPED_AT_A_TIME; i++) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

		if (pid <= 0) {
			run->reap_again = false;
			return;
		}
		on_child(run, pid, status);
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
		joined_kill(&run->check);
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

/* Milliseconds until the next thing is due; -1: nothing is. */
static int poll_time(const struct run *run)
{
	uint64_t now = trace_now();
	uint64_t due = run->reap_again ? now : run->deadline > 0 ? run->deadline : UINT64_MAX;
	uint64_t left;

	if (run->next_sample > 0 && run->next_sample < due)
		due = run->next_sample;
	if (!run->ended && run->record->ran && !run->check_timed_out &&
	    (!run->stopping || run->check.pid > 0) && health_due(&run->health) != UINT64_MAX &&
	    run->record->trace.start + health_due(&run->health) < due)
		due = run->record->trace.start + health_due(&run->health);
	if (due == UINT64_MAX)
		return -1;
	if (due <= now)
		return 0;
	left = (due - now + MILLISECOND - 1) / MILLISECOND;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void on_time(struct run *run)
{
	if (run->deadline > 0 && trace_now() >= run->deadline)
		on_deadline(run);
	if (run->next_sample > 0 && trace_now() >= run->next_sample)
		sample(run);
	check_go_on(run);
}

static int run_loop(struct run *run, uint64_t asked, struct error *err)
{
	while (!run->ended || run->command.guard > 0) {
		struct pollfd ready[] = {
			{ .fd = run->signals, .events = POLLIN },
			{ .fd = run->channel, .events = POLLIN },
			{ .fd = run->check.output, .events = POLLIN },
			{ .fd = run->outputs[0], .events = POLLIN },
			{ .fd = run->outputs[1], .events = POLLIN },
		};

		if (poll(ready, array_size(ready), poll_time(run)) < 0 && errno != EINTR)
			return error_set(err, ERROR_SYSTEM, "cannot wait: %s", strerror(errno));
		if (ready[0].revents != 0 || run->reap_again)
			on_signals(run);
		if (ready[1].revents != 0 && run->channel >= 0 && on_channel(run, err) < 0)
			return -1;
		if (!run->record->ran && run->record->trace.start > 0 &&
		    first_instruction(run, asked, err) < 0)
			return -1;
		if (ready[2].revents != 0 && run->check.output >= 0)
			check_read(run);
		for (size_t i = 0; i < array_size(run->outputs); i++)
			if (ready[3 + i].revents != 0 && run->outputs[i] >= 0)
				log_read(run, i);
		on_time(run);
	}
	if (drain_channel(run, err) < 0)
		return -1;
	/* of an untraced program the end may be seen before the beginning */
	if (!run->record->ran && run->record->trace.start > 0)
		return first_instruction(run, asked, err);
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
	/* with its container gone it is gone, and waits to be waited for */
	if (run->check.pid > 0)
		(void)waitpid(run->check.pid, NULL, __WALL);
	joined_release(&run->check);
	buf_release(&run->check_output);
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
	cgroup_remove(&run->cgroup);
}

static void run_keep(struct run *run)
{
	run->record->argv = steal(&run->plan.argv.items);
	plan_release(&run->plan);
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

/* What the kernel has counted is exact. */
static void take_group(struct run *run)
{
	struct cgroup_usage usage = cgroup_read(&run->cgroup);

	run->record->out_of_memory = usage.out_of_memory;
	if (usage.memory_peak > 0)
		run->record->trace.peak_memory = usage.memory_peak;
	if (usage.cpu_time > 0)
		run->record->trace.cpu_time = usage.cpu_time;
}

static int run_all(struct run *run, uint64_t asked, struct error *err)
{
	const struct configuration *c = image_configuration(run->image);

	run->record->watch = run->options->watch;
	if (plan_make(&run->plan, run->image, run->options, run->record, err) < 0 ||
	    log_file_open(run->options->log_file, &run->log_file, err) < 0)
		return -1;
	if (!run->options->no_health)
		health_init(&run->health, &run->record->health, &c->healthcheck,
			    run->options->health_interval);
	set_started(run->record);
	if (program_volumes(c, run->record, err) < 0)
		return -1;
	if (cgroup_make(&run->cgroup, run->options->memory, run->options->cpus, err) < 0 ||
	    open_signals(run, err) < 0 || run_clone(run, err) < 0 || run_loop(run, asked, err) < 0)
		return -1;
	take_group(run);
	log_drain(run);
	if (log_file_close(run->options->log_file, steal(&run->log_file), err) < 0)
		return -1;
	if (!run->options->writable || run->upper < 0)
		return 0;
	return upper_collect(&run->record->writes, steal_fd(&run->upper), &run->plan, run->image,
			     run->record, err);
}

int container_run(const struct image *image, const struct container_options *options,
		  uint64_t asked, struct container_record *ret_record, struct error *err)
{
	struct container_record record = { 0 };
	struct run run = {
		.options = options,
		.image = image,
		.record = &record,
		.privileged = geteuid() == 0,
		.channel = -1,
		.upper = -1,
		.signals = -1,
		.outputs = { -1, -1 },
		.sample_every = SAMPLE_EVERY,
	};
	int result;

	command_init(&run.command);
	joined_init(&run.check);
	buf_init(&run.check_output, HEALTH_OUTPUT_MAX);
	log_stream_init(&run.streams[0], false);
	log_stream_init(&run.streams[1], true);
	result = run_all(&run, asked, err);
	run_clear(&run);
	run_keep(&run);
	if (result < 0) {
		container_record_release(&record);
		return error_prefix(err, "%s", image_name(image));
	}
	*ret_record = record;
	return 0;
}
