# shellcheck shell=bash
# script/folder.sh: debootstrap folders with other Debian suites' PostgreSQL, sourced by script/test and
# script/pg_upgrade.
#
# A folder is made once under the cache, marked ready when it is complete, and kept. One without the mark is
# what an interrupted run left, and is made anew. Its name is the major of its PostgreSQL, or upgrade-15-17 with
# two majors: of the suite of the last, and with the packages of the other's suite beside it.

folder_majors() { tr - ' ' <<<"${1#upgrade-}"; }

folder_suite()
{
	case $1 in
		15) echo bookworm ;;
		17) echo trixie ;;
		18 | 19) echo sid ;;
		*) die "PostgreSQL $1 is not known here; use 15, 17, 18 or 19" ;;
	esac
}

folder_path() { echo "$TA_CACHE/debian-$1"; }

# The mirror that this machine's apt uses for Debian itself (not for its security updates).
folder_mirror()
{
	local codename mirror
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v codename="$codename" '$2 == codename { print $1; exit }')
	[ -n "$mirror" ] || die "apt has no lists of Debian '$codename'; run apt-get update first"
	echo "$mirror"
}

# Everything mounted below a folder, innermost first.
folder_unmount()
{
	local target
	awk -v top="$1/" 'index($2, top) == 1 { print $2 }' /proc/self/mounts | sort -r |
		while read -r target; do umount "$target" || umount -l "$target"; done
}

folder_mount()
{
	mount -t proc proc "$1/proc"
	mkdir -p "$1/dev/shm"
	mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
}

# Runs share a folder: it stays mounted while any of them holds the lock .users; .mutex is for making, entering and
# leaving.
folder_enter()
{
	exec {folder_mutex}>>"$1.mutex" {folder_users}>>"$1.users"
	flock -x "$folder_mutex"
	flock -s "$folder_users"
	mountpoint -q "$1/proc" || folder_mount "$1"
	flock -u "$folder_mutex"
}

folder_leave()
{
	flock -x "$folder_mutex"
	! flock -n -x "$folder_users" || folder_unmount "$1"
	flock -u "$folder_users"
	flock -u "$folder_mutex"
}

# folder_run NAME COMMAND [argument...]: a command of the tree, run on a copy of it in the folder.
folder_run()
{
	[ -n "$TA_IS_ROOT" ] ||
		die "PostgreSQL $(folder_majors "$1") is not installed, and a folder with it can be made and used by root only"
	folder_make "$1"
	TA_FOLDER=$(folder_path "$1")
	folder_enter "$TA_FOLDER"
	folder_tree=$(mktemp -d "$TA_FOLDER/srv/todo_assoc.XXXXXX")
	trap folder_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	copy_tree "$folder_tree"
	shift
	env -i PATH="$PATH" HOME=/root TERM="${TERM:-dumb}" chroot "$TA_FOLDER" \
		bash -c 'cd "$1" && shift && "$@"' - "${folder_tree#"$TA_FOLDER"}" "$@"
}

folder_end()
{
	local status=$? what
	trap '' INT TERM HUP
	for what in results ${accept:+expected}; do
		[ ! -d "$folder_tree/$what" ] || cp -r --no-preserve=all "$folder_tree/$what" "$TA_ROOT/"
	done
	rm -rf "$folder_tree" "$folder_tree.files"
	folder_leave "$TA_FOLDER"
	exit "$status"
}

folder_make()
{
	local folder majors major suite other mirror options=() packages=()
	folder=$(folder_path "$1")
	read -r -a majors <<<"$(folder_majors "$1")"
	suite=$(folder_suite "${majors[-1]}")
	for major in "${majors[@]}"; do
		packages+=("postgresql-$major" "postgresql-server-dev-$major")
	done
	mkdir -p "$TA_CACHE"
	exec {folder_mutex}>>"$folder.mutex"
	flock -x "$folder_mutex"
	if [ -e "$folder/.ready" ]; then
		exec {folder_mutex}>&-
		return 0
	fi

	say "making $folder: Debian $suite with PostgreSQL ${majors[*]} (once, some minutes)"
	need debootstrap=debootstrap
	mirror=$(folder_mirror)
	folder_unmount "$folder"
	rm -rf --one-file-system "$folder"
	mkdir -p "$folder"
	[ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		options+=(--keyring=/usr/share/keyrings/debian-archive-keyring.gpg)
	[[ "$mirror" != https:* ]] || options+=(--include=ca-certificates)
	debootstrap --variant=minbase "${options[@]}" "$suite" "$folder" "$mirror" >"$folder.log" 2>&1 ||
		die "debootstrap of $suite failed, see $folder.log: $(tail -n 1 "$folder.log")"

	folder_mount "$folder"
	{
		cp /etc/resolv.conf /etc/hosts "$folder/etc/"
		apt-config dump --no-empty Acquire::http::Proxy Acquire::https::Proxy >"$folder/etc/apt/apt.conf.d/80todo_assoc"
		# Unstable's lists may be older than they say they may be; the folder is made once and kept.
		echo 'Acquire::Check-Valid-Until "false";' >>"$folder/etc/apt/apt.conf.d/80todo_assoc"
		printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
		chmod 755 "$folder/usr/sbin/policy-rc.d"
		mkdir -p "$folder/etc/postgresql-common"
		echo 'create_main_cluster = false' >"$folder/etc/postgresql-common/createcluster.conf"
		for major in "${majors[@]}"; do
			other=$(folder_suite "$major")
			[ "$other" = "$suite" ] || echo "deb $mirror $other main" >"$folder/etc/apt/sources.list.d/$other.list"
		done
		if [ "$major" = 19 ]; then
			# Only PostgreSQL itself: experimental may hold another perl, which unstable's modules do not fit.
			echo "deb $mirror experimental main" >"$folder/etc/apt/sources.list.d/experimental.list"
			printf 'Package: %s\nPin: release a=experimental\nPin-Priority: 990\n' \
				'postgresql-*19 libpq5 libpq-dev' >"$folder/etc/apt/preferences.d/experimental"
		fi
		chroot "$folder" apt-get -q update &&
			chroot "$folder" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
				-o Dpkg::Options::=--force-confold --no-install-recommends install \
				"${packages[@]}" gcc make libc6-dev libipc-run-perl &&
			chroot "$folder" apt-get clean
	} >>"$folder.log" 2>&1 || {
		folder_unmount "$folder"
		die "installing PostgreSQL ${majors[*]} failed, see $folder.log: $(tail -n 1 "$folder.log")"
	}
	folder_unmount "$folder"
	touch "$folder/.ready"
	exec {folder_mutex}>&-
}
