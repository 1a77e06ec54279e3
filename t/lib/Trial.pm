# What the episodes share: settings in, evidence gathered by the utilities, one TAP line per item out.
#
# An episode's script says
#
#     use Trial (episode => 15);
#     item '15.1', sub { holds 'what was measured', bytes => 12 };
#     item '15.7', needs => ['BASELINE'], by => 'run', sub { ... };
#     done;
#
# The subject of an item is read from the checklist, so each stands in one place. An item's code
# returns holds(), fails() or skips(). It fails when it dies: what could not be decided because a
# utility was in trouble is no pass. skips() is for what was not asked for or is not installed.
#
# Options of an item, for who plans and schedules:
#
#     needs    settings without which it is skipped; 'A|B' is either of them; code tells what is
#              missing, or undef
#     by       the evidence it rests on first; items of one evidence wait for it together
#     lane     items of one lane run one after the other (commands of the project's own)
#     builds   it makes what others look at: it runs before them, and alone, for it is timed
#     settles  nothing else starts until this evidence is there: a time to ready is measured
#     last     it runs when all others are decided
#
# From the environment: SEATRIAL_SETTINGS (a JSON object), SEATRIAL_REPORT (the report folder),
# SEATRIAL_ITEMS (ids to decide; empty is all), SEATRIAL_STRICT, SEATRIAL_CHECKLISTS; and SEATRIAL_MODE,
# what `done` is to do: decide the items and say so in TAP (the default); `list` them with their
# options; decide `item ID` only, and leave its result in the folder; or `follow` a scheduler, whose
# process is SEATRIAL_SCHEDULER, and say in TAP what it leaves there.
package Trial;

use strict;
use warnings;
use parent 'Exporter';
use Fcntl qw(:flock);
use IO::Handle;
use JSON::PP;
use POSIX qw(:sys_wait_h);
use Time::HiRes ();

our @EXPORT = qw(item lasts done holds fails skips setting setting_list setting_on utility evidence save
  shell stale image_file seconds bytes millis percent counted id_list last_lines slurp verdict_of lint dockerfile compressed_sizes lint_found lint_silenced lint_credit_of);

my $json = JSON::PP->new->canonical->allow_nonref;
my ($episode, @items, @results, %subjects, $tap, %selected, %lasts);
my $settings = {};
my $mode = $ENV{SEATRIAL_MODE} // '';
# What the item that is being decided has used, and when it must have ended.
my (@commands, @evidence, @gathered, $deadline);

sub import {
	my ($class, %options) = @_;
	$class->export_to_level(1, $class);
	return unless $options{episode};
	$episode = $options{episode};
	start();
	return;
}

sub slurp {
	my ($path) = @_;
	open my $in, '<:raw', $path or die "cannot open '$path': $!\n";
	local $/ = undef;
	my $text = <$in>;
	close $in;
	return $text;
}

sub spew {
	my ($path, $text) = @_;
	my $new = "$path.$$.new";
	open my $out, '>:raw', $new or die "cannot write '$path': $!\n";
	if (!(print {$out} $text) || !close $out || !rename $new, $path) {
		my $why = $!;
		unlink $new;
		die "cannot write '$path': $why\n";
	}
	return;
}

