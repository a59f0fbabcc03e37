# No orphans after sessions have done what they could at the same time, nor after the server was killed meanwhile.
#
# TODO_ASSOC_SEED is the seed, TODO_ASSOC_CRASHES how often the server is killed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seed = $ENV{TODO_ASSOC_SEED} || 1;
my $crashes = $ENV{TODO_ASSOC_CRASHES} || 4;
my $sessions = 6;

srand($seed);
note "seed $seed";
my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
# small, so that pages are written while it runs, and recovery has something to do
$node->append_conf('postgresql.conf', "deadlock_timeout = 20ms\nshared_buffers = 1MB\nmax_wal_size = 32MB\nautovacuum_naptime = 1s\nlog_min_messages = fatal\nlog_min_error_statement = panic\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION todo_assoc');
$node->safe_psql('postgres', slurp_file("$FindBin::RealBin/../include/enforce.sql"));
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE p (id integer PRIMARY KEY, v integer);
CREATE TABLE q (id integer PRIMARY KEY, v integer);
CREATE TABLE none_c (id integer PRIMARY KEY, fk integer, v integer);
CREATE TABLE cascade_c (id integer PRIMARY KEY, fk integer, v integer);
CREATE TABLE null_c (id integer PRIMARY KEY, fk integer, v integer);
CREATE TABLE deferred_c (id integer PRIMARY KEY, fk integer, v integer);
CREATE TABLE tree (id integer PRIMARY KEY, fk integer, v integer);
CREATE TABLE part_c (id integer, fk integer, v integer, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE part_c0 PARTITION OF part_c FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_c1 PARTITION OF part_c FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX ON cascade_c (fk);
SELECT enforce('none_c', 'none_c', '{fk}', '[{"table": "p", "key": ["id"]}]');
SELECT enforce('cascade_c', 'cascade_c', '{fk}', '[{"table": "p", "key": ["id"]}]', '{"on_delete": "CASCADE", "on_update": "CASCADE"}');
SELECT enforce('null_c', 'null_c', '{fk}', '[{"table": "p", "key": ["id"]}]', '{"on_delete": "SET NULL", "on_update": "SET NULL"}');
SELECT enforce('deferred_c', 'deferred_c', '{fk}', '[{"table": "q", "key": ["id"]}]', '{"deferral": "deferred"}');
SELECT enforce('tree', 'tree', '{fk}', '[{"table": "tree", "key": ["id"]}]', '{"on_delete": "CASCADE"}');
SELECT enforce('part_c', 'part_c', '{fk}', '[{"table": "q", "key": ["id"]}]', '{"on_delete": "RESTRICT", "on_update": "CASCADE"}');
INSERT INTO p SELECT i FROM generate_series(1, 40) i;
INSERT INTO q SELECT i FROM generate_series(1, 40) i;
INSERT INTO tree SELECT i FROM generate_series(1, 60) i;
SQL
my %parents = (none_c => 'p', cascade_c => 'p', null_c => 'p', deferred_c => 'q', tree => 'tree', part_c => 'q');
my @tables = ('p', 'q', sort keys %parents);
my $orphans = join ' UNION ALL ', map {
	"SELECT '$_ ' || c::text FROM $_ c WHERE fk IS NOT NULL AND NOT EXISTS (SELECT FROM $parents{$_} x WHERE x.id = c.fk)"
} sort keys %parents;

sub pick { return $_[ rand @_ ] }

# One transaction of random statements; many fail, and the rest of it with them.
sub transaction
{
	my @sql = 'BEGIN ISOLATION LEVEL ' . pick('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

	for (1 .. 1 + rand 6)
	{
		my $table = pick(@tables, 'p', 'q');
		my ($id, $other) = (1 + int rand 60, 1 + int rand 60);
		my $fk = $parents{$table} ? ', fk' : '';
		my $rows = join ', ', map { '(' . (1 + int rand 2000) . ($fk ? ', ' . (1 + int rand 45) : '') . ", $id)" } 1 .. pick(1, 1, 5);
		my $what = rand;
		push @sql, !$fk && $what < 0.45 ? "INSERT INTO $table (id, v) VALUES ($id, 1) ON CONFLICT DO NOTHING"
		  : $what < 0.45 ? "INSERT INTO $table (id$fk, v) VALUES $rows ON CONFLICT (id) DO UPDATE SET fk = excluded.fk"
		  : $what < 0.55 && $fk ? "UPDATE $table SET fk = $other WHERE id BETWEEN 10 * $id AND 10 * $id + 20"
		  : $what < 0.60 ? "UPDATE $table SET id = $other WHERE id = $id"
		  : $what < 0.70 ? "UPDATE $table SET v = v + 1 WHERE id = $id"
		  : $what < 0.85 ? "DELETE FROM $table WHERE id = $id"
		  : $what < 0.853 ? "TRUNCATE $table"
		  : $what < 0.94 ? "SAVEPOINT s; DELETE FROM $table WHERE id = $other; ROLLBACK TO s"
		  : "SAVEPOINT s; INSERT INTO none_c VALUES (1 + (random() * 9999)::int, $other); RELEASE s";
	}
	return (@sql, pick(('COMMIT') x 6, 'ROLLBACK'));
}

# Starts the sessions, each with a script of random transactions, run so many times. Returns their processes.
sub load
{
	my ($times) = @_;
	my @clients;

	for my $n (1 .. $sessions)
	{
		my $file = $node->basedir . "/load$n.sql";
		open my $script, '>', $file or die $!;
		print {$script} map { "$_;\n" } transaction() for 1 .. 1500;
		close $script;
		my $client = fork // die $!;
		if ($client == 0)
		{
			open(STDOUT, '>', '/dev/null') && open(STDERR, '>', '/dev/null') or POSIX::_exit(1);
			exec('psql', '-X', '-q', '-d', $node->connstr('postgres'), ('-f', $file) x $times) or POSIX::_exit(1);
		}
		push @clients, $client;
	}
	return @clients;
}

# Kills the postmaster and all its children, as one: while it is stopped it can't tell them to end, nor start others.
sub kill_server
{
	my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	my @children;

	kill 'STOP', $postmaster;
	foreach my $stat (glob '/proc/[0-9]*/stat')
	{
		open my $file, '<', $stat or next;
		my $line = <$file> // '';
		push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $postmaster;
	}
	kill 'KILL', @children, $postmaster;
	$node->{_pid} = undef;
	for (1 .. 3000)
	{
		last unless kill 0, @children, $postmaster;
		sleep 0.02;
	}
	return scalar @children;
}

sub count { return $node->safe_psql('postgres', join(' UNION ALL ', map { "SELECT '$_', count(*) FROM $_" } @tables)) =~ s/\n/, /gr =~ s/\|/ /gr }

my @clients = load(1);
waitpid $_, 0 for @clients;
is($node->safe_psql('postgres', $orphans), '', 'no orphans after all sessions have ended');
note count();

for my $crash (1 .. $crashes)
{
	@clients = load(100);
	my $running = $node->poll_query_until('postgres',
		qq{SELECT count(*) = $sessions FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()});
	sleep 1 + rand 2;
	my $killed = kill_server();
	waitpid $_, 0 for @clients;
	$node->start;
	ok($running, "crash $crash: all sessions were at work");
	is($node->safe_psql('postgres', $orphans), '', "crash $crash: no orphans, $killed processes killed");
	note count();
}
$node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS amcheck; SELECT bt_index_check(indexrelid, true) FROM pg_index WHERE indrelid::regclass::text ~ \'_c|^[pq]$\' AND indisvalid AND (SELECT relkind FROM pg_class WHERE oid = indexrelid) = \'i\'');
foreach my $table (sort keys %parents)
{
	my ($status, $out, $err) = $node->psql('postgres', "INSERT INTO $table (id, fk) VALUES (100000, 100001)");
	like($err, qr/violates foreign key constraint "${table}_fk_fkey"/, "$table: enforced as before");
}
$node->stop;
done_testing();
