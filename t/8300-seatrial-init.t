#!/bin/sh
# seatrial init: what it finds in projects, and that what it writes assigns texts and does nothing else.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command prove
need_command jq

# A builder on PATH, which must never run.
mkdir tools
printf '#!/bin/sh\necho "$*" >>"%s/ran"\nexit 1\n' "$PWD" | tee tools/docker tools/podman >tools/make
chmod 755 tools/*
PATH=$PWD/tools:$PATH
export PATH
here=$PWD

# value NAME [FILE]: what sh makes of it, with nothing to run.
value() {
	env -i PATH=/nowhere /bin/sh -c '. "$1"; eval "printf %s \"\${$2-unset}\"" 2>&1' sh "${2:-./seatrial.conf}" "$1"
}

# comment NAME: the line above it.
comment() {
	awk -v name="$1" 'index($0, name "=") == 1 { print last } { last = $0 }' seatrial.conf
}

# project NAME: another one, in a folder of its own.
project() {
	mkdir "$here/$1" && cd "$here/$1" || exit 1
}

# propose [OPTION]...: settings for it; `status` is 0 where there are some, and a trial takes them.
propose() {
	run seatrial init --force "$@"
	[ "$status" -eq 0 ] || return
	seatrial plan >plan 2>plan.err
	status=$?
	[ "$status" -eq 0 ] || sed 's/^/# /' plan.err
}

# a Flask service with everything
mkdir -p shop/src shop/tests && cd shop || exit 1
cat >Dockerfile <<'END'
ARG TAG=3.12
FROM python:${TAG}@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef AS builder
RUN make
FROM python:${TAG}@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
RUN groupadd app && useradd --uid 4711 app
ENV DATABASE_PASSWORD=hunter2 PORT=8080
USER app
EXPOSE ${PORT}/tcp
HEALTHCHECK --interval=20s --retries=5 CMD curl -fsS localhost:8080/healthz || exit 1
CMD ["gunicorn", "src.app:app"]
END
cat >compose.yaml <<'END'
services:
  db:
    image: postgres:16
  debug:
    build: .
    image: registry.example/debug
    profiles: [tools]
    ports: ["9000:9000"]
    healthcheck: {test: ["CMD", "true"]}
  web:
    build: .
    image: registry.example/shop:1.2
    env_file: [web.env]
    stop_grace_period: 20s
    mem_limit: 256m
    tmpfs: [/tmp, "/run:size=1m"]
    volumes: ["data:/data", "./conf:/conf"]
    environment:
      MODE: a 'quoted' value
      API_TOKEN: abcdef0123456789abcdef
      FROM_SHELL:
volumes:
  data:
END
cat >src/app.py <<'END'
@app.get("/healthz")
def health():
    return {"status": "ok"}
@app.get("/readyz")
def ready(): ...
END
printf '[tool.pytest.ini_options]\n[tool.ruff]\n[project.optional-dependencies]\ntest = ["pytest-cov"]\n' >pyproject.toml
printf 'flask\n' >requirements.txt
printf 'NAME := x\n.PHONY: test\nhelp:\n\techo\ntest lint: help\n\techo\nclean:\n\trm -rf .\n' >Makefile
run seatrial init
is "$status" 0 'a project'
[ "$status" -eq 0 ] || show_output
has out "Settings for a trial are in seatrial.conf" 'says where'
has out "tests        python3 -m pytest" 'and what it found'
is "$(value IMAGE)" registry.example/shop:1.2 'the image of the service that is built here'
is "$(comment IMAGE)" '# compose.yaml:12' 'with its place'
is "$(value DOCKERFILE) $(value CONTEXT) $(value COMPOSE_FILE)" 'Dockerfile . compose.yaml' 'the files'
is "$(value BASE)" python:3.12 'the base, without its digest'
is "$(value PORT)" 8080 'the port'
is "$(value HEALTH_PATH) $(value READY_PATH)" '/healthz /readyz' 'endpoints, of the health check and of the sources'
is "$(comment READY_PATH)" '# src/app.py:4' 'with the place'
is "$(grep -c '^LIVE_PATH=$' seatrial.conf)" 1 'that there is none is said'
is "$(value HEALTH_JSON)" /status=ok 'what the answer holds'
is "$(value HEALTH_INTERVAL) $(value HEALTH_RETRIES) $(value HEALTH_TIMEOUT)" '20s 5 unset' 'the times of the health check, as far as they are said'
is "$(value USER_ID)" 4711 'the uid of the user that is made'
is "$(value GRACE) $(value MAX_MEMORY)" '20s 256MiB' 'times and limits of the compose file'
is "$(value TMPFS | tr '\n' ' ') $(value VOLUMES)" '/tmp /run /data' 'writable places'
is "$(value RUN_ENV)" "MODE=a 'quoted' value" 'its environment, without secrets'
is "$(grep -c 'hunter2\|abcdef0123456789' seatrial.conf)" 0 'no secret is copied'
has seatrial.conf '# not copied: API_TOKEN, FROM_SHELL' 'which is said'
has seatrial.conf "other services, db" 'and what is not started'
is "$(grep -c 'services.*debug' seatrial.conf)" 0 'a service that waits for a profile is none'
printf '# of the shop\nFROM_FILE=a b\n\nOTHER=1\n' >web.env
sed -n 's/^# not read: web.env; \(RUN_ENV=.*\) would$/\1/p' seatrial.conf >reads
is "$(RUN_ENV=X=1; . ./reads; printf '%s' "$RUN_ENV" | tr '\n' ' ')" 'X=1 FROM_FILE=a b OTHER=1' 'its env_file is named, with what reads it'
is "$(value TEST_COMMAND)" 'python3 -m pytest --junitxml=junit.xml --cov=. --cov-report=xml:coverage.xml' 'the tests'
is "$(value TEST_REPORT) $(value COVERAGE_REPORT) $(value LINT_COMMAND)" 'junit.xml coverage.xml make lint' 'their reports, and lint'
is "$(value MAKE_TARGETS | tr '\n' ' ')" 'help lint test' 'targets that do no harm'
is "$(value BUILD_COMMAND)" 'docker build --no-cache -t registry.example/shop:1.2 -f Dockerfile .' 'the build'
is "$(value SECOND_IMAGE)" registry.example/shop:second-build 'and a second one'
run seatrial plan --json
is "$status $(jq -c '[.items[] | select(.decided) | .id] | length > 50' out)" '0 true' 'it runs as it is'
is "$(cat "$here/ran" 2>/dev/null)" '' 'nothing of the project was run'

# what is there is not lost
echo mine >>seatrial.conf
run seatrial init
is "$status $(cat err)" "2 seatrial: 'seatrial.conf' is there already; --force replaces it" 'settings that are there are kept'
is "$(tail -n 1 seatrial.conf)" mine 'whole'
run seatrial init --force --image app.tar --baseline old.tar
is "$status $(value IMAGE) $(value BASELINE)" '0 app.tar old.tar' '--force replaces them; names can be given'
has err 'passed over: app.tar' 'an image that cannot be read is said'
cd ..
run seatrial init --stdout shop
is "$status $(grep -c '^IMAGE=registry.example/shop:1.2$' out)" '0 1' '--stdout, of another folder'
run seatrial init -o other.conf shop
is "$status $(value IMAGE ./other.conf) $(wc -l <shop/seatrial.conf | tr -d ' ')" "0 registry.example/shop:1.2 $(wc -l <shop/seatrial.conf | tr -d ' ')" \
	'--output counts from here'

# others
mkdir node && cd node || exit 1
printf 'FROM node:20\nCMD ["node", "server.js"]\n' >Dockerfile
echo '{"scripts": {"test": "vitest"}}' >package.json
echo "app.get('/livez', f); app.listen(3000)" >server.js
run seatrial init
is "$status $(value IMAGE) $(value PORT) $(value LIVE_PATH)" '0 node:latest 3000 /livez' 'a Node service'
is "$(value TEST_COMMAND)" 'npx vitest run --reporter=junit --outputFile=junit.xml' 'its tests'
is "$(value PRODUCTION_ENV | tr '\n' ' ')" 'LOG_LEVEL=INFO NODE_ENV=production' 'its environment'
is "$(value BASE)" unset 'a base without a digest is no agreement'
echo '{"scripts": {"test": "jest", "lint": "eslint ."}}' >package.json
touch pnpm-lock.yaml
run seatrial init --force
is "$(value TEST_COMMAND) $(value LINT_COMMAND)" 'unset pnpm run lint' 'jest writes no report by itself; the linter has a script'
echo '{"scripts": {"test": "jest"}, "devDependencies": {"jest-junit": "16"}}' >package.json
run seatrial init --force
is "$(value TEST_COMMAND)" 'npx jest --ci --reporters=default --reporters=jest-junit' 'with that module it does'
echo '[1]' >package.json
run seatrial init --force
is "$status" 0 'a package.json that is none'
cd ..
mkdir ports && cd ports || exit 1
for line in 'CMD ["uvicorn", "a:b", "--port", "8001"]' 'CMD gunicorn a:b --bind 0.0.0.0:${PORT:-8001}' 'ENTRYPOINT ["gunicorn", "-b", ":8001", "a:b"]'; do
	printf 'FROM scratch\nEXPOSE 80\n%s\n' "$line" >Dockerfile
	run seatrial init --force
	is "$status $(value PORT)" '0 8001' "the port of $line"
done
printf 'FROM scratch\n' >Dockerfile
echo module x >go.mod
echo 'http.HandleFunc("/healthz", h); http.ListenAndServe(":8002", nil)' >main.go
run seatrial init --force
is "$status $(value PORT) $(value HEALTH_PATH) $(value TEST_COMMAND)" '0 8002 /healthz gotestsum --junitfile junit.xml ./...' 'a Go service'
cd ..
mkdir Deep && cd Deep || exit 1
mkdir -p api/src
printf 'FROM scratch\nEXPOSE 9000\nUSER 65532:65532\n' >api/Prod.Dockerfile
printf 'services:\n  api:\n    build: {context: api, dockerfile: Prod.Dockerfile}\n    ports: ["127.0.0.1:80:9001"]\n    command: serve -p 9001 "a b"\n    entrypoint: ["/x", "$X"]\n' >docker-compose.yml
run seatrial init
is "$status $(value IMAGE) $(value DOCKERFILE) $(value CONTEXT) $(value PORT) $(value USER_ID)" '0 deep:latest api/Prod.Dockerfile api 9001 65532' \
	'a Dockerfile that only the compose file knows, which knows the port better'
is "$(value RUN_CMD) $(value RUN_ENTRYPOINT)" '["serve","-p","9001","a b"] unset' 'what the service runs, unless it hangs on a variable'
cat >docker-compose.yml <<'END'
x-common: &common
  restart: always
services:
  migrate: {<<: *common, build: {context: api}, profiles: [tools], command: migrate}
  api:
    <<: *common
    build: {context: api, dockerfile: Prod.Dockerfile}
    image: ${REGISTRY:-reg.example}/api
    ports: ["${API_PORT:-80}:9001"]
END
run seatrial init --force
is "$status $(value IMAGE) $(value RUN_CMD)" '0 reg.example/api unset' 'the service is what can be asked, and not what migrates its data'
sed -i 's/:-reg.example/:?which/' docker-compose.yml
run seatrial init --force
is "$status $(wc -l <err | tr -d ' ')" '2 1' 'a compose file that demands a variable'
has err "the variable 'REGISTRY' is demanded" 'is why there is no Dockerfile'
echo 'services: [' >docker-compose.yml
printf 'FROM scratch\n' >Dockerfile
run seatrial init --force
is "$status" 0 'a compose file that is broken'
has err 'passed over: docker-compose.yml' 'is passed over, which is said'
echo 'FROM' >Dockerfile
run seatrial init --force
is "$status $(wc -l <err | tr -d ' ')" '2 1' 'a Dockerfile that is broken is trouble'
has err 'Dockerfile:1' 'with its line'
cd ..
mkdir empty && cd empty || exit 1
run seatrial init
is "$status $(wc -l <err | tr -d ' ') $(ls)" '2 1 err
out' 'a folder without a Dockerfile'
has err 'no Dockerfile in' 'is said'
mkdir root && echo x >root/x && tar -C root -cf layer.tar .
PACK_CONFIG='{"Cmd":["/x"],"User":"7","ExposedPorts":{"6000/tcp":{}},"Healthcheck":{"Test":["CMD","wget","http://localhost:6000/up?x=1"],"Interval":5000000000}}' pack_image app.tar layer.tar
run seatrial init --image app.tar
is "$status $(value IMAGE) $(value PORT) $(value HEALTH_PATH) $(value HEALTH_INTERVAL) $(value USER_ID)" '0 app.tar 6000 /up?x=1 5s 7' 'an image alone'
cd ..

# what a compose file says of the build
project target
cat >Dockerfile <<'END'
ARG NODE=18
FROM node:${NODE} AS base
ARG LISTEN=3000
RUN useradd -u 1500 app
FROM base AS prod
RUN useradd --uid 2500 web
USER web
EXPOSE ${LISTEN}
FROM scratch AS dev
RUN useradd --uid 3500 web
USER 1000
EXPOSE 9229
END
cat >compose.yaml <<'END'
services:
  web:
    image: shop
    build:
      context: .
      target: prod
      args: {LISTEN: 8123, NOTE: "it's $$(touch pwned)", NPM_TOKEN: abcdef0123456789abcdef, SALT: pepper12, FROM_SHELL: }
END
propose
is "$status $(value USER_ID) $(value PORT)" '0 2500 8123' 'the stage that the service has built, with its arguments, tells user and port'
is "$(comment USER_ID)" '# Dockerfile:6' 'the user of that stage'
options="--target prod --build-arg LISTEN=8123 --build-arg 'NOTE=it'\\''s \$(touch pwned)' --build-arg NPM_TOKEN --build-arg SALT --build-arg FROM_SHELL"
is "$(value BUILD_COMMAND)" "docker build --no-cache -t shop $options -f Dockerfile ." 'the build has both'
is "$(value SECOND_BUILD_COMMAND)" "docker build --no-cache -t shop:second-build $options -f Dockerfile ." 'the second one, too'
is "$(comment BUILD_COMMAND)" '# compose.yaml:2' 'with the place'
has seatrial.conf '# not copied: build arguments, NPM_TOKEN, SALT, FROM_SHELL; the builds take them from the environment' 'arguments that could be secret are named'
is "$(grep -c 'abcdef0123456789\|pepper12' seatrial.conf)" 0 'and no more'
rm "$here/ran" 2>/dev/null
(PATH=$here/tools:/usr/bin:/bin && eval "$(value BUILD_COMMAND)" >/dev/null)
is "$(cat "$here/ran" 2>/dev/null)" "build --no-cache -t shop --target prod --build-arg LISTEN=8123 --build-arg NOTE=it's \$(touch pwned) --build-arg NPM_TOKEN --build-arg SALT --build-arg FROM_SHELL -f Dockerfile ." 'a shell makes the same words of it'
is "$(find . -name pwned)" '' 'and runs no argument'
rm -f "$here/ran"
sed -i 's/target: prod/target: ${STAGE}/' compose.yaml
propose
is "$status $(value BUILD_COMMAND)" '0 unset' 'a target that hangs on a variable: no build'
is "$(grep -B 1 '^#BUILD_COMMAND=$' seatrial.conf | head -n 1)" '# builds the image: 17.1, 18.1; compose.yaml:6 has a target that hangs on a variable' 'and why'
sed -i 's/target: .*/target: gone/' compose.yaml
run seatrial init --force
is "$status $(wc -l <err | tr -d ' ')" '2 1' 'one that is not there is trouble'
has err "there is no stage 'gone'" 'which is said'

