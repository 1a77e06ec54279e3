/*
 * Floor 2. Names of images.
 *
 * `struct reference` is a registry reference, [DOMAIN/]PATH[:TAG][@DIGEST], with the
 * grammar of distribution/reference. `struct image_name` is what a user types for an
 * image: a transport of containers-transports(5) and what follows it.
 */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include <stdbool.h>

#include <stdbool.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"

struct reference {
	char *domain; /* "" where the text has none and it was not normalised */
	char *path;
	char *tag;	      /* NULL for none */
	struct digest digest; /* zeroed for none */
};

enum reference_form {
	REFERENCE_AS_WRITTEN, /* "ubuntu" has no domain and the path "ubuntu" */
	REFERENCE_NORMALISED, /* "ubuntu" is docker.io/library/ubuntu; 64 hex digits are refused */
};

/* ERROR_INPUT says what is wrong with the text. The caller releases. */
int reference_parse(const char *text, enum reference_form form, struct reference *ret_reference,
		    struct error *err) must_check;
void reference_release(struct reference *reference);
#define auto_reference cleanup_by(reference_release)

/* "docker.io/library/ubuntu:22.04@sha256:…"; the caller frees. NULL without memory. */
char *reference_text(const struct reference *reference);

enum transport {
	TRANSPORT_DOCKER_ARCHIVE, /* docker-archive:FILE[:NAME] */
	TRANSPORT_OCI,		  /* oci:DIR[:TAG] */
	TRANSPORT_OCI_ARCHIVE,	  /* oci-archive:FILE[:TAG] */
	TRANSPORT_DOCKER,	  /* docker://REFERENCE, a registry */
	TRANSPORT_DOCKER_DAEMON,  /* docker-daemon:NAME */
	TRANSPORT_STDIN,	  /* - */
	TRANSPORT_PATH,		  /* a bare path: told by its content */
	TRANSPORT_BARE,		  /* neither transport nor path: engine, then registry */
};

struct image_name {
	enum transport transport;
	char *location; /* file, directory or reference */
	char *name;	/* tag, name or "@N" for the Nth image of an archive; NULL for none */
};

/*
 * Pure parsing but for one look: whether a text without transport names a file or a folder with a
 * layout. The file part ends at the last ':' that leaves an existing file before it, so FILE may
 * hold colons.
 */
int image_name_parse(const char *text, struct image_name *ret_name, struct error *err) must_check;
/* Is it read from standard input? */
bool image_name_is_input(const struct image_name *name);
void image_name_release(struct image_name *name);
#define auto_image_name cleanup_by(image_name_release)

#endif
