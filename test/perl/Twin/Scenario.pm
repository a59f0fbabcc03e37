# Tables and references for a schedule, made at random, in as many ways as there are sides: with native keys, with triggers of
# ours, and with PL/pgSQL triggers that are too weak, by which the test itself is tested.
package Twin::Scenario;

use strict;
use warnings;

use parent -norequire, 'Twin::Rules';
use Twin::Rules;
use Twin::Statements;

sub pick { return $_[ rand @_ ] }

# [type of the child, of the parent, values]
my @types = (
	[ 'integer', 'integer', 1 .. 6 ],
	[ 'bigint', 'integer', 1 .. 6 ],
	[ 'integer', 'bigint', 1 .. 6 ],
	[ 'smallint', 'integer', 1 .. 6 ],
	[ 'text', 'text', map { "'$_'" } 'a' .. 'f' ],
	[ 'varchar(9)', 'text', map { "'$_'" } 'a' .. 'f' ],
	[ 'char(3)', 'char(3)', map { "'$_'" } 'a' .. 'f' ],
	[ 'numeric', 'numeric', qw(1 1.0 2 2.00 3 4) ],
	[ 'integer', 'numeric', 1 .. 6 ],
	[ 'uuid', 'uuid', map { "'00000000-0000-0000-0000-00000000000$_'" } 1 .. 6 ],
	[ 'date', 'date', map { "'2000-01-0$_'" } 1 .. 6 ],
	[ 'timestamp', 'date', map { "'2000-01-0$_'" } 1 .. 6 ],
	[ 'text COLLATE blunt', 'text COLLATE blunt', map { "'$_'" } qw(a A b B c d) ]);

