/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry and exit.
 *
 * TSS.rsp0 is the end of the running vcpu's regs: what the CPU and this file
 * push on entry from a guest lands in struct vcpu, and %rsp then *is* the vcpu
 * pointer. Only afterwards the CPU's own stack is taken.
 *
 *	guest --syscall--> stub --> syscall_entry --+--> guest's kernel (sysret)
 *	                                            +--> iret_fast (sysret)
 *	                                            +--> hypercall_table[]
 *	guest --trap, irq--> entry_N --> trap_enter --> C --> ret_to_guest
 *	core  --trap, irq--> entry_N --> core_enter --> C --> back
 *	NMI, #DB, #DF, #MC: own stacks (IST), copied to the vcpu when from a guest
 */
#include "entry.h"

/*
 * Copied to STACK_STUB of each CPU's block; relative references reach the
 * block's data page. It runs on the guest's stack pointer for one instruction
 * only. MOV SS can delay a #DB to here: that has a stack of its own.
 */
	.section .rodata
.macro SYSCALL_STUB name where cs target
	.globl	\name
\name:
	movq	%rsp, \name + STACK_SCRATCH - \where(%rip)
	movq	\name + STACK_TSS + 4 - \where(%rip), %rsp
	pushq	$USER_SS
	pushq	\name + STACK_SCRATCH - \where(%rip)
	pushq	%r11
	pushq	$\cs
	pushq	%rcx
	jmpq	*\name + \target - \where(%rip)
	.org	\name + STACK_STUB_SIZE
.endm
	SYSCALL_STUB syscall_stub STACK_STUB USER_CS STACK_SYSCALL_TARGET
	SYSCALL_STUB syscall_stub32 STACK_STUB32 USER_CS32 STACK_SYSCALL_TARGET+8

/*
 * The same where the CPU leaks: the core may be unmapped, so the frame goes on the
 * block's entry stack. The jump is a return that is not predicted (V6): what is on the
 * way to its target is the guest's.
 */
.macro GUARD_STUB name where cs target
	.globl	\name
\name:
	movq	%rsp, \name + STACK_SCRATCH - \where(%rip)
	leaq	\name + STACK_ENTRY_TOP - \where(%rip), %rsp
	pushq	$USER_SS
	pushq	\name + STACK_SCRATCH - \where(%rip)
	pushq	%r11
	pushq	$\cs
	pushq	%rcx
	call	2f
1:	pause
	lfence
	jmp	1b
2:	pushq	\name + \target - \where(%rip)
	ret
	.org	\name + STACK_STUB_SIZE
.endm
	GUARD_STUB guard_stub STACK_STUB USER_CS STACK_SYSCALL_TARGET
	GUARD_STUB guard_stub32 STACK_STUB32 USER_CS32 STACK_SYSCALL_TARGET+8

	.section .text.hot, "ax"

/* %rsp = &v->regs.rip; rcx and r11 are saved there and free to use. */
	ENTRY syscall_entry 64
	cmpb	$0, V_IN_KERNEL - R_RIP(%rsp)
	jne	hypercall_entry

	/* The guest's user mode calls its kernel. */
	leaq	-R_RIP(%rsp), %rcx
	movq	V_STACK(%rcx), %rsp
	movq	%rax, R_RAX(%rcx)
	cmpb	$0, V_FAST_ENTRIES(%rcx)
	je	syscall_slow
	movq	V_INFO(%rcx), %rax
	movq	V_KERNEL_SP(%rcx), %r11
	cmpb	$0, VI_MASK(%rax)
	jne	syscall_slow
	movb	$1, VI_MASK(%rax)
	movq	V_KERNEL_CR3(%rcx), %rax
	movq	%rax, %cr3
	swapgs
	movb	$1, V_IN_KERNEL(%rcx)
	/* The frame: rcx, r11, rip, cs, rflags, rsp, ss. */
	STAC
2:	movq	$USER_SS, -8(%r11)
	movq	R_RSP(%rcx), %rax
3:	movq	%rax, -16(%r11)
	movq	R_RIP(%rcx), %rax
