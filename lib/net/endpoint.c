#include "config.h"

#include "net/endpoint.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/text.h"
#include "net/challenge.h"
#include "net/credentials.h"

#define SECOND		UINT64_C(1000000000)
#define TIMEOUT_DEFAULT (30 * SECOND)
#define WAIT_MAX	(60 * SECOND) /* longer than this nobody waits for a registry */
#define REDIRECTS_MAX	10
#define TOKEN_SIZE_MAX	((size_t)1 << 20)
#define MESSAGE_MAX	((size_t)16 << 10)

struct endpoint {
	char *host; /* "registry.example:5000" */
	char *repository; /* there: with the mirror's prefix */
	char *origin; /* of its present base URL; credentials go there only */
	const struct registry_options *options;
	bool local; /* or named insecure: may do without TLS */
	pthread_mutex_t lock;
	/* under the lock */
	bool scheme_known;
	bool plain;
	bool looked_up;
	struct credentials credentials;
	char *authorization; /* the value of that header; NULL: none */
	unsigned generation; /* counts what `authorization` was */
	struct http_client *idle[8];
	size_t idle_count;
};

/* Secrets do not stay behind in memory. */
static void secret_free(char **place)
{
	if (*place != NULL) {
		explicit_bzero(*place, strlen(*place));
		free(*place);
		*place = NULL;
	}
}
#define auto_secret cleanup_by(secret_free)

void endpoint_free(struct endpoint *endpoint)
{
	if (endpoint == NULL)
		return;
	while (endpoint->idle_count > 0)
		http_client_free(endpoint->idle[--endpoint->idle_count]);
	credentials_release(&endpoint->credentials);
	secret_free(&endpoint->authorization);
	(void)pthread_mutex_destroy(&endpoint->lock);
	free(endpoint->host);
	free(endpoint->repository);
	free(endpoint->origin);
	free(endpoint);
}

/* The part of HOST[:PORT] before the port; "[::1]:5000" has one, too. */
static size_t host_length(const char *host)
{
	const char *colon = strrchr(host, ':');

	return colon != NULL && strchr(colon, ']') == NULL ? (size_t)(colon - host) : strlen(host);
}

