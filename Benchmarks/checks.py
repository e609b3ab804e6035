"""The checks of `make bench-smoke`: what does not depend on time, held against thresholds.json.

A check takes a `Workshop` and yields `Figure`s. To add one, write it, name it in `CHECKS`, and give each figure that
it yields a line in thresholds.json: the most that is allowed.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness import (
    FORMS,
    TABLE_PROBE,
    Access,
    Client,
    Counted,
    Failure,
    MallocCount,
    Manager,
    Server,
    Workshop,
    counted_exporter,
    counters_of,
    exporter,
    paths_of_the_whole_page,
    scrape_in_turn,
    stalled_readers,
    started,
    status_of,
    trace_of,
    value_of,
    wait_until,
    whole_page,
)


@dataclass(frozen=True)
class Figure:
    """One measured number, by the name that its threshold has; `detail` says how it came about."""

    name: str
    value: float
    detail: str


Check = Callable[[Workshop], Iterator[Figure]]

TRACED_TICKS = 50
COUNTED_TICKS = 1_000
COUNTED_SCRAPES = 10_000
COUNTED_LOOKS = 20
DOCUMENTS = {"JSON": "/api/v1/power", "JSON with history": "/api/v1/power?history", "the page": "/"}
# One look takes long while it is traced, and so comes seldom.
TRACED_LOOKS = 1
# In a trace, what each look at the cgroups reads once.
LOOK = "/stat>"
LOOK_ROUNDS = 3
MEMORY_SCRAPES = 100_000
WARM_SCRAPES = 1_000
CONNECTIONS = 16
# Up to all that the exporter takes by default.
TLS_CONNECTIONS = (1, 64, 256)
TLS_SCRAPES = 20
PATIENCE_SECONDS = 30.0
GPUS = 8
WARM_PUBLICATIONS = 3
COUNTED_PUBLICATIONS = 3
STALLED_READERS = 250
# New pages come while the readers lie still, which the exporter bears for ten seconds.
STALLED_SCRAPES = 50
STALLED_PAUSE_SECONDS = 0.1

COUNTED_INTERVAL_SECONDS = 0.02
COUNTED_SECONDS = 5.0
UNDISTURBED_SECONDS = 3.0
UNDISTURBED_SCRAPES = 300
UNDISTURBED_TRIALS = 5


def system_calls(workshop: Workshop) -> Iterator[Figure]:
    """System calls from tick to tick at 10 Hz while nobody scrapes."""
    yield _system_calls(workshop, "system calls per tick beyond one per domain", "")


def system_calls_with_slices(workshop: Workshop) -> Iterator[Figure]:
    """The same where it is told which of five slices used the energy, with a look at them each second."""
    yield _system_calls(
        workshop,
        "system calls per tick beyond one per domain, with slices",
        ", a look at five slices each second",
        *workshop.cgroups(slices=5, units=60),
    )


def system_calls_with_feeds(workshop: Workshop) -> Iterator[Figure]:
    """The same where eight GPUs are published each second."""
    with workshop.fed_gpus(GPUS) as options:
        yield _system_calls(
            workshop,
            "system calls per tick beyond one per domain, with eight GPUs fed",
            f", {GPUS} GPUs in a feed, published each second",
            *options,
        )


def residence_with_feeds(workshop: Workshop) -> Iterator[Figure]:
    """Allocations, threads and memory where eight GPUs are published each second, with their samples."""
    count = MallocCount(workshop)
    with (
        workshop.moving_tree() as tree,
        workshop.fed_gpus(GPUS) as options,
        exporter(tree, "--sample.interval", "20ms", *options, environment=count.environment) as server,
        Client(server.port) as client,
    ):
        wait_until(lambda: _portions(client) >= GPUS * WARM_PUBLICATIONS, "publications", PATIENCE_SECONDS)
        scrape_in_turn([client], WARM_SCRAPES)
        mallocs = min(_mallocs_in_publications(client, count) for _ in range(LOOK_ROUNDS))
        threads, anonymous = status_of(server.pid, "Threads"), status_of(server.pid, "RssAnon")
    detail = f"{GPUS} GPUs, 50 samples each a second"
    yield Figure(
        f"mallocs in {COUNTED_PUBLICATIONS} publications of eight GPUs", mallocs, f"the fewest of {LOOK_ROUNDS} rounds"
    )
    yield Figure("threads, with eight GPUs fed", threads, detail)
    yield Figure("anonymous memory in MiB, with eight GPUs fed", anonymous / 1024, detail)


def _portions(client: Client) -> float:
    """How many samples of the GPUs' power there were, 50 with each publication."""
    page = client.scrape().decode()
    counts = re.findall(r'^pyjoules_power_quantile_watts_count\{domain="gpu_\d+"\} (\S+)$', page, re.MULTILINE)
    return sum(map(float, counts)) / 50


