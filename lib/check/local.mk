libseatrial_a_SOURCES += \
	lib/check/pinfind.c lib/check/pinfind.h \
	lib/check/pins.c lib/check/pins.h \
	lib/check/remotesource.c lib/check/remotesource.h
