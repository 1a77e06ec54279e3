/*
 * Floor 3. What a program wrote to a writable root in the sandbox: what the overlay's upper
 * directory holds, joined with who was seen writing.
 */
#ifndef RUN_UPPER_H
#define RUN_UPPER_H

#include "attributes.h"
#include "base/error.h"
#include "image/image.h"
#include "run/container.h"
#include "run/plan.h"

/* Takes the descriptor of the upper directory over. What was made and is gone again is listed, too:
 * it was seen being written. Mount points, and what belongs to them, are left out. */
int upper_collect(struct write_list *list, int upper, const struct plan *plan,
		  const struct image *image, const struct container_record *record,
		  struct error *err) must_check;

#endif
