/*
 * Floor 5. What the programs share and the library must not contain: how a program
 * starts, reports a failure and ends.
 */
#ifndef TOOL_H
#define TOOL_H

#include <jansson.h>

#include "base/error.h"
#include "base/options.h"
#include "file/variables.h"
#include "image/image.h"

/* Exit statuses of every utility. */
enum tool_status {
	TOOL_HOLDS = 0,	    /* what was asked holds */
	TOOL_FAILS = 1,	    /* it does not hold */
	TOOL_UNDECIDED = 2, /* it could not be decided */
};

enum tool_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_TAP };

/* Embedded as the first member of a program's own struct of options. */
struct tool {
	bool help;
	bool version;
	bool json;
	bool tap;
};

/* Rows for every option table. */
#define TOOL_OPTIONS(type)                                                                              \
	{ "json",      0,                                                                               \
	  OPTION_FLAG, offsetof(type, tool.json),                                                       \
	  NULL,	       "print the result as one JSON document",                                         \
	  NULL },                                                                                       \
		{ "tap",       0,                                                                       \
		  OPTION_FLAG, offsetof(type, tool.tap),                                                \
		  NULL,	       "print the result as TAP, version 13",                                   \
		  NULL },                                                                               \
		{ "help", 'h', OPTION_FLAG, offsetof(type, tool.help), NULL, "print this help", NULL }, \
		{ "version",	       'V', OPTION_FLAG, offsetof(type, tool.version), NULL,            \
		  "print the version", NULL },                                                          \
	{                                                                                               \
		NULL, 0, OPTION_FLAG, 0, NULL, NULL, NULL                                               \
	}

/* Rows for those that ask registries; `field` is a struct registry_options. */
#define TOOL_REGISTRY_OPTIONS(type, field)                                                      \
	{ "authfile",                                                                           \
	  0,                                                                                    \
	  OPTION_STRING,                                                                        \
	  offsetof(type, field.authfile),                                                       \
	  "FILE",                                                                               \
	  "credentials for registries (default: those of\ndocker login and podman login)",      \
	  NULL },                                                                               \
		{ "ca-file",	 0,                                                             \
		  OPTION_STRING, offsetof(type, field.ca_file),                                 \
		  "FILE",	 "certificates that are trusted, instead of the\nsystem's",     \
		  NULL },                                                                       \
		{ "insecure",                                                                   \
		  0,                                                                            \
		  OPTION_LIST,                                                                  \
		  offsetof(type, field.insecure),                                               \
		  "HOST[:PORT]",                                                                \
		  "a registry whose certificate is not verified,\nand that may do without TLS", \
		  NULL },                                                                       \
		{ "mirror",	 0,                                                             \
		  OPTION_LIST,	 offsetof(type, field.mirrors),                                 \
		  "HOST=MIRROR", "where a registry's images are asked for first",               \
		  NULL },                                                                       \
	{                                                                                       \
		"time-out", 0, OPTION_DURATION, offsetof(type, field.timeout), "TIME",          \
			"how long a registry may say nothing\n(default: 30s)", NULL             \
	}

/* Rows for those that read images; `type` has a struct image_options named image. */
#define TOOL_IMAGE_OPTIONS(type)                                                             \
	{ "platform",                                                                        \
	  0,                                                                                 \
	  OPTION_STRING,                                                                     \
	  offsetof(type, image.platform),                                                    \
	  "OS/ARCH[/VARIANT]",                                                               \
	  "which image of an index (default: this machine's)",                               \
	  NULL },                                                                            \
		{ "verify",                                                                  \
		  0,                                                                         \
		  OPTION_FLAG,                                                               \
		  offsetof(type, image.verify),                                              \
		  NULL,                                                                      \
		  "check every digest, size and diff_id\n(what a network brings always is)", \
		  NULL },                                                                    \
		TOOL_REGISTRY_OPTIONS(type, image.registry)

/*
 * Sets the locale, parses the command line into `options` (which begins with struct tool) and
 * answers --help and --version. Returns -1 to go on, or the status to exit with.
 */
int tool_begin(const struct program *program, int argc, char **argv, void *options,
	       struct operands *ret_operands) must_check;

/* The values of an option that is repeated, NAME=VALUE each. ERROR_USAGE. */
int tool_read_variables(const struct option_list *list, const char *option,
			struct variables *variables, struct error *err) must_check;

enum tool_format tool_format(const struct tool *tool);

/* "program: text" on standard error; returns TOOL_UNDECIDED. */
int tool_fail(const struct program *program, const struct error *err) must_check;

/* The same for a remark; changes no status. */
void tool_note(const struct program *program, const char *text);

/* Prints a document on standard output, a line break behind it. */
void tool_print_json(const json_t *document);

/* Closes standard output; a failed write turns any status into TOOL_UNDECIDED. */
int tool_finish(const struct program *program, int status) must_check;

#endif
