#include "config.h"

#include "packed.h"

#include <locale.h>

#include "image/layer.h"

typedef void each_entry(struct layer *layer, const struct entry *entry, void *context);

/* Reads a layer from memory; calls `each` for its entries. */
static int read_stored(const struct buf *stored, const struct layer_info *info, bool verify,
		       size_t piece, each_entry *each, void *context, struct layer_totals *totals,
		       struct error *err)
{
	auto_stream struct stream *stream = NULL;
	const struct layer_options options = { .check = verify ? LAYER_VERIFY : LAYER_TRUST };
	auto_layer struct layer *layer = NULL;
	const struct entry *entry;
	int more;

	if (stream_of_memory(stored->data, stored->size, piece, &stream, err) < 0 ||
	    layer_open(stream, info, &options, &layer, err) < 0)
		return -1;
	while ((more = layer_next(layer, &entry, err)) > 0)
		each(layer, entry, context);
	return more < 0 ? -1 : layer_finish(layer, totals, err);
}

/* A plain one, whose diff_id is right. */
static int read_layer(const struct buf *tar, bool verify, size_t piece, each_entry *each,
		      void *context, struct layer_totals *totals, struct error *err)
{
	struct layer_info info = { .name = "layer",
				   .stored_size = tar->size,
				   .stored_size_known = true };

	if (verify && digest_of(DIGEST_SHA256, tar->data, tar->size, &info.diff_id, err) < 0)
		return -1;
	return read_stored(tar, &info, verify, piece, each, context, totals, err);
}

static void print_entry(struct layer *layer, const struct entry *entry, void *context)
{
	static const char letters[] = {
		[ENTRY_FILE] = 'f',	[ENTRY_DIRECTORY] = 'd', [ENTRY_SYMLINK] = 'l',
		[ENTRY_HARDLINK] = 'h', [ENTRY_CHARACTER] = 'c', [ENTRY_BLOCK] = 'b',
		[ENTRY_FIFO] = 'p',	[ENTRY_WHITEOUT] = 'w',	 [ENTRY_OPAQUE] = 'o',
		[ENTRY_OTHER] = '?',
	};

	(void)layer;
	assert_int_equal(entry->path_size, strlen(entry->path));
	buf_printf(context, "%c %s%s%s%s\n", letters[entry->type], entry->path,
		   entry->unsafe ? " unsafe" : "", entry->target != NULL ? " -> " : "",
		   entry->target != NULL ? entry->target : "");
}

static void names_and_markers(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 0 };
	static const char wanted[] = "d \n"
				     "d usr\n"
				     "f usr/bin/x\n"
				     "f abs\n"
				     "f a/b\n"
				     "f ../up unsafe\n"
				     "f in/../side unsafe\n"
				     "w etc/gone\n"
				     "w top\n"
				     "o opaque\n"
				     "o \n"
				     "? etc/.wh..wh..opqX\n"
				     "? .wh..wh.plnk\n"
				     "? etc/.wh.\n"
				     "? etc/.wh..\n"
				     "? .wh...\n"
				     "l link -> ../anywhere/./x\n"
				     "h hard -> usr/bin/x\n"
				     "h climbs unsafe -> ../x\n"
				     "p fifo\n"
				     "f twice\n"
				     "f twice\n"
				     "f raw\xff\xfe\n";
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	fixture_member(&tar, '5', "./", "", "", 0);
	fixture_member(&tar, '5', "./usr/", "", "", 0);
	fixture_file(&tar, "./usr//bin/./x", "1");
	fixture_file(&tar, "/abs", "2");
	fixture_file(&tar, "a/b", "3");
	fixture_file(&tar, "../up", "4");
	fixture_file(&tar, "in/../side", "5");
	fixture_file(&tar, "etc/.wh.gone", "");
	fixture_file(&tar, ".wh.top", "");
	fixture_file(&tar, "opaque/.wh..wh..opq", "");
	fixture_file(&tar, ".wh..wh..opq", "");
	fixture_file(&tar, "etc/.wh..wh..opqX", "");
	fixture_file(&tar, ".wh..wh.plnk", "");
	fixture_file(&tar, "etc/.wh.", "");
	fixture_file(&tar, "etc/.wh..", "");
	fixture_file(&tar, ".wh...", "");
	fixture_member(&tar, '2', "link", "../anywhere/./x", "", 0);
	fixture_member(&tar, '1', "hard", "./usr//bin/x", "", 0);
	fixture_member(&tar, '1', "climbs", "../x", "", 0);
	fixture_member(&tar, '6', "fifo", "", "", 0);
	fixture_file(&tar, "twice", "a");
	fixture_file(&tar, "twice", "b");
	fixture_file(&tar, "raw\xff\xfe", "c");
	fixture_end(&tar);
	for (size_t i = 0; i < array_size(pieces); i++)
		for (int verify = 0; verify < 2; verify++) {
			auto_buf struct buf found;
			struct layer_totals totals;

			buf_init(&found, FIXTURE_MAX);
			assert_success(read_layer(&tar, verify != 0, pieces[i], print_entry, &found,
						  &totals, &err),
				       err);
			assert_string_equal(found.data, wanted);
			assert_int_equal(totals.entries, 23);
			assert_int_equal(totals.unpacked_size, tar.size);
		}
}

