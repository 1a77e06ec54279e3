#include "config.h"

#include "unit.h"

#include "fixture.h"
#include "image/image.h"
#include "image/manifest.h"

#define OCI_INDEX    "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG   "application/vnd.oci.image.config.v1+json"
#define DOCKER_LIST  "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_V2S1  "application/vnd.docker.distribution.manifest.v1+prettyjws"
#define HEX_A	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* An archive under construction. Texts of JSON are built into `json`, one at a time. */
struct layout {
	struct buf tar;
	struct buf json;
	struct buf entries; /* of the index that is being written */
};

static void layout_begin(struct layout *layout)
{
	buf_init(&layout->tar, FIXTURE_MAX);
	buf_init(&layout->json, FIXTURE_MAX);
	buf_init(&layout->entries, FIXTURE_MAX);
}

static void layout_release(struct layout *layout)
{
	buf_release(&layout->tar);
	buf_release(&layout->json);
	buf_release(&layout->entries);
}
#define auto_layout cleanup_by(layout_release)

/* A descriptor of `text`, which is kept as a blob unless `absent`; `more` is put behind. */
static void entry_of(struct layout *layout, const char *type, const char *text, const char *more,
		     bool absent)
{
	struct buf scratch;
	char digest[DIGEST_TEXT_MAX];

	buf_init(&scratch, FIXTURE_MAX);
	fixture_blob(absent ? &scratch : &layout->tar, text, digest);
	buf_release(&scratch);
	buf_printf(&layout->entries, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}",
		   layout->entries.size > 0 ? "," : "", type, digest, strlen(text), more);
}

/* The entries so far become an index, and are empty again. The caller frees. */
static char *index_text(struct layout *layout)
{
	char *text = NULL;

	assert_true(asprintf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}",
			     layout->entries.data) > 0);
	buf_clear(&layout->entries);
	return text;
}

/* A manifest whose configuration is for `os`/`arch`; `mark` makes it one of its kind. */
static char *manifest_text(struct layout *layout, const char *platform, const char *mark)
{
	const char *slash = strchr(platform, '/');
	const char *second = strchr(slash + 1, '/');
	int length = second != NULL ? (int)(second - slash - 1) : (int)strlen(slash + 1);
	char digest[DIGEST_TEXT_MAX];
	char *text = NULL;

	buf_clear(&layout->json);
	buf_printf(
		&layout->json,
		"{\"os\":\"%.*s\",\"architecture\":\"%.*s\",\"variant\":\"%s\",\"author\":\"%s\","
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
		(int)(slash - platform), platform, length, slash + 1,
		second != NULL ? second + 1 : "", mark);
	fixture_blob(&layout->tar, layout->json.data, digest);
	assert_true(
		asprintf(&text,
			 "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\","
			 "\"size\":%zu},\"layers\":[]}",
			 OCI_CONFIG, digest, layout->json.size) > 0);
	return text;
}

/* Adds an image to the index; `more` are further members of its entry. */
static void add_image(struct layout *layout, const char *platform, const char *mark,
		      const char *more)
{
	auto_free char *text = manifest_text(layout, platform, mark);

	entry_of(layout, OCI_MANIFEST, text, more, false);
}

/* The same with the platform in the entry. */
static void add_platform(struct layout *layout, const char *platform, const char *mark, bool absent)
{
	auto_free char *text = manifest_text(layout, platform, mark);
	auto_free char *more = NULL;
	char parts[3][32] = { "", "", "" };

	assert_true(sscanf(platform, "%31[^/]/%31[^/]/%31s", parts[0], parts[1], parts[2]) >= 2);
	assert_true(asprintf(&more,
			     ",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\","
			     "\"variant\":\"%s\"}",
			     parts[0], parts[1], parts[2]) > 0);
	entry_of(layout, OCI_MANIFEST, text, more, absent);
}

static void layout_write(struct layout *layout, const char *path)
{
	auto_free char *index = index_text(layout);

	fixture_file(&layout->tar, "index.json", index);
	fixture_end(&layout->tar);
	fixture_write(path, layout->tar.data, layout->tar.size);
}

