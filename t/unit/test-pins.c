#include "config.h"

#include "unit.h"

#include <string.h>

#include "check/pinfind.h"
#include "check/remotesource.h"

#define D1     "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2     "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"

/* "LINE INSTRUCTION RAW PIN", a line each. */
static void find(const char *text, enum pin_file_type type, struct pins *pins)
{
	struct pin_settings settings = { .environment = NULL };
	struct error err = ERROR_INIT;

	platform_of("linux", "amd64", NULL, &settings.build.platform);
	assert_success(pins_find(text, strlen(text), "F", type, &settings, pins, &err), err);
}

static void assert_found(const char *text, enum pin_file_type type, const char *expected)
{
	auto_pins struct pins pins = { 0 };
	char found[2000] = "";

	find(text, type, &pins);
	for (size_t i = 0; i < pins.count; i++)
		(void)snprintf(found + strlen(found), sizeof found - strlen(found),
			       "%s%zu %s %s %s", i > 0 ? "\n" : "", pins.items[i].line,
			       pins.items[i].instruction, pins.items[i].raw,
			       pin_kind_name(pins.items[i].kind));
	assert_string_equal(found, expected);
}

static void finds_what_dockerfiles_take(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "FROM a@" D1, "1 FROM a@" D1 " digest" },
		{ "FROM a:1@" D1, "1 FROM a:1@" D1 " digest" },
		{ "FROM a:1", "1 FROM a:1 tag" },
		{ "FROM a:latest", "1 FROM a:latest latest" },
		{ "FROM h:5000/a", "1 FROM h:5000/a untagged" },
		{ "FROM scratch", "1 FROM scratch scratch" },
		{ "FROM A", "1 FROM A invalid" },
		{ "FROM a@sha256:v2", "1 FROM a@sha256:v2 invalid" },
		{ "FROM a@sha256:1111", "1 FROM a@sha256:1111 invalid" },
		{ "FROM a@" D1 " b", "1 FROM a@" D1 " invalid" },
		{ "FROM $A", "1 FROM $A unresolved" },
		{ "ARG D=" D1 "\nFROM a@$D", "2 FROM a@$D digest" },
		{ "ARG D\nFROM a@$D", "2 FROM a@$D unresolved" },
		{ "FROM a:1 AS b\nFROM b\nFROM c:1",
		  "1 FROM a:1 tag\n2 FROM b stage\n3 FROM c:1 tag" },
		{ "FROM b\nFROM a:1 AS b", "1 FROM b untagged\n2 FROM a:1 tag" },
		/* COPY --from: names anywhere, numbers, images */
		{ "FROM a:1 AS b\nFROM a:1\nCOPY --from=B x y\nCOPY --from=0 x y\nCOPY --from=c/d x y",
		  "1 FROM a:1 tag\n2 FROM a:1 tag\n3 COPY --from B stage\n4 COPY --from 0 stage\n"
		  "5 COPY --from c/d untagged" },
		{ "FROM a:1\nCOPY --from=b x y\nFROM c:1 AS b",
		  "1 FROM a:1 tag\n2 COPY --from b stage\n3 FROM c:1 tag" },
		{ "FROM a:1 AS b\nCOPY --from=b x y", "1 FROM a:1 tag\n2 COPY --from b invalid" },
		{ "FROM a:1\nCOPY --from=0 x y", "1 FROM a:1 tag\n2 COPY --from 0 invalid" },
		{ "FROM a:1\nCOPY --from=7 x y", "1 FROM a:1 tag\n2 COPY --from 7 invalid" },
		{ "FROM a:1\nCOPY --from=99999999999999999999 x y",
		  "1 FROM a:1 tag\n2 COPY --from 99999999999999999999 invalid" },
		{ "ARG A=b\nFROM a:1\nARG A\nCOPY --from=$A x y",
		  "2 FROM a:1 tag\n4 COPY --from $A unresolved" },
		{ "FROM a:1\nCOPY --from=scratch x y",
		  "1 FROM a:1 tag\n2 COPY --from scratch scratch" },
		{ "FROM a:1\nCOPY --from= x y", "1 FROM a:1 tag" },
		{ "FROM a:1\nCOPY --from x y", "1 FROM a:1 tag\n2 COPY --from --from invalid" },
		{ "FROM a:1\nCOPY --from=b@" D1 " [\"x\", \"y\"]",
		  "1 FROM a:1 tag\n2 COPY --from b@" D1 " digest" },
		{ "FROM a:1\nCOPY x --from=b y", "1 FROM a:1 tag" },
		{ "FROM a:1\nADD --from=b x y", "1 FROM a:1 tag\n2 ADD --from b untagged" },
		/* mounts */
		{ "FROM a:1\nRUN --mount=type=bind,from=b,source=/x --mount=from=c:2 x",
		  "1 FROM a:1 tag\n2 RUN --mount b untagged\n2 RUN --mount c:2 tag" },
		{ "FROM a:1\nRUN --mount=type=cache,target=/x y", "1 FROM a:1 tag" },
		{ "FROM a:1 AS b\nFROM b\nRUN --mount=\"FROM=b,target=/x\" y",
		  "1 FROM a:1 tag\n2 FROM b stage\n3 RUN --mount b stage" },
		{ "FROM a:1\nRUN --mount=from=0 y", "1 FROM a:1 tag\n2 RUN --mount 0 untagged" },
		{ "FROM a:1\nRUN --mount=x\\\"y z", "1 FROM a:1 tag\n2 RUN --mount x\"y invalid" },
		{ "FROM a:1\nRUN --mount=from=$B z",
		  "1 FROM a:1 tag\n2 RUN --mount $B unresolved" },
		/* what ADD fetches */
		{ "FROM a:1\nADD x y\nADD https://h/x y\nADD --checksum=" D1 " https://h/x y",
		  "1 FROM a:1 tag\n3 ADD https://h/x untagged\n4 ADD https://h/x digest" },
		{ "FROM a:1\nADD --checksum=sha256:11 https://h/x y",
		  "1 FROM a:1 tag\n2 ADD https://h/x invalid" },
		{ "FROM a:1\nADD https://h/x.git#" COMMIT " y\nADD https://h/x.git#v1 y",
		  "1 FROM a:1 tag\n2 ADD https://h/x.git#" COMMIT " digest\n"
		  "3 ADD https://h/x.git#v1 tag" },
		{ "FROM a:1\nARG U=https://h/x\nADD $U y\nADD $W y\nADD x/$W y",
		  "1 FROM a:1 tag\n3 ADD $U untagged\n4 ADD $W unresolved" },
		{ "FROM a:1\nARG S=" D1
		  "\nADD --checksum=$S https://h/x y\nADD --checksum=$T http://h y",
		  "1 FROM a:1 tag\n3 ADD https://h/x digest\n4 ADD http://h unresolved" },
		/* behind ONBUILD, in heredocs, in comments */
		{ "FROM a:1\nONBUILD COPY --from=b x y\nONBUILD RUN --mount=from=c x\nONBUILD FROM d",
		  "1 FROM a:1 tag\n2 ONBUILD COPY --from b untagged\n3 ONBUILD RUN --mount c untagged\n"
		  "4 FROM d invalid" },
		{ "FROM a:1\nRUN <<EOF\nFROM b\nCOPY --from=c x y\nEOF\n# FROM d\nRUN x \\\n# FROM e\n y",
		  "1 FROM a:1 tag" },
		{ "# syntax=docker/dockerfile:1\nFROM a:1",
		  "1 syntax docker/dockerfile:1 tag\n2 FROM a:1 tag" },
		{ "FROM a:1\nFRM b", "1 FROM a:1 tag\n2 FRM b invalid" },
		{ "RUN x\nFROM a:1", "1 RUN x invalid\n2 FROM a:1 tag" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_found(cases[i].text, PIN_FILE_DOCKERFILE, cases[i].expected);
}

