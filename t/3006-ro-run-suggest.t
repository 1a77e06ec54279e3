#!/bin/sh
# --suggest: the smallest set of writable mounts, proved by a second run; and --writable's list.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

box_root
mkdir -p root/var/lib/db root/var/cache/web root/etc/app
echo seed >root/var/lib/db/seed
echo conf >root/etc/app/conf
chmod 777 root/var/lib/db root/var/cache/web root/etc/app root/data
chmod 666 root/etc/app/conf
# shellcheck disable=SC2016 # a folder of that name
mkdir -p root/state/app 'root/do$llar' root/opt/empty && ln -s /state root/var/run && ln -s opt/empty root/empty
# shellcheck disable=SC2016
chmod 777 root/state root/state/app 'root/do$llar' root/opt/empty
box_image box '{"Cmd":["/bin/sh"],"User":"app","WorkingDir":"/home/app","Env":["PATH=/bin"]}'

# suggests NAME SCRIPT MOUNT...: for the script exactly these mounts are found, and proved.
suggests() {
	name=$1
	script=$2
	shift 2
	ro --suggest --cmd "[\"/bin/sh\",\"-ec\",\"$script\"]" box
	is "$(json out '.suggestion | [.mounts[] | "\(.kind) \(.path)"] + .environment | join(",")')" "$*" "$name"
	is "$(json out '.suggestion | "\(.needed) \(.proved) \(.problem)"')" 'true true null' "$name: a second run has proved it"
	is "$status" 1 "$name: the image as it is still fails"
	[ "$(json out .suggestion.proved)" = true ] || show_output
}

suggests 'a file in an empty folder' 'echo x >/tmp/new' 'tmpfs /tmp'
suggests 'a folder that is made' 'mkdir -p .cache/uv; echo x >.cache/uv/lock' 'tmpfs /home/app/.cache'
suggests 'a folder with content' 'cat /var/lib/db/seed; echo x >/var/lib/db/new' 'volume /var/lib/db'
suggests 'a file that is there' 'echo x >>/etc/app/conf; grep -q conf /etc/app/conf' 'volume /etc/app'
suggests 'several' 'echo x >/tmp/a; echo y >/var/cache/web/b; echo z >/data/c' \
	'tmpfs /data,tmpfs /tmp,tmpfs /var/cache/web'
suggests 'made and removed again' 'echo x >/tmp/a; rm /tmp/a' 'tmpfs /tmp'
suggests 'asking for the right to write' 'attempt access /var/cache/web' 'tmpfs /var/cache/web'
suggests 'a rename within a folder' 'echo x >/tmp/a; mv /tmp/a /tmp/b' 'tmpfs /tmp'
suggests 'byte code of Python' 'if [ -z \"$PYTHONDONTWRITEBYTECODE\" ]; then mkdir -p __pycache__; fi' \
	'PYTHONDONTWRITEBYTECODE=1'
suggests 'through links' 'echo x >/var/run/app/pid; echo y >/empty/../empty/b' 'tmpfs /opt/empty,tmpfs /state/app'
suggests 'a lock file that is there, opened for reading' 'echo x >/tmp/a; attempt create-for-reading /etc/app/conf' 'tmpfs /tmp'
suggests 'a folder of the image that is removed and made again' 'rmdir /state/app; mkdir /state/app; echo x >/state/app/pid' \
	'volume /state'
suggests 'a folder that is made and removed' 'mkdir /data/x; echo x >/data/x/y; rm -r /data/x' 'tmpfs /data'
suggests 'a folder renamed over another one' 'mkdir /state/new; echo x >/state/new/a; mv -T /state/new /state/app' \
	'tmpfs /state'
# once /tmp is open it goes on, and finds the next
suggests 'a program that goes another way where it can' \
	'if [ \"$(attempt access /tmp)\" = ok ] && [ ! -w /data/open ]; then echo x >/data/a; fi; echo y >/tmp/b' \
	'tmpfs /data,tmpfs /tmp'
