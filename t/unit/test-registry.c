#include "config.h"

#include "unit.h"

#include <string.h>

#include "canned.h"
#include "net/endpoint.h"
#include "net/registry.h"

#define HELLO	     "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OK(rest)     "HTTP/1.1 200 OK\r\n" rest
#define LENGTH(text) "Content-Length: " text "\r\n"
#define UNAUTHORISED(challenge) \
	"HTTP/1.1 401 Who\r\nWWW-Authenticate: " challenge "\r\nContent-Length: 0\r\n\r\n"

/* Nothing of the user's own. */
static int set_up(unused_arg void **state)
{
	char directory[] = "/tmp/seatrial-unit.XXXXXX";

	if (mkdtemp(directory) == NULL || chdir(directory) < 0)
		return -1;
	(void)setenv("HOME", directory, 1);
	(void)unsetenv("XDG_RUNTIME_DIR");
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("DOCKER_CONFIG");
	(void)unsetenv("REGISTRY_AUTH_FILE");
	(void)unsetenv("http_proxy");
	(void)unsetenv("HTTP_PROXY");
	return 0;
}

static void log_in(int port)
{
	FILE *file = fopen("auth.json", "w");

	assert_non_null(file);
	(void)fprintf(file, "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"dXNlcjpwYXNz\"}}}", port);
	assert_int_equal(fclose(file), 0);
}

static int tear_down(unused_arg void **state)
{
	const char *home = getenv("HOME");

	(void)unlink("auth.json");
	return chdir("/") + rmdir(home);
}

struct asked {
	struct registry_options options;
	struct registry *registry;
	struct buf body;
	char *type;
	char domain[32];
};

static void asked_release(struct asked *asked)
{
	registry_free(asked->registry);
	buf_release(&asked->body);
	free(asked->type);
}
#define auto_asked cleanup_by(asked_release)

static void asked_open(struct asked *asked, int port)
{
	struct error err = ERROR_INIT;

	buf_init(&asked->body, 1000);
	(void)snprintf(asked->domain, sizeof asked->domain, "127.0.0.1:%d", port);
	assert_success(
		registry_open(asked->domain, "team/app", &asked->options, &asked->registry, &err),
		err);
}

static int ask_manifest(struct asked *asked, const char *reference, struct error *err)
{
	return registry_read_manifest(asked->registry, reference, &asked->body, &asked->type, err);
}

static void a_manifest_by_tag(unused_arg void **state)
{
	static const struct canned_step step = {
		"GET /v2/team/app/manifests/v1 HTTP/1.1\r\n", "Authorization",
		OK("Content-Type: application/x; charset=utf-8\r\nDocker-Content-Digest: " HELLO
		   "\r\n" LENGTH("5") "\r\nhello")
	};
	struct canned canned = canned_start(&step, 1);
	auto_asked struct asked asked = { .type = NULL };
	struct error err = ERROR_INIT;

	asked_open(&asked, canned.port);
	assert_success(ask_manifest(&asked, "v1", &err), err);
	assert_string_equal(asked.body.data, "hello");
	assert_string_equal(asked.type, "application/x");
	canned_end(canned);
}

static void what_is_asked_for_is_named(unused_arg void **state)
{
	static const struct canned_step step = {
		"Accept: application/vnd.oci.image.index.v1+json, "
		"application/vnd.docker.distribution.manifest.list.v2+json, "
		"application/vnd.oci.image.manifest.v1+json, "
		"application/vnd.docker.distribution.manifest.v2+json\r\n",
		NULL, OK(LENGTH("2") "\r\n{}")
	};
	struct canned canned = canned_start(&step, 1);
	auto_asked struct asked asked = { .type = NULL };
	struct error err = ERROR_INIT;

	asked_open(&asked, canned.port);
	assert_success(ask_manifest(&asked, "v1", &err), err);
	assert_string_equal(asked.type, "");
	canned_end(canned);
}