/* Opens it and tells the configuration's "author", by which the tests know it. */
static int open_image(const char *name, const char *platform, char mark[64], struct error *err)
{
	struct image_options options = { .platform = platform };
	auto_image struct image *image = NULL;
	const char *text;

	if (image_open(name, &options, &image, err) < 0)
		return -1;
	text = json_string_value(json_object_get(image_configuration(image)->document, "author"));
	(void)snprintf(mark, 64, "%s", text != NULL ? text : "");
	return 0;
}

struct wanted {
	const char *name;
	const char *platform;
	const char *mark; /* NULL: refused */
	const char *why;
};

static void check(const struct wanted *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct error err = ERROR_INIT;
		char mark[64];
		int result = open_image(cases[i].name, cases[i].platform, mark, &err);

		if (cases[i].mark != NULL) {
			if (result < 0)
				fail_msg("%s: %s", cases[i].name, err.text);
			assert_string_equal(mark, cases[i].mark);
		} else if (result == 0 || strstr(err.text, cases[i].why) == NULL) {
			fail_msg("%s (%s): '%s' does not say '%s'", cases[i].name,
				 cases[i].platform != NULL ? cases[i].platform : "", err.text,
				 cases[i].why);
		}
	}
}

static void one_image(unused_arg void **state)
{
	static const struct wanted cases[] = {
		{ "one.tar", NULL, "one", "" },
		{ "one.tar", "plan9/mips64", "one", "" },
		{ "one.tar", "linux/amd64", NULL,
		  "no image for linux/amd64, but: @0 (v1) plan9/mips64" },
		{ "one.tar:v1", NULL, "one", "" },
		{ "one.tar:@0", NULL, "one", "" },
		{ "one.tar:@1", NULL, NULL, "no image '@1', but: @0 (v1)" },
		{ "one.tar:v2", NULL, NULL, "no image 'v2', but: @0 (v1)" },
		{ "one.tar:@x", NULL, NULL, "no image '@x'" },
		{ "one.tar", "amd64", NULL, "no platform like" },
	};
	auto_layout struct layout layout;

	layout_begin(&layout);
	/* whatever its platform is: archives are looked at on other machines */
	add_image(&layout, "plan9/mips64", "one",
		  ",\"platform\":{\"os\":\"plan9\",\"architecture\":\"mips64\"},"
		  "\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}");
	layout_write(&layout, "one.tar");
	check(cases, array_size(cases));
}

