# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the module tells of guests and their disks (module/include/uapi/xen).

uuid=0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9

# The module and a listener, whose lines are in /tmp/events.
need_events() {
	grep -q '^xenlite ' /proc/modules || insmod ./xenlite.ko
	./listen > /tmp/events &
	trap "kill $! 2> /dev/null || :" EXIT
	within 60 grep -q '^listening' /tmp/events
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
	equal "what there is" "$(./listen --dump | grep '^domain' | cut -d' ' -f2,4)" \
		"$id"$'\n'"$crash 3"$'\n'"$off 0"
	./listen --dump | grep -qx "domain $id $uuid"
	# It finds out what is there when it comes late.
	kill %1
	rmmod xenlite
	need_events
	equal "what there is later" "$(sed -n 's/^created \([0-9]*\) .*/\1/p' /tmp/events;
		./listen --dump | grep '^domain' | cut -d' ' -f2,4)" \
		"$id"$'\n'"$crash 3"$'\n'"$off 0"
	xl destroy events
	told "destroyed $id $uuid"
	xl destroy events-crash
	xl destroy events-off
	told "destroyed $off .*"
	equal "what is left" "$(./listen --dump)" ""
	! setpriv --reuid 65534 --clear-groups ./listen || die "anybody may listen"
	! setpriv --reuid 65534 --clear-groups ./listen --dump || die "anybody may ask"
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
