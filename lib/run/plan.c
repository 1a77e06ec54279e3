#include "config.h"

#include "run/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "run/program.h"
#include "run/rootcache.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool env_has(const struct strings *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=')
			return true;
	return false;
}

/* Later ones replace earlier ones. */
static int env_set(struct strings *env, const char *setting, struct error *err)
{
	size_t length = strcspn(setting, "=");
	char *copy = strdup(setting);

	if (copy == NULL)
		return error_memory(err);
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], setting, length) == 0 && env->items[i][length] == '=') {
			free(env->items[i]);
			env->items[i] = copy;
			return 0;
		}
	return list_add(env, copy, err);
}

static int env_default(struct strings *env, const char *name, const char *value, struct error *err)
{
	char *setting = NULL;

	if (env_has(env, name))
		return 0;
	if (asprintf(&setting, "%s=%s", name, value) < 0)
		return error_memory(err);
	return list_add(env, setting, err);
}

static int find_env(struct plan *plan, const struct configuration *c,
		    const struct container_options *options, const char *hostname,
		    struct error *err)
{
	for (size_t i = 0; i < c->env.count; i++)
		if (env_set(&plan->env, c->env.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < options->env_count; i++) {
		if (strchr(options->env[i], '=') == NULL)
			return error_set(err, ERROR_USAGE, "--env: '%s' is no NAME=VALUE",
					 options->env[i]);
		if (env_set(&plan->env, options->env[i], err) < 0)
			return -1;
	}
	if (env_default(&plan->env, "PATH", PATH_DEFAULT, err) < 0 ||
	    env_default(&plan->env, "HOSTNAME", hostname, err) < 0)
		return -1;
	return env_default(&plan->env, "HOME", plan->account.home, err);
}

/* "~/x" is below the user's home. */
static int list_add_path(struct strings *list, const char *path, const char *home,
			 struct error *err)
{
	char *whole = NULL;

	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
		if (asprintf(&whole, "%s%s", strcmp(home, "/") == 0 ? "" : home, path + 1) < 0)
			return error_memory(err);
		return list_add(list, whole, err);
	}
	if (path[0] != '/')
		return error_set(err, ERROR_USAGE, "'%s' is no absolute path", path);
	return list_add(list, strdup(path), err);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_paths(struct plan *plan, const struct configuration *c,
		      const struct container_options *options, struct error *err)
{
	for (size_t i = 0; i < c->volumes.count; i++)
		if (list_add_path(&plan->volumes, c->volumes.items[i], plan->account.home, err) < 0)
			return error_prefix(err, "volume");
	for (size_t i = 0; i < options->volume_count; i++)
		if (list_add_path(&plan->volumes, options->volumes[i], plan->account.home, err) < 0)
			return error_prefix(err, "--volume");
	for (size_t i = 0; i < options->tmpfs_count; i++)
		if (list_add_path(&plan->tmpfs, options->tmpfs[i], plan->account.home, err) < 0)
			return error_prefix(err, "--tmpfs");
	for (size_t i = 0; i < options->read_only_path_count; i++)
		if (list_add_path(&plan->read_only_paths, options->read_only_paths[i],
				  plan->account.home, err) < 0)
			return error_prefix(err, "--read-only-path");
	if (list_finish(&plan->volumes, err) < 0 || list_finish(&plan->tmpfs, err) < 0)
		return -1;
	qsort(plan->volumes.items, plan->volumes.count, sizeof *plan->volumes.items, compare_texts);
	qsort(plan->tmpfs.items, plan->tmpfs.count, sizeof *plan->tmpfs.items, compare_texts);
	return list_finish(&plan->read_only_paths, err);
}

static int find_limits(struct plan *plan, const struct container_options *options,
		       struct error *err)
{
	if (options->ulimit_count > ULIMITS_MAX)
		return error_set(err, ERROR_USAGE, "--ulimit: more than %d of them", ULIMITS_MAX);
	for (; plan->ulimit_count < options->ulimit_count; plan->ulimit_count++)
		if (ulimit_parse(options->ulimits[plan->ulimit_count],
				 &plan->ulimits[plan->ulimit_count], err) < 0)
			return -1;
	return 0;
}

int plan_make(struct plan *plan, const struct image *image, const struct container_options *options,
	      struct container_record *record, struct error *err)
{
	const struct configuration *c = image_configuration(image);
	unsigned char random[6] = { 0 };
	auto_free char *root_path = NULL;
	auto_fd int root = -1;

	if (find_limits(plan, options, err) < 0)
		return -1;
	plan->map = idmap_find();
	if (rootcache_get(image, options->cache, &plan->map, &plan->directory, &plan->use, err) < 0)
		return -1;
	if (asprintf(&root_path, "%s/root", plan->directory) < 0)
		return error_memory(err);
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_set(err, ERROR_SYSTEM, "cannot open '%s': %s", root_path,
				 strerror(errno));
	if (account_find(root, options->user != NULL ? options->user : c->user, &plan->account,
			 err) < 0)
		return -1;
	if (plan->map.kind == IDMAP_SUBORDINATE &&
	    (plan->account.uid > plan->map.uids || plan->account.gid > plan->map.gids))
		return error_set(err, ERROR_SYSTEM,
				 "user %u:%u is not among your subordinate ids (see subuid(5))",
				 (unsigned)plan->account.uid, (unsigned)plan->account.gid);
	record->user_mapping = idmap_name(plan->map.kind);
	(void)!getrandom(random, sizeof random, 0);
	if (asprintf(&record->hostname, "%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2],
		     random[3], random[4], random[5]) < 0)
		return error_memory(err);
	plan->compat = strcmp(c->architecture, "386") == 0 || strcmp(c->architecture, "arm") == 0;
	record->working_dir = strdup(c->working_dir[0] != '\0' ? c->working_dir : "/");
	record->user_known = true;
	record->ports_known = true;
	record->usage_known = true;
	record->uid = plan->account.uid;
	record->gid = plan->account.gid;
	record->user_name = plan->account.name != NULL ? strdup(plan->account.name) : NULL;
	record->home = strdup(plan->account.home);
	if (record->working_dir == NULL || record->home == NULL)
		return error_memory(err);
	if (program_stop_signal(c, &record->stop_signal, err) < 0 ||
	    program_argv(c, options, &plan->argv, err) < 0 ||
	    program_health_argv(c, &plan->check, err) < 0 ||
	    find_env(plan, c, options, record->hostname, err) < 0 ||
	    find_paths(plan, c, options, err) < 0)
		return -1;
	return 0;
}

void plan_release(struct plan *plan)
{
	account_release(&plan->account);
	list_release(&plan->argv);
	list_release(&plan->check);
	list_release(&plan->env);
	list_release(&plan->volumes);
	list_release(&plan->tmpfs);
	list_release(&plan->read_only_paths);
	if (plan->directory != NULL)
		(void)close(plan->use);
	free(plan->directory);
	*plan = (struct plan) { 0 };
}
