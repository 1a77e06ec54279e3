/*
 * Floor 0. Columns for people: cells are gathered, then printed with each column
 * as wide as its widest cell. Cells are escaped like every name (text.h).
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdio.h>

#include "attributes.h"
#include "base/error.h"

struct table;

/* `alignment` has a letter per column: 'l' or 'r'. The last 'l' column is not padded. */
int table_new(const char *alignment, struct table **ret_table, struct error *err) must_check;
void table_free(struct table *table);
static inline void table_free_pointer(struct table **place)
{
	table_free(*place);
}
#define auto_table cleanup_by(table_free_pointer)

/* The next cell, left to right, top to bottom. Failure is sticky and told by table_print. */
void table_cell(struct table *table, const char *text);
void table_cellf(struct table *table, const char *format, ...) printf_like(2, 3);
/* Two spaces between columns; each line starts with `indent` spaces. */
int table_print(const struct table *table, int indent, FILE *out, struct error *err) must_check;

#endif
