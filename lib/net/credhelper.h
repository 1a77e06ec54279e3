/*
 * Floor 1. Credential helpers: programs `docker-credential-NAME` that keep credentials outside of
 * files (docker-credential-helpers, README, "Development").
 *
 * A helper is run without a shell and in a process group of its own. It gets the server on standard
 * input; of what it prints no more than CREDHELPER_OUTPUT_MAX bytes are read, and none are quoted
 * in an error; its standard error is dropped.
 */
#ifndef NET_CREDHELPER_H
#define NET_CREDHELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "net/credentials.h"

#define CREDHELPER_TIMEOUT    (UINT64_C(60) * 1000000000)
#define CREDHELPER_OUTPUT_MAX ((size_t)64 << 10)

/* Can `name` stand behind "docker-credential-"? Letters, digits, '.', '_', '-' only. */
bool credhelper_is_name(const char *name);

/*
 * Runs `docker-credential-NAME get` for one server. None where it says that it has none. It is
 * killed after `timeout` nanoseconds. Errors begin with the helper's name: ERROR_SYSTEM where it
 * cannot be run, fails or takes too long, ERROR_INPUT where its answer is no answer.
 */
int credhelper_ask(const char *name, const char *server, uint64_t timeout,
		   struct credentials *ret_credentials, struct error *err) must_check;

/* What a helper printed; a user "<token>" says that the secret is an identity token. */
int credhelper_parse(const void *data, size_t size, struct credentials *ret_credentials,
		     struct error *err) must_check;

#endif
