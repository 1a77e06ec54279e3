#!/bin/sh
# The GitHub action and the GitLab template, run step by step as the runners do; what their inputs hold is never a
# script. What the Containerfile says, and what docs/ci.md tells people to write.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq
need_command prove
need_command bash
need_yaml
unset GITHUB_WORKSPACE CI_PROJECT_DIR

# A project whose settings are below the top of the repository, and whose Dockerfile is not clean.
mkdir -p work/.git work/service root
echo x >root/x
pack_layer layer.tar root
PACK_CONFIG='{"Cmd":["/x"],"User":"1000"}' pack_image work/service/app.tar layer.tar
cp work/service/app.tar work/service/other.tar
cd work || exit 1
cat >service/Dockerfile <<'END'
# a comment
FROM scratch
COPY x /x
USER 1000
RUN sudo /x
HEALTHCHECK CMD ["/x"]
CMD /x
END
cat >service/seatrial.conf <<'END'
IMAGE=app.tar
DOCKERFILE=Dockerfile
HEALTH_PATH=
READY_PATH=
LIVE_PATH=
END

# github / gitlab INPUT=VALUE...: what came is in ../job
github() {
	rm -rf ../job
	run "$python" "$SRCDIR/t/lib/ci.py" github ../job "$SRCDIR/action.yml" "$@"
	[ ! -s err ] || show_output
}
gitlab() {
	rm -rf ../job
	run "$python" "$SRCDIR/t/lib/ci.py" gitlab ../job "$SRCDIR/templates/seatrial.yml" carrier=seatrial:1 "$@"
	[ ! -s err ] || show_output
}
job() { jq -r "$1" ../job/job.json; }
# verdict_is STATUS VERDICT NAME: of the job, and of the action's output; the last step alone fails.
verdict_is() {
	is "$status $(job .outputs.verdict) $(job '[.steps[] | .status // "-"] | join(" ")')" "$1" "$2"
	[ "$status $(job .outputs.verdict) $(job '[.steps[] | .status // "-"] | join(" ")')" = "$1" ] || head -n 20 ../job/log | sed 's/^/#   /'
}

# --- GitHub ---

github config=service/seatrial.conf items='17.4 18.19 16.7' output=service/out
verdict_is '1 fails 0 0 0 0 - 1' 'what fails fails the last step, when all is attached'
cp service/out/annotations.txt told
is "$(job '.commands[]')" "$(cat told)" 'the runner obeys the annotations, and nothing else'
has told '::error file=service/Dockerfile,line=7,title=17.4%2C 18.19 ' 'which are at the lines of the file, from the top of the repository'
is "$(cmp ../job/summary service/out/report.md && echo same)" same 'the summary is report.md'
is "$(job .outputs.report)" "$PWD/service/out" 'the report is where it was asked for'
is "$(job '.steps[4].with | "\(.name) \(.path) \(."if-no-files-found")"')" "seatrial-report $PWD/service/out error" 'and is uploaded'
is "$(job '.path | length')" 0 'a seatrial that is on PATH is taken'
github config=service/seatrial.conf items=17.4 artifact-name=
is "$(job '.steps[4].with')" null 'nothing is uploaded without a name'

github working-directory=service items=16.7
verdict_is '0 holds 0 0 0 0 - 0' 'what holds passes'
is "$(job .outputs.report)$(cat ../job/summary | wc -l | tr -d ' ' | sed 's/^[1-9].*/ some/')" "$PWD/service/seatrial-report some" 'in a folder that is named'
github config=service/seatrial.conf items=18.29
verdict_is '1 undecided 0 0 0 0 - 2' 'what nobody decides does not'
has ../job/summary 'Nothing was decided' 'and its report is attached'
has ../job/log '::error title=trial not decided::nothing was decided' 'and said'
for strict in true yes; do
	github config=service/seatrial.conf items='16.7 18.29' strict=$strict
	verdict_is '1 fails 0 0 0 0 - 1' "strict=$strict"
done
github config=service/seatrial.conf items='16.7 18.29' strict=false
verdict_is '0 holds 0 0 0 0 - 0' 'strict=false'
github config=service/seatrial.conf items='
  16.1
  16.7
' image=other.tar baseline=app.tar settings='MAX_SIZE=1B

