#include "config.h"

#include "image/pass.h"

#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/doc.h"
#include "image/blob.h"
#include "image/members.h"
#include "image/tar.h"

#define BLOCK ((size_t)512)
/* All documents together. A save has a few kilobytes for each layer; indexes may bring attestations
 * of megabytes. */
#define KEPT_MAX ((size_t)64 << 20)
/* Many more than any image has; what a reader makes of them stays in memory. */
#define LAYERS_MAX ((size_t)8192)

enum item_kind {
	ITEM_OTHER, /* a link, or what could not be kept */
	ITEM_DOCUMENT,
	ITEM_LAYER,
};

/* What is left of a member; found by its place. */
struct item {
	enum item_kind kind;
	char *data; /* of a document */
	uint64_t size;
	struct pass_layer layer;
};

struct pass {
	char *name;
	struct members members;
	struct item *items;
	size_t count;
	size_t capacity;
	size_t layers;
	size_t kept;
};

/* The bytes of the member that is passing. */
struct passing {
	struct stream stream;
	const char *name;
	struct tar *tar;
	struct hasher *hasher; /* NULL where there is nothing to hash */
	const char *piece;     /* what is there of them, in front of all that the tar still has */
	size_t piece_size;
	const char *next; /* the piece behind the head */
	size_t next_size;
	struct error failure; /* of the archive, not of what is read from this member */
	size_t head_size;
	char head[BLOCK];
};

void pass_free(struct pass *pass)
{
	if (pass == NULL)
		return;
	for (size_t i = 0; i < pass->count; i++)
		free(pass->items[i].data);
	free(pass->items);
	members_release(&pass->members);
	free(pass->name);
	free(pass);
}

const char *pass_name(const struct pass *pass)
{
	return pass->name;
}

/* --- the bytes of one member ----------------------------------------------------------------- */

/* 1 where there are bytes, 0 at the member's end. */
static int passing_fill(struct passing *passing, struct error *err)
{
	const void *data;
	int more;

	if (passing->piece_size > 0)
		return 1;
	passing->piece = passing->next;
	passing->piece_size = passing->next_size;
	passing->next_size = 0;
	if (passing->piece_size > 0)
		return 1;
	if (passing->failure.kind != ERROR_NONE)
		return error_copy(err, &passing->failure);
	more = tar_data(passing->tar, &data, &passing->piece_size, &passing->failure);
	if (more < 0)
		return error_copy(err, &passing->failure);
	if (more == 0)
		return 0;
	passing->piece = data;
	if (passing->hasher != NULL)
		hasher_add(passing->hasher, data, passing->piece_size);
	return 1;
}

static void passing_take(struct passing *passing, size_t size)
{
	passing->piece += size;
	passing->piece_size -= size;
}

static ssize_t passing_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	struct passing *passing = (struct passing *)stream;
	int more = passing_fill(passing, err);

	if (more <= 0)
		return more;
	if (size > passing->piece_size)
		size = passing->piece_size;
	memcpy(data, passing->piece, size);
	passing_take(passing, size);
	return (ssize_t)size;
}

/* No seeking, but no copying either. */
static int passing_skip(struct stream *stream, uint64_t count, struct error *err)
{
	struct passing *passing = (struct passing *)stream;

	while (count > 0) {
		int more = passing_fill(passing, err);
		size_t size = count < passing->piece_size ? (size_t)count : passing->piece_size;

		if (more < 0)
			return -1;
		if (more == 0)
			return error_set(err, ERROR_INPUT,
					 "'%s' is truncated: %llu bytes are missing", passing->name,
					 (unsigned long long)count);
		passing_take(passing, size);
		count -= size;
	}
	return 0;
}

/* Lives in its caller's frame. */
static void passing_close(unused_arg struct stream *stream)
{
}

static const struct stream_ops passing_ops = {
	.read = passing_read,
	.skip = passing_skip,
	.close = passing_close,
};

