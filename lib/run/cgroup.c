#include "config.h"

#include "run/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

#define TEXT_MAX_BYTES ((size_t)4 << 20)
/* Of a processor's time, in microseconds: the kernel's own choice. */
#define PERIOD UINT64_C(100000)

/* --- where they are ------------------------------------------------------------------------ */

/* One of the words, parted by commas. */
static bool has_word(const char *words, size_t size, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; at < words + size; at += strcspn(at, ",") + 1) {
		size_t own = strcspn(at, ",: \n");

		if (own == length && strncmp(at, word, length) == 0)
			return true;
	}
	return size == 0 && length == 0;
}

/* The path of the process's group: a line "NUMBER:CONTROLLERS:PATH". */
static char *group_of(const char *groups, const char *controller)
{
	for (const char *line = groups; line != NULL && *line != '\0';) {
		const char *end = line + strcspn(line, "\n");
		const char *first = memchr(line, ':', (size_t)(end - line));
		const char *second =
			first != NULL ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;

		if (second != NULL && has_word(first + 1, (size_t)(second - first - 1), controller))
			return strndup(second + 1, (size_t)(end - second - 1));
		line = *end == '\n' ? end + 1 : end;
	}
	return NULL;
}

/* A line of mountinfo, proc(5): the fourth field is the root, the fifth the mount point, and behind
 * " - " stand the type, the source and the options of the file system. */
static bool read_mount(const char *line, size_t size, const char *controller, char **ret_root,
		       char **ret_mount)
{
	auto_free char *copy = strndup(line, size);
	char *type = copy != NULL ? strstr(copy, " - ") : NULL;
	char root[4096];
	char mount[4096];
	const char *options;

	if (type == NULL || sscanf(copy, "%*d %*d %*s %4095s %4095s", root, mount) != 2)
		return false;
	type += 3;
	options = strrchr(type, ' ');
	if (controller[0] == '\0' ? strncmp(type, "cgroup2 ", 8) != 0
				  : strncmp(type, "cgroup ", 7) != 0 || options == NULL ||
					    !has_word(options + 1, strlen(options + 1), controller))
		return false;
	*ret_root = strdup(root);
	*ret_mount = strdup(mount);
	return true;
}

bool cgroup_find(const char *groups, const char *mounts, const char *controller, char **ret_mount,
		 char **ret_path)
{
	auto_free char *path = group_of(groups, controller);
	auto_free char *root = NULL;
	auto_free char *mount = NULL;
	size_t length;

	for (const char *line = mounts; root == NULL && *line != '\0';) {
		size_t size = strcspn(line, "\n");

		(void)read_mount(line, size, controller, &root, &mount);
		line += size + (line[size] == '\n');
	}
	if (path == NULL || root == NULL || mount == NULL)
		return false;
	/* of a mount that shows a part only the path begins there */
	length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, length) != 0)
		return false;
	*ret_path = strdup(strcmp(path + length, "/") == 0 ? "" : path + length);
	*ret_mount = steal(&mount);
	return *ret_path != NULL;
}

/* --- making one ---------------------------------------------------------------------------- */

static int write_value(const char *folder, const char *file, const char *value)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;

	if (asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		return -1;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value) ? 0 : -1;
}

static int write_number(const char *folder, const char *file, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%" PRIu64, value);
	return write_value(folder, file, text);
}

static bool has_file(const char *folder, const char *file)
{
	auto_free char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		return false;
	}
	return access(path, F_OK) == 0;
}

/* In the group itself, beside it, or at the top: the first in which one can be made that has
 * `file`. The caller frees. */
static char *make_folder(const char *mount, const char *path, const char *file)
{
	auto_free char *above = strdup(path);

	while (above != NULL) {
		char *folder = NULL;
		char *slash = strrchr(above, '/');

		if (asprintf(&folder, "%s%s/seatrial-%d", mount, above, (int)getpid()) < 0)
			return NULL;
		if (mkdir(folder, 0755) == 0) {
			if (has_file(folder, file))
				return folder;
			(void)rmdir(folder);
		}
		free(folder);
		if (slash == NULL)
			return NULL;
		*slash = '\0';
	}
	return NULL;
}

static char *make_for(const char *groups, const char *mounts, const char *controller,
		      const char *file)
{
	auto_free char *mount = NULL;
	auto_free char *path = NULL;

	return cgroup_find(groups, mounts, controller, &mount, &path)
		       ? make_folder(mount, path, file)
		       : NULL;
}

static int make_unified(struct cgroup *cgroup, const char *groups, const char *mounts)
{
	cgroup->memory = make_for(groups, mounts, "", "memory.max");
	if (cgroup->memory == NULL)
		return -1;
	cgroup->unified = true;
	if (!has_file(cgroup->memory, "cpu.max"))
		return -1;
	cgroup->cpu = strdup(cgroup->memory);
	return cgroup->cpu != NULL ? 0 : -1;
}

