# Each program is its own file and tool.c.
tool_sources = bin/tool.c

bin_PROGRAMS += bin/image-size
bin_image_size_SOURCES = bin/image-size.c $(tool_sources)
dist_man_MANS += man/image-size.1

bin_PROGRAMS += bin/image-diff
bin_image_diff_SOURCES = bin/image-diff.c $(tool_sources)
dist_man_MANS += man/image-diff.1

bin_SCRIPTS = bin/seatrial
dist_man_MANS += man/seatrial.1 man/seatrial.conf.5 man/seatrial.7
CLEANFILES += bin/seatrial
EXTRA_DIST += bin/seatrial.in
bin/seatrial: bin/seatrial.in Makefile
	$(AM_V_GEN)$(MKDIR_P) bin && sed -e 's|@PROVE[@]|$(PROVE)|' -e 's|@PERL[@]|$(PERL)|' \
		-e 's|@pkgdatadir[@]|$(pkgdatadir)|' -e 's|@PACKAGE_NAME[@]|$(PACKAGE_NAME)|' \
		-e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|' $(srcdir)/bin/seatrial.in >$@.new && \
		chmod +x $@.new && mv $@.new $@

bin_PROGRAMS += bin/test-tally
bin_test_tally_SOURCES = bin/test-tally.c $(tool_sources)
dist_man_MANS += man/test-tally.1

bin_PROGRAMS += bin/ro-run
dist_man_MANS += man/ro-run.1
bin_ro_run_SOURCES = bin/ro-run.c $(tool_sources)
bin_ro_run_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/bin

bin_PROGRAMS += bin/layer-grep
dist_man_MANS += man/layer-grep.1
bin_layer_grep_SOURCES = bin/layer-grep.c $(tool_sources)
bin_layer_grep_CPPFLAGS = $(AM_CPPFLAGS) -DRULES_DIR='"$(pkgdatadir)/rules"'
EXTRA_DIST += bench/image-lint bench/image-size bench/layer-grep bench/registry \
	bench/ro-run bench/ro-run-engine bench/ro-run-load bench/ro-run-start
rulesdir = $(pkgdatadir)/rules
dist_rules_DATA = rules/build-tools rules/package-managers rules/development-dependencies rules/secrets

bin_PROGRAMS += bin/probe
dist_man_MANS += man/probe.1
bin_probe_SOURCES = bin/probe.c $(tool_sources)

bin_PROGRAMS += bin/pin-check
bin_pin_check_SOURCES = bin/pin-check.c $(tool_sources)
dist_man_MANS += man/pin-check.1

bin_PROGRAMS += bin/image-lint
bin_image_lint_SOURCES = bin/image-lint.c $(tool_sources)
dist_man_MANS += man/image-lint.1
