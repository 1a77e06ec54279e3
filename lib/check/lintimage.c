#include "config.h"

#include "check/lintimage.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "check/lintstart.h"
#include "image/files.h"
#include "run/account.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct subject {
	struct lint *lint;
	struct lint_place place; /* the image as a whole */
	const struct configuration *configuration;
	const struct files *files; /* NULL: nobody wants to know of them */
	bool uid_known;
	uint32_t uid;
};

#define find(subject, rule, err, ...) \
	lint_find((subject)->lint, (rule), &(subject)->place, (err), __VA_ARGS__)

static bool needs_files(const struct lint *lint)
{
	static const enum lint_id rules[] = {
		LINT_APP_NOT_OWNED,    LINT_EMPTY_PASSWORD,    LINT_HEALTHCHECK_PROGRAM_MISSING,
		LINT_SETUID_FILES,     LINT_START_NOT_IN_VENV, LINT_START_PROGRAM_MISSING,
		LINT_UID_DUPLICATE,    LINT_UNNECESSARY_FILES, LINT_USER_NOT_IN_PASSWD,
		LINT_VENV_NOT_ON_PATH, LINT_USER_NOT_EXPECTED,
	};

	for (size_t i = 0; i < array_size(rules); i++)
		if (lint->enabled[rules[i]])
			return true;
	return false;
}

/* --- what the configuration says --- */

static bool is_shell_form(const struct strings *command)
{
	return command->count == 3 && strcmp(command->items[1], "-c") == 0 &&
	       (strcmp(command->items[0], "/bin/sh") == 0 ||
		strcmp(command->items[0], "/bin/bash") == 0);
}

static int add_strings(struct words *words, const struct strings *strings, struct error *err)
{
	for (size_t i = 0; i < strings->count; i++)
		if (words_add(words, strings->items[i], strlen(strings->items[i]), err) < 0)
			return -1;
	return 0;
}

static int parse_shell(const char *text, struct script *ret_script, struct error *err)
{
	struct script_source source = { .escape = '\\' };

	return script_parse(text, strlen(text), &source, ret_script, err);
}

/* Entry point and command, as one; what a shell runs instead of the shell. */
static int start_script(const struct configuration *configuration, struct script *ret_script,
			struct error *err)
{
	auto_words struct words words = { 0 };

	if (is_shell_form(&configuration->entrypoint))
		return parse_shell(configuration->entrypoint.items[2], ret_script, err);
	if (configuration->entrypoint.count == 0 && is_shell_form(&configuration->cmd))
		return parse_shell(configuration->cmd.items[2], ret_script, err);
	if (add_strings(&words, &configuration->entrypoint, err) < 0 ||
	    add_strings(&words, &configuration->cmd, err) < 0)
		return -1;
	return script_of_words(&words, ret_script, err);
}

static int check_forms(const struct subject *subject, struct error *err)
{
	const struct configuration *configuration = subject->configuration;

	if (is_shell_form(&configuration->entrypoint) &&
	    find(subject, LINT_ENTRYPOINT_SHELL_FORM, err, "the entry point is run by a shell: %s",
		 configuration->entrypoint.items[2]) < 0)
		return -1;
	if (configuration->entrypoint.count == 0 && is_shell_form(&configuration->cmd))
		return find(subject, LINT_CMD_SHELL_FORM, err, "the command is run by a shell: %s",
			    configuration->cmd.items[2]);
	return 0;
}

static int judge_start(const struct subject *subject, const struct script *script, bool *ret_found,
		       struct error *err)
{
	const char *manager = start_package_manager(script);
	const char *server =
		start_dev_server(script, subject->configuration->exposed_ports.count > 0);

	*ret_found = manager != NULL || server != NULL;
	if (manager != NULL && find(subject, LINT_START_CALLS_PACKAGE_MANAGER, err,
				    "the program is started by '%s'", manager) < 0)
		return -1;
	return server == NULL ? 0
			      : find(subject, LINT_DEV_SERVER, err,
				     "'%s' is a server for development", server);
}