static bool host_is_this_machine(const char *host)
{
	size_t length = host_length(host);

	return (length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	       (length == 5 && strncmp(host, "[::1]", 5) == 0) ||
	       (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length);
}

/* Named with its port, that port is meant; without, all of its ports. */
static bool host_is_insecure(const struct registry_options *options, const char *host)
{
	for (size_t i = 0; i < options->insecure.count; i++) {
		const char *named = options->insecure.items[i];
		size_t length = strlen(named);

		if (strcasecmp(named, host) == 0 ||
		    (length == host_length(host) && strncasecmp(named, host, length) == 0))
			return true;
	}
	return false;
}

/* HOST[:PORT] of an origin; the default port is left out as in a reference. */
static const char *origin_host(const char *origin, char text[300])
{
	const char *host = strstr(origin, "://") + 3;
	bool tls = strncmp(origin, "https:", 6) == 0;
	const char *colon = strrchr(host, ':');
	bool usual = strcmp(colon, tls ? ":443" : ":80") == 0;

	(void)snprintf(text, 300, "%.*s", usual ? (int)(colon - host) : (int)strlen(host), host);
	return text;
}

static int endpoint_set_origin(struct endpoint *endpoint, struct error *err)
{
	auto_free char *url = NULL;
	char *origin = NULL;

	if (asprintf(&url, "%s://%s/", endpoint->plain ? "http" : "https", endpoint->host) < 0) {
		url = NULL;
		return error_memory(err);
	}
	if (http_origin(url, &origin, err) < 0)
		return -1;
	free(endpoint->origin);
	endpoint->origin = origin;
	return 0;
}

int endpoint_new(const char *place, const char *repository, const struct registry_options *options,
		 struct endpoint **ret_endpoint, struct error *err)
{
	auto_endpoint struct endpoint *endpoint = calloc(1, sizeof *endpoint);
	const char *host = place;
	const char *prefix;
	size_t length;

	if (endpoint == NULL)
		return error_memory(err);
	(void)pthread_mutex_init(&endpoint->lock, NULL);
	endpoint->options = options;
	endpoint->plain = strncmp(place, "http://", 7) == 0;
	if (strstr(place, "://") != NULL)
		host = strstr(place, "://") + 3;
	prefix = host + strcspn(host, "/");
	endpoint->host = strndup(host, (size_t)(prefix - host));
	prefix += strspn(prefix, "/");
	length = strlen(prefix);
	while (length > 0 && prefix[length - 1] == '/')
		length--;
	if (asprintf(&endpoint->repository, "%.*s%s%s", (int)length, prefix, length > 0 ? "/" : "",
		     repository) < 0)
		endpoint->repository = NULL;
	if (endpoint->host == NULL || endpoint->repository == NULL)
		return error_memory(err);
	endpoint->local =
		host_is_this_machine(endpoint->host) || host_is_insecure(options, endpoint->host);
	endpoint->scheme_known = !endpoint->local || host != place;
	if (endpoint_set_origin(endpoint, err) < 0)
		return -1;
	*ret_endpoint = steal(&endpoint);
	return 0;
}

/* --- clients, kept with their connections -------------------------------------------------- */

static int endpoint_take_client(struct endpoint *endpoint, struct http_client **ret_client,
				struct error *err)
{
	struct http_client *client = NULL;

	(void)pthread_mutex_lock(&endpoint->lock);
	if (endpoint->idle_count > 0)
		client = endpoint->idle[--endpoint->idle_count];
	(void)pthread_mutex_unlock(&endpoint->lock);
	if (client == NULL)
		return http_client_new(ret_client, err);
	*ret_client = client;
	return 0;
}

static void endpoint_give_client(struct endpoint *endpoint, struct http_client *client)
{
	(void)pthread_mutex_lock(&endpoint->lock);
	if (client != NULL && endpoint->idle_count < array_size(endpoint->idle)) {
		endpoint->idle[endpoint->idle_count++] = client;
		client = NULL;
	}
	(void)pthread_mutex_unlock(&endpoint->lock);
	http_client_free(client);
}

void endpoint_answer_release(struct endpoint_answer *answer)
{
	http_close(answer->response);
	if (answer->client != NULL)
		endpoint_give_client(answer->endpoint, answer->client);
	*answer = (struct endpoint_answer) { 0 };
}

/* --- one request, and patience ------------------------------------------------------------- */

uint64_t endpoint_backoff(unsigned tries)
{
	uint64_t wait = SECOND / 4 << (tries < 8 ? tries : 8);

	return wait < WAIT_MAX ? wait : WAIT_MAX;
}

void endpoint_pause(uint64_t nanoseconds)
{
	struct timespec wait = { .tv_sec = (time_t)(nanoseconds / SECOND),
				 .tv_nsec = (long)(nanoseconds % SECOND) };

	while (nanosleep(&wait, &wait) < 0) {
	}
}

int64_t endpoint_retry_after(const char *field, int64_t now)
{
	uint64_t seconds;
	time_t date;

	if (text_parse_number(field, &seconds, NULL) == 0)
		return seconds > INT32_MAX ? INT32_MAX : (int64_t)seconds;
	date = curl_getdate(field, NULL);
	if (date == -1)
		return -1;
	return (int64_t)date > now ? (int64_t)date - now : 0;
}

static uint64_t endpoint_timeout(const struct endpoint *endpoint)
{
	return endpoint->options->timeout.set ? endpoint->options->timeout.value : TIMEOUT_DEFAULT;
}

/* How long to wait before this answer is asked for again; false where that has no sense. */
static bool answer_is_temporary(const struct http_response *response, unsigned tries,
				uint64_t *ret_wait)
{
	long status = http_status(response);
	const char *field = http_header(response, "Retry-After");
	int64_t seconds = field != NULL ? endpoint_retry_after(field, (int64_t)time(NULL)) : -1;

	if (status != 429 && status != 500 && status != 502 && status != 503 && status != 504)
		return false;
	*ret_wait = seconds >= 0 ? (uint64_t)seconds * SECOND : endpoint_backoff(tries);
	return tries + 1 < ENDPOINT_TRIES && *ret_wait <= WAIT_MAX;
}

/* Sends one request to one URL, again where that may help. The last answer stands. */
static int endpoint_ask(const struct endpoint *endpoint, struct http_client *client,
			const struct http_request *request, struct http_response **ret_response,
			enum http_failure *ret_failure, struct error *err)
{
	uint64_t timeout = endpoint_timeout(endpoint);

	for (unsigned tries = 0;; tries++) {
		auto_http_response struct http_response *response = NULL;
		uint64_t wait = endpoint_backoff(tries);

		*ret_failure = HTTP_FAILED_FOR_GOOD;
		if (http_open(client, request, timeout, timeout, &response, ret_failure, err) < 0) {
			if (*ret_failure != HTTP_FAILED_BROKEN || tries + 1 == ENDPOINT_TRIES)
				return error_prefix(err, "GET %s", request->url);
		} else if (!answer_is_temporary(response, tries, &wait)) {
			*ret_response = steal(&response);
			return 0;
		}
		http_close(steal(&response));
		endpoint_pause(wait);
	}
}

/* What the registry says about it: the first of its errors (distribution specification, "Error
 * Codes"). Empty where it says nothing that can be read. */
static void answer_message(struct http_response *response, struct buf *text)
{
	auto_buf struct buf body;
	auto_doc json_t *doc = NULL;
	const json_t *first;
	const char *message;
	char piece[4096];
	ssize_t got;

	buf_init(&body, MESSAGE_MAX);
	while ((got = http_read(response, piece, sizeof piece, NULL)) > 0)
		buf_add(&body, piece, (size_t)got);
	if (got < 0 || buf_check(&body, "", NULL) < 0 ||
	    doc_parse(body.data, body.size, "", &doc, NULL) < 0)
		return;
	first = json_array_get(json_object_get(doc, "errors"), 0);
	message = json_string_value(json_object_get(first, "message"));
	if (message == NULL)
		message = json_string_value(json_object_get(first, "code"));
	if (message == NULL)
		message = json_string_value(json_object_get(doc, "details"));
	if (message != NULL)
		buf_printf(text, ": %.200s", message);
}

/* --- tokens -------------------------------------------------------------------------------- */

/* RFC 7617. The caller frees. */
static char *basic_authorization(const char *user, const char *password)
{
	auto_secret char *pair = NULL;
	auto_secret char *coded = NULL;
	char *header = NULL;
	int size = asprintf(&pair, "%s:%s", user, password);

	if (size < 0) {
		pair = NULL;
		return NULL;
	}
	coded = malloc(4 * ((size_t)size / 3 + 1) + 1);
	if (coded == NULL)
		return NULL;
	(void)EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)pair, size);
	if (asprintf(&header, "Basic %s", coded) < 0)
		return NULL;
	return header;
}