def _mallocs_in_publications(client: Client, count: MallocCount) -> int:
    portions, before = _portions(client), count.read()
    wait_until(lambda: _portions(client) >= portions + GPUS * COUNTED_PUBLICATIONS, "publications", PATIENCE_SECONDS)
    return count.read() - before


def _system_calls(workshop: Workshop, name: str, remark: str, *options: str) -> Figure:
    # At a higher limit the small ranges of these counters would have to be read between the ticks, too.
    with Manager(workshop) as manager, workshop.moving_tree(limit_watts=150) as tree:
        domains = len(counters_of(tree))
        with exporter(tree, "--sample.interval", "100ms", *options, environment=manager.environment) as server:
            with trace_of(server.pid, workshop.directory / "trace") as trace:
                wait_until(lambda: len(_tick_lines(trace)) > TRACED_TICKS, f"{TRACED_TICKS} ticks", PATIENCE_SECONDS)
            ticks, calls = _calls_between_ticks(trace)
    each = ", ".join(f"{count / ticks:.2f} {call}" for call, count in calls.most_common())
    return Figure(name, calls.total() / ticks - domains, f"{ticks} ticks, {domains} domains{remark}: {each}")


def attribution_reads(workshop: Workshop) -> Iterator[Figure]:
    """Files that a look at 200 units in five slices reads, which nobody has run in."""
    options = ["--attribution", "units", *workshop.cgroups(slices=5, units=200)]
    with workshop.moving_tree() as tree, exporter(tree, *options) as server:
        with trace_of(server.pid, workshop.directory / "trace") as trace:
            wait_until(lambda: len(_lines(trace, LOOK)) > TRACED_LOOKS, "a whole look", PATIENCE_SECONDS)
        looks = _lines(trace, LOOK)
        lines = trace.read_text(errors="replace").splitlines()[looks[0] : looks[-1]]
    reads = sum("/cpu.stat>" in line for line in lines)
    opened = sum(line.startswith("open") and "cpu.stat" in line for line in lines)
    yield Figure(
        "reads in a look at 200 units", (reads + opened) / (len(looks) - 1), f"{len(looks) - 1} looks, {opened} opened"
    )


def attribution_off(workshop: Workshop) -> Iterator[Figure]:
    """What is left of attribution where it is off: nothing on the page, no descriptor, no call."""
    options = ["--attribution", "off", *workshop.cgroups(slices=5, units=60)]
    with workshop.moving_tree() as tree, exporter(tree, *options) as server:
        with trace_of(server.pid, workshop.directory / "trace") as trace:
            wait_until(lambda: len(_tick_lines(trace)) > TRACED_TICKS, f"{TRACED_TICKS} ticks", PATIENCE_SECONDS)
        page = server.scrape()
        links = _links(server)
        calls = [line for line in trace.read_text(errors="replace").splitlines() if "cgroup" in line or LOOK in line]
    yield Figure("words about attribution on a page, off", page.count(b"attribut"), f"page of {len(page):,} bytes")
    held = [link for link in links if "cgroup" in link or "inotify" in link or link == f"{options[-1]}/stat"]
    yield Figure("descriptors of attribution, off", len(held), f"of {len(links)}")
    yield Figure("system calls of attribution, off", len(calls), f"{TRACED_TICKS} ticks")


