/*
 * Floor 4. What a line of a log tells of a root that cannot be written: in the wording of C
 * libraries, languages and programs, also where they do not say "read-only".
 *
 * All wordings are looked for in one pass over the line, and what several of them say together is
 * decided by how near to each other they stand; so the time is in proportion to the line, whatever
 * is in it.
 */
#ifndef CHECK_LOGSIGN_H
#define CHECK_LOGSIGN_H

#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/* In the order of what is most to the point. */
enum log_sign {
	LOG_SIGN_NONE,
	LOG_SIGN_READ_ONLY,    /* EROFS, by name, number or text */
	LOG_SIGN_NO_TEMPORARY, /* no directory or file for what is temporary */
	LOG_SIGN_CACHE,	       /* a cache that cannot be made or written */
	LOG_SIGN_CANNOT_WRITE, /* something else cannot be made or written, whatever the reason */
	LOG_SIGNS,
};

/* Of a set of signs. */
#define LOG_SIGN_BIT(sign) (1U << (unsigned)(sign))

struct log_signs;
int log_signs_new(struct log_signs **ret_signs, struct error *err) must_check;
void log_signs_free(struct log_signs *signs);

/* The set of signs of a line of any bytes. May be called from several threads. */
unsigned log_signs_of(const struct log_signs *signs, const char *line, size_t size);

#endif
