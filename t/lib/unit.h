/* What every cmocka program of the unit tests includes: one group each, TAP on stdout. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attributes.h"
#include "base/error.h"

/* The call succeeded; where not, its text is printed. */
#define assert_success(call, err)                              \
	do {                                                   \
		if ((call) < 0)                                \
			fail_msg("%s: %s", #call, (err).text); \
	} while (0)

/* The call failed with this kind, and its text holds `part`. */
#define assert_failure(call, err, wanted, part)                                       \
	do {                                                                          \
		(err) = (struct error)ERROR_INIT;                                     \
		assert_int_equal((call), -1);                                         \
		assert_int_equal((err).kind, wanted);                                 \
		if (strstr((err).text, (part)) == NULL)                               \
			fail_msg("error '%s' does not say '%s'", (err).text, (part)); \
	} while (0)

#endif
