libseatrial_a_SOURCES += \
	lib/run/account.c lib/run/account.h \
	lib/run/command.c lib/run/command.h \
	lib/run/container.c lib/run/container.h \
	lib/run/enginelog.c lib/run/enginelog.h \
	lib/run/enginerun.c lib/run/enginerun.h \
	lib/run/enginesweep.c lib/run/enginesweep.h \
	lib/run/health.c lib/run/health.h \
	lib/run/join.c lib/run/join.h \
	lib/run/plan.c lib/run/plan.h \
	lib/run/record.c \
	lib/run/upper.c lib/run/upper.h \
	lib/run/idmap.c lib/run/idmap.h \
	lib/run/inroot.c lib/run/inroot.h \
	lib/run/log.c lib/run/log.h \
	lib/run/ports.c lib/run/ports.h \
	lib/run/program.c lib/run/program.h \
	lib/run/rootcache.c lib/run/rootcache.h \
	lib/run/sandbox.c lib/run/sandbox.h \
	lib/run/attempts.c lib/run/attempts.h \
	lib/run/calls.c lib/run/calls.h \
	lib/run/mounts.c lib/run/mounts.h \
	lib/run/ulimit.c lib/run/ulimit.h \
	lib/run/place.c lib/run/place.h \
	lib/run/procfs.c lib/run/procfs.h \
	lib/run/trace.c lib/run/trace.h \
	lib/run/unpack.c lib/run/unpack.h \
	lib/run/writes.c lib/run/writes.h
