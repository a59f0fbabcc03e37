# Every way to dump and restore a database, with every kind of reference in force: rows deleted softly, scopes,
# conditions, polymorphic, once a statement, deferred. And packages whose tables have triggers: who restores loads their
# rows in whatever order they come, and nobody else does.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('restore_kinds');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN CREATEDB');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $databases = 0;

sub fresh
{
	my ($role) = @_;
	my $name = 'kinds_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER $role TEMPLATE template0");
	return $name;
}

sub as { my ($database, $role, $sql) = @_; return $node->safe_psql($database, $sql, extra_params => [ '-U', $role ]) }

sub same { my ($got, $expected, $name) = @_; is(lost_and_new($got, $expected), '', $name); return }

my $look = q{
	SELECT association, enforce, on_delete, on_update, status, difference FROM assoc.associations ORDER BY 1;
	SELECT * FROM assoc.models ORDER BY 1;
	SELECT e::text FROM assoc_internal.enforced e ORDER BY 1; SELECT t::text FROM assoc_internal.enforced_target t ORDER BY 1;
	SELECT c::text FROM assoc_internal.conflict c; SELECT r::text FROM assoc_internal.recorded r ORDER BY 1;
	SELECT tgrelid::regclass, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, tgname;
	SELECT * FROM assoc.plan(); SELECT severity, code, message FROM assoc.validate(min_severity => 'warning');
	SELECT assoc.document();
	SELECT 'users', u::text FROM k."Users" u UNION ALL SELECT 'todos', t::text FROM k."Todos" t UNION ALL SELECT 'docs', d::text FROM k.docs d
		UNION ALL SELECT 'photos', p.tableoid::regclass::text || p::text FROM k."Photos" p UNION ALL SELECT 'a shot', s::text FROM k."A shot" s
		UNION ALL SELECT 'comments', c::text FROM k."Comments" c UNION ALL SELECT 'loads', l::text FROM k.loads l ORDER BY 1, 2};

# Children come before their parents by name, so no order of tables helps.
my $make = q{
	CREATE EXTENSION todo_assoc; CREATE SCHEMA k; SET search_path = k;
	CREATE TABLE "Users" (id integer PRIMARY KEY, "boss's id" integer, role text, "deleted At" timestamptz);
	CREATE TABLE "Todos" (id integer PRIMARY KEY, "user's id" integer, hidden boolean);
	CREATE TABLE docs (id integer PRIMARY KEY, status text, editor_id integer, approver_id integer);
	CREATE TABLE "Photos" (id bigint PRIMARY KEY); CREATE TABLE "A panorama" (width integer) INHERITS ("Photos"); CREATE TABLE "A shot" (id integer PRIMARY KEY, photo_id bigint);
	CREATE TABLE "Comments" (id integer PRIMARY KEY, "subjectType" text, "subjectId" bigint);
	CREATE TABLE loads (id integer PRIMARY KEY, user_id integer);
	SELECT assoc.define_model('User', 'Users', soft_delete => 'deleted At');
	SELECT assoc.define_model('Photo', 'Photos', heirs => true); SELECT assoc.belongs_to('Shot', 'Photo', foreign_key => 'photo_id', on_delete => 'NO ACTION') FROM assoc.define_model('Shot', 'A shot');
	SELECT assoc.define_model('Todo', 'Todos', soft_delete => 'hidden', type_value => 'App\Todo');
	SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'CASCADE', inverse => 'todos');
	SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss''s id', on_delete => 'NO ACTION', deferral => 'deferred');
	SELECT assoc.belongs_to('Doc', 'User', 'approver', foreign_key => 'approver_id', scope => '{"role": ["admin", "head"]}', on_delete => 'SET NULL', enforce => 'trigger');
	SELECT assoc.belongs_to('Doc', 'Todo', 'editor', foreign_key => 'editor_id', condition => '{"status": ["open", null]}', on_delete => 'NO ACTION');
	SELECT assoc.belongs_to_polymorphic('Comment', 'subject', 'Todo, Photo', on_delete => 'CASCADE');
	SELECT assoc.has_many('Todo', 'Comment', polymorphic => 'subject');
	SELECT assoc.belongs_to('Load', 'User', foreign_key => 'user_id', on_delete => 'NO ACTION', enforce => 'statement');
	SELECT count(*) FROM assoc.apply();
	INSERT INTO "Users" VALUES (1, 2, 'admin'), (2, 1, 'member'), (3, NULL, NULL);
	INSERT INTO "Todos" VALUES (1, 1, false), (2, 1, true), (3, 3, NULL), (4, 3, true);
	INSERT INTO docs VALUES (1, 'open', 1, 1), (2, 'done', 99, NULL);
	INSERT INTO "Photos" VALUES (1); INSERT INTO "A panorama" (id) VALUES (2), (3);
	INSERT INTO "Comments" VALUES (1, 'App\Todo', 1), (2, 'Photo', 1), (3, NULL, NULL), (4, 'Photo', 3); INSERT INTO "A shot" VALUES (1, 1), (2, 2);
	INSERT INTO loads VALUES (1, 2);
	UPDATE "Users" SET "deleted At" = '2026-01-01' WHERE id = 3};

