# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Many guests, at once and one after the other.

# crowd COUNT CREATE: guests crowd1 to crowdCOUNT, made by CREATE NAME
crowd() {
	local n
	for ((n = 1; n <= $1; n++)); do
		"$2" "crowd$n" 2> "/tmp/crowd.err" || { cat /tmp/crowd.err >&2; return 1; }
	done
	/usr/sbin/xl list
	equal "guests" "$(/usr/sbin/xl list | grep -c '^crowd')" "$1"
}

# row crowd-micro: 60 guests of 4 MB at once, each answers, all memory comes back
row_crowd_micro() {
	local before n
	destroy_but
	micro_create crowd
	xl destroy crowd
	before=$(settled_kb)
	crowd 60 micro_create
	for ((n = 1; n <= 60; n++)); do
		within 60 said "crowd$n" 'MICRO up'
		answers "crowd$n"
	done
	destroy_but 2> /dev/null
	within 60 free_is "$before"
}

linux_begin() {
	sed "s/^name = .*/name = '$1'/" /tmp/crowd.cfg > "/tmp/$1.cfg"
	forget "$1"
	xl create "/tmp/$1.cfg"
}

# row crowd-linux: 12 Linux guests of 128 MB at once, each does what it is told
row_crowd_linux() {
	local before n
	destroy_but
	linux_create crowd
	xl destroy crowd
	before=$(settled_kb)
	crowd 12 linux_begin
	for ((n = 1; n <= 12; n++)); do
		within 600 said "crowd$n" 'XLGUEST up'
	done
	for ((n = 1; n <= 12; n++)); do
		equal "what crowd$n says" "$(tell "crowd$n" "echo \$(($n * $n)) | md5sum" 60)" \
			"$(echo $((n * n)) | md5sum)"
	done
	destroy_but 2> /dev/null
	within 60 free_is "$before"
}

# row leak-long: 200 times create and destroy return every frame
row_leak_long() {
	CYCLES=200 row_leak
}
