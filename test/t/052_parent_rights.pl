# Who acts when a parent goes: the child's owner, whoever deletes; and who reads what in errors. Each statement is run in
# two schemas that differ in nothing but a native key here and triggers there, and must come to the same.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('parent_rights');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(alice bob eve);
$node->safe_psql('postgres', 'CREATE EXTENSION todo_assoc');

# alice has the parents, bob the children, eve may delete
for my $schema (qw(native ours))
{
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema;
		GRANT USAGE ON SCHEMA $schema TO PUBLIC;
		SET search_path = $schema;
		CREATE TABLE p (id integer PRIMARY KEY, secret text, seen boolean DEFAULT true);
		ALTER TABLE p OWNER TO alice;
		GRANT DELETE, UPDATE ON p TO eve;
		GRANT SELECT (id) ON p TO eve;
	});
	for my $action ('NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT')
	{
		my $name = lc($action =~ s/ //r) . '_c';
		$node->safe_psql('postgres', qq{
			SET search_path = $schema;
			CREATE TABLE $name (id integer PRIMARY KEY, pid integer DEFAULT 9, who text);
			CREATE INDEX ON $name (pid);
			CREATE FUNCTION tell_$name() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
				IF TG_OP = 'UPDATE' THEN NEW.who := current_user; ELSE RAISE NOTICE '% deletes', current_user; END IF;
				RETURN coalesce(NEW, OLD); END \$\$;
			CREATE TRIGGER who BEFORE UPDATE OR DELETE ON $name FOR EACH ROW EXECUTE FUNCTION tell_$name();
			ALTER TABLE $name OWNER TO bob;
		});
		if ($schema eq 'native')
		{
			$node->safe_psql('postgres', qq{
				ALTER TABLE native.$name ADD CONSTRAINT ${name}_pid_fkey FOREIGN KEY (pid) REFERENCES native.p
					ON DELETE $action ON UPDATE $action});
			next;
		}
		$node->safe_psql('postgres', qq{
			INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema, child_table, columns,
				on_delete, on_update, deferral)
			VALUES ('$name', '', '${name}_pid_fkey', 'trigger', 'ours', '$name', '{pid}', '$action', '$action', 'none');
			INSERT INTO assoc_internal.enforced_target (reference, declarer, parent_schema, parent_table, key)
			VALUES ('$name', '', 'ours', 'p', '{id}');
			SELECT format('CREATE CONSTRAINT TRIGGER "RI_assoc_c_%1\$s" AFTER INSERT OR UPDATE ON ours.$name FOR EACH ROW EXECUTE FUNCTION assoc_internal.check_reference(''$name'')', h),
				format('CREATE CONSTRAINT TRIGGER "RI_assoc_a_%1\$s" AFTER DELETE ON ours.p FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_deleted(''$name'')', h),
				format('CREATE CONSTRAINT TRIGGER "RI_assoc_au_%1\$s" AFTER UPDATE ON ours.p FOR EACH ROW EXECUTE FUNCTION assoc_internal.parent_updated(''$name'')', h),
				format('CREATE TRIGGER "RI_assoc_at_%1\$s" AFTER TRUNCATE ON ours.p FOR EACH STATEMENT EXECUTE FUNCTION assoc_internal.parent_truncated(''$name'')', h)
			FROM lpad(to_hex(hashtextextended('$name' COLLATE "C", 0)), 16, '0') h \\gexec
		});
	}
}

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
	# the text of the query is not the same, nor where it was called
	$err =~ s/^(?:LOCATION|CONTEXT):.*\n?//mg;
	$err =~ s/\b$schema\b/SCHEMA/g;
	return $out . $err;
}

# The same in both; returns it.
sub same
{
	my ($role, $sql, $name) = @_;
	my $native = outcome('native', $role, $sql);
	is(outcome('ours', $role, $sql), $native, $name);
	return $native;
}

