# shellcheck shell=bash
# script/lib.sh: what the scripts here share; sourced, never run.
#
# Each run has a directory of its own, TA_RUN, with everything it makes: a relocated copy of PostgreSQL to install
# into (so no run changes the PostgreSQL of the machine, or that of another run), a cluster, its socket and its log.
# It goes when the run ends. What is kept, under TA_CACHE, are build directories and the folders of folder.sh.
# As root the building and the server are done by the user postgres; else by whoever runs the script.

TA_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TA_IS_ROOT=
TA_CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/todo_assoc
if [ "$(id -u)" = 0 ]; then
	TA_IS_ROOT=1
	TA_CACHE=/var/cache/todo_assoc
fi
TA_CACHE=${TODO_ASSOC_CACHE:-$TA_CACHE}
TA_RUN=
TA_DATA=
TA_INITDB=()
TA_BUILD=
TA_KEEP=
export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGSERVICE PGOPTIONS PGDATA MAKEFLAGS MAKELEVEL

say() { printf '== %s\n' "$*" >&2; }

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The head comment of the script that was called.
usage()
{
	sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
	exit "${1:-0}"
}

# A program, file or Perl module.
have()
{
	case $1 in
		/*) [ -e "$1" ] ;;
		*::*) perl -M"$1" -e 1 2>/dev/null ;;
		*) command -v "$1" >/dev/null ;;
	esac
}

# need WHAT=PACKAGE...: have them all, by installing packages as root.
need()
{
	local item missing=()
	for item; do
		have "${item%%=*}" || missing+=("${item#*=}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ -n "$TA_IS_ROOT" ] || die "missing: ${missing[*]}; install them, or run this as root"
	have apt-get || die "missing: ${missing[*]}; install them, for there is no apt-get here"
	install_packages "${missing[@]}"
}

# Package lists are fetched only if it does not work without.
install_packages()
{
	local log
	say "installing $*"
	log=$(mktemp)
	without_main_cluster apt_install "$@" >"$log" 2>&1 || {
		apt-get -q update >>"$log" 2>&1 || true
		without_main_cluster apt_install "$@" >>"$log" 2>&1
	} || {
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install $*"
	}
	rm -f "$log"
}

apt_install()
{
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 \
		--no-install-recommends install "$@"
}

# Debian makes and starts a cluster "main" when a server is installed first; nobody asked for it here. Its
# configuration is put back as it was, or as the package ships it.
without_main_cluster()
{
	local conf=/etc/postgresql-common/createcluster.conf shipped=/usr/share/postgresql-common/createcluster.conf
	local before='' status=0
	if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || grep -qs '^ *create_main_cluster' "$conf"; then
		"$@"
		return
	fi
	mkdir -p "${conf%/*}"
	if [ -e "$conf" ]; then
		before=$(mktemp)
		cp -p "$conf" "$before"
	fi
	echo 'create_main_cluster = false' >>"$conf"
	"$@" || status=$?
	if [ -n "$before" ]; then
		mv "$before" "$conf"
	elif [ -e "$shipped" ]; then
		cp "$shipped" "$conf"
	else
		rm "$conf"
	fi
	return "$status"
}

as_postgres()
{
	if [ -n "$TA_IS_ROOT" ]; then
		setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$TA_RUN" USER=postgres "$@"
	else
		"$@"
	fi
}

# The version of the headers that pg_config finds, or none: on Debian pg_config itself comes with the client.
headers_version()
{
	sed -n 's/^#define PG_VERSION "\(.*\)"$/\1/p' "$("$1" --includedir-server)/pg_config.h" 2>/dev/null || true
}

# Find PostgreSQL of a major, and everything to build against it. PG_CONFIG names one of the user's own.
find_postgres()
{
	local dir=/usr/lib/postgresql/$1 server headers
	need make=make gcc=gcc /usr/include/stdio.h=libc6-dev prove=perl IPC::Run=libipc-run-perl
	if [ -z "${PG_CONFIG:-}" ]; then
		need "$dir/bin/postgres=postgresql-$1" "$dir/bin/pg_config=postgresql-server-dev-$1"
		server=$("$dir/bin/postgres" --version)
		headers=$(headers_version "$dir/bin/pg_config")
		if [ "${server#*PostgreSQL) }" != "$headers" ] && [ -n "$TA_IS_ROOT" ]; then
			install_packages "postgresql-$1" "postgresql-server-dev-$1"
		fi
		PG_CONFIG=$dir/bin/pg_config
	fi
	TA_PG_CONFIG=$PG_CONFIG
	unset PG_CONFIG
	server=$("$("$TA_PG_CONFIG" --bindir)/postgres" --version)
	headers=$(headers_version "$TA_PG_CONFIG")
	[ "${server#*PostgreSQL) }" = "$headers" ] || die "server is $server, but headers are of ${headers:-no version}"
	TA_MAJOR=$headers
	TA_MAJOR=${TA_MAJOR%%[!0-9]*}
}

# The words of a list in the Makefile of this directory, one a line.
makefile_list()
{
	awk -v list="$1" '$1 == list && $2 == "=" { on = 1; $1 = $2 = "" }
		on { on = sub(/\\$/, ""); for (i = 1; i <= NF; i++) if ($i != "") print $i }' Makefile
}

# The files of the tree, by name and ended by NUL: tracked and new ones, or all but what is built.
tree_files()
{
	cd "$TA_ROOT" || return
	if have git && git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
	else
		find . -name .git -prune -o -path ./results -prune -o -path ./output_iso -prune -o \
			-path ./tmp_check -prune -o -path ./log -prune -o -path ./coverage -prune -o \
			-type f ! -name '*.o' ! -name '*.d' ! -name '*.bc' ! -name '*.so' -printf '%P\0'
	fi
}

# Make a directory equal to the tree, touching only what differs, so that make builds only what changed,
# whichever checkout the directory was filled from before.
copy_tree()
{
	local to=$1 file
	mkdir -p "$to"
	tree_files | sort -z >"$to.files.new"
	[ ! -e "$to.files" ] || comm -z -23 "$to.files" "$to.files.new" | (cd "$to" && xargs -0 -r rm -f)
	while IFS= read -r -d '' file; do
		if [ ! -e "$TA_ROOT/$file" ]; then
			rm -f "$to/$file"
		elif ! cmp -s "$TA_ROOT/$file" "$to/$file"; then
			mkdir -p "$to/$(dirname "$file")"
			rm -f "$to/$file"
			cp --preserve=mode "$TA_ROOT/$file" "$to/$file"
		fi
	done <"$to.files.new"
	mv "$to.files.new" "$to.files"
}

# The directory of this run, and its end.
start_run()
{
	[ -z "$TA_IS_ROOT" ] || id postgres >/dev/null 2>&1 || die 'there is no user postgres to run the server'
	TA_RUN=$(mktemp -d /tmp/todo_assoc.XXXXXX)
	TA_DATA=$TA_RUN/data
	trap end_run EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	chmod 755 "$TA_RUN"
	[ -z "$TA_IS_ROOT" ] || chown postgres: "$TA_RUN"
}

end_run()
{
	local status=$?
	trap '' INT TERM HUP
	if [ -n "$TA_KEEP" ] && [ -e "$TA_DATA" ]; then
		say "kept: $TA_BIN/psql -h $TA_RUN -U postgres
   end it: ${TA_IS_ROOT:+runuser -u postgres -- }$TA_BIN/pg_ctl -D $TA_DATA stop && rm -r $TA_RUN"
	else
		stop_cluster immediate
		rm -rf "$TA_RUN"
	fi
	exit "$status"
}

# build FLAVOUR [make variable...]: leaves the built tree in TA_BUILD, installed in a PostgreSQL whose programs are
# in TA_BIN. The directory of a flavour is kept; while another run holds it, "test" is built afresh.
build()
{
	local flavour=$1 stamp log=$TA_RUN/build.log
	shift
	make_postgres
	if [ -n "${TODO_ASSOC_BUILD:-}" ]; then
		TA_BUILD=$TODO_ASSOC_BUILD
	else
		mkdir -p "$TA_CACHE"
		TA_BUILD=$TA_CACHE/$flavour-$TA_MAJOR
		exec {TA_BUILD_LOCK}>>"$TA_BUILD.lock"
		if ! flock -n "$TA_BUILD_LOCK"; then
			say "$TA_BUILD is in use"
			if [ "$flavour" = test ]; then
				TA_BUILD=$TA_RUN/build
			else
				flock "$TA_BUILD_LOCK"
			fi
		fi
		copy_tree "$TA_BUILD"
		stamp="$("$TA_PG_CONFIG" --version) $*"
		[ -z "$TA_IS_ROOT" ] || chown -R postgres: "$TA_BUILD"
		[ ! -e "$TA_BUILD.stamp" ] || [ "$(<"$TA_BUILD.stamp")" = "$stamp" ] ||
			run_make "$log" PG_CONFIG="$TA_PG_CONFIG" clean
		echo "$stamp" >"$TA_BUILD.stamp"
		say "building for $("$TA_PG_CONFIG" --version)"
		run_make "$log" PG_CONFIG="$TA_PG_CONFIG" with_llvm=no "$@" all
	fi
	run_make "$log" PG_CONFIG="$TA_BIN/pg_config" with_llvm=no "$@" install
	run_make "$log" -C examples/todo_app PG_CONFIG="$TA_BIN/pg_config" with_llvm=no install
}

run_make()
{
	local log=$1
	shift
	(cd "$TA_BUILD" && as_postgres make -s -j"$(nproc)" "$@") >"$log" 2>&1 || {
		cat "$log" >&2
		die "make failed"
	}
}

# A copy of PostgreSQL to install into. Its programs find libraries and shared files relative to where they are;
# so the programs are copied, and everything else is links.
make_postgres()
{
	local what dir
	TA_BIN=$TA_RUN/pg$("$TA_PG_CONFIG" --bindir)
	mkdir -p "$(dirname "$TA_BIN")"
	cp -rL "$("$TA_PG_CONFIG" --bindir)" "$TA_BIN"
	for what in pkglibdir sharedir; do
		dir=$("$TA_PG_CONFIG" --$what)
		mkdir -p "$TA_RUN/pg$(dirname "$dir")"
		cp -rs "$dir" "$TA_RUN/pg$dir"
		rm -rf "$TA_RUN/pg$dir"/todo_a* "$TA_RUN/pg$dir"/bitcode/todo_a* "$TA_RUN/pg$dir"/extension/todo_a*
	done
	[ -z "$TA_IS_ROOT" ] || chown -R -h postgres: "$TA_RUN/pg"
	export PGHOST=$TA_RUN PGUSER=postgres PGDATABASE=postgres
}

# start_cluster [line of postgresql.conf...]
start_cluster()
{
	init_cluster "$@"
	run_cluster
}

# init_cluster [line of postgresql.conf...]: makes TA_DATA; TA_INITDB has more options for initdb.
init_cluster()
{
	cd "$TA_RUN" || return
	as_postgres "$TA_BIN/initdb" -D "$TA_DATA" -U postgres -A trust -E UTF8 --locale=C -N "${TA_INITDB[@]}" \
		>"$TA_RUN/initdb.log" 2>&1 || {
		cat "$TA_RUN/initdb.log" >&2
		die "initdb failed"
	}
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$TA_RUN'" 'unix_socket_permissions = 0700' \
		'fsync = off' 'max_connections = 50' 'log_line_prefix = '"'%m [%p] %q%a '" "$@" >>"$TA_DATA/postgresql.conf"
}

# TA_POSTGRES may name a program to run in place of postgres.
run_cluster()
{
	# a server that is kept must not keep the lock of the build directory
	(
		[ -z "${TA_BUILD_LOCK:-}" ] || exec {TA_BUILD_LOCK}>&-
		as_postgres "$TA_BIN/pg_ctl" -D "$TA_DATA" -l "$TA_RUN/log" -s -w -t 300 \
			${TA_POSTGRES:+-p "$TA_POSTGRES"} start
	) || {
		cat "$TA_RUN/log" >&2
		die "the server does not start"
	}
}

# Stops what runs of this run's clusters. In the mode fast, backends end by themselves and write what they have counted.
stop_cluster()
{
	local pid
	for pid in "$TA_RUN"/data*/postmaster.pid; do
		[ ! -e "$pid" ] || as_postgres "$TA_BIN/pg_ctl" -D "${pid%/*}" -m "$1" -s -w -t 120 stop >/dev/null 2>&1 || true
	done
}

psql() { as_postgres "$TA_BIN/psql" -X -v ON_ERROR_STOP=1 "$@"; }
