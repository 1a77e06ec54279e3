/*
 * Floor 4. Rules on Dockerfiles, on compose files, on images, and on several of them together.
 *
 * A rule has a slug, by which it is enabled, disabled and silenced. What breaks it is a finding;
 * findings of warnings and errors fail, those that inform do not, unless it is asked for. What
 * cannot be told from what is there is no pass: where a rule needs it, that is its finding.
 *
 * In a file, a comment silences one rule for the line below it, and says why:
 *
 *	# image-lint: ignore=SLUG[,SLUG]... REASON
 */
#ifndef CHECK_LINT_H
#define CHECK_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/options.h"
#include "file/edits.h"
#include "file/words.h"

enum lint_severity { LINT_INFO, LINT_WARNING, LINT_ERROR };
/* "info", "warning", "error" */
const char *lint_severity_name(enum lint_severity severity);

/* What a rule looks at; several together where it needs them all. */
enum lint_subject {
	LINT_ON_DOCKERFILE = 1,
	LINT_ON_IMAGE = 2,
	LINT_ON_COMPOSE = 4,
	LINT_ON_CONTEXT = 8, /* the files beside a Dockerfile */
};

#define LINT_RULES(X)                  \
	X(ADD_INSTEAD_OF_COPY)         \
	X(ADD_UNVERIFIED)              \
	X(APP_NOT_OWNED)               \
	X(APT_INSTEAD_OF_APT_GET)      \
	X(APT_LISTS_LEFT)              \
	X(APT_RECOMMENDS)              \
	X(BASE_MOVING_TAG)             \
	X(BASE_NOT_PINNED)             \
	X(BASE_UNRESOLVED)             \
	X(BUILD_TOOLS_IN_FINAL)        \
	X(CD_INSTEAD_OF_WORKDIR)       \
	X(CHOWN_DOUBLES_LAYER)         \
	X(CMD_SHELL_FORM)              \
	X(COMPOSE_ANONYMOUS_VOLUME)    \
	X(COMPOSE_DOCKER_SOCKET)       \
	X(COMPOSE_HOST_NAMESPACE)      \
	X(COMPOSE_MEMORY_TOO_LOW)      \
	X(COMPOSE_NO_GRACE_PERIOD)     \
	X(COMPOSE_NO_LOG_ROTATION)     \
	X(COMPOSE_NO_MEMORY_LIMIT)     \
	X(COMPOSE_NO_RESTART)          \
	X(COMPOSE_PRIVILEGED)          \
	X(COMPOSE_WRITABLE_ROOT)       \
	X(CONTEXT_COPIED_WHOLE)        \
	X(COPY_FROM_ITSELF)            \
	X(COPY_RELATIVE)               \
	X(COPY_SEVERAL_TO_FILE)        \
	X(DEV_SERVER)                  \
	X(DIGEST_UNDOCUMENTED)         \
	X(DIRECTORY_WITHOUT_MODE)      \
	X(DIST_UPGRADE)                \
	X(DOWNLOAD_RUN_UNSEEN)         \
	X(EMPTY_CONTINUATION)          \
	X(EMPTY_PASSWORD)              \
	X(ENTRYPOINT_SHELL_FORM)       \
	X(ENV_DEVELOPMENT)             \
	X(ENV_SELF_REFERENCE)          \
	X(EXPOSE_INVALID)              \
	X(HEALTHCHECK_ONLY_IN_COMPOSE) \
	X(HEALTHCHECK_PROGRAM_MISSING) \
	X(HEALTHCHECK_SHARED)          \
	X(HEALTHCHECK_TIMING)          \
	X(INSTALL_NOT_CONFIRMED)       \
	X(INSTRUCTION_REPEATED)        \
	X(KEYWORD_CASE)                \
	X(LABEL_INVALID)               \
	X(LEGACY_KEY_VALUE)            \
	X(MAINTAINER_DEPRECATED)       \
	X(NO_BUILD_ARGUMENT)           \
	X(NO_DOCKERIGNORE)             \
	X(NO_EXPOSE)                   \
	X(NO_HEALTHCHECK)              \
	X(NO_LABELS)                   \
	X(NO_VULNERABILITY_SCAN)       \
	X(ONBUILD_FORBIDDEN)           \
	X(PACKAGE_CACHE_LEFT)          \
	X(PACKAGE_UNPINNED)            \
	X(PIPE_FAILURE_HIDDEN)         \
	X(PLATFORM_FIXED)              \
	X(POINTLESS_COMMAND)           \
	X(PORT_MISMATCH)               \
	X(PORT_NOT_EXPOSED)            \
	X(PRODUCTION_SERVER_MISSING)   \
	X(SECRET_IN_ENV)               \
	X(SETUID_FILES)                \
	X(SHELL_REPLACED)              \
	X(SILENCE_INVALID)             \
	X(SILENCE_UNUSED)              \
	X(SINGLE_STAGE)                \
	X(SOURCES_BEFORE_DEPENDENCIES) \
	X(STAGE_NAME)                  \
	X(START_CALLS_PACKAGE_MANAGER) \
	X(START_NOT_IN_VENV)           \
	X(START_PROGRAM_MISSING)       \
	X(SUDO_USED)                   \
	X(UID_DUPLICATE)               \
	X(UNDEFINED_VARIABLE)          \
	X(UNNECESSARY_FILES)           \
	X(UPDATE_ALONE)                \
	X(USER_NOT_EXPECTED)           \
	X(USER_NOT_IN_PASSWD)          \
	X(USER_ROOT)                   \
	X(USERADD_HIGH_UID)            \
	X(VENV_NOT_ON_PATH)            \
	X(WGET_AND_CURL)               \
	X(WORKDIR_RELATIVE)            \
	X(WORLD_WRITABLE)

