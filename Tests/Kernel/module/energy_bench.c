// SPDX-License-Identifier: GPL-2.0-only
/*
 * Energy counters whose truth is known, behind the genuine powercap, perf and hwmon interfaces of the kernel.
 *
 * This file is licensed under the GNU General Public License, version 2, unlike the program that it tests. It is built for
 * the tests alone and is part of no package.
 *
 * A counter's energy follows from its power and the time, so between two moments at which its power is 0 it is known exactly.
 * What is registered, and how each counter behaves, is said in debugfs:
 *
 *   energy_bench/register, unregister     names, separated by blanks: counters and "power", which is the perf PMU; in the given
 *                                         order, from which the kernel's numbers follow
 *   energy_bench/NAME/power_uw            its power
 *                    /moved_uj            all that it ever counted: the truth (read only)
 *                    /raw_uj              what it shows; writing sets it anew, as a reset of the hardware does
 *                    /glitch_uj, glitch_reads    the next so many readings show so much more
 *                    /range_uj            the highest value that it shows, before it starts again from 0
 *                    /error, delay_ms     reading fails with this errno, takes this long
 *                    /through_sleep       whether it counts while the machine is asleep
 *                    /limit_uw, short_limit_uw   limits of its power
 *
 * A package goes away with its last processor and comes back with it, as in the driver for RAPL.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpuhotplug.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hwmon.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/platform_device.h>
#include <linux/powercap.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include <linux/uaccess.h>

MODULE_DESCRIPTION("Energy counters for tests, whose truth is known");
MODULE_LICENSE("GPL");

static char *names = "package-0 core-0 dram-0 psys package-1 core-1 dram-1 power";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names, "what is registered when the module is loaded, in this order");

/* That of the driver for RAPL with the common unit of 1/2^14 J. */
#define DEFAULT_UNIT_NJ 61035ULL
#define NO_PACKAGE -1

enum kind { ZONE, CHIP };

struct counter {
	const char *name;	/* Here and in debugfs. */
	const char *shown;	/* By the kernel: the name of the zone, or of the chip. */
	const char *parent;	/* The zone that it lies in, by its name here. */
	enum kind kind;
	int package;		/* Whose processors it goes and comes with. */
	int perf_event;		/* The number of its event, 0 if it has none. */

	spinlock_t lock;	/* Of all up to the line. */
	u64 moved_uj;		/* Up to since_ns. */
	u64 since_ns;
	u64 power_uw;
	u64 offset_uj;		/* What is shown is the energy and this. */
	bool through_sleep;
	/* ------------------------------------------------ */
	u64 range_uj;
	u32 error;
	u32 delay_ms;
	u64 glitch_uj;
	u32 glitch_reads;
	u64 limits_uw[2];

	bool is_registered;	/* With the next ones under the registry's lock. */
	unsigned int order;
	struct powercap_zone zone;
	struct completion released;
	struct platform_device *device;
	struct device *chip;
};

#define RAPL(NAME, SHOWN, PARENT, PACKAGE, EVENT) \
	{ .name = NAME, .shown = SHOWN, .parent = PARENT, .kind = ZONE, .package = PACKAGE, .perf_event = EVENT }
#define BOARD(NAME) { .name = NAME, .shown = "energybench", .kind = CHIP, .package = NO_PACKAGE }

static struct counter counters[] = {
	RAPL("package-0", "package-0", NULL, 0, 2),
	RAPL("core-0", "core", "package-0", 0, 1),
	RAPL("dram-0", "dram", "package-0", 0, 3),
	RAPL("package-1", "package-1", NULL, 1, 2),
	RAPL("core-1", "core", "package-1", 1, 1),
	RAPL("dram-1", "dram", "package-1", 1, 3),
	RAPL("psys", "psys", NULL, NO_PACKAGE, 0),
	BOARD("board-0"),
	BOARD("board-1"),
};

static DEFINE_MUTEX(registry);
static unsigned int registrations;
static struct powercap_control_type *control_type;
static struct dentry *directory;

static struct counter *counter_named(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
		if (!strcmp(counters[i].name, name))
			return &counters[i];
	return NULL;
}

/* Energy */

static u64 now_ns(const struct counter *counter)
{
	return counter->through_sleep ? ktime_get_boottime_ns() : ktime_get_ns();
}

/* What was used since the last change is added to what had moved until then; under the counter's lock. */
static u64 moved_until_now(const struct counter *counter)
{
	return counter->moved_uj + mul_u64_u64_div_u64(counter->power_uw, now_ns(counter) - counter->since_ns, NSEC_PER_SEC);
}

static void begin_anew(struct counter *counter)
{
	counter->moved_uj = moved_until_now(counter);
	counter->since_ns = now_ns(counter);
}

