/*
 * Floor 3. What stands behind an instruction's keyword: flags and arguments, by the rules of each
 * kind of instruction. The lower half of the Dockerfile's parser.
 */
#ifndef FILE_DOCKERARGS_H
#define FILE_DOCKERARGS_H

#include "file/dockerfile.h"

/* Fills keyword, name, original, text, flags, args, trigger of a zeroed instruction from a joined
 * line; places count from its beginning. ERROR_INPUT says what is wrong, without a place. The
 * caller releases in any case. */
int instruction_parse(const char *line, char escape, struct instruction *instruction,
		      struct error *err) must_check;
void instruction_release(struct instruction *instruction);

/* Adds the heredocs that a line opens, without bodies, to an instruction that may have them. */
int instruction_find_heredocs(struct instruction *instruction, struct error *err) must_check;

#endif
