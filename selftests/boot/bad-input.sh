# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Boots with something wrong, to be sourced by run. Each must give one line
# that says what, then halt the machine or, where the core can do without, go on
# to its dom0 (probe.S). A reset, a triple fault or silence fails.
#
# The table: name; what follows (halt or probe); pattern of the line;
# arguments of boot-dom0, where @name is a file that bad_input_prepare made.
# The texts are Xenlite's own: other cores word them differently.

fault='\(XEN\) dom0: '
cmdline='\(XEN\) command line: '
payload="${fault}kernel: its compressed payload is corrupt"
halted='the machine is halted'
bad_inputs="
no module         ; halt  ; ${fault}kernel: the boot loader passed no module ; --modules none
empty kernel      ; halt  ; ${fault}kernel: the file is too short ; --kernel @empty
random kernel     ; halt  ; ${fault}kernel: .*neither a bzImage nor an ELF ; --kernel @random
half a kernel     ; halt  ; ${fault}kernel: .*cut short ; --kernel @half
first sector only ; halt  ; ${fault}kernel: .*cut short ; --kernel @sector
flip in the XZ header ; halt ; ${fault}kernel: .*(corrupt|packed|supported) ; --kernel @flip-first
flip in the payload ; halt ; $payload ; --kernel @flip-middle
flip in the XZ index ; halt ; $payload ; --kernel @flip-last
lying size        ; halt  ; ${fault}kernel: .*(512 MiB|corrupt|memory) ; --kernel @size
old bzImage       ; halt  ; ${fault}kernel: the bzImage is older ; --kernel @old
no Xen notes      ; halt  ; ${fault}kernel: .*[Nn]ote ; --kernel @no-notes
32-bit kernel     ; halt  ; ${fault}kernel: .*32-bit ; --kernel @elf32
half an ELF file  ; halt  ; ${fault}kernel: .*cut short ; --kernel @half-elf
segment too high  ; halt  ; ${fault}kernel: .*out of range ; --kernel @high-elf
dom0_mem too small ; halt ; ${fault}memory: .*too small ; --dom0-mem 4M
dom0_mem too big  ; halt  ; ${fault}memory: .*more than there is ; --dom0-mem 64G --kernel @probe
small machine     ; halt  ; ${fault}(memory|kernel): .*memory ; --mem 96M
tiny machine      ; halt  ; \(XEN\) out of memory ; --mem 12M
no word but this  ; halt  ; ${fault}kernel: the boot loader ; --modules none --core loglvl=none
initrd cut short  ; halt  ; \(XEN\) .*Dom0 crashed before user space ; --initrd @cut-initrd
third module      ; probe ; \(XEN\).*module ; --modules @probe,@probe,@random
unknown option    ; probe ; ${cmdline}unknown option 'frobnicate' ignored ; --core frobnicate=1
bad option value  ; probe ; ${cmdline}dom0_max_vcpus: bad value 'x' ; --core dom0_max_vcpus=x
bad dom0_mem      ; probe ; ${cmdline}dom0_mem: bad value 'lots' ; --core dom0_mem=lots
bad console       ; probe ; \(XEN\) com1: ; --core com1=9600,9z9
GRUB and EFI      ; probe ; loader: GRUB ; --loader efi
ACPI: second MADT, entry of no length ; probe ; ACPI: table APIC .*ignored ; --acpi @acpi-madt
ACPI: second MADT, cut short ; probe ; ACPI: table APIC .*ignored ; --acpi @acpi-madt-short
ACPI: HPET cut short ; probe ; ACPI: table HPET .*ignored ; --acpi @acpi-hpet
ACPI: HPET nowhere ; probe ; clock: .* measured with (PIT|PM|ACPI) ; --acpi @acpi-hpet-zero
ACPI: noise       ; probe ; ACPI: DMAR ; --acpi @acpi-noise
"

