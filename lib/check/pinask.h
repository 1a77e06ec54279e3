/*
 * Floor 4. Asks registries what tags and digests stand for. Each is asked once, however often it
 * was added, and several at a time.
 *
 * A document is known by the hash of its bytes and by nothing that a registry says of it.
 */
#ifndef CHECK_PINASK_H
#define CHECK_PINASK_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/platform.h"
#include "image/reference.h"
#include "net/registry.h"

/* More are refused. */
#define PINASK_MAX 10000

struct pin_answer {
	bool missing; /* the registry does not have it; nothing else is set then */
	struct digest
		digest; /* of the bytes that came; by the reference's own algorithm, else sha256 */
	bool index;	/* for several platforms; else a manifest */
	/* of an index, those of its images; of a manifest its own, where that was wanted */
	struct platform *platforms;
	size_t platform_count;
};

struct pinask;

/* The options are borrowed. */
int pinask_new(const struct registry_options *options, struct pinask **ret_ask,
	       struct error *err) must_check;
void pinask_free(struct pinask *ask);
static inline void pinask_free_pointer(struct pinask **place)
{
	pinask_free(*place);
}
#define auto_pinask cleanup_by(pinask_free_pointer)

/*
 * To be asked: by its digest, or by its tag ("latest" where there is none). `subject` stands in
 * errors. `platform`: what a manifest is for matters, which its configuration has to be read for.
 */
int pinask_add(struct pinask *ask, const struct reference *reference, bool by_digest, bool platform,
	       const char *subject, struct error *err) must_check;

/* Asks. Fails as soon as one thing cannot be answered: with "SUBJECT: REFERENCE: why". */
int pinask_run(struct pinask *ask, struct error *err) must_check;

/* Of what was added; borrowed. */
const struct pin_answer *pinask_answer(const struct pinask *ask, const struct reference *reference,
				       bool by_digest);

#endif
