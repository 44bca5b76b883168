// SPDX-License-Identifier: GPL-2.0-only
/* The block of stacks of each CPU; stacks.h shows its layout. */
#include "compiler.h"
#include "cpu_private.h"
#include "errno.h"
#include "page_alloc.h"
#include "paging.h"
#include "stacks.h"
#include "string.h"

extern char syscall_stub[], syscall_stub_end[], syscall_stub32[], syscall_stub32_end[];
extern char syscall_entry[], syscall_entry32[];

u64 stacks_block(const struct cpu *cpu)
{
	return STACKS_VA + (u64)cpu->id * STACK_BLOCK_SIZE;
}

u64 stacks_top(const struct cpu *cpu)
{
	return stacks_block(cpu) + STACK_BLOCK_SIZE - STACK_TOP_GAP;
}

struct tss *stacks_tss(const struct cpu *cpu)
{
	return (struct tss *)(stacks_block(cpu) + STACK_TSS);
}

struct cpu *arch_this_cpu(void)
{
	u64 sp;

	asm("mov %%rsp, %0" : "=r"(sp));
	return *(struct cpu **)(sp & -(u64)STACK_BLOCK_SIZE);
}

static int map_page(u64 va, void *page, u64 flags)
{
	return page ? paging_map(va, arch_direct_unmap(page), PAGE_SIZE, flags) : -ENOMEM;
}

static void fill_code_page(struct cpu *cpu, u8 *page)
{
	*(struct cpu **)page = cpu;
	memcpy(page + STACK_STUB, syscall_stub, syscall_stub_end - syscall_stub);
	memcpy(page + STACK_STUB32, syscall_stub32, syscall_stub32_end - syscall_stub32);
}

static void fill_data_page(u64 block, u8 *page)
{
	struct tss *tss = (struct tss *)(page + (STACK_TSS & (PAGE_SIZE - 1)));

	tss->rsp0 = block + STACK_BLOCK_SIZE;
	tss->ist[IST_NMI - 1] = block + 4 * PAGE_SIZE;
	tss->ist[IST_DF - 1] = block + 6 * PAGE_SIZE;
	tss->ist[IST_MC - 1] = block + 8 * PAGE_SIZE;
	tss->ist[IST_DB - 1] = block + 10 * PAGE_SIZE;
	tss->io_base = sizeof(*tss);	/* no bitmap: all ports trap */
	*(u64 *)(page + (STACK_SYSCALL_TARGET & (PAGE_SIZE - 1))) = (u64)syscall_entry;
	*(u64 *)(page + (STACK_SYSCALL_TARGET & (PAGE_SIZE - 1)) + 8) = (u64)syscall_entry32;
}

int stacks_create(struct cpu *cpu)
{
	static const u8 plain[] = { 3, 5, 7, 9, 12, 13, 14, 15 };
	u64 block = stacks_block(cpu);
	u8 *code = alloc_zeroed(PAGE_SIZE), *data = alloc_zeroed(PAGE_SIZE);
	int err = -ENOMEM;

	if (code && data) {
		fill_code_page(cpu, code);
		fill_data_page(block, data);
		err = map_page(block, code, PTE_CORE_RX);
		if (!err)
			err = map_page(block + PAGE_SIZE, data, PTE_CORE_RW);
	}
	for (u32 i = 0; !err && i < sizeof(plain); i++)
		err = map_page(block + plain[i] * PAGE_SIZE, alloc_zeroed(PAGE_SIZE), PTE_CORE_RW);
	return err;
}
