/*
 * Archives of our own making for the unit tests, byte by byte, so that the reader under test does
 * not check itself. Everything lives in one scratch directory, which is the current one.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/digest.h"

#define FIXTURE_MAX ((size_t)16 << 20)

/* One member; type '0' file, '1' hard link, '2' symbolic link, '5' directory, '6' FIFO. */
static inline void fixture_member(struct buf *tar, char type, const char *name, const char *target,
				  const void *data, size_t size)
{
	static const char zeros[512];
	char header[512] = "";
	unsigned sum = 0;

	assert_true(strlen(name) <= 100 && strlen(target) <= 100);
	memcpy(header, name, strlen(name));
	(void)snprintf(header + 100, 24, "%07o%c%07o%c%07o", 0644U, 0, 0U, 0, 0U);
	(void)snprintf(header + 124, 12, "%011lo", (unsigned long)(size & 077777777777));
	(void)snprintf(header + 136, 12, "%011o", 0U);
	memset(header + 148, ' ', 8);
	header[156] = type;
	memcpy(header + 157, target, strlen(target));
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof header; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
	buf_add(tar, header, sizeof header);
	buf_add(tar, data, size);
	buf_add(tar, zeros, (512 - size % 512) % 512);
}

/* Another mode for the member that was added last, whose data have this size. */
static inline void fixture_mode(struct buf *tar, size_t size, unsigned mode)
{
	char *header = tar->data + tar->size - 512 - (size + 511) / 512 * 512;
	unsigned sum = 0;

	(void)snprintf(header + 100, 8, "%07o", mode);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
}

static inline void fixture_file(struct buf *tar, const char *name, const char *text)
{
	fixture_member(tar, '0', name, "", text, strlen(text));
}

static inline void fixture_end(struct buf *tar)
{
	static const char zeros[1024];

	buf_add(tar, zeros, sizeof zeros);
}

/* blobs/sha256/HEX; its digest goes to `digest`. */
static inline void fixture_blob(struct buf *tar, const char *text, char digest[DIGEST_TEXT_MAX])
{
	struct error err = ERROR_INIT;
	char name[sizeof "blobs/sha256/" + DIGEST_TEXT_MAX];
	struct digest of;

	assert_success(digest_of(DIGEST_SHA256, text, strlen(text), &of, &err), err);
	(void)snprintf(name, sizeof name, "blobs/sha256/%s", digest_hex(&of, digest));
	fixture_file(tar, name, text);
	(void)digest_text(&of, digest);
}

static inline void fixture_write(const char *path, const void *data, size_t size)
{
	auto_file FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fflush(file), 0);
}

/* A docker-archive of these layers, in the file `name`. */
static inline void fixture_image(const char *name, const struct buf *layers, size_t count)
{
	auto_buf struct buf archive;
	auto_buf struct buf configuration;
	auto_buf struct buf manifest;
	struct error err = ERROR_INIT;

	buf_init(&archive, FIXTURE_MAX);
	buf_init(&configuration, FIXTURE_MAX);
	buf_init(&manifest, FIXTURE_MAX);
	buf_add_string(&configuration, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{},"
				       "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	buf_add_string(&manifest, "[{\"Config\":\"c.json\",\"Layers\":[");
	for (size_t i = 0; i < count; i++) {
		struct digest digest;
		char text[DIGEST_TEXT_MAX];

		assert_success(
			digest_of(DIGEST_SHA256, layers[i].data, layers[i].size, &digest, &err),
			err);
		buf_printf(&configuration, "%s\"%s\"", i > 0 ? "," : "",
			   digest_text(&digest, text));
		buf_printf(&manifest, "%s\"%zu.tar\"", i > 0 ? "," : "", i);
		(void)snprintf(text, sizeof text, "%zu.tar", i);
		fixture_member(&archive, '0', text, "", layers[i].data, layers[i].size);
	}
	buf_add_string(&configuration, "]}}");
	buf_add_string(&manifest, "]}]");
	fixture_file(&archive, "c.json", configuration.data);
	fixture_file(&archive, "manifest.json", manifest.data);
	fixture_end(&archive);
	fixture_write(name, archive.data, archive.size);
}

static char fixture_directory[] = "/tmp/seatrial-unit.XXXXXX";

static inline int fixture_begin(unused_arg void **state)
{
	return mkdtemp(fixture_directory) == NULL ? -1 : chdir(fixture_directory);
}

static inline int fixture_remove(const char *path, unused_arg const struct stat *st,
				 unused_arg int flag, unused_arg struct FTW *ftw)
{
	return remove(path);
}

static inline int fixture_finish(unused_arg void **state)
{
	return chdir("/") < 0 ? -1
			      : nftw(fixture_directory, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
