# Rows that break an association, for who may not see all of them; quarantine and its dump; repair that is watched.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('rows');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN; CREATE ROLE guest LOGIN; CREATE DATABASE rows_1 OWNER plain');

# as role: rows as text, or the error
sub as
{
	my ($role, $sql, $database) = @_;
	my ($status, $out, $err) = $node->psql($database // 'rows_1', $sql, extra_params => [ '-U', $role ]);

	return $status == 0 ? $out : $err =~ s/^psql:<stdin>:\d+: //r;
}

my $codes = q{SELECT code, association, message FROM assoc.validate()
	WHERE code IN ('orphans', 'not_visible', 'row_security') ORDER BY 1, 2};

as('plain', q{
	CREATE EXTENSION todo_assoc;
	CREATE TABLE users (id integer PRIMARY KEY);
	CREATE TABLE todos (id integer PRIMARY KEY, user_id integer);
	INSERT INTO users VALUES (1);
	INSERT INTO todos VALUES (1, 1), (2, 7), (3, 8);
	SELECT assoc.belongs_to('Todo', 'User');
});

# privileges
is(as('guest', $codes), 'not_visible|Todo.user|rows were not checked: guest may not read todos', 'validate() without SELECT');
like(as('guest', q{SELECT * FROM assoc.orphans('Todo.user')}), qr/permission denied for table todos/, 'orphans() without SELECT');
like(as('guest', q{CALL assoc.repair('Todo.user', 'delete')}), qr/permission denied for table todos/, 'repair() without SELECT');
as('plain', 'GRANT SELECT ON todos TO guest');
is(as('guest', $codes), 'not_visible|Todo.user|rows were not checked: guest may not read users', 'validate() without SELECT of the parent');
as('plain', 'GRANT SELECT ON users TO guest');
is(as('guest', $codes), 'orphans|Todo.user|2 rows of todos have no "User"', 'validate() with SELECT');
is(as('guest', q{SELECT key FROM assoc.orphans('Todo.user')}), qq({"user_id": 7}\n{"user_id": 8}), 'orphans() with SELECT');
like(as('guest', q{CALL assoc.repair('Todo.user', 'delete')}), qr/permission denied for table todos/, 'repair() needs DELETE');
like(as('guest', q{CALL assoc.repair('Todo.user', 'restore_parent')}), qr/permission denied for table users/, 'repair() needs INSERT');

# row security: a hidden parent makes no orphan
as('plain', 'ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY none ON users USING (false)');
is(as('guest', $codes), 'row_security|Todo.user|rows were not checked: row security of users may hide some', 'validate() with row security');
like(as('guest', q{SELECT * FROM assoc.orphans('Todo.user')}), qr/row security of users may hide rows/, 'orphans() with row security');
like(as('guest', q{CALL assoc.repair('Todo.user', 'delete')}), qr/row security of users may hide rows/, 'repair() with row security');
is(as('plain', $codes), 'orphans|Todo.user|2 rows of todos have no "User"', 'the owner sees them');
as('plain', 'DROP POLICY none ON users; ALTER TABLE users DISABLE ROW LEVEL SECURITY');

# a role that may write the child alone cannot lock the parent
as('plain', 'GRANT DELETE, UPDATE ON todos TO guest');
like(as('guest', q{CALL assoc.repair('Todo.user', 'quarantine', 1); SELECT count(*) FROM todos}), qr/^1$/m, 'repair() by who may write the child');
is(as('guest', q{SELECT relation, taken_by, "row" FROM assoc.quarantined ORDER BY "row" ->> 'id'}),
	qq(todos|guest|{"id": 2, "user_id": 7}\ntodos|guest|{"id": 3, "user_id": 8}), 'the rows are in quarantine');

# who sees them
as('plain', 'REVOKE SELECT ON todos FROM guest');
is(as('guest', 'SELECT count(*) FROM assoc.quarantined'), '0', 'not seen without SELECT');
like(as('guest', 'SELECT * FROM assoc_internal.quarantine'), qr/permission denied/, 'nor in the table itself');
like(as('guest', q{INSERT INTO assoc_internal.quarantine (association) VALUES ('x')}), qr/permission denied/, 'nobody writes there');
as('plain', 'ALTER TABLE todos ENABLE ROW LEVEL SECURITY; GRANT SELECT ON todos TO guest');
is(as('guest', 'SELECT count(*) FROM assoc.quarantined'), '0', 'not seen with row security');
as('plain', 'ALTER TABLE todos DISABLE ROW LEVEL SECURITY');
as('plain', 'ALTER TABLE todos RENAME TO old_todos; GRANT CREATE ON SCHEMA public TO guest');
as('guest', 'CREATE TABLE todos ()');
is(as('guest', 'SELECT relation, count(*) FROM assoc.quarantined GROUP BY 1'), 'old_todos|2', 'a rename is followed; another table of the name has none');
as('guest', 'DROP TABLE todos');
as('plain', 'ALTER TABLE old_todos RENAME TO todos');
$node->safe_psql('rows_1', 'ALTER TABLE todos OWNER TO guest');
is(as('guest', 'SELECT count(*) FROM assoc.quarantined'), '0', 'nor by another owner of a table of the name');
$node->safe_psql('rows_1', 'ALTER TABLE todos OWNER TO plain; GRANT SELECT, DELETE, UPDATE ON todos TO guest');
is(as('guest', 'SELECT count(*) FROM assoc.quarantined'), '2', 'seen again');

# a dump by the plain owner holds them
my $file = $node->basedir . '/rows.sql';
$node->command_ok([ 'pg_dump', '-U', 'plain', '-h', $node->host, '-p', $node->port, '-f', $file, 'rows_1' ], 'a plain owner dumps');
$node->safe_psql('postgres', 'CREATE DATABASE rows_2 OWNER plain');
$node->command_ok([ 'psql', '-q', '-X', '-v', 'ON_ERROR_STOP=1', '-U', 'plain', '-h', $node->host, '-p', $node->port, '-f', $file, 'rows_2' ],
	'and restores');
is(as('plain', 'SELECT count(*) FROM assoc.quarantined', 'rows_2'), '2', 'with what is in quarantine');

# restored once more, over rows that are there: equal ones are skipped, one that differs is kept beside, unread by others
my $data = $node->basedir . '/data.sql';
my @to = ('-q', '-X', '-v', 'ON_ERROR_STOP=1', '-U', 'plain', '-h', $node->host, '-p', $node->port, '-f', $data);
$node->command_ok([ 'pg_dump', '-U', 'plain', '-h', $node->host, '-p', $node->port, '--data-only', '-t', 'assoc_internal.quarantine', '-f', $data, 'rows_1' ],
	'data alone is dumped');
$node->command_ok([ 'psql', @to, 'rows_2' ], 'and restored over itself');
is(as('plain', 'SELECT count(*) FROM assoc.quarantined', 'rows_2'), '2', 'equal rows are skipped');
$node->safe_psql('rows_2', q{UPDATE assoc_internal.quarantine SET reason = 'edited' WHERE "row" ->> 'id' = '2'});
$node->command_ok([ 'psql', @to, 'rows_2' ], 'restored over a row that differs');
is(as('plain', q{SELECT reason, "row", count(*) OVER () FROM assoc.quarantined WHERE "row" ->> 'id' = '2' ORDER BY reason = 'edited'}, 'rows_2'),
	qq(no row of public.users|{"id": 2, "user_id": 7}|2\nedited|{"id": 2, "user_id": 7}|2), 'both are kept');
is(as('plain', 'SELECT count(*) FROM assoc_internal.conflict', 'rows_2'), '0', 'none where all may read it');
# rows of somebody else's table as well, by the owner of the extension
$node->safe_psql('rows_2', 'ALTER TABLE todos OWNER TO guest; DELETE FROM assoc_internal.quarantine');
$node->command_ok([ 'psql', @to, 'rows_2' ], q{restored where the table is another role's by now});
is(as('guest', 'SELECT count(*) FROM assoc.quarantined', 'rows_2'), '0', q{not seen by its new owner});
is(as('plain', 'SELECT count(*) FROM assoc_internal.quarantine', 'rows_2'), '2', 'but they are there');

# going back keeps what only some may read
like(as('plain', q{ALTER EXTENSION todo_assoc UPDATE TO '1.1'}), qr/cannot go back to 1.1 while rows are in quarantine/, 'no way back with rows');
is(as('plain', q{DELETE FROM assoc_internal.quarantine; ALTER EXTENSION todo_assoc UPDATE TO '1.1'; ALTER EXTENSION todo_assoc UPDATE;
	SELECT count(*) FROM assoc.quarantined}), '0', 'there and back');

# a validated key with its triggers on needs no look; with triggers off it does
as('plain', 'SELECT * FROM assoc.apply()');
$node->safe_psql('rows_1', 'ALTER TABLE todos DISABLE TRIGGER ALL; INSERT INTO todos VALUES (9, 9)');
is(as('plain', $codes), 'orphans|Todo.user|1 row of todos has no "User"', 'triggers are off: the rows are looked at');
$node->safe_psql('rows_1', 'ALTER TABLE todos ENABLE TRIGGER ALL');
is(as('plain', $codes), '', 'triggers are on: the key is believed');

# watched, and canceled: what was committed stays
as('plain', q{
	ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey;
	TRUNCATE todos;
	INSERT INTO todos SELECT i, i + 100 FROM generate_series(1, 100) i;
	CREATE SEQUENCE public.calls;
	-- in the middle of the eleventh batch until it is canceled, however long that takes
	CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600) WHERE nextval('public.calls') > 52; RETURN OLD; END $$;
	CREATE TRIGGER slow BEFORE DELETE ON todos FOR EACH ROW EXECUTE FUNCTION slow();
});
my $repair = $node->background_psql('rows_1', on_error_stop => 0, extra_params => [ '-U', 'plain' ]);
$repair->query_until(qr/started/, q{\echo started
CALL assoc.repair('Todo.user', 'delete', 5);
});
ok($node->poll_query_until('rows_1', q{SELECT what = 'delete' AND association = 'Todo.user' AND rows > 0 AND fraction > 0 AND fraction < 1
	AND elapsed > '0' FROM assoc.running}), 'running shows it');
is($node->safe_psql('rows_1', 'SELECT pg_cancel_backend(pid) FROM assoc.running'), 't', 'it can be canceled');
ok($node->poll_query_until('rows_1', 'SELECT count(*) = 0 FROM assoc.running'), 'and ends at once');
my $left = as('plain', 'SELECT count(*) FROM todos');
is($left, 50, 'what was committed stays: whole batches');
$repair->quit;

# on a standby all that reads works, and repair says that it cannot
$node->append_conf('postgresql.conf', "max_wal_senders = 4\nwal_level = replica");
$node->restart;
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('rows_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('rows_1', q{SELECT count(*) FROM assoc.orphans('Todo.user')}), $left, 'orphans() on a standby');
is($standby->safe_psql('rows_1', q{SELECT count FROM assoc.validate() WHERE code = 'orphans'}), $left, 'validate() on a standby');
like($standby->safe_psql('rows_1', 'SELECT assoc.diagram()'), qr/erDiagram/, 'diagram() on a standby');
is($standby->safe_psql('rows_1', q{SELECT count(*) FROM assoc.import_foreign_keys() WHERE name = 'Todo.user'}), '0', 'import on a standby');
is($standby->safe_psql('rows_1', 'SELECT count(*) FROM assoc.quarantined'), '0', 'quarantined on a standby');
my (undef, undef, $told) = $standby->psql('rows_1', q{CALL assoc.repair('Todo.user', 'delete')});
like($told, qr/cannot acquire lock mode ShareRowExclusiveLock|cannot execute .* during recovery/i, 'repair() on a standby');
$standby->stop;

$node->stop;
done_testing();
