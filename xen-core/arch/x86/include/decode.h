/* SPDX-License-Identifier: GPL-2.0-only */
/* A decoded instruction of a guest. */
#ifndef XENLITE_DECODE_H
#define XENLITE_DECODE_H

#include "domain.h"

/**
 * struct insn - one instruction
 * @opcode:	last byte; 0x0f00 more for the two-byte map
 * @bytes:	operand size of the non-byte forms
 * @reg,@rm:	register operands of ModRM, with REX
 * @is_memory:	ModRM names memory, not a register
 */
struct insn {
	u16 opcode;
	u8 len, bytes, rex, modrm, reg, rm;
	bool opsize16, rep, is_memory;
	s64 imm;
};

bool insn_decode(struct vcpu *v, struct insn *i);
const struct insn *insn_decode_again(struct vcpu *v);
u64 *insn_reg(struct regs *r, u32 n);
u64 insn_read_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes);
void insn_write_reg(const struct insn *i, struct regs *r, u32 n, u32 bytes, u64 v);

#endif