/* Neither the digest asked for nor the registry's own word is taken on trust. */
static void a_wrong_body_is_refused(unused_arg void **state)
{
	static const struct {
		const char *reference;
		struct canned_step step;
	} cases[] = {
		{ HELLO, { NULL, NULL, OK(LENGTH("5") "\r\nhallo") } },
		{ HELLO,
		  { NULL, NULL,
		    OK("Docker-Content-Digest: " HELLO "\r\n" LENGTH("5") "\r\nhallo") } },
		{ "v1",
		  { NULL, NULL,
		    OK("Docker-Content-Digest: " HELLO "\r\n" LENGTH("5") "\r\nhallo") } },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct canned canned = canned_start(&cases[i].step, 1);
		auto_asked struct asked asked = { .type = NULL };
		struct error err = ERROR_INIT;

		asked_open(&asked, canned.port);
		assert_failure(ask_manifest(&asked, cases[i].reference, &err), err, ERROR_INPUT,
			       "wrong digest");
		canned_end(canned);
	}
}

static void answers_of_trouble(unused_arg void **state)
{
	static const struct {
		const char *answer;
		enum error_kind kind;
		const char *says;
	} cases[] = {
		{ "HTTP/1.1 404 No\r\nContent-Length: "
		  "71\r\n\r\n{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest "
		  "unknown\"}]}  ",
		  ERROR_MISSING, "/v2/team/app/manifests/v1: HTTP 404: manifest unknown" },
		{ "HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\nno JSON", ERROR_NETWORK,
		  "HTTP 403" },
		{ "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
		  ERROR_NETWORK, "asked again after 3600" },
		{ "HTTP/1.1 204 Nothing\r\n\r\n", ERROR_NETWORK, "HTTP 204" },
		{ UNAUTHORISED("Basic realm=x"), ERROR_NETWORK, "docker login 127.0.0.1" },
		{ UNAUTHORISED("Digest realm=x"), ERROR_NETWORK, "a kind of authentication" },
		{ UNAUTHORISED("Bearer service=x"), ERROR_NETWORK, "names no token service" },
		{ UNAUTHORISED("Bearer realm=\"http://auth.invalid/\""), ERROR_NETWORK,
		  "auth.invalid would be asked without TLS" },
		{ UNAUTHORISED("Bearer realm=\"file:///etc/passwd\""), ERROR_INPUT,
		  "no http or https URL" },
		{ "HTTP/1.1 302 There\r\nLocation: http://elsewhere.invalid/x\r\nContent-Length: "
		  "0\r\n\r\n",
		  ERROR_NETWORK, "elsewhere.invalid would be asked without TLS" },
		{ "HTTP/1.1 302 Nowhere\r\nContent-Length: 0\r\n\r\n", ERROR_NETWORK, "HTTP 302" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct canned_step step = { NULL, NULL, cases[i].answer };
		struct canned canned = canned_start(&step, 1);
		auto_asked struct asked asked = { .type = NULL };
		struct error err = ERROR_INIT;

		asked_open(&asked, canned.port);
		if (ask_manifest(&asked, "v1", &err) == 0 || err.kind != cases[i].kind ||
		    strstr(err.text, cases[i].says) == NULL)
			fail_msg("case %zu: kind %d, '%s' does not say '%s'", i, (int)err.kind,
				 err.text, cases[i].says);
		canned_end(canned);
	}
}

static void basic_credentials(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ NULL, "Authorization", UNAUTHORISED("Basic realm=x") },
		{ "Authorization: Basic dXNlcjpwYXNz\r\n", NULL, OK(LENGTH("5") "\r\nhello") },
		/* sent unasked from then on */
		{ "Authorization: Basic dXNlcjpwYXNz\r\n", NULL, OK(LENGTH("5") "\r\nhello") },
	};
	struct canned canned = canned_start(steps, 3);
	auto_asked struct asked asked = { .options.authfile = "auth.json" };
	struct error err = ERROR_INIT;

	log_in(canned.port);
	asked_open(&asked, canned.port);
	assert_success(ask_manifest(&asked, "v1", &err), err);
	free(steal(&asked.type));
	assert_success(ask_manifest(&asked, HELLO, &err), err);
	canned_end(canned);
}

