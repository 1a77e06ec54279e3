#!/bin/sh
# test-tally --baseline: what passed before and fails now, what is gone, what is skipped now.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command jq

suite() {
	printf '<testsuite name="pytest">'
	for test in "$@"; do
		name=${test%%=*}
		case $test in
		*=fail) echo "<testcase classname='tests.m' name='$name'><failure message='no'/></testcase>" ;;
		*=error) echo "<testcase classname='tests.m' name='$name'><error message='no'/></testcase>" ;;
		*=skip) echo "<testcase classname='tests.m' name='$name'><skipped/></testcase>" ;;
		*) echo "<testcase classname='tests.m' name='$name'/>" ;;
		esac
	done
	printf '</testsuite>'
}

names='"\(.regressions | join(" "))/\(.gone | join(" "))/\(.skipped_now | join(" "))"'

suite a b c d=fail e=skip >before.xml

suite a b c d=fail e=skip >after.xml
expect_status 1 test-tally --json --baseline before.xml after.xml
is "$(json out "$names")" '//' 'what failed before is no regression'
is "$(json out '.checks[] | "\(.name) \(.holds)"' | tr '\n' ' ')" 'tests false regressions true ' 'but it fails'

suite c b a d e >after.xml
expect_status 0 test-tally --json --baseline before.xml after.xml
is "$(json out '.checks[] | "\(.name) \(.holds)"' | tr '\n' ' ')" 'tests true regressions true ' 'order does not matter'
is "$(json out '.baseline[0].file')" before.xml 'the baseline is named'

suite a=error c=fail b d e >after.xml
expect_status 1 test-tally --json --baseline before.xml after.xml
is "$(json out "$names")" 'tests.m.a tests.m.c//' 'regressions, in the order of the report'
is "$(json out '.checks[1] | "\(.name) \(.holds) \(.value) \(.limit)"')" 'regressions false 2 0' 'the check'
expect_status 1 test-tally --tap --baseline before.xml after.xml
has out 'not ok 2 - no test that passed before fails now' 'TAP'
expect_status 1 test-tally --baseline before.xml after.xml
has out 'FAILS  regressions  2 of 3 that passed before; 0 gone, 0 skipped now' 'text'
is "$(sed -n '/^passed before and do not now:/,$p' out)" 'passed before and do not now:
  tests.m.a
  tests.m.c' 'with the names'

suite a=skip d e new >after.xml
expect_status 0 test-tally --json --baseline before.xml after.xml
is "$(json out "$names")" '/tests.m.b tests.m.c/tests.m.a' 'gone and skipped are told and are no failure'
expect_status 0 test-tally --baseline before.xml after.xml
has out 'passed before and are gone:' 'gone in the text'
has out 'passed before and are skipped now:' 'skipped in the text'

# pytest could not import the module: its tests are not gone, they do not pass
printf '<testsuite name="pytest"><testcase classname="" name="tests.m"><error message="collection failure"/></testcase></testsuite>' >after.xml
expect_status 1 test-tally --json --baseline before.xml after.xml
is "$(json out "$names")" 'tests.m.a tests.m.b tests.m.c//' 'tests of a module that cannot be read are regressions'
# another module of a longer name is another module
printf '<testsuite name="pytest"><testcase classname="" name="tests.mm"><error message="collection failure"/></testcase></testsuite>' >after.xml
expect_status 1 test-tally --json --baseline before.xml after.xml
is "$(json out "$names")" '/tests.m.a tests.m.b tests.m.c/' 'a module of a longer name does not hold them'

# several reports on both sides
suite a >one.xml
suite b=fail c >two.xml
suite a >old1.xml
suite b c >old2.xml
expect_status 1 test-tally --json --baseline old1.xml --baseline old2.xml one.xml two.xml
is "$(json out "$names")" 'tests.m.b//' 'several reports on both sides'
is "$(json out '[.baseline[].file] | join(" ")')" 'old1.xml old2.xml' 'all baselines are named'

# a big suite, in another order
awk 'BEGIN { print "<testsuite>"; for (i = 0; i < 50000; i++) print "<testcase classname=\"k\" name=\"t" i "\"/>"; print "</testsuite>" }' >big1.xml
awk 'BEGIN { print "<testsuite>"; for (i = 49999; i >= 0; i--) print "<testcase classname=\"k\" name=\"t" i "\">" (i == 4711 ? "<error/>" : "") "</testcase>"; print "</testsuite>" }' >big2.xml
expect_status 1 test-tally --json --baseline big1.xml big2.xml
is "$(json out "$names")" 'k.t4711//' 'one of 50,000'

suite a >after.xml
printf 'SF:a.c\nDA:1,1\nend_of_record\n' >cov.info
printf '<testsuite/>' >empty.xml
expect_trouble 'cov.info: the baseline is no report of tests (lcov)' test-tally --baseline cov.info after.xml
expect_trouble 'none of the files is a report of tests' test-tally --baseline before.xml cov.info
expect_trouble 'empty.xml: no test in the baseline' test-tally --baseline empty.xml after.xml
expect_trouble "missing.xml" test-tally --baseline missing.xml after.xml
head -c 60 before.xml >cut.xml
expect_trouble 'cut.xml: line' test-tally --baseline cut.xml after.xml

done_testing