static int check_start(const struct subject *subject, const struct script *script,
		       struct error *err)
{
	auto_words struct words words = { 0 };
	auto_script struct script alone = { 0 };
	bool found;

	if (judge_start(subject, script, &found, err) < 0)
		return -1;
	/* behind an entry point that is a script of one's own */
	if (found || subject->configuration->entrypoint.count == 0 ||
	    subject->configuration->cmd.count == 0)
		return 0;
	if (add_strings(&words, &subject->configuration->cmd, err) < 0 ||
	    script_of_words(&words, &alone, err) < 0)
		return -1;
	return judge_start(subject, &alone, &found, err);
}

static bool is_exposed(const struct configuration *configuration, uint64_t port)
{
	for (size_t i = 0; i < configuration->exposed_ports.count; i++)
		if (strtoull(configuration->exposed_ports.items[i], NULL, 10) == port)
			return true;
	return false;
}

static int check_ports(const struct subject *subject, const struct script *script,
		       struct error *err)
{
	const struct configuration *configuration = subject->configuration;
	const struct option_number *wanted = &subject->lint->expectations.port;
	unsigned port;

	if (configuration->exposed_ports.count == 0 &&
	    find(subject, LINT_NO_EXPOSE, err, "no port is exposed") < 0)
		return -1;
	if (wanted->set && !is_exposed(configuration, wanted->value) &&
	    find(subject, LINT_PORT_NOT_EXPOSED, err, "port %llu is not exposed",
		 (unsigned long long)wanted->value) < 0)
		return -1;
	if (configuration->exposed_ports.count == 0 || !start_port(script, &port) ||
	    is_exposed(configuration, port))
		return 0;
	return find(subject, LINT_PORT_MISMATCH, err,
		    "the program listens on %u, which is not exposed", port);
}

static int check_environment(const struct subject *subject, struct error *err)
{
	for (size_t i = 0; i < subject->configuration->env.count; i++) {
		const char *text = subject->configuration->env.items[i];
		const char *sign = strchr(text, '=');
		auto_free char *name = sign != NULL ? strndup(text, (size_t)(sign - text)) : NULL;

		if (sign == NULL)
			continue;
		if (name == NULL)
			return error_memory(err);
		if (environment_is_secret(name, sign + 1) &&
		    find(subject, LINT_SECRET_IN_ENV, err, "%s looks like a secret", name) < 0)
			return -1;
		if (environment_is_development(name, sign + 1) &&
		    find(subject, LINT_ENV_DEVELOPMENT, err, "%s is for development", text) < 0)
			return -1;
		if (strcmp(name, "PYTHONUNBUFFERED") == 0 && sign[1] != '\0' &&
		    lint_credit(subject->lint, "unbuffered Python output", &subject->place, err) <
			    0)
			return -1;
	}
	return 0;
}

static int check_labels(const struct subject *subject, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (subject->configuration->labels, key, value)
		if (strncmp(key, "org.opencontainers.image.", 25) == 0)
			return lint_credit(subject->lint, "labelled", &subject->place, err);
	return find(subject, LINT_NO_LABELS, err,
		    "no label of the OCI's (org.opencontainers.image.*)");
}

/* --- health --- */

static int check_time(const struct subject *subject, const char *what, uint64_t value,
		      uint64_t standard, const struct option_number *wanted, bool is_count,
		      struct error *err)
{
	char have[TEXT_FIGURE_MAX];
	char want[TEXT_FIGURE_MAX];

	if (value == 0)
		value = standard;
	if (!wanted->set || value == wanted->value)
		return 0;
	if (is_count)
		return find(subject, LINT_HEALTHCHECK_TIMING, err, "%s is %llu; %llu was agreed on",
			    what, (unsigned long long)value, (unsigned long long)wanted->value);
	return find(subject, LINT_HEALTHCHECK_TIMING, err, "%s is %s; %s was agreed on", what,
		    text_duration(value, have), text_duration(wanted->value, want));
}

