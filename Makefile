# SPDX-License-Identifier: GPL-2.0-only
#
# Xenlite's top-level Makefile. `make help` lists the targets; each works
# alone on a fresh Debian 12 and installs what it needs (as root).

.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory

CORE ?= build/xenlite
CPUS ?= 2
MEM ?= 2G
MACHINE ?= q35
DISK ?= virtio
SOAK ?= 3600
export CPUS MEM MACHINE DISK

.PHONY: all
all: xen-core modules	## Build everything there is

.PHONY: xen-core
xen-core: deps-build	## Build the core: build/xenlite, .gz and -syms
	@echo "Building the core ..."
	@$(MAKE) $(if $(V),,-s) -C xen-core

.PHONY: modules
modules: deps-modules	## Build dom0's kernel module for Debian's kernel, or KDIR=
	@scripts/modules $(KDIR)

# A core given by path is used as it is; only our own is built.
.PHONY: core
ifeq ($(CORE),build/xenlite)
core: xen-core
else
core:
	@[ -f "$(CORE)" ] || { echo "There is no core $(CORE)" >&2; exit 1; }
endif

.PHONY: deps-%
deps-%:
	@scripts/install-deps $*

.PHONY: dom0
dom0: deps-run	## Make the dom0 image for QEMU
	@scripts/mkroot

.PHONY: run
run: deps-run core dom0	## Boot Debian as dom0 in QEMU; BATCH=1: a scripted tour
	@scripts/run $(if $(BATCH),--batch) $(CORE)

.PHONY: linux
linux: deps-linux	## Build the kernel of linux-patches/: build/linux/vmlinuz; DEBUG=1
	@scripts/linux $(if $(PATCHES),--patches $(PATCHES)) $(if $(filter-out 0,$(DEBUG)),--debug)

.PHONY: check-linux
check-linux: deps-run deps-linux linux core dom0	## Boot it natively, on Xenlite and Xen 4.17
	@selftests/linux/run --core $(CORE)
	@selftests/linux/power --core $(CORE)

.PHONY: check
check: deps-check	## Build and test in 20 minutes; ends in one line of totals
	@scripts/check

.PHONY: check-full
check-full: deps-check	## The same with all tests there are: hours
	@scripts/check --full

.PHONY: soak
soak: check-full core	## check-full, then hostile domains for SOAK seconds (an hour)
	@selftests/fuzz/run --core $(CORE) --seconds $(SOAK) --seed $$(date +%s)

.PHONY: lint
lint: deps-lint	## Style, sparse, cppcheck, headers, size limits
	@scripts/lint

.PHONY: bench
bench: deps-bench core	## Instructions an operation: native, Xen 4.17, Xenlite
	@selftests/bench/run --core $(CORE)

.PHONY: clean
clean:	## Remove what was built; keep the cached images
	@$(MAKE) -C xen-core clean
	@rm -rf build/check build/bench build/boot build/tests

.PHONY: distclean
distclean:	## Remove all of build/
	@rm -rf build

.PHONY: help
help:	## This list
	@awk -F ':.*## ?' '/^[a-z-]+:.*##/ { printf "  make %-12s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))
	@echo "  Variables: CORE= (a hypervisor's ELF image), CPUS= MEM= MACHINE=q35|pc"
	@echo "  PATCHES=N DEBUG=1 for linux: the first N patches only; the debug configuration"
	@echo "  DISK=virtio|nvme|ahci for run; BATCH=1 for a scripted tour; V=1: compiler lines"
