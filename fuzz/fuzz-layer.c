/*
 * The bytes of a layer: decompressed, its entries read. The first line of the input says how:
 *   a digit   how many bytes the stream hands out at a time
 *   letters   v: verify; s: every other file's bytes are passed over; c: the checksums of headers
 *             are put right; r: the rest is a recipe; z, Z: what comes of it is compressed, by gzip
 *             or zstd; !: then one byte of it is changed, one for each
 * A recipe has a member per line: TYPE SIZE NAME TARGET DATA, parted by single blanks, where SIZE
 * is octal and may lie; in the last three "|" stands for a line break and "~" for a NUL byte, in
 * names and targets "_" for a blank. "." alone ends the archive.
 *
 * What comes out must not depend on the pieces in which the bytes came in.
 */
#include "config.h"

#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "image/layer.h"

#define INPUT_MAX   ((size_t)1 << 20)
#define ENTRIES_MAX 2000
#define DATA_MAX    ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct way {
	size_t piece;
	bool verify, skip, checksums, recipe, gzip, zstd;
	unsigned changes;
};

/* What was seen of a layer, in one number. */
struct seen {
	uint64_t hash;
	int result;
	enum error_kind kind;
	bool complete; /* it was read to its end, or to an error */
};

static void see(struct seen *seen, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		seen->hash = (seen->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static size_t way_read(struct way *way, const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 0, 1, 2, 3, 7, 64, 511, 512, 4096, 65537 };
	size_t at = 0;

	for (; at < size && data[at] != '\n'; at++) {
		if (data[at] >= '0' && data[at] <= '9')
			way->piece = pieces[data[at] - '0'];
		way->verify = way->verify || data[at] == 'v';
		way->skip = way->skip || data[at] == 's';
		way->checksums = way->checksums || data[at] == 'c';
		way->recipe = way->recipe || data[at] == 'r';
		way->gzip = way->gzip || data[at] == 'z';
		way->zstd = way->zstd || data[at] == 'Z';
		way->changes += data[at] == '!';
	}
	return at < size ? at + 1 : at;
}

static void put_checksum(char header[512])
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
}

/* The next word of a line, with what stands for other characters put in. */
static struct buf next_word(const char **at, const char *end, bool last)
{
	struct buf word;

	buf_init(&word, INPUT_MAX);
	for (; *at < end && (last || **at != ' '); (*at)++) {
		char c = **at == '|' ? '\n' : **at == '~' ? '\0' : **at;

		buf_add_char(&word, !last && c == '_' ? ' ' : c);
	}
	if (*at < end)
		(*at)++;
	return word;
}

static void add_member(struct buf *tar, const char *line, const char *end)
{
	static const char zeros[512];
	char header[512] = { 0 };
	auto_buf struct buf type = next_word(&line, end, false);
	auto_buf struct buf length = next_word(&line, end, false);
	auto_buf struct buf name = next_word(&line, end, false);
	auto_buf struct buf target = next_word(&line, end, false);
	auto_buf struct buf text = next_word(&line, end, true);

	if (type.size == 1 && type.data[0] == '.') {
		buf_add(tar, zeros, sizeof zeros);
		buf_add(tar, zeros, sizeof zeros);
		return;
	}
	memcpy(header, name.data, name.size < 100 ? name.size : 100);
	memcpy(header + 100, "0000644", 7);
	memcpy(header + 108, "0000000", 7);
	memcpy(header + 116, "0000000", 7);
	memcpy(header + 124, length.data, length.size < 12 ? length.size : 12);
	memcpy(header + 136, "00000000000", 11);
	header[156] = type.size > 0 ? type.data[0] : '0';
	memcpy(header + 157, target.data, target.size < 100 ? target.size : 100);
	/* GNU's long names have a magic of their own */
	memcpy(header + 257, type.size > 1 ? "ustar  " : "ustar\00000", 8);
	memcpy(header + 329, "0000001", 7);
	memcpy(header + 337, "0000002", 7);
	put_checksum(header);
	buf_add(tar, header, sizeof header);
	buf_add(tar, text.data, text.size);
	buf_add(tar, zeros, (512 - text.size % 512) % 512);
}

static void add_recipe(struct buf *tar, const char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));

		if (line_end == NULL)
			line_end = end;
		add_member(tar, text, line_end);
		text = line_end < end ? line_end + 1 : end;
	}
}

