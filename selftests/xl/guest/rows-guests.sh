# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest nobody here wrote: Debian with systemd, on a disk like dom0's own, with
# load, disks and network in it; and guests that talk to each other.

# The disk with Debian on it that dom0 has not mounted: there are two alike.
debian_disk() {
	local serial disk root
	root=$(findmnt -no SOURCE /)
	for serial in /sys/block/vd*/serial; do
		disk=/dev/$(basename "$(dirname "$serial")")
		case $(cat "$serial") in
		root|debian) [ "$disk" = "$root" ] || echo "$disk" ;;
		esac
	done
}

tty_of() {
	xenstore-read "/local/domain/$(/usr/sbin/xl domid "$1")/console/tty"
}

# debian_create VCPUS LINE...: to its login on the console, which is then fit for `tell`.
debian_create() {
	local vcpus=$1 tty disk
	shift
	disk=$(debian_disk)
	[ -b "$disk" ] || die "there is no disk for a guest"
	need_bridge
	printf '%s\n' "name = 'debian'" "memory = 768" "maxmem = 800" "vcpus = $vcpus" \
		"maxvcpus = 8" "disk = ['phy:$disk,xvda,w']" \
		"vif = ['mac=00:16:3e:00:00:04,bridge=xenbr0']" "on_crash = 'preserve'" "$@" \
		> /tmp/debian.cfg
	forget debian
	XL_LIMIT=180 xl create /tmp/debian.cfg
	within 500 said debian 'login: root (automatic login)'
	tty=$(tty_of debian)
	within 60 eval "echo 'exec sh' > $tty; said debian '^# '"
	echo 'stty -echo; PS1= PS2=; echo XLSHELL $((6 * 7))' > "$tty"
	within 30 said debian 'XLSHELL 42'
}

kernel_lines=("kernel = '/vmlinuz'" "ramdisk = '/initrd.img'"
	"extra = 'root=LABEL=xenlite-root console=hvc0 quiet'")

need_debian() {
	exists debian && tell debian true 20 2> /dev/null && return
	! exists debian || xl destroy debian
	debian_create 4 "${kernel_lines[@]}"
}

# Its udev names the card (enX0).
debian_network() {
	tell debian 'card=$(ls /sys/class/net | grep -v lo); ip link set $card up; \
ip addr replace 10.9.0.4/24 dev $card'
	within 30 tell debian 'ping -c 1 -W 1 10.9.0.1'
}

# No kernel of the two has warned.
no_warning() {
	! tell "$1" "dmesg | grep -E '$BAD'" || die "warnings in the guest"
	! dmesg | grep -E "$BAD" || die "warnings in dom0"
}

is_up() {
	local state
	within 120 tell debian 'systemctl is-active multi-user.target'
	state=$(tell debian 'systemctl is-system-running --wait' 240) || :
	equal "units that failed" \
		"$(tell debian 'systemctl --failed --plain --no-legend --no-pager')" ''
	equal "state of its systemd" "$state" running
	equal "its root" "$(tell debian 'findmnt -no SOURCE /')" /dev/xvda
	no_warning debian
}

# row debian: Debian with systemd reaches multi-user, no unit failed
row_debian() {
	! exists debian || xl destroy debian
	debian_create 4 "${kernel_lines[@]}"
	is_up
	equal processors "$(tell debian nproc)" 4
}

# row debian-off: Debian powers off when asked
row_debian_off() {
	need_debian
	XL_LIMIT=300 xl shutdown -w debian
	within 90 gone debian
}

# row debian-load: four vcpus bear a load of each kind for two minutes
row_debian_load() {
	need_debian
	tell debian "stress-ng --timeout ${STRESS:-120} --metrics-brief --oomable --cpu 4 --vm 1 \
--vm-bytes 96M --fork 1 --mmap 1 --mmap-bytes 32M --pipe 1 --timer 1 --futex 1 2>&1" 360
	no_warning debian
}

# attach VDEV TARGET
attach() {
	xl block-attach debian "format=raw,vdev=$1,access=rw,backendtype=phy,target=$2"
	within 30 tell debian "[ -b /dev/$1 ]"
}

