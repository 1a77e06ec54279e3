#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "check/survival.h"

struct step {
	size_t layer;
	enum entry_type type;
	const char *path;
	const char *target;
};

/* Writes the steps' logs; places[i] is the place of step i. */
static void build(struct survival *survival, const struct step *steps, size_t count,
		  uint64_t *places)
{
	struct error err = ERROR_INIT;
	struct survival_key key;
	size_t layers = steps[count - 1].layer + 1;

	assert_success(survival_key_new(&key, &err), err);
	survival_init(survival, &key);
	for (size_t layer = 0; layer < layers; layer++) {
		struct survival_log log;

		survival_log_init(&log, &key, true);
		for (size_t i = 0; i < count; i++) {
			struct entry entry = { .type = steps[i].type,
					       .path = steps[i].path,
					       .path_size = strlen(steps[i].path),
					       .unsafe = strstr(steps[i].path, "..") != NULL,
					       .target = steps[i].target };

			if (steps[i].layer == layer)
				assert_success(survival_log_add(&log, &entry, &places[i], &err),
					       err);
		}
		assert_success(survival_join(survival, layer, &log, &err), err);
		survival_log_release(&log);
	}
}

/* What becomes of step 0. */
static void expect(const char *name, const struct step *steps, size_t count, bool content,
		   enum fate fate, size_t gone_layer, const char *linked)
{
	struct error err = ERROR_INIT;
	struct survival survival;
	uint64_t places[16];
	struct survival_question question = { .path = steps[0].path,
					      .layer = steps[0].layer,
					      .content = content };

	build(&survival, steps, count, places);
	question.place = places[0];
	assert_success(survival_ask(&survival, &question, 1, &err), err);
	if (question.fate != fate)
		fail_msg("%s: fate %d, expected %d", name, (int)question.fate, (int)fate);
	if (fate == FATE_DELETED || fate == FATE_REPLACED)
		assert_int_equal(question.gone_layer, gone_layer);
	if (linked == NULL)
		assert_null(question.linked_path);
	else
		assert_string_equal(question.linked_path, linked);
	survival_questions_release(&question, 1);
	survival_release(&survival);
}

#define EXPECT(name, fate, gone, ...)                                            \
	do {                                                                     \
		static const struct step steps[] = { __VA_ARGS__ };              \
		expect(name, steps, array_size(steps), false, fate, gone, NULL); \
	} while (0)

#define EXPECT_CONTENT(name, fate, gone, linked, ...)                             \
	do {                                                                      \
		static const struct step steps[] = { __VA_ARGS__ };               \
		expect(name, steps, array_size(steps), true, fate, gone, linked); \
	} while (0)

static void follows_the_specification(unused_arg void **state)
{
	EXPECT("alone", FATE_FINAL, 0, { 0, ENTRY_FILE, "a/b", NULL });
	EXPECT("whiteout", FATE_DELETED, 1, { 0, ENTRY_FILE, "a/b", NULL },
	       { 1, ENTRY_WHITEOUT, "a/b", NULL });
	EXPECT("whiteout of a directory above", FATE_DELETED, 2, { 0, ENTRY_FILE, "a/b/c", NULL },
	       { 1, ENTRY_FILE, "x", NULL }, { 2, ENTRY_WHITEOUT, "a", NULL });
	EXPECT("whiteout of a longer name", FATE_FINAL, 0, { 0, ENTRY_FILE, "a/b", NULL },
	       { 1, ENTRY_WHITEOUT, "a/bc", NULL }, { 1, ENTRY_WHITEOUT, "a/b/c", NULL });
	EXPECT("whiteout in its own layer", FATE_FINAL, 0, { 1, ENTRY_FILE, "a", NULL },
	       { 1, ENTRY_WHITEOUT, "a", NULL });
	EXPECT("whiteout in a lower layer", FATE_FINAL, 0, { 1, ENTRY_FILE, "a", NULL },
	       { 0, ENTRY_WHITEOUT, "a", NULL }, { 1, ENTRY_FILE, "z", NULL });
	EXPECT("opaque directory", FATE_DELETED, 1, { 0, ENTRY_FILE, "d/e/f", NULL },
	       { 1, ENTRY_OPAQUE, "d", NULL });
	EXPECT("opaque root", FATE_DELETED, 1, { 0, ENTRY_FILE, "f", NULL },
	       { 1, ENTRY_OPAQUE, "", NULL });
	EXPECT("the opaque directory itself", FATE_FINAL, 0, { 0, ENTRY_DIRECTORY, "d", NULL },
	       { 1, ENTRY_OPAQUE, "d", NULL });
	EXPECT("opaque in its own layer", FATE_FINAL, 0, { 1, ENTRY_FILE, "d/f", NULL },
	       { 1, ENTRY_OPAQUE, "d", NULL });
	EXPECT("replaced", FATE_REPLACED, 1, { 0, ENTRY_FILE, "a", NULL },
	       { 1, ENTRY_SYMLINK, "a", NULL });
	EXPECT("twice in a layer, the first", FATE_REPLACED, 0, { 0, ENTRY_FILE, "a", NULL },
	       { 0, ENTRY_FILE, "a", NULL });
	EXPECT("twice in a layer, the last", FATE_FINAL, 0, { 0, ENTRY_FILE, "b", NULL },
	       { 0, ENTRY_FILE, "a", NULL });
	EXPECT("a file takes a directory's place", FATE_REPLACED, 1, { 0, ENTRY_FILE, "d/f", NULL },
	       { 1, ENTRY_FILE, "d", NULL });
	EXPECT("and back", FATE_REPLACED, 1, { 0, ENTRY_FILE, "d/f", NULL },
	       { 1, ENTRY_FILE, "d", NULL }, { 2, ENTRY_DIRECTORY, "d", NULL });
	EXPECT("a directory above comes again", FATE_FINAL, 0, { 0, ENTRY_FILE, "d/f", NULL },
	       { 1, ENTRY_DIRECTORY, "d", NULL });
	EXPECT("the first removal is told", FATE_DELETED, 1, { 0, ENTRY_FILE, "a", NULL },
	       { 1, ENTRY_WHITEOUT, "a", NULL }, { 2, ENTRY_FILE, "a", NULL });
	EXPECT("unsafe", FATE_OUTSIDE, 0, { 0, ENTRY_FILE, "../a", NULL });
	EXPECT("bookkeeping", FATE_OUTSIDE, 0, { 0, ENTRY_OTHER, ".wh..wh.plnk", NULL });
	EXPECT("an unsafe name removes nothing", FATE_FINAL, 0, { 0, ENTRY_FILE, "a", NULL },
	       { 1, ENTRY_WHITEOUT, "x/../a", NULL });
}

