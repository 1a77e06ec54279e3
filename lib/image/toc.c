#include "config.h"

#include "image/toc.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/doc.h"
#include "base/text.h"
#include "image/blob.h"
#include "image/entry.h"
#include "image/stream.h"
#include "image/tar.h"

#define ESTARGZ_KEY    "containerd.io/snapshot/stargz/toc.digest"
#define ESTARGZ_MEMBER "stargz.index.json"

/* What is fetched of the end of an eStargz layer in the first place: for most layers the table is
 * in it, so one request does. */
#define TAIL_SIZE ((size_t)16 << 10)

/* The shorter one. */
#define FOOTER_MIN ((size_t)47)

/* At most three times what the shortest entry takes in JSON. */
#define RECORDS_MAX (4 * TOC_SIZE_MAX)

/* An entry as it waits; its path and target follow, a NUL behind each. */
struct record {
	uint64_t size;
	int64_t mtime;
	uint32_t mode, uid, gid;
	uint32_t device_major, device_minor;
	uint32_t path_size, target_size;
	uint8_t type;
	uint8_t unsafe, has_target;
};

struct toc {
	enum layer_table table;
	uint64_t fetched;
	uint64_t entries;
	struct buf records;
	size_t at;
	struct entry entry;
};

/* While it is made. Functions that return int and may find that the table can't be used return 1 to
 * go on and 0 where it can't. */
struct making {
	const struct toc_place *place;
	const struct toc_input *input;
	const char *name; /* what errors call the table */
	struct toc *toc;
	bool unknown; /* it holds what this reader doesn't know */
	struct buf path;
	struct buf target;
};

/* ---- where it is ---- */

/* OFFSET:STORED:UNPACKED:TYPE, decimal; type 1 is JSON as eStargz has it. */
static bool position_parse(const char *text, struct toc_place *place)
{
	uint64_t numbers[4];
	auto_free char *copy = strdup(text);
	char *rest = copy;

	for (size_t i = 0; i < array_size(numbers); i++) {
		const char *part = copy != NULL ? strsep(&rest, ":") : NULL;

		if (part == NULL || text_parse_number(part, &numbers[i], NULL) < 0)
			return false;
	}
	place->offset = numbers[0];
	place->stored_size = numbers[1];
	place->unpacked_size = numbers[2];
	return rest == NULL && numbers[3] == 1;
}

/* The annotations had another prefix at first, which skopeo 1.9 still writes. */
static bool find_zstd_chunked(const json_t *annotations, struct toc_place *place)
{
	static const char *const keys[][2] = {
		{ "io.github.containers.zstd-chunked.manifest-checksum",
		  "io.github.containers.zstd-chunked.manifest-position" },
		{ "io.containers.zstd-chunked.manifest-checksum",
		  "io.containers.zstd-chunked.manifest-position" },
	};

	for (size_t i = 0; i < array_size(keys); i++) {
		const char *checksum = json_string_value(json_object_get(annotations, keys[i][0]));
		const char *position = json_string_value(json_object_get(annotations, keys[i][1]));

		if (checksum != NULL && position != NULL &&
		    digest_parse(checksum, &place->digest, NULL) == 0 &&
		    position_parse(position, place))
			return true;
	}
	return false;
}

void toc_find(const json_t *annotations, struct toc_place *ret_place)
{
	struct toc_place place = { .table = LAYER_WHOLE };
	const char *digest = json_string_value(json_object_get(annotations, ESTARGZ_KEY));

	*ret_place = place;
	/* stargz-snapshotter gives its zstd:chunked layers both; an eStargz layer has no position
	 */
	if (find_zstd_chunked(annotations, &place))
		place.table = LAYER_ZSTD_CHUNKED;
	else if (digest != NULL && digest_parse(digest, &place.digest, NULL) == 0)
		place.table = LAYER_ESTARGZ;
	else
		return;
	*ret_place = place;
}

/* ---- its bytes ---- */

static int making_read(const struct making *making, uint64_t offset, size_t size, struct buf *buf,
		       struct error *err)
{
	const struct toc_input *input = making->input;
	struct error failure = ERROR_INIT;

	if (input->read(input->context, offset, size, buf, &failure) < 0)
		return failure.kind == ERROR_MISSING ? 0 : error_copy(err, &failure);
	making->toc->fetched += size;
	return 1;
}

