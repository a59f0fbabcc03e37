# Loading as others: rights, row security, read-only transactions, a standby, what is cancelled; plans that stay good.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('load');
$node->init(allows_streaming => 1);
$node->start;
my $db = 'load';
$node->safe_psql('postgres', "CREATE ROLE app LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE stranger LOGIN; CREATE DATABASE $db OWNER app TEMPLATE template0");

sub as { my ($role, $sql) = @_; return $node->safe_psql($db, $sql, extra_params => ['-U', $role]) }
sub error_of { my ($role, $sql) = @_; return report($node, $db, $sql, '-U', $role) =~ s/^CONTEXT:.*//msr =~ s/\n$//r }

as('app', q{CREATE EXTENSION todo_assoc; CREATE SCHEMA app;
	CREATE TABLE app.users (id int PRIMARY KEY, name text, secret text); CREATE TABLE app.todos (id int PRIMARY KEY, user_id int, title text, owner name);
	INSERT INTO app.users SELECT g, 'user ' || g, 's' FROM generate_series(1, 3) g; INSERT INTO app.todos SELECT g, 1 + g % 3, 'todo ' || g, CASE g % 2 WHEN 0 THEN 'reader' ELSE 'app' END FROM generate_series(1, 12) g;
	SELECT assoc.define_model('User', 'app.users'); SELECT assoc.define_model('Todo', 'app.todos'); SELECT assoc.has_many('User', 'Todo', foreign_key => 'user_id', inverse => 'user');
	GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT (id, name) ON app.users TO reader; GRANT SELECT ON app.todos TO reader});
my $tree = q{SELECT assoc.find_all('User', '{"attributes": ["id", "name"], "order": ["id"], "include": {"todos": {"attributes": ["id"], "order": ["id"]}}}')};
my $all = as('app', $tree);
is($all, '[{"id":1,"name":"user 1","todos":[{"id":3},{"id":6},{"id":9},{"id":12}]},{"id":2,"name":"user 2","todos":[{"id":1},{"id":4},{"id":7},{"id":10}]},{"id":3,"name":"user 3","todos":[{"id":2},{"id":5},{"id":8},{"id":11}]}]', 'the owner sees all');

# rights are those of who asks
is(as('reader', $tree), $all, 'columns that one may read');
is(error_of('reader', q{SELECT assoc.find_all('User')}), 'ERROR:  42501: permission denied for table users', '... and no others');
is(error_of('reader', q{SELECT assoc.find_all('User', '{"attributes": ["id"], "where": {"secret": "s"}}')}), 'ERROR:  42501: permission denied for table users', '... also in a condition');
is(error_of('reader', q{SELECT assoc.find_all('Todo', '{"attributes": ["id"], "order": ["user.secret"]}')}), 'ERROR:  42501: permission denied for table users', '... and in an order');
is(error_of('stranger', q{SELECT assoc.find_all('User', '{"attributes": ["id"]}')}), 'ERROR:  42501: permission denied for schema app', 'schemas are asked, too');
is(as('reader', q{SELECT assoc.count('Todo', '{"where": {"$user.name$": "user 1"}}'), assoc.has('User', 1, 'todos', '[3]'), assoc.get('User', 1, 'todos', '{"attributes": ["id"], "order": ["-id"], "limit": 1}')}), '4|t|[{"id":12}]', 'the other functions, too');
is(error_of('reader', q{SELECT assoc.find_all_rows('User')}), 'ERROR:  42501: permission denied for table users', '... and one row at a time');

# row security, with plans that were made for another role
as('app', q{ALTER TABLE app.todos ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON app.todos USING (owner = current_user)});
is(as('reader', $tree) =~ s/"name":"[^"]*",//gr, '[{"id":1,"todos":[{"id":6},{"id":12}]},{"id":2,"todos":[{"id":4},{"id":10}]},{"id":3,"todos":[{"id":2},{"id":8}]}]', 'row security hides rows');
is($node->safe_psql($db, "$tree; SET ROLE reader; $tree; RESET ROLE; $tree") =~ s/"name":"[^"]*",//gr, join("\n", ($all =~ s/"name":"[^"]*",//gr),
	'[{"id":1,"todos":[{"id":6},{"id":12}]},{"id":2,"todos":[{"id":4},{"id":10}]},{"id":3,"todos":[{"id":2},{"id":8}]}]', ($all =~ s/"name":"[^"]*",//gr)), 'in one session, by kept plans');
is(as('reader', q{SELECT assoc.count('User', '{"include": {"todos": {"required": true, "where": {"id": 3}}}}'), assoc.count_associated('User', 1, 'todos')}), '0|2', '... what is required and counted as well');
# a policy that itself loads
as('app', q{CREATE FUNCTION app.may_see(int) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT assoc.exists('User', json_build_object('where', json_build_object('id', $1), 'include', '"todos"'::json)::text)$$;
	CREATE TABLE app.notes (id int PRIMARY KEY, user_id int); INSERT INTO app.notes VALUES (1, 1), (2, 9); ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY; CREATE POLICY seen ON app.notes USING (app.may_see(user_id)); GRANT SELECT ON app.notes TO reader;
	SELECT assoc.define_model('Note', 'app.notes')});
is(as('reader', q{SELECT assoc.find_all('Note')}), '[{"id":1,"user_id":1}]', 'a policy that loads');
as('app', q{ALTER TABLE app.todos DISABLE ROW LEVEL SECURITY});

# nothing is written
is(as('reader', "SET default_transaction_read_only = on; $tree"), $all, 'in a read-only transaction');
is(as('reader', "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; $tree; COMMIT"), $all, '... a serializable one as well');

# one snapshot, whatever others commit meanwhile
{
	my $session = $node->background_psql($db);
	$session->query_safe("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
	as('app', q{INSERT INTO app.todos VALUES (100, 1, 'new', 'app')});
	is($session->query_safe($tree), $all, 'the snapshot of the transaction');
	is($session->query_safe('COMMIT; SELECT assoc.count(\'Todo\')'), '13', '... and the next');
	$session->quit;
	as('app', q{DELETE FROM app.todos WHERE id = 100});
}

# plans are made again when a table changes, in a session that keeps them
{
	my $session = $node->background_psql($db);
	is($session->query_safe($tree), $all, 'a session keeps plans') for 1 .. 2;
	as('app', q{ALTER TABLE app.todos ADD COLUMN done boolean DEFAULT true; CREATE INDEX ON app.todos (user_id)});
	is($session->query_safe(q{SELECT assoc.find_by_pk('Todo', 1)}), '{"id":1,"user_id":2,"title":"todo 1","owner":"app","done":true}', 'a new column is there');
	as('app', q{ALTER TABLE app.todos RENAME COLUMN title TO "the title"; ALTER TABLE app.todos ALTER id TYPE bigint});
	is($session->query_safe(q{SELECT assoc.find_by_pk('Todo', 1)}), '{"id":1,"user_id":2,"the title":"todo 1","owner":"app","done":true}', 'a renamed one, and another type');
	as('app', q{ALTER TABLE app.todos SET SCHEMA public; ALTER TABLE public.todos RENAME TO "My todos"});
	is($session->query_safe($tree), $all, 'a table that moves');
	as('app', q{SELECT assoc.rename_association('User.todos', 'tasks')});
	is($session->query_safe($tree =~ s/"todos"/"tasks"/r), $all =~ s/"todos"/"tasks"/gr, 'a renamed association');
	as('app', q{SELECT assoc.rename_association('User.tasks', 'todos')});
	$session->quit;
}

# what is cancelled ends, and leaves nothing behind
{
	my $sql = q{SET statement_timeout = '300ms'; SELECT length(assoc.find_all('Big', '{"include": {"next": {"limit": 1}}}')::text)};
	as('app', q{CREATE TABLE app.big (id int PRIMARY KEY, next_id int); INSERT INTO app.big SELECT g, g + 1 FROM generate_series(1, 300000) g; SELECT assoc.define_model('Big', 'app.big'); SELECT assoc.has_many('Big', 'Big', 'next', foreign_key => 'next_id')});
	like(error_of('app', $sql), qr/^ERROR:  57014: canceling statement due to statement timeout/, 'cancelled');
	is(as('app', q{SELECT count(*) FROM pg_cursors}), '0', '... without a trace');
	is(as('app', q{SELECT count(*) FROM (SELECT assoc.find_all_rows('Big', '{"include": "next", "limit": 2000}')) r}), '2000', 'and goes on');
}

# on a standby
{
	$node->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->start;
	$node->wait_for_catchup($standby);
	is($standby->safe_psql($db, $tree, extra_params => ['-U', 'reader']), $all, 'on a standby');
	is($standby->safe_psql($db, q{SELECT count(*) FROM assoc.find_all_rows('User', 'todos'); SELECT assoc.find_by_pk('User', 1, 'todos.user') IS NOT NULL, assoc.count('Todo'), assoc.exists('Todo'), assoc.has('User', 1, 'todos', '[3]'), assoc.find_and_count_all('Todo', '{"limit": 1, "attributes": ["id"]}')}),
		"3\nt|12|t|t|{\"count\":12,\"rows\":[{\"id\":1}]}", '... all of the functions');
	$standby->stop;
}

$node->stop;
done_testing();
