libseatrial_a_SOURCES += lib/net/http.c lib/net/http.h lib/net/credentials.h
