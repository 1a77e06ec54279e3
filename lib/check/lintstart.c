#include "config.h"

#include "check/lintstart.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define SIZE_OF_NAME_MAX 64

/* The word behind the program's own options, `skip` further on; "" for none. */
static const char *operand(const struct script_command *command, size_t skip)
{
	const struct words *words = &command->words;

	for (size_t i = script_program(command) + 1; i < words->count; i++)
		if (words->items[i].data[0] != '-' && skip-- == 0)
			return words->items[i].data;
	return "";
}

static bool has_word(const struct script_command *command, const char *word)
{
	for (size_t i = 0; i < command->words.count; i++)
		if (strcmp(command->words.items[i].data, word) == 0)
			return true;
	return false;
}

/* python, python3, python3.11 */
static bool is_python(const char *name)
{
	return strncmp(name, "python", 6) == 0 && name[6 + strspn(name + 6, "0123456789.")] == '\0';
}

/* Programs that run others, and the word that makes them. */
static const struct {
	const char *program;
	const char *verb; /* NULL: always */
	const char *name;
} managers[] = {
	{ "uv", "run", "uv run" },
	{ "uvx", NULL, "uvx" },
	{ "uv", "tool", "uv tool" },
	{ "poetry", "run", "poetry run" },
	{ "pipenv", "run", "pipenv run" },
	{ "pdm", "run", "pdm run" },
	{ "hatch", "run", "hatch run" },
	{ "rye", "run", "rye run" },
	{ "pixi", "run", "pixi run" },
	{ "conda", "run", "conda run" },
	{ "pipx", "run", "pipx run" },
	{ "npx", NULL, "npx" },
	{ "bunx", NULL, "bunx" },
	{ "npm", "start", "npm start" },
	{ "npm", "run", "npm run" },
	{ "npm", "run-script", "npm run-script" },
	{ "npm", "exec", "npm exec" },
	{ "yarn", NULL, "yarn" },
	{ "pnpm", NULL, "pnpm" },
	{ "cargo", "run", "cargo run" },
	{ "go", "run", "go run" },
	{ "mvn", NULL, "mvn" },
	{ "mvnw", NULL, "mvnw" },
	{ "gradle", NULL, "gradle" },
	{ "gradlew", NULL, "gradlew" },
	{ "dotnet", "run", "dotnet run" },
	{ "dotnet", "watch", "dotnet watch" },
	{ "sbt", NULL, "sbt" },
	{ "pip", "install", "pip install" },
	{ "pip3", "install", "pip3 install" },
	{ "composer", NULL, "composer" },
};

static const char *package_manager_of(const struct script_command *command)
{
	const char *name = script_program_name(command);

	/* python -m uv run */
	if (is_python(name) && has_word(command, "-m"))
		name = operand(command, 0);
	for (size_t i = 0; i < array_size(managers); i++) {
		if (strcmp(name, managers[i].program) != 0)
			continue;
		if (managers[i].verb == NULL || has_word(command, managers[i].verb))
			return managers[i].name;
	}
	return NULL;
}

const char *start_package_manager(const struct script *script)
{
	const char *found = NULL;

	for (size_t i = 0; i < script->count && found == NULL; i++)
		found = package_manager_of(&script->items[i]);
	return found;
}

static const struct {
	const char *program;
	const char *first;  /* operand; NULL: any */
	const char *option; /* that must be there; NULL: none */
	const char *name;
} dev_servers[] = {
	{ "flask", "run", NULL, "flask run" },
	{ "quart", "run", NULL, "quart run" },
	{ "fastapi", "dev", NULL, "fastapi dev" },
	{ "uvicorn", NULL, "--reload", "uvicorn --reload" },
	{ "gunicorn", NULL, "--reload", "gunicorn --reload" },
	{ "hypercorn", NULL, "--reload", "hypercorn --reload" },
	{ "manage.py", "runserver", NULL, "manage.py runserver" },
	{ "django-admin", "runserver", NULL, "django-admin runserver" },
	{ "php", NULL, "-S", "php -S" },
	{ "artisan", "serve", NULL, "artisan serve" },
	{ "rails", "server", NULL, "rails server" },
	{ "rails", "s", NULL, "rails server" },
	{ "webrick", NULL, NULL, "webrick" },
	{ "nodemon", NULL, NULL, "nodemon" },
	{ "ts-node-dev", NULL, NULL, "ts-node-dev" },
	{ "node", NULL, "--watch", "node --watch" },
	{ "ng", "serve", NULL, "ng serve" },
	{ "vite", NULL, NULL, "vite" },
	{ "webpack", "serve", NULL, "webpack serve" },
	{ "webpack-dev-server", NULL, NULL, "webpack-dev-server" },
	{ "next", "dev", NULL, "next dev" },
	{ "nuxt", "dev", NULL, "nuxt dev" },
	{ "react-scripts", "start", NULL, "react-scripts start" },
	{ "vue-cli-service", "serve", NULL, "vue-cli-service serve" },
	{ "gatsby", "develop", NULL, "gatsby develop" },
	{ "hugo", "server", NULL, "hugo server" },
	{ "jekyll", "serve", NULL, "jekyll serve" },
	{ "mkdocs", "serve", NULL, "mkdocs serve" },
	{ "http-server", NULL, NULL, "http-server" },
	{ "live-server", NULL, NULL, "live-server" },
	{ "air", NULL, NULL, "air" },
	{ "go", "run", NULL, "go run" },
	{ "cargo", "run", NULL, "cargo run" },
	{ "cargo", "watch", NULL, "cargo watch" },
	{ "dotnet", "watch", NULL, "dotnet watch" },
	{ "http.server", NULL, NULL, "python -m http.server" },
	{ "SimpleHTTPServer", NULL, NULL, "python -m SimpleHTTPServer" },
};

/* Scripts that are mostly a web framework's own server. */
static const char *python_server(const char *script)
{
	static const char *const names[] = { "app.py", "application.py", "server.py",
					     "run.py", "wsgi.py",	 "main.py",
					     "api.py", "web.py",	 "flask_app.py",
					     NULL };

	return text_is_one_of(text_base_name(script), names) ? "python app.py" : NULL;
}

/* npm run dev, yarn start:dev */
static const char *script_of_package_json(const struct script_command *command, const char *name)
{
	static const char *const managers_of_node[] = { "npm", "yarn", "pnpm", "bun", NULL };
	const char *verb = operand(command, 0);

	if (!text_is_one_of(name, managers_of_node))
		return NULL;
	if (strcmp(verb, "run") == 0)
		verb = operand(command, 1);
	if (strcmp(verb, "serve") == 0 || strcmp(verb, "dev") == 0 ||
	    strcmp(verb, "develop") == 0 || strstr(verb, ":dev") != NULL ||
	    strncmp(verb, "dev:", 4) == 0 || strstr(verb, "watch") != NULL)
		return "npm run dev";
	return NULL;
}

static const char *dev_server_of(const struct script_command *command, bool serves)
{
	const char *name = script_program_name(command);
	size_t skip = 0;

	if (is_python(name)) {
		bool module = has_word(command, "-m");

		name = text_base_name(operand(command, 0));
		if (!module && strcmp(name, "manage.py") != 0)
			return serves ? python_server(name) : NULL;
		skip = 1;
	} else if (strcmp(name, "php") == 0 && strcmp(operand(command, 0), "artisan") == 0) {
		name = "artisan";
		skip = 1;
	} else if (script_of_package_json(command, name) != NULL) {
		return "npm run dev";
	}
	for (size_t i = 0; i < array_size(dev_servers); i++) {
		if (strcmp(name, dev_servers[i].program) != 0)
			continue;
		if (dev_servers[i].first != NULL && !has_word(command, dev_servers[i].first))
			continue;
		if (dev_servers[i].option != NULL && !has_word(command, dev_servers[i].option))
			continue;
		if (strcmp(name, "vite") == 0 && strcmp(operand(command, skip), "build") == 0)
			continue;
		return dev_servers[i].name;
	}
	return NULL;
}

const char *start_dev_server(const struct script *script, bool serves)
{
	const char *found = NULL;

	for (size_t i = 0; i < script->count && found == NULL; i++)
		found = dev_server_of(&script->items[i], serves);
	return found;
}