static int buf_add_query(struct buf *buf, char before, const char *name, const char *value,
			 struct error *err)
{
	char *escaped = curl_easy_escape(NULL, value, 0);

	if (escaped == NULL)
		return error_memory(err);
	buf_printf(buf, "%c%s=%s", before, name, escaped);
	curl_free(escaped);
	return 0;
}

struct token_request {
	struct buf url;
	struct buf form; /* empty: GET */
	char *authorization;
};

static void token_request_release(struct token_request *request)
{
	if (request->form.data != NULL)
		explicit_bzero(request->form.data, request->form.size);
	buf_release(&request->url);
	buf_release(&request->form);
	secret_free(&request->authorization);
}

/* The distribution project's token authentication: GET with user and password, or POST with a
 * refresh token. */
static int token_request_make(const struct endpoint *endpoint, const struct challenge *challenge,
			      struct token_request *request, struct error *err)
{
	const struct credentials *credentials = &endpoint->credentials;
	auto_free char *default_scope = NULL;
	const char *scope = challenge->scope;
	struct buf *to = credentials->identity_token != NULL ? &request->form : &request->url;
	char mark = '?';

	if (asprintf(&default_scope, "repository:%s:pull", endpoint->repository) < 0) {
		default_scope = NULL;
		return error_memory(err);
	}
	buf_add_string(&request->url, challenge->realm);
	if (credentials->identity_token != NULL) {
		buf_add_string(&request->form, "grant_type=refresh_token&client_id=" PACKAGE_NAME);
		if (buf_add_query(to, '&', "refresh_token", credentials->identity_token, err) < 0)
			return -1;
		mark = '&';
	} else if (strchr(challenge->realm, '?') != NULL) {
		mark = '&';
	}
	if (challenge->service != NULL) {
		if (buf_add_query(to, mark, "service", challenge->service, err) < 0)
			return -1;
		mark = '&';
	}
	if (buf_add_query(to, mark, "scope", scope != NULL ? scope : default_scope, err) < 0)
		return -1;
	if (credentials->identity_token == NULL && credentials->user != NULL) {
		char *basic = basic_authorization(credentials->user, credentials->password);

		if (basic == NULL ||
		    asprintf(&request->authorization, "Authorization: %s", basic) < 0) {
			request->authorization = NULL;
			secret_free(&basic);
			return error_memory(err);
		}
		secret_free(&basic);
	}
	if (buf_check(&request->url, "a token service's address", err) < 0)
		return -1;
	return buf_check(&request->form, "a token request", err);
}

