#include "config.h"

#include "image/tar.h"

#include <archive.h>
#include <stdbool.h>
#include <string.h>

/* Room for a header and what usually follows it; doubled while nothing is skipped. */
#define TAR_READ_MIN ((size_t)4 << 10)
#define TAR_READ_MAX ((size_t)128 << 10)

struct tar {
	struct archive *archive;
	struct archive_entry *entry;
	struct tar_input input;
	struct error input_error; /* what the input said, for libarchive only passes a code on */
	size_t read_size;
	uint64_t position; /* in the current entry's data, to fill holes */
	const char *piece;
	size_t piece_size;
	uint64_t hole;
	bool ended;
	char buffer[TAR_READ_MAX];
};

static la_ssize_t tar_read_callback(unused_arg struct archive *archive, void *context,
				    const void **ret_data)
{
	struct tar *tar = context;
	ssize_t got = -1;

	/* a skip that failed is told here */
	if (tar->input_error.kind == ERROR_NONE)
		got = tar->input.read(tar->input.context, tar->buffer, tar->read_size,
				      &tar->input_error);
	if (got < 0) {
		archive_set_error(tar->archive, -1, "%s", tar->input_error.text);
		return -1;
	}
	if (tar->read_size < TAR_READ_MAX)
		tar->read_size *= 2;
	*ret_data = tar->buffer;
	return got;
}

static la_int64_t tar_skip_callback(unused_arg struct archive *archive, void *context,
				    la_int64_t count)
{
	struct tar *tar = context;

	/* libarchive adds a negative answer to what is left and asks again, without end; 0 makes it
	 * read instead */
	if (tar->input.skip(tar->input.context, (uint64_t)count, &tar->input_error) < 0)
		return 0;
	tar->read_size = TAR_READ_MIN;
	return count;
}

/* The one place where libarchive's codes become errors. */
static int tar_failed(const struct tar *tar, struct error *err)
{
	const char *text = archive_error_string(tar->archive);

	if (tar->input_error.kind != ERROR_NONE)
		return error_copy(err, &tar->input_error);
	if (text != NULL && strstr(text, "Unrecognized archive format") != NULL)
		(void)error_set(err, ERROR_INPUT, "no tar archive");
	else
		(void)error_set(err, ERROR_INPUT, "damaged tar archive: %s",
				text != NULL ? text : "unknown error");
	return tar->input.name != NULL ? error_prefix(err, "%s", tar->input.name) : -1;
}

int tar_open(const struct tar_input *input, struct tar **ret_tar, struct error *err)
{
	auto_tar struct tar *tar = calloc(1, sizeof *tar);

	if (tar == NULL)
		return error_memory(err);
	tar->input = *input;
	tar->read_size = TAR_READ_MIN;
	tar->archive = archive_read_new();
	tar->entry = archive_entry_new();
	if (tar->archive == NULL || tar->entry == NULL)
		return error_memory(err);
	/* "empty" takes a layer of no bytes at all */
	if (archive_read_support_format_tar(tar->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(tar->archive) != ARCHIVE_OK)
		return tar_failed(tar, err);
	archive_read_set_read_callback(tar->archive, tar_read_callback);
	if (input->skip != NULL)
		archive_read_set_skip_callback(tar->archive, tar_skip_callback);
	archive_read_set_callback_data(tar->archive, tar);
	if (archive_read_open1(tar->archive) != ARCHIVE_OK)
		return tar_failed(tar, err);
	*ret_tar = steal(&tar);
	return 0;
}

void tar_free(struct tar *tar)
{
	if (tar == NULL)
		return;
	archive_entry_free(tar->entry);
	(void)archive_read_free(tar->archive);
	free(tar);
}

int tar_next(struct tar *tar, struct archive_entry **ret_entry, struct error *err)
{
	int result = archive_read_next_header2(tar->archive, tar->entry);

	if (result == ARCHIVE_EOF)
		return 0;
	/* a name that is no UTF-8 is a warning only: its raw bytes are there */
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return tar_failed(tar, err);
	tar->position = 0;
	tar->piece_size = 0;
	tar->hole = 0;
	tar->ended = false;
	*ret_entry = tar->entry;
	return 1;
}

uint64_t tar_data_offset(const struct tar *tar)
{
	return (uint64_t)archive_filter_bytes(tar->archive, 0);
}

/* The map of a sparse member can place a block anywhere; libarchive believes it. */
static bool tar_block_fits(const struct tar *tar, la_int64_t offset, size_t size)
{
	uint64_t end = (uint64_t)archive_entry_size(tar->entry);

	return offset >= 0 && (uint64_t)offset >= tar->position && (uint64_t)offset <= end &&
	       size <= end - (uint64_t)offset;
}

/* Reads the next block of a member; a gap before it, or behind the last one, is a hole. */
static int tar_next_block(struct tar *tar, struct error *err)
{
	const void *data = NULL;
	size_t size = 0;
	la_int64_t offset = 0;
	int result = archive_read_data_block(tar->archive, &data, &size, &offset);

	if (result == ARCHIVE_EOF) {
		uint64_t end = (uint64_t)archive_entry_size(tar->entry);

		tar->ended = true;
		tar->hole = end > tar->position ? end - tar->position : 0;
		return 0;
	}
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return tar_failed(tar, err);
	if (!tar_block_fits(tar, offset, size)) {
		archive_set_error(tar->archive, -1, "the map of a sparse member does not fit it");
		return tar_failed(tar, err);
	}
	tar->piece = data;
	tar->piece_size = size;
	tar->hole = (uint64_t)offset - tar->position;
	return 0;
}

int tar_data(struct tar *tar, const void **ret_data, size_t *ret_size, struct error *err)
{
	static const char zeros[4096];

	while (tar->hole == 0 && tar->piece_size == 0) {
		if (tar->ended)
			return 0;
		if (tar_next_block(tar, err) < 0)
			return -1;
	}
	if (tar->hole > 0) {
		*ret_data = zeros;
		*ret_size = tar->hole < sizeof zeros ? (size_t)tar->hole : sizeof zeros;
		tar->hole -= *ret_size;
	} else {
		*ret_data = tar->piece;
		*ret_size = tar->piece_size;
		tar->piece_size = 0;
	}
	tar->position += *ret_size;
	return 1;
}
