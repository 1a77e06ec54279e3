#include "config.h"

#include "file/edits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

/* Lines around a change. */
#define CONTEXT 3

int edits_add(struct edits *edits, struct span at, const char *text, struct error *err)
{
	size_t index = edits->count;
	char *copy;

	for (size_t i = 0; i < edits->count; i++)
		if (edits->items[i].at.start == at.start && edits->items[i].at.end == at.end &&
		    strcmp(edits->items[i].text, text) == 0)
			return 0;
	while (index > 0 && edits->items[index - 1].at.start > at.start)
		index--;
	if ((index > 0 && (edits->items[index - 1].at.end > at.start ||
			   edits->items[index - 1].at.start == at.start)) ||
	    (index < edits->count && at.end > edits->items[index].at.start))
		return error_set(err, ERROR_INPUT, "two changes of the same bytes");
	if (array_room(&edits->items, edits->count, &edits->capacity, err) < 0)
		return -1;
	copy = strdup(text);
	if (copy == NULL)
		return error_memory(err);
	memmove(edits->items + index + 1, edits->items + index,
		(edits->count - index) * sizeof *edits->items);
	edits->items[index] = (struct edit) { .at = at, .text = copy };
	edits->count++;
	return 0;
}

void edits_release(struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		free(edits->items[i].text);
	free(edits->items);
	*edits = (struct edits) { 0 };
}

int edits_apply(const struct edits *edits, const char *data, size_t size, struct buf *out,
		struct error *err)
{
	size_t at = 0;

	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->items[i];

		buf_add(out, data + at, edit->at.start - at);
		buf_add_string(out, edit->text);
		at = edit->at.end;
	}
	buf_add(out, data + at, size - at);
	return buf_check(out, "the changed file", err);
}

/* The lines of a text, with their breaks. */
struct lines {
	const char *at;
	const char *end;
};

/* An empty line at the end. */
static struct lines next_line(struct lines *rest)
{
	struct lines line = *rest;
	const char *newline = rest->at < rest->end
				      ? memchr(rest->at, '\n', (size_t)(rest->end - rest->at))
				      : NULL;

	line.end = newline != NULL ? newline + 1 : rest->end;
	rest->at = line.end;
	return line;
}

static void add_line(struct buf *out, char sign, struct lines line)
{
	size_t size = (size_t)(line.end - line.at);

	buf_add_char(out, sign);
	buf_add(out, line.at, size);
	if (size == 0 || line.end[-1] != '\n')
		buf_add_string(out, "\n\\ No newline at end of file\n");
}

static bool is_same(struct lines a, struct lines b)
{
	size_t size = (size_t)(a.end - a.at);

	return size == (size_t)(b.end - b.at) && memcmp(a.at, b.at, size) == 0;
}

/* A run of lines, in which removed ones come before added ones. */
static void add_hunk(const struct lines *from, const struct lines *to, size_t first, size_t last,
		     struct buf *out)
{
	size_t count = last - first + 1;
	size_t i = first;

	if (count == 1)
		buf_printf(out, "@@ -%zu +%zu @@\n", first + 1, first + 1);
	else
		buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", first + 1, count, first + 1, count);
	while (i <= last) {
		size_t start = i;

		if (is_same(from[i], to[i])) {
			add_line(out, ' ', from[i++]);
			continue;
		}
		for (; i <= last && !is_same(from[i], to[i]); i++)
			add_line(out, '-', from[i]);
		for (size_t j = start; j < i; j++)
			add_line(out, '+', to[j]);
	}
}

static size_t count_lines(const struct buf *buf)
{
	size_t count = 0;

	for (struct lines rest = { buf->data, buf->data + buf->size }; rest.at < rest.end; count++)
		(void)next_line(&rest);
	return count;
}

static void add_hunks(const struct lines *from, const struct lines *to, size_t count,
		      struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		size_t first = i > CONTEXT ? i - CONTEXT : 0;
		size_t last = i;

		if (is_same(from[i], to[i]))
			continue;
		/* changes whose contexts touch share a hunk */
		for (size_t j = i + 1; j < count && j <= last + 2 * CONTEXT + 1; j++)
			if (!is_same(from[j], to[j]))
				last = j;
		i = last;
		last = last + CONTEXT < count ? last + CONTEXT : count - 1;
		add_hunk(from, to, first, last, out);
	}
}

