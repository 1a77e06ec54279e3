#include "config.h"

#include "unit.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <zlib.h>
#include <zstd.h>

#include "fixture.h"
#include "image/source.h"
#include "image/store.h"

/* Opens what `path` is and reads one member as text. */
static const struct registry_options registry_options;

enum way { WAY_FILE, WAY_SPOOLED, WAY_PASSED };

static int open_store(const char *path, enum way way, struct store **ret_store, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_stream struct stream *stream = NULL;
	struct pass *pass = NULL;

	if (way == WAY_FILE)
		return store_open(path, ret_store, err);
	assert_success(stream_of_descriptor(fd, path, &stream, err), *err);
	if (way == WAY_SPOOLED)
		return store_of_stream(stream, path, ret_store, err);
	return pass_read(stream, path, NULL, &pass, err) < 0 ? -1
							     : store_of_pass(pass, ret_store, err);
}

static int read_member(const char *path, enum way way, const char *name, struct buf *text,
		       struct error *err)
{
	auto_store struct store *store = NULL;

	buf_clear(text);
	if (open_store(path, way, &store, err) < 0)
		return -1;
	return store_read(store, name, text, err);
}

static void make_archive(struct buf *tar)
{
	buf_init(tar, FIXTURE_MAX);
	fixture_file(tar, "./one//two/", "");
	fixture_file(tar, "./a//b", "ab");
	fixture_file(tar, "/absolute", "abs");
	fixture_file(tar, "../up", "up");
	fixture_file(tar, "in/../side", "side");
	fixture_file(tar, "twice", "first");
	fixture_file(tar, "twice", "second");
	fixture_file(tar, "then-link", "file");
	fixture_member(tar, '2', "then-link", "../../etc/passwd", "", 0);
	fixture_member(tar, '2', "then-file", "/etc/passwd", "", 0);
	fixture_file(tar, "then-file", "fine");
	fixture_file(tar, "deep/layer.tar", "layer");
	fixture_member(tar, '2', "next/layer.tar", "../deep/layer.tar", "", 0);
	fixture_member(tar, '1', "hard", "./next/layer.tar", "", 0);
	fixture_member(tar, '2', "to/hard", "./../hard", "", 0);
	fixture_member(tar, '2', "root", "/a/b", "", 0);
	fixture_member(tar, '1', "hard-up", "../a", "", 0);
	fixture_member(tar, '2', "self", "self", "", 0);
	fixture_member(tar, '2', "ping", "pong", "", 0);
	fixture_member(tar, '1', "pong", "ping", "", 0);
	fixture_member(tar, '2', "dangling", "nowhere", "", 0);
	fixture_member(tar, '6', "fifo", "", "", 0);
	fixture_member(tar, '5', "directory/", "", "", 0);
	fixture_end(tar);
	assert_success(buf_check(tar, "fixture", NULL), (struct error)ERROR_INIT);
}

static const struct {
	const char *name;
	const char *text; /* NULL: refused */
	enum error_kind kind;
	const char *why;
} members[] = {
	{ "a/b", "ab", ERROR_NONE, "" },
	{ "./a/b", "ab", ERROR_NONE, "" },
	{ "absolute", "abs", ERROR_NONE, "" },
	{ "/absolute", "abs", ERROR_NONE, "" },
	{ "up", NULL, ERROR_MISSING, "'up' is missing in" },
	{ "../up", NULL, ERROR_INPUT, "names nothing inside" },
	{ "side", NULL, ERROR_MISSING, "missing" },
	{ "", NULL, ERROR_INPUT, "names nothing inside" },
	{ "twice", "second", ERROR_NONE, "" },
	{ "then-link", NULL, ERROR_INPUT, "leads outside" },
	{ "then-file", "fine", ERROR_NONE, "" },
	{ "next/layer.tar", "layer", ERROR_NONE, "" },
	{ "hard", "layer", ERROR_NONE, "" },
	{ "to/hard", "layer", ERROR_NONE, "" },
	{ "root", NULL, ERROR_INPUT, "leads outside" },
	{ "hard-up", NULL, ERROR_INPUT, "leads outside" },
	{ "self", NULL, ERROR_INPUT, "without an end" },
	{ "ping", NULL, ERROR_INPUT, "without an end" },
	{ "dangling", NULL, ERROR_MISSING, "'dangling' is missing" },
	{ "fifo", NULL, ERROR_INPUT, "no regular file" },
	{ "directory", NULL, ERROR_MISSING, "missing" },
};

static void check_members_by(const char *path, enum way way)
{
	struct error err = ERROR_INIT;
	auto_buf struct buf text;

	buf_init(&text, FIXTURE_MAX);
	for (size_t i = 0; i < array_size(members); i++) {
		if (members[i].text == NULL) {
			assert_failure(read_member(path, way, members[i].name, &text, &err), err,
				       members[i].kind, members[i].why);
			continue;
		}
		assert_success(read_member(path, way, members[i].name, &text, &err), err);
		assert_string_equal(text.data, members[i].text);
	}
}

static void check_members(const char *path)
{
	check_members_by(path, WAY_FILE);
	check_members_by(path, WAY_SPOOLED);
	check_members_by(path, WAY_PASSED);
}

static void plain_archive(unused_arg void **state)
{
	auto_buf struct buf tar;

	make_archive(&tar);
	fixture_write("plain.tar", tar.data, tar.size);
	check_members("plain.tar");
}

static void compressed_archives(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_free char *packed = NULL;
	size_t size;
	gzFile gzip;

	make_archive(&tar);
	gzip = gzopen("it.tar.gz", "we");
	assert_int_equal(gzwrite(gzip, tar.data, (unsigned)tar.size), tar.size);
	assert_int_equal(gzclose(gzip), Z_OK);
	check_members("it.tar.gz");
	packed = malloc(ZSTD_compressBound(tar.size));
	assert_non_null(packed);
	size = ZSTD_compress(packed, ZSTD_compressBound(tar.size), tar.data, tar.size, 1);
	assert_false(ZSTD_isError(size));
	fixture_write("it.tar.zst", packed, size);
	check_members("it.tar.zst");
	/* cut short, it is damaged as a whole */
	for (size_t cut = 5; cut < size; cut += 7) {
		struct error err = ERROR_INIT;
		auto_store struct store *store = NULL;

		fixture_write("cut.tar.zst", packed, cut);
		assert_failure(store_open("cut.tar.zst", &store, &err), err, ERROR_INPUT,
			       "cut.tar.zst");
	}
}

/* Nothing is left in the temporary directory, and a missing one is told. */
static void standard_input(unused_arg void **state)
{
	auto_fd int saved = dup(STDIN_FILENO);
	auto_store struct store *store = NULL;
	auto_store struct store *none = NULL;
	struct error err = ERROR_INIT;
	auto_buf struct buf text;
	auto_buf struct buf tar;
	int pipes[2];

	buf_init(&text, FIXTURE_MAX);
	make_archive(&tar);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(pipe(pipes), 0);
		assert_int_equal(write(pipes[1], tar.data, tar.size), tar.size);
		close_fd(&pipes[1]);
		assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
		close_fd(&pipes[0]);
		assert_int_equal(setenv("TMPDIR", round == 0 ? "spool" : "not-there", 1), 0);
		if (round == 0)
			assert_int_equal(mkdir("spool", 0700), 0);
		if (round == 0)
			assert_success(store_open("-", &store, &err), err);
		else
			assert_failure(store_open("-", &none, &err), err, ERROR_SYSTEM,
				       "cannot make a temporary file in 'not-there'");
	}
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(rmdir("spool"), 0);
	assert_success(store_read(store, "hard", &text, &err), err);
	assert_string_equal(text.data, "layer");
}

/* Wherever it is cut, a member is whole, or missing, or told to be damaged. */
static void truncated_archive(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf text;
	struct error err = ERROR_INIT;

	make_archive(&tar);
	buf_init(&text, FIXTURE_MAX);
	for (size_t cut = 0; cut < tar.size; cut += cut % 512 == 0 ? 1 : cut % 512 == 1 ? 510 : 1) {
		fixture_write("cut.tar", tar.data, cut);
		for (size_t i = 0; i < array_size(members); i++) {
			err.kind = ERROR_NONE;
			if (read_member("cut.tar", WAY_FILE, members[i].name, &text, &err) < 0) {
				assert_true(err.kind == ERROR_INPUT || err.kind == ERROR_MISSING);
				continue;
			}
			/* a later member of that name may be gone */
			if (strcmp(members[i].name, "twice") == 0 ||
			    strcmp(members[i].name, "then-link") == 0)
				continue;
			assert_non_null(members[i].text);
			assert_string_equal(text.data, members[i].text);
		}
	}
}

static void no_archives(unused_arg void **state)
{
	static const struct {
		const char *path;
		const char *content; /* NULL: none is made */
		enum error_kind kind;
		const char *why;
	} cases[] = {
		{ "missing.tar", NULL, ERROR_MISSING, "cannot open 'missing.tar': No such file" },
		{ "empty.tar", "", ERROR_INPUT, "empty" },
		{ "text.tar", "This is no tar.\n", ERROR_INPUT, "no tar archive" },
		{ "junk.gz", "\x1f\x8b\x08 is no gzip", ERROR_INPUT, "gzip" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_store struct store *store = NULL;

		if (cases[i].content != NULL)
			fixture_write(cases[i].path, cases[i].content, strlen(cases[i].content));
		assert_failure(store_open(cases[i].path, &store, &err), err, cases[i].kind,
			       cases[i].why);
	}
}

/* --- directories ------------------------------------------------------------------------------ */

static void make_directory(void)
{
	static const char *const links[][2] = {
		{ "../../file", "dir/sub/good" },
		{ "sub/good", "dir/chain" },
		{ "dir", "link-dir" },
		{ "../outside", "climbs" },
		{ "/etc/passwd", "absolute" },
		{ "self", "self" },
		{ "pong", "ping" },
		{ "ping", "pong" },
		{ "nowhere", "dangling" },
		{ "..", "up" },
		{ ".", "here" },
	};

	assert_int_equal(mkdir("store", 0700), 0);
	assert_int_equal(mkdir("store/dir", 0700), 0);
	assert_int_equal(mkdir("store/dir/sub", 0700), 0);
	fixture_write("outside", "secret", 6);
	fixture_write("store/file", "file", 4);
	for (size_t i = 0; i < array_size(links); i++) {
		auto_free char *at = NULL;

		assert_true(asprintf(&at, "store/%s", links[i][1]) > 0);
		assert_int_equal(symlink(links[i][0], at), 0);
	}
	assert_int_equal(mkfifo("store/fifo", 0600), 0);
}

static void check_directory(void)
{
	static const struct {
		const char *name;
		const char *text; /* NULL: refused */
		const char *why;
	} cases[] = {
		{ "file", "file", "" },
		{ "./file", "file", "" },
		{ "dir/sub/good", "file", "" },
		{ "dir/chain", "file", "" },
		{ "link-dir/sub/good", "file", "" },
		{ "link-dir/chain", "file", "" },
		{ "here/file", "file", "" },
		{ "climbs", NULL, "leads outside" },
		{ "absolute", NULL, "leads outside" },
		{ "up/outside", NULL, "leads outside" },
		{ "../outside", NULL, "names nothing inside" },
		{ "self", NULL, "Too many levels" },
		{ "ping", NULL, "Too many levels" },
		{ "dangling", NULL, "it is missing" },
		{ "none", NULL, "it is missing" },
		{ "file/x", NULL, "Not a directory" },
		{ "fifo", NULL, "no regular file" },
		{ "dir", NULL, "no regular file" },
	};
	struct error err = ERROR_INIT;
	auto_buf struct buf text;

	buf_init(&text, FIXTURE_MAX);
	for (size_t i = 0; i < array_size(cases); i++) {
		err = (struct error)ERROR_INIT;
		if (cases[i].text != NULL) {
			assert_success(read_member("store", WAY_FILE, cases[i].name, &text, &err), err);
			assert_string_equal(text.data, cases[i].text);
		} else {
			assert_int_equal(read_member("store", WAY_FILE, cases[i].name, &text, &err), -1);
			if (strstr(err.text, cases[i].why) == NULL)
				fail_msg("'%s': '%s' does not say '%s'", cases[i].name, err.text,
					 cases[i].why);
		}
	}
}

static void directory(unused_arg void **state)
{
	make_directory();
	check_directory();
}

/* The same where there is no openat2: a filter takes it away from a child. */
static void directory_without_openat2(unused_arg void **state)
{
	static const int errors[] = { ENOSYS, EPERM };

	for (size_t i = 0; i < array_size(errors); i++) {
		int status = -1;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

			if (filter == NULL ||
			    seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)errors[i]),
					     SCMP_SYS(openat2), 0) != 0 ||
			    seccomp_load(filter) != 0)
				_exit(3);
			seccomp_release(filter);
			check_directory();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

