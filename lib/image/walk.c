#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "image/image.h"

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED };

struct job {
	enum job_state state;
	void *visit; /* the visitor's state for this layer */
	struct error err;
};

/* Layers are handed out from the lowest up; merging follows in the same order. Few more than there
 * are threads are read ahead of the merge, so that finished layers do not pile up in memory. */
struct walk {
	const struct image *image;
	const struct image_visitor *visitor;
	struct job *jobs;
	size_t count;
	size_t next;   /* to be handed out */
	size_t merged; /* behind this all is merged */
	size_t ahead;
	atomic_bool cancelled;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* A layer's stream that fails once the walk is over: whatever reads from it, be it a skip through
 * compressed data or the reading of what is left, ends soon. */
struct walk_stream {
	struct stream stream;
	struct stream *layer;
	const atomic_bool *cancelled;
};

static int walk_check(const atomic_bool *cancelled, struct error *err)
{
	if (atomic_load_explicit(cancelled, memory_order_relaxed))
		return error_set(err, ERROR_CANCELLED, "cancelled");
	return 0;
}

static ssize_t walk_stream_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	const struct walk_stream *self = (const struct walk_stream *)stream;

	if (walk_check(self->cancelled, err) < 0)
		return -1;
	return stream_read(self->layer, data, size, err);
}

static int walk_stream_skip(struct stream *stream, uint64_t count, struct error *err)
{
	const struct walk_stream *self = (const struct walk_stream *)stream;

	if (walk_check(self->cancelled, err) < 0)
		return -1;
	return stream_skip(self->layer, count, err);
}

/* Lives in its caller's frame. */
static void walk_stream_close(unused_arg struct stream *stream)
{
}

static const struct stream_ops walk_stream_ops = {
	.read = walk_stream_read,
	.close = walk_stream_close,
};

static const struct stream_ops walk_skipping_stream_ops = {
	.read = walk_stream_read,
	.skip = walk_stream_skip,
	.close = walk_stream_close,
};

/* The bytes of a file, as long as the visitor wants them. */
static int walk_data(const struct walk *walk, struct layer *layer, void *visit, bool *ret_stop,
		     struct error *err)
{
	const void *data;
	size_t size;
	int more;

	while ((more = layer_data(layer, &data, &size, err)) > 0) {
		enum walk_step step = walk->visitor->data(visit, data, size, err);

		if (step == WALK_FAILED || walk_check(&walk->cancelled, err) < 0)
			return -1;
		*ret_stop = step == WALK_STOP;
		if (step != WALK_DATA)
			return 0;
	}
	return more;
}

static int walk_entry(const struct walk *walk, struct layer *layer, const struct entry *entry,
		      void *visit, bool *ret_stop, struct error *err)
{
	enum walk_step step = walk->visitor->entry(visit, entry, err);

	if (step == WALK_FAILED)
		return -1;
	*ret_stop = step == WALK_STOP;
	if (step != WALK_DATA || entry->type != ENTRY_FILE)
		return 0;
	if (walk_data(walk, layer, visit, ret_stop, err) < 0)
		return -1;
	return walk->visitor->entry_end != NULL ? walk->visitor->entry_end(visit, err) : 0;
}

/* The entries of a layer whose bytes are there. ret_totals is written also where a layer that is
 * LAYER_HASH fails, as far as they are known. */
static int walk_stored(const struct walk *walk, const struct layer_info *info,
		       struct stream *stored, enum layer_check check, void *visit,
		       struct layer_totals *ret_totals, struct error *err)
{
	const struct layer_options options = { .check = check,
					       .pack = image_get_options(walk->image)->pack };
	auto_layer struct layer *layer = NULL;
	const struct entry *entry;
	bool stop = false;
	int more = 0;

	if (layer_open(stored, info, &options, &layer, err) < 0)
		return -1;
	while (!stop && (more = layer_next(layer, &entry, err)) > 0)
		if (walk_check(&walk->cancelled, err) < 0 ||
		    walk_entry(walk, layer, entry, visit, &stop, err) < 0) {
			more = -1;
			break;
		}
	if (more < 0) {
		if (check == LAYER_HASH)
			(void)!layer_finish(layer, ret_totals, NULL);
		return -1;
	}
	if (layer_finish(layer, ret_totals, err) < 0)
		return -1;
	return walk->visitor->layer_end(visit, ret_totals, err);
}