def _links(server: Server) -> list[str]:
    """What its descriptors are, but for those that go meanwhile."""
    links = []
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(os.readlink(link))
    return links


def allocations_in_looks(workshop: Workshop) -> Iterator[Figure]:
    """Mallocs while it is told which of 200 units used the energy, as often as that may cost."""
    count = MallocCount(workshop)
    with workshop.moving_tree() as tree:
        options = ["--attribution", "units", "--attribution.interval", "auto", *workshop.cgroups(slices=5, units=200)]
        with (
            exporter(tree, "--sample.interval", "2ms", *options, environment=count.environment) as server,
            Client(server.port) as client,
        ):
            scrape_in_turn([client], WARM_SCRAPES)
            mallocs = min(_mallocs_in_looks(client, count) for _ in range(LOOK_ROUNDS))
            mean = value_of(client.scrape(), "pyjoules_attribution_pass_seconds_sum") / _looks(client)
    yield Figure(
        f"mallocs in {COUNTED_LOOKS} looks at 200 units",
        mallocs,
        f"the fewest of {LOOK_ROUNDS} rounds, scrapes between them; {mean * 1e6:.0f} us a look",
    )


def _mallocs_in_looks(client: Client, count: MallocCount) -> int:
    """What comes once, such as a line in the log, is in one round; what comes with a look is in all of them."""
    looks, before = _looks(client), count.read()
    wait_until(lambda: _looks(client) >= looks + COUNTED_LOOKS, f"{COUNTED_LOOKS} looks", PATIENCE_SECONDS)
    return count.read() - before


def _looks(client: Client) -> float:
    return value_of(client.scrape(), "pyjoules_attribution_pass_seconds_count")


def _lines(trace: Path, pattern: str) -> list[int]:
    """The lines of a trace in which this is found."""
    lines = trace.read_text(errors="replace").splitlines()
    return [number for number, line in enumerate(lines) if re.search(pattern, line)]


def _tick_lines(trace: Path) -> list[int]:
    """The lines of a trace in which the timer is read, which happens once in each tick."""
    return _lines(trace, r"^read\(\d+<anon_inode:\[timerfd\]>")


def _calls_between_ticks(trace: Path) -> tuple[int, Counter[str]]:
    """Whole ticks in a trace, from the first reading of the timer to the last, and the calls of each name in them."""
    ticks = _tick_lines(trace)
    lines = trace.read_text(errors="replace").splitlines()[ticks[0] : ticks[-1]]
    names = (re.match(r"(\w+)\(", line) for line in lines)
    return len(ticks) - 1, Counter(name[1] for name in names if name)


def allocations(workshop: Workshop) -> Iterator[Figure]:
    """Mallocs in ticks alone, and in scrapes on a kept connection with ticks between them, once all is warm."""
    count = MallocCount(workshop)
    with Manager(workshop) as manager, workshop.moving_tree() as tree:
        environment = {**manager.environment, **count.environment}
        with (
            exporter(tree, "--sample.interval", "2ms", environment=environment) as server,
            Client(server.port) as client,
        ):
            scrape_in_turn([client], WARM_SCRAPES)
            _await_ticks(client, COUNTED_TICKS)

            fed = manager.watchdogs
            mallocs, ticks = _mallocs_in_ticks(count, client)
            if manager.watchdogs == fed:
                raise Failure("the watchdog was not fed while allocations were counted")
            yield Figure(f"mallocs in {COUNTED_TICKS:,} ticks", mallocs, f"{ticks:,} ticks, watchdog fed meanwhile")

            before = count.read()
            scrape_in_turn([client], COUNTED_SCRAPES)
            yield Figure(
                f"mallocs in {COUNTED_SCRAPES:,} keep-alive scrapes",
                count.read() - before,
                "ticks of 2 ms between them",
            )


