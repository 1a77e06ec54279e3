/* Tables of contents made here byte by byte, good ones and every kind of damage. */
#include "config.h"

#include "packed.h"

#include <locale.h>

#include "base/doc.h"
#include "image/toc.h"

/* A layer's stored bytes, what is known of its table, and what was read of it. */
struct blob_file {
	struct buf bytes;
	struct toc_place place;
	size_t reads;
	uint64_t read_size;
	enum error_kind failure; /* of every read, where set */
};

static void blob_file_release(struct blob_file *file)
{
	buf_release(&file->bytes);
}
#define auto_blob_file cleanup_by(blob_file_release)

static int read_file(void *context, uint64_t offset, size_t size, struct buf *buf,
		     struct error *err)
{
	struct blob_file *file = context;

	assert_int_equal(buf->size, 0);
	assert_true(size > 0 && offset <= file->bytes.size && size <= file->bytes.size - offset);
	file->reads++;
	file->read_size += size;
	if (file->failure != ERROR_NONE)
		return error_set(err, file->failure, "this read fails");
	buf_add(buf, file->bytes.data + offset, size);
	return buf_check(buf, "a range", err);
}

static int open_file(struct blob_file *file, struct toc **ret_toc, struct error *err)
{
	const struct toc_input input = {
		.name = "layer", .size = file->bytes.size, .context = file, .read = read_file
	};

	file->reads = 0;
	file->read_size = 0;
	return toc_open(&file->place, &input, ret_toc, err);
}

/* The footer's bytes; `offset` is what it says, 16 characters. */
static void add_footer(struct buf *out, const char *offset, bool legacy)
{
	buf_add(out, "\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10);
	if (legacy)
		buf_add(out, "\x16\0", 2);
	else
		buf_add(out, "\x1a\0SG\x16\0", 6);
	buf_add(out, offset, 16);
	buf_add_string(out, "STARGZ");
	buf_add(out, "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0", 13);
}

static struct digest digest_now(const void *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct digest digest = { .algorithm = DIGEST_NONE };

	assert_success(digest_of(DIGEST_SHA256, data, size, &digest, &err), err);
	return digest;
}

/* Bytes that nobody asks for, and the table behind them. */
static void make_estargz(struct blob_file *file, const char *json, size_t size, bool legacy)
{
	auto_buf struct buf tar;
	char offset[17];

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&file->bytes, FIXTURE_MAX);
	fixture_file(&tar, "etc/first", "contents");
	packed_add_gzip(&file->bytes, tar.data, tar.size, false);
	(void)snprintf(offset, sizeof offset, "%016zx", file->bytes.size);
	buf_clear(&tar);
	fixture_member(&tar, '0', "stargz.index.json", "", json, size);
	fixture_end(&tar);
	packed_add_gzip(&file->bytes, tar.data, tar.size, false);
	add_footer(&file->bytes, offset, legacy);
	file->place =
		(struct toc_place) { .table = LAYER_ESTARGZ, .digest = digest_now(json, size) };
}

static void make_zstd(struct blob_file *file, const char *json, size_t size)
{
	buf_init(&file->bytes, FIXTURE_MAX);
	packed_add_zstd(&file->bytes, "not the table", 13, false);
	file->place = (struct toc_place) { .table = LAYER_ZSTD_CHUNKED,
					   .offset = file->bytes.size + 8,
					   .unpacked_size = size };
	buf_add(&file->bytes, "\x50\x2a\x4d\x18????", 8);
	packed_add_zstd(&file->bytes, json, size, false);
	file->place.stored_size = file->bytes.size - file->place.offset;
	file->place.digest =
		digest_now(file->bytes.data + file->place.offset, (size_t)file->place.stored_size);
	buf_add_string(&file->bytes, "what else there may be behind it");
}

enum form { FORM_ESTARGZ, FORM_STARGZ, FORM_ZSTD, FORMS };

