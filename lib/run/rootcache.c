#include "config.h"

#include "run/rootcache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/buf.h"
#include "run/caretaker.h"
#include "run/inroot.h"
#include "run/unpack.h"

/* The ChainID of all layers: OCI image specification, config.md, "Layer ChainID". An image without
 * layers goes by its own ID. */
static int chain_of(const struct image *image, struct digest *ret_chain, struct error *err)
{
	struct digest chain = *image_id(image);

	for (size_t i = 0; i < image_layer_count(image); i++) {
		char above[DIGEST_TEXT_MAX];
		char own[DIGEST_TEXT_MAX];
		char both[2 * DIGEST_TEXT_MAX];
		int length;

		(void)digest_text(&image_layer(image, i)->diff_id, own);
		if (i == 0) {
			chain = image_layer(image, i)->diff_id;
			continue;
		}
		length = snprintf(both, sizeof both, "%s %s", digest_text(&chain, above), own);
		if (digest_of(DIGEST_SHA256, both, (size_t)length, &chain, err) < 0)
			return -1;
	}
	*ret_chain = chain;
	return 0;
}

static int make_directories(const char *path, struct error *err)
{
	auto_free char *start = strdup(path);

	if (start == NULL)
		return error_memory(err);
	for (char *p = start + 1;; p++) {
		char saved = *p;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		if (mkdir(start, 0700) < 0 && errno != EEXIST)
			return error_set(err, ERROR_SYSTEM, "cannot make directory '%s': %s", start,
					 strerror(errno));
		*p = saved;
		if (saved == '\0')
			return 0;
	}
}

static char *cache_default(void)
{
	const char *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *path = NULL;

	if (base != NULL && base[0] == '/') {
		if (asprintf(&path, "%s/seatrial", base) < 0)
			return NULL;
	} else if (asprintf(&path, "%s/.cache/seatrial", home != NULL ? home : "/var/cache") < 0) {
		return NULL;
	}
	return path;
}

/* The list of folders is in the entry itself and not in what is unpacked: a user who removes the
 * cache can remove it, though not what belongs to his subordinate ids. */
static bool is_whole(int roots, const char *key)
{
	auto_free char *marker = NULL;

	if (asprintf(&marker, "%s/folders", key) < 0) {
		marker = NULL;
		return false;
	}
	return faccessat(roots, marker, F_OK, 0) == 0;
}

/* What a run that was killed while unpacking left, and what is left of a removed entry. */
static void remove_stale(int roots, const char *key)
{
	auto_fd int fd = openat(roots, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *item;

	if (directory == NULL)
		return;
	(void)steal_fd(&fd);
	while ((item = readdir(directory)) != NULL)
		if (strcmp(item->d_name, key) == 0 ||
		    (strncmp(item->d_name, key, strlen(key)) == 0 &&
		     strncmp(item->d_name + strlen(key), ".new", 4) == 0))
			(void)inroot_remove(roots, item->d_name);
	(void)closedir(directory);
}

static FILE *open_file(int directory, const char *name, int flags)
{
	int fd = openat(directory, name, flags | O_CLOEXEC, 0644);
	FILE *file = fd >= 0 ? fdopen(fd, (flags & O_WRONLY) != 0 ? "w" : "r") : NULL;

	if (file == NULL && fd >= 0)
		(void)close(fd);
	return file;
}

/* Roots that are kept, by each of who unpacks. */
#define ROOTS_KEPT 10

struct kept {
	char name[NAME_MAX + 1];
	struct timespec used;
};

/* That of an entry which is whole; -1 with errno. */
static int open_folders(int roots, const char *key, struct stat *ret_status)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;

	if (asprintf(&path, "%s/folders", key) < 0) {
		path = NULL;
		return -1;
	}
	fd = openat(roots, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_status) < 0)
		return -1;
	return steal_fd(&fd);
}

/* Under a name of our own: whoever unpacks the same meanwhile uses KEY.new. */
static void remove_unused(int roots, const char *name)
{
	struct stat status;
	auto_fd int use = open_folders(roots, name, &status);
	auto_free char *moved = NULL;

	if (use < 0 || flock(use, LOCK_EX | LOCK_NB) < 0)
		return;
	if (asprintf(&moved, "%s.new-%d", name, getpid()) < 0) {
		moved = NULL;
		return;
	}
	if (renameat(roots, name, roots, moved) == 0)
		(void)inroot_remove(roots, moved);
}

