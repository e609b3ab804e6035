"""What a user would write in an afternoon, and what this exporter was first: pyJoules and prometheus_client.

    python3 prototype.py PORT SECONDS      in an environment with rivals.txt, where /sys has RAPL's counters

A thread measures over SECONDS, again and again, and sets two gauges: power and the time it was measured over.
"""

import sys
import threading
import time

from prometheus_client import Gauge, start_http_server
from pyJoules.device.rapl_device import RaplDevice
from pyJoules.energy_meter import EnergyMeter

POWER = Gauge("pyjoules_simple_energy_watts", "Average power over the last interval.", ["domain"])
DURATION = Gauge("pyjoules_simple_measurement_duration_seconds", "The length of that interval.")


def measure(seconds: float) -> None:
    device = RaplDevice()
    device.configure(RaplDevice.available_domains())
    meter = EnergyMeter([device])
    while True:
        meter.start()
        time.sleep(seconds)
        meter.stop()
        sample = meter.get_trace()[0]
        DURATION.set(sample.duration)
        for domain, microjoules in sample.energy.items():
            POWER.labels(domain=domain).set(microjoules / 1e6 / sample.duration)


threading.Thread(target=measure, args=(float(sys.argv[2]),), daemon=True).start()
start_http_server(int(sys.argv[1]), addr="127.0.0.1")
threading.Event().wait()