static int making_check(const struct making *making, const struct buf *data, struct error *err)
{
	const struct digest *wanted = &making->place->digest;
	struct digest found;
	char wanted_text[DIGEST_TEXT_MAX];
	char found_text[DIGEST_TEXT_MAX];

	if (digest_of(wanted->algorithm, data->data, data->size, &found, err) < 0)
		return -1;
	if (digest_equal(&found, wanted))
		return 1;
	return error_set(err, ERROR_INPUT, "wrong digest: it should be %s and is %s",
			 digest_text(wanted, wanted_text), digest_text(&found, found_text));
}

/* One of the forms of a footer: an empty gzip member whose extra field says where the table is. The
 * bytes 4 to 9 are a time and the like. */
static bool footer_parse(const char *footer, const char *extra, size_t extra_size,
			 uint64_t *ret_offset)
{
	static const char begin[] = "\x1f\x8b\x08\x04";
	static const char end[] = "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0";
	const char *digits = footer + 10 + extra_size;
	uint64_t offset = 0;

	if (memcmp(footer, begin, 4) != 0 || memcmp(footer + 10, extra, extra_size) != 0 ||
	    memcmp(digits + 16, "STARGZ", 6) != 0 || memcmp(digits + 22, end, 13) != 0)
		return false;
	for (size_t i = 0; i < 16; i++) {
		if (!isxdigit((unsigned char)digits[i]))
			return false;
		offset = offset << 4 | (uint64_t)(digits[i] <= '9' ? digits[i] - '0'
								   : (digits[i] | ' ') - 'a' + 10);
	}
	*ret_offset = offset;
	return true;
}

/* How long the footer is at the end of these bytes; 0 where there is none. */
static size_t footer_find(const struct buf *tail, uint64_t *ret_offset)
{
	static const struct {
		size_t size;
		size_t extra_size;
		const char *extra;
	} forms[] = {
		{ 51, 6, "\x1a\0SG\x16\0" }, /* eStargz: a subfield as RFC 1952 has them */
		{ FOOTER_MIN, 2, "\x16\0" }, /* stargz */
	};

	for (size_t i = 0; i < array_size(forms); i++)
		if (tail->size >= forms[i].size &&
		    footer_parse(tail->data + tail->size - forms[i].size, forms[i].extra,
				 forms[i].extra_size, ret_offset))
			return forms[i].size;
	return 0;
}

/* From where the footer points up to the footer; no byte is fetched twice. */
static int estargz_fetch(const struct making *making, struct buf *table, struct error *err)
{
	uint64_t size = making->input->size;
	size_t tail_size = size < TAIL_SIZE ? (size_t)size : TAIL_SIZE;
	uint64_t begin = size - tail_size;
	auto_buf struct buf tail;
	uint64_t offset = 0;
	size_t footer;
	int got;

	buf_init(&tail, TAIL_SIZE);
	if (size < FOOTER_MIN)
		return 0;
	got = making_read(making, begin, tail_size, &tail, err);
	if (got <= 0)
		return got;
	footer = footer_find(&tail, &offset);
	if (footer == 0 || offset >= size - footer || size - footer - offset > TOC_SIZE_MAX)
		return 0;
	if (offset < begin) {
		got = making_read(making, offset, (size_t)(begin - offset), table, err);
		if (got <= 0)
			return got;
		offset = begin;
	}
	buf_add(table, tail.data + (offset - begin), (size_t)(size - footer - offset));
	return buf_check(table, making->name, err) < 0 ? -1 : 1;
}

static ssize_t read_blob(void *context, void *data, size_t size, struct error *err)
{
	return blob_read(context, data, size, err);
}

static int read_member(struct tar *tar, struct buf *json, struct error *err)
{
	const void *data;
	size_t size;
	int more;

	while ((more = tar_data(tar, &data, &size, err)) > 0)
		buf_add(json, data, size);
	return more < 0 ? -1 : buf_check(json, ESTARGZ_MEMBER, err);
}

/* The archive that holds the table and nothing else; `member` becomes the table's own entry. */
static int estargz_read(struct making *making, struct tar *tar, struct buf *json,
			struct entry *member, struct error *err)
{
	struct archive_entry *raw = NULL;
	int more = tar_next(tar, &raw, err);

