#include "config.h"

#include "net/http.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"

struct transfer {
	CURL *curl;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	struct http_request request;
	char error[CURL_ERROR_SIZE];
	struct http_response *response; /* NULL: it has a sink */
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

static size_t response_body(struct http_response *response, const char *data, size_t size);
static void response_header(struct http_response *response, const char *line, size_t size);

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	const struct transfer *transfer = user;

	(void)one;
	if (transfer->response != NULL)
		return response_body(transfer->response, data, size);
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
	if (transfer->response != NULL)
		response_header(transfer->response, data, length);
	else if (transfer->request.header != NULL)
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

static CURLcode transfer_set_connection(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURL *curl = transfer->curl;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_CONNECT_TO, transfer->connect_to);
	SET(CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
	if (request->ca_file != NULL) {
		SET(CURLOPT_CAINFO, request->ca_file);
	} else if (request->insecure) {
		/* reading the system's takes longer than a whole exchange on loopback */
		SET(CURLOPT_CAINFO, NULL);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (request->handshake_only)
		SET(CURLOPT_CONNECT_ONLY, 1L);
	if (request->certificate != NULL)
		SET(CURLOPT_SSLCERT, request->certificate);
	if (request->key != NULL)
		SET(CURLOPT_SSLKEY, request->key);
	if (request->unix_socket != NULL && request->unix_socket[0] == '@')
		SET(CURLOPT_ABSTRACT_UNIX_SOCKET, request->unix_socket + 1);
	else if (request->unix_socket != NULL)
		SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	if (request->no_proxy)
		SET(CURLOPT_NOPROXY, "*");
	return code;
}

static CURLcode transfer_set(struct transfer *transfer)
{
	const struct http_request *request = &transfer->request;
	CURL *curl = transfer->curl;
	CURLcode code = transfer_set_connection(transfer);
	uint64_t timeout = request->timeout / 1000000;

	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_NOSIGNAL, 1L);
	/* what a proxy says to CONNECT is not the answer */
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	SET(CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L);
	SET(CURLOPT_MAXREDIRS, 10L);
	SET(CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	if (timeout > 0 || request->timeout > 0)
		SET(CURLOPT_TIMEOUT_MS, timeout == 0	     ? 1L
					: timeout > LONG_MAX ? LONG_MAX
							     : (long)timeout);
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

/* Made, set, and under way; the client has it. */
static int client_add(struct http_client *client, const struct http_request *request,
		      struct transfer **ret_transfer, struct error *err)
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
	*ret_transfer = transfer;
	return 0;
}

int http_start(struct http_client *client, const struct http_request *request, struct error *err)
{
	struct transfer *transfer;

	return client_add(client, request, &transfer, err);
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

static void free_curl_text(char **text)
{
	curl_free(*text);
}

static int url_part(CURLU *url, CURLUPart part, char **ret_text)
{
	return curl_url_get(url, part, ret_text, CURLU_DEFAULT_PORT) == CURLUE_OK ? 0 : -1;
}

int http_origin(const char *url, char **ret_origin, struct error *err)
{
	cleanup_by(free_curl_text) char *scheme = NULL;
	cleanup_by(free_curl_text) char *host = NULL;
	cleanup_by(free_curl_text) char *port = NULL;
	CURLU *parts = curl_url();
	char *origin = NULL;
	int result = -1;

	if (parts == NULL)
		return error_memory(err);
	if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    url_part(parts, CURLUPART_SCHEME, &scheme) == 0 &&
	    url_part(parts, CURLUPART_HOST, &host) == 0 &&
	    url_part(parts, CURLUPART_PORT, &port) == 0 &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0))
		result = 0;
	curl_url_cleanup(parts);
	if (result < 0)
		return error_set(err, ERROR_INPUT, "'%.200s' is no http or https URL", url);
	for (char *at = host; *at != '\0'; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
	if (asprintf(&origin, "%s://%s:%s", scheme, host, port) < 0)
		return error_memory(err);
	*ret_origin = origin;
	return 0;
}

/* Where the body waits to be pulled, libcurl is told to wait, too. */
#define RESPONSE_AHEAD ((size_t)256 << 10)
#define HEADERS_MAX    ((size_t)256 << 10)

struct http_response {
	struct http_client *client;
	struct transfer *transfer;
	uint64_t idle;
	struct buf headers; /* lines of the last header, each ends in NUL */
	struct buf body;
	size_t begin;	/* of what is not pulled yet */
	uint64_t heard; /* bytes of any kind that came */
	char *location;
	long status;
	bool interim; /* a 1xx header, another one follows */
	bool has_header;
	bool paused;
	bool done;
	CURLcode result;
};

static size_t response_body(struct http_response *response, const char *data, size_t size)
{
	response->has_header = true;
	if (response->body.size - response->begin >= RESPONSE_AHEAD) {
		response->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	response->heard += size;
	buf_add(&response->body, data, size);
	return response->body.failed ? 0 : size;
}

/* A header begins with its status line and ends with an empty one. */
static void response_header(struct http_response *response, const char *line, size_t size)
{
	response->heard += size + 1;
	if (size >= 5 && strncmp(line, "HTTP/", 5) == 0) {
		const char *space = memchr(line, ' ', size);

		buf_clear(&response->headers);
		response->interim = space != NULL && space[1] == '1';
	} else if (size == 0) {
		response->has_header = response->has_header || !response->interim;
	} else if (!response->has_header) {
		buf_add(&response->headers, line, size);
		buf_add_char(&response->headers, '\0');
	}
}

/* What libcurl reports of transfers that ended. */
static void client_collect(struct http_client *client)
{
	const CURLMsg *message;
	int left = 0;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct transfer *transfer = NULL;

		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		if (message->msg != CURLMSG_DONE || transfer->response == NULL)
			continue;
		transfer->response->done = true;
		transfer->response->has_header =
			transfer->response->has_header || message->data.result == CURLE_OK;
		transfer->response->result = message->data.result;
	}
}

static enum http_failure failure_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum http_failure failure;
	} failures[] = {
		{ CURLE_SSL_CONNECT_ERROR, HTTP_FAILED_TLS },
		{ CURLE_COULDNT_CONNECT, HTTP_FAILED_REFUSED },
		{ CURLE_OPERATION_TIMEDOUT, HTTP_FAILED_SILENT },
		{ CURLE_GOT_NOTHING, HTTP_FAILED_BROKEN },
		{ CURLE_SEND_ERROR, HTTP_FAILED_BROKEN },
		{ CURLE_RECV_ERROR, HTTP_FAILED_BROKEN },
		{ CURLE_PARTIAL_FILE, HTTP_FAILED_BROKEN },
		{ CURLE_HTTP2, HTTP_FAILED_BROKEN },
		{ CURLE_HTTP2_STREAM, HTTP_FAILED_BROKEN },
	};

