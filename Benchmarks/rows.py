"""The table of `make bench`: what depends on time, and is therefore compared within one run.

A row function takes a `Bench` and yields `Row`s. To add one, write it and name it in `ROWS`.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness import (
    FORMS,
    HERE,
    HOST,
    KEYS,
    Access,
    Client,
    Failure,
    Form,
    Load,
    Server,
    Workshop,
    constant_server,
    counters_of,
    exporter,
    handshakes,
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
# What guess.py is told; the first asks as often and gets its 401 at once, so it shows what the load alone does.
GUESSES = 10_000
HARMLESS = "asked without password"
# All of 127.0.0.0/8 is one client, and ::1 is another.
ELSEWHERE = "::1"
GUESSERS = {
    HARMLESS: [ELSEWHERE, "--anonymous"],
    "guessed from another address": [ELSEWHERE],
    "guessed from the same address": [HOST],
}
USUAL_SCRAPES = 200
FEWEST_SCRAPES = 20
GUESSED_PAUSE_SECONDS = 0.005
GUESSING_SECONDS = 60.0


def throughput(bench: Bench) -> Iterator[Row]:
    """Requests per second of the exporter, nginx and a bare C server, in turn, over the same bytes."""
    tree = bench.workshop.tree()
    with exporter(tree) as ours:
        page = ours.scrape()
        with nginx(bench.workshop, page) as reference, constant_server(bench.workshop, page) as ceiling:
            for connections in CONNECTIONS:
                loads = _in_turn(
                    [ours, reference, ceiling], bench, lambda server: wrk(server, connections, bench.seconds)
                )
                base = loads[reference.name].per_second
                for server in (ours, ceiling):
                    speed = loads[server.name].per_second
                    yield Row(
                        f"{server.name}, page of {len(page):,} bytes, wrk -c{connections}",
                        f"{speed:,.0f} requests/s",
                        f"nginx {base:,.0f}",
                        speed / base,
                        goal="at least 1.00" if server is ours else "",
                        met=speed >= base if server is ours else None,
                    )


def _in_turn(servers: list[Server], bench: Bench, measure: Callable[[Server], Load]) -> dict[str, Load]:
    """The median load of each server, by name; they take turns, so that what disturbs the machine meets all alike."""
    loads: dict[str, list[Load]] = {server.name: [] for server in servers}
    for _ in range(bench.rounds):
        for server in servers:
            loads[server.name].append(measure(server))
    return {name: _median(taken) for name, taken in loads.items()}


def _median(loads: list[Load]) -> Load:
    return Load(median(load.per_second for load in loads), median(load.microseconds_each for load in loads))


def throughput_with_tls(bench: Bench) -> Iterator[Row]:
    """Requests per second by TLS 1.3 on kept connections, against nginx with the same certificate and bytes."""
    for ours, reference, kind in _tls_servers(bench):
        for connections in CONNECTIONS:
            loads = _in_turn([ours, reference], bench, lambda server: wrk(server, connections, bench.seconds))
            yield from _against_nginx(f"TLS, {kind}, wrk -c{connections}", "requests/s", loads)


def tls_handshakes(bench: Bench) -> Iterator[Row]:
    """New TLS 1.3 connections per second, with full handshakes and with resumed ones."""
    for ours, reference, kind in _tls_servers(bench):
        for handshake in ("full", "resumed"):
            loads = _in_turn(
                [ours, reference], bench, lambda server: handshakes(bench.workshop, server, handshake, bench.seconds)
            )
            yield from _against_nginx(f"TLS, {kind}, {handshake} handshakes", "connections/s", loads)


def _tls_servers(bench: Bench) -> Iterator[tuple[Server, Server, str]]:
    """The exporter and nginx with a certificate of each kind."""
    for kind in KEYS:
        access = Access(bench.workshop.certificate(kind))
        with (
            exporter(bench.workshop.tree(), access=access) as ours,
            nginx(bench.workshop, ours.scrape(), access.certificate) as reference,
        ):
            yield ours, reference, kind


def _against_nginx(what: str, unit: str, loads: dict[str, Load]) -> Iterator[Row]:
    """Two rows: the speed, which the client on the same processors is part of, and the server's own processor time."""
    ours, theirs = loads["exporter"], loads["nginx"]
    yield Row(
        what,
        f"{ours.per_second:,.0f} {unit}",
        f"nginx {theirs.per_second:,.0f}",
        ours.per_second / theirs.per_second,
        goal="at least 1.00",
        met=ours.per_second >= theirs.per_second,
    )
    yield Row(
        f"{what}, processor time",
        f"{ours.microseconds_each:,.1f} us each",
        f"nginx {theirs.microseconds_each:,.1f}",
        ours.microseconds_each / theirs.microseconds_each,
        goal="at most 1.00",
        met=ours.microseconds_each <= theirs.microseconds_each,
    )


