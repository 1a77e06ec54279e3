/*
 * Floor 4. Is every external image pinned by its digest?
 *
 * References are gathered from files (pinfind.h), then judged together: each must be pinned by a
 * full digest, stages that share a base must share its digest, and bases can be demanded. What
 * cannot be told from the file (a variable that nobody set) is never a pass.
 */
#ifndef CHECK_PINS_H
#define CHECK_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"
#include "file/words.h"
#include "image/reference.h"

enum pin_kind {
	PIN_DIGEST,
	PIN_TAG,
	PIN_LATEST,
	PIN_UNTAGGED,
	PIN_SCRATCH,	/* nothing external: FROM scratch */
	PIN_STAGE,	/* nothing external: a stage, or an image that is built here */
	PIN_INVALID,	/* no reference, or an instruction that the builder refuses */
	PIN_UNRESOLVED, /* depends on a variable that is not set */
};

/* "digest", "tag", … */
const char *pin_kind_name(enum pin_kind kind);

enum pin_tag {
	PIN_TAG_NONE,  /* there is none, or nobody has asked */
	PIN_TAG_SAME,  /* still what the digest says */
	PIN_TAG_MOVED, /* something else by now */
	PIN_TAG_GONE,  /* not there any more */
};

/* "same", "moved", "gone"; NULL for none. */
const char *pin_tag_name(enum pin_tag tag);

/* What the registry says of a reference with a digest: set by pins_verify (pinverify.h). */
struct pin_registry {
	bool asked;
	bool exists;
	enum pin_tag tag;
	struct digest tag_digest; /* what the tag points to; zeroed for none */
	char *platforms;	  /* "linux/amd64, linux/arm64"; NULL where nobody wanted to know */
};

struct pin {
	size_t line; /* of the instruction, or of the value */
	/* Where the reference itself stands: line and, in bytes from 1, column; 0 where that is not
	 * known. */
	size_t token_line;
	size_t column;
	struct span at;
	/* Where the text stands that the resolved reference ends with, and that a digest belongs
	 * to: in `at`, or in the default of an ARG. Unless `fixed` says why there is no such text.
	 */
	struct span end;
	char *fixed;
	char *instruction; /* "FROM", "COPY --from", "image" */
	char *stage;	   /* its name, or its number; NULL outside of stages */
	char *service;	   /* of a compose file; NULL in a Dockerfile */
	char *raw;	   /* as written */
	char *resolved;	   /* NULL where it is not known */
	enum pin_kind kind;
	struct reference reference; /* zeroed where it is no reference to an image */
	struct digest digest;	    /* what it is pinned by; zeroed for none */
	bool base;		    /* a FROM that is no stage and not scratch */
	bool pinned;
	bool holds;	/* pinned, and as demanded: set by pins_judge */
	char *reason;	/* NULL where it holds */
	char *note;	/* what is worth telling of one that may hold; NULL for nothing */
	char *accepted; /* NULL, or why it does not matter that it does not hold (pinaccept.h) */
	struct pin_registry registry;
};

/* It does not hold, and why: the first reason stays. */
int pin_fail(struct pin *pin, struct error *err, const char *format, ...) printf_like(3, 4);
/* The first note stays. */
int pin_note(struct pin *pin, struct error *err, const char *format, ...) printf_like(3, 4);

/* Does it come from outside? */
bool pin_is_external(const struct pin *pin);

struct pins {
	struct pin *items;
	size_t count;
	size_t capacity; /* internal */
};
void pins_release(struct pins *pins);
#define auto_pins cleanup_by(pins_release)

/* What a reference is known by when it is added; copied. */
struct pin_place {
	size_t line;
	size_t token_line;
	size_t column;
	struct span at;
	struct span end;
	const char *fixed;
	const char *instruction;
	const char *stage;
	const char *service;
	bool base;
};

/* Adds the reference of an image, `resolved` being `raw` with its variables replaced. */
int pins_add_image(struct pins *pins, const struct pin_place *place, const char *raw,
		   const char *resolved, struct error *err) must_check;
/* Adds one of another kind; `resolved` and `reason` may be NULL. */
int pins_add(struct pins *pins, const struct pin_place *place, enum pin_kind kind, const char *raw,
	     const char *resolved, const char *reason, struct error *err) must_check;
/* Adds something remote that is pinned by a digest or, where there is none, a commit. */
int pins_add_pinned(struct pins *pins, const struct pin_place *place, const char *raw,
		    const char *resolved, const struct digest *digest,
		    struct error *err) must_check;

struct pins_file {
	const char *name; /* borrowed */
	const char *data; /* borrowed; for those who change it */
	size_t size;
	struct pins pins;
};

/* What the references come to. */
struct pins_verdict {
	size_t external;     /* references that are neither stage nor scratch */
	size_t unpinned;     /* of them, those without a digest that nobody accepts */
	size_t accepted;     /* of the references, those that need not hold */
	size_t bases;	     /* bases of stages */
	size_t inconsistent; /* bases whose digest differs from that of another stage's same base */
	size_t undemanded;   /* bases that are none of the demanded ones */
	bool pinned;
	bool consistent;
	bool base; /* also false where a base was demanded and there is none */
};

/* `bases` are references, with or without tag and digest; ERROR_USAGE for one that is none. Sets
 * `holds` and `reason` in the files. */
int pins_judge(struct pins_file *files, size_t count, const char *const *bases, size_t base_count,
	       struct pins_verdict *ret_verdict, struct error *err) must_check;

#endif
