#!/bin/sh
# Installs the servers that the tests of verify/typed log in to, and ip, which gives those of cmd/straykey a network
# of their own, where that is possible: on Debian and its relatives, as root. It starts none of them, removes no
# package and never fails; what is missing it names on standard error, and exits with 3 then, so that a caller can
# tell.
set -u

# binary:package, for each server. The binaries of a server need not be in PATH.
servers='pg_ctl:postgresql mariadbd:mariadb-server redis-server:redis-server slapd:slapd sshd:openssh-server
	nginx:nginx exim4:exim4-daemon-light ip:iproute2'

have() {
	for dir in $(echo "$PATH" | tr ':' ' ') /usr/local/sbin /usr/sbin /sbin /usr/lib/postgresql/*/bin; do
		test -x "$dir/$1" && return 0
	done
	return 1
}

missing() {
	for s in $servers; do
		have "${s%%:*}" || printf ' %s' "${s##*:}"
	done
}

install() {
	export DEBIAN_FRONTEND=noninteractive
	# What a package's script would start, invoke-rc.d asks policy-rc.d about; 101 forbids it.
	policy=/usr/sbin/policy-rc.d
	if ! test -e $policy; then
		trap 'rm -f $policy' EXIT
		trap 'exit 3' INT TERM
		printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
	fi
	options='-qq -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0
		-o Acquire::http::Timeout=30 -o Acquire::Retries=1'
	# One after the other: a package that cannot be had must not keep the others away.
	for package; do
		# shellcheck disable=SC2086 # a list of words
		apt-get install $options "$package" >/dev/null 2>&1
	done
}

absent=$(missing)
test -n "$absent" || exit 0
if test "$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1; then
	echo "servers for tests: installing$absent" >&2
	apt-get update -qq -o Acquire::http::Timeout=30 -o Acquire::Retries=1 >/dev/null 2>&1
	# shellcheck disable=SC2086 # a list of words
	install $absent </dev/null
	absent=$(missing)
	test -n "$absent" || exit 0
	why='apt-get could not install them'
else
	why='only root may install them, on Debian and its relatives'
fi
echo "servers for tests: without$absent their tests are skipped; $why" >&2
exit 3
