#include "config.h"

#include "run/health.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)

/* Docker's, where the image does not say. */
#define INTERVAL       (30 * SECOND)
#define TIMEOUT	       (30 * SECOND)
#define START_INTERVAL (5 * SECOND)
#define RETRIES	       3

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static void change(struct health *health, uint64_t now, const char *status)
{
	struct health_record *record = health->record;
	struct health_change *changes;

	if (record->status != NULL && strcmp(record->status, status) == 0)
		return;
	record->status = status;
	changes = record->change_count < HEALTH_RECORDS_MAX
			  ? reallocarray(record->changes, record->change_count + 1, sizeof *changes)
			  : NULL;
	if (changes == NULL)
		return;
	record->changes = changes;
	changes[record->change_count++] = (struct health_change) { now, status };
}

/* Until it is healthy, and while it may take its time, it is asked more often. */
static void plan_next(struct health *health, uint64_t now)
{
	bool starts = strcmp(health->record->status, "starting") == 0 && now < health->start_period;

	health->next = now + (starts ? health->start_interval : health->interval);
}

void health_init(struct health *health, struct health_record *record,
		 const struct healthcheck *check, uint64_t interval)
{
	*health = (struct health) {
		.record = record,
		.active = check->set && check->test.count > 1,
		.interval = or_default(interval, or_default(check->interval, INTERVAL)),
		.timeout = or_default(check->timeout, TIMEOUT),
		.start_period = check->start_period,
		.start_interval = or_default(check->start_interval, START_INTERVAL),
		.retries = or_default(check->retries, RETRIES),
	};
	/* no less often than later */
	if (health->start_interval > health->interval)
		health->start_interval = health->interval;
	if (!health->active)
		return;
	change(health, 0, "starting");
	plan_next(health, 0);
}

uint64_t health_due(const struct health *health)
{
	if (!health->active)
		return UINT64_MAX;
	return health->runs ? health->began + health->timeout : health->next;
}

void health_begin(struct health *health, uint64_t now, bool at_end)
{
	health->runs = true;
	health->began = now;
	health->at_end = at_end;
}

static void keep(struct health *health, uint64_t now, int status, bool timed_out, char *output)
{
	struct health_record *record = health->record;
	struct health_check *checks =
		record->check_count < HEALTH_RECORDS_MAX
			? reallocarray(record->checks, record->check_count + 1, sizeof *checks)
			: NULL;

	record->total++;
	if (checks == NULL) {
		free(output);
		return;
	}
	record->checks = checks;
	checks[record->check_count++] = (struct health_check) {
		.time = health->began,
		.took = now - health->began,
		.status = status,
		.timed_out = timed_out,
		.at_end = health->at_end,
		.output = output,
	};
}

void health_end(struct health *health, uint64_t now, int status, bool timed_out, char *output)
{
	bool starting = strcmp(health->record->status, "starting") == 0;

	health->runs = false;
	keep(health, now, status, timed_out, output);
	if (status == 0 && !timed_out) {
		health->streak = 0;
		change(health, now, "healthy");
	} else if (!starting || now >= health->start_period) {
		health->streak++;
		if (health->streak >= health->retries)
			change(health, now, "unhealthy");
	}
	plan_next(health, now);
}

void health_record_release(struct health_record *record)
{
	for (size_t i = 0; i < record->check_count; i++)
		free(record->checks[i].output);
	free(record->checks);
	free(record->changes);
	*record = (struct health_record) { 0 };
}
