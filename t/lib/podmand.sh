# shellcheck shell=sh
# Podman's API service for a test, beside whatever else runs here: own socket and storage, no image of the
# machine's. Source it after harness.sh:
#
#     . "$SRCDIR/t/lib/podmand.sh"
#     podmand_start [SOCKET]   # or skips the file, with the reason
#     podmand load -i image.tar
#
# From then on DOCKER_HOST names its socket, in PODMAN_SOCKET, and `podmand` is podman on the same storage. The
# service is stopped, and what it mounted is unmounted, when the test ends, however it ends.

podmand_pid=

podmand() {
	${podmand_exec:-} podman --root "$podmand_dir/root" --runroot "$podmand_dir/run" --tmpdir "$podmand_dir/tmp" \
		--storage-driver vfs --events-backend none --cgroup-manager cgroupfs "$@"
}

podmand_start() {
	command -v podman >/dev/null 2>&1 && command -v curl >/dev/null 2>&1
	need podman 'podman and curl are not installed'
	[ "$(id -u)" -eq 0 ]
	need podman "not running as root: Podman's storage cannot be made"
	podmand_dir=$T/podman
	mkdir -p "$podmand_dir"
	PODMAN_SOCKET=${1:-$podmand_dir/podman.sock}
	mkdir -p "$(dirname "$PODMAN_SOCKET")"
	# its own limits are more than a container may be given where CAP_SYS_RESOURCE is missing
	CONTAINERS_CONF=$podmand_dir/containers.conf
	export CONTAINERS_CONF
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$CONTAINERS_CONF"
	at_exit="podmand_stop; $at_exit"
	# $! has to be podman itself
	(podmand_exec='exec' && podmand system service --time=0 "unix://$PODMAN_SOCKET") >"$podmand_dir/log" 2>&1 &
	podmand_pid=$!
	DOCKER_HOST=unix://$PODMAN_SOCKET
	export DOCKER_HOST PODMAN_SOCKET
	unset DOCKER_CONTEXT DOCKER_TLS_VERIFY CONTAINER_HOST
	podmand_wait
	need podman "Podman's service does not start: $(tail -n 1 "$podmand_dir/log")"
}

# Until it answers; fails where it ends before, or takes longer than 20 s.
podmand_wait() {
	podmand_tries=0
	while [ "$podmand_tries" -lt 200 ]; do
		kill -0 "$podmand_pid" 2>/dev/null || return 1
		curl -s -o "$podmand_dir/ping" --unix-socket "$PODMAN_SOCKET" http://podman/_ping && return 0
		podmand_tries=$((podmand_tries + 1))
		sleep 0.1
	done
	return 1
}

podmand_stop() {
	[ -n "$podmand_pid" ] || return 0
	kill "$podmand_pid" 2>/dev/null
	podmand_tries=0
	while kill -0 "$podmand_pid" 2>/dev/null && [ "$podmand_tries" -lt 50 ]; do
		podmand_tries=$((podmand_tries + 1))
		sleep 0.1
	done
	kill -KILL "$podmand_pid" 2>/dev/null
	wait "$podmand_pid" 2>/dev/null
	podmand_pid=
	sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*/\1/p' /proc/self/mountinfo | grep -F "$podmand_dir/" |
		sort -r | while read -r podmand_mount; do
		umount -l "$podmand_mount" 2>/dev/null
	done
	return 0
}
