#!/bin/sh
# The papers of a report folder: each says what was decided, nothing that an image says is markup in
# them, and they are written all or none.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/report.sh"
need_command jq
need_command prove

papers='annotations.txt checklist.md codequality.json junit.xml metrics.json report.html report.md report.tap'

made_report r
run trial_report r
is "$status" 1 'what fails is told by the exit status'
[ ! -s err ] || show_output
has out '1 of 3 items fail.' 'and by the summary'
hasnt out "$(printf '\033')" 'which sends no control character to a terminal'
sed -i 's/"it is"/"it is\\n::stop-commands::x"/; s/"status":"ok"/"status":"fail"/' r/results/episode-15.json
run trial_report r
is "$(grep -c '^ *::' out)" 0 'and no line that an image begins, which a CI may take for a command'
made_report r
run trial_report r
is "$(cd r && ls -d -- *.* | tr '\n' ' ')" "$papers " 'every paper is there, and nothing else'
for paper in $papers; do
	iconv -f UTF-8 -t UTF-8 "r/$paper" >/dev/null
	is $? 0 "$paper is UTF-8"
	is "$(LC_ALL=C tr -d '\011\012\040-\377' <"r/$paper" | wc -c | tr -d ' ')" 0 "$paper has no control character"
done

# report.tap
run prove -e cat r/report.tap
is "$status" 1 'report.tap fails with what fails'
has out 'Failed test:  2' 'and with that alone'
has out 'Tests: 3 Failed: 1' 'of three'
has r/report.tap 'ok 3 - 16.2' 'what was skipped'
has r/report.tap '# SKIP no `registry` | <b> says' 'says why, on one line'

# checklist.md
is "$(grep -c '^- \[x\]' r/checklist.md)" 1 'one box is ticked'
has r/checklist.md '- [x] **15.1**' 'that of what holds'
has r/checklist.md '  Holds: it is.' 'with what was measured'
has r/checklist.md '  `````sh' 'the fence is longer than the backticks within'
has r/checklist.md "  sh -c 'echo \`\`\`\` | tr \\\` x'" 'the command that reproduces it'
has r/checklist.md '  **Fails**: \<script\>' 'no markup comes in'
has r/checklist.md '\xFF' 'a byte that is no UTF-8 is told'
is "$(grep -c '^- \[.\] \*\*' r/checklist.md)" 64 'all items are on the list'
is "$(grep -c '^  Not asked for' r/checklist.md)" 61 'also those that were not asked for'

# report.md
has r/report.md '**1 of 3 items fail.**' 'report.md has the verdict'
has r/report.md '- 16.2: no \`registry\` \| \<b\> says' 'the reason of what was not decided'
has r/report.md '| image size, content | 1.0 kB | 250 B | −750 B (−75.0 %) |' 'the closing table, of a skipped item, too'
has r/report.md '| image size, compressed | not known | 99 B |  |' 'where unknown is no number'
has r/report.md '| refused writes | 4 | 2 | −2 (−50.0 %) |' 'and what was refused'
is "$([ "$(wc -l <r/report.md)" -lt 60 ] && echo short)" short 'it is short'
hasnt r/report.md 'Decided by' 'and does not repeat the checklist'

cat >told.pl <<'END'
	binmode STDOUT, ':utf8';
	print TrialPapers::markdown($_), "\n" for 'by @someone, closes #12, a/b#3, GH-4', 'see https://example.org/x or www.example.org', 'app@sha256:00 a # b $x$ 12:30';
END
is "$(PERL5LIB=$SRCDIR/t/lib perl -MTrialPapers told.pl)" 'by @&#8203;someone, closes #&#8203;12, a/b#&#8203;3, GH-&#8203;4
see https:&#8203;//example.org/x or www&#8203;.example.org
app@sha256:00 a # b \$x\$ 12:30' 'nobody is called, and nothing referred to or linked'

# metrics.json and junit.xml
is "$(jq -c '[.schema, .verdict, .counts.holds, .counts.fails, .counts.skipped, .counts.interrupted]' r/metrics.json)" \
	'["seatrial/metrics/1","fails",1,1,1,0]' 'metrics.json counts'
is "$(jq -c '.figures.content_bytes, .figures.compressed_bytes, .items["15.7"].values.refused' r/metrics.json | tr '\n' ' ')" \
	'{"after":250,"before":1000} {"after":99,"before":null} 2 ' 'and has the exact values'
is "$(jq -r '.items["15.1"].commands[0], .items["15.1"].evidence[0]' r/metrics.json | tr '\n' ' ')" \
	'image-size --json a.tar evidence/15-run.json ' 'with commands and evidence'
run test-tally --json r/junit.xml
is "$(jq -c '.tests | [.total, .passed, .failed, .skipped, .errors]' out)" '[3,1,1,1,0]' 'junit.xml counts the same'
has out ']]>' 'and keeps the text'