	if (more <= 0)
		return more < 0 ? -1 : error_set(err, ERROR_INPUT, "there is nothing in it");
	*member = (struct entry) {
		.type = ENTRY_FILE,
		.size = (uint64_t)archive_entry_size(raw),
		.mode = archive_entry_perm(raw),
		.mtime = archive_entry_mtime(raw),
	};
	if (entry_set_path(member, archive_entry_pathname(raw), &making->path, err) < 0)
		return -1;
	if (archive_entry_filetype(raw) != AE_IFREG || archive_entry_hardlink(raw) != NULL ||
	    strcmp(member->path, ESTARGZ_MEMBER) != 0)
		return error_set(err, ERROR_INPUT, "it is no file " ESTARGZ_MEMBER);
	if (member->size > TOC_SIZE_MAX)
		return 0;
	if (read_member(tar, json, err) < 0)
		return -1;
	/* what would come after it, the table does not know of */
	more = tar_next(tar, &raw, err);
	return more < 0 ? -1 : more == 0;
}

static int estargz_unpack(struct making *making, const struct buf *table, struct buf *json,
			  struct entry *member, struct error *err)
{
	struct blob_options options = { .name = "its bytes" };
	struct tar_input input = { .read = read_blob };
	auto_stream struct stream *stream = NULL;
	auto_blob struct blob *blob = NULL;
	auto_tar struct tar *tar = NULL;
	int got;

	if (stream_of_memory(table->data, table->size, 0, &stream, err) < 0 ||
	    blob_open(stream, &options, &blob, err) < 0)
		return -1;
	input.context = blob;
	if (tar_open(&input, &tar, err) < 0)
		return -1;
	got = estargz_read(making, tar, json, member, err);
	if (got <= 0)
		return got;
	return blob_finish(blob, NULL, err) < 0 ? -1 : making_check(making, json, err);
}

static int zstd_chunked_fetch(const struct making *making, struct buf *table, struct error *err)
{
	const struct toc_place *place = making->place;
	uint64_t size = making->input->size;
	int got;

	if (place->stored_size == 0 || place->stored_size > TOC_SIZE_MAX ||
	    place->unpacked_size > TOC_SIZE_MAX || place->offset > size ||
	    place->stored_size > size - place->offset)
		return 0;
	got = making_read(making, place->offset, (size_t)place->stored_size, table, err);
	return got <= 0 ? got : making_check(making, table, err);
}

static int zstd_chunked_unpack(const struct making *making, const struct buf *table,
			       struct buf *json, struct error *err)
{
	struct blob_options options = { .name = "its bytes" };
	auto_stream struct stream *stream = NULL;
	auto_blob struct blob *blob = NULL;
	auto_free char *piece = malloc(BLOB_PIECE);
	ssize_t got;

	if (piece == NULL)
		return error_memory(err);
	if (stream_of_memory(table->data, table->size, 0, &stream, err) < 0 ||
	    blob_open(stream, &options, &blob, err) < 0)
		return -1;
	while ((got = blob_read(blob, piece, BLOB_PIECE, err)) > 0 &&
	       (uint64_t)got <= making->place->unpacked_size - json->size)
		buf_add(json, piece, (size_t)got);
	if (got < 0 || (got == 0 && blob_finish(blob, NULL, err) < 0) ||
	    buf_check(json, making->name, err) < 0)
		return -1;
	if (got > 0 || json->size != making->place->unpacked_size)
		return error_set(err, ERROR_INPUT, "wrong size: it should be %" PRIu64 " bytes",
				 making->place->unpacked_size);
	return 1;
}

/* ---- its entries ---- */

static int toc_add(struct toc *toc, const struct entry *entry, struct error *err)
{
	struct record record = {
		.size = entry->size,
		.mtime = entry->mtime,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.device_major = entry->device_major,
		.device_minor = entry->device_minor,
		.path_size = (uint32_t)entry->path_size,
		.target_size = entry->target != NULL ? (uint32_t)strlen(entry->target) : 0,
		.type = (uint8_t)entry->type,
		.unsafe = entry->unsafe,
		.has_target = entry->target != NULL,
	};

	buf_add(&toc->records, &record, sizeof record);
	buf_add(&toc->records, entry->path, record.path_size + (size_t)1);
	if (entry->target != NULL)
		buf_add(&toc->records, entry->target, record.target_size + (size_t)1);
	toc->entries++;
	return buf_check(&toc->records, "entries", err);
}

