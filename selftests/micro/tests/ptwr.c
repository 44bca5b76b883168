// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to a live L1 table through its read-only mapping: the core checks and
 * carries them out (xen.h, "try to write to the PTE and be trapped"), or gives
 * the guest the page fault the write made.
 */
#include "micro.h"

/* A write by user mode; it ends in #UD if the write went through. */
asm(".text\n"
	"ptwr_user_write:	movq $0, (%rdi)\n"
	"			ud2\n");

extern char ptwr_user_write[];

static struct micro_regs regs;

static uint64_t *table_open(unsigned int slot)
{
	uint64_t *table = micro_scratch_open(slot);

	regs = (struct micro_regs){ .rdi = (unsigned long)&table[4] };
	return table;
}

static void write_report(const char *key, const uint64_t *table)
{
	micro_probe_report(key);
	micro_report("%s present=%lu own_bits=%lx", key, table[4] & PTE_P,
		     table[4] & (PTE_NX | PTE_W | 0xe00));
}

/* Good values by every instruction Linux and others use for it. */
MICRO_TEST(ptwr_instructions)
{
	uint64_t *table = table_open(8);
	uint64_t pte = micro_page_pte(micro_page_alloc(), PTE_RW);

	regs.rax = pte;
	MICRO_PROBE(&regs, "movq %%rax, (%%rdi)");
	write_report("mov", table);
	MICRO_PROBE(&regs, "movq $0, (%%rdi)");
	write_report("mov_immediate", table);
	regs.rax = pte;
	MICRO_PROBE(&regs, "xchgq %%rax, (%%rdi)");
	write_report("xchg", table);
	micro_report("xchg old=%lx", regs.rax);
	regs.rax = 0;
	MICRO_PROBE(&regs, "xchgq %%rax, (%%rdi)");
	micro_report("xchg_back same_frame=%d", (regs.rax & PTE_ADDR_MASK) ==
		     (pte & PTE_ADDR_MASK));
	regs.rax = 0;
	regs.rbx = pte;
	MICRO_PROBE(&regs, "lock cmpxchgq %%rbx, (%%rdi); setz %%cl");
	write_report("cmpxchg", table);
	micro_report("cmpxchg zf=%lu", regs.rcx & 1);
	regs.rax = 0;
	MICRO_PROBE(&regs, "lock cmpxchgq %%rbx, (%%rdi); setz %%cl");
	micro_report("cmpxchg_miss zf=%lu rax_is_entry=%d", regs.rcx & 1,
		     regs.rax == table[4]);
	MICRO_PROBE(&regs, "lock btrq $1, (%%rdi); setc %%cl");
	write_report("btr_writable", table);
	micro_report("btr carry=%lu", regs.rcx & 1);
	MICRO_PROBE(&regs, "lock btsq $9, (%%rdi)");
	write_report("bts_avail", table);
	MICRO_PROBE(&regs, "lock orq $0x2, (%%rdi)");
	write_report("or_writable", table);
	MICRO_PROBE(&regs, "lock andq $~0x2, (%%rdi)");
	write_report("and_readonly", table);
	regs.rax = 0;
	MICRO_PROBE(&regs, "stosq");
	regs.rdi = (unsigned long)&table[4];
	write_report("stos", table);
}

/* Partial writes: 1, 2 and 4 bytes of an entry; unaligned ones are refused. */
MICRO_TEST(ptwr_sizes)
{
	uint64_t *table = table_open(9);
	uint64_t pte = micro_page_pte(micro_page_alloc(), PTE_RW);

	regs.rax = pte;
	MICRO_PROBE(&regs, "movq %%rax, (%%rdi)");
	MICRO_PROBE(&regs, "movb $0, (%%rdi)");
	write_report("byte", table);
	MICRO_PROBE(&regs, "movq %%rax, (%%rdi)");
	MICRO_PROBE(&regs, "movw $0, (%%rdi)");
	write_report("word", table);
	MICRO_PROBE(&regs, "movq $0, (%%rdi)");
	MICRO_PROBE(&regs, "movl %%eax, (%%rdi)");
	write_report("long", table);
	MICRO_PROBE(&regs, "movl $0x80000000, 4(%%rdi)");
	write_report("high_long", table);
	MICRO_PROBE(&regs, "movq $0, (%%rdi)");
	MICRO_PROBE(&regs, "movq %%rax, 4(%%rdi)");
	write_report("unaligned", table);
	regs.rdi = (unsigned long)&table[511];
	MICRO_PROBE(&regs, "movq %%rax, 4(%%rdi)");
	micro_probe_report("crossing_page");
}

