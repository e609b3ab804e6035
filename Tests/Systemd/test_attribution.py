"""Who used it, told of real cgroups: nothing of what ran in them is lost, whatever begins, ends, or is killed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from conftest import PACKAGE
from exporter_unit import ADDRESS, SERVICE, page, page_after_ticks, restarts
from machine import WHOLE_CGROUPS, Machine
from metered import ATTRIBUTED, Meter, check, microjoules, show, usage
from support.exposition import Page
from support.hardware_counter import HardwareCounter, RandomLoad
from support.powercap_tree import PowercapTree, Zone
from support.scraping_servers import Prometheus
from support.waiting import wait_until

Figure = Callable[[str], None]
# The highest that is a limit at all: the exporter believes twice as much.
LIMIT_WATTS = 999_999
LIVES_AT_A_TIME = 40
KILLS = 50
# What a group has at most, by the kernel's own account, beyond what wait4 says of the process in it: the last part of
# its end, and what times lack that are cut to whole microseconds.
KERNEL_MICROSECONDS_OF_A_LIFE = 30


@pytest.fixture
def counters(tmp_path: Path) -> dict[str, HardwareCounter]:
    """One counter that may move by as much as gives a microsecond of processor time a price."""
    root = tmp_path / "sys"
    tree = PowercapTree(root)
    for real in ("devices/system", "kernel", "fs"):
        (root / real).mkdir(parents=True)
    zone = Zone("0", "package-0", range_uj=10**17, limit_watts=LIMIT_WATTS)
    return {"package_0": HardwareCounter.add(tree, zone, 0)}


class ShortLives:
    """short_lives.c, told how many processes are to live now."""

    def __init__(self, directory: Path, cgroup: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler (Debian package gcc)")
        program = directory / "short_lives"
        source = Path(__file__).with_name("short_lives.c")
        subprocess.run([compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, source], check=True)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen([program, cgroup], text=True, **pipes)
        self.lives = 0
        self.microseconds = 0

    def begin(self, count: int) -> None:
        assert self._process.stdin is not None
        print(count, self.lives, file=self._process.stdin, flush=True)
        self.lives += count

    def wait(self) -> None:
        """Until they have ended; what they ran is added."""
        assert self._process.stdout is not None
        self.microseconds += int(self._process.stdout.readline())

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait() == 0


@contextmanager
def transient_units(machine: Machine, count: int) -> Iterator[None]:
    """Meanwhile systemd starts so many services, each of which works for a moment."""
    # Of systemd's own dollars each is two.
    work = "i=0; while [ $$i -lt $$1 ]; do i=$$((i + 1)); done"
    start = f"systemd-run --quiet --collect --slice=real.slice --unit=real-$n sh -c '{work}' sh $((n % 9 * 3000))"
    loop = f"n=0; while [ $n -lt {count} ]; do n=$((n + 1)); {start}; done"
    thread = Thread(target=machine.run, args=("sh", "-c", loop))
    thread.start()
    yield
    thread.join()


def test_nothing_is_lost_of_2000_short_lives_and_50_kills(
    machine: Machine, counters: dict[str, HardwareCounter], tmp_path: Path, figure: Figure
) -> None:
    """What the pages say that slices ran is what the kernel says, and that is what wait4 says of the processes."""
    work = "i=0; while [ $$i -lt 20000 ]; do i=$$((i + 1)); done"
    unit = f"[Service]\nSlice=real.slice\nExecStart=sh -c '{work}; sleep 9999'\n"
    machine.write("/etc/systemd/system/again.service", unit)
    machine.systemctl("daemon-reload")
    slices = ("lives.slice", "real.slice")
    meter = Meter.begin(machine, counters, slices, "--attribution.max-new 100000 --attribution.max 1024")
    chance = Random(13)
    lives = ShortLives(tmp_path, meter.cgroup("lives.slice"))
    began = {name: usage(meter.cgroup(name)) for name in slices}
    again: list[Decimal] = []
    with transient_units(machine, 60):
        for number in range(KILLS):
            lives.begin(LIVES_AT_A_TIME)
            if number % 10 == 0:
                machine.systemctl("restart", "again.service")
            meter.take()
            meter.kill(chance)
            again += values_of(meter.take(), "again.service")
            lives.wait()
    lives.end()
    meter.take()
    again += values_of(meter.take(), "again.service")
    ran = {name: usage(meter.cgroup(name)) - began[name] for name in slices}

    assert restarts(machine) == KILLS
    assert lives.lives == 2000
    beyond = ran["lives.slice"] - lives.microseconds
    assert 0 <= beyond <= lives.lives * KERNEL_MICROSECONDS_OF_A_LIFE
    # Each pass rounds by less than a microjoule. Where no page of a pass was seen, the price is nearly right.
    assert abs(meter.accounted - sum(ran.values())) <= meter.pages + 50 * KILLS
    assert len(again) == KILLS + 1, "a unit that is restarted keeps its series"
    assert again == sorted(again) and again[-1] > 0
    figure(
        f"{lives.lives} lives of {lives.microseconds / 1e6:.3f} s, {beyond} us more by the kernel, {KILLS} kills:"
        f" {sum(ran.values())} us ran in the slices, {meter.accounted} us accounted, on {meter.pages} pages;"
        f" the slowest page with a pass took {meter.slowest_seconds * 1000:.0f} ms"
    )


def values_of(shown: Page, name: str) -> list[Decimal]:
    return [sample.value for sample in shown.find(ATTRIBUTED) if sample.labels.get("name") == name]


def test_5000_cgroups_at_once_overflow_the_queue_and_lose_nothing(
    machine: Machine, counters: dict[str, HardwareCounter], tmp_path: Path, figure: Figure
) -> None:
    """The kernel says that events are missing, and the tree is listed again."""
    meter = Meter.begin(machine, counters, ("lives.slice",), "--attribution.max-new 100000", latest=3)
    lives = ShortLives(tmp_path, meter.cgroup("lives.slice"))
    began = usage(meter.cgroup("lives.slice"))
    burst = [meter.cgroup("lives.slice") / f"burst-{number}.service" for number in range(5000)]
    with meter.stopped():
        for group in burst:
            group.mkdir()
        overflow(meter.cgroup("lives.slice"))
        # Of this, too, nothing is told.
        for group in burst[::2]:
            group.rmdir()
        lives.begin(20)
        lives.wait()
    shown = meter.take_what_moved()
    assert shown.value("pyjoules_attribution_units") == 2500
    assert shown.value("pyjoules_attribution_units_without_slot") == 2500 - 512
    with meter.stopped():
        overflow(meter.cgroup("lives.slice"))
        for group in burst[1::2]:
            group.rmdir()
        lives.begin(20)
        lives.wait()
    shown = meter.take_what_moved()
    lives.end()
    assert shown.value("pyjoules_attribution_units") == 0
    ran = usage(meter.cgroup("lives.slice")) - began
    assert abs(meter.accounted - ran) <= meter.pages
    assert not shown.find("pyjoules_attribution_errors_total")
    figure(
        f"5000 cgroups at once, and more events than are kept: {ran} us ran, {meter.accounted} us accounted;"
        f" the slowest page with a pass took {meter.slowest_seconds * 1000:.0f} ms"
    )


def overflow(cgroup: Path) -> None:
    """Makes as many events as the kernel keeps; none of them is like the one before, or they would be one."""
    for number in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 2):
        group = cgroup / f"flood-{number}.service"
        group.mkdir()
        group.rmdir()


NAMES = (
    b'quote".service',
    b"back\\slash.service",
    b"brace}=1.service",
    "ümlaut.service".encode(),
    b"no\xffutf8.service",
    b"x" * 247 + b".service",
    b'"' * 247 + b".service",
)


def test_names_that_try_to_break_labels(machine: Machine, counters: dict[str, HardwareCounter]) -> None:
    """Of a unit of systemd's, and of directories that a program with rights may make."""
    meter = Meter.begin(machine, counters, ("real.slice",), "--attribution.max-new 100000")
    # Of the second one systemd makes the directory _memory.service.
    real = {"a\\x22b-\\xff.service", "memory.service"}
    for unit in real:
        machine.run("systemd-run", "--quiet", "--slice=real.slice", f"--unit={unit}", "sleep", "9999")
    directory = os.fsencode(meter.cgroup("real.slice"))
    for name in NAMES:
        os.mkdir(directory + b"/" + name)
    with pytest.raises(OSError) as refusal:
        os.mkdir(directory + b"/line\nfeed.service")
    assert refusal.value.errno == errno.EINVAL, "of a line feed the kernel makes no cgroup"
    shown = meter.take()
    names = {unescaped(sample.labels["name"]) for sample in shown.find(ATTRIBUTED, slice="real.slice", type="service")}
    assert names == real | {*(name.decode(errors="surrogateescape").replace("\udcff", "\\xff") for name in NAMES)}
    for name in NAMES:
        os.rmdir(directory + b"/" + name)