	for (size_t i = 0; i < array_size(failures); i++)
		if (failures[i].code == code)
			return failures[i].failure;
	return HTTP_FAILED_FOR_GOOD;
}

static int response_failed(const struct http_response *response, struct error *err)
{
	const struct transfer *transfer = response->transfer;

	return error_set(err, ERROR_NETWORK, "%.250s",
			 transfer->error[0] != '\0' ? transfer->error
						    : curl_easy_strerror(response->result));
}

/* Works until something was heard, or the transfer is done. */
static int response_wait(struct http_response *response, enum http_failure *failure,
			 struct error *err)
{
	uint64_t heard = response->heard;
	uint64_t start = now_nanoseconds();

	while (response->heard == heard && !response->done) {
		int running = 0;
		uint64_t passed;
		CURLMcode code = curl_multi_perform(response->client->multi, &running);

		if (code == CURLM_OK) {
			client_collect(response->client);
			if (response->heard != heard || response->done)
				break;
			passed = now_nanoseconds() - start;
			if (response->idle > 0 && passed >= response->idle) {
				*failure = HTTP_FAILED_SILENT;
				return error_set(err, ERROR_NETWORK, "no answer within %llu ms",
						 (unsigned long long)(response->idle / 1000000));
			}
			code = curl_multi_poll(response->client->multi, NULL, 0, 1000, NULL);
		}
		if (code != CURLM_OK)
			return error_set(err, ERROR_NETWORK, "libcurl: %s",
					 curl_multi_strerror(code));
	}
	return 0;
}