def _await_ticks(client: Client, ticks: int) -> None:
    start = _samples(client)
    wait_until(lambda: _samples(client) >= start + ticks, f"{ticks} ticks", PATIENCE_SECONDS)


def _mallocs_in_ticks(count: MallocCount, client: Client) -> tuple[int, int]:
    """Mallocs in at least `COUNTED_TICKS` ticks. The scrapes that count the ticks are left out."""
    mallocs = ticks = 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    while ticks < COUNTED_TICKS:
        if time.monotonic() > deadline:
            raise Failure(f"only {ticks} ticks within {PATIENCE_SECONDS:g} s")
        samples, before = _samples(client), count.read()
        time.sleep(1.0)
        mallocs += count.read() - before
        ticks += _samples(client) - samples
    return mallocs, ticks


def _samples(client: Client | Server) -> int:
    return int(value_of(client.scrape(), "pyjoules_samples_total"))


def allocations_by_form(workshop: Workshop) -> Iterator[Figure]:
    """Mallocs in scrapes of each form of the page on kept connections, with ticks between them."""
    count = MallocCount(workshop)
    with (
        workshop.moving_tree() as tree,
        exporter(tree, "--sample.interval", "2ms", environment=count.environment) as server,
    ):
        for form in FORMS:
            with form.client(server) as client:
                yield _mallocs_in_scrapes(count, client, f"of {form}", "ticks of 2 ms between them")


def allocations_of_documents(workshop: Workshop) -> Iterator[Figure]:
    """The same of JSON and of the page, a new one for each tick that somebody asks after."""
    count = MallocCount(workshop)
    with (
        workshop.moving_tree() as tree,
        exporter(tree, "--sample.interval", "2ms", environment=count.environment) as server,
    ):
        for what, path in DOCUMENTS.items():
            for coding in ("identity", "gzip"):
                with server.client(f"Accept-Encoding: {coding}", path=path) as client:
                    name = f"of {what}, gzip" if coding == "gzip" else f"of {what}"
                    yield _mallocs_in_scrapes(count, client, name, "ticks of 2 ms between them")


def allocations_of_a_stream(workshop: Workshop) -> Iterator[Figure]:
    """Mallocs in frames that one reader takes, as fast as they come."""
    count = MallocCount(workshop)
    options = ["--sample.interval", "2ms", "--web.enable-stream"]
    with (
        workshop.moving_tree() as tree,
        exporter(tree, *options, environment=count.environment) as server,
        server.client(path="/api/v1/stream") as client,
    ):
        client.ask()
        _take_frames(client, COUNTED_TICKS)
        before = count.read()
        _take_frames(client, COUNTED_TICKS)
        yield Figure(f"mallocs in {COUNTED_TICKS:,} frames of a stream", count.read() - before, "at 500 Hz")


def _take_frames(client: Client, frames: int) -> None:
    """Reads until so many frames, or the beginnings of them, have come."""
    seen = 0
    while seen < frames:
        data = client.socket.recv(1 << 16)
        if not data:
            raise Failure("the stream has ended")
        seen += data.count(b"sequence")


def allocations_with_access(workshop: Workshop) -> Iterator[Figure]:
    """Mallocs in scrapes with a password that was checked before, in the clear and by TLS.

    The exporter's own are none by TLS either. OpenSSL has ten a scrape: three are buffers, which a session that waits
    does not hold (SSL_MODE_RELEASE_BUFFERS).
    """
    count = MallocCount(workshop)
    certificate = workshop.certificate("ECDSA P-256")
    accesses = {"with a password": Access(needs_password=True), "with a password by TLS": Access(certificate, True)}
    for what, access in accesses.items():
        with (
            workshop.moving_tree() as tree,
            exporter(tree, "--sample.interval", "2ms", environment=count.environment, access=access) as server,
            server.client() as client,
        ):
            scrape_in_turn([client], WARM_SCRAPES)
            own = count.read_own()
            yield _mallocs_in_scrapes(count, client, what, "ticks of 2 ms between them")
            if access.certificate is not None:
                yield Figure("of these not by OpenSSL", count.read_own() - own, "called from the program's own image")