static void make(struct blob_file *file, enum form form, const char *json)
{
	if (form == FORM_ZSTD)
		make_zstd(file, json, strlen(json));
	else
		make_estargz(file, json, strlen(json), form == FORM_STARGZ);
}

static void print_entries(struct toc *toc, struct buf *out)
{
	static const char letters[] = {
		[ENTRY_FILE] = 'f',	[ENTRY_DIRECTORY] = 'd', [ENTRY_SYMLINK] = 'l',
		[ENTRY_HARDLINK] = 'h', [ENTRY_CHARACTER] = 'c', [ENTRY_BLOCK] = 'b',
		[ENTRY_FIFO] = 'p',	[ENTRY_WHITEOUT] = 'w',	 [ENTRY_OPAQUE] = 'o',
		[ENTRY_OTHER] = '?',
	};
	const struct entry *entry;
	struct layer_totals totals;
	uint64_t count = 0;

	for (; toc_next(toc, &entry) > 0; count++) {
		assert_int_equal(entry->path_size, strlen(entry->path));
		buf_printf(out, "%c %s%s%s%s\n", letters[entry->type], entry->path,
			   entry->unsafe ? " unsafe" : "", entry->target != NULL ? " -> " : "",
			   entry->target != NULL ? entry->target : "");
	}
	assert_int_equal(toc_next(toc, &entry), 0);
	toc_totals(toc, &totals);
	assert_int_equal(totals.entries, count);
}

#define TABLE(entries) "{\"version\":1,\"entries\":[" entries "]}"
#define DIR_ENTRY      "{\"name\":\"etc/\",\"type\":\"dir\",\"mode\":16877}"

static const char all_kinds[] =
	"{ \"version\" : 1, \"other\": {\"a\":[1,{}]},\n\t\"entries\":[\n"
	"{\"name\":\"./\",\"type\":\"dir\",\"xattrs\":{\"user.x\":\"eA==\"},\"NumLink\":0},"
	"{\"name\":\"./usr//bin/./x\",\"type\":\"reg\",\"size\":5,\"chunkSize\":4,\"offset\":1},"
	"{\"name\":\"./usr//bin/./x\",\"type\":\"chunk\",\"chunkOffset\":4,\"offset\":9},"
	"{\"name\":\"/abs\",\"type\":\"reg\",\"linkName\":null},"
	"{\"name\":\"../up\",\"type\":\"reg\"},"
	"{\"name\":\"etc/.wh.gone\",\"type\":\"reg\"},"
	"{\"name\":\"opaque/.wh..wh..opq\",\"type\":\"reg\",\"size\":7},"
	"{\"name\":\".wh..wh.plnk\",\"type\":\"dir\"},"
	"{\"name\":\"link\",\"type\":\"symlink\",\"linkName\":\"../anywhere/./x\"},"
	"{\"name\":\"nowhere\",\"type\":\"symlink\"},"
	"{\"name\":\"hard\",\"type\":\"hardlink\",\"linkName\":\"./usr//bin/x\"},"
	"{\"name\":\"climbs\",\"type\":\"hardlink\",\"linkName\":\"../x\"},"
	"{\"name\":\"dev/null\",\"type\":\"char\",\"devMajor\":1,\"devMinor\":3},"
	"{\"name\":\"dev/sda\",\"type\":\"block\"},"
	"{\"name\":\"fifo\",\"type\":\"fifo\"},"
	"{\"name\":\"twice\",\"type\":\"reg\"},{\"name\":\"twice\",\"type\":\"dir\"},"
	"{\"name\":\"na\\u00efve \\\"x\\\"\",\"type\":\"reg\"}\n]\n}\n";

