"""Who used the energy: its parts add up to what was measured, to the microjoule, on every page."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from support.cgroup_tree import CgroupTree, cgroup_tree
from support.exporter import Exporter, StartExporter, descriptor_targets
from support.exposition import Page
from support.hardware_counter import HardwareCounter, joules
from support.powercap_tree import PowercapTree, Zone

ATTRIBUTED = "pyjoules_attributed_energy_joules_total"
FAST = ("--sample.interval", "20ms")


@pytest.fixture
def cgroups(procfs: Path) -> Iterator[CgroupTree]:
    with cgroup_tree(procfs) as tree:
        yield tree


def start(start_exporter: StartExporter, tree: PowercapTree, cgroups: CgroupTree, *arguments: str) -> Exporter:
    return start_exporter(tree, "--path.cgroupfs", str(cgroups.root), *FAST, *arguments)


def attributed(page: Page, **labels: str) -> Decimal:
    """What the accounts with these labels have of the package's energy; 0 if there are none."""
    found = [sample for sample in page.find(ATTRIBUTED, kind="package") if labels.items() <= sample.labels.items()]
    return sum((sample.value for sample in found), Decimal(0))


def total(page: Page, kind: str = "package") -> Decimal:
    """What was attributed until the latest pass."""
    return page.value("pyjoules_attribution_energy_joules_total", kind=kind)


def check(page: Page, kind: str = "package") -> None:
    """The parts add up to what was attributed, and that is no more than what was measured."""
    parts = sum((sample.value for sample in page.find(ATTRIBUTED, kind=kind)), Decimal(0))
    retired = page.value("pyjoules_attribution_retired_joules_total", kind=kind)
    assert parts + retired == total(page, kind), page.text
    measured = sum((sample.value for sample in page.find("pyjoules_energy_joules_total", kind=kind)), Decimal(0))
    assert total(page, kind) <= measured, page.text
    assert not page.find("pyjoules_attribution_errors_total", reason="identity")


def test_slices_share_what_is_not_idle(start_exporter: StartExporter, tmp_path: Path, cgroups: CgroupTree) -> None:
    tree = PowercapTree(tmp_path / "sys")
    counter = HardwareCounter.add(tree, Zone("0", "package-0", limit_watts=4000), 0)
    for path in ("system.slice", "system.slice/nginx.service", "user.slice", "user.slice/user-1000.slice"):
        cgroups.add(path)
    exporter = start(start_exporter, tree, cgroups)
    check(exporter.page())
    numbers = random.Random(13)
    for _ in range(40):
        cgroups.run("system.slice/nginx.service", numbers.randrange(20_000))
        cgroups.run("user.slice/user-1000.slice", numbers.randrange(20_000))
        cgroups.run("", numbers.randrange(3_000))
        cgroups.show(0.02)
        counter.move(numbers.randrange(1_000_000))
        check(exporter.page_after_ticks())
    # A pass that comes after the last move has all that was measured.
    page = exporter.wait_for_page(lambda page: total(page) == joules(counter.moved), what="a last pass")
    check(page)
    assert page.energy("package_0") == joules(counter.moved)
    assert attributed(page, slice="system.slice") > 0
    assert attributed(page, slice="user.slice") > 0
    types = {(sample.labels["type"], sample.labels.get("slice")) for sample in page.find(ATTRIBUTED)}
    assert types == {("rest", "system.slice"), ("rest", "user.slice"), ("system", None), ("idle", None)}


@pytest.fixture
def counter(tmp_path: Path) -> HardwareCounter:
    """The counter of a machine's only package."""
    return HardwareCounter.add(PowercapTree(tmp_path / "sys"), Zone("0", "package-0", limit_watts=4000), 0)


OFTEN = ("--attribution", "units", "--attribution.interval", "auto")


def page_after_pass(exporter: Exporter) -> Page:
    """A page with another look at the cgroups than the latest."""

    def passes(page: Page) -> Decimal:
        return page.value("pyjoules_attribution_pass_seconds_count")

    before = passes(exporter.page())
    return exporter.wait_for_page(lambda page: passes(page) > before, what="another pass over the cgroups")


