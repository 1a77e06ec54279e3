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
use POSIX ();
use Trial ();
use TrialScan qw(on_path);
use TrialSettings ();

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

# Its texts as bytes, as names of files are and all that is written.
sub to_bytes {
	for my $value (@_) {
		if (ref $value eq 'HASH') { to_bytes(values %$value) }
		elsif (ref $value eq 'ARRAY') { to_bytes(@$value) }
		elsif (!ref $value && defined $value && utf8::is_utf8($value)) { utf8::encode($value) }
	}
	return;
}

# undef where it is no JSON.
sub document_of {
	my ($text) = @_;
	my $document = eval { JSON::PP->new->utf8->decode($text) };
	to_bytes($document);
	return $document;
}

sub first_file { return (grep { -f } @_)[0] }

# Any text as one word of sh.
sub quoted {
	my ($text) = @_;
	return $text if $text =~ m{\A[\w./:=@%+,-]+\z}a;
	return "'" . $text =~ s/'/'\\''/gr . "'";
}

# For a comment: one line, whatever it held.
sub plain {
	my ($text) = @_;
	$text =~ s/[^\x20-\x7e]/?/g;
	return $text;
}

# A line that a trial takes for a slip in its settings, wherever it stands.
sub is_like_setting {
	my ($line) = @_;
	my ($name) = $line =~ /^\s*(?:export\s+)?([A-Z_]+)(?:\s+=|=[ \t])/ or return 0;
	return scalar grep { $_ eq $name } TrialSettings::names();
}

# What the value of a setting must be and is not, as 'port'; undef where it is well.
sub flaw_of {
	my ($name, $value) = @_;
	return unless $name =~ /^[A-Z_]+$/;
	return 'text that a settings file can hold' if $value =~ /\r\n/ || grep { is_like_setting($_) } split /\n/, $value;
	# what the environment sets is not what is looked at
	local %ENV = ();
	return if eval { TrialSettings::load(undef, { $name => $value }) };
	return $@ =~ /is no (.*)$/ ? $1 : 'such setting';
}

