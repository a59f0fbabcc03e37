# Locks that other sessions hold: apply() gives up after lock_timeout and has changed nothing; a table that is dropped
# while somebody waits for it is an error that says so.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('locks');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION todo_assoc;
	CREATE TABLE users (id integer PRIMARY KEY);
	CREATE TABLE todos (id integer PRIMARY KEY, user_id integer);
	INSERT INTO users VALUES (1);
	SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos');
});
my $holder = $node->background_psql('postgres');
my $plan = $node->safe_psql('postgres', 'SELECT * FROM assoc.plan()');
is(scalar(my @steps = split /\n/, $plan), 3, 'key, index and validation are planned');

# apply() fails while the other session holds what it holds, and changes nothing.
sub times_out
{
	my ($held, $call, $name) = @_;
	$holder->query_safe("BEGIN; $held");
	my ($status, $out, $err) = $node->psql('postgres', "SELECT count(*) FROM $call", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/ERROR:  55P03: canceling statement due to lock timeout/, "$name: 55P03");
	like($err, qr/^HINT:  Another transaction holds the table\. Nothing was changed; call assoc\.apply\(\) again/m, "$name: the hint")
	  unless $held =~ /assoc/;
	$holder->query_safe('ROLLBACK');
	is($node->safe_psql('postgres', 'SELECT * FROM assoc.plan()'), $plan, "$name: nothing was changed");
	return;
}

times_out('INSERT INTO todos VALUES (1, 1)', q{assoc.apply(lock_timeout => '10ms')}, 'rows being written to the child');
times_out('DELETE FROM users', q{assoc.apply(lock_timeout => '10ms')}, 'rows being deleted from the parent');
times_out('INSERT INTO todos VALUES (1, 1)', q{assoc.apply(lock_timeout => '10ms', online => true)}, 'online');
times_out(q{SELECT assoc.has_one('User', 'Todo', 'last', order_by => 'id')}, q{assoc.apply(lock_timeout => '10ms')}, 'a declaration under way');

# what was declared since is in the plan of both; a longer wait ends well
$holder->query_safe('BEGIN; INSERT INTO todos VALUES (1, 1)');
my ($out, $err) = ('', '');
my $waiting = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c',
		q{SELECT string_agg(outcome, ',' ORDER BY step) FROM assoc.apply(lock_timeout => '1min')} ], '>', \$out, '2>', \$err);
ok($node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'todos'::regclass AND NOT granted)}), 'apply() waits');
$holder->query_safe('COMMIT');
$waiting->finish;
is($out . $err, "done,done,done\n", '... and does all when the lock is there');

# a table dropped by a session for whose lock another one waits
foreach my $call (q{SELECT assoc.belongs_to('Todo', 'User', 'second', foreign_key => 'second_id')}, q{SELECT * FROM assoc.plan()},
	q{SELECT * FROM assoc.describe('Todo')})
{
	$holder->query_safe('SET client_min_messages = warning; BEGIN; DROP TABLE todos CASCADE');
	($out, $err) = ('', '');
	$waiting = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', $call ], '>', \$out, '2>', \$err);
	ok($node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)}), "waits: $call");
	$holder->query_safe('COMMIT');
	$waiting->finish;
	# who declares waits for the drop before it looks; who only looks meets it in the middle
	like($err, qr/^ERROR:  (?:42P01: relation with OID \d+ was dropped concurrently\nHINT:  Try again\.|42704: model "Todo" does not exist, and no table fits)/m,
		'... dropped concurrently');
	$holder->query_safe(q{CREATE TABLE todos (id integer PRIMARY KEY, user_id integer);
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id'); SELECT count(*) FROM assoc.apply()});
}

$holder->quit;
$node->stop;
done_testing();
