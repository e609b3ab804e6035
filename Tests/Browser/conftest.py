"""Fixtures of the tests in a real browser: Chromium, and exporters whose page it shows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The tools of the end-to-end tests: an exporter, a client, pages, waiting.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEnd"))

pytest.register_assert_rewrite("browser", "support.exporter")

from browser import CHROMIUM, DRIVER, Browser  # noqa: E402
from exporters import SIMULATED, counters, started  # noqa: E402
from support.exporter import BINARY, Exporter  # noqa: E402
from support.moving import Moving  # noqa: E402
from support.powercap_tree import PowercapTree, laptop  # noqa: E402


def pytest_sessionstart() -> None:
    """Says at once what is missing, instead of failing every test."""
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: run `make build`, or set PYJOULES_EXPORTER to the binary", 2)
    if CHROMIUM is None or DRIVER is None:
        pytest.exit("Chromium is missing: run `make test-browser`, or install chromium and chromium-driver", 2)


@pytest.fixture(scope="session")
def one_browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.end()


@pytest.fixture
def browser(one_browser: Browser) -> Browser:
    """A browser that has seen nothing."""
    one_browser.forget()
    return one_browser


@pytest.fixture(scope="session")
def moving_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowercapTree]:
    """A laptop with five domains that draws power all the time."""
    tree = laptop(tmp_path_factory.mktemp("laptop"))
    with Moving(tree):
        yield tree


@pytest.fixture(scope="session")
def procfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of procfs on an Intel processor."""
    root = tmp_path_factory.mktemp("proc")
    (root / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: GenuineIntel\n")
    return root


@pytest.fixture(scope="session")
def laptop_exporter(moving_tree: PowercapTree, procfs: Path) -> Iterator[Exporter]:
    """An exporter on it, with the resolution that users have. Not to be ended: the tests share it."""
    with started(*counters(moving_tree, procfs)) as exporter:
        yield exporter


@pytest.fixture(scope="session")
def simulated_exporter() -> Iterator[Exporter]:
    """One of the simulated source, which also tells who used it. Not to be ended either."""
    with started(*SIMULATED) as exporter:
        yield exporter