# what a tmpfs hides is wanted: a volume is tried then
mkdir -p root/var/spool/web/in root/var/spool/web/out
chmod 777 root/var/spool/web root/var/spool/web/in root/var/spool/web/out
box_image box '{"Cmd":["/bin/sh"],"User":"app","WorkingDir":"/home/app","Env":["PATH=/bin"]}'
suggests 'folders that a tmpfs would hide' 'echo x >/var/spool/web/pid; echo y >/var/spool/web/in/a' 'volume /var/spool/web'
suggests 'the same, when only the proof shows it' 'echo x >/var/spool/web/pid; ls /var/spool/web/in' 'volume /var/spool/web'

# what is given stays given, and is part of the result
ro --suggest --tmpfs /tmp --volume /var/lib/db --cmd '["/bin/sh","-ec","echo x >/tmp/a; echo y >/var/lib/db/b; echo z >/data/c"]' box
is "$(json out '[.suggestion.mounts[].path] | join(" ")')" /data 'what the user gave is not suggested again'
is "$(json out .suggestion.docker)" 'docker run --read-only --tmpfs /tmp --volume /var/lib/db --tmpfs /data IMAGE' 'and stands among the flags'
ro --volume /var/lib/db --cmd '["/bin/sh","-ec","cat /var/lib/db/seed; echo y >/var/lib/db/b"]' box
is "$status $(json out '.log[0].text')" '0 seed' '--volume is writable and has the content of the image'

ro --volume /var --volume /var/lib/db --cmd '["/bin/sh","-ec","cat /var/lib/db/seed; echo y >/var/lib/db/b; echo y >/var/cache/web/b"]' box
is "$status $(json out '.log[0].text')" '0 seed' 'a volume in a volume'

# what cannot be mended by mounts is said
ro --suggest --cmd '["/bin/sh","-c","mkdir /tmp/a; exit 3"]' box
is "$(json out '.suggestion | "\(.proved) \(.problem)"')" \
	'false even with a writable root, it ends early, with status 3; its last line is: ' 'it fails for reasons of its own'
ro --suggest --user 0 --cmd '["/bin/sh","-ec","echo x >/file"]' box
is "$(json out '.suggestion | "\(.proved) \(.impossible)"')" 'false /file' 'a file in / itself'
run ro-run --cache "$cache" --suggest-as docker --user 0 --cmd '["/bin/sh","-ec","echo x >/file"]' box
is "$status $(cat out)" '2 ' 'and then no form is printed'
has err 'no mount can serve /file' 'but the reason'
ro --suggest --cmd '["/bin/true"]' box
is "$status $(json out '.suggestion | "\(.needed) \(.proved) \(.mounts | length)"')" '0 false true 0' 'nothing is needed where it runs'
expect_trouble 'leave --writable out' ro-run --cache "$cache" --suggest --writable box
expect_trouble 'needs what --no-trace leaves out' ro-run --cache "$cache" --suggest --no-trace box

# with a service and COMMAND, which runs each time
box_image server '{"Cmd":["/bin/sh","-c","mkdir -p /run/web && echo $$ >/run/web/pid && exec httpd -f -p 8080 -h /srv"],"Env":["PATH=/bin"],
	"Volumes":{"/data":{}},"StopSignal":"KILL"}'
ro --suggest server -- curl -sf --retry 20 --retry-connrefused --retry-delay 0 --max-time 5 http://localhost:8080/owned-by-root
is "$(json out '[.suggestion.mounts[].path] | join(" ")') $(json out .suggestion.proved)" '/run true' 'a service is proved with its COMMAND'

