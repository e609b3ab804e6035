"""What the tests of consumers share: an exporter that measures a power which never changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The tools of the end-to-end tests: fake counters, a client, waiting.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEnd"))

pytest.register_assert_rewrite("powers")

from support import powercap_tree  # noqa: E402
from support.exporter import BINARY, Exporter  # noqa: E402
from support.scraping_servers import end_process  # noqa: E402


def pytest_sessionstart() -> None:
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `make build`, or set PYJOULES_EXPORTER to the binary", 2)


@pytest.fixture(scope="session")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `--path.sysfs` takes, whose counters move until the session ends."""
    root = tmp_path_factory.mktemp("steady") / "sys"
    mover = subprocess.Popen(
        [sys.executable, powercap_tree.__file__, str(root), "--curve", "--machine", "steady", "--seconds", "3600"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert mover.stdout is not None and mover.stdout.readline().startswith("START")
        yield root
        assert mover.poll() is None, "the counters have stopped"
    finally:
        end_process(mover)


@pytest.fixture(scope="session")
def start_exporter(counters: Path) -> Callable[[str], Exporter]:
    """Starts one that listens at an address, and samples so often that soon its joules are exact to a hundredth."""

    def start(address: str) -> Exporter:
        options = ["--web.listen-address", address, "--path.sysfs", str(counters), "--sample.interval", "20ms"]
        exporter = Exporter(options)
        exporter.wait_for_event("listening")
        assert exporter.get("/-/ready").status == 200
        return exporter

    return start


@pytest.fixture(scope="session")
def address(start_exporter: Callable[[str], Exporter]) -> Iterator[str]:
    """Where an exporter listens."""
    with start_exporter("127.0.0.1:0") as exporter:
        yield f"127.0.0.1:{exporter.port}"
