/*
 * Floor 0. Content digests: "ALGORITHM:HEX", OCI image specification,
 * descriptor.md, "Digests". sha256 and sha512 are the registered algorithms; the
 * hex is lower case and of full length, everything else is refused. The hashing
 * is OpenSSL's.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

enum digest_algorithm { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512 };

#define DIGEST_BYTES_MAX 64
#define DIGEST_TEXT_MAX	 (sizeof "sha512:" + 2 * DIGEST_BYTES_MAX)

/* A zeroed digest is "none"; two of them are not equal to anything. */
struct digest {
	enum digest_algorithm algorithm;
	unsigned char bytes[DIGEST_BYTES_MAX];
};

/* The whole text must be one digest. ERROR_INPUT says what is wrong with it. */
int digest_parse(const char *text, struct digest *ret_digest, struct error *err) must_check;
bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_is_set(const struct digest *digest);

/* Writes "sha256:…" ("" for none) and returns `text`. */
const char *digest_text(const struct digest *digest, char text[DIGEST_TEXT_MAX]);
/* The part behind the colon. */
const char *digest_hex(const struct digest *digest, char text[DIGEST_TEXT_MAX]);

/* Hashes a stream piece by piece. */
struct hasher;
int hasher_new(enum digest_algorithm algorithm, struct hasher **ret_hasher,
	       struct error *err) must_check;
void hasher_add(struct hasher *hasher, const void *data, size_t size);
/* Ends the stream; the hasher can then only be freed. */
int hasher_finish(struct hasher *hasher, struct digest *ret_digest, struct error *err) must_check;
void hasher_free(struct hasher *hasher);
static inline void hasher_free_pointer(struct hasher **place)
{
	hasher_free(*place);
}
#define auto_hasher cleanup_by(hasher_free_pointer)

/* One block of bytes. */
int digest_of(enum digest_algorithm algorithm, const void *data, size_t size,
	      struct digest *ret_digest, struct error *err) must_check;

#endif
