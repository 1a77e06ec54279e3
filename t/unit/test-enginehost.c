#include "config.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "net/enginehost.h"

static const char *const variables[] = {
	"DOCKER_HOST",	     "DOCKER_CONTEXT",	 "DOCKER_CONFIG",   "DOCKER_TLS",
	"DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "XDG_RUNTIME_DIR",
};
static char home[] = "/tmp/seatrial-unit.XXXXXX";

static int begin(unused_arg void **state)
{
	return mkdtemp(home) == NULL || chdir(home) < 0 ? -1 : setenv("HOME", home, 1);
}

static int end(unused_arg void **state)
{
	return system("rm -rf \"$HOME\"");
}

/* Before each test: nothing is set. */
static int clean(unused_arg void **state)
{
	for (size_t i = 0; i < array_size(variables); i++)
		(void)unsetenv(variables[i]);
	return system("rm -rf \"$HOME\"/.docker");
}

static void write_file(const char *path, const char *text)
{
	char command[600];
	FILE *file;

	(void)snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", path);
	assert_int_equal(system(command), 0);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_text(const char *found, const char *wanted, const char *of)
{
	if (strcmp(found != NULL ? found : "-", wanted != NULL ? wanted : "-") != 0)
		fail_msg("%s: '%s' instead of '%s'", of, found, wanted);
}

static void addresses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *url;
		const char *unix_socket;
		const char *ssh[3]; /* host, user, port */
	} cases[] = {
		{ "unix:///a/b.sock", "http://docker", "/a/b.sock", { NULL } },
		{ "UNIX:///a", "http://docker", "/a", { NULL } },
		{ "tcp://h", "http://h:2375", NULL, { NULL } },
		{ "tcp://h:1/", "http://h:1", NULL, { NULL } },
		{ "tcp://[::1]", "http://[::1]:2375", NULL, { NULL } },
		{ "tcp://[::1]:9", "http://[::1]:9", NULL, { NULL } },
		{ "http://h:1", "http://h:1", NULL, { NULL } },
		{ "https://h", "https://h:2376", NULL, { NULL } },
		{ "ssh://h", "http://docker", NULL, { "h", NULL, NULL } },
		{ "ssh://u@h:22/", "http://docker", NULL, { "h", "u", "22" } },
		{ "ssh://u@[::1]:22", "http://docker", NULL, { "::1", "u", "22" } },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_engine_host struct engine_host host = { 0 };
		struct error err = ERROR_INIT;

		assert_success(engine_host_parse(cases[i].text, &host, &err), err);
		assert_text(host.address, cases[i].text, cases[i].text);
		assert_text(host.url, cases[i].url, cases[i].text);
		assert_text(host.unix_socket, cases[i].unix_socket, cases[i].text);
		assert_text(host.ssh_host, cases[i].ssh[0], cases[i].text);
		assert_text(host.ssh_user, cases[i].ssh[1], cases[i].text);
		assert_text(host.ssh_port, cases[i].ssh[2], cases[i].text);
		assert_false(host.insecure);
	}
}

static void no_addresses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "", "is no address" },
		{ "/var/run/docker.sock", "is no address" },
		{ "npipe:////./pipe/docker", "is no address" },
		{ "unix://relative", "absolute path" },
		{ "tcp://", "is no HOST[:PORT]" },
		{ "tcp://h/path", "is no HOST[:PORT]" },
		{ "tcp://user@h", "is no HOST[:PORT]" },
		{ "tcp://h?x", "is no HOST[:PORT]" },
		{ "ssh://", "is no [USER@]HOST[:PORT]" },
		{ "ssh://-oProxyCommand=x", "is no [USER@]HOST[:PORT]" },
		{ "ssh://-l@h", "is no [USER@]HOST[:PORT]" },
		{ "ssh://@h", "is no [USER@]HOST[:PORT]" },
		{ "ssh://h:", "wrong port" },
		{ "ssh://h:1x", "wrong port" },
		{ "ssh://h/run/docker.sock", "a path behind" },
	};
	char long_path[200];
	auto_engine_host struct engine_host host = { 0 };
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++)
		assert_failure(engine_host_parse(cases[i].text, &host, &err), err, ERROR_USAGE,
			       cases[i].says);
	(void)snprintf(long_path, sizeof long_path, "unix:///%0150d", 0);
	assert_failure(engine_host_parse(long_path, &host, &err), err, ERROR_USAGE, "too long");
}