static int check_timing(const struct subject *subject, struct error *err)
{
	const struct healthcheck *health = &subject->configuration->healthcheck;
	const struct lint_expectations *wanted = &subject->lint->expectations;
	const uint64_t second = UINT64_C(1000000000);

	if (check_time(subject, "the interval", health->interval, 30 * second, &wanted->interval,
		       false, err) < 0 ||
	    check_time(subject, "the time-out", health->timeout, 30 * second, &wanted->timeout,
		       false, err) < 0 ||
	    check_time(subject, "the start period", health->start_period, 0, &wanted->start_period,
		       false, err) < 0)
		return -1;
	return check_time(subject, "the number of retries", health->retries, 3, &wanted->retries,
			  true, err);
}

/* --- programs in the image --- */

/* The path of a program as it would be executed, links and all; NULL in *ret_path for none. */
static int find_program(const struct subject *subject, const char *program,
			struct file_facts *ret_facts, char **ret_path, struct error *err)
{
	const char *path = configuration_env(subject->configuration, "PATH");
	const char *folder = subject->configuration->working_dir;
	auto_buf struct buf name;
	int found;

	*ret_path = NULL;
	buf_init(&name, BUF_MAX_DEFAULT);
	if (strchr(program, '/') != NULL) {
		if (program[0] != '/')
			buf_printf(&name, "%s/", folder);
		buf_add_string(&name, program);
		found = files_find(subject->files, name.data, true, ret_facts, NULL, err);
		if (found > 0)
			*ret_path = buf_detach(&name);
		return found < 0 ? -1 : 0;
	}
	for (path = path != NULL ? path : PATH_DEFAULT; *path != '\0';
	     path += strcspn(path, ":") + (path[strcspn(path, ":")] == ':')) {
		buf_clear(&name);
		buf_add(&name, path, strcspn(path, ":"));
		buf_add_char(&name, '/');
		buf_add_string(&name, program);
		found = files_find(subject->files, name.data, true, ret_facts, NULL, err);
		if (found < 0)
			return -1;
		if (found > 0 && ret_facts->type == ROOTFS_FILE && (ret_facts->mode & 0111) != 0) {
			*ret_path = buf_detach(&name);
			return 0;
		}
	}
	return 0;
}

/* Why it cannot be executed; NULL in *ret_why where it can. The caller frees. */
static int why_not(const struct subject *subject, const char *program, char **ret_why,
		   char **ret_path, struct error *err)
{
	struct file_facts facts = { 0 };
	auto_free char *path = NULL;
	int made = 0;

	*ret_why = NULL;
	if (find_program(subject, program, &facts, &path, err) < 0)
		return -1;
	if (path == NULL)
		made = asprintf(ret_why, "%s is not in the image%s", program,
				strchr(program, '/') == NULL ? "'s PATH" : "");
	else if (facts.type != ROOTFS_FILE)
		made = asprintf(ret_why, "%s is no file", path);
	else if ((facts.mode & 0111) == 0)
		made = asprintf(ret_why, "%s is not executable", path);
	else if (facts.data != NULL && strncmp(facts.data, "#!", 2) == 0) {
		const char *begin = facts.data + 2 + strspn(facts.data + 2, " \t");
		auto_free char *interpreter = strndup(begin, strcspn(begin, " \t\r\n"));
		struct file_facts other;
		int found;

		if (interpreter == NULL)
			return error_memory(err);
		found = files_find(subject->files, interpreter, true, &other, NULL, err);
		if (found < 0)
			return -1;
		if (begin[strlen(interpreter)] == '\r')
			made = asprintf(ret_why, "the first line of %s ends in CR LF", path);
		else if (found == 0)
			made = asprintf(ret_why, "%s is to be run by %s, which is not in the image",
					path, interpreter);
	}
	if (made < 0) {
		*ret_why = NULL;
		return error_memory(err);
	}
	if (ret_path != NULL)
		*ret_path = steal(&path);
	return 0;
}