static void content_lives_under_other_names(unused_arg void **state)
{
	EXPECT_CONTENT("link left", FATE_LINKED, 0, "b", { 0, ENTRY_FILE, "a", NULL },
		       { 0, ENTRY_HARDLINK, "b", "a" }, { 1, ENTRY_WHITEOUT, "a", NULL });
	EXPECT_CONTENT("both gone", FATE_DELETED, 1, NULL, { 0, ENTRY_FILE, "a", NULL },
		       { 0, ENTRY_HARDLINK, "b", "a" }, { 1, ENTRY_WHITEOUT, "a", NULL },
		       { 2, ENTRY_FILE, "b", NULL });
	EXPECT_CONTENT("both there", FATE_FINAL, 0, NULL, { 0, ENTRY_FILE, "a", NULL },
		       { 0, ENTRY_HARDLINK, "b", "a" });
	EXPECT_CONTENT("a chain", FATE_LINKED, 0, "d/c", { 0, ENTRY_FILE, "a", NULL },
		       { 0, ENTRY_HARDLINK, "b", "a" }, { 0, ENTRY_HARDLINK, "d/c", "b" },
		       { 1, ENTRY_WHITEOUT, "a", NULL }, { 1, ENTRY_WHITEOUT, "b", NULL });
	EXPECT_CONTENT("a link made in a later layer", FATE_LINKED, 0, "b",
		       { 0, ENTRY_FILE, "a", NULL }, { 1, ENTRY_HARDLINK, "b", "a" },
		       { 2, ENTRY_FILE, "a", NULL });
	EXPECT_CONTENT("a link to what came in its place", FATE_REPLACED, 1, NULL,
		       { 0, ENTRY_FILE, "a", NULL }, { 1, ENTRY_FILE, "a", NULL },
		       { 1, ENTRY_HARDLINK, "b", "a" });
	EXPECT_CONTENT("a link deleted with its directory", FATE_DELETED, 1, NULL,
		       { 0, ENTRY_FILE, "d/a", NULL }, { 0, ENTRY_HARDLINK, "d/b", "d/a" },
		       { 1, ENTRY_WHITEOUT, "d", NULL });
	/* A name is only a name. */
	EXPECT("path", FATE_DELETED, 1, { 0, ENTRY_FILE, "a", NULL },
	       { 0, ENTRY_HARDLINK, "b", "a" }, { 1, ENTRY_WHITEOUT, "a", NULL });
}

/* More than fits in memory: the logs and their joint spill, and every answer stays right. */
static void spills(unused_arg void **state)
{
	enum { LAYERS = 4, ENTRIES = 300000, STEP = 997 };
	struct error err = ERROR_INIT;
	struct survival survival;
	struct survival_key key;
	struct survival_question questions[ENTRIES / STEP + 1];
	static char paths[ENTRIES / STEP + 1][32];
	size_t count = 0;

	assert_success(survival_key_new(&key, &err), err);
	survival_init(&survival, &key);
	for (size_t layer = 0; layer < LAYERS; layer++) {
		struct survival_log log;

		survival_log_init(&log, &key, false);
		/* Layer k lacks the first k quarters of the names: those of lower layers stay. */
		for (size_t i = layer * (ENTRIES / LAYERS); i < ENTRIES; i++) {
			char path[32];
			uint64_t place;
			struct entry entry = { .type = ENTRY_FILE, .path = path };

			entry.path_size =
				(size_t)snprintf(path, sizeof path, "d%zu/f%zu", i % 7, i);
			assert_success(survival_log_add(&log, &entry, &place, &err), err);
			if (layer == 0 && i % STEP == 0) {
				memcpy(paths[count], path, sizeof path);
				questions[count] =
					(struct survival_question) { .path = paths[count],
								     .place = place };
				count++;
			}
		}
		assert_int_not_equal(log.events.fd, -1);
		assert_success(survival_join(&survival, layer, &log, &err), err);
		survival_log_release(&log);
	}
	assert_int_not_equal(survival.events.fd, -1);
	assert_success(survival_ask(&survival, questions, count, &err), err);
	for (size_t i = 0; i < count; i++) {
		bool stays = i * STEP < ENTRIES / LAYERS;

		assert_int_equal(questions[i].fate, stays ? FATE_FINAL : FATE_REPLACED);
		if (!stays)
			assert_int_equal(questions[i].gone_layer, 1);
	}
	survival_questions_release(questions, count);
	survival_release(&survival);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_specification),
		cmocka_unit_test(content_lives_under_other_names),
		cmocka_unit_test(spills),
	};

	return cmocka_run_group_tests_name("survival", tests, NULL, NULL);
}
