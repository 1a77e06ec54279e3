#!/bin/sh
# image-lint from the outside: verdicts, forms of the result, mends, images, compose files, trouble.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq

# findings RULE...: those of the document in `out`, "RULE MESSAGE" a line.
findings() {
	jq -r '.findings[] | select(.silenced == null) | "\(.rule) \(.message)"' out
}

cat >bad <<'EOF'
FROM alpine:3.20
run	sudo make
CMD run me
EOF
mkdir plain && mv bad plain/Dockerfile && cd plain || exit 2
expect_status 1 image-lint Dockerfile
has out 'Dockerfile:3:1: warning: CMD is run by a shell [cmd-shell-form]' 'place, severity, message and rule'
has out '    CMD run me
    ^~~~~~~~~~
  why: ' 'the line, with what is meant underlined'
is "$(grep -A2 'sudo in a RUN' out | tail -n 1)" '        ^~~~~~~~~' 'a tab is a column of its own'
is "$(tail -n 1 out)" '4 warnings, 4 notes; --fix mends up to 2: fails' 'it is summed up in a line'
expect_status 1 image-lint --json Dockerfile
is "$(jq -c '[.schema, .verdict, .counts.warnings, .counts.notes, .targets[0].type]' out)" \
	'["seatrial/image-lint/1","fails",4,4,"dockerfile"]' 'JSON'
is "$(jq -c '.findings[] | select(.rule == "keyword-case") | [.line, .column, .severity]' out)" '[2,1,"info"]' 'JSON: a finding'
run image-lint --tap Dockerfile
is "$(grep -c '^not ok' out) $(grep -c '^ok' out)" "4 $(($(image-lint --list --json | jq '[.rules[] | select(.enabled)] | length') - 4))" 'TAP: a test per rule'
is "$(grep -c "^1..$(grep -c '^\(not \)\?ok' out)\$" out)" 1 'TAP: with its plan'
run image-lint --format github Dockerfile
has out '::warning file=Dockerfile,line=3,endLine=3,col=1,title=image-lint%3A cmd-shell-form::CMD is run by a shell%0A' 'GitHub: an annotation'
run image-lint --format gitlab Dockerfile
is "$(jq -c '.[] | select(.check_name == "sudo-used") | [.severity, .location.path, .location.lines.begin]' out)" '["minor","Dockerfile",2]' 'GitLab: an issue'
is "$(jq '[.[].fingerprint] | length == (unique | length)' out)" true 'GitLab: each with a fingerprint of its own'
run image-lint --format sarif Dockerfile
is "$(jq -c '.runs[0].results[] | select(.ruleId == "cmd-shell-form") | [.level, .locations[0].physicalLocation.region]' out)" \
	'["warning",{"startLine":3,"startColumn":1,"endLine":3,"endColumn":11}]' 'SARIF: a result'
is "$(jq '.runs[0] as $run | [$run.results[] | $run.tool.driver.rules[.ruleIndex].id == .ruleId] | all' out)" true 'SARIF: and its rule'
before=$(jq -c '[.runs[0].results[] | select(.ruleId == "sudo-used") | .partialFingerprints]' out)
{ echo '# a comment'; cat Dockerfile; } >moved && mv moved Dockerfile
run image-lint --format sarif Dockerfile
is "$(jq -c '[.runs[0].results[] | select(.ruleId == "sudo-used") | .partialFingerprints]' out)" "$before" 'SARIF: a fingerprint does not hang on the line'
sed -i 1d Dockerfile

# Hostile names and texts, in every form
mkdir hostile && cd hostile || exit 2
name=$(printf 'Dockerfile.\033[31m\377,a:b%%0A')
printf 'FROM a:1\nRUN \303\251\t\033[31m && sudo "\377::error \360\237\230\200" x\nRUN sudo a \\\n  b\nRUN sudo a \\\n  b\n' >"$name"
for format in text json tap sarif github gitlab; do
	run image-lint --format $format --only sudo-used,silence-invalid "$name"
	is "$status $(LC_ALL=C tr -d '[:print:]\n\200-\376' <out | wc -c)" "1 0" "$format: no control byte, and no byte that is none"
	iconv -f UTF-8 -t UTF-8 out >/dev/null 2>&1 && pass "$format: UTF-8" || fail "$format: UTF-8"