MAX_LAYERS=1'
verdict_is '0 holds 0 0 0 0 - 0' 'images and settings of the inputs'
has ../job/summary 'Trial of other.tar' 'are what is tried'
is "$(jq -r '.items["16.1"].found' seatrial-report/metrics.json)" 'app.tar and other.tar' 'and compared'

# no report of this trial is no verdict, whatever lies there
github config=no-such.conf
verdict_is '1 undecided 0 0 0 - - 2' 'settings that are not there'
is "$(job .outputs.report)$(cat ../job/summary)" '' 'the report of another trial is not attached'
has ../job/log "seatrial: cannot read the settings 'no-such.conf'" 'why is in the log'
for command in plan init; do
	github working-directory=service items=$command
	verdict_is '1 undecided 0 0 0 - - 2' "a command of seatrial's in place of items: $command"
done
github config=service/seatrial.conf working-directory=none
verdict_is '1 undecided 0 0 1 - - 2' 'a folder that is not there'

# hostile inputs
# shellcheck disable=SC2016
hostile='$(touch pwned)`touch pwned`"; touch pwned; '\''; touch pwned #'
hostile_lines="a
verdict=holds
report<<x"
# shellcheck disable=SC2016
for input in config image baseline settings items strict output artifact-name; do
	github config=service/seatrial.conf items=16.7 "$input=$hostile"
	case $input in
	baseline | strict | output | artifact-name) wanted='0 holds' ;;
	image) wanted='1 fails' ;;
	*) wanted='1 undecided' ;;
	esac
	is "$status $(job .outputs.verdict)$(find .. -name pwned)" "$wanted" "$input: a text is a text"
	github config=service/seatrial.conf items=18.29 "$input=$hostile_lines"
	is "$(job .outputs.verdict)" "$([ $input = strict ] && echo fails || echo undecided)" "$input: lines say nothing of the verdict"
done
github config=service/seatrial.conf items='* 16.7'
is "$status $(job .outputs.verdict)" '1 undecided' 'items: a pattern is a text'
# the runner would obey what a line begins with, and ##[ anywhere
github config=service/seatrial.conf items=16.7 "image=x
::error::of the image
##[add-mask]of the image"
is "$(job '.commands | map(select(startswith("::error title=16.7") | not)) | length')" 0 'a name of an image is no command'
has ../job/log '##[add-mask]of the image' 'where it is printed'

# --- GitLab ---

rm -rf seatrial-report
gitlab config=service/seatrial.conf items='17.4 18.19'
is "$status" 1 'GitLab: what fails fails'
is "$(job '.seatrial | "\(.stage) \(.image.name) \(.artifacts.when) \(.artifacts.paths[0]) \(.artifacts.expose_as)"')" \
	'test seatrial:1 always seatrial-report/ Sea trial' 'the job, and what it keeps'
for report in junit codequality; do
	ok "the $report report is there" test -s "$(job ".seatrial.artifacts.reports.$report")"
done
is "$(jq -c '.[] | select(.check_name == "cmd-shell-form") | .location' seatrial-report/codequality.json)" \
	'{"lines":{"begin":7},"path":"service/Dockerfile"}' 'code quality is at the lines of the file'
gitlab config=service/seatrial.conf items=16.7 job-name=trial stage=validate output=kept/here
is "$status $(job '.trial | "\(.stage) \(.artifacts.reports.junit)"')" '0 validate kept/here/junit.xml' 'what holds passes'
gitlab config=service/seatrial.conf items=18.29
is "$status" 2 'what nobody decides does not'
gitlab config=service/seatrial.conf items='16.7 18.29' strict=true
is "$status" 1 'strict'
gitlab config=service/seatrial.conf items='16.1' image=other.tar baseline=app.tar
is "$status $(jq -r '.items["16.1"].found' seatrial-report/metrics.json)" '0 app.tar and other.tar' 'images of the inputs'
for items in plan init '*' '16.7 init'; do
	gitlab config=service/seatrial.conf "items=$items"
	is "$status $(cat ../job/log)" "2 seatrial: '$items' are no episodes and items" "items: $items"
done
for input in config image baseline items strict output; do
	gitlab config=service/seatrial.conf items=16.7 "$input=$hostile"
	case $input in
	baseline | strict | output) wanted=0 ;;
	image) wanted=1 ;;
	*) wanted=2 ;;
	esac
	is "$status$(find .. -name pwned)" $wanted "GitLab, $input: a text is a text"
