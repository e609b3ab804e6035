"""Exporters whose page is looked at, as users have them: what they show changes once a second."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from support.exporter import RESOLUTION, Exporter
from support.powercap_tree import PowercapTree

SIMULATED = ("--source", "simulated")


def counters(tree: PowercapTree, procfs: Path) -> tuple[str, ...]:
    """The arguments of an exporter that reads a tree."""
    return ("--path.sysfs", str(tree.root), "--path.procfs", str(procfs), "--attribution", "off")


@contextlib.contextmanager
def started(*arguments: str, port: int = 0) -> Iterator[Exporter]:
    """A running exporter that has a first sample."""
    listen = ("--web.listen-address", f"127.0.0.1:{port}")
    with Exporter([*arguments, *listen], environment={RESOLUTION: ""}) as exporter:
        exporter.wait_for_event("listening")
        assert exporter.get("/-/ready").status == 200
        yield exporter


def address(exporter: Exporter) -> str:
    return f"http://127.0.0.1:{exporter.port}/"
