"""A fake tree of cgroups, plain directories with a `cpu.stat` each, and the `/proc/stat` of their machine.

As in the kernel, a cgroup's time is that of everything in it, what was removed included; the numbers of directories
grow where the file system gives them out like that, as tmpfs does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .powercap_tree import replace_content

_TICK_MICROSECONDS = 1_000_000 // os.sysconf("SC_CLK_TCK")


class CgroupTree:
    """The tree in `root` (what `--path.cgroupfs` takes), and a procfs beside it (what `--path.procfs` takes)."""

    def __init__(self, root: Path, procfs: Path, processors: int = 2) -> None:
        self.root = root
        self.procfs = procfs
        self.processors = processors
        self._own: dict[str, int] = {}
        self._inherited: dict[str, int] = {"": 0}
        self._kernel = 0
        self._wall = 0
        (root / "cgroup.controllers").write_text("cpu memory\n")
        self._show_processors()

    @property
    def paths(self) -> list[str]:
        """All cgroups below the root."""
        return list(self._own)

    def add(self, path: str) -> None:
        """Makes a cgroup, such as `system.slice/nginx.service`; the one in which it lies must be there."""
        staged = self.root.parent / f"{self.root.name}.staged"
        staged.mkdir()
        (staged / "cpu.stat").write_bytes(_cpu_stat(0))
        self._own[path] = 0
        self._inherited[path] = 0
        # At once with what is in it, as in the kernel; its number is that of a new directory all the same.
        staged.rename(self.root / path)

    def remove(self, path: str) -> None:
        """Removes a cgroup and all that are in it; the one in which it lies keeps their time."""
        inside = [name for name in self._own if name == path or name.startswith(f"{path}/")]
        time = self.usage(path)
        for name in inside:
            del self._own[name], self._inherited[name]
        self._inherited[path.rpartition("/")[0]] += time
        gone = self.root.parent / f"{self.root.name}.gone"
        (self.root / path).rename(gone)
        shutil.rmtree(gone)

    def run(self, path: str, microseconds: int) -> None:
        """Lets the cgroup's own tasks run; the empty path stands for the kernel's, which are in no cgroup."""
        if path:
            self._own[path] += microseconds
        else:
            self._kernel += microseconds

    def usage(self, path: str) -> int:
        """What all tasks in a cgroup ran, in microseconds."""
        inside = [name for name in self._own if name == path or name.startswith(f"{path}/") or not path]
        inherited = self._inherited[""] if not path else 0
        return sum(self._own[name] + self._inherited[name] for name in inside) + inherited

    def show(self, seconds: float) -> None:
        """Shows all times as they are after so much more time on the wall."""
        self._wall += int(seconds * 1_000_000)
        for path in self._own:
            replace_content(self.root / path / "cpu.stat", _cpu_stat(self.usage(path)))
        self._show_processors()

    def _show_processors(self) -> None:
        rest = max(0, self._wall * self.processors - self.usage("") - self._kernel) // _TICK_MICROSECONDS
        times = f"0 0 0 {rest:019d} 0 0 0 0 0 0\n"
        lines = [f"cpu  {times}", *(f"cpu{number} {times}" for number in range(self.processors)), "intr 0\n"]
        path = self.procfs / "stat"
        content = "".join(lines).encode()
        if path.exists():
            replace_content(path, content)
        else:
            path.write_bytes(content)


def _cpu_stat(microseconds: int) -> bytes:
    return b"usage_usec %019d\nuser_usec %019d\nsystem_usec 0\n" % (microseconds, microseconds)


@contextmanager
def cgroup_tree(procfs: Path) -> Iterator[CgroupTree]:
    """A tree in memory, where directories have growing numbers."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        root = Path(name) / "cgroup"
        root.mkdir()
        yield CgroupTree(root, procfs)
