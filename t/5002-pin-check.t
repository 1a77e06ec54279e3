#!/bin/sh
# pin-check from the outside: verdicts, forms of the result, trouble.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command jq

D1=sha256:1111111111111111111111111111111111111111111111111111111111111111
D2=sha256:2222222222222222222222222222222222222222222222222222222222222222
AL=public.ecr.aws/amazonlinux/amazonlinux

cat >good <<EOF
# FROM commented:out
FROM $AL:2023@$D1 AS builder
RUN <<INNER
FROM inside
INNER
FROM $AL:2023@$D1
COPY --from=Builder /a /b
EOF
expect_status 0 pin-check good
is "$(cat out)" '2 external references, all pinned' 'a pinned file is summed up in a line'
expect_status 0 pin-check --base "$AL:2023" good
expect_status 0 pin-check --base other --base "$AL" good
expect_status 1 pin-check --base "$AL:2024" good
has out "good:2: FROM $AL:2023@$D1: the base is not $AL:2024" 'a base that is not demanded is named with its line'

# a tag anywhere, a short digest, a digest that is none
for line in 'FROM alpine:3' 'FROM alpine' 'FROM alpine@sha256:v2' 'FROM alpine@sha256:1111' 'from alpine:latest' \
	'COPY --from=alpine:3 /a /b' 'RUN --mount=type=bind,from=alpine,target=/x true' 'ONBUILD COPY --from=alpine /a /b' \
	'ADD https://example.org/x /x' 'FRM alpine'; do
	{ cat good; echo "$line"; } >bad
	expect_status 1 pin-check bad
	is "$(wc -l <out)" 2 "one line for it, one for the sum: $line"
	has out 'bad:8: ' "with its line: $line"
done
sed "6s/$D1/$D2/" good >drift
expect_status 1 pin-check drift
has out 'drift:6: ' 'stages that share a base must share its digest'
has out 'line 2' 'and the other stage is named'
{ echo '# syntax=docker/dockerfile:1'; cat good; } >frontend
expect_status 1 pin-check frontend
has out 'frontend:1: syntax docker/dockerfile:1: ' 'the frontend is an image too'

# arguments
printf 'ARG BASE\nFROM ${BASE}\n' >arg
expect_status 1 pin-check arg
has out "arg:2: FROM \${BASE}: not known: the variable 'BASE' is not set" 'a variable without a value is not passed over'
expect_status 0 pin-check --build-arg "BASE=alpine@$D1" arg
expect_status 1 pin-check --build-arg BASE=alpine:3 arg
printf 'FROM alpine@%s\nARG BASE=alpine@%s\nFROM $BASE\n' "$D1" "$D1" >leak
expect_status 1 pin-check leak
printf 'FROM busybox:$TARGETARCH@%s\n' "$D1" >arch
expect_status 0 pin-check --platform linux/arm64 --json arch
is "$(json out '.files[0].references[0].resolved')" "busybox:arm64@$D1" '--platform sets the automatic arguments'
expect_status 1 pin-check --build-arg BUILDKIT_SYNTAX=x/y good

# several files, compose files, standard input
cat >compose.yaml <<EOF
services:
  web:
    build: .
    image: mine
  db:
    image: postgres@$D1
  cache:
    image: \${CACHE:-redis}
EOF
expect_status 1 pin-check good compose.yaml
is "$(cat out)" "compose.yaml:8: image \${CACHE:-redis} (redis): not pinned: neither tag nor digest
4 external references, 1 not pinned" 'compose files: the image, as written and as it is'
expect_status 0 pin-check --env "CACHE=redis@$D1" good compose.yaml
expect_status 0 sh -c 'pin-check - <good'
expect_status 1 sh -c 'pin-check - <compose.yaml'
has out 'standard input:8: image' 'standard input is told by its content'

# Kubernetes and GitHub
cat >pod.yaml <<EOF
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: app
            image: app@$D1
          initContainers:
          - name: setup
            image: busybox
EOF
expect_status 1 pin-check pod.yaml
is "$(cat out)" 'pod.yaml:13: initContainers busybox: not pinned: neither tag nor digest
2 external references, 1 not pinned' 'a Kubernetes manifest'
cat >workflow <<EOF
name: ci
on: push
jobs:
  test:
    container: node:20
    steps:
    - uses: docker://alpine@$D1
    - uses: docker://\${{ env.IMAGE }}
EOF
expect_status 1 pin-check - <workflow
is "$(cat out)" "standard input:5: container node:20: not pinned: a tag can move, a digest cannot
standard input:8: uses docker://\${{ env.IMAGE }}: not known: it is an expression
3 external references, 2 not pinned" 'a workflow'
expect_status 1 pin-check --json workflow
is "$(json out '.files[].references[] | [.line, .place.column, .instruction, .service, .pin] | @csv' | tr -d '"' | tr '\n' ' ')" \
	'5,16,container,test,tag 7,13,uses,,digest 8,13,uses,,unresolved ' 'JSON: where they stand'
mkdir -p .github/workflows
echo 'a: b' >.github/workflows/x.yml
expect_trouble 'neither a workflow nor an action' pin-check .github/workflows/x.yml

