"""Debian's real Prometheus, and others beside it, scraping exporters whose counters follow known curves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import powercap_tree
from .exporter import Exporter
from .scraping_servers import Prometheus, Prometheus3, ScrapingServer, VictoriaMetrics, end_process
from .started_run import StartedRun

# Package and psys wrap every two or three seconds, and even dram, the smallest, wraps within the minute.
RANGE_UJ = powercap_tree.WRAPPING_RANGE_UJ


@dataclass(frozen=True)
class Setup:
    """What is measured, by whom, and how often Prometheus asks."""

    # The options of `powercap_tree.py`.
    mover_options: Sequence[str]
    # The options of each exporter, by the name of its job.
    jobs: Mapping[str, Sequence[str]]
    scrape_interval: str
    # Who scrapes all exporters, where it is there, and with which options, by a name for it.
    servers: Mapping[str, tuple[type[ScrapingServer], Sequence[str]]] = field(
        default_factory=lambda: {"default": (Prometheus, ())}
    )
    # What else every job of Prometheus is told, such as its certificate.
    job_settings: Mapping[str, Any] = field(default_factory=dict)


# Curves that end, so that afterwards every scrape of whoever asks tells the same.
WRAPPING_SECONDS = 66
WRAPPING_FOR_EVER = ("--range-uj", str(RANGE_UJ))
WRAPPING = Setup(
    (*WRAPPING_FOR_EVER, "--seconds", str(WRAPPING_SECONDS)),
    {"pyjoules": ("--sample.interval", "20ms")},
    "1s",
    {"default": (Prometheus, ()), Prometheus3.NAME: (Prometheus3, ())},
)
# One counter with bursts, sampled as by default, and one with spikes, sampled as often as they are long.
BURSTY = Setup(
    ("--machine", "bursty", "--step-seconds", "0.001"), {"bursts": (), "spikes": ("--sample.interval", "5ms")}, "15s"
)
# These end too. A step is a hundredth of a sample, so the power of a sample is that of the curve to about a hundredth.
CURVE_SECONDS = 75
SAMPLE_SECONDS = 0.2
DISTRIBUTED = Setup(
    ("--range-uj", str(powercap_tree.REAL_RANGE_UJ), "--step-seconds", "0.002", "--seconds", str(CURVE_SECONDS)),
    {
        "pyjoules": ("--sample.interval", str(SAMPLE_SECONDS)),
        "classic": ("--sample.interval", str(SAMPLE_SECONDS), "--classic-histogram"),
    },
    "2s",
    {
        "native": (Prometheus, (Prometheus.NATIVE_HISTOGRAMS,)),
        "native 3": (Prometheus3, (Prometheus3.NATIVE_HISTOGRAMS,)),
        "default": (Prometheus, ()),
        VictoriaMetrics.NAME: (VictoriaMetrics, ()),
    },
)


class PrometheusRun(StartedRun):
    """What moves the counters, the exporters, and each server, all processes of their own."""

    def __init__(self, directory: Path, setup: Setup) -> None:
        #: By the names of their jobs.
        self.exporters: dict[str, Exporter] = {}
        #: By the names that the setup gives them.
        self.servers: dict[str, ScrapingServer] = {}
        self._setup = setup
        super().__init__(directory)

    @staticmethod
    def is_available() -> bool:
        return Prometheus.is_available()

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """What the Prometheus answers that runs as by default."""
        return self.servers["default"].query(expression, at)

    def first_scrape(self, server: str = "default", after: float = 0) -> float | None:
        """When a server first scraped the exporter successfully this many seconds after the curves began.

        In seconds of the wall clock; None if it has not yet.
        """
        begin = self.curve_start + after
        for series in self.servers[server].query("up[10m]"):
            return next((time for time, value in series["values"] if value == "1" and time > begin), None)
        return None

    def _start(self, directory: Path) -> None:
        root = directory / "sys"
        mover = self._start_mover(root)
        for job, options in self._setup.jobs.items():
            fixed = ["--web.listen-address", "127.0.0.1:0", "--path.sysfs", str(root)]
            self.exporters[job] = self._stack.enter_context(Exporter([*fixed, *options]))
            self.exporters[job].wait_for_event("listening")
        for name, (kind, options) in self._setup.servers.items():
            if kind.is_available():
                self._add(name, kind(directory / name, self._configuration(), options))
        for server in self.servers.values():
            server.wait_until_ready()
        #: When the curves began, in seconds of the wall clock: every exporter has taken its first sample by then.
        self.curve_start = self._release(mover)

    def _add(self, name: str, server: ScrapingServer) -> None:
        self.servers[name] = server
        self._stack.callback(server.end)

    def _start_mover(self, root: Path) -> subprocess.Popen[str]:
        """Starts what moves the counters, which waits until it is released."""
        mover = subprocess.Popen(
            [sys.executable, powercap_tree.__file__, str(root), "--curve", "--held", *self._setup.mover_options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(end_process, mover)
        assert mover.stdout is not None and mover.stdout.readline() == "HELD\n"
        return mover

    @staticmethod
    def _release(mover: subprocess.Popen[str]) -> float:
        """Lets the curves begin, and says when they did, in seconds of the wall clock."""
        assert mover.stdin is not None and mover.stdout is not None
        mover.stdin.write("\n")
        mover.stdin.flush()
        word, _, realtime = mover.stdout.readline().split()
        assert word == "START"
        return float(realtime)

    def _configuration(self) -> dict[str, Any]:
        settings = self._setup.job_settings
        jobs = [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{exporter.port}"]}], **settings}
            for job, exporter in self.exporters.items()
        ]
        times = {"scrape_interval": self._setup.scrape_interval, "scrape_timeout": "1s"}
        return {"global": times, "scrape_configs": jobs}
