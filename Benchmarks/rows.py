"""The table of `make bench`: what depends on time, and is therefore compared within one run.

A row function takes a `Bench` and yields `Row`s. To add one, write it and name it in `ROWS`.
"""

from __future__ import annotations

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
FLOOR_ROUNDS = 200_000
ATTACKED_SCRAPES = 100
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
                        f"{server.name}, {connections} connection{'s'[: connections > 1]}, page of {len(page)} bytes",
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
            speeds[server.name].append(wrk(server.port, connections, bench.seconds))
    return {name: median(values) for name, values in speeds.items()}


def cost_of_a_tick(bench: Bench) -> Iterator[Row]:
    """Processor time of a tick without any scrape, against bare C that reads the same counters."""
    tree = bench.workshop.tree()
    interval_microseconds = 1_000_000 // TICKS_PER_SECOND
    paced_rounds = int(bench.seconds * TICKS_PER_SECOND)
    ticks, paced, hot = [], [], []
    with exporter(tree, "--sample.interval", f"{interval_microseconds // 1000}ms") as server:
        for _ in range(bench.rounds):
            ticks.append(_nanoseconds_per_tick(server, bench.seconds))
            paced.append(_nanoseconds_per_round(bench, tree, paced_rounds, interval_microseconds))
            hot.append(_nanoseconds_per_round(bench, tree, FLOOR_ROUNDS, 0))
    tick = median(ticks)
    for name, floor in (("C loop woken by the same timer", median(paced)), ("C loop without waiting", median(hot))):
        yield Row(
            f"tick at {TICKS_PER_SECOND} Hz, {len(counters_of(tree))} domains",
            f"{tick / 1000:,.2f} us of processor time",
            f"{name} {floor / 1000:,.2f}",
            tick / floor,
        )


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
    with exporter(bench.workshop.tree(), "--sample.interval", f"{1000 // TICKS_PER_SECOND}ms") as server:
        before = server.scrape()
        speed = wrk(server.port, max(CONNECTIONS), LOAD_SECONDS)
        after = server.scrape()
    missed, ticks = (
        value_of(after, series) - value_of(before, series)
        for series in ("pyjoules_ticks_missed_total", "pyjoules_samples_total")
    )
    yield Row(
        f"missed ticks at {TICKS_PER_SECOND} Hz under {max(CONNECTIONS)} connections for {LOAD_SECONDS:g} s",
        f"{missed:.0f} of {ticks + missed:.0f}",
        f"{speed:,.0f} requests/s meanwhile",
        goal="0",
        met=missed == 0,
    )


def scrapes_under_attack(bench: Bench) -> Iterator[Row]:
    """The slowest ordinary scrape while hundreds of other clients misbehave, see attack.py."""
    with exporter(bench.workshop.tree()) as server:
        page = server.scrape()
        fresh, kept = _slowest_under_attack(server)
    with nginx(bench.workshop, page) as reference:
        nginx_fresh, nginx_kept = _slowest_under_attack(reference)
    for name, slowest, compared in (("new", fresh, nginx_fresh), ("kept", kept, nginx_kept)):
        yield Row(
            f"slowest of {ATTACKED_SCRAPES} scrapes under attack, {name} connection",
            f"{slowest:.1f} ms, all answered",
            f"nginx {compared:.1f}",
            slowest / compared,
            goal=f"at most {ATTACKED_GOAL_MS:g} ms",
            met=slowest <= ATTACKED_GOAL_MS,
        )


def _slowest_under_attack(server: Server) -> tuple[float, float]:
    """Milliseconds of the slowest scrape on new connections and on a kept one. A scrape without answer is a failure."""
    attackers = [sys.executable, HERE / "attack.py", str(server.port)]
    fresh, kept = [], []
    with Client(server.port) as client, started(attackers, stdout=subprocess.PIPE) as attack:
        client.scrape()  # a kept connection is one that has been used
        if attack.stdout.readline() != b"READY\n":
            raise Failure("the attackers did not all connect")
        for _ in range(ATTACKED_SCRAPES):
            fresh.append(_milliseconds(server.scrape))
            kept.append(_milliseconds(client.scrape))
            time.sleep(ATTACKED_PAUSE_SECONDS)
        if attack.poll() is not None:
            raise Failure(f"the attackers ended early, with {attack.returncode}")
    return max(fresh), max(kept)


def _milliseconds(action: Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return (time.monotonic() - begin) * 1000


ROWS: list[RowFunction] = [throughput, cost_of_a_tick, missed_ticks, scrapes_under_attack]
