/*
 * Floor 3. A Dockerfile as BuildKit reads it: directives, continuation lines, comments, heredocs,
 * flags, exec and shell forms, each with its lines.
 *
 * The parser does no more than BuildKit's: whether an instruction is known or has the arguments it
 * needs is the business of those who look at it. All text is NUL-terminated
 * and holds no other NUL (but see words.h); lower case means ASCII's.
 *
 * Lines count from 1. A place (struct span) counts bytes from the beginning of the data that was
 * parsed, a byte order mark included, and holds what stands there as it is written: with quotes and
 * escapes, and with the line breaks, comments and empty lines where it goes over several lines. So
 * the bytes of a place are those of the parsed text unless somebody wrote it in one of these ways,
 * and putting others there leaves everything else as it is. dockerfile_locate() tells line and
 * column of an offset.
 */
#ifndef FILE_DOCKERFILE_H
#define FILE_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "file/words.h"

/* Larger files are refused, and lines of 64 KiB, as BuildKit does. */
#define DOCKERFILE_SIZE_MAX ((size_t)1 << 20)
#define DOCKERFILE_LINE_MAX ((size_t)65535)

#define DOCKERFILE_NO_STAGE ((size_t)-1)

struct heredoc {
	char *name;
	unsigned descriptor; /* the number before "<<"; 0 for none */
	bool expands;	     /* its name is not quoted: variables in the body count */
	bool chomps;	     /* "<<-": leading tabs go away */
	char *content;	     /* as in the file, line breaks included */
	size_t first_line;   /* of the body */
	size_t last_line;    /* the terminator's */
};

struct instruction {
	char *keyword;		/* as written */
	struct span keyword_at; /* an instruction begins at its start */
	char *name;		/* in lower case: "from" */
	char *original;		/* the whole, continuation lines joined, comments in it left out */
	char *text;		/* what stands behind keyword and flags, trimmed */
	struct span text_at;	/* an instruction without heredocs ends at its end */
	struct words flags;	/* "--from=x", quotes removed */
	/* By kind: the words of FROM, COPY, ADD, VOLUME, EXPOSE, ARG; one text for RUN, CMD,
	 * ENTRYPOINT, SHELL and the plain ones; name, value, "=" or "" for ENV and LABEL; type and
	 * command for HEALTHCHECK. In the exec form, its members. None for what is unknown. Each
	 * with its place, which for a member of the exec form has the quotes. */
	struct words args;
	bool known;
	bool exec_form;
	struct instruction *trigger; /* ONBUILD's instruction; NULL for all others */
	struct heredoc *heredocs;
	size_t heredoc_count;
	size_t first_line;
	size_t last_line;      /* heredocs included */
	struct words comments; /* directly before it, without '#' */
	size_t stage;	       /* DOCKERFILE_NO_STAGE before the first FROM */
};

struct dockerfile_comment {
	char *text; /* behind '#', trimmed */
	size_t line;
	size_t offset; /* of the '#' */
};

struct dockerfile {
	char escape;  /* '\\' or '`' */
	char *syntax; /* "# syntax=": the image of the frontend; NULL for none */
	size_t syntax_line;
	struct span syntax_at; /* both 0 where it stands in a JSON document */
	struct instruction *instructions;
	size_t count;
	struct dockerfile_comment *comments; /* all of them, directives too */
	size_t comment_count;
	size_t stage_count; /* FROMs */
	size_t *lines;	    /* internal: the offset at which each line begins */
	size_t line_count;
	size_t size; /* of the file */
};

/* ERROR_INPUT "NAME:LINE: what"; the caller frees. A file without instructions is refused. */
int dockerfile_parse(const char *data, size_t size, const char *name,
		     struct dockerfile **ret_dockerfile, struct error *err) must_check;
void dockerfile_free(struct dockerfile *dockerfile);
static inline void dockerfile_free_pointer(struct dockerfile **place)
{
	dockerfile_free(*place);
}
#define auto_dockerfile cleanup_by(dockerfile_free_pointer)

/* The line of an offset and, in bytes from 1, the column; a byte order mark has none. An offset
 * behind the end is at the end. */
void dockerfile_locate(const struct dockerfile *dockerfile, size_t offset, size_t *ret_line,
		       size_t *ret_column);

/* The value of "--NAME=value" ("" for a bare "--NAME"); NULL where the flag is not there. `from`
 * is where to begin looking (0 at first) and then stands behind what was found. */
const char *instruction_flag(const struct instruction *instruction, const char *name, size_t *from);

#endif