def test_units_come_go_and_return(start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree) -> None:
    cgroups.add("system.slice")
    exporter = start(start_exporter, counter.tree, cgroups, *OFTEN, "--attribution.max-new", "10000")
    numbers = random.Random(184)
    living: list[str] = []
    for _ in range(120):
        # One that is there ends, one that is not begins or returns.
        path = f"system.slice/job-{numbers.randrange(24)}.service"
        if path in living:
            living.remove(path)
            cgroups.remove(path)
        else:
            living.append(path)
            cgroups.add(path)
        for path in living:
            cgroups.run(path, numbers.randrange(10_000))
        cgroups.run("system.slice", numbers.randrange(2_000))
        cgroups.show(0.02)
        counter.move(numbers.randrange(1_000_000))
        check(page_after_pass(exporter))
    page = exporter.wait_for_page(lambda page: total(page) == joules(counter.moved), what="a last pass")
    check(page)
    shown = {sample.labels["name"] for sample in page.find(ATTRIBUTED, type="service")}
    assert {path.rpartition("/")[2] for path in living} <= shown
    assert page.value("pyjoules_attribution_slots", state="dead") > 0
    assert page.value("pyjoules_attribution_units_without_slot") == 0


def test_a_restart_goes_on(
    start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree, tmp_path: Path
) -> None:
    for path in ("system.slice", "system.slice/stays.service", "system.slice/goes.service"):
        cgroups.add(path)
    arguments = (*OFTEN, "--attribution.idle-watts", "0", "--state-file", str(tmp_path / "ledger"))
    exporter = start(start_exporter, counter.tree, cgroups, *arguments)

    def both_run() -> None:
        for path in ("system.slice/stays.service", "system.slice/goes.service"):
            if path in cgroups.paths:
                cgroups.run(path, 300_000)
        cgroups.show(1.0)
        counter.move(3_000_000)

    both_run()
    exporter.wait_for_page(lambda page: total(page) == joules(counter.moved), what="a pass")
    for _ in range(3):
        exporter.end(signal.SIGKILL)
        both_run()
        exporter = start(start_exporter, counter.tree, cgroups, *arguments)
        exporter.wait_for_page(lambda page: total(page) == joules(counter.moved), what="a pass after a restart")
    exporter.end(signal.SIGKILL)
    cgroups.remove("system.slice/goes.service")
    both_run()
    exporter = start(start_exporter, counter.tree, cgroups, *arguments)
    page = exporter.wait_for_page(lambda page: total(page) == joules(counter.moved), what="a pass after a restart")
    check(page)
    stays = attributed(page, name="stays.service")
    gone = page.value("pyjoules_attribution_retired_joules_total", kind="package")
    assert stays > gone > 0 and attributed(page, name="goes.service") == 0


def test_names_that_try_to_break_labels(
    start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree
) -> None:
    cgroups.add("system.slice")
    names = ['a"b.service', "back\\slash.service", "line\nfeed.service", "ümlaut.service", "x" * 247 + ".service"]
    for name in names:
        cgroups.add(f"system.slice/{name}")
    (cgroups.root / "system.slice").joinpath(os.fsdecode(b"no\xffutf8.service")).mkdir()
    page = start(start_exporter, counter.tree, cgroups, *OFTEN).page_after_ticks()
    check(page)
    shown = {_unescaped(sample.labels["name"]) for sample in page.find(ATTRIBUTED, type="service")}
    assert set(names) <= shown


def _unescaped(value: str) -> str:
    return re.sub(r'\\(["\\n])', lambda match: "\n" if match[1] == "n" else match[1], value)


def test_off_asks_nothing_and_shows_nothing(
    start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree
) -> None:
    cgroups.add("system.slice")
    exporter = start(start_exporter, counter.tree, cgroups, "--attribution", "off")
    assert "attribut" not in exporter.page_after_ticks().text
    assert exporter.records("attribution_off") == []
    targets = descriptor_targets(exporter.pid)
    assert not [target for target in targets if "cgroup" in target or "inotify" in target]
    assert str(cgroups.procfs / "stat") not in targets


