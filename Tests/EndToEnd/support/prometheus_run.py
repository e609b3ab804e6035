"""Debian's real Prometheus, scraping exporters whose counters follow known curves."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import powercap_tree
from .exporter import Exporter
from .raw_http import free_port
from .waiting import wait_until

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
    # The options of each Prometheus, by a name for it; all of them scrape all exporters.
    servers: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"default": ()})
    # What else every job of Prometheus is told, such as its certificate.
    job_settings: Mapping[str, Any] = field(default_factory=dict)


# The joules on a page are at most 20 ms old; at the highest power it stays far below 0.1 % of a minute's energy.
WRAPPING = Setup(("--range-uj", str(RANGE_UJ)), {"pyjoules": ("--sample.interval", "20ms")}, "1s")
# One counter with bursts, sampled as by default, and one with spikes, sampled as often as they are long.
BURSTY = Setup(("--bursty", "--step-seconds", "0.001"), {"bursts": (), "spikes": ("--sample.interval", "5ms")}, "15s")
# Curves that end, so that afterwards every scrape of whoever asks tells the same. A step is a hundredth of a sample, so
# the power of a sample is that of the curve to about a hundredth.
CURVE_SECONDS = 75
SAMPLE_SECONDS = 0.2
DISTRIBUTED = Setup(
    ("--range-uj", str(powercap_tree.REAL_RANGE_UJ), "--step-seconds", "0.002", "--seconds", str(CURVE_SECONDS)),
    {"pyjoules": ("--sample.interval", str(SAMPLE_SECONDS))},
    "2s",
    {"native": ("--enable-feature=native-histograms",), "default": ()},
)


class PrometheusServer:
    """One Prometheus, a process of its own, with its data in `directory`."""

    def __init__(self, directory: Path, configuration: Mapping[str, Any], options: Sequence[str]) -> None:
        directory.mkdir()
        file = directory / "prometheus.yml"
        # A file of YAML may be written in JSON.
        file.write_text(json.dumps(configuration))
        self._port = free_port()
        with (directory / "prometheus.log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={file}",
                    f"--storage.tsdb.path={directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query, as Prometheus' HTTP API gives it."""
        parameters = {"query": expression} | ({} if at is None else {"time": repr(at)})
        url = f"http://127.0.0.1:{self._port}/api/v1/query?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return result

    def wait_until_ready(self) -> None:
        wait_until(self._is_ready, 30, "Prometheus")

    def end(self) -> None:
        _end(self._process)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False


class PrometheusRun:
    """What moves the counters, the exporters, and each Prometheus, all processes of their own."""

    def __init__(self, directory: Path, setup: Setup) -> None:
        #: By the names of their jobs.
        self.exporters: dict[str, Exporter] = {}
        #: By the names that the setup gives them.
        self.servers: dict[str, PrometheusServer] = {}
        self._setup = setup
        self._stack = contextlib.ExitStack()
        try:
            self._start(directory)
        except BaseException:
            self._stack.close()
            raise

    @staticmethod
    def is_available() -> bool:
        return shutil.which("prometheus") is not None

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """What the Prometheus answers that runs as by default."""
        return self.servers["default"].query(expression, at)

    def first_scrape(self) -> float | None:
        """When Prometheus first scraped the exporter successfully, in seconds of the wall clock."""
        for series in self.query("up[10m]"):
            return next((time for time, value in series["values"] if value == "1"), None)
        return None

    def __enter__(self) -> PrometheusRun:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, directory: Path) -> None:
        root = directory / "sys"
        self.curve_start = self._start_mover(root)
        for job, options in self._setup.jobs.items():
            fixed = ["--web.listen-address", "127.0.0.1:0", "--path.sysfs", str(root)]
            self.exporters[job] = self._stack.enter_context(Exporter([*fixed, *options]))
            self.exporters[job].wait_for_event("listening")
        for name, options in self._setup.servers.items():
            self.servers[name] = PrometheusServer(directory / name, self._configuration(), options)
            self._stack.callback(self.servers[name].end)
        for server in self.servers.values():
            server.wait_until_ready()

    def _start_mover(self, root: Path) -> float:
        """Starts what moves the counters, and says when the curves began, in seconds of the wall clock."""
        mover = subprocess.Popen(
            [sys.executable, powercap_tree.__file__, str(root), "--curve", *self._setup.mover_options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(_end, mover)
        assert mover.stdout is not None
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


def _end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
