"""Something that goes on beside a test, from its `with` until the end of it."""

from __future__ import annotations

import threading
from typing import Self


class Background:
    """Runs `_run` in a thread of its own, which has to end soon after `_stopped` is set."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError
