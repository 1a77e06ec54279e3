#include "config.h"

#include "unit.h"

#include <string.h>

#include "check/lintstart.h"

static void parse(const char *text, struct script *script)
{
	struct script_source source = { .escape = '\\' };
	struct error err = ERROR_INIT;

	assert_success(script_parse(text, strlen(text), &source, script, &err), err);
}

static void assert_text(const char *of, const char *text, const char *wanted)
{
	if ((text == NULL) != (wanted == NULL) || (text != NULL && strcmp(text, wanted) != 0))
		fail_msg("%s: '%s' instead of '%s'", of, text != NULL ? text : "NULL",
			 wanted != NULL ? wanted : "NULL");
}

static void starts(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *manager;
		const char *server;
		unsigned port; /* 0: none is named */
	} cases[] = {
		{ "uv run python -m x", "uv run", NULL, 0 },
		{ "exec /usr/local/bin/uv --quiet run x", "uv run", NULL, 0 },
		{ "cd /x && poetry run y", "poetry run", NULL, 0 },
		{ "npm start", "npm start", NULL, 0 },
		{ "npm run dev", "npm run", "npm run dev", 0 },
		{ "uvicorn x:y --port 80", NULL, NULL, 80 },
		{ "uvicorn x:y --reload --port=80", NULL, "uvicorn --reload", 80 },
		{ "gunicorn -b 0.0.0.0:8000 x:y", NULL, NULL, 8000 },
		{ "gunicorn --bind [::]:8000 x:y", NULL, NULL, 8000 },
		{ "gunicorn -b unix:/run/x x:y", NULL, NULL, 0 },
		{ "flask run -p 5001", NULL, "flask run", 5001 },
		{ "python -m flask run", NULL, "flask run", 0 },
		{ "python3.11 app.py", NULL, "python app.py", 0 },
		{ "python worker.py", NULL, NULL, 0 },
		{ "python -m src.app", NULL, NULL, 0 },
		{ "python manage.py runserver 0.0.0.0:8001", NULL, "manage.py runserver", 8001 },
		{ "python manage.py migrate", NULL, NULL, 0 },
		{ "python -m http.server 8002", NULL, "python -m http.server", 8002 },
		{ "php artisan serve", NULL, "artisan serve", 0 },
		{ "php -S 0.0.0.0:8003 -t public", NULL, "php -S", 8003 },
		{ "node server.js", NULL, NULL, 0 },
		{ "nginx -g 'daemon off;'", NULL, NULL, 0 },
		{ "x --port $PORT", NULL, NULL, 0 },
		{ "x --port 99999", NULL, NULL, 0 },
		{ "echo uv run", NULL, NULL, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_script struct script script = { 0 };
		unsigned port = 0;

		parse(cases[i].text, &script);
		assert_text(cases[i].text, start_package_manager(&script), cases[i].manager);
		assert_text(cases[i].text, start_dev_server(&script, true), cases[i].server);
		if (!start_port(&script, &port))
			port = 0;
		if (port != cases[i].port)
			fail_msg("%s: port %u", cases[i].text, port);
	}
}

static void paths(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *path;
	} cases[] = {
		{ "curl -f http://localhost:5000/health || exit 1", "/health" },
		{ "curl -f http://localhost:5000", "/" },
		{ "wget -qO- 'http://x/ready?full=1'", "/ready" },
		{ "python -c \"import urllib.request as u; u.urlopen('http://x/live')\"", "/live" },
		{ "pg_isready", NULL },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_script struct script script = { 0 };
		auto_free char *path = NULL;

		parse(cases[i].text, &script);
		path = start_url_path(&script);
		assert_text(cases[i].text, path, cases[i].path);
	}
}

static void environment(unused_arg void **state)
{
	static const struct {
		const char *name;
		const char *value;
		bool secret;
		bool development;
	} cases[] = {
		{ "DB_PASSWORD", "x", true, false },
		{ "DB_PASSWORD", "", false, false },
		{ "DB_PASSWORD_FILE", "/run/secrets/x", false, false },
		{ "db-password", "x", true, false },
		{ "API_KEY", "x", true, false },
		{ "GPG_KEY", "x", false, false },
		{ "PUBLIC_KEY", "x", false, false },
		{ "TOKEN_TTL", "3600", false, false },
		{ "USE_TOKEN", "true", false, false },
		{ "SECRETARY", "x", false, false },
		{ "URL", "postgres://me:pw@db/x", true, false },
		{ "URL", "postgres://me@db/x", false, false },
		{ "URL", "http://host:80/a@b", false, false },
		{ "FLASK_ENV", "development", false, true },
		{ "FLASK_ENV", "Production", false, false },
		{ "DEBUG", "1", false, true },
		{ "DEBUG", "0", false, false },
		{ "DATABASE_NAME", "app_dev", false, true },
		{ "DATABASE_NAME", "devices", false, false },
		{ "DB_HOST", "localhost", false, true },
		{ "GREETING", "development", false, false },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		if (environment_is_secret(cases[i].name, cases[i].value) != cases[i].secret ||
		    environment_is_development(cases[i].name, cases[i].value) !=
			    cases[i].development)
			fail_msg("%s=%s", cases[i].name, cases[i].value);
	assert_true(environment_is_secret("NPM_TOKEN", NULL));
	assert_false(environment_is_secret("VERSION", NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts),
		cmocka_unit_test(paths),
		cmocka_unit_test(environment),
	};

	return cmocka_run_group_tests_name("lintstart", tests, NULL, NULL);
}
