# Orphans found by one scan of each table: random tables against the anti-join, with and without workers; who may; and
# that nothing is left behind by an error or a cancel.
#
# TODO_ASSOC_SEED is the first seed, TODO_ASSOC_SCANS the number of rounds.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

my $first = $ENV{TODO_ASSOC_SEED} || 1;
my $rounds = $ENV{TODO_ASSOC_SCANS} || 3;

my $node = PostgreSQL::Test::Cluster->new('scan');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# segments are files here, which can be counted
$node->append_conf('postgresql.conf', "dynamic_shared_memory_type = mmap\nfsync = off\njit = off\n"
	  . "min_parallel_table_scan_size = 0\nparallel_setup_cost = 0\nparallel_tuple_cost = 0\nmax_worker_processes = 16\n");
$node->start;

sub segments { return $node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_dir('pg_dynshmem')}) }
my $segments = segments();

$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION todo_assoc;
CREATE ROLE reader LOGIN;
CREATE DOMAIN code AS varchar(40) CHECK (VALUE <> 'no');
CREATE DOMAIN bytes AS bytea;
CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
CREATE COLLATION blunt (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FUNCTION anti_join(child text, columns text[], parent text, keys text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s c WHERE (%s) AND NOT EXISTS (SELECT FROM %s p WHERE %s)', child,
        (SELECT string_agg(format('c.%I IS NOT NULL', c), ' AND ') FROM unnest(columns) c), parent,
        (SELECT string_agg(format('p.%I = c.%I', k, c), ' AND ') FROM unnest(columns, keys) AS u(c, k))) INTO result;
    RETURN result;
END $$;
-- a random value of a type, out of few or many, null now and then
CREATE FUNCTION pick(type text, distinct_values int) RETURNS text LANGUAGE sql AS $$
SELECT CASE WHEN random() < 0.05 THEN NULL ELSE
    CASE type
        WHEN 'smallint' THEN (n % 60000 - 30000)::text WHEN 'integer' THEN (n - 1000)::text
        WHEN 'bigint' THEN CASE WHEN distinct_values % 2 = 0 THEN n ELSE n * 1234567890123 END::text
        WHEN 'uuid' THEN md5(n::text) WHEN 'bytea' THEN '\x' || substr(md5(n::text), 1, (n % 16)::int * 2)
        WHEN 'numeric' THEN (n / 100.0)::numeric(12, 4)::text || repeat('0', (n % 3)::int)
        WHEN 'double precision' THEN CASE n WHEN 0 THEN '-0' WHEN 1 THEN 'NaN' ELSE (n / 4.0 - 5)::text END
        WHEN 'real' THEN (n / 4.0 - 5)::text WHEN 'date' THEN ('2000-01-01'::date + (n % 30000)::int)::text
        WHEN 'timestamptz' THEN ('2000-01-01'::timestamptz + n * interval '1 second')::text
        WHEN 'code' THEN substr(md5(n::text), 1, (n % 36)::int)
        WHEN 'bytes' THEN '\x' || repeat(lpad(to_hex(n % 4), 2, '0'), (n / 4 % 18)::int)
        WHEN 'mood' THEN chr(97 + (n % 7)::int) WHEN 'oid' THEN (n * 7919 % 4294967296)::text
        WHEN 'inet' THEN '10.0.0.0'::inet + n || ''
        ELSE substr(md5(n::text), 1, (n % 20)::int) || repeat('x', CASE WHEN n % 97 = 0 THEN 3000 ELSE 0 END) END END
FROM (SELECT floor(random() * distinct_values)::bigint AS n) r
$$;
SQL

# pairs of types that a foreign key may join
my @types = (['smallint'], ['integer'], ['bigint'], [ 'integer', 'bigint' ], [ 'bigint', 'smallint' ], ['uuid'], ['bytea'],
	['numeric'], [ 'integer', 'numeric' ], ['double precision'], [ 'real', 'double precision' ], ['date'], ['timestamptz'], ['text'],
	['varchar(4000)'], ['char(8)'], [ 'char(8)', 'text' ], [ 'text', 'varchar' ], [ 'name', 'text' ], ['text COLLATE "C"'],
	['text COLLATE blunt'], ['inet'], ['code'], ['mood'], ['oid'], ['bytes'], [ 'code', 'text' ]);
my %methods;

sub random_value
{
	my ($type, $distinct) = @_;
	my $value = $type =~ /char|text|name/ ? 'text' : $type;
	my $cut = $type =~ /^char/ ? 'left(%s, 8)' : '%s';
	return sprintf($cut, "pick('$value', $distinct)") . '::' . ($type =~ s/ COLLATE .*//r);
}

for my $seed ($first .. $first + $rounds - 1)
{
	srand($seed);
	my @cases = ((map { [$_] } @types), map { [ map { $types[ rand @types ] } 1 .. 2 + rand 2 ] } 1 .. 6);
	for my $case (@cases)
	{
		my $distinct = (10, 501, 20000)[ rand 3 ];
		my $n = scalar @$case;
		my (@child, @parent);
		push @child, $_->[0] for @$case;
		push @parent, $_->[-1] for @$case;
		my $partitioned = rand() < 0.3 ? 1 : 0;
		my $names = join ',', map { "k$_" } 1 .. $n;
		my ($children, $parents) = map { join ', ', map { "k$_ $$case[$_ - 1][0]" } 1 .. $n } 1 .. 2;
		$parents = join ', ', map { "k$_ $parent[$_ - 1]" } 1 .. $n;
		my $make = "SELECT setseed(0.$seed);";
		for ([ 'child', $children, \@child, 3000 ], [ 'parent', $parents, \@parent, 2000 ])
		{
			my ($table, $columns, $t, $rows) = @$_;
			$make .= "DROP TABLE IF EXISTS $table; CREATE TABLE $table (id int, $columns)"
			  . ($partitioned ? " PARTITION BY RANGE (id); CREATE TABLE ${table}_low PARTITION OF $table FOR VALUES FROM (MINVALUE) TO (900);
				CREATE TABLE ${table}_high PARTITION OF $table DEFAULT;" : ';')
			  . "INSERT INTO $table SELECT i, " . join(', ', map { random_value($_, $distinct) } @$t) . " FROM generate_series(1, $rows) i;"
			  . "DELETE FROM $table WHERE id % 10 = 3; UPDATE $table SET id = id + 1 WHERE id % 10 = 5;";
		}
		$node->safe_psql('postgres', $make);
		my $what = join(' + ', map { join '->', @$_ } @$case) . " of $distinct" . ($partitioned ? ', partitioned' : '');
		for my $setting ('max_parallel_workers_per_gather = 0', 'max_parallel_workers_per_gather = 2')
		{
			my $out = $node->safe_psql('postgres', "SET $setting;"
				  . "SELECT s.method, s.count = anti_join('child', '{$names}', 'parent', '{$names}'), s.count,"
				  . "coalesce(jsonb_array_length(s.samples), least(s.count, 7)) FROM assoc_internal.scan_orphans('child', '{$names}', 'parent', '{$names}', 7) s");
			my ($method, $same, $count, $samples) = split /\|/, $out;
			$methods{$method}++;
			ok($same eq 't' && $samples == ($count < 7 ? $count : 7), "seed $seed, $setting: $what: $method, $count orphans") or diag $make;
		}
	}
}
ok($methods{$_}, "some by $_") for qw(bitmap hash anti_join);

# workers take part, and it is PostgreSQL's own plan
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE users (id integer PRIMARY KEY, name text UNIQUE);
INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 20000) i;
CREATE TABLE todos (id integer, user_id integer, name text);
INSERT INTO todos SELECT i, i % 20010, 'user ' || i % 20010 FROM generate_series(1, 200100) i;
ANALYZE;
SQL
my $scan = q{SELECT method, count FROM assoc_internal.scan_orphans('todos', '{user_id}', 'users', '{id}')};
my $scan_text = q{SELECT method, count FROM assoc_internal.scan_orphans('todos', '{name}', 'users', '{name}')};
my $out = $node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 2;'
	  . q{SELECT method, count, workers > 0 FROM assoc_internal.scan_orphans('todos', '{name}', 'users', '{name}')});
is($out, 'hash|100|t', 'parallel: the count, and that there are workers');
is($node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 2; CREATE TEMP TABLE own AS SELECT * FROM todos;'
	  . q{SELECT count, workers FROM assoc_internal.scan_orphans('own', '{name}', 'users', '{name}')}), '100|0', 'a temporary table: no workers');
