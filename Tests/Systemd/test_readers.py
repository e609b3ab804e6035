"""The readers as their units run them: as root without capabilities, publishing where nobody else may write."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator

import pytest

from conftest import PACKAGE
from machine import Machine
from support import published_feed
from support.fake_nvml import FakeNVML, compile_library
from support.published_feed import Feed
from support.waiting import wait_until
from typing_lines import type_lines

NVIDIA = f"{PACKAGE}-nvidia.service"
SENSORS = f"{PACKAGE}-sensors.service"
FEEDS = "/run/pyjoules-exporter/feeds"
# As in Tests/EndToEnd/test_packaging.py, of the running service.
EXPOSURE_CEILINGS = {NVIDIA: 0.8, SENSORS: 0.6}
PATIENCE_SECONDS = 30.0
NVIDIA_ARGS = (
    "--path.library /srv/gpu/libnvidia-ml.so.1 --path.procfs /srv/gpu/proc --path.sysfs /srv/gpu/sys --interval 200ms"
)


def feed(machine: Machine, name: str) -> Feed | None:
    """What is published; None while nothing is."""
    text = machine.run("cat", f"{FEEDS}/{name}.feed", check=False)
    return published_feed.parse(text.encode()) if text else None


def wait_for_feed(machine: Machine, name: str) -> Feed:
    found = wait_until(lambda: feed(machine, name), PATIENCE_SECONDS, "a publication")
    assert found is not None
    return found


def wait_for_raw(machine: Machine, raw: int) -> None:
    def is_there() -> bool:
        found = feed(machine, "nvidia")
        return found is not None and found.has("counter") and found.only("counter")["raw"] == str(raw)

    wait_until(is_there, PATIENCE_SECONDS, f"a publication of {raw}")


@pytest.fixture
def gpu(machine: Machine) -> Iterator[FakeNVML]:
    """A GPU that does not exist, for the unit of this machine."""
    place = machine.root / "srv" / "gpu"
    place.mkdir(parents=True)
    fake = FakeNVML(compile_library(place), place)
    machine.write(
        f"/etc/systemd/system/{NVIDIA}.d/fake.conf",
        "[Unit]\nConditionPathExists=\n[Service]\nReadWritePaths=/srv/gpu/nvml\n"
        f'Environment=FAKE_NVML=/srv/gpu/nvml "NVIDIA_ARGS={NVIDIA_ARGS}"\nEnvironmentFile=\n',
    )
    machine.systemctl("daemon-reload")
    with contextlib.closing(fake):
        yield fake


def test_without_the_driver_nothing_is_started(machine: Machine) -> None:
    machine.systemctl("start", NVIDIA)
    shown = machine.show(NVIDIA, "ActiveState", "ConditionResult")
    assert shown == {"ActiveState": "inactive", "ConditionResult": "no"}


def test_only_root_may_write_where_readers_publish(machine: Machine) -> None:
    shown = machine.run("stat", "--format=%a %U:%G", "/run/pyjoules-exporter", FEEDS)
    assert shown == "755 root:root\n" * 2


def test_a_gpu_is_published_by_root_without_capabilities(machine: Machine, gpu: FakeNVML) -> None:
    machine.systemctl("start", NVIDIA)
    assert wait_for_feed(machine, "nvidia").only("counter")["id"] == gpu.uuid(0)
    assert machine.run("stat", "--format=%a %U:%G", f"{FEEDS}/nvidia.feed") == "644 root:root\n"
    status = machine.run("cat", f"/proc/{machine.main_pid(NVIDIA)}/status")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert re.search(rf"^{name}:\t0+$", status, re.MULTILINE), name
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    # As the exporter, which is another user.
    machine.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", f"{FEEDS}/nvidia.feed")
    machine.systemctl("stop", NVIDIA)
    assert feed(machine, "nvidia") is None
    assert machine.show(NVIDIA, "Result")["Result"] == "success"


def test_the_lines_of_the_document(machine: Machine, gpu: FakeNVML) -> None:
    by_hand = {
        "pyjoules-exporter reader": "FAKE_NVML=/srv/gpu/nvml pyjoules-exporter reader",
        "$NVIDIA_ARGS": NVIDIA_ARGS,
    }
    type_lines(machine, "gpu", by_hand)


def test_what_ends_it_is_followed_by_another_start(machine: Machine, gpu: FakeNVML) -> None:
    machine.systemctl("start", NVIDIA)
    wait_for_raw(machine, 2_265_123)
    first = machine.main_pid(NVIDIA)
    gpu.gpus[0]["crash"] = 1
    wait_until(lambda: machine.main_pid(NVIDIA) not in (0, first), PATIENCE_SECONDS, "another process")
    gpu.gpus[0]["energy"] = 2_300_000
    gpu.gpus[0]["crash"] = 0
    wait_for_raw(machine, 2_300_000)
    second = machine.main_pid(NVIDIA)
    gpu.gpus[0]["energy_code"] = 15
    wait_until(lambda: machine.main_pid(NVIDIA) not in (0, second), PATIENCE_SECONDS, "another process")
    gpu.gpus[0]["energy_code"] = 0
    wait_for_raw(machine, 2_300_000)


def test_the_reader_of_sensors_runs_when_it_is_enabled(machine: Machine) -> None:
    assert machine.show(SENSORS, "ActiveState")["ActiveState"] == "inactive"
    machine.systemctl("enable", "--now", SENSORS)
    assert wait_for_feed(machine, "hwmon").entries == []
    records = machine.run("journalctl", "--unit", SENSORS, "--output=json").splitlines()
    events = [json.loads(record).get("PYJOULES_EVENT") for record in records]
    assert "reader_started" in events


@pytest.mark.parametrize("unit", EXPOSURE_CEILINGS)
def test_the_exposure_of_a_reader_stays_below_its_ceiling(machine: Machine, unit: str) -> None:
    report = machine.run("systemd-analyze", "security", "--no-pager", unit)
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", report)
    assert level is not None, report
    assert float(level[1]) <= EXPOSURE_CEILINGS[unit]
    assert machine.run("sh", "-c", f"systemd-analyze verify --man=no {unit} 2>&1") == ""
