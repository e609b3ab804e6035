"""What the tests of consumers share: an exporter that measures a power which never changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
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
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """It samples so often that what it shows is exact to a hundredth within a few seconds."""
    root = tmp_path_factory.mktemp("steady") / "sys"
    mover = subprocess.Popen(
        [sys.executable, powercap_tree.__file__, str(root), "--curve", "--machine", "steady"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert mover.stdout is not None and mover.stdout.readline().startswith("START")
        options = ["--web.listen-address", "127.0.0.1:0", "--path.sysfs", str(root), "--sample.interval", "20ms"]
        with Exporter(options) as running:
            running.wait_for_event("listening")
            assert running.get("/-/ready").status == 200
            yield running
    finally:
        end_process(mover)


@pytest.fixture(scope="session")
def address(exporter: Exporter) -> str:
    """Where it listens."""
    return f"127.0.0.1:{exporter.port}"
