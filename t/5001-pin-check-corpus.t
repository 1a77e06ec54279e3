#!/usr/bin/perl
# The Dockerfiles and compose files of the corpus: the parser's trees are those that BuildKit expects,
# and every FROM, COPY --from, RUN --mount and image is what others made of it.
use strict;
use warnings;
use Encode;
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Corpus;
use Test::More;

corpus_folder('dockerfiles');
my $corpus = $ENV{CORPUS};

my $tree = "$ENV{BUILDDIR}/t/lib/dockerfile-tree";
for my $expected (sort glob "$corpus/dockerfiles/buildkit-parser/testfiles/*/result") {
	my ($file, $name) = $expected =~ m{^(.*/([^/]+))/result$};
	my ($status, undef, $out) = ask($tree, "$file/Dockerfile");
	my $wanted = slurp($expected);
	$_ =~ s/\n*\z/\n/ for $out, $wanted;
	is($status, 0, "tree of $name: parsed");
	is($out, $wanted, "tree of $name");
}
my ($status, undef, $line_out) = ask($tree, '--json', "$corpus/dockerfiles/buildkit-parser/testfile-line/Dockerfile");
my @lines = map { [ $_->{first_line}, $_->{last_line} ] } @{ decode_json($line_out)->{instructions} };
is_deeply(\@lines, [ [ 5, 5 ], [ 11, 12 ], [ 17, 31 ] ], 'lines of instructions that go over several');

# What pin-check says otherwise than the facts, and why it does.
my %differs = (
	# the facts' parser stops looking for directives at the first one it does not know, `syntax`;
	# BuildKit's own expected tree of this file says (from "image")
	'buildkit-parser/testfiles/escape-with-syntax/Dockerfile' => 'escape directive behind a syntax directive',
);
my %pin = ('invalid-reference' => 'invalid');

# The references of one instruction as [line, kind, raw, resolved].
sub found {
	my ($references, $instruction) = @_;
	return [ map { [ $_->{line}, $_->{pin}, $_->{raw}, $_->{resolved} ] } grep { $_->{instruction} eq $instruction } @$references ];
}

