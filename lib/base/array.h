/*
 * Floor 0. Arrays that grow by one.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/* Makes room for one more item behind `count`: for half as many again where there is none left.
 * `items` is the address of the pointer to them, which is NULL at first. On failure all is as it
 * was. */
#define array_room(items, count, capacity, err) \
	array_grow((items), (count), (capacity), sizeof **(items), (err))

/* `place` is the address of a pointer to objects of `size` bytes; for array_room. */
int array_grow(void *place, size_t count, size_t *capacity, size_t size,
	       struct error *err) must_check;

#endif
