libseatrial_a_SOURCES += lib/net/http.c lib/net/http.h
libseatrial_a_SOURCES += lib/net/credentials.c lib/net/credentials.h lib/net/credhelper.c lib/net/credhelper.h
