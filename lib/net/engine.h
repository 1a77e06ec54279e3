/*
 * Floor 1. A container engine: Docker's Engine API, which Podman serves, too.
 *
 * An engine is found once, its API version is negotiated, and every path below is without the
 * version ("/images/json"). Connections: unix sockets, TCP with or without TLS, ssh by way of the
 * ssh program. An engine belongs to one thread at a time; open another one for another thread.
 * Answers are bounded. Errors name the engine, the request, and what the engine said:
 * ERROR_MISSING for 404, ERROR_ENGINE for what it refused, ERROR_NETWORK where no whole answer
 * came.
 */
#ifndef NET_ENGINE_H
#define NET_ENGINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"

struct engine;

/*
 * `host` is what DOCKER_HOST may hold: unix://PATH, tcp://HOST[:PORT], ssh://[USER@]HOST[:PORT].
 * NULL: $DOCKER_HOST, the current docker context, /var/run/docker.sock,
 * $XDG_RUNTIME_DIR/podman/podman.sock, /run/podman/podman.sock, in this order; the first two are
 * final where they are set. TLS as docker does it: DOCKER_TLS_VERIFY, DOCKER_CERT_PATH with
 * ca.pem, cert.pem and key.pem. ERROR_MISSING: no engine answers; the text says what was tried.
 * ERROR_USAGE: `host` is none. ERROR_ENGINE: it is too old (below API 1.24).
 */
int engine_open(const char *host, struct engine **ret_engine, struct error *err) must_check;
void engine_free(struct engine *engine);
static inline void engine_free_pointer(struct engine **place)
{
	engine_free(*place);
}
#define auto_engine cleanup_by(engine_free_pointer)

/* "unix:///var/run/docker.sock" */
const char *engine_address(const struct engine *engine);
/* Reached by a unix socket: its processes may be this machine's. */
bool engine_is_local(const struct engine *engine);
/* The API version in use is 1.MINOR. */
unsigned engine_api_minor(const struct engine *engine);

/* Adds `text` as a part of a path or of a query, percent-encoded. "/", ":" and "@" stay. */
void engine_escape(struct buf *out, const char *text);

/*
 * Requests with a JSON answer, or none (*ret_answer is NULL then). `body` may be NULL, and so may
 * ret_answer. Any 2xx or 304 is a success. The caller releases the answer (auto_doc).
 */
int engine_get(struct engine *engine, const char *path, json_t **ret_answer,
	       struct error *err) must_check;
int engine_post(struct engine *engine, const char *path, const json_t *body, json_t **ret_answer,
		struct error *err) must_check;
int engine_delete(struct engine *engine, const char *path, struct error *err) must_check;

/* An answer that is pulled. Close it before the engine. */
struct engine_stream;
int engine_stream_open(struct engine *engine, const char *path, struct engine_stream **ret_stream,
		       struct error *err) must_check;
/* Up to `size` bytes; 0 at the end; -1 with err where it broke off. */
ssize_t engine_stream_read(struct engine_stream *stream, void *data, size_t size,
			   struct error *err) must_check;
void engine_stream_close(struct engine_stream *stream);
static inline void engine_stream_close_pointer(struct engine_stream **place)
{
	engine_stream_close(*place);
}
#define auto_engine_stream cleanup_by(engine_stream_close_pointer)

/* What the engine knows of an image (a name, with tag or digest, or an ID): Id, Size, RootFS,
 * Config, … ERROR_MISSING: it has none of that name. */
int engine_image_inspect(struct engine *engine, const char *name, json_t **ret_image,
			 struct error *err) must_check;
/* The image as `docker save` writes it, streamed. */
int engine_export(struct engine *engine, const char *name, struct engine_stream **ret_stream,
		  struct error *err) must_check;

/*
 * Many requests at a time, for a loop of one's own. `path` and `body` (JSON; NULL for none) are
 * copied. A body above `answer_max` ends the transfer, unless there is a sink; with one, the bytes
 * of a 2xx answer go there, and false from it ends the transfer.
 */
struct engine_request {
	const char *method; /* static */
	const char *path;
	const json_t *body;
	uint64_t timeout;  /* nanoseconds for all of it; 0 for none */
	size_t answer_max; /* bytes; 0 for a default */
	bool (*sink)(void *context, const void *data, size_t size);
	void *context; /* comes back in engine_done, and goes to the sink */
};
int engine_start(struct engine *engine, const struct engine_request *request,
		 struct error *err) must_check;

struct engine_done {
	void *context;
	long status;	    /* of HTTP; 0: no answer */
	json_t *answer;	    /* NULL where there is none; the receiver's */
	struct error error; /* as above; .kind is ERROR_NONE where it succeeded */
};

enum engine_event { ENGINE_TIMEOUT = 0, ENGINE_DONE = 1, ENGINE_WATCHED = 2 };

/* Works until a request is done, `timeout` nanoseconds are over, or `watch` (-1 for none) can be
 * read. Returns which, or -1. */
int engine_wait(struct engine *engine, uint64_t timeout, int watch, struct engine_done *ret_done,
		struct error *err) must_check;
/* Requests under way. */
size_t engine_pending(const struct engine *engine);

#endif
