// SPDX-License-Identifier: GPL-2.0-only
/* Counters as chips of hwmon, with one rail whose energy and power are both shown. */
#include <linux/hwmon.h>

#include "counter.h"

static umode_t chip_visible(const void *data, enum hwmon_sensor_types type, u32 attribute, int channel)
{
	return 0444;
}

static int chip_read(struct device *device, enum hwmon_sensor_types type, u32 attribute, int channel, long *value)
{
	struct counter *counter = dev_get_drvdata(device);
	u64 energy;
	int error;

	if (type == hwmon_power && attribute == hwmon_power_max) {
		*value = READ_ONCE(counter->limits_uw[0]);
		return 0;
	}
	error = measure(counter, &energy);
	if (!error)
		*value = type == hwmon_energy ? energy : READ_ONCE(counter->power_uw);
	return error;
}

static int chip_label(struct device *device, enum hwmon_sensor_types type, u32 attribute, int channel, const char **text)
{
	*text = "rail";
	return 0;
}

static const struct hwmon_ops operations = {
	.is_visible = chip_visible,
	.read = chip_read,
	.read_string = chip_label,
};

static const struct hwmon_channel_info *channels[] = {
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT | HWMON_E_LABEL),
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT | HWMON_P_LABEL | HWMON_P_MAX),
	NULL,
};

static const struct hwmon_chip_info chip_info = { .ops = &operations, .info = channels };

int register_chip(struct counter *counter)
{
	counter->chip = hwmon_device_register_with_info(&counter->device->dev, counter->shown, counter, &chip_info, NULL);
	return PTR_ERR_OR_ZERO(counter->chip);
}

void unregister_chip(struct counter *counter)
{
	hwmon_device_unregister(counter->chip);
}
