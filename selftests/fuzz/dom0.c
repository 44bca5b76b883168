// SPDX-License-Identifier: GPL-2.0-only
/*
 * dom0's part: makes the attackers, logs what they write to, looks after the victim,
 * counts the frames.
 *
 * Command line: seed=N (the first attacker's) and seconds=N.
 */
#include "fuzz.h"

#include <xen/sysctl.h>

#define MS		1000000UL
#define PAGES		64
#define PING_LIMIT	(20000 * MS)	/* the machine may be slow */
#define PING_PERIOD	(50 * MS)
#define IDLE_LIMIT	(250 * MS)	/* an attacker that does nothing more */
#define LIFE_LIMIT	(3000 * MS)
#define CALL_TIME	100	/* ns: no call is shorter */
#define ENOUGH		20	/* attacks, to see all that is in them */

static struct micro_domain victim, attacker;
static uint64_t *page[PAGES];
static uint64_t pinged;
static uint64_t counts[2 * NR_CALLS];
static struct fuzz_vcpu dice;		/* our own sequence: of log-dirty */
static uint64_t logged, joined;		/* frames reported; attackers with a third vcpu */

static uint64_t argument(const char *name)
{
	const char *at;
	uint64_t value = 0;

	for (at = (const char *)micro_start_info->cmd_line; *at; at++)
		if (!strncmp(at, name, strlen(name))) {
			for (at += strlen(name); *at >= '0' && *at <= '9'; at++)
				value = value * 10 + *at - '0';
			break;
		}
	return value;
}

static void send(struct micro_domain *d)
{
	struct evtchn_send op = { .port = d->port };

	micro_event_op(EVTCHNOP_send, &op);
}

/* Ping the victim when it has answered; it must, before long, and be whole. */
static void check_victim(void)
{
	struct micro_mail *mail = victim.mail;

	if (READ_ONCE(mail->word[WORD_BROKEN]))
		micro_error("page %lu of the victim has changed", mail->word[WORD_BROKEN] - 1);
	if (READ_ONCE(mail->word[WORD_PONG]) != mail->word[WORD_PING]) {
		if (micro_time_now() - pinged > PING_LIMIT)
			micro_error("the victim does not answer any more");
		return;
	}
	if (micro_time_now() - pinged < PING_PERIOD)
		return;
	pinged = micro_time_now();
	WRITE_ONCE(mail->word[WORD_PING], mail->word[WORD_PING] + 1);
	send(&victim);
}

static void check_own(void)
{
	unsigned int i, j;

	for (i = 0; i < PAGES; i++)
		for (j = 0; j < 512; j++)
			if (page[i][j] != ~(i * 512UL + j))
				micro_error("page %u of dom0 has changed", i);
}

static void wait(unsigned int ms)
{
	struct sched_poll poll = { .timeout = micro_time_now() + ms * MS };

	hc_sched_op(SCHEDOP_poll, &poll);
}

static uint64_t calls_of(struct micro_domain *d)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < ATTACKER_VCPUS; i++)
		sum += READ_ONCE(d->mail->word[WORD_CALLS + i]);
	return sum;
}

/* It may wait for what never comes, or run in circles: an NMI helps. */
static void shake(struct micro_domain *d)
{
	unsigned int i;

	for (i = 0; i < ATTACKER_VCPUS; i++) {
		memset(&micro_domctl, 0, sizeof(micro_domctl));
		micro_domctl.u.sendtrigger.vcpu = i;
		micro_domctl_do(XEN_DOMCTL_sendtrigger, d->id);
	}
	memset(&micro_domctl, 0, sizeof(micro_domctl));
}

/* Where its vcpus are. */
static void show(struct micro_domain *d)
{
	static struct vcpu_guest_context context;
	unsigned int i;

	for (i = 0; i < ATTACKER_VCPUS; i++) {
		struct xen_domctl_getvcpuinfo *info = &micro_domctl.u.getvcpuinfo;

		memset(&micro_domctl, 0, sizeof(micro_domctl));
		info->vcpu = i;
		micro_domctl_do(XEN_DOMCTL_getvcpuinfo, d->id);
		micro_info("vcpu%u: online=%u blocked=%u running=%u time=%lu ms", i, info->online,
			   info->blocked, info->running, info->cpu_time / MS);
		memset(&micro_domctl, 0, sizeof(micro_domctl));
		micro_domctl.u.vcpucontext.vcpu = i;
		set_xen_guest_handle(micro_domctl.u.vcpucontext.ctxt, &context);
		if (!micro_domctl_do(XEN_DOMCTL_getvcpucontext, d->id))
			micro_info("vcpu%u: rip=%lx cs=%x rax=%lx rdi=%lx rsi=%lx rflags=%lx", i,
				   context.user_regs.rip, context.user_regs.cs,
				   context.user_regs.rax, context.user_regs.rdi,
				   context.user_regs.rsi, context.user_regs.rflags);
	}
	memset(&micro_domctl, 0, sizeof(micro_domctl));
}

