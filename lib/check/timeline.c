#include "config.h"

#include "check/timeline.h"

#include <string.h>

#include "base/array.h"
#include "base/doc.h"
#include "base/text.h"

static int add(struct timeline *timeline, const struct timeline_event *event, struct error *err)
{
	if (array_room(&timeline->events, timeline->count, &timeline->capacity, err) < 0)
		return -1;
	timeline->events[timeline->count++] = *event;
	return 0;
}

static int compare_events(const void *a, const void *b)
{
	const struct timeline_event *one = a;
	const struct timeline_event *other = b;

	if (one->time != other->time)
		return one->time < other->time ? -1 : 1;
	return (int)one->kind - (int)other->kind;
}

static int add_refused(struct timeline *timeline, const struct attempts *refused, struct error *err)
{
	for (size_t i = 0; i < refused->count; i++) {
		const struct attempt *attempt = &refused->items[i];
		struct timeline_event event = {
			.time = attempt->time,
			.kind = TIMELINE_REFUSED,
			.tone = TONE_BAD,
			.text = attempt->path,
			.what = attempt->call,
			.count = attempt->count,
		};

		if (add(timeline, &event, err) < 0)
			return -1;
	}
	return 0;
}

static int add_health(struct timeline *timeline, const struct health_record *health,
		      struct error *err)
{
	for (size_t i = 0; i < health->check_count; i++) {
		const struct health_check *check = &health->checks[i];
		struct timeline_event event = {
			.time = check->time,
			.lasted = check->took,
			.kind = TIMELINE_HEALTH,
			.tone = check->status == 0 && !check->timed_out ? TONE_GOOD : TONE_BAD,
			.text = check->output,
			.count = 1,
		};

		if (add(timeline, &event, err) < 0)
			return -1;
	}
	return 0;
}

/* Start, ready, stop, end. */
static int add_life(struct timeline *timeline, const struct container_record *record,
		    struct error *err)
{
	/* what is said when the program is gone says nothing of it */
	bool ready = record->command_ready > 0 && record->command_ready <= record->duration;
	uint64_t stop =
		record->duration > record->stop_took ? record->duration - record->stop_took : 0;
	const struct timeline_event events[] = {
		{ .kind = TIMELINE_START, .text = "", .count = 1 },
		{ .time = record->command_ready,
		  .kind = TIMELINE_READY,
		  .tone = TONE_GOOD,
		  .text = "",
		  .count = ready },
		{ .time = stop, .kind = TIMELINE_STOP, .text = "", .count = record->stop_sent },
		{ .time = record->duration,
		  .kind = TIMELINE_END,
		  .tone = record->early || record->killed ? TONE_BAD : TONE_PLAIN,
		  .text = "",
		  .count = 1 },
	};

	for (size_t i = 0; i < array_size(events); i++)
		if (events[i].count > 0 && add(timeline, &events[i], err) < 0)
			return -1;
	return 0;
}

int timeline_make(struct timeline *timeline, const char *title,
		  const struct container_record *record, const unsigned char *tones,
		  struct error *err)
{
	*timeline = (struct timeline) {
		.title = title,
		.duration = record->duration,
		.record = record,
		.tones = tones,
	};
	if (!record->ran)
		return 0;
	if (add_life(timeline, record, err) < 0 ||
	    add_refused(timeline, &record->trace.refused, err) < 0 ||
	    add_health(timeline, &record->health, err) < 0) {
		timeline_release(timeline);
		return -1;
	}
	qsort(timeline->events, timeline->count, sizeof *timeline->events, compare_events);
	return 0;
}

void timeline_release(struct timeline *timeline)
{
	free(timeline->events);
	*timeline = (struct timeline) { 0 };
}

/* As many as the document has in its list of them. */
#define REFUSED_SHOWN 2500

json_t *timeline_json(const struct timeline *timeline)
{
	static const char *const kinds[] = { "start", "refused", "health", "ready", "stop", "end" };
	static const char *const tones[] = { "plain", "good", "warning", "bad" };
	json_t *array = json_array();
	size_t refused = 0;

	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_event *event = &timeline->events[i];
		json_t *object;

		if (event->kind == TIMELINE_REFUSED && ++refused > REFUSED_SHOWN)
			continue;
		object = json_pack("{s:f,s:s,s:s,s:f,s:I}", "time_ms", (double)event->time / 1e6,
				   "kind", kinds[event->kind], "tone", tones[event->tone],
				   "lasted_ms", (double)event->lasted / 1e6, "count",
				   (json_int_t)event->count);

		(void)json_object_set_new(object, "text",
					  doc_text(event->text != NULL ? event->text : ""));
		(void)json_array_append_new(array, object);
	}
	return array;
}
