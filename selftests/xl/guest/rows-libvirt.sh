# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian's libvirt with its own xen driver: a guest's life through virsh.

virsh() {
	echo "+ virsh $*" >&2
	timeout -k 2 "${XL_LIMIT:-60}" /usr/bin/virsh -c xen:///system "$@"
}

need_libvirt() {
	virsh uri 2> /dev/null && return
	# What libvirt-daemon-system would set up: no polkit, and a user for the driver
	# of QEMU, which is there and wants it even if nobody uses it.
	id libvirt-qemu || useradd --system --user-group libvirt-qemu
	cat > /tmp/libvirtd.conf <<-END
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		log_outputs = "2:file:/tmp/libvirtd.log"
	END
	libvirtd -d -f /tmp/libvirtd.conf
	within 60 virsh uri
}

virt_xml() {
	cat <<-END
		<domain type='xen'>
		  <name>virt</name>
		  <memory unit='MiB'>160</memory>
		  <currentMemory unit='MiB'>128</currentMemory>
		  <vcpu current='1'>2</vcpu>
		  <os>
		    <type arch='x86_64' machine='xenpv'>linux</type>
		    <kernel>/vmlinuz</kernel>
		    <initrd>$PWD/ramdisk</initrd>
		    <cmdline>console=hvc0 quiet</cmdline>
		  </os>
		  <on_poweroff>destroy</on_poweroff>
		  <on_crash>destroy</on_crash>
		  <devices>
		    <console type='pty'><target type='xen' port='0'/></console>
		  </devices>
		</domain>
	END
}

define_virt() {
	need_libvirt
	virsh destroy virt || :
	virsh undefine virt || :
	virt_xml > /tmp/virt.xml
	virsh define /tmp/virt.xml
	within 5 is_state "shut off"
}

# A guest of libvirt's that runs: the one that is there, or a new one.
need_virt() {
	exists virt && need_libvirt && tell virt true 10 2> /dev/null && return
	define_virt
	forget virt
	virsh start virt
	within 90 said virt 'XLGUEST up'
}

is_state() {
	[ "$(/usr/bin/virsh -c xen:///system domstate virt | head -n 1)" = "$1" ]
}

# row virt-host: virsh tells of the host and its capabilities
row_virt_host() {
	need_libvirt
	virsh version
	virsh list --all | grep -E '^ 0 +Domain-0 +running$'
	virsh nodeinfo | tee /tmp/nodeinfo
	equal "CPUs" "$(awk '/^CPU\(s\)/ { print $2 }' /tmp/nodeinfo)" "$CPUS"
	equal "CPU model" "$(awk '/^CPU model/ { print $3 }' /tmp/nodeinfo)" x86_64
	[ "$(awk '/^Memory size/ { print int($3 / 1024) }' /tmp/nodeinfo)" -ge $((MEM_MB - 4)) ]
	virsh capabilities | tee /tmp/capabilities
	grep -q '<os_type>xen</os_type>' /tmp/capabilities
	grep -q "<domain type='xen'/>" /tmp/capabilities
	grep -qE '<machine.*>xenpv</machine>' /tmp/capabilities
	virsh domcapabilities --virttype xen --machine xenpv | grep -q '<machine>xenpv</machine>'
	virsh freecell | grep KiB
}

# row virt-life: a guest is defined, started, paused, changed, told to end, forgotten
row_virt_life() {
	define_virt
	forget virt
	virsh start virt
	within 90 said virt 'XLGUEST up'
	within 5 is_state running
	virsh list | grep -E "^ $(xl domid virt) +virt +running$"
	equal domid "$(virsh domid virt | head -n 1)" "$(xl domid virt)"
	virsh dominfo virt | tee /tmp/dominfo
	grep -E '^OS Type: +(linux|xen)$' /tmp/dominfo
	grep -E '^CPU\(s\): +1$' /tmp/dominfo
	grep -E '^Max memory: +163840 KiB$' /tmp/dominfo
	grep -E '^Used memory: +131072 KiB$' /tmp/dominfo
	virsh vcpuinfo virt | grep -E '^CPU: +[0-9]'
	virsh dumpxml virt | tee /tmp/dumped.xml
	grep -q "<domain type='xen' id='$(xl domid virt)'>" /tmp/dumped.xml
	equal "its console" "$(virsh ttyconsole virt | head -n 1)" "$(tty_of virt)"
	virsh suspend virt
	within 10 is_state paused
	within 5 state virt "--p*"
	virsh resume virt
	within 10 is_state running
	tell virt true
	virsh shutdown virt
	within 60 is_state "shut off"
	gone virt
	virsh undefine virt
	! virsh domstate virt || die "still defined"
}

