#!/bin/sh
# test-tally on what is no report, or is damaged: one line that names the file, exit 2, and never a
# crash or a pass.
. "${SRCDIR:-.}/t/lib/harness.sh"

cat >junit.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="s" tests="2" failures="1">
    <testcase classname="c" name="a" time="0.1"/>
    <testcase classname="c" name="b"><failure message="m"><![CDATA[text]]></failure></testcase>
  </testsuite>
</testsuites>
XML
cat >cobertura.xml <<'XML'
<?xml version="1.0" ?>
<coverage lines-valid="2" lines-covered="1"><packages><package name="p"><classes>
<class name="a" filename="a.py"><methods/><lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class>
</classes></package></packages></coverage>
XML
printf 'TN:\nSF:a.c\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n' >lcov.info
echo '{"files": {"a.py": {"executed_lines": [1], "missing_lines": [2]}}, "totals": {"num_statements": 2, "covered_lines": 1}}' >coverage.json
expect_status 1 test-tally junit.xml cobertura.xml lcov.info coverage.json

# cut_everywhere FILE: none of its beginnings is a report.
cut_everywhere() {
	size=$(wc -c <"$1")
	# what may follow the last byte that counts
	last=$((size - ${2:-1}))
	wrong=
	length=0
	while [ "$length" -lt "$last" ]; do
		head -c "$length" "$1" >"cut"
		test-tally cut >out 2>err
		status=$?
		if [ "$status" -ne 2 ] || [ -s out ] || [ "$(wc -l <err)" -ne 1 ] || ! grep -q '^test-tally: cut: ' err; then
			wrong="$wrong $length:$status"
		fi
		length=$((length + 1))
	done
	is "$wrong" '' "$1, cut at each of its $size bytes"
}
cut_everywhere junit.xml
cut_everywhere cobertura.xml
cut_everywhere lcov.info
cut_everywhere coverage.json

expect_trouble "nowhere.xml" test-tally nowhere.xml
expect_trouble "'.'" test-tally .
: >empty
expect_trouble 'empty: no report: it is empty' test-tally empty
head -c 1000 /dev/zero >zero
expect_trouble 'zero: no report' test-tally zero
echo '<html><body/></html>' >page.html
expect_trouble "page.html: line 1: no report: its root element is 'html'" test-tally page.html
echo '<report name="x"/>' >jacoco.xml
expect_trouble 'jacoco.xml: line 1: a JaCoCo report, which is not read' test-tally jacoco.xml
echo '{"total": {"lines": {"pct": 90}}}' >istanbul.json
expect_trouble 'istanbul.json: JSON, but no report of coverage.py' test-tally istanbul.json
printf '<testsuites>\n\n<testsuite></testsuites>' >crossed.xml
expect_trouble 'crossed.xml: line 3: no XML: mismatched tag' test-tally crossed.xml
printf '<testsuites/>\n<testsuites/>' >two.xml
expect_trouble 'two.xml: line 2' test-tally two.xml
printf '<testsuites><testcase name="\033"/></testsuites>' >control.xml
expect_trouble 'control.xml: line 1: no XML' test-tally control.xml
printf '<?xml version="1.0" encoding="no-such"?><testsuites/>' >encoding.xml
expect_trouble 'encoding.xml: line 1: no XML: unknown encoding' test-tally encoding.xml

echo '<testsuites/>' >none.xml
expect_trouble 'no test found' test-tally none.xml
expect_trouble 'no test found' test-tally none.xml lcov.info
expect_trouble 'no test found' test-tally --json none.xml
printf '<testsuite><testcase name="a"/></testsuite>' >one.xml
expect_status 0 test-tally one.xml none.xml
has out 'note: none.xml: no test in it' 'one report of several without a test is told'
# the good report before a bad one is not half a result
expect_trouble 'empty: no report' test-tally one.xml empty

# entities: nothing grows, nothing is fetched
cat >bomb.xml <<'XML'
<!DOCTYPE testsuites [
<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
<testsuites><testcase name="&c;"/></testsuites>
XML
expect_trouble "bomb.xml: line 2: it declares the entity 'a', which is refused" test-tally bomb.xml
printf '<!DOCTYPE t [<!ENTITY x SYSTEM "one.xml">]><testsuites>&x;</testsuites>' >fetch.xml
expect_trouble "fetch.xml: line 1: it declares the entity 'x'" test-tally fetch.xml
printf '<!DOCTYPE t SYSTEM "one.xml"><testsuites><testcase name="a"><failure>&x;</failure></testcase></testsuites>' >lost.xml
expect_trouble "lost.xml: line 1: entity 'x' is not known" test-tally lost.xml

awk 'BEGIN { for (i = 0; i < 100000; i++) printf "<testsuite>" }' >deep.xml
expect_trouble 'deep.xml: line 1: suites nested more than' test-tally deep.xml
awk 'BEGIN { printf "<testsuite><testcase><system-out>"; for (i = 0; i < 100000; i++) printf "<a>" }' >deep.xml
expect_trouble 'deep.xml: line 1: elements nested more than' test-tally deep.xml
awk 'BEGIN { printf "{\"files\": "; for (i = 0; i < 100000; i++) printf "[" }' >deep.json
expect_trouble 'deep.json' test-tally deep.json
awk 'BEGIN { printf "<testsuite name=\""; for (i = 0; i < 100000; i++) printf "x"; print "\"/>" }' >long.xml
expect_trouble 'long.xml: line 1: a name is longer than' test-tally long.xml

# a report that is too large is refused before it is read to its end
if truncate -s 300M huge.xml 2>/dev/null; then
	expect_trouble 'huge.xml' test-tally huge.xml
	rm -f huge.xml
fi

expect_trouble "'50'" test-tally --min-coverage 50 one.xml
expect_trouble '--baseline' test-tally one.xml --baseline
expect_trouble 'missing operand' test-tally --min-coverage 50%

done_testing
