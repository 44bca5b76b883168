# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Many guests, at once and one after the other.

micro_do() {
	within 60 said "$1" 'MICRO up'
	answers "$1"
}

linux_do() {	# NAME NUMBER
	within 600 said "$1" 'XLGUEST up'
	equal "what $1 says" "$(tell "$1" "echo \$(($2 * $2)) | md5sum" 60)" \
		"$(echo $(($2 * $2)) | md5sum)"
}

# crowd_create COUNT NAME CREATE: guests NAME1 to NAMECOUNT, made by CREATE NAME
crowd_create() {
	local n
	for ((n = 1; n <= $1; n++)); do
		"$3" "$2$n" 2> /tmp/crowd.err || { cat /tmp/crowd.err >&2; return 1; }
	done
}

# row crowd: 60 guests of 4 MB and 12 Linux guests at once, each answers, all memory comes back
row_crowd() {
	local before n
	destroy_but
	# As many vcpus and ports as there will be: the core keeps page tables for them.
	crowd_create 72 small micro_create
	destroy_but 2> /dev/null
	linux_begin large
	linux_do large 0
	xl destroy large
	before=$(settled_kb)
	crowd_create 60 small micro_create
	crowd_create 12 large linux_begin
	/usr/sbin/xl list
	for ((n = 1; n <= 12; n++)); do linux_do large$n $n; done
	for ((n = 1; n <= 60; n++)); do micro_do small$n; done
	# They all were there to the end.
	equal "guests" "$(/usr/sbin/xl list | grep -cE '^(small|large)[0-9]')" 72
	destroy_but 2> /dev/null
	within 60 free_is "$before"
}

# row leak-long: 200 times create and destroy return every frame
row_leak_long() {
	CYCLES=200 row_leak
}