def unescaped(value: str) -> str:
    return re.sub(r'\\(["\\n])', lambda match: "\n" if match[1] == "n" else match[1], value)


SHARES = {"loop.service": "--cpu 2 --cpu-method loop", "pages.service": "--vm 1 --vm-bytes 16M"}
LOAD_WATTS = 100
# Two shares are as two times of the processors, but for the steps in which a running task's time moves.
SHARE_TOLERANCE = 0.05


def test_shares_and_sum_in_a_real_prometheus(
    machine: Machine, counters: dict[str, HardwareCounter], tmp_path: Path, figure: Figure
) -> None:
    """Two services of different work and as much time as they can get: energy as time, and every scrape adds up."""
    if not Prometheus.is_available():
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    show(machine, ("real.slice",), "--attribution.interval 200ms")
    for name, work in SHARES.items():
        machine.run("systemd-run", "--quiet", "--slice=real.slice", f"--unit={name}", "stress-ng", *work.split())
    groups = {name: machine.cgroups / "real.slice" / name for name in SHARES}
    job = {"job_name": "bench", "static_configs": [{"targets": ["{}:{}".format(*ADDRESS)]}]}
    configuration = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
    server = Prometheus(tmp_path / "prometheus", configuration)
    try:
        server.wait_until_ready()
        with RandomLoad(list(counters.values()), LOAD_WATTS, Random(13)):
            wait_until(lambda: set(SHARES) <= set(energies(page())), what="a row of each service")
            begin = {name: (usage(groups[name]), energies(page())[name]) for name in SHARES}
            wait_until(lambda: len(scrapes(server)) > 20, 60, "twenty scrapes")
            end = {name: (usage(groups[name]), energies(page())[name]) for name in SHARES}
        sums = scrapes(server)
    finally:
        server.end()
    for parts, total in sums.values():
        assert parts == total
    (loop_time, loop_energy), (pages_time, pages_energy) = (
        (end[name][0] - begin[name][0], end[name][1] - begin[name][1]) for name in SHARES
    )
    time_ratio, energy_ratio = loop_time / pages_time, float(loop_energy / pages_energy)
    figure(
        f"{len(sums)} scrapes of Prometheus add up; stress-ng's loops and pages: {loop_time / 1e6:.1f} and"
        f" {pages_time / 1e6:.1f} s, as {time_ratio:.3f} to 1; {loop_energy} and {pages_energy} J,"
        f" as {energy_ratio:.3f} to 1"
    )
    assert abs(energy_ratio / time_ratio - 1) <= SHARE_TOLERANCE