/* On, off, or a look at what it wrote to, with a bitmap of any size, or none. */
static void log_dirty(struct micro_domain *d, bool *on)
{
	static const uint32_t ops[] = {
		XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, XEN_DOMCTL_SHADOW_OP_OFF,
		XEN_DOMCTL_SHADOW_OP_PEEK, XEN_DOMCTL_SHADOW_OP_CLEAN,
		XEN_DOMCTL_SHADOW_OP_CLEAN,
	};
	struct xen_domctl_shadow_op *s = &micro_domctl.u.shadow_op;
	static uint64_t bitmap[4096];
	bool enable;
	long ret;

	micro_domctl_clear();
	s->op = ops[fuzz_below(&dice, ARRAY_SIZE(ops))];
	s->pages = fuzz_chance(&dice, 4) ? fuzz_below(&dice, sizeof(bitmap) * 8) :
		   sizeof(bitmap) * 8;
	if (!fuzz_chance(&dice, 8))
		s->dirty_bitmap.p = (void *)bitmap;
	enable = s->op == XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY;
	ret = micro_domctl_do(XEN_DOMCTL_shadow_op, d->id);
	if (ret != (*on == enable ? -XEN_EINVAL : 0))
		micro_error("log-dirty operation %u, when it is %s: %ld", s->op,
			    *on ? "on" : "off", ret);
	if (!ret) {
		*on = s->op != XEN_DOMCTL_SHADOW_OP_OFF;
		logged += s->op == XEN_DOMCTL_SHADOW_OP_CLEAN ? s->stats.dirty_count : 0;
	}
	micro_domctl_clear();
}

/* Return: what ended it. */
static const char *watch(void)
{
	bool logs = false;
	uint64_t start = micro_time_now(), moved = start, calls = 0, now;
	static const char * const why[] = {
		"poweroff", "reboot", "suspend", "crash", "watchdog",
	};
	unsigned int reason;

	for (;;) {
		wait(5);
		check_victim();
		if (fuzz_chance(&dice, 6))
			log_dirty(&attacker, &logs);
		if (micro_domain_has_ended(&attacker, &reason))
			return reason < ARRAY_SIZE(why) ? why[reason] : "other shutdown";
		now = micro_time_now();
		if (calls_of(&attacker) != calls) {
			calls = calls_of(&attacker);
			moved = now;
		}
		if (calls && now - moved > IDLE_LIMIT / 2)
			shake(&attacker);
		if (calls && now - moved > IDLE_LIMIT) {
			show(&attacker);
			return "idle";
		}
		if (now - start > LIFE_LIMIT)
			return "time";
	}
}

/* The attacker's own counts, which it may have written anything over. */
static uint64_t believe(uint64_t count, uint64_t most)
{
	return count <= most ? count : 0;
}

static uint64_t attack(uint64_t seed, uint64_t frames)
{
	const char *why;
	uint64_t calls, most, start, traps[4];
	unsigned int i;

	micro_info("seed=%lu", seed);
	attacker.wanted_id = ATTACKER_ID;
	attacker.has_port = true;
	micro_domain_build(&attacker, "tests=fuzz_attacker", ATTACKER_VCPUS);
	attacker.mail->word[WORD_SEED] = seed;
	attacker.mail->word[WORD_VICTIM] = victim.id;
	attacker.mail->word[WORD_FRAMES] = frames;
	memcpy(&attacker.mail->word[WORD_PORT], &victim.mail->word[WORD_PORT],
	       VICTIM_PORTS * sizeof(uint64_t));
	for (i = 0; i < NR_FOREIGN; i++)
		attacker.mail->word[WORD_FOREIGN + i] = i % 2 ? victim.mfn[0x100 + i * 40] :
			micro_va_to_mfn(i % 4 ? (void *)page[i] :
						(void *)micro_start_info->pt_base);
	dice.random = ~seed * 0x9e3779b97f4a7c15;
	start = micro_time_now();
	micro_domain_start(&attacker);
	why = watch();
	most = ATTACKER_VCPUS * (micro_time_now() - start) / CALL_TIME;
	calls = believe(calls_of(&attacker), most);
	for (i = 0; i < 2 * NR_CALLS; i++)
		counts[i] += believe(attacker.mail->word[WORD_COUNTS + i], most);
	joined += attacker.mail->word[WORD_CALLS + SPARE_VCPU] != 0;
	memcpy(traps, &attacker.mail->word[WORD_TRAPS], sizeof(traps));
	check_own();
	micro_domain_destroy(&attacker);
	micro_info("seed=%lu calls=%lu end=%s traps=%lu: %lu at %lx (%lx)", seed, calls, why,
		   traps[0], traps[1], traps[2], traps[3]);
	return calls;
}

static uint64_t frames_of_machine(void)
{
	static struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};

	micro_need(!hypercall1(__HYPERVISOR_sysctl, &op));
	return op.u.physinfo.total_pages;
}

static void start_victim(void)
{
	unsigned int i, j;

	for (i = 0; i < PAGES; i++) {
		page[i] = micro_page_alloc();
		for (j = 0; j < 512; j++)
			page[i][j] = ~(i * 512UL + j);
	}
	victim.has_port = true;
	micro_domain_build(&victim, "tests=fuzz_victim", 1);
	micro_domain_start(&victim);
	pinged = micro_time_now();
	do {
		check_victim();
		wait(5);
	} while (!READ_ONCE(victim.mail->word[WORD_PONG]));
}

MICRO_TEST_ALONE(fuzz)
{
	uint64_t end = micro_time_now() + argument("seconds=") * 1000 * MS;
	uint64_t seed = argument("seed="), first = seed, calls = 0;
	unsigned int i;

	start_victim();
	do
		calls += attack(seed++, frames_of_machine());
	while (micro_time_now() < end);
	for (i = 0; i < NR_CALLS; i++)
		if (counts[2 * i])
			micro_info("hypercall %u: %lu, refused %lu", i, counts[2 * i],
				   counts[2 * i + 1]);
	micro_info("attackers=%lu calls=%lu pings=%lu joined=%lu logged=%lu", seed - first, calls,
		   victim.mail->word[WORD_PONG], joined, logged);
	/* nothing of both is an attack that is not made any more */
	if (seed - first >= ENOUGH && !(joined && logged))
		micro_fail("no vcpu was started, or no frame logged, in %lu attacks", seed - first);
	micro_domain_destroy(&victim);
}
