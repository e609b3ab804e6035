"""A directory of feeds, and what a publisher writes there."""

from __future__ import annotations

import time
from pathlib import Path


class Feeds:
    """Publishes as docs/feeds.md says: a file beside it, then a rename."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def make(self) -> Feeds:
        self.directory.mkdir(mode=0o755)
        return self

    def publish(self, name: str, *lines: str, period: float = 1) -> None:
        self.write(name, "\n".join(["pyjoules-feed 1", f"reader name={name} period={period}", *lines, "end", ""]))

    def write(self, name: str, text: str) -> None:
        temporary = self.directory / f".{name}.feed.tmp"
        temporary.write_text(text)
        temporary.rename(self.directory / f"{name}.feed")

    def remove(self, name: str) -> None:
        (self.directory / f"{name}.feed").unlink()


def gpu(number: int, millijoules: int, at: float | None = None, **keys: object) -> str:
    """The line of a GPU's counter, read now unless it says when."""
    moment = time.monotonic() if at is None else at
    more = "".join(f" {key}={value}" for key, value in keys.items())
    return (
        f"counter id=GPU-{number} domain=nvidia_gpu_{number} kind=gpu unit=1000 raw={millijoules} at={moment:.9f}"
        f" update=0.1 bound=1400 vendor=nvidia uuid=GPU-{number} pci_bus_id=00000000:0{number}:00.0{more}"
    )