static int set_memory(const struct cgroup *cgroup, uint64_t memory)
{
	if (cgroup->unified) {
		/* as engines have it: no more swap than memory would be none here */
		(void)write_value(cgroup->memory, "memory.swap.max", "0");
		return write_number(cgroup->memory, "memory.max", memory);
	}
	if (write_number(cgroup->memory, "memory.limit_in_bytes", memory) < 0)
		return -1;
	/* where swap is accounted for */
	(void)write_number(cgroup->memory, "memory.memsw.limit_in_bytes", memory);
	return 0;
}

static int set_cpus(const struct cgroup *cgroup, uint64_t cpus)
{
	uint64_t quota = cpus * PERIOD / 1000;
	char text[64];

	if (cgroup->unified) {
		(void)snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, quota, PERIOD);
		return write_value(cgroup->cpu, "cpu.max", text);
	}
	return write_number(cgroup->cpu, "cpu.cfs_period_us", PERIOD) < 0
		       ? -1
		       : write_number(cgroup->cpu, "cpu.cfs_quota_us", quota);
}

int cgroup_make(struct cgroup *cgroup, uint64_t memory, uint64_t cpus, struct error *err)
{
	auto_buf struct buf groups;
	auto_buf struct buf mounts;

	*cgroup = (struct cgroup) { 0 };
	buf_init(&groups, TEXT_MAX_BYTES);
	buf_init(&mounts, TEXT_MAX_BYTES);
	if (memory == 0 && cpus == 0)
		return 0;
	if (buf_read_file(&groups, "/proc/self/cgroup", err) < 0 ||
	    buf_read_file(&mounts, "/proc/self/mountinfo", err) < 0)
		return -1;
	if (make_unified(cgroup, groups.data, mounts.data) < 0) {
		cgroup_remove(cgroup);
		cgroup->memory =
			make_for(groups.data, mounts.data, "memory", "memory.limit_in_bytes");
		cgroup->cpu = make_for(groups.data, mounts.data, "cpu", "cpu.cfs_quota_us");
	}
	if ((memory > 0 && (cgroup->memory == NULL || set_memory(cgroup, memory) < 0)) ||
	    (cpus > 0 && (cgroup->cpu == NULL || set_cpus(cgroup, cpus) < 0))) {
		cgroup_remove(cgroup);
		return error_set(err, ERROR_SYSTEM,
				 "cannot limit the container: no control group can be made here");
	}
	return 0;
}

int cgroup_add(const struct cgroup *cgroup, pid_t pid, struct error *err)
{
	const char *const folders[] = { cgroup->memory, cgroup->unified ? NULL : cgroup->cpu };

	for (size_t i = 0; i < array_size(folders); i++)
		if (folders[i] != NULL &&
		    write_number(folders[i], "cgroup.procs", (uint64_t)pid) < 0)
			return error_set(err, ERROR_SYSTEM,
					 "cannot put a process into its control group '%s': %s",
					 folders[i], strerror(errno));
	return 0;
}

/* --- figures ------------------------------------------------------------------------------- */

/* The number behind "NAME " at the start of a line, or the file's only number where NAME is "". */
static uint64_t read_number(const char *folder, const char *file, const char *name)
{
	auto_buf struct buf text;
	auto_free char *path = NULL;
	size_t length = strlen(name);

	buf_init(&text, TEXT_MAX_BYTES);
	if (folder == NULL || asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		return 0;
	}
	if (buf_read_file(&text, path, NULL) < 0)
		return 0;
	for (const char *line = text.data; line != NULL && *line != '\0';) {
		if (length == 0 || (strncmp(line, name, length) == 0 && line[length] == ' '))
			return strtoull(line + length, NULL, 10);
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return 0;
}

struct cgroup_usage cgroup_read(const struct cgroup *cgroup)
{
	if (cgroup->unified)
		return (struct cgroup_usage) {
			.out_of_memory =
				read_number(cgroup->memory, "memory.events", "oom_kill") > 0,
			.memory_peak = read_number(cgroup->memory, "memory.peak", ""),
			.cpu_time = read_number(cgroup->cpu, "cpu.stat", "usage_usec") * 1000,
		};
	return (struct cgroup_usage) {
		.out_of_memory = read_number(cgroup->memory, "memory.oom_control", "oom_kill") > 0,
		.memory_peak = read_number(cgroup->memory, "memory.max_usage_in_bytes", ""),
	};
}

void cgroup_remove(struct cgroup *cgroup)
{
	if (cgroup->memory != NULL)
		(void)rmdir(cgroup->memory);
	if (cgroup->cpu != NULL)
		(void)rmdir(cgroup->cpu);
	free(cgroup->memory);
	free(cgroup->cpu);
	*cgroup = (struct cgroup) { 0 };
}
