"""The table of `make bench`: what depends on time, and is therefore compared within one run.

A row function takes a `Bench` and yields `Row`s. To add one, write it and name it in `ROWS`.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness import (
    HERE,
    Client,
    Failure,
    Server,
    Workshop,
    constant_server,
    counters_of,
    exporter,
    nginx,
    processor_nanoseconds,
    started,
    value_of,
    wrk,
)


@dataclass(frozen=True)
class Bench:
    """What a row function is given."""

    workshop: Workshop
    rounds: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure, what it is held against, and whether it is as good as wished."""

    what: str
    figure: str
    against: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


RowFunction = Callable[[Bench], Iterator[Row]]

CONNECTIONS = (1, 16, 64)
LOAD_SECONDS = 10.0
TICKS_PER_SECOND = 100
FAST_TICKS = ("--sample.interval", f"{1000 // TICKS_PER_SECOND}ms")
FLOOR_ROUNDS = 200_000
# Long enough for the server's deadlines of 10 s to pass, when it ends hundreds of connections at once.
ATTACKED_SCRAPES = 300
ATTACKED_PAUSE_SECONDS = 0.05
ATTACKED_GOAL_MS = 50.0


def throughput(bench: Bench) -> Iterator[Row]:
    """Requests per second of the exporter, nginx and a bare C server, in turn, over the same bytes."""
    tree = bench.workshop.tree()
    with exporter(tree) as ours:
        page = ours.scrape()
        with nginx(bench.workshop, page) as reference, constant_server(bench.workshop, page) as ceiling:
            for connections in CONNECTIONS:
                speeds = _speeds_in_turn([ours, reference, ceiling], connections, bench)
                base = speeds[reference.name]
                for server in (ours, ceiling):
                    speed = speeds[server.name]
                    yield Row(
                        f"{server.name}, page of {len(page):,} bytes, wrk -c{connections}",
                        f"{speed:,.0f} requests/s",
                        f"nginx {base:,.0f}",
                        speed / base,
                        goal="at least 1.00" if server is ours else "",
                        met=speed >= base if server is ours else None,
                    )


def _speeds_in_turn(servers: list[Server], connections: int, bench: Bench) -> dict[str, float]:
    """The median speed of each server, by name; they take turns, so that what disturbs the machine meets all alike."""
    speeds: dict[str, list[float]] = {server.name: [] for server in servers}
    for _ in range(bench.rounds):
        for server in servers:
            speeds[server.name].append(wrk(server, connections, bench.seconds).per_second)
    return {name: median(values) for name, values in speeds.items()}


def cost_of_a_tick(bench: Bench) -> Iterator[Row]:
    """Processor time of a tick without any scrape, against bare C that reads the same counters."""
    yield from _cost_of_a_tick(bench, bench.workshop.tree())
    yield from _cost_of_a_tick(bench, bench.workshop.tree("two_sockets"))


