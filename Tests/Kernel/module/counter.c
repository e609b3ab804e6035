// SPDX-License-Identifier: GPL-2.0-only
/* The counters, and what they count. */
#include <linux/delay.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

#include "counter.h"

/* That of the driver for RAPL with the common unit of 1/2^14 J. */
#define DEFAULT_UNIT_NJ 61035ULL

#define RAPL(NAME, SHOWN, PARENT, PACKAGE, EVENT) \
	{ .name = NAME, .shown = SHOWN, .parent = PARENT, .kind = ZONE, .package = PACKAGE, .perf_event = EVENT }
#define BOARD(NAME) { .name = NAME, .shown = "energybench", .kind = CHIP, .package = NO_PACKAGE }

struct counter counters[COUNTERS] = {
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

struct counter *counter_named(const char *name)
{
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		if (!strcmp(counters[i].name, name))
			return &counters[i];
	return NULL;
}

static u64 now_ns(const struct counter *counter)
{
	return counter->through_sleep ? ktime_get_boottime_ns() : ktime_get_ns();
}

int set_up_counter(struct counter *counter, int number)
{
	spin_lock_init(&counter->lock);
	init_completion(&counter->released);
	counter->range_uj = U32_MAX * DEFAULT_UNIT_NJ / 1000;
	counter->offset_uj = 1000000000ULL * (number + 1);
	counter->since_ns = now_ns(counter);
	counter->limits_uw[0] = 125000000;
	counter->limits_uw[1] = 250000000;
	if (counter->kind == CHIP)
		counter->device = platform_device_register_simple("energy-bench", number, NULL, 0);
	return PTR_ERR_OR_ZERO(counter->device);
}

/* Up to now; under the counter's lock, as the next three. */
static u64 moved_until_now(const struct counter *counter)
{
	return counter->moved_uj + mul_u64_u64_div_u64(counter->power_uw, now_ns(counter) - counter->since_ns, NSEC_PER_SEC);
}

void begin_anew(struct counter *counter)
{
	counter->moved_uj = moved_until_now(counter);
	counter->since_ns = now_ns(counter);
}

void change_clock(struct counter *counter, bool through_sleep)
{
	begin_anew(counter);
	counter->through_sleep = through_sleep;
	counter->since_ns = now_ns(counter);
}

/* One unit after the highest value comes 0. */
static u64 modulus(const struct counter *counter)
{
	u64 unit = div_u64(counter->range_uj, U32_MAX);

	return counter->range_uj + max(unit, 1ULL);
}

void show_from_now(struct counter *counter, u64 value)
{
	u64 remainder;

	begin_anew(counter);
	div64_u64_rem(counter->moved_uj, modulus(counter), &remainder);
	counter->offset_uj = modulus(counter) + value - remainder;
}

u64 moved(struct counter *counter)
{
	unsigned long flags;
	u64 result;

	spin_lock_irqsave(&counter->lock, flags);
	result = moved_until_now(counter);
	spin_unlock_irqrestore(&counter->lock, flags);
	return result;
}

static u64 shown_with(struct counter *counter, u64 glitch_uj)
{
	u64 whole = moved(counter) + READ_ONCE(counter->offset_uj) + glitch_uj;
	u64 remainder;

	div64_u64_rem(whole, modulus(counter), &remainder);
	return remainder;
}

u64 shown(struct counter *counter)
{
	return shown_with(counter, 0);
}

/* As those read it who measure: late, in vain, or with a glitch. The value is that of the end. */
int measure(struct counter *counter, u64 *value)
{
	u32 delay = READ_ONCE(counter->delay_ms);
	u32 glitches;

	if (delay)
		msleep(delay);
	if (READ_ONCE(counter->error))
		return -(int)READ_ONCE(counter->error);
	glitches = READ_ONCE(counter->glitch_reads);
	if (glitches)
		WRITE_ONCE(counter->glitch_reads, glitches - 1);
	*value = shown_with(counter, glitches ? READ_ONCE(counter->glitch_uj) : 0);
	return 0;
}
