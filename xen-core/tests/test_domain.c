// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains' lives, sched_op and vcpu_op.
 *
 * Rules under test: a domain is ended once, by whoever is first, and says why;
 * pauses nest; dom0's end is the machine's. Polling and blocking wait for
 * events and miss none. Watchdogs, latched codes, pinning. Bringing vcpus up
 * and down, where they are told the time and what is pending.
 *
 * Links: string.c sched.c sched_fair.c sched_ctl.c runstate.c sched_op.c vcpu_op.c
 * Links: domain.c domain_list.c
 * Links: softirq.c timer.c page_alloc.c frame.c grant*.c
 * Links: event.c event_op.c event_fifo.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"
#include "errno.h"
#include "event.h"
#include "page.h"
#include "sched.h"

#include <xen/event_channel.h>

#define FRAMES	4096
#define MS	1000000ull
#define SEC	1000000000ull

bool opt_noreboot;
static enum { ON, RESTARTED, HALTED } machine_state;
static jmp_buf machine_ended;

void machine_restart(void)
{
	machine_state = RESTARTED;
	longjmp(machine_ended, 1);
}

void machine_halt(void)
{
	machine_state = HALTED;
	longjmp(machine_ended, 1);
}

#define ENDS_MACHINE(statement) ({	\
	machine_state = ON;		\
	if (!setjmp(machine_ended)) {	\
		statement;		\
	}				\
	machine_state;			\
})

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
	this_cpu()->curr = next;
}

/* All that the guest may pass pointers into. */
static struct {
	union {
		struct sched_poll poll;
		struct sched_shutdown shutdown;
		struct sched_remote_shutdown remote;
		struct sched_watchdog dog;
		struct sched_pin_override pin;
		struct vcpu_register_vcpu_info info;
		struct vcpu_set_singleshot_timer single;
		struct vcpu_set_periodic_timer periodic;
		struct vcpu_register_runstate_memory_area area;
		struct evtchn_bind_ipi ipi;
		struct evtchn_bind_virq virq;
		struct evtchn_send send;
	} u;
	evtchn_port_t ports[200];
	struct vcpu_runstate_info runstate;
} guest;

static struct domain *d;
static struct vcpu *v;

#define ARG	GVA(&guest.u)

static noinline void on_cpu(u32 i)
{
	fake_run_on(i);
	cpu_run_softirqs();
}

static void settle(void)
{
	for (int n = 0; n < 50; n++) {
		for (u32 i = 0; i < nr_cpus; i++)
			on_cpu(i);
	}
	fake_run_on(0);
}

static void pass_time(u64 ns)
{
	u64 end = fake_now + ns;

	for (;;) {
		u64 next = end;

		for (u32 i = 0; i < nr_cpus; i++) {
			if (fake_cpus[i].timer_due)
				next = MIN(next, MAX(fake_cpus[i].timer_due, fake_now));
		}
		fake_now = next;
		fake_timer_interrupts();
		settle();
		if (next == end)
			return;
	}
}

/* vcpu 0 is current on CPU 0 and has asked for upcalls. */
static struct domain *boot_guest(bool privileged, u32 vcpus)
{
	struct domain *g = domain_create(privileged ? 0 : 7, privileged, vcpus);

	assert_non_null(g);
	domain_publish(g);
	g->vcpu[0]->initialised = true;
	assert_int_equal(vcpu_set_affinity(g->vcpu[0], &(u64){ 1 }, NULL, false), 0);
	vcpu_clear_pause(g->vcpu[0], VPF_DOWN);
	domain_unpause(g);
	settle();
	assert_ptr_equal(cpus[0]->curr, g->vcpu[0]);
	g->vcpu[0]->info->evtchn_upcall_mask = 0;
	return g;
}

static int setup(void **state)
{
	fake_machine_init(FRAMES, 2);
	page_alloc_add(MFN(16), MFN(FRAMES));
	fake_guest_window(&guest, sizeof(guest));
	memset(&guest, 0, sizeof(guest));
	list_init(&domain_list);
	dom0 = NULL;
	domain_init();
	for (u32 i = 0; i < nr_cpus; i++) {
		timer_init_cpu(cpus[i]);
		sched_init_cpu(cpus[i]);
	}
	settle();
	d = boot_guest(false, 3);
	v = d->vcpu[0];
	return 0;
}