done
is "$(jq 'length' out)" 3 'GitLab: all of them'
is "$(jq '[.[].fingerprint] | unique | length' out)" 3 'GitLab: and those that are alike are told apart'
run image-lint --format text --only sudo-used "$name"
has out 'RUN é .[31m && sudo ".::error' 'text: what is no text is a dot, and hides nothing'
run image-lint --format github --only sudo-used "$name"
has out 'file=Dockerfile.\x1b[31m\xff%2Ca%3Ab%250A,line=2,endLine=2,' 'GitHub: a name cannot end its property'
run image-lint --format sarif --only sudo-used "$name"
is "$(jq -c '.runs[0].results[0].locations[0].physicalLocation.region' out)" '{"startLine":2,"startColumn":16,"endLine":2,"endColumn":36}' \
	'SARIF: columns of UTF-16'
is "$(jq -c '.runs[0].results[1].locations[0].physicalLocation.region' out)" '{"startLine":3,"startColumn":5,"endLine":4,"endColumn":4}' \
	'SARIF: over two lines'
is "$(jq -r '.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri' out)" 'Dockerfile.%1B%5B31m%FF%2Ca%3Ab%250A' 'SARIF: the name as an URI'
printf 'FROM a:1\nRUN sudo b\n' >Dockerfile
first=$(image-lint --format gitlab --only sudo-used Dockerfile | jq -r '.[0].fingerprint')
printf 'FROM a:1\nRUN sudo a\nRUN sudo b\n' >Dockerfile
is "$(image-lint --format gitlab --only sudo-used Dockerfile | jq -r '.[1].fingerprint')" "$first" 'a fingerprint does not hang on what stands above'
{ echo 'FROM a:1'; yes 'RUN sudo x' | head -n 60000; } >Dockerfile
{ cat Dockerfile; echo 'ENV DB_PASSWORD=x'; } >Dockerfile.last
expect_status 1 image-lint --only sudo-used,secret-in-env --fail-on error Dockerfile Dockerfile.last
is "$(tail -n 1 out)" '1 error, 120000 warnings: fails' 'however many there are, none is lost'
cd .. || exit 2

# Which rules
expect_status 0 image-lint --only maintainer-deprecated Dockerfile
expect_status 1 image-lint --only sudo-used,cmd-shell-form Dockerfile
expect_status 0 image-lint --disable sudo-used --disable cmd-shell-form,user-root,no-healthcheck Dockerfile
expect_status 0 image-lint --fail-on error Dockerfile
expect_status 1 image-lint --fail-on info --only no-labels Dockerfile
expect_status 0 image-lint --only no-labels Dockerfile
has out '1 note' 'a note does not fail'
run image-lint --list
has out 'no-expose (note, off)' 'the list says what is off'
run image-lint --only no-expose --list --json
is "$(jq -c '[.rules[] | select(.enabled) | .name]' out)" '["no-expose","silence-invalid"]' 'and what --only leaves'
expect_trouble "no rule 'user-rot': did you mean 'user-root'?" image-lint --only user-rot Dockerfile
expect_trouble "no rule 'x'" image-lint --disable x Dockerfile
expect_trouble "no rule ''" image-lint --only '' Dockerfile
expect_trouble "no rule ''" image-lint --only user-root,,sudo-used Dockerfile
expect_trouble "'uid=me'" image-lint --expect uid=me Dockerfile
expect_trouble 'is no expectation' image-lint --expect size=3 Dockerfile
expect_trouble "no stage 'build'" image-lint --target build Dockerfile
expect_trouble 'no TARGET' image-lint

# The stage that is built
cat >stages <<'EOF'
FROM alpine:3.20 AS one
USER app
FROM alpine:3.20 AS two
EOF
mv stages Dockerfile.stages
expect_status 1 image-lint --only user-root Dockerfile.stages
expect_status 0 image-lint --only user-root --target one Dockerfile.stages
expect_status 0 image-lint --only user-root --target 0 Dockerfile.stages

