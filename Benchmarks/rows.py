"""The rows of `make bench` that are about the exporter alone, or against nginx or bare C, one matter each.

A row function takes a `Bench` and yields `Row`s. To add one, write it and name it in `ROWS`.
"""

from __future__ import annotations

import math
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from comparison import Loads, in_rounds, in_turn, median_ratio
from harness import (
    BINARY,
    FORMS,
    HERE,
    KEYS,
    Access,
    Client,
    Failure,
    Form,
    Manager,
    Server,
    counters_of,
    exporter,
    gpu_module,
    handshakes,
    nginx,
    own_environment,
    paths_of_the_whole_page,
    processor_nanoseconds,
    started,
    stopped,
    value_of,
    wait_until,
    whole_page,
    wrk,
)
from table import BARE_C, EXPORTER, NGINX, Bench, Goal, Row, RowFunction, connected

CONNECTIONS = (1, 16, 64)
LOAD_SECONDS = 10.0
ATTRIBUTED_UNITS = (60, 200, 512)
UNITS = ("--attribution", "units")
# Some looks at the cgroups, of which there is one a second at most.
ATTRIBUTED_SECONDS = 4.0
LATENESS_SECONDS = 10.0
TICKS_PER_SECOND = 100
FAST_TICKS = ("--sample.interval", f"{1000 // TICKS_PER_SECOND}ms")
FLOOR_ROUNDS = 200_000
# WatchdogSec= of the unit.
UNIT_WATCHDOG_SECONDS = 30
# What a tick costs depends on what the processor did before, from one second to the next.
TICK_ROUNDS = 3
# Long enough for the server's deadlines of 10 s to pass, when it ends hundreds of connections at once.
ATTACKED_SCRAPES = 300
ATTACKED_PAUSE_SECONDS = 0.05
USED_SCRAPES = 5
ATTACKED_GOALS = (Goal("at most", 50),)
# What guess.py is told; the first asks as often and gets its 401 at once, so it shows what the load alone does.
GUESSES = 10_000
HARMLESS = "asked without password"
# Whoever comes by the unix socket is another client than those of the loopback device, all of which are one.
GUESSERS = {
    HARMLESS: (True, "--anonymous"),
    "guessed by another client": (True,),
    "guessed by the same client": (False,),
}
# Between two samples, of which there is one a second.
SAME_SAMPLE_TRIALS = 5
USUAL_SCRAPES = 200
FEWEST_SCRAPES = 20
GUESSED_PAUSE_SECONDS = 0.005
GUESSING_SECONDS = 60.0
GPUS = 8
# The medians of an H100 and an H200 that do nothing, in processor time.
READING_NANOSECONDS = 3_400_000
SAMPLES_NANOSECONDS = 500_000
READER_SECONDS = 20.0


def throughput_with_tls(bench: Bench) -> Iterator[Row]:
    """Requests per second by TLS 1.3 on kept connections, against nginx with the same certificate and bytes."""
    for ours, reference, kind in _tls_servers(bench):
        for connections in CONNECTIONS:
            loads = in_turn([ours, reference], bench, lambda server: wrk(server, connections, bench.seconds))
            yield from _against_nginx("requests by TLS", f"{kind}, {connected(connections)}", loads)


def tls_handshakes(bench: Bench) -> Iterator[Row]:
    """New TLS 1.3 connections per second, with full handshakes and with resumed ones."""
    for ours, reference, kind in _tls_servers(bench):
        for handshake in ("full", "resumed"):
            loads = in_turn(
                [ours, reference], bench, lambda server: handshakes(bench.workshop, server, handshake, bench.seconds)
            )
            yield from _against_nginx("new TLS connections", f"{kind}, {handshake}", loads)


def _tls_servers(bench: Bench) -> Iterator[tuple[Server, Server, str]]:
    """The exporter and nginx with a certificate of each kind."""
    for kind in KEYS:
        access = Access(bench.workshop.certificate(kind))
        with (
            bench.workshop.tree() as tree,
            exporter(tree, access=access) as ours,
            nginx(bench.workshop, whole_page(ours), access.certificate) as reference,
        ):
            yield ours, reference, kind


def _against_nginx(quantity: str, condition: str, loads: Loads) -> Iterator[Row]:
    """Two rows: the speed, which the client on the same processors is part of, and the server's own processor time."""
    yield in_rounds(quantity, condition, "1/s", loads, "per_second", (Goal("at least", 1, NGINX),))
    cost = f"processor time of {quantity}"
    yield in_rounds(cost, condition, "us", loads, "microseconds_each", (Goal("at most", 1, NGINX),))