/* The entries of a layer of which only the table of contents is read. */
static int walk_table(const struct walk *walk, struct toc *toc, void *visit, struct error *err)
{
	const struct image_visitor *visitor = walk->visitor;
	const struct entry *entry;
	struct layer_totals totals;
	bool stop = false;

	while (!stop && toc_next(toc, &entry) > 0) {
		enum walk_step step = visitor->entry(visit, entry, err);

		assert(step != WALK_DATA);
		if (step == WALK_FAILED || walk_check(&walk->cancelled, err) < 0)
			return -1;
		stop = step == WALK_STOP;
	}
	toc_totals(toc, &totals);
	return visitor->layer_end(visit, &totals, err);
}

static int walk_layer(const struct walk *walk, size_t index, void **visit, struct error *err)
{
	const struct layer_info *info = image_layer(walk->image, index);
	auto_stream struct stream *stored = NULL;
	auto_toc struct toc *toc = NULL;
	struct walk_stream stream = { .cancelled = &walk->cancelled };
	struct layer_totals totals = { 0 };

	if (walk->visitor->layer_begin(walk->visitor->context, info, visit, err) < 0)
		return -1;
	if (walk->visitor->headers && image_open_table(walk->image, index, &toc, err) < 0)
		return -1;
	if (toc != NULL)
		return walk_table(walk, toc, *visit, err);
	if (image_open_layer(walk->image, index, &stored, err) < 0)
		return -1;
	stream.layer = stored;
	stream.stream.ops = stream_can_skip(stored) ? &walk_skipping_stream_ops : &walk_stream_ops;
	return walk_stored(walk, info, &stream.stream,
			   image_get_options(walk->image)->verify ? LAYER_VERIFY : LAYER_TRUST,
			   *visit, &totals, err);
}

static void *walk_thread(void *argument)
{
	struct walk *walk = argument;

	(void)pthread_mutex_lock(&walk->lock);
	for (;;) {
		struct job *job;
		size_t index;
		int result;

		while (walk->next < walk->count && walk->next >= walk->merged + walk->ahead &&
		       !atomic_load(&walk->cancelled))
			(void)pthread_cond_wait(&walk->changed, &walk->lock);
		if (walk->next == walk->count || atomic_load(&walk->cancelled))
			break;
		index = walk->next++;
		job = &walk->jobs[index];
		job->state = JOB_RUNNING;
		(void)pthread_mutex_unlock(&walk->lock);
		result = walk_layer(walk, index, &job->visit, &job->err);
		(void)pthread_mutex_lock(&walk->lock);
		job->state = result < 0 ? JOB_FAILED : JOB_DONE;
		(void)pthread_cond_broadcast(&walk->changed);
	}
	(void)pthread_mutex_unlock(&walk->lock);
	return NULL;
}

/* In layer order, in the caller's thread; so the lowest layer's error is the one that is told. */
static int walk_merge(struct walk *walk, struct error *err)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct job *job = &walk->jobs[i];
		int result = 0;

		(void)pthread_mutex_lock(&walk->lock);
		while (job->state == JOB_WAITING || job->state == JOB_RUNNING)
			(void)pthread_cond_wait(&walk->changed, &walk->lock);
		(void)pthread_mutex_unlock(&walk->lock);
		if (job->state == JOB_FAILED) {
			result = error_copy(err, &job->err);
		} else if (walk->visitor->merge != NULL) {
			result = walk->visitor->merge(walk->visitor->context,
						      image_layer(walk->image, i), job->visit, err);
		}
		if (result < 0)
			return error_prefix(err, "%s: layer %zu", image_name(walk->image), i);
		if (job->visit != NULL && walk->visitor->state_free != NULL)
			walk->visitor->state_free(job->visit);
		job->visit = NULL;
		(void)pthread_mutex_lock(&walk->lock);
		walk->merged = i + 1;
		(void)pthread_cond_broadcast(&walk->changed);
		(void)pthread_mutex_unlock(&walk->lock);
	}
	return 0;
}

static size_t walk_threads(const struct walk *walk)
{
	size_t threads = image_get_options(walk->image)->threads;

	if (threads == 0) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		threads = cores > 0 ? (size_t)cores : 1;
	}
	return threads < walk->count ? threads : walk->count;
}