/* Commands that a shell has itself. */
static bool is_builtin(const char *name)
{
	static const char *const builtins[] = { "",	 "exit",    "test",   "[",	 "[[",
						"echo",	 "true",    "false",  "cd",	 "exec",
						"set",	 "export",  "read",   "printf",	 ":",
						".",	 "source",  "eval",   "unset",	 "return",
						"for",	 "case",    "trap",   "wait",	 "kill",
						"shift", "local",   "select", "umask",	 "ulimit",
						"type",	 "command", "let",    "function" };

	for (size_t i = 0; i < array_size(builtins); i++)
		if (strcmp(name, builtins[i]) == 0)
			return true;
	return false;
}

static int check_programs(const struct subject *subject, const struct script *script,
			  enum lint_id rule, struct error *err)
{
	for (size_t i = 0; i < script->count; i++) {
		const struct script_command *command = &script->items[i];
		size_t at = script_program(command);
		auto_free char *why = NULL;
		const char *program;

		if (at >= command->words.count)
			continue;
		program = command->words.items[at].data;
		if (is_builtin(program) || strchr(program, '$') != NULL)
			continue;
		if (why_not(subject, program, &why, NULL, err) < 0 ||
		    (why != NULL && find(subject, rule, err, "%s", why) < 0))
			return -1;
	}
	return 0;
}

static int check_health(const struct subject *subject, struct error *err)
{
	const struct healthcheck *health = &subject->configuration->healthcheck;
	auto_script struct script script = { 0 };
	auto_words struct words words = { 0 };

	if (!health->set || health->test.count == 0)
		return find(subject, LINT_NO_HEALTHCHECK, err, "no health check");
	if (strcmp(health->test.items[0], "NONE") == 0)
		return find(subject, LINT_NO_HEALTHCHECK, err, "the health check is switched off");
	if (lint_credit(subject->lint, "health check in the image", &subject->place, err) < 0 ||
	    check_timing(subject, err) < 0)
		return -1;
	if (subject->files == NULL)
		return 0;
	if (strcmp(health->test.items[0], "CMD-SHELL") == 0) {
		const char *shell = subject->configuration->shell.count > 0
					    ? subject->configuration->shell.items[0]
					    : "/bin/sh";

		if (words_add(&words, shell, strlen(shell), err) < 0 ||
		    script_of_words(&words, &script, err) < 0 ||
		    check_programs(subject, &script, LINT_HEALTHCHECK_PROGRAM_MISSING, err) < 0)
			return -1;
		script_release(&script);
		if (health->test.count > 1 && parse_shell(health->test.items[1], &script, err) < 0)
			return -1;
	} else {
		struct strings program = { health->test.items + 1, health->test.count - 1 };

		if (add_strings(&words, &program, err) < 0 ||
		    script_of_words(&words, &script, err) < 0)
			return -1;
	}
	return check_programs(subject, &script, LINT_HEALTHCHECK_PROGRAM_MISSING, err);
}

/* What the engine itself executes; behind a shell, what that runs. */
static int check_start_program(const struct subject *subject, const struct script *script,
			       struct error *err)
{
	const struct configuration *configuration = subject->configuration;
	const struct strings *first = configuration->entrypoint.count > 0
					      ? &configuration->entrypoint
					      : &configuration->cmd;
	auto_free char *why = NULL;

	if (first->count == 0)
		return find(subject, LINT_START_PROGRAM_MISSING, err,
			    "neither an entry point nor a command");
	if (why_not(subject, first->items[0], &why, NULL, err) < 0)
		return -1;
	if (why != NULL)
		return find(subject, LINT_START_PROGRAM_MISSING, err, "%s", why);
	return is_shell_form(first) || strcmp(script_program_name(&script->items[0]),
					      script->items[0].words.count > 0
						      ? script->items[0].words.items[0].data
						      : "") != 0
		       ? check_programs(subject, script, LINT_START_PROGRAM_MISSING, err)
		       : 0;
}

/* --- accounts --- */