is($node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 2; ALTER TABLE todos SET (parallel_workers = 0);'
	  . q{SELECT count, workers FROM assoc_internal.scan_orphans('todos', '{name}', 'users', '{name}')}), '100|0', 'a table that wants none');
$node->safe_psql('postgres', 'ALTER TABLE todos RESET (parallel_workers)');

# serializable: by PostgreSQL's own scan, which notes what is read
is($node->safe_psql('postgres', "BEGIN ISOLATION LEVEL SERIALIZABLE; $scan; SELECT count(*) > 0 FROM pg_locks WHERE mode = 'SIReadLock' AND relation = 'todos'::regclass; ROLLBACK"),
	"bitmap|100\nt", 'serializable');

# in a transaction at REPEATABLE READ, and what this transaction has done
is($node->safe_psql('postgres', "BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM users WHERE id = 7; $scan; ROLLBACK"), 'bitmap|110', 'own changes');

# rights: of the caller, in the leader and in workers
sub fails_with { my ($sql, $like, $name) = @_; my ($s, $o, $e) = $node->psql('postgres', $sql, extra_params => [ '-U', 'reader' ]); like($e, $like, $name); return; }
fails_with($scan, qr/permission denied for table (?:todos|users)/, 'no right at all');
$node->safe_psql('postgres', 'GRANT SELECT (user_id) ON todos TO reader');
fails_with($scan, qr/permission denied for table users/, 'no right to the parent');
$node->safe_psql('postgres', 'REVOKE SELECT (user_id) ON todos FROM reader; GRANT SELECT (id) ON users TO reader');
fails_with($scan, qr/permission denied for table todos/, 'no right to the child');
$node->safe_psql('postgres', 'GRANT SELECT (user_id, name) ON todos TO reader');
fails_with($scan_text, qr/permission denied for table users/, 'no right to this column of the parent');
my @reader = (extra_params => [ '-U', 'reader' ]);
is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 2; $scan", @reader), 'bitmap|100', 'the columns are enough');

