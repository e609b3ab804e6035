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
    whole_page,
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
    """Requests on kept connections, and what memory they leave behind."""
    with bench.workshop.tree() as tree, samplers(bench, tree) as servers, ExitStack() as stack:
        page = whole_page(servers[0])
        servers.insert(1, stack.enter_context(constant_server(bench.workshop, page)))
        if_there(bench, NGINX, lambda: servers.insert(1, stack.enter_context(nginx(bench.workshop, page))))
        yield Row("page", "", "bytes", {server.name: len(server.scrape()) for server in servers})
        for connections in CONNECTIONS:
            yield from _serving(bench, servers, connections)
        yield from _memory(servers)


def _serving(bench: Bench, servers: list[Server], connections: int) -> Iterator[Row]:
    loads = in_turn(servers, bench, lambda server: wrk(server, connections, bench.seconds))
    condition = connected(connections)
    failed = {name: load.failed for name, load in loads.items() if load.failed}
    note = "failed in the median round: " + ", ".join(f"{name} {count}" for name, count in failed.items())
    yield Row(
        "requests",
        condition,
        "1/s",
        {name: load.per_second for name, load in loads.items()},
        THROUGHPUT_GOALS.get(connections, ()),
        note if failed else "",
    )
    yield Row("99th percentile", condition, "ms", {name: load.p99_milliseconds for name, load in loads.items()})
    yield Row(
        "processor time of a scrape", condition, "us", {name: load.microseconds_each for name, load in loads.items()}
    )


def in_turn(servers: list[Server], bench: Bench, measure: Callable[[Server], Load]) -> dict[str, Load]:
    """The median load of each server, by name; they take turns, so that what disturbs the machine meets all alike."""
    loads: dict[str, list[Load]] = {server.name: [] for server in servers}
    for _ in range(bench.rounds):
        for server in servers:
            loads[server.name].append(measure(server))
    return {name: _median(taken) for name, taken in loads.items()}


def _median(loads: list[Load]) -> Load:
    return Load(
        median(load.per_second for load in loads),
        median(load.microseconds_each for load in loads),
        median(load.p99_milliseconds for load in loads),
        int(median(load.failed for load in loads)),
    )


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
