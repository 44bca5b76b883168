/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of the hypercall surface: one attacker after the other, a victim
 * that has to keep its memory and be served, and dom0, which looks after both.
 *
 * An attacker is a domain of two vcpus, and of a third for them to start: it is
 * down until one of them gets its context right, and then joins. Each draws from
 * its own sequence, which follows from the seed, so a seed names an attack up to the
 * order in which the vcpus meet. They share their arguments and their memory on
 * purpose. At times dom0 logs what an attacker writes to.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "domain.h"

#define ATTACKER_ID	77	/* the victim's grants and ports are for it */
#define ATTACKER_VCPUS	3
#define SPARE_VCPU	2	/* not started by the attacker itself */
#define VICTIM_PORTS	4
#define VICTIM_GRANTS	8
#define NR_FOREIGN	8
#define NR_CALLS	42

/* Words of the mail. */
enum {
	WORD_SEED,		/* attacker: where its sequences begin */
	WORD_VICTIM,		/* attacker: the victim's domid */
	WORD_FRAMES,		/* attacker: frames of the machine */
	WORD_CALLS,		/* attacker: done by each vcpu */
	WORD_PING = WORD_CALLS + ATTACKER_VCPUS,	/* victim: asked */
	WORD_PONG,		/* victim: answered */
	WORD_BROKEN,		/* victim: 1 + the page that has changed */
	WORD_PORT,		/* victim: what it offers to the attacker */
	WORD_FOREIGN = WORD_PORT + VICTIM_PORTS,	/* attacker: some frames of others */
	WORD_TRAPS = WORD_FOREIGN + NR_FOREIGN,		/* attacker: how many, the last one */
	WORD_COUNTS = WORD_TRAPS + 4,	/* attacker: calls, and refused ones */
};

struct fuzz_vcpu {
	char stack[4 * PAGE_SIZE];
	char entry_stack[4 * PAGE_SIZE];	/* from user mode to kernel mode */
	struct micro_jmp restart;
	uint64_t random;
	uint64_t calls;
	unsigned int id;
	evtchn_port_t timer_port;
} __attribute__((aligned(PAGE_SIZE)));

extern struct fuzz_vcpu fuzz_vcpus[ATTACKER_VCPUS];
extern struct trap_info fuzz_traps[257];	/* those we live by */

/* Where the spare vcpu begins. */
void fuzz_spare_run(void);

/* --- values.c: random values, mostly nearly right --- */

#define PLAY_PAGES	96	/* what the attacker does things to */
#define PLAY_TABLES	8	/* of these: L1 tables of the scratch slots */

extern char *fuzz_page[PLAY_PAGES];
extern uint64_t *fuzz_table[PLAY_TABLES];
extern uint64_t fuzz_page_slot[PLAY_PAGES], fuzz_table_slot[PLAY_TABLES];
extern char fuzz_args[4 * PAGE_SIZE];

void fuzz_values_init(void);
uint64_t fuzz_page_pte(unsigned int i);
uint64_t fuzz_random(struct fuzz_vcpu *v);
/* One in @n. */
bool fuzz_chance(struct fuzz_vcpu *v, unsigned int n);
uint64_t fuzz_below(struct fuzz_vcpu *v, uint64_t n);
/* Something to do, and how often among others. */
struct fuzz_kind {
	void (*run)(struct fuzz_vcpu *v);
	unsigned int weight;
};
void fuzz_one_of(struct fuzz_vcpu *v, const struct fuzz_kind *kinds, unsigned int nr);
uint64_t fuzz_number(struct fuzz_vcpu *v);
uint64_t fuzz_mfn(struct fuzz_vcpu *v);
uint64_t fuzz_pte(struct fuzz_vcpu *v);
uint64_t fuzz_slot(struct fuzz_vcpu *v);
uint64_t fuzz_va(struct fuzz_vcpu *v);
uint64_t fuzz_domid(struct fuzz_vcpu *v);
uint64_t fuzz_descriptor(struct fuzz_vcpu *v);
/* Room for arguments, at times in use by the other vcpu, too. */
void *fuzz_room(struct fuzz_vcpu *v, size_t size);
/* The pointer to pass for it: at times a bad one. */
void *fuzz_pointer(struct fuzz_vcpu *v, void *good);

/* --- calls.c, instructions.c: one thing to do --- */

void fuzz_call(struct fuzz_vcpu *v);
void fuzz_instruction(struct fuzz_vcpu *v);

#endif
