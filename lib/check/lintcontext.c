/* The rules on what lies beside a Dockerfile: .dockerignore, requirements, the steps of CI. */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <strings.h>

#include "check/lintfile.h"
#include "check/lintstart.h"

/* Larger files are not looked at: none of these kinds is. */
#define CONTEXT_FILE_MAX ((size_t)4 << 20)

/* False where it is not there, or no file that can be read. */
static bool read_beside(const struct lint_file *file, const char *name, struct buf *data)
{
	auto_free char *path = NULL;

	if (asprintf(&path, "%s/%s", file->settings->context, name) < 0) {
		path = NULL;
		return false;
	}
	buf_clear(data);
	return buf_read_file(data, path, NULL) == 0;
}

static bool is_beside(const struct lint_file *file, const char *name)
{
	auto_free char *path = NULL;

	if (asprintf(&path, "%s/%s", file->settings->context, name) < 0) {
		path = NULL;
		return false;
	}
	return access(path, F_OK) == 0;
}

static int check_ignore(struct lint_file *file, struct error *err)
{
	const char *slash = strrchr(file->name, '/');
	auto_free char *own = NULL;

	/* BuildKit looks for NAME.dockerignore first */
	if (asprintf(&own, "%s.dockerignore", slash != NULL ? slash + 1 : file->name) < 0)
		return error_memory(err);
	for (size_t i = 0; i < file->dockerfile->count; i++) {
		const struct instruction *copy = &file->dockerfile->instructions[i];
		struct lint_place place = lint_file_whole(file, copy);
		size_t from = 0;

		if ((strcmp(copy->name, "copy") != 0 && strcmp(copy->name, "add") != 0) ||
		    instruction_flag(copy, "from", &from) != NULL ||
		    (strcmp(copy->args.items[0].data, ".") != 0 &&
		     strcmp(copy->args.items[0].data, "./") != 0))
			continue;
		if (is_beside(file, ".dockerignore") || is_beside(file, own))
			return lint_credit(file->lint, "a .dockerignore", &place, err);
		return lint_find(file->lint, LINT_NO_DOCKERIGNORE, &place, err,
				 "the whole folder is copied, and there is no .dockerignore");
	}
	return 0;
}

/* Does a requirements file name the package? At the beginning of a line, or in quotes. */
static bool names_package(const struct buf *data, const char *package)
{
	size_t length = strlen(package);

	for (const char *at = strcasestr(data->data, package); at != NULL;
	     at = strcasestr(at + 1, package)) {
		char before = at > data->data ? at[-1] : '\n';

		if (strchr("\n\"' \t", before) != NULL && !isalnum((unsigned char)at[length]) &&
		    at[length] != '-' && at[length] != '_')
			return true;
	}
	return false;
}

static bool names_one_of(const struct buf *data, const char *const *packages)
{
	for (; *packages != NULL; packages++)
		if (names_package(data, *packages))
			return true;
	return false;
}

static const char *const requirement_files[] = { "requirements.txt",
						 "requirements.lock",
						 "pyproject.toml",
						 "Pipfile",
						 "uv.lock",
						 "poetry.lock",
						 NULL };

static int check_requirements(struct lint_file *file, struct lint_file_facts *facts,
			      struct error *err)
{
	static const char *const frameworks[] = { "flask", "django", "fastapi", "starlette",
						  "quart", "bottle", "pyramid", NULL };
	static const char *const servers[] = {
		"gunicorn",	     "uvicorn", "hypercorn", "daphne",	"uwsgi",
		"waitress",	     "granian", "cheroot",   "gevent",	"mod-wsgi",
		"mod_wsgi",	     "bjoern",	"meinheld",  "tornado", "aiohttp",
		"fastapi[standard]", NULL
	};
	static const char *const heavy[] = { "torch",	     "tensorflow",  "jax",
					     "transformers", "keras",	    "xgboost",
					     "vllm",	     "onnxruntime", "sentence-transformers",
					     "paddlepaddle", NULL };
	struct lint_place place =
		lint_file_place(file, file->stages.items[file->final].from, facts->from);
	auto_buf struct buf data;
	const char *framework = NULL;
	bool server = false;