static void platforms(unused_arg void **state)
{
	static const struct wanted cases[] = {
		{ "many.tar", "linux/amd64", "amd64", "" },
		{ "many.tar", "linux/x86_64", "amd64", "" },
		{ "many.tar", "Linux/AMD64", "amd64", "" },
		{ "many.tar", "linux/arm64", "arm64", "" },
		{ "many.tar", "linux/arm64/v8", "arm64", "" },
		{ "many.tar", "linux/arm/v7", "armv7", "" },
		{ "many.tar", "linux/arm", "armv7", "" },
		{ "many.tar", "linux/arm/v6", "armv5", "" },
		{ "many.tar", "linux/arm/v8", "armv7", "" },
		{ "many.tar", "windows/amd64", NULL,
		  "no image for windows/amd64, but: @0 (v1) linux/amd64, @0 (v1) linux/arm64, @0 (v1) "
		  "linux/arm/v5, @0 (v1) linux/arm/v7" },
		{ "many.tar", "linux/arm/v4", NULL, "no image for linux/arm/v4" },
		/* naming the index is naming the image */
		{ "many.tar:v1", "linux/amd64", "amd64", "" },
	};
	auto_layout struct layout layout;
	auto_free char *index = NULL;

	layout_begin(&layout);
	add_platform(&layout, "linux/amd64", "amd64", false);
	add_platform(&layout, "linux/arm64/v8", "arm64", false);
	add_platform(&layout, "linux/arm/v5", "armv5", false);
	add_platform(&layout, "linux/arm/v7", "armv7", false);
	/* what BuildKit attaches */
	add_image(&layout, "unknown/unknown", "attestation",
		  ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
	add_image(&layout, "linux/amd64", "provenance",
		  ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}");
	/* a signature */
	add_image(&layout, "linux/amd64", "signature",
		  ",\"artifactType\":\"application/vnd.example.signature\"");
	index = index_text(&layout);
	entry_of(&layout, OCI_INDEX, index,
		 ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}", false);
	layout_write(&layout, "many.tar");
	check(cases, array_size(cases));
}

/* An index that names all platforms where one was saved. */
static void absent_platforms(unused_arg void **state)
{
	static const struct wanted cases[] = {
		{ "sparse.tar", NULL, "there", "" },
		{ "sparse.tar", "linux/s390x", "there", "" },
		{ "sparse.tar", "linux/amd64", NULL, "is missing in 'sparse.tar'" },
		{ "none.tar", "linux/amd64", NULL, "blobs/sha256/" },
		{ "none.tar", NULL, NULL, "none.tar: " },
	};
	auto_layout struct layout layout;
	auto_layout struct layout none;
	auto_free char *index = NULL;

	layout_begin(&layout);
	add_platform(&layout, "linux/amd64", "absent", true);
	add_platform(&layout, "linux/arm64", "absent", true);
	add_platform(&layout, "linux/s390x", "there", false);
	index = index_text(&layout);
	entry_of(&layout, DOCKER_LIST, index, "", false);
	layout_write(&layout, "sparse.tar");
	layout_begin(&none);
	add_platform(&none, "linux/amd64", "absent", true);
	add_platform(&none, "linux/arm64", "absent", true);
	layout_write(&none, "none.tar");
	check(cases, array_size(cases));
}

static void several_images(unused_arg void **state)
{
	static const struct wanted cases[] = {
		{ "tags.tar", NULL, NULL,
		  "it holds 3 images, name one of them: @0 (1.0), @1 (2.0), @3" },
		{ "tags.tar:1.0", NULL, "one", "" },
		{ "tags.tar:2.0", NULL, "two", "" },
		{ "tags.tar:latest", NULL, "one", "" },
		{ "tags.tar:@3", NULL, "three", "" },
		{ "tags.tar:host/me/app:3", NULL, "three", "" },
		{ "tags.tar:me/app", NULL, NULL, "no image 'me/app'" },
		{ "tags.tar:3.0", NULL, NULL,
		  "no image '3.0', but: @0 (1.0), @1 (2.0), @2 (latest)" },
		{ "docker.tar", NULL, NULL,
		  "it holds 3 images, name one of them: @0 (app:1), @1, @2" },
		{ "docker.tar:app:1", NULL, "one", "" },
		{ "docker.tar:app:1.1", NULL, "one", "" },
		{ "docker.tar:docker.io/library/app:1", NULL, "one", "" },
		{ "docker.tar:app", NULL, "three", "" },
		{ "docker.tar:@1", NULL, "two", "" },
		{ "docker.tar:@3", NULL, NULL, "no image '@3'" },
		{ "docker.tar:app:2", NULL, NULL,
		  "no image 'app:2', but: @0 (app:1), @1, @2 (app:latest)" },
		{ "docker.tar:UPPER", NULL, NULL, "no image 'UPPER'" },
	};
	auto_layout struct layout layout;
	auto_layout struct layout docker;

	layout_begin(&layout);
	add_image(&layout, "linux/amd64", "one",
		  ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"1.0\"}");
	add_image(&layout, "linux/amd64", "two",
		  ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"2.0\"}");
	/* the same image under a second name is no second image */
	add_image(&layout, "linux/amd64", "one",
		  ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}");
	add_image(&layout, "linux/amd64", "three",
		  ",\"annotations\":{\"io.containerd.image.name\":\"host/me/app:3\"}");
	layout_write(&layout, "tags.tar");
	layout_begin(&docker);
	fixture_file(&docker.tar, "1.json", "{\"rootfs\":{},\"author\":\"one\"}");
	fixture_file(&docker.tar, "2.json", "{\"rootfs\":{},\"author\":\"two\"}");
	fixture_file(&docker.tar, "3.json", "{\"rootfs\":{},\"author\":\"three\"}");
	/* Docker's keys, jib's, and null for an image without a name */
	fixture_file(
		&docker.tar, "manifest.json",
		"[{\"Config\":\"1.json\",\"RepoTags\":[\"app:1\",\"app:1.1\"],\"Layers\":null},"
		"{\"Config\":\"2.json\",\"RepoTags\":null,\"Layers\":[]},"
		"{\"config\":\"3.json\",\"repoTags\":[\"app:latest\"],\"layers\":[]}]");
	fixture_end(&docker.tar);
	fixture_write("docker.tar", docker.tar.data, docker.tar.size);
	check(cases, array_size(cases));
}

/* An artifact that has an image manifest's media type is no second image, and alone it is none. */
static void artifacts(unused_arg void **state)
{
	static const char artifact[] =
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.example.config\","
		"\"digest\":\"sha256:" HEX_A "\",\"size\":2},\"layers\":[]}";
	static const struct wanted cases[] = {
		{ "signed.tar", NULL, "image", "" },
		{ "artifact.tar", NULL, NULL,
		  "no image but an artifact: its configuration is "
		  "application/vnd.example.config" },
		{ "other.tar", NULL, NULL, "it holds no image, only other artifacts" },
		{ "empty.tar", NULL, NULL, "index.json names no image" },
		{ "schema1.tar", NULL, NULL, "schema version 1 is not supported" },
		{ "schema1-untold.tar", NULL, NULL, "schema version 1 is not supported" },
	};
	static const struct {
		const char *path;
		const char *type;
		const char *text;
	} single[] = {
		{ "artifact.tar", OCI_MANIFEST, artifact },
		{ "other.tar", "text/plain", "hello" },
		{ "schema1.tar", DOCKER_V2S1, "{\"schemaVersion\":1}" },
		{ "schema1-untold.tar", "", "{\"schemaVersion\":1,\"fsLayers\":[]}" },
	};
	auto_layout struct layout layout;
	auto_layout struct layout empty;

	layout_begin(&layout);
	entry_of(&layout, OCI_MANIFEST, artifact, "", false);
	add_image(&layout, "linux/amd64", "image", "");
	entry_of(&layout, "application/vnd.example.unknown", "{}", "", false);
	layout_write(&layout, "signed.tar");
	layout_begin(&empty);
	layout_write(&empty, "empty.tar");
	for (size_t i = 0; i < array_size(single); i++) {
		auto_layout struct layout one;

		layout_begin(&one);
		entry_of(&one, single[i].type, single[i].text, "", false);
		layout_write(&one, single[i].path);
	}
	check(cases, array_size(cases));
}

/* Types of configurations: Docker 1.10 knew no better. */
static void configuration_types(unused_arg void **state)
{
	static const struct {
		const char *type;
		const char *why; /* NULL: taken */
	} cases[] = {
		{ OCI_CONFIG, NULL },
		{ "application/vnd.docker.container.image.v1+json", NULL },
		{ "application/octet-stream", NULL },
		{ "", NULL },
		{ "application/vnd.oci.empty.v1+json", "no image but an artifact" },
		{ "application/vnd.cncf.helm.config.v1+json", "no image but an artifact" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		static const char config[] = "{\"rootfs\":{},\"author\":\"it\"}";
		struct wanted wanted = { "config.tar", NULL, "it", "" };
		auto_layout struct layout layout;
		auto_free char *text = NULL;
		char digest[DIGEST_TEXT_MAX];

		layout_begin(&layout);
		fixture_blob(&layout.tar, config, digest);
		assert_true(asprintf(&text,
				     "{\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\","
				     "\"size\":%zu},\"layers\":[]}",
				     cases[i].type, digest, strlen(config)) > 0);
		entry_of(&layout, OCI_MANIFEST, text, "", false);
		layout_write(&layout, "config.tar");
		if (cases[i].why != NULL) {
			wanted.mark = NULL;
			wanted.why = cases[i].why;
		}
		check(&wanted, 1);
	}
}

/* A missing or odd media type: the content tells. */
static void told_by_content(unused_arg void **state)
{
	static const char *const types[] = { "", "application/json",
					     "application/vnd.oci.descriptor.v1+json" };

	for (size_t i = 0; i < array_size(types); i++) {
		static const struct wanted cases[] = { { "odd.tar", NULL, "odd", "" } };
		auto_layout struct layout layout;
		auto_free char *manifest = NULL;
		auto_free char *index = NULL;

		layout_begin(&layout);
		manifest = manifest_text(&layout, "linux/amd64", "odd");
		entry_of(&layout, types[i], manifest, "", false);
		index = index_text(&layout);
		entry_of(&layout, types[i], index, "", false);
		layout_write(&layout, "odd.tar");
		check(cases, array_size(cases));
	}
}

/* Depth is bounded, and so is the work that indexes make which name one another many times. */
static void nested_indexes(unused_arg void **state)
{
	static const struct wanted cases[] = {
		{ "depth-8.tar", NULL, "deep", "" },
		{ "depth-9.tar", NULL, NULL, "nested deeper than 8" },
		{ "wide.tar", NULL, "deep", "" },
	};

	for (int depth = 8; depth <= 10; depth++) {
		auto_layout struct layout layout;
		char path[32];

		layout_begin(&layout);
		add_image(&layout, "linux/amd64", "deep", "");
		for (int i = 0; i < (depth == 10 ? 8 : depth); i++) {
			auto_free char *index = index_text(&layout);

			/* named a hundred times on each of eight levels: 10^16 ways */
			for (int k = 0; k < (depth == 10 ? 100 : 1); k++)
				entry_of(&layout, OCI_INDEX, index, "", k > 0);
		}
		(void)snprintf(path, sizeof path, depth == 10 ? "wide.tar" : "depth-%d.tar", depth);
		layout_write(&layout, path);
	}
	check(cases, array_size(cases));
}

static void malformed(unused_arg void **state)
{
	static const struct {
		const char *file;
		const char *text;
		const char *why;
	} cases[] = {
		{ "manifest.json", "", "no JSON" },
		{ "manifest.json", "null", "manifest.json is no array" },
		{ "manifest.json", "{}", "manifest.json is no array" },
		{ "manifest.json", "[]", "manifest.json names no image" },
		{ "manifest.json", "[7]", "what is no object" },
		{ "manifest.json", "[null]", "what is no object" },
		{ "manifest.json", "[{}]", "Config is no string" },
		{ "manifest.json", "[{\"Config\":\"c\",\"Layers\":7}]", "Layers is no array" },
		{ "manifest.json", "[{\"Config\":\"c\",\"Layers\":[7]}]", "a layer is no string" },
		{ "manifest.json", "[{\"Config\":\"none\"}]", "'none' is missing" },
		{ "manifest.json", "[{\"Config\":\"../c\"}]", "names nothing inside" },
		{ "manifest.json", "[{\"Config\":\"\"}]", "names nothing inside" },
		{ "manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"a\"]}]",
		  "the manifest has 1 layers and the configuration 0 diff_ids" },
		{ "manifest.json", "[{\"Config\":\"blobs/sha256/" HEX_A "\"}]", "wrong digest" },
		{ "index.json", "[]", "index.json is no object" },
		{ "index.json", "{}", "index.json names no image" },
		{ "index.json", "{\"manifests\":null}", "index.json names no image" },
		{ "index.json", "{\"manifests\":7}", "'manifests' of index.json is no array" },
		{ "index.json", "{\"manifests\":[7]}", "entry 0" },
		{ "index.json", "{\"config\":{},\"layers\":[]}",
		  "an image manifest, not an index" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"sha256:1\",\"size\":1}]}",
		  "hex digits" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"md5:" HEX_A "\",\"size\":1}]}",
		  "neither" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"sha256:" HEX_A "\",\"size\":-1}]}",
		  "negative" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"sha256:" HEX_A "\"}]}",
		  "no 'size'" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"sha256:" HEX_A "\",\"size\":1}]}",
		  "wrong size" },
		{ "index.json", "{\"manifests\":[{\"digest\":\"sha256:" HEX_A "\",\"size\":13}]}",
		  "wrong digest" },
		{ "index.json",
		  "{\"manifests\":[{\"mediaType\":\"" OCI_MANIFEST "\",\"digest\":\"sha256:" HEX_A
		  "\",\"size\":1e400}]}",
		  "no JSON" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf tar;
		char mark[64];

		buf_init(&tar, FIXTURE_MAX);
		fixture_file(&tar, cases[i].file, cases[i].text);
		fixture_file(&tar, "c", "{\"rootfs\":{}}");
		fixture_file(&tar, "blobs/sha256/" HEX_A, "{\"rootfs\":{}}");
		fixture_end(&tar);
		fixture_write("bad.tar", tar.data, tar.size);
		if (open_image("bad.tar", NULL, mark, &err) == 0 ||
		    strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s: '%s' does not say '%s'", cases[i].text, err.text,
				 cases[i].why);
	}
}

/* What a manifest says of its layers, and what opening needs of them: nothing. */
static void layers(unused_arg void **state)
{
	static const char layer[] = "no tar, but nobody asks";
	auto_image struct image *image = NULL;
	auto_stream struct stream *stream = NULL;
	auto_layout struct layout layout;
	struct error err = ERROR_INIT;
	char config[DIGEST_TEXT_MAX];
	char digest[DIGEST_TEXT_MAX];
	char text[DIGEST_TEXT_MAX];
	auto_free char *manifest = NULL;

	layout_begin(&layout);
	buf_printf(&layout.json, "{\"rootfs\":{\"diff_ids\":[\"sha256:" HEX_A "\",\"sha256:" HEX_A
				 "\",\"sha256:" HEX_A "\"]},\"history\":[{\"created_by\":\"one\"},"
				 "{\"created_by\":\"two\"},{\"created_by\":\"three\"}]}");
	fixture_blob(&layout.tar, layout.json.data, config);
	fixture_blob(&layout.tar, layer, digest);
	assert_true(asprintf(&manifest,
			     "{\"config\":{\"digest\":\"%s\",\"size\":%zu},\"layers\":["
			     "{\"mediaType\":\"t\",\"digest\":\"%s\",\"size\":%zu},"
			     "{\"mediaType\":\"f\",\"digest\":\"sha256:" HEX_A
			     "\",\"size\":1,\"urls\":[\"https://host/x\"]},"
			     "{\"mediaType\":\"t\",\"digest\":\"%s\",\"size\":1}]}",
			     config, layout.json.size, digest, strlen(layer), digest) > 0);
	entry_of(&layout, OCI_MANIFEST, manifest, "", false);
	layout_write(&layout, "layers.tar");
	assert_success(image_open("layers.tar", NULL, &image, &err), err);
	assert_string_equal(image_name(image), "layers.tar");
	assert_string_equal(image_platform(image), "unknown/unknown");
	assert_string_equal(digest_text(image_id(image), text), config);
	assert_true(digest_is_set(image_manifest_digest(image)));
	assert_false(digest_is_set(image_index_digest(image)));
	assert_int_equal(image_layer_count(image), 3);
	assert_string_equal(image_layer(image, 0)->name, digest);
	assert_string_equal(image_layer(image, 0)->media_type, "t");
	assert_string_equal(image_layer(image, 0)->instruction, "one");
	assert_int_equal(image_layer(image, 0)->stored_size, strlen(layer));
	assert_false(image_layer(image, 0)->foreign);
	assert_true(image_layer(image, 1)->foreign);
	assert_success(image_open_layer(image, 0, &stream, &err), err);
	stream_close(steal(&stream));
	assert_failure(image_open_layer(image, 1, &stream, &err), err, ERROR_MISSING,
		       "foreign layer");
	assert_failure(image_open_layer(image, 2, &stream, &err), err, ERROR_INPUT, "wrong size");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_image),	    cmocka_unit_test(platforms),
		cmocka_unit_test(absent_platforms), cmocka_unit_test(several_images),
		cmocka_unit_test(artifacts),	    cmocka_unit_test(configuration_types),
		cmocka_unit_test(told_by_content),  cmocka_unit_test(nested_indexes),
		cmocka_unit_test(malformed),	    cmocka_unit_test(layers),
	};

	return cmocka_run_group_tests_name("manifest", tests, fixture_begin, fixture_finish);
}