def _cost_of_a_tick(bench: Bench, tree: Path) -> Iterator[Row]:
    """The exporter with histograms and a ledger, and bare C loops, in turn."""
    paced_rounds = int(bench.seconds * TICKS_PER_SECOND)
    ticks, paced, hot = [], [], []
    with exporter(tree, *FAST_TICKS, "--state-file", str(bench.workshop.new_directory("state") / "ledger")) as server:
        for _ in range(bench.rounds):
            ticks.append(_nanoseconds_per_tick(server, bench.seconds))
            paced.append(_nanoseconds_per_round(bench, tree, paced_rounds, 1_000_000 // TICKS_PER_SECOND))
            hot.append(_nanoseconds_per_round(bench, tree, FLOOR_ROUNDS, 0))
    tick, woken, unpaused = median(ticks), median(paced), median(hot)
    what = f"tick at {TICKS_PER_SECOND} Hz, {len(counters_of(tree))} domains"
    figure = f"{tick / 1000:,.2f} us of processor time"
    yield Row(
        what,
        figure,
        f"C loop woken by the same timer {woken / 1000:,.2f}",
        tick / woken,
        goal="at most 2.00",
        met=tick <= 2 * woken,
    )
    yield Row(what, figure, f"C loop without waiting {unpaused / 1000:,.2f}", tick / unpaused)


def _nanoseconds_per_tick(server: Server, seconds: float) -> float:
    """The scrapes that count the ticks lie outside the time that is measured."""
    with Client(server.port) as client:
        ticks_before = value_of(client.scrape(), "pyjoules_samples_total")
        before = processor_nanoseconds(server.pid)
        time.sleep(seconds)
        after = processor_nanoseconds(server.pid)
        ticks = value_of(client.scrape(), "pyjoules_samples_total") - ticks_before
    if ticks == 0:
        raise Failure("the exporter does not tick")
    return (after - before) / ticks


def _nanoseconds_per_round(bench: Bench, tree: Path, rounds: int, interval_microseconds: int) -> float:
    program = bench.workshop.compile("read_counters")
    command = [program, str(rounds), str(interval_microseconds), *counters_of(tree)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def missed_ticks(bench: Bench) -> Iterator[Row]:
    """Ticks lost while many clients ask for all they can get."""
    with exporter(bench.workshop.tree(), *FAST_TICKS) as server:
        before = server.scrape()
        speed = wrk(server, max(CONNECTIONS), LOAD_SECONDS).per_second
        after = server.scrape()
    yield _row_of_missed_ticks(
        f"wrk -c{max(CONNECTIONS)} for {LOAD_SECONDS:g} s", before, after, f"{speed:,.0f} requests/s meanwhile"
    )


def _row_of_missed_ticks(under: str, before: bytes, after: bytes, against: str = "") -> Row:
    missed, ticks = (
        value_of(after, series) - value_of(before, series)
        for series in ("pyjoules_ticks_missed_total", "pyjoules_samples_total")
    )
    return Row(
        f"missed ticks at {TICKS_PER_SECOND} Hz, {under}",
        f"{missed:.0f} of {ticks + missed:.0f}",
        against,
        goal="none",
        met=missed == 0,
    )


def scrapes_under_attack(bench: Bench) -> Iterator[Row]:
    """The slowest ordinary scrape while hundreds of other clients misbehave, see attack.py."""
    with exporter(bench.workshop.tree(), *FAST_TICKS) as server:
        before = server.scrape()
        ours = _waits_under_attack(server)
        after = server.scrape()
    with nginx(bench.workshop, before) as reference:
        theirs = _waits_under_attack(reference)
    for connection in ours:
        yield Row(
            f"under attack, slowest scrape on a {connection} connection",
            _summary(ours[connection]),
            f"nginx {_summary(theirs[connection])}",
            goal=f"all within {ATTACKED_GOAL_MS:g} ms",
            met=max(ours[connection]) <= ATTACKED_GOAL_MS,
        )
    yield _row_of_missed_ticks("under attack", before, after)


def _waits_under_attack(server: Server) -> dict[str, list[float]]:
    """Milliseconds of each scrape on new connections and on a kept one, infinite for one that was not answered."""
    attackers = [sys.executable, HERE / "attack.py", str(server.port)]
    waits: dict[str, list[float]] = {"new": [], "kept": []}
    with Client(server.port) as client:
        client.scrape()  # a kept connection is one that has been used
        with started(attackers, stdout=subprocess.PIPE) as attack:
            if attack.stdout.readline() != b"READY\n":
                raise Failure("the attackers did not all connect")
            for _ in range(ATTACKED_SCRAPES):
                waits["new"].append(_milliseconds(server.scrape))
                waits["kept"].append(_milliseconds(client.scrape))
                time.sleep(ATTACKED_PAUSE_SECONDS)
            if attack.poll() is not None:
                raise Failure(f"the attackers ended early, with {attack.returncode}")
    return waits


def _milliseconds(scrape: Callable[[], bytes]) -> float:
    begin = time.monotonic()
    try:
        scrape()
    except (Failure, OSError):
        return math.inf
    return (time.monotonic() - begin) * 1000


def _summary(waits: list[float]) -> str:
    answered = [wait for wait in waits if wait < math.inf]
    return f"{max(answered, default=0):.1f} ms, {len(answered)} of {len(waits)} answered"


ROWS: list[RowFunction] = [throughput, cost_of_a_tick, missed_ticks, scrapes_under_attack]
