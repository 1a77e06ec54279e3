#include "config.h"

#include "run/caretaker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "run/inroot.h"

/* Behind a setsid() of its own: what ends the parent from a terminal is sent to its whole group. */
_Noreturn static void take_care(int line, int parent, const char *const *names)
{
	sigset_t all;
	char word;
	ssize_t got;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	/* nobody waits for the end of these because of us */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fd != line && fd != parent)
			(void)close(fd);
	do {
		got = read(line, &word, 1);
	} while (got < 0 && errno == EINTR);
	for (; got == 0 && *names != NULL; names++)
		(void)inroot_remove(parent, *names);
	_exit(0);
}

void caretaker_start(struct caretaker *caretaker, int parent, const char *const *names)
{
	int line[2];

	*caretaker = (struct caretaker) { .line = -1 };
	if (pipe2(line, O_CLOEXEC) < 0)
		return;
	caretaker->pid = fork();
	if (caretaker->pid == 0) {
		(void)close(line[1]);
		take_care(line[0], parent, names);
	}
	(void)close(line[0]);
	if (caretaker->pid < 0) {
		caretaker->pid = 0;
		(void)close(line[1]);
		return;
	}
	caretaker->line = line[1];
}

void caretaker_dismiss(struct caretaker *caretaker)
{
	if (caretaker->pid == 0)
		return;
	(void)!write(caretaker->line, "d", 1);
	(void)close(caretaker->line);
	while (waitpid(caretaker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*caretaker = (struct caretaker) { .line = -1 };
}
