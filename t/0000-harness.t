#!/bin/sh
# The harness itself: a test that cannot fail proves nothing, so here every way to fail does.
. "${SRCDIR:-.}/t/lib/harness.sh"

# A test file of its own, run apart; its TAP lands in `inner`, its status in $status.
inner() {
	{
		# shellcheck disable=SC2016
		echo '. "$SRCDIR/t/lib/harness.sh"'
		cat
		echo done_testing
	} >inner.sh
	sh inner.sh >inner 2>inner.err
	status=$?
}

fails_as() {
	is "$status" 1 "$1: the file fails"
	has inner "not ok 1 - " "$1: so does the test"
}

inner <<'E'
expect_status 0 true
skip_all 'nothing more to do it with'
E
is "$status $(grep -c '^ok' inner) $(tail -n 1 inner)" '0 2 1..2' 'what is skipped behind tests is one of them'

inner <<'E'
expect_status 0 false
skip_all 'nothing more to do it with'
E
fails_as 'a failure before the rest is skipped'

inner <<'E'
expect_status 0 false
E
fails_as 'a wrong exit status'
has inner '# expected exit status: 0' 'expected is told'
has inner '# actual exit status: 1' 'actual is told'

inner <<'E'
expect_status 2 sh -c 'kill -SEGV $$'
E
fails_as 'a signal where 2 was expected'

inner <<'E'
expect_status 2 sh -c 'echo "x.c:1:2: runtime error: shift" >&2; exit 2'
E
fails_as 'a sanitizer report behind the right status'

inner <<'E'
expect_trouble 'no such' sh -c 'echo one >&2; echo no such >&2; exit 2'
E
fails_as 'two lines of diagnostics'

inner <<'E'
expect_trouble 'no such' sh -c 'echo result; echo no such >&2; exit 2'
E
fails_as 'a result beside trouble'

inner <<'E'
is one two 'the same'
E
fails_as 'is'

inner <<'E'
echo text >file
has file other 'there'
E
fails_as 'has'

inner <<'E'
echo text >file
hasnt file text 'not there'
E
fails_as 'hasnt'

inner <<'E'
ok 'a command' false
E
fails_as 'ok'

inner </dev/null
fails_as 'no test at all'

SEATRIAL_REQUIRE=thing
export SEATRIAL_REQUIRE
inner <<'E'
false
need thing 'no thing here'
E
fails_as 'a missing thing that is required'
unset SEATRIAL_REQUIRE
inner <<'E'
false
need thing 'no thing here'
E
has inner '1..0 # SKIP no thing here' 'a missing thing that is not required skips the file'
is "$status" 0 'and passes'

inner <<'E'
pass 'name # TODO one day'
fail 'name # TODO one day'
E
has inner 'ok 1 - name \# TODO one day' 'a hash in a name is escaped'
is "$(prove -e cat inner >/dev/null 2>&1 && echo passed || echo failed)" failed 'so that prove sees the failure'

done_testing
