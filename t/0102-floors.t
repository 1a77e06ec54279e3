#!/bin/sh
# The house: each file uses only what stands below it, every header compiles alone, scripts are
# free of warnings.
. "${SRCDIR:-.}/t/lib/harness.sh"

floor_of() {
	case $1 in
	base/*) echo 0 ;;
	net/*) echo 1 ;;
	image/*) echo 2 ;;
	run/* | file/*) echo 3 ;;
	check/*) echo 4 ;;
	*) echo 9 ;;
	esac
}

(cd "$SRCDIR/lib" && grep -n '^#include "[a-z]*/[a-z]*[a-z_-]*\.h"' ./*/*.[ch]) | sed 's|^\./||; s/:#include "/ /; s/"$//; s/:/ /' >includes
: >wrong
while read -r file line header; do
	if [ "$(floor_of "$header")" -gt "$(floor_of "$file")" ]; then
		echo "$file:$line includes $header" >>wrong
	fi
	# the two halves of floor 3 do not know each other
	case $file:$header in
	run/*:file/* | file/*:run/*) echo "$file:$line includes $header" >>wrong ;;
	esac
done <includes
is "$(cat wrong)" '' 'nobody reaches up'
is "$([ "$(wc -l <includes)" -gt 20 ] && echo seen)" seen 'and the includes were seen at all'

cat >flags.mk <<'MAKE'
include $(BUILDDIR)/Makefile
flags-for-headers:
	@echo $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(DEPS_CFLAGS) $(CMOCKA_CFLAGS) -std=gnu11
MAKE
flags=$(cd "$BUILDDIR" && make -s --no-print-directory -f "$T/flags.mk" flags-for-headers)
for header in "$SRCDIR"/lib/*/*.h "$SRCDIR"/bin/*.h; do
	name=${header#"$SRCDIR"/}
	# shellcheck disable=SC2086
	(cd "$BUILDDIR" && ${CC:-cc} $flags -I"$SRCDIR/bin" -Werror -fsyntax-only -x c -include config.h "$header") >ok.out 2>&1
	is $? 0 "$name compiles alone"
	[ ! -s ok.out ] || head -n 5 ok.out | sed 's/^/# /'
done

is "$(cd "$SRCDIR" && grep -ln '\<exit(' lib/*/*.c | grep -v '^lib/run/' | tr '\n' ' ')" '' 'the library never exits'
is "$(cd "$SRCDIR" && grep -nE '\<(printf|puts|putchar|perror)\(' lib/*/*.c | tr '\n' ' ')" '' 'the library never prints by itself'

# What a cleanup releases must be there before anything can leave.
# shellcheck disable=SC2016
is "$(cd "$SRCDIR" && perl -ne '
	if (/auto_buf struct buf (\w+);/) { $open{$1} = $. }
	for my $name (keys %open) { delete $open{$name} if /\b(?:buf_init|\w+_new|\w+_read|make_\w+)\(&$name\b/ }
	if (/\b(?:return|continue|goto)\b/ && %open) { print "$ARGV:$.: ", join(",", sort keys %open), "\n"; %open = () }
	if (eof) { close ARGV; %open = () }
' lib/*/*.c bin/*.c)" '' 'no buffer is left before it has begun'

if command -v shellcheck >/dev/null 2>&1; then
	for script in "$SRCDIR"/bootstrap "$SRCDIR"/bin/seatrial.in "$SRCDIR"/t/lib/*.sh "$SRCDIR"/t/[0-9]*.t "$SRCDIR"/bench/*; do
		head -n 1 "$script" | grep -q 'sh$\|shellcheck' || continue
		ok "shellcheck ${script##*/}" shellcheck -S warning -s sh -e SC1091,SC2154 "$script"
	done
fi

done_testing
