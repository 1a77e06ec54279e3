#!/usr/bin/perl
# Real Dockerfiles and compose files: all are decided; the two that the episodes are about get what the
# checklist implies; mends change the lines that they are for and nothing else; images, too.
use strict;
use warnings;
use File::Copy;
use File::Temp 'tempdir';
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Corpus;
use Test::More;

my $folder = corpus_folder('dockerfiles');
my $compose = corpus_folder('compose');
my $scratch = tempdir(CLEANUP => 1);

my (undef, undef, $list) = ask('image-lint', '--list', '--json');
my %fixes = map { ($_->{name} => $_->{fixes}) } @{ decode_json($list)->{rules} };

# What builders refuse, too.
my %refused = map { ($_ => 1) } 'docker-library__python__Dockerfile-linux.template',
  'wagoodman__dive__cmd__dive__cli__testdata__invalid__Dockerfile';

sub lint {
	my ($file, @options) = @_;
	my ($status, $signal, $out, $err) = ask('image-lint', '--json', @options, $file);
	return ($status, undef, $err) if $status > 1 || $signal;
	return ($status, decode_json($out), $err);
}

sub lines { return [ split /(?<=\n)/, slurp($_[0]) ] }

my ($decided, $mended) = (0, 0);
for my $file (sort glob("$folder/real/*"), glob("$folder/*.Dockerfile"), glob("$folder/buildkit-parser/testfiles/*/Dockerfile")) {
	my $name = $file =~ s{^\Q$folder\E/}{}r;
	my ($status, $found, $err) = lint($file);
	if (!$found) {
		my $known = $refused{ $name =~ s{^real/}{}r } || $err =~ /stands before the first FROM|lacks an argument/;
		ok($known && $status == 2 && $err =~ /\A[^\n]+\n\z/, "$name: refused in one line") or diag($err);
		next;
	}
	$decided++;
	my $lines = lines($file);
	my @outside = grep { defined $_->{line} && ($_->{line} < 1 || $_->{line} > @$lines) } @{ $found->{findings} };
	is_deeply(\@outside, [], "$name: places are in the file");

	# Mended, it differs on lines that had something to mend, and has as many of them.
	my $copy = "$scratch/Dockerfile";
	copy($file, $copy) or die $!;
	my (undef, $fixed) = lint($copy, '--fix');
	my %meant = map { ($_->{line} => 1) } grep { $_->{fixed} } @{ $fixed->{findings} };
	my $after = lines($copy);
	is(scalar @$after, scalar @$lines, "$name: mends keep the lines");
	my @changed = grep { $lines->[ $_ - 1 ] ne $after->[ $_ - 1 ] } 1 .. @$lines;
	# a mend may stand on a later line of its command
	my @unmeant = grep { my $line = $_; !grep { $_ <= $line && $line - $_ < 12 } keys %meant } @changed;
	is_deeply(\@unmeant, [], "$name: no other line changes");
	$mended += @changed;
	my ($again_status, $again) = lint($copy, '--diff');
	is_deeply([ grep { $_->{fixed} } @{ ($again // {})->{findings} } ], [], "$name: and can be read");
	my %left;
	$left{ $_->{rule} }++ for grep { $fixes{ $_->{rule} } } @{ $again->{findings} };
	my %before;
	$before{ $_->{rule} }++ for grep { $fixes{ $_->{rule} } && !$_->{fixed} } @{ $fixed->{findings} };
	is_deeply(\%left, \%before, "$name: what was mended is not found again");
}
cmp_ok($decided, '>=', 80, "$decided Dockerfiles are decided");
cmp_ok($mended, '>=', 20, "$mended lines are mended");

# The two of the episodes.
sub rules_of {
	my ($file, @severities) = @_;
	my (undef, $found) = lint($file);
	return [ map { "$_->{line} $_->{rule}" } grep { my $finding = $_; grep { $finding->{severity} eq $_ } @severities } @{ $found->{findings} } ];
}
is_deeply(rules_of("$folder/webhook-after.Dockerfile", 'error', 'warning'), [], 'the one after: nothing that fails');
is_deeply(rules_of("$folder/webhook-after.Dockerfile", 'info'),
	[ '54 download-run-unseen', '54 pipe-failure-hidden', '83 no-labels', '90 package-unpinned', '114 chown-doubles-layer' ], 'the one after: notes');
is_deeply(rules_of("$folder/webhook-before.Dockerfile", 'error', 'warning'), [ '19 package-cache-left', '43 start-calls-package-manager' ],
	'the one before: it starts by way of uv, and keeps its cache');
my @items = ('digest-undocumented,single-stage,build-tools-in-final,cmd-shell-form,entrypoint-shell-form,start-calls-package-manager,'
	  . 'user-root,no-healthcheck,healthcheck-timing,port-not-exposed,sources-before-dependencies,base-not-pinned');
my @agreed = map { ('--expect', $_) } 'port=5000', 'health-interval=30s', 'health-timeout=10s', 'health-start-period=5s', 'health-retries=3';
my (undef, $after) = lint("$folder/webhook-after.Dockerfile", '--only', @items, @agreed);
is_deeply($after->{findings}, [], 'the one after: Episode 18 holds');
my (undef, $before) = lint("$folder/webhook-before.Dockerfile", '--only', @items, @agreed);
is_deeply([ map { $_->{rule} } @{ $before->{findings} } ], [ 'single-stage', 'base-not-pinned', 'start-calls-package-manager' ],
	'the one before: what Episode 18 has against it');

for my $file (sort glob "$compose/*.yaml") {
	my ($status, $found, $err) = lint($file);
	ok($found, $file =~ s{.*/}{}r . ': decided') or diag($err);
}

# Images: what can be read is decided, what is broken is refused in one line.
corpus_folder('images');
for my $image (corpus_images()) {
	my (@options) = @{ $image->{arguments} };
	my $name = pop @options;
	my ($status, $found, $err) = lint($name, @options);
	my $good = !@{ $image->{image}{problems} // [] };
	ok($good ? $found : $found || ($status == 2 && $err =~ /\A[^\n]+\n\z/),
		"$image->{title}: " . ($good ? 'decided' : 'decided, or refused in one line')) or diag($err);
}

done_testing();
