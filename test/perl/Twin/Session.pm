# A session of psql that is not waited for: a statement is sent, and its outcome read when it is there.
package Twin::Session;

use strict;
use warnings;

use IO::Handle;
use POSIX ();

my $sent = 0;

# Processes of the server that are stopped; a server with one would not end.
my %stopped;
END { kill 'CONT', keys %stopped if %stopped }

# start(node, database, a name for messages): connects; the session's process is in {pid}.
sub start
{
	my ($class, $node, $database, $name) = @_;
	my ($to, $from) = (IO::Handle->new, IO::Handle->new);

	pipe(my $in, $to) && pipe($from, my $out) or die "pipe: $!";
	my $client = fork // die "fork: $!";
	if ($client == 0)
	{
		close $to;
		close $from;
		open(STDIN, '<&', $in) && open(STDOUT, '>&', $out) && open(STDERR, '>&', $out) or POSIX::_exit(1);
		exec('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr($database)) or POSIX::_exit(1);
	}
	close $in;
	close $out;
	$to->autoflush(1);
	$from->blocking(0);
	my $self = bless { name => $name, client => $client, to => $to, from => $from, busy => 0, buffer => '', waits => 0 }, $class;
	$self->get("\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\nSELECT 1");
	$self->{pid} = $self->get('SELECT pg_backend_pid()')->{text};
	return $self;
}

# Sends one statement, without its semicolon.
sub send
{
	my ($self, $sql) = @_;

	die "$self->{name} is busy" if $self->{busy};
	$self->{mark} = '@' . ++$sent . '@';
	$self->{busy} = 1;
	$self->{waits} = $self->{granted} = $self->{heard} = 0;
	$self->{buffer} = '';
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{to} } "$sql;\n\\echo $self->{mark} :SQLSTATE :ROW_COUNT\n";
	return;
}

# The outcome of what was sent, {state, rows, text}, if it is there; else undef. The state of a session whose server has
# gone is "gone". {waits} tells whether it said last that it waits for a lock, and is in no deadlock.
sub outcome
{
	my ($self) = @_;

	while (1)
	{
		my $n = sysread($self->{from}, $self->{buffer}, 65536, length $self->{buffer});
		if (defined $n && $n == 0)
		{
			$self->{busy} = 0;
			return { state => 'gone', rows => 0, text => $self->{buffer} };
		}
		last unless $n;
	}
	# each wait that is long enough for a look at deadlocks is told of twice, if it ends
	pos($self->{buffer}) = $self->{heard};
	while ($self->{buffer} =~ /^LOG:  00000: process \d+ (still waiting|acquired|detected|failed).*\n/mgc)
	{
		$self->{granted} = 0 if $1 ne 'still waiting';
		$self->{waits} = $1 eq 'still waiting' && !$self->{granted};
		$self->{heard} = pos $self->{buffer};
	}
	return unless $self->{buffer} =~ /^\Q$self->{mark}\E (\w+) (\d+)\n\z/m;
	my ($text, $state, $rows) = (substr($self->{buffer}, 0, $-[0]), $1, $2);
	$self->{busy} = $self->{waits} = 0;
	$text =~ s/^LOG:  00000: process \d+ .*?^LOCATION:.*\n//msg;
	$text =~ s/^LOCATION:.*\n//mg;
	chomp $text;
	# a statement in an aborted transaction, or a connection that was lost, counts no rows
	return { state => $state, rows => $state eq '00000' ? $rows : 0, text => $text };
}

# Stops its process where it is; and lets it go on, when it has been granted the lock.
sub stop
{
	my ($self) = @_;

	kill 'STOP', $self->{pid} or die "$self->{name}: $!";
	$stopped{ $self->{pid} } = 1;
	return;
}

sub go_on
{
	my ($self) = @_;

	return unless delete $stopped{ $self->{pid} };
	# the wait that it told of last is over, also while it has not told so
	$self->{granted} = 1;
	$self->{waits} = 0;
	kill 'CONT', $self->{pid};
	return;
}

# Waits until there is something to read, at most so many seconds.
sub wait_for
{
	my ($seconds, @sessions) = @_;
	my $bits = '';

	vec($bits, fileno($_->{from}), 1) = 1 for @sessions;
	return select($bits, undef, undef, $seconds);
}

# Sends it and waits for the outcome.
sub get
{
	my ($self, $sql) = @_;
	my $outcome;

	$self->send($sql);
	wait_for(60, $self) || die "$self->{name} does not answer: $sql" until $outcome = $self->outcome;
	return $outcome;
}

# As get, but must succeed; returns the text.
sub must
{
	my ($self, $sql) = @_;
	my $outcome = $self->get($sql);

	die "$sql:\n$outcome->{text}" if $outcome->{state} ne '00000';
	return $outcome->{text};
}

sub quit
{
	my ($self) = @_;

	close $self->{to};
	close $self->{from};
	waitpid($self->{client}, 0);
	return;
}

1;
