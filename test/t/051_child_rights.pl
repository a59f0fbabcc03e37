# Who looks for the parent: its owner, whoever inserts; and who reads what in errors. Each statement is run in two schemas
# that differ in nothing but a native key here and triggers there, the latter by query and by index, and must come to the same.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('child_rights');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(alice bob eve eve_by_query);
$node->safe_psql('postgres', q{CREATE EXTENSION todo_assoc; GRANT eve TO eve_by_query;
	ALTER ROLE eve_by_query SET assoc.probe = 'query'; ALTER ROLE eve_by_query SET role = 'eve'});

# alice has the parents, bob the children, eve may insert
for my $schema (qw(native ours))
{
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema;
		GRANT USAGE ON SCHEMA $schema TO PUBLIC;
		SET search_path = $schema;
		CREATE TABLE p (id integer PRIMARY KEY, role text, seen boolean DEFAULT true);
		INSERT INTO p VALUES (1, 'admin'), (2, 'admin'), (3, 'guest');
		ALTER TABLE p OWNER TO alice;
		CREATE TABLE c (id integer, pid integer);
		ALTER TABLE c OWNER TO bob;
		GRANT INSERT, UPDATE, DELETE, SELECT ON c TO eve;
	});
}
$node->safe_psql('postgres', 'ALTER TABLE native.c ADD CONSTRAINT c_pid_fkey FOREIGN KEY (pid) REFERENCES native.p');

# enforce(reference, child, scope): as apply() does
sub enforce
{
	my ($reference, $child, $scope) = @_;
	$node->safe_psql('postgres', qq{
		INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema, child_table, columns, on_delete, on_update, deferral)
		VALUES ('$reference', '', '${child}_pid_fkey', 'trigger', 'ours', '$child', '{pid}', 'NO ACTION', 'NO ACTION', 'none');
		INSERT INTO assoc_internal.enforced_target (reference, declarer, parent_schema, parent_table, key, scope)
		VALUES ('$reference', '', 'ours', 'p', '{id}', $scope);
		SELECT format('CREATE CONSTRAINT TRIGGER "RI_assoc_c_%1\$s" AFTER INSERT OR UPDATE ON ours.$child FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference(''$reference'')', h),
			format('CREATE CONSTRAINT TRIGGER "RI_assoc_a_%1\$s" AFTER DELETE ON ours.p FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_deleted(''$reference'')', h),
			format('CREATE CONSTRAINT TRIGGER "RI_assoc_au_%1\$s" AFTER UPDATE ON ours.p FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_updated(''$reference'')', h),
			format('CREATE TRIGGER "RI_assoc_at_%1\$s" AFTER TRUNCATE ON ours.p FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.parent_truncated(''$reference'')', h)
		FROM lpad(to_hex(hashtextextended('$reference' COLLATE "C", 0)), 16, '0') h \\gexec
	});
}
enforce('c', 'c', 'NULL');

sub everywhere
{
	my ($sql) = @_;
	$node->safe_psql('postgres', "SET search_path = $_; $sql") for qw(native ours);
}

# What the role's statement comes to in the schema: output, or the report in full.
sub outcome
{
	my ($schema, $role, $sql) = @_;
	my ($status, $out, $err) = $node->psql(
		'postgres', "SET search_path = $schema; $sql",
		extra_params => [ '-U', $role, '-v', 'VERBOSITY=verbose' ]);
	$err =~ s/^(?:psql:.*?: )//mg;
	# the text of the query is not the same, nor is where it was called; there need not be one
	$err =~ s/^(?:LINE .*\n.*|(?:LOCATION|CONTEXT|QUERY):.*)\n?//mg;
	$err =~ s/\b$schema\b/SCHEMA/g;
	return $out . $err;
}

# The same in both, and both ways; returns it.
sub same
{
	my ($sql, $name) = @_;
	my $native = outcome('native', 'eve', $sql);
	is(outcome('ours', 'eve', $sql), $native, $name);
	is(outcome('ours', 'eve_by_query', $sql), $native, "$name, by query");
	return $native;
}

