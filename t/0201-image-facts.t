#!/usr/bin/perl
# Every image of the corpus gives the facts that others worked out, read through every byte; what has
# problems is refused.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use lib "$FindBin::Bin/lib";
use Corpus;
use Test::More;

corpus_folder('images');
my $corpus = $ENV{CORPUS};
my $program = "$ENV{BUILDDIR}/t/lib/image-facts";
my $facts = decode_json(slurp("$corpus/images/facts.json"));

# What Docker writes for an empty list or text: absent, null or empty.
sub plain {
	my ($value) = @_;
	return '' unless defined $value;
	return $value unless ref $value;
	return @$value ? $value : '' if ref $value eq 'ARRAY';
	return %$value ? $value : '';
}

sub configuration {
	my ($found, $wanted, $title) = @_;
	for my $key (sort keys %$wanted) {
		my $value = $wanted->{$key};
		$value = [ sort keys %{ $value // {} } ] if $key eq 'Volumes' || $key eq 'ExposedPorts';
		$value = $value->{Test} if $key eq 'Healthcheck' && $value;
		my $have = $found->{$key};
		$have = [ sort @$have ] if $key eq 'Volumes' || $key eq 'ExposedPorts';
		is_deeply(plain($have), plain($value), "$title: configuration: $key");
	}
}

for my $name (sort keys %$facts) {
	my $fact = $facts->{$name};
	my $path = restored("$corpus/$name", $fact);
	if (!@{ $fact->{images} }) {
		my ($status, $signal, undef, $err) = ask($program, $path);
		is("$status $signal", '2 0', "$name: holds no image: refused");
		is(scalar(split(/\n/, $err)), 1, "$name: in one line") or diag $err;
		next;
	}
	my $number = 0;
	my %seen;
	for my $image (@{ $fact->{images} }) {
		my $index = $number++;
		my ($suffix, @options) = ('');
		if ($image->{view} eq 'docker') {
			$suffix = ":\@$index" if @{ $fact->{images} } > 1;
		} else {
			my $top = @{ $image->{via} } ? $image->{via}[0] : $image->{manifest_digest};
			$suffix = ":$top" if @{ $fact->{images} } > 1 || @{ $image->{via} };
			my $platform = $image->{platform};
			@options = ('--platform', "$platform->{os}/$platform->{architecture}") if $platform && @{ $image->{via} };
		}
		my $title = "$name$suffix @options";
		next if $seen{$title}++;
		my ($status, $signal, $out, $err) = ask($program, @options, "$path$suffix");
		my @problems = grep { !/^history has/ } @{ $image->{problems} };
		if (@problems) {
			is("$status $signal", '2 0', "$title: refused, for $problems[0]");
			is(scalar(split(/\n/, $err)), 1, "$title: in one line") or diag $err;
			next;
		}
		is("$status $signal", '0 0', "$title: readable") or diag($err), next;
		my $found = decode_json($out);
		is($found->{id}, $image->{config_digest}, "$title: image ID") if $image->{config_digest};
		is($found->{manifest_digest}, $image->{manifest_digest} // '', "$title: manifest digest");
		is(scalar @{ $found->{layers} }, $image->{layer_count}, "$title: number of layers");
		my $config = $image->{config};
		configuration($found->{config}, $config, $title);
		my ($os, $arch) = map { defined $config->{$_} && length $config->{$_} ? $config->{$_} : 'unknown' } qw(os architecture);
		like($found->{platform}, qr{^\Q$os/$arch\E(?:/|$)}, "$title: platform");
		# without --verify less is read, and the same is said
		my ($quick_status, undef, $quick) = ask($program, '--no-verify', @options, "$path$suffix");
		is($quick_status, 0, "$title: readable without reading it all");
		is_deeply(decode_json($quick), $found, "$title: the same without reading it all");
		for my $i (0 .. $image->{layer_count} - 1) {
			my ($layer, $wanted) = ($found->{layers}[$i], $image->{layers}[$i]);
			my %flat = (%$wanted, %{ $wanted->{tar} });
			delete $flat{entries} if @{ $flat{aufs_meta} // [] };
			for my $key (qw(diff_id compression stored_size unpacked_size entries regular regular_bytes dirs symlinks hardlinks)) {
				next unless defined $flat{$key};
				is($layer->{$key} // 0, $flat{$key}, "$title: layer $i: $key");
			}
			for my $key (qw(whiteouts opaques)) {
				next unless $flat{$key};
				is_deeply([ sort @{ $layer->{$key} } ], [ sort map { s{(^|/)\.wh\.([^/]+)$}{$1$2}r } map { s{/?\.wh\.\.wh\.\.opq$}{}r } @{ $flat{$key} } ],
					"$title: layer $i: $key");
			}
		}
	}
}

done_testing();