project missing
printf 'FROM scratch\nEXPOSE 1\n' >Dockerfile
printf 'services:\n  web:\n    build: {context: api, dockerfile: Prod}\n    ports: ["80:9001"]\n' >compose.yaml
propose
is "$status $(value DOCKERFILE) $(value CONTEXT) $(value PORT) $(value BUILD_COMMAND)" '0 unset unset 9001 unset' "the Dockerfile of a service that is missing is not the folder's own"
has err "passed over: compose.yaml:2: 'api/Prod', which 'web' is built by, is missing" 'which is said'
has seatrial.conf "most of Episode 18; compose.yaml:2: 'api/Prod', which 'web' is built by, is missing" 'in the settings, too'
printf 'services:\n  web:\n    build: {context: ., dockerfile_inline: "FROM scratch"}\n' >compose.yaml
propose
is "$status $(value DOCKERFILE)" '0 unset' 'nor is one that stands in the compose file'
has err "the Dockerfile of 'web' stands in the compose file" 'which is said'
mkdir ./-f && echo 'FROM scratch' >./-f/Dockerfile
printf 'services:\n  web:\n    image: x\n    build: {context: "-f"}\n' >compose.yaml
propose
is "$status $(value BUILD_COMMAND)" '0 docker build --no-cache -t x -f ./-f/Dockerfile ./-f' 'a folder is no option'

