/*
 * Floor 4. How large an image is, and what makes it so.
 *
 * Three measures, never compared with each other:
 *   content     regular files and the targets of symbolic links as they lie on disk, layer by
 *               layer, each hardlinked inode once per layer: what `docker image inspect` calls Size
 *               (overlay2 driver), deleted and overwritten files included
 *   unpacked    the layers' tar archives
 *   compressed  the layers' blobs where they are stored compressed, or what gzip makes of those that
 *               are not, where the image was opened to be packed; otherwise it is not known
 *
 * Unless it is packed only headers are read. Bytes are exact and below 2^63.
 */
#ifndef CHECK_SIZE_H
#define CHECK_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "base/options.h"
#include "image/image.h"
#include "image/rootfs.h"

enum size_measure { MEASURE_CONTENT, MEASURE_UNPACKED, MEASURE_COMPRESSED };
/* In that order, NULL at the end. */
extern const char *const size_measure_names[];

struct size_layer {
	const struct layer_info *info; /* the image's */
	enum layer_compression compression;
	uint64_t content_bytes;
	uint64_t unpacked_bytes;
	uint64_t compressed_bytes;
	bool compressed_known;
	uint64_t wasted_bytes; /* of its files, deleted or overwritten by later layers */
	uint64_t files;	       /* regular ones, each inode once */
};

struct size {
	const char *name;	   /* of the image, for errors; borrowed */
	const struct image *image; /* borrowed; NULL only where there is none (unit tests) */
	struct size_layer *layers;
	size_t layer_count;
	uint64_t content_bytes;
	uint64_t unpacked_bytes;
	uint64_t compressed_bytes;
	bool compressed_known;
	bool packed;	 /* some of them are what gzip made of plain layers */
	uint64_t unsafe; /* entries with a ".." component */
	bool read;	 /* the layers were; otherwise compressed_bytes is all that is known */
	struct rootfs *rootfs;
};

/* What the manifest says, without a look at the layers. */
int size_of_manifest(const struct image *image, struct size **ret_size,
		     struct error *err) must_check;
/* Reads the headers of all layers. The image must outlive the result. */
int size_of_image(const struct image *image, struct size **ret_size, struct error *err) must_check;
void size_free(struct size *size);
static inline void size_free_pointer(struct size **place)
{
	size_free(*place);
}
#define auto_size cleanup_by(size_free_pointer)

/* The steps of size_of_image, for one who feeds the layers himself: size_new, a walk with the
 * visitor, size_finish. */
int size_new(const char *name, size_t layer_count, struct size **ret_size,
	     struct error *err) must_check;
struct image_visitor size_visitor(struct size *size);
int size_finish(struct size *size, struct error *err) must_check;

/* ERROR_MISSING where the measure is not known, saying why. */
int size_bytes(const struct size *size, enum size_measure measure, uint64_t *ret_bytes,
	       struct error *err) must_check;

struct size_item {
	char *path;
	uint64_t bytes;	 /* of a difference: after */
	uint64_t before; /* of a difference only */
	size_t layer;	 /* of a file: that it comes from */
	uint64_t times;	 /* of waste: how many copies */
};

/* The `top` largest items (0: all of them), largest first, then by path; none of 0 bytes. */
struct size_list {
	struct size_item *items;
	size_t count;
	size_t total; /* how many there are without a limit */
};
void size_list_release(struct size_list *list);

int size_top_files(const struct size *size, size_t top, struct size_list *ret_list,
		   struct error *err) must_check;
/* With all below them; of at most `depth` path components, the root left out. */
int size_top_directories(const struct size *size, size_t depth, size_t top,
			 struct size_list *ret_list, struct error *err) must_check;
/* By path, over all layers. */
int size_top_waste(const struct size *size, size_t top, struct size_list *ret_list,
		   struct error *err) must_check;
/* Files of the merged file systems that differ in size, by how much. */
int size_file_differences(const struct size *before, const struct size *after, size_t top,
			  struct size_list *ret_list, struct error *err) must_check;
int size_directory_differences(const struct size *before, const struct size *after, size_t depth,
			       size_t top, struct size_list *ret_list,
			       struct error *err) must_check;

/* What may be demanded; zeroed is nothing. */
struct size_limits {
	struct option_percent min_reduction; /* needs a baseline */
	struct option_number max;
	struct option_number max_layers;
	struct limit max_waste; /* a percentage is of the content bytes */
};

enum size_unit { UNIT_BYTES, UNIT_PERCENT, UNIT_LAYERS };

struct size_check {
	const char *name; /* the option's, without dashes */
	bool holds;
	enum size_unit unit;
	double value; /* for people; the verdict does not come from it */
	double limit;
};

#define SIZE_CHECKS_MAX 4
struct size_verdict {
	struct size_check checks[SIZE_CHECKS_MAX];
	size_t count;
	bool holds; /* all of them */
};

/*
 * Decides. `before` may be NULL. Where the measure is not known for one side, or nothing can be
 * said of a reduction since the baseline has no bytes, that is an error, whatever else holds.
 */
int size_decide(const struct size *before, const struct size *after, enum size_measure measure,
		const struct size_limits *limits, struct size_verdict *ret_verdict,
		struct error *err) must_check;

/* By how many per cent `after` is smaller; negative where it grew. False for a baseline of 0. */
bool size_reduction(uint64_t before, uint64_t after, double *ret_percent);

#endif
