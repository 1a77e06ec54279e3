libseatrial_a_SOURCES += lib/check/suggest.c lib/check/suggest.h lib/check/suggestform.c lib/check/suggestrun.c
libseatrial_a_SOURCES += lib/check/timeline.c lib/check/timeline.h lib/check/timelinesvg.c
libseatrial_a_SOURCES += lib/check/rorun.c lib/check/rorun.h lib/check/rorunjson.c lib/check/rorunlog.c lib/check/roruntext.c
libseatrial_a_SOURCES += lib/check/diff.c lib/check/diff.h lib/check/diffreport.c
libseatrial_a_SOURCES += lib/check/tally.c lib/check/tally.h
libseatrial_a_SOURCES += \
	lib/check/install.c lib/check/install.h \
	lib/check/lint.c lib/check/lint.h lib/check/lintrules.c \
	lib/check/lintcompose.c lib/check/lintcompose.h \
	lib/check/lintcontext.c lib/check/lintcopy.c lib/check/lintfinal.c \
	lib/check/lintfile.c lib/check/lintfile.h lib/check/lintrun.c \
	lib/check/lintimage.c lib/check/lintimage.h \
	lib/check/lintreport.c lib/check/lintreport.h \
	lib/check/lintstart.c lib/check/lintstart.h \
	lib/check/outline.c lib/check/outline.h \
	lib/check/leveljson.c \
	lib/check/levelword.c lib/check/levelword.h \
	lib/check/loglevel.c lib/check/loglevel.h \
	lib/check/logscan.c lib/check/logscan.h \
	lib/check/logsign.c lib/check/logsign.h \
	lib/check/probe.c lib/check/probe.h \
	lib/check/size-report.c lib/check/size-report.h \
	lib/check/size.c lib/check/size.h \
	lib/check/grep.c lib/check/grep.h \
	lib/check/needles.c lib/check/needles.h \
	lib/check/pattern.c lib/check/pattern.h \
	lib/check/rules.c lib/check/rules.h \
	lib/check/scan.c lib/check/scan.h \
	lib/check/spool.c lib/check/spool.h \
	lib/check/survival.c lib/check/survival.h

libseatrial_a_SOURCES += \
	lib/check/pinaccept.c lib/check/pinaccept.h \
	lib/check/pinask.c lib/check/pinask.h \
	lib/check/pinfind.c lib/check/pinfind.h \
	lib/check/pintext.c lib/check/pintext.h \
	lib/check/pinupdate.c lib/check/pinupdate.h \
	lib/check/pinverify.c lib/check/pinverify.h \
	lib/check/pins.c lib/check/pins.h \
	lib/check/remotesource.c lib/check/remotesource.h