is(same('INSERT INTO c VALUES (1, 1)', 'a parent that is there'), '', '... is found, though eve may not read it');
like(same('INSERT INTO c VALUES (1, 9)', 'a key that she may read'), qr/Key \(pid\)=\(9\) is not present in table "p"/, '... is told');
everywhere('REVOKE SELECT ON c FROM eve');
like(same('INSERT INTO c VALUES (1, 9)', 'a key that she may not read'), qr/Key is not present in table "p"/, '... is not told');
everywhere('GRANT SELECT (id) ON c TO eve');
like(same('INSERT INTO c VALUES (1, 9)', '... nor for the right to another column'), qr/Key is not present/, '... of which there is none');
everywhere('GRANT SELECT (pid) ON c TO eve');
like(same('INSERT INTO c VALUES (1, 9)', '... but for the right to the column'), qr/Key \(pid\)=\(9\)/, '... it is told');
everywhere('GRANT SELECT ON c TO eve; ALTER TABLE c ENABLE ROW LEVEL SECURITY; CREATE POLICY all_of_it ON c USING (true)');
like(same('INSERT INTO c VALUES (1, 9)', 'under row security'), qr/Key is not present/, '... no value is told');
everywhere('ALTER TABLE c DISABLE ROW LEVEL SECURITY');

# row security of the parent holds for nobody here
everywhere('ALTER TABLE p ENABLE ROW LEVEL SECURITY; ALTER TABLE p FORCE ROW LEVEL SECURITY; CREATE POLICY none ON p USING (false)');
is(same('INSERT INTO c VALUES (1, 2)', 'a parent that row security hides from its owner'), '', '... is found');
everywhere('ALTER TABLE p DISABLE ROW LEVEL SECURITY; ALTER TABLE p NO FORCE ROW LEVEL SECURITY');

# what the parent's owner may not do, is not done for him
for my $right (qw(SELECT UPDATE))
{
	everywhere("REVOKE $right ON p FROM alice");
	like(same('INSERT INTO c VALUES (1, 1)', "an owner without $right"), qr/42501: permission denied for table p/, '... does not get by');
	everywhere("GRANT $right (seen) ON p TO alice");
	same('INSERT INTO c VALUES (1, 1)', "... with $right on another column");
	everywhere("GRANT $right (id) ON p TO alice");
	is(same('INSERT INTO c VALUES (1, 1)', "... with $right on the column"), '', '... does');
	everywhere("GRANT $right ON p TO alice");
}
everywhere('REVOKE USAGE ON SCHEMA native, ours FROM PUBLIC; GRANT USAGE ON SCHEMA native, ours TO eve, bob');
like(same('INSERT INTO c VALUES (1, 1)', 'an owner without USAGE of the schema'), qr/42501: permission denied for schema/, '... does not get by');
everywhere('GRANT USAGE ON SCHEMA native, ours TO PUBLIC');
$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION int4eq FROM PUBLIC');
like(same('INSERT INTO c VALUES (1, 1)', 'an owner without EXECUTE of the operator\'s function'), qr/42501: permission denied for function int4eq/,
	'... does not get by');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION int4eq TO PUBLIC');
is(same('INSERT INTO c VALUES (1, 1)', '... and with all of it'), '', '... does');

# a right that is taken away is seen by who has been checked before
my $session = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'eve' ]);
$session->query('INSERT INTO ours.c VALUES (1, 1)');
$node->safe_psql('postgres', 'REVOKE SELECT ON ours.p FROM alice');
$session->query('INSERT INTO ours.c VALUES (1, 1)');
like($session->{stderr}, qr/permission denied for table p/, 'a right that is taken away is missed at once');
$node->safe_psql('postgres', 'GRANT SELECT ON ours.p TO alice; ALTER TABLE ours.p OWNER TO bob; REVOKE UPDATE ON ours.p FROM bob');
$session->{stderr} = '';
$session->query('INSERT INTO ours.c VALUES (1, 1)');
like($session->{stderr}, qr/permission denied for table p/, '... of another owner, too');
$session->quit;
$node->safe_psql('postgres', 'GRANT UPDATE ON ours.p TO bob; ALTER TABLE ours.p OWNER TO alice');

# what is in force is changed by another session
$session = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'eve' ]);
$session->query('INSERT INTO ours.c VALUES (1, 9)');
like($session->{stderr}, qr/foreign key constraint "c_pid_fkey"/, 'a reference');
$node->safe_psql('postgres', q{UPDATE assoc_internal.enforced SET name = 'other' WHERE reference = 'c'});
$session->{stderr} = '';
$session->query('INSERT INTO ours.c VALUES (1, 9)');
like($session->{stderr}, qr/foreign key constraint "other"/, '... that another session changes');
$node->safe_psql('postgres', q{BEGIN; DELETE FROM assoc_internal.enforced_target WHERE reference = 'c'; ROLLBACK});
$session->{stderr} = '';
$session->query('INSERT INTO ours.c VALUES (1, 1)');
is($session->{stderr}, '', '... or does not in the end');
$node->safe_psql('postgres', q{UPDATE assoc_internal.enforced SET name = 'c_pid_fkey' WHERE reference = 'c'});
$session->quit;

