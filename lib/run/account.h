/*
 * Floor 3. Who a container runs as: the image's User looked up in the image's own /etc/passwd and
 * /etc/group, as engines do.
 */
#ifndef RUN_ACCOUNT_H
#define RUN_ACCOUNT_H

#include <stddef.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

#define ACCOUNT_GROUPS_MAX 64

struct account {
	uid_t uid;
	gid_t gid;
	char *name;			  /* NULL: no entry in passwd */
	char *home;			  /* "/" where passwd does not say */
	gid_t groups[ACCOUNT_GROUPS_MAX]; /* supplementary; its own first */
	size_t group_count;
};

/* `user` is "", "NAME", "UID", each with ":GROUP" or ":GID". ERROR_INPUT: a name that is not there.
 */
int account_find(int root_fd, const char *user, struct account *ret_account,
		 struct error *err) must_check;
/* The same with the texts of both files, which are cut up. */
int account_find_in(char *passwd, char *groups, const char *user, struct account *ret_account,
		    struct error *err) must_check;
void account_release(struct account *account);
#define auto_account cleanup_by(account_release)

#endif
