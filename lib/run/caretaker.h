/*
 * Floor 3. Clears away what a process leaves half-made where it is ended from outside.
 *
 * A child of its own waits for the end of its parent, whatever ends that, or for being dismissed.
 */
#ifndef RUN_CARETAKER_H
#define RUN_CARETAKER_H

#include <sys/types.h>

#include "attributes.h"

struct caretaker {
	pid_t pid; /* 0: there is none */
	int line;
};

/* Where this process ends before it has dismissed the caretaker, the names (the last is NULL) in
 * the folder `parent` are removed, with what is below them. `parent`, and locks that are held, are
 * its own, too: the locks are held until all is done. Without a process for it there is none. */
void caretaker_start(struct caretaker *caretaker, int parent, const char *const *names);
void caretaker_dismiss(struct caretaker *caretaker);
#define auto_caretaker cleanup_by(caretaker_dismiss)

#endif