/* "8000", "0.0.0.0:8000", "[::]:8000", "tcp://0.0.0.0:8000", "*:8000" */
static bool port_of(const char *text, unsigned *ret_port)
{
	const char *colon = strrchr(text, ':');
	const char *digits = colon != NULL ? colon + 1 : text;
	uint64_t number;

	if (text_parse_number(digits, &number, NULL) < 0 || number == 0 || number > 65535)
		return false;
	*ret_port = (unsigned)number;
	return true;
}

/* The value of an option of that name, "-p 80", "--port 80", "--port=80", or NULL. */
static const char *value_of(const struct words *words, size_t i, const char *name)
{
	const char *word = words->items[i].data;
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0)
		return NULL;
	if (word[length] == '=')
		return word + length + 1;
	if (word[length] != '\0')
		return NULL;
	return i + 1 < words->count ? words->items[i + 1].data : NULL;
}

static bool port_of_command(const struct script_command *command, unsigned *ret_port)
{
	static const char *const long_names[] = { "--port",	   "--bind",	  "--listen",
						  "--server.port", "--http-port", "--server-port" };
	static const struct {
		const char *program;
		const char *option;
	} letters[] = {
		{ "gunicorn", "-b" }, { "hypercorn", "-b" },   { "flask", "-p" },
		{ "daphne", "-p" },   { "php", "-S" },	       { "rails", "-p" },
		{ "puma", "-p" },     { "http-server", "-p" }, { "serve", "-l" },
		{ "httpd", "-p" },    { "busybox", "-p" },     { "puma", "-b" },
	};
	const struct words *words = &command->words;
	const char *name = script_program_name(command);

	if (is_python(name) && has_word(command, "-m"))
		name = operand(command, 0);
	for (size_t i = script_program(command); i < words->count; i++) {
		const char *value = NULL;

		for (size_t k = 0; k < array_size(long_names) && value == NULL; k++)
			value = value_of(words, i, long_names[k]);
		for (size_t k = 0; k < array_size(letters) && value == NULL; k++)
			if (strcmp(name, letters[k].program) == 0)
				value = value_of(words, i, letters[k].option);
		if (strcmp(words->items[i].data, "runserver") == 0 && i + 1 < words->count)
			value = words->items[i + 1].data;
		if (value != NULL && port_of(value, ret_port))
			return true;
	}
	if (strcmp(name, "http.server") == 0)
		return port_of(operand(command, 1), ret_port);
	return false;
}

bool start_port(const struct script *script, unsigned *ret_port)
{
	for (size_t i = 0; i < script->count; i++)
		if (port_of_command(&script->items[i], ret_port))
			return true;
	return false;
}

char *start_url_path(const struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		for (size_t k = 0; k < script->items[i].words.count; k++) {
			const char *url = strstr(script->items[i].words.items[k].data, "://");
			const char *path = url != NULL ? strchr(url + 3, '/') : NULL;

			if (url == NULL)
				continue;
			return path != NULL ? strndup(path, strcspn(path, "?#'\") ")) : strdup("/");
		}
	return NULL;
}

/* The parts of a name between underscores and dashes, in lower case; true for one that `is`. */
static bool any_part(const char *name, bool (*is)(const char *part, const char *before))
{
	char before[SIZE_OF_NAME_MAX] = "";
	char part[SIZE_OF_NAME_MAX];

	while (*name != '\0') {
		size_t length = strcspn(name, "_-.");

		if (length < sizeof part) {
			for (size_t i = 0; i < length; i++)
				part[i] = (char)tolower((unsigned char)name[i]);
			part[length] = '\0';
			if (is(part, before))
				return true;
			memcpy(before, part, length + 1);
		}
		name += length + (name[length] != '\0');
	}
	return false;
}

static bool is_secret_part(const char *part, const char *before)
{
	static const char *const parts[] = { "password",   "passwd",	 "pword",
					     "secret",	   "secrets",	 "token",
					     "apikey",	   "credential", "credentials",
					     "passphrase", "privatekey", NULL };
	static const char *const keys[] = { "api",     "access", "private",    "secret",
					    "signing", "auth",	 "encryption", "ssh",
					    "master",  "deploy", "session",    NULL };

	return text_is_one_of(part, parts) ||
	       (strcmp(part, "key") == 0 && text_is_one_of(before, keys));
}

