#include "config.h"

#include "image/daemon.h"

#include <string.h>

#include "base/doc.h"
#include "image/reference.h"
#include "net/engine.h"
#include "net/enginehost.h"

/* What an engine may say of its failure at the end of an export. */
#define LAST_WORDS_MAX ((size_t)4096)

void daemon_image_release(struct daemon_image *image)
{
	stream_close(image->stream);
	*image = (struct daemon_image) { 0 };
}

/* --- the export ------------------------------------------------------------------------------ */

struct export
{
	struct stream stream;
	struct engine *engine;
	char *id;
	struct engine_stream *body; /* NULL before the first read */
	char tail[LAST_WORDS_MAX];  /* the last bytes that came */
	size_t tail_size;
};

static void export_remember(struct export *self, const char *data, size_t size)
{
	size_t keep;

	if (size >= LAST_WORDS_MAX) {
		memcpy(self->tail, data + size - LAST_WORDS_MAX, LAST_WORDS_MAX);
		self->tail_size = LAST_WORDS_MAX;
		return;
	}
	keep = LAST_WORDS_MAX - size < self->tail_size ? LAST_WORDS_MAX - size : self->tail_size;
	memmove(self->tail, self->tail + self->tail_size - keep, keep);
	memcpy(self->tail + keep, data, size);
	self->tail_size = keep + size;
}

/* Docker has sent the status long before it knows that an export fails. So it ends the archive
 * where it is, and puts a document with its reason there; an archive ends with zeros. */
static int export_check_end(const struct export *self, struct error *err)
{
	static const char start[] = "{\"errorDetail\"";
	const char *words = memmem(self->tail, self->tail_size, start, sizeof start - 1);
	auto_doc json_t *doc = NULL;
	const char *reason = NULL;

	if (words == NULL ||
	    doc_parse(words, self->tail_size - (size_t)(words - self->tail), "", &doc, NULL) < 0 ||
	    doc_string(doc, "", "error", DOC_REQUIRED, &reason, NULL) < 0)
		return 0;
	return error_set(err, ERROR_ENGINE, "%s: the engine gave up the export: %.*s",
			 engine_address(self->engine), (int)strcspn(reason, "\r\n"), reason);
}

static ssize_t export_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	struct export *self = (struct export *)stream;
	ssize_t got;

	if (self->body == NULL && engine_export(self->engine, self->id, &self->body, err) < 0)
		return -1;
	got = engine_stream_read(self->body, data, size, err);
	if (got > 0)
		export_remember(self, data, (size_t)got);
	if (got == 0 && export_check_end(self, err) < 0)
		return -1;
	return got;
}

static void export_close(struct stream *stream)
{
	struct export *self = (struct export *)stream;

	engine_stream_close(self->body);
	engine_free(self->engine);
	free(self->id);
	free(self);
}

static const struct stream_ops export_ops = {
	.read = export_read,
	.close = export_close,
};

/* --- names ----------------------------------------------------------------------------------- */