static u64 moved(struct counter *counter)
{
	unsigned long flags;
	u64 result;

	spin_lock_irqsave(&counter->lock, flags);
	result = moved_until_now(counter);
	spin_unlock_irqrestore(&counter->lock, flags);
	return result;
}

/* One unit after the highest value comes 0. */
static u64 modulus(const struct counter *counter)
{
	u64 unit = div_u64(counter->range_uj, U32_MAX);

	return counter->range_uj + max(unit, 1ULL);
}

static u64 shown_with(struct counter *counter, u64 glitch_uj)
{
	u64 whole, remainder;

	whole = moved(counter) + READ_ONCE(counter->offset_uj) + glitch_uj;
	div64_u64_rem(whole, modulus(counter), &remainder);
	return remainder;
}

static u64 shown(struct counter *counter)
{
	return shown_with(counter, 0);
}

/* As `shown`, for those who measure: readings from elsewhere use up no glitch. */
static u64 measured(struct counter *counter)
{
	if (!READ_ONCE(counter->glitch_reads))
		return shown(counter);
	WRITE_ONCE(counter->glitch_reads, counter->glitch_reads - 1);
	return shown_with(counter, READ_ONCE(counter->glitch_uj));
}

static int read_slowly(struct counter *counter)
{
	u32 delay = READ_ONCE(counter->delay_ms);

	if (delay)
		msleep(delay);
	return -(int)READ_ONCE(counter->error);
}

/* powercap */

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
	int error = read_slowly(of_zone(zone));

	if (!error)
		*value = measured(of_zone(zone));
	return error;
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

static int zone_limit(struct powercap_zone *zone, int number, u64 *value)
{
	*value = READ_ONCE(of_zone(zone)->limits_uw[number]);
	return 0;
}

static int zone_set_limit(struct powercap_zone *zone, int number, u64 value)
{
	WRITE_ONCE(of_zone(zone)->limits_uw[number], value);
	return 0;
}

static int zone_window(struct powercap_zone *zone, int number, u64 *value)
{
	*value = number ? 2440 : 999424;
	return 0;
}

static int zone_set_window(struct powercap_zone *zone, int number, u64 value)
{
	return -EACCES;
}

static const char *zone_limit_name(struct powercap_zone *zone, int number)
{
	return number ? "short_term" : "long_term";
}

static const struct powercap_zone_constraint_ops limit_operations = {
	.get_power_limit_uw = zone_limit,
	.set_power_limit_uw = zone_set_limit,
	.get_time_window_us = zone_window,
	.set_time_window_us = zone_set_window,
	.get_name = zone_limit_name,
};

static int register_zone(struct counter *counter)
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

static void unregister_zone(struct counter *counter)
{
	powercap_unregister_zone(control_type, &counter->zone);
	/* Its memory is used again by the next registration. */
	wait_for_completion(&counter->released);
}

/* hwmon */

static umode_t chip_visible(const void *data, enum hwmon_sensor_types type, u32 attribute, int channel)
{
	return 0444;
}

static int chip_read(struct device *device, enum hwmon_sensor_types type, u32 attribute, int channel, long *value)
{
	struct counter *counter = dev_get_drvdata(device);
	int error;

	if (type == hwmon_power && attribute == hwmon_power_max) {
		*value = READ_ONCE(counter->limits_uw[0]);
		return 0;
	}
	error = read_slowly(counter);
	if (!error)
		*value = type == hwmon_energy ? measured(counter) : READ_ONCE(counter->power_uw);
	return error;
}

static int chip_label(struct device *device, enum hwmon_sensor_types type, u32 attribute, int channel, const char **text)
{
	*text = "rail";
	return 0;
}

static const struct hwmon_ops chip_operations = {
	.is_visible = chip_visible,
	.read = chip_read,
	.read_string = chip_label,
};

static const struct hwmon_channel_info *chip_channels[] = {
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT | HWMON_E_LABEL),
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT | HWMON_P_LABEL | HWMON_P_MAX),
	NULL,
};

static const struct hwmon_chip_info chip_info = { .ops = &chip_operations, .info = chip_channels };

static int register_chip(struct counter *counter)
{
	counter->chip = hwmon_device_register_with_info(&counter->device->dev, counter->shown, counter, &chip_info, NULL);
	return PTR_ERR_OR_ZERO(counter->chip);
}

static void unregister_chip(struct counter *counter)
{
	hwmon_device_unregister(counter->chip);
}

/* perf */

static cpumask_t first_processors;	/* One of each package. */
static bool pmu_is_registered;
static struct pmu pmu;

static struct counter *counter_of_event(struct perf_event *event)
{
	int package = topology_physical_package_id(event->cpu);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++)
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

