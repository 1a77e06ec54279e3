# What other tools found: reports of trivy and of grype on an image, and of hadolint on a Dockerfile, in
# JSON.
package TrialScan;

use strict;
use warnings;
use Exporter 'import';
use File::Basename ();
use JSON::PP;
use Trial;

our @EXPORT_OK = qw(scan_report scanner hadolint_report on_path);

sub of_trivy {
	my ($report) = @_;
	my @results = @{ $report->{Results} // [] };
	return {
		scanner => 'trivy',
		image => $report->{Metadata}{ImageID},
		name => $report->{ArtifactName},
		# a report without results has looked at nothing, and one of secrets at no package
		targets => scalar(grep { ($_->{Class} // 'os-pkgs') =~ /^(?:os|lang)-pkgs$/ } @results),
		unsupported => $report->{Metadata}{OS}{EOSL} ? join(' ', grep { defined } @{ $report->{Metadata}{OS} }{qw(Family Name)}) : undef,
		found => [ map {
			my $result = $_;
			map { { id => $_->{VulnerabilityID}, severity => lc($_->{Severity} // 'unknown'), package => $_->{PkgName},
				version => $_->{InstalledVersion}, fixed => $_->{FixedVersion} } } @{ $result->{Vulnerabilities} // [] }
		} @results ],
	};
}

sub of_grype {
	my ($report) = @_;
	my $target = $report->{source}{target};
	return {
		scanner => 'grype',
		image => ref $target eq 'HASH' ? $target->{imageID} : undef,
		name => ref $target eq 'HASH' ? $target->{userInput} : $target,
		targets => $report->{source} ? 1 : 0,
		found => [ map {
			my ($flaw, $fix) = ($_->{vulnerability}, $_->{vulnerability}{fix});
			{ id => $flaw->{id}, severity => lc($flaw->{severity} // 'unknown'), package => $_->{artifact}{name},
				version => $_->{artifact}{version}, fixed => $fix && $fix->{versions} ? $fix->{versions}[0] : undef }
		} @{ $report->{matches} } ],
	};
}

# {scanner, image (the ID of its configuration; undef: it is of no image), name, targets, unsupported (a
# system whose flaws nobody records any more), found => [{id, severity, package, version, fixed}]}. Dies
# with one line where it is none.
sub scan_report {
	my ($name, $text) = @_;
	my $report = eval { JSON::PP->new->utf8->decode($text) };
	die "'$name' is no JSON\n" unless defined $report;
	my $read = ref $report ne 'HASH' ? undef : ref $report->{matches} eq 'ARRAY' ? \&of_grype
	  : exists $report->{SchemaVersion} || exists $report->{Results} ? \&of_trivy : undef;
	die "'$name' is no report of trivy or grype\n" unless $read;
	my $found = eval { $read->($report) };
	die "'$name' is no whole report of trivy or grype\n" unless $found && !grep { !defined $_->{id} } @{ $found->{found} };
	return $found;
}

# [{line, level, code, message}] on a Dockerfile, as hadolint --format json has them. Dies with one line
# where it is none.
sub hadolint_report {
	my ($name, $text, $dockerfile) = @_;
	my $report = eval { JSON::PP->new->utf8->decode($text) };
	die "'$name' is no JSON\n" unless defined $report;
	my $whole = ref $report eq 'ARRAY' && !grep { ref ne 'HASH' || !defined $_->{code} || !defined $_->{level} } @$report;
	die "'$name' is no report of hadolint\n" unless $whole;
	my $wanted = File::Basename::basename($dockerfile);
	my @own = grep { my $file = $_->{file} // '-'; $file =~ m{^(?:-|/dev/stdin)$} || File::Basename::basename($file) eq $wanted } @$report;
	die "'$name' is a report on '$report->[0]{file}'\n" if @$report && !@own;
	return \@own;
}

# Where a program is, or undef.
sub on_path {
	my ($name) = @_;
	return (grep { -f && -x } map { "$_/$name" } split /:/, $ENV{PATH})[0];
}

# The first scanner on PATH, and its command line for an image in a file or an engine; empty: there is none.
sub scanner {
	my ($image) = @_;
	my $file = image_file($image);
	if (my $trivy = on_path('trivy')) {
		return ($trivy, 'image', '--quiet', '--exit-code', '0', '--format', 'json', defined $file ? ('--input', $file) : $image =~ s/^docker(?:-daemon:|:\/\/)//r);
	}
	if (my $grype = on_path('grype')) {
		# what is not said grype tells by itself
		my $kind = !defined $file ? '' : -d $file ? 'oci-dir:' : $image =~ /^(oci|docker)-archive:/ ? "$1-archive:" : '';
		return ($grype, '--quiet', '--output', 'json', defined $file ? "$kind$file" : $image =~ s/^docker-daemon:/docker:/r =~ s/^docker:\/\//registry:/r);
	}
	return;
}

1;
