// SPDX-License-Identifier: GPL-2.0-only
/* Who is registered, and in which order they came. */
#include <linux/cpuhotplug.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/topology.h>

#include "counter.h"

static DEFINE_MUTEX(registry);
static unsigned int registrations;
static int state;

static int register_counter(struct counter *counter)
{
	int error;

	if (counter->is_registered)
		return 0;
	error = counter->kind == ZONE ? register_zone(counter) : register_chip(counter);
	counter->is_registered = !error;
	counter->order = ++registrations;
	return error;
}

static void unregister_counter(struct counter *counter)
{
	if (!counter->is_registered)
		return;
	counter->is_registered = false;
	if (counter->kind == ZONE)
		unregister_zone(counter);
	else
		unregister_chip(counter);
}

static int set_one_registered(const char *name, bool wanted)
{
	struct counter *counter = counter_named(name);

	if (!strcmp(name, "power"))
		return set_pmu(wanted);
	if (!counter)
		return -ENOENT;
	if (wanted)
		return register_counter(counter);
	unregister_counter(counter);
	return 0;
}

int set_registered(char *list, bool wanted)
{
	char *name;
	int error = 0;

	mutex_lock(&registry);
	while (!error && (name = strsep(&list, " \n")))
		if (*name)
			error = set_one_registered(name, wanted);
	mutex_unlock(&registry);
	return error;
}

/* Those that came last go first: what lies in a zone goes before the zone. */
static void unregister_all(int package)
{
	struct counter *last;
	size_t i;

	do {
		last = NULL;
		for (i = 0; i < COUNTERS; i++)
			if (counters[i].is_registered && (package == NO_PACKAGE || counters[i].package == package) &&
			    (!last || counters[i].order > last->order))
				last = &counters[i];
		if (last)
			unregister_counter(last);
	} while (last);
}

static int processor_came(unsigned int cpu)
{
	int package = topology_physical_package_id(cpu);
	size_t i;

	mutex_lock(&registry);
	if (pmu_takes_processor(cpu))
		for (i = 0; i < COUNTERS; i++)
			if (counters[i].package == package)
				register_counter(&counters[i]);
	mutex_unlock(&registry);
	return 0;
}

static int processor_goes(unsigned int cpu)
{
	mutex_lock(&registry);
	if (pmu_loses_processor(cpu))
		unregister_all(topology_physical_package_id(cpu));
	mutex_unlock(&registry);
	return 0;
}

/* A package goes away with its last processor and comes back with it, as with the driver for RAPL. */
int follow_processors(void)
{
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "energy_bench:online", processor_came, processor_goes);
	return min(state, 0);
}

void forget_processors(void)
{
	if (state > 0)
		cpuhp_remove_state_nocalls(state);
}

void unregister_everything(void)
{
	set_pmu(false);
	unregister_all(NO_PACKAGE);
}