static int teardown(void **state)
{
	for (int order = MAX_ORDER; order >= 0; order--) {
		while (page_alloc(order, ADDR_BITS_ANY))
			;
	}
	fake_machine_end();
	return 0;
}

/*
 * Domains
 */

static void test_pause(void **state)
{
	/* By its own vcpu, which is not waited for. */
	domain_pause(d);
	domain_pause(d);
	assert_true(v->pause_flags & 1u << VPF_DOMAIN);
	settle();
	assert_false(v->running);
	domain_unpause(d);
	settle();
	assert_false(v->running);
	domain_unpause(d);
	settle();
	assert_true(v->running);
	assert_true(FAKE_PANICS(domain_unpause(d)));
}

static void test_crash(void **state)
{
	domain_crash(d, "did %s for the %dth time", "it", 4);
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	assert_string_equal(d->crash_reason, "did it for the 4th time");
	/* The first one has the word. */
	domain_crash(d, "again");
	domain_shutdown(d, SHUTDOWN_reboot);
	assert_string_equal(d->crash_reason, "did it for the 4th time");
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	settle();
	assert_false(v->running);
	/* A pause more or less does not wake it. */
	domain_pause(d);
	domain_unpause(d);
	settle();
	assert_false(v->running);
	domain_dump();
}

static void test_dom0_ends_machine(void **state)
{
	static const struct { u8 reason; int ends; } cases[] = {
		{ SHUTDOWN_poweroff, HALTED }, { SHUTDOWN_reboot, RESTARTED },
		{ SHUTDOWN_crash, RESTARTED }, { SHUTDOWN_watchdog, RESTARTED },
		{ SHUTDOWN_soft_reset, RESTARTED }, { 99, RESTARTED },
	};

	for (volatile u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		teardown(NULL);
		setup(NULL);
		domain_pause(d);
		boot_guest(true, 1);
		assert_non_null(dom0);
		dom0->vm_assist = 0;	/* its user mode has run */
		assert_int_equal(ENDS_MACHINE(domain_shutdown(dom0, cases[i].reason)),
				 cases[i].ends);
	}
	teardown(NULL);
	setup(NULL);
	domain_pause(d);
	boot_guest(true, 1);
	/* Nothing but its kernel ran: this boot failed, and so would the next. */
	assert_int_equal(ENDS_MACHINE(domain_crash(dom0, "gone")), HALTED);
	assert_string_equal(dom0->crash_reason, "gone");
}

static void test_references(void **state)
{
	u32 refs = d->refs;

	assert_ptr_equal(domain_get_by_id(DOMID_SELF), d);
	assert_ptr_equal(domain_get_by_id(7), d);
	assert_null(domain_get_by_id(8));
	assert_null(domain_get_by_id(DOMID_IDLE));
	assert_int_equal(d->refs, refs + 2);
	domain_put(d);
	domain_put(d);
	assert_null(vcpu_lookup(d, 3));
	assert_null(vcpu_lookup(d, ~0u));
	assert_null(domain_create(9, false, 0));
	assert_null(domain_create(9, false, MAX_VCPUS + 1));
}

/*
 * sched_op
 */

static u32 bind_ipi(u32 vcpu)
{
	guest.u.ipi = (struct evtchn_bind_ipi){ .vcpu = vcpu };
	assert_int_equal(do_event_channel_op(EVTCHNOP_bind_ipi, ARG), 0);
	return guest.u.ipi.port;
}

static noinline void send(u32 from_cpu, u32 port)
{
	struct vcpu *old = cpus[from_cpu]->curr;

	/* As if another vcpu of the guest did it. */
	fake_run_on(from_cpu);
	fake_set_current(d->vcpu[1]);
	guest.u.send.port = port;
	assert_int_equal(do_event_channel_op(EVTCHNOP_send, ARG), 0);
	fake_set_current(old);
	fake_run_on(0);
}