# row security of the child applies; that of the parent leaves the query to the anti-join
$node->safe_psql('postgres', 'ALTER TABLE todos ENABLE ROW LEVEL SECURITY; CREATE POLICY shown ON todos USING (user_id = 0 OR user_id < 20005)');
is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 2; $scan", @reader), 'anti_join|50', 'hidden children');
$node->safe_psql('postgres', 'ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY shown ON users USING (id > 1)');
is($node->safe_psql('postgres', $scan, @reader), 'anti_join|60', 'hidden parents');
fails_with("SET row_security = off; $scan", qr/query would be affected by row-level security policy/, 'row_security = off');
is($node->safe_psql('postgres', $scan), 'bitmap|100', 'the superuser is not concerned');
$node->safe_psql('postgres', 'DROP POLICY shown ON users; ALTER TABLE users DISABLE ROW LEVEL SECURITY');

$node->safe_psql('postgres', 'DROP POLICY shown ON todos; ALTER TABLE todos DISABLE ROW LEVEL SECURITY; GRANT SELECT ON todos, users TO reader;
	GRANT pg_read_all_stats TO reader; CREATE TABLE broken AS SELECT * FROM todos; GRANT SELECT ON broken TO reader; VACUUM broken; CHECKPOINT');

# an error in the middle of the child, in the leader or in a worker, and in a subtransaction; the session goes on
my $path = $node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('broken')});
my $pages = $node->safe_psql('postgres', q{SELECT pg_relation_size('broken') / 8192});
$node->stop;
open my $heap, '+<:raw', $path or die $!;
seek $heap, int($pages / 2) * 8192, 0;
print $heap 'x' x 8192;
close $heap;
$node->start;
for my $workers (0, 2)
{
	my $seen = $node->safe_psql('postgres', <<"SQL", @reader);
SET max_parallel_workers_per_gather = $workers;
CREATE TEMP TABLE seen (state text);
DO \$\$ BEGIN
	FOR i IN 1..20 LOOP
		BEGIN
			PERFORM assoc_internal.scan_orphans('broken', '{name}', 'users', '{name}');
		EXCEPTION WHEN data_corrupted THEN
			INSERT INTO seen VALUES (SQLSTATE);
		END;
	END LOOP;
END \$\$;
SELECT count(*), (SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'todo_assoc key%') FROM seen;
SQL
	is($seen, '20|0', "$workers workers: an error in the middle, twenty times");
	is(segments(), $segments, "$workers workers: no segment is left");
	is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = $workers; $scan_text", @reader), 'hash|100', "$workers workers: and it goes on");
}