/* --- sources: which form, and what each transport insists on --------------------------------- */

static void forms(unused_arg void **state)
{
	static const struct {
		enum transport transport;
		const char *path;
		int form; /* -1: refused */
		const char *why;
	} cases[] = {
		{ TRANSPORT_PATH, "docker.tar", SOURCE_DOCKER, "" },
		{ TRANSPORT_PATH, "oci.tar", SOURCE_OCI, "" },
		{ TRANSPORT_PATH, "both.tar", SOURCE_DOCKER, "" },
		{ TRANSPORT_PATH, "layout", SOURCE_OCI, "" },
		{ TRANSPORT_PATH, "neither.tar", -1, "neither manifest.json nor index.json" },
		{ TRANSPORT_PATH, "store", -1, "no index.json" },
		{ TRANSPORT_DOCKER_ARCHIVE, "both.tar", SOURCE_DOCKER, "" },
		{ TRANSPORT_DOCKER_ARCHIVE, "oci.tar", -1, "the order of its layers is not" },
		{ TRANSPORT_DOCKER_ARCHIVE, "layout", -1, "no manifest.json" },
		{ TRANSPORT_OCI_ARCHIVE, "both.tar", SOURCE_OCI, "" },
		{ TRANSPORT_OCI_ARCHIVE, "docker.tar", -1, "no index.json" },
		{ TRANSPORT_OCI_ARCHIVE, "layout", -1, "for a directory use oci:" },
		{ TRANSPORT_OCI, "layout", SOURCE_OCI, "" },
		{ TRANSPORT_OCI, "oci.tar", -1, "for a file use oci-archive:" },
		{ TRANSPORT_OCI, "none", -1, "cannot open 'none'" },
		{ TRANSPORT_DOCKER, "localhost:1/app", -1,
		  "http://localhost:1/v2/app/manifests/latest: Failed to connect" },
		{ TRANSPORT_DOCKER, "Localhost/App", -1, "no image reference" },
		{ TRANSPORT_DOCKER_DAEMON, "app", -1, "has no blobs" },
		{ TRANSPORT_BARE, "localhost:1/app", -1,
		  "http://localhost:1/v2/app/manifests/latest: Failed to connect" },
	};
	static const char *const archives[][3] = {
		{ "docker.tar", "manifest.json", NULL },
		{ "oci.tar", "index.json", NULL },
		{ "both.tar", "manifest.json", "index.json" },
		{ "neither.tar", "README", NULL },
	};

	for (size_t i = 0; i < array_size(archives); i++) {
		auto_buf struct buf tar;

		buf_init(&tar, FIXTURE_MAX);
		for (size_t k = 1; k < 3 && archives[i][k] != NULL; k++)
			fixture_file(&tar, archives[i][k], "{}");
		fixture_end(&tar);
		fixture_write(archives[i][0], tar.data, tar.size);
	}
	assert_int_equal(mkdir("layout", 0700), 0);
	fixture_write("layout/index.json", "{}", 2);
	for (size_t i = 0; i < array_size(cases); i++) {
		char *path = strdup(cases[i].path);
		struct image_name name = { cases[i].transport, path, NULL };
		auto_source struct source *source = NULL;
		struct error err = ERROR_INIT;
		int result = source_open(&name, &registry_options, &source, &err);

		free(path);
		if (cases[i].form >= 0) {
			assert_success(result, err);
			assert_int_equal((int)source_form(source), cases[i].form);
		} else if (result == 0 || strstr(err.text, cases[i].why) == NULL) {
			fail_msg("%s: '%s' does not say '%s'", cases[i].path, err.text,
				 cases[i].why);
		}
	}
}

