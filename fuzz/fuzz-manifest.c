/*
 * From an index to a configuration. The input is a list of documents, parted by lines of "%": the
 * first is the index.json, or the manifest.json where it begins with '['; the others are blobs. In
 * each, #D1 stands for the digest of document 1, #H1 for its hex and #S1 for its size, so that what
 * is mutated still holds together. A document may refer to those behind it.
 */
#include "config.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/digest.h"
#include "image/image.h"

#define DOCUMENTS_MAX 10
#define DOCUMENT_MAX  ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct document {
	struct buf text;
	char digest[DIGEST_TEXT_MAX];
};

static const char *document_hex(const struct document *document)
{
	const char *colon = strchr(document->digest, ':');

	return colon != NULL ? colon + 1 : "";
}

/* The text with what stands for digests and sizes put in. */
static void document_fill(struct document *documents, size_t number, const char *text, size_t size)
{
	struct document *document = &documents[number];
	struct digest digest;

	for (size_t i = 0; i < size; i++) {
		size_t other = 0;

		if (text[i] == '#' && i + 2 < size && isdigit((unsigned char)text[i + 2]))
			other = (size_t)(text[i + 2] - '0');
		if (other <= number || strchr("DHS", text[i + 1]) == NULL) {
			buf_add_char(&document->text, text[i]);
			continue;
		}
		if (text[i + 1] == 'D')
			buf_add_string(&document->text, documents[other].digest);
		else if (text[i + 1] == 'H')
			buf_add_string(&document->text, document_hex(&documents[other]));
		else
			buf_printf(&document->text, "%zu", documents[other].text.size);
		i += 2;
	}
	if (digest_of(DIGEST_SHA256, document->text.data, document->text.size, &digest, NULL) == 0)
		(void)digest_text(&digest, document->digest);
}

static void archive_add(struct archive *archive, const char *name, const struct buf *text)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)text->size);
	if (archive_write_header(archive, entry) == ARCHIVE_OK)
		(void)!archive_write_data(archive, text->data, text->size);
	archive_entry_free(entry);
}

static int archive_of(const struct document *documents, size_t count)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct archive *archive = archive_write_new();

	archive_write_set_format_ustar(archive);
	archive_write_set_bytes_per_block(archive, 512);
	archive_write_open_fd(archive, fd);
	for (size_t i = 0; i < count; i++) {
		char name[sizeof "blobs/sha256/" + DIGEST_TEXT_MAX];

		(void)snprintf(name, sizeof name, "blobs/sha256/%s", document_hex(&documents[i]));
		if (i == 0)
			(void)snprintf(name, sizeof name, "%s",
				       documents[0].text.data[0] == '[' ? "manifest.json"
									: "index.json");
		archive_add(archive, name, &documents[i].text);
	}
	(void)archive_write_free(archive);
	return fd;
}

static void open_it(int fd)
{
	static const char *const platforms[] = { NULL, "linux/arm/v7" };

	for (size_t i = 0; i < array_size(platforms); i++) {
		struct image_options options = { .platform = platforms[i] };
		auto_image struct image *image = NULL;
		struct error err = ERROR_INIT;
		char path[64];

		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (image_open(path, &options, &image, &err) < 0)
			continue;
		for (size_t k = 0; k < image_layer_count(image); k++)
			if (image_layer(image, k)->name == NULL ||
			    image_layer(image, k)->instruction == NULL)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document documents[DOCUMENTS_MAX];
	const char *starts[DOCUMENTS_MAX];
	size_t sizes[DOCUMENTS_MAX];
	const char *text = (const char *)data;
	size_t count = 0;
	auto_fd int fd = -1;

	for (size_t begin = 0; begin <= size && count < DOCUMENTS_MAX; count++) {
		const char *end = memmem(text + begin, size - begin, "\n%\n", 3);

		starts[count] = text + begin;
		sizes[count] = end != NULL ? (size_t)(end - text) - begin : size - begin;
		begin += sizes[count] + 3;
	}
	for (size_t i = 0; i < DOCUMENTS_MAX; i++) {
		buf_init(&documents[i].text, DOCUMENT_MAX);
		documents[i].digest[0] = '\0';
	}
	for (size_t i = count; i-- > 0;)
		document_fill(documents, i, starts[i], sizes[i]);
	fd = archive_of(documents, count);
	open_it(fd);
	for (size_t i = 0; i < DOCUMENTS_MAX; i++)
		buf_release(&documents[i].text);
	return 0;
}