static const char all_kinds_printed[] = "d \n"
					"f usr/bin/x\n"
					"f abs\n"
					"f ../up unsafe\n"
					"w etc/gone\n"
					"o opaque\n"
					"? .wh..wh.plnk\n"
					"l link -> ../anywhere/./x\n"
					"l nowhere -> \n"
					"h hard -> usr/bin/x\n"
					"h climbs unsafe -> ../x\n"
					"c dev/null\n"
					"b dev/sda\n"
					"p fifo\n"
					"f twice\n"
					"d twice\n"
					"f na\xc3\xafve \"x\"\n";

static void entries_are_those_of_layers(unused_arg void **state)
{
	for (enum form form = 0; form < FORMS; form++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		auto_toc struct toc *toc = NULL;
		auto_buf struct buf found;
		auto_buf struct buf wanted;
		struct layer_totals totals;
		struct error err = ERROR_INIT;

		make(&file, form, all_kinds);
		buf_init(&found, FIXTURE_MAX);
		buf_init(&wanted, FIXTURE_MAX);
		buf_add_string(&wanted, all_kinds_printed);
		/* a table is a member of the layer that it does not list */
		if (form != FORM_ZSTD)
			buf_add_string(&wanted, "f stargz.index.json\n");
		assert_success(open_file(&file, &toc, &err), err);
		assert_non_null(toc);
		print_entries(toc, &found);
		assert_string_equal(found.data, wanted.data);
		toc_totals(toc, &totals);
		assert_int_equal(totals.table,
				 form == FORM_ZSTD ? LAYER_ZSTD_CHUNKED : LAYER_ESTARGZ);
		assert_int_equal(totals.table_size, file.read_size);
		assert_int_equal(file.reads, 1);
	}
}

static void attributes(unused_arg void **state)
{
	static const char json[] =
		TABLE("{\"name\":\"f\",\"type\":\"reg\",\"size\":9007199254740993,\"mode\":36333,"
		      "\"uid\":4294967295,\"gid\":7,\"modtime\":\"2019-08-20T10:30:43Z\"},"
		      "{\"name\":\"d\",\"type\":\"dir\",\"size\":9,\"mode\":-1,"
		      "\"modtime\":\"2019-08-20T12:30:43.123456789+02:00\"},"
		      "{\"name\":\"c\",\"type\":\"char\",\"devMajor\":1,\"devMinor\":3,"
		      "\"modtime\":\"yesterday\"}");
	auto_blob_file struct blob_file file = { .reads = 0 };
	auto_toc struct toc *toc = NULL;
	const struct entry *entry;
	struct error err = ERROR_INIT;

	make(&file, FORM_ESTARGZ, json);
	assert_success(open_file(&file, &toc, &err), err);
	assert_int_equal(toc_next(toc, &entry), 1);
	assert_int_equal(entry->size, 9007199254740993);
	assert_int_equal(entry->mode, 06755);
	assert_int_equal(entry->uid, UINT32_MAX);
	assert_int_equal(entry->gid, 7);
	assert_int_equal(entry->mtime, 1566297043);
	assert_int_equal(toc_next(toc, &entry), 1);
	assert_int_equal(entry->size, 0);
	assert_int_equal(entry->mtime, 1566297043);
	assert_int_equal(toc_next(toc, &entry), 1);
	assert_int_equal(entry->device_major, 1);
	assert_int_equal(entry->device_minor, 3);
	assert_int_equal(entry->mtime, 0);
	assert_int_equal(toc_next(toc, &entry), 1);
	assert_string_equal(entry->path, "stargz.index.json");
	assert_int_equal(entry->size, sizeof json - 1);
	assert_int_equal(entry->mode, 0644);
	assert_int_equal(toc_next(toc, &entry), 0);
}

static void a_layer_may_be_empty(unused_arg void **state)
{
	static const char *const tables[] = { "{\"version\":1,\"entries\":[]}",
					      "{\"entries\":null,\"version\":1}" };

	for (size_t i = 0; i < array_size(tables); i++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		auto_toc struct toc *toc = NULL;
		const struct entry *entry;
		struct error err = ERROR_INIT;

		make(&file, FORM_ZSTD, tables[i]);
		assert_success(open_file(&file, &toc, &err), err);
		assert_non_null(toc);
		assert_int_equal(toc_next(toc, &entry), 0);
	}
}

