/*
 * Floor 2. The names in a tar archive, and what each stands for, so that a member can be found
 * whatever its place.
 *
 * Names are normalised as layer.h says. A name with "..", and a link that leads outside or in a
 * circle, is refused; the last of several members of one name wins.
 */
#ifndef IMAGE_MEMBERS_H
#define IMAGE_MEMBERS_H

#include <archive_entry.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"

struct member {
	char *name;
	char *target;	     /* of a link, as a name in the archive; NULL for a file */
	uint64_t place;	     /* of its bytes, as the owner counts; grows from member to member */
	uint64_t size;	     /* of its bytes */
	const char *trouble; /* why it is there but not to be read; NULL where it is fine */
};

struct members {
	struct member *items; /* once sorted: by name, each once */
	size_t count;
	size_t capacity;   /* internal */
	size_t names_size; /* internal */
};

void members_release(struct members *members);
#define auto_members cleanup_by(members_release)

/* 1: a file, whose bytes may be asked for; 0: anything else, which has no bytes. */
int members_add(struct members *members, struct archive_entry *entry, uint64_t place,
		struct error *err) must_check;
/* Once, when all are added, and before the first is looked for. */
void members_sort(struct members *members);
/* The file that a normalised name stands for, links followed; NULL with err, in which `archive`
 * stands for the whole. ERROR_MISSING where it is not there. */
const struct member *members_find(const struct members *members, const char *name,
				  const char *archive, struct error *err) must_check;

#endif
