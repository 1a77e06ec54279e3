/*
 * Tables of contents. The first line of the input says how, the rest is the table's JSON:
 *   e, s, z   eStargz, with the footer of stargz, zstd:chunked
 *   !         one byte of the layer is changed, one for each
 *   d         the digest is made right afterwards, as whoever makes an image can do (z only)
 *   r         the rest is the layer's bytes as they are, eStargz or by a position that says all of
 * it p         the rest is annotations, as JSON
 *
 * Entries come out whole, clean and the same each time; and what comes out of a layer with changed
 * bytes, whose digest was not made right, is what came out before, or nothing.
 */
#include "config.h"

#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/doc.h"
#include "image/toc.h"

#define INPUT_MAX ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct way {
	char form;
	bool right, raw, annotations;
	unsigned changes;
};

struct file {
	struct buf bytes;
	struct toc_place place;
};

static size_t way_read(struct way *way, const uint8_t *data, size_t size)
{
	size_t at = 0;

	for (; at < size && data[at] != '\n'; at++) {
		if (strchr("esz", data[at]) != NULL && data[at] != '\0')
			way->form = (char)data[at];
		way->right = way->right || data[at] == 'd';
		way->raw = way->raw || data[at] == 'r';
		way->annotations = way->annotations || data[at] == 'p';
		way->changes += data[at] == '!';
	}
	return at < size ? at + 1 : at;
}

