"""Debian's real Prometheus and VictoriaMetrics, which scrape exporters and answer queries."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from .raw_http import free_port
from .waiting import wait_until


class ScrapingServer:
    """A server of the Prometheus kind, a process of its own, with its data in `directory`."""

    #: What is called, and the Debian package that has it under the same name.
    PROGRAM: ClassVar[str]

    def __init__(self, directory: Path, configuration: Mapping[str, Any], options: Sequence[str] = ()) -> None:
        directory.mkdir()
        file = directory / "scrape.yml"
        # A file of YAML may be written in JSON.
        file.write_text(json.dumps(configuration))
        self._port = free_port()
        with (directory / "log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    self.PROGRAM,
                    *self._arguments(file, directory / "data", f"127.0.0.1:{self._port}"),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    @classmethod
    def is_available(cls) -> bool:
        return shutil.which(cls.PROGRAM) is not None

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query, as Prometheus' HTTP API gives it."""
        parameters = {"query": expression} | ({} if at is None else {"time": repr(at)})
        url = f"http://127.0.0.1:{self._port}/api/v1/query?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return result

    def wait_until_ready(self) -> None:
        wait_until(self._is_ready, 30, self.PROGRAM)

    def end(self) -> None:
        end_process(self._process)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def _arguments(self, configuration: Path, data: Path, address: str) -> list[str]:
        raise NotImplementedError


class Prometheus(ScrapingServer):
    """Debian 12 has version 2.42."""

    PROGRAM = "prometheus"

    def _arguments(self, configuration: Path, data: Path, address: str) -> list[str]:
        return [f"--config.file={configuration}", f"--storage.tsdb.path={data}", f"--web.listen-address={address}"]


class VictoriaMetrics(ScrapingServer):
    """Debian 12 has version 1.79, which asks for the text format and knows no native histograms."""

    PROGRAM = "victoria-metrics"

    def _arguments(self, configuration: Path, data: Path, address: str) -> list[str]:
        # Otherwise the latest half minute is not shown.
        latest = "-search.latencyOffset=0s"
        return [f"-promscrape.config={configuration}", f"-storageDataPath={data}", f"-httpListenAddr={address}", latest]


def end_process(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
