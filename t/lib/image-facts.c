/*
 * Prints what the library knows of an image as JSON, for tests that compare it with facts worked
 * out by others: image-facts [--no-verify] [--platform P] IMAGE. Exit 2 where it is refused.
 */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/text.h"
#include "image/image.h"

struct facts {
	json_t *counts;
	json_t *whiteouts;
	json_t *opaques;
};

static int facts_begin(unused_arg const void *context, unused_arg const struct layer_info *layer,
		       void **ret_state, unused_arg struct error *err)
{
	struct facts *facts = calloc(1, sizeof *facts);

	if (facts == NULL)
		return error_memory(err);
	facts->counts = json_object();
	facts->whiteouts = json_array();
	facts->opaques = json_array();
	*ret_state = facts;
	return 0;
}

static void facts_count(struct facts *facts, const char *name, uint64_t by)
{
	json_int_t old = json_integer_value(json_object_get(facts->counts, name));

	(void)json_object_set_new(facts->counts, name, json_integer(old + (json_int_t)by));
}

static enum walk_step facts_entry(void *state, const struct entry *entry,
				  unused_arg struct error *err)
{
	static const char *const names[] = {
		[ENTRY_FILE] = "regular",     [ENTRY_DIRECTORY] = "dirs",
		[ENTRY_SYMLINK] = "symlinks", [ENTRY_HARDLINK] = "hardlinks",
		[ENTRY_CHARACTER] = "other",  [ENTRY_BLOCK] = "other",
		[ENTRY_FIFO] = "other",	      [ENTRY_WHITEOUT] = "regular",
		[ENTRY_OPAQUE] = "regular",   [ENTRY_OTHER] = "other",
	};
	struct facts *facts = state;

	/* markers are files in the tar, and the root is not counted: so do the facts */
	if (entry->path_size > 0 || entry->type != ENTRY_DIRECTORY)
		facts_count(facts, names[entry->type], 1);
	facts_count(facts, "regular_bytes", entry->size);
	if (entry->type == ENTRY_WHITEOUT)
		(void)json_array_append_new(facts->whiteouts, doc_text(entry->path));
	if (entry->type == ENTRY_OPAQUE)
		(void)json_array_append_new(facts->opaques, doc_text(entry->path));
	return WALK_NEXT;
}

static enum walk_step facts_data(unused_arg void *state, unused_arg const void *data,
				 unused_arg size_t size, unused_arg struct error *err)
{
	return WALK_NEXT;
}

static int facts_end(void *state, const struct layer_totals *totals, unused_arg struct error *err)
{
	static const char *const names[] = {
		[COMPRESSION_NONE] = "none",
		[COMPRESSION_GZIP] = "gzip",
		[COMPRESSION_ZSTD] = "zstd",
	};
	struct facts *facts = state;

	facts_count(facts, "stored_size", totals->stored_size);
	facts_count(facts, "unpacked_size", totals->unpacked_size);
	facts_count(facts, "entries", totals->entries);
	(void)json_object_set_new(facts->counts, "compression",
				  json_string(names[totals->compression]));
	return 0;
}

static int facts_merge(void *context, const struct layer_info *layer, void *state,
		       unused_arg struct error *err)
{
	struct facts *facts = state;
	char text[DIGEST_TEXT_MAX];

	(void)json_object_set_new(facts->counts, "diff_id",
				  json_string(digest_text(&layer->diff_id, text)));
	(void)json_object_set_new(facts->counts, "digest",
				  json_string(digest_text(&layer->digest, text)));
	(void)json_object_set_new(facts->counts, "instruction", doc_text(layer->instruction));
	(void)json_object_set(facts->counts, "whiteouts", facts->whiteouts);
	(void)json_object_set(facts->counts, "opaques", facts->opaques);
	(void)json_array_append(context, facts->counts);
	return 0;
}

static void facts_free(void *state)
{
	struct facts *facts = state;

	json_decref(facts->counts);
	json_decref(facts->whiteouts);
	json_decref(facts->opaques);
	free(facts);
}

