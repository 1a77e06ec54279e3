/*
 * Floor 4. What layer-grep looks for: a list of named rules, from a file or from the
 * command line.
 *
 * The file has a rule per line, `NAME WHERE SYNTAX PATTERN`, parted by blanks; the pattern is the
 * rest of the line. Lines of one name are one rule with several patterns.
 *   NAME     letters, digits, `-`, `_`, `.`
 *   WHERE    path; or content, history, environment, label, configuration, several joined by
 *            commas; `config` is the last four
 *   SYNTAX   glob (paths only), fixed or regex; `/i` behind it: letters match in both cases;
 *            `/m`: a regex may go over line breaks
 * Below a rule's line `in GLOB` says in which files it holds (one of several), `except GLOB` in
 * which it does not. Lines that begin with `#` are comments.
 */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"
#include "check/pattern.h"

enum rule_where {
	RULE_PATH = 1,
	RULE_CONTENT = 2,
	RULE_HISTORY = 4,
	RULE_ENVIRONMENT = 8,
	RULE_LABEL = 16,
	RULE_CONFIGURATION = 32,
	RULE_CONFIG = RULE_HISTORY | RULE_ENVIRONMENT | RULE_LABEL | RULE_CONFIGURATION,
};

struct globs {
	struct pattern **items;
	size_t count;
};

struct rule {
	size_t name;	/* index into the names */
	unsigned where; /* RULE_PATH alone, or others together */
	struct pattern *pattern;
	struct globs in, except;
};

struct rules {
	struct rule *items;
	size_t count;
	char **names; /* in the order in which they came; NULL in place of a name: it has none */
	size_t name_count;
};

#define RULES_FILE_MAX ((size_t)4 << 20)
#define RULES_MAX      10000

/* No rules yet. */
void rules_init(struct rules *rules);
void rules_release(struct rules *rules);
#define auto_rules cleanup_by(rules_release)

/* Adds one; the pattern is taken over on success. NULL for `name`: from the command line. */
int rules_add(struct rules *rules, const char *name, unsigned where, struct pattern *pattern,
	      struct error *err) must_check;

/* Adds those of a text; ERROR_INPUT "NAME:LINE: what". One without a rule is an error. */
int rules_parse(struct rules *rules, const char *data, size_t size, const char *name,
		struct error *err) must_check;
int rules_read_file(struct rules *rules, const char *path, struct error *err) must_check;

/* All content rules that are for every file apply to the configuration, too. */
void rules_include_config(struct rules *rules);

/* All places that some rule looks at. */
unsigned rules_where(const struct rules *rules);

/* The file itself is exempt from this rule: 1; 0; -1. */
int rule_exempts(const struct rule *rule, struct scratch *scratch, const char *path, size_t size,
		 bool directory, struct error *err) must_check;
/* The rule is for this file (`in`): 1; 0; -1. */
int rule_is_for(const struct rule *rule, struct scratch *scratch, const char *path, size_t size,
		struct error *err) must_check;

#endif
