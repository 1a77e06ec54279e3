#include "config.h"

#include "image/members.h"

#include <string.h>

#include "base/array.h"
#include "image/path.h"

/* More members than this is no image. */
#define MEMBERS_MAX ((size_t)1 << 20)
#define LINKS_MAX   16
/* Bytes of all names: an image with a thousand layers has a few hundred kilobytes. */
#define NAMES_MAX ((size_t)64 << 20)

static void member_release(struct member *member)
{
	free(member->name);
	free(member->target);
}

void members_release(struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		member_release(&members->items[i]);
	free(members->items);
	*members = (struct members) { .items = NULL };
}

/* Where a link leads, or why it is not followed. Hard links name members, from the root; an
 * absolute symbolic link leads into whatever file system the archive would be unpacked on. */
static int member_set_target(struct member *member, struct archive_entry *entry, struct error *err)
{
	const char *hardlink = archive_entry_hardlink(entry);
	const char *symlink = archive_entry_symlink(entry);
	bool unsafe = false;

	if (hardlink != NULL) {
		if (path_normalise(hardlink, &member->target, &unsafe, err) < 0)
			return -1;
	} else {
		if (path_follow(member->name, symlink, &member->target, &unsafe, err) < 0)
			return -1;
		unsafe = unsafe || symlink == NULL || symlink[0] == '/';
	}
	if (unsafe)
		member->trouble = "is a link that leads outside";
	return 0;
}

static int members_keep(struct members *members, const struct member *member, struct error *err)
{
	size_t size = strlen(member->name) + (member->target != NULL ? strlen(member->target) : 0);

	if (members->count == MEMBERS_MAX)
		return error_set(err, ERROR_INPUT, "more than %zu members", MEMBERS_MAX);
	if (size > NAMES_MAX - members->names_size)
		return error_set(err, ERROR_INPUT, "the names of its members exceed %zu bytes",
				 NAMES_MAX);
	if (array_room(&members->items, members->count, &members->capacity, err) < 0)
		return -1;
	members->names_size += size;
	members->items[members->count++] = *member;
	return 0;
}

/* A name with ".." is passed over: nothing can ask for it. What can be asked for and must not be
 * read is kept, for it may replace an earlier member of that name. */
int members_add(struct members *members, struct archive_entry *entry, uint64_t place,
		struct error *err)
{
	cleanup_by(member_release) struct member member = {
		.place = place,
		.size = (uint64_t)archive_entry_size(entry),
	};
	bool unsafe = false;
	bool readable;

	if (path_normalise(archive_entry_pathname(entry), &member.name, &unsafe, err) < 0)
		return -1;
	if (unsafe || member.name[0] == '\0' || archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (archive_entry_hardlink(entry) != NULL || archive_entry_filetype(entry) == AE_IFLNK) {
		if (member_set_target(&member, entry, err) < 0)
			return -1;
	} else if (archive_entry_filetype(entry) != AE_IFREG) {
		member.trouble = "is no regular file";
	} else if (archive_entry_sparse_count(entry) > 0) {
		member.trouble = "is a sparse file";
	}
	readable = member.target == NULL && member.trouble == NULL;
	if (members_keep(members, &member, err) < 0)
		return -1;
	member = (struct member) { 0 };
	return readable;
}

/* By name; of one name the first in the archive first. */
static int member_compare(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;
	int order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	return left->place < right->place ? -1 : left->place > right->place;
}

void members_sort(struct members *members)
{
	size_t kept = 0;

	if (members->count == 0)
		return;
	qsort(members->items, members->count, sizeof *members->items, member_compare);
	for (size_t i = 0; i < members->count; i++) {
		if (i + 1 < members->count &&
		    strcmp(members->items[i].name, members->items[i + 1].name) == 0) {
			member_release(&members->items[i]);
		} else {
			members->items[kept++] = members->items[i];
		}
	}
	members->count = kept;
}

static const struct member *members_lookup(const struct members *members, const char *name)
{
	struct member key = { .name = (char *)(uintptr_t)name };
	size_t low = 0;
	size_t high = members->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key.name, members->items[middle].name);

		if (order == 0)
			return &members->items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct member *members_find(const struct members *members, const char *name,
				  const char *archive, struct error *err)
{
	const struct member *member = members_lookup(members, name);
	int links = 0;

	while (member != NULL && member->trouble == NULL && member->target != NULL)
		if (links++ < LINKS_MAX) {
			member = members_lookup(members, member->target);
		} else {
			(void)error_set(err, ERROR_INPUT, "'%s' in '%s' is a link without an end",
					name, archive);
			return NULL;
		}
	if (member == NULL) {
		(void)error_set(err, ERROR_MISSING, "'%s' is missing in '%s'", name, archive);
	} else if (member->trouble != NULL) {
		(void)error_set(err, ERROR_INPUT, "'%s' in '%s' %s", name, archive,
				member->trouble);
		member = NULL;
	}
	return member;
}
