# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Seeing and steering guests that run: state, processors, memory, scheduler,
# and what the machine and its domains log.

# info about a domain as the tools' binding gives it: NAME FIELD
domain_field() {
	xc "xc.domain_getinfo($(/usr/sbin/xl domid "$1"), 1)[0]['$2']"
}

# row console: xl console carries lines both ways
row_console() {
	need_linux
	rm -f /tmp/console.in
	mkfifo /tmp/console.in
	exec 4<> /tmp/console.in
	timeout 60 script -qfc "/usr/sbin/xl console linux" /dev/null <&4 > /tmp/console.out 2>&1 &
	echo 'echo XLCONSOLE $((6 * 7))' >&4
	within 30 grep -q 'XLCONSOLE 42' /tmp/console.out
	kill $!
}

# row create-console: xl create -c shows a guest from its first line to its end
row_create_console() {
	printf '%s\n' "name = 'off'" "kernel = '$PWD/micro'" "memory = 4" "extra = 'off'" \
		> /tmp/off.cfg
	XL_LIMIT=30 xl create -c /tmp/off.cfg < /dev/null > /tmp/console.out
	cat /tmp/console.out
	grep -a 'MICRO up' /tmp/console.out
	within 20 gone off
}

# row pause: a paused guest does not run, an unpaused one does
row_pause() {
	local time
	need_micro spin spin
	within 10 state spin "r-----"
	xl pause spin
	within 5 state spin "--p---"
	time=$(domain_field spin cpu_time)
	xl list
	equal "time used while paused" "$(domain_field spin cpu_time)" "$time"
	xl unpause spin
	within 10 eval '[ "$(domain_field spin cpu_time)" -gt '"$((time + 100000000))"' ]'
	within 5 state spin "r-----"
	xl destroy spin
}

# row rename: xl rename, domid and domname agree
row_rename() {
	local id
	need_micro micro
	id=$(xl domid micro)
	xl rename micro other
	equal domid "$(xl domid other)" "$id"
	equal domname "$(xl domname "$id")" other
	equal "name in the store" "$(xenstore-read "/local/domain/$id/name")" other
	gone micro
	xl rename other micro
	! xl rename Domain-0 micro || die "two domains of one name"
}

# row uptime: xl uptime knows dom0 and a guest
row_uptime() {
	need_micro micro
	xl uptime
	/usr/sbin/xl uptime | grep -E '^Domain-0 +0 +[0-9]'
	/usr/sbin/xl uptime | grep -E "^micro +$(xl domid micro) +[0-9]"
}

vcpu_line() {	# NAME VCPU: processor, state, hard and soft affinity
	/usr/sbin/xl vcpu-list "$1" | awk -v v="$2" 'NR > 1 && $3 == v { print $4, $5, $7, $9 }'
}

# row vcpu-list: xl vcpu-list shows vcpus where they are
row_vcpu_list() {
	need_linux
	xl vcpu-list
	equal "dom0's vcpus" "$(/usr/sbin/xl vcpu-list | grep -c '^Domain-0 ')" "$CPUS"
	[[ $(vcpu_line linux 0) =~ ^[0-9]+\ [-rb]{3}\ all\ all$ ]] || die "$(vcpu_line linux 0)"
	[[ $(vcpu_line linux 1) =~ ^-\ --p\ all\ all$ ]] || die "vcpu 1: $(vcpu_line linux 1)"
}

# row vcpu-pin: hard affinity moves a vcpu, soft affinity is shown as it was set
row_vcpu_pin() {
	local cpu
	need_micro spin spin
	for cpu in 1 0; do
		xl vcpu-pin spin 0 $cpu all
		within 10 eval '[[ $(vcpu_line spin 0) == "'$cpu' r-- '$cpu' all" ]]'
	done
	xl vcpu-pin spin 0 - 1
	[[ $(vcpu_line spin 0) == "0 "[r-]"-- 0 1" ]] || die "soft: $(vcpu_line spin 0)"
	xl vcpu-pin spin all all all
	[[ $(vcpu_line spin 0) == *" all all" ]] || die "all: $(vcpu_line spin 0)"
	! xl vcpu-pin spin 0 77 || die "it took processor 77"
	xl destroy spin
}

# row vcpu-set: a vcpu is plugged and unplugged
row_vcpu_set() {
	need_linux
	xl vcpu-set linux 2
	within 20 tell linux '[ -e /sys/devices/system/cpu/cpu1/online ]'
	tell linux 'echo 1 > /sys/devices/system/cpu/cpu1/online'
	equal processors "$(tell linux nproc)" 2
	tell linux 'taskset -c 1 true || taskset 2 true'
	within 10 eval '[[ $(vcpu_line linux 1) != -* ]]'
	equal vcpus "$(list_of linux 4)" 2
	xl vcpu-set linux 1
	within 20 eval '[ "$(tell linux nproc)" = 1 ]'
	within 10 eval '[ "$(list_of linux 4)" = 1 ]'
}

