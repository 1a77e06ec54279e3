#include "config.h"

#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)16)

int array_grow(void *place, size_t count, size_t *capacity, size_t size, struct error *err)
{
	size_t wanted = *capacity < FIRST_CAPACITY ? FIRST_CAPACITY : *capacity + *capacity / 2;
	void *items;

	if (count < *capacity)
		return 0;
	/* a pointer of any type is copied, for it cannot be used as one of another */
	memcpy(&items, place, sizeof items);
	items = wanted > *capacity && wanted <= SIZE_MAX / size ? realloc(items, wanted * size)
								: NULL;
	if (items == NULL)
		return error_memory(err);
	memcpy(place, &items, sizeof items);
	*capacity = wanted;
	return 0;
}