def cost_of_a_page(bench: Bench) -> Iterator[Row]:
    """Processor time of making the page in each form.

    A page with name[] is made for its request alone, and naming all families gives the whole page; without, all scrapes
    between two samples share one. A query of the same length that means nothing pays for the reading of it.
    """
    with bench.workshop.tree() as tree, exporter(tree, "--sample.interval", "1s") as server:
        made, shared = paths_of_the_whole_page(whole_page(server))
        for form in FORMS:
            size = _size_of_page(server, form, made, shared)
            cost = _microseconds_more(bench, server, form, made, shared)
            yield Row("making a page", str(form), "us", {EXPORTER: cost}, note=f"{size:,} bytes")


def _size_of_page(server: Server, form: Form, made: str, shared: str) -> int:
    """The same by both paths, byte for byte, if both are of one sample, as they are unless a tick comes between."""
    with server.client(*form.headers, path=made) as maker, server.client(*form.headers, path=shared) as sharer:
        for _ in range(SAME_SAMPLE_TRIALS):
            page = sharer.scrape()
            if maker.scrape() == page:
                return len(page)
    raise Failure(f"naming all families gives another page as {form} than naming none")


def _microseconds_more(bench: Bench, server: Server, form: Form, made: str, shared: str) -> float:
    """How much more processor time a request on the one path takes than on the other; the two take turns."""
    differences = []
    for _ in range(bench.rounds):
        one, other = (wrk(server, 1, bench.seconds, path, form.headers).microseconds_each for path in (made, shared))
        differences.append(one - other)
    return median(differences)


def scrapes_under_guessing(bench: Bench) -> Iterator[Row]:
    """An ordinary scraper with a password, while another client tries 10,000 wrong ones; see guess.py."""
    path = bench.workshop.new_directory("guess") / "metrics.sock"
    listener = ("--web.listen-address", f"unix:{path}")
    access = Access(needs_password=True)
    with bench.workshop.tree() as tree, exporter(tree, *listener, access=access) as server, server.client() as client:
        client.scrape()
        waits: dict[str, list[float]] = {"usual": []}
        for _ in range(bench.rounds):
            waits["usual"] += _waits_until(client, lambda count: count >= USUAL_SCRAPES)
            for what, (is_another, *options) in GUESSERS.items():
                waits.setdefault(what, [])
                address = str(path) if is_another else str(server.port)
                waits[what] += _waits_under_guessing(address, client, options)
    for what, taken in waits.items():
        yield Row("median scrape with a password", what, "ms", {EXPORTER: median(taken)})
        yield Row("slowest scrape with a password", what, "ms", {EXPORTER: max(taken)}, ATTACKED_GOALS)


def _waits_under_guessing(address: str, client: Client, options: list[str]) -> list[float]:
    guesser = [sys.executable, HERE / "guess.py", address, str(GUESSES), *options]
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
    for machine in ("laptop", "two_sockets"):
        with bench.workshop.tree(machine) as tree:
            yield from _cost_of_a_tick(bench, tree)


