#!/bin/sh
# test-tally on the results of tests: the dialects that runners write, what is told of them, and the
# exit status.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command jq

counts='.tests | "\(.total) \(.passed) \(.failed) \(.errors) \(.skipped)"'

# counted FILE STATUS "TOTAL PASSED FAILED ERRORS SKIPPED" NAME
counted() {
	expect_status "$2" test-tally --json "$1"
	is "$(json out "$counts")" "$3" "$4"
}

cat >pytest.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.068" timestamp="2026-01-02T03:04:05" hostname="h"><testcase classname="tests.test_a" name="test_ok" time="0.001" /><testcase classname="tests.test_a" name="test_param[a.b]" time="0.002"><failure message="AssertionError: one&#10;  is not two">&gt;   assert 1 == 2
tests/test_a.py:9: AssertionError</failure></testcase><testcase classname="tests.test_a" name="test_teardown" time="0.000"><error message="failed on teardown">x</error></testcase><testcase classname="tests.test_a.TestK" name="test_skip" time="0.000"><skipped type="pytest.skip" message="no">t</skipped></testcase></testsuite></testsuites>
XML
counted pytest.xml 1 '4 1 1 1 1' 'pytest'
is "$(json out '.tests.failures[0] | .name, .outcome, .file, .message')" \
	'tests.test_a.test_param[a.b]
failed
pytest.xml
AssertionError: one
  is not two' 'pytest: a failure with its name and message'
is "$(json out '.tests.duration_ms')" 3 'pytest: times are added up'
is "$(json out '.files[0].format, .verdict, (.notes | length)' | tr '\n' ' ')" 'junit fails 0 ' 'pytest: no disagreement'
is "$(json out '.checks[] | "\(.name) \(.holds) \(.value) \(.limit)"')" 'tests false 2 0' 'pytest: the check'

cat >surefire.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="surefire-test-report.xsd" version="3.0" name="com.x.FooTest" time="1,234.5" tests="3" errors="0" skipped="0" failures="1">
  <properties><property name="java.version" value="17"/></properties>
  <testcase name="flaky" classname="com.x.FooTest" time="0.1">
    <flakyFailure message="once" type="AssertionError"><stackTrace><![CDATA[at <x>]]></stackTrace></flakyFailure>
  </testcase>
  <testcase name="bad" classname="com.x.FooTest" time="1,000.5">
    <failure type="AssertionError"><![CDATA[expected: <1> but was: <2>
	at com.x.FooTest.bad(FooTest.java:9)]]></failure>
    <rerunFailure message="again"/>
    <system-out><![CDATA[<failure/>]]></system-out>
  </testcase>
  <testcase name="good" classname="com.x.FooTest" time="0"/>
</testsuite>
XML
counted surefire.xml 1 '3 2 1 0 0' 'Surefire: retried until it passed is passed'
is "$(json out '.tests.failures[0].details' | head -n 1)" 'expected: <1> but was: <2>' 'Surefire: the text of a failure'
is "$(json out '.tests.duration_ms')" 1000600 'Surefire: grouped digits'

cat >gotestsum.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="2" errors="0" time="0.2">
	<testsuite tests="2" failures="1" time="0.1" name="example.org/m/calc" timestamp="2026-01-02T03:04:05Z">
		<properties><property name="go.version" value="go1.22"></property></properties>
		<testcase classname="example.org/m/calc" name="TestAdd" time="0.000000"></testcase>
		<testcase classname="example.org/m/calc" name="TestSub/zero" time="0.000000">
			<failure message="Failed" type="">=== RUN   TestSub/zero&#xA;    calc_test.go:9: want 0&#xA;--- FAIL: TestSub/zero (0.00s)&#xA;</failure>
		</testcase>
	</testsuite>
	<testsuite tests="1" failures="1" time="0.1" name="example.org/m/net">
		<testcase classname="" name="TestMain" time="0.000000"><failure message="Failed" type="">panic: no net&#xA;</failure></testcase>
	</testsuite>
</testsuites>
XML
counted gotestsum.xml 1 '3 1 2 0 0' 'gotestsum'
is "$(json out '.tests.failures[] | "\(.name): \(.message)"')" \
	'example.org/m/calc.TestSub/zero: calc_test.go:9: want 0
example.org/m/net > TestMain: panic: no net' 'gotestsum: the reason instead of "Failed"'

cat >jest.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="2" failures="0" errors="1" time="1.5">
  <testsuite name="adds" errors="0" failures="0" skipped="1" timestamp="2026-01-02T03:04:05" time="0.5" tests="2">
    <testcase classname="adds one" name="adds one" time="0.003"></testcase>
    <testcase classname="adds two" name="adds two" time="0"><skipped/></testcase>
  </testsuite>
  <testsuite name="src/app.test.js" errors="1" failures="0" skipped="0" time="0" tests="0">
    <testcase classname="Test suite failed to run" name="src/app.test.js" time="0"><error>Cannot find module</error></testcase>
  </testsuite>
</testsuites>
XML
counted jest.xml 1 '3 1 0 1 1' 'jest-junit: a suite that did not run is an error'
is "$(json out '.tests.failures[0].message')" 'Cannot find module' 'jest-junit: its reason'
has out 'claims 0 tests; counted: 1' 'jest-junit: the totals that disagree are told'

