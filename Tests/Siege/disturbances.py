"""Changes of the files around a running exporter, each made again and again while the witness scrapes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from stronghold import Grounds, Stronghold
from support import web_configuration
from support.background import Background
from support.certificates import renew_by_rename, renew_in_place

PAUSE_SECONDS = 0.1

# A step is taken each time that the iterator is asked for another.
Steps = Callable[[Stronghold, Grounds], Iterator[None]]


class Disturbing(Background):
    """Takes one step after the other, ten a second."""

    def __init__(self, steps: Steps, hold: Stronghold, grounds: Grounds) -> None:
        super().__init__()
        self._steps = steps(hold, grounds)

    def _run(self) -> None:
        for _ in self._steps:
            if self._stopped.wait(PAUSE_SECONDS):
                break
        self._steps.close()


def truncate_state_file(hold: Stronghold, _: Grounds) -> Iterator[None]:
    for length in itertools.cycle([0, 8, 4096, 20_000]):
        os.truncate(hold.state_file, length)
        yield


def fill_disk(hold: Stronghold, _: Grounds) -> Iterator[None]:
    """What the state file loses, something else takes, so that it can never be whole again."""
    with open(hold.state_file.with_name("other"), "ab", buffering=0) as other:
        while True:
            os.truncate(hold.state_file, 0)
            _fill(other.fileno())
            yield


def _fill(descriptor: int) -> None:
    try:
        while True:
            os.write(descriptor, b"\0" * 4096)
    except OSError:
        return


def change_web_file(hold: Stronghold, _: Grounds) -> Iterator[None]:
    """Right each time, and another each time."""
    for number in itertools.count():
        headers = {"http_server_config": {"headers": {"X-Frame-Options": "deny" if number % 2 else "sameorigin"}}}
        hold.web_file.write_text("")
        web_configuration.write(hold.web_file, {**hold.settings, **headers})
        yield


def spoil_web_file(hold: Stronghold, _: Grounds) -> Iterator[None]:
    """Emptied, a pipe, away, nonsense, a directory, without users, and right again."""
    steps = [_emptied, _is_pipe, _is_away, _is_nonsense, _is_directory]
    try:
        for spoil in itertools.cycle(steps):
            _make_away(hold.web_file)
            spoil(hold.web_file)
            yield
    finally:
        _make_away(hold.web_file)
        web_configuration.write(hold.web_file, hold.settings)


def _make_away(file: Path) -> None:
    if file.is_dir():
        file.rmdir()
    file.unlink(missing_ok=True)


def _emptied(file: Path) -> None:
    file.write_text("")


def _is_pipe(file: Path) -> None:
    os.mkfifo(file)


def _is_away(_: Path) -> None:
    pass


def _is_nonsense(file: Path) -> None:
    file.write_text("tls_server_config: [")


def _is_directory(file: Path) -> None:
    file.mkdir()


def replace_keys(hold: Stronghold, grounds: Grounds) -> Iterator[None]:
    """Another certificate of the same authority, and now and then a key that belongs to none."""
    installed = grounds.certificate("ec")
    pairs = [grounds.authority.issue_server() for _ in range(2)]
    try:
        for number in itertools.count():
            (renew_by_rename if number % 4 < 2 else renew_in_place)(installed, pairs[number % 2])
            yield
            installed.key.write_bytes(pairs[1 - number % 2].key.read_bytes())
            yield
    finally:
        renew_in_place(installed, pairs[0])
