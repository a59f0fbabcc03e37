# Runs one schedule of statements in two schemas at once, statement by statement, and compares what they do.
#
# A schedule is a list of [session, statement]. Each session is two sessions of PostgreSQL, one a schema. After each statement
# both sides come to rest: each session has answered, or waits for a lock. That a session waits is an outcome as well.
#
# Nothing is left to chance, however busy the machine is. On each side one session runs at a time. One that waits, and has looked for a
# deadlock, is stopped (SIGSTOP). When the one that runs has come to its rest, those whose locks have been granted go on, one after the
# other, in the order in which they began. So who wakes first, who is the victim of a deadlock, and who gets which row, is the same in
# each run and on both sides, but for what the two sides do differently.
package Twin;

use strict;
use warnings;

use Time::HiRes 'time';
use Twin::Session;

# So many seconds a statement may take.
my $hang = 120;

# Who waits looks for a deadlock after deadlock_timeout, in milliseconds, and then tells its client that it still waits.
sub settings
{
	return "deadlock_timeout = 1ms\nlog_lock_waits = on\nlog_statement = none\nautovacuum = off\njit = off\nfsync = off\nmax_prepared_transactions = 20\n";
}

# new(node, database, number of sessions, schema, schema)
sub new
{
	my ($class, $node, $database, $count, @schemas) = @_;
	my $self = bless { count => $count, schemas => \@schemas, alone => 0, statements => 0, statements_alone => 0, waits => 0 }, $class;

	$self->{control} = Twin::Session->start($node, $database, 'control');
	for my $schema (@schemas)
	{
		my @sessions = map { Twin::Session->start($node, $database, "session $_ of $schema") } 1 .. $count;
		$_->must("SET search_path = $schema, public; SET client_min_messages = log") for @sessions;
		push @{ $self->{sides} }, \@sessions;
	}
	return $self;
}

sub control { return $_[0]{control} }

sub quit
{
	my ($self) = @_;

	$_->quit for $self->{control}, map { @$_ } @{ $self->{sides} };
	return;
}

sub busy
{
	my ($self, $n) = @_;

	return grep { $self->{sides}[$_][$n]{busy} } $self->sides;
}

# The sides that run: both, or ours alone.
sub sides { return $_[0]{alone} ? 1 : (0, 1) }

# The processes that wait for a lock.
sub waiting
{
	my ($self) = @_;

	return map { $_ => 1 } split /\n/, $self->{control}->must('SELECT DISTINCT pid FROM pg_locks WHERE NOT granted');
}

# Lets session n go on, on both sides; then those that can because of it, one at a time. Returns for each side the outcomes by session,
# of those that have answered; the others wait.
sub settle
{
	my ($self, $n) = @_;
	my @outcomes = ({}, {});
	my @running = ($n) x 2;
	my @rests = ($self->{alone}, 0);
	my $since = time;

	until ($rests[0] && $rests[1])
	{
		my (@open, @ask);
		for my $side (grep { !$rests[$_] } 0, 1)
		{
			my $session = defined $running[$side] ? $self->{sides}[$side][ $running[$side] ] : undef;
			if ($session && (my $outcome = $session->outcome))
			{
				die "the server has gone:\n$outcome->{text}" if $outcome->{state} eq 'gone';
				$outcomes[$side]{ $running[$side] } = $outcome;
				$running[$side] = $session = undef;
			}
			if (!$session || $session->{waits}) { push @ask, $side }
			else { push @open, $session }
		}
		my %waiting = @ask ? $self->waiting : ();
		for my $side (@ask)
		{
			my $sessions = $self->{sides}[$side];
			if (defined $running[$side])
			{
				my $session = $sessions->[ $running[$side] ];
				if (!$waiting{ $session->{pid} })
				{
					push @open, $session;
					next;
				}
				$session->stop;
				$running[$side] = undef;
			}
			my ($next) = sort { $self->{began}[$a] <=> $self->{began}[$b] } grep { $sessions->[$_]{busy} && !$waiting{ $sessions->[$_]{pid} } } 0 .. $#$sessions;
			$running[$side] = $next;
			$rests[$side] = !defined $next;
			next if $rests[$side];
			$sessions->[$next]->go_on;
			push @open, $sessions->[$next];
		}
		Twin::Session::wait_for(0.02, @open) if @open;
		die "no rest after $hang s: " . $self->who_waits if time - $since > $hang;
	}
	return @outcomes;
}

