# Random calls of the declaring functions: test/fuzz/declare.sql says what must hold.
#
# TODO_ASSOC_FUZZ is the number of calls for each seed, TODO_ASSOC_SEED the first seed; both are printed.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $calls = $ENV{TODO_ASSOC_FUZZ} || 400;
my $first = $ENV{TODO_ASSOC_SEED} || 1;

my $node = PostgreSQL::Test::Cluster->new('fuzz');
$node->init;
# a loop that does not end is a finding, not a full memory
$node->append_conf('postgresql.conf', "statement_timeout = '300s'\nfsync = off\njit = off");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');

for my $seed ($first .. $first + 3)
{
	my $name = "fuzz_$seed";
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER plain");
	my $result = $node->psql($name, undef, extra_params =>
		[ '-U', 'plain', '-v', "calls=$calls", '-v', 'seed=0.' . sprintf('%04d', $seed), '-f', 'test/fuzz/declare.sql' ]);
	is($result, 0, "seed $seed: $calls calls, and the server lives");
	is($node->safe_psql($name, q{SELECT what, sqlstate, message, call FROM found ORDER BY 1, 4 LIMIT 20}), '', "seed $seed: nothing found");
	cmp_ok($node->safe_psql($name, q{SELECT count(*) FROM tried WHERE sqlstate = '00000'}), '>', $calls / 10, "seed $seed: enough of them succeed");
}
$node->stop;
done_testing();
