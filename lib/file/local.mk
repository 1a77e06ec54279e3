libseatrial_a_SOURCES +=
