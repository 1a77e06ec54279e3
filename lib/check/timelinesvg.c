#include "config.h"

#include "check/timeline.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* In the picture's own units, of which a screen shows one as a pixel. */
#define WIDTH	   960.0
#define LEFT	   112.0 /* of the plot; lanes' names stand before it */
#define RIGHT	   944.0
#define LOG_COLUMN 4.0 /* lines of the log that fall into one column are one mark */
#define PATHS_MAX  6   /* refused paths that are written out */
#define TEXT_MAX   96  /* characters of a text */

struct picture {
	FILE *file;
	const struct timeline *timeline;
	uint64_t span; /* nanoseconds from left to right */
	double y;
};

static const char style[] =
	"svg{color-scheme:light dark;font-family:system-ui,-apple-system,'Segoe UI',sans-serif}"
	".bg{fill:#fff}.t{fill:#111827;font-size:14px}.h{font-size:18px;font-weight:600}"
	".s{fill:#4b5563;font-size:13px}.l{stroke:#d1d5db}.lane{fill:#f3f4f6}"
	".plain{fill:#64748b}.good{fill:#15803d}.warning{fill:#b45309}.bad{fill:#b91c1c}"
	".m{fill:#2563eb;fill-opacity:.18;stroke:#2563eb;stroke-width:1.5}"
	".c{fill:none;stroke:#9333ea;stroke-width:1.5;stroke-dasharray:4 3}.ct{fill:#7e22ce}"
	".mt{fill:#1d4ed8}"
	"@media(prefers-color-scheme:dark){.bg{fill:#111827}.t{fill:#f3f4f6}.s{fill:#9ca3af}"
	".l{stroke:#374151}.lane{fill:#1f2937}.plain{fill:#94a3b8}.good{fill:#4ade80}"
	".warning{fill:#fbbf24}.bad{fill:#f87171}.m{fill:#60a5fa;fill-opacity:.2;stroke:#60a5fa}"
	".c{stroke:#c084fc}.ct{fill:#d8b4fe}.mt{fill:#93c5fd}}";

static const char *class_of(enum timeline_tone tone)
{
	static const char *const classes[] = { "plain", "good", "warning", "bad" };

	return classes[tone];
}

/* As XML has it; what a terminal could not show either is escaped, and long texts are cut. */
static void put_text(const struct picture *picture, const char *text)
{
	auto_buf struct buf clean;
	size_t length = text != NULL ? strcspn(text, "\n") : 0;
	size_t characters = 0;

	buf_init(&clean, BUF_MAX_DEFAULT);
	text_escape(&clean, text != NULL ? text : "", length < 4096 ? length : 4096);
	for (const char *p = clean.data; p < clean.data + clean.size;) {
		size_t size = text_character(p, (size_t)(clean.data + clean.size - p));

		size = size > 0 ? size : 1;
		if (characters++ == TEXT_MAX) {
			(void)fputs("\xe2\x80\xa6", picture->file);
			return;
		}
		if (*p == '&')
			(void)fputs("&amp;", picture->file);
		else if (*p == '<')
			(void)fputs("&lt;", picture->file);
		else if (*p == '>')
			(void)fputs("&gt;", picture->file);
		else
			(void)fwrite(p, 1, size, picture->file);
		p += size;
	}
}

static double x_of(const struct picture *picture, uint64_t time)
{
	double part = (double)time / (double)picture->span;

	return LEFT + (RIGHT - LEFT) * (part < 1 ? part : 1);
}

/* A lane's name at the left, and its ground. */
static void lane(struct picture *picture, const char *name, double height)
{
	(void)fprintf(
		picture->file,
		"<text class=\"t\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>"
		"<rect class=\"lane\" x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" rx=\"3\"/>\n",
		LEFT - 10, picture->y + 19, name, LEFT, picture->y, RIGHT - LEFT, height);
}

/* Within the plot, whatever it is about: anchored where there is room. */
static void label(const struct picture *picture, const char *class, double x, double y,
		  const char *text)
{
	double width = 7.2 * (double)strlen(text);
	const char *anchor = x + width + 6 > RIGHT ? "end" : "start";

	(void)fprintf(picture->file,
		      "<text class=\"s %s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
		      class, anchor[0] == 'e' ? x - 5 : x + 5, y, anchor, text);
}