4:	movq	%rax, -40(%r11)
5:	movq	%rax, -56(%r11)
6:	movq	$USER_CS, -32(%r11)
	movq	R_RFLAGS(%rcx), %rax
7:	movq	%rax, -24(%r11)
8:	movq	%rax, -48(%r11)
	CLAC
	GUARD_SITE guard_syscall_exit
	leaq	-56(%r11), %rsp
	andl	$~ENTRY_CLEAR, %eax
	movq	%rax, %r11
	movq	R_RAX(%rcx), %rax
	movq	V_SYSCALL_RIP(%rcx), %rcx
	sysretq
	.irp	n, 2b, 3b, 4b, 5b, 6b, 7b, 8b
	EXTABLE \n, syscall_bad_stack
	.endr

	/* Events are masked in user mode, or decide_fast() says no: C builds the frame. */
syscall_slow:
	movq	R_RAX(%rcx), %rax
	leaq	R_RIP(%rcx), %rsp
	pushq	$0
	pushq	$VECTOR_SYSCALL
	movq	R_RIP - R_VECTOR(%rsp), %rcx
	movq	R_RFLAGS - R_VECTOR(%rsp), %r11
	PUSH_GPRS
	movq	%rsp, %rdi
	movq	V_STACK(%rsp), %rsp
	call	pv_syscall_slow
	jmp	ret_to_guest

syscall_bad_stack:
	CLAC
	cld			/* E9: it may have been a page fault's */
	movq	%rcx, %rdi
	call	pv_bad_kernel_stack
	jmp	ret_to_guest

	ENTRY syscall_entry32
	pushq	$0
	pushq	$VECTOR_SYSCALL
	PUSH_GPRS
	movq	%rsp, %rdi
	movq	V_STACK(%rsp), %rsp
	call	pv_syscall32
	jmp	ret_to_guest

/*
 * A hypercall saves what C may change. The rest goes to v->regs only when the vcpu may
 * be switched, get an event or begin again: nothing that a call does may rely on it.
 */
	.balign	16
hypercall_entry:
	cmpq	$__HYPERVISOR_iret, %rax
	je	iret_fast
	cmpq	$__HYPERVISOR_stack_switch, %rax
	je	stack_switch_fast
hypercall_general:
	pushq	$0
	pushq	$VECTOR_SYSCALL
	PUSH_CHANGED
	leaq	-R_RBX(%rsp), %rbx
	movq	V_STACK(%rbx), %rsp
	cmpq	$NR_HYPERCALLS, %rax
	jae	hypercall_unknown
	leaq	hypercall_table(%rip), %r11
	movq	(%r11, %rax, 8), %rax
	movq	%r10, %rcx
	call	*%rax
	cmpq	$-ERESTART, %rax
	je	hypercall_again
	movq	%rax, R_RAX(%rbx)
	/* Nothing to do on the way out? Then what C preserves is neither saved nor restored. */
	movq	V_CPU(%rbx), %rax
	cmpl	$0, C_SOFTIRQS(%rax)
	jne	hypercall_leave
	movq	V_INFO(%rbx), %rax
	cmpb	$0, VI_PENDING(%rax)
	jne	hypercall_leave
	cmpb	$0, V_NMI(%rbx)
	jne	hypercall_leave
	leaq	R_RBX(%rbx), %rsp
	POP_CHANGED
	jmp	guest_iretq
hypercall_unknown:
	movq	$-38, R_RAX(%rbx)	/* -ENOSYS */
	jmp	hypercall_leave
hypercall_again:
	subq	$2, R_RIP(%rbx)		/* back to its SYSCALL, whose arguments moved on */
hypercall_leave:
	leaq	R_RBX(%rbx), %rsp
	PUSH_PRESERVED
	movq	V_STACK(%rbx), %rsp
	jmp	ret_to_guest

/* HYPERVISOR_stack_switch with a stack in the kernel's half: H2, set_kernel_sp() takes it. */
	.balign	16
