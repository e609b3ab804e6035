"""Processes that belong together: all are started, or none is left."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self


class StartedRun(ABC):
    """What a run starts goes on its stack, and is ended with it, or where starting the rest fails."""

    def __init__(self, directory: Path) -> None:
        self._stack = contextlib.ExitStack()
        try:
            self._start(directory)
        except BaseException:
            self._stack.close()
            raise

    @abstractmethod
    def _start(self, directory: Path) -> None:
        """Starts everything, on the stack."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
