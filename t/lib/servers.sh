# shellcheck shell=sh
# Real servers as images, assembled from Debian packages without an engine: nginx, redis, PostgreSQL,
# gunicorn with Flask, Tomcat, and a Node program, configured as their official images are. Source it
# after harness.sh.
#
#     servers_make           # servers.tar, or skips the file, with the reason
#
# They are images of one docker-archive, `servers.tar:NAME`, that share all their layers. Made once
# where SERVERS_CACHE names a folder.

servers_packages=nginx-light,redis-server,postgresql-15,gunicorn,python3-flask,tomcat10,nodejs
servers_key=2-$servers_packages

# The sources of this release that apt is configured with, and how this machine reaches them.
servers_sources() {
	servers_signed=
	[ ! -r /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		servers_signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] '
	apt-get indextargets --format "\$(CODENAME) deb $servers_signed\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
		'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
		awk -v release="$servers_codename" '$1 == release || index($1, release "-") == 1 { sub(/^[^ ]* /, ""); print }' |
		sort -u
}

servers_root() {
	servers_codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	servers_sources >sources.list
	if [ ! -s sources.list ]; then
		apt-get update -q >servers.log 2>&1
		servers_sources >sources.list
	fi
	apt-config dump | grep -E '^Acquire::(Check-|http|https|Retries|ForceIPv)' >apt.conf
	# the maintainer scripts of Java and PostgreSQL want these folders
	# shellcheck disable=SC2016
	setsid mmdebstrap --variant=minbase --include="$servers_packages" \
		--setup-hook='mkdir -p "$1/usr/share/man/man1" "$1/usr/share/man/man7"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt="$PWD/apt.conf" "$servers_codename" "$1" - <sources.list >servers.log 2>&1 8>&-
}

# What the images add to the packages.
servers_files() {
	mkdir -p "$1/etc/nginx" "$1/usr/local/bin" "$1/app" "$1/home/app" "$1/data" "$1/site" \
		"$1/var/log/nginx" "$1/var/lib/postgresql/data" "$1/docker-entrypoint-initdb.d" || return 1
	tar -xf base.tar -C "$1" ./etc/passwd ./etc/group || return 1
	echo 'app:x:1000:1000::/home/app:/bin/sh' >>"$1/etc/passwd"
	echo 'app:x:1000:' >>"$1/etc/group"
	ln -sf /dev/stdout "$1/var/log/nginx/access.log"
	ln -sf /dev/stderr "$1/var/log/nginx/error.log"
	echo hello >"$1/site/index.html"
	for servers_kind in root unprivileged; do
		{
			[ $servers_kind = root ] || echo 'pid /tmp/nginx.pid;'
			[ $servers_kind = unprivileged ] || echo 'user www-data;'
			echo 'error_log /var/log/nginx/error.log notice;'
			echo 'events { worker_connections 256; }'
			echo 'http { access_log /var/log/nginx/access.log;'
			[ $servers_kind = root ] || for servers_temp in client_body proxy fastcgi uwsgi scgi; do
				echo "${servers_temp}_temp_path /tmp/$servers_temp;"
			done
			echo 'server { listen 8080; root /site; } }'
		} >"$1/etc/nginx/$servers_kind.conf"
	done
	cat >"$1/usr/local/bin/start-redis" <<-'EOT'
		#!/bin/sh
		# as the entry point of the official image does it
		set -e
		if [ "$(id -u)" = 0 ]; then
			find . ! -user redis -exec chown redis {} +
			exec setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
		fi
		exec "$@"
	EOT
	cat >"$1/usr/local/bin/start-postgres" <<-'EOT'
		#!/bin/sh
		# as the entry point of the official image does it
		set -e
		if [ "$(id -u)" = 0 ]; then
			mkdir -p "$PGDATA" /var/run/postgresql
			chown postgres "$PGDATA" /var/run/postgresql
			chmod 700 "$PGDATA"
			exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$0" "$@"
		fi
		if [ ! -s "$PGDATA/PG_VERSION" ]; then
			initdb --username=postgres --auth=trust --no-sync -D "$PGDATA"
		fi
		exec "$@"
	EOT
	chmod 755 "$1"/usr/local/bin/start-*
	cat >"$1/app/app.py" <<-'EOT'
		import greeting
		from flask import Flask

		app = Flask(__name__)


		@app.route("/")
		def hello():
		    return greeting.TEXT
	EOT
	echo 'TEXT = "hello"' >"$1/app/greeting.py"
	cat >"$1/app/server.js" <<-'EOT'
		const fs = require('fs');
		const http = require('http');
		const cache = process.env.HOME + '/.cache/web';
		fs.mkdirSync(cache, { recursive: true });
		fs.writeFileSync(cache + '/started', String(Date.now()));
		http.createServer((request, response) => response.end('hello\n')).listen(8080);
		process.on('SIGTERM', () => process.exit(0));
	EOT
}

