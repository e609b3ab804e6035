"""Fixtures shared by the end-to-end tests, which run the real binary on fake counters."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import powercap_tree
from datagrams import DatagramReceiver
from exporter import BINARY, Exporter, StartExporter
from powercap_tree import PowercapTree
from prometheus_run import PrometheusRun


def pytest_sessionstart() -> None:
    """Says at once what is missing, instead of failing every test."""
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `make build`, or set PYJOULES_EXPORTER to the binary", 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what needs the minute of the real Prometheus last, so that the other tests run meanwhile."""
    items.sort(key=_needs_prometheus)


def _needs_prometheus(item: pytest.Item) -> bool:
    return "prometheus_run" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def prometheus_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusRun]:
    """The real Prometheus and the exporter it scrapes, for the whole session."""
    PrometheusRun.skip_if_missing()
    with PrometheusRun(tmp_path_factory.mktemp("prometheus")) as run:
        yield run


@pytest.fixture(scope="session", autouse=True)
def background_runs(request: pytest.FixtureRequest) -> None:
    """Starts Prometheus before the first test if any test of this session will want it."""
    if any(_needs_prometheus(item) for item in request.session.items) and PrometheusRun.is_available():
        request.getfixturevalue("prometheus_run")


@pytest.fixture
def tree(tmp_path: Path) -> PowercapTree:
    """A laptop with five domains, its counters at 0."""
    return powercap_tree.laptop(tmp_path / "sys")


@pytest.fixture
def procfs(tmp_path: Path) -> Path:
    """A root of procfs on an Intel processor, whatever the tests run on: on AMD's, `core` means another thing."""
    root = tmp_path / "proc"
    root.mkdir()
    (root / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: GenuineIntel\n")
    return root


@pytest.fixture
def start_exporter(procfs: Path) -> Iterator[StartExporter]:
    """Starts exporters on a free port of 127.0.0.1, and ends them after the test.

    Called with a tree (or None for the simulated source), further arguments, and the options of `Exporter`;
    `listen=False` leaves the address out, `wait=False` does not wait until the exporter listens.
    """
    with contextlib.ExitStack() as stack:

        def start(
            tree: PowercapTree | None, *arguments: str, listen: bool = True, wait: bool = True, **options: object
        ) -> Exporter:
            source = ["--path.sysfs", str(tree.root)] if tree is not None else ["--source", "simulated"]
            address = ["--web.listen-address", "127.0.0.1:0"] if listen else []
            fixed = [*address, *source, "--path.procfs", str(procfs)]
            exporter = stack.enter_context(Exporter([*fixed, *arguments], **options))
            if wait:
                exporter.wait_for_event("listening")
            return exporter

        yield start


@pytest.fixture
def datagram_receiver(tmp_path: Path) -> Iterator[Callable[[str], DatagramReceiver]]:
    """Makes bound datagram sockets in the test's own directory."""
    with contextlib.ExitStack() as stack:

        def bind(name: str) -> DatagramReceiver:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            return stack.enter_context(contextlib.closing(DatagramReceiver(path)))

        yield bind
