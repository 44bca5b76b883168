/* SPDX-License-Identifier: GPL-2.0-only */
/* Circular doubly linked lists. */
#ifndef XENLITE_LIST_H
#define XENLITE_LIST_H

#include "types.h"

struct list { struct list *next, *prev; };

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_add(struct list *head, struct list *l)
{
	l->next = head->next;
	l->prev = head;
	head->next->prev = l;
	head->next = l;
}

static inline void list_add_tail(struct list *head, struct list *l)
{
	list_add(head->prev, l);
}

static inline void list_del(struct list *l)
{
	l->next->prev = l->prev;
	l->prev->next = l->next;
	list_init(l);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_for_each(p, head) \
	for (struct list *p = (head)->next; p != (head); p = p->next)

#endif