sub fill
{
	everywhere(q{
		DELETE FROM noaction_c; DELETE FROM restrict_c; DELETE FROM cascade_c; DELETE FROM setnull_c; DELETE FROM setdefault_c;
		DELETE FROM p; INSERT INTO p SELECT i FROM generate_series(1, 9) i;
		INSERT INTO noaction_c VALUES (1, 1); INSERT INTO restrict_c VALUES (1, 2); INSERT INTO cascade_c VALUES (1, 3);
		INSERT INTO setnull_c VALUES (1, 4); INSERT INTO setdefault_c VALUES (1, 5)});
}

sub rows
{
	my ($table) = @_;
	return same('postgres', "SELECT * FROM $table ORDER BY id", "... and $table holds the same");
}

fill();
like(same('eve', 'DELETE FROM p WHERE id = 1', 'a key that she may read'), qr/Key \(id\)=\(1\) is still referenced/, '... is told');
like(same('eve', 'DELETE FROM p WHERE id = 3', 'CASCADE'), qr/bob deletes/, '... is done by the child\'s owner');
rows('cascade_c');
same('eve', 'DELETE FROM p WHERE id = 4', 'SET NULL');
like(rows('setnull_c'), qr/1\|\|bob/, '... is done by the child\'s owner');
same('eve', 'UPDATE p SET id = 50 WHERE id = 5', 'SET DEFAULT');
like(rows('setdefault_c'), qr/1\|9\|bob/, '... likewise');

fill();
everywhere('REVOKE SELECT (id) ON p FROM eve; GRANT SELECT (seen) ON p TO eve');
my $told = same('eve', 'DELETE FROM p', 'a key that she may not read');
like($told, qr/Key is (?:still )?referenced from table/, '... is not told');
same('eve', 'UPDATE p SET id = id + 100', '... nor by UPDATE');

# row security: of the parent, no values; of the child, it holds for nobody here
everywhere('GRANT SELECT ON p TO eve; ALTER TABLE p ENABLE ROW LEVEL SECURITY; CREATE POLICY seen ON p USING (seen)');
unlike(same('eve', 'DELETE FROM p WHERE id = 1', 'under row security'), qr/\(1\)/, '... no value is told');
everywhere('ALTER TABLE p FORCE ROW LEVEL SECURITY; UPDATE p SET seen = false WHERE id = 1');
same('eve', 'UPDATE p SET id = 10 WHERE id = 2', 'forced on the parent\'s owner too');
everywhere('ALTER TABLE p DISABLE ROW LEVEL SECURITY; ALTER TABLE p NO FORCE ROW LEVEL SECURITY; UPDATE p SET seen = true');
for my $table (qw(noaction_c restrict_c cascade_c setnull_c setdefault_c))
{
	everywhere("ALTER TABLE $table ENABLE ROW LEVEL SECURITY; ALTER TABLE $table FORCE ROW LEVEL SECURITY; CREATE POLICY none ON $table USING (false)");
}
same('eve', 'DELETE FROM p WHERE id = 1', 'children that row security hides from their owner count');
same('eve', 'DELETE FROM p WHERE id = 2', '... for RESTRICT');
same('eve', 'DELETE FROM p WHERE id = 3', '... for CASCADE');
same('eve', 'DELETE FROM p WHERE id = 4', '... for SET NULL');
same('eve', 'UPDATE p SET id = 10 WHERE id = 5', '... and for SET DEFAULT');
rows($_) for qw(noaction_c restrict_c cascade_c setnull_c setdefault_c);

# what the child's owner may not do, is not done for him, also where there is nothing to do
fill();
for my $case ([ 'noaction_c', 'UPDATE' ], [ 'restrict_c', 'UPDATE' ], [ 'restrict_c', 'SELECT' ], [ 'cascade_c', 'DELETE' ],
	[ 'setnull_c', 'SELECT' ], [ 'setdefault_c', 'UPDATE' ])
{
	my ($table, $right) = @$case;
	everywhere("REVOKE $right ON $table FROM bob");
	like(same('eve', 'DELETE FROM p WHERE id = 8', "an owner without $right on $table"), qr/42501: permission denied for table $table/,
		'... does not get by');
	everywhere("GRANT $right ON $table TO bob");
}
same('eve', 'DELETE FROM p WHERE id = 8', '... and with it');