static void blobs_are_checked(unused_arg void **state)
{
	struct descriptor descriptor = { .size = 5, .size_known = true };
	char path[] = "blobs.tar";
	struct image_name name = { TRANSPORT_PATH, path, NULL };
	auto_source struct source *source = NULL;
	struct error err = ERROR_INIT;
	char digest[DIGEST_TEXT_MAX];
	auto_buf struct buf text;
	auto_buf struct buf tar;

	buf_init(&text, 8);
	buf_init(&tar, FIXTURE_MAX);
	fixture_file(&tar, "index.json", "{}");
	fixture_blob(&tar, "hello", digest);
	fixture_end(&tar);
	fixture_write(path, tar.data, tar.size);
	assert_success(source_open(&name, &registry_options, &source, &err), err);
	assert_success(digest_parse(digest, &descriptor.digest, &err), err);
	assert_success(source_read_blob(source, &descriptor, &text, &err), err);
	assert_string_equal(text.data, "hello");
	buf_clear(&text);
	descriptor.size = 6;
	assert_failure(source_read_blob(source, &descriptor, &text, &err), err, ERROR_INPUT,
		       digest);
	buf_clear(&text);
	descriptor.size = 4;
	assert_failure(source_read_blob(source, &descriptor, &text, &err), err, ERROR_INPUT,
		       "wrong size");
	/* one bit of the blob differs */
	buf_clear(&text);
	descriptor.size = 5;
	((char *)memmem(tar.data, tar.size, "hello", 5))[0] ^= 1;
	fixture_write(path, tar.data, tar.size);
	assert_failure(source_read_blob(source, &descriptor, &text, &err), err, ERROR_INPUT,
		       "wrong digest");
	descriptor.digest.bytes[0] ^= 1;
	(void)digest_text(&descriptor.digest, digest);
	assert_failure(source_read_blob(source, &descriptor, &text, &err), err, ERROR_MISSING,
		       digest + sizeof "sha256:" - 1);
	descriptor.digest = (struct digest) { 0 };
	assert_failure(source_read_blob(source, &descriptor, &text, &err), err, ERROR_INPUT,
		       "without a digest");
}

/* The reader of blobs unpacks: a document that needs it is not the one that was hashed. */
static void documents_are_not_compressed(unused_arg void **state)
{
	struct descriptor descriptor = { .size_known = false };
	char path[] = "packed.tar";
	struct image_name name = { TRANSPORT_PATH, path, NULL };
	auto_source struct source *source = NULL;
	struct error err = ERROR_INIT;
	char digest[DIGEST_TEXT_MAX];
	char member[sizeof "blobs/sha256/" + DIGEST_TEXT_MAX];
	auto_buf struct buf text;
	auto_buf struct buf tar;
	char packed[100];
	size_t size = ZSTD_compress(packed, sizeof packed, "hello", 5, 1);

	buf_init(&text, FIXTURE_MAX);
	buf_init(&tar, FIXTURE_MAX);
	assert_success(digest_of(DIGEST_SHA256, packed, size, &descriptor.digest, &err), err);
	(void)snprintf(member, sizeof member, "blobs/sha256/%s",
		       digest_hex(&descriptor.digest, digest));
	fixture_file(&tar, "index.json", "{}");
	fixture_member(&tar, '0', member, "", packed, size);
	fixture_end(&tar);
	fixture_write(path, tar.data, tar.size);
	assert_success(source_open(&name, &registry_options, &source, &err), err);
	assert_failure(source_read_blob(source, &descriptor, &text, &err), err, ERROR_INPUT,
		       "compressed, where a document was meant");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_archive),
		cmocka_unit_test(compressed_archives),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(truncated_archive),
		cmocka_unit_test(no_archives),
		cmocka_unit_test(directory),
		cmocka_unit_test(directory_without_openat2),
		cmocka_unit_test(forms),
		cmocka_unit_test(blobs_are_checked),
		cmocka_unit_test(documents_are_not_compressed),
	};

	return cmocka_run_group_tests_name("source", tests, fixture_begin, fixture_finish);
}
