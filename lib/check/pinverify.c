#include "config.h"

#include "check/pinverify.h"

#include <string.h>

#include "base/buf.h"

/* ADD's checksums and commits of repositories are no matter of registries. */
static bool is_asked(const struct pin *pin)
{
	return pin->kind == PIN_DIGEST && pin->reference.path != NULL;
}

static int add_questions(struct pinask *ask, const struct pins_file *file,
			 const struct pinverify_settings *settings, struct error *err)
{
	for (size_t i = 0; i < file->pins.count; i++) {
		const struct pin *pin = &file->pins.items[i];
		auto_free char *subject = NULL;

		if (!is_asked(pin))
			continue;
		if (asprintf(&subject, "%s:%zu", file->name, pin->line) < 0)
			return error_memory(err);
		if (pinask_add(ask, &pin->reference, true, settings->platform_count > 0, subject,
			       err) < 0)
			return -1;
		if (pin->reference.tag != NULL &&
		    pinask_add(ask, &pin->reference, false, false, subject, err) < 0)
			return -1;
	}
	return 0;
}

static char *platforms_text(const struct platform *platforms, size_t count)
{
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < count; i++) {
		char one[PLATFORM_TEXT_MAX];

		buf_printf(&text, "%s%s", i > 0 ? ", " : "", platform_text(&platforms[i], one));
	}
	return text.size > 0 || text.failed ? buf_detach(&text) : strdup("");
}

static bool covers(const struct pin_answer *answer, const struct platform *wanted)
{
	for (size_t i = 0; i < answer->platform_count; i++)
		if (platform_match(wanted, &answer->platforms[i]) > 0)
			return true;
	return false;
}

int pinverify_lack(const struct pin_answer *answer, const struct pinverify_settings *settings,
		   char **ret_lack, struct error *err)
{
	auto_free char *has = platforms_text(answer->platforms, answer->platform_count);

	*ret_lack = NULL;
	if (has == NULL)
		return error_memory(err);
	for (size_t i = 0; i < settings->platform_count; i++) {
		char wanted[PLATFORM_TEXT_MAX];

		if (covers(answer, &settings->platforms[i]))
			continue;
		if (asprintf(ret_lack, "not for %s: %s %s",
			     platform_text(&settings->platforms[i], wanted),
			     answer->index ? "its index has"
					   : "it is no index, but the manifest of",
			     has[0] != '\0' ? has : "no platform") >= 0)
			return 0;
		*ret_lack = NULL;
		return error_memory(err);
	}
	return 0;
}

static int judge_platforms(struct pin *pin, const struct pin_answer *answer,
			   const struct pinverify_settings *settings,
			   struct pins_verified *verified, struct error *err)
{
	auto_free char *lack = NULL;

	if (settings->platform_count == 0)
		return 0;
	pin->registry.platforms = platforms_text(answer->platforms, answer->platform_count);
	if (pin->registry.platforms == NULL)
		return error_memory(err);
	if (pinverify_lack(answer, settings, &lack, err) < 0)
		return -1;
	if (lack == NULL)
		return 0;
	verified->uncovered += pin->accepted != NULL ? 0 : 1;
	return pin_fail(pin, err, "%s", lack);
}

static int judge_tag(struct pin *pin, const struct pin_answer *answer, bool fresh,
		     struct pins_verified *verified, struct error *err)
{
	char now[DIGEST_TEXT_MAX];
	char pinned[DIGEST_TEXT_MAX];
	const char *tag = pin->reference.tag;
	bool gone = answer->missing;

	if (!gone) {
		pin->registry.tag_digest = answer->digest;
		if (digest_equal(&answer->digest, &pin->digest)) {
			pin->registry.tag = PIN_TAG_SAME;
			return 0;
		}
	}
	pin->registry.tag = gone ? PIN_TAG_GONE : PIN_TAG_MOVED;
	verified->moved += pin->accepted != NULL ? 0 : 1;
	(void)digest_text(&pin->digest, pinned);
	if (gone && fresh)
		return pin_fail(pin, err, "the tag '%s' is gone", tag);
	if (gone)
		return pin_note(pin, err, "the tag '%s' is gone; the digest is still there", tag);
	if (fresh)
		return pin_fail(pin, err, "the tag '%s' is %s now, and the pin is %s", tag,
				digest_text(&answer->digest, now), pinned);
	return pin_note(pin, err, "the tag '%s' has moved: it is %s now, and the pin is %s", tag,
			digest_text(&answer->digest, now), pinned);
}

static int judge(struct pin *pin, const struct pinask *ask,
		 const struct pinverify_settings *settings, struct pins_verified *verified,
		 struct error *err)
{
	const struct pin_answer *answer = pinask_answer(ask, &pin->reference, true);

	verified->asked++;
	pin->registry.asked = true;
	pin->registry.exists = !answer->missing;
	if (answer->missing) {
		verified->missing += pin->accepted != NULL ? 0 : 1;
		if (pin_fail(pin, err, "the registry does not have this digest") < 0)
			return -1;
	} else if (judge_platforms(pin, answer, settings, verified, err) < 0) {
		return -1;
	}
	if (pin->reference.tag == NULL)
		return 0;
	return judge_tag(pin, pinask_answer(ask, &pin->reference, false), settings->fresh, verified,
			 err);
}

int pins_verify(struct pins_file *files, size_t count, const struct pinverify_settings *settings,
		struct pins_verified *ret_verified, struct error *err)
{
	auto_pinask struct pinask *ask = NULL;
	struct pins_verified verified = { 0 };

	if (pinask_new(settings->registry, &ask, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_questions(ask, &files[i], settings, err) < 0)
			return -1;
	if (pinask_run(ask, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < files[i].pins.count; j++)
			if (is_asked(&files[i].pins.items[j]) &&
			    judge(&files[i].pins.items[j], ask, settings, &verified, err) < 0)
				return -1;
	*ret_verified = verified;
	return 0;
}
