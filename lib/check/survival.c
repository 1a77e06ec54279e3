#include "config.h"

#include "check/survival.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/array.h"

enum event_type {
	EVENT_DIRECTORY,
	EVENT_FILE, /* anything that is no directory */
	EVENT_WHITEOUT,
	EVENT_OPAQUE,
	EVENT_LINK,  /* a file; hash of its target, length and path follow */
	EVENT_LAYER, /* the layer's index in place of the hash */
};

#define EVENT_BITS 3
#define EVENT_MASK (((uint64_t)1 << EVENT_BITS) - 1)

/* Small, since every layer that waits to be joined holds one. */
#define LOG_MEMORY    ((size_t)64 << 10)
#define JOINED_MEMORY ((size_t)4 << 20)
#define LINK_PATH_MAX ((uint32_t)1 << 20)
#define NONE	      UINT32_MAX

/* ---- the hash: SipHash (Aumasson and Bernstein), one round per word, three at the end ---- */

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void sip_round(struct sip *sip)
{
	sip->a += sip->b;
	sip->b = rotate(sip->b, 13) ^ sip->a;
	sip->a = rotate(sip->a, 32);
	sip->c += sip->d;
	sip->d = rotate(sip->d, 16) ^ sip->c;
	sip->a += sip->d;
	sip->d = rotate(sip->d, 21) ^ sip->a;
	sip->c += sip->b;
	sip->b = rotate(sip->b, 17) ^ sip->c;
	sip->c = rotate(sip->c, 32);
}

static void sip_word(struct sip *sip, uint64_t word)
{
	sip->d ^= word;
	sip_round(sip);
	sip->a ^= word;
}

static uint64_t hash_path(const struct survival_key *key, const char *path, size_t size)
{
	struct sip sip = {
		.a = key->words[0] ^ 0x736f6d6570736575u,
		.b = key->words[1] ^ 0x646f72616e646f6du,
		.c = key->words[0] ^ 0x6c7967656e657261u,
		.d = key->words[1] ^ 0x7465646279746573u,
	};
	uint64_t last = (uint64_t)size << 56;
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof word <= size; i += sizeof word) {
		memcpy(&word, path + i, sizeof word);
		sip_word(&sip, word);
	}
	for (size_t shift = 0; i < size; i++, shift += 8)
		last |= (uint64_t)(unsigned char)path[i] << shift;
	sip_word(&sip, last);
	sip.c ^= 0xff;
	for (int round = 0; round < 3; round++)
		sip_round(&sip);
	return (sip.a ^ sip.b ^ sip.c ^ sip.d) & ~EVENT_MASK;
}

int survival_key_new(struct survival_key *ret_key, struct error *err)
{
	struct survival_key key;

	if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
		return error_set(err, ERROR_SYSTEM, "no random numbers: %s", strerror(errno));
	*ret_key = key;
	return 0;
}

/* ---- writing ---- */

void survival_log_init(struct survival_log *log, const struct survival_key *key, bool links)
{
	*log = (struct survival_log) { .key = *key, .links = links };
	spool_init(&log->events, LOG_MEMORY);
}

void survival_log_release(struct survival_log *log)
{
	spool_release(&log->events);
}

static int event_type(const struct entry *entry)
{
	switch (entry->type) {
	case ENTRY_DIRECTORY:
		return EVENT_DIRECTORY;
	case ENTRY_WHITEOUT:
		return EVENT_WHITEOUT;
	case ENTRY_OPAQUE:
		return EVENT_OPAQUE;
	case ENTRY_HARDLINK:
		return EVENT_LINK;
	case ENTRY_FILE:
	case ENTRY_SYMLINK:
	case ENTRY_CHARACTER:
	case ENTRY_BLOCK:
	case ENTRY_FIFO:
		return EVENT_FILE;
	case ENTRY_OTHER:
	default:
		return -1;
	}
}

int survival_log_add(struct survival_log *log, const struct entry *entry, uint64_t *ret_place,
		     struct error *err)
{
	int type = entry->unsafe ? -1 : event_type(entry);
	uint64_t words[2];

	if (type < 0) {
		*ret_place = SURVIVAL_OUTSIDE;
		return 0;
	}
	if (type == EVENT_LINK &&
	    (!log->links || entry->target == NULL || entry->path_size > LINK_PATH_MAX))
		type = EVENT_FILE;
	words[0] = hash_path(&log->key, entry->path, entry->path_size) | (uint64_t)type;
	if (spool_add(&log->events, words, sizeof words[0], err) < 0)
		return -1;
	if (type == EVENT_LINK) {
		uint32_t size = (uint32_t)entry->path_size;

		words[1] = hash_path(&log->key, entry->target, strlen(entry->target));
		if (spool_add(&log->events, &words[1], sizeof words[1], err) < 0 ||
		    spool_add(&log->events, &size, sizeof size, err) < 0 ||
		    spool_add(&log->events, entry->path, size, err) < 0)
			return -1;
	}
	*ret_place = log->count++;
	return 0;
}

void survival_init(struct survival *survival, const struct survival_key *key)
{
	*survival = (struct survival) { .key = *key };
	spool_init(&survival->events, JOINED_MEMORY);
}

