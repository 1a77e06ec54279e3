# shellcheck shell=sh
# Registries of one's own for a test: Debian's docker-registry on loopback, and one that misbehaves.
# Source it after harness.sh:
#
#     . "$SRCDIR/t/lib/registry.sh"
#     registry_start token tls        # or skips the file, with the reason
#     registry_push docker-archive:image.tar team/app:1
#
# registry_start [anonymous|htpasswd|token] [tls] [OPTION-OF-TOKENS.PY]... sets
#   REGISTRY           127.0.0.1:PORT
#   REGISTRY_URL       http:// or https:// before it
#   REGISTRY_LOG       its access log, a line per request in the form that web servers have
#   REGISTRY_CA        the CA of its certificate, which is for 127.0.0.1, ::1 and localhost (tls)
#   REGISTRY_USER, REGISTRY_PASSWORD         whom it knows (htpasswd, token)
#   REGISTRY_REFRESH_TOKEN, TOKENS_LOG       what the token service takes, and its log (token)
# With `token`, everybody may pull below public/, the user may do everything.
#
# faults_start [--alone | --before URL] [--tls] [OPTION]... SCENARIO... puts t/lib/faults.py, which says what there is, in
# front of the registry that was started last, if any (--alone: of none; --before URL: of that) and sets FAULTS and FAULTS_LOG. With
# --tls it has a certificate like the registry's, of the CA in FAULTS_CA.
#
# All of it can be started more than once, and is stopped when the test ends, however it ends.

registry_count=0
registry_pids=
registry_python=$(command -v /usr/bin/python3 || command -v python3)
REGISTRY=
REGISTRY_URL=
REGISTRY_CA=
REGISTRY_USER=sailor
REGISTRY_PASSWORD='pass:word 1'
REGISTRY_REFRESH_TOKEN=refresh-me
at_exit="registry_stop_all; $at_exit"

registry_stop_all() {
	for registry_pid in $registry_pids; do
		kill "$registry_pid" 2>/dev/null && wait "$registry_pid" 2>/dev/null
	done
	registry_pids=
}

# registry_wait PID COMMAND...: until it succeeds; fails where the process ends before, or after 20 s.
registry_wait() {
	registry_waited=$1
	shift
	registry_tries=0
	until "$@" >/dev/null 2>&1; do
		kill -0 "$registry_waited" 2>/dev/null || return 1
		registry_tries=$((registry_tries + 1))
		[ "$registry_tries" -lt 400 ] || return 1
		sleep 0.05
	done
}

# A CA and a certificate of it for loopback, once per test.
registry_certificates() {
	[ ! -s "$T/registry-ca/server.crt" ] || return 0
	mkdir -p "$T/registry-ca"
	(
		cd "$T/registry-ca" || exit 1
		cat >ca.conf <<-'END'
			[req]
			distinguished_name = name
			prompt = no
			[name]
			CN = CA of a test
			[ca]
			basicConstraints = critical, CA:TRUE
			keyUsage = critical, keyCertSign
			subjectKeyIdentifier = hash
			[server]
			subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
			basicConstraints = CA:FALSE
			extendedKeyUsage = serverAuth
			authorityKeyIdentifier = keyid
		END
		openssl req -x509 -config ca.conf -extensions ca -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
			-nodes -keyout ca.key -out ca.crt -days 2 &&
			openssl req -new -config ca.conf -subj /CN=localhost -newkey ec \
				-pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.csr &&
			openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -days 2 \
				-extfile ca.conf -extensions server -out server.crt
	) >"$T/registry-ca.log" 2>&1
}

