#include "config.h"

#include "unit.h"

#include <string.h>

#include "canned.h"
#include "fixture.h"
#include "image/daemon.h"
#include "image/image.h"

#define HEX    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define DIGEST "sha256:" HEX
#define PONG   "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"
#define CLOSED "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define NO_SUCH \
	"HTTP/1.1 404 Not Found\r\nContent-Length: 27\r\n\r\n{\"message\":\"No such image\"}"

/* Nothing of the user's own. */
static int set_up(void **state)
{
	(void)unsetenv("DOCKER_CONTEXT");
	(void)unsetenv("DOCKER_CONFIG");
	(void)unsetenv("DOCKER_TLS");
	(void)unsetenv("DOCKER_TLS_VERIFY");
	(void)unsetenv("XDG_RUNTIME_DIR");
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("REGISTRY_AUTH_FILE");
	(void)unsetenv("http_proxy");
	(void)unsetenv("HTTP_PROXY");
	if (fixture_begin(state) < 0)
		return -1;
	return setenv("HOME", ".", 1);
}

static struct canned engine_start_body(const struct canned_step *steps, size_t count,
				       const struct buf *body)
{
	struct canned canned = canned_start_body(steps, count, body->data, body->size);
	char host[64];

	(void)snprintf(host, sizeof host, "tcp://127.0.0.1:%d", canned.port);
	assert_int_equal(setenv("DOCKER_HOST", host, 1), 0);
	return canned;
}

static struct canned engine_start_canned(const struct canned_step *steps, size_t count)
{
	const struct buf nothing = { .data = NULL };

	return engine_start_body(steps, count, &nothing);
}

/* --- names ----------------------------------------------------------------------------------- */

