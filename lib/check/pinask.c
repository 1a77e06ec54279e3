#include "config.h"

#include "check/pinask.h"

#include <pthread.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/doc.h"

/* Questions under way at a time. */
#define THREADS_MAX 8

/* One repository: its tokens and connections serve all questions to it. */
struct repository {
	char *domain;
	char *path;
	struct registry *registry;
};

struct question {
	size_t repository;
	char *wanted;			 /* tag or digest */
	enum digest_algorithm algorithm; /* to hash what comes */
	bool platform;
	char *subject;
	bool failed;
	struct error err;
	struct pin_answer answer;
};

struct pinask {
	const struct registry_options *options;
	struct repository *repositories;
	size_t repository_count;
	size_t repository_capacity;
	struct question *questions;
	size_t count;
	size_t capacity;
	pthread_mutex_t lock;
	size_t next; /* question that nobody has taken */
	bool stop;   /* one has failed: the others would be asked in vain */
};

int pinask_new(const struct registry_options *options, struct pinask **ret_ask, struct error *err)
{
	struct pinask *ask = calloc(1, sizeof *ask);

	if (ask == NULL)
		return error_memory(err);
	ask->options = options;
	if (pthread_mutex_init(&ask->lock, NULL) != 0) {
		free(ask);
		return error_memory(err);
	}
	*ret_ask = ask;
	return 0;
}

void pinask_free(struct pinask *ask)
{
	if (ask == NULL)
		return;
	for (size_t i = 0; i < ask->repository_count; i++) {
		free(ask->repositories[i].domain);
		free(ask->repositories[i].path);
		registry_free(ask->repositories[i].registry);
	}
	for (size_t i = 0; i < ask->count; i++) {
		free(ask->questions[i].wanted);
		free(ask->questions[i].subject);
		free(ask->questions[i].answer.platforms);
	}
	free(ask->repositories);
	free(ask->questions);
	(void)pthread_mutex_destroy(&ask->lock);
	free(ask);
}

static int repository_add(struct pinask *ask, const struct reference *reference, size_t *ret_index,
			  struct error *err)
{
	struct repository *repository;

