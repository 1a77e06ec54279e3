#include "config.h"

#include "net/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/doc.h"
#include "base/text.h"
#include "net/enginehost.h"
#include "net/http.h"

/* 1.24 is Docker 1.12's. Engines that have dropped the old ones still take 1.44. */
#define API_OLDEST 24
#define API_NEWEST 44

#define SECONDS(n)	UINT64_C(n##000000000)
#define CONNECT_TIMEOUT SECONDS(15)
#define PING_TIMEOUT	SECONDS(30)
#define ANSWER_TIMEOUT	SECONDS(120)
/* an engine writes the whole image to a file of its own before the first byte comes */
#define EXPORT_TIMEOUT SECONDS(1800)
#define MESSAGE_MAX    ((size_t)64 << 10)

struct engine {
	struct engine_host host;
	struct http_client *pulls;  /* for answers that are waited for */
	struct http_client *starts; /* for many at a time */
	unsigned minor;
	pid_t helper;	     /* starts ssh programs; 0 for none */
	char *helper_socket; /* where it listens */
	int helper_errors;   /* what they say; -1 without them */
	struct call *calls;
};

/* One request of engine_start. */
struct call {
	struct engine *engine;
	struct engine_request request;
	char *path;
	char *url;
	char *body;
	struct buf answer;
	long status;
	bool refused; /* by the sink */
	struct call *next;
};

const char *engine_address(const struct engine *engine)
{
	return engine->host.address;
}

bool engine_is_local(const struct engine *engine)
{
	return engine->host.unix_socket != NULL;
}

unsigned engine_api_minor(const struct engine *engine)
{
	return engine->minor;
}

void engine_escape(struct buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/:@";

	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		if (strchr(plain, *at) != NULL)
			buf_add_char(out, (char)*at);
		else
			buf_printf(out, "%%%02X", *at);
	}
}

/* --- ssh ----------------------------------------------------------------------------------- */

/*
 * libcurl connects to sockets and is given none that are connected (7.88 does not take them). So a
 * helper process listens on an abstract unix socket of this user's, and each connection becomes
 * the standard input and output of an ssh program of its own.
 */
static void ssh_arguments(const struct engine_host *host, const char *arguments[16])
{
	size_t count = 0;

	arguments[count++] = "ssh";
	arguments[count++] = "-T";
	arguments[count++] = "-o";
	arguments[count++] = "ConnectTimeout=15";
	if (host->ssh_user != NULL) {
		arguments[count++] = "-l";
		arguments[count++] = host->ssh_user;
	}
	if (host->ssh_port != NULL) {
		arguments[count++] = "-p";
		arguments[count++] = host->ssh_port;
	}
	arguments[count++] = "--";
	arguments[count++] = host->ssh_host;
	arguments[count++] = "docker";
	arguments[count++] = "system";
	arguments[count++] = "dial-stdio";
	arguments[count] = NULL;
}

static void ssh_become(int connection, int errors, const char *const *arguments)
{
	static const char problem[] = "no such program on PATH\n";
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* an interrupt from the terminal is ours to handle */
	(void)setpgid(0, 0);
	if (dup2(connection, STDIN_FILENO) >= 0 && dup2(connection, STDOUT_FILENO) >= 0 &&
	    dup2(errors, STDERR_FILENO) >= 0)
		(void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
	(void)!write(errors, problem, sizeof problem - 1);
	_exit(127);
}

/* In the helper process, until its parent ends it or is gone. */
_Noreturn static void helper_serve(int listener, int errors, pid_t parent,
				   const char *const *arguments)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	while (getppid() == parent) {
		struct ucred peer = { 0 };
		socklen_t size = sizeof peer;
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0 && errno != EINTR)
			break;
		if (connection >= 0 &&
		    getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
		    peer.pid == parent && fork() == 0)
			ssh_become(connection, errors, arguments);
		if (connection >= 0)
			(void)close(connection);
	}
	_exit(0);
}

