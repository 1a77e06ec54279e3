#include "config.h"

#include "check/suggest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "run/inroot.h"

static void need_release(struct need *need)
{
	free(need->path);
	free(need->from);
	free(need->process);
}

static void mounts_clear(struct suggestion *suggestion)
{
	for (size_t i = 0; i < suggestion->count; i++)
		free(suggestion->mounts[i].path);
	suggestion->count = 0;
}

void suggestion_release(struct suggestion *suggestion)
{
	for (size_t i = 0; i < suggestion->needs.count; i++)
		need_release(&suggestion->needs.items[i]);
	free(suggestion->needs.items);
	mounts_clear(suggestion);
	free(suggestion->mounts);
	free(suggestion->impossible);
	free(suggestion->problem);
	*suggestion = (struct suggestion) { 0 };
}

/* --- what is needed ------------------------------------------------------------------------ */

static struct need *need_find(const struct needs *needs, const char *path)
{
	for (size_t i = 0; i < needs->count; i++)
		if (strcmp(needs->items[i].path, path) == 0)
			return &needs->items[i];
	return NULL;
}

static int copy(char **place, const char *text, struct error *err)
{
	*place = text != NULL ? strdup(text) : NULL;
	return text != NULL && *place == NULL ? error_memory(err) : 0;
}

/* The first of one path stays. */
static int need_add(struct needs *needs, const char *path, const char *from, const char *process,
		    struct need **ret_need, struct error *err)
{
	struct need need = { 0 };

	*ret_need = need_find(needs, path);
	if (*ret_need != NULL)
		return (*ret_need)->from == NULL ? copy(&(*ret_need)->from, from, err) : 0;
	if (copy(&need.path, path, err) < 0 || copy(&need.from, from, err) < 0 ||
	    copy(&need.process, process, err) < 0 ||
	    array_room(&needs->items, needs->count, &needs->capacity, err) < 0) {
		need_release(&need);
		return -1;
	}
	needs->items[needs->count] = need;
	*ret_need = &needs->items[needs->count++];
	return 0;
}

static bool makes_folder(const struct attempt *attempt)
{
	return strncmp(attempt->call, "mkdir", 5) == 0;
}

/* Of itself, or by a rename over it: a mount at its own path would stand in the way. */
static bool replaces(const struct attempt *attempt)
{
	return attempt->effect == EFFECT_DELETES || strncmp(attempt->call, "rename", 6) == 0;
}

static int take_attempts(struct needs *needs, const struct attempts *attempts, bool refused,
			 bool *ret_new, struct error *err)
{
	for (size_t i = 0; i < attempts->count; i++) {
		const struct attempt *attempt = &attempts->items[i];
		size_t before = needs->count;
		struct need *need;

		if (!attempt->on_root || attempt->effect == EFFECT_MOUNTS)
			continue;
		if (need_add(needs, attempt->path, attempt->from, attempt->process, &need, err) < 0)
			return -1;
		*ret_new = *ret_new || needs->count > before || (refused && !need->is_refused);
		need->is_refused = need->is_refused || refused;
		need->is_folder = need->is_folder || makes_folder(attempt);
		need->is_replaced = need->is_replaced || replaces(attempt);
	}
	return 0;
}

static bool is_of_the_user(int error)
{
	return error == EACCES || error == EPERM || error == EXDEV;
}

/* What failed though the root was writable would be counted as refused. */
static int take_failed(struct needs *needs, const struct attempts *failed, struct error *err)
{
	for (size_t i = 0; i < failed->count; i++) {
		const struct attempt *attempt = &failed->items[i];
		struct need *need;

		if (!attempt->on_root || attempt->effect == EFFECT_MOUNTS ||
		    !is_of_the_user(attempt->error))
			continue;
		if (need_add(needs, attempt->path, attempt->from, attempt->process, &need, err) < 0)
			return -1;
		need->is_folder = need->is_folder || makes_folder(attempt);
	}
	return 0;
}

int suggest_take_writes(struct needs *needs, const struct container_record *record,
			struct error *err)
{
	bool new = false;

	if (take_attempts(needs, &record->trace.written, false, &new, err) < 0 ||
	    take_attempts(needs, &record->trace.asked, false, &new, err) < 0 ||
	    take_failed(needs, &record->trace.failed, err) < 0)
		return -1;
	for (size_t i = 0; i < record->writes.count; i++) {
		const struct write_record *write = &record->writes.items[i];
		struct need *need;

		if (need_add(needs, write->path, NULL, write->process, &need, err) < 0)
			return -1;
		need->bytes = write->bytes;
	}
	return 0;
}

int suggest_take_refused(struct needs *needs, const struct container_record *record, bool *ret_new,
			 struct error *err)
{
	*ret_new = false;
	if (take_attempts(needs, &record->trace.refused, true, ret_new, err) < 0)
		return -1;
	/* of an engine, which tells paths only */
	for (size_t i = 0; i < record->would.count; i++) {
		struct need *need;
		size_t before = needs->count;

		if (need_add(needs, record->would.items[i].path, NULL, NULL, &need, err) < 0)
			return -1;
		*ret_new = *ret_new || needs->count > before;
	}
	return 0;
}

