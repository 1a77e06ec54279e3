/*
 * Floor 1. HTTP transfers by libcurl, many at a time, each into a sink of its caller.
 *
 * Only http and https; redirects are followed when asked for only, and never with credentials to
 * another host (libcurl's rule); certificates are verified unless `insecure`. A client belongs to
 * one thread. Nothing is retried here: callers know what may be asked twice.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	const char *unix_socket;       /* NULL: TCP */
	const char *const *connect_to; /* HOST1:PORT1:HOST2:PORT2 */
	size_t connect_to_count;
	const char *ca_file; /* NULL: the system's */
	bool insecure;
	bool follow;
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

#endif