static void asks_for_names(unused_arg void **state)
{
	static const struct {
		const char *name;
		const char *request;
	} cases[] = {
		{ "app", "GET /v1.41/images/app/json HTTP" },
		{ "app:1", "GET /v1.41/images/app:1/json HTTP" },
		{ "localhost:5000/team/app:1", "/images/localhost:5000/team/app:1/json HTTP" },
		{ "app@" DIGEST, "/images/app@" DIGEST "/json HTTP" },
		{ "host.example/app:1@" DIGEST, "/images/host.example/app@" DIGEST "/json HTTP" },
		{ DIGEST, "/images/" DIGEST "/json HTTP" },
		{ HEX, "/images/" DIGEST "/json HTTP" },
		{ "2cf24dba5fb0", "/images/2cf24dba5fb0/json HTTP" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct canned_step steps[] = {
			{ .wanted = "GET /_ping HTTP", .answer = PONG },
			{ .wanted = cases[i].request, .answer = CLOSED "{\"Id\":\"" DIGEST "\"}" },
		};
		struct canned canned = engine_start_canned(steps, array_size(steps));
		auto_daemon_image struct daemon_image image = { 0 };
		struct error err = ERROR_INIT;
		char text[DIGEST_TEXT_MAX];

		assert_success(daemon_find(cases[i].name, &image, NULL, &err), err);
		assert_string_equal(digest_text(&image.id, text), DIGEST);
		assert_false(image.local);
		/* the export is not asked for before it is read */
		canned_end(canned);
	}
}

static void refuses_names(unused_arg void **state)
{
	static const struct {
		const char *name;
		const char *why;
	} cases[] = {
		{ "", "it has no name" },
		{ "UPPER", "upper-case" },
		{ "app:", "malformed tag" },
		{ "../app", "malformed name" },
		{ "a b", "malformed name" },
		{ "app?x", "malformed name" },
		{ "app@sha256:12", "app@sha256:12" },
		{ "sha256:2cf24dba5fb0", "is no image ID" },
		{ "sha512:" HEX, "is no image ID" },
		{ "sha256", "is no image ID" },
	};

	assert_int_equal(setenv("DOCKER_HOST", "tcp://127.0.0.1:1", 1), 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		auto_daemon_image struct daemon_image image = { 0 };
		struct error err = ERROR_INIT;

		assert_failure(daemon_find(cases[i].name, &image, NULL, &err), err, ERROR_INPUT,
			       cases[i].why);
	}
	assert_true(daemon_name_is_id(DIGEST));
	assert_true(daemon_name_is_id(HEX));
	assert_false(daemon_name_is_id("sha256:12"));
	assert_false(daemon_name_is_id("app@" DIGEST));
	assert_false(daemon_name_is_id("2cf24dba5fb0"));
}

/* --- answers --------------------------------------------------------------------------------- */

static void takes_answers(unused_arg void **state)
{
	static const struct {
		const char *ping;
		const char *answer; /* NULL: nothing is asked */
		int result;
		enum error_kind kind;
		const char *text; /* of the error, or of what was tried */
	} cases[] = {
		{ PONG, CLOSED "{\"Id\":\"" DIGEST "\"}", 1, ERROR_NONE, "" },
		/* as Podman may say it */
		{ PONG, CLOSED "{\"Id\":\"" HEX "\"}", 1, ERROR_NONE, "" },
		{ PONG, NO_SUCH, 0, ERROR_NONE, "no such image in the engine at tcp://127.0.0.1:" },
		{ PONG, "HTTP/1.1 500 No\r\nContent-Length: 23\r\n\r\n{\"message\":\"on strike\"}",
		  -1, ERROR_ENGINE, "/images/app/json: on strike" },
		{ PONG, CLOSED "{}", -1, ERROR_INPUT, "Id" },
		{ PONG, CLOSED "{\"Id\":7}", -1, ERROR_INPUT, "Id" },
		{ PONG, CLOSED "{\"Id\":\"12\"}", -1, ERROR_INPUT, "Id" },
		{ PONG, CLOSED "[]", -1, ERROR_ENGINE, "no object" },
		{ PONG, CLOSED "", -1, ERROR_ENGINE, "no object" },
		{ PONG, CLOSED "{\"Id\"", -1, ERROR_ENGINE, "answer" },
		{ PONG, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"Id\":", -1, ERROR_NETWORK,
		  "/images/app/json" },
		{ "HTTP/1.1 200 OK\r\nApi-Version: 1.20\r\nContent-Length: 2\r\n\r\nOK", NULL, -1,
		  ERROR_ENGINE, "1.20 is too old" },
		{ "HTTP/1.1 200 OK\r\nApi-Version: 2.0\r\nContent-Length: 2\r\n\r\nOK", NULL, -1,
		  ERROR_ENGINE, "is not known" },
		{ "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", NULL, -1, ERROR_ENGINE,
		  "HTTP status 500" },
		{ "", NULL, 0, ERROR_NONE, "no container engine there: tcp://127.0.0.1:" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct canned_step steps[] = {
			{ .answer = cases[i].ping },
			{ .answer = cases[i].answer },
		};
		struct canned canned = engine_start_canned(steps, cases[i].answer != NULL ? 2 : 1);
		auto_daemon_image struct daemon_image image = { 0 };
		struct error err = ERROR_INIT;
		auto_buf struct buf tried;

		buf_init(&tried, 10000);
		buf_add_string(&tried, "");
		assert_int_equal(daemon_find("app", &image, &tried, &err), cases[i].result);
		assert_int_equal(err.kind, cases[i].kind);
		assert_non_null(strstr(cases[i].result < 0 ? err.text : tried.data, cases[i].text));
		canned_end(canned);
	}
}

static void not_found_may_be_an_error(unused_arg void **state)
{
	static const struct canned_step steps[] = { { .answer = PONG }, { .answer = NO_SUCH } };
	struct canned canned = engine_start_canned(steps, array_size(steps));
	auto_daemon_image struct daemon_image image = { 0 };
	struct error err = ERROR_INIT;

	assert_failure(daemon_find("app", &image, NULL, &err), err, ERROR_MISSING,
		       "no such image in the engine at tcp://127.0.0.1:");
	canned_end(canned);
	assert_int_equal(setenv("DOCKER_HOST", "unix:///nowhere", 1), 0);
	assert_failure(daemon_find("app", &image, NULL, &err), err, ERROR_MISSING,
		       "no container engine there: unix:///nowhere: No such file");
	assert_int_equal(setenv("DOCKER_HOST", "nonsense", 1), 0);
	assert_failure(daemon_find("app", &image, NULL, &err), err, ERROR_USAGE, "nonsense");
}

/* --- exports --------------------------------------------------------------------------------- */

static int read_all(struct stream *stream, size_t piece, struct buf *bytes, struct error *err)
{
	char data[4096];
	ssize_t got;

	while ((got = stream_read(stream, data, piece, err)) > 0)
		buf_add(bytes, data, (size_t)got);
	return (int)got;
}

static void exports(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 7, 4096 };
	static const char words[] =
		"{\"errorDetail\":{\"message\":\"gone\"},\"error\":\"gone\"}\r\n";
	char padding[5000];
	struct {
		const char *start; /* of the answer */
		const char *end;
		const char *why; /* NULL: all of it comes */
		enum error_kind kind;
	} cases[] = {
		{ CLOSED, "", NULL, ERROR_NONE },
		{ CLOSED, words, "the engine gave up the export: gone", ERROR_ENGINE },
		{ CLOSED, "{\"errorDetail\":{}}", NULL, ERROR_NONE },
		{ CLOSED, "{\"errorDetail\":{},\"error\":\"gone\"}0", NULL, ERROR_NONE },
		{ CLOSED "{\"errorDetail\":{\"message\":\"gone\"},\"error\":\"gone\"}", "", NULL,
		  ERROR_NONE },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", "", "the engine broke off",
		  ERROR_NETWORK },
		{ "HTTP/1.1 404 No\r\n\r\n", "", "HTTP status 404", ERROR_MISSING },
	};

	memset(padding, 'x', sizeof padding);
	for (size_t i = 0; i < array_size(cases) * array_size(pieces); i++) {
		size_t c = i / array_size(pieces);
		auto_buf struct buf body;
		auto_buf struct buf bytes;
		const struct canned_step steps[] = {
			{ .answer = PONG },
			{ .answer = CLOSED "{\"Id\":\"" DIGEST "\"}" },
			{ .wanted = "GET /v1.41/images/" DIGEST "/get HTTP",
			  .answer = cases[c].start },
		};
		auto_daemon_image struct daemon_image image = { 0 };
		struct error err = ERROR_INIT;
		struct canned canned;
		int result;

		buf_init(&body, FIXTURE_MAX);
		buf_init(&bytes, FIXTURE_MAX);
		buf_add(&body, padding, sizeof padding);
		buf_add_string(&body, cases[c].end);
		canned = engine_start_body(steps, array_size(steps), &body);
		assert_success(daemon_find("app:1", &image, NULL, &err), err);
		result = read_all(image.stream, pieces[i % array_size(pieces)], &bytes, &err);
		if (cases[c].why != NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.kind, cases[c].kind);
			assert_non_null(strstr(err.text, cases[c].why));
		} else {
			assert_int_equal(result, 0);
			assert_memory_equal(bytes.data + bytes.size - body.size, body.data,
					    body.size);
		}
		canned_end(canned);
	}
}

