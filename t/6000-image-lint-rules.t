#!/usr/bin/perl
# Each rule on Dockerfiles: the least that breaks it, with the place that is told, and what is like it
# and right. Much of what is right here is what other linters are known to complain of.
use strict;
use warnings;
use File::Temp 'tempdir';
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Corpus;
use Test::More;

my $scratch = tempdir(CLEANUP => 1);
chdir $scratch or die $!;

my $digest = 'sha256:' . '1' x 64;
my $from = "FROM alpine:3.20\n";

sub spew {
	my ($path, $text) = @_;
	open my $out, '>:raw', $path or die "$path: $!";
	print {$out} $text;
	close $out or die "$path: $!";
	return;
}

# The places of a rule's findings: "LINE:COLUMN" each.
sub places {
	my ($rule, $text, @options) = @_;
	spew('Dockerfile', $text);
	my ($status, undef, $out, $err) = ask('image-lint', '--json', '--only', $rule, @options, 'Dockerfile');
	return "status $status: $err" if $status > 1;
	my $document = decode_json($out);
	return join ' ', map { ($_->{line} // '-') . ':' . ($_->{column} // '-') }
	  grep { $_->{rule} eq $rule && !$_->{silenced} } @{ $document->{findings} };
}

my %decided;

# breaks RULE, PLACES, TEXT, OPTION...
sub breaks {
	my ($rule, $places, $text, @options) = @_;
	$decided{$rule}{breaks}++;
	is(places($rule, $text, @options), $places, "$rule: " . $text =~ s/\n/\\n/gr);
	return;
}

sub keeps {
	my ($rule, @texts) = @_;
	$decided{$rule}{keeps}++;
	is(places($rule, $_), '', "keeps $rule: " . s/\n/\\n/gr) for @texts;
	return;
}

breaks('add-instead-of-copy', '2:1', "${from}ADD a /a\n");
breaks('add-instead-of-copy', '2:1', "${from}add [\"a b\", \"/a\"]\n");
keeps('add-instead-of-copy', "${from}COPY a /a\n", "${from}ADD a.tar.gz /a\n", "${from}ADD https://example.org/a /a\n",
	"${from}ADD git\@example.org:a.git /a\n", "${from}ADD \$FILE /a\n", "${from}ADD --unpack=false a /a\n");

breaks('add-unverified', '2:-', "${from}ADD https://example.org/a /a\n");
keeps('add-unverified', "${from}ADD --checksum=$digest https://example.org/a /a\n", "${from}ADD a /a\n",
	"${from}ADD https://github.com/a/b.git#" . 'a' x 40 . " /a\n");

breaks('apt-instead-of-apt-get', '2:5', "${from}RUN apt update\n");
breaks('apt-instead-of-apt-get', '2:18', "${from}RUN true && sudo apt -y install x\n");
keeps('apt-instead-of-apt-get', "${from}RUN apt-get update\n", "${from}RUN echo apt install\n", "${from}RUN apt-cache policy x\n");

breaks('apt-lists-left', '2:5', "${from}RUN apt-get update && apt-get install -y x\n");
breaks('apt-lists-left', '3:2', "${from}RUN <<EOF\n apt-get update\n apt-get install -y x\nEOF\n");
keeps('apt-lists-left', "${from}RUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
	"${from}RUN apt-get update; apt-get install -y x; rm -r /var/lib/apt/lists\n",
	"${from}RUN apt-get update && apt-get install -y x && apt-get dist-clean\n",
	"${from}RUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y x\n",
	"FROM debian:12 AS builder\nRUN apt-get update && apt-get install -y gcc\nFROM debian:12\nCOPY --from=builder /a /a\n",
	"${from}RUN <<EOF\napt-get update\napt-get install -y x\nrm -rf /var/lib/apt/lists/*\nEOF\n");

breaks('apt-recommends', '2:5', "${from}RUN apt-get install -y x\n");
keeps('apt-recommends', "${from}RUN apt-get install -y --no-install-recommends x\n",
	"${from}RUN apt-get -o APT::Install-Recommends=false install -y x\n", "${from}RUN apt-get update\n");

breaks('base-moving-tag', '1:6', "FROM alpine\n");
breaks('base-moving-tag', '1:6', "FROM alpine:latest\n");
breaks('base-moving-tag', '1:6', "FROM alpine:edge\n");
keeps('base-moving-tag', "FROM alpine:3.20\n", "FROM alpine\@$digest\n", "FROM scratch\n", "FROM alpine:3.20 AS a\nFROM a\n");
breaks('base-not-pinned', '1:6', "FROM alpine:3.20\n");
keeps('base-not-pinned', "FROM alpine:3.20\@$digest\n", "FROM scratch\n");
breaks('base-unresolved', '2:6', "ARG V\nFROM alpine:\$V\n");
breaks('base-unresolved', '2:6', "ARG V=\nFROM alpine:\${V}\n");
keeps('base-unresolved', "ARG V=3\nFROM alpine:\$V\n", "FROM alpine:\${V:-3}\n");

breaks('build-tools-in-final', '2:36', "${from}RUN apk add --no-cache --virtual=x gcc\n");
breaks('build-tools-in-final', '2:24', "${from}RUN apt-get install -y libpq-dev\n");
keeps('build-tools-in-final', "${from}RUN apk add --virtual .build gcc && make && apk del .build\n",
	"FROM debian:12 AS builder\nRUN apt-get install -y gcc\nFROM debian:12\nCOPY --from=builder /a /a\n",
	"${from}RUN apk add libpq\n");

breaks('cd-instead-of-workdir', '2:5', "${from}RUN cd /app && make\n");
keeps('cd-instead-of-workdir', "${from}RUN make && (cd /app; make)\n", "${from}WORKDIR /app\nRUN make\n");

breaks('chown-doubles-layer', '3:5', "${from}COPY a /app/\nRUN chown -R app /app\n");
breaks('chown-doubles-layer', '4:5', "${from}WORKDIR /app\nCOPY a .\nRUN chmod --recursive go-w .\n");
keeps('chown-doubles-layer', "${from}COPY --chown=app a /app/\nRUN chown -R app /app\n", "${from}COPY a /app/\nRUN chown app /app\n",
	"${from}COPY a /app/\nRUN chown -R app /srv\n");

breaks('cmd-shell-form', '2:1', "${from}CMD run me\n");
keeps('cmd-shell-form', "${from}CMD [\"run\", \"me\"]\n", "${from}CMD []\n", "FROM a:1 AS a\nCMD run\nFROM b:1\n");
breaks('entrypoint-shell-form', '2:1', "${from}ENTRYPOINT exec run\n");
keeps('entrypoint-shell-form', "${from}ENTRYPOINT [\"run\"]\n");

breaks('context-copied-whole', '2:6', "${from}COPY . /app\n");
keeps('context-copied-whole', "${from}COPY src /app\n", "FROM a:1 AS a\nCOPY . /x\nFROM b:1\nCOPY --from=a . /x\n");

breaks('copy-from-itself', '2:1', "FROM a:1 AS me\nCOPY --from=me /a /b\n");
breaks('copy-from-itself', '2:1', "FROM a:1\nCOPY --from=0 /a /b\n");
keeps('copy-from-itself', "FROM a:1 AS a\nFROM b:1\nCOPY --from=a /a /b\nCOPY --from=0 /a /b\n");

breaks('copy-relative', '2:8', "${from}COPY a b\n");
keeps('copy-relative', "${from}WORKDIR /app\nCOPY a b\n", "${from}COPY a /b\n", "${from}COPY a \${DIR}/b\n",
	"FROM a:1 AS a\nWORKDIR /x\nFROM a\nCOPY a b\n", "FROM scratch\nCOPY a b\n");

breaks('copy-several-to-file', '2:10', "${from}COPY a b /c\n");
keeps('copy-several-to-file', "${from}COPY a b /c/\n", "${from}COPY a b ./\n", "${from}COPY a b .\n", "${from}COPY [\"a\", \"b\", \"/c/\"]\n",
	"${from}COPY a b \$DIR\n");

breaks('dev-server', '2:1', "${from}CMD [\"flask\", \"run\"]\n");
breaks('dev-server', '3:1', "${from}EXPOSE 80\nCMD [\"python\", \"app.py\"]\n");
breaks('dev-server', '2:1', "${from}CMD python3 manage.py runserver 0.0.0.0:80\n");
breaks('dev-server', '3:1', "${from}ENTRYPOINT [\"/entry.sh\"]\nCMD [\"uvicorn\", \"a:b\", \"--reload\"]\n");
breaks('dev-server', '3:1', "${from}ENTRYPOINT [\"npm\"]\nCMD [\"run\", \"dev\"]\n");
breaks('dev-server', '2:1', "${from}CMD exec php -S 0.0.0.0:80\n");
keeps('dev-server', "${from}EXPOSE 80\nCMD [\"python\", \"-m\", \"src.app\"]\n", "${from}EXPOSE 80\nCMD [\"gunicorn\", \"app:app\"]\n",
	"${from}CMD [\"python\", \"worker.py\"]\n", "${from}CMD [\"node\", \"server.js\"]\n", "${from}CMD [\"python\", \"manage.py\", \"migrate\"]\n",
	"${from}CMD [\"flask\", \"run\"]\nCMD [\"waitress-serve\", \"a:b\"]\n");

breaks('digest-undocumented', '1:1', "FROM a:1\@$digest\n");
breaks('digest-undocumented', '2:1', "# To verify: skopeo inspect\nFROM a:1\@$digest\n");
keeps('digest-undocumented', "# verify with x, update with y\nFROM a:1\@$digest\n", "FROM a:1\n",
	"# pin-check --verify\n# pin-check --update\nARG BASE=a:1\@$digest\nFROM \$BASE\n");

breaks('directory-without-mode', '2:14', "${from}RUN mkdir -p /data\n");
keeps('directory-without-mode', "${from}RUN mkdir -m 755 /data\n", "${from}RUN mkdir /data && chown app /data\n",
	"${from}RUN mkdir /data\nRUN chmod 700 /data\n", "${from}RUN install -d -m 755 /data\n", "${from}RUN mkdir /tmp/x && rm -rf /tmp/x\n",
	"${from}USER app\nRUN mkdir /data\n", "${from}RUN mkdir -p /var/lib/x/y && chown -R app /var/lib/x\n");

breaks('dist-upgrade', '2:23', "${from}RUN apt-get update && apt-get -y dist-upgrade\n");
keeps('dist-upgrade', "${from}RUN apt-get -y upgrade\n");

breaks('download-run-unseen', '2:35', "${from}RUN curl -s https://example.org | sh\n");
keeps('download-run-unseen', "${from}RUN curl -s https://example.org | tar xz\n", "${from}RUN cat x | sh\n");

breaks('empty-continuation', '3:1', "${from}RUN a && \\\n\n b\n");
keeps('empty-continuation', "${from}RUN a && \\\n# why\n b\n", "${from}RUN <<EOF\na\n\nb\nEOF\n", "${from}RUN a\n\nRUN b\n");

breaks('env-development', '2:5', "${from}ENV FLASK_ENV=development\n");
breaks('env-development', '2:9', "${from}ENV A=b DEBUG=1\n");
breaks('env-development', '2:5', "${from}ENV DATABASE_NAME=myapp_dev\n");
keeps('env-development', "${from}ENV FLASK_ENV=production DEBUG=0\n", "${from}ENV DEBUG_LEVEL=1\n", "FROM a:1 AS a\nENV DEBUG=1\nFROM b:1\n",
	"${from}ENV DATABASE_NAME=devices\n");

breaks('env-self-reference', '2:12', "${from}ENV A=/x B=\$A/bin\n");
keeps('env-self-reference', "${from}ENV A=/x\nENV B=\$A/bin\n", "${from}ENV PATH=/x:\$PATH\n");

breaks('expose-invalid', '2:8', "${from}EXPOSE 80000\n");
breaks('expose-invalid', '2:11', "${from}EXPOSE 80 90/TCP\n");
breaks('expose-invalid', '2:8', "${from}EXPOSE http\n");
keeps('expose-invalid', "${from}EXPOSE 80 443/tcp 53/udp 8000-8010\n", "${from}EXPOSE \$PORT\n");

breaks('healthcheck-program-missing', '2:1', "FROM python:3.12-slim\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\n");
breaks('healthcheck-program-missing', '2:1', "FROM alpine:3.20\nHEALTHCHECK CMD [\"curl\", \"http://localhost\"]\n");
keeps('healthcheck-program-missing', "FROM python:3.12-slim\nRUN apt-get install -y curl\nHEALTHCHECK CMD curl -f http://localhost/\n",
	"FROM alpine:3.20\nHEALTHCHECK CMD wget -q http://localhost/\n", "FROM python:3.12\nHEALTHCHECK CMD curl http://localhost/\n",
	"FROM python:3.12-slim\nHEALTHCHECK CMD python -m health\n");

my $timing = "${from}HEALTHCHECK --interval=30s --timeout=10s --retries=3 CMD x\n";
breaks('healthcheck-timing', '2:1', $timing, '--expect', 'health-interval=10s');
breaks('healthcheck-timing', '2:1', $timing, '--expect', 'health-start-period=5s');
is(places('healthcheck-timing', $timing, map { ('--expect', "health-$_") } 'interval=30s', 'timeout=10s', 'retries=3', 'start-period=0'),
	'', 'a health check as agreed');
keeps('healthcheck-timing', $timing);

breaks('install-not-confirmed', '2:5', "${from}RUN apt-get install x\n");
breaks('install-not-confirmed', '2:5', "${from}RUN dnf install x\n");
breaks('install-not-confirmed', '2:5', "${from}RUN zypper install x\n");
keeps('install-not-confirmed', "${from}RUN apt-get -qqy install x\n", "${from}RUN apt-get install --yes x\n", "${from}RUN yes | apt-get install x\n",
	"${from}RUN apt-get -qq install x\n", "${from}RUN dnf -y install x\n", "${from}RUN zypper -n install x\n", "${from}RUN apk add x\n",
	"${from}RUN pip install x\n", "${from}RUN sudo -E apt-get install -y x\n", "${from}RUN apt-get -o APT::Get::Assume-Yes=true install x\n",
	"${from}RUN apt-get update\n");

breaks('instruction-repeated', '2:1', "${from}CMD [\"a\"]\nCMD [\"b\"]\n");
breaks('instruction-repeated', '2:1', "${from}HEALTHCHECK NONE\nHEALTHCHECK CMD x\n");
keeps('instruction-repeated', "FROM a:1 AS a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]\n");

breaks('keyword-case', '2:1', "${from}run x\nRUN y\n");
breaks('keyword-case', '1:10', "FROM a:1 as b\n");
breaks('keyword-case', '2:1', "${from}Run x\nRUN y\n");
keeps('keyword-case', "from a:1 as b\nrun x\n", "FROM a:1 AS b\nRUN x\n");

breaks('label-invalid', '2:7', "${from}LABEL My.Label=x\n");
keeps('label-invalid', "${from}LABEL my.label=x a-b=c\n", "${from}LABEL \$A=x\n");

breaks('legacy-key-value', '2:1', "${from}ENV A b c\n");
breaks('legacy-key-value', '2:1', "${from}LABEL a b\n");
keeps('legacy-key-value', "${from}ENV A=b\n", "${from}LABEL a=b c=d\n");

breaks('maintainer-deprecated', '2:1', "${from}MAINTAINER me\n");
keeps('maintainer-deprecated', "${from}LABEL maintainer=me\n");

breaks('no-build-argument', '2:1', "FROM python:3.12.1\nENV PYTHON_VERSION=3.12.1\n");
keeps('no-build-argument', "ARG V=3.12.1\nFROM python:\$V\nENV PYTHON_VERSION=\$V\n", "FROM python:3.12.1\nENV APP_VERSION=1.0\n",
	"FROM a:1.2\@$digest\nRUN x\nFROM a:1.2\@$digest\n");

breaks('no-expose', '1:1', $from);
keeps('no-expose', "${from}EXPOSE 80\n");
breaks('no-healthcheck', '1:1', $from);
breaks('no-healthcheck', '2:1', "${from}HEALTHCHECK NONE\n");
keeps('no-healthcheck', "${from}HEALTHCHECK CMD x\n", "FROM a:1 AS a\nHEALTHCHECK CMD x\nFROM a\n");
breaks('no-labels', '1:1', "${from}LABEL a=b\n");
keeps('no-labels', "${from}LABEL org.opencontainers.image.source=x\n");

breaks('onbuild-forbidden', '2:1', "${from}ONBUILD FROM x\n");
keeps('onbuild-forbidden', "${from}ONBUILD RUN x\n");

breaks('package-cache-left', '2:5', "${from}RUN apk add x\n");
breaks('package-cache-left', '2:5', "${from}RUN dnf -y install x\n");
breaks('package-cache-left', '2:5', "${from}RUN python3 -m pip install x\n");
breaks('package-cache-left', '2:5', "${from}RUN uv sync --frozen\n");
breaks('package-cache-left', '2:5', "${from}RUN npm ci\n");
breaks('package-cache-left', '2:5', "${from}RUN yarn\n");
keeps('package-cache-left', "${from}RUN apk add --no-cache x\n", "${from}RUN dnf -y install x && dnf clean all\n", "${from}RUN pip install --no-cache-dir x\n",
	"${from}ENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n", "${from}RUN --mount=type=cache,target=/root/.cache/pip pip install x\n",
	"${from}RUN PIP_NO_CACHE_DIR=1 pip install x\n", "${from}RUN yum -y install x; rm -rf /var/cache/yum\n", "${from}RUN npm ci && npm cache clean --force\n",
	"FROM a:1 AS a\nRUN pip install x\nFROM b:1\n", "${from}RUN pip install x && rm -rf ~/.cache\n", "${from}RUN --mount=type=cache,target=/root/.cache uv sync\n",
	"${from}RUN echo pip install x\n");

breaks('package-unpinned', '2:24', "${from}RUN apt-get install -y curl\n");
breaks('package-unpinned', '2:17', "${from}RUN pip install flask\n");
breaks('package-unpinned', '2:20', "${from}RUN npm install -g typescript\n");
keeps('package-unpinned', "${from}RUN apt-get install -y curl=8.0\n", "${from}RUN pip install -r requirements.txt\n", "${from}RUN pip install flask==2.2\n",
	"${from}RUN npm install -g typescript\@5\n", "${from}RUN npm ci\n", "${from}RUN apk add 'x=~1.2'\n", "${from}RUN pip install .\n", "${from}RUN gem install x -v 1.2\n",
	"${from}RUN apt-get install -y ./x.deb\n", "${from}RUN apt-get install -y \$PACKAGES\n", "${from}RUN apk add --virtual .deps x=1\n");

breaks('pipe-failure-hidden', '2:9', "${from}RUN a | b\n");
keeps('pipe-failure-hidden', "${from}SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN a | b\n", "${from}RUN set -o pipefail && a | b\n", "${from}RUN echo x | b\n",
	"${from}RUN a || b\n", "${from}RUN echo 'a | b'\n", "FROM a:1\nSHELL [\"pwsh\"]\nRUN a | b\n", "${from}RUN <<EOF\nset -euo pipefail\na | b\nEOF\n");

breaks('platform-fixed', '1:1', "FROM --platform=linux/amd64 a:1\n");
breaks('platform-fixed', '1:1', "FROM --platform=\$TARGETPLATFORM a:1\n");
keeps('platform-fixed', "FROM --platform=\$BUILDPLATFORM a:1\n", "FROM a:1\n", "FROM --platform=linux/amd64 a:1 AS build_amd64\n");

breaks('pointless-command', '2:5', "${from}RUN vim x\n");
keeps('pointless-command', "${from}RUN apt-get install -y vim\n", "${from}RUN echo top\n");

breaks('port-mismatch', '3:1', "${from}EXPOSE 80\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"a:b\"]\n");
breaks('port-mismatch', '3:1', "${from}EXPOSE 80\nCMD [\"x\", \"--port=8000\"]\n");
keeps('port-mismatch', "${from}EXPOSE 8000\nCMD [\"x\", \"--port=8000\"]\n", "${from}EXPOSE 7000-9000\nCMD [\"x\", \"--port\", \"8000\"]\n", "${from}CMD [\"x\", \"--port=8000\"]\n",
	"${from}ENV P=8000\nEXPOSE \$P\nCMD [\"x\", \"--port=8000\"]\n", "${from}EXPOSE 80\nCMD [\"x\", \"--port=\$P\"]\n");
breaks('port-not-exposed', '1:1', "${from}EXPOSE 80\n", '--expect', 'port=5000');
keeps('port-not-exposed', "${from}EXPOSE 80\n");

breaks('secret-in-env', '2:5', "${from}ENV DB_PASSWORD=hunter2\n");
breaks('secret-in-env', '2:5', "${from}ARG NPM_TOKEN\n");
breaks('secret-in-env', '2:5', "${from}ENV URL=postgres://me:pw\@db/x\n");
keeps('secret-in-env', "${from}ENV DB_PASSWORD_FILE=/run/secrets/x\n", "${from}ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305\n", "${from}ENV PUBLIC_KEY=x\n",
	"${from}ENV SECRET_PATH=/x\n", "${from}ENV DB_PASSWORD=\n", "${from}ENV KEYBOARD=us TOKENIZERS_PARALLELISM=false\n");

breaks('shell-replaced', '2:5', "${from}RUN ln -sf /bin/bash /bin/sh\n");
keeps('shell-replaced', "${from}RUN ln -s /bin/sh /x\n");

breaks('single-stage', '1:1', $from);
breaks('single-stage', '2:1', "FROM a:1 AS a\nFROM b:1\n");
keeps('single-stage', "FROM a:1 AS a\nFROM b:1\nCOPY --from=a /x /x\n", "FROM a:1 AS a\nFROM b:1\nRUN --mount=type=bind,from=a,target=/x cp /x/y /y\n");

breaks('sources-before-dependencies', '2:6', "${from}COPY . /app\nRUN pip install -r requirements.txt\n");
breaks('sources-before-dependencies', '2:19', "${from}COPY package.json src /app/\nRUN npm ci\n");
keeps('sources-before-dependencies', "${from}COPY requirements.txt /\nRUN pip install -r requirements.txt\nCOPY . /app\n", "${from}COPY package*.json yarn.lock ./\nRUN yarn\nCOPY . .\n",
	"${from}COPY . /app\nRUN pip install .\n", "${from}COPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\n", "${from}COPY --from=x:1 /a /b\nRUN npm ci\n",
	"${from}COPY . .\nRUN apk add x\n");

breaks('stage-name', '3:13', "FROM a:1 AS x\nRUN y\nFROM b:1 AS x\n");
breaks('stage-name', '1:13', "FROM a:1 AS Big\n");
breaks('stage-name', '1:13', "FROM a:1 AS scratch\n");
keeps('stage-name', "FROM a:1 AS x\nFROM b:1 AS y\n");

breaks('start-calls-package-manager', '2:1', "${from}CMD [\"uv\", \"run\", \"python\", \"-m\", \"x\"]\n");
breaks('start-calls-package-manager', '3:1', "${from}ENTRYPOINT [\"poetry\", \"run\"]\nCMD [\"x\"]\n");
breaks('start-calls-package-manager', '2:1', "${from}ENTRYPOINT exec npm start\n");
breaks('start-calls-package-manager', '2:1', "${from}CMD cd /x && uv run x\n");
keeps('start-calls-package-manager', "${from}CMD [\"python\", \"-m\", \"x\"]\n", "FROM a:1 AS a\nCMD [\"uv\", \"run\", \"x\"]\nFROM b:1\n", "${from}CMD [\"uvicorn\", \"x:y\"]\n");

breaks('sudo-used', '2:5', "${from}RUN sudo make install\n");
keeps('sudo-used', "${from}RUN apt-get install -y sudo\n");

breaks('undefined-variable', '3:8', "ARG V=1\n${from}COPY a /\$V/\n");
breaks('undefined-variable', '2:8', "${from}COPY a /\$TARGETARCH/\n");
breaks('undefined-variable', '2:8', "FROM scratch\nCOPY a /\$X/\n");
keeps('undefined-variable', "ARG V=1\n${from}ARG V\nCOPY a /\$V/\n", "${from}ARG TARGETARCH\nCOPY a /\$TARGETARCH/\n", "${from}COPY a /\$FROM_BASE/\n", "FROM scratch\nENV PATH=/x:\$PATH\n",
	"${from}ARG X\nCOPY a /\${X:-y}/\n");

breaks('update-alone', '2:5', "${from}RUN apt-get update\n");
keeps('update-alone', "${from}RUN apt-get update && apt-get -y install x\n", "${from}RUN apt-get update && apt-get -y upgrade\n", "${from}RUN dnf -y update\n");

breaks('user-root', '1:1', $from);
breaks('user-root', '3:1', "${from}USER app\nUSER 0:0\n");
keeps('user-root', "${from}USER root\nRUN x\nUSER app\n", "FROM gcr.io/distroless/static:nonroot\n", "FROM a:1 AS a\nUSER app\nFROM a\n", "${from}USER \$SOMEBODY\n", "${from}USER 1000:0\n");

breaks('useradd-high-uid', '2:5', "${from}RUN useradd -u 123456 x\n");
keeps('useradd-high-uid', "${from}RUN useradd -l -u 123456 x\n", "${from}RUN useradd -u 1000 x\n");

breaks('wget-and-curl', '3:5', "${from}RUN wget x\nRUN curl y\n");
keeps('wget-and-curl', "${from}RUN wget x\nRUN wget y\n", "FROM a:1 AS a\nRUN wget x\nFROM b:1\nRUN curl y\n");

breaks('workdir-relative', '2:1', "${from}WORKDIR app\n");
keeps('workdir-relative', "${from}WORKDIR /app\nWORKDIR src\n", "${from}WORKDIR \$HOME\n", "FROM scratch\nWORKDIR app\n", "FROM a:1\nWORKDIR C:\\\\app\n");

breaks('world-writable', '2:5', "${from}RUN chmod 777 /x\n");
breaks('world-writable', '2:5', "${from}RUN chmod -R a+rwX /x\n");
keeps('world-writable', "${from}RUN chmod 1777 /tmp\n", "${from}RUN chmod 755 /x\n", "${from}RUN chmod u+w,o-w /x\n", "${from}RUN chmod +x /x\n");

# What is inside of sh -c counts
breaks('dev-server', '3:1', "${from}EXPOSE 80\nENTRYPOINT [\"/bin/sh\", \"-c\", \"exec flask run\"]\n");
breaks('start-calls-package-manager', '2:1', "${from}CMD [\"bash\", \"-lc\", \"cd /x && uv run x\"]\n");
breaks('healthcheck-program-missing', '2:1', "${from}HEALTHCHECK CMD [\"sh\", \"-c\", \"curl http://localhost\"]\n");
breaks('install-not-confirmed', '2:18', "${from}RUN [\"sh\", \"-c\", \"apt-get install x\"]\n");

# What shell there is between commands
keeps('pipe-failure-hidden', "${from}RUN case \"\$a\" in amd64|x86_64) b;; *) c;; esac\n", "${from}RUN [[ \$a =~ ^(x|y)\$ ]] && b\n",
	"${from}RUN bash -o pipefail -c 'a | b'\n", "${from}RUN [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\", \"a | b\"]\n", "${from}RUN set -e -o pipefail; a | b\n");
breaks('pipe-failure-hidden', '2:22', "${from}RUN case x in y) a | b;; esac\n");
keeps('install-not-confirmed', "${from}RUN a # it does \\\n && apt-get install x\n");
breaks('install-not-confirmed', '4:5', "${from}RUN a && \\\n# it does\n    apt-get install x\n");
breaks('install-not-confirmed', '2:11', "${from}RUN x=\$(a;apt-get install x)\n");
breaks('install-not-confirmed', '2:8', "${from}RUN if apt-get install x; then y; fi\n");
keeps('package-cache-left', "${from}ARG PIP_NO_CACHE_DIR=1\nRUN pip install x\n", "${from}RUN export PIP_NO_CACHE_DIR=1; pip install x\n", "${from}ENV UV_NO_CACHE=1\nRUN uv sync\n");
breaks('package-cache-left', '3:5', "${from}ENV UV_NO_CACHE=0\nRUN uv sync\n");
keeps('package-unpinned', "${from}RUN pip install -c constraints.txt flask\n", "${from}RUN pip install --no-index --find-links=/wheels flask\n");
keeps('pointless-command', "${from}RUN --mount=type=ssh ssh -T git\@example.org\n");
breaks('pointless-command', '2:5', "${from}RUN ssh -T git\@example.org\n");

# Files that a build puts out are no image
for my $rule ('user-root', 'no-healthcheck') {
	keeps($rule, "FROM a:1 AS a\nFROM scratch\nCOPY --from=a /x /\n", "FROM scratch AS a\nFROM a\nCOPY x /\n");
	breaks($rule, '1:1', "FROM scratch\nCOPY x /\nCMD [\"/x\"]\n");
	breaks($rule, '1:1', "FROM scratch\nCOPY x /\nENTRYPOINT [\"/x\"]\n");
}

# What builders refuse is refused, in a line
for my $wrong ('HEALTHCHECK NONE x', 'HEALTHCHECK foo', 'HEALTHCHECK CMD', 'HEALTHCHECK CMD []', 'HEALTHCHECK --interval=x CMD y',
	'HEALTHCHECK --retries=-1 CMD y', 'SHELL bash', 'ENV =x', 'LABEL =x', 'ONBUILD', 'COPY a', 'COPY ["a"]', 'COPY <<EOF', 'RUN []',
	'RUN --mount=type=cache', 'USER', 'FRM a', 'FROM a b c', 'FROM a AS b c', 'LABEL a', 'ENV A') {
	spew('Dockerfile', "${from}$wrong\n" . ($wrong =~ /EOF/ ? "x\nEOF\n" : ''));
	my ($status, $signal, $out, $err) = ask('image-lint', 'Dockerfile');
	is("$status $signal $out", '2 0 ', "refused: $wrong");
	like($err, qr/\Aimage-lint: Dockerfile:2(:1)?: [^\n]+\n\z/, "in a line: $wrong");
}
keeps('healthcheck-timing', "${from}HEALTHCHECK --interval=1m30s --start-interval=500ms CMD x\n");

# Mends: [RULE, BEFORE, AFTER], AFTER undef for what is left alone.
for my $mend (
	[ 'add-instead-of-copy', 'ADD --chown=a a /b', 'COPY --chown=a a /b' ],
	[ 'add-instead-of-copy', 'aDd a /b', 'COPY a /b' ],
	[ 'apt-instead-of-apt-get', 'RUN apt update && /usr/bin/apt install x', 'RUN apt-get update && /usr/bin/apt install x' ],
	[ 'apt-instead-of-apt-get', 'RUN apt list' ],
	[ 'apt-instead-of-apt-get', 'RUN ["apt", "update"]' ],
	[ 'apt-instead-of-apt-get', "RUN <<E\n apt update\nE", "RUN <<E\n apt-get update\nE" ],
	[ 'apt-recommends', 'RUN apt-get install;b', 'RUN apt-get install --no-install-recommends;b' ],
	[ 'apt-recommends', 'RUN x=$(apt-get install)', 'RUN x=$(apt-get install --no-install-recommends)' ],
	[ 'apt-recommends', 'RUN x=`apt-get install`', 'RUN x=`apt-get install --no-install-recommends`' ],
	[ 'apt-recommends', "RUN apt-get install\\\n# c\n  x", "RUN apt-get install --no-install-recommends\\\n# c\n  x" ],
	[ 'apt-recommends', 'RUN ["apt-get", "install", "x"]' ],
	[ 'apt-recommends', "RUN sh -c 'apt-get install x'" ],
	[ 'install-not-confirmed', 'RUN apt-get "install"&&b', 'RUN apt-get "install" -y&&b' ],
	[ 'install-not-confirmed', 'RUN (yum remove)', 'RUN (yum remove -y)' ],
	[ 'useradd-high-uid', 'RUN useradd -u 200000 "', 'RUN useradd --no-log-init -u 200000 "' ],
	[ 'useradd-high-uid', 'RUN ["useradd", "-u", "200000", "x"]' ],
	[ 'cmd-shell-form', "CMD run\tme", 'CMD ["run", "me"]' ],
	[ 'cmd-shell-form', 'CMD exec run me', 'CMD ["run", "me"]' ],
	(map { [ 'cmd-shell-form', "CMD $_" ] } 'run $X', 'a && b', 'X=1 run', '. /x', '! run', 'set -e', 'exec', 'exec -a b c', 'cd /x', 'run "me"', 'run *', "run \x01"),
	[ 'cmd-shell-form', "ENTRYPOINT [\"a\"]\nCMD run me" ],
	[ 'cmd-shell-form', "SHELL [\"powershell\"]\nCMD run me" ],
	[ 'entrypoint-shell-form', 'ENTRYPOINT run me', 'ENTRYPOINT ["run", "me"]' ],
	[ 'entrypoint-shell-form', "ENTRYPOINT run me\nCMD [\"x\"]" ],
	[ 'keyword-case', 'Run x', 'RUN x' ],
	[ 'legacy-key-value', 'ENV A b', 'ENV A=b' ],
	[ 'legacy-key-value', 'ENV A  b  $c', 'ENV A="b  $c"' ],
	[ 'legacy-key-value', "ENV A b 'c'" ],
	[ 'legacy-key-value', "ENV A b \\\n c" ],
	[ 'maintainer-deprecated', 'MAINTAINER me', 'LABEL org.opencontainers.image.authors="me"' ],
	[ 'maintainer-deprecated', 'MAINTAINER "me" $X' ],
) {
	my ($rule, $before, $after) = @$mend;
	my $wanted = $from . ($after // $before) . "\n";
	spew('Dockerfile', "$from$before\n");
	my ($status, undef, undef, $err) = ask('image-lint', '--fix', '--only', $rule, 'Dockerfile');
	is(slurp('Dockerfile'), $wanted, "$rule mends: " . $before =~ s/\n/\\n/gr) or diag($err);
	is($err, '', 'without trouble');
	ask('image-lint', '--fix', 'Dockerfile');
	my $once = slurp('Dockerfile');
	ask('image-lint', '--fix', 'Dockerfile');
	is(slurp('Dockerfile'), $once, 'all rules, mended once');
	next unless defined $after;
	spew('Dockerfile', $wanted);
	(undef, undef, my $out) = ask('image-lint', '--json', '--only', $rule, 'Dockerfile');
	is(scalar(grep { $_->{fixed} } @{ decode_json($out)->{findings} }), 0, 'and is not found again');
}

# What lies beside the file
breaks('no-dockerignore', '2:1', "${from}COPY . /app\n");
keeps('no-dockerignore', "${from}COPY src /app\n");
spew('.dockerignore', ".git\n");
is(places('no-dockerignore', "${from}COPY . /app\n"), '', 'a .dockerignore is seen');
unlink '.dockerignore';
spew('Dockerfile.dockerignore', ".git\n");
is(places('no-dockerignore', "${from}COPY . /app\n"), '', 'and one of the Dockerfile\'s own');
unlink 'Dockerfile.dockerignore';
spew('requirements.txt', "Flask==2.2\n");
breaks('production-server-missing', '1:1', $from);
keeps('production-server-missing', "${from}RUN pip install gunicorn\n");
spew('requirements.txt', "Flask==2.2\nwaitress==2.1\n");
keeps('production-server-missing', $from);
unlink 'requirements.txt';
mkdir $_ for '.github', '.github/workflows';
spew('.github/workflows/ci.yml', "jobs:\n");
breaks('no-vulnerability-scan', '1:1', $from);
spew('.github/workflows/ci.yml', "uses: aquasecurity/trivy-action\n");
keeps('no-vulnerability-scan', $from);

# Comments that silence
my $silent = "${from}# image-lint: ignore=sudo-used the image of the tools needs it\nRUN sudo x\n";
keeps('sudo-used', $silent, "${from}RUN a && \\\n# image-lint: ignore=sudo-used,cd-instead-of-workdir why\n    sudo x\n");
breaks('sudo-used', '4:5', "${from}# image-lint: ignore=sudo-used reason\nRUN x\nRUN sudo x\n");
breaks('sudo-used', '3:5', "${from}# image-lint: ignore=cd-instead-of-workdir reason\nRUN sudo x\n");
breaks('silence-invalid', '2:1', "${from}# image-lint: ignore=sudo-used\nRUN sudo x\n");
breaks('silence-invalid', '2:1', "${from}# image-lint: ignore=sudo-usd why\nRUN sudo x\n");
breaks('silence-invalid', '2:1', "${from}# image-lint: nonsense\nRUN sudo x\n");
keeps('silence-invalid', $silent);
is(places('silence-unused', "${from}# image-lint: ignore=sudo-used why\nRUN x\n", '--enable', 'sudo-used'), '2:1', 'a comment that silences nothing is told');
is(places('silence-unused', $silent, '--enable', 'sudo-used'), '', 'one that does so is not');
$decided{'silence-unused'} = { breaks => 1, keeps => 1 };

# Every rule on Dockerfiles has been here.
my (undef, undef, $list) = ask('image-lint', '--list', '--json');
for my $rule (@{ decode_json($list)->{rules} }) {
	next if !grep { $_ eq 'dockerfile' || $_ eq 'context' } @{ $rule->{on} };
	next if grep { $_ eq 'compose' } @{ $rule->{on} } and !$decided{ $rule->{name} };
	next if $rule->{name} eq 'user-not-expected';
	ok($decided{ $rule->{name} }{breaks} && $decided{ $rule->{name} }{keeps}, "$rule->{name} is broken and kept here");
}

done_testing();
