# Each target is fuzz/fuzz-NAME.c with its corpus in fuzz/corpus/NAME. `make check` replays the corpus;
# with clang, `make fuzz/fuzz-NAME` makes a libFuzzer program of it. fuzz/NAME.dict is for its -dict.
fuzz_targets = doc

EXTRA_PROGRAMS += fuzz/replay-doc
fuzz_replay_doc_SOURCES = fuzz/fuzz-doc.c fuzz/replay.c

fuzz_targets += junit
EXTRA_PROGRAMS += fuzz/replay-junit
fuzz_replay_junit_SOURCES = fuzz/fuzz-junit.c fuzz/replay.c

fuzz_targets += coverage
EXTRA_PROGRAMS += fuzz/replay-coverage
fuzz_replay_coverage_SOURCES = fuzz/fuzz-coverage.c fuzz/replay.c

fuzz_targets += reference
EXTRA_PROGRAMS += fuzz/replay-reference
fuzz_replay_reference_SOURCES = fuzz/fuzz-reference.c fuzz/replay.c

fuzz_targets += manifest
EXTRA_PROGRAMS += fuzz/replay-manifest
fuzz_replay_manifest_SOURCES = fuzz/fuzz-manifest.c fuzz/replay.c
fuzz_targets += dockerfile
EXTRA_PROGRAMS += fuzz/replay-dockerfile
fuzz_replay_dockerfile_SOURCES = fuzz/fuzz-dockerfile.c fuzz/replay.c

fuzz_targets += compose
EXTRA_PROGRAMS += fuzz/replay-compose
fuzz_replay_compose_SOURCES = fuzz/fuzz-compose.c fuzz/replay.c

fuzz_targets += credentials
EXTRA_PROGRAMS += fuzz/replay-credentials
fuzz_replay_credentials_SOURCES = fuzz/fuzz-credentials.c fuzz/replay.c

fuzz_targets += layer
EXTRA_PROGRAMS += fuzz/replay-layer
fuzz_replay_layer_SOURCES = fuzz/fuzz-layer.c fuzz/replay.c

fuzz_targets += rules
EXTRA_PROGRAMS += fuzz/replay-rules
fuzz_replay_rules_SOURCES = fuzz/fuzz-rules.c fuzz/replay.c

fuzz_targets += toc
EXTRA_PROGRAMS += fuzz/replay-toc
fuzz_replay_toc_SOURCES = fuzz/fuzz-toc.c fuzz/replay.c

fuzz_targets += lint
EXTRA_PROGRAMS += fuzz/replay-lint
fuzz_replay_lint_SOURCES = fuzz/fuzz-lint.c fuzz/replay.c

fuzz_targets += log
EXTRA_PROGRAMS += fuzz/replay-log
fuzz_replay_log_SOURCES = fuzz/fuzz-log.c fuzz/replay.c

shell_tests += t/0900-fuzz.t
EXTRA_DIST += fuzz/corpus fuzz/layer.dict fuzz/rules.dict

.PHONY: fuzz
fuzz: $(addprefix fuzz/fuzz-,$(fuzz_targets))
fuzz/fuzz-%: $(srcdir)/fuzz/fuzz-%.c
	$(AM_V_CC)$(MKDIR_P) fuzz && clang $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(DEPS_CFLAGS) $(ISAL_CFLAGS) \
		-std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -o $@ $< \
		$(addprefix $(srcdir)/,$(filter %.c,$(libseatrial_a_SOURCES))) $(DEPS_LIBS) $(ISAL_LIBS) -lm -pthread
