/*
 * Floor 3. Why a file could not be executed, in more words than execve has for it.
 */
#ifndef RUN_NOEXEC_H
#define RUN_NOEXEC_H

#include "base/buf.h"

/* Adds what the file itself tells of `error`, which execve has set; nothing where that is not more
 * than the error's own text. Nobody's content is trusted. */
void noexec_explain(const char *path, int error, struct buf *why);

#endif
