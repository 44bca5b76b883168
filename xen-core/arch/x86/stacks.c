// SPDX-License-Identifier: GPL-2.0-only
/* The block of stacks of each CPU; stacks.h shows its layout. */
#include "page_alloc.h"
#include "printk.h"
#include "stacks.h"
#include "string.h"

extern char syscall_stub[], syscall_stub_end[], syscall_stub32[], syscall_stub32_end[];
extern char syscall_entry[], syscall_entry32[];

struct cpu *arch_this_cpu(void)
{
	u64 sp;

	asm("mov %%rsp, %0" : "=r"(sp));
	return *(struct cpu **)(sp & -(u64)STACK_BLOCK_SIZE);
}

static __init void *add_page(u64 va, u64 flags)
{
	void *page = alloc_zeroed(PAGE_SIZE);

	if (!page || paging_map(va, arch_direct_unmap(page), PAGE_SIZE, flags))
		boot_fail("no memory for the stacks of a CPU");
	return page;
}

__init void stacks_create(struct cpu *cpu)
{
	u64 block = stacks_block(cpu);
	u8 *code = add_page(block, PTE_CORE_RX), *data = add_page(block + PAGE_SIZE, PTE_CORE_RW);
	struct tss *tss = (struct tss *)(data + STACK_TSS - PAGE_SIZE);
	u64 *target = (u64 *)(data + STACK_SYSCALL_TARGET - PAGE_SIZE);

	*(struct cpu **)code = cpu;
	memcpy(code + STACK_STUB, syscall_stub, syscall_stub_end - syscall_stub);
	memcpy(code + STACK_STUB32, syscall_stub32, syscall_stub32_end - syscall_stub32);
	target[0] = (u64)syscall_entry;
	target[1] = (u64)syscall_entry32;
	tss->io_base = sizeof(*tss);	/* no bitmap: all ports trap */
	for (u32 ist = IST_NMI; ist <= IST_DB; ist++) {
		tss->ist[ist - 1] = block + STACK_IST_TOP(ist);
		add_page(block + STACK_IST_TOP(ist) - PAGE_SIZE, PTE_CORE_RW);
	}
	for (u64 page = STACK_BOTTOM; page < STACK_BLOCK_SIZE; page += PAGE_SIZE)
		add_page(block + page, PTE_CORE_RW);
}
