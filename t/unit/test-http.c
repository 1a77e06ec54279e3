#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "canned.h"
#include "net/http.h"

#define SECOND UINT64_C(1000000000)

struct talk {
	struct http_client *client;
	struct http_response *response;
	char url[64];
	enum http_failure failure;
};

static int talk_open(struct talk *talk, int port, uint64_t idle, struct error *err)
{
	struct http_request request = { .url = talk->url };

	(void)snprintf(talk->url, sizeof talk->url, "http://127.0.0.1:%d/x", port);
	assert_success(http_client_new(&talk->client, err), *err);
	return http_open(talk->client, &request, idle, idle, &talk->response, &talk->failure, err);
}

static void talk_release(struct talk *talk)
{
	http_close(talk->response);
	http_client_free(talk->client);
}
#define auto_talk cleanup_by(talk_release)

static void a_body_is_pulled(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 7, 4096 };
	static const struct canned_step steps[] = {
		{ "GET /x HTTP/1.1", NULL,
		  "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-One: 1\r\nx-two:  a b \r\nX-One: "
		  "2\r\n\r\nhello world" },
	};

	for (size_t i = 0; i < array_size(pieces); i++) {
		struct canned canned = canned_start(steps, 1);
		auto_talk struct talk talk = { .client = NULL };
		struct error err = ERROR_INIT;
		auto_buf struct buf body;
		char piece[4096];
		uint64_t length = 0;
		ssize_t got;

		buf_init(&body, 100);
		assert_success(talk_open(&talk, canned.port, 10 * SECOND, &err), err);
		assert_int_equal(http_status(talk.response), 200);
		assert_true(http_length(talk.response, &length));
		assert_int_equal(length, 11);
		assert_string_equal(http_header(talk.response, "x-one"), "1");
		assert_string_equal(http_header_at(talk.response, "X-ONE", 1), "2");
		assert_null(http_header_at(talk.response, "X-One", 2));
		assert_null(http_header(talk.response, "X-On"));
		assert_null(http_location(talk.response));
		while ((got = http_read(talk.response, piece, pieces[i], &err)) > 0)
			buf_add(&body, piece, (size_t)got);
		assert_int_equal(got, 0);
		assert_string_equal(body.data, "hello world");
		assert_int_equal(http_read(talk.response, piece, 1, &err), 0);
		canned_end(canned);
	}
}

