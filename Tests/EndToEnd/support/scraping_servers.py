"""Real servers of Prometheus 2 and 3 and VictoriaMetrics, which scrape exporters and answer queries."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from .exporter import REPOSITORY
from .raw_http import free_port
from .waiting import DEADLINE_SECONDS, wait_until

# Where scripts/prometheus-3.sh puts its programs.
PROMETHEUS_3 = REPOSITORY / ".build/unpacked/prometheus-3/usr/bin"


class ScrapingServer:
    """A server of the Prometheus kind, a process of its own, with its data in `directory`."""

    #: What tests call it.
    NAME: ClassVar[str]
    #: What is called.
    PROGRAM: ClassVar[str]
    #: Where that comes from, for who has not got it.
    ORIGIN: ClassVar[str]

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
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return result

    def wait_until_ready(self) -> None:
        wait_until(self._is_ready, 30, self.NAME)

    def end(self) -> None:
        end_process(self._process)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=DEADLINE_SECONDS) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def _arguments(self, configuration: Path, data: Path, address: str) -> list[str]:
        raise NotImplementedError


class Prometheus(ScrapingServer):
    """Debian 12 has version 2.42."""

    NAME = PROGRAM = "prometheus"
    ORIGIN = "Debian package prometheus"
    #: By which it takes native histograms.
    NATIVE_HISTOGRAMS = "--enable-feature=native-histograms"

    def _arguments(self, configuration: Path, data: Path, address: str) -> list[str]:
        return [f"--config.file={configuration}", f"--storage.tsdb.path={data}", f"--web.listen-address={address}"]


class Prometheus3(Prometheus):
    """That of Debian's development branch, which asks for OpenMetrics first."""

    NAME = "prometheus-3"
    PROGRAM = str(PROMETHEUS_3 / "prometheus")
    ORIGIN = "scripts/prometheus-3.sh"

    def __init__(self, directory: Path, configuration: Mapping[str, Any], options: Sequence[str] = ()) -> None:
        # What was an option is a setting now, which earlier ones do not know.
        if self.NATIVE_HISTOGRAMS in options and _version(self.PROGRAM) >= (3, 8):
            times = {**configuration["global"], "scrape_native_histograms": True}
            configuration = {**configuration, "global": times}
        super().__init__(directory, configuration, options)


class VictoriaMetrics(ScrapingServer):
    """Debian 12 has version 1.79, which asks for the text format and knows no native histograms."""

    NAME = PROGRAM = "victoria-metrics"
    ORIGIN = "Debian package victoria-metrics"

    def _arguments(self, configuration: Path, data: Path, address: str) -> list[str]:
        # Otherwise the latest half minute is not shown.
        latest = "-search.latencyOffset=0s"
        return [f"-promscrape.config={configuration}", f"-storageDataPath={data}", f"-httpListenAddr={address}", latest]


def _version(program: str) -> tuple[int, int]:
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\d+)\.(\d+)", text)
    assert found is not None, text
    return int(found[1]), int(found[2])


def end_process(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
