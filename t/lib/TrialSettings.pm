# The settings of a trial: the table of all of them, and how a file, the environment and the command
# line give them values.
#
# A file is read by sh: what it assigns are the settings. Names in capitals that are none are errors,
# for a setting that is spelt wrong would be one that silently does nothing.
package TrialSettings;

use strict;
use warnings;
use Cwd ();
use File::Basename ();
use JSON::PP;

# NAME|default|what it is. Lists hold one value a line (\n in a default). Paths and commands count
# from the settings file's folder.
my $table = <<'END';
IMAGE||the candidate ("after"): any image name that the utilities take
BASELINE||the image before, for all comparisons
PRODUCTION_IMAGE||the image as deployed; default: IMAGE
SECOND_IMAGE||a second build of the same source, for 18.25
DOCKERFILE||the Dockerfile of the candidate
CONTEXT||the folder it is built from; default: the Dockerfile's
COMPOSE_FILE||the compose file that deploys it
BASE||the base image that every FROM must use (18.14); default: any that is pinned; list
AUTHFILE||logins of registries; default: those of Docker and Podman
CA_FILE||certificates of authorities that registries are checked by
INSECURE||registries that may do without TLS, or with any certificate; list
MIRRORS||HOST=MIRROR, where the images of a registry are asked for first; list
PORT|5000|the port the service listens on
HEALTH_PATH|/health|path of the health endpoint; empty: there is none
READY_PATH|/health/ready|path of the readiness endpoint
LIVE_PATH|/health/live|path of the liveness endpoint
SECRETS_PATH||path of the secrets endpoint
WEBHOOK_PATH||path to POST the sample webhook to
HEALTH_STATUS|200|status that the health endpoint answers
HEALTH_JSON|/status=healthy|what its JSON holds, POINTER=VALUE; list
SECRETS_STATUS|200|status that the secrets endpoint answers
SECRETS_JSON||what its JSON holds; list
WEBHOOK_STATUS|200|status that the webhook answers
WEBHOOK_JSON||what its JSON holds; list
WEBHOOK_DATA||body of the sample webhook, or @FILE
WEBHOOK_CASES||JSON file of more sample webhooks and the answers expected
WEBHOOK_HEADERS|Content-Type: application/json|headers of the sample webhook; list
START_PERIOD|5s|how long the container must stay up at the least
READY_LIMIT|30s|from start to ready at the most
LATENCY_LIMIT|10s|a health answer at the most
STABILITY_PERIOD|2m|how long Episode 15 repeats its probes
STABILITY_EVERY|5s|how often
INTEGRATION_PERIOD|5m|how long Episode 18 repeats its probes
GRACE|10s|from the stop signal to the end at the most
RUN_ENV||environment of every run, NAME=VALUE; list
PRODUCTION_ENV|LOG_LEVEL=INFO\nFLASK_ENV=production|environment of production runs; list
RUN_CMD||command of the runs in place of the image's: a JSON list, or a text for its shell
RUN_ENTRYPOINT||entry point of the runs, in the same form
RUN_USER||user of the runs; default: the image's
TMPFS||paths that are writable tmpfs in production; list
VOLUMES||paths that are writable volumes in production, with the image's content at first; list
ALLOW||globs of paths whose refused writes do not count; list
CACHE_PATH|~/.cache|the cache directory that 15.14 makes read-only
HEALTH_INTERVAL|30s|interval of the image's health check (18.21); empty: any
HEALTH_TIMEOUT|10s|its time-out
HEALTH_START_PERIOD|5s|its start period
HEALTH_RETRIES|3|its retries
USER_ID|1000|uid that the service must have (18.20); empty: any but 0
MEASURE|content|content, unpacked or compressed: what 16.3 compares
MIN_REDUCTION|30%|how much smaller the candidate must be
MAX_WASTE|5%|bytes that later layers delete or overwrite, at the most
MAX_SIZE||size of the candidate at the most
MAX_LAYERS||layers of the candidate at the most
MAX_MEMORY||peak memory at the most
MAX_CPU||CPU time at the most
RULES_BUILD_TOOLS|build-tools|rules of 16.7: a name or a file
RULES_PACKAGE_MANAGERS|package-managers|rules of 16.8
RULES_DEVELOPMENT_DEPENDENCIES|development-dependencies|rules of 16.9
RULES_SECRETS|secrets|rules of 16.11
BUILD_COMMAND||builds the image; 18.1 needs it to run the steps, not to take them from a cache
PRODUCTION_BUILD_COMMAND||builds the production image; default: BUILD_COMMAND
BASELINE_BUILD_COMMAND||builds the baseline, for 18.1's comparison; where that shows the image's build to be slower, both are built once more
SECOND_BUILD_COMMAND||builds SECOND_IMAGE
REBUILD_COMMAND||builds again with a log of its steps, for 18.24
REBUILD_LOG||the log of that build, where the command does not print it
BUILD_LIMIT|10m|time of a build at the most
TEST_COMMAND||runs the unit tests
TEST_REPORT||their JUnit report
BASELINE_TEST_REPORT||the JUnit report of the baseline
INTEGRATION_COMMAND||runs the integration tests
INTEGRATION_REPORT||their JUnit report
LINT_COMMAND||checks format, imports and style
HADOLINT_REPORT||JSON report of hadolint; default: what it says, where it is installed
COVERAGE_REPORT||coverage: Cobertura, LCOV or coverage.py JSON
BASELINE_COVERAGE_REPORT||coverage of the baseline, for the closing table
MIN_COVERAGE|85%|coverage at the least
ITEM_LIMIT|1h|an item at the most: what it has started is ended then, and it fails
MAKE_COMMAND|make|the make program and its arguments
MAKE_TARGETS||targets that must work; list
DEPLOYMENT_CHECKS||commands that must succeed (cdk synth, terraform validate); list
VULNERABILITY_REPORT||JSON report of trivy or grype; default: what one of them says, where it is installed
VULNERABILITY_SEVERITIES|high critical|severities that 18.26 does not let pass
VULNERABILITY_IGNORE||vulnerabilities that are known and do not count; list
END