# known findings
cat >known <<EOF
# for the time being

alpine:3   the next release of it brings a digest
good:2	pinned, and so this entry is for nothing
gone:1 was there once
bad:9 by its line
EOF
{ cat good; echo 'COPY --from=alpine:3 /a /b'; echo 'COPY --from=busybox /a /b'; } >bad
expect_status 1 pin-check bad
expect_status 0 pin-check --accept known bad good
is "$(cat out)" "known:4: accepts nothing that fails: good:2
known:5: accepts nothing that fails: gone:1
6 external references, all pinned; 3 accepted" 'what is accepted does not count, and what is not needed is told'
expect_status 0 pin-check --accept known --json bad
is "$(json out '[.files[].references[] | select(.accepted) | [.line, .holds, .accepted]], [.accept[] | .used]' | tr -d ' \n')" \
	'[[8,false,"thenextreleaseofitbringsadigest"],[9,false,"byitsline"]][true,false,false,true]' 'JSON: what is accepted, and by what'
expect_status 0 pin-check --accept known --tap bad
echo 'COPY --from=other /a /b' >>bad
expect_status 1 pin-check --accept known bad
is "$(grep -c '^bad:' out)" 1 'another one does'
echo 'alpine:3' >no-reason
expect_trouble "no-reason:1: 'alpine:3' has no reason" pin-check --accept no-reason bad
printf 'a b\na c\n' >twice
expect_trouble "twice:2: 'a' is in line 1 already" pin-check --accept twice bad
expect_trouble 'nowhere' pin-check --accept nowhere bad
printf 'a\0 b\n' >nul-accept
expect_trouble 'NUL' pin-check --accept nul-accept bad

# forms of the result
expect_status 1 pin-check --json --base "$AL" good arg
is "$(json out '.schema, .verdict, (.checks[] | .name, .holds)' | tr '\n' ' ')" \
	'seatrial/pin-check/1 fails pinned false consistent true base false ' 'JSON: schema, verdict, checks'
is "$(json out '.files[].references[] | [.line, .instruction, .stage, .pin, .holds, .digest] | @csv' | tr -d '"')" "2,FROM,builder,digest,true,$D1
6,FROM,1,digest,true,$D1
7,COPY --from,1,stage,true,
2,FROM,0,unresolved,false," 'JSON: the references'
is "$(json out '.files[1].references[0].resolved')" null 'JSON: what is not known is null'
expect_status 0 pin-check --tap good
is "$(grep '^ok\|^not\|^1' out)" "ok 1 - good:2: FROM $AL:2023@$D1
ok 2 - good:6: FROM $AL:2023@$D1
ok 3 - every external image is pinned by its digest
ok 4 - stages that share a base share its digest
1..4" 'TAP: a test per reference, one per demand'
printf 'FROM a # SKIP\n' >skip
expect_status 1 pin-check --tap skip
is "$(grep -c '^not ok 1 - skip:1: FROM a$' out)" 1 'TAP: no text of the file ends a test'
printf 'FROM \033[31ma\n' >escape
expect_status 1 pin-check escape
has out '\x1b[31ma' 'control bytes of the file are not printed as such'

# trouble
expect_trouble 'nowhere' pin-check nowhere
expect_trouble 'nowhere' pin-check good nowhere
mkdir dir
expect_trouble 'dir' pin-check dir
: >empty
expect_trouble 'empty: there is no instruction' pin-check empty
echo '# x' >comments
expect_trouble 'comments: there is no instruction' pin-check comments
echo 'ARG a' >args
expect_trouble 'args: no stage in it' pin-check args
printf 'FROM a\nRUN <<EOF\nFROM b\n' >heredoc
expect_trouble 'heredoc:2: the heredoc' pin-check heredoc
printf 'FROM a\nENV x\n' >env-file
expect_trouble 'env-file:2: ENV needs' pin-check env-file
printf 'FROM a\0\n' >nul
expect_trouble 'nul:1: a NUL byte' pin-check nul
echo 'a: [' >broken.yml
expect_trouble 'broken.yml:2: ' pin-check broken.yml
echo 'a: b' >other.yml
expect_trouble 'other.yml: no compose file' pin-check other.yml
printf 'services: {a: {image: x}}\n---\nservices: {}\n' >two.yml
expect_trouble 'two.yml: several YAML documents' pin-check two.yml
head -c 5000000 /dev/zero | tr '\0' 'x' >large
expect_trouble 'large' pin-check large
expect_trouble "--base: 'A'" pin-check --base A good
expect_trouble "'X' is not NAME=VALUE" pin-check --build-arg X good
expect_trouble 'json' pin-check --json --tap good

# cut anywhere, a file is read or refused, and never both
lines=0
while [ "$lines" -lt "$(wc -c <good)" ]; do
	lines=$((lines + 7))
	head -c "$lines" good >cut-file
	run pin-check --json cut-file
	case $status in
	0 | 1) [ ! -s err ] && [ -s out ] ;;
	2) [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] ;;
	*) false ;;
	esac || break
done
is "$status" 0 'cut at every seventh byte, it is judged or refused'

done_testing
