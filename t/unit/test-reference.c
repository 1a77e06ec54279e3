#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/doc.h"
#include "image/reference.h"

#define HEX    "dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9c"
#define DIGEST "sha256:" HEX

static void takes_references_apart(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum reference_form form;
		const char *domain;
		const char *path;
		const char *tag; /* "" for none */
		bool digest;
	} cases[] = {
		{ "ubuntu", REFERENCE_AS_WRITTEN, "", "ubuntu", "", false },
		{ "ubuntu", REFERENCE_NORMALISED, "docker.io", "library/ubuntu", "", false },
		{ "ubuntu:22.04", REFERENCE_NORMALISED, "docker.io", "library/ubuntu", "22.04",
		  false },
		{ "me/app", REFERENCE_NORMALISED, "docker.io", "me/app", "", false },
		{ "index.docker.io/app", REFERENCE_NORMALISED, "docker.io", "library/app", "",
		  false },
		{ "localhost/app", REFERENCE_NORMALISED, "localhost", "app", "", false },
		{ "host:5000/app:1", REFERENCE_NORMALISED, "host:5000", "app", "1", false },
		{ "host:5000", REFERENCE_NORMALISED, "docker.io", "library/host", "5000", false },
		{ "HOST/app", REFERENCE_NORMALISED, "HOST", "app", "", false },
		{ "[::1]:5000/app", REFERENCE_NORMALISED, "[::1]:5000", "app", "", false },
		{ "a__b/c--d/e.f_g", REFERENCE_AS_WRITTEN, "", "a__b/c--d/e.f_g", "", false },
		{ "app:Tag_1.x-y@" DIGEST, REFERENCE_NORMALISED, "docker.io", "library/app",
		  "Tag_1.x-y", true },
		{ "docker.io/" HEX, REFERENCE_NORMALISED, "docker.io", "library/" HEX, "", false },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_reference struct reference found = { 0 };

		assert_success(reference_parse(cases[i].text, cases[i].form, &found, &err), err);
		assert_string_equal(found.domain, cases[i].domain);
		assert_string_equal(found.path, cases[i].path);
		assert_string_equal(found.tag != NULL ? found.tag : "", cases[i].tag);
		assert_int_equal(digest_is_set(&found.digest), cases[i].digest);
	}
}

static void refuses_what_is_none(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "no name" },
		{ ":tag", "malformed name" },
		{ "@" DIGEST, "malformed name" },
		{ "App", "upper-case" },
		{ "host:5000/App", "upper-case" },
		{ "app:", "malformed tag" },
		{ "app:-x", "malformed tag" },
		{ "app@sha256:v2", "2 hex digits" },
		{ "app@" DIGEST "0", "65 hex digits" },
		{ "app@" DIGEST ":tag", "hex digits" },
		{ "app@", "no algorithm" },
		{ "a//b", "malformed" },
		{ "a/", "malformed" },
		{ "/a", "malformed" },
		{ "a..b", "malformed" },
		{ "a___b", "malformed" },
		{ "a b", "malformed" },
		{ "a\nb", "malformed" },
		{ "-a", "malformed" },
		{ "https://host/app", "malformed" },
		{ HEX, "image ID" },
		{ "caf\xc3\xa9", "malformed" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct reference found;

		assert_failure(reference_parse(cases[i].text, REFERENCE_NORMALISED, &found, &err),
			       err, ERROR_INPUT, cases[i].why);
	}
}

static void knows_its_limits(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_reference struct reference found = { 0 };
	char text[400];

	memset(text, 'a', sizeof text);
	text[255] = '\0';
	assert_success(reference_parse(text, REFERENCE_AS_WRITTEN, &found, &err), err);
	text[255] = 'a';
	text[256] = '\0';
	reference_release(&found);
	assert_failure(reference_parse(text, REFERENCE_AS_WRITTEN, &found, &err), err, ERROR_INPUT,
		       "longer than 255");
	memcpy(text, "a:", 2);
	text[2 + 128] = '\0';
	assert_success(reference_parse(text, REFERENCE_AS_WRITTEN, &found, &err), err);
	assert_int_equal(strlen(found.tag), 128);
	reference_release(&found);
	text[2 + 128] = 'a';
	text[2 + 129] = '\0';
	assert_failure(reference_parse(text, REFERENCE_AS_WRITTEN, &found, &err), err, ERROR_INPUT,
		       "malformed tag");
}

