# What other tools found: reports of trivy and of grype on an image, and of hadolint on a Dockerfile, in
# JSON.
package TrialScan;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(scan_report scanner hadolint_report on_path);

sub of_trivy {
	my ($report) = @_;
	my @results = @{ $report->{Results} // [] };
	return {
		scanner => 'trivy',
		image => $report->{Metadata}{ImageID},
		name => $report->{ArtifactName},
		# a report without results has looked at nothing
		targets => scalar @results,
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

# {scanner, image (the ID of its configuration, where told), name, targets, found => [{id, severity,
# package, version, fixed}]}. Dies with one line where it is none.
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

# [{line, level, code, message}], as hadolint --format json has them. Dies with one line where it is none.
sub hadolint_report {
	my ($name, $text) = @_;
	my $report = eval { JSON::PP->new->utf8->decode($text) };
	die "'$name' is no JSON\n" unless defined $report;
	my $whole = ref $report eq 'ARRAY' && !grep { ref ne 'HASH' || !defined $_->{code} || !defined $_->{level} } @$report;
	die "'$name' is no report of hadolint\n" unless $whole;
	return $report;
}

# Where a program is, or undef.
sub on_path {
	my ($name) = @_;
	return (grep { -f && -x } map { "$_/$name" } split /:/, $ENV{PATH})[0];
}

# The first scanner on PATH, and its command line for an image in a file or an engine; empty: there is none.
sub scanner {
	my ($image) = @_;
	my ($file) = $image =~ /^(?:docker-archive:|oci-archive:)?([^:]+)/;
	if (my $trivy = on_path('trivy')) {
		return ($trivy, 'image', '--quiet', '--format', 'json', -e $file ? ('--input', $file) : $image =~ s/^docker(?:-daemon:|:\/\/)//r);
	}
	if (my $grype = on_path('grype')) {
		return ($grype, '--quiet', '--output', 'json', -e $file ? "docker-archive:$file" : $image =~ s/^docker-daemon:/docker:/r =~ s/^docker:\/\//registry:/r);
	}
	return;
}

1;