enum lint_id {
#define LINT_ENUM_(name) LINT_##name,
	LINT_RULES(LINT_ENUM_)
#undef LINT_ENUM_
		LINT_RULE_COUNT
};

struct lint_rule {
	const char *slug;
	enum lint_severity severity;
	unsigned subjects; /* enum lint_subject, or'ed */
	bool off;	   /* only where it is asked for */
	bool fixes;	   /* --fix knows how */
	const char *reason;
	const char *mend;
	const char *counterparts; /* "hadolint DL3002, dockle CIS-DI-0001"; "" for none */
};

/* In the order of enum lint_id, which is that of the slugs. */
const struct lint_rule *lint_rule(enum lint_id id);
/* LINT_RULE_COUNT where there is none of that name. */
enum lint_id lint_rule_find(const char *slug);
/* The slug that is most like it, for errors. */
const char *lint_rule_nearest(const char *slug);

/* What the image must be like beyond what every image should be: "uid=1000", "port=5000",
 * "health-interval=30s", "health-timeout=10s", "health-start-period=5s", "health-retries=3". */
struct lint_expectations {
	struct option_number uid;
	struct option_number port;
	struct option_number interval; /* nanoseconds */
	struct option_number timeout;
	struct option_number start_period;
	struct option_number retries;
};
/* ERROR_USAGE for one that is none. */
int lint_expect(struct lint_expectations *expectations, const char *text,
		struct error *err) must_check;

/* Where something is. All zero but the target: the target as a whole. */
struct lint_place {
	size_t target;	    /* which of the operands */
	size_t line;	    /* from 1 */
	size_t column;	    /* in bytes from 1 */
	struct span at;	    /* in the file; to be underlined */
	size_t instruction; /* the line on which the instruction or the service begins */
};

struct lint_finding {
	enum lint_id rule;
	struct lint_place place;
	char *message;	/* what is wrong here; the rule says why that matters */
	char *silenced; /* NULL, or the reason that a comment gives */
	bool fixed;	/* an edit mends it */
};

/* What is done well. */
struct lint_credit {
	const char *text; /* static */
	struct lint_place place;
};

/* A comment that silences. */
struct lint_silence {
	struct lint_place place; /* of the comment */
	size_t line;		 /* that it is for */
	bool rules[LINT_RULE_COUNT];
	bool used[LINT_RULE_COUNT];
	char *reason;
};

struct lint {
	bool enabled[LINT_RULE_COUNT];
	struct lint_expectations expectations;
	struct lint_finding *findings;
	size_t count;
	size_t capacity; /* internal */
	struct lint_credit *credits;
	size_t credit_count;
	size_t credit_capacity; /* internal */
	struct lint_silence *silences;
	size_t silence_count;
	size_t silence_capacity; /* internal */
	struct edits *edits; /* of the target that is looked at: where mends go; NULL for none */
};

/* All rules are enabled that are not off. */
void lint_init(struct lint *lint);
void lint_release(struct lint *lint);
#define auto_lint cleanup_by(lint_release)

/* Adds a finding, unless its rule is disabled. */
int lint_find(struct lint *lint, enum lint_id rule, const struct lint_place *place,
	      struct error *err, const char *format, ...) printf_like(5, 6) must_check;
/* The finding that was added last is mended by putting `text` at `at`. Where mends are not wanted,
 * or this one would touch another, nothing happens. */
int lint_fix(struct lint *lint, enum lint_id rule, struct span at, const char *text,
	     struct error *err) must_check;
/* A thing is credited once per target. */
int lint_credit(struct lint *lint, const char *text, const struct lint_place *place,
		struct error *err) must_check;
/* Takes a comment's text (behind the '#') for the line `line`; what does not silence is passed
 * over, what does so wrongly is a finding. */
int lint_silence(struct lint *lint, const char *comment, const struct lint_place *place,
		 size_t line, struct error *err) must_check;

/* Behind all rules: silences what is to be, finds comments that silence nothing, and brings all
 * findings in the order of targets, lines and columns. */
int lint_finish(struct lint *lint, struct error *err) must_check;

/* Findings that are not silenced, by severity. */
size_t lint_count(const struct lint *lint, enum lint_severity severity);

#endif
