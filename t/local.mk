# Unit tests: one cmocka program per module, TAP on standard output.
CMOCKA_LDADD = $(LDADD) $(CMOCKA_LIBS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/t/lib

unit_tests += t/unit/test-digest
t_unit_test_digest_SOURCES = t/unit/test-digest.c
t_unit_test_digest_CPPFLAGS = $(UNIT_CPPFLAGS)
t_unit_test_digest_LDADD = $(CMOCKA_LDADD)

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
TESTS_ALL = $(unit_tests) $(addprefix $(srcdir)/,$(shell_tests))
check-local: all
	@$(TEST_ENVIRONMENT) $(PROVE) -j2 $(PROVEFLAGS) $(if $(TESTS),$(TESTS),$(TESTS_ALL))

# The episodes and what they share are part of the product: seatrial runs them where they are installed.
episodesdir = $(pkgdatadir)/t
dist_episodes_SCRIPTS = \
	t/episode-15-read-only.t t/episode-16-size.t t/episode-17-tests.t t/episode-18-production.t
episodeslibdir = $(pkgdatadir)/t/lib
dist_episodeslib_DATA = t/lib/Trial.pm t/lib/TrialRun.pm
dist_episodeslib_SCRIPTS = t/lib/trial-report

shell_tests += t/0000-harness.t t/0100-common.t t/0101-manual.t t/0102-floors.t t/0103-checklists.t