def _cost_of_a_tick(bench: Bench, tree: Path) -> Iterator[Row]:
    """The exporter as its unit runs it and bare C loops, in turn, one stopped while the other runs; then a file.

    Each round has new processes: where in memory one happens to lie decides how much of it the caches still have.
    """
    paced_rounds = int(bench.seconds * TICKS_PER_SECOND)
    ticks, paced, hot = [], [], []
    for _ in range(bench.rounds * TICK_ROUNDS):
        with (
            Manager(bench.workshop, UNIT_WATCHDOG_SECONDS) as manager,
            exporter(tree, *FAST_TICKS, environment=manager.environment) as server,
        ):
            _await_routine(server)
            ticks.append(_nanoseconds_per_tick(server, bench.seconds))
            with stopped(server):
                paced.append(_nanoseconds_per_round(bench, tree, paced_rounds, 1_000_000 // TICKS_PER_SECOND))
                hot.append(_nanoseconds_per_round(bench, tree, FLOOR_ROUNDS, 0))
    with exporter(tree, *FAST_TICKS, "--state-file", str(bench.workshop.new_directory("state") / "ledger")) as server:
        _await_routine(server)
        filed = [_nanoseconds_per_tick(server, bench.seconds) for _ in range(bench.rounds)]
    domains = f"{len(counters_of(tree))} domains"
    tick = median(ticks) / 1000
    yield Row(
        f"tick at {TICKS_PER_SECOND} Hz",
        domains,
        "us",
        {EXPORTER: tick, BARE_C: median(paced) / 1000},
        (Goal("at most", 1.25, BARE_C),),
        "bare C is woken by the same timer; it writes nothing down, the exporter its ledger, into memory",
        {BARE_C: median_ratio(ticks, paced)},
    )
    yield Row(
        f"tick at {TICKS_PER_SECOND} Hz",
        f"{domains}, with a state file",
        "us",
        {EXPORTER: median(filed) / 1000},
        note="one pwrite each time that what was collected is counted, in the place of memory",
    )
    yield Row(
        f"tick at {TICKS_PER_SECOND} Hz",
        f"{domains}, against reads alone",
        "us",
        {EXPORTER: tick, BARE_C: median(hot) / 1000},
        note="bare C reads without waiting",
        ratios={BARE_C: median_ratio(ticks, hot)},
    )


def _await_routine(server: Server) -> None:
    """The first ticks do what later ones need not do again."""
    wait_until(lambda: value_of(server.scrape(), "pyjoules_samples_total") >= TICKS_PER_SECOND, "ticks of a second")


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


def cost_of_attribution(bench: Bench) -> Iterator[Row]:
    """What it costs to tell who used the energy: processor time beyond that of one that does not, and late ticks."""
    for units in ATTRIBUTED_UNITS:
        with bench.workshop.tree() as tree, bench.workshop.kernel_cgroups(units) as cgroups:
            with exporter(tree, "--attribution", "off") as without, exporter(tree, *UNITS, *cgroups) as with_it:
                differences = []
                for _ in range(bench.rounds):
                    seconds = max(bench.seconds, ATTRIBUTED_SECONDS)
                    one, other = _nanoseconds_a_second([with_it, without], seconds)
                    differences.append(one - other)
                page = with_it.scrape()
            yield _cost_of_attribution(units, median(differences) / 1000, page)
            with exporter(tree, *FAST_TICKS, *UNITS, *cgroups) as server:
                yield _late_ticks(server, f"{units} units")
    with bench.workshop.tree() as tree, exporter(tree, *FAST_TICKS, "--attribution", "off") as server:
        yield _late_ticks(server, "attribution off")


def _cost_of_attribution(units: int, microseconds: float, page: bytes) -> Row:
    looks = value_of(page, "pyjoules_attribution_pass_seconds_count")
    each = value_of(page, "pyjoules_attribution_pass_seconds_sum") / looks * 1e6
    found, interval = (value_of(page, f"pyjoules_attribution_{name}") for name in ("units", "interval_seconds"))
    if found < units:
        raise Failure(f"of {units} cgroups {found:.0f} were found")
    note = f"a look at {found:.0f} cgroups takes {each:,.0f} us, each {interval:.3g} s"
    # 0.2 % of one processor.
    goals = (Goal("at most", 2000),)
    return Row("processor time of attribution a second", f"{units} units", "us", {EXPORTER: microseconds}, goals, note)


def _nanoseconds_a_second(servers: list[Server], seconds: float) -> list[float]:
    """Processor time of servers that nobody asks, in the same seconds."""
    before = [processor_nanoseconds(server.pid) for server in servers]
    time.sleep(seconds)
    return [(processor_nanoseconds(server.pid) - one) / seconds for server, one in zip(servers, before, strict=True)]


def _late_ticks(server: Server, condition: str) -> Row:
    """Where at most one in a hundred is, the 99th percentile of lateness is below that."""
    series = "pyjoules_sample_lateness_seconds"
    before = server.scrape()
    time.sleep(LATENESS_SECONDS)
    after = server.scrape()
    ticks = value_of(after, f"{series}_count") - value_of(before, f"{series}_count")
    punctual, prompt = (
        value_of(after, f"{series}_bucket", f'le="{bound}"') - value_of(before, f"{series}_bucket", f'le="{bound}"')
        for bound in ("0.001", "0.0005")
    )
    late = 100 * (1 - punctual / ticks)
    note = f"of {ticks:.0f}; {100 * (1 - prompt / ticks):.2f} % later than 0.5 ms"
    quantity = f"ticks at {TICKS_PER_SECOND} Hz later than 1 ms"
    return Row(quantity, condition, "%", {EXPORTER: late}, (Goal("at most", 1),), note)


def missed_ticks(bench: Bench) -> Iterator[Row]:
    """Ticks lost while many clients ask for all they can get."""
    with bench.workshop.tree() as tree, exporter(tree, *FAST_TICKS) as server:
        before = server.scrape()
        speed = wrk(server, max(CONNECTIONS), LOAD_SECONDS).per_second
        after = server.scrape()
    yield _missed_ticks(f"{connected(max(CONNECTIONS))} load it", before, after, f"{speed:,.0f} requests/s meanwhile")


def _missed_ticks(condition: str, before: bytes, after: bytes, note: str = "") -> Row:
    missed, ticks = (
        value_of(after, series) - value_of(before, series)
        for series in ("pyjoules_ticks_missed_total", "pyjoules_samples_total")
    )
    note = f"of {ticks + missed:.0f}" + (f", {note}" if note else "")
    return Row(f"missed ticks at {TICKS_PER_SECOND} Hz", condition, "", {EXPORTER: missed}, (Goal("at most", 0),), note)


def scrapes_under_attack(bench: Bench) -> Iterator[Row]:
    """The slowest ordinary scrape while hundreds of other clients misbehave, see attack.py."""
    with bench.workshop.tree() as tree, exporter(tree, *FAST_TICKS) as server:
        before = server.scrape()
        ours = _waits_under_attack(server)
        after = server.scrape()
    with nginx(bench.workshop, before) as reference:
        theirs = _waits_under_attack(reference)
    for connection in ours:
        waits = {EXPORTER: ours[connection], NGINX: theirs[connection]}
        slowest = {name: max((wait for wait in taken if wait < math.inf), default=0) for name, taken in waits.items()}
        unanswered = {name: taken.count(math.inf) for name, taken in waits.items()}
        condition, note = f"under attack, {connection} connections", f"of {ATTACKED_SCRAPES}"
        yield Row("slowest scrape", condition, "ms", slowest, ATTACKED_GOALS, note)
        yield Row("unanswered scrapes", condition, "", unanswered, (Goal("at most", 0),), note)
    yield _missed_ticks("under attack", before, after)


def _waits_under_attack(server: Server) -> dict[str, list[float]]:
    """Milliseconds of each scrape on new connections and on a kept one, infinite for one that was not answered."""
    attackers = [sys.executable, HERE / "attack.py", str(server.port)]
    waits: dict[str, list[float]] = {"new": [], "kept": []}
    with Client(server.port) as client:
        # Who asks in a rhythm, as scrapers do, keeps its place from the third time on.
        for _ in range(USED_SCRAPES):
            client.scrape()
            time.sleep(ATTACKED_PAUSE_SECONDS)
        with started(attackers, stdout=subprocess.PIPE) as attack:
            while not select.select([attack.stdout], [], [], ATTACKED_PAUSE_SECONDS)[0]:
                client.scrape()
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


def reader_of_gpus(bench: Bench) -> Iterator[Row]:
    """Processor time of the reader of GPUs, whose library takes as long as the real one does in the middle."""
    module = gpu_module()
    directory = bench.workshop.directory / "gpus"
    feeds = directory / "feeds"
    feeds.mkdir(parents=True)
    gpus = module.FakeNVML(module.compile_library(directory), directory, GPUS)
    for gpu in gpus.gpus[:GPUS]:
        gpu["delay"] = READING_NANOSECONDS
        gpu["samples_delay"] = SAMPLES_NANOSECONDS
    command = [BINARY, "reader", "nvidia", "--path.feeds", feeds, *gpus.options]
    environment = {**own_environment(), **gpus.environment}
    with started(command, env=environment, stderr=subprocess.DEVNULL) as reader:
        wait_until((feeds / "nvidia.feed").exists, "the first publication")
        before, begin = processor_nanoseconds(reader.pid), time.monotonic_ns()
        time.sleep(READER_SECONDS)
        used, taken = processor_nanoseconds(reader.pid) - before, time.monotonic_ns() - begin
    driver = GPUS * (READING_NANOSECONDS + SAMPLES_NANOSECONDS / 2) / 1e7
    note = f"the library takes {driver:.2f} %"
    goals = (Goal("at most", 3),)
    figures = {EXPORTER: used / taken * 100}
    yield Row("processor time of the reader", f"{GPUS} GPUs, once a second", "%", figures, goals, note)


ROWS: list[RowFunction] = [
    throughput_with_tls,
    tls_handshakes,
    cost_of_a_page,
    cost_of_a_tick,
    cost_of_attribution,
    missed_ticks,
    scrapes_under_attack,
    scrapes_under_guessing,
    reader_of_gpus,
]