static long poll_for(u32 nr, u64 timeout)
{
	guest.u.poll = (struct sched_poll){ .nr_ports = nr, .timeout = timeout };
	guest.u.poll.ports.p = guest.ports;
	return do_sched_op(SCHEDOP_poll, ARG);
}

static void test_poll(void **state)
{
	u32 a = bind_ipi(0), b = bind_ipi(0);

	guest.ports[0] = a;
	guest.ports[1] = b;
	/* Masked, so that no upcall comes of them. */
	d->shared->evtchn_mask[0] = ~0ul;

	assert_int_equal(poll_for(129, 0), -EINVAL);
	assert_int_equal(do_sched_op(SCHEDOP_poll, GVA(8)), -EFAULT);
	guest.ports[2] = 100000;
	assert_int_equal(poll_for(3, 0), -EINVAL);
	assert_int_equal(v->pause_flags, 0);
	assert_int_equal(v->poll_port, 0);

	send(1, b);
	assert_int_equal(poll_for(2, 0), 0);
	assert_int_equal(v->pause_flags, 0);
	/* The wrong one is pending: it sleeps until the right one is. */
	assert_int_equal(poll_for(1, 0), 0);
	settle();
	assert_false(v->running);
	send(1, b);
	settle();
	assert_false(v->running);
	send(1, a);
	/* Who wakes it leaves the port alone: by then it may be the next poll's. */
	assert_int_equal(v->poll_port, a);
	settle();
	assert_true(v->running);
	assert_int_equal(v->poll_port, 0);

	/* Until the time is up; and a past one at once. */
	d->shared->evtchn_pending[0] = 0;
	assert_int_equal(poll_for(2, fake_now + 5 * MS), 0);
	pass_time(4 * MS);
	assert_false(v->running);
	pass_time(2 * MS);
	assert_true(v->running);
	assert_int_equal(poll_for(0, 1), 0);
	pass_time(1);
	assert_true(v->running);

	/* An upcall that can be made goes first. */
	v->info->evtchn_upcall_pending = 1;
	assert_int_equal(poll_for(2, 0), 0);
	assert_int_equal(v->pause_flags, 0);
	v->info->evtchn_upcall_mask = 1;
	assert_int_equal(poll_for(2, 0), 0);
	settle();
	assert_false(v->running);
	send(1, a);
	settle();
	assert_true(v->running);
}

static void test_block(void **state)
{
	u32 port = bind_ipi(0);

	v->info->evtchn_upcall_mask = 1;
	v->info->evtchn_upcall_pending = 1;
	/* Delivery is opened, and what waits keeps it awake. */
	assert_int_equal(do_sched_op(SCHEDOP_block, GVA(0)), 0);
	assert_int_equal(v->info->evtchn_upcall_mask, 0);
	assert_int_equal(v->pause_flags, 0);
	v->info->evtchn_upcall_pending = 0;
	v->nmi_pending = true;
	assert_int_equal(do_sched_op_compat(SCHEDOP_block, 0), 0);
	assert_int_equal(v->pause_flags, 0);
	v->nmi_pending = false;
	assert_int_equal(do_sched_op(SCHEDOP_block, GVA(0)), 0);
	settle();
	assert_false(v->running);
	send(1, port);
	settle();
	assert_true(v->running);
}

static void test_watchdog(void **state)
{
	guest.u.dog = (struct sched_watchdog){ .id = 3, .timeout = 10 };
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), -EINVAL);
	guest.u.dog.id = 1;
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), -EINVAL);
	guest.u.dog.id = 0;
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), 1);
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), 2);
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), -ENOSPC);
	/* The first is destroyed, the second poked. */
	guest.u.dog = (struct sched_watchdog){ .id = 1, .timeout = 0 };
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), 0);
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), -EINVAL);
	pass_time(9 * SEC);
	guest.u.dog = (struct sched_watchdog){ .id = 2, .timeout = 10 };
	assert_int_equal(do_sched_op(SCHEDOP_watchdog, ARG), 0);
	pass_time(9 * SEC);
	assert_false(d->is_shut_down);
	pass_time(2 * SEC);
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
}

