libseatrial_a_SOURCES += \
	lib/image/configuration.h \
	lib/image/image.h \
	lib/image/layer.h \
	lib/image/reference.h \
	lib/image/rootfs.c lib/image/rootfs.h \
	lib/image/stream.h \
	lib/image/tree.c lib/image/tree.h
