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

# the settings, each with its default
page=$SRCDIR/man/seatrial.conf.5
ok 'seatrial.conf.5 is clean' mandoc -Tlint -Wwarning "$page"
seatrial --settings >settings
sed 's/ .*//' settings | sort >settings.table
sed -n 's/^\.It Ev \([A-Z_]*\)$/\1/p' "$page" | sort >settings.page
is "$(comm -3 settings.table settings.page | tr '\n' ' ')" '' 'every setting is in its manual, once, and no other'
wrong=
while read -r name _; do
	# the table has a list on one line
	default=$(sed -n "s/^$name  *\"\([^\"]*\)\".*/\1/p" settings)
	told=$(awk -v name=".It Ev $name" '$0 == name { on = 1; next } /^\.(It|El)/ { on = 0 } on && /^\.Dq Li/ { print $3 ($4 == "." || $4 == "," ? "" : " " $4) }' "$page" |
		tr '\n' ' ' | sed 's/ $//')
	[ "$default" = "$told" ] || wrong="$wrong $name ($default, $told)"
done <settings
is "$wrong" '' 'each with its default'
has "$SRCDIR/man/seatrial.1" 'Xr seatrial.conf 5' 'seatrial.1 leads there'

done_testing
