#!/bin/sh
# What a report folder has for CI systems: each finding once, at its line of the repository's file, the ones
# that weigh most first, and nothing that an image says is a command to the runner.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/report.sh"
need_command jq

# A repository with the settings below its root; not the one that this test runs in.
unset GITHUB_WORKSPACE CI_PROJECT_DIR
mkdir -p 'repo/.git' 'repo/a:b, c%/sub' elsewhere
cd repo || exit 1
conf="$T/repo/a:b, c%/sub"
touch "$conf/Dockerfile" "$conf/compose.yaml" "$conf/trial.conf"

cat >made.pl <<'EOF_PERL'
use strict;
use warnings;
use JSON::PP;
my @items;
sub item { push @items, { status => $_[0], id => $_[1], subject => $_[2], found => $_[3], values => { @_[ 4 .. $#_ ] }, seconds => 0 } }
item('fail', '17.1', 'It builds: always, 100%', "50%,\nnot::all \xff\r\x1b[31m ::error::x ##[error]x");
item('fail', '17.2', 'A log', 'see values', lines => ['Dockerfile:7: not a finding [x]'], findings => 'Dockerfile:7: no list [x]');
item('fail', '17.3', 'Images', 'app:1: root', findings => [ 'app:1: the user is root [user-root]', 'other/Dockerfile:5: elsewhere [x]',
	'Dockerfile: no line [x]', 'Dockerfile:0: zero [x]' ]);
item('fail', '17.4', 'Clean', '3 errors', findings => [ (map { "Dockerfile:$_: no pin [many]" } 3, 2), "Dockerfile:4: 5%, \xff [odd%rule]",
	'Dockerfile:9: the same as on line 3 [shared]' ], hadolint => ['Dockerfile:9: pin [DL3008]']);
item('ok', '17.5', 'Holds', 'it does', findings => ['Dockerfile:1: nothing [x]']);
item('skip', '17.6', 'Skipped', 'no setting', findings => ['Dockerfile:1: nothing [x]']);
item('fail', '17.7', 'Compose', 'privileged', findings => [ 'compose.yaml:2: privileged [privileged]', 'Dockerfile:9: the same as on line 3 [shared]' ]);
mkdir "$ARGV[0]/results";
open my $out, '>:raw', "$ARGV[0]/results/episode-17.json" or die;
print {$out} JSON::PP->new->encode({ episode => 17, items => \@items });
close $out or die;
EOF_PERL
mkdir r && perl made.pl r
settings() {
	jq -cn --arg folder "$conf" --arg dockerfile "${1-Dockerfile}" \
		'{IMAGE: "app:1", CONFIG_DIR: $folder, CONFIG_FILE: "\($folder)/trial.conf", DOCKERFILE: $dockerfile, COMPOSE_FILE: "compose.yaml"}'
}
export ITEMS SETTINGS
ITEMS='17.1 17.2 17.3 17.4 17.5 17.6 17.7'
SETTINGS=$(settings)
run trial_report r
is "$status $(cat err)" '1 ' 'the papers are written'

# GitHub
cat >expected <<'EOF'
::error file=a%3Ab%2C c%25/sub/Dockerfile,line=9,title=17.4%2C 17.7 Clean::the same as on line 3 [shared]
::error title=17.1 It builds%3A always%2C 100%25::50%25,%0Anot::all \xFF\x0D\x1B[31m ::error::x ##[error]x
::error title=17.2 A log::see values
::error title=17.3 Images::app:1: root
::error file=a%3Ab%2C c%25/sub/Dockerfile,line=3,title=17.4 Clean::no pin [many]
::error file=a%3Ab%2C c%25/sub/compose.yaml,line=2,title=17.7 Compose::privileged [privileged]
::error file=a%3Ab%2C c%25/sub/Dockerfile,line=2,title=17.4 Clean::no pin [many]
::error file=a%3Ab%2C c%25/sub/Dockerfile,line=4,title=17.4 Clean::5%25, \xFF [odd%25rule]
::error file=a%3Ab%2C c%25/sub/Dockerfile,line=9,title=17.4 Clean::pin [DL3008]
EOF
is "$(cat r/annotations.txt)" "$(cat expected)" 'a command each, escaped; what several items fail of comes first'

# GitLab
cat >expected <<'EOF'
a:b, c%/sub/Dockerfile 1 seatrial-17.1 major
a:b, c%/sub/Dockerfile 1 seatrial-17.2 major
a:b, c%/sub/Dockerfile 1 seatrial-17.3 major
a:b, c%/sub/compose.yaml 2 privileged major
a:b, c%/sub/Dockerfile 2 many major
a:b, c%/sub/Dockerfile 3 many major
a:b, c%/sub/Dockerfile 4 odd%rule major
a:b, c%/sub/Dockerfile 9 shared major
a:b, c%/sub/Dockerfile 9 DL3008 major
EOF
is "$(jq -r '.[] | [.location.path, .location.lines.begin, .check_name, .severity] | join(" ")' r/codequality.json)" "$(cat expected)" \
	'what has no line stands at the beginning of the Dockerfile'
is "$(jq -c 'map(keys) | unique' r/codequality.json)" '[["check_name","description","fingerprint","location","severity","type"]]' 'every member is there'
is "$(jq -r '.[] | select(.check_name == "shared") | .description' r/codequality.json)" '17.4, 17.7: the same as on line 3' 'who says it, and what'
fingerprints() { jq -r 'map(.fingerprint) | sort | join(" ")' r/codequality.json; }
is "$(jq '(map(.fingerprint) | unique | length) == length and all(.[]; .fingerprint | test("^[0-9a-f]{64}$"))' r/codequality.json)" true 'no fingerprint is there twice'
fingerprints >before
perl -pi -e 's/Dockerfile:([1-9])/"Dockerfile:" . ($1 + 10)/ge; s/on line 3/on line 13/g; s/50%/60%/' r/results/episode-17.json
run trial_report r
has r/annotations.txt 'line=19' 'the lines have moved'
is "$(fingerprints)" "$(cat before)" 'and the fingerprints stay'

# where the repository begins
path_is() {
	run trial_report r
	is "$(jq -r '.[] | select(.check_name == "seatrial-17.1") | .location.path' r/codequality.json)" "$1" "$2"
}
workspace_is() {
	GITHUB_WORKSPACE=$1
	export GITHUB_WORKSPACE
	path_is "$2" "$3"
	unset GITHUB_WORKSPACE
}
workspace_is "$T/repo/a:b, c%" sub/Dockerfile 'below GITHUB_WORKSPACE'
workspace_is "$T/elsewhere" 'a:b, c%/sub/Dockerfile' 'not below one that is elsewhere'
workspace_is "$T/repo/a" 'a:b, c%/sub/Dockerfile' 'nor below one whose name merely begins like it'
workspace_is / "${conf#/}/Dockerfile" 'at the top'
ln -s 'a:b, c%' link
workspace_is "$T/repo/link" sub/Dockerfile 'by a link'
CI_PROJECT_DIR="$T/repo/a:b, c%"
export CI_PROJECT_DIR
path_is sub/Dockerfile 'below CI_PROJECT_DIR'
unset CI_PROJECT_DIR
rmdir .git
path_is Dockerfile 'without any, the folder of the settings is it'
mkdir .git
SETTINGS=$(settings ../../x/../Dockerfile)
path_is 'a:b, c%/sub/trial.conf' 'a Dockerfile whose folder is not there: the settings'
SETTINGS=$(settings ../../Dockerfile)
path_is Dockerfile 'one above the settings'
SETTINGS=$(settings "$T/elsewhere/Dockerfile")
path_is 'a:b, c%/sub/trial.conf' 'one outside of the repository: the settings'
SETTINGS=$(settings '')
path_is 'a:b, c%/sub/trial.conf' 'none: the settings'
hasnt r/annotations.txt sub/Dockerfile 'then nothing stands at a line of it'

# nothing fails; nothing is known
ITEMS=17.5
run trial_report r
is "$(cat r/annotations.txt)$(jq -c . r/codequality.json)" '[]' 'what holds is not told'
ITEMS='17.5 17.8'
run trial_report r
is "$(cat r/annotations.txt)" '::error title=trial not decided::interrupted: 1 of 2 items were not decided' 'a trial without a verdict is'
is "$(jq -r '.[] | .description' r/codequality.json)" 'trial: interrupted: 1 of 2 items were not decided' 'to both'

perl -e 'print q({"items":[{"id":"17.1","subject":"s","status":"fail","values":{},"seconds":0,"found":"), "x" x 100_000, q("}]})' >r/results/episode-17.json
ITEMS=17.1
run trial_report r
is "$([ "$(wc -c <r/annotations.txt)" -lt 2000 ] && echo short)" short 'a long text is cut'

done_testing
