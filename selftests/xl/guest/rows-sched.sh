# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A guest that misbehaves takes no more than its share from a neighbour, whose
# work is counted ("MICRO tick"). These rows run under -icount, where a second is a
# number of instructions, on the one processor that dom0 and both guests share.

ticks() {
	grep -ac 'MICRO tick' $consoles/guest-work.log
}

# pace SECONDS NAME...: what each used, in ms, and the ticks in 1000 s of work's time
pace() {
	local before times
	before=$(ticks)
	times=$(used "$@")
	echo "$times $((($(ticks) - before) * 1000000 / ${times%% *}))"
}

# beside WHAT: work goes on beside a guest that does WHAT for ever
beside() {
	local mine other with one two
	! exists work || xl destroy work
	micro_create work work
	within 20 said work 'MICRO tick'
	read -r mine one <<< "$(pace 2 work)"
	micro_create noise "$1"
	within 20 said noise 'MICRO up'
	read -r mine other with <<< "$(pace 4 work noise)"
	xl destroy noise
	read -r _ two <<< "$(pace 2 work)"
	echo "figure: of 4 s: $mine ms, $1: $other ms; ticks: $with, alone $one and $two"
	[ $((mine * 100)) -ge $((other * 85)) ] || die "$mine ms beside $other ms"
	[ "$mine" -ge 1200 ] || die "$mine ms of 4 s"
	# What runs it slower than it runs alone is the core's work for the other.
	[ "$two" -gt "$one" ] || one=$two
	[ $((with * 100)) -ge $((one * 70)) ] || die "$with ticks, alone $one"
	xl destroy work
}

# row beside-spin: a guest that spins leaves its neighbour its share
row_beside_spin() {
	beside spin
}

# row beside-calls: a guest that floods the core with hypercalls does
row_beside_calls() {
	beside calls
}

# row beside-events: a guest that floods an event channel does
row_beside_events() {
	beside events
}

# row beside-flood: a guest that floods its console does
row_beside_flood() {
	beside flood
}