void diff_lines(const char *name, const struct buf *from, const struct buf *to, struct buf *out)
{
	size_t count = count_lines(from);
	struct lines *both = calloc(2 * count + 1, sizeof *both);
	struct lines rest_from = { from->data, from->data + from->size };
	struct lines rest_to = { to->data, to->data + to->size };

	assert(count_lines(to) == count);
	if (both == NULL) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		both[i] = next_line(&rest_from);
		both[count + i] = next_line(&rest_to);
	}
	if (from->size != to->size || memcmp(from->data, to->data, from->size) != 0) {
		buf_printf(out, "--- %s\n+++ %s\n", name, name);
		add_hunks(both, both + count, count, out);
	}
	free(both);
}

struct rewrite {
	char *path; /* links resolved */
	char *beside;
};

static int system_error(const char *what, const char *path, struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "cannot %s '%s': %s", what, path, strerror(errno));
}

static int check_old(const char *path, const struct buf *from, struct stat *ret_stat,
		     struct error *err)
{
	auto_buf struct buf now;

	buf_init(&now, from->size + 1);
	if (stat(path, ret_stat) < 0)
		return system_error("look at", path, err);
	if (!S_ISREG(ret_stat->st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is no regular file", path);
	if ((uintmax_t)ret_stat->st_size == from->size && buf_read_file(&now, path, err) < 0)
		return -1;
	if (now.size != from->size || memcmp(now.data, from->data, now.size) != 0)
		return error_set(err, ERROR_INPUT, "'%s' has changed meanwhile", path);
	return 0;
}

static int write_all(int fd, const struct buf *buf)
{
	for (size_t at = 0; at < buf->size;) {
		ssize_t wrote = write(fd, buf->data + at, buf->size - at);

		if (wrote < 0 && errno != EINTR)
			return -1;
		at += wrote > 0 ? (size_t)wrote : 0;
	}
	return 0;
}

/* Owner before mode: changing the owner takes set-uid bits away. */
static int write_beside(struct rewrite *rewrite, const struct stat *old, const struct buf *to,
			struct error *err)
{
	auto_fd int fd = mkostemp(rewrite->beside, O_CLOEXEC);
	struct stat new;

	if (fd < 0) {
		(void)system_error("create", rewrite->beside, err);
		free(steal(&rewrite->beside));
		return -1;
	}
	if (fstat(fd, &new) < 0 || write_all(fd, to) < 0)
		return system_error("write", rewrite->beside, err);
	if ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) < 0)
		return system_error("keep the owner of", rewrite->path, err);
	if (fchmod(fd, old->st_mode & 07777) < 0 || fsync(fd) < 0)
		return system_error("write", rewrite->beside, err);
	return 0;
}

int rewrite_new(const char *path, const struct buf *from, const struct buf *to,
		struct rewrite **ret_rewrite, struct error *err)
{
	struct rewrite *rewrite = calloc(1, sizeof *rewrite);
	struct stat old;

	if (rewrite == NULL)
		return error_memory(err);
	rewrite->path = realpath(path, NULL);
	if (rewrite->path == NULL) {
		(void)system_error("find", path, err);
	} else if (check_old(rewrite->path, from, &old, err) == 0) {
		if (asprintf(&rewrite->beside, "%s.XXXXXX", rewrite->path) < 0) {
			rewrite->beside = NULL;
			(void)error_memory(err);
		} else if (write_beside(rewrite, &old, to, err) == 0) {
			*ret_rewrite = rewrite;
			return 0;
		}
	}
	rewrite_free(rewrite);
	return -1;
}

int rewrite_finish(struct rewrite *rewrite, struct error *err)
{
	if (rename(rewrite->beside, rewrite->path) < 0)
		return system_error("replace", rewrite->path, err);
	free(steal(&rewrite->beside));
	return 0;
}

void rewrite_free(struct rewrite *rewrite)
{
	if (rewrite == NULL)
		return;
	if (rewrite->beside != NULL)
		(void)unlink(rewrite->beside);
	free(rewrite->beside);
	free(rewrite->path);
	free(rewrite);
}
