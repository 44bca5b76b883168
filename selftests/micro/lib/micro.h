/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The micro-guest framework: what a test may use.
 *
 * A micro-guest is a 64-bit PV kernel without an operating system. One image
 * holds every test; the command line names the ones to run ("tests=a+b"). A
 * test prints what the core answered as "MICRO <test>: key=value ..." lines,
 * which must be the same on every core that speaks the ABI (so: no addresses,
 * no times), and checks the rule itself with micro_check(). It ends in exactly
 * one line "MICRO <test>: SUCCESS|FAILURE|ERROR|SKIP [reason]".
 */
#ifndef MICRO_H
#define MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "hypercall.h"

#define PAGE_SIZE	4096UL
#define PAGE_SHIFT	12
#define VIRT_BASE	0xffffffff80000000UL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define barrier()	asm volatile("" ::: "memory")
#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))

/* Page-table entry bits (CPU manual, volume 3, paging). */
#define PTE_P		0x001UL
#define PTE_W		0x002UL
#define PTE_U		0x004UL
#define PTE_PWT		0x008UL
#define PTE_PCD		0x010UL
#define PTE_A		0x020UL
#define PTE_D		0x040UL
#define PTE_PSE		0x080UL
#define PTE_G		0x100UL
#define PTE_NX		(1UL << 63)
#define PTE_RO		(PTE_P | PTE_U | PTE_A)
#define PTE_RW		(PTE_RO | PTE_W | PTE_D)
#define PTE_TABLE	(PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define PTE_ADDR_MASK	0x000ffffffffff000UL

/* Entry numbers beyond the 256 vectors, as the stubs in start.S push them. */
enum micro_entry_number {
	ENTRY_EVENT = 256,
	ENTRY_SYSCALL,
	ENTRY_SYSENTER,
	ENTRY_SYSCALL32,
	ENTRY_NMI,
	ENTRY_FAILSAFE,
	ENTRY_COUNT,
};

struct micro_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct micro_jmp {
	uint64_t slot[8];
};

int micro_setjmp(struct micro_jmp *env) __attribute__((returns_twice));
void micro_longjmp(struct micro_jmp *env, int value) __attribute__((noreturn));

/* --- tests and their output (main.c, print.c) --- */

struct micro_test {
	const char *name;
	void (*body)(void);
	const char *kind;		/* shared, alone, crash ... */
	const struct micro_guest *guest;	/* of tests for unprivileged domains */
};