stack_switch_fast:
	movq	$CORE_VA_END + 64, %rcx
	cmpq	%rcx, %rsi
	jb	hypercall_general
	cmpq	$0, (%rsp)		/* E2: to the kernel's half, so it is canonical */
	jns	hypercall_general
	andq	$~15, %rsi
	movq	%rsi, V_KERNEL_SP - R_RIP(%rsp)
	xorl	%eax, %eax
	GUARD_SITE guard_exit
	popq	%rcx
	popq	%r11
	popq	%r11
	popq	%rsp
	sysretq

/*
 * HYPERVISOR_iret: the frame on the kernel's stack is rax, r11, rcx, flags,
 * rip, cs, rflags, rsp, ss (struct iret_context). Here are the frames that
 * return to user mode with events on and none pending; all others go to
 * do_iret() in C. Until the last check nothing is changed but registers of
 * v->regs that do_iret() sets anyway; rsp waits on the stack.
 */
	.balign	16
iret_fast:
	leaq	-R_RIP(%rsp), %rcx
	movq	V_STACK(%rcx), %rsp
	movq	R_RSP(%rcx), %r11
	movq	$CORE_VA_END, %rax
	cmpq	%rax, %r11
	jb	iret_slow
	movq	V_INFO(%rcx), %rax
	cmpb	$0, VI_PENDING(%rax)
	jne	iret_slow
	cmpw	$FAST_EXITS_NO_NMI, V_NMI(%rcx)
	jne	iret_slow
	STAC
1:	movzwl	40(%r11), %eax
	movq	%rax, R_CS(%rcx)
	notl	%eax
	testb	$3, %al
	jnz	iret_slow_clac
2:	movq	48(%r11), %rax
	testl	$EFLAGS_IF, %eax
	jz	iret_slow_clac
	andl	$RETURN_FLAGS | EFLAGS_IF, %eax
	movq	%rax, R_RFLAGS(%rcx)
3:	movq	32(%r11), %rax
	movq	%rax, R_RIP(%rcx)
4:	testl	$VGCF_in_syscall, 24(%r11)
	jz	6f
	GUARD_SITE iret_in_syscall
	shrq	$47, %rax		/* E2 */
	jnz	iret_slow_clac
5:	pushq	56(%r11)
11:	movq	(%r11), %rax
	CLAC
	popq	R_RSP(%rcx)
	movq	%rax, R_RAX(%rcx)
	movq	V_INFO(%rcx), %rax
	movb	$0, VI_MASK(%rax)
	movw	$0, V_IN_KERNEL(%rcx)	/* and in_nmi */
	swapgs
	movq	V_USER_CR3(%rcx), %rax
	movq	%rax, %cr3
	movq	R_RAX(%rcx), %rax
	movq	R_RFLAGS(%rcx), %r11
	movq	R_RSP(%rcx), %rsp
	movq	R_RIP(%rcx), %rcx
	sysretq

	/* The same by iret; rcx and r11 may be what they were. */
iret_in_syscall:
	movl	$USER_CS, R_CS(%rcx)
	movl	$USER_SS, R_SS(%rcx)
	jmp	7f

	/* From an exception or event: all registers are as they were. */
6:	movzwl	64(%r11), %eax
	orl	$3, %eax
	movq	%rax, R_SS(%rcx)
7:	pushq	56(%r11)
8:	movq	16(%r11), %rax
	movq	%rax, R_RCX(%rcx)
9:	movq	(%r11), %rax
	movq	%rax, R_RAX(%rcx)
10:	movq	8(%r11), %r11
	CLAC
	popq	R_RSP(%rcx)
	movq	V_INFO(%rcx), %rax
	movb	$0, VI_MASK(%rax)
	movw	$0, V_IN_KERNEL(%rcx)	/* and in_nmi */
	swapgs
	movq	V_USER_CR3(%rcx), %rax
	movq	%rax, %cr3
	movq	R_RAX(%rcx), %rax
	leaq	R_RIP(%rcx), %rsp
	movq	R_RCX(%rcx), %rcx
	jmp	guest_iretq
	.irp	n, 1b, 2b, 3b, 4b, 5b, 6b, 7b, 8b, 9b, 10b, 11b
	EXTABLE \n, iret_slow_clac
	.endr

