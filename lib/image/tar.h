/*
 * Floor 2. Tar entries pulled from any input, by libarchive's tar reader and no other format or
 * filter of it. After a skip little is read ahead, so that passing from header to header touches a
 * few kilobytes of a file however large its members are.
 */
#ifndef IMAGE_TAR_H
#define IMAGE_TAR_H

#include <archive_entry.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

struct tar_input {
	void *context;
	const char *name; /* stands in errors about the archive; borrowed; NULL for none */
	/* up to `size` bytes; 0 at the end; -1 with err */
	ssize_t (*read)(void *context, void *data, size_t size, struct error *err);
	/* passes over exactly `count` bytes; NULL where the input can't */
	int (*skip)(void *context, uint64_t count, struct error *err);
};

struct tar;

/* The input is borrowed until tar_free. ERROR_INPUT: it is no tar. */
int tar_open(const struct tar_input *input, struct tar **ret_tar, struct error *err) must_check;
void tar_free(struct tar *tar);
static inline void tar_free_pointer(struct tar **place)
{
	tar_free(*place);
}
#define auto_tar cleanup_by(tar_free_pointer)

/* 1 and the next entry (borrowed until the next call), 0 at the end, -1 with err. */
int tar_next(struct tar *tar, struct archive_entry **ret_entry, struct error *err) must_check;
/* The bytes of the entry: 1 and a piece (borrowed), 0 at its end, -1. Holes come as zeros. */
int tar_data(struct tar *tar, const void **ret_data, size_t *ret_size,
	     struct error *err) must_check;
/* Where the bytes of the current entry begin in the input. */
uint64_t tar_data_offset(const struct tar *tar);

#endif
