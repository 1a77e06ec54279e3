/* pin-check: is every external image of a build or a deployment pinned by its digest? */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/tap.h"
#include "check/pinaccept.h"
#include "check/pinfind.h"
#include "check/pins.h"
#include "check/pinupdate.h"
#include "check/pinverify.h"
#include "tool.h"

#define FILE_SIZE_MAX ((size_t)4 << 20)

struct settings {
	struct tool tool;
	struct option_list bases;
	struct option_list build_args;
	struct option_list environment;
	struct option_list platforms;
	struct registry_options registry;
	const char *accept;
	bool verify;
	bool fresh;
	bool update;
	bool diff;
};

static const struct option_spec options[] = {
	{ "accept", 0, OPTION_STRING, offsetof(struct settings, accept), "FILE",
	  "findings that are known, each with its reason", NULL },
	{ "base", 0, OPTION_LIST, offsetof(struct settings, bases), "REF",
	  "demand that every stage builds on this image: a\n"
	  "repository, perhaps with a tag or a digest;\n"
	  "repeat it to allow several",
	  NULL },
	{ "build-arg", 0, OPTION_LIST, offsetof(struct settings, build_args), "NAME=VALUE",
	  "set an ARG, as the build does", NULL },
	{ "env", 0, OPTION_LIST, offsetof(struct settings, environment), "NAME=VALUE",
	  "set a variable of compose files", NULL },
	{ "platform", 0, OPTION_LIST, offsetof(struct settings, platforms), "OS/ARCH[/VARIANT]",
	  "the platform to build for (default: this\n"
	  "machine's); with --verify the images must be for\n"
	  "it; repeat it for several",
	  NULL },
	{ "verify", 0, OPTION_FLAG, offsetof(struct settings, verify), NULL,
	  "ask the registries whether they have the digests", NULL },
	{ "fresh", 0, OPTION_FLAG, offsetof(struct settings, fresh), NULL,
	  "verify, and demand that a tag beside a digest\nstill points to it", NULL },
	{ "update", 0, OPTION_FLAG, offsetof(struct settings, update), NULL,
	  "rewrite each pin to what its tag points to now", NULL },
	{ "diff", 0, OPTION_FLAG, offsetof(struct settings, diff), NULL,
	  "print what --update would change, and change\nnothing", NULL },
	TOOL_REGISTRY_OPTIONS(struct settings, registry),
	TOOL_OPTIONS(struct settings),
};

static const struct program program = {
	.name = "pin-check",
	.operands = "FILE...",
	.summary =
		"Checks that every external image in Dockerfiles, compose files, Kubernetes\n"
		"manifests and GitHub workflows is pinned by a full digest, and that stages that\n"
		"share a base share its digest.\n"
		"Exit status: 0 all is pinned and as demanded, 1 something is not, 2 a file\n"
		"could not be read or understood, or a registry could not be asked.",
	.options = options,
	.operands_min = 1,
	.operands_max = SIZE_MAX,
};

/* The state of one run. */
struct run {
	const struct settings *settings;
	struct variables build_args;
	struct variables environment;
	struct pins_file *files;
	struct buf *data; /* of the files: what is checked */
	struct buf *old;  /* and what --update found */
	size_t count;
	struct platform *platforms;
	size_t platform_count;
	struct pins_accept accept;
	struct pins_verdict verdict;
	struct pins_verified verified;
	struct pins_update *updates; /* one per file; NULL without --update */
	bool holds;
};

static int find_pins(const char *name, const struct pin_settings *settings, const struct buf *data,
		     struct pins_file *file, struct error *err)
{
	enum pin_file_type type = pin_file_type(name, data->data, data->size);

	file->data = data->data;
	file->size = data->size;
	return pins_find(data->data, data->size, file->name, type, settings, &file->pins, err);
}

static int read_file(const char *name, const struct pin_settings *settings, struct buf *data,
		     struct pins_file *file, struct error *err)
{
	bool is_stdin = strcmp(name, "-") == 0;

