libseatrial_a_SOURCES += \
	lib/file/coverage.c lib/file/coverage.h \
	lib/file/junit.c lib/file/junit.h \
	lib/file/report.c lib/file/report.h \
	lib/file/xml.c lib/file/xml.h
