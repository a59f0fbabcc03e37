# A package from nothing to its next versions, as one types it: script/new-package, make install, migrate, declare by
# hand, script/new-migration, make install, migrate, undo, make installcheck. And what the two scripts refuse.
use strict;
use warnings;

use Cwd;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

# from the make that runs this test
delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL PG_CONFIG REGRESS ISOLATION TAP_TESTS PROVE_TESTS)};
my $new_package = getcwd() . '/script/new-package';
my $new_migration = getcwd() . '/script/new-migration';
my $dir = PostgreSQL::Test::Utils::tempdir();
my ($extensions, $installed);
END { unlink glob "$extensions/ta_scaffold*" if $installed }

# Runs a command in the directory; returns its exit status, its output and its errors.
sub call
{
	my ($in, @command) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run \@command, '<', \'', '>', \$out, '2>', \$err, init => sub { chdir $in or die "$in: $!" };
	return ($? >> 8, $out, $err);
}

sub write_file
{
	my ($path, $text) = @_;

	unlink $path;
	append_to_file($path, $text);
	return;
}

# ---- new-package alone

foreach my $case (
	[ '', 'empty' ],
	[ '-x', 'usage' ],
	[ '1a', 'begins with a digit' ],
	[ 'Shop', 'capitals' ],
	[ q{o'shop}, 'quotes' ],
	[ 'a"b', 'quotes' ],
	[ 'a--b', 'between the versions' ],
	[ '../shop', 'file names' ],
	[ 'a\b', 'file names' ],
	[ 'my-shop', 'other characters' ],
	[ 'my shop', 'other characters' ],
	[ "a\nb", 'other characters' ],
	[ "sh\xc3\xb6p", 'other characters' ],
	[ 'todo_assoc', 'packages require' ],
	[ 'a' x 64, '63' ])
{
	my ($name, $reason) = @$case;
	my ($status, $out, $err) = call($dir, $new_package, $name);
	is($status, 2, "new-package '$name' is refused");
	like($err, qr/$reason/, '... with the reason');
}
is((call($dir, $new_package))[0], 2, 'new-package without a name');
is((call($dir, $new_package, 'a', 'b', 'c'))[0], 2, '... with too many');
is(join(' ', glob "$dir/*"), '', '... and nothing was made');
is((call($dir, $new_package, '--help'))[0], 0, 'help');

my ($status, $out, $err) = call($dir, $new_package, 'ta_scaffold');
is($status, 0, 'new-package') or diag($err);
is(join(' ', sort map { s{^\Q$dir/ta_scaffold/}{}r } glob "$dir/ta_scaffold/{*,.g*,test/*/*}"),
	'.gitignore Makefile README.md ta_scaffold--1.0.sql ta_scaffold.control test test/expected/up_down.out test/sql/up_down.sql',
	'... makes these files');
like($out, qr/^  \Q$_\E$/m, "... and says so: $_") for qw(ta_scaffold.control ta_scaffold--1.0.sql test/sql/up_down.sql);
like($out, qr/make install.*CREATE EXTENSION.*assoc\.migrate\('ta_scaffold'\).*make installcheck/s, '... and what comes next');
unlike(slurp_file($_), qr/\@NAME\@/, "$_: the name is in its place") for glob "$dir/ta_scaffold/{*.*,Makefile,test/*/*}";

write_file("$dir/ta_scaffold/Makefile", '# mine');
($status, $out, $err) = call("$dir/ta_scaffold", $new_package, 'ta_scaffold', '.');
is($status, 1, 'nothing is overwritten');
like($err, qr{^new-package: \./ta_scaffold\.control is there already; nothing was made$}, '... it says what is in the way');
($status, $out, $err) = call($dir, $new_package, 'ta_other', 'ta_scaffold');
is($status, 1, '... of another package either');
like($err, qr{Makefile is there already}, '... it says what is in the way');
is(slurp_file("$dir/ta_scaffold/Makefile"), '# mine', '... it is as it was');
is(join(' ', glob "$dir/ta_scaffold/ta_other*"), '', '... and nothing was begun');

mkdir "$dir/a b'c";
write_file("$dir/a b'c/README.md", 'mine');
is((call($dir, $new_package, 'ta_other', "$dir/a b'c"))[0], 0, 'into a directory that is there');
is(slurp_file("$dir/a b'c/README.md"), 'mine', '... whose README stays');
ok(-e "$dir/a b'c/ta_other.control", '... and has the package');

# ---- new-migration, before it has a server

foreach my $case (
	[ 2, 'usage' ],
	[ 2, 'usage', 'ta_other', '1.1', 'x' ],
	[ 2, 'usage', '--what', 'ta_other' ],
	[ 2, 'is no package', '' ],
	[ 2, 'is no package', "x'; SELECT 1" ],
	[ 2, 'is no package', '../ta_other' ],
	[ 2, 'is no version', 'ta_other', '1.x' ],
	[ 2, 'is no version', 'ta_other', "1'" ],
	[ 2, 'needs a directory', 'ta_other', '--dir' ],
	[ 1, 'there is no ta_other.control here or in ./ta_other', 'ta_other' ],
	[ 1, 'there is no /nowhere/ta_other.control', 'ta_other', '--dir', '/nowhere' ],
	[ 1, "nothing was written", 'ta_other', '--dir', "$dir/a b'c", '--', '-h', '/nowhere' ])
{
	my ($expected, $reason, @arguments) = @$case;
	($status, $out, $err) = call($dir, $new_migration, @arguments);
	is($status, $expected, "new-migration @arguments: status");
	like($err, qr/\Q$reason\E/, '... and the reason');
}

# ---- both, on a server

my $node = PostgreSQL::Test::Cluster->new('scaffold');
$node->init;
$node->start;
$extensions = extension_directory($node);
if (!$extensions)
{
	note 'the extension directory cannot be written: the rest is left out';
	$node->stop;
	done_testing();
	exit;
}
$installed = 1;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my @make = ('make', '-s', 'PG_CONFIG=' . $node->config_data('--bindir') . '/pg_config');
my @plain = ('-U', 'plain');
my $databases = 0;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');

sub fresh
{
	my ($options) = @_;
	my $name = 'scaffold_' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER plain TEMPLATE template0 " . ($options // ''));
	sql($name, 'CREATE EXTENSION todo_assoc');
	return $name;
}

# as the owner of the database
sub sql { return $node->safe_psql($_[0], $_[1], extra_params => [@plain]) }

sub install
{
	my ($name) = @_;

	unlink glob "$extensions/${name}[.-]*";
	my ($failed, undef, $why) = call("$dir/$name", @make, 'install');
	is($failed, 0, "$name: make install") or diag($why);
	return;
}

# new-package, with this as its first script; installed, and in a database
sub scaffold
{
	my ($name, $script, $options) = @_;

	system('rm', '-rf', "$dir/$name");
	is((call($dir, $new_package, $name))[0], 0, "$name: new-package");
	write_file("$dir/$name/$name--1.0.sql", $script) if defined $script;
	install($name);
	my $database = fresh($options);
	sql($database, "SELECT FROM assoc.migrate('$name')");
	return $database;
}

# new-migration in the package's folder
sub generate
{
	my ($name, $database, @arguments) = @_;

	return call("$dir/$name", $new_migration, $name, @arguments, '--', @plain, '-d', $database);
}

# make installcheck; what went wrong, or ''
sub check
{
	my ($name) = @_;

	unlink "$dir/$name/regression.diffs";
	my ($failed, $said, $why) = call("$dir/$name", @make, 'installcheck');
	return '' if $failed == 0 && $said =~ /^(?:test up_down +\.\.\. ok|ok 1 +- up_down)/m;
	return -e "$dir/$name/regression.diffs" ? join('', slurp_file("$dir/$name/regression.diffs") =~ /^\+(?!\+\+)(.*\n)/mg) : "$said$why";
}

# as it is made
{
	my $database = scaffold('ta_scaffold');
	is(sql($database, q{SELECT extversion FROM pg_extension WHERE extname = 'ta_scaffold'}), '1.0', 'the first script installs as it is');
	is(sql($database, q{SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace}), '0', '... and makes nothing');
	is(check('ta_scaffold'), '', '... its test passes');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'ta_scaffold_up_down'}), '1', '... in a database of its own');
	my $test = slurp_file("$dir/ta_scaffold/test/sql/up_down.sql");
	my ($failed, undef, $why) = $node->psql($database, $test, extra_params => [@plain]);
	like($why, qr/database "$database" has the package "ta_scaffold", and this test would drop it/, '... and never where the package is');
	is(sql($database, q{SELECT extversion FROM pg_extension WHERE extname = 'ta_scaffold'}), '1.0', '... which stays');
	unlink glob "$extensions/ta_scaffold*";
	like(check('ta_scaffold'), qr/the server finds no package "ta_scaffold"\n.*make install/, '... nor without its files');
}

