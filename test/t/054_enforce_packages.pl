# Packages and what triggers enforce: the next version with options that the hand added to what the package says; the end of
# a package, noticed or not. And the way back to 1.2: each refusal says what to do, and doing that leads there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('enforce_packages');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN CREATEDB');
my $databases = 0;

sub fresh
{
	my $name = 'packages_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER plain TEMPLATE template0");
	return $name;
}

sub as_plain { my ($database, $sql) = @_; return $node->safe_psql($database, $sql, extra_params => [ '-U', 'plain' ]) }

# back to 1.2
{
	my $db = fresh();
	as_plain($db, q{CREATE EXTENSION todo_assoc; CREATE TABLE "My users" (id integer PRIMARY KEY, gone date, role text); CREATE TABLE docs (id integer PRIMARY KEY, status text, a integer, b integer, c integer, d integer);
		CREATE TABLE notes (id integer PRIMARY KEY, "aboutType" text, "aboutId" integer);
		SELECT assoc.define_model('User''s', 'My users', soft_delete => 'gone'); SELECT assoc.define_model('Doc', 'docs', type_value => '7');
		SELECT assoc.belongs_to('Doc', 'User''s', 'kept', foreign_key => 'a');
		SELECT assoc.belongs_to('Doc', 'User''s', 'left', foreign_key => 'b', enforce => 'statement', on_delete => 'NO ACTION');
		SELECT assoc.belongs_to('Doc', 'User''s', 'scoped', foreign_key => 'c', enforce => 'trigger', scope => '{"role": "admin"}', on_delete => 'NO ACTION');
		SELECT assoc.belongs_to('Doc', 'User''s', 'open', foreign_key => 'd', condition => '{"status": "open"}', on_delete => 'NO ACTION');
		SELECT assoc.belongs_to_polymorphic('Note', 'about', 'Doc'); SELECT assoc.has_many('User''s', 'Note', polymorphic => 'about');
		SELECT count(*) FROM assoc.apply(); SELECT assoc.drop_association('Doc.left')});
	my @told;
	for (1 .. 10)
	{
		my $error = report($node, $db, q{ALTER EXTENSION todo_assoc UPDATE TO '1.2'}, '-U', 'plain');
		last if $error eq 'no error';
		push @told, $error =~ s/^CONTEXT:.*//msr;
		my ($hint) = $error =~ /^HINT:  (.*)$/m;
		as_plain($db, "SET client_min_messages = error; $_") for $hint =~ /SELECT .*?;/g;
	}
	is(join("\n", map { /^(ERROR:.*\nDETAIL:.*)\n/m } @told), q{ERROR:  55000: cannot go back to 1.2 while polymorphic associations are declared
DETAIL:  They are Note.about, User's.notes.
ERROR:  55000: cannot go back to 1.2 while associations have a condition
DETAIL:  They are Doc.open.
ERROR:  55000: cannot go back to 1.2 while models are deleted softly
DETAIL:  They are User's.
ERROR:  55000: cannot go back to 1.2 while models have a type value
DETAIL:  They are Doc.
ERROR:  55000: cannot go back to 1.2 while associations are enforced by triggers
DETAIL:  Triggers are on public.docs, public.docs, public.docs, public.docs, public.notes. They are declared by Doc.kept, Doc.scoped.}, 'each refusal');
	like($told[0], qr/^HINT:  SELECT assoc\.drop_association\('User''s\.notes'\); SELECT assoc\.drop_association\('Note\.about'\); What a package says, its scripts take back: assoc\.undo\.$/m, '... has a HINT that can be typed');
	is($node->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'todo_assoc'; SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text !~ '^assoc'}), "1.2\n0", '... and what they say leads there');
	like(report($node, $db, 'INSERT INTO docs (id, a) VALUES (1, 1)', '-U', 'plain'), qr/^ERROR:  23503/, '... with keys where there were triggers');
	is(as_plain($db, q{SELECT model FROM assoc.models; ALTER EXTENSION todo_assoc UPDATE; SELECT model, soft_delete, type_value FROM assoc.models WHERE model <> 'Note'}), "Doc\nNote\nUser's\nDoc||\nUser's||", 'the view of the models is that of its version');
}