static int helper_listen(int *ret_listener, char name[32], struct error *err)
{
	auto_fd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof address;

	/* the kernel chooses a name of five digits behind the NUL */
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof address.sun_family) < 0 ||
	    listen(listener, 16) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a socket for ssh: %s",
				 strerror(errno));
	(void)snprintf(name, 32, "@%.*s", (int)(size - sizeof address.sun_family - 1),
		       address.sun_path + 1);
	*ret_listener = steal_fd(&listener);
	return 0;
}

static int helper_start(struct engine *engine, struct error *err)
{
	const char *arguments[16];
	auto_fd int listener = -1;
	pid_t parent = getpid();
	char name[32];
	pid_t pid;

	ssh_arguments(&engine->host, arguments);
	engine->helper_errors = memfd_create("ssh", MFD_CLOEXEC);
	if (engine->helper_errors < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a file: %s", strerror(errno));
	if (helper_listen(&listener, name, err) < 0)
		return -1;
	engine->helper_socket = strdup(name);
	if (engine->helper_socket == NULL)
		return error_memory(err);
	pid = fork();
	if (pid == 0)
		helper_serve(listener, engine->helper_errors, parent, arguments);
	if (pid < 0)
		return error_set(err, ERROR_SYSTEM, "cannot start a process: %s", strerror(errno));
	engine->helper = pid;
	return 0;
}

/* The ssh programs end by themselves, now that their connections are closed. */
static void helper_end(struct engine *engine)
{
	if (engine->helper > 0) {
		(void)kill(engine->helper, SIGKILL);
		while (waitpid(engine->helper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (engine->helper_errors >= 0)
		(void)close(engine->helper_errors);
	free(engine->helper_socket);
}

/* The last line that ssh wrote says why there is no connection. */
static void helper_reason(const struct engine *engine, char reason[256])
{
	char text[4096];
	ssize_t got;
	char *line;

	reason[0] = '\0';
	if (engine->helper_errors < 0)
		return;
	got = pread(engine->helper_errors, text, sizeof text - 1, 0);
	while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == '\r'))
		got--;
	if (got <= 0)
		return;
	text[got] = '\0';
	line = strrchr(text, '\n');
	(void)snprintf(reason, 256, "ssh: %.240s", line != NULL ? line + 1 : text);
}

/* --- requests ------------------------------------------------------------------------------ */

static const char json_header[] = "Content-Type: application/json";
static const char *const json_headers[] = { json_header };

static struct http_request request_of(const struct engine *engine, const char *url,
				      const char *method, const char *body)
{
	const struct engine_host *host = &engine->host;

	return (struct http_request) {
		.url = url,
		.method = method,
		.headers = json_headers,
		.header_count = body != NULL && body[0] != '\0' ? 1 : 0,
		.body = body,
		.body_size = body != NULL ? strlen(body) : 0,
		.unix_socket = host->ssh_host != NULL ? engine->helper_socket : host->unix_socket,
		.ca_file = host->ca_file,
		.certificate = host->certificate,
		.key = host->key,
		.insecure = host->insecure,
		.no_proxy = host->unix_socket != NULL || host->ssh_host != NULL,
	};
}

static int engine_url(const struct engine *engine, const char *path, char **ret_url,
		      struct error *err)
{
	int result = engine->minor > 0 ? asprintf(ret_url, "%s/v1.%u%s", engine->host.url,
						  engine->minor, path)
				       : asprintf(ret_url, "%s%s", engine->host.url, path);

	if (result >= 0)
		return 0;
	*ret_url = NULL;
	return error_memory(err);
}

/* A POST without a body says so. */
static int body_text(const char *method, const json_t *body, char **ret_text, struct error *err)
{
	*ret_text = NULL;
	if (body == NULL && strcmp(method, "POST") != 0)
		return 0;
	*ret_text = body != NULL ? json_dumps(body, JSON_COMPACT) : strdup("");
	return *ret_text == NULL ? error_memory(err) : 0;
}

/* "unix:///…: GET /images/x/json: TEXT"; what was asked for in the query is left out */
static int request_error(const struct engine *engine, const char *method, const char *path,
			 struct error *err)
{
	return error_prefix(err, "%s: %s %.*s", engine->host.address, method,
			    (int)strcspn(path, "?"), path);
}

static int network_error(const struct engine *engine, const char *text, struct error *err)
{
	char reason[256];

	helper_reason(engine, reason);
	return error_set(err, ERROR_NETWORK, "no answer from the engine: %s",
			 reason[0] != '\0' ? reason : text);
}

static bool is_success(long status)
{
	return (status >= 200 && status < 300) || status == 304;
}

/* The engine's {"message": …}, or whatever it said instead. */
static int refusal(long status, const struct buf *answer, struct error *err)
{
	enum error_kind kind = status == 404 ? ERROR_MISSING : ERROR_ENGINE;
	auto_doc json_t *doc = NULL;
	const char *message = NULL;

	if (doc_parse(answer->data, answer->size, "", &doc, NULL) == 0 && json_is_object(doc))
		message = json_string_value(json_object_get(doc, "message"));
	if (message != NULL && message[0] != '\0')
		return error_set(err, kind, "%.*s", (int)strcspn(message, "\r\n"), message);
	return error_set(err, kind, "HTTP status %ld", status);
}

/* A success without a body is no document. */
static int answer_parse(const struct buf *answer, json_t **ret_answer, struct error *err)
{
	*ret_answer = NULL;
	if (strspn(answer->data, " \t\r\n") == answer->size)
		return 0;
	if (doc_parse(answer->data, answer->size, "the engine's answer", ret_answer, err) < 0) {
		if (err != NULL)
			err->kind = ERROR_ENGINE;
		return -1;
	}
	return 0;
}

static int response_take(struct http_response *response, struct buf *answer, struct error *err)
{
	char piece[65536];
	ssize_t got;

	while ((got = http_read(response, piece, sizeof piece, err)) > 0)
		buf_add(answer, piece, (size_t)got);
	if (got < 0)
		return -1;
	return buf_check(answer, "the engine's answer", err);
}

static int response_open(struct engine *engine, const char *method, const char *path,
			 const char *body, uint64_t idle, struct http_response **ret_response,
			 struct error *err)
{
	auto_free char *url = NULL;
	struct http_request request;
	struct error cause = ERROR_INIT;

	if (engine_url(engine, path, &url, err) < 0)
		return -1;
	request = request_of(engine, url, method, body);
	if (http_open(engine->pulls, &request, CONNECT_TIMEOUT, idle, ret_response, NULL, &cause) <
	    0)
		return network_error(engine, cause.text, err);
	return 0;
}

static int engine_ask(struct engine *engine, const char *method, const char *path,
		      const json_t *body, json_t **ret_answer, struct error *err)
{
	auto_http_response struct http_response *response = NULL;
	auto_free char *text = NULL;
	auto_doc json_t *doc = NULL;
	auto_buf struct buf answer;
	long status;

	buf_init(&answer, DOC_SIZE_MAX);
	if (body_text(method, body, &text, err) < 0)
		return -1;
	if (response_open(engine, method, path, text, ANSWER_TIMEOUT, &response, err) < 0 ||
	    response_take(response, &answer, err) < 0)
		return request_error(engine, method, path, err);
	status = http_status(response);
	if (!is_success(status))
		(void)refusal(status, &answer, err);
	if (!is_success(status) || (ret_answer != NULL && answer_parse(&answer, &doc, err) < 0))
		return request_error(engine, method, path, err);
	if (ret_answer != NULL)
		*ret_answer = steal(&doc);
	return 0;
}

int engine_get(struct engine *engine, const char *path, json_t **ret_answer, struct error *err)
{
	return engine_ask(engine, "GET", path, NULL, ret_answer, err);
}

int engine_post(struct engine *engine, const char *path, const json_t *body, json_t **ret_answer,
		struct error *err)
{
	return engine_ask(engine, "POST", path, body, ret_answer, err);
}

int engine_delete(struct engine *engine, const char *path, struct error *err)
{
	return engine_ask(engine, "DELETE", path, NULL, NULL, err);
}

/* --- finding it ---------------------------------------------------------------------------- */

/* "1.41" */
static int version_take(struct engine *engine, const char *text, struct error *err)
{
	const char *dot = text != NULL ? strchr(text, '.') : NULL;
	uint64_t minor = 0;

	/* the first that said so was 1.25's */
	if (text == NULL)
		minor = API_OLDEST;
	else if (strncmp(text, "1.", 2) != 0 || dot == NULL ||
		 text_parse_number(dot + 1, &minor, NULL) < 0)
		return error_set(err, ERROR_ENGINE, "API version '%.20s' is not known", text);
	if (minor < API_OLDEST)
		return error_set(err, ERROR_ENGINE,
				 "API version %s is too old: 1.%d is the oldest that will do", text,
				 API_OLDEST);
	engine->minor = minor < API_NEWEST ? (unsigned)minor : API_NEWEST;
	return 0;
}

static int engine_ping(struct engine *engine, struct error *err)
{
	auto_http_response struct http_response *response = NULL;
	auto_buf struct buf answer;

	buf_init(&answer, MESSAGE_MAX);
	if (response_open(engine, "GET", "/_ping", NULL, PING_TIMEOUT, &response, err) < 0 ||
	    response_take(response, &answer, err) < 0)
		return -1;
	if (http_status(response) != 200)
		return refusal(http_status(response), &answer, err);
	return version_take(engine, http_header(response, "Api-Version"), err);
}

/* Takes the host over. */
static int engine_new(struct engine_host *host, struct engine **ret_engine, struct error *err)
{
	auto_engine struct engine *engine = calloc(1, sizeof *engine);

	if (engine == NULL)
		return error_memory(err);
	engine->helper_errors = -1;
	engine->host = *host;
	*host = (struct engine_host) { 0 };
	if (engine->host.ssh_host != NULL && helper_start(engine, err) < 0)
		return -1;
	if (http_client_new(&engine->pulls, err) < 0 || http_client_new(&engine->starts, err) < 0)
		return -1;
	if (engine_ping(engine, err) < 0)
		return error_prefix(err, "%s", engine->host.address);
	*ret_engine = steal(&engine);
	return 0;
}

/* libcurl says of a socket only that it could not connect. */
static int socket_check(const char *path, struct error *err)
{
	if (access(path, F_OK) < 0)
		return error_set(err, ERROR_MISSING, "unix://%s: %s", path, strerror(errno));
	if (access(path, R_OK | W_OK) < 0)
		return error_set(err, ERROR_SYSTEM, "unix://%s: %s", path, strerror(errno));
	return 0;
}

static int engine_try(struct engine_host *host, struct engine **ret_engine, struct error *err)
{
	if (host->unix_socket != NULL && socket_check(host->unix_socket, err) < 0)
		return -1;
	return engine_new(host, ret_engine, err);
}

/* The first that answers. */
static int engine_search(struct engine **ret_engine, struct error *err)
{
	auto_buf struct buf tried;

	buf_init(&tried, MESSAGE_MAX);
	for (size_t nth = 0;; nth++) {
		auto_engine_host struct engine_host host = { 0 };
		struct error cause = ERROR_INIT;
		int there = engine_host_usual(nth, &host, err);

		if (there < 0)
			return -1;
		if (there == 0)
			return error_set(err, ERROR_MISSING,
					 "no container engine is running (%s); start one, or set "
					 "DOCKER_HOST",
					 tried.data);
		if (engine_try(&host, ret_engine, &cause) == 0)
			return 0;
		buf_printf(&tried, "%s%s", tried.size > 0 ? "; " : "", cause.text);
	}
}

int engine_open(const char *host_text, struct engine **ret_engine, struct error *err)
{
	auto_engine_host struct engine_host host = { 0 };
	int fixed = 1;

	if (host_text != NULL) {
		if (engine_host_parse(host_text, &host, err) < 0)
			return -1;
	} else {
		fixed = engine_host_fixed(&host, err);
	}
	if (fixed < 0)
		return -1;
	if (fixed == 0)
		return engine_search(ret_engine, err);
	if (engine_try(&host, ret_engine, err) < 0) {
		if (err != NULL && err->kind != ERROR_ENGINE && err->kind != ERROR_USAGE)
			err->kind = ERROR_MISSING;
		return error_prefix(err, "no container engine there");
	}
	return 0;
}

static void call_free(struct call *call)
{
	free(call->path);
	free(call->url);
	free(call->body);
	buf_release(&call->answer);
	free(call);
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	http_client_free(engine->pulls);
	http_client_free(engine->starts);
	while (engine->calls != NULL) {
		struct call *call = engine->calls;

		engine->calls = call->next;
		call_free(call);
	}
	helper_end(engine);
	engine_host_release(&engine->host);
	free(engine);
}

/* --- answers that are pulled --------------------------------------------------------------- */

struct engine_stream {
	const struct engine *engine;
	struct http_response *response;
	char *path;
};

static int stream_open_idle(struct engine *engine, const char *path, uint64_t idle,
			    struct engine_stream **ret_stream, struct error *err)
{
	auto_engine_stream struct engine_stream *stream = calloc(1, sizeof *stream);
	auto_buf struct buf answer;
	char *copy = strdup(path);

	buf_init(&answer, MESSAGE_MAX);
	if (stream == NULL || copy == NULL) {
		free(copy);
		return error_memory(err);
	}
	stream->engine = engine;
	stream->path = copy;
	if (response_open(engine, "GET", path, NULL, idle, &stream->response, err) < 0)
		return request_error(engine, "GET", path, err);
	if (!is_success(http_status(stream->response))) {
		if (response_take(stream->response, &answer, err) == 0)
			(void)refusal(http_status(stream->response), &answer, err);
		return request_error(engine, "GET", path, err);
	}
	*ret_stream = steal(&stream);
	return 0;
}

int engine_stream_open(struct engine *engine, const char *path, struct engine_stream **ret_stream,
		       struct error *err)
{
	return stream_open_idle(engine, path, ANSWER_TIMEOUT, ret_stream, err);
}

ssize_t engine_stream_read(struct engine_stream *stream, void *data, size_t size, struct error *err)
{
	ssize_t got = http_read(stream->response, data, size, err);

	if (got < 0) {
		(void)error_prefix(err, "the engine broke off");
		return request_error(stream->engine, "GET", stream->path, err);
	}
	return got;
}

void engine_stream_close(struct engine_stream *stream)
{
	if (stream == NULL)
		return;
	http_close(stream->response);
	free(stream->path);
	free(stream);
}

int engine_image_inspect(struct engine *engine, const char *name, json_t **ret_image,
			 struct error *err)
{
	auto_buf struct buf path;
	auto_doc json_t *image = NULL;

	buf_init(&path, MESSAGE_MAX);
	buf_add_string(&path, "/images/");
	engine_escape(&path, name);
	buf_add_string(&path, "/json");
	if (buf_check(&path, "the image's name", err) < 0 ||
	    engine_get(engine, path.data, &image, err) < 0)
		return -1;
	if (!json_is_object(image))
		return error_set(err, ERROR_ENGINE, "%s: the answer about '%s' is no object",
				 engine->host.address, name);
	*ret_image = steal(&image);
	return 0;
}

int engine_export(struct engine *engine, const char *name, struct engine_stream **ret_stream,
		  struct error *err)
{
	auto_buf struct buf path;

	buf_init(&path, MESSAGE_MAX);
	buf_add_string(&path, "/images/");
	engine_escape(&path, name);
	buf_add_string(&path, "/get");
	if (buf_check(&path, "the image's name", err) < 0)
		return -1;
	return stream_open_idle(engine, path.data, EXPORT_TIMEOUT, ret_stream, err);
}

/* --- many at a time ------------------------------------------------------------------------ */

static void call_header(void *context, const char *line, size_t size)
{
	struct call *call = context;
	const char *space = memchr(line, ' ', size);

	if (size > 9 && strncmp(line, "HTTP/", 5) == 0 && space != NULL)
		call->status = strtol(space, NULL, 10);
}

static bool call_body(void *context, const void *data, size_t size)
{
	struct call *call = context;

	if (call->request.sink != NULL && is_success(call->status)) {
		call->refused = !call->request.sink(call->request.context, data, size);
		return !call->refused;
	}
	buf_add(&call->answer, data, size);
	return !call->answer.failed;
}

int engine_start(struct engine *engine, const struct engine_request *request, struct error *err)
{
	struct call *call = calloc(1, sizeof *call);
	struct http_request http;

	if (call == NULL)
		return error_memory(err);
	call->engine = engine;
	call->request = *request;
	call->path = strdup(request->path);
	buf_init(&call->answer, request->answer_max > 0 ? request->answer_max : DOC_SIZE_MAX);
	if (call->path == NULL || engine_url(engine, request->path, &call->url, err) < 0 ||
	    body_text(request->method, request->body, &call->body, err) < 0) {
		call_free(call);
		return error_memory(err);
	}
	http = request_of(engine, call->url, request->method, call->body);
	http.timeout = request->timeout;
	http.sink = call_body;
	http.header = call_header;
	http.context = call;
	if (http_start(engine->starts, &http, err) < 0) {
		(void)request_error(engine, call->request.method, call->path, err);
		call_free(call);
		return -1;
	}
	call->next = engine->calls;
	engine->calls = call;
	return 0;
}

static void call_unlink(struct engine *engine, const struct call *call)
{
	for (struct call **at = &engine->calls; *at != NULL; at = &(*at)->next)
		if (*at == call) {
			*at = call->next;
			return;
		}
}

static void call_judge(const struct call *call, const struct http_done *http,
		       struct engine_done *done)
{
	if (call->refused)
		(void)error_set(&done->error, ERROR_ENGINE, "the answer was not wanted");
	else if (!http->complete && call->answer.failed)
		(void)!buf_check(&call->answer, "the engine's answer", &done->error);
	else if (!http->complete)
		(void)network_error(call->engine, http->reason, &done->error);
	else if (!is_success(http->status))
		(void)refusal(http->status, &call->answer, &done->error);
	else
		(void)!answer_parse(&call->answer, &done->answer, &done->error);
	if (done->error.kind != ERROR_NONE)
		(void)request_error(call->engine, call->request.method, call->path, &done->error);
}

int engine_wait(struct engine *engine, uint64_t timeout, int watch, struct engine_done *ret_done,
		struct error *err)
{
	struct http_done http;
	struct call *call;
	int event = http_wait(engine->starts, timeout, watch, &http, err);

	if (event < 0)
		return error_prefix(err, "%s", engine->host.address);
	if (event != HTTP_DONE)
		return event == HTTP_WATCHED ? ENGINE_WATCHED : ENGINE_TIMEOUT;
	call = http.context;
	*ret_done =
		(struct engine_done) { .context = call->request.context, .status = http.status };
	call_judge(call, &http, ret_done);
	call_unlink(engine, call);
	call_free(call);
	return ENGINE_DONE;
}

size_t engine_pending(const struct engine *engine)
{
	return http_pending(engine->starts);
}
