#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "check/suggest.h"
#include "fixture.h"

/* A root with an empty /tmp, an /etc with a file, a /run with folders, and a home with a file. */
static int make_root(void)
{
	static const char *const folders[] = {
		"root",		 "root/tmp",	    "root/etc",	   "root/run",
		"root/run/lock", "root/home",	    "root/home/a", "root/var",
		"root/var/lib",	 "root/var/lib/db", "root/srv"
	};
	static const char *const files[] = { "root/etc/passwd", "root/home/a/.profile",
					     "root/var/lib/db/seed" };

	for (size_t i = 0; i < array_size(folders); i++)
		(void)mkdir(folders[i], 0755);
	for (size_t i = 0; i < array_size(files); i++)
		(void)close(open(files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	return open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

struct wanted {
	const char *path; /* of a need; a "/" at its end: a folder is made */
	const char *from;
};

static void add(struct suggestion *suggestion, const struct wanted *wanted)
{
	struct needs *needs = &suggestion->needs;
	size_t length = strlen(wanted->path);

	needs->items = reallocarray(needs->items, needs->count + 1, sizeof *needs->items);
	assert_non_null(needs->items);
	needs->items[needs->count++] = (struct need) {
		.path = strndup(wanted->path, length - (wanted->path[length - 1] == '/')),
		.from = wanted->from != NULL ? strdup(wanted->from) : NULL,
		.is_folder = wanted->path[length - 1] == '/',
		.bytes = 10,
	};
	needs->capacity = needs->count;
}

/* The mounts as a text: "t/tmp v/etc". */
static void check(const struct wanted *wanted, size_t count, bool careful, const char *expected)
{
	static const char *const given[] = { "/srv", NULL };
	auto_suggestion struct suggestion suggestion = { 0 };
	auto_buf struct buf text;
	auto_fd int root = make_root();
	struct error err = ERROR_INIT;

	buf_init(&text, 4096);
	for (size_t i = 0; i < count; i++)
		add(&suggestion, &wanted[i]);
	assert_success(suggest_mounts(&suggestion, root, given, careful, &err), err);
	for (size_t i = 0; i < suggestion.count; i++) {
		const struct suggest_mount *mount = &suggestion.mounts[i];

		buf_printf(&text, "%s%c%s", i > 0 ? " " : "",
			   mount->kind == SUGGEST_TMPFS ? 't' : 'v', mount->path);
		/* each has a reason, which lies in it */
		assert_true(mount->reason_count > 0);
		assert_ptr_equal(strstr(mount->reasons[0]->path, mount->path),
				 mount->reasons[0]->path);
	}
	if (suggestion.no_bytecode)
		buf_add_string(&text, " env");
	if (suggestion.impossible != NULL)
		buf_printf(&text, " no%s", suggestion.impossible);
	assert_string_equal(text.data, expected);
}
#define CHECK(expected, ...)                           \
	check((const struct wanted[]) { __VA_ARGS__ }, \
	      array_size(((const struct wanted[]) { __VA_ARGS__ })), false, expected)
#define CHECK_CAREFUL(expected, ...)                   \
	check((const struct wanted[]) { __VA_ARGS__ }, \
	      array_size(((const struct wanted[]) { __VA_ARGS__ })), true, expected)

static void takes_the_narrowest_place(unused_arg void **state)
{
	/* a file in an empty folder, in one with folders, in one with files */
	CHECK("t/tmp", { "/tmp/x", NULL });
	CHECK("t/run", { "/run/pid", NULL });
	CHECK_CAREFUL("v/run", { "/run/pid", NULL });
	CHECK("v/etc", { "/etc/new", NULL });
	/* a file that is there */
	CHECK("v/etc", { "/etc/passwd", NULL });
	/* a folder that is there */
	CHECK("v/home/a", { "/home/a", NULL });
	CHECK("t/run/lock", { "/run/lock", NULL });
	/* folders that the program makes */
	CHECK("t/home/a/.cache", { "/home/a/.cache/", NULL }, { "/home/a/.cache/uv/", NULL });
	CHECK("t/home/a/.cache", { "/home/a/.cache/uv/x", NULL });
	CHECK("t/new", { "/new/", NULL }, { "/new/file", NULL });
	CHECK("t/tmp/d", { "/tmp/d/", NULL });
	CHECK("t/tmp", { "/tmp/d/", NULL }, { "/tmp/e/", NULL });
	CHECK("t/tmp", { "/tmp/d/", NULL }, { "/tmp/file", NULL });
}

static void serves_each_once(unused_arg void **state)
{
	CHECK("v/etc t/tmp", { "/tmp/x", NULL }, { "/etc/a", NULL }, { "/tmp/y", NULL });
	/* the wider takes the narrower in, with what the image has there */
	CHECK("v/run", { "/run/pid", NULL }, { "/run/lock/x", NULL });
	CHECK("v/home/a", { "/home/a/.cache/", NULL }, { "/home/a/.profile", NULL });
	/* what is given already needs nothing */
	CHECK("", { "/srv/x", NULL }, { "/srv", NULL });
	CHECK("t/srvx", { "/srvx/", NULL });
}

static void keeps_renames_together(unused_arg void **state)
{
	CHECK("v/var/lib", { "/var/lib/db/seed", NULL }, { "/var/lib/tmp/", NULL },
	      { "/var/lib/db/new", "/var/lib/tmp/new" });
	CHECK("t/tmp", { "/tmp/a/", NULL }, { "/tmp/a/x", NULL }, { "/tmp/a/y", "/tmp/a/x" },
	      { "/tmp/z", NULL });
	CHECK("v/etc t/tmp no/etc/moved", { "/tmp/x", NULL }, { "/etc/moved", "/tmp/x" });
}

static void knows_what_is_no_matter_of_mounts(unused_arg void **state)
{
	CHECK(" env", { "/home/a/__pycache__/", NULL }, { "/home/a/__pycache__/x.pyc", NULL });
	CHECK("v/home/a", { "/home/a/__pycache__x", NULL });
	CHECK(" no/file", { "/file", NULL });
}

static void names_a_service(unused_arg void **state)
{
	static const char *const names[][3] = {
		{ "docker://registry.example:5000/team/Web_App:1.2",
		  "registry.example:5000/team/Web_App:1.2", "web-app" },
		{ "docker-daemon:web:1", "web:1", "web" },
		{ "nginx", "nginx", "nginx" },
		{ "docker-archive:./build/after.tar", "IMAGE", "after-tar" },
		{ "oci:dir/layout:v1", "IMAGE", "layout" },
	};

	for (size_t i = 0; i < array_size(names); i++) {
		auto_suggest_subject struct suggest_subject subject = { 0 };
		struct error err = ERROR_INIT;

		assert_success(suggest_subject_of(names[i][0], NULL, NULL, &subject, &err), err);
		assert_string_equal(subject.image, names[i][1]);
		assert_string_equal(subject.name, names[i][2]);
	}
}

static void quotes_odd_paths(unused_arg void **state)
{
	auto_suggestion struct suggestion suggestion = { 0 };
	struct container_record record = { .user_known = true, .uid = 7, .gid = 8 };
	struct container_options options = { 0 };
	char image[] = "a b";
	char name[] = "x";
	const struct suggest_subject subject = {
		.image = image, .name = name, .record = &record, .options = &options
	};
	auto_fd int root = make_root();
	struct error err = ERROR_INIT;
	auto_free char *docker = NULL;
	auto_free char *compose = NULL;
	auto_free char *kubernetes = NULL;

	add(&suggestion, &(const struct wanted) { "/it's \"a\": #path/", NULL });
	add(&suggestion, &(const struct wanted) { "/its--a---path/", NULL });
	assert_success(suggest_mounts(&suggestion, root, NULL, false, &err), err);
	docker = suggest_docker(&suggestion, &subject);
	assert_string_equal(docker,
			    "docker run --read-only --tmpfs '/it'\\''s \"a\": #path' --tmpfs "
			    "/its--a---path 'a b'\n");
	compose = suggest_compose(&suggestion, &subject);
	assert_non_null(strstr(compose, "      - \"/it's \\\"a\\\": #path\"\n"));
	kubernetes = suggest_kubernetes(&suggestion, &subject);
	assert_non_null(strstr(kubernetes, "mountPath: \"/it's \\\"a\\\": #path\"\n"));
	assert_non_null(strstr(kubernetes, "- name: it-s-a-path\n"));
	assert_non_null(strstr(kubernetes, "- name: its-a-path\n"));
	assert_non_null(strstr(kubernetes, "runAsUser: 7\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_narrowest_place),
		cmocka_unit_test(serves_each_once),
		cmocka_unit_test(keeps_renames_together),
		cmocka_unit_test(knows_what_is_no_matter_of_mounts),
		cmocka_unit_test(names_a_service),
		cmocka_unit_test(quotes_odd_paths),
	};

	return cmocka_run_group_tests_name("suggest", tests, fixture_begin, fixture_finish);
}