project names
echo 'FROM scratch' >Dockerfile
for name in docker-archive:x.tar oci:dir docker://r.example/app:1 docker-daemon:app:1 x.tar "app@sha256:$(printf '%064d' 0)"; do
	run seatrial init --force --image "$name"
	is "$status $(value IMAGE) $(value BUILD_COMMAND)$(value REBUILD_COMMAND)$(value SECOND_IMAGE)$(value SECOND_BUILD_COMMAND)" "0 $name unsetunsetunsetunset" "no build makes $name"
	has seatrial.conf "17.1, 18.1; '$name' is no name that a build gives" 'which is said'
done
for name in app localhost:5000/team/app:1 host:5000/app r.example/Team_2.x/app r.example/a__b/c-d:V1; do
	propose --image "$name"
	case $name in *Team*) wanted="unset" ;; *) wanted="docker build --no-cache -t $name -f Dockerfile ." ;; esac
	is "$status $(value BUILD_COMMAND)" "0 $wanted" "a build of $name"
done

# what it asks and how it runs
project health
for line in \
	'curl -f http://localhost:${PORT}/health|8080 /health' \
	'curl -f http://localhost:$PORT/healthz|8080 /healthz' \
	'curl -f "http://${HOST:-localhost}:${OTHER:-9090}/up"|9090 /up' \
	'wget -q -O- localhost:${OTHER-9091}$BASE_PATH/ping|9091 /v1/ping' \
	'curl http://localhost:8082${ROUTE:-/well}|8082 /well' \
	'curl http://localhost:8082/x/$UNKNOWN|8082 ' \
	'curl http://localhost:${UNKNOWN}/x|3000 /x' \
	"node -e \"get('http://localhost:' + port + '/x')\"|3000 " \
	"node -e 'get(\`http://localhost:\${process.env.WEB_PORT || 8083}/x\`)'|8083 /x" \
	"python -c \"urlopen(f'http://localhost:{os.environ[\\\\\"PORT\\\\\"]}/y')\"|8080 /y" \
	'pg_isready -h localhost|3000 ' \
	'curl localhost|3000 /' \
	'curl http://me:hunter2@localhost:8084/x|8084 /x' \
	'curl "http://localhost:8084/x?a=b&auth=hunter2"|8084 /x' \
	'curl "http://localhost:8084/x?key=${API_TOKEN:-hunter2}"|8084 '; do
	printf '%s\n' 'FROM scratch' 'ENV PORT=8080 BASE_PATH=/v1 API_TOKEN=abcdef0123456789' 'EXPOSE 3000' "HEALTHCHECK CMD ${line%|*}" >Dockerfile
	propose
	is "$status $(value PORT) $(value HEALTH_PATH)$(cat err)" "0 ${line##*|}" "what ${line%|*} asks"
	is "$(grep -c 'hunter2\|abcdef' seatrial.conf)" 0 'and no secret of it'