def _mallocs_in_scrapes(count: MallocCount, client: Client, what: str, detail: str) -> Figure:
    scrape_in_turn([client], WARM_SCRAPES)
    before = count.read()
    scrape_in_turn([client], COUNTED_SCRAPES)
    return Figure(f"mallocs in {COUNTED_SCRAPES:,} scrapes {what}", count.read() - before, detail)


def allocations_of_rows(workshop: Workshop) -> Iterator[Figure]:
    """Mallocs while rows of series open, change and close, once as many have been open before."""
    if not TABLE_PROBE.exists():
        raise Failure(f"{TABLE_PROBE} is not built: run `make bench-smoke`")
    count = MallocCount(workshop)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with started([TABLE_PROBE], env={**os.environ, **count.environment}, **pipes) as probe:
        _await_line(probe, b"warm\n")
        before = count.read()
        _answer(probe)
        _await_line(probe, b"done\n")
        mallocs = count.read() - before
        _answer(probe)
    yield Figure("mallocs in opening and closing 1,000 table rows", mallocs, "3 rounds, with values and histograms")


def _await_line(process: subprocess.Popen, wanted: bytes) -> None:
    line = process.stdout.readline()
    if line != wanted:
        raise Failure(f"the probe said {line!r} and not {wanted!r}")


def _answer(process: subprocess.Popen) -> None:
    process.stdin.write(b"\n")
    process.stdin.flush()


def residence(workshop: Workshop) -> Iterator[Figure]:
    """Threads and memory after many scrapes on kept connections, without a web configuration file."""
    with workshop.moving_tree() as tree, exporter(tree) as server, server.clients(CONNECTIONS) as opened:
        scrape_in_turn(opened, MEMORY_SCRAPES)
        after = f"after {MEMORY_SCRAPES:,} scrapes on {CONNECTIONS} connections"
        yield Figure("threads", status_of(server.pid, "Threads"), after)
        yield Figure("resident memory in MiB", status_of(server.pid, "VmRSS") / 1024, after)
        yield Figure("anonymous memory in MiB", status_of(server.pid, "RssAnon") / 1024, after)
        yield Figure("mappings of OpenSSL without TLS", len(_mappings_of_openssl(server)), after)


def residence_with_tls(workshop: Workshop) -> Iterator[Figure]:
    """Memory with so many kept TLS connections that have scraped, and wait."""
    anonymous = {}
    access = Access(workshop.certificate("ECDSA P-256"))
    with workshop.tree() as tree, exporter(tree, access=access) as server:
        if not _mappings_of_openssl(server):
            raise Failure("OpenSSL is not in a process that speaks TLS")
        for connections in TLS_CONNECTIONS:
            with server.clients(connections) as opened:
                scrape_in_turn(opened, TLS_SCRAPES * connections)
                anonymous[connections] = status_of(server.pid, "RssAnon")
                resident = status_of(server.pid, "VmRSS") / 1024
            yield Figure(
                f"anonymous memory in MiB, TLS connections: {connections}",
                anonymous[connections] / 1024,
                f"after {TLS_SCRAPES} scrapes on each; {resident:.1f} MiB resident",
            )
    fewest, most = min(anonymous), max(anonymous)
    each = (anonymous[most] - anonymous[fewest]) / (most - fewest)
    yield Figure("memory of a TLS connection in KiB", each, f"from {fewest} to {most} connections")