# report.html
hasnt r/report.html '<script' 'the page has no script'
hasnt r/report.html '<img' 'and no picture from elsewhere'
has r/report.html '&#60;script&#62;alert(1)' 'what would be one is text'
has r/report.html '\x01' 'a control character is told'
is "$(grep -oE '(src|href)=.(https?:|//)' r/report.html | wc -l | tr -d ' ')" 0 'it asks no network for anything'
has r/report.html 'evidence/15-line.log' 'a line of a megabyte'
has r/report.html 'evidence/15-long.log' 'and a hundred thousand lines'
is "$(grep -c '^<p>Cut: the whole of it is in the file <code>evidence/15-\(line\|long\|cut\|few\|wide\)' r/report.html)" 5 'are cut, and it says so'
is "$(grep -c '^<p>Cut: the whole of it is in the file <code>evidence/15-whole' r/report.html)" 0 'what is whole is not said to be cut'
is "$([ "$(wc -c <r/report.html)" -lt 400000 ] && echo small)" small 'so that the page stays small'
is "$(sed -n '/15-cut.log<.code> <span/,/<.details>/p' r/report.html | grep -c '\\xC3')" 0 'a cut splits no character'
has r/report.html '<svg id="picture-15-run-svg"' 'the timeline is in the page'
has r/report.html 'aria-labelledby="picture-15-run-svg-title"' 'with ids of its own'
has r/report.html '#picture-15-run-svg .t,#picture-15-run-svg .u{fill:#123}' 'and a style of its own'
has r/report.html '@media screen and (prefers-color-scheme:dark){#picture-15-run-svg .t{' 'in the dark, too'
hasnt r/report.html '<rect onload=' 'a picture with more than a picture is left out'
has r/report.html 'class="failed" d="M300.0 0V60"' 'an answer that did not come is in the picture of latencies'
has r/report.html '<rect class="less" x="0.00"' 'bars of directories to scale'
is "$(grep -o '<rect class="tint-0" x="0.00" y="0" width="[0-9.]*"' r/report.html | tr '\n' ' ')" \
	'<rect class="tint-0" x="0.00" y="0" width="600.00" <rect class="tint-0" x="0.00" y="0" width="250.00" ' 'and bars of layers, both to one'
has r/report.html 'And 30 more in evidence/15-run.json' 'a long timeline is cut in the table'

made_report layers
jq '.layers = [range(1000) | {index: ., instruction: "RUN \(.)", content_bytes: 1000}]' layers/evidence/16-sizes.json >sizes.json &&
	mv sizes.json layers/evidence/16-sizes.json
run trial_report layers
has layers/report.html '<p>And 872 more in evidence/16-sizes.json.</p>' 'a thousand layers are cut'
is "$(grep -c 'Layer [0-9]*, 1.0 kB: RUN' layers/report.html)" 128 'in the picture, too'
has layers/report.html '<code>RUN 127</code>' 'instructions are as they were written'

# an interrupted trial
made_report cut
ITEMS='15.1 15.2 17.1' run trial_report cut
is "$status" 2 'what was not reached is no pass'
for paper in checklist.md report.html report.md metrics.json junit.xml report.tap; do
	has "cut/$paper" interrupted "$paper says so"
done
is "$(jq -c '[.verdict, .items["15.2"].status, .items["17.1"].status, .items["15.1"].status]' cut/metrics.json)" \
	'["undecided","interrupted","interrupted","ok"]' 'by item'
has cut/checklist.md '- [ ] **15.2**' 'no box is ticked for it'
is "$(grep -c '^not ok' cut/report.tap)" 2 'nor is it a SKIP, which would be counted as good'
run test-tally --json cut/junit.xml
is "$(jq -c '.tests | [.total, .passed, .errors]' out)" '[3,1,2]' 'nor a passed test'
ITEMS='15.1 15.7 15.2' run trial_report cut
is "$status" 1 'what fails comes first'
has out '1 of 3 items fail; interrupted: 1 of 3' 'and both are said'
ITEMS=16.2 run trial_report cut
is "$status" 2 'nothing decided is no pass'

# all or none
sums() { (cd "$1" && sha256sum -- *.*); }
sums r >before
printf '{"items":[' >r/results/episode-15.json
expect_trouble "cannot read 'r/results/episode-15.json'" trial_report r
sums r >after
is "$(cat after)" "$(cat before)" 'broken results leave the earlier report whole'
made_report r
perl -pi -e 's/it is/it was/' r/results/episode-15.json
for limit in 1 8 60; do
	run env SEATRIAL_SETTINGS='{"IMAGE":"a"}' SEATRIAL_CHECKLISTS="$SRCDIR/checklists" SEATRIAL_ITEMS='15.1 15.7 16.2' \
		sh -c 'ulimit -f "$2"; exec perl "$1" r' sh "$SRCDIR/t/lib/trial-report" "$limit"
	is "$status $(wc -l <err | tr -d ' ')" '2 1' "no room beyond $limit blocks: one line"
	has err "seatrial: cannot write 'r/" 'names the file'
	sums r >after
	is "$(cat after)" "$(cat before)" 'and the earlier report stays whole, with nothing beside it'
done
cat >full.sh <<'EOF_SH'
mount -t tmpfs -o size=200k none small && cp -r r/results small/ && mkdir small/evidence && echo old >small/report.html || exit 77
head -c 150k /dev/zero >small/ballast
SEATRIAL_SETTINGS='{"IMAGE":"a"}' SEATRIAL_CHECKLISTS=$SRCDIR/checklists perl "$SRCDIR/t/lib/trial-report" small 2>full.err
echo "$? $(cat small/report.html) $(ls small | tr '\n' ' ')" >full.out
EOF_SH
mkdir small
if unshare -rm sh full.sh >/dev/null 2>&1; then
	is "$(cat full.out)" '2 old ballast evidence report.html results ' 'a full disk leaves the earlier report'
	is "$(sed "s/'small[^']*'/FILE/" full.err)" 'seatrial: cannot write FILE: No space left on device' 'and says so'
else
	skip 'a full disk leaves the earlier report' 'no mount in a user namespace'
fi
run sh -c '"$@" >/dev/full' sh env SEATRIAL_SETTINGS='{"IMAGE":"a"}' SEATRIAL_CHECKLISTS="$SRCDIR/checklists" SEATRIAL_ITEMS=15.1 \
	perl "$SRCDIR/t/lib/trial-report" r
is "$status" 2 'a summary that cannot be written is trouble'

done_testing