done
printf '%s\n' 'FROM scratch' 'ENV PORT=8080' 'EXPOSE 3000' 'HEALTHCHECK CMD curl localhost:$PORT/health' >Dockerfile
printf 'services:\n  web:\n    build: .\n    environment: {PORT: 8090}\n' >compose.yaml
propose
is "$status $(value PORT)" '0 8090' "the service's environment counts more than the image's"
printf 'services:\n  web:\n    build: .\n    healthcheck: {test: "curl http://localhost:$${PORT:-8085}/health/ready"}\n' >compose.yaml
propose
is "$status $(value PORT) $(value READY_PATH)" '0 8080 /health/ready' "a variable in a service's health check"
echo 'FROM scratch' >Dockerfile
propose
is "$status $(value PORT) $(value READY_PATH)" '0 8085 /health/ready' 'with its default'
is "$(comment PORT)" '# the health check, compose.yaml:4' 'and its place'
printf 'services:\n  web:\n    build: .\n    healthcheck: {test: "curl http://localhost:99999/x y", interval: 1}\n    stop_grace_period: soon\n' >compose.yaml
propose
is "$status $(value PORT) $(value GRACE)" '0  unset' 'what a trial would refuse is not proposed'
has seatrial.conf 'to the end at the most; compose.yaml:5 has no duration' 'but said'