sub wanted {
	my ($facts) = @_;
	return [ map { my $pin = $_->{pin} // $_->{kind}; [ $_->{line}, $pin{$pin} // $pin, $_->{raw}, $_->{resolved} ] } @$facts ];
}

# Words whose place in the file holds something else. What goes over several lines or has quotes is not compared,
# nor the signs of ENV and LABEL, which have no place.
sub misplaced {
	my ($text, @instructions) = @_;
	my @wrong;
	for my $instruction (@instructions) {
		my @words = (@{ $instruction->{flags} }, @{ $instruction->{args} });
		for my $i (0 .. $#words) {
			my ($start, $end) = @{ $instruction->{places}[$i] };
			my $there = substr $text, $start, $end - $start;
			next if $there =~ /[\n"]/ || $there eq '' && $words[$i] =~ /^=?$/;
			$there = Encode::decode('UTF-8', $there);
			push @wrong, [ $instruction->{first_line}, $words[$i], $there ] if $there ne $words[$i];
		}
	}
	return @wrong;
}

my $facts = decode_json(slurp("$corpus/dockerfiles/from-facts.json"));
for my $name (sort keys %$facts) {
	my $fact = $facts->{$name};
	my $short = $name =~ s{^dockerfiles/}{}r;
	my ($status, undef, $out, $err) = ask('pin-check', '--json', '--platform', 'linux/amd64', "$corpus/$name");
	if (!@{ $fact->{froms} }) {
		is($status, 2, "$short: no stage, or malformed: refused") or diag $out;
		is($out, '', "$short: and nothing said of it");
		is(scalar(split /\n/, $err), 1, "$short: in one line") or diag $err;
		next;
	}
	my $found = eval { decode_json($out) } // { files => [ { references => [] } ] };
	my $references = $found->{files}[0]{references};
	if ($differs{$short}) {
		is_deeply(found($references, 'FROM'), [ [ 4, 'untagged', 'image', 'image' ] ], "$short: $differs{$short}");
		next;
	}
	is_deeply(found($references, 'FROM'), wanted($fact->{froms}), "$short: FROM") or diag $err, explain $references;
	is_deeply(found($references, 'COPY --from'), wanted($fact->{copy_from}), "$short: COPY --from");
	is_deeply(found($references, 'RUN --mount'), wanted($fact->{mount_from}), "$short: RUN --mount");
	is($status, (grep { !$_->{holds} } @$references) ? 1 : 0, "$short: exit status");
	my @unpinned = grep { $_->{instruction} eq 'FROM' && !$_->{holds} } @$references;
	my %seen;
	is_deeply([ grep { !$seen{$_}++ } map { $_->{line} } grep { $_->{pin} ne 'digest' } @unpinned ], $fact->{unpinned_from_lines},
		"$short: unpinned lines");

	my (undef, undef, $parsed) = ask($tree, '--json', "$corpus/$name");
	my @instructions = @{ decode_json($parsed)->{instructions} };
	my $text = slurp("$corpus/$name");
	is_deeply([ misplaced($text, @instructions) ], [], "$short: the places of words");
	# the facts' parser takes the lines of a heredoc for instructions, and joins `trailing\\` with the
	# next line, where BuildKit's own tree has two
	is(scalar @instructions, $fact->{instruction_count}, "$short: number of instructions")
		unless $fact->{has_heredoc} || $short =~ /trailing-backslash/;
	is((grep { @{ $_->{heredocs} } } @instructions) ? 1 : 0, $fact->{has_heredoc} ? 1 : 0, "$short: heredocs");
	my @stages = map { [ lc($_->{args}[1] // '') eq 'as' ? lc $_->{args}[2] : undef ] } grep { $_->{name} eq 'from' } @instructions;
	is_deeply([ map { $_->[0] } @stages ], [ map { defined ? lc : undef } @{ $fact->{stage_names} } ], "$short: names of stages");
	for my $key (sort keys %{ $fact->{final_stage} }) {
		my $wanted = $fact->{final_stage}{$key};
		my ($last) = reverse grep { $_->{name} eq lc $key && $_->{stage} == $#stages } @instructions;
		is($last ? $last->{first_line} : undef, $wanted ? $wanted->{line} : undef, "$short: $key of the last stage");
		next unless $last && $wanted && exists $wanted->{form};
		is($last->{exec_form} ? 'exec' : 'shell', $wanted->{form}, "$short: form of $key");
		is_deeply($last->{args}, $wanted->{value}, "$short: words of $key") if $wanted->{form} eq 'exec' && $key ne 'HEALTHCHECK';
	}
}

my $compose = decode_json(slurp("$corpus/compose/facts.json"));
for my $name (sort keys %$compose) {
	my ($status, undef, $out, $err) = ask('pin-check', '--json', "$corpus/$name");
	my $services = $compose->{$name}{services};
	my %wanted = map { $_ => $services->{$_}{image} } grep { defined $services->{$_}{image} } keys %$services;
	my $found = eval { decode_json($out) } // fail("$name: $err");
	my %images = map { $_->{service} => $_->{resolved} } @{ $found->{files}[0]{references} };
	is_deeply(\%images, \%wanted, "$name: images");
	is($status, %wanted ? 1 : 0, "$name: exit status");
	open my $in, '<', "$corpus/$name" or die;
	my @text = <$in>;
	is((grep { $text[ $_->{line} - 1 ] !~ /image:\s*["']?\Q$_->{raw}\E/ } @{ $found->{files}[0]{references} }) + 0, 0, "$name: lines");
}

my ($after) = ask('pin-check', '--base', 'public.ecr.aws/amazonlinux/amazonlinux:2023', "$corpus/dockerfiles/webhook-after.Dockerfile");
is($after, 0, 'the webhook, after: pinned, consistent, on its base');
my ($before) = ask('pin-check', "$corpus/dockerfiles/webhook-before.Dockerfile");
is($before, 1, 'the webhook, before: not');

done_testing();
