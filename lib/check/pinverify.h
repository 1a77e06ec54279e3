/*
 * Floor 4. Are pins what the registries have?
 *
 * Each digest must be there and cover the platforms that are asked for. The tag beside a digest may
 * have moved on since, which is told; it fails only where pins are to be fresh. What could not be
 * asked is an error, never a pass.
 */
#ifndef CHECK_PINVERIFY_H
#define CHECK_PINVERIFY_H

#include "check/pinask.h"
#include "check/pins.h"

struct pinverify_settings {
	const struct registry_options *registry;
	const struct platform *platforms; /* that each image must have; may be none */
	size_t platform_count;
	bool fresh; /* a tag must still point to the digest */
};

struct pins_verified {
	size_t asked;	  /* references with a digest */
	size_t missing;	  /* digests that their registry does not have */
	size_t uncovered; /* images that lack a platform */
	size_t moved;	  /* tags that point elsewhere by now, or are gone */
};

/* Why an image is not for all platforms: *ret_lack is NULL where it is; the caller frees. */
int pinverify_lack(const struct pin_answer *answer, const struct pinverify_settings *settings,
		   char **ret_lack, struct error *err) must_check;

/* Behind pins_judge, since its reasons come first. Sets `registry`, `note`, `holds` and `reason`.
 */
int pins_verify(struct pins_file *files, size_t count, const struct pinverify_settings *settings,
		struct pins_verified *ret_verified, struct error *err) must_check;

#endif
