/* References and names of images: whatever is taken is printed, and taken again as the same. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A normalised reference that was taken is a fixed point. */
static void reference_again(const char *text, enum reference_form form)
{
	auto_reference struct reference first = { 0 };
	auto_reference struct reference second = { 0 };
	auto_free char *once = NULL;
	auto_free char *twice = NULL;
	struct error err = ERROR_INIT;

	if (reference_parse(text, form, &first, &err) < 0)
		return;
	once = reference_text(&first);
	if (once == NULL)
		return;
	if (reference_parse(once, form, &second, &err) < 0)
		abort();
	twice = reference_text(&second);
	if (twice != NULL && strcmp(once, twice) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_image_name struct image_name name = { 0 };
	auto_free char *text = malloc(size + 1);
	struct error err = ERROR_INIT;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	reference_again(text, REFERENCE_AS_WRITTEN);
	reference_again(text, REFERENCE_NORMALISED);
	(void)!image_name_parse(text, &name, &err);
	return 0;
}