# What is compared of an outcome: all, or its class only (SQLSTATE and rows).
sub compared
{
	my ($self, $side, $outcome) = @_;

	return 'waits' unless $outcome;
	# which of several keys is told first may differ, and a twin of several keys has other names
	my $text = $self->{class_only} && $outcome->{state} ne '00000' ? '' : $outcome->{text};
	$text =~ s/\b$self->{schemas}[$side]\b/SCHEMA/g;
	# a native key to a partitioned table has one more key, of another name, to each partition
	$text =~ s/_fkey_?\d+\b/_fkey/g;
	$text =~ s/side\d-/side-/;
	# processes and transactions, by number
	$text =~ s/\n.*//s if $outcome->{state} eq '40P01';
	return join ' ', $outcome->{state}, $outcome->{rows}, $text;
}

sub is_ssi { return $_[0] && $_[0]{state} eq '40001' && $_[0]{text} =~ /dependencies among transactions/ }

# One statement on both sides. Returns undef, or the difference, {what, native, ours}; {allowed} says why if it is none that matters.
sub step
{
	my ($self, $n, $sql) = @_;

	$self->{began}[$n] = ++$self->{statements};
	$self->{statements_alone} += $self->{alone};
	$self->{sides}[$_][$n]->send(ref $sql ? $sql->[$_] : $sql) for $self->sides;
	my $difference = $self->look($n, $self->settle($n));
	$self->{waits}++ if $self->busy($n);
	return $difference;
}

# Compares the outcomes of a step, and notes them for the schedule and the state of each session.
sub look
{
	my ($self, $n, @outcomes) = @_;
	my %seen = map { $_ => 1 } $n, map { keys %$_ } @outcomes;
	return $self->look_alone($outcomes[1], sort keys %seen) if $self->{alone};
	my $deadlock = other_victim(scalar keys %seen, @outcomes);
	my $difference;

	for my $s (sort keys %seen)
	{
		my @compared = map { $self->compared($_, $outcomes[$_]{$s}) } 0, 1;
		push @{ $self->{log} }, "      [" . ($s + 1) . "] $compared[0]" =~ s/\n/\n          /gr;
		# where they differ, what ours has said counts: it may go on
		$self->{last}[$s] = $outcomes[1]{$s}{state} if $outcomes[1]{$s};
		next if $compared[0] eq $compared[1];
		push @{ $self->{log} }, " *** [" . ($s + 1) . "] $compared[1]" =~ s/\n/\n          /gr;
		$difference ||= { what => 'session ' . ($s + 1), native => $compared[0], ours => $compared[1],
			allowed => is_ssi($outcomes[0]{$s}) ? 'SERIALIZABLE fails on the native side'
			  : is_ssi($outcomes[1]{$s}) ? 'SERIALIZABLE fails on our side'
			  : $deadlock ? $deadlock
			  : $self->{ours_waits} && held_up($outcomes[1]{$s}) ? "only our side waits: $self->{ours_waits}"
			  : $self->{native_waits} && held_up($outcomes[0]{$s}) ? "only the native side waits: $self->{native_waits}"
			  : $self->{any_key} && fails_by_key($outcomes[0]{$s}) && fails_by_key($outcomes[1]{$s}) ? 'a statement fails by another of its keys'
			  : !$outcomes[0]{$s} && $self->waits_for_table($s) ? 'only the native side waits for a table' : undef };
	}
	return $difference;
}

