"""What a fleet of exporters costs the Prometheus that scrapes it: the table of docs/integrations.md.

    python3 Benchmarks/fleet.py [--targets N] [--minutes N] [--interval SECONDS] [--families]

Each row is a Prometheus 3 of its own, all at the same time. Behind their targets, which differ in the label `instance`,
stand real exporters over fake counters that move, one for each kind of page: a thousand would need more than a machine
has. Since an exporter takes a limited number of connections, a forwarder stands before it, which passes each request
and each answer on as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import resource
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from harness import (
    HOST,
    ROOT,
    Failure,
    Workshop,
    accepts,
    await_port,
    exporter,
    free_port,
    moved,
    processor_nanoseconds,
    started,
    status_of,
    wait_until,
    workshop,
)
from machine import description

sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from support.cgroup_tree import CgroupTree, cgroup_tree  # noqa: E402

PROMETHEUS = ROOT / ".build/unpacked/prometheus-3/usr/bin/prometheus"
JOB = "energy"
# As many as a small server runs.
SERVICES = 40
# By which options there is which page; in all other respects an exporter is as by default.
PAGES: dict[str, Sequence[str]] = {
    "default": (),
    "attribution": ("--attribution", "units"),
    "classic": ("--classic-histogram",),
}
# Intervals until every target was scraped twice: from then on no series is new.
WARM_UP_INTERVALS = 3


# What a fleet may do with, asked for by `name[]`.
FEW = ("pyjoules_host_energy_joules_total", "pyjoules_energy_joules_total", "pyjoules_source_up")


@dataclass(frozen=True)
class Case:
    """One Prometheus and what it scrapes."""

    name: str
    page: str
    takes_native: bool = False
    families: tuple[str, ...] = ()


CASES = (
    Case(f"{len(FEW)} families by `name[]`", "default", families=FEW),
    Case("as by default", "default"),
    Case("with native histograms", "default", takes_native=True),
    Case("`--attribution units`", "attribution"),
    Case("`--attribution units`, with native histograms", "attribution", takes_native=True),
    Case("`--classic-histogram`", "classic"),
)


class Forwarder:
    """Listens for any number of connections, and passes their requests on by a few."""

    CONNECTIONS = 8

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.Queue()
        for _ in range(self.CONNECTIONS):
            self._idle.put_nowait(None)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, 0, backlog=4096))
        self.port: int = server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._forward(head))
                await writer.drain()
        writer.close()

    async def _forward(self, head: bytes) -> bytes:
        connection = await self._idle.get()
        try:
            if connection is None:
                connection = await asyncio.open_connection(HOST, self._upstream)
            answer = await _exchange(*connection, head)
        except (asyncio.IncompleteReadError, ConnectionError):
            # The exporter ends connections that are idle; a lost one is a failed scrape, which the end finds.
            self._idle.put_nowait(None)
            raise
        self._idle.put_nowait(connection)
        return answer


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> bytes:
    writer.write(head)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer)
    return answer + await reader.readexactly(int(length[1]) if length else 0)


class Prometheus:
    """One with so many targets behind one address."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self._port = port

    def series(self) -> int:
        """Those that it holds in memory."""
        return int(self._ask("status/tsdb")["headStats"]["numSeries"])

    def query(self, expression: str) -> list[dict[str, Any]]:
        return list(self._ask(f"query?{urllib.parse.urlencode({'query': expression})}")["result"])

    def count(self, expression: str) -> int:
        return sum(int(found["value"][1]) for found in self.query(f"count({expression})"))

    def _ask(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://{HOST}:{self._port}/api/v1/{what}", timeout=30) as answer:
            return dict(json.load(answer)["data"])


def settings(case: Case, port: int, targets: int, interval: float) -> dict[str, Any]:
    """Its configuration: YAML may be written in JSON."""
    groups = [{"targets": [f"{HOST}:{port}"], "labels": {"instance": f"host{n:04}:9091"}} for n in range(targets)]
    times = {"scrape_interval": f"{interval:g}s", "scrape_timeout": f"{min(interval, 10):g}s"}
    job = {"job_name": JOB, "params": {"name[]": case.families}, "static_configs": groups}
    return {"global": times, "scrape_configs": [job]}


@contextmanager
def prometheus(place: Workshop, case: Case, configuration: dict[str, Any]) -> Iterator[Prometheus]:
    directory = place.new_directory("prometheus")
    file, port = directory / "prometheus.yml", free_port()
    file.write_text(json.dumps(configuration))
    command = [PROMETHEUS, f"--config.file={file}", f"--storage.tsdb.path={directory / 'data'}"]
    command += [f"--web.listen-address={HOST}:{port}", "--log.level=error"]
    if case.takes_native:
        command.append("--enable-feature=native-histograms")
    with (directory / "log").open("wb") as log, started(command, stderr=log, stdout=log) as process:
        await_port(process, lambda: port if accepts(port) else None)
        yield Prometheus(process.pid, port)
        if process.poll() is not None:
            raise Failure(f"Prometheus ended: {(directory / 'log').read_text()[-2000:]}")


@contextmanager
def working_units(place: Workshop) -> Iterator[list[str]]:
    """Services that use processor time, as the options by which an exporter sees them."""
    procfs = place.new_directory("proc")
    (procfs / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: GenuineIntel\n")
    with cgroup_tree(procfs) as cgroups:
        cgroups.add("system.slice")
        names = [f"system.slice/service{number}.service" for number in range(SERVICES)]
        for name in names:
            cgroups.add(name)
        ended = threading.Event()
        worker = threading.Thread(target=_work, args=(cgroups, names, ended))
        worker.start()
        try:
            yield ["--path.cgroupfs", str(cgroups.root), "--path.procfs", str(procfs)]
        finally:
            ended.set()
            worker.join()


def _work(cgroups: CgroupTree, names: list[str], ended: threading.Event) -> None:
    """Both processors are half busy."""
    generator = random.Random(1)
    while not ended.wait(0.5):
        for name in names:
            cgroups.run(name, generator.randint(0, 1_000_000 // SERVICES))
        cgroups.show(0.5)


@contextmanager
def forwarded_pages(place: Workshop, seconds: float) -> Iterator[dict[str, int]]:
    """An exporter of each kind of page for so long, as the ports of what forwards to them."""
    with ExitStack() as stack:
        tree = place.new_directory("sysfs")
        stack.enter_context(moved(tree, "laptop", "--step-seconds", "0.02", "--seconds", f"{seconds:g}"))
        units = stack.enter_context(working_units(place))
        ports = {}
        for page, flags in PAGES.items():
            # Each has its log beside its tree.
            view = tree.with_name(f"{tree.name}-{page}")
            view.symlink_to(tree)
            own = [*flags, *units] if "--attribution" in flags else flags
            server = stack.enter_context(exporter(view, *own, environment={"EXPORTER_RESOLUTION_SECONDS": "1"}))
            forwarder = Forwarder(server.port)
            stack.callback(forwarder.end)
            ports[page] = forwarder.port
        yield ports


@dataclass(frozen=True)
class Cost:
    """What one Prometheus needed."""

    case: Case
    series: int
    memory_kib: int
    processors: float

    def line(self, targets: int) -> str:
        cells = [self.case.name, f"{self.series:,}", f"{self.series / targets:.0f}"]
        cells += [f"{self.memory_kib / 1024:.0f} MiB", f"{self.processors:.1%}"]
        return f"| {' | '.join(cells)} |"


def measure(servers: dict[Case, Prometheus], targets: int, interval: float, minutes: float) -> list[Cost]:
    """What each needs in so many minutes, once every target was scraped."""
    time.sleep(WARM_UP_INTERVALS * interval)
    for server in servers.values():
        wait_until(lambda: server.count("up == 1") == targets, "scrape of each target")
    before = {case: processor_nanoseconds(server.pid) for case, server in servers.items()}
    begin = time.monotonic()
    time.sleep(minutes * 60)
    passed = time.monotonic() - begin
    spent = {case: processor_nanoseconds(server.pid) - before[case] for case, server in servers.items()}
    memory = {case: status_of(server.pid, "VmRSS") for case, server in servers.items()}
    for case, server in servers.items():
        if failed := server.count(f"min_over_time(up[{passed:.0f}s]) == 0"):
            raise Failure(f"{case.name}: scrapes of {failed} targets failed")
    return [Cost(case, server.series(), memory[case], spent[case] / 1e9 / passed) for case, server in servers.items()]


def families(server: Prometheus) -> list[tuple[str, int]]:
    """The series of one target by name, those with the most first."""
    found = server.query(f'sort_desc(count by (__name__) ({{job="{JOB}", instance="host0000:9091"}}))')
    return [(each["metric"]["__name__"], int(each["value"][1])) for each in found]


def report(costs: list[Cost], options: argparse.Namespace) -> None:
    version = subprocess.run([PROMETHEUS, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    about = description()
    print(f"Prometheus {version.partition('+')[0]}, {options.targets:,} targets every {options.interval:g} s,")
    print(f"after {options.minutes:g} minutes, on {about['processor']}, {about['system']}.\n")
    print("| What is scraped | Series | Of each target | Resident memory | Of one processor |\n|---|---|---|---|---|")
    for cost in costs:
        print(cost.line(options.targets))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=1000, help="of each Prometheus (1000)")
    parser.add_argument("--minutes", type=float, default=5, help="the time that is measured (5)")
    parser.add_argument("--interval", type=float, default=15, help="seconds between two scrapes of a target (15)")
    parser.add_argument("--families", action="store_true", help="also say which series a target has")
    options = parser.parse_args()
    if not PROMETHEUS.exists():
        print("SKIP  Prometheus 3 is not there: scripts/deps.sh test", file=sys.stderr)
        return 0
    # A connection of each target, and the forwarder's own.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with ExitStack() as stack:
        place = stack.enter_context(workshop())
        ports = stack.enter_context(forwarded_pages(place, 60 * options.minutes + 10 * options.interval + 120))
        servers = {}
        for case in CASES:
            configuration = settings(case, ports[case.page], options.targets, options.interval)
            servers[case] = stack.enter_context(prometheus(place, case, configuration))
        report(measure(servers, options.targets, options.interval, options.minutes), options)
        if options.families:
            for case, server in servers.items():
                print(f"\n{case.name}: " + ", ".join(f"{name} {count}" for name, count in families(server)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