static void add_gzip(struct buf *out, const void *data, size_t size)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size };
	size_t room = compressBound(size) + 64;
	auto_free unsigned char *packed = malloc(room);

	if (packed == NULL ||
	    deflateInit2(&stream, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	stream.next_out = packed;
	stream.avail_out = (uInt)room;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	buf_add(out, packed, room - stream.avail_out);
	(void)deflateEnd(&stream);
}

static void add_member(struct buf *tar, const char *name, const void *data, size_t size)
{
	static const char zeros[1024];
	char header[512] = { 0 };
	unsigned sum = 0;

	(void)snprintf(header, 100, "%s", name);
	memcpy(header + 100, "0000444", 7);
	(void)snprintf(header + 124, 12, "%011zo", size);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
	buf_add(tar, header, sizeof header);
	buf_add(tar, data, size);
	buf_add(tar, zeros, (512 - size % 512) % 512);
	buf_add(tar, zeros, sizeof zeros);
}

static void set_digest(struct file *file, const void *data, size_t size)
{
	if (digest_of(DIGEST_SHA256, data, size, &file->place.digest, NULL) < 0)
		abort();
}

static void make_estargz(struct file *file, bool legacy, const void *json, size_t size)
{
	auto_buf struct buf tar;
	size_t offset;

	buf_init(&tar, INPUT_MAX);
	buf_add_string(&file->bytes, "what stands before it");
	offset = file->bytes.size;
	add_member(&tar, "stargz.index.json", json, size);
	add_gzip(&file->bytes, tar.data, tar.size);
	buf_add(&file->bytes, "\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10);
	if (legacy)
		buf_add(&file->bytes, "\x16\0", 2);
	else
		buf_add(&file->bytes, "\x1a\0SG\x16\0", 6);
	buf_printf(&file->bytes, "%016zxSTARGZ", offset);
	buf_add(&file->bytes, "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0", 13);
	file->place.table = LAYER_ESTARGZ;
	set_digest(file, json, size);
}

static void make_zstd(struct file *file, const void *json, size_t size)
{
	size_t room = ZSTD_compressBound(size);
	auto_free char *packed = malloc(room);

	if (packed == NULL)
		abort();
	buf_add_string(&file->bytes, "what stands before it");
	file->place = (struct toc_place) { .table = LAYER_ZSTD_CHUNKED,
					   .offset = file->bytes.size,
					   .unpacked_size = size };
	buf_add(&file->bytes, packed, ZSTD_compress(packed, room, json, size, 1));
	file->place.stored_size = file->bytes.size - file->place.offset;
	set_digest(file, file->bytes.data + file->place.offset, (size_t)file->place.stored_size);
}

static void make_raw(struct file *file, char form, const void *data, size_t size)
{
	buf_add(&file->bytes, data, size);
	file->place =
		(struct toc_place) { .table = form == 'z' ? LAYER_ZSTD_CHUNKED : LAYER_ESTARGZ,
				     .stored_size = size,
				     .unpacked_size = size };
	set_digest(file, data, size);
}

static int read_file(void *context, uint64_t offset, size_t size, struct buf *buf,
		     struct error *err)
{
	const struct file *file = context;

	if (size == 0 || offset > file->bytes.size || size > file->bytes.size - offset)
		abort();
	buf_add(buf, file->bytes.data + offset, size);
	return buf_check(buf, "a range", err);
}

static void see(uint64_t *hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		*hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static void check_entry(const struct entry *entry)
{
	if (entry->path_size != strlen(entry->path) || entry->path[0] == '/' ||
	    (entry->path_size > 0 && entry->path[entry->path_size - 1] == '/') ||
	    strstr(entry->path, "//") != NULL || (entry->type != ENTRY_FILE && entry->size != 0) ||
	    entry->mode > 07777 ||
	    ((entry->type == ENTRY_HARDLINK || entry->type == ENTRY_SYMLINK) !=
	     (entry->target != NULL)))
		abort();
}

/* What came out, in one number; 0 where nothing did. */
static uint64_t read_table(struct file *file)
{
	const struct toc_input input = {
		.name = "layer", .size = file->bytes.size, .context = file, .read = read_file
	};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	auto_toc struct toc *toc = NULL;
	struct error err = ERROR_INIT;
	const struct entry *entry;

	if (toc_open(&file->place, &input, &toc, &err) < 0) {
		/* a failure says why */
		if (toc != NULL || err.kind == ERROR_NONE || err.text[0] == '\0')
			abort();
		return 0;
	}
	if (toc == NULL)
		return 0;
	while (toc_next(toc, &entry) > 0) {
		check_entry(entry);
		see(&hash, entry->path, entry->path_size + 1);
		see(&hash, &entry->type, sizeof entry->type);
		see(&hash, &entry->size, sizeof entry->size);
		if (entry->target != NULL)
			see(&hash, entry->target, strlen(entry->target));
	}
	return hash;
}

static void find_place(const void *data, size_t size)
{
	auto_doc json_t *doc = NULL;
	struct toc_place place;

	if (doc_parse(data, size, "annotations", &doc, NULL) < 0)
		return;
	toc_find(doc, &place);
	if ((place.table != LAYER_WHOLE) != digest_is_set(&place.digest))
		abort();
}

static void change_bytes(struct file *file, const struct way *way, size_t seed)
{
	for (unsigned i = 1; i <= way->changes && file->bytes.size > 0; i++) {
		size_t at = (seed * 31 * i + i) % file->bytes.size;

		file->bytes.data[at] = (char)(file->bytes.data[at] ^ (1 << seed * i % 8));
	}
	if (way->right && file->place.table == LAYER_ZSTD_CHUNKED)
		set_digest(file, file->bytes.data + file->place.offset,
			   (size_t)file->place.stored_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct way way = { .form = 'e' };
	size_t begin = way_read(&way, data, size);
	struct file file = { .place = { .table = LAYER_WHOLE } };
	uint64_t before;
	uint64_t after;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	data += begin;
	size -= begin;
	if (way.annotations) {
		find_place(data, size);
		return 0;
	}
	if (size > INPUT_MAX / 4)
		return 0;
	buf_init(&file.bytes, INPUT_MAX);
	if (way.raw)
		make_raw(&file, way.form, data, size);
	else if (way.form == 'z')
		make_zstd(&file, data, size);
	else
		make_estargz(&file, way.form == 's', data, size);
	before = read_table(&file);
	change_bytes(&file, &way, size);
	after = read_table(&file);
	if (after != before && after != 0 && !way.right)
		abort();
	buf_release(&file.bytes);
	return 0;
}
