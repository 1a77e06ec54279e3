libseatrial_a_SOURCES += \
	lib/net/challenge.c lib/net/challenge.h \
	lib/net/credentials.c lib/net/credentials.h \
	lib/net/credhelper.c lib/net/credhelper.h \
	lib/net/endpoint.c lib/net/endpoint.h \
	lib/net/engine.c lib/net/engine.h \
	lib/net/enginehost.c lib/net/enginehost.h \
	lib/net/http.c lib/net/http.h \
	lib/net/registry.c lib/net/registry.h