PMU_EVENT_ATTR_STRING(energy-cores, cores_number, "event=0x01");
PMU_EVENT_ATTR_STRING(energy-cores.unit, cores_unit, "Joules");
PMU_EVENT_ATTR_STRING(energy-cores.scale, cores_scale, "2.3283064365386962890625e-10");
PMU_EVENT_ATTR_STRING(energy-pkg, package_number, "event=0x02");
PMU_EVENT_ATTR_STRING(energy-pkg.unit, package_unit, "Joules");
PMU_EVENT_ATTR_STRING(energy-pkg.scale, package_scale, "2.3283064365386962890625e-10");
PMU_EVENT_ATTR_STRING(energy-ram, ram_number, "event=0x03");
PMU_EVENT_ATTR_STRING(energy-ram.unit, ram_unit, "Joules");
PMU_EVENT_ATTR_STRING(energy-ram.scale, ram_scale, "2.3283064365386962890625e-10");

static struct attribute *event_attributes[] = {
	&cores_number.attr.attr, &cores_unit.attr.attr, &cores_scale.attr.attr,
	&package_number.attr.attr, &package_unit.attr.attr, &package_scale.attr.attr,
	&ram_number.attr.attr, &ram_unit.attr.attr, &ram_scale.attr.attr,
	NULL,
};
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

/* The registry: who is there, in which order they came */

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

static int set_pmu(bool wanted)
{
	int error = 0;

	if (wanted && !pmu_is_registered)
		error = perf_pmu_register(&pmu, "power", -1);
	else if (!wanted && pmu_is_registered)
		perf_pmu_unregister(&pmu);
	if (!error)
		pmu_is_registered = wanted;
	return error;
}

static int set_registered(const char *name, bool wanted)
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

static int set_all_registered(char *list, bool wanted)
{
	char *name;
	int error = 0;

	mutex_lock(&registry);
	while (!error && (name = strsep(&list, " \n")))
		if (*name)
			error = set_registered(name, wanted);
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
		for (i = 0; i < ARRAY_SIZE(counters); i++)
			if (counters[i].is_registered && (package == NO_PACKAGE || counters[i].package == package) &&
			    (!last || counters[i].order > last->order))
				last = &counters[i];
		if (last)
			unregister_counter(last);
	} while (last);
}

/* Processors */

static int processor_came(unsigned int cpu)
{
	size_t i;
	int package = topology_physical_package_id(cpu);

	mutex_lock(&registry);
	if (!cpumask_intersects(topology_core_cpumask(cpu), &first_processors)) {
		cpumask_set_cpu(cpu, &first_processors);
		for (i = 0; i < ARRAY_SIZE(counters); i++)
			if (counters[i].package == package && counters[i].kind == ZONE)
				register_counter(&counters[i]);
	}
	mutex_unlock(&registry);
	return 0;
}

static int processor_goes(unsigned int cpu)
{
	unsigned int other;

	mutex_lock(&registry);
	if (cpumask_test_and_clear_cpu(cpu, &first_processors)) {
		other = cpumask_any_but(topology_core_cpumask(cpu), cpu);
		if (other < nr_cpu_ids) {
			cpumask_set_cpu(other, &first_processors);
			if (pmu_is_registered)
				perf_pmu_migrate_context(&pmu, cpu, other);
		} else {
			unregister_all(topology_physical_package_id(cpu));
		}
	}
	mutex_unlock(&registry);
	return 0;
}

/* debugfs */

static ssize_t write_list(const char __user *buffer, size_t length, bool wanted)
{
	char list[256];
	int error;

	if (length >= sizeof(list))
		return -E2BIG;
	if (copy_from_user(list, buffer, length))
		return -EFAULT;
	list[length] = 0;
	error = set_all_registered(list, wanted);
	return error ? error : (ssize_t)length;
}

static ssize_t register_write(struct file *file, const char __user *buffer, size_t length, loff_t *offset)
{
	return write_list(buffer, length, true);
}

static ssize_t unregister_write(struct file *file, const char __user *buffer, size_t length, loff_t *offset)
{
	return write_list(buffer, length, false);
}

static const struct file_operations register_operations = { .owner = THIS_MODULE, .write = register_write };
static const struct file_operations unregister_operations = { .owner = THIS_MODULE, .write = unregister_write };

/* Runs STATEMENT under the lock of `counter`, with its energy up to now in moved_uj. */
#define CHANGE(NAME, STATEMENT) \
	static int NAME(void *data, u64 value) \
	{ \
		struct counter *counter = data; \
		unsigned long flags; \
		spin_lock_irqsave(&counter->lock, flags); \
		begin_anew(counter); \
		STATEMENT; \
		spin_unlock_irqrestore(&counter->lock, flags); \
		return 0; \
	}

