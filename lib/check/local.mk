libseatrial_a_SOURCES += lib/check/tally.c lib/check/tally.h