static void add_data(struct layer *layer, const struct entry *entry, void *context)
{
	const void *data;
	size_t size;
	struct error err = ERROR_INIT;
	int more;

	/* every other file is left unread */
	if (entry->path[0] == 'u')
		return;
	while ((more = layer_data(layer, &data, &size, &err)) > 0)
		buf_add(context, data, size);
	assert_int_equal(more, 0);
}

static void gives_data_or_passes_over_it(unused_arg void **state)
{
	static char big[100000];
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	memset(big, 'x', sizeof big);
	buf_init(&tar, FIXTURE_MAX);
	fixture_file(&tar, "read-1", "one");
	fixture_member(&tar, '0', "unread", "", big, sizeof big);
	fixture_member(&tar, '0', "read-2", "", big, sizeof big);
	fixture_member(&tar, '1', "read-link", "read-1", "", 0);
	fixture_file(&tar, "read-empty", "");
	fixture_file(&tar, "read-3", "three");
	fixture_end(&tar);
	for (int verify = 0; verify < 2; verify++) {
		auto_buf struct buf found;

		buf_init(&found, FIXTURE_MAX);
		assert_success(read_layer(&tar, verify != 0, 4096, add_data, &found, NULL, &err),
			       err);
		assert_int_equal(found.size, 3 + sizeof big + 5);
		assert_memory_equal(found.data, "one", 3);
		assert_memory_equal(found.data + 3 + sizeof big, "three", 5);
	}
}

/* What stands behind the end of the archive is part of the blob and of its digest. */
static void drains_behind_the_end(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf found;
	struct layer_totals totals;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&found, FIXTURE_MAX);
	fixture_file(&tar, "file", "x");
	fixture_end(&tar);
	for (int i = 0; i < 5000; i++)
		buf_add_string(&tar, "behind the end ");
	assert_success(read_layer(&tar, true, 4096, print_entry, &found, &totals, &err), err);
	assert_string_equal(found.data, "f file\n");
	assert_int_equal(totals.unpacked_size, tar.size);
}

static void empty_layers(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf found;
	struct layer_totals totals;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&found, FIXTURE_MAX);
	assert_success(read_layer(&tar, true, 0, print_entry, &found, &totals, &err), err);
	assert_int_equal(totals.entries, 0);
	fixture_end(&tar);
	assert_success(read_layer(&tar, true, 0, print_entry, &found, &totals, &err), err);
	assert_int_equal(totals.entries, 0);
	assert_int_equal(totals.unpacked_size, 1024);
}

static void refuses_what_is_no_tar(unused_arg void **state)
{
	static const char *const texts[] = { "x",
					     "this is no tar, and it is longer than a few bytes",
					     "PK\003\004zip", "#!/bin/sh\necho no\n" };
	auto_buf struct buf found;
	struct error err;

	buf_init(&found, FIXTURE_MAX);
	for (size_t i = 0; i < array_size(texts); i++) {
		struct buf tar = { .data = (char *)(uintptr_t)texts[i], .size = strlen(texts[i]) };

		assert_failure(read_layer(&tar, false, 0, print_entry, &found, NULL, &err), err,
			       ERROR_INPUT, "tar");
	}
}