static int token_parse(struct http_response *response, char **ret_authorization, struct error *err)
{
	auto_buf struct buf body;
	auto_doc json_t *doc = NULL;
	const char *token = NULL;
	char piece[4096];
	ssize_t got;

	buf_init(&body, TOKEN_SIZE_MAX);
	while ((got = http_read(response, piece, sizeof piece, err)) > 0)
		buf_add(&body, piece, (size_t)got);
	if (got < 0 || buf_check(&body, "the token", err) < 0 ||
	    doc_parse_secret(body.data, body.size, "the token service's answer", &doc, err) < 0 ||
	    doc_string(doc, "the token service's answer", "token", DOC_OPTIONAL, &token, err) < 0)
		return -1;
	if ((token == NULL || token[0] == '\0') &&
	    doc_string(doc, "the token service's answer", "access_token", DOC_REQUIRED, &token,
		       err) < 0)
		return -1;
	if (strpbrk(token, "\r\n") != NULL)
		return error_set(err, ERROR_INPUT, "the token service's token has line breaks");
	if (asprintf(ret_authorization, "Bearer %s", token) < 0)
		return error_memory(err);
	explicit_bzero(body.data, body.size);
	return 0;
}

/* May this URL be asked at all, and may its certificate go unverified? */
static int endpoint_allow(const struct endpoint *endpoint, const char *origin, bool *ret_insecure,
			  struct error *err)
{
	char text[300];
	const char *host = origin_host(origin, text);
	bool insecure = host_is_insecure(endpoint->options, host);

	if (strncmp(origin, "http:", 5) == 0 && !insecure && !host_is_this_machine(host))
		return error_set(err, ERROR_NETWORK,
				 "%s would be asked without TLS; --insecure %s allows it", host,
				 host);
	*ret_insecure = insecure;
	return 0;
}

static int endpoint_fetch_token(const struct endpoint *endpoint, struct http_client *client,
				const struct challenge *challenge, char **ret_authorization,
				struct error *err)
{
	cleanup_by(token_request_release) struct token_request request = { 0 };
	auto_http_response struct http_response *response = NULL;
	auto_free char *origin = NULL;
	struct http_request http = { .ca_file = endpoint->options->ca_file };
	enum http_failure failure;

