#!/bin/sh
# 18.26: reports of trivy and grype, and what stands in for them on PATH.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq
need_command prove

mkdir root && echo x >root/x && (cd root && tar -cf ../layer.tar .)
PACK_CONFIG='{"Cmd":["/x"]}' pack_image app.tar layer.tar
id=$(image-size --json app.tar | jq -r .image.id)
cat >seatrial.conf <<'END'
IMAGE=app.tar
END

# decides NAME EXPECTED [ARGUMENT]...: status and words of 18.26.
decides() {
	name=$1
	expected=$2
	shift 2
	run seatrial -q "$@" 18.26
	is "$(jq -r '.items["18.26"] | "\(.status): \(.found)" | sub("(?<a>no such file).*"; .a)' seatrial-report/metrics.json)" "$expected" "$name"
}

trivy() {
	jq -n --arg id "$1" --arg severity "$2" '{SchemaVersion: 2, ArtifactName: "app.tar", Metadata: {ImageID: $id}, Results: [
		{Target: "app (debian 12)", Class: "os-pkgs", Vulnerabilities: [
			{VulnerabilityID: "CVE-2026-0001", PkgName: "libx", InstalledVersion: "1.0", FixedVersion: "1.1", Severity: $severity},
			{VulnerabilityID: "CVE-2026-0002", PkgName: "liby", InstalledVersion: "2.0", Severity: "LOW"}]},
		{Target: "app/requirements.txt", Class: "lang-pkgs"}]}'
}
trivy "$id" HIGH >high.json
trivy "$id" MEDIUM >medium.json
trivy sha256:00 MEDIUM >another.json
decides 'a report of trivy' 'fail: 1 of 2 are critical or high, by trivy; first CVE-2026-0001 high: libx 1.0, mended in 1.1' \
	-s VULNERABILITY_REPORT=high.json
decides 'nothing that counts' 'ok: 0 of 2 are critical or high, by trivy' -s VULNERABILITY_REPORT=medium.json
decides 'other severities' 'fail: 1 of 2 are medium, by trivy; first CVE-2026-0001 medium: libx 1.0, mended in 1.1' \
	-s VULNERABILITY_REPORT=medium.json -s VULNERABILITY_SEVERITIES=medium
decides 'one that is known' 'ok: 0 of 2 are critical or high, by trivy, 1 ignored' \
	-s VULNERABILITY_REPORT=high.json -s VULNERABILITY_IGNORE=CVE-2026-0001
decides 'a report of another image' 'fail: the report is of another image: app.tar' -s VULNERABILITY_REPORT=another.json
jq 'del(.Results)' medium.json >nothing.json
decides 'a report that has looked at nothing' 'fail: trivy looked at nothing in the image' -s VULNERABILITY_REPORT=nothing.json
jq '.Results = [{Target: "/key", Class: "secret", Secrets: [{RuleID: "k"}]}]' medium.json >secrets.json
decides 'one that looked for secrets' 'fail: trivy looked at nothing in the image' -s VULNERABILITY_REPORT=secrets.json
jq 'del(.Metadata) | .ArtifactType = "filesystem"' medium.json >folder.json
decides 'one on a folder' 'fail: the report does not say of which image it is' -s VULNERABILITY_REPORT=folder.json
jq '.Metadata.OS = {Family: "debian", Name: "9.13", EOSL: true}' medium.json >ended.json
decides 'one on a system that nobody looks after' \
	'fail: 0 of 2 are critical or high, by trivy, but nobody records the flaws of debian 9.13 any more' -s VULNERABILITY_REPORT=ended.json
jq -n --arg id "$id" '{matches: [{vulnerability: {id: "GHSA-1", severity: "Critical", fix: {versions: ["3.1"], state: "fixed"}},
	artifact: {name: "z", version: "3.0"}}], source: {type: "image", target: {userInput: "app.tar", imageID: $id}}}' >grype.json
decides 'a report of grype' 'fail: 1 of 1 are critical or high, by grype; first GHSA-1 critical: z 3.0, mended in 3.1' \
	-s VULNERABILITY_REPORT=grype.json
echo '{' >broken.json
decides 'what is no JSON' "fail: could not be decided: 'broken.json' is no JSON" -s VULNERABILITY_REPORT=broken.json
echo '{"runs":[]}' >other.json
decides 'what is another report' "fail: could not be decided: 'other.json' is no report of trivy or grype" -s VULNERABILITY_REPORT=other.json
echo '{"matches":[{}]}' >half.json
decides 'what is half of one' "fail: could not be decided: 'half.json' is no whole report of trivy or grype" -s VULNERABILITY_REPORT=half.json

if ! command -v trivy >/dev/null 2>&1 && ! command -v grype >/dev/null 2>&1; then
	decides 'no scanner' 'skip: no VULNERABILITY_REPORT in the settings, and neither trivy nor grype is installed'
fi
mkdir tools
cat >tools/trivy <<END
#!/bin/sh
echo "\$*" >$T/asked
[ -e $T/database ] || { echo 'FATAL no database' >&2; exit 1; }
cat $T/high.json
END
chmod +x tools/trivy
PATH=$T/tools:$PATH
decides 'a scanner that has no database' "skip: $T/tools/trivy ended with status 1: FATAL no database"
touch database
decides 'a scanner' 'fail: 1 of 2 are critical or high, by trivy; first CVE-2026-0001 high: libx 1.0, mended in 1.1'
is "$(cat asked)" 'image --quiet --exit-code 0 --format json --input app.tar' 'is asked about the file'
echo 'exit 1' >>tools/trivy
decides 'a scanner that ends with a status for what it found' 'fail: 1 of 2 are critical or high, by trivy; first CVE-2026-0001 high: libx 1.0, mended in 1.1'
mkdir app
decides 'a folder that has the image'"'"'s name' 'fail: could not be decided: image-size: app:latest: no such file' -s IMAGE=app:latest
is "$(cat asked)" 'image --quiet --exit-code 0 --format json app:latest' 'is not what the scanner is asked about'
cat >tools/grype <<END
#!/bin/sh
echo "\$*" >$T/asked
cat $T/grype.json
exit 2
END
chmod +x tools/grype
rm tools/trivy
decides 'grype' 'fail: 1 of 1 are critical or high, by grype; first GHSA-1 critical: z 3.0, mended in 3.1'
is "$(cat asked)" '--quiet --output json app.tar' 'is asked about the file, too'

done_testing