project user
printf 'FROM scratch\nRUN useradd -u 1000 one && useradd -u 3000 three\nUSER 1000\n' >Dockerfile
printf 'services:\n  web:\n    build: .\n    user: "2000:2000"\n' >compose.yaml
propose
is "$status $(value RUN_USER) $(value USER_ID)" '0 2000:2000 2000' 'the user of the service is who it runs as'
is "$(comment USER_ID)" '# compose.yaml:4' 'with the place'
printf 'FROM scratch\nRUN useradd -u 3000 three\nUSER 1000\n' >Dockerfile
sed -i 's/"2000:2000"/three/' compose.yaml
propose
is "$status $(value RUN_USER) $(value USER_ID)" '0 three 3000' 'by name, too'
sed -i 's/three/nobody/' compose.yaml
propose
is "$status $(value RUN_USER) $(value USER_ID)" '0 nobody ' "whose uid nobody tells has not the image's"

project letters
mkdir büild && printf 'FROM scratch\nUSER 7\n' >büild/Dockerfile
printf 'services:\n  web:\n    image: x\n    build: büild\n    environment: {MODE: "süß ☃"}\n    command: ["é☃"]\n' >compose.yaml
propose
is "$status $(cat err) $(value DOCKERFILE) $(value USER_ID)" '0  büild/Dockerfile 7' 'letters that are no ASCII'
is "$(value RUN_ENV) $(value RUN_CMD)" 'MODE=süß ☃ ["\u00e9\u2603"]' 'stay what they are'

