/*
 * Floor 4. Pins as they should be: the digest that each tag points to now.
 *
 * Nothing but digests changes. A tag without a digest gets one, a digest beside a tag becomes the
 * tag's, a digest without a tag stays. All tags are asked for before anything is decided.
 */
#ifndef CHECK_PINUPDATE_H
#define CHECK_PINUPDATE_H

#include "check/pinverify.h"
#include "file/edits.h"

enum pin_change_kind {
	PIN_CHANGE_NONE, /* it is what its tag points to, or nothing that a registry has */
	PIN_CHANGED,
	PIN_STAYS, /* a digest without a tag */
	PIN_STUCK, /* `why` says what keeps it from being changed */
};

struct pin_change {
	enum pin_change_kind kind;
	struct digest from; /* zeroed for none */
	struct digest to;   /* zeroed where nobody has asked */
	char *why;
};

struct pins_update {
	struct pin_change *changes; /* one per reference of the file, in their order */
	size_t count;
	size_t changed;
	size_t stuck;
	struct edits edits;
};
void pins_update_release(struct pins_update *update);

/* Fails where anything cannot be asked, a tag that is not there included. `ret_updates`: one per
 * file; the caller releases each and frees the array. */
int pins_update_find(struct pins_file *files, size_t count,
		     const struct pinverify_settings *settings, struct pins_update **ret_updates,
		     struct error *err) must_check;

/* Tells of what could not be changed, and why: in the references of the file as it is afterwards,
 * behind pins_judge. */
int pins_update_tell(const struct pins_update *update, struct pins *pins,
		     struct error *err) must_check;

#endif
