#include "config.h"

#include "net/enginehost.h"

#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/digest.h"
#include "base/doc.h"

#define PORT_PLAIN "2375"
#define PORT_TLS   "2376"

void engine_host_release(struct engine_host *host)
{
	free(host->address);
	free(host->url);
	free(host->unix_socket);
	free(host->ssh_host);
	free(host->ssh_user);
	free(host->ssh_port);
	free(host->ca_file);
	free(host->certificate);
	free(host->key);
	*host = (struct engine_host) { 0 };
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int path_join(const char *folder, const char *name, char **ret_path, struct error *err)
{
	*ret_path = NULL;
	if (asprintf(ret_path, "%s/%s", folder, name) < 0) {
		*ret_path = NULL;
		return error_memory(err);
	}
	return 0;
}

/* A file that is not there is not used: a server may want no certificate of its client. */
static int path_if_there(const char *folder, const char *name, char **ret_path, struct error *err)
{
	if (path_join(folder, name, ret_path, err) < 0)
		return -1;
	if (access(*ret_path, R_OK) < 0) {
		free(*ret_path);
		*ret_path = NULL;
	}
	return 0;
}

/* DOCKER_CONFIG, or ~/.docker; NULL without a home. */
static int config_folder(char **ret_folder, struct error *err)
{
	const char *folder = setting("DOCKER_CONFIG");
	const char *home = setting("HOME");

	*ret_folder = NULL;
	if (folder != NULL) {
		*ret_folder = strdup(folder);
		return *ret_folder == NULL ? error_memory(err) : 0;
	}
	return home != NULL ? path_join(home, ".docker", ret_folder, err) : 0;
}

static int host_set_unix(struct engine_host *host, const char *path, struct error *err)
{
	if (path[0] != '/')
		return error_set(err, ERROR_USAGE, "'%s': a unix socket has an absolute path",
				 host->address);
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return error_set(err, ERROR_USAGE, "'%s': the socket's path is too long",
				 host->address);
	host->unix_socket = strdup(path);
	host->url = strdup("http://docker");
	return host->unix_socket == NULL || host->url == NULL ? error_memory(err) : 0;
}

/* HOST[:PORT] without anything that would make another URL of it. */
static bool is_authority(const char *text)
{
	return text[0] != '\0' && strpbrk(text, "/@?#%\\ \t\r\n\"'") == NULL;
}

static bool has_port(const char *authority)
{
	const char *bracket = strrchr(authority, ']');

	return strchr(bracket != NULL ? bracket : authority, ':') != NULL;
}

static int host_set_tls(struct engine_host *host, struct error *err)
{
	const char *folder = setting("DOCKER_CERT_PATH");
	auto_free char *usual = NULL;

	if (folder == NULL) {
		if (config_folder(&usual, err) < 0)
			return -1;
		folder = usual != NULL ? usual : "";
	}
	if (path_if_there(folder, "ca.pem", &host->ca_file, err) < 0 ||
	    path_if_there(folder, "cert.pem", &host->certificate, err) < 0)
		return -1;
	if (setting("DOCKER_CERT_PATH") != NULL && host->ca_file == NULL &&
	    host->certificate == NULL)
		return error_set(err, ERROR_USAGE,
				 "DOCKER_CERT_PATH: '%s' has neither ca.pem nor cert.pem", folder);
	return host->certificate != NULL ? path_join(folder, "key.pem", &host->key, err) : 0;
}

static int host_set_tcp(struct engine_host *host, const char *authority, bool tls,
			struct error *err)
{
	auto_free char *copy = strdup(authority);
	size_t size;

	if (copy == NULL)
		return error_memory(err);
	size = strlen(copy);
	if (size > 0 && copy[size - 1] == '/')
		copy[size - 1] = '\0';
	if (!is_authority(copy))
		return error_set(err, ERROR_USAGE, "'%s' is no HOST[:PORT]", host->address);
	if (asprintf(&host->url, "http%s://%s%s%s", tls ? "s" : "", copy, has_port(copy) ? "" : ":",
		     has_port(copy) ? "" : (tls ? PORT_TLS : PORT_PLAIN)) < 0) {
		host->url = NULL;
		return error_memory(err);
	}
	return 0;
}

/* [USER@]HOST[:PORT]; what ssh could take for an option is refused. */
static int host_set_ssh(struct engine_host *host, const char *text, struct error *err)
{
	auto_free char *copy = strdup(text);
	char *name = copy;
	char *at;
	char *end;

	if (copy == NULL)
		return error_memory(err);
	end = strchr(copy, '/');
	if (end != NULL && end[1] != '\0')
		return error_set(err, ERROR_USAGE, "'%s': a path behind an ssh host is not known",
				 host->address);
	if (end != NULL)
		*end = '\0';
	at = strrchr(copy, '@');
	if (at != NULL) {
		*at = '\0';
		name = at + 1;
		host->ssh_user = strdup(copy);
	}
	end = name[0] == '[' ? strchr(name, ']') : NULL;
	if (end != NULL) {
		name++;
		*end++ = '\0';
	} else {
		end = name + strcspn(name, ":");
	}
	if (*end == ':') {
		*end = '\0';
		host->ssh_port = strdup(end + 1);
		if (host->ssh_port != NULL &&
		    (end[1] == '\0' || strspn(end + 1, "0123456789") != strlen(end + 1)))
			return error_set(err, ERROR_USAGE, "'%s': wrong port", host->address);
	}
	if (name[0] == '\0' || name[0] == '-' ||
	    (at != NULL && (copy[0] == '-' || copy[0] == '\0')))
		return error_set(err, ERROR_USAGE, "'%s' is no [USER@]HOST[:PORT]", host->address);
	host->ssh_host = strdup(name);
	host->url = strdup("http://docker");
	return host->ssh_host == NULL || host->url == NULL ? error_memory(err) : 0;
}

static int host_fill(struct engine_host *host, const char *text, bool *ret_tcp, struct error *err)
{
	bool tls = setting("DOCKER_TLS_VERIFY") != NULL || setting("DOCKER_TLS") != NULL;

	*ret_tcp = false;
	host->address = strdup(text);
	if (host->address == NULL)
		return error_memory(err);
	if (strncasecmp(text, "unix://", 7) == 0)
		return host_set_unix(host, text + 7, err);
	if (strncasecmp(text, "ssh://", 6) == 0)
		return host_set_ssh(host, text + 6, err);
	*ret_tcp = true;
	if (strncasecmp(text, "tcp://", 6) == 0)
		return host_set_tcp(host, text + 6, tls, err);
	if (strncasecmp(text, "http://", 7) == 0)
		return host_set_tcp(host, text + 7, false, err);
	if (strncasecmp(text, "https://", 8) == 0)
		return host_set_tcp(host, text + 8, true, err);
	return error_set(err, ERROR_USAGE,
			 "'%s' is no address of an engine (unix://, tcp:// and ssh:// are known)",
			 text);
}

int engine_host_parse(const char *text, struct engine_host *ret_host, struct error *err)
{
	auto_engine_host struct engine_host host = { 0 };
	bool tcp;

	if (host_fill(&host, text, &tcp, err) < 0)
		return -1;
	if (tcp && strncmp(host.url, "https:", 6) == 0) {
		if (host_set_tls(&host, err) < 0)
			return -1;
		/* as docker does: DOCKER_TLS alone encrypts, and trusts anybody */
		host.insecure =
			setting("DOCKER_TLS") != NULL && setting("DOCKER_TLS_VERIFY") == NULL;
	}
	*ret_host = host;
	host = (struct engine_host) { 0 };
	return 0;
}

/* --- contexts ------------------------------------------------------------------------------ */

/* The context's name; NULL for the default one. */
static int context_name(const char *folder, char **ret_name, struct error *err)
{
	const char *name = setting("DOCKER_CONTEXT");
	auto_free char *path = NULL;
	auto_doc json_t *config = NULL;

	*ret_name = NULL;
	if (name == NULL) {
		if (path_join(folder, "config.json", &path, err) < 0)
			return -1;
		if (access(path, R_OK) < 0)
			return 0;
		if (doc_read_file(path, &config, err) < 0 ||
		    doc_string(config, path, "currentContext", DOC_OPTIONAL, &name, err) < 0)
			return -1;
	}
	if (name == NULL || name[0] == '\0' || strcmp(name, "default") == 0)
		return 0;
	*ret_name = strdup(name);
	return *ret_name == NULL ? error_memory(err) : 0;
}

/* What the context's own folder holds replaces what the environment says. */
static int context_tls(struct engine_host *host, const char *folder, const char *hex,
		       struct error *err)
{
	auto_free char *tls = NULL;

	if (asprintf(&tls, "%s/contexts/tls/%s/docker", folder, hex) < 0)
		return error_memory(err);
	if (access(tls, X_OK) < 0)
		return 0;
	free(steal(&host->ca_file));
	free(steal(&host->certificate));
	free(steal(&host->key));
	if (strncmp(host->url, "http://", 7) == 0 && host->unix_socket == NULL &&
	    host->ssh_host == NULL) {
		auto_free char *plain = steal(&host->url);

		if (asprintf(&host->url, "https://%s", plain + 7) < 0)
			return error_memory(err);
	}
	if (path_if_there(tls, "ca.pem", &host->ca_file, err) < 0 ||
	    path_if_there(tls, "cert.pem", &host->certificate, err) < 0 ||
	    path_if_there(tls, "key.pem", &host->key, err) < 0)
		return -1;
	return 0;
}

/* Docker's CLI: contexts/meta/SHA256-OF-THE-NAME/meta.json. */
static int context_host(const char *folder, const char *name, struct engine_host *host,
			struct error *err)
{
	struct digest digest;
	char hex[DIGEST_TEXT_MAX];
	auto_free char *path = NULL;
	auto_doc json_t *meta = NULL;
	json_t *endpoints = NULL;
	json_t *docker = NULL;
	const char *address = NULL;
	bool skip = false;

	if (digest_of(DIGEST_SHA256, name, strlen(name), &digest, err) < 0)
		return -1;
	(void)digest_hex(&digest, hex);
	if (asprintf(&path, "%s/contexts/meta/%s/meta.json", folder, hex) < 0)
		return error_memory(err);
	if (access(path, R_OK) < 0)
		return error_set(err, ERROR_MISSING, "docker's context '%s' is not there", name);
	if (doc_read_file(path, &meta, err) < 0 ||
	    doc_object(meta, path, "Endpoints", DOC_REQUIRED, &endpoints, err) < 0 ||
	    doc_object(endpoints, path, "docker", DOC_REQUIRED, &docker, err) < 0 ||
	    doc_string(docker, path, "Host", DOC_REQUIRED, &address, err) < 0 ||
	    doc_bool(docker, path, "SkipTLSVerify", DOC_OPTIONAL, &skip, err) < 0)
		return -1;
	if (engine_host_parse(address, host, err) < 0 || context_tls(host, folder, hex, err) < 0)
		return error_prefix(err, "docker's context '%s'", name);
	host->insecure = skip;
	return 0;
}

int engine_host_fixed(struct engine_host *ret_host, struct error *err)
{
	auto_engine_host struct engine_host host = { 0 };
	auto_free char *folder = NULL;
	auto_free char *name = NULL;
	const char *address = setting("DOCKER_HOST");

	if (address != NULL) {
		if (engine_host_parse(address, ret_host, err) < 0)
			return error_prefix(err, "DOCKER_HOST");
		return 1;
	}
	if (config_folder(&folder, err) < 0 ||
	    (folder != NULL && context_name(folder, &name, err) < 0))
		return -1;
	if (name == NULL)
		return 0;
	if (context_host(folder, name, &host, err) < 0)
		return -1;
	*ret_host = host;
	host = (struct engine_host) { 0 };
	return 1;
}

int engine_host_usual(size_t nth, struct engine_host *ret_host, struct error *err)
{
	const char *runtime = setting("XDG_RUNTIME_DIR");
	auto_free char *address = NULL;
	int result = -1;

	if (nth > 0 && runtime == NULL)
		nth++;
	if (nth == 0)
		result = asprintf(&address, "unix:///var/run/docker.sock");
	else if (nth == 1)
		result = asprintf(&address, "unix://%s/podman/podman.sock", runtime);
	else if (nth == 2)
		result = asprintf(&address, "unix:///run/podman/podman.sock");
	else
		return 0;
	if (result < 0) {
		address = NULL;
		return error_memory(err);
	}
	return engine_host_parse(address, ret_host, err) < 0 ? -1 : 1;
}
