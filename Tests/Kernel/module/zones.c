// SPDX-License-Identifier: GPL-2.0-only
/* Counters as zones of powercap, of the control type of RAPL. */
#include "counter.h"

static struct powercap_control_type *control_type;

static struct counter *of_zone(struct powercap_zone *zone)
{
	return container_of(zone, struct counter, zone);
}

static int zone_range(struct powercap_zone *zone, u64 *value)
{
	*value = READ_ONCE(of_zone(zone)->range_uj);
	return 0;
}

static int zone_energy(struct powercap_zone *zone, u64 *value)
{
	return measure(of_zone(zone), value);
}

static int zone_enabled(struct powercap_zone *zone, bool *mode)
{
	*mode = true;
	return 0;
}

static int zone_release(struct powercap_zone *zone)
{
	complete(&of_zone(zone)->released);
	return 0;
}

static const struct powercap_zone_ops zone_operations = {
	.get_max_energy_range_uj = zone_range,
	.get_energy_uj = zone_energy,
	.get_enable = zone_enabled,
	.release = zone_release,
};

static int limit(struct powercap_zone *zone, int number, u64 *value)
{
	*value = READ_ONCE(of_zone(zone)->limits_uw[number]);
	return 0;
}

static int set_limit(struct powercap_zone *zone, int number, u64 value)
{
	WRITE_ONCE(of_zone(zone)->limits_uw[number], value);
	return 0;
}

static int window(struct powercap_zone *zone, int number, u64 *value)
{
	*value = number ? 2440 : 999424;
	return 0;
}

static int set_window(struct powercap_zone *zone, int number, u64 value)
{
	return -EACCES;
}

static const char *limit_name(struct powercap_zone *zone, int number)
{
	return number ? "short_term" : "long_term";
}

static const struct powercap_zone_constraint_ops limit_operations = {
	.get_power_limit_uw = limit,
	.set_power_limit_uw = set_limit,
	.get_time_window_us = window,
	.set_time_window_us = set_window,
	.get_name = limit_name,
};

int register_zone(struct counter *counter)
{
	struct counter *parent = counter->parent ? counter_named(counter->parent) : NULL;
	struct powercap_zone *zone;

	if (parent && !parent->is_registered)
		return -ENODEV;
	reinit_completion(&counter->released);
	/* Only whole packages and the platform have limits, as with RAPL. */
	zone = powercap_register_zone(&counter->zone, control_type, counter->shown, parent ? &parent->zone : NULL,
				      &zone_operations, parent ? 0 : 2, &limit_operations);
	return PTR_ERR_OR_ZERO(zone);
}

void unregister_zone(struct counter *counter)
{
	powercap_unregister_zone(control_type, &counter->zone);
	/* Its memory is used again by the next registration. */
	wait_for_completion(&counter->released);
}

int register_control_type(void)
{
	control_type = powercap_register_control_type(NULL, "intel-rapl", NULL);
	return PTR_ERR_OR_ZERO(control_type);
}

void unregister_control_type(void)
{
	powercap_unregister_control_type(control_type);
}
