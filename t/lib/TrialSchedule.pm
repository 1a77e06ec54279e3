# Decides items side by side: each in a process of its own, what builds first and alone, what is timed
# while nothing else starts, the rest as processors allow. What they leave in the folder, the episodes
# say in TAP, which prove(1) reads.
package TrialSchedule;

use strict;
use warnings;
use IO::Select;
use JSON::PP;
use POSIX qw(:sys_wait_h);
use Time::HiRes ();

my $json = JSON::PP->new->canonical;

# The items of the episodes' scripts, in order, as they tell them.
sub items {
	my ($perl, @scripts) = @_;
	my @items;
	for my $script (@scripts) {
		local $ENV{SEATRIAL_MODE} = 'list';
		open my $in, '-|', $perl, $script or die "cannot run '$script': $!\n";
		push @items, map { { %{ $json->decode($_) }, script => $script } } <$in>;
		close $in or die "'$script' does not tell its items\n";
	}
	return @items;
}

sub new {
	my ($class, %options) = @_;
	# perl, folder, jobs, items, terminal (its width: write what is running there), width (code: asks for it), quiet,
	# built (code: what builds has ended)
	return bless { %options, running => {}, done => {}, output => '', partial => '' }, $class;
}

sub has_result { return -e "$_[0]{folder}/results/$_[1].json" }

# --- what may start ----------------------------------------------------------------------------

sub is_settled {
	my ($self, $item) = @_;
	# the shell makes it before the probe is done
	return -s "$self->{folder}/evidence/$item->{episode}-$item->{settles}.json";
}

sub phase {
	my ($item) = @_;
	return $item->{builds} ? 0 : $item->{settles} ? 1 : $item->{last} ? 3 : 2;
}

