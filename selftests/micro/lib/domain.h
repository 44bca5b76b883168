/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Further domains, made by the micro-guest that is dom0 out of its own image.
 *
 * A MICRO_TEST_DOMU's body runs in an unprivileged domain. It prints, checks and
 * ends like any test; its lines come to dom0 through the console ring, the
 * outcome through the mail, a page that both map. dom0 ends the domain then and
 * checks that all of its memory came back. A test of several cases is run in a
 * domain of its own for each: a case may end its domain.
 *
 * The domain may ask dom0 to do something (micro_ask()): that is how a test has
 * a peer. dom0 answers by the test's serve(), while the domain waits.
 */
#ifndef MICRO_DOMAIN_H
#define MICRO_DOMAIN_H

#include "micro.h"

#include <xen/domctl.h>
#include <xen/io/console.h>

#define DOMAIN_PAGES	2560	/* at most */
#define MAIL_WORDS	256
#define MICRO_GRANT_FRAMES 32	/* of each domain */

/* The store page of a domain's start_info. */
struct micro_mail {
	uint32_t id;			/* the domain's own */
	uint32_t which;			/* the case */
	uint32_t asked, answered;	/* how often */
	uint32_t question;
	uint64_t argument;
	int64_t answer;
	uint32_t over;			/* 1 + outcome */
	char reason[160];
	uint64_t word[MAIL_WORDS];	/* as the test likes */
};

struct micro_domain {
	domid_t wanted_id, id;		/* 0: any */
	bool has_port;			/* that it may call us by */
	evtchn_port_t port;		/* ours; the domain has its own of the pair */
	unsigned int nr_pages;
	unsigned int l4_pfn;
	unsigned long free_before;	/* frames of the machine */
	long kept_before;		/* tables of those that are gone */
	xen_pfn_t mfn[DOMAIN_PAGES];
	struct micro_mail *mail;
	struct xencons_interface *console;
	char window[2][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
};

struct micro_guest {
	void (*body)(void);		/* runs in the domain */
	int64_t (*serve)(struct micro_domain *d, uint32_t question, uint64_t argument);
	unsigned int cases;
};

#define MICRO_TEST_DOMU_SERVED(test, nr, serve_)			\
	static void test##_body(void);					\
	static const struct micro_guest test##_is = {			\
		.body = test##_body, .serve = serve_, .cases = nr,	\
	};								\
	const struct micro_test micro_entry_shared__##test		\
	__attribute__((used, aligned(8), section(".micro_table." #test))) = { \
		.name = #test, .guest = &test##_is,			\
	};								\
	static void test##_body(void)

/* The body is run in a domain of its own. */
#define MICRO_TEST_DOMU(test)		MICRO_TEST_DOMU_SERVED(test, 1, NULL)
/* The same once for each case: micro_mail->which is 0 to nr - 1. */
#define MICRO_TEST_DOMU_CASES(test, nr)	MICRO_TEST_DOMU_SERVED(test, nr, NULL)

/* --- in dom0 --- */

extern struct xen_domctl micro_domctl;

long micro_domctl_do(uint32_t cmd, domid_t id);
void micro_domctl_clear(void);
long micro_domctl_create(domid_t wanted, uint32_t vcpus);
domid_t micro_domctl_create_vcpus(domid_t wanted, uint32_t vcpus);
void micro_domctl_destroy(domid_t id);
unsigned long micro_free_pages(void);
bool micro_is_ours(void);
long micro_map_of(domid_t id, void *va, uint64_t pte);
void micro_domain_test(const char *name, const struct micro_guest *guest);
void micro_domain_build(struct micro_domain *d, const char *command_line,
			unsigned int vcpus);
void micro_domain_start(struct micro_domain *d);
void micro_vcpu_place(domid_t id, uint32_t vcpu, uint64_t cpus);
void micro_domain_place(domid_t id, uint64_t cpus);
void micro_domain_print(struct micro_domain *d);
void micro_domain_serve(struct micro_domain *d, const struct micro_guest *guest);
bool micro_domain_has_ended(struct micro_domain *d, unsigned int *reason);
void micro_domain_destroy(struct micro_domain *d);
void micro_domain_save_data(void);
uint64_t *micro_pattern(void);
bool micro_pattern_is_intact(void);

/* --- in the domain --- */

extern struct micro_mail *micro_mail;

static inline bool micro_is_dom0(void)
{
	return micro_start_info->flags & SIF_INITDOMAIN;
}

void micro_guest_init(void);
void micro_guest_write(const char *text, size_t length);
void micro_guest_drain(void);
void micro_guest_over(unsigned int outcome, const char *reason) __attribute__((noreturn));
int64_t micro_ask(uint32_t question, uint64_t argument);
void micro_ask_begin(uint32_t question, uint64_t argument);
int64_t micro_ask_end(void);

#endif