	buf_init(&request.url, TOKEN_SIZE_MAX);
	buf_init(&request.form, TOKEN_SIZE_MAX);
	if (challenge->realm == NULL)
		return error_set(err, ERROR_NETWORK, "it names no token service");
	if (http_origin(challenge->realm, &origin, err) < 0 ||
	    endpoint_allow(endpoint, origin, &http.insecure, err) < 0 ||
	    token_request_make(endpoint, challenge, &request, err) < 0)
		return error_prefix(err, "the token service");
	http.url = request.url.data;
	if (request.authorization != NULL) {
		http.headers = (const char *const *)&request.authorization;
		http.header_count = 1;
	}
	if (request.form.size > 0) {
		http.body = request.form.data;
		http.body_size = request.form.size;
	}
	if (endpoint_ask(endpoint, client, &http, &response, &failure, err) < 0)
		return error_prefix(err, "the token service");
	if (http_status(response) != 200) {
		auto_buf struct buf message;

		buf_init(&message, ERROR_TEXT_MAX);
		answer_message(response, &message);
		return error_set(
			err, ERROR_NETWORK, "the token service %s refuses%s%s%s%s: HTTP %ld%s",
			challenge->realm, endpoint->credentials.user != NULL ? " the user '" : "",
			endpoint->credentials.user != NULL ? endpoint->credentials.user : "",
			endpoint->credentials.user != NULL ? "' or the password of " : "",
			endpoint->credentials.user != NULL ? endpoint->credentials.from : "",
			http_status(response), message.data);
	}
	return token_parse(response, ret_authorization, err);
}

/* --- credentials --------------------------------------------------------------------------- */

static int endpoint_look_up(struct endpoint *endpoint, struct error *err)
{
	if (endpoint->looked_up)
		return 0;
	if (credentials_find(endpoint->options->authfile, endpoint->host, endpoint->repository,
			     &endpoint->credentials, err) < 0)
		return -1;
	endpoint->looked_up = true;
	return 0;
}

static int endpoint_denied(const struct endpoint *endpoint, struct error *err)
{
	if (!credentials_are_set(&endpoint->credentials))
		return error_set(err, ERROR_NETWORK,
				 "%s gives this to nobody whom it does not know, if it is there at "
				 "all; log in with `docker login %s`",
				 endpoint->host, endpoint->host);
	return error_set(err, ERROR_NETWORK,
			 "%s refuses the credentials of %s: wrong or expired, or they do not "
			 "suffice; log in again with `docker login %s`",
			 endpoint->host, endpoint->credentials.from, endpoint->host);
}

/* The best challenge of all fields. */
static int answer_challenge(const struct http_response *response, struct challenge *challenge,
			    struct error *err)
{
	const char *field;

	for (size_t i = 0; (field = http_header_at(response, "WWW-Authenticate", i)) != NULL; i++) {
		auto_challenge struct challenge next = { 0 };

		if (challenge_parse(field, &next, err) < 0)
			return -1;
		if (next.scheme > challenge->scheme) {
			challenge_release(challenge);
			*challenge = next;
			next = (struct challenge) { 0 };
		}
	}
	return 0;
}

/* Makes what the next try sends; the lock is held. */
static int endpoint_authorise_locked(struct endpoint *endpoint, struct http_client *client,
				     const struct challenge *challenge, struct error *err)
{
	const struct credentials *credentials = &endpoint->credentials;
	auto_secret char *authorization = NULL;

	if (endpoint_look_up(endpoint, err) < 0)
		return -1;
	if (challenge->scheme == CHALLENGE_BEARER && credentials->registry_token != NULL) {
		if (asprintf(&authorization, "Bearer %s", credentials->registry_token) < 0)
			authorization = NULL;
	} else if (challenge->scheme == CHALLENGE_BEARER) {
		if (endpoint_fetch_token(endpoint, client, challenge, &authorization, err) < 0)
			return -1;
	} else if (challenge->scheme == CHALLENGE_BASIC && credentials->user != NULL) {
		authorization = basic_authorization(credentials->user, credentials->password);
	} else if (challenge->scheme == CHALLENGE_BASIC) {
		return endpoint_denied(endpoint, err);
	} else {
		return error_set(err, ERROR_NETWORK,
				 "%s asks for a kind of authentication that is not known here",
				 endpoint->host);
	}
	if (authorization == NULL)
		return error_memory(err);
	secret_free(&endpoint->authorization);
	endpoint->authorization = steal(&authorization);
	endpoint->generation++;
	return 0;
}

/* After a 401. `generation` is of what was sent, `fresh` whether it had been made for this request:
 * then making it anew would not help. What another request had made may have expired since. */
