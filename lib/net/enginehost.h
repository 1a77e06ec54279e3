/*
 * Floor 1. Where a container engine is: what DOCKER_HOST and docker's contexts say, parsed. For
 * engine.c.
 */
#ifndef NET_ENGINEHOST_H
#define NET_ENGINEHOST_H

#include <stdbool.h>

#include "attributes.h"
#include "base/error.h"

/* One way to reach an engine. Texts are NULL where they do not apply. */
struct engine_host {
	char *address;	   /* as it was written, for people */
	char *url;	   /* "http://docker", "https://host:2376" */
	char *unix_socket; /* its path */
	char *ssh_host;
	char *ssh_user;
	char *ssh_port;
	char *ca_file;
	char *certificate;
	char *key;
	bool insecure; /* TLS without a look at the certificate */
};

void engine_host_release(struct engine_host *host);
#define auto_engine_host cleanup_by(engine_host_release)

/* ERROR_USAGE: it is no address of an engine. TLS settings come from the environment. */
int engine_host_parse(const char *text, struct engine_host *ret_host, struct error *err) must_check;

/* What the environment or docker's current context fixes: 1; 0 where nothing is fixed. */
int engine_host_fixed(struct engine_host *ret_host, struct error *err) must_check;

/* The `nth` of the sockets that are tried where nothing is fixed: 1; 0 behind the last. */
int engine_host_usual(size_t nth, struct engine_host *ret_host, struct error *err) must_check;

#endif
