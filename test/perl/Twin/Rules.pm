# What references ask beyond the key, as SQL: of which parents may be referred to, of which children refer, and of both what breaks it.
#
# The native twin of such a reference is a native key between columns that are null where nothing is asked: generated columns on the
# parent ("rid") or the child, or a table of links that triggers fill.
package Twin::Rules;

use strict;
use warnings;

sub literals { return ref $_[0] ? @{ $_[0] } : $_[0] }

# SQL that a parent's row, by its alias, may be referred to.
sub fits
{
	my ($self, $r, $alias) = @_;
	my @parts = map { "$alias.$_ IN (" . join(', ', literals($r->{scope}{$_})) . ')' } sort keys %{ $r->{scope} // {} };

	push @parts, "$alias.$r->{soft}" if $r->{soft};
	return join(' AND ', @parts) || 'true';
}

# SQL that a child's row, by its alias, refers.
sub refers
{
	my ($self, $r, $alias) = @_;
	my @columns = map { "$alias.$_ IS NOT NULL" } @{ $r->{columns} }, $r->{targets} ? $r->{type_column} : ();
	my @parts = map { "$alias.$_ IN (" . join(', ', literals($r->{condition}{$_})) . ')' } sort keys %{ $r->{condition} // {} };

	return join ' AND ', '(' . join($r->{match} eq 'full' || $r->{targets} ? ' OR ' : ' AND ', @columns) . ')', @parts;
}

# SQL that a child's row refers to a parent's row by its key, both by their aliases.
sub joins
{
	my ($self, $r, $child, $parent) = @_;

	return "$parent.$r->{key}[0] = ANY ($child.$r->{columns}[0])" if $r->{element};
	return join ' AND ', map { "$parent.$r->{key}[$_] = $child.$r->{columns}[$_]" } 0 .. $#{ $r->{columns} };
}

# Queries that find what breaks the references.
sub orphans_parts
{
	my ($self, $schema) = @_;
	my @parts;

	for my $r (grep { !$_->{targets} || !$self->{native}[1] } @{ $self->{references} })
	{
		my %targets = $r->{targets} ? %{ $r->{targets} } : ('' => $r->{parent});
		my $fits = $self->fits($r, 'p');
		# a child that was deleted softly may refer to any parent that is there
		$fits = "($fits OR NOT (c.$r->{child_soft}))" if $r->{child_soft};
		my $known = join ' OR ', map {
			($r->{targets} ? "c.$r->{type_column} = '$_' AND " : '') . "EXISTS (SELECT FROM $schema.$targets{$_} p WHERE " . $self->joins($r, 'c', 'p') . " AND $fits)"
		} sort keys %targets;
		$known = "NOT EXISTS (SELECT FROM unnest(c.$r->{columns}[0]) e WHERE e IS NOT NULL AND NOT EXISTS (SELECT FROM $schema.$r->{parent} p WHERE p.$r->{key}[0] = e AND $fits))"
		  if $r->{element};
		push @parts, "(SELECT 'orphan: $r->{child} ' || c::text FROM $schema.$r->{child} c WHERE " . $self->refers($r, 'c') . " AND (($known) IS NOT TRUE))";
	}
	return @parts;
}

sub json
{
	my ($rules) = @_;
	my $value = sub { my @v = literals($_[0]); return ref $_[0] ? '[' . join(', ', @v) . ']' : $v[0] };

	return '{' . join(', ', map { qq{"$_": } . $value->($rules->{$_}) } sort keys %$rules) . '}';
}

# For test/include/enforce.sql: more of a target, and more options.
sub target_json
{
	my ($self, $r) = @_;

	return ($r->{scope} ? ', "scope": ' . json($r->{scope}) : '') . ($r->{soft} ? ', "soft_delete": "gone"' : '');
}

sub options_json
{
	my ($self, $r) = @_;

	return join '', $r->{condition} ? ', "condition": ' . json($r->{condition}) : (), $r->{child_soft} ? ', "child_soft_delete": "gone"' : (),
	  $r->{element} ? ', "element": "true"' : (), $r->{mode} ? qq{, "mode": "$r->{mode}"} : ();
}

# The same for a declaration.
sub declared_options
{
	my ($self, $r) = @_;

	return join '', map { $r->{$_} ? ", $_ => '" . json($r->{$_}) . q{'} : () } 'scope', 'condition';
}

# ---- the links of an array ----

# A row of links for each element, which triggers keep; keys refer from there.
sub links_sql
{
	my ($self, $schema) = @_;
	my $r = $self->{links};
	my $fill = "INSERT INTO $schema.links SELECT DISTINCT NEW.id, e FROM unnest(NEW.ids) e WHERE e IS NOT NULL ORDER BY 2";

	return "CREATE INDEX ON $schema.links (c_id)", "CREATE INDEX ON $schema.links (element)", map({
		my ($name, $event, $do) = @$_;
		("CREATE FUNCTION $schema.links_$name() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $do; RETURN NULL; END \$\$",
			qq{CREATE TRIGGER "A0 $name" AFTER $event EXECUTE FUNCTION $schema.links_$name()})
	}
		[ 'insert', "INSERT ON $schema.c FOR EACH ROW", $fill ],
		[ 'delete', "DELETE ON $schema.c FOR EACH ROW", "DELETE FROM $schema.links WHERE c_id = OLD.id" ],
		[ 'id', "UPDATE ON $schema.c FOR EACH ROW WHEN (OLD.id <> NEW.id AND OLD.ids IS NOT DISTINCT FROM NEW.ids)",
			"UPDATE $schema.links SET c_id = NEW.id WHERE c_id = OLD.id" ],
		[ 'update', "UPDATE ON $schema.c FOR EACH ROW WHEN (OLD.ids IS DISTINCT FROM NEW.ids)", "DELETE FROM $schema.links WHERE c_id = OLD.id; $fill" ]);
}

sub fill_links_sql
{
	my ($self, $schema) = @_;

	return "INSERT INTO $schema.links SELECT DISTINCT c.id, e FROM $schema.c c, unnest(c.ids) e WHERE e IS NOT NULL";
}

# ---- what is too weak ----

# What many write by hand, for NO ACTION and RESTRICT: says what a native key says, but takes no locks; or locks the parent, and
# looks for children with the snapshot it happens to have.
sub plpgsql_sql
{
	my ($self, $r, $schema, $lock) = @_;
	my ($column, $key) = ($r->{columns}[0], $r->{key}[0]);
	my $function = "$schema.$r->{name}";
	my $value = $r->{element} ? 'element' : "NEW.$column";
	my @watched = map { (/(\w+)/)[0] } @{ $r->{columns} }, keys %{ $r->{condition} // {} }, $r->{child_soft} // ();
	my $same = join ' AND ', map { "NEW.$_ IS NOT DISTINCT FROM OLD.$_" } @watched;
	my $live = $r->{child_soft} ? "(NEW.$r->{child_soft})" : 'true';
	my $missing = "PERFORM FROM $schema.$r->{parent} p WHERE p.$key = $value AND (NOT $live OR (" . $self->fits($r, 'p') . ")) $lock;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING MESSAGE = 'insert or update on table \"$r->{child}\" violates foreign key constraint \"$r->{name}\"',
            DETAIL = format('Key ($column)=(%s) is not present in table \"$r->{parent}\".', $value),
            SCHEMA = '$schema', TABLE = '$r->{child}', CONSTRAINT = '$r->{name}';
    END IF;";

	$missing = "FOR element IN SELECT DISTINCT e FROM unnest(NEW.$column) e WHERE e IS NOT NULL LOOP $missing END LOOP;" if $r->{element};
	return <<"SQL", <<"SQL", map { "CREATE TRIGGER $$_[0] AFTER $$_[1] ON $schema.$$_[2] FOR EACH ROW EXECUTE FUNCTION ${function}_$$_[0]()" } (
CREATE FUNCTION ${function}_child() RETURNS trigger LANGUAGE plpgsql AS \$\$
DECLARE
    element bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND $same OR (@{[ $self->refers($r, 'NEW') ]}) IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    $missing
    RETURN NULL;
END \$\$
SQL
CREATE FUNCTION ${function}_parent() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.$key = OLD.$key AND ((@{[ $self->fits($r, 'NEW') ]}) OR (@{[ $self->fits($r, 'OLD') ]}) IS NOT TRUE) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF EXISTS (SELECT FROM $schema.$r->{child} c WHERE @{[ $self->joins($r, 'c', 'OLD') ]} AND @{[ $self->refers($r, 'c') ]}
            AND NOT EXISTS (SELECT FROM $schema.$r->{parent} p WHERE p.$key = OLD.$key
                AND (@{[ $r->{child_soft} ? "NOT (c.$r->{child_soft}) OR " : '' ]}(@{[ $self->fits($r, 'p') ]})))) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'update or delete on table "$r->{parent}" violates foreign key constraint "$r->{name}" on table "$r->{child}"',
            DETAIL = format('Key ($key)=(%s) is still referenced from table "$r->{child}".', OLD.$key),
            SCHEMA = '$schema', TABLE = '$r->{child}', CONSTRAINT = '$r->{name}';
    END IF;
    RETURN NULL;
END \$\$
SQL
		[ 'child', 'INSERT OR UPDATE', $r->{child} ], [ 'parent', 'UPDATE OR DELETE', $r->{parent} ]);
}

1;
