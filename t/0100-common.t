#!/bin/sh
# What holds for every program: --help, --version, wrong options, a standard output that cannot be
# written.
. "${SRCDIR:-.}/t/lib/harness.sh"

for program in $PROGRAMS; do
	expect_status 0 "$program" --help
	is "$(wc -c <err | tr -d ' ')" 0 "$program --help says nothing on standard error"
	has out "Usage: $program" "$program --help begins with its usage"
	is "$(awk 'length > 80' out | wc -l)" 0 "$program --help fits in 80 columns"
	has out 'Exit status' "$program --help tells the exit statuses"
	expect_status 0 "$program" --version
	has out "$program (seatrial) " "$program --version names program and suite"
	expect_trouble "unknown option '--no-such-option'" "$program" --no-such-option
	# as many operands as it wants, so that they are not what it complains of
	set --
	for operand in x y z; do
		set -- "$@" "$operand"
		run "$program" --json --tap "$@"
		grep -q operand err || break
	done
	expect_trouble 'exclude each other' "$program" --json --tap "$@"
	run "$program"
	is "$status" 2 "$program without operands: exit 2"
	is "$(wc -l <err | tr -d ' ')" 1 "$program without operands: one line"
	if [ -c /dev/full ]; then
		"$program" --help >/dev/full 2>err
		is $? 2 "$program --help to a full device: exit 2"
		has err 'standard output' "$program names standard output"
	fi
done

expect_status 0 seatrial --help
expect_status 0 seatrial --version
expect_trouble 'unknown option' seatrial --no-such-option
expect_trouble 'neither an episode' seatrial 19
expect_trouble 'no item 15.99' seatrial -o report 15.99
expect_trouble 'cannot read the settings' seatrial -o report -c no-such-file
echo 'IMAGE=(' >broken.conf
expect_trouble 'broken.conf' seatrial -o report -c broken.conf
expect_trouble "no setting 'IMGAE'" seatrial -o report -s IMGAE=x
expect_trouble 'no IMAGE' seatrial -o report

done_testing
