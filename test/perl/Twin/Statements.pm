# Random statements on the tables of a scenario, each chosen by what state its session is in.
package Twin::Statements;

use strict;
use warnings;

sub pick { return $_[ rand @_ ] }
sub chance { return rand() < $_[0] }

# new(scenario, number of sessions, server's major)
sub new
{
	my ($class, $scenario, $count, $major) = @_;
	my $self = bless { scenario => $scenario, count => $count, major => $major, savepoints => [ map { [] } 1 .. $count ] }, $class;

	$self->{deferrable} = [ grep { $_->{deferral} ne 'none' } @{ $scenario->{references} } ];
	return $self;
}

# The next step, [session, statement], for sessions that a Twin runs; it tells which of them wait, and which are in a transaction.
sub step
{
	my ($self, $twin) = @_;
	my @free = grep { !$twin->busy($_) } 0 .. $self->{count} - 1;

	# sessions that have locks are the interesting ones
	my @open = grep { $twin->{in}[$_] } @free;
	my $n = @open && chance(0.4) ? pick(@open) : pick(@free);
	$self->{alone} = !grep { $_ != $n && $twin->{in}[$_] } 0 .. $self->{count} - 1;
	$self->{in} = $twin->{in}[$n];
	my $sql = $self->statement($n, $twin->{in}[$n]);
	return [ $n, $sql ] unless $sql =~ /\{/;
	my @sides = map { $self->{scenario}->render($sql, $_) } 0, 1;
	return [ $n, $sides[0] eq $sides[1] ? $sides[0] : \@sides ];
}

sub statement
{
	my ($self, $n, $in) = @_;
	my $savepoints = $self->{savepoints}[$n];

	if (delete $self->{prepared}[$n])
	{
		return pick('COMMIT', 'COMMIT', 'ROLLBACK') . " PREPARED '{side}$n'";
	}
	if (!$in)
	{
		@$savepoints = ();
		return 'BEGIN ISOLATION LEVEL ' . pick(('READ COMMITTED') x 5, ('REPEATABLE READ') x 3, ('SERIALIZABLE') x 2) if chance(0.7);
		return $self->change;
	}
	if ($in eq 'failed')
	{
		return 'ROLLBACK TO ' . $self->back($savepoints) if @$savepoints && chance(0.7);
		return pick('ROLLBACK', 'ROLLBACK', 'COMMIT');
	}
	my $what = rand;
	if ($what < 0.01)
	{
		$self->{prepared}[$n] = 1;
		return "PREPARE TRANSACTION '{side}$n'";
	}
	return 'COMMIT' if $what < 0.09;
	return 'ROLLBACK' if $what < 0.12;
	if ($what < 0.27)
	{
		push @$savepoints, 's' . (1 + @$savepoints);
		return "SAVEPOINT $$savepoints[-1]";
	}
	return 'ROLLBACK TO ' . $self->back($savepoints) if $what < 0.34 && @$savepoints;
	return 'RELEASE ' . $self->back($savepoints, 1) if $what < 0.37 && @$savepoints;
	return $self->set_constraints if $what < 0.44 && @{ $self->{deferrable} };
	return $self->look if $what < 0.50;
	return $self->change;
}

# A savepoint to go back to: those after it are gone, and with release it as well.
sub back
{
	my ($self, $savepoints, $release) = @_;
	my $at = int rand @$savepoints;
	my $name = $$savepoints[$at];

	splice @$savepoints, $release ? $at : $at + 1;
	return $name;
}

sub set_constraints
{
	my ($self) = @_;
	my $when = pick('DEFERRED', 'IMMEDIATE');

	return "SET CONSTRAINTS ALL $when" if chance(0.6);
	return "SET CONSTRAINTS {constraint:" . pick(@{ $self->{deferrable} })->{name} . "} $when";
}

sub look
{
	my ($self) = @_;
	my $table = pick(@{ $self->{scenario}{tables} });

	return "SELECT count(*) FROM $table->{name}" if chance(0.4);
	return "SELECT 1 FROM $table->{name} WHERE " . $self->where($table) . ' FOR ' . pick('KEY SHARE', 'SHARE', 'NO KEY UPDATE', 'UPDATE');
}

sub change
{
	my ($self) = @_;
	my @tables = @{ $self->{scenario}{tables} };
	# the last one is a child
	my $table = chance(0.5) ? $tables[-1] : pick(@tables);
	my $what = rand;

	return $self->insert($table) if $what < 0.36;
	return $self->update($table) if $what < 0.66;
	return $self->delete($table) if $what < 0.84;
	if ($what < 0.94)
	{
		# of a statement that does several things, the order in which they are checked may decide
		return $self->simple if $self->{scenario}{one_change};
		return $what < 0.89 && $self->{major} >= 15 ? $self->merge($table) : $self->with;
	}
	return $self->block if $what < 0.985;
	return $self->truncate;
}

# ---- parts ----

sub value
{
	my ($self, $column) = @_;

	return '{ref:' . pick('P', 'P', 'P', 'Q', 'Q', 'Q', 'X', 'NULL') . ':' . pick(1 .. 5, 'NULL') . '}' if $column->{arc};
	return 'NULL' if chance($column->{null});
	return pick(@{ $column->{values} });
}

sub values_list
{
	my ($self, $table, $rows) = @_;

	return join ', ', map {
		'(' . join(', ', map { $self->value($_) } @{ $table->{columns} }) . ')'
	} 1 .. $rows;
}

sub names { return join ', ', map { $_->{arc} ? '{columns}' : $_->{name} } @{ $_[1]{columns} } }

sub rows { return pick((1) x 6, 2, 3, 4) }

sub where
{
	my ($self, $table) = @_;
	my $column = chance(0.65) ? $table->{columns}[0] : pick(@{ $table->{columns} });
	my $what = rand;

	return '{is:' . pick('P', 'Q') . ':' . pick(1 .. 5) . '}' if $column->{arc};
	my @values = @{ $column->{values} };
	return "$column->{name} = " . pick(@values) if $what < 0.7;
	return "$column->{name} IN (" . join(', ', pick(@values), pick(@values)) . ')' if $what < 0.9;
	return "$column->{name} >= " . pick(@values) if $what < 0.97;
	return 'true';
}

sub assignment
{
	my ($self, $column) = @_;

	return '{set:' . pick('P', 'P', 'Q', 'Q', 'X', 'NULL') . ':' . pick(1 .. 5, 'NULL') . '}' if $column->{arc};
	return "$column->{name} = $column->{name} + 1" if $column->{type} =~ /int|numeric/ && $column->{type} !~ /\[/ && chance($column->{name} eq 'v' ? 0.5 : 0.1);
	return "$column->{name} = $column->{name}" if chance(0.08);
	return "$column->{name} = DEFAULT" if defined $column->{default} && chance(0.06);
	return "$column->{name} = " . $self->value($column);
}

sub assignments
{
	my ($self, $table) = @_;
	my @columns = sort { $a <=> $b } keys %{ { map { int(rand @{ $table->{columns} }) => 1 } 1 .. pick(1, 1, 1, 2, 3) } };

	return join ', ', map { $self->assignment($table->{columns}[$_]) } @columns;
}

# What RETURNING calls may change the same tables, while the statement still runs.
sub returning
{
	my ($self, $table) = @_;
	my $what = rand;

	return " RETURNING $table->{key}[0]" if $what < 0.1;
	return ' RETURNING execute($q$' . $self->simple . '$q$)' if $what < 0.14 && !$self->{scenario}{one_change};
	return '';
}

# ---- statements ----

sub insert
{
	my ($self, $table) = @_;
	my $sql = "INSERT INTO $table->{name} (" . $self->names($table) . ') VALUES ' . $self->values_list($table, rows());
	my $conflict = rand;

	if ($conflict < 0.12)
	{
		$sql .= ' ON CONFLICT DO NOTHING';
	}
	elsif ($conflict < 0.3)
	{
		my $column = pick(@{ $table->{columns} });
		$sql .= ' ON CONFLICT (' . join(', ', @{ $table->{key} }) . ') DO UPDATE SET '
		  . ($column->{arc} ? '{copy:excluded}' : chance(0.6) ? "$column->{name} = excluded.$column->{name}" : $self->assignment_of($table, $column));
	}
	return $sql . $self->returning($table);
}

# as assignment; a column of the table may be meant by both names there are
sub assignment_of
{
	my ($self, $table, $column) = @_;

	return $self->assignment($column) =~ s/= $column->{name}\b/= $table->{name}.$column->{name}/r;
}

sub update
{
	my ($self, $table) = @_;

	return "UPDATE $table->{name} SET " . $self->assignments($table) . ' WHERE ' . $self->where($table) . $self->returning($table);
}

sub delete
{
	my ($self, $table) = @_;

	return "DELETE FROM $table->{name} WHERE " . $self->where($table) . $self->returning($table);
}

sub merge
{
	my ($self, $table) = @_;
	my @columns = @{ $table->{columns} };
	my $names = $self->names($table);
	my $column = pick(@columns[ 1 .. $#columns ]);
	my $copy = $column->{arc} ? '{copy:s}' : "$column->{name} = s.$column->{name}";
	my $on = join ' AND ', map { "t.$_ = s.$_" } @{ $table->{key} };
	# the first row says the types
	my $first = join ', ', map { $_->{arc} ? $self->value($_) : $self->value($_) . '::' . ($_->{type} =~ s/ COLLATE.*//r) } @columns;
	my $rows = join ', ', "($first)", chance(0.5) ? $self->values_list($table, rows()) : ();

	# an arc's values need no types: what is null in all rows would be text
	return $self->delete($table) if grep { $_->{arc} } @columns;
	return "MERGE INTO $table->{name} t USING (VALUES $rows) AS s ($names) ON $on WHEN MATCHED THEN "
	  . pick("UPDATE SET $copy", "UPDATE SET $copy", 'DELETE')
	  . " WHEN NOT MATCHED THEN INSERT ($names) VALUES (" . join(', ', map { "s.$_->{name}" } @columns) . ')';
}

# two changes in one statement, on the same table or another
sub with
{
	my ($self) = @_;
	my @tables = @{ $self->{scenario}{tables} };
	my ($one, $two) = (pick(@tables), $tables[-1]);
	my $make = sub { my $how = pick(qw(insert insert update delete)); return $self->$how($_[0]) =~ s/ RETURNING .*//r };

	($one, $two) = ($two, $one) if chance(0.2);
	return 'WITH x AS (' . $make->($one) . ') ' . $make->($two);
}

# a statement in a subtransaction of its own, whose violations are caught; then, perhaps, another
sub block
{
	my ($self) = @_;
	my $more = chance(0.5) ? ' ' . $self->simple . ';' : '';

	return 'DO $$ BEGIN BEGIN ' . $self->simple . ';' . (chance(0.3) ? ' ' . $self->simple . ';' : '')
	  . ' EXCEPTION WHEN integrity_constraint_violation THEN NULL; END;' . $more . ' END $$';
}

sub simple
{
	my ($self) = @_;
	my $how = pick(qw(insert update delete));

	return $self->$how(pick(@{ $self->{scenario}{tables} })) =~ s/ RETURNING .*//r;
}

# Tables that others refer to are emptied together with those: alone, a native key refuses whatever there is. And only if no other
# session is in a transaction: it would wait for the table even for a null, where we have nothing to look for.
sub truncate
{
	my ($self) = @_;
	my @tables = @{ $self->{scenario}{tables} };
	my $last_only = @tables > 1 && $self->{scenario}{kind} ne 'cycle';

	return $self->simple unless $last_only || $self->{alone};
	# there is an event pending also where a native key has nothing to check, or on another table
	return $self->simple if $self->{scenario}{kind} =~ /^(partitioned_child|scope|condition|soft|array)$/ && @{ $self->{deferrable} } && $self->{in};
	return 'TRUNCATE ' . ($last_only && (!$self->{alone} || chance(0.6)) ? $tables[-1]{name} : join ', ', map { $_->{name} } @tables) . ($self->{scenario}{links} ? '{links}' : '');
}

1;
