# Unit tests: one cmocka program per module, TAP on standard output.
CMOCKA_LDADD = $(LDADD) $(CMOCKA_LIBS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/t/lib

unit_tests += t/unit/test-digest
t_unit_test_digest_SOURCES = t/unit/test-digest.c
t_unit_test_digest_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_digest_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-array
t_unit_test_array_SOURCES = t/unit/test-array.c
t_unit_test_array_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_array_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-buf
t_unit_test_buf_SOURCES = t/unit/test-buf.c
t_unit_test_buf_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_buf_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-doc
t_unit_test_doc_SOURCES = t/unit/test-doc.c
t_unit_test_doc_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_doc_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-error
t_unit_test_error_SOURCES = t/unit/test-error.c
t_unit_test_error_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_error_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-notify
t_unit_test_notify_SOURCES = t/unit/test-notify.c
t_unit_test_notify_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_notify_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-options
t_unit_test_options_SOURCES = t/unit/test-options.c
t_unit_test_options_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_options_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-table
t_unit_test_table_SOURCES = t/unit/test-table.c
t_unit_test_table_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_table_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-tap
t_unit_test_tap_SOURCES = t/unit/test-tap.c
t_unit_test_tap_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_tap_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-text
t_unit_test_text_SOURCES = t/unit/test-text.c
t_unit_test_text_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_text_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-compose
t_unit_test_compose_SOURCES = t/unit/test-compose.c
t_unit_test_compose_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_compose_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-dockerfile
t_unit_test_dockerfile_SOURCES = t/unit/test-dockerfile.c
t_unit_test_dockerfile_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_dockerfile_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-edits
t_unit_test_edits_SOURCES = t/unit/test-edits.c
t_unit_test_edits_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_edits_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-execform
t_unit_test_execform_SOURCES = t/unit/test-execform.c
t_unit_test_execform_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_execform_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-pins
t_unit_test_pins_SOURCES = t/unit/test-pins.c
t_unit_test_pins_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_pins_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-shellpattern
t_unit_test_shellpattern_SOURCES = t/unit/test-shellpattern.c
t_unit_test_shellpattern_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_shellpattern_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-shellword
t_unit_test_shellword_SOURCES = t/unit/test-shellword.c
t_unit_test_shellword_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_shellword_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-stages
t_unit_test_stages_SOURCES = t/unit/test-stages.c
t_unit_test_stages_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_stages_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-words
t_unit_test_words_SOURCES = t/unit/test-words.c
t_unit_test_words_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_words_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-workload
t_unit_test_workload_SOURCES = t/unit/test-workload.c
t_unit_test_workload_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_workload_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-rootfs
t_unit_test_rootfs_SOURCES = t/unit/test-rootfs.c
t_unit_test_rootfs_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_rootfs_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-size
t_unit_test_size_SOURCES = t/unit/test-size.c
t_unit_test_size_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_size_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-toc
t_unit_test_toc_SOURCES = t/unit/test-toc.c
t_unit_test_toc_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_toc_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-tree
t_unit_test_tree_SOURCES = t/unit/test-tree.c
t_unit_test_tree_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_tree_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-pattern
t_unit_test_pattern_SOURCES = t/unit/test-pattern.c
t_unit_test_pattern_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_pattern_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-needles
t_unit_test_needles_SOURCES = t/unit/test-needles.c
t_unit_test_needles_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_needles_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-rules
t_unit_test_rules_SOURCES = t/unit/test-rules.c
t_unit_test_rules_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_rules_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-scan
t_unit_test_scan_SOURCES = t/unit/test-scan.c
t_unit_test_scan_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_scan_LDADD = $(CMOCKA_LDADD)


unit_tests += t/unit/test-logscan
t_unit_test_logscan_SOURCES = t/unit/test-logscan.c
t_unit_test_logscan_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_logscan_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-survival
t_unit_test_survival_SOURCES = t/unit/test-survival.c
t_unit_test_survival_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_survival_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-spool
t_unit_test_spool_SOURCES = t/unit/test-spool.c
t_unit_test_spool_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_spool_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-grep
t_unit_test_grep_SOURCES = t/unit/test-grep.c
t_unit_test_grep_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_grep_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-xml
t_unit_test_xml_SOURCES = t/unit/test-xml.c
t_unit_test_xml_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_xml_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-report
t_unit_test_report_SOURCES = t/unit/test-report.c
t_unit_test_report_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_report_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-junit
t_unit_test_junit_SOURCES = t/unit/test-junit.c
t_unit_test_junit_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_junit_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-coverage
t_unit_test_coverage_SOURCES = t/unit/test-coverage.c
t_unit_test_coverage_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_coverage_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-tally
t_unit_test_tally_SOURCES = t/unit/test-tally.c
t_unit_test_tally_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_tally_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-reference
t_unit_test_reference_SOURCES = t/unit/test-reference.c
t_unit_test_reference_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_reference_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-daemon
t_unit_test_daemon_SOURCES = t/unit/test-daemon.c
t_unit_test_daemon_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_daemon_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-stream
t_unit_test_stream_SOURCES = t/unit/test-stream.c
t_unit_test_stream_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_stream_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-configuration
t_unit_test_configuration_SOURCES = t/unit/test-configuration.c
t_unit_test_configuration_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_configuration_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-source
t_unit_test_source_SOURCES = t/unit/test-source.c
t_unit_test_source_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_source_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-manifest
t_unit_test_manifest_SOURCES = t/unit/test-manifest.c
t_unit_test_manifest_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_manifest_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-path
t_unit_test_path_SOURCES = t/unit/test-path.c
t_unit_test_path_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_path_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-platform
t_unit_test_platform_SOURCES = t/unit/test-platform.c
t_unit_test_platform_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_platform_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-account
t_unit_test_account_SOURCES = t/unit/test-account.c
t_unit_test_account_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_account_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-unpack
t_unit_test_unpack_SOURCES = t/unit/test-unpack.c
t_unit_test_unpack_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_unpack_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-trace
t_unit_test_trace_SOURCES = t/unit/test-trace.c
t_unit_test_trace_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_trace_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-probe
t_unit_test_probe_SOURCES = t/unit/test-probe.c
t_unit_test_probe_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_probe_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-blob
t_unit_test_blob_SOURCES = t/unit/test-blob.c
t_unit_test_blob_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_blob_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-layer
t_unit_test_layer_SOURCES = t/unit/test-layer.c
t_unit_test_layer_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_layer_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-walk
t_unit_test_walk_SOURCES = t/unit/test-walk.c
t_unit_test_walk_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_walk_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-pass
t_unit_test_pass_SOURCES = t/unit/test-pass.c
t_unit_test_pass_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_pass_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-codec
t_unit_test_codec_SOURCES = t/unit/test-codec.c
t_unit_test_codec_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_codec_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-credentials
t_unit_test_credentials_SOURCES = t/unit/test-credentials.c
t_unit_test_credentials_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_credentials_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-container
t_unit_test_container_SOURCES = t/unit/test-container.c
t_unit_test_container_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_container_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-script
t_unit_test_script_SOURCES = t/unit/test-script.c
t_unit_test_script_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_script_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-lint
t_unit_test_lint_SOURCES = t/unit/test-lint.c
t_unit_test_lint_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_lint_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-sandbox
t_unit_test_sandbox_SOURCES = t/unit/test-sandbox.c
t_unit_test_sandbox_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_sandbox_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-tar
t_unit_test_tar_SOURCES = t/unit/test-tar.c
t_unit_test_tar_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_tar_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-variables
t_unit_test_variables_SOURCES = t/unit/test-variables.c
t_unit_test_variables_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_variables_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-dockerargs
t_unit_test_dockerargs_SOURCES = t/unit/test-dockerargs.c
t_unit_test_dockerargs_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_dockerargs_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-store
t_unit_test_store_SOURCES = t/unit/test-store.c
t_unit_test_store_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_store_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-challenge
t_unit_test_challenge_SOURCES = t/unit/test-challenge.c
t_unit_test_challenge_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_challenge_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-http
t_unit_test_http_SOURCES = t/unit/test-http.c
t_unit_test_http_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_http_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-registry
t_unit_test_registry_SOURCES = t/unit/test-registry.c
t_unit_test_registry_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_registry_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-engine
t_unit_test_engine_SOURCES = t/unit/test-engine.c
t_unit_test_engine_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_engine_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-enginehost
t_unit_test_enginehost_SOURCES = t/unit/test-enginehost.c
t_unit_test_enginehost_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_enginehost_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-enginelog
t_unit_test_enginelog_SOURCES = t/unit/test-enginelog.c
t_unit_test_enginelog_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_enginelog_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-writes
t_unit_test_writes_SOURCES = t/unit/test-writes.c
t_unit_test_writes_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_writes_LDADD = $(CMOCKA_LDADD)

EXTRA_PROGRAMS += $(unit_tests)
dist_check_SCRIPTS += $(shell_tests)

EXTRA_DIST += t/lib/boxed.h t/lib/canned.h t/lib/fixture.h t/lib/harness.sh t/lib/unit.h t/lib/Corpus.pm t/lib/places.pl t/lib/archive.sh t/lib/dockerd.sh t/lib/podmand.sh t/lib/stream.sh

# What tests find in their environment: SRCDIR, BUILDDIR and the programs on PATH.
TEST_ENVIRONMENT = \
	SRCDIR="$(abs_srcdir)" BUILDDIR="$(abs_builddir)" \
	PATH="$(abs_builddir)/bin:$(abs_builddir)/t/lib:$$PATH" \
	SEATRIAL_HOME="$(abs_srcdir)" SEATRIAL_RULES="$(abs_srcdir)/rules" \
	PROGRAMS="$(notdir $(bin_PROGRAMS))" \
	CMOCKA_MESSAGE_OUTPUT=TAP SANITIZED="$(SANITIZE_CFLAGS)"

# prove runs everything, several at a time; TESTS= picks, PROVEFLAGS= is the user's. A test that hangs fails.
TEST_SECONDS = 900
LIMITED = timeout -k 10 $(TEST_SECONDS)
# With IMAGE= (and BASELINE=, CONFIG=) the episodes run on yours instead.
# Those that take long begin first, so that none is left over at the end; most wait more than they compute.
LONG_TESTS = $(filter t/3100% t/3200% t/1091% t/3002% t/8000% t/8001% t/0302% t/0304%,$(shell_tests))
# With sanitizers those are left out that run no program of ours, but compilers, shellcheck and a browser.
NOT_SANITIZED = $(if $(SANITIZE_CFLAGS),t/0102% t/0103% t/8101%)
TESTS_ALL = $(addprefix $(abs_srcdir)/,$(LONG_TESTS) $(filter-out $(LONG_TESTS) $(NOT_SANITIZED),$(shell_tests))) $(unit_tests)
JOBS = 4
if HAVE_CMOCKA
WITHOUT_CMOCKA =
else
WITHOUT_CMOCKA = echo "make check: the unit tests want cmocka: install it and run configure again" >&2; exit 2;
endif
# The tests' programs are made for the tests only.
check-local: all
	@$(TEST_ENVIRONMENT); export PATH SRCDIR BUILDDIR SEATRIAL_HOME SEATRIAL_RULES PROGRAMS \
		CMOCKA_MESSAGE_OUTPUT SANITIZED; \
	if [ -n "$(IMAGE)" ]; then \
		seatrial -o "$(REPORT)" $(if $(CONFIG),-c "$(CONFIG)") -s "IMAGE=$(IMAGE)" \
			$(if $(BASELINE),-s "BASELINE=$(BASELINE)") $(SEATRIALFLAGS); \
	else \
		$(WITHOUT_CMOCKA) $(MAKE) check-programs && rm -rf tap && PERL_TEST_HARNESS_DUMP_TAP="$(abs_builddir)/tap" $(PROVE) -j$(JOBS) -e "$(LIMITED)" $(PROVEFLAGS) $(if $(TESTS),$(TESTS),$(TESTS_ALL)); \
	fi

.PHONY: check-containerfile check-programs check-valgrind
check-programs: all
	@$(MAKE) $(EXTRA_PROGRAMS)

# The image that carries the utilities, built in a Docker daemon of the test's own: that takes minutes and Debian's packages.
check-containerfile: check-programs
	@$(TEST_ENVIRONMENT); export PATH SRCDIR BUILDDIR SEATRIAL_HOME SEATRIAL_RULES PROGRAMS; \
	$(PROVE) -e "timeout -k 10 1800" $(PROVEFLAGS) $(srcdir)/t/8590-containerfile.t

# Under valgrind an error or a lost block fails a test: all unit tests, and the utilities' own tests with each
# utility behind a wrapper. What ro-run starts runs without, for valgrind ends at an execve. UNIT_SMALL makes the
# unit tests of codecs and layers take a part of their cases. With VALGRIND_MORE=yes the tests that need many
# minutes more run, too. Left out in any case:
#   0000, 0101 to 0103, 0900   test the harness, texts and the fuzz corpora, which the sanitizers have
#   0100                       ends before there is any input; what it leaks LeakSanitizer tells
#   0201                       runs a program of the tests, which reads what 1001 reads
#   0204                       looks with strace at what is opened
#   0300                       tests the tests' own registries
#   0304, 1090, 1091           want engines, which take their time
#   3003                       runs as another user, who may not read the wrappers
#   4001                       measures times of milliseconds, which nothing keeps here
#   7003, 7004, 8000, episodes run what the others run, through scripts that bring their own PATH
#   5002, 7000 to 7002         parse texts, which the unit tests of pins, tally, junit and coverage do here
VALGRIND = valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
	--suppressions=$(abs_srcdir)/t/lib/valgrind.supp
WRAPPED = image-diff image-size layer-grep pin-check probe ro-run test-tally
WRAPPED_TESTS = t/1000% t/2000% t/9000% t/3001% \
	$(if $(VALGRIND_MORE),t/0202% t/0302% t/1001% t/2001% t/3002% t/5001% t/5002% t/7000% t/7001% t/7002%)
UNDER_VALGRIND = $(addprefix $(abs_srcdir)/,$(filter $(WRAPPED_TESTS),$(shell_tests))) $(unit_tests)
check-valgrind: check-programs
	@rm -rf wrappers && mkdir wrappers && for program in $(WRAPPED); do \
		printf '#!/bin/sh\nexec $(VALGRIND) --log-file=/dev/null "%s" "$$@"\n' "$(abs_builddir)/bin/$$program" >wrappers/$$program && \
		chmod +x wrappers/$$program || exit 1; done
	@printf '#!/bin/sh\ncase $$1 in\n*.t) exec $(LIMITED) "$$@" ;;\n*) exec $(LIMITED) "$(abs_srcdir)/t/lib/under-valgrind" "$$@" ;;\nesac\n' >wrappers/run && chmod +x wrappers/run
	@$(TEST_ENVIRONMENT); export PATH SRCDIR BUILDDIR SEATRIAL_HOME SEATRIAL_RULES PROGRAMS CMOCKA_MESSAGE_OUTPUT; \
	VALGRIND="$(VALGRIND)" WRAPPERS="$(abs_builddir)/wrappers" UNIT_SMALL=1 PERL_TEST_HARNESS_DUMP_TAP="$(abs_builddir)/wrappers/tap" $(PROVE) -j$(JOBS) -e "$(abs_builddir)/wrappers/run" $(UNDER_VALGRIND)

# The episodes and what they share are part of the product: seatrial runs them where they are installed.
episodesdir = $(pkgdatadir)/t
dist_episodes_SCRIPTS = \
	t/episode-15-read-only.t t/episode-16-size.t t/episode-17-tests.t t/episode-18-production.t
episodeslibdir = $(pkgdatadir)/t/lib
dist_episodeslib_DATA = t/lib/Trial.pm t/lib/TrialBuild.pm t/lib/TrialRun.pm t/lib/TrialScan.pm t/lib/TrialSchedule.pm t/lib/TrialSettings.pm \
	t/lib/TrialInit.pm t/lib/TrialWebhook.pm t/lib/TrialResults.pm t/lib/TrialAnnotations.pm t/lib/TrialPapers.pm t/lib/TrialFigures.pm t/lib/TrialHtml.pm t/lib/report.css
dist_episodeslib_SCRIPTS = t/lib/trial-report

shell_tests += t/0201-image-facts.t t/0202-image-bad-input.t t/0204-image-stream.t t/0205-image-stream-corpus.t \
	t/0206-image-stream-docker.t
shell_tests += t/1000-image-size.t t/1001-image-size-corpus.t t/1090-image-size-docker.t t/1091-places.t
shell_tests += t/0000-harness.t t/0100-common.t t/0101-manual.t t/0102-floors.t t/0103-checklists.t

# Programs that tests use.
EXTRA_PROGRAMS += t/lib/image-facts
t_lib_image_facts_SOURCES = t/lib/image-facts.c
EXTRA_PROGRAMS += t/lib/rootfs-paths
t_lib_rootfs_paths_SOURCES = t/lib/rootfs-paths.c
shell_tests += t/2000-layer-grep-search.t t/2001-layer-grep-corpus.t

EXTRA_PROGRAMS += t/lib/attempt
t_lib_attempt_SOURCES = t/lib/attempt.c
t_lib_attempt_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNING_CFLAGS)
t_lib_attempt_LDFLAGS = -static
t_lib_attempt_LDADD =
EXTRA_PROGRAMS += t/lib/hostile
t_lib_hostile_SOURCES = t/lib/hostile.c
t_lib_hostile_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNING_CFLAGS)
t_lib_hostile_LDFLAGS = -static
t_lib_hostile_LDADD =
EXTRA_DIST += t/lib/under-valgrind t/lib/packed.h t/lib/rorun.sh t/lib/valgrind.supp
shell_tests += t/8100-report.t t/8101-report-browser.t t/8102-report-annotations.t t/8500-ci.t t/8501-make-check.t
EXTRA_DIST += t/lib/report.sh t/lib/trial.sh t/lib/browse.js t/lib/ci.py
EXTRA_DIST += t/8590-containerfile.t
shell_tests += t/8000-seatrial.t t/8001-seatrial-registry.t t/8002-seatrial-running.t t/9000-image-diff.t t/8003-build-logs.t t/8004-vulnerabilities.t t/8005-samples.t t/8006-seatrial-evidence.t t/8007-seatrial-folder.t t/8008-seatrial-verdicts.t t/8300-seatrial-init.t t/8401-completions.t t/8402-installed.t t/3001-ro-run-attempts.t t/3002-ro-run-life.t t/3003-ro-run-user.t t/3004-ro-run-hostile.t t/3005-ro-run-health.t t/3006-ro-run-suggest.t t/3007-ro-run-fidelity.t t/3008-ro-run-limits.t \
	t/3100-ro-run-engines.t t/3200-ro-run-servers.t


