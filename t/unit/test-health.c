#include "config.h"

#include "unit.h"

#include <string.h>

#include "run/health.h"

#define SECOND UINT64_C(1000000000)

static char cmd_word[] = "CMD";
static char true_word[] = "true";
static char *const words[] = { cmd_word, true_word };
static const struct healthcheck usual = {
	.set = true,
	.test = { .items = (char **)(uintptr_t)words, .count = 2 },
	.interval = 30 * SECOND,
	.timeout = 10 * SECOND,
	.retries = 3,
};

static void check(struct health *health, uint64_t at, int status)
{
	health_begin(health, at, false);
	health_end(health, at + 1, status, false, NULL);
}

static void waits_for_its_interval(unused_arg void **state)
{
	struct health_record record = { 0 };
	struct health health;

	health_init(&health, &record, &usual, 0);
	assert_string_equal(record.status, "starting");
	assert_int_equal(health_due(&health), 30 * SECOND);
	health_begin(&health, 30 * SECOND, false);
	assert_int_equal(health_due(&health), 40 * SECOND);
	health_end(&health, 31 * SECOND, 0, false, strdup("fine"));
	assert_string_equal(record.status, "healthy");
	assert_int_equal(health_due(&health), 61 * SECOND);
	assert_int_equal(record.check_count, 1);
	assert_int_equal(record.checks[0].time, 30 * SECOND);
	assert_int_equal(record.checks[0].took, SECOND);
	assert_string_equal(record.checks[0].output, "fine");
	assert_int_equal(record.change_count, 2);
	assert_int_equal(record.changes[1].time, 31 * SECOND);
	health_record_release(&record);
}

static void counts_failures_in_a_row(unused_arg void **state)
{
	struct health_record record = { 0 };
	struct health health;

	health_init(&health, &record, &usual, 0);
	check(&health, 30 * SECOND, 1);
	check(&health, 60 * SECOND, 1);
	assert_string_equal(record.status, "starting");
	check(&health, 90 * SECOND, 0);
	check(&health, 120 * SECOND, 1);
	check(&health, 150 * SECOND, 1);
	assert_string_equal(record.status, "healthy");
	check(&health, 180 * SECOND, 1);
	assert_string_equal(record.status, "unhealthy");
	check(&health, 210 * SECOND, 0);
	assert_string_equal(record.status, "healthy");
	assert_int_equal(record.change_count, 4);
	health_record_release(&record);
}

static void forgives_the_start(unused_arg void **state)
{
	struct healthcheck slow = usual;
	struct health_record record = { 0 };
	struct health health;

	slow.start_period = 60 * SECOND;
	slow.retries = 1;
	health_init(&health, &record, &slow, 0);
	/* asked more often while it starts */
	assert_int_equal(health_due(&health), 5 * SECOND);
	check(&health, 5 * SECOND, 1);
	check(&health, 10 * SECOND, 1);
	assert_string_equal(record.status, "starting");
	assert_int_equal(health_due(&health), 15 * SECOND + 1);
	check(&health, 61 * SECOND, 1);
	assert_string_equal(record.status, "unhealthy");
	assert_int_equal(health_due(&health), 91 * SECOND + 1);
	health_record_release(&record);
}

static void tells_a_timeout(unused_arg void **state)
{
	struct health_record record = { 0 };
	struct healthcheck strict = usual;
	struct health health;

	strict.retries = 1;
	health_init(&health, &record, &strict, 2 * SECOND);
	assert_int_equal(health_due(&health), 2 * SECOND);
	health_begin(&health, 2 * SECOND, true);
	health_end(&health, 12 * SECOND, 0, true, NULL);
	assert_string_equal(record.status, "unhealthy");
	assert_true(record.checks[0].timed_out);
	assert_true(record.checks[0].at_end);
	health_record_release(&record);
}

static void has_nothing_to_do(unused_arg void **state)
{
	struct health_record record = { 0 };
	struct healthcheck none = { .set = true,
				    .test = { .items = (char **)(uintptr_t)words, .count = 1 } };
	struct health health;

	health_init(&health, &record, &none, 0);
	assert_true(health_due(&health) == UINT64_MAX);
	none.set = false;
	health_init(&health, &record, &none, 0);
	assert_true(health_due(&health) == UINT64_MAX);
	assert_null(record.status);
	health_record_release(&record);
}

static void keeps_no_more_than_it_should(unused_arg void **state)
{
	struct health_record record = { 0 };
	struct health health;

	health_init(&health, &record, &usual, SECOND);
	for (uint64_t i = 1; i <= 2 * HEALTH_RECORDS_MAX; i++)
		check(&health, i * SECOND, 0);
	assert_int_equal(record.check_count, HEALTH_RECORDS_MAX);
	assert_int_equal(record.total, 2 * HEALTH_RECORDS_MAX);
	health_record_release(&record);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_its_interval),
		cmocka_unit_test(counts_failures_in_a_row),
		cmocka_unit_test(forgives_the_start),
		cmocka_unit_test(tells_a_timeout),
		cmocka_unit_test(has_nothing_to_do),
		cmocka_unit_test(keeps_no_more_than_it_should),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