# row virt-set: processors and memory of a running guest change
row_virt_set() {
	need_virt
	virsh setvcpus virt 2 --live
	within 20 tell virt 'echo 1 > /sys/devices/system/cpu/cpu1/online; [ $(nproc) = 2 ]'
	equal processors "$(virsh vcpucount virt --live --active | head -n 1)" 2
	virsh vcpupin virt 1 1 --live
	within 10 eval '[[ $(vcpu_line virt 1) == *" 1 all" ]]'
	virsh setvcpus virt 1 --live
	within 20 eval '[ "$(tell virt nproc)" = 1 ]'
	virsh setmem virt 112M --live
	within 60 eval '[ "$(list_of virt 3)" = 112 ]'
	virsh setmem virt 128M --live
	within 60 eval '[ "$(list_of virt 3)" = 128 ]'
	virsh dommemstat virt | grep -E '^actual 131072'
}

# row virt-console: virsh console carries lines both ways
row_virt_console() {
	need_virt
	rm -f /tmp/console.in
	mkfifo /tmp/console.in
	exec 4<> /tmp/console.in
	timeout 60 script -qfc "/usr/bin/virsh -c xen:///system console virt" /dev/null <&4 \
		> /tmp/console.out 2>&1 &
	within 30 grep -q 'Escape character' /tmp/console.out
	echo 'echo XLCONSOLE $((6 * 7))' >&4
	within 30 grep -q 'XLCONSOLE 42' /tmp/console.out
	kill $!
}

# row virt-devices: a disk and a card come and go
row_virt_devices() {
	local sum
	need_virt
	need_bridge
	dd if=/dev/urandom of=/tmp/disk bs=1M count=8 status=none
	sum=$(md5sum < /tmp/disk)
	virsh attach-disk virt /tmp/disk xvdb --live --driver phy --subdriver raw
	within 20 tell virt '[ -b /dev/xvdb ]'
	virsh domblklist virt | grep -E '^ xvdb +/tmp/disk$'
	equal "what it reads" "$(tell virt 'md5sum < /dev/xvdb')" "$sum"
	virsh detach-disk virt xvdb --live
	within 20 tell virt '[ ! -e /dev/xvdb ]'
	virsh attach-interface virt bridge xenbr0 --mac 00:16:3e:00:00:07 --live
	within 20 tell virt '[ -e /sys/class/net/eth0 ]'
	virsh domiflist virt | grep 00:16:3e:00:00:07
	tell virt 'ip link set eth0 up; ip addr add 10.9.0.7/24 dev eth0'
	within 20 tell virt 'ping -c 1 -W 1 10.9.0.1'
	virsh detach-interface virt bridge --mac 00:16:3e:00:00:07 --live
	within 20 tell virt '[ ! -e /sys/class/net/eth0 ]'
}

# row virt-save: a guest is saved, restored as it was, and destroyed
row_virt_save() {
	local sum
	need_virt
	sum=$(mark_memory virt)
	XL_LIMIT=90 virsh save virt /tmp/virt.save
	within 10 is_state "shut off"
	gone virt
	XL_LIMIT=90 virsh restore /tmp/virt.save
	rm -f /tmp/virt.save
	within 10 is_state running
	check_memory virt "$sum"
	XL_LIMIT=90 virsh managedsave virt
	within 10 is_state "shut off"
	XL_LIMIT=90 virsh start virt
	check_memory virt "$sum"
	virsh reboot virt
	within 90 said virt 'XLGUEST up' 2
	virsh destroy virt
	within 10 gone virt
	virsh undefine virt
	virsh create /tmp/virt.xml
	within 90 said virt 'XLGUEST up' 3
	virsh destroy virt
	! virsh domstate virt || die "a guest that was only created is still known"
}