static const struct timeline_event *event_of(const struct timeline *timeline,
					     enum timeline_kind kind)
{
	for (size_t i = 0; i < timeline->count; i++)
		if (timeline->events[i].kind == kind)
			return &timeline->events[i];
	return NULL;
}

static size_t count_of(const struct timeline *timeline, enum timeline_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < timeline->count; i++)
		count += timeline->events[i].kind == kind;
	return count;
}

/* --- the lanes ----------------------------------------------------------------------------- */

/* Its name stands in a row of its own, so that none covers another. */
static void mark(struct picture *picture, double lane_y, const struct timeline_event *event,
		 const char *name)
{
	char at[TEXT_FIGURE_MAX];
	char text[64];
	double x;

	if (event == NULL)
		return;
	x = x_of(picture, event->time);
	(void)snprintf(text, sizeof text, "%s %s", name, text_duration(event->time, at));
	(void)fprintf(picture->file,
		      "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"3\" height=\"28\"/>\n",
		      class_of(event->tone), x - 1.5, lane_y);
	label(picture, class_of(event->tone), x, picture->y + 14, text);
	picture->y += 16;
}

static void draw_life(struct picture *picture)
{
	const struct timeline_event *end = event_of(picture->timeline, TIMELINE_END);
	const struct timeline_event *stop = event_of(picture->timeline, TIMELINE_STOP);
	const struct timeline_event *ready = event_of(picture->timeline, TIMELINE_READY);
	double y = picture->y;

	lane(picture, "running", 28);
	(void)fprintf(picture->file,
		      "<rect class=\"plain\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"8\"/>\n",
		      LEFT, picture->y + 10, end != NULL ? x_of(picture, end->time) - LEFT : 0);
	picture->y += 28;
	mark(picture, y, ready, "ready");
	mark(picture, y, stop, "stop signal");
	mark(picture, y, end,
	     end != NULL && end->tone == TONE_BAD && stop == NULL ? "ended early" : "ended");
	picture->y += 8;
}

struct column {
	uint64_t lines;
	enum timeline_tone tone;
	const char *text;
};
#define COLUMNS 208 /* from LEFT to RIGHT */

static void draw_log(struct picture *picture)
{
	const struct timeline *timeline = picture->timeline;
	const struct container_record *record = timeline->record;
	struct column columns[COLUMNS] = { { 0, TONE_PLAIN, NULL } };
	char text[64];

	if (record->log_count == 0)
		return;
	for (size_t i = 0; i < record->log_count; i++) {
		size_t at = (size_t)((x_of(picture, record->log[i].time) - LEFT) / LOG_COLUMN);
		struct column *column = &columns[at < COLUMNS ? at : COLUMNS - 1];
		enum timeline_tone tone = timeline->tones != NULL
						  ? (enum timeline_tone)timeline->tones[i]
						  : TONE_PLAIN;

		/* the worst line of a column speaks for it */
		if (column->lines == 0 || tone > column->tone) {
			column->tone = tone;
			column->text = record->log[i].text;
		}
		column->lines++;
	}
	lane(picture, "log", 28);
	for (size_t i = 0; i < COLUMNS; i++) {
		double height = 8;

		if (columns[i].lines == 0)
			continue;
		for (uint64_t lines = columns[i].lines; lines > 1 && height < 26; lines /= 2)
			height += 2;
		(void)fprintf(
			picture->file,
			"<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"3\" height=\"%.0f\"><title>",
			class_of(columns[i].tone), LEFT + (double)i * LOG_COLUMN,
			picture->y + 28 - height, height);
		if (columns[i].lines > 1)
			(void)fprintf(picture->file,
				      "%" PRIu64 " lines, among them: ", columns[i].lines);
		put_text(picture, columns[i].text);
		(void)fputs("</title></rect>\n", picture->file);
	}
	picture->y += 28;
	(void)snprintf(text, sizeof text, "%zu line%s%s", record->log_count,
		       record->log_count == 1 ? "" : "s",
		       record->log_truncated ? ", and more that were not kept" : "");
	label(picture, "", LEFT - 3, picture->y + 15, text);
	picture->y += 26;
}