my %orphans = (
	'nobody' => q{INSERT INTO k."Todos" VALUES (9, 99, false)},
	'living child of a deleted one' => q{INSERT INTO k."Todos" VALUES (9, 3, false)},
	'deferred' => q{UPDATE k."Users" SET "boss's id" = 99 WHERE id = 1},
	'scope' => q{UPDATE k.docs SET approver_id = 2 WHERE id = 1},
	'condition' => q{UPDATE k.docs SET status = NULL WHERE id = 2},
	'polymorphic' => q{INSERT INTO k."Comments" VALUES (9, 'App\Todo', 9)},
	'unknown type' => q{INSERT INTO k."Comments" VALUES (9, 'Todo', 1)},
	'heir' => q{DELETE FROM k."A panorama" WHERE id = 2},
	'statement' => q{INSERT INTO k.loads VALUES (9, 99)},
	'parent' => q{DELETE FROM k."Users" WHERE id = 2});

sub enforces
{
	my ($database, $role, $name) = @_;
	is(join(', ', grep { report($node, $database, $orphans{$_}, '-U', $role) !~ /ERROR:  23503/ } sort keys %orphans), '', "$name: everything is enforced");
	return;
}

# What a restore does not know of the rows is found out; then all must be as before.
sub as_before
{
	my ($database, $role, $before, $name) = @_;
	enforces($database, $role, $name);
	is(as($database, $role, q{SELECT DISTINCT outcome FROM assoc.apply()}), 'done', '... the rows are checked');
	same(as($database, $role, $look), $before, '... all is as before');
	return;
}