static void pack_gzip(struct buf *out, const struct buf *in)
{
	z_stream stream = { .next_in = (Bytef *)in->data, .avail_in = (uInt)in->size };
	size_t room = compressBound(in->size) + 64;
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

static void pack_zstd(struct buf *out, const struct buf *in)
{
	size_t room = ZSTD_compressBound(in->size);
	auto_free char *packed = malloc(room);

	if (packed == NULL)
		abort();
	buf_add(out, packed, ZSTD_compress(packed, room, in->data, in->size, 1));
}

/* The stored bytes that the input means. */
static void make_layer(struct buf *stored, const struct way *way, const uint8_t *data, size_t size)
{
	auto_buf struct buf tar;

	buf_init(&tar, INPUT_MAX);
	if (way->recipe)
		add_recipe(&tar, (const char *)data, size);
	else
		buf_add(&tar, data, size);
	for (size_t at = 0; way->checksums && at + 512 <= tar.size; at += 512)
		if (memcmp(tar.data + at + 257, "ustar", 5) == 0)
			put_checksum(tar.data + at);
	if (way->gzip)
		pack_gzip(stored, &tar);
	else if (way->zstd)
		pack_zstd(stored, &tar);
	else
		buf_add(stored, tar.data, tar.size);
	for (unsigned i = 1; i <= way->changes && stored->size > 0; i++) {
		size_t at = (size * 31 * i + i) % stored->size;

		stored->data[at] = (char)(stored->data[at] ^ (1 << size * i % 8));
	}
}

static void check_entry(const struct entry *entry)
{
	if (entry->path_size != strlen(entry->path) || entry->path[0] == '/' ||
	    (entry->path_size > 0 && entry->path[entry->path_size - 1] == '/') ||
	    strstr(entry->path, "//") != NULL || (entry->type != ENTRY_FILE && entry->size != 0) ||
	    ((entry->type == ENTRY_HARDLINK || entry->type == ENTRY_SYMLINK) !=
	     (entry->target != NULL)))
		abort();
}

/* Everything of one file: 0 where it was whole. */
static int read_data(struct layer *layer, const struct entry *entry, struct seen *seen,
		     struct error *err)
{
	uint64_t left = entry->size;
	const void *piece;
	size_t size;
	int more;

	while ((more = layer_data(layer, &piece, &size, err)) > 0) {
		if (size == 0 || size > left)
			abort();
		left -= size;
		see(seen, piece, size);
		/* holes are as long as a header says */
		if (entry->size - left > DATA_MAX)
			return 1;
	}
	if (more == 0 && left > 0)
		abort();
	return more;
}

static int read_entries(struct layer *layer, bool skip, struct seen *seen, struct error *err)
{
	const struct entry *entry;
	int more;

	for (size_t i = 0; (more = layer_next(layer, &entry, err)) > 0; i++) {
		check_entry(entry);
		see(seen, entry->path, entry->path_size + 1);
		see(seen, &entry->type, sizeof entry->type);
		see(seen, &entry->size, sizeof entry->size);
		if (entry->target != NULL)
			see(seen, entry->target, strlen(entry->target));
		if (entry->type == ENTRY_FILE && (!skip || i % 2 == 0)) {
			more = read_data(layer, entry, seen, err);
			if (more < 0)
				return -1;
			if (more > 0)
				break;
		}
		if (i == ENTRIES_MAX)
			break;
	}
	seen->complete = more <= 0;
	return more < 0 ? -1 : 0;
}

static struct seen read_layer(const struct buf *stored, const struct way *way, size_t piece)
{
	struct layer_info info = { .name = "layer",
				   .stored_size = stored->size,
				   .stored_size_known = true };
	struct seen seen = { .hash = UINT64_C(0xcbf29ce484222325), .result = -1, .complete = true };
	auto_stream struct stream *stream = NULL;
	const struct layer_options options = { .check = way->verify ? LAYER_VERIFY : LAYER_TRUST,
					       .pack = way->verify && way->skip };
	auto_layer struct layer *layer = NULL;
	struct layer_totals totals = { .entries = 0 };
	struct error err = ERROR_INIT;

	if (way->verify)
		(void)!digest_of(DIGEST_SHA256, stored->data, stored->size, &info.digest, NULL);
	if (stream_of_memory(stored->data, stored->size, piece, &stream, &err) < 0)
		abort();
	if (layer_open(stream, &info, &options, &layer, &err) == 0 &&
	    read_entries(layer, way->skip, &seen, &err) == 0 && seen.complete)
		seen.result = layer_finish(layer, &totals, &err);
	if (seen.result == 0 && totals.stored_size != stored->size)
		abort();
	/* a failure says why */
	if (seen.result < 0 && seen.complete && (err.kind == ERROR_NONE || err.text[0] == '\0'))
		abort();
	seen.kind = err.kind;
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct way way = { .piece = 0 };
	size_t begin = way_read(&way, data, size);
	auto_buf struct buf stored;
	struct seen whole;
	struct seen pieces;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	buf_init(&stored, INPUT_MAX);
	make_layer(&stored, &way, data + begin, size - begin);
	whole = read_layer(&stored, &way, 0);
	pieces = read_layer(&stored, &way, way.piece);
	if (whole.result != pieces.result || whole.complete != pieces.complete ||
	    whole.kind != pieces.kind || (whole.result == 0 && whole.hash != pieces.hash))
		abort();
	return 0;
}
