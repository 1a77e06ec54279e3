/*
 * Floor 4. Do HTTP endpoints answer as expected, within a time, and again and again?
 *
 * All URLs are asked at the same time. Only an HTTP response counts: a connection that is accepted
 * and closed, or accepted and silent, is no answer.
 */
#ifndef CHECK_PROBE_H
#define CHECK_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"

struct probe_options {
	const char *const *urls;
	size_t url_count;
	const char *status;		/* "200", "200-299,404"; NULL is 200-299 */
	const char *body;		/* PCRE2; NULL for none */
	const char *const *json_equals; /* "/pointer=value", RFC 6901 */
	size_t json_equals_count;
	const char *method;
	const char *const *headers;
	size_t header_count;
	const void *data; /* NULL for none */
	size_t data_size;
	uint64_t max_latency; /* nanoseconds; 0 for none */
	uint64_t timeout;     /* of one request */
	uint64_t wait;	      /* until all hold, at the most; 0: one try */
	uint64_t every;	      /* the series: nanoseconds from one request to the next */
	uint64_t duration;    /* how long; 0 for no series */
	const char *unix_socket;
	const char *const *connect_to;
	size_t connect_to_count;
	const char *ca_file;
	bool insecure;
	bool follow;
	pid_t pid; /* its end ends the wait and the series; 0 for none */
};

struct probe_sample {
	uint64_t time;	  /* nanoseconds from the start of the series to the request */
	uint64_t latency; /* 0 without an answer */
	bool answered;
	bool holds;
};

struct probe_series {
	uint64_t count;
	uint64_t failures;
	uint64_t p50, p95, max;	      /* nanoseconds, of the answers that came */
	char *first_failure;	      /* NULL for none */
	struct probe_sample *samples; /* PROBE_SAMPLES_MAX at the most, evenly spread */
	size_t sample_count;
	uint64_t stride; /* every how many requests one was kept */
};

struct probe_answer {
	const char *url; /* borrowed from the options */
	bool holds;
	char *reason; /* why not; NULL where it holds */
	long status;  /* of the last answer; 0 for none */
	uint64_t latency;
	bool ready;
	uint64_t ready_after; /* nanoseconds from the start to the answer that held */
	uint64_t attempts;
	struct buf body; /* of the last answer, PROBE_BODY_MAX at the most */
	bool body_cut;
	bool in_series;
	struct probe_series series;
};

/* Of a longer series every second request is kept, then every fourth, and so on. */
#define PROBE_SAMPLES_MAX 256

/* What is kept and judged of a body; a longer one fails --body and --json-equals. */
#define PROBE_BODY_MAX ((size_t)1 << 20)

struct probe_result {
	struct probe_answer *answers; /* in the order of the URLs */
	size_t count;
	uint64_t elapsed;
	bool holds;
};

/* ERROR_USAGE: a malformed URL, status list, expression or pointer. That nobody answers is a
 * result. */
int probe_run(const struct probe_options *options, struct probe_result *ret_result,
	      struct error *err) must_check;
void probe_result_release(struct probe_result *result);
#define auto_probe_result cleanup_by(probe_result_release)

#endif
