#include "config.h"

#include "image/layer.h"

#include <archive_entry.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "image/blob.h"
#include "image/entry.h"
#include "image/tar.h"

struct layer {
	struct blob *blob;
	struct tar *tar;
	struct entry entry;
	struct buf path;
	struct buf target;
	uint64_t entries;
	bool verify;
};

static ssize_t layer_read_blob(void *context, void *data, size_t size, struct error *err)
{
	return blob_read(context, data, size, err);
}

static int layer_skip_blob(void *context, uint64_t count, struct error *err)
{
	return blob_skip(context, count, err);
}

/* Bytes that are not those that were meant explain whatever is wrong with the archive in them. */
static int layer_blame(struct layer *layer, struct error *err)
{
	struct error reason = ERROR_INIT;

	if (err != NULL && layer->verify && blob_finish(layer->blob, NULL, &reason) < 0)
		return error_copy(err, &reason);
	return -1;
}

int layer_open(struct stream *stream, const struct layer_info *info,
	       const struct layer_options *options, struct layer **ret_layer, struct error *err)
{
	struct blob_options blob_options = {
		.name = info->name,
		.size = info->stored_size,
		.size_known = info->stored_size_known,
		.hash = options->check == LAYER_HASH,
		.pack = options->pack,
	};
	struct tar_input input = { .name = info->name, .read = layer_read_blob };
	auto_layer struct layer *layer = calloc(1, sizeof *layer);

	if (layer == NULL)
		return error_memory(err);
	buf_init(&layer->path, ENTRY_PATH_MAX);
	buf_init(&layer->target, ENTRY_PATH_MAX);
	if (options->check == LAYER_VERIFY) {
		blob_options.digest = info->digest;
		blob_options.diff_id = info->diff_id;
	}
	if (blob_open(stream, &blob_options, &layer->blob, err) < 0)
		return -1;
	input.context = layer->blob;
	if (blob_can_skip(layer->blob))
		input.skip = layer_skip_blob;
	layer->verify = options->check == LAYER_VERIFY;
	if (tar_open(&input, &layer->tar, err) < 0)
		return layer_blame(layer, err);
	*ret_layer = steal(&layer);
	return 0;
}

void layer_close(struct layer *layer)
{
	if (layer == NULL)
		return;
	tar_free(layer->tar);
	blob_free(layer->blob);
	buf_release(&layer->path);
	buf_release(&layer->target);
	free(layer);
}

static enum entry_type layer_entry_type(struct archive_entry *raw)
{
	if (archive_entry_hardlink(raw) != NULL)
		return ENTRY_HARDLINK;
	switch (archive_entry_filetype(raw)) {
	case AE_IFREG:
		return ENTRY_FILE;
	case AE_IFDIR:
		return ENTRY_DIRECTORY;
	case AE_IFLNK:
		return ENTRY_SYMLINK;
	case AE_IFCHR:
		return ENTRY_CHARACTER;
	case AE_IFBLK:
		return ENTRY_BLOCK;
	case AE_IFIFO:
		return ENTRY_FIFO;
	default:
		return ENTRY_OTHER;
	}
}

static int layer_fill_entry(struct layer *layer, struct archive_entry *raw, struct error *err)
{
	struct entry *entry = &layer->entry;

	*entry = (struct entry) {
		.type = layer_entry_type(raw),
		.mode = archive_entry_perm(raw),
		.uid = (uint32_t)archive_entry_uid(raw),
		.gid = (uint32_t)archive_entry_gid(raw),
		.mtime = archive_entry_mtime(raw),
	};
	if (entry_set_path(entry, archive_entry_pathname(raw), &layer->path, err) < 0)
		return -1;
	if (entry->type == ENTRY_FILE)
		entry->size = (uint64_t)archive_entry_size(raw);
	if (entry->type == ENTRY_HARDLINK &&
	    entry_set_target(entry, archive_entry_hardlink(raw), &layer->target, err) < 0)
		return -1;
	if (entry->type == ENTRY_SYMLINK &&
	    entry_set_target(entry, archive_entry_symlink(raw), &layer->target, err) < 0)
		return -1;
	if (entry->type == ENTRY_CHARACTER || entry->type == ENTRY_BLOCK) {
		entry->device_major = (uint32_t)archive_entry_rdevmajor(raw);
		entry->device_minor = (uint32_t)archive_entry_rdevminor(raw);
	}
	return 0;
}

int layer_next(struct layer *layer, const struct entry **ret_entry, struct error *err)
{
	struct archive_entry *raw = NULL;
	int more = tar_next(layer->tar, &raw, err);

	if (more < 0)
		return layer_blame(layer, err);
	if (more == 0)
		return 0;
	if (layer_fill_entry(layer, raw, err) < 0)
		return -1;
	layer->entries++;
	*ret_entry = &layer->entry;
	return 1;
}

int layer_data(struct layer *layer, const void **ret_data, size_t *ret_size, struct error *err)
{
	int more;

	if (layer->entry.type != ENTRY_FILE)
		return 0;
	more = tar_data(layer->tar, ret_data, ret_size, err);
	if (more < 0) {
		auto_buf struct buf name;

		buf_init(&name, ENTRY_PATH_MAX);
		text_escape(&name, layer->entry.path, layer->entry.path_size);
		return error_prefix(err, "entry '%s'", name.data);
	}
	return more;
}

int layer_finish(struct layer *layer, struct layer_totals *ret_totals, struct error *err)
{
	if (blob_finish(layer->blob, ret_totals, err) < 0)
		return -1;
	if (ret_totals != NULL)
		ret_totals->entries = layer->entries;
	return 0;
}
