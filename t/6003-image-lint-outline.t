#!/bin/sh
# image-lint --outline: what Dockerfiles, compose files and images say of what is built and run.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq

# outline FILTER FILE...
outline() {
	filter=$1
	shift
	run image-lint --outline --json "$@"
	jq -c "$filter" out
}

cat >Dockerfile <<'END'
ARG BASE=debian:12
FROM ${BASE} AS Common
WORKDIR /srv
USER app:staff
ENV A=1 B="$A b" SECRET_KEY=0123456789abcdef
CMD ["first"]
FROM scratch AS other
USER nobody
FROM common
ARG PORT
WORKDIR app
EXPOSE 8080 ${PORT}
VOLUME ["/data"]
ENTRYPOINT exec "$0"
HEALTHCHECK --interval=5s --retries=2 CMD ["probe", "http://localhost/"]
STOPSIGNAL SIGINT
END
is "$(outline '.schema, .targets[0].kind, .targets[0].target' Dockerfile | tr '\n' ' ')" '"seatrial/outline/1" "dockerfile" "Dockerfile" ' 'a Dockerfile'
is "$(outline '[.targets[0].stages[] | [.name, .value, .parent, .scratch, .line]]' Dockerfile)" \
	'[["common","debian:12",null,false,2],["other","scratch",null,true,7],[null,"common",0,false,9]]' 'its stages'
is "$(outline '.targets[0] | [.final, .image.user.value, .image.user.line]' Dockerfile)" '[2,"app:staff",4]' 'a stage has what the one below it says'
is "$(outline '.targets[0].image.working_dir' Dockerfile)" '{"value":"/srv/app","line":11}' 'a relative folder counts from there'
is "$(outline '[.targets[0].image.environment[] | [.name, .value, .secret]]' Dockerfile)" \
	'[["A","1",false],["B",null,false],["SECRET_KEY",null,true]]' \
	'its environment, without secrets; in one ENV what was before counts'
is "$(outline '[.targets[0].image.exposed_ports[].value]' Dockerfile)" '["8080",null]' 'what hangs on an argument is not known'
is "$(outline '[.targets[0].image.exposed_ports[].value]' --build-arg PORT=90 Dockerfile)" '["8080","90"]' 'unless it is given'
is "$(outline '.targets[0].image | [.cmd, .entrypoint.words, .entrypoint.shell]' Dockerfile)" '[null,["exec \"$0\""],true]' \
	'another entry point, and no command that was meant for the one before'
is "$(outline '.targets[0].image.healthcheck | [.words, .shell, .none, .interval, .timeout, .retries]' Dockerfile)" \
	'[["probe","http://localhost/"],false,false,"5s",null,"2"]' 'the health check'
is "$(outline '.targets[0].image | [.volumes[0].value, .stop_signal.value]' Dockerfile)" '["/data","SIGINT"]' 'volumes, and the signal'
is "$(outline '.targets[0] | [.final, .image.user.value, .image.cmd]' --target other Dockerfile)" '[1,"nobody",null]' '--target: another stage'
run image-lint --outline Dockerfile
is "$status $(grep -c '^0.image.user.value: app:staff$' out)" '0 1' 'the text form'
is "$(grep -c hunter out; grep -c 0123456789abcdef out)" '0
0' 'has no secret either'

cat >compose.yaml <<'END'
services:
  web:
    build: {context: src, dockerfile: Prod, args: [V=1, TOKEN=0123456789abcdef0]}
    image: ${REGISTRY}/web
    command: run --fast
    read_only: true
    ports: ["80:8080"]
    tmpfs: /tmp
    volumes: ["data:/data:ro", "./x:/x"]
    environment: {A: 1, DB_PASSWORD: hunter2hunter2}
    healthcheck: {test: ["CMD-SHELL", "curl localhost"], timeout: 3s}
volumes: {data: }
END
is "$(outline '.targets[0].services[0] | [.name, .builds, .context.value, .dockerfile.value, .image.value, .read_only.value]' compose.yaml)" \
	'["web",true,"src","Prod",null,"true"]' 'a compose file'
printf 'services:\n  a: {build: {context: ., dockerfile_inline: "FROM scratch"}}\n  b: {build: .}\n' >inline.yaml
is "$(outline '[.targets[0].services[].dockerfile_inline]' inline.yaml)" '[true,false]' 'a Dockerfile that stands in the compose file'
is "$(outline '.targets[0].services[0].image.value' --env REGISTRY=r.example compose.yaml)" '"r.example/web"' '--env: with variables'
is "$(outline '.targets[0].services[0] | [.cmd.words, .cmd.shell, .ports[0].value, .tmpfs[0].value]' compose.yaml)" \
	'[["run","--fast"],false,"80:8080","/tmp"]' 'what it runs: words that no shell reads'
