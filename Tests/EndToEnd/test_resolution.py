"""How often pages show newer values: at most once a second by default, whoever asks, however and how often."""

from __future__ import annotations

import time

from support.exporter import RESOLUTION, Exporter, StartExporter
from support.exposition import Page
from support.formats import Snapshot
from support.powercap_tree import PowercapTree

FAST = ("--sample.interval", "20ms")
AS_USERS_HAVE_IT = {RESOLUTION: ""}
FAMILY = "/metrics?name[]=pyjoules_energy_joules_total"


def bodies(exporter: Exporter) -> list[bytes]:
    """The page in every form, whole and of one family, each form on a new connection."""
    forms = []
    for path in ("/metrics", FAMILY):
        with exporter.connect() as client:
            snapshot = Snapshot(client, path)
        assert snapshot.is_one_sample
        forms += [snapshot.body(format) for format in ("text", "openmetrics", "protobuf")]
    return forms


def test_the_whole_page_stands_still_in_every_form(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, "--web.resolution", "60s")
    page = exporter.page()
    first = bodies(exporter)
    tree.set("0", 3_000_000)
    # What is said in the log was read after that.
    tree.set_bytes("0:2", b"garbage\n")
    exporter.wait_for_event("zone_failing")
    assert exporter.page().energy("package_0") == page.energy("package_0") == 0
    assert bodies(exporter) == first
    assert exporter.get("/-/healthy").status == exporter.get("/-/ready").status == 200


def test_who_asks_all_the_time_sees_a_moment_a_second(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, environment=AS_USERS_HAVE_IT)
    shown = [(exporter.page(), time.monotonic(), time.monotonic())]
    while len(shown) < 4:
        asked = time.monotonic()
        page = exporter.page()
        answered = time.monotonic()
        if page.text == shown[-1][0].text:
            shown[-1] = (page, asked, shown[-1][2])
        else:
            shown.append((page, asked, answered))
    # A page is of a moment after the one before was asked for last, and before it was itself given first. The first may
    # be of a moment before anybody asked.
    for (_, last_asked, _), (_, _, first_answered) in zip(shown[:-2], shown[2:], strict=True):
        assert first_answered - last_asked >= 1
    # What happened meanwhile is in it.
    ticks = [page.ticks for page, _, _ in shown]
    assert ticks == sorted(set(ticks))


def test_energy_is_all_there_with_the_next_moment(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, environment=AS_USERS_HAVE_IT)
    exporter.page()
    tree.set("0", 3_000_000)

    def has_moved(page: Page) -> bool:
        assert page.energy("package_0") in (0, 3)
        return page.energy("package_0") == 3

    exporter.wait_for_page(has_moved)
