"""What dashboards are shown of: real servers that scrape an exporter with units that use energy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .cgroup_tree import CgroupTree, cgroup_tree
from .dashboard_queries import replaced
from .exporter import Exporter
from .scraping_servers import Prometheus, Prometheus3, ScrapingServer, VictoriaMetrics
from .started_run import StartedRun

_CONTAINER = f"{1:064x}"
_POD = "kubepods.slice/kubepods-pod5ba385ca_0000_4000_8000_000000000001.slice"
# What runs, and how many microseconds each time.
_WORK = {
    "system.slice/nginx.service": 9_000,
    "user.slice/user-1000.slice": 5_000,
    f"{_POD}/cri-containerd-{_CONTAINER}.scope": 7_000,
}
_STEP_SECONDS = 0.02
# Everything that is there, as often as it is scraped in this run.
_VALUES = {"__rate_interval": "5s", "__range": "1m", "job": ".+", "instance": ".+", "domain": ".+"}


class DashboardRun(StartedRun):
    """An exporter on the simulated source and a tree of control groups, and each server that is installed."""

    def __init__(self, directory: Path) -> None:
        #: By their names.
        self.servers: dict[str, ScrapingServer] = {}
        super().__init__(directory)

    def run_units(self) -> None:
        """Lets every unit use processor time."""
        for path, microseconds in _WORK.items():
            self._cgroups.run(path, microseconds)
        self._cgroups.run("", 1_000)
        self._cgroups.show(_STEP_SECONDS)

    def answers(self, server: str, query: str, typed: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The series with numbers or histograms that a query gives. `typed` are the values that somebody typed."""
        found = self.servers[server].query(replaced(query, _VALUES | (typed or {})))
        return [series for series in found if _is_data(series)]

    def is_scraped(self) -> bool:
        """Whether each server has enough scrapes for a rate. Units run meanwhile."""
        self.run_units()
        return all(self.answers(server, "count_over_time(up[1m]) > 2") for server in self.servers)

    def _start(self, directory: Path) -> None:
        procfs, links = directory / "proc", directory / "containers"
        procfs.mkdir()
        links.mkdir()
        (procfs / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: GenuineIntel\n")
        (links / f"web_shop_nginx-{_CONTAINER}.log").symlink_to("/nowhere")
        self._cgroups = self._stack.enter_context(cgroup_tree(procfs))
        _fill(self._cgroups)
        exporter = self._stack.enter_context(Exporter([*_OPTIONS, *_paths(self._cgroups, links)]))
        exporter.wait_for_event("listening")
        job = {"job_name": "energy", "static_configs": [{"targets": [f"127.0.0.1:{exporter.port}"]}]}
        configuration = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
        for kind in (Prometheus, Prometheus3):
            if kind.is_available():
                self._add(kind(directory / kind.NAME, configuration, (kind.NATIVE_HISTOGRAMS,)))
        if VictoriaMetrics.is_available():
            self._add(VictoriaMetrics(directory / "victoria", configuration))
        for server in self.servers.values():
            server.wait_until_ready()

    def _add(self, server: ScrapingServer) -> None:
        self.servers[server.NAME] = server
        self._stack.callback(server.end)


_OPTIONS = (
    *("--web.listen-address", "127.0.0.1:0", "--source", "simulated", "--sample.interval", "50ms"),
    *("--attribution", "containers", "--attribution.interval", "100ms", "--attribution.idle-watts", "5"),
)


def _paths(cgroups: CgroupTree, links: Path) -> tuple[str, ...]:
    roots = ("--path.cgroupfs", str(cgroups.root), "--path.procfs", str(cgroups.procfs))
    return (*roots, "--attribution.pod-names", str(links))


def _fill(cgroups: CgroupTree) -> None:
    for path in _WORK:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            if (place := "/".join(parts[:depth])) not in cgroups.paths:
                cgroups.add(place)


def _is_data(series: dict[str, Any]) -> bool:
    return "histogram" in series or math.isfinite(float(series["value"][1]))