project command
printf 'FROM scratch\nEXPOSE 3000\nCMD ["uvicorn", "a:b", "--port", "4000"]\n' >Dockerfile
for line in 'uvicorn a:b --port 9000|9000' '["sh", "-c", "gunicorn -b 0.0.0.0:$${PORT:-9001} a:b"]|9001' 'serve|3000' 'python manage.py runserver 0.0.0.0:9002|9002'; do
	printf 'services:\n  web:\n    build: .\n    command: %s\n' "${line%|*}" >compose.yaml
	propose
	is "$status $(value PORT)" "0 ${line##*|}" "the port where the service runs ${line%|*}"
done
printf 'services:\n  web:\n    build: .\n    command: serve --db-password hunter2\n    deploy: {resources: {limits: {memory: 1.5G}}}\n' >compose.yaml
cat >>compose.yaml <<'END'
    volumes: ["./data:/data", "./conf:/conf:ro", "cache:/cache"]
    environment:
      DB_PASS: hunter2
      MYSQL_PWD: hunter2
      Salt: hunter2
      credentials_json: hunter2
      BASIC_AUTH: hunter2
      DSN: "host=db password=hunter2"
      URL: "amqp://me:hunter2@mq/"
      MODE: fast
END
propose
is "$status $(value RUN_ENV)" '0 MODE=fast' 'what could be a secret by its name or its value is not copied'
is "$(value RUN_CMD) $(grep -c hunter2 seatrial.conf)" 'unset 0' 'nor a command that holds one'
has seatrial.conf "in place of the image's, a JSON list; compose.yaml:4 has what could be a secret" 'which is said'
has seatrial.conf '# not copied: DB_PASS, MYSQL_PWD, Salt, credentials_json, BASIC_AUTH, DSN, URL;' 'so are the names'
is "$(value MAX_MEMORY)" 1.5GiB 'a limit with a fraction'
is "$(value VOLUMES)" /cache "a volume of the host's is none of the trial's"
has seatrial.conf '# not mounted: /data, which is ./data of the host (compose.yaml:6); VOLUMES could stand for it' 'which is said'
is "$(grep -c 'not mounted.*/conf' seatrial.conf)" 0 'one that is only read is no writable place'

# what runs the tests of a package
project scripts
echo 'FROM scratch' >Dockerfile
node='--test-reporter=junit --test-reporter-destination=junit.xml'
while IFS='~' read -r script wanted; do
	jq -n --arg test "$script" '{scripts: {test: $test}, devDependencies: {"jest-junit": "16"}}' >package.json
	run seatrial init --force
	is "$status $(value TEST_COMMAND)" "0 $wanted" "the script $script"
