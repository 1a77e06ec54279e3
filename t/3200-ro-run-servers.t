#!/bin/sh
# Real servers under a read-only root: what each of them writes, that both engines say the same, and that
# --suggest makes each of them pass.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"
. "$SRCDIR/t/lib/dockerd.sh"
. "$SRCDIR/t/lib/servers.sh"

need_command python3
servers_make

# server NAME KIND PORT: what the following functions are about.
server() {
	name=$1
	answer="python3 $SRCDIR/t/lib/answer.py $2 $3"
}

# serve ARGUMENT...: ro-run in the sandbox until the server answers or ends; the limit is for a busy machine.
serve() {
	# shellcheck disable=SC2086
	ro "$@" "servers.tar:$name:1" -- $answer "${patience:-120}"
}

# The paths that were refused, without what differs from run to run.
refused_paths() {
	json out '[.refused[].path] | unique | map(gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}"; "DATE") |
		sub("^(?<folder>/tmp|/var/tmp|/usr/tmp|/app)/[a-z0-9_]{8}$"; "\(.folder)/RANDOM")) | join(" ")'
}

# dies_of PATHS LOG: read-only it ends early, these writes were refused, and the log says this.
dies_of() {
	patience=60 serve --grace 2s
	is "$(json out '"\(.verdict) \(.exit.early)"')" 'fails true' "$name ends early with a read-only root"
	is "$(refused_paths)" "$1" "$name: what was refused"
	is "$(json out '[.log[].text] | join(" ")' | grep -cF "$2")" 1 "$name: what its log says"
	[ "$(refused_paths)" = "$1" ] || show_output
}

# mended_by MOUNTS: --suggest finds these, and proves them.
mended_by() {
	serve --suggest --grace 3s
	is "$(json out '.suggestion | [.mounts[] | "\(.kind) \(.path)"] + .environment | join(", ")')" "$1" "$name: the suggestion"
	is "$(json out '.suggestion | "\(.proved) \(.problem)"')" 'true null' "$name: a read-only run has proved it"
	[ "$(json out .suggestion.proved)" = true ] || show_output
	mounts=$(json out '.suggestion | [.mounts[] | (if .kind == "tmpfs" then "--tmpfs " else "--volume " end) + .path] +
		[.environment[] | "--env " + .] | join(" ")')
	printf '%s\n' "$mounts" >"mounts-$name"
}

server nginx http 8080
dies_of /var/lib/nginx/body 'mkdir() "/var/lib/nginx/body" failed (30: Read-only file system)'
mended_by 'tmpfs /run, tmpfs /var/lib/nginx'

server nginx-unprivileged http 8080
dies_of /tmp/client_body 'mkdir() "/tmp/client_body" failed (30: Read-only file system)'
mended_by 'tmpfs /tmp'

server redis redis 6379
dies_of /data "changing ownership of '.': Read-only file system"
mended_by 'tmpfs /data'

# with the volume of the official image it runs, and saves when it stops
server redis-volume redis 6379
serve
is "$(json out '"\(.verdict) \(.refused_count) \([.volumes[].path] | join(" "))"')" 'holds 0 /data' 'redis with a volume runs read-only'
is "$(json out '[.written[].path] | any(startswith("/data/"))')" true 'and writes to its volume'

server postgres postgres 5432
dies_of /run/postgresql "cannot create directory '/var/run/postgresql': Read-only file system"
mended_by 'tmpfs /run/postgresql, tmpfs /var/lib/postgresql/data'

server postgres-volume postgres 5432
mended_by 'tmpfs /run/postgresql'

server gunicorn http 8080
dies_of '/app/RANDOM /tmp/RANDOM /usr/tmp/RANDOM /var/tmp/RANDOM' 'No usable temporary directory found'
is "$(json out '[.log[].text] | any(test("read-only"; "i"))')" false 'gunicorn: "read-only" stands nowhere in its log'
is "$(json out '.log_summary.signs["no-temporary-directory"]')" 1 'gunicorn: and yet the line is recognised'
mended_by 'tmpfs /tmp, PYTHONDONTWRITEBYTECODE=1'

# this one starts, serves, and is refused all the while
server tomcat http 8080
serve
is "$(json out '"\(.verdict) \(.exit.early) \(.command.exit_status)"')" 'fails false 0' 'tomcat serves with a read-only root, and yet fails'
is "$(json out '.log_summary | .signs["read-only"] > 0 and .levels.error > 0')" true 'tomcat: its log says so, at error level'
for path in /tmp/hsperfdata_tomcat /etc/tomcat10/Catalina/localhost /var/log/tomcat10/catalina.DATE.log /var/cache/tomcat10/Catalina; do
	is "$(refused_paths | tr ' ' '\n' | grep -cxF "$path")" 1 "tomcat: $path is refused"
done
mended_by 'tmpfs /etc/tomcat10/Catalina/localhost, tmpfs /tmp/hsperfdata_tomcat, tmpfs /var/cache/tomcat10/Catalina, tmpfs /var/log/tomcat10'

server node http 8080
dies_of '/home/app/.cache /home/app/.cache/web' ENOENT
is "$(json out '[.log[].text] | any(test("EROFS|read-only"; "i"))')" false 'node: its log speaks of a missing folder, not of a read-only root'
is "$(json out '.log_summary.signs["cannot-write"] + .log_summary.signs.cache > 0')" true 'node: the line is recognised'
mended_by 'tmpfs /home/app/.cache'

# --- an engine comes to the same verdicts, and runs with the same mounts
dockerd_start
docker load -q -i servers.tar >loaded 2>&1
is $? 0 'the engine has the servers'

# agrees: verdict and early end are those of the sandbox, with and without the mounts.
agrees() {
	patience=60 serve --grace 3s
	expected=$(json out '"\(.verdict) \(.exit.early)"')
	# shellcheck disable=SC2086
	run ro-run --json --engine docker --grace 3s "$name:1" -- $answer 60
	is "$(json out '"\(.verdict) \(.exit.early)"')" "$expected" "$name: the engine says the same"
	[ "$(json out '"\(.verdict) \(.exit.early)"')" = "$expected" ] || show_output
	# shellcheck disable=SC2046,SC2086
	run ro-run --json --engine docker --grace 3s $(cat "mounts-$name") "$name:1" -- $answer 120
	is "$status $(json out .verdict)" '0 holds' "$name: and runs with the suggested mounts"
	[ "$status" -eq 0 ] || show_output
}
server nginx http 8080 && agrees
server nginx-unprivileged http 8080 && agrees
server redis redis 6379 && agrees
server postgres postgres 5432 && agrees
server postgres-volume postgres 5432 && agrees
server gunicorn http 8080 && agrees
server tomcat http 8080 && agrees
server node http 8080 && agrees
run ro-run --json --engine docker redis-volume:1 -- python3 "$SRCDIR/t/lib/answer.py" redis 6379 120
is "$status $(json out .verdict)" '0 holds' 'redis with a volume: the engine says the same'
# what the sandbox finds an engine proves
run ro-run --json --cache "$cache" --engine docker --suggest --grace 3s nginx:1 -- python3 "$SRCDIR/t/lib/answer.py" http 8080 120
is "$(json out '.suggestion | "\(.proved) \([.mounts[].path] | join(" "))"')" 'true /run /var/lib/nginx' '--suggest with an engine, which proves it'

done_testing