	buf_init(&data, CONTEXT_FILE_MAX);
	for (size_t i = 0; requirement_files[i] != NULL; i++) {
		if (!read_beside(file, requirement_files[i], &data))
			continue;
		server = server || names_one_of(&data, servers);
		facts->machine_learning = facts->machine_learning || names_one_of(&data, heavy);
		for (size_t k = 0; frameworks[k] != NULL && framework == NULL; k++)
			if (names_package(&data, frameworks[k]))
				framework = frameworks[k];
	}
	/* installed by the Dockerfile itself */
	for (size_t i = 0; i < file->dockerfile->count; i++)
		for (size_t k = 0; servers[k] != NULL; k++)
			server = server || strstr(file->dockerfile->instructions[i].original,
						  servers[k]) != NULL;
	if (framework == NULL || server)
		return 0;
	return lint_find(file->lint, LINT_PRODUCTION_SERVER_MISSING, &place, err,
			 "the requirements name %s, and no server for it", framework);
}

static bool names_scanner(const struct buf *data)
{
	static const char *const scanners[] = { "trivy",
						"grype",
						"snyk",
						"docker scout",
						"docker/scout",
						"clair",
						"anchore",
						"dockle",
						"wizcli",
						"container_scanning",
						"container-scanning",
						"prisma",
						"inspector" };

	for (size_t i = 0; i < array_size(scanners); i++)
		if (strcasestr(data->data, scanners[i]) != NULL)
			return true;
	return false;
}

/* GitHub's workflows. */
static void look_at_workflows(const struct lint_file *file, struct buf *data, bool *ret_ci,
			      bool *ret_scans)
{
	auto_free char *path = NULL;
	DIR *folder;
	const struct dirent *item;

	if (asprintf(&path, "%s/.github/workflows", file->settings->context) < 0) {
		path = NULL;
		return;
	}
	folder = opendir(path);
	while (folder != NULL && (item = readdir(folder)) != NULL) {
		auto_free char *name = NULL;

		if (item->d_name[0] == '.' ||
		    asprintf(&name, ".github/workflows/%s", item->d_name) < 0) {
			name = NULL;
			continue;
		}
		if (!read_beside(file, name, data))
			continue;
		*ret_ci = true;
		*ret_scans = *ret_scans || names_scanner(data);
	}
	if (folder != NULL)
		(void)closedir(folder);
}

static int check_scan(struct lint_file *file, const struct lint_file_facts *facts,
		      struct error *err)
{
	static const char *const others[] = { ".gitlab-ci.yml",
					      "azure-pipelines.yml",
					      "Jenkinsfile",
					      ".circleci/config.yml",
					      "bitbucket-pipelines.yml",
					      ".drone.yml",
					      ".travis.yml",
					      NULL };
	struct lint_place place =
		lint_file_place(file, file->stages.items[file->final].from, facts->from);
	auto_buf struct buf data;
	bool ci = false;
	bool scans = false;

	buf_init(&data, CONTEXT_FILE_MAX);
	look_at_workflows(file, &data, &ci, &scans);
	for (size_t i = 0; others[i] != NULL; i++)
		if (read_beside(file, others[i], &data)) {
			ci = true;
			scans = scans || names_scanner(&data);
		}
	if (!ci || scans)
		return scans ? lint_credit(file->lint, "vulnerability scan in CI", &place, err) : 0;
	return lint_find(file->lint, LINT_NO_VULNERABILITY_SCAN, &place, err,
			 "CI has no step that looks for known vulnerabilities");
}

int lint_context(struct lint_file *file, struct lint_file_facts *facts, struct error *err)
{
	if (file->settings->context == NULL)
		return 0;
	if (check_ignore(file, err) < 0 || check_requirements(file, facts, err) < 0)
		return -1;
	return check_scan(file, facts, err);
}