static int endpoint_authorise(struct endpoint *endpoint, struct http_client *client,
			      const struct http_response *response, unsigned generation,
			      bool *fresh, struct error *err)
{
	auto_challenge struct challenge challenge = { 0 };
	int result = 0;

	if (answer_challenge(response, &challenge, err) < 0)
		return -1;
	(void)pthread_mutex_lock(&endpoint->lock);
	if (endpoint->generation != generation) {
		*fresh = false;
	} else {
		result = *fresh ? endpoint_denied(endpoint, err)
				: endpoint_authorise_locked(endpoint, client, &challenge, err);
		*fresh = true;
	}
	(void)pthread_mutex_unlock(&endpoint->lock);
	return result;
}

/* --- a request through all of it ----------------------------------------------------------- */

struct conversation {
	struct endpoint *endpoint;
	const struct endpoint_request *request;
	struct http_client *client;
	struct http_response *response;
	char *url;	     /* asked last */
	bool elsewhere;	     /* it was at another origin */
	unsigned generation; /* of the authorization sent */
};

static void conversation_release(struct conversation *talk)
{
	http_close(talk->response);
	if (talk->client != NULL)
		endpoint_give_client(talk->endpoint, talk->client);
	free(talk->url);
}

/* The header of a request; `storage` holds it. */
static int conversation_headers(struct conversation *talk, char *storage[3], size_t *count,
				struct error *err)
{
	const struct endpoint_request *request = talk->request;
	struct endpoint *endpoint = talk->endpoint;
	int made = 0;

	if (request->accept != NULL)
		made = asprintf(&storage[(*count)++], "Accept: %s", request->accept);
	if (made >= 0 && request->count > 0)
		made = asprintf(&storage[(*count)++], "Range: bytes=%llu-%llu",
				(unsigned long long)request->from,
				(unsigned long long)(request->from + request->count - 1));
	else if (made >= 0 && request->from > 0)
		made = asprintf(&storage[(*count)++], "Range: bytes=%llu-",
				(unsigned long long)request->from);
	(void)pthread_mutex_lock(&endpoint->lock);
	talk->generation = endpoint->generation;
	if (made >= 0 && !talk->elsewhere && endpoint->authorization != NULL)
		made = asprintf(&storage[(*count)++], "Authorization: %s", endpoint->authorization);
	(void)pthread_mutex_unlock(&endpoint->lock);
	if (made < 0) {
		storage[--*count] = NULL;
		return error_memory(err);
	}
	return 0;
}

static int conversation_ask(struct conversation *talk, struct error *err)
{
	struct endpoint *endpoint = talk->endpoint;
	struct http_request http = { .url = talk->url, .ca_file = endpoint->options->ca_file };
	auto_free char *origin = NULL;
	enum http_failure failure;
	char *headers[3] = { NULL };
	int result;

	http_close(steal(&talk->response));
	if (http_origin(talk->url, &origin, err) < 0 ||
	    endpoint_allow(endpoint, origin, &http.insecure, err) < 0)
		return error_prefix(err, "GET %s", talk->url);
	(void)pthread_mutex_lock(&endpoint->lock);
	talk->elsewhere = strcmp(origin, endpoint->origin) != 0;
	(void)pthread_mutex_unlock(&endpoint->lock);
	result = conversation_headers(talk, headers, &http.header_count, err);
	http.headers = (const char *const *)headers;
	if (result == 0)
		result =
			endpoint_ask(endpoint, talk->client, &http, &talk->response, &failure, err);
	for (size_t i = 0; i < array_size(headers); i++)
		secret_free(&headers[i]);
	return result;
}

/* A host of this machine, or one named insecure, that speaks no TLS, or that only a proxy for plain
 * HTTP knows, is asked without, as Docker does. The lock is held, so that it is found out once. */
static int endpoint_find_scheme(struct endpoint *endpoint, struct http_client *client,
				struct error *err)
{
	auto_http_response struct http_response *response = NULL;
	uint64_t timeout = endpoint_timeout(endpoint);
	auto_free char *url = strdup(endpoint->origin);
	struct http_request request = { .url = url, .insecure = true, .handshake_only = true };
	enum http_failure failure = HTTP_FAILED_FOR_GOOD;

