# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Many guests, at once and one after the other.

# crowd COUNT CREATE: guests crowd1 to crowdCOUNT at once, made by CREATE NAME, do as
# crowd_do says; all memory comes back.
crowd() {
	local before n
	destroy_but
	"$2" crowd
	crowd_do crowd 0
	xl destroy crowd
	before=$(settled_kb)
	for ((n = 1; n <= $1; n++)); do
		"$2" "crowd$n" 2> /tmp/crowd.err || { cat /tmp/crowd.err >&2; return 1; }
	done
	/usr/sbin/xl list
	equal "guests" "$(/usr/sbin/xl list | grep -c '^crowd')" "$1"
	for ((n = 1; n <= $1; n++)); do
		crowd_do "crowd$n" $n
	done
	destroy_but 2> /dev/null
	within 60 free_is "$before"
}

# row crowd-micro: 60 guests of 4 MB at once, each answers, all memory comes back
row_crowd_micro() {
	crowd_do() {
		within 60 said "$1" 'MICRO up'
		answers "$1"
	}
	crowd 60 micro_create
}

# row crowd-linux: 12 Linux guests of 128 MB at once, each does what it is told
row_crowd_linux() {
	crowd_do() {
		within 600 said "$1" 'XLGUEST up'
		equal "what $1 says" "$(tell "$1" "echo \$(($2 * $2)) | md5sum" 60)" \
			"$(echo $(($2 * $2)) | md5sum)"
	}
	crowd 12 linux_begin
}

# row leak-long: 200 times create and destroy return every frame
row_leak_long() {
	CYCLES=200 row_leak
}
