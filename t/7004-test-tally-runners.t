#!/bin/sh
# test-tally on reports that test runners write here and now, not on ones that were written down:
# pytest, coverage.py, Node.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command jq
command -v python3 >/dev/null 2>&1
need python3 'python3 is not installed'

# Debian's interpreter has Debian's packages; another may stand before it on PATH.
python=
for candidate in /usr/bin/python3 python3; do
	"$candidate" -c 'import pytest, coverage' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ]
need pytest 'no pytest with coverage is installed'

mkdir -p src/app src/other tests
cat >src/app/calc.py <<'PY'
def add(a, b):
    return a + b


def sign(a):
    if a < 0:
        return -1
    if a > 0:
        return 1
    return 0
PY
: >src/app/__init__.py
# a file of the same name in another source folder, which is read and hardly run
cat >src/other/calc.py <<'PY'
def never(a):
    if a:
        return 1
    return 2


# it runs, and it does not count
left_out = 1  # pragma: no cover
left_out = 2  # pragma: no cover
PY
cat >tests/test_calc.py <<'PY'
import pytest

import other.calc
from app.calc import add, sign


@pytest.fixture
def breaks():
    yield 1
    raise RuntimeError("in the teardown")


@pytest.mark.parametrize("a", [1, 2, 3])
def test_add(a):
    assert add(a, 1) == a + 1


def test_sign():
    assert sign(-5) == -1


@pytest.mark.skip(reason="not today")
def test_skipped():
    pass


@pytest.mark.xfail
def test_expected():
    assert sign(0) == 1
PY
run_pytest() {
	PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 COVERAGE_FILE=data "$python" -m coverage run --source=src/app,src/other \
		-m pytest -q -p no:cacheprovider -p no:cov --junitxml="$1" tests >pytest.out 2>&1
}
run_pytest before.xml
is $? 0 'pytest ran'
expect_status 0 test-tally --json before.xml
is "$(json out '.tests | "\(.total) \(.passed) \(.failed) \(.errors) \(.skipped)"')" '6 4 0 0 2' "pytest's own counts"
is "$(json out '.notes | length')" 0 'pytest contradicts itself nowhere'
tail -n 1 pytest.out >summary
has summary '4 passed, 1 skipped, 1 xfailed' 'as pytest tells'

# coverage.py in three formats, against its own totals
COVERAGE_FILE=data "$python" -m coverage xml -q -o cov.xml >log 2>&1 &&
	COVERAGE_FILE=data "$python" -m coverage json -q -o cov.json >>log 2>&1 &&
	COVERAGE_FILE=data "$python" -m coverage lcov -q -o cov.lcov >>log 2>&1
is $? 0 'coverage.py wrote its reports'
expected=$(json cov.json '.totals | "\(.covered_lines) \(.num_statements)"')
is "$([ "${expected#* }" -gt 10 ] && echo some)" some 'some lines to count'
for report in cov.xml cov.json cov.lcov; do
	expect_status 0 test-tally --json "$report"
	is "$(json out '.coverage | "\(.lines_covered) \(.lines_total)"')" "$expected" "$report: as coverage.py counts"
	is "$(json out '.notes | join(";")')" '' "$report: nothing contradicts"
done
expect_status 0 test-tally --json cov.json cov.lcov
is "$(json out '.coverage | "\(.lines_covered) \(.lines_total)"')" "$expected" 'the same files twice count once'

# one worse, one broken in its teardown, and a module that cannot be imported
cat >>tests/test_calc.py <<'PY'


def test_teardown(breaks):
    pass


def test_both(breaks):
    assert add(1, 1) == 3
PY
sed 's/return -1/return 1/' src/app/calc.py >calc.new && mv calc.new src/app/calc.py
run_pytest after.xml
is $? 1 'pytest failed'
expect_status 1 test-tally --json --baseline before.xml after.xml
is "$(json out '.regressions | join(" ")')" tests.test_calc.test_sign 'the one that got worse'
is "$(json out '[.tests.failures[] | "\(.outcome) \(.name)"] | join(", ")')" \
	'failed tests.test_calc.test_sign, error tests.test_calc.test_teardown, failed tests.test_calc.test_both, error tests.test_calc.test_both' \
	'failures and errors, as pytest has them'
has out 'RuntimeError: in the teardown' 'with their messages'

echo 'import nothing_of_this_name' >tests/test_calc.py
run_pytest broken.xml
expect_status 1 test-tally --json --baseline before.xml broken.xml
is "$(json out '.regressions | length')" 4 'tests of a module that cannot be imported no longer pass'
is "$(json out '.gone | length')" 0 'and are not just gone'

if node --test --test-reporter=junit --help >/dev/null 2>&1 &&
	echo "import { test } from 'node:test'; test('one', () => {});" >probe.test.mjs &&
	node --test --test-reporter=junit probe.test.mjs >probe.xml 2>/dev/null; then
	cat >sub.test.mjs <<'JS'
import { test, describe, it } from 'node:test';
import assert from 'node:assert';
describe('group', () => {
	it('works', () => {});
	it.skip('later', () => {});
});
JS
	node --test --test-reporter=junit sub.test.mjs >node.xml 2>/dev/null
	expect_status 0 test-tally --json node.xml
	is "$(json out '.tests | "\(.total) \(.passed) \(.skipped)"')" '2 1 1' "Node's own runner"
	cat >sub.test.mjs <<'JS'
import { test } from 'node:test';
import assert from 'node:assert';
test('outer', async (t) => {
	await t.test('inner', () => {});
	assert.equal(1, 2);
});
JS
	node --test --test-reporter=junit sub.test.mjs >node.xml 2>/dev/null
	is $? 1 'Node failed'
	expect_status 1 test-tally --json node.xml
	is "$(json out '.verdict')" fails 'a test with subtests that fails itself is not lost'
else
	skip "Node's own runner" 'no node with a JUnit reporter'
fi

done_testing
