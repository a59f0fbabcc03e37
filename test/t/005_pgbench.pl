# Declared on the tables of pgbench: with no foreign keys, and over those that pgbench makes itself.
# TODO_ASSOC_SCALE sets the scale: 1 unless said, 10 for the acceptance (1,000,000 accounts).
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $scale = $ENV{TODO_ASSOC_SCALE} || 1;
my $node = PostgreSQL::Test::Cluster->new('pgbench');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');

my $declare = q{
	SELECT assoc.define_model('Branch', 'pgbench_branches');
	SELECT assoc.define_model('Teller', 'pgbench_tellers');
	SELECT assoc.define_model('Account', 'pgbench_accounts');
	SELECT assoc.define_model('History', 'pgbench_history');
	SELECT assoc.has_many('Branch', 'Teller', foreign_key => 'bid');
	SELECT assoc.has_many('Branch', 'Account', foreign_key => 'bid');
	SELECT assoc.has_many('Account', 'History', alias => 'history', foreign_key => 'aid');
};
my $keys = q{SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY conname};
my $indexes = q{SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text LIKE 'pgbench%' AND NOT indisprimary ORDER BY 1};

sub run
{
	my ($database, $sql) = @_;
	return $node->safe_psql($database, $sql, extra_params => [ '-U', 'plain' ]);
}

sub tables
{
	my ($database, @options) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER plain");
	$node->command_ok([ 'pgbench', '-i', '-q', '--scale', $scale, '-U', 'plain', @options, $database ], "$database: pgbench -i @options");
	$node->command_ok([ 'pgbench', '-n', '-t', '50', '-U', 'plain', $database ], "$database: some history");
	run($database, 'CREATE EXTENSION todo_assoc');
	run($database, $declare);
	return;
}

# the accessors return what a join by hand returns, and are inlined into the same plan
sub check_accessors
{
	my ($database) = @_;
	is(run($database, 'SELECT count(*) FROM pgbench_branches b, accounts(b) a WHERE b.bid = 1'), '100000', "$database: accounts of a branch");
	is(run($database, 'SELECT count(*) FROM pgbench_branches b, tellers(b) t'), 10 * $scale, "$database: tellers");
	is(run($database, 'SELECT sum(delta) FROM pgbench_accounts a, history(a) h'), run($database, 'SELECT sum(delta) FROM pgbench_history'),
		"$database: history of all accounts");
	my $plan = run($database, 'ANALYZE; EXPLAIN (COSTS OFF) SELECT h.* FROM pgbench_accounts a, history(a) h WHERE a.aid = 4711');
	unlike($plan, qr/Function Scan/, "$database: the accessor is inlined");
	is($plan, run($database, 'EXPLAIN (COSTS OFF) SELECT t.* FROM pgbench_accounts a, pgbench_history t WHERE a.aid = 4711 AND a.aid = t.aid')
		=~ s/\bt\b/t/gr, "$database: ... to the plan of the join by hand");
	return;
}

# without foreign keys
tables('bare');
is(run('bare', 'SELECT association, status FROM assoc.associations ORDER BY 1'),
	"Account.history|planned\nBranch.accounts|planned\nBranch.tellers|planned", 'bare: planned');
is(run('bare', 'SELECT count(*) FILTER (WHERE sql LIKE \'%ADD CONSTRAINT%\'), count(*) FILTER (WHERE sql LIKE \'%VALIDATE%\'),
	count(*) FILTER (WHERE sql LIKE \'CREATE INDEX%\'), count(*) FROM assoc.plan()'), '3|3|3|9', 'bare: three keys, three indexes');
is(run('bare', 'SELECT outcome, count(*) FROM assoc.apply() GROUP BY 1'), 'done|9', 'bare: applied');
is(run('bare', 'SELECT count(*) FROM assoc.plan()'), '0', 'bare: nothing is left');
is(run('bare', 'SELECT DISTINCT status FROM assoc.associations'), 'in place', 'bare: in place');
is(run('bare', 'ANALYZE; SELECT severity, code, association, message FROM assoc.validate()'), '', 'bare: nothing is wrong');
like(run('bare', q{SELECT * FROM assoc.describe('Branch')}), qr/accounts: has many Account.*pgbench_accounts\.bid integer -> pgbench_branches\.bid/s,
	'bare: described');
check_accessors('bare');

# the same by hand, in plain PostgreSQL
$node->safe_psql('postgres', 'CREATE DATABASE twin OWNER plain');
$node->command_ok([ 'pgbench', '-i', '-q', '--scale', 1, '-U', 'plain', 'twin' ], 'twin: pgbench -i');
run('twin', q{
	ALTER TABLE pgbench_tellers ADD FOREIGN KEY (bid) REFERENCES pgbench_branches ON DELETE SET NULL;
	ALTER TABLE pgbench_accounts ADD FOREIGN KEY (bid) REFERENCES pgbench_branches ON DELETE SET NULL;
	ALTER TABLE pgbench_history ADD FOREIGN KEY (aid) REFERENCES pgbench_accounts ON DELETE SET NULL;
	CREATE INDEX ON pgbench_tellers (bid); CREATE INDEX ON pgbench_accounts (bid); CREATE INDEX ON pgbench_history (aid)});
is(run('bare', $keys), run('twin', $keys), 'the keys are those PostgreSQL makes');
is(run('bare', $indexes), run('twin', $indexes), 'so are the indexes');

# over the keys of pgbench, which has none but those, and no index
tables('keyed', '--foreign-keys');
my $before = run('keyed', $keys);
is(run('keyed', 'SELECT count(*) FROM assoc.plan() WHERE sql NOT LIKE \'CREATE INDEX%\''), '0', 'keyed: only indexes are planned');
is(run('keyed', 'SELECT outcome, count(*) FROM assoc.apply() GROUP BY 1'), 'done|3', 'keyed: applied');
is(run('keyed', $keys), $before, 'keyed: the keys are as they were');
is(run('keyed', $indexes), run('twin', $indexes), 'keyed: the indexes are those PostgreSQL makes');
is(run('keyed', 'SELECT DISTINCT on_delete, status FROM assoc.associations'), 'NO ACTION|in place', 'keyed: their actions are adopted');
is(run('keyed', 'ANALYZE; SELECT DISTINCT severity, code FROM assoc.validate()'), 'info|fk_undeclared', 'keyed: only the keys that nobody declared are told');
check_accessors('keyed');

$node->stop;
done_testing();
