#include "config.h"

#include "base/error.h"

#include <string.h>

/* Ends a text that did not fit in three dots, so that the cut shows. */
static void error_mark_cut(struct error *err)
{
	memcpy(err->text + sizeof err->text - 4, "...", 4);
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list arguments;
	int length;

	if (err == NULL)
		return -1;
	err->kind = kind;
	va_start(arguments, format);
	length = vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	if (length < 0)
		err->text[0] = '\0';
	else if ((size_t)length >= sizeof err->text)
		error_mark_cut(err);
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char old[ERROR_TEXT_MAX];
	va_list arguments;
	int length;
	size_t used;

	if (err == NULL)
		return -1;
	memcpy(old, err->text, sizeof old);
	va_start(arguments, format);
	length = vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	used = (size_t)length;
	if (used >= sizeof err->text) {
		error_mark_cut(err);
		return -1;
	}
	length = snprintf(err->text + used, sizeof err->text - used, ": %s", old);
	if (length >= 0 && (size_t)length >= sizeof err->text - used)
		error_mark_cut(err);
	return -1;
}

int error_copy(struct error *err, const struct error *from)
{
	if (err != NULL)
		*err = *from;
	return -1;
}

int error_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}
