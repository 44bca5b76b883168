# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest's memory as a file or a stream: dump-core, save, restore, migrate.

# Leave a mark in a guest's memory, and see that it is there.
mark_memory() {
	tell "$1" 'dd if=/dev/urandom of=/tmp/mark bs=64k count=128 2>/dev/null; md5sum /tmp/mark'
}

check_memory() {	# NAME SUM
	equal "the mark in memory" "$(tell "$1" 'md5sum /tmp/mark')" "$2"
	! tell "$1" 'dmesg | grep -E "WARNING|BUG:|Oops|Call Trace"' || die "warnings in the guest"
	tell "$1" 'sleep 1'	# its timers run
}

# row dump-core: xl dump-core writes a guest's memory as ELF
row_dump_core() {
	need_linux
	rm -f /tmp/core
	xl dump-core linux /tmp/core
	[ "$(stat -c %s /tmp/core)" -gt $((128 * 1024 * 1024)) ] || die "short"
	equal "ELF magic" "$(od -An -tx1 -N4 /tmp/core | tr -d ' ')" 7f454c46
	grep -aq 'XLGUEST up' /tmp/core || die "no memory of the guest's in it"
	rm -f /tmp/core
	tell linux true
}

# row save: a saved guest is gone and comes back as it was
row_save() {
	local sum up
	need_linux
	sum=$(mark_memory linux)
	up=$(tell linux 'cut -d. -f1 /proc/uptime')
	XL_LIMIT=90 xl save linux /tmp/save
	within 10 gone linux
	ls -l /tmp/save
	XL_LIMIT=90 xl restore /tmp/save
	within 10 state linux "*"
	check_memory linux "$sum"
	[ "$(tell linux 'cut -d. -f1 /proc/uptime')" -ge "$up" ] || die "its time went back"
	equal memory "$(list_of linux 3)" 128
}

# row save-keep: with -c the guest goes on, with -p it is paused
row_save_keep() {
	local sum
	need_linux
	sum=$(mark_memory linux)
	XL_LIMIT=90 xl save -c linux /tmp/save
	check_memory linux "$sum"
	XL_LIMIT=90 xl save -p linux /tmp/save
	within 5 state linux "--p*"
	xl unpause linux
	check_memory linux "$sum"
}

# row save-bad: an image cut short or changed is refused, and leaves nothing
row_save_bad() {
	local before
	need_linux
	XL_LIMIT=90 xl save linux /tmp/save
	within 10 gone linux
	before=$(free_kb)
	head -c 30000000 /tmp/save > /tmp/bad
	! XL_LIMIT=90 xl restore /tmp/bad 2> /tmp/bad.err || die "an image cut short was taken"
	cat /tmp/bad.err
	grep -q 'error' /tmp/bad.err
	gone linux
	cp /tmp/save /tmp/bad
	printf '\377' | dd of=/tmp/bad bs=1 seek=16 conv=notrunc status=none
	! XL_LIMIT=90 xl restore /tmp/bad || die "an image with a wrong header was taken"
	gone linux
	within 10 eval '[ "$(free_kb)" = '"$before"' ]'
	XL_LIMIT=90 xl restore /tmp/save
	tell linux true
	rm -f /tmp/bad /tmp/save
}

# row migrate: a guest moves to the same host through a pipe
row_migrate() {
	local sum id
	[ "$CORE" != xen-4.17.elf ] || skip "Debian's Xen has no log-dirty mode for PV"
	need_linux
	sum=$(mark_memory linux)
	id=$(xl domid linux)
	XL_LIMIT=110 xl migrate -s '' linux '/usr/sbin/xl migrate-receive'
	[ "$(xl domid linux)" != "$id" ] || die "it did not move"
	check_memory linux "$sum"
	equal "domains of the name" "$(/usr/sbin/xl list | grep -c '^linux')" 1
}

# row migrate-load: a guest of two processors moves twice while both write to memory
row_migrate_load() {
	local sum count
	! exists linux || xl destroy linux
	linux_create linux "vcpus = 2"
	sum=$(mark_memory linux)
	# The guest reads a line at a time.
	for n in 1 2; do
		tell linux "while :; do dd if=/dev/urandom of=/tmp/w$n bs=64k count=48; md5sum \
/tmp/w$n > /tmp/w$n.sum; cp /tmp/w$n /tmp/v$n; cat /tmp/v$n > /tmp/w$n; md5sum -c /tmp/w$n.sum || \
echo bad >> /tmp/bad; echo x >> /tmp/count$n; done > /dev/null 2>&1 & true"
	done
	for _ in 1 2; do
		count=$(tell linux 'wc -l < /tmp/count1')
		XL_LIMIT=150 xl migrate -s '' linux '/usr/sbin/xl migrate-receive'
		check_memory linux "$sum"
		within 60 eval "[ \"\$(tell linux 'wc -l < /tmp/count1')\" -gt $((count + 2)) ]"
		! tell linux 'cat /tmp/bad' || die "the guest finds its memory changed"
	done
}

# row reboot: a guest that reboots is built again
row_reboot() {
	local id
	need_linux
	id=$(xl domid linux)
	forget linux
	xl reboot linux
	within 90 said linux 'XLGUEST up'
	[ "$(xl domid linux)" != "$id" ] || die "the same domain"
}