# registry_tokens DIR TLS OPTION...: the token service; leaves its URL in $registry_realm.
registry_tokens() {
	registry_dir=$1
	registry_tls=$2
	shift 2
	TOKENS_LOG=$registry_dir/tokens.log
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$registry_dir/tokens.key" -out "$registry_dir/tokens.crt" \
		-days 2 -subj '/CN=tokens of a test' >"$registry_dir/openssl.log" 2>&1 || return 1
	[ -z "$registry_tls" ] ||
		set -- --tls-cert "$T/registry-ca/server.crt" --tls-key "$T/registry-ca/server.key" "$@"
	"$registry_python" "$SRCDIR/t/lib/tokens.py" --key "$registry_dir/tokens.key" --cert "$registry_dir/tokens.crt" \
		--issuer 'tokens of a test' --service 'registry of a test' --log "$TOKENS_LOG" \
		--user "$REGISTRY_USER" --password "$REGISTRY_PASSWORD" --refresh-token "$REGISTRY_REFRESH_TOKEN" \
		"$@" >"$registry_dir/tokens.port" 2>"$registry_dir/tokens.err" &
	registry_pids="$registry_pids $!"
	registry_wait $! test -s "$registry_dir/tokens.port" || return 1
	registry_realm=http${registry_tls:+s}://127.0.0.1:$(cat "$registry_dir/tokens.port")/token
}

# registry_config DIR MODE TLS: its configuration on standard output.
registry_config() {
	cat <<-END
		version: 0.1
		log: {level: info, formatter: text}
		storage:
		  filesystem: {rootdirectory: $1/data}
		  delete: {enabled: true}
		  cache: {blobdescriptor: inmemory}
		http:
		  addr: 127.0.0.1:0
		  secret: not a secret
	END
	[ -z "$3" ] || cat <<-END
		  tls: {certificate: $T/registry-ca/server.crt, key: $T/registry-ca/server.key}
	END
	case $2 in
	htpasswd) cat <<-END ;;
		auth:
		  htpasswd: {realm: registry of a test, path: $1/htpasswd}
	END
	token) cat <<-END ;;
		auth:
		  token:
		    realm: $registry_realm
		    service: registry of a test
		    issuer: tokens of a test
		    rootcertbundle: $1/tokens.crt
	END
	esac
}

registry_start() {
	registry_mode=${1:-anonymous}
	[ $# -eq 0 ] || shift
	registry_tls=
	if [ "${1:-}" = tls ]; then
		registry_tls=tls
		shift
	fi
	command -v docker-registry >/dev/null 2>&1
	need docker-registry 'docker-registry is not installed'
	need_command skopeo
	need_command curl
	registry_count=$((registry_count + 1))
	registry_dir=$T/registry-$registry_count
	mkdir -p "$registry_dir"
	REGISTRY_CA=
	if [ -n "$registry_tls" ]; then
		registry_certificates
		need openssl "no certificate: $(tail -n 1 "$T/registry-ca.log")"
		REGISTRY_CA=$T/registry-ca/ca.crt
	fi
	case $registry_mode in
	anonymous) ;;
	htpasswd)
		need_command htpasswd
		htpasswd -nbB -C 4 "$REGISTRY_USER" "$REGISTRY_PASSWORD" >"$registry_dir/htpasswd"
		;;
	token)
		need_command python3
		registry_tokens "$registry_dir" "$registry_tls" "$@"
		need python3 "the token service does not start: $(tail -n 1 "$registry_dir/tokens.err")"
		;;
	*)
		fail "registry_start: no mode '$registry_mode'"
		done_testing
		;;
	esac
	registry_config "$registry_dir" "$registry_mode" "$registry_tls" >"$registry_dir/config.yml"
	REGISTRY_LOG=$registry_dir/access.log
	registry_seen=0
	# an environment of its own: it takes every REGISTRY_... for a setting
	env -i PATH="$PATH" docker-registry serve "$registry_dir/config.yml" >"$REGISTRY_LOG" 2>"$registry_dir/log" &
	registry_pids="$registry_pids $!"
	registry_wait $! grep -q 'listening on 127' "$registry_dir/log"
	need docker-registry "docker-registry does not start: $(tail -n 1 "$registry_dir/log")"
	REGISTRY=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$registry_dir/log" | head -n 1)
	REGISTRY_URL=http${registry_tls:+s}://$REGISTRY
	export REGISTRY REGISTRY_URL REGISTRY_LOG REGISTRY_CA REGISTRY_USER REGISTRY_PASSWORD
}

