/*
 * Floor 1. One repository of a registry, read: OCI distribution specification, "Pull".
 *
 * A repository is asked at its mirrors first, in order, and then at its own host. Each host gets
 * its own credentials, tokens are fetched when one asks for them and again when they have
 * expired, and no credentials go anywhere else. TLS is demanded of every host but those of this
 * machine and those that are named insecure. 429, 5xx and broken transfers are asked again.
 *
 * Thread-safe: as many transfers at a time as there are callers.
 */
#ifndef NET_REGISTRY_H
#define NET_REGISTRY_H

#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/options.h"

/* Zeroed: the usual. */
struct registry_options {
	const char *authfile;	     /* credentials.h says where they are looked for without it */
	const char *ca_file;	     /* certificates to trust, PEM; NULL: the system's */
	struct option_list insecure; /* HOST[:PORT] whose certificate is not verified, and which may
				      * do without TLS */
	struct option_list mirrors;  /* HOST=[http[s]://]MIRROR[/PREFIX] */
	struct option_number timeout; /* nanoseconds without an answer or a byte; 30 s */
};

void registry_options_release(struct registry_options *options);

struct registry;

/*
 * `domain` and `path` as in reference.h; docker.io is known to live elsewhere. Nothing is asked
 * yet. The options are borrowed.
 */
int registry_open(const char *domain, const char *path, const struct registry_options *options,
		  struct registry **ret_registry, struct error *err) must_check;
void registry_free(struct registry *registry);
static inline void registry_free_pointer(struct registry **place)
{
	registry_free(*place);
}
#define auto_registry cleanup_by(registry_free_pointer)

/*
 * A manifest or index by tag or digest, into an initialised buffer; what was asked for by digest
 * hashes to it. ret_media_type: from Content-Type, without parameters; the caller frees.
 * ERROR_MISSING: repository, tag or digest are not there; ERROR_NETWORK; ERROR_INPUT.
 */
int registry_read_manifest(struct registry *registry, const char *reference, struct buf *buf,
			   char **ret_media_type, struct error *err) must_check;

/* A blob, pulled; a transfer that breaks off is taken up where it ended. Not hashed here. */
struct registry_blob;

/* ret_size: all its bytes; UINT64_MAX where the registry does not say. */
int registry_open_blob(struct registry *registry, const struct digest *digest,
		       struct registry_blob **ret_blob, uint64_t *ret_size,
		       struct error *err) must_check;
/* Up to `size` bytes; 0 at the end. */
ssize_t registry_read_blob(struct registry_blob *blob, void *data, size_t size,
			   struct error *err) must_check;
void registry_close_blob(struct registry_blob *blob);

/* `size` bytes of a blob from `offset`, by Range. ERROR_MISSING too where the registry gives no
 * ranges: then the blob can be read as a whole only. */
int registry_read_range(struct registry *registry, const struct digest *digest, uint64_t offset,
			size_t size, struct buf *buf, struct error *err) must_check;

#endif
