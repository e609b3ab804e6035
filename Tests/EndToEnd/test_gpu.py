"""The exporter and `reader nvidia` with a library of our own in NVIDIA's place: no joule is lost or made."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.fake_nvml import FakeNVML, compile_library
from support.hwmon_tree import HwmonTree

FAST = ("--sample.interval", "50ms", "--web.resolution", "50ms")
DOMAIN = "nvidia_gpu_0"

StartReader = Callable[[], Exporter]


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    directory = tmp_path / "feeds"
    directory.mkdir(mode=0o755)
    return directory


@pytest.fixture
def gpus(tmp_path: Path) -> Iterator[FakeNVML]:
    library = tmp_path / "library"
    library.mkdir()
    with closing(FakeNVML(compile_library(library), tmp_path)) as gpus:
        yield gpus


@pytest.fixture
def start_reader(gpus: FakeNVML, feeds: Path) -> Iterator[StartReader]:
    with ExitStack() as stack:

        def begin() -> Exporter:
            words = ["reader", "nvidia", "--path.feeds", str(feeds), *gpus.options, "--interval", "200ms"]
            return stack.enter_context(Exporter(words, environment=gpus.environment))

        yield begin


@pytest.fixture
def exporter(start_exporter: StartExporter, start_reader: StartReader, feeds: Path, tmp_path: Path) -> Exporter:
    """An exporter that has taken in a first reading of the GPU."""
    machine = HwmonTree(tmp_path / "machine")
    exporter = start_exporter(machine, *FAST, "--source", "feeds", "--path.feeds", str(feeds))
    assert joules(exporter.page()) is None
    return exporter


def joules(page: Page) -> Decimal | None:
    found = page.find("pyjoules_energy_joules_total", domain=DOMAIN)
    return found[0].value if found else None


def has_gauge(page: Page) -> bool:
    return bool(page.find("pyjoules_simple_energy_watts", domain=DOMAIN))


def stale_readings(page: Page) -> Decimal:
    return page.value("pyjoules_sample_errors_total", domain=DOMAIN, reason="stale")


def until_joules(exporter: Exporter, expected: Decimal | int) -> Page:
    return exporter.wait_for_page(lambda page: joules(page) == expected)


def test_joules_are_those_of_the_gpus_counter(exporter: Exporter, start_reader: StartReader, gpus: FakeNVML) -> None:
    start_reader()
    until_joules(exporter, 0)
    begin = gpus.gpus[0]["energy"]
    for millijoules in (70_001, 140_499):
        gpus.gpus[0]["energy"] = begin + millijoules
        page = until_joules(exporter, Decimal(millijoules) / 1000)
    (info,) = page.find("pyjoules_gpu_info")
    assert (info.labels["uuid"], info.labels["pci_bus_id"]) == (gpus.uuid(0), gpus.bus(0))


def test_while_the_library_hangs_pages_go_on_and_nothing_is_lost(
    exporter: Exporter, start_reader: StartReader, gpus: FakeNVML
) -> None:
    reader = start_reader()
    until_joules(exporter, 0)
    begin = gpus.gpus[0]["energy"]
    gpus.gpus[0]["energy"] = begin + 60_000
    exporter.wait_for_page(lambda page: joules(page) == 60 and has_gauge(page))
    gpus.gpus[0]["hang"] = 1
    page = exporter.wait_for_page(lambda page: not has_gauge(page) and stale_readings(page) > 0)
    assert joules(page) == 60
    # A process that hangs ends by no other signal for sure.
    reader.send_signal(signal.SIGKILL)
    assert reader.wait() == -signal.SIGKILL
    gpus.gpus[0]["hang"] = 0
    gpus.gpus[0]["energy"] = begin + 95_000
    start_reader()
    page = until_joules(exporter, 95)
    assert page.value("pyjoules_resets_total", domain=DOMAIN) == 0


def test_a_counter_that_begins_anew_is_a_reset(
    exporter: Exporter, start_reader: StartReader, gpus: FakeNVML
) -> None:
    start_reader()
    until_joules(exporter, 0)
    begin = gpus.gpus[0]["energy"]
    gpus.gpus[0]["energy"] = begin + 50_000
    until_joules(exporter, 50)
    gpus.gpus[0]["energy"] = 0
    # It counts on from there, as a counter does.
    gpus.run_at(0, 40_000)
    page = exporter.wait_for_page(lambda page: page.value("pyjoules_resets_total", domain=DOMAIN) == 1)
    total = joules(page)
    assert total is not None and total >= 50
