// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instruction decoding, as far as emulation needs it (SDM volume 2, chapter 2).
 *
 * The bytes are fetched once and decoded from that copy; the guest may change
 * its code meanwhile, which then makes no difference.
 */
#include "asm.h"
#include "compiler.h"
#include "decode.h"
#include "pv.h"
#include "string.h"
#include "uaccess.h"

struct cursor { const u8 *p, *end; bool bad; };

static u64 take(struct cursor *c, u32 bytes)
{
	u64 v = 0;

	if (c->end - c->p < (long)bytes) {
		c->bad = true;
		return 0;
	}
	memcpy(&v, c->p, bytes);
	c->p += bytes;
	return v;
}

static s64 take_signed(struct cursor *c, u32 bytes)
{
	u64 v = take(c, bytes);

	return (s64)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

u64 *insn_reg(struct regs *r, u32 n)
{
	u64 *const map[16] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
		&r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15,
	};

	return map[n & 15];
}

static void decode_prefixes(struct insn *i, struct cursor *c)
{
	i->bytes = 4;
	for (;;) {
		u8 b = take(c, 1);

		switch (b) {
		case 0x66: i->opsize16 = true; continue;
		case 0x67: continue;
		case 0xf0: continue;
		case 0xf2: case 0xf3: i->rep = b; continue;
		case 0x2e: case 0x36: case 0x3e: case 0x26: case 0x64: case 0x65: continue;
		}
		if ((b & 0xf0) == 0x40) {
			i->rex = b;
			b = take(c, 1);
		}
		i->opcode = b;
		if (b == 0x0f)
			i->opcode = 0x0f00 | take(c, 1);
		break;
	}
	if (i->opsize16)
		i->bytes = 2;
	if (i->rex & 8)
		i->bytes = 8;
}

/* Only the length of a memory operand matters: the CPU knows its address. */
static void decode_modrm(struct insn *i, struct cursor *c)
{
	u8 modrm = take(c, 1), mod = modrm >> 6, rm = modrm & 7;
	u32 disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;

	i->modrm = modrm;
	i->reg = (modrm >> 3 & 7) | (i->rex & 4) << 1;
	i->rm = rm | (i->rex & 1) << 3;
	i->is_memory = mod != 3;
	if (!i->is_memory)
		return;
	if (rm == 4)
		rm = take(c, 1) & 7;	/* SIB: its base field counts below */
	if (!mod && rm == 5)
		disp = 4;
	c->p += disp;
	c->bad |= c->p > c->end;
}

static bool has_modrm(u16 op)
{
	if (op < 0x100)
		return (op < 0x40 && (op & 7) < 4) || (op >= 0x80 && op <= 0x8b) ||
		       op == 0xc6 || op == 0xc7 || op == 0xf6 || op == 0xf7;
	switch (op & 0xff) {
	case 0x01: case 0x20 ... 0x23: case 0x00:
	case 0xa3: case 0xab: case 0xb3: case 0xbb: case 0xba: case 0xb0: case 0xb1:
	case 0xc0: case 0xc1:
		return true;
	default:
		return false;
	}
}

static u32 immediate_bytes(const struct insn *i)
{
	switch (i->opcode) {
	case 0x80: case 0x83: case 0xc6: case 0x0fba: case 0xcd:
	case 0xe4: case 0xe5: case 0xe6: case 0xe7:
		return 1;
	case 0x81: case 0xc7:
		return i->bytes == 2 ? 2 : 4;
	default:
		return 0;
	}
}

/**
 * insn_decode() - the instruction at the guest's rip.
 * Return: false when it cannot be fetched or is longer than 16 bytes.
 */
bool insn_decode(struct vcpu *v, struct insn *i)
{
	u64 rip = v->regs.rip;
	u32 imm, n = 16, room = PAGE_SIZE - (rip & ~PAGE_MASK);
	u8 bytes[16];
	struct cursor c;

	*i = (struct insn){ 0 };
	/* The next page may be absent without being needed. */
	if (copy_from_guest(bytes, GVA(rip), n)) {
		n = MIN(n, room);
		if (copy_from_guest(bytes, GVA(rip), n))
			return false;
	}
	c = (struct cursor){ bytes, bytes + n, false };
	decode_prefixes(i, &c);
	if (has_modrm(i->opcode))
		decode_modrm(i, &c);
	imm = immediate_bytes(i);
	if (imm)
		i->imm = take_signed(&c, imm);
	i->len = c.p - bytes;
	return !c.bad;
}

/** insn_read_reg() - register @n as an operand of @bytes */
u64 insn_read_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes)
{
	u64 v;

	if (bytes == 1 && !i->rex && n >= 4 && n < 8)
		return *insn_reg(r, n - 4) >> 8 & 0xff;	/* ah, ch, dh, bh */
	v = *insn_reg(r, n);
	return bytes == 8 ? v : v & ((1ull << 8 * bytes) - 1);
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