/* What does not compress, so that the table is longer than what is fetched at first. */
static void a_long_table_takes_two_requests(unused_arg void **state)
{
	for (int legacy = 0; legacy < 2; legacy++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		auto_toc struct toc *toc = NULL;
		auto_buf struct buf json;
		struct layer_totals totals;
		struct error err = ERROR_INIT;
		uint32_t noise = 1;

		buf_init(&json, FIXTURE_MAX);
		buf_add_string(&json, "{\"version\":1,\"entries\":[" DIR_ENTRY);
		for (size_t i = 0; i < 5000; i++) {
			buf_printf(&json, ",{\"type\":\"reg\",\"name\":\"");
			for (size_t k = 0; k < 4; k++) {
				noise = noise * 1664525 + 1013904223;
				buf_printf(&json, "%08x", noise);
			}
			buf_add_string(&json, "\"}");
		}
		buf_add_string(&json, "]}");
		make(&file, legacy ? FORM_STARGZ : FORM_ESTARGZ, json.data);
		assert_success(open_file(&file, &toc, &err), err);
		assert_non_null(toc);
		toc_totals(toc, &totals);
		assert_int_equal(totals.entries, 5002);
		assert_int_equal(file.reads, 2);
		assert_true(file.read_size < file.bytes.size);
		assert_true(file.read_size > file.bytes.size - 200);
		assert_int_equal(totals.table_size, file.read_size);
	}
}

/* `make` with this; the table must not be usable, and that is no failure. */
static void assert_unusable(struct blob_file *file)
{
	struct toc *toc = (struct toc *)file;
	struct error err = ERROR_INIT;

	assert_success(open_file(file, &toc, &err), err);
	assert_null(toc);
}

static void what_it_does_not_know_is_left_to_the_layer(unused_arg void **state)
{
	static const char *const tables[] = {
		"{\"version\":2,\"entries\":[]}",
		"{\"version\":1}",
		"{\"version\":1,\"Entries\":[" DIR_ENTRY "]}",
		TABLE(DIR_ENTRY ",{\"name\":\"x\",\"type\":\"socket\"}"),
		TABLE("{\"name\":\"x\",\"type\":\"\"}"),
		TABLE("{\"name\":\"caf\\ufffd\",\"type\":\"reg\"}"),
		TABLE("{\"name\":\"x\",\"type\":\"hardlink\",\"linkName\":\"caf\xef\xbf\xbd\"}"),
	};

	for (size_t i = 0; i < array_size(tables); i++)
		for (enum form form = 0; form < FORMS; form++) {
			auto_blob_file struct blob_file file = { .reads = 0 };

			make(&file, form, tables[i]);
			assert_unusable(&file);
		}
}

