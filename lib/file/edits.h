/*
 * Floor 3. Changes of a file: other bytes at some places, everything else as it is; written as a
 * whole or not at all; shown as a unified diff.
 */
#ifndef FILE_EDITS_H
#define FILE_EDITS_H

#include "base/buf.h"
#include "file/words.h"

struct edit {
	struct span at; /* an empty one inserts */
	char *text;
};

/* In the order of their places. Zeroed is empty. */
struct edits {
	struct edit *items;
	size_t count;
	size_t capacity; /* internal */
};

/* The same edit twice is one. ERROR_INPUT where two others touch the same bytes. */
int edits_add(struct edits *edits, struct span at, const char *text, struct error *err) must_check;
void edits_release(struct edits *edits);
#define auto_edits cleanup_by(edits_release)

/* The bytes with all edits made, into an initialised buffer. Places must be those of `data`. */
int edits_apply(const struct edits *edits, const char *data, size_t size, struct buf *out,
		struct error *err) must_check;

/* What `diff -u` says of two texts that have as many lines: "" where they are the same. */
void diff_lines(const char *name, const struct buf *from, const struct buf *to, struct buf *out);

/*
 * A file that is about to be replaced: the new bytes stand beside it, with its mode and owner. So
 * several can be made ready before the first one changes.
 */
struct rewrite;

/* Symbolic links are followed. ERROR_INPUT where the file does not hold `from` (any more), or is
 * no regular file; ERROR_SYSTEM. */
int rewrite_new(const char *path, const struct buf *from, const struct buf *to,
		struct rewrite **ret_rewrite, struct error *err) must_check;
/* Puts the new file in the old one's place. */
int rewrite_finish(struct rewrite *rewrite, struct error *err) must_check;
/* What was not finished leaves the file as it was, and nothing beside it. */
void rewrite_free(struct rewrite *rewrite);

#endif