	file->name = is_stdin ? "standard input" : name;
	if ((is_stdin ? buf_read_fd(data, STDIN_FILENO, file->name, err)
		      : buf_read_file(data, name, err)) < 0)
		return -1;
	return find_pins(name, settings, data, file, err);
}

/* What --platform names; the first of them is what the variables of the build are for. */
static int read_platforms(struct run *run, struct platform *ret_build, struct error *err)
{
	const struct option_list *list = &run->settings->platforms;

	run->platforms = calloc(list->count + 1, sizeof *run->platforms);
	if (run->platforms == NULL)
		return error_memory(err);
	for (size_t i = 0; i < list->count; i++)
		if (platform_parse(list->items[i], &run->platforms[i], err) < 0)
			return error_prefix(err, "--platform");
	run->platform_count = list->count;
	if (list->count > 0)
		*ret_build = run->platforms[0];
	else
		platform_host(ret_build);
	return 0;
}

static bool is_verifying(const struct settings *settings)
{
	return settings->verify || settings->fresh;
}

static bool is_updating(const struct settings *settings)
{
	return settings->update || settings->diff;
}

static struct pinverify_settings verify_settings(const struct run *run)
{
	return (struct pinverify_settings) {
		.registry = &run->settings->registry,
		.platforms = run->platforms,
		.platform_count = run->platform_count,
		.fresh = run->settings->fresh,
	};
}

/* The files as they will be take the place of those that were read. */
static int run_update(struct run *run, const struct operands *operands,
		      const struct pin_settings *find, struct error *err)
{
	const struct pinverify_settings how = verify_settings(run);

	for (size_t i = 0; i < run->count; i++)
		if (strcmp(operands->items[i], "-") == 0 && !run->settings->diff)
			return error_set(err, ERROR_USAGE,
					 "standard input cannot be rewritten: use --diff");
	if (pins_update_find(run->files, run->count, &how, &run->updates, err) < 0)
		return -1;
	for (size_t i = 0; i < run->count; i++) {
		run->old[i] = run->data[i];
		buf_init(&run->data[i], 2 * FILE_SIZE_MAX);
		if (edits_apply(&run->updates[i].edits, run->old[i].data, run->old[i].size,
				&run->data[i], err) < 0)
			return -1;
		pins_release(&run->files[i].pins);
		if (find_pins(operands->items[i], find, &run->data[i], &run->files[i], err) < 0)
			return -1;
	}
	return 0;
}

static int run_tell(struct run *run, struct error *err)
{
	for (size_t i = 0; i < run->count; i++) {
		if (pins_update_tell(&run->updates[i], &run->files[i].pins, err) < 0)
			return error_prefix(err, "%s", run->files[i].name);
		for (size_t j = 0; j < run->updates[i].count; j++)
			if (run->updates[i].changes[j].kind == PIN_STUCK &&
			    run->files[i].pins.items[j].accepted == NULL)
				run->holds = false;
	}
	return 0;
}

/* All files are ready before the first one is replaced. */
static int run_write(const struct run *run, const struct operands *operands, struct error *err)
{
	struct rewrite **rewrites = calloc(run->count + 1, sizeof(struct rewrite *));
	int result = 0;

	if (rewrites == NULL)
		return error_memory(err);
	for (size_t i = 0; i < run->count && result == 0; i++)
		if (run->updates[i].edits.count > 0)
			result = rewrite_new(operands->items[i], &run->old[i], &run->data[i],
					     &rewrites[i], err);
	for (size_t i = 0; i < run->count && result == 0; i++)
		if (rewrites[i] != NULL)
			result = rewrite_finish(rewrites[i], err);
	for (size_t i = 0; i < run->count; i++)
		rewrite_free(rewrites[i]);
	free(rewrites);
	return result;
}