static int kept_compare(const void *place_a, const void *place_b)
{
	const struct kept *a = place_a;
	const struct kept *b = place_b;

	if (a->used.tv_sec != b->used.tv_sec)
		return a->used.tv_sec > b->used.tv_sec ? -1 : 1;
	return (a->used.tv_nsec < b->used.tv_nsec) - (a->used.tv_nsec > b->used.tv_nsec);
}

/* Those of the kind of `key`, which its end tells. What is wrong is left to the next one. */
static void remove_least_used(int roots, const char *key)
{
	auto_fd int fd = openat(roots, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	auto_free struct kept *kept = NULL;
	struct error err = ERROR_INIT;
	struct dirent *item;
	size_t capacity = 0;
	size_t count = 0;

	if (directory == NULL)
		return;
	(void)steal_fd(&fd);
	while ((item = readdir(directory)) != NULL) {
		struct stat status;
		auto_fd int folders = -1;

		if (strlen(item->d_name) != strlen(key) ||
		    strcmp(strchr(key, '-'), item->d_name + (strchr(key, '-') - key)) != 0 ||
		    (folders = open_folders(roots, item->d_name, &status)) < 0)
			continue;
		if (array_room(&kept, count, &capacity, &err) < 0)
			break;
		(void)snprintf(kept[count].name, sizeof kept[count].name, "%s", item->d_name);
		kept[count++].used = status.st_mtim;
	}
	(void)closedir(directory);
	if (count > ROOTS_KEPT)
		qsort(kept, count, sizeof *kept, kept_compare);
	for (size_t i = ROOTS_KEPT; i < count; i++)
		if (strcmp(kept[i].name, key) != 0)
			remove_unused(roots, kept[i].name);
}

/* Says that it is used, and when. False: it is not there (any more). */
static bool use_take(int roots, const char *key, int *ret_use)
{
	struct stat held;
	struct stat named;
	auto_fd int use = open_folders(roots, key, &held);
	auto_fd int again = -1;

	if (use < 0 || flock(use, LOCK_SH) < 0)
		return false;
	again = open_folders(roots, key, &named);
	if (again < 0 || named.st_ino != held.st_ino || named.st_dev != held.st_dev)
		return false;
	(void)futimens(use, NULL);
	*ret_use = steal_fd(&use);
	return true;
}

static int unpack_new(const struct image *image, int roots, const char *key, struct error *err)
{
	auto_free char *name = NULL;
	auto_fd int entry = -1;
	auto_fd int root = -1;
	auto_file FILE *folders = NULL;
	auto_free char *lock_name = NULL;
	auto_caretaker struct caretaker caretaker = { .line = -1 };
	int result = 0;

	remove_stale(roots, key);
	if (asprintf(&name, "%s.new", key) < 0 || asprintf(&lock_name, "%s.lock", key) < 0)
		return error_memory(err);
	caretaker_start(&caretaker, roots, (const char *const[]) { name, lock_name, NULL });
	if (mkdirat(roots, name, 0711) < 0 ||
	    (entry = openat(roots, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    mkdirat(entry, "mnt", 0755) < 0 || mkdirat(entry, "root", 0755) < 0 ||
	    (root = openat(entry, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    (folders = open_file(entry, "folders", O_WRONLY | O_CREAT | O_EXCL)) == NULL)
		result = error_set(err, ERROR_SYSTEM, "cannot make a directory in the cache: %s",
				   strerror(errno));
	if (result == 0)
		result = unpack_image(image, root, folders, err);
	if (result == 0 && renameat(roots, name, roots, key) < 0)
		result = error_set(err, ERROR_SYSTEM, "cannot rename a directory in the cache: %s",
				   strerror(errno));
	if (result < 0)
		(void)inroot_remove(roots, name);
	else
		remove_least_used(roots, key);
	return result;
}

/* Who held the lock before may have removed its file: then it is another's, or nobody's. */
static int lock_take(int roots, const char *name, int *ret_lock)
{
	for (;;) {
		auto_fd int lock = openat(roots, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		struct stat held;
		struct stat named;

		if (lock < 0 || flock(lock, LOCK_EX) < 0 || fstat(lock, &held) < 0)
			return -1;
		if (fstatat(roots, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    named.st_ino == held.st_ino && named.st_dev == held.st_dev) {
			*ret_lock = steal_fd(&lock);
			return 0;
		}
	}
}

struct clearing {
	const char *base;
};

static int clear_inside(void *context, struct error *err)
{
	const struct clearing *clearing = context;
	auto_fd int base = open(clearing->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (base < 0 && errno == ENOENT)
		return 0;
	if (base < 0 || inroot_remove(base, "roots") < 0)
		return error_set(err, ERROR_SYSTEM, "cannot clear the cache '%s': %s",
				 clearing->base, strerror(errno));
	return 0;
}

int rootcache_clear(const char *cache, const struct idmap *map, struct error *err)
{
	auto_free char *base = cache != NULL ? strdup(cache) : cache_default();
	struct clearing clearing = { base };

	if (base == NULL)
		return error_memory(err);
	return map->kind == IDMAP_SUBORDINATE ? idmap_run(map, clear_inside, &clearing, err)
					      : clear_inside(&clearing, err);
}

/* What unpack_new is called with, in a process that can give files their owners. */
struct unpacking {
	const struct image *image;
	int roots;
	const char *key;
};

static int unpack_inside(void *context, struct error *err)
{
	const struct unpacking *unpacking = context;

	return unpack_new(unpacking->image, unpacking->roots, unpacking->key, err);
}

static int unpack_by(const struct idmap *map, const struct image *image, int roots, const char *key,
		     struct error *err)
{
	struct unpacking unpacking = { image, roots, key };

	return map->kind == IDMAP_SUBORDINATE ? idmap_run(map, unpack_inside, &unpacking, err)
					      : unpack_new(image, roots, key, err);
}

int rootcache_get(const struct image *image, const char *cache, const struct idmap *map,
		  char **ret_directory, int *ret_use, struct error *err)
{
	auto_free char *base = cache != NULL ? strdup(cache) : cache_default();
	auto_free char *roots_path = NULL;
	auto_free char *key = NULL;
	auto_free char *lock_name = NULL;
	auto_fd int roots = -1;
	auto_fd int use = -1;
	char hex[DIGEST_TEXT_MAX];
	struct digest chain;
	char *directory = NULL;
	int result;

	if (base == NULL || asprintf(&roots_path, "%s/roots", base) < 0)
		return error_memory(err);
	if (chain_of(image, &chain, err) < 0)
		return -1;
	if (asprintf(&key, "%s-%s", digest_hex(&chain, hex),
		     map->kind == IDMAP_HOST	 ? "root"
		     : map->kind == IDMAP_SINGLE ? "user"
						 : "mapped") < 0 ||
	    asprintf(&lock_name, "%s.lock", key) < 0)
		return error_memory(err);
	if (make_directories(roots_path, err) < 0)
		return -1;
	roots = open(roots_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (roots < 0)
		return error_set(err, ERROR_SYSTEM, "cannot open '%s': %s", roots_path,
				 strerror(errno));
	for (unsigned tries = 0; !use_take(roots, key, &use); tries++) {
		auto_fd int lock = -1;

		if (tries == 3)
			return error_set(err, ERROR_SYSTEM, "cannot use '%s/%s': %s", roots_path,
					 key, strerror(errno));
		if (lock_take(roots, lock_name, &lock) < 0)
			return error_set(err, ERROR_SYSTEM, "cannot lock the cache '%s': %s",
					 roots_path, strerror(errno));
		/* somebody else may have made it while we waited */
		result = is_whole(roots, key) ? 0 : unpack_by(map, image, roots, key, err);
		(void)unlinkat(roots, lock_name, 0);
		if (result < 0)
			return -1;
	}
	if (asprintf(&directory, "%s/%s", roots_path, key) < 0)
		return error_memory(err);
	*ret_directory = directory;
	*ret_use = steal_fd(&use);
	return 0;
}

int rootcache_folders(const char *directory, struct buf *folders, struct error *err)
{
	auto_free char *name = NULL;

	if (asprintf(&name, "%s/folders", directory) < 0) {
		name = NULL;
		return error_memory(err);
	}
	return buf_read_file(folders, name, err);
}

/* The first layer that has an entry for it, for later ones repeat what they change something in. */
static bool layer_of_folder(const struct buf *folders, const char *path, size_t *ret_layer)
{
	for (const char *record = folders->data; record < folders->data + folders->size;
	     record += strlen(record) + 1) {
		const char *space = strchr(record, ' ');

		if (space != NULL && strcmp(space + 1, path) == 0) {
			*ret_layer = (size_t)strtoull(record, NULL, 10);
			return true;
		}
	}
	return false;
}

bool rootcache_layer_of(const struct buf *folders, const char *path, size_t *ret_layer)
{
	auto_free char *folder = strdup(path);

	while (folder != NULL && folder[0] == '/') {
		if (layer_of_folder(folders, folder, ret_layer))
			return true;
		*strrchr(folder, '/') = '\0';
	}
	return false;
}