# So long a settings file may take.
our $file_seconds = 60;

my @order;
my %default;
my %meaning;
for my $line (split /\n/, $table) {
	my ($name, $value, $text) = split /\|/, $line, 3;
	push @order, $name;
	$default{$name} = $value =~ s/\\n/\n/gr;
	$meaning{$name} = $text;
}

my $duration = qr/(?:\d+(?:\.\d+)?(?:ns|us|ms|[smh]))+/;
my $size = qr/\d+(?:\.\d+)?\s*(?:[kmgt]i?)?b?/i;
my $status = qr/\d{3}(?:-\d{3})?/;
my $percent = qr/\d+(?:\.\d+)?\s*%/;
my $severity = qr/(?:unknown|negligible|low|medium|high|critical)/i;
my %form = (
	(map { ($_ => [ $duration, 'duration, as 30s or 10m' ]) }
		  qw(START_PERIOD READY_LIMIT LATENCY_LIMIT STABILITY_PERIOD STABILITY_EVERY INTEGRATION_PERIOD GRACE
		  HEALTH_INTERVAL HEALTH_TIMEOUT HEALTH_START_PERIOD MAX_CPU BUILD_LIMIT ITEM_LIMIT)),
	(map { ($_ => [ qr/\d+/, 'number' ]) } qw(HEALTH_RETRIES USER_ID MAX_LAYERS)),
	# a utility would take it for an option
	(map { ($_ => [ qr/[^-].*/s, 'name: begin it with ./' ]) }
		  qw(IMAGE BASELINE PRODUCTION_IMAGE SECOND_IMAGE DOCKERFILE CONTEXT COMPOSE_FILE TEST_REPORT BASELINE_TEST_REPORT
		  INTEGRATION_REPORT COVERAGE_REPORT BASELINE_COVERAGE_REPORT)),
	(map { ("${_}_PATH" => [ qr{/\S*}, 'path, as /health' ]) } qw(HEALTH READY LIVE SECRETS WEBHOOK)),
	PORT => [ qr/[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]/, 'port' ],
	VULNERABILITY_SEVERITIES => [ qr/$severity(?:\s+$severity)*/, 'list of severities, as high critical' ],
	(map { ($_ => [ qr/$status(?:,$status)*/, 'status, as 200 or 200-299,404' ]) } qw(SECRETS_STATUS WEBHOOK_STATUS)),
	# what is ready says so
	HEALTH_STATUS => [ qr/2\d\d(?:-2\d\d)?/, 'status of an answer that is healthy, as 200 or 200-299' ],
	(map { ($_ => [ $size, 'size, as 500MB' ]) } qw(MAX_SIZE MAX_MEMORY)),
	(map { ($_ => [ $percent, 'percentage, as 30%' ]) } qw(MIN_REDUCTION MIN_COVERAGE)),
	MAX_WASTE => [ qr/$size|$percent/, 'size or percentage' ],
	MEASURE => [ qr/content|unpacked|compressed/, 'measure: content, unpacked or compressed' ],
);

# Those of which an empty one would mean nothing.
my @needed = grep { $default{$_} ne '' && !/^(?:PORT|\w+_PATH|\w+_JSON|WEBHOOK_\w+|PRODUCTION_ENV|HEALTH_\w+|USER_ID)$/ } @order;

sub names { return @order }
sub default_of { return $default{ $_[0] } }
sub meaning_of { return $meaning{ $_[0] } }

# How many letters must be changed, put in or taken out, at the least.
sub distance {
	my ($from, $to) = @_;
	my @row = 0 .. length $to;
	for my $i (1 .. length $from) {
		my @next = ($i);
		for my $j (1 .. length $to) {
			my $cost = $row[ $j - 1 ] + (substr($from, $i - 1, 1) ne substr($to, $j - 1, 1));
			$cost = $row[$j] + 1 if $row[$j] + 1 < $cost;
			$cost = $next[ $j - 1 ] + 1 if $next[ $j - 1 ] + 1 < $cost;
			push @next, $cost;
		}
		@row = @next;
	}
	return $row[-1];
}

