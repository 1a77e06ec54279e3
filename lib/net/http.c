#include "config.h"

#include "net/http.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct transfer {
	CURL *curl;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	struct http_request request;
	char error[CURL_ERROR_SIZE];
	struct transfer *next;
};

struct http_client {
	CURLM *multi;
	struct transfer *transfers;
	size_t pending;
};

static pthread_once_t http_once = PTHREAD_ONCE_INIT;

static void http_init_once(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_new(struct http_client **ret_client, struct error *err)
{
	auto_http_client struct http_client *client = calloc(1, sizeof *client);

	if (client == NULL)
		return error_memory(err);
	(void)pthread_once(&http_once, http_init_once);
	client->multi = curl_multi_init();
	if (client->multi == NULL)
		return error_memory(err);
	*ret_client = steal(&client);
	return 0;
}

static void transfer_free(struct http_client *client, struct transfer *transfer)
{
	if (transfer->curl != NULL) {
		(void)curl_multi_remove_handle(client->multi, transfer->curl);
		curl_easy_cleanup(transfer->curl);
	}
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	free(transfer);
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	while (client->transfers != NULL) {
		struct transfer *transfer = client->transfers;

		client->transfers = transfer->next;
		transfer_free(client, transfer);
	}
	(void)curl_multi_cleanup(client->multi);
	free(client);
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	const struct transfer *transfer = user;

	(void)one;
	if (transfer->request.sink == NULL)
		return size;
	return transfer->request.sink(transfer->request.context, data, size) ? size : 0;
}

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
	const struct transfer *transfer = user;
	size_t length = size;

	(void)one;
	while (length > 0 && (data[length - 1] == '\n' || data[length - 1] == '\r'))
		length--;
	if (transfer->request.header != NULL)
		transfer->request.header(transfer->request.context, data, length);
	return size;
}

static int slist_of(const char *const *texts, size_t count, struct curl_slist **list,
		    struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct curl_slist *grown = curl_slist_append(*list, texts[i]);

		if (grown == NULL)
			return error_memory(err);
		*list = grown;
	}
	return 0;
}

static int check_request(const struct http_request *request, struct error *err)
{
	if (strncasecmp(request->url, "http://", 7) != 0 &&
	    strncasecmp(request->url, "https://", 8) != 0)
		return error_set(err, ERROR_USAGE, "'%s' is no http or https URL", request->url);
	for (size_t i = 0; i < request->header_count; i++) {
		const char *colon = strchr(request->headers[i], ':');

		if (colon == NULL || colon == request->headers[i] ||
		    strpbrk(request->headers[i], "\r\n") != NULL)
			return error_set(err, ERROR_USAGE, "'%s' is no header 'Name: value'",
					 request->headers[i]);
	}
	return 0;
}

/* One place to see every option; a failed one leaves its code in *code. */
#define SET(option, value)                                            \
	do {                                                          \
		if (code == CURLE_OK)                                 \
			code = curl_easy_setopt(curl, option, value); \
	} while (0)