static void prints_them(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum reference_form form;
		const char *whole;
	} cases[] = {
		{ "ubuntu", REFERENCE_AS_WRITTEN, "ubuntu" },
		{ "ubuntu:1@" DIGEST, REFERENCE_NORMALISED, "docker.io/library/ubuntu:1@" DIGEST },
		{ "host:1/a/b", REFERENCE_AS_WRITTEN, "host:1/a/b" },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_reference struct reference found = { 0 };
		auto_free char *whole = NULL;

		assert_success(reference_parse(cases[i].text, cases[i].form, &found, &err), err);
		whole = reference_text(&found);
		assert_string_equal(whole, cases[i].whole);
	}
}

/* --- names of images: run in a scratch directory with a few files ----------------------------- */

static const char *const files[] = { "app.tar", "a:b.tar", "a", "x:1:2", "layout/oci-layout" };

static int make_files(unused_arg void **state)
{
	static char directory[] = "/tmp/seatrial-reference.XXXXXX";

	if (mkdtemp(directory) == NULL || chdir(directory) < 0 || mkdir("layout", 0700) < 0)
		return -1;
	for (size_t i = 0; i < array_size(files); i++) {
		int fd = open(files[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		if (fd < 0)
			return -1;
		close_fd(&fd);
	}
	*state = directory;
	return mkdir("sources", 0700);
}

static int remove_files(void **state)
{
	for (size_t i = 0; i < array_size(files); i++)
		(void)unlink(files[i]);
	(void)rmdir("layout");
	(void)rmdir("sources");
	return chdir("/") < 0 ? -1 : rmdir(*state);
}

static void tells_transports_apart(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum transport transport;
		const char *location;
		const char *name; /* "" for none */
	} cases[] = {
		{ "docker-archive:app.tar", TRANSPORT_DOCKER_ARCHIVE, "app.tar", "" },
		{ "docker-archive:app.tar:me/app:1", TRANSPORT_DOCKER_ARCHIVE, "app.tar",
		  "me/app:1" },
		{ "docker-archive:app.tar:@1", TRANSPORT_DOCKER_ARCHIVE, "app.tar", "@1" },
		{ "docker-archive:a:b.tar", TRANSPORT_DOCKER_ARCHIVE, "a:b.tar", "" },
		{ "docker-archive:a:b.tar:c", TRANSPORT_DOCKER_ARCHIVE, "a:b.tar", "c" },
		{ "docker-archive:a:c", TRANSPORT_DOCKER_ARCHIVE, "a", "c" },
		{ "docker-archive:none:c:d", TRANSPORT_DOCKER_ARCHIVE, "none", "c:d" },
		{ "oci:layout", TRANSPORT_OCI, "layout", "" },
		{ "oci:layout:1.0", TRANSPORT_OCI, "layout", "1.0" },
		{ "oci-archive:app.tar:1.0", TRANSPORT_OCI_ARCHIVE, "app.tar", "1.0" },
		{ "docker://host:5000/app:1", TRANSPORT_DOCKER, "host:5000/app:1", "" },
		{ "docker-daemon:app:1", TRANSPORT_DOCKER_DAEMON, "app:1", "" },
		{ "-", TRANSPORT_STDIN, "-", "" },
		{ "app.tar", TRANSPORT_PATH, "app.tar", "" },
		{ "app.tar:@0", TRANSPORT_PATH, "app.tar", "@0" },
		{ "app.tar:me/app:1", TRANSPORT_PATH, "app.tar", "me/app:1" },
		{ "x:1:2", TRANSPORT_PATH, "x:1:2", "" },
		{ "layout", TRANSPORT_PATH, "layout", "" },
		{ "layout:latest", TRANSPORT_PATH, "layout", "latest" },
		{ "./none", TRANSPORT_PATH, "./none", "" },
		{ "./none.tar:x", TRANSPORT_PATH, "./none.tar", "x" },
		{ "/none", TRANSPORT_PATH, "/none", "" },
		{ "sources:latest", TRANSPORT_BARE, "sources:latest", "" },
		{ "./sources", TRANSPORT_PATH, "./sources", "" },
		{ "ubuntu", TRANSPORT_BARE, "ubuntu", "" },
		{ "ubuntu:22.04", TRANSPORT_BARE, "ubuntu:22.04", "" },
		{ "host:5000/app@" DIGEST, TRANSPORT_BARE, "host:5000/app@" DIGEST, "" },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_image_name struct image_name found = { 0 };

		assert_success(image_name_parse(cases[i].text, &found, &err), err);
		if (found.transport != cases[i].transport)
			fail_msg("%s: transport %d", cases[i].text, (int)found.transport);
		assert_string_equal(found.location, cases[i].location);
		assert_string_equal(found.name != NULL ? found.name : "", cases[i].name);
	}
}

static void refuses_empty_names(unused_arg void **state)
{
	static const char *const cases[] = {
		"",
		"oci:",
		"docker-archive:",
		"docker://",
		"docker-daemon:",
		"oci:layout:",
		"docker-archive::x",
		"oci::",
		"./app.tar:",
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct image_name found;

		assert_failure(image_name_parse(cases[i], &found, &err), err, ERROR_USAGE, "");
	}
}

/* --- the cases of distribution/reference, where they are at hand ----------------------------- */

static const char *member_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void compare_member(const char *input, const json_t *wanted, const char *key,
			   const char *found)
{
	const char *text = json_string_value(json_object_get(wanted, key));

	if (text != NULL && strcmp(text, found) != 0)
		fail_msg("'%s': %s is '%s', not '%s'", input, key, found, text);
}

static void check_case(const json_t *wanted, enum reference_form form)
{
	auto_reference struct reference found = { 0 };
	const char *input = member_text(wanted, "input");
	bool valid = json_is_true(json_object_get(wanted, "valid"));
	struct error err = ERROR_INIT;
	char digest[DIGEST_TEXT_MAX];
	auto_free char *whole = NULL;

	/* sha512 is a registered algorithm; the table was made by a program that had it left out */
	if (strstr(input, "@sha512:") != NULL)
		valid = strlen(strstr(input, "@sha512:")) == sizeof "@sha512:" - 1 + 128;
	if ((reference_parse(input, form, &found, &err) == 0) != valid)
		fail_msg("'%s' should be %s %s", input, valid ? "valid" : "refused", err.text);
	if (!valid)
		return;
	compare_member(input, wanted, "domain", found.domain);
	compare_member(input, wanted, "path", found.path);
	compare_member(input, wanted, "tag", found.tag != NULL ? found.tag : "");
	compare_member(input, wanted, "digest", digest_text(&found.digest, digest));
	free(steal(&found.tag));
	found.digest = (struct digest) { 0 };
	whole = reference_text(&found);
	compare_member(input, wanted, "repository", whole);
	compare_member(input, wanted, "full", whole);
}

/* What a registry is asked for: by digest, else by tag, else by "latest". */
static void check_docker_reference(const json_t *wanted)
{
	auto_reference struct reference found = { 0 };
	struct error err = ERROR_INIT;
	auto_free char *whole = NULL;

	assert_success(
		reference_parse(member_text(wanted, "input"), REFERENCE_NORMALISED, &found, &err),
		err);
	if (digest_is_set(&found.digest))
		free(steal(&found.tag));
	else if (found.tag == NULL)
		found.tag = strdup("latest");
	whole = reference_text(&found);
	assert_string_equal(whole, member_text(wanted, "expected"));
}

/* Image IDs are no references: what Docker takes them for is not this module's business. */
static void check_any(const json_t *wanted)
{
	auto_reference struct reference found = { 0 };
	const char *input = member_text(wanted, "input");
	struct error err = ERROR_INIT;
	auto_free char *whole = NULL;

	if (strncmp(member_text(wanted, "equivalent"), "sha256:", 7) == 0) {
		if (strlen(input) == 64)
			assert_failure(reference_parse(input, REFERENCE_NORMALISED, &found, &err),
				       err, ERROR_INPUT, "image ID");
		return;
	}
	assert_success(reference_parse(input, REFERENCE_NORMALISED, &found, &err), err);
	whole = reference_text(&found);
	assert_string_equal(whole, member_text(wanted, "equivalent"));
}

/* A domain stands before a slash. */
static void check_domain(const json_t *wanted)
{
	auto_reference struct reference found = { 0 };
	const char *input = member_text(wanted, "input");
	auto_free char *text = NULL;
	bool matches;

	assert_true(asprintf(&text, "%s/a", input) > 0);
	matches = reference_parse(text, REFERENCE_AS_WRITTEN, &found, NULL) == 0 &&
		  strcmp(found.domain, input) == 0;
	if (matches != json_is_true(json_object_get(wanted, "match")))
		fail_msg("domain '%s'", input);
}

static void check_grammar(const json_t *wanted, bool name_only)
{
	auto_reference struct reference found = { 0 };
	const char *input = member_text(wanted, "input");
	const json_t *subs = json_object_get(wanted, "subs");
	char digest[DIGEST_TEXT_MAX];
	bool matches = reference_parse(input, REFERENCE_AS_WRITTEN, &found, NULL) == 0;

	if (matches && name_only)
		matches = found.tag == NULL && !digest_is_set(&found.digest);
	if (matches != json_is_true(json_object_get(wanted, "match")))
		fail_msg("'%s' should %s", input, matches ? "not match" : "match");
	if (!matches || !json_is_array(subs))
		return;
	if (name_only) {
		assert_string_equal(found.domain, json_string_value(json_array_get(subs, 0)));
		assert_string_equal(found.path, json_string_value(json_array_get(subs, 1)));
	} else {
		assert_string_equal(found.tag != NULL ? found.tag : "",
				    json_string_value(json_array_get(subs, 1)));
		assert_string_equal(digest_text(&found.digest, digest),
				    json_string_value(json_array_get(subs, 2)));
	}
}

static void agrees_with_distribution(unused_arg void **state)
{
	const char *corpus = getenv("CORPUS");
	auto_doc json_t *all = NULL;
	auto_free char *path = NULL;
	struct error err = ERROR_INIT;
	const json_t *grammar;
	json_t *wanted;
	size_t i;

	/* without the corpus, the tables above are all there is */
	if (corpus == NULL || corpus[0] == '\0')
		return;
	assert_true(asprintf(&path, "%s/reference/reference_cases.json", corpus) > 0);
	assert_success(doc_read_file(path, &all, &err), err);
	json_array_foreach (json_object_get(json_object_get(all, "parse"), "cases"), i, wanted)
		check_case(wanted, REFERENCE_AS_WRITTEN);
	assert_true(i > 40);
	json_array_foreach (json_object_get(json_object_get(all, "normalized"), "cases"), i, wanted)
		check_case(wanted, REFERENCE_NORMALISED);
	assert_true(i > 100);
	json_array_foreach (json_object_get(json_object_get(all, "docker_ref"), "cases"), i, wanted)
		check_docker_reference(wanted);
	assert_true(i > 10);
	json_array_foreach (json_object_get(json_object_get(all, "any"), "cases"), i, wanted)
		check_any(wanted);
	assert_true(i > 10);
	grammar = json_object_get(all, "regexp_tests");
	json_array_foreach (json_object_get(grammar, "TestDomainRegexp"), i, wanted)
		check_domain(wanted);
	assert_true(i > 20);
	json_array_foreach (json_object_get(grammar, "TestFullNameRegexp"), i, wanted)
		check_grammar(wanted, true);
	assert_true(i > 60);
	json_array_foreach (json_object_get(grammar, "TestReferenceRegexp"), i, wanted)
		check_grammar(wanted, false);
	assert_true(i > 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_references_apart),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(knows_its_limits),
		cmocka_unit_test(prints_them),
		cmocka_unit_test_setup_teardown(tells_transports_apart, make_files, remove_files),
		cmocka_unit_test(refuses_empty_names),
		cmocka_unit_test(agrees_with_distribution),
	};

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