my $before;
foreach my $role ($super, 'plain')
{
	my $db = fresh($role);
	as($db, $role, $make);
	$before = as($db, $role, $look);
	enforces($db, $role, $role);
	like($before, qr/^Comment\.subject\|trigger\|CASCADE\|NO ACTION\|in place\|$/m, '... and in place');

	# [how to dump], [how to restore] each
	my @ways = ([ ['-Fp'] ], [ ['-Fc'], ['--exit-on-error'] ], [ [ '-Fd', '-j2' ], [ '-j2', '--exit-on-error' ] ], [ ['-Ft'], [ '--exit-on-error', '--single-transaction' ] ]);
	push @ways, [ ['--inserts'] ], [ [ '--column-inserts', '--no-owner', '--no-acl' ] ] if $role eq 'plain';
	foreach my $way (@ways)
	{
		my $target = fresh($role);
		is(restore_into($node, $target, $role, dump_of($node, $db, $role, @{ $way->[0] }), @{ $way->[1] // [] }), '', "@{ $way->[0] }: restored as $role");
		as_before($target, $role, $before, "@{ $way->[0] }");
		# the batch of what was deleted softly is in the rows
		is(as($target, $role, q{UPDATE k."Users" SET "deleted At" = NULL WHERE id = 3; SELECT string_agg(id || coalesce(hidden::text, '-'), ' ' ORDER BY id) FROM k."Todos"}),
			'1false 2true 3false 4true', '... what was deleted softly comes back');
		$node->safe_psql('postgres', "DROP DATABASE $target");
	}

	# section by section
	my $file = dump_of($node, $db, $role, '-Fc');
	my $target = fresh($role);
	is(restore_into($node, $target, $role, $file, '--exit-on-error', "--section=$_"), '', "--section=$_ as $role") for qw(pre-data data post-data);
	as_before($target, $role, $before, 'sections');

	# over itself
	foreach my $options ([ '-Fp', '--clean', '--if-exists' ], ['-Fc'])
	{
		# keys go before tables, which is told of associations that need them
		unlike(restore_into($node, $target, $role, dump_of($node, $db, $role, @$options), '--clean', '--if-exists', '--exit-on-error'), qr/ERROR/, "@$options --clean over itself as $role");
		as_before($target, $role, $before, '... over itself');
	}

	# the schema, then the rows: the triggers are there before them
	$target = fresh($role);
	is(restore_into($node, $target, $role, dump_of($node, $db, $role, '--schema-only')), '', "the schema alone as $role");
	is($node->safe_psql($target, 'SELECT count(*) FROM assoc_internal.enforced'), '0', '... is no row of ours');
	if ($role eq $super)
	{
		unlike(restore_into($node, $target, $role, dump_of($node, $db, $role, '--data-only', '--disable-triggers')), qr/ERROR/, '--data-only --disable-triggers');
		as_before($target, $role, $before, '... the rows alone');
	}
	else
	{
		like(restore_into($node, $target, $role, dump_of($node, $db, $role, '--data-only', '-Fc')), qr/ERROR:  /, 'rows alone, in any order, are refused to who may not switch triggers off');
	}
}

# pg_dumpall: roles and all databases
{
	my $db = 'kinds_1';
	my ($out, $err) = run_command([ 'pg_dumpall', '-h', $node->host, '-p', $node->port, '-U', $super, '-l', $db, '--exclude-database=kinds_[2-9]*', '--exclude-database=kinds_1[0-9]*' ]);
	like($out, qr/CREATE DATABASE kinds_1 /, 'pg_dumpall');
	my $file = $node->basedir . '/all.sql';
	append_to_file($file, $out);
	my $other = PostgreSQL::Test::Cluster->new('restore_all');
	$other->init;
	$other->start;
	($out, $err) = run_command([ 'psql', '-X', '-q', '-h', $other->host, '-p', $other->port, '-d', 'postgres', '-f', $file ]);
	is(join("\n", grep { /ERROR/ && !/role ".*" already exists/ } split /\n/, $err), '', '... restored');
	is($other->safe_psql($db, q{SELECT DISTINCT outcome FROM assoc.apply()}), 'done', '... the rows are checked');
	my $all = $node->safe_psql($db, 'SELECT DISTINCT outcome FROM assoc.apply();' . $look);
	same($other->safe_psql($db, $look), $all, '... all is as before');
	$other->stop;
}

# packages: their triggers are made by the script, before the rows come
SKIP:
{
	skip 'the extension directory cannot be written', 1 unless extension_directory($node);
	make_package('ta_kinds', '1.0', { '1.0' => q{
CREATE TABLE public.a_comments (id integer PRIMARY KEY);
CREATE TABLE public.a_todos (id integer PRIMARY KEY, user_id integer, gone timestamptz, status text, editor_id integer);
CREATE TABLE public.b_users (id integer PRIMARY KEY, boss_id integer, gone timestamptz, role text);
SELECT assoc.define_model('Todo', 'public.a_todos', soft_delete => 'gone'); SELECT assoc.define_model('User', 'public.b_users', soft_delete => 'gone');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', on_delete => 'CASCADE', enforce => 'trigger', inverse => 'todos');
SELECT assoc.belongs_to('Todo', 'User', 'editor', foreign_key => 'editor_id', on_delete => 'NO ACTION', enforce => 'statement', scope => '{"role": "admin"}', condition => '{"status": "open"}');
SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss_id', on_delete => 'RESTRICT', enforce => 'trigger', deferral => 'deferred');
SELECT assoc.define_model('Comment', 'public.a_comments'); SELECT assoc.belongs_to_polymorphic('Comment', 'subject', 'Todo, User', on_delete => 'CASCADE');
SELECT assoc.apply();} });
	my $state = q{SELECT reference, validated FROM assoc_internal.enforced ORDER BY 1};
	my $seen = q{SELECT association, enforce, status FROM assoc.associations ORDER BY 1; SELECT e::text FROM assoc_internal.enforced e ORDER BY 1;
		SELECT tgrelid::regclass, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, tgname;
		SELECT * FROM assoc.plan(); SELECT severity, code FROM assoc.validate(min_severity => 'warning');
		SELECT t::text FROM a_todos t UNION ALL SELECT u::text FROM b_users u UNION ALL SELECT c::text FROM a_comments c ORDER BY 1};
	foreach my $role ($super, 'plain')
	{
		my $db = fresh($role);
		as($db, $role, q{CREATE EXTENSION ta_kinds CASCADE; INSERT INTO b_users VALUES (1, 2, NULL, 'admin'), (2, 1, NULL, NULL), (3, NULL, NULL, NULL); INSERT INTO a_todos VALUES (1, 1, NULL, 'open', 1), (2, NULL, NULL, 'done', 99), (3, 3, NULL, NULL, NULL);
			INSERT INTO a_comments VALUES (1, 'Todo', 1), (2, 'User', 2); UPDATE b_users SET gone = '2026-01-01' WHERE id = 3});
		my $was = as($db, $role, $seen);
		unlike(as($db, $role, $state), qr/\|f$/m, "$role: what the script put in force is valid");
		foreach my $way ([ ['-Fp'] ], [ ['-Fc'], ['--exit-on-error'] ], [ ['-Fd'], [ '--exit-on-error', '--single-transaction' ] ], [ ['-Ft'], ['--exit-on-error'] ], [ ['--inserts'] ])
		{
			my $target = fresh($role);
			is(restore_into($node, $target, $role, dump_of($node, $db, $role, @{ $way->[0] }), @{ $way->[1] // [] }), '', "@{ $way->[0] }: rows come before those they refer to, as $role");
			is(as($target, $role, $state), "a_comments_subject_id|f\na_todos_editor_id|f\na_todos_user_id|f\nb_users_boss_id|f", '... and are not known to be right');
			like(report($node, $target, $_, '-U', $role), qr/^ERROR:  23503/, "... in all other sessions it is enforced: $_")
			  for 'INSERT INTO a_todos VALUES (9, 99)', 'INSERT INTO a_comments VALUES (9, \'Page\', 1)', 'UPDATE b_users SET boss_id = 99', 'UPDATE a_todos SET editor_id = 3 WHERE id = 1';
			is(as($target, $role, q{SELECT DISTINCT outcome FROM assoc.apply()}), 'done', '... which is found out');
			same(as($target, $role, $seen), $was, '... all is as before');
			$node->safe_psql('postgres', "DROP DATABASE $target");
		}
		# several sessions at once can't know; nor one that comes later
		my $target = fresh($role);
		my $file = dump_of($node, $db, $role, '-Fd');
		is(restore_into($node, $target, $role, $file, '--section=pre-data'), '', "--section=pre-data as $role");
		like(restore_into($node, $target, $role, $file, '--section=data'), qr/violates foreign key constraint/, '... in a session of its own the rows are checked');

		# who has made the package, and works on
		$target = fresh($role);
		my $refused = sub { my ($settings, $name) = @_; like(report($node, $target, "$settings; INSERT INTO public.a_todos VALUES (9, 99)", '-U', $role), qr/^ERROR:  23503/, $name); return };
		$refused->('CREATE EXTENSION ta_kinds CASCADE', 'who makes a package is no restore');
		$refused->("SELECT pg_catalog.set_config('search_path', '', false); SET check_function_bodies = false", '... nor is who has its settings, and has not made it');
		as($target, $role, 'DROP EXTENSION ta_kinds');
		my $restores = q{SELECT pg_catalog.set_config('search_path', '', false); SET check_function_bodies = false;};
		$refused->("BEGIN; $restores CREATE EXTENSION ta_kinds; ROLLBACK; RESET search_path; CREATE EXTENSION ta_kinds; $restores SET search_path = public", '... nor is one of them enough');
		as($target, $role, 'DROP EXTENSION ta_kinds');
		is(as($target, $role, qq{$restores CREATE EXTENSION ta_kinds; BEGIN; SAVEPOINT s; INSERT INTO public.a_todos VALUES (1, 99); ROLLBACK TO s; INSERT INTO public.a_todos VALUES (2, 99); COMMIT;
			SELECT e.validated FROM assoc_internal.enforced e WHERE e.reference = 'a_todos_user_id'; SELECT t.id FROM public.a_todos t}) =~ s/^\n+//r, "f\n2", 'what one subtransaction undoes the next does again');
	}
}

$node->stop;
done_testing();