def cost_of_a_page(bench: Bench) -> Iterator[Row]:
    """Processor time of making the page in each form.

    A page with name[] is made for its request alone, and naming all families gives the whole page; without, all scrapes
    between two samples share one. A query of the same length that means nothing pays for the reading of it.
    """
    sizes: dict[str, int] = {}
    costs: dict[str, float] = {}
    with exporter(bench.workshop.tree(), "--sample.interval", "60s") as server:
        families = re.findall(r"^# TYPE (\S+) ", server.scrape().decode(), re.MULTILINE)
        made = "/metrics?" + "&".join(f"name%5B%5D={family}" for family in families)
        shared = made.replace("name%5B%5D", "none%5B%5D")
        for form in FORMS:
            sizes[str(form)] = _size_of_page(server, form, made, shared)
            costs[str(form)] = _microseconds_more(bench, server, form, made, shared)
            size, cost = sizes[str(form)], costs[str(form)]
            yield Row(
                f"making a page, {form}",
                f"{cost:,.1f} us of processor time",
                f"{size:,} bytes" + (f", {size / sizes[form.name]:.1%} of plain" if form.is_gzip else ""),
                cost / costs[FORMS[0].name],
            )


def _size_of_page(server: Server, form: Form, made: str, shared: str) -> int:
    """The same for both paths, but for some digits."""
    sizes = []
    for path in (made, shared):
        with server.client(*form.headers, path=path) as client:
            sizes.append(len(client.scrape()))
    if abs(sizes[0] - sizes[1]) > sizes[1] * 0.02:
        raise Failure(f"naming all families gives {sizes[0]} bytes of {form}, but the page has {sizes[1]}")
    return sizes[1]


def _microseconds_more(bench: Bench, server: Server, form: Form, made: str, shared: str) -> float:
    """How much more processor time a request on the one path takes than on the other; the two take turns."""
    differences = []
    for _ in range(bench.rounds):
        one, other = (wrk(server, 1, bench.seconds, path, form.headers).microseconds_each for path in (made, shared))
        differences.append(one - other)
    return median(differences)


def scrapes_under_guessing(bench: Bench) -> Iterator[Row]:
    """An ordinary scraper with a password, while another client tries 10,000 wrong ones; see guess.py."""
    access = Access(needs_password=True)
    with exporter(bench.workshop.tree(), host="", access=access) as server, server.client() as client:
        client.scrape()
        waits: dict[str, list[float]] = {"usual": []}
        for _ in range(bench.rounds):
            waits["usual"] += _waits_until(client, lambda count: count >= USUAL_SCRAPES)
            for what, options in GUESSERS.items():
                waits.setdefault(what, [])
                waits[what] += _waits_under_guessing(server.port, client, options)
    usual, harmless = median(waits.pop("usual")), median(waits[HARMLESS])
    for what, taken in waits.items():
        yield Row(
            f"a scrape while {what}",
            f"median {median(taken):.2f} ms, most {max(taken):.1f}",
            f"usual {usual:.2f} ms; {HARMLESS} {harmless:.2f}",
            median(taken) / usual,
            goal=f"all of {len(taken):,} within {ATTACKED_GOAL_MS:g} ms",
            met=max(taken) <= ATTACKED_GOAL_MS,
        )


def _waits_under_guessing(port: int, client: Client, options: list[str]) -> list[float]:
    guesser = [sys.executable, HERE / "guess.py", str(port), str(GUESSES), *options]
    with started(guesser, stdout=subprocess.PIPE) as guessing:
        if guessing.stdout.readline() != b"READY\n":
            raise Failure("the guessing did not begin")
        waits = _waits_until(client, lambda _: guessing.poll() is not None)
        if guessing.returncode != 0 or len(waits) < FEWEST_SCRAPES:
            raise Failure(f"the guessing ended with {guessing.returncode} after {len(waits)} scrapes")
    return waits


def _waits_until(client: Client, is_over: Callable[[int], bool]) -> list[float]:
    """Milliseconds of each scrape on a kept connection until it is over, which is told their number."""
    waits: list[float] = []
    deadline = time.monotonic() + GUESSING_SECONDS
    while not is_over(len(waits)) and time.monotonic() < deadline:
        waits.append(_milliseconds(client.scrape))
        time.sleep(GUESSED_PAUSE_SECONDS)
    return waits


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


ROWS: list[RowFunction] = [
    throughput,
    throughput_with_tls,
    tls_handshakes,
    cost_of_a_page,
    cost_of_a_tick,
    missed_ticks,
    scrapes_under_attack,
    scrapes_under_guessing,
]
