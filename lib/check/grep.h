/*
 * Floor 4. The grep of images: rules over every path and every byte of every layer and over
 * the configuration, in one pass; for each match whether it survives in the final file system.
 *
 * Nothing is handed out before the walk has succeeded. What was found waits in spools, so
 * memory grows neither with the image nor with the number of matches.
 */
#ifndef CHECK_GREP_H
#define CHECK_GREP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "check/rules.h"
#include "check/survival.h"
#include "image/image.h"

enum grep_detail {
	GREP_LINES,  /* every line that matches */
	GREP_FIRST,  /* of each file the first, for each rule */
	GREP_COUNTS, /* of each file the number of lines, for each rule */
};

enum grep_kind {
	GREP_PATH,
	GREP_CONTENT,
	GREP_HISTORY,
	GREP_ENVIRONMENT,
	GREP_LABEL,
	GREP_CONFIGURATION,
};

/* "path", "content", …: as docs/json.md has them. */
const char *grep_kind_name(enum grep_kind kind);

struct grep_options {
	bool final;   /* only what the final file system holds */
	bool numbers; /* lines have numbers */
	bool whole;   /* layers are read, whatever their tables of contents say */
	enum grep_detail detail;
};

#define GREP_NO_LAYER SIZE_MAX

struct grep_match {
	size_t name;	  /* index of the rule's name */
	const char *rule; /* NULL: a pattern of the command line */
	enum grep_kind kind;
	size_t layer;		 /* GREP_NO_LAYER for what belongs to none */
	const char *instruction; /* "" where it is not known */
	const char *path;	 /* NULL for what is no file */
	const char *linked_path; /* FATE_LINKED: where the content is in the end; else NULL */
	bool same_file;		 /* as the match before */
	uint64_t line;		 /* 0: none, or not asked for */
	const char *text; /* the line, long ones cut around the match; may hold NUL; not paths */
	size_t text_size;
	bool cut_before, cut_after;
	uint64_t count; /* lines; 1 but for GREP_COUNTS */
	enum fate fate; /* FATE_FINAL for what is no file */
	size_t gone_layer;
};

struct grep;

/*
 * What was read of a layer: nothing where only the configuration is searched; of layers in a
 * registry that have a table of contents, only that where only paths are searched.
 */
struct grep_layer {
	bool searched;
	enum layer_table table;
	uint64_t table_size; /* bytes of it that were fetched */
};
const struct grep_layer *grep_layer(const struct grep *grep, size_t index);

/* Walks the image and keeps what it finds. The rules are borrowed until grep_free. */
int grep_run(const struct image *image, const struct rules *rules,
	     const struct grep_options *options, struct grep **ret_grep,
	     struct error *err) must_check;
void grep_free(struct grep *grep);
static inline void grep_free_pointer(struct grep **place)
{
	grep_free(*place);
}
#define auto_grep cleanup_by(grep_free_pointer)

/* Layers from the lowest, each in archive order, lines in file order; the configuration last.
 * Once only: it also counts. */
typedef int grep_visit(void *context, const struct grep_match *match, struct error *err);
int grep_each(struct grep *grep, grep_visit *visit, void *context, struct error *err) must_check;

/* After grep_each: matches in all, and of one rule. */
uint64_t grep_count(const struct grep *grep);
uint64_t grep_rule_count(const struct grep *grep, size_t name);

#endif
