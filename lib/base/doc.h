/*
 * Floor 0. JSON documents from outside, read with jansson: bounded, and with
 * errors that name the document and the place in it.
 *
 * A member that is there but of another type is always an error. JSON null counts
 * as absent, since Docker and Go programs write it for empty lists. Strings with
 * an embedded NUL are refused.
 */
#ifndef BASE_DOC_H
#define BASE_DOC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

/* Manifests and configurations above this are refused (registries stop at 4 MiB). */
#define DOC_SIZE_MAX ((size_t)16 << 20)

static inline void doc_release(json_t **place)
{
	json_decref(*place);
}
#define auto_doc cleanup_by(doc_release)

/* One JSON text, nothing behind it. The caller releases *ret_doc (auto_doc). */
int doc_parse(const void *data, size_t size, const char *name, json_t **ret_doc,
	      struct error *err) must_check;
/* The same for a text with secrets: its errors say the line, and quote nothing. */
int doc_parse_secret(const void *data, size_t size, const char *name, json_t **ret_doc,
		     struct error *err) must_check;
/* The same as doc_parse, from a file. */
int doc_read_file(const char *path, json_t **ret_doc, struct error *err) must_check;

#define DOC_PIECE_MAX	((size_t)4 << 20)
#define DOC_MEMBERS_MAX 64

/* Takes one element, borrowed; -1 ends the walk. */
typedef int doc_element(void *context, const json_t *element, size_t index, struct error *err);

/*
 * For large documents: an object whose member `key` is a long array. Its elements go to `each` one
 * by one, in order, and no more than one of them is held at a time; the other members come out
 * together (auto_doc), with null in the array's place where it was there. JSON null counts as an
 * empty array.
 *
 * The document may be of any size, an element or another member of up to DOC_PIECE_MAX bytes, and
 * of members there may be DOC_MEMBERS_MAX: so memory is bounded whatever is in it.
 */
int doc_each(const char *data, size_t size, const char *name, const char *key, doc_element *each,
	     void *context, json_t **ret_rest, struct error *err) must_check;

enum doc_need { DOC_OPTIONAL, DOC_REQUIRED };

/*
 * Members of an object; `at` says in errors where the object stands ("manifest",
 * "layers[3]"). Results are borrowed from the object. An optional member that is
 * absent gives NULL (or leaves the number as it was).
 */
int doc_string(const json_t *object, const char *at, const char *key, enum doc_need need,
	       const char **ret_text, struct error *err) must_check;
int doc_object(const json_t *object, const char *at, const char *key, enum doc_need need,
	       json_t **ret_object, struct error *err) must_check;
int doc_array(const json_t *object, const char *at, const char *key, enum doc_need need,
	      json_t **ret_array, struct error *err) must_check;
int doc_size(const json_t *object, const char *at, const char *key, enum doc_need need,
	     uint64_t *ret_size, struct error *err) must_check;
int doc_bool(const json_t *object, const char *at, const char *key, enum doc_need need,
	     bool *ret_value, struct error *err) must_check;

/* A JSON string of bytes that may not be UTF-8: bad bytes become "\xNN". New reference. */
json_t *doc_text(const char *text);

#endif
