# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The daemons, what xl says of the machine, and the life of a guest.

# row start: the daemons start without an error
row_start() {
	local daemon log
	timeout 180 /etc/init.d/xen start
	systemctl is-active xen || { journalctl -u xen; die "xen.service is not active"; }
	for daemon in "${XENSTORED:-oxenstored}" xenconsoled; do
		pidof "$daemon" || die "$daemon does not run"
	done
	equal "dom0's name" "$(xenstore-read /local/domain/0/name)" Domain-0
	equal "dom0's domid" "$(xenstore-read /local/domain/0/domid)" 0
	log=$(journalctl -o cat -u xen; cat /var/log/xen/xenstored.log)
	echo "$log"
	! grep -iE 'error|fail|warn|exception' <<< "$log" || die "see the line above"
}

# free_memory is what total_memory and dom0 leave, but for the core's own: 40 or 48 bytes
# for each frame, and a few MB.
check_free_memory() {
	local own=$(($(info_of total_memory) - $(info_of free_memory) - $(list_of Domain-0 3)))
	local frames=$((MEM_MB * 256))
	echo "the core has $own MB"
	[ $own -ge $((frames * 40 >> 20)) ] && [ $own -le $(((frames * 48 >> 20) + 14)) ] ||
		die "free_memory is $(info_of free_memory): $own MB are missing"
}

# The core's image is of after 4.17's release, and has a build ID.
check_compiled() {
	local date
	[[ $(info_of cc_compiler) =~ gcc\ .*[0-9]+\.[0-9] ]] || die "no cc_compiler"
	[ -n "$(info_of cc_compile_by)" ] || die "no cc_compile_by"
	date=$(date -d "$(info_of cc_compile_date)" +%s)
	[ "$date" -gt "$(date -d 2022-12-01 +%s)" ] && [ "$date" -lt $(($(date +%s) + 86400)) ] ||
		die "cc_compile_date is $(info_of cc_compile_date)"
	[ -n "$BUILD_ID" ] || die "the image has no build ID"
	equal build_id "$(info_of build_id)" "$BUILD_ID"
	[ "$CORE" = xen-4.17.elf ] || [[ $(info_of xen_changeset) == "Xenlite "[0-9]* ]] ||
		die "xen_changeset is $(info_of xen_changeset)"
}

# row info: xl info has every field, and true
row_info() {
	local field mb mhz fields
	xl info > /tmp/info
	cat /tmp/info
	fields="host release version machine nr_cpus max_cpu_id nr_nodes cores_per_socket
		threads_per_core cpu_mhz hw_caps virt_caps total_memory free_memory
		sharing_freed_memory sharing_used_memory outstanding_claims free_cpus xen_major
		xen_minor xen_extra xen_version xen_caps xen_scheduler xen_pagesize
		platform_params xen_changeset xen_commandline cc_compiler cc_compile_by
		cc_compile_domain cc_compile_date build_id xend_config_format"
	equal fields "$(sed 's/ *:.*//' /tmp/info | xargs)" "$(echo $fields | xargs)"
	equal nr_cpus "$(info_of nr_cpus)" "$CPUS"
	equal max_cpu_id "$(info_of max_cpu_id)" $((CPUS - 1))
	equal nr_nodes "$(info_of nr_nodes)" 1
	equal "cores times threads" \
		$(($(info_of cores_per_socket) * $(info_of threads_per_core))) "$CPUS"
	mb=$(info_of total_memory)
	[ "$mb" -le "$MEM_MB" ] && [ "$mb" -ge $((MEM_MB - 4)) ] || die "total_memory is $mb"
	check_free_memory
	for field in sharing_freed_memory sharing_used_memory outstanding_claims free_cpus; do
		equal $field "$(info_of $field)" 0
	done
	equal xen_major.xen_minor "$(info_of xen_major).$(info_of xen_minor)" 4.17
	equal xen_version "$(info_of xen_version)" "4.17$(info_of xen_extra)"
	equal xen_scheduler "$(info_of xen_scheduler)" credit2
	equal xen_pagesize "$(info_of xen_pagesize)" 4096
	equal platform_params "$(info_of platform_params)" virt_start=0xffff800000000000
	[[ $(info_of xen_commandline) == *console=com1* ]] || die "no xen_commandline"
	[[ " $(info_of xen_caps)" == *" xen-3.0-x86_64 "* ]] || die "xen_caps: no xen-3.0-x86_64"
	[[ " $(info_of virt_caps) " == *" pv "*gnttab-v1* ]] || die "virt_caps: no pv, gnttab-v1"
	./features "$(info_of hw_caps)" || die "hw_caps"
	# What dom0's kernel has of the time page by which it keeps its time.
	mhz=$(dmesg | sed -n 's/.*tsc: Detected \([0-9.]*\) MHz.*/\1/p')
	awk -v a="$(info_of cpu_mhz)" -v b="$mhz" \
		'BEGIN { exit !(a > 100 && a - b < 0.1 && b - a < 0.1) }' ||
		die "cpu_mhz is $(info_of cpu_mhz), dom0 has '$mhz'"
	check_compiled
}

