libseatrial_a_SOURCES += \
	lib/image/blob.c lib/image/blob.h \
	lib/image/codec.c lib/image/codec.h \
	lib/image/configuration.c lib/image/configuration.h \
	lib/image/daemon.c lib/image/daemon.h \
	lib/image/entry.c lib/image/entry.h \
	lib/image/files.c lib/image/files.h \
	lib/image/gzipsize.c lib/image/gzipsize.h \
	lib/image/image.c lib/image/image.h \
	lib/image/layer.c lib/image/layer.h \
	lib/image/manifest.c lib/image/manifest.h \
	lib/image/members.c lib/image/members.h \
	lib/image/pass.c lib/image/pass.h \
	lib/image/path.c lib/image/path.h \
	lib/image/platform.c lib/image/platform.h \
	lib/image/reference.c lib/image/reference.h \
	lib/image/remote.c lib/image/remote.h \
	lib/image/rootfs.c lib/image/rootfs.h \
	lib/image/source.c lib/image/source.h \
	lib/image/store.c lib/image/store.h \
	lib/image/stream.c lib/image/stream.h \
	lib/image/tar.c lib/image/tar.h \
	lib/image/toc.c lib/image/toc.h \
	lib/image/transport.h \
	lib/image/tree.c lib/image/tree.h \
	lib/image/walk.c

EXTRA_DIST += docs/deviations.md