# the parent's owner, for the key that another row may have now
everywhere('REVOKE SELECT ON p FROM alice');
same('eve', 'DELETE FROM p WHERE id = 1', 'the owner of the parent may not read it');
everywhere('GRANT SELECT ON p TO alice');
same('eve', 'DELETE FROM p WHERE id = 1', '... and may');

# to check the rows takes the right to read them all
$node->safe_psql('postgres', q{
	CREATE SCHEMA checks AUTHORIZATION bob; GRANT USAGE ON SCHEMA checks TO alice;
	CREATE TABLE checks.people (id integer PRIMARY KEY); ALTER TABLE checks.people OWNER TO alice;
	SET ROLE alice; GRANT REFERENCES ON checks.people TO bob;
	SET ROLE bob; CREATE TABLE checks.notes (id integer PRIMARY KEY, person_id integer);
	RESET ROLE; SET search_path = checks;
	SELECT assoc.define_model('Person', 'checks.people');
	SET ROLE bob;
	SELECT assoc.define_model('Note', 'checks.notes');
	SELECT assoc.belongs_to('Note', 'Person', foreign_key => 'person_id', on_delete => 'NO ACTION', enforce => 'trigger');
	SELECT assoc_internal.enforce('Note.person')});
my $validate = q{SET ROLE bob; SET search_path = checks; SELECT assoc_internal.validate_reference('Note.person')};
for my $case ([ '', 'without SELECT' ], [ 'GRANT SELECT ON checks.people TO bob; ALTER TABLE checks.people ENABLE ROW LEVEL SECURITY', 'under row security' ])
{
	$node->safe_psql('postgres', $case->[0]);
	my ($status, $out, $err) = $node->psql('postgres', $validate, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/42501: permission denied for table people\nDETAIL:  To check the rows takes SELECT on it, and no row security\.\nHINT:  Its owner can GRANT SELECT ON checks\.people TO \.\.\.; or call it as a superuser\./,
		"the rows are not checked $case->[1]");
	is($node->safe_psql('postgres', q{SELECT validated FROM assoc_internal.enforced WHERE child_schema = 'checks'}), 'f', '... nor called so');
}
$node->safe_psql('postgres', 'ALTER TABLE checks.people DISABLE ROW LEVEL SECURITY');
$node->safe_psql('postgres', $validate);
is($node->safe_psql('postgres', q{SELECT validated FROM assoc_internal.enforced WHERE child_schema = 'checks'}), 't', '... and are, by who sees them all');

# an heir of another owner: he must agree to its triggers; what is looked for is looked for as the parent's owner, to whom its row security is nothing
$node->safe_psql('postgres', q{
	SET search_path = checks; SELECT assoc.define_model('Person', 'people', heirs => true); SELECT assoc_internal.unenforce('Note.person');
	CREATE TABLE guests () INHERITS (people); ALTER TABLE guests OWNER TO eve; GRANT USAGE ON SCHEMA checks TO eve; INSERT INTO guests VALUES (7);
	ALTER TABLE guests ENABLE ROW LEVEL SECURITY;
	GRANT SELECT ON people TO bob});
