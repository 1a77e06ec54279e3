#!/bin/sh
# Compose files say the same to two readers: the library, and one on PyYAML that merges whole trees.
. "${SRCDIR:-.}/t/lib/harness.sh"

need_command python3
need_yaml

# agree FILE NAME
agree() {
	if ! compose-text "$1" >ours 2>err || ! "$python" "$SRCDIR/t/lib/compose.py" "$1" >theirs 2>>err; then
		fail "$2"
		show_output
	elif cmp -s ours theirs && [ -s ours ]; then
		pass "$2"
	else
		fail "$2"
		diag 'expected (-), actual (+):'
		diff -u theirs ours | sed 's/^/#   /'
	fi
}

cat >all.yaml <<'END'
# every key, in every form
x-logging: &logging
  driver: json-file
  options: &options
    max-size: 10m
    max-file: "3"
x-environment: &environment
  TZ: UTC
  LEVEL: &level debug
include:
  - other.yaml
services:
  web:
    image: registry.example/web:1@sha256:0
    container_name: web
    user: "1000:1000"
    read_only: true
    restart: unless-stopped
    stop_grace_period: 1m30s
    stop_signal: SIGQUIT
    init: true
    privileged: false
    network_mode: bridge
    pid: host
    platform: linux/amd64
    mem_limit: 512m
    mem_reservation: 256m
    cpus: 1.5
    pull_policy: missing
    command: ["gunicorn", "--bind", "0.0.0.0:8000", 'app:app']
    entrypoint: |
      /bin/sh -c
      "exec $$0"
    healthcheck:
      test: >-
        curl -fsS
        http://localhost/
      interval: 30s
      timeout: 5s
      start_period: 10s
      start_interval: 1s
      retries: 3
    deploy:
      replicas: 2
      resources:
        limits: {memory: 1G, cpus: '2'}
        reservations: {memory: 512M}
      restart_policy:
        condition: on-failure
    logging: *logging
    volumes:
      - data:/var/lib/data
      - ./config:/etc/web:ro
      - ~/cache:/cache:z,rw
      - /var/run/docker.sock:/var/run/docker.sock
      - /anonymous
      - type: bind
        source: /srv
        target: /srv
        read_only: true
      - {type: tmpfs, target: /scratch}
      - {type: volume, source: data, target: /again, read_only: false}
    tmpfs:
      - /tmp
      - /run:size=16m
    environment:
      <<: *environment
      LEVEL: info
      EMPTY: ""
      PASSED:
    env_file:
      - .env
      - path: more.env
        required: false
    ports:
      - "8080:80"
      - 9090
      - target: 443
        published: "8443"
    cap_add: [NET_BIND_SERVICE]
    cap_drop:
      - ALL
    security_opt: ["no-new-privileges:true"]
    secrets:
      - token
      - source: key
        target: /run/key
    profiles: [prod, test]
    labels: {a.b: "1", c: }
    build:
      context: .
      dockerfile: Dockerfile.web
      target: final
      args: [VERSION=1, OTHER]
      additional_contexts: {base: docker-image://base}
  worker:
    extends: web
    command: python worker.py
    entrypoint: []
    user: worker
    environment: [LEVEL=warn, MORE=1]
    ports: ["7000"]
    tmpfs: /worker
    volumes: ["./data:/var/lib/data", "new:/new:ro"]
    healthcheck: {test: [CMD, pgrep, worker], retries: 5}
    deploy: {resources: {limits: {memory: 2G}}}
    logging: {options: {max-size: 20m}}
    labels: [c=2]
    build: {args: {VERSION: 2}}
  third:
    extends:
      service: worker
    logging: {driver: syslog, options: {tag: x}}
    environment: {MORE: *level}
    restart: ~
    build: ./third
  fourth:
    extends: {file: common.yaml, service: base}
    healthcheck: {disable: true}
    logging: {options: {<<: *options, max-file: 5}}
  fifth: {extends: web}
volumes:
  data:
  new: {external: true}
secrets:
  token: {file: token.txt}
  key: {environment: KEY}
networks:
  default: {}
END
agree all.yaml 'every key, with extends'

if [ -d "${CORPUS:-}/compose" ]; then
	for file in "$CORPUS"/compose/*.yaml; do
		agree "$file" "${file##*/}"
	done
else
	# what could be asked without it has been asked
	case " ${SEATRIAL_REQUIRE:-} " in
	*' corpus '* | *' all '*) fail 'compose files of the corpus' ;;
	*) skip 'compose files of the corpus' 'CORPUS has no folder of compose files' ;;
	esac
fi

done_testing
