"""The exporter under siege: on counters that move, in a cgroup that limits its memory, watched from outside."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from attackers.tls import compile_client
from door import Door
from memory_group import LIMIT_BYTES, MemoryGroup, memory_group
from support import powercap_tree, web_configuration
from support.certificates import Authority, Certificate
from support.exporter import RESOLUTION, Exporter
from support.exposition import Page
from support.moving import Moving
from support.powercap_tree import PowercapTree
from support.raw_http import ConnectionEnded
from support.waiting import wait_until
from support.web_configuration import authorization, bcrypt

USER, PASSWORD = "scraper", "right"
PASSWORD_COST, HURRIED_COST = 10, 4
SMALL_DISK_BYTES = 512 * 1024
COUNTERS = {"package_0": "0", "core_0": "0:0", "uncore_0": "0:1", "dram_0": "0:2", "psys_0": "1"}
# Before everything else of this machine but the witness: what is late is late by the exporter's own doing.
PRECEDENCE = ("nice", "-n", "-10")


@dataclass(frozen=True)
class Setup:
    """How an exporter is started. `key` is the kind of its certificate's, as `Authority.issue` names it."""

    key: str | None = None
    has_users: bool = False
    is_unix: bool = False
    has_small_disk: bool = False
    #: Short times instead of the defaults, so that much happens in a second: of samples, pages, and passwords' checks.
    is_hurried: bool = False

    @property
    def has_web_configuration(self) -> bool:
        return self.key is not None or self.has_users


@dataclass
class Grounds:
    """What all sieges of one run share."""

    directory: Path
    authority: Authority = field(init=False)
    tls_library: Path = field(init=False)
    certificates: dict[str, Certificate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.authority = Authority(self.directory / "authority", "Siege")
        self.tls_library = compile_client(self.directory)

    def certificate(self, key: str) -> Certificate:
        if key not in self.certificates:
            self.certificates[key] = self.authority.issue_server(key=key)
        return self.certificates[key]


@dataclass
class Stronghold:
    """A running exporter and its surroundings. Faults that are found go into `faults`."""

    exporter: Exporter
    door: Door
    tree: PowercapTree
    directory: Path
    settings: dict[str, object]
    group: MemoryGroup | None
    faults: list[str] = field(default_factory=list)

    @property
    def state_file(self) -> Path:
        return self.directory / "state" / "ledger"

    @property
    def web_file(self) -> Path:
        return self.directory / "web.yml"

    def page(self) -> Page:
        """One scrape on a connection of its own."""
        with self.door.connect() as client:
            response = client.get(headers=["Connection: close", *self.door.headers])
        assert response.status == 200, response
        return Page(response.text)

    def later_page(self) -> Page:
        """A page with values that are newer than this call."""
        first = self._page_in_time()
        return wait_until(lambda: self._newer(first), what="a newer page")

    def _newer(self, first: Page) -> Page | None:
        page = self._page_in_time()
        return page if page.ticks > first.ticks else None

    def _page_in_time(self) -> Page:
        """A page, at the latest when what rests after a fault has rested."""

        def try_it() -> Page | None:
            with contextlib.suppress(OSError, ConnectionEnded):
                return self.page()
            return None

        return wait_until(try_it, what="a page")

    def set_back_resident_peak(self) -> None:
        Path(f"/proc/{self.exporter.pid}/clear_refs").write_text("5")

    def resident_peak_bytes(self) -> int:
        lines = Path(f"/proc/{self.exporter.pid}/status").read_text().splitlines()
        peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
        assert peaks, f"the exporter has died: {self.exporter.lines[-2:]}"
        return peaks[0]

    def joules_off(self) -> dict[str, Decimal]:
        """Of each domain, how far its total is from what its counter moved since the start, if it is at all."""
        page = self._page_in_time()
        moved = {name: int(self.tree.counter(number).read_bytes()) for name, number in COUNTERS.items()}
        off = {name: page.energy(name) - Decimal(value) / 1_000_000 for name, value in moved.items()}
        return {name: joules for name, joules in off.items() if joules != 0}


@contextlib.contextmanager
def stronghold(grounds: Grounds, setup: Setup) -> Iterator[Stronghold]:
    """An exporter on counters that move within the block; afterwards every joule has to be there, and none more."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=grounds.directory)))
        group = stack.enter_context(memory_group())
        tree = powercap_tree.laptop(directory / "sys")
        (directory / "state").mkdir()
        if setup.has_small_disk:
            stack.enter_context(small_disk(directory / "state"))
        settings = _settings(grounds, setup)
        if settings:
            web_configuration.write(directory / "web.yml", settings)
        exporter = stack.enter_context(
            Exporter(
                _arguments(setup, tree, directory),
                environment=None if setup.is_hurried else {RESOLUTION: ""},
                launcher=[*(group.launcher if group else []), *PRECEDENCE],
            )
        )
        exporter.wait_for_event("started")
        hold = Stronghold(exporter, _door(grounds, setup, exporter, directory), tree, directory, settings, group)
        hold.later_page()
        with Moving(tree):
            yield hold
        _account(hold)


@contextlib.contextmanager
def small_disk(directory: Path) -> Iterator[None]:
    """A file system that is soon full, in the siege's own namespace of mounts, which ends with it in any case."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "none", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def _account(hold: Stronghold) -> None:
    """Adds what is wrong at the end, with the counters at rest."""
    try:
        wait_until(lambda: not hold.joules_off(), what="every joule")
    except AssertionError:
        hold.faults.append(f"joules that are too many, or missing if negative: {hold.joules_off()}")
    if hold.group is not None and hold.group.peak_bytes() > LIMIT_BYTES:
        hold.faults.append("more memory than the limit")


def _settings(grounds: Grounds, setup: Setup) -> dict[str, object]:
    settings = web_configuration.tls(grounds.certificate(setup.key)) if setup.key is not None else {}
    if setup.has_users:
        settings["basic_auth_users"] = {USER: bcrypt(PASSWORD, HURRIED_COST if setup.is_hurried else PASSWORD_COST)}
    return settings


def _arguments(setup: Setup, tree: PowercapTree, directory: Path) -> list[str]:
    address = f"unix:{directory}/socket" if setup.is_unix else ":0"
    arguments = ["--web.listen-address", address, "--path.sysfs", str(tree.root)]
    arguments += ["--state-file", str(directory / "state" / "ledger")]
    if setup.is_hurried:
        arguments += ["--sample.interval", "10ms"]
    if setup.has_web_configuration:
        arguments += ["--web.config.file", str(directory / "web.yml")]
    return arguments


def _door(grounds: Grounds, setup: Setup, exporter: Exporter, directory: Path) -> Door:
    return Door(
        port=0 if setup.is_unix else exporter.port,
        unix_path=f"{directory}/socket" if setup.is_unix else None,
        authority=str(grounds.authority.certificate) if setup.key is not None else None,
        headers=(authorization(USER, PASSWORD),) if setup.has_users else (),
        tls_library=str(grounds.tls_library),
    )