static void certificates(unused_arg void **state)
{
	auto_engine_host struct engine_host verified = { 0 };
	auto_engine_host struct engine_host trusting = { 0 };
	auto_engine_host struct engine_host none = { 0 };
	struct error err = ERROR_INIT;

	write_file("certs/ca.pem", "");
	write_file("certs/cert.pem", "");
	(void)setenv("DOCKER_CERT_PATH", "certs", 1);
	(void)setenv("DOCKER_TLS_VERIFY", "1", 1);
	assert_success(engine_host_parse("tcp://h", &verified, &err), err);
	assert_text(verified.url, "https://h:2376", "DOCKER_TLS_VERIFY");
	assert_text(verified.ca_file, "certs/ca.pem", "ca_file");
	assert_text(verified.certificate, "certs/cert.pem", "certificate");
	assert_text(verified.key, "certs/key.pem", "key");
	assert_false(verified.insecure);
	(void)unsetenv("DOCKER_TLS_VERIFY");
	(void)setenv("DOCKER_TLS", "1", 1);
	assert_success(engine_host_parse("tcp://h", &trusting, &err), err);
	assert_true(trusting.insecure);
	(void)setenv("DOCKER_CERT_PATH", "nowhere", 1);
	assert_failure(engine_host_parse("tcp://h", &none, &err), err, ERROR_USAGE,
		       "neither ca.pem nor cert.pem");
	assert_success(engine_host_parse("unix:///x", &none, &err), err);
}

static void fixed_by(const char *wanted)
{
	auto_engine_host struct engine_host host = { 0 };
	struct error err = ERROR_INIT;
	int fixed = engine_host_fixed(&host, &err);

	assert_success(fixed, err);
	assert_int_equal(fixed, wanted != NULL);
	assert_text(host.address, wanted, "address");
}

static void not_fixed(enum error_kind kind, const char *says)
{
	auto_engine_host struct engine_host host = { 0 };
	struct error err = ERROR_INIT;

	assert_failure(engine_host_fixed(&host, &err), err, kind, says);
}

/* The context's folder is named by the digest of its name. */
static void write_context(const char *name, const char *meta)
{
	struct digest digest;
	struct error err = ERROR_INIT;
	char hex[DIGEST_TEXT_MAX];
	char path[300];

	assert_success(digest_of(DIGEST_SHA256, name, strlen(name), &digest, &err), err);
	(void)snprintf(path, sizeof path, "%s/.docker/contexts/meta/%s/meta.json", home,
		       digest_hex(&digest, hex));
	write_file(path, meta);
}

static void contexts(unused_arg void **state)
{
	char path[100];

	fixed_by(NULL);
	(void)snprintf(path, sizeof path, "%s/.docker/config.json", home);
	write_file(path, "{\"currentContext\":\"there\"}");
	not_fixed(ERROR_MISSING, "context 'there' is not there");
	write_context("there", "{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://there:1\"}}}");
	fixed_by("tcp://there:1");
	write_context("here", "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///here\"}}}");
	(void)setenv("DOCKER_CONTEXT", "here", 1);
	fixed_by("unix:///here");
	(void)setenv("DOCKER_CONTEXT", "default", 1);
	fixed_by(NULL);
	(void)setenv("DOCKER_CONTEXT", "", 1);
	fixed_by("tcp://there:1");
	(void)setenv("DOCKER_HOST", "unix:///first", 1);
	fixed_by("unix:///first");
	(void)setenv("DOCKER_HOST", "nonsense", 1);
	not_fixed(ERROR_USAGE, "DOCKER_HOST: 'nonsense'");
	(void)unsetenv("DOCKER_HOST");
	write_context("there", "{\"Endpoints\":{}}");
	not_fixed(ERROR_INPUT, "meta.json");
	write_context("there", "{\"Endpoints\":{\"docker\":{\"Host\":\"x\"}}}");
	not_fixed(ERROR_USAGE, "context 'there'");
	write_file(path, "no JSON");
	not_fixed(ERROR_INPUT, "config.json");
}

static void usual_places(unused_arg void **state)
{
	static const char *const with[] = { "unix:///var/run/docker.sock",
					    "unix:///run/me/podman/podman.sock",
					    "unix:///run/podman/podman.sock" };

	for (int runtime = 0; runtime < 2; runtime++) {
		size_t nth = 0;

		if (runtime == 1)
			(void)setenv("XDG_RUNTIME_DIR", "/run/me", 1);
		for (size_t i = 0; i <= array_size(with); i++) {
			auto_engine_host struct engine_host host = { 0 };
			struct error err = ERROR_INIT;

			if (i == 1 && runtime == 0)
				continue;
			assert_int_equal(engine_host_usual(nth++, &host, &err),
					 i < array_size(with));
			if (i < array_size(with))
				assert_text(host.address, with[i], "place");
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses, clean),
		cmocka_unit_test_setup(no_addresses, clean),
		cmocka_unit_test_setup(certificates, clean),
		cmocka_unit_test_setup(contexts, clean),
		cmocka_unit_test_setup(usual_places, clean),
	};

	return cmocka_run_group_tests_name("enginehost", tests, begin, end);
}
