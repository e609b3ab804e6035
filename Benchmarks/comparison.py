"""The rows in which the exporter stands beside what a user would take instead, in turn in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean, median

from harness import (
    Load,
    Server,
    Skip,
    constant_server,
    exporter,
    exporter_command,
    free_port,
    moved,
    nginx,
    own_environment,
    processor_nanoseconds,
    status_of,
    tree_module,
    value_of,
    whole_response,
    wrk,
)
from rivals import COMMANDS, SERIES, rival, seconds_to_first_page
from table import BARE_C, EXPORTER, NGINX, NODE_EXPORTER, PROTOTYPE, Bench, Goal, Row, connected

CONNECTIONS = (1, 16, 64, 256)
THROUGHPUT_GOALS = {
    connections: (Goal("at least", of_nginx, NGINX), Goal("at least", 0.95, BARE_C))
    for connections, of_nginx in ((1, 1.2), (16, 1.6), (64, 1.6))
}
# What the samplers do by themselves, all at 10 Hz.
IDLE_SECONDS = 5.0
INTERVAL_SECONDS = 0.1
STARTS = 9
# A scraper that looks every 15 s, five times as fast, and so are sampling and the pages' resolution of a second.
HASTE = 5
SCRAPE_SECONDS = 15 / HASTE
SCRAPES = 16


@contextmanager
def samplers(
    bench: Bench, tree: Path, interval_seconds: float = INTERVAL_SECONDS, resolution_seconds: float = 0.001
) -> Iterator[list[Server]]:
    """The exporter and its rivals on one tree, those that there are."""
    options = ("--sample.interval", f"{interval_seconds}s", "--web.resolution", f"{resolution_seconds}s")
    with ExitStack() as stack:
        servers = [stack.enter_context(exporter(tree, *options))]
        for name in COMMANDS:
            if_there(bench, name, lambda: servers.append(stack.enter_context(rival(name, tree, interval_seconds))))
        yield servers


def if_there(bench: Bench, name: str, use: Callable[[], object]) -> None:
    """Says so if this machine has not what is used, and goes on."""
    try:
        use()
    except Skip as reason:
        bench.skip(name, reason)


def serving(bench: Bench) -> Iterator[Row]:
    """Requests on kept connections, and what memory they leave behind.

    Each round has new processes: where in memory one happens to lie makes up to a tenth of its speed.
    """
    loads: dict[int, Loads] = {connections: {} for connections in CONNECTIONS}
    rows = []
    for _ in range(bench.rounds):
        with _servers(bench) as servers:
            for connections in CONNECTIONS:
                take_turns(servers, loads[connections], lambda server: wrk(server, connections, bench.seconds))
            rows = list(_memory(servers))
            size = Row("page", "", "bytes", {server.name: len(server.scrape()) for server in servers})
    yield size
    for connections in CONNECTIONS:
        yield from _serving(connected(connections), loads[connections], THROUGHPUT_GOALS.get(connections, ()))
    yield from rows


@contextmanager
def _servers(bench: Bench) -> Iterator[list[Server]]:
    """All that serve pages, on one tree."""
    with bench.workshop.tree() as tree, samplers(bench, tree) as servers, ExitStack() as stack:
        response = whole_response(servers[0])
        page = response.partition(b"\r\n\r\n")[2]
        servers.insert(1, stack.enter_context(constant_server(bench.workshop, response)))
        if_there(bench, NGINX, lambda: servers.insert(1, stack.enter_context(nginx(bench.workshop, page))))
        yield servers


def _serving(condition: str, loads: Loads, goals: tuple[Goal, ...]) -> Iterator[Row]:
    failed = {name: int(count) for name, count in medians(loads, "failed").items() if count}
    note = "failed in the median round: " + ", ".join(f"{name} {count}" for name, count in failed.items())
    yield in_rounds("requests", condition, "1/s", loads, "per_second", goals, note if failed else "")
    yield in_rounds("99th percentile", condition, "ms", loads, "p99_milliseconds")
    yield in_rounds("processor time of a scrape", condition, "us", loads, "microseconds_each")


# Of each program, by name, what it got done in each round.
Loads = dict[str, list[Load]]


def in_turn(servers: list[Server], bench: Bench, measure: Callable[[Server], Load]) -> Loads:
    """The load of each server in each round; they take turns, so that what disturbs the machine meets all alike."""
    loads: Loads = {}
    for _ in range(bench.rounds):
        take_turns(servers, loads, measure)
    return loads


def take_turns(servers: list[Server], loads: Loads, measure: Callable[[Server], Load]) -> None:
    """One round."""
    for server in servers:
        loads.setdefault(server.name, []).append(measure(server))


def in_rounds(
    quantity: str, condition: str, unit: str, loads: Loads, what: str, goals: tuple[Goal, ...] = (), note: str = ""
) -> Row:
    """A row of what was measured in turn: the medians, and the medians of each round's ratios."""
    figures = medians(loads, what)
    rounds = {name: [getattr(load, what) for load in taken] for name, taken in loads.items()}
    ratios = {
        name: median_ratio(rounds[EXPORTER], taken) for name, taken in rounds.items() if name != EXPORTER and all(taken)
    }
    return Row(quantity, condition, unit, figures, goals, note, ratios)


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Of figures that were taken in turn: how many times theirs ours is, in the round in the middle."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def medians(loads: Loads, what: str) -> dict[str, float]:
    """Of each program, the round in the middle."""
    return {name: median(getattr(load, what) for load in taken) for name, taken in loads.items()}


# What the kernel knows of a process's memory, in KiB, and what we call it.
MEMORY = {"resident": "Rss", "proportional": "Pss", "anonymous": "Anonymous"}


