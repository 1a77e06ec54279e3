#!/bin/sh
# What counts as a refused write, and what does not: from the results of the system calls.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

box_root
ln -s /proc/self/cwd root/srv/cwd
box_image box.tar.img '{"Cmd":["/bin/sh"],"User":"app","WorkingDir":"/home/app","Env":["PATH=/bin"]}'

# refuses NAME SCRIPT ATTEMPT...: the script makes exactly these attempts.
refuses() {
	name=$1
	script=$2
	shift 2
	ro --cmd "[\"/bin/sh\",\"-c\",\"$script; exit 0\"]" box.tar.img
	attempts >found
	printf '%s\n' "$@" >wanted
	is "$(cat found)" "$(cat wanted)" "$name"
	is "$status" 1 "$name: exit 1"
	[ "$(cat found)" = "$(cat wanted)" ] || show_output
}

passes() {
	ro --cmd "[\"/bin/sh\",\"-c\",\"$2; exit 0\"]" box.tar.img
	is "$(attempts)" '' "$1"
	is "$status" 0 "$1: exit 0"
	[ "$status" -eq 0 ] || show_output
}

refuses 'making a directory' 'mkdir new' 'mkdir /home/app/new EROFS'
refuses 'mkdir -p of a missing chain' 'mkdir -p .cache/uv' 'mkdir /home/app/.cache EROFS'
refuses 'making a file' 'echo x >new' 'openat /home/app/new EROFS'
refuses 'writing to /tmp, which is no tmpfs' 'echo x >/tmp/new' 'openat /tmp/new EROFS'
refuses 'removing what is not there' 'rm -f /home/app/gone; busybox unlink /home/app/gone' 'unlink /home/app/gone EROFS'
refuses 'renaming' 'mv /home/app /home/app2' 'rename /home/app2 EROFS'
refuses 'a symbolic link' 'ln -s x y' 'symlink /home/app/y EROFS'
refuses 'a change of mode' 'chmod 700 /home/app' 'chmod /home/app EROFS'
refuses 'a file of another user opened for writing' 'echo x >/srv/owned-by-root' 'openat /srv/owned-by-root EROFS'
# where one user alone can be had every file is his
ro --cmd '["/bin/true"]' box
[ "$(json out .user.mapping)" = single ] && denied=EROFS || denied=EACCES
refuses 'asking for it where the user may not: EACCES comes first' 'attempt access /srv' "access /srv $denied"
refuses 'appending' 'attempt append /home/app/mine' 'openat /home/app/mine EROFS'
refuses 'truncating' 'attempt truncate /home/app/mine' 'truncate /home/app/mine EROFS'
refuses 'a nameless file' 'attempt tmpfile /home/app' 'openat /home/app EROFS'
refuses 'a change of times' 'attempt utimensat /home/app/mine' 'utimensat /home/app/mine EROFS'
refuses 'an extended attribute' 'attempt setxattr /home/app/mine' 'setxattr /home/app/mine EROFS'
refuses 'a socket' 'attempt bind /home/app/socket' 'bind /home/app/socket EROFS'
refuses 'a FIFO' 'attempt mkfifo fifo' 'mknodat /home/app/fifo EROFS'
refuses 'through a descriptor' 'attempt fchmod /home/app/mine' 'fchmod /home/app/mine EROFS'
refuses 'another mount' 'mv /dev/shm /home/app/x' 'rename /home/app/x EXDEV' 'mkdir /home/app/x EROFS'
refuses 'a missing parent' 'echo x >/home/app/no/file' 'openat /home/app/no/file ENOENT'
refuses 'asking for the right to write' 'attempt access /home/app' 'access /home/app EROFS'
refuses 'the same again is one record' 'for i in 1 2 3; do mkdir new; done; true' 'mkdir /home/app/new EROFS' \
	'mkdir /home/app/new EROFS' 'mkdir /home/app/new EROFS'

