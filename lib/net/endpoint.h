/*
 * Floor 1. One host that serves a repository: how it is asked. Credentials and tokens (distribution
 * specification; the distribution project's token authentication; RFC 6749, section 6), redirects,
 * 429 and 5xx, connections that break.
 *
 * Thread-safe. Credentials are sent to this host's origin alone, and to the token service that it
 * names. Redirects are followed here and not by libcurl, so that each step is held to the same
 * rules: TLS, unless the host is this machine or was named insecure.
 */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "net/http.h"
#include "net/registry.h"

struct endpoint;

/* `place` is [http[s]://]HOST[:PORT][/PREFIX], where the prefix stands before the repository's
 * name, as in containers-registries.conf; the options are borrowed. */
int endpoint_new(const char *place, const char *repository, const struct registry_options *options,
		 struct endpoint **ret_endpoint, struct error *err) must_check;
void endpoint_free(struct endpoint *endpoint);
static inline void endpoint_free_pointer(struct endpoint **place)
{
	endpoint_free(*place);
}
#define auto_endpoint cleanup_by(endpoint_free_pointer)

struct endpoint_request {
	const char *path;   /* below the repository: "manifests/latest" */
	const char *accept; /* media types; NULL for any */
	uint64_t from;	    /* first byte that is wanted */
	uint64_t count;	    /* how many from there; 0: all that follow */
};

struct endpoint_answer {
	struct endpoint *endpoint;
	struct http_client *client;
	struct http_response *response;
	uint64_t from; /* the first byte that comes: 0 where the host ignored the range */
};

/*
 * Asks until there is an answer of status 200, or 206 for a range that is the one wanted.
 * ERROR_MISSING: 404; ERROR_NETWORK: all else, the request and what to do about it named.
 */
int endpoint_get(struct endpoint *endpoint, const struct endpoint_request *request,
		 struct endpoint_answer *ret_answer, struct error *err) must_check;
void endpoint_answer_release(struct endpoint_answer *answer);
#define auto_endpoint_answer cleanup_by(endpoint_answer_release)

/* Nanoseconds to wait before the try after `tries` others. */
uint64_t endpoint_backoff(unsigned tries);
/* Waits so long. */
void endpoint_pause(uint64_t nanoseconds);
#define ENDPOINT_TRIES 5

/* Seconds, or a date (RFC 9110, section 10.2.3), as seconds from now; -1 where it is neither. */
int64_t endpoint_retry_after(const char *field, int64_t now);

#endif
