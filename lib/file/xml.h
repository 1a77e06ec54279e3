/*
 * Floor 3. XML documents from outside, read with libexpat: bounded, and with errors
 * that name the line.
 *
 * A document type is allowed (Cobertura's reports have one) but nothing is fetched for
 * it, and entities that it declares are refused, so that a document never grows while
 * it is read.
 */
#ifndef FILE_XML_H
#define FILE_XML_H

#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/* Elements within elements beyond this are refused. */
#define XML_DEPTH_MAX 128

/*
 * What a reader wants to be told; members may be NULL. Each returns 0 to go on, 1 to end the
 * reading as a success, or -1 with an error (which xml_parse puts behind "line N: ").
 * Names and attributes (name, value, name, value, NULL) are UTF-8 and the parser's; text
 * comes in pieces.
 */
struct xml_handler {
	int (*begin)(void *context, const char *element, const char *const *attributes,
		     struct error *err);
	int (*end)(void *context, const char *element, struct error *err);
	int (*text)(void *context, const char *data, size_t size, struct error *err);
	int (*comment)(void *context, const char *text, struct error *err);
};

/* One whole document. ERROR_INPUT for what is no XML, ends too early or goes too deep. */
int xml_parse(const void *data, size_t size, const struct xml_handler *handler, void *context,
	      struct error *err) must_check;

/* The value of an attribute, or NULL. */
const char *xml_attribute(const char *const *attributes, const char *name);

#endif
