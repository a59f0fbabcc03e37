# What generate_migration() refuses and leaves out, and what a package loses by hand.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('generate');
$node->init;
$node->start;
plan skip_all => 'the extension directory cannot be written' unless extension_directory($node);
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN; CREATE DATABASE generate OWNER plain TEMPLATE template0');

sub as { my ($sql) = @_; return $node->safe_psql('generate', $sql, extra_params => [ '-U', 'plain' ]) }

# What is told besides the result.
sub told
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('generate', $sql, extra_params => [ '-U', 'plain' ]);
	return "$out\n$err" =~ s/^psql:<stdin>:\d+: //mgr;
}

sub refused
{
	my ($call, $report, $name) = @_;
	is(report($node, 'generate', "SELECT * FROM assoc.generate_migration($call)", '-U', 'plain'), $report, $name);
	return;
}

as('CREATE EXTENSION todo_assoc');
make_package('ta_gen', '1.0', {
	'1.0' => q{CREATE TABLE public."Parents" (id integer PRIMARY KEY); CREATE TABLE public.children (id integer PRIMARY KEY, parent_id integer, other_id integer);
SELECT assoc.define_model('Parent', 'public."Parents"'); SELECT assoc.define_model('Child', 'public.children');
SELECT assoc.belongs_to('Child', 'Parent', foreign_key => 'parent_id'); SELECT assoc.apply();},
	'1.0--1.1' => 'SELECT 1;' });

# versions
refused(q{'ta_gen'}, q{ERROR:  55000: package "ta_gen" is not installed
DETAIL:  Its next version is the difference between what is declared and what is there.
HINT:  SELECT * FROM assoc.migrate('ta_gen');}, 'no package yet');
as('CREATE EXTENSION ta_gen');
refused(q{'ta_gen', '0.9'}, q{ERROR:  22023: package "ta_gen" is at version 1.0, not 0.9
DETAIL:  The script is written for the database as it is.
HINT:  Leave from_version out.}, 'from another version');
refused(q{'ta_gen', to_version => 'next'}, q{ERROR:  22023: "next" is no version for a package
DETAIL:  Versions are numbers with dots between them.
HINT:  Say, for example, to_version => '1.1'.}, 'to a version that is no number');
refused(q{'ta_gen', to_version => '0.10'}, q{ERROR:  22023: version 0.10 is not above 1.0
HINT:  Say, for example, to_version => '1.1'.}, 'down');
refused(q{'ta_gen'}, q{ERROR:  42710: package "ta_gen" already has a version 1.1
HINT:  SELECT * FROM assoc.migrate('ta_gen'); first, or say another to_version.}, 'to a version that is there');

# nothing to write, and what cannot be written
is(told(q{SELECT count(*) FROM assoc.generate_migration('ta_gen', to_version => '1.2')}), q{0
NOTICE:  package "ta_gen" needs no new version: what is declared about its tables is there
HINT:  Declare by hand what shall change, then call this again.}, 'nothing has been declared');
as(q{CREATE TABLE others (id integer PRIMARY KEY); SELECT assoc.define_model('Other', 'others');
	SELECT assoc.belongs_to('Child', 'Other', foreign_key => 'other_id', enforce => 'foreign_key')});
like(told(q{SELECT count(*) FROM assoc.generate_migration('ta_gen', to_version => '1.2')}), qr/^0
NOTICE:  Child\.other is left out: its other table, others, is not part of package "ta_gen"
DETAIL:  A restore creates the package before that table\.
NOTICE:  package "ta_gen" needs no new version/, 'a table that is not the package\'s');

# a column that goes by hand takes along what the hand says, and not what the package says
like(told('ALTER TABLE children DROP COLUMN other_id, DROP COLUMN parent_id'), qr/NOTICE:  no longer declared: Child\.other
WARNING:  associations of packages have lost a table or column: Child\.parent \(ta_gen\)
HINT:  The package's next version, or its down script, takes them back\./, 'a column that a package speaks of goes');
is(as(q{SELECT association, status, declared_by FROM assoc.associations}), 'Child.parent|planned|ta_gen', '... what it says stays');

# a version without a place in an order
make_package('ta_named', 'first', { 'first' => 'CREATE TABLE public.named (id integer PRIMARY KEY);' });
as('CREATE EXTENSION ta_named');
refused(q{'ta_named'}, q{ERROR:  22023: version "first" has no next one
HINT:  Say to_version.}, 'no number to add one to');
refused(q{'ta_named', to_version => 'second'}, q{ERROR:  22023: "second" is no version for a package
DETAIL:  Versions are numbers with dots between them.
HINT:  Say, for example, to_version => '1.0'.}, '... nor one to go to');

$node->stop;
done_testing();