	for (size_t i = 0; i < ask->repository_count; i++) {
		repository = &ask->repositories[i];
		if (strcmp(repository->domain, reference->domain) == 0 &&
		    strcmp(repository->path, reference->path) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	if (array_room(&ask->repositories, ask->repository_count, &ask->repository_capacity, err) <
	    0)
		return -1;
	repository = &ask->repositories[ask->repository_count];
	*repository = (struct repository) { 0 };
	ask->repository_count++;
	repository->domain = strdup(reference->domain);
	repository->path = strdup(reference->path);
	if (repository->domain == NULL || repository->path == NULL)
		return error_memory(err);
	*ret_index = ask->repository_count - 1;
	return registry_open(repository->domain, repository->path, ask->options,
			     &repository->registry, err);
}

static const char *wanted_text(const struct reference *reference, bool by_digest,
			       char text[DIGEST_TEXT_MAX])
{
	if (by_digest)
		return digest_text(&reference->digest, text);
	return reference->tag != NULL ? reference->tag : "latest";
}

/* That of a digest beside a tag, so that the two can be compared. */
static enum digest_algorithm algorithm_of(const struct reference *reference)
{
	return digest_is_set(&reference->digest) ? reference->digest.algorithm : DIGEST_SHA256;
}

static struct question *find_question(const struct pinask *ask, const struct reference *reference,
				      bool by_digest)
{
	char text[DIGEST_TEXT_MAX];
	const char *wanted = wanted_text(reference, by_digest, text);

	for (size_t i = 0; i < ask->count; i++) {
		struct question *question = &ask->questions[i];
		const struct repository *repository = &ask->repositories[question->repository];

		if (strcmp(question->wanted, wanted) == 0 &&
		    question->algorithm == algorithm_of(reference) &&
		    strcmp(repository->domain, reference->domain) == 0 &&
		    strcmp(repository->path, reference->path) == 0)
			return question;
	}
	return NULL;
}

int pinask_add(struct pinask *ask, const struct reference *reference, bool by_digest, bool platform,
	       const char *subject, struct error *err)
{
	struct question *question = find_question(ask, reference, by_digest);
	char text[DIGEST_TEXT_MAX];
	size_t repository = 0;

	if (question != NULL) {
		question->platform = question->platform || platform;
		return 0;
	}
	if (ask->count == PINASK_MAX)
		return error_set(err, ERROR_INPUT, "more than %d references", PINASK_MAX);
	if (repository_add(ask, reference, &repository, err) < 0)
		return error_prefix(err, "%s", subject);
	if (array_room(&ask->questions, ask->count, &ask->capacity, err) < 0)
		return -1;
	question = &ask->questions[ask->count++];
	*question = (struct question) {
		.repository = repository,
		.algorithm = algorithm_of(reference),
		.platform = platform,
	};
	question->wanted = strdup(wanted_text(reference, by_digest, text));
	question->subject = strdup(subject);
	if (question->wanted == NULL || question->subject == NULL)
		return error_memory(err);
	return 0;
}

const struct pin_answer *pinask_answer(const struct pinask *ask, const struct reference *reference,
				       bool by_digest)
{
	const struct question *question = find_question(ask, reference, by_digest);

	return question != NULL ? &question->answer : NULL;
}

static int add_platform(struct pin_answer *answer, const json_t *object, const char *at,
			struct error *err)
{
	struct platform *platforms =
		reallocarray(answer->platforms, answer->platform_count + 1, sizeof *platforms);
	const char *os = NULL;
	const char *architecture = NULL;
	const char *variant = NULL;

	if (platforms == NULL)
		return error_memory(err);
	answer->platforms = platforms;
	if (doc_string(object, at, "os", DOC_OPTIONAL, &os, err) < 0 ||
	    doc_string(object, at, "architecture", DOC_OPTIONAL, &architecture, err) < 0 ||
	    doc_string(object, at, "variant", DOC_OPTIONAL, &variant, err) < 0)
		return -1;
	platform_of(os, architecture, variant, &platforms[answer->platform_count++]);
	return 0;
}

/* What is attached to an image has a platform "unknown/unknown", and is no image. */
static bool is_unknown(const struct platform *platform)
{
	return strcmp(platform->os, "unknown") == 0 &&
	       strcmp(platform->architecture, "unknown") == 0;
}

static int read_index(const json_t *entries, struct pin_answer *answer, struct error *err)
{
	answer->index = true;
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		json_t *platform = NULL;

		if (doc_object(entry, "manifests", "platform", DOC_OPTIONAL, &platform, err) < 0)
			return -1;
		if (platform == NULL)
			continue;
		if (add_platform(answer, platform, "platform", err) < 0)
			return -1;
		if (is_unknown(&answer->platforms[answer->platform_count - 1]))
			answer->platform_count--;
	}
	return 0;
}

static int read_blob(struct registry *registry, const struct digest *digest, struct buf *buf,
		     struct error *err)
{
	struct registry_blob *blob = NULL;
	char piece[16384];
	uint64_t size;
	ssize_t got;

	if (registry_open_blob(registry, digest, &blob, &size, err) < 0)
		return -1;
	while ((got = registry_read_blob(blob, piece, sizeof piece, err)) > 0) {
		buf_add(buf, piece, (size_t)got);
		if (buf_check(buf, "configuration", err) < 0) {
			got = -1;
			break;
		}
	}
	registry_close_blob(blob);
	return got < 0 ? -1 : 0;
}

/* A manifest does not say what it is for: its configuration does. */
static int read_configuration(struct registry *registry, const char *text,
			      struct pin_answer *answer, struct error *err)
{
	auto_doc json_t *doc = NULL;
	auto_buf struct buf buf;
	struct digest digest;
	struct digest found;