/* A copy of a file's text that may be cut up; empty where there is none. The caller frees. */
static int read_text(const struct subject *subject, const char *path, char **ret_text,
		     struct error *err)
{
	struct file_facts facts;
	int found = files_find(subject->files, path, true, &facts, NULL, err);

	if (found < 0)
		return -1;
	*ret_text = strdup(found > 0 && facts.data != NULL ? facts.data : "");
	return *ret_text != NULL ? 0 : error_memory(err);
}

static int check_expected_user(const struct subject *subject, struct error *err)
{
	const struct option_number *wanted = &subject->lint->expectations.uid;

	if (!wanted->set || !subject->uid_known || subject->uid == wanted->value)
		return 0;
	return find(subject, LINT_USER_NOT_EXPECTED, err,
		    "the user is number %u; %llu was agreed on", subject->uid,
		    (unsigned long long)wanted->value);
}

/* Who it is as far as the text says: a number, or root. */
static void user_of_text(struct subject *subject)
{
	const char *user = subject->configuration->user;
	auto_free char *name = strndup(user, strcspn(user, ":"));
	uint64_t number = 0;

	subject->uid_known =
		name != NULL &&
		(name[0] == '\0' || strcmp(name, "root") == 0 ||
		 (text_parse_number(name, &number, NULL) == 0 && number <= UINT32_MAX));
	subject->uid = (uint32_t)number;
}

static int check_user(struct subject *subject, struct error *err)
{
	auto_account struct account account = { 0 };
	auto_free char *passwd = NULL;
	auto_free char *group = NULL;
	struct error wrong = ERROR_INIT;

	user_of_text(subject);
	if (subject->files != NULL) {
		if (read_text(subject, "etc/passwd", &passwd, err) < 0 ||
		    read_text(subject, "etc/group", &group, err) < 0)
			return -1;
		if (account_find_in(passwd, group, subject->configuration->user, &account, &wrong) <
		    0)
			return wrong.kind == ERROR_INPUT ? find(subject, LINT_USER_NOT_IN_PASSWD,
								err, "%s", wrong.text)
							 : error_copy(err, &wrong);
		subject->uid_known = true;
		subject->uid = account.uid;
	}
	if (!subject->uid_known)
		return 0;
	if (subject->uid == 0) {
		if (find(subject, LINT_USER_ROOT, err, "it runs as root%s",
			 subject->configuration->user[0] == '\0' ? ", since it names no user"
								 : "") < 0)
			return -1;
	} else if (lint_credit(subject->lint, "runs as somebody else than root", &subject->place,
			       err) < 0) {
		return -1;
	}
	return check_expected_user(subject, err);
}

/* Fields of a line of passwd or shadow, cut in place. */
static char *next_account(char **text, char *fields[3])
{
	char *line = strsep(text, "\n");

	for (size_t i = 0; line != NULL && i < 3; i++)
		fields[i] = strsep(&line, ":");
	return fields[0];
}

static int check_passwords(const struct subject *subject, const char *path, struct error *err)
{
	auto_free char *data = NULL;
	char *text;
	char *fields[3] = { NULL };

	if (read_text(subject, path, &data, err) < 0)
		return -1;
	text = data;
	while (text != NULL && next_account(&text, fields) != NULL)
		if (fields[0][0] != '\0' && fields[1] != NULL && fields[1][0] == '\0' &&
		    find(subject, LINT_EMPTY_PASSWORD, err, "'%s' has no password in /%s",
			 fields[0], path) < 0)
			return -1;
	return 0;
}

static int check_duplicates(const struct subject *subject, struct error *err)
{
	auto_free char *data = NULL;
	auto_free char *again = NULL;
	char *text;
	char *fields[3] = { NULL };

	if (read_text(subject, "etc/passwd", &data, err) < 0)
		return -1;
	text = data;
	while (text != NULL && next_account(&text, fields) != NULL) {
		char *rest = text;
		char *others[3] = { NULL };

		free(again);
		again = rest != NULL ? strdup(rest) : NULL;
		rest = again;
		while (rest != NULL && next_account(&rest, others) != NULL)
			if (fields[2] != NULL && others[2] != NULL && fields[2][0] != '\0' &&
			    strcmp(fields[2], others[2]) == 0 &&
			    find(subject, LINT_UID_DUPLICATE, err,
				 "'%s' and '%s' are both number %s", fields[0], others[0],
				 fields[2]) < 0)
				return -1;
	}
	return 0;
}