# the example in it
{
	my $script = slurp_file("$dir/ta_scaffold/ta_scaffold--1.0.sql");
	$script =~ s{^/\* An example.*\n}{}m;
	$script =~ s{^\*/\n}{}m;
	my $database = scaffold('ta_scaffold', $script);
	is(sql($database, 'SELECT association, foreign_key, on_delete, status, declared_by FROM assoc.associations'),
		"Todo.user|user_id|CASCADE|in place|ta_scaffold\nUser.todos|user_id|CASCADE|in place|ta_scaffold", 'the example does what it says');
	is(sql($database, q{INSERT INTO users (name) VALUES ('Ada'); INSERT INTO todos (title, user_id) VALUES ('x', 1);
		SELECT t.title FROM users u, todos(u) t}), 'x', '... and works');
	is(check('ta_scaffold'), '', '... its test passes');
}

# What there is of a package; declarations without who said them.
my $ours = q{(SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'My "S'))};
my $state = qq{
	SELECT * FROM (
		SELECT format('column %s %I %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull) FROM pg_attribute
			JOIN pg_class c ON c.oid = attrelid WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND relnamespace IN $ours
		UNION ALL SELECT format('constraint %s %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
			WHERE contype <> 'n' AND connamespace IN $ours
		UNION ALL SELECT format('index %s', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			WHERE relnamespace IN $ours
		UNION ALL SELECT format('member %s', pg_describe_object(classid, objid, 0)) FROM pg_depend
			WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
			AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'ta_scaffold') AND classid <> 'pg_proc'::regclass
		UNION ALL SELECT format('function %s %s', oid::regprocedure, prosrc) FROM pg_proc WHERE pronamespace IN $ours
		UNION ALL SELECT format('association %s', (association, kind, target, through, foreign_key, key, on_delete, on_update, enforce,
			status, difference)::text) FROM assoc.associations
		UNION ALL SELECT format('recorded %s', r::text) FROM assoc_internal.recorded r) s(line)
	ORDER BY line COLLATE "C"};

# Tells only the lines that differ.
sub same
{
	my ($got, $expected, $name) = @_;
	my %count;

	$count{$_}++ for split /\n/, $got;
	$count{$_}-- for split /\n/, $expected;
	is(join("\n", map { ($count{$_} > 0 ? 'left over: ' : 'missing: ') . $_ } grep { $count{$_} } sort keys %count), '', $name);
	return;
}

my $first = q{\echo Use "CREATE EXTENSION ta_scaffold" to load this file. \quit
CREATE SCHEMA "My ""S";
CREATE TABLE public."Users" (id integer PRIMARY KEY, "E-Mail" text UNIQUE, tenant integer, UNIQUE (tenant, id));
CREATE TABLE "My ""S"."Todo List's" ("the ""id""" bigint PRIMARY KEY, title text, tenant integer, "user Id" integer,
	CONSTRAINT "who's" FOREIGN KEY ("user Id") REFERENCES public."Users" (id) ON UPDATE CASCADE);
CREATE TABLE public.tags (id uuid PRIMARY KEY, "parentId" uuid,
	CONSTRAINT "tags above" FOREIGN KEY ("parentId") REFERENCES public.tags (id));
CREATE TABLE public."Profiles" (id integer PRIMARY KEY);
CREATE TABLE public.notes (id integer PRIMARY KEY, "user,id" integer, "Who" text);
CREATE TABLE public.parts (id integer, k integer, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (100);
SELECT assoc.define_model('User', 'public."Users"');
};
# a foreign key that is replaced; one whose deferral changes; new ones; a unique index; NOT NULL; a junction
my $by_hand = qq{
	SELECT assoc.define_model('Todo', '"My ""S"."Todo List''s"', plural => E'x\\ry \\\\ z\\t\xc3\x84  ');
	SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user Id', on_delete => 'CASCADE', inverse => 'todos');
	SELECT assoc.belongs_to('Tag', 'Tag', 'parent', foreign_key => 'parentId', deferral => 'deferred', inverse => 'under');
	SELECT assoc.has_one('User', 'Profile', inverse => 'user');
	SELECT assoc.belongs_to('Note', 'Todo', 'The "to do"', foreign_key => 'todo"s \xc3\x84\\id', required => true, inverse => 'no''tes');
	SELECT assoc.belongs_to('Note', 'User', 'comma', foreign_key => '{"user,id"}', index => false);
	SELECT assoc.belongs_to('Note', 'User', 'mail', foreign_key => 'Who', target_key => 'E-Mail', on_update => 'cascade');
	SELECT assoc.belongs_to('Todo', 'User', 'both', foreign_key => 'tenant, uid', target_key => 'tenant, id', on_delete => 'SET NULL (uid)');
	SELECT assoc.belongs_to('Part', 'User', on_delete => 'cascade', deferral => 'immediate');
	SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'Todo''s "Tags"', inverse => 'todos');
	SELECT assoc.has_many('User', 'Tag', through => 'todos.tags', scope => '{"parentId": null}');
	SELECT assoc.has_one('User', 'Todo', 'latest', foreign_key => 'user Id', order_by => 'title DESC NULLS LAST',
		scope => '{"title": ["it''s", "a\\\\b\\n", null]}')};
my $forget = q{SELECT assoc.declare('{"models": {}}', prune => true)};

# the second version, of what was declared by hand
{
	my $database = scaffold('ta_scaffold', $first);
	my $before = sql($database, $state);
	is((generate('ta_scaffold', $database))[0], 0, 'new-migration when nothing is declared');
	ok(!-e "$dir/ta_scaffold/ta_scaffold--1.0--1.1.sql", '... writes nothing');
	sql($database, $by_hand);

	write_file("$dir/ta_scaffold/ta_scaffold--1.1--1.0.sql", 'mine');
	($status, $out, $err) = generate('ta_scaffold', $database);
	is($status, 1, 'new-migration does not overwrite');
	like($err, qr/ta_scaffold--1\.1--1\.0\.sql is there already.*Nothing was written/, '... it says what is in the way');
	is(slurp_file("$dir/ta_scaffold/ta_scaffold--1.1--1.0.sql"), 'mine', '... and leaves it');
	ok(!-e "$dir/ta_scaffold/ta_scaffold--1.0--1.1.sql", '... and writes nothing else');
	unlink "$dir/ta_scaffold/ta_scaffold--1.1--1.0.sql";
	($status, $out, $err) = generate('ta_scaffold', $database, '0.9');
	is($status, 1, 'an error of the server');
	like($err, qr/^ERROR:  version 0\.9 is not above 1\.0$/m, '... is told as psql tells it');
	is(join(' ', glob "$dir/ta_scaffold/*--*--*"), '', '... and nothing is written');
	like(slurp_file("$dir/ta_scaffold/ta_scaffold.control"), qr/^default_version = '1\.0'$/m, '... nor raised');

	($status, $out, $err) = generate('ta_scaffold', $database);
	is($status, 0, 'new-migration') or diag($err);
	like($out, qr/ta_scaffold--1\.0--1\.1\.sql\n.*ta_scaffold--1\.1--1\.0\.sql\n.*from 1\.0 to 1\.1\n.*make .*install\n.*assoc\.migrate\('ta_scaffold'\)/s,
		'... tells what it did and what comes next');
	like(slurp_file("$dir/ta_scaffold/ta_scaffold.control"), qr/\A# ta_scaffold: .*^default_version = '1\.1'\nrequires = 'todo_assoc'$/ms,
		'... raises the default version, and only that');
	my $written = join("\n", map { "$_|" . unpack('H*', slurp_file("$dir/ta_scaffold/$_")) } qw(ta_scaffold--1.0--1.1.sql ta_scaffold--1.1--1.0.sql));
	is($written, sql($database, q{SELECT filename, encode(convert_to(script, 'UTF8'), 'hex') FROM assoc.generate_migration('ta_scaffold')}),
		'... the scripts are as the server wrote them, to the byte');
	like(slurp_file("$dir/ta_scaffold/ta_scaffold--1.0--1.1.sql"), qr/\r/, '... and they hold what travels badly');

	# the same from a database of another encoding
	my $latin = fresh(q{ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'});
	sql($latin, q{SELECT FROM assoc.migrate('ta_scaffold')});
	sql($latin, "SET client_encoding = 'UTF8'; $by_hand");
	is((call($dir, $new_migration, 'ta_scaffold', '--dir', 'ta_scaffold', '--', @plain, '-d', $latin))[0], 1, 'written twice is refused');
	rename "$dir/ta_scaffold/$_", "$dir/$_" for qw(ta_scaffold--1.0--1.1.sql ta_scaffold--1.1--1.0.sql);
	is((call($dir, $new_migration, 'ta_scaffold', '1.1', '--', @plain, '-d', $latin))[0], 0, 'from ./PACKAGE, of a database in LATIN1');
	is(slurp_file("$dir/ta_scaffold/$_"), slurp_file("$dir/$_"), "... $_ is the same") for qw(ta_scaffold--1.0--1.1.sql ta_scaffold--1.1--1.0.sql);

	install('ta_scaffold');
	foreach my $each ($database, $latin)
	{
		is(steps_of($node, $each, q{assoc.migrate('ta_scaffold')}, @plain), '1.0>1.1', "$each: it migrates");
		is(sql($each, 'SELECT * FROM assoc.plan()'), '', '... nothing is planned any more');
		is(sql($each, q{SELECT severity, code, message FROM assoc.validate() WHERE severity <> 'info'}), '', '... and nothing is wrong');
		is(sql($each, q{SELECT count(*), count(*) FILTER (WHERE status = 'in place' AND declared_by = 'hand, ta_scaffold') FROM assoc.associations}),
			'16|16', '... all is in place, and the package says it too');
		($status, $out, $err) = generate('ta_scaffold', $each);
		is($status, 0, '... there is nothing to write any more');
		like($out, qr/^nothing to write$/, '... it says so');
	}
	is(sql($database, q{SELECT conname, confdeltype, confupdtype, condeferrable, condeferred, convalidated FROM pg_constraint
		WHERE contype = 'f' AND conparentid = 0 AND conrelid::regclass::text !~ 'Tags|assoc_internal' ORDER BY conname COLLATE "C"}),
		"Profiles_userId_fkey|n|a|f|f|t\nTodo List's_tenant_uid_fkey|n|a|f|f|t\nnotes_Who_fkey|n|c|f|f|t\n"
		. "notes_todo\"s \xc3\x84\\id_fkey|a|a|f|f|t\nnotes_user,id_fkey|n|a|f|f|t\nparts_user_id_fkey|c|a|t|f|t\n"
		. "tags above|a|a|t|t|t\nwho's|c|c|f|f|t", 'the keys are as declared: replaced, deferred, new');
	is(sql($database, q{SELECT indisunique FROM pg_index WHERE indexrelid = '"Profiles_userId_idx"'::regclass}), 't', '... has_one is unique');

	sql($database, $forget);
	my $after = sql($database, $state);
	sql($database, q{INSERT INTO "Users" VALUES (1, 'a', 1); INSERT INTO "My ""S"."Todo List's" VALUES (1, 'x', 1, 1, 1)});
	is(steps_of($node, $database, q{assoc.undo('ta_scaffold')}, @plain), '1.1>1.0', 'it goes down');
	same(sql($database, $state), $before, '... to what was there before');
	is(sql($database, q{SELECT title FROM "My ""S"."Todo List's"}), 'x', '... rows stay');
	is(steps_of($node, $database, q{assoc.migrate('ta_scaffold')}, @plain), '1.0>1.1', 'and up again');
	same(sql($database, $state), $after, '... to what was there then');
	is(sql($database, 'SELECT * FROM assoc.plan()'), '', '... nothing is planned');
	is(sql($database, q{SELECT severity, code, message FROM assoc.validate() WHERE severity <> 'info'}), '', '... nothing is wrong');
	is(steps_of($node, $database, q{assoc.undo_all('ta_scaffold', confirm => true)}, @plain), '1.1>1.0 1.0>-', 'it goes down to nothing');
	is(steps_of($node, $database, q{assoc.migrate('ta_scaffold')}, @plain), '->1.0 1.0>1.1', 'and up from nothing');
	same(sql($database, $state), $after, '... to what was there then');
	is(check('ta_scaffold'), '', 'its own test says the same');
}

# further versions, and a test that needs no care and tells what is wrong
{
	my $database = fresh();
	sql($database, q{SELECT FROM assoc.migrate('ta_scaffold'); SELECT assoc.has_many('User', 'Note', 'mine', foreign_key => '{"user,id"}')});
	write_file("$dir/ta_scaffold/ta_scaffold.control",
		slurp_file("$dir/ta_scaffold/ta_scaffold.control") =~ s/^default_version = '1\.1'$/  default_version '1.9' # of the branch/mr);
	is((generate('ta_scaffold', $database, '1.10', '--dir', '.'))[0], 0, 'new-migration with a version');
	like(slurp_file("$dir/ta_scaffold/ta_scaffold.control"), qr/^  default_version '1\.10' # of the branch$/m, '... which is above 1.9');
	install('ta_scaffold');
	sql($database, q{SELECT FROM assoc.migrate('ta_scaffold'); SELECT assoc.has_one('User', 'Note', 'first', foreign_key => '{"user,id"}', order_by => 'id')});
	write_file("$dir/ta_scaffold/ta_scaffold.control", slurp_file("$dir/ta_scaffold/ta_scaffold.control") =~ s/'1\.10'/2.1/r);
	($status, $out) = generate('ta_scaffold', $database, '2.0');
	is($status, 0, 'new-migration below the default version');
	like($out, qr/^kept: +default_version .* 2\.1$/m, '... does not lower it');
	ok(-e "$dir/ta_scaffold/ta_scaffold--2.0--1.10.sql", '... and leads down to 1.10');

	write_file("$dir/ta_scaffold/ta_scaffold--2.0--2.1.sql",
		q{ALTER TABLE public.tags ADD COLUMN note text DEFAULT 'x'; CREATE INDEX tags_note_idx ON public.tags (note);
		CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; COMMENT ON TABLE public.tags IS 'labels';
		GRANT SELECT ON public.tags TO PUBLIC; DROP TABLE public."Profiles" CASCADE;});
	write_file("$dir/ta_scaffold/ta_scaffold--2.1--2.0.sql", 'DROP INDEX public.tags_note_idx;');
	install('ta_scaffold');
	my $wrong = check('ta_scaffold');
	my $way = 'down at 2.0 (ta_scaffold--2.1--2.0.sql)';
	foreach my $line (
		"$way, left over: column public.tags.note text DEFAULT 'x'::text",
		"$way, left over: function CREATE OR REPLACE FUNCTION public.f() RETURNS integer LANGUAGE sql AS \$function\$SELECT 1\$function\$ ",
		"$way, left over: comment on relation public.tags: labels",
		"$way, left over: privilege SELECT on relation public.tags to PUBLIC",
		"$way, left over: member function public.f()",
		"$way, missing: relation public.\"Profiles\" of kind r",
		"$way, missing: constraint \"Profiles_pkey\" of public.\"Profiles\" PRIMARY KEY (id)")
	{
		like($wrong, qr/^\Q$line\E$/m, "its test tells: $line");
	}
	unlike($wrong, qr/tags_note_idx/, '... and not what is gone');
	like($wrong, qr/^ERROR:  model "User" has no association "profile"\n(?:.*\n)*.*script file "ta_scaffold--1\.1--1\.0\.sql"/m,
		'... and what failed after that, and where');

	unlink "$dir/ta_scaffold/ta_scaffold--2.1--2.0.sql";
	install('ta_scaffold');
	like(check('ta_scaffold'), qr/^ERROR:  package "ta_scaffold" has no scripts that lead from 2\.1 down to 2\.0$/m, '... that there is no way down');

	write_file("$dir/ta_scaffold/ta_scaffold--2.1--2.0.sql", q{ALTER TABLE public.tags DROP COLUMN nothing;});
	install('ta_scaffold');
	like(check('ta_scaffold'), qr/^ERROR:  column "nothing" of relation "tags" does not exist\n(?:.*\n)*.*script file "ta_scaffold--2\.1--2\.0\.sql"/m,
		'... what fails, and where');

	write_file("$dir/ta_scaffold/ta_scaffold--2.0--2.1.sql", q{ALTER TABLE public.tags ADD COLUMN note text DEFAULT 'x';});
	write_file("$dir/ta_scaffold/ta_scaffold--2.1--2.0.sql", q{ALTER TABLE public.tags DROP COLUMN note;});
	install('ta_scaffold');
	is(check('ta_scaffold'), '', '... and nothing when it is mended');
}

# The package with that first script, at its next version, of what is declared so.
sub next_version
{
	my ($script, $declarations) = @_;
	my $database = scaffold('ta_scaffold', $script);

	sql($database, $declarations);
	is((generate('ta_scaffold', $database))[0], 0, 'new-migration');
	install('ta_scaffold');
	return $database;
}

my $two_tables = 'CREATE TABLE public.a (id integer PRIMARY KEY); CREATE TABLE public.b (id integer PRIMARY KEY);';

# what the hand still says
{
	my $database = next_version($first, $by_hand);
	my $columns = qq{SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid IN
		(SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace IN $ours) ORDER BY 1, 2};
	my $before = sql($database, $columns);
	sql($database, q{SELECT FROM assoc.migrate('ta_scaffold')});
	is(report($node, $database, q{SELECT assoc.undo('ta_scaffold')}, @plain), 'no error', 'down, while the hand still says it all');
	is(sql($database, $columns), $before, '... to the columns there were');
	is(report($node, $database, q{SELECT assoc.migrate('ta_scaffold')}, @plain), 'no error', '... and up again');
	is(sql($database, 'SELECT * FROM assoc.plan()'), '', '... where nothing is planned');
}

# an accessor that the hand made is the package's when the package says the association
{
	my $database = next_version($two_tables, q{SELECT assoc.belongs_to('A', 'B')});
	sql($database, q{SELECT FROM assoc.migrate('ta_scaffold')});
	my $target = 'scaffold_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $target OWNER plain TEMPLATE template0");
	is((call($dir, 'pg_dump', @plain, '-f', "$dir/dump", $database))[0], 0, 'dump');
	my (undef, undef, $why) = call($dir, 'psql', '-X', '-q', @plain, '-f', "$dir/dump", $target);
	is(sql($database, q{SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
		WHERE d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND d.objid = 'b(a)'::regprocedure}), 'ta_scaffold',
		'the accessor is a member');
	is($why =~ s/^(?!.*ERROR:).*\n//mgr, '', '... and restored once');
	sql($database, q{SELECT FROM assoc.undo('ta_scaffold')});
	is(sql($database, q{SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_proc'::regclass AND objid IN
		(SELECT oid FROM pg_proc WHERE proname = 'b')}), '0', '... an ordinary function again when only the hand says it, or none');
}

# names with line ends
{
	my $database = next_version($two_tables, q{SELECT assoc.belongs_to('A', 'B', 'c', foreign_key => E'n\nCREATE TABLE public.got_in();--'),
		assoc.belongs_to('B', 'A', E'p\rq', foreign_key => 'q')});
	is(report($node, $database, q{SELECT assoc.migrate('ta_scaffold')}, @plain), 'no error', 'names with line ends');
	unlike(slurp_file("$dir/ta_scaffold/ta_scaffold--1.0--1.1.sql"), qr/^-- [^"\n]*"[^"\n]*$/m, '... end no comment');
	is(check('ta_scaffold'), '', '... and go down again');
}

# a key that was not validated
{
	next_version(q{CREATE TABLE public.a (id integer PRIMARY KEY, b_id integer); CREATE TABLE public.b (id integer PRIMARY KEY);
		ALTER TABLE public.a ADD CONSTRAINT later FOREIGN KEY (b_id) REFERENCES public.b NOT VALID;}, q{SELECT assoc.belongs_to('A', 'B')});
	is(check('ta_scaffold'), '', 'a key that was NOT VALID is so again');
}

$node->stop;
done_testing();
