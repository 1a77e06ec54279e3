/*
 * Floor 0. One constant table of options per program drives parsing, --help and
 * the test that holds the manual page to both.
 *
 * GNU conventions: long options may be cut to an unambiguous start, `--name=value`
 * and `--name value`, letters in bunches, `--` ends the options; options and operands
 * may be mixed.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "attributes.h"
#include "base/error.h"
#include "base/text.h"

enum option_type {
	OPTION_FLAG,	 /* bool */
	OPTION_STRING,	 /* const char *, borrowed from argv */
	OPTION_LIST,	 /* struct option_list, repeatable, borrowed from argv */
	OPTION_NUMBER,	 /* struct option_number: count */
	OPTION_SIZE,	 /* struct option_number: bytes */
	OPTION_DURATION, /* struct option_number: nanoseconds */
	OPTION_PERCENT,	 /* struct option_percent */
	OPTION_LIMIT,	 /* struct limit: a size or a percentage */
	OPTION_CHOICE,	 /* int, index into .choices */
	OPTION_ENUM_END
};

struct option_number {
	bool set;
	uint64_t value;
};

struct option_percent {
	bool set;
	double value;
};

struct option_list {
	const char **items; /* free with option_list_release */
	size_t count;
};
void option_list_release(struct option_list *list);

struct option_spec {
	const char *name; /* long name without dashes */
	char letter;	  /* 0 for none */
	enum option_type type;
	size_t offset;		    /* of the field in the program's struct */
	const char *argument;	    /* "SIZE"; NULL for a flag */
	const char *help;	    /* one line, or several parted by '\n' */
	const char *const *choices; /* NULL-terminated, for OPTION_CHOICE */
};

struct program {
	const char *name;
	const char *operands; /* "IMAGE", "[--path|--content] PATTERN IMAGE" */
	const char *summary;  /* what it does and its exit statuses; lines of 80 columns */
	const struct option_spec *options; /* ends with a NULL name */
	size_t operands_min;
	size_t operands_max;
	/* everything from the first "--" on is a command and stays unparsed */
	bool takes_command;
};

/* What the command line holds besides options; borrowed from argv. */
struct operands {
	const char **items; /* free with operands_release */
	size_t count;
	char **command; /* behind "--" where .takes_command; NULL for none; ends in NULL */
};
void operands_release(struct operands *operands);

/*
 * Fills the struct at `target`, which the caller has set to its defaults.
 * ERROR_USAGE for unknown, ambiguous or malformed options and a wrong number of operands.
 */
int options_parse(const struct program *program, int argc, char **argv, void *target,
		  struct operands *ret_operands, struct error *err) must_check;

/* Prints usage, summary and options, 80 columns wide. */
void options_help(const struct program *program, FILE *out);

/* The table for other programs, which make completions of it: a line of the operands, then a line
 * for each option, its fields parted by tabs: name, letter, "once" or "again", argument, choices
 * (parted by blanks), help. What there is not is empty. */
void options_table(const struct program *program, FILE *out);

#endif