# row mem-set: the balloon gives memory back and takes it again
row_mem_set() {
	local before
	need_linux
	before=$(free_kb)
	xl mem-set linux 100
	within 60 eval '[ "$(list_of linux 3)" = 100 ]'
	equal "memory that came free, kB" $(($(free_kb) - before)) $((28 * 1024))
	xl mem-set linux 140
	within 60 eval '[ "$(list_of linux 3)" = 140 ]'
	xl mem-set linux 128
	within 60 eval '[ "$(list_of linux 3)" = 128 ]'
	equal "free memory, kB" "$(free_kb)" "$before"
}

# want_mb NAME MB: the guest is told to have so much, past xl, which knows the limit
want_mb() {
	local target=/sys/devices/system/xen_memory/xen_memory0/target_kb
	xenstore-write "/local/domain/$(/usr/sbin/xl domid "$1")/memory/target" $(($2 * 1024))
	within 60 eval "[ \"\$(tell $1 'cat $target')\" = $(($2 * 1024)) ]"
}

# row mem-max: a guest that wants more than its limit does not get it
row_mem_max() {
	local kb limit=$((140 * 1024 + 1024))
	need_linux
	xl mem-max linux 140
	equal "limit, kB" "$(domain_field linux maxmem_kb)" $limit
	want_mb linux 155
	within 60 eval '[ "$(domain_field linux mem_kb)" -gt '$((limit - 1024))' ]'
	# By now it may have given up. It tries again when it shall have yet more.
	want_mb linux 156
	kb=$(domain_field linux mem_kb)
	[ "$kb" -le $limit ] || die "it has $kb kB, its limit is $limit"
	# It was the limit that held it.
	xl mem-max linux 160
	equal "limit, kB" "$(domain_field linux maxmem_kb)" $((160 * 1024 + 1024))
	want_mb linux 157
	within 90 eval '[ "$(list_of linux 3)" = 157 ]'
	xl mem-set linux 128
	within 60 eval '[ "$(list_of linux 3)" = 128 ]'
}

# row sched-credit2: weight and cap are set and shown
row_sched_credit2() {
	need_micro micro
	xl sched-credit2
	equal "the scheduler's line" "$(/usr/sbin/xl sched-credit2 -s)" \
		"Cpupool Pool-0: ratelimit=1000us"
	/usr/sbin/xl sched-credit2 -d micro | grep -E '^micro +[0-9]+ +256 +0$'
	xl sched-credit2 -d micro -w 512 -c 50
	/usr/sbin/xl sched-credit2 -d micro | grep -E '^micro +[0-9]+ +512 +50$'
	xl sched-credit2 -d micro -w 256 -c 0
	/usr/sbin/xl sched-credit2 -d micro | grep -E '^micro +[0-9]+ +256 +0$'
	! xl sched-credit2 -d micro -w 65536 || die "it took a weight of 65536"
}

# used SECONDS NAME...: what each used, in ms, of that many seconds of processor 1
used() {
	local span=$1 name begin=() now=() end
	shift
	for name; do begin+=("$(domain_field "$name" cpu_time)"); done
	end=$(($(date +%s%3N) + span * 1000))
	while [ "$(date +%s%3N)" -lt $end ]; do sleep 0.2; done
	for name; do now+=("$(domain_field "$name" cpu_time)"); done
	for name in "${!now[@]}"; do echo $(((now[name] - begin[name]) / 1000000)); done | xargs
}

# row sched-weight: of a busy processor each gets what its weight says
row_sched_weight() {
	local one two
	xl vcpu-pin 0 all 0
	need_micro spin1 spin "cpus = '1'" "cpu_weight = 512"
	need_micro spin2 spin "cpus = '1'" "cpu_weight = 256"
	read -r one two <<< "$(used 8 spin1 spin2)"
	echo "weight 512: $one ms, weight 256: $two ms"
	[ "$one" -gt $((two * 17 / 10)) ] && [ "$one" -lt $((two * 23 / 10)) ] ||
		die "$one ms and $two ms"
	[ $((one + two)) -gt 7500 ] || die "together $((one + two)) ms of 8 s"
	xl destroy spin2
	xl sched-credit2 -d spin1 -c 30
	one=$(used 8 spin1)
	echo "cap of 30: $one ms"
	[ "$one" -gt 2000 ] && [ "$one" -lt 2900 ] || die "a cap of 30 gave $one ms of 8 s"
	xl destroy spin1
	xl vcpu-pin 0 all all
}

# row dmesg: xl dmesg shows the core's log, -c clears it
row_dmesg() {
	[ "$(xl dmesg | wc -l)" -gt 20 ] || die "short"
	[ "$(xl dmesg -c | wc -l)" -gt 20 ] || die "short with -c"
	[ "$(xl dmesg | wc -l)" -lt 3 ] || die "not cleared"
}

# key KEYS PATTERN...: the core tells when they are pressed, all of it
key() {
	local pattern
	xl debug-keys "$1"
	xl dmesg -c | tee /tmp/key
	shift
	for pattern; do grep -qiE "$pattern" /tmp/key || die "no line of $pattern"; done
}

