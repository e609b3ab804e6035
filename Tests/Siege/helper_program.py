"""Programs beside the siege's own, so that none of them delays another: each works until its standard input ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).resolve().parent
READY = "READY"
END_SECONDS = 20.0


class HelperProgram:
    """One of the siege's programs, running from its `with` to the end of it; ended with its starter in any case."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.result = ""
        self._name = " ".join([name, *arguments[:1]])
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / name), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.strip() != READY:
            raise RuntimeError(f"{self._name} did not begin: {line!r}")

    def __enter__(self) -> HelperProgram:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        try:
            self.result, _ = self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.result, _ = self._process.communicate()
            if kind is None:
                raise RuntimeError(f"{self._name} did not end") from None
        if kind is None and self._process.returncode != 0:
            raise RuntimeError(f"{self._name} ended with {self._process.returncode}")


def say_ready() -> None:
    """Tells the starter that the work has begun."""
    print(READY, flush=True)


def told_to_stop() -> threading.Event:
    """An event that is set once the starter has ended our standard input, or has ended itself."""
    stopped = threading.Event()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stopped.set()

    threading.Thread(target=wait, daemon=True).start()
    return stopped
