// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to page tables that trap: emulated as validated updates.
 *
 * A live L1 table is mapped read-only; a kernel that writes to it all the
 * same (fork's ptep_set_wrprotect, set_pte outside a batch) faults, and the
 * instruction is carried out here on the entry. Higher levels and what does
 * not validate go to the guest as the page faults they are.
 */
#include "pv.h"

enum { FLAG_PF = 0x04, FLAG_ZF = 0x40, FLAG_SF = 0x80, FLAGS_ARITH = 0x8d5 /* and OF AF CF */ };

/* What an instruction does to its operand of @bytes: @old becomes @new. */
struct rmw {
	u32 bytes;
	u64 old, new;
	bool write;		/* false: a failed compare leaves the operand */
};

static u64 mask_of(u32 bytes)
{
	return ~0ull >> (64 - 8 * bytes);
}

static void set_zf(struct regs *r, bool z)
{
	r->rflags = (r->rflags & ~(u64)FLAGS_ARITH) | (z ? FLAG_ZF : 0);
}

/* @op as in an opcode of group 1: OR, AND, XOR. Others do not write page tables. */
static bool do_logic(struct regs *r, struct rmw *m, u32 op, u64 src)
{
	if (op != 1 && op != 4 && op != 6)
		return false;
	m->new = op == 1 ? m->old | src : op == 4 ? m->old & src : m->old ^ src;
	set_zf(r, !(m->new & mask_of(m->bytes)));
	r->rflags |= m->new >> (8 * m->bytes - 1) & 1 ? FLAG_SF : 0;
	r->rflags |= __builtin_popcount(m->new & 0xff) & 1 ? 0 : FLAG_PF;
	return true;
}

/* @op as in an opcode of group 8: BTS, BTR, BTC. */
static bool do_bit(struct regs *r, struct rmw *m, u32 op, u64 bit)
{
	u64 b = 1ull << (bit & (8 * m->bytes - 1));

	if (op < 5)
		return false;
	m->new = op == 5 ? m->old | b : op == 6 ? m->old & ~b : m->old ^ b;
	r->rflags = (r->rflags & ~1ull) | (m->old & b ? 1 : 0);
	return true;
}

static void do_cmpxchg(const struct insn *i, struct regs *r, struct rmw *m)
{
	u64 mask = mask_of(m->bytes);

	if ((r->rax & mask) == (m->old & mask)) {
		m->new = insn_read_reg(i, r, i->reg, m->bytes);
		set_zf(r, true);
	} else {
		insn_write_reg(i, r, 0, m->bytes, m->old);
		set_zf(r, false);
		m->write = false;
	}
}

/* What @i makes of m->old; registers and flags change in @r. */
static bool execute(const struct insn *i, struct regs *r, struct rmw *m)
{
	m->write = true;
	switch (i->opcode) {
	case 0x88: case 0x89:
		m->new = insn_read_reg(i, r, i->reg, m->bytes);
		return true;
	case 0xc6: case 0xc7:
		m->new = i->imm;
		return !(i->modrm & 0x38);
	case 0x86: case 0x87:
		m->new = insn_read_reg(i, r, i->reg, m->bytes);
		insn_write_reg(i, r, i->reg, m->bytes, m->old);
		return true;
	case 0x80: case 0x81: case 0x83:
		return do_logic(r, m, i->modrm >> 3 & 7, i->imm);
	case 0x08: case 0x09: case 0x20: case 0x21: case 0x30: case 0x31:
		return do_logic(r, m, i->opcode >> 3, insn_read_reg(i, r, i->reg, m->bytes));
	case 0x0fba:
		return do_bit(r, m, i->modrm >> 3 & 7, i->imm);
	case 0x0fab: case 0x0fb3: case 0x0fbb:
		return do_bit(r, m, i->opcode >> 3 & 7, insn_read_reg(i, r, i->reg, 8));
	case 0x0fb0: case 0x0fb1:
		do_cmpxchg(i, r, m);
		return true;
	case 0xaa: case 0xab:
		m->new = insn_read_reg(i, r, 0, m->bytes);
		r->rdi += r->rflags & EFLAGS_DF ? -(u64)m->bytes : m->bytes;
		return !i->rep;
	default:
		return false;
	}
}

/* The whole entry stored (set_pte), or exchanged with a register (ptep_get_and_clear). */
static bool store_entry(struct domain *d, const struct insn *i, struct regs *r, u64 *slot)
{
	u64 *reg = insn_reg(r, i->reg), old;
	int err;

	do {
		old = READ_ONCE(*slot);
		err = pt_exchange_l1(d, slot, old, *reg);
	} while (unlikely(err == -EAGAIN));
	if (!err && i->opcode == 0x87)
		*reg = old;
	return !err;
}

/* Return: false when the guest gets a page fault; then nothing has changed. */
static bool emulate_on(struct domain *d, const struct insn *i, struct regs *r, u64 *slot, u32 off)
{
	/* Opcodes are even for bytes and odd for more, but for group 8. */
	struct rmw m = { .bytes = i->opcode & 1 || i->opcode == 0x0fba ? i->bytes : 1 };
	u64 mask = mask_of(m.bytes) << off * 8, entry;
	struct regs before;
	int err = 0;

	if (off + m.bytes > 8)
		return false;
	if (m.bytes == 8 && (i->opcode == 0x87 || i->opcode == 0x89))
		return store_entry(d, i, r, slot);
	before = *r;
	/* P9: between read and write the CPU may set A or D, which must not be lost. */
	do {
		entry = READ_ONCE(*slot);
		m.old = entry >> off * 8 & mask_of(m.bytes);
		if (execute(i, r, &m)) {
			err = !m.write ? 0 : pt_exchange_l1(d, slot, entry, (entry & ~mask) |
							    (m.new << off * 8 & mask));
			if (!err)
				return true;
		}
		*r = before;
	} while (err == -EAGAIN);
	return false;
}

/* P8: the frame that @va maps read-only, when it is a live L1 table of @d. */
static u64 *find_table_slot(struct vcpu *v, u64 va)
{
	u64 *slot = pt_find_l1(v->arch.kernel_cr3, va), e;

	if (!slot)
		return NULL;
	e = READ_ONCE(*slot);
	if ((e & (PTE_P | PTE_W)) != PTE_P || !mfn_valid(PTE_MFN(e)) ||
	    !page_is_l1(mfn_to_page(PTE_MFN(e)), v->domain))
		return NULL;
	return (u64 *)mfn_to_virt(PTE_MFN(e)) + (va >> 3 & 511);
}

bool ptwr_emulate(struct vcpu *v, u64 va)
{
	struct domain *d = v->domain;
	const struct insn *insn;
	u64 *slot;
	spin_guard(&d->pt_lock);

	slot = find_table_slot(v, va);
	if (slot)
		log_dirty_slot(d, slot, 0);
	insn = slot ? insn_decode(v) : NULL;
	/* The CPU told the operand's address; what matters here is that there is one. */
	if (!insn || !(insn->is_memory || insn->opcode == 0xaa || insn->opcode == 0xab) ||
	    !emulate_on(d, insn, &v->regs, slot, va & 7))
		return false;
	log_dirty_slot(d, slot, 0);	/* what it allows now */
	v->regs.rip += insn->len;
	return true;
}
