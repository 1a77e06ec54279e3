#include "config.h"

#include "unit.h"

#include <locale.h>
#include <string.h>

#include "base/table.h"

static void aligns(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_table struct table *table = NULL;
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_success(table_new("rll", &table, &err), err);
	table_cell(table, "1");
	table_cell(table, "\xc3\xa4\xc3\xb6");
	table_cell(table, "end");
	table_cellf(table, "%d", 1000);
	table_cell(table, "four");
	table_cell(table, "a\nb");
	table_cell(table, "2");
	table_cell(table, "x");
	table_cell(table, "");
	assert_success(table_print(table, 2, file, &err), err);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, "     1  \xc3\xa4\xc3\xb6    end\n"
				  "  1000  four  a\\x0ab\n"
				  "     2  x\n");
}

static void empty_is_fine(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_table struct table *table = NULL;

	assert_success(table_new("lr", &table, &err), err);
	assert_success(table_print(table, 0, stderr, &err), err);
	table_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns),
		cmocka_unit_test(empty_is_fine),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