# It waits, or has waited and met others in a deadlock; or a lock of that kind was there, and the snapshot is older.
sub held_up { return !$_[0] || $_[0]{state} eq '40P01' || $_[0]{state} eq '40001' && $_[0]{text} =~ /concurrent (update|delete)/ }

# A key that is not there, or that a concurrent transaction took away.
sub fails_by_key { return $_[0] && $_[0]{state} =~ /^(23503|40001)$/ }

# There is nothing to compare with.
sub look_alone
{
	my ($self, $outcomes, @seen) = @_;

	for my $s (@seen)
	{
		push @{ $self->{log} }, "      [" . ($s + 1) . "] " . $self->compared(1, $outcomes->{$s}) =~ s/\n/\n          /gr;
		$self->{last}[$s] = $outcomes->{$s}{state} if $outcomes->{$s};
	}
	return;
}

# Which session a deadlock ends is who looks for it first, and what the others do follows from that. Two look at the same time if
# they began to wait at the same time: sessions that go on together, or one that waits for a savepoint, wakes when COMMIT has released
# it, and then waits for the transaction. Returns why the victims differ, or undef.
sub other_victim
{
	my ($seen, @outcomes) = @_;
	my @victims = map { my $side = $_; join ' ', sort grep { $side->{$_}{state} eq '40P01' } keys %$side } @outcomes;

	return if $victims[0] eq $victims[1];
	return 'another session is the victim of a deadlock' if $victims[0] ne '' && $victims[1] ne '';
	return 'sessions that go on together meet in a deadlock' if $seen > 2;
	return;
}

# A native key locks the parent's table also for a key with a null in it, where there is nothing to look for: if another session has
# the table for itself (TRUNCATE), only the native side waits.
sub waits_for_table
{
	my ($self, $n) = @_;

	return $self->{control}->must("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND pid = $self->{sides}[0][$n]{pid}");
}

# Runs a statement and follows whether its session is in a transaction: '' no, 'open', 'failed'.
sub follow
{
	my ($self, $n, $sql) = @_;
	my $before = $self->{in}[$n];

	push @{ $self->{log} }, '  [' . ($n + 1) . '] ' . (ref $sql ? "$sql->[0]\n   or $sql->[1]" : $sql) . ';';
	$self->{command}[$n] = (ref $sql ? $sql->[0] : $sql) =~ /^(BEGIN|COMMIT|ROLLBACK TO|ROLLBACK|PREPARE)\b(?! PREPARED)/ ? $1 : '';
	my $difference = $self->step($n, $sql);
	for my $s (0 .. $self->{count} - 1)
	{
		my $state = $self->{last}[$s] // next;
		my $command = $self->{command}[$s] // '';
		$self->{in}[$s] =
		    $command eq 'COMMIT' || $command eq 'ROLLBACK' || $command eq 'PREPARE' ? ''
		  : $state ne '00000' ? ($self->{in}[$s] ? 'failed' : '')
		  : $command eq 'BEGIN' || $command eq 'ROLLBACK TO' && $self->{in}[$s] ? 'open'
		  : $self->{in}[$s];
		$self->{last}[$s] = undef;
	}
	return $difference;
}

# Runs a schedule from the start: reset is SQL for the control session. next is a list of steps, or a function that gives the next
# one, or none. final is SQL that finds no row if both schemas are equal, and orphans is SQL that finds no row if ours has none. Returns
# undef or the difference. After a difference that is allowed, our side goes on alone; then orphans alone are a difference. With
# no_twin, there is no native side at all.
sub run
{
	my ($self, $reset, $next, $final, $orphans, $no_twin) = @_;
	my @steps = ref $next eq 'ARRAY' ? @$next : ();
	my ($difference, $allowed);

	$self->{control}->must($reset);
	$self->{in} = [ ('') x $self->{count} ];
	$self->{last} = [];
	$self->{command} = [];
	$self->{log} = [];
	$self->{steps} = [];
	$self->{alone} = $no_twin ? 1 : 0;
	while (!$difference)
	{
		my $step = ref $next eq 'CODE' ? $next->($self) : shift @steps;
		last unless $step;
		# what is left out may be a reason to wait no more, or to wait
		next if $self->busy($step->[0]);
		push @{ $self->{steps} }, $step;
		$difference = $self->follow(@$step);
		($difference, $allowed) = (undef, $self->go_on_alone($difference)) if $difference && $difference->{allowed};
	}
	while (!$difference)
	{
		$difference = $self->finish;
		last unless $difference && $difference->{allowed};
		($difference, $allowed) = (undef, $self->go_on_alone($difference));
	}
	$self->forget_prepared;
	if (!$difference)
	{
		my $rows = $self->{control}->must($self->{alone} ? $orphans : $final);
		$difference = { what => 'rows', native => '', ours => $rows } if $rows ne '';
	}
	$self->abandon($self->sides) if $difference;
	return $difference // $allowed;
}