sub start {
	my $report = $ENV{SEATRIAL_REPORT} or plan_skip("no settings: run by 'seatrial'");
	$settings = $json->decode($ENV{SEATRIAL_SETTINGS} // '{}');
	%subjects = checklist($episode);
	$selected{$_} = 1 for split ' ', $ENV{SEATRIAL_ITEMS} // '';
	return if $mode eq 'list';
	mkdir "$report/$_" for qw(tap evidence gathered results);
	return if $mode =~ /^item /;
	open $tap, '>:raw', "$report/tap/episode-$episode.tap" or die "cannot write the TAP file: $!\n";
	STDOUT->autoflush(1);
	say_tap('TAP version 13');
	return;
}

# An episode's items, id => subject.
sub checklist {
	my ($number) = @_;
	return slurp("$ENV{SEATRIAL_CHECKLISTS}/episode-$number.md") =~ /^- \[ \] \*\*(\d+\.\d+)\*\* (.+?)\. Decided by: /mg;
}

sub use_settings { ($settings) = @_; return }

sub plan_skip {
	my ($reason) = @_;
	print "1..0 # SKIP $reason\n";
	exit 0;
}

sub say_tap {
	my ($line) = @_;
	print "$line\n";
	print {$tap} "$line\n";
	return;
}

# A description may hold anything that an image holds.
sub tap_text {
	my ($text) = @_;
	$text =~ s/([\x00-\x1f\x7f])/sprintf '\\x%02x', ord $1/ge;
	$text =~ s/([\\#])/\\$1/g;
	utf8::encode($text) if utf8::is_utf8($text);
	return $text;
}

sub holds { my ($text, @values) = @_; return { status => 'ok', text => $text, values => \@values } }
sub fails { my ($text, @values) = @_; return { status => 'fail', text => $text, values => \@values } }
sub skips { my ($text, @values) = @_; return { status => 'skip', text => $text, values => \@values } }

# holds or fails, by a condition.
sub verdict_of {
	my ($holds, $text, @values) = @_;
	return $holds ? holds($text, @values) : fails($text, @values);
}

sub item {
	my ($id, @options) = @_;
	my $decide = pop @options;
	my $subject = $subjects{$id} // die "the checklist has no item $id\n";
	return if %selected && !$selected{$id} && !$selected{$episode};
	push @items, { id => $id, subject => $subject, @options, decide => $decide };
	return;
}

# How long the gathering of an evidence takes at the least: for who waits for it.
sub lasts {
	my ($evidence, $seconds) = @_;
	$lasts{$evidence} = $seconds;
	return;
}

# Why the item cannot be decided by these settings; undef: it can be.
sub missing {
	my ($item) = @_;
	for my $need (@{ $item->{needs} // [] }) {
		if (ref $need) {
			my $why = $need->() // next;
			return $why;
		}
		my @names = split /\|/, $need;
		next if grep { defined setting($_) } @names;
		my $last = pop @names;
		return 'no ' . (@names ? join(', ', @names) . " or $last" : $last) . ' in the settings';
	}
	return;
}

sub decide {
	my ($item) = @_;
	my $began = Time::HiRes::time();
	my $missing = missing($item);
	(@commands, @evidence, @gathered) = ();
	$deadline = $began + seconds(setting('ITEM_LIMIT') // '1h');
	my $result = defined $missing ? skips($missing) : eval { $item->{decide}->() };
	if (!defined $result) {
		(my $why = $@ || 'it gave no result') =~ s/\s+\z//;
		$result = fails("could not be decided: $why");
	}
	if ($result->{status} eq 'skip' && $ENV{SEATRIAL_STRICT}) {
		$result = { %$result, status => 'fail', text => "not decided (--strict): $result->{text}" };
	}
	my %seen;
	return {
		id => $item->{id}, subject => $item->{subject}, status => $result->{status}, found => $result->{text},
		values => { @{ $result->{values} } }, order => [ grep { !ref } @{ $result->{values} }[ grep { !($_ % 2) } 0 .. $#{ $result->{values} } ] ],
		commands => [ grep { !$seen{$_}++ } @commands ], evidence => [ grep { !$seen{$_}++ } @evidence ], gathered => \@gathered,
		seconds => Time::HiRes::time() - $began,
	};
}

sub say_result {
	my ($result) = @_;
	push @results, $result;
	my $number = @results;
	my $line = ($result->{status} eq 'fail' ? 'not ok' : 'ok') . " $number - $result->{id} " . tap_text($result->{subject});
	$line .= ' # SKIP ' . tap_text($result->{found}) if $result->{status} eq 'skip';
	say_tap($line);
	return if $result->{status} eq 'skip';
	say_tap('  ---');
	say_tap('  found: ' . yaml($result->{found}));
	say_tap('  ' . (/^\w+$/ ? $_ : yaml($_)) . ': ' . yaml($result->{values}{$_})) for @{ $result->{order} };
	say_tap('  ...');
	return;
}

sub result_path { return "$ENV{SEATRIAL_REPORT}/results/$_[0].json" }

sub read_result {
	my ($id) = @_;
	return unless -e result_path($id);
	return $json->decode(slurp(result_path($id)));
}

# Waits for what the scheduler's processes leave; undef: it was interrupted, or is gone.
sub wait_for {
	my ($id) = @_;
	for (;;) {
		my $gone = -e "$ENV{SEATRIAL_REPORT}/interrupted" || !kill 0, $ENV{SEATRIAL_SCHEDULER};
		my $result = read_result($id);
		return $result if $result || $gone;
		Time::HiRes::sleep(0.05);
	}
}

# JSON is YAML.
sub yaml {
	my ($value) = @_;
	return JSON::PP->new->canonical->allow_nonref->ascii->encode($value);
}

sub done {
	return list() if $mode eq 'list';
	if (my ($id) = $mode =~ /^item (.+)/) {
		my ($item) = grep { $_->{id} eq $id } @items;
		spew(result_path($id), $json->encode(decide($item // die "no item $id\n")));
		exit 0;
	}
	my $interrupted;
	for my $item (@items) {
		my $result = $mode eq 'follow' ? wait_for($item->{id}) : decide($item);
		if (!$result) {
			$interrupted = 1;
			# decided out of order, and not to be lost
			push @results, grep { defined } map { my $id = $_->{id}; (grep { $_->{id} eq $id } @results) ? undef : read_result($id) } @items;
			last;
		}
		say_result($result);
	}
	say_tap($interrupted ? 'Bail out! interrupted' : '1..' . scalar(@results));
	close $tap or die "cannot write the TAP file: $!\n";
	spew("$ENV{SEATRIAL_REPORT}/results/episode-$episode.json",
		$json->pretty->encode({ episode => 0 + $episode, items => \@results, $interrupted ? (interrupted => JSON::PP::true) : () }));
	# the plan and the lines tell; a status of its own would only repeat them
	exit 0;
}

sub list {
	for my $item (@items) {
		my %told = (%$item, episode => 0 + $episode, missing => scalar missing($item), lasts => $lasts{ $item->{by} // '' });
		delete @told{qw(decide needs)};
		print $json->encode(\%told), "\n";
	}
	exit 0;
}

sub setting {
	my ($name) = @_;
	my $value = $settings->{$name};
	return defined $value && length $value ? $value : undef;
}

# A setting of several lines or words: one value a line.
sub setting_list {
	my ($name) = @_;
	return grep { length } map { s/^\s+|\s+$//gr } split /\n/, setting($name) // '';
}

sub setting_on { return (setting($_[0]) // '') =~ /^(?:1|yes|true|on)$/i }

sub seconds {
	my ($text) = @_;
	my %unit = (ns => 1e-9, us => 1e-6, ms => 1e-3, s => 1, m => 60, h => 3600, '' => 1);
	my $total = 0;
	die "'$text' is no duration\n" unless $text =~ /^(?:\d+(?:\.\d+)?(?:ns|us|ms|[smh])?)+$/;
	$total += $1 * $unit{$2} while $text =~ /(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|)/g;
	return $total;
}

sub size_limit {
	my ($text) = @_;
	my ($number, $prefix, $binary) = $text =~ /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i or die "'$text' is no size\n";
	return $number * ($binary ? 1024 : 1000)**(index('kmgt', lc $prefix) + ($prefix ne ''));
}

# As docker prints sizes.
sub bytes {
	my ($value) = @_;
	return 'not known' unless defined $value;
	my @units = qw(B kB MB GB TB);
	my $unit = 0;
	while (abs $value >= 999.95 && $unit < $#units) { $value /= 1000; $unit++ }
	return $unit ? sprintf '%.1f %s', $value, $units[$unit] : "$value B";
}

sub millis {
	my ($value) = @_;
	return 'not known' unless defined $value;
	return $value < 1000 ? sprintf('%.0f ms', $value) : sprintf('%.2f s', $value / 1000);
}

# Rounded down: 84.96 % is not 85 %.
sub percent { return sprintf '%.1f %%', POSIX::floor(10 * $_[0]) / 10 }

# "1 line", "2 lines", "2 matches".
sub counted {
	my ($number, $one, $many) = @_;
	return "$number " . ($number == 1 ? $one : $many // "${one}s");
}

# "15.1-15.4, 15.7": three or more that follow each other are a range.
sub id_list {
	my (@runs, $last);
	for my $id (@_) {
		my ($of, $number) = split /\./, $id;
		if ($last && $last->[0] == $of && $last->[1] + 1 == $number) { push @{ $runs[-1] }, $id }
		else { push @runs, [$id] }
		$last = [ $of, $number ];
	}
	return join ', ', map { @$_ > 2 ? "$_->[0]-$_->[-1]" : @$_ } @runs;
}

# Of what a program printed: why it failed stands at the end.
sub last_lines {
	my ($output) = @_;
	my @lines = grep { /\S/ } split /\n/, $output;
	return [ @lines > 5 ? @lines[ -5 .. -1 ] : @lines ];
}

sub evidence_path { return "$ENV{SEATRIAL_REPORT}/evidence/$episode-$_[0]" }

# Keeps a text as evidence; returns its path.
sub save {
	my ($name, $text) = @_;
	my $path = evidence_path($name);
	spew($path, $text);
	return $path;
}

# A program's output is evidence, and read as a whole.
my $output_max = 256e6;

# The process group of the program that is running, and how it is ended: asked first, for ro-run takes
# its container down.
my $running;

# A variable that all processes of a command of the project have, whatever sessions they begin. By that
# those are found that outlive it; new ones may come while others are looked for. Podman's are an
# engine, and its next command needs them.
my $mark = "TRIAL_COMMAND_$$";

sub is_marked {
	my ($pid) = @_;
	my ($environment, $name) = map { eval { slurp("/proc/$pid/$_") } // '' } qw(environ comm);
	return "\0$environment" =~ /\0$mark=/ && $name !~ /^(?:podman|conmon|catatonit)/;
}

sub end_marked {
	for (1 .. 100) {
		my @left = grep { $_ != $$ && is_marked($_) } map { m{(\d+)} } glob '/proc/[0-9]*';
		return unless @left;
		kill KILL => @left;
		Time::HiRes::sleep(0.01);
	}
}

sub end_running {
	my ($pid) = @_;
	# until it leads its group it is alone
	kill(TERM => -$pid) || kill TERM => $pid;
	for (1 .. 300) {
		return $? if waitpid($pid, WNOHANG) == $pid;
		Time::HiRes::sleep(0.05);
	}
	kill KILL => -$pid;
	waitpid $pid, 0;
	return $?;
}

$SIG{TERM} = $SIG{INT} = sub {
	end_running($running) if $running;
	end_marked() if $ENV{$mark};
	POSIX::_exit(143);
};

# Why a program is to be ended; undef: it may go on.
sub too_much {
	my (@output) = @_;
	return 'has not ended within ' . (setting('ITEM_LIMIT') // '1h') . ' (ITEM_LIMIT)' if Time::HiRes::time() > $deadline;
	return too_long(@output);
}

sub too_long { return (grep { (-s $_ || 0) > $output_max } @_) ? 'has printed more than ' . bytes($output_max) : undef }

# Runs a program without a shell; returns exit status, standard output and standard error, which are
# also kept as evidence. What it leaves running ends with it.
sub capture {
	my ($name, @command) = @_;
	my ($out, $err) = (evidence_path("$name.out"), evidence_path("$name.err"));
	my $block = POSIX::SigSet->new(POSIX::SIGTERM, POSIX::SIGINT);
	# until it is known what is to be ended
	POSIX::sigprocmask(POSIX::SIG_BLOCK, $block);
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		# without a terminal, which would stop it for a password, and which is not its to change
		POSIX::setsid();
		@SIG{qw(TERM INT)} = ('DEFAULT', 'DEFAULT');
		POSIX::sigprocmask(POSIX::SIG_UNBLOCK, $block);
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
		open STDOUT, '>', $out or POSIX::_exit(126);
		open STDERR, '>', $err or POSIX::_exit(126);
		delete @ENV{ grep { /^SEATRIAL_(?:REPORT|SETTINGS|ITEMS|STRICT|CHECKLISTS|MODE|SCHEDULER)$/ } keys %ENV };
		{ no warnings 'exec'; exec { $command[0] } @command }
		print STDERR "cannot run '$command[0]': $!\n";
		POSIX::_exit(127);
	}
	$running = $pid;
	POSIX::sigprocmask(POSIX::SIG_UNBLOCK, $block);
	my $why;
	while (waitpid($pid, WNOHANG) == 0) {
		# killed: nobody would hear of it
		$SIG{TERM}->() if defined $ENV{SEATRIAL_SCHEDULER} && getppid != $ENV{SEATRIAL_SCHEDULER};
		if ($why = too_much($out, $err)) {
			$? = end_running($pid);
			last;
		}
		Time::HiRes::sleep(0.01);
	}
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	undef $running;
	kill KILL => -$pid;
	$why //= too_long($out, $err);
	if ($why) {
		truncate $_, 1e6 for grep { (-s $_ || 0) > 1e6 } $out, $err;
		die "'$command[0]' $why\n";
	}
	return ($status, slurp($out), slurp($err));
}

# How the utilities that read images reach those in registries.
my %reads_images = map { ($_ => 1) } qw(image-size image-diff layer-grep ro-run image-lint);

sub registry_options {
	my @options;
	push @options, ('--authfile', setting('AUTHFILE')) if setting('AUTHFILE');
	push @options, ('--ca-file', setting('CA_FILE')) if setting('CA_FILE');
	push @options, map { ('--insecure', $_) } setting_list('INSECURE');
	push @options, map { ('--mirror', $_) } setting_list('MIRRORS');
	return @options;
}

sub quote {
	my ($word) = @_;
	return $word if $word =~ m{^[\w./:=@%+,-]+$};
	return "'" . $word =~ s/'/'\\''/gr . "'";
}

# As anybody else may read it: with the report folder where it will be, and without what is secret.
sub shown {
	my ($command) = @_;
	my $final = $ENV{SEATRIAL_REPORT} =~ s{/\.trial\z}{}r;
	$command =~ s/\Q$ENV{SEATRIAL_REPORT}\E/$final/g;
	return masked($command);
}

# Variables, parameters and headers by their names, and what stands before the host in an address. The value
# of a variable is a word of sh, or the rest of a word that is quoted whole.
sub masked {
	my ($text) = @_;
	my $name = qr/(?![\d.-])[\w.-]*(?:SECRET|TOKEN|PASS|PWD|CREDENTIAL|KEY|AUTH|DSN|SALT|COOKIE|SIGNATURE)[\w.-]*/i;
	my $word = qr/(?:[^\s'"\\&]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*/s;
	$text =~ s/'($name)=(?:[^']|'\\'')*'/'$1=***'/g;
	$text =~ s/"($name)=(?:[^"\\]|\\.)*"/"$1=***"/gs;
	$text =~ s/(?<![\w.-])($name)=$word/$1=***/g;
	$text =~ s/(--[\w-]*(?:SECRET|TOKEN|PASS|CREDENTIAL)[\w-]*[= ])$word/$1***/gi;
	$text =~ s/(?<![\w.-])($name)(["']?\s*:\s+["']?)[^'"\n]+/$1$2***/g;
	$text =~ s{://[^/\s\@']+\@}{://***\@}g;
	return $text;
}

# The same evidence is gathered once, whichever item and process asks for it first; the others wait.
# `gather` returns what is to be kept of it; what it dies of is kept, too. COMMAND is how anybody
# gets it again.
sub gathered {
	my ($name, $command, $gather) = @_;
	my $path = "$ENV{SEATRIAL_REPORT}/gathered/$episode-$name";
	open my $lock, '>>', "$path.lock" or die "cannot write '$path.lock': $!\n";
	flock $lock, LOCK_EX or die "cannot lock '$path.lock': $!\n";
	if (!-e "$path.json") {
		my $found = eval { $gather->() };
		spew("$path.json", $json->encode($found // { failed => $@ =~ s/\s+\z//r }));
	}
	close $lock;
	push @commands, shown($command);
	push @gathered, "$episode-$name";
	push @evidence, map { "evidence/$episode-$name$_" } grep { -s evidence_path("$name$_") } qw(.json .out .err .log .svg);
	my $found = $json->decode(slurp("$path.json"));
	die "$found->{failed}\n" if exists $found->{failed};
	return $found;
}

# Runs a utility with --json and returns its document; dies with its own words when it was in trouble.
# Arguments in a list are of this run alone: who does it again needs them not.
sub utility {
	my ($name, $utility, @arguments) = @_;
	unshift @arguments, registry_options() if $reads_images{$utility} || $utility eq 'pin-check' && $arguments[0] eq '--verify';
	my @shown = map { quote($_) } $utility, '--json', grep { !ref } @arguments;
	my @command = ($utility, '--json', map { ref ? @$_ : $_ } @arguments);
	gathered($name, join(' ', @shown), sub {
		my ($status, $out, $err) = capture($name, @command);
		if ($status > 1 || !defined eval { $json->decode($out) }) {
			$err =~ s/\s+\z//;
			$err =~ s/\n/; /g;
			die(($err || "$utility ended with status $status and no document") . "\n");
		}
		rename evidence_path("$name.out"), evidence_path("$name.json");
		unlink evidence_path("$name.err") unless length $err;
		return { status => $status };
	});
	return evidence($name);
}

# What image-lint says of a target, by some rules only; NAME is the evidence's.
sub lint {
	my ($name, $rules, $target) = @_;
	my @options = ('--only', join ',', @$rules);
	my %expected = (
		'uid' => 'USER_ID', 'port' => 'PORT', 'health-interval' => 'HEALTH_INTERVAL', 'health-timeout' => 'HEALTH_TIMEOUT',
		'health-start-period' => 'HEALTH_START_PERIOD', 'health-retries' => 'HEALTH_RETRIES',
	);
	push @options, map { ('--expect', "$_=" . setting($expected{$_})) } grep { defined setting($expected{$_}) } sort keys %expected;
	push @options, '--context', setting('CONTEXT') if setting('CONTEXT');
	return utility($name, 'image-lint', @options, $target);
}

# The Dockerfile of the settings. A name that is no file could be an image's.
sub dockerfile {
	my $file = setting('DOCKERFILE') // return;
	die "DOCKERFILE '$file': no such file\n" unless -e $file;
	return $file;
}

# The sizes of an image, also as a push compresses it. To compress takes its time, so nothing else waits for it, and
# it is done once.
sub compressed_sizes {
	return of_episode(16, sub {
		utility('compressed', 'image-size', '--compress', setting('BASELINE') ? ('--baseline', setting('BASELINE')) : (), setting('IMAGE'));
	});
}

# Its findings, one line each, but for those that the file silences with a reason.
sub lint_found {
	my ($document) = @_;
	return map { ($_->{line} ? "$_->{target}:$_->{line}: " : "$_->{target}: ") . "$_->{message} [$_->{rule}]" }
	  grep { !$_->{silenced} } @{ $document->{findings} };
}

# Those, one line each, that it silences: the file says why, and nobody has decided.
sub lint_silenced {
	my ($document) = @_;
	return map { "silenced in $_->{target}:$_->{line}: $_->{message} [$_->{rule}]" } grep { $_->{silenced} } @{ $document->{findings} };
}

sub lint_credit_of {
	my ($document, $text) = @_;
	return scalar grep { $_->{text} eq $text } @{ $document->{credits} };
}

# A document among the evidence; each is read once.
my %documents;

sub evidence {
	my ($name) = @_;
	my $path = evidence_path("$name.json");
	die "nothing was measured: no $name\n" unless -s $path;
	push @evidence, "evidence/$episode-$name.json";
	return $documents{$name} //= $json->decode(slurp($path));
}

# Runs a configured command by the shell, in CONFIG_DIR; returns {status, seconds, began, output}. What it
# leaves running ends with it, daemons, too.
sub shell {
	my ($name, $command) = @_;
	my $directory = setting('CONFIG_DIR') // '.';
	my $found = gathered($name, $command, sub {
		my $began = Time::HiRes::time();
		local $ENV{$mark} = 1;
		my ($status) = eval { capture($name, '/bin/sh', '-c', 'cd "$1" && eval "$2"', 'sh', $directory, $command) };
		my ($trouble, $ended) = ($@, Time::HiRes::time());
		end_marked();
		die $trouble unless defined $status;
		return { status => $status, began => $began, seconds => $ended - $began };
	});
	return { %$found, output => join '', map { slurp(evidence_path("$name.$_")) } qw(out err) };
}

# What another episode gathers, too, is gathered once for both.
sub of_episode {
	my ($number, $gather) = @_;
	(my $own, $episode) = ($episode, $number);
	my $found = eval { $gather->() };
	$episode = $own;
	return $found // die $@;
}

# What the command did not write anew tells of another run: why, or undef. Some file systems keep
# whole seconds.
sub stale {
	my ($ran, $file) = @_;
	my @found = stat $file or return;
	return $found[9] < int $ran->{began} ? "'$file' is older than the run: the command did not write it" : undef;
}

# The file or folder that an image is in, as the utilities tell it from a name; undef: it is in an
# engine or a registry.
sub image_file {
	my ($image) = @_;
	my $is_named = $image =~ s/^(?:docker-archive|oci-archive|oci)://;
	return if !$is_named && $image =~ /^(?:docker:\/\/|docker-daemon:)/;
	for (my $path = $image; $path ne ''; $path =~ s/(?:^|:)[^:]*\z//) {
		return $path if -e $path && ($is_named || !-d _ || -e "$path/index.json" || -e "$path/oci-layout");
	}
	return;
}

1;
