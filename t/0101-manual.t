#!/bin/sh
# --help and the manual page name the same options, and every page is free of mandoc's warnings.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command mandoc

for program in $PROGRAMS seatrial; do
	page=$SRCDIR/man/$program.1
	[ -f "$page" ] || {
		fail "$program has a manual page"
		continue
	}
	ok "$program.1 is clean" mandoc -Tlint -Wwarning "$page"
	"$program" --help >help
	grep -o -- '--[a-z][a-z0-9-]*' help | sort -u >options.help
	mandoc -Tascii "$page" | sed 's/.\x08//g' | awk '/^DESCRIPTION/ { on = 1 } /^(EXIT STATUS|EXAMPLES)/ { on = 0 } on' |
		grep -oE -- '(^| |,)--[a-z][a-z0-9-]*' | grep -oE -- '--[a-z].*' | sort -u >options.page
	is "$(comm -23 options.help options.page | tr '\n' ' ')" '' "every option of $program is in its manual"
	is "$(comm -13 options.help options.page | tr '\n' ' ')" '' "its manual names no other option"
	has "$page" 'Sh EXIT STATUS' "$program.1 tells the exit status"
	has "$page" 'Sh EXAMPLES' "$program.1 has examples"
done

done_testing