sub unknown {
	my ($name) = @_;
	my ($nearest) = sort { distance($name, $a) <=> distance($name, $b) || $a cmp $b } @order;
	my $near = distance($name, $nearest) <= 2 + length($name) / 4;
	return "there is no setting '$name'" . ($near ? ", the nearest is '$nearest'" : '') . '; see seatrial --settings';
}

# What a shell would take for a command that it does not find, and go on.
sub check_text {
	my ($path) = @_;
	open my $in, '<:raw', $path or die "cannot open '$path': $!\n";
	my $names = join '|', @order;
	while (my $line = <$in>) {
		die "$path: it begins with a byte order mark\n" if $. == 1 && $line =~ /^\xef\xbb\xbf/;
		die "$path:$.: the line ends with a carriage return\n" if $line =~ /\r$/;
		die "$path:$.: a space beside the '=' of '$1'\n" if $line =~ /^\s*(?:export\s+)?($names)(?:\s+=|=[ \t]+(?!#|\w+=)\S)/;
	}
	return;
}

# What a file makes of the settings, which are in the shell's environment with their defaults: name
# => value for all that it leaves there. Its own output goes to standard error.
sub read_file {
	my ($path) = @_;
	check_text($path);
	my $message = qx{sh -n '@{[ $path =~ s/'/'\\''/gr ]}' 2>&1};
	die "$path: " . ((split /\n/, $message)[0] // 'no shell can read it') . "\n" if $?;
	my $show = 'print STDOUT JSON::PP->new->ascii->encode({%ENV})';
	# what it leaves running must not hold the pipe
	my $script = 'set -a; exec 3>&1 >&2; . "$1" 3>&-; exec "$2" -MJSON::PP -e "$3" >&3';
	pipe my $in, my $out or die "cannot make a pipe: $!\n";
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', $out;
		$ENV{$_} = $default{$_} for @order;
		exec 'sh', '-c', $script, 'sh', $path, $^X, $show;
	}
	close $out;
	my $late;
	local $SIG{ALRM} = sub { $late = kill KILL => $pid };
	alarm $file_seconds;
	my $text = do { local $/ = undef; <$in> };
	waitpid $pid, 0;
	alarm 0;
	die "$path: it has not ended within $file_seconds s\n" if $late;
	my $found = eval { JSON::PP->new->decode($text // '') };
	die "$path: it ended with status " . ($? >> 8) . " before its end\n" unless $found;
	return $found;
}

# The settings: defaults, then the file's, then SEATRIAL_NAME of the environment, then `set`, NAME =>
# value. Dies with one line. CONFIG_FILE is the file, where there is one, and CONFIG_DIR the folder that all
# else counts from.
sub load {
	my ($file, $set) = @_;
	my %settings = %default;
	my %known = map { $_ => 1 } @order;
	$settings{CONFIG_DIR} = Cwd::getcwd();
	if (defined $file) {
		-f $file && -r _ or die "cannot read the settings '$file'\n";
		$file = Cwd::abs_path($file);
		$settings{CONFIG_FILE} = $file;
		$settings{CONFIG_DIR} = File::Basename::dirname($file);
		chdir $settings{CONFIG_DIR} or die "cannot enter '$settings{CONFIG_DIR}': $!\n";
		my $found = read_file($file);
		for my $name (sort keys %$found) {
			if ($known{$name}) { $settings{$name} = $found->{$name} }
			elsif ($name =~ /^[A-Z][A-Z0-9_]*$/ && !exists $ENV{$name} && $name !~ /^(?:PWD|OLDPWD|SHLVL|IFS|OPTIND|PPID|PS[1-4])$/) {
				die "$file: " . unknown($name) . "\n";
			}
		}
	}
	for my $name (sort keys %ENV) {
		my ($own) = $name =~ /^SEATRIAL_([A-Z][A-Z0-9_]*)$/ or next;
		next if $own =~ /^(?:HOME|RULES|REQUIRE|PID|NAME|REPORT|SETTINGS|ITEMS|STRICT|CHECKLISTS|MODE|SCHEDULER)$/;
		$known{$own} or die "environment: $name: " . unknown($own) . "\n";
		$settings{$own} = $ENV{$name};
	}
	for my $name (sort keys %$set) {
		$known{$name} or die unknown($name) . "\n";
		$settings{$name} = $set->{$name};
	}
	for my $name (@needed) {
		die((defined $file ? "$file: " : '') . "$name: it cannot be empty; the default is '$default{$name}'\n") if $settings{$name} eq '';
	}
	for my $name (sort keys %form) {
		my ($pattern, $what) = @{ $form{$name} };
		die((defined $file ? "$file: " : '') . "$name: '$settings{$name}' is no $what\n")
		  unless $settings{$name} eq '' || $settings{$name} =~ /\A(?:$pattern)\z/;
	}
	return \%settings;
}

1;
