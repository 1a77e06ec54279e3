libseatrial_a_SOURCES += \
	lib/image/configuration.h \
	lib/image/image.h \
	lib/image/layer.h \
	lib/image/reference.h \
	lib/image/stream.h
