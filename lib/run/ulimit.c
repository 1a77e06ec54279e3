#include "config.h"

#include "run/ulimit.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static const struct {
	const char *name;
	int resource;
} names[] = {
	{ "core", RLIMIT_CORE },	 { "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },	 { "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },	 { "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },	 { "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },		 { "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },	 { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

static int value_parse(const char *text, size_t length, rlim_t *ret_value)
{
	auto_free char *copy = strndup(text, length);
	uint64_t number;

	if (copy == NULL)
		return -1;
	if (strcmp(copy, "-1") == 0) {
		*ret_value = RLIM_INFINITY;
		return 0;
	}
	if (text_parse_number(copy, &number, NULL) < 0)
		return -1;
	*ret_value = (rlim_t)number;
	return 0;
}

int ulimit_parse(const char *text, struct ulimit *ret_limit, struct error *err)
{
	size_t length = strcspn(text, "=");
	const char *values = text + length + (text[length] == '=');
	size_t soft = strcspn(values, ":");
	const char *hard = values[soft] == ':' ? values + soft + 1 : values;
	struct ulimit limit = { 0 };

	for (size_t i = 0; i < array_size(names); i++)
		if (strlen(names[i].name) == length && strncmp(names[i].name, text, length) == 0) {
			limit.name = names[i].name;
			limit.resource = names[i].resource;
		}
	if (limit.name == NULL || text[length] != '=')
		return error_set(err, ERROR_USAGE,
				 "--ulimit: '%s' is no NAME=SOFT[:HARD] of a known limit", text);
	if (value_parse(values, soft, &limit.soft) < 0 ||
	    value_parse(hard, strlen(hard), &limit.hard) < 0)
		return error_set(err, ERROR_USAGE, "--ulimit: '%s' has no number", text);
	if (limit.soft > limit.hard)
		return error_set(err, ERROR_USAGE,
				 "--ulimit: '%s': the soft limit lies above the hard one", text);
	*ret_limit = limit;
	return 0;
}