SKIP:
{
	skip 'the extension directory cannot be written', 1 unless extension_directory($node);
	my $script = q{
CREATE TABLE public.p_users (id integer PRIMARY KEY, role text, gone date);
CREATE TABLE public.p_todos (id integer PRIMARY KEY, user_id integer, status text, about_type text, about_id integer);
SELECT assoc.define_model('User', 'public.p_users', plural => 'people');
SELECT assoc.define_model('Todo', 'public.p_todos');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', on_delete => 'NO ACTION', enforce => 'trigger');
SELECT assoc.apply();};
	my $in_force = q{SELECT e.reference, e.declarer, e.on_delete, e.mode, e.condition, t.scope, t.soft_delete, e.validated FROM assoc_internal.enforced e JOIN assoc_internal.enforced_target t USING (reference) ORDER BY 1, t.type_value};

	# the next version: options added to an association, and to a model, that the package says
	make_package('ta_options', '1.0', { '1.0' => $script });
	my $db = fresh();
	as_plain($db, q{CREATE EXTENSION ta_options CASCADE});
	my $at_first = as_plain($db, "$in_force; SELECT assoc.document(); SELECT association, declared_by FROM assoc.associations; SELECT * FROM assoc.models");
	is(as_plain($db, q{SET client_min_messages = error; SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id'); SELECT assoc.define_model('User', 'p_users', plural => 'people'); SELECT filename FROM assoc.generate_migration('ta_options')}) =~ s/^.*(planned|place|id)\n?//mgr, '',
		'what the package says itself needs no next version');
	as_plain($db, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', condition => '{"status": ["open", null]}', scope => '{"role": "it''s"}', deferral => 'deferred', enforce => 'trigger');
		SELECT assoc.define_model('User', 'p_users', soft_delete => 'gone');
		SELECT assoc.belongs_to_polymorphic('Todo', 'about', 'User', on_delete => 'CASCADE'); SELECT assoc.define_model('Todo', 'p_todos', type_value => 'App\Todo')});
	my %next = map { my ($file, $text) = split /\x1f/; $file =~ /^ta_options--(.*)\.sql$/ ? ($1 => $text) : () } split /\x1e/,
	  as_plain($db, q{SELECT string_agg(filename || E'\x1f' || script, E'\x1e') FROM assoc.generate_migration('ta_options')});
	my ($up, $down) = @next{ '1.0--1.1', '1.1--1.0' };
	like($up, qr/^SELECT assoc\.belongs_to\('Todo', 'User', alias => 'user', foreign_key => 'user_id', target_key => 'id', scope => '\{"role": "it''s"\}', condition => '\{"status": \["open", null\]\}', on_delete => 'NO ACTION', deferral => 'deferred', enforce => 'trigger'\);$/m,
		'an association with what either says');
	like($up, qr/^SELECT assoc\.define_model\('User', 'public\.p_users', plural => 'people', soft_delete => 'gone'\);$/m, 'a model likewise');
	like($up, qr/^SELECT assoc\.define_model\('Todo', 'public\.p_todos', type_value => E'App\\\\Todo'\);$/m, '... with its type value');
	like($up, qr/^SELECT assoc\.belongs_to_polymorphic\('Todo', alias => 'about', targets => 'User'/m, '... and a polymorphic one');
	like($down, qr/^SELECT assoc\.belongs_to\('Todo', 'User', alias => 'user', foreign_key => 'user_id', target_key => 'id', on_delete => 'NO ACTION', enforce => 'trigger'\);$/m, 'the way back says what the package said before');
	like($down, qr/^SELECT assoc\.define_model\('User', 'public\.p_users', plural => 'people'\);.*^SELECT assoc_internal\.enforce\('Todo\.user'\);/ms, '... and then puts that in force');
	make_package('ta_options', '1.1', { '1.0' => $script, %next });
	as_plain($db, q{SET client_min_messages = error; SELECT assoc.drop_association('Todo.about'); SELECT assoc.drop_association('Todo.user'); SELECT assoc.drop_model('User'); SELECT assoc.drop_model('Todo')});
	my $later = "p_todos_about_id|ta_options|CASCADE|trigger|||gone|t\np_todos_user_id|ta_options|NO ACTION|trigger|{\"status\": [\"open\", null]}|{\"role\": \"it's\"}|gone|t";
	foreach my $round (1, 2)
	{
		is(as_plain($db, qq{SELECT assoc.migrate('ta_options') IS NULL; $in_force}), "f\n$later", 'up: it is in force');
		is(as_plain($db, 'SELECT count(*) FROM assoc.plan()'), '0', '... nothing is left to do');
		is(lost_and_new(as_plain($db, "SELECT assoc.undo('ta_options') IS NULL; $in_force; SELECT assoc.document(); SELECT association, declared_by FROM assoc.associations; SELECT * FROM assoc.models"), "f\n$at_first"), '', 'down: all is as before');
		is(as_plain($db, 'SELECT count(*) FROM assoc.plan()'), '0', '... nothing is left to do');
	}

	# the end of a package
	make_package('ta_options', '1.0', { '1.0' => $script });
	my $left = q{SELECT (SELECT count(*) FROM assoc_internal.enforced), (SELECT count(*) FROM assoc_internal.enforced_target), (SELECT count(*) FROM assoc_internal.declaration), (SELECT count(*) FROM assoc_internal.model)};
	foreach my $cascade ('', ' CASCADE')
	{
		$db = fresh();
		as_plain($db, q{CREATE EXTENSION ta_options CASCADE; CREATE VIEW used AS SELECT * FROM p_todos; CREATE TABLE mine (id integer PRIMARY KEY, user_id integer); SELECT assoc.belongs_to('Mine', 'User', foreign_key => 'user_id'); SELECT count(*) FROM assoc.apply('Mine')});
		if ($cascade eq '')
		{
			like(report($node, $db, 'DROP EXTENSION ta_options', '-U', 'plain'), qr/^ERROR:  2BP01: cannot drop extension ta_options because other objects depend on it/, 'without CASCADE a package is held by what uses it');
			is($node->safe_psql($db, $left), '1|1|2|3', '... and nothing has changed');
			like(report($node, $db, 'INSERT INTO p_todos VALUES (1, 1)', '-U', 'plain'), qr/^ERROR:  23503/, '... it is enforced');
			as_plain($db, 'DROP VIEW used; SET client_min_messages = error; DROP TABLE mine');
		}
		as_plain($db, "SET client_min_messages = error; DROP EXTENSION ta_options$cascade");
		is($node->safe_psql($db, $left) =~ s/^(\d+\|\d+)\|.*$/$1/r, '0|0', "DROP EXTENSION$cascade: nothing is in force");
		as_plain($db, q{SELECT assoc.migrate('ta_options'); INSERT INTO p_users VALUES (1); INSERT INTO p_todos VALUES (1, 1)});
		is($node->safe_psql($db, 'SELECT count(*) FROM assoc_internal.enforced WHERE validated'), '1', '... and made again it is');
	}

	# an end that nobody noticed: what it left is swept, and triggers that are still there are told
	$db = fresh();
	as_plain($db, q{CREATE EXTENSION ta_options CASCADE});
	$node->safe_psql($db, 'SET session_replication_role = replica; DROP EXTENSION ta_options');
	is($node->safe_psql($db, $left), '1|1|1|2', 'an end that nobody noticed leaves rows');
	is(as_plain($db, q{CREATE TABLE t (id integer PRIMARY KEY); SELECT assoc.define_model('T', 't')}), 'T: model of table t, key id', '... which the next declaration');
	is($node->safe_psql($db, $left), '0|0|0|1', '... sweeps');
	as_plain($db, 'CREATE EXTENSION ta_options');
	$node->safe_psql($db, 'ALTER EXTENSION ta_options DROP TABLE p_users; ALTER EXTENSION ta_options DROP TABLE p_todos; SET session_replication_role = replica; DROP EXTENSION ta_options');
	like(report($node, $db, 'INSERT INTO p_todos VALUES (1, 1)', '-U', 'plain'), qr/^ERROR:  (?:23503|55000)/, 'triggers of a package that is gone, on a table that is not: nothing passes');
	is(as_plain($db, q{SELECT assoc.define_model('T', 't'); SELECT sql FROM assoc.plan(); SELECT outcome FROM assoc.apply(); INSERT INTO p_todos VALUES (1, 1); SELECT count(*) FROM p_todos}),
		"T: model of table t, key id\nSELECT assoc_internal.unenforce('p_todos_user_id')\ndone\n1", '... until apply() ends them');
}

$node->stop;
done_testing();