#define MICRO_TEST_KIND(sort, test)					\
	static void test##_body(void);					\
	const struct micro_test micro_entry_##sort##__##test		\
	__attribute__((used, aligned(8), section(".micro_table." #test))) = {\
		.name = #test, .body = test##_body, .kind = #sort,	\
	};								\
	static void test##_body(void)

/* A test that may share its boot with others. */
#define MICRO_TEST(test)	MICRO_TEST_KIND(shared, test)
/* A test that leaves the guest in a state nobody else can use. */
#define MICRO_TEST_ALONE(test)	MICRO_TEST_KIND(alone, test)
/* A test whose rule is that the guest ends, by a crash or a shutdown. */
#define MICRO_TEST_CRASH(test)	MICRO_TEST_KIND(crash, test)

void micro_report(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void micro_info(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void micro_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void micro_error(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
void micro_skip(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
void micro_outcome_set(unsigned int outcome, const char *reason);

/* The number of the domain that the test runs in: 0, or an unprivileged one's. */
domid_t micro_own_id(void);

/* The rule of the test: a false condition is a FAILURE, the test goes on. */
#define micro_check(cond)						\
	do {								\
		if (!(cond))						\
			micro_fail("%s:%d: %s", __func__, __LINE__, #cond); \
	} while (0)
/* What the test needs to go on: a false condition ends it with ERROR. */
#define micro_need(cond)						\
	do {								\
		if (!(cond))						\
			micro_error("%s:%d: needs %s", __func__, __LINE__, \
				    #cond);				\
	} while (0)

void micro_shutdown(unsigned int reason) __attribute__((noreturn));

extern struct start_info *micro_start_info;
extern struct shared_info *micro_shared;
extern uint64_t micro_boot_regs[32];

/* Order in micro_boot_regs[] after the 16 general registers. */
enum {
	BOOT_RSI = 4,
	BOOT_RSP = 7,
	BOOT_RFLAGS = 16,
	BOOT_CS,
	BOOT_SS,
	BOOT_DS,
	BOOT_ES,
	BOOT_FS,
	BOOT_GS,
};

/* --- strings and formatting (print.c) --- */

int micro_format(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strncmp(const char *a, const char *b, size_t size);

/* --- traps (trap.c) --- */

typedef void micro_hook_t(struct micro_frame *frame);

void micro_trap_install(void);
void micro_trap_hook(unsigned int entry, micro_hook_t *hook);
void micro_breakpoint(unsigned long address);

extern uint64_t micro_failsafe_selectors[4];
extern uint64_t micro_iret_flags;
extern uint64_t micro_entry_flags;	/* with which the kernel was entered */
extern uint64_t micro_entry_rcx;	/* by a callback or page fault: nothing of the guest's */
extern char micro_stubs[], micro_event_entry[], micro_syscall_entry[];
extern char micro_sysenter_entry[], micro_syscall32_entry[];
extern char micro_nmi_entry[], micro_failsafe_entry[];
extern char micro_stack[], micro_stack_end[], micro_hypercall_page[];

void micro_frame_load(struct micro_frame *frame)
	__attribute__((noreturn));

/* Registers given to a probed instruction and found after it. */
struct micro_regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi;
};

struct micro_probe {
	bool trapped;
	struct micro_frame frame;
	uint64_t cr2;
	long rip_offset;	/* of the frame's rip from the instruction */
};

extern struct micro_probe micro_probe;
extern uint64_t micro_probe_start, micro_probe_resume;

void micro_probe_report(const char *key);
const char *micro_vector_name(unsigned int vector);

/*
 * Execute @insn (an assembly string) with the registers of @regs, a struct
 * micro_regs; a trap, if any, is left in micro_probe and execution goes on
 * behind the instruction.
 */
#define MICRO_PROBE(regs, insn)						\
	do {								\
		micro_probe.trapped = false;				\
		asm volatile("movq $771f, micro_probe_start(%%rip)\n\t"	\
			     "movq $772f, micro_probe_resume(%%rip)\n"	\
			     "771:\t" insn "\n"				\
			     "772:\tmovq $0, micro_probe_resume(%%rip)"	\
			     : "+a" ((regs)->rax), "+b" ((regs)->rbx),	\
			       "+c" ((regs)->rcx), "+d" ((regs)->rdx),	\
			       "+S" ((regs)->rsi), "+D" ((regs)->rdi)	\
			     :: "r8", "r9", "r10", "r11", "memory", "cc"); \
	} while (0)

/* --- memory (mm.c) --- */

void micro_mm_init(void);
void *micro_page_alloc(void);
unsigned long micro_va_to_pfn(const void *va);
unsigned long micro_pfn_to_mfn(unsigned long pfn);
unsigned long micro_va_to_mfn(const void *va);
void *micro_mfn_to_va(unsigned long mfn);
uint64_t *micro_pte_find(unsigned long va, int level);
uint64_t micro_pte_maddr(unsigned long va, int level);
long micro_mmu_update(uint64_t ptr, uint64_t val);
long micro_map(void *va, uint64_t pte);
void micro_page_protect(void *va, bool writable);
long micro_mmuext(unsigned int cmd, unsigned long arg1, unsigned long arg2);
unsigned long micro_bad_mfn(void);
uint64_t *micro_table_build(uint64_t first_entry);
uint64_t *micro_tree_build(uint64_t pte);
uint64_t micro_page_pte(const void *va, uint64_t flags);
unsigned long micro_scratch_va(unsigned int slot);
uint64_t *micro_scratch_open(unsigned int slot);
unsigned long micro_free_mfn(void);

/* --- user mode (user.c) --- */

struct micro_user_result {
	struct micro_frame frame;
	uint64_t cr2;
};

void micro_user_run(void *rip, uint64_t iret_flags, struct micro_regs *regs,
		    struct micro_user_result *result);
void micro_user_run_at(uint64_t cs, uint64_t rip, uint64_t rsp,
		       struct micro_regs *regs,
		       struct micro_user_result *result);
void micro_user_run_frame(const struct micro_frame *frame, uint64_t iret_flags,
			  struct micro_user_result *result);
void micro_frame_go(const struct micro_frame *frame) __attribute__((noreturn));
void micro_user_init(void);
extern uint64_t *micro_user_l4;
extern char micro_user_stack[];

/* --- events (event.c) --- */

static inline struct vcpu_info *micro_vcpu_info(void)
{
	return &micro_shared->vcpu_info[0];
}

void micro_event_reset(void);
long micro_event_op(int cmd, void *arg);
evtchn_port_t micro_event_bind_ipi(unsigned int vcpu);
evtchn_port_t micro_event_bind_virq(unsigned int virq, unsigned int vcpu);
bool micro_event_is_pending(evtchn_port_t port);
void micro_event_clear(evtchn_port_t port);
void micro_event_set_mask(evtchn_port_t port, bool masked);
void micro_event_enable(void);
void micro_event_disable(void);
uint64_t micro_time_now(void);

/* --- a second vcpu (vcpu.c) --- */

long micro_vcpu_start(unsigned int vcpu, void (*body)(void));
void micro_vcpu_context(struct vcpu_guest_context *context, void *rip,
			void *rsp);
void micro_vcpu_stop(unsigned int vcpu);

static inline uint64_t micro_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t micro_rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return ((uint64_t)hi << 32) | lo;
}

#endif
