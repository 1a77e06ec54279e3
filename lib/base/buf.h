/*
 * Floor 0. Bytes that grow up to a limit.
 *
 * A buffer fed from outside takes its maximum at init. Failure is sticky: once an
 * addition does not fit (or memory runs out) the buffer keeps what it had, all
 * later additions do nothing, and buf_check() tells. So a run of additions needs
 * one check at its end. `data` is always NUL-terminated behind `size` bytes and
 * is never NULL after init.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

struct buf {
	char *data;
	size_t size;
	size_t capacity; /* internal */
	size_t max;	 /* bytes, the terminating NUL not counted */
	bool failed;	 /* internal: use buf_check */
};

/* For texts of our own making. */
#define BUF_MAX_DEFAULT ((size_t)64 << 20)

/* No memory is taken before the first addition. */
void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf);
#define auto_buf cleanup_by(buf_release)

/* Empties it, keeps the memory, forgets a failure. */
void buf_clear(struct buf *buf);
/* Cuts it to `size` bytes where it is longer. */
void buf_truncate(struct buf *buf, size_t size);

void buf_add(struct buf *buf, const void *data, size_t size);
void buf_add_string(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) printf_like(2, 3);

/* 0 where all additions fitted; otherwise ERROR_MEMORY, naming `what`. */
int buf_check(const struct buf *buf, const char *what, struct error *err) must_check;

/* Gives up the bytes: the caller frees them. NULL where the buffer has failed. */
char *buf_detach(struct buf *buf);

/* Reads a whole file of at most `max` bytes into an initialised buffer. */
int buf_read_file(struct buf *buf, const char *path, struct error *err) must_check;
/* The same from a descriptor, to its end; `name` stands in the error. */
int buf_read_fd(struct buf *buf, int fd, const char *name, struct error *err) must_check;

#endif
