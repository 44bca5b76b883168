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

# row dump-core: xl dump-core writes a guest's memory and registers as ELF
row_dump_core() {
	local mark
	need_linux
	mark_memory linux
	# The guest made it up, and has told it as text only.
	mark=$(tell linux 'head -c 32 /tmp/mark | od -An -tx1' | tr -d ' \n')
	rm -f /tmp/core
	xl dump-core linux /tmp/core
	./look-at-core /tmp/core "$mark" \
		"$(/usr/sbin/xl vcpu-list linux | awk 'NR > 1 && $6 > 0' | wc -l)" \
		$(($(domain_field linux mem_kb) / 4))
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

# refused IMAGE: xl restore takes it not, says why and leaves nothing
refused() {
	! XL_LIMIT=120 xl restore "$1" 2> /tmp/bad.err || die "it was taken"
	cat /tmp/bad.err
	grep -iE 'error|mismatch|wrong|fail|unexpected|truncated|invalid' /tmp/bad.err |
		grep -v ': debug' || die "no word of why"
	gone linux
	within 60 no_dying
}

# row save-bad: an image cut short or changed is refused, and leaves nothing
row_save_bad() {
	local before size cut place
	before=$(need_image)
	size=$(stat -c %s /tmp/image)
	cp /tmp/image /tmp/bad
	# Of the last record, which says that it ends, stock libxl does without.
	for cut in $((size - 5000000)) 60000000 10000 1000 40 0; do
		echo "cut to $cut bytes"
		truncate -s "$cut" /tmp/bad
		refused /tmp/bad
	done
	for place in xl-header xl-config memory-header record-type \
			record-size page-number table root; do
		echo "changed: $place"
		cp /tmp/image /tmp/bad
		./damage /tmp/bad $place
		refused /tmp/bad
	done
	within 60 free_is "$before"
	# Stock xl dies itself of a wrong header or record of libxl's: what is left is destroyed.
	# Of a bit in the guest's own data nobody knows: it starts, or it does not.
	for place in libxl-header libxl-record 350 850; do
		cp /tmp/image /tmp/bad
		./damage /tmp/bad $place
		XL_LIMIT=120 xl restore /tmp/bad || :
		destroy_but micro
		within 60 free_is "$before"
	done
	rm -f /tmp/bad
	fresh_linux
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

# Seconds of processor time of a domain; of those of that name, of the one that ran most.
seconds_run() {
	/usr/sbin/xl list |
		awk -v name="$1" '$1 == name && $6 > most { most = $6 } END { print int(most) }'
}

# row migrate-load: a guest of two processors moves twice while both write to memory
row_migrate_load() {
	local sum count before ran now mover
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
		before=$(seconds_run linux)
		XL_LIMIT=150 xl migrate -s '' linux '/usr/sbin/xl migrate-receive' &
		mover=$!
		ran=$before
		while kill -0 $mover 2> /dev/null; do
			now=$(seconds_run linux)
			[ "$now" -le "$ran" ] || ran=$now
			sleep 0.3
		done
		wait $mover
		echo "processor time: $before s when it began to move, $ran s before it stopped"
		[ "$ran" -gt "$before" ] || die "it did not run while it moved"
		check_memory linux "$sum"
		within 60 eval "[ \"\$(tell linux 'wc -l < /tmp/count1')\" -gt $((count + 2)) ]"
		! tell linux 'cat /tmp/bad' || die "the guest finds its memory changed"
	done
}

# Does the guest's reader go on, past that many turns, and like what it reads?
direct_reads() {
	! tell direct 'grep . /tmp/complaint' || die "the guest reads what is not on its disk"
	tell direct "[ \$(cat /tmp/turns) -gt $1 ]"
}

# row migrate-direct: a guest moves twice while its disk is read into pages in use
row_migrate_direct() {
	local sum disk turns
	[ "$CORE" != xen-4.17.elf ] || skip "Debian's Xen has no log-dirty mode for PV"
	! exists direct || xl destroy direct
	truncate -s 4M /tmp/disk
	linux_create direct "vcpus = 2" \
		"disk = ['format=raw,vdev=xvda,access=rw,backendtype=phy,target=/tmp/disk']"
	sum=$(mark_memory direct)
	tell direct 'direct /dev/xvda > /tmp/turns 2> /tmp/complaint & true'
	within 60 direct_reads 0
	disk=$(md5sum < /tmp/disk)
	for _ in 1 2; do
		turns=$(tell direct 'cat /tmp/turns')
		XL_LIMIT=180 xl migrate -s '' direct '/usr/sbin/xl migrate-receive'
		direct_reads $((turns + 10))	# as it did while it moved
		check_memory direct "$sum"
		echo "turns: $turns when it began to move, $(tell direct 'cat /tmp/turns') now"
		within 60 direct_reads $(($(tell direct 'cat /tmp/turns') + 100))
	done
	tell direct 'pidof direct'
	equal "the disk" "$(md5sum < /tmp/disk)" "$disk"
	xl destroy direct
	within 60 eval '! losetup -j /tmp/disk | grep .'
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

# row migrate-fail: the guest runs on when its migration fails, wherever that is
row_migrate_fail() {
	local sum before how mb receive='/usr/sbin/xl migrate-receive'
	[ "$CORE" != xen-4.17.elf ] || skip "Debian's Xen has no log-dirty mode for PV"
	need_image
	fresh_linux
	sum=$(mark_memory linux)
	before=$(settled_kb)
	# Receivers that are not there, end after some bytes, and do not say that all came.
	for how in false "head -c 30 | $receive" "head -c 3000000 | $receive" \
			"head -c 60000000 | $receive" "$receive | head -c 60"; do
		echo "receiver: $how"
		! XL_LIMIT=150 xl migrate -s '' linux "$how" || die "it moved to '$how'"
		check_memory linux "$sum"
		destroy_but linux micro
		within 60 free_is "$before"
	done
	# One that has not enough memory
	mb=$(/usr/sbin/xl info free_memory)
	micro_create filler wait "memory = $((mb - 100))"
	! XL_LIMIT=150 xl migrate -s '' linux "$receive" 2> /tmp/migrate.err ||
		die "it moved where there is no room"
	cat /tmp/migrate.err
	grep -iE 'xl: fatal|error.*(memory|populate)' /tmp/migrate.err
	check_memory linux "$sum"
	destroy_but linux micro
	within 60 free_is "$before"
	XL_LIMIT=150 xl migrate -s '' linux "$receive"
	check_memory linux "$sum"
}

# row move-devices: a guest that writes to its disk and has a card keeps both when it moves
row_move_devices() {
	local sum rest rounds way
	need_bridge
	head -c 16M /dev/urandom > /tmp/disk
	rest=$(tail -c 8M /tmp/disk | md5sum)
	! exists mover || xl destroy mover
	linux_create mover "vcpus = 2" "vif = ['mac=00:16:3e:00:00:04,bridge=xenbr0']" \
		"disk = ['format=raw,vdev=xvda,access=rw,backendtype=phy,target=/tmp/disk']"
	tell mover 'ip link set eth0 up; ip addr add 10.9.0.4/24 dev eth0'
	within 30 tell mover 'ping -c 1 -W 1 10.9.0.1'
	sum=$(mark_memory mover)
	tell mover "while dd if=/tmp/mark of=/dev/xvda bs=64k conv=notrunc,fsync 2> /dev/null; \
do echo x >> /tmp/rounds; done & true"
	for way in save migrate migrate; do
		within 60 tell mover '[ -s /tmp/rounds ]'
		rounds=$(tell mover 'wc -l < /tmp/rounds')
		if [ $way = save ]; then
			XL_LIMIT=180 xl save mover /tmp/save
			XL_LIMIT=180 xl restore /tmp/save
			rm -f /tmp/save
		elif [ "$CORE" != xen-4.17.elf ]; then
			XL_LIMIT=180 xl migrate -s '' mover '/usr/sbin/xl migrate-receive'
		fi
		check_memory mover "$sum"
		within 90 eval "[ \"\$(tell mover 'wc -l < /tmp/rounds')\" -gt $((rounds + 1)) ]"
		within 60 tell mover 'ping -c 1 -W 1 10.9.0.1'
		ping -c 3 -W 5 -s 1400 10.9.0.4
		equal "the disk's first half" "$(head -c 8M /tmp/disk | md5sum)" \
			"${sum/\/tmp\/mark/-}"
		equal "the disk's other half" "$(tail -c 8M /tmp/disk | md5sum)" "$rest"
	done
	tell mover 'echo 3 > /proc/sys/vm/drop_caches'
	equal "what it reads" "$(tell mover 'head -c 8388608 /dev/xvda | md5sum')" \
		"${sum/\/tmp\/mark/-}"
	xl destroy mover
	within 60 eval '! losetup -j /tmp/disk | grep .'
}

# row image: a guest that one core saved goes on on the other
row_image() {
	local serial disk
	serial=$(grep -lx keep /sys/block/*/serial)
	disk=/dev/$(cut -d / -f 4 <<< "$serial")
	if [[ $BOOT = from-* ]]; then
		linux_create linux "vcpus = 2"
		mark_memory linux > /tmp/sum
		XL_LIMIT=180 xl save linux /tmp/save
		tar -C /tmp -cf "$disk" save sum
		sync
	else
		tar -C /tmp -xf "$disk"
		XL_LIMIT=180 xl restore /tmp/save
		check_memory linux "$(cat /tmp/sum)"
		equal processors "$(tell linux nproc)" 2
		XL_LIMIT=90 xl shutdown -w linux
		within 30 gone linux
	fi
}
