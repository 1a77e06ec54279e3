#include "config.h"

#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char socket_name[] = "/notify";

static uint64_t now_on(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int open_in(struct notify *notify, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int on = 1;

	notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->socket < 0 ||
	    setsockopt(notify->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a socket: %s", strerror(errno));
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", notify->path);
	if (bind(notify->socket, (struct sockaddr *)&address, sizeof address) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot bind '%s': %s", notify->path,
				 strerror(errno));
	return 0;
}

int notify_open(struct notify *notify, struct error *err)
{
	const char *folder = getenv("TMPDIR");
	const size_t room = sizeof notify->path - sizeof socket_name;

	*notify = NOTIFY_INIT;
	/* a socket's path is short; what does not fit has its place elsewhere */
	if (folder == NULL || folder[0] != '/' || strlen(folder) + sizeof "/seatrial.XXXXXX" > room)
		folder = "/tmp";
	(void)snprintf(notify->path, room, "%s/seatrial.XXXXXX", folder);
	if (mkdtemp(notify->path) == NULL) {
		notify->path[0] = '\0';
		return error_set(err, ERROR_SYSTEM, "cannot make a folder in '%s': %s", folder,
				 strerror(errno));
	}
	memcpy(notify->path + strlen(notify->path), socket_name, sizeof socket_name);
	if (open_in(notify, err) == 0)
		return 0;
	notify_release(notify);
	return -1;
}

/* When the kernel took the message, on CLOCK_MONOTONIC. */
static uint64_t time_of(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
	     part = CMSG_NXTHDR(message, part)) {
		struct timespec stamp;
		uint64_t age;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
		age = now_on(CLOCK_REALTIME) -
		      ((uint64_t)stamp.tv_sec * 1000000000 + (uint64_t)stamp.tv_nsec);
		return now_on(CLOCK_MONOTONIC) - age;
	}
	return 0;
}

/* One of the lines of the message is READY=1. */
static bool says_ready(const char *text)
{
	static const char ready[] = "READY=1";

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, ready, strlen(ready)) == 0 &&
		    strchr("\n", line[strlen(ready)]) != NULL)
			return true;
	}
	return false;
}

uint64_t notify_ready_at(const struct notify *notify)
{
	for (;;) {
		char text[512];
		_Alignas(struct cmsghdr) char control[256];
		struct iovec piece = { .iov_base = text, .iov_len = sizeof text - 1 };
		struct msghdr message = {
			.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof control,
		};
		ssize_t size = notify->socket < 0
				       ? -1
				       : recvmsg(notify->socket, &message, MSG_CMSG_CLOEXEC);

		if (size < 0)
			return 0;
		text[size] = '\0';
		if (says_ready(text))
			return time_of(&message);
	}
}

void notify_unlink(const struct notify *notify)
{
	char folder[sizeof notify->path];

	if (notify->path[0] == '\0')
		return;
	(void)unlink(notify->path);
	(void)snprintf(folder, sizeof folder, "%.*s",
		       (int)(strlen(notify->path) - strlen(socket_name)), notify->path);
	(void)rmdir(folder);
}

void notify_release(struct notify *notify)
{
	notify_unlink(notify);
	if (notify->socket >= 0)
		(void)close(notify->socket);
	*notify = NOTIFY_INIT;
}

bool notify_send_ready(void)
{
	static const char text[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = path == NULL ? 0 : strlen(path);
	ssize_t sent = -1;
	int fd;

	if (length == 0 || length >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, path, length);
	/* of the abstract ones, which have no file */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	(void)close(fd);
	return sent >= 0;
}