# a cancel ends it at once, while assoc.running says how far it is
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE pages (id int, user_id int, other_id int) WITH (fillfactor = 10);
INSERT INTO pages SELECT i, 1 + i % 20000, 1 + i % 100 FROM generate_series(1, 400000) i;
VACUUM ANALYZE pages;
GRANT SELECT ON pages TO reader;
SELECT assoc.define_model('User', 'users');
SELECT assoc.define_model('Page', 'pages', key => 'id');
SELECT assoc.belongs_to('Page', 'User', foreign_key => 'user_id', enforce => 'none');
SELECT assoc.belongs_to('Page', 'User', alias => 'other', foreign_key => 'other_id', enforce => 'none');
SQL
# checks follow each other until they are cancelled, so that whoever looks sees one in the middle
my $checks = $node->background_psql('postgres', on_error_stop => 0);
$checks->query_until(qr/started/, "\\echo started\nDO \$\$ BEGIN LOOP PERFORM assoc.validate(); END LOOP; END \$\$;\n");
my $watched = $node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM assoc.running WHERE what = 'checking'
	AND association LIKE 'Page.%, Page.%' AND rows IS NULL AND fraction BETWEEN 0 AND 1)});
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
	AND backend_type = 'client backend'});
$checks->quit;
ok($watched, 'running shows which part is done');
# both of its references have one set, which a worker attaches once
for my $workers (0, 2)
{
	is($node->safe_psql('postgres', "SET max_parallel_workers_per_gather = $workers; SET min_parallel_table_scan_size = 0;
		SELECT number, method, count, workers FROM assoc_internal.scan_references('pages', '{users,users}',
		'{\"{user_id}\",\"{other_id}\"}', '{\"{id}\",\"{id}\"}')"), "1|bitmap|0|$workers\n2|bitmap|0|$workers", "$workers workers: two references, one set");
}
my $slow = join ' UNION ALL ', (q{SELECT count FROM assoc_internal.scan_orphans('pages', '{user_id}', 'users', '{id}')}) x 200;
for my $workers (0, 2)
{
	my $begin = time;
	fails_with("SET max_parallel_workers_per_gather = $workers; SET statement_timeout = '200ms'; $slow",
		qr/canceling statement due to statement timeout/, "$workers workers: cancelled");
	cmp_ok(time - $begin, '<', 10, "$workers workers: and at once");
	is(segments(), $segments, "$workers workers: no segment is left");
}

unlike(slurp_file($node->logfile), qr/leak|PANIC|terminated by signal|TRAP/i, 'no leak in the log');
is(segments(), $segments, 'no segment is left at the end');
$node->stop;
done_testing();