# row info-numa: xl info -n tells the topology
row_info_numa() {
	local out
	out=$(xl info -n)
	echo "$out"
	equal "processors in cpu_topology" \
		"$(sed '/^cpu_topology/,/^device/!d' <<< "$out" |
			grep -cE '^ *[0-9]+: +[0-9]+ +[0-9]+ +0$')" "$CPUS"
	grep -qE '^ *0: +[0-9]+ +[0-9]+ +10$' <<< "$out" || die "no node 0 in numa_info"
}

# row list: xl list shows dom0
row_list() {
	xl list
	equal "dom0's line" "$(/usr/sbin/xl list | awk 'NR == 2 { print $1, $2, $3, $4, $5 }')" \
		"Domain-0 0 $DOM0_MB $CPUS r-----"
	xl list -v | grep -E 'Domain-0 .* 00000000-0000-0000-0000-000000000000'
	xl list -l | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)[0]["domid"] != 0)'
}

# Of the domains in `xl list -l`: domid, name, UUID, vcpus that are up, all, memory, its limit
long_list() {
	/usr/sbin/xl list -l | python3 -c '
import json, sys
for d in json.load(sys.stdin):
    c, b = d["config"]["c_info"], d["config"]["b_info"]
    print(d["domid"], c.get("name"), c.get("uuid"), b.get("avail_vcpus"), b.get("max_vcpus"),
          b.get("target_memkb"), b.get("max_memkb"))'
}

# list_line ARGS... PATTERN: a line of `xl list ARGS`, spaces as one
list_line() {
	xl list "${@:1:$#-1}" | tee /tmp/list
	tr -s ' \t' ' ' < /tmp/list | grep -xE "${!#}"
}

# row list-guest: xl list, -v, -n and -l show a guest as it was made
row_list_guest() {
	local id uuid=5c8b13a4-9d6e-4f0a-8a77-0123456789ab
	! exists listed || xl destroy listed
	micro_create listed wait "uuid = '$uuid'" "vcpus = 1" "maxvcpus = 2" "maxmem = 8"
	within 20 said listed 'MICRO up'
	within 5 state listed "-b----"
	id=$(xl domid listed)
	list_line "listed $id 4 1 -b---- [0-9.]+"
	list_line -v "listed $id 4 1 -b---- [0-9.]+ $uuid - - ?"
	list_line -n "listed $id 4 1 -b---- [0-9.]+ all ?"
	long_list | tee /tmp/list
	grep -xF "$id listed $uuid [0] 2 4096 8192" /tmp/list
	xl pause listed
	list_line -v "listed $id 4 1 -[b-]p--- [0-9.]+ $uuid - - ?"
	xl destroy listed
}

# row create-micro: a kernel of 4 MB starts and prints
row_create_micro() {
	micro_create micro
	within 20 said micro 'MICRO up'
	within 5 state micro "-b----"
	equal memory "$(list_of micro 3)" 4
	equal vcpus "$(list_of micro 4)" 1
	echo x > "$(xenstore-read "/local/domain/$(xl domid micro)/console/tty")"
	within 10 said micro 'MICRO got x'
}

# row destroy: xl destroy leaves nothing behind
row_destroy() {
	local id before
	exists micro || micro_create micro
	id=$(xl domid micro)
	xl destroy micro
	within 5 gone micro
	! xenstore-read "/local/domain/$id/name" || die "the store still has domain $id"
	micro_create micro	# the daemons keep pages of their own from now on
	xl destroy micro
	before=$(free_kb)
	micro_create micro
	within 20 said micro 'MICRO up'
	xl destroy micro
	within 10 eval '[ "$(free_kb)" = '"$before"' ]'
}

# row create-crash: a guest that faults is gone with its reason told
row_create_crash() {
	local id
	xl dmesg -c > /dev/null
	micro_create crash crash "on_crash = 'preserve'"
	within 20 state crash "---?c-"
	id=$(xl domid crash)
	# Ours: "domain_crash: d3, ..."; the reference: "Domain 3 (vcpu#0) crashed on cpu#1"
	xl dmesg | tee /dev/stderr |
		grep -E "domain_crash: d$id,|Domain $id \(vcpu#0\) crashed"
	xl destroy crash
}

# row create-off: a guest that shuts itself down is cleared away
row_create_off() {
	micro_create off off
	within 20 said off 'MICRO up'
	within 20 gone off
}

# row create-linux: Debian's kernel starts with its console
row_create_linux() {
	linux_create linux "maxmem = 160" "maxvcpus = 2" "vcpus = 1"
	equal memory "$(list_of linux 3)" 128
	equal vcpus "$(list_of linux 4)" 1
	[[ $(tell linux 'uname -r') == "$(uname -r)" ]] || die "it runs another kernel"
	equal type "$(tell linux 'cat /sys/hypervisor/type')" xen
	equal processors "$(tell linux nproc)" 1
	! tell linux 'dmesg | grep -E "WARNING|BUG:|Oops|Call Trace"' || die "warnings in the guest"
}

# row shutdown: xl shutdown ends a Linux guest
row_shutdown() {
	need_linux
	XL_LIMIT=60 xl shutdown -w linux
	within 10 gone linux
}