shell_tests += t/5001-pin-check-corpus.t t/5002-pin-check.t t/5003-pin-check-registry.t t/5004-pin-check-update.t
shell_tests += t/5005-compose-readers.t
shell_tests += t/6000-image-lint-rules.t t/6001-image-lint-corpus.t t/6002-image-lint.t t/6003-image-lint-outline.t
EXTRA_DIST += t/lib/lint-rules.jq t/lib/validate.js docs/lint-rules.md
EXTRA_PROGRAMS += t/lib/compose-text
t_lib_compose_text_SOURCES = t/lib/compose-text.c t/lib/composetext.h
EXTRA_DIST += t/lib/compose.py
EXTRA_PROGRAMS += t/lib/dockerfile-tree
t_lib_dockerfile_tree_SOURCES = t/lib/dockerfile-tree.c

shell_tests += t/7000-test-tally-junit.t t/7001-test-tally-coverage.t t/7002-test-tally-baseline.t \
	t/7003-test-tally-bad-input.t t/7004-test-tally-runners.t
shell_tests += t/4001-probe.t
EXTRA_DIST += t/lib/answer.py t/lib/server.py t/lib/servers.sh

shell_tests += t/0300-registry-harness.t t/0301-logins.t t/0302-registry.t t/0303-toc.t t/0304-engines.t
EXTRA_DIST += t/lib/registry.sh t/lib/tokens.py t/lib/faults.py t/lib/toc.py

unit_tests += t/unit/test-command
t_unit_test_command_SOURCES = t/unit/test-command.c
t_unit_test_command_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_command_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-files
t_unit_test_files_SOURCES = t/unit/test-files.c
t_unit_test_files_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_files_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-install
t_unit_test_install_SOURCES = t/unit/test-install.c
t_unit_test_install_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_install_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-lintstart
t_unit_test_lintstart_SOURCES = t/unit/test-lintstart.c
t_unit_test_lintstart_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_lintstart_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-health
t_unit_test_health_SOURCES = t/unit/test-health.c
t_unit_test_health_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_health_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-suggest
t_unit_test_suggest_SOURCES = t/unit/test-suggest.c
t_unit_test_suggest_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_suggest_LDADD = $(CMOCKA_LDADD)

unit_tests += t/unit/test-timeline
t_unit_test_timeline_SOURCES = t/unit/test-timeline.c
t_unit_test_timeline_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_timeline_LDADD = $(CMOCKA_LDADD)