static void what_is_wrong_is_told(unused_arg void **state)
{
	static const struct {
		const char *json;
		const char *error;
	} cases[] = {
		{ "", "no JSON" },
		{ "[]", "'{' expected" },
		{ "{\"version\":1,\"entries\":[" DIR_ENTRY "}", "',' or ']' expected" },
		{ "{\"version\":1,\"entries\":[" DIR_ENTRY ",]}", "no JSON" },
		{ "{\"version\":1,\"entries\":[" DIR_ENTRY "]", "',' or '}' expected" },
		{ TABLE(DIR_ENTRY) "x", "its end expected" },
		{ "{\"version\":1,\"entries\":{}}", "an array expected" },
		{ "{\"version\":1,\"entries\":[],\"entries\":[]}", "twice" },
		{ "{\"version\":1,\"version\":1,\"entries\":[]}", "twice" },
		{ "{\"entries\":[]}", "has no 'version'" },
		{ "{\"version\":\"1\",\"entries\":[]}", "'version'" },
		{ "{\"version\":-1,\"entries\":[]}", "negative" },
		{ "{1:1}", "a member expected" },
		{ "{\"a\",1}", "a member expected" },
		{ TABLE("1"), "entries[0] is no object" },
		{ TABLE(DIR_ENTRY ",{\"type\":\"reg\"}"), "entries[1] has no 'name'" },
		{ TABLE("{\"name\":\"x\"}"), "entries[0] has no 'type'" },
		{ TABLE("{\"name\":1,\"type\":\"reg\"}"), "'name' of entries[0]" },
		{ TABLE("{\"name\":\"a\\u0000b\",\"type\":\"reg\"}"), "no JSON" },
		{ TABLE("{\"name\":\"\xff\",\"type\":\"reg\"}"), "no JSON" },
		{ TABLE("{\"name\":\"x\",\"name\":\"y\",\"type\":\"reg\"}"), "no JSON" },
		{ TABLE("{\"name\":\"x\",\"type\":\"reg\",\"size\":-1}"), "negative" },
		{ TABLE("{\"name\":\"x\",\"type\":\"reg\",\"size\":1.5}"), "'size'" },
		{ TABLE("{\"name\":\"x\",\"type\":\"reg\",\"size\":99999999999999999999}"),
		  "no JSON" },
		{ TABLE("{\"name\":\"x\",\"type\":\"reg\",\"mode\":\"0644\"}"), "'mode'" },
		{ TABLE("{\"name\":\"x\",\"type\":\"symlink\",\"linkName\":[]}"), "'linkName'" },
		{ TABLE("{\"name\":\"x\",\"type\":\"reg\",\"modtime\":1}"), "'modtime'" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++)
		for (enum form form = 0; form < FORMS; form++) {
			auto_blob_file struct blob_file file = { .reads = 0 };
			struct toc *toc = NULL;

			make(&file, form, cases[i].json);
			assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT,
				       cases[i].error);
			assert_null(toc);
			assert_non_null(strstr(err.text, "layer: table of contents: "));
		}
}

static void the_digest_counts(unused_arg void **state)
{
	struct error err;

	for (enum form form = 0; form < FORMS; form++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		struct toc *toc = NULL;

		make(&file, form, all_kinds);
		file.place.digest = digest_now("x", 1);
		assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT,
			       "wrong digest: it should be sha256:2d71164");
		assert_null(toc);
	}
}

static void the_archive_of_a_table(unused_arg void **state)
{
	static const char json[] = TABLE(DIR_ENTRY);
	static const struct {
		char type;
		const char *name;
		const char *more; /* another member behind it */
		const char *error;
	} cases[] = {
		{ '0', "other.json", NULL, "it is no file stargz.index.json" },
		{ '5', "stargz.index.json", NULL, "it is no file stargz.index.json" },
		{ '1', "stargz.index.json", NULL, "it is no file stargz.index.json" },
		{ '0', "./stargz.index.json", "usr/bin/gcc", NULL },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		auto_buf struct buf tar;
		struct toc *toc = NULL;

		buf_init(&tar, FIXTURE_MAX);
		buf_init(&file.bytes, FIXTURE_MAX);
		fixture_member(&tar, cases[i].type, cases[i].name, "x", json,
			       cases[i].type == '0' ? sizeof json - 1 : 0);
		if (cases[i].more != NULL)
			fixture_file(&tar, cases[i].more, "");
		fixture_end(&tar);
		packed_add_gzip(&file.bytes, tar.data, tar.size, false);
		add_footer(&file.bytes, "0000000000000000", false);
		file.place = (struct toc_place) { .table = LAYER_ESTARGZ,
						  .digest = digest_now(json, sizeof json - 1) };
		if (cases[i].error == NULL)
			assert_unusable(&file);
		else
			assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT,
				       cases[i].error);
	}
}

