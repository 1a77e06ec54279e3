libseatrial_a_SOURCES += \
	lib/check/size-report.c lib/check/size-report.h \
	lib/check/size.c lib/check/size.h
