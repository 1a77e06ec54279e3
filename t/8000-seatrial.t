#!/bin/sh
# The example goes through the episodes: before fails where the story says, after passes, and the report
# folder holds what it should.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command mmdebstrap
need_command jq
need_command prove

OUT=$BUILDDIR/example
export OUT
ok 'the example'"'"'s images are built' "$SRCDIR/examples/webhook/build-images" "$OUT"
conf=$SRCDIR/examples/webhook/seatrial.conf

run seatrial -c "$conf" -o before -s "IMAGE=$OUT/before.tar" -s BASELINE= 15
is "$status" 1 'before fails Episode 15'
for item in 15.2 15.3 15.4 15.7 15.8 15.11; do
	jq -r --arg id "$item" '.items[$id].status' before/metrics.json >"status.$item"
done
is "$(cat status.15.7 status.15.8 status.15.11 | tr '\n' ' ')" 'fail fail fail ' 'in 15.7, 15.8 and 15.11'
has before/tap/episode-15.tap 'mkdir /home/appuser/.cache by uv' 'with path and process'
has before/tap/episode-15.tap 'Read-only file system (os error 30)' 'and the line of the log'
is "$(jq -r '.items["15.14"].status' before/metrics.json)" fail 'it fails with the cache alone read-only, too'
has before/report.md '15.7' 'the report names the item'
hasnt before/checklist.md '[x] **15.7**' 'whose box is not ticked'
has before/checklist.md '[x] **15.1**' 'while that of 15.1 is'

run seatrial -c "$conf" -o after
is "$status" 0 'after passes all that is decided'
[ "$status" -eq 0 ] || show_output
for file in report.md metrics.json junit.xml tap/episode-15.tap tap/episode-16.tap tap/episode-17.tap tap/episode-18.tap \
	checklist.md report.tap report.html evidence/15-run.json evidence/15-run.svg evidence/18-run.svg; do
	[ -s "after/$file" ]
	is $? 0 "the report has $file"
done
is "$(jq '.items | length' after/metrics.json)" 64 'metrics.json has all 64 items'
is "$(jq '[.items[] | select(.status == "ok")] | length > 50' after/metrics.json)" true 'more than 50 of them hold'
is "$(jq '.figures.refused_writes | "\(.before) \(.after)"' after/metrics.json)" '"1 0"' 'refused writes before and after'
[ ! -s after/evidence/15-before.err ] || diag "before: $(cat after/evidence/15-before.err)"
is "$(jq '.figures.content_bytes | .after < 0.7 * .before' after/metrics.json)" true 'and sizes'
is "$(grep -c '^- \[x\] \*\*15\.' after/checklist.md)" 15 'every box of Episode 15 is ticked'
run test-tally --json after/junit.xml
is "$(jq -c '.tests | [.total, .failed]' out)" '[64,0]' 'junit.xml counts the same'
ok 'every stream is good TAP' prove -e cat after/report.tap after/tap/*.tap

run seatrial -q --strict -c "$conf" -o strict 18.29 17.7
is "$status" 1 '--strict fails on what is not decided'
has out '18.29 fails: not decided (--strict)' 'and names it'
run seatrial -q -c "$conf" -o some 16.1 17.7
is "$status" 0 'items may be picked'
is "$(jq -c '.items | keys' some/metrics.json)" '["16.1","17.7"]' 'and nothing else is decided'
run seatrial -q -c "$conf" -o skip 18.29
is "$status" 2 'nothing decided is no pass'
run seatrial -q -c "$conf" -o lint -s DOCKERFILE=Dockerfile.before -s "IMAGE=$OUT/before.tar" -s PORT=5001 \
	17.4 18.17 18.18 18.19 18.23 18.27
is "$(jq -c '[.items | to_entries[] | select(.value.status == "fail") | .key] | sort' lint/metrics.json)" \
	'["17.4","18.17","18.18","18.19","18.27"]' 'image-lint fails the one before, where it is to'
is "$(jq -r '.items["18.19"].found' lint/metrics.json)" \
	"$(sed -n '/^CMD/=' "$SRCDIR/examples/webhook/Dockerfile.before" | sed 's/.*/Dockerfile.before:&: the program is started by '"'uv run'"' [start-calls-package-manager]/')" 'with place and reason'
run seatrial -q -c "$conf" -o gone -s IMAGE=no-such-image 15.1
is "$status" 1 'an image that is not there fails'
is "$(jq -r '.items["15.1"].found' gone/metrics.json | cut -c 1-49)" 'could not be decided: image-size: no-such-image: ' 'with the words of the utility'
run seatrial -q -c "$conf" -o gone -s IMAGE=./gone.tar 15.1 15.2 15.3 15.4 16.7 18.30
has out "15.1-15.4, 16.7 fail: could not be decided: ./gone.tar: cannot open './gone.tar': No such file or directory" 'what many items fail of is said once'
has gone/report.md '- **15.1-15.4, 16.7** could not be decided: ./gone.tar' 'in the report, too'
has gone/report.html '<li><a href="#item-15.1">15.1</a>, <a href="#item-15.2">15.2</a>' 'and on its page'

# every setting that the script knows is documented, and its list is the manual's
run seatrial --settings
is "$status" 0 '--settings'
is "$(awk 'NF < 3' out | wc -l | tr -d ' ')" 0 'every setting has a default and a meaning'
for name in $(sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$conf"); do
	grep -q "^$name " out || fail "the example sets '$name', which seatrial does not know"
done

# what ro-run says of a log line decides, and a line of which it says nothing decides nothing
cat >log.pl <<'EOF'
	my @log = map { { text => $_->[0], json => $_->[1], level => $_->[2], sign => $_->[3] } }
		['{"level":"info"}', 1, 'info', undef], ['{"level":"x"}', 1, undef, undef], ['a', 0, 'error', 'read-only'],
		['b', 0, 'critical', 'no-temporary-directory'], ['c', 0, 'warning', 'cache'], ['d', 0, undef, 'cannot-write'];
	$log[2]{signs} = ['read-only', 'cache'];
	my $run = { log => \@log };
	print scalar(log_errors($run)), scalar(log_read_only($run)), scalar(log_cache_warnings($run)), scalar(log_not_json($run)), "\n";
	my ($kept, $rest) = log_errors({ log => [ $log[2] ], log_truncated => 1, duration_ms => 9,
		log_summary => { levels => { error => 3, critical => 1 } } });
	print "$rest->{text}\n";
	for my $decide (\&log_errors, \&log_read_only, \&log_cache_warnings, \&log_not_json) {
		print eval { $decide->({ log => [ { text => 'ERROR' } ] }); 1 } ? 'decided' : 'died', "\n";
	}
EOF
PERL5LIB=$SRCDIR/t/lib perl -MTrialRun log.pl >decided
is "$(tr '\n' ' ' <decided)" '2225 and 3 more behind what was kept of the log died died died died ' 'a log is judged by what ro-run says of its lines'

done_testing