	if (url == NULL)
		return error_memory(err);
	if (endpoint->scheme_known)
		return 0;
	if (http_open(client, &request, timeout, timeout, &response, &failure, err) < 0) {
		if (failure == HTTP_FAILED_SILENT)
			return error_prefix(err, "%s", url);
		endpoint->plain = true;
		if (endpoint_set_origin(endpoint, err) < 0)
			return -1;
	}
	endpoint->scheme_known = true;
	return 0;
}

static int conversation_begin(struct conversation *talk, struct error *err)
{
	struct endpoint *endpoint = talk->endpoint;
	bool plain;
	int found;

	(void)pthread_mutex_lock(&endpoint->lock);
	found = endpoint_find_scheme(endpoint, talk->client, err);
	plain = endpoint->plain;
	(void)pthread_mutex_unlock(&endpoint->lock);
	if (found < 0)
		return -1;
	free(steal(&talk->url));
	if (asprintf(&talk->url, "%s://%s/v2/%s/%s", plain ? "http" : "https", endpoint->host,
		     endpoint->repository, talk->request->path) < 0) {
		talk->url = NULL;
		return error_memory(err);
	}
	return 0;
}

static bool status_is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Asks, and follows where it is sent. */
static int conversation_follow(struct conversation *talk, struct error *err)
{
	if (conversation_begin(talk, err) < 0)
		return -1;
	for (unsigned redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
		if (conversation_ask(talk, err) < 0)
			return -1;
		if (!status_is_redirect(http_status(talk->response)) ||
		    http_location(talk->response) == NULL)
			return 0;
		free(talk->url);
		talk->url = strdup(http_location(talk->response));
		if (talk->url == NULL)
			return error_memory(err);
	}
	return error_set(err, ERROR_NETWORK, "GET %s: redirected more than %d times", talk->url,
			 REDIRECTS_MAX);
}

/* "bytes 100-199/200", RFC 9110, section 14.4. */
static bool content_range_begins_at(const struct http_response *response, uint64_t from)
{
	const char *field = http_header(response, "Content-Range");
	char wanted[64];

	(void)snprintf(wanted, sizeof wanted, "bytes %llu-", (unsigned long long)from);
	return field != NULL && strncasecmp(field, wanted, strlen(wanted)) == 0;
}

static int conversation_judge(struct conversation *talk, uint64_t *ret_from, struct error *err)
{
	long status = http_status(talk->response);
	auto_buf struct buf message;
	const char *field = http_header(talk->response, "Retry-After");

	buf_init(&message, ERROR_TEXT_MAX);
	*ret_from = 0;
	if (status == 200)
		return 0;
	if (status == 206) {
		*ret_from = talk->request->from;
		if (content_range_begins_at(talk->response, talk->request->from))
			return 0;
		return error_set(err, ERROR_INPUT,
				 "GET %s: bytes from %llu on were asked for, and others came",
				 talk->url, (unsigned long long)talk->request->from);
	}
	answer_message(talk->response, &message);
	if (status == 429 && field != NULL)
		buf_printf(&message, " (it wants to be asked again after %.40s)", field);
	if (status == 401)
		return endpoint_denied(talk->endpoint, err);
	return error_set(err, status == 404 ? ERROR_MISSING : ERROR_NETWORK, "GET %s: HTTP %ld%s",
			 talk->url, status, message.data);
}

int endpoint_get(struct endpoint *endpoint, const struct endpoint_request *request,
		 struct endpoint_answer *ret_answer, struct error *err)
{
	cleanup_by(conversation_release) struct conversation talk = { .endpoint = endpoint,
								      .request = request };
	uint64_t from = 0;
	bool fresh = false;

	if (endpoint_take_client(endpoint, &talk.client, err) < 0)
		return -1;
	for (unsigned asked = 0; asked < 3; asked++) {
		if (conversation_follow(&talk, err) < 0)
			return -1;
		if (http_status(talk.response) != 401 || talk.elsewhere)
			break;
		if (endpoint_authorise(endpoint, talk.client, talk.response, talk.generation,
				       &fresh, err) < 0)
			return error_prefix(err, "GET %s", talk.url);
	}
	if (conversation_judge(&talk, &from, err) < 0)
		return -1;
	*ret_answer = (struct endpoint_answer) { endpoint, talk.client, talk.response, from };
	talk.client = NULL;
	talk.response = NULL;
	return 0;
}