/* Any whole number, as a tar's header may hold it; absent is 0. */
static int integer_of(const json_t *object, const char *at, const char *key, int64_t *ret_number,
		      struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (value != NULL && !json_is_null(value) && !json_is_integer(value))
		return error_set(err, ERROR_INPUT, "'%s' of %s is no whole number", key, at);
	*ret_number = json_integer_value(value);
	return 0;
}

/* RFC 3339; nothing rests on it, so what is none is "not known". */
static int64_t time_of(const char *text)
{
	struct tm tm = { .tm_year = 0 };
	int64_t ahead = 0;
	const char *rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (rest == NULL)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest != 'Z') {
		if (strptime(rest, "%z", &tm) == NULL)
			return 0;
		ahead = tm.tm_gmtoff;
	}
	return (int64_t)timegm(&tm) - ahead;
}

/* What Go writes for bytes that are no UTF-8: then the table does not know the name. */
static bool is_replaced(const char *text)
{
	return strstr(text, "\xef\xbf\xbd") != NULL;
}

static bool type_of(const char *text, enum entry_type *ret_type)
{
	static const struct {
		const char *text;
		enum entry_type type;
	} types[] = {
		{ "reg", ENTRY_FILE },	      { "dir", ENTRY_DIRECTORY },
		{ "symlink", ENTRY_SYMLINK }, { "hardlink", ENTRY_HARDLINK },
		{ "char", ENTRY_CHARACTER },  { "block", ENTRY_BLOCK },
		{ "fifo", ENTRY_FIFO },
	};

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(text, types[i].text) == 0) {
			*ret_type = types[i].type;
			return true;
		}
	return false;
}

static int making_set_numbers(struct entry *entry, const json_t *element, const char *at,
			      struct error *err)
{
	const char *mtime = NULL;
	int64_t mode = 0;
	int64_t uid = 0;
	int64_t gid = 0;
	int64_t device_major = 0;
	int64_t device_minor = 0;
	uint64_t size = 0;

	if (integer_of(element, at, "mode", &mode, err) < 0 ||
	    integer_of(element, at, "uid", &uid, err) < 0 ||
	    integer_of(element, at, "gid", &gid, err) < 0 ||
	    integer_of(element, at, "devMajor", &device_major, err) < 0 ||
	    integer_of(element, at, "devMinor", &device_minor, err) < 0 ||
	    doc_size(element, at, "size", DOC_OPTIONAL, &size, err) < 0 ||
	    doc_string(element, at, "modtime", DOC_OPTIONAL, &mtime, err) < 0)
		return -1;
	entry->mode = (uint32_t)mode & 07777;
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	entry->mtime = time_of(mtime);
	if (entry->type == ENTRY_FILE)
		entry->size = size;
	if (entry->type == ENTRY_CHARACTER || entry->type == ENTRY_BLOCK) {
		entry->device_major = (uint32_t)device_major;
		entry->device_minor = (uint32_t)device_minor;
	}
	return 0;
}

static int making_entry(struct making *making, const json_t *element, const char *at,
			struct error *err)
{
	struct entry entry = { .type = ENTRY_OTHER };
	const char *type = NULL;
	const char *name = NULL;
	const char *target = NULL;

	if (doc_string(element, at, "type", DOC_REQUIRED, &type, err) < 0 ||
	    doc_string(element, at, "name", DOC_REQUIRED, &name, err) < 0 ||
	    doc_string(element, at, "linkName", DOC_OPTIONAL, &target, err) < 0)
		return -1;
	/* more bytes of the file before it */
	if (strcmp(type, "chunk") == 0)
		return 0;
	if (!type_of(type, &entry.type) || is_replaced(name) ||
	    (target != NULL && is_replaced(target))) {
		making->unknown = true;
		return 0;
	}
	if (entry_set_path(&entry, name, &making->path, err) < 0 ||
	    making_set_numbers(&entry, element, at, err) < 0)
		return -1;
	if ((entry.type == ENTRY_HARDLINK || entry.type == ENTRY_SYMLINK) &&
	    entry_set_target(&entry, target, &making->target, err) < 0)
		return -1;
	return toc_add(making->toc, &entry, err);
}

