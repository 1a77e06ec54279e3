#include "config.h"

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

static int walk_layer(const struct walk *walk, size_t index, void **visit, struct error *err)
{
	const struct layer_info *info = image_layer(walk->image, index);
	auto_stream struct stream *stored = NULL;
	struct walk_stream stream = { .cancelled = &walk->cancelled };
	auto_layer struct layer *layer = NULL;
	struct layer_totals totals = { 0 };
	const struct entry *entry;
	bool stop = false;
	int more = 0;

	if (walk->visitor->layer_begin(walk->visitor->context, info, visit, err) < 0 ||
	    image_open_layer(walk->image, index, &stored, err) < 0)
		return -1;
	stream.layer = stored;
	stream.stream.ops = stream_can_skip(stored) ? &walk_skipping_stream_ops : &walk_stream_ops;
	if (layer_open(&stream.stream, info, image_get_options(walk->image)->verify, &layer, err) <
	    0)
		return -1;
	while (!stop && (more = layer_next(layer, &entry, err)) > 0)
		if (walk_check(&walk->cancelled, err) < 0 ||
		    walk_entry(walk, layer, entry, *visit, &stop, err) < 0)
			return -1;
	if (more < 0 || layer_finish(layer, &totals, err) < 0)
		return -1;
	return walk->visitor->layer_end(*visit, &totals, err);
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
			*err = job->err;
			result = -1;
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

int image_walk(const struct image *image, const struct image_visitor *visitor, struct error *err)
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