static void footers(unused_arg void **state)
{
	static const char *const offsets[] = {
		"ffffffffffffffff", "8000000000000000", "7fffffffffffffff", "00000000000fffff",
		"00000000000000zz", " 000000000000000", "-000000000000001", "0x00000000000000",
	};

	for (size_t i = 0; i < array_size(offsets); i++)
		for (enum form form = FORM_ESTARGZ; form <= FORM_STARGZ; form++) {
			auto_blob_file struct blob_file file = { .reads = 0 };

			make(&file, form, all_kinds);
			memcpy(file.bytes.data + file.bytes.size - 35, offsets[i], 16);
			assert_unusable(&file);
		}
	/* it points at itself, or at its end */
	for (size_t back = 0; back <= 51; back++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		char offset[17];

		make(&file, FORM_ESTARGZ, all_kinds);
		(void)snprintf(offset, sizeof offset, "%016zX", file.bytes.size - back);
		memcpy(file.bytes.data + file.bytes.size - 35, offset, 16);
		assert_unusable(&file);
	}
}

/* Every byte of a footer but those of its time counts. */
static void footers_are_exact(unused_arg void **state)
{
	for (enum form form = FORM_ESTARGZ; form <= FORM_STARGZ; form++) {
		size_t size = form == FORM_ESTARGZ ? 51 : 47;

		for (size_t i = 0; i < size; i++) {
			auto_blob_file struct blob_file file = { .reads = 0 };
			auto_toc struct toc *toc = NULL;
			struct error err = ERROR_INIT;

			make(&file, form, all_kinds);
			file.bytes.data[file.bytes.size - size + i] ^= 0x40;
			assert_success(open_file(&file, &toc, &err), err);
			if (i >= 4 && i < 10)
				assert_non_null(toc);
			else
				assert_null(toc);
		}
	}
}

static void positions(unused_arg void **state)
{
	static const struct {
		uint64_t offset, stored, unpacked;
	} cases[] = {
		{ UINT64_MAX, 1, 1 },	    { 0, UINT64_MAX, 1 }, { 8, UINT64_MAX - 4, 1 },
		{ 0, 1, UINT64_MAX },	    { 0, 0, 0 },	  { 0, TOC_SIZE_MAX + 1, 1 },
		{ 0, 1, TOC_SIZE_MAX + 1 }, { 100000, 1, 1 },	  { 0, 100000, 1 },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_blob_file struct blob_file file = { .reads = 0 };

		make(&file, FORM_ZSTD, all_kinds);
		file.place.offset = cases[i].offset;
		file.place.stored_size = cases[i].stored;
		file.place.unpacked_size = cases[i].unpacked;
		assert_unusable(&file);
		assert_int_equal(file.reads, 0);
	}
	/* inside, but not what it says */
	for (int by = -1; by <= 1; by += 2) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		struct toc *toc = NULL;

		make(&file, FORM_ZSTD, all_kinds);
		file.place.unpacked_size += (uint64_t)by;
		assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT, "wrong size");
		file.place.unpacked_size -= (uint64_t)by;
		file.place.offset += (uint64_t)by;
		assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT, "wrong digest");
	}
}

/* 20 MB of blanks in a few kilobytes, where a handful was promised. */
static void bombs(unused_arg void **state)
{
	size_t size = (size_t)20 << 20;
	auto_free char *blanks = malloc(size);
	auto_blob_file struct blob_file file = { .reads = 0 };
	struct toc *toc = NULL;
	struct error err;

	assert_non_null(blanks);
	memset(blanks, ' ', size);
	make_zstd(&file, blanks, size);
	file.place.unpacked_size = 1000;
	assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT, "wrong size");
}