static int run_verify(struct run *run, struct error *err)
{
	const struct settings *settings = run->settings;
	const struct pinverify_settings how = verify_settings(run);

	if (pins_verify(run->files, run->count, &how, &run->verified, err) < 0)
		return -1;
	run->holds = run->holds && run->verified.missing == 0 && run->verified.uncovered == 0 &&
		     (!settings->fresh || run->verified.moved == 0);
	return 0;
}

static int run_accept(struct run *run, struct error *err)
{
	const char *name = run->settings->accept;
	auto_buf struct buf data;

	buf_init(&data, PINACCEPT_SIZE_MAX);
	if (name == NULL)
		return 0;
	if (buf_read_file(&data, name, err) < 0 ||
	    pins_accept_parse(data.data, data.size, name, &run->accept, err) < 0)
		return -1;
	return pins_accept_mark(&run->accept, run->files, run->count, err);
}

static int run_check(struct run *run, const struct operands *operands, struct error *err)
{
	const struct settings *settings = run->settings;
	struct pin_settings find = {
		.build = { .args = &run->build_args },
		.environment = &run->environment,
	};

	if (is_updating(settings) && is_verifying(settings))
		return error_set(err, ERROR_USAGE,
				 "--update and --diff ask the registries anyway: not with --verify "
				 "or --fresh");
	if (tool_read_variables(&settings->build_args, "build-arg", &run->build_args, err) < 0 ||
	    tool_read_variables(&settings->environment, "env", &run->environment, err) < 0)
		return -1;
	if (read_platforms(run, &find.build.platform, err) < 0)
		return -1;
	run->files = calloc(operands->count, sizeof *run->files);
	run->data = calloc(operands->count, sizeof *run->data);
	run->old = calloc(operands->count, sizeof *run->old);
	if (run->files == NULL || run->data == NULL || run->old == NULL)
		return error_memory(err);
	for (size_t i = 0; i < operands->count; i++) {
		run->count++;
		buf_init(&run->data[i], FILE_SIZE_MAX);
		buf_init(&run->old[i], FILE_SIZE_MAX);
		if (read_file(operands->items[i], &find, &run->data[i], &run->files[i], err) < 0)
			return -1;
	}
	if (is_updating(settings) && run_update(run, operands, &find, err) < 0)
		return -1;
	if (run_accept(run, err) < 0 || pins_judge(run->files, run->count, settings->bases.items,
						   settings->bases.count, &run->verdict, err) < 0)
		return -1;
	run->holds = run->verdict.pinned && run->verdict.consistent && run->verdict.base;
	if (is_verifying(settings))
		return run_verify(run, err);
	if (!is_updating(settings))
		return 0;
	if (run_tell(run, err) < 0)
		return -1;
	return settings->diff ? 0 : run_write(run, operands, err);
}

/* The thing as the file has it: "FROM alpine:3", "image: nginx". */
static void describe(const struct pin *pin, struct buf *out)
{
	buf_add_string(out, pin->instruction);
	buf_add_char(out, ' ');
	text_escape(out, pin->raw, strlen(pin->raw));
	if (pin->resolved != NULL && strcmp(pin->raw, pin->resolved) != 0) {
		buf_add_string(out, " (");
		text_escape(out, pin->resolved, strlen(pin->resolved));
		buf_add_char(out, ')');
	}
}

static void print_escaped(const char *text)
{
	auto_buf struct buf out;

	buf_init(&out, BUF_MAX_DEFAULT);
	text_escape(&out, text, strlen(text));
	(void)fputs(out.data, stdout);
}

static void print_pin(const char *file, const struct pin *pin, const char *kind, const char *text)
{
	auto_buf struct buf out;

	buf_init(&out, BUF_MAX_DEFAULT);
	describe(pin, &out);
	print_escaped(file);
	(void)printf(":%zu: %s: %s", pin->line, out.data, kind);
	print_escaped(text);
	(void)putchar('\n');
}

