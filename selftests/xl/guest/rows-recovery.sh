# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Nothing leaks and nothing stays behind.

# row leak: create and destroy return every frame
row_leak() {
	local before i
	micro_create leak 2> /dev/null
	within 60 said leak 'MICRO up'
	xl destroy leak 2> /dev/null
	before=$(settled_kb)
	for ((i = 0; i < ${CYCLES:-25}; i++)); do
		micro_create leak 2> /dev/null
		# One in five has run for sure; the others end wherever they are.
		[ $((i % 5)) != 0 ] || within 60 said leak 'MICRO up'
		/usr/sbin/xl destroy leak
	done
	within 10 eval '[ "$(free_kb)" = '"$before"' ]'
	/usr/sbin/xl list
	equal "domains left" "$(/usr/sbin/xl list | grep -c leak)" 0
}

# row kill-create: xl killed in the middle of create leaves what destroy clears
row_kill_create() {
	local before state who store="'/local/domain/%d"
	need_micro micro
	destroy_but micro
	printf '%s\n' "name = 'killed'" "kernel = '/vmlinuz'" "ramdisk = '$PWD/ramdisk'" \
		"memory = 128" > /tmp/killed.cfg
	xl create -p /tmp/killed.cfg	# the daemons keep pages of their own from now on
	xl destroy killed
	before=$(settled_kb)
	for state in 'new("mem_kb") >= 0' "node($store/name' % new('domid'))" \
			'new("mem_kb") > 20000' "node($store/store/port' % new('domid'))" \
			'new("paused") == 0'; do
		[[ $state = *20000 ]] && who=() || who=(-k xl)
		# -F: xl stays when the guest runs, so that there is something to kill.
		./kill-when "${who[@]}" "$state" /usr/sbin/xl create -F /tmp/killed.cfg
		xl list
		[ "$(/usr/sbin/xl list | wc -l)" = 4 ] || die "no domain is left when $state"
		destroy_but micro
		within 60 free_is "$before"
		answers micro
	done
}

# row kill-destroy: xl killed in the middle of destroy leaves what destroy clears
row_kill_destroy() {
	local before state
	local disk="disk = ['format=raw,vdev=xvda,access=rw,backendtype=phy,target=/tmp/disk']"
	need_micro micro
	destroy_but micro
	truncate -s 1M /tmp/disk
	# A guest of 512 MB that is never started.
	printf '%s\n' "name = 'large'" "kernel = '/vmlinuz'" "memory = 512" > /tmp/large.cfg
	xl create -p /tmp/large.cfg
	xl destroy large
	before=$(settled_kb)
	for state in 'domain(ID, "dying")' 'domain(ID, "mem_kb") < 400000' \
			'node("/local/domain/0/backend/vbd/ID/51712/state") != "2"'; do
		[[ $state != *vbd* ]] || echo "$disk" >> /tmp/large.cfg
		xl create -p /tmp/large.cfg
		./kill-when "${state/ID/$(xl domid large)}" /usr/sbin/xl destroy large
		xl list
		destroy_but micro
		within 60 free_is "$before"
		within 60 eval '! losetup -j /tmp/disk | grep .'
		answers micro
	done
}

# The Linux guest that need_image saved, just as it was then.
fresh_linux() {
	if ! exists linux; then
		forget linux
		XL_LIMIT=180 xl restore /tmp/image
	fi
	tell linux true 60
}

no_helper() {
	! pgrep -f libxl-save-helper
}

# What is left after xl was killed can be destroyed, and all memory comes back.
cleared() {
	within 60 no_helper
	xl list
	destroy_but micro
	within 60 free_is "$1"
	answers micro
}

# Memory that is free beside micro alone; there is the image of a Linux guest then.
need_image() {
	need_micro micro >&2
	destroy_but micro >&2
	if [ ! -e /tmp/image ]; then
		linux_create linux >&2
		XL_LIMIT=180 xl save linux /tmp/new >&2
		mv /tmp/new /tmp/image
		within 60 gone linux >&2
	fi
	settled_kb
}

# row kill-save: xl killed in the middle of save leaves what destroy clears
row_kill_save() {
	local before mb who
	before=$(need_image)
	for mb in 0 20 100; do
		fresh_linux
		rm -f /tmp/part
		[ $mb = 20 ] && who=() || who=(-k xl)
		./kill-when "${who[@]}" "size('/tmp/part') > $mb * 1000000" \
			/usr/sbin/xl save linux /tmp/part
		! exists linux || state linux '*s*' || tell linux true
		cleared "$before"
	done
	rm -f /tmp/part
	fresh_linux
	xl destroy linux
}

# row kill-restore: xl killed in the middle of restore leaves what destroy clears
row_kill_restore() {
	local before state who
	before=$(need_image)
	for state in 'new("mem_kb") >= 0' 'new("mem_kb") > 20000' 'new("mem_kb") > 120000' \
			'new("paused") == 0'; do
		[[ $state = *20000 ]] && who=() || who=(-k xl)
		./kill-when "${who[@]}" "$state" \
			/usr/sbin/xl -vvv restore -F /tmp/image
		cleared "$before"
	done
	fresh_linux
	xl destroy linux
}