# Mends: nothing else changes, and what is mended is not found again.
printf '%s\r\n' '# Mending' 'from debian:12' '' 'RUN apt update && apt-get install \' '   curl   # why not' 'MAINTAINER me <me@example.org>' \
	'ADD a /a' 'ENV A b c' 'CMD run me' >Dockerfile.mend
chmod 640 Dockerfile.mend
cp -p Dockerfile.mend kept
expect_status 1 image-lint --diff Dockerfile.mend
cmp -s Dockerfile.mend kept && pass '--diff changes nothing' || fail '--diff changes nothing'
has out '+CMD ["run", "me"]' '--diff shows it'
for form in json tap sarif github gitlab; do
	expect_trouble '--diff: only behind the text' image-lint --diff --format $form Dockerfile.mend
done
cp Dockerfile.mend first
printf 'FROM a\nFRM b\n' >second
mv second Dockerfile.second
expect_trouble 'unknown instruction' image-lint --fix Dockerfile.mend Dockerfile.second
cmp -s Dockerfile.mend first && pass 'where one file is wrong none is mended' || fail 'where one file is wrong none is mended'
printf 'FROM a:1\nRUN sudo \033[31mx \377\n' >Dockerfile.control
expect_status 1 image-lint --only sudo-used Dockerfile.control
is "$(tr -d -c '\033\377' <out | wc -c)" 0 'control characters do not reach the terminal'
run image-lint --fix Dockerfile.mend
printf '%s\r\n' '# Mending' 'FROM debian:12' '' 'RUN apt-get update && apt-get install -y --no-install-recommends \' '   curl   # why not' \
	'LABEL org.opencontainers.image.authors="me <me@example.org>"' 'COPY a /a' 'ENV A="b c"' 'CMD ["run", "me"]' >wanted
cmp Dockerfile.mend wanted >why 2>&1 && pass '--fix mends, and keeps everything else' || {
	fail '--fix mends, and keeps everything else'
	diag "$(diff wanted Dockerfile.mend)"
}
is "$(stat -c %a Dockerfile.mend)" 640 'and the mode'
cp Dockerfile.mend once
run image-lint --fix Dockerfile.mend
cmp -s Dockerfile.mend once && pass 'mending twice is mending once' || fail 'mending twice is mending once'
run sh -c 'image-lint --diff - <kept'
has out '+COPY a /a' 'standard input can be looked at'
expect_trouble 'standard input cannot be mended' sh -c 'image-lint --fix - <kept'
chmod 444 kept
ln -s kept link
run image-lint --fix link
is "$(readlink link)" kept 'a symbolic link stays one'

# Trouble
printf 'FROM a\nRUN <<EOF\nx\n' >Dockerfile.1
expect_trouble 'Dockerfile.1:2' image-lint Dockerfile.1
printf 'FROM a\n\n  FRM b\n' >Dockerfile.2
expect_trouble 'Dockerfile.2:3:3: unknown instruction: FRM' image-lint Dockerfile.2
printf 'FROM a\nCOPY x\n' >Dockerfile.3
expect_trouble 'Dockerfile.3:2:1: COPY lacks an argument' image-lint Dockerfile.3
printf 'RUN x\n' >Dockerfile.4
expect_trouble 'Dockerfile.4:1: RUN stands before the first FROM' image-lint Dockerfile.4
: >Dockerfile.5
expect_trouble 'Dockerfile.5' image-lint Dockerfile.5
printf 'FROM a\nRUN \000\n' >Dockerfile.6
expect_trouble 'Dockerfile.6' image-lint Dockerfile.6
expect_trouble 'Dockerfile.7' image-lint Dockerfile.7
truncate -s 100M Dockerfile.8 && printf 'FROM a\n' | dd of=Dockerfile.8 conv=notrunc status=none
expect_trouble 'Dockerfile.8' image-lint Dockerfile.8
yes 'RUN x' | head -c 104857600 >Dockerfile.9
expect_trouble 'Dockerfile.9' image-lint Dockerfile.9
rm Dockerfile.8 Dockerfile.9
mkdir folder
expect_trouble 'folder' image-lint folder
printf 'on: push\njobs: {}\n' >workflow.yml
expect_trouble 'neither Dockerfile nor compose file nor image' image-lint workflow.yml
printf 'a: &a\n  b: *a\nservices: *a\n' >cycle.yaml
run image-lint cycle.yaml
is "$status $(wc -l <err)" '2 1' 'cyclic anchors: one line, and no hang'
cd .. || exit 2

