# SPDX-License-Identifier: GPL-2.0-only
# How a micro-guest is compiled and linked.

CC ?= gcc
CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wmissing-prototypes \
	-ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-common \
	-fno-strict-aliasing \
	-D__XEN_INTERFACE_VERSION__=0x00040e00 -D__XEN_TOOLS__
LDFLAGS := -nostdlib -static -no-pie \
	-Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-z,max-page-size=4096
