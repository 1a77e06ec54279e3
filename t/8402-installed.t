#!/bin/sh
# What make install puts somewhere works from there, on a project anywhere, and make uninstall takes it away again.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command mandoc
need_command prove
[ -f "$BUILDDIR/Makefile" ] && [ -w "$BUILDDIR" ]
need build 'the build tree cannot be written'

place="$PWD/a place"
ok 'make install' make -s -C "$BUILDDIR" install "DESTDIR=$place" prefix=/opt/sea
tree="$place/opt/sea"
[ -x "$tree/bin/seatrial" ] || { make -s -C "$BUILDDIR" install "DESTDIR=$place" prefix=/opt/sea >out 2>err; show_output; }
for program in $PROGRAMS seatrial; do
	[ -x "$tree/bin/$program" ] && [ -f "$tree/share/man/man1/$program.1" ] || fail "$program is installed with its manual"
done
for file in man/man5/seatrial.conf.5 man/man7/seatrial.7 bash-completion/completions/ro-run zsh/site-functions/_ro-run fish/vendor_completions.d/ro-run.fish; do
	ok "$file is installed" test -f "$tree/share/$file"
done
wrong=
for page in "$tree"/share/man/man?/*; do
	mandoc -Tlint -Wwarning "$page" >lint || wrong="$wrong ${page##*/}"
	mandoc -Tascii "$page" | grep -q 'NAME\|N.NA.AM.ME.E' || wrong="$wrong ${page##*/}"
done
is "$wrong" '' 'the manuals can be read'

# in its final place there is no build tree to lean on; what it was configured for may be below that
prefix=$(sed -n 's/^prefix = //p' "$BUILDDIR/Makefile")
is "$(grep -rohI -e "${SRCDIR}[^' \"]*" -e "${BUILDDIR}[^' \"]*" "$tree" | grep -v "^$prefix/share/seatrial" | sort -u)" '' \
	'no text names the source or the build tree'

# it works wherever it was moved to, and by its path alone
mkdir moved && cp -r "$tree/share" "$tree/bin" moved/
mkdir -p 'my project/root' && cd 'my project' || exit 1
echo x >root/x && tar -C root -cf layer.tar .
PACK_CONFIG='{"Cmd":["/x"],"User":"1000"}' pack_image app.tar layer.tar
printf 'FROM scratch\nCOPY x /x\nUSER 1000\nCMD ["/x"]\n' >Dockerfile
away() {
	program=$1
	shift
	run env -u SEATRIAL_HOME -u SEATRIAL_RULES PATH=/usr/bin:/bin "$T/moved/bin/$program" "$@"
}
away seatrial init --image app.tar
is "$status $(cat err)" '0 ' 'seatrial init from there'
away seatrial plan
is "$status $(grep -c '^16.11 *decided' out)" '0 1' 'seatrial plan'
# the rules, the checklists and the episodes are the installed ones
away seatrial -q 16.7 16.11 18.20
is "$status" 1 'a trial'
[ "$status" -eq 1 ] || show_output
is "$(jq -r '.items | map_values(.status) | to_entries | map("\(.key)=\(.value)") | sort | join(" ")' seatrial-report/metrics.json)" \
	'16.11=ok 16.7=ok 18.20=fail' 'is decided'
is "$(jq -r '.items["18.20"].found' seatrial-report/metrics.json | grep -c "cannot execute '/x'")" 1 'and what cannot run is said'
ok 'its page is there' test -s seatrial-report/report.html
is "$(grep -c "$SRCDIR" seatrial-report/report.html seatrial-report/checklist.md | tr '\n' ' ')" 'seatrial-report/report.html:0 seatrial-report/checklist.md:0 ' \
	'nothing of it leads to the source tree'
away layer-grep --deny --rules secrets app.tar
is "$status" 0 'a utility finds its rules'
cd ..

ok 'make uninstall' make -s -C "$BUILDDIR" uninstall "DESTDIR=$place" prefix=/opt/sea
is "$(find "$place" ! -type d)" '' 'leaves no file'

done_testing
