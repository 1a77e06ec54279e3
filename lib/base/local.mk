libseatrial_a_SOURCES += \
	lib/base/array.c lib/base/array.h \
	lib/base/buf.c lib/base/buf.h \
	lib/base/digest.c lib/base/digest.h \
	lib/base/doc.c lib/base/doc.h \
	lib/base/error.c lib/base/error.h \
	lib/base/notify.c lib/base/notify.h \
	lib/base/options.c lib/base/options.h \
	lib/base/table.c lib/base/table.h \
	lib/base/tap.c lib/base/tap.h \
	lib/base/text.c lib/base/text.h