#define SHOW(NAME, EXPRESSION) \
	static int NAME(void *data, u64 *value) \
	{ \
		struct counter *counter = data; \
		*value = EXPRESSION; \
		return 0; \
	}

static void change_clock(struct counter *counter, bool through_sleep)
{
	counter->through_sleep = through_sleep;
	counter->since_ns = now_ns(counter);
}

static u64 offset_showing(const struct counter *counter, u64 value)
{
	u64 remainder;

	div64_u64_rem(counter->moved_uj, modulus(counter), &remainder);
	return modulus(counter) + value - remainder;
}

SHOW(power_get, counter->power_uw)
CHANGE(power_set, counter->power_uw = value)
DEFINE_DEBUGFS_ATTRIBUTE(power_file, power_get, power_set, "%llu\n");

SHOW(moved_get, moved(counter))
DEFINE_DEBUGFS_ATTRIBUTE(moved_file, moved_get, NULL, "%llu\n");

SHOW(raw_get, shown(counter))
CHANGE(raw_set, counter->offset_uj = offset_showing(counter, value))
DEFINE_DEBUGFS_ATTRIBUTE(raw_file, raw_get, raw_set, "%llu\n");

SHOW(sleep_get, counter->through_sleep)
CHANGE(sleep_set, change_clock(counter, value))
DEFINE_DEBUGFS_ATTRIBUTE(sleep_file, sleep_get, sleep_set, "%llu\n");

static void show_counter(struct counter *counter)
{
	struct dentry *own = debugfs_create_dir(counter->name, directory);

	debugfs_create_file_unsafe("power_uw", 0600, own, counter, &power_file);
	debugfs_create_file_unsafe("moved_uj", 0400, own, counter, &moved_file);
	debugfs_create_file_unsafe("raw_uj", 0600, own, counter, &raw_file);
	debugfs_create_file_unsafe("through_sleep", 0600, own, counter, &sleep_file);
	debugfs_create_u64("glitch_uj", 0600, own, &counter->glitch_uj);
	debugfs_create_u32("glitch_reads", 0600, own, &counter->glitch_reads);
	debugfs_create_u64("range_uj", 0600, own, &counter->range_uj);
	debugfs_create_u64("limit_uw", 0600, own, &counter->limits_uw[0]);
	debugfs_create_u64("short_limit_uw", 0600, own, &counter->limits_uw[1]);
	debugfs_create_u32("error", 0600, own, &counter->error);
	debugfs_create_u32("delay_ms", 0600, own, &counter->delay_ms);
}

/* Life */

static int set_up(struct counter *counter, int number)
{
	spin_lock_init(&counter->lock);
	init_completion(&counter->released);
	counter->range_uj = U32_MAX * DEFAULT_UNIT_NJ / 1000;
	counter->offset_uj = 1000000000ULL * (number + 1);
	counter->since_ns = now_ns(counter);
	counter->limits_uw[0] = 125000000;
	counter->limits_uw[1] = 250000000;
	show_counter(counter);
	if (counter->kind == CHIP)
		counter->device = platform_device_register_simple("energy-bench", number, NULL, 0);
	return PTR_ERR_OR_ZERO(counter->device);
}

static void take_down(void)
{
	size_t i;

	debugfs_remove_recursive(directory);
	set_pmu(false);
	unregister_all(NO_PACKAGE);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		platform_device_unregister(counters[i].device);
	powercap_unregister_control_type(control_type);
}

static int processors_state;

static int register_first(void)
{
	char *list = kstrdup(names, GFP_KERNEL);
	int error = list ? set_all_registered(list, true) : -ENOMEM;

	kfree(list);
	return error;
}

static int __init energy_bench_init(void)
{
	unsigned int cpu;
	size_t i;
	int error = 0;

	control_type = powercap_register_control_type(NULL, "intel-rapl", NULL);
	if (IS_ERR(control_type))
		return PTR_ERR(control_type);
	directory = debugfs_create_dir("energy_bench", NULL);
	for (i = 0; i < ARRAY_SIZE(counters) && !error; i++)
		error = set_up(&counters[i], i);
	for_each_online_cpu(cpu)
		if (!cpumask_intersects(topology_core_cpumask(cpu), &first_processors))
			cpumask_set_cpu(cpu, &first_processors);
	if (!error)
		error = register_first();
	if (!error)
		error = processors_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "energy_bench:online",
								     processor_came, processor_goes);
	if (error >= 0)
		return 0;
	take_down();
	return error;
}

static void __exit energy_bench_exit(void)
{
	cpuhp_remove_state_nocalls(processors_state);
	take_down();
}

module_init(energy_bench_init);
module_exit(energy_bench_exit);
