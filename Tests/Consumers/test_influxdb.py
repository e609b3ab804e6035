"""InfluxDB 1.6 takes what Prometheus writes to it."""

from __future__ import annotations

import json
import shlex
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from powers import HOST_WATTS, assert_is_power
from programs import running, unpacked
from support.documented import EXPORTER, block
from support.raw_http import free_port
from support.scraping_servers import Prometheus
from support.waiting import wait_until

DATABASE = "energy"


class InfluxDB:
    """Its HTTP API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/query"

    def is_ready(self) -> bool:
        try:
            self.query("SHOW DATABASES")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def query(self, statement: str) -> list[dict[str, Any]]:
        """The series that a statement gives."""
        form = urllib.parse.urlencode({"q": statement, "db": DATABASE}).encode()
        with urllib.request.urlopen(self._url, form, timeout=10) as answer:
            (result,) = json.load(answer)["results"]
        assert "error" not in result, result
        return list(result.get("series", []))


CONFIGURATION = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{directory}/meta"
[data]
dir = "{directory}/data"
wal-dir = "{directory}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
log-enabled = false
bind-address = "127.0.0.1:{http}"
"""


def test_it_has_the_watts(address: str, tmp_path: Path) -> None:
    if not Prometheus.is_available():
        pytest.skip(f"{Prometheus.NAME} is not there ({Prometheus.ORIGIN})")
    program = unpacked("influxdb") / "usr/bin/influxd"
    file, port = tmp_path / "influxdb.conf", free_port()
    file.write_text(CONFIGURATION.format(directory=tmp_path, rpc=free_port(), http=port))
    scraping = yaml.safe_load(block("Prometheus", "yaml", **{EXPORTER: address, "15s": "1s"}))
    address_of_influxdb = {"influxdb.example:8086": f"127.0.0.1:{port}"}
    writing = yaml.safe_load(block("InfluxDB", "yaml", **address_of_influxdb))
    create = shlex.split(block("InfluxDB", "sh", **address_of_influxdb))
    statement = block("InfluxDB", "sql", **{"10m": "1m", "time(1m)": "time(2s)"})
    with running([program, "-config", file], tmp_path / "log"):
        influxdb = InfluxDB(port)
        wait_until(influxdb.is_ready, 20, "InfluxDB")
        subprocess.run(create, check=True, capture_output=True)
        prometheus = Prometheus(tmp_path / "prometheus", {**scraping, **writing})
        try:
            (series,) = wait_until(lambda: enough(influxdb.query(statement)), 25, "watts in InfluxDB")
        finally:
            prometheus.end()
        assert series["columns"] == ["time", "watts"] and series["tags"] == {"instance": address}
        # The last length of time is not over yet.
        for _, watts in series["values"][:-1]:
            assert_is_power(watts, HOST_WATTS)
        names = {value for found in influxdb.query("SHOW MEASUREMENTS") for (value,) in found["values"]}
        assert len(names) > 20 and all(name.startswith("pyjoules_") for name in names)


def enough(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return found if found and len(found[0]["values"]) > 3 else []
