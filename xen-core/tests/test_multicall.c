// SPDX-License-Identifier: GPL-2.0-only
/*
 * multicall, xen_version and vm_assist.
 *
 * Rules under test: a multicall goes on where it was interrupted, between two
 * entries or in one, and no entry runs twice; it gives the caller's registers
 * back; outputs have the size that the ABI gives them; a feature bit follows
 * from what the domain is and has asked for.
 *
 * Links: string.c multicall.c version.c softirq.c page_alloc.c frame.c
 * Links: arch/fake/fake.c arch/fake/fake_domain.c
 */
#include "test_util.h"
#include "fake.h"
#include "errno.h"
#include "hypercall.h"

#include <xen/version.h>

/* All that the guest may pass pointers into. */
static struct {
	struct xen_feature_info features;
	struct multicall_entry calls[8];
	u8 text[4096];
} guest;

static struct domain *d;
static struct vcpu *v;

static int setup(void **state)
{
	fake_machine_init(64, 1);
	fake_guest_window(&guest, sizeof(guest));
	memset(&guest, 0, sizeof(guest));
	list_init(&domain_list);
	d = fake_domain_create(7, false, 1);
	v = d->vcpu[0];
	fake_set_current(v);
	return 0;
}

static int teardown(void **state)
{
	fake_domain_destroy(d);
	fake_machine_end();
	return 0;
}

/*
 * multicall
 */

static u64 seen[6];
static u32 served, restart_in;

static long call_sum(u64 a, u64 b, u64 c, u64 e, u64 f, u64 g)
{
	const u64 args[] = { a, b, c, e, f, g };

	memcpy(seen, args, sizeof(seen));
	served++;
	return a + b;
}

/* Does one step of @a a time until none is left. */
static long call_long(u64 a, u64 b, u64 c, u64 e, u64 f, u64 g)
{
	served++;
	for (; a; a--) {
		if (restart_in && !--restart_in) {
			hypercall_set_arg(0, a);
			hypercall_set_arg(1, b);
			return -ERESTART;
		}
		b++;
	}
	return b;
}

static long call_unknown(u64 a, u64 b, u64 c, u64 e, u64 f, u64 g)
{
	return -ENOSYS;
}

const hypercall_fn hypercall_table[NR_HYPERCALLS] = {
	[0 ... 39] = call_unknown,
	[40] = call_sum,
	[41] = call_long,
	[42 ... NR_HYPERCALLS - 1] = call_unknown,
};

/* As the entry code: preload the arguments, and again until it is through. */
static long multicall(struct multicall_entry *list, u32 nr, u32 *rounds)
{
	u64 keep[] = { (u64)list, nr, 0x22, 0x33, 0x44 };
	long rc;

	memcpy(v->arch.hc_args, keep, sizeof(keep));
	for (*rounds = 1;; ++*rounds) {
		rc = do_multicall(GVA(v->arch.hc_args[0]), v->arch.hc_args[1]);
		assert_memory_equal(v->arch.hc_args + 2, keep + 2, sizeof(keep) - 16);
		if (rc != -ERESTART)
			return rc;
	}
}

static void test_multicall(void **state)
{
	static const u64 args[] = { 1, 2, 3, 4, 5, 6 };
	u32 rounds;

	guest.calls[0] = (struct multicall_entry){ .op = 40, .args = { 1, 2, 3, 4, 5, 6 } };
	guest.calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_multicall };
	guest.calls[2] = (struct multicall_entry){ .op = NR_HYPERCALLS };
	guest.calls[3] = (struct multicall_entry){ .op = 1ull << 32 | 40 };
	guest.calls[4] = (struct multicall_entry){ .op = __HYPERVISOR_iret };
	guest.calls[5] = (struct multicall_entry){ .op = 41, .args = { 5, 100 } };
	assert_int_equal(multicall(guest.calls, 6, &rounds), 0);
	assert_int_equal(rounds, 1);
	assert_memory_equal(seen, args, sizeof(args));
	assert_int_equal(guest.calls[0].result, 3);
	assert_int_equal(guest.calls[1].result, -EINVAL);
	assert_int_equal(guest.calls[2].result, -ENOSYS);
	assert_int_equal(guest.calls[3].result, -ENOSYS);
	assert_int_equal(guest.calls[4].result, -ENOSYS);
	assert_int_equal(guest.calls[5].result, 105);
	assert_int_equal(multicall(NULL, 0, &rounds), 0);
	assert_int_equal(multicall(NULL, 1, &rounds), -EFAULT);
	/* A list that runs out of memory: what was before it has run. */
	fake_guest_window(&guest.calls[0], 2 * sizeof(guest.calls[0]));
	guest.calls[0].result = 0;
	assert_int_equal(multicall(guest.calls, 3, &rounds), -EFAULT);
	assert_int_equal(guest.calls[0].result, 3);
}

