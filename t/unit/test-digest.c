#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/digest.h"

#define SHA256_EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC   "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA512_ABC                                                                \
	"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void parses_and_prints(unused_arg void **state)
{
	static const char *const cases[] = { SHA256_EMPTY, SHA256_ABC, SHA512_ABC };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[DIGEST_TEXT_MAX];
		struct digest digest;

		assert_success(digest_parse(cases[i], &digest, &err), err);
		assert_string_equal(digest_text(&digest, text), cases[i]);
		assert_string_equal(digest_hex(&digest, text), strchr(cases[i], ':') + 1);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "no algorithm" },
		{ "sha256", "no algorithm" },
		{ ":", "neither sha256 nor sha512" },
		{ "md5:d41d8cd98f00b204e9800998ecf8427e", "neither sha256 nor sha512" },
		{ "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		  "neither" },
		{ "sha256:v2", "2 hex digits, not 64" },
		{ "sha256:e3b0c442", "8 hex digits, not 64" },
		{ SHA256_EMPTY "0", "65 hex digits, not 64" },
		{ "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		  "lower-case" },
		{ "sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		  "lower-case" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct digest digest;

		assert_failure(digest_parse(cases[i].text, &digest, &err), err, ERROR_INPUT,
			       cases[i].why);
	}
}

static void equality_knows_none(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	struct digest none = { .algorithm = DIGEST_NONE };
	struct digest a;
	struct digest b;
	char text[DIGEST_TEXT_MAX];

	assert_success(digest_parse(SHA256_EMPTY, &a, &err), err);
	assert_success(digest_parse(SHA256_ABC, &b, &err), err);
	assert_true(digest_equal(&a, &a));
	assert_false(digest_equal(&a, &b));
	assert_false(digest_equal(&none, &none));
	assert_false(digest_is_set(&none));
	assert_string_equal(digest_text(&none, text), "");
}

static void hashes_in_pieces(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 100000 };
	struct error err = ERROR_INIT;
	static char data[100000];
	struct digest whole;

	memset(data, 'x', sizeof data);
	assert_success(digest_of(DIGEST_SHA256, data, sizeof data, &whole, &err), err);
	for (size_t i = 0; i < array_size(pieces); i++) {
		auto_hasher struct hasher *hasher = NULL;
		struct digest digest;

		assert_success(hasher_new(DIGEST_SHA256, &hasher, &err), err);
		for (size_t done = 0; done < sizeof data; done += pieces[i]) {
			size_t rest = sizeof data - done;

			hasher_add(hasher, data + done, rest < pieces[i] ? rest : pieces[i]);
		}
		assert_success(hasher_finish(hasher, &digest, &err), err);
		assert_true(digest_equal(&digest, &whole));
	}
}

static void knows_the_standards_examples(unused_arg void **state)
{
	static const struct {
		enum digest_algorithm algorithm;
		const char *data;
		const char *text;
	} cases[] = {
		{ DIGEST_SHA256, "", SHA256_EMPTY },
		{ DIGEST_SHA256, "abc", SHA256_ABC },
		{ DIGEST_SHA512, "abc", SHA512_ABC },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[DIGEST_TEXT_MAX];
		struct digest digest;

		assert_success(digest_of(cases[i].algorithm, cases[i].data, strlen(cases[i].data),
					 &digest, &err),
			       err);
		assert_string_equal(digest_text(&digest, text), cases[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_prints),
		cmocka_unit_test(refuses),
		cmocka_unit_test(equality_knows_none),
		cmocka_unit_test(hashes_in_pieces),
		cmocka_unit_test(knows_the_standards_examples),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