# the other calls, each by itself; what is told is where the path leads
refuses 'openat2' 'attempt openat2 /home/app/new' 'openat2 /home/app/new EROFS'
refuses 'creat' 'attempt creat /home/app/new' 'creat /home/app/new EROFS'
refuses 'read and write' 'attempt read-write /home/app/mine' 'openat /home/app/mine EROFS'
refuses 'O_TRUNC alone' 'attempt read-truncate /home/app/mine' 'openat /home/app/mine EROFS'
refuses 'rmdir' 'attempt rmdir /data' 'rmdir /data EROFS'
refuses 'unlinkat' 'attempt unlinkat /home/app/mine' 'unlinkat /home/app/mine EROFS'
refuses 'link' 'attempt link /home/app/mine /home/app/too' 'link /home/app/too EROFS'
refuses 'chown' 'attempt chown /home/app/mine' 'chown /home/app/mine EROFS'
refuses 'lchown of a link' 'attempt lchown /home/app/link' 'lchown /home/app/link EROFS'
refuses 'times of a link' 'attempt utimensat-link /home/app/link' 'utimensat /home/app/link EROFS'
refuses 'removexattr' 'attempt removexattr /home/app/mine' 'removexattr /home/app/mine EROFS'
refuses 'faccessat2' 'attempt faccessat2 /home/app' 'faccessat2 /home/app EROFS'
refuses 'a shared writable mapping of a file' 'attempt mmap /home/app/mine' 'mmap /home/app/mine EACCES'
refuses 'renameat2' 'attempt renameat2 /home/app/mine /home/app/too' 'renameat2 /home/app/too EROFS'
is "$(jq -r '.refused[0].from' out)" /home/app/mine 'the other name of a rename is told'
refuses 'from the root to another mount' 'attempt rename /home/app/mine /dev/shm/mine' 'rename /home/app/mine EXDEV'
refuses 'relative to a descriptor' 'attempt mkdirat /home/app new' 'mkdirat /home/app/new EROFS'
refuses 'through a link in the path' 'attempt mkdir /home/link/new' 'mkdir /home/app/new EROFS'
refuses 'through a link at the end' 'attempt append /home/app/link' 'openat /home/app/mine EROFS'
refuses 'through a link that leads nowhere yet' 'attempt creat /home/app/dangling' 'creat /srv/not-yet EROFS'
refuses 'by way of ..' 'cd /home/app; attempt mkdir ../../data/./x/' 'mkdir /data/x EROFS'
# through the kernel's links, which lead the tracer elsewhere
refuses 'by way of /proc/self/..' 'mkdir /proc/self/../../data/x' 'mkdir /data/x EROFS'
refuses 'a descriptor by its name' 'exec 3</home/app/mine; echo x >/dev/fd/3' 'openat /home/app/mine EROFS'
refuses 'a link that leads through /proc/self' 'echo x >/srv/cwd/mine' 'openat /home/app/mine EROFS'
refuses 'and one that leads nowhere yet' 'mkdir /srv/cwd/../../data/x' 'mkdir /data/x EROFS'
passes 'what a descriptor for reading cannot do anyway' \
	'attempt ftruncate /home/app/mine; attempt fallocate /home/app/mine; attempt copy_file_range /home/app/mine'
passes 'a path that lies nowhere' 'attempt bad-pointer'
passes 'writing to a pipe by its name' 'echo x >/dev/stdout'
for newer in fchmodat2 setxattrat; do
	ro --cmd "attempt $newer /home/app/mine" box.tar.img
	found=$(attempts)
	is "$(jq -r '.log[0].text' out)" "$([ -n "$found" ] && echo EROFS || echo ENOSYS)" "$newer: as the kernel has it"
done

# what is denied as a whole
ro --cmd 'attempt unknown; attempt x32 /data/x; attempt compat /data/x' box.tar.img
if [ "$(uname -m)" = x86_64 ]; then
	is "$(jq -r '[.log[].text] | join(" ")' out)" 'ENOSYS ENOSYS ENOSYS' \
		'unknown calls and the entry points of other machines do not exist'
	is "$(jq -r '.unknown_calls[] | "\(.number) \(.entry) \(.process) \(.count)"' out | tr '\n' ';')" \
		"777 native attempt 1;$((0x40000000 + 83)) foreign attempt 1;39 foreign attempt 1;" 'and they are told'
fi
ro --cmd 'attempt unshare; attempt clone-namespace; attempt mount /data; attempt io_uring' box.tar.img
is "$(jq -r '[.log[].text] | join(" ")' out)" 'EPERM EPERM EPERM EPERM' 'namespaces, mounts and io_uring are denied'
is "$(jq -r '.refused_count' out)" 0 'which is not because of the read-only root'
is "$(jq -r '.failed[] | "\(.call) \(.path) \(.errno)"' out)" 'mount /data EPERM' 'a mount is an ordinary failure'

# what succeeds in a writable place
ro --tmpfs /data --cmd 'echo x >/data/new; mkdir /data/sub; mv /data/new /data/sub/moved; echo y >/dev/null' box.tar.img
is "$(jq -r '.written[] | "\(.call) \(.path) \(.process) \(.on_root)"' out | tr '\n' ';')" \
	'openat /data/new sh false;mkdir /data/sub mkdir false;rename /data/sub/moved mv false;rename /data/new mv false;' \
	'writes to a tmpfs are told, with both names of a rename'
