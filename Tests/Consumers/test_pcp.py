"""Performance Co-Pilot's agent for OpenMetrics."""

from __future__ import annotations

import re
from pathlib import Path

from performance_copilot import PCP
from powers import HOST_WATTS, assert_is_power
from support.documented import EXPORTER, block
from support.waiting import wait_until


def test_its_tools_show_the_watts(address: str, tmp_path: Path) -> None:
    pcp = PCP(tmp_path)
    (pcp.sources / "energy.url").write_text(block("Performance Co-Pilot", "text", **{EXPORTER: address}))
    words = block("Performance Co-Pilot", "sh", **{"15s": "2s"}).split()
    name = words[-1]
    with pcp.collector():
        wait_until(lambda: pcp.tool("pminfo", name).returncode == 0, 20, name)
        description = pcp.tool("pminfo", "-d", name).stdout
        assert "Semantics: counter" in description, description
        shown = pcp.tool(*words[:1], "-s", "4", "-f", "3", *words[1:]).stdout
    values = [float(value) for value in re.findall(r"^ +(\d+\.\d+) *$", shown, re.MULTILINE)]
    assert len(values) >= 3, shown
    for watts in values:
        assert_is_power(watts, HOST_WATTS)
