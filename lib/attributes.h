/*
 * Below every floor: attributes for ownership and for results that must be
 * looked at. Nothing here has state.
 */
#ifndef ATTRIBUTES_H
#define ATTRIBUTES_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "banned.h"

#define must_check		   __attribute__((warn_unused_result))
#define printf_like(text, first) __attribute__((format(printf, text, first)))
#define unused_arg		   __attribute__((unused))
#define cleanup_by(function)	   __attribute__((cleanup(function)))
#define array_size(array)	   (sizeof(array) / sizeof((array)[0]))

/* Hands a pointer on and leaves NULL behind, so that the cleanup frees nothing. */
#define steal(place)                                          \
	({                                                    \
		__typeof__(*(place)) steal_taken_ = *(place); \
		*(place) = NULL;                              \
		steal_taken_;                                 \
	})

static inline void free_pointer(void *place)
{
	free(*(void **)place);
}

static inline void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void close_file(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

/* Hands a descriptor on and leaves -1 behind. */
static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define auto_free cleanup_by(free_pointer)
#define auto_fd	  cleanup_by(close_fd)
#define auto_file cleanup_by(close_file)

#endif