static void finds_what_compose_files_take(unused_arg void **state)
{
	assert_found("services:\n"
		     "  a: {image: a:1}\n"
		     "  b:\n"
		     "    image: mine\n"
		     "    build: .\n"
		     "  c:\n"
		     "    image: \"c:${N}\"\n"
		     "  d:\n"
		     "    build:\n"
		     "      additional_contexts: [x=docker-image://d@" D1 ", y=../y]\n"
		     "      args: {T: 3}\n"
		     "      dockerfile_inline: |\n"
		     "        ARG T\n"
		     "        FROM d:$$T\n"
		     "  e: {build: 'https://h/x.git'}\n"
		     "  f: {image: f, build: ., pull_policy: always}\n"
		     /* what is taken over is found where it is written */
		     "  g: {extends: a}\n"
		     "  h: {extends: b, image: h}\n"
		     "  i: {extends: d, build: {args: {U: 4}}}\n",
		     PIN_FILE_COMPOSE,
		     "2 image a:1 tag\n4 image mine stage\n7 image c:${N} unresolved\n"
		     "10 additional_contexts x=docker-image://d@" D1 " digest\n"
		     "14 FROM d:$T tag\n15 context https://h/x.git untagged\n16 image f untagged\n"
		     "18 image h untagged");
}

