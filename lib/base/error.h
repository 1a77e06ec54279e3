/*
 * Floor 0. What failed, and on what.
 *
 * An error is a value of fixed size in its caller's frame: making one can not
 * fail and nothing has to be freed. Functions that can fail take `struct error
 * *err` last, write it only when they fail, and return -1. Callers add context
 * going up with error_prefix(), so that the text reads from the outside in:
 * "app.tar: layer 3: entry 'usr/bin/x': truncated header".
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#include "attributes.h"

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,	 /* the command line is wrong */
	ERROR_INPUT,	 /* a file, image or document is wrong */
	ERROR_MISSING,	 /* what was asked for is not there */
	ERROR_SYSTEM,	 /* the operating system refused */
	ERROR_NETWORK,	 /* a transfer failed */
	ERROR_ENGINE,	 /* a container engine refused */
	ERROR_MEMORY,	 /* no memory, or a limit on it was reached */
	ERROR_CANCELLED, /* somebody asked for the end */
};

#define ERROR_TEXT_MAX 2048

struct error {
	enum error_kind kind;
	char text[ERROR_TEXT_MAX];
};

#define ERROR_INIT                 \
	{                          \
		.kind = ERROR_NONE \
	}

/* Sets kind and text; returns -1, so that `return error_set(…)` leaves a function.
 * A text that is too long ends in "...". NULL for err is allowed. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...) printf_like(3, 4);

/* Puts "CONTEXT: " before the text; returns -1. */
int error_prefix(struct error *err, const char *format, ...) printf_like(2, 3);

/* Hands on an error that was kept elsewhere; returns -1. */
int error_copy(struct error *err, const struct error *from);

/* "out of memory", kind ERROR_MEMORY; returns -1. */
int error_memory(struct error *err);

#endif
