# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What rows use, to be sourced. Every wait is for a state, with a limit.

consoles=/var/log/xen/console
export PYTHONPATH=/usr/lib/xen-4.17/lib/python

# Debian's daemons, which keep what guests say.
start_daemons() {
	mkdir -p "$consoles"
	echo "XENCONSOLED_ARGS=--log=guest" >> /etc/default/xen
	timeout 120 /etc/init.d/xen start
}

# xl ARGS...: the stock command, told to say all that it does.
xl() {
	echo "+ $SECONDS s: xl $*" >&2
	timeout -k 2 "${XL_LIMIT:-120}" /usr/sbin/xl -vvv "$@"
}

die() {
	echo "$*" >&2
	exit 1
}

skip() {
	echo "$*" >&2
	exit 77
}

# equal WHAT GOT WANTED
equal() {
	[ "$2" = "$3" ] || die "$1 is '$2', not '$3'"
}

# within SECONDS COMMAND...: until it succeeds; says what it waited for. Who waits
# for long looks less often: each look takes processor time from the guest.
within() {
	local limit=$((SECONDS + $1)) pause=0.1
	[ "$1" -lt 100 ] || pause=1
	shift
	until "$@"; do
		[ $SECONDS -lt $limit ] || die "in vain: $*"
		sleep $pause
	done
}

# xc EXPRESSION: of xc, a handle of the tools' own Python binding.
xc() {
	python3 -S -c "
import xen.lowlevel.xc
xc = xen.lowlevel.xc.xc()
print($1)"
}

# Memory that is nobody's, in kB (a page is 4).
free_kb() {
	xc 'xc.physinfo()["free_memory"] + xc.physinfo()["scrub_memory"]'
}

info_of() {	# FIELD of the saved `xl info`
	sed -n "s/^$1 *: //p" /tmp/info
}

exists() {
	/usr/sbin/xl domid "$1" > /dev/null 2>&1
}

gone() {
	! exists "$1"
}

# state NAME PATTERN: the letters of xl list, as in "-b----"
state() {
	[[ $(/usr/sbin/xl list "$1" | awk 'NR == 2 { print $5 }') == $2 ]]
}

list_of() {	# NAME COLUMN
	/usr/sbin/xl list "$1" | awk -v n="$2" 'NR == 2 { print $n }'
}

# said NAME TEXT [TIMES]: what a guest's console log holds
said() {
	local times
	times=$(grep -ac -- "$2" "$consoles/guest-$1.log" 2> /dev/null) || :
	[ "${times:-0}" -ge "${3:-1}" ]
}

forget() {	# NAME: an empty log for a new guest
	rm -f "$consoles/guest-$1--incoming.log"
	: > "$consoles/guest-$1.log"
}

# micro_create NAME [WHAT [LINE...]]: a guest of 4 MB
micro_create() {
	local name=$1 what=${2:-wait}
	shift; [ $# = 0 ] || shift
	printf '%s\n' "name = '$name'" "kernel = '$PWD/micro'" "memory = 4" "extra = '$what'" \
		"$@" > "/tmp/$name.cfg"
	forget "$name"
	xl create "/tmp/$name.cfg"
}

# linux_begin NAME [LINE...]: Debian's kernel with the small ram disk
linux_begin() {
	local name=$1
	shift
	printf '%s\n' "name = '$name'" "kernel = '/vmlinuz'" "ramdisk = '$PWD/ramdisk'" \
		"memory = 128" "extra = 'console=hvc0 loglevel=5'" "$@" > "/tmp/$name.cfg"
	forget "$name"
	xl create "/tmp/$name.cfg"
}

# linux_create NAME [LINE...]: the same, when it is up
linux_create() {
	linux_begin "$@"
	within 180 said "$1" 'XLGUEST up'
}

# A Linux guest for rows that need just any: the one that is there, or a new one.
need_linux() {
	exists linux && tell linux true 10 2> /dev/null && return
	! exists linux || xl destroy linux
	linux_create linux "maxmem = 160" "maxvcpus = 2" "vcpus = 1"
}

# tell NAME COMMAND [SECONDS]: run it in a Linux guest; its output and status. Each line
# is a command of its own there: half a loop ends the guest's first process, and the guest.
tell() {
	local tty mark=$RANDOM$RANDOM log from text
	echo "+ $SECONDS s: tell $1 $2" >&2
	# A guest that came by migration has another log: xenconsoled knows its first name.
	log=$(cd "$consoles" && find . -name "guest-$1.log" -o -name "guest-$1--incoming.log" |
		xargs ls -t | head -n 1)
	log=$consoles/${log#./}
	tty=$(xenstore-read "/local/domain/$(/usr/sbin/xl domid "$1")/console/tty")
	from=$(stat -c %s "$log")
	echo "$2; echo XLGUEST-$mark \$?" > "$tty"
	within "${3:-30}" eval "tail -c +$((from + 1)) $log | grep -aq 'XLGUEST-$mark [0-9]'"
	# Without what systemd does to the terminal between the lines.
	text=$(tail -c +$((from + 1)) "$log" | sed -E 's/\r|\x1b\[[0-9;?]*[A-Za-z]//g')
	sed "/XLGUEST-$mark/,\$d" <<< "$text"
	return "$(sed -n "s/.*XLGUEST-$mark \([0-9]*\).*/\1/p" <<< "$text")"
}

# The same with a guest of 4 MB.
need_micro() {
	exists "$1" || micro_create "$@"
}

# answers NAME: does a guest of 4 MB?
answers() {
	local times
	times=$(grep -ac 'MICRO got x' "$consoles/guest-$1.log") || :
	echo x > "$(xenstore-read "/local/domain/$(/usr/sbin/xl domid "$1")/console/tty")"
	within 60 said "$1" 'MICRO got x' $((times + 1))
}

# destroy_but NAME...: all guests but those
destroy_but() {
	local name id
	while read -r name id _; do
		[[ " Domain-0 $* " != *" $name "* ]] || continue
		echo "there is $name, domain $id"
		# It may be one that was going anyhow.
		xl destroy "$id" || ! /usr/sbin/xl list "$id" || die "$name stays"
	done < <(/usr/sbin/xl list | tail -n +2)
}

no_dying() {
	[ "$(xc 'any(d["dying"] for d in xc.domain_getinfo())')" = False ]
}

# The same as free_kb, once no domain is left that dies: the daemons let go of it later.
settled_kb() {
	within 60 no_dying >&2
	free_kb
}

# free_is KB: all that was taken has come back
free_is() {
	local kb
	kb=$(free_kb)
	echo "free memory: $kb kB, not $1 kB" >&2
	[ "$kb" = "$1" ]
}