static void refused_credentials_are_not_sent_for_ever(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ NULL, "Authorization", UNAUTHORISED("Basic realm=x") },
		{ "Authorization: Basic dXNlcjpwYXNz\r\n", NULL, UNAUTHORISED("Basic realm=x") },
	};
	struct canned canned = canned_start(steps, 2);
	auto_asked struct asked asked = { .options.authfile = "auth.json" };
	struct error err = ERROR_INIT;

	log_in(canned.port);
	asked_open(&asked, canned.port);
	assert_failure(ask_manifest(&asked, "v1", &err), err, ERROR_NETWORK,
		       "refuses the credentials of");
	assert_null(strstr(err.text, "dXNlcjpwYXNz"));
	canned_end(canned);
}

/* A body cut short is taken up where it ended; a host that ignores the range, too. */
static void a_broken_transfer_is_taken_up(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ "GET /v2/team/app/blobs/" HELLO " HTTP/1.1\r\n",
		  "Range:", OK(LENGTH("10") "\r\n012") },
		{ "Range: bytes=3-\r\n", NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 3-9/10\r\nContent-Length: 7\r\n\r\n34" },
		{ "Range: bytes=5-\r\n", NULL, OK(LENGTH("10") "\r\n0123456789") },
	};
	struct canned canned = canned_start(steps, 3);
	auto_asked struct asked asked = { .type = NULL };
	struct registry_blob *blob = NULL;
	struct error err = ERROR_INIT;
	struct digest digest;
	uint64_t size = 0;
	char piece[4];
	ssize_t got;

	asked_open(&asked, canned.port);
	assert_success(digest_parse(HELLO, &digest, &err), err);
	assert_success(registry_open_blob(asked.registry, &digest, &blob, &size, &err), err);
	assert_int_equal(size, 10);
	while ((got = registry_read_blob(blob, piece, sizeof piece, &err)) > 0)
		buf_add(&asked.body, piece, (size_t)got);
	assert_int_equal(got, 0);
	assert_string_equal(asked.body.data, "0123456789");
	registry_close_blob(blob);
	canned_end(canned);
}

static void other_bytes_than_asked_for_are_refused(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ NULL, NULL, OK(LENGTH("10") "\r\n012") },
		{ NULL, NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 2-9/10\r\nContent-Length: "
		  "8\r\n\r\n23456789" },
	};
	struct canned canned = canned_start(steps, 2);
	auto_asked struct asked asked = { .type = NULL };
	struct registry_blob *blob = NULL;
	struct error err = ERROR_INIT;
	struct digest digest;
	uint64_t size = 0;
	char piece[16];

	asked_open(&asked, canned.port);
	assert_success(digest_parse(HELLO, &digest, &err), err);
	assert_success(registry_open_blob(asked.registry, &digest, &blob, &size, &err), err);
	assert_int_equal(registry_read_blob(blob, piece, sizeof piece, &err), 3);
	assert_failure((int)registry_read_blob(blob, piece, sizeof piece, &err), err, ERROR_INPUT,
		       "others came");
	registry_close_blob(blob);
	canned_end(canned);
}

static void a_range(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ "Range: bytes=2-4\r\n", NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\r\n234" },
		{ "Range: bytes=2-4\r\n", NULL, OK(LENGTH("10") "\r\n0123456789") },
	};
	struct canned canned = canned_start(steps, 2);
	auto_asked struct asked asked = { .type = NULL };
	struct error err = ERROR_INIT;
	struct digest digest;

	asked_open(&asked, canned.port);
	assert_success(digest_parse(HELLO, &digest, &err), err);
	assert_success(registry_read_range(asked.registry, &digest, 2, 3, &asked.body, &err), err);
	assert_string_equal(asked.body.data, "234");
	assert_failure(registry_read_range(asked.registry, &digest, 2, 3, &asked.body, &err), err,
		       ERROR_MISSING, "no ranges");
	canned_end(canned);
}

/* Fewer bytes are as bad as a broken connection, and asked for again; more are not what was meant.
 */