# What both sides use.
sub common
{
	return q{
		CREATE COLLATION blunt (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE FUNCTION execute(statement text) RETURNS integer LANGUAGE plpgsql AS 'BEGIN EXECUTE statement; RETURN 1; END';
		CREATE FUNCTION execute_argument() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE TG_ARGV[0]; RETURN NULL; END'};
}

my @actions = ('NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT');
my @deferrals = (('none') x 3, 'immediate', ('deferred') x 2);

# new(only => names of kinds, actions => .., deferrals => .., declarable => 1, no_twin => whether ours is alone); uses rand.
sub new
{
	my ($class, %limits) = @_;
	my $self = bless { actions => $limits{actions} // \@actions, deferrals => $limits{deferrals} // \@deferrals,
		no_twin => $limits{no_twin} }, $class;
	my @kinds = $limits{only} ? @{ $limits{only} }
	  : (('plain') x 4, ('composite') x 3, ('self') x 2, 'chain', 'shared', 'two', 'cycle', 'partitioned_child',
		'partitioned_parent', ('polymorphic') x 2, ('scope') x 2, ('condition') x 2, ('soft') x 3, ('array') x 2, ('statement') x 2,
		# no native key has such a parent
		defined $limits{no_twin} && !$limits{no_twin} ? () : 'heirs');

	$self->{kind} = pick(@kinds);
	$self->can("make_$self->{kind}")->($self);
	$self->make_declarable if $limits{declarable} || $self->{heirs};
	$self->add_trigger if !$limits{actions} && !$self->{one_change} && rand() < 0.2;
	# native keys compare them by another collation before 18, so they lock where ours need not, and where theirs is there before
	if (grep { ($_->{type} // '') =~ /blunt/ } map { @{ $_->{columns} } } @{ $self->{tables} })
	{
		$self->{$_} //= 'native keys compare by another collation' for 'native_waits', 'ours_waits';
	}
	$_->{together} = rand() < 0.7 for @{ $self->{references} };
	return $self;
}

# The parents of a reference whose deleted rows may be acted on once a statement: by the rules of src/schema/level.c.
sub parents_of_statements
{
	my ($self, $r) = @_;
	my $named = sub { my ($name) = @_; return grep { $_->{name} eq $name } @{ $self->{tables} } };
	my $refers = sub { my ($one, $name) = @_; return grep { $_ eq $name } $one->{targets} ? values %{ $one->{targets} } : $one->{parent} };

	return if $self->{heirs};
	return grep { !(grep { $_->{partition} } $named->($_)) } $r->{parent} if $r->{mode};
	return if $r->{on_delete} =~ /DEFAULT/ || $r->{on_update} =~ /CASCADE|DEFAULT/;
	return if $r->{on_delete} eq 'NO ACTION' && $r->{deferral} ne 'none';
	return grep {
		my $parent = $_;
		!(grep { $_->{partition} } $named->($parent))
		  && $r->{child} ne $parent
		  && !(grep { $_ != $r && $refers->($_, $parent) } @{ $self->{references} })
		  && !(grep { $_->{child} eq $parent && $_->{on_delete} eq 'CASCADE' } @{ $self->{references} })
		  && !($self->{trigger} && $self->{trigger}[1] eq $parent)
	} sort $r->{targets} ? values %{ $r->{targets} } : $r->{parent};
}

# Without what a declaration refuses: actions that could only fail.
sub make_declarable
{
	my ($self) = @_;

	for my $r (@{ $self->{references} })
	{
		my ($table) = grep { $_->{name} eq $r->{child} } @{ $self->{tables} };
		for my $column (grep { !$_->{arc} } @{ $table->{columns} })
		{
			next unless grep { $_ eq $column->{name} } @{ $r->{columns} };
			$column->{default} //= $column->{values}[0];
			next unless grep { $_ eq $column->{name} } @{ $table->{key} };
			s/^SET NULL.*/NO ACTION/ for @$r{ 'on_delete', 'on_update' };
		}
		# it is said by a key that is there
		$r->{match} = 'simple' if $r->{targets} || $r->{mode};
	}
	return;
}

# A trigger of the user's, fired before ours or after, that changes the same tables.
sub add_trigger
{
	my ($self) = @_;
	my $table = pick(@{ $self->{tables} });
	my $statements = Twin::Statements->new($self, 1, 15);
	my $event = pick('INSERT', 'INSERT', 'UPDATE', 'DELETE');
	my $row = $event eq 'DELETE' ? 'OLD' : 'NEW';

	$self->{trigger} = [ pick('"A"', 'z') . " AFTER $event ON", $table->{name},
		"FOR EACH ROW WHEN ($row.v = 2 AND pg_trigger_depth() < 3) EXECUTE FUNCTION public.execute_argument(\$q\$" . $statements->simple . '$q$)' ];
	return;
}

# One column of a table: name, type, values, how often null, its default.
sub column
{
	my ($name, $type, $values, $null, $default) = @_;
	return { name => $name, type => $type, values => $values, null => $null // 0, default => $default };
}

sub number { return column('v', 'integer', [ 0 .. 3 ], 0.1) }
sub row_id { return column('id', 'integer', [ 1 .. 9 ]) }

sub table
{
	my ($self, $name, $key, @columns) = @_;
	push @{ $self->{tables} }, { name => $name, key => $key, columns => \@columns };
	return $self->{tables}[-1];
}

sub reference
{
	my ($self, $child, $columns, $parent, $key, %more) = @_;
	my %reference = (
		name => join('_', $child, @$columns, 'fkey'), child => $child, columns => $columns, parent => $parent, key => $key,
		match => 'simple', on_delete => pick(@{ $self->{actions} }), on_update => pick(@{ $self->{actions} }),
		deferral => pick(@{ $self->{deferrals} }), %more);
	push @{ $self->{references} }, \%reference;
	return \%reference;
}

sub make_plain
{
	my ($self) = @_;
	my ($child, $parent, @values) = @{ pick(@types) };

	$self->table('p', ['id'], column('id', $parent, \@values), number());
	$self->table('c', ['id'], row_id(), column('fk', $child, \@values, 0.15, pick(undef, @values[ 0, 5 ])), number());
	$self->reference('c', ['fk'], 'p', ['id']);
	push @{ $self->{indexes} }, 'c (fk)' if rand() < 0.5;
	return;
}

sub make_composite
{
	my ($self) = @_;
	my ($one, $two) = (pick(@types), pick(@types));
	my @values = ([ @$one[ 2 .. 4 ] ], [ @$two[ 2 .. 4 ] ]);
	my $null = rand() < 0.3 ? 0.1 : 0;
	my $match = pick('simple', 'full');
	my $p = $self->table('p', [ 'a', 'b' ], column('a', $one->[1], $values[0]), column('b', $two->[1], $values[1], $null), number());

	$p->{nullable} = 1 if $null;
	$self->table('c', ['id'], row_id(), column('x', $one->[0], $values[0], 0.2, pick(undef, $values[0][0])),
		column('y', $two->[0], $values[1], 0.2, pick(undef, $values[1][0])), number());
	my $reference = $self->reference('c', [ 'x', 'y' ], 'p', [ 'a', 'b' ], match => $match);
	@$reference{ 'columns', 'key' } = ([ 'y', 'x' ], [ 'b', 'a' ]) if rand() < 0.3;
	$reference->{name} = join '_', 'c', @{ $reference->{columns} }, 'fkey';
	$reference->{on_delete} .= pick('', ' (x)', ' (y)') if $reference->{on_delete} =~ /^SET/;
	push @{ $self->{indexes} }, 'c (y, x)' if rand() < 0.5;
	return;
}

sub make_self
{
	my ($self) = @_;
	my ($child, $parent, @values) = @{ pick(grep { $_->[0] eq $_->[1] } @types) };

	$self->table('t', ['id'], column('id', $parent, \@values), column('up', $child, \@values, 0.3, pick(undef, $values[0])), number());
	$self->reference('t', ['up'], 't', ['id']);
	return;
}

sub make_chain
{
	my ($self) = @_;

	$self->table('g', ['id'], column('id', 'integer', [ 1 .. 5 ]), number());
	$self->table('p', ['id'], column('id', 'integer', [ 1 .. 6 ]), column('g_id', 'integer', [ 1 .. 5 ], 0.1, 1), number());
	$self->table('c', ['id'], row_id(), column('p_id', 'integer', [ 1 .. 6 ], 0.1, 1), number());
	$self->reference('p', ['g_id'], 'g', ['id']);
	$self->reference('c', ['p_id'], 'p', ['id']);
	$self->{class_only} = 1;
	return;
}

# the parent's key refers in turn, so that changes of a key go on
sub make_shared
{
	my ($self) = @_;

	$self->table('g', ['id'], column('id', 'integer', [ 1 .. 6 ]), number());
	$self->table('p', ['id'], column('id', 'integer', [ 1 .. 6 ], 0, 1), number());
	$self->table('c', ['id'], row_id(), column('p_id', 'integer', [ 1 .. 6 ], 0.1, 1), number());
	$self->reference('p', ['id'], 'g', ['id'], on_update => 'CASCADE');
	$self->reference('c', ['p_id'], 'p', ['id']);
	$self->{class_only} = 1;
	return;
}

sub make_two
{
	my ($self) = @_;

	$self->table($_, ['id'], column('id', 'integer', [ 1 .. 5 ]), number()) for 'p', 'q';
	$self->table('c', ['id'], row_id(), column('p_id', 'integer', [ 1 .. 5 ], 0.1, 1),
		column('q_id', 'integer', [ 1 .. 5 ], 0.1, 2), number());
	$self->reference('c', [ $_ . '_id' ], $_, ['id']) for 'p', 'q';
	$self->{class_only} = 1;
	return;
}

sub make_cycle
{
	my ($self) = @_;

	$self->table('a', ['id'], column('id', 'integer', [ 1 .. 6 ]), column('b_id', 'integer', [ 1 .. 6 ], 0.1), number());
	$self->table('b', ['id'], column('id', 'integer', [ 1 .. 6 ]), column('a_id', 'integer', [ 1 .. 6 ], 0.3), number());
	$self->reference('a', ['b_id'], 'b', ['id'], deferral => 'deferred');
	$self->reference('b', ['a_id'], 'a', ['id']);
	$self->{class_only} = 1;
	return;
}

sub make_partitioned_child
{
	my ($self) = @_;
	my $by = pick('id', 'fk');

	$self->table('p', ['id'], column('id', 'integer', [ 1 .. 6 ]), number());
	my $c = $self->table('c', $by eq 'id' ? ['id'] : [ 'id', 'fk' ], row_id(),
		column('fk', 'integer', [ 1 .. 6 ], $by eq 'id' ? 0.15 : 0, 1), number());
	$c->{partition} = $by;
	$self->reference('c', ['fk'], 'p', ['id']);
	return;
}

sub make_partitioned_parent
{
	my ($self) = @_;
	my $p = $self->table('p', ['id'], column('id', 'integer', [ 1 .. 6 ]), number());

	$p->{partition} = 'id';
	$self->table('c', ['id'], row_id(), column('fk', 'integer', [ 1 .. 6 ], 0.15, 1), number());
	$self->reference('c', ['fk'], 'p', ['id']);
	return;
}

# A parent whose rows stand in a table that inherits from it, too, where keys may be there twice. It is declared, however the others are made.
sub make_heirs
{
	my ($self) = @_;

	$self->{no_twin} = 1;
	$self->{heirs} = 'p';
	$self->table('p', ['id'], column('id', 'integer', [ 1 .. 6 ]), number());
	$self->table('h', ['id'], column('id', 'integer', [ 1 .. 6 ]), number())->{inherits} = 'p';
	$self->table('c', ['id'], row_id(), column('fk', 'integer', [ 1 .. 6 ], 0.15, 1), number());
	$self->reference('c', ['fk'], 'p', ['id']);
	push @{ $self->{indexes} }, 'c (fk)' if rand() < 0.5;
	$self->{class_only} = 1;
	return;
}

# The twin of a polymorphic reference is an exclusive arc: a column with a native key for each target, and one for what is of no
# target, which refers to an empty table. So one row is one row on both sides. Its column is {ref:type:value}.
sub make_polymorphic
{
	my ($self) = @_;
	my @no_default = grep { $_ ne 'SET DEFAULT' } @{ $self->{actions} };

	$self->table($_, ['id'], column('id', 'integer', [ 1 .. 5 ]), number()) for 'p', 'q';
	my $c = $self->table('c', ['id'], row_id(), { name => 'ref', arc => 1 }, number());
	my $reference = $self->reference('c', ['fk'], 'p', ['id'], type_column => 'kind', on_delete => pick(@no_default), on_update => pick(@no_default),
		targets => { P => 'p', Q => 'q' });
	$self->{arc} = $reference;
	$self->{class_only} = 1;
	return;
}

# Of the actions that a schedule is limited to, one of these.
sub action
{
	my ($self, @possible) = @_;
	my %limit = map { $_ => 1 } @{ $self->{actions} };

	return pick(grep { $limit{$_} } @possible);
}

# What a reference with more to it has for a twin is said above Twin::Rules. Without one, for those actions that no native key has,
# our side is alone, and must have no orphans.

# Only parents of a role may be referred to. Natively the key is a column that is null in the others: to leave the scope is an
# UPDATE of the key, so both actions are the same one.
sub make_scope
{
	my ($self) = @_;

	$self->{no_twin} //= rand() < 0.25;
	my $action = $self->action($self->{no_twin} ? @actions : ('NO ACTION', 'RESTRICT', 'SET NULL', 'SET DEFAULT'));
	my $p = $self->table('p', ['id'], column('id', 'integer', [ 1 .. 5 ]), column('role', 'integer', [ 1, 1, 1, 2 ], 0.1), number());
	$p->{native_columns} = ['rid integer GENERATED ALWAYS AS (CASE WHEN role = 1 THEN id END) STORED UNIQUE'];
	$self->table('c', ['id'], row_id(), column('fk', 'integer', [ 1 .. 5 ], 0.1, pick(undef, 1, 4)), number());
	my $r = $self->reference('c', ['fk'], 'p', ['id'], scope => { role => 1 }, on_delete => $action,
		on_update => $self->{no_twin} ? $self->action(@actions) : $action);
	$r->{native_keys} = [ { name => 'c_fk_fkey', key => ['rid'] } ];
	$self->waits_for_eligible('a row that comes into the scope has a new key');
	$self->{class_only} = 1;
	return;
}

# Where it is not the key alone that says who may be referred to, the sides wait for other things, which are right as well. With a BEFORE
# trigger on a table, PostgreSQL locks a row as for a new key when the key is named.
sub waits_for_eligible
{
	my ($self, $why) = @_;

	@$self{ 'native_waits', 'ours_waits' } = ($why, 'there is a BEFORE trigger');
	return;
}

# Only children in a condition refer. Natively the column that refers is null in the others.
sub make_condition
{
	my ($self) = @_;

	$self->{no_twin} //= rand() < 0.25;
	$self->table('p', ['id'], column('id', 'integer', [ 1 .. 5 ]), number());
	my $c = $self->table('c', ['id'], row_id(), column('fk', 'integer', [ 1 .. 5 ], 0.1, pick(undef, 1, 4)), number());
	$c->{native_columns} = ['on_fk integer GENERATED ALWAYS AS (CASE WHEN v IN (1, 2) THEN fk END) STORED'];
	my $r = $self->reference('c', ['fk'], 'p', ['id'], condition => { v => [ 1, 2 ] },
		on_delete => $self->action($self->{no_twin} ? @actions : ('NO ACTION', 'RESTRICT', 'CASCADE')),
		on_update => $self->action($self->{no_twin} ? @actions : ('NO ACTION', 'RESTRICT')));
	$r->{native_keys} = [ { name => 'c_fk_fkey', columns => ['on_fk'] } ];
	$self->{class_only} = 1;
	return;
}

# Parents are deleted softly, and perhaps children, which then may refer to any parent that is there. Natively the key is a
# column that is null in who is deleted; and if children are deleted softly, there is one key of all rows, and one of those that live.
sub make_soft
{
	my ($self) = @_;
	my @ways = ([ 'date', ["'2000-01-01'"], 'IS NULL', 0.6 ], [ 'boolean', [ 'true', 'false' ], 'IS NOT TRUE', 0.2 ]);
	my $gone = sub { return { %{ column('gone', $_[0][0], $_[0][1], $_[0][3]) }, first => 'NULL' } };
	my ($way, $child_way) = (pick(@ways), rand() < 0.6 ? pick(@ways) : undef);

	$self->{no_twin} //= rand() < 0.35;
	my @same = $child_way ? ('NO ACTION', 'RESTRICT') : ('NO ACTION', 'RESTRICT', 'SET NULL', 'SET DEFAULT');
	my $action = $self->action($self->{no_twin} ? (@actions, 'CASCADE', 'CASCADE') : @same);
	my $p = $self->table('p', ['id'], column('id', 'integer', [ 1 .. 5 ]), $gone->($way), number());
	my $c = $self->table('c', ['id'], row_id(), column('fk', 'integer', [ 1 .. 5 ], 0.1, pick(undef, 1, 4)),
		$child_way ? $gone->($child_way) : (), number());
	my $r = $self->reference('c', ['fk'], 'p', ['id'], soft => "gone $way->[2]", child_soft => $child_way && "gone $child_way->[2]",
		on_delete => $action, on_update => $self->{no_twin} ? $self->action(@actions) : $action);
	$p->{soft} = 'gone';
	$p->{native_columns} = ["rid integer GENERATED ALWAYS AS (CASE WHEN gone $way->[2] THEN id END) STORED UNIQUE"];
	$p->{our_columns} = ['deletion_id uuid'];
	$r->{native_keys} = [ { name => 'c_fk_fkey', key => ['rid'] } ];
	if ($child_way)
	{
		$c->{soft} = 'gone';
		$c->{our_columns} = ['deletion_id uuid'];
		$c->{native_columns} = ["live_fk integer GENERATED ALWAYS AS (CASE WHEN gone $child_way->[2] THEN fk END) STORED"];
		$r->{native_keys} = [ { name => 'c_live_fkey', columns => ['live_fk'], key => ['rid'] }, { name => 'c_fk_fkey' } ];
	}
	$self->waits_for_eligible('a row that comes back has a new key');
	$self->{class_only} = 1;
	return;
}

# Each element of an array refers. Natively a table of links has the elements.
sub make_array
{
	my ($self) = @_;
	my @lists = map { "'{$_}'" } '1,2', '2', '', '3,1,3', '2,NULL,4', '5', '1,2,3,4,5', 'NULL';
	my ($child, $parent) = @{ pick([ 'integer', 'integer' ], [ 'bigint', 'integer' ], [ 'integer', 'bigint' ]) };

	$self->{no_twin} //= rand() < 0.25;
	$self->table('p', ['id'], column('id', $parent, [ 1 .. 5 ]), number());
	$self->table('c', ['id'], row_id(), column('ids', "${child}[]", \@lists, 0.1), number());
	my $r = $self->reference('c', ['ids'], 'p', ['id'], element => $child,
		map { $_ => $self->action('NO ACTION', 'RESTRICT', $self->{no_twin} ? ('SET NULL', $_ eq 'on_update' ? 'CASCADE' : ()) : ()) } 'on_delete', 'on_update');
	$self->{links} = $r;
	$r->{native_keys} = [ { name => 'c_ids_fkey', child => 'links', columns => ['element'] } ];
	# links follow when the statement is over: too late for what else it does
	$self->{one_change} = 1;
	@$self{ 'native_waits', 'ours_waits' } = ('a link is deleted with its element', 'the row has a new key, and its links not');
	$self->{class_only} = 1;
	return;
}

# Once a statement: what a statement does in the end is the same, if it changes rows in one way only.
sub make_statement
{
	my ($self) = @_;

	$self->{deferrals} = ['none'];
	$self->{one_change} = 1;
	my $kind = pick('plain', 'plain', 'composite', 'two', 'self');
	$self->can("make_$kind")->($self);
	$_->{mode} = 'statement' for @{ $self->{references} };
	# keys are looked up sorted, after all rows are written
	@$self{ 'native_waits', 'ours_waits' } = ('keys are looked up in another order') x 2;
	@$self{ 'class_only', 'any_key' } = (1, 1);
	return;
}

# ---- SQL ----

sub literal_list { return join ', ', @_ }

sub table_sql
{
	my ($self, $table, $schema, $how) = @_;
	my $native = $how eq 'native';
	my @columns;

	for my $column (@{ $table->{columns} })
	{
		if ($column->{arc})
		{
			push @columns, $native ? map { "$_ integer" } 'p_id', 'q_id', 'other_id' : ('kind text', 'fk integer');
			next;
		}
		push @columns, "$column->{name} $column->{type}" . (defined $column->{default} ? " DEFAULT $column->{default}" : '');
	}
	push @columns, @{ $table->{ $native ? 'native_columns' : $how eq 'apply' ? 'no_columns' : 'our_columns' } // [] };
	my $key = ($table->{nullable} ? 'UNIQUE (' : 'PRIMARY KEY (') . join(', ', @{ $table->{key} }) . ')';
	my @sql = ("CREATE TABLE $schema.$table->{name} (" . join(', ', $table->{inherits} ? () : @columns, $key) . ')');

	$sql[0] .= " INHERITS ($schema.$table->{inherits})" if $table->{inherits};
	if ($table->{partition})
	{
		$sql[0] .= " PARTITION BY RANGE ($table->{partition})";
		push @sql, "CREATE TABLE $schema.$table->{name}_low PARTITION OF $schema.$table->{name} FOR VALUES FROM (MINVALUE) TO (4)",
		  "CREATE TABLE $schema.$table->{name}_high PARTITION OF $schema.$table->{name} DEFAULT";
	}
	return @sql;
}

sub key_sql
{
	my ($reference, $schema, %change) = @_;
	my %r = (%$reference, %change);
	my $deferral = $r{deferral} eq 'none' ? '' : " DEFERRABLE INITIALLY \U$r{deferral}";

	return "ALTER TABLE $schema.$r{child} ADD CONSTRAINT $r{name} FOREIGN KEY (" . join(', ', @{ $r{columns} })
	  . ") REFERENCES $schema.$r{parent} (" . join(', ', @{ $r{key} }) . ") MATCH \U$r{match}\E ON DELETE $r{on_delete} ON UPDATE $r{on_update}$deferral";
}

sub native_sql
{
	my ($self, $reference, $schema) = @_;

	return ($reference->{element} ? "CREATE TABLE $schema.links (c_id integer, element $reference->{element})" : ()),
	  map { key_sql($reference, $schema, %$_) } @{ $reference->{native_keys} } if $reference->{native_keys};
	return key_sql($reference, $schema) unless $reference->{targets};
	return "CREATE TABLE $schema.nothing (id integer PRIMARY KEY)", map { key_sql($reference, $schema, name => "c_$_", columns => ["${_}_id"],
			parent => $_ eq 'other' ? 'nothing' : $_) } 'p', 'q', 'other';
}

# by test/include/enforce.sql
sub trigger_sql
{
	my ($self, $r, $schema) = @_;
	my %targets = $r->{targets} ? %{ $r->{targets} } : ('' => $r->{parent});
	my $list = sub { join ', ', map { qq{"$_"} } @_ };
	my $targets = join ', ', map { sprintf '{"type": "%s", "table": "%s.%s", "key": [%s]%s}', $_, $schema, $targets{$_}, $list->(@{ $r->{key} }), $self->target_json($r) } sort keys %targets;
	my %options = (name => $r->{name}, map { $_ => $r->{$_} } qw(on_delete on_update match deferral));

	$options{type_column} = $r->{type_column} if $r->{targets};
	$options{together} = 'true' if $r->{together} && !$r->{mode} && $self->parents_of_statements($r);
	return sprintf "SELECT public.enforce('%s.%s', '%1\$s.%s', '{%s}', '[%s]', '{%s%s}')", $schema, $r->{name}, $r->{child}, join(',', @{ $r->{columns} }),
	  $targets, join(', ', map { qq{"$_": "$options{$_}"} } sort keys %options), $self->options_json($r);
}

# by declarations
sub apply_sql
{
	my ($self, $schema) = @_;
	my @sql = map { "SELECT assoc.define_model('\U$_->{name}\E', '$schema.$_->{name}'" . ($_->{soft} ? ", soft_delete => '$_->{soft}'" : '')
		  . ($_->{name} eq ($self->{heirs} // '') ? ', heirs => true' : '') . ')' } @{ $self->{tables} };

	for my $r (@{ $self->{references} })
	{
		my $options = sprintf q{foreign_key => '%s', on_delete => '%s', on_update => '%s', deferral => '%s', index => false, enforce => '%s'},
		  join(', ', @{ $r->{columns} }), @$r{ 'on_delete', 'on_update', 'deferral' }, $r->{mode} // 'trigger';
		$options .= $self->declared_options($r);
		# nothing declares MATCH FULL; who switches a key that has it keeps it
		push @sql, key_sql($r, $schema) if $r->{match} eq 'full';
		push @sql, $r->{targets}
		  ? "SELECT assoc.belongs_to_polymorphic('C', 'ref', '" . join(', ', sort keys %{ $r->{targets} }) . "', type_column => '$r->{type_column}', $options)"
		  : 'SELECT assoc.' . ($r->{element} ? 'references_many' : 'belongs_to') . "('\U$r->{child}\E', '\U$r->{parent}\E', 'to_$r->{parent}', target_key => '" . join(', ', @{ $r->{key} }) . "', $options)";
	}
	return (@sql, q{DO $$ BEGIN IF (SELECT bool_or(outcome <> 'done') FROM assoc.apply()) IS NOT FALSE THEN RAISE 'not all is done'; END IF; END $$});
}

# setup(side, schema, how): what makes the tables of one side; how is native, trigger, apply, unlocked, or locked.
sub setup
{
	my ($self, $side, $schema, $how) = @_;
	my @sql = ("DROP SCHEMA IF EXISTS $schema CASCADE", "CREATE SCHEMA $schema", "SET search_path = $schema, public");

	$how = 'apply' if $self->{heirs} && $how eq 'trigger';
	$self->{native}[$side] = $how eq 'native';
	push @sql, "DELETE FROM assoc_internal.enforced_target WHERE parent_schema = '$schema'",
	  "DELETE FROM assoc_internal.enforced WHERE child_schema = '$schema'" if $how eq 'trigger' || $how eq 'statement';
	push @sql, map { $self->table_sql($_, $schema, $how) } @{ $self->{tables} };
	push @sql, map { "CREATE INDEX ON $schema.$_" } @{ $self->{indexes} // [] };
	push @sql, $self->apply_sql($schema) if $how eq 'apply';
	for my $r ($how eq 'apply' ? () : @{ $self->{references} })
	{
		push @sql, $how eq 'native' ? $self->native_sql($r, $schema)
		  : $how eq 'unlocked' ? $self->plpgsql_sql($r, $schema, '')
		  : $how eq 'locked' ? $self->plpgsql_sql($r, $schema, 'FOR KEY SHARE')
		  : $self->trigger_sql($r, $schema);
	}
	push @sql, $self->links_sql($schema) if $how eq 'native' && $self->{links};
	push @sql, $self->render("CREATE TRIGGER $self->{trigger}[0] $schema.$self->{trigger}[1] $self->{trigger}[2]", $side) if $self->{trigger};
	return (@sql, 'RESET search_path');
}

# The rows that each schedule starts with.
sub reset_sql
{
	my ($self, @schemas) = @_;
	my @sql = ('BEGIN', 'SET LOCAL session_replication_role = replica');

	for my $side ($self->{no_twin} ? 1 : (0, 1))
	{
		my $links = $self->{links} && $self->{native}[$side];
		push @sql, 'TRUNCATE ' . join(', ', map { "$schemas[$side].$_" } map({ $_->{name} } @{ $self->{tables} }), $links ? 'links' : ());
		for my $table (@{ $self->{tables} })
		{
			for my $n (0 .. 3)
			{
				my @values = map { defined $_->{first} ? $_->{first} : $_->{arc} ? '{ref:' . ($n % 2 ? 'P' : 'Q') . ':' . (1 + $n % 3) . '}' : $_->{values}[$n] // $_->{values}[0] } @{ $table->{columns} };
				# of two columns of a key, all pairs of two values
				@values[ 0, 1 ] = map { $table->{columns}[$_]{values}[ $_ ? $n / 2 : $n % 2 ] } 0, 1 if $self->{kind} eq 'composite' && $table->{name} eq 'p';
				@values[ 1, 2 ] = map { $table->{columns}[$_]{values}[ $n % 2 ] } 1, 2 if $self->{kind} eq 'composite' && $table->{name} eq 'c';
				next if $table->{name} eq 'c' && $n == 3;
				push @sql, $self->render("INSERT INTO $schemas[$side].$table->{name} VALUES (" . join(', ', @values) . ') ON CONFLICT DO NOTHING', $side);
			}
		}
		push @sql, $self->fill_links_sql($schemas[$side]) if $links;
	}
	return join(";\n", @sql, 'COMMIT');
}

# All columns of a table as text, equal on both sides.
sub row_sql
{
	my ($self, $table, $schema, $native) = @_;

	return "SELECT '$table->{name} ' || ROW(" . join(', ', map { $_->{arc} ? ('kind', 'fk') : $_->{name} } @{ $table->{columns} }) . ")::text FROM $schema.$table->{name} t"
	  unless $native && grep { $_->{arc} } @{ $table->{columns} };
	return "SELECT '$table->{name} ' || t::text FROM (SELECT id, CASE WHEN p_id IS NOT NULL THEN 'P' WHEN q_id IS NOT NULL THEN 'Q' END,
		coalesce(p_id, q_id, other_id), v FROM $schema.$table->{name}) t";
}

# Finds the rows that only one side has, and orphans.
sub final_sql
{
	my ($self, @schemas) = @_;
	my @parts;

	for my $table (@{ $self->{tables} })
	{
		for my $side (0, 1)
		{
			push @parts, "(SELECT '$schemas[$side] only: ' || r FROM (" . $self->row_sql($table, $schemas[$side], $self->{native}[$side]) . ' EXCEPT ALL '
			  . $self->row_sql($table, $schemas[ 1 - $side ], $self->{native}[ 1 - $side ]) . ") AS x(r))";
		}
	}
	return join(' UNION ALL ', @parts, $self->orphans_parts($schemas[1])) . ' ORDER BY 1';
}

# Finds orphans on our side.
sub orphans_sql
{
	my ($self, $schema) = @_;
	my @parts = $self->orphans_parts($schema);

	return @parts ? join(' UNION ALL ', @parts) . ' ORDER BY 1' : 'SELECT WHERE false';
}

# A statement as a side takes it: {ref:..} of a polymorphic column, {constraints:..} by name.
sub render
{
	my ($self, $sql, $side) = @_;
	my $native = $self->{native}[$side];

	return $sql unless $sql =~ /\{/;
	my $values = sub {
		my ($type, $value) = @_;
		return $type eq 'NULL' ? 'NULL' : "'$type'", $value unless $native;
		return ('NULL') x 3 if $type eq 'NULL' && $value eq 'NULL';
		my $known = $value ne 'NULL' && $type =~ /^[PQ]$/;
		return map { $known && $_ eq $type ? $value : !$known && $_ eq 'other' ? ($value eq 'NULL' ? 0 : $value) : 'NULL' } 'P', 'Q', 'other';
	};
	my @columns = $native ? ('p_id', 'q_id', 'other_id') : ('kind', 'fk');
	$sql =~ s/\{ref:(\w+):(\w+)\}/join ', ', $values->($1, $2)/ge;
	$sql =~ s/\{columns\}/join ', ', @columns/ge;
	$sql =~ s/\{source:(\w+)\}/join ', ', map { "$1.$_" } @columns/ge;
	$sql =~ s/\{set:(\w+):(\w+)\}/my @v = $values->($1, $2); join ', ', map { "$columns[$_] = $v[$_]" } 0 .. $#v/ge;
	$sql =~ s/\{copy:(\w+)\}/my $from = $1; join ', ', map { "$_ = $from.$_" } @columns/ge;
	$sql =~ s/\{is:(\w+):(\w+)\}/$native ? "\l$1_id = $2" : "kind = '$1' AND fk = $2"/ge;
	$sql =~ s/\{cast:(\w+)\}/$native ? "$1::integer" : $1/ge;
	$sql =~ s/\{side\}/side$side-/g;
	$sql =~ s/\{links\}/$native ? ', links' : ''/ge;
	$sql =~ s/\{constraint:(\w+)\}/$self->constraints($1, $native)/ge;
	return $sql;
}

# The names by which SET CONSTRAINTS knows a reference.
sub constraints
{
	my ($self, $name, $native) = @_;

	my ($reference) = grep { $_->{name} eq $name } @{ $self->{references} };
	return join ', ', map { $_->{name} } @{ $reference->{native_keys} } if $native && $reference->{native_keys};
	return $self->{arc} && $native ? join(', ', map { "c_$_" } 'p', 'q', 'other') : $name if $native || !$self->{trigger_names};
	return $self->{trigger_names}{$name};
}

1;
