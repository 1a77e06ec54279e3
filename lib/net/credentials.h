/*
 * Floor 1. Credentials for a registry from the files that `docker login` and `podman login` write,
 * and from the credential helpers which those name.
 *
 * The usual places, the first that has something for the host wins (containers-auth.json(5)):
 *   $REGISTRY_AUTH_FILE, and then no other
 *   $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID/auth.json where that is not set)
 *   $XDG_CONFIG_HOME/containers/auth.json (~/.config/...)
 *   $DOCKER_CONFIG/config.json (~/.docker/...)
 *   ~/.dockercfg
 * A file that is not there has nothing. One that cannot be read or understood is an error, since
 * going on without it would ask somebody else's question.
 *
 * Within a file: a helper in "credHelpers" for the host is asked and its answer stands; otherwise
 * "credsStore" is asked; otherwise, or where that store has nothing, "auths" decides, the longest
 * of host/namespace/repository, host/namespace, host first, then keys in the form of a URL
 * (https://host/v1/). Docker Hub's names are one host. An empty entry, as Docker writes it beside a
 * store, counts as absent. Docker asks a store and then nobody else; Podman does not know
 * "credsStore" and reads "auths": this order gives what Docker finds, and where that is nothing,
 * what Podman finds.
 *
 * No error text quotes a secret, nor anything else that a file or a helper says outside of its
 * keys.
 */
#ifndef NET_CREDENTIALS_H
#define NET_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "attributes.h"
#include "base/error.h"

/*
 * What was found; a zeroed one is "none". Several can be set at once; of them a registry token
 * (sent as Bearer as it is) goes before an identity token (an OAuth2 refresh token), and that
 * before user and password, which are both set or both NULL. The user beside an identity token is
 * of no use.
 */
struct credentials {
	char *user;
	char *password;
	char *identity_token;
	char *registry_token;
	char *from; /* for messages: the file, or "docker-credential-NAME"; set where anything is */
};

/*
 * `authfile`: the one file to look into, which must then be there; NULL: the usual places. `host`
 * as in a reference ("registry.example:5000", "docker.io"); `repository` ("team/app") may be NULL.
 * 0 with all NULL where nobody has anything. ERROR_INPUT names a bad file; a helper that is
 * missing, fails, takes longer than CREDHELPER_TIMEOUT or answers nonsense is an error that names
 * it and the file that asked for it.
 */
int credentials_find(const char *authfile, const char *host, const char *repository,
		     struct credentials *ret_credentials, struct error *err) must_check;
bool credentials_are_set(const struct credentials *credentials);
/* Wipes and frees; none is left. */
void credentials_release(struct credentials *credentials);
#define auto_credentials cleanup_by(credentials_release)

/* Below: what a file says, apart from reading it and from running a helper. */

enum credentials_format {
	CREDENTIALS_CONFIG, /* config.json and auth.json */
	CREDENTIALS_LEGACY, /* ~/.dockercfg: the entries themselves */
};

/* What one file says about a host. */
struct credentials_advice {
	char *helper;		  /* NULL for none; the name is checked */
	bool helper_decides;	  /* it was set for this host: `entry` does not count */
	struct credentials entry; /* from "auths"; `from` is `name` */
};
void credentials_advice_release(struct credentials_advice *advice);
#define auto_credentials_advice cleanup_by(credentials_advice_release)

/* Reads a file's text; runs nothing. `name` stands in errors. */
int credentials_parse(const void *data, size_t size, const char *name,
		      enum credentials_format format, const char *host, const char *repository,
		      struct credentials_advice *ret_advice, struct error *err) must_check;

#endif
