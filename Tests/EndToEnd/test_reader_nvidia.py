"""`reader nvidia` against a library of our own in NVIDIA's place: what is published, and what is done about trouble."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path

import pytest

from support import published_feed
from support.exporter import BINARY, FORGIVING_BINARY, Exporter, run
from support.fake_nvml import FakeNVML, compile_library
from support.published_feed import Feed
from support.waiting import wait_until

ANEW = 75
FAST = ("--interval", "200ms")
MILLISECOND = 1_000_000

MakeGPUs = Callable[..., FakeNVML]
StartReader = Callable[..., Exporter]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("libnvidia-ml"))


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    directory = tmp_path / "feeds"
    directory.mkdir()
    return directory


@pytest.fixture
def make_gpus(library: Path, tmp_path: Path) -> Iterator[MakeGPUs]:
    with ExitStack() as stack:

        def make(count: int = 1, library: Path = library) -> FakeNVML:
            return stack.enter_context(closing(FakeNVML(library, tmp_path, count)))

        yield make


@pytest.fixture
def start(feeds: Path) -> Iterator[StartReader]:
    """Starts a reader of some GPUs; its interval is the shortest unless arguments say another."""
    with ExitStack() as stack:

        def begin(gpus: FakeNVML, *arguments: str, binary: Path = BINARY) -> Exporter:
            words = ["reader", "nvidia", "--path.feeds", str(feeds), *gpus.options, *(arguments or FAST)]
            return stack.enter_context(Exporter(words, environment=gpus.environment, binary=binary))

        yield begin


def published(feeds: Path, condition: Callable[[Feed], bool] = lambda feed: True) -> Feed:
    """The first publication from now on that satisfies the condition."""

    def found() -> Feed | None:
        feed = published_feed.read(feeds, "nvidia")
        return feed if feed is not None and condition(feed) else None

    feed = wait_until(found, what="such a publication")
    assert feed is not None
    return feed


def at(feed: Feed) -> Decimal:
    return Decimal(feed.only("counter")["at"])


def next_publication(feeds: Path, feed: Feed) -> Feed:
    return published(feeds, lambda other: other.has("counter") and at(other) > at(feed))


def reads(feeds: Path, raw: int) -> Feed:
    return published(feeds, lambda feed: feed.has("counter") and feed.only("counter")["raw"] == str(raw))


def refused(feeds: Path, reason: str) -> dict[str, str]:
    def is_so(feed: Feed) -> bool:
        return feed.has("unreadable") and feed.only("unreadable")["reason"] == reason

    return published(feeds, is_so).only("unreadable")


# What is published


def test_a_counter_with_its_time_and_what_it_is(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    gpus.gpus[0]["divided"] = 1
    before = time.monotonic()
    reader = start(gpus)
    feed = published(feeds)
    counter = dict(feed.only("counter"))
    assert before <= at(feed) <= time.monotonic()
    assert feed.period == Decimal("0.2")
    measured = {key: counter.pop(key) for key in ("at", "spread")}
    assert Decimal(measured["spread"]) < 1
    assert counter == {
        "id": gpus.uuid(0), "domain": "nvidia_gpu_0", "kind": "gpu", "unit": "1000", "raw": "2265123",
        "update": "0.1", "bound": "1400", "vendor": "nvidia", "model": "NVIDIA H200", "uuid": gpus.uuid(0),
        "pci_bus_id": gpus.bus(0), "mig": "yes",
    }  # fmt: skip
    started = reader.only_record("reader_started")
    assert started["devices"] == "1" and "580.0-fake" in started["msg"]
    assert (feeds / "nvidia.feed").stat().st_mode & 0o777 == 0o644
    assert next_publication(feeds, feed).only("counter")["raw"] == "2265123"


def test_every_sample_of_power_is_published_once(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    start(gpus)
    courses: list[tuple[Decimal, list[Decimal]]] = []

    def enough() -> bool:
        feed = published_feed.read(feeds, "nvidia")
        if feed is not None and feed.has("samples"):
            line = feed.only("samples")
            assert abs(Decimal(line["every"]) - Decimal("0.02")) < Decimal("0.0001")
            course = (Decimal(line["until"]), [Decimal(watts) for watts in line["watts"].split(",")])
            if course not in courses:
                courses.append(course)
        return len(courses) == 3

    wait_until(enough, 20, "three publications with samples")
    assert all(0 <= float(until) <= time.monotonic() for until, _ in courses)
    watts = [int(value) for _, values in courses for value in values]
    # Each has a watt more than the one before, and every tenth begins anew.
    assert all((after - before) % 10 == 1 for before, after in zip(watts, watts[1:], strict=False))
    assert len(watts) > 200


def test_a_gpu_without_a_counter_is_published_by_its_power(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus()
    gpus.gpus[0]["energy_code"] = 3
    gpus.gpus[0]["limit"] = 0
    start(gpus)
    power = published(feeds).only("power")
    assert power["watts"] == "70" and "unit" not in power and "bound" not in power
    assert gpus.gpus[0]["samples_calls"] == 0
    gpus.gpus[0]["power"] = 71_500
    published(feeds, lambda feed: feed.only("power")["watts"] == "71.5")


def test_a_library_without_the_function_is_an_old_one(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path, tmp_path: Path
) -> None:
    gpus = make_gpus(library=compile_library(tmp_path, "-DWITHOUT_ENERGY"))
    start(gpus)
    assert published(feeds).only("power")["watts"] == "70"


def test_what_has_neither_is_said_to_have_neither_and_not_asked_again(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus(2)
    gpus.gpus[0]["energy_code"] = gpus.gpus[0]["power_code"] = 3
    reader = start(gpus)
    feed = published(feeds, lambda feed: feed.has("counter"))
    assert feed.only("unreadable")["id"] == gpus.uuid(0)
    assert feed.only("unreadable")["reason"] == "not_supported"
    calls = gpus.gpus[0]["energy_calls"]
    next_publication(feeds, feed)
    assert gpus.gpus[0]["energy_calls"] == calls
    assert reader.only_record("device_unreadable")["device"] == "nvidia_gpu_0"


def test_eight_gpus_are_all_published(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus(8)
    for number, gpu in enumerate(gpus.gpus[:8]):
        gpu["energy"] = 1000 + number
        gpu["delay"] = 3_500_000
    start(gpus, "--interval", "1")
    counters = published(feeds, lambda feed: feed.has("samples")).all("counter")
    assert {identity: counter["raw"] for identity, counter in counters.items()} == {
        gpus.uuid(number): str(1000 + number) for number in range(8)
    }
    assert all(Decimal(counter["spread"]) >= Decimal("0.0035") for counter in counters.values())


@pytest.mark.parametrize("milliseconds", [3.5, 138.0])
def test_how_long_a_reading_took_is_said(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path, milliseconds: float
) -> None:
    gpus = make_gpus()
    gpus.gpus[0]["delay"] = int(milliseconds * MILLISECOND)
    gpus.run_at(0, 500_000)
    start(gpus, "--interval", "1")
    counter = published(feeds).only("counter")
    spread = Decimal(counter["spread"]) * 1000
    assert spread >= Decimal(milliseconds)
    # At 500 W: what is published belongs to a moment of the reading, but for the 100 ms after which the counter is new.
    moment = Decimal(counter["at"]) - Decimal(gpus.gpus[0]["since"]) / 10**9
    seconds = (Decimal(counter["raw"]) - 2_265_123) / 500_000
    assert moment - spread / 2000 - Decimal("0.101") <= seconds <= moment + spread / 2000


# What goes wrong


def test_a_counter_that_begins_anew_is_published_as_it_is(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus()
    start(gpus)
    reads(feeds, 2_265_123)
    gpus.gpus[0]["energy"] = 0
    reads(feeds, 0)


def test_while_the_library_hangs_nothing_is_published(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    start(gpus)
    reads(feeds, 2_265_123)
    gpus.gpus[0]["hang"] = 1
    gpus.gpus[0]["energy"] = 9

    def age_nanoseconds() -> int:
        return time.time_ns() - (feeds / "nvidia.feed").stat().st_mtime_ns

    wait_until(lambda: age_nanoseconds() > 3 * 200 * MILLISECOND, what="the age at which it is stale")
    gpus.gpus[0]["hang"] = 0
    reads(feeds, 9)


def test_a_crash_in_the_library_leaves_what_was_published_and_another_process_goes_on(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus()
    first = start(gpus)
    reads(feeds, 2_265_123)
    gpus.gpus[0]["crash"] = 1
    assert first.wait() == -signal.SIGSEGV
    assert published(feeds).only("counter")["raw"] == "2265123"
    gpus.gpus[0]["crash"] = 0
    gpus.gpus[0]["energy"] = 2_265_999
    start(gpus)
    reads(feeds, 2_265_999)


def test_gpus_in_another_order_keep_their_identities(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus(2)
    gpus.gpus[0]["energy"], gpus.gpus[1]["energy"] = 10, 20
    start(gpus).end()
    for number in (0, 1):
        gpus.gpus[number]["uuid"] = gpus.uuid(1 - number)
        gpus.gpus[number]["bus"] = gpus.bus(1 - number)
    start(gpus)
    counters = published(feeds).all("counter")
    assert {counter["domain"]: (counter["id"], counter["raw"]) for counter in counters.values()} == {
        "nvidia_gpu_0": (gpus.uuid(1), "10"),
        "nvidia_gpu_1": (gpus.uuid(0), "20"),
    }


@pytest.mark.parametrize(
    ("code", "reason", "remedy"),
    [
        (4, "forbidden", "mode of the device nodes"),
        (9, "forbidden", "nvidia-persistenced"),
        (18, "driver_mismatch", "reboot"),
        (999, "error", "kernel's log"),
    ],
)
def test_a_library_that_cannot_begin_says_why_for_each_gpu(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path, code: int, reason: str, remedy: str
) -> None:
    gpus = make_gpus(2)
    gpus.machine["init_code"] = code
    reader = start(gpus)
    lines = published(feeds, lambda feed: feed.has("unreadable")).all("unreadable")
    assert set(lines) == {gpus.uuid(0), gpus.uuid(1)}
    for line in lines.values():
        assert line["reason"] == reason and remedy in line["text"] and f"code {code}" in line["text"]
    assert remedy in reader.only_record("failed")["msg"]
    # It is said again with each publication, so that it is not stale, and asked for again by another process only.
    written = (feeds / "nvidia.feed").stat().st_mtime_ns
    wait_until(lambda: (feeds / "nvidia.feed").stat().st_mtime_ns > written, what="another publication")
    assert gpus.machine["init_calls"] == 1


def test_without_the_driver_that_is_what_is_said(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    (gpus.procfs / "driver" / "nvidia" / "version").unlink()
    gpus.machine["init_code"] = 9
    assert "driver is not loaded" in start(gpus).wait_for_event("failed")["msg"]


def test_a_library_that_is_not_there_is_named_with_its_package(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus()
    gpus.library = Path("/nowhere/libnvidia-ml.so.1")
    reader = start(gpus)
    message = reader.wait_for_event("failed")["msg"]
    assert "libnvidia-ml1" in message and "/nowhere/libnvidia-ml.so.1" in message
    assert refused(feeds, "error")["id"] == gpus.uuid(0)


@pytest.mark.parametrize(("code", "reason"), [(15, "lost"), (16, "lost"), (18, "driver_mismatch"), (999, "error")])
def test_what_this_process_cannot_get_over_is_published_and_ends_it(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path, code: int, reason: str
) -> None:
    gpus = make_gpus()
    reader = start(gpus)
    reads(feeds, 2_265_123)
    gpus.gpus[0]["energy_code"] = code
    assert reader.wait() == ANEW
    assert refused(feeds, reason)["id"] == gpus.uuid(0)
    assert reader.only_record("device_unreadable")["reason"] == reason
    assert f"code {code}" in reader.only_record("reader_ended")["msg"]


@pytest.mark.parametrize(("code", "reason"), [(10, "timeout"), (4, "forbidden"), (77, "error")])
def test_what_may_pass_is_published_and_asked_again(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path, code: int, reason: str
) -> None:
    gpus = make_gpus()
    reader = start(gpus)
    reads(feeds, 2_265_123)
    gpus.gpus[0]["energy_code"] = code
    refused(feeds, reason)
    gpus.gpus[0]["energy_code"] = 0
    reader.wait_for_event("device_readable")
    assert reads(feeds, 2_265_123).has("unreadable") is False


def test_one_gpu_that_is_lost_from_the_start_is_said_beside_the_others(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus(3)
    gpus.gpus[1]["handle_code"] = 15
    start(gpus)
    feed = published(feeds, lambda feed: feed.has("counter"))
    assert set(feed.all("counter")) == {gpus.uuid(0), gpus.uuid(2)}
    # Its identity is known from what the module says, and its name stays free for it.
    assert feed.only("unreadable")["id"] == gpus.uuid(1)
    assert feed.only("unreadable")["domain"] == "nvidia_gpu_1"


def test_another_gpu_takes_another_process(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    reader = start(gpus)
    reads(feeds, 2_265_123)
    gpus.show(1)
    assert reader.wait() == ANEW
    assert "other GPUs" in reader.only_record("reader_ended")["msg"]


# A GPU that sleeps


def test_a_sleeping_gpu_is_not_woken(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    gpus.show(0, "Enabled (fine-grained)", "suspended")
    start(gpus)
    assert refused(feeds, "asleep")["id"] == gpus.uuid(0)
    # Awake, it may be so for a moment only: because of whoever had it open until now.
    gpus.show(0, "Enabled (fine-grained)", "active")
    written = (feeds / "nvidia.feed").stat().st_mtime_ns
    wait_until(lambda: (feeds / "nvidia.feed").stat().st_mtime_ns > written + 500 * MILLISECOND, what="publications")
    assert gpus.machine["init_calls"] == 0
    refused(feeds, "asleep")


# The process


def status(reader: Exporter) -> dict[str, str]:
    lines = Path(f"/proc/{reader.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_in_the_sandbox_it_reads_and_publishes_and_that_is_all(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    reader = start(make_gpus())
    record = reader.wait_for_event("sandboxed")
    next_publication(feeds, published(feeds))
    fields = status(reader)
    assert fields["NoNewPrivs"] == "1" and int(fields["CapEff"], 16) == 0
    if record["seccomp"] == "on":
        assert fields["Seccomp"] == "2"
    assert published(feeds).remarks == []


def test_a_driver_with_another_command_is_read_by_the_next_process(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path
) -> None:
    gpus = make_gpus()
    gpus.machine["command"] = 0xC020462B
    reader = start(gpus, binary=FORGIVING_BINARY)
    assert reader.wait() == ANEW
    assert "another command" in reader.only_record("reader_ended")["msg"]
    assert published(feeds).remarks == ["ioctl=any"]
    start(gpus)
    assert reads(feeds, 2_265_123).remarks == ["ioctl=any"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_takes_the_feed_away(
    make_gpus: MakeGPUs, start: StartReader, feeds: Path, number: signal.Signals
) -> None:
    reader = start(make_gpus(), "--interval", "60")
    published(feeds)
    reader.send_signal(signal.SIGHUP)
    assert reader.end(number)[0] == 0
    assert published_feed.read(feeds, "nvidia") is None
    assert reader.only_record("reader_ended")["level"] == "notice"


def test_two_of_them_do_not_write_one_file(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    gpus = make_gpus()
    start(gpus)
    published(feeds)
    second = start(gpus)
    assert second.wait() == 1
    assert "stop that one" in second.only_record("failed")["msg"]


def test_a_directory_that_is_missing_is_named(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    os.rmdir(feeds)
    reader = start(make_gpus())
    assert reader.wait() == 1
    message = reader.only_record("failed")["msg"]
    assert str(feeds) in message and "systemd-tmpfiles" in message


def test_a_directory_that_goes_ends_it(make_gpus: MakeGPUs, start: StartReader, feeds: Path) -> None:
    reader = start(make_gpus())
    published(feeds)

    def remove() -> bool:
        shutil.rmtree(feeds, ignore_errors=True)
        return not feeds.exists()

    wait_until(remove, what="a moment between two publications")
    assert reader.wait() == 1
    assert str(feeds) in reader.only_record("failed")["msg"]


@pytest.mark.parametrize("interval", ["199ms", "61", "fast"])
def test_a_wrong_interval_is_refused(interval: str) -> None:
    result = run("reader", "nvidia", "--interval", interval)
    assert result.returncode == 64
    assert "--interval" in result.stderr and interval in result.stderr and "200ms to 60s" in result.stderr
