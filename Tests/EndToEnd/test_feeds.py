"""What other programs publish: counted as any counter, whatever becomes of who publishes it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.feeds import Feeds, gpu
from support.hardware_counter import HardwareCounter
from support.hwmon_tree import HwmonTree
from support.powercap_tree import PowercapTree, Zone
from support.waiting import wait_until

DOCUMENT = Path(__file__).parents[2] / "docs" / "feeds.md"
FAST = ("--sample.interval", "50ms", "--web.resolution", "50ms")


@pytest.fixture
def feeds(tmp_path: Path) -> Feeds:
    return Feeds(tmp_path / "feeds")


@pytest.fixture
def start(start_exporter: StartExporter, feeds: Feeds, tmp_path: Path) -> StartExporter:
    """Starts an exporter of feeds only."""
    machine = HwmonTree(tmp_path / "sys")

    def begin(*arguments: str, **options: object) -> Exporter:
        return start_exporter(
            machine, *FAST, "--source", "feeds", "--path.feeds", str(feeds.directory), *arguments, **options
        )

    return begin


def energies(page: Page) -> dict[str, Decimal]:
    return {sample.labels["domain"]: sample.value for sample in page.find("pyjoules_energy_joules_total")}


def watts(page: Page) -> dict[str, Decimal]:
    return {sample.labels["domain"]: sample.value for sample in page.find("pyjoules_simple_energy_watts")}


def until_failing(exporter: Exporter, reason: str) -> Page:
    def failing() -> Page | None:
        page = exporter.page()
        found = page.find("pyjoules_sample_errors_total", reason=reason)
        return page if any(sample.value for sample in found) else None

    return wait_until(failing, what=f"readings to fail by {reason}")


def until_energies(exporter: Exporter, expected: dict[str, Decimal]) -> Page:
    return wait_until(
        lambda: page if energies(page := exporter.page()) == expected else None, what="energy to be counted"
    )


def test_energy_is_the_counters_and_power_is_over_the_feeds_own_time(start: StartExporter, feeds: Feeds) -> None:
    feeds.make()
    begin = time.monotonic() - 2
    feeds.publish("nvidia", gpu(0, 1_000_000, begin), period=10)
    exporter = start()
    assert energies(exporter.page()) == {"nvidia_gpu_0": 0}
    feeds.publish("nvidia", gpu(0, 1_070_000, begin + 0.1), period=10)
    until_energies(exporter, {"nvidia_gpu_0": Decimal(70)})
    feeds.publish("nvidia", gpu(0, 1_420_000, begin + 0.6), period=10)
    page = until_energies(exporter, {"nvidia_gpu_0": Decimal(420)})
    assert watts(page) == {"nvidia_gpu_0": 700}
    info = page.find("pyjoules_domain_info")[0].labels
    assert info["source"] == "feeds" and info["device"] == "gpu/nvidia/GPU-0" and info["estimate"] == "false"


def test_feeds_appear_and_go_while_the_exporter_runs_in_its_sandbox(start: StartExporter, feeds: Feeds) -> None:
    exporter = start()
    assert exporter.page().value("pyjoules_source_up", source="feeds") == 0
    feeds.make()
    feeds.publish("nvidia", gpu(0, 5, time.monotonic()))
    until_energies(exporter, {"nvidia_gpu_0": Decimal(0)})
    assert exporter.page().value("pyjoules_source_up", source="feeds") == 1
    feeds.publish("meter", "power id=m domain=wall kind=sensor watts=10")
    feeds.publish("nvidia", gpu(0, 1_005, time.monotonic()))
    wait_until(lambda: energies(exporter.page()).keys() == {"nvidia_gpu_0", "wall"}, what="the meter to be counted")
    feeds.remove("nvidia")
    page = until_failing(exporter, "unregistered")
    assert energies(page)["nvidia_gpu_0"] == 1 and "nvidia_gpu_0" not in watts(page)
    feeds.publish("nvidia", gpu(0, 2_005, time.monotonic()))
    wait_until(lambda: energies(exporter.page())["nvidia_gpu_0"] == 2, what="the GPU to be back")
    assert exporter.page().value("pyjoules_resets_total", domain="nvidia_gpu_0") == 0


def test_a_publisher_that_hangs_makes_it_stale_and_loses_nothing(start: StartExporter, feeds: Feeds) -> None:
    feeds.make()
    feeds.publish("nvidia", gpu(0, 0))
    exporter = start()
    page = until_failing(exporter, "stale")
    assert energies(page) == {"nvidia_gpu_0": 0} and watts(page) == {}
    feeds.publish("nvidia", gpu(0, 50_000), period=1)
    until_energies(exporter, {"nvidia_gpu_0": Decimal(50)})
    assert exporter.only_record("zone_failing")["reason"] == "stale"


def test_garbage_is_said_with_its_line_and_counts_nothing(start: StartExporter, feeds: Feeds) -> None:
    feeds.make()
    feeds.publish("nvidia", gpu(0, 0))
    exporter = start()
    feeds.publish("nvidia", gpu(0, 900_000).replace("raw=", "raw=-"))
    page = until_failing(exporter, "garbage")
    assert energies(page) == {"nvidia_gpu_0": 0}
    record = wait_until(lambda: next(iter(exporter.records("feed_refused")), None), what="the garbage to be said")
    assert record["zone"] == "nvidia.feed" and record["reason"].startswith("line 3: the value of 'raw'")
    feeds.publish("nvidia", gpu(0, 60_000))
    until_energies(exporter, {"nvidia_gpu_0": Decimal(60)})


def test_a_counter_that_begins_anew_is_a_reset_and_a_joule_is_never_lost(start: StartExporter, feeds: Feeds) -> None:
    feeds.make()
    feeds.publish("nvidia", gpu(0, 5_000_000))
    exporter = start()
    count = 0

    def again() -> bool:
        nonlocal count
        count += 1
        feeds.publish("nvidia", gpu(0, count * 1_000))
        return exporter.page().value("pyjoules_resets_total", domain="nvidia_gpu_0") == 1

    wait_until(again, what="the reset to be believed")
    assert energies(exporter.page())["nvidia_gpu_0"] <= count


def test_names_stay_with_their_devices_over_restart_and_reorder(
    start: StartExporter, feeds: Feeds, tmp_path: Path
) -> None:
    state = ("--state-file", str(tmp_path / "ledger"))
    feeds.make()
    feeds.publish("nvidia", gpu(0, 1_000), gpu(1, 2_000), period=10)
    first = start(*state)
    assert energies(first.page()) == {"nvidia_gpu_0": 0, "nvidia_gpu_1": 0}
    first.end()
    # The library numbers them in another order now.
    exchanged = [
        gpu(1, 22_000).replace("domain=nvidia_gpu_1", "domain=nvidia_gpu_0"),
        gpu(0, 11_000).replace("domain=nvidia_gpu_0", "domain=nvidia_gpu_1"),
    ]
    feeds.publish("nvidia", *exchanged, period=10)
    assert energies(start(*state).page_after_ticks()) == {"nvidia_gpu_0": 10, "nvidia_gpu_1": 20}


def test_an_untrusted_directory_is_refused_with_the_remedy(start: StartExporter, feeds: Feeds) -> None:
    feeds.make()
    feeds.publish("nvidia", gpu(0, 0))
    feeds.directory.chmod(0o777)
    exporter = start()
    assert energies(exporter.page()) == {}
    assert f"chmod o-w {feeds.directory}" in exporter.only_record("no_source")["msg"]


def test_the_script_of_the_manual_publishes_a_meter(start: StartExporter, feeds: Feeds, tmp_path: Path) -> None:
    feeds.make()
    script = tmp_path / "meter.sh"
    script.write_text(re.search(r"```sh\n(#!/bin/sh.*?)```", DOCUMENT.read_text(), re.DOTALL)[1])
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ipmitool").write_text(
        "#!/bin/sh\n"
        '[ "$*" = "dcmi power reading" ] || exit 1\n'
        'printf "\\n    Instantaneous power reading:                   220 Watts\\n"\n'
        'printf "    Minimum during sampling period:                 18 Watts\\n"\n'
    )
    (tools / "sleep").write_text('#!/bin/sh\n[ "$1" = 10 ] && exec /bin/sleep 0.1\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    exporter = start()
    publisher = subprocess.Popen(
        ["sh", str(script), str(feeds.directory)],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        start_new_session=True,
    )
    try:
        page = wait_until(
            lambda: page if energies(page := exporter.page()).get("bmc", 0) > 0 else None,
            what="the meter to be counted",
        )
    finally:
        os.killpg(publisher.pid, signal.SIGKILL)
        publisher.wait()
    assert watts(page)["bmc"] == pytest.approx(Decimal(220), abs=Decimal("0.001"))
    assert page.find("pyjoules_domain_info")[0].labels["estimate"] == "true"


def test_gpus_are_in_the_machines_total_and_join_with_what_others_say(
    start_exporter: StartExporter, feeds: Feeds, tmp_path: Path
) -> None:
    tree = PowercapTree(tmp_path / "sys")
    package = HardwareCounter.add(tree, Zone("0", "package-0", limit_watts=4000), 0)
    state = ("--state-file", str(tmp_path / "ledger"))
    arguments = (*FAST, "--path.feeds", str(feeds.directory), *state)
    feeds.make()
    exporter = start_exporter(tree, *arguments)
    host = exporter.page_after_ticks().find("pyjoules_host_energy_joules_total")
    assert [sample.labels["basis"] for sample in host] == ["packages+dram"]
    feeds.publish("nvidia", gpu(0, 1_000, model='"H200 \\"x\\""'))
    exporter.wait_for_page(lambda page: "nvidia_gpu_0" in energies(page))
    feeds.publish("nvidia", gpu(0, 31_000, model='"H200 \\"x\\""'))
    package.move(5_000_000)
    page = exporter.wait_for_page(
        lambda page: energies(page).get("nvidia_gpu_0") == 30 and energies(page)["package_0"] == 5
    )
    (host,) = page.find("pyjoules_host_energy_joules_total")
    assert (host.labels["basis"], host.value) == ("packages+dram+gpus", 35)
    (info,) = page.find("pyjoules_gpu_info")
    # As the page has it: quotes stand behind backslashes.
    assert info.labels == {
        "domain": "nvidia_gpu_0", "uuid": "GPU-0", "pci_bus_id": "00000000:00:00.0", "model": 'H200 \\"x\\"',
        "vendor": "nvidia",
    }  # fmt: skip
    exporter.end()
    feeds.remove("nvidia")
    (host,) = start_exporter(tree, *arguments).page_after_ticks().find("pyjoules_host_energy_joules_total")
    assert (host.labels["basis"], host.value) == ("packages+dram+gpus", 35), "what was counted stays in the sum"