static void refuse(const char *key, uint64_t *table, uint64_t value)
{
	uint64_t before = table[4];

	regs.rax = value;
	MICRO_PROBE(&regs, "movq %%rax, (%%rdi)");
	micro_probe_report(key);
	micro_report("%s cr2_is_entry=%d unchanged=%d", key,
		     micro_probe.cr2 == regs.rdi, table[4] == before);
	micro_check(micro_probe.trapped && table[4] == before);
}

/* Bad values come back as the #PF of the write itself (error code 3). */
MICRO_TEST(ptwr_bad_values)
{
	uint64_t *table = table_open(10);
	unsigned long l4 = micro_start_info->pt_base;

	refuse("table_writable", table,
	       micro_page_pte((void *)l4, PTE_RW));
	refuse("itself_writable", table, micro_page_pte(table, PTE_RW));
	refuse("bad_mfn", table, (micro_bad_mfn() << PAGE_SHIFT) | PTE_RW);
	refuse("free", table, (micro_free_mfn() << PAGE_SHIFT) | PTE_RW);
	refuse("local_apic", table, 0xfee00000 | PTE_RW);
	refuse("bit51", table, 1UL << 51 | PTE_RW);
}

/* L2 and higher tables are changed by hypercall only: #PF. */
MICRO_TEST(ptwr_higher_levels)
{
	int level;

	for (level = 2; level <= 4; level++) {
		regs.rdi = (unsigned long)micro_pte_find(micro_scratch_va(11),
							 level);
		regs.rax = *(uint64_t *)regs.rdi;
		MICRO_PROBE(&regs, "movq %%rax, (%%rdi)");
		micro_report("l%d", level);
		micro_probe_report("write_same");
	}
}

/* A read-only page that is no table faults; a table not in use is plain. */
MICRO_TEST(ptwr_not_a_table)
{
	uint64_t *page = micro_page_alloc();

	micro_page_protect(page, false);
	regs.rdi = (unsigned long)&page[4];
	MICRO_PROBE(&regs, "movq $0, (%%rdi)");
	micro_probe_report("readonly_data");
	micro_need(!micro_mmuext(MMUEXT_PIN_L1_TABLE, micro_va_to_mfn(page),
				 0));
	MICRO_PROBE(&regs, "movq $0, (%%rdi)");
	micro_probe_report("pinned_l1");
	micro_need(!micro_mmuext(MMUEXT_UNPIN_TABLE, micro_va_to_mfn(page),
				 0));
	MICRO_PROBE(&regs, "movq $0, (%%rdi)");
	micro_probe_report("unpinned");
}

/* Only the guest's kernel is emulated: user mode gets its page fault. */
MICRO_TEST(ptwr_user_mode)
{
	uint64_t *table = table_open(13);
	static struct micro_user_result result;

	micro_need(!micro_mmu_update(micro_pte_maddr(micro_scratch_va(13) +
						     4 * PAGE_SIZE, 1),
				     micro_page_pte(micro_page_alloc(),
						    PTE_RW)));
	micro_user_run(ptwr_user_write, 0, &regs, &result);
	micro_report("write=%s(%lx) cr2_is_entry=%d present=%lu",
		     micro_vector_name(result.frame.vector),
		     result.frame.error, result.cr2 == regs.rdi,
		     table[4] & PTE_P);
	micro_check(table[4] & PTE_P);
}
