"""collectd's plugin for JSON, whose values another plugin writes into files."""

from __future__ import annotations

from pathlib import Path

from powers import HOST_WATTS, assert_is_power
from programs import running, unpacked
from support.documented import EXPORTER, block
from support.waiting import wait_until

VALUES = 6
CONFIGURATION = """
Hostname "bench"
FQDNLookup false
Interval 1
BaseDir "{directory}"
PIDFile "{directory}/pid"
PluginDir "{root}/usr/lib/collectd"
TypesDB "{root}/usr/share/collectd/types.db"
LoadPlugin csv
<Plugin csv>
  DataDir "{directory}/data"
  StoreRates true
</Plugin>
{documented}
"""


def test_it_has_the_watts(address: str, tmp_path: Path) -> None:
    root = unpacked("collectd")
    file = tmp_path / "collectd.conf"
    documented = block("collectd", "apache", **{EXPORTER: address})
    file.write_text(CONFIGURATION.format(directory=tmp_path, root=root, documented=documented))
    with running([root / "usr/sbin/collectd", "-f", "-C", file], tmp_path / "log"):
        mean, moment = (
            wait_until(lambda: enough(tmp_path / "data", f"{kind}-host"), 25, kind) for kind in ("derive", "power")
        )
    # A derive is of whole joules, and one second apart the first may be of a part of it.
    assert_is_power(sum(mean[1:]) / len(mean[1:]), HOST_WATTS)
    assert all(0.5 * HOST_WATTS < watts < 1.5 * HOST_WATTS for watts in moment)


def enough(data: Path, name: str) -> list[float]:
    """The values that were written of one kind, once there are some."""
    lines = [line for file in data.glob(f"bench/curl_json-energy/{name}-*") for line in file.read_text().splitlines()]
    values = [float(line.split(",")[1]) for line in lines if not line.startswith("epoch")]
    known = [value for value in values if value == value]
    return known if len(known) >= VALUES else []
