# The examples for those who keep their migration tool: examples/flyway, examples/sqitch and examples/sequelize-cli do
# what they and their READMEs say, as a plain owner of a database: up, undone, up again; rows that break the rule; and
# with apply(online => true).
#
# Flyway's scripts are run by psql, each in one transaction. Sqitch's are run by psql in the order of the plan, and by
# sqitch if it is installed (Debian: sqitch, libdbd-pg-perl). Those of sequelize-cli are run by node, if there is one,
# with a stand-in for Sequelize that makes SQL of the calls; and by sequelize-cli itself if TODO_ASSOC_NODE_MODULES
# names a directory where "npm install sequelize sequelize-cli pg" has put it: .../node_modules.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $examples = getcwd() . '/examples';
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('tools');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');
my $databases = 0;

# For createTable and the like, what Sequelize 6 makes of them. Statements of a transaction go to psql when it ends.
my $stand_in = <<'END';
'use strict';
const { spawnSync } = require('child_process');
const path = require('path');

const Sequelize = { INTEGER: 'INTEGER', STRING: 'VARCHAR(255)', BOOLEAN: 'BOOLEAN', DATE: 'TIMESTAMP WITH TIME ZONE' };
const name = (text) => `"${text.replace(/"/g, '""')}"`;
let open = null;

function psql(input, ...options) {
  const done = spawnSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...options], { input, encoding: 'utf8' });
  process.stderr.write(done.stderr);
  if (done.status !== 0) throw new Error(`psql ended with ${done.status}`);
  return done.stdout;
}

function run(sql, options = {}) {
  if ((options.transaction || null) !== open) throw new Error(`outside of the transaction: ${sql}`);
  if (open) return open.push(sql);
  if (!/^SELECT /.test(sql)) return psql(sql);
  return [JSON.parse(psql(`SELECT json_agg(r) FROM (${sql}) r`).trim() || '[]')];
}

function column(of) {
  const { type, allowNull, autoIncrement, primaryKey, defaultValue, ...other } = of;
  if (!type || Object.keys(other).length) throw new Error(`unknown to the stand-in: ${Object.keys(other)}`);
  return [
    autoIncrement ? 'SERIAL' : type,
    allowNull === false ? 'NOT NULL' : '',
    defaultValue === undefined ? '' : `DEFAULT ${defaultValue}`,
    primaryKey ? 'PRIMARY KEY' : '',
  ].join(' ');
}

const queryInterface = {
  sequelize: {
    query: async (sql, options) => run(sql, options),
    async transaction(body) {
      const mine = open = [];
      try {
        await body(mine);
      } finally {
        open = null;
      }
      psql(mine.join(';\n'), '-1');
    },
  },
  async createTable(table, columns, options) {
    const list = Object.entries(columns).map(([key, of]) => `${name(key)} ${column(of)}`);
    run(`CREATE TABLE IF NOT EXISTS ${name(table)} (${list.join(', ')})`, options);
  },
  async dropTable(table, options) {
    run(`DROP TABLE IF EXISTS ${name(table)}`, options);
  },
  async addColumn(table, key, of, options) {
    run(`ALTER TABLE "public".${name(table)} ADD COLUMN ${name(key)} ${column(of)}`, options);
  },
  async removeColumn(table, key, options) {
    run(`ALTER TABLE "public".${name(table)} DROP COLUMN ${name(key)}`, options);
  },
};

