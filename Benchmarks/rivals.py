"""What a user would take instead: Debian's node_exporter, and the prototype of pyJoules and prometheus_client.

scripts/rivals.sh fetches them into .build/rivals; without them there is a `Skip`.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from harness import (
    HERE,
    HOST,
    IO_SECONDS,
    ROOT,
    START_SECONDS,
    Failure,
    Server,
    Skip,
    accepts,
    await_port,
    free_port,
    need,
    started,
    wait_until,
)
from table import NGINX, NODE_EXPORTER, PROTOTYPE

FETCHED = ROOT / ".build" / "rivals"

# What starts a program on a port.
Command = Callable[[int], list[str | Path]]


def node_exporter_command(tree: Path, _: float) -> Command:
    """With the collector of RAPL alone, and without the limit of 40 scrapes at a time, which would refuse the load."""
    program = _node_exporter()
    options = ["--collector.disable-defaults", "--collector.rapl", "--path.sysfs", tree, "--web.max-requests=0"]
    return lambda port: [program, *options, f"--web.listen-address={HOST}:{port}", "--log.level=error"]


def prototype_command(tree: Path, interval_seconds: float) -> Command:
    """In a mount namespace of its own, in which the tree is /sys: pyJoules takes no other path."""
    python = _python()
    private = [need("unshare"), "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c"]
    script = 'mount --bind "$0" /sys && exec "$@"'
    if subprocess.run([*private, script, tree, "true"], capture_output=True).returncode != 0:
        raise Skip("this user may not mount, not even in a namespace of its own")
    return lambda port: [*private, script, tree, python, HERE / "prototype.py", str(port), str(interval_seconds)]


# What each shows of energy.
SERIES = {NODE_EXPORTER: "node_rapl_package_joules_total", PROTOTYPE: "pyjoules_simple_energy_watts"}
COMMANDS = {NODE_EXPORTER: node_exporter_command, PROTOTYPE: prototype_command}


class Rival(Server):
    """A server that may answer in ways that the exporter does not."""

    def scrape(self) -> bytes:
        """One scrape on a connection of its own, in whatever pieces it comes."""
        return fetch(self.port)


def fetch(port: int) -> bytes:
    """The page of any server; an answer that is not 200 is a failure."""
    connection = http.client.HTTPConnection(HOST, port, timeout=IO_SECONDS)
    with closing(connection):
        try:
            connection.request("GET", "/metrics")
            response = connection.getresponse()
            page = response.read()
        except http.client.HTTPException as trouble:
            raise Failure(f"no answer to a scrape: {trouble!r}") from trouble
    if response.status != 200:
        raise Failure(f"the answer to a scrape is {response.status}")
    return page


@contextmanager
def rival(name: str, tree: Path, interval_seconds: float) -> Iterator[Server]:
    """One of `COMMANDS`, running on a tree of counters."""
    port = free_port()
    # What it says of clients that break off is nothing that we want to read.
    with started(
        COMMANDS[name](tree, interval_seconds)(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        await_port(process, lambda: port if accepts(port) else None)
        wait_until(lambda: f"\n{SERIES[name]}{{".encode() in fetch(port), f"energy shown by {name}")
        yield Rival(name, process.pid, port, may_fail=True)
        if process.poll() is not None:
            raise Failure(f"{name} ended with {process.returncode}")


def seconds_to_first_page(command: Sequence[str | Path], port: int, **options: object) -> float:
    """From the start of a program to the end of the first page that it answers with status 200."""
    begin = time.monotonic()
    with started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options) as process:
        while True:
            try:
                fetch(port)
                return time.monotonic() - begin
            except (Failure, OSError):
                if process.poll() is not None or time.monotonic() > begin + START_SECONDS:
                    raise Failure(f"{command[0]} answers no scrape") from None
                time.sleep(0.0005)


def versions() -> dict[str, str]:
    """Which rivals there are."""
    found = {}
    for name, ask in (
        (NODE_EXPORTER, lambda: [_node_exporter(), "--version"]),
        (PROTOTYPE, lambda: [_python(), "-m", "pip", "freeze"]),
        (NGINX, lambda: [need("nginx"), "-v"]),
    ):
        try:
            done = subprocess.run(ask(), capture_output=True, text=True)
        except Skip:
            continue
        lines = (done.stdout + done.stderr).strip().splitlines()
        found[name] = ", ".join(lines) if name == PROTOTYPE else lines[0]
    return found


def _node_exporter() -> Path | str:
    fetched = FETCHED / "node_exporter" / "usr" / "bin" / "prometheus-node-exporter"
    return fetched if fetched.exists() else need("prometheus-node-exporter")


def _python() -> Path:
    python = FETCHED / "python" / "bin" / "python"
    if not (FETCHED / "python" / "rivals.txt").exists():
        raise Skip(f"its packages are not in {FETCHED}: scripts/rivals.sh")
    return python