/* --- images ---------------------------------------------------------------------------------- */

/* One layer; index.json lists `listed`. The configuration's digest goes to `id`. */
static void make_export(struct buf *tar, const char *listed, char id[DIGEST_TEXT_MAX])
{
	char layer[1024] = "";
	char diff_id[DIGEST_TEXT_MAX];
	char text[1024];
	struct digest digest;

	assert_int_equal(digest_of(DIGEST_SHA256, layer, sizeof layer, &digest, NULL), 0);
	(void)snprintf(
		text, sizeof text,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"%s\"]}}",
		digest_text(&digest, diff_id));
	buf_init(tar, FIXTURE_MAX);
	fixture_member(tar, '0', "layer.tar", "", layer, sizeof layer);
	fixture_file(tar, "config.json", text);
	assert_int_equal(digest_of(DIGEST_SHA256, text, strlen(text), &digest, NULL), 0);
	(void)digest_text(&digest, id);
	if (listed != NULL) {
		(void)snprintf(text, sizeof text, "{\"manifests\":[7,{},{\"digest\":\"%s\"}]}",
			       listed);
		fixture_file(tar, "index.json", text);
	}
	fixture_file(tar, "manifest.json",
		     "[{\"Config\":\"config.json\",\"Layers\":[\"layer.tar\"]}]");
	fixture_end(tar);
}

/* The engine says that the image is `id` (NULL: what it is). */
static int open_export(const char *id, const char *listed, bool once, const char *name,
		       struct error *err)
{
	struct image_options options = { .once = once };
	auto_image struct image *image = NULL;
	auto_buf struct buf tar;
	char found[DIGEST_TEXT_MAX];
	char inspected[512];
	const struct canned_step steps[] = {
		{ .answer = PONG },
		{ .answer = inspected },
		{ .answer = CLOSED },
	};
	struct canned canned;
	int result;