/* 64 hex digits are no name anywhere, but an ID that goes without its algorithm. */
static bool is_bare_id(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

bool daemon_name_is_id(const char *name)
{
	struct digest digest;

	return is_bare_id(name) || digest_parse(name, &digest, NULL) == 0;
}

/* What the engine is asked for: beside a digest a tag is a remark, as it is for a registry. */
static int name_to_ask(const char *name, char **ret_name, struct error *err)
{
	auto_reference struct reference reference = { 0 };

	if (daemon_name_is_id(name)) {
		if (asprintf(ret_name, "%s%s", is_bare_id(name) ? "sha256:" : "", name) < 0)
			*ret_name = NULL;
	} else {
		if (reference_parse(name, REFERENCE_AS_WRITTEN, &reference, err) < 0)
			return -1;
		/* containers-transports(5): this is neither an ID nor a name */
		if (reference.domain[0] == '\0' && (strcmp(reference.path, "sha256") == 0 ||
						    strcmp(reference.path, "sha512") == 0))
			return error_set(err, ERROR_INPUT,
					 "'%s' is no image ID: that is a whole digest", name);
		if (digest_is_set(&reference.digest))
			free(steal(&reference.tag));
		*ret_name = reference_text(&reference);
	}
	return *ret_name == NULL ? error_memory(err) : 0;
}

/* --- one engine ------------------------------------------------------------------------------ */

/* Podman may leave the algorithm out. */
static int image_take_id(struct daemon_image *image, const json_t *inspected, char **ret_text,
			 struct error *err)
{
	const char *id = NULL;
	auto_free char *text = NULL;

	if (doc_string(inspected, "the engine's answer", "Id", DOC_REQUIRED, &id, err) < 0)
		return -1;
	if (asprintf(&text, "%s%s", strchr(id, ':') == NULL ? "sha256:" : "", id) < 0) {
		text = NULL;
		return error_memory(err);
	}
	if (digest_parse(text, &image->id, err) < 0)
		return error_prefix(err, "the engine's answer: Id");
	*ret_text = steal(&text);
	return 0;
}

/* Takes the engine over where it succeeds. The image is exported by its ID: a name may be given to
 * another one while we look. */
static int image_take_export(struct daemon_image *image, struct engine **engine,
			     const json_t *inspected, struct error *err)
{
	auto_free char *id = NULL;
	struct export *self;

	if (image_take_id(image, inspected, &id, err) < 0)
		return error_prefix(err, "%s", engine_address(*engine));
	self = calloc(1, sizeof *self);
	if (self == NULL)
		return error_memory(err);
	self->stream.ops = &export_ops;
	self->id = steal(&id);
	image->local = engine_is_local(*engine);
	self->engine = steal(engine);
	image->stream = &self->stream;
	return 0;
}

static int daemon_ask(struct engine **engine, const char *name, struct daemon_image *ret_image,
		      struct error *err)
{
	auto_daemon_image struct daemon_image image = { 0 };
	auto_doc json_t *inspected = NULL;
	struct error cause = ERROR_INIT;

	if (engine_image_inspect(*engine, name, &inspected, &cause) < 0)
		return cause.kind == ERROR_MISSING ? 0 : error_copy(err, &cause);
	if (image_take_export(&image, engine, inspected, err) < 0)
		return -1;
	*ret_image = image;
	image = (struct daemon_image) { 0 };
	return 1;
}

/* --- all of them ----------------------------------------------------------------------------- */

struct search {
	const char *name;
	struct buf without; /* engines that do not have it */
	struct buf failed;  /* why others could not be asked */
	bool fixed;
};

static void search_release(struct search *search)
{
	buf_release(&search->without);
	buf_release(&search->failed);
}

static void search_note(struct buf *list, const char *text)
{
	buf_printf(list, "%s%s", list->size > 0 ? ", " : "", text);
}

/* 1 where this engine has it; 0. */
static int search_engine(struct search *search, const char *host, struct daemon_image *ret_image,
			 struct error *err)
{
	auto_engine struct engine *engine = NULL;
	struct error cause = ERROR_INIT;
	int found;

	if (engine_open(host, &engine, &cause) < 0) {
		/* one that was named has to be one; of others, the next one may do */
		if (search->fixed && cause.kind != ERROR_MISSING)
			return error_copy(err, &cause);
		search_note(&search->failed, cause.text);
		return 0;
	}
	found = daemon_ask(&engine, search->name, ret_image, err);
	if (found == 0)
		search_note(&search->without, engine_address(engine));
	return found;
}

static int search_usual(struct search *search, struct daemon_image *ret_image, struct error *err)
{
	for (size_t nth = 0;; nth++) {
		auto_engine_host struct engine_host host = { 0 };
		int result = engine_host_usual(nth, &host, err);

		if (result <= 0)
			return result;
		/* a socket that is not there is nothing to tell */
		if (host.unix_socket != NULL && access(host.unix_socket, F_OK) < 0)
			continue;
		result = search_engine(search, host.address, ret_image, err);
		if (result != 0)
			return result;
	}
}

static void search_tell(const struct search *search, struct buf *text)
{
	if (search->without.size > 0)
		buf_printf(text, "no such image in the engine at %s", search->without.data);
	else if (!search->fixed)
		buf_add_string(text, "no container engine is running");
	if (search->failed.size > 0 && text->size > 0)
		buf_add_string(text, "; ");
	if (search->failed.size > 0)
		buf_add_string(text, search->failed.data);
}

static int search_missed(const struct search *search, struct buf *tried, struct error *err)
{
	auto_buf struct buf text;

	buf_init(&text, 8 * (size_t)ERROR_TEXT_MAX);
	if (tried != NULL) {
		search_tell(search, tried);
		return buf_check(tried, "what was tried", err);
	}
	buf_add_string(&text, "");
	search_tell(search, &text);
	if (search->without.size == 0 && !search->fixed)
		buf_add_string(&text, "; start one, or set DOCKER_HOST");
	return error_set(err, ERROR_MISSING, "%s", text.data);
}

int daemon_find(const char *name, struct daemon_image *ret_image, struct buf *tried,
		struct error *err)
{
	cleanup_by(search_release) struct search search = { 0 };
	auto_engine_host struct engine_host host = { 0 };
	auto_free char *asked = NULL;
	int fixed;
	int found;

	buf_init(&search.without, ERROR_TEXT_MAX);
	buf_init(&search.failed, 4 * (size_t)ERROR_TEXT_MAX);
	if (name_to_ask(name, &asked, err) < 0)
		return -1;
	search.name = asked;
	fixed = engine_host_fixed(&host, err);
	if (fixed < 0)
		return -1;
	search.fixed = fixed > 0;
	found = search.fixed ? search_engine(&search, NULL, ret_image, err)
			     : search_usual(&search, ret_image, err);
	return found != 0 ? found : search_missed(&search, tried, err);
}
