#!/usr/bin/perl
# Real Dockerfiles and compose files: none is too strange; mends change what they are for and nothing else; the two
# that the episodes are about get what the checklist implies; images, too.
use strict;
use warnings;
use File::Temp 'tempdir';
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Corpus;
use Test::More;

my $corpus = corpus_folder('dockerfiles');
my $compose = corpus_folder('compose');
my $scratch = tempdir(CLEANUP => 1);
my $tree = "$ENV{BUILDDIR}/t/lib/dockerfile-tree";

# The files that builders refuse as well, and what for.
my %refused = (
	'real/docker-library__python__Dockerfile-linux.template' => qr/:1:1: unknown instruction: \{\{$/,
	'real/wagoodman__dive__cmd__dive__cli__testdata__invalid__Dockerfile' => qr/:2:1: unknown instruction: INVALID$/,
	'buildkit-parser/testfiles/health/Dockerfile' => qr/:4:1: HEALTHCHECK lacks an argument$/,
	(map { ("buildkit-parser/testfiles/$_/Dockerfile" => qr/:1: CMD stands before the first FROM$/) }
		qw(json jeztah-invalid-json-json-inside-string jeztah-invalid-json-json-inside-string-double
		jeztah-invalid-json-single-quotes jeztah-invalid-json-unterminated-bracket jeztah-invalid-json-unterminated-string)),
);

sub lint {
	my ($file, @options) = @_;
	my ($status, $signal, $out, $err) = ask('image-lint', '--json', @options, $file);
	return ($status, undef, $err) if $status > 1 || $signal;
	return ($status, decode_json($out), $err);
}

sub parsed {
	my ($path) = @_;
	my ($status, undef, $out) = ask($tree, '--json', $path);
	return $status == 0 ? decode_json($out)->{instructions} : undef;
}

# What an instruction is to a builder, whatever the case of its keyword and wherever it stands.
sub meaning {
	my ($instruction) = @_;
	return JSON::PP->new->canonical->encode([ map { $instruction->{$_} } qw(name exec_form flags args heredocs stage) ]);
}

# That nothing else changed: lines and instructions that no mended finding stands in are the same.
sub only_mended {
	my ($path, $before, $after, $findings) = @_;
	my ($old, $new) = (parsed($before), parsed($after));
	return 'it is refused' if !defined $new;
	my @old = split /\n/, slurp($before), -1;
	my @new = split /\n/, slurp($after), -1;
	return 'lines were added or left out' if @old != @new;
	return 'instructions were added or left out' if @$old != @$new;
	my (%mended, %line);
	for my $i (0 .. $#$old) {
		my ($first, $last) = @{ $old->[$i] }{qw(first_line last_line)};
		$mended{$i} = grep { $_->{fixed} && $_->{line} >= $first && $_->{line} <= $last } @$findings;
		@line{ $first .. $last } = (1) x ($last - $first + 1) if $mended{$i};
	}
	for my $i (0 .. $#$old) {
		return "line $old->[$i]{first_line} means something else" if !$mended{$i} && meaning($old->[$i]) ne meaning($new->[$i]);
	}
	for my $i (0 .. $#old) {
		return 'line ' . ($i + 1) . ' changed' if $old[$i] ne $new[$i] && !$line{ $i + 1 };
	}
	return '';
}

my $mends = 0;
for my $path (sort(glob("$corpus/real/*"), glob("$corpus/buildkit-parser/testfiles/*/Dockerfile"),
	glob("$corpus/buildkit-parser/testfiles-negative/*/Dockerfile"), "$corpus/buildkit-parser/testfile-line/Dockerfile",
	glob("$corpus/*.Dockerfile"))) {
	my $name = substr $path, length("$corpus/");
	my ($status, $signal, $out, $err) = ask('image-lint', '--json', $path);
	if ($status == 2 && $signal == 0) {
		my $why = $name =~ /testfiles-negative/ ? qr/./ : $refused{$name} // qr/^it is not refused$/;
		like($err, qr/\Aimage-lint: \Q$path\E:[^\n]+\n\z/, "$name: refused in a line");
		like($err =~ s/\n\z//r, $why, "$name: and rightly so");
		is($out, '', "$name: and nothing else is said");
		next;
	}
	ok(!$refused{$name}, "$name: taken");
	is("$signal $err", '0 ', "$name: without trouble");
	my $document = eval { decode_json($out) };
	is(ref $document, 'HASH', "$name: JSON") or next;
	is($status, $document->{verdict} eq 'holds' ? 0 : 1, "$name: status and verdict agree");
	my $lines = () = slurp($path) =~ /^/mg;
	is(scalar(grep { $_->{line} < 1 || $_->{line} > $lines || !length $_->{message} } @{ $document->{findings} }), 0, "$name: places");

	# in a folder of its own, for what lies beside it counts
	my $copy = tempdir(DIR => $scratch) . '/Dockerfile';
	open my $file, '>:raw', $copy or die "$copy: $!";
	print {$file} slurp($path);
	close $file or die "$copy: $!";
	chmod 0604, $copy;
	(undef, undef, $out) = ask('image-lint', '--json', '--fix', $copy);
	my $findings = decode_json($out)->{findings};
	$mends += grep { $_->{fixed} } @$findings;
	is(only_mended($path, $path, $copy, $findings), '', "$name: only what was to be mended has changed");
	is((stat $copy)[2] & 07777, 0604, "$name: and not the mode");
	my $once = slurp($copy);
	(undef, undef, $out) = ask('image-lint', '--json', '--fix', $copy);
	is(join(' ', map { "$_->{rule}:$_->{line}" } grep { $_->{fixed} } @{ decode_json($out)->{findings} }), '', "$name: nothing is left to be mended");
	ok($once eq slurp($copy), "$name: mending twice is mending once");
}
cmp_ok($mends, '>', 100, "$mends mends");

# The two of the story
my @agreed = map { ('--expect', $_) } qw(port=5000 health-interval=30s health-timeout=10s health-start-period=5s health-retries=3);

sub findings {
	my ($name) = @_;
	my (undef, undef, $out) = ask('image-lint', '--json', @agreed, "$corpus/$name");
	my $document = decode_json($out);
	return ($document, map { "$_->{line} $_->{severity} $_->{rule}" } @{ $document->{findings} });
}

my ($document, @found) = findings('webhook-after.Dockerfile');
is($document->{verdict}, 'holds', 'after: nothing but notes');
is_deeply(\@found, [ '54 info download-run-unseen', '54 info pipe-failure-hidden', '83 info no-labels', '90 info package-unpinned', '114 info chown-doubles-layer' ],
	'after: which ones');
my %credit = map { $_->{text} => 1 } @{ $document->{credits} };
is(join(', ', grep { !$credit{$_} } 'base pinned by digest', 'digests documented', 'built in one stage, run in another', 'start command in exec form',
	'runs as somebody else than root', 'health check in the image', 'dependencies installed before the sources come', q(no package manager's cache kept)),
	'', 'after: what is done well');
($document, @found) = findings('webhook-before.Dockerfile');
is($document->{verdict}, 'fails', 'before: does not hold');
is_deeply(\@found, [ '1 info no-labels', '1 info single-stage', '1 info base-not-pinned', '10 info apt-recommends', '11 info package-unpinned',
	'13 info package-unpinned', '19 warning package-cache-left', '26 info chown-doubles-layer', '43 error start-calls-package-manager' ], 'before: what it was rebuilt for');

my @items = ('digest-undocumented,single-stage,build-tools-in-final,cmd-shell-form,entrypoint-shell-form,start-calls-package-manager,'
	  . 'user-root,no-healthcheck,healthcheck-timing,port-not-exposed,sources-before-dependencies,base-not-pinned');
my (undef, $after) = lint("$corpus/webhook-after.Dockerfile", '--only', @items, @agreed);
is_deeply($after->{findings}, [], 'the one after: Episode 18 holds');
my (undef, $before) = lint("$corpus/webhook-before.Dockerfile", '--only', @items, @agreed);
is_deeply([ map { $_->{rule} } @{ $before->{findings} } ], [ 'single-stage', 'base-not-pinned', 'start-calls-package-manager' ],
	'the one before: what Episode 18 has against it');


# What maintainers of these files would call wrong
sub found_in {
	my ($name, $rule) = @_;
	my (undef, undef, $out) = ask('image-lint', '--json', '--only', $rule, "$corpus/real/$name");
	return join ' ', map { $_->{line} } grep { $_->{rule} eq $rule } @{ decode_json($out)->{findings} };
}

is(found_in('moby__buildkit__hack__dockerfiles__govulncheck.Dockerfile', $_), '', "an output of a build is no image: $_") for 'user-root', 'no-healthcheck';
is(found_in('docker-library__python__3.11__slim-trixie__Dockerfile', 'package-cache-left'), '', 'caches that are switched off');
is(found_in('docker-library__python__3.11__slim-trixie__Dockerfile', 'apt-lists-left'), '', 'lists that are removed far below');
is(found_in('docker-library__python__3.11__slim-trixie__Dockerfile', 'build-tools-in-final'), '', 'tools that are purged in the same RUN');
is(found_in('docker-library__python__3.11__slim-trixie__Dockerfile', 'secret-in-env'), '', 'the fingerprint of a key');
is(found_in('astral-sh__uv-docker-example__multistage.Dockerfile', 'package-cache-left'), '', 'caches that are mounted');
is(found_in('astral-sh__uv-docker-example__multistage.Dockerfile', 'sources-before-dependencies'), '', 'dependency files that are mounted');
is(found_in('moby__buildkit__Dockerfile', 'undefined-variable'), '', 'variables of a great build');
is(found_in('moby__buildkit__Dockerfile', 'copy-from-itself'), '', 'stages of a great build');

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
