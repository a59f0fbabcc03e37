# A plain database owner makes the extension; who may declare and apply what, and who may write the catalog directly.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('owner');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(boss alice bob);
$node->safe_psql('postgres', 'CREATE DATABASE app OWNER boss');

# Returns what the role sees; undef in place of it when the statement fails.
sub as
{
	my ($role, $sql) = @_;
	my ($status, $out, $err) = $node->psql('app', $sql, extra_params => [ '-U', $role ]);
	diag($err) if $status != 0;
	return $status == 0 ? $out : undef;
}

# The statement must fail for the role with this SQLSTATE; returns the whole report.
sub refused
{
	my ($role, $sql, $state, $name) = @_;
	my ($status, $out, $err) =
	  $node->psql('app', $sql, extra_params => [ '-U', $role, '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/^(?:psql:.*?: )?ERROR:  $state:/m, $name);
	return $err;
}

as('boss', 'CREATE EXTENSION todo_assoc');
is(as('boss', "SELECT r.rolname FROM pg_extension e JOIN pg_roles r ON r.oid = e.extowner
	WHERE extname = 'todo_assoc'"), 'boss', 'a plain owner of a database makes the extension');
as('boss', 'GRANT CREATE ON SCHEMA public TO PUBLIC');

# alice has users, bob has todos
as('alice', q{CREATE TABLE users (id integer PRIMARY KEY, secret text); CREATE TABLE notes (id integer PRIMARY KEY, user_id integer)});
as('bob', q{CREATE TABLE todos (id integer PRIMARY KEY, user_id integer)});

# a model belongs to its table's owner
my $err = refused('bob', q{SELECT assoc.define_model('User', 'users')}, '42501', 'no model of another one\'s table');
like($err, qr/42501: must be owner of table users\nDETAIL:  A model belongs to the owner of its table, who alone may/, '... which says who may');
refused('boss', q{SELECT assoc.define_model('User', 'users')}, '42501', 'nor for the owner of the database');
is(as('alice', q{SELECT assoc.define_model('User', 'users')}), 'User: model of table users, key id', 'its owner may');
refused('bob', q{SELECT assoc.define_model('User', 'users', plural => 'people')}, '42501', 'nobody else redefines it');
refused('bob', q{SELECT assoc.define_model('User', 'todos')}, '42501', 'nor takes it away');
refused('bob', q{SELECT assoc.rename_model('User', 'Person')}, '42501', 'nor renames it');
refused('bob', q{SELECT assoc.drop_model('User')}, '42501', 'nor drops it');

# REFERENCES on the parent
$err = refused('bob', q{SELECT assoc.belongs_to('Todo', 'User')}, '42501', 'no reference without REFERENCES');
like($err, qr/42501: permission denied for table users\nDETAIL:  Association "Todo\.user" needs the REFERENCES privilege on it\.\nHINT:  Its owner can GRANT REFERENCES ON public\.users TO/,
	'... with the GRANT as hint');
is(as('bob', 'SELECT count(*) FROM assoc.associations'), '0', '... and nothing was declared');
as('alice', 'GRANT REFERENCES (secret) ON users TO bob');
refused('bob', q{SELECT assoc.belongs_to('Todo', 'User')}, '42501', 'REFERENCES on another column is not enough');
as('alice', 'GRANT REFERENCES (id) ON users TO bob');
like(as('bob', q{SELECT assoc.belongs_to('Todo', 'User')}), qr/^Todo\.user: belongs to User/, 'REFERENCES on the key is');
refused('bob', q{SELECT assoc.has_many('User', 'Todo')}, '42501', 'the parent\'s side is for the parent\'s owner');
refused('alice', q{SELECT assoc.has_many('User', 'Todo')}, '42501', 'who has to own the child, too');
refused('alice', q{SELECT assoc.drop_association('Todo.user')}, '42501', 'only the owner drops an association');
refused('alice', q{SELECT assoc.rename_association('Todo.user', 'owner')}, '42501', '... or renames it');

# apply() runs as the caller
refused('alice', q{SELECT * FROM assoc.apply('Todo.user')}, '42501', 'apply() does what its caller may');
is(as('bob', 'SELECT count(*) FROM assoc.plan()'), '3', '... and nothing else was done');
is(as('bob', q{SELECT DISTINCT outcome FROM assoc.apply('Todo.user')}), 'done', 'the child\'s owner applies');
is(as('bob', q{SELECT r.rolname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE p.proname = 'user'
	AND p.pronargs = 1 AND p.pronamespace = 'public'::regnamespace}), 'bob', 'the accessor is the table owner\'s');
as('bob', q{INSERT INTO todos VALUES (1, NULL)});
refused('bob', q{SELECT u.id FROM todos t, "user"(t) u}, '42501', 'an accessor reads with the reader\'s privileges');
as('alice', 'GRANT SELECT ON users TO bob');
is(as('bob', q{SELECT count(*) FROM todos t, "user"(t) u}), '0', '... once they are there');

# a role that is a member of the owner counts as it
$node->safe_psql('app', 'GRANT alice TO bob');
like(as('bob', q{SELECT assoc.has_many('User', 'Todo')}), qr/^User\.todos: has many Todo/, 'a member of both owners says both sides');
$node->safe_psql('app', 'REVOKE alice FROM bob');

# no CREATE on the schema: no accessor, and that is told
$node->safe_psql('app', 'CREATE SCHEMA closed; CREATE TABLE closed.notes (id integer PRIMARY KEY, user_id integer); ALTER TABLE closed.notes OWNER TO bob;
	GRANT USAGE ON SCHEMA closed TO bob');
like(as('bob', q{SELECT assoc.belongs_to('closed.notes', 'User', 'user')}), qr/no accessor: the owner of closed\.notes may not create in schema closed/,
	'an accessor needs CREATE on the schema');
is(as('bob', q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'closed'::regnamespace}), '0', '... and is not made without');
$node->safe_psql('app', 'GRANT CREATE ON SCHEMA closed TO bob');
as('bob', q{SELECT * FROM assoc.apply('notes.user')});
is(as('bob', q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'closed'::regnamespace}), '1', '... apply() makes it once it may');
as('bob', q{SELECT assoc.drop_model('notes', cascade => true)});

# rows that break a key, counted only by who may read both tables
as('bob', q{CREATE TABLE lost (id integer PRIMARY KEY, user_id integer); INSERT INTO lost VALUES (1, 7), (2, 8), (3, NULL)});
as('bob', q{SELECT assoc.belongs_to('lost', 'User', 'user')});
as('alice', 'REVOKE SELECT ON users FROM bob');
like(as('bob', q{SELECT detail FROM assoc.apply('lost.user') WHERE outcome = 'blocked'}), qr/^some rows/, 'rows that break a key are not counted for everybody');
as('alice', 'GRANT SELECT ON users TO bob');
like(as('bob', q{SELECT detail FROM assoc.apply('lost.user') WHERE outcome = 'blocked'}), qr/^2 rows/, '... but for who may read both tables');
as('bob', q{SELECT assoc.drop_model('lost', cascade => true); DROP TABLE lost});

# everybody looks
$node->safe_psql('postgres', 'CREATE ROLE guest LOGIN');
is(as('guest', 'SELECT string_agg(association, \',\' ORDER BY association) FROM assoc.associations'), 'Todo.user,User.todos',
	'associations are readable by everybody');
is(as('guest', 'SELECT string_agg(model, \',\' ORDER BY model) FROM assoc.models'), 'Todo,User', 'so are models');
is(as('guest', 'SELECT count(*) FROM assoc.plan()'), '0', 'so is the plan');
like(as('guest', q{SELECT * FROM assoc.describe('Todo')}), qr/user: belongs to User/, 'and describe()');

# direct writes
my $model = 'INSERT INTO assoc_internal.model (name, declarer, schema_name, table_name) VALUES';
my $decl = 'INSERT INTO assoc_internal.declaration (model, alias, declarer, kind, target, foreign_key, target_key, reference) VALUES';
refused('bob', "$model ('Forged', '', 'public', 'todos')", '42501', 'only the extension\'s owner writes directly');
$err = refused('boss', "$model ('Forged', '', 'public', 'todos')", '42501', '... and only models of its own tables');
like($err, qr/must be owner of table todos\nDETAIL:  A model belongs to the owner of its table\./, '... which says so');
refused('boss', "$decl ('Todo', 'forged', '', 'belongs_to', 'User', '{user_id}', '{id}', 'forged')", '42501',
	'... and declarations of them');
$err = refused('boss', "$model ('Forged', 'todo_app', 'public', 'nothing')", '42501', 'nobody speaks for a package');
like($err, qr/rows said by package "todo_app" cannot be written directly\nHINT:  Only the package's scripts say them/, '... which says so');
refused('boss', "INSERT INTO assoc_internal.recorded SELECT reference, 'index', 'forged', 'todo_app' FROM assoc_internal.declaration LIMIT 1",
	'42501', 'nor records for one');
refused('boss', "INSERT INTO assoc_internal.recorded SELECT reference, 'forged', 'forged', '' FROM assoc_internal.declaration LIMIT 1",
	'42501', 'nor for a reference of another one\'s table');
refused('boss', "$_", '42501', "not granted: $_")
  for ('UPDATE assoc_internal.model SET plural = NULL', 'DELETE FROM assoc_internal.declaration', 'TRUNCATE assoc_internal.recorded');
as('boss', 'CREATE TABLE own (id integer PRIMARY KEY, user_id integer)');
is(as('boss', "$model ('Own', '', 'public', 'own') RETURNING name"), "Own\nINSERT 0 1" =~ s/\nINSERT.*//r, 'its own model is written');
is(as('boss', "$model ('Own', '', 'public', 'own') RETURNING name") // '', '', 'the same again is skipped');
my ($status, $out, $warning) = $node->psql('app', "$model ('Own', '', 'public', 'other')", extra_params => [ '-U', 'boss' ]);
like($warning, qr/WARNING:  "Own" is already declared, and differently/, 'one that differs is set aside');
is(as('boss', 'DELETE FROM assoc_internal.conflict RETURNING name'), 'Own', '... until its row is deleted');
as('boss', q{SELECT assoc.belongs_to('Own', 'Own', 'parent', foreign_key => 'user_id'); SELECT * FROM assoc.apply('Own')});
my $own = q{INSERT INTO assoc_internal.recorded SELECT r.reference, r.item, r.value || '%s', r.declarer FROM assoc_internal.recorded r
	JOIN assoc_internal.declaration d USING (reference) WHERE d.model = 'Own' AND r.item = 'constraint'};
is(as('boss', sprintf("$own RETURNING item", '')) // '', '', 'a record that is there is skipped');
($status, $out, $warning) = $node->psql('app', sprintf($own, 'x'), extra_params => [ '-U', 'boss' ]);
like($warning, qr{WARNING:  "[^"]+/constraint" is already declared, and differently}, 'a record that differs is set aside');
like(as('boss', 'DELETE FROM assoc_internal.conflict RETURNING name'), qr{/constraint$}, '... the same way');
as('boss', q{SELECT assoc.drop_association('Own.parent')});

# a superuser mends whatever must be mended
my ($super) = $node->psql('app', q{UPDATE assoc_internal.model SET plural = 'owns' WHERE name = 'Own'});
is($super, 0, 'a superuser writes directly');
is(as('guest', q{SELECT plural FROM assoc.models WHERE model = 'Own'}), 'owns', '... and it is seen');

# what is written directly is data, and never SQL
refused('boss', "INSERT INTO assoc_internal.model (name, declarer, schema_name) VALUES ('Half', '', 'public')", '23502',
	'a model without a table');
refused('boss', q{INSERT INTO assoc_internal.declaration (model, alias, declarer, kind, target, foreign_key, source_key, reference)
	VALUES ('Own', 'todos', '', 'has_many', 'Todo', '{user_id}', '{id}', 'forged')}, '42501', 'the child must be the writer\'s as well');
as('boss', q{INSERT INTO assoc_internal.declaration (model, alias, declarer, kind, target, foreign_key, source_key, reference, on_delete, order_by)
	VALUES ('Own', 'owns', '', 'has_many', 'Own', '{user_id}', '{id}', 'forged', 'CASCADE; CREATE ROLE forged', '(SELECT 1), -id')});
like(as('boss', q{SELECT sql FROM assoc.plan('Own') WHERE sql LIKE '%ADD CONSTRAINT%'}),
	qr/REFERENCES public\.own \(id\) ON DELETE NO ACTION NOT VALID$/, 'an action is none of the text that was written');
$node->safe_psql('app', q{SELECT assoc.declare('{"models": {}}')});
like(as('boss', q{SELECT prosrc FROM pg_proc WHERE proname = 'owns'}), qr/ORDER BY t\."\(SELECT 1\)", t\.id DESC$/,
	'nor is an order');

# what others declare runs nothing of theirs as who looks, declares or applies
as('alice', q{CREATE FUNCTION mine(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
	$$ BEGIN IF current_user <> 'alice' THEN RAISE 'run by %', current_user; END IF; RETURN true; END $$;
	CREATE DOMAIN trap AS integer CHECK (mine(1) AND mine(VALUE));
	CREATE TABLE baits (id trap PRIMARY KEY, kind trap, kinds trap[]);
	CREATE TABLE parts (id integer, user_id integer) PARTITION BY LIST ((CASE WHEN mine(1) THEN id END))});
like(as('alice', q{SELECT assoc.belongs_to('Note', 'Bait', scope => '{"kind": 1, "kinds": "{1}"}', foreign_key => 'bait_id')}),
	qr/^Note\.bait: /, 'a scope on a domain');
refused('alice', q{SELECT assoc.belongs_to('Note', 'Bait', scope => '{"kind": "x"}', foreign_key => 'bait_id')}, '22P02',
	'... is still read by its base type');
refused('alice', q{SELECT assoc.has_one('User', 'Part', foreign_key => 'user_id')}, '0A000', 'a key that lacks the partition key');
for my $sql ('SELECT count(*) FROM assoc.plan()', q{SELECT assoc.declare('{"models": {}}')}, q{SELECT count(*) FROM assoc.apply('Own')})
{
	is($node->psql('app', $sql, on_error_stop => 0), 0, "nothing of alice's runs as a superuser: $sql");
}

# anybody can put our mark on a function of theirs
as('boss', q{CREATE FUNCTION author(notes) RETURNS SETOF users LANGUAGE sql AS 'SELECT NULL::users';
	ALTER FUNCTION author(notes) DEPENDS ON EXTENSION todo_assoc});
like(as('alice', q{SELECT assoc.belongs_to('Note', 'User', alias => 'author', foreign_key => 'user_id')}),
	qr/no accessor: function public\.author\(public\.notes\) exists and is not ours/, 'another one\'s function is no accessor');

# a superuser applies what another declared: the owner's code runs as the owner, what is made is the owner's
$node->safe_psql('postgres', 'CREATE DATABASE applied');
$node->safe_psql('applied', 'CREATE EXTENSION todo_assoc; GRANT CREATE ON SCHEMA public TO alice');
$node->safe_psql('applied', q{
	CREATE TABLE ran (as_role name);
	CREATE FUNCTION spy(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ran VALUES (current_user); RETURN true; END $$;
	CREATE DOMAIN watched AS integer CHECK (spy(VALUE));
	CREATE TABLE parents (id watched PRIMARY KEY);
	CREATE TABLE children (id integer PRIMARY KEY);
	CREATE TABLE tags (id integer PRIMARY KEY);
	INSERT INTO children VALUES (1);
	SELECT assoc.belongs_to('Child', 'Parent');
	SELECT assoc.belongs_to_many('Child', 'Tag', through => 'child_tags')}, extra_params => [ '-U', 'alice' ]);
is($node->safe_psql('applied', 'SELECT DISTINCT outcome FROM assoc.apply()'), 'done', 'a superuser applies it all');
is($node->safe_psql('applied', 'SELECT DISTINCT as_role FROM ran'), 'alice', '... and a domain\'s check runs as the owner of the table');
is($node->safe_psql('applied', q{SELECT relowner::regrole FROM pg_class WHERE relname = 'child_tags'}), 'alice', '... whose the junction is');

# the trust ends with the role
is(as('boss', q{SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('assoc', 'assoc_internal') AND c.relowner <> 10}), '0', 'tables and views are the bootstrap superuser\'s');

$node->stop;
done_testing();