# Images
mkdir -p root/bin root/etc root/app/.venv/bin root/usr/local/bin root/srv
for program in sh curl; do
	printf '\177ELF' >"root/bin/$program" && chmod 755 "root/bin/$program"
done
printf '\177ELF' >root/usr/local/bin/python3 && chmod 755 root/usr/local/bin/python3
ln -s /usr/local/bin/python3 root/app/.venv/bin/python
echo home >root/app/.venv/pyvenv.cfg
printf '#!/usr/bin/nowhere\n' >root/bin/script && chmod 755 root/bin/script
printf '#!/bin/sh -e\n' >root/bin/good && chmod 755 root/bin/good
echo text >root/bin/text
printf 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n' >root/etc/passwd
printf 'root:x:0:\napp:x:1000:\n' >root/etc/group
pack_layer root.tar root --owner=1000 --group=1000

# image CONFIG: in the file `image`
image() {
	PACK_CONFIG=$1 pack_image image root.tar
}

# judged RULES CONFIG FINDINGS NAME
judged() {
	image "$2"
	run image-lint --json --only "$1" image
	is "$(findings)" "$3" "$4"
}

good='"User":"app","WorkingDir":"/app","Env":["PATH=/app/.venv/bin:/usr/local/bin:/bin"],"Cmd":["python","-m","app"]'
image "{$good,\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f http://localhost:5000/ || exit 1\"]},\"ExposedPorts\":{\"5000/tcp\":{}}}"
expect_status 0 image-lint --enable app-not-owned,setuid-files,no-expose --expect uid=1000 --expect port=5000 image
has out 'done well: ' 'what is done well is told'
has out 'virtual environment active' 'a virtual environment, too'
judged user-root "{$good}" '' 'a user'
judged user-root '{"Cmd":["sh"]}' 'user-root it runs as root, since it names no user' 'nobody named'
judged user-root '{"User":"0:5","Cmd":["sh"]}' 'user-root it runs as root' 'root by its number'
judged user-not-in-passwd '{"User":"nobody"}' "user-not-in-passwd no user 'nobody' in the image's /etc/passwd" 'a user that is not there'
judged user-not-in-passwd '{"User":"app:wheel"}' "user-not-in-passwd no group 'wheel' in the image's /etc/group" 'a group that is not there'
judged user-not-in-passwd '{"User":"4242"}' '' 'a number needs no account'
image '{"User":"app"}'
run image-lint --json --only user-not-expected --expect uid=1001 image
is "$(findings)" 'user-not-expected the user is number 1000; 1001 was agreed on' 'another user than agreed'
judged start-program-missing '{"Cmd":["nowhere"]}' "start-program-missing nowhere is not in the image's PATH" 'no such program'
judged start-program-missing '{"Cmd":["/bin/text"]}' 'start-program-missing /bin/text is not executable' 'no program'
judged start-program-missing '{"Cmd":["/bin"]}' 'start-program-missing /bin is no file' 'a folder'
judged start-program-missing '{"Cmd":["script"]}' 'start-program-missing /bin/script is to be run by /usr/bin/nowhere, which is not in the image' 'no interpreter'
judged start-program-missing '{"Cmd":["good"]}' '' 'a script'
judged start-program-missing '{"Cmd":["/bin/sh","-c","cd /x && nowhere $X"]}' "start-program-missing nowhere is not in the image's PATH" 'what a shell runs'
judged start-program-missing '{"Entrypoint":["good"],"Cmd":["nowhere"]}' '' 'an argument is no program'
judged start-program-missing '{"WorkingDir":"/app","Cmd":[".venv/bin/python"]}' '' 'a path from the working directory, through a link'
judged start-program-missing '{"Env":["PATH=/srv"],"Cmd":["sh"]}' "start-program-missing sh is not in the image's PATH" 'by the image'"'"'s own PATH'
judged start-program-missing '{}' 'start-program-missing neither an entry point nor a command' 'nothing to start'
judged healthcheck-program-missing '{"Cmd":["sh"],"Healthcheck":{"Test":["CMD","wget","x"]}}' \
	"healthcheck-program-missing wget is not in the image's PATH" 'a health check without its program'