void survival_release(struct survival *survival)
{
	spool_release(&survival->events);
}

int survival_join(struct survival *survival, size_t layer, const struct survival_log *log,
		  struct error *err)
{
	uint64_t word = (uint64_t)layer << EVENT_BITS | EVENT_LAYER;

	if (spool_add(&survival->events, &word, sizeof word, err) < 0)
		return -1;
	return spool_append(&survival->events, &log->events, err);
}

/* ---- asking ---- */

/* A name whose fate is followed: a question's own, or a hard link of its content. */
struct subject {
	uint32_t owner; /* the question */
	bool alias;
	bool gone;
	bool deleted;
	size_t layer;
	uint64_t place;
	size_t gone_layer;
	char *path; /* of an alias; owned */
};

struct chain_link {
	uint32_t subject;
	uint32_t next;
};

/* From hashes to subjects. A hash has a slot of its own: the directories above many matches have
 * long chains, and nobody else may have to walk them. */
struct chains {
	struct chain_slot {
		uint64_t hash;
		uint32_t first; /* NONE: the slot is free */
	} * slots;
	size_t mask, used;
	struct chain_link *links;
	size_t count, capacity;
};

struct inquiry {
	const struct survival_key *key;
	struct survival_question *questions;
	struct subject *subjects;
	size_t count, capacity;
	struct chains self;  /* by the subject's own path */
	struct chains above; /* by each directory above it, the root included */
};

static struct chain_slot *slot_of(const struct chains *chains, uint64_t hash)
{
	size_t i = (size_t)(hash >> EVENT_BITS) & chains->mask;

	while (chains->slots[i].first != NONE && chains->slots[i].hash != hash)
		i = (i + 1) & chains->mask;
	return &chains->slots[i];
}

static int chains_resize(struct chains *chains, size_t size, struct error *err)
{
	struct chains larger = *chains;

	larger.slots = malloc(size * sizeof *larger.slots);
	if (larger.slots == NULL)
		return error_memory(err);
	larger.mask = size - 1;
	for (size_t i = 0; i < size; i++)
		larger.slots[i].first = NONE;
	for (size_t i = 0; chains->slots != NULL && i <= chains->mask; i++)
		if (chains->slots[i].first != NONE)
			*slot_of(&larger, chains->slots[i].hash) = chains->slots[i];
	free(chains->slots);
	*chains = larger;
	return 0;
}

static int chains_add(struct chains *chains, uint64_t hash, uint32_t subject, struct error *err)
{
	struct chain_slot *slot;

	if (2 * chains->used > chains->mask &&
	    chains_resize(chains, 2 * (chains->mask + 1), err) < 0)
		return -1;
	if (chains->count >= NONE - 1)
		return error_memory(err);
	if (array_room(&chains->links, chains->count, &chains->capacity, err) < 0)
		return -1;
	slot = slot_of(chains, hash);
	if (slot->first == NONE)
		chains->used++;
	chains->links[chains->count] =
		(struct chain_link) { .subject = subject, .next = slot->first };
	*slot = (struct chain_slot) { .hash = hash, .first = (uint32_t)chains->count++ };
	return 0;
}

static void inquiry_release(struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->count; i++)
		free(inquiry->subjects[i].path);
	free(inquiry->subjects);
	free(inquiry->self.slots);
	free(inquiry->self.links);
	free(inquiry->above.slots);
	free(inquiry->above.links);
}

static int add_subject(struct inquiry *inquiry, const struct subject *subject, const char *path,
		       size_t size, struct error *err)
{
	uint32_t index = (uint32_t)inquiry->count;

	if (inquiry->count >= NONE - 1)
		return error_memory(err);
	if (array_room(&inquiry->subjects, inquiry->count, &inquiry->capacity, err) < 0)
		return -1;
	inquiry->subjects[inquiry->count++] = *subject;
	if (chains_add(&inquiry->self, hash_path(inquiry->key, path, size), index, err) < 0)
		return -1;
	if (size > 0 && chains_add(&inquiry->above, hash_path(inquiry->key, "", 0), index, err) < 0)
		return -1;
	for (size_t i = 0; i < size; i++)
		if (path[i] == '/' &&
		    chains_add(&inquiry->above, hash_path(inquiry->key, path, i), index, err) < 0)
			return -1;
	return 0;
}

/* Something happened to the names in a chain. */
static void strike(struct inquiry *inquiry, const struct chains *chains, uint64_t hash,
		   size_t layer, uint64_t place, bool lower_only, bool deleted)
{
	for (uint32_t i = slot_of(chains, hash)->first; i != NONE; i = chains->links[i].next) {
		struct subject *subject = &inquiry->subjects[chains->links[i].subject];

		if (subject->gone || subject->layer > layer)
			continue;
		if (subject->layer == layer && (lower_only || place <= subject->place))
			continue;
		subject->gone = true;
		subject->deleted = deleted;
		subject->gone_layer = layer;
	}
}