# servers_image NAME CONFIG: one more image of servers.tar.
servers_image() {
	servers_list="$servers_list${servers_list:+,}{\"Config\":\"$1.json\",\"RepoTags\":[\"$1:1\"],\"Layers\":[\"base.tar\",\"own.tar\"]}"
	printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]},"history":[{"created_by":"RUN apt-get install %s"},{"created_by":"COPY . /"}]}' \
		"$servers_architecture" "$2" "$servers_base_id" "$servers_own_id" "$servers_packages" >"$servers_dir/$1.json"
}

servers_images() {
	servers_env='"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"'
	servers_image nginx "{\"Cmd\":[\"nginx\",\"-c\",\"/etc/nginx/root.conf\",\"-g\",\"daemon off;\"],\"Env\":[$servers_env],
		\"ExposedPorts\":{\"8080/tcp\":{}},\"StopSignal\":\"SIGQUIT\"}"
	servers_image nginx-unprivileged "{\"Cmd\":[\"nginx\",\"-c\",\"/etc/nginx/unprivileged.conf\",\"-g\",\"daemon off;\"],
		\"Env\":[$servers_env],\"User\":\"www-data\",\"ExposedPorts\":{\"8080/tcp\":{}},\"StopSignal\":\"SIGQUIT\"}"
	for servers_volumes in '' ',"Volumes":{"/data":{}}'; do
		servers_image "redis${servers_volumes:+-volume}" "{\"Entrypoint\":[\"start-redis\"],
			\"Cmd\":[\"redis-server\",\"--save\",\"60 1\",\"--protected-mode\",\"no\"],\"Env\":[$servers_env],\"WorkingDir\":\"/data\"$servers_volumes}"
	done
	for servers_volumes in '' ',"Volumes":{"/var/lib/postgresql/data":{}}'; do
		servers_image "postgres${servers_volumes:+-volume}" "{\"Entrypoint\":[\"start-postgres\"],\"Cmd\":[\"postgres\"],
			\"Env\":[\"PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"PGDATA=/var/lib/postgresql/data\"],
			\"StopSignal\":\"SIGINT\"$servers_volumes}"
	done
	servers_image gunicorn "{\"Cmd\":[\"gunicorn\",\"--bind\",\"0.0.0.0:8080\",\"app:app\"],\"Env\":[$servers_env],
		\"User\":\"app\",\"WorkingDir\":\"/app\"}"
	servers_image tomcat "{\"Cmd\":[\"/usr/share/tomcat10/bin/catalina.sh\",\"run\"],\"User\":\"tomcat\",\"WorkingDir\":\"/var/lib/tomcat10\",
		\"Env\":[$servers_env,\"CATALINA_HOME=/usr/share/tomcat10\",\"CATALINA_BASE=/var/lib/tomcat10\",
		\"CATALINA_TMPDIR=/tmp\",\"JAVA_HOME=/usr/lib/jvm/default-java\",\"JAVA_OPTS=-Djava.awt.headless=true\"]}"
	servers_image node "{\"Cmd\":[\"node\",\"server.js\"],\"Env\":[$servers_env],\"User\":\"app\",\"WorkingDir\":\"/app\"}"
}

servers_assemble() {
	servers_dir=$T/servers
	servers_list=
	servers_architecture=$(dpkg --print-architecture)
	mkdir -p "$servers_dir" own && servers_root base.tar || return 1
	servers_files own || return 1
	# the application's files are the user's, the rest is root's
	(cd own && tar --numeric-owner --owner=0 --group=0 --mtime=@0 --exclude=./app --exclude=./home/app --exclude=./data -cf ../own.tar . &&
		tar --numeric-owner --owner=1000 --group=1000 --mtime=@0 -rf ../own.tar ./app ./home/app ./data) || return 1
	mv base.tar own.tar "$servers_dir" && rm -rf own
	servers_base_id=$(sha256sum <"$servers_dir/base.tar" | cut -d' ' -f1)
	servers_own_id=$(sha256sum <"$servers_dir/own.tar" | cut -d' ' -f1)
	servers_images
	printf '[%s]' "$servers_list" >"$servers_dir/manifest.json"
	(cd "$servers_dir" && tar -cf ../servers.tar -- *.json base.tar own.tar) &&
		rm -rf "$servers_dir"
}

servers_make() {
	command -v mmdebstrap >/dev/null 2>&1
	need mmdebstrap 'mmdebstrap is not installed'
	[ "$(id -u)" -eq 0 ]
	need mmdebstrap 'not running as root: the packages cannot be installed'
	servers_kept=${SERVERS_CACHE:+$SERVERS_CACHE/servers-$(printf %s "$servers_key" | sha256sum | cut -c 1-12).tar}
	if [ -n "$servers_kept" ]; then
		# who wants them at the same time waits
		exec 8>"$servers_kept.lock"
		flock 8
	fi
	if [ -n "$servers_kept" ] && [ -f "$servers_kept" ]; then
		ln -s "$servers_kept" servers.tar
	else
		servers_assemble
		need mmdebstrap "the servers cannot be assembled: $(grep '^E:' servers.log | head -n 1)"
		[ -z "$servers_kept" ] || { cp servers.tar "$servers_kept.part" && mv "$servers_kept.part" "$servers_kept"; }
	fi
	exec 8>&-
}