static void a_range_is_of_one_length(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ "Range: bytes=2-4\r\n", NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\r\n23" },
		{ "Range: bytes=2-4\r\n", NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 2-3/10\r\nContent-Length: 2\r\n\r\n23" },
		{ "Range: bytes=2-4\r\n", NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 3\r\n\r\n234" },
		{ "Range: bytes=2-4\r\n", NULL,
		  "HTTP/1.1 206 Some\r\nContent-Range: bytes 2-5/10\r\nContent-Length: "
		  "4\r\n\r\n2345" },
	};
	struct canned canned = canned_start(steps, 4);
	auto_asked struct asked asked = { .type = NULL };
	struct error err = ERROR_INIT;
	struct digest digest;

	asked_open(&asked, canned.port);
	assert_success(digest_parse(HELLO, &digest, &err), err);
	assert_success(registry_read_range(asked.registry, &digest, 2, 3, &asked.body, &err), err);
	assert_string_equal(asked.body.data, "234");
	assert_failure(registry_read_range(asked.registry, &digest, 2, 3, &asked.body, &err), err,
		       ERROR_INPUT, "more came");
	canned_end(canned);
}

/* 503 and a connection that breaks before the answer: asked again. */
static void patience(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ NULL, NULL, "HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n" },
		{ NULL, NULL, "" },
		{ NULL, NULL, OK(LENGTH("9") "\r\nhel") },
		{ NULL, NULL, OK(LENGTH("5") "\r\nhello") },
	};
	struct canned canned = canned_start(steps, 4);
	auto_asked struct asked asked = { .type = NULL };
	struct error err = ERROR_INIT;

	asked_open(&asked, canned.port);
	assert_success(ask_manifest(&asked, "v1", &err), err);
	assert_string_equal(asked.body.data, "hello");
	canned_end(canned);
}

/* A mirror is asked first, and the host itself where the mirror has nothing. */
static void mirrors(unused_arg void **state)
{
	static const struct canned_step mirror_steps[] = {
		{ "GET /v2/copies/team/app/manifests/v1 ", "Authorization",
		  "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
		{ "GET /v2/copies/team/app/manifests/v2 ", "Authorization",
		  OK(LENGTH("6") "\r\nmirror") },
	};
	static const struct canned_step own_step = { "GET /v2/team/app/manifests/v1 ", NULL,
						     OK(LENGTH("5") "\r\nhello") };
	struct canned mirror = canned_start(mirror_steps, 2);
	struct canned own = canned_start(&own_step, 1);
	auto_asked struct asked asked = { .type = NULL };
	struct error err = ERROR_INIT;
	char setting[100];
	const char *settings[] = { "other.example=unused.example", setting };

	(void)snprintf(setting, sizeof setting, "127.0.0.1:%d=http://127.0.0.1:%d/copies/",
		       own.port, mirror.port);
	asked.options.mirrors.items = settings;
	asked.options.mirrors.count = 2;
	asked_open(&asked, own.port);
	assert_success(ask_manifest(&asked, "v1", &err), err);
	assert_string_equal(asked.body.data, "hello");
	free(steal(&asked.type));
	assert_success(ask_manifest(&asked, "v2", &err), err);
	assert_string_equal(asked.body.data, "mirror");
	canned_end(mirror);
	canned_end(own);
}

static void retry_after(unused_arg void **state)
{
	assert_int_equal(endpoint_retry_after("7", 0), 7);
	assert_int_equal(endpoint_retry_after("99999999999999999", 0), INT32_MAX);
	/* RFC 9110's own example */
	assert_int_equal(endpoint_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111767), 10);
	assert_int_equal(endpoint_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111778), 0);
	assert_int_equal(endpoint_retry_after("soon", 0), -1);
	assert_true(endpoint_backoff(0) < endpoint_backoff(1));
	assert_int_equal(endpoint_backoff(60), UINT64_C(60000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_by_tag),
		cmocka_unit_test(what_is_asked_for_is_named),
		cmocka_unit_test(a_wrong_body_is_refused),
		cmocka_unit_test(answers_of_trouble),
		cmocka_unit_test(basic_credentials),
		cmocka_unit_test(refused_credentials_are_not_sent_for_ever),
		cmocka_unit_test(a_broken_transfer_is_taken_up),
		cmocka_unit_test(other_bytes_than_asked_for_are_refused),
		cmocka_unit_test(a_range),
		cmocka_unit_test(a_range_is_of_one_length),
		cmocka_unit_test(patience),
		cmocka_unit_test(mirrors),
		cmocka_unit_test(retry_after),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("registry", tests, set_up, tear_down);
}