static bool is_harmless_part(const char *part, unused_arg const char *before)
{
	static const char *const parts[] = { "public",	"file", "path",	   "dir",
					     "url",	"name", "header",  "expiry",
					     "expires", "ttl",	"length",  "algorithm",
					     "enabled", "id",	"timeout", "lifetime",
					     "arn",	NULL };

	return text_is_one_of(part, parts);
}

/* "scheme://user:password@host" */
static bool is_url_with_password(const char *value)
{
	const char *host = strstr(value, "://");
	const char *at = host != NULL ? strchr(host, '@') : NULL;
	const char *slash = host != NULL ? strchr(host + 3, '/') : NULL;
	const char *colon = host != NULL ? strchr(host + 3, ':') : NULL;

	return at != NULL && colon != NULL && colon < at && colon + 1 < at &&
	       (slash == NULL || slash > at) && colon[1] != '$';
}

bool environment_is_secret(const char *name, const char *value)
{
	if (value != NULL && is_url_with_password(value))
		return true;
	if (!any_part(name, is_secret_part) || any_part(name, is_harmless_part))
		return false;
	/* where it lies, and switches, are no secrets */
	return value == NULL ||
	       (value[0] != '\0' && value[0] != '/' && strcasecmp(value, "true") != 0 &&
		strcasecmp(value, "false") != 0 && strcmp(value, "0") != 0 &&
		strcmp(value, "1") != 0);
}

static bool is_environment_name(const char *name)
{
	static const char *const names[] = { "FLASK_ENV",
					     "NODE_ENV",
					     "APP_ENV",
					     "RAILS_ENV",
					     "RACK_ENV",
					     "DJANGO_ENV",
					     "ENVIRONMENT",
					     "ENV",
					     "ASPNETCORE_ENVIRONMENT",
					     "DOTNET_ENVIRONMENT",
					     "SYMFONY_ENV",
					     "MIX_ENV",
					     "GO_ENV",
					     "FASTAPI_ENV",
					     "SPRING_PROFILES_ACTIVE",
					     "APPLICATION_ENV",
					     "DEPLOY_ENV",
					     "STAGE",
					     NULL };

	return text_is_one_of(name, names);
}

static bool is_debug_name(const char *name)
{
	static const char *const names[] = {
		"DEBUG",       "FLASK_DEBUG",	     "DJANGO_DEBUG",   "APP_DEBUG", "DEBUG_MODE",
		"PYTHONDEBUG", "PYTHONASYNCIODEBUG", "UVICORN_RELOAD", NULL
	};

	return text_is_one_of(name, names);
}

static bool is_database_part(const char *part, unused_arg const char *before)
{
	static const char *const parts[] = { "db",	   "database", "postgres",   "mysql",
					     "mongo",	   "mongodb",  "sqlalchemy", "dbname",
					     "pgdatabase", NULL };

	return text_is_one_of(part, parts);
}

/* "dev", "myapp_dev", "test" as a word of its own. */
static bool names_development(const char *value)
{
	static const char *const words[] = { "dev",	  "devel", "development", "localhost",
					     "127.0.0.1", "test",  "testing",	  "debug",
					     "sandbox",	  NULL };
	char part[SIZE_OF_NAME_MAX];

	while (*value != '\0') {
		size_t length = strcspn(value, "_-/:@ ");

		if (length < sizeof part) {
			for (size_t i = 0; i < length; i++)
				part[i] = (char)tolower((unsigned char)value[i]);
			part[length] = '\0';
			if (text_is_one_of(part, words))
				return true;
		}
		value += length + (value[length] != '\0');
	}
	return false;
}

bool environment_is_development(const char *name, const char *value)
{
	static const char *const names[] = { "dev",	"development", "debug", "test",
					     "testing", "local",       NULL };
	char lower[SIZE_OF_NAME_MAX];

	if (strlen(value) >= sizeof lower)
		return any_part(name, is_database_part) && names_development(value);
	for (size_t i = 0; i <= strlen(value); i++)
		lower[i] = (char)tolower((unsigned char)value[i]);
	if (is_environment_name(name))
		return text_is_one_of(lower, names);
	if (is_debug_name(name))
		return strcmp(lower, "1") == 0 || strcmp(lower, "true") == 0 ||
		       strcmp(lower, "yes") == 0 || strcmp(lower, "on") == 0 ||
		       strcmp(lower, "*") == 0;
	return any_part(name, is_database_part) && names_development(value);
}