printf 'services:\n  a:\n    entrypoint: /run --x "a b" $$HOME\n    command: ["echo $$HOME"]\n  b: {entrypoint: "", command: "echo ${SET}"}\n  c: {command: []}\n' >words.yaml
is "$(outline '[.targets[0].services[] | [.entrypoint.words, .cmd.words]]' words.yaml)" \
	'[[["/run","--x","a b","$HOME"],["echo $HOME"]],[[],[null]],[null,[]]]' 'commands as compose splits them'
printf 'services:\n  a: {deploy: {resources: {limits: {memory: 1.5G}}}}\n  b: {mem_limit: 1g, deploy: {resources: {limits: {memory: 2g}}}}\n  c: {deploy: {}}\n' >memory.yaml
is "$(outline '[.targets[0].services[].memory_limit.value]' memory.yaml)" '["1.5G","1g",null]' 'a limit of memory, wherever it stands'
printf "services:\n  a:\n    command: it's\n" >quote.yaml
expect_trouble 'quote.yaml: line 3: cmd: a single quote is not closed' image-lint --outline quote.yaml
is "$(outline '[.targets[0].services[0].volumes[] | [.type, .source, .target, .read_only]]' compose.yaml)" \
	'[["volume","data","/data",true],["bind","./x","/x",false]]' 'its volumes'
is "$(outline '.targets[0].services[0].healthcheck | [.words, .shell, .timeout, .interval]' compose.yaml)" '[["curl localhost"],true,"3s",null]' \
	'a health check in the form of a Dockerfile'
is "$(outline '.targets[0].services[0] | [.arguments, .environment | map(select(.secret).name)]' compose.yaml)" '[["TOKEN"],["DB_PASSWORD"]]' \
	'secrets are told by name'
is "$(grep -c 'hunter2\|0123456789abcdef' out)" 0 'and not repeated'

mkdir root && echo x >root/x && tar -C root -cf layer.tar .
PACK_CONFIG='{"Entrypoint":["/x","-a"],"User":"7:8","WorkingDir":"/w","Env":["A=b=c"],"ExposedPorts":{"6000/tcp":{}},"Volumes":{"/v":{}},"Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":1500000000,"Retries":4}}' \
	pack_image app.tar layer.tar
is "$(outline '.targets[0] | [.kind, .image.user.value, .image.entrypoint.words, .image.cmd, .image.environment[0].value, .image.exposed_ports[0].value]' app.tar)" \
	'["image","7:8",["/x","-a"],null,"b=c","6000/tcp"]' 'an image'
is "$(outline '.targets[0].image.healthcheck | [.words, .shell, .interval, .timeout, .retries]' app.tar)" '[["true"],true,"1.5s",null,"4"]' 'its health check'
is "$(image-lint --outline --json - <app.tar | jq -c '.targets[0].image.working_dir.value')" '"/w"' 'from standard input'
is "$(outline '[.targets[].kind]' Dockerfile compose.yaml app.tar)" '["dockerfile","compose","image"]' 'several at once'

expect_trouble 'bad:1:1: FROM lacks an argument' sh -c 'echo FROM >bad; image-lint --outline bad'
expect_trouble 'bad:2:1: unknown instruction: RAN' sh -c 'printf "FROM a\nRAN x\n" >bad; image-lint --outline bad'
expect_trouble "there is no stage 'gone'" image-lint --outline --target gone Dockerfile
expect_trouble 'bad.yaml' sh -c 'echo "services: [" >bad.yaml; image-lint --outline bad.yaml'

if [ -n "${CORPUS:-}" ]; then
	differ=
	for file in "$CORPUS"/dockerfiles/real/*Dockerfile; do
		image-lint --json "$file" >lint 2>lint.err
		lint=$(($? == 2))
		image-lint --outline --json "$file" >out 2>err
		[ "$lint" = $(($? == 2)) ] || differ="$differ ${file##*/}"
		[ ! -s out ] || jq -e '.targets[0].stages | length > 0' out >found || differ="$differ ${file##*/}"
	done
	is "$differ" '' 'what is refused is refused by both'
else
	skip 'the corpus' 'CORPUS is not set'
fi

done_testing
