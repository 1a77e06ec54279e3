#!/bin/sh
# test-tally on coverage: lines recounted, limits compared exactly, several reports merged.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command jq

# lcov COVERED TOTAL: one file with so many lines.
lcov() {
	awk -v covered="$1" -v total="$2" 'BEGIN {
		print "TN:"; print "SF:src/a.c"
		for (i = 1; i <= total; i++) print "DA:" i "," (i <= covered ? 3 : 0)
		print "end_of_record"
	}'
}

# cobertura COVERED TOTAL: the same, with rates that lie.
cobertura() {
	awk -v covered="$1" -v total="$2" 'BEGIN {
		print "<?xml version=\"1.0\" ?>"
		print "<!DOCTYPE coverage SYSTEM \"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">"
		print "<coverage line-rate=\"1\" version=\"x\"><packages><package name=\"p\" line-rate=\"1\"><classes>"
		print "<class name=\"a\" filename=\"src/a.c\" line-rate=\"1\"><methods/><lines>"
		for (i = 1; i <= total; i++) print "<line number=\"" i "\" hits=\"" (i <= covered ? 3 : 0) "\"/>"
		print "</lines></class></classes></package></packages></coverage>"
	}'
}

# coverage_py COVERED TOTAL
coverage_py() {
	jq -n --argjson covered "$1" --argjson total "$2" '{meta: {format: 2}, files: {"src/a.c": {
		executed_lines: [range(1; $covered + 1)], missing_lines: [range($covered + 1; $total + 1)],
		excluded_lines: [], summary: {covered_lines: $covered, num_statements: $total}}},
		totals: {covered_lines: $covered, num_statements: $total, percent_covered: 100}}'
}

for kind in lcov cobertura coverage_py; do
	"$kind" 8499 10000 >below
	"$kind" 8500 10000 >equal
	expect_status 1 test-tally --min-coverage 85% below
	has out 'FAILS  coverage  84.99 %: 8499 of 10000 lines; at least 85 %' "$kind: 84.99 % is not 85 %"
	has out '1501  of 10000  84.99 %  src/a.c' "$kind: the file with lines that are not covered"
	expect_status 0 test-tally --min-coverage 85% equal
	has out 'holds  coverage  85.00 %: 8500 of 10000 lines; at least 85 %' "$kind: 85 % is"
	expect_status 0 test-tally --min-coverage 84.99% below
	expect_status 1 test-tally --min-coverage 85.01% equal
	expect_status 0 test-tally --json equal
	is "$(json out '.coverage | "\(.percent) \(.lines_covered) \(.lines_total)"')" '85 8500 10000' "$kind: the figures"
	is "$(json out '.files[0].format')" "$(echo "$kind" | tr _ .)" "$kind: told by its content"
	is "$(json out '.tests, (.checks | length), .verdict' | tr '\n' ' ')" 'null 0 holds ' "$kind: nothing demanded, nothing failed"
done

expect_status 1 test-tally --json --min-coverage 85% below
is "$(json out '.checks[] | "\(.name) \(.holds) \(.value) \(.limit)"')" 'min-coverage false 84.99 85' 'the check'
expect_status 1 test-tally --tap --min-coverage 85% below
has out 'not ok 1 - coverage is at least 85 %' 'TAP'
has out '  lines_covered: 8499' 'with its values'
expect_status 0 test-tally --tap below
has out 'ok 1 - coverage is known' 'TAP without a demand'

# just below, where rounding to two places would make it 85.00
lcov 849999 1000000 >close.info
expect_status 1 test-tally --min-coverage 85% close.info
has out '84.99 %' '84.9999 % does not read as 85'
expect_status 0 test-tally --min-coverage 0% close.info
lcov 10 10 >full.info
expect_status 0 test-tally --min-coverage 100% full.info

# three reports of the same file are one file
lcov 2 10 >a.info
cobertura 5 10 >b.xml
coverage_py 4 12 >c.json
expect_status 0 test-tally --json a.info b.xml c.json
is "$(json out '.coverage | "\(.lines_covered) \(.lines_total) \(.files | length)"')" '5 12 1' 'reports are merged line by line'

# totals of the report that are others
sed 's/"num_statements": 12,/"num_statements": 13,/' c.json >d.json
cmp -s c.json d.json && sed 's/"num_statements":12/"num_statements":13/' c.json >d.json
jq '.totals.num_statements = 13' c.json >d.json
expect_status 0 test-tally d.json
has out 'note: d.json: lines: it claims 13; counted: 12' 'a total that disagrees is told'

# both kinds at once
printf '<testsuite><testcase name="a"/></testsuite>' >tests.xml
expect_status 0 test-tally --json --min-coverage 20% tests.xml a.info
is "$(json out '.tests.passed, .coverage.lines_total' | tr '\n' ' ')" '1 10 ' 'tests and coverage together'
printf '<testsuite><testcase name="a"><failure/></testcase></testsuite>' >failing.xml
expect_status 1 test-tally --min-coverage 20% failing.xml a.info
has out 'holds  coverage' 'coverage that holds does not make up for a test that fails'

expect_trouble '--min-coverage: none of the files is a report of coverage' test-tally --min-coverage 1% tests.xml
expect_trouble "'101%' is no percentage" test-tally --min-coverage 101% a.info
expect_trouble "'85' is no percentage" test-tally --min-coverage 85 a.info
expect_trouble "'-1%' is no percentage" test-tally --min-coverage=-1% a.info

done_testing