@pytest.mark.parametrize("case", ["missing", "version 1", "namespace"])
def test_where_it_cannot_be_told_is_said_once(
    start_exporter: StartExporter, counter: HardwareCounter, tmp_path: Path, case: str
) -> None:
    root = tmp_path / "sys" / "fs" / "cgroup"
    if case == "version 1":
        (root / "cpuacct").mkdir(parents=True)
    if case == "namespace":
        root.mkdir(parents=True)
        for name in ("cgroup.controllers", "cgroup.type", "cpu.stat"):
            (root / name).write_text("\n")
    exporter = start_exporter(counter.tree, *FAST)
    assert exporter.only_record("attribution_off")["reason"] == case
    assert "attribut" not in exporter.page_after_ticks().text


def container(number: int) -> tuple[str, str]:
    """The path of a container in a pod, and its number."""
    pod = "kubepods.slice/kubepods-pod5ba385ca_0000_4000_8000_000000000001.slice"
    identifier = f"{number:064x}"
    return f"{pod}/cri-containerd-{identifier}.scope", identifier


def test_pods_have_names_also_those_that_come_later(
    start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree, tmp_path: Path
) -> None:
    links = tmp_path / "containers"
    links.mkdir()

    def link(pod: str, identifier: str) -> None:
        (links / f"{pod}_shop_nginx-{identifier}.log").symlink_to("/nowhere")

    first, second = container(1), container(2)
    for path in ("kubepods.slice", first[0].rpartition("/")[0], first[0]):
        cgroups.add(path)
    link("web-1", first[1])
    options = ("--attribution", "containers", "--attribution.interval", "auto", "--attribution.pod-names", str(links))
    exporter = start(start_exporter, counter.tree, cgroups, *options)
    named = {"pod_name": "web-1", "pod_namespace": "shop", "container_name": "nginx", "container_id": first[1]}
    (row,) = exporter.page_after_ticks().find(ATTRIBUTED, type="container")
    assert named.items() <= row.labels.items()
    # Its cgroup is there before its link is, and until then it has no row.
    cgroups.add(second[0])
    assert len(page_after_pass(exporter).find(ATTRIBUTED, type="container")) == 1
    link("web-2", second[1])
    page = exporter.wait_for_page(
        lambda page: len(page.find(ATTRIBUTED, type="container")) == 2, what="the second container's row"
    )
    check(page)
    assert {row.labels["pod_name"] for row in page.find(ATTRIBUTED, type="container")} == {"web-1", "web-2"}
    assert not page.find("pyjoules_attribution_errors_total")
    assert exporter.records("pod_names_unreadable") == []


def test_names_that_cannot_be_listed_are_told_and_rows_are_shown_all_the_same(
    start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree, tmp_path: Path
) -> None:
    path = container(1)[0]
    for name in ("kubepods.slice", path.rpartition("/")[0], path):
        cgroups.add(name)
    missing = tmp_path / "nowhere"
    exporter = start(
        start_exporter, counter.tree, cgroups, "--attribution", "containers", "--attribution.pod-names", str(missing)
    )
    page = exporter.page_after_ticks()
    assert len(page.find(ATTRIBUTED, type="container")) == 1
    assert page.value("pyjoules_attribution_errors_total", reason="unnamed") > 0
    assert str(missing) in exporter.only_record("pod_names_unreadable")["msg"]


def test_units_that_rest_are_not_read(
    start_exporter: StartExporter, counter: HardwareCounter, cgroups: CgroupTree
) -> None:
    cgroups.add("system.slice")
    for number in range(100):
        cgroups.add(f"system.slice/u{number}.service")
    exporter = start(start_exporter, counter.tree, cgroups, *OFTEN)

    def reads(page: Page) -> Decimal:
        return page.value("pyjoules_attribution_reads_total")

    first = page_after_pass(exporter)
    second = page_after_pass(exporter)
    passes = [page.value("pyjoules_attribution_pass_seconds_count") for page in (first, second)]
    assert reads(first) >= 101
    # Of each pass the slice alone.
    assert reads(second) - reads(first) == passes[1] - passes[0]

    def runs_and_is_found(page: Page) -> bool:
        check(page)
        cgroups.run("system.slice/u50.service", 100_000)
        cgroups.show(1.0)
        counter.move(1_000_000)
        return attributed(page, name="u50.service") > 0

    exporter.wait_for_page(runs_and_is_found, what="what one of them ran")
