# shellcheck shell=sh
# Images with a static busybox inside, and a cache of their own: for the tests of ro-run. Source it after
# harness.sh and archive.sh.

need_command busybox
need_command jq

# box_root: a folder `root` with busybox, two users, and places to write to.
box_root() {
	rm -rf root && mkdir -p root/bin root/etc root/tmp root/home/app root/data root/srv &&
		cp "$(command -v busybox)" root/bin/busybox || return 1
	cp "$BUILDDIR/t/lib/attempt" root/bin/attempt || return 1
	for applet in sh ls cat id mkdir touch rm mv ln chmod chown sleep echo env test true false httpd nc kill trap \
		grep head dd stty hostname pwd mount ps stat su; do
		ln -sf busybox "root/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n' >root/etc/passwd
	printf 'root:x:0:\napp:x:1000:\nextra:x:2000:app\n' >root/etc/group
	chmod 1777 root/tmp
	echo content >root/srv/owned-by-root
	echo mine >root/home/app/mine
	ln -s mine root/home/app/link
	ln -s /srv/not-yet root/home/app/dangling
	ln -s app root/home/link
	chmod 644 root/srv/owned-by-root
}

# box_image FILE CONFIG: the image; its files in /home/app belong to app.
box_image() {
	(cd root && {
		tar --numeric-owner --owner=0 --group=0 --mtime=@0 --exclude=./home/app -cf ../box.tar . &&
			tar --numeric-owner --owner=1000 --group=1000 --mtime=@0 -rf ../box.tar ./home/app
	}) && PACK_CONFIG=$2 pack_image "$1" box.tar
}

cache=$T/cache
# what belongs to subordinate ids an ordinary user cannot remove
at_exit="ro-run --clear-cache --cache '$cache'; $at_exit"
# ro ARGUMENT...: ro-run with the test's cache; JSON in `out`.
ro() {
	run ro-run --json --cache "$cache" "$@"
}

# attempts: what was recorded, one a line: CALL PATH ERRNO.
attempts() {
	jq -r '.refused[] | "\(.call) \(.path) \(.errno)"' out
}

# nothing_left NAME: no process, no mount, no scratch directory.
nothing_left() {
	left=$(ps -eo pid,args | grep -F "$1" | grep -v grep)
	mounts=$(grep -cF "$cache" /proc/self/mountinfo)
	stale=$(find "$cache/roots" -maxdepth 1 -name '*.new*' 2>/dev/null)
	is "$left$stale$mounts" 0 "nothing is left behind: $2"
}
