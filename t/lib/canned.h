/* A server that plays a script: one connection a step, what the request must hold and what it is
 * answered with, byte for byte. Clients that begin with TLS are hung up on, and count as no step.
 */
#ifndef CANNED_H
#define CANNED_H

#include <stdbool.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "unit.h"

struct canned_step {
	const char *wanted; /* stands in the request; NULL: whatever */
	const char *unwanted;
	const char *answer; /* then the connection is closed */
};

struct canned {
	pid_t pid;
	int port;
};

/* The header of a request; false where it is none. */
static inline bool canned_request(int fd, char *text, size_t size)
{
	size_t length = 0;

	while (length + 1 < size) {
		ssize_t got = read(fd, text + length, 1);

		if (got <= 0 || text[0] == 0x16)
			return false;
		text[++length] = '\0';
		if (length >= 4 && strcmp(text + length - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

static inline bool canned_write(int fd, const void *data, size_t size)
{
	return size == 0 || write(fd, data, size) == (ssize_t)size;
}

/* The body stands behind the last answer. */
static inline int canned_serve(int listener, const struct canned_step *steps, size_t count,
			       const void *body, size_t body_size)
{
	for (size_t i = 0; i < count;) {
		char request[8192] = "";
		int fd = accept(listener, NULL, NULL);
		size_t length = strlen(steps[i].answer);

		if (fd < 0)
			return 2;
		if (canned_request(fd, request, sizeof request)) {
			if ((steps[i].wanted != NULL && strstr(request, steps[i].wanted) == NULL) ||
			    (steps[i].unwanted != NULL &&
			     strstr(request, steps[i].unwanted) != NULL)) {
				(void)fprintf(stderr,
					      "# step %zu: wanted '%s', and not '%s', in:\n%s\n", i,
					      steps[i].wanted, steps[i].unwanted, request);
				return 1;
			}
			if (!canned_write(fd, steps[i].answer, length) ||
			    (i + 1 == count && !canned_write(fd, body, body_size)))
				return 3;
			i++;
		} else {
			/* what is left unread would reset the connection */
			(void)shutdown(fd, SHUT_WR);
			while (read(fd, request, sizeof request) > 0) {
			}
		}
		(void)close(fd);
	}
	return 0;
}

/* The last answer is followed by a body, which may hold NULs. */
static inline struct canned canned_start_body(const struct canned_step *steps, size_t count,
					      const void *body, size_t body_size)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	struct canned canned;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	canned.port = ntohs(address.sin_port);
	(void)fflush(NULL);
	canned.pid = fork();
	assert_true(canned.pid >= 0);
	if (canned.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(canned_serve(listener, steps, count, body, body_size));
	}
	(void)close(listener);
	return canned;
}

static inline struct canned canned_start(const struct canned_step *steps, size_t count)
{
	return canned_start_body(steps, count, NULL, 0);
}

/* The whole script was played, and nothing else. */
static inline void canned_end(struct canned canned)
{
	int status = 0;

	assert_int_equal(waitpid(canned.pid, &status, 0), canned.pid);
	assert_int_equal(status, 0);
}

#endif
