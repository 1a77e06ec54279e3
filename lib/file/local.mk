libseatrial_a_SOURCES += \
	lib/file/coverage.c lib/file/coverage.h \
	lib/file/junit.c lib/file/junit.h \
	lib/file/report.c lib/file/report.h \
	lib/file/xml.c lib/file/xml.h \
	lib/file/compose.c lib/file/compose.h \
	lib/file/composeservice.c lib/file/composeservice.h \
	lib/file/composevalue.c lib/file/composevalue.h \
	lib/file/composevolume.c lib/file/composevolume.h \
	lib/file/interpolate.c lib/file/interpolate.h \
	lib/file/dockerargs.c lib/file/dockerargs.h \
	lib/file/dockerfile.c lib/file/dockerfile.h \
	lib/file/edits.c lib/file/edits.h \
	lib/file/execform.c lib/file/execform.h \
	lib/file/script.c lib/file/script.h \
	lib/file/shellpattern.c lib/file/shellpattern.h \
	lib/file/shellword.c lib/file/shellword.h \
	lib/file/stages.c lib/file/stages.h lib/file/stagescheck.c \
	lib/file/variables.c lib/file/variables.h \
	lib/file/words.c lib/file/words.h \
	lib/file/workload.c lib/file/workload.h \
	lib/file/yaml.c lib/file/yaml.h

EXTRA_DIST += docs/dockerfiles.md