static void ignore_entry(unused_arg struct layer *layer, unused_arg const struct entry *entry,
			 unused_arg void *context)
{
}

/* Every file's bytes, so that the archive is read and not passed over. */
static int read_everything(const struct buf *tar, size_t piece, struct buf *out, struct error *err)
{
	struct layer_info info = { .name = "layer",
				   .stored_size = tar->size,
				   .stored_size_known = true };
	auto_stream struct stream *stream = NULL;
	const struct layer_options options = { .check = LAYER_TRUST };
	auto_layer struct layer *layer = NULL;
	const struct entry *entry;
	const void *data;
	size_t size;
	int more;

	if (stream_of_memory(tar->data, tar->size, piece, &stream, err) < 0 ||
	    layer_open(stream, &info, &options, &layer, err) < 0)
		return -1;
	while ((more = layer_next(layer, &entry, err)) > 0) {
		int part;

		while ((part = layer_data(layer, &data, &size, err)) > 0)
			if (out != NULL)
				buf_add(out, data, size);
		if (part < 0)
			return -1;
	}
	return more < 0 ? -1 : layer_finish(layer, NULL, err);
}

/*
 * Cut at every byte: an error that names the layer, except where what is left is an archive of its
 * own. That is nothing at all, and whole members without the two blocks of zeros, or with one and a
 * part of them: archives without an end exist, and every reader takes them. Those the diff_id
 * tells.
 */
static void cut_anywhere(unused_arg void **state)
{
	static const size_t pieces[] = { 0, 3 };
	auto_buf struct buf tar;
	size_t ends[5] = { 0 };
	struct error err = ERROR_INIT;
	size_t good = 0;
	/* under valgrind, where each takes long */
	const bool small = getenv("UNIT_SMALL") != NULL;

	buf_init(&tar, FIXTURE_MAX);
	fixture_file(&tar, "unread", "0123456789");
	ends[1] = tar.size;
	fixture_member(&tar, '2', "link", "target", "", 0);
	ends[2] = tar.size;
	fixture_file(&tar, "last", "0123456789");
	ends[3] = tar.size;
	ends[4] = tar.size + 512;
	fixture_end(&tar);
	for (size_t size = 0; size < tar.size; size += small && size % 512 == 1 ? 127 : 1) {
		struct buf cut = { .data = tar.data, .size = size };
		bool whole = size == ends[good] || size > ends[4];

		good += whole && good + 1 < array_size(ends);
		for (size_t i = 0; i < array_size(pieces); i++) {
			if (whole) {
				assert_success(read_everything(&cut, pieces[i], NULL, &err), err);
				assert_success(read_layer(&cut, false, pieces[i], ignore_entry,
							  NULL, NULL, &err),
					       err);
				continue;
			}
			assert_failure(read_everything(&cut, pieces[i], NULL, &err), err,
				       ERROR_INPUT, "layer: ");
			assert_failure(
				read_layer(&cut, false, pieces[i], ignore_entry, NULL, NULL, &err),
				err, ERROR_INPUT, "layer: ");
			assert_failure(
				read_layer(&cut, true, pieces[i], ignore_entry, NULL, NULL, &err),
				err, ERROR_INPUT, "layer: ");
		}
	}
	assert_int_equal(good, array_size(ends) - 1);
}

/* "SIZE KEY=VALUE\n", where SIZE counts itself: pax, "Extended Header". */
static void pax_record(struct buf *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3;
	size_t size = rest;

	for (size_t i = 0; i < 3; i++)
		size = rest + (size_t)snprintf(NULL, 0, "%zu", size);
	buf_printf(records, "%zu %s=%s\n", size, key, value);
}

static void pax_member(struct buf *tar, const char *path, const char *target)
{
	auto_buf struct buf records;

	buf_init(&records, FIXTURE_MAX);
	pax_record(&records, "path", path);
	if (target != NULL)
		pax_record(&records, "linkpath", target);
	fixture_member(tar, 'x', "PaxHeaders/x", "", records.data, records.size);
}

