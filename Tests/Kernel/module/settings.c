// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is registered, and how each counter behaves, in debugfs:
 *
 *   energy_bench/register, unregister   names of counters separated by blanks, and "power", which is the PMU; in the given order,
 *                                       from which the kernel's numbers follow
 *   energy_bench/NAME/power_uw          its power
 *                    /moved_uj          all that it ever counted: the truth (read only)
 *                    /raw_uj            what it shows; writing sets it anew, as a reset of the hardware does
 *                    /...               the rest is in counter.h
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "counter.h"

static struct dentry *directory;

static ssize_t write_list(const char __user *buffer, size_t length, bool wanted)
{
	char list[256];
	int error;

	if (length >= sizeof(list))
		return -E2BIG;
	if (copy_from_user(list, buffer, length))
		return -EFAULT;
	list[length] = 0;
	error = set_registered(list, wanted);
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

/* Runs STATEMENT under the lock of `counter`. */
#define CHANGE(NAME, STATEMENT) \
	static int NAME(void *data, u64 value) \
	{ \
		struct counter *counter = data; \
		unsigned long flags; \
		spin_lock_irqsave(&counter->lock, flags); \
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

SHOW(power_get, counter->power_uw)
CHANGE(power_set, begin_anew(counter); counter->power_uw = value)
DEFINE_DEBUGFS_ATTRIBUTE(power_file, power_get, power_set, "%llu\n");

SHOW(moved_get, moved(counter))
DEFINE_DEBUGFS_ATTRIBUTE(moved_file, moved_get, NULL, "%llu\n");

SHOW(raw_get, shown(counter))
CHANGE(raw_set, show_from_now(counter, value))
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

void show_settings(void)
{
	size_t i;

	directory = debugfs_create_dir("energy_bench", NULL);
	debugfs_create_file("register", 0200, directory, NULL, &register_operations);
	debugfs_create_file("unregister", 0200, directory, NULL, &unregister_operations);
	for (i = 0; i < COUNTERS; i++)
		show_counter(&counters[i]);
}

void hide_settings(void)
{
	debugfs_remove_recursive(directory);
}
