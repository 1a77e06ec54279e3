/*
 * Floor 4. Known findings, so that pins can be demanded before all of them are there.
 *
 * A line of the file is "WHAT REASON": the reference, as it is written or resolved, or FILE:LINE as
 * findings have it; then, behind blanks, why that is accepted. Empty lines and those with a '#'
 * first say nothing.
 */
#ifndef CHECK_PINACCEPT_H
#define CHECK_PINACCEPT_H

#include "check/pins.h"

#define PINACCEPT_SIZE_MAX ((size_t)1 << 20)

struct pin_acceptance {
	size_t line;
	char *what;
	char *reason;
	bool used; /* something fails that it accepts: set by pins_accept_check */
};

struct pins_accept {
	struct pin_acceptance *items;
	size_t count;
	size_t capacity; /* internal */
};

/* ERROR_INPUT "NAME:LINE: what" for an entry without a reason, and for the same one twice. */
int pins_accept_parse(const char *data, size_t size, const char *name,
		      struct pins_accept *ret_accept, struct error *err) must_check;
void pins_accept_release(struct pins_accept *accept);
#define auto_pins_accept cleanup_by(pins_accept_release)

/* Before pins_judge: sets `accepted` in the references. They still do not hold, but do not count.
 */
int pins_accept_mark(const struct pins_accept *accept, struct pins_file *files, size_t count,
		     struct error *err) must_check;
/* Behind all judgement: which entries are needed? */
void pins_accept_check(struct pins_accept *accept, const struct pins_file *files, size_t count);

#endif
