// SPDX-License-Identifier: GPL-2.0-only
/*
 * 32-bit user code under a 64-bit guest kernel: frames, and the entries for it
 * (callback.h CALLBACKTYPE_syscall32, CALLBACKTYPE_sysenter).
 */
#include "domain.h"

#define LOW_VA	0x400000UL

static struct micro_user_result result;

/* A page of code at 4 MB, in the user table only. */
static void low_page_open(const char *code, size_t size)
{
	static char *page;
	uint64_t *l1, *l2, *l3;

	micro_user_init();
	if (!page) {
		page = micro_page_alloc();
		l1 = micro_table_build(micro_page_pte(page, PTE_RW));
		l2 = micro_page_alloc();
		l2[LOW_VA >> 21] = micro_page_pte(l1, PTE_TABLE);
		micro_page_protect(l2, false);
		l3 = micro_table_build(micro_page_pte(l2, PTE_TABLE));
		micro_need(!micro_mmu_update(micro_va_to_mfn(micro_user_l4) <<
					     PAGE_SHIFT,
					     micro_page_pte(l3, PTE_TABLE)));
	}
	memset(page, 0xcc, PAGE_SIZE);
	memcpy(page, code, size);
}

static void compat_run(const char *key, const char *code, size_t size)
{
	struct micro_regs regs = { .rax = 0x11223344 };

	low_page_open(code, size);
	micro_user_run_at(FLAT_USER_CS32 | 3, LOW_VA, LOW_VA + 0x800, &regs,
			  &result);
	if (result.frame.vector < 256)
		micro_report("%s=%s(%lx)+%ld", key,
			     micro_vector_name(result.frame.vector),
			     result.frame.error,
			     (long)(result.frame.rip - LOW_VA));
	else
		micro_report("%s=entry%lu+%ld", key, result.frame.vector,
			     (long)(result.frame.rip - LOW_VA));
	micro_report("%s cs=%lx ss=%lx rsp=%lx if=%lu", key, result.frame.cs,
		     result.frame.ss, result.frame.rsp - LOW_VA,
		     result.frame.rflags >> 9 & 1);
}

static void flags_run(const char *key, uint64_t cs, const char *code)
{
	struct micro_regs regs = { .rax = 0x11223344 };

	low_page_open(code, 3);
	micro_user_run_at(cs, LOW_VA, LOW_VA + 0x800, &regs, &result);
	micro_report("%s=%lu df=%lu", key, result.frame.vector, micro_entry_flags >> 10 & 1);
	micro_check(!(micro_entry_flags >> 10 & 1) || !micro_is_ours());
}

/* A user's direction flag is not its kernel's, whatever way that is entered (Xen's is). */
MICRO_TEST(compat_direction_flag)
{
	flags_run("syscall", FLAT_USER_CS | 3, "\xfd\x0f\x05");
	flags_run("ud2", FLAT_USER_CS | 3, "\xfd\x0f\x0b");
	flags_run("int80", FLAT_USER_CS | 3, "\xfd\xcd\x80");
	flags_run("syscall32", FLAT_USER_CS32 | 3, "\xfd\x0f\x05");
	flags_run("ud2_32", FLAT_USER_CS32 | 3, "\xfd\x0f\x0b");
	flags_run("int80_32", FLAT_USER_CS32 | 3, "\xfd\xcd\x80");
}

/* It runs in 32-bit mode, and its traps say so in the frame. */
MICRO_TEST(compat_traps)
{
	static const char mode[] = "\x31\xc0\x40\xcc";	/* rex in 64 bits */
	static const char ud2[] = "\x0f\x0b";
	static const char into[] = "\xb8\xff\xff\xff\x7f\x40\xce";
	static const char int80[] = "\xcd\x80";
	static const char high[] = "\xa1\x00\x00\x00\xf0";

	compat_run("mode", mode, sizeof(mode) - 1);
	micro_report("mode eax=%lx", result.frame.rax);
	compat_run("ud2", ud2, sizeof(ud2) - 1);
	compat_run("into", into, sizeof(into) - 1);
	compat_run("int80", int80, sizeof(int80) - 1);
	compat_run("read_absent", high, sizeof(high) - 1);
	micro_report("read_absent cr2=%lx", result.cr2);
}

/* syscall and sysenter from 32-bit code, with and without a callback. */
MICRO_TEST(compat_syscalls)
{
	static const char syscall[] = "\x0f\x05";
	static const char sysenter[] = "\x0f\x34";
	struct callback_register reg = {
		.type = CALLBACKTYPE_syscall32,
		.address = (unsigned long)micro_syscall32_entry,
	};

	micro_report("register syscall32=%ld",
		     hc_callback_op(CALLBACKOP_register, &reg));
	reg.type = CALLBACKTYPE_sysenter;
	reg.address = (unsigned long)micro_sysenter_entry;
	micro_report("register sysenter=%ld",
		     hc_callback_op(CALLBACKOP_register, &reg));
	compat_run("syscall", syscall, sizeof(syscall) - 1);
	compat_run("sysenter", sysenter, sizeof(sysenter) - 1);
}
