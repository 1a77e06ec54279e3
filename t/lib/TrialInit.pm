# Settings for a project, written by what lies there: Dockerfile, compose file, Makefile, the settings
# of its tests, routes in its sources. What is found is a proposal, so each line tells where it was.
#
# Nothing of the project is run, and whatever its files hold, the settings assign texts and do nothing
# else.
package TrialInit;

use strict;
use warnings;
use Cwd ();
use File::Basename ();
use File::Find ();
use JSON::PP;
use Trial ();
use TrialScan qw(on_path);

# Sources that are looked through for routes.
my $files_max = 2000;
my $bytes_max = 1 << 20;

my @health_paths = qw(/health /healthz /healthcheck /health-check /_health /actuator/health /status /ping);
my @ready_paths = qw(/health/ready /ready /readyz /readiness /actuator/health/readiness);
my @live_paths = qw(/health/live /live /livez /liveness /alive /actuator/health/liveness);

sub text_of {
	my ($path) = @_;
	return -f $path && -s _ <= $bytes_max ? Trial::slurp($path) : '';
}

sub first_file { return (grep { -f } @_)[0] }

# Any text as one word of sh.
sub quoted {
	my ($text) = @_;
	return $text if $text =~ m{\A[\w./:=@%+,-]+\z};
	return "'" . $text =~ s/'/'\\''/gr . "'";
}

# For a comment: one line, whatever it held.
sub plain {
	my ($text) = @_;
	$text =~ s/[^\x20-\x7e]/?/g;
	return $text;
}

# {known => name => [value, where], …}: the first that is found counts.
sub set {
	my ($found, $name, $value, $where) = @_;
	$found->{$name} //= [ $value, $where ] if defined $value;
	return;
}

sub where {
	my ($file, $line) = @_;
	return defined $line ? "$file:$line" : $file;
}

# --- what the files say ------------------------------------------------------------------------

# image-lint's outline of one target, or undef; what is wrong with it goes to $$why.
sub outline {
	my ($why, $target) = @_;
	my $pid = open my $in, '-|' // die "cannot fork: $!\n";
	if (!$pid) {
		open STDERR, '>&', \*STDOUT;
		exec 'image-lint', '--outline', '--json', '--', $target or print "cannot run image-lint: $!\n";
		POSIX::_exit(2);
	}
	my $text = do { local $/ = undef; <$in> } // '';
	close $in;
	my $document = $? ? undef : eval { JSON::PP->new->utf8->decode($text) };
	($$why) = $text =~ /^(?:image-lint: )?(.*)/ unless $document;
	return $document && $document->{targets}[0];
}

