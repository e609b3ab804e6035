// SPDX-License-Identifier: GPL-2.0-only
/* Counters as events of the perf PMU `power`, as the kernel's own driver for RAPL shows them. */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/topology.h>

#include "counter.h"

/* One processor of each package, by which its energy is read. */
static cpumask_t first_processors;
static bool is_registered;
static struct pmu pmu;

static struct counter *counter_of_event(struct perf_event *event)
{
	int package = topology_physical_package_id(event->cpu);
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		if (counters[i].perf_event == event->attr.config && counters[i].package == package)
			return &counters[i];
	return NULL;
}

/* In 2^-32 J, rounded up: brought back to microjoules and rounded down it is what it was. 2^32 / 10^6 = 2^26 / 15625. */
static u64 moved_in_perf_units(struct counter *counter)
{
	u64 microjoules = moved(counter);
	u64 remainder, units;

	units = mul_u64_u64_div_u64(microjoules, 1ULL << 26, 15625);
	div64_u64_rem(microjoules, 15625, &remainder);
	return units + (remainder ? 1 : 0);
}

static void event_read(struct perf_event *event)
{
	u64 now = moved_in_perf_units(event->pmu_private);

	local64_add(now - local64_read(&event->hw.prev_count), &event->count);
	local64_set(&event->hw.prev_count, now);
}

static void event_start(struct perf_event *event, int flags)
{
	local64_set(&event->hw.prev_count, moved_in_perf_units(event->pmu_private));
	event->hw.state = 0;
}

static void event_stop(struct perf_event *event, int flags)
{
	if (event->hw.state & PERF_HES_STOPPED)
		return;
	event_read(event);
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
}

static int event_add(struct perf_event *event, int flags)
{
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	if (flags & PERF_EF_START)
		event_start(event, flags);
	return 0;
}

static void event_delete(struct perf_event *event, int flags)
{
	event_stop(event, flags);
}

static int event_init(struct perf_event *event)
{
	if (event->attr.type != pmu.type)
		return -ENOENT;
	if (event->cpu < 0 || event->attr.sample_period)
		return -EINVAL;
	event->pmu_private = counter_of_event(event);
	return event->pmu_private ? 0 : -EINVAL;
}

PMU_FORMAT_ATTR(event, "config:0-7");

static struct attribute *format_attributes[] = { &format_attr_event.attr, NULL };
static const struct attribute_group format_group = { .name = "format", .attrs = format_attributes };

#define EVENT_FILES(NAME, VARIABLE, NUMBER) \
	PMU_EVENT_ATTR_STRING(NAME, VARIABLE##_number, NUMBER) \
	PMU_EVENT_ATTR_STRING(NAME.unit, VARIABLE##_unit, "Joules") \
	PMU_EVENT_ATTR_STRING(NAME.scale, VARIABLE##_scale, "2.3283064365386962890625e-10")
#define FILES_OF(VARIABLE) &VARIABLE##_number.attr.attr, &VARIABLE##_unit.attr.attr, &VARIABLE##_scale.attr.attr

EVENT_FILES(energy-cores, cores, "event=0x01");
EVENT_FILES(energy-pkg, package, "event=0x02");
EVENT_FILES(energy-ram, memory, "event=0x03");

static struct attribute *event_attributes[] = { FILES_OF(cores), FILES_OF(package), FILES_OF(memory), NULL };
static const struct attribute_group events_group = { .name = "events", .attrs = event_attributes };

static ssize_t cpumask_show(struct device *device, struct device_attribute *attribute, char *page)
{
	return cpumap_print_to_pagebuf(true, page, &first_processors);
}
static DEVICE_ATTR_RO(cpumask);

static struct attribute *cpumask_attributes[] = { &dev_attr_cpumask.attr, NULL };
static const struct attribute_group cpumask_group = { .attrs = cpumask_attributes };
static const struct attribute_group *pmu_groups[] = { &cpumask_group, &format_group, &events_group, NULL };

static struct pmu pmu = {
	.module = THIS_MODULE,
	.attr_groups = pmu_groups,
	.task_ctx_nr = perf_invalid_context,
	.capabilities = PERF_PMU_CAP_NO_EXCLUDE,
	.event_init = event_init,
	.add = event_add,
	.del = event_delete,
	.start = event_start,
	.stop = event_stop,
	.read = event_read,
};

int set_pmu(bool wanted)
{
	int error = 0;

	if (wanted && !is_registered)
		error = perf_pmu_register(&pmu, "power", -1);
	else if (!wanted && is_registered)
		perf_pmu_unregister(&pmu);
	if (!error)
		is_registered = wanted;
	return error;
}

/* Whether it is the first one of its package. */
bool pmu_takes_processor(unsigned int cpu)
{
	if (cpumask_intersects(topology_core_cpumask(cpu), &first_processors))
		return false;
	cpumask_set_cpu(cpu, &first_processors);
	return true;
}

/* Whether it is the last one of its package. */
bool pmu_loses_processor(unsigned int cpu)
{
	unsigned int other;

	if (!cpumask_test_and_clear_cpu(cpu, &first_processors))
		return false;
	other = cpumask_any_but(topology_core_cpumask(cpu), cpu);
	if (other >= nr_cpu_ids)
		return true;
	cpumask_set_cpu(other, &first_processors);
	if (is_registered)
		perf_pmu_migrate_context(&pmu, cpu, other);
	return false;
}

void pmu_begins_with_online_processors(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		pmu_takes_processor(cpu);
}