# registry_trusting: in $registry_trust the option (one word) by which skopeo trusts the registry started last.
registry_trusting() {
	registry_trust=--tls-verify=false
	[ -n "$REGISTRY_CA" ] || return 0
	mkdir -p "$T/registry-ca/trust" && cp "$REGISTRY_CA" "$T/registry-ca/trust/"
	registry_trust=--cert-dir=$T/registry-ca/trust
}

# registry_login FILE: what `skopeo login`, which is Podman's, writes for the registry started last.
registry_login() {
	registry_trusting
	printf %s "$REGISTRY_PASSWORD" |
		skopeo login "$registry_trust" --authfile "$1" -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
}

# registry_push SOURCE NAME:TAG [SKOPEO-OPTION]...: an image into the registry started last, as skopeo writes it.
registry_push() {
	registry_source=$1
	registry_name=$2
	shift 2
	registry_trusting
	set -- "--dest-${registry_trust#--}" "$@"
	[ "$registry_mode" = anonymous ] || set -- --dest-creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "$@"
	env -u REGISTRY_AUTH_FILE skopeo --insecure-policy copy -q "$@" "$registry_source" "docker://$REGISTRY/$registry_name"
}

# registry_curl PATH [CURL-OPTION]...: a request to the registry started last, in its own way.
registry_curl() {
	registry_path=$1
	shift
	[ -z "$REGISTRY_CA" ] || set -- --cacert "$REGISTRY_CA" "$@"
	curl -sS "$@" "$REGISTRY_URL$registry_path"
}

# registry_requests: the requests since registry_forget (or the start) as lines "METHOD PATH STATUS BYTES"; waits
# until all are written, since the registry does that after it has answered.
registry_requests() {
	registry_size=-1
	while [ "$registry_size" != "$(wc -c <"$REGISTRY_LOG")" ]; do
		registry_size=$(wc -c <"$REGISTRY_LOG")
		sleep 0.1
	done
	tail -n "+$((registry_seen + 1))" "$REGISTRY_LOG" |
		sed -n 's/^[^"]*"\([A-Z]*\) \([^ ]*\) HTTP[^"]*" \([0-9]*\) \([0-9]*\).*/\1 \2 \3 \4/p'
}

# registry_forget: what was asked up to now does not count.
registry_forget() {
	registry_seen=0
	registry_requests >/dev/null
	registry_seen=$(wc -l <"$REGISTRY_LOG")
}
registry_seen=0

# faults_start [--alone | --before URL] [--tls] [OPTION]... SCENARIO...
faults_start() {
	need_command python3
	registry_count=$((registry_count + 1))
	FAULTS_LOG=$T/faults-$registry_count.log
	faults_upstream=$REGISTRY_URL
	case $1 in
	--alone)
		faults_upstream=
		shift
		;;
	--before)
		faults_upstream=$2
		shift 2
		;;
	esac
	FAULTS_CA=
	if [ "$1" = --tls ]; then
		shift
		registry_certificates
		need openssl "no certificate: $(tail -n 1 "$T/registry-ca.log")"
		FAULTS_CA=$T/registry-ca/ca.crt
		set -- --tls-cert "$T/registry-ca/server.crt" --tls-key "$T/registry-ca/server.key" "$@"
	fi
	[ -z "$faults_upstream" ] || set -- --upstream "$faults_upstream" "$@"
	"$registry_python" "$SRCDIR/t/lib/faults.py" --log "$FAULTS_LOG" "$@" \
		>"$T/faults-$registry_count.port" 2>"$T/faults-$registry_count.err" &
	registry_pids="$registry_pids $!"
	registry_wait $! test -s "$T/faults-$registry_count.port"
	need faults "faults.py does not start: $(tail -n 1 "$T/faults-$registry_count.err")"
	FAULTS=127.0.0.1:$(cat "$T/faults-$registry_count.port")
	export FAULTS FAULTS_LOG FAULTS_CA
}