/* A new name for the content of whatever now has the path that hashes to `target`. */
static int follow_link(struct inquiry *inquiry, uint64_t target, size_t layer, uint64_t place,
		       const char *path, size_t size, struct error *err)
{
	uint32_t i = slot_of(&inquiry->self, target)->first;

	while (i != NONE) {
		struct chain_link link = inquiry->self.links[i];
		struct subject *subject = &inquiry->subjects[link.subject];
		struct subject alias = {
			.owner = subject->owner, .alias = true, .layer = layer, .place = place
		};

		i = link.next;
		if (subject->gone || subject->layer > layer ||
		    (subject->layer == layer && subject->place >= place) ||
		    !inquiry->questions[subject->owner].content)
			continue;
		alias.path = strndup(path, size);
		if (alias.path == NULL)
			return error_memory(err);
		if (add_subject(inquiry, &alias, path, size, err) < 0)
			return -1;
	}
	return 0;
}

static int read_link(struct inquiry *inquiry, struct spool_reader *reader, size_t layer,
		     uint64_t place, struct error *err)
{
	auto_free char *path = NULL;
	uint64_t target;
	uint32_t size;

	if (spool_read(reader, &target, sizeof target, err) < 0 ||
	    spool_read(reader, &size, sizeof size, err) < 0)
		return -1;
	path = malloc((size_t)size + 1);
	if (path == NULL)
		return error_memory(err);
	if (size > 0 && spool_read(reader, path, size, err) < 0)
		return -1;
	path[size] = '\0';
	return follow_link(inquiry, target, layer, place, path, size, err);
}

static int take_event(struct inquiry *inquiry, uint64_t word, struct spool_reader *reader,
		      size_t layer, uint64_t place, struct error *err)
{
	enum event_type type = (enum event_type)(word & EVENT_MASK);
	uint64_t hash = word & ~EVENT_MASK;

	switch (type) {
	case EVENT_DIRECTORY:
		strike(inquiry, &inquiry->self, hash, layer, place, false, false);
		return 0;
	case EVENT_FILE:
	case EVENT_LINK:
		strike(inquiry, &inquiry->self, hash, layer, place, false, false);
		strike(inquiry, &inquiry->above, hash, layer, place, false, false);
		return type == EVENT_LINK ? read_link(inquiry, reader, layer, place, err) : 0;
	case EVENT_WHITEOUT:
		strike(inquiry, &inquiry->self, hash, layer, place, true, true);
		strike(inquiry, &inquiry->above, hash, layer, place, true, true);
		return 0;
	case EVENT_OPAQUE:
		strike(inquiry, &inquiry->above, hash, layer, place, true, true);
		return 0;
	case EVENT_LAYER:
	default:
		return 0;
	}
}

static int read_events(struct inquiry *inquiry, const struct spool *events, struct error *err)
{
	auto_spool_reader struct spool_reader reader;
	size_t layer = 0;
	uint64_t place = 0;
	uint64_t word;
	int got;

	spool_reader_init(&reader, events);
	while ((got = spool_read(&reader, &word, sizeof word, err)) > 0) {
		if ((word & EVENT_MASK) == EVENT_LAYER) {
			layer = (size_t)(word >> EVENT_BITS);
			place = 0;
			continue;
		}
		if (take_event(inquiry, word, &reader, layer, place, err) < 0)
			return -1;
		place++;
	}
	return got;
}

static int answer(struct inquiry *inquiry, struct error *err)
{
	for (size_t i = 0; i < inquiry->count; i++) {
		const struct subject *subject = &inquiry->subjects[i];
		struct survival_question *question = &inquiry->questions[subject->owner];

		if (!subject->alias) {
			question->fate = !subject->gone	    ? FATE_FINAL
					 : subject->deleted ? FATE_DELETED
							    : FATE_REPLACED;
			question->gone_layer = subject->gone_layer;
			continue;
		}
		/* Aliases come behind all questions, so the question's own fate is known. */
		if (subject->gone || question->fate == FATE_FINAL || question->fate == FATE_LINKED)
			continue;
		question->linked_path = strdup(subject->path);
		if (question->linked_path == NULL)
			return error_memory(err);
		question->fate = FATE_LINKED;
	}
	return 0;
}

int survival_ask(const struct survival *survival, struct survival_question *questions, size_t count,
		 struct error *err)
{
	cleanup_by(inquiry_release) struct inquiry inquiry = { .key = &survival->key,
							       .questions = questions };

	if (chains_resize(&inquiry.self, 1024, err) < 0 ||
	    chains_resize(&inquiry.above, 1024, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct subject subject = { .owner = (uint32_t)i,
					   .layer = questions[i].layer,
					   .place = questions[i].place };

		questions[i].fate = FATE_OUTSIDE;
		questions[i].gone_layer = 0;
		questions[i].linked_path = NULL;
		if (questions[i].place == SURVIVAL_OUTSIDE)
			continue;
		if (add_subject(&inquiry, &subject, questions[i].path, strlen(questions[i].path),
				err) < 0)
			return -1;
	}
	if (read_events(&inquiry, &survival->events, err) < 0)
		return -1;
	return answer(&inquiry, err);
}

void survival_questions_release(struct survival_question *questions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(questions[i].linked_path);
		questions[i].linked_path = NULL;
	}
}