# row debian-fio: a file, a partition and a logical volume keep what fio writes
row_debian_fio() {
	local id loop dev stats n=/sys/module/xen_blkback/parameters/log_stats
	need_debian
	id=$(xl domid debian)
	truncate -s 64M /tmp/fio_file /tmp/fio_disk /tmp/fio_volume
	# One partition of type 83, from sector 2048 on.
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\360\1\0' |
		dd of=/tmp/fio_disk bs=1 seek=446 conv=notrunc status=none
	printf '\125\252' | dd of=/tmp/fio_disk bs=1 seek=510 conv=notrunc status=none
	attach xvdb /tmp/fio_file
	loop=$(losetup -fP --show /tmp/fio_disk)
	within 10 [ -b "${loop}p1" ]
	attach xvdc "${loop}p1"
	# A volume in two extents, the later first, as LVM makes them.
	loop=$(losetup -f --show /tmp/fio_volume)
	printf '%s\n' "0 65536 linear $loop 65536" "65536 65536 linear $loop 0" |
		dmsetup create fio
	attach xvdd /dev/mapper/fio
	echo 1 > $n
	tell debian "fio --ioengine=libaio --direct=1 --rw=randwrite --bsrange=4k-512k --size=56M \
--iodepth=8 --verify=crc32c --verify_fatal=1 --name=b --filename=/dev/xvdb --name=c \
--filename=/dev/xvdc --name=d --filename=/dev/xvdd --group_reporting" 300
	# A request of more than 11 pages, 88 sectors, is an indirect one.
	for dev in 51728 51744 51760; do
		stats=/sys/bus/xen-backend/devices/vbd-$id-$dev/statistics
		echo "vbd $dev: $(cat $stats/wr_req) writes of $(cat $stats/wr_sect) sectors"
		[ "$(cat $stats/wr_sect)" -ge 114688 ] || die "too few sectors came to vbd $dev"
		[ "$(cat $stats/wr_sect)" -gt $((88 * $(cat $stats/wr_req))) ] ||
			die "no indirect requests on vbd $dev"
	done
	within 60 eval 'tell debian "dd if=/dev/xvdb of=/dev/null bs=64k iflag=direct 2>&1"
		dmesg | tee /tmp/dmesg | grep -E "xvdb.*pg: *[1-9]"'
	echo 0 > $n
	for dev in xvdb xvdc xvdd; do
		xl block-detach debian $dev
		within 20 tell debian "[ ! -e /dev/$dev ]"
	done
	dmsetup remove fio
	losetup -d "$loop"
	losetup -D
	no_warning debian
}

# row debian-iperf3: iperf3 sends to dom0 and back
row_debian_iperf3() {
	local server way
	need_debian
	debian_network
	iperf3 -s -B 10.9.0.1 --forceflush > /tmp/iperf3.log 2>&1 &
	server=$!
	for way in "" -R; do
		within 30 tell debian "iperf3 -c 10.9.0.1 -t 8 $way" 60
	done
	kill $server
	wait $server || :
	equal "transfers that the server saw" "$(grep -c 'receiver\|sender' /tmp/iperf3.log)" 2
	no_warning debian
}

# row devd: a guest with xl devd is the driver domain of another one's network card
row_devd() {
	local bridge='[ -e /sys/class/net/xenbr0/brif/vif'
	! exists debian || xl destroy debian
	! exists driven || xl destroy driven
	debian_create 2 "${kernel_lines[@]}" "driver_domain = 1"
	tell debian 'modprobe -a xen-privcmd xen-gntdev xen-evtchn xen-netback &&
ip link add xenbr0 type bridge &&
ip addr add 10.9.1.1/24 dev xenbr0 && ip link set xenbr0 up && xl devd' 60
	linux_create driven "vif = ['mac=00:16:3e:00:00:08,bridge=xenbr0,backend=debian']"
	bridge+="$(xl domid driven).0 ]"
	tell debian "$bridge"
	tell driven 'ip link set eth0 up; ip addr add 10.9.1.2/24 dev eth0'
	within 20 tell driven 'ping -c 1 -W 1 10.9.1.1'
	tell debian 'head -c 2000000 /dev/urandom > /srv/data; busybox httpd -h /srv'
	equal "what it received" "$(tell debian 'md5sum < /srv/data')" \
		"$(tell driven 'wget -q -O - http://10.9.1.1/data | md5sum' 60)"
	# libxl gives a driver domain 10 s to take a device away, and goes on all the same.
	xl destroy driven || gone driven
	within 60 tell debian "! $bridge"
	no_warning debian
	xl destroy debian
}