/* --- the environment of Python --- */

/* "/app/.venv" for "/app/.venv/pyvenv.cfg"; and is its bin the first on PATH? */
struct environments {
	size_t count;
	char *first; /* one of them */
	bool active;
	bool started; /* the program lies in one */
};

static bool lies_in(const char *path, const char *folder, const char *below)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 &&
	       strncmp(path + length, below, strlen(below)) == 0 &&
	       strchr("/:", path[length + strlen(below)]) != NULL;
}

static int look_at_environment(const struct subject *subject, const char *folder,
			       const char *program, struct environments *environments,
			       struct error *err)
{
	const char *path = configuration_env(subject->configuration, "PATH");

	environments->count++;
	if (environments->first == NULL) {
		environments->first = strdup(folder);
		if (environments->first == NULL)
			return error_memory(err);
	}
	environments->active =
		environments->active || (path != NULL && lies_in(path, folder, "/bin"));
	environments->started =
		environments->started || (program != NULL && lies_in(program, folder, "/bin"));
	return 0;
}

static bool is_python(const char *name)
{
	return strncmp(name, "python", 6) == 0;
}

static int check_python(const struct subject *subject, const struct script *script,
			const struct environments *environments, struct error *err)
{
	const char *name = script->count > 0 ? script_program_name(&script->items[0]) : "";

	if (environments->count == 0)
		return 0;
	if (!environments->active && !environments->started)
		return find(subject, LINT_VENV_NOT_ON_PATH, err,
			    "%s/bin is not the first on PATH, and the program is not in it",
			    environments->first);
	if (!environments->started && is_python(name))
		return find(subject, LINT_START_NOT_IN_VENV, err, "%s is not the one of %s", name,
			    environments->first);
	return lint_credit(subject->lint, "virtual environment active", &subject->place, err);
}

/* --- all files, once --- */