static char *repeat(const char *part, size_t count, const char *end)
{
	auto_buf struct buf text;

	buf_init(&text, FIXTURE_MAX);
	for (size_t i = 0; i < count; i++)
		buf_add_string(&text, part);
	buf_add_string(&text, end);
	return buf_detach(&text);
}

/* Longer than a header holds: pax records, and GNU's members before the member. */
static void long_names(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 511, 0 };
	auto_free char *path = repeat("directory/", 40, "name");
	auto_free char *target = repeat("../up/", 50, "target");
	auto_free char *plain = repeat("directory/", 40, "other");
	auto_buf struct buf tar;
	auto_buf struct buf wanted;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&wanted, FIXTURE_MAX);
	pax_member(&tar, path, NULL);
	fixture_file(&tar, "short", "1");
	pax_member(&tar, path, target);
	fixture_member(&tar, '2', "short", "short", "", 0);
	pax_member(&tar, plain, path);
	fixture_member(&tar, '1', "short", "short", "", 0);
	fixture_member(&tar, 'L', "././@LongLink", "", path, strlen(path) + 1);
	fixture_file(&tar, "directory/directory/", "2");
	fixture_member(&tar, 'K', "././@LongLink", "", target, strlen(target) + 1);
	fixture_member(&tar, 'L', "././@LongLink", "", path, strlen(path) + 1);
	fixture_member(&tar, '2', "short", "short", "", 0);
	fixture_file(&tar, "short", "the next has its own name again");
	fixture_end(&tar);
	buf_printf(&wanted, "f %s\nl %s -> %s\nh %s -> %s\nf %s\nl %s -> %s\nf short\n", path, path,
		   target, plain, path, path, path, target);
	for (size_t i = 0; i < array_size(pieces); i++) {
		auto_buf struct buf found;

		buf_init(&found, FIXTURE_MAX);
		assert_success(read_layer(&tar, i == 0, pieces[i], print_entry, &found, NULL, &err),
			       err);
		assert_string_equal(found.data, wanted.data);
	}
}

