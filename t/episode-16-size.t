#!/usr/bin/perl
# Episode 16: the image shrank.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Trial (episode => 16);

sub sizes {
	my @limits = map { setting($_->[0]) ? ($_->[1], setting($_->[0])) : () }
	  ([ MAX_SIZE => '--max' ], [ MAX_LAYERS => '--max-layers' ]);
	return utility('sizes', 'image-size', '--measure', setting('MEASURE'), setting('MEASURE') eq 'compressed' ? '--compress' : (), '--top', 20,
		'--max-waste', setting('MAX_WASTE'), @limits,
		setting('BASELINE') ? ('--baseline', setting('BASELINE'), '--min-reduction', setting('MIN_REDUCTION')) : (),
		setting('IMAGE'));
}

sub check {
	my ($name) = @_;
	my ($found) = grep { $_->{name} eq $name } @{ sizes()->{checks} };
	return $found // die "image-size made no check '$name'\n";
}

sub largest_layers {
	my (@layers) = sort { $b->{content_bytes} <=> $a->{content_bytes} } @_;
	return @layers[ 0 .. ($#layers < 2 ? $#layers : 2) ];
}

sub largest { return [ map { bytes($_->{content_bytes}) . " layer $_->{index}: " . substr($_->{instruction}, 0, 100) } largest_layers(@_) ] }

# No layer may hold what the rules name; deleted files count.
sub clean {
	my ($rules, @more) = @_;
	my $found = utility($rules, 'layer-grep', '--deny', '--rules', setting('RULES_' . uc($rules =~ s/-/_/gr)) // $rules,
		@more, setting('IMAGE'));
	my @matches = @{ $found->{matches} };
	return holds("no match of $rules", matches => 0) unless @matches;
	my @first = map {
		my $where = defined $_->{layer} ? "layer $_->{layer}" : $_->{kind};
		"$where: " . ($_->{path} // '') . (defined $_->{rule} ? " ($_->{rule})" : '')
	} @matches[ 0 .. ($#matches < 9 ? $#matches : 9) ];
	return fails(counted($found->{match_count}, 'match', 'matches') . ", first $first[0]", matches => $found->{match_count}, first => \@first);
}

item '16.1', by => 'sizes', needs => ['BASELINE'], sub {
	my $sizes = sizes();
	return holds("$sizes->{baseline}{image}{name} and $sizes->{image}{name}", before => $sizes->{baseline}{image}{id},
		after => $sizes->{image}{id});
};

item '16.2', by => 'sizes', sub {
	my $sizes = sizes();
	$sizes = compressed_sizes() if grep { !defined $_->{compressed_bytes} } $sizes, $sizes->{baseline} // ();
	my $before = $sizes->{baseline};
	my $text = join '; ', map {
		my $measure = $_;
		"$measure " . ($before ? bytes($before->{"${measure}_bytes"}) . ' to ' : '') . bytes($sizes->{"${measure}_bytes"})
	} qw(content compressed);
	my @values = map { ("after_$_" => $sizes->{$_}, $before ? ("before_$_" => $before->{$_}) : ()) }
	  qw(content_bytes compressed_bytes unpacked_bytes);
	my $by_gzip = grep { $_->{compressed_here} } $sizes, $before // ();
	my $fits = !setting('MAX_SIZE') || check('max')->{holds};
	return verdict_of($fits, $text . ($by_gzip ? ', by gzip as a push would' : '') . ($before ? '' : '; no BASELINE to compare with')
		  . ($fits ? '' : ': the ' . setting('MEASURE') . ' is above ' . setting('MAX_SIZE')), @values);
};

item '16.3', by => 'sizes', needs => ['BASELINE'], sub {
	my $change = sizes()->{change};
	return verdict_of(check('min-reduction')->{holds},
		percent($change->{reduction_percent}) . ' smaller (' . bytes($change->{before_bytes}) . ' to '
		  . bytes($change->{after_bytes}) . "), $change->{measure}; demanded " . setting('MIN_REDUCTION'),
		%$change);
};

item '16.4', by => 'sizes', sub {
	my $sizes = sizes();
	my ($after, $before) = ($sizes->{layer_count}, $sizes->{baseline} && $sizes->{baseline}{layer_count});
	return skips(counted($after, 'layer') . '; no BASELINE to compare with', after => $after) if !defined $before && !setting('MAX_LAYERS');
	my $holds = !setting('MAX_LAYERS') || check('max-layers')->{holds};
	return verdict_of($holds, (defined $before ? "$before to " : '') . counted($after, 'layer'), after => $after, before => $before);
};

item '16.5', by => 'sizes', sub {
	my $sizes = sizes();
	for ([ 'the image', $sizes ], $sizes->{baseline} ? [ 'the baseline', $sizes->{baseline} ] : ()) {
		my ($whose, $of) = @$_;
		my @unnamed = grep { !length $_->{instruction} } largest_layers(@{ $of->{layers} });
		return fails("the history of $whose does not say what made layer $unnamed[0]{index}, " . bytes($unnamed[0]{content_bytes})) if @unnamed;
	}
	my $after = largest(@{ $sizes->{layers} });
	return holds("largest: " . ($after->[0] // 'no layer'), after => $after,
		$sizes->{baseline} ? (before => largest(@{ $sizes->{baseline}{layers} })) : ());
};

item '16.6', by => 'sizes', needs => ['BASELINE'], sub {
	my $differences = sizes()->{differences};
	my $line = sub { "$_->{path}: " . bytes($_->{before_bytes}) . ' to ' . bytes($_->{after_bytes}) };
	my @directories = map { $line->() } grep { defined } @{ $differences->{directories} }[ 0 .. 9 ];
	my @files = map { $line->() } grep { defined } @{ $differences->{files} }[ 0 .. 9 ];
	return holds(counted(scalar @{ $differences->{directories} }, 'directory', 'directories') . ' and ' . counted(scalar @{ $differences->{files} }, 'file') . ' on record',
		directories => \@directories, files => \@files);
};

item '16.7', by => 'build-tools', sub { clean('build-tools') };
item '16.8', by => 'package-managers', sub { clean('package-managers') };
item '16.9', by => 'development-dependencies', sub { clean('development-dependencies') };

item '16.10', by => 'sizes', sub {
	my $sizes = sizes();
	return verdict_of(check('max-waste')->{holds}, bytes($sizes->{wasted_bytes}) . ' wasted; limit ' . setting('MAX_WASTE'),
		wasted_bytes => $sizes->{wasted_bytes}, wasted_files => $sizes->{wasted_files});
};

item '16.11', by => 'secrets', sub { clean('secrets', '--config') };

done;
