#include "config.h"

#include "run/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "attributes.h"
#include "base/buf.h"

#define STATUS_MAX ((size_t)64 << 10)

/* The value of a line "NAME:<white space>VALUE"; up to its end. */
static const char *line_value(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, "\t ");
	}
	return NULL;
}

static bool read_status(pid_t pid, struct buf *text)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	return buf_read_file(text, path, NULL) == 0;
}

bool procfs_status(pid_t pid, const char *name, char *value, size_t size)
{
	auto_buf struct buf text;
	const char *found;

	buf_init(&text, STATUS_MAX);
	found = read_status(pid, &text) ? line_value(text.data, name) : NULL;
	if (found == NULL)
		return false;
	(void)snprintf(value, size, "%.*s", (int)strcspn(found, "\n"), found);
	return true;
}

char *procfs_link(pid_t pid, const char *name)
{
	char path[64];
	char text[PATH_MAX];
	ssize_t length;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	length = readlink(path, text, sizeof text - 1);
	if (length < 0)
		return NULL;
	text[length] = '\0';
	return strdup(text);
}

pid_t procfs_inner_pid(pid_t pid)
{
	char value[256];
	const char *last;

	if (!procfs_status(pid, "NSpid", value, sizeof value))
		return pid;
	last = strrchr(value, '\t');
	return (pid_t)strtol(last != NULL ? last : value, NULL, 10);
}

/* Fields 14 and 15 of /proc/PID/stat, in ticks. */
uint64_t procfs_cpu_time(pid_t pid)
{
	char path[64];
	char line[1024];
	auto_file FILE *file = NULL;
	char *rest;
	unsigned long long user = 0;
	unsigned long long system = 0;
	long ticks = sysconf(_SC_CLK_TCK);

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL || fgets(line, sizeof line, file) == NULL)
		return 0;
	/* the name in parentheses may hold anything */
	rest = strrchr(line, ')');
	for (int field = 2; rest != NULL && field < 14; field++) {
		rest = strchr(rest, ' ');
		if (rest != NULL)
			rest++;
	}
	if (rest == NULL)
		return 0;
	user = strtoull(rest, &rest, 10);
	system = strtoull(rest, NULL, 10);
	return (uint64_t)(user + system) *
	       (UINT64_C(1000000000) / (uint64_t)(ticks > 0 ? ticks : 100));
}

static uint64_t number_at(const char *text, const char *name)
{
	const char *value = line_value(text, name);

	return value != NULL ? strtoull(value, NULL, 10) : 0;
}

static unsigned count_files(pid_t pid)
{
	char path[64];
	DIR *folder;
	const struct dirent *item;
	unsigned count = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	if (folder == NULL)
		return 0;
	while ((item = readdir(folder)) != NULL)
		count += item->d_name[0] != '.';
	(void)closedir(folder);
	return count;
}

bool procfs_usage(pid_t pid, struct procfs_usage *ret_usage)
{
	auto_buf struct buf text;

	buf_init(&text, STATUS_MAX);
	if (!read_status(pid, &text))
		return false;
	*ret_usage = (struct procfs_usage) {
		.memory = number_at(text.data, "VmRSS") * 1024,
		.memory_peak = number_at(text.data, "VmHWM") * 1024,
		.cpu_time = procfs_cpu_time(pid),
		.threads = (unsigned)number_at(text.data, "Threads"),
		.files = count_files(pid),
	};
	return true;
}
