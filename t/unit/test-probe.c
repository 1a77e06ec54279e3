#include "config.h"

#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "check/probe.h"
#include "net/http.h"

static const char document[] =
	"{\"status\":\"healthy\",\"n\":7,\"list\":[1,{\"a/b\":true,\"c~d\":null}],\"s\":\"7\"}";

static int listener = -1;
static char url[64];

/* Answers every connection with one document, and closes it. */
static void *serve(unused_arg void *argument)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		char request[4096];
		char answer[1024];
		int size;

		if (fd < 0)
			return NULL;
		if (read(fd, request, sizeof request) > 0) {
			size = snprintf(answer, sizeof answer,
					"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
					"Connection: close\r\nX-Test: yes\r\n\r\n%s",
					strlen(document), document);
			(void)!write(fd, answer, (size_t)size);
		}
		(void)close(fd);
	}
}

static int begin(unused_arg void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	pthread_t thread;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener, 16) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
	    pthread_create(&thread, NULL, serve, NULL) != 0)
		return -1;
	(void)pthread_detach(thread);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/x", ntohs(address.sin_port));
	return 0;
}

static bool holds(const char *const *json, size_t count, const char *body, const char *status)
{
	const char *const urls[] = { url };
	struct probe_options options = {
		.urls = urls,
		.url_count = 1,
		.json_equals = json,
		.json_equals_count = count,
		.body = body,
		.status = status,
		.timeout = UINT64_C(10000000000),
	};
	auto_probe_result struct probe_result result = { 0 };
	struct error err = ERROR_INIT;

	assert_success(probe_run(&options, &result, &err), err);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.answers[0].status, 200);
	assert_true(result.answers[0].holds == (result.answers[0].reason == NULL));
	return result.holds;
}

static void compares_json(unused_arg void **state)
{
	static const struct {
		const char *item;
		bool wanted;
	} cases[] = {
		{ "/status=healthy", true },
		{ "/status=\"healthy\"", true },
		{ "/status=health", false },
		{ "/n=7", true },
		{ "/n=7.0", false },
		{ "/n=\"7\"", false },
		{ "/s=7", true },
		{ "/s=\"7\"", true },
		{ "/list/0=1", true },
		{ "/list/1/a~1b=true", true },
		{ "/list/1/c~0d=null", true },
		{ "/list/00=1", false },
		{ "/list/-=1", false },
		{ "/list/2=1", false },
		{ "/n/x=1", false },
		{ "/=1", false },
		{ "/list=[1, {\"c~d\":null,\"a/b\":true}]", true },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		if (holds(&cases[i].item, 1, NULL, NULL) != cases[i].wanted)
			fail_msg("%s: not %d", cases[i].item, cases[i].wanted);
}

static void compares_body_and_status(unused_arg void **state)
{
	assert_true(holds(NULL, 0, "\"n\":\\d,", NULL));
	assert_false(holds(NULL, 0, "^healthy", NULL));
	assert_true(holds(NULL, 0, NULL, "100,200"));
	assert_true(holds(NULL, 0, NULL, "100-599"));
	assert_false(holds(NULL, 0, NULL, "201-299,404"));
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *status, *body, *json, *url;
		const char *why;
	} cases[] = {
		{ "20", NULL, NULL, NULL, "no list of statuses" },
		{ "200,", NULL, NULL, NULL, "no list of statuses" },
		{ "600", NULL, NULL, NULL, "no list of statuses" },
		{ "300-200", NULL, NULL, NULL, "no list of statuses" },
		{ NULL, "(", NULL, NULL, "no expression" },
		{ NULL, NULL, "status=x", NULL, "no POINTER=VALUE" },
		{ NULL, NULL, "/status", NULL, "no POINTER=VALUE" },
		{ NULL, NULL, NULL, "file:///etc/passwd", "no http or https URL" },
		{ NULL, NULL, NULL, "http//x", "no http or https URL" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		const char *const urls[] = { cases[i].url != NULL ? cases[i].url : url };
		struct probe_options options = {
			.urls = urls,
			.url_count = 1,
			.status = cases[i].status,
			.body = cases[i].body,
			.json_equals = &cases[i].json,
			.json_equals_count = cases[i].json != NULL,
		};
		auto_probe_result struct probe_result result = { 0 };

		assert_failure(probe_run(&options, &result, &err), err, ERROR_USAGE, cases[i].why);
	}
}

static bool count_bytes(void *context, unused_arg const void *data, size_t size)
{
	*(size_t *)context += size;
	return true;
}

static void transfers_side_by_side(unused_arg void **state)
{
	enum { TRANSFERS = 8 };
	auto_http_client struct http_client *client = NULL;
	struct error err = ERROR_INIT;
	size_t sizes[TRANSFERS] = { 0 };
	size_t done_count = 0;

	assert_success(http_client_new(&client, &err), err);
	for (size_t i = 0; i < TRANSFERS; i++) {
		struct http_request request = { .url = url,
						.sink = count_bytes,
						.context = &sizes[i] };

		assert_success(http_start(client, &request, &err), err);
	}
	assert_int_equal(http_pending(client), TRANSFERS);
	while (http_pending(client) > 0) {
		struct http_done done;
		int event = http_wait(client, UINT64_C(10000000000), -1, &done, &err);

		assert_int_equal(event, HTTP_DONE);
		assert_int_equal(done.status, 200);
		assert_true(done.complete);
		assert_true(done.latency > 0);
		assert_int_equal(*(size_t *)done.context, strlen(document));
		done_count++;
	}
	assert_int_equal(done_count, TRANSFERS);
}

static void waits_no_longer_than_asked(unused_arg void **state)
{
	auto_http_client struct http_client *client = NULL;
	struct error err = ERROR_INIT;
	struct http_done done;

	assert_success(http_client_new(&client, &err), err);
	assert_int_equal(http_wait(client, UINT64_C(20000000), -1, &done, &err), HTTP_TIMEOUT);
}

static void headers_cannot_smuggle(unused_arg void **state)
{
	static const char *const headers[] = { "X: 1\r\nY: 2", "no colon", ": empty" };
	auto_http_client struct http_client *client = NULL;
	struct error err = ERROR_INIT;

	assert_success(http_client_new(&client, &err), err);
	for (size_t i = 0; i < array_size(headers); i++) {
		struct http_request request = { .url = url,
						.headers = &headers[i],
						.header_count = 1 };

		assert_failure(http_start(client, &request, &err), err, ERROR_USAGE, "no header");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_json),
		cmocka_unit_test(compares_body_and_status),
		cmocka_unit_test(refuses),
		cmocka_unit_test(transfers_side_by_side),
		cmocka_unit_test(waits_no_longer_than_asked),
		cmocka_unit_test(headers_cannot_smuggle),
	};

	return cmocka_run_group_tests_name("probe", tests, begin, NULL);
}
