# Unit tests: one cmocka program per module, TAP on standard output.
CMOCKA_LDADD = $(LDADD) $(CMOCKA_LIBS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/t/lib

unit_tests += t/unit/test-digest
t_unit_test_digest_SOURCES = t/unit/test-digest.c
t_unit_test_digest_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_digest_LDADD = $(CMOCKA_LDADD)

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

check_PROGRAMS += $(unit_tests)
dist_check_SCRIPTS += $(shell_tests)
EXTRA_DIST += t/lib/harness.sh t/lib/unit.h

# What tests find in their environment: SRCDIR, BUILDDIR and the programs on PATH.
TEST_ENVIRONMENT = \
	SRCDIR="$(abs_srcdir)" BUILDDIR="$(abs_builddir)" \
	PATH="$(abs_builddir)/bin:$(abs_builddir)/t/lib:$$PATH" \
	SEATRIAL_HOME="$(abs_srcdir)" SEATRIAL_RULES="$(abs_srcdir)/rules" \
	PROGRAMS="$(notdir $(bin_PROGRAMS))" \
	CMOCKA_MESSAGE_OUTPUT=TAP SANITIZED="$(SANITIZE_CFLAGS)"

# prove runs everything, several at a time; TESTS= picks, PROVEFLAGS= is the user's.
# With IMAGE= (and BASELINE=, CONFIG=) the episodes run on yours instead.
TESTS_ALL = $(unit_tests) $(addprefix $(srcdir)/,$(shell_tests))
check-local: all
	@$(TEST_ENVIRONMENT); export PATH SRCDIR BUILDDIR SEATRIAL_HOME SEATRIAL_RULES PROGRAMS \
		CMOCKA_MESSAGE_OUTPUT SANITIZED; \
	if [ -n "$(IMAGE)" ]; then \
		seatrial -o report $(if $(CONFIG),-c "$(CONFIG)") -s "IMAGE=$(IMAGE)" \
			$(if $(BASELINE),-s "BASELINE=$(BASELINE)"); \
	else \
		rm -rf tap && PERL_TEST_HARNESS_DUMP_TAP=tap $(PROVE) -j2 $(PROVEFLAGS) $(if $(TESTS),$(TESTS),$(TESTS_ALL)); \
	fi

.PHONY: check-programs check-valgrind
check-programs: $(check_PROGRAMS)

# Each unit test under valgrind: an error or a lost block fails it.
check-valgrind: all $(check_PROGRAMS)
	@$(TEST_ENVIRONMENT); export SRCDIR BUILDDIR CMOCKA_MESSAGE_OUTPUT SEATRIAL_RULES; \
	$(PROVE) -j2 -e 'valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' $(unit_tests)

# The episodes and what they share are part of the product: seatrial runs them where they are installed.
episodesdir = $(pkgdatadir)/t
dist_episodes_SCRIPTS = \
	t/episode-15-read-only.t t/episode-16-size.t t/episode-17-tests.t t/episode-18-production.t
episodeslibdir = $(pkgdatadir)/t/lib
dist_episodeslib_DATA = t/lib/Trial.pm t/lib/TrialRun.pm
dist_episodeslib_SCRIPTS = t/lib/trial-report

shell_tests += t/0201-image-facts.t
shell_tests += t/0000-harness.t t/0100-common.t t/0101-manual.t t/0102-floors.t t/0103-checklists.t

# Programs that tests use.
check_PROGRAMS += t/lib/image-facts
t_lib_image_facts_SOURCES = t/lib/image-facts.c

shell_tests += t/5001-pin-check-corpus.t t/5002-pin-check.t
check_PROGRAMS += t/lib/dockerfile-tree
t_lib_dockerfile_tree_SOURCES = t/lib/dockerfile-tree.c