static void draw_refused_row(struct picture *picture, const struct timeline_event *event)
{
	char at[TEXT_FIGURE_MAX];

	(void)fprintf(
		picture->file,
		"<text class=\"s\" x=\"%.0f\" y=\"%.1f\"><tspan class=\"bad\">%s</tspan>  %s ",
		LEFT, picture->y + 15, text_duration(event->time, at), event->what);
	put_text(picture, event->text);
	(void)fputs("</text>\n", picture->file);
	picture->y += 17;
}

static void draw_refused(struct picture *picture)
{
	const struct timeline *timeline = picture->timeline;
	/* all of them: not each is an event */
	size_t count = timeline->record->trace.refused.count;
	double last = -10;
	size_t rows = 0;
	char text[64];

	lane(picture, "refused", 28);
	for (size_t i = 0; i < timeline->count; i++) {
		double x = x_of(picture, timeline->events[i].time);

		/* where two would cover each other one says enough */
		if (timeline->events[i].kind != TIMELINE_REFUSED || x - last < 3)
			continue;
		last = x;
		(void)fprintf(picture->file,
			      "<path class=\"bad\" d=\"M%.1f %.1fl7 16h-14z\"><title>%s ", x,
			      picture->y + 6, timeline->events[i].what);
		put_text(picture, timeline->events[i].text);
		(void)fputs("</title></path>\n", picture->file);
	}
	picture->y += 28;
	for (size_t i = 0; i < timeline->count && rows < PATHS_MAX; i++)
		if (timeline->events[i].kind == TIMELINE_REFUSED) {
			draw_refused_row(picture, &timeline->events[i]);
			rows++;
		}
	if (count > rows) {
		(void)snprintf(text, sizeof text, "and %zu more", count - rows);
		label(picture, "", LEFT - 3, picture->y + 15, text);
		picture->y += 17;
	} else if (count == 0) {
		label(picture, "good", LEFT - 3, picture->y + 15, "no write was refused");
		picture->y += 17;
	}
	picture->y += 9;
}

static void draw_health(struct picture *picture)
{
	const struct timeline *timeline = picture->timeline;
	const struct health_record *health = &timeline->record->health;
	double last = -10;
	char text[96];

	if (health->status == NULL)
		return;
	lane(picture, "health", 28);
	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_event *event = &timeline->events[i];
		double x = x_of(picture, event->time);
		double width = x_of(picture, event->time + event->lasted) - x;

		if (event->kind != TIMELINE_HEALTH || (x - last < 2 && event->tone == TONE_GOOD))
			continue;
		last = x;
		(void)fprintf(
			picture->file,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\"><title>",
			class_of(event->tone), x, picture->y + 6, width > 4 ? width : 4);
		put_text(picture, event->text);
		(void)fputs("</title></rect>\n", picture->file);
	}
	picture->y += 28;
	(void)snprintf(text, sizeof text, "%s, %" PRIu64 " check%s", health->status, health->total,
		       health->total == 1 ? "" : "s");
	label(picture,
	      strcmp(health->status, "healthy") == 0	 ? "good"
	      : strcmp(health->status, "unhealthy") == 0 ? "bad"
							 : "",
	      LEFT - 3, picture->y + 15, text);
	picture->y += 26;
}

#define CHART 64.0

/* Processor time since the sample before, as a part of one processor's. */
static double load_at(const struct usage *samples, size_t i)
{
	uint64_t time = samples[i].time - (i > 0 ? samples[i - 1].time : 0);
	uint64_t before = i > 0 ? samples[i - 1].cpu_time : 0;

	return time > 0 && samples[i].cpu_time > before
		       ? (double)(samples[i].cpu_time - before) / (double)time
		       : 0;
}