my $enforce = q{SET ROLE bob; SET search_path = checks; SELECT assoc_internal.enforce('Note.person')};
my (undef, undef, $denied) = $node->psql('postgres', $enforce, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($denied, qr/42501: permission denied for table guests/, 'triggers on an heir of another owner take REFERENCES on it');
$node->safe_psql('postgres', "SET ROLE eve; GRANT REFERENCES ON checks.guests TO bob");
$node->safe_psql('postgres', $_) for $enforce, $validate;
$node->safe_psql('postgres', 'SET ROLE bob; INSERT INTO checks.notes VALUES (1, 7)');
(undef, undef, $denied) = $node->psql('postgres', 'SET ROLE bob; INSERT INTO checks.notes VALUES (2, 8)', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($denied, qr/23503: insert or update on table "notes" violates foreign key constraint "notes_person_id_fkey"\nDETAIL:  Key \(person_id\)=\(8\) is not present in table "people"/, 'rows of it are found, and others are not');
(undef, undef, $denied) = $node->psql('postgres', 'DELETE FROM checks.guests', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($denied, qr/23503: update or delete on table "guests" violates/, '... and are kept');
is($node->safe_psql('postgres', q{SELECT validated FROM assoc_internal.enforced WHERE child_schema = 'checks'}), 't', '... and checked');

# called by hand, or as what it is not
for my $function (qw(parent_deleted parent_updated parent_truncated parent_ending))
{
	my ($status, $out, $err) = $node->psql('postgres', "SELECT assoc_internal.$function()");
	like($err, qr/function "$function" was not called by trigger manager/, "$function is no function to call");
}
my @wrong = (
	[ 'BEFORE DELETE ON wrong FOR EACH ROW', 'parent_deleted', 'must be fired AFTER ROW' ],
	[ 'AFTER UPDATE ON wrong FOR EACH ROW', 'parent_deleted', 'must be fired for DELETE' ],
	[ 'AFTER DELETE ON wrong FOR EACH STATEMENT', 'parent_deleted', 'must be given the rows of a statement' ],
	[ 'AFTER DELETE ON wrong FOR EACH ROW', 'parent_updated', 'must be fired for UPDATE' ],
	[ 'AFTER UPDATE ON wrong REFERENCING OLD TABLE AS o FOR EACH STATEMENT', 'parent_updated', 'must be given the rows of a statement' ],
	[ 'BEFORE TRUNCATE ON wrong FOR EACH STATEMENT', 'parent_truncated', 'must be fired AFTER STATEMENT' ],
	[ 'AFTER DELETE ON wrong FOR EACH STATEMENT', 'parent_truncated', 'must be fired for TRUNCATE' ],
	[ 'AFTER UPDATE ON wrong FOR EACH ROW', 'parent_ending', 'must be fired BEFORE UPDATE for each row' ],
	[ 'BEFORE DELETE ON wrong FOR EACH ROW', 'parent_ending', 'must be fired BEFORE UPDATE for each row' ],
	[ 'BEFORE UPDATE ON wrong FOR EACH STATEMENT', 'parent_ending', 'must be fired BEFORE UPDATE for each row' ]);
for my $case (@wrong)
{
	my ($event, $function, $message) = @$case;
	my ($status, $out, $err) = $node->psql('postgres', qq{
		CREATE TABLE wrong (id integer); INSERT INTO wrong VALUES (1);
		CREATE TRIGGER t $event EXECUTE FUNCTION assoc_internal.$function('restrict_c');
		UPDATE wrong SET id = 2; DELETE FROM wrong; TRUNCATE wrong}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/39P01: function "$function" $message/, "$function $event: $message");
	$node->safe_psql('postgres', 'DROP TABLE wrong');
}

# on a table that is no side of the reference, or without its other triggers: nothing passes
for my $event ('DELETE ON stray FOR EACH ROW', 'TRUNCATE ON stray FOR EACH STATEMENT')
{
	my $function = $event =~ /^DELETE/ ? 'parent_deleted' : 'parent_truncated';
	my ($status, $out, $err) = $node->psql('postgres', qq{
		CREATE TABLE stray (id integer); INSERT INTO stray VALUES (1);
		CREATE TRIGGER t AFTER $event EXECUTE FUNCTION assoc_internal.$function('restrict_c');
		DELETE FROM stray; TRUNCATE stray}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/55000: reference "restrict_c" cannot be enforced/, "$function on a table that is no parent raises");
	$node->safe_psql('postgres', 'DROP TABLE stray');
}

$node->stop;
done_testing();
