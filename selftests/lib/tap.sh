# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for shell tests, to be sourced: one line a test, the plan at the end.
#   tap_ok NAME; tap_not_ok NAME [DETAIL]; tap_skip NAME WHY; tap_todo NAME WHY; tap_end
# tap_end prints the plan and returns non-zero when a test failed or none ran.

tap_count=0
tap_failed=0

tap_ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

tap_not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# A failure that is known, and not ours
tap_todo() {
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $1 # TODO $2"
}

tap_skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_end() {
	echo "1..$tap_count"
	[ $tap_count -gt 0 ] && [ $tap_failed = 0 ]
}