# online NUMBER: has the guest plug what is there and wait until it has so many
online() {
	within 100 tell debian "for c in /sys/devices/system/cpu/cpu[1-9]/online; do
[ \$(cat \$c) = 1 ] || echo 1 > \$c; done; [ \$(nproc) = $1 ]" 200
}

# row debian-vcpus: 8 vcpus on fewer CPUs are plugged and the balloon moves under load
row_debian_vcpus() {
	local mb
	! exists debian || xl destroy debian
	debian_create 8 "${kernel_lines[@]}"
	equal processors "$(tell debian nproc)" 8
	tell debian 'stress-ng --timeout 600 --oomable --cpu 4 --vm 1 --vm-bytes 64M --fork 1 \
--mmap 1 --mmap-bytes 16M --pipe 1 --timer 1 --futex 1 > /tmp/stress.log 2>&1 &
echo $! > /tmp/stress.pid'
	xl vcpu-set debian 3
	within 90 tell debian '[ $(nproc) = 3 ]'
	within 20 eval '[ "$(list_of debian 4)" = 3 ]'
	for mb in 500 768; do
		xl mem-set debian $mb
		within 300 eval '[ "$(list_of debian 3)" = '$mb' ]'
	done
	xl vcpu-set --ignore-host debian 8
	online 8
	equal vcpus "$(list_of debian 4)" 8
	tell debian 'for c in 0 1 2 3 4 5 6 7; do taskset -c $c true || echo $c; done'
	tell debian 'kill -INT $(cat /tmp/stress.pid); wait; cat /tmp/stress.log' 60
	no_warning debian
}

# Debian's own disk, its kernel found by what the LINEs say.
debian_own_disk() {
	! exists debian || xl destroy debian
	debian_create 2 "$@"
	is_up
}

# row pvgrub: Debian's grub-x86_64-xen.bin starts Debian from its own disk
row_pvgrub() {
	debian_own_disk "kernel = '/usr/lib/grub-xen/grub-x86_64-xen.bin'"
}

# row pygrub: pygrub starts Debian from its own disk
row_pygrub() {
	debian_own_disk "bootloader = 'pygrub'"
}

# fetch FROM NUMBER TO: what is at the guest FROM comes to the guest TO unharmed
fetch() {
	equal "what $3 received of $1" "$(tell "$1" 'md5sum < /tmp/www/data')" \
		"$(tell "$3" "wget -q -O - http://10.9.0.$2/data | md5sum" 60)"
}

# row bridge: two guests talk to each other over the bridge
row_bridge() {
	local n name
	need_bridge
	for n in 5 6; do
		name=peer$n
		! exists $name || xl destroy $name
		linux_create $name "vif = ['mac=00:16:3e:00:00:0$n,bridge=xenbr0']" "vcpus = 2"
		tell $name "ip link set eth0 up; ip addr add 10.9.0.$n/24 dev eth0; mkdir /tmp/www;
head -c 2000000 /dev/urandom > /tmp/www/data; httpd -h /tmp/www"
	done
	within 20 tell peer5 'ping -c 1 -W 1 10.9.0.6'
	fetch peer5 5 peer6
	fetch peer6 6 peer5
	# Both ways at once.
	tell peer5 'wget -q -O /tmp/got http://10.9.0.6/data & true'
	fetch peer5 5 peer6
	tell peer5 'wait'
	equal "what peer5 received meanwhile" "$(tell peer5 'md5sum < /tmp/got')" \
		"$(tell peer6 'md5sum < /tmp/www/data')"
	for name in peer5 peer6; do
		no_warning $name
		xl destroy $name
	done
}