# {known => name => [value, where], why => {name => what hinders it}, …}: the first that is found counts.
sub set {
	my ($found, $name, $value, $where) = @_;
	return unless defined $value && $value ne '';
	my $flaw = flaw_of($name, $value);
	if (defined $flaw) { $found->{why}{$name} //= "$where has no $flaw" }
	else { $found->{$name} //= [ $value, $where ] }
	return;
}

sub where {
	my ($file, $line) = @_;
	return defined $line ? "$file:$line" : $file;
}

# --- what is secret ----------------------------------------------------------------------------

# More than a check of images may suspect: what is written here is kept, and shown to others.
my $secret_name = qr/PASS|PWD|SALT|CREDENTIAL|AUTH|SECRET|TOKEN|API_?KEY/i;

# "scheme://user:password@host", "password=…".
sub has_password {
	my ($text) = @_;
	return $text =~ m{://[^/\s:@]*:[^/\s@]+@} || $text =~ m{(?:pass\w*|pwd|secret|token)\s*[=:]\s*[^\s\$/]}i;
}

# A variable of image-lint's outline.
sub is_secret {
	my ($variable) = @_;
	return $variable->{secret} || $variable->{name} =~ $secret_name || has_password($variable->{value} // '');
}

# Whether a command holds one: a password in it, or behind an option or a variable that is named so.
sub command_has_secret {
	my ($text) = @_;
	return 1 if has_password($text);
	while ($text =~ m{(?<![\w-])(?:--?([\w-]+)[=\s]|(\w+)=)\s*["']?(?=[^-\s\$"'/])}g) {
		return 1 if ($1 // $2) =~ s/-/_/gr =~ $secret_name;
	}
	return 0;
}

# --- what the files say ------------------------------------------------------------------------

# image-lint's outline of one target, or undef; what is wrong with it goes to $$why.
sub outline {
	my ($why, $target, @options) = @_;
	my $pid = open my $in, '-|' // die "cannot fork: $!\n";
	if (!$pid) {
		open STDERR, '>&', \*STDOUT;
		exec 'image-lint', '--outline', '--json', @options, '--', $target or print "cannot run image-lint: $!\n";
		POSIX::_exit(2);
	}
	my $text = do { local $/ = undef; <$in> } // '';
	close $in;
	my $document = $? ? undef : document_of($text);
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

# What a shell's variable, or what else a language has in its braces, stands for in the container; the
# default that is written there; or undef.
sub port_of {
	my ($found, $text) = @_;
	return $text if $text =~ /^\d+$/;
	my ($name) = $text =~ /\b([A-Z][A-Z0-9_]*)\b/ ? $1 : $text =~ /(\w+)/;
	my $value = $found->{values}{ $name // '' } // '';
	my ($default) = $text =~ /\b(\d{2,5})\b/;
	return $value =~ /^\d+$/ ? $value : $default;
}

# A path that hangs on a variable that nobody knows is none.
sub path_of {
	my ($found, $text) = @_;
	my $unknown = 0;
	$text =~ s[\$(?:(\w+)|\{(\w+)(?::?-([^{}]*))?\})][
		my ($name, $default) = ($1 // $2, $3);
		$found->{values}{$name} // ($name =~ $secret_name ? undef : $default) // do { $unknown = 1; '' };
	]ge;
	$text =~ s/\?.*//s if command_has_secret($text =~ s/[?&]/ /gr);
	return $unknown || $text =~ /[\$`{]/ ? undef : $text;
}

my $variable = qr/\$?\{[^{}]*\}|\$\w+/;

# The endpoint that a health check asks, with or without a scheme.
sub take_health {
	my ($found, $file, $health) = @_;
	my $place = 'the health check, ' . where($file, $health ? $health->{line} : undef);
	my $text = health_text($health);
	my $host = qr{(?:https?://(?:[^\s/\@'"]+\@)?(?:\[[\da-f:]+\]|(?:$variable|[^\s/:'"])+)|localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])};
	return unless $text =~ m{($host)(?::(\d+|$variable))?((?:/|$variable)(?:$variable|[^\s'"|;&)`]|&(?=\w+=))*)?(:?)};
	my ($server, $port, $path, $more) = ($1, $2, $3, $4);
	# put together by a program, or no URL at all
	return if $more ne '' || !($server =~ /^http/ || defined $port || defined $path || $text =~ /\b(?:curl|wget)\b/);
	$path = path_of($found, $path // '/') // '';
	set($found, 'health path', $path =~ m{^/} ? $path : undef, $place);
	set($found, PORT => port_of($found, $port), $place) if defined $port;
	return;
}

# A port that the command tells the server counts more than what EXPOSE says of it.
sub take_command_port {
	my ($found, $file, @commands) = @_;
	for my $command (grep { $_ } @commands) {
		my $words = join ' ', map { $_ // '' } @{ $command->{words} };
		next unless $words =~ /(?:--port[= ]|(?:--bind|-b)[= ]\S*?:|\brunserver (?:\S*:)?)["']?($variable|\d{2,5}\b)/;
		set($found, PORT => port_of($found, $1), 'the command, ' . where($file, $command->{line}));
	}
	return;
}

# What the container's environment holds, where it is known and no secret.
sub take_values {
	my ($found, $environment) = @_;
	for my $variable (@$environment) {
		delete $found->{values}{ $variable->{name} };
		$found->{values}{ $variable->{name} } = $variable->{value} if defined $variable->{value} && !is_secret($variable);
	}
	return;
}

sub take_image {
	my ($found, $file, $image, $service) = @_;
	my $place = sub { my ($what, $value) = @_; return "$what, " . where($file, $value->{line}) };
	my $health = $image->{healthcheck};
	take_health($found, $file, $health);
	if ($health && !$health->{none}) {
		my %times = (HEALTH_INTERVAL => 'interval', HEALTH_TIMEOUT => 'timeout', HEALTH_START_PERIOD => 'start_period', HEALTH_RETRIES => 'retries');
		set($found, $_, $health->{ $times{$_} }, $place->('HEALTHCHECK', $health)) for sort keys %times;
	}
	# what the service runs is not this command
	take_command_port($found, $file, $service && $service->{entrypoint} ? () : ($service && $service->{cmd} ? undef : $image->{cmd}, $image->{entrypoint}));
	for my $port (values_of($image->{exposed_ports})) {
		set($found, PORT => $1, $place->('EXPOSE', $port)) if $port->{value} =~ m{^(\d+)(?:/tcp)?$};
	}
	my $user = $image->{user};
	set($found, USER_ID => $1, $place->('USER', $user)) if !$found->{RUN_USER} && defined $user && ($user->{value} // '') =~ /^(\d+)(?::|$)/;
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

# The uid of the user that a Dockerfile adds: in the stages that the image is built on, else anywhere.
sub take_uid {
	my ($found, $file, $outline) = @_;
	my $user = $found->{RUN_USER} ? $found->{RUN_USER}[0] : ($outline->{image}{user} // {})->{value};
	my $name = ($user // '') =~ s/:.*//sr;
	return if $name eq '' || $name =~ /^\d/;
	my @stages = @{ $outline->{stages} };
	my %is_below;
	for (my $stage = $outline->{final}; defined $stage; $stage = $stages[$stage]{parent}) { $is_below{$stage} = 1 }
	my ($number, @here, @elsewhere) = (0);
	for my $line (split /\n/, text_of($file)) {
		$number++;
		next unless $line =~ /(?:useradd|adduser)\b.*\b\Q$name\E\b/ && $line =~ /(?:-u|--uid)[ =]?(\d+)/;
		my $uid = $1;
		my ($stage) = grep { $stages[$_]{line} <= $number } reverse 0 .. $#stages;
		push @{ $is_below{ $stage // -1 } ? \@here : \@elsewhere }, [ $uid, where($file, $number) ];
	}
	set($found, USER_ID => @$_) for @here, @elsewhere;
	return;
}

# Docker counts these in powers of 1024.
sub memory_of {
	my ($text) = @_;
	my %unit = (b => '', k => 'KiB', m => 'MiB', g => 'GiB', t => 'TiB');
	return $text =~ /^(\d+|\d+\.\d+(?=\s*[kmgt]))\s*([bkmgt]?)(?:(?<=[kmgt])i)?b?$/i ? $1 . ($unit{ lc $2 } // '') : undef;
}

# What a service runs in place of the image's own. A word that hangs on a variable is nobody's guess.
sub take_command {
	my ($found, $name, $command, $place) = @_;
	return if !$command || grep { !defined } @{ $command->{words} };
	if (command_has_secret(join ' ', @{ $command->{words} })) { $found->{why}{$name} = $place->($command) . ' has what could be a secret' }
	else {
		my @words = @{ $command->{words} };
		utf8::decode($_) for @words;
		set($found, $name => JSON::PP->new->ascii->encode(\@words), $place->($command));
	}
	return;
}

# A folder of the host is none that a trial may write to.
sub take_volumes {
	my ($found, $file, $service) = @_;
	my @volumes = grep { defined $_->{target} && !$_->{read_only} } @{ $service->{volumes} };
	my $of_type = sub { my ($type) = @_; return map { $_->{target} } grep { ($_->{type} // '') eq $type } @volumes };
	my @tmpfs = ((map { $_->{value} =~ s/:.*//sr } values_of($service->{tmpfs})), $of_type->('tmpfs'));
	set($found, TMPFS => join("\n", @tmpfs), "tmpfs, $file") if @tmpfs;
	my @named = $of_type->('volume');
	set($found, VOLUMES => join("\n", @named), "volumes, $file") if @named;
	push @{ $found->{binds} }, map { "$_->{target}, which is " . ($_->{source} // 'a folder') . ' of the host (' . where($file, $_->{line}) . ')' }
	  grep { ($_->{type} // 'bind') eq 'bind' } @volumes;
	return;
}

sub take_service {
	my ($found, $file, $service) = @_;
	my $place = sub { return where($file, $_[0]{line}) };
	set($found, IMAGE => $service->{image}{value}, $place->($service->{image})) if $service->{image};
	set($found, GRACE => $service->{stop_grace_period}{value}, $place->($service->{stop_grace_period})) if $service->{stop_grace_period};
	set($found, MAX_MEMORY => memory_of($service->{memory_limit}{value} // ''), $place->($service->{memory_limit})) if $service->{memory_limit};
	if (my $user = $service->{user}) {
		set($found, RUN_USER => $user->{value}, $place->($user));
		set($found, USER_ID => $1, $place->($user)) if ($user->{value} // '') =~ /^(\d+)(?::|$)/;
	}
	take_command($found, RUN_ENTRYPOINT => $service->{entrypoint}, $place);
	take_command($found, RUN_CMD => $service->{cmd}, $place);
	take_health($found, $file, $service->{healthcheck});
	take_command_port($found, $file, @$service{qw(cmd entrypoint)});
	for my $port (values_of($service->{ports})) {
		set($found, PORT => $1, $place->($port)) if $port->{value} =~ m{(?:^|:)(\d+)(?:/tcp)?$};
	}
	take_volumes($found, $file, $service);
	my (@plain, @others);
	for my $variable (@{ $service->{environment} }) {
		my $line = defined $variable->{value} && !is_secret($variable) ? "$variable->{name}=$variable->{value}" =~ s/[\r\n]+/ /gr : undef;
		if (defined $line && !is_like_setting($line)) { push @plain, $line }
		else { push @others, $variable->{name} }
	}
	set($found, RUN_ENV => join("\n", @plain), "environment, $file") if @plain;
	push @{ $found->{secrets} }, @others;
	push @{ $found->{env_files} }, map { $_->{value} } values_of($service->{env_file});
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

# A path that no program takes for an option.
sub joined {
	my ($folder, $file) = @_;
	return $file if $file =~ m{^/};
	return (("$folder/$file" =~ s{/\./}{/}gr) =~ s{^(?:\./)+}{}r) =~ s{^-}{./-}r;
}

# How the service has its image built: the options of a builder and of image-lint. A value that is not
# known, or could be a secret, is one that the builder takes from its environment.
sub take_build_options {
	my ($found, $file, $service) = @_;
	if (my $target = $service->{target}) {
		my $name = $target->{value};
		push @{ $found->{options} }, "--target=$name" if defined $name;
		push @{ $found->{lint_options} }, "--target=$name" if defined $name;
		$found->{no_build} = where($file, $target->{line}) . ' has a target that hangs on a variable' unless defined $name;
	}
	for my $argument (@{ $service->{arguments} }) {
		my $known = defined $argument->{value} && !is_secret($argument);
		my $option = '--build-arg=' . $argument->{name} . ($known ? "=$argument->{value}" : '');
		push @{ $found->{options} }, $option;
		push @{ $found->{lint_options} }, $option if $known;
		push @{ $found->{arguments} }, $argument->{name} unless $known;
	}
	return;
}

# --- the project beside them -------------------------------------------------------------------

# What stands beside a port: its line, and the others of the call or the list that it is in, but for
# lists within that.
sub around {
	my ($lines, $number) = @_;
	return $lines->[$number] unless $lines->[$number] =~ /^\s*["']?port["']?\s*(?::|=.*,\s*$)/i || $lines->[$number] =~ /^\s+port=\d+\s*$/i;
	my ($opens, $closes) = (qr/[(\[{]\s*$/, qr/^\s*[)\]}]/);
	my ($first, $last) = ($number, $number);
	while ($first > 0 && $number - $first < 8 && $lines->[ $first - 1 ] !~ $closes) { last if $lines->[ --$first ] =~ $opens }
	while ($last < $#$lines && $last - $number < 8 && $lines->[ $last + 1 ] !~ /$closes|$opens/) { $last++ }
	return join "\n", grep { !/:\s*\{./ } @$lines[ $first .. $last ];
}

# Whether a port is that of something else, which the program asks: a host or a database stands beside it.
sub is_foreign_port {
	my ($text) = @_;
	my ($host) = $text =~ /\bhost(?:name)?["']?\s*(?:=>|[:=])\s*(["']?[\w.:-]+)/i;
	my $serves = $text =~ /(?<![a-z])(?:run|listen|serve\w*|bind)\s*[(:]/i;
	# a server's may be a variable
	return 1 if defined $host && $host !~ /^["'](?:0\.0\.0\.0|::)$/ && !($serves && $host =~ /^(?:["'](?:localhost|127\.0\.0\.1|::1)$|\w)/);
	return !$serves && $text =~ /(?<![a-z])(?:db|dbname|database|postgres\w*|psycopg\d?|mysql|mariadb|sqlserver|redis|mongo\w*|amqp|rabbitmq|kafka|memcached?|elasticsearch|smtp|ldap|user(?:name)?|password)(?![a-z])/i;
}

# What the sources hold: routes, path => FILE:LINE; the port, [number, FILE:LINE]; what says how it is,
# [[word, file, line], …].
sub read_sources {
	my (%routes, $port, @statuses);
	my $files = 0;
	my $wanted = sub {
		if (-d && /^(?:\.(?!$).*|node_modules|vendor|venv|dist|build|target|tests?|__pycache__|seatrial-report)$/) { $File::Find::prune = 1; return }
		return unless -f && /\.(?:py|js|ts|mjs|cjs|go|java|kt|rb|php|rs|cs)$/ && ++$files <= $files_max;
		my $file = $File::Find::name =~ s{^\./}{}r;
		my @lines = split /\n/, text_of($_);
		for my $i (0 .. $#lines) {
			my $line = $lines[$i];
			my $place = where($file, $i + 1);
			$routes{$1} //= $place while $line =~ m{["'`](/[\w./-]{0,60})["'`]}g;
			$port //= [ $1, $place ] if $line =~ /\.listen\((\d{2,5})\b/ || $line =~ /(?:listen|bind|serve|run)\w*\(\s*"(?:0\.0\.0\.0|\[::\])?:(\d{2,5})"/i
				|| ($line =~ /\bport\s*[=:]\s*(\d{2,5})\b/i && !is_foreign_port(around(\@lines, $i)));
			push @statuses, [ $1, $file, $i + 1 ] if $line =~ /\bstatus["']?\s*[:=]\s*["'](healthy|ok|up|pass|success|alive)["']/i;
		}
	};
	# in an order that is not the disk's
	File::Find::find({ wanted => $wanted, preprocess => sub { return sort @_ }, no_chdir => 0 }, '.');
	return (\%routes, $port, \@statuses);
}

# What the health endpoint says of itself: behind its route, in its file, or anywhere. Of elsewhere a
# success is one of something else.
sub status_of {
	my ($place, @statuses) = @_;
	my ($file, $line) = ($place // '') =~ /^(.*):(\d+)$/s;
	my @here = grep { $_->[1] eq ($file // '') } @statuses;
	my @other = grep { lc $_->[0] ne 'success' } @statuses;
	return ((grep { $_->[2] >= $line } @here), (grep { lc $_->[0] ne 'success' } @here), @here, @other)[0];
}

sub take_routes {
	my ($found) = @_;
	my ($routes, $port, $statuses) = read_sources();
	my $first = sub { return (grep { exists $routes->{$_} } @_)[0] };
	set($found, PORT => @$port) if $port;
	my $health = $found->{'health path'};
	my %kind = ((map { ($_ => 'READY_PATH') } @ready_paths), (map { ($_ => 'LIVE_PATH') } @live_paths));
	set($found, $kind{ $health->[0] } // 'HEALTH_PATH', @$health) if $health;
	for my $pair ([ HEALTH_PATH => @health_paths ], [ READY_PATH => @ready_paths ], [ LIVE_PATH => @live_paths ], [ SECRETS_PATH => '/health/secrets' ]) {
		my ($name, @paths) = @$pair;
		my $path = $first->(@paths) // next;
		set($found, $name, $path, $routes->{$path});
	}
	my $status = $found->{HEALTH_PATH} ? status_of($routes->{ $found->{HEALTH_PATH}[0] =~ s/\?.*//sr }, @$statuses) : undef;
	set($found, HEALTH_JSON => "/status=$status->[0]", where(@$status[ 1, 2 ])) if $status;
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
	my $package = document_of(text_of('package.json'));
	return ref $package eq 'HASH' ? $package : {};
}

# Of what runs the tests of a package: how it looks alone, as its script says it and with a report; what
# has it write one; and how its command is told.
my @script_runners = (
	{ name => 'vitest', alone => qr/(?:npx )?vitest(?: run)?/, command => 'npx vitest run', report => '--reporter=junit --outputFile=junit.xml' },
	{ name => 'mocha', alone => qr/(?:npx )?mocha/, command => 'npx mocha', report => '--reporter xunit --reporter-option output=junit.xml' },
	# without that module it writes no report
	{ name => 'jest', alone => qr/(?:npx )?jest/, command => 'npx jest', report => '--ci --reporters=default --reporters=jest-junit', needs => qr/"jest-junit"/ },
	# behind the names of files it has no options
	{ name => 'node', alone => qr/node --test/, command => 'node --test', report => '--test-reporter=junit --test-reporter-destination=junit.xml' },
);

# A script's commands and what stands between them, in turn.
sub commands_of {
	my ($script) = @_;
	my @parts = ('');
	while ($script =~ /\G('[^']*'|"(?:\\.|[^"\\])*"|\\.|[<>]&|&&|\|\||[;&|\n]|.)/gs) {
		my $part = $1;
		if ($part =~ /^(?:&&|\|\||[;&|\n])$/) { push @parts, $part, '' }
		else { $parts[-1] .= $part }
	}
	return @parts;
}

sub is_command_of {
	my ($runner, $command) = @_;
	return 0 if $command =~ /^\s*(?:echo|npm|bun|(?:pnpm|yarn)\s+(?:run|test))\s/;
	return $command =~ /(?:^|[\s\/])node\s(?:.*\s)?--test(?=\s|$)/ if $runner eq 'node';
	return $command =~ /(?:^|[\s\/])_?\Q$runner\E(?:\.[cm]?js)?(?=\s|$)/;
}

# The script of a package that runs its tests, and writes a report: whatever else it says stays.
sub script_with_report {
	my ($package) = @_;
	my %scripts = map { ref $package->{scripts} eq 'HASH' && !ref $package->{scripts}{$_} ? ($_ => $package->{scripts}{$_} // '') : ($_ => '') } qw(pretest test posttest);
	my $script = $scripts{test} =~ s/^\s+|\s+$//gr;
	my @parts = commands_of($script);
	for my $runner (@script_runners) {
		my ($number) = grep { $_ % 2 == 0 && is_command_of($runner->{name}, $parts[$_]) } 0 .. $#parts;
		next unless defined $number && (!$runner->{needs} || text_of('package.json') =~ $runner->{needs});
		return "$runner->{command} $runner->{report}" if $script =~ /^$runner->{alone}$/ && "$scripts{pretest}$scripts{posttest}" eq '';
		my $bare = $parts[$number] =~ s/'[^']*'|"(?:\\.|[^"\\])*"/x/gr;
		# it would never end; what is added would be a file's name, or another command's
		return if $bare =~ /(?<![\w-])(?:--watch(?:All)?(?![\w-]|=false)|-w(?!\S)|watch(?!\S))/ || $bare =~ /\s--\s|[()`#]/;
		my $report = $runner->{report};
		$report = "--run $report" if $runner->{name} eq 'vitest' && $bare !~ /\s(?:run|--run)(?!\S)/;
		if ($number == $#parts && $runner->{name} ne 'node') {
			my ($run) = map { $_->[1] } grep { -f $_->[0] } [ 'pnpm-lock.yaml', 'pnpm run test' ], [ 'yarn.lock', 'yarn run test' ], [ 'package.json', 'npm test --' ];
			return "$run $report";
		}
		return if command_has_secret($script);
		if ($runner->{name} eq 'node') { $parts[$number] =~ s/\s--test-reporter(?:-destination)?[=\s]\s*\S+//g; $parts[$number] =~ s/(?<=\s)--test(?=\s|$)/--test $report/ }
		else { $parts[$number] =~ s/(\s*)\z/ $report$1/ }
		my $text = join '', @parts;
		# what is in node_modules npx finds
		my $others = grep { $_ % 2 == 0 && $parts[$_] !~ /^\s*(?:\w+=\S*\s+)*(?:node|npm)\s/ } 0 .. $#parts;
		return join ' && ', ($scripts{pretest} ne '' ? 'npm run pretest' : ()), $others ? 'npx -c ' . quoted($text) : $text;
	}
	return;
}

# Files that say what Python needs.
sub requirement_files { return grep { -f } glob('*requirements*'), glob('requirements/*'), 'pyproject.toml', 'setup.cfg', 'tox.ini', 'Pipfile' }

# Where pytest is set up, where it is demanded, or where tests are that it would find.
sub pytest_place {
	my %pytest = ('pytest.ini' => qr/./, 'pyproject.toml' => qr/^\[tool\.pytest/m, 'setup.cfg' => qr/^\[tool:pytest\]/m, 'tox.ini' => qr/^\[pytest\]/m);
	my ($settings) = grep { text_of($_) =~ $pytest{$_} } sort keys %pytest;
	my ($tests) = map { glob } 'tests/test_*.py', 'test_*.py', '{test,tests}/*/test_*.py', '{test,tests}/*/*/test_*.py';
	return $settings // $tests if defined $settings || defined $tests;
	return unless grep { -d } qw(tests test);
	for my $file (requirement_files()) {
		my $number = 0;
		for my $line (split /\n/, text_of($file)) {
			$number++;
			return where($file, $number) if $line =~ /^[^#]*(?<![\w.-])pytest(?![\w.-])/;
		}
	}
	return;
}

# How the tests run, with a report: (command, JUnit report, coverage report, where); the reports may be undef.
sub test_runner {
	my $python = -x '.venv/bin/python' ? '.venv/bin/python' : 'python3';
	my $pytest = pytest_place();
	if (defined $pytest) {
		my $covers = grep { text_of($_) =~ /pytest-cov/ } requirement_files();
		return ("$python -m pytest --junitxml=junit.xml" . ($covers ? ' --cov=. --cov-report=xml:coverage.xml' : ''),
			'junit.xml', $covers ? 'coverage.xml' : undef, $pytest);
	}
	my $script = script_with_report(package_json());
	return ($script, 'junit.xml', undef, 'package.json') if defined $script;
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

# Whether a builder can give an image that name.
sub is_engine_name {
	my ($name) = @_;
	my $part = qr/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/;
	my $domain = qr/(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(?::\d+)?/i;
	return 0 if $name =~ /^(?:docker-archive|oci-archive|oci|docker-daemon|docker):/ || $name =~ /\.(?:tar(?:\.\w+)?|tgz)$/;
	return $name =~ m{\A(?:$domain/)?$part(?:/$part)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?\z} && !-f $name && !-f "$name/oci-layout";
}

sub take_builds {
	my ($found) = @_;
	my ($file, $context) = map { $found->{$_}[0] } qw(DOCKERFILE CONTEXT);
	my ($builder) = grep { on_path($_) } qw(docker podman);
	my $image = $found->{IMAGE}[0];
	my $why = $found->{no_build} // (is_engine_name($image) ? undef : "'$image' is no name that a build gives");
	$why //= 'there is neither docker nor podman here' unless defined $builder;
	my @settings = qw(BUILD_COMMAND REBUILD_COMMAND SECOND_IMAGE SECOND_BUILD_COMMAND);
	if (defined $why) {
		$found->{why}{$_} = $why for @settings;
		return;
	}
	my @options = map { /^(--[a-z-]+)=(.*)$/s; ($1, quoted($2)) } @{ $found->{options} };
	my $build = sub { return join ' ', $builder, 'build', @_, @options, '-f', quoted($file), quoted($context) };
	my $second = $image =~ s{(?::[^:/]*)?\z}{:second-build}r;
	my %value = (
		BUILD_COMMAND => $build->('--no-cache', '-t', quoted($image)), REBUILD_COMMAND => $build->('-t', quoted($image)),
		SECOND_IMAGE => $second, SECOND_BUILD_COMMAND => $build->('--no-cache', '-t', quoted($second)));
	set($found, $_, $value{$_}, @options ? $found->{CONTEXT}[1] : $file) for @settings;
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
	my $why = $found->{why}{$name};
	return '# ' . $meaning . (defined $why ? '; ' . plain($why) : '') . "\n" . ($is_set ? '' : '#') . "$name=\n";
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
		$text .= "# not mounted: " . plain($_) . "; VOLUMES could stand for it\n" for $title eq 'how it runs' ? @{ $found->{binds} } : ();
		$text .= "# not read: " . plain($_) . "; RUN_ENV=\"\$RUN_ENV\$(echo; grep '^[A-Za-z_]' " . plain(quoted($_)) . ")\" would\n"
		  for $title eq 'how it runs' ? @{ $found->{env_files} } : ();
		$text .= "# not copied: build arguments, " . plain(join ', ', @{ $found->{arguments} }) . "; the builds take them from the environment\n"
		  if $title eq 'builds' && @{ $found->{arguments} } && $found->{BUILD_COMMAND};
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
	return ($file, $service, $service ? service_dockerfile($found, $notes, $file, $service)
		: first_file(qw(Dockerfile Containerfile docker/Dockerfile build/Dockerfile), sort glob 'Dockerfile.* *.Dockerfile'));
}

# undef where the service's is not there: what lies beside it builds something else.
sub service_dockerfile {
	my ($found, $notes, $file, $service) = @_;
	my $context = $service->{context} ? $service->{context}{value} // '.' : '.';
	my $said = $service->{dockerfile} ? $service->{dockerfile}{value} : undef;
	my @names = map { joined($context, $_) } defined $said ? $said : qw(Dockerfile Containerfile);
	my $dockerfile = first_file($service->{dockerfile_inline} ? () : @names);
	if (defined $dockerfile) {
		set($found, CONTEXT => $context =~ s{^-}{./-}r, where($file, $service->{line}));
		return $dockerfile;
	}
	$found->{why}{DOCKERFILE} = where($file, $service->{line})
	  . ($service->{dockerfile_inline} ? ": the Dockerfile of '$service->{name}' stands in the compose file" : ": '$names[0]', which '$service->{name}' is built by, is missing");
	push @$notes, plain($found->{why}{DOCKERFILE});
	return;
}

# Writes settings for the project in the current folder. Options: image, baseline, output, force, stdout.
# Returns what to tell, a list of lines; dies with one line.
sub init {
	my ($options) = @_;
	my $output = $options->{output} // 'seatrial.conf';
	die "'" . ($options->{shown} // $output) . "' is there already; --force replaces it\n" if !$options->{stdout} && !$options->{force} && -e $output;
	my %found = map { $_ => [] } qw(secrets arguments options lint_options binds env_files others);
	my (@notes, $why);
	set(\%found, IMAGE => $options->{image}, '--image');
	set(\%found, BASELINE => $options->{baseline}, '--baseline');
	my ($file, $service, $dockerfile) = find_files(\%found, \@notes);
	die join('; passed over: ', "no Dockerfile in '" . Cwd::getcwd() . "', and no --image", @notes) . "\n"
	  unless defined $dockerfile || $service || defined $options->{image};
	if (defined $dockerfile) {
		set(\%found, DOCKERFILE => $dockerfile, $service ? where($file, $service->{line}) : $dockerfile);
		set(\%found, CONTEXT => '.', $dockerfile);
	}
	take_build_options(\%found, $file, $service) if $service;
	my $built = defined $dockerfile ? outline(\$why, $dockerfile, @{ $found{lint_options} }) // die "$why\n" : undef;
	my $image = defined $options->{image} ? outline(\$why, $options->{image}) : undef;
	push @notes, $why if defined $options->{image} && !$image;
	take_values(\%found, $_->{environment}) for map { $_ ? $_->{image} : () } $image, $built;
	# the service is what runs, and so comes first
	if ($service) {
		take_values(\%found, $service->{environment});
		take_service(\%found, $file, $service);
	}
	if ($built) {
		take_image(\%found, $dockerfile, $built->{image}, $service);
		take_bases(\%found, $dockerfile, $built);
		take_uid(\%found, $dockerfile, $built);
	}
	take_image(\%found, 'the image', $image->{image}, $service) if $image;
	my $name = lc File::Basename::basename(Cwd::getcwd()) =~ s/[^A-Za-z0-9._-]+/-/gr =~ s/^[._-]+|[._-]+$//gr;
	set(\%found, IMAGE => ($name eq '' ? 'app' : $name) . ':latest', 'the name of the folder');
	take_routes(\%found);
	set(\%found, PRODUCTION_ENV => join("\n", 'LOG_LEVEL=INFO', -f 'package.json' ? 'NODE_ENV=production' : ()), -f 'package.json' ? 'package.json' : 'a custom')
	  unless grep { text_of($_) =~ /flask/i } requirement_files();
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
