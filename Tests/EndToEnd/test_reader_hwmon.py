"""`reader hwmon`: the sensors that the exporter gives up as too slow, as it knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from support import published_feed
from support.exporter import Exporter, StartExporter, run
from support.exposition import Page
from support.hwmon_tree import HwmonTree
from support.published_feed import Feed
from support.waiting import wait_until

SLOW = "600"
QUICK = ""
NEAR, FAR = "pci0000:00/0000:03:00.0", "pci0000:00/0000:83:00.0"

StartReader = Callable[..., Exporter]


@pytest.fixture
def board(tmp_path: Path) -> HwmonTree:
    """A power supply with a slow meter, which the fixture `control` makes as slow as it says, and a quick one."""
    board = HwmonTree(tmp_path / "sys")
    board.add(0, "psu", {"power1_input": 180_000_000, "power1_label": "total power"}, FAR)
    board.add(1, "ina226", {"energy1_input": 5_000_000}, NEAR)
    return board


@pytest.fixture
def control(tmp_path: Path) -> Path:
    """What readings of the power supply do: see faulty_pread.c."""
    control = tmp_path / "control"
    control.write_text(SLOW)
    return control


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    directory = tmp_path / "feeds"
    directory.mkdir()
    return directory


@pytest.fixture
def slowness(control: Path, faulty_pread: Path) -> dict[str, str]:
    names = {"LD_PRELOAD": faulty_pread, "FAULTY_PREAD_CONTROL": control, "FAULTY_PREAD_PATH": "/hwmon0/power"}
    return {name: str(value) for name, value in names.items()}


@pytest.fixture
def start(board: HwmonTree, feeds: Path, slowness: dict[str, str]) -> Iterator[StartReader]:
    with ExitStack() as stack:

        def begin(**environment: str) -> Exporter:
            words = ["reader", "hwmon", "--interval", "1", "--path.feeds", str(feeds), "--path.sysfs", str(board.root)]
            return stack.enter_context(Exporter(words, environment=environment or slowness))

        yield begin


def published(feeds: Path, condition: Callable[[Feed], bool] = lambda feed: True) -> Feed:
    def found() -> Feed | None:
        feed = published_feed.read(feeds, "hwmon")
        return feed if feed is not None and condition(feed) else None

    feed = wait_until(found, 20, "such a publication")
    assert feed is not None
    return feed


def test_a_slow_sensor_is_published_as_the_exporter_knows_it(
    start: StartReader, start_exporter: StartExporter, board: HwmonTree, feeds: Path
) -> None:
    exporter = start_exporter(board, "--source", "hwmon")
    known = {info.labels["device"]: info.labels["domain"] for info in exporter.page().find("pyjoules_domain_info")}
    reader = start()
    feed = published(feeds)
    power = feed.only("power")
    assert known[power["id"]] == power["domain"] == "psu_total_power"
    assert (power["kind"], power["watts"]) == ("sensor", "180")
    # The library may end a millisecond early.
    assert Decimal(power["spread"]) >= Decimal("0.599")
    assert not feed.has("counter")
    assert reader.only_record("reader_started")["devices"] == "1"
    board.set(0, "power1_input", 190_500_000)
    published(feeds, lambda feed: feed.only("power")["watts"] == "190.5")


def test_the_exporter_leaves_alone_what_is_published(
    start_exporter: StartExporter, board: HwmonTree, slowness: dict[str, str]
) -> None:
    exporter = start_exporter(board, "--source", "hwmon", environment=slowness)
    roles = {s.labels["zone"]: s.labels["role"] for s in exporter.page().find("pyjoules_zone_info")}
    assert roles == {"hwmon0/power1_input": "slow", "hwmon1/energy1_input": "counted"}


def test_a_sensor_that_becomes_slow_goes_on_in_its_account_by_what_is_published(
    start: StartReader, start_exporter: StartExporter, board: HwmonTree, feeds: Path, slowness: dict[str, str],
    control: Path,
) -> None:
    def psu(page: Page) -> tuple[dict[str, str], Decimal]:
        (info,) = page.find("pyjoules_domain_info", domain="psu_total_power")
        return dict(info.labels), page.value("pyjoules_energy_joules_total", domain="psu_total_power")

    control.write_text(QUICK)
    exporter = start_exporter(board, "--path.feeds", str(feeds), environment=slowness)
    before, _ = psu(exporter.wait_for_page(lambda page: psu(page)[1] > 0))
    assert before["source"] == "hwmon"
    control.write_text(SLOW)
    start()
    page = exporter.wait_for_page(lambda page: psu(page)[0]["source"] == "feeds", 30)
    after, counted = psu(page)
    assert after["device"] == before["device"] and counted > 0
    exporter.wait_for_page(lambda page: psu(page)[1] > counted, 30)


def test_a_sensor_that_becomes_slow_is_published_from_then_on(
    start: StartReader, feeds: Path, control: Path
) -> None:
    control.write_text(QUICK)
    reader = start()
    assert not published(feeds).entries
    assert "nothing to publish" in reader.only_record("reader_started")["msg"]
    control.write_text(SLOW)
    published(feeds, lambda feed: feed.has("power"))
    assert reader.wait_for_events("reader_started", 2)[1]["devices"] == "1"


def test_a_slow_counter_is_published_as_one(
    start: StartReader, feeds: Path, board: HwmonTree, slowness: dict[str, str]
) -> None:
    start(**{**slowness, "FAULTY_PREAD_PATH": "/hwmon1/energy"})
    counter = published(feeds, lambda feed: feed.has("counter")).only("counter")
    assert (counter["domain"], counter["unit"], counter["raw"]) == ("ina226_energy1", "1", "5000000")


@pytest.mark.parametrize(("error", "reason"), [("EPERM", "asleep"), ("EIO", "error")])
def test_what_cannot_be_read_now_is_said(
    start: StartReader, feeds: Path, control: Path, error: str, reason: str
) -> None:
    reader = start()
    published(feeds, lambda feed: feed.has("power"))
    control.write_text(error)
    line = published(feeds, lambda feed: feed.has("unreadable")).only("unreadable")
    assert line["reason"] == reason and line["domain"] == "psu_total_power"
    control.write_text(QUICK)
    published(feeds, lambda feed: feed.has("power"))
    assert reader.only_record("device_readable")["device"] == "psu_total_power"


def test_chips_come_and_go(start: StartReader, feeds: Path, board: HwmonTree) -> None:
    start()
    published(feeds, lambda feed: feed.has("power"))
    board.remove(0)
    published(feeds, lambda feed: not feed.entries)
    board.add(0, "psu", {"power1_input": 7_000_000}, FAR)
    assert published(feeds, lambda feed: feed.has("power")).only("power")["watts"] == "7"


def test_it_gives_up_what_it_needs_no_more_and_ends_when_asked_to(start: StartReader, feeds: Path) -> None:
    reader = start()
    published(feeds, lambda feed: feed.has("power"))
    assert reader.only_record("sandboxed")["capabilities"] == "on"
    status = Path(f"/proc/{reader.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert reader.end()[0] == 0
    assert published_feed.read(feeds, "hwmon") is None


def test_a_wrong_interval_is_refused() -> None:
    result = run("reader", "hwmon", "--interval", "0.5")
    assert result.returncode == 64
    assert "1000ms to 600s" in result.stderr
