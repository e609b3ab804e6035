"""Fixtures shared by the end-to-end tests, which run the real binary on fake counters."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import powercap_tree, web_configuration
from support.certificates import Authority, Certificate
from support.curves_at_rest import Rest
from support.datagrams import DatagramReceiver
from support.exporter import BINARY, Exporter, StartExporter
from support.figures import figure, pytest_terminal_summary  # noqa: F401
from support.parallel import is_a_worker, share_out
from support.powercap_tree import PowercapTree
from support.preloaded import compile_preloaded
from support.prometheus_run import BURSTY, DISTRIBUTED, WRAPPING, PrometheusRun, Setup
from support.secure_run import SecureRun
from support.slow_tls import SlowTLS
from support.tls_client import trusting
from support.web_configuration import Settings, StartWeb, WebExporter

NOBODY = 65534


def pytest_sessionstart() -> None:
    """Says at once what is missing, instead of failing every test.

    What starts the tests in the background, such as nohup, may have them ignore signals, and what they start would,
    too: a command that is measured keeps that, and never ends by the signal that a test sends.
    """
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL, signal.SIGQUIT: signal.SIG_DFL}
    for number, action in usual.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, action)
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `make build`, or set PYJOULES_EXPORTER to the binary", 2)


_BACKGROUND = ("prometheus_run", "bursty_run", "distributed_run", "healed_exporter", "slow_tls", "secure_run")


@pytest.hookimpl(tryfirst=True)  # before the plugin looks for groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts what takes a minute by its nature last, so that the others run meanwhile; on several processes, first."""
    if is_a_worker(config):
        share_out(items, _background_fixtures)
    else:
        items.sort(key=lambda item: bool(_background_fixtures(item)))


def _background_fixtures(item: pytest.Item) -> list[str]:
    return [name for name in _BACKGROUND if name in getattr(item, "fixturenames", ())]


@contextlib.contextmanager
def _run_if_installed(directory: Path, setup: Setup) -> Iterator[PrometheusRun | None]:
    if not PrometheusRun.is_available():
        yield None
        return
    with PrometheusRun(directory, setup) as run:
        yield run


@pytest.fixture(scope="session")
def prometheus_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusRun | None]:
    """The real Prometheus and the exporter it scrapes, for the whole session; None if it is not installed."""
    with _run_if_installed(tmp_path_factory.mktemp("prometheus"), WRAPPING) as run:
        yield run


@pytest.fixture(scope="session")
def bursty_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusRun | None]:
    """The same with bursts and spikes, which happen between the scrapes."""
    with _run_if_installed(tmp_path_factory.mktemp("bursty"), BURSTY) as run:
        yield run


@pytest.fixture(scope="session")
def distributed_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusRun | None]:
    """Exporters with and without classic buckets on curves that come to an end, scraped by each kind of server."""
    with _run_if_installed(tmp_path_factory.mktemp("distributed"), DISTRIBUTED) as run:
        yield run


@pytest.fixture(scope="session")
def rest(distributed_run: PrometheusRun | None) -> Rest:
    """The same after the curves have ended."""
    if distributed_run is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    return Rest.wait(distributed_run)


@pytest.fixture(scope="session")
def secure_run(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[SecureRun | None]:
    """The same through TLS with passwords, for as long as PYJOULES_SOAK_SECONDS says."""
    if not PrometheusRun.is_available():
        yield None
        return
    with SecureRun(tmp_path_factory.mktemp("secure"), authority) as run:
        yield run


@pytest.fixture(scope="session")
def healed_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """An exporter one of whose zones, dram, failed at the start and can be read again since."""
    tree = powercap_tree.laptop(tmp_path_factory.mktemp("healed"))
    tree.set_bytes("0:2", b"garbage\n")
    with Exporter(["--web.listen-address", "127.0.0.1:0", "--path.sysfs", str(tree.root)]) as exporter:
        exporter.wait_for_event("zone_failing")
        tree.set("0:2", 0)
        yield exporter


@pytest.fixture(scope="session")
def slow_tls(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, server_certificate: Certificate
) -> Iterator[SlowTLS]:
    """Clients of an exporter with TLS, each over its deadline after ten seconds."""
    with SlowTLS(tmp_path_factory.mktemp("slow_tls"), authority, server_certificate) as slow:
        yield slow


@pytest.fixture(scope="session", autouse=True)
def background_runs(request: pytest.FixtureRequest) -> None:
    """Starts before the first test what some test of this session will wait for.

    Of several processes, the one that has these tests begins with them.
    """
    if is_a_worker(request.config):
        return
    for name in sorted({name for item in request.session.items for name in _background_fixtures(item)}):
        request.getfixturevalue(name)


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
    `listen=False` leaves the address out, `wait=False` does not wait until the exporter is ready.
    """
    with contextlib.ExitStack() as stack:

        def start(
            tree: PowercapTree | None, *arguments: str, listen: bool = True, wait: bool = True, **options: Any
        ) -> Exporter:
            source = ["--path.sysfs", str(tree.root)] if tree is not None else ["--source", "simulated"]
            address = ["--web.listen-address", "127.0.0.1:0"] if listen else []
            fixed = [*address, *source, "--path.procfs", str(procfs)]
            exporter = stack.enter_context(Exporter([*fixed, *arguments], **options))
            if wait:
                exporter.wait_for_event("listening")
                # Ready means that a first sample is in: from here on, whatever a counter moves is counted.
                assert exporter.get("/-/ready").status == 200
            return exporter

        yield start


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that clients trust."""
    return Authority(tmp_path_factory.mktemp("authority") / "trusted", "Trusted")


@pytest.fixture(scope="session")
def server_certificate(authority: Authority) -> Certificate:
    """A certificate that is good for the exporter. Not to be changed: the tests share it."""
    return authority.issue_server()


@pytest.fixture
def start_web(start_exporter: StartExporter, authority: Authority, tmp_path: Path) -> StartWeb:
    """Starts exporters with a web configuration file, ready to be asked by clients that trust the authority.

    Called with the settings and further arguments; `launcher` and the other options are those of `Exporter`.
    """

    def start(settings: Settings, *arguments: str, **options: Any) -> WebExporter:
        file = tmp_path / "web.yml"
        web_configuration.write(file, settings)
        exporter = start_exporter(None, "--web.config.file", str(file), *arguments, wait=False, **options)
        exporter.wait_for_event("started")
        is_encrypted = "https://" in exporter.wait_for_event("listening")["msg"]
        return WebExporter(exporter, file, trusting(authority) if is_encrypted else None)

    return start


@pytest.fixture
def datagram_receiver(tmp_path: Path) -> Iterator[Callable[[str], DatagramReceiver]]:
    """Makes bound datagram sockets in the test's own directory."""
    with contextlib.ExitStack() as stack:

        def bind(name: str) -> DatagramReceiver:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            return stack.enter_context(contextlib.closing(DatagramReceiver(path)))

        yield bind


@pytest.fixture(scope="session")
def faulty_pread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled once."""
    return compile_preloaded("faulty_pread", tmp_path_factory.mktemp("faulty_pread"))


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that another user can enter, unlike the test's own."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture
def without_rights(public_directory: Path) -> dict[str, object]:
    """How to start an exporter that may not read counters of mode 0400: as nobody, if the tests run as root."""
    if os.geteuid() != 0:
        return {}
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is missing (Debian package util-linux)")
    binary = public_directory / BINARY.name
    shutil.copy(BINARY, binary)
    return {"launcher": [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"], "binary": binary}
