#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "net/credentials.h"
#include "net/credhelper.h"

#define SECOND UINT64_C(1000000000)
#define SECRET "s3cr3t-of-ours"

/* A home, a PATH and nothing else: each test begins with an empty folder. */
static char folder[64];

static int remove_one(const char *path, unused_arg const struct stat *status, unused_arg int kind,
		      unused_arg struct FTW *place)
{
	return remove(path);
}

static int set_up(unused_arg void **state)
{
	static const char *const names[] = { "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME",
					     "DOCKER_CONFIG" };
	char path[128];

	(void)snprintf(folder, sizeof folder, "/tmp/test-credentials.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	for (size_t i = 0; i < array_size(names); i++)
		(void)unsetenv(names[i]);
	(void)snprintf(path, sizeof path, "%s/bin:/usr/bin:/bin", folder);
	(void)setenv("HOME", folder, 1);
	(void)setenv("PATH", path, 1);
	(void)snprintf(path, sizeof path, "%s/run", folder);
	return setenv("XDG_RUNTIME_DIR", path, 1);
}

static int tear_down(unused_arg void **state)
{
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in the folder; each call takes the next of four places. */
static const char *in_folder(const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % array_size(paths)];

	(void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s", in_folder(name));
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0777);
		*slash = '/';
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* docker-credential-NAME as a shell script. */
static void put_helper(const char *name, const char *script)
{
	char path[128];
	char text[2048];

	(void)snprintf(path, sizeof path, "bin/docker-credential-%s", name);
	(void)snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
	put(path, text, 0755);
}

/* "user password identity registry", "-" for what is not there. */
static const char *shown(const struct credentials *found)
{
	static char text[512];

	(void)snprintf(text, sizeof text, "%s %s %s %s", found->user != NULL ? found->user : "-",
		       found->password != NULL ? found->password : "-",
		       found->identity_token != NULL ? found->identity_token : "-",
		       found->registry_token != NULL ? found->registry_token : "-");
	assert_int_equal(credentials_are_set(found), strcmp(text, "- - - -") != 0);
	assert_int_equal(credentials_are_set(found), found->from != NULL);
	return text;
}

#define NOTHING "- - - -"

static void assert_found(const char *authfile, const char *host, const char *repository,
			 const char *wanted)
{
	auto_credentials struct credentials found = { 0 };
	struct error err = ERROR_INIT;

	assert_success(credentials_find(authfile, host, repository, &found, &err), err);
	assert_string_equal(shown(&found), wanted);
}

static void assert_from(const char *host, const char *from)
{
	auto_credentials struct credentials found = { 0 };
	struct error err = ERROR_INIT;

	assert_success(credentials_find(NULL, host, NULL, &found, &err), err);
	assert_non_null(found.from);
	if (strstr(found.from, from) == NULL)
		fail_msg("'%s' is not from '%s'", found.from, from);
}

/* It fails, the text holds both parts and no secret, and nothing was written. */
static void assert_refused(const char *authfile, enum error_kind kind, const char *part,
			   const char *other)
{
	struct credentials found = { .user = NULL };
	struct error err;

	assert_failure(
		credentials_find(authfile, "registry.example:5000", "team/app", &found, &err), err,
		kind, part);
	if (strstr(err.text, other) == NULL)
		fail_msg("error '%s' does not say '%s'", err.text, other);
	if (strstr(err.text, SECRET) != NULL)
		fail_msg("error '%s' tells the secret", err.text);
	assert_false(credentials_are_set(&found));
}

static void usual_places_in_their_order(unused_arg void **state)
{
#define ENTRY(user) "\"registry.example\":{\"username\":\"" user "\",\"password\":\"p\"}"
	assert_found(NULL, "registry.example", NULL, NOTHING);
	put(".dockercfg", "{" ENTRY("legacy") "}", 0600);
	assert_found(NULL, "registry.example", NULL, "legacy p - -");
	put(".docker/config.json", "{\"auths\":{" ENTRY("docker") "}}", 0600);
	assert_found(NULL, "registry.example", NULL, "docker p - -");
	put("other/config.json", "{\"auths\":{" ENTRY("other") "}}", 0600);
	(void)setenv("DOCKER_CONFIG", in_folder("other"), 1);
	assert_found(NULL, "registry.example", NULL, "other p - -");
	assert_from("registry.example", "other/config.json");
	put(".config/containers/auth.json", "{\"auths\":{" ENTRY("config") "}}", 0600);
	assert_found(NULL, "registry.example", NULL, "config p - -");
	put("xdg/containers/auth.json", "{\"auths\":{" ENTRY("xdg") "}}", 0600);
	(void)setenv("XDG_CONFIG_HOME", in_folder("xdg"), 1);
	assert_found(NULL, "registry.example", NULL, "xdg p - -");
	/* a file that has nothing for the host, or nothing at all, leaves it to the next */
	put("run/containers/auth.json", "{}", 0600);
	assert_found(NULL, "registry.example", NULL, "xdg p - -");
	put("run/containers/auth.json", " \n", 0600);
	assert_found(NULL, "registry.example", NULL, "xdg p - -");
	put("run/containers/auth.json", "{\"auths\":{\"registry.example\":{}}}", 0600);
	assert_found(NULL, "registry.example", NULL, "xdg p - -");
	put("run/containers/auth.json", "{\"auths\":{" ENTRY("run") "}}", 0600);
	assert_found(NULL, "registry.example", NULL, "run p - -");
	/* a file that was named stands alone */
	(void)setenv("REGISTRY_AUTH_FILE", in_folder("not-yet.json"), 1);
	assert_found(NULL, "registry.example", NULL, NOTHING);
	put("not-yet.json", "{\"auths\":{" ENTRY("named") "}}", 0600);
	assert_found(NULL, "registry.example", NULL, "named p - -");
	put("given.json", "{\"auths\":{" ENTRY("given") "}}", 0600);
	assert_found(in_folder("given.json"), "registry.example", NULL, "given p - -");
	assert_found(in_folder("given.json"), "elsewhere.example", NULL, NOTHING);
}

static void without_a_home(unused_arg void **state)
{
	(void)unsetenv("HOME");
	(void)unsetenv("XDG_RUNTIME_DIR");
	(void)setenv("DOCKER_CONFIG", in_folder("docker"), 1);
	put("docker/config.json", "{\"auths\":{" ENTRY("docker") "}}", 0600);
	assert_found(NULL, "registry.example", NULL, "docker p - -");
}

/* What one text says for a host and a repository. */
static void assert_entry(const char *text, enum credentials_format format, const char *host,
			 const char *repository, const char *wanted)
{
	auto_credentials_advice struct credentials_advice advice = { 0 };
	struct error err = ERROR_INIT;

	assert_success(credentials_parse(text, strlen(text), "file", format, host, repository,
					 &advice, &err),
		       err);
	if (strcmp(shown(&advice.entry), wanted) != 0)
		fail_msg("%s %s in %s: '%s', not '%s'", host, repository != NULL ? repository : "-",
			 text, shown(&advice.entry), wanted);
}

static void entries_of_every_form(unused_arg void **state)
{
	static const struct {
		const char *entry;
		const char *wanted;
	} cases[] = {
		/* user:password and its kin in base64 */
		{ "{\"auth\":\"dXNlcjpwYXNzd29yZA==\"}", "user password - -" },
		{ "{\"auth\":\"dXNlcjpwYTpzczp3b3Jk\"}", "user pa:ss:word - -" },
		{ "{\"auth\":\"dXNlcjo=\"}", "user  - -" },
		{ "{\"auth\":\"dXNlcjpwYXNzAAA=\"}", "user pass - -" },
		{ "{\"auth\":\"dXNl\\ncjpw\\r\\n\"}", "user p - -" },
		{ "{\"auth\":\"dXNlcjo/Pj4+\"}", "user ?>>> - -" },
		{ "{\"auth\":\"dXNlcjpwYXNzd29yZA==\",\"email\":\"a@b\"}", "user password - -" },
		{ "{\"username\":\"u\",\"password\":\"p\"}", "u p - -" },
		{ "{\"username\":\"u\",\"password\":\"\"}", "u  - -" },
		{ "{\"auth\":\"dTpw\",\"username\":\"x\",\"password\":\"y\"}", "u p - -" },
		{ "{\"identitytoken\":\"id\"}", "- - id -" },
		{ "{\"auth\":\"MDAwOg==\",\"identitytoken\":\"id\"}", "000  id -" },
		{ "{\"auth\":\"OnA=\",\"identitytoken\":\"id\"}", " p id -" },
		{ "{\"registrytoken\":\"reg\"}", "- - - reg" },
		{ "{\"auth\":\"dTpw\",\"identitytoken\":\"i\",\"registrytoken\":\"r\"}",
		  "u p i r" },
		/* nothing in it */
		{ "{}", NOTHING },
		{ "null", NOTHING },
		{ "{\"auth\":\"\"}", NOTHING },
		{ "{\"auth\":null,\"email\":\"a@b\"}", NOTHING },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[512];

		(void)snprintf(text, sizeof text, "{\"auths\":{\"host\":%s}}", cases[i].entry);
		assert_entry(text, CREDENTIALS_CONFIG, "host", NULL, cases[i].wanted);
		(void)snprintf(text, sizeof text, "{\"host\":%s}", cases[i].entry);
		assert_entry(text, CREDENTIALS_LEGACY, "host", NULL, cases[i].wanted);
	}
}

static void keys_of_every_form(unused_arg void **state)
{
	static const struct {
		const char *keys[4]; /* the password of entry n is n */
		const char *host;
		const char *repository;
		char wanted; /* of which entry; '-' for none */
	} cases[] = {
		{ { "host" }, "host", NULL, '0' },
		{ { "host" }, "host:5000", NULL, '-' },
		{ { "host:5000" }, "host", NULL, '-' },
		{ { "host", "host:5000" }, "host:5000", NULL, '1' },
		{ { "https://host/v1/" }, "host", NULL, '0' },
		{ { "http://host:5000/v2/" }, "host:5000", "a/b", '0' },
		{ { "https://host" }, "host", NULL, '0' },
		{ { "https://host/any/thing" }, "host", NULL, '0' },
		{ { "host/" }, "host", NULL, '0' },
		{ { "host/v1/" }, "host", NULL, '0' },
		{ { "https://host/v1/", "host" }, "host", NULL, '1' },
		{ { "https://host.example/v1/" }, "host", NULL, '-' },
		{ { "ahost", "hosta", "https://hosta/" }, "host", NULL, '-' },
		/* namespaces, the longest first, in whole components */
		{ { "host", "host/a", "host/a/b" }, "host", "a/b", '2' },
		{ { "host/a/b", "host/a", "host" }, "host", "a/b/c", '0' },
		{ { "host", "host/a", "host/a/b" }, "host", "a/c", '1' },
		{ { "host", "host/a", "host/a/b" }, "host", "ab/c", '0' },
		{ { "host", "host/a", "host/a/b" }, "host", NULL, '0' },
		{ { "host/a/b/c" }, "host", "a/b", '-' },
		{ { "host/a" }, "host", NULL, '-' },
		{ { "host/a" }, "host:5000", "a/b", '-' },
		{ { "host:5000/a" }, "host:5000", "a/b", '0' },
		{ { "https://host/a/", "host" }, "host", "a/b", '1' },
		{ { "host/v2" }, "host", "v2/b", '0' },
		/* Docker Hub */
		{ { "https://index.docker.io/v1/" }, "docker.io", "library/a", '0' },
		{ { "https://index.docker.io/v1/" }, "registry-1.docker.io", NULL, '0' },
		{ { "https://index.docker.io/v1/" }, "index.docker.io", NULL, '0' },
		{ { "docker.io" }, "index.docker.io", NULL, '0' },
		{ { "index.docker.io" }, "docker.io", NULL, '0' },
		{ { "index.docker.io", "docker.io" }, "docker.io", NULL, '1' },
		{ { "docker.io/library", "docker.io" }, "registry-1.docker.io", "library/a", '0' },
		{ { "https://index.docker.io/v1/", "docker.io" }, "docker.io", NULL, '1' },
		{ { "hub.docker.io", "docker.iox" }, "docker.io", NULL, '-' },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[512] = "{\"auths\":{";
		char wanted[16] = NOTHING;
		size_t used = strlen(text);

		for (int n = 0; n < 4 && cases[i].keys[n] != NULL; n++)
			used += (size_t)snprintf(
				text + used, sizeof text - used,
				"%s\"%s\":{\"username\":\"u\",\"password\":\"%d\"}",
				n > 0 ? "," : "", cases[i].keys[n], n);
		(void)snprintf(text + used, sizeof text - used, "}}");
		if (cases[i].wanted != '-')
			(void)snprintf(wanted, sizeof wanted, "u %c - -", cases[i].wanted);
		assert_entry(text, CREDENTIALS_CONFIG, cases[i].host, cases[i].repository, wanted);
	}
	/* an empty entry does not hide a fuller one */
	assert_entry("{\"auths\":{\"host/a\":{},\"host\":{\"auth\":\"dTpw\"}}}", CREDENTIALS_CONFIG,
		     "host", "a/b", "u p - -");
	/* the old file knows hosts only */
	assert_entry("{\"host/a\":{\"auth\":\"dTpw\"}}", CREDENTIALS_LEGACY, "host", NULL,
		     "u p - -");
}

static void bad_files_are_named(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} cases[] = {
		{ "", "no JSON" },
		{ "{\"auths\":{\"registry.example:5000\":{\"password\":" SECRET "}}}",
		  "no JSON: line 1" },
		{ "{\"auths\":{\"other\":{\"password\":\"" SECRET, "no JSON: line 1" },
		{ "[\"" SECRET "\"]", "no JSON object" },
		{ "{\"auths\":[\"" SECRET "\"]}", "'auths'" },
		{ "{\"auths\":{\"registry.example:5000\":\"" SECRET "\"}}", "no object" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":7,\"password\":\"x\"}}}",
		  "'auth' of entry 'registry.example:5000' is no string" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"" SECRET "\"}}}",
		  "'auth': is no base64" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dXNlcjpwYXNzd29yZA\"}}}",
		  "is no base64" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dX=lcjpw\"}}}",
		  "is no base64" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dXNl====\"}}}",
		  "is no base64" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"====\"}}}", "is no base64" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dXNlcg==\"}}}",
		  "is no user:password" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"OnBhc3M=\"}}}",
		  "has no user" },
		{ "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dTphAGI=\"}}}",
		  "holds a NUL" },
		{ "{\"auths\":{\"registry.example:5000\":{\"username\":\"u\"}}}",
		  "neither user and password nor a token" },
		{ "{\"auths\":{\"registry.example:5000\":{\"password\":\"" SECRET "\"}}}",
		  "neither user and password nor a token" },
		{ "{\"auths\":{\"registry.example:5000\":{\"registrytoken\":\"" SECRET
		  "\\r\\nX: y\"}}}",
		  "holds control characters" },
		{ "{\"credHelpers\":[]}", "'credHelpers'" },
		{ "{\"credHelpers\":{\"registry.example:5000\":{}}}", "no string" },
		{ "{\"credsStore\":{}}", "'credsStore'" },
		{ "{\"credsStore\":\"../../bin/sh\"}", "'../../bin/sh' is no name" },
		{ "{\"credHelpers\":{\"registry.example:5000\":\"a b\"}}", "'a b' is no name" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		put("bad.json", cases[i].text, 0600);
		assert_refused(in_folder("bad.json"), ERROR_INPUT, "bad.json", cases[i].part);
	}
	assert_refused(in_folder("none.json"), ERROR_INPUT, "none.json", "No such file");
	assert_refused(in_folder("."), ERROR_INPUT, folder, "directory");
	/* among the usual places, too: the next one is not asked */
	put("run/containers/auth.json", "{", 0600);
	put(".docker/config.json", "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dTpw\"}}}",
	    0600);
	assert_refused(NULL, ERROR_INPUT, "run/containers/auth.json", "no JSON");
	/* entries of other hosts may be as they like */
	put("run/containers/auth.json", "{\"auths\":{\"other.example\":{\"auth\":\"?\"}}}", 0600);
	assert_found(NULL, "registry.example:5000", NULL, "u p - -");
}

/* In a process of its own, since root may read everything. */
static void an_unreadable_file_is_named(unused_arg void **state)
{
	pid_t child;
	int status = 0;

	put("run/containers/auth.json", "{}", 0);
	assert_int_equal(chmod(folder, 0755), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct credentials found = { 0 };
		struct error err = ERROR_INIT;
		int result;

		if (getuid() == 0 && setuid(65534) < 0)
			_exit(3);
		result = credentials_find(NULL, "host", NULL, &found, &err);
		_exit(result == -1 && err.kind == ERROR_INPUT &&
				      strstr(err.text, "containers/auth.json") != NULL
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Says for what it was asked, and answers by it. */
static const char answering[] =
	"server=$(cat); echo \"$1 $server\" >>\"$HOME/asked\"\n"
	"case $server in\n"
	"registry.example:5000) echo '{\"ServerURL\":\"x\",\"Username\":\"helped\","
	"\"Secret\":\"" SECRET "\"}' ;;\n"
	"token.example) echo '{\"username\":\"<token>\",\"secret\":\"id\"}' ;;\n"
	"docker.io) echo '{\"Username\":\"hub\",\"Secret\":\"p\"}' ;;\n"
	"*) echo credentials not found in native keychain; exit 1 ;;\n"
	"esac";

static void assert_asked(const char *wanted)
{
	char text[512] = "";
	auto_file FILE *file = fopen(in_folder("asked"), "re");
	size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;

	text[size] = '\0';
	assert_string_equal(text, wanted);
	(void)unlink(in_folder("asked"));
}

static void helpers_before_entries(unused_arg void **state)
{
	put_helper("one", answering);
	put_helper("two", "echo two >>\"$HOME/asked\"; cat >/dev/null\n"
			  "echo '{\"Username\":\"second\",\"Secret\":\"p\"}'");
#define AUTHS                                                       \
	"\"auths\":{\"registry.example:5000\":{\"auth\":\"dTpw\"}," \
	"\"none.example\":{\"auth\":\"dTpw\"},\"docker.io\":{\"auth\":\"dTpw\"}}"

	/* one for the host: its answer stands, even where it is none */
	put(".docker/config.json",
	    "{\"credHelpers\":{\"registry.example:5000\":\"one\",\"none.example\":\"one\","
	    "\"token.example\":\"one\",\"off.example\":\"\"},\"credsStore\":\"two\"," AUTHS "}",
	    0600);
	assert_found(NULL, "registry.example:5000", NULL, "helped " SECRET " - -");
	assert_asked("get registry.example:5000\n");
	assert_from("registry.example:5000", "docker-credential-one");
	assert_asked("get registry.example:5000\n");
	assert_found(NULL, "none.example", NULL, NOTHING);
	assert_asked("get none.example\n");
	assert_found(NULL, "token.example", NULL, "- - id -");
	assert_asked("get token.example\n");
	assert_found(NULL, "off.example", NULL, NOTHING);
	assert_asked("");
	assert_found(NULL, "other.example", NULL, "second p - -");
	assert_asked("two\n");

	/* the store, then the entries */
	put(".docker/config.json", "{\"credsStore\":\"one\"," AUTHS "}", 0600);
	assert_found(NULL, "registry.example:5000", NULL, "helped " SECRET " - -");
	assert_asked("get registry.example:5000\n");
	assert_found(NULL, "none.example", NULL, "u p - -");
	assert_asked("get none.example\n");

	/* Docker Hub under both of its names */
	assert_found(NULL, "registry-1.docker.io", NULL, "hub p - -");
	assert_asked("get https://index.docker.io/v1/\nget docker.io\n");
	put(".docker/config.json", "{\"credHelpers\":{\"https://index.docker.io/v1/\":\"two\"}}",
	    0600);
	assert_found(NULL, "docker.io", NULL, "second p - -");
	assert_asked("two\n");
}

static uint64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* There a program that cannot be run is one that ends with 127: its vfork is a fork. */
static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static void helpers_in_trouble(unused_arg void **state)
{
	static const struct {
		const char *script;
		enum error_kind kind;
		const char *part;
	} cases[] = {
		{ "echo " SECRET "; exit 1", ERROR_SYSTEM, "failed with exit status 1" },
		{ "echo '{\"Username\":\"u\",\"Secret\":\"" SECRET "\"}'; exit 3", ERROR_SYSTEM,
		  "failed with exit status 3" },
		{ "echo credentials not found in native keychain, or so; exit 1", ERROR_SYSTEM,
		  "failed with exit status 1" },
		{ "kill -9 $$", ERROR_SYSTEM, "signal 9" },
		{ "", ERROR_INPUT, "its answer: no JSON" },
		{ "echo " SECRET, ERROR_INPUT, "its answer: no JSON: line 1" },
		{ "echo '{\"Username\":\"u\",\"Secret\":\"" SECRET "'", ERROR_INPUT,
		  "its answer: no JSON: line 1" },
		{ "echo '\"" SECRET "\"'", ERROR_INPUT, "its answer is no object" },
		{ "echo '{\"Username\":\"" SECRET "\"}'", ERROR_INPUT, "has no 'Secret'" },
		{ "echo '{\"Username\":[],\"Secret\":\"" SECRET "\"}'", ERROR_INPUT, "no string" },
		{ "echo '{\"Username\":\"<token>\",\"Secret\":\"\"}'", ERROR_INPUT, "no token" },
		{ "echo credentials not found in native keychain", ERROR_INPUT, "no JSON" },
		{ "yes " SECRET, ERROR_INPUT, "longer than 65536 bytes" },
	};

	put(".docker/config.json", "{\"credsStore\":\"bad\"}", 0600);
	assert_refused(NULL, ERROR_SYSTEM, ".docker/config.json: docker-credential-bad",
		       under_valgrind() ? "exit status 127" : "no such program");
	put("bin/docker-credential-bad", "#!/bin/sh\n", 0644);
	assert_refused(NULL, ERROR_SYSTEM, ".docker/config.json: docker-credential-bad",
		       under_valgrind() ? "exit status 127" : "cannot be run: Permission denied");
	for (size_t i = 0; i < array_size(cases); i++) {
		put_helper("bad", cases[i].script);
		assert_refused(NULL, cases[i].kind, ".docker/config.json: docker-credential-bad",
			       cases[i].part);
	}
}

static void what_helpers_may_do(unused_arg void **state)
{
	static const char *const scripts[] = {
		/* not read the question, talk on standard error, not end its lines */
		"exec 0<&-; echo noise >&2; printf '{\"Username\":\"u\",\"Secret\":\"p\"}'",
		/* close its output before it ends */
		"printf '{\"Username\":\"u\",\"Secret\":\"p\"}'; exec >&-; sleep 0.2",
		/* leave an agent behind that holds the output */
		"sleep 3 & echo '{\"Username\":\"u\",\"Secret\":\"p\"}'",
		/* be slow about it */
		"printf '{\"Username\":\"u\",'; sleep 0.1; echo '\"Secret\":\"p\"}'",
	};
	uint64_t start = now();

	(void)signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < array_size(scripts); i++) {
		auto_credentials struct credentials found = { 0 };
		struct error err = ERROR_INIT;

		put_helper("odd", scripts[i]);
		assert_success(credhelper_ask("odd", "host", 10 * SECOND, &found, &err), err);
		assert_string_equal(shown(&found), "u p - -");
	}
	assert_true(now() - start < 3 * SECOND);
	put_helper("odd", "echo '{\"Username\":\"\",\"Secret\":\"\"}'");
	put(".docker/config.json", "{\"credsStore\":\"odd\"}", 0600);
	assert_found(NULL, "host", NULL, NOTHING);
}

/* One line of a file, as a number; 0 where there is none yet. */
static pid_t number_in(const char *name)
{
	char text[32] = "";
	auto_file FILE *file = fopen(in_folder(name), "re");

	if (file == NULL || fgets(text, sizeof text, file) == NULL)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

static void a_helper_that_hangs_is_ended(unused_arg void **state)
{
	struct credentials found = { 0 };
	uint64_t start = now();
	struct error err;
	pid_t left;

	/* with what it started, and whatever it does to signals */
	put_helper("hangs",
		   "trap '' TERM INT; sleep 1000 & echo $! >\"$HOME/left\"; wait; sleep 1000");
	assert_failure(credhelper_ask("hangs", "host", SECOND, &found, &err), err, ERROR_SYSTEM,
		       "docker-credential-hangs: does not answer within 1 s");
	assert_true(now() - start < 10 * SECOND);
	left = number_in("left");
	assert_true(left > 0);
	/* killed; gone once it has been reaped by whoever adopted it */
	for (int i = 0; i < 100 && kill(left, 0) == 0; i++) {
		char path[64];
		char text[256] = "";
		FILE *file;

		(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)left);
		file = fopen(path, "re");
		if (file != NULL) {
			(void)!fgets(text, sizeof text, file);
			(void)fclose(file);
		}
		if (strstr(text, ") Z ") != NULL)
			return;
		(void)usleep(20000);
	}
	assert_int_equal(kill(left, 0), -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static size_t descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(list);
	while (readdir(list) != NULL)
		count++;
	(void)closedir(list);
	return count;
}

static void no_descriptor_leaks(unused_arg void **state)
{
	auto_credentials struct credentials found = { 0 };
	struct error err = ERROR_INIT;
	size_t before;

	/* into it: the standard streams, and above 9 what the shell opens itself */
	for (int fd = 3; fd < 1024; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	put_helper(
		"fds",
		"cat >/dev/null; n=0; for f in /proc/$$/fd/[3-9]; do [ ! -e \"$f\" ] || n=$((n+1)); done\n"
		"echo \"{\\\"Username\\\":\\\"u\\\",\\\"Secret\\\":\\\"$n\\\"}\"");
	before = descriptors();
	assert_success(credhelper_ask("fds", "host", 10 * SECOND, &found, &err), err);
	assert_string_equal(shown(&found), "u 0 - -");
	/* nor in here, also where it fails */
	put_helper("fails", "exit 1");
	assert_int_equal(credhelper_ask("fails", "host", SECOND, &found, NULL), -1);
	assert_int_equal(credhelper_ask("absent", "host", SECOND, &found, NULL), -1);
	assert_int_equal(descriptors(), before);
}

static void names_of_helpers(unused_arg void **state)
{
	static const char *const good[] = { "pass", "ecr-login", "a.b_c-9" };
	static const char *const bad[] = { "",	  "a/b",  "../x",     "a b",
					   "a;b", "$(x)", "\xc3\xa4", "a\n" };
	char name[200];

	for (size_t i = 0; i < array_size(good); i++)
		assert_true(credhelper_is_name(good[i]));
	for (size_t i = 0; i < array_size(bad); i++)
		assert_false(credhelper_is_name(bad[i]));
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_false(credhelper_is_name(name));
}

static void releasing(unused_arg void **state)
{
	struct credentials found = { .user = strdup("u"), .registry_token = strdup("t") };

	assert_true(credentials_are_set(&found));
	credentials_release(&found);
	assert_false(credentials_are_set(&found));
	assert_null(found.user);
	credentials_release(&found);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(usual_places_in_their_order),
		test(without_a_home),
		test(entries_of_every_form),
		test(keys_of_every_form),
		test(bad_files_are_named),
		test(an_unreadable_file_is_named),
		test(helpers_before_entries),
		test(helpers_in_trouble),
		test(what_helpers_may_do),
		test(a_helper_that_hangs_is_ended),
		test(no_descriptor_leaks),
		test(names_of_helpers),
		test(releasing),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
