"""Totals that go on after SIGKILL, a restart or an upgrade: in systemd's fd store, or in a file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from support import ledger_bytes
from support.background import Background
from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.hardware_counter import HardwareCounter, RandomLoad, joules
from support.powercap_tree import PowercapTree, Zone, laptop
from support.raw_http import Address, Client, ConnectionEnded
from support.service_manager import ServiceManager
from support.waiting import let_time_pass

FAST = ("--sample.interval", "20ms")
STORED = b"FDSTORE=1\nFDNAME=pyjoules-ledger\n"
# The exporter believes twice the limit. At this power a counter needs three seconds for its whole range, so that an
# exporter may be away for that long, and half of it, the load's mean, wraps every six.
LIMIT_WATTS = 50
BOUND_WATTS = 2 * LIMIT_WATTS
RANGE_UJ = 3 * BOUND_WATTS * 1_000_000 - 1


class Scraper(Background):
    """Scrapes all the time at an address where exporters come and go, and keeps every total that it was shown."""

    _PAUSE_SECONDS = 0.005

    def __init__(self, address: Address) -> None:
        super().__init__()
        self.totals: dict[str, list[Decimal]] = {}
        self.pages = 0
        self._address = address

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with Client(self._address) as client:
                    self._scrape(client)
            except (ConnectionEnded, ConnectionError):
                pass  # This exporter was killed; the connection to the next one waits in the socket until it is there.

    def _scrape(self, client: Client) -> None:
        while not self._stopped.wait(self._PAUSE_SECONDS):
            page = Page(client.get().text)
            self.pages += 1
            for sample in page.find("pyjoules_energy_joules_total"):
                self.totals.setdefault(sample.labels["domain"], []).append(sample.value)


@pytest.fixture
def counters(tmp_path: Path) -> dict[str, HardwareCounter]:
    """Three counters, one of which is about to wrap."""
    tree = PowercapTree(tmp_path / "sys")
    return {
        domain: HardwareCounter.add(tree, Zone(number, name, range_uj=RANGE_UJ, limit_watts=LIMIT_WATTS), value)
        for domain, number, name, value in (
            ("package_0", "0", "package-0", RANGE_UJ - 20_000_000),
            ("core_0", "0:0", "core", RANGE_UJ // 2),
            ("dram_0", "0:1", "dram", 0),
        )
    }


StartManager = Callable[..., ServiceManager]


@pytest.fixture
def start_manager(procfs: Path, tmp_path: Path) -> Iterator[StartManager]:
    """Makes the service manager of exporters that read a tree, and ends it after the test."""
    with contextlib.ExitStack() as stack:

        def start(tree: PowercapTree, *arguments: str) -> ServiceManager:
            fixed = ["--path.sysfs", str(tree.root), "--path.procfs", str(procfs)]
            return stack.enter_context(ServiceManager(tmp_path, [*fixed, *FAST, *arguments]))

        yield start


def page_of(exporter: Exporter) -> Page:
    """A page that certainly tells what the counters show now."""
    exporter.wait_for_event("listening")
    return exporter.page_after_ticks()


def assert_nothing_lost(page: Page, counters: dict[str, HardwareCounter]) -> None:
    """What is counted is what the counters moved since the very first start, to the microjoule, and all was certain."""
    for domain, counter in counters.items():
        assert page.energy(domain) == joules(counter.moved)
        assert page.value("pyjoules_wraps_total", domain=domain) == counter.wraps
        assert page.value("pyjoules_resets_total", domain=domain) == 0
        assert page.value("pyjoules_gaps_total", domain=domain) == 0


@pytest.mark.parametrize("keeper, kills", [("fd store", 50), ("state file", 12)])
def test_kills_lose_nothing(
    start_manager: StartManager, counters: dict[str, HardwareCounter], tmp_path: Path, keeper: str, kills: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    options = ("--state-file", str(tmp_path / "state")) if keeper == "state file" else ()
    manager = start_manager(counters["package_0"].tree, *options)
    exporter = manager.start()
    assert page_of(exporter).energy("package_0") == 0
    with Scraper(manager.address) as scraper, RandomLoad(list(counters.values()), BOUND_WATTS, chance):
        for _ in range(kills):
            kill_at_a_random_moment(exporter, chance)
            exporter = manager.start()
    page = page_of(exporter)
    assert_nothing_lost(page, counters)
    assert page.value("pyjoules_wraps_total", domain="package_0") > 0
    print(f"{kills} kills, {scraper.pages} scrapes, {joules(counters['package_0'].moved)} J: none lost")
    assert scraper.pages > kills
    for totals in scraper.totals.values():
        assert totals == sorted(totals)
    assert manager.collect().count(STORED) == (1 if keeper == "fd store" else 0)


def kill_at_a_random_moment(exporter: Exporter, chance: random.Random) -> None:
    """While it starts as often as while it serves."""
    if chance.random() < 0.5:
        exporter.wait_for_event("listening")
    let_time_pass(chance.uniform(0, 0.25))
    assert exporter.end(signal.SIGKILL)[0] == -signal.SIGKILL


# The fd store


def test_the_memory_is_handed_over_once(start_manager: StartManager, counters: dict[str, HardwareCounter]) -> None:
    package = counters["package_0"]
    manager = start_manager(package.tree)
    for life in range(3):
        exporter = manager.start()
        page_of(exporter)
        package.move(1_000_000)
        assert page_of(exporter).energy("package_0") == 1 + life
        assert exporter.end()[0] == 0
        assert len(exporter.records("ledger_restored")) == min(life, 1)
    assert manager.collect().count(STORED) == 1
    assert [stored.name for stored in manager.store] == ["pyjoules-ledger"]
    assert not any(message.startswith(b"FDSTORE") for message in manager.messages if message != STORED)


def memory(length: int, content: bytes = b"", is_sealed: bool = True) -> int:
    """Memory as the exporter makes it: of a length that nobody can change, unless the test wants another."""
    descriptor = os.memfd_create("another", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, length)
    os.pwrite(descriptor, content, 0)
    if is_sealed:
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return descriptor


def read_only_file() -> int:
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(ledger_bytes.LENGTH)
        return os.open(file.name, os.O_RDONLY)


def pipe_end() -> int:
    reader, writer = os.pipe()
    os.close(writer)
    return reader


STRANGE_DESCRIPTORS: dict[str, Callable[[], int]] = {
    "too short": lambda: memory(4096),
    "too long": lambda: memory(ledger_bytes.LENGTH + 8),
    "of nothing but garbage": lambda: memory(ledger_bytes.LENGTH, b"garbage " * (ledger_bytes.LENGTH // 8)),
    "that somebody can shorten": lambda: memory(ledger_bytes.LENGTH, is_sealed=False),
    "read-only": read_only_file,
    "a pipe": pipe_end,
    "a socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach(),
    "a directory": lambda: os.open("/", os.O_RDONLY | os.O_DIRECTORY),
    "a device": lambda: os.open(os.devnull, os.O_RDWR),
}


@pytest.mark.parametrize("strange", STRANGE_DESCRIPTORS.values(), ids=STRANGE_DESCRIPTORS.keys())
def test_a_stored_descriptor_that_holds_no_ledger(
    start_manager: StartManager, counters: dict[str, HardwareCounter], strange: Callable[[], int]
) -> None:
    package = counters["package_0"]
    manager = start_manager(package.tree)
    manager.put("pyjoules-ledger", strange())
    first = manager.start()
    assert page_of(first).energy("package_0") == 0
    assert first.only_record("ledger_refused")["level"] == "warning"
    package.move(1_000_000)
    assert page_of(first).energy("package_0") == 1
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL

    # What was refused is out of the way: the next one finds a ledger.
    second = manager.start()
    assert page_of(second).energy("package_0") == 1
    assert second.records("ledger_refused") == []
    assert len(manager.store) == 1


def test_a_manager_that_keeps_nothing(start_manager: StartManager, counters: dict[str, HardwareCounter]) -> None:
    package = counters["package_0"]
    manager = start_manager(package.tree)
    first = manager.start()
    page_of(first)
    package.move(1_000_000)
    assert page_of(first).energy("package_0") == 1
    assert first.end()[0] == 0
    # FileDescriptorStoreMax=0, which is systemd's default, closes what it is given.
    manager.forget()
    second = manager.start()
    assert page_of(second).energy("package_0") == 0
    assert second.records("ledger_refused") == []


# What an earlier run left


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def first_run(start_exporter: StartExporter, tree: PowercapTree, state_file: Path) -> Exporter:
    """An exporter that counted 2 J of the package, was ended, and left them in the state file."""
    exporter = start_exporter(tree, *FAST, "--state-file", str(state_file))
    tree.set("0", 2_000_000)
    assert exporter.page_after_ticks().energy("package_0") == 2
    assert exporter.end()[0] == 0
    assert state_file.stat().st_size == ledger_bytes.LENGTH
    return exporter


# Written by the last program that wrote the first layout: 2 J of the package, 1.000001 J of its cores and 7.654321 J of
# the platform.
FIRST_LAYOUT = Path(__file__).parents[1] / "SamplingTests" / "Ledgers" / "first-layout"


@pytest.mark.parametrize("keeper", ["fd store", "state file"])
def test_a_ledger_of_the_first_layout_loses_no_joule(
    start_manager: StartManager, tree: PowercapTree, state_file: Path, keeper: str
) -> None:
    ledger = ledger_bytes.first_layout_of_this_boot(FIRST_LAYOUT.read_bytes())
    assert len(ledger) == ledger_bytes.FIRST_LAYOUT_LENGTH
    for zone, microjoules in (("0", 3_000_000), ("0:0", 1_000_002), ("1", 8_654_321)):
        tree.set(zone, microjoules)
    if keeper == "state file":
        state_file.write_bytes(ledger)
        manager = start_manager(tree, "--state-file", str(state_file))
    else:
        manager = start_manager(tree)
        manager.put("pyjoules-ledger", memory(len(ledger), ledger))
    # Twice: as it was found, and as the new layout has it.
    for life in range(2):
        exporter = manager.start()
        page = page_of(exporter)
        assert page.energy("package_0") == 3
        assert page.energy("core_0") == Decimal("1.000002")
        assert page.energy("psys_0") == Decimal("8.654321")
        assert exporter.only_record("ledger_restored")["domains"] == "5"
        assert exporter.records("ledger_refused") == []
        assert exporter.end(signal.SIGKILL if life == 0 else signal.SIGTERM)[0] == (-signal.SIGKILL if life == 0 else 0)
    if keeper == "state file":
        assert state_file.stat().st_size == ledger_bytes.LENGTH
    else:
        assert [stored.name for stored in manager.store] == ["pyjoules-ledger"]


RestartExporter = Callable[..., Exporter]


@pytest.fixture
def restart(start_exporter: StartExporter, first_run: Exporter, state_file: Path) -> RestartExporter:
    """Starts the next exporter on the same state file."""

    def start(tree: PowercapTree, **options: object) -> Exporter:
        return start_exporter(tree, *FAST, "--state-file", str(state_file), **options)

    return start


def test_energy_used_between_two_runs_is_counted(restart: RestartExporter, tree: PowercapTree) -> None:
    tree.set("0", 5_000_001)
    tree.set("1", 7_000_000)
    exporter = restart(tree)
    page = exporter.page()
    assert page.energy("package_0") == Decimal("5.000001")
    assert page.energy("psys_0") == 7
    assert exporter.only_record("ledger_restored")["domains"] == "5"
    assert all(sample.value == 0 for sample in page.find("pyjoules_gaps_total"))


def test_a_copy_that_was_torn_by_a_kill_is_harmless(
    restart: RestartExporter, tree: PowercapTree, state_file: Path
) -> None:
    state_file.write_bytes(ledger_bytes.with_a_torn_copy(state_file.read_bytes()))
    tree.set("0", 3_000_000)
    exporter = restart(tree)
    assert exporter.page().energy("package_0") == 3
    assert exporter.records("ledger_refused") == []


def test_a_domain_whose_counter_is_another_now_keeps_its_total(restart: RestartExporter, tmp_path: Path) -> None:
    """It was lost once when a range differed for one start."""
    other = laptop(tmp_path / "other", range_uj=65_532_610_987)
    other.set("0", 77)
    page = restart(other).page()
    assert page.energy("package_0") == 2
    assert page.value("pyjoules_resets_total", domain="package_0") == 1


def test_a_zone_under_another_number_goes_on(restart: RestartExporter, tmp_path: Path) -> None:
    other = PowercapTree(tmp_path / "other")
    other.add(Zone("0", "psys", limit_watts=4000))
    other.add(Zone("1", "package-0", limit_watts=4000), 3_000_000)
    exporter = restart(other)
    assert exporter.page().energy("package_0") == 3
    assert exporter.only_record("ledger_restored")["domains"] == "2"


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "from another boot": ledger_bytes.from_another_boot,
    "with both copies torn": ledger_bytes.with_torn_copies,
    "truncated": lambda ledger: ledger[:1000],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_ledger_that_cannot_be_used_is_refused_once(
    restart: RestartExporter, tree: PowercapTree, state_file: Path, damage: Callable[[bytes], bytes]
) -> None:
    state_file.write_bytes(damage(state_file.read_bytes()))
    exporter = restart(tree)
    page = exporter.page_after_ticks()
    assert exporter.only_record("ledger_refused")["level"] == "warning"
    assert page.energy("package_0") == 0
    tree.set("0", 3_000_000)
    assert exporter.page_after_ticks().energy("package_0") == 1
    assert exporter.end()[0] == 0

    # It has been replaced by one that can.
    second = restart(tree)
    assert second.page().energy("package_0") == 1
    assert second.records("ledger_refused") == []


def test_one_state_file_serves_one_exporter(
    start_exporter: StartExporter, tree: PowercapTree, state_file: Path
) -> None:
    first = start_exporter(tree, *FAST, "--state-file", str(state_file))
    tree.set("0", 2_000_000)
    second = start_exporter(tree, *FAST, "--state-file", str(state_file), wait=False)
    assert second.wait() == 1
    message = second.records("failed")[0]["msg"]
    assert str(state_file) in message and "another program has it" in message
    assert first.page_after_ticks().energy("package_0") == 2


def test_the_directory_of_a_state_file_is_made(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path
) -> None:
    """As README names one in /var/lib, where nothing else makes it."""
    path = tmp_path / "pyjoules-exporter" / "ledger"
    for total in (2, 5):
        exporter = start_exporter(tree, *FAST, "--state-file", str(path))
        tree.set("0", total * 1_000_000)
        assert exporter.page_after_ticks().energy("package_0") == total
        assert exporter.end()[0] == 0
    assert path.parent.stat().st_mode & 0o777 == 0o755 and path.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_made_is_named_with_what_makes_it(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path
) -> None:
    directory = tmp_path / "missing" / "for"
    exporter = start_exporter(tree, *FAST, "--state-file", str(directory / "ledger"), wait=False)
    assert exporter.wait() == 1
    message = exporter.records("failed")[0]["msg"]
    assert f"'mkdir -p {directory}'" in message and "StateDirectory=" in message
    subprocess.run(["sh", "-c", message.split("'")[1]], check=True)
    assert start_exporter(tree, *FAST, "--state-file", str(directory / "ledger")).page_after_ticks()


@pytest.mark.parametrize("name", ["missing/for/state", "directory"])
def test_a_state_file_that_cannot_be_opened(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path, name: str
) -> None:
    (tmp_path / "directory").mkdir()
    path = str(tmp_path / name)
    exporter = start_exporter(tree, *FAST, "--state-file", path, wait=False)
    assert exporter.wait() == 1
    assert path in exporter.records("failed")[0]["msg"]
