#!/bin/sh
# make check IMAGE=... BASELINE=... CONFIG=... tries an image from a build tree, as seatrial does where it is installed.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq
need_command prove
[ -f "$BUILDDIR/Makefile" ] && [ -w "$BUILDDIR" ]
need build 'the build tree cannot be written'
# of the make that runs this test
unset MAKEFLAGS MAKELEVEL MFLAGS

mkdir -p root 'a place'
echo x >root/x
pack_layer small.tar root
head -c 100000 /dev/zero >root/y
pack_layer large.tar root
pack_image 'a place/after.tar' small.tar
pack_image 'a place/before.tar' large.tar
printf 'IMAGE=none.tar\nMIN_REDUCTION=90%%\nMAX_LAYERS=1\n' >'a place/trial.conf'

# check VARIABLE=VALUE...
check() {
	run make -s -C "$BUILDDIR" check "REPORT=$T/report" "$@"
}
found() { jq -r --arg id "$1" '.items[$id].status // "none"' report/metrics.json; }

check "IMAGE=$T/a place/after.tar" "BASELINE=$T/a place/before.tar" SEATRIALFLAGS='16.1 16.3 16.4'
is "$status $(found 16.1) $(found 16.3) $(found 16.4)" '0 ok ok ok' 'an image and its baseline'
[ "$status" -eq 0 ] || show_output
is "$(jq -r '.items["16.1"].found' report/metrics.json)" "$T/a place/before.tar and $T/a place/after.tar" 'are what is tried'
check "IMAGE=$T/a place/after.tar" SEATRIALFLAGS='16.1 16.10'
is "$status $(found 16.1) $(found 16.10)" '0 skip ok' 'an image alone'
check "IMAGE=$T/a place/before.tar" "BASELINE=$T/a place/after.tar" SEATRIALFLAGS='16.3'
is "$([ "$status" -ne 0 ] && found 16.3)" fail 'what fails fails make'
# paths count from the settings' folder
check IMAGE=after.tar BASELINE=before.tar "CONFIG=$T/a place/trial.conf" SEATRIALFLAGS='16.3 16.4'
is "$status $(found 16.3) $(jq -r '.items["16.3"].found | sub(".*; "; "")' report/metrics.json)" '0 ok demanded 90%' 'with settings'
[ "$status" -eq 0 ] || show_output
check "IMAGE=$T/a place/after.tar" SEATRIALFLAGS='--strict 16.1 16.10'
is "$([ "$status" -ne 0 ] && found 16.1)" fail 'with an option of seatrial'
check "IMAGE=$T/a place/after.tar" "CONFIG=$T/none.conf"
is "$([ "$status" -ne 0 ] && grep -c "seatrial: cannot read the settings '$T/none.conf'" err)" 1 'settings that are not there fail make'

# a whole trial, of what has nothing to ask
cat >whole.conf <<'END'
HEALTH_PATH=
READY_PATH=
LIVE_PATH=
STABILITY_PERIOD=300ms
INTEGRATION_PERIOD=300ms
START_PERIOD=100ms
END
check "IMAGE=$T/a place/after.tar" "CONFIG=$T/whole.conf"
is "$([ "$status" -ne 0 ] && jq '.items | length' report/metrics.json) $(found 16.7) $(found 15.2)" '64 ok fail' 'without items, all of them'

done_testing