static int response_begin(struct http_response *response, enum http_failure *failure,
			  struct error *err)
{
	const char *location = NULL;
	curl_off_t length = -1;

	while (!response->has_header && !response->done)
		if (response_wait(response, failure, err) < 0)
			return -1;
	if (!response->has_header) {
		*failure = failure_of(response->result);
		return response_failed(response, err);
	}
	(void)curl_easy_getinfo(response->transfer->curl, CURLINFO_RESPONSE_CODE,
				&response->status);
	(void)curl_easy_getinfo(response->transfer->curl, CURLINFO_REDIRECT_URL, &location);
	(void)curl_easy_getinfo(response->transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
				&length);
	response->location = location != NULL ? strdup(location) : NULL;
	return buf_check(&response->headers, "the header of a response", err);
}

int http_open(struct http_client *client, const struct http_request *request,
	      uint64_t connect_timeout, uint64_t idle, struct http_response **ret_response,
	      enum http_failure *ret_failure, struct error *err)
{
	auto_http_response struct http_response *response = calloc(1, sizeof *response);
	enum http_failure failure = HTTP_FAILED_FOR_GOOD;

	if (response == NULL)
		return error_memory(err);
	response->client = client;
	response->idle = idle;
	buf_init(&response->headers, HEADERS_MAX);
	/* libcurl hands on no more than it reads at a time */
	buf_init(&response->body, 2 * RESPONSE_AHEAD + CURL_MAX_READ_SIZE);
	if (client_add(client, request, &response->transfer, err) < 0)
		return -1;
	response->transfer->response = response;
	(void)curl_easy_setopt(response->transfer->curl, CURLOPT_BUFFERSIZE, 131072L);
	(void)curl_easy_setopt(response->transfer->curl, CURLOPT_CONNECTTIMEOUT_MS,
			       (long)(connect_timeout / 1000000 % LONG_MAX));
	if (response_begin(response, &failure, err) < 0) {
		if (ret_failure != NULL)
			*ret_failure = failure;
		return -1;
	}
	*ret_response = steal(&response);
	return 0;
}

void http_close(struct http_response *response)
{
	if (response == NULL)
		return;
	if (response->transfer != NULL) {
		client_unlink(response->client, response->transfer);
		transfer_free(response->client, response->transfer);
	}
	buf_release(&response->headers);
	buf_release(&response->body);
	free(response->location);
	free(response);
}

long http_status(const struct http_response *response)
{
	return response->status;
}

const char *http_header(const struct http_response *response, const char *name)
{
	return http_header_at(response, name, 0);
}

const char *http_header_at(const struct http_response *response, const char *name, size_t nth)
{
	size_t length = strlen(name);
	const char *end = response->headers.data + response->headers.size;

	for (const char *line = response->headers.data; line < end; line += strlen(line) + 1)
		if (strncasecmp(line, name, length) == 0 && line[length] == ':' && nth-- == 0)
			return line + length + 1 + strspn(line + length + 1, " \t");
	return NULL;
}

const char *http_location(const struct http_response *response)
{
	return response->location;
}

bool http_length(const struct http_response *response, uint64_t *ret_length)
{
	curl_off_t length = -1;

	(void)curl_easy_getinfo(response->transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
				&length);
	if (length < 0)
		return false;
	*ret_length = (uint64_t)length;
	return true;
}

ssize_t http_read(struct http_response *response, void *data, size_t size, struct error *err)
{
	enum http_failure failure;

	while (response->begin == response->body.size && !response->done) {
		buf_clear(&response->body);
		response->begin = 0;
		if (response->paused) {
			response->paused = false;
			if (curl_easy_pause(response->transfer->curl, CURLPAUSE_CONT) != CURLE_OK)
				return response_failed(response, err);
			continue;
		}
		if (response_wait(response, &failure, err) < 0)
			return -1;
	}
	if (size > response->body.size - response->begin)
		size = response->body.size - response->begin;
	if (size == 0 && response->result != CURLE_OK)
		return response_failed(response, err);
	if (size > 0)
		memcpy(data, response->body.data + response->begin, size);
	response->begin += size;
	return (ssize_t)size;
}