sub may_start {
	my ($self, $item) = @_;
	my @running = map { $_->{item} } values %{ $self->{running} };
	return !@running if $item->{builds} || $item->{last};
	for my $other (@running) {
		return 0 if $other->{builds};
		return 0 if $other->{settles} && !is_settled($self, $other);
		return 0 if defined $item->{lane} && ($other->{lane} // '') eq $item->{lane};
		# it would only wait for the other's evidence
		return 0 if defined $item->{by} && ($other->{by} // '') eq $item->{by} && $other->{episode} == $item->{episode};
	}
	# runs of the container are asleep for most of their time
	return 1 if $item->{settles};
	return @running < $self->{jobs};
}

# The next one to start; undef: none may. Phases come one after the other.
sub next_item {
	my ($self) = @_;
	my @waiting = @{ $self->{waiting} } or return;
	my ($phase) = sort { $a <=> $b } map { phase($_) } @waiting;
	for my $item (@waiting) {
		return $item if phase($item) == $phase && $self->may_start($item);
	}
	return;
}

# --- starting and ending -----------------------------------------------------------------------

sub start_item {
	my ($self, $item) = @_;
	$self->{waiting} = [ grep { $_ != $item } @{ $self->{waiting} } ];
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		# a terminal's signals come to the scheduler only
		POSIX::setpgid(0, 0);
		@SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
		$ENV{SEATRIAL_MODE} = "item $item->{id}";
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', \*STDERR;
		exec { $self->{perl} } $self->{perl}, $item->{script} or POSIX::_exit(127);
	}
	POSIX::setpgid($pid, $pid);
	$self->{running}{$pid} = { item => $item, began => Time::HiRes::time() };
	return;
}

# An item whose process left nothing is not decided, and that is a failure like any other.
sub item_ended {
	my ($self, $pid, $status) = @_;
	my $ended = delete $self->{running}{$pid} or return;
	my $item = $ended->{item};
	return if $self->has_result($item->{id}) || $self->{interrupted};
	my $how = $status & 127 ? 'by signal ' . ($status & 127) : 'with status ' . ($status >> 8);
	Trial::spew("$self->{folder}/results/$item->{id}.json", $json->encode({
		id => $item->{id}, subject => $item->{subject}, status => 'fail', values => {}, order => [], commands => [], evidence => [],
		found => "could not be decided: its process ended $how", seconds => Time::HiRes::time() - $ended->{began} }));
	return;
}

sub reap {
	my ($self) = @_;
	while ((my $pid = waitpid -1, WNOHANG) > 0) {
		if ($pid == ($self->{prove} // 0)) { $self->{prove_status} = $?; undef $self->{prove} }
		else { $self->item_ended($pid, $?) }
	}
	return;
}

# Everything that runs is asked to end, and takes down what it has started.
sub end_all {
	my ($self, $why) = @_;
	$self->{interrupted} = $why;
	kill TERM => keys %{ $self->{running} };
	while (%{ $self->{running} }) {
		$self->reap;
		$self->show_progress;
		Time::HiRes::sleep(0.05);
	}
	return;
}

sub interrupt {
	my ($self, $signal) = @_;
	return if $self->{interrupted};
	$self->end_all($signal);
	Trial::spew("$self->{folder}/interrupted", "$signal\n");
	return;
}

# --- what is seen ------------------------------------------------------------------------------

sub clock {
	my ($seconds) = @_;
	return sprintf '%d:%02d', $seconds / 60, $seconds % 60;
}

# "0:12", or "0:12 of 2:00" where it is known how long it has.
sub time_of {
	my ($item, $seconds) = @_;
	return clock($seconds) . (defined $item->{lasts} && $seconds <= $item->{lasts} ? ' of ' . clock($item->{lasts}) : '');
}

sub progress_line {
	my ($self) = @_;
	my $now = Time::HiRes::time();
	my @running = sort { $a->{began} <=> $b->{began} } values %{ $self->{running} };
	my $decided = @{ $self->{items} } - @running - @{ $self->{waiting} };
	my $line = ($self->{interrupted} ? 'ending: ' : '') . "$decided of " . @{ $self->{items} } . ' items decided';
	$line .= '; running ' . join ', ', map { "$_->{item}{id} (" . time_of($_->{item}, $now - $_->{began}) . ')' } @running if @running;
	return $line;
}

sub show_progress {
	my ($self) = @_;
	return unless $self->{terminal};
	$self->{terminal} = $self->{width}->() if delete $self->{resized};
	my $line = substr $self->progress_line, 0, $self->{terminal} - 1;
	return if $line eq ($self->{shown} // '');
	print STDERR "\r\e[K$line";
	$self->{shown} = $line;
	return;
}

sub clear_progress {
	my ($self) = @_;
	print STDERR "\r\e[K" if defined $self->{shown};
	undef $self->{shown};
	return;
}

# Whole lines only: what is running is shown in between.
sub take_output {
	my ($self) = @_;
	my $read = sysread $self->{pipe}, my $text, 65536;
	if (!$read) {
		delete $self->{pipe};
		$text = '';
		$self->{partial} .= "\n" if length $self->{partial};
	}
	$self->{partial} .= $text;
	if ($self->{partial} =~ s/\A(.*\n)//s) {
		$self->clear_progress;
		print STDOUT $1 unless $self->{quiet};
	}
	return;
}

sub start_prove {
	my ($self, @command) = @_;
	pipe $self->{pipe}, my $out or die "cannot make a pipe: $!\n";
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		POSIX::setpgid(0, 0);
		@SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
		$ENV{SEATRIAL_MODE} = 'follow';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', $out;
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	close $out;
	POSIX::setpgid($pid, $pid);
	$self->{prove} = $pid;
	return;
}

sub tell_built {
	my ($self) = @_;
	return if !$self->{built} || grep { $_->{builds} } @{ $self->{waiting} }, map { $_->{item} } values %{ $self->{running} };
	(delete $self->{built})->();
	return;
}

# Decides all items that have no result yet, while prove reads the episodes. Returns true where
# prove found nothing wrong, undef where it was interrupted.
sub run {
	my ($self, @prove) = @_;
	STDOUT->autoflush(1);
	STDERR->autoflush(1);
	$self->{waiting} = [ grep { !$self->has_result($_->{id}) } @{ $self->{items} } ];
	local $ENV{SEATRIAL_SCHEDULER} = $$;
	my $signal;
	local @SIG{qw(INT TERM HUP PIPE)} = (sub { $signal //= $_[0] }) x 4;
	local $SIG{WINCH} = sub { $self->{resized} = 1 };
	my $fine = eval {
		$self->start_prove(@prove);
		while ($self->{pipe} || $self->{prove}) {
			$self->reap;
			$self->interrupt($signal) if $signal;
			$self->tell_built unless $self->{interrupted};
			while (!$self->{interrupted} && (my $item = $self->next_item)) { $self->start_item($item) }
			$self->show_progress;
			if (!$self->{pipe}) { Time::HiRes::sleep(0.02) }
			elsif (IO::Select->new($self->{pipe})->can_read(0.02)) { $self->take_output }
		}
		1;
	};
	if (!$fine) {
		# the folder is gone, or the disk full: nothing is to go on behind our back
		my $why = $@;
		$self->end_all('nobody');
		$self->clear_progress;
		die $why;
	}
	# prove is gone: what has left its result is about to end, and nobody would hear of the rest
	while (%{ $self->{running} } && !grep { !$self->has_result($_->{item}{id}) } values %{ $self->{running} }) {
		Time::HiRes::sleep(0.02);
		$self->reap;
	}
	$self->interrupt('PIPE') if %{ $self->{running} };
	$self->clear_progress;
	return if $self->{interrupted};
	return ($self->{prove_status} // 1) == 0;
}

1;