judged healthcheck-program-missing '{"Cmd":["sh"],"Healthcheck":{"Test":["CMD-SHELL","[ -f /x ] || curl x | grep y"]}}' \
	"healthcheck-program-missing grep is not in the image's PATH" 'all programs of a shell'"'"'s'
judged no-healthcheck '{"Healthcheck":{"Test":["NONE"]}}' 'no-healthcheck the health check is switched off' 'a health check that is switched off'
image '{"Healthcheck":{"Test":["CMD","sh"],"Interval":30000000000,"Retries":5}}'
run image-lint --json --only healthcheck-timing --expect health-interval=30s --expect health-retries=3 --expect health-timeout=10s image
is "$(findings | sort)" 'healthcheck-timing the number of retries is 5; 3 was agreed on
healthcheck-timing the time-out is 30.00 s; 10.00 s was agreed on' 'timing, with the defaults of engines'
judged start-calls-package-manager '{"Entrypoint":["/bin/sh","-c","uv run x"]}' \
	"start-calls-package-manager the program is started by 'uv run'" 'a package manager behind a shell'
judged cmd-shell-form '{"Cmd":["/bin/sh","-c","x"]}' 'cmd-shell-form the command is run by a shell: x' 'the shell form'
judged port-mismatch '{"Cmd":["x","--port","80"],"ExposedPorts":{"81/tcp":{}}}' \
	'port-mismatch the program listens on 80, which is not exposed' 'another port'
judged secret-in-env '{"Env":["API_KEY=abc","HOME=/x"]}' 'secret-in-env API_KEY looks like a secret' 'a secret'
judged venv-not-on-path '{"Env":["PATH=/bin"],"Cmd":["sh"]}' \
	'venv-not-on-path /app/.venv/bin is not the first on PATH, and the program is not in it' 'an environment that is not active'
judged venv-not-on-path '{"Env":["PATH=/bin"],"Cmd":["/app/.venv/bin/python"]}' '' 'one whose program is named'
judged start-not-in-venv '{"Env":["PATH=/app/.venv/bin:/bin"],"Cmd":["/usr/local/bin/python3"]}' \
	'start-not-in-venv python3 is not the one of /app/.venv' 'the system'"'"'s Python'
judged app-not-owned '{"User":"4242","WorkingDir":"/app/.venv"}' \
	'app-not-owned 3 of 3 paths in /app/.venv do not belong to its user: /app/.venv/bin' 'files of others'

# Layers: what a later one deletes or replaces
mkdir -p second/bin second/etc
: >second/bin/.wh.curl
printf 'app:x:7:7::/app:/bin/sh\nother:x:7:7::/:/bin/sh\nopen::8:8::/:/bin/sh\n' >second/etc/passwd
ln second/etc/passwd second/etc/hard
printf 'x' >second/bin/suid && chmod 4755 second/bin/suid
mkdir -p second/app/.git && : >second/app/.git/HEAD && : >second/app/Dockerfile
pack_layer second.tar second
PACK_CONFIG='{"User":"app","Cmd":["sh"],"Healthcheck":{"Test":["CMD","curl","x"]}}' pack_image image root.tar second.tar
run image-lint --json --expect uid=7 --enable setuid-files \
	--only empty-password,uid-duplicate,setuid-files,unnecessary-files,healthcheck-program-missing,user-not-expected image