static int on_element(void *context, const json_t *element, size_t index, struct error *err)
{
	char at[40];

	(void)snprintf(at, sizeof at, "entries[%zu]", index);
	return making_entry(context, element, at, err);
}

static int making_parse(struct making *making, const struct buf *json, struct error *err)
{
	auto_doc json_t *rest = NULL;
	uint64_t version = 0;

	if (doc_each(json->data, json->size, "its text", "entries", on_element, making, &rest,
		     err) < 0 ||
	    doc_size(rest, "the table", "version", DOC_REQUIRED, &version, err) < 0)
		return -1;
	return version == 1 && json_object_get(rest, "entries") != NULL && !making->unknown;
}

/* ---- the whole ---- */

static int making_run(struct making *making, struct error *err)
{
	auto_buf struct buf table;
	auto_buf struct buf json;
	auto_buf struct buf name;
	struct entry member = { .type = ENTRY_OTHER };
	bool estargz = making->place->table == LAYER_ESTARGZ;
	int got;

	buf_init(&table, TOC_SIZE_MAX);
	buf_init(&json, TOC_SIZE_MAX);
	buf_init(&name, ENTRY_PATH_MAX);
	got = estargz ? estargz_fetch(making, &table, err)
		      : zstd_chunked_fetch(making, &table, err);
	if (got > 0)
		got = estargz ? estargz_unpack(making, &table, &json, &member, err)
			      : zstd_chunked_unpack(making, &table, &json, err);
	buf_release(&table);
	if (got > 0)
		got = making_parse(making, &json, err);
	if (got <= 0 || !estargz)
		return got;
	return entry_set_path(&member, ESTARGZ_MEMBER, &name, err) < 0 ||
			       toc_add(making->toc, &member, err) < 0
		       ? -1
		       : 1;
}

static void making_release(struct making *making)
{
	buf_release(&making->path);
	buf_release(&making->target);
}

int toc_open(const struct toc_place *place, const struct toc_input *input, struct toc **ret_toc,
	     struct error *err)
{
	cleanup_by(making_release) struct making making = {
		.place = place,
		.input = input,
		.name = "the table of contents",
	};
	auto_toc struct toc *toc = calloc(1, sizeof *toc);
	int got = 0;

	buf_init(&making.path, ENTRY_PATH_MAX);
	buf_init(&making.target, ENTRY_PATH_MAX);
	if (toc == NULL)
		return error_memory(err);
	buf_init(&toc->records, RECORDS_MAX);
	toc->table = place->table;
	making.toc = toc;
	if (place->table != LAYER_WHOLE)
		got = making_run(&making, err);
	if (got < 0)
		return error_prefix(err, "%s: table of contents", input->name);
	*ret_toc = got > 0 ? steal(&toc) : NULL;
	return 0;
}

void toc_free(struct toc *toc)
{
	if (toc == NULL)
		return;
	buf_release(&toc->records);
	free(toc);
}

int toc_next(struct toc *toc, const struct entry **ret_entry)
{
	const char *at = toc->records.data + toc->at;
	struct record record;

	if (toc->at == toc->records.size)
		return 0;
	memcpy(&record, at, sizeof record);
	at += sizeof record;
	toc->entry = (struct entry) {
		.type = (enum entry_type)record.type,
		.path = at,
		.path_size = record.path_size,
		.unsafe = record.unsafe != 0,
		.size = record.size,
		.mode = record.mode,
		.uid = record.uid,
		.gid = record.gid,
		.mtime = record.mtime,
		.device_major = record.device_major,
		.device_minor = record.device_minor,
	};
	at += record.path_size + (size_t)1;
	if (record.has_target != 0) {
		toc->entry.target = at;
		at += record.target_size + (size_t)1;
	}
	toc->at = (size_t)(at - toc->records.data);
	*ret_entry = &toc->entry;
	return 1;
}

void toc_totals(const struct toc *toc, struct layer_totals *ret_totals)
{
	*ret_totals = (struct layer_totals) {
		.table = toc->table,
		.table_size = toc->fetched,
		.entries = toc->entries,
	};
}