def residence_with_stalled_readers(workshop: Workshop) -> Iterator[Figure]:
    """Memory for clients that stop reading a long page, while another one scrapes and new pages come."""
    with (
        workshop.tree("many_sockets") as tree,
        exporter(tree, "--sample.interval", "50ms") as server,
        server.client() as client,
    ):
        scrape_in_turn([client], WARM_SCRAPES)
        before = status_of(server.pid, "RssAnon")
        most = 0
        with stalled_readers(server, STALLED_READERS):
            for _ in range(STALLED_SCRAPES):
                page = client.scrape()
                most = max(most, status_of(server.pid, "RssAnon"))
                time.sleep(STALLED_PAUSE_SECONDS)
            stalled = value_of(page, "pyjoules_http_connections") - 1
        if stalled < STALLED_READERS:
            raise Failure(f"of {STALLED_READERS} stalled readers, {stalled:g} are left")
        yield Figure(
            f"anonymous memory in MiB, {STALLED_READERS} stalled readers more",
            (most - before) / 1024,
            f"page of {len(page):,} bytes, {STALLED_SCRAPES} scrapes at 10 Hz meanwhile; {before / 1024:.1f} before",
        )


def _mappings_of_openssl(server: Server) -> list[str]:
    maps = Path(f"/proc/{server.pid}/maps").read_text().splitlines()
    return [line for line in maps if re.search(r"/lib(ssl|crypto)\.so", line)]


def instructions(workshop: Workshop) -> Iterator[Figure]:
    """Instructions in user mode, as callgrind counts them: whatever else the machine does, to a percent."""
    with workshop.tree() as tree, counted_exporter(workshop, tree) as counted:
        counted.end()
        yield Figure("instructions of a start", counted.instructions, "to its first page, 5 domains")
    with (
        workshop.moving_tree() as tree,
        counted_exporter(workshop, tree, "--sample.interval", f"{COUNTED_INTERVAL_SECONDS * 1000:g}ms") as counted,
    ):
        ticks = _ticks_counted(counted)
        yield Figure("instructions of a tick", counted.instructions / ticks, f"{ticks:.0f} ticks, 5 domains")
    # No tick may come between the scrapes that are counted.
    interval = ("--sample.interval", f"{UNDISTURBED_SECONDS:g}s")
    with workshop.tree() as tree, counted_exporter(workshop, tree, *interval) as counted:
        page = whole_page(counted.server)
        made, shared = paths_of_the_whole_page(page)
        each = {path: _instructions_of_a_scrape(counted, path) for path in ("/metrics", made, shared)}
        detail = f"{UNDISTURBED_SCRAPES} scrapes of {len(page):,} bytes on a kept connection"
        yield Figure("instructions of a scrape", each["/metrics"], detail)
        yield Figure("instructions of making a page", each[made] - each[shared], detail)


def _ticks_counted(counted: Counted) -> float:
    """Ticks in a time in which nobody scraped and instructions were counted."""
    with counted.server.client() as client:
        scrape_in_turn([client], UNDISTURBED_SCRAPES)
        before = _samples(client)
        counted.begin()
        time.sleep(COUNTED_SECONDS)
        counted.end()
        return _samples(client) - before


def _instructions_of_a_scrape(counted: Counted, path: str) -> float:
    """On a kept connection that has been used, between two ticks."""
    with counted.server.client(path=path) as client:
        for _ in range(UNDISTURBED_TRIALS):
            scrape_in_turn([client], 1)
            before = _samples(counted.server)
            counted.begin()
            scrape_in_turn([client], UNDISTURBED_SCRAPES)
            counted.end()
            if _samples(counted.server) == before:
                return counted.instructions / UNDISTURBED_SCRAPES
    raise Failure(f"{UNDISTURBED_SCRAPES} scrapes did not fit between two ticks, {UNDISTURBED_SECONDS:g} s apart")


CHECKS: list[Check] = [
    system_calls,
    system_calls_with_slices,
    system_calls_with_feeds,
    allocations,
    attribution_reads,
    attribution_off,
    allocations_in_looks,
    allocations_by_form,
    allocations_of_documents,
    allocations_of_a_stream,
    allocations_with_access,
    allocations_of_rows,
    residence,
    residence_with_feeds,
    residence_with_tls,
    residence_with_stalled_readers,
    instructions,
]
