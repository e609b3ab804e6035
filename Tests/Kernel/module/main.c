// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading. */
#include <linux/module.h>
#include <linux/slab.h>

#include "counter.h"

MODULE_DESCRIPTION("Energy counters for tests, whose truth is known");
MODULE_LICENSE("GPL");

static char *names = "package-0 core-0 dram-0 psys package-1 core-1 dram-1 power";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names, "what is registered at the beginning, in this order");

static int register_first(void)
{
	char *list = kstrdup(names, GFP_KERNEL);
	int error = list ? set_registered(list, true) : -ENOMEM;

	kfree(list);
	return error;
}

static void take_down(void)
{
	size_t i;

	forget_processors();
	hide_settings();
	unregister_everything();
	for (i = 0; i < COUNTERS; i++)
		if (!IS_ERR(counters[i].device))
			platform_device_unregister(counters[i].device);
	unregister_control_type();
}

static int __init energy_bench_init(void)
{
	size_t i;
	int error = register_control_type();

	if (error)
		return error;
	for (i = 0; i < COUNTERS && !error; i++)
		error = set_up_counter(&counters[i], i);
	show_settings();
	pmu_begins_with_online_processors();
	if (!error)
		error = register_first();
	if (!error)
		error = follow_processors();
	if (error)
		take_down();
	return error;
}

static void __exit energy_bench_exit(void)
{
	take_down();
}

module_init(energy_bench_init);
module_exit(energy_bench_exit);