done <<END
node --import tsx --test src/**~node --import tsx --test $node src/**
node --test-reporter=spec --test~node --test $node
tsc -p . && node --test 'dist/*.js'~npx -c 'tsc -p . && node --test $node '\\''dist/*.js'\\'''
npm run build && NODE_ENV=test node --test~npm run build && NODE_ENV=test node --test $node
mocha --require tsx test/**~npm test -- --reporter xunit --reporter-option output=junit.xml
vitest run --config cfg.ts~npm test -- --reporter=junit --outputFile=junit.xml
vitest --config cfg.ts~npm test -- --run --reporter=junit --outputFile=junit.xml
NODE_OPTIONS=--experimental-vm-modules jest~npm test -- --ci --reporters=default --reporters=jest-junit
node --experimental-vm-modules node_modules/jest/bin/jest.js a~npm test -- --ci --reporters=default --reporters=jest-junit
mocha 'a|b' && eslint .~npx -c 'mocha '\\''a|b'\\'' --reporter xunit --reporter-option output=junit.xml && eslint .'
vitest --watch~unset
(cd x && vitest run)~unset
mocha -- a~unset
npm run vitest~unset
echo mocha~unset
DB_PASS=hunter2 node --test~unset
vitest run~npx vitest run --reporter=junit --outputFile=junit.xml
END
echo '{"scripts": {"test": "mocha", "pretest": "tsc"}}' >package.json
touch yarn.lock
propose
is "$status $(value TEST_COMMAND)" '0 yarn run test --reporter xunit --reporter-option output=junit.xml' 'with what comes before it'
echo '{"scripts": {"test": "node --test", "pretest": "tsc"}}' >package.json
propose
is "$status $(value TEST_COMMAND)" "0 npm run pretest && node --test $node" 'of a runner that takes no options behind'
# a node that shows its words
jq -n --arg test "node --test \"a b\" '\$(touch pwned)'" '{scripts: {test: $test}}' >package.json
propose
node() { printf '<%s>' "$@"; }
is "$(eval "$(value TEST_COMMAND)")" "<--test><--test-reporter=junit><--test-reporter-destination=junit.xml><a b><\$(touch pwned)>" 'quotes stay'
unset -f node

# what Python is needed for
project python
echo 'FROM scratch' >Dockerfile
mkdir -p tests/unit
touch tests/unit/conftest.py
printf '[project]\nname = "pytest-thing"\n\n[dependency-groups]\ndev = [\n    "pytest>=8",\n    "pytest-cov",\n]\n' >pyproject.toml
propose
is "$status $(value TEST_COMMAND)" '0 python3 -m pytest --junitxml=junit.xml --cov=. --cov-report=xml:coverage.xml' 'pytest in a group of dependencies'
is "$(comment TEST_COMMAND)" '# pyproject.toml:6' 'with its place'
printf '[project]\nname = "pytest-thing"\n' >pyproject.toml
propose
is "$status $(value TEST_COMMAND)" '0 unset' 'a name is no demand'
touch tests/unit/test_a.py
propose
is "$status $(value TEST_COMMAND) $(comment TEST_COMMAND)" '0 python3 -m pytest --junitxml=junit.xml # tests/unit/test_a.py' 'tests in a folder below'
echo requests >dev-requirements.txt
echo flask >requirements.txt
propose
is "$status $(value PRODUCTION_ENV)" '0 unset' 'flask in another file of requirements leaves the default, which has FLASK_ENV'

# what the sources say
project sources
echo 'FROM scratch' >Dockerfile
printf '@app.post("/hook")\ndef hook():\n    return {"status": "success"}\n' >a.py
printf 'conn = connect(dict(host="db", port=5432))\n' >b.py
printf 'pool = create_pool({\n  host: settings.db_host,\n  port: 5433,\n  max: 5,\n})\nclient = Client(\n    "localhost",\n    port=5434,\n    database="x",\n)\n' >c.py
printf 'def x(): return {"status": "ok"}\n@app.get("/health")\ndef health():\n    return {"status": "healthy"}\nif __name__ == "__main__":\n    app.run(host="127.0.0.1", port=8086)\n' >z.py
propose
is "$status $(value PORT) $(comment PORT)" '0 8086 # z.py:6' 'a port beside a host or a database is another one'
is "$(value HEALTH_JSON) $(comment HEALTH_JSON)" '/status=healthy # z.py:4' 'what the health route says, and no other'
printf 'uvicorn.run(\n    "a:b",\n    host="0.0.0.0",\n    port=8087,\n)\n' >c.py
propose
is "$status $(value PORT)" '0 8087' 'a server has a host, too'
sed -i 's/"0.0.0.0"/settings.host/; s/8087/8091/' c.py
propose
is "$status $(value PORT)" '0 8091' 'whatever it is'
printf 'port = 8088\ndb = connect()\n' >c.py
propose
is "$status $(value PORT)" '0 8088' 'a line below it tells nothing'
printf 'module.exports = {\n  port: 8089,\n  db: {\n    host: "db",\n    port: 5435,\n  },\n};\n' >c.js
rm c.py
propose
is "$status $(value PORT)" '0 8089' 'nor does a list within the list'
sed -i 's/"status": "\(healthy\|ok\)"/"state": 1/' z.py
propose
is "$status $(value HEALTH_JSON)" '0 ' "another route's success is no health"

cd "$here" || exit 1

# a project that means harm
bad=$(printf 'it'\''s $(touch pwned) `touch pwned` "x;touch pwned')
mkdir "$bad" && cd "$bad" || exit 1
cat >Dockerfile <<'END'
FROM scratch
USER "$(touch pwned)'`touch pwned`"
ENV A='$(touch pwned)'
EXPOSE 80
HEALTHCHECK --interval=9s CMD curl http://localhost:80/'$(touch${IFS}pwned)`touch${IFS}pwned`;touch${IFS}pwned
END
cat >compose.yaml <<'END'
services:
  "x\ntouch pwned\n":
    image: "a'; touch pwned; '$$(touch pwned)"
    build: .
    stop_grace_period: "1s\ntouch pwned"
    environment: {X: "'\n$$(touch pwned)\n`touch pwned`", "Y\ntouch pwned": "a\r\nIMAGE= b", PORT: " 1"}
    user: "$$(touch pwned)'\ntouch pwned"
    command: ["a", "$$(touch pwned)'\ntouch pwned"]
    volumes: [{type: bind, source: "s\ntouch pwned", target: "/t\ntouch pwned"}]
    tmpfs: ["/a'\ntouch pwned\n'"]
  "y\ntouch pwned": {image: b}
END
printf "test '\$(touch pwned):\n\techo\n" >Makefile
run seatrial init
is "$status" 0 'names that a shell could take for commands'
[ "$status" -eq 0 ] || show_output
is "$(value IMAGE)" "a'; touch pwned; '\$(touch pwned)" 'are texts'
has seatrial.conf '# not copied: PORT; ' 'a line that a trial would take for a slip is not written'
run env -i PATH=/nowhere /bin/sh -ec '. ./seatrial.conf'
is "$status $(cat err)" '0 ' 'the settings run nothing'
env -i PATH=/usr/bin:/bin /bin/sh -c '. ./seatrial.conf'
is "$(find . -name pwned)" '' 'nor could they'
run seatrial plan
is "$status" 0 'a trial takes them'
[ "$status" -eq 0 ] || show_output
cat >compose.yaml <<'END'
services:
  x:
    image: app
    build:
      context: .
      args: {"A'; touch pwned; '": "'; touch pwned; '$$(touch pwned)`touch pwned`\ntouch pwned", "$$(touch pwned)": "a"}
END
echo '{"scripts": {"test": "node --test \n '"';"' touch pwned"}}' >package.json
rm -f "$here/ran"
propose
is "$status" 0 'arguments of a build that a shell could take for commands'
(PATH=$here/tools:/usr/bin:/bin && . ./seatrial.conf && eval "$BUILD_COMMAND" >/dev/null)
is "$(grep -c '^build ' "$here/ran") $(find . -name pwned)" '1 ' 'are texts, for the shell that builds, too'
rm -f "$here/ran"
cd ..

# real Dockerfiles
if [ -n "${CORPUS:-}" ]; then
	mkdir corpus && cd corpus || exit 1
	count=0
	wrong=
	for file in "$CORPUS"/dockerfiles/real/*Dockerfile; do
		cp "$file" Dockerfile
		seatrial init --stdout >conf 2>err
		case $? in
		0) count=$((count + 1)) ;;
		2) [ "$(wc -l <err)" -eq 1 ] || wrong="$wrong ${file##*/}"; continue ;;
		*) wrong="$wrong ${file##*/}"; continue ;;
		esac
		env -i PATH=/nowhere /bin/sh -ec '. ./conf' 2>err >out && [ ! -s err ] || wrong="$wrong ${file##*/}"
	done
	is "$wrong" '' 'every Dockerfile of the corpus gives settings, or one line'
	is "$([ "$count" -ge 70 ] && echo many || echo "$count")" many 'and most of them give settings'
else
	skip 'the corpus' 'CORPUS is not set'
fi

done_testing
