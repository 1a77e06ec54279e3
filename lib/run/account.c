#include "config.h"

#include "run/account.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "run/inroot.h"

#define DATABASE_MAX ((size_t)4 << 20)
#define FIELDS_MAX   8

void account_release(struct account *account)
{
	free(account->name);
	free(account->home);
	*account = (struct account) { 0 };
}

/* A file that is not there is empty: images from scratch have neither. */
static int database_read(int root_fd, const char *path, struct buf *buf, struct error *err)
{
	auto_fd int fd = inroot_open(root_fd, path, O_RDONLY, 0);

	if (fd < 0)
		return 0;
	return buf_read_fd(buf, fd, path, err);
}

static bool number_of(const char *text, uint32_t *ret_number)
{
	uint64_t number;

	if (text_parse_number(text, &number, NULL) < 0 || number > UINT32_MAX - 1)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* Cuts the next line of a passwd-like text into its fields, in place; 0 at the end. */
static size_t next_fields(char **text, char *fields[FIELDS_MAX])
{
	while (**text != '\0') {
		char *line = *text;
		size_t length = strcspn(line, "\n");
		size_t count = 0;

		*text = line + length + (line[length] == '\n');
		line[length] = '\0';
		for (char *rest = line; rest != NULL && count < FIELDS_MAX; count++)
			fields[count] = strsep(&rest, ":");
		if (count >= 3)
			return count;
	}
	return 0;
}

static int account_from_passwd(char *text, const char *user, bool *ret_found,
			       struct account *account, struct error *err)
{
	char *fields[FIELDS_MAX];
	uint32_t wanted = 0;
	bool numeric = number_of(user, &wanted);
	size_t count;

	*ret_found = false;
	if (numeric)
		account->uid = wanted;
	while ((count = next_fields(&text, fields)) > 0) {
		uint32_t uid;
		uint32_t gid;

		if (count < 6 || !number_of(fields[2], &uid) || !number_of(fields[3], &gid))
			continue;
		if (numeric ? uid != wanted : strcmp(fields[0], user) != 0)
			continue;
		account->uid = uid;
		account->gid = gid;
		account->name = strdup(fields[0]);
		account->home = strdup(fields[5]);
		if (account->name == NULL || account->home == NULL)
			return error_memory(err);
		*ret_found = true;
		return 0;
	}
	*ret_found = numeric;
	return 0;
}

static bool is_member(char *members, const char *name)
{
	for (char *rest = members; rest != NULL;)
		if (strcmp(strsep(&rest, ","), name) == 0)
			return true;
	return false;
}

/* The group by its name, and the groups that list the user. */
static bool account_from_group(char *text, const char *group, struct account *account)
{
	char *fields[FIELDS_MAX];
	uint32_t wanted = 0;
	bool found = group == NULL;
	size_t count;

	if (group != NULL && number_of(group, &wanted)) {
		account->gid = wanted;
		found = true;
	}
	while ((count = next_fields(&text, fields)) > 0) {
		uint32_t gid;

		if (!number_of(fields[2], &gid))
			continue;
		if (group != NULL && strcmp(fields[0], group) == 0) {
			account->gid = gid;
			found = true;
		}
		/* a group given by the user of the image is the only one, as engines have it */
		if (group == NULL && account->name != NULL && count > 3 &&
		    account->group_count < ACCOUNT_GROUPS_MAX &&
		    is_member(fields[3], account->name))
			account->groups[account->group_count++] = gid;
	}
	return found;
}

/* Engines give a process its own group among the others, too: where it were missing, a file that
 * denies that group something would not deny it to a program that drops it (CVE-2022-36109). */
static void account_add_own_group(struct account *account)
{
	if (account->group_count == ACCOUNT_GROUPS_MAX)
		account->group_count--;
	for (size_t i = account->group_count; i > 0; i--)
		account->groups[i] = account->groups[i - 1];
	account->groups[0] = account->gid;
	account->group_count++;
}

int account_find_in(char *passwd, char *groups, const char *user, struct account *ret_account,
		    struct error *err)
{
	auto_account struct account account = { 0 };
	auto_free char *name = strdup(user[0] != '\0' ? user : "0");
	char *group;
	bool found;

	if (name == NULL)
		return error_memory(err);
	group = strchr(name, ':');
	if (group != NULL)
		*group++ = '\0';
	if (account_from_passwd(passwd, name[0] != '\0' ? name : "0", &found, &account, err) < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_INPUT, "no user '%s' in the image's /etc/passwd", name);
	if (!account_from_group(groups, group != NULL && group[0] != '\0' ? group : NULL, &account))
		return error_set(err, ERROR_INPUT, "no group '%s' in the image's /etc/group",
				 group);
	account_add_own_group(&account);
	if (account.home == NULL || account.home[0] == '\0') {
		free(account.home);
		account.home = strdup("/");
		if (account.home == NULL)
			return error_memory(err);
	}
	*ret_account = account;
	account = (struct account) { 0 };
	return 0;
}

int account_find(int root_fd, const char *user, struct account *ret_account, struct error *err)
{
	auto_buf struct buf passwd;
	auto_buf struct buf groups;

	buf_init(&passwd, DATABASE_MAX);
	buf_init(&groups, DATABASE_MAX);
	if (database_read(root_fd, "etc/passwd", &passwd, err) < 0 ||
	    database_read(root_fd, "etc/group", &groups, err) < 0)
		return -1;
	return account_find_in(passwd.data, groups.data, user, ret_account, err);
}
