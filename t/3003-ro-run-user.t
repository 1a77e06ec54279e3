#!/bin/sh
# Users, volumes, working directories; as root and as an ordinary user.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

box_root
box_image box '{"Cmd":["/bin/id"],"Env":["PATH=/bin"],"User":"app","WorkingDir":"/app/new","Volumes":{"/srv":{},"/data/new":{}}}'

# as_is: this user. as_nobody: another one, in user namespaces.
ids() {
	json out '.log[0].text'
}

if [ "$(id -u)" -eq 0 ]; then
	ro box
	is "$(ids)" 'uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)' 'a named user with its groups'
	ro --user 1000 box
	is "$(ids)" 'uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)' 'the same by number'
	ro --user 4242 box
	is "$(ids)" 'uid=4242 gid=0(root) groups=0(root)' 'a number without an entry'
	is "$(json out .user.home)" / 'its home is /'
	ro --user app:extra box
	is "$(ids)" 'uid=1000(app) gid=2000(extra) groups=2000(extra)' 'a group of one'"'"'s own'
	ro --user 0 box
	is "$(ids)" 'uid=0(root) gid=0(root) groups=0(root)' 'root'
	ro --user 0 --cmd 'grep CapEff /proc/self/status' box
	is "$(ids)" 'CapEff:	00000000a80425fb' 'root has the capabilities that Docker leaves'
	ro --cmd 'grep Cap /proc/self/status' box
	is "$(json out '[.log[].text | select(test("CapEff|CapPrm|CapAmb")) | test("0000000000000000")] | all')" true 'others have none'
	ro --user 0 --cmd 'mount -o remount,rw / 2>&1; echo $?' box
	is "$(json out '.log[-1].text')" 1 'and root cannot undo the read-only root'
	stranger='setpriv --reuid=65534 --regid=65534 --clear-groups'
else
	stranger=
fi

check_all() {
	who=$1
	ro box
	is "$(ids | cut -d' ' -f1)" 'uid=1000(app)' "$who: the program is the image's user"
	is "$(json out .working_dir)" /app/new "$who: the working directory"
	ro --cmd 'pwd; echo x >/srv/new && cat /srv/owned-by-root; ls /srv | wc -l' box
	is "$(json out '.log[0].text')" /app/new "$who: it is made where it is missing"
	is "$(json out '[.volumes[].path] | sort | join(" ")')" '/data/new /srv' "$who: volumes are reported"
	ro --user 0 --cmd 'echo x >/srv/new && cat /srv/owned-by-root && ls /srv && echo y >/data/new/file' box
	is "$status" 0 "$who: volumes are writable"
	is "$(json out '[.log[].text] | join(" ")')" 'content new owned-by-root' "$who: and have the image's content"
	ro --user 0 --cmd 'ls /srv' box
	is "$(json out '.log[0].text')" owned-by-root "$who: what was written there is gone"
	ro --cmd 'mkdir /home/app/.cache' box
	is "$(attempts)" 'mkdir /home/app/.cache EROFS' "$who: a refused write is on record"
	ro --for 200ms --cmd 'mkdir a; exec sleep 1000' --grace 0s box -- true
	is "$(json out .command.exit_status)" 0 "$who: COMMAND runs"
}

check_all "$(id -un)"
if [ -n "$stranger" ]; then
	cache=$T/cache-stranger
	mkdir "$cache" && chown 65534:65534 "$cache" && chmod 755 "$T"
	chmod 644 box
	# where this tree is may be closed to strangers
	cp "$(command -v ro-run)" ro-run.copy && chmod 755 ro-run.copy
	real=$T/ro-run.copy
	ro() {
		# shellcheck disable=SC2086
		run $stranger "$real" --json --cache "$cache" "$@"
	}
	$stranger unshare --user true 2>/dev/null
	if [ $? -eq 0 ]; then
		check_all 'an ordinary user'
		ro --cmd "[\"/bin/sleep\",\"1000.$$\"]" --for 100ms --grace 0s box
		is "$(pgrep -u 65534 -f "sleep 1000[.]$$\b" | wc -l)" 0 'an ordinary user: no process is left'
	else
		fail 'an ordinary user may make user namespaces'
	fi
fi

# An ordinary user with subordinate ids: he is the container's root, and a program that begins as root may become
# others. The files that say so are put over this system's in a mount namespace.
if [ "$(id -u)" -eq 0 ]; then
	need_command newuidmap
	need_command strace
	printf '#nobody\n65534:200000:1000\n65534:300000:65536\nbad line\n' >subids
	cache=$T/cache-mapped
	mkdir "$cache" && chown 65534:65534 "$cache"
	cat >as-mapped <<-EOT
		#!/bin/sh
		mount --bind "$T/subids" /etc/subuid && mount --bind "$T/subids" /etc/subgid || exit 99
		exec setpriv --reuid=65534 --regid=65534 --clear-groups "\$@"
	EOT
	chmod +x as-mapped
	mapped() {
		run unshare --mount "$T/as-mapped" env HOME=/ "PATH=$PATH" ro-run --json --cache "$cache" "$@"
	}
	mapped --user 0 --cmd 'id; chown 1000:2000 /data && stat -c %u:%g /data' box
	is "$(json out '.user.mapping')" subordinate 'subordinate ids are used where there are some'
	is "$(ids)" 'uid=0(root) gid=0(root) groups=0(root)' 'root is root'
	mapped box
	is "$(ids)" 'uid=1000(app) gid=1000(app) groups=1000(app),2000(extra)' 'a user has his groups'
	mapped --user 0 --writable --cmd '["/bin/sh","-c","chown 1000:2000 /data && stat -c %u:%g /data; exec setpriv -x 2>&1"]' box
	is "$(json out '.log[0].text')" 1000:2000 'files can be given to others'
	mapped --user 0 --volume /data --cmd '["/bin/sh","-ec","chmod 777 /data; su app -c \"id -u; echo x >/data/mine; mkdir /home/app/no\" || true; stat -c %u /data/mine"]' box
	is "$(json out '[.log[] | select(.stream == "stdout").text] | join(" ")')" '1000 1000' 'a program that begins as root becomes another user'
	is "$(attempts)" 'mkdir /home/app/no EROFS' 'and its refused write is on record'
	mapped --cmd '["/bin/attempt","mkdirat","/home/app","new"]' box
	is "$(attempts)" 'mkdirat /home/app/new EROFS' 'through a descriptor, too'
	mapped --cmd 'stat -c %u:%g /home/app/mine /srv/owned-by-root' box
	is "$(json out '[.log[].text] | join(" ")')" '1000:1000 0:0' 'files have the owners that the image gives them'
	mapped --user 70000 box
	is "$status" 2 'a user beyond the range'
	has err 'is not among your subordinate ids' 'is told'
	is "$(find "$cache/roots" -maxdepth 1 -name '*.new*' | wc -l)" 0 'nothing is left half-made'
	# what unpacks is late, and ro-run is ended before that could ask to be ended with it
	run timeout 20 strace -f -o calls -e trace=prctl,recvfrom -e inject=prctl:delay_enter=300000 \
		-e inject=recvfrom:signal=KILL:when=1 unshare --mount "$T/as-mapped" env HOME=/ "PATH=$PATH" \
		ro-run --cache "$cache/cold" box
	is "$(grep -o '+++ .*' calls | tail -n 2 | tr '\n' ' ')" '+++ killed by SIGKILL +++ +++ exited with 1 +++ ' \
		'who is ended while it makes a user namespace leaves no process'
fi

done_testing
