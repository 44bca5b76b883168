/* SPDX-License-Identifier: GPL-2.0-only */
/* Circular doubly linked lists. */
#ifndef XENLITE_LIST_H
#define XENLITE_LIST_H

struct list { struct list *next, *prev; };

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

/* Put @l before @head, which is the end of the list, or another one of its members. */
static inline void list_add_tail(struct list *head, struct list *l)
{
	*l = (struct list){ .next = head, .prev = head->prev };
	head->prev->next = l;
	head->prev = l;
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