iret_slow_clac:
	CLAC
iret_slow:
	leaq	R_RIP(%rcx), %rsp
	/* E1, E4: if C cannot read the frame, nothing of it and of the core's is left. */
	movl	$USER_CS, R_CS - R_RIP(%rsp)
	xorl	%eax, %eax
	xorl	%ecx, %ecx
	pushq	$0
	pushq	$VECTOR_SYSCALL
	PUSH_GPRS
	movq	V_STACK(%rsp), %rsp
	call	do_iret
	jmp	ret_to_guest

/*
 * A page fault of the guest's user mode: to its kernel at once, by sysret, for
 * the handler takes rcx and r11 from the frame. Others go through C.
 */
	ENTRY page_fault_enter
	testb	$3, 16(%rsp)
	jz	2f
	cmpb	$0, V_IN_KERNEL - R_ERROR(%rsp)
	jne	2f
	movq	%rcx, R_RCX - R_ERROR(%rsp)
	leaq	-R_ERROR(%rsp), %rcx
	movq	V_STACK(%rcx), %rsp
	movq	%rax, R_RAX(%rcx)
	movq	%r11, R_R11(%rcx)
	cmpb	$0, V_FAST_ENTRIES(%rcx)
	je	3f
	movq	%cr2, %rax
	btq	$47, %rax
	jc	3f
	movq	V_INFO(%rcx), %r11
	cmpb	$0, VI_MASK(%r11)
	jne	3f
	movq	%rax, V_CR2(%rcx)
	movq	%rax, VI_CR2(%r11)
	movb	$1, VI_MASK(%r11)
	movq	V_KERNEL_CR3(%rcx), %rax
	movq	%rax, %cr3
	swapgs
	movb	$1, V_IN_KERNEL(%rcx)
	movq	V_KERNEL_SP(%rcx), %r11
	STAC
	.set	off, -8
	/* ss, rsp, rflags, cs, rip, error code, r11, rcx */
	.irp	reg, R_SS, R_RSP, R_RFLAGS, R_CS, R_RIP, R_ERROR, R_R11, R_RCX
	movq	\reg(%rcx), %rax
.Lpf_\reg:
	movq	%rax, off(%r11)
	EXTABLE .Lpf_\reg, syscall_bad_stack
	.set	off, off - 8
	.endr
	CLAC
	GUARD_SITE guard_fault_exit
	leaq	-64(%r11), %rsp
	movl	R_RFLAGS(%rcx), %r11d
	andl	$~ENTRY_CLEAR, %r11d
	movq	R_RAX(%rcx), %rax
	movq	V_PF_RIP(%rcx), %rcx
	sysretq
2:	pushq	$14
	testb	$3, 24(%rsp)
	jz	core_enter
	CLAC
	cld
	PUSH_GPRS
	movq	%rsp, %rdi
	movq	V_STACK(%rsp), %rsp
	call	pv_page_fault
	jmp	ret_to_guest
3:	movq	R_RAX(%rcx), %rax
	movq	R_R11(%rcx), %r11
	leaq	R_ERROR(%rcx), %rsp
	movq	R_RCX(%rcx), %rcx
	jmp	2b

/*
 * A general protection fault: RDMSR of the user's GS base, which a kernel with FSGSBASE
 * executes at each switch (I2)? Its rax and rdx are its results, so they are free to use.
 */
	ENTRY general_protection_enter
	cmpl	$MSR_KERNEL_GS_BASE, %ecx
	jne	trap_enter
	testb	$3, R_CS - R_VECTOR(%rsp)
	jz	trap_enter
	cmpb	$0, V_IN_KERNEL - R_VECTOR(%rsp)
	je	trap_enter
	cmpl	$0, R_ERROR - R_VECTOR(%rsp)
	jne	trap_enter
	testl	$EFLAGS_TF, R_RFLAGS - R_VECTOR(%rsp)
	jnz	trap_enter
	movq	%rax, R_RAX - R_VECTOR(%rsp)
	movq	%rdx, R_RDX - R_VECTOR(%rsp)
	leaq	-R_VECTOR(%rsp), %rdx
	movq	R_RIP(%rdx), %rax
	movq	V_STACK(%rdx), %rsp
	STAC