/* More than is read ahead: the transfer is held back and goes on. */
static void a_long_body_is_held_back(unused_arg void **state)
{
	enum { SIZE = 3 << 20 };
	auto_free char *answer = malloc(SIZE + 100);
	struct canned_step step = { NULL, NULL, answer };
	struct canned canned;
	auto_talk struct talk talk = { .client = NULL };
	struct error err = ERROR_INIT;
	char piece[1000];
	size_t at = 0;
	ssize_t got;
	int header;

	assert_non_null(answer);
	header = snprintf(answer, 100, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", SIZE);
	for (size_t i = 0; i < SIZE; i++)
		answer[(size_t)header + i] = (char)('a' + i % 23);
	answer[header + SIZE] = '\0';
	canned = canned_start(&step, 1);
	assert_success(talk_open(&talk, canned.port, 10 * SECOND, &err), err);
	while ((got = http_read(talk.response, piece, sizeof piece, &err)) > 0)
		for (ssize_t i = 0; i < got; i++, at++)
			assert_int_equal(piece[i], 'a' + at % 23);
	assert_int_equal(got, 0);
	assert_int_equal(at, SIZE);
	canned_end(canned);
}

static void a_redirect_is_told_and_not_followed(unused_arg void **state)
{
	static const struct canned_step step = {
		NULL, NULL, "HTTP/1.1 307 Elsewhere\r\nLocation: /y?z\r\nContent-Length: 0\r\n\r\n"
	};
	struct canned canned = canned_start(&step, 1);
	auto_talk struct talk talk = { .client = NULL };
	struct error err = ERROR_INIT;
	char wanted[64];

	assert_success(talk_open(&talk, canned.port, 10 * SECOND, &err), err);
	(void)snprintf(wanted, sizeof wanted, "http://127.0.0.1:%d/y?z", canned.port);
	assert_int_equal(http_status(talk.response), 307);
	assert_string_equal(http_location(talk.response), wanted);
	canned_end(canned);
}

/* 100 Continue is no answer. */
static void interim_headers_are_passed_over(unused_arg void **state)
{
	static const struct canned_step step = {
		NULL, NULL,
		"HTTP/1.1 103 Early Hints\r\nX-One: no\r\n\r\nHTTP/1.1 200 OK\r\nX-One: "
		"yes\r\nContent-Length: 2\r\n\r\nok"
	};
	struct canned canned = canned_start(&step, 1);
	auto_talk struct talk talk = { .client = NULL };
	struct error err = ERROR_INIT;

	assert_success(talk_open(&talk, canned.port, 10 * SECOND, &err), err);
	assert_int_equal(http_status(talk.response), 200);
	assert_string_equal(http_header(talk.response, "X-One"), "yes");
	canned_end(canned);
}

static void a_body_that_breaks_off_is_told(unused_arg void **state)
{
	static const struct canned_step step = {
		NULL, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
	};
	struct canned canned = canned_start(&step, 1);
	auto_talk struct talk talk = { .client = NULL };
	struct error err = ERROR_INIT;
	char piece[100];

	assert_success(talk_open(&talk, canned.port, 10 * SECOND, &err), err);
	assert_int_equal(http_read(talk.response, piece, sizeof piece, &err), 9);
	assert_failure((int)http_read(talk.response, piece, sizeof piece, &err), err, ERROR_NETWORK,
		       "");
	assert_true(err.text[0] != '\0');
	canned_end(canned);
}

static void failures_are_told_apart(unused_arg void **state)
{
	static const struct canned_step nothing = { NULL, NULL, "" };
	struct canned canned = canned_start(&nothing, 1);
	struct error err = ERROR_INIT;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	{
		auto_talk struct talk talk = { .client = NULL };

		assert_failure(talk_open(&talk, canned.port, 10 * SECOND, &err), err, ERROR_NETWORK,
			       "");
		assert_int_equal(talk.failure, HTTP_FAILED_BROKEN);
		canned_end(canned);
	}
	/* bound, and nobody listens */
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	{
		auto_talk struct talk talk = { .client = NULL };

		assert_failure(talk_open(&talk, ntohs(address.sin_port), 10 * SECOND, &err), err,
			       ERROR_NETWORK, "connect");
		assert_int_equal(talk.failure, HTTP_FAILED_REFUSED);
	}
	/* listens, and never says a word */
	assert_int_equal(listen(fd, 1), 0);
	{
		auto_talk struct talk talk = { .client = NULL };

		assert_failure(talk_open(&talk, ntohs(address.sin_port), SECOND / 5, &err), err,
			       ERROR_NETWORK, "no answer within 200 ms");
		assert_int_equal(talk.failure, HTTP_FAILED_SILENT);
	}
	(void)close(fd);
}

static void origins(unused_arg void **state)
{
	static const struct {
		const char *url, *origin;
	} cases[] = {
		{ "https://Registry.Example/v2/x?y", "https://registry.example:443" },
		{ "http://localhost:5000", "http://localhost:5000" },
		{ "HTTP://[::1]:80/", "http://[::1]:80" },
		{ "https://user:secret@host/", "https://host:443" },
		{ "ftp://host/", NULL },
		{ "registry.example/x", NULL },
		{ "https://", NULL },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_free char *origin = NULL;
		struct error err = ERROR_INIT;

		if (cases[i].origin != NULL) {
			assert_success(http_origin(cases[i].url, &origin, &err), err);
			assert_string_equal(origin, cases[i].origin);
		} else {
			assert_failure(http_origin(cases[i].url, &origin, &err), err, ERROR_INPUT,
				       "no http or https URL");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_pulled),
		cmocka_unit_test(a_long_body_is_held_back),
		cmocka_unit_test(a_redirect_is_told_and_not_followed),
		cmocka_unit_test(interim_headers_are_passed_over),
		cmocka_unit_test(a_body_that_breaks_off_is_told),
		cmocka_unit_test(failures_are_told_apart),
		cmocka_unit_test(origins),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
