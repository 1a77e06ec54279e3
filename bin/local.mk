# Each program is its own file and tool.c.
tool_sources = bin/tool.c

bin_SCRIPTS = bin/seatrial
dist_man_MANS += man/seatrial.1 man/seatrial.7
CLEANFILES += bin/seatrial
EXTRA_DIST += bin/seatrial.in
bin/seatrial: bin/seatrial.in Makefile
	$(AM_V_GEN)$(MKDIR_P) bin && sed -e 's|@PROVE[@]|$(PROVE)|' -e 's|@PERL[@]|$(PERL)|' \
		-e 's|@pkgdatadir[@]|$(pkgdatadir)|' -e 's|@PACKAGE_NAME[@]|$(PACKAGE_NAME)|' \
		-e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|' $(srcdir)/bin/seatrial.in >$@.new && \
		chmod +x $@.new && mv $@.new $@

bin_PROGRAMS += bin/pin-check
bin_pin_check_SOURCES = bin/pin-check.c $(tool_sources)
dist_man_MANS += man/pin-check.1