/* Looks at the first block, and puts it back. */
static int passing_begin(struct passing *passing, struct tar *tar, struct error *err)
{
	int more = 1;

	passing->stream.ops = &passing_ops;
	passing->tar = tar;
	while (passing->head_size < BLOCK && (more = passing_fill(passing, err)) > 0) {
		size_t room = BLOCK - passing->head_size;
		size_t size = room < passing->piece_size ? room : passing->piece_size;

		memcpy(passing->head + passing->head_size, passing->piece, size);
		passing->head_size += size;
		passing_take(passing, size);
	}
	if (more < 0)
		return -1;
	passing->next = passing->piece;
	passing->next_size = passing->piece_size;
	passing->piece = passing->head;
	passing->piece_size = passing->head_size;
	return 0;
}

/* --- telling layers from documents ----------------------------------------------------------- */

/* POSIX.1-2017, pax, "ustar Interchange Format": the sum of all bytes, those of the sum itself
 * counted as spaces. Some writers have summed signed bytes. */
static bool is_tar_header(const char *block)
{
	char field[9] = "";
	char *end;
	unsigned long wanted;
	long sum = 0;
	long signed_sum = 0;

	memcpy(field, block + 148, 8);
	wanted = strtoul(field, &end, 8);
	if (end == field || (*end != '\0' && *end != ' '))
		return false;
	for (size_t i = 0; i < BLOCK; i++) {
		bool in_field = i >= 148 && i < 156;

		sum += in_field ? ' ' : (unsigned char)block[i];
		signed_sum += in_field ? ' ' : (signed char)block[i];
	}
	return wanted == (unsigned long)sum ||
	       (signed_sum > 0 && wanted == (unsigned long)signed_sum);
}

static bool is_layer(const struct passing *passing, uint64_t size)
{
	static const char zeros[BLOCK];

	if (compression_of(passing->head, passing->head_size) != COMPRESSION_NONE)
		return true;
	if (passing->head_size == BLOCK &&
	    (memcmp(passing->head, zeros, BLOCK) == 0 || is_tar_header(passing->head)))
		return true;
	return size > DOC_SIZE_MAX;
}

/* --- the pass -------------------------------------------------------------------------------- */

static int pass_item(struct pass *pass, struct item **ret_item, struct error *err)
{
	if (array_room(&pass->items, pass->count, &pass->capacity, err) < 0)
		return -1;
	pass->items[pass->count] = (struct item) { .kind = ITEM_OTHER };
	*ret_item = &pass->items[pass->count++];
	return 0;
}

/* Where there is no room left it is passed over: it need not be one that anybody asks for. */
static int pass_keep(struct pass *pass, struct passing *passing, uint64_t size, struct item *item,
		     struct error *err)
{
	auto_buf struct buf text;
	char piece[4096];
	ssize_t got;

	buf_init(&text, KEPT_MAX);
	if (size > KEPT_MAX - pass->kept)
		return 0;
	buf_add_string(&text, "");
	while ((got = passing_read(&passing->stream, piece, sizeof piece, err)) > 0)
		buf_add(&text, piece, (size_t)got);
	if (got < 0 || buf_check(&text, "a document", err) < 0)
		return -1;
	item->kind = ITEM_DOCUMENT;
	item->size = text.size;
	pass->kept += text.size;
	item->data = buf_detach(&text);
	return 0;
}

static int pass_drain(struct passing *passing, struct error *err)
{
	int more;

	while ((more = passing_fill(passing, err)) > 0)
		passing_take(passing, passing->piece_size);
	return more;
}

static int pass_hand_on(struct pass *pass, struct passing *passing, uint64_t size,
			const struct pass_reader *reader, struct item *item, struct error *err)
{
	if (pass->layers == LAYERS_MAX)
		return error_set(err, ERROR_INPUT, "more than %zu layers", LAYERS_MAX);
	item->kind = ITEM_LAYER;
	item->size = size;
	item->layer.number = pass->layers++;
	if (reader == NULL)
		return 0;
	if (reader->layer(reader->context, item->layer.number, passing->name, size,
			  &passing->stream, err) < 0)
		return -1;
	/* whatever the reader thought of it, it was not the layer */
	if (passing->failure.kind != ERROR_NONE)
		return error_copy(err, &passing->failure);
	if (passing->hasher == NULL)
		return 0;
	if (pass_drain(passing, err) < 0)
		return -1;
	return hasher_finish(passing->hasher, &item->layer.digest, err);
}