static void test_shutdown(void **state)
{
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, GVA(8)), -EFAULT);
	assert_int_equal(do_sched_op(8, ARG), -ENOSYS);
	assert_int_equal(do_sched_op_compat(SCHEDOP_poll, 0), -ENOSYS);
	/* Latched: the first code is the one reported. */
	guest.u.shutdown.reason = SHUTDOWN_soft_reset;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown_code, ARG), 0);
	assert_false(d->is_shut_down);
	guest.u.shutdown.reason = SHUTDOWN_reboot;
	assert_int_equal(do_sched_op(SCHEDOP_shutdown_code, ARG), 0);
	assert_int_equal(do_sched_op(SCHEDOP_shutdown, ARG), 0);
	assert_int_equal(d->shutdown_code, SHUTDOWN_soft_reset);
	settle();
	assert_false(v->running);
}

static void test_remote_shutdown(void **state)
{
	struct domain *boss;

	guest.u.remote = (struct sched_remote_shutdown){ .domain_id = 9 };
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, ARG), -ESRCH);
	guest.u.remote.domain_id = DOMID_SELF;
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, ARG), -ESRCH);
	guest.u.remote.domain_id = 7;
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, ARG), -EPERM);
	assert_false(d->is_shut_down);
	domain_pause(d);
	boss = boot_guest(true, 1);
	assert_ptr_equal(current, boss->vcpu[0]);
	guest.u.remote.reason = SHUTDOWN_reboot;
	assert_int_equal(do_sched_op(SCHEDOP_remote_shutdown, ARG), 0);
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_reboot);
}

static void test_pin_override(void **state)
{
	guest.u.pin.pcpu = 1;
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, ARG), -EPERM);
	d->privileged = true;
	guest.u.pin.pcpu = -1;
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, ARG), -EINVAL);
	guest.u.pin.pcpu = 2;
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, ARG), -EINVAL);
	guest.u.pin.pcpu = 1;
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, ARG), 0);
	settle();
	assert_ptr_equal(cpus[1]->curr, v);
	fake_run_on(1);
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, ARG), -EBUSY);
	guest.u.pin.pcpu = -1;
	assert_int_equal(do_sched_op(SCHEDOP_pin_override, ARG), 0);
	settle();
	assert_ptr_equal(cpus[0]->curr, v);
}

/*
 * vcpu_op
 */

static void test_vcpu_up_down(void **state)
{
	assert_int_equal(do_vcpu_op(VCPUOP_is_up, 0, GVA(0)), 1);
	assert_int_equal(do_vcpu_op(VCPUOP_is_up, 1, GVA(0)), 0);
	assert_int_equal(do_vcpu_op(VCPUOP_is_up, 3, GVA(0)), -ENOENT);
	assert_int_equal(do_vcpu_op(14, 0, GVA(0)), -ENOSYS);
	assert_int_equal(do_vcpu_op(VCPUOP_up, 1, GVA(0)), -EINVAL);
	assert_int_equal(do_vcpu_op(VCPUOP_initialise, 0, ARG), -EEXIST);
	assert_int_equal(do_vcpu_op(VCPUOP_initialise, 1, ARG), 0);
	assert_int_equal(do_vcpu_op(VCPUOP_initialise, 1, ARG), -EEXIST);
	settle();
	assert_false(d->vcpu[1]->running);
	assert_int_equal(do_vcpu_op(VCPUOP_up, 1, GVA(0)), 0);
	settle();
	assert_true(d->vcpu[1]->running);
	assert_int_equal(do_vcpu_op(VCPUOP_down, 1, GVA(0)), 0);
	settle();
	assert_false(d->vcpu[1]->running);
	assert_int_equal(do_vcpu_op(VCPUOP_get_physid, 0, ARG), -EINVAL);
	assert_int_equal(do_vcpu_op(VCPUOP_send_nmi, 1, GVA(1)), -EINVAL);
	assert_int_equal(do_vcpu_op(VCPUOP_send_nmi, 1, GVA(0)), 0);
	assert_true(d->vcpu[1]->nmi_pending);
	/* The last one takes the domain with it. */
	assert_int_equal(do_vcpu_op(VCPUOP_down, 0, GVA(0)), 0);
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
}

