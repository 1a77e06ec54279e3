#include "config.h"

#include "image/path.h"

#include <string.h>

size_t path_clean(char *path, bool *ret_unsafe)
{
	const char *from = path;
	char *to = path;

	*ret_unsafe = false;
	while (*from != '\0') {
		const char *start = from;
		size_t length;

		while (*from != '\0' && *from != '/')
			from++;
		length = (size_t)(from - start);
		while (*from == '/')
			from++;
		if (length == 0 || (length == 1 && start[0] == '.'))
			continue;
		if (length == 2 && start[0] == '.' && start[1] == '.')
			*ret_unsafe = true;
		if (to != path)
			*to++ = '/';
		memmove(to, start, length);
		to += length;
	}
	*to = '\0';
	return (size_t)(to - path);
}

int path_normalise(const char *path, char **ret_path, bool *ret_unsafe, struct error *err)
{
	char *copy = strdup(path != NULL ? path : "");

	if (copy == NULL)
		return error_memory(err);
	(void)path_clean(copy, ret_unsafe);
	*ret_path = copy;
	return 0;
}

/* Takes "x/.." out of a cleaned path; false where a ".." would climb above its start. */
static bool path_resolve_dots(char *path)
{
	const char *from = path;
	char *to = path;

	while (*from != '\0') {
		size_t length = strcspn(from, "/");
		const char *next = from + length + (from[length] == '/');

		if (length == 2 && from[0] == '.' && from[1] == '.') {
			if (to == path)
				return false;
			while (to > path && *--to != '/')
				;
		} else {
			if (to > path)
				*to++ = '/';
			memmove(to, from, length);
			to += length;
		}
		from = next;
	}
	*to = '\0';
	return true;
}

int path_follow(const char *name, const char *target, char **ret_path, bool *ret_unsafe,
		struct error *err)
{
	const char *slash = strrchr(name, '/');
	auto_free char *path = NULL;
	bool dots = false;

	if (target == NULL)
		target = "";
	if (target[0] == '/' || slash == NULL)
		slash = name;
	if (asprintf(&path, "%.*s/%s/", (int)(slash - name), name, target) < 0) {
		path = NULL;
		return error_memory(err);
	}
	(void)path_clean(path, &dots);
	*ret_unsafe = dots && !path_resolve_dots(path);
	*ret_path = steal(&path);
	return 0;
}
