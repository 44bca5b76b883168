# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Disks through dom0's blkback, networks through its netback.

# row block: a disk is attached, used and detached
row_block() {
	local sum
	need_linux
	dd if=/dev/urandom of=/tmp/disk bs=1M count=16 status=none
	sum=$(md5sum < /tmp/disk)
	xl block-attach linux format=raw,vdev=xvdb,access=rw,backendtype=phy,target=/tmp/disk
	within 20 tell linux '[ -b /dev/xvdb ]'
	xl block-list linux | tee /dev/stderr | grep -E '^51728 +0 +[0-9]+ +4 '
	equal "what it reads" "$(tell linux 'md5sum < /dev/xvdb')" "$sum"
	sum=$(tell linux 'dd if=/dev/urandom of=/tmp/new bs=1M count=16 2> /dev/null
		md5sum < /tmp/new')
	tell linux 'dd if=/tmp/new of=/dev/xvdb bs=1M 2>/dev/null; sync; rm /tmp/new'
	xl block-detach linux xvdb
	within 20 tell linux '[ ! -e /dev/xvdb ]'
	equal "what is on the disk" "$(md5sum < /tmp/disk)" "$sum"
	[ -z "$(/usr/sbin/xl block-list linux | tail -n +2)" ] || die "still listed"
	within 10 eval '! losetup -j /tmp/disk | grep .'
}

need_bridge() {
	ip link show xenbr0 > /dev/null 2>&1 && return
	ip link add xenbr0 type bridge
	ip addr add 10.9.0.1/24 dev xenbr0
	ip link set xenbr0 up
}

# row network: a card is attached, carries data and is detached
row_network() {
	local sum
	need_linux
	need_bridge
	xl network-attach linux mac=00:16:3e:00:00:02 bridge=xenbr0
	within 20 tell linux '[ -e /sys/class/net/eth0 ]'
	xl network-list linux | tee /dev/stderr | grep -E '^0 +0 +00:16:3e:00:00:02 '
	tell linux 'ip link set eth0 up; ip addr add 10.9.0.2/24 dev eth0'
	within 20 tell linux 'ping -c 1 -W 1 10.9.0.1'
	ping -c 3 -W 2 -s 1400 10.9.0.2
	head -c 8000000 /dev/urandom > /tmp/data
	sum=$(md5sum < /tmp/data)
	busybox httpd -p 10.9.0.1:77 -h /tmp
	equal "what it received" "$sum" \
		"$(tell linux 'wget -q -O - http://10.9.0.1:77/data | md5sum' 60)"
	pkill -f 'httpd -p 10.9.0.1:77'
	xl network-detach linux 0
	within 20 tell linux '[ ! -e /sys/class/net/eth0 ]'
	[ -z "$(/usr/sbin/xl network-list linux | tail -n +2)" ] || die "still listed"
}

# row devices: a guest with disk and card from its start, gone with it
row_devices() {
	local before raw=format=raw,backendtype=phy
	need_bridge
	dd if=/dev/urandom of=/tmp/disk bs=1M count=8 status=none
	! exists two || xl destroy two
	# What the daemons and drivers take for good they have after the first.
	for _ in first counted; do
		before=$(free_kb)
		linux_create two \
			"disk = ['$raw,vdev=xvda,access=rw,target=/tmp/disk']" \
			"vif = ['mac=00:16:3e:00:00:03,bridge=xenbr0']" "vcpus = 2"
		tell two 'ip link set eth0 up; ip addr add 10.9.0.3/24 dev eth0'
		equal "what it reads" "$(tell two 'md5sum < /dev/xvda')" \
			"$(md5sum < /tmp/disk)"
		within 20 tell two 'ping -c 1 -W 1 10.9.0.1'
		xl destroy two
		within 20 eval '! ls /sys/class/net | grep vif'
		within 10 eval '! losetup -j /tmp/disk | grep .'
	done
	within 20 eval '[ "$(free_kb)" = '"$before"' ]'
}
