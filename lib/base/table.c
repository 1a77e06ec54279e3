#include "config.h"

#include "base/table.h"

#include <string.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/text.h"

struct table {
	char *alignment;
	size_t columns;
	char **cells;
	size_t count;
	size_t capacity;
	bool failed;
};

int table_new(const char *alignment, struct table **ret_table, struct error *err)
{
	struct table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return error_memory(err);
	table->columns = strlen(alignment);
	table->alignment = strdup(alignment);
	if (table->alignment == NULL) {
		table_free(table);
		return error_memory(err);
	}
	*ret_table = table;
	return 0;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->alignment);
	free(table);
}

void table_cell(struct table *table, const char *text)
{
	auto_buf struct buf clean;

	buf_init(&clean, BUF_MAX_DEFAULT);
	if (table->count == table->capacity) {
		size_t capacity = table->capacity > 0 ? 2 * table->capacity : 64;
		char **cells = reallocarray(table->cells, capacity, sizeof *cells);

		if (cells == NULL) {
			table->failed = true;
			return;
		}
		table->cells = cells;
		table->capacity = capacity;
	}
	text_escape(&clean, text, strlen(text));
	table->cells[table->count] = buf_detach(&clean);
	if (table->cells[table->count] == NULL)
		table->failed = true;
	else
		table->count++;
}

void table_cellf(struct table *table, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		table->failed = true;
		return;
	}
	table_cell(table, text);
}

/* Columns on a terminal; bytes where the locale knows no better. */
static size_t cell_width(const char *cell)
{
	size_t width = 0;
	mbstate_t state = { 0 };

	while (*cell != '\0') {
		wchar_t c;
		size_t length = mbrtowc(&c, cell, MB_CUR_MAX, &state);
		int columns;

		if (length == (size_t)-1 || length == (size_t)-2)
			return width + strlen(cell);
		columns = wcwidth(c);
		width += columns > 0 ? (size_t)columns : 0;
		cell += length;
	}
	return width;
}

/* Behind the last cell of a row nothing is printed, and empty cells there are none. */
static void print_row(const struct table *table, size_t row, const size_t *widths, int indent,
		      FILE *out)
{
	char *const *cells = table->cells + row * table->columns;
	size_t count = table->columns;

	while (count > 0 && cells[count - 1][0] == '\0')
		count--;
	for (size_t i = 0; i < count; i++) {
		int padding = (int)(widths[i] - cell_width(cells[i]));
		bool right = table->alignment[i] == 'r';

		(void)fprintf(out, "%*s%*s%s%*s", i == 0 ? indent : 2, "", right ? padding : 0, "",
			      cells[i], right || i + 1 == count ? 0 : padding, "");
	}
	(void)fputc('\n', out);
}

int table_print(const struct table *table, int indent, FILE *out, struct error *err)
{
	auto_free size_t *widths = calloc(table->columns + 1, sizeof *widths);

	if (widths == NULL || table->failed)
		return error_memory(err);
	for (size_t i = 0; i < table->count; i++) {
		size_t width = cell_width(table->cells[i]);

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (size_t i = 0; i < table->count / table->columns; i++)
		print_row(table, i, widths, indent, out);
	return 0;
}
