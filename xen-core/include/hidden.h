/* SPDX-License-Identifier: GPL-2.0-only */
/* Given to every file of the core: all symbols are its own, none needs a GOT. */
#pragma GCC visibility push(hidden)
