/* A Dockerfile from outside: all rules look at it, what they mend is mended, and what comes out is
 * looked at once more: it must be a Dockerfile again. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "check/lintfile.h"

#define SIZE_MAX_HERE ((size_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(const char *data, size_t size, struct edits *edits)
{
	struct build_settings build = { 0 };
	struct lint_file_settings settings = { .build = &build };
	struct lint_file_facts facts = { 0 };
	auto_lint struct lint lint = { 0 };
	struct error err = ERROR_INIT;

	lint_init(&lint);
	for (size_t i = 0; i < LINT_RULE_COUNT; i++)
		lint.enabled[i] = true;
	lint.edits = edits;
	platform_of("linux", "amd64", NULL, &build.platform);
	if (lint_dockerfile(&lint, 0, "input", data, size, &settings, &facts, &err) < 0)
		return -1;
	lint_file_facts_release(&facts);
	return lint_finish(&lint, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_edits struct edits edits = { 0 };
	auto_edits struct edits more = { 0 };
	auto_buf struct buf mended;
	struct error err = ERROR_INIT;

	buf_init(&mended, 4 * SIZE_MAX_HERE);
	if (size > SIZE_MAX_HERE || look((const char *)data, size, &edits) < 0)
		return 0;
	if (edits_apply(&edits, (const char *)data, size, &mended, &err) < 0 ||
	    look(mended.data, mended.size, &more) < 0)
		abort();
	return 0;
}
