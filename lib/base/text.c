#include "config.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

size_t text_character(const char *text, size_t size)
{
	const unsigned char *data = (const unsigned char *)text;
	unsigned char c = data[0];
	size_t length = c < 0x80	     ? 1
			: (c & 0xe0) == 0xc0 ? 2
			: (c & 0xf0) == 0xe0 ? 3
			: (c & 0xf8) == 0xf0 ? 4
					     : 0;
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;

	if (length == 1)
		return c >= 0x20 && c != 0x7f && c != '\\';
	if (length == 0 || length > size)
		return 0;
	code = c & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (data[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	/* C1 controls, and the marks that turn the direction of a line round */
	if (code < 0xa0 || (code >= 0x200e && code <= 0x200f) ||
	    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

void text_escape(struct buf *out, const char *data, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)data;

	for (size_t i = 0; i < size;) {
		size_t length = text_character(data + i, size - i);

		if (length > 0) {
			buf_add(out, bytes + i, length);
			i += length;
		} else {
			buf_printf(out, "\\x%02x", bytes[i]);
			i++;
		}
	}
}

const char *text_size(uint64_t bytes, char text[TEXT_FIGURE_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	/* 999.95 would print as 1000.0 */
	while (value >= (unit == 0 ? 1000 : 999.95) && unit + 1 < array_size(units)) {
		value /= 1000;
		unit++;
	}
	if (unit == 0)
		(void)snprintf(text, TEXT_FIGURE_MAX, "%" PRIu64 " B", bytes);
	else
		(void)snprintf(text, TEXT_FIGURE_MAX, "%.1f %s", value, units[unit]);
	return text;
}

const char *text_duration(uint64_t nanoseconds, char text[TEXT_FIGURE_MAX])
{
	uint64_t seconds = nanoseconds / 1000000000;

	if (nanoseconds < 1000000)
		(void)snprintf(text, TEXT_FIGURE_MAX, "%.2f ms", (double)nanoseconds / 1e6);
	else if (nanoseconds < 1000000000)
		(void)snprintf(text, TEXT_FIGURE_MAX, "%" PRIu64 " ms", nanoseconds / 1000000);
	else if (seconds < 60)
		(void)snprintf(text, TEXT_FIGURE_MAX, "%.2f s", (double)nanoseconds / 1e9);
	else
		(void)snprintf(text, TEXT_FIGURE_MAX, "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
			       seconds % 60);
	return text;
}

int text_parse_number(const char *text, uint64_t *ret_number, struct error *err)
{
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)text[0]))
		return error_set(err, ERROR_USAGE, "'%s' is no whole number", text);
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end != '\0')
		return error_set(err, ERROR_USAGE, "'%s' is no whole number", text);
	if (errno == ERANGE)
		return error_set(err, ERROR_USAGE, "'%s' is too large", text);
	*ret_number = number;
	return 0;
}

/* Digits with at most one point; moves *text behind them. Not strtod: no sign, exponent, locale. */
static bool text_decimal(const char **text, long double *ret_value)
{
	const char *p = *text;
	long double value = 0;
	long double place = 1;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		value = value * 10 + (*p - '0');
	if (*p == '.' && isdigit((unsigned char)p[1]))
		for (p++; isdigit((unsigned char)*p); p++) {
			place /= 10;
			value += (*p - '0') * place;
		}
	*text = p;
	*ret_value = value;
	return true;
}

int text_parse_size(const char *text, uint64_t *ret_bytes, struct error *err)
{
	static const struct {
		const char *name;
		long double factor;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "k", 1e3L },
		{ "kB", 1e3L },
		{ "KiB", 1024.0L },
		{ "M", 1e6L },
		{ "MB", 1e6L },
		{ "MiB", 1048576.0L },
		{ "G", 1e9L },
		{ "GB", 1e9L },
		{ "GiB", 1073741824.0L },
		{ "T", 1e12L },
		{ "TB", 1e12L },
		{ "TiB", 1099511627776.0L },
	};
	const char *rest = text;
	long double value;

	if (!text_decimal(&rest, &value))
		return error_set(err, ERROR_USAGE, "'%s' is no size (like 500MB or 1.5GiB)", text);
	while (*rest == ' ')
		rest++;
	for (size_t i = 0; i < array_size(units); i++) {
		if (strcasecmp(rest, units[i].name) != 0)
			continue;
		value *= units[i].factor;
		if (value >= 18446744073709551615.0L)
			return error_set(err, ERROR_USAGE, "'%s' is too large", text);
		*ret_bytes = (uint64_t)(value + 0.5L);
		return 0;
	}
	return error_set(err, ERROR_USAGE, "'%s' is no size (like 500MB or 1.5GiB)", text);
}