# flip FILE OFFSET OUT: a copy with the bits of one byte turned over.
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N1 "$1" | tr -d ' ')
	cp "$1" "$3"
	poke "$3" "$2" "$(printf '\\x%02x' $((byte ^ 0xff)))"
}

# poke FILE OFFSET BYTES: write BYTES (as \x..) into FILE.
poke() {
	printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

word_at() {
	od -An -tu4 -j "$2" -N4 "$1" | tr -d ' '
}

# acpi_table OUT SIGNATURE BODY: header as ACPI 6 table 5.4; QEMU adds the checksum.
acpi_table() {
	local out=$1 signature=$2 body=$3 length
	printf '%b' "$body" > "$out.body"
	length=$((36 + $(stat -c %s "$out.body")))
	{
		printf '%s' "$signature"
		printf '%b' "$(printf '\\x%02x\\x%02x\\0\\0' $((length & 255)) $((length >> 8)))"
		printf '\1\0XENLITBADINPUT\1\0\0\0TEST\1\0\0\0'
		cat "$out.body"
	} > "$out"
	rm "$out.body"
}

bad_input_prepare_kernels() {
	local dir=$1 kernel=$top/build/dom0/vmlinuz size base offset length
	local flags="-nostdlib -static -Wl,--build-id=none"

	size=$(stat -c %s "$kernel")
	base=$((($(od -An -tu1 -j 497 -N1 "$kernel") + 1) * 512))	# setup_sects
	offset=$((base + $(word_at "$kernel" 584)))			# payload_offset
	length=$(word_at "$kernel" 588)
	: > "$dir/empty"
	awk 'BEGIN { srand(1); for (i = 0; i < 65536; i++) printf "%c", 1 + int(rand() * 127) }' \
		> "$dir/random"
	head -c $((size / 2)) "$kernel" > "$dir/half"
	head -c 1024 "$kernel" > "$dir/sector"
	flip "$kernel" $((offset + 8)) "$dir/flip-first"
	flip "$kernel" $((offset + length / 2)) "$dir/flip-middle"
	flip "$kernel" $((offset + length - 20)) "$dir/flip-last"
	cp "$kernel" "$dir/size"
	poke "$dir/size" $((offset + length - 4)) '\xff\xff\xff\xff'
	cp "$kernel" "$dir/old"
	poke "$dir/old" 518 '\x07\x02'					# version 2.07
	# shellcheck disable=SC2086
	{
		gcc $flags -DNOTES -Wl,-Ttext-segment=0xffffffff80100000 \
			-o "$dir/probe" "$here/probe.S"
		gcc $flags -DNOTES -Wl,-Ttext-segment=0xffffffffff800000 \
			-o "$dir/high-elf" "$here/probe.S"
		gcc $flags -Wl,-Ttext-segment=0x1000000 -o "$dir/no-notes" "$here/probe.S"
		gcc $flags -m32 -Wl,-Ttext-segment=0x1000000 \
			-o "$dir/elf32" "$top/selftests/bench/entry.S"
	}
	head -c 4200 "$dir/probe" > "$dir/half-elf"
	size=$(stat -c %s "$top/build/dom0/initrd")
	head -c $((size / 8)) "$top/build/dom0/initrd" > "$dir/cut-initrd"
}

bad_input_prepare_acpi() {
	local dir=$1 local_apic='\0\0\0\xfe\1\0\0\0'	# address, flags
	# A MADT entry of type 0 whose length is 0: a walk that trusts it never ends.
	acpi_table "$dir/acpi-madt" APIC "${local_apic}"'\0\0\0\0'
	acpi_table "$dir/acpi-madt-short" APIC "${local_apic}"'\0\x08\1'
	acpi_table "$dir/acpi-hpet" HPET '\1\2'
	acpi_table "$dir/acpi-hpet-zero" HPET '\1\xa2\x86\x80\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	acpi_table "$dir/acpi-noise" DMAR '\xff\xff\xff\xff\xff\xff\xff\xff'
}

# Boot until the machine has halted or ended. QEMU ends at a reset; of a machine
# that still is there its monitor tells whether the boot CPU is in HLT with
# interrupts off, from where it comes back no more. The status is 5 then.
bad_input_boot() {
	local log=$1 follow=$2 tries=0 pid status=0 monitor=$logs/bad/monitor
	local stopped='RFL=[0-9a-f]*[014589cd][0-9a-f]{2} .* HLT=1'
	shift 2
	[ "$follow" != halt ] || set -- "$@" -- -chardev "pipe,id=hmp,path=$monitor" -mon hmp
	: > "$log"
	: > "$monitor.out"
	rm -f "$monitor.in"
	mkfifo "$monitor.in"
	exec 9<> "$monitor.in"
	"$boot" "$core" --disk none --cpus 2 --timeout 60 --quiet --log "$log" "$@" \
		< /dev/null 2> "$log.err" 9>&- &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ $tries -lt 600 ]; do
		if [ "$follow" = halt ] && grep -aq "$halted" "$log"; then
			if grep -aqE "$stopped" "$monitor.out"; then
				kill $pid 2>/dev/null || :
				wait $pid || :
				return 5
			fi
			echo 'info registers' >&9
		fi
		sleep 0.1
		tries=$((tries + 1))
	done
	wait $pid || status=$?
	return $status
}

