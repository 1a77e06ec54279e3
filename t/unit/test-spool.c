#include "config.h"

#include "unit.h"

#include <string.h>

#include "check/spool.h"

enum { RECORDS = 30000 };

/* Records of every length are read back as they were written, whatever fits in memory. */
static void returns_what_it_got(unused_arg void **state)
{
	static const size_t memories[] = { 1, 7, 4096, (size_t)1 << 24 };
	struct error err = ERROR_INIT;

	for (size_t m = 0; m < array_size(memories); m++) {
		auto_spool struct spool spool;
		auto_spool_reader struct spool_reader reader;
		char record[64];
		uint64_t total = 0;

		spool_init(&spool, memories[m]);
		for (size_t i = 0; i < RECORDS; i++) {
			memset(record, (int)(i & 0xff), sizeof record);
			assert_success(spool_add(&spool, record, i % sizeof record, &err), err);
			total += i % sizeof record;
		}
		assert_int_equal(spool_size(&spool), total);
		assert_int_equal(spool.fd >= 0, memories[m] < total);
		spool_reader_init(&reader, &spool);
		for (size_t i = 0; i < RECORDS; i++) {
			size_t size = i % sizeof record;

			if (size == 0)
				continue;
			assert_int_equal(spool_read(&reader, record, size, &err), 1);
			for (size_t k = 0; k < size; k++)
				assert_int_equal((unsigned char)record[k], i & 0xff);
		}
		assert_int_equal(spool_read(&reader, record, 1, &err), 0);
	}
}

static void appends(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_spool struct spool all;
	auto_spool_reader struct spool_reader reader;
	char word[6];

	spool_init(&all, 10);
	for (size_t memory = 1; memory <= 8; memory++) {
		auto_spool struct spool one;

		spool_init(&one, memory);
		assert_success(spool_add(&one, "abc", 3, &err), err);
		assert_success(spool_add(&one, "def", 3, &err), err);
		assert_success(spool_append(&all, &one, &err), err);
	}
	spool_reader_init(&reader, &all);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(spool_read(&reader, word, 6, &err), 1);
		assert_memory_equal(word, "abcdef", 6);
	}
	assert_int_equal(spool_read(&reader, word, 6, &err), 0);
}

/* A record that ends in the middle is an error, not an end. */
static void tells_a_short_record(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_spool struct spool spool;
	auto_spool_reader struct spool_reader reader;
	char word[4];

	spool_init(&spool, 100);
	assert_success(spool_add(&spool, "abc", 3, &err), err);
	spool_reader_init(&reader, &spool);
	assert_failure(spool_read(&reader, word, 4, &err), err, ERROR_SYSTEM, "shorter");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_what_it_got),
		cmocka_unit_test(appends),
		cmocka_unit_test(tells_a_short_record),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
