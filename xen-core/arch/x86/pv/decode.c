// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instruction decoding, as far as emulation needs it (SDM volume 2, chapter 2).
 *
 * The bytes are fetched once and decoded from that copy; the guest may change
 * its code meanwhile, which then makes no difference. Addresses of memory
 * operands are not computed: the CPU has told the one that matters.
 */
#include "pv.h"

#define INSN_MAX	15

/* What follows an opcode byte. */
enum form { NONE, MODRM = 1, IMM8 = 2, IMMZ = 4, PREFIX = 8 };

static const u8 one_byte[256] = {
	[0x08 ... 0x09] = MODRM, [0x20 ... 0x21] = MODRM, [0x30 ... 0x31] = MODRM,
	[0x26] = PREFIX, [0x2e] = PREFIX, [0x36] = PREFIX, [0x3e] = PREFIX,
	[0x64 ... 0x67] = PREFIX, [0xf0] = PREFIX, [0xf2] = PREFIX, [0xf3] = PREFIX,
	[0x80] = MODRM | IMM8, [0x81] = MODRM | IMMZ, [0x83] = MODRM | IMM8,
	[0x86 ... 0x89] = MODRM, [0xc6] = MODRM | IMM8, [0xc7] = MODRM | IMMZ,
	[0xcd] = IMM8, [0xe4 ... 0xe7] = IMM8,
};

static const u8 two_byte[256] = {
	[0x01] = MODRM, [0x20 ... 0x23] = MODRM, [0xa3] = MODRM, [0xab] = MODRM,
	[0xb0 ... 0xb1] = MODRM, [0xb3] = MODRM, [0xba] = MODRM | IMM8, [0xbb] = MODRM,
	[0xc0 ... 0xc1] = MODRM,
};

u64 *insn_reg(struct regs *r, u32 n)
{
#define REG(name) offsetof(struct regs, name)
	static const u8 map[16] = {
		REG(rax), REG(rcx), REG(rdx), REG(rbx), REG(rsp), REG(rbp), REG(rsi), REG(rdi),
		REG(r8), REG(r9), REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15),
	};

	return (u64 *)((u8 *)r + map[n & 15]);
}

static const u8 *decode_prefixes(struct insn *i, const u8 *p)
{
	const u8 *end = p + INSN_MAX;

	for (; one_byte[*p] & PREFIX && p < end; p++) {
		i->opsize16 |= *p == 0x66;
		i->rep |= *p == 0xf2 || *p == 0xf3;
	}
	if ((*p & 0xf0) == 0x40)
		i->rex = *p++;
	i->bytes = i->rex & 8 ? 8 : i->opsize16 ? 2 : 4;
	return p;
}

static const u8 *decode_modrm(struct insn *i, const u8 *p)
{
	u8 modrm = *p++, mod = modrm >> 6, rm = modrm & 7;

	i->modrm = modrm;
	i->reg = (modrm >> 3 & 7) | (i->rex & 4) << 1;
	i->rm = rm | (i->rex & 1) << 3;
	if (mod == 3)
		return p;
	i->is_memory = true;
	if (rm == 4)
		rm = *p++ & 7;	/* SIB: its base field counts below */
	if (mod == 1)
		return p + 1;
	return mod == 2 || rm == 5 ? p + 4 : p;
}

/* @got bytes were fetched; behind them is room for the rest of any form that starts in time. */
static bool decode(struct insn *i, const u8 bytes[INSN_MAX + 17], u32 got)
{
	u32 unused;
	const u8 *p;
	u64 imm;
	u8 form;

	*i = (struct insn){ 0 };
	p = decode_prefixes(i, bytes);
	i->opcode = *p++;
	form = one_byte[i->opcode];
	if (i->opcode == 0x0f) {
		form = two_byte[*p];
		i->opcode = 0x0f00 | *p++;
	}
	if (form & MODRM)
		p = decode_modrm(i, p);
	if (form & (IMM8 | IMMZ)) {
		/* The bytes behind it go at the top; then its sign comes down from there. */
		unused = form & IMM8 ? 7 : i->bytes == 2 ? 6 : 4;
		memcpy(&imm, p, sizeof(imm));
		i->imm = (s64)(imm << 8 * unused) >> 8 * unused;
		p += 8 - unused;
	}
	i->len = p - bytes;
	return i->len <= got;
}

struct insn_cache insn_cache[MAX_CPUS];

const struct insn *insn_decode_new(struct vcpu *v, struct insn_cache *c)
{
	u64 bytes[(INSN_MAX + 17) / 8] = { 0 }, rip = v->regs.rip;
	u32 got = 16;

	if (copy_from_guest(bytes, GVA(rip), got)) {
		/* The next page may be absent without being needed. */
		got = MIN(got, (u32)(PAGE_SIZE - (rip & ~PAGE_MASK)));
		if (copy_from_guest(bytes, GVA(rip), got))
			return NULL;
	}
	if (!decode(&c->other, (u8 *)bytes, got))
		return NULL;
	if (got == 16) {
		c->lo = bytes[0];
		c->hi = bytes[1];
		c->insn = c->other;
	}
	return &c->other;
}

/** insn_read_reg() - register @n as an operand of @bytes */
u64 insn_read_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes)
{
	if (bytes == 1 && !i->rex && n >= 4 && n < 8)
		return *insn_reg(r, n - 4) >> 8 & 0xff;	/* ah, ch, dh, bh */
	return *insn_reg(r, n) & ~0ull >> (64 - 8 * bytes);
}

/** insn_write_reg() - the same as a destination; 4 bytes clear the upper half */
void insn_write_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes, u64 v)
{
	if (bytes == 1 && !i->rex && n >= 4 && n < 8)
		((u8 *)insn_reg(r, n - 4))[1] = v;
	else if (bytes == 4)
		*insn_reg(r, n) = (u32)v;
	else
		memcpy(insn_reg(r, n), &v, bytes);
}