# row debug-keys: xl debug-keys makes the core tell
row_debug_keys() {
	local id
	need_micro micro
	id=$(xl domid micro)
	xl dmesg -c > /dev/null
	key h "key '*q"
	key q "domain $id\b|\bd${id}v0"
	if [ "$CORE" = xen-4.17.elf ]; then
		key r '^\(XEN\) Scheduler: .*credit2' '^\(XEN\) Online Cpus: 0-1'
		key m 'Physical memory information'
		key t 'stime skew'
	else
		key r 'Scheduler: ' 'CPU0: clock [0-9]+, runs ' 'CPU1: clock [0-9]+, runs '
		key m "free memory: $(free_kb) KiB"
		key t 'system time [0-9]+ ns, TSC [0-9]+ kHz' 'CPU[01]: first timer in'
	fi
}

# row sysrq: xl sysrq reaches the guest's kernel
row_sysrq() {
	need_linux
	tell linux 'dmesg -n 8'
	xl sysrq linux h
	within 20 said linux 'sysrq: HELP'
	tell linux 'dmesg -n 1'
}

# row trigger: xl trigger sends what a PV guest can get, and refuses the rest
row_trigger() {
	local seen
	need_linux
	seen=$(grep -ac 'NMI received' "$consoles/guest-linux.log") || :
	xl trigger linux nmi 0
	within 20 said linux 'NMI received for unknown reason' $((seen + 1))
	tell linux true
	# xl's status is 0 all the same.
	xl trigger linux s3resume 2>&1 | tee /dev/stderr | grep -q "trigger 's3resume' failed"
}

# row top: xentop lists what there is, with its use
row_top() {
	need_micro micro
	xentop -b -i 2 -d 1 | tee /tmp/top
	equal "lines of micro" "$(grep -cE '^ +micro [-br]' /tmp/top)" 2
	tail -n 3 /tmp/top | grep -E '^ +Domain-0 -----r +[0-9]+ '
}

# claim NAME MB: as a builder does for its domain, what it has included; 0 ends it
claim() {
	python3 -S -c "
import ctypes, sys
lib = ctypes.CDLL('libxenctrl.so.4.17')
lib.xc_interface_open.restype = ctypes.c_void_p
xc = ctypes.c_void_p(lib.xc_interface_open(None, None, 0))
sys.exit(lib.xc_domain_claim_pages(xc, $(/usr/sbin/xl domid "$1"), ctypes.c_ulong($2 * 256)))"
}

claim_of() {
	/usr/sbin/xl claims | awk -v name="$1" '$1 == name { print $NF }'
}

# row claims: xl claims tells what a domain claims and does not have, and for whom it is kept
row_claims() {
	local free
	micro_create claimer
	xl mem-max claimer 64
	equal "claim of dom0" "$(claim_of Domain-0)" 0
	equal "claim of claimer" "$(claim_of claimer)" 0
	free=$(/usr/sbin/xl info free_memory)
	claim claimer 32
	xl claims
	equal "claim of claimer" "$(claim_of claimer)" 28
	equal "outstanding_claims" "$(/usr/sbin/xl info outstanding_claims)" 28
	equal "memory that is free for others" "$(/usr/sbin/xl info free_memory)" $((free - 28))
	claim claimer 0
	equal "claim of claimer" "$(claim_of claimer)" 0
	equal "free memory" "$(/usr/sbin/xl info free_memory)" "$free"
	claim claimer 32
	xl destroy claimer
	within 60 eval '[ "$(/usr/sbin/xl info outstanding_claims)" = 0 ]'
}

# row cpupool: processors and domains move between pools
row_cpupool() {
	/usr/sbin/xl cpupool-list | grep -E "^Pool-0 +$CPUS +credit2 +y +[0-9]+$"
	/usr/sbin/xl cpupool-list -c | grep -E '^Pool-0 +0,1$'
	xl cpupool-cpu-remove Pool-0 1
	equal free_cpus "$(/usr/sbin/xl info | sed -n 's/^free_cpus *: //p')" 1
	xl cpupool-create 'name="second"' 'sched="credit2"' 'cpus=["1"]'
	/usr/sbin/xl cpupool-list second | grep -E '^second +1 +credit2 +y +0$'
	need_micro pooled spin "pool = 'second'"
	within 10 eval '[[ $(vcpu_line pooled 0) == "1 r-- "* ]]'
	! xl cpupool-destroy second || die "a pool with a domain is gone"
	xl cpupool-migrate pooled Pool-0
	# Now xl has its CPU whenever it looks.
	within 10 eval '[[ $(vcpu_line pooled 0) == "0 "[r-]"-- "* ]]'
	xl cpupool-rename second third
	xl cpupool-destroy third
	xl cpupool-cpu-add Pool-0 1
	/usr/sbin/xl cpupool-list | grep -E "^Pool-0 +$CPUS "
	xl destroy pooled
}