/* --- where it can be written --------------------------------------------------------------- */

/* `path` is `folder`, or lies below it. */
static bool lies_in(const char *path, const char *folder)
{
	size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_served(const char *path, const char *const *given)
{
	for (size_t i = 0; given != NULL && given[i] != NULL; i++)
		if (lies_in(path, given[i]))
			return true;
	return false;
}

static bool is_folder_at(int root, const char *path)
{
	auto_fd int fd = inroot_open(root, path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_there(int root, const char *path)
{
	auto_fd int fd = inroot_open(root, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0;
}

enum content { CONTENT_NONE, CONTENT_FOLDERS, CONTENT_FILES };

/* Folders in folders are looked into so far; deeper ones count as files. */
#define CONTENT_DEPTH 8

static enum content content_of(int fd, int depth)
{
	DIR *folder = fdopendir(fd);
	const struct dirent *item;
	enum content content = CONTENT_NONE;

	if (folder == NULL) {
		(void)close(fd);
		/* what cannot be looked at may hold anything */
		return CONTENT_FILES;
	}
	while (content != CONTENT_FILES && (item = readdir(folder)) != NULL) {
		int below;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		below = depth > 0 ? openat(dirfd(folder), item->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				  : -1;
		content = below >= 0 && content_of(below, depth - 1) != CONTENT_FILES
				  ? CONTENT_FOLDERS
				  : CONTENT_FILES;
	}
	(void)closedir(folder);
	return content;
}

static enum content content_at(int root, const char *path)
{
	int fd = inroot_open(root, path, O_RDONLY | O_DIRECTORY, 0);

	return fd >= 0 ? content_of(fd, CONTENT_DEPTH) : CONTENT_FILES;
}

/* Some need says that the program makes a folder of it. */
static bool is_made(const struct needs *needs, const char *path)
{
	for (size_t i = 0; i < needs->count; i++) {
		const struct need *need = &needs->items[i];

		if (lies_in(need->path, path) && (need->is_folder || strcmp(need->path, path) != 0))
			return true;
	}
	return false;
}

static bool is_replaced(const struct needs *needs, const char *path)
{
	const struct need *need = need_find(needs, path);

	return need != NULL && need->is_replaced;
}

/* Nothing else in the folder is needed. */
static bool is_alone(const struct needs *needs, const char *folder, const char *made)
{
	for (size_t i = 0; i < needs->count; i++)
		if (lies_in(needs->items[i].path, folder) && !lies_in(needs->items[i].path, made))
			return false;
	return true;
}

/* Cuts the last component off. */
static void cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash != NULL)
		slash[slash == path] = '\0';
}

/* Python's byte code is not worth a mount: the interpreter can be told to leave it. */
static bool is_bytecode(const char *path)
{
	const char *folder = strstr(path, "/__pycache__");

	return folder != NULL &&
	       (folder[strlen("/__pycache__")] == '/' || folder[strlen("/__pycache__")] == '\0');
}

static struct suggest_mount *mount_add(struct suggestion *suggestion, const char *path,
				       enum suggest_kind kind, struct error *err)
{
	struct suggest_mount *mount;
	char *own;

	for (size_t i = 0; i < suggestion->count; i++)
		if (strcmp(suggestion->mounts[i].path, path) == 0) {
			mount = &suggestion->mounts[i];
			if (kind == SUGGEST_VOLUME)
				mount->kind = kind;
			return mount;
		}
	own = strdup(path);
	if (own == NULL ||
	    array_room(&suggestion->mounts, suggestion->count, &suggestion->capacity, err) < 0) {
		free(own);
		return NULL;
	}
	mount = &suggestion->mounts[suggestion->count++];
	*mount = (struct suggest_mount) { .path = own, .kind = kind };
	return mount;
}

static int add_folder(struct suggestion *suggestion, int root, const char *path, bool careful,
		      struct error *err)
{
	enum content content = content_at(root, path);
	bool empty = content == CONTENT_NONE || (content == CONTENT_FOLDERS && !careful);

	return mount_add(suggestion, path, empty ? SUGGEST_TMPFS : SUGGEST_VOLUME, err) != NULL
		       ? 0
		       : -1;
}

static int cannot(struct suggestion *suggestion, const char *path, struct error *err)
{
	if (suggestion->impossible != NULL)
		return 0;
	suggestion->impossible = strdup(path);
	return suggestion->impossible == NULL ? error_memory(err) : 0;
}

/* The narrowest place that serves the path. */
static int serve(struct suggestion *suggestion, int root, const char *path, bool careful,
		 struct error *err)
{
	auto_free char *folder = strdup(path);
	auto_free char *made = NULL;

	if (folder == NULL)
		return error_memory(err);
	if (is_folder_at(root, path) && strcmp(path, "/") != 0 &&
	    !is_replaced(&suggestion->needs, path))
		return add_folder(suggestion, root, path, careful, err);
	/* upwards to what the image has; `made` is what would be made in it */
	do {
		free(made);
		made = strdup(folder);
		if (made == NULL)
			return error_memory(err);
		cut(folder);
	} while (strcmp(folder, "/") != 0 &&
		 (!is_folder_at(root, folder) || is_replaced(&suggestion->needs, folder)));
	if (!is_replaced(&suggestion->needs, made) && !is_there(root, made) &&
	    is_made(&suggestion->needs, made) &&
	    (strcmp(folder, "/") == 0 || content_at(root, folder) != CONTENT_NONE ||
	     is_alone(&suggestion->needs, folder, made)))
		return mount_add(suggestion, made, SUGGEST_TMPFS, err) != NULL ? 0 : -1;
	if (strcmp(folder, "/") == 0)
		return cannot(suggestion, path, err);
	return add_folder(suggestion, root, folder, careful, err);
}

static int compare_mounts(const void *a, const void *b)
{
	return strcmp(((const struct suggest_mount *)a)->path,
		      ((const struct suggest_mount *)b)->path);
}

/* One that lies in another is served by it; the image's content below it must be there then. */
static void absorb(struct suggestion *suggestion, int root)
{
	size_t kept = 0;

	if (suggestion->count > 0)
		qsort(suggestion->mounts, suggestion->count, sizeof *suggestion->mounts,
		      compare_mounts);
	for (size_t i = 0; i < suggestion->count; i++) {
		struct suggest_mount *mount = &suggestion->mounts[i];
		struct suggest_mount *above = NULL;

		for (size_t k = 0; k < kept; k++)
			if (lies_in(mount->path, suggestion->mounts[k].path))
				above = &suggestion->mounts[k];
		if (above == NULL) {
			suggestion->mounts[kept++] = *mount;
			continue;
		}
		if (mount->kind == SUGGEST_VOLUME || is_there(root, mount->path))
			above->kind = SUGGEST_VOLUME;
		free(mount->path);
	}
	suggestion->count = kept;
}

static struct suggest_mount *mount_of(struct suggestion *suggestion, const char *path)
{
	for (size_t i = 0; i < suggestion->count; i++)
		if (lies_in(path, suggestion->mounts[i].path))
			return &suggestion->mounts[i];
	return NULL;
}

/* The folder that both lie in; the caller frees. */
static char *common_folder(const char *a, const char *b)
{
	size_t length = 0;
	char *folder;

	for (size_t i = 0; a[i] == b[i] && a[i] != '\0'; i++)
		if (a[i] == '/')
			length = i;
	folder = strndup(a, length > 0 ? length : 1);
	return folder;
}

/* A file is not renamed from one mount to another. *ret_again: there is a new mount. */
static int join_renames(struct suggestion *suggestion, int root, bool careful, bool *ret_again,
			struct error *err)
{
	*ret_again = false;
	for (size_t i = 0; i < suggestion->needs.count; i++) {
		const struct need *need = &suggestion->needs.items[i];
		const struct suggest_mount *to = mount_of(suggestion, need->path);
		auto_free char *folder = NULL;

		if (need->from == NULL || to == NULL || to == mount_of(suggestion, need->from) ||
		    mount_of(suggestion, need->from) == NULL)
			continue;
		folder = common_folder(need->path, need->from);
		if (folder == NULL)
			return error_memory(err);
		if (strcmp(folder, "/") == 0)
			return cannot(suggestion, need->path, err);
		*ret_again = true;
		return is_folder_at(root, folder)
			       ? add_folder(suggestion, root, folder, careful, err)
		       : mount_add(suggestion, folder, SUGGEST_TMPFS, err) != NULL ? 0
										   : -1;
	}
	return 0;
}

static void give_reasons(struct suggestion *suggestion)
{
	for (size_t i = 0; i < suggestion->needs.count; i++) {
		const struct need *need = &suggestion->needs.items[i];
		struct suggest_mount *mount = mount_of(suggestion, need->path);

		if (mount == NULL)
			continue;
		mount->paths++;
		mount->bytes += need->bytes;
		if (mount->reason_count < SUGGEST_REASONS_MAX)
			mount->reasons[mount->reason_count++] = need;
	}
}

int suggest_mounts(struct suggestion *suggestion, int root, const char *const *given, bool careful,
		   struct error *err)
{
	bool again = true;

	mounts_clear(suggestion);
	suggestion->no_bytecode = false;
	free(steal(&suggestion->impossible));
	for (size_t i = 0; i < suggestion->needs.count; i++) {
		const struct need *need = &suggestion->needs.items[i];

		if (is_served(need->path, given))
			continue;
		if (is_bytecode(need->path))
			suggestion->no_bytecode = true;
		else if (serve(suggestion, root, need->path, careful, err) < 0)
			return -1;
	}
	while (again) {
		absorb(suggestion, root);
		if (join_renames(suggestion, root, careful, &again, err) < 0)
			return -1;
	}
	give_reasons(suggestion);
	return 0;
}