static CURLcode transfer_set(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURL *curl = transfer->curl;
	CURLcode code = CURLE_OK;
	uint64_t timeout = request->timeout / 1000000;

	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	SET(CURLOPT_CONNECT_TO, transfer->connect_to);
	SET(CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L);
	SET(CURLOPT_MAXREDIRS, 10L);
	SET(CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	SET(CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
	if (timeout > 0 || request->timeout > 0)
		SET(CURLOPT_TIMEOUT_MS, timeout == 0	     ? 1L
					: timeout > LONG_MAX ? LONG_MAX
							     : (long)timeout);
	if (request->ca_file != NULL)
		SET(CURLOPT_CAINFO, request->ca_file);
	if (request->unix_socket != NULL)
		SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	if (request->body != NULL) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, request->body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
	}
	if (request->method != NULL && strcmp(request->method, "HEAD") == 0)
		SET(CURLOPT_NOBODY, 1L);
	else if (request->method != NULL)
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	return code;
}

int http_start(struct http_client *client, const struct http_request *request, struct error *err)
{
	struct transfer *transfer;
	CURLcode code;

	if (check_request(request, err) < 0)
		return -1;
	transfer = calloc(1, sizeof *transfer);
	if (transfer == NULL)
		return error_memory(err);
	transfer->request = *request;
	transfer->curl = curl_easy_init();
	if (transfer->curl == NULL ||
	    slist_of(request->headers, request->header_count, &transfer->headers, err) < 0 ||
	    slist_of(request->connect_to, request->connect_to_count, &transfer->connect_to, err) <
		    0) {
		transfer_free(client, transfer);
		return error_memory(err);
	}
	code = transfer_set(transfer);
	if (code != CURLE_OK || curl_multi_add_handle(client->multi, transfer->curl) != CURLM_OK) {
		transfer_free(client, transfer);
		return error_set(err, ERROR_USAGE, "cannot ask '%s': %s", request->url,
				 curl_easy_strerror(code));
	}
	transfer->next = client->transfers;
	client->transfers = transfer;
	client->pending++;
	return 0;
}

size_t http_pending(const struct http_client *client)
{
	return client->pending;
}

static void client_unlink(struct http_client *client, const struct transfer *transfer)
{
	for (struct transfer **at = &client->transfers; *at != NULL; at = &(*at)->next)
		if (*at == transfer) {
			*at = transfer->next;
			client->pending--;
			return;
		}
}

/* A transfer that is done, if there is one. */
static bool client_take(struct http_client *client, struct http_done *done)
{
	int left = 0;
	const CURLMsg *message = curl_multi_info_read(client->multi, &left);
	struct transfer *transfer = NULL;
	curl_off_t total = 0;
	CURLcode result;

	if (message == NULL || message->msg != CURLMSG_DONE)
		return false;
	result = message->data.result;
	(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
	*done = (struct http_done) { .context = transfer->request.context,
				     .complete = result == CURLE_OK };
	(void)curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &done->status);
	(void)curl_easy_getinfo(transfer->curl, CURLINFO_TOTAL_TIME_T, &total);
	done->latency = (uint64_t)total * 1000;
	if (result != CURLE_OK)
		(void)snprintf(done->reason, sizeof done->reason, "%.255s",
			       transfer->error[0] != '\0' ? transfer->error
							  : curl_easy_strerror(result));
	client_unlink(client, transfer);
	transfer_free(client, transfer);
	return true;
}

static uint64_t now_nanoseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int http_wait(struct http_client *client, uint64_t timeout, int watch, struct http_done *ret_done,
	      struct error *err)
{
	uint64_t start = now_nanoseconds();

	for (;;) {
		struct curl_waitfd extra = { .fd = watch, .events = CURL_WAIT_POLLIN };
		uint64_t passed;
		uint64_t left;
		int running = 0;
		CURLMcode code = curl_multi_perform(client->multi, &running);

		if (code != CURLM_OK)
			return error_set(err, ERROR_NETWORK, "libcurl: %s",
					 curl_multi_strerror(code));
		if (client_take(client, ret_done))
			return HTTP_DONE;
		passed = now_nanoseconds() - start;
		if (passed >= timeout)
			return HTTP_TIMEOUT;
		/* rounded up, so as not to spin through the last millisecond */
		left = (timeout - passed + 999999) / 1000000;
		code = curl_multi_poll(client->multi, &extra, watch >= 0 ? 1 : 0,
				       left > INT_MAX ? INT_MAX : (int)left, NULL);
		if (code != CURLM_OK)
			return error_set(err, ERROR_NETWORK, "libcurl: %s",
					 curl_multi_strerror(code));
		if (watch >= 0 && extra.revents != 0)
			return HTTP_WATCHED;
	}
}