static json_t *list_of(const struct strings *strings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < strings->count; i++)
		(void)json_array_append_new(list, doc_text(strings->items[i]));
	return list;
}

/* What was understood of the configuration, not what was read. */
static json_t *configuration_facts(const struct configuration *c)
{
	json_t *facts = json_object();
	json_t *ids = json_array();
	size_t empty = 0;

	for (size_t i = 0; i < c->diff_id_count; i++) {
		char text[DIGEST_TEXT_MAX];

		(void)json_array_append_new(ids, json_string(digest_text(&c->diff_ids[i], text)));
	}
	for (size_t i = 0; i < c->history_count; i++)
		empty += c->history[i].empty_layer;
	(void)json_object_set_new(facts, "diff_ids", ids);
	(void)json_object_set_new(facts, "os", doc_text(c->os));
	(void)json_object_set_new(facts, "architecture", doc_text(c->architecture));
	(void)json_object_set_new(facts, "variant", doc_text(c->variant));
	(void)json_object_set_new(facts, "created", doc_text(c->created));
	(void)json_object_set_new(facts, "User", doc_text(c->user));
	(void)json_object_set_new(facts, "WorkingDir", doc_text(c->working_dir));
	(void)json_object_set_new(facts, "StopSignal", doc_text(c->stop_signal));
	(void)json_object_set_new(facts, "Env", list_of(&c->env));
	(void)json_object_set_new(facts, "Cmd", list_of(&c->cmd));
	(void)json_object_set_new(facts, "Entrypoint", list_of(&c->entrypoint));
	(void)json_object_set_new(facts, "Volumes", list_of(&c->volumes));
	(void)json_object_set_new(facts, "ExposedPorts", list_of(&c->exposed_ports));
	(void)json_object_set(facts, "Labels", c->labels);
	(void)json_object_set_new(facts, "Healthcheck", list_of(&c->healthcheck.test));
	(void)json_object_set_new(facts, "history_entries",
				  json_integer((json_int_t)c->history_count));
	(void)json_object_set_new(facts, "history_empty_layers", json_integer((json_int_t)empty));
	return facts;
}

int main(int argc, char **argv)
{
	struct image_options options = { .verify = true };
	auto_doc json_t *layers = json_array();
	auto_doc json_t *all = json_object();
	struct image_visitor visitor = {
		.context = layers,
		.layer_begin = facts_begin,
		.entry = facts_entry,
		.data = facts_data,
		.layer_end = facts_end,
		.merge = facts_merge,
		.state_free = facts_free,
	};
	auto_image struct image *image = NULL;
	struct error err = ERROR_INIT;
	char text[DIGEST_TEXT_MAX];

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (argc > 1 && strcmp(argv[1], "--no-verify") == 0) {
		options.verify = false;
		argc--;
		argv++;
	}
	if (argc > 2 && strcmp(argv[1], "--platform") == 0) {
		options.platform = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc != 2)
		return 2;
	if (image_open(argv[1], &options, &image, &err) < 0 ||
	    image_walk(image, &visitor, &err) < 0) {
		auto_buf struct buf line;

		buf_init(&line, BUF_MAX_DEFAULT);
		text_escape(&line, err.text, strlen(err.text));
		(void)fprintf(stderr, "image-facts: %s\n", line.data);
		return 2;
	}
	(void)json_object_set_new(all, "id", json_string(digest_text(image_id(image), text)));
	(void)json_object_set_new(all, "manifest_digest",
				  json_string(digest_text(image_manifest_digest(image), text)));
	(void)json_object_set_new(all, "platform", json_string(image_platform(image)));
	(void)json_object_set_new(all, "config", configuration_facts(image_configuration(image)));
	(void)json_object_set(all, "layers", layers);
	(void)json_dumpf(all, stdout, JSON_INDENT(1));
	(void)putchar('\n');
	return 0;
}