static void judge(const char *text, const char *base, struct pins_file *file,
		  struct pins_verdict *verdict)
{
	struct error err = ERROR_INIT;

	find(text, PIN_FILE_DOCKERFILE, &file->pins);
	assert_success(pins_judge(file, 1, &base, base != NULL ? 1 : 0, verdict, &err), err);
}

static void judges(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *base;
		bool pinned;
		bool consistent;
		bool as_demanded;
	} cases[] = {
		{ "FROM a:1@" D1, NULL, true, true, true },
		{ "FROM a:1", NULL, false, true, true },
		{ "FROM scratch", NULL, true, true, true },
		{ "FROM a:1@" D1 "\nFROM a:1@" D1, NULL, true, true, true },
		{ "FROM a:1@" D1 "\nFROM a:1@" D2, NULL, true, false, true },
		{ "FROM a:1@" D1 "\nFROM docker.io/library/a:1@" D2, NULL, true, false, true },
		{ "FROM a:1@" D1 "\nFROM a@" D2, NULL, true, false, true },
		{ "FROM a:1@" D1 "\nFROM a:2@" D2, NULL, true, true, true },
		{ "FROM a:1@" D1 "\nFROM b:1@" D2, NULL, true, true, true },
		{ "FROM a:1@" D1 "\nFROM a:1", NULL, false, false, true },
		{ "FROM a:1@" D1 "\nFROM $N", NULL, false, false, true },
		{ "FROM a:1@" D1 "\nCOPY --from=b:latest x y", NULL, false, true, true },
		{ "FROM a:1@" D1 "\nCOPY --from=a:1@" D2 " x y", NULL, true, true, true },
		{ "FROM a:1@" D1, "a", true, true, true },
		{ "FROM a:1@" D1, "a:1", true, true, true },
		{ "FROM a:1@" D1, "docker.io/library/a:1@" D1, true, true, true },
		{ "FROM a:1@" D1, "a:2", true, true, false },
		{ "FROM a:1@" D1, "a:1@" D2, true, true, false },
		{ "FROM a@" D1, "a:1", true, true, false },
		{ "FROM a:1@" D1 "\nFROM b:1@" D1, "a:1", true, true, false },
		{ "FROM scratch", "a:1", true, true, false },
		{ "FROM $N", "a:1", false, true, false },
		{ "FROM a:1@" D1 " AS b\nFROM b\nFROM scratch\nCOPY --from=c@" D1 " x y", "a:1",
		  true, true, true },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct pins_file file = { .name = "F" };
		struct pins_verdict verdict;

		judge(cases[i].text, cases[i].base, &file, &verdict);
		if (verdict.pinned != cases[i].pinned ||
		    verdict.consistent != cases[i].consistent ||
		    verdict.base != cases[i].as_demanded)
			fail_msg("%s, base %s: pinned %d, consistent %d, base %d", cases[i].text,
				 cases[i].base != NULL ? cases[i].base : "-", verdict.pinned,
				 verdict.consistent, verdict.base);
		for (size_t j = 0; j < file.pins.count; j++)
			assert_int_equal(file.pins.items[j].holds,
					 file.pins.items[j].reason == NULL);
		pins_release(&file.pins);
	}
}