is "$(jq -r '.failed_count' out)" 0 'and nothing has failed'

passes 'reading' 'cat /srv/owned-by-root; ls /'
passes 'mkdir -p of what is there' 'mkdir -p /home/app /tmp'
passes 'reading with O_CREAT of what is there' 'attempt create-for-reading /home/app/mine; attempt access-read /home/app'
passes 'io_uring, which is denied' 'attempt io_uring'
passes 'devices' 'echo x >/dev/null; echo y >/dev/shm/x; cat /dev/zero | head -c 1'
passes 'the files that engines put over /etc' 'echo x >/dev/null; test -r /etc/hosts'
passes 'a file that is missing and not to be made' 'cat /home/app/none; true'

ro --cmd '["/bin/sh","-c","mkdir a; mkdir b; exit 0"]' --allow '/home/app/*' box.tar.img
is "$status" 0 '--allow covers what it names'
is "$(jq -r '.refused_count' out)" 0 'nothing is counted'
is "$(jq -r '[.refused[].allowed] | all' out)" true 'the attempts stay on record'
ro --cmd '["/bin/sh","-c","mkdir a; mkdir /tmp/b; exit 0"]' --allow '/home/app/*' box.tar.img
is "$status" 1 'and covers nothing else'
is "$(jq -r '.refused_count' out)" 1 'one is counted'

ro --cmd '["/bin/sh","-c","mkdir a; exit 0"]' box.tar.img
is "$(jq -r '.refused[0] | "\(.process) \(.executable) \(.call) \(.path) \(.errno) \(.count)"' out)" \
	'mkdir /bin/busybox mkdir /home/app/a EROFS 1' 'process, executable, call, path, errno and count are told'
is "$(jq -r '.refused[0].pid > 1 and .refused[0].time_ms > 0' out)" true 'with the pid in the container and the time'
is "$(jq -r '.checks[] | select(.name == "no-refused-write") | .holds' out)" false 'the check says so'
is "$(jq -r .verdict out)" fails 'and the verdict'

# a program that says nothing about it: the log is empty, the record is not
ro --cmd '["/bin/sh","-c","mkdir a 2>/dev/null; exit 0"]' box.tar.img
is "$(jq -r '.log | length' out)" 0 'nothing in the log'
is "$status" 1 'and yet it fails'

# descendants of descendants
ro --cmd '["/bin/sh","-c","(sh -c \"(mkdir deep &); sleep 0.2\") & wait; exit 0"]' box.tar.img
is "$(attempts)" 'mkdir /home/app/deep EROFS' 'processes of processes are followed'

run ro-run --cache "$cache" --cmd '["/bin/sh","-c","mkdir a; exit 0"]' box.tar.img
has out 'refused writes: 1' 'the text form counts'
has out '/home/app/a  EROFS' 'and names the path'
run ro-run --tap --cache "$cache" --cmd '["/bin/sh","-c","mkdir a; exit 0"]' box.tar.img
has out 'not ok 1 - no write was refused' 'TAP says not ok'
run ro-run --no-trace --cache "$cache" --cmd '["/bin/true"]' box.tar.img
is "$status" 2 'untraced nothing is decided'

# --writable tells what would be written, and refuses nothing
ro --writable --cmd '["/bin/sh","-c","mkdir -p .cache/uv; echo x >/tmp/new; echo y >.cache/uv/lock; exit 0"]' box.tar.img
is "$status" 0 '--writable refuses nothing'
is "$(jq -r '.writes[] | "\(.what) \(.path)"' out | LC_ALL=C sort | tr '\n' ';')" \
	'made /home/app/.cache;made /home/app/.cache/uv;made /home/app/.cache/uv/lock;made /tmp/new;' 'and tells what was written'
# shellcheck disable=SC2088 # ro-run expands it
ro --writable --read-only-path '~/.cache' --cmd '["/bin/sh","-c","mkdir .cache/uv; echo x >/tmp/new; exit 0"]' box.tar.img
is "$(attempts)" 'mkdir /home/app/.cache/uv EROFS' '--read-only-path refuses below it, and nothing else'
ro --tmpfs /tmp --cmd '["/bin/sh","-c","echo x >/tmp/new; exit 0"]' box.tar.img
is "$status" 0 '--tmpfs makes a path writable'

done_testing