int text_parse_duration(const char *text, uint64_t *ret_nanoseconds, struct error *err)
{
	static const struct {
		const char *name;
		long double factor;
	} units[] = {
		{ "ns", 1 },   { "us", 1e3L }, { "ms", 1e6L },
		{ "s", 1e9L }, { "m", 60e9L }, { "h", 3600e9L },
	};
	const char *rest = text;
	long double total = 0;
	long double value;

	do {
		size_t length;
		size_t unit;

		if (!text_decimal(&rest, &value))
			return error_set(err, ERROR_USAGE,
					 "'%s' is no duration (like 500ms, 30s or 10m)", text);
		for (length = 0; isalpha((unsigned char)rest[length]); length++)
			;
		if (length == 0 && *rest == '\0' && total == 0) {
			total = value * 1e9L;
			break;
		}
		for (unit = 0; unit < array_size(units); unit++)
			if (strlen(units[unit].name) == length &&
			    memcmp(rest, units[unit].name, length) == 0)
				break;
		if (unit == array_size(units))
			return error_set(err, ERROR_USAGE,
					 "'%s' is no duration (like 500ms, 30s or 10m)", text);
		total += value * units[unit].factor;
		rest += length;
	} while (*rest != '\0');
	if (total >= 9.2e18L)
		return error_set(err, ERROR_USAGE, "'%s' is too long", text);
	*ret_nanoseconds = (uint64_t)(total + 0.5L);
	return 0;
}

int text_parse_percent(const char *text, double *ret_percent, struct error *err)
{
	const char *rest = text;
	long double value;

	if (!text_decimal(&rest, &value) || strcmp(rest, "%") != 0 || value > 100)
		return error_set(err, ERROR_USAGE, "'%s' is no percentage between 0%% and 100%%",
				 text);
	*ret_percent = (double)value;
	return 0;
}

int text_parse_limit(const char *text, struct limit *ret_limit, struct error *err)
{
	struct limit limit = { .kind = LIMIT_BYTES };

	if (strchr(text, '%') != NULL) {
		limit.kind = LIMIT_PERCENT;
		if (text_parse_percent(text, &limit.percent, err) < 0)
			return -1;
	} else if (text_parse_size(text, &limit.bytes, err) < 0) {
		return -1;
	}
	*ret_limit = limit;
	return 0;
}

static bool take_digits(const char **at, const char *end, int count, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (*at == end || **at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	*ret_value = value;
	return true;
}

static bool take_char(const char **at, const char *end, const char *choices)
{
	if (*at == end || strchr(choices, **at) == NULL || **at == '\0')
		return false;
	(*at)++;
	return true;
}

/* ".123456789": digits beyond the ninth say nothing */
static bool take_fraction(const char **at, const char *end, uint64_t *ret_nanoseconds)
{
	uint64_t unit = 100000000;

	*ret_nanoseconds = 0;
	if (!take_char(at, end, "."))
		return true;
	if (*at == end || **at < '0' || **at > '9')
		return false;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ret_nanoseconds += (uint64_t)(**at - '0') * unit;
	return true;
}

static bool take_zone(const char **at, const char *end, int *ret_seconds)
{
	bool behind = *at < end && **at == '-';
	int hours;
	int minutes;

	*ret_seconds = 0;
	if (take_char(at, end, "Zz"))
		return true;
	if (!take_char(at, end, "+-") || !take_digits(at, end, 2, &hours) ||
	    !take_char(at, end, ":") || !take_digits(at, end, 2, &minutes))
		return false;
	*ret_seconds = (behind ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

int text_parse_time(const char *text, size_t size, uint64_t *ret_nanoseconds, struct error *err)
{
	const char *at = text;
	const char *end = text + size;
	struct tm parts = { 0 };
	uint64_t fraction;
	int zone;
	time_t seconds;

	if (!take_digits(&at, end, 4, &parts.tm_year) || !take_char(&at, end, "-") ||
	    !take_digits(&at, end, 2, &parts.tm_mon) || !take_char(&at, end, "-") ||
	    !take_digits(&at, end, 2, &parts.tm_mday) || !take_char(&at, end, "Tt ") ||
	    !take_digits(&at, end, 2, &parts.tm_hour) || !take_char(&at, end, ":") ||
	    !take_digits(&at, end, 2, &parts.tm_min) || !take_char(&at, end, ":") ||
	    !take_digits(&at, end, 2, &parts.tm_sec) || !take_fraction(&at, end, &fraction) ||
	    !take_zone(&at, end, &zone) || at != end)
		return error_set(err, ERROR_INPUT, "'%.*s' is no time", size > 64 ? 64 : (int)size,
				 text);
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	seconds = timegm(&parts) - zone;
	if (seconds < 0 || seconds > INT64_MAX / 1000000000 - 1)
		return error_set(err, ERROR_INPUT, "'%.*s' lies too far away", (int)size, text);
	*ret_nanoseconds = (uint64_t)seconds * UINT64_C(1000000000) + fraction;
	return 0;
}

bool text_is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

bool text_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool text_ends(const char *text, const char *with)
{
	size_t length = strlen(text);
	size_t tail = strlen(with);

	return length >= tail && strcmp(text + length - tail, with) == 0;
}

const char *text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}
