# shellcheck shell=sh
# A Docker daemon of one's own for a test, beside whatever else runs here: own socket, data root,
# containerd. Source it after harness.sh:
#
#     . "$SRCDIR/t/lib/dockerd.sh"
#     dockerd_start            # or skips the file, with the reason
#
# From then on DOCKER_HOST names its socket, and `docker` asks it. Further arguments are handed to
# dockerd; without any it has neither network nor firewall rules. It is stopped, and what it mounted
# is unmounted, when the test ends, however it ends.

dockerd_pid=

dockerd_start() {
	command -v dockerd >/dev/null 2>&1 && command -v docker >/dev/null 2>&1
	need docker 'dockerd and docker are not installed'
	[ "$(id -u)" -eq 0 ]
	need docker 'not running as root: a Docker daemon cannot be started'
	[ $# -gt 0 ] || set -- --iptables=false --bridge=none
	dockerd_dir=$T/docker
	mkdir -p "$dockerd_dir"
	at_exit="dockerd_stop; $at_exit"
	dockerd --data-root "$dockerd_dir/data" --exec-root "$dockerd_dir/exec" \
		--pidfile "$dockerd_dir/pid" -H "unix://$dockerd_dir/docker.sock" \
		--storage-driver overlay2 "$@" >"$dockerd_dir/log" 2>&1 &
	dockerd_pid=$!
	DOCKER_HOST=unix://$dockerd_dir/docker.sock
	export DOCKER_HOST
	unset DOCKER_CONTEXT DOCKER_TLS_VERIFY
	DOCKER_CONFIG=$dockerd_dir/config
	export DOCKER_CONFIG
	dockerd_wait
	need docker "dockerd does not start: $(tail -n 1 "$dockerd_dir/log")"
}

# Until it answers; fails where it ends before, or takes longer than 30 s.
dockerd_wait() {
	dockerd_tries=0
	while [ "$dockerd_tries" -lt 150 ]; do
		kill -0 "$dockerd_pid" 2>/dev/null || return 1
		[ -S "$dockerd_dir/docker.sock" ] && docker info >"$dockerd_dir/info" 2>&1 && return 0
		dockerd_tries=$((dockerd_tries + 1))
		sleep 0.2
	done
	return 1
}

# It and its containerd die; containers go on, for the next one to find.
dockerd_crash() {
	dockerd_containerd=$(cat "$dockerd_dir/exec/containerd/containerd.pid")
	kill -KILL "$dockerd_pid" "$dockerd_containerd"
	wait "$dockerd_pid" 2>/dev/null
	dockerd_pid=
	rm -f "$dockerd_dir/pid" "$dockerd_dir/exec/containerd/containerd.pid"
}

dockerd_stop() {
	[ -n "$dockerd_pid" ] || return 0
	dockerd_containerd=$(cat "$dockerd_dir/exec/containerd/containerd.pid" 2>/dev/null)
	kill "$dockerd_pid" 2>/dev/null
	dockerd_tries=0
	while kill -0 "$dockerd_pid" 2>/dev/null && [ "$dockerd_tries" -lt 100 ]; do
		dockerd_tries=$((dockerd_tries + 1))
		sleep 0.1
	done
	# It did not end by itself: then its containerd would not, either.
	if kill -0 "$dockerd_pid" 2>/dev/null; then
		kill -KILL "$dockerd_pid" 2>/dev/null
		[ -z "$dockerd_containerd" ] || kill -KILL "$dockerd_containerd" 2>/dev/null
	fi
	wait "$dockerd_pid" 2>/dev/null
	dockerd_pid=
	# mount points as the kernel writes them, innermost first
	sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*/\1/p' /proc/self/mountinfo | grep -F "$dockerd_dir/" |
		sort -r | while read -r dockerd_mount; do
		umount -l "$dockerd_mount" 2>/dev/null
	done
	return 0
}