1:	cmpw	$RDMSR_OPCODE, (%rax)
	jne	2f
	CLAC
	addq	$2, R_RIP(%rdx)
	andl	$~EFLAGS_RF, R_RFLAGS(%rdx)
	leaq	R_RIP(%rdx), %rsp
	rdmsr
	jmp	guest_iretq
2:	CLAC
	leaq	R_VECTOR(%rdx), %rsp
	movq	R_RAX(%rdx), %rax
	movq	R_RDX(%rdx), %rdx
	jmp	trap_enter
	EXTABLE 1b, 2b

/* Back to the guest that is current when all work is done; %rsp: the CPU's stack. */
	ENTRY ret_to_guest
	movq	%rsp, %rbp
	andq	$-STACK_BLOCK_SIZE, %rbp
	movq	(%rbp), %rbp
1:	cmpl	$0, C_SOFTIRQS(%rbp)
	jne	3f
2:	movq	C_CURRENT(%rbp), %rbx
	movq	V_INFO(%rbx), %rax
	cmpb	$0, VI_PENDING(%rax)
	jne	4f
	cmpb	$0, V_NMI(%rbx)
	jne	4f
restore_guest:
	movq	%rbx, %rsp
	POP_GPRS
	ENTRY guest_iretq 1
	GUARD_SITE guard_exit
	iretq
	.skip	3, 0xcc			/* room for the jump */

3:	call	cpu_run_softirqs
	movq	C_CURRENT(%rbp), %rbx
	cmpb	$0, V_IDLE(%rbx)
	je	1b
	movq	V_STACK(%rbx), %rsp
	GUARD_SITE guard_idle
	jmp	idle_loop
4:	movq	%rbx, %rdi
	call	pv_deliver_pending
	/* E4: if that ended the domain, it does not run on with half a frame. */
	cmpl	$0, C_SOFTIRQS(%rbp)
	jne	3b
	jmp	restore_guest

/* void enter_guest(void): leave the idle loop for the vcpu that is current. */
	ENTRY enter_guest
	movq	%rsp, %rbp
	andq	$-STACK_BLOCK_SIZE, %rbp
	leaq	STACK_BLOCK_SIZE - STACK_TOP_GAP(%rbp), %rsp
	jmp	ret_to_guest

/* Common part of exceptions and interrupts; error code and vector are pushed. */
	ENTRY trap_enter
	testb	$3, 24(%rsp)
	jz	core_enter
	CLAC
	cld
	PUSH_GPRS
	movq	%rsp, %rbx
	movq	V_STACK(%rbx), %rsp
	movq	%rbx, %rdi
	call	trap_from_guest
	jmp	ret_to_guest

	ENTRY core_enter 1
	/* Was it the iretq to a guest? Then these are the guest's registers. */
	pushq	%rax
	leaq	guest_iretq(%rip), %rax
	cmpq	%rax, 24(%rsp)
	je	iretq_fault
	popq	%rax
	CLAC
	cld
	PUSH_GPRS
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	trap_from_core
	movq	%rbx, %rsp
	POP_GPRS
	iretq

/*
 * The CPU refused the guest's rip, cs or ss. Its registers are live, the
 * fault's frame was pushed over regs.r8 .. regs.rdi: %rsp = &regs.r9.
 */
iretq_fault:
	movq	8(%rsp), %rax
	movq	%rax, R_VECTOR - R_R9(%rsp)
	movq	16(%rsp), %rax
	movq	%rax, R_ERROR - R_R9(%rsp)
	popq	%rax				/* %rsp = &regs.r8 */
	movq	%rax, R_RAX - R_R8(%rsp)
	movq	%rcx, R_RCX - R_R8(%rsp)
	movq	%rdx, R_RDX - R_R8(%rsp)
	movq	%rsi, R_RSI - R_R8(%rsp)
	movq	%rdi, R_RDI - R_R8(%rsp)
	movq	%r8, (%rsp)
	PUSH	r9, r10, r11, rbx, rbp, r12, r13, r14, r15
	ENTRY iretq_fault_saved 1
	cld
	movq	%rsp, %rdi
	movq	V_STACK(%rsp), %rsp
	call	pv_iret_fault
	jmp	ret_to_guest

