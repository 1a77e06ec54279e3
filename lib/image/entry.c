#include "config.h"

#include "image/entry.h"

#include <string.h>

#include "image/path.h"

static int entry_clean(const char *raw, struct buf *buf, bool *ret_unsafe, struct error *err)
{
	buf_clear(buf);
	buf_add_string(buf, raw != NULL ? raw : "");
	if (buf_check(buf, "the name of an entry", err) < 0)
		return -1;
	*ret_unsafe = false;
	if (buf->size > 0)
		buf_truncate(buf, path_clean(buf->data, ret_unsafe));
	return 0;
}

/* What a whiteout cannot mean: nothing, its directory, or what lies above that. */
static bool is_no_name(const char *name)
{
	return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* OCI image specification, layer.md, "Whiteouts". */
static void entry_take_marker(struct entry *entry, struct buf *path)
{
	char *slash = strrchr(path->data, '/');
	char *base = slash != NULL ? slash + 1 : path->data;
	size_t directory = (size_t)(base - path->data);

	if (strncmp(base, ".wh.", 4) != 0)
		return;
	if (strcmp(base, ".wh..wh..opq") == 0) {
		entry->type = ENTRY_OPAQUE;
		buf_truncate(path, directory > 0 ? directory - 1 : 0);
	} else if (is_no_name(base + 4) || strncmp(base, ".wh..wh.", 8) == 0) {
		entry->type = ENTRY_OTHER;
	} else {
		entry->type = ENTRY_WHITEOUT;
		memmove(base, base + 4, strlen(base + 4) + 1);
		buf_truncate(path, path->size - 4);
	}
}

int entry_set_path(struct entry *entry, const char *raw, struct buf *buf, struct error *err)
{
	if (entry_clean(raw, buf, &entry->unsafe, err) < 0)
		return -1;
	entry_take_marker(entry, buf);
	entry->path = buf->data;
	entry->path_size = buf->size;
	return 0;
}

int entry_set_target(struct entry *entry, const char *raw, struct buf *buf, struct error *err)
{
	bool unsafe = false;

	if (entry->type == ENTRY_HARDLINK) {
		if (entry_clean(raw, buf, &unsafe, err) < 0)
			return -1;
		entry->unsafe = entry->unsafe || unsafe;
	} else {
		buf_clear(buf);
		buf_add_string(buf, raw != NULL ? raw : "");
		if (buf_check(buf, "the target of a link", err) < 0)
			return -1;
	}
	entry->target = buf->data;
	return 0;
}
