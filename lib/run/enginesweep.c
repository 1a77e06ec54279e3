#include "config.h"

#include "run/enginesweep.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/doc.h"

/* Of another boot, or another machine: nobody takes so long to remove what has ended. */
#define FOREIGN_AGE 3600

/* label=seatrial.program=ro-run, as JSON in a query */
const char sweep_path[] =
	"/containers/json?all=1&filters=%7B%22label%22%3A%5B%22" SWEEP_LABEL_PROGRAM
	"%3D" SWEEP_PROGRAM "%22%5D%7D";

static int read_line(const char *path, char *text, size_t size)
{
	auto_file FILE *file = fopen(path, "re");

	if (file == NULL || fgets(text, (int)size, file) == NULL)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

/* In ticks since the boot: field 22 of proc(5)'s stat, behind a name that may hold anything. */
static int start_of(long pid, char ticks[32])
{
	char path[64];
	char line[1024];
	const char *rest;

	(void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	if (read_line(path, line, sizeof line) < 0)
		return -1;
	rest = strrchr(line, ')');
	if (rest == NULL ||
	    sscanf(rest,
		   ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		   "%*s %*s %31s",
		   ticks) != 1)
		return -1;
	return 0;
}

/* "BOOT/NAMESPACE" */
static int place_of(char place[96])
{
	char boot[48];
	char space[48];
	ssize_t size = readlink("/proc/self/ns/pid", space, sizeof space - 1);

	if (size < 0 || read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot) < 0)
		return -1;
	space[size] = '\0';
	(void)snprintf(place, 96, "%.40s/%.40s", boot, space);
	return 0;
}

int sweep_owner(char owner[160], struct error *err)
{
	char place[96];
	char ticks[32];

	if (place_of(place) < 0 || start_of((long)getpid(), ticks) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot read /proc: %s", strerror(errno));
	(void)snprintf(owner, 160, "%s/%ld/%s", place, (long)getpid(), ticks);
	return 0;
}

static bool is_gone(long pid, const char *ticks)
{
	char now[32];

	return start_of(pid, now) < 0 || strcmp(now, ticks) != 0;
}

bool sweep_is_left(const json_t *container, const char *owner)
{
	const json_t *labels = json_object_get(container, "Labels");
	const char *program = json_string_value(json_object_get(labels, SWEEP_LABEL_PROGRAM));
	const char *theirs = json_string_value(json_object_get(labels, SWEEP_LABEL_OWNER));
	const char *state = json_string_value(json_object_get(container, "State"));
	json_int_t created = json_integer_value(json_object_get(container, "Created"));
	const char *slash = strchr(owner, '/');
	size_t place;
	long pid;
	char ticks[32];

	if (program == NULL || strcmp(program, SWEEP_PROGRAM) != 0 || theirs == NULL ||
	    slash == NULL || strchr(slash + 1, '/') == NULL)
		return false;
	place = (size_t)(strchr(slash + 1, '/') - owner) + 1;
	if (strncmp(theirs, owner, place) == 0)
		return sscanf(theirs + place, "%ld/%31s", &pid, ticks) == 2 && is_gone(pid, ticks);
	/* its process cannot be seen from here; a live one would have removed it long ago */
	return state != NULL && strcmp(state, "running") != 0 && strcmp(state, "paused") != 0 &&
	       created > 0 && time(NULL) - created > FOREIGN_AGE;
}