static void print_change(const char *file, const struct pin *pin, const struct pin_change *change)
{
	char from[DIGEST_TEXT_MAX];
	char to[DIGEST_TEXT_MAX];
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_add_string(&text, digest_text(&change->to, to));
	if (digest_is_set(&change->from))
		buf_printf(&text, ", was %s", digest_text(&change->from, from));
	print_pin(file, pin, "now ", text.data);
}

static void print_file(const struct pins_file *file, const struct pins_update *update)
{
	for (size_t i = 0; i < file->pins.count; i++) {
		const struct pin *pin = &file->pins.items[i];

		if (update != NULL && update->changes[i].kind == PIN_CHANGED)
			print_change(file->name, pin, &update->changes[i]);
		if (!pin->holds && pin->accepted == NULL)
			print_pin(file->name, pin, "",
				  pin->reason != NULL ? pin->reason : "does not hold");
		if (pin->note != NULL)
			print_pin(file->name, pin, "note: ", pin->note);
	}
}

static void print_verified(const struct run *run)
{
	const struct pins_verified *verified = &run->verified;

	(void)printf("; %zu asked for", verified->asked);
	if (verified->missing > 0)
		(void)printf(", %zu not there", verified->missing);
	if (verified->uncovered > 0)
		(void)printf(", %zu not for all platforms", verified->uncovered);
	if (verified->moved > 0)
		(void)printf(", %zu whose tag has moved", verified->moved);
	if (verified->missing + verified->uncovered + verified->moved == 0)
		(void)printf(", all as pinned");
}

static void print_updated(const struct run *run)
{
	size_t changed = 0;
	size_t stuck = 0;

	for (size_t i = 0; i < run->count; i++) {
		changed += run->updates[i].changed;
		stuck += run->updates[i].stuck;
	}
	(void)printf("; %zu %s", changed, run->settings->diff ? "to be rewritten" : "rewritten");
	if (stuck > 0)
		(void)printf(", %zu could not be", stuck);
}

static void print_diffs(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		auto_buf struct buf out;

		buf_init(&out, BUF_MAX_DEFAULT);
		diff_lines(run->files[i].name, &run->old[i], &run->data[i], &out);
		(void)fwrite(out.data, 1, out.size, stdout);
	}
}

static void print_text(const struct run *run)
{
	const struct pins_verdict *verdict = &run->verdict;

	for (size_t i = 0; i < run->count; i++)
		print_file(&run->files[i], run->updates != NULL ? &run->updates[i] : NULL);
	for (size_t i = 0; i < run->accept.count; i++) {
		if (run->accept.items[i].used)
			continue;
		print_escaped(run->settings->accept);
		(void)printf(":%zu: accepts nothing that fails: ", run->accept.items[i].line);
		print_escaped(run->accept.items[i].what);
		(void)putchar('\n');
	}
	(void)printf("%zu external reference%s, ", verdict->external,
		     verdict->external == 1 ? "" : "s");
	if (verdict->unpinned == 0)
		(void)printf("all pinned");
	else
		(void)printf("%zu not pinned", verdict->unpinned);
	if (!verdict->consistent)
		(void)printf("; %zu whose digest differs from that of the same base",
			     verdict->inconsistent);
	if (!verdict->base && verdict->bases == 0)
		(void)printf("; no stage builds on a demanded base");
	else if (!verdict->base)
		(void)printf("; %zu of %zu bases are not as demanded", verdict->undemanded,
			     verdict->bases);
	if (verdict->accepted > 0)
		(void)printf("; %zu accepted", verdict->accepted);
	if (is_verifying(run->settings))
		print_verified(run);
	if (is_updating(run->settings))
		print_updated(run);
	(void)putchar('\n');
	if (run->settings->diff)
		print_diffs(run);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? doc_text(text) : json_null();
}

static json_t *digest_or_null(const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	return digest_is_set(digest) ? json_string(digest_text(digest, text)) : json_null();
}

static json_t *registry_document(const struct pin_registry *registry)
{
	if (!registry->asked)
		return json_null();
	return json_pack("{s:b, s:s?, s:o, s:s?}", "exists", registry->exists, "tag",
			 pin_tag_name(registry->tag), "tag_digest",
			 digest_or_null(&registry->tag_digest), "platforms", registry->platforms);
}

