# A release never changes: the members of version 1.0, and the scripts that were released.
use strict;
use warnings;

use Digest::SHA;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('versions');
$node->init;
$node->start;

# what CREATE EXTENSION makes, from test/members; a file NAME.txt for each version from 1.0 on
foreach my $file (sort glob 'test/members/*.txt')
{
	my ($version) = $file =~ m{([^/]+)\.txt$};
	my $database = "v$version" =~ tr/./_/r;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION todo_assoc VERSION '$version'");
	my $members = $node->safe_psql($database, q{
		SELECT pg_describe_object(classid, objid, 0) AS member FROM pg_depend
		WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
			AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'todo_assoc')
			AND classid <> 'pg_type'::regclass -- row types are members from 17 on
		ORDER BY pg_describe_object(classid, objid, 0) COLLATE "C"});
	is("$members\n", slurp_file($file), "the members of $version");
}

# lines of "sha256  sql/file", as sha256sum writes them, for scripts that were released
SKIP:
{
	skip 'nothing was released yet', 1 unless -e 'test/released.sha256';
	foreach my $line (split /\n/, slurp_file('test/released.sha256'))
	{
		my ($sum, $file) = $line =~ /^([0-9a-f]{64}) [ *](.+)$/ or die "test/released.sha256: $line";
		is(Digest::SHA->new(256)->addfile($file)->hexdigest, $sum, "$file is as it was released");
	}
}

# the version that is made is the one the control file says, and the library's
my ($control) = slurp_file('todo_assoc.control') =~ /^default_version *= *'(.*)'/m;
$node->safe_psql('postgres', 'CREATE EXTENSION todo_assoc');
is($node->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'todo_assoc'}), $control, 'the default version');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extension_versions
	WHERE name = 'todo_assoc' AND NOT (trusted AND NOT relocatable AND schema = 'pg_catalog')}), '0', 'trusted, in every version');

$node->stop;
done_testing();
