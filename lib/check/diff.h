/*
 * Floor 4. How two images differ: their configurations member by member, their layers entry by
 * entry, in what the archive says of each. What two builds of one source should have in common.
 *
 * Layers with the same diff_id are the same and are not read. The others are set against each
 * other in their order, between those that are the same.
 */
#ifndef CHECK_DIFF_H
#define CHECK_DIFF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "attributes.h"
#include "base/error.h"
#include "image/image.h"

/* In what two entries of one path differ. */
enum diff_field {
	DIFF_ONLY_FIRST,  /* the second layer has none of that path */
	DIFF_ONLY_SECOND, /* nor has the first */
	DIFF_TYPE,
	DIFF_CONTENT,
	DIFF_MODE,
	DIFF_OWNER, /* uid or gid */
	DIFF_TIME,
	DIFF_TARGET, /* of a link */
	DIFF_DEVICE,
	DIFF_ORDER,  /* the same entries in another order; told once a layer */
	DIFF_STREAM, /* the entries are the same, the archives are not */
	DIFF_CONFIG, /* a member of the configuration */
	DIFF_LAYER,  /* a layer that the other image does not have */
	DIFF_FIELD_COUNT
};
/* "content", "time", …; for --ignore. Ends with NULL. */
extern const char *const diff_field_names[];

struct difference {
	enum diff_field field;
	bool ignored;
	char *path;	      /* of an entry or, as a JSON pointer, of a member; "" for a layer */
	char *first, *second; /* what each has; NULL: nothing */
};

/* A layer of the first image, one of the second, or the two that stand against each other. */
struct diff_layer {
	const struct layer_info *first, *second; /* borrowed from the images; NULL: none */
	bool same;
	size_t entries_differ;
	size_t counts[DIFF_FIELD_COUNT]; /* ignored ones, too */
	struct difference *differences;
	size_t count, capacity;
};

struct diff {
	struct diff_layer *layers;
	size_t layer_count;
	struct diff_layer config; /* has no layers */
	size_t counted;		  /* differences that are not ignored */
	size_t ignored;
};

/*
 * `ignore` has a flag for each field. Every difference is on record; both images are borrowed as
 * long as the result lives.
 */
int diff_images(const struct image *first, const struct image *second,
		const bool ignore[DIFF_FIELD_COUNT], struct diff *ret_diff,
		struct error *err) must_check;
void diff_release(struct diff *diff);
#define auto_diff cleanup_by(diff_release)

/* What is likely to be behind a difference of files, and what mends it; NULL where it is not plain.
 */
const char *diff_cause(const struct difference *difference);

/* `top`: so many differences of a layer are listed, all are counted; 0 is no limit. */
int diff_text(const struct diff *diff, const char *first, const char *second, size_t top, FILE *out,
	      struct error *err) must_check;
/* New reference; NULL without memory. */
json_t *diff_json(const struct diff *diff, const struct image *first, const struct image *second,
		  size_t top);
void diff_tap(const struct diff *diff, size_t top, FILE *out);

#endif