static void draw_usage(struct picture *picture)
{
	const struct container_record *record = picture->timeline->record;
	const struct usage *samples = record->samples;
	uint64_t most = 1;
	double most_load = 1;
	char size[TEXT_FIGURE_MAX];
	char text[96];

	if (record->sample_count < 2)
		return;
	for (size_t i = 0; i < record->sample_count; i++) {
		most = samples[i].memory > most ? samples[i].memory : most;
		most_load = load_at(samples, i) > most_load ? load_at(samples, i) : most_load;
	}
	lane(picture, "memory", CHART);
	(void)fprintf(picture->file,
		      "<text class=\"t ct\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">CPU</text>"
		      "<path class=\"m\" d=\"M%.1f %.1f",
		      LEFT - 10, picture->y + 38, x_of(picture, samples[0].time),
		      picture->y + CHART);
	for (size_t i = 0; i < record->sample_count; i++)
		(void)fprintf(picture->file, "L%.1f %.1f", x_of(picture, samples[i].time),
			      picture->y + CHART -
				      (CHART - 4) * (double)samples[i].memory / (double)most);
	(void)fprintf(picture->file, "L%.1f %.1fz\"/>\n<path class=\"c\" d=\"M%.1f %.1f",
		      x_of(picture, samples[record->sample_count - 1].time), picture->y + CHART,
		      x_of(picture, 0), picture->y + CHART);
	for (size_t i = 0; i < record->sample_count; i++)
		(void)fprintf(picture->file, "L%.1f %.1f", x_of(picture, samples[i].time),
			      picture->y + CHART - (CHART - 4) * load_at(samples, i) / most_load);
	(void)fputs("\"/>\n", picture->file);
	picture->y += CHART;
	(void)snprintf(text, sizeof text,
		       "at most %s; the dashed line's height is %.0f %% of a processor",
		       text_size(most, size), 100 * most_load);
	label(picture, "", LEFT - 3, picture->y + 15, text);
	picture->y += 26;
}

/* --- the axis ------------------------------------------------------------------------------ */

/* Steps that people count time in, at most nine of them. */
static uint64_t axis_step(uint64_t span)
{
	static const uint64_t seconds[] = { 60,	  120,	300,   600,   900,  1800,
					    3600, 7200, 21600, 43200, 86400 };
	static const unsigned heads[] = { 1, 2, 5 };

	for (uint64_t power = 1000; power <= UINT64_C(10000000000); power *= 10)
		for (size_t i = 0; i < array_size(heads); i++)
			if (heads[i] * power < UINT64_C(60000000000) &&
			    span / (heads[i] * power) < 9)
				return heads[i] * power;
	for (size_t i = 0; i < array_size(seconds); i++)
		if (span / (seconds[i] * UINT64_C(1000000000)) < 9)
			return seconds[i] * UINT64_C(1000000000);
	return span / 8;
}

static void draw_axis(struct picture *picture, double top)
{
	uint64_t step = axis_step(picture->span);

	for (uint64_t at = 0; at <= picture->span; at += step) {
		char text[TEXT_FIGURE_MAX];
		double x = x_of(picture, at);

		(void)fprintf(
			picture->file,
			"<path class=\"l\" d=\"M%.1f %.1fV%.1f\"/>"
			"<text class=\"s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
			x, top, picture->y, x > RIGHT - 24 ? RIGHT - 24 : x, picture->y + 16,
			at == 0 ? "0" : text_duration(at, text));
	}
}

/* --- the whole ----------------------------------------------------------------------------- */

/* How high it will be is not known before it is drawn: the lanes are drawn into memory first. */
static void draw_lanes(struct picture *picture)
{
	draw_life(picture);
	draw_log(picture);
	draw_refused(picture);
	draw_health(picture);
	draw_usage(picture);
}

void timeline_svg(const struct timeline *timeline, FILE *file)
{
	static const double top = 44;
	struct picture picture = {
		.timeline = timeline,
		.span = timeline->duration > 1000000 ? timeline->duration : 1000000,
		.y = top,
	};
	auto_free char *lanes = NULL;
	size_t size = 0;

	picture.file = open_memstream(&lanes, &size);
	if (picture.file == NULL)
		return;
	draw_lanes(&picture);
	(void)fclose(picture.file);
	picture.file = file;
	(void)fprintf(
		file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
		"height=\"%.0f\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">",
		WIDTH, picture.y + 30, WIDTH, picture.y + 30);
	put_text(&picture, timeline->title);
	(void)fprintf(
		file,
		"</title>\n<desc id=\"desc\">%zu lines of log, %zu refused writes, %zu health "
		"checks</desc>\n<style>%s</style>\n<rect class=\"bg\" width=\"100%%\" height=\"100%%\"/>\n"
		"<text class=\"t h\" x=\"16\" y=\"28\">",
		timeline->record->log_count, timeline->record->trace.refused.count,
		count_of(timeline, TIMELINE_HEALTH), style);
	put_text(&picture, timeline->title);
	(void)fputs("</text>\n", file);
	draw_axis(&picture, top);
	(void)fwrite(lanes, 1, size, file);
	(void)fputs("</svg>\n", file);
}