static void nothing_is_compressed(unused_arg void **state)
{
	auto_blob_file struct blob_file file = { .reads = 0 };
	struct toc *toc = NULL;
	struct error err;

	buf_init(&file.bytes, FIXTURE_MAX);
	buf_add_string(&file.bytes, "neither gzip nor zstd nor tar");
	file.place = (struct toc_place) { .table = LAYER_ZSTD_CHUNKED,
					  .stored_size = file.bytes.size,
					  .unpacked_size = file.bytes.size };
	file.place.digest = digest_now(file.bytes.data, file.bytes.size);
	assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT, "no JSON");
	add_footer(&file.bytes, "0000000000000000", false);
	file.place = (struct toc_place) { .table = LAYER_ESTARGZ, .digest = digest_now("x", 1) };
	assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT, "table of contents");
}

/* A blob that ends anywhere has no table, and that is told or leads to the layer. */
static void cut_at_every_byte(unused_arg void **state)
{
	for (enum form form = 0; form < FORMS; form++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		size_t end;

		make(&file, form, all_kinds);
		end = form == FORM_ZSTD ? (size_t)(file.place.offset + file.place.stored_size)
					: file.bytes.size;
		for (size_t size = 0; size < end; size++) {
			auto_toc struct toc *toc = NULL;

			buf_truncate(&file.bytes, end - 1 - size);
			(void)!open_file(&file, &toc, NULL);
			assert_null(toc);
		}
	}
}

/* A table without its last bytes, whose digest is right, at every place: the JSON tells. */
static void cut_tables(unused_arg void **state)
{
	static const char json[] = TABLE(DIR_ENTRY ",{\"name\":\"x\",\"type\":\"reg\"}");

	for (size_t size = 0; size + 1 < sizeof json; size++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		struct toc *toc = NULL;
		struct error err;

		make_zstd(&file, json, size);
		assert_failure(open_file(&file, &toc, &err), err, ERROR_INPUT, "no JSON");
	}
}

/* Whatever bit of the table changes: it is not used, or what is read is the same. */
static void one_bit(unused_arg void **state)
{
	for (enum form form = 0; form < FORMS; form++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		auto_buf struct buf wanted;
		auto_toc struct toc *whole = NULL;
		struct error err = ERROR_INIT;
		size_t used = 0;

		make(&file, form, all_kinds);
		buf_init(&wanted, FIXTURE_MAX);
		assert_success(open_file(&file, &whole, &err), err);
		print_entries(whole, &wanted);
		for (size_t at = 0; at < file.bytes.size; at++) {
			auto_toc struct toc *toc = NULL;
			auto_buf struct buf found;

			buf_init(&found, FIXTURE_MAX);
			file.bytes.data[at] ^= (char)(1 << at % 8);
			if (open_file(&file, &toc, NULL) == 0 && toc != NULL) {
				used++;
				print_entries(toc, &found);
				assert_string_equal(found.data, wanted.data);
			}
			file.bytes.data[at] ^= (char)(1 << at % 8);
		}
		assert_true(used < file.bytes.size / 2);
	}
}

static void reads_that_fail(unused_arg void **state)
{
	struct error err;

	for (enum form form = 0; form < FORMS; form++) {
		auto_blob_file struct blob_file file = { .reads = 0 };
		struct toc *toc = NULL;

		make(&file, form, all_kinds);
		file.failure = ERROR_MISSING;
		assert_unusable(&file);
		file.failure = ERROR_NETWORK;
		assert_failure(open_file(&file, &toc, &err), err, ERROR_NETWORK,
			       "layer: table of contents: this read fails");
	}
}

#define DIGEST "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define GITHUB "io.github.containers.zstd-chunked.manifest-"
#define OLD    "io.containers.zstd-chunked.manifest-"