static int pass_file(struct pass *pass, struct tar *tar, struct item *item,
		     const struct pass_reader *reader, struct error *err)
{
	const struct member *member = &pass->members.items[pass->members.count - 1];
	auto_hasher struct hasher *hasher = NULL;
	struct passing passing = { .name = member->name };

	if (reader != NULL && reader->hash) {
		if (hasher_new(DIGEST_SHA256, &hasher, err) < 0)
			return -1;
		passing.hasher = hasher;
	}
	if (passing_begin(&passing, tar, err) < 0)
		return -1;
	return is_layer(&passing, member->size)
		       ? pass_hand_on(pass, &passing, member->size, reader, item, err)
		       : pass_keep(pass, &passing, member->size, item, err);
}

static int pass_members(struct pass *pass, struct tar *tar, const struct pass_reader *reader,
			struct error *err)
{
	struct archive_entry *entry;
	int more;

	while ((more = tar_next(tar, &entry, err)) > 0) {
		struct item *item = NULL;
		size_t count = pass->members.count;
		int readable = members_add(&pass->members, entry, pass->count, err);

		if (readable < 0)
			return -1;
		if (pass->members.count == count)
			continue;
		if (pass_item(pass, &item, err) < 0 ||
		    (readable > 0 && pass_file(pass, tar, item, reader, err) < 0))
			return -1;
	}
	if (more < 0)
		return -1;
	members_sort(&pass->members);
	return 0;
}

static ssize_t pass_read_blob(void *context, void *data, size_t size, struct error *err)
{
	return blob_read(context, data, size, err);
}

int pass_read(struct stream *stream, const char *name, const struct pass_reader *reader,
	      struct pass **ret_pass, struct error *err)
{
	const struct blob_options options = { .name = name };
	auto_pass struct pass *pass = calloc(1, sizeof *pass);
	auto_blob struct blob *blob = NULL;
	auto_tar struct tar *tar = NULL;
	struct tar_input input = { .read = pass_read_blob };
	struct layer_totals totals = { 0 };

	if (pass == NULL)
		return error_memory(err);
	pass->name = strdup(name);
	if (pass->name == NULL)
		return error_memory(err);
	if (blob_open(stream, &options, &blob, err) < 0)
		return -1;
	input.context = blob;
	if (tar_open(&input, &tar, err) < 0 || pass_members(pass, tar, reader, err) < 0 ||
	    blob_finish(blob, &totals, err) < 0)
		return -1;
	if (totals.stored_size == 0)
		return error_set(err, ERROR_INPUT, "%s: it is empty", name);
	*ret_pass = steal(&pass);
	return 0;
}

/* --- what is left ---------------------------------------------------------------------------- */

/* A layer that has passed. */
struct passed {
	struct stream stream;
	const struct pass_layer *layer;
};

static ssize_t passed_read(unused_arg struct stream *stream, unused_arg void *data,
			   unused_arg size_t size, struct error *err)
{
	return error_set(err, ERROR_INPUT, "it is no document, and was taken for a layer");
}

static void passed_close(struct stream *stream)
{
	free(stream);
}

static const struct stream_ops passed_ops = {
	.read = passed_read,
	.close = passed_close,
};

const struct pass_layer *pass_layer_of(const struct stream *stream)
{
	return stream->ops == &passed_ops ? ((const struct passed *)stream)->layer : NULL;
}

int pass_open_member(const struct pass *pass, const char *name, struct stream **ret_stream,
		     uint64_t *ret_size, struct error *err)
{
	const struct member *member = members_find(&pass->members, name, pass->name, err);
	const struct item *item;
	struct passed *passed;

	if (member == NULL)
		return -1;
	item = &pass->items[member->place];
	*ret_size = item->size;
	switch (item->kind) {
	case ITEM_DOCUMENT:
		return stream_of_memory(item->data, (size_t)item->size, 0, ret_stream, err);
	case ITEM_LAYER:
		passed = calloc(1, sizeof *passed);
		if (passed == NULL)
			return error_memory(err);
		*passed = (struct passed) { { &passed_ops }, &item->layer };
		*ret_stream = &passed->stream;
		return 0;
	case ITEM_OTHER:
		break;
	}
	return error_set(err, ERROR_INPUT,
			 "'%s' in '%s' stands behind more than %zu bytes of documents", name,
			 pass->name, KEPT_MAX);
}