static void refuses(unused_arg void **state)
{
	struct pin_settings settings = { .environment = NULL };
	struct pins_verdict verdict;
	struct pins pins = { 0 };
	const char *base = "A";
	struct error err;

	assert_failure(pins_find("ARG a", 5, "F", PIN_FILE_DOCKERFILE, &settings, &pins, &err), err,
		       ERROR_INPUT, "F: no stage");
	assert_failure(
		pins_find("FROM a\nENV x", 12, "F", PIN_FILE_DOCKERFILE, &settings, &pins, &err),
		err, ERROR_INPUT, "F:2: ENV");
	assert_failure(pins_judge(NULL, 0, &base, 1, &verdict, &err), err, ERROR_USAGE, "--base");
}

static void tells_file_types(unused_arg void **state)
{
	static const struct {
		const char *name;
		const char *content;
		enum pin_file_type type;
	} cases[] = {
		{ "Dockerfile", "services:", PIN_FILE_DOCKERFILE },
		{ "x/Dockerfile.prod", "", PIN_FILE_DOCKERFILE },
		{ "web.dockerfile", "", PIN_FILE_DOCKERFILE },
		{ "Containerfile", "", PIN_FILE_DOCKERFILE },
		{ "compose.yaml", "FROM a", PIN_FILE_COMPOSE },
		{ "docker-compose.YML", "", PIN_FILE_COMPOSE },
		{ "-", "FROM a\n", PIN_FILE_DOCKERFILE },
		{ "-", "# x\nservices:\n  a:\n", PIN_FILE_COMPOSE },
		{ "-", "RUN x \\\n  services: y\n", PIN_FILE_DOCKERFILE },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(
			pin_file_type(cases[i].name, cases[i].content, strlen(cases[i].content)),
			cases[i].type);
}

static void tells_remote_sources(unused_arg void **state)
{
	static const struct {
		const char *source;
		enum remote_kind kind;
	} cases[] = {
		{ "x", REMOTE_NONE },
		{ "./http://x", REMOTE_NONE },
		{ "github.com/a/b", REMOTE_NONE },
		{ "http://h/x", REMOTE_HTTP },
		{ "HTTPS://h/x", REMOTE_HTTP },
		{ "https://h/x.git", REMOTE_GIT },
		{ "https://h/x.git#a:b", REMOTE_GIT },
		{ "https://h/x.git?ref=a", REMOTE_GIT },
		{ "https://h/x#y.git", REMOTE_HTTP },
		{ "git@h:a/b.git", REMOTE_GIT },
		{ "git://h/x", REMOTE_GIT },
		{ "ssh://git@h/x", REMOTE_GIT },
		{ "a@b", REMOTE_NONE },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		if (remote_kind(cases[i].source) != cases[i].kind)
			fail_msg("%s: %d", cases[i].source, remote_kind(cases[i].source));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_dockerfiles_take),
		cmocka_unit_test(finds_what_compose_files_take),
		cmocka_unit_test(judges),
		cmocka_unit_test(refuses),
		cmocka_unit_test(tells_file_types),
		cmocka_unit_test(tells_remote_sources),
	};

	return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
