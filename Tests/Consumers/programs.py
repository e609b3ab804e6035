"""Programs of Debian packages that `make consumers` unpacked and nobody installed."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from support.exporter import REPOSITORY
from support.scraping_servers import end_process

UNPACKED = REPOSITORY / ".build/unpacked"


def unpacked(name: str) -> Path:
    """The root directory of what was unpacked under a name; skips the test where it could not be had."""
    root = UNPACKED / name
    if not root.is_dir():
        pytest.skip(f"{name} is not there (scripts/consumers.sh)")
    return root


def libraries(root: Path) -> str:
    """Where the loader finds the libraries that were unpacked: a value for LD_LIBRARY_PATH."""
    return ":".join(str(path) for path in (*root.glob("usr/lib/*-linux-gnu"), root / "usr/lib"))


@contextlib.contextmanager
def running(command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """The program while the block runs; where that fails, it says what the program logged."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
        assert process.poll() is None, "it ended by itself"
    except AssertionError as failure:
        failure.add_note(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        end_process(process)
