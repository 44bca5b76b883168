# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the module tells of guests and their disks (module/include/uapi/xen).

uuid=0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9

# The module and a listener, whose lines are in /tmp/events.
need_events() {
	grep -q '^xenlite ' /proc/modules || insmod ./xenlite.ko
	rm -f /tmp/events
	./listen > /tmp/events &
	trap "kill $! 2> /dev/null || :" EXIT
	within 60 grep -q '^listening' /tmp/events
}

domains_are() {	# "ID [SHUTDOWN]"...
	[ "$(./listen --dump | sed -n 's/^domain \([0-9]*\) [^ ]*/\1/p' | xargs)" = "$*" ]
}

# told LINE: by the listener
told() {
	within 60 grep -qx -- "$1" /tmp/events
}

# row events: the module tells what becomes of guests
row_events() {
	local id crash off
	need_events
	micro_create events wait "uuid = '$uuid'"
	id=$(xl domid events)
	told "created $id $uuid"
	micro_create events-crash crash "on_crash = 'preserve'"
	crash=$(xl domid events-crash)
	told "shutdown $crash .* 3"
	micro_create events-off off "on_poweroff = 'preserve'"
	off=$(xl domid events-off)
	told "shutdown $off .* 0"
	domains_are "$id $crash 3 $off 0"
	./listen --dump | grep -qx "domain $id $uuid"
	# It finds out what is there when it comes late.
	kill %1
	rmmod xenlite
	need_events
	domains_are "$id $crash 3 $off 0"
	xl destroy events
	told "destroyed $id $uuid"
	xl destroy events-crash
	xl destroy events-off
	told "destroyed $off .* 0"
	domains_are ""
	setpriv --reuid 65534 --clear-groups ./listen 2>&1 | grep 'cannot join: .*permi'
	setpriv --reuid 65534 --clear-groups ./listen --dump 2>&1 | grep 'no answer: .*permi'
}

# row events-disk: it tells of disks and their sizes; a guest sees its disk grow
row_events_disk() {
	local id loop
	need_linux
	need_events
	id=$(xl domid linux)
	truncate -s 16M /tmp/grows
	xl block-attach linux format=raw,vdev=xvdc,access=rw,backendtype=phy,target=/tmp/grows
	told "added $id 51744 32768"
	within 20 tell linux '[ -b /dev/xvdc ]'
	truncate -s 20M /tmp/grows
	loop=$(losetup -n -O NAME -j /tmp/grows)
	losetup -c "$loop"
	told "resized $id 51744 40960"
	within 20 tell linux '[ $(cat /sys/block/xvdc/size) = 40960 ]'
	equal "what there is" "$(./listen --dump | grep '^disk')" "disk $id 51744 40960"
	xl block-detach linux xvdc
	told "removed $id 51744"
	equal "what is left" "$(./listen --dump | grep '^disk' || :)" ""
}

# row events-many: more disks than one answer of netlink holds come and go
row_events_many() {
	local node=/local/domain/0/backend/vbd/777 n
	need_events
	for ((n = 1; n <= 200; n++)); do echo "$node/$n/sectors" $n; done |
		xargs xenstore-write
	told "added 777 200 200"
	equal "what there is" "$(./listen --dump | grep '^disk 777' | sort -nk3 | md5sum)" \
		"$(for ((n = 1; n <= 200; n++)); do echo disk 777 $n $n; done | md5sum)"
	xenstore-rm $node
	told "removed 777 1"
	within 60 eval '! ./listen --dump | grep "^disk 777"'
	equal "those that are gone" "$(grep -c '^removed 777' /tmp/events)" 200
}

# row events-save: it tells that a guest goes on which was saved
row_events_save() {
	local id
	need_linux
	need_events
	id=$(xl domid linux)
	XL_LIMIT=90 xl save -c linux /tmp/save
	told "shutdown $id .* 2"
	told "resumed $id [^ ]*"
	equal "what there is" "$(./listen --dump | grep "^domain $id " | wc -w)" 3
	rm /tmp/save
}