done

# --- what the files say ---

cd .. || exit 1
cat >look.py <<'END'
import re, sys, yaml
top = sys.argv[1]
text = open(f"{top}/action.yml").read()
action = yaml.safe_load(text)
header, body = yaml.safe_load_all(open(f"{top}/templates/seatrial.yml"))
for step in action["runs"]["steps"]:
    if "${{" in step.get("run", ""):
        print(f"{step['name']}: an expression in a script")
for uses in re.findall(r"uses: *(.*)", text):
    if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", uses):
        print(f"{uses}: not pinned, or no version")
(job,) = body.values()
if "$[[" in "".join(job["script"]):
    print("an input in GitLab's script")
taken = set(re.findall(r"inputs\.([\w-]+)", text))
print("GitHub:", *sorted(taken ^ set(action["inputs"])))
taken = set(re.findall(r"inputs\.([\w-]+)", str(body)))
print("GitLab:", *sorted(taken ^ set(header["spec"]["inputs"])))
# the settings would take them for theirs
print(*[name for step in action["runs"]["steps"] for name in step.get("env", {}) if name.startswith("SEATRIAL_")],
      *[name for name in job["variables"] if name.startswith("SEATRIAL_")])
guide = open(f"{top}/docs/ci.md").read()
workflow, include = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.S)]
uses = [step for step in workflow["jobs"]["trial"]["steps"] if "seatrial@" in step.get("uses", "")]
print("workflow:", len(uses), *[name for name in uses[0]["with"] if name not in action["inputs"]],
      *[name for name in re.findall(r"outputs\.(\w+)", guide) if name not in action["outputs"]])
given = include["include"][0]["inputs"]
print("include:", len(given), *[name for name in given if name not in header["spec"]["inputs"]],
      *[name for name, entry in header["spec"]["inputs"].items() if "default" not in entry and name not in given])
print("guide:", *[name for name in [*action["inputs"], *action["outputs"], *header["spec"]["inputs"]] if f"`{name}`" not in guide and f" {name}:" not in guide])
END
"$python" look.py "$SRCDIR" >looked
is "$(sed 's/ *$//' looked)" "GitHub:
GitLab:

workflow: 1
include: 4
guide:" 'no expression in a script, all is pinned, inputs are what the files and the guide say'

run image-lint --json "$SRCDIR/Containerfile"
is "$status $(jq -c '.counts | [.errors, .warnings]' out)" '0 [0,0]' 'image-lint finds nothing in the Containerfile'
run pin-check "$SRCDIR/Containerfile"
is "$status" 0 'whose base is pinned'
is "$(sed -n 's/^ARG VERSION=//p' "$SRCDIR/Containerfile")" "$(sed -n 's/^AC_INIT(\[seatrial\], \[\(.*\)\])/\1/p' "$SRCDIR/configure.ac")" 'and whose version is the sources'"'"

# The action's own checkout, on a runner that has no seatrial: built where the packages are, and found by what follows.
[ -f "$BUILDDIR/Makefile" ] && [ -w "$BUILDDIR" ]
need build 'the build tree cannot be written'
command -v dpkg-query >/dev/null 2>&1 &&
	[ -z "$("$SRCDIR/bootstrap" packages install | while read -r package; do dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"; done)" ]
need bootstrap 'the packages that ./bootstrap would install are not installed'
cd work || exit 1
rm -rf ../job
run env -u SEATRIAL_HOME -u SEATRIAL_RULES -u MAKEFLAGS -u MAKELEVEL "BUILD_DIR=$BUILDDIR" PATH=/usr/local/bin:/usr/bin:/bin \
	"$python" "$SRCDIR/t/lib/ci.py" github ../job "$SRCDIR/action.yml" config=service/seatrial.conf items='16.7 17.4'
verdict_is '1 fails 0 0 0 0 - 1' 'seatrial is built where there is none'
is "$(job '.path[0] | sub(".*/job/"; "")')" temp/seatrial/bin 'into a folder of the job'"'"'s'
is "$(cmp ../job/summary seatrial-report/report.md && echo same)" same 'and tries the image'

done_testing