static int walk_source(const struct image *image, const struct image_visitor *visitor,
		       struct error *err)
{
	struct walk walk = {
		.image = image,
		.visitor = visitor,
		.count = image_layer_count(image),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	size_t threads = walk_threads(&walk);
	auto_free pthread_t *ids = calloc(threads + 1, sizeof *ids);
	size_t started = 0;
	int result = 0;

	walk.jobs = calloc(walk.count + 1, sizeof *walk.jobs);
	walk.ahead = 2 * threads;
	if (ids == NULL || walk.jobs == NULL) {
		free(walk.jobs);
		return error_memory(err);
	}
	while (started < threads && pthread_create(&ids[started], NULL, walk_thread, &walk) == 0)
		started++;
	if (started == 0 && walk.count > 0)
		result = error_set(err, ERROR_SYSTEM, "cannot start a thread");
	else
		result = walk_merge(&walk, err);
	(void)pthread_mutex_lock(&walk.lock);
	atomic_store(&walk.cancelled, true);
	(void)pthread_cond_broadcast(&walk.changed);
	(void)pthread_mutex_unlock(&walk.lock);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(ids[i], NULL);
	for (size_t i = 0; i < walk.count; i++)
		if (walk.jobs[i].visit != NULL && visitor->state_free != NULL)
			visitor->state_free(walk.jobs[i].visit);
	free(walk.jobs);
	return result;
}

/* --- an image that comes as a stream ---------------------------------------------------------- */

/* What came of a layer before it was known what it was. */
struct passed {
	void *visit;
	struct error *failure; /* NULL where there was none */
	struct digest diff_id; /* where it was hashed and is compressed */
	bool plain;	       /* then its digest is its diff_id */
	size_t uses;	       /* in the image, that are not merged yet */
};

struct passage {
	const struct walk *walk;
	bool hash;
	struct passed *items;
	size_t count;
	size_t capacity;
};

static void passed_forget(const struct passage *passage, struct passed *passed)
{
	if (passed->visit != NULL && passage->walk->visitor->state_free != NULL)
		passage->walk->visitor->state_free(passed->visit);
	passed->visit = NULL;
	free(passed->failure);
	passed->failure = NULL;
}

static void passage_release(struct passage *passage)
{
	for (size_t i = 0; i < passage->count; i++)
		passed_forget(passage, &passage->items[i]);
	free(passage->items);
}

static int passage_grow(struct passage *passage, struct error *err)
{
	size_t capacity = passage->capacity > 0 ? 2 * passage->capacity : 64;
	struct passed *items;

	if (passage->count < passage->capacity)
		return 0;
	items = reallocarray(passage->items, capacity, sizeof *items);
	if (items == NULL)
		return error_memory(err);
	passage->items = items;
	passage->capacity = capacity;
	return 0;
}

/* Whatever is wrong with it waits until somebody asks for this layer: few are asked for that were
 * not meant to be read. */
static int passage_layer(void *context, size_t number, const char *name, uint64_t size,
			 struct stream *bytes, struct error *err)
{
	struct passage *passage = context;
	const struct image_visitor *visitor = passage->walk->visitor;
	const struct layer_info info = { .index = number,
					 .stored_size = size,
					 .stored_size_known = true,
					 .media_type = "",
					 .instruction = "",
					 .name = name };
	struct layer_totals totals = { 0 };
	struct error failure = ERROR_INIT;
	struct passed *passed;