(async () => {
  const [way, ...files] = process.argv.slice(2);
  for (const file of files) await require(path.resolve(file))[way](queryInterface, Sequelize);
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
END

sub fresh
{
	my $name = 'tools_' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER plain TEMPLATE template0");
	return $name;
}

# as the owner of the database
sub sql { return $node->safe_psql($_[0], $_[1], extra_params => [ '-U', 'plain' ]) }

# Runs a command in the directory, for which the database is the one; returns its exit status and what it said.
sub call
{
	my ($database, $in, @command) = @_;
	my $said = '';

	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => $database, PGUSER => 'plain');
	delete local @ENV{qw(DATABASE_URL NODE_ENV)};
	IPC::Run::run \@command, '<', \'', '>', \$said, '2>&1', init => sub { chdir $in or die "$in: $!" };
	return ($? >> 8, $said);
}

# Whether this can be run at all.
sub runs
{
	my (@command) = @_;

	return eval { IPC::Run::run(\@command, '<', \'', '>', \my $out, '2>&1') };
}

# A copy of an example, to run it and to change it.
sub project
{
	my ($example) = @_;
	my $copy = "$dir/$example." . ++$databases;

	system('cp', '-r', "$examples/$example", $copy) == 0 or die "cannot copy $example";
	return $copy;
}

# The blocks of an example's README in a language.
sub readme
{
	my ($example, $language) = @_;

	return slurp_file("$examples/$example/README.md") =~ /^```$language\n(.*?)^```$/msg;
}

sub write_file
{
	my ($path, $text) = @_;

	unlink $path;
	append_to_file($path, $text);
	return;
}

# What is to be changed in a file must be there.
sub change
{
	my ($path, $from, $to) = @_;
	my $text = slurp_file($path);

	die "$path: there is no $from" unless $text =~ s/$from/$to/;
	write_file($path, $text);
	return;
}

# ---- the tools: each is { up, undo, clear } from a project and a database, which return the status and what was said

# What the stand-ins remember of a project and database: how many of its migrations are up.
my %up;

# Runs the migrations from where it is up to a number of them, by a function that runs a list of them.
sub go
{
	my ($project, $database, $to, $run, @migrations) = @_;
	my $from = $up{"$project $database"} // 0;
	my ($status, $said) = (0, '');

	while ($from != $to && $status == 0)
	{
		my $way = $from < $to ? 'up' : 'down';
		my ($stopped, $text) = $run->($way, $migrations[ $way eq 'up' ? $from : $from - 1 ]);

		($status, $said) = ($stopped, $said . $text);
		$from += $way eq 'up' ? 1 : -1 if $status == 0;
	}
	$up{"$project $database"} = $from;
	return ($status, $said);
}

my @psql = ('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1');

sub flyway
{
	my ($project, $database, $to) = @_;
	my @versions = map { s{^.*/V}{}r } sort glob "$project/V*.sql";
	my $run = sub {
		my ($way, $version) = @_;
		my $file = ($way eq 'up' ? 'V' : 'U') . $version;
		# what Flyway does not run in a transaction either
		my @transaction = slurp_file("$project/$file") =~ /^CREATE INDEX CONCURRENTLY/m ? () : '-1';
		return call($database, $project, @psql, @transaction, '-f', $file);
	};

	return go($project, $database, $to // scalar @versions, $run, @versions);
}

sub sqitch_psql
{
	my ($project, $database, $to) = @_;
	my @changes = slurp_file("$project/sqitch.plan") =~ /^(\w+) .*\d{4}-\d\d-\d\dT/mg;
	my $run = sub {
		my ($way, $change) = @_;
		return call($database, $project, @psql, map { -f => "$_/$change.sql" } $way eq 'up' ? qw(deploy verify) : 'revert');
	};

	return go($project, $database, $to // scalar @changes, $run, @changes);
}

sub sequelize_stand_in
{
	my ($project, $database, $to) = @_;
	my @files = map { s{^\Q$project/}{}r } sort glob "$project/migrations/*.js";
	my $run = sub { return call($database, $project, 'node', "$dir/stand_in.js", @_) };

	return go($project, $database, $to // scalar @files, $run, @files);
}

my $sequelize_cli = 'node_modules/sequelize-cli/lib/sequelize';
my %tools = (
	'flyway by psql' => {
		example => 'flyway',
		up => \&flyway,
		undo => sub { flyway(@_, 1) } },
	'sqitch by psql' => {
		example => 'sqitch',
		up => \&sqitch_psql,
		undo => sub { sqitch_psql(@_, 1) },
		clear => sub { sqitch_psql(@_, 0) } },
	'sqitch' => {
		example => 'sqitch',
		up => sub { call($_[1], $_[0], 'sqitch', 'deploy') },
		undo => sub { call($_[1], $_[0], 'sqitch', 'revert', '-y', '--to', '@HEAD^') },
		clear => sub { call($_[1], $_[0], 'sqitch', 'revert', '-y') } },
	'sequelize-cli by the stand-in' => {
		example => 'sequelize-cli',
		up => \&sequelize_stand_in,
		undo => sub { sequelize_stand_in(@_, 2) },
		clear => sub { sequelize_stand_in(@_, 0) } },
	'sequelize-cli' => {
		example => 'sequelize-cli',
		up => sub { call($_[1], $_[0], 'node', $sequelize_cli, 'db:migrate') },
		undo => sub { call($_[1], $_[0], 'node', $sequelize_cli, 'db:migrate:undo') },
		clear => sub { call($_[1], $_[0], 'node', $sequelize_cli, 'db:migrate:undo:all') } });

sub start
{
	my ($tool) = @_;
	my $project = project($tools{$tool}{example});

	if ($tool eq 'sequelize-cli' && !-e "$project/node_modules")
	{
		symlink $ENV{TODO_ASSOC_NODE_MODULES}, "$project/node_modules" or die "node_modules: $!";
	}
	return ($project, fresh());
}

# Does a step that must do; returns what was said.
sub step
{
	my ($tool, $what, $project, $database) = @_;
	my ($status, $said) = $tools{$tool}{$what}->($project, $database);

	is($status, 0, "$tool: $what") or diag($said);
	return $said;
}

# ---- what must be true

my $rows = q{INSERT INTO "Users" (id, name, "createdAt", "updatedAt") VALUES (1, 'Ada', now(), now()), (2, 'Grace', now(), now())};
my $todos = q{INSERT INTO "Todos" (title, "userId", "createdAt", "updatedAt")
	VALUES ('write the first program', 1, now(), now()), ('sleep', 1, now(), now()), ('find the moth', 2, now(), now())};

sub in_place
{
	my ($database) = @_;

	is(sql($database, 'SELECT association, kind, foreign_key, on_delete, status, declared_by FROM assoc.associations ORDER BY 1'),
		"Todo.user|belongs_to|userId|CASCADE|in place|hand\nUser.todos|has_many|userId|CASCADE|in place|hand", '... the associations are in place');
	is(sql($database, 'SELECT * FROM assoc.plan()'), '', '... nothing is planned');
	is(sql($database, 'SELECT * FROM assoc.validate()'), '', '... nothing is wrong');
	is(sql($database, q{SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = '"Todos"'::regclass}),
		'Todos_userId_fkey|t|FOREIGN KEY ("userId") REFERENCES "Users"(id) ON DELETE CASCADE', '... the foreign key is there');
	is(sql($database, qq{BEGIN; $rows; $todos; SELECT t.title FROM "Users" u, todos(u) t WHERE u.id = 1 ORDER BY t.id;
		DELETE FROM "Users" WHERE id = 1; SELECT t.title, u.name FROM "Todos" t, "user"(t) u; ROLLBACK}),
		"write the first program\nsleep\nfind the moth|Grace", '... the accessors work, and to-dos go with their user');
	return;
}

# Nothing is declared, and nothing left of what was; the tables are as the first migrations made them.
sub undone
{
	my ($database) = @_;

	is(sql($database, q{SELECT (SELECT count(*) FROM assoc.associations), (SELECT count(*) FROM assoc_internal.declaration),
		(SELECT count(*) FROM assoc_internal.recorded), (SELECT count(*) FROM assoc.plan()), (SELECT count(*) FROM assoc.validate()),
		(SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
		(SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace)}), '0|0|0|0|0|0|0',
		'... nothing is declared, and no accessor or foreign key left');
	is(sql($database, q{SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = '"Todos"'::regclass AND attnum > 0 AND NOT attisdropped}), 'id title done createdAt updatedAt', '... nor the column');
	return;
}

# up, undone, up again, with rows that stay; everything down, and up once more
sub lesson
{
	my ($tool) = @_;
	my ($project, $database) = start($tool);

	step($tool, 'up', $project, $database);
	in_place($database);
	sql($database, "$rows; $todos");
	my $said = step($tool, 'undo', $project, $database);
	like($said, qr/NOTICE:  no longer declared: Todo\.user, User\.todos$/m, '... and is told') unless $tool eq 'sequelize-cli';
	undone($database);
	is(sql($database, 'SELECT count(*) FROM "Todos"'), '3', '... the rows are there');
	sql($database, 'DELETE FROM "Todos"; DELETE FROM "Users"');
	step($tool, 'up', $project, $database);
	in_place($database);

	return unless $tools{$tool}{clear};
	step($tool, 'clear', $project, $database);
	is(sql($database, q{SELECT to_regclass('"Users"'), to_regclass('"Todos"'), count(*) FROM assoc.models}), '||0', '... everything is gone');
	step($tool, 'up', $project, $database);
	in_place($database);
	return;
}

# Rows that break the rule: the migration fails, whole; it passes once they are mended.
sub broken_rule
{
	my ($tool, $break, $mend) = @_;
	my ($project, $database) = start($tool);

	step($tool, 'up', $project, $database);
	step($tool, 'undo', $project, $database);
	sql($database, "$rows; INSERT INTO \"Todos\" (title, \"createdAt\", \"updatedAt\") VALUES ('x', now(), now()); $break");
	my $columns = q{SELECT count(*) FROM pg_attribute WHERE attrelid = '"Todos"'::regclass AND attnum > 0 AND NOT attisdropped};
	my $before = sql($database, $columns);
	my ($status, $said) = $tools{$tool}{up}->($project, $database);
	isnt($status, 0, "$tool: a row breaks the rule");
	like($said, qr/validation failed with \d findings?/, '... it is told');
	is(sql($database, q{SELECT count(*) FROM assoc.associations WHERE association IN ('Todo.user', 'User.todos')}), '0', '... nothing is declared');
	is(sql($database, q{SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace}), '0', '... no key is made');
	is(sql($database, $columns), $before, '... no column');
	sql($database, $mend);
	step($tool, 'up', $project, $database);
	sql($database, 'DELETE FROM "Todos"; DELETE FROM "Users"');
	in_place($database);
	return $database;
}

my @orphan = (q{ALTER TABLE "Todos" ADD COLUMN "userId" integer; UPDATE "Todos" SET "userId" = 42},
	q{UPDATE "Todos" SET "userId" = 1});
# sequelize's migration adds the column, so its rule is another's
my @required = (q{SELECT assoc.has_many('User', 'Todo', 'tasks', foreign_key => 'userId', required => true)},
	q{SELECT assoc.drop_association('User.tasks')});

# With short locks first, and then outside a transaction what is left, as the README says.
sub online
{
	my ($tool, $change) = @_;
	my ($project, $database) = start($tool);

	$change->($project);
	step($tool, 'up', $project, $database);
	in_place($database);
	is(sql($database, q{SELECT count(*) FROM pg_index WHERE indrelid = '"Todos"'::regclass AND indisvalid}), '2', '... with its index');
	return;
}

sub online_flyway
{
	my ($project) = @_;
	my ($back, @versions) = readme('flyway', 'sql');

	change("$project/V2__todos_belong_to_users.sql", qr/assoc\.apply\(\);.*/s, 'assoc.apply(online => true);');
	write_file("$project/V3__index.sql", $versions[0]);
	write_file("$project/V4__rest.sql", $versions[1]);
	return;
}

sub online_sqitch
{
	my ($project) = @_;
	my ($back, $deploy) = readme('sqitch', 'sql');

	change("$project/deploy/todos_belong_to_users.sql", qr/assoc\.apply\(\);.*/s, "assoc.apply(online => true);\nCOMMIT;\n");
	rename "$project/verify/todos_belong_to_users.sql", "$project/verify/rest.sql";
	write_file("$project/verify/todos_belong_to_users.sql", "SELECT;\n");
	append_to_file("$project/sqitch.plan", "rest [todos_belong_to_users] 2026-01-01T00:00:02Z Ada <ada\@example.org> # rest\n");
	write_file("$project/deploy/rest.sql", $deploy);
	write_file("$project/revert/rest.sql", "SELECT;\n");
	return;
}

sub online_sequelize
{
	my ($project) = @_;
	my ($migration) = readme('sequelize-cli', 'js');

	change("$project/migrations/20260101000003-todos-belong-to-users.js", qr/assoc\.apply\(\)(.*?\n).*?(?=    \}\);\n  \},\n)/s,
		"assoc.apply(online => true)', { transaction });\n");
	write_file("$project/migrations/20260101000004-rest.js", $migration);
	return;
}

# ---- Flyway

lesson('flyway by psql');
{
	my $database = broken_rule('flyway by psql', @orphan);

	# the other way back, of a column that stays
	my $before = sql($database, "$rows; $todos; SELECT * FROM \"Todos\" ORDER BY id");
	foreach my $example (qw(flyway sqitch))
	{
		my ($back) = readme($example, 'sql');
		is((call($database, $dir, @psql, '-1', '-c', $back))[0], 0, "$example: the way back that keeps the column");
		is(sql($database, q{SELECT (SELECT count(*) FROM assoc.associations),
			(SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace)}), '0|0', '... ends the rest');
		is(sql($database, 'SELECT * FROM "Todos" ORDER BY id'), $before, '... and keeps the rows');
		my ($status, $said) = call($database, "$examples/flyway", @psql, '-1', '-f', 'V2__todos_belong_to_users.sql');
		is($status, 0, '... and forth') or diag($said);
	}

	# the gate of a CI, as each README has it
	my @gates = map { slurp_file("$examples/$_") =~ /(psql .*-c \\?"SELECT \* FROM assoc\.validate\(fail_on => 'warning'\)\\?")/ }
	  qw(flyway/README.md sqitch/README.md sequelize-cli/package.json);
	is(scalar @gates, 3, 'gates of a CI');
	foreach my $gate (map { s/\\"/"/gr } @gates)
	{
		is((call($database, $dir, 'sh', '-c', $gate))[0], 0, "$gate: all is well");
		sql($database, 'ALTER TABLE "Todos" DROP CONSTRAINT "Todos_userId_fkey"');
		my ($status, $said) = call($database, $dir, 'sh', '-c', $gate);
		isnt($status, 0, '... a foreign key is gone');
		like($said, qr/^DETAIL:  warning step_pending: Todo\.user: /m, '... it is told');
		sql($database, 'SELECT assoc.apply()');
	}
}
online('flyway by psql', \&online_flyway);

# ---- Sqitch

lesson('sqitch by psql');
broken_rule('sqitch by psql', @orphan);
online('sqitch by psql', \&online_sqitch);
{
	my ($project, $database) = start('sqitch by psql');
	step('sqitch by psql', 'up', $project, $database);
	my @verify = ($database, $project, @psql, '-f', 'verify/todos_belong_to_users.sql');
	is((call(@verify))[0], 0, 'sqitch: verify');
	step('sqitch by psql', 'undo', $project, $database);
	my ($status, $said) = call(@verify);
	isnt($status, 0, '... tells what is not declared');
	like($said, qr/model "Todo" has no association "user"/, '... by name');
}

SKIP:
{
	skip 'sqitch is not installed', 1 unless runs('sqitch', '--version');
	skip 'sqitch has no DBD::Pg', 1 unless runs('perl', '-MDBD::Pg', '-e', '1');
	local @ENV{qw(SQITCH_FULLNAME SQITCH_EMAIL)} = ('Ada', 'ada@example.org');
	local @ENV{qw(SQITCH_USER_CONFIG SQITCH_SYSTEM_CONFIG)} = ("$dir/none", "$dir/none");
	lesson('sqitch');
	broken_rule('sqitch', @orphan);
	online('sqitch', \&online_sqitch);

	my ($project, $database) = start('sqitch');
	step('sqitch', 'up', $project, $database);
	is((call($database, $project, 'sqitch', 'verify'))[0], 0, 'sqitch verify');
	sql($database, 'ALTER TABLE "Todos" DROP CONSTRAINT "Todos_userId_fkey"');
	my ($status, $said) = call($database, $project, 'sqitch', 'verify');
	isnt($status, 0, '... tells what is gone');
	like($said, qr/validation failed with 2 findings/, '... in our words');
}

# ---- sequelize-cli

SKIP:
{
	skip 'there is no node', 1 unless runs('node', '--version');
	write_file("$dir/stand_in.js", $stand_in);
	lesson('sequelize-cli by the stand-in');
	broken_rule('sequelize-cli by the stand-in', @required);
	online('sequelize-cli by the stand-in', \&online_sequelize);

	# the stand-in tells what has forgotten its transaction
	my ($project, $database) = start('sequelize-cli by the stand-in');
	change("$project/migrations/20260101000003-todos-belong-to-users.js", qr/(?<=assoc\.apply\(\)'), \{ transaction \}/, '');
	my ($status, $said) = sequelize_stand_in($project, $database);
	isnt($status, 0, 'a call without the transaction');
	like($said, qr/outside of the transaction: SELECT \* FROM assoc\.apply/, '... is told');

	skip 'TODO_ASSOC_NODE_MODULES names no directory with sequelize-cli', 1
	  unless -e ($ENV{TODO_ASSOC_NODE_MODULES} // '') . '/sequelize-cli';
	lesson('sequelize-cli');
	broken_rule('sequelize-cli', @required);
	online('sequelize-cli', \&online_sequelize);
}

$node->stop;
done_testing();
