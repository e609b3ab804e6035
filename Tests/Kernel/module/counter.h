/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Energy counters whose truth is known, behind the genuine powercap, perf and hwmon interfaces of the kernel.
 *
 * This module is licensed under the GNU General Public License, version 2, unlike the program that it tests. It is built for
 * the tests alone and is part of no package.
 */
#ifndef ENERGY_BENCH_COUNTER_H
#define ENERGY_BENCH_COUNTER_H

#include <linux/completion.h>
#include <linux/platform_device.h>
#include <linux/powercap.h>
#include <linux/spinlock.h>

#define NO_PACKAGE -1

enum kind { ZONE, CHIP };

/* Its energy follows from its power and the time: between two moments at which the power is 0 it is known exactly. */
struct counter {
	const char *name;	/* In debugfs. */
	const char *shown;	/* By the kernel: the name of the zone or chip. */
	const char *parent;	/* The zone that it lies in, by its name in debugfs. */
	enum kind kind;
	int package;		/* Whose processors it goes and comes with. */
	int perf_event;		/* The number of its event, 0 if it has none. */

	spinlock_t lock;	/* Of the next five. */
	u64 moved_uj;		/* Up to since_ns: the truth. */
	u64 since_ns;
	u64 power_uw;
	u64 offset_uj;		/* What is shown is the energy and this. */
	bool through_sleep;	/* Whether it counts while the machine is asleep. */

	u64 range_uj;		/* The highest value that it shows; after it comes 0. */
	u64 glitch_uj;		/* What the next so many readings show too much. */
	u32 glitch_reads;
	u32 error;		/* An errno, with which readings fail. */
	u32 delay_ms;		/* How long a reading takes. */
	u64 limits_uw[2];

	bool is_registered;	/* These under the registry's lock. */
	unsigned int order;
	struct powercap_zone zone;
	struct completion released;
	struct platform_device *device;
	struct device *chip;
};

#define COUNTERS 9
extern struct counter counters[COUNTERS];

struct counter *counter_named(const char *name);
int set_up_counter(struct counter *counter, int number);
void begin_anew(struct counter *counter);
void change_clock(struct counter *counter, bool through_sleep);
void show_from_now(struct counter *counter, u64 value);
u64 moved(struct counter *counter);
u64 shown(struct counter *counter);
int measure(struct counter *counter, u64 *value);

int register_control_type(void);
void unregister_control_type(void);
int register_zone(struct counter *counter);
void unregister_zone(struct counter *counter);

int register_chip(struct counter *counter);
void unregister_chip(struct counter *counter);

int set_pmu(bool wanted);
void pmu_begins_with_online_processors(void);
bool pmu_takes_processor(unsigned int cpu);
bool pmu_loses_processor(unsigned int cpu);

int set_registered(char *list, bool wanted);
int follow_processors(void);
void forget_processors(void);
void unregister_everything(void);

void show_settings(void);
void hide_settings(void);

#endif