/* Of a project, and no program's. What packages bring lies elsewhere. */
static bool is_unnecessary(const char *path)
{
	static const char *const names[] = { ".git",
					     ".dockerignore",
					     "Dockerfile",
					     ".gitignore",
					     "docker-compose.yml",
					     "docker-compose.yaml",
					     "compose.yaml",
					     ".github",
					     ".gitlab-ci.yml",
					     ".svn",
					     ".hg",
					     ".vscode",
					     ".idea",
					     "Vagrantfile",
					     ".DS_Store" };
	const char *name = text_base_name(path);

	if (strncmp(path, "/usr/", 5) == 0 || strstr(path, "/node_modules/") != NULL ||
	    strstr(path, "/site-packages/") != NULL || strstr(path, "/.git/") != NULL ||
	    strncmp(path, "/etc/", 5) == 0 || strncmp(path, "/var/lib/", 9) == 0)
		return false;
	for (size_t i = 0; i < array_size(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

struct owners {
	size_t count;
	size_t others;
	char *first;
};

static int look_at_owner(const struct subject *subject, const char *path,
			 const struct file_facts *facts, struct owners *owners, struct error *err)
{
	const char *folder = subject->configuration->working_dir;
	size_t length = strlen(folder);

	/* the folder itself is WORKDIR's, and no file of the application */
	if (length < 2 || !subject->uid_known || strncmp(path, folder, length) != 0 ||
	    path[length] != '/')
		return 0;
	owners->count++;
	if (facts->uid == subject->uid)
		return 0;
	if (owners->others++ == 0) {
		owners->first = strdup(path);
		if (owners->first == NULL)
			return error_memory(err);
	}
	return 0;
}

static int check_all_files(const struct subject *subject, const char *program,
			   struct environments *environments, struct owners *owners,
			   struct error *err)
{
	auto_buf struct buf path;
	struct file_facts facts;
	uint32_t cursor = 0;

	buf_init(&path, BUF_MAX_DEFAULT);
	while (files_next(subject->files, &cursor, &path, &facts)) {
		if (buf_check(&path, "a path", err) < 0)
			return -1;
		if (facts.type == ROOTFS_FILE &&
		    strcmp(text_base_name(path.data), "pyvenv.cfg") == 0) {
			auto_free char *folder =
				strndup(path.data, path.size - strlen("/pyvenv.cfg"));

			if (folder == NULL)
				return error_memory(err);
			if (look_at_environment(subject, folder, program, environments, err) < 0)
				return -1;
		}
		if (facts.type == ROOTFS_FILE && (facts.mode & 06000) != 0 &&
		    (facts.mode & 0111) != 0 &&
		    find(subject, LINT_SETUID_FILES, err, "%s has mode %04o", path.data,
			 facts.mode) < 0)
			return -1;
		if (is_unnecessary(path.data) &&
		    find(subject, LINT_UNNECESSARY_FILES, err, "%s", path.data) < 0)
			return -1;
		if (look_at_owner(subject, path.data, &facts, owners, err) < 0)
			return -1;
	}
	return 0;
}

static int check_owners(const struct subject *subject, const struct owners *owners,
			struct error *err)
{
	if (!subject->uid_known || subject->configuration->working_dir[0] == '\0')
		return find(subject, LINT_APP_NOT_OWNED, err,
			    subject->uid_known
				    ? "there is no working directory that would tell where the "
				      "application is"
				    : "its user is not known");
	if (owners->others == 0)
		return 0;
	return find(subject, LINT_APP_NOT_OWNED, err,
		    "%zu of %zu paths in %s do not belong to its user: %s", owners->others,
		    owners->count, subject->configuration->working_dir, owners->first);
}

static int check_files(const struct subject *subject, const struct script *script,
		       struct error *err)
{
	struct environments environments = { 0 };
	struct owners owners = { 0 };
	auto_free char *why = NULL;
	auto_free char *program = NULL;
	int result;

	if (check_start_program(subject, script, err) < 0 ||
	    check_passwords(subject, "etc/passwd", err) < 0 ||
	    check_passwords(subject, "etc/shadow", err) < 0 || check_duplicates(subject, err) < 0)
		return -1;
	if (script->count > 0 && script_program(&script->items[0]) < script->items[0].words.count &&
	    why_not(subject, script->items[0].words.items[script_program(&script->items[0])].data,
		    &why, &program, err) < 0)
		return -1;
	result = check_all_files(subject, program, &environments, &owners, err);
	if (result == 0)
		result = check_python(subject, script, &environments, err);
	if (result == 0)
		result = check_owners(subject, &owners, err);
	free(environments.first);
	free(owners.first);
	return result;
}

int lint_image(struct lint *lint, size_t target, const struct image *image, struct error *err)
{
	static const char *const contents[] = { "etc/passwd", "etc/group", "etc/shadow", NULL };
	struct subject subject = { .lint = lint, .place = { .target = target } };
	auto_files struct files *files = NULL;
	auto_script struct script script = { 0 };

	if (needs_files(lint)) {
		if (files_read(image, contents, &files, err) < 0)
			return -1;
	} else if (image_is_pending(image) && image_pass(image, NULL, err) < 0) {
		return -1;
	}
	subject.files = files;
	subject.configuration = image_configuration(image);
	if (start_script(subject.configuration, &script, err) < 0 ||
	    check_forms(&subject, err) < 0 || check_start(&subject, &script, err) < 0 ||
	    check_ports(&subject, &script, err) < 0 || check_environment(&subject, err) < 0 ||
	    check_labels(&subject, err) < 0 || check_user(&subject, err) < 0 ||
	    check_health(&subject, err) < 0)
		return -1;
	return files != NULL ? check_files(&subject, &script, err) : 0;
}
