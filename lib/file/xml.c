#include "config.h"

#include "file/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

struct xml_reader {
	XML_Parser parser;
	const struct xml_handler *handler;
	void *context;
	size_t depth;
	int result; /* of the handler that ended the reading; 0 while it goes on */
	struct error err;
};

/* Expat still calls some handlers after it was stopped: `result` keeps the first reason. */
static void xml_stop(struct xml_reader *reader, int result)
{
	if (result == 0 || reader->result != 0)
		return;
	reader->result = result;
	(void)XML_StopParser(reader->parser, XML_FALSE);
}

static void XMLCALL xml_on_begin(void *context, const XML_Char *element, const XML_Char **list)
{
	struct xml_reader *reader = context;
	/* C has no implicit way from char ** to const char *const * */
	const char *const *attributes = (const char *const *)list;

	if (reader->result != 0)
		return;
	if (++reader->depth > XML_DEPTH_MAX) {
		xml_stop(reader, error_set(&reader->err, ERROR_INPUT,
					   "elements nested more than %d deep", XML_DEPTH_MAX));
		return;
	}
	if (reader->handler->begin != NULL)
		xml_stop(reader, reader->handler->begin(reader->context, element, attributes,
							&reader->err));
}

static void XMLCALL xml_on_end(void *context, const XML_Char *element)
{
	struct xml_reader *reader = context;

	if (reader->result != 0)
		return;
	reader->depth--;
	if (reader->handler->end != NULL)
		xml_stop(reader, reader->handler->end(reader->context, element, &reader->err));
}

static void XMLCALL xml_on_text(void *context, const XML_Char *data, int size)
{
	struct xml_reader *reader = context;

	if (reader->result == 0 && reader->handler->text != NULL)
		xml_stop(reader,
			 reader->handler->text(reader->context, data, (size_t)size, &reader->err));
}

static void XMLCALL xml_on_comment(void *context, const XML_Char *text)
{
	struct xml_reader *reader = context;

	if (reader->result == 0 && reader->handler->comment != NULL)
		xml_stop(reader, reader->handler->comment(reader->context, text, &reader->err));
}

static void XMLCALL xml_on_entity(void *context, const XML_Char *name, unused_arg int is_parameter,
				  unused_arg const XML_Char *value, unused_arg int size,
				  unused_arg const XML_Char *base,
				  unused_arg const XML_Char *system_id,
				  unused_arg const XML_Char *public_id,
				  unused_arg const XML_Char *notation)
{
	struct xml_reader *reader = context;

	xml_stop(reader, error_set(&reader->err, ERROR_INPUT,
				   "it declares the entity '%s', which is refused", name));
}

/* With an external document type an unknown entity is no syntax error; its text would be lost. */
static void XMLCALL xml_on_skipped_entity(void *context, const XML_Char *name,
					  unused_arg int is_parameter)
{
	struct xml_reader *reader = context;

	xml_stop(reader, error_set(&reader->err, ERROR_INPUT, "entity '%s' is not known", name));
}

/* Expat's codes in our words where a reader of reports needs other ones. */
static int xml_error(const struct xml_reader *reader, struct error *err)
{
	enum XML_Error code = XML_GetErrorCode(reader->parser);
	const char *what = XML_ErrorString(code);

	if (code == XML_ERROR_NO_MEMORY)
		return error_memory(err);
	if (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
	    code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION)
		what = "it ends too early";
	return error_set(err, ERROR_INPUT, "no XML: %s", what != NULL ? what : "not understood");
}

static void xml_set_handlers(struct xml_reader *reader)
{
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, xml_on_begin, xml_on_end);
	XML_SetCharacterDataHandler(reader->parser, xml_on_text);
	XML_SetCommentHandler(reader->parser, xml_on_comment);
	XML_SetEntityDeclHandler(reader->parser, xml_on_entity);
	XML_SetSkippedEntityHandler(reader->parser, xml_on_skipped_entity);
}

int xml_parse(const void *data, size_t size, const struct xml_handler *handler, void *context,
	      struct error *err)
{
	struct xml_reader reader = { .handler = handler, .context = context, .err = ERROR_INIT };
	int result = 0;

	if (size > INT_MAX)
		return error_set(err, ERROR_INPUT, "larger than %d bytes", INT_MAX);
	reader.parser = XML_ParserCreate(NULL);
	if (reader.parser == NULL)
		return error_memory(err);
	xml_set_handlers(&reader);
	/* all at once: expat would begin a long token anew with every piece */
	if (XML_Parse(reader.parser, data, (int)size, XML_TRUE) == XML_STATUS_OK ||
	    reader.result > 0) {
		XML_ParserFree(reader.parser);
		return 0;
	}
	if (reader.result < 0)
		result = error_set(err, reader.err.kind, "%s", reader.err.text);
	else
		result = xml_error(&reader, err);
	result = error_prefix(err, "line %ju", (uintmax_t)XML_GetCurrentLineNumber(reader.parser));
	XML_ParserFree(reader.parser);
	return result;
}

const char *xml_attribute(const char *const *attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}
