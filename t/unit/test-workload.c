#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/workload.h"

typedef int parse_function(const char *data, size_t size, const char *name,
			   struct workload *ret_workload, struct error *err);

/* "LINE:COLUMN what owner image", one line each; what stands at the place is compared, too. */
static void assert_images(parse_function *parse, const char *text, const char *expected)
{
	auto_workload struct workload workload = { 0 };
	auto_buf struct buf found;
	struct error err = ERROR_INIT;

	buf_init(&found, BUF_MAX_DEFAULT);
	assert_success(parse(text, strlen(text), "F", &workload, &err), err);
	for (size_t i = 0; i < workload.count; i++) {
		const struct workload_image *image = &workload.items[i];
		const struct span at = image->place.at;

		buf_printf(&found, "%s%zu:%zu %s %s %s", i > 0 ? "\n" : "", image->place.line,
			   image->place.column, image->what,
			   image->owner != NULL ? image->owner : "-",
			   image->image != NULL ? image->image : "?");
		if (image->place.line == 0)
			continue;
		assert_int_equal(at.end - at.start, strlen(image->text));
		assert_memory_equal(text + at.start, image->text, at.end - at.start);
	}
	assert_string_equal(found.data, expected);
}

static void reads_manifests(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "", "" },
		{ "apiVersion: v1\nkind: Service\n", "" },
		{ "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: x:1\n  - image: \"y\"\n"
		  "  initContainers:\n  - {image: 'z', name: c}\n",
		  "5:12 containers a x:1\n6:13 containers - y\n8:14 initContainers c z" },
		{ "a:\n- b:\n    ephemeralContainers: [ { image: x } ]\n---\ncontainers:\n- image: y\n"
		  "--- \n",
		  "3:37 ephemeralContainers - x\n6:10 containers - y" },
		{ "# \xc3\xa4\nname: \xe2\x82\xac\ncontainers:\n- {name: \xc3\xb6, image: x}\r\n",
		  "4:21 containers \xc3\xb6 x" },
		{ "\xef\xbb\xbf"
		  "containers: [{image: x}]",
		  "1:22 containers - x" },
		{ "containers:\n- image: !!str &a x # y\n  name: b\ninitContainers:\n- image: *a\n",
		  "2:19 containers b x\n2:19 initContainers - x" },
		{ "base: &b {image: x}\ncontainers:\n- <<: *b\n", "1:18 containers - x" },
		{ "containers:\n- image: >-\n    x\n- image: \"x\\u0031\"\n- image: ~\n- image:\n",
		  "0:0 containers - x\n0:0 containers - x1" },
		/* not what is called containers */
		{ "containers: x\nspec: {containers: {image: x}, image: y}\n", "" },
		{ "containers: [x, [y], {images: z}]", "" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_images(kubernetes_parse, cases[i].text, cases[i].expected);
}

static void reads_workflows(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "jobs:\n  a:\n    container: x:1\n    services:\n      db:\n        image: y\n"
		  "      cache: z\n    steps:\n    - uses: actions/checkout@v4\n"
		  "    - uses: docker://w:2\n",
		  "3:16 container a x:1\n6:16 services db y\n7:14 services cache z\n10:13 uses - w:2" },
		{ "jobs:\n  a:\n    container:\n      image: ${{ matrix.image }}\n"
		  "  b: {container: '', services: {c: {image: }}}\n  d: x\n",
		  "4:14 container a ?" },
		{ "jobs: {}\n", "" },
		{ "runs:\n  using: docker\n  image: docker://x\n", "3:10 runs - x" },
		{ "runs:\n  using: docker\n  image: Dockerfile\n", "" },
		{ "runs:\n  steps:\n  - uses: 'docker://x@y'\n", "3:12 uses - x@y" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_images(workflow_parse, cases[i].text, cases[i].expected);
}

static void refuses(unused_arg void **state)
{
	static const struct {
		parse_function *parse;
		const char *text;
		const char *why;
	} cases[] = {
		{ kubernetes_parse, "a: [", "F:2: " },
		{ kubernetes_parse, "containers:\n- image: [x]\n", "F:2: the image of containers" },
		{ kubernetes_parse, "containers:\n- image: x\n  image: y\n",
		  "F:3: the key 'image'" },
		{ kubernetes_parse, "containers:\n- image: \"x\\0y\"\n",
		  "F:2: the image of containers" },
		{ kubernetes_parse, "a: &a\n  <<: *a\ncontainers:\n- <<: *a\n", "an anchor holds an alias of itself" },
		{ workflow_parse, "a: b\n", "F: neither a workflow nor an action" },
		{ workflow_parse, "- a\n", "F: neither a workflow nor an action" },
		{ workflow_parse, "", "F: neither a workflow nor an action" },
		{ workflow_parse, "jobs: x\n", "F: neither a workflow nor an action" },
		{ workflow_parse, "jobs: {}\n---\njobs: {}\n", "F: several YAML documents" },
		{ workflow_parse, "jobs:\n  a:\n    container: [x]\n",
		  "F:3: the image of container" },
	};
	struct workload workload = { 0 };
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++)
		assert_failure(
			cases[i].parse(cases[i].text, strlen(cases[i].text), "F", &workload, &err),
			err, ERROR_INPUT, cases[i].why);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_manifests),
		cmocka_unit_test(reads_workflows),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