def _memory(servers: list[Server]) -> Iterator[Row]:
    """After the load; of nginx, the worker."""
    for what, field in MEMORY.items():
        figures = {server.name: status_of(server.pid, field, "smaps_rollup") / 1024 for server in servers}
        yield Row("memory", what, "MiB", figures)
    yield Row("threads", "", "", {server.name: status_of(server.pid, "Threads") for server in servers})


def idling(bench: Bench) -> Iterator[Row]:
    """Processor time of those that sample, left alone, and with a scrape for each sample. node_exporter's only samples
    are its scrapes."""
    with bench.workshop.tree() as tree, samplers(bench, tree) as servers:
        idle = _microseconds_per_second(servers, lambda: time.sleep(INTERVAL_SECONDS))
        scraped = _microseconds_per_second(servers, lambda: _scrape_each_and_wait(servers))
    yield Row("processor time a second", "sampling at 10 Hz, idle", "us", idle)
    yield Row("processor time a second", "sampled and scraped at 10 Hz", "us", scraped)
    samples = {name: spent * INTERVAL_SECONDS for name, spent in idle.items() if name != NODE_EXPORTER}
    yield Row("processor time of a sample", "", "us", samples)


def _scrape_each_and_wait(servers: list[Server]) -> None:
    for server in servers:
        server.scrape()
    time.sleep(INTERVAL_SECONDS)


def _microseconds_per_second(servers: list[Server], step: Callable[[], None]) -> dict[str, float]:
    begin = time.monotonic()
    before = [processor_nanoseconds(server.pid) for server in servers]
    while time.monotonic() < begin + IDLE_SECONDS:
        step()
    seconds = time.monotonic() - begin
    spent = [processor_nanoseconds(server.pid) - start for server, start in zip(servers, before, strict=True)]
    return {server.name: each / 1000 / seconds for server, each in zip(servers, spent, strict=True)}


def starting(bench: Bench) -> Iterator[Row]:
    """From the start of the process to the end of its first page; all files are in memory after the first start."""
    with bench.workshop.tree() as tree:
        commands = {EXPORTER: lambda port: exporter_command(tree, port)}
        for name, command_for in COMMANDS.items():
            if_there(bench, name, lambda: commands.update({name: command_for(tree, INTERVAL_SECONDS)}))
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(STARTS):
            for name, command in commands.items():
                port = free_port()
                taken[name].append(1000 * seconds_to_first_page(command(port), port, env=own_environment()))
    figures = {name: median(each) for name, each in taken.items()}
    yield Row("start to first scrape", "", "ms", figures, (Goal("at most", 10),))


def scraped_energy(bench: Bench) -> Iterator[Row]:
    """The energy that a scraper believes in, against what the counters are known to have moved."""
    root = bench.workshop.new_directory("sysfs")
    with moved(root, "scraped") as start, samplers(bench, root, INTERVAL_SECONDS / HASTE, 1 / HASTE) as servers:
        scrapes = {server.name: [] for server in servers}
        # Long enough for the page to be older than the resolution.
        begin = time.monotonic() + 1
        for number in range(SCRAPES):
            time.sleep(max(0.0, begin + number * SCRAPE_SECONDS - time.monotonic()))
            for server in servers:
                scrapes[server.name].append(_scrape_with_time(server, start))
    curves = [zone.curve for zone in tree_module().scraped(bench.workshop.new_directory("sysfs")).zones]
    for package, situation in enumerate(("bursts", "counter that wraps")):
        joules = curves[package].joules
        windows = {name: list(_windows(name, taken, package, joules)) for name, taken in scrapes.items()}
        note = f"{SCRAPES - 1} windows of {SCRAPE_SECONDS:g} s"
        totals = {name: _percent(*map(sum, zip(*each, strict=True))) for name, each in windows.items()}
        single = {name: mean(abs(_percent(*window)) for window in each) for name, each in windows.items()}
        yield Row("error of the energy in all", situation, "%", totals, note=note)
        yield Row("error of the energy in a window", situation, "%", single, note=note)


def _scrape_with_time(server: Server, start: float) -> tuple[float, bytes]:
    """The page, and the middle of the time in which it was got, on the curves' clock."""
    before = time.monotonic()
    page = server.scrape()
    return (before + time.monotonic()) / 2 - start, page


def _windows(
    name: str, scrapes: list[tuple[float, bytes]], package: int, joules: Callable[[float], float]
) -> Iterator[tuple[float, float]]:
    """Between each two scrapes, the energy that the scraper sees, and the truth."""
    shown = [SHOWN[name](page, package) for _, page in scrapes]
    times = [seconds for seconds, _ in scrapes]
    for index in range(1, len(scrapes)):
        before, after = shown[index - 1 : index + 1]
        if name == PROTOTYPE:
            # A gauge of watts holds until it is looked at again.
            seen = after * (times[index] - times[index - 1])
        else:
            # As increase() has it: a counter that is lower than it was began again at 0.
            seen = after - before if after >= before else after
        yield seen, joules(times[index]) - joules(times[index - 1])


# What each program shows of a package: the total of its energy, or the prototype its power.
SHOWN: dict[str, Callable[[bytes, int], float]] = {
    EXPORTER: lambda page, package: value_of(page, "pyjoules_energy_joules_total", f'domain="package_{package}"'),
    NODE_EXPORTER: lambda page, package: value_of(page, SERIES[NODE_EXPORTER], f'index="{package}"'),
    PROTOTYPE: lambda page, package: value_of(page, SERIES[PROTOTYPE], f'domain="package_{package}"'),
}


def _percent(seen: float, true: float) -> float:
    return (seen / true - 1) * 100


ROWS = [serving, idling, starting, scraped_energy]