# --- the forms
script='["/bin/sh","-ec","echo x >/tmp/a; echo y >/var/lib/db/b; [ -n \"$PYTHONDONTWRITEBYTECODE\" ] || mkdir __pycache__"]'
form() {
	run ro-run --cache "$cache" --suggest-as "$1" --cmd "$script" box
	is "$status" 1 "--suggest-as $1: exit 1, for the image needs it"
}
form docker
is "$(cat out)" 'docker run --read-only --tmpfs /tmp --volume /var/lib/db --env PYTHONDONTWRITEBYTECODE=1 IMAGE' 'docker flags'
yaml() {
	python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <out | jq -c "$1"
}
form compose
is "$(yaml .)" '{"services":{"box":{"image":"IMAGE","read_only":true,"tmpfs":["/tmp"],"volumes":[{"type":"volume","source":"var-lib-db","target":"/var/lib/db"}],"environment":{"PYTHONDONTWRITEBYTECODE":"1"}}},"volumes":{"var-lib-db":{}}}' 'compose'
run ro-run --cache "$cache" --suggest-as compose --cmd '["/bin/sh","-ec","cd /do*llar; echo x >a"]' box
# shellcheck disable=SC2016
is "$(yaml .services.box.tmpfs)" '["/do$$llar"]' 'compose: a dollar is doubled, for it begins a variable'
form kubernetes
is "$(yaml '.spec.containers[0] | [.securityContext.readOnlyRootFilesystem, .volumeMounts, .env]')" \
	'[true,[{"name":"tmp","mountPath":"/tmp"},{"name":"var-lib-db","mountPath":"/var/lib/db"}],[{"name":"PYTHONDONTWRITEBYTECODE","value":"1"}]]' \
	'Kubernetes: the root, the mounts, the environment'
is "$(yaml '.spec | [.securityContext.runAsUser, .securityContext.runAsNonRoot, (.volumes | map(.emptyDir))]')" '[1000,true,[{},{}]]' 'the user, and empty folders'
is "$(yaml '.spec.initContainers[0] | [.command, .volumeMounts]')" \
	'[["/bin/sh","-c","cp -a \"$1/.\" /content/1/","sh","/var/lib/db"],[{"name":"var-lib-db","mountPath":"/content/1"}]]' \
	'what is not empty is copied first'
form ecs
is "$(jq -c '.containerDefinitions[0] | [.readonlyRootFilesystem, .mountPoints, .environment]' out)" \
	'[true,[{"sourceVolume":"tmp","containerPath":"/tmp","readOnly":false},{"sourceVolume":"var-lib-db","containerPath":"/var/lib/db","readOnly":false}],[{"name":"PYTHONDONTWRITEBYTECODE","value":"1"}]]' \
	'an ECS task definition'
is "$(jq -c '.volumes' out)" '[{"name":"tmp"},{"name":"var-lib-db"}]' 'with its volumes'
run ro-run --cache "$cache" --suggest --cmd "$script" box
has out 'suggestion, with which a read-only run has held' 'the text form'
has out 'tmpfs        /tmp' 'names the mounts'

# --- --writable: paths, bytes, process, instruction
mkdir -p second/opt/later && chmod 777 second/opt/later && pack_layer second.tar second
PACK_CONFIG='{"Cmd":["/bin/sh"],"User":"app","WorkingDir":"/home/app","Env":["PATH=/bin"]}' pack_image two box.tar second.tar
ro --writable --cmd '["/bin/sh","-ec","echo four >/tmp/a; touch /tmp/b; rm /tmp/b; rm /var/lib/db/seed; mkdir -p .cache/x; echo y >>mine"]' box
is "$(json out '.writes[] | "\(.what) \(.path) \(.bytes) \(.process)"' | tr '\n' ';')" \
	'made /home/app/.cache 0 mkdir;made /home/app/.cache/x 0 mkdir;changed /home/app/mine 7 sh;made /tmp/a 5 sh;temporary /tmp/b 0 touch;deleted /var/lib/db/seed 0 rm;' \
	'what was written, how much, and by whom'
ro --writable --cmd '["/bin/sh","-ec","echo a >/tmp/a; mkdir -p /opt/later/b/c; echo d >/opt/later/b/c/d"]' two
is "$(json out '.writes[] | "\(.path) \(.instruction)"' | tr '\n' ';')" \
	'/opt/later/b RUN step 1;/opt/later/b/c RUN step 1;/opt/later/b/c/d RUN step 1;/tmp/a RUN step 0;' \
	'with the instruction of the layer that made the folder'
run ro-run --cache "$cache" --writable --cmd '["/bin/sh","-ec","echo four >/tmp/a"]' two
has out 'made  /tmp/a  5 B  sh  RUN step 0' 'the text form has it in a line'
done_testing
