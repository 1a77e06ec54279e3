/*
 * One system call at a time, for fixtures: attempt CALL [PATH]. Prints the errno's name, or "ok".
 * Linked statically, so that an image needs nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static int bind_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static int attempt(const char *call, const char *path)
{
	if (strcmp(call, "access") == 0)
		return access(path, W_OK);
	if (strcmp(call, "access-read") == 0)
		return access(path, R_OK);
	if (strcmp(call, "create-for-reading") == 0)
		return open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	if (strcmp(call, "append") == 0)
		return open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (strcmp(call, "tmpfile") == 0)
		return open(path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (strcmp(call, "truncate") == 0)
		return truncate(path, 0);
	if (strcmp(call, "utimensat") == 0)
		return utimensat(AT_FDCWD, path, NULL, 0);
	if (strcmp(call, "setxattr") == 0)
		return setxattr(path, "user.x", "1", 1, 0);
	if (strcmp(call, "bind") == 0)
		return bind_socket(path);
	if (strcmp(call, "mkfifo") == 0)
		return mkfifo(path, 0600);
	if (strcmp(call, "fchmod") == 0)
		return fchmod(open(path, O_RDONLY | O_CLOEXEC), 0600);
	if (strcmp(call, "io_uring") == 0)
		return (int)syscall(SYS_io_uring_setup, 1, NULL);
	if (strcmp(call, "pause") == 0)
		return pause();
	errno = ENOSYS;
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (attempt(argv[1], argc > 2 ? argv[2] : "") < 0)
		(void)puts(strerrorname_np(errno));
	else
		(void)puts("ok");
	return 0;
}
