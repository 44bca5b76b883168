# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Small initial ram disks for tests, to be sourced.
#   initrd_make OUT INIT [FILE...]
# packs busybox, INIT as /init and each FILE into /bin (modules, *.ko, into
# /modules); the archive is written whole or not at all.

initrd_make() {
	local out=$1 init=$2 tree file
	shift 2
	tree=$(mktemp -d "$out.XXXXXX") || return
	mkdir -p "$tree"/{bin,dev,proc,sys,modules}
	cp /bin/busybox "$tree/bin/"
	install -m 755 "$init" "$tree/init"
	for file; do
		case $file in
		*.ko) cp "$file" "$tree/modules/" ;;
		*) install -m 755 "$file" "$tree/bin/" ;;
		esac
	done
	(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -1n) > "$tree.gz"
	rm -rf "$tree"
	mv "$tree.gz" "$out"
}
