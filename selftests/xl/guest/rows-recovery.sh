# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Nothing leaks and nothing stays behind.

# row leak: create and destroy return every frame
row_leak() {
	local before i
	micro_create leak 2> /dev/null
	xl destroy leak 2> /dev/null
	before=$(free_kb)
	for ((i = 0; i < ${CYCLES:-25}; i++)); do
		micro_create leak 2> /dev/null
		/usr/sbin/xl destroy leak
	done
	within 10 eval '[ "$(free_kb)" = '"$before"' ]'
	/usr/sbin/xl list
	equal "domains left" "$(/usr/sbin/xl list | grep -c leak)" 0
}

# row kill-create: xl killed in the middle of create leaves what destroy clears
row_kill_create() {
	local before delay id pid
	need_micro micro
	printf '%s\n' "name = 'killed'" "kernel = '/vmlinuz'" "ramdisk = '$PWD/ramdisk'" \
		"memory = 128" > /tmp/killed.cfg
	before=$(free_kb)
	for delay in 0.1 0.3 0.6 1 1.5 2 3; do
		setsid /usr/sbin/xl create /tmp/killed.cfg > /dev/null 2>&1 &
		pid=$!
		sleep $delay	# not a wait for a state: where it is hit is the point
		kill -9 -- -$pid 2> /dev/null || :
		wait $pid || :
		for id in $(/usr/sbin/xl list | awk 'NR > 1 && $1 != "Domain-0" && $1 != "micro" &&
				$1 != "linux" { print $2 }'); do
			echo "after $delay s: domain $id"
			xl destroy "$id"
		done
	done
	within 20 eval '[ "$(free_kb)" = '"$before"' ]'
	equal "answer of another guest" "$(state micro '-b----' && echo fine)" fine
}