/* NMI, #DB, #DF, #MC: on their own stack. */
	ENTRY ist_enter 1
	CLAC
	cld
	PUSH_GPRS
	movq	%rsp, %rdi
	testb	$3, R_CS(%rsp)
	jnz	1f
	movq	%rsp, %rbx
	call	trap_from_core
	movq	%rbx, %rsp
	POP_GPRS
	iretq
	ENTRY ist_from_guest 1
1:	call	trap_ist_to_vcpu		/* returns the vcpu */
	movq	%rax, %rbx
	movq	V_STACK(%rbx), %rsp
	movq	%rbx, %rdi
	call	trap_from_guest
	jmp	ret_to_guest

/*
 * One entry point a vector, 16 bytes each; cpu.c fills the IDT from them. The jump,
 * which it may change, is always of 5 bytes: behind the vector, whose push is, too.
 */
	.pushsection .text.entries, "ax"
.macro JUMP to
	.byte	0xe9
	.long	\to - . - 4
.endm
	ENTRY entry_points
	.set	n, 0
	.rept	256
	.balign	16
	.if	n == 8 || (n >= 10 && n <= 14) || n == 17 || n == 21
	.else
	pushq	$0
	.endif
	.if	n == 14
	GUARD_SITE guard_page_fault
	JUMP	page_fault_enter
	.else
	.byte	0x68
	.long	n
	.if	n == 1 || n == 2 || n == 8 || n == 18
	JUMP	ist_enter
	.elseif	n == 13
	JUMP	general_protection_enter
	.else
	JUMP	trap_enter
	.endif
	.endif
	.set	n, n + 1
	.endr
	.popsection

/* int uaccess_copy(void *dst, const void *src, size_t n): 0, or -14 after a fault. */
	ENTRY uaccess_copy
	movq	%rdx, %rcx
	STAC
	shrq	$3, %rcx
1:	rep movsq
	movl	%edx, %ecx
	andl	$7, %ecx
2:	rep movsb
	CLAC
	xorl	%eax, %eax
	ret
3:	CLAC
	movl	$-14, %eax
	ret
	EXTABLE 1b, 3b
	EXTABLE 2b, 3b

/* int uaccess_clear(void *dst, size_t n) */
	ENTRY uaccess_clear
	movq	%rsi, %rcx
	xorl	%eax, %eax
	STAC
1:	rep stosb
	CLAC
	ret
	EXTABLE 1b, 3b

/* int uaccess_cmpxchg8(u64 *p, u64 *old, u64 new): as the builtin; 1 done, 0 not, -14. */
	ENTRY uaccess_cmpxchg8
	movq	(%rsi), %rax
	STAC
1:	lock cmpxchgq %rdx, (%rdi)
	CLAC
	movq	%rax, (%rsi)
	sete	%al
	movzbl	%al, %eax
	ret
	EXTABLE 1b, 3b

/* int load_segment_*(u16 sel): 0, or -14 with the null selector loaded. */
.macro SEGMENT reg
	ENTRY	load_segment_\reg
1:	movw	%di, %\reg
	xorl	%eax, %eax
	ret
2:	xorl	%eax, %eax
	movw	%ax, %\reg
	movl	$-14, %eax
	ret
	EXTABLE 1b, 2b
.endm
	SEGMENT ds
	SEGMENT es
	SEGMENT fs
	SEGMENT gs

/* int xrstor_safe(void *area, u64 mask): also fxrstor when mask is 0. */
	ENTRY xrstor_safe
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
	testq	%rsi, %rsi
	jz	2f
1:	xrstor64 (%rdi)
	xorl	%eax, %eax
	ret
2:	fxrstor64 (%rdi)
	xorl	%eax, %eax
	ret
3:	movl	$-14, %eax
	ret
	EXTABLE 1b, 3b
	EXTABLE 2b, 3b