/* The C locale knows no character beyond ASCII: the bytes come out all the same. */
static void names_in_any_locale(unused_arg void **state)
{
	static const char *const locales[] = { "C", "C.UTF-8" };
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	pax_member(&tar, "gr\xc3\xbc\xc3\x9f/\xe6\x97\xa5\xe6\x9c\xac", NULL);
	fixture_file(&tar, "short", "1");
	pax_member(&tar, "\xc3\xa9", "\xe6\x97\xa5/\xe6\x9c\xac");
	fixture_member(&tar, '2', "short", "short", "", 0);
	pax_member(&tar, "hard-\xc3\xa9", "gr\xc3\xbc\xc3\x9f/\xe6\x97\xa5\xe6\x9c\xac");
	fixture_member(&tar, '1', "short", "short", "", 0);
	fixture_file(&tar, "ustar-\xc3\xa9", "1");
	/* neither UTF-8 nor anything else */
	pax_member(&tar, "raw-\xff\xfe", NULL);
	fixture_file(&tar, "short", "1");
	fixture_end(&tar);
	for (size_t i = 0; i < array_size(locales); i++) {
		auto_buf struct buf found;

		buf_init(&found, FIXTURE_MAX);
		assert_non_null(setlocale(LC_ALL, locales[i]));
		assert_success(read_layer(&tar, true, 0, print_entry, &found, NULL, &err), err);
		assert_string_equal(
			found.data,
			"f gr\xc3\xbc\xc3\x9f/\xe6\x97\xa5\xe6\x9c\xac\n"
			"l \xc3\xa9 -> \xe6\x97\xa5/\xe6\x9c\xac\n"
			"h hard-\xc3\xa9 -> gr\xc3\xbc\xc3\x9f/\xe6\x97\xa5\xe6\x9c\xac\n"
			"f ustar-\xc3\xa9\n"
			"f raw-\xff\xfe\n");
	}
	(void)setlocale(LC_ALL, "C");
	(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* Puts other numbers into the last header that was added. */
static void patch_header(struct buf *tar, size_t at, const char *text)
{
	char *header = tar->data + tar->size - 512;
	unsigned sum = 0;

	memcpy(header + at, text, strlen(text));
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
}

static void print_numbers(unused_arg struct layer *layer, const struct entry *entry, void *context)
{
	buf_printf(context, "%s %o %u:%u %lld %llu %u,%u\n", entry->path, entry->mode, entry->uid,
		   entry->gid, (long long)entry->mtime, (unsigned long long)entry->size,
		   entry->device_major, entry->device_minor);
}

static void numbers_of_an_entry(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf found;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&found, FIXTURE_MAX);
	fixture_member(&tar, '3', "dev/null", "", "", 0);
	patch_header(&tar, 329, "0000001");
	patch_header(&tar, 337, "0000003");
	fixture_member(&tar, '4', "dev/disk", "", "", 0);
	patch_header(&tar, 329, "0000403");
	patch_header(&tar, 337, "0002001");
	/* a file's device fields mean nothing */
	fixture_member(&tar, '0', "bin/su", "", "", 0);
	patch_header(&tar, 100, "0004755");
	patch_header(&tar, 108, "0001750");
	patch_header(&tar, 116, "0000062");
	patch_header(&tar, 136, "14243400000");
	patch_header(&tar, 329, "0000001");
	fixture_file(&tar, "file", "four");
	fixture_end(&tar);
	assert_success(read_layer(&tar, true, 0, print_numbers, &found, NULL, &err), err);
	assert_string_equal(found.data, "dev/null 644 0:0 0 0 1,3\n"
					"dev/disk 644 0:0 0 0 259,1025\n"
					"bin/su 4755 1000:50 1653473280 0 0,0\n"
					"file 644 0:0 0 4 0,0\n");
}

static void make_tar(struct buf *tar)
{
	static char noise[40000];

	packed_noise(noise, sizeof noise);
	buf_init(tar, FIXTURE_MAX);
	fixture_file(tar, "first", "1");
	fixture_member(tar, '0', "big", "", noise, sizeof noise);
	fixture_member(tar, '2', "link", "first", "", 0);
	fixture_end(tar);
}

static struct digest sha256(const struct buf *bytes)
{
	struct error err = ERROR_INIT;
	struct digest digest;

	assert_success(digest_of(DIGEST_SHA256, bytes->data, bytes->size, &digest, &err), err);
	return digest;
}

static void compressed_layers(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 4096, 0 };
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	make_tar(&tar);
	for (int compression = COMPRESSION_NONE; compression <= COMPRESSION_ZSTD; compression++)
		for (size_t i = 0; i < array_size(pieces); i++) {
			auto_buf struct buf stored;
			auto_buf struct buf found;
			struct layer_info info = { .name = "layer", .stored_size_known = true };
			struct layer_totals totals;

			buf_init(&stored, FIXTURE_MAX);
			buf_init(&found, FIXTURE_MAX);
			packed_add_pieces(&stored, compression, tar.data, tar.size, 3, true);
			info.stored_size = stored.size;
			info.digest = sha256(&stored);
			info.diff_id = sha256(&tar);
			assert_success(read_stored(&stored, &info, true, pieces[i], print_entry,
						   &found, &totals, &err),
				       err);
			assert_string_equal(found.data, "f first\nf big\nl link -> first\n");
			assert_int_equal(totals.compression, compression);
			assert_int_equal(totals.stored_size, stored.size);
			assert_int_equal(totals.unpacked_size, tar.size);
			assert_int_equal(totals.entries, 3);
			/* not whole: told while the entries are read, or at the end */
			stored.size -= 7;
			info.stored_size -= 7;
			if (compression != COMPRESSION_NONE)
				assert_failure(read_stored(&stored, &info, false, pieces[i],
							   ignore_entry, NULL, NULL, &err),
					       err, ERROR_INPUT, "cut short");
		}
}