static void test_vcpu_info(void **state)
{
	struct page *p = domain_page_alloc(d, 0, ADDR_BITS_ANY);
	struct vcpu_info *old = v->info, *moved = page_to_virt(p) + 64;
	struct domain *big = domain_create(9, false, XEN_LEGACY_MAX_VCPUS + 1);
	struct vcpu *last = big->vcpu[XEN_LEGACY_MAX_VCPUS];

	guest.u.info = (struct vcpu_register_vcpu_info){ .mfn = page_to_mfn(p).n };
	guest.u.info.offset = PAGE_SIZE - 63;
	assert_int_equal(do_vcpu_op(VCPUOP_register_vcpu_info, 0, ARG), -ENXIO);
	guest.u.info.offset = 4;
	assert_int_equal(do_vcpu_op(VCPUOP_register_vcpu_info, 0, ARG), -ENXIO);
	guest.u.info.offset = 64;
	guest.u.info.mfn = FRAMES + 1;
	assert_int_equal(do_vcpu_op(VCPUOP_register_vcpu_info, 0, ARG), -EINVAL);
	guest.u.info.mfn = 3;
	assert_int_equal(do_vcpu_op(VCPUOP_register_vcpu_info, 0, ARG), -EINVAL);
	guest.u.info.mfn = page_to_mfn(p).n;
	old->evtchn_upcall_mask = 1;
	old->arch.cr2 = 0x1234;
	assert_int_equal(do_vcpu_op(VCPUOP_register_vcpu_info, 0, ARG), 0);
	assert_ptr_equal(v->info, moved);
	assert_int_equal(moved->arch.cr2, 0x1234);
	assert_int_equal(moved->evtchn_upcall_mask, 1);
	assert_int_equal(moved->evtchn_upcall_pending, 1);
	assert_int_equal(moved->evtchn_pending_sel, ~0ul);
	/* The frame is kept writable; and once is enough. */
	assert_int_equal(p->type & PT_TYPE_MASK, PT_WRITABLE);
	assert_int_equal(p->type & PT_COUNT_MASK, 1);
	assert_int_equal(do_vcpu_op(VCPUOP_register_vcpu_info, 0, ARG), -EINVAL);
	assert_int_equal(p->type & PT_COUNT_MASK, 1);

	/* Beyond the shared page's 32 there is none until it is registered. */
	assert_ptr_equal(last->info, &domain_dummy_info);
	domain_unpause(big);
	fake_set_current(big->vcpu[0]);
	assert_int_equal(do_vcpu_op(VCPUOP_initialise, XEN_LEGACY_MAX_VCPUS, ARG), -EINVAL);
	fake_set_current(v);
}

static noinline u32 timer_fired(u32 port)
{
	return test_and_clear_bit(port, d->shared->evtchn_pending);
}

static u32 bind_timer(void)
{
	guest.u.virq = (struct evtchn_bind_virq){ .virq = VIRQ_TIMER };
	assert_int_equal(do_event_channel_op(EVTCHNOP_bind_virq, ARG), 0);
	return guest.u.virq.port;
}

static void test_vcpu_timers(void **state)
{
	u32 port = bind_timer();

	guest.u.single = (struct vcpu_set_singleshot_timer){ .timeout_abs_ns = fake_now + 2 * MS };
	assert_int_equal(do_vcpu_op(VCPUOP_set_singleshot_timer, 1, ARG), -EINVAL);
	assert_int_equal(do_vcpu_op(VCPUOP_stop_singleshot_timer, 1, ARG), -EINVAL);
	assert_int_equal(do_vcpu_op(VCPUOP_set_singleshot_timer, 0, ARG), 0);
	pass_time(MS);
	assert_false(timer_fired(port));
	pass_time(2 * MS);
	assert_true(timer_fired(port));
	/* Past or negative: at once, whatever the flag says. Stopped: never. */
	guest.u.single = (struct vcpu_set_singleshot_timer){ 1, VCPU_SSHOTTMR_future };
	assert_int_equal(do_vcpu_op(VCPUOP_set_singleshot_timer, 0, ARG), 0);
	pass_time(1);
	assert_true(timer_fired(port));
	guest.u.single.timeout_abs_ns = ~0ull;
	assert_int_equal(do_vcpu_op(VCPUOP_set_singleshot_timer, 0, ARG), 0);
	pass_time(1);
	assert_true(timer_fired(port));
	assert_int_equal(do_set_timer_op(fake_now + MS), 0);
	assert_int_equal(do_set_timer_op(0), 0);
	pass_time(10 * MS);
	assert_false(timer_fired(port));
	/* Far beyond reason: soon. */
	assert_int_equal(do_set_timer_op(fake_now + (1ull << 50)), 0);
	pass_time(99 * MS);
	assert_false(timer_fired(port));
	pass_time(2 * MS);
	assert_true(timer_fired(port));
	assert_int_equal(do_set_timer_op(fake_now + (1ull << 50) - 1), 0);
	pass_time(200 * MS);
	assert_false(timer_fired(port));
}