	buf_init(&buf, DOC_SIZE_MAX);
	if (digest_parse(text, &digest, err) < 0 || read_blob(registry, &digest, &buf, err) < 0 ||
	    digest_of(digest.algorithm, buf.data, buf.size, &found, err) < 0)
		return -1;
	if (!digest_equal(&digest, &found))
		return error_set(err, ERROR_INPUT, "the configuration %s has other bytes", text);
	if (doc_parse(buf.data, buf.size, "the configuration", &doc, err) < 0)
		return -1;
	return add_platform(answer, doc, "the configuration", err);
}

static int read_document(struct registry *registry, const struct buf *buf, bool platform,
			 struct pin_answer *answer, struct error *err)
{
	auto_doc json_t *doc = NULL;
	json_t *entries = NULL;
	json_t *config = NULL;
	const char *digest;

	if (doc_parse(buf->data, buf->size, "the manifest", &doc, err) < 0 ||
	    doc_array(doc, "the manifest", "manifests", DOC_OPTIONAL, &entries, err) < 0)
		return -1;
	if (entries != NULL)
		return read_index(entries, answer, err);
	if (doc_object(doc, "the manifest", "config", DOC_OPTIONAL, &config, err) < 0)
		return -1;
	if (config == NULL)
		return error_set(err, ERROR_INPUT, "neither an image manifest nor an index");
	if (!platform)
		return 0;
	if (doc_string(config, "config", "digest", DOC_REQUIRED, &digest, err) < 0)
		return -1;
	return read_configuration(registry, digest, answer, err);
}

static int question_ask(const struct pinask *ask, struct question *question, struct error *err)
{
	struct registry *registry = ask->repositories[question->repository].registry;
	auto_free char *media_type = NULL;
	auto_buf struct buf buf;

	buf_init(&buf, DOC_SIZE_MAX);
	if (registry_read_manifest(registry, question->wanted, &buf, &media_type, err) < 0) {
		question->answer.missing = err->kind == ERROR_MISSING;
		return question->answer.missing ? 0 : -1;
	}
	if (digest_of(question->algorithm, buf.data, buf.size, &question->answer.digest, err) < 0)
		return -1;
	return read_document(registry, &buf, question->platform, &question->answer, err);
}

static void *work(void *context)
{
	struct pinask *ask = context;

	for (;;) {
		struct question *question = NULL;

		(void)pthread_mutex_lock(&ask->lock);
		if (!ask->stop && ask->next < ask->count)
			question = &ask->questions[ask->next++];
		(void)pthread_mutex_unlock(&ask->lock);
		if (question == NULL)
			return NULL;
		if (question_ask(ask, question, &question->err) == 0)
			continue;
		question->failed = true;
		(void)pthread_mutex_lock(&ask->lock);
		ask->stop = true;
		(void)pthread_mutex_unlock(&ask->lock);
	}
}

int pinask_run(struct pinask *ask, struct error *err)
{
	pthread_t threads[THREADS_MAX - 1];
	size_t started = 0;

	/* this thread asks too, so that fewer threads than hoped for are no failure */
	while (started + 1 < THREADS_MAX && started + 1 < ask->count &&
	       pthread_create(&threads[started], NULL, work, ask) == 0)
		started++;
	(void)work(ask);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	for (size_t i = 0; i < ask->count; i++) {
		const struct question *question = &ask->questions[i];
		const struct repository *repository = &ask->repositories[question->repository];

		if (!question->failed)
			continue;
		(void)error_copy(err, &question->err);
		return error_prefix(err, "%s: %s/%s%c%s", question->subject, repository->domain,
				    repository->path,
				    strchr(question->wanted, ':') != NULL ? '@' : ':',
				    question->wanted);
	}
	return 0;
}
