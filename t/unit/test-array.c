#include "config.h"

#include "unit.h"

#include "base/array.h"

static void grows_by_one(unused_arg void **state)
{
	auto_free uint16_t *items = NULL;
	size_t capacity = 0;
	struct error err = ERROR_INIT;

	for (size_t count = 0; count < 1000; count++) {
		size_t before = capacity;

		assert_success(array_room(&items, count, &capacity, &err), err);
		assert_true(capacity > count);
		assert_true(capacity == before || before == count);
		items[count] = (uint16_t)count;
	}
	assert_true(capacity < 2000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
}

static void what_cannot_grow_stays(unused_arg void **state)
{
	static const size_t capacities[] = { SIZE_MAX / sizeof(int), SIZE_MAX - 1, SIZE_MAX };

	for (size_t i = 0; i < array_size(capacities); i++) {
		int item = 7;
		int *items = &item;
		size_t capacity = capacities[i];
		struct error err = ERROR_INIT;

		assert_failure(array_room(&items, capacity, &capacity, &err), err, ERROR_MEMORY, "");
		assert_ptr_equal(items, &item);
		assert_int_equal(capacity, capacities[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_by_one),
		cmocka_unit_test(what_cannot_grow_stays),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