/* Digest, size and diff_id are compared when the layer is finished, and no sooner. */
static void what_does_not_match(unused_arg void **state)
{
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	make_tar(&tar);
	for (int compression = COMPRESSION_NONE; compression <= COMPRESSION_ZSTD; compression++) {
		auto_buf struct buf stored;
		struct layer_info right = { .name = "layer", .stored_size_known = true };
		struct layer_info digest;
		struct layer_info diff_id;
		struct layer_info size;

		buf_init(&stored, FIXTURE_MAX);
		packed_add(&stored, compression, tar.data, tar.size, false);
		right.stored_size = stored.size;
		right.digest = sha256(&stored);
		right.diff_id = sha256(&tar);
		digest = diff_id = size = right;
		digest.digest.bytes[31] ^= 1;
		diff_id.diff_id.bytes[0] ^= 0x80;
		size.stored_size++;
		assert_success(
			read_stored(&stored, &right, true, 0, ignore_entry, NULL, NULL, &err), err);
		assert_failure(
			read_stored(&stored, &digest, true, 0, ignore_entry, NULL, NULL, &err), err,
			ERROR_INPUT, "layer: wrong digest: it should be sha256:");
		assert_failure(
			read_stored(&stored, &diff_id, true, 0, ignore_entry, NULL, NULL, &err),
			err, ERROR_INPUT, "layer: wrong diff_id: it should be sha256:");
		assert_failure(read_stored(&stored, &size, true, 0, ignore_entry, NULL, NULL, &err),
			       err, ERROR_INPUT, "layer: wrong size");
		/* unless nothing was to be verified, but for the size */
		assert_success(
			read_stored(&stored, &digest, false, 0, ignore_entry, NULL, NULL, &err),
			err);
		assert_success(
			read_stored(&stored, &diff_id, false, 0, ignore_entry, NULL, NULL, &err),
			err);
		assert_int_equal(
			read_stored(&stored, &size, false, 0, ignore_entry, NULL, NULL, &err), -1);
	}
}

/* GNU's sparse format 1.0: the map stands before the data, the size of the file in a record. */
static void sparse_member(struct buf *tar, const char *map, const char *size, const char *text)
{
	auto_buf struct buf records;
	auto_buf struct buf data;

	buf_init(&records, FIXTURE_MAX);
	buf_init(&data, FIXTURE_MAX);
	pax_record(&records, "GNU.sparse.major", "1");
	pax_record(&records, "GNU.sparse.minor", "0");
	pax_record(&records, "GNU.sparse.name", "holes");
	pax_record(&records, "GNU.sparse.realsize", size);
	fixture_member(tar, 'x', "PaxHeaders/x", "", records.data, records.size);
	buf_add_string(&data, map);
	while (data.size < 512)
		buf_add_char(&data, '\0');
	buf_add_string(&data, text);
	fixture_member(tar, '0', "GNUSparseFile.0/holes", "", data.data, data.size);
}

static void sparse_maps_that_lie(unused_arg void **state)
{
	static const struct {
		const char *map;
		const char *size;
	} cases[] = {
		{ "1\n1024\n3\n", "1026" },    /* reaches one byte too far */
		{ "1\n1024\n3\n", "10" },      /* begins behind the end */
		{ "2\n8\n2\n0\n1\n", "1024" }, /* goes back */
		{ "2\n8\n2\n9\n1\n", "1024" }, /* the second lies in the first */
	};
	auto_buf struct buf good;
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&good, FIXTURE_MAX);
	buf_init(&out, FIXTURE_MAX);
	sparse_member(&good, "1\n1024\n3\n", "2048", "abc");
	fixture_end(&good);
	assert_success(read_everything(&good, 0, &out, &err), err);
	assert_int_equal(out.size, 2048);
	assert_memory_equal(out.data + 1023, "\0abc\0", 5);
	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf tar;

		buf_init(&tar, FIXTURE_MAX);
		sparse_member(&tar, cases[i].map, cases[i].size, "abc");
		fixture_end(&tar);
		assert_failure(read_everything(&tar, 0, NULL, &err), err, ERROR_INPUT,
			       "entry 'holes': layer: damaged tar archive");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_markers),
		cmocka_unit_test(gives_data_or_passes_over_it),
		cmocka_unit_test(drains_behind_the_end),
		cmocka_unit_test(empty_layers),
		cmocka_unit_test(refuses_what_is_no_tar),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(long_names),
		cmocka_unit_test(names_in_any_locale),
		cmocka_unit_test(numbers_of_an_entry),
		cmocka_unit_test(compressed_layers),
		cmocka_unit_test(what_does_not_match),
		cmocka_unit_test(sparse_maps_that_lie),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