bad_input_judge() {
	local name=$1 follow=$2 pattern=$3 log=$4 status=$5 why=

	case $status in
	4) why="triple fault" ;;
	124) why="nothing within the time" ;;
	1) why="QEMU failed: $(cat "$log.err")" ;;
	esac
	if [ -z "$why" ] && ! grep -aqE "$pattern" "$log"; then
		why="no line that matches: $pattern"
	elif [ -z "$why" ] && [ "$follow" = halt ] && [ "$status" != 5 ]; then
		why="no halt; boot-dom0's status is $status"
	elif [ -z "$why" ] && [ "$follow" = probe ] && ! grep -aq 'PROBE reached' "$log"; then
		why="did not go on to dom0"
	elif [ -z "$why" ] && grep -aqE '#(PF|GP|UD|DF|DE)|[Pp]age fault|FATAL TRAP' "$log"; then
		why="a fault in the core"
	fi
	if [ -z "$why" ]; then
		tap_ok "bad input: $name"
	else
		tap_not_ok "bad input: $name" "$why
$(tail -n 8 "$log" | tr -cd '\11\12\40-\176')"
	fi
}

# bad_input_run [ROWS]: the whole table, or the rows whose names are in ROWS.
bad_input_run() {
	local wanted=$1 name follow pattern arguments log status dir=$logs/bad
	local options

	mkdir -p "$dir"
	bad_input_prepare_kernels "$dir"
	bad_input_prepare_acpi "$dir"
	while IFS=';' read -r name follow pattern arguments <&4; do
		[ -n "$name" ] || continue
		name=$(echo $name) follow=$(echo $follow)
		pattern=$(echo "$pattern" | sed 's/^ *//; s/ *$//')
		[ -z "$wanted" ] || [[ $wanted == *" ${name// /-} "* ]] || continue
		arguments=$(echo "$arguments" |
			sed "s,@,$dir/,g; s,--acpi \(.*\),-- -acpitable file=\1,")
		options=()
		case $follow:$arguments in
		*--initrd*|*--modules*) ;;
		halt:*--kernel*|probe:*) options+=(--initrd none) ;;
		esac
		case $arguments in
		*--kernel*|*--modules*) ;;
		*) [ "$follow" != probe ] || options+=(--kernel "$dir/probe") ;;
		esac
		[[ $arguments != *hpet* ]] || options+=(--machine q35,hpet=off)	# ours is the one
		log=$logs/bad-${name//[^a-zA-Z0-9]/-}.log
		status=0
		# shellcheck disable=SC2086
		bad_input_boot "$log" "$follow" "${options[@]}" $arguments || status=$?
		bad_input_judge "$name" "$follow" "$pattern" "$log" $status
	done 4<<< "$bad_inputs"
}