def energies(shown: Page) -> dict[str, Decimal]:
    return {one.labels["name"]: one.value for one in shown.find(ATTRIBUTED) if "name" in one.labels}


def scrapes(server: Prometheus) -> dict[float, tuple[int, int]]:
    """What the parts of each scrape add up to, and what they should, in microjoules."""
    names = f"{ATTRIBUTED}|pyjoules_attribution_retired_joules_total|pyjoules_attribution_energy_joules_total"
    found: dict[float, tuple[int, int]] = {}
    for series in server.query(f'{{__name__=~"{names}",kind="package"}}[5m]'):
        is_total = series["metric"]["__name__"] == "pyjoules_attribution_energy_joules_total"
        for moment, value in series["values"]:
            parts, total = found.get(moment, (0, 0))
            energy = round(Decimal(value) * 1_000_000)
            found[moment] = (parts, total + energy) if is_total else (parts + energy, total)
    return found


def test_the_whole_tree_of_the_machine_is_followed_by_the_shipped_unit(
    machine: Machine, counters: dict[str, HardwareCounter]
) -> None:
    """All cgroups that there are, of which this Debian's are a part; a namespace's are told apart by their files."""
    if (machine.inside(WHOLE_CGROUPS) / "cgroup.type").exists():
        pytest.skip("the cgroups outside are a namespace's too")
    machine.systemctl("restart", SERVICE)
    assert machine.journal("--unit", SERVICE, "PYJOULES_EVENT=attribution_off")[-1]["PYJOULES_REASON"] == "namespace"
    opened = [f"--attribution.descend {pattern}" for pattern in ("pyjoules-test-systemd-*", "payload")]
    arguments = f"--path.cgroupfs {WHOLE_CGROUPS} --attribution units {' '.join(opened)}"
    machine.write(f"/etc/default/{PACKAGE}", f'ARGS="{arguments}"\n')
    machine.systemctl("restart", SERVICE)
    check(page())
    for _ in range(20):
        counters["package_0"].move(5_000_000)
        check(page_after_ticks())

    def has_all(shown: Page) -> bool:
        total = shown.value("pyjoules_attribution_energy_joules_total", kind="package")
        return microjoules(total) == counters["package_0"].moved

    shown = wait_until(lambda: (one := page()) and has_all(one) and one, what="a pass with all that was moved")
    check(shown)
    ours = [one.labels["slice"] for one in shown.find(ATTRIBUTED) if one.labels.get("name") == SERVICE]
    assert len(ours) == 1 and ours[0].endswith("/payload/system.slice"), ours
    findings = machine.run("pyjoules-exporter", "doctor", "--path.cgroupfs", WHOLE_CGROUPS, check=False)
    assert "Who used the energy can be told" in findings
    exposure = machine.run("systemd-analyze", "security", "--no-pager", SERVICE)
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", exposure)
    assert level is not None and float(level[1]) <= 0.5
