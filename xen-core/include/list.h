/* SPDX-License-Identifier: GPL-2.0-only */
/* Circular doubly linked lists. */
#ifndef XENLITE_LIST_H
#define XENLITE_LIST_H

struct list { struct list *next, *prev; };

static inline void list_init(struct list *l) { l->next = l->prev = l; }

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
/* Each member @p of type @type, whose link is @member; none is taken out meanwhile. */
#define list_for_each(type, p, head, member) \
	for (type *p = list_entry((head)->next, type, member); &p->member != (head); \
	     p = list_entry(p->member.next, type, member))

#endif