static void test_multicall_continued(void **state)
{
	u32 rounds;

	/* Between entries: each runs once. */
	for (int after = 0; after < 7; after++) {
		for (u32 i = 0; i < 8; i++)
			guest.calls[i] = (struct multicall_entry){ .op = 40, .args = { i, 1 } };
		served = 0;
		fake_preempt_in = after;
		assert_int_equal(multicall(guest.calls, 8, &rounds), 0);
		assert_int_equal(rounds, 2);
		assert_int_equal(served, 8);
		for (u32 i = 0; i < 8; i++)
			assert_int_equal(guest.calls[i].result, i + 1);
	}
	fake_preempt_in = -1;
	/* In an entry: it goes on with its own progress, the others do not run again. */
	for (restart_in = 1; restart_in <= 10;) {
		u32 at = restart_in;

		guest.calls[0] = (struct multicall_entry){ .op = 40, .args = { 1, 1 } };
		guest.calls[1] = (struct multicall_entry){ .op = 41, .args = { 10, 1000 } };
		guest.calls[2] = (struct multicall_entry){ .op = 40, .args = { 2, 2 } };
		served = 0;
		assert_int_equal(multicall(guest.calls, 3, &rounds), 0);
		assert_int_equal(rounds, 2);
		assert_int_equal(served, 4);
		assert_int_equal(guest.calls[1].result, 1010);
		assert_int_equal(guest.calls[2].result, 4);
		restart_in = at + 1;
	}
	restart_in = 0;
}

/*
 * xen_version, vm_assist
 */

static void test_version(void **state)
{
	static const struct { u32 cmd; u32 size; } outputs[] = {
		{ XENVER_extraversion, 16 }, { XENVER_compile_info, 144 },
		{ XENVER_capabilities, 1024 }, { XENVER_changeset, 64 },
		{ XENVER_platform_parameters, 8 }, { XENVER_guest_handle, 16 },
		{ XENVER_commandline, 1024 },
	};

	assert_int_equal(do_xen_version(XENVER_version, GVA(0)), 4 << 16 | 17);
	assert_int_equal(do_xen_version(XENVER_pagesize, GVA(0)), 4096);
	assert_int_equal(do_xen_version(XENVER_build_id, GVA(0)), -EPERM);
	d->privileged = true;
	assert_int_equal(do_xen_version(XENVER_build_id, GVA(0)), -ENODATA);	/* host build */
	assert_int_equal(do_xen_version(11, GVA(guest.text)), -ENOSYS);
	assert_int_equal(do_xen_version(~0u, GVA(guest.text)), -ENOSYS);
	version_set_commandline("console=com1");
	for (u32 i = 0; i < ARRAY_SIZE(outputs); i++) {
		memset(guest.text, 0xaa, sizeof(guest.text));
		assert_int_equal(do_xen_version(outputs[i].cmd, GVA(guest.text)), 0);
		/* All of the field is written, and nothing behind it. */
		assert_int_not_equal(guest.text[outputs[i].size - 1], 0xaa);
		for (u32 k = outputs[i].size; k < sizeof(guest.text); k++)
			assert_int_equal(guest.text[k], 0xaa);
		assert_int_equal(do_xen_version(outputs[i].cmd, GVA(8)), -EFAULT);
	}
	assert_string_equal((char *)guest.text, "console=com1");
	d->privileged = false;
	assert_int_equal(do_xen_version(XENVER_commandline, GVA(guest.text)), 0);
	assert_string_equal((char *)guest.text, "<denied>");
}

static u32 features(void)
{
	guest.features.submap_idx = 0;
	assert_int_equal(do_xen_version(XENVER_get_features, GVA(&guest.features)), 0);
	return guest.features.submap;
}

static void test_features(void **state)
{
	u32 plain = features();

	guest.features.submap_idx = 1;
	assert_int_equal(do_xen_version(XENVER_get_features, GVA(&guest.features)), -EINVAL);
	assert_false(plain & 1u << XENFEAT_dom0);
	d->privileged = true;
	assert_int_equal(features(), plain | 1u << XENFEAT_dom0);
	d->privileged = false;

	assert_int_equal(do_vm_assist(99, 99), -EINVAL);
	assert_int_equal(do_vm_assist(99, 0), -ENOSYS);
	for (u32 type = 0; type < 70; type++)
		assert_int_equal(do_vm_assist(VMASST_CMD_enable, type),
				 type < 6 || type == 32 ? 0 : -EINVAL);
	assert_int_equal(d->vm_assist, 1ull << 32 | 0x3f);
	assert_int_equal(features(), plain | 1u << XENFEAT_pae_pgdir_above_4gb);
	assert_int_equal(do_vm_assist(VMASST_CMD_disable, VMASST_TYPE_pae_extended_cr3), 0);
	assert_int_equal(features(), plain);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_multicall), TEST(test_multicall_continued), TEST(test_version),
		TEST(test_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
