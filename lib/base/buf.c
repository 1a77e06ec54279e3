#include "config.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

static char buf_empty[1] = "";

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf) { .data = buf_empty, .max = max };
}

void buf_release(struct buf *buf)
{
	if (buf->capacity > 0)
		free(buf->data);
	*buf = (struct buf) { .data = buf_empty, .max = buf->max };
}

void buf_clear(struct buf *buf)
{
	buf->failed = false;
	buf_truncate(buf, 0);
}

void buf_truncate(struct buf *buf, size_t size)
{
	if (size > buf->size)
		return;
	buf->size = size;
	if (buf->capacity > 0)
		buf->data[size] = '\0';
}

/* Makes room for `more` bytes and the NUL. */
static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t capacity;
	char *data;

	if (buf->failed || more > buf->max - buf->size) {
		buf->failed = true;
		return false;
	}
	if (buf->size + more < buf->capacity)
		return true;
	capacity = buf->capacity > 0 ? buf->capacity : 64;
	while (capacity <= buf->size + more)
		capacity = capacity > SIZE_MAX / 2 ? buf->size + more + 1 : capacity * 2;
	data = realloc(buf->capacity > 0 ? buf->data : NULL, capacity);
	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->data[buf->size] = '\0';
	buf->capacity = capacity;
	return true;
}

void buf_add(struct buf *buf, const void *data, size_t size)
{
	if (!buf_reserve(buf, size))
		return;
	if (size > 0)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_add_string(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buf->failed = true;
		return;
	}
	if (!buf_reserve(buf, (size_t)length))
		return;
	va_start(arguments, format);
	(void)vsnprintf(buf->data + buf->size, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buf->size += (size_t)length;
}

int buf_check(const struct buf *buf, const char *what, struct error *err)
{
	if (buf->failed)
		return error_set(err, ERROR_MEMORY, "%s is larger than %zu bytes, or out of memory",
				 what, buf->max);
	return 0;
}

char *buf_detach(struct buf *buf)
{
	char *data;

	if (buf->failed || !buf_reserve(buf, 0)) {
		buf_release(buf);
		return NULL;
	}
	data = buf->data;
	buf_init(buf, buf->max);
	return data;
}

int buf_read_fd(struct buf *buf, int fd, const char *name, struct error *err)
{
	char chunk[65536];
	ssize_t got;

	for (;;) {
		got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, ERROR_INPUT, "cannot read '%s': %s", name,
					 strerror(errno));
		if (got == 0)
			return 0;
		buf_add(buf, chunk, (size_t)got);
		if (buf_check(buf, name, err) < 0)
			return -1;
	}
}

int buf_read_file(struct buf *buf, const char *path, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno == ENOENT ? ERROR_MISSING : ERROR_INPUT,
				 "cannot open '%s': %s", path, strerror(errno));
	return buf_read_fd(buf, fd, path, err);
}
