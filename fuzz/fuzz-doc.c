/* JSON from outside: parsing and the typed members. */
#include "config.h"

#include <stdint.h>

#include "base/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_doc json_t *doc = NULL;
	struct error err = ERROR_INIT;
	const char *text = NULL;
	uint64_t number = 0;

	if (doc_parse(data, size, "input", &doc, &err) < 0)
		return 0;
	(void)!doc_string(doc, "it", "mediaType", DOC_OPTIONAL, &text, &err);
	(void)!doc_size(doc, "it", "size", DOC_REQUIRED, &number, &err);
	return 0;
}