is "$(findings | sort)" "empty-password 'open' has no password in /etc/passwd
healthcheck-program-missing curl is not in the image's PATH
setuid-files /bin/suid has mode 4755
uid-duplicate 'app' and 'other' are both number 7
unnecessary-files /app/.git
unnecessary-files /app/Dockerfile" 'the final file system counts'
expect_status 1 sh -c 'cat image | image-lint --json docker-archive:/dev/stdin'
expect_trouble 'a stream is read once' sh -c 'cat image | image-lint --json -'
image "{$good}"
expect_status 1 sh -c 'cat image | image-lint --json -'
is "$(jq -r '.targets[0].id' out)" "sha256:$(tar -xOf image config.json | sha256sum | cut -d' ' -f1)" 'an image on standard input'
expect_status 1 sh -c 'gzip -c image | image-lint --json -'
expect_trouble 'damaged' sh -c 'head -c 3000 image | image-lint -'
expect_trouble 'standard input' sh -c 'image-lint - </dev/null'
head -c 5000 image >cut.tar
expect_trouble cut.tar image-lint cut.tar
expect_trouble 'nowhere.example' image-lint docker://nowhere.example:1/app

# A Dockerfile together with its image: what was built says it better.
printf 'FROM %s\nCMD ["sh"]\n' "base@sha256:$(printf '1%.0s' $(seq 64))" >Dockerfile
image "{$good,\"Healthcheck\":{\"Test\":[\"CMD\",\"sh\"]}}"
expect_status 1 image-lint Dockerfile
expect_status 0 image-lint Dockerfile image

# Compose files
cat >compose.yaml <<'EOF'
services:
  web:
    build: .
    image: web:1
    command: flask run --port 80
    restart: "no"
    privileged: true
    network_mode: host
    # image-lint: ignore=user-root the port needs it
    user: root
    environment:
      API_TOKEN: abc
      DEBUG: "1"
      PASSWORD: ${PASSWORD}
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock
      - /data
    healthcheck:
      test: curl -f http://localhost/health
    mem_limit: 512m
  db:
    image: postgres
    restart: always
    read_only: true
    stop_grace_period: 1m
    logging: {driver: json-file, options: {max-size: 10m}}
    deploy: {resources: {limits: {memory: 1g}}}
    volumes: [data:/var/lib/postgresql/data]
volumes:
  data:
EOF
run image-lint --json compose.yaml
is "$(jq -r '.findings[] | select(.silenced == null) | "\(.line) \(.rule)"' out | sort -n | tr '\n' ',')" \
	'2 compose-no-grace-period,2 compose-no-log-rotation,2 compose-writable-root,5 dev-server,6 compose-no-restart,7 compose-privileged,8 compose-host-namespace,12 secret-in-env,13 env-development,16 compose-docker-socket,17 compose-anonymous-volume,22 base-moving-tag,' \
	'compose: the rules'
is "$(jq -r '[.findings[] | select(.silenced != null) | [.line, .rule, .silenced]] | tostring' out)" '[[10,"user-root","the port needs it"]]' 'compose: a comment silences'
is "$(jq -r '[.credits[].text] | sort | join(", ")' out)" 'log rotation, named volumes, read-only root, resource limits, restart policy, time to stop' 'compose: what is done well'
run image-lint --json --only healthcheck-only-in-compose Dockerfile compose.yaml
is "$(jq -r '.findings[] | "\(.target):\(.line)"' out)" compose.yaml:19 'a health check that the image lacks'
printf 'FROM a:1\nHEALTHCHECK CMD curl http://localhost:80/health\n' >Dockerfile
run image-lint --json --only healthcheck-only-in-compose,healthcheck-shared Dockerfile compose.yaml
is "$(findings)" 'healthcheck-shared web: /health is asked here and by the image'"'"'s own check' 'one endpoint for both'
echo 'torch==2.0' >requirements.txt
run image-lint --json --only compose-memory-too-low Dockerfile compose.yaml
is "$(findings)" 'compose-memory-too-low web: 512m, and the requirements name packages for machine learning' 'too little memory'

# The page of the rules is what the program says.
image-lint --list --json | jq -rf "$SRCDIR/t/lib/lint-rules.jq" >rules.md
cmp -s rules.md "$SRCDIR/docs/lint-rules.md" && pass 'docs/lint-rules.md is up to date' || fail 'docs/lint-rules.md is up to date'

done_testing
