#include "config.h"

#include "base/digest.h"

#include <openssl/evp.h>
#include <string.h>

struct hasher {
	EVP_MD_CTX *context;
	enum digest_algorithm algorithm;
	bool failed;
};

static const struct {
	const char *name;
	size_t size;
} digest_table[] = {
	[DIGEST_NONE] = { "", 0 },
	[DIGEST_SHA256] = { "sha256", 32 },
	[DIGEST_SHA512] = { "sha512", 64 },
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int digest_parse(const char *text, struct digest *ret_digest, struct error *err)
{
	struct digest digest = { .algorithm = DIGEST_NONE };
	const char *colon = strchr(text, ':');
	size_t size;

	if (colon == NULL)
		return error_set(err, ERROR_INPUT, "'%s' is no digest: no algorithm before a ':'",
				 text);
	for (size_t i = DIGEST_SHA256; i < array_size(digest_table); i++)
		if (strlen(digest_table[i].name) == (size_t)(colon - text) &&
		    memcmp(text, digest_table[i].name, (size_t)(colon - text)) == 0)
			digest.algorithm = (enum digest_algorithm)i;
	if (digest.algorithm == DIGEST_NONE)
		return error_set(err, ERROR_INPUT,
				 "'%s' is no digest: the algorithm is neither sha256 nor sha512",
				 text);
	size = digest_table[digest.algorithm].size;
	if (strlen(colon + 1) != 2 * size)
		return error_set(err, ERROR_INPUT, "'%s' is no digest: %zu hex digits, not %zu",
				 text, strlen(colon + 1), 2 * size);
	for (size_t i = 0; i < size; i++) {
		int high = hex_value(colon[1 + 2 * i]);
		int low = hex_value(colon[2 + 2 * i]);

		if (high < 0 || low < 0)
			return error_set(err, ERROR_INPUT,
					 "'%s' is no digest: it has a character that is no "
					 "lower-case hex digit",
					 text);
		digest.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*ret_digest = digest;
	return 0;
}

bool digest_is_set(const struct digest *digest)
{
	return digest->algorithm != DIGEST_NONE;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return digest_is_set(a) && a->algorithm == b->algorithm &&
	       memcmp(a->bytes, b->bytes, digest_table[a->algorithm].size) == 0;
}

/* Writes the digits and a NUL. */
static void hex_write(const struct digest *digest, char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t size = digest_table[digest->algorithm].size;

	for (size_t i = 0; i < size; i++) {
		*text++ = digits[digest->bytes[i] >> 4];
		*text++ = digits[digest->bytes[i] & 15];
	}
	*text = '\0';
}

const char *digest_hex(const struct digest *digest, char text[DIGEST_TEXT_MAX])
{
	hex_write(digest, text);
	return text;
}

const char *digest_text(const struct digest *digest, char text[DIGEST_TEXT_MAX])
{
	const char *name = digest_table[digest->algorithm].name;
	size_t length = strlen(name);

	text[0] = '\0';
	if (!digest_is_set(digest))
		return text;
	memcpy(text, name, length);
	text[length] = ':';
	hex_write(digest, text + length + 1);
	return text;
}

int hasher_new(enum digest_algorithm algorithm, struct hasher **ret_hasher, struct error *err)
{
	const EVP_MD *method = algorithm == DIGEST_SHA512 ? EVP_sha512() : EVP_sha256();
	struct hasher *hasher = calloc(1, sizeof *hasher);

	if (hasher == NULL)
		return error_memory(err);
	hasher->algorithm = algorithm == DIGEST_SHA512 ? DIGEST_SHA512 : DIGEST_SHA256;
	hasher->context = EVP_MD_CTX_new();
	if (hasher->context == NULL || EVP_DigestInit_ex(hasher->context, method, NULL) != 1) {
		hasher_free(hasher);
		return error_set(err, ERROR_SYSTEM, "cannot start hashing with %s",
				 digest_table[algorithm].name);
	}
	*ret_hasher = hasher;
	return 0;
}

void hasher_add(struct hasher *hasher, const void *data, size_t size)
{
	if (EVP_DigestUpdate(hasher->context, data, size) != 1)
		hasher->failed = true;
}

int hasher_finish(struct hasher *hasher, struct digest *ret_digest, struct error *err)
{
	struct digest digest = { .algorithm = hasher->algorithm };
	unsigned int size = sizeof digest.bytes;

	if (hasher->failed || EVP_DigestFinal_ex(hasher->context, digest.bytes, &size) != 1)
		return error_set(err, ERROR_SYSTEM, "hashing failed");
	*ret_digest = digest;
	return 0;
}

void hasher_free(struct hasher *hasher)
{
	if (hasher == NULL)
		return;
	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

int digest_of(enum digest_algorithm algorithm, const void *data, size_t size,
	      struct digest *ret_digest, struct error *err)
{
	auto_hasher struct hasher *hasher = NULL;

	if (hasher_new(algorithm, &hasher, err) < 0)
		return -1;
	hasher_add(hasher, data, size);
	return hasher_finish(hasher, ret_digest, err);
}