cat >gtest.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="0" disabled="1" errors="0" time="0.01" name="AllTests">
  <testsuite name="Foo" tests="3" failures="0" disabled="1" skipped="1" errors="0" time="0.01">
    <testcase name="A" file="foo.cc" line="3" status="run" result="completed" time="0.01" classname="Foo" />
    <testcase name="DISABLED_B" file="foo.cc" line="9" status="notrun" result="suppressed" time="0." classname="Foo" />
    <testcase name="C" file="foo.cc" line="12" status="run" result="skipped" time="0." classname="Foo"><skipped message="foo.cc:13"><![CDATA[foo.cc:13]]></skipped></testcase>
  </testsuite>
</testsuites>
XML
counted gtest.xml 0 '3 1 0 0 2' 'googletest: disabled is skipped'

cat >phpunit.xml <<'XML'
<?xml version="1.0"?>
<testsuites>
  <testsuite name="all" tests="2" assertions="9" errors="0" failures="1" skipped="0" time="0.2">
    <testsuite name="Unit\A" file="/t/A.php" tests="2" assertions="9" errors="0" failures="1" skipped="0" time="0.2">
      <testcase name="testX" class="Unit\A" classname="Unit.A" file="/t/A.php" line="7" assertions="1" time="0.1"/>
      <testsuite name="Unit\A::testY" tests="1" errors="0" failures="1">
        <testcase name="testY with data set #0" class="Unit\A" classname="Unit.A" file="/t/A.php" line="9" time="0.1"><failure type="E">no</failure></testcase>
      </testsuite>
    </testsuite>
  </testsuite>
</testsuites>
XML
counted phpunit.xml 1 '2 1 1 0 0' 'PHPUnit: nested suites are counted once'
is "$(json out '.tests.failures[0].source')" '/t/A.php:9' 'PHPUnit: where the test stands'
is "$(json out '.notes | length')" 0 'PHPUnit: totals of all levels agree'

printf '<testsuite><testcase name="a"/></testsuite>' >bare.xml
counted bare.xml 0 '1 1 0 0 0' 'no totals at all'
is "$(json out '.tests.duration_ms')" null 'a time that is not there is not known'
expect_status 0 test-tally bare.xml
is "$(cat out)" 'holds  tests  1: 1 passed, 0 failed, 0 errors, 0 skipped' 'the text of a pass is one line'

# several reports are one
counted bare.xml 0 '1 1 0 0 0' 'one report'
expect_status 1 test-tally --json pytest.xml bare.xml gtest.xml
is "$(json out "$counts")" '8 3 1 1 3' 'several reports are added up'
is "$(json out '[.files[].file] | join(" ")')" 'pytest.xml bare.xml gtest.xml' 'in the order they were given'
expect_status 0 sh -c 'test-tally --json - <bare.xml'
is "$(json out '.files[0].file + " " + .files[0].format')" '- junit' 'standard input'

# totals are never believed, neither for good nor for bad
printf '<testsuite name="s" tests="1" failures="0" errors="0"><testcase name="a"/><testcase name="b"><error/></testcase></testsuite>' >liar.xml
counted liar.xml 1 '2 1 0 1 0' 'a claim of no errors does not hide one'
printf '<testsuite name="s" tests="2" failures="1"><testcase name="a"/></testsuite>' >hidden.xml
counted hidden.xml 1 '1 1 0 0 0' 'a claim of a failure that no test case shows'
is "$(json out '.tests.hidden_failures')" true 'hidden failures are told'
expect_status 1 test-tally hidden.xml
has out 'FAILS  tests' 'in the text, too'
has out "note: hidden.xml: suite 's' claims 1 failures and errors; counted: 0" 'with the suite'
expect_status 1 test-tally --tap hidden.xml
has out 'not ok 1 - tests pass' 'and in TAP'

printf '<testsuite><testcase name="a"><skipped/></testcase></testsuite>' >skipped.xml
counted skipped.xml 1 '1 0 0 0 1' 'all skipped is no pass'
expect_status 1 test-tally skipped.xml
has out 'no test passed' 'and the text says why'

# names are other people's
printf '<testsuite><testcase name="ok"/><testcase name="a # TODO \\ &#10;b&#9;c"><failure message="x&#10;y"/></testcase></testsuite>' >names.xml
expect_status 1 test-tally names.xml
has out 'failed  a # TODO \x5c \x0ab\x09c' 'control bytes of a name are escaped'
is "$(wc -l <out | tr -d ' ')" 4 'and take no line of their own'
expect_status 1 test-tally --tap pytest.xml
is "$(head -n 1 out)" 'TAP version 13' 'TAP of version 13'
is "$(tail -n 1 out)" '1..1' 'with its plan'
has out '  failures: ["tests.test_a.test_param[a.b]","tests.test_a.test_teardown"]' 'and the names that failed'

expect_status 1 test-tally pytest.xml
is "$(cat out)" 'FAILS  tests  4: 1 passed, 1 failed, 1 errors, 1 skipped; 3 ms

failed  tests.test_a.test_param[a.b]
        AssertionError: one
error   tests.test_a.test_teardown
        failed on teardown' 'the text of failures'

if [ -c /dev/full ]; then
	test-tally bare.xml >/dev/full 2>err
	is $? 2 'a result that cannot be written is no pass'
fi

done_testing