	make_export(&tar, listed, found);
	(void)snprintf(inspected, sizeof inspected, CLOSED "{\"Id\":\"%s\"}",
		       id != NULL ? id : found);
	canned = engine_start_body(steps, array_size(steps), &tar);
	result = image_open(name, &options, &image, err);
	if (result == 0 && once) {
		assert_true(image_is_pending(image));
		result = image_pass(image, NULL, err);
	}
	if (result == 0) {
		assert_int_equal(image_layer_count(image), 1);
		assert_false(digest_is_set(image_manifest_digest(image)));
		/* it came by TCP */
		assert_true(image_get_options(image)->verify);
	}
	canned_end(canned);
	return result;
}

static void images_are_what_was_asked_for(unused_arg void **state)
{
	static const char other[] = DIGEST;

	for (int once = 0; once < 2; once++) {
		struct error err = ERROR_INIT;

		assert_success(open_export(NULL, NULL, once, "docker-daemon:app", &err), err);
		assert_success(open_export(NULL, NULL, once, "app", &err), err);
		/* stores that name an image by its manifest or index */
		assert_success(open_export(other, other, once, "docker-daemon:app", &err), err);
		assert_failure(open_export(other, NULL, once, "docker-daemon:app", &err), err,
			       ERROR_ENGINE, "was asked for " DIGEST " and has sent sha256:");
		assert_failure(open_export(other, "sha256:12", once, "app", &err), err,
			       ERROR_ENGINE, "app: ");
	}
}

/* An engine that lacks it, then a registry. */
static void bare_names_go_on_to_a_registry(unused_arg void **state)
{
	static const struct canned_step lacks[] = {
		{ .answer = PONG }, { .wanted = "/app:1/json", .answer = NO_SUCH }
	};
	static const struct canned_step empty[] = {
		{ .wanted = "GET /v2/app/manifests/1 HTTP",
		  .answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" },
	};
	auto_image struct image *image = NULL;
	struct canned registry = canned_start(empty, array_size(empty));
	struct canned engine = engine_start_canned(lacks, array_size(lacks));
	struct error err = ERROR_INIT;
	char name[64];

	(void)snprintf(name, sizeof name, "127.0.0.1:%d/app:1", registry.port);
	assert_failure(image_open(name, NULL, &image, &err), err, ERROR_MISSING,
		       ", and as an image in a registry: ");
	assert_non_null(strstr(err.text, "no such file, no such image in the engine at tcp://"));
	canned_end(engine);
	canned_end(registry);
}

/* What has an ID's form is no registry's. */
static void bare_ids_do_not(unused_arg void **state)
{
	static const char *const names[] = { DIGEST, HEX };

	for (size_t i = 0; i < array_size(names); i++) {
		static const struct canned_step lacks[] = { { .answer = PONG },
							    { .answer = NO_SUCH } };
		struct canned engine = engine_start_canned(lacks, array_size(lacks));
		auto_image struct image *image = NULL;
		struct error err = ERROR_INIT;

		assert_failure(image_open(names[i], NULL, &image, &err), err, ERROR_MISSING,
			       "no such file, and no such image in the engine at tcp://");
		canned_end(engine);
	}
}

/* An engine that is there and cannot tell: the registry's image may be another one. */
static void bare_names_stop_at_an_engine_in_trouble(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		{ .answer = PONG },
		{ .answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" },
	};
	struct canned engine = engine_start_canned(steps, array_size(steps));
	auto_image struct image *image = NULL;
	struct error err = ERROR_INIT;

	assert_failure(image_open("127.0.0.1:1/app", NULL, &image, &err), err, ERROR_ENGINE,
		       "HTTP status 500");
	canned_end(engine);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_names),
		cmocka_unit_test(refuses_names),
		cmocka_unit_test(takes_answers),
		cmocka_unit_test(not_found_may_be_an_error),
		cmocka_unit_test(exports),
		cmocka_unit_test(images_are_what_was_asked_for),
		cmocka_unit_test(bare_names_go_on_to_a_registry),
		cmocka_unit_test(bare_ids_do_not),
		cmocka_unit_test(bare_names_stop_at_an_engine_in_trouble),
	};

	return cmocka_run_group_tests_name("daemon", tests, set_up, fixture_finish);
}
