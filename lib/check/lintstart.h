/*
 * Floor 4. What a container starts with and what its environment says, wherever that is written: in
 * a Dockerfile, an image's configuration or a compose file. For the rules of lint.h.
 */
#ifndef CHECK_LINTSTART_H
#define CHECK_LINTSTART_H

#include <stdbool.h>

#include "file/script.h"

/* "uv run" where a command runs by way of a package manager; NULL otherwise. Static. */
const char *start_package_manager(const struct script *script);
/* "flask run" where a server for development is started; NULL otherwise. Static. `serves`: it is
 * known that this is a server, so that a plain "python app.py" is one, too. */
const char *start_dev_server(const struct script *script, bool serves);
/* The port that a command line names; false where it names none. */
bool start_port(const struct script *script, unsigned *ret_port);
/* The path that a health check asks for: behind the host of the first URL; NULL. The caller
 * frees. */
char *start_url_path(const struct script *script);

/* The name is that of a secret, and the value could be one. NULL for a value that is not known. */
bool environment_is_secret(const char *name, const char *value);
/* "FLASK_ENV=development": a value that is for development. */
bool environment_is_development(const char *name, const char *value);

#endif
