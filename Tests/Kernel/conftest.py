"""Fixtures of the tests under Debian's kernel: a guest with the package, at several moments of its life."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The tools of the end-to-end tests: a client, pages, waiting.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEnd"))

pytest.register_assert_rewrite("guest", "hardware", "support.debian", "support.installed_exporter")

from guest import BOOT_SECONDS, MACHINE, WORK, Guest, copy_disk, make_disk, show_last_words  # noqa: E402
from hardware import Hardware  # noqa: E402
from support.figures import figure, pytest_terminal_summary  # noqa: E402, F401
from support.installed_exporter import SERVICE, SOCKET, get  # noqa: E402
from support.waiting import wait_until  # noqa: E402

DEB = Path(os.environ.get("PYJOULES_DEB", ""))
# States of the machine that tests go on from.
WITHOUT_DRIVER = "without-driver"
MEASURING = "measuring"


def pytest_sessionstart() -> None:
    if not MACHINE.is_dir() or not WORK.is_dir() or not DEB.is_file():
        pytest.exit("these tests need a machine of their own: run `make test-kernel`", 2)


@pytest.fixture(scope="session")
def packages() -> Path:
    """A disk of the guest that is an archive with the package in it."""
    archive = WORK / "packages.tar"
    subprocess.run(["tar", "--create", f"--file={archive}", f"--directory={DEB.parent}", DEB.name], check=True)
    return archive


@pytest.fixture(scope="session")
def disk(packages: Path) -> Path:
    """A disk with the states of a machine on which the package was installed as its README says.

    `without-driver`: the service is up, and there is nothing to measure. `measuring`: the driver is there, and then the
    service was started. In both no counter moves. What was made from the same package is used again.
    """
    kept = MACHINE / f"installed-{_made_from(DEB, Path(__file__), Path(__file__).with_name('guest.py'))}.qcow2"
    if not kept.exists():
        for older in MACHINE.glob("installed-*.qcow2"):
            older.unlink()
        made = make_disk("installed")
        with running(Guest(made, packages)) as guest:
            _install(guest)
        made.rename(kept)
    return kept


def _made_from(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _install(guest: Guest) -> None:
    # Pages follow every pass over the counters, so that tests need not wait for a moment that may be shown.
    finest = "[Service]\nEnvironment=EXPORTER_RESOLUTION_SECONDS=0.001\n"
    guest.write(f"/etc/systemd/system/{SERVICE}.d/resolution.conf", finest)
    guest.script(f"tar -xf /dev/vdb -C /root && apt-get install --yes /root/{DEB.name}", seconds=BOOT_SECONDS)
    guest.systemctl("enable", "--now", SOCKET)
    guest.systemctl("start", SERVICE)
    wait_until(lambda: get("/-/healthy").status == 200, BOOT_SECONDS, "the exporter up")
    guest.save(WITHOUT_DRIVER)
    guest.systemctl("stop", SERVICE)
    Hardware(guest).load()
    guest.run("udevadm", "settle")
    guest.systemctl("start", SERVICE)
    wait_until(lambda: get("/-/ready").status == 200, BOOT_SECONDS, "the exporter ready")
    guest.save(MEASURING)


@contextlib.contextmanager
def running(guest: Guest) -> Iterator[Guest]:
    """The guest, which ends at the end; where its test fails, its last words are shown."""
    try:
        yield guest
    except BaseException:
        show_last_words(guest)
        raise
    finally:
        guest.end()


_numbers = itertools.count(1)
GoOn = Callable[[str], Guest]


@pytest.fixture
def go_on(disk: Path, packages: Path) -> Iterator[GoOn]:
    """Gives a machine that goes on from a state; what it changes, no other test sees."""
    with contextlib.ExitStack() as stack:

        def start(state: str) -> Guest:
            copied = copy_disk(disk, f"test{next(_numbers)}")
            stack.callback(copied.unlink)
            return stack.enter_context(running(Guest(copied, packages, state)))

        yield start


@pytest.fixture
def guest(go_on: GoOn) -> Guest:
    """The exporter is ready and measures two packages, their parts and the platform by powercap."""
    return go_on(MEASURING)


@pytest.fixture
def hardware(guest: Guest) -> Hardware:
    return Hardware(guest)


@pytest.fixture
def bare(go_on: GoOn) -> Guest:
    """The exporter is up, and no driver is loaded."""
    return go_on(WITHOUT_DRIVER)