	if (passage_grow(passage, err) < 0)
		return -1;
	passed = &passage->items[passage->count++];
	*passed = (struct passed) { .visit = NULL };
	if (visitor->layer_begin(visitor->context, &info, &passed->visit, err) < 0)
		return -1;
	if (walk_stored(passage->walk, &info, bytes, passage->hash ? LAYER_HASH : LAYER_TRUST,
			passed->visit, &totals, &failure) < 0) {
		passed_forget(passage, passed);
		passed->failure = malloc(sizeof failure);
		if (passed->failure == NULL)
			return error_memory(err);
		*passed->failure = failure;
	}
	passed->diff_id = totals.diff_id;
	/* without a size it was not read to its end */
	passed->plain = totals.stored_size > 0 && totals.compression == COMPRESSION_NONE;
	return 0;
}

static int passage_compare(const struct layer_info *info, const struct digest *found,
			   const struct digest *wanted, const char *what, struct error *err)
{
	char wanted_text[DIGEST_TEXT_MAX];
	char found_text[DIGEST_TEXT_MAX];

	if (!digest_is_set(wanted) || !digest_is_set(found) || digest_equal(found, wanted))
		return 0;
	if (wanted->algorithm != found->algorithm)
		return error_set(err, ERROR_INPUT,
				 "%s: its %s, %s, cannot be checked in a stream: save it to a file",
				 info->name, what, digest_text(wanted, wanted_text));
	return error_set(err, ERROR_INPUT, "%s: wrong %s: it should be %s and is %s", info->name,
			 what, digest_text(wanted, wanted_text), digest_text(found, found_text));
}

/* Bytes that are not those that were meant explain all else. */
static int passage_check(const struct passed *passed, const struct layer_info *info,
			 const struct digest *digest, struct error *err)
{
	if (passage_compare(info, digest, &info->digest, "digest", err) < 0 ||
	    passage_compare(info, passed->plain ? digest : &passed->diff_id, &info->diff_id,
			    "diff_id", err) < 0)
		return -1;
	return passed->failure != NULL ? error_copy(err, passed->failure) : 0;
}

/* What was taken for a document is still there, and is read like a layer of a file. */
static int passage_document(const struct passage *passage, size_t index, struct error *err)
{
	const struct walk *walk = passage->walk;
	const struct image_visitor *visitor = walk->visitor;
	void *visit = NULL;
	int result = walk_layer(walk, index, &visit, err);

	if (result == 0 && visitor->merge != NULL)
		result = visitor->merge(visitor->context, image_layer(walk->image, index), visit,
					err);
	if (visit != NULL && visitor->state_free != NULL)
		visitor->state_free(visit);
	return result;
}

static int passage_merge(const struct passage *passage, size_t index, struct error *err)
{
	const struct walk *walk = passage->walk;
	const struct image_visitor *visitor = walk->visitor;
	const struct layer_info *info = image_layer(walk->image, index);
	auto_stream struct stream *stored = NULL;
	const struct pass_layer *layer;
	struct passed *passed;
	int result = 0;

	if (image_open_layer(walk->image, index, &stored, err) < 0)
		return -1;
	layer = pass_layer_of(stored);
	if (layer == NULL)
		return passage_document(passage, index, err);
	passed = &passage->items[layer->number];
	if (passage_check(passed, info, &layer->digest, err) < 0)
		return -1;
	passed->uses--;
	if (passed->uses > 0 && visitor->merge_again != NULL)
		result = visitor->merge_again(visitor->context, info, passed->visit, err);
	else if (visitor->merge != NULL)
		result = visitor->merge(visitor->context, info, passed->visit, err);
	if (passed->uses == 0)
		passed_forget(passage, passed);
	return result;
}

static void passage_count_uses(const struct passage *passage)
{
	const struct image *image = passage->walk->image;

	for (size_t i = 0; i < image_layer_count(image); i++) {
		auto_stream struct stream *stored = NULL;
		const struct pass_layer *layer = NULL;

		if (image_open_layer(image, i, &stored, NULL) == 0)
			layer = pass_layer_of(stored);
		if (layer != NULL)
			passage->items[layer->number].uses++;
	}
}

static int walk_pending(const struct image *image, const struct image_visitor *visitor,
			struct error *err)
{
	const struct walk walk = { .image = image, .visitor = visitor };
	cleanup_by(passage_release) struct passage passage = {
		.walk = &walk,
		.hash = image_get_options(image)->verify,
	};
	const struct pass_reader reader = {
		.context = &passage,
		.hash = passage.hash,
		.layer = passage_layer,
	};

	if (image_pass(image, &reader, err) < 0)
		return -1;
	passage_count_uses(&passage);
	for (size_t i = 0; i < image_layer_count(image); i++)
		if (passage_merge(&passage, i, err) < 0)
			return error_prefix(err, "%s: layer %zu", image_name(image), i);
	return 0;
}

int image_walk(const struct image *image, const struct image_visitor *visitor, struct error *err)
{
	return image_is_pending(image) ? walk_pending(image, visitor, err)
				       : walk_source(image, visitor, err);
}
