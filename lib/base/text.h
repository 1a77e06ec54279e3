/*
 * Floor 0. Figures and untrusted names as people read them, and numbers as they
 * type them. The only printer for names and only parser for numbers.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"

/*
 * Adds bytes from an image or a file so that they cannot disturb a terminal or a
 * line: control bytes, the backslash and bytes that are no valid UTF-8 become \xNN.
 */
void text_escape(struct buf *out, const char *data, size_t size);

/* The bytes of the printable character at `text` (there is one byte at the least), valid UTF-8; 0
 * for what text_escape would escape. */
size_t text_character(const char *text, size_t size);

/* Words and names. A list ends in NULL. */
bool text_is_one_of(const char *word, const char *const *list);
bool text_starts(const char *text, const char *with);
bool text_ends(const char *text, const char *with);
/* What stands behind the last "/" of a path. */
const char *text_base_name(const char *path);

#define TEXT_FIGURE_MAX 32
/* "214.3 MB": SI, four significant digits at most, as Docker prints. */
const char *text_size(uint64_t bytes, char text[TEXT_FIGURE_MAX]);
/* "350 ms", "1.25 s", "2 min 5 s". */
const char *text_duration(uint64_t nanoseconds, char text[TEXT_FIGURE_MAX]);

/*
 * Whole texts only; ERROR_USAGE names the text and what was wanted.
 *   number:   digits
 *   size:     "500MB", "64k", "1.5GiB", "1234" (bytes); kB MB GB TB are powers of 1000,
 *             KiB MiB GiB TiB of 1024; a lone k, M, G, T is SI; case does not matter
 *   duration: "500ms", "30s", "1.5s", "10m", "1h", "2m30s"; a bare number is seconds; ns
 *   percent:  "30%", "12.5%"; 0 to 100
 */
int text_parse_number(const char *text, uint64_t *ret_number, struct error *err) must_check;
int text_parse_size(const char *text, uint64_t *ret_bytes, struct error *err) must_check;
int text_parse_duration(const char *text, uint64_t *ret_nanoseconds, struct error *err) must_check;
int text_parse_percent(const char *text, double *ret_percent, struct error *err) must_check;

/* RFC 3339, with any number of digits behind the second: nanoseconds since 1970. ERROR_INPUT: it
 * is none, or lies outside of what fits. */
int text_parse_time(const char *text, size_t size, uint64_t *ret_nanoseconds,
		    struct error *err) must_check;

/* A limit that is a size or a part of something. */
struct limit {
	enum { LIMIT_NONE, LIMIT_BYTES, LIMIT_PERCENT } kind;
	uint64_t bytes;
	double percent;
};
int text_parse_limit(const char *text, struct limit *ret_limit, struct error *err) must_check;

#endif