static json_t *change_document(const struct pin_change *change)
{
	static const char *const kinds[] = {
		[PIN_CHANGE_NONE] = "none",
		[PIN_CHANGED] = "changed",
		[PIN_STAYS] = "stays",
		[PIN_STUCK] = "stuck",
	};

	if (change == NULL)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o}", "kind", kinds[change->kind], "from",
			 digest_or_null(&change->from), "to", digest_or_null(&change->to), "why",
			 text_or_null(change->why));
}

static const struct pin_change *find_change(const struct run *run, size_t file, size_t pin)
{
	return run->updates != NULL ? &run->updates[file].changes[pin] : NULL;
}

static json_t *place_document(const struct pin *pin)
{
	if (pin->token_line == 0)
		return json_null();
	return json_pack("{s:I, s:I}", "line", (json_int_t)pin->token_line, "column",
			 (json_int_t)pin->column);
}

static json_t *pin_document(const struct pin *pin, const struct pin_change *change)
{
	return json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o}",
		"line", (json_int_t)pin->line, "place", place_document(pin), "instruction",
		doc_text(pin->instruction), "stage", text_or_null(pin->stage), "service",
		text_or_null(pin->service), "raw", doc_text(pin->raw), "resolved",
		text_or_null(pin->resolved), "pin", pin_kind_name(pin->kind), "digest",
		digest_or_null(&pin->digest), "holds", pin->holds, "reason",
		text_or_null(pin->reason), "note", text_or_null(pin->note), "registry",
		registry_document(&pin->registry), "change", change_document(change), "accepted",
		text_or_null(pin->accepted));
}

static json_t *texts(const struct option_list *list)
{
	json_t *texts = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(texts, doc_text(list->items[i]));
	return texts;
}

static void add_check(json_t *checks, const char *name, size_t value, json_t *limit)
{
	(void)json_array_append_new(checks, json_pack("{s:s, s:b, s:I, s:o}", "name", name, "holds",
						      value == 0, "value", (json_int_t)value,
						      "limit", limit));
}

static void add_verified(const struct run *run, json_t *checks)
{
	add_check(checks, "exists", run->verified.missing, json_integer(0));
	if (run->platform_count > 0)
		add_check(checks, "platforms", run->verified.uncovered,
			  texts(&run->settings->platforms));
	if (run->settings->fresh)
		add_check(checks, "fresh", run->verified.moved, json_integer(0));
}

static json_t *checks_document(const struct run *run)
{
	const struct pins_verdict *verdict = &run->verdict;
	json_t *checks = json_pack("[{s:s, s:b, s:I, s:i}, {s:s, s:b, s:I, s:i}]", "name", "pinned",
				   "holds", verdict->pinned, "value", (json_int_t)verdict->unpinned,
				   "limit", 0, "name", "consistent", "holds", verdict->consistent,
				   "value", (json_int_t)verdict->inconsistent, "limit", 0);

	if (run->settings->bases.count > 0)
		(void)json_array_append_new(
			checks, json_pack("{s:s, s:b, s:I, s:o}", "name", "base", "holds",
					  verdict->base, "value", (json_int_t)verdict->undemanded,
					  "limit", texts(&run->settings->bases)));
	if (is_verifying(run->settings))
		add_verified(run, checks);
	return checks;
}

/* The entries of --accept. */
static json_t *accept_document(const struct run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->accept.count; i++) {
		const struct pin_acceptance *entry = &run->accept.items[i];

		(void)json_array_append_new(
			list, json_pack("{s:I, s:o, s:o, s:b}", "line", (json_int_t)entry->line,
					"what", doc_text(entry->what), "reason",
					doc_text(entry->reason), "used", entry->used));
	}
	return list;
}