# what is deleted while triggers do not fire is forgotten too; without the trigger that tells, nothing is remembered
$node->safe_psql('postgres', q{CREATE TRIGGER "RI_assoc_forget" BEFORE DELETE OR UPDATE OR TRUNCATE ON ours.p FOR EACH STATEMENT
	EXECUTE FUNCTION assoc_internal.forget_parents()});
for my $enable ('ENABLE ALWAYS', 'ENABLE', 'DISABLE')
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		BEGIN;
		ALTER TABLE ours.p $enable TRIGGER "RI_assoc_forget";
		INSERT INTO ours.c VALUES (1, 2), (1, 2);
		SET LOCAL session_replication_role = replica;
		DELETE FROM ours.p WHERE id = 2;
		SET LOCAL session_replication_role = origin;
		INSERT INTO ours.c VALUES (1, 2)});
	like($err, qr/Key \(pid\)=\(2\) is not present/, "$enable: what is deleted while triggers do not fire is missed");
}
# and in that role, a trigger that is to fire all the same looks at each row
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		BEGIN;
		ALTER TABLE ours.p ENABLE ALWAYS TRIGGER "RI_assoc_forget";
		DO \$\$ BEGIN EXECUTE (SELECT format('ALTER TABLE ours.c ENABLE ALWAYS TRIGGER %I', tgname) FROM pg_trigger
			WHERE tgrelid = 'ours.c'::regclass AND tgname LIKE 'RI_assoc_c_%'); END \$\$;
		SET LOCAL session_replication_role = replica;
		INSERT INTO ours.c VALUES (1, 2), (1, 2);
		DELETE FROM ours.p WHERE id = 2;
		INSERT INTO ours.c VALUES (1, 2)});
	like($err, qr/Key \(pid\)=\(2\) is not present/, 'a trigger that fires in the role of a replica');
}
$node->safe_psql('postgres', 'DROP TRIGGER "RI_assoc_forget" ON ours.p');

# what is wrong with a parent is told to who may read it there
$node->safe_psql('postgres', q{CREATE TABLE ours.d (id integer, pid integer); GRANT INSERT, SELECT ON ours.d TO eve});
enforce('d', 'd', q{'{"role": "admin"}'});
for my $role (qw(eve eve_by_query))
{
	is(outcome('ours', $role, 'INSERT INTO d VALUES (1, 1)'), '', "$role: within the scope");
	my $told = outcome('ours', $role, 'INSERT INTO d VALUES (1, 3)');
	like($told, qr/23503/, "$role: outside of the scope");
	like($told, qr/Key \(pid\)=\(3\) is not present in table "p"/, '... what is in the parent is not told');
}
$node->safe_psql('postgres', 'GRANT SELECT (role) ON ours.p TO eve');
like(outcome('ours', 'eve', 'INSERT INTO d VALUES (1, 3)'),
	qr/Key \(pid\)=\(3\) is present in table "p", but only rows with role = admin may be referred to/, '... but to who may read it');

# a row of the catalog makes no trigger of a stranger's table work for him
$node->safe_psql('postgres', 'CREATE TABLE ours.mine (id integer, pid integer); ALTER TABLE ours.mine OWNER TO eve');
my ($status, $out, $err) = $node->psql('postgres', q{
	CREATE TRIGGER t AFTER INSERT ON ours.mine FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference('c');
	INSERT INTO ours.mine VALUES (1, 1)}, extra_params => [ '-U', 'eve', '-v', 'VERBOSITY=verbose' ]);
like($err, qr/55000: reference "c" cannot be enforced/, 'a table that is no child of the reference');
($status, $out, $err) = $node->psql('postgres', q{INSERT INTO assoc_internal.enforced
	(reference, declarer, name, mode, child_schema, child_table, columns, on_delete, on_update, deferral)
	VALUES ('e', '', 'e', 'trigger', 'ours', 'mine', '{pid}', 'NO ACTION', 'NO ACTION', 'none')}, extra_params => [ '-U', 'eve' ]);
like($err, qr/permission denied/, 'nor can she write the catalog');

$node->stop;
done_testing();
