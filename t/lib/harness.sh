# shellcheck shell=sh
# The harness of the utilities' tests: TAP in the shell. A test file begins
#
#     . "${SRCDIR:-.}/t/lib/harness.sh"
#
# and ends with `done_testing`. Each test runs in the scratch directory $T, which is
# removed at the end. The program under test is never put in a pipe: its status would
# be lost. Failures print what was expected and what came.

: "${SRCDIR:=.}" "${BUILDDIR:=.}"
SRCDIR=$(cd "$SRCDIR" && pwd)
BUILDDIR=$(cd "$BUILDDIR" && pwd)
PATH=${WRAPPERS:+$WRAPPERS:}$BUILDDIR/bin:$BUILDDIR/t/lib:$PATH
export SRCDIR BUILDDIR PATH
unset NO_COLOR POSIXLY_CORRECT
# what a test runs under prove is not a stream of the suite
unset PERL_TEST_HARNESS_DUMP_TAP

T=$(mktemp -d "${TMPDIR:-/tmp}/seatrial-test.XXXXXX") || exit 1
tests_run=0
tests_failed=0
at_exit=:
trap 'trap - 0; eval "$at_exit"; cd /; chmod -R u+rwx "$T" 2>/dev/null; rm -rf "$T"' 0
trap 'exit 129' 1
trap 'exit 130' 2
trap 'exit 143' 15
cd "$T" || exit 1

echo 'TAP version 13'

# pass NAME / fail NAME: record one test.
pass() {
	tests_run=$((tests_run + 1))
	printf 'ok %d - %s\n' "$tests_run" "$(printf '%s' "$1" | sed 's/[\\#]/\\&/g')"
}

fail() {
	tests_run=$((tests_run + 1))
	tests_failed=$((tests_failed + 1))
	printf 'not ok %d - %s\n' "$tests_run" "$(printf '%s' "$1" | sed 's/[\\#]/\\&/g')"
}

# diag TEXT...: comment lines.
diag() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

# Skips one test, or everything with skip_all. A thing that SEATRIAL_REQUIRE names must be
# there: then its absence is a failure (CI names all).
skip() {
	tests_run=$((tests_run + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests_run" "$1" "$2"
}

skip_all() {
	# what was tested before stays so
	if [ "$tests_run" -gt 0 ]; then
		skip 'the rest' "$1"
		done_testing
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

# need WHAT REASON: ends the file unless the last command said that WHAT is here.
need() {
	need_status=$?
	[ "$need_status" -eq 0 ] && return 0
	case " ${SEATRIAL_REQUIRE:-} " in
	*" $1 "* | *" all "*)
		fail "$1 is here: $2"
		done_testing
		exit 1
		;;
	esac
	skip_all "$2"
}

need_command() {
	command -v "$1" >/dev/null 2>&1
	need "$1" "$1 is not installed"
}

# need_yaml: $python is one that reads YAML.
need_yaml() {
	python=
	for candidate in /usr/bin/python3 python3; do
		"$candidate" -c 'import yaml' 2>/dev/null && python=$candidate && break
	done
	[ -n "$python" ]
	need python3-yaml 'Python has no yaml'
}

need_corpus() {
	[ -n "${CORPUS:-}" ] && [ -d "$CORPUS/images" ]
	need corpus 'CORPUS names no folder of test images'
}

need_root() {
	[ "$(id -u)" -eq 0 ]
	need root 'not running as root'
}

# run COMMAND...: runs it; leaves its output in the files `out` and `err` and its exit status in
# $status.
run() {
	"$@" >out 2>err
	status=$?
}

show_output() {
	[ ! -s out ] || { diag 'standard output:' && head -n 40 out | sed 's/^/#   /'; }
	[ ! -s err ] || { diag 'standard error:' && head -n 40 err | sed 's/^/#   /'; }
}

# expect_status N COMMAND...: the exit status and nothing else; a signal or a sanitizer's report is
# always a failure.
expect_status() {
	wanted=$1
	shift
	run "$@"
	if [ "$status" -eq "$wanted" ] && ! grep -q 'ERROR: .*Sanitizer\|runtime error:' err; then
		pass "exit $wanted: $*"
	else
		fail "exit $wanted: $*"
		diag "expected exit status: $wanted" "actual exit status: $status"
		show_output
	fi
}

# expect_trouble TEXT COMMAND...: exit status 2, nothing on standard output, and one line on standard
# error, which holds TEXT.
expect_trouble() {
	text=$1
	shift
	run "$@"
	if [ "$status" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -qF -- "$text" err; then
		pass "trouble: $*"
	else
		fail "trouble: $*"
		diag "expected: exit status 2, one line on standard error with: $text" "actual exit status: $status"
		show_output
	fi
}

# is ACTUAL EXPECTED NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "expected: $2" "actual:   $1"
	fi
}

# has FILE TEXT NAME / hasnt FILE TEXT NAME: a fixed string in a file.
has() {
	if grep -qF -- "$2" "$1"; then
		pass "$3"
	else
		fail "$3"
		diag "expected in '$1': $2"
		head -n 40 "$1" | sed 's/^/#   /'
	fi
}

hasnt() {
	if grep -qF -- "$2" "$1"; then
		fail "$3"
		diag "not expected in '$1': $2"
		grep -nF -- "$2" "$1" | head -n 5 | sed 's/^/#   /'
	else
		pass "$3"
	fi
}

# ok NAME COMMAND...: a helper command (not the program under test) succeeds.
ok() {
	name=$1
	shift
	"$@" >ok.out 2>&1
	status=$?
	if [ "$status" -eq 0 ]; then
		pass "$name"
	else
		fail "$name"
		diag "command failed with $status: $*"
		head -n 40 ok.out | sed 's/^/#   /'
	fi
}

# json FILE FILTER: one value of a JSON document, raw, by jq.
json() {
	jq -r "$2" "$1"
}

done_testing() {
	[ "$tests_run" -gt 0 ] || fail 'at least one test ran'
	echo "1..$tests_run"
	[ "$tests_failed" -eq 0 ] || exit 1
	exit 0
}