# row kill-migrate: xl killed in the middle of migrate; the guest runs on or can be destroyed
row_kill_migrate() {
	local before kb who
	before=$(need_image)
	for kb in 0 20000 120000; do
		fresh_linux
		[ $kb = 20000 ] && who=() || who=(-k xl)
		./kill-when "${who[@]}" "new('mem_kb') > $kb" \
			/usr/sbin/xl migrate -s '' linux '/usr/sbin/xl migrate-receive'
		within 60 no_helper
		xl list
		destroy_but micro linux
		# It has not been told to suspend yet: it goes on, and can move.
		if exists linux && ! state linux '*s*'; then
			tell linux true
			XL_LIMIT=150 xl migrate -s '' linux '/usr/sbin/xl migrate-receive'
			tell linux true
		elif [ $kb = 0 ]; then
			die "the guest does not run when the migration just begins"
		fi
		cleared "$before"
	done
}

# hostile NAME [LINE...]: a guest of 4 MB that does what its name says; others live on
hostile() {
	local daemon
	need_micro micro
	destroy_but micro
	micro_create "$1" "$@"
	within 60 said "$1" 'MICRO did it'
	for daemon in oxenstored xenconsoled; do
		pidof $daemon || die "$daemon is gone"
	done
	answers micro
	xl list
}

# row bad-console: nonsense in a console ring is the guest's own trouble
row_bad_console() {
	local before
	hostile bad-console
	xl destroy bad-console
	before=$(settled_kb)
	hostile bad-console
	echo x > "$(xenstore-read "/local/domain/$(xl domid bad-console)/console/tty")"
	answers micro
	xl destroy bad-console
	within 60 free_is "$before"
}

# row bad-store: nonsense in a xenstore ring cuts that guest off
row_bad_store() {
	local before
	hostile bad-store
	xl destroy bad-store
	before=$(settled_kb)
	hostile bad-store
	# The store still serves others, also new ones.
	xenstore-write /local/domain/0/test fine
	equal "the store's answer" "$(xenstore-read /local/domain/0/test)" fine
	micro_create other
	answers other
	xl destroy other
	xl destroy bad-store
	within 60 free_is "$before"
}

# row bad-disk: nonsense in a disk's ring ends in errors, and blkback serves others
row_bad_disk() {
	local before disk
	disk="disk = ['format=raw,vdev=xvda,access=rw,backendtype=phy,target=/tmp/disk']"
	head -c 1M /dev/urandom > /tmp/disk
	hostile bad-disk "$disk"
	xl destroy bad-disk
	within 60 eval '! losetup -j /tmp/disk | grep .'
	before=$(settled_kb)
	dmesg -C
	hostile bad-disk "$disk"
	within 60 eval 'dmesg | grep -i "halting ring processing"'
	xl destroy bad-disk
	within 60 eval '! losetup -j /tmp/disk | grep .'
	within 60 free_is "$before"
	linux_create disk "$disk"
	equal "what it reads" "$(tell disk 'md5sum < /dev/xvda')" "$(md5sum < /tmp/disk)"
	xl destroy disk
	within 60 free_is "$before"
}

# row bad-info: a guest that overwrites start_info and shared info can be destroyed
row_bad_info() {
	local before
	hostile bad-info
	xl destroy bad-info
	before=$(settled_kb)
	hostile bad-info
	# What reads its frame lists refuses.
	! XL_LIMIT=60 xl save bad-info /tmp/save.bad || die "it was saved"
	exists bad-info || die "it is gone"
	xl dump-core bad-info /tmp/core.bad || :
	rm -f /tmp/save.bad /tmp/core.bad
	answers micro
	xl destroy bad-info
	within 60 free_is "$before"
}

# row bad-tables: a guest that takes its own code away is crashed with a reason
row_bad_tables() {
	local before
	hostile bad-tables "on_crash = 'preserve'"
	within 60 state bad-tables "---?c-"
	xl destroy bad-tables
	before=$(settled_kb)
	xl dmesg -c > /dev/null
	hostile bad-tables "on_crash = 'preserve'"
	within 60 state bad-tables "---?c-"
	xl dmesg | tee /dev/stderr | grep -iE 'dom(ain)? ?.*crash'
	xl destroy bad-tables
	within 60 free_is "$before"
}

# not_created PATTERN LINE...: xl create of such a guest fails, and says why
not_created() {
	local pattern=$1 before
	shift
	before=$(settled_kb)
	printf '%s\n' "name = 'bad'" "memory = 64" "$@" > /tmp/bad.cfg
	! xl create /tmp/bad.cfg 2> /tmp/bad.err || die "it was created"
	grep -vE ': (debug|detail):' /tmp/bad.err | tee /dev/stderr | grep -E "$pattern"
	gone bad
	within 60 no_dying
	within 60 free_is "$before"
	equal "claims" "$(/usr/sbin/xl info outstanding_claims)" 0
}

# row create-bad: what cannot be created is refused in words, and leaves nothing
row_create_bad() {
	need_micro micro
	head -c 100000 /dev/urandom > /tmp/garbage
	head -c 3000000 /vmlinuz > /tmp/short
	not_created 'No such file' "kernel = '/nowhere'"
	not_created 'xc_dom_parse_image failed' "kernel = '/tmp/garbage'"
	not_created 'xc_dom_parse_image failed' "kernel = '/tmp/short'"
	not_created 'xc_dom_parse_image failed' "kernel = '/bin/busybox'"
	not_created 'No such file' "kernel = '$PWD/micro'" "ramdisk = '/nowhere'"
	not_created 'memory' "kernel = '$PWD/micro'" "memory = 100000"
	not_created 'cannot .re-.build domain' "kernel = '/vmlinuz'" "memory = 4"
	not_created 'already exists' "kernel = '$PWD/micro'" "name = 'micro'"
	answers micro
}