static void print_json(const struct run *run)
{
	json_t *files = json_array();
	auto_doc json_t *document = NULL;

	for (size_t i = 0; i < run->count; i++) {
		json_t *references = json_array();

		for (size_t j = 0; j < run->files[i].pins.count; j++)
			(void)json_array_append_new(
				references,
				pin_document(&run->files[i].pins.items[j], find_change(run, i, j)));
		(void)json_array_append_new(files, json_pack("{s:o, s:o}", "file",
							     doc_text(run->files[i].name),
							     "references", references));
	}
	document = json_pack("{s:s, s:o, s:o, s:o, s:s}", "schema", "seatrial/pin-check/1", "files",
			     files, "accept", accept_document(run), "checks", checks_document(run),
			     "verdict", run->holds ? "holds" : "fails");
	tool_print_json(document);
}

static void print_tap(const struct run *run)
{
	struct tap tap;

	tap_begin(&tap, stdout);
	for (size_t i = 0; i < run->count; i++) {
		for (size_t j = 0; j < run->files[i].pins.count; j++) {
			const struct pin *pin = &run->files[i].pins.items[j];
			auto_doc json_t *values = pin_document(pin, find_change(run, i, j));
			auto_buf struct buf line;

			buf_init(&line, BUF_MAX_DEFAULT);
			if (!pin_is_external(pin))
				continue;
			buf_printf(&line, "%s:%zu: ", run->files[i].name, pin->line);
			describe(pin, &line);
			tap_test(&tap, pin->holds || pin->accepted != NULL, line.data, values);
		}
	}
	tap_test(&tap, run->verdict.pinned, "every external image is pinned by its digest", NULL);
	tap_test(&tap, run->verdict.consistent, "stages that share a base share its digest", NULL);
	if (run->settings->bases.count > 0)
		tap_test(&tap, run->verdict.base, "every stage builds on a demanded base", NULL);
	if (is_verifying(run->settings))
		tap_test(&tap, run->verified.missing == 0, "the registries have every digest",
			 NULL);
	if (is_verifying(run->settings) && run->platform_count > 0)
		tap_test(&tap, run->verified.uncovered == 0, "every image is for every platform",
			 NULL);
	if (run->settings->fresh)
		tap_test(&tap, run->verified.moved == 0, "every tag still points to its digest",
			 NULL);
	tap_end(&tap);
}

static void run_release_file(struct run *run, size_t index)
{
	pins_release(&run->files[index].pins);
	buf_release(&run->data[index]);
	buf_release(&run->old[index]);
	if (run->updates != NULL)
		pins_update_release(&run->updates[index]);
}

static void run_release(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		run_release_file(run, i);
	free(run->files);
	free(run->data);
	free(run->old);
	free(run->updates);
	free(run->platforms);
	pins_accept_release(&run->accept);
	variables_release(&run->build_args);
	variables_release(&run->environment);
}

int main(int argc, char **argv)
{
	struct settings settings = { .verify = false };
	struct run run = { .settings = &settings };
	struct operands operands = { 0 };
	struct error err = ERROR_INIT;
	int result;
	int status = tool_begin(&program, argc, argv, &settings, &operands);

	if (status >= 0)
		return status;
	result = run_check(&run, &operands, &err);
	pins_accept_check(&run.accept, run.files, run.count);
	if (result < 0) {
		status = tool_fail(&program, &err);
	} else {
		switch (tool_format(&settings.tool)) {
		case FORMAT_JSON:
			print_json(&run);
			break;
		case FORMAT_TAP:
			print_tap(&run);
			break;
		case FORMAT_TEXT:
			print_text(&run);
			break;
		}
		status = run.holds ? TOOL_HOLDS : TOOL_FAILS;
	}
	run_release(&run);
	operands_release(&operands);
	option_list_release(&settings.bases);
	option_list_release(&settings.build_args);
	option_list_release(&settings.environment);
	option_list_release(&settings.platforms);
	registry_options_release(&settings.registry);
	return tool_finish(&program, status);
}