static void test_vcpu_periodic(void **state)
{
	u32 port = bind_timer(), ticks = 0;

	guest.u.periodic.period_ns = MS - 1;
	assert_int_equal(do_vcpu_op(VCPUOP_set_periodic_timer, 0, ARG), -EINVAL);
	guest.u.periodic.period_ns = 1ull << 62;
	assert_int_equal(do_vcpu_op(VCPUOP_set_periodic_timer, 0, ARG), -EINVAL);
	guest.u.periodic.period_ns = 10 * MS;
	assert_int_equal(do_vcpu_op(VCPUOP_set_periodic_timer, 0, ARG), 0);
	for (u32 i = 0; i < 100; i++) {
		pass_time(MS);
		ticks += timer_fired(port);
	}
	assert_true(ticks == 10 || ticks == 11);
	/* It is not woken by the tick, which comes when it runs again. */
	v->info->evtchn_upcall_pending = 0;
	vcpu_block();
	settle();
	pass_time(100 * MS);
	assert_false(v->running);
	assert_false(timer_fired(port));
	vcpu_kick(v);
	settle();
	assert_true(timer_fired(port));
	assert_int_equal(do_vcpu_op(VCPUOP_stop_periodic_timer, 0, ARG), 0);
	pass_time(100 * MS);
	assert_false(timer_fired(port));
}

static void test_runstate_area(void **state)
{
	guest.u.area.addr.p = (u64)&guest.runstate;
	assert_int_equal(do_vcpu_op(VCPUOP_register_runstate_memory_area, 0, ARG), 0);
	assert_int_equal(guest.runstate.state, RUNSTATE_running);
	for (u32 flag = 0; flag < 2; flag++) {
		if (flag)
			d->vm_assist = 1ull << VMASST_TYPE_runstate_update_flag;
		memset(&guest.runstate, 0xff, sizeof(guest.runstate));
		runstate_update_guest(v);
		assert_memory_equal(&guest.runstate, &v->runstate, sizeof(guest.runstate));
		assert_false(guest.runstate.state_entry_time & XEN_RUNSTATE_UPDATE);
	}
	guest.u.area.addr.p = 8;
	assert_int_equal(do_vcpu_op(VCPUOP_register_runstate_memory_area, 0, ARG), -EFAULT);
	assert_int_equal(v->runstate_guest.a, (u64)&guest.runstate);
	guest.u.area.addr.p = 0;
	assert_int_equal(do_vcpu_op(VCPUOP_register_runstate_memory_area, 0, ARG), 0);
	assert_int_equal(v->runstate_guest.a, 0);
	assert_int_equal(do_vcpu_op(VCPUOP_get_runstate_info, 0, GVA(&guest.runstate)), 0);
	assert_int_equal(do_vcpu_op(VCPUOP_get_runstate_info, 0, GVA(8)), -EFAULT);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pause), TEST(test_crash), TEST(test_dom0_ends_machine),
		TEST(test_references), TEST(test_poll), TEST(test_block), TEST(test_watchdog),
		TEST(test_shutdown), TEST(test_remote_shutdown), TEST(test_pin_override),
		TEST(test_vcpu_up_down), TEST(test_vcpu_info), TEST(test_vcpu_timers),
		TEST(test_vcpu_periodic), TEST(test_runstate_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