static void annotations(unused_arg void **state)
{
	static const struct {
		const char *json;
		enum layer_table table;
	} cases[] = {
		{ "{}", LAYER_WHOLE },
		{ "[]", LAYER_WHOLE },
		{ "null", LAYER_WHOLE },
		{ "{\"containerd.io/snapshot/stargz/toc.digest\":\"" DIGEST "\"}", LAYER_ESTARGZ },
		{ "{\"containerd.io/snapshot/stargz/toc.digest\":\"sha256:12\"}", LAYER_WHOLE },
		{ "{\"containerd.io/snapshot/stargz/toc.digest\":1}", LAYER_WHOLE },
		{ "{\"" GITHUB "checksum\":\"" DIGEST "\",\"" GITHUB "position\":\"1:2:3:1\"}",
		  LAYER_ZSTD_CHUNKED },
		{ "{\"" OLD "checksum\":\"" DIGEST "\",\"" OLD "position\":\"1:2:3:1\"}",
		  LAYER_ZSTD_CHUNKED },
		{ "{\"" OLD "checksum\":\"" DIGEST "\",\"" GITHUB "position\":\"1:2:3:1\"}",
		  LAYER_WHOLE },
		{ "{\"" GITHUB "checksum\":\"" DIGEST "\"}", LAYER_WHOLE },
		{ "{\"" GITHUB "position\":\"1:2:3:1\"}", LAYER_WHOLE },
		{ "{\"" GITHUB "checksum\":\"md5:12\",\"" GITHUB "position\":\"1:2:3:1\"}",
		  LAYER_WHOLE },
		{ "{\"containerd.io/snapshot/stargz/toc.digest\":\"" DIGEST "\",\"" GITHUB
		  "checksum\":\"" DIGEST "\",\"" GITHUB "position\":\"1:2:3:1\"}",
		  LAYER_ZSTD_CHUNKED },
		{ "{\"containerd.io/snapshot/stargz/toc.digest\":\"" DIGEST "\",\"" GITHUB
		  "checksum\":\"" DIGEST "\",\"" GITHUB "position\":\"1:2:3\"}",
		  LAYER_ESTARGZ },
	};
	static const char *const positions_that_are_none[] = {
		"",
		"1",
		"1:2:3",
		"1:2:3:",
		"1:2:3:1:",
		"1:2:3:1:1",
		"1:2:3:2",
		"1:2:3:01x",
		"-1:2:3:1",
		"1: 2:3:1",
		"0x1:2:3:1",
		":::",
		"1::3:1",
		"1:2:3:99999999999999999999",
		"99999999999999999999:2:3:1",
	};
	struct toc_place place;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_doc json_t *doc = NULL;
		struct error err = ERROR_INIT;

		assert_success(doc_parse(cases[i].json, strlen(cases[i].json), "it", &doc, &err),
			       err);
		toc_find(doc, &place);
		assert_int_equal(place.table, cases[i].table);
		if (place.table == LAYER_ZSTD_CHUNKED)
			assert_true(place.offset == 1 && place.stored_size == 2 &&
				    place.unpacked_size == 3);
		if (place.table != LAYER_WHOLE)
			assert_true(digest_is_set(&place.digest));
	}
	for (size_t i = 0; i < array_size(positions_that_are_none); i++) {
		auto_doc json_t *doc = json_pack("{ss, ss}", GITHUB "checksum", DIGEST,
						 GITHUB "position", positions_that_are_none[i]);

		toc_find(doc, &place);
		assert_int_equal(place.table, LAYER_WHOLE);
	}
	toc_find(NULL, &place);
	assert_int_equal(place.table, LAYER_WHOLE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_those_of_layers),
		cmocka_unit_test(attributes),
		cmocka_unit_test(a_layer_may_be_empty),
		cmocka_unit_test(a_long_table_takes_two_requests),
		cmocka_unit_test(what_it_does_not_know_is_left_to_the_layer),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(the_digest_counts),
		cmocka_unit_test(the_archive_of_a_table),
		cmocka_unit_test(footers),
		cmocka_unit_test(footers_are_exact),
		cmocka_unit_test(positions),
		cmocka_unit_test(bombs),
		cmocka_unit_test(nothing_is_compressed),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(cut_tables),
		cmocka_unit_test(one_bit),
		cmocka_unit_test(reads_that_fail),
		cmocka_unit_test(annotations),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("toc", tests, NULL, NULL);
}
