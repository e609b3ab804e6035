"""A cgroup of the exporter's own that limits its memory as the unit does, so that the kernel itself is the judge."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.waiting import wait_until

# MemoryMax= of the unit.
LIMIT_BYTES = 64 * 1024 * 1024

_numbers = itertools.count(1)


@dataclass(frozen=True)
class MemoryGroup:
    """A group, and the files in it whose sum is the most that was ever charged to it."""

    directory: Path
    peaks: tuple[str, ...]

    @property
    def launcher(self) -> list[str]:
        """What starts a program in the group."""
        return ["sh", "-c", f'echo $$ >"{self.directory}/cgroup.procs" && exec "$@"', "sh"]

    def peak_bytes(self) -> int:
        return sum(int((self.directory / name).read_text()) for name in self.peaks)


@contextlib.contextmanager
def memory_group() -> Iterator[MemoryGroup | None]:
    """A group for one exporter, which has to have ended with the block; None where none can be had."""
    name = f"pyjoules-siege-{os.getpid()}-{next(_numbers)}"
    group = _second_version(name) or _first_version(name)
    try:
        yield group
    finally:
        if group is not None:
            # Who has ended is in it for another moment.
            wait_until(lambda: _is_removed(group.directory), what=f"the end of {group.directory}")


def _is_removed(directory: Path) -> bool:
    try:
        directory.rmdir()
    except OSError:
        return False
    return True


def _second_version(name: str) -> MemoryGroup | None:
    for mount in _mounts("cgroup2"):
        with contextlib.suppress(OSError):
            if "memory" not in (mount / "cgroup.controllers").read_text().split():
                continue
            (mount / "cgroup.subtree_control").write_text("+memory")
            return _made(mount / name, {"memory.max": LIMIT_BYTES, "memory.swap.max": 0}, ("memory.peak",))
    return None


def _first_version(name: str) -> MemoryGroup | None:
    """There the memory of TCP's sockets is charged to an account of its own, and never ends a process."""
    limits = {"memory.limit_in_bytes": LIMIT_BYTES, "memory.kmem.tcp.limit_in_bytes": LIMIT_BYTES}
    peaks = ("memory.max_usage_in_bytes", "memory.kmem.tcp.max_usage_in_bytes")
    for mount in _mounts("cgroup", "memory"):
        with contextlib.suppress(OSError):
            return _made(mount / name, limits, peaks)
    return None


def _made(directory: Path, limits: dict[str, int], peaks: tuple[str, ...]) -> MemoryGroup:
    directory.mkdir()
    try:
        for file, value in limits.items():
            if file != "memory.swap.max" or (directory / file).exists():
                (directory / file).write_text(str(value))
        for file in peaks:
            (directory / file).read_text()
    except OSError:
        directory.rmdir()
        raise
    return MemoryGroup(directory, peaks)


def _mounts(kind: str, option: str | None = None) -> list[Path]:
    lines = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(place) for _, place, found, options, *_ in lines if found == kind and _has(options, option)]


def _has(options: str, wanted: str | None) -> bool:
    return wanted is None or wanted in options.split(",")
