/*
 * Floor 1. HTTP transfers by libcurl: many at a time, each into a sink of its caller (http_start,
 * http_wait), or one that is pulled (http_open, http_read). A client serves one of the two ways.
 *
 * Only http and https; redirects are followed when asked for only, and never with credentials to
 * another host (libcurl's rule); certificates are verified unless `insecure`. A client belongs to
 * one thread at a time, and keeps connections for the next request. Nothing is retried here:
 * callers know what may be asked twice.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

struct http_client;

int http_client_new(struct http_client **ret_client, struct error *err) must_check;
/* Ends transfers that are under way. */
void http_client_free(struct http_client *client);
static inline void http_client_free_pointer(struct http_client **place)
{
	http_client_free(*place);
}
#define auto_http_client cleanup_by(http_client_free_pointer)

struct http_request {
	const char *url;
	const char *method;	    /* NULL: GET, or POST where there is a body */
	const char *const *headers; /* "Name: value" */
	size_t header_count;
	const void *body; /* borrowed until the transfer is done; NULL for none */
	size_t body_size;
	uint64_t timeout;	       /* nanoseconds for the whole transfer; 0 for none */
	const char *unix_socket;       /* NULL: TCP; "@NAME" is in the abstract name space */
	const char *const *connect_to; /* HOST1:PORT1:HOST2:PORT2 */
	size_t connect_to_count;
	const char *ca_file;	 /* NULL: the system's */
	const char *certificate; /* the client's, with its key: PEM files; NULL for none */
	const char *key;
	bool insecure;
	bool follow;
	bool handshake_only; /* connects, and asks nothing: a response has no status then */
	bool no_proxy;	     /* whatever the environment says */
	/* gets the body in pieces; false refuses more, which ends the transfer with an error. NULL
	 * drops the body */
	bool (*sink)(void *context, const void *data, size_t size);
	/* gets each header line of the final response, without its end; may be NULL */
	void (*header)(void *context, const char *line, size_t size);
	void *context; /* comes back in http_done */
};

/* ERROR_USAGE: no http or https URL, or a header that is none. */
int http_start(struct http_client *client, const struct http_request *request,
	       struct error *err) must_check;

struct http_done {
	void *context;
	long status;	  /* 0: no HTTP response came */
	bool complete;	  /* the whole body came */
	uint64_t latency; /* nanoseconds from the start to the end */
	char reason[256]; /* why it is not complete; "" otherwise */
};

enum http_event { HTTP_TIMEOUT = 0, HTTP_DONE = 1, HTTP_WATCHED = 2 };

/*
 * Works until a transfer is done, `timeout` nanoseconds are over, or `watch` (a descriptor; -1 for
 * none) can be read. Returns which, or -1.
 */
int http_wait(struct http_client *client, uint64_t timeout, int watch, struct http_done *ret_done,
	      struct error *err) must_check;

/* Transfers under way. */
size_t http_pending(const struct http_client *client);

/* "https://registry.example:443": scheme, host and port of a URL, what credentials belong to. The
 * caller frees. ERROR_INPUT: no http or https URL. */
int http_origin(const char *url, char **ret_origin, struct error *err) must_check;

/* A response whose body is pulled; memory stays constant. */
struct http_response;

enum http_failure {
	HTTP_FAILED_FOR_GOOD, /* a host that is unknown, a certificate that is wrong */
	HTTP_FAILED_TLS,      /* the other side does not seem to speak TLS */
	HTTP_FAILED_REFUSED,  /* nobody listens */
	HTTP_FAILED_SILENT,   /* no byte came within the time */
	HTTP_FAILED_BROKEN,   /* the connection broke: another try may do better */
};

/*
 * Sends a request and waits for the header of its response. The request's sink, header, context and
 * timeout are not used; `connect_timeout` and `idle` are nanoseconds: until the connection
 * stands, and without a byte while one is waited for; 0 for none. Close the response before
 * the client. ERROR_NETWORK: no response came; ret_failure (may be NULL) says how.
 */
int http_open(struct http_client *client, const struct http_request *request,
	      uint64_t connect_timeout, uint64_t idle, struct http_response **ret_response,
	      enum http_failure *ret_failure, struct error *err) must_check;
/* Ends the transfer, if it is still under way. */
void http_close(struct http_response *response);
static inline void http_close_pointer(struct http_response **place)
{
	http_close(*place);
}
#define auto_http_response cleanup_by(http_close_pointer)

long http_status(const struct http_response *response);
/* The value of the first header field of that name; NULL where there is none. Valid until the
 * response is closed. */
const char *http_header(const struct http_response *response, const char *name);
/* The same of the field after `nth` others of that name. */
const char *http_header_at(const struct http_response *response, const char *name, size_t nth);
/* Where a redirect leads, resolved against the request's URL; NULL where it leads nowhere. */
const char *http_location(const struct http_response *response);
/* Bytes that the body is said to have; false where nothing is said. */
bool http_length(const struct http_response *response, uint64_t *ret_length);
/* Up to `size` bytes of the body; 0 at its end; -1: ERROR_NETWORK, it broke off. */
ssize_t http_read(struct http_response *response, void *data, size_t size,
		  struct error *err) must_check;

#endif