sub values_of {
	my ($list) = @_;
	return grep { defined $_->{value} } @{ $list // [] };
}

# The words of a health check as one text.
sub health_text {
	my ($health) = @_;
	return '' if !$health || $health->{none};
	return join ' ', grep { defined } @{ $health->{words} };
}

# The endpoint that a health check asks, with or without a scheme.
sub take_health {
	my ($found, $file, $health) = @_;
	my $place = 'the health check, ' . where($file, $health ? $health->{line} : undef);
	my $host = qr{(?:https?://[^\s/:'"]+|localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])};
	return unless health_text($health) =~ m{$host(?::(\d+))?(/[^\s'"|;&)]*)?};
	my ($port, $path) = ($1, $2);
	set($found, 'health path', $path // '/', $place);
	set($found, PORT => $port, $place);
	return;
}

# A port that the command tells the server counts more than what EXPOSE says of it.
sub take_command_port {
	my ($found, $file, $image) = @_;
	for my $command (grep { $_ } @$image{qw(cmd entrypoint)}) {
		my $words = join ' ', grep { defined } @{ $command->{words} };
		set($found, PORT => $1, 'the command, ' . where($file, $command->{line})) if $words =~ /(?:--port[= ]|(?:--bind|-b)[= ]\S*?:)(?:\$\{PORT:-)?(\d{2,5})\b/;
	}
	return;
}

sub take_image {
	my ($found, $file, $image) = @_;
	my $place = sub { my ($what, $value) = @_; return "$what, " . where($file, $value->{line}) };
	my $health = $image->{healthcheck};
	take_health($found, $file, $health);
	if ($health && !$health->{none}) {
		my %times = (HEALTH_INTERVAL => 'interval', HEALTH_TIMEOUT => 'timeout', HEALTH_START_PERIOD => 'start_period', HEALTH_RETRIES => 'retries');
		set($found, $_, $health->{ $times{$_} }, $place->('HEALTHCHECK', $health)) for sort keys %times;
	}
	take_command_port($found, $file, $image);
	for my $port (values_of($image->{exposed_ports})) {
		set($found, PORT => $1, $place->('EXPOSE', $port)) if $port->{value} =~ m{^(\d+)(?:/tcp)?$};
	}
	my $user = $image->{user};
	set($found, USER_ID => $1, $place->('USER', $user)) if defined $user && ($user->{value} // '') =~ /^(\d+)(?::|$)/;
	$found->{env}{ $_->{name} } = 1 for @{ $image->{environment} };
	return;
}

# Names without a digest of what the stages build on.
sub take_bases {
	my ($found, $file, $outline) = @_;
	my %seen;
	my @bases = grep { !defined $_->{parent} && !$_->{scratch} } @{ $outline->{stages} };
	my @pinned = grep { ($_->{value} // '') =~ /\@sha256:/ } @bases;
	return if !@bases || @pinned != @bases;
	set($found, BASE => join("\n", grep { !$seen{$_}++ } map { $_->{value} =~ s/\@.*//sr } @pinned), 'FROM, ' . where($file, $pinned[-1]{line}));
	return;
}

# The uid of the user that a Dockerfile adds.
sub take_uid {
	my ($found, $file, $outline) = @_;
	my $user = $outline->{image}{user} // return;
	my $name = ($user->{value} // '') =~ s/:.*//sr;
	return if $name eq '' || $name =~ /^\d/;
	my $number = 0;
	for my $line (split /\n/, text_of($file)) {
		$number++;
		next unless $line =~ /(?:useradd|adduser)\b.*\b\Q$name\E\b/ && $line =~ /(?:-u|--uid)[ =]?(\d+)/;
		set($found, USER_ID => $1, where($file, $number));
	}
	return;
}

# Docker counts these in powers of 1024.
sub memory_of {
	my ($text) = @_;
	my %unit = (b => '', k => 'KiB', m => 'MiB', g => 'GiB');
	return $text =~ /^(\d+)([bkmg]?)b?$/i ? $1 . ($unit{ lc $2 } // '') : undef;
}

# What a service runs in place of the image's own. A word that hangs on a variable is nobody's guess.
sub take_command {
	my ($found, $name, $command, $place) = @_;
	return if !$command || grep { !defined } @{ $command->{words} };
	set($found, $name => JSON::PP->new->ascii->encode($command->{words}), $place->($command));
	return;
}

sub take_service {
	my ($found, $file, $service) = @_;
	my $place = sub { return where($file, $_[0]{line}) };
	set($found, IMAGE => $service->{image}{value}, $place->($service->{image})) if $service->{image};
	set($found, GRACE => $service->{stop_grace_period}{value}, $place->($service->{stop_grace_period})) if $service->{stop_grace_period};
	set($found, MAX_MEMORY => memory_of($service->{memory_limit}{value} // ''), $place->($service->{memory_limit})) if $service->{memory_limit};
	set($found, RUN_USER => $service->{user}{value}, $place->($service->{user})) if $service->{user};
	take_command($found, RUN_ENTRYPOINT => $service->{entrypoint}, $place);
	take_command($found, RUN_CMD => $service->{cmd}, $place);
	take_health($found, $file, $service->{healthcheck});
	for my $port (values_of($service->{ports})) {
		set($found, PORT => $1, $place->($port)) if $port->{value} =~ m{(?:^|:)(\d+)(?:/tcp)?$};
	}
	my @volumes = grep { defined $_->{target} && defined $_->{type} && !$_->{read_only} } @{ $service->{volumes} };
	my @tmpfs = ((map { $_->{value} =~ s/:.*//sr } values_of($service->{tmpfs})), map { $_->{target} } grep { $_->{type} eq 'tmpfs' } @volumes);
	set($found, TMPFS => join("\n", @tmpfs), "tmpfs, $file") if @tmpfs;
	my @named = map { $_->{target} } grep { $_->{type} eq 'volume' } @volumes;
	set($found, VOLUMES => join("\n", @named), "volumes, $file") if @named;
	my @plain = grep { !$_->{secret} && defined $_->{value} } @{ $service->{environment} };
	set($found, RUN_ENV => join("\n", map { "$_->{name}=" . $_->{value} =~ s/\n/ /gr } @plain), "environment, $file") if @plain;
	$found->{env}{ $_->{name} } = 1 for @plain;
	push @{ $found->{env_files} }, map { $_->{value} } values_of($service->{env_file});
	push @{ $found->{secrets} }, map { $_->{name} } grep { $_->{secret} || !defined $_->{value} } @{ $service->{environment} };
	return;
}

# The service that is built here, and the Dockerfile and the folder it is built from.
sub built_service {
	my ($compose) = @_;
	# one that can be asked is the service, and not what migrates its data; what waits for a profile is a tool
	my $worth = sub {
		my ($service) = @_;
		my $is_here = ($service->{context} ? $service->{context}{value} // '' : '.') =~ m{^\.?/?$};
		return 2 * !!@{ $service->{ports} } + 2 * !!$service->{healthcheck} + $is_here + 8 * !@{ $service->{profiles} };
	};
	return (sort { $worth->($b) <=> $worth->($a) } grep { $_->{builds} } @{ $compose->{services} })[0];
}

sub joined {
	my ($folder, $file) = @_;
	return $file if $file =~ m{^/};
	return ("$folder/$file" =~ s{/\./}{/}gr) =~ s{^(?:\./)+}{}r;
}

# --- the project beside them -------------------------------------------------------------------

# Routes in the sources, path => FILE:LINE.
sub routes {
	my %routes;
	my $files = 0;
	my $wanted = sub {
		if (-d && /^(?:\.(?!$).*|node_modules|vendor|venv|dist|build|target|tests?|__pycache__|seatrial-report)$/) { $File::Find::prune = 1; return }
		return unless -f && /\.(?:py|js|ts|mjs|cjs|go|java|kt|rb|php|rs|cs)$/ && ++$files <= $files_max;
		my $number = 0;
		for my $line (split /\n/, text_of($_)) {
			$number++;
			my $place = $File::Find::name =~ s{^\./}{}r . ":$number";
			$routes{$1} //= $place while $line =~ m{["'`](/[\w./-]{0,60})["'`]}g;
			$routes{port} //= [ $1, $place ] if $line =~ /(?:\.listen\(|\bport\s*[=:]\s*)(\d{2,5})\b/i || $line =~ /(?:listen|bind|serve|run)\w*\(\s*"(?:0\.0\.0\.0|\[::\])?:(\d{2,5})"/i;
			$routes{status} //= [ $1, $place ] if $line =~ /\bstatus["']?\s*[:=]\s*["'](healthy|ok|up|pass|success|alive)["']/i;
		}
	};
	File::Find::find({ wanted => $wanted, no_chdir => 0 }, '.');
	return \%routes;
}

sub take_routes {
	my ($found) = @_;
	my $routes = routes();
	my $first = sub { return (grep { exists $routes->{$_} } @_)[0] };
	set($found, PORT => @{ $routes->{port} }) if $routes->{port};
	my $health = $found->{'health path'};
	my %kind = ((map { ($_ => 'READY_PATH') } @ready_paths), (map { ($_ => 'LIVE_PATH') } @live_paths));
	set($found, $kind{ $health->[0] } // 'HEALTH_PATH', @$health) if $health;
	for my $pair ([ HEALTH_PATH => @health_paths ], [ READY_PATH => @ready_paths ], [ LIVE_PATH => @live_paths ], [ SECRETS_PATH => '/health/secrets' ]) {
		my ($name, @paths) = @$pair;
		my $path = $first->(@paths) // next;
		set($found, $name, $path, $routes->{$path});
	}
	set($found, HEALTH_JSON => "/status=$routes->{status}[0]", $routes->{status}[1]) if $routes->{status} && $found->{HEALTH_PATH};
	return;
}

# Targets of a Makefile: names before a colon that is no assignment's.
sub make_targets {
	my %targets;
	my $file = first_file(qw(GNUmakefile makefile Makefile)) // return {};
	my $number = 0;
	for my $line (split /\n/, text_of($file)) {
		$number++;
		next unless $line =~ /^([\w.\/ -]+?)\s*::?(?![=:])/;
		$targets{$_} //= "$file:$number" for grep { /^[A-Za-z]/ } split ' ', $1;
	}
	return \%targets;
}

sub package_json {
	my $package = eval { JSON::PP->new->utf8->decode(text_of('package.json')) };
	return ref $package eq 'HASH' ? $package : {};
}

# How the tests run, with a report: (command, JUnit report, coverage report, where); the reports may be undef.
sub test_runner {
	my $python = -x '.venv/bin/python' ? '.venv/bin/python' : 'python3';
	my %pytest = ('pytest.ini' => qr/./, 'pyproject.toml' => qr/^\[tool\.pytest/m, 'setup.cfg' => qr/^\[tool:pytest\]/m, 'tox.ini' => qr/^\[pytest\]/m);
	my ($settings) = grep { text_of($_) =~ $pytest{$_} } sort keys %pytest;
	$settings //= (glob 'tests/test_*.py')[0] // (glob 'test_*.py')[0];
	if (defined $settings) {
		my $covers = grep { text_of($_) =~ /pytest-cov/ } 'pyproject.toml', 'setup.cfg', 'tox.ini', glob '*requirements*';
		return ("$python -m pytest --junitxml=junit.xml" . ($covers ? ' --cov=. --cov-report=xml:coverage.xml' : ''),
			'junit.xml', $covers ? 'coverage.xml' : undef, $settings);
	}
	my $package = package_json();
	my $script = ref $package->{scripts} eq 'HASH' ? $package->{scripts}{test} // '' : '';
	return ('npx vitest run --reporter=junit --outputFile=junit.xml', 'junit.xml', undef, 'package.json') if $script =~ /\bvitest\b/;
	return ('npx mocha --reporter xunit --reporter-option output=junit.xml', 'junit.xml', undef, 'package.json') if $script =~ /\bmocha\b/;
	# without that module it writes no report
	return ('npx jest --ci --reporters=default --reporters=jest-junit', 'junit.xml', undef, 'package.json') if $script =~ /\bjest\b/ && text_of('package.json') =~ /"jest-junit"/;
	return ('node --test --test-reporter=junit --test-reporter-destination=junit.xml', 'junit.xml', undef, 'package.json') if $script =~ /\bnode\b.*--test\b/;
	return ('gotestsum --junitfile junit.xml ./...', 'junit.xml', undef, 'go.mod') if -f 'go.mod';
	return ('vendor/bin/phpunit --log-junit junit.xml', 'junit.xml', undef, 'phpunit.xml') if first_file('phpunit.xml', 'phpunit.xml.dist');
	return;
}

sub take_tests {
	my ($found, $targets) = @_;
	my $make = text_of(first_file(qw(GNUmakefile makefile Makefile)) // '');
	my ($report) = $make =~ /--junit-?xml[= ]([\w.\/-]+)/;
	my ($command, @more) = test_runner();
	if ($targets->{test} && defined $report) {
		set($found, TEST_COMMAND => 'make test', $targets->{test});
		set($found, TEST_REPORT => $report, $targets->{test});
		my ($coverage) = $make =~ /--cov-report[= ]xml(?::([\w.\/-]+))?/ ? $1 // 'coverage.xml' : undef;
		set($found, COVERAGE_REPORT => $coverage, $targets->{test});
		return;
	}
	return unless defined $command;
	my ($junit, $coverage, $file) = @more;
	set($found, TEST_COMMAND => $command, $file);
	set($found, TEST_REPORT => $junit, $file);
	set($found, COVERAGE_REPORT => $coverage, $file);
	return;
}

sub take_checks {
	my ($found, $targets) = @_;
	my $pyproject = text_of('pyproject.toml');
	my ($eslint) = (glob('eslint.config.*'), glob('.eslintrc*'));
	set($found, LINT_COMMAND => 'make lint', $targets->{lint}) if $targets->{lint};
	set($found, LINT_COMMAND => 'ruff check . && ruff format --check .', 'pyproject.toml') if $pyproject =~ /^\[tool\.ruff/m;
	set($found, LINT_COMMAND => 'black --check .', 'pyproject.toml') if $pyproject =~ /^\[tool\.black/m;
	set($found, LINT_COMMAND => 'flake8', '.flake8') if -f '.flake8';
	my $scripts = package_json()->{scripts};
	my ($runner) = map { $_->[1] } grep { -f $_->[0] } [ 'pnpm-lock.yaml', 'pnpm' ], [ 'yarn.lock', 'yarn' ], [ 'package.json', 'npm' ];
	set($found, LINT_COMMAND => "$runner run lint", 'package.json') if ref $scripts eq 'HASH' && defined $scripts->{lint};
	set($found, LINT_COMMAND => 'npx eslint .', $eslint) if defined $eslint;
	set($found, LINT_COMMAND => 'golangci-lint run', '.golangci.yml') if first_file('.golangci.yml', '.golangci.yaml');
	my @safe = grep { $targets->{$_} } qw(help lint test check);
	set($found, MAKE_TARGETS => join("\n", @safe), $targets->{ $safe[0] }) if @safe;
	my @deployment = ((-f 'cdk.json' ? 'npx cdk synth --quiet' : ()), (glob('*.tf') ? 'terraform validate' : ()));
	set($found, DEPLOYMENT_CHECKS => join("\n", @deployment), -f 'cdk.json' ? 'cdk.json' : (glob '*.tf')[0]) if @deployment;
	return;
}

sub take_builds {
	my ($found) = @_;
	my ($file, $context) = map { $found->{$_}[0] } qw(DOCKERFILE CONTEXT);
	my ($builder) = grep { on_path($_) } qw(docker podman);
	return unless defined $builder;
	my $build = sub { return join ' ', $builder, 'build', @_, '-f', quoted($file), quoted($context) };
	my $image = $found->{IMAGE}[0];
	my $second = $image =~ s{(?::[^:/]*)?\z}{:second-build}r;
	set($found, BUILD_COMMAND => $build->('--no-cache', '-t', quoted($image)), $file);
	set($found, REBUILD_COMMAND => $build->('-t', quoted($image)), $file);
	set($found, SECOND_IMAGE => $second, $file);
	set($found, SECOND_BUILD_COMMAND => $build->('--no-cache', '-t', quoted($second)), $file);
	return;
}

# --- what is written ---------------------------------------------------------------------------

# Sections; of each setting what is said where nothing was found. '=' before a name: it is set, to
# nothing, for its default would be a guess.
my @sections = (
	[ 'the image' => [ IMAGE => 'the candidate' ], [ BASELINE => 'the image before: 16.1, 16.3, 16.6, 18.28 compare with it' ],
		[ DOCKERFILE => 'what it is built by: 17.4 and most of Episode 18' ], [ CONTEXT => 'the folder it is built from' ],
		[ COMPOSE_FILE => 'what deploys it' ], [ BASE => 'the base that every FROM must use (18.14); any that is pinned will do' ] ],
	[ 'how it is asked' => [ '=PORT' => 'no port was found' ], [ '=HEALTH_PATH' => 'none was found: the image is watched instead' ],
		[ '=HEALTH_JSON' => 'what the JSON of that answer holds, as /status=healthy' ],
		[ '=READY_PATH' => 'none was found' ], [ '=LIVE_PATH' => 'none was found' ], [ SECRETS_PATH => 'decides 18.7' ],
		[ WEBHOOK_PATH => 'decides 18.9, with WEBHOOK_DATA or WEBHOOK_CASES' ] ],
	[ 'how it runs' => [ RUN_ENV => 'environment of every run' ], [ PRODUCTION_ENV => 'environment of production runs' ], [ RUN_CMD => 'command of the runs in place of the image\'s, a JSON list' ],
		[ RUN_ENTRYPOINT => 'entry point of the runs, likewise' ], [ RUN_USER => 'user of the runs' ],
		[ TMPFS => 'writable places, one a line; ro-run --suggest finds them' ], [ VOLUMES => 'writable places with the image\'s content' ],
		[ GRACE => 'from the stop signal to the end at the most' ], [ '=USER_ID' => 'the uid that it must have; empty: any but 0' ],
		[ MAX_MEMORY => 'peak memory at the most' ] ],
	[ 'its health check' => [ HEALTH_INTERVAL => 'as the image must have it; 30s if not said' ], [ HEALTH_TIMEOUT => '10s' ],
		[ HEALTH_START_PERIOD => '5s' ], [ HEALTH_RETRIES => '3' ] ],
	[ 'builds' => [ BUILD_COMMAND => 'builds the image: 17.1, 18.1' ], [ PRODUCTION_BUILD_COMMAND => 'builds it anew, for the time of 18.1; BUILD_COMMAND if not said' ],
		[ BASELINE_BUILD_COMMAND => 'builds the image before, to compare that time with' ], [ REBUILD_COMMAND => 'builds it again: 18.24' ],
		[ SECOND_IMAGE => 'a second build from the same source: 18.25' ], [ SECOND_BUILD_COMMAND => 'builds that' ] ],
	[ 'tests and checks' => [ TEST_COMMAND => 'runs the unit tests: 17.2' ], [ TEST_REPORT => 'their JUnit report' ],
		[ COVERAGE_REPORT => 'Cobertura, LCOV or coverage.py JSON: 17.5' ], [ BASELINE_TEST_REPORT => 'the JUnit report of before: 17.8' ],
		[ INTEGRATION_COMMAND => 'runs the integration tests: 17.6' ], [ INTEGRATION_REPORT => 'their JUnit report' ],
		[ LINT_COMMAND => 'format, imports, style: 17.3' ], [ MAKE_TARGETS => 'targets that must work, one a line: 17.7' ],
		[ DEPLOYMENT_CHECKS => 'commands that must succeed, one a line: 18.29' ], [ VULNERABILITY_REPORT => 'JSON of trivy or grype: 18.26' ] ],
);

sub line_of {
	my ($found, $name, $meaning) = @_;
	my $is_set = $name =~ s/^=//;
	my $entry = $found->{$name};
	return "# " . plain($entry->[1]) . "\n$name=" . quoted($entry->[0]) . "\n" if $entry;
	return '# ' . $meaning . "\n" . ($is_set ? '' : '#') . "$name=\n";
}

sub settings_text {
	my ($found) = @_;
	my $text = "# Settings of a trial, proposed by 'seatrial init' from what lies here: read them, they are yours.\n"
	  . "# sh reads this file. Above each value stands where it was found. 'seatrial plan' tells what they\n"
	  . "# decide; all settings are in seatrial.conf(5).\n";
	for my $section (@sections) {
		my ($title, @settings) = @$section;
		$text .= "\n# --- $title\n" . join '', map { line_of($found, @$_) } @settings;
		if ($title eq 'how it runs' && @{ $found->{secrets} }) {
			$text .= "# not copied: " . join(', ', map { plain($_) } @{ $found->{secrets} }) . "; RUN_ENV may take them from the environment\n";
		}
		$text .= "# not read: " . plain($_) . "; RUN_ENV=\"\$RUN_ENV\$(echo; grep '^[A-Za-z_]' " . plain(quoted($_)) . ")\" would\n"
		  for $title eq 'how it runs' ? @{ $found->{env_files} } : ();
		$text .= "# not started: the compose file's other services, " . plain(join ', ', @{ $found->{others} }) . "\n"
		  if $title eq 'how it runs' && @{ $found->{others} };
	}
	return $text;
}

# --- the whole ---------------------------------------------------------------------------------

sub find_files {
	my ($found, $notes) = @_;
	my $file = first_file(qw(compose.yaml compose.yml docker-compose.yaml docker-compose.yml));
	my $why;
	my $compose = defined $file ? outline(\$why, $file) : undef;
	push @$notes, $why if defined $file && !$compose;
	my $service = $compose ? built_service($compose) : undef;
	$found->{others} = [ map { $_->{name} } grep { (!$service || $_->{name} ne $service->{name}) && !@{ $_->{profiles} } } @{ $compose ? $compose->{services} : [] } ];
	set($found, COMPOSE_FILE => $file, $file) if $service;
	my $context = $service && $service->{context} ? $service->{context}{value} // '.' : '.';
	my $dockerfile = $service ? joined($context, $service->{dockerfile} ? $service->{dockerfile}{value} // 'Dockerfile' : 'Dockerfile') : undef;
	my @others = (qw(Dockerfile Containerfile docker/Dockerfile build/Dockerfile), sort glob 'Dockerfile.* *.Dockerfile');
	$dockerfile = first_file(grep { defined } $dockerfile, @others);
	if (defined $dockerfile) {
		set($found, DOCKERFILE => $dockerfile, $service ? where($file, $service->{line}) : $dockerfile);
		set($found, CONTEXT => $context, $service ? where($file, $service->{line}) : $dockerfile);
	}
	return ($file, $service, $dockerfile);
}

# Writes settings for the project in the current folder. Options: image, baseline, output, force, stdout.
# Returns what to tell, a list of lines; dies with one line.
sub init {
	my ($options) = @_;
	my $output = $options->{output} // 'seatrial.conf';
	die "'" . ($options->{shown} // $output) . "' is there already; --force replaces it\n" if !$options->{stdout} && !$options->{force} && -e $output;
	my %found = (env => {}, secrets => [], env_files => [], others => []);
	my (@notes, $why);
	set(\%found, IMAGE => $options->{image}, '--image');
	set(\%found, BASELINE => $options->{baseline}, '--baseline');
	my ($file, $service, $dockerfile) = find_files(\%found, \@notes);
	# the service is what runs, and so comes first
	take_service(\%found, $file, $service) if $service;
	die join('; passed over: ', "no Dockerfile in '" . Cwd::getcwd() . "', and no --image", @notes) . "\n" unless defined $dockerfile || defined $options->{image};
	if (defined $dockerfile) {
		my $outline = outline(\$why, $dockerfile) // die "$why\n";
		take_image(\%found, $dockerfile, $outline->{image});
		take_bases(\%found, $dockerfile, $outline);
		take_uid(\%found, $dockerfile, $outline);
	}
	if (defined $options->{image}) {
		my $outline = outline(\$why, $options->{image});
		if ($outline) { take_image(\%found, 'the image', $outline->{image}) }
		else { push @notes, $why }
	}
	my $name = lc File::Basename::basename(Cwd::getcwd()) =~ s/[^A-Za-z0-9._-]+/-/gr =~ s/^[._-]+|[._-]+$//gr;
	set(\%found, IMAGE => ($name eq '' ? 'app' : $name) . ':latest', 'the name of the folder');
	take_routes(\%found);
	set(\%found, PRODUCTION_ENV => join("\n", 'LOG_LEVEL=INFO', -f 'package.json' ? 'NODE_ENV=production' : ()), -f 'package.json' ? 'package.json' : 'a custom')
	  unless text_of((glob '*requirements*')[0] // '') =~ /flask/i || text_of('pyproject.toml') =~ /flask/i;
	my $targets = make_targets();
	take_tests(\%found, $targets);
	take_checks(\%found, $targets);
	take_builds(\%found) if defined $dockerfile;
	my $text = settings_text(\%found);
	if ($options->{stdout}) { print $text }
	else { Trial::spew($output, $text) }
	return (\%found, @notes);
}

1;
