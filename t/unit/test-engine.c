#include "config.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "canned.h"
#include "net/engine.h"

#define OK(more)  "HTTP/1.1 200 OK\r\n" more "\r\n"
#define LENGTH(n) "Content-Length: " n "\r\n"
#define PING	  OK("Api-Version: 1.41\r\n" LENGTH("2")) "OK"
#define PING_STEP                                     \
	{                                             \
		"GET /_ping HTTP/1.1\r\n", NULL, PING \
	}
#define SECOND UINT64_C(1000000000)

static int begin(unused_arg void **state)
{
	return unsetenv("DOCKER_TLS") + unsetenv("DOCKER_TLS_VERIFY") + unsetenv("http_proxy");
}

/* The engine at a canned server. */
static int open_at(const struct canned *canned, struct engine **ret_engine, struct error *err)
{
	char host[64];

	(void)snprintf(host, sizeof host, "tcp://127.0.0.1:%d", canned->port);
	return engine_open(host, ret_engine, err);
}

static void versions(unused_arg void **state)
{
	static const struct {
		const char *answer;
		unsigned minor;
	} cases[] = {
		{ OK("Api-Version: 1.24\r\n" LENGTH("2")) "OK", 24 },
		{ OK("Api-Version: 1.41\r\n" LENGTH("2")) "OK", 41 },
		{ OK("Api-Version: 1.99\r\n" LENGTH("2")) "OK", 44 },
		/* before 1.25 nothing was said of it */
		{ OK(LENGTH("2")) "OK", 24 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct canned_step step = { "GET /_ping ", NULL, cases[i].answer };
		struct canned canned = canned_start(&step, 1);
		auto_engine struct engine *engine = NULL;
		struct error err = ERROR_INIT;

		assert_success(open_at(&canned, &engine, &err), err);
		assert_int_equal(engine_api_minor(engine), cases[i].minor);
		assert_false(engine_is_local(engine));
		canned_end(canned);
	}
}

static void no_engines(unused_arg void **state)
{
	static const struct {
		const char *answer;
		enum error_kind kind;
		const char *says;
	} cases[] = {
		{ OK("Api-Version: 1.23\r\n" LENGTH("2")) "OK", ERROR_ENGINE, "too old" },
		{ OK("Api-Version: 2.0\r\n" LENGTH("2")) "OK", ERROR_ENGINE, "is not known" },
		{ OK("Api-Version: 1.x\r\n" LENGTH("2")) "OK", ERROR_ENGINE, "is not known" },
		{ "HTTP/1.1 500 No\r\n" LENGTH("0") "\r\n", ERROR_ENGINE, "HTTP status 500" },
		{ "HTTP/1.1 403 No\r\n" LENGTH("16") "\r\n{\"message\":\"no\"}", ERROR_ENGINE,
		  "no container engine there: tcp://127.0.0.1" },
		{ "", ERROR_MISSING, "no answer from the engine" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct canned_step step = { NULL, NULL, cases[i].answer };
		struct canned canned = canned_start(&step, 1);
		auto_engine struct engine *engine = NULL;
		struct error err;

		assert_failure(open_at(&canned, &engine, &err), err, cases[i].kind, cases[i].says);
		canned_end(canned);
	}
}

static void requests_have_the_version(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		PING_STEP,
		{ "GET /v1.41/images/team/app:1/json HTTP/1.1\r\n", NULL,
		  OK(LENGTH("11")) "{\"Id\":\"abc\"}" },
		{ "POST /v1.41/containers/create HTTP/1.1\r\n", NULL,
		  "HTTP/1.1 201 Made\r\n" LENGTH("12") "\r\n{\"Id\":\"abc\"}" },
		{ "DELETE /v1.41/containers/abc?force=1 HTTP/1.1\r\n", NULL,
		  "HTTP/1.1 204 Gone\r\n\r\n" },
		{ "POST /v1.41/containers/abc/stop HTTP/1.1\r\n", NULL,
		  "HTTP/1.1 304 Stopped\r\n\r\n" },
	};
	struct canned canned = canned_start(steps, 2);
	auto_engine struct engine *engine = NULL;
	auto_doc json_t *answer = NULL;
	struct error err = ERROR_INIT;

	assert_success(open_at(&canned, &engine, &err), err);
	/* eleven of twelve bytes are no document */
	assert_failure(engine_image_inspect(engine, "team/app:1", &answer, &err), err, ERROR_ENGINE,
		       "/images/team/app:1/json");
	canned_end(canned);
	engine_free(steal(&engine));
	canned = canned_start(
		(const struct canned_step[]) { steps[0], steps[2], steps[3], steps[4] }, 4);
	assert_success(open_at(&canned, &engine, &err), err);
	assert_success(engine_post(engine, "/containers/create", NULL, &answer, &err), err);
	assert_string_equal(json_string_value(json_object_get(answer, "Id")), "abc");
	assert_success(engine_delete(engine, "/containers/abc?force=1", &err), err);
	json_decref(steal(&answer));
	assert_success(engine_post(engine, "/containers/abc/stop", NULL, &answer, &err), err);
	assert_null(answer);
	canned_end(canned);
}

static void refusals(unused_arg void **state)
{
	static const struct {
		const char *answer;
		enum error_kind kind;
		const char *says;
	} cases[] = {
		{ "HTTP/1.1 404 No\r\n" LENGTH("27") "\r\n{\"message\":\"no such thing\"}\n",
		  ERROR_MISSING, "GET /x: no such thing" },
		{ "HTTP/1.1 409 No\r\n" LENGTH("25") "\r\n{\"message\":\"two\\nlines\"}  ",
		  ERROR_ENGINE, "GET /x: two" },
		{ "HTTP/1.1 500 No\r\n" LENGTH("7") "\r\nno JSON", ERROR_ENGINE,
		  "GET /x: HTTP status 500" },
		{ OK(LENGTH("100")) "{", ERROR_NETWORK, "GET /x: " },
		{ OK(LENGTH("2")) "{]", ERROR_ENGINE, "the engine's answer" },
		{ "", ERROR_NETWORK, "no answer from the engine" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		const struct canned_step steps[] = {
			PING_STEP, { "/v1.41/x?q=secret ", NULL, cases[i].answer }
		};
		struct canned canned = canned_start(steps, 2);
		auto_engine struct engine *engine = NULL;
		auto_doc json_t *answer = NULL;
		struct error err = ERROR_INIT;

		assert_success(open_at(&canned, &engine, &err), err);
		assert_failure(engine_get(engine, "/x?q=secret", &answer, &err), err, cases[i].kind,
			       cases[i].says);
		assert_null(strstr(err.text, "secret"));
		assert_null(strchr(err.text, '\n'));
		canned_end(canned);
	}
}

static void streams(unused_arg void **state)
{
	static const char *const bodies[] = {
		OK(LENGTH("5")) "hello",
		OK("Transfer-Encoding: chunked\r\n") "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		/* these are cut short */
		OK(LENGTH("9")) "hello",
		OK("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n",
	};

	for (size_t i = 0; i < array_size(bodies); i++) {
		const struct canned_step steps[] = { PING_STEP,
						     { "/images/a/get ", NULL, bodies[i] } };
		struct canned canned = canned_start(steps, 2);
		auto_engine struct engine *engine = NULL;
		auto_engine_stream struct engine_stream *stream = NULL;
		struct error err = ERROR_INIT;
		char text[16] = "";
		size_t size = 0;
		ssize_t got;

		assert_success(open_at(&canned, &engine, &err), err);
		assert_success(engine_export(engine, "a", &stream, &err), err);
		while ((got = engine_stream_read(stream, text + size, 3, &err)) > 0)
			size += (size_t)got;
		assert_string_equal(text, "hello");
		assert_int_equal(got, i < 2 ? 0 : -1);
		if (got < 0)
			assert_non_null(strstr(err.text, "/images/a/get: the engine broke off"));
		canned_end(canned);
	}
}

static bool take_three(void *context, const void *data, size_t size)
{
	size_t *taken = context;

	*taken += data != NULL ? size : 0;
	return *taken < 3;
}

static void many_at_a_time(unused_arg void **state)
{
	static const struct canned_step steps[] = {
		PING_STEP,
		{ "GET /v1.41/", NULL, OK(LENGTH("7")) "{\"a\":1}" },
		{ "GET /v1.41/", NULL, OK(LENGTH("7")) "{\"a\":1}" },
	};
	struct canned canned = canned_start(steps, 3);
	auto_engine struct engine *engine = NULL;
	struct error err = ERROR_INIT;
	struct engine_done done = { 0 };
	char name[] = "a";
	size_t taken = 0;
	struct engine_request plain = { .method = "GET", .path = "/one", .context = name };
	struct engine_request sunk = {
		.method = "GET", .path = "/two", .sink = take_three, .context = &taken
	};

	assert_success(open_at(&canned, &engine, &err), err);
	assert_int_equal(engine_wait(engine, 1, -1, &done, &err), ENGINE_TIMEOUT);
	assert_success(engine_start(engine, &plain, &err), err);
	assert_success(engine_start(engine, &sunk, &err), err);
	assert_int_equal(engine_pending(engine), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(engine_wait(engine, 10 * SECOND, -1, &done, &err), ENGINE_DONE);
		if (done.context == name) {
			assert_int_equal(done.error.kind, ERROR_NONE);
			assert_int_equal(done.status, 200);
			assert_int_equal(json_integer_value(json_object_get(done.answer, "a")), 1);
			json_decref(done.answer);
		} else {
			assert_ptr_equal(done.context, &taken);
			assert_int_equal(done.error.kind, ERROR_ENGINE);
			assert_non_null(strstr(done.error.text, "was not wanted"));
		}
	}
	assert_int_equal(engine_pending(engine), 0);
	canned_end(canned);
}

static void escapes(unused_arg void **state)
{
	auto_buf struct buf text;

	buf_init(&text, 100);
	engine_escape(&text, "a/B:c@d-e_f.g~ %?#&\xff");
	assert_string_equal(text.data, "a/B:c@d-e_f.g~%20%25%3F%23%26%FF");
}

static void nobody_is_there(unused_arg void **state)
{
	auto_engine struct engine *engine = NULL;
	struct error err;

	assert_failure(engine_open("unix:///nowhere/docker.sock", &engine, &err), err,
		       ERROR_MISSING, "unix:///nowhere/docker.sock: No such file");
	assert_failure(engine_open("tcp://127.0.0.1:1", &engine, &err), err, ERROR_MISSING,
		       "tcp://127.0.0.1:1");
	assert_failure(engine_open("docker", &engine, &err), err, ERROR_USAGE, "is no address");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(no_engines),
		cmocka_unit_test(requests_have_the_version),
		cmocka_unit_test(refusals),
		cmocka_unit_test(streams),
		cmocka_unit_test(many_at_a_time),
		cmocka_unit_test(escapes),
		cmocka_unit_test(nobody_is_there),
	};

	return cmocka_run_group_tests_name("engine", tests, begin, NULL);
}