# The native side is given up, and what ours has said of the step is followed.
sub go_on_alone
{
	my ($self, $difference) = @_;

	$self->abandon(0);
	$self->{alone} = 1;
	push @{ $self->{log} }, "  ours goes on alone: $difference->{allowed}";
	return $difference;
}

# Ends all transactions, in an order that depends on nothing but the schedule.
sub finish
{
	my ($self) = @_;

	while (1)
	{
		my @open = grep { $self->{in}[$_] && !$self->busy($_) } 0 .. $self->{count} - 1;
		my @busy = grep { $self->busy($_) } 0 .. $self->{count} - 1;
		last unless @open || @busy;
		if (!@open)
		{
			$self->forget_prepared;
			my $difference = $self->look($busy[0], $self->settle);
			return $difference if $difference;
			return { what => 'all sessions wait', native => '', ours => $self->who_waits } if @busy == grep { $self->busy($_) } 0 .. $self->{count} - 1;
			next;
		}
		my $difference = $self->follow($open[0], 'COMMIT');
		return $difference if $difference;
	}
	return;
}

# Who does what, and waits for whom, as text.
sub who_waits
{
	my ($self) = @_;

	return $self->{control}->must(q{SELECT concat_ws(' ', pid, state, wait_event, pg_blocking_pids(pid), query) FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid});
}

# Transactions that were prepared, and then forgotten; those whose names begin so, if that is said.
sub forget_prepared
{
	my ($self, $prefix) = @_;
	my @names = split /\n/, $self->{control}->must('SELECT gid FROM pg_prepared_xacts');

	$self->{control}->must("ROLLBACK PREPARED '$_'") for grep { !defined $prefix || /^\Q$prefix/ } @names;
	return;
}

# Ends everything on these sides, whatever it is.
sub abandon
{
	my ($self, @sides) = @_;
	my @sessions = map { @{ $self->{sides}[$_] } } @sides;

	for (1 .. 1000)
	{
		my @busy = grep { $_->{busy} } @sessions;
		last unless @busy;
		$_->go_on for @busy;
		$self->{control}->must("SELECT pg_cancel_backend($_->{pid})") for @busy;
		Twin::Session::wait_for(0.01, @busy);
		$_->outcome for @busy;
	}
	$_->get('ROLLBACK') for @sessions;
	for my $side (@sides)
	{
		$self->forget_prepared("side$side-");
	}
	return;
}

# Fewer steps with the same kind of difference: leaves out runs of steps, long ones first, for so many seconds.
sub shrink
{
	my ($self, $seconds, $steps, @run) = @_;
	my @best = @$steps;
	my $until = time + $seconds;

	for (my $size = int(@best / 2) || 1; $size >= 1; $size = int($size / 2))
	{
		for (my $at = @best - $size; $at >= 0; $at -= $size)
		{
			last if time > $until;
			my @fewer = @best;
			splice @fewer, $at, $size;
			my $difference = $self->run($run[0], \@fewer, @run[ 1 .. $#run ]);
			@best = @{ $self->{steps} } if $difference && !$difference->{allowed};
			$at = @best if $at > @best;
		}
	}
	return \@best;
}

1;
